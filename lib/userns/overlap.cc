// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/overlap.h"

#include <algorithm>

#include "lib/base/text.h"
#include "lib/os/file.h"

namespace boxctl::userns {
namespace {

constexpr size_t kFileLimit = 16U << 20U;
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

}  // namespace

void append(std::vector<NamedSpan>& spans, const std::vector<IdSpan>& more,
            const std::string& origin) {
    for (const IdSpan& span : more)
        spans.push_back({span, origin});
}

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

const NamedSpan* find_overlap(const std::vector<NamedSpan>& spans, const IdSpan& wanted) {
    const auto found = std::find_if(spans.begin(), spans.end(), [&](const NamedSpan& named) {
        return named.span.overlaps(wanted);
    });
    return found != spans.end() ? &*found : nullptr;
}

}  // namespace boxctl::userns
