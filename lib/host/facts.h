// SPDX-License-Identifier: LGPL-2.1-or-later
// Facts: what the machine and the tree offer, probed once, as plain data. Everything the planner
// knows of the world is here, so a plan can be computed from facts written down in a test.
//
// RootFacts come out of a tree that may be hostile: all of it was read through
// os::read_untrusted(), is bounded, and is printed only through printable().
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/host/devices.h"
#include "lib/host/image_labels.h"
#include "lib/os/fd.h"
#include "lib/settings/settings.h"

namespace boxctl::host {

using OsRelease = std::vector<std::pair<std::string, std::string>>;

enum class CgroupLayout {
    none,     ///< nothing of version 2 is mounted
    hybrid,   ///< version 2 beside version 1, below /sys/fs/cgroup/unified
    unified,  ///< version 2 at /sys/fs/cgroup
};

struct CgroupFacts {
    CgroupLayout layout = CgroupLayout::none;
    std::string mount;                     ///< where version 2 is mounted, or empty
    std::string own;                       ///< our own cgroup in it, "/" based
    std::vector<std::string> controllers;  ///< of the root of the hierarchy as we see it
    bool writable = false;                 ///< we may make directories at its root
    bool systemd = false;                  ///< a systemd manages this hierarchy
    bool own_delegated = false;            ///< systemd has handed our own cgroup to its unit
    bool device_programs = false;          ///< BPF programs can decide on devices here
};

/// What of systemd's services there is to talk to. All false where it did not boot the machine.
struct ServiceFacts {
    bool bus = false;       ///< there is a socket of the system bus
    bool manager = false;   ///< there is systemd's own socket
    bool machined = false;  ///< machined is installed: it runs, or the bus starts it when asked
};

/// A device node of the host that is bound into the box.
struct BoundDevice {
    std::string path;
    bool read_only = false;
    DeviceNumber number = {};
};

/// The devices that a rule of DeviceAllow= stands for; none: the host has no such device.
struct RuledDevices {
    std::string rule;  ///< "/dev/kvm", "char-drm"
    std::vector<DeviceNumber> numbers;
};

/// A credential and what is in it.
struct CredentialText {
    std::string name;
    std::string text;
};

/// A user of the host, as its name service switch (nsswitch.conf(5)) knows it.
struct HostUser {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;  ///< of the group with the user's name
    std::string real_name;
    std::string home;
    std::string shell;
    std::string password;  ///< hash of crypt(5); empty: none, or not for us to see
};

struct HostFacts {
    std::vector<CredentialText> credentials;  ///< of read_credentials()
    std::vector<HostUser> bound_users;        ///< of read_bound_users()
    uid_t uid = 0;
    OsRelease os_release;
    CgroupFacts cgroup;
    ServiceFacts services;
    bool propagates = false;  ///< the mount that /run/boxctl is on is shared
    bool time_namespaces = true;
    std::string timezone;         ///< "Europe/Berlin" when /etc/localtime points into zoneinfo
    bool localtime = false;       ///< the host has an /etc/localtime
    bool resolved_stub = false;   ///< systemd-resolved's stub resolv.conf exists
    bool device_fuse = false;     ///< /dev/fuse can be opened
    bool device_tun = false;      ///< /dev/net/tun can be opened
    bool input_tty = false;       ///< our standard input is a terminal
    bool output_tty = false;      ///< our standard output is a terminal
    bool error_tty = false;       ///< our standard error is a terminal
    bool output_journal = false;  ///< our standard output is the journal, which can be reached
    /// Names of the sockets and such that we were passed from descriptor 3 on, to hand on.
    std::vector<std::string> passed_fds;
    std::string term;             ///< $TERM of the caller
    std::string box_init;         ///< path of the box-init that belongs to this boxctl, or empty
    std::string fresh_id;         ///< 32 random hex digits, for a machine that has no id of its own
    uint64_t nr_open = 1048576;   ///< /proc/sys/fs/nr_open
    uint64_t init_processes = 0;  ///< RLIMIT_NPROC of the host's PID 1; 0: unknown
    uint64_t init_pending_signals = 0;  ///< RLIMIT_SIGPENDING of the host's PID 1; 0: unknown
};

/// Where a tree keeps the services that box-init runs when it is booted.
constexpr const char* kServiceDirectory = "/etc/box-init";
/// Where a box finds those that labels of its image spell out.
constexpr const char* kLabelDirectory = "/run/host/services";

/// Which language PID 1 speaks; decides signals (plan/init_kinds.h).
enum class InitKind { systemd, busybox, sysvinit, openrc, runit, s6, dinit, box_init, unknown };
const char* to_string(InitKind kind);

/// A user of the box, from the tree's own passwd and group files.
struct UserEntry {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups;  ///< supplementary
    std::string name = "root";
    std::string home = "/root";
    std::string shell = "/bin/sh";
};

/// What a tree says of its users; empty where it has no such file.
struct AccountFiles {
    std::string passwd;
    std::string group;
    std::string shadow;
    bool userdb = false;  ///< its C library asks nss-systemd, which reads /run/host/userdb
};

enum class NodeKind { missing, directory, file, symlink, other };

struct RootFacts {
    std::string path;  ///< absolute, symbolic links resolved
    std::string tree;  ///< the same of the directory that was named: `path`, but for --pivot-root
    uint64_t device = 0;  ///< of `tree`, as locks are on it
    uint64_t inode = 0;
    std::string filesystem;  ///< "ext4", "overlay", …
    bool can_idmap = true;
    /// Of the tree and the directories that are bound writable: those that users of the host other
    /// than root can enter and that are not mounted nosuid.
    std::vector<std::string> exposed;
    bool is_host_root = false;  ///< same directory as the host's /
    bool has_usr = false;
    bool has_os_release = false;
    OsRelease os_release;
    std::string init;  ///< boot: path of the init inside, empty: none found
    InitKind init_kind = InitKind::unknown;
    /// boot: its init is our box-init, with the services of this path of the box; empty: another.
    std::string services;
    std::vector<ServiceText> service_texts;  ///< what is to be put there, of labels
    std::string machine_id;                  ///< 32 hex digits of /etc/machine-id, or empty
    /// boot with busybox: its inittab without the entries that cannot work; empty: as it is.
    std::string inittab;
    std::vector<int> ttys;    ///< boot: N of each ttyN that /etc/inittab starts something on
    std::string login_shell;  ///< /bin/bash or /bin/sh, whichever exists; empty: neither
    UserEntry user;           ///< the user asked for; root when none was
    AccountFiles accounts;    ///< with --bind-user
    NodeKind resolv_conf = NodeKind::missing;  ///< what /etc/resolv.conf is
    NodeKind localtime = NodeKind::missing;    ///< what /etc/localtime is
    bool host_journal = false;                 ///< the host has /var/log/journal/MACHINE-ID
    bool has_zone = false;               ///< usr/share/zoneinfo/<host timezone> exists in the tree
    std::vector<std::string> usr_links;  ///< names in / that are links into usr: "bin", "lib"
    std::vector<std::string> missing_directories;  ///< of proc sys dev run tmp, those not there
    std::vector<BoundDevice> bound_devices;        ///< among the sources of --bind
    std::vector<RuledDevices> ruled_devices;       ///< in --property=DeviceAllow=
};

/// Reads the host. Never fails for a bare host: what is absent is a fact too.
HostFacts probe_host();

/// Reads the tree that the settings name. A boot's init and terminals are only looked for in boot
/// mode. Errors: a hostile shape (/proc, /sys, /dev or /run not a directory), the named init is not
/// an executable file, the user asked for is not found or passwd cannot be read.
Result<RootFacts> probe_root(const settings::Settings& wanted, const HostFacts& have,
                             os::BorrowedFd root);

/// What the settings hand to the box, read from files, sockets (connected to and read to the end)
/// and $CREDENTIALS_DIRECTORY; each at most 1 MiB.
Result<std::vector<CredentialText>> read_credentials(const settings::Settings& wanted);

/// The users of --bind-user. Errors: one that the host does not know; root, nobody or a user of the
/// system's; one whose group is not its own; one whose home is / or no absolute path.
Result<std::vector<HostUser>> read_bound_users(const settings::Settings& wanted);

/// Whether there is anything at a path of the host, be it a link that leads nowhere.
bool exists(const std::string& path);

/// The box-init that belongs to this boxctl, or empty: where `make install` puts it and where the
/// build does, seen from our own program. A boxctl never runs the box-init of another version.
std::string find_box_init();

/// Where new machines are kept.
constexpr const char* kMachines = "/var/lib/machines";

/// The directory of the machine `name` where systemd keeps them (/var/lib/machines and others), or
/// empty: none there.
std::string find_machine_directory(const std::string& name);

/// Opens the root directory the settings name (O_PATH). One clear line when it is not there, not a
/// directory, unreadable, or the host's own root (also through a bind mount of it).
Result<os::UniqueFd> open_root(const std::string& directory);
/// What becomes of it with --pivot-root: a directory of the tree, whose links do not lead out.
Result<os::UniqueFd> open_pivoted(os::UniqueFd root, const settings::PivotRoot& pivot);

}  // namespace boxctl::host
