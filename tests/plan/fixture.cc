// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/plan/fixture.h"

#include <functional>
#include <map>
#include <stdexcept>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace plan_test {
namespace {

using boxctl::parse_boolean;
using boxctl::parse_u32;
using boxctl::split;
using namespace boxctl::host;

std::vector<std::string> words_of(const std::string& text) {
    return text.empty() ? std::vector<std::string>{} : split(text, ' ');
}

bool flag_of(const std::string& text) {
    const auto value = parse_boolean(text);
    if (!value) throw std::runtime_error("no boolean: " + text);
    return *value;
}

uint32_t number_of(const std::string& text) {
    const auto value = parse_u32(text);
    if (!value) throw std::runtime_error("no number: " + text);
    return *value;
}

template <class Enum>
Enum one_of(const std::string& text, const std::map<std::string, Enum>& names) {
    const auto found = names.find(text);
    if (found == names.end()) throw std::runtime_error("unknown word: " + text);
    return found->second;
}

NodeKind node_of(const std::string& text) {
    return one_of<NodeKind>(text, {{"missing", NodeKind::missing},
                                   {"directory", NodeKind::directory},
                                   {"file", NodeKind::file},
                                   {"symlink", NodeKind::symlink},
                                   {"other", NodeKind::other}});
}

InitKind init_kind_of(const std::string& text) {
    for (int kind = 0; kind <= static_cast<int>(InitKind::unknown); kind++) {
        if (text == to_string(static_cast<InitKind>(kind))) return static_cast<InitKind>(kind);
    }
    throw std::runtime_error("unknown init kind: " + text);
}

/// NAME UID GID HOME SHELL [GROUP...]
UserEntry user_of(const std::string& text) {
    const std::vector<std::string> words = words_of(text);
    if (words.size() < 5) throw std::runtime_error("no user: " + text);
    UserEntry user;
    user.name = words[0];
    user.uid = number_of(words[1]);
    user.gid = number_of(words[2]);
    user.home = words[3];
    user.shell = words[4];
    for (size_t i = 5; i < words.size(); i++)
        user.groups.push_back(number_of(words[i]));
    return user;
}

/// "c10:229", "b8:*"
DeviceNumber device_of(const std::string& text) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) throw std::runtime_error("no device: " + text);
    const std::string minor_number = text.substr(colon + 1);
    DeviceNumber device = {text[0] == 'b', number_of(text.substr(1, colon - 1)), std::nullopt};
    if (minor_number != "*") device.minor_number = number_of(minor_number);
    return device;
}

void set_terminals(World& world, bool on) {
    world.host.input_tty = on;
    world.host.output_tty = on;
    world.host.error_tty = on;
}

World debian() {
    World world;
    world.host.os_release = {{"PRETTY_NAME", "Debian GNU/Linux 12 (bookworm)"},
                             {"ID", "debian"},
                             {"VERSION_ID", "12"}};
    world.host.cgroup = {.layout = CgroupLayout::hybrid,
                         .mount = "/sys/fs/cgroup/unified",
                         .own = "/user.slice/session-1.scope",
                         .controllers = {},
                         .writable = true,
                         .device_programs = true};
    world.host.propagates = true;
    world.host.timezone = "Europe/Berlin";
    world.host.localtime = true;
    world.host.device_fuse = true;
    world.host.device_tun = true;
    world.host.term = "xterm-256color";
    world.host.fresh_id = "0123456789abcdef0123456789abcdef";
    world.host.box_init = "/usr/libexec/boxctl/box-init";
    world.host.init_processes = 31337;
    world.host.init_pending_signals = 31337;
    set_terminals(world, true);
    world.root.device = 2049;
    world.root.inode = 4711;
    world.root.filesystem = "ext4";
    world.root.has_usr = true;
    world.root.has_os_release = true;
    world.root.os_release = {{"ID", "alpine"}, {"VERSION_ID", "3.20.3"}};
    world.root.init = "/sbin/init";
    world.root.init_kind = InitKind::busybox;
    world.root.inittab = "::sysinit:/bin/true\ntty1::respawn:/sbin/getty 38400 tty1\n";
    world.root.ttys = {1, 2, 3};
    world.root.login_shell = "/bin/sh";
    return world;
}

