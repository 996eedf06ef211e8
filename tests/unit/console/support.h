// SPDX-License-Identifier: LGPL-2.1-or-later
// Terminals, pipes and a loop for the console's tests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "lib/event/loop.h"
#include "lib/os/fd.h"

namespace console_test {

using boxctl::event::Loop;
using boxctl::event::now_us;
using boxctl::os::BorrowedFd;
using boxctl::os::UniqueFd;

template <class T>
T need(boxctl::Result<T> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
    return std::move(result).value();
}
inline void need(boxctl::Result<void> result) {
    BOOST_REQUIRE_MESSAGE(result, (result ? "" : result.error().message()));
}

/// A pair of descriptors; for a terminal `near` is the master and `far` the raw slave.
struct Pair {
    UniqueFd near;
    UniqueFd far;
};

inline Pair make_terminal() {
    int master = -1;
    int slave = -1;
    BOOST_REQUIRE_EQUAL(openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
    Pair pair{UniqueFd(master), UniqueFd(slave)};
    termios state = {};
    BOOST_REQUIRE_EQUAL(tcgetattr(slave, &state), 0);
    cfmakeraw(&state);
    BOOST_REQUIRE_EQUAL(tcsetattr(slave, TCSANOW, &state), 0);
    return pair;
}

/// Both as inherited descriptors are: blocking.
inline Pair make_pipe() {
    int ends[2] = {-1, -1};
    BOOST_REQUIRE_EQUAL(pipe2(ends, O_CLOEXEC), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

inline Pair make_sockets() {
    int ends[2] = {-1, -1};
    BOOST_REQUIRE_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

inline UniqueFd make_file() {
    char name[] = "/tmp/boxctl-console-XXXXXX";
    UniqueFd file(mkostemp(name, O_CLOEXEC));
    BOOST_REQUIRE(file.valid());
    unlink(name);
    return file;
}

inline bool is_nonblocking(const UniqueFd& fd) {
    return (fcntl(fd.get(), F_GETFL) & O_NONBLOCK) != 0;
}
inline void make_nonblocking(const UniqueFd& fd) {
    need(boxctl::os::set_nonblocking(fd, true));
}

/// Everything that can be read now.
inline std::string read_now(const UniqueFd& fd) {
    make_nonblocking(fd);
    std::string all;
    char piece[4096];
    for (ssize_t n = 0; (n = read(fd.get(), piece, sizeof piece)) > 0;) {
        all.append(piece, static_cast<size_t>(n));
    }
    return all;
}

inline void put(const UniqueFd& fd, std::string_view text) {
    BOOST_REQUIRE_EQUAL(write(fd.get(), text.data(), text.size()),
                        static_cast<ssize_t>(text.size()));
}

/// Bytes of every value, without a short period.
inline char pattern(size_t at) {
    return static_cast<char>((at * 2654435761U) >> 13U);
}

inline uint64_t cpu_us() {
    struct timespec used = {};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<uint64_t>(used.tv_sec) * 1000000 +
           static_cast<uint64_t>(used.tv_nsec) / 1000;
}

struct Bed {
    Bed() : loop(need(Loop::create())), box(make_terminal()) { signal(SIGPIPE, SIG_IGN); }

    void run_for(uint64_t us) const {
        const auto stop = loop->add_timer(now_us() + us, [this] { loop->exit(0); });
        need(loop->run());
    }

    std::unique_ptr<Loop> loop;
    Pair box;  ///< near: what the forwarder gets; far: what the box has open
};

/// Writes pattern() from the loop as fast as `fd` takes it; `then` is called at the end.
class Writer {
 public:
    Writer(
            Loop& loop, const UniqueFd& fd, size_t total, std::function<void()> then = [] {})
            : fd_(fd), total_(total), then_(std::move(then)) {
        make_nonblocking(fd);
        source_ = need(loop.add_io(fd, EPOLLOUT, [this](uint32_t) { step(); }));
    }
    size_t written = 0;

 private:
    void step() {
        char piece[8192];
        const size_t size = std::min(sizeof piece, total_ - written);
        for (size_t i = 0; i < size; i++)
            piece[i] = pattern(written + i);
        const ssize_t n = write(fd_.get(), piece, size);
        if (n > 0) written += static_cast<size_t>(n);
        if (written < total_) return;
        source_.reset();
        then_();
    }
    const UniqueFd& fd_;
    size_t total_;
    std::function<void()> then_;
    boxctl::event::IoSource source_;
};

/// Compares what arrives with pattern() and ends the loop when all is there.
class Reader {
 public:
    Reader(Loop& loop, const UniqueFd& fd, size_t total) : loop_(loop), fd_(fd), total_(total) {
        make_nonblocking(fd);
        source_ = need(loop.add_io(fd, EPOLLIN, [this](uint32_t) { step(); }));
    }
    size_t received = 0;
    size_t wrong = 0;

 private:
    void step() {
        char piece[8192];
        const ssize_t n = read(fd_.get(), piece, sizeof piece);
        for (ssize_t i = 0; i < n; i++)
            wrong += piece[i] != pattern(received++);
        if (received >= total_) loop_.exit(0);
    }
    Loop& loop_;
    const UniqueFd& fd_;
    size_t total_;
    boxctl::event::IoSource source_;
};

}  // namespace console_test
