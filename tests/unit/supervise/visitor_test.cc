// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/visitor.h"

#include "lib/json/json.h"
#include "lib/os/message.h"
#include "lib/os/pty.h"
#include "lib/state/control.h"
#include "lib/state/handover.h"
#include "tests/unit/console/support.h"

using namespace boxctl;
using namespace boxctl::supervise;
using namespace console_test;

namespace {

constexpr uint64_t kMoment = event::kSecond / 10;

/// A passive console, and perhaps a visitor at it.
struct Room : Bed {
    Room() {
        console::ForwarderConfig config;
        config.master = box.near;
        config.tee = [this](std::span<const char> data) {
            tap.give(data);
            heard += data.size();
        };
        forwarder = need(console::Forwarder::create(*loop, std::move(config)));
    }
    Visitor::Console console() { return {*loop, box.near, *forwarder, tap}; }
    Visitor::Ends connect() {
        auto [bytes, far_bytes] = need(os::make_socket_pair(os::SocketKind::stream));
        auto [connection, far_connection] = need(os::make_socket_pair());
        make_nonblocking(far_connection);
        keyboard_and_screen = std::move(bytes);
        words = std::move(connection);
        return {std::move(far_connection), std::move(far_bytes), 17};
    }
    void enter() {
        visitor = need(Visitor::create(console(), connect(), [this] {
            left++;
            visitor.reset();
        }));
    }
    /// The box writes a little, and goes on when that was read.
    void say(std::string_view text) {
        const size_t before = heard;
        put(box.far, text);
        while (heard < before + text.size())
            run_for(1000);
    }
    /// The box writes; nobody else runs meanwhile.
    void write_much(size_t size) {
        const Writer writer(*loop, box.far, size, [this] { loop->exit(0); });
        need(loop->run());
        run_for(kMoment);
        written += size;
    }

