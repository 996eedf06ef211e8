// SPDX-License-Identifier: LGPL-2.1-or-later
// Orphans that are left to the kernel: the command's status stays exact, and by hand is as before.
#include "lib/init/storm.h"

#include <cstddef>
#include <cstdio>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/init/signals.h"

using namespace boxctl::init;

namespace {

/// Linux 6.15 is the first that keeps a status for pidfds.
bool kernel_keeps_status() {
    struct utsname name = {};
    unsigned major_number = 0;
    unsigned minor_number = 0;
    BOOST_REQUIRE(uname(&name) == 0);
    BOOST_REQUIRE(sscanf(name.release, "%u.%u", &major_number, &minor_number) == 2);
    return major_number > 6 || (major_number == 6 && minor_number >= 15);
}

struct NeedsNewKernel {
    boost::test_tools::assertion_result operator()(boost::unit_test::test_unit_id) const {
        boost::test_tools::assertion_result result(kernel_keeps_status());
        result.message() << "Linux before 6.15 keeps no status for pidfds";
        return result;
    }
};

/// A child that does `act` when it is let go.
class Command {
 public:
    template <class Act>
    explicit Command(Act act) {
        int pipe[2] = {};
        BOOST_REQUIRE(::pipe(pipe) == 0);
        pid = fork();
        BOOST_REQUIRE(pid >= 0);
        if (pid == 0) {
            char byte = 0;
            close(pipe[1]);
            if (read(pipe[0], &byte, 1) == 0) act();
            _exit(99);
        }
        close(pipe[0]);
        gate_ = pipe[1];
    }
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;
    ~Command() {
        let_go();
        kill(pid, SIGKILL);
        waitpid(pid, nullptr, 0);
    }
    void let_go() {
        if (gate_ >= 0) close(gate_);
        gate_ = -1;
    }

    pid_t pid = -1;

 private:
    int gate_ = -1;
};

/// Each case begins and ends with children that are reaped by hand.
struct ByHand {
    ByHand() { heed_children(); }
    ~ByHand() { heed_children(); }
};

bool wait_for_state(pid_t pid, int what) {
    siginfo_t info = {};
    return waitid(P_PID, static_cast<id_t>(pid), &info, what | WNOWAIT) == 0;
}

/// Whether an orphan that ends now waits to be reaped; none is left of it.
bool becomes_zombie() {
    const pid_t pid = fork();
    BOOST_REQUIRE(pid >= 0);
    if (pid == 0) _exit(0);
    siginfo_t info = {};
    // Without zombies this waits for the end and then knows nothing of it.
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) == 0;
}

[[noreturn]] void die_by(int signal) {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, nullptr);
    const struct rlimit none = {};
    setrlimit(RLIMIT_CORE, &none);
    kill(getpid(), signal);
    _exit(98);
}

void* exit_with_seven(void*) {
    usleep(10000);
    _exit(7);  // of all threads
}

/// The first thread ends with 0 before the process ends with 7.
[[noreturn]] void die_in_two_steps() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, exit_with_seven, nullptr) != 0) _exit(97);
    syscall(SYS_exit, 0);
    _exit(97);
}

/// In this process a call of `number` whose argument `index` has `value`'s bits fails from now on.
void forbid(int number, unsigned index, uint32_t value) {
    const auto argument = static_cast<uint32_t>(offsetof(struct seccomp_data, args) + 8 * index);
    const sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 4),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
            BPF_STMT(BPF_ALU | BPF_AND | BPF_K, value),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    sock_fprog program = {sizeof filter / sizeof *filter, const_cast<sock_filter*>(filter)};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
        _exit(96);
    }
}

constexpr uint32_t kGetInfo = 0xc040ff0b;  // PIDFD_GET_INFO
constexpr uint32_t kByPidfd = 3;           // P_PIDFD

