// SPDX-License-Identifier: LGPL-2.1-or-later
// An init for the benchmark: writes down when it began (CLOCK_REALTIME, nanoseconds: the other
// clocks differ in a time namespace), then powers off. With the argument "idle" it first waits for
// any signal.
//
// With "mounts" it copies its mount table to /mounts. The time goes to /stamp, or to
// /stamps/HOST-NAME where there is a /stamps.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

static int open_stamp(void) {
    char path[128] = "/stamp";
    char name[65] = "";
    if (access("/stamps", F_OK) == 0 && gethostname(name, sizeof name - 1) == 0) {
        snprintf(path, sizeof path, "/stamps/%s", name);
    }
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
}

static void copy_mounts(void) {
    char text[16384];
    const int from = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    const int to = open("/mounts", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    ssize_t length;
    while (from >= 0 && to >= 0 && (length = read(from, text, sizeof text)) > 0)
        if (write(to, text, (size_t)length) != length) break;
}

int main(int argc, char** argv) {
    struct timespec now;
    char text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    const int fd = open_stamp();
    const int length = snprintf(text, sizeof text, "%ld%09ld\n", (long)now.tv_sec, now.tv_nsec);
    if (fd < 0 || write(fd, text, (size_t)length) != length) return 1;
    close(fd);
    if (argc > 1 && strcmp(argv[1], "mounts") == 0) copy_mounts();
    if (argc > 1 && strcmp(argv[1], "idle") == 0) {
        int signal;
        do
            sigwait(&all, &signal);
        while (signal == SIGCHLD);
    }
    // A PID namespace has no power switch: the kernel ends it as if by SIGINT (reboot(2)).
    if (getpid() == 1) reboot(RB_POWER_OFF);
    return 0;
}
