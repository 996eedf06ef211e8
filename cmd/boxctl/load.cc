// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/load.h"

#include "cmd/boxctl/template.h"
#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"
#include "lib/settings/files.h"
#include "lib/settings/layers.h"

namespace boxctl::cmd {
namespace {

bool is_word(const std::string& text) {
    return !text.empty() && text.find('/') == std::string::npos;
}

/// The root directory that is meant; see load_settings().
struct Place {
    std::string directory;
    std::string machine;  ///< whose it is, where it was found by that name
};

/// An OCI bundle stands for the tree in it, which everybody's is called "rootfs". systemd-nspawn(1)
/// takes the directory as it is.
Place in_bundle(const settings::Settings& wanted, const std::string& directory) {
    if (wanted.front != settings::Front::boxctl) return {directory, ""};
    const std::string rootfs = host::rootfs_of_bundle(directory);
    if (rootfs.empty()) return {directory, ""};
    return {rootfs, settings::name_of_directory(os::split_path(rootfs).first)};
}

Place place_of(const settings::Settings& wanted) {
    const std::string& asked = wanted.image.directory.value;
    const std::string& machine = wanted.image.machine.value;
    const std::string& copied = wanted.image.template_.value;
    if (asked.empty() && machine.empty()) {
        return copied.empty() ? in_bundle(wanted, ".") : Place{copied, ""};
    }
    const std::string& name = asked.empty() ? machine : asked;
    if (!asked.empty() && (!is_word(asked) || host::exists(asked))) return in_bundle(wanted, asked);
    const std::string found = host::find_machine_directory(name);
    if (found.empty() && asked.empty() && !copied.empty()) {
        return {std::string(host::kMachines) + "/" + name, name};
    }
    return found.empty() ? Place{name, ""} : Place{found, name};
}

Error no_such_root(Error error, const std::string& directory) {
    if (is_word(directory) && !host::exists(directory) && error.hint().empty()) {
        error.set_hint("nor is there a machine of that name in /var/lib/machines");
    }
    return error;
}

/// By which the files are named: without what --ephemeral adds.
std::string name_for_files(const settings::Settings& wanted, const Place& place,
                           const std::string& root) {
    const std::string& asked = wanted.image.machine.value;
    if (!asked.empty()) return asked;
    if (!place.machine.empty()) return place.machine;
    return settings::name_of_directory(root.empty() ? "/" + place.directory : root);
}

Result<void> read_files(const std::vector<settings::FileText>& files,
                        const settings::CommandLine& line, const settings::Caller& caller,
                        LoadedSettings& loaded) {
    std::vector<settings::Statement> statements;
    for (const settings::FileText& file : files) {
        settings::FileSettings read = BOX_TRY(settings::read_file_settings(file));
        for (settings::Statement& statement : read.statements)
            statements.push_back(std::move(statement));
        for (std::string& warning : read.warnings)
            loaded.warnings.push_back(std::move(warning));
    }
    for (std::string& warning : settings::drop_foreign(statements, line.settings))
        loaded.warnings.push_back(std::move(warning));
    loaded.settings = BOX_TRY(settings::combine(line, statements, caller));
    return {};
}

/// `root` is the place without links; empty: there is none.
Result<void> load_files(const settings::CommandLine& line, const settings::Caller& caller,
                        const Place& place, const std::string& root, LoadedSettings& loaded) {
    loaded.settings = line.settings;
    const std::string name = name_for_files(line.settings, place, root);
    std::vector<settings::FileText> files;
    if (settings::machine_name_fault(name).empty()) {
        files = BOX_TRY(settings::find_files({}, name, root, line.settings.tool.settings.value));
    }
    if (!files.empty()) BOX_TRY(read_files(files, line, caller, loaded));
    settings::ImageSettings& image = loaded.settings.image;
    image.directory.value = place.directory;
    // Copies of one tree run side by side, each with a name of its own.
    if (image.machine.value.empty() && !image.ephemeral.value) image.machine.value = place.machine;
    return {};
}

}  // namespace

Result<LoadedSettings> load_settings(const settings::CommandLine& line,
                                     const settings::Caller& caller) {
    LoadedSettings loaded;
    const Place place = place_of(line.settings);
    auto opened = open_or_make_root(line.settings, place.directory, caller);
    if (!opened && line.settings.image.template_.is_set()) return std::move(opened).error();
    if (!opened) return no_such_root(std::move(opened).error(), place.directory);
    loaded.root = std::move(opened).value();
    const std::string root = BOX_TRY(os::host_path(loaded.root));
    BOX_TRY(load_files(line, caller, place, root, loaded));
    settings::ImageSettings& image = loaded.settings.image;
    // Under --dry-run it is the template that was opened.
    if (image.template_.is_set() && image.machine.value.empty()) {
        image.machine.value = settings::name_of_directory("/" + place.directory);
    }
    loaded.root = BOX_TRY(
            host::open_pivoted(std::move(loaded.root), loaded.settings.image.pivot_root.value));
    return loaded;
}

Result<LoadedSettings> load_for_show(const settings::CommandLine& line,
                                     const settings::Caller& caller) {
    LoadedSettings loaded;
    const settings::ImageSettings& image = line.settings.image;
    if (image.directory.value.empty() && image.machine.value.empty()) {
        loaded.settings = line.settings;
        return loaded;
    }
    const Place place = place_of(line.settings);
    const auto opened = host::open_root(place.directory);
    const std::string root = opened ? BOX_TRY(os::host_path(*opened)) : std::string();
    BOX_TRY(load_files(line, caller, place, root, loaded));
    return loaded;
}

Result<std::vector<settings::FileText>> files_of(const std::string& machine) {
    settings::Settings wanted;
    wanted.image.directory.value = machine;
    const Place place = place_of(wanted);
    const auto opened = host::open_root(place.directory);
    const std::string root = opened ? BOX_TRY(os::host_path(*opened)) : std::string();
    const std::string name = name_for_files(wanted, place, root);
    const std::string fault = settings::machine_name_fault(name);
    if (!fault.empty()) return Error("machine name " + quote(name) + " " + fault);
    return settings::find_files({}, name, root, settings::FileUse::yes);
}

}  // namespace boxctl::cmd
