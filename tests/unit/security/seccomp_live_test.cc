// SPDX-License-Identifier: LGPL-2.1-or-later
// The filters loaded into a child that then makes the calls for real; each case is also run
// without them, and has to come out differently.
#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/security/capability.h"
#include "lib/security/seccomp.h"
#include "lib/security/self_check.h"

using namespace boxctl::security;

namespace {

enum class Filtered { no, yes };

constexpr int kLoadFailed = 253;
constexpr int kDied = 254;

// Exit status of a child that runs `act`: what act returns, in 0...252.
int in_child(Filtered filtered, const std::function<int()>& act) {
    const auto filters = default_filters(kDefaultCapabilities);
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
        if (filtered == Filtered::yes) {
            if (geteuid() != 0) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            for (const FilterView& filter : filters) {
                if (load_filter(filter) != 0) _exit(kLoadFailed);
            }
        }
        _exit(act());
    }
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : kDied;
    BOOST_REQUIRE_NE(code, kLoadFailed);
    return code;
}

int errno_of(long result) {
    return result < 0 ? errno : 0;
}

// As the call is made by its number, no C library has a say in it.
template <class... Args>
std::function<int()> call(long number, Args... args) {
    return [=] { return errno_of(syscall(number, args...)); };
}

}  // namespace

BOOST_AUTO_TEST_CASE(refused_calls_are_refused_by_the_filter_and_by_nothing_else) {
    const struct {
        const char* name;
        std::function<int()> act;
        int expected;
    } rows[] = {
        {"userfaultfd with bad flags", call(SYS_userfaultfd, 0x12345), EPERM},
        {"open_by_handle_at of nothing", call(SYS_open_by_handle_at, -1, nullptr, 0), EPERM},
        {"io_uring_enter on no ring", call(426, -1, 0, 0, 0, nullptr, 0), EPERM},
        {"mlock of nothing", call(SYS_mlock, nullptr, 0), EPERM},
        {"syslog buffer size", call(SYS_syslog, 10, nullptr, 0), EPERM},
        {"vsock", call(SYS_socket, AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT},
        {"audit", call(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT), EAFNOSUPPORT},
#if defined(__x86_64__)
        {"sysfs count", call(SYS_sysfs, 3), EPERM},
        {"modify_ldt read", call(SYS_modify_ldt, 0, nullptr, 0), EPERM},
#endif
    };
    int distinct = 0;
    for (const auto& row : rows) {
        BOOST_TEST_CONTEXT(row.name) {
            BOOST_TEST(in_child(Filtered::yes, row.act) == row.expected);
            if (in_child(Filtered::no, row.act) != row.expected) distinct++;
        }
    }
    // A kernel may lack one or another of them, and a guest may itself be filtered; not most.
    BOOST_TEST(distinct >= 5);
}

BOOST_AUTO_TEST_CASE(calls_nobody_knows_get_enosys) {
    BOOST_TEST(in_child(Filtered::yes, call(600)) == ENOSYS);
    BOOST_TEST(in_child(Filtered::yes, call(0x40000000L | SYS_getpid)) == ENOSYS);
}

BOOST_AUTO_TEST_CASE(keyrings_and_crypto_sockets_are_refused) {
    BOOST_TEST(in_child(Filtered::yes, call(SYS_keyctl, 0, -3, 0)) == EPERM);
    BOOST_TEST(in_child(Filtered::yes, call(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0)) ==
               EAFNOSUPPORT);
}

BOOST_AUTO_TEST_CASE(ordinary_sockets_work) {
    for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
        BOOST_TEST(in_child(Filtered::yes, call(SYS_socket, family, SOCK_STREAM, 0)) ==
                   in_child(Filtered::no, call(SYS_socket, family, SOCK_STREAM, 0)));
    }
    BOOST_TEST(in_child(Filtered::yes, call(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)) == 0);
}

BOOST_AUTO_TEST_CASE(programs_start_and_are_waited_for) {
    const auto act = [] {
        const pid_t child = fork();
        if (child == 0) {
            execl("/bin/true", "true", static_cast<char*>(nullptr));
            _exit(7);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child) return 8;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 9;
    };
    BOOST_TEST(in_child(Filtered::yes, act) == 0);
}

BOOST_AUTO_TEST_CASE(the_kernel_counts_what_was_loaded) {
    const auto count = [] {
        const int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        return read_filter_count(fd);
    };
    const int before = in_child(Filtered::no, count);
    const auto added = static_cast<int>(default_filters(kDefaultCapabilities).size());
    BOOST_TEST(in_child(Filtered::yes, count) == before + added);
}

BOOST_AUTO_TEST_CASE(a_malformed_filter_is_reported) {
    const sock_filter falls_off[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}};
    const FilterView broken = {falls_off, 1, "broken"};
    // Loaded behind the good ones, so that one who is not root has no_new_privs by then.
    BOOST_TEST(in_child(Filtered::yes, [&] { return -load_filter(broken); }) == EINVAL);
}

#if defined(__x86_64__)
namespace {

long int80(long number, long first, long second, long third) {
    long result = number;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(first), "c"(second), "d"(third)
                 : "memory", "r8", "r9", "r10", "r11");
    return result;
}

std::function<int()> old_call(long number, long first, long second = 0, long third = 0) {
    return [=] {
        const long result = int80(number, first, second, third);
        return result < 0 ? static_cast<int>(-result) : 0;
    };
}

}  // namespace

BOOST_AUTO_TEST_CASE(i386_calls_of_a_64_bit_program_are_filtered) {
    constexpr long kGetpid = 20, kSysfs = 135, kSocketcall = 102, kSocket = 359;
    if (in_child(Filtered::no, old_call(kGetpid, 0)) == kDied) {
        BOOST_TEST_MESSAGE("kernel without 32-bit calls");
        return;
    }
    BOOST_TEST(in_child(Filtered::yes, old_call(kGetpid, 0)) == 0);
    BOOST_TEST(in_child(Filtered::yes, old_call(kSysfs, 3)) == EPERM);
    BOOST_TEST(in_child(Filtered::no, old_call(kSysfs, 3)) == 0);
    BOOST_TEST(in_child(Filtered::yes, old_call(kSocketcall, 1)) == ENOSYS);
    BOOST_TEST(in_child(Filtered::no, old_call(kSocketcall, 1)) == EFAULT);
    BOOST_TEST(in_child(Filtered::yes, old_call(kSocket, AF_ALG, SOCK_SEQPACKET)) == EAFNOSUPPORT);
    BOOST_TEST(in_child(Filtered::yes, old_call(kSocket, AF_UNIX, SOCK_STREAM)) == 0);
}
#endif
