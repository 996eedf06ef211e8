// SPDX-License-Identifier: LGPL-2.1-or-later
// make() and delegate() against a kernel that refuses. A directory tree with the files that a
// cgroup has stands for the hierarchy, so this needs neither privilege nor controllers.
#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cgroup/apply.h"
#include "lib/os/file.h"

extern "C" {  // cmocka 1.1.5 does not say so itself
#include <cmocka.h>
}

using namespace boxctl;

namespace {

constexpr const char* kFiles[] = {"cgroup.procs",     "cgroup.threads", "cgroup.subtree_control",
                                  "cgroup.events",    "cgroup.kill",    "cgroup.max.descendants",
                                  "cgroup.max.depth", "memory.max",     "pids.max"};

char base[] = "/tmp/boxctl-cgroup-XXXXXX";
int calls = 0;     // wrapped calls since arm()
int removals = 0;  // asked for by a path
int failing = -1;  // which of them fails
int failure_code = 0;
bool repairing = false;  // what undoes a failure is let through

/// Should this call fail? Counts the calls that make or change something.
bool refused() {
    if (repairing || calls++ != failing) return false;
    repairing = true;
    errno = failure_code;
    return true;
}

void arm(int call, int code) {
    calls = 0;
    failing = call;
    failure_code = code;
    repairing = false;
}

cgroup::CgroupPlan plan() {
    cgroup::CgroupPlan wanted;
    wanted.kind = cgroup::CgroupPlan::Kind::own;
    wanted.machine_dir = std::string(base) + "/boxctl/web";
    wanted.controllers = {"memory", "pids"};
    wanted.writes = {{"memory.max", "4096"}, {"pids.max", "9"}};
    return wanted;
}

std::string content(const std::string& path) {
    const auto text = os::read_file(std::string(base) + path);
    assert_true(text.has_value());
    return *text;
}

void add_files(int dir) {
    for (const char* name : kFiles) {
        const int fd = openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        assert_true(fd >= 0);
        close(fd);
    }
}

bool exists(const std::string& path) {
    return access((base + path).c_str(), F_OK) == 0;
}

}  // namespace

