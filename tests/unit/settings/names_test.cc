// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"
#include "lib/settings/settings.h"

using boxctl::quote;
using boxctl::settings::machine_name_fault;

BOOST_AUTO_TEST_CASE(machine_names_that_could_be_paths_units_or_options_are_refused) {
    for (const std::string& name : {std::string(),           std::string("."),
                                    std::string(".."),       std::string(".host"),
                                    std::string("a/b"),      std::string("/a"),
                                    std::string("-x"),       std::string("x.service"),
                                    std::string("x.scope"),  std::string("a.b.slice"),
                                    std::string("a\\x2db"),  std::string("%i"),
                                    std::string("$(x)"),     std::string(65, 'a'),
                                    std::string("\xc3\xa9"), std::string("a..b"),
                                    std::string("a-"),       std::string("a.-b"),
                                    std::string("a-.b"),     std::string("a."),
                                    std::string(".a"),       std::string("a\nb"),
                                    std::string("a b"),      std::string("a_b"),
                                    std::string("a\0b", 3),  std::string("a@b"),
                                    std::string("a:b"),      std::string("\x1b[31m")}) {
        const std::string fault = machine_name_fault(name);
        BOOST_TEST(!fault.empty(), quote(name));
        BOOST_TEST((boxctl::printable(fault) == fault), quote(fault));
    }
}

BOOST_AUTO_TEST_CASE(host_names_are_machine_names) {
    for (const std::string& name :
         {std::string("a"), std::string("web-1"), std::string("0"), std::string("db.example.org"),
          std::string("Alpine"), std::string(64, 'a'), std::string("x.services"),
          std::string("service")}) {
        BOOST_TEST(machine_name_fault(name) == "", quote(name));
    }
}
