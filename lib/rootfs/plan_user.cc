// SPDX-License-Identifier: LGPL-2.1-or-later
// What the user asked to have mounted, and the files in /etc that follow the host.
#include <algorithm>

#include <sys/mount.h>

#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/rootfs/plan_parts.h"

namespace boxctl::rootfs {
namespace {

using settings::ResolvConf;
using settings::Timezone;

Bind::Owners owners_of(settings::BindMount::Ids ids) {
    using Ids = settings::BindMount::Ids;
    switch (ids) {
        case Ids::automatic:
        case Ids::idmap:
        case Ids::noidmap:
            break;
        case Ids::rootidmap:
            return Bind::Owners::root;
        case Ids::owneridmap:
            return Bind::Owners::target;
        case Ids::listed:
            return Bind::Owners::listed;
    }
    return Bind::Owners::by_idmapped;
}

/// The node itself was asked for. Where devices are (devtmpfs) nothing can be id-mapped.
MountOp from_device(const settings::BindMount& bind, const std::string& why) {
    return {bind.destination,
            Bind{.source = bind.source,
                 .recursive = false,
                 .idmapped = bind.ids == settings::BindMount::Ids::idmap,
                 .owners = owners_of(bind.ids),
                 .map = bind.map,
                 .attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC |
                               (bind.read_only ? uint64_t{MOUNT_ATTR_RDONLY} : 0),
                 .device = true},
            Missing::create, why};
}

MountOp from_bind(const settings::BindMount& bind, const std::string& why, bool contained) {
    const uint64_t attributes = bind.read_only ? MOUNT_ATTR_RDONLY : 0;
    MountOp op = {bind.destination, {}, Missing::create, why};
    if (bind.in_tree) {
        op.what = BindInside{
                .source = bind.source, .recursive = bind.recursive, .attributes = attributes};
    } else if (bind.source.empty()) {
        op.what = ApiFs{"tmpfs",
                        {{"mode", "0755"}, {"uid", "0"}, {"gid", "0"}},
                        MOUNT_ATTR_NODEV | attributes};
    } else {
        op.what = Bind{.source = bind.source,
                       .recursive = bind.recursive,
                       .idmapped = contained && bind.ids != settings::BindMount::Ids::noidmap,
                       .owners = owners_of(bind.ids),
                       .map = bind.map,
                       .attributes = MOUNT_ATTR_NODEV | attributes,
                       .guarded = !bind.control};
    }
    return op;
}

/// A flag of mount(8) that is one of the mount and not of its file system; false for any other.
bool apply_flag(const std::string& word, uint64_t& attributes) {
    struct Flag {
        const char* word;
        uint64_t set;
        uint64_t clear;
    };
    constexpr uint64_t kTimes = MOUNT_ATTR__ATIME;
    constexpr Flag kFlags[] = {
            {"ro", MOUNT_ATTR_RDONLY, 0},
            {"rw", 0, MOUNT_ATTR_RDONLY},
            {"suid", 0, MOUNT_ATTR_NOSUID},
            {"nosuid", MOUNT_ATTR_NOSUID, 0},
            {"dev", 0, MOUNT_ATTR_NODEV},
            {"nodev", MOUNT_ATTR_NODEV, 0},
            {"exec", 0, MOUNT_ATTR_NOEXEC},
            {"noexec", MOUNT_ATTR_NOEXEC, 0},
            {"atime", MOUNT_ATTR_RELATIME, kTimes},
            {"relatime", MOUNT_ATTR_RELATIME, kTimes},
            {"noatime", MOUNT_ATTR_NOATIME, kTimes},
            {"strictatime", MOUNT_ATTR_STRICTATIME, kTimes},
            {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    };
    for (const Flag& flag : kFlags) {
        if (word != flag.word) continue;
        attributes = (attributes & ~flag.clear) | flag.set;
        return true;
    }
    return false;
}

/// Splits mount(8) options into flags of the mount and options of the tmpfs.
MountOp from_tmpfs(const settings::TmpfsMount& tmpfs, const std::string& why) {
    ApiFs what{"tmpfs", {}, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID};
    bool mode = false;
    bool uid = false;
    bool gid = false;
    for (const std::string& option : split(tmpfs.options, ',')) {
        if (option.empty()) continue;
        const size_t equals = option.find('=');
        const std::string key = option.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : option.substr(equals + 1);
        if (!apply_flag(key, what.attributes)) what.options.emplace_back(key, value);
        mode = mode || key == "mode";
        uid = uid || key == "uid";
        gid = gid || key == "gid";
    }
    if (!mode) what.options.emplace_back("mode", "0755");
    if (!uid) what.options.emplace_back("uid", "0");
    if (!gid) what.options.emplace_back("gid", "0");
    return {tmpfs.path, std::move(what), Missing::create, why};
}

MountOp from_overlay(const settings::OverlayMount& overlay, const std::string& why,
                     bool contained) {
    Overlay what;
    what.lowers = overlay.lowers;
    what.upper = overlay.upper;
    what.idmapped = contained;
    what.attributes = MOUNT_ATTR_NODEV;
    if (overlay.read_only) {
        what.attributes |= MOUNT_ATTR_RDONLY;
    } else if (overlay.upper.empty()) {
        what.scratch = true;
    } else {
        // Also of "+/upper", which is in the box: the work directory is beside it there.
        const auto [parent, name] = os::split_path(overlay.upper);
        what.work = (parent == "/" ? "" : parent) + "/.#" + name + ".work";
    }
    return {overlay.destination, std::move(what), Missing::create, why};
}

/// The option as it would be written, or the place in the file that asks for the mount.
std::string asked_by(const std::string& option, const settings::Origin& origin) {
    using settings::Source;
    const bool file = origin.source == Source::file || origin.source == Source::overriding_file;
    return file ? origin.text : option;
}

}  // namespace

Result<void> append_user(Ops& ops, const settings::FilesSettings& files,
                         const std::vector<host::BoundDevice>& devices, bool contained) {
    const auto is_device = [&](const settings::BindMount& bind) {
        return !bind.in_tree &&
               std::any_of(devices.begin(), devices.end(), [&](const host::BoundDevice& device) {
                   return device.path == bind.source;
               });
    };
    Ops asked;
    for (const auto& bind : files.binds.value) {
        const char* option = bind.read_only ? "--bind-ro" : "--bind";
        const std::string why = std::string(option) + "=" + bind.destination;
        const std::string asker = asked_by(why, bind.origin);
        asked.push_back(is_device(bind) ? from_device(bind, asker)
                                        : from_bind(bind, asker, contained));
    }
    for (const auto& tmpfs : files.tmpfs.value) {
        asked.push_back(from_tmpfs(tmpfs, asked_by("--tmpfs=" + tmpfs.path, tmpfs.origin)));
    }
    for (const auto& overlay : files.overlays.value) {
        const char* option = overlay.read_only ? "--overlay-ro" : "--overlay";
        const std::string why = std::string(option) + "=" + overlay.destination;
        asked.push_back(from_overlay(overlay, asked_by(why, overlay.origin), contained));
    }
    for (const auto& hidden : files.inaccessible.value) {
        asked.push_back({hidden.path, Mask{}, Missing::skip,
                         asked_by("--inaccessible=" + hidden.path, hidden.origin)});
    }
    // A parent sorts before what is in it, so the order of the options does not matter.
    std::stable_sort(asked.begin(), asked.end(),
                     [](const MountOp& a, const MountOp& b) { return a.target < b.target; });
    for (size_t i = 1; i < asked.size(); i++) {
        if (asked[i].target == asked[i - 1].target) {
            return Error(quote(asked[i].target) + " is wanted twice, by " +
                         printable(asked[i - 1].why) + " and by " + printable(asked[i].why));
        }
    }
    for (MountOp& op : asked)
        ops.push_back(std::move(op));
    return {};
}

namespace {

constexpr uint64_t kShownFile = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;

/// A file of the host's /etc over the box's own.
Bind shown_file(const char* source, bool contained) {
    return {.source = source, .recursive = false, .idmapped = contained, .attributes = kShownFile};
}

const char* resolv_conf_source(ResolvConf mode) {
    switch (mode) {
        case ResolvConf::copy_static:
        case ResolvConf::replace_static:
        case ResolvConf::bind_static:
            return "/usr/lib/systemd/resolv.conf";
        case ResolvConf::copy_uplink:
        case ResolvConf::replace_uplink:
        case ResolvConf::bind_uplink:
            return "/run/systemd/resolve/resolv.conf";
        case ResolvConf::copy_stub:
        case ResolvConf::replace_stub:
        case ResolvConf::bind_stub:
            return "/run/systemd/resolve/stub-resolv.conf";
        case ResolvConf::auto_:
        case ResolvConf::off:
        case ResolvConf::copy_host:
        case ResolvConf::replace_host:
        case ResolvConf::bind_host:
        case ResolvConf::delete_:
            break;
    }
    return "/etc/resolv.conf";
}

ResolvConf decide_resolv_conf(ResolvConf mode, bool read_only, const host::HostFacts& have) {
    if (mode != ResolvConf::auto_) return mode;
    if (have.resolved_stub) return read_only ? ResolvConf::bind_stub : ResolvConf::copy_stub;
    return read_only ? ResolvConf::bind_host : ResolvConf::copy_host;
}

/// What to do where nothing is to be bound over. Asked for, it is made, and a link that leads
/// nowhere is an error; by default the tree is left as it is.
Missing without_file(bool asked, host::NodeKind there) {
    if (!asked) return Missing::skip;
    return there == host::NodeKind::missing ? Missing::create : Missing::fail;
}

void append_resolv_conf(Ops& ops, ResolvConf mode, const host::RootFacts& root, bool contained,
                        bool asked) {
    const char* why = "--resolv-conf";
    const char* target = "/etc/resolv.conf";
    const bool copies = mode >= ResolvConf::copy_host && mode <= ResolvConf::copy_stub;
    const bool replaces = mode >= ResolvConf::replace_host && mode <= ResolvConf::replace_stub;
    const char* source = resolv_conf_source(mode);
    if (mode == ResolvConf::off) return;
    if (mode == ResolvConf::delete_) {
        ops.push_back({target, Remove{}, Missing::skip, why});
    } else if (copies || replaces) {
        // A link belongs to whoever manages the file inside; only "replace" takes its place.
        if (copies && root.resolv_conf == host::NodeKind::symlink) return;
        ops.push_back({target, CopyFile{.source = source, .mode = 0644}, Missing::skip, why});
    } else {
        ops.push_back({target, shown_file(source, contained), without_file(asked, root.resolv_conf),
                       why});
    }
}

Timezone decide_timezone(Timezone mode, bool read_only, const host::RootFacts& root) {
    if (mode != Timezone::auto_) return mode;
    // Without anything there the box is on UTC by its own choice of contents; a minimal tree is not
    // made to carry files that it did not come with.
    if (root.localtime == host::NodeKind::missing && !root.has_zone) return Timezone::off;
    if (read_only) return Timezone::bind;
    return root.has_zone ? Timezone::symlink : Timezone::copy;
}

void append_timezone(Ops& ops, Timezone mode, const host::HostFacts& have, bool contained) {
    const char* why = "--timezone";
    const char* target = "/etc/localtime";
    const char* source = "/etc/localtime";
    if (mode == Timezone::delete_) {
        ops.push_back({target, Remove{}, Missing::skip, why});
    } else if (!have.localtime) {
        return;
    } else if (mode == Timezone::symlink && !have.timezone.empty()) {
        ops.push_back({target, Symlink{"../usr/share/zoneinfo/" + have.timezone, true},
                       Missing::skip, why});
    } else if (mode == Timezone::copy) {
        ops.push_back({target, CopyFile{.source = source, .mode = 0644}, Missing::skip, why});
    } else if (mode == Timezone::bind) {
        ops.push_back({target, shown_file(source, contained), Missing::skip, why});
    }
}

/// The box's journal files are the host's. That needs the id under which journald stores them.
Result<void> append_journal(Ops& ops, settings::LinkJournal mode, const host::RootFacts& root,
                            bool contained) {
    using settings::LinkJournal;
    const bool asked = mode == LinkJournal::host;
    const bool tried = mode == LinkJournal::auto_ || mode == LinkJournal::try_host;
    if (!asked && !tried) return {};
    const std::string path = "/var/log/journal/" + root.machine_id;
    if (root.machine_id.empty()) {
        if (tried) return {};
        return Error("--link-journal=host: the tree has no machine id yet; boot it once");
    }
    if (!root.host_journal) {
        if (tried) return {};
        Error error("--link-journal=host: the host has no " + path);
        error.set_hint("make that directory");
        return error;
    }
    ops.push_back({path,
                   Bind{.source = path,
                        .recursive = false,
                        .idmapped = contained,
                        .attributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC},
                   Missing::create, "--link-journal"});
    return {};
}

}  // namespace

Result<void> append_integration(Ops& ops, const settings::Settings& wanted,
                                const host::HostFacts& have, const host::RootFacts& root,
                                bool contained) {
    const bool read_only = wanted.image.read_only.value ||
                           wanted.image.volatile_.value == settings::Volatile::state;
    ResolvConf resolv_conf = wanted.files.resolv_conf.value;
    // With a network of its own the box's name servers are its own business.
    if (resolv_conf == ResolvConf::auto_ && wanted.network.is_private()) {
        resolv_conf = ResolvConf::off;
    }
    append_resolv_conf(ops, decide_resolv_conf(resolv_conf, read_only, have), root, contained,
                       wanted.files.resolv_conf.value != ResolvConf::auto_);
    append_timezone(ops, decide_timezone(wanted.files.timezone.value, read_only, root), have,
                    contained);
    if (!root.inittab.empty()) {
        ops.push_back({"/etc/inittab",
                       BindInside{.source = "/run/host/inittab", .attributes = kShownFile},
                       Missing::fail, "entries that cannot work left out"});
    }
    return append_journal(ops, wanted.exec.link_journal.value, root, contained);
}

}  // namespace boxctl::rootfs
