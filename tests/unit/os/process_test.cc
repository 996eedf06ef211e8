// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cerrno>
#include <functional>
#include <string>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/message.h"
#include "lib/os/pty.h"
#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;

BOOST_AUTO_TEST_CASE(signals_have_names_and_numbers) {
    const struct {
        const char* text;
        int signal;
    } cases[] = {
            {"9", SIGKILL},
            {"SIGKILL", SIGKILL},
            {"KILL", SIGKILL},
            {"TERM", SIGTERM},
            {"SIGPWR", SIGPWR},
            {"1", 1},
            {"64", 64},
            {"RTMIN", SIGRTMIN},
            {"SIGRTMIN+0", SIGRTMIN},
            {"SIGRTMIN+3", SIGRTMIN + 3},
            {"RTMIN+30", SIGRTMAX},
            {"RTMAX", SIGRTMAX},
            {"SIGRTMAX-1", SIGRTMAX - 1},
            {"SIGRTMAX-30", SIGRTMIN},
            {"0", 0},
            {"65", 0},
            {"4294967305", 0},
            {"-9", 0},
            {"", 0},
            {"SIG", 0},
            {"SIGSIGKILL", 0},
            {"sigkill", 0},
            {"KILL ", 0},
            {"RTMIN+31", 0},
            {"RTMIN-1", 0},
            {"RTMAX+1", 0},
            {"RTMIN+", 0},
            {"RTMIN3", 0},
            {"RTMIN+4294967297", 0},
            {"SIGRTMAX-31", 0},
    };
    for (const auto& [text, signal] : cases)
        BOOST_CHECK_MESSAGE(os::parse_signal(text) == signal, text);
}

BOOST_AUTO_TEST_CASE(every_signal_reads_back_from_its_name) {
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        if (signal == 32 || signal == 33) continue;  // the C library's own
        BOOST_CHECK_EQUAL(os::parse_signal(os::signal_name(signal)), signal);
    }
    BOOST_CHECK_EQUAL(os::signal_name(SIGTERM), "SIGTERM");
    BOOST_CHECK_EQUAL(os::signal_name(SIGRTMIN), "SIGRTMIN");
    BOOST_CHECK_EQUAL(os::signal_name(SIGRTMIN + 4), "SIGRTMIN+4");
    BOOST_CHECK_EQUAL(os::signal_name(0), "signal 0");
}

BOOST_AUTO_TEST_CASE(exit_statuses_come_back_as_they_were) {
    for (const int code : {0, 1, 42, 255}) {
        const os::ExitStatus status = need(os::wait_for(spawn([=] { return code; }).pidfd));
        BOOST_CHECK_EQUAL(status.code, code);
        BOOST_CHECK_EQUAL(status.signal, 0);
        BOOST_CHECK_EQUAL(status.shell_code(), code);
    }
    const os::Cloned child = spawn([] {
        raise(SIGUSR1);
        return 0;
    });
    const os::ExitStatus status = need(os::wait_for(child.pidfd));
    BOOST_CHECK_EQUAL(status.signal, SIGUSR1);
    BOOST_CHECK_EQUAL(status.shell_code(), 128 + SIGUSR1);
    BOOST_CHECK_EQUAL(code_of(os::wait_for(child.pidfd)), ECHILD);
}

BOOST_AUTO_TEST_CASE(an_exit_status_is_there_for_who_did_not_reap) {
    const struct {
        int code;
        int signal;
    } cases[] = {{0, 0}, {42, 0}, {0, SIGKILL}};
    for (const auto& [code, signal] : cases) {
        auto child = os::clone_process({});
        BOOST_REQUIRE(child);
        if (child->pid == 0) {
            if (signal != 0) raise(signal);
            _exit(code);
        }
        const auto early = os::exit_status_of(child->pidfd);
        BOOST_TEST(!early);
        BOOST_REQUIRE(os::wait_for(child->pidfd));
        const auto late = os::exit_status_of(child->pidfd);
        if (!late && late.error().code() != ESRCH && late.error().code() != EAGAIN) {
            BOOST_TEST_MESSAGE("skipped: " << late.error().message());
            return;
        }
        BOOST_REQUIRE(late);
        BOOST_TEST(late->code == code);
        BOOST_TEST(late->signal == signal);
    }
    // No pidfd.
    BOOST_TEST(!os::exit_status_of(os::BorrowedFd(STDERR_FILENO)));
}