World systemd() {
    World world = debian();
    world.host.cgroup = {.layout = CgroupLayout::unified,
                         .mount = "/sys/fs/cgroup",
                         .own = "/machine.slice/web.service",
                         .controllers = {"cpuset", "cpu", "io", "memory", "pids"},
                         .writable = true,
                         .systemd = true,
                         .own_delegated = true,
                         .device_programs = true};
    world.host.services = {.bus = true, .manager = true, .machined = true};
    world.host.resolved_stub = true;
    world.root.os_release = {{"ID", "debian"}, {"VERSION_ID", "12"}};
    world.root.init = "/lib/systemd/systemd";
    world.root.init_kind = InitKind::systemd;
    world.root.inittab.clear();
    world.root.ttys.clear();
    world.root.machine_id = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
    world.root.login_shell = "/bin/bash";
    world.root.resolv_conf = NodeKind::file;
    world.root.localtime = NodeKind::symlink;
    world.root.has_zone = true;
    world.root.usr_links = {"bin", "sbin", "lib", "lib64"};
    return world;
}

World bare() {
    World world;
    world.host.fresh_id = "0123456789abcdef0123456789abcdef";
    world.host.time_namespaces = false;
    world.root.device = 26;
    world.root.inode = 2;
    world.root.filesystem = "tmpfs";
    world.root.init = "/init";
    world.root.init_kind = InitKind::busybox;
    world.root.login_shell = "/bin/sh";
    world.root.missing_directories = {"proc", "sys", "dev", "run", "tmp"};
    return world;
}

using Setter = std::function<void(World&, const std::string&)>;

