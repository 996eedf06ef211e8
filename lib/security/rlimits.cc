// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/rlimits.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include <sys/resource.h>

#include "lib/base/text.h"
#include "lib/security/names.h"

namespace boxctl::security {

static_assert(kUnlimited == RLIM_INFINITY && sizeof(rlim_t) == sizeof(uint64_t));

namespace {

enum class Unit { count, bytes, nice };

struct Row {
    int resource;
    const char* name;
    Unit unit;
};

// clang-format off
constexpr Row kTable[] = {
        {RLIMIT_CPU, "CPU", Unit::count},           {RLIMIT_FSIZE, "FSIZE", Unit::bytes},
        {RLIMIT_DATA, "DATA", Unit::bytes},         {RLIMIT_STACK, "STACK", Unit::bytes},
        {RLIMIT_CORE, "CORE", Unit::bytes},         {RLIMIT_RSS, "RSS", Unit::bytes},
        {RLIMIT_NOFILE, "NOFILE", Unit::count},     {RLIMIT_AS, "AS", Unit::bytes},
        {RLIMIT_NPROC, "NPROC", Unit::count},       {RLIMIT_MEMLOCK, "MEMLOCK", Unit::bytes},
        {RLIMIT_LOCKS, "LOCKS", Unit::count},       {RLIMIT_SIGPENDING, "SIGPENDING", Unit::count},
        {RLIMIT_MSGQUEUE, "MSGQUEUE", Unit::bytes}, {RLIMIT_NICE, "NICE", Unit::nice},
        {RLIMIT_RTPRIO, "RTPRIO", Unit::count},     {RLIMIT_RTTIME, "RTTIME", Unit::count}};
// clang-format on
static_assert(std::size(kTable) == RLIMIT_NLIMITS);

const Row* find_row(int resource) {
    for (const Row& row : kTable) {
        if (row.resource == resource) return &row;
    }
    return nullptr;
}

// The kernel counts 20 - nice; without a sign the number is the kernel's own.
std::optional<uint64_t> parse_nice(std::string_view text) {
    const char sign = text.empty() ? '\0' : text[0];
    if (sign != '+' && sign != '-') return parse_u64(text);
    const auto level = parse_u64(text.substr(1));
    if (!level || *level > (sign == '-' ? 20U : 19U)) return std::nullopt;
    return sign == '-' ? 20 + *level : 20 - *level;
}

std::optional<uint64_t> parse_number(Unit unit, std::string_view text) {
    if (text == "infinity") return kUnlimited;
    switch (unit) {
        case Unit::bytes:
            return parse_bytes(text);
        case Unit::nice:
            return parse_nice(text);
        case Unit::count:
            return parse_u64(text);
    }
    return std::nullopt;
}

std::string describe_number(uint64_t value) {
    return value == kUnlimited ? "infinity" : std::to_string(value);
}

// Of the host's PID 1, or our own where reading that is not permitted: no box of ours could exceed
// our own anyway.
Result<ResourceLimit> probe_limit(decltype(RLIMIT_NPROC) resource) {
    rlimit limit = {};
    if (prlimit(1, resource, nullptr, &limit) == 0) {
        return ResourceLimit{static_cast<int>(resource), limit.rlim_cur, limit.rlim_max};
    }
    if (errno != EPERM) return errno_error("read " + limit_name(resource) + " limit of PID 1");
    if (getrlimit(resource, &limit) != 0) return errno_error("read own limits");
    return ResourceLimit{static_cast<int>(resource), limit.rlim_cur, limit.rlim_max};
}

}  // namespace

Result<int> parse_limit_name(std::string_view name) {
    std::string wanted = upper(name);
    for (const std::string_view prefix : {"RLIMIT_", "LIMIT"}) {
        if (!wanted.starts_with(prefix)) continue;
        wanted.erase(0, prefix.size());
        break;
    }
    for (const Row& row : kTable) {
        if (wanted == row.name) return row.resource;
    }
    return unknown_name("resource limit", name, wanted, limit_names());
}

Result<ResourceLimit> parse_limit_value(int resource, std::string_view value) {
    const Row* row = find_row(resource);
    if (row == nullptr) return Error("no such resource limit");
    const size_t colon = value.find(':');
    const auto soft = parse_number(row->unit, value.substr(0, colon));
    const auto hard = colon == std::string_view::npos
                              ? soft
                              : parse_number(row->unit, value.substr(colon + 1));
    if (!soft || !hard) return Error(format("invalid %s limit ", row->name) + quote(value));
    if (*soft > *hard) {
        return Error(format("soft %s limit above the hard one in ", row->name) + quote(value));
    }
    return ResourceLimit{resource, *soft, *hard};
}

Result<ResourceLimit> parse_limit(std::string_view text) {
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        Error error("resource limit " + quote(text) + " has no value");
        error.set_hint("write NAME=SOFT[:HARD]");
        return error;
    }
    const int resource = BOX_TRY(parse_limit_name(text.substr(0, equals)));
    return parse_limit_value(resource, text.substr(equals + 1));
}

