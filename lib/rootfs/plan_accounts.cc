// SPDX-License-Identifier: LGPL-2.1-or-later
// Users of the host in the box, as systemd's CONTAINER_INTERFACE has it: homes in /run/host/home,
// records in /run/host/userdb.
#include <sys/mount.h>

#include "lib/rootfs/plan_parts.h"

namespace boxctl::rootfs {
namespace {

constexpr const char* kWhy = "--bind-user";
constexpr const char* kAccounts = "/run/host/accounts";
/// Read by whoever looks up a user; with a read-only mount over them they cannot be changed.
constexpr const char* kFiles[] = {"passwd", "group", "shadow"};

std::string asked_by(const settings::FilesSettings& files, const std::string& name) {
    for (const settings::BoundUser& user : files.bind_users.value) {
        const settings::Source source = user.origin.source;
        const bool file =
                source == settings::Source::file || source == settings::Source::overriding_file;
        if (user.name == name && file) return user.origin.text;
    }
    return std::string(kWhy) + "=" + name;
}

/// The user's own files are the user's; whose else they are, nobody is in the box.
void append_home(Ops& ops, const host::PlacedUser& user, const std::string& why) {
    ops.push_back({user.home, Directory{0700}, Missing::fail, why});
    ops.push_back({user.home,
                   Bind{.source = user.host.home,
                        .idmapped = false,
                        .owners = Bind::Owners::listed,
                        .map = {{user.host.uid, user.id, 1}},
                        .group_map = {{user.host.gid, user.id, 1}},
                        .attributes = MOUNT_ATTR_NODEV,
                        .guarded = true},
                   Missing::fail, why});
}

bool needs_account_files(const host::RootFacts& root, const MountContext& context) {
    return !context.users.empty() && !root.accounts.userdb;
}

}  // namespace

void append_users(Ops& ops, const settings::FilesSettings& files, const host::RootFacts& root,
                  const MountContext& context) {
    if (context.users.empty()) return;
    ops.push_back({host::kBoundHomes, Directory{0755}, Missing::fail, kWhy});
    for (const host::PlacedUser& user : context.users)
        append_home(ops, user, asked_by(files, user.host.name));
    ops.push_back({host::kUserRecords, Directory{0755}, Missing::fail, kWhy});
    for (const host::RecordFile& record : host::user_records(context.users)) {
        const std::string path = std::string(host::kUserRecords) + "/" + record.name;
        if (record.link.empty()) {
            ops.push_back(
                    {path, File{.content = record.text, .mode = record.mode}, Missing::fail, kWhy});
        } else {
            ops.push_back({path, Symlink{record.link}, Missing::fail, kWhy});
        }
    }
    if (!needs_account_files(root, context)) return;
    const std::string shell = root.login_shell.empty() ? "/bin/sh" : root.login_shell;
    const host::AccountFiles all = host::add_users(root.accounts, context.users, shell);
    const auto add = [&](const char* name, const std::string& text, mode_t mode) {
        ops.push_back({std::string(kAccounts) + "/" + name, File{.content = text, .mode = mode},
                       Missing::fail, kWhy});
    };
    ops.push_back({kAccounts, Directory{0755}, Missing::fail, kWhy});
    add("passwd", all.passwd, 0444);
    add("group", all.group, 0444);
    if (!all.shadow.empty()) add("shadow", all.shadow, 0400);
}

void append_account_files(Ops& ops, const host::RootFacts& root, const MountContext& context) {
    if (!needs_account_files(root, context)) return;
    for (const std::string name : kFiles) {
        if (name == "shadow" && root.accounts.shadow.empty()) continue;
        ops.push_back(
                {"/etc/" + name,
                 BindInside{.source = std::string(kAccounts) + "/" + name,
                            .attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID},
                 Missing::create, kWhy});
    }
}

}  // namespace boxctl::rootfs
