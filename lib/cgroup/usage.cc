// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cgroup/usage.h"

#include <fcntl.h>

#include "lib/base/text.h"
#include "lib/cgroup/scope.h"
#include "lib/cgroup/tree.h"
#include "lib/os/file.h"

namespace boxctl::cgroup {
namespace {

constexpr size_t kMostText = 1U << 20U;

std::optional<std::string> read_text(os::BorrowedFd dir, const char* name) {
    const auto file = os::open_in(dir, name, O_RDONLY, os::Follow::no_symlinks);
    if (!file) return std::nullopt;
    auto text = os::read_fd(*file, kMostText);
    if (!text) return std::nullopt;
    return std::move(*text);
}

/// A file with one number; "max" is none.
std::optional<uint64_t> read_number(os::BorrowedFd dir, const char* name) {
    const auto text = read_text(dir, name);
    return text ? parse_u64(trim(*text)) : std::nullopt;
}

/// The number behind `key` in a file of lines "KEY NUMBER".
std::optional<uint64_t> read_keyed(os::BorrowedFd dir, const char* name, std::string_view key) {
    const auto text = read_text(dir, name);
    if (!text) return std::nullopt;
    for (const std::string& line : split(*text, '\n')) {
        const std::vector<std::string> words = split_blanks(line);
        if (words.size() == 2 && words[0] == key) return parse_u64(words[1]);
    }
    return std::nullopt;
}

/// io.stat has a line for each device: "8:0 rbytes=1 wbytes=2 rios=…".
std::optional<uint64_t> sum_io(const std::optional<std::string>& text, std::string_view key) {
    if (!text) return std::nullopt;
    uint64_t sum = 0;
    for (const std::string& word : split_blanks(*text)) {
        if (!word.starts_with(key)) continue;
        sum += parse_u64(std::string_view(word).substr(key.size())).value_or(0);
    }
    return sum;
}

/// What a process holds alone, and its part of what it shares. Nothing of one that has ended.
uint64_t proportional_memory(const std::string& pid) {
    const auto text = os::read_file("/proc/" + pid + "/smaps_rollup", kMostText);
    if (!text) return 0;
    for (const std::string& line : split(*text, '\n')) {
        const std::vector<std::string> words = split_blanks(line);
        if (words.size() == 3 && words[0] == "Pss:") return parse_u64(words[1]).value_or(0) * 1024;
    }
    return 0;
}

struct Sum {
    uint64_t memory = 0;
    uint64_t tasks = 0;
};

/// In and below `dir`. The depth is bounded by set_bounds().
Sum sum_processes(os::BorrowedFd dir, uint32_t depth) {
    Sum sum;
    if (const auto threads = read_text(dir, "cgroup.threads")) {
        sum.tasks = split_blanks(*threads).size();
    }
    if (const auto processes = read_text(dir, "cgroup.procs")) {
        for (const std::string& pid : split_blanks(*processes))
            sum.memory += proportional_memory(pid);
    }
    const auto children = list_children(dir);
    if (!children || depth > kMaxDepth) return sum;
    for (const std::string& name : *children) {
        if (depth == 0 && name == kSupervisorLeaf) continue;
        const auto child = os::open_in(dir, name, O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
        if (!child) continue;
        const Sum below = sum_processes(*child, depth + 1);
        sum.memory += below.memory;
        sum.tasks += below.tasks;
    }
    return sum;
}

}  // namespace

Usage read_usage(os::BorrowedFd dir) {
    Usage usage;
    usage.cpu_us = read_keyed(dir, "cpu.stat", "usage_usec");
    usage.memory = read_number(dir, "memory.current");
    usage.memory_max = read_number(dir, "memory.max");
    usage.memory_peak = read_number(dir, "memory.peak");
    usage.swap = read_number(dir, "memory.swap.current");
    usage.tasks = read_number(dir, "pids.current");
    usage.tasks_max = read_number(dir, "pids.max");
    const auto io = read_text(dir, "io.stat");
    usage.bytes_read = sum_io(io, "rbytes=");
    usage.bytes_written = sum_io(io, "wbytes=");
    usage.oom_kills = read_oom_kills(dir);
    if (usage.memory && usage.tasks) return usage;
    const Sum sum = sum_processes(dir, 0);
    usage.memory_of_processes = !usage.memory;
    if (!usage.memory) usage.memory = sum.memory;
    if (!usage.tasks) usage.tasks = sum.tasks;
    return usage;
}

std::optional<uint64_t> read_oom_kills(os::BorrowedFd dir) {
    return read_keyed(dir, "memory.events", "oom_kill");
}

bool is_frozen(os::BorrowedFd dir) {
    const auto payload =
            os::open_in(dir, "payload", O_RDONLY | O_DIRECTORY, os::Follow::no_symlinks);
    return payload && read_keyed(*payload, "cgroup.events", "frozen") == 1;
}

}  // namespace boxctl::cgroup
