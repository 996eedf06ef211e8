// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/account_files.h"

#include <algorithm>
#include <limits>
#include <set>

#include "lib/base/text.h"
#include "lib/host/lines.h"
#include "lib/host/passwd.h"
#include "lib/json/json.h"

namespace boxctl::host {
namespace {

struct Taken {
    std::set<uint32_t> ids;
    std::set<std::string, std::less<>> users;
    std::set<std::string, std::less<>> groups;
};

Taken taken_by(const AccountFiles& tree) {
    Taken taken;
    for (std::string_view rest = tree.passwd; !rest.empty();) {
        const auto entry = parse_passwd_line(take_line(rest));
        if (!entry) continue;
        taken.ids.insert({entry->uid, entry->gid});
        taken.users.emplace(entry->name);
    }
    for (std::string_view rest = tree.group; !rest.empty();) {
        const auto entry = parse_group_line(take_line(rest));
        if (!entry) continue;
        taken.ids.insert(entry->gid);
        taken.groups.emplace(entry->name);
    }
    return taken;
}

Result<void> check_names(const HostUser& user, const std::vector<std::string>& groups,
                         const Taken& taken) {
    const std::string what = "bind the host's user " + quote(user.name);
    if (taken.users.contains(user.name)) {
        return Error(EEXIST, what + ": the box has a user of that name");
    }
    if (taken.groups.contains(user.name)) {
        return Error(EEXIST, what + ": the box has a group of that name");
    }
    for (const std::string& group : groups) {
        if (taken.groups.contains(group)) continue;
        return Error("--bind-user-group: the box has no group " + quote(group));
    }
    return {};
}

std::string line_of(const std::vector<std::string>& fields) {
    return join(fields, ":") + "\n";
}

/// So that a line can follow.
void end_line(std::string& text) {
    if (!text.empty() && text.back() != '\n') text += '\n';
}

/// group(5) with these users among the members of the groups that they are put into.
std::string with_members(std::string_view group, const std::vector<PlacedUser>& users) {
    std::string text;
    while (!group.empty()) {
        const std::string_view line = take_line(group);
        text += line;
        const auto entry = parse_group_line(line);
        bool more = entry && !entry->members.empty();
        for (const PlacedUser& user : users) {
            const bool member = entry && std::find(user.groups.begin(), user.groups.end(),
                                                   entry->name) != user.groups.end();
            if (!member) continue;
            text += (more ? "," : "") + user.host.name;
            more = true;
        }
        text += '\n';
    }
    return text;
}

json::Value user_record(const PlacedUser& user) {
    json::Value record = {{"userName", user.host.name},
                          {"uid", user.id},
                          {"gid", user.id},
                          {"disposition", "regular"},
                          {"homeDirectory", user.home},
                          {"service", "io.systemd.NSpawn"}};
    if (!user.host.real_name.empty()) record["realName"] = user.host.real_name;
    if (!user.shell.empty()) record["shell"] = user.shell;
    if (!user.groups.empty()) record["memberOf"] = user.groups;
    return record;
}

std::string text_of(const json::Value& value) {
    return json::to_text(value, json::Layout::pretty) + "\n";
}

void add_record(std::vector<RecordFile>& files, const PlacedUser& user, const std::string& kind,
                const json::Value& record, mode_t mode = 0444) {
    const std::string name = user.host.name + "." + kind;
    files.push_back({name, text_of(record), mode, ""});
    files.push_back({std::to_string(user.id) + "." + kind, "", 0777, name});
}

}  // namespace

Result<std::vector<PlacedUser>> place_users(const settings::FilesSettings& wanted,
                                            const std::vector<HostUser>& have,
                                            const AccountFiles& tree) {
    std::vector<PlacedUser> users;
    if (have.empty()) return users;
    Taken taken = taken_by(tree);
    uint32_t id = kFirstBoundId;
    for (const HostUser& host : have) {
        BOX_TRY(check_names(host, wanted.bind_user_groups.value, taken));
        while (id <= kLastBoundId && taken.ids.contains(id))
            id++;
        if (id > kLastBoundId) {
            return Error(format("--bind-user: the box has none of the ids %u to %u left for ",
                                kFirstBoundId, kLastBoundId) +
                         quote(host.name));
        }
        const settings::BoundShell& shell = wanted.bind_user_shell.value;
        users.push_back({host, id, std::string(kBoundHomes) + "/" + host.name,
                         shell.hosts ? host.shell : shell.path, wanted.bind_user_groups.value});
        id++;
    }
    return users;
}

AccountFiles add_users(const AccountFiles& tree, const std::vector<PlacedUser>& users,
                       const std::string& shell) {
    AccountFiles files = tree;
    files.group = with_members(tree.group, users);
    end_line(files.passwd);
    end_line(files.shadow);
    for (const PlacedUser& user : users) {
        const std::string id = std::to_string(user.id);
        files.passwd += line_of({user.host.name, "x", id, id, user.host.real_name, user.home,
                                 user.shell.empty() ? shell : user.shell});
        files.group += line_of({user.host.name, "x", id, ""});
        if (tree.shadow.empty()) continue;
        const std::string& hash = user.host.password;
        files.shadow +=
                line_of({user.host.name, hash.empty() ? "!" : hash, "", "", "", "", "", "", ""});
    }
    return files;
}

std::vector<RecordFile> user_records(const std::vector<PlacedUser>& users) {
    std::vector<RecordFile> files;
    for (const PlacedUser& user : users) {
        add_record(files, user, "user", user_record(user));
        add_record(files, user, "group",
                   {{"groupName", user.host.name},
                    {"gid", user.id},
                    {"disposition", "regular"},
                    {"service", "io.systemd.NSpawn"}});
        if (!user.host.password.empty()) {
            add_record(files, user, "user-privileged",
                       {{"privileged", {{"hashedPassword", {user.host.password}}}}}, 0400);
        }
        for (const std::string& group : user.groups) {
            files.push_back({user.host.name + ":" + group + ".membership",
                             text_of({{"userName", user.host.name}, {"groupName", group}}), 0444,
                             ""});
        }
    }
    return files;
}

Result<UserEntry> parse_user_record(std::string_view record, std::string_view group) {
    const json::Value value = BOX_TRY(json::parse(record));
    constexpr uint64_t kNoId = std::numeric_limits<uint32_t>::max();
    const uint64_t uid = BOX_TRY(json::get_u64(value, "uid"));
    const uint64_t gid = BOX_TRY(json::get_u64(value, "gid"));
    if (uid >= kNoId || gid >= kNoId) return Error(ERANGE, "id of a user record");
    // As lines that passwd(5) and group(5) would have: one place knows what they mean.
    PlacedUser placed;
    placed.host.name = BOX_TRY(json::get_string(value, "userName"));
    if (const json::Value* groups = json::find(value, "memberOf")) {
        if (!groups->is_array()) return Error("groups of a user record");
        for (const json::Value& name : *groups) {
            if (name.is_string()) placed.groups.push_back(name.get_ref<const std::string&>());
        }
    }
    const auto shell = json::get_string(value, "shell");
    const std::string line = format("%s:x:%u:%u:", placed.host.name.c_str(),
                                    static_cast<unsigned>(uid), static_cast<unsigned>(gid)) +
                             ":" + BOX_TRY(json::get_string(value, "homeDirectory")) + ":" +
                             (shell ? *shell : std::string());
    return find_user(line, with_members(group, {placed}), placed.host.name);
}

bool asks_userdb(std::string_view nsswitch) {
    while (!nsswitch.empty()) {
        std::string_view line = take_line(nsswitch);
        const std::vector<std::string> words = split_blanks(line.substr(0, line.find('#')));
        if (words.empty() || words[0] != "passwd:") continue;
        return std::find(words.begin(), words.end(), "systemd") != words.end();
    }
    return false;
}

}  // namespace boxctl::host
