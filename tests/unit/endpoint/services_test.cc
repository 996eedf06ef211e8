// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/services.h"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using endpoint::ActResult;

BOOST_AUTO_TEST_CASE(a_list_of_services_is_read) {
    const auto views = endpoint::parse_list(
            "cron\tactive\trunning\tOpenRC service cron\nsshd\tinactive\tdead\tinit script sshd\n");
    BOOST_REQUIRE(views.size() == 2U);
    BOOST_TEST(views[0].name == "cron.service");
    BOOST_TEST(views[0].active_state == "active");
    BOOST_TEST(views[0].sub_state == "running");
    BOOST_TEST(views[1].description == "init script sshd");
    for (const char* state : {"activating", "deactivating", "failed"}) {
        const auto one = endpoint::parse_list(std::string("x\t") + state + "\tstart\ty\n");
        BOOST_TEST((one.size() == 1U && one[0].active_state == state));
    }
}

BOOST_AUTO_TEST_CASE(what_a_box_makes_up_is_left_out) {
    for (const char* line :
         {"", "cron", "cron\tactive\trunning", "cron\tactive\trunning\ta\tb", "a/b\tactive\tx\ty",
          "-x\tactive\tx\ty", "..\tactive\tx\ty", "cron\tgreat\tx\ty", "\tactive\tx\ty"}) {
        BOOST_TEST(endpoint::parse_list(line).empty(), line);
    }
    const auto views = endpoint::parse_list("cron\tactive\tr\033[2J\tt\033]0;x\007");
    BOOST_REQUIRE(views.size() == 1U);
    BOOST_TEST(views[0].sub_state.find('\033') == std::string::npos);
    BOOST_TEST(views[0].description.find('\007') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_list_has_an_end) {
    std::string endless;
    for (int i = 0; i < 5000; i++)
        endless += "x" + std::to_string(i) + "\tactive\trunning\ty\n";
    BOOST_TEST(endpoint::parse_list(endless).size() == 512U);
}

BOOST_AUTO_TEST_CASE(a_name_is_an_argument_of_the_script_never_a_part_of_it) {
    const auto command = endpoint::act_command(endpoint::ServiceAct::restart, "cron.service");
    BOOST_REQUIRE(command.size() == 6U);
    BOOST_TEST(command[4] == "restart");
    BOOST_TEST(command[5] == "cron");
    BOOST_TEST(command[2] == endpoint::list_command()[2]);
}

BOOST_AUTO_TEST_CASE(the_script_tells_by_its_status_how_it_went) {
    BOOST_TEST((endpoint::act_result(0) == ActResult::done));
    BOOST_TEST((endpoint::act_result(1) == ActResult::failed));
    BOOST_TEST((endpoint::act_result(3) == ActResult::not_possible));
    BOOST_TEST((endpoint::act_result(4) == ActResult::no_such_service));
    BOOST_TEST((endpoint::act_result(137) == ActResult::failed));
}
