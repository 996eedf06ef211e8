// SPDX-License-Identifier: LGPL-2.1-or-later
// Runs at every launch: a handful of calls, each for one fact, and no mount table.
#include <algorithm>
#include <cstdlib>

#include <fcntl.h>
#include <limits.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/host/lines.h"
#include "lib/host/os_release.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"
#include "lib/os/journal.h"
#include "lib/os/passed.h"
#include "lib/os/process.h"

namespace boxctl::host {
namespace {

bool exists(const char* path) {
    return access(path, F_OK) == 0;
}

OsRelease read_os_release() {
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        if (const auto text = os::read_file(path, kOsReleaseLimit)) return parse_os_release(*text);
    }
    return {};
}

std::string read_link(const char* path) {
    char target[PATH_MAX];
    const ssize_t length = readlink(path, target, sizeof target);
    return length > 0 ? std::string(target, static_cast<size_t>(length)) : std::string();
}

// A device node may be there and the device cgroup still forbid it: only opening it tells.
bool opens(const char* device) {
    return os::open_host(device, O_RDWR | O_NONBLOCK).has_value();
}

uint64_t init_limit(__rlimit_resource resource) {
    struct rlimit limit = {};
    return prlimit(1, resource, nullptr, &limit) == 0 ? limit.rlim_max : 0;
}

// Identity of the mount of `path` or of its nearest existing ancestor; 0: unknown.
uint64_t mount_id(std::string path) {
    while (true) {
        struct statx status = {};
        if (statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_MNT_ID, &status) == 0) {
            return (status.stx_mask & STATX_MNT_ID) != 0 ? status.stx_mnt_id : 0;
        }
        if (errno != ENOENT || path == "/") return 0;
        path = os::split_path(path).first;
    }
}

}  // namespace

std::optional<bool> shared_flag(std::string_view mountinfo_line, uint64_t id) {
    if (parse_u64(take_field(mountinfo_line, ' ')) != id) return std::nullopt;
    // parent, device, root, mount point, options; then optional fields up to a single "-"
    for (int i = 0; i < 5; i++)
        take_field(mountinfo_line, ' ');
    while (!mountinfo_line.empty()) {
        const std::string_view field = take_field(mountinfo_line, ' ');
        if (field == "-") break;
        if (field.starts_with("shared:")) return true;
    }
    return false;
}

bool on_shared_mount(const std::string& path) {
    const uint64_t id = mount_id(os::normalize_path(path));
    const auto table = os::open_host("/proc/self/mountinfo", O_RDONLY);
    if (id == 0 || !table) return false;
    std::string pending;
    char buffer[4096];
    while (true) {
        const ssize_t got = read(table->get(), buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        pending.append(buffer, static_cast<size_t>(got));
        std::string_view rest = pending;
        while (rest.find('\n') != std::string_view::npos) {
            if (const auto shared = shared_flag(take_field(rest, '\n'), id)) return *shared;
        }
        pending.erase(0, pending.size() - rest.size());
    }
}

std::string zone_of_link(std::string_view target) {
    constexpr std::string_view kDirectory = "/zoneinfo/";
    const size_t at = target.rfind(kDirectory);
    if (at == std::string_view::npos) return {};
    const std::string_view zone = target.substr(at + kDirectory.size());
    // tz names are letters, digits and a few signs; this one becomes part of a path in the tree.
    constexpr std::string_view kLetters =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
    if (zone.find_first_not_of(kLetters) != std::string_view::npos) return {};
    return std::string(zone);
}

namespace {

/// 128 random bits in the shape of a version 4 UUID (machine-id(5)).
std::string random_id() {
    unsigned char id[16] = {};
    // Never short for so few bytes, and blocks only before the host's own first seeding
    // (getrandom(2)).
    while (getrandom(id, sizeof id, 0) < 0 && errno == EINTR) {
    }
    id[6] = static_cast<unsigned char>((id[6] & 0x0fU) | 0x40U);
    id[8] = static_cast<unsigned char>((id[8] & 0x3fU) | 0x80U);
    std::string text;
    for (const unsigned char byte : id)
        text += format("%02x", byte);
    return text;
}

}  // namespace

namespace {

/// Those before the one that is kept for ourselves: systemd puts what it kept behind sockets.
std::vector<std::string> probe_passed() {
    std::vector<std::string> names = os::passed_fd_names(&getenv, getpid());
    names.erase(std::find(names.begin(), names.end(), os::kLeaderFdName), names.end());
    return names;
}

ServiceFacts probe_services(bool systemd) {
    ServiceFacts facts;
    if (!systemd) return facts;
    facts.bus = exists("/run/dbus/system_bus_socket");
    facts.manager = exists("/run/systemd/private");
    facts.machined = facts.bus &&
                     exists("/usr/share/dbus-1/system-services/org.freedesktop.machine1.service");
    return facts;
}

}  // namespace

std::string find_box_init() {
    const auto own = os::own_program();
    if (!own) return {};
    for (const char* place : {BOXCTL_INIT_FROM_BIN, "../box-init/box-init"}) {
        std::string path = os::normalize_path(os::split_path(*own).first + "/" + place);
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    return {};
}

HostFacts probe_host() {
    HostFacts facts;
    facts.uid = geteuid();
    facts.os_release = read_os_release();
    facts.cgroup = probe_cgroup();
    facts.services = probe_services(facts.cgroup.systemd);
    facts.propagates = on_shared_mount("/run/boxctl");
    facts.time_namespaces = exists("/proc/self/ns/time");
    facts.localtime = exists("/etc/localtime");
    facts.timezone = zone_of_link(read_link("/etc/localtime"));
    facts.resolved_stub = exists("/run/systemd/resolve/stub-resolv.conf");
    facts.device_fuse = opens("/dev/fuse");
    facts.device_tun = opens("/dev/net/tun");
    facts.input_tty = isatty(STDIN_FILENO) == 1;
    facts.output_tty = isatty(STDOUT_FILENO) == 1;
    facts.error_tty = isatty(STDERR_FILENO) == 1;
    // A service in a root directory of its own does not see the socket.
    facts.output_journal = os::is_journal_stream(os::BorrowedFd(STDOUT_FILENO)) &&
                           access(os::kJournalSocket, W_OK) == 0;
    facts.passed_fds = probe_passed();
    facts.fresh_id = random_id();
    if (const char* term = getenv("TERM")) facts.term = term;
    facts.box_init = find_box_init();
    if (const auto text = os::read_file("/proc/sys/fs/nr_open")) {
        if (const auto number = parse_u64(trim(*text))) facts.nr_open = *number;
    }
    facts.init_processes = init_limit(RLIMIT_NPROC);
    facts.init_pending_signals = init_limit(RLIMIT_SIGPENDING);
    return facts;
}

}  // namespace boxctl::host