    console::Tap tap;
    std::unique_ptr<console::Forwarder> forwarder;
    std::unique_ptr<Visitor> visitor;
    UniqueFd keyboard_and_screen;
    UniqueFd words;
    int left = 0;
    size_t written = 0;
    size_t heard = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_visitor_sees_the_past_and_the_present_and_types) {
    Room room;
    put(room.box.far, "before\x1b[6n ");
    room.run_for(kMoment);
    room.enter();
    put(room.box.far, "after\x1b[6n");
    room.run_for(kMoment);
    BOOST_TEST(read_now(room.keyboard_and_screen) == "before after\x1b[6n");
    put(room.keyboard_and_screen, "typed\035\035\035\004");
    room.run_for(kMoment);
    BOOST_TEST(read_now(room.box.far) == "typed\035\035\035\004");
    BOOST_TEST(room.left == 0);
}

BOOST_AUTO_TEST_CASE(a_long_past_begins_with_a_line) {
    Room room;
    for (int i = 0; i < 30; i++)
        room.say(std::string(999, static_cast<char>('a' + i % 26)) + "\n");
    room.enter();
    const std::string past = read_now(room.keyboard_and_screen);
    BOOST_TEST(past.size() <= console::kHistorySize);
    BOOST_TEST(past.size() > console::kHistorySize - 1000);
    BOOST_TEST(past.size() % 1000 == 0U);
}

BOOST_AUTO_TEST_CASE(the_size_of_the_window_is_that_of_the_console) {
    Room room;
    room.enter();
    need(state::send_value(room.words, {{"rows", 20}, {"columns", 55}}));
    room.run_for(kMoment);
    BOOST_TEST(need(os::window_size(room.box.near)).ws_row == 20);
    BOOST_TEST(need(os::window_size(room.box.near)).ws_col == 55);
    need(state::send_value(room.words, {{"rows", 70000}, {"columns", 55}}));
    room.run_for(kMoment);
    BOOST_TEST(room.left == 1);
}

BOOST_AUTO_TEST_CASE(who_goes_is_noticed_and_ends_nothing) {
    Room room;
    room.enter();
    BOOST_TEST(!room.visitor->has_gone());
    room.words.reset();
    BOOST_TEST(room.visitor->has_gone());
    room.keyboard_and_screen.reset();
    put(room.box.far, "into the void");
    room.run_for(kMoment);
    BOOST_TEST(room.left == 1);
    BOOST_TEST(read_now(room.box.far).empty());
    room.enter();
    BOOST_TEST(read_now(room.keyboard_and_screen) == "into the void");
}

BOOST_AUTO_TEST_CASE(one_who_closed_only_his_screen_goes_as_well) {
    Room room;
    room.enter();
    room.keyboard_and_screen.reset();
    put(room.box.far, "into the void");
    room.run_for(kMoment);
    BOOST_TEST(room.left == 1);
}

BOOST_AUTO_TEST_CASE(one_who_does_not_read_gets_the_newest) {
    Room room;
    room.enter();
    room.write_much(3U << 20U);
    put(room.box.far, "end of it");
    room.run_for(kMoment);
    std::string seen;
    for (std::string more; !(more = read_now(room.keyboard_and_screen)).empty(); seen += more)
        room.run_for(kMoment);
    const size_t note = seen.find("\r\n[boxctl: ");
    BOOST_TEST_REQUIRE(note != std::string::npos);
    const size_t end = seen.find(" bytes left out here]\r\n", note);
    BOOST_TEST_REQUIRE(end != std::string::npos);
    const size_t lost = std::stoul(seen.substr(note + 11, end - note - 11));
    const size_t behind = end + 23;
    BOOST_TEST(note + lost + seen.size() - behind == room.written + 9);
    size_t wrong = 0;
    for (size_t i = 0; i < note; i++)
        wrong += seen[i] != pattern(i);
    for (size_t i = behind; i < seen.size() - 9; i++)
        wrong += seen[i] != pattern(note + lost + i - behind);
    BOOST_TEST(wrong == 0U);
    BOOST_TEST(seen.ends_with("end of it"));
    BOOST_TEST(room.left == 0);
}

BOOST_AUTO_TEST_CASE(a_little_too_much_is_not_lost) {
    Room room;
    room.enter();
    // As much as the kernel holds, the buffer, and less than what the console keeps.
    while (room.visitor->waiting() < Visitor::kPatience - 4096)
        room.write_much(4096);
    room.write_much(console::kHistorySize - 4096);
    std::string seen;
    for (std::string more; !(more = read_now(room.keyboard_and_screen)).empty(); seen += more)
        room.run_for(kMoment);
    BOOST_TEST(seen.size() == room.written);
}

BOOST_AUTO_TEST_CASE(the_last_words_are_delivered_in_time_or_not_at_all) {
    Room room;
    room.enter();
    put(room.box.far, "last words");
    room.run_for(kMoment);
    room.visitor->finish(event::kSecond);
    BOOST_TEST(read_now(room.keyboard_and_screen) == "last words");
    room.write_much(1U << 20U);
    const uint64_t start = now_us();
    room.visitor->finish(kMoment);
    BOOST_TEST(now_us() - start >= kMoment);
}

BOOST_AUTO_TEST_CASE(another_image_goes_on_with_him) {
    Room room;
    room.enter();
    room.write_much(1U << 20U);
    state::Outgoing outgoing;
    outgoing.values["visitor"] = room.visitor->pack(outgoing);
    // As execve(2) leaves them: open, and nobody's.
    std::vector<UniqueFd> copies;
    for (const int fd : outgoing.fds())
        copies.push_back(need(os::duplicate(BorrowedFd(fd))));
    for (const char* key : {"connection", "bytes"}) {
        for (size_t i = 0; i < copies.size(); i++) {
            if (outgoing.values["visitor"][key] == outgoing.fds()[i])
                outgoing.values["visitor"][key] = copies[i].get();
        }
    }
    state::Outgoing handed;
    handed.values = outgoing.values;
    for (UniqueFd& copy : copies)
        handed.add(BorrowedFd(copy.release()));
    room.visitor.reset();
    state::Incoming incoming = need(state::Incoming::open(need(handed.seal())));
    room.visitor =
            need(Visitor::resume(room.console(), incoming.values["visitor"], incoming, [] {}));
    BOOST_TEST(room.visitor->pid() == 17);
    put(room.box.far, "end of it");
    room.run_for(kMoment);
    std::string seen;
    for (std::string more; !(more = read_now(room.keyboard_and_screen)).empty(); seen += more)
        room.run_for(kMoment);
    BOOST_TEST(seen.find(" bytes left out here]\r\n") != std::string::npos);
    BOOST_TEST(seen.ends_with("end of it"));
}
