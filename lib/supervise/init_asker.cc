// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/init_asker.h"

#include <charconv>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
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

}  // namespace

void InitAsker::ask(const state::Request& request, std::function<void(int)> deaf) {
    request_ = request;
    deaf_ = std::move(deaf);
    ask_once();
}

void InitAsker::ask_once() {
    if (!request_.command.empty()) return ask_by_command();
    const bool heard = hears(record_.leader.pid, request_.signal);
    if (!heard && record_.mode == "run") return deaf_(request_.signal);
    const auto sent = os::send_signal(leader_, request_.signal);
    if (!sent && sent.error().code() != ESRCH) log::warning(sent.error().message());
    // It may have only just started and dropped it; or wait in sigtimedwait(2), as busybox does,
    // which /proc does not show and a second one does not disturb.
    if (!heard) ask_again();
}

void InitAsker::ask_by_command() {
    auto session = shell::start_inside(record_, request_.command);
    if (!session) return ask_again();
    session_ = std::move(session).value();
    auto source = loop_.add_child(session_->pidfd, [this](os::ExitStatus status) {
        session_->pidfd.reset();  // reaped
        if (status.shell_code() != 0) ask_again();
    });
    if (source) session_source_ = std::move(source).value();
}

void InitAsker::ask_again() {
    constexpr uint64_t kPause = event::kSecond;
    again_ = loop_.add_timer(event::now_us() + kPause, [this] { ask_once(); });
}

}  // namespace boxctl::supervise
