// SPDX-License-Identifier: LGPL-2.1-or-later
// Users of the host in a box (--bind-user): which ids they get, and what the box is told of them.
// Pure.
//
// systemd keeps the ids 60514 to 60577 for such users (its UIDS-GIDS document). The box learns of
// them twice: by JSON records in /run/host/userdb (systemd.io/USER_RECORD), which nss-systemd
// reads, and, for trees that do not ask nss-systemd, by lines added to passwd(5), group(5) and
// shadow(5).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "lib/base/result.h"
#include "lib/host/facts.h"

namespace boxctl::host {

constexpr uint32_t kFirstBoundId = 60514;
constexpr uint32_t kLastBoundId = 60577;

/// Where the box finds the records and the homes.
constexpr const char* kUserRecords = "/run/host/userdb";
constexpr const char* kBoundHomes = "/run/host/home";

/// A user of the host as one of the box.
struct PlacedUser {
    HostUser host;
    uint32_t id = 0;    ///< of the user and of the group with the same name
    std::string home;   ///< in the box
    std::string shell;  ///< empty: the box's default
    std::vector<std::string> groups;
};

/// Gives each user of `have` the first id that neither the tree's users nor its groups have.
/// Errors: user or group of that name is in the tree; a group of --bind-user-group is not; all ids
/// are taken.
Result<std::vector<PlacedUser>> place_users(const settings::FilesSettings& wanted,
                                            const std::vector<HostUser>& have,
                                            const AccountFiles& tree);

/// The tree's files with lines for these users added, and a shadow line only where the tree keeps
/// passwords there. Who has no shell of `PlacedUser` gets `shell`.
AccountFiles add_users(const AccountFiles& tree, const std::vector<PlacedUser>& users,
                       const std::string& shell);

/// A file of kUserRecords, or a link in it.
struct RecordFile {
    std::string name;
    std::string text;
    mode_t mode = 0444;
    std::string link;  ///< not empty: a symbolic link to this name of kUserRecords
};
std::vector<RecordFile> user_records(const std::vector<PlacedUser>& users);

/// The user that a record of kUserRecords, NAME.user, tells of; its groups are looked up in
/// `group`, group(5).
Result<UserEntry> parse_user_record(std::string_view record, std::string_view group);

/// Does the text of an nsswitch.conf(5) have its users from nss-systemd?
bool asks_userdb(std::string_view nsswitch);

}  // namespace boxctl::host
