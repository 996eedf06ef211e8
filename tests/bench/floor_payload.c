// SPDX-License-Identifier: LGPL-2.1-or-later
// The first process of floor's box: what lib/launch/payload.cc does, without the checks.
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "floor_filter.inc"

#include "tests/bench/floor.h"

// nspawn's set with CAP_NET_ADMIN: what boxctl gives a box with a private network.
static const uint64_t kCapabilities =
        1ULL << CAP_AUDIT_CONTROL | 1ULL << CAP_AUDIT_WRITE | 1ULL << CAP_CHOWN |
        1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_FOWNER |
        1ULL << CAP_FSETID | 1ULL << CAP_IPC_OWNER | 1ULL << CAP_KILL | 1ULL << CAP_LEASE |
        1ULL << CAP_LINUX_IMMUTABLE | 1ULL << CAP_MKNOD | 1ULL << CAP_NET_ADMIN |
        1ULL << CAP_NET_BIND_SERVICE | 1ULL << CAP_NET_BROADCAST | 1ULL << CAP_NET_RAW |
        1ULL << CAP_SETFCAP | 1ULL << CAP_SETGID | 1ULL << CAP_SETPCAP | 1ULL << CAP_SETUID |
        1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_BOOT | 1ULL << CAP_SYS_CHROOT |
        1ULL << CAP_SYS_NICE | 1ULL << CAP_SYS_PTRACE | 1ULL << CAP_SYS_RESOURCE |
        1ULL << CAP_SYS_TTY_CONFIG;

static void enter_time(void) {
    struct timespec monotonic;
    struct timespec boot;
    char text[128];
    expect(unshare(CLONE_NEWTIME) == 0, "make a time namespace");
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    snprintf(text, sizeof text, "monotonic %ld 0\nboottime %ld 0\n", (long)-monotonic.tv_sec,
             (long)-boot.tv_sec);
    write_to("/proc/self/timens_offsets", text);
    const int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    expect(setns(fd, CLONE_NEWTIME) == 0, "enter the time namespace");
    close(fd);
}

static void set_limits(void) {
    for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
        struct rlimit limit;
        expect(prlimit(0, (enum __rlimit_resource)resource, NULL, &limit) == 0, "prlimit");
        if (resource == RLIMIT_CORE || resource == RLIMIT_NOFILE)
            limit.rlim_cur = resource == RLIMIT_CORE ? 0 : 1024;
        expect(prlimit(0, (enum __rlimit_resource)resource, &limit, NULL) == 0, "prlimit");
    }
}

static void confine(void) {
    set_limits();
    syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL);
    expect(prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0, "securebits");
    for (unsigned long capability = 0; capability <= CAP_LAST_CAP; capability++) {
        if ((kCapabilities >> capability & 1U) == 0)
            expect(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0, "bounding set");
    }
    struct sock_fprog filter = {sizeof kFilter / sizeof *kFilter, (struct sock_filter*)kFilter};
    expect(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0, "seccomp");
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    const struct __user_cap_data_struct low = {(uint32_t)kCapabilities, (uint32_t)kCapabilities, 0};
    const struct __user_cap_data_struct high = {(uint32_t)(kCapabilities >> 32U),
                                                (uint32_t)(kCapabilities >> 32U), 0};
    const struct __user_cap_data_struct sets[2] = {low, high};
    expect(syscall(SYS_capset, &header, sets) == 0, "capset");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void take_console(void) {
    const int fd = open("/dev/console", O_RDWR | O_CLOEXEC);
    expect(fd >= 0 && ioctl(fd, TIOCSCTTY, 0) == 0, "/dev/console");
    for (int standard = 0; standard <= 2; standard++)
        expect(dup2(fd, standard) == standard, "/dev/console");
}

void be_payload(int ready, bool console, char** command) {
    char byte;
    expect(read(ready, &byte, 1) == 1, "wait for the tree");
    expect(chdir("/") == 0, "enter /");
    enter_time();
    expect(setresgid(0, 0, 0) == 0 && setgroups(0, NULL) == 0 && setresuid(0, 0, 0) == 0, "ids");
    expect(unshare(CLONE_NEWNS) == 0, "copy the mounts");
    expect(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0, "share the mounts");
    expect(sethostname("floor", 5) == 0 && setsid() >= 0, "host name");
    if (console) take_console();
    confine();
    static char* const environment[] = {
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "container=floor",
            "TERM=dumb",
            "HOME=/root",
            "USER=root",
            NULL};
    execve(command[0], command, environment);
    expect(false, command[0]);
    _exit(125);
}
