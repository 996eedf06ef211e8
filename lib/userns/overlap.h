// SPDX-License-Identifier: LGPL-2.1-or-later
// Which host ids are somebody's already. Text parsers are pure; malformed lines are passed over, as
// the C library does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

namespace boxctl::userns {

/// [first, first + count); 64 bits wide so that no sum of two 32-bit numbers overflows.
struct IdSpan {
    uint64_t first = 0;
    uint64_t count = 0;

    [[nodiscard]] bool overlaps(const IdSpan& other) const {
        return first < other.first + other.count && other.first < first + count;
    }
    bool operator==(const IdSpan&) const = default;
};

/// "524288..589823"
std::string describe(const IdSpan& span);

/// The third column of passwd(5) or group(5), consecutive ids joined.
std::vector<IdSpan> parse_id_column(std::string_view text);

enum class Owner { root, others };
/// The ranges of subuid(5) given to root (by name or as 0), or to all others.
std::vector<IdSpan> parse_subids(std::string_view text, Owner owner);

/// The outside column of /proc/PID/uid_map; the whole identity map of the first namespace (every
/// id is itself) counts as none.
std::vector<IdSpan> parse_id_map(std::string_view text);

struct NamedSpan {
    IdSpan span;
    std::string origin;  ///< "/etc/subuid"
};
void append(std::vector<NamedSpan>& spans, const std::vector<IdSpan>& more,
            const std::string& origin);

/// passwd, group, subuid and subgid below `etc`. Missing files are empty; EFBIG beyond 16 MiB.
struct HostIds {
    std::vector<NamedSpan> taken;
    std::vector<NamedSpan> roots;  ///< subuid and subgid ranges given to root: not for picking
};
Result<HostIds> read_host_ids(const std::string& etc);

/// The first of `spans` that overlaps `wanted`, or nullptr.
const NamedSpan* find_overlap(const std::vector<NamedSpan>& spans, const IdSpan& wanted);

}  // namespace boxctl::userns
