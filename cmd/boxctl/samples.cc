// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cmd/boxctl/samples.h"

#include "cmd/boxctl/machines.h"
#include "cmd/boxctl/table.h"
#include "lib/base/text.h"
#include "lib/event/loop.h"
#include "lib/shell/inspect.h"

namespace boxctl::cmd {
namespace {

using Number = std::optional<uint64_t>;

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

}  // namespace

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

void Shares::add_to(std::vector<Sample>& samples, uint64_t now) {
    std::map<std::string, uint64_t> used;
    for (Sample& sample : samples) {
        const uint64_t time = sample.usage.cpu_us.value_or(0);
        const auto before = used_.find(sample.name);
        if (before != used_.end() && time >= before->second && now > last_) {
            sample.has_share = true;
            sample.share =
                    static_cast<double>(time - before->second) / static_cast<double>(now - last_);
        }
        used[sample.name] = time;
    }
    used_ = std::move(used);
    last_ = now;
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

}  // namespace boxctl::cmd
