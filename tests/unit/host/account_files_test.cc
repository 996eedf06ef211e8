// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/host/account_files.h"

#include <boost/test/unit_test.hpp>

#include "lib/host/passwd.h"

using namespace boxctl;
using namespace boxctl::host;

namespace {

const AccountFiles kTree{"root:x:0:0:root:/root:/bin/ash\nold:x:60515:7::/:/bin/sh",
                         "wheel:x:10:root\naudio:x:18:\nlast:x:60516:", "root:*:::::::\n", false};

HostUser lee() {
    return {"lee", 1000, 1000, "Lee", "/home/lee", "/bin/zsh", "$y$hash"};
}
HostUser kim() {
    return {"kim", 1001, 1001, "", "/srv/kim", "/bin/sh", ""};
}

settings::FilesSettings wish(std::vector<std::string> groups = {}) {
    settings::FilesSettings wanted;
    wanted.bind_user_groups.value = std::move(groups);
    return wanted;
}

std::string error_of(const HostUser& user, std::vector<std::string> groups = {}) {
    const auto placed = place_users(wish(std::move(groups)), {user}, kTree);
    return placed ? "" : placed.error().message();
}

std::string text_of(const std::vector<RecordFile>& records, const std::string& name) {
    for (const RecordFile& record : records) {
        if (record.name == name) return record.link.empty() ? record.text : "-> " + record.link;
    }
    return "none";
}

}  // namespace

BOOST_AUTO_TEST_CASE(bound_users_get_ids_that_neither_users_nor_groups_have) {
    const auto users = place_users(wish(), {lee(), kim()}, kTree);
    BOOST_REQUIRE(users.has_value());
    BOOST_TEST((*users)[0].id == 60514U);
    BOOST_TEST((*users)[1].id == 60517U);
    BOOST_TEST((*users)[0].home == "/run/host/home/lee");
    BOOST_TEST((*users)[0].shell == "");
}

BOOST_AUTO_TEST_CASE(bound_users_take_the_shell_that_was_asked_for) {
    settings::FilesSettings wanted;
    wanted.bind_user_shell.value = {true, ""};
    BOOST_TEST((*place_users(wanted, {lee()}, kTree))[0].shell == "/bin/zsh");
    wanted.bind_user_shell.value = {false, "/bin/fish"};
    BOOST_TEST((*place_users(wanted, {lee()}, kTree))[0].shell == "/bin/fish");
}

BOOST_AUTO_TEST_CASE(bound_users_do_not_take_the_place_of_others) {
    HostUser user = lee();
    BOOST_TEST(error_of(user) == "");
    user.name = "old";
    BOOST_TEST(error_of(user) ==
               "bind the host's user 'old': the box has a user of that name: File exists");
    user.name = "audio";
    BOOST_TEST(error_of(user) ==
               "bind the host's user 'audio': the box has a group of that name: File exists");
    BOOST_TEST(error_of(lee(), {"nope"}) == "--bind-user-group: the box has no group 'nope'");
    AccountFiles full;
    for (uint32_t id = kFirstBoundId; id <= kLastBoundId; id++)
        full.group += "g" + std::to_string(id) + ":x:" + std::to_string(id) + ":\n";
    BOOST_TEST(!place_users(wish(), {lee()}, full).has_value());
}

