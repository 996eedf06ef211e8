// SPDX-License-Identifier: LGPL-2.1-or-later
// Prints what the kernel, or a filter in front of it, says to forty system calls whose arguments
// are wrong, so that none does anything: lines "call NAME<tab>ERRNO". Linked statically.
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CALL(name, ...)      \
    {                        \
#name, SYS_##name, { \
            __VA_ARGS__      \
        }                    \
    }

struct call {
    const char* name;
    long number;
    long arguments[6];
};

static const struct call calls[] = {
        CALL(acct, 1),
        CALL(add_key, 1, 1),
        CALL(adjtimex, 1),
        CALL(bpf, 999),
        CALL(capget, 1),
        CALL(chroot, 1),
        CALL(clock_settime, 999, 1),
        CALL(delete_module, 1),
        CALL(fanotify_init, ~0L, ~0L),
        CALL(finit_module, -1),
        CALL(fsopen, 1, ~0L),
        CALL(init_module, 1),
        CALL(io_uring_setup, 0, 1),
        CALL(kcmp, -1, -1, 99),
        CALL(kexec_load, 0, 99, 1, ~0L),
        CALL(keyctl, 9999),
        CALL(mbind, 1, 1, 99),
        CALL(memfd_create, 1),
        CALL(mlock, 1, 1),
        CALL(mount, 1, 1, 1),
        CALL(move_mount, -1, 1, -1, 1, ~0L),
        CALL(name_to_handle_at, -1, 1, 1, 1, ~0L),
        CALL(open_by_handle_at, -1, 1),
        CALL(open_tree, -1, 1, ~0L),
        CALL(perf_event_open, 1),
        CALL(personality, 0xffffffff),
        CALL(pivot_root, 1, 1),
        CALL(process_vm_readv, -1, 1, 1, 1, 1, 1),
        CALL(ptrace, 9999, -1),
        CALL(quotactl, ~0L, 1),
        CALL(reboot, 1),
        CALL(request_key, 1),
        CALL(setns, -1),
        CALL(settimeofday, 1, 1),
        CALL(swapon, 1, ~0L),
        CALL(syslog, 999),
        CALL(unshare, 1),
        CALL(userfaultfd, ~0L),
        CALL(lookup_dcookie, 0, 1),
        CALL(mkdirat, -1, 1),
};

static const struct {
    const char* name;
    int family, type, protocol;
} sockets[] = {
        {"unix", AF_UNIX, SOCK_STREAM, 0},
        {"inet", AF_INET, SOCK_STREAM, 0},
        {"inet6", AF_INET6, SOCK_STREAM, 0},
        {"netlink route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
        {"netlink audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT},
        {"packet", AF_PACKET, SOCK_RAW, 0},
        {"vsock", AF_VSOCK, SOCK_STREAM, 0},
        {"alg", AF_ALG, SOCK_SEQPACKET, 0},
        {"tipc", AF_TIPC, SOCK_SEQPACKET, 0},
};

int main(void) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        const long* a = calls[i].arguments;
        errno = 0;
        (void)syscall(calls[i].number, a[0], a[1], a[2], a[3], a[4], a[5]);
        printf("call %s\t%d\n", calls[i].name, errno);
    }
    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        errno = 0;
        const int fd = socket(sockets[i].family, sockets[i].type, sockets[i].protocol);
        printf("socket %s\t%d\n", sockets[i].name, errno);
        if (fd >= 0) close(fd);
    }
    return 0;
}
