// SPDX-License-Identifier: LGPL-2.1-or-later
// Orphans for the benchmark of inits: storm WAVES SIZE, run as the command of an init.
//
// For each wave it waits for a byte on standard input, makes SIZE processes that are the init's
// children, as orphans are (CLONE_PARENT), and end at once; says "-" when every one is gone. They
// share our memory (CLONE_VM, CLONE_VFORK: one stack will do), so that making them takes as little
// of the time as can be.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static _Alignas(16) char stack[16384];

static int end_at_once(void* nothing) {
    (void)nothing;
    return 0;
}

static int make_wave(pid_t* pids, int size) {
    for (int i = 0; i < size; ++i) {
        pids[i] = clone(end_at_once, stack + sizeof stack,
                        CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD, NULL);
        if (pids[i] < 0) return -1;
    }
    return 0;
}

// Numbers are given out in order, so none of them belongs to another process yet.
static void until_reaped(const pid_t* pids, int size) {
    const struct timespec moment = {0, 50000};
    for (int i = size - 1; i >= 0; --i) {
        while (kill(pids[i], 0) == 0 || errno != ESRCH)
            nanosleep(&moment, NULL);
    }
}

int main(int count, char** words) {
    const int waves = count == 3 ? atoi(words[1]) : 0;
    const int size = count == 3 ? atoi(words[2]) : 0;
    pid_t* pids = calloc((size_t)size, sizeof *pids);
    char byte;
    for (int wave = 0; pids != NULL && wave < waves; ++wave) {
        if (read(STDIN_FILENO, &byte, 1) != 1) return 0;
        if (make_wave(pids, size) < 0) return 1;
        until_reaped(pids, size);
        if (write(STDOUT_FILENO, "-", 1) != 1) return 1;
    }
    return read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
