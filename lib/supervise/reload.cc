// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/reload.h"

#include <array>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/os/file.h"
#include "lib/os/process.h"
#include "lib/state/handover.h"
#include "lib/state/record.h"

namespace boxctl::supervise {
namespace {

constexpr std::string_view kRehearse = "rehearse:";
constexpr int kPatience = 10000;        // ms that a rehearsal may take
constexpr size_t kMostWords = 1 << 21;  // bytes of a command line

/// Our own command line, so that the new image is started with the same words.
Result<std::vector<std::string>> own_words() {
    const std::string text = BOX_TRY(os::read_file("/proc/self/cmdline", kMostWords));
    std::vector<std::string> words;
    for (size_t at = 0; at < text.size();) {
        words.emplace_back(text.c_str() + at);
        at += words.back().size() + 1;
    }
    if (words.empty()) return Error("read '/proc/self/cmdline': it is empty");
    return words;
}

/// Executes `path` with `variable` in its environment; returns only on failure.
Error execute(const std::string& path, const std::vector<std::string>& words,
              const std::string& variable) {
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (const std::string& word : words)
        arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    if (setenv(state::kHandoverVariable, variable.c_str(), 1) < 0) return errno_error("setenv");
    execv(path.c_str(), arguments.data());
    Error error = errno_error("execute " + quote(path));
    unsetenv(state::kHandoverVariable);
    return error;
}

Result<void> keep_open(int fd, bool keep) {
    if (fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC) < 0) return errno_error("keep a descriptor");
    return {};
}

/// The child: the new program with the memfd, and a pipe for what it has to say.
[[noreturn]] void rehearse_in_child(const std::string& path, const std::vector<std::string>& words,
                                    int memfd, int pipe) {
    const bool ready = keep_open(memfd, true).has_value() &&
                       dup2(pipe, STDOUT_FILENO) >= 0 &&  // check-style: standard descriptors, for
                       dup2(pipe, STDERR_FILENO) >= 0;    // check-style: the program to be executed
    if (ready) {
        const Error error = execute(path, words, std::string(kRehearse) + std::to_string(memfd));
        const std::string text = error.message() + "\n";
        (void)!write(STDERR_FILENO, text.data(), text.size());  // the exit status says it, too
    }
    _exit(127);
}

/// What a rehearsal said, for one line.
std::string words_of(os::BorrowedFd pipe) {
    std::array<char, 1024> text;
    const ssize_t count = read(pipe.get(), text.data(), text.size());
    if (count <= 0) return "it says nothing";
    return printable(trim(std::string_view(text.data(), static_cast<size_t>(count))));
}

/// Runs the new program on a look at the handover only.
Result<void> ask(const std::string& path, const std::vector<std::string>& words,
                 os::BorrowedFd memfd) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return errno_error("make a pipe");
    const os::UniqueFd near(ends[0]);
    const os::UniqueFd far(ends[1]);
    const os::Cloned child = BOX_TRY(os::clone_process({}).context("start the new program"));
    if (child.pid == 0) rehearse_in_child(path, words, memfd.get(), far.get());
    pollfd ended = {child.pidfd.get(), POLLIN, 0};
    const bool late = poll(&ended, 1, kPatience) == 0;
    if (late) (void)os::send_signal(child.pidfd, SIGKILL).has_value();  // it is our child
    const os::ExitStatus status = BOX_TRY(os::wait_for(child.pidfd));
    if (late) return Error(ETIME, "ask " + quote(path) + " whether it can take over");
    if (status.shell_code() != 0)
        return Error(quote(path) + " cannot take over: " + words_of(near));
    return {};
}

Result<void> keep_all_open(const state::Outgoing& outgoing, bool keep) {
    for (const int fd : outgoing.fds())
        BOX_TRY(keep_open(fd, keep));
    return {};
}

}  // namespace

Error replace_image(const std::string& path, const state::Outgoing& outgoing) {
    auto words = own_words();
    if (!words) return std::move(words).error();
    auto memfd = outgoing.seal();
    if (!memfd) return std::move(memfd).error();
    auto understood = ask(path, *words, *memfd);
    if (!understood) return std::move(understood).error();
    auto kept = keep_all_open(outgoing, true);
    if (kept) kept = keep_open(memfd->get(), true);
    Error error =
            kept ? execute(path, *words, std::to_string(memfd->get())) : std::move(kept).error();
    // Only what is open could be marked, so this cannot fail where the other did not.
    (void)keep_all_open(outgoing, false).has_value();
    return error;
}

Result<Start> how_started() {
    const char* variable = getenv(state::kHandoverVariable);
    if (variable == nullptr) return Start();
    std::string_view text(variable);
    Start start;
    start.kind = Start::Kind::resume;
    if (text.starts_with(kRehearse)) {
        start.kind = Start::Kind::rehearse;
        text.remove_prefix(kRehearse.size());
    }
    const auto number = parse_u32(text);
    unsetenv(state::kHandoverVariable);
    if (!number || *number <= 2 || *number > INT32_MAX) {
        return Error(std::string(state::kHandoverVariable) + " is set, but not by boxctl");
    }
    const int memfd = static_cast<int>(*number);
    BOX_TRY(keep_open(memfd, false));
    start.memfd.reset(memfd);
    return start;
}

Result<void> rehearse(os::BorrowedFd memfd) {
    const json::Value all = BOX_TRY(state::Incoming::read(memfd));
    const json::Value& machine = *BOX_TRY(json::get_object(all["values"], "machine"));
    BOX_TRY(state::from_json(BOX_TRY(json::get_string(machine, "record"))));
    return {};
}

}  // namespace boxctl::supervise
