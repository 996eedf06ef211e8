// SPDX-License-Identifier: LGPL-2.1-or-later
// Settings: what the user asked for, and where each wish comes from.
//
// One struct a subject, plain values only. Front ends (the command line, files) fill it through the
// one table in settings/table.h; nobody else writes it. The planner turns it into a Plan. Nothing
// here touches the system.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/security/address_families.h"
#include "lib/security/call_filter.h"
#include "lib/security/rlimits.h"
#include "lib/settings/field.h"
#include "lib/settings/mounts.h"
#include "lib/settings/ready_rule.h"

namespace boxctl::settings {

/// Whose command line was read: where neither it nor a file says anything, the defaults are its.
enum class Front {
    boxctl,
    nspawn,  ///< called as systemd-nspawn
};

/// What boxctl runs in the tree.
enum class Mode {
    boot,  ///< the tree's own init, found or named
    run,   ///< one command, or a login shell
};

enum class Volatile { no, yes, state, overlay };

struct ImageSettings {
    Field<std::string> directory;  ///< the root, as the user wrote it
    Field<std::string> machine;    ///< name; empty: derived from the directory
    Field<bool> read_only;
    Field<Volatile> volatile_;
    Field<bool> ephemeral;
    Field<std::string> template_;  ///< copied to where the root is to be, if there is none
    Field<PivotRoot> pivot_root;
};

struct UserRange {
    enum class Kind { pick, no, identity, fixed };
    Kind kind = Kind::pick;
    uint32_t base = 0;       ///< fixed: first host id
    uint32_t count = 65536;  ///< fixed: how many
};

struct Variable {
    std::string name;
    std::string value;
    Origin origin = {};
};

/// --stop-timeout=none: wait for the init as long as it takes.
constexpr uint32_t kNoTimeout = UINT32_MAX;

/// What --personality= makes uname(2) say.
enum class Personality { none, x86_64, x86, arm64, arm };

enum class LinkJournal { no, auto_, host, try_host, guest, try_guest };

/// How the owners of the tree on disk become the box's.
enum class Ownership {
    auto_,
    map,  ///< an id-mapped mount
    off,  ///< not at all
};

/// --register: whether systemd-machined is told of the machine
enum class Registration { auto_, no, yes };

/// --set-credential=ID:VALUE, --load-credential=ID:PATH
struct Credential {
    std::string name;
    std::string value;  ///< of --set-credential
    std::string path;   ///< of --load-credential; empty: `value` counts
    Origin origin = {};
};

struct ExecSettings {
    Field<bool> boot;                           ///< what a file wants; boxctl's verbs do not ask it
    Field<std::vector<std::string>> arguments;  ///< init arguments (boot) or the command (run)
    Field<std::string> init;                    ///< boot: path of the init inside; empty: find it
    Field<std::string> working_directory;       ///< --chdir
    Field<std::vector<Variable>> environment;
    Field<std::string> user;
    Field<int> kill_signal;                ///< 0: by the kind of init
    Field<uint32_t> stop_timeout{30, {}};  ///< seconds, or kNoTimeout
    Field<ReadyRule> ready;
    Field<std::string> hostname;  ///< empty: the machine's name
    Field<std::string> uuid;      ///< 32 hex digits, or empty
    Field<UserRange> private_users;
    Field<Ownership> ownership;
    Field<std::optional<int>> oom_score_adjust;  ///< -1000 to 1000
    Field<std::vector<uint32_t>> cpu_affinity;   ///< processors, ascending; empty: all
    Field<Personality> personality;
    Field<LinkJournal> link_journal;
    Field<std::vector<Credential>> credentials;
    Field<bool> clock_offset{true, {}};  ///< clocks start at zero in the box
    Field<bool> as_pid2;                 ///< run: the command below box-init, which is PID 1
    Field<Registration> registration;
    Field<bool> keep_unit;  ///< no cgroup of our own making; reboot exits 133
};

/// Namespaces that can be shared with the host one by one (the network has its own setting).
struct SharedNamespaces {
    bool ipc = false;
    bool uts = false;
    bool cgroup = false;
    bool time = false;
};

enum class ResolvConf {
    auto_,
    off,
    copy_host,
    copy_static,
    copy_uplink,
    copy_stub,
    replace_host,
    replace_static,
    replace_uplink,
    replace_stub,
    bind_host,
    bind_static,
    bind_uplink,
    bind_stub,
    delete_,
};
enum class Timezone { auto_, off, copy, bind, symlink, delete_ };

struct FilesSettings {
    Field<std::vector<BindMount>> binds;
    Field<std::vector<TmpfsMount>> tmpfs;
    Field<std::vector<OverlayMount>> overlays;
    Field<std::vector<HiddenPath>> inaccessible;
    Field<std::vector<BoundUser>> bind_users;
    Field<BoundShell> bind_user_shell;
    Field<std::vector<std::string>> bind_user_groups;  ///< of the box, that these users are in
    Field<ResolvConf> resolv_conf;
    Field<Timezone> timezone;
};

struct NetworkSettings {
    Field<bool> private_network{true, {}};
    Field<bool> veth;
    /// A cable implies a network of the box's own.
    [[nodiscard]] bool is_private() const { return private_network.value || veth.value; }
};

/// --rlimit
struct LimitSetting {
    security::ResourceLimit limit;
    Origin origin = {};
};

struct SecuritySettings {
    Field<uint64_t> add_capabilities;      ///< mask
    Field<uint64_t> drop_capabilities;     ///< mask
    Field<uint64_t> ambient_capabilities;  ///< mask
    Field<bool> no_new_privileges;
    Field<security::CallWishes> calls;  ///< changes to the default filter
    Field<security::FamilyFilter> families;
    Field<bool> suppress_sync;
    Field<std::vector<LimitSetting>> rlimits;
    Field<SharedNamespaces> share;
};

/// NAME=VALUE where the order counts and a name may come again.
struct Assignment {
    std::string name;
    std::string value;
};

struct ResourceSettings {
    Field<std::vector<Assignment>> properties;  ///< MemoryMax=512M …, in systemd's spelling
    Field<std::string> slice;                   ///< unit name; empty: machine.slice
};

/// How the box's console meets the caller.
enum class Console {
    auto_,        ///< interactive on a terminal, read_only otherwise
    interactive,  ///< a pty, forwarded both ways
    read_only,    ///< a pty, output only
    passive,      ///< a pty nobody forwards
    pipe,         ///< the caller's own descriptors
    autopipe,     ///< interactive on a terminal, pipe otherwise
};

struct ConsoleSettings {
    Field<Console> console;
    Field<bool> quiet;
};

/// Which files of settings are read, and what they may (lib/settings/files.h).
enum class FileUse {
    no,
    yes,        ///< options win; a file beside the tree may not open the host
    override_,  ///< files win
    trusted,    ///< options win; a file beside the tree may everything
};

/// How boxctl itself behaves; not part of the box.
struct ToolSettings {
    Field<FileUse> settings{FileUse::yes, {}};
    Field<bool> dry_run;
    Field<bool> json;
    Field<std::string> log_level;
};

struct Settings {
    Front front = Front::boxctl;
    Mode mode = Mode::boot;
    ImageSettings image;
    ExecSettings exec;
    FilesSettings files;
    NetworkSettings network;
    SecuritySettings security;
    ResourceSettings resources;
    ConsoleSettings console;
    ToolSettings tool;
};

/// What counts where nothing is said. systemd-nspawn's differ: a box shares the host's network,
/// users and clocks unless it is told not to.
Settings defaults_of(Front front);

/// Cross-field rules: every contradiction found, in words; empty when there is none.
std::vector<std::string> validate(const Settings& settings);

/// Why `name` cannot name a machine, or empty when it can: hostname syntax, 1 to 64 characters of
/// a-z A-Z 0-9 . - with no empty, '-'-led or '-'-ended label; ".host" is machined's own (F1).
std::string machine_name_fault(const std::string& name);

/// The machine name for a root directory: the last part of its path without what no name may hold,
/// at most 64 characters. May be empty.
std::string name_of_directory(const std::string& path);
/// At most `length` characters of `name`, with none at the end that no name may end in.
std::string cut_name(std::string name, size_t length);

}  // namespace boxctl::settings
