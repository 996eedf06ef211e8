// SPDX-License-Identifier: LGPL-2.1-or-later
// edit: a settings file in the user's editor. What does not hold together is never put in place.
#include <cstdlib>

#include "cmd/boxctl/load.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/program.h"
#include "lib/settings/files.h"
#include "lib/settings/layers.h"

namespace boxctl::cmd {
namespace {

constexpr const char* kTemplate =
        "# Settings of this machine; 'man boxctl', SETTINGS FILES, and systemd.nspawn(5) explain.\n"
        "#\n"
        "#[Exec]\n"
        "#Environment=NAME=value\n"
        "#\n"
        "#[Files]\n"
        "#BindReadOnly=/srv/www\n"
        "#\n"
        "#[Network]\n"
        "#VirtualEthernet=yes\n";

/// $VISUAL or $EDITOR with its options, as sudoedit(8) and others read them.
std::vector<std::string> editor() {
    for (const char* name : {"VISUAL", "EDITOR"}) {
        const char* value = getenv(name);
        std::vector<std::string> words = split(value == nullptr ? "" : value, ' ');
        std::erase(words, "");
        if (!words.empty()) return words;
    }
    return {"vi"};
}

/// What a start with this text alone would say against it.
Result<void> check(const settings::FileText& file) {
    settings::FileSettings read = BOX_TRY(settings::read_file_settings(file));
    for (const std::string& warning : read.warnings)
        log::warning(warning);
    settings::CommandLine line;
    const settings::Caller nobody{.directory = {}, .environment = {}, .file = true};
    settings::Settings made = BOX_TRY(settings::combine(line, read.statements, nobody));
    made.image.directory.value = "/";  // there will be one
    const std::vector<std::string> faults = settings::validate(made);
    if (!faults.empty()) return Error(printable(file.path) + ": " + join(faults, "; "));
    return {};
}

Result<void> run_editor(const std::string& path) {
    std::vector<std::string> command = editor();
    command.push_back(path);
    const os::ExitStatus status = BOX_TRY(os::run_program(command));
    if (status.shell_code() == 0) return {};
    return Error(format("editor %s ended with status %d, nothing is changed",
                        quote(command[0]).c_str(), status.shell_code()));
}

Result<void> edit(const std::string& target, const std::string& text) {
    const auto [directory, name] = os::split_path(target);
    const os::UniqueFd place = BOX_TRY(os::make_host_directories(directory, 0755));
    // Hidden, and with a suffix that no search takes for settings.
    const std::string draft = "." + name + ".edit";
    BOX_TRY(os::replace_file_at(place, draft, text, 0644));
    const std::string path = directory + "/" + draft;
    BOX_TRY(run_editor(path));
    const std::string edited = BOX_TRY(os::read_file(path));
    if (edited == text) {
        log::notice(quote(target) + " is left as it was");
        return os::remove_file_at(place, draft);
    }
    auto sound = check({target, edited, true});
    if (!sound) {
        Error error = std::move(sound).error();
        error.set_hint("nothing is changed; your text is in " + path);
        return error;
    }
    return os::move_file_at(place, draft, name);
}

Result<void> edit_files_of(const Invocation& invocation) {
    const std::string& machine = invocation.words[0];
    const std::string fault = settings::machine_name_fault(machine);
    if (!fault.empty()) return Error("machine name " + quote(machine) + " " + fault);
    const bool box = invocation.has("box");
    const std::string target = settings::path_to_write({}, machine, box);
    // What counts now is what one starts from, wherever it is.
    std::string text = kTemplate;
    for (const settings::FileText& file : BOX_TRY(files_of(machine))) {
        if (file.path.ends_with("/" + machine + (box ? ".box" : ".nspawn"))) text = file.text;
    }
    return edit(target, text);
}

}  // namespace

int verb_edit(const Invocation& invocation) {
    const auto done = edit_files_of(invocation);
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
