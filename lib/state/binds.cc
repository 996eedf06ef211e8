// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/binds.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/json/json.h"
#include "lib/os/file.h"
#include "lib/state/handover.h"

namespace boxctl::state {
namespace {

constexpr const char* kFolder = "binds";
constexpr size_t kMostBytes = 64U << 10U;  ///< three paths, two digits a byte

/// ENOENT when nothing was ever bound.
Result<os::UniqueFd> open_folder(const std::string& name) {
    const os::UniqueFd machine = BOX_TRY(open_machine_directory(name));
    return os::open_in(machine, kFolder, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
}

Result<os::UniqueFd> make_folder(const std::string& name) {
    const os::UniqueFd machine = BOX_TRY(open_machine_directory(name));
    if (mkdirat(machine.get(), kFolder, 0700) < 0 && errno != EEXIST) {
        return errno_error("make a place for the binds of " + quote(name));
    }
    return os::open_in(machine, kFolder, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
}

/// A path is bytes, and JSON holds none.
Result<std::string> get_path(const json::Value& object, const char* key) {
    return from_hex(BOX_TRY(json::get_string(object, key)));
}

Result<void> remove_note(os::BorrowedFd folder, const std::string& file) {
    if (unlinkat(folder.get(), file.c_str(), 0) < 0 && errno != ENOENT) {
        return errno_error("remove the note of a bind");
    }
    return {};
}

}  // namespace

std::string to_json(const BindNote& note, const ProcessIdentity& leader) {
    const json::Value value = {{"id", note.id},
                               {"serial", note.serial},
                               {"source", to_hex(note.source)},
                               {"target", to_hex(note.target)},
                               {"place", to_hex(note.place)},
                               {"read_only", note.read_only},
                               {"leader", leader.pid},
                               {"leader_start", leader.start_time}};
    return json::to_text(value) + "\n";
}

Result<NotedBind> bind_from_json(std::string_view text) {
    const json::Value value = BOX_TRY(json::parse(text));
    NotedBind bind;
    bind.note.id = BOX_TRY(json::get_u64(value, "id"));
    bind.note.serial = BOX_TRY(json::get_u64(value, "serial"));
    bind.note.source = BOX_TRY(get_path(value, "source"));
    bind.note.target = BOX_TRY(get_path(value, "target"));
    bind.note.place = BOX_TRY(get_path(value, "place"));
    bind.note.read_only = BOX_TRY(json::get_bool(value, "read_only"));
    const uint64_t pid = BOX_TRY(json::get_u64(value, "leader"));
    if (pid > INT32_MAX) return Error("'leader' names no process");
    bind.leader.pid = static_cast<pid_t>(pid);
    bind.leader.start_time = BOX_TRY(json::get_u64(value, "leader_start"));
    return bind;
}

Result<void> note_bind(const Record& box, const BindNote& note) {
    const os::UniqueFd folder = BOX_TRY(make_folder(box.name));
    return os::replace_file_at(folder, std::to_string(note.id), to_json(note, box.leader), 0600);
}

Result<void> forget_bind(const Record& box, uint64_t id) {
    const auto folder = open_folder(box.name);
    // With the box everything went.
    if (!folder && folder.error().code() == ENOENT) return {};
    if (!folder) return Error(folder.error());
    return remove_note(*folder, std::to_string(id));
}

Result<void> forget_binds(const std::string& name) {
    const auto folder = open_folder(name);
    if (!folder && folder.error().code() == ENOENT) return {};
    if (!folder) return Error(folder.error());
    for (const std::string& file : BOX_TRY(os::list_directory(*folder)))
        BOX_TRY(remove_note(*folder, file));
    return {};
}

Result<std::vector<BindNote>> noted_binds(const Record& box) {
    std::vector<BindNote> notes;
    const auto folder = open_folder(box.name);
    if (!folder && folder.error().code() == ENOENT) return notes;
    if (!folder) return Error(folder.error());
    for (const std::string& file : BOX_TRY(os::list_directory(*folder))) {
        if (file.starts_with(".")) continue;  // one that is being written
        const auto text = os::read_untrusted(*folder, file, kMostBytes);
        if (!text && text.error().code() == ENOENT) continue;
        if (!text) return Error(text.error());
        NotedBind bind = BOX_TRY(bind_from_json(*text).context("the note of bind " + quote(file) +
                                                               " of machine " + quote(box.name)));
        const bool this_life = bind.leader.pid == box.leader.pid &&
                               bind.leader.start_time == box.leader.start_time;
        if (this_life) notes.push_back(std::move(bind.note));
    }
    std::sort(notes.begin(), notes.end(),
              [](const BindNote& a, const BindNote& b) { return a.id < b.id; });
    return notes;
}

}  // namespace boxctl::state
