// SPDX-License-Identifier: LGPL-2.1-or-later
#include <signal.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/samples.h"
#include "cmd/boxctl/verbs.h"
#include "lib/event/loop.h"
#include "lib/event/signal_mask.h"

namespace boxctl::cmd {
namespace {

json::Value json_of(const Sample& sample) {
    const auto number = [](std::optional<uint64_t> value) {
        return value ? json::Value(*value) : json::Value();
    };
    const cgroup::Usage& usage = sample.usage;
    json::Value value = {
            {"name", sample.name},
            {"frozen", sample.frozen},
            {"cpu_usec", number(usage.cpu_us)},
            {"memory", number(usage.memory)},
            {"memory_is_sum_of_processes", usage.memory_of_processes},
            {"memory_max", number(usage.memory_max)},
            {"memory_peak", number(usage.memory_peak)},
            {"swap", number(usage.swap)},
            {"tasks", number(usage.tasks)},
            {"tasks_max", number(usage.tasks_max)},
            {"read_bytes", number(usage.bytes_read)},
            {"written_bytes", number(usage.bytes_written)},
            {"oom_kills", number(usage.oom_kills)},
    };
    return value;
}

std::string text_of(const std::vector<Sample>& samples, bool json) {
    if (!json) return table_of(samples);
    json::Value all = json::Value::array();
    for (const Sample& sample : samples)
        all.push_back(json_of(sample));
    return json_lines(all);
}

/// One sample after the other, each compared with the one before.
class Watch {
 public:
    Watch(const Invocation& invocation, event::Loop& loop)
            : invocation_(&invocation), loop_(&loop) {
        timer_ = loop.add_timer(event::now_us(), [this] { show(); });
    }

 private:
    void show() {
        auto samples = take_samples(invocation_->words);
        if (!samples) return loop_->exit(fail(samples.error()));
        const uint64_t now = event::now_us();
        shares_.add_to(*samples, now);
        const bool json = invocation_->has("json");
        const std::string home = !json && to_terminal() ? "\033[H\033[J" : "";
        const int printed = print(home + text_of(*samples, json));
        if (printed != 0) return loop_->exit(printed);
        timer_.set_deadline(now + event::kSecond);
    }

    const Invocation* invocation_;
    event::Loop* loop_;
    event::TimerSource timer_;
    Shares shares_;
};

Result<int> watch(const Invocation& invocation) {
    const event::SignalMask mask({SIGINT, SIGTERM});
    const auto loop = BOX_TRY(event::Loop::create());
    const auto leave = [&](const signalfd_siginfo&) { loop->exit(0); };
    const event::Source interrupt = BOX_TRY(loop->add_signal(SIGINT, leave));
    const event::Source terminate = BOX_TRY(loop->add_signal(SIGTERM, leave));
    const Watch shown(invocation, *loop);
    return loop->run();
}

}  // namespace

int verb_stats(const Invocation& invocation) {
    if (invocation.has("watch")) {
        const auto status = watch(invocation);
        return status ? *status : fail(status.error());
    }
    const auto samples = take_samples(invocation.words);
    if (!samples) return fail(samples.error());
    return print(text_of(*samples, invocation.has("json")));
}

}  // namespace boxctl::cmd
