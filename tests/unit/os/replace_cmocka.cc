// SPDX-License-Identifier: LGPL-2.1-or-later
// replace_file_at() when the disk fails: the old file stays as it was and nothing is left beside
// it.
#include <cerrno>
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/os/file.h"

extern "C" {  // cmocka 1.1.5 does not say so itself
#include <cmocka.h>
}

using namespace boxctl;

namespace {

const char* failing = nullptr;  // the call that fails
int failure_code = 0;
bool short_write = false;

bool refused(const char* call) {
    if (failing == nullptr || strcmp(failing, call) != 0) return false;
    errno = failure_code;
    return true;
}

}  // namespace

extern "C" {
int __real_renameat(int from, const char* old_name, int to, const char* new_name);
ssize_t __real_write(int fd, const void* data, size_t size);
int __wrap_renameat(int from, const char* old_name, int to, const char* new_name);
ssize_t __wrap_write(int fd, const void* data, size_t size);

int __wrap_renameat(int from, const char* old_name, int to, const char* new_name) {
    return refused("renameat") ? -1 : __real_renameat(from, old_name, to, new_name);
}
ssize_t __wrap_write(int fd, const void* data, size_t size) {
    if (refused("write")) return -1;
    return __real_write(fd, data, short_write && size > 1 ? size - 1 : size);
}
}

namespace {

struct Place {
    char path[32] = "/tmp/boxctl-replace-XXXXXX";
    os::UniqueFd dir;
    Place() {
        assert_non_null(mkdtemp(path));
        dir.reset(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        assert_true(os::replace_file_at(dir, "file", "old", 0644).has_value());
    }
    ~Place() {
        unlinkat(dir.get(), "file", 0);
        rmdir(path);
    }
    // The only name there, with the old content.
    void expect_untouched() const {
        const auto names = os::list_directory(dir);
        assert_true(names.has_value());
        assert_int_equal(names->size(), 1);
        assert_string_equal(names->front().c_str(), "file");
        const auto text = os::read_file(std::string(path) + "/file");
        assert_true(text.has_value());
        assert_string_equal(text->c_str(), "old");
    }
};

void a_failing_call_leaves_the_old_file(void** state) {
    const struct {
        const char* call;
        int code;
    } cases[] = {{"write", ENOSPC},    {"write", EDQUOT},   {"write", EIO},
                 {"renameat", ENOSPC}, {"renameat", EROFS}, {"renameat", EXDEV}};
    (void)state;
    for (const auto& [call, code] : cases) {
        const Place place;
        failing = call;
        failure_code = code;
        const auto done = os::replace_file_at(place.dir, "file", "new", 0644);
        failing = nullptr;
        assert_false(done.has_value());
        assert_int_equal(done.error().code(), code);
        place.expect_untouched();
    }
}

void a_short_write_is_a_failure(void** state) {
    (void)state;
    const Place place;
    short_write = true;
    const auto done = os::replace_file_at(place.dir, "file", "new", 0644);
    short_write = false;
    assert_false(done.has_value());
    assert_int_equal(done.error().code(), EIO);
    place.expect_untouched();
}

void control_without_failure_it_is_replaced(void** state) {
    (void)state;
    const Place place;
    assert_true(os::replace_file_at(place.dir, "file", "new", 0644).has_value());
    const auto text = os::read_file(std::string(place.path) + "/file");
    assert_true(text.has_value());
    assert_string_equal(text->c_str(), "new");
}

}  // namespace

int main() {
    const CMUnitTest tests[] = {
            cmocka_unit_test(a_failing_call_leaves_the_old_file),
            cmocka_unit_test(a_short_write_is_a_failure),
            cmocka_unit_test(control_without_failure_it_is_replaced),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
