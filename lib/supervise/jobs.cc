// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/supervise/jobs.h"

#include <algorithm>

#include <signal.h>
#include <time.h>

#include "lib/base/log.h"
#include "lib/base/text.h"
#include "lib/cgroup/apply.h"
#include "lib/cgroup/signal.h"
#include "lib/os/process.h"
#include "lib/state/control.h"

namespace boxctl::supervise {
namespace {

constexpr uint64_t kTellPause = event::kSecond;

Result<std::vector<std::string>> get_words(const json::Value& object, const char* key) {
    std::vector<std::string> words;
    for (const json::Value& word : *BOX_TRY(json::get_array(object, key))) {
        if (!word.is_string()) return Error(std::string("'") + key + "' holds no words");
        words.push_back(word.get<std::string>());
    }
    return words;
}

Result<shell::EnterRequest> request_of(const json::Value& value, const state::Record& box) {
    shell::EnterRequest request;
    request.box = box;
    request.user = BOX_TRY(json::get_string(value, "user"));
    request.command = BOX_TRY(get_words(value, "command"));
    request.environment = BOX_TRY(get_words(value, "environment"));
    request.directory = BOX_TRY(json::get_string(value, "directory"));
    if (request.command.empty()) return Error("a job needs a command");
    return request;
}

void answer(const Question& question, const Result<void>& done) {
    // Who asked may have left: then nobody wants to know.
    (void)(done ? state::send_value(question.connection, json::Value::object())
                : state::send_refusal(question.connection, done.error()))
            .has_value();
}

}  // namespace

void Jobs::start(Question question) {
    const auto begun = begin(question);
    if (!begun) answer(question, begun);
}

Result<void> Jobs::begin(Question& question) {
    if (starting_.size() + running_.size() >= kMost) {
        return Error(format("%zu jobs run in machine '%s' already", kMost, box_.name.c_str()));
    }
    const shell::EnterRequest request = BOX_TRY(request_of(question.value, box_));
    shell::Entering entering = BOX_TRY(shell::Entering::begin(request));
    state::Job job;
    job.user = request.user.empty() ? "root" : request.user;
    job.command = join(request.command, " ").substr(0, kLongestCommand);
    starting_.push_back({{}, std::move(job), std::move(entering), {}, {}});
    const StartingPlace place = std::prev(starting_.end());
    auto source = loop_.add_io(place->entering.fd(), EPOLLIN,
                               [this, place](uint32_t) { advance(place); });
    if (!source) {
        starting_.erase(place);
        return std::move(source).error();
    }
    place->source = std::move(source).value();
    place->patience = loop_.add_timer(event::now_us() + kPatience, [this, place] {
        fail(place, Error("the box did not let the program start within 10 s"));
    });
    place->question = std::move(question);
    return {};
}

void Jobs::advance(StartingPlace place) {
    auto session = place->entering.advance();
    if (!session) return fail(place, session.error());
    if (!*session) return;
    Starting begun = std::move(*place);
    starting_.erase(place);
    begun.job.number = next_number_++;
    begun.job.pid = (*session)->pid;
    begun.job.started = static_cast<uint64_t>(time(nullptr));
    const json::Value told = {{"job", begun.job.number}, {"pid", begun.job.pid}};
    const auto added = add(std::move(begun.job), std::move(**session));
    if (!added) return answer(begun.question, added);
    tell();
    // As in answer().
    (void)state::send_value(begun.question.connection, told).has_value();
}

void Jobs::fail(StartingPlace place, const Error& error) {
    const Starting failed = std::move(*place);
    starting_.erase(place);
    answer(failed.question, error);
}

Result<void> Jobs::add(state::Job job, shell::Session session) {
    running_.push_back({std::move(job), std::move(session), {}, {}, {}});
    const RunningPlace place = std::prev(running_.end());
    auto watched = watch(place);
    if (!watched || has_ended(*place)) running_.erase(place);
    return watched;
}

/// For the end of the first process, unless that has been seen, and of all others.
Result<void> Jobs::watch(RunningPlace place) {
    shell::Session& session = place->session;
    if (session.leaf.dir.valid()) {
        place->events = BOX_TRY(cgroup::open_events(session.leaf.dir));
        place->rest = BOX_TRY(loop_.add_io(place->events, EPOLLPRI,
                                           [this, place](uint32_t) { look_at_rest(place); }));
    }
    if (!session.pidfd.valid()) return {};
    place->end = BOX_TRY(
            loop_.add_child(session.pidfd, [this, place](os::ExitStatus) { on_end(place); }));
    return {};
}

void Jobs::on_end(RunningPlace place) {
    place->session.pidfd.reset();  // reaped
    place->end.reset();
    place->job.pid = 0;
    if (has_ended(*place)) running_.erase(place);
    tell();
}

/// Without its first process a job goes on where others of it do.
bool Jobs::has_ended(const Running& running) {
    // Read in any case: until then poll(2) goes on to tell of a change.
    const auto rest = running.events.valid() ? cgroup::populated(running.events) : false;
    return !running.session.pidfd.valid() && (!rest || !*rest);
}

void Jobs::look_at_rest(RunningPlace place) {
    if (!has_ended(*place)) return;
    running_.erase(place);
    tell();
}

void Jobs::signal(const Question& question) {
    answer(question, send_signal(question.value));
}

Result<void> Jobs::send_signal(const json::Value& value) const {
    const uint64_t number = BOX_TRY(json::get_u64(value, "job"));
    const uint64_t wanted = BOX_TRY(json::get_u64(value, "signal"));
    if (wanted < 1 || wanted > 64) return Error("there is no such signal");
    const auto found = std::find_if(running_.begin(), running_.end(), [&](const Running& running) {
        return running.job.number == number;
    });
    if (found == running_.end()) {
        return Error(format("machine '%s' has no job %llu", box_.name.c_str(),
                            static_cast<unsigned long long>(number)));
    }
    const auto signal = static_cast<int>(wanted);
    const shell::Session& session = found->session;
    if (!session.leaf.dir.valid()) return os::send_signal(session.pidfd, signal);
    // At once, so that none can make another one meanwhile; before Linux 5.14 one by one.
    if (signal == SIGKILL && cgroup::kill_all(session.leaf.dir)) return {};
    return cgroup::signal_all(session.leaf.dir, signal);
}

/// What cannot be listed yet runs all the same.
void Jobs::tell() {
    const bool again = tell_again_.active();
    tell_again_.reset();
    std::vector<state::Job> jobs;
    for (const Running& running : running_)
        jobs.push_back(running.job);
    const auto written = state::write_jobs(box_, jobs);
    if (written) return;
    again ? log::debug(written.error().message()) : log::warning(written.error().message());
    tell_again_ = loop_.add_timer(event::now_us() + kTellPause, [this] { tell(); });
}

}  // namespace boxctl::supervise
