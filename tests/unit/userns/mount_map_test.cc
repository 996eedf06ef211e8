// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/mount_map.h"

#include <boost/test/unit_test.hpp>

using namespace boxctl;

BOOST_AUTO_TEST_CASE(a_mount_shows_the_box_s_ids_and_the_host_s_root) {
    BOOST_CHECK_EQUAL(userns::mount_map_lines(524288, 65536), "0 524288 65536\n2147483646 0 1\n");
}
