// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/base/text.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/test/unit_test.hpp>

using namespace boxctl;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(what_a_terminal_could_act_upon_is_shown_as_bytes) {
    const struct {
        std::string text;
        std::string shown;
    } cases[] = {
            {"", ""},
            {"plain text ~!", "plain text ~!"},
            {"\0"s, "\\x00"},
            {"a\x1b[31mb", "a\\x1b[31mb"},
            {"a\nb\tc\rd", "a\\x0ab\\x09c\\x0dd"},
            {"\x7f", "\\x7f"},
            {"caf\xc3\xa9", "caf\xc3\xa9"},
            {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"},
            // C1 controls, as bytes and as UTF-8: U+009B is a CSI.
            {"\x9b", "\\x9b"},
            {"\xc2\x9b", "\\xc2\\x9b"},
            {"\xc2\x80", "\\xc2\\x80"},
            {"\xc2\xa0", "\xc2\xa0"},
            // Bidirectional overrides and isolates reorder what is read.
            {"\xe2\x80\xae", "\\xe2\\x80\\xae"},
            {"\xe2\x80\xaa", "\\xe2\\x80\\xaa"},
            {"\xe2\x81\xa6", "\\xe2\\x81\\xa6"},
            {"\xe2\x81\xa9", "\\xe2\\x81\\xa9"},
            {"\xe2\x81\xaa", "\xe2\x81\xaa"},
            // Not UTF-8: a lone continuation, cut short, overlong, a surrogate, beyond the end.
            {"\x80", "\\x80"},
            {"\xc3", "\\xc3"},
            {"\xe2\x82", "\\xe2\\x82"},
            {"\xe2\x28\xa1", "\\xe2(\\xa1"},
            {"\xc0\xaf", "\\xc0\\xaf"},
            {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
            {"\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf"},
            {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
            {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
            {"\xff\xfe", "\\xff\\xfe"},
            // The rest after something bad is read on its own.
            {"\xe2\x82z\xc3\xa9", "\\xe2\\x82z\xc3\xa9"},
    };
    for (const auto& [text, shown] : cases) {
        BOOST_CHECK_EQUAL(printable(text), shown);
        BOOST_CHECK_EQUAL(quote(text), "'" + shown + "'");
    }
}

BOOST_AUTO_TEST_CASE(every_byte_alone_is_shown_or_harmless) {
    for (int byte = 0; byte < 256; byte++) {
        const std::string text(1, static_cast<char>(byte));
        const bool harmless = byte >= 0x20 && byte < 0x7f;
        BOOST_CHECK_EQUAL(printable(text), harmless ? text : format("\\x%02x", byte));
    }
}

BOOST_AUTO_TEST_CASE(splitting_keeps_empty_parts) {
    using Parts = std::vector<std::string>;
    BOOST_CHECK(split("", ':') == Parts({""}));
    BOOST_CHECK(split(":", ':') == Parts({"", ""}));
    BOOST_CHECK(split("a:b::", ':') == Parts({"a", "b", "", ""}));
    BOOST_CHECK(split("a:b", ',') == Parts({"a:b"}));
    BOOST_CHECK_EQUAL(join({}, ", "), "");
    BOOST_CHECK_EQUAL(join({"a"}, ", "), "a");
    BOOST_CHECK_EQUAL(join({"a", "", "c"}, ", "), "a, , c");
}

BOOST_AUTO_TEST_CASE(an_escaped_separator_does_not_split) {
    using Parts = std::vector<std::string>;
    const struct {
        std::string text;
        std::optional<Parts> parts;
    } cases[] = {
            {"", Parts({""})},
            {"a:b", Parts({"a", "b"})},
            {"a\\:b:c", Parts({"a:b", "c"})},
            {"a\\\\:b", Parts({"a\\", "b"})},
            {"\\a\\b", Parts({"ab"})},
            {"::", Parts({"", "", ""})},
            {"a\\", std::nullopt},
            {"a:\\", std::nullopt},
            {"a\\\\\\", std::nullopt},
    };
    for (const auto& [text, parts] : cases) {
        const auto made = split_escaped(text, ':');
        BOOST_CHECK_MESSAGE(made.has_value() == parts.has_value(), text);
        if (made && parts) BOOST_CHECK_MESSAGE(*made == *parts, text);
    }
}

BOOST_AUTO_TEST_CASE(trimming_takes_blanks_off_both_ends) {
    BOOST_CHECK_EQUAL(trim(""), "");
    BOOST_CHECK_EQUAL(trim(" \t\r\n"), "");
    BOOST_CHECK_EQUAL(trim(" a b\n"), "a b");
    BOOST_CHECK_EQUAL(trim("\va"), "\va");
}

BOOST_AUTO_TEST_CASE(numbers_are_whole_decimal_texts) {
    const struct {
        std::string text;
        std::optional<uint64_t> value;
    } cases[] = {
            {"0", 0},
            {"007", 7},
            {"4294967295", 4294967295},
            {"4294967296", 4294967296},
            {"18446744073709551615", UINT64_MAX},
            {"18446744073709551616", std::nullopt},
            {"", std::nullopt},
            {"-1", std::nullopt},
            {"+1", std::nullopt},
            {" 1", std::nullopt},
            {"1 ", std::nullopt},
            {"0x1", std::nullopt},
            {"1\0"s, std::nullopt},
    };
    for (const auto& [text, value] : cases) {
        BOOST_CHECK_MESSAGE(parse_u64(text) == value, text);
        const bool fits = value && *value <= UINT32_MAX;
        BOOST_CHECK_MESSAGE(parse_u32(text).has_value() == fits, text);
        if (fits) BOOST_CHECK_EQUAL(*parse_u32(text), *value);
    }
}

BOOST_AUTO_TEST_CASE(booleans_are_systemds_words) {
    for (const char* yes : {"1", "yes", "y", "true", "t", "on", "YES", "On", "T"}) {
        BOOST_CHECK_MESSAGE(parse_boolean(yes) == true, yes);
    }
    for (const char* no : {"0", "no", "n", "false", "f", "off", "NO", "False"}) {
        BOOST_CHECK_MESSAGE(parse_boolean(no) == false, no);
    }
    for (const char* neither : {"", "2", "yess", " yes", "ye", "-1", "enable"}) {
        BOOST_CHECK_MESSAGE(!parse_boolean(neither), neither);
    }
}

BOOST_AUTO_TEST_CASE(bytes_take_binary_suffixes) {
    const struct {
        std::string text;
        std::optional<uint64_t> value;
    } cases[] = {
            {"0", 0},
            {"512", 512},
            {"512B", 512},
            {"1K", 1024},
            {"3M", 3U << 20U},
            {"2G", uint64_t{2} << 30U},
            {"1T", uint64_t{1} << 40U},
            {"1P", uint64_t{1} << 50U},
            {"15E", uint64_t{15} << 60U},
            {"16E", std::nullopt},
            {"18014398509481983K", uint64_t{18014398509481983} << 10U},
            {"18014398509481984K", std::nullopt},
            {"", std::nullopt},
            {"K", std::nullopt},
            {"B", std::nullopt},
            {"1k", std::nullopt},
            {"1KB", std::nullopt},
            {"1 K", std::nullopt},
            {"-1K", std::nullopt},
            {"1.5G", std::nullopt},
    };
    for (const auto& [text, value] : cases)
        BOOST_CHECK_MESSAGE(parse_bytes(text) == value, text);
}

BOOST_AUTO_TEST_CASE(a_slip_of_the_finger_finds_its_word) {
    const std::vector<std::string> words = {"read-only", "bind", "bind-ro", "tmpfs"};
    const struct {
        const char* word;
        const char* nearest;
    } cases[] = {
            {"read-onyl", "read-only"}, {"readonly", "read-only"}, {"bnid", "bind"},
            {"bindro", "bind-ro"},      {"bind-r", "bind-ro"},     {"tpmfs", "tmpfs"},
            {"bind", "bind"},           {"zzzzzzzz", ""},          {"", ""},
    };
    for (const auto& [word, expected] : cases)
        BOOST_CHECK_EQUAL(nearest(word, words), expected);
    BOOST_CHECK_EQUAL(nearest("bind", {}), "");
    BOOST_CHECK_EQUAL(nearest(std::string(65, 'a'), {std::string(64, 'a')}), "");
}

BOOST_AUTO_TEST_CASE(errno_texts_are_never_empty) {
    BOOST_CHECK_EQUAL(errno_text(ENOENT), "No such file or directory");
    BOOST_CHECK_EQUAL(errno_text(9999), "error 9999");
}

BOOST_AUTO_TEST_CASE(format_takes_texts_of_any_length) {
    const std::string text(100000, 'x');
    BOOST_CHECK_EQUAL(format("<%s>%d", text.c_str(), 7), "<" + text + ">7");
}

BOOST_AUTO_TEST_CASE(spans_of_time_add_up) {
    BOOST_TEST((parse_timespan("90") == 90000000U));
    BOOST_TEST((parse_timespan("1min 30s") == 90000000U));
    BOOST_TEST((parse_timespan("1min30s") == 90000000U));
    BOOST_TEST((parse_timespan(" 2 h ") == 7200000000U));
    BOOST_TEST((parse_timespan("250ms") == 250000U));
    BOOST_TEST((parse_timespan("7us") == 7U));
    BOOST_TEST((parse_timespan("1w") == 604800000000U));
    for (const char* text : {"", " ", "s", "-1", "1 fortnight", "1.5s", "1S", "99999999999999999w",
                             "18446744073709551615us 1us"}) {
        BOOST_TEST(!parse_timespan(text), text);
    }
}