const std::map<std::string, Setter>& setters() {
    static const std::map<std::string, Setter> all = {
            {"base",
             [](World& w, const std::string& v) {
                 w = one_of<World (*)()>(
                         v, {{"debian", debian}, {"systemd", systemd}, {"bare", bare}})();
             }},
            {"terminal", [](World& w, const std::string& v) { set_terminals(w, flag_of(v)); }},
            {"input_tty", [](World& w, const std::string& v) { w.host.input_tty = flag_of(v); }},
            {"output_tty", [](World& w, const std::string& v) { w.host.output_tty = flag_of(v); }},
            {"error_tty", [](World& w, const std::string& v) { w.host.error_tty = flag_of(v); }},
            {"output_journal",
             [](World& w, const std::string& v) { w.host.output_journal = flag_of(v); }},
            {"passed_fds", [](World& w, const std::string& v) { w.host.passed_fds = words_of(v); }},
            {"cgroup_own", [](World& w, const std::string& v) { w.host.cgroup.own = v; }},
            {"cgroup_controllers",
             [](World& w, const std::string& v) { w.host.cgroup.controllers = words_of(v); }},
            {"cgroup_writable",
             [](World& w, const std::string& v) { w.host.cgroup.writable = flag_of(v); }},
            {"cgroup_own_delegated",
             [](World& w, const std::string& v) { w.host.cgroup.own_delegated = flag_of(v); }},
            {"cgroup_systemd",
             [](World& w, const std::string& v) { w.host.cgroup.systemd = flag_of(v); }},
            {"host_services",
             [](World& w, const std::string& v) {
                 w.host.services = {};
                 for (const std::string& word : words_of(v)) {
                     *one_of<bool*>(word, {{"bus", &w.host.services.bus},
                                           {"manager", &w.host.services.manager},
                                           {"machined", &w.host.services.machined}}) = true;
                 }
             }},
            {"bound_user",
             [](World& w, const std::string& v) {
                 const std::vector<std::string> parts = boxctl::split(v, ':');
                 if (parts.size() != 7) throw std::runtime_error("not a line of passwd: " + v);
                 w.host.bound_users.push_back({parts[0], static_cast<uid_t>(std::stoul(parts[2])),
                                               static_cast<gid_t>(std::stoul(parts[3])), parts[4],
                                               parts[5], parts[6], parts[1]});
             }},
            {"passwd", [](World& w, const std::string& v) { w.root.accounts.passwd = v; }},
            {"group", [](World& w, const std::string& v) { w.root.accounts.group = v; }},
            {"shadow", [](World& w, const std::string& v) { w.root.accounts.shadow = v; }},
            {"userdb", [](World& w, const std::string& v) { w.root.accounts.userdb = flag_of(v); }},
            {"bound_device",
             [](World& w, const std::string& v) {
                 const std::vector<std::string> words = words_of(v);
                 const bool read_only = words.size() > 2 && words[2] == "ro";
                 w.root.bound_devices.push_back({words.at(0), read_only, device_of(words.at(1))});
             }},
            {"ruled_device",
             [](World& w, const std::string& v) {
                 const std::vector<std::string> words = words_of(v);
                 w.root.ruled_devices.push_back({words.at(0), {}});
                 if (words.size() > 1) {
                     w.root.ruled_devices.back().numbers = {device_of(words[1])};
                 }
             }},
            {"device_programs",
             [](World& w, const std::string& v) { w.host.cgroup.device_programs = flag_of(v); }},
            {"propagates", [](World& w, const std::string& v) { w.host.propagates = flag_of(v); }},
            {"localtime", [](World& w, const std::string& v) { w.host.localtime = flag_of(v); }},
            {"services",
             [](World& w, const std::string& v) {
                 w.root.services = v;
                 w.root.init = "box-init";
                 w.root.init_kind = InitKind::box_init;
                 w.root.inittab.clear();
                 w.root.ttys.clear();
             }},
            {"label_service",
             [](World& w, const std::string& v) {
                 w.root.service_texts.push_back({v, "[Service]\nExecStart=/bin/" + v + "\n"});
             }},
            {"init", [](World& w, const std::string& v) { w.root.init = v; }},
            {"init_kind",
             [](World& w, const std::string& v) { w.root.init_kind = init_kind_of(v); }},
            {"inittab", [](World& w, const std::string& v) { w.root.inittab = v; }},
            {"login_shell", [](World& w, const std::string& v) { w.root.login_shell = v; }},
            {"user", [](World& w, const std::string& v) { w.root.user = user_of(v); }},
            {"usr_links", [](World& w, const std::string& v) { w.root.usr_links = words_of(v); }},
            {"tree", [](World& w, const std::string& v) { w.root.tree = v; }},
            {"exposed", [](World& w, const std::string& v) { w.root.exposed = words_of(v); }},
            {"host_journal",
             [](World& w, const std::string& v) { w.root.host_journal = flag_of(v); }},
            {"machine_id", [](World& w, const std::string& v) { w.root.machine_id = v; }},
            {"resolv_conf",
             [](World& w, const std::string& v) { w.root.resolv_conf = node_of(v); }},
            {"root_localtime",
             [](World& w, const std::string& v) { w.root.localtime = node_of(v); }},
            {"has_zone", [](World& w, const std::string& v) { w.root.has_zone = flag_of(v); }},
    };
    return all;
}

}  // namespace

World make_world(const std::vector<Fact>& facts, const std::string& directory,
                 boxctl::settings::Mode mode) {
    World world = debian();
    for (const Fact& fact : facts) {
        const auto setter = setters().find(fact.key);
        if (setter == setters().end()) throw std::runtime_error("unknown fact: " + fact.key);
        setter->second(world, fact.value);
    }
    // As probe_root() does it: `run` looks for no init and its terminals.
    if (mode == boxctl::settings::Mode::run) {
        world.root.init.clear();
        world.root.init_kind = InitKind::unknown;
        world.root.inittab.clear();
        world.root.ttys.clear();
    }
    world.root.path = boxctl::os::normalize_path(
            boxctl::os::is_absolute(directory) ? directory : kCallerDirectory + ("/" + directory));
    if (world.root.tree.empty()) world.root.tree = world.root.path;
    return world;
}

}  // namespace plan_test
