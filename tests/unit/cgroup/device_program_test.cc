// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/device_program.h"

#include <boost/test/unit_test.hpp>

#include "lib/cgroup/devices.h"
#include "tests/unit/cgroup/ebpf_machine.h"

using namespace boxctl;
using cgroup::Naming;

namespace {

constexpr int kAllowed = 7;
constexpr int kRefused = 8;
constexpr uint32_t kRead = BPF_DEVCG_ACC_READ;
constexpr uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
constexpr uint32_t kMake = BPF_DEVCG_ACC_MKNOD;

template <class T>
ebpf::Bytes bytes_of(const T& value) {
    const char* begin = reinterpret_cast<const char*>(&value);
    return {begin, begin + sizeof value};
}

struct Box {
    explicit Box(Naming naming = Naming::with_command)
            : code(cgroup::assemble_device_program(kAllowed, kRefused, naming)) {
        machine.maps[kAllowed] = {sizeof(cgroup::AllowedKey), sizeof(cgroup::AllowedValue)};
        machine.maps[kRefused] = {sizeof(cgroup::RefusedKey), sizeof(cgroup::RefusedValue)};
        machine.command = "dd";
    }
    void allow(const host::DeviceNumber& device, const std::string& access) {
        machine.maps[kAllowed].entries[bytes_of(cgroup::key_of(device))] =
                bytes_of(cgroup::bits_of(access));
    }
    bool open(bool block, uint32_t major_number, uint32_t minor_number, uint32_t access) {
        const uint32_t type = block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
        return machine.run(code, {access << 16U | type, major_number, minor_number}) == 1;
    }
    std::vector<cgroup::Refusal> refusals() {
        std::vector<cgroup::Refusal> all;
        for (const auto& [name, value] : machine.maps[kRefused].entries) {
            cgroup::RefusedKey key;
            cgroup::RefusedValue count = 0;
            memcpy(&key, name.data(), sizeof key);
            memcpy(&count, value.data(), sizeof count);
            all.push_back(cgroup::decode_refusal(key, count));
        }
        return all;
    }

    std::vector<bpf_insn> code;
    ebpf::Machine machine;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(device_program)

BOOST_AUTO_TEST_CASE(nothing_is_allowed_but_what_is_listed) {
    Box box;
    box.allow({false, 1, 3}, "rw");
    BOOST_TEST(box.open(false, 1, 3, kRead));
    BOOST_TEST(box.open(false, 1, 3, kWrite));
    BOOST_TEST(box.open(false, 1, 3, kRead | kWrite));
    BOOST_TEST(box.refusals().empty());
    BOOST_TEST(!box.open(false, 1, 3, kMake));
    BOOST_TEST(!box.open(false, 1, 3, kRead | kMake));
    BOOST_TEST(!box.open(true, 1, 3, kRead));
    BOOST_TEST(!box.open(false, 1, 4, kRead));
    BOOST_TEST(!box.open(false, 3, 1, kRead));
    BOOST_TEST(box.refusals().size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_rule_may_hold_for_a_whole_major_number) {
    Box box;
    box.allow({false, 136, std::nullopt}, "rw");
    BOOST_TEST(box.open(false, 136, 0, kRead | kWrite));
    BOOST_TEST(box.open(false, 136, 0xfffff, kRead));
    BOOST_TEST(!box.open(false, 136, 0, kMake));
    BOOST_TEST(!box.open(true, 136, 0, kRead));
    BOOST_TEST(!box.open(false, 137, 0, kRead));
}

BOOST_AUTO_TEST_CASE(one_of_two_rules_is_enough) {
    Box box;
    box.allow({true, 8, 1}, "r");
    box.allow({true, 8, std::nullopt}, "w");
    BOOST_TEST(box.open(true, 8, 1, kRead));
    BOOST_TEST(box.open(true, 8, 1, kWrite));
    BOOST_TEST(!box.open(true, 8, 1, kRead | kWrite));
    BOOST_TEST(!box.open(true, 8, 2, kRead));
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_counted_with_all_there_is_to_know) {
    Box box;
    for (int i = 0; i < 3; i++)
        BOOST_TEST(!box.open(true, 8, 16, kRead | kWrite));
    box.machine.command = "a name that is too long";
    BOOST_TEST(!box.open(true, 8, 16, kRead | kWrite));
    box.machine.command = "mknod";
    BOOST_TEST(!box.open(false, 1048575, 4095, kMake));
    const std::vector<cgroup::Refusal> expected = {
            {{true, 8, 16}, "rw", "a name that is ", 1},
            {{true, 8, 16}, "rw", "dd", 3},
            {{false, 1048575, 4095}, "m", "mknod", 1},
    };
    const auto all = box.refusals();
    BOOST_TEST(all.size() == expected.size());
    for (const cgroup::Refusal& one : expected)
        BOOST_TEST((std::ranges::find(all, one) != all.end()), one.command);
}

BOOST_AUTO_TEST_CASE(an_older_kernel_tells_no_name) {
    Box box(Naming::without);
    BOOST_TEST(!box.open(true, 8, 0, kRead));
    BOOST_REQUIRE(box.refusals().size() == 1U);
    BOOST_TEST((box.refusals().front() == cgroup::Refusal{{true, 8, 0}, "r", "", 1}));
    BOOST_TEST(box.code.size() < Box().code.size());
}

BOOST_AUTO_TEST_CASE(a_look_whether_there_is_something_counts_as_no_attempt) {
    Box box;
    BOOST_TEST(!box.open(true, 8, 0, 0));
    BOOST_TEST(box.refusals().empty());
    box.allow({true, 8, 0}, "r");
    BOOST_TEST(box.open(true, 8, 0, 0));
}

BOOST_AUTO_TEST_CASE(a_full_map_changes_nothing_about_the_answer) {
    Box box;
    box.machine.maps[kRefused].full = true;
    BOOST_TEST(!box.open(true, 8, 0, kRead));
    BOOST_TEST(box.refusals().empty());
}

BOOST_AUTO_TEST_CASE(entries_become_text_that_can_be_read) {
    cgroup::RefusedKey key;
    key.device = {BPF_DEVCG_DEV_BLOCK, 259, 7};
    key.access = kRead | kWrite | kMake;
    key.command.fill('x');  // no end
    const auto refusal = cgroup::decode_refusal(key, UINT64_MAX);
    BOOST_TEST(
            (refusal == cgroup::Refusal{{true, 259, 7}, "rwm", std::string(16, 'x'), UINT64_MAX}));
    BOOST_TEST(cgroup::decode_refusal({}, 0).access == "");
}

BOOST_AUTO_TEST_SUITE_END()
