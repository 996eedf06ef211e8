// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/endpoint/inside_command.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"

namespace boxctl::endpoint {

Result<std::unique_ptr<InsideCommand>> InsideCommand::start(event::Loop& loop,
                                                            const state::Record& box,
                                                            shell::Leaves& leaves,
                                                            const std::vector<std::string>& command,
                                                            uint64_t patience, Done done) {
    std::unique_ptr<InsideCommand> made(new InsideCommand(loop, leaves, std::move(done)));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno_error("make a pipe");
    made->output_fd_.reset(ends[0]);
    const os::UniqueFd far(ends[1]);
    BOX_TRY(os::set_nonblocking(made->output_fd_, true));
    shell::EnterRequest request;
    request.box = box;
    request.account = shell::Account::plain_root;
    request.command = command;
    request.directory.assign(1, '/');
    request.stdio[1] = shell::Stdio::given;
    request.given[1] = far;
    request.place = shell::Place::in_payload;
    made->entering_ = BOX_TRY(shell::Entering::begin(request));
    InsideCommand* const raw = made.get();
    made->source_ = BOX_TRY(
            loop.add_io(made->entering_->fd(), EPOLLIN, [raw](uint32_t) { raw->on_entering(); }));
    made->patience_ = loop.add_timer(event::now_us() + patience, [raw] {
        raw->finish(Error(ETIME, "wait for a command in the box"));
    });
    return made;
}

void InsideCommand::on_entering() {
    auto session = entering_->advance();
    if (!session) return finish(std::move(session).error());
    if (!*session) return;
    source_.reset();
    session_ = std::move(**session);
    entering_.reset();
    auto ended = loop_.add_child(session_->pidfd, [this](os::ExitStatus status) {
        session_->pidfd.reset();  // reaped
        // What it started may hold the pipe open: its own output has arrived by now.
        while (read_output()) {
        }
        finish(status);
    });
    auto output = loop_.add_io(output_fd_, EPOLLIN, [this](uint32_t) { read_output(); });
    if (!ended) return finish(std::move(ended).error());
    if (!output) return finish(std::move(output).error());
    source_ = std::move(ended).value();
    output_source_ = std::move(output).value();
}

/// One read; false when there is nothing more.
bool InsideCommand::read_output() {
    char bytes[4096];
    const ssize_t got = read(output_fd_.get(), bytes, sizeof bytes);
    if (got == 0) output_source_.reset();
    if (got <= 0) return false;
    const size_t room = kMostOutput - output_.size();
    output_.append(bytes, std::min(room, static_cast<size_t>(got)));
    // A writer that never ends would have us read for ever once it has been waited for.
    return room > 0;
}

void InsideCommand::finish(const Result<os::ExitStatus>& status) {
    if (over_) return;
    over_ = true;
    patience_.reset();
    source_.reset();
    output_source_.reset();
    entering_.reset();
    if (session_) leaves_.take(std::move(*session_), shell::Leaves::Rest::leave);
    session_.reset();
    done_(status, output_);
}

}  // namespace boxctl::endpoint
