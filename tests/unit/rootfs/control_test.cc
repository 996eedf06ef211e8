// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/rootfs/control.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace boxctl::rootfs;

BOOST_AUTO_TEST_CASE(what_commands_the_host_is_known_from_inside_and_around) {
    for (const char* path :
         {"/run/boxctl", "/run/boxctl/web/state", "/run/dbus", "/run/dbus/system_bus_socket",
          "/run/systemd/private", "/run/systemd", "/run", "/run/systemd/io.systemd.Manager"}) {
        BOOST_TEST_CONTEXT(path) {
            BOOST_CHECK(shows_control(path, true));
            BOOST_CHECK(shows_control(path, false));
        }
    }
    for (const char* path : {"/srv", "/run/dbus2", "/run/boxctl-hosts", "/run/systemd/journal",
                             "/run/user/1000", "/ru", "/home/run/dbus"}) {
        BOOST_TEST_CONTEXT(path) {
            BOOST_CHECK(!shows_control(path, true));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_whole_host_shows_run_only_with_the_mounts_below) {
    BOOST_CHECK(shows_control("/", true));
    BOOST_CHECK(!shows_control("/", false));
}
