// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/bus/systemd_flaws.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;

BOOST_AUTO_TEST_CASE(flaws_of_systemd_go_by_its_version) {
    const struct {
        const char* version;
        bool flawed;
    } cases[] = {
            {"258", true},
            {"258-1", true},
            {"258~rc2-1", true},
            {"258.4-1.fc43", true},
            {"259.1", true},
            {"259.1-1~deb14u1", true},
            {"258.5", false},
            {"258.10", false},
            {"259.2-1", false},
            {"259.2", false},
            {"260", false},
            {"262~rc1-1", false},
            {"257.13-1~deb13u1", false},
            {"252.39-1~deb12u1", false},
            {"2580", false},
            {"", false},
            {"v258", false},
            {".258", false},
            {"99999999999999", false},
    };
    for (const auto& [version, flawed] : cases)
        BOOST_CHECK_MESSAGE(bus::describe_flaw(version).empty() != flawed, version);
}

BOOST_AUTO_TEST_CASE(a_flaw_is_told_with_what_helps) {
    const std::string flaw = bus::describe_flaw("258.4\033[2J");
    BOOST_TEST(flaw.find("systemd 258.4\\") != std::string::npos);
    BOOST_TEST(flaw.find("CVE-2026-40223") != std::string::npos);
    BOOST_TEST(flaw.find("258.5 is safe") != std::string::npos);
}
