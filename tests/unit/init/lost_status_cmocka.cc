// SPDX-License-Identifier: LGPL-2.1-or-later
// box-init's life with a command whose status the kernel tells the probe and then withholds.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/init/options.h"
#include "lib/init/run.h"
#include "lib/init/storm.h"
#include "tests/unit/init/cmocka.h"

using namespace boxctl::init;

namespace {

constexpr unsigned long kGetInfo = 0xc040ff0b;  // PIDFD_GET_INFO
bool withheld = false;
int told = 0;

struct Life {
    int status = 0;
    char said[512] = {};
};

/// run() as a subreaper, in a process of its own, with a command that makes a storm.
Life live(const char* end) {
    char script[160];
    snprintf(script, sizeof script,
             "i=0; while [ $i -lt %u ]; do (: &); i=$((i+1)); done; sleep 0.3; %s", 2 * kStorm,
             end);
    char* words[] = {strdup("sh"), strdup("-c"), script, nullptr};
    int pipe[2] = {};
    assert_int_equal(pipe2(pipe, O_CLOEXEC), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        dup2(pipe[1], STDERR_FILENO);
        Options options;
        options.subreaper = true;
        options.command = words;
        _exit(run(options));
    }
    close(pipe[1]);
    Life life;
    size_t used = 0;
    ssize_t got = 0;
    while (used < sizeof life.said - 1 &&
           (got = read(pipe[0], life.said + used, sizeof life.said - 1 - used)) > 0) {
        used += static_cast<size_t>(got);
    }
    close(pipe[0]);
    assert_int_equal(waitpid(pid, &life.status, 0), pid);
    assert_true(WIFEXITED(life.status));
    life.status = WEXITSTATUS(life.status);
    free(words[0]);
    free(words[1]);
    return life;
}

void a_status_that_is_told_is_passed_on(void**) {
    if (!probe_exit_status()) skip();
    withheld = false;
    const Life life = live("exit 7");
    assert_int_equal(life.status, 7);
    assert_string_equal(life.said, "");
}

void a_status_that_is_lost_is_no_success(void**) {
    if (!probe_exit_status()) skip();
    withheld = true;
    told = 0;
    const Life life = live("exit 0");
    withheld = false;
    assert_string_equal(life.said,
                        "box-init: read the exit status of the command: Permission denied\n");
    assert_int_equal(life.status, 125);
}

}  // namespace

extern "C" {
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
}

int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list list;
    va_start(list, request);
    void* argument = va_arg(list, void*);
    va_end(list);
    if (withheld && request == kGetInfo && told++ > 0) {
        errno = EACCES;
        return -1;
    }
    return __real_ioctl(fd, request, argument);
}

int main() {
    const CMUnitTest tests[] = {
            cmocka_unit_test(a_status_that_is_told_is_passed_on),
            cmocka_unit_test(a_status_that_is_lost_is_no_success),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