BOOST_AUTO_TEST_CASE(account_files_gain_lines_and_members) {
    const auto users = place_users(wish({"wheel", "audio"}), {lee(), kim()}, kTree);
    const AccountFiles files = add_users(kTree, *users, "/bin/ash");
    BOOST_TEST(files.passwd ==
               "root:x:0:0:root:/root:/bin/ash\nold:x:60515:7::/:/bin/sh\n"
               "lee:x:60514:60514:Lee:/run/host/home/lee:/bin/ash\n"
               "kim:x:60517:60517::/run/host/home/kim:/bin/ash\n");
    BOOST_TEST(files.group ==
               "wheel:x:10:root,lee,kim\naudio:x:18:lee,kim\nlast:x:60516:\n"
               "lee:x:60514:\nkim:x:60517:\n");
    BOOST_TEST(files.shadow == "root:*:::::::\nlee:$y$hash:::::::\nkim:!:::::::\n");
    const auto found = find_user(files.passwd, files.group, "lee");
    BOOST_REQUIRE(found.has_value());
    BOOST_TEST(found->uid == 60514U);
    BOOST_TEST(found->groups.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_tree_without_shadow_gets_none) {
    AccountFiles tree = kTree;
    tree.shadow.clear();
    BOOST_TEST(add_users(tree, *place_users(wish(), {lee()}, tree), "/bin/sh").shadow == "");
}

BOOST_AUTO_TEST_CASE(records_keep_the_password_apart) {
    const auto records = user_records(*place_users(wish({"wheel"}), {lee()}, kTree));
    BOOST_TEST(text_of(records, "60514.user") == "-> lee.user");
    BOOST_TEST(text_of(records, "60514.group") == "-> lee.group");
    BOOST_TEST(text_of(records, "lee.user").find("hash") == std::string::npos);
    BOOST_TEST(text_of(records, "lee.user-privileged").find("$y$hash") != std::string::npos);
    BOOST_TEST(text_of(records, "lee:wheel.membership").find("wheel") != std::string::npos);
    for (const RecordFile& record : records) {
        BOOST_TEST((record.name.find("privileged") == std::string::npos || record.mode == 0400 ||
                    !record.link.empty()));
    }
    BOOST_TEST(text_of(user_records(*place_users(wish(), {kim()}, kTree)), "kim.user-privileged") ==
               "none");
}

BOOST_AUTO_TEST_CASE(a_record_tells_who_the_user_is) {
    const auto records = user_records(*place_users(wish({"audio"}), {lee()}, kTree));
    const auto user = parse_user_record(text_of(records, "lee.user"), kTree.group);
    BOOST_REQUIRE(user.has_value());
    BOOST_TEST(user->uid == 60514U);
    BOOST_TEST(user->gid == 60514U);
    BOOST_TEST(user->name == "lee");
    BOOST_TEST(user->home == "/run/host/home/lee");
    BOOST_TEST(user->shell == "/bin/sh");
    BOOST_TEST(user->groups == std::vector<gid_t>{18}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(records_of_a_hostile_box_are_read_strictly) {
    const char* const kBad[] = {
            "",
            "[]",
            "{}",
            R"({"userName":"x","uid":4294967295,"gid":1,"homeDirectory":"/"})",
            R"({"userName":"x","uid":1,"gid":-1,"homeDirectory":"/"})",
            R"({"userName":"a:x:0:0::/:","uid":5,"gid":5,"homeDirectory":"/"})",
            R"({"userName":"x","uid":5,"gid":5,"homeDirectory":"/:/x"})",
            R"({"userName":"x","uid":5,"gid":5,"homeDirectory":"/\n0:x:0:0::/:"})",
            R"({"userName":"0","uid":5,"gid":5})",
            R"({"userName":"x","uid":5,"gid":5,"homeDirectory":"/","memberOf":"wheel"})"};
    for (const char* text : kBad)
        BOOST_TEST(!parse_user_record(text, "wheel:x:10:\n").has_value(), text);
}

BOOST_AUTO_TEST_CASE(nsswitch_says_whether_records_are_read) {
    BOOST_TEST(asks_userdb("# x\npasswd:  files systemd\n"));
    BOOST_TEST(asks_userdb("group: files\npasswd: files [SUCCESS=merge] systemd"));
    BOOST_TEST(!asks_userdb("passwd: files\ngroup: files systemd\n"));
    BOOST_TEST(!asks_userdb("passwd: files # systemd\n"));
    BOOST_TEST(!asks_userdb("passwd: files systemd-x\n"));
    BOOST_TEST(!asks_userdb(""));
}