BOOST_AUTO_TEST_CASE(a_living_child_is_polled_signalled_and_reaped) {
    const os::Cloned child = spawn([] {
        pause();
        return 0;
    });
    BOOST_CHECK_EQUAL(fcntl(child.pidfd.get(), F_GETFD), FD_CLOEXEC);
    BOOST_CHECK_EQUAL(code_of(os::poll_exit(child.pidfd)), EAGAIN);
    BOOST_CHECK(!os::has_ended(child.pidfd));
    const UniqueFd second = need(os::open_pidfd(child.pid));
    need(os::send_signal(second, SIGKILL));
    pollfd ended = {second.get(), POLLIN, 0};
    BOOST_REQUIRE_EQUAL(poll(&ended, 1, -1), 1);
    BOOST_CHECK(os::has_ended(second));
    // A zombie takes signals.
    BOOST_CHECK(os::send_signal(second, SIGTERM));
    BOOST_CHECK_EQUAL(need(os::wait_for(child.pidfd)).signal, SIGKILL);
    BOOST_CHECK_EQUAL(code_of(os::send_signal(second, SIGTERM)), ESRCH);
    BOOST_CHECK(!os::open_pidfd(child.pid));
}

BOOST_AUTO_TEST_CASE(start_time_does_not_fall_for_a_process_name) {
    const uint64_t own = need(os::start_time(getpid()));
    BOOST_CHECK_EQUAL(own, need(os::start_time(getpid())));
    auto ends = need(os::make_socket_pair());
    const os::Cloned child = spawn([&] {
        os::set_process_name("a) R 1 2 3");
        char byte = 'x';
        if (write(ends.second.get(), &byte, 1) != 1) return 1;
        return read(ends.second.get(), &byte, 1) == 1 ? 0 : 1;
    });
    char byte = 0;
    BOOST_REQUIRE_EQUAL(read(ends.first.get(), &byte, 1), 1);
    const std::string stat = need(os::read_file(format("/proc/%d/stat", child.pid)));
    BOOST_CHECK(stat.find("(a) R 1 2 3) ") != std::string::npos);
    BOOST_CHECK_GE(need(os::start_time(child.pid)), own);
    BOOST_REQUIRE_EQUAL(write(ends.first.get(), "x", 1), 1);
    BOOST_CHECK_EQUAL(need(os::wait_for(child.pidfd)).shell_code(), 0);
    BOOST_CHECK_EQUAL(code_of(os::start_time(child.pid)), ENOENT);
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_fetched_from_another_process) {
    auto ends = need(os::make_socket_pair());
    const os::Cloned child = spawn([&] {
        ends.first.reset();
        char byte = 0;
        return read(ends.second.get(), &byte, 1) == 1 ? 0 : 1;
    });
    const UniqueFd fetched = need(os::fetch_fd(child.pidfd, ends.second.get()));
    BOOST_CHECK_EQUAL(fcntl(fetched.get(), F_GETFD), FD_CLOEXEC);
    BOOST_CHECK_EQUAL(code_of(os::fetch_fd(child.pidfd, 9999)), EBADF);
    BOOST_REQUIRE_EQUAL(write(ends.first.get(), "x", 1), 1);
    BOOST_CHECK_EQUAL(need(os::wait_for(child.pidfd)).shell_code(), 0);
}

