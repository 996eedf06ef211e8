// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/overlap.h"

#include <algorithm>
#include <memory>
#include <unordered_set>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::userns {
namespace {

constexpr size_t kFileLimit = 16U << 20U;
constexpr size_t kMapLimit = 64U << 10U;  // 340 lines at most (user_namespaces(7))
constexpr uint64_t kAllIds = 4294967295;

// Removes the part of `text` up to `separator` (or all of it) and returns it.
std::string_view take(std::string_view& text, char separator) {
    const size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return part;
}

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return take(line, ' ');
}

void join_neighbours(std::vector<IdSpan>& spans) {
    std::sort(spans.begin(), spans.end(),
              [](const IdSpan& a, const IdSpan& b) { return a.first < b.first; });
    std::vector<IdSpan> joined;
    for (const IdSpan& span : spans) {
        if (joined.empty() || span.first > joined.back().first + joined.back().count) {
            joined.push_back(span);
        } else {
            IdSpan& last = joined.back();
            last.count = std::max(last.first + last.count, span.first + span.count) - last.first;
        }
    }
    spans = std::move(joined);
}

Result<std::string> read_if_there(const std::string& path) {
    auto text = os::read_file(path, kFileLimit);
    if (!text && text.error().code() == ENOENT) return std::string();
    return text;
}

void append(std::vector<NamedSpan>& spans, const std::vector<IdSpan>& more,
            const std::string& origin) {
    for (const IdSpan& span : more)
        spans.push_back({span, origin});
}

// A process that ended meanwhile has no map to mind.
bool is_gone(int code) {
    return code == ENOENT || code == ESRCH;
}

Result<void> append_maps(std::vector<NamedSpan>& spans, const std::string& proc,
                         const std::string& pid) {
    for (const char* file : {"/uid_map", "/gid_map"}) {
        const std::string path = proc + "/" + pid + file;
        const auto text = os::read_file(path, kMapLimit);
        if (!text && is_gone(text.error().code())) return {};
        if (!text) return Error(text.error());
        append(spans, parse_id_map(*text), path);
    }
    return {};
}

/// The namespace's name in /proc, "user:[4026531837]", or empty with errno set.
std::string namespace_name(int proc, const std::string& path) {
    char link[64];
    const ssize_t length = readlinkat(proc, path.c_str(), link, sizeof link);
    return length < 0 ? std::string() : std::string(link, static_cast<size_t>(length));
}

/// The kernel's own threads, in ascending order: they never leave the first user namespace, and on
/// most machines there are more of them than processes. Empty where the kernel does not tell.
std::vector<uint32_t> kernel_threads(int proc, const std::string& path) {
    // PROC_PID_INIT_INO. In the first PID namespace, and in no other, process 2 is kthreadd, whose
    // children all others are (CONFIG_PROC_CHILDREN, proc_pid_children(5)).
    if (namespace_name(proc, "self/ns/pid") != "pid:[4026531836]") return {};
    const auto text = os::read_file(path + "/2/task/2/children", kFileLimit);
    if (!text) return {};
    std::vector<uint32_t> threads;
    std::string_view rest = *text;
    while (!rest.empty()) {
        if (const auto pid = parse_u32(take_word(rest))) threads.push_back(*pid);
    }
    std::sort(threads.begin(), threads.end());
    return threads;
}

}  // namespace

std::string describe(const IdSpan& span) {
    return format("%llu..%llu", static_cast<unsigned long long>(span.first),
                  static_cast<unsigned long long>(span.first + span.count - 1));
}

std::vector<IdSpan> parse_id_column(std::string_view text) {
    std::vector<IdSpan> spans;
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        take(line, ':');
        take(line, ':');
        if (const auto id = parse_u32(take(line, ':'))) spans.push_back({*id, 1});
    }
    join_neighbours(spans);
    return spans;
}

std::vector<IdSpan> parse_subids(std::string_view text, Owner owner) {
    std::vector<IdSpan> spans;
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        const std::string_view name = take(line, ':');
        const auto first = parse_u32(take(line, ':'));
        const auto count = parse_u32(trim(line));
        const bool of_root = name == "root" || name == "0";
        if (!first || !count || *count == 0 || of_root != (owner == Owner::root)) continue;
        spans.push_back({*first, *count});
    }
    return spans;
}

std::vector<IdSpan> parse_id_map(std::string_view text) {
    std::vector<IdSpan> spans;
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        const auto inside = parse_u32(take_word(line));
        const auto outside = parse_u32(take_word(line));
        const auto count = parse_u32(take_word(line));
        if (!inside || !outside || !count || *count == 0) continue;
        if (*inside == 0 && *outside == 0 && *count == kAllIds) continue;
        spans.push_back({*outside, *count});
    }
    return spans;
}

Result<HostIds> read_host_ids(const std::string& etc) {
    HostIds ids;
    for (const char* name : {"/passwd", "/group"}) {
        const std::string text = BOX_TRY(read_if_there(etc + name));
        append(ids.taken, parse_id_column(text), etc + name);
    }
    for (const char* name : {"/subuid", "/subgid"}) {
        const std::string text = BOX_TRY(read_if_there(etc + name));
        append(ids.taken, parse_subids(text, Owner::others), etc + name);
        append(ids.roots, parse_subids(text, Owner::root), etc + name);
    }
    return ids;
}

Result<std::vector<NamedSpan>> read_live_maps(const std::string& proc) {
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(opendir(proc.c_str()), closedir);
    if (!stream) return errno_error("list " + quote(proc));
    const int fd = dirfd(stream.get());
    const std::string ours = namespace_name(fd, "self/ns/user");
    if (ours.empty()) return errno_error("read " + quote(proc + "/self/ns/user"));
    const std::vector<uint32_t> threads = kernel_threads(fd, proc);
    std::unordered_set<std::string> seen;
    std::vector<NamedSpan> spans;
    while (const dirent* entry = readdir(stream.get())) {
        const auto pid = parse_u32(entry->d_name);
        if (!pid || std::binary_search(threads.begin(), threads.end(), *pid)) continue;
        const std::string name = namespace_name(fd, std::string(entry->d_name) + "/ns/user");
        if (name.empty() && is_gone(errno)) continue;
        // Not allowed to ask (EACCES): the maps themselves can be read by anybody.
        if (!name.empty() && (name == ours || !seen.insert(name).second)) continue;
        BOX_TRY(append_maps(spans, proc, entry->d_name));
    }
    return spans;
}

const NamedSpan* find_overlap(const std::vector<NamedSpan>& spans, const IdSpan& wanted) {
    const auto found = std::find_if(spans.begin(), spans.end(), [&](const NamedSpan& named) {
        return named.span.overlaps(wanted);
    });
    return found != spans.end() ? &*found : nullptr;
}

}  // namespace boxctl::userns
