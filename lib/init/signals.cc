// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/init/text.h"

namespace boxctl::init {

namespace {

struct Name {
    int signal;
    const char* text;
};

// clang-format off
constexpr Name kNames[] = {
    {SIGHUP, "SIGHUP"},   {SIGINT, "SIGINT"},     {SIGQUIT, "SIGQUIT"},     {SIGILL, "SIGILL"},
    {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"},   {SIGBUS, "SIGBUS"},       {SIGFPE, "SIGFPE"},
    {SIGKILL, "SIGKILL"}, {SIGUSR1, "SIGUSR1"},   {SIGSEGV, "SIGSEGV"},     {SIGUSR2, "SIGUSR2"},
    {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"},   {SIGTERM, "SIGTERM"},     {SIGSTKFLT, "SIGSTKFLT"},
    {SIGCHLD, "SIGCHLD"}, {SIGCONT, "SIGCONT"},   {SIGSTOP, "SIGSTOP"},     {SIGTSTP, "SIGTSTP"},
    {SIGTTIN, "SIGTTIN"}, {SIGTTOU, "SIGTTOU"},   {SIGURG, "SIGURG"},       {SIGXCPU, "SIGXCPU"},
    {SIGXFSZ, "SIGXFSZ"}, {SIGVTALRM, "SIGVTALRM"}, {SIGPROF, "SIGPROF"},   {SIGWINCH, "SIGWINCH"},
    {SIGIO, "SIGIO"},     {SIGPWR, "SIGPWR"},     {SIGSYS, "SIGSYS"},
    {SIGABRT, "SIGIOT"},  {SIGCHLD, "SIGCLD"},    {SIGIO, "SIGPOLL"},
};
// clang-format on

constexpr size_t kKernelSetSize = sizeof(SignalBits);

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// `text` behind `prefix` in any case; null when it does not begin with it.
const char* after_word(const char* text, const char* prefix) {
    for (; *prefix != '\0'; ++prefix, ++text) {
        if (upper(*text) != *prefix) return nullptr;
    }
    return text;
}

/// "", "+3" behind RTMIN or "", "-3" behind RTMAX as a distance; false for anything else.
bool parse_distance(const char* text, char sign, uint32_t& distance) {
    distance = 0;
    if (*text == '\0') return true;
    return *text == sign && parse_number(text + 1, kMaxSignal - kRtMin, distance);
}

constexpr int kShown[] = {SIGTERM, kRtMin + 3, kRtMin + 4, kRtMin + 5};

void never_called(int) {
}

/// Gives `signal` a handler if it has its default; false if it was ignored from the start.
bool show_signal(int signal) {
    struct sigaction action = {};
    action.sa_handler = never_called;
    struct sigaction old = {};
    (void)sigaction(signal, &action, &old);
    if (old.sa_handler != SIG_IGN) return true;
    (void)sigaction(signal, &old, nullptr);
    return false;
}

void set_child_action(void (*handler)(int)) {
    struct sigaction action = {};
    action.sa_handler = handler;
    (void)sigaction(SIGCHLD, &action, nullptr);
}

SignalBits change_mask(int how, SignalBits set) {
    SignalBits old = 0;
    // Cannot fail: `how` and both pointers are valid (sigprocmask(2)).
    (void)syscall(SYS_rt_sigprocmask, how, &set, &old, kKernelSetSize);
    return old;
}

}  // namespace

Role signal_role(int signal, bool forward_only) {
    if (signal == SIGCHLD) return Role::child;
    if (signal == SIGCONT) return Role::resume;
    if (forward_only) return Role::forward;
    if (signal == SIGTERM || signal == SIGINT) return Role::stop_self;
    if (signal == SIGPWR) return Role::stop_term;
    if (signal >= kRtMin + 3 && signal <= kRtMin + 6) return Role::stop_term;
    if (signal >= kRtMin + 13 && signal <= kRtMin + 16) return Role::kill_now;
    return Role::forward;
}

int parse_signal(const char* text) {
    uint32_t number = 0;
    if (parse_number(text, kMaxSignal, number)) return static_cast<int>(number);
    if (const char* rest = after_word(text, "SIG"); rest != nullptr) text = rest;
    if (const char* rest = after_word(text, "RTMIN"); rest != nullptr) {
        return parse_distance(rest, '+', number) ? kRtMin + static_cast<int>(number) : 0;
    }
    if (const char* rest = after_word(text, "RTMAX"); rest != nullptr) {
        return parse_distance(rest, '-', number) ? kMaxSignal - static_cast<int>(number) : 0;
    }
    for (const Name& name : kNames) {
        const char* rest = after_word(text, name.text + strlen("SIG"));
        if (rest != nullptr && *rest == '\0') return name.signal;
    }
    return 0;
}

const char* signal_name(int signal, char (&buffer)[16]) {
    for (const Name& name : kNames) {
        if (name.signal == signal) return name.text;
    }
    Line line;
    if (signal >= kRtMin) {
        line.add("SIGRTMIN+").add(int64_t{signal - kRtMin});
    } else {
        line.add("signal ").add(int64_t{signal});
    }
    const size_t length = line.size() < sizeof buffer ? line.size() : sizeof buffer - 1;
    memcpy(buffer, line.text(), length);
    buffer[length] = '\0';
    return buffer;
}

InheritedSignals take_signals() {
    InheritedSignals was;
    was.blocked = change_mask(SIG_SETMASK, ~SignalBits{0});
    struct sigaction action = {};
    action.sa_handler = SIG_DFL;
    struct sigaction old = {};
    (void)sigaction(SIGCHLD, &action, &old);
    was.child_ignored = old.sa_handler == SIG_IGN;
    for (const int signal : kShown) {
        if (show_signal(signal)) was.shown |= signal_bit(signal);
    }
    // musl lets its own three signals through when the first handler is installed.
    (void)change_mask(SIG_BLOCK, ~SignalBits{0});
    return was;
}

void give_signals(const InheritedSignals& was) {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    for (const int signal : kShown) {
        if ((was.shown & signal_bit(signal)) != 0) (void)sigaction(signal, &standard, nullptr);
    }
    if (was.child_ignored) ignore_children();
    (void)change_mask(SIG_SETMASK, was.blocked);
}

void ignore_children() {
    set_child_action(SIG_IGN);
}

void heed_children() {
    set_child_action(SIG_DFL);
}

Arrival wait_signal(int64_t milliseconds) {
    const SignalBits all = ~SignalBits{0};
    siginfo_t info = {};
    struct timespec limit = {};
    if (milliseconds >= 0) {
        limit.tv_sec = milliseconds / 1000;
        limit.tv_nsec = static_cast<long>(milliseconds % 1000 * 1000000);
    }
    const long signal = syscall(SYS_rt_sigtimedwait, &all, &info,
                                milliseconds >= 0 ? &limit : nullptr, kKernelSetSize);
    if (signal < 0) return {};  // EAGAIN: time over; EINTR: stopped and continued
    // Only a signal that a process sent has a sender; others keep different data in that place.
    return {static_cast<int>(signal), info.si_code <= 0 ? info.si_pid : 0};
}

void drop_signal(int signal) {
    const SignalBits one = signal_bit(signal);
    const struct timespec now = {};
    (void)syscall(SYS_rt_sigtimedwait, &one, nullptr, &now, kKernelSetSize);
}

bool is_pending(int signal) {
    SignalBits pending = 0;
    (void)syscall(SYS_rt_sigpending, &pending, kKernelSetSize);
    return (pending & signal_bit(signal)) != 0;
}

void let_through(int signal) {
    (void)change_mask(SIG_UNBLOCK, signal_bit(signal));
    (void)change_mask(SIG_BLOCK, signal_bit(signal));
}

}  // namespace boxctl::init
