// SPDX-License-Identifier: LGPL-2.1-or-later
#include <map>

#include <signal.h>

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/output.h"
#include "cmd/boxctl/table.h"
#include "cmd/boxctl/verbs.h"
#include "lib/base/text.h"
#include "lib/cgroup/usage.h"
#include "lib/event/loop.h"
#include "lib/event/signal_mask.h"
#include "lib/shell/inspect.h"

namespace boxctl::cmd {
namespace {

using Number = std::optional<uint64_t>;

struct Sample {
    std::string name;
    cgroup::Usage usage;
    bool frozen = false;
    double share = 0;  ///< of a processor since the last sample
    bool has_share = false;
};

/// Those named, or all that run. One that ends meanwhile is left out of all.
Result<std::vector<Sample>> take_samples(const std::vector<std::string>& names) {
    std::vector<state::Record> records;
    records.reserve(names.size());
    for (const std::string& name : names)
        records.push_back(BOX_TRY(find_running(name)));
    if (names.empty()) {
        for (const Machine& machine : BOX_TRY(all_machines())) {
            if (machine.life == Life::running) records.push_back(*machine.record);
        }
    }
    std::vector<Sample> samples;
    for (const state::Record& record : records) {
        const auto dir = shell::open_cgroup(record);
        if (!dir && !names.empty()) return dir.error();
        if (dir)
            samples.push_back({record.name, cgroup::read_usage(*dir), cgroup::is_frozen(*dir)});
    }
    return samples;
}

/// "512", "1.5K", "32.0M"
std::string size_text(Number bytes) {
    if (!bytes) return "-";
    if (*bytes < 1024) return std::to_string(*bytes);
    auto value = static_cast<double>(*bytes);
    const char* unit = "KMGTPE";
    for (value /= 1024; value >= 1024 && unit[1] != '\0'; value /= 1024)
        unit++;
    return format("%.1f%c", value, *unit);
}

std::string count_text(Number number) {
    return number ? std::to_string(*number) : "-";
}

std::string limit_text(Number limit, std::string (*write)(Number)) {
    return limit ? write(limit) : "none";
}

std::string cpu_text(const Sample& sample) {
    if (sample.has_share) return format("%.1f%%", sample.share * 100);
    if (!sample.usage.cpu_us) return "-";
    return format("%.2fs", static_cast<double>(*sample.usage.cpu_us) / event::kSecond);
}

std::string table_of(const std::vector<Sample>& samples) {
    Table table({"NAME", "CPU", "MEMORY", "LIMIT", "TASKS", "LIMIT", "READ", "WRITTEN", "OOM"});
    for (const Sample& sample : samples) {
        const cgroup::Usage& usage = sample.usage;
        table.add({printable(sample.name) + (sample.frozen ? " (frozen)" : ""), cpu_text(sample),
                   (usage.memory_of_processes ? "~" : "") + size_text(usage.memory),
                   limit_text(usage.memory_max, size_text), count_text(usage.tasks),
                   limit_text(usage.tasks_max, count_text), size_text(usage.bytes_read),
                   size_text(usage.bytes_written), count_text(usage.oom_kills)});
    }
    return table.text();
}

json::Value json_of(const Sample& sample) {
    const auto number = [](Number value) { return value ? json::Value(*value) : json::Value(); };
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
        for (Sample& sample : *samples)
            compare(sample, now);
        last_ = now;
        const bool json = invocation_->has("json");
        const std::string home = !json && to_terminal() ? "\033[H\033[J" : "";
        const int printed = print(home + text_of(*samples, json));
        if (printed != 0) return loop_->exit(printed);
        timer_.set_deadline(now + event::kSecond);
    }

    void compare(Sample& sample, uint64_t now) {
        const uint64_t used = sample.usage.cpu_us.value_or(0);
        const auto before = used_.find(sample.name);
        if (before != used_.end() && used >= before->second && now > last_) {
            sample.has_share = true;
            sample.share =
                    static_cast<double>(used - before->second) / static_cast<double>(now - last_);
        }
        used_[sample.name] = used;
    }

    const Invocation* invocation_;
    event::Loop* loop_;
    event::TimerSource timer_;
    std::map<std::string, uint64_t> used_;  ///< µs, by name
    uint64_t last_ = 0;
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
