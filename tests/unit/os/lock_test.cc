// SPDX-License-Identifier: LGPL-2.1-or-later
// Locks between processes.
#include "lib/os/lock.h"

#include <cerrno>

#include <signal.h>

#include "lib/os/message.h"
#include "tests/unit/os/support.h"

using namespace boxctl;
using namespace os_test;
using os::LockFile;
using os::LockKind;

namespace {

/// A process that takes a lock and holds it until it is told to let go or dies.
class Holder {
 public:
    Holder(const std::string& path, LockKind kind) {
        auto ends = need(os::make_socket_pair());
        child_ = spawn([&] {
            ends.first.reset();
            auto lock = LockFile::acquire(path, kind);
            const char got = lock ? 'y' : 'n';
            if (write(ends.second.get(), &got, 1) != 1) return 1;
            char order = 0;
            const bool asked = read(ends.second.get(), &order, 1) == 1;
            if (lock && asked && order == 'r') lock->remove();
            return 0;
        });
        ours_ = std::move(ends.first);
        ends.second.reset();
        char got = 0;
        BOOST_REQUIRE_EQUAL(read(ours_.get(), &got, 1), 1);
        held_ = got == 'y';
    }
    [[nodiscard]] bool held() const { return held_; }
    void remove() {
        BOOST_REQUIRE_EQUAL(write(ours_.get(), "r", 1), 1);
        need(os::wait_for(child_.pidfd));
    }
    void kill() {
        need(os::send_signal(child_.pidfd, SIGKILL));
        need(os::wait_for(child_.pidfd));
    }

 private:
    os::Cloned child_;
    UniqueFd ours_;
    bool held_ = false;
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_process_holds_an_exclusive_lock) {
    const Directory dir;
    const std::string path = dir.at("lock");
    BOOST_CHECK(!os::is_locked(path));
    Holder other(path, LockKind::exclusive);
    BOOST_CHECK(other.held());
    BOOST_CHECK(os::is_locked(path));
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(path, LockKind::exclusive)), EWOULDBLOCK);
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(path, LockKind::shared)), EWOULDBLOCK);
    other.remove();
    BOOST_CHECK(!dir.exists("lock") && !os::is_locked(path));
    const LockFile ours = need(LockFile::acquire(path, LockKind::exclusive));
    BOOST_CHECK(ours.held() && ours.path() == path);
    BOOST_CHECK(!Holder(path, LockKind::exclusive).held());
}

BOOST_AUTO_TEST_CASE(shared_locks_bar_only_exclusive_ones) {
    const Directory dir;
    const std::string path = dir.at("lock");
    Holder first(path, LockKind::shared);
    Holder second(path, LockKind::shared);
    BOOST_CHECK(first.held() && second.held());
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(path, LockKind::exclusive)), EWOULDBLOCK);
    // Who lets go of a shared lock leaves the file to the others.
    first.remove();
    BOOST_CHECK(dir.exists("lock"));
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(path, LockKind::exclusive)), EWOULDBLOCK);
    // The last one does not.
    second.remove();
    BOOST_CHECK(!dir.exists("lock"));
    BOOST_CHECK(LockFile::acquire(path, LockKind::exclusive));
}

BOOST_AUTO_TEST_CASE(a_killed_process_holds_nothing) {
    const Directory dir;
    const std::string path = dir.at("lock");
    Holder other(path, LockKind::exclusive);
    BOOST_CHECK(other.held());
    other.kill();
    BOOST_CHECK(dir.exists("lock") && !os::is_locked(path));
    BOOST_CHECK(LockFile::acquire(path, LockKind::exclusive));
}

BOOST_AUTO_TEST_CASE(who_only_asks_stands_in_nobodys_way) {
    const Directory dir;
    const std::string path = dir.at("lock");
    need(LockFile::acquire(path, LockKind::exclusive));  // let go at once; the file stays
    const os::Cloned curious = spawn([&] {
        while (!os::is_locked(dir.at("over")))
            (void)os::is_locked(path);
        return 0;
    });
    size_t refused = 0;
    for (int i = 0; i < 20000; i++)
        refused += LockFile::acquire(path, LockKind::exclusive).has_value() ? 0U : 1U;
    BOOST_CHECK_EQUAL(refused, 0U);
    const LockFile over = need(LockFile::acquire(dir.at("over"), LockKind::exclusive));
    BOOST_CHECK_EQUAL(need(os::wait_for(curious.pidfd)).shell_code(), 0);
}

BOOST_AUTO_TEST_CASE(a_child_that_keeps_the_descriptor_keeps_the_lock) {
    const Directory dir;
    const std::string path = dir.at("lock");
    auto ends = need(os::make_socket_pair());
    LockFile lock = need(LockFile::acquire(path, LockKind::exclusive));
    const os::Cloned child = spawn([&] {
        ends.first.reset();
        char byte = 0;
        return read(ends.second.get(), &byte, 1) == 0 ? 0 : 1;
    });
    lock = LockFile();
    BOOST_CHECK(os::is_locked(path));
    ends.first.reset();
    BOOST_CHECK_EQUAL(need(os::wait_for(child.pidfd)).shell_code(), 0);
    BOOST_CHECK(!os::is_locked(path));
}

BOOST_AUTO_TEST_CASE(a_lock_on_an_unlinked_file_is_never_taken_for_one) {
    // The file is unlinked and made anew all the time by one process; whoever believes to hold the
    // lock must hold it on the file that has the name.
    const Directory dir;
    const std::string path = dir.at("lock");
    const auto contend = [&] {
        for (int i = 0; i < 2000; i++) {
            auto lock = LockFile::acquire(path, LockKind::exclusive);
            if (!lock && lock.error().code() == EWOULDBLOCK) continue;
            if (!lock) return 2;
            // Alone in here: nobody else can make this file.
            const UniqueFd alone(
                    open(dir.at("alone").c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
            if (!alone.valid()) return 3;
            if (unlink(dir.at("alone").c_str()) < 0) return 4;
            lock->remove();
        }
        return 0;
    };
    const os::Cloned one = spawn(contend);
    const os::Cloned two = spawn(contend);
    const os::Cloned three = spawn(contend);
    for (const os::Cloned* child : {&one, &two, &three})
        BOOST_CHECK_EQUAL(need(os::wait_for(child->pidfd)).shell_code(), 0);
}

BOOST_AUTO_TEST_CASE(a_lock_file_is_no_link_and_is_private) {
    const Directory dir;
    dir.put("target", "");
    dir.link("lock", "target");
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(dir.at("lock"), LockKind::exclusive)), ELOOP);
    BOOST_CHECK(!os::is_locked(dir.at("lock")));
    const LockFile lock = need(LockFile::acquire(dir.at("own"), LockKind::exclusive));
    BOOST_CHECK_EQUAL(need(os::status_of(lock.fd())).st_mode & 07777U, 0600U);
    BOOST_CHECK_EQUAL(fcntl(lock.fd().get(), F_GETFD), FD_CLOEXEC);
    BOOST_CHECK_EQUAL(code_of(LockFile::acquire(dir.at("no/such"), LockKind::shared)), ENOENT);
}

BOOST_AUTO_TEST_CASE(removing_twice_is_harmless) {
    const Directory dir;
    LockFile lock = need(LockFile::acquire(dir.at("lock"), LockKind::exclusive));
    lock.remove();
    BOOST_CHECK(!lock.held());
    LockFile other = need(LockFile::acquire(dir.at("lock"), LockKind::exclusive));
    lock.remove();  // must not touch what is another's by now
    BOOST_CHECK(dir.exists("lock") && other.held());
    LockFile().remove();
}
