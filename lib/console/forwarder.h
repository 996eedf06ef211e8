// SPDX-License-Identifier: LGPL-2.1-or-later
// Forwarder: moves bytes between the master of a box's console and the caller.
//
// Buffers are fixed arrays. Where the caller reads slowly the box waits, as at a real terminal;
// where nobody reads (passive mode, or the output failed) the latest kHistorySize bytes are kept
// and the box never waits (E9).
//
// In place of the master there can be a socket that leads to who has it.
//
// A master whose slave nobody holds open reads as EIO and polls as hung up. For a box that is not
// the end: gettys come and go. The master is then watched edge-triggered, which costs no wake-up
// until the box writes again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <sys/ioctl.h>

#include "lib/console/byte_ring.h"
#include "lib/console/endpoint.h"
#include "lib/console/escape.h"
#include "lib/event/loop.h"

namespace boxctl::console {

inline constexpr size_t kHistorySize = 16U << 10U;

enum class Mode {
    interactive,  ///< both ways; the caller has made its terminal raw (TerminalGuard)
    read_only,    ///< output only
    passive,      ///< nobody attached: keeps the latest output
};

/// What was read and is not delivered: what the forwarder of another image goes on with.
struct Unsent {
    std::string to_output;
    std::string to_box;
    std::string history;
    bool input_ended = false;  ///< and the end was passed on
};

struct ForwarderConfig {
    Mode mode = Mode::passive;
    os::BorrowedFd master{-1};  ///< becomes O_NONBLOCK; open as long as the Forwarder lives
    os::BorrowedFd input{-1};   ///< interactive only
    os::BorrowedFd output{-1};  ///< interactive and read_only
    /// Escape keys; only looked for when input is a terminal, so that piped data stays as it is.
    /// Must not destroy the Forwarder.
    std::function<void(Escape)> on_escape = {};
    /// Sees all output of the box, once, as it is read. Must not destroy the Forwarder.
    std::function<void(std::span<const char>)> tee = {};
    /// Passes the size of the caller's terminal on; empty: sets that of the master.
    std::function<Result<void>(const winsize&)> set_size = {};
    Unsent unsent = {};  ///< delivered first; taken by create()
};

/// SIGPIPE has to be ignored or blocked as long as one lives.
class Forwarder {
 public:
    static Result<std::unique_ptr<Forwarder>> create(event::Loop& loop, ForwarderConfig config);
    Forwarder(const Forwarder&) = delete;
    Forwarder& operator=(const Forwarder&) = delete;

    /// Gives the box's console the size of the caller's terminal (at SIGWINCH; done once by
    /// create()). Nothing happens where the caller has none.
    Result<void> resize();

    /// Passive only: what `input` says reaches the box from now on, in the place of who typed
    /// before. Its end is just that: no key is made of it. Keeps a descriptor of its own.
    Result<void> take_input(os::BorrowedFd input);
    /// Nobody types any more; what is underway still arrives.
    void drop_input();

    /// Delivers what the box wrote last, after it has ended and every slave here is closed. Returns
    /// whether all was delivered within `timeout` µs.
    bool drain(uint64_t timeout = event::kSecond);

    /// Output that no one was there to take, oldest byte first (two parts: it may wrap).
    [[nodiscard]] std::array<std::span<const char>, 2> history() const { return history_.parts(); }

    /// A copy; keys held back as a possible escape count as typed.
    [[nodiscard]] Unsent unsent() const;

    /// Why forwarding was given up, if it was: the reader left, the disk is full.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
    enum class MasterState { more, empty, hung_up };

    Forwarder(event::Loop& loop, ForwarderConfig config)
            : loop_(loop), config_(std::move(config)) {}
    Result<void> attach();
    Result<void> open_input(os::BorrowedFd input);
    void go_on_with(const Unsent& unsent);
    void on_master(uint32_t events);
    void on_input();
    void on_escape_timeout();
    MasterState read_master();
    void write_master();
    void deliver(std::span<const char> data);
    void write_output();
    void take_key(char key);
    void replay(const EscapeFilter::Step& step);
    void end_input(bool end_of_file);
    void lose_output(Error error);
    void update();
    void wait_to_drain(uint64_t timeout, bool reading);
    [[nodiscard]] size_t room() const;

    event::Loop& loop_;
    ForwarderConfig config_;
    std::optional<Endpoint> input_;
    std::optional<Endpoint> output_;
    event::IoSource master_source_;
    event::IoSource input_source_;
    event::IoSource output_source_;
    event::TimerSource escape_timer_;
    EscapeFilter escapes_;
    bool hung_up_ = false;
    std::optional<Error> failure_;
    ByteRing<64U << 10U> to_output_;
    ByteRing<4U << 10U> to_box_;
    ByteRing<kHistorySize> history_;
};

}  // namespace boxctl::console
