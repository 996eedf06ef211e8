// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/unit_name.h"

#include <string>

#include <boost/test/unit_test.hpp>

using namespace boxctl;

BOOST_AUTO_TEST_SUITE(unit_names)

BOOST_AUTO_TEST_CASE(a_part_is_escaped_as_systemd_escape_does) {
    const struct {
        std::string text;
        std::string part;
    } rows[] = {
            {"web", "web"},
            {"web-1.example", "web\\x2d1.example"},
            {"a/b", "a-b"},
            {".host", "\\x2ehost"},
            {"x\\x2dy", "x\\x5cx2dy"},
            {"a b\n", "a\\x20b\\x0a"},
            {"\xc3\xa9", "\\xc3\\xa9"},
            {"%i$(x)@", "\\x25i\\x24\\x28x\\x29\\x40"},
    };
    for (const auto& row : rows)
        BOOST_TEST(escape_unit_part(row.text) == row.part);
}

BOOST_AUTO_TEST_CASE(every_byte_survives_the_round_trip) {
    for (int first = 0; first < 256; first++) {
        for (const char* rest : {"", "a", "-", "\\x2d", ".."}) {
            const std::string text = static_cast<char>(first) + std::string(rest);
            const auto back = unescape_unit_part(escape_unit_part(text));
            BOOST_REQUIRE(back.has_value());
            BOOST_REQUIRE(*back == text);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_nobody_escaped_is_not_taken_back) {
    for (const char* part : {"a b", ".a", "\\x2", "\\x2D", "\\xzz", "\\", "\\x61", "a@b"}) {
        BOOST_TEST(!unescape_unit_part(part).has_value(), part);
    }
}

// F1: the name of a machine never becomes that of another unit, or of another machine's.
BOOST_AUTO_TEST_CASE(no_machine_has_the_scope_of_another) {
    const char* names[] = {"a-b", "a\\x2db", "a/b", "a.b", "a", "a.scope", "..", ""};
    for (const char* one : names) {
        for (const char* other : names) {
            const auto first = machine_scope(one);
            const auto second = machine_scope(other);
            BOOST_REQUIRE(first && second);
            BOOST_TEST((*first == *second) == (std::string(one) == other));
            BOOST_TEST(first->starts_with("machine-"));
            BOOST_TEST(first->ends_with(".scope"));
            BOOST_TEST(first->find('/') == std::string::npos);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_scope_too_long_for_a_unit_is_refused) {
    BOOST_TEST(machine_scope("a" + std::string(60, '-') + "b").has_value() == false);
    BOOST_TEST(machine_scope(std::string(64, 'a')).has_value());
}

BOOST_AUTO_TEST_CASE(slices_nest_by_their_dashes) {
    for (const char* name : {"machine.slice", "a-b-c.slice", "-.slice", "a\\x2db.slice"}) {
        BOOST_TEST(slice_name_fault(name).empty(), name);
    }
    for (const char* name : {"machine", "a--b.slice", "-a.slice", "a-.slice", ".slice", "a/b.slice",
                             "a b.slice", "a.scope", "a.slice\n"}) {
        BOOST_TEST(!slice_name_fault(name).empty(), name);
    }
}

BOOST_AUTO_TEST_CASE(objects_are_named_by_letters_and_digits) {
    BOOST_TEST(unit_object_path("machine-a\\x2db.scope") ==
               "/org/freedesktop/systemd1/unit/machine_2da_5cx2db_2escope");
    BOOST_TEST(unit_object_path("1.slice") == "/org/freedesktop/systemd1/unit/_31_2eslice");
}

BOOST_AUTO_TEST_SUITE_END()
