// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/shell/target.h"

#include <algorithm>

#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "lib/base/text.h"
#include "lib/host/account_files.h"
#include "lib/host/passwd.h"
#include "lib/os/file.h"
#include "lib/os/process.h"

namespace boxctl::shell {
namespace {

struct Namespace {
    uint64_t flag;
    const char* name;
};
constexpr Namespace kNamespaces[] = {
        {CLONE_NEWUSER, "user"}, {CLONE_NEWNS, "mnt"},        {CLONE_NEWPID, "pid"},
        {CLONE_NEWNET, "net"},   {CLONE_NEWIPC, "ipc"},       {CLONE_NEWUTS, "uts"},
        {CLONE_NEWTIME, "time"}, {CLONE_NEWCGROUP, "cgroup"},
};

Result<struct stat> look(const std::string& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) < 0) return errno_error("look at " + quote(path));
    return status;
}

Error just_ended(const state::Record& box) {
    return Error("machine " + quote(box.name) + " has just ended");
}

Error not_as_recorded(const state::Record& box, const std::string& what) {
    Error error("machine " + quote(box.name) + " is not what its record says: " + what);
    error.set_hint("refusing to enter it");
    return error;
}

Result<void> check_namespaces(const state::Record& box, uint64_t wanted) {
    for (const Namespace& each : kNamespaces) {
        if ((wanted & each.flag) == 0) continue;
        const std::string name = std::string("/ns/") + each.name;
        const struct stat ours = BOX_TRY(look("/proc/self" + name));
        const struct stat theirs = BOX_TRY(look(format("/proc/%d", box.leader.pid) + name));
        if (ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino) {
            return not_as_recorded(box, std::string("its ") + each.name + " namespace is ours");
        }
    }
    return {};
}

Result<std::vector<security::ResourceLimit>> read_limits(pid_t pid) {
    std::vector<security::ResourceLimit> limits;
    for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
        rlimit64 limit = {};
        if (prlimit64(pid, static_cast<__rlimit_resource>(resource), nullptr, &limit) < 0) {
            return errno_error("read the limits of the box");
        }
        limits.push_back({resource, limit.rlim_cur, limit.rlim_max});
    }
    return limits;
}

/// A missing file is an empty one: root and plain numbers exist without any.
Result<std::string> read_list(os::BorrowedFd root, const char* path) {
    auto text = os::read_untrusted(root, path, host::kPasswdLimit);
    if (!text && text.error().code() == ENOENT) return std::string();
    return text;
}

/// What is read by number is only sure to be of the leader if it lives even afterwards.
Result<void> look_closer(const state::Record& box, Target& target) {
    const uint64_t wanted = box.namespaces | CLONE_NEWNS | CLONE_NEWPID;
    if (box.user_namespace != ((wanted & CLONE_NEWUSER) != 0) ||
        (box.contained && !box.user_namespace)) {
        return not_as_recorded(box, "it contradicts itself about a user namespace");
    }
    target.namespaces = static_cast<int>(wanted);
    BOX_TRY(check_namespaces(box, wanted));
    target.limits = BOX_TRY(read_limits(box.leader.pid));
    if (os::has_ended(target.leader)) return just_ended(box);
    return {};
}

}  // namespace

Result<void> unless_ended(Result<void> done, const state::Record& box, const Target& target) {
    if (done || !os::has_ended(target.leader)) return done;
    return just_ended(box);
}

Result<Target> open_target(const state::Record& box) {
    Target target;
    auto leader = state::open_process(box.leader);
    if (!leader && leader.error().code() == ESRCH) {
        return just_ended(box);
    }
    target.leader = BOX_TRY(std::move(leader));
    BOX_TRY(unless_ended(look_closer(box, target), box, target));
    return target;
}

namespace {

constexpr size_t kRecordLimit = 64U << 10U;

/// A user of the host's that the box knows by its record alone (--bind-user).
Result<host::UserEntry> find_bound_user(os::BorrowedFd root, const std::string& user,
                                        const std::string& group) {
    const std::string path = std::string(host::kUserRecords) + "/" + user + ".user";
    return host::parse_user_record(BOX_TRY(os::read_untrusted(root, path, kRecordLimit)), group);
}

}  // namespace

Result<host::UserEntry> find_user(const state::Record& box, const Target& target,
                                  const std::string& user) {
    const os::UniqueFd root =
            BOX_TRY(os::open_host(format("/proc/%d/root", box.leader.pid), O_PATH | O_DIRECTORY));
    BOX_TRY(os::send_signal(target.leader, 0).context("machine " + quote(box.name)));
    const std::string passwd = BOX_TRY(read_list(root, "/etc/passwd"));
    const std::string group = BOX_TRY(read_list(root, "/etc/group"));
    auto listed = host::find_user(passwd, group, user.empty() ? "root" : user);
    auto bound = listed ? listed : find_bound_user(root, user, group);
    // Where there is no record either, what passwd said is the answer.
    const host::UserEntry found = BOX_TRY(bound ? std::move(bound) : std::move(listed));
    const auto exists = [&](uint32_t id) { return !box.user_namespace || id < box.id_count; };
    if (!exists(found.uid) || !exists(found.gid) ||
        !std::all_of(found.groups.begin(), found.groups.end(), exists)) {
        return Error(format("user %u or one of its groups is not in the box, which has %u ids",
                            found.uid, box.id_count));
    }
    return found;
}

}  // namespace boxctl::shell
