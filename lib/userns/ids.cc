// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/userns/ids.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base/scope_guard.h"
#include "lib/base/text.h"
#include "lib/os/file.h"
#include "lib/userns/live_maps.h"
#include "lib/userns/overlap.h"

namespace boxctl::userns {
namespace {

constexpr uint32_t kBlock = 65536;
// The range systemd reserves for containers (systemd.io/UIDS-GIDS), in blocks.
constexpr uint32_t kFirstBlock = 0x0008;
constexpr uint32_t kLastBlock = 0x6fff;
constexpr uint32_t kBlocks = kLastBlock - kFirstBlock + 1;
constexpr int kTries = 100;
constexpr uint32_t kMaxCount = 1U << 24U;
constexpr uint64_t kInvalidId = 4294967295;

uint32_t base_of(uint64_t number) {
    return (kFirstBlock + static_cast<uint32_t>(number % kBlocks)) * kBlock;
}

IdSpan span_of(const IdRange& range) {
    return {range.base, range.count};
}

// EBUSY marks what pick() passes over.
Error busy(const IdSpan& span, const std::string& by) {
    return {EBUSY, "ids " + describe(span) + " are in use: " + by};
}

// Name of a lock file: "524288", or "100000:1000" for a range of another size.
std::string lock_name(const IdSpan& span) {
    std::string name = std::to_string(span.first);
    if (span.count != kBlock) name += ":" + std::to_string(span.count);
    return name;
}

std::optional<IdSpan> parse_lock_name(std::string_view name) {
    const size_t colon = name.find(':');
    const auto base = parse_u32(name.substr(0, colon));
    const auto count = colon == std::string_view::npos ? std::optional<uint32_t>(kBlock)
                                                       : parse_u32(name.substr(colon + 1));
    if (!base || !count) return std::nullopt;
    return IdSpan{*base, *count};
}

// The directory of lock files; whoever can write there could take our ranges.
Result<os::UniqueFd> open_lock_directory(const std::string& path) {
    os::UniqueFd dir = BOX_TRY(os::make_host_directories(path, 0700));
    const struct stat status = BOX_TRY(os::status_of(dir));
    if (status.st_uid != geteuid() || (status.st_mode & 022U) != 0) {
        return Error(EPERM, "directory " + quote(path) + " is not ours alone");
    }
    return dir;
}

// Other boxes' locks that overlap ours. Ours is held already, so two boxes that start at once
// cannot both miss each other.
Result<void> check_siblings(os::BorrowedFd dir, const IdRange& range, const Places& places) {
    const std::string own = lock_name(span_of(range));
    for (const std::string& name : BOX_TRY(os::list_directory(dir))) {
        const auto span = parse_lock_name(name);
        if (!span || name == own || !span->overlaps(span_of(range))) continue;
        if (os::is_locked(places.locks + "/" + name)) {
            return busy(span_of(range), "another box has " + describe(*span));
        }
    }
    return {};
}

Result<void> set_lock(os::BorrowedFd fd, short type) {
    struct flock lock = {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    if (fcntl(fd.get(), F_OFD_SETLK, &lock) < 0) return errno_error("lock");
    return {};
}

bool names(const std::string& path, os::BorrowedFd fd) {
    struct stat named = {};
    const auto held = os::status_of(fd);
    return held && stat(path.c_str(), &named) == 0 && named.st_dev == held->st_dev &&
           named.st_ino == held->st_ino;
}

// Takes systemd-nspawn's lock of one block (fcntl(2), open file description locks; flock(2) would
// not meet it). It unlinks its file when it ends, so the name is looked at again once locked.
Result<NspawnLock> lock_nspawn_block(const std::string& path, const IdSpan& wanted) {
    while (true) {
        os::UniqueFd fd = BOX_TRY(os::open_host(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
        const auto locked = set_lock(fd, F_RDLCK);
        if (!locked && (locked.error().code() == EAGAIN || locked.error().code() == EACCES)) {
            return busy(wanted, "systemd-nspawn holds " + quote(path));
        }
        if (!locked) return Error(locked.error());
        if (names(path, fd)) return NspawnLock{std::move(fd), path};
    }
}

Result<void> lock_nspawn(IdRange& range, const Places& places) {
    // Not there: no systemd-nspawn has picked a range since the machine started.
    if (access(places.nspawn.c_str(), F_OK) < 0) return {};
    const uint64_t last = (uint64_t{range.base} + range.count - 1) / kBlock;
    for (uint64_t block = range.base / kBlock; block <= last; block++) {
        if (block < kFirstBlock || block > kLastBlock) continue;
        const std::string path = places.nspawn + "/" + std::to_string(block * kBlock);
        range.nspawn.push_back(BOX_TRY(lock_nspawn_block(path, span_of(range))));
    }
    return {};
}

Result<void> check_spans(const std::vector<NamedSpan>& spans, const IdSpan& wanted) {
    const NamedSpan* taken = find_overlap(spans, wanted);
    if (taken == nullptr) return {};
    return busy(wanted, taken->origin + " has " + describe(taken->span));
}

// Locks one range and makes sure that it is nobody's, as far as files tell; EBUSY when it is.
Result<IdRange> try_range(uint32_t base, uint32_t count, const HostIds& host, os::BorrowedFd dir,
                          const Places& places) {
    IdRange range;
    range.base = base;
    range.count = count;
    BOX_TRY(check_spans(host.taken, span_of(range)));
    ScopeGuard undo([&] { release(range); });
    auto lock = os::LockFile::acquire(places.locks + "/" + lock_name(span_of(range)),
                                      os::LockKind::exclusive);
    if (!lock && lock.error().code() == EWOULDBLOCK) {
        return busy(span_of(range), "another box has them");
    }
    if (!lock) return std::move(lock).error();
    range.lock = std::move(lock).value();
    BOX_TRY(check_siblings(dir, range, places));
    BOX_TRY(lock_nspawn(range, places));
    undo.dismiss();
    return range;
}

/// Is `span` within the ids of a box of ours that lives? `names` are those of all locks.
bool is_ours(const IdSpan& span, const std::vector<std::string>& names, const Places& places) {
    return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
        const auto held = parse_lock_name(name);
        return held && held->first <= span.first &&
               span.first + span.count <= held->first + held->count &&
               os::is_locked(places.locks + "/" + name);
    });
}

Result<std::vector<NamedSpan>> maps_of_others(os::BorrowedFd dir, const Places& places) {
    // Listed when all processes are looked at, and not before.
    std::optional<std::vector<std::string>> names;
    return read_recent_maps(places.proc, dir, [&](const IdSpan& span) {
        if (!names) {
            auto listed = os::list_directory(dir);
            names = listed ? std::move(*listed) : std::vector<std::string>();
        }
        return is_ours(span, *names, places);
    });
}

Result<IdRange> pick(const std::string& seed, const Places& places) {
    const HostIds host = BOX_TRY(read_host_ids(places.etc));
    const os::UniqueFd dir = BOX_TRY(open_lock_directory(places.locks));
    const std::vector<NamedSpan> live = BOX_TRY(maps_of_others(dir, places));
    uint32_t base = first_candidate(seed);
    for (int i = 0; i < kTries; i++) {
        if (find_overlap(host.roots, {base, kBlock}) == nullptr &&
            find_overlap(live, {base, kBlock}) == nullptr) {
            auto range = try_range(base, kBlock, host, dir, places);
            if (range || range.error().code() != EBUSY) return range;
        }
        uint64_t number = 0;
        if (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
            return errno_error("pick an id range: getrandom");
        }
        base = base_of(number);
    }
    Error error(format("no free id range found in %d tries", kTries));
    error.set_hint("name one with --private-users=BASE");
    return error;
}

/// What the user named is compared with every process as it is now.
Result<IdRange> take_named(const IdSpan& wanted, const Places& places) {
    const HostIds host = BOX_TRY(read_host_ids(places.etc));
    const os::UniqueFd dir = BOX_TRY(open_lock_directory(places.locks));
    IdRange range = BOX_TRY(try_range(static_cast<uint32_t>(wanted.first),
                                      static_cast<uint32_t>(wanted.count), host, dir, places));
    ScopeGuard undo([&] { release(range); });
    BOX_TRY(check_spans(BOX_TRY(read_live_maps(places.proc)), wanted));
    undo.dismiss();
    return range;
}

Result<IdRange> take_fixed(const IdPlan& plan, const Places& places) {
    const IdSpan wanted = {plan.base, plan.count};
    if (plan.count == 0 || plan.count > kMaxCount || wanted.first + wanted.count > kInvalidId) {
        return Error(format("--private-users=%u:%u is not a range of 1 to %u ids below 4294967295",
                            plan.base, plan.count, kMaxCount));
    }
    if (plan.base == 0) {
        Error error(
                format("--private-users=0:%u would map the host's root into the box", plan.count));
        error.set_hint("use --private-users=identity if that is meant");
        return error;
    }
    auto range = take_named(wanted, places);
    // The sentence says who has it; the code was for pick().
    if (!range && range.error().code() == EBUSY) return Error(range.error().text());
    return range;
}

}  // namespace

uint32_t first_candidate(const std::string& seed) {
    uint64_t hash = 0xcbf29ce484222325;
    for (const char c : seed) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3;
    }
    return base_of(hash);
}

Result<IdRange> claim(const IdPlan& plan, const Places& places) {
    switch (plan.kind) {
        case IdPlan::Kind::pick:
            return pick(plan.seed, places);
        case IdPlan::Kind::fixed:
            return take_fixed(plan, places);
        case IdPlan::Kind::host:
        case IdPlan::Kind::identity:
            break;
    }
    return IdRange();
}

void release(IdRange& range) {
    for (NspawnLock& lock : range.nspawn) {
        // Another box may share the block (see NspawnLock); the last one removes the file.
        if (lock.fd.valid() && set_lock(lock.fd, F_WRLCK)) unlink(lock.path.c_str());
    }
    range.nspawn.clear();
    range.lock.remove();
}

std::string map_line(const IdRange& range) {
    return format("0 %u %u\n", range.base, range.count);
}

}  // namespace boxctl::userns
