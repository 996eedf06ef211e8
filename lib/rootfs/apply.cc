// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/apply.h"

#include <cstring>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/mount.h"
#include "lib/os/pty.h"
#include "lib/os/source.h"
#include "lib/os/userns.h"
#include "lib/rootfs/control.h"
#include "lib/rootfs/overlay.h"
#include "lib/rootfs/place.h"

namespace boxctl::rootfs {
namespace {

constexpr const char* kInaccessible = "/run/host/inaccessible/";
constexpr int kPassRights = 83;  ///< SO_PASSRIGHTS of asm-generic/socket.h since Linux 6.16

Result<PlaceType> type_of(os::BorrowedFd fd) {
    const struct stat status = BOX_TRY(os::status_of(fd));
    return S_ISDIR(status.st_mode) ? PlaceType::directory : PlaceType::file;
}

Result<void> shape(os::BorrowedFd mount, uint64_t set, uint64_t propagation,
                   os::Recursion recursion) {
    os::MountChange change;
    change.set = set;
    change.propagation = propagation;
    return os::change_mount(mount, change, recursion);
}

Result<void> own(os::BorrowedFd directory, const std::string& name, const Build& build) {
    if (fchownat(directory.get(), name.c_str(), build.id_base, build.id_base, AT_SYMLINK_NOFOLLOW) <
        0) {
        return errno_error("give " + quote(name) + " to the box's root");
    }
    return {};
}

/// Options with the ids in them turned into the host's.
MountOptions shifted(const MountOptions& options, uint32_t id_base) {
    MountOptions out = options;
    for (auto& [key, value] : out) {
        if (key != "uid" && key != "gid") continue;
        value = format("%u", id_base + parse_u32(value).value_or(0));
    }
    return out;
}

Result<void> apply_op(const MountOp& op, const ApiFs& what, Build& build) {
    const os::UniqueFd target = BOX_TRY(open_target(op, PlaceType::directory, build));
    if (what.type == "proc") {
        BOX_TRY(shape(build.proc, what.attributes, 0, os::Recursion::one));
        return os::attach_mount(build.proc, target);
    }
    // ramfs has no options for its owner, who is whoever makes it.
    const AsBoxRoot as_box_root(what.type == "ramfs" ? build.id_base : 0);
    BOX_TRY(as_box_root.check());
    const os::UniqueFd mount = BOX_TRY(os::make_filesystem(
            what.type, what.type, shifted(what.options, build.id_base), what.attributes));
    return os::attach_mount(mount, target);
}

std::string map_line(uint32_t on_disk, uint32_t shown, uint32_t count = 1) {
    return format("%u %u %u\n", on_disk, shown, count);
}

/// A map for a bind whose owners are not the root's. Only who is in it can write there.
Result<os::UniqueFd> make_owner_map(const Bind& what, os::BorrowedFd source, os::BorrowedFd target,
                                    const Build& build) {
    const struct stat from = BOX_TRY(os::status_of(source));
    const struct stat to = BOX_TRY(os::status_of(target));
    const auto lines_of = [&](const std::vector<settings::MappedIds>& map) {
        std::string lines;
        for (const settings::MappedIds& one : map)
            lines += map_line(one.host, build.id_base + one.box, one.count);
        return lines;
    };
    switch (what.owners) {
        case Bind::Owners::by_idmapped:
            return Error(EINVAL, "map owners");
        case Bind::Owners::root:
            return os::make_userns(map_line(from.st_uid, build.id_base),
                                   map_line(from.st_gid, build.id_base));
        case Bind::Owners::target:
            return os::make_userns(map_line(from.st_uid, to.st_uid),
                                   map_line(from.st_gid, to.st_gid));
        case Bind::Owners::listed:
            return os::make_userns(lines_of(what.map),
                                   lines_of(what.group_map.empty() ? what.map : what.group_map));
    }
    return Error(EINVAL, "map owners");
}

Result<void> map_owners(const Bind& what, os::BorrowedFd mount, os::BorrowedFd userns) {
    os::MountChange map;
    map.userns = userns;
    const os::Recursion recursion = what.recursive ? os::Recursion::tree : os::Recursion::one;
    auto mapped = os::change_mount(mount, map, recursion).context("id-map " + quote(what.source));
    if (mapped) return {};
    Error error = std::move(mapped).error();
    error.set_hint(
            "its file system cannot be id-mapped; bind it with :noidmap to show the "
            "host's own ids");
    return error;
}

/// Only a node may come without "nodev": never a directory that has taken its place.
Result<void> check_device(os::BorrowedFd source) {
    const struct stat status = BOX_TRY(os::status_of(source));
    if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) return {};
    return Error(EAGAIN, "bind a device: it is none any more");
}

Result<void> apply_op(const MountOp& op, const Bind& what, Build& build) {
    const os::UniqueFd source = BOX_TRY(os::open_source(what.source));
    if (what.guarded) BOX_TRY(refuse_control(source, what.recursive));
    if (what.device) BOX_TRY(check_device(source));
    const os::UniqueFd target = BOX_TRY(open_target(op, BOX_TRY(type_of(source)), build));
    const os::Recursion recursion = what.recursive ? os::Recursion::tree : os::Recursion::one;
    const os::UniqueFd mount = BOX_TRY(os::clone_mount(source, "", recursion));
    BOX_TRY(shape(mount, what.attributes, what.propagate ? MS_SLAVE : MS_PRIVATE, recursion));
    if (what.owners != Bind::Owners::by_idmapped) {
        const os::UniqueFd userns = BOX_TRY(make_owner_map(what, source, target, build));
        BOX_TRY(map_owners(what, mount, userns));
    } else if (what.idmapped && build.mount_map.valid()) {
        BOX_TRY(map_owners(what, mount, build.mount_map));
    }
    return os::attach_mount(mount, target);
}

Result<void> apply_op(const MountOp& op, const BindInside& what, Build& build) {
    auto source = os::open_in(build.root, what.source, O_PATH);
    if (!source && source.error().code() == ENOENT && op.missing == Missing::skip) return {};
    if (!source) return std::move(source).error();
    const os::UniqueFd target = BOX_TRY(open_target(op, BOX_TRY(type_of(*source)), build));
    const os::Recursion recursion = what.recursive ? os::Recursion::tree : os::Recursion::one;
    const os::UniqueFd mount = BOX_TRY(os::clone_mount(*source, "", recursion));
    BOX_TRY(shape(mount, what.attributes, MS_PRIVATE, recursion));
    return os::attach_mount(mount, target);
}

/// Something empty that nobody has a right to.
Result<os::UniqueFd> make_mask(const char* empty, const Build& build) {
    const os::UniqueFd source = BOX_TRY(os::open_in(build.root, std::string(kInaccessible) + empty,
                                                    O_PATH, os::Follow::no_symlinks));
    os::UniqueFd mount = BOX_TRY(os::clone_mount(source, "", os::Recursion::one));
    BOX_TRY(shape(mount,
                  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
                  MS_PRIVATE, os::Recursion::one));
    return mount;
}

Result<void> apply_op(const MountOp& op, const Mask&, Build& build) {
    const os::UniqueFd target = BOX_TRY(open_target(op, PlaceType::file, build));
    const bool directory = BOX_TRY(type_of(target)) == PlaceType::directory;
    os::UniqueFd& first = directory ? build.directory_mask : build.file_mask;
    if (first.valid()) {
        const os::UniqueFd copy = BOX_TRY(os::clone_mount(first, "", os::Recursion::one));
        return os::attach_mount(copy, target);
    }
    os::UniqueFd mount = BOX_TRY(make_mask(directory ? "dir" : "reg", build));
    BOX_TRY(os::attach_mount(mount, target));
    first = std::move(mount);
    return {};
}

Result<void> apply_op(const MountOp& op, const SetAttributes& what, Build& build) {
    const os::UniqueFd target = BOX_TRY(open_target(op, PlaceType::directory, build));
    os::MountChange change;
    change.set = what.set;
    change.clear = what.clear;
    return os::change_mount(target, change, what.tree ? os::Recursion::tree : os::Recursion::one);
}

/// A directory of the host as an overlay layer: an id-mapped, attached copy of its mount.
Result<std::string> add_host_layer(const std::string& path, bool idmapped, Build& build,
                                   OverlayLayers& layers) {
    const os::UniqueFd source = BOX_TRY(os::open_source(path));
    os::UniqueFd copy = BOX_TRY(os::clone_mount(source, "", os::Recursion::one));
    BOX_TRY(shape(copy, 0, MS_PRIVATE, os::Recursion::one));
    if (idmapped && build.mount_map.valid()) {
        os::MountChange map;
        map.userns = build.mount_map;
        BOX_TRY(os::change_mount(copy, map, os::Recursion::one).context("id-map " + quote(path)));
    }
    BOX_TRY(os::attach_mount(copy, source));
    std::string name = os::fd_path(copy);
    layers.held.push_back(std::move(copy));
    return name;
}

bool is_inside(const std::string& layer) {
    return layer.starts_with('+');
}

void hold_layer(os::UniqueFd layer, std::string& name, OverlayLayers& layers) {
    name = os::fd_path(layer);
    layers.held.push_back(std::move(layer));
}

/// Both are in the box, on the mount that is there.
Result<void> add_inside_upper(const Overlay& what, Build& build, OverlayLayers& layers) {
    const AsBoxRoot as_box_root(build.id_base);
    BOX_TRY(as_box_root.check());
    hold_layer(BOX_TRY(os::make_directories_in(build.root, what.upper.substr(1))), layers.upper,
               layers);
    hold_layer(BOX_TRY(os::make_directories_in(build.root, what.work.substr(1))), layers.work,
               layers);
    return {};
}

/// Upper and work directory share one copied mount, that of the directory above both.
Result<void> add_upper(const Overlay& what, Build& build, OverlayLayers& layers) {
    if (is_inside(what.upper)) return add_inside_upper(what, build, layers);
    const auto [parent, upper_name] = os::split_path(what.upper);
    const std::string work_name = os::split_path(what.work).second;
    BOX_TRY(os::make_host_directories(what.upper, 0755));
    BOX_TRY(os::make_host_directories(what.work, 0700));
    BOX_TRY(add_host_layer(parent, what.idmapped, build, layers));
    const os::BorrowedFd above(layers.held.back().get());
    hold_layer(BOX_TRY(os::open_in(above, upper_name, O_PATH | O_DIRECTORY)), layers.upper, layers);
    hold_layer(BOX_TRY(os::open_in(above, work_name, O_PATH | O_DIRECTORY)), layers.work, layers);
    return {};
}

Result<void> apply_op(const MountOp& op, const Overlay& what, Build& build) {
    OverlayLayers layers;
    // The kernel wants the topmost layer first; settings list the bottom first, as nspawn does.
    for (auto lower = what.lowers.rbegin(); lower != what.lowers.rend(); ++lower) {
        if (is_inside(*lower)) {
            hold_layer(BOX_TRY(os::open_in(build.root, lower->substr(1), O_PATH | O_DIRECTORY)),
                       layers.lowers.emplace_back(), layers);
        } else {
            layers.lowers.push_back(BOX_TRY(add_host_layer(*lower, what.idmapped, build, layers)));
        }
    }
    // Behind the layers: one that is missing shall not leave an empty mount point in the tree.
    const os::UniqueFd target = BOX_TRY(open_target(op, PlaceType::directory, build));
    os::UniqueFd scratch;
    if (what.scratch) {
        scratch = BOX_TRY(make_scratch_layers(target, build.id_base, layers));
        BOX_TRY(os::attach_mount(scratch, target));
    } else if (!what.upper.empty()) {
        BOX_TRY(add_upper(what, build, layers));
        layers.id_base = build.id_base;
    }
    const os::UniqueFd overlay = BOX_TRY(make_overlay(layers, what.attributes));
    return os::attach_mount(overlay,
                            what.scratch ? os::BorrowedFd(scratch) : os::BorrowedFd(target));
}

Result<void> apply_op(const MountOp& op, const Node& what, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    const dev_t device = makedev(what.major_number, what.minor_number);
    if (mknodat(place.directory.get(), place.name.c_str(), what.mode, device) < 0) {
        return errno_error("make a node");
    }
    return own(place.directory, place.name, build);
}

Result<void> apply_op(const MountOp& op, const Symlink& what, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    if (what.replace && unlinkat(place.directory.get(), place.name.c_str(), 0) < 0 &&
        errno != ENOENT) {
        return errno_error("replace");
    }
    if (symlinkat(what.to.c_str(), place.directory.get(), place.name.c_str()) < 0) {
        return errno_error("make a link");
    }
    return {};
}

Result<void> apply_op(const MountOp& op, const Directory& what, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    if (mkdirat(place.directory.get(), place.name.c_str(), what.mode) < 0 && errno != EEXIST) {
        return errno_error("make a directory");
    }
    return {};
}

Result<void> write_new(const Place& place, const std::string& name, const std::string& content,
                       mode_t mode) {
    const os::UniqueFd fd = BOX_TRY(os::open_in(place.directory, name, O_WRONLY | O_CREAT | O_EXCL,
                                                os::Follow::no_symlinks, mode));
    const ssize_t written = write(fd.get(), content.data(), content.size());
    if (written < 0) return errno_error("write");
    if (static_cast<size_t>(written) != content.size()) return Error(ENOSPC, "write");
    return {};
}

Result<void> apply_op(const MountOp& op, const File& what, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    return write_new(place, place.name, what.content, what.mode);
}

constexpr size_t kMostCopied = 1U << 20U;

/// Is that very file there? Then the tree's file system is spared a write at every start. Looked at
/// before it is opened: the tree may have a device in its place.
bool holds_already(const Place& place, const std::string& content, mode_t mode) {
    const auto found =
            os::open_in(place.directory, place.name, O_PATH | O_NOFOLLOW, os::Follow::no_symlinks);
    const auto status = found ? os::status_of(*found) : found.error();
    if (!status || !S_ISREG(status->st_mode) || (status->st_mode & 07777U) != mode) return false;
    if (static_cast<size_t>(status->st_size) != content.size()) return false;
    const auto held = os::read_untrusted(place.directory, place.name, content.size());
    return held && *held == content;
}

Result<void> apply_op(const MountOp& op, const CopyFile& what, Build& build) {
    const std::string content = BOX_TRY(os::read_file(what.source, kMostCopied));
    const AsBoxRoot as_box_root(build.id_base);
    BOX_TRY(as_box_root.check());
    const Place place = BOX_TRY(place_of(op.target, build));
    if (holds_already(place, content, what.mode)) return {};
    const std::string temporary = ".boxctl-" + place.name;
    unlinkat(place.directory.get(), temporary.c_str(), 0);  // left by a killed start, or absent
    BOX_TRY(write_new(place, temporary, content, what.mode));
    if (renameat(place.directory.get(), temporary.c_str(), place.directory.get(),
                 place.name.c_str()) < 0) {
        Error error = errno_error("replace");
        unlinkat(place.directory.get(), temporary.c_str(), 0);
        return error;
    }
    return {};
}

Result<void> apply_op(const MountOp& op, const RandomId&, Build& build) {
    unsigned char id[16];
    if (getrandom(id, sizeof id, 0) != static_cast<ssize_t>(sizeof id))
        return errno_error("getrandom");
    id[6] = static_cast<unsigned char>((id[6] & 0x0fU) | 0x40U);  // RFC 9562, version 4
    id[8] = static_cast<unsigned char>((id[8] & 0x3fU) | 0x80U);
    std::string text;
    for (size_t i = 0; i < sizeof id; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += format("%02x", id[i]);
    }
    return apply_op(op, File{.content = text + "\n", .mode = 0444}, build);
}

Result<void> apply_op(const MountOp& op, const Remove&, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    if (unlinkat(place.directory.get(), place.name.c_str(), 0) < 0 && errno != ENOENT) {
        return errno_error("remove");
    }
    return {};
}

Result<void> apply_op(const MountOp& op, const NotifySocket&, Build& build) {
    const Place place = BOX_TRY(place_of(op.target, build));
    os::UniqueFd socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_fd.valid()) return errno_error("make a socket");
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string path = os::fd_path(place.directory) + "/" + place.name;
    if (path.size() >= sizeof address.sun_path) return Error(ENAMETOOLONG, "bind");
    memcpy(address.sun_path, path.c_str(), path.size());
    if (bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) {
        return errno_error("bind");
    }
    const int on = 1;
    if (setsockopt(socket_fd.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) < 0) {
        return errno_error("ask for credentials");
    }
    // Senders of descriptors get EPERM (Linux 6.16). Before that, who reads has no room for them.
    const int off = 0;
    if (setsockopt(socket_fd.get(), SOL_SOCKET, kPassRights, &off, sizeof off) < 0 &&
        errno != ENOPROTOOPT) {
        return errno_error("refuse descriptors");
    }
    if (fchmodat(place.directory.get(), place.name.c_str(), 0200, 0) < 0)
        return errno_error("chmod");
    BOX_TRY(own(place.directory, place.name, build));
    build.notify = std::move(socket_fd);
    return {};
}

