// SPDX-License-Identifier: LGPL-2.1-or-later
// Reads a tree that may be hostile. Every path is resolved by openat2(2) inside the tree, or is
// one name looked at without following it. A file that only informs (os-release, machine-id,
// inittab) and cannot be read is as good as none; one that decides (passwd, when a user was asked
// for; the directories that are mounted over) is an error.
#include <algorithm>

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/host/account_files.h"
#include "lib/host/filesystems.h"
#include "lib/host/init_kind.h"
#include "lib/host/inittab.h"
#include "lib/host/os_release.h"
#include "lib/host/passwd.h"
#include "lib/host/probe.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

NodeKind kind_of(mode_t mode) {
    if (S_ISDIR(mode)) return NodeKind::directory;
    if (S_ISREG(mode)) return NodeKind::file;
    if (S_ISLNK(mode)) return NodeKind::symlink;
    return NodeKind::other;
}

// What the one name (no slash) in `dir` is; links are not followed, so this cannot leave it.
NodeKind node_at(os::BorrowedFd dir, const char* name) {
    struct stat status = {};
    if (fstatat(dir.get(), name, &status, AT_SYMLINK_NOFOLLOW) < 0) return NodeKind::missing;
    return kind_of(status.st_mode);
}

NodeKind resolved_kind(os::BorrowedFd root, const std::string& path) {
    const auto fd = os::open_in(root, path, O_PATH);
    if (!fd) return NodeKind::missing;
    const auto status = os::status_of(*fd);
    return status ? kind_of(status->st_mode) : NodeKind::missing;
}

// Text of a file that only informs.
std::optional<std::string> read_optional(os::BorrowedFd root, const std::string& path,
                                         size_t limit) {
    auto text = os::read_untrusted(root, path, limit);
    if (text) return std::move(text).value();
    if (text.error().code() != ENOENT) log::debug(text.error().message() + ", ignoring");
    return std::nullopt;
}

// Text of a file that decides: only its absence is harmless.
Result<std::string> read_deciding(os::BorrowedFd root, const std::string& path, size_t limit) {
    auto text = os::read_untrusted(root, path, limit);
    if (!text && text.error().code() == ENOENT) return std::string();
    return std::move(text).context("box");
}

// The directories that are mounted over must be real: a link there would be followed by somebody
// some day, and a tree that has one was made to try (security.md: B2).
Result<void> check_directories(os::BorrowedFd root, RootFacts& facts) {
    for (const char* name : {"proc", "sys", "dev", "run", "tmp"}) {
        const NodeKind kind = node_at(root, name);
        const bool may_be_link = std::string_view(name) == "tmp";
        if (kind == NodeKind::missing) {
            facts.missing_directories.emplace_back(name);
        } else if (kind != NodeKind::directory && !may_be_link) {
            return Error(format("/%s of the box is %s, not a directory", name,
                                kind == NodeKind::symlink ? "a symbolic link" : "a file"));
        }
    }
    return {};
}

/// Whose lock keeps others away from the tree: also those who start in another part of it.
Result<void> probe_tree(const settings::ImageSettings& image, os::BorrowedFd root,
                        RootFacts& facts) {
    os::UniqueFd named;
    if (!image.pivot_root.value.new_root.empty()) {
        named = BOX_TRY(open_root(image.directory.value));
    }
    const os::BorrowedFd tree = named.valid() ? os::BorrowedFd(named) : root;
    const struct stat status = BOX_TRY(os::status_of(tree));
    facts.device = status.st_dev;
    facts.inode = status.st_ino;
    facts.tree = BOX_TRY(os::host_path(tree));
    return {};
}

Result<void> probe_place(os::BorrowedFd root, RootFacts& facts) {
    const struct stat status = BOX_TRY(os::status_of(root));
    struct stat host = {};
    if (stat("/", &host) < 0) return errno_error("stat '/'");
    facts.is_host_root = status.st_dev == host.st_dev && status.st_ino == host.st_ino;
    const uint64_t magic = BOX_TRY(os::filesystem_magic(root));
    facts.filesystem = filesystem_name(magic);
    facts.can_idmap = filesystem_can_idmap(magic);
    facts.path = BOX_TRY(os::host_path(root));
    return {};
}

