// SPDX-License-Identifier: LGPL-2.1-or-later
// The one main() of every Boost.Test binary.
#define BOOST_TEST_MODULE boxctl
#include <boost/test/unit_test.hpp>
