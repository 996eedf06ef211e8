// SPDX-License-Identifier: LGPL-2.1-or-later
// What the compiled filters say of calls, without making them.
#include <cerrno>
#include <string>

#include <linux/audit.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <boost/test/unit_test.hpp>

#include "lib/security/capability.h"
#include "lib/security/seccomp.h"
#include "tests/unit/security/bpf_machine.h"

using namespace boxctl::security;

namespace {

struct Row {
    const char* name;
    long number;
    int answer;
};

}  // namespace

BOOST_AUTO_TEST_CASE(default_box_loads_one_filter) {
    BOOST_TEST(default_filters(default_capabilities(false)).size() == 1U);
    BOOST_TEST(default_filters(default_capabilities(true)).size() == 1U);
    BOOST_TEST(default_filters(kAllCapabilities).size() == 1U);
}

BOOST_AUTO_TEST_CASE(each_list_gives_its_answer) {
    const Row rows[] = {
            {"read", SYS_read, 0},
            {"openat", SYS_openat, 0},
            {"openat2", 437, 0},
            {"clone", SYS_clone, 0},
            {"clone3", 435, 0},
            {"unshare", SYS_unshare, 0},
            {"setns", SYS_setns, 0},
            {"mount", SYS_mount, 0},
            {"fsopen", 430, 0},
            {"mount_setattr", 442, 0},
            {"statmount", 457, 0},
            {"file_setattr", 469, 0},
            {"ptrace", SYS_ptrace, 0},
            {"reboot", SYS_reboot, 0},
            {"vhangup", SYS_vhangup, 0},
            {"seccomp", SYS_seccomp, 0},
            {"name_to_handle_at", SYS_name_to_handle_at, 0},
            {"open_by_handle_at", SYS_open_by_handle_at, EPERM},
            {"kexec_load", SYS_kexec_load, EPERM},
            {"perf_event_open", SYS_perf_event_open, EPERM},
            {"fanotify_init", SYS_fanotify_init, EPERM},
            {"userfaultfd", SYS_userfaultfd, EPERM},
            {"io_uring_setup", 425, EPERM},
            {"io_uring_register", 427, EPERM},
            {"keyctl", SYS_keyctl, EPERM},
            {"add_key", SYS_add_key, EPERM},
            {"request_key", SYS_request_key, EPERM},
            {"swapon", SYS_swapon, EPERM},
            {"quotactl", SYS_quotactl, EPERM},
            {"quotactl_fd", 443, EPERM},
            {"bpf", SYS_bpf, EPERM},
            {"init_module", SYS_init_module, EPERM},
            {"clock_settime", SYS_clock_settime, EPERM},
            {"mlock", SYS_mlock, EPERM},
            {"syslog", SYS_syslog, EPERM},
            {"acct", SYS_acct, EPERM},
            {"call 470", 470, ENOSYS},
            {"call 600", 600, ENOSYS},
            {"call -1", -1, ENOSYS},
    };
    const auto filters = default_filters(kDefaultCapabilities);
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            BOOST_TEST(answer(filters, kNative, row.number) == row.answer);
        }
    }
}

BOOST_AUTO_TEST_CASE(sockets_are_allowed_by_family) {
    const auto filters = default_filters(kDefaultCapabilities);
    for (uint32_t family = 0; family < 64; family++) {
        const bool listed = family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
                            family == AF_NETLINK || family == AF_PACKET;
        BOOST_TEST_CONTEXT("family " << family) {
            BOOST_TEST(answer(filters, kNative, SYS_socket, family) == (listed ? 0 : EAFNOSUPPORT));
        }
    }
    BOOST_TEST(answer(filters, kNative, SYS_socket, AF_NETLINK, NETLINK_AUDIT) == EAFNOSUPPORT);
    BOOST_TEST(answer(filters, kNative, SYS_socket, AF_NETLINK, NETLINK_ROUTE) == 0);
    BOOST_TEST(answer(filters, kNative, SYS_socket, AF_INET, NETLINK_AUDIT) == 0);
}

BOOST_AUTO_TEST_CASE(upper_half_of_a_socket_argument_hides_nothing) {
    const auto filters = default_filters(kDefaultCapabilities);
    constexpr uint64_t kHigh = uint64_t{0xdead} << 32U;
    BOOST_TEST(answer(filters, kNative, SYS_socket, kHigh | AF_ALG) == EAFNOSUPPORT);
    BOOST_TEST(answer(filters, kNative, SYS_socket, kHigh | AF_NETLINK, kHigh | NETLINK_AUDIT) ==
               EAFNOSUPPORT);
    BOOST_TEST(answer(filters, kNative, SYS_socket, kHigh | AF_UNIX) == 0);
}

