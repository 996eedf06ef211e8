// SPDX-License-Identifier: LGPL-2.1-or-later
// System calls and address families; arguments are wrong on purpose where success would matter.
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/quota.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include "tests/probe/surface.h"

namespace probe {

namespace {

// For calls that give a descriptor.
int opened(long fd) {
    if (fd < 0) return errno;
    close(static_cast<int>(fd));
    return 0;
}

int try_bpf() {
    bpf_attr attr = {};
    attr.map_type = BPF_MAP_TYPE_ARRAY;
    attr.key_size = 4;
    attr.value_size = 4;
    attr.max_entries = 1;
    return opened(syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

int try_perf(pid_t process, int cpu) {
    perf_event_attr attr = {};
    attr.type = PERF_TYPE_SOFTWARE;
    attr.size = sizeof attr;
    attr.config = PERF_COUNT_SW_CPU_CLOCK;
    return opened(syscall(SYS_perf_event_open, &attr, process, cpu, -1, 0));
}

int try_io_uring() {
    io_uring_params params = {};
    return opened(syscall(SYS_io_uring_setup, 1, &params));
}

int try_clock() {
    timex change = {};
    change.modes = ADJ_TICK;  // of 0 us, which is refused behind the permission check
    return error_of(syscall(SYS_adjtimex, &change));
}

int try_syslog() {
    char text[64];
    constexpr int kReadAll = 3;  // leaves the messages there
    return error_of(syscall(SYS_syslog, kReadAll, text, sizeof text));
}

int try_handle() {
    union {
        file_handle handle;
        char space[sizeof(file_handle) + MAX_HANDLE_SZ];
    } buffer = {};
    buffer.handle.handle_bytes = MAX_HANDLE_SZ;
    int mount_id = 0;
    if (name_to_handle_at(AT_FDCWD, "/", &buffer.handle, &mount_id, 0) != 0) return errno;
    const int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0) return errno;
    const int error = opened(open_by_handle_at(root, &buffer.handle, O_RDONLY | O_CLOEXEC));
    close(root);
    return error;
}

int try_add_key() {
    return error_of(
            syscall(SYS_add_key, "user", "surface-probe", "x", 1, KEY_SPEC_PROCESS_KEYRING));
}

// In a session without a terminal there is nothing to hang up.
int try_vhangup() {
    setsid();
    return error_of(syscall(SYS_vhangup));
}

// Into a terminal made for this, so that no shell gets the byte.
int try_tiocsti() {
    setsid();
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return errno;
    const int slave = open(ptsname(master), O_RDWR | O_CLOEXEC);  // becomes the controlling one
    if (slave < 0) return errno;
    char byte = 'x';
    return error_of(ioctl(slave, TIOCSTI, &byte));
}

int try_user_namespace() {
    return error_of(unshare(CLONE_NEWUSER));
}
int try_net_namespace() {
    return error_of(unshare(CLONE_NEWNET));
}

int try_mlock() {
    return error_of(syscall(SYS_mlockall, MCL_CURRENT));
}

void probe_kernel_calls() {
    report("bpf", try_bpf());
    report("perf-cpu", try_perf(-1, 0));
    report("perf-self", try_perf(0, -1));
    report("userfaultfd", opened(syscall(SYS_userfaultfd, O_CLOEXEC)));
    report("io_uring", try_io_uring());
    report("keyctl",
           error_of(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0)));
    report("add_key", in_child(try_add_key));
    report("fanotify", opened(syscall(SYS_fanotify_init, FAN_CLASS_CONTENT, O_RDONLY)));
    report("open_by_handle_at", try_handle(), {ESTALE});
    report("quotactl",
           error_of(quotactl(QCMD(Q_GETINFO, USRQUOTA), "/surface-probe-none", 0, nullptr)),
           {ENOENT, ENODEV, ENOTBLK, ESRCH});
    report("swapon", error_of(syscall(SYS_swapon, "/surface-probe-none", 0)), {ENOENT});
    report("swapoff", error_of(syscall(SYS_swapoff, "/surface-probe-none")), {ENOENT});
    report("acct", error_of(syscall(SYS_acct, "/surface-probe-none")), {ENOENT});
    report("reboot", error_of(syscall(SYS_reboot, 1, 2, 3, nullptr)), {EINVAL});
    report("kexec_load", error_of(syscall(SYS_kexec_load, 0, 0, nullptr, ~0UL)), {EINVAL});
    report("init_module", error_of(syscall(SYS_init_module, nullptr, 0, "")),
           {EFAULT, ENOEXEC, EINVAL});
    report("delete_module", error_of(syscall(SYS_delete_module, "surface-probe-none", 0)),
           {ENOENT});
    report("settimeofday", error_of(syscall(SYS_settimeofday, nullptr, nullptr)));
    report("adjtimex", try_clock(), {EINVAL});
    report("syslog", try_syslog());
    report("mlockall", in_child(try_mlock));
    report("vhangup", in_child(try_vhangup));
    report("tiocsti-own-pty", in_child(try_tiocsti));
    report("unshare-user", in_child(try_user_namespace));
    report("unshare-net", in_child(try_net_namespace));
    report("setns-bogus", error_of(syscall(SYS_setns, -1, 0)), {EBADF});
    report("unknown-call", error_of(syscall(600)));
}

#if defined(__x86_64__)
long int80(long number, long first, long second) {
    long result = number;
    asm volatile("int $0x80"
                 : "+a"(result)
                 : "b"(first), "c"(second), "d"(0L)
                 : "memory", "r8", "r9", "r10", "r11");
    return result;
}

// Numbers of the 32-bit table; a kernel without it sends SIGSEGV.
int old_keyctl() {
    return static_cast<int>(-int80(288, -1, 0));
}
int old_socketcall() {
    return static_cast<int>(-int80(102, 1, 0));
}
int old_modify_ldt() {
    return int80(123, 0, 0) < 0 ? static_cast<int>(-int80(123, 0, 0)) : 0;
}

int try_iopl() {
    return error_of(syscall(SYS_iopl, 3));
}
int try_ioperm() {
    return error_of(syscall(SYS_ioperm, 0x80, 1, 1));
}

void probe_processor_calls() {
    report("iopl", in_child(try_iopl));
    report("ioperm", in_child(try_ioperm));
    report("modify_ldt", error_of(syscall(SYS_modify_ldt, 0, nullptr, 0)));
    report("int80-keyctl", in_child(old_keyctl), {EOPNOTSUPP});
    report("int80-socketcall", in_child(old_socketcall), {EFAULT});
    report("int80-modify_ldt", in_child(old_modify_ldt));
    report("x32-getpid", error_of(syscall(0x40000000L | SYS_getpid)));
}
#else
void probe_processor_calls() {
}
#endif

constexpr struct {
    const char* name;
    int family;
    int type;
    int protocol;
} kSockets[] = {
        {"socket:unix", AF_UNIX, SOCK_STREAM, 0},
        {"socket:alg", AF_ALG, SOCK_SEQPACKET, 0},
        {"socket:vsock", AF_VSOCK, SOCK_STREAM, 0},
        {"socket:packet", AF_PACKET, SOCK_RAW, 0},
        {"socket:inet-raw", AF_INET, SOCK_RAW, 1},
        {"socket:rxrpc", AF_RXRPC, SOCK_DGRAM, AF_INET},
        {"socket:bluetooth", AF_BLUETOOTH, SOCK_RAW, 1},
        {"socket:can", AF_CAN, SOCK_RAW, 1},
        {"socket:key", AF_KEY, SOCK_RAW, 2},
        {"socket:tipc", AF_TIPC, SOCK_RDM, 0},
        {"socket:xdp", AF_XDP, SOCK_RAW, 0},
        {"netlink:audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT},
        {"netlink:uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT},
        {"netlink:crypto", AF_NETLINK, SOCK_RAW, NETLINK_CRYPTO},
};

}  // namespace

void probe_calls() {
    probe_kernel_calls();
    probe_processor_calls();
    for (const auto& row : kSockets) {
        report(row.name, opened(socket(row.family, row.type | SOCK_CLOEXEC, row.protocol)));
    }
}

}  // namespace probe