Result<void> attach_terminal(const MountOp& op, const std::string& line, Build& build) {
    const os::UniqueFd target = BOX_TRY(open_target(op, PlaceType::file, build));
    const os::UniqueFd source =
            BOX_TRY(os::open_in(build.root, line, O_PATH, os::Follow::no_symlinks));
    const os::UniqueFd mount = BOX_TRY(os::clone_mount(source, "", os::Recursion::one));
    BOX_TRY(shape(mount, 0, MS_PRIVATE, os::Recursion::one));
    return os::attach_mount(mount, target);
}

Result<void> apply_op(const MountOp& op, const Terminal& what, Build& build) {
    const os::UniqueFd devpts = BOX_TRY(
            os::open_in(build.root, "/dev/pts", O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks));
    os::PtyPair pty = BOX_TRY(os::open_pty(devpts));
    if (fchown(pty.slave.get(), build.id_base, build.id_base) < 0 ||
        fchmod(pty.slave.get(), 0620) < 0) {
        return errno_error("give the terminal to the box's root");
    }
    BOX_TRY(attach_terminal(op, BOX_TRY(os::pty_line(pty.master)), build));
    build.terminals.push_back({what.index, std::move(pty.master)});
    return {};
}

Result<void> apply_op(const MountOp& op, const SameTerminal& what, Build& build) {
    for (const TerminalEnd& terminal : build.terminals) {
        if (terminal.index == what.index) {
            return attach_terminal(op, BOX_TRY(os::pty_line(terminal.master)), build);
        }
    }
    return Error(format("no terminal %d was planned before", what.index));
}