#if defined(__x86_64__)
BOOST_AUTO_TEST_CASE(x32_calls_look_absent) {
    const auto filters = default_filters(kAllCapabilities);
    for (long number = 0; number < 1024; number++) {
        BOOST_TEST(answer(filters, kNative, 0x40000000 | number) == ENOSYS);
    }
}

BOOST_AUTO_TEST_CASE(i386_calls_are_filtered_by_their_own_numbers) {
    const Row rows[] = {
            {"exit", 1, 0},
            {"ipc", 117, 0},
            {"getuid32", 199, 0},
            {"clone", 120, 0},
            {"futex_time64", 422, 0},
            {"modify_ldt", 123, EPERM},
            {"vm86", 166, EPERM},
            {"keyctl", 288, EPERM},
            {"stime", 25, EPERM},
            {"bpf", 357, EPERM},
            {"bind", 361, 0},
            {"socketcall", 102, ENOSYS},
            {"call 600", 600, ENOSYS},
    };
    const auto filters = default_filters(kDefaultCapabilities);
    for (const Row& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            BOOST_TEST(answer(filters, AUDIT_ARCH_I386, row.number) == row.answer);
        }
    }
    BOOST_TEST(answer(filters, AUDIT_ARCH_I386, 359, AF_ALG) == EAFNOSUPPORT);
    BOOST_TEST(answer(filters, AUDIT_ARCH_I386, 359, AF_UNIX) == 0);
}
#endif

BOOST_AUTO_TEST_CASE(other_architectures_look_absent) {
    BOOST_TEST(answer(default_filters(kDefaultCapabilities), AUDIT_ARCH_PPC64, 0) == ENOSYS);
}

namespace {

constexpr struct {
    int capability;
    long number;
} kGated[] = {
        {CAP_SYS_TIME, SYS_clock_settime},
        {CAP_SYS_TIME, SYS_settimeofday},
        {CAP_SYS_TIME, SYS_adjtimex},
        {CAP_SYS_MODULE, SYS_finit_module},
        {CAP_IPC_LOCK, SYS_mlockall},
        {CAP_IPC_LOCK, SYS_munlock},
        {CAP_SYS_PACCT, SYS_acct},
        {CAP_SYS_PTRACE, SYS_ptrace},
        {CAP_SYS_PTRACE, SYS_process_vm_readv},
        {CAP_SYS_BOOT, SYS_reboot},
        {CAP_SYSLOG, SYS_syslog},
        {CAP_SYS_TTY_CONFIG, SYS_vhangup},
        {CAP_BPF, SYS_bpf},
#if defined(__x86_64__)
        {CAP_SYS_RAWIO, SYS_iopl},
        {CAP_SYS_RAWIO, SYS_ioperm},
#endif
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_gated_call_follows_its_capability_alone) {
    uint64_t gates = 0;
    for (const auto& row : kGated)
        gates |= capability_bit(row.capability);
    // All subsets of the gates, spread over the bits they live at.
    uint64_t mask = 0;
    do {
        const auto filters = default_filters(mask);
        for (const auto& row : kGated) {
            const bool kept = (mask & capability_bit(row.capability)) != 0;
            BOOST_REQUIRE_EQUAL(answer(filters, kNative, row.number), kept ? 0 : EPERM);
        }
        BOOST_REQUIRE_EQUAL(answer(filters, kNative, SYS_read), 0);
        BOOST_REQUIRE_EQUAL(answer(filters, kNative, SYS_keyctl), EPERM);
        BOOST_REQUIRE_EQUAL(answer(filters, kNative, 600), ENOSYS);
        BOOST_REQUIRE_EQUAL(answer(filters, kNative, SYS_socket, AF_ALG), EAFNOSUPPORT);
        mask = (mask - gates) & gates;
    } while (mask != 0);
}

BOOST_AUTO_TEST_CASE(capabilities_without_calls_change_nothing) {
    const auto plain = default_filters(kDefaultCapabilities);
    const auto more = default_filters(kDefaultCapabilities | capability_bit(CAP_NET_ADMIN));
    BOOST_REQUIRE_EQUAL(plain.size(), more.size());
    BOOST_TEST(plain[0].code == more[0].code);
}