BOOST_AUTO_TEST_CASE(a_clone_has_the_namespaces_it_asked_for) {
    os::CloneRequest request;
    request.flags = CLONE_NEWUSER | CLONE_NEWPID;
    auto child = os::clone_process(request);
    if (!child && child.error().code() == EPERM) {
        BOOST_TEST_MESSAGE("no user namespaces here");
        return;
    }
    const os::Cloned cloned = need(std::move(child));
    if (cloned.pid == 0) _exit(getpid() == 1 ? 0 : 1);
    BOOST_CHECK_EQUAL(need(os::wait_for(cloned.pidfd)).shell_code(), 0);
}

namespace {

/// What waitpid(2) says of a child that does this in `folder`, where it may leave a core.
int status_of_child(const std::string& folder, const std::function<void()>& act) {
    const pid_t child = need(os::clone_process({})).pid;
    if (child == 0) {
        const rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
        if (chdir(folder.c_str()) < 0 || setrlimit(RLIMIT_CORE, &unlimited) < 0) _exit(99);
        act();
        _exit(98);
    }
    int status = 0;
    BOOST_REQUIRE_EQUAL(waitpid(child, &status, 0), child);
    return status;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_process_ends_like_another) {
    const Directory dir;
    for (const int code : {0, 1, 7, 127, 255}) {
        const int status = status_of_child(dir.at(""), [code] { os::end_like(code << 8); });
        BOOST_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == code);
    }
    for (const int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGABRT, SIGRTMIN + 3}) {
        const int status = status_of_child(dir.at(""), [signal] {
            // Neither a mask nor a disposition is in its way.
            sigset_t all;
            sigfillset(&all);
            sigprocmask(SIG_SETMASK, &all, nullptr);
            (void)::signal(signal, SIG_IGN);
            os::end_like(signal);
        });
        BOOST_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == signal);
        BOOST_CHECK(!WCOREDUMP(status));
    }
    // control: cores are possible here, unless the machine allows none
    const int status = status_of_child(dir.at(""), [] {
        (void)::signal(SIGABRT, SIG_DFL);
        ::kill(getpid(), SIGABRT);
    });
    if (!WCOREDUMP(status)) BOOST_TEST_MESSAGE("nothing leaves a core on this machine");
}

BOOST_AUTO_TEST_CASE(one_thread_is_counted) {
    BOOST_CHECK(os::single_threaded());
}

BOOST_AUTO_TEST_CASE(a_terminal_comes_from_the_devpts_it_was_asked_of) {
    const UniqueFd devpts = need(os::open_host("/dev/pts", O_RDONLY | O_DIRECTORY));
    const os::PtyPair pty = need(os::open_pty(devpts));
    BOOST_CHECK(isatty(pty.slave.get()) == 1);
    BOOST_CHECK_EQUAL(fcntl(pty.master.get(), F_GETFD), FD_CLOEXEC);
    BOOST_CHECK_EQUAL(fcntl(pty.slave.get(), F_GETFD), FD_CLOEXEC);
    char name[64];
    BOOST_REQUIRE_EQUAL(ttyname_r(pty.slave.get(), name, sizeof name), 0);
    BOOST_CHECK_EQUAL(need(os::pty_line(pty.master)), name);
    need(os::set_window_size(pty.master, {24, 132, 0, 0}));
    const winsize size = need(os::window_size(pty.slave));
    BOOST_CHECK_EQUAL(size.ws_row, 24);
    BOOST_CHECK_EQUAL(size.ws_col, 132);
}

BOOST_AUTO_TEST_CASE(what_only_looks_like_a_devpts_gives_no_terminal) {
    const Directory dir;
    BOOST_CHECK_EQUAL(code_of(os::open_pty(dir.open())), ENOENT);
    dir.link("ptmx", "/dev/ptmx");
    BOOST_CHECK_EQUAL(code_of(os::open_pty(dir.open())), ELOOP);
    BOOST_REQUIRE_EQUAL(unlink(dir.at("ptmx").c_str()), 0);
    dir.put("ptmx", "");
    BOOST_CHECK_EQUAL(os::open_pty(dir.open()).error().message(), "open a terminal: not a devpts");
    const UniqueFd file = dir.open("ptmx");
    BOOST_CHECK(!os::pty_line(file) && !os::window_size(file));
}
