// SPDX-License-Identifier: LGPL-2.1-or-later
// Rtnl against a missing library and against answers that a kernel does not give every day.
#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lib/net/apply.h"
#include "lib/net/rtnl.h"

extern "C" {  // cmocka 1.1.5 does not say so itself
#include <cmocka.h>
}

using boxctl::net::Rtnl;

namespace {

bool library_missing = false;
uint32_t sequence = 0;  // of the last request sent
char answer[256];
size_t answer_size = 0;
ssize_t claimed_size = 0;

/// An answer of one message with `size` bytes at `payload` in it.
void prepare(uint16_t type, uint16_t flags, const void* payload, size_t size) {
    nlmsghdr header = {};
    header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(size));
    header.nlmsg_type = type;
    header.nlmsg_flags = flags;
    memset(answer, 0, sizeof answer);
    memcpy(answer, &header, sizeof header);
    memcpy(answer + NLMSG_HDRLEN, payload, size);
    answer_size = NLMSG_SPACE(size);
    claimed_size = static_cast<ssize_t>(answer_size);
}

struct Refusal {
    nlmsgerr error;
    nlattr attribute;
    char words[32];
};

Refusal refusal(const char* words) {
    Refusal made = {};
    made.error.error = -EPERM;
    made.error.msg.nlmsg_len = sizeof(nlmsghdr);
    made.attribute.nla_len = sizeof made.attribute + sizeof made.words;
    made.attribute.nla_type = NLMSGERR_ATTR_MSG;
    std::string_view(words).copy(made.words, sizeof made.words);
    return made;
}

std::string deletion_error() {
    auto rtnl = Rtnl::open();
    assert_true(rtnl.has_value());
    const auto deleted = rtnl->delete_link(7);
    return deleted ? "" : deleted.error().message();
}

}  // namespace

extern "C" {
void* __real_dlopen(const char* path, int mode);
void* __wrap_dlopen(const char* path, int mode);
ssize_t __wrap_send(int fd, const void* data, size_t size, int flags);
ssize_t __wrap_recv(int fd, void* buffer, size_t size, int flags);

void* __wrap_dlopen(const char* path, int mode) {
    return library_missing ? nullptr : __real_dlopen(path, mode);
}

ssize_t __wrap_send(int, const void* data, size_t size, int) {
    sequence = static_cast<const nlmsghdr*>(data)->nlmsg_seq;
    return static_cast<ssize_t>(size);
}

ssize_t __wrap_recv(int, void* buffer, size_t size, int) {
    assert_true(answer_size > 0 && answer_size <= size);
    reinterpret_cast<nlmsghdr*>(answer)->nlmsg_seq = sequence;
    memcpy(buffer, answer, answer_size);
    answer_size = 0;  // a second read would block for ever
    return claimed_size;
}
}

static void missing_library_is_named_with_the_way_out(void**) {
    library_missing = true;
    const auto rtnl = Rtnl::open();
    library_missing = false;
    assert_false(rtnl.has_value());
    assert_string_equal(rtnl.error().message().c_str(),
                        "load libmnl.so.0: not found; a virtual cable needs it: install libmnl0, "
                        "or leave --network-veth out");
}

static void removing_nothing_needs_no_library(void**) {
    library_missing = true;
    const auto removed = boxctl::net::remove_veth("no-such-machine-anywhere");
    library_missing = false;
    assert_true(removed.has_value());
}

static void refusal_carries_number_and_words(void**) {
    const Refusal refused = refusal("not on my watch");
    prepare(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &refused, sizeof refused);
    assert_string_equal(deletion_error().c_str(),
                        "delete link 7: not on my watch: Operation not permitted");
}

static void words_without_an_end_stay_inside_their_attribute(void**) {
    const Refusal refused = refusal("0123456789012345678901234567890123456789");
    prepare(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, &refused, sizeof refused);
    assert_string_equal(deletion_error().c_str(),
                        "delete link 7: 01234567890123456789012345678901: Operation not permitted");
}

static void copy_of_the_request_is_skipped_by_its_length(void**) {
    Refusal refused = refusal("unseen");
    refused.error.msg.nlmsg_len = 0xfffffff0;
    prepare(NLMSG_ERROR, NLM_F_ACK_TLVS, &refused, sizeof refused);
    assert_string_equal(deletion_error().c_str(), "delete link 7: Operation not permitted");
}

static void short_answer_is_refused(void**) {
    const int error = 0;
    prepare(NLMSG_ERROR, 0, &error, sizeof error);
    assert_string_equal(deletion_error().c_str(), "delete link 7: Bad message");
}

static void message_longer_than_the_datagram_is_refused(void**) {
    const Refusal refused = refusal("");
    prepare(NLMSG_ERROR, 0, &refused, sizeof refused);
    reinterpret_cast<nlmsghdr*>(answer)->nlmsg_len = 4000;
    assert_string_equal(deletion_error().c_str(), "delete link 7: Bad message");
}

static void truncated_datagram_is_refused(void**) {
    const Refusal refused = refusal("");
    prepare(NLMSG_ERROR, 0, &refused, sizeof refused);
    claimed_size = 1 << 20;
    assert_string_equal(deletion_error().c_str(),
                        "delete link 7: read the answer: Message too long");
}

static void link_without_its_header_is_refused(void**) {
    const int nothing = 0;
    prepare(RTM_NEWLINK, 0, &nothing, sizeof nothing);
    auto rtnl = Rtnl::open();
    const auto found = rtnl->find_link("eth0");
    assert_false(found.has_value());
    assert_string_equal(found.error().message().c_str(),
                        "find link 'eth0': read a link: Bad message");
}

int main() {
    const CMUnitTest tests[] = {
            cmocka_unit_test(missing_library_is_named_with_the_way_out),
            cmocka_unit_test(removing_nothing_needs_no_library),
            cmocka_unit_test(refusal_carries_number_and_words),
            cmocka_unit_test(words_without_an_end_stay_inside_their_attribute),
            cmocka_unit_test(copy_of_the_request_is_skipped_by_its_length),
            cmocka_unit_test(short_answer_is_refused),
            cmocka_unit_test(message_longer_than_the_datagram_is_refused),
            cmocka_unit_test(truncated_datagram_is_refused),
            cmocka_unit_test(link_without_its_header_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
