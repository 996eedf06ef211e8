// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/console/byte_ring.h"

#include <deque>
#include <string>

#include <boost/test/unit_test.hpp>

using boxctl::console::ByteRing;

namespace {

template <size_t N>
std::string content(const ByteRing<N>& ring) {
    std::string all;
    for (const auto part : ring.parts())
        all.append(part.begin(), part.end());
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(ring_behaves_like_a_queue_at_every_offset) {
    ByteRing<16> ring;
    std::string model;
    char next = 'a';
    for (size_t round = 0; round < 400; round++) {
        std::string data;
        const size_t count = round * 7 % (ring.free() + 1);
        for (size_t i = 0; i < count; i++)
            data += next = next == 'z' ? 'a' : static_cast<char>(next + 1);
        ring.push(data);
        model += data;
        BOOST_TEST_REQUIRE(content(ring) == model);
        const size_t gone = round * 5 % (ring.size() + 1);
        ring.consume(gone);
        model.erase(0, gone);
        BOOST_TEST_REQUIRE(content(ring) == model);
        BOOST_TEST_REQUIRE(ring.size() + ring.free() == 16U);
    }
}

BOOST_AUTO_TEST_CASE(push_latest_keeps_the_last_bytes) {
    const struct {
        std::string first, second, kept;
    } rows[] = {
            {"", "abc", "abc"},
            {"abcdefgh", "", "abcdefgh"},
            {"abcdefgh", "xy", "cdefghxy"},
            {"abc", "12345678", "12345678"},
            {"abc", "0123456789", "23456789"},
    };
    for (const auto& row : rows) {
        ByteRing<8> ring;
        ring.push_latest(row.first);
        ring.push_latest(row.second);
        BOOST_TEST(content(ring) == row.kept);
    }
}
