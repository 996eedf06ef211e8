// SPDX-License-Identifier: LGPL-2.1-or-later
// The host's users by its own C library, the only one that knows all of them. Whatever it loads to
// ask (nss_sss, nss_ldap) is loaded when a user is to be bound and not before.
#include <algorithm>

#include <grp.h>
#include <pwd.h>
#include <shadow.h>

#include "lib/base/text.h"
#include "lib/host/facts.h"
#include "lib/os/file.h"

namespace boxctl::host {
namespace {

constexpr size_t kEntryLimit = 64U << 10U;  // of one entry with all its strings
constexpr uid_t kFirstOfPeople = 1000;      // systemd's and login.defs(5)'s usual border
constexpr uid_t kNobody = 65534;

/// What the reentrant calls of getpwnam_r(3) and its kin find, in a buffer of its own.
template <class Entry, class Call>
Result<bool> look_up(Entry& entry, std::string& buffer, Call call) {
    buffer.resize(kEntryLimit);
    Entry* found = nullptr;
    const int code = call(&entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) return true;
    // "Not found" has several spellings there, see the manual page.
    const bool absent =
            code == 0 || code == ENOENT || code == ESRCH || code == EBADF || code == EPERM;
    if (absent) return false;
    return Error(code, "ask for it");
}

/// Can it be a field of passwd(5) and be shown to people?
bool is_field(const std::string& text) {
    return text.find(':') == std::string::npos && printable(text) == text;
}

std::string text_of(const char* text) {
    return text == nullptr ? "" : text;
}

/// A hash and nothing else: "!" and "*" lock an account, "x" only points to shadow.
std::string usable_hash(std::string hash) {
    const bool locked = hash.empty() || hash[0] == '!' || hash[0] == '*' || hash == "x";
    return locked || !is_field(hash) ? "" : hash;
}

std::string read_hash(const struct passwd& user) {
    if (std::string hash = usable_hash(text_of(user.pw_passwd)); !hash.empty()) return hash;
    struct spwd entry = {};
    std::string buffer;
    const auto found = look_up(entry, buffer, [&](auto... arguments) {
        return getspnam_r(user.pw_name, arguments...);
    });
    // Who is not root may not see it, and an account can do without one.
    return found && *found ? usable_hash(text_of(entry.sp_pwdp)) : "";
}

/// GECOS is "Name,Room,Phone…" (passwd(5)).
std::string read_real_name(const struct passwd& user) {
    std::string name = text_of(user.pw_gecos);
    name.resize(std::min(name.find(','), name.size()));
    return is_field(name) ? name : "";
}

Result<void> check_kind(const struct passwd& user) {
    const bool person = user.pw_uid >= kFirstOfPeople && user.pw_uid != kNobody;
    if (person) return {};
    return Error(EPERM, format("it is a user of the system's (id %u), and only people can be taken "
                               "into a box",
                               user.pw_uid));
}

/// One id of the box can stand for one of the host only: a group of several would give the box's
/// root their files.
Result<void> check_group(const struct passwd& user) {
    struct group group = {};
    std::string buffer;
    const bool found = BOX_TRY(look_up(group, buffer, [&](auto... arguments) {
        return getgrgid_r(user.pw_gid, arguments...);
    }));
    if (found && text_of(group.gr_name) == text_of(user.pw_name)) return {};
    Error error(EPERM, format("its group %u is not a group of its own", user.pw_gid));
    error.set_hint("bind the directories that are needed with --bind=…:map=HOST/BOX");
    return error;
}

Result<HostUser> read_user(const std::string& name) {
    struct passwd entry = {};
    std::string buffer;
    const bool found = BOX_TRY(look_up(entry, buffer, [&](auto... arguments) {
        return getpwnam_r(name.c_str(), arguments...);
    }));
    if (!found) return Error("there is no such user on this host");
    BOX_TRY(check_kind(entry));
    BOX_TRY(check_group(entry));
    HostUser user;
    user.name = name;
    user.uid = entry.pw_uid;
    user.gid = entry.pw_gid;
    user.real_name = read_real_name(entry);
    user.home = os::normalize_path(text_of(entry.pw_dir));
    if (!os::is_absolute(text_of(entry.pw_dir)) || user.home == "/") {
        return Error("its home directory is " + quote(text_of(entry.pw_dir)));
    }
    user.shell = text_of(entry.pw_shell);
    if (!is_field(user.shell)) user.shell.clear();
    user.password = read_hash(entry);
    return user;
}

}  // namespace

Result<std::vector<HostUser>> read_bound_users(const settings::Settings& wanted) {
    std::vector<HostUser> users;
    for (const settings::BoundUser& user : wanted.files.bind_users.value) {
        users.push_back(
                BOX_TRY(read_user(user.name).context("bind the host's user " + quote(user.name))));
    }
    return users;
}

}  // namespace boxctl::host
