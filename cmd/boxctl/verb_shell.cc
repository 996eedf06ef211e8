// SPDX-License-Identifier: LGPL-2.1-or-later
// shell and exec: a program in a running box. Of the caller's three standard descriptors each
// terminal becomes one of the box (E1); everything else is passed as it is, so data stays exact.
#include <algorithm>
#include <array>
#include <cstdlib>

#include <signal.h>
#include <unistd.h>

#include "cmd/boxctl/attach.h"
#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/process.h"
#include "lib/os/pty.h"
#include "lib/settings/values.h"
#include "lib/shell/enter.h"
#include "lib/state/control.h"

namespace boxctl::cmd {
namespace {

constexpr uint64_t kPatience = 2 * event::kSecond;  ///< from a polite signal to SIGKILL

Result<shell::EnterRequest> read_request(const Invocation& invocation) {
    shell::EnterRequest request;
    if (const auto user = invocation.value("user")) {
        request.user = BOX_TRY(settings::to_user(*user).context("--user"));
    }
    if (const auto directory = invocation.value("chdir")) {
        request.directory = BOX_TRY(settings::to_working_directory(*directory).context("--chdir"));
    }
    const settings::Caller caller = settings::Caller::current();
    for (const Invocation::Given& given : invocation.options) {
        if (given.name != "setenv") continue;
        for (const settings::Variable& variable :
             BOX_TRY(settings::to_environment(given.value, caller).context("--setenv"))) {
            request.environment.push_back(variable.name + "=" + variable.value);
        }
    }
    request.command = invocation.command;
    request.box = BOX_TRY(find_running(invocation.words.front()));
    return request;
}

bool is_terminal(int fd) {
    return isatty(fd) == 1;
}

void choose_stdio(shell::EnterRequest& request, bool all_terminals) {
    for (int fd = 0; fd <= 2; fd++) {
        request.stdio[static_cast<size_t>(fd)] =
                all_terminals || is_terminal(fd) ? shell::Stdio::terminal : shell::Stdio::passed;
    }
    const char* term = getenv("TERM");
    request.term = term == nullptr ? "" : term;
    for (const int fd : {STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO}) {
        if (!is_terminal(fd)) continue;
        const auto size = os::window_size(os::BorrowedFd(fd));
        if (size) request.size = *size;
        return;
    }
}

class Attendant {
 public:
    Attendant(const shell::EnterRequest& request, shell::Session& session)
            : request_(request), session_(session) {}

    /// Stays with the program to its end; returns its status as shells report it.
    Result<int> run();

 private:
    Result<void> watch_signals();
    Result<void> attach();
    void on_signal(int signal);
    Result<void> suspend();
    void kill();