// Can users other than root reach what is in the directory `path`, absolute and without links, and
// would a set-user-id bit count there? Owners of a directory on the way are passed over: whoever
// works with sudo has the tree at home.
bool is_exposed(const std::string& path) {
    struct statvfs mount = {};
    if (statvfs(path.c_str(), &mount) < 0 || (mount.f_flag & ST_NOSUID) != 0) return false;
    for (std::string at = path; at != "/"; at = os::split_path(at).first) {
        struct stat status = {};
        if (stat(at.c_str(), &status) < 0 || (status.st_mode & S_IXOTH) == 0) return false;
    }
    return true;
}

// The box's root is the host's there, as far as owners go: the maps show id 0 of the disk as its
// own (B14).
void probe_exposure(const settings::Settings& wanted, const HostFacts& have, RootFacts& facts) {
    const settings::ImageSettings& image = wanted.image;
    const bool written = !image.read_only.value && !image.ephemeral.value &&
                         image.volatile_.value == settings::Volatile::no;
    if (written && is_exposed(facts.path)) facts.exposed.push_back(facts.path);
    for (const settings::BindMount& bind : wanted.files.binds.value) {
        const bool own_ids = bind.ids == settings::BindMount::Ids::noidmap;
        if (bind.in_tree || bind.read_only || own_ids || bind.source.empty()) continue;
        char resolved[PATH_MAX];
        if (realpath(bind.source.c_str(), resolved) == nullptr) continue;
        struct stat status = {};
        const bool directory = stat(resolved, &status) == 0 && S_ISDIR(status.st_mode);
        if (directory && is_exposed(resolved)) facts.exposed.emplace_back(resolved);
    }
    for (const HostUser& user : have.bound_users) {
        if (is_exposed(user.home)) facts.exposed.push_back(user.home);
    }
}

// Names in / that a merged /usr leaves as links into it.
void probe_usr(os::BorrowedFd root, RootFacts& facts) {
    facts.has_usr = node_at(root, "usr") == NodeKind::directory;
    for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
        char target[PATH_MAX];
        const ssize_t length = readlinkat(root.get(), name, target, sizeof target);
        if (length < 0) continue;
        std::string_view inside(target, static_cast<size_t>(length));
        if (inside.starts_with('/')) inside.remove_prefix(1);
        // Not always to its namesake: lib64 leads to usr/lib on some, beside a usr/lib64.
        const bool leads_in =
                inside.starts_with("usr/") &&
                resolved_kind(root, std::string("/usr/") + name) == NodeKind::directory;
        if (leads_in) facts.usr_links.emplace_back(name);
    }
}

void probe_etc(os::BorrowedFd root, RootFacts& facts) {
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        if (const auto text = read_optional(root, path, kOsReleaseLimit)) {
            facts.os_release = parse_os_release(*text);
            facts.has_os_release = true;
            break;
        }
    }
    const auto etc = os::open_in(root, "/etc", O_PATH | O_DIRECTORY);
    if (!etc) return;
    facts.resolv_conf = node_at(*etc, "resolv.conf");
    facts.localtime = node_at(*etc, "localtime");
    if (node_at(*etc, "machine-id") == NodeKind::missing) return;
    if (const auto text = read_optional(root, "/etc/machine-id", 4096)) {
        facts.machine_id = parse_machine_id(*text);
        facts.host_journal =
                !facts.machine_id.empty() && exists("/var/log/journal/" + facts.machine_id);
    }
}

// The file at `path` if it could be an init.
Result<os::UniqueFd> open_init(os::BorrowedFd root, const std::string& path) {
    os::UniqueFd fd = BOX_TRY(os::open_in(root, path, O_PATH));
    const struct stat status = BOX_TRY(os::status_of(fd));
    if (!S_ISREG(status.st_mode) || (status.st_mode & 0111U) == 0) {
        return Error(EACCES, quote(path) + " is not an executable file");
    }
    return fd;
}

std::string read_start(os::BorrowedFd root, const std::string& path) {
    const auto fd = os::open_in(root, path, O_RDONLY | O_NONBLOCK);
    if (!fd) return {};
    // An init is far smaller than the limit, and clearing memory for it would cost more than the
    // read.
    const auto status = os::status_of(*fd);
    if (!status || !S_ISREG(status->st_mode)) return {};
    std::string text(std::min(static_cast<size_t>(status->st_size), kInitScanLimit), '\0');
    size_t have = 0;
    while (have < text.size()) {
        const ssize_t got = read(fd->get(), text.data() + have, text.size() - have);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        have += static_cast<size_t>(got);
    }
    text.resize(have);
    return text;
}

