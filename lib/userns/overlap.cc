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

bool is_pid(std::string_view name) {
    return name.find_first_not_of("0123456789") == std::string_view::npos;
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
    // The kernel's name of the namespace, "user:[4026531837]"; ours needs no look.
    std::unordered_set<std::string> seen;
    std::vector<NamedSpan> spans;
    char link[64];
    const ssize_t own = readlinkat(dirfd(stream.get()), "self/ns/user", link, sizeof link);
    if (own < 0) return errno_error("read " + quote(proc + "/self/ns/user"));
    const std::string ours(link, static_cast<size_t>(own));
    while (const dirent* entry = readdir(stream.get())) {
        if (!is_pid(entry->d_name)) continue;
        const std::string path = std::string(entry->d_name) + "/ns/user";
        const ssize_t length = readlinkat(dirfd(stream.get()), path.c_str(), link, sizeof link);
        if (length < 0 && is_gone(errno)) continue;
        // Not allowed to ask (EACCES): the maps themselves can be read by anybody.
        if (length >= 0) {
            const std::string_view name(link, static_cast<size_t>(length));
            if (name == ours || !seen.emplace(name).second) continue;
        }
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
