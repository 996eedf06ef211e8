// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/bind.h"

#include <algorithm>
#include <functional>

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/host/mount_table.h"
#include "lib/os/file.h"
#include "lib/os/message.h"
#include "lib/os/mount.h"
#include "lib/os/process.h"
#include "lib/os/source.h"
#include "lib/rootfs/control.h"
#include "lib/shell/bind_inside.h"
#include "lib/shell/enter.h"
#include "lib/shell/target.h"
#include "lib/userns/mount_map.h"

namespace boxctl::shell {
namespace {

using launch::Link;
using launch::Step;

/// A link is refused: who follows it at which moment is not for a command line to leave open.
Result<os::UniqueFd> open_bind_source(const std::string& path) {
    const auto [parent, name] = os::split_path(path);
    const os::UniqueFd directory = BOX_TRY(os::open_source(parent).context("source"));
    if (name.empty()) return os::duplicate(directory);  // "/"
    os::UniqueFd source(openat(directory.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!source.valid()) return errno_error("source " + quote(path));
    if (!S_ISLNK(BOX_TRY(os::status_of(source)).st_mode)) return source;
    Error error("source " + quote(path) + " is a symbolic link");
    error.set_hint("name the place it leads to");
    return error;
}

/// The detached copy, as `--bind` has it.
Result<os::UniqueFd> make_mount(const BindRequest& request, os::BorrowedFd source) {
    os::UniqueFd mount = BOX_TRY(os::clone_mount(source, "", os::Recursion::tree)
                                         .context("source " + quote(request.source)));
    os::MountChange shape;
    shape.set = MOUNT_ATTR_NODEV | (request.read_only ? MOUNT_ATTR_RDONLY : uint64_t{0});
    shape.propagation = MS_PRIVATE;
    BOX_TRY(os::change_mount(mount, shape, os::Recursion::tree));
    if (!request.box.map_owners || !request.map_owners) return mount;
    const os::UniqueFd userns =
            BOX_TRY(userns::make_mount_map(request.box.id_base, request.box.id_count));
    os::MountChange map;
    map.userns = userns;
    auto mapped = os::change_mount(mount, map, os::Recursion::tree);
    if (mapped) return mount;
    Error error = std::move(mapped).context("id-map " + quote(request.source)).error();
    error.set_hint("its file system cannot be id-mapped; --noidmap shows the host's own ids");
    return error;
}

/// Starts a child for `act`, which gets its end of the link and never returns.
Result<std::pair<Link, Joiner>> start_child(const std::function<void(const Link&)>& act) {
    if (!os::single_threaded()) return Error("boxctl has threads: cannot enter a box");
    auto [near, far] = BOX_TRY(os::make_socket_pair());
    const Link theirs(std::move(far));
    Link ours(std::move(near));
    os::Cloned child = BOX_TRY(os::clone_process({}));
    // --- The child from here on: host privileges until it has joined the box. ---
    if (child.pid == 0) {
        // Or this process would not see the caller go away.
        ours.close();
        act(theirs);
        _exit(1);
    }
    return std::pair(std::move(ours), Joiner(std::move(child.pidfd)));
}

Result<state::BindNote> describe_bind(const BindRequest& request, const Link::Heard& ready) {
    if (ready.fds.size() != 2) return Error(EPROTO, "bind");
    state::BindNote note;
    note.id = BOX_TRY(os::mount_id(ready.fds[0]));
    note.serial = BOX_TRY(os::unique_mount_id(ready.fds[0]));
    note.source = request.source;
    note.target = request.target;
    // As a path of the mount namespace that the descriptor was opened in.
    note.place = BOX_TRY(os::host_path(ready.fds[1]));
    note.read_only = request.read_only;
    return note;
}

Result<void> take_in(const BindRequest& request, const Target& target, os::BorrowedFd source) {
    const os::UniqueFd mount = BOX_TRY(make_mount(request, source));
    const bool directory = S_ISDIR(BOX_TRY(os::status_of(source)).st_mode);
    const auto act = [&](const Link& to_caller) {
        binder_main({&target, &to_caller, request.box.user_namespace, mount,
                     directory ? rootfs::PlaceType::directory : rootfs::PlaceType::file,
                     request.target, request.make_target});
    };
    const auto [link, binder] = BOX_TRY(start_child(act));
    const Link::Heard ready = BOX_TRY(link.expect(Step::mount_ready));
    const state::BindNote note = BOX_TRY(describe_bind(request, ready));
    BOX_TRY(state::note_bind(request.box, note));
    ScopeGuard forget([&] {
        // A note without a mount is never believed.
        (void)state::forget_bind(request.box, note.id).has_value();
    });
    BOX_TRY(link.say(Step::attach));
    BOX_TRY(link.expect(Step::done));
    forget.dismiss();
    return {};
}

Result<void> take_out(const state::Record& box, const Target& target, const state::BindNote& note) {
    const auto act = [&](const Link& to_caller) {
        unbinder_main({&target, &to_caller, box.user_namespace, &note});
    };
    const auto [link, unbinder] = BOX_TRY(start_child(act));
    BOX_TRY(link.expect(Step::done));
    return state::forget_bind(box, note.id);
}

}  // namespace

Result<void> bind(const BindRequest& request) {
    const os::UniqueFd source = BOX_TRY(open_bind_source(request.source));
    auto allowed = rootfs::refuse_control(source, true);
    if (!allowed) {
        Error error = std::move(allowed).error();
        error.set_hint("only a box that is started with --bind=SOURCE:TARGET:control gets it");
        return error;
    }
    const Target target = BOX_TRY(open_target(request.box));
    return unless_ended(take_in(request, target, source), request.box, target);
}

Result<std::vector<state::BindNote>> binds_of(const state::Record& box) {
    std::vector<state::BindNote> there;
    const std::vector<state::BindNote> notes = BOX_TRY(state::noted_binds(box));
    if (notes.empty()) return there;
    const os::UniqueFd leader = BOX_TRY(state::open_process(box.leader));
    const std::vector<host::MountEntry> mounts =
            BOX_TRY(host::read_mounts(format("/proc/%d/mountinfo", box.leader.pid)));
    for (const host::MountEntry& mount : mounts) {
        const auto is_this = [&](const state::BindNote& note) {
            return note.id == mount.id && note.place == mount.target;
        };
        const auto note = std::find_if(notes.begin(), notes.end(), is_this);
        if (note != notes.end()) there.push_back(*note);
    }
    BOX_TRY(os::send_signal(leader, 0).context("machine " + quote(box.name)));
    return there;
}

Result<void> unbind(const state::Record& box, const std::string& path) {
    const Target target = BOX_TRY(open_target(box));
    const std::vector<state::BindNote> there = BOX_TRY(binds_of(box));
    const auto newest = std::find_if(
            there.rbegin(), there.rend(),
            [&](const state::BindNote& note) { return note.target == path || note.place == path; });
    if (newest == there.rend()) {
        Error error("nothing is at " + quote(path) + " in the box by 'boxctl bind'");
        error.set_hint("'boxctl status " + box.name + "' lists what is");
        return error;
    }
    return unless_ended(take_out(box, target, *newest), box, target);
}

}  // namespace boxctl::shell