InitKind detect_kind(os::BorrowedFd root, const RootFacts& facts, os::BorrowedFd init) {
    std::string resolved;
    if (const auto path = os::host_path(init)) resolved = *path;
    const std::string prefix = facts.path == "/" ? "" : facts.path;
    if (resolved.starts_with(prefix + "/")) resolved.erase(0, prefix.size());
    const InitKind by_name = init_kind_by_name(facts.init, resolved);
    if (by_name != InitKind::unknown) return by_name;
    const InitKind by_content = init_kind_by_content(read_start(root, facts.init));
    if (by_content != InitKind::unknown) return by_content;
    // s6-overlay's /init is a script whose text has changed much.
    const bool overlay =
            facts.init == "/init" && resolved_kind(root, "/etc/s6-overlay") == NodeKind::directory;
    return overlay ? InitKind::s6 : InitKind::unknown;
}

// Whoever puts service files into a tree wants them run, also where some package left an init.
bool has_services(os::BorrowedFd root) {
    const auto dir = os::open_in(root, kServiceDirectory, O_RDONLY | O_DIRECTORY);
    if (!dir) return false;
    const auto names = os::list_directory(*dir);
    return names && std::any_of(names->begin(), names->end(), [](const std::string& name) {
               return name.ends_with(".service.ini") && !name.starts_with('.');
           });
}

/// Whoever labels an image wants its services run, also where some package left an init. What a
/// tree says itself comes first: labels are inherited from image to image. systemd-nspawn(1) knows
/// none.
Result<void> probe_services(const settings::Settings& wanted, os::BorrowedFd root,
                            RootFacts& facts) {
    if (has_services(root)) {
        facts.services = kServiceDirectory;
    } else if (wanted.front == settings::Front::boxctl) {
        auto labels = BOX_TRY(read_service_labels(root));
        if (!labels) return {};
        facts.services = labels->path.empty() ? kLabelDirectory : labels->path;
        facts.service_texts = std::move(labels->texts);
    } else {
        return {};
    }
    facts.init = "box-init";
    facts.init_kind = InitKind::box_init;
    return {};
}

Result<void> probe_init(const settings::Settings& wanted, os::BorrowedFd root, RootFacts& facts) {
    const std::string& named = wanted.exec.init.value;
    if (named.empty()) BOX_TRY(probe_services(wanted, root, facts));
    if (!facts.services.empty()) return {};
    const std::vector<std::string> only = {named};
    for (const std::string& path : named.empty() ? init_candidates() : only) {
        auto fd = open_init(root, path);
        if (!fd && !named.empty()) return std::move(fd).context("init of the box").error();
        if (!fd) continue;
        facts.init = path;
        facts.init_kind = detect_kind(root, facts, *fd);
        break;
    }
    // Where systemd boots, nobody reads inittab.
    if (facts.init_kind != InitKind::systemd) {
        const auto inittab = read_optional(root, "/etc/inittab", kInittabLimit);
        if (inittab) facts.ttys = parse_inittab_ttys(*inittab);
        if (inittab && facts.init_kind == InitKind::busybox) {
            facts.inittab = usable_inittab(*inittab, [&](const std::string& path) {
                return resolved_kind(root, path) == NodeKind::file;
            });
        }
    }
    return {};
}

void probe_shell_and_zone(os::BorrowedFd root, const HostFacts& have, RootFacts& facts) {
    for (const char* path : {"/bin/bash", "/bin/sh"}) {
        if (resolved_kind(root, path) != NodeKind::file) continue;
        facts.login_shell = path;
        break;
    }
    if (have.timezone.empty()) return;
    const std::string zone = "/usr/share/zoneinfo/" + have.timezone;
    facts.has_zone = resolved_kind(root, zone) == NodeKind::file;
}

void probe_devices(const settings::Settings& wanted, RootFacts& facts) {
    for (const settings::BindMount& bind : wanted.files.binds.value) {
        struct stat status = {};
        // Of a source that is not there the mount itself will tell.
        if (bind.in_tree || stat(bind.source.c_str(), &status) < 0) continue;
        if (const auto device = device_of(status.st_mode, status.st_rdev)) {
            facts.bound_devices.push_back({bind.source, bind.read_only, *device});
        }
    }
    for (const settings::Assignment& property : wanted.resources.properties.value) {
        const std::vector<std::string> words = split_blanks(property.value);
        if (property.name != "DeviceAllow" || words.empty()) continue;
        facts.ruled_devices.push_back({words.front(), find_devices(words.front())});
    }
}

