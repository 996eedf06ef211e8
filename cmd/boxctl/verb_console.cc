// SPDX-License-Identifier: LGPL-2.1-or-later
// console: the caller's terminal on one of the box's that waits for somebody. The console itself is
// read by the supervisor, who passes its bytes on to us (supervise/visitor.h); of another terminal
// nobody reads we work with a copy of the supervisor's descriptor.
#include <signal.h>
#include <unistd.h>

#include "cmd/boxctl/attach.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/lock.h"
#include "lib/os/process.h"
#include "lib/os/pty.h"
#include "lib/plan/plan.h"
#include "lib/state/control.h"

namespace boxctl::cmd {
namespace {

std::string tty_name(int index) {
    return index == 0 ? "console" : format("tty%d", index);
}

std::string hint_of(const state::Record& record) {
    std::vector<std::string> names;
    for (const auto& [index, fd] : record.terminals) {
        if (index > 0) names.push_back(std::to_string(index));
    }
    return names.empty() ? "it has no further terminal; 'boxctl shell' opens one"
                         : "use --tty=" + join(names, " or --tty=");
}

/// Descriptor of terminal `index` in the supervisor.
Result<int> find_terminal(const state::Record& record, int index) {
    for (const auto& [found, number] : record.terminals) {
        if (found == index) return number;
    }
    Error error("machine " + quote(record.name) + " has no " + tty_name(index));
    error.set_hint(hint_of(record));
    return error;
}

/// Two that read the same terminal would each get half of it.
Result<os::LockFile> reserve(const state::Record& record, int index) {
    auto lock = os::LockFile::acquire(state::attach_lock_path(record.name, index),
                                      os::LockKind::exclusive);
    if (!lock && lock.error().code() == EWOULDBLOCK) {
        return Error(tty_name(index) + " of machine " + quote(record.name) +
                     " is attached already");
    }
    return lock;
}

/// What our terminal is attached to.
struct Line {
    os::UniqueFd bytes;       ///< the terminal's master, or a socket that leads there
    os::UniqueFd connection;  ///< to the supervisor, if it is the one who reads; ends with the box
    os::LockFile lock;        ///< on the terminal, if it is not
};

Result<Line> open_terminal(const state::Record& record, os::BorrowedFd supervisor, int index) {
    Line line;
    const int number = BOX_TRY(find_terminal(record, index));
    line.lock = BOX_TRY(reserve(record, index));
    line.bytes = BOX_TRY(os::fetch_fd(supervisor, number));
    BOX_TRY(os::pty_line(line.bytes));  // an error for anything but the master of a terminal
    return line;
}

Result<Line> open_console(const state::Record& record) {
    BOX_TRY(find_terminal(record, 0));
    if (record.console != plan::to_string(plan::ConsoleMode::passive)) {
        Error error("the boxctl that started machine " + quote(record.name) +
                    " shows its console itself");
        error.set_hint(hint_of(record));
        return error;
    }
    state::Reply reply = BOX_TRY(state::ask_supervisor(record.name, {{"ask", "console"}}));
    if (reply.fds.size() != 1) return Error(EPROTO, "attach to the console");
    return Line{std::move(reply.fds.front()), std::move(reply.connection), {}};
}

console::ForwarderConfig between_us_and(const Line& line) {
    console::ForwarderConfig config;
    config.master = line.bytes;
    config.input = os::BorrowedFd(STDIN_FILENO);
    config.output = os::BorrowedFd(STDOUT_FILENO);
    if (line.connection.valid()) {
        config.set_size = [&line](const winsize& size) {
            return state::send_value(line.connection,
                                     {{"rows", size.ws_row}, {"columns", size.ws_col}});
        };
    }
    return config;
}

Result<void> converse(const state::Record& record, os::BorrowedFd supervisor, const Line& line) {
    const event::SignalMask mask({SIGTERM, SIGHUP, SIGINT, SIGWINCH});
    BOX_TRY(os::ignore_signal(SIGPIPE));
    const auto loop = BOX_TRY(event::Loop::create());
    // With PID 1 its terminals go, also when the machine comes back. The supervisor hangs up when
    // it has passed on what was written last.
    const os::UniqueFd leader = BOX_TRY(state::open_process(record.leader));
    const os::BorrowedFd end = line.connection.valid() ? line.connection : leader;
    const auto ended = BOX_TRY(loop->add_io(end, EPOLLIN, [&](uint32_t) { loop->exit(0); }));
    std::vector<event::Source> signals;
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
        signals.push_back(
                BOX_TRY(loop->add_signal(signal, [&](const signalfd_siginfo&) { loop->exit(0); })));
    }
    console::ForwarderConfig config = between_us_and(line);
    config.on_escape = [&](console::Escape escape) {
        Result<void> done;
        if (escape == console::Escape::kill) return loop->exit(0);
        if (escape == console::Escape::poweroff) done = os::send_signal(supervisor, SIGTERM);
        if (escape == console::Escape::reboot) done = ask_to_reboot(record);
        if (!done) log::warning(done.error().message());
    };
    // Before the terminal is raw and the first bytes are there.
    log::notice("attached to machine '" + record.name + "'; press ^] three times to detach");
    const auto attachment = BOX_TRY(Attachment::open(*loop, std::move(config)));
    BOX_TRY(loop->run());
    return attachment->close();
}

Result<void> attach(const Invocation& invocation) {
    uint32_t index = 0;
    if (const auto given = invocation.value("tty")) {
        const auto number = parse_u32(*given);
        if (!number || *number > 63) return Error("--tty=" + printable(*given) + " is no number");
        index = *number;
    }
    const state::Record record = BOX_TRY(find_running(invocation.words.front()));
    const os::UniqueFd supervisor = BOX_TRY(state::open_process(record.supervisor));
    const Line line =
            BOX_TRY(index == 0 ? open_console(record)
                               : open_terminal(record, supervisor, static_cast<int>(index)));
    return converse(record, supervisor, line);
}

}  // namespace

int verb_console(const Invocation& invocation) {
    const auto done = attach(invocation);
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