std::string limit_name(int resource) {
    const Row* row = find_row(resource);
    return row != nullptr ? row->name : format("rlimit %d", resource);
}

std::vector<std::string> limit_names() {
    std::vector<std::string> names;
    for (const Row& row : kTable)
        names.emplace_back(row.name);
    return names;
}

std::string describe(const ResourceLimit& limit) {
    return limit_name(limit.resource) + "=" + describe_number(limit.soft) + ":" +
           describe_number(limit.hard);
}

Result<HostLimits> probe_host_limits() {
    constexpr const char* kNrOpen = "/proc/sys/fs/nr_open";
    const std::unique_ptr<FILE, int (*)(FILE*)> file(fopen(kNrOpen, "re"), fclose);
    if (!file) return errno_error(format("open '%s'", kNrOpen));
    char line[32] = {};
    if (fgets(line, sizeof line, file.get()) == nullptr) {
        return errno_error(format("read '%s'", kNrOpen));
    }
    const auto nr_open = parse_u64(trim(line));
    if (!nr_open) return Error(format("unexpected text in '%s'", kNrOpen));
    return HostLimits{*nr_open, BOX_TRY(probe_limit(RLIMIT_NPROC)),
                      BOX_TRY(probe_limit(RLIMIT_SIGPENDING))};
}

std::vector<ResourceLimit> default_limits(const HostLimits& host) {
    constexpr uint64_t kMebibyte = 1024 * 1024;
    std::vector<ResourceLimit> limits;
    for (const Row& row : kTable)
        limits.push_back({row.resource, kUnlimited, kUnlimited});
    return override_limits(std::move(limits),
                           {{RLIMIT_CORE, 0, kUnlimited},
                            {RLIMIT_MEMLOCK, 8 * kMebibyte, 8 * kMebibyte},
                            {RLIMIT_MSGQUEUE, 819200, 819200},
                            {RLIMIT_NICE, 0, 0},
                            {RLIMIT_NOFILE, std::min<uint64_t>(1024, host.nr_open),
                             std::min<uint64_t>(512 * 1024, host.nr_open)},
                            {RLIMIT_RTPRIO, 0, 0},
                            {RLIMIT_STACK, 8 * kMebibyte, kUnlimited},
                            host.processes,
                            host.pending_signals});
}

std::vector<ResourceLimit> override_limits(std::vector<ResourceLimit> base,
                                           const std::vector<ResourceLimit>& changes) {
    for (const ResourceLimit& change : changes) {
        const auto same = std::find_if(base.begin(), base.end(), [&](const ResourceLimit& limit) {
            return limit.resource == change.resource;
        });
        if (same != base.end()) {
            *same = change;
        } else {
            base.push_back(change);
        }
    }
    return base;
}

int apply_limits(const ResourceLimit* limits, size_t count) noexcept {
    for (size_t i = 0; i < count; i++) {
        const auto resource = static_cast<decltype(RLIMIT_NPROC)>(limits[i].resource);
        rlimit wanted = {limits[i].soft, limits[i].hard};
        if (setrlimit(resource, &wanted) == 0) continue;
        if (errno != EPERM) return -errno;
        rlimit own = {};
        if (getrlimit(resource, &own) != 0) return -errno;
        wanted.rlim_max = std::min(wanted.rlim_max, own.rlim_max);
        wanted.rlim_cur = std::min(wanted.rlim_cur, wanted.rlim_max);
        if (setrlimit(resource, &wanted) != 0) return -errno;
    }
    return 0;
}

}  // namespace boxctl::security
