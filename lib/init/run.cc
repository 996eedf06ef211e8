// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/run.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/init/killer.h"
#include "lib/init/machine.h"
#include "lib/init/pause.h"
#include "lib/init/reaper.h"
#include "lib/init/start.h"
#include "lib/init/storm.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr int kOwnError = 125;
constexpr int kKilled = 128 + SIGKILL;
/// How long SIGKILL may take before we exit all the same: a process stuck in the kernel must not
/// keep the container in a state that nobody can read. Milliseconds.
constexpr int64_t kKillTime = 5000;
constexpr int64_t kNoDeadline = -1;

/// Milliseconds of CLOCK_MONOTONIC: steps of the wall clock change no grace time.
int64_t now() {
    struct timespec time = {};
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

class Init {
 public:
    Init(const Options& options, const Terminal& terminal)
            : options_(options), terminal_(terminal) {}

    int live(const Started& started) {
        command_ = started.pid;
        feed(Event::started);
        while (state_ != State::done)
            turn();
        leave_terminal(terminal_, started.pid);
        return status_;
    }

 private:
    /// One wake-up: one signal or one batch of exits, then the clock.
    void turn() {
        if (storm_.lasts() && !backlog_) {
            storm_.wait();  // no deadline: an orderly stop ends the storm
            return end_storm();
        }
        const Arrival arrival = wait_signal(backlog_ ? 0 : time_left());
        if (arrival.signal > 0) {
            take(arrival);
        } else if (backlog_) {
            reap();
        }
        if (deadline_ != kNoDeadline && time_left() == 0) {
            deadline_ = kNoDeadline;
            feed(Event::deadline);
        }
    }

    [[nodiscard]] int64_t time_left() const {
        if (deadline_ == kNoDeadline) return -1;
        const int64_t left = deadline_ - now();
        return left > 0 ? left : 0;
    }

    void take(const Arrival& arrival) {
        signal_ = arrival.signal;
        const Role role = signal_role(signal_, options_.forward_only);
        if (role == Role::child) return reap();
        if (says(Level::debug)) tell_arrival(arrival);
        end_storm();
        switch (role) {
            case Role::resume:
                return feed(Event::resumed);
            case Role::stop_term:
                signal_ = SIGTERM;
                return feed(Event::stop_asked);
            case Role::stop_self:
                // Rewritten to nothing: whoever said so does not want it to stop anything.
                return feed(options_.rewrite[signal_] == 0 ? Event::signalled : Event::stop_asked);
            case Role::kill_now:
                return feed(Event::kill_asked);
            case Role::forward:
            case Role::child:
                return feed(Event::signalled);
        }
    }

    void reap() {
        uint32_t others = 0;
        for (int count = 0; count < kReapBatch; ++count) {
            const Child child = reap_one();
            backlog_ = child.fate == Fate::exited || child.fate == Fate::stopped;
            // In a storm it says nothing about the command that no child is left.
            if (child.fate == Fate::no_children && !storm_.lasts()) feed(Event::children_gone);
            if (!backlog_) break;
            if (child.pid == command_) {
                command_news(child);
            } else if (child.fate == Fate::exited) {
                ++others;
                if (tells_reaped(options_)) tell_reaped(child);
            }
            if (state_ == State::done) return;
        }
        if (others > 0) feed(Event::others_reaped);
        if (can_leave_orphans() && storm_.rises(command_, others)) {
            backlog_ = true;  // those that were zombies before are ours
        }
    }

    /// Whether nobody has to see each orphan, or to hear at once that the command was stopped.
    [[nodiscard]] bool can_leave_orphans() const {
        return state_ == State::running && terminal_.role == TerminalRole::none &&
               !tells_reaped(options_);
    }

    void command_news(const Child& child) {
        // In a storm, whoever has stopped may have got the number of a command that has ended.
        end_storm();
        if (command_ == 0) return;
        if (child.fate == Fate::exited) return command_ended(child);
        stopped_by_ = child.status;
        feed(Event::command_stopped);
    }

    /// The command's number is its own from here on: it has ended, or would stay a zombie.
    void end_storm() {
        if (!storm_.lasts()) return;
        const Child child = storm_.end();
        backlog_ = true;  // the signal for a stop was dropped
        if (child.fate != Fate::none) command_ended(child);
    }

    void command_ended(const Child& child) {
        command_ = 0;
        if (child.fate == Fate::lost) {
            status_ = kOwnError;
            Line line = message();
            line.add("read the exit status of the command: ").add(errno_text(child.status));
            say(Level::error, line);
            return feed(Event::command_exited);
        }
        status_ = child.status <= 255 && options_.is_expected(child.status) ? 0 : child.status;
        if (says(Level::info)) {
            Line line = message();
            say(Level::info, line.add("command ended with status ").add(int64_t{child.status}));
        }
        feed(Event::command_exited);
    }

    void feed(Event event) {
        const Cell cell = transition(state_, event);
        const State before = state_;
        state_ = cell.next;
        if (state_ != before && says(Level::debug)) {
            Line line = message();
            line.add(to_string(before)).add(" -> ").add(to_string(state_));
            say(Level::debug, line);
        }
        act(cell.act, state_ != before);
    }

    void act(Act what, bool entered) {
        switch (what) {
            case Act::none:
                return;
            case Act::forward:
                return forward();
            case Act::resume:
                resume_terminal(terminal_, command_);
                stopped_by_ = 0;
                return forward();
            case Act::suspend:
                return suspend_command(terminal_, command_, stopped_by_, stop_sent_);
            case Act::wake:
                return wake();
            case Act::begin_stop:
                if (options_.stop_timeout != kNever) deadline_ = now() + options_.stop_timeout;
                forward();
                if (stopped_by_ != 0) wake();
                return;
            case Act::kill_all:
                return kill_all(entered);
        }
    }

    /// Sends signal_, as rewritten, to the command or its group.
    void forward() {
        const int signal = options_.rewrite[signal_];
        if (signal == 0) return;
        stop_sent_ = signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU ||
                     (stop_sent_ && signal != SIGCONT);
        // A terminal stops and continues whole groups.
        const bool whole_group = options_.kill_mode == KillMode::group ||
                                 (signal == SIGCONT && terminal_.role != TerminalRole::none);
        int result = whole_group ? kill(-command_, signal) : -1;
        // The command may have moved to another group and left none behind.
        if (!whole_group || (result < 0 && errno == ESRCH)) result = kill(command_, signal);
        if (result == 0) return;
        const int error = errno;  // EPERM: a set-user-ID command and a box-init that is not root
        char name[16] = {};
        Line line = message();
        line.add("send ").add(signal_name(signal, name)).add(" to the command: ");
        say(Level::warning, line.add(errno_text(error)));
    }

    /// A stopped process takes no signal but SIGKILL until it is continued.
    void wake() {
        stopped_by_ = 0;
        (void)kill(-command_, SIGCONT);
    }

    void kill_all(bool entered) {
        if (entered) {
            deadline_ = now() + kKillTime;
            if (command_ != 0) status_ = kKilled;
        }
        const bool reached = kill_everything(reach(), command_);
        if (!reached && entered) {
            const int error = errno;
            Line line = message();
            line.add("what the command started may be left: read the list of children in /proc: ");
            say(Level::warning, line.add(errno_text(error)));
        }
        // Nothing to wait for that we could bring about.
        if (!reached && command_ == 0) feed(Event::deadline);
    }

    [[nodiscard]] Reach reach() const {
        if (terminal_.pid_one) return Reach::pid_namespace;
        return options_.subreaper ? Reach::descendants : Reach::group;
    }

    static void tell_arrival(const Arrival& arrival) {
        char name[16] = {};
        Line line = message();
        line.add("received ").add(signal_name(arrival.signal, name));
        say(Level::debug, line.add(" from process ").add(int64_t{arrival.sender}));
    }

    const Options& options_;
    const Terminal terminal_;
    State state_ = State::starting;
    pid_t command_ = 0;  ///< 0 once reaped
    int status_ = kOwnError;
    int signal_ = 0;          ///< the one being handled
    int stopped_by_ = 0;      ///< the signal the command is stopped by
    bool stop_sent_ = false;  ///< the last stop came through us
    bool backlog_ = false;    ///< the last batch was full: there may be more to reap
    Storm storm_;
    int64_t deadline_ = kNoDeadline;
};

/// Makes this process what the options ask: subreaper, told of its parent's death. False (with
/// a message) if the kernel refuses.
bool prepare_self(const Options& options, bool pid_one) {
    const pid_t parent = getppid();
    if (options.parent_death_signal != 0) {
        if (prctl(PR_SET_PDEATHSIG, options.parent_death_signal) < 0) {
            Line line = message();
            say(Level::error, line.add("set parent death signal: ").add(errno_text(errno)));
            return false;
        }
        // It may have died before we asked.
        if (getppid() != parent) (void)kill(getpid(), options.parent_death_signal);
    }
    if (options.subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
        Line line = message();
        say(Level::error, line.add("become subreaper: ").add(errno_text(errno)));
        return false;
    }
    if (!pid_one && !options.subreaper && !options.lone_is_fine) {
        Line line = message();
        say(Level::warning,
            line.add("neither PID 1 nor a subreaper (-s): orphans go to another process"));
    }
    return true;
}

/// Lets go of what only the command needs: descriptors beyond the standard ones (a pipe end we
/// kept would never see its end of file) and the working directory (it could not be unmounted).
/// Neither is needed for our work, so a kernel without close_range(2) (before 5.9) is no error.
void let_go() {
    (void)syscall(SYS_close_range, 3U, ~0U, 0U);
    const int moved = chdir("/");
    (void)moved;
}

}  // namespace

int run(const Options& options) {
    const bool pid_one = getpid() == 1;
    const InheritedSignals inherited = take_signals();
    if (!prepare_self(options, pid_one)) return kOwnError;
    if (options.pause) {
        let_go();
        return pause_until_stopped(options);
    }
    const Terminal terminal = find_terminal(pid_one);
    const Started started = start_command(options, terminal, inherited);
    if (started.error != 0) {
        const int status = report_failure(started, options.command[0]);
        leave_terminal(terminal, started.pid);
        return status;
    }
    let_go();
    return Init(options, terminal).live(started);
}

}  // namespace boxctl::init
