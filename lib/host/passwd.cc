// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/passwd.h"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/base/text.h"
#include "lib/host/lines.h"

namespace boxctl::host {
namespace {

// The last value is "no id" to every call that takes one.
constexpr uint32_t kInvalidId = std::numeric_limits<uint32_t>::max();

std::optional<uint32_t> parse_id(std::string_view text) {
    const auto id = parse_u32(text);
    return id && *id != kInvalidId ? id : std::nullopt;
}

// Splits a line into exactly N fields.
template <size_t N>
std::optional<std::array<std::string_view, N>> fields_of(std::string_view line) {
    if (line.find('\0') != std::string_view::npos) return std::nullopt;
    if (std::count(line.begin(), line.end(), ':') != static_cast<ptrdiff_t>(N - 1)) {
        return std::nullopt;
    }
    std::array<std::string_view, N> fields;
    for (std::string_view& field : fields)
        field = take_field(line, ':');
    return fields;
}

bool is_member(std::string_view members, std::string_view name) {
    while (!members.empty()) {
        if (take_field(members, ',') == name) return true;
    }
    return false;
}

template <class Matches>
std::optional<PasswdEntry> find_entry(std::string_view passwd, Matches matches) {
    while (!passwd.empty()) {
        const auto entry = parse_passwd_line(take_line(passwd));
        if (entry && matches(*entry)) return entry;
    }
    return std::nullopt;
}

std::vector<gid_t> groups_of(std::string_view group, const PasswdEntry& user) {
    std::vector<gid_t> groups;
    while (!group.empty()) {
        const auto entry = parse_group_line(take_line(group));
        if (!entry || entry->gid == user.gid || !is_member(entry->members, user.name)) continue;
        if (groups.size() < kMaxGroups) groups.push_back(entry->gid);
    }
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    return groups;
}

UserEntry describe_user(const PasswdEntry& entry, std::string_view group) {
    UserEntry user;
    user.uid = entry.uid;
    user.gid = entry.gid;
    user.name = entry.name;
    user.groups = groups_of(group, entry);
    // What is no absolute path means nothing to a program that has not started yet.
    user.home = entry.home.starts_with('/') ? entry.home : "/";
    user.shell = entry.shell.starts_with('/') ? entry.shell : "/bin/sh";
    return user;
}

Result<UserEntry> find_by_number(std::string_view passwd, std::string_view group,
                                 std::string_view wanted) {
    const auto uid = parse_id(wanted);
    const bool leading_zero = wanted.size() > 1 && wanted[0] == '0';
    if (!uid || leading_zero) return Error("user " + quote(wanted) + " is not a valid user id");
    const auto entry = find_entry(passwd, [&](const PasswdEntry& e) { return e.uid == *uid; });
    if (entry) return describe_user(*entry, group);
    UserEntry user;
    if (*uid == 0) return user;
    user.uid = *uid;
    user.gid = kNoGroup;
    user.name = wanted;
    user.home = "/";
    return user;
}

}  // namespace

std::optional<PasswdEntry> parse_passwd_line(std::string_view line) {
    const auto fields = fields_of<7>(line);
    if (!fields || (*fields)[0].empty()) return std::nullopt;
    const auto uid = parse_id((*fields)[2]);
    const auto gid = parse_id((*fields)[3]);
    if (!uid || !gid) return std::nullopt;
    return PasswdEntry{(*fields)[0], *uid, *gid, (*fields)[5], (*fields)[6]};
}

std::optional<GroupEntry> parse_group_line(std::string_view line) {
    const auto fields = fields_of<4>(line);
    if (!fields || (*fields)[0].empty()) return std::nullopt;
    const auto gid = parse_id((*fields)[2]);
    if (!gid) return std::nullopt;
    return GroupEntry{(*fields)[0], *gid, (*fields)[3]};
}

Result<UserEntry> find_user(std::string_view passwd, std::string_view group,
                            std::string_view wanted) {
    if (wanted.empty()) return Error("the user's name is empty");
    if (wanted.find_first_not_of("0123456789") == std::string_view::npos) {
        return find_by_number(passwd, group, wanted);
    }
    const auto entry = find_entry(passwd, [&](const PasswdEntry& e) { return e.name == wanted; });
    if (entry) return describe_user(*entry, group);
    if (wanted == "root") return UserEntry();
    return Error("user " + quote(wanted) + " is not in the box's /etc/passwd");
}

}  // namespace boxctl::host
