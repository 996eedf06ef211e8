// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/security/gen/policy.h"

#include <linux/capability.h>

namespace boxctl::security::gen {

namespace {

// clang-format off
constexpr const char* kBytes[] = {
        "read", "readv", "pread64", "preadv", "preadv2", "write", "writev", "pwrite64", "pwritev",
        "pwritev2", "lseek", "_llseek", "close", "close_range", "dup", "dup2", "dup3", "pipe", "pipe2",
        "fcntl", "fcntl64", "ioctl", "flock", "sendfile", "sendfile64", "splice", "tee", "vmsplice",
        "copy_file_range", "readahead", "fadvise64", "fadvise64_64", "arm_fadvise64_64",
        "io_setup", "io_destroy", "io_submit", "io_cancel", "io_getevents", "io_pgetevents",
        "io_pgetevents_time64"};

constexpr const char* kReadiness[] = {
        "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2",
        "eventfd", "eventfd2", "inotify_init", "inotify_init1", "inotify_add_watch",
        "inotify_rm_watch"};

constexpr const char* kFiles[] = {
        "open", "openat", "openat2", "creat", "access", "faccessat", "faccessat2",
        "stat", "stat64", "lstat", "lstat64", "fstat", "fstat64", "newfstatat", "fstatat64", "statx",
        "statfs", "statfs64", "fstatfs", "fstatfs64", "readlink", "readlinkat", "getdents",
        "getdents64", "readdir", "getcwd", "chdir", "fchdir", "umask", "name_to_handle_at",
        "truncate", "truncate64", "ftruncate", "ftruncate64", "fallocate", "mkdir", "mkdirat",
        "mknod", "mknodat", "rmdir", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat",
        "rename", "renameat", "renameat2", "chmod", "fchmod", "fchmodat", "fchmodat2",
        "utime", "utimes", "utimensat", "utimensat_time64", "futimesat", "file_getattr",
        "file_setattr", "cachestat"};

constexpr const char* kOwners[] = {
        "chown", "lchown", "fchown", "fchownat", "chown32", "lchown32", "fchown32"};

constexpr const char* kXattr[] = {
        "getxattr", "lgetxattr", "fgetxattr", "getxattrat", "setxattr", "lsetxattr", "fsetxattr",
        "setxattrat", "listxattr", "llistxattr", "flistxattr", "listxattrat", "removexattr",
        "lremovexattr", "fremovexattr", "removexattrat"};

constexpr const char* kSync[] = {
        "sync", "syncfs", "fsync", "fdatasync", "msync", "sync_file_range",
        "arm_sync_file_range"};

constexpr const char* kMounts[] = {
        "mount", "umount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr",
        "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "statmount",
        "listmount"};

constexpr const char* kMemory[] = {
        "brk", "mmap", "mmap2", "munmap", "mremap", "remap_file_pages", "mprotect", "madvise",
        "process_madvise", "process_mrelease", "mincore", "membarrier", "memfd_create",
        "memfd_secret", "mseal", "map_shadow_stack", "pkey_alloc", "pkey_free", "pkey_mprotect",
        "mbind", "get_mempolicy", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages",
        "move_pages", "cacheflush"};

constexpr const char* kProcesses[] = {
        "fork", "vfork", "clone", "clone3", "execve", "execveat", "exit", "exit_group", "wait4",
        "waitid", "waitpid", "getpid", "gettid", "getppid", "getpgid", "getpgrp", "setpgid", "getsid",
        "setsid", "prctl", "arch_prctl", "personality", "unshare", "setns", "kcmp", "pidfd_open",
        "pidfd_send_signal", "set_tid_address", "set_thread_area", "get_thread_area", "set_tls",
        "get_tls", "breakpoint", "set_robust_list", "get_robust_list", "rseq", "restart_syscall",
        "uretprobe", "uprobe", "futex", "futex_time64", "futex_waitv", "futex_wait", "futex_wake",
        "futex_requeue"};

constexpr const char* kConfine[] = {
        "seccomp", "landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self",
        "lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "capget", "capset"};

constexpr const char* kSystem[] = {
        "uname", "olduname", "oldolduname", "sysinfo", "getcpu", "getrandom", "sethostname",
        "setdomainname", "times", "getrusage"};

constexpr const char* kShares[] = {
        "sched_yield", "sched_getparam", "sched_setparam", "sched_getscheduler",
        "sched_setscheduler", "sched_getattr", "sched_setattr", "sched_getaffinity",
        "sched_setaffinity", "sched_get_priority_max", "sched_get_priority_min",
        "sched_rr_get_interval", "sched_rr_get_interval_time64", "nice", "getpriority",
        "setpriority", "ioprio_get", "ioprio_set", "getrlimit", "ugetrlimit", "setrlimit",
        "prlimit64"};

constexpr const char* kIdentity[] = {
        "getuid", "geteuid", "getgid", "getegid", "getresuid", "getresgid", "getgroups",
        "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setfsuid", "setfsgid",
        "setgroups", "getuid32", "geteuid32", "getgid32", "getegid32", "getresuid32", "getresgid32",
        "getgroups32", "setuid32", "setgid32", "setreuid32", "setregid32", "setresuid32",
        "setresgid32", "setfsuid32", "setfsgid32", "setgroups32"};

constexpr const char* kSignals[] = {
        "kill", "tkill", "tgkill", "rt_sigaction", "rt_sigprocmask", "rt_sigpending",
        "rt_sigsuspend", "rt_sigreturn", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "rt_sigtimedwait",
        "rt_sigtimedwait_time64", "sigaltstack", "signalfd", "signalfd4", "signal", "sigaction",
        "sigprocmask", "sigpending", "sigsuspend", "sigreturn", "pause"};

constexpr const char* kTime[] = {
        "time", "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres",
        "clock_getres_time64", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "alarm",
        "getitimer", "setitimer", "timer_create", "timer_delete", "timer_getoverrun",
        "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create",
        "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64"};

constexpr const char* kIpc[] = {
        "ipc", "shmget", "shmat", "shmdt", "shmctl", "semget", "semop", "semctl", "semtimedop",
        "semtimedop_time64", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
        "mq_timedsend", "mq_timedsend_time64", "mq_timedreceive", "mq_timedreceive_time64",
        "mq_notify", "mq_getsetattr"};

// socket(2) itself is decided by its arguments. socketcall(2) of 32-bit x86 is in no list: its
// arguments are behind a pointer, so it could make any socket; C libraries use the direct calls.
constexpr const char* kSockets[] = {
        "socketpair", "bind", "connect", "listen", "accept", "accept4", "shutdown", "getsockname",
        "getpeername", "getsockopt", "setsockopt", "send", "sendto", "sendmsg", "sendmmsg", "recv",
        "recvfrom", "recvmsg", "recvmmsg", "recvmmsg_time64"};

constexpr CallGroup kAllowed[] = {
        {"bytes in and out of open files", kBytes},
        {"waiting for files", kReadiness},
        {"files by name; handles may be made but not opened", kFiles},
        {"ownership, bounded by the id map", kOwners},
        {"extended attributes", kXattr},
        {"flushing", kSync},
        {"mounts: box root has its own mount namespace and every host mount in it is locked", kMounts},
        {"memory of the caller, and what the kernel checks as ptrace access", kMemory},
        {"processes, threads, namespaces", kProcesses},
        {"giving up more rights", kConfine},
        {"facts about the system; names live in the box's UTS namespace", kSystem},
        {"scheduling and limits", kShares},
        {"ids, bounded by the id map", kIdentity},
        {"signals", kSignals},
        {"reading clocks, and timers", kTime},
        {"System V and POSIX IPC, in the box's IPC namespace", kIpc},
        {"sockets once made", kSockets}};

constexpr const char* kClock[] = {"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime",
                                  "clock_settime64", "settimeofday", "stime"};
constexpr const char* kModule[] = {"init_module", "finit_module", "delete_module"};
constexpr const char* kRawIo[] = {"iopl", "ioperm", "pciconfig_iobase", "pciconfig_read",
                                  "pciconfig_write"};
constexpr const char* kMemlock[] = {"mlock", "mlock2", "mlockall", "munlock", "munlockall"};
constexpr const char* kAcct[] = {"acct"};
constexpr const char* kPtrace[] = {"ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd"};
constexpr const char* kReboot[] = {"reboot"};
constexpr const char* kSyslog[] = {"syslog"};
constexpr const char* kHangup[] = {"vhangup"};
constexpr const char* kBpf[] = {"bpf"};

constexpr GatedGroup kGated[] = {
        {CAP_SYS_TIME, "clock setting", kClock},
        {CAP_SYS_MODULE, "kernel modules", kModule},
        {CAP_SYS_RAWIO, "port access", kRawIo},
        {CAP_IPC_LOCK, "memory locking", kMemlock},
        {CAP_SYS_PACCT, "process accounting", kAcct},
        {CAP_SYS_PTRACE, "tracing", kPtrace},
        {CAP_SYS_BOOT, "reboot", kReboot},
        {CAP_SYSLOG, "kernel log", kSyslog},
        {CAP_SYS_TTY_CONFIG, "terminal hangup", kHangup},
        {CAP_BPF, "bpf", kBpf}};

constexpr const char* kKernel[] = {"kexec_load", "kexec_file_load", "swapon", "swapoff", "quotactl",
                                   "quotactl_fd", "nfsservctl"};
constexpr const char* kHandles[] = {"open_by_handle_at"};
constexpr const char* kObservers[] = {"perf_event_open", "lookup_dcookie", "fanotify_init",
                                      "fanotify_mark"};
constexpr const char* kSurface[] = {"userfaultfd", "io_uring_setup", "io_uring_enter",
                                    "io_uring_register"};
constexpr const char* kKeyrings[] = {"add_key", "request_key", "keyctl"};
constexpr const char* kEmulation[] = {"vm86", "vm86old", "modify_ldt"};
constexpr const char* kObsolete[] = {"_sysctl", "bdflush", "sgetmask", "ssetmask", "sysfs", "uselib",
                                     "ustat", "oldstat", "oldlstat", "oldfstat"};

constexpr CallGroup kDenied[] = {
        {"state of the whole kernel", kKernel},
        {"reaches any inode of a file system, and namespaces, by handle", kHandles},
        {"watches what other boxes and the host do", kObservers},
        {"kernel code that exploits are mostly made with", kSurface},
        {"keyrings are shared by user id and listed host-wide", kKeyrings},
        {"segments and modes of old processors", kEmulation},
        {"no current C library makes these", kObsolete}};

using enum NumberSpace;
// From include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl of Linux.
constexpr NumberedCall kNumbered[] = {
        {"cachestat", 451, every}, {"fchmodat2", 452, every}, {"map_shadow_stack", 453, every},
        {"futex_wake", 454, every}, {"futex_wait", 455, every}, {"futex_requeue", 456, every},
        {"statmount", 457, every}, {"listmount", 458, every}, {"lsm_get_self_attr", 459, every},
        {"lsm_set_self_attr", 460, every}, {"lsm_list_modules", 461, every}, {"mseal", 462, every},
        {"setxattrat", 463, every}, {"getxattrat", 464, every}, {"listxattrat", 465, every},
        {"removexattrat", 466, every}, {"open_tree_attr", 467, every},
        {"file_getattr", 468, every}, {"file_setattr", 469, every},
        {"uretprobe", 335, x86_64}, {"uprobe", 336, x86_64}};
// clang-format on

}  // namespace

std::span<const CallGroup> allowed_groups() {
    return kAllowed;
}
std::span<const GatedGroup> gated_groups() {
    return kGated;
}
std::span<const CallGroup> denied_groups() {
    return kDenied;
}
std::span<const char* const> sync_calls() {
    return kSync;
}
std::span<const NumberedCall> numbered_calls() {
    return kNumbered;
}

}  // namespace boxctl::security::gen
