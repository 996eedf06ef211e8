// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/state/handover.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/base/text.h"

using namespace boxctl;

namespace {

os::UniqueFd null_device() {
    os::UniqueFd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
    BOOST_REQUIRE(fd.valid());
    return fd;
}

/// As execve(2) leaves it: the numbers are open, nobody owns them.
os::UniqueFd handed_over(state::Outgoing& outgoing) {
    auto memfd = outgoing.seal();
    BOOST_REQUIRE(memfd);
    return std::move(memfd).value();
}

os::UniqueFd memory_file(const std::string& text) {
    state::Outgoing outgoing;
    os::UniqueFd fd = handed_over(outgoing);
    BOOST_REQUIRE(ftruncate(fd.get(), 0) == 0);
    BOOST_REQUIRE(pwrite(fd.get(), text.data(), text.size(), 0) ==
                  static_cast<ssize_t>(text.size()));
    return fd;
}

bool is_open(int fd) {
    return fcntl(fd, F_GETFD) >= 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_and_descriptors_arrive) {
    state::Outgoing outgoing;
    os::UniqueFd sent = null_device();
    const int number = sent.get();
    outgoing.values["fd"] = outgoing.add(sent);
    outgoing.values["none"] = outgoing.add(os::BorrowedFd(-1));
    outgoing.values["word"] = "web";
    BOOST_TEST(fcntl(number, F_SETFD, 0) == 0);
    (void)sent.release();
    auto incoming = state::Incoming::open(handed_over(outgoing));
    BOOST_REQUIRE(incoming);
    BOOST_TEST(json::get_string(incoming->values, "word").value() == "web");
    const auto taken = incoming->take(incoming->values, "fd");
    BOOST_REQUIRE(taken);
    BOOST_TEST(taken->get() == number);
    BOOST_TEST((fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    const auto none = incoming->take(incoming->values, "none");
    BOOST_REQUIRE(none);
    BOOST_TEST(!none->valid());
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_taken_once_and_only_if_listed) {
    state::Outgoing outgoing;
    os::UniqueFd sent = null_device();
    const os::UniqueFd other = null_device();
    outgoing.values["fd"] = outgoing.add(sent);
    outgoing.values["again"] = outgoing.values["fd"];
    outgoing.values["other"] = other.get();
    (void)sent.release();
    auto incoming = state::Incoming::open(handed_over(outgoing));
    BOOST_REQUIRE(incoming);
    const auto taken = incoming->take(incoming->values, "fd");
    BOOST_TEST(taken.has_value());
    BOOST_TEST(!incoming->take(incoming->values, "again").has_value());
    BOOST_TEST(!incoming->take(incoming->values, "other").has_value());
    BOOST_TEST(!incoming->take(incoming->values, "missing").has_value());
    BOOST_TEST(is_open(other.get()));
}

BOOST_AUTO_TEST_CASE(what_nobody_takes_is_closed) {
    state::Outgoing outgoing;
    os::UniqueFd sent = null_device();
    const int number = sent.get();
    outgoing.values["fd"] = outgoing.add(sent);
    (void)sent.release();
    {
        const auto incoming = state::Incoming::open(handed_over(outgoing));
        BOOST_REQUIRE(incoming);
        BOOST_TEST(is_open(number));
    }
    BOOST_TEST(!is_open(number));
}

BOOST_AUTO_TEST_CASE(a_listed_descriptor_that_is_not_open_is_an_error) {
    BOOST_TEST(!state::Incoming::open(
                        memory_file(R"({"version":1,"descriptors":[1000000],"values":{}})"))
                        .has_value());
}

BOOST_AUTO_TEST_CASE(another_version_or_no_handover_is_refused) {
    for (const char* text : {"", "{}", R"({"version":2,"descriptors":[],"values":{}})",
                             R"({"version":1,"descriptors":[]})", R"({"version":1,"values":{}})",
                             R"({"version":1,"descriptors":[-1],"values":{}})",
                             R"({"version":1,"descriptors":["0"],"values":{}})"}) {
        BOOST_TEST(!state::Incoming::open(memory_file(text)).has_value(), text);
    }
    // The control: the same with nothing wrong.
    BOOST_TEST(state::Incoming::open(memory_file(R"({"version":1,"descriptors":[],"values":{}})"))
                       .has_value());
}

BOOST_AUTO_TEST_CASE(bytes_survive_as_hex_digits) {
    std::string bytes;
    for (int value = 0; value < 256; value++)
        bytes += static_cast<char>(value);
    BOOST_TEST(state::from_hex(state::to_hex(bytes)).value() == bytes);
    BOOST_TEST(state::from_hex("").value().empty());
    for (const char* text : {"0", "0g", "G0", "AA", "00 "})
        BOOST_TEST(!state::from_hex(text).has_value(), text);
}
