// SPDX-License-Identifier: LGPL-2.1-or-later
// The file systems every box has, after systemd's CONTAINER_INTERFACE and what init systems expect.
#include <sys/mount.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/rootfs/plan_parts.h"

namespace boxctl::rootfs {
namespace {

constexpr uint64_t kNoSuid = MOUNT_ATTR_NOSUID;
constexpr uint64_t kNoDev = MOUNT_ATTR_NODEV;
constexpr uint64_t kNoExec = MOUNT_ATTR_NOEXEC;
constexpr uint64_t kReadOnly = MOUNT_ATTR_RDONLY;
constexpr uint64_t kPlainData = kNoSuid | kNoDev | kNoExec;

constexpr const char* kWhy = "api";
constexpr const char* kHostDirectory = "/run/host";
constexpr const char* kNetworkSettings = "/proc/sys/net";

/// Most terminals one devpts instance gives out: a box cannot use up the host's (E8).
constexpr const char* kMostTerminals = "1024";

void add(Ops& ops, std::string target, decltype(MountOp::what) what,
         Missing missing = Missing::fail) {
    ops.push_back({std::move(target), std::move(what), missing, kWhy});
}

MountOptions tmpfs_options(const char* mode, const char* size, const char* inodes) {
    return {{"mode", mode}, {"size", size}, {"nr_inodes", inodes}, {"uid", "0"}, {"gid", "0"}};
}

std::string os_release_text(const host::OsRelease& fields) {
    std::string text;
    for (const auto& [key, value] : fields) {
        std::string escaped;
        for (const char c : value) {
            if (c == '"' || c == '\\' || c == '$' || c == '`') escaped += '\\';
            escaped += c;
        }
        text += key + "=\"" + escaped + "\"\n";
    }
    return text;
}

std::string dashed(const std::string& uuid) {
    return uuid.substr(0, 8) + "-" + uuid.substr(8, 4) + "-" + uuid.substr(12, 4) + "-" +
           uuid.substr(16, 4) + "-" + uuid.substr(20);
}

void append_credentials(Ops& ops, const host::HostFacts& have) {
    if (have.credentials.empty()) return;
    // Not a tmpfs: what is in it must never be swapped out.
    add(ops, kCredentials, Directory{0700});
    add(ops, kCredentials, ApiFs{"ramfs", {{"mode", "0700"}}, kPlainData});
    for (const host::CredentialText& credential : have.credentials) {
        add(ops, std::string(kCredentials) + "/" + credential.name,
            File{.content = credential.text, .mode = 0400});
    }
    add(ops, kCredentials, SetAttributes{.set = kReadOnly});
}

/// What labels of the image say, as the files that box-init reads.
void append_services(Ops& ops, const host::RootFacts& root) {
    if (root.service_texts.empty()) return;
    add(ops, root.services, Directory{0755});
    for (const host::ServiceText& service : root.service_texts) {
        add(ops, root.services + "/" + service.name + ".service.ini",
            File{.content = service.text});
    }
}

/// What the host tells the box, in a tmpfs of its own that ends up read-only (CONTAINER_INTERFACE).
void append_run_host(Ops& ops, const settings::Settings& wanted, const host::HostFacts& have,
                     const host::RootFacts& root, const MountContext& context) {
    const auto in_host = [](const char* name) { return std::string(kHostDirectory) + "/" + name; };
    // A user of the host's brings some ten files, and account files may be large.
    const bool users = !context.users.empty();
    add(ops, kHostDirectory,
        ApiFs{"tmpfs", tmpfs_options("0755", users ? "32m" : "4m", users ? "4096" : "128"),
              kPlainData},
        Missing::create);
    add(ops, in_host("container-manager"),
        File{.content = manager_name(wanted.front) + std::string("\n")});
    add(ops, in_host("container-uuid"), File{.content = dashed(context.uuid) + "\n"});
    if (!have.os_release.empty()) {
        add(ops, in_host("os-release"), File{.content = os_release_text(have.os_release)});
    }
    if (!root.inittab.empty()) add(ops, in_host("inittab"), File{.content = root.inittab});
    add(ops, in_host("inaccessible"), Directory{0755});
    add(ops, in_host("inaccessible/reg"), Node{S_IFREG, 0, 0});
    add(ops, in_host("inaccessible/dir"), Directory{0000});
    add(ops, in_host("inaccessible/fifo"), Node{S_IFIFO, 0, 0});
    add(ops, in_host("inaccessible/sock"), Node{S_IFSOCK, 0, 0});
    add(ops, in_host("inaccessible/chr"), Node{S_IFCHR, 0, 0});
    add(ops, in_host("inaccessible/blk"), Node{S_IFBLK, 0, 0});
    add(ops, in_host("proc-kmsg"), Node{S_IFIFO | 0600, 0, 0});
    add(ops, in_host("proc-sys-kernel-random-boot-id"), RandomId{});
    add(ops, in_host("notify"), NotifySocket{});
    if (!context.propagation.empty()) {
        add(ops, in_host("incoming"), Directory{0700});
        add(ops, in_host("incoming"),
            Bind{.source = context.propagation,
                 .idmapped = false,
                 .attributes = kReadOnly | kNoSuid,
                 .propagate = true});
    }
    if (!context.box_init.empty()) {
        // A read-only clone: whoever reopens /proc/1/exe does not reach the host's file by it.
        add(ops, kBoxInit, Node{S_IFREG | 0555, 0, 0});
        add(ops, kBoxInit,
            Bind{.source = context.box_init,
                 .recursive = false,
                 .idmapped = false,
                 .attributes = kReadOnly | kNoSuid | kNoDev});
    }
    append_services(ops, root);
    append_credentials(ops, have);
    append_users(ops, wanted.files, root, context);
    add(ops, kHostDirectory, SetAttributes{.set = kReadOnly});
}

/// /proc: what is global is read-only or hidden. In a contained box the kernel's own checks already
/// refuse most of it; the masks also hold for what it forgets, and for privileged boxes.
void append_proc(Ops& ops) {
    add(ops, "/proc", ApiFs{"proc", {}, kPlainData}, Missing::create);
    add(ops, "/proc/sys", BindInside{.source = "/proc/sys", .attributes = kReadOnly | kPlainData});
    add(ops, "/proc/sys/kernel/random/boot_id",
        BindInside{.source = "/run/host/proc-sys-kernel-random-boot-id",
                   .attributes = kReadOnly | kPlainData},
        Missing::skip);
    add(ops, "/proc/kmsg", BindInside{.source = "/run/host/proc-kmsg", .attributes = kPlainData},
        Missing::skip);
    for (const char* name : {"acpi", "apm", "asound", "bus", "fs", "irq", "scsi"}) {
        const std::string path = std::string("/proc/") + name;
        add(ops, path, BindInside{.source = path, .attributes = kReadOnly | kPlainData},
            Missing::skip);
    }
    for (const char* name :
         {"kallsyms", "kcore", "keys", "key-users", "latency_stats", "sched_debug", "sysrq-trigger",
          "timer_list", "timer_stats", "interrupts"}) {
        add(ops, std::string("/proc/") + name, Mask{}, Missing::skip);
    }
}

/// The network's settings are the box's own: one more copy, writable again.
void append_network_settings(Ops& ops, const settings::Settings& wanted) {
    if (!wanted.network.is_private()) return;
    add(ops, kNetworkSettings, BindInside{.source = kNetworkSettings, .attributes = kPlainData});
    add(ops, kNetworkSettings, SetAttributes{.clear = kReadOnly});
}

/// /sys: a fresh instance for the box's network namespace, read-only ("no udev here").
void append_sys(Ops& ops, const settings::Settings& wanted, const host::HostFacts& have,
                const MountContext& context) {
    add(ops, "/sys", ApiFs{"sysfs", {}, kPlainData | kReadOnly}, Missing::create);
    for (const char* name : {"firmware", "kernel/debug", "kernel/tracing", "kernel/security",
                             "devices/virtual/powercap", "fs/selinux"}) {
        add(ops, std::string("/sys/") + name, Mask{}, Missing::skip);
    }
    if (!context.cgroup_filesystem) return;
    if (!wanted.security.share.value.cgroup) {
        add(ops, "/sys/fs/cgroup", ApiFs{"cgroup2", {}, kPlainData}, Missing::skip);
        return;
    }
    // A new instance made in the host's cgroup namespace would change the options of the host's.
    add(ops, "/sys/fs/cgroup",
        Bind{.source = have.cgroup.mount,
             .recursive = false,
             .idmapped = false,
             .attributes = kPlainData | kReadOnly},
        Missing::skip);
}

/// With the links by number that systemd expects. All of a kind together: nodes are made with the
/// host's ids, directories and links with the box's.
void append_devices(Ops& ops, const std::vector<host::NamedDevice>& devices) {
    for (const host::NamedDevice& device : devices) {
        add(ops, std::string("/dev/") + device.name,
            Node{S_IFCHR | 0666, device.major_number, device.minor_number});
    }
    for (const host::NamedDevice& device : devices) {
        add(ops, format("/dev/char/%u:%u", device.major_number, device.minor_number),
            Symlink{std::string("../") + device.name});
    }
}

void append_terminals(Ops& ops, const MountContext& context) {
    const auto terminal = [&](const char* name, decltype(MountOp::what) what) {
        add(ops, name, Node{S_IFREG | 0600, 0, 0});
        add(ops, name, std::move(what));
    };
    if (context.console) terminal("/dev/console", Terminal{0});
    for (const int number : context.ttys) {
        const std::string path = format("/dev/tty%d", number);
        // The first terminal of an inittab is the one that somebody looks at.
        if (number == 1 && context.console) {
            terminal(path.c_str(), SameTerminal{0});
        } else {
            terminal(path.c_str(), Terminal{number});
        }
    }
}

void append_dev(Ops& ops, const host::HostFacts& have, const MountContext& context) {
    add(ops, "/dev", ApiFs{"tmpfs", tmpfs_options("0755", "4m", "65536"), kNoSuid | kNoExec},
        Missing::create);
    for (const char* name : {"/dev/char", "/dev/pts", "/dev/shm", "/dev/mqueue"})
        add(ops, name, Directory{0755});
    std::vector<host::NamedDevice> devices(std::begin(host::kPlainDevices),
                                           std::end(host::kPlainDevices));
    if (have.device_fuse) devices.push_back(host::kFuse);
    if (have.device_tun) {
        add(ops, "/dev/net", Directory{0755});
        devices.push_back(host::kTun);
    }
    append_devices(ops, devices);
    add(ops, "/dev/fd", Symlink{"/proc/self/fd"});
    add(ops, "/dev/stdin", Symlink{"/proc/self/fd/0"});
    add(ops, "/dev/stdout", Symlink{"/proc/self/fd/1"});
    add(ops, "/dev/stderr", Symlink{"/proc/self/fd/2"});
    add(ops, "/dev/core", Symlink{"/proc/kcore"});
    add(ops, "/dev/ptmx", Symlink{"pts/ptmx"});
    add(ops, "/dev/pts",
        ApiFs{"devpts",
              {{"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}, {"max", kMostTerminals}},
              kNoSuid | kNoExec});
    add(ops, "/dev/shm",
        ApiFs{"tmpfs", tmpfs_options("1777", "10%", "1048576"), kPlainData & ~kNoExec});
    add(ops, "/dev/mqueue", ApiFs{"mqueue", {}, kPlainData});
    append_terminals(ops, context);
}

}  // namespace

const char* manager_name(settings::Front front) {
    return front == settings::Front::nspawn ? "systemd-nspawn" : "boxctl";
}

void append_api(Ops& ops, const settings::Settings& wanted, const host::HostFacts& have,
                const host::RootFacts& root, const MountContext& context) {
    add(ops, "/run", ApiFs{"tmpfs", tmpfs_options("0755", "20%", "819200"), kNoSuid | kNoDev},
        Missing::create);
    append_run_host(ops, wanted, have, root, context);
    append_proc(ops);
    append_dev(ops, have, context);
    add(ops, "/tmp", ApiFs{"tmpfs", tmpfs_options("1777", "10%", "1048576"), kNoSuid | kNoDev},
        Missing::create);
    append_network_settings(ops, wanted);
    append_sys(ops, wanted, have, context);
}

bool shows_network(const MountOp& op) {
    const auto* api = std::get_if<ApiFs>(&op.what);
    return op.target == kNetworkSettings || (api != nullptr && api->type == "sysfs");
}

}  // namespace boxctl::rootfs