/// The exit status of `act` in a process of its own.
template <class Act>
int apart(Act act) {
    const pid_t pid = fork();
    if (pid == 0) _exit(act());
    int status = 0;
    BOOST_REQUIRE(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(storm, ByHand)

BOOST_AUTO_TEST_CASE(the_probe_knows_the_kernel_and_leaves_nothing) {
    BOOST_TEST(probe_exit_status() == kernel_keeps_status());
    BOOST_TEST(waitpid(-1, nullptr, WNOHANG) == -1);
    BOOST_TEST(errno == ECHILD);
}

BOOST_AUTO_TEST_CASE(the_probe_fails_where_something_is_forbidden,
                     *boost::unit_test::precondition(NeedsNewKernel())) {
    BOOST_TEST(apart([] { return probe_exit_status() ? 1 : 0; }) == 1);  // control
    struct Row {
        const char* what;
        int number;
        unsigned index;
        uint32_t value;
    };
    const Row rows[] = {
            {"PIDFD_GET_INFO", SYS_ioctl, 1, kGetInfo},
            {"waitid(P_PIDFD)", SYS_waitid, 0, kByPidfd},
            {"any process", SYS_clone, 0, SIGCHLD},
            {"a second thread", SYS_clone, 0, 0x10000},
            {"SIGKILL", SYS_kill, 1, SIGKILL},
    };
    for (const Row& row : rows) {
        const int outcome = apart([&row] {
            forbid(row.number, row.index, row.value);
            if (probe_exit_status()) return 1;
            return waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD ? 0 : 2;
        });
        BOOST_TEST(outcome == 0, row.what << " is forbidden: " << outcome);
    }
}

BOOST_AUTO_TEST_CASE(few_orphans_are_no_storm, *boost::unit_test::precondition(NeedsNewKernel())) {
    const Command command([] {});
    Storm storm;
    BOOST_TEST(!storm.rises(command.pid, kStorm - 1));
    BOOST_TEST(becomes_zombie());
    BOOST_TEST(storm.rises(command.pid, 1));
    BOOST_TEST(storm.lasts());
    BOOST_TEST(!becomes_zombie());
    BOOST_TEST((storm.end().fate == Fate::none));
    BOOST_TEST(!storm.lasts());
    BOOST_TEST(becomes_zombie());
}

BOOST_AUTO_TEST_CASE(the_status_is_exact, *boost::unit_test::precondition(NeedsNewKernel())) {
    struct Row {
        void (*act)();
        int status;
    };
    const Row rows[] = {
            {[] { _exit(0); }, 0},
            {[] { _exit(7); }, 7},
            {[] { _exit(255); }, 255},
            {[] { die_by(SIGTERM); }, 143},
            {[] { die_by(SIGKILL); }, 137},
            {[] { die_by(SIGSEGV); }, 139},
            {die_in_two_steps, 7},
            {[] { execl("/bin/sh", "sh", "-c", "exit 9", nullptr); }, 9},
    };
    for (const Row& row : rows) {
        Command command(row.act);
        Storm storm;
        BOOST_REQUIRE(storm.rises(command.pid, kStorm));
        command.let_go();
        storm.wait();
        const Child child = storm.end();
        BOOST_TEST((child.fate == Fate::exited));
        BOOST_TEST(child.status == row.status);
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_was_a_zombie_is_reaped,
                     *boost::unit_test::precondition(NeedsNewKernel())) {
    for (const bool by_signal : {false, true}) {
        Command command([by_signal] {
            if (by_signal) die_by(SIGTERM);
            _exit(7);
        });
        command.let_go();
        BOOST_REQUIRE(wait_for_state(command.pid, WEXITED));
        Storm storm;
        BOOST_REQUIRE(storm.rises(command.pid, kStorm));
        storm.wait();
        const Child child = storm.end();
        BOOST_TEST((child.fate == Fate::exited));
        BOOST_TEST(child.status == (by_signal ? 143 : 7));
        BOOST_TEST((reap_one().fate == Fate::no_children));
    }
}

BOOST_AUTO_TEST_CASE(after_the_storm_the_number_is_kept,
                     *boost::unit_test::precondition(NeedsNewKernel())) {
    Command command([] { _exit(7); });
    Storm storm;
    BOOST_REQUIRE(storm.rises(command.pid, kStorm));
    BOOST_TEST((storm.end().fate == Fate::none));
    command.let_go();
    BOOST_REQUIRE(wait_for_state(command.pid, WEXITED));
    const Child child = reap_one();
    BOOST_TEST(child.pid == command.pid);
    BOOST_TEST(child.status == 7);
}

BOOST_AUTO_TEST_CASE(a_stop_meanwhile_is_found, *boost::unit_test::precondition(NeedsNewKernel())) {
    const Command command([] {});
    Storm storm;
    BOOST_REQUIRE(storm.rises(command.pid, kStorm));
    kill(command.pid, SIGSTOP);
    BOOST_REQUIRE(wait_for_state(command.pid, WSTOPPED));
    BOOST_TEST((storm.end().fate == Fate::none));
    const Child child = reap_one();
    BOOST_TEST((child.fate == Fate::stopped));
    BOOST_TEST(child.pid == command.pid);
    BOOST_TEST(child.status == SIGSTOP);
}

BOOST_AUTO_TEST_CASE(a_signal_ends_the_wait, *boost::unit_test::precondition(NeedsNewKernel())) {
    const Command command([] {});
    sigset_t usr1;
    sigset_t before;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, &before);
    Storm storm;
    BOOST_REQUIRE(storm.rises(command.pid, kStorm));
    kill(getpid(), SIGUSR1);
    storm.wait();
    BOOST_TEST(is_pending(SIGUSR1));
    drop_signal(SIGUSR1);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    BOOST_TEST((storm.end().fate == Fate::none));
}

BOOST_AUTO_TEST_CASE(storms_come_again, *boost::unit_test::precondition(NeedsNewKernel())) {
    Command command([] { _exit(7); });
    Storm storm;
    for (int round = 0; round < 3; ++round) {
        BOOST_TEST(!storm.rises(command.pid, kStorm - 1));
        BOOST_REQUIRE(storm.rises(command.pid, 1));
        BOOST_TEST(!storm.rises(command.pid, kStorm));  // it lasts already
        BOOST_TEST((storm.end().fate == Fate::none));
    }
    BOOST_REQUIRE(storm.rises(command.pid, kStorm));
    command.let_go();
    storm.wait();
    BOOST_TEST(storm.end().status == 7);
}

BOOST_AUTO_TEST_CASE(without_descriptors_it_goes_on_by_hand,
                     *boost::unit_test::precondition(NeedsNewKernel())) {
    const Command command([] {});
    struct rlimit before = {};
    BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    Storm storm;
    const int free_one = dup(0);
    BOOST_REQUIRE(free_one >= 0);
    close(free_one);
    // Room for none, and for the pidfd alone; the first failure makes it patient.
    uint32_t wanted = kStorm;
    for (const int room : {0, 1}) {
        const struct rlimit tight = {static_cast<rlim_t>(free_one + room), before.rlim_max};
        BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &tight) == 0);
        const bool rose = storm.rises(command.pid, wanted);
        setrlimit(RLIMIT_NOFILE, &before);
        BOOST_TEST(!rose);
        BOOST_TEST(becomes_zombie());
        wanted *= kStormPatience;
    }
    BOOST_TEST(!storm.rises(command.pid, wanted - 1));
    BOOST_TEST(storm.rises(command.pid, 1));
    BOOST_TEST((storm.end().fate == Fate::none));
}

BOOST_AUTO_TEST_CASE(a_status_that_cannot_be_read_is_no_success,
                     *boost::unit_test::precondition(NeedsNewKernel())) {
    const int outcome = apart([] {
        Command command([] { _exit(0); });
        Storm storm;
        if (!storm.rises(command.pid, kStorm)) return 1;
        forbid(SYS_ioctl, 1, kGetInfo);
        command.let_go();
        storm.wait();
        const Child child = storm.end();
        return child.fate == Fate::lost && child.status == EACCES ? 0 : 2;
    });
    BOOST_TEST(outcome == 0);
}

BOOST_AUTO_TEST_SUITE_END()
