// SPDX-License-Identifier: LGPL-2.1-or-later
// What can be looked at without a box: refusals, waiting. tests/system/verbs.sh has the boxes.
#include <string>

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/event/loop.h"
#include "lib/os/process.h"
#include "lib/shell/enter.h"
#include "lib/shell/inspect.h"
#include "lib/shell/login_line.h"
#include "lib/shell/target.h"
#include "lib/shell/wait.h"

using namespace boxctl;

namespace {

/// A child that stays until it is told to go.
class Child {
 public:
    Child() : pid_(fork()) {
        if (pid_ == 0) {
            for (;;)
                pause();
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        ::kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }

 private:
    pid_t pid_;
};

state::Record record_of(pid_t pid) {
    state::Record record;
    record.name = "web";
    record.mode = "boot";
    record.leader = {pid, os::start_time(pid).value()};
    record.contained = true;
    record.user_namespace = true;
    record.namespaces = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
    record.id_base = 65536;
    record.id_count = 65536;
    return record;
}

bool names_refusal(const Error& error) {
    return error.message().find("not what its record says") != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_process_in_our_own_namespaces_is_no_box) {
    const Child child;
    const auto target = shell::open_target(record_of(child.pid()));
    BOOST_REQUIRE(!target);
    BOOST_TEST(names_refusal(target.error()), target.error().message());
}

BOOST_AUTO_TEST_CASE(a_box_without_a_user_namespace_must_still_have_its_own_mounts) {
    const Child child;
    state::Record record = record_of(child.pid());
    record.contained = false;
    record.user_namespace = false;
    record.namespaces = 0;
    const auto target = shell::open_target(record);
    BOOST_REQUIRE(!target);
    BOOST_TEST(names_refusal(target.error()), target.error().message());
}

BOOST_AUTO_TEST_CASE(a_record_that_contradicts_itself_is_refused) {
    const Child child;
    for (const bool user_namespace : {false, true}) {
        state::Record record = record_of(child.pid());
        record.user_namespace = user_namespace;
        record.namespaces = user_namespace ? 0 : CLONE_NEWUSER;
        const auto target = shell::open_target(record);
        BOOST_REQUIRE(!target);
        BOOST_TEST(target.error().message().find("contradicts") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(a_reused_pid_is_not_entered) {
    const Child child;
    state::Record record = record_of(child.pid());
    record.leader.start_time++;
    const auto target = shell::open_target(record);
    BOOST_REQUIRE(!target);
    BOOST_TEST(target.error().message().find("ended") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_command_is_refused) {
    const Child child;
    BOOST_TEST(!shell::start_inside(record_of(child.pid()), {}));
    BOOST_TEST(!shell::run_inside(record_of(child.pid()), {}));
}

BOOST_AUTO_TEST_CASE(a_session_that_never_was_goes_without_a_trace) {
    shell::Session session;
    shell::Session other = std::move(session);
    session = std::move(other);
    BOOST_TEST(!session.pidfd.valid());
}

BOOST_AUTO_TEST_CASE(waiting_for_a_process_ends_with_it_or_with_the_time) {
    Child child;
    const auto pidfd = os::open_pidfd(child.pid());
    BOOST_REQUIRE(pidfd);
    const auto early = shell::wait_for_end(*pidfd, 1000);
    BOOST_REQUIRE(early);
    BOOST_TEST(!*early);
    ::kill(child.pid(), SIGKILL);
    const auto late = shell::wait_for_end(*pidfd, event::kNever);
    BOOST_REQUIRE(late);
    BOOST_TEST(*late);
}

BOOST_AUTO_TEST_CASE(an_interrupted_wait_goes_on) {
    const Child child;
    const auto pidfd = os::open_pidfd(child.pid());
    BOOST_REQUIRE(pidfd);
    struct sigaction action = {};
    struct sigaction before = {};
    action.sa_handler = [](int) {};
    BOOST_REQUIRE(sigaction(SIGALRM, &action, &before) == 0);
    ualarm(2000, 0);
    const auto waited = shell::wait_for_end(*pidfd, 20000);
    sigaction(SIGALRM, &before, nullptr);
    BOOST_REQUIRE(waited);
    BOOST_TEST(!*waited);
}

BOOST_AUTO_TEST_CASE(namespaces_are_named) {
    state::Record record;
    const std::vector<std::string> bare = {"mnt", "pid"};
    BOOST_TEST((shell::namespaces_of(record) == bare));
    record.namespaces = CLONE_NEWUSER | CLONE_NEWTIME;
    const std::vector<std::string> more = {"mnt", "pid", "user", "time"};
    BOOST_TEST((shell::namespaces_of(record) == more));
}

BOOST_AUTO_TEST_CASE(a_box_without_a_cgroup_has_no_count) {
    BOOST_TEST(!shell::count_processes(state::Record()));
}

BOOST_AUTO_TEST_CASE(root_may_log_in_where_securetty_says_so) {
    const std::string text = "# secure\nconsole\ntty1 \r\npts/3\n\nvc/1";
    BOOST_TEST(shell::may_log_in(text, "console"));
    BOOST_TEST(shell::may_log_in(text, "tty1"));
    BOOST_TEST(shell::may_log_in(text, "pts/3"));
    BOOST_TEST(shell::may_log_in(text, "vc/1"));
    BOOST_TEST(!shell::may_log_in(text, "pts/33"));
    BOOST_TEST(!shell::may_log_in(text, "pts"));
    BOOST_TEST(!shell::may_log_in(text, "tty"));
    BOOST_TEST(!shell::may_log_in("", "console"));
}
