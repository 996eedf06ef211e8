// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/files.h"

#include <map>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::settings {
namespace {

constexpr size_t kFileLimit = 1U << 20U;

bool is_absent(const Error& error) {
    return error.code() == ENOENT || error.code() == ENOTDIR;
}

// A file of the administrator. /dev/null, as a link, says that there is nothing to say.
Result<std::optional<FileText>> read_trusted(const std::string& path) {
    auto text = os::read_file(path, kFileLimit);
    if (text) return std::optional<FileText>({path, std::move(text).value(), true});
    if (is_absent(text.error())) return std::optional<FileText>();
    return std::move(text).context("settings").error();
}

Result<std::optional<FileText>> first_of(const std::vector<std::string>& directories,
                                         const std::string& name) {
    for (const std::string& directory : directories) {
        auto file = BOX_TRY(read_trusted(directory + "/" + name));
        if (file) return file;
    }
    return std::optional<FileText>();
}

// Whoever made the image may have made this file: it is a file in that directory, or nothing.
Result<std::optional<FileText>> read_beside(const std::string& root, const std::string& name,
                                            bool trusted) {
    const std::string parent = os::split_path(root).first;
    const auto directory = os::open_host(parent, O_PATH | O_DIRECTORY);
    if (!directory) return std::optional<FileText>();
    struct stat status = {};
    if (fstatat(directory->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
        return std::optional<FileText>();
    }
    const std::string path = (parent == "/" ? "" : parent) + "/" + name;
    if (!S_ISREG(status.st_mode)) {
        Error error("settings " + quote(path) + " is not a regular file");
        error.set_hint("leave it out with --settings=no");
        return error;
    }
    std::string text =
            BOX_TRY(os::read_untrusted(*directory, name, kFileLimit).context("settings"));
    return std::optional<FileText>({path, std::move(text), trusted});
}

// By name; a file of an earlier directory hides its namesakes in later ones.
Result<void> add_drop_ins(const std::vector<std::string>& directories, const std::string& name,
                          std::vector<FileText>& files) {
    std::map<std::string, std::string> found;
    for (const std::string& parent : directories) {
        const std::string path = parent + "/" + name + ".d";
        const auto directory = os::open_host(path, O_RDONLY | O_DIRECTORY);
        if (!directory && is_absent(directory.error())) continue;
        if (!directory) return directory.error();
        for (const std::string& entry : BOX_TRY(os::list_directory(*directory, 4096))) {
            const bool counts = entry.ends_with(".box") && !entry.starts_with('.');
            if (counts) found.try_emplace(entry, path + "/" + entry);
        }
    }
    for (const auto& [entry, path] : found) {
        auto file = BOX_TRY(read_trusted(path));
        if (file) files.push_back(std::move(*file));
    }
    return {};
}

}  // namespace

Result<std::vector<FileText>> find_files(const SearchPath& where, const std::string& name,
                                         const std::string& root, FileUse use) {
    std::vector<FileText> files;
    if (use == FileUse::no) return files;
    const auto take = [&](std::optional<FileText> file) {
        if (file) files.push_back(std::move(*file));
        return file.has_value();
    };
    if (!take(BOX_TRY(first_of(where.nspawn, name + ".nspawn"))) && !root.empty()) {
        take(BOX_TRY(read_beside(root, name + ".nspawn", use == FileUse::trusted)));
    }
    take(BOX_TRY(first_of(where.box, name + ".box")));
    BOX_TRY(add_drop_ins(where.box, name + ".box", files));
    return files;
}

std::string path_to_write(const SearchPath& where, const std::string& name, bool box) {
    return box ? where.box[0] + "/" + name + ".box" : where.nspawn[0] + "/" + name + ".nspawn";
}

}  // namespace boxctl::settings