    const shell::EnterRequest& request_;
    shell::Session& session_;
    std::unique_ptr<event::Loop> loop_;
    event::Source child_;
    std::vector<event::Source> signals_;
    event::TimerSource patience_;
    std::unique_ptr<Attachment> attachment_;
    bool escaped_ = false;
};

Result<int> Attendant::run() {
    loop_ = BOX_TRY(event::Loop::create());
    child_ = BOX_TRY(loop_->add_child(
            session_.child(), [this](os::ExitStatus status) { loop_->exit(status.shell_code()); }));
    BOX_TRY(watch_signals());
    BOX_TRY(attach());
    const int status = BOX_TRY(loop_->run());
    session_.set_reaped();
    if (attachment_) {
        const auto restored = attachment_->close();
        if (!restored) log::warning(restored.error().message());
        if (escaped_) log::notice("session in machine '" + request_.box.name + "' killed");
    }
    return status;
}

Result<void> Attendant::watch_signals() {
    for (const int signal : {SIGTERM, SIGHUP, SIGINT}) {
        signals_.push_back(BOX_TRY(loop_->add_signal(
                signal, [this, signal](const signalfd_siginfo&) { on_signal(signal); })));
    }
    // A shell without job control has it ignored.
    if (BOX_TRY(os::is_ignored(SIGTSTP))) return {};
    signals_.push_back(BOX_TRY(loop_->add_signal(SIGTSTP, [this](const signalfd_siginfo&) {
        const auto suspended = suspend();
        if (!suspended) log::warning(suspended.error().message());
    })));
    return {};
}

/// ^Z on a terminal that is not the box's reaches us, but not the program, which is in a session of
/// its own. `fg` continues both.
Result<void> Attendant::suspend() {
    BOX_TRY(session_.suspend());
    auto stopped = os::stop_self(SIGTSTP);
    BOX_TRY(session_.resume());
    return stopped;
}

/// What reads and what shows the box's terminal: those of our descriptors that it stands for.
Result<void> Attendant::attach() {
    if (!session_.master.valid()) return {};
    const auto stands_for = [&](int fd) {
        return request_.stdio[static_cast<size_t>(fd)] == shell::Stdio::terminal;
    };
    const int input = stands_for(STDIN_FILENO) ? STDIN_FILENO : -1;
    // With both outputs elsewhere the echo still belongs on the terminal that is typed at.
    const int output = stands_for(STDOUT_FILENO)   ? STDOUT_FILENO
                       : stands_for(STDERR_FILENO) ? STDERR_FILENO
                                                   : STDIN_FILENO;
    console::ForwarderConfig config;
    config.master = session_.master;
    config.input = os::BorrowedFd(input);
    config.output = os::BorrowedFd(output);
    config.on_escape = [this](console::Escape escape) {
        if (escape != console::Escape::kill) return;
        escaped_ = true;
        kill();
    };
    attachment_ = BOX_TRY(Attachment::open(*loop_, std::move(config)));
    return {};
}

/// Politely first. An interactive shell does not heed SIGTERM, but a hang-up.
void Attendant::on_signal(int signal) {
    const auto sent = os::send_signal(session_.pidfd, attachment_ ? SIGHUP : signal);
    if (!sent && sent.error().code() != ESRCH) log::warning(sent.error().message());
    // Ctrl-C is for the program to deal with.
    if (signal == SIGINT || patience_.active()) return;
    patience_ = loop_->add_timer(event::now_us() + kPatience, [this] { kill(); });
}

void Attendant::kill() {
    const auto killed = session_.kill();
    if (!killed) log::warning(killed.error().message());
}

Result<int> run_shell(const Invocation& invocation) {
    shell::EnterRequest request = BOX_TRY(read_request(invocation));
    choose_stdio(request, invocation.has("pty"));
    // Up to here a signal ends us, and with us whatever we have in the box.
    shell::Session session = BOX_TRY(shell::enter(request));
    const event::SignalMask mask({SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGWINCH});
    BOX_TRY(os::ignore_signal(SIGPIPE));
    return Attendant(request, session).run();
}

/// The supervisor starts it and stays with it; its number is printed for who wants to end it.
Result<int> start_job(const Invocation& invocation) {
    if (invocation.has("pty"))
        return Error("a job has no terminal: --pty and --detach exclude each other");
    const shell::EnterRequest request = BOX_TRY(read_request(invocation));
    const state::Reply reply =
            BOX_TRY(state::ask_supervisor(request.box.name, {{"ask", "start"},
                                                             {"user", request.user},
                                                             {"command", request.command},
                                                             {"environment", request.environment},
                                                             {"directory", request.directory}}));
    return print(std::to_string(BOX_TRY(json::get_u64(reply.value, "job"))) + "\n");
}

Result<int> run_exec(const Invocation& invocation) {
    if (invocation.command.empty()) {
        Error error("exec needs a command");
        error.set_hint("'boxctl shell " + printable(invocation.words.front()) + "' starts a shell");
        return error;
    }
    return invocation.has("detach") ? start_job(invocation) : run_shell(invocation);
}

}  // namespace

int verb_exec(const Invocation& invocation) {
    const auto status = run_exec(invocation);
    return status ? *status : fail(status.error());
}

int verb_shell(const Invocation& invocation) {
    const auto status = run_shell(invocation);
    return status ? *status : fail(status.error());
}

}  // namespace boxctl::cmd
