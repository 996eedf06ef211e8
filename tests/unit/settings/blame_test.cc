// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/settings/blame.h"

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/settings/table.h"

using boxctl::join;
namespace settings = boxctl::settings;

namespace {

void give(settings::Settings& made, const char* option, const char* text,
          settings::Origin origin = {settings::Source::option, "--x"}) {
    const settings::Caller caller{"/", {}};
    const auto given =
            settings::assign(*settings::find_option(option), made, {text, origin, caller});
    BOOST_REQUIRE(given.has_value());
}

std::string blamed(const settings::Settings& made, const char* message, const char* target = "") {
    return join(settings::blamed_settings(made, message, target), "|");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_blames_the_options_it_names) {
    settings::Settings made;
    give(made, "bind", "/a:/b");
    give(made, "bind-ro", "/c:/d");
    give(made, "hostname", "web");
    BOOST_TEST(blamed(made, "mount 3 of 4, '/b' (--bind=/b): open '/a'") ==
               "--bind=/a:/b (command line)");
    BOOST_TEST(blamed(made, "(--bind-ro=/d)") == "--bind-ro=/c:/d (command line)");
    BOOST_TEST(blamed(made, "--hostname would rename") == "--hostname=web (command line)");
    BOOST_TEST(blamed(made, "--volatile and api") == "");
}

BOOST_AUTO_TEST_CASE(of_several_values_the_one_at_the_target_is_blamed) {
    settings::Settings made;
    give(made, "bind", "/a:/b");
    give(made, "bind", "/c:/d");
    BOOST_TEST(blamed(made, "--bind", "/d") == "--bind=/c:/d (command line)");
    BOOST_TEST(blamed(made, "--bind", "/nowhere") ==
               "--bind=/a:/b (command line)|--bind=/c:/d (command line)");
}

BOOST_AUTO_TEST_CASE(a_place_in_a_file_is_blamed) {
    settings::Settings made;
    give(made, "bind", "/a:/b", {settings::Source::file, "web.nspawn:7"});
    give(made, "bind", "/c:/d", {settings::Source::file, "web.nspawn:77"});
    BOOST_TEST(blamed(made, "mount '/b' (web.nspawn:7): open") == "--bind=/a:/b (web.nspawn:7)");
}

BOOST_AUTO_TEST_CASE(secrets_are_not_told) {
    settings::Settings made;
    give(made, "set-credential", "a:secret");
    BOOST_TEST(blamed(made, "--set-credential").find("secret") == std::string::npos);
}
