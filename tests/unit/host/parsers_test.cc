// SPDX-License-Identifier: LGPL-2.1-or-later
#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/host/filesystems.h"
#include "lib/host/init_kind.h"
#include "lib/host/inittab.h"
#include "lib/host/os_release.h"
#include "lib/host/probe.h"

using namespace boxctl;
using namespace boxctl::host;
using namespace std::string_literals;

namespace {

std::string shown(const OsRelease& entries) {
    std::string text;
    for (const auto& [key, value] : entries)
        text += key + "=" + value + ";";
    return text;
}

std::string shown(const std::vector<int>& numbers) {
    std::string text;
    for (const int n : numbers)
        text += std::to_string(n) + " ";
    return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(os_release_reads_what_a_shell_would) {
    const std::pair<std::string, std::string> rows[] = {
            {"", ""},
            {"ID=alpine\n", "ID=alpine;"},
            {"ID=alpine", "ID=alpine;"},
            {"ID=alpine\r\nNAME=x\r\n", "ID=alpine;NAME=x;"},
            {"NAME=\"Alpine Linux\"\n", "NAME=Alpine Linux;"},
            {"NAME='a \"b\" \\c'\n", "NAME=a \"b\" \\c;"},
            {"NAME=\"a\\\"b\\$\"\n", "NAME=a\"b$;"},
            {"# ID=x\n\n  ID=y  \n", "ID=y;"},
            {"ID=a\nNAME=n\nID=b\n", "ID=b;NAME=n;"},
            {"NAME=\"open\nID=x\n", "ID=x;"},
            {"1ID=x\nI D=x\n=x\nID\n", ""},
            {"A=\0\nID=x\n"s, "ID=x;"},
            {"ID=\x1b[31m\xff\n", "ID=\x1b[31m\xff;"},
            {"ID=x\\", "ID=x\\;"},
    };
    for (const auto& [text, expected] : rows) {
        BOOST_CHECK_EQUAL(shown(parse_os_release(text)), expected);
    }
}

BOOST_AUTO_TEST_CASE(os_release_keeps_a_bounded_number_of_entries) {
    std::string text;
    for (int i = 0; i < 20000; i++)
        text += "K" + std::to_string(i) + "=\n";
    BOOST_CHECK_EQUAL(parse_os_release(text).size(), kOsReleaseEntries);
}

BOOST_AUTO_TEST_CASE(inittab_names_terminals_in_both_dialects) {
    const std::pair<std::string, std::string> rows[] = {
            {"", ""},
            {"tty1::respawn:/sbin/getty 38400 tty1\ntty2::askfirst:-/bin/sh\n", "1 2 "},
            {"::respawn:/sbin/getty -L ttyS0 115200 vt100\n", ""},
            {"1:2345:respawn:/sbin/getty 38400 tty1\n2:23:respawn:/sbin/getty 38400 tty2", "1 2 "},
            {"2:23:off:/sbin/getty 38400 tty2\n", ""},
            {"::ctrlaltdel:/sbin/reboot tty3\n", ""},
            {"::sysinit:/bin/x tty3\n", ""},
            {"#tty4::respawn:/sbin/getty 38400 tty4\n", ""},
            {"a::respawn:/sbin/getty /dev/tty5\r\n", "5 "},
            {"tty12::once:x\ntty13::once:x\ntty0::once:x\ntty01::once:x\ntty::once:x\n", "12 "},
            {"tty3::respawn:\n", ""},
            {"tty3:respawn\n", ""},
            {"tty99999999999999999999::once:x\n", ""},
            {"tty2::respawn:x\ntty1::respawn:y\ntty2::respawn:z\n", "1 2 "},
    };
    for (const auto& [text, expected] : rows) {
        BOOST_CHECK_EQUAL(shown(parse_inittab_ttys(text)), expected);
    }
}

BOOST_AUTO_TEST_CASE(init_kind_follows_the_name) {
    struct Row {
        const char* path;
        const char* resolved;
        InitKind kind;
    };
    const Row rows[] = {
            {"/sbin/init", "/usr/lib/systemd/systemd", InitKind::systemd},
            {"/lib/systemd/systemd", "/usr/lib/systemd/systemd", InitKind::systemd},
            {"/sbin/init", "/bin/busybox", InitKind::busybox},
            {"/sbin/init", "/bin/bbsuid", InitKind::busybox},
            {"/sbin/runit", "/bin/busybox", InitKind::busybox},
            {"/sbin/init", "/sbin/openrc-init", InitKind::openrc},
            {"/sbin/init", "/usr/bin/runit-init", InitKind::runit},
            {"/sbin/init", "/sbin/runit", InitKind::runit},
            {"/sbin/init", "/usr/bin/s6-linux-init", InitKind::s6},
            {"/sbin/init", "/usr/sbin/dinit", InitKind::dinit},
            {"/sbin/init", "/lib/sysvinit/init", InitKind::sysvinit},
            {"/usr/lib/box-init", "/usr/lib/box-init", InitKind::box_init},
            {"/sbin/init", "/sbin/init", InitKind::unknown},
            {"/init", "", InitKind::unknown},
            {"", "", InitKind::unknown},
    };
    for (const Row& row : rows) {
        BOOST_CHECK_EQUAL(to_string(init_kind_by_name(row.path, row.resolved)),
                          to_string(row.kind));
    }
}

BOOST_AUTO_TEST_CASE(init_kind_falls_back_to_texts_in_the_file) {
    BOOST_CHECK(init_kind_by_content("\177ELF\0INIT: version %s booting\n"s) == InitKind::sysvinit);
    BOOST_CHECK(init_kind_by_content("\177ELF BusyBox v1.36 sysvinit") == InitKind::busybox);
    BOOST_CHECK(init_kind_by_content("#!/command/execlineb -S0\ns6-linux-init -c x\n") ==
                InitKind::s6);
    BOOST_CHECK(init_kind_by_content("#!/bin/sh\n") == InitKind::unknown);
    BOOST_CHECK(init_kind_by_content("") == InitKind::unknown);
    BOOST_CHECK(init_kind_by_content(std::string(kInitScanLimit, 'x') + "INIT: version") ==
                InitKind::unknown);
}

BOOST_AUTO_TEST_CASE(own_cgroup_is_the_version_2_line) {
    BOOST_CHECK_EQUAL(own_cgroup("9:name=systemd:/a\n1:cpu:/b\n0::/user.slice/x\n"),
                      "/user.slice/x");
    BOOST_CHECK_EQUAL(own_cgroup("0::/\n"), "/");
    BOOST_CHECK_EQUAL(own_cgroup("10::/no\n"), "");
    BOOST_CHECK_EQUAL(own_cgroup("1:cpu:/\n"), "");
    BOOST_CHECK_EQUAL(own_cgroup(""), "");
}

BOOST_AUTO_TEST_CASE(shared_flag_reads_only_the_optional_fields) {
    const char* shared = "29 1 0:25 / /run rw,nosuid shared:13 master:2 - tmpfs shared:9 rw";
    const char* private_ = "29 1 0:25 / /run rw,nosuid - tmpfs shared:9 rw";
    BOOST_CHECK(shared_flag(shared, 29) == true);
    BOOST_CHECK(shared_flag(private_, 29) == false);
    BOOST_CHECK(shared_flag("29 1 0:25 / /shared:1 rw - tmpfs t rw", 29) == false);
    BOOST_CHECK(!shared_flag(shared, 2));
    BOOST_CHECK(!shared_flag("", 29));
}

BOOST_AUTO_TEST_CASE(zone_is_what_stands_behind_zoneinfo) {
    BOOST_CHECK_EQUAL(zone_of_link("/usr/share/zoneinfo/Europe/Berlin"), "Europe/Berlin");
    BOOST_CHECK_EQUAL(zone_of_link("../usr/share/zoneinfo/Etc/GMT+3"), "Etc/GMT+3");
    BOOST_CHECK_EQUAL(zone_of_link("/usr/share/zoneinfo/../../x"), "");
    BOOST_CHECK_EQUAL(zone_of_link("/etc/other"), "");
    BOOST_CHECK_EQUAL(zone_of_link(""), "");
}

BOOST_AUTO_TEST_CASE(machine_id_is_32_hex_digits) {
    const std::string id = "0123456789abcdef0123456789abcdef";
    BOOST_CHECK_EQUAL(parse_machine_id(id + "\n"), id);
    BOOST_CHECK_EQUAL(parse_machine_id(id), id);
    for (const std::string& bad : {""s, "uninitialized\n"s, id + "0", id.substr(1), "\0"s + id,
                                   std::string(32, '0'), std::string(32, 'A'), id + "\n" + id}) {
        BOOST_CHECK_EQUAL(parse_machine_id(bad), "");
    }
}

BOOST_AUTO_TEST_CASE(file_systems_are_known_by_their_number) {
    BOOST_CHECK_EQUAL(filesystem_name(0xef53), "ext4");
    BOOST_CHECK_EQUAL(filesystem_name(0x123456), "type 0x123456");
    BOOST_CHECK(filesystem_can_idmap(0x794c7630));
    BOOST_CHECK(filesystem_can_idmap(0x123456));
    BOOST_CHECK(!filesystem_can_idmap(0x6969));
}