/// Whether the library is there that nsswitch.conf speaks of. Debian and its kin keep it in a
/// directory of the architecture's name.
bool has_nss_systemd(os::BorrowedFd root) {
    std::vector<std::string> places = {"/usr/lib", "/usr/lib64"};
    if (const auto dir = os::open_in(root, "/usr/lib", O_RDONLY | O_DIRECTORY)) {
        if (const auto names = os::list_directory(*dir)) {
            for (const std::string& name : *names) {
                if (name.find("-linux-gnu") != std::string::npos)
                    places.push_back("/usr/lib/" + name);
            }
        }
    }
    return std::any_of(places.begin(), places.end(), [&](const std::string& place) {
        return resolved_kind(root, place + "/libnss_systemd.so.2") == NodeKind::file;
    });
}

Result<AccountFiles> probe_accounts(os::BorrowedFd root) {
    AccountFiles files;
    files.passwd = BOX_TRY(read_deciding(root, "/etc/passwd", kPasswdLimit));
    files.group = BOX_TRY(read_deciding(root, "/etc/group", kPasswdLimit));
    files.shadow = BOX_TRY(read_deciding(root, "/etc/shadow", kPasswdLimit));
    const auto nsswitch = read_optional(root, "/etc/nsswitch.conf", 64U << 10U);
    files.userdb = nsswitch && asks_userdb(*nsswitch) && has_nss_systemd(root);
    return files;
}

/// Who starts may be one of the users of the host.
Result<UserEntry> find_bound_user(const settings::Settings& wanted, const HostFacts& have,
                                  const RootFacts& facts) {
    const auto users = BOX_TRY(place_users(wanted.files, have.bound_users, facts.accounts));
    const AccountFiles files = add_users(facts.accounts, users, facts.login_shell);
    return find_user(files.passwd, files.group, wanted.exec.user.value);
}

}  // namespace

std::string parse_machine_id(std::string_view text) {
    const std::string_view id = trim(text);
    const bool valid = id.size() == 32 &&
                       id.find_first_not_of("0123456789abcdef") == std::string_view::npos &&
                       id.find_first_not_of('0') != std::string_view::npos;
    return valid ? std::string(id) : std::string();
}

Result<UserEntry> probe_user(const settings::Settings& wanted, os::BorrowedFd root) {
    if (!wanted.exec.user.is_set()) {
        // Nobody was asked for: root, with what a readable passwd says of its home and shell, and
        // without supplementary groups.
        const auto passwd = read_optional(root, "/etc/passwd", kPasswdLimit);
        return find_user(passwd.value_or(""), "", "0");
    }
    const std::string passwd = BOX_TRY(read_deciding(root, "/etc/passwd", kPasswdLimit));
    const std::string group = BOX_TRY(read_deciding(root, "/etc/group", kPasswdLimit));
    return find_user(passwd, group, wanted.exec.user.value);
}

Result<RootFacts> probe_root(const settings::Settings& wanted, const HostFacts& have,
                             os::BorrowedFd root) {
    RootFacts facts;
    BOX_TRY(probe_tree(wanted.image, root, facts));
    BOX_TRY(probe_place(root, facts));
    probe_exposure(wanted, have, facts);
    BOX_TRY(check_directories(root, facts));
    probe_usr(root, facts);
    probe_etc(root, facts);
    if (wanted.mode == settings::Mode::boot) BOX_TRY(probe_init(wanted, root, facts));
    probe_shell_and_zone(root, have, facts);
    probe_devices(wanted, facts);
    if (!have.bound_users.empty()) facts.accounts = BOX_TRY(probe_accounts(root));
    // A boot starts as the init does; its user is looked at only when one was named.
    if (wanted.exec.user.is_set() && !have.bound_users.empty()) {
        facts.user = BOX_TRY(find_bound_user(wanted, have, facts));
    } else if (wanted.mode == settings::Mode::run || wanted.exec.user.is_set()) {
        facts.user = BOX_TRY(probe_user(wanted, root));
    }
    return facts;
}

}  // namespace boxctl::host
