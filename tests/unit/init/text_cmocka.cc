// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/text.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

void numbers_are_written_to_both_ends(void**) {
    Line line;
    line.add(int64_t{0}).add(" ").add(int64_t{-1}).add(" ").add(INT64_MAX).add(" ").add(INT64_MIN);
    assert_string_equal(line.text(), "0 -1 9223372036854775807 -9223372036854775808");
}

void quoting_leaves_a_terminal_nothing_to_act_upon(void**) {
    Line line;
    line.quoted("a\x1b[2J\n\x7f\xc3\xa9z");
    assert_string_equal(line.text(), "'a\\x1b[2J\\x0a\\x7f\\xc3\\xa9z'");
}

/// What write_to() puts into a pipe.
size_t written(Line& line, char* text, size_t size) {
    int ends[2] = {-1, -1};
    assert_int_equal(pipe(ends), 0);
    line.write_to(ends[1]);
    close(ends[1]);
    const ssize_t got = read(ends[0], text, size);
    close(ends[0]);
    assert_true(got > 0);
    return static_cast<size_t>(got);
}

void a_long_message_is_cut_and_says_so(void**) {
    Line line;
    for (int i = 0; i < 200; ++i)
        line.add("0123456789");
    char text[1024] = {};
    const size_t got = written(line, text, sizeof text);
    assert_int_equal(got, Line::kCapacity + 4);
    assert_memory_equal(text + Line::kCapacity, "...\n", 4);
}

void a_message_that_just_fits_is_whole(void**) {
    Line line;
    for (size_t i = 0; i < Line::kCapacity; ++i)
        line.add("x");
    char text[1024] = {};
    assert_int_equal(written(line, text, sizeof text), Line::kCapacity + 1);
}

void a_closed_descriptor_is_no_trouble(void**) {
    Line line;
    line.add("lost").write_to(-1);
}

void numbers_have_limits(void**) {
    uint32_t value = 7;
    assert_true(parse_number("255", 255, value));
    assert_int_equal(value, 255);
    assert_false(parse_number("256", 255, value));
    assert_false(parse_number("", 255, value));
    assert_false(parse_number("1 ", 255, value));
    assert_false(parse_number("99999999999999999999999", UINT32_MAX, value));
    assert_true(parse_number("4294967295", UINT32_MAX, value));
    assert_int_equal(value, UINT32_MAX);
    assert_false(parse_number("x", 9, value));
    assert_false(parse_number("1x", 9, value));
    assert_int_equal(value, UINT32_MAX);
}

void words_are_compared_and_cut(void**) {
    assert_true(equal("a", "a"));
    assert_false(equal("a", "ab"));
    assert_string_equal(after_prefix("abc", "ab"), "c");
    assert_null(after_prefix("abc", "b"));
    assert_string_equal(base_name("/x/y"), "y");
    assert_string_equal(base_name("y"), "y");
    assert_string_equal(base_name("/x/"), "");
}

void each_errno_has_a_text(void**) {
    assert_string_equal(errno_text(ENOENT), "No such file or directory");
    assert_string_equal(errno_text(99999), "unknown error");
}

}  // namespace

int main() {
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(numbers_are_written_to_both_ends),
            cmocka_unit_test(quoting_leaves_a_terminal_nothing_to_act_upon),
            cmocka_unit_test(a_long_message_is_cut_and_says_so),
            cmocka_unit_test(a_message_that_just_fits_is_whole),
            cmocka_unit_test(a_closed_descriptor_is_no_trouble),
            cmocka_unit_test(numbers_have_limits),
            cmocka_unit_test(words_are_compared_and_cut),
            cmocka_unit_test(each_errno_has_a_text),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
