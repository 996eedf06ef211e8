// SPDX-License-Identifier: LGPL-2.1-or-later
// console: the caller's terminal on a terminal of the box that waits for somebody. Its master is
// in the supervisor and stays there; we work with a copy of the descriptor.
#include <algorithm>

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
#include "lib/supervise/machine.h"

namespace boxctl::cmd {
namespace {

std::string tty_name(int index) {
    return index == 0 ? "console" : format("tty%d", index);
}

bool is_free(const state::Record& record, int index) {
    return index > 0 || record.console == plan::to_string(plan::ConsoleMode::passive);
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
    const auto found = std::find_if(record.terminals.begin(), record.terminals.end(),
                                    [&](const auto& terminal) { return terminal.first == index; });
    const bool exists = found != record.terminals.end();
    if (exists && is_free(record, index)) return found->second;
    const std::string machine = "machine " + quote(record.name);
    Error error(exists ? "the boxctl that started " + machine + " shows its console itself"
                       : machine + " has no " + tty_name(index));
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

Result<os::UniqueFd> fetch_master(os::BorrowedFd supervisor, int number) {
    os::UniqueFd master = BOX_TRY(os::fetch_fd(supervisor, number));
    BOX_TRY(os::pty_line(master));  // an error for anything but the master of a terminal
    return master;
}

Result<void> converse(const state::Record& record, os::BorrowedFd supervisor,
                      os::BorrowedFd master) {
    const event::SignalMask mask({SIGTERM, SIGHUP, SIGINT, SIGWINCH});
    BOX_TRY(os::ignore_signal(SIGPIPE));
    const auto loop = BOX_TRY(event::Loop::create());
    // With PID 1 its terminals go, also when the machine comes back.
    const os::UniqueFd leader = BOX_TRY(state::open_process(record.leader));
    const auto ended = BOX_TRY(loop->add_io(leader, EPOLLIN, [&](uint32_t) { loop->exit(0); }));
    std::vector<event::Source> signals;
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
        signals.push_back(
                BOX_TRY(loop->add_signal(signal, [&](const signalfd_siginfo&) { loop->exit(0); })));
    }
    const auto on_escape = [&](console::Escape escape) {
        Result<void> done;
        if (escape == console::Escape::kill) return loop->exit(0);
        if (escape == console::Escape::poweroff) done = os::send_signal(supervisor, SIGTERM);
        if (escape == console::Escape::reboot) done = ask_to_reboot(record);
        if (!done) log::warning(done.error().message());
    };
    const auto attachment = BOX_TRY(Attachment::open(*loop, master, os::BorrowedFd(STDIN_FILENO),
                                                     os::BorrowedFd(STDOUT_FILENO), on_escape));
    log::notice("attached to machine '" + record.name + "'; press ^] three times to detach");
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
    const int number = BOX_TRY(find_terminal(record, static_cast<int>(index)));
    const os::LockFile lock = BOX_TRY(reserve(record, static_cast<int>(index)));
    const os::UniqueFd supervisor = BOX_TRY(state::open_process(record.supervisor));
    const os::UniqueFd master = BOX_TRY(fetch_master(supervisor, number));
    // It keeps what the box writes on a console that nobody reads, until it hears of a reader.
    if (index == 0) BOX_TRY(os::send_signal(supervisor, supervise::kGiveConsole));
    return converse(record, supervisor, master);
}

}  // namespace

int verb_console(const Invocation& invocation) {
    const auto done = attach(invocation);
    return done ? 0 : fail(done.error());
}

}  // namespace boxctl::cmd
