// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/machine.h"

#include <charconv>
#include <vector>

#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/os/lock.h"
#include "lib/os/process.h"

namespace boxctl::supervise {
namespace {

/// A signal set of proc_pid_status(5), "SigCgt" or "SigBlk".
uint64_t signal_set(const std::string& status, const std::string& field) {
    const size_t at = status.find("\n" + field + ":\t");
    if (at == std::string::npos) return 0;
    const char* digits = status.c_str() + at + field.size() + 3;
    uint64_t mask = 0;
    std::from_chars(digits, digits + 16, mask, 16);
    return mask;
}

/// Does the process have a handler for `signal`, or block it to read it from a signalfd(2)?
bool hears(pid_t pid, int signal) {
    const auto status = os::read_file(format("/proc/%d/status", pid), 16384);
    if (!status) return false;
    const uint64_t heard = signal_set(*status, "SigCgt") | signal_set(*status, "SigBlk");
    return (heard >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

class Supervisor {
 public:
    Supervisor(const plan::Plan& plan, launch::RunningBox& box, state::Record record)
            : plan_(plan), box_(box), record_(std::move(record)) {}

    Result<Outcome> run();

 private:
    Result<void> watch_leader();
    Result<void> watch_signals();
    Result<void> watch_notify();
    Result<void> open_console();
    Result<void> keep_console();
    void give_console(pid_t visitor);
    void on_event(Event event);
    void act(Action action);
    void request(const plan::InitRequest& request, const char* what);
    void ask();
    void ask_by_command();
    void ask_again();
    void kill_box();
    void enter_phase(Phase phase);

    const plan::Plan& plan_;
    launch::RunningBox& box_;
    state::Record record_;
    std::unique_ptr<event::Loop> loop_;
    Phase phase_ = Phase::running;
    std::optional<os::ExitStatus> status_;
    int killed_code_ = 0;  ///< what a kill of ours is to be reported as; 0: what the kernel says
    console::TerminalGuard terminal_;
    std::unique_ptr<console::Forwarder> console_;
    os::UniqueFd visitor_;  ///< who reads a passive console in our place
    event::IoSource visitor_source_;
    event::Source leader_source_;
    std::vector<event::Source> signal_sources_;
    event::IoSource notify_source_;
    event::TimerSource deadline_;
    plan::InitRequest asked_;
    event::TimerSource again_;
    std::optional<shell::Session> session_;
    event::Source session_source_;
};

Result<void> Supervisor::watch_leader() {
    leader_source_ = BOX_TRY(loop_->add_child(box_.pidfd, [this](os::ExitStatus status) {
        status_ = status;
        loop_->exit(0);
    }));
    return {};
}

Result<void> Supervisor::watch_signals() {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        signal_sources_.push_back(BOX_TRY(loop_->add_signal(
                signal, [this](const signalfd_siginfo&) { on_event(Event::stop_asked); })));
    }
    signal_sources_.push_back(
            BOX_TRY(loop_->add_signal(kGiveConsole, [this](const signalfd_siginfo& info) {
                give_console(static_cast<pid_t>(info.ssi_pid));
            })));
    signal_sources_.push_back(BOX_TRY(loop_->add_signal(SIGWINCH, [this](const signalfd_siginfo&) {
        // A terminal that went away has no size; the console's own end tells.
        if (console_) (void)console_->resize().has_value();
    })));
    return {};
}

/// What the box says on its notify socket is read, so that nobody in it waits for a reader.
Result<void> Supervisor::watch_notify() {
    if (!box_.notify.valid()) return {};
    notify_source_ = BOX_TRY(loop_->add_io(box_.notify, EPOLLIN, [this](uint32_t) {
        char byte = 0;
        // One datagram a wake-up, cut to a byte; descriptors that come with it are not taken.
        while (recv(box_.notify.get(), &byte, sizeof byte, MSG_DONTWAIT | MSG_TRUNC) < 0 &&
               errno == EINTR) {
        }
    }));
    return {};
}

/// Passive: reads what the box writes, so that it never waits for somebody who may attach.
Result<void> Supervisor::keep_console() {
    visitor_source_.reset();
    visitor_.reset();
    console::ForwarderConfig config;
    config.master = box_.terminals.front().master;
    console_ = BOX_TRY(console::Forwarder::create(*loop_, std::move(config)));
    return {};
}

/// Two readers would each get half: while `boxctl console` is there, this one does not read.
void Supervisor::give_console(pid_t visitor) {
    if (plan_.console.mode != plan::ConsoleMode::passive || !console_) return;
    if (!os::is_locked(state::attach_lock_path(plan_.name, 0))) return;  // not one of ours
    auto pidfd = os::open_pidfd(visitor);
    if (!pidfd) return;  // it has left already
    auto source = loop_->add_io(*pidfd, EPOLLIN, [this](uint32_t) {
        const auto kept = keep_console();
        if (!kept) log::warning(kept.error().message());
    });
    if (!source) return log::warning(source.error().message());
    visitor_ = std::move(pidfd).value();
    visitor_source_ = std::move(source).value();
    console_.reset();
}

Result<void> Supervisor::open_console() {
    if (!plan_.console.terminal || box_.terminals.empty() || box_.terminals.front().index != 0)
        return {};
    console::ForwarderConfig config;
    config.master = box_.terminals.front().master;
    const bool input = isatty(STDIN_FILENO) == 1;
    const int output =
            isatty(STDOUT_FILENO) == 1 || !plan_.console.passed[1] ? STDOUT_FILENO : STDERR_FILENO;
    switch (plan_.console.mode) {
        case plan::ConsoleMode::interactive:
            config.mode = console::Mode::interactive;
            break;
        case plan::ConsoleMode::pipe:
            config.mode = input ? console::Mode::interactive : console::Mode::read_only;
            break;
        case plan::ConsoleMode::read_only:
            config.mode = console::Mode::read_only;
            break;
        case plan::ConsoleMode::passive:
            config.mode = console::Mode::passive;
            break;
    }
    config.input = os::BorrowedFd(STDIN_FILENO);
    config.output = os::BorrowedFd(output);
    config.on_escape = [this](console::Escape escape) {
        switch (escape) {
            case console::Escape::kill:
                return on_event(Event::kill_asked);
            case console::Escape::poweroff:
                return on_event(Event::stop_asked);
            case console::Escape::reboot:
                return on_event(Event::reboot_asked);
        }
    };
    if (config.mode == console::Mode::interactive) {
        const char* term = getenv("TERM");
        terminal_ = BOX_TRY(console::TerminalGuard::raw(config.input, config.output,
                                                        term == nullptr ? "" : term));
    }
    console_ = BOX_TRY(console::Forwarder::create(*loop_, std::move(config)));
    return {};
}

void Supervisor::enter_phase(Phase phase) {
    if (phase == phase_) return;
    phase_ = phase;
    record_.phase = "stopping";
    const auto written = state::write(record_);
    if (!written) log::warning(written.error().message());
}

void Supervisor::on_event(Event event) {
    const Transition transition = supervise::transition(phase_, event);
    enter_phase(transition.next);
    act(transition.action);
}

void Supervisor::act(Action action) {
    switch (action) {
        case Action::none:
            return;
        case Action::power_off:
            return request(plan_.stop.poweroff, "power off");
        case Action::reboot:
            return request(plan_.stop.reboot, "reboot");
        case Action::kill:
            return kill_box();
    }
}

void Supervisor::request(const plan::InitRequest& request, const char* what) {
    if (plan_.stop.timeout != settings::kNoTimeout) {
        deadline_ =
                loop_->add_timer(event::now_us() + uint64_t{plan_.stop.timeout} * event::kSecond,
                                 [this] { on_event(Event::deadline); });
    }
    asked_ = request;
    log::debug(std::string("asking the init to ") + what + ": " + plan::describe(request));
    ask();
}

void Supervisor::ask() {
    if (!asked_.command.empty()) return ask_by_command();
    const bool heard = hears(box_.leader, asked_.signal);
    if (!heard && plan_.mode == settings::Mode::run) {
        // The kernel drops a signal without a handler when it goes to PID 1 of a namespace.
        killed_code_ = 128 + asked_.signal;
        enter_phase(Phase::killing);
        return kill_box();
    }
    const auto sent = os::send_signal(box_.pidfd, asked_.signal);
    if (!sent && sent.error().code() != ESRCH) log::warning(sent.error().message());
    // It may have only just started and dropped it; or wait in sigtimedwait(2), as busybox does,
    // which /proc does not show and a second one does not disturb.
    if (!heard) ask_again();
}

void Supervisor::ask_by_command() {
    auto session = shell::start_inside(record_, asked_.command);
    if (!session) return ask_again();
    session_ = std::move(session).value();
    auto source = loop_->add_child(session_->pidfd, [this](os::ExitStatus status) {
        session_->pidfd.reset();  // reaped
        if (status.shell_code() != 0) ask_again();
    });
    if (source) session_source_ = std::move(source).value();
}

void Supervisor::ask_again() {
    constexpr uint64_t kPause = event::kSecond;
    again_ = loop_->add_timer(event::now_us() + kPause, [this] { ask(); });
}

void Supervisor::kill_box() {
    // With PID 1 the kernel ends every process of the PID namespace, also those that entered later.
    const auto sent = os::send_signal(box_.pidfd, SIGKILL);
    if (!sent && sent.error().code() != ESRCH) log::error(sent.error().message());
}

Result<Outcome> Supervisor::run() {
    loop_ = BOX_TRY(event::Loop::create());
    BOX_TRY(watch_leader());
    BOX_TRY(watch_signals());
    BOX_TRY(watch_notify());
    BOX_TRY(open_console());
    // What start-up needed is not needed any more; the box may run for years.
    if (plan_.mode == settings::Mode::boot) malloc_trim(0);
    BOX_TRY(loop_->run());
    box_.pidfd.reset();  // reaped
    if (console_) {
        console_->drain();
        const auto restored = terminal_.restore();
        if (!restored) log::warning(restored.error().message());
    }
    Outcome outcome = outcome_of(*status_, plan_.mode, phase_);
    if (outcome.kind == Outcome::Kind::killed && killed_code_ != 0) outcome.code = killed_code_;
    return outcome;
}

}  // namespace

Result<Outcome> supervise(const plan::Plan& plan, launch::RunningBox& box, state::Record record) {
    return Supervisor(plan, box, std::move(record)).run();
}

}  // namespace boxctl::supervise
