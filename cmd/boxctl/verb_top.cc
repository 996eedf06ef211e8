// SPDX-License-Identifier: LGPL-2.1-or-later
// top: what boxes use, over the whole terminal, until 'q'. Plain escape sequences that every
// terminal of the last thirty years knows (ECMA-48 and xterm's alternate screen).
#include <algorithm>

#include <signal.h>
#include <unistd.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/samples.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/console/terminal_guard.h"
#include "lib/event/loop.h"
#include "lib/event/signal_mask.h"
#include "lib/os/pty.h"

namespace boxctl::cmd {
namespace {

constexpr const char* kEnter = "\033[?1049h\033[?25l\033[?7l";  // other screen, no cursor, no wrap
constexpr const char* kLeave = "\033[?7h\033[?25h\033[?1049l";
constexpr const char* kHome = "\033[H";
constexpr const char* kEndOfLine = "\033[K\r\n";
constexpr const char* kClearBelow = "\033[J";
constexpr const char* kReverse = "\033[7m";
constexpr const char* kPlain = "\033[0m";

/// What the rows are sorted by. The largest first, but names from a to z.
struct Order {
    char key;
    const char* name;
    double (*value)(const Sample& sample);
};

double number(const std::optional<uint64_t>& value) {
    return static_cast<double>(value.value_or(0));
}

constexpr Order kOrders[] = {
        {'c', "CPU", [](const Sample& sample) { return sample.share; }},
        {'m', "memory", [](const Sample& sample) { return number(sample.usage.memory); }},
        {'t', "tasks", [](const Sample& sample) { return number(sample.usage.tasks); }},
        {'i', "input and output",
         [](const Sample& sample) {
             return number(sample.usage.bytes_read) + number(sample.usage.bytes_written);
         }},
        {'n', "name", [](const Sample&) { return 0.0; }},
};

struct Size {
    size_t columns = 80;
    size_t lines = 24;
};

Size terminal_size() {
    const auto size = os::window_size(os::BorrowedFd(STDOUT_FILENO));
    if (!size || size->ws_col == 0 || size->ws_row == 0) return {};
    return {size->ws_col, size->ws_row};
}

/// The lines that fit, each as wide as fits. Names and numbers are plain ASCII.
std::string screen_of(const std::vector<Sample>& samples, const Order& order, Size size) {
    std::vector<std::string> lines = split(table_of(samples), '\n');
    if (lines.back().empty()) lines.pop_back();
    std::string keys = format("%zu boxes by %s; sort: ", samples.size(), order.name);
    for (const Order& other : kOrders)
        keys += format("%c %s, ", other.key, other.name);
    lines.insert(lines.begin(), keys + "q quits");
    constexpr size_t kTitles = 1;
    std::string text = kHome;
    for (size_t i = 0; i < lines.size() && i < size.lines; i++) {
        std::string line = lines[i].substr(0, size.columns);
        if (i == kTitles) {
            line.resize(size.columns, ' ');
            line = kReverse + line + kPlain;
        }
        text += line;
        // Behind the last line of a full screen a new one would scroll it.
        if (i + 1 < size.lines) text += kEndOfLine;
    }
    return text + (lines.size() < size.lines ? kClearBelow : "");
}

class Screen {
 public:
    Screen(const std::vector<std::string>& names, event::Loop& loop)
            : names_(&names), loop_(&loop) {
        timer_ = loop.add_timer(event::now_us(), [this] { refresh(); });
    }

    /// Draws what is known once more: the terminal or the order has changed.
    void draw() {
        std::stable_sort(samples_.begin(), samples_.end(), [&](const Sample& a, const Sample& b) {
            const double left = order_->value(a);
            const double right = order_->value(b);
            return left != right ? left > right : a.name < b.name;
        });
        const int printed = print(screen_of(samples_, *order_, terminal_size()));
        if (printed != 0) loop_->exit(printed);
    }

    void press(char key) {
        constexpr char kInterrupt = 3;  // ^C: the terminal makes no signal of it now
        if (key == 'q' || key == 'Q' || key == kInterrupt) return loop_->exit(0);
        for (const Order& order : kOrders) {
            if (order.key == key) order_ = &order;
        }
        draw();
    }

    /// What ended it, when that was a failure; told when the terminal is as before.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
    void refresh() {
        auto samples = take_samples(*names_);
        if (!samples) {
            failure_ = std::move(samples).error();
            return loop_->exit(failure_->exit_code());
        }
        samples_ = std::move(samples).value();
        const uint64_t now = event::now_us();
        shares_.add_to(samples_, now);
        draw();
        timer_.set_deadline(now + event::kSecond);
    }

    const std::vector<std::string>* names_;
    event::Loop* loop_;
    event::TimerSource timer_;
    const Order* order_ = kOrders;
    Shares shares_;
    std::vector<Sample> samples_;
    std::optional<Error> failure_;
};

Result<int> show(const std::vector<std::string>& names) {
    const event::SignalMask mask({SIGINT, SIGTERM, SIGHUP, SIGWINCH});
    const auto loop = BOX_TRY(event::Loop::create());
    const char* term = getenv("TERM");
    const os::BorrowedFd input(STDIN_FILENO);
    auto terminal = BOX_TRY(console::TerminalGuard::raw(input, os::BorrowedFd(STDOUT_FILENO),
                                                        term == nullptr ? "" : term));
    Screen screen(names, *loop);
    const auto leave = [&](const signalfd_siginfo&) { loop->exit(0); };
    const event::Source interrupt = BOX_TRY(loop->add_signal(SIGINT, leave));
    const event::Source terminate = BOX_TRY(loop->add_signal(SIGTERM, leave));
    const event::Source hangup = BOX_TRY(loop->add_signal(SIGHUP, leave));
    const event::Source resize =
            BOX_TRY(loop->add_signal(SIGWINCH, [&](const signalfd_siginfo&) { screen.draw(); }));
    const event::IoSource keys = BOX_TRY(loop->add_io(input, EPOLLIN, [&](uint32_t) {
        char typed[64];
        const ssize_t got = read(STDIN_FILENO, typed, sizeof typed);
        if (got <= 0 && !(got < 0 && (errno == EINTR || errno == EAGAIN))) return loop->exit(0);
        for (ssize_t i = 0; i < got; i++)
            screen.press(typed[i]);
    }));
    if (const int printed = print(kEnter); printed != 0) return printed;
    const auto status = loop->run();
    const int printed = print(kLeave);
    BOX_TRY(terminal.restore());
    if (screen.failure()) return Error(*screen.failure());
    return status ? std::max(*status, printed) : status;
}

}  // namespace

int verb_top(const Invocation& invocation) {
    if (isatty(STDIN_FILENO) != 1 || !to_terminal()) {
        Error error("top is for a terminal");
        error.set_hint("'boxctl stats --watch' writes to anything");
        return fail(error);
    }
    const auto status = show(invocation.words);
    return status ? *status : fail(status.error());
}

}  // namespace boxctl::cmd