extern "C" {
int __real_mkdir(const char* path, mode_t mode);
int __real_mkdirat(int dir, const char* path, mode_t mode);
int __real_unlinkat(int dir, const char* path, int flags);
int __real_rmdir(const char* path);
ssize_t __real_write(int fd, const void* data, size_t size);
int __wrap_mkdir(const char* path, mode_t mode);
int __wrap_mkdirat(int dir, const char* path, mode_t mode);
int __wrap_unlinkat(int dir, const char* path, int flags);
int __wrap_rmdir(const char* path);
ssize_t __wrap_write(int fd, const void* data, size_t size);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchown(int fd, uid_t user, gid_t group);
int __wrap_fchownat(int dir, const char* path, uid_t user, gid_t group, int flags);

/// As in a real hierarchy, a new directory has its files from the start.
int __wrap_mkdirat(int dir, const char* path, mode_t mode) {
    if (refused()) return -1;
    const int made = __real_mkdirat(dir, path, mode);
    if (made < 0) return made;
    const int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    add_files(fd);
    // Nobody lives in it.
    const int events = openat(fd, "cgroup.events", O_WRONLY | O_CLOEXEC);
    assert_int_equal(__real_write(events, "populated 0\n", 12), 12);
    close(events);
    close(fd);
    return 0;
}
int __wrap_mkdir(const char* path, mode_t mode) {
    return __wrap_mkdirat(AT_FDCWD, path, mode);
}

/// A cgroup goes with its files, unless another one is below it.
int __wrap_unlinkat(int dir, const char* path, int flags) {
    const int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -1;
    struct stat status = {};
    assert_int_equal(fstat(fd, &status), 0);
    const bool leaf = status.st_nlink == 2;
    for (const char* name : kFiles) {
        if (leaf) (void)__real_unlinkat(fd, name, 0);
    }
    close(fd);
    if (leaf) return __real_unlinkat(dir, path, flags);
    errno = EBUSY;
    return -1;
}
int __wrap_rmdir(const char* path) {
    removals++;
    return __wrap_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

ssize_t __wrap_write(int fd, const void* data, size_t size) {
    return refused() ? -1 : __real_write(fd, data, size);
}
int __wrap_fchmod(int, mode_t) {
    return refused() ? -1 : 0;
}
int __wrap_fchown(int, uid_t, gid_t) {
    return refused() ? -1 : 0;
}
int __wrap_fchownat(int dir, const char* path, uid_t, gid_t, int) {
    if (refused()) return -1;
    return faccessat(dir, path, F_OK, 0);
}
}

static int set_up(void**) {
    arm(-1, 0);
    if (mkdtemp(base) == nullptr) return -1;
    const int fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    add_files(fd);
    close(fd);
    return 0;
}

static int tear_down(void**) {
    return nftw(
            base, [](const char* path, const struct stat*, int, FTW*) { return ::remove(path); }, 8,
            FTW_DEPTH | FTW_PHYS);
}

static void limits_and_controllers_are_written_where_they_count(void**) {
    arm(-1, 0);
    const auto made = cgroup::make(plan());
    assert_true(made.has_value());
    assert_string_equal(content("/cgroup.subtree_control").c_str(), "+memory +pids");
    assert_string_equal(content("/boxctl/cgroup.subtree_control").c_str(), "+memory +pids");
    assert_string_equal(content("/boxctl/web/cgroup.subtree_control").c_str(), "");
    assert_string_equal(content("/boxctl/web/memory.max").c_str(), "4096");
    assert_string_equal(content("/boxctl/web/pids.max").c_str(), "9");
    assert_string_equal(content("/boxctl/web/payload/memory.max").c_str(), "");
    assert_true(cgroup::remove(made->box_dir).has_value());
    assert_false(exists("/boxctl"));
}

/// The root keeps what the case above enabled, in the kernel's own format.
static void controllers_that_are_on_are_not_written_again(void**) {
    assert_true(os::write_file(std::string(base) + "/cgroup.subtree_control", "cpu memory pids\n")
                        .has_value());
    const auto made = cgroup::make(plan());
    assert_true(made.has_value());
    assert_string_equal(content("/cgroup.subtree_control").c_str(), "cpu memory pids\n");
    assert_true(cgroup::remove(made->box_dir).has_value());
}

static void no_refused_call_leaves_anything(void**) {
    for (const int code : {EPERM, ENOSPC, ENOMEM}) {
        arm(-1, 0);
        const auto whole = cgroup::make(plan());
        assert_true(whole.has_value());
        const int in_make = calls;
        assert_true(in_make >= 9);  // 4 directories, 2 bounds, 2 limits, 1 controllers
        assert_true(cgroup::remove(whole->box_dir).has_value());
        for (int call = 0; call < in_make; call++) {
            arm(call, code);
            const auto made = cgroup::make(plan());
            assert_false(made.has_value());
            assert_int_equal(made.error().code(), code);
            assert_false(exists("/boxctl"));
        }
    }
}

static void every_refused_delegation_is_an_error(void**) {
    arm(-1, 0);
    const auto made = cgroup::make(plan());
    assert_true(made.has_value());
    arm(-1, 0);
    assert_true(cgroup::delegate(*made, 1000000).has_value());
    const int in_delegate = calls;
    assert_true(in_delegate >= 5);
    for (int call = 0; call < in_delegate; call++) {
        arm(call, EPERM);
        const auto delegated = cgroup::delegate(*made, 1000000);
        assert_false(delegated.has_value());
        assert_int_equal(delegated.error().code(), EPERM);
    }
    arm(-1, 0);
    assert_true(cgroup::remove(made->box_dir).has_value());
}

/// Its kind stays, its directories do not: "/payload" is then a directory of the host.
static void what_was_moved_from_touches_nothing(void**) {
    cgroup::Cgroup made;
    made.kind = cgroup::CgroupPlan::Kind::own;
    made.machine_dir = std::string(base) + "/boxctl/web";
    made.box_dir = made.machine_dir;
    const cgroup::Cgroup owner = std::move(made);
    arm(-1, 0);
    removals = 0;
    assert_true(cgroup::end(made).has_value());  // NOLINT(bugprone-use-after-move): on purpose
    assert_int_equal(removals, 0);
    assert_false(cgroup::remove("").has_value());
    assert_int_equal(removals, 0);
    // The control: what it was moved to is seen to.
    assert_true(cgroup::end(owner).has_value());
    assert_int_not_equal(removals, 0);
}

int main() {
    const CMUnitTest tests[] = {
            cmocka_unit_test(limits_and_controllers_are_written_where_they_count),
            cmocka_unit_test(controllers_that_are_on_are_not_written_again),
            cmocka_unit_test(no_refused_call_leaves_anything),
            cmocka_unit_test(every_refused_delegation_is_an_error),
            cmocka_unit_test(what_was_moved_from_touches_nothing),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