/// Is the operation carried out with the ids of the box's root? Others take them where they need
/// them.
template <class Operation>
constexpr bool kByBoxRoot = false;
template <>
constexpr bool kByBoxRoot<Symlink> = true;
template <>
constexpr bool kByBoxRoot<Directory> = true;
template <>
constexpr bool kByBoxRoot<File> = true;
template <>
constexpr bool kByBoxRoot<RandomId> = true;
template <>
constexpr bool kByBoxRoot<Remove> = true;

/// Many of these follow one another, and each change costs the kernel a copy of all credentials.
Result<void> take_ids(bool by_box_root, Build& build) {
    if (!by_box_root) {
        build.as_box_root.reset();
    } else if (!build.as_box_root) {
        build.as_box_root = std::make_unique<AsBoxRoot>(build.id_base);
        return build.as_box_root->check();
    }
    return {};
}

template <class Operation>
Result<void> apply_as(const MountOp& op, const Operation& what, Build& build) {
    BOX_TRY(take_ids(kByBoxRoot<Operation>, build));
    return apply_op(op, what, build);
}

}  // namespace

Result<void> apply(const MountOp& op, Build& build) {
    auto done = std::visit([&](const auto& what) { return apply_as(op, what, build); }, op.what);
    if (!done && done.error().code() == ENOENT && op.missing == Missing::skip) return {};
    return done;
}

}  // namespace boxctl::rootfs
