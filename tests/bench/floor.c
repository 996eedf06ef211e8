// SPDX-License-Identifier: LGPL-2.1-or-later
// floor [--minimal|--boot] ROOT COMMAND [ARGUMENT...]: what the kernel alone charges for a box.
//
// Makes the namespaces and mounts of `boxctl run ROOT -- COMMAND`, or with --boot those of `boxctl
// boot ROOT` (tests/bench/run compares the mount tables), with bare system calls in two processes,
// executes COMMAND and ends with its status. It trusts the tree and the machine, so it leaves out
// what a launcher is for: options, a plan, path resolution that a hostile tree cannot lead astray,
// checks of what came out, locks, a free id range, a cgroup, state for other commands, forwarding,
// signals, reading the host's facts. Its id range, limits and texts are constants. --minimal makes
// the same namespaces but only the mounts that no program does without: the root, /proc, /sys,
// /dev, /tmp and /run.
//
// A system call that fails ends it: a floor that skipped work would flatter nobody honestly.
#include "tests/bench/floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kBase = 1000013824 };
enum kind { run, bare, boot };
#define BASE "1000013824"
#define ROOT_IDS ",uid=" BASE ",gid=" BASE

static const unsigned long kPlain = MS_NOSUID | MS_NODEV | MS_NOEXEC;
void expect(bool done, const char* what) {
    if (done) return;
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
}

void write_to(const char* path, const char* text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
    close(fd);
}

/// What is made from here on belongs to the box's root (true) or to the host's, who may mknod.
static void as_box_root(bool box) {
    setfsgid(box ? kBase : 0);
    setfsuid(box ? kBase : 0);
}

static void make_file(const char* path, mode_t mode, const char* text) {
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    expect(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
    close(fd);
}

static void make_node(const char* path, mode_t mode, unsigned major_number, unsigned minor_number) {
    expect(mknod(path, mode, makedev(major_number, minor_number)) == 0, path);
    expect(lchown(path, kBase, kBase) == 0, path);
}

static void make_device(const char* name, unsigned major_number, unsigned minor_number) {
    char link_to[64];
    char link_from[64];
    make_node(name, S_IFCHR | 0666, major_number, minor_number);
    snprintf(link_to, sizeof link_to, "../%s", name + sizeof "dev/" - 1);
    snprintf(link_from, sizeof link_from, "dev/char/%u:%u", major_number, minor_number);
    expect(symlink(link_to, link_from) == 0 && lchown(link_from, kBase, kBase) == 0, link_from);
}

static void mount_new(const char* type, const char* at, unsigned long flags, const char* options) {
    expect(mount(type, at, type, flags, options) == 0, at);
}

/// A bind mount takes the flags of its source along; changed only where they differ.
static bool bind_mount(const char* from, const char* to) {
    if (mount(from, to, NULL, MS_BIND, NULL) == 0) return true;
    expect(errno == ENOENT, to);
    return false;
}

static void bind_read_only(const char* path) {
    if (!bind_mount(path, path)) return;
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    expect(mount_setattr(AT_FDCWD, path, 0, &attr, sizeof attr) == 0, path);
}

struct proc_request {
    int mount;
};

static int make_proc(void* argument) {
    struct proc_request* request = argument;
    const int context = fsopen("proc", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return 1;
    request->mount = fsmount(context, FSMOUNT_CLOEXEC,
                             MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return 0;
}

/// proc shows the PID namespace of the process that makes it; this one has only joined it for its
/// children. Fork without a copy of anything.
static void mount_proc(void) {
    static char stack[16384] __attribute__((aligned(16)));
    struct proc_request request = {-1};
    const int helper = clone(make_proc, stack + sizeof stack,
                             CLONE_VM | CLONE_VFORK | CLONE_FILES | SIGCHLD, &request);
    expect(helper > 0 && waitpid(helper, NULL, 0) == helper && request.mount >= 0, "make a proc");
    expect(move_mount(request.mount, "", AT_FDCWD, "proc", MOVE_MOUNT_F_EMPTY_PATH) == 0, "proc");
    close(request.mount);
}

static void fill_run_host(enum kind kind, int incoming) {
    mount_new("tmpfs", "run/host", kPlain, "mode=0755,size=4m,nr_inodes=128" ROOT_IDS);
    as_box_root(true);
    make_file("run/host/container-manager", 0444, "floor\n");
    make_file("run/host/container-uuid", 0444, "00000000-0000-4000-8000-000000000000\n");
    make_file("run/host/os-release", 0444, "ID=\"debian\"\nVERSION_ID=\"12\"\n");
    make_file("run/host/boot-id", 0444, "00000000-0000-4000-8000-000000000001\n");
    expect(mkdir("run/host/inaccessible", 0755) == 0, "inaccessible");
    expect(mkdir("run/host/inaccessible/dir", 0) == 0, "inaccessible/dir");
    if (kind == boot) expect(mkdir("run/host/incoming", 0700) == 0, "incoming");
    as_box_root(false);
    make_node("run/host/inaccessible/reg", S_IFREG, 0, 0);
    make_node("run/host/inaccessible/fifo", S_IFIFO, 0, 0);
    make_node("run/host/inaccessible/sock", S_IFSOCK, 0, 0);
    make_node("run/host/inaccessible/chr", S_IFCHR, 0, 0);
    make_node("run/host/inaccessible/blk", S_IFBLK, 0, 0);
    make_node("run/host/proc-kmsg", S_IFIFO | 0600, 0, 0);
    const int notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "run/host/notify"};
    expect(bind(notify, (const struct sockaddr*)&address, sizeof address) == 0, "run/host/notify");
    expect(chmod("run/host/notify", 0200) == 0, "run/host/notify");
    expect(lchown("run/host/notify", kBase, kBase) == 0, "run/host/notify");
    if (kind == boot) {
        struct mount_attr quiet = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
                                   .propagation = MS_SLAVE};
        expect(mount_setattr(incoming, "", AT_EMPTY_PATH, &quiet, sizeof quiet) == 0, "incoming");
        expect(move_mount(incoming, "", AT_FDCWD, "run/host/incoming", MOVE_MOUNT_F_EMPTY_PATH) ==
                       0,
               "run/host/incoming");
    }
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    expect(mount_setattr(AT_FDCWD, "run/host", 0, &attr, sizeof attr) == 0, "run/host");
}

static void hide(const char* path, bool directory) {
    bind_mount(directory ? "run/host/inaccessible/dir" : "run/host/inaccessible/reg", path);
}

static void fill_proc(void) {
    bind_read_only("proc/sys");
    struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
    expect(bind_mount("proc/sys/net", "proc/sys/net"), "proc/sys/net");
    expect(mount_setattr(AT_FDCWD, "proc/sys/net", 0, &writable, sizeof writable) == 0, "net");
    bind_mount("run/host/boot-id", "proc/sys/kernel/random/boot_id");
    bind_mount("run/host/proc-kmsg", "proc/kmsg");
    static const char* const read_only[] = {"proc/acpi", "proc/apm", "proc/asound", "proc/bus",
                                            "proc/fs",   "proc/irq", "proc/scsi"};
    for (size_t i = 0; i < sizeof read_only / sizeof *read_only; i++)
        bind_read_only(read_only[i]);
    static const char* const hidden[] = {
            "proc/kallsyms",      "proc/kcore",       "proc/keys",          "proc/key-users",
            "proc/latency_stats", "proc/sched_debug", "proc/sysrq-trigger", "proc/timer_list",
            "proc/timer_stats",   "proc/interrupts"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        hide(hidden[i], false);
}

static void fill_sys(void) {
    static const char* const hidden[] = {"sys/firmware",
                                         "sys/kernel/debug",
                                         "sys/kernel/tracing",
                                         "sys/kernel/security",
                                         "sys/devices/virtual/powercap",
                                         "sys/fs/selinux"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        hide(hidden[i], true);
    mount_new("cgroup2", "sys/fs/cgroup", kPlain, NULL);
}

static void fill_dev_names(bool minimal) {
    static const char* const directories[] = {"dev/char", "dev/pts", "dev/shm", "dev/mqueue",
                                              "dev/net"};
    static const char* const links[][2] = {
            {"/proc/self/fd", "dev/fd"},       {"/proc/self/fd/0", "dev/stdin"},
            {"/proc/self/fd/1", "dev/stdout"}, {"/proc/self/fd/2", "dev/stderr"},
            {"/proc/kcore", "dev/core"},       {"pts/ptmx", "dev/ptmx"}};
    for (size_t i = 0; i < (minimal ? 1 : sizeof directories / sizeof *directories); i++)
        expect(mkdir(directories[i], 0755) == 0, directories[i]);
    for (size_t i = 0; i < (minimal ? 1 : sizeof links / sizeof *links); i++)
        expect(symlink(links[i][0], links[i][1]) == 0, links[i][1]);
}

static void fill_dev(bool minimal) {
    as_box_root(true);
    fill_dev_names(minimal);
    as_box_root(false);
    make_device("dev/null", 1, 3);
    make_device("dev/zero", 1, 5);
    make_device("dev/full", 1, 7);
    make_device("dev/random", 1, 8);
    make_device("dev/urandom", 1, 9);
    make_device("dev/tty", 5, 0);
    if (minimal) return;
    make_device("dev/fuse", 10, 229);
    make_device("dev/net/tun", 10, 200);
    // gid 5 of the box, which is how every distribution numbers tty
    mount_new("devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
              "ptmxmode=0666,mode=0620,max=1024,gid=1000013829");
    mount_new("tmpfs", "dev/shm", MS_NOSUID | MS_NODEV,
              "mode=1777,size=10%,nr_inodes=1048576" ROOT_IDS);
    mount_new("mqueue", "dev/mqueue", kPlain, NULL);
}

/// The other end stays open here: nobody reads what little is written to it.
static void make_console(void) {
    int unlock = 0;
    const int master = open("dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    expect(master >= 0 && ioctl(master, TIOCSPTLCK, &unlock) == 0, "dev/pts/ptmx");
    const int line = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    expect(line >= 0 && fchown(line, kBase, kBase) == 0 && fchmod(line, 0620) == 0, "dev/pts/0");
    make_node("dev/console", S_IFREG | 0600, 0, 0);
    expect(bind_mount("dev/pts/0", "dev/console"), "dev/console");
    close(line);
}

static void fill_tree(enum kind kind, int incoming) {
    const bool minimal = kind == bare;
    mount_new("tmpfs", "run", MS_NOSUID | MS_NODEV, "mode=0755,size=20%,nr_inodes=819200" ROOT_IDS);
    if (!minimal) {
        as_box_root(true);
        expect(mkdir("run/host", 0755) == 0, "run/host");
        as_box_root(false);
        fill_run_host(kind, incoming);
    }
    mount_proc();
    if (!minimal) fill_proc();
    mount_new("sysfs", "sys", kPlain | MS_RDONLY, NULL);
    if (!minimal) fill_sys();
    mount_new("tmpfs", "dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=4m,nr_inodes=65536" ROOT_IDS);
    fill_dev(minimal);
    if (kind == boot) make_console();
    mount_new("tmpfs", "tmp", MS_NOSUID | MS_NODEV,
              "mode=1777,size=10%,nr_inodes=1048576" ROOT_IDS);
}

static void enter_tree(int tree, int userns) {
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NODEV,
                              .propagation = MS_PRIVATE,
                              .userns_fd = (unsigned)userns};
    expect(mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof attr) == 0,
           "id-map the root");
    // Any directory of this private mount namespace would do.
    expect(move_mount(tree, "", AT_FDCWD, "/run", MOVE_MOUNT_F_EMPTY_PATH) == 0, "attach the root");
    expect(fchdir(tree) == 0, "enter the root");
}

static void prepare_network(void) {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    expect(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0, "lo");
    close(fd);
    write_to("/proc/sys/net/ipv4/ping_group_range", "1000013824 1000079359");
}

// ---- The caller, which is also the one that builds ----

/// A directory of the host below which mounts reach the box: a shared mount while the box lives.
/// Gives a detached copy of it.
static int share_directory(char* path) {
    expect(mkdtemp(path) != NULL, path);
    expect(mount(path, path, NULL, MS_BIND, NULL) == 0, path);
    expect(mount(NULL, path, NULL, MS_SHARED, NULL) == 0, path);
    const int copy = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    expect(copy >= 0, path);
    return copy;
}

static void unshare_directory(int host, const char* path) {
    expect(setns(host, CLONE_NEWNS) == 0, "go back to the host's mounts");
    expect(umount2(path, MNT_DETACH) == 0 && rmdir(path) == 0, path);
}

static int start_payload(int* pidfd, const int* ready, enum kind kind, char** command) {
    struct clone_args args = {
            .flags = CLONE_PIDFD | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                     CLONE_NEWUTS | CLONE_NEWCGROUP,
            .pidfd = (uint64_t)(uintptr_t)pidfd,
            .exit_signal = SIGCHLD,
    };
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    expect(pid >= 0, "clone");
    if (pid == 0) be_payload(ready[0], kind == boot, command);
    return (int)pid;
}

static int map_ids(int payload) {
    static const char* const files[] = {"uid_map", "gid_map"};
    char path[64];
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "/proc/%d/%s", payload, files[i]);
        write_to(path, "0 " BASE " 65536\n");
    }
    snprintf(path, sizeof path, "/proc/%d/ns/user", payload);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/// Becomes the builder, and afterwards the one who waits.
static int run_box(enum kind kind, const char* root, char** command, int incoming) {
    int ready[2];
    int pidfd = -1;
    int status = 0;
    expect(pipe2(ready, O_CLOEXEC) == 0, "pipe");
    const int tree = open_tree(AT_FDCWD, root, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    expect(tree >= 0, root);
    umask(0);
    expect(unshare(CLONE_NEWNS) == 0, "make a mount namespace");
    expect(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0, "leave the host's mounts");
    const int payload = start_payload(&pidfd, ready, kind, command);
    const int userns = map_ids(payload);
    expect(setns(pidfd, CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP) == 0,
           "join the namespaces");
    prepare_network();
    enter_tree(tree, userns);
    fill_tree(kind, incoming);
    expect(syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0, "pivot_root");
    expect(write(ready[1], "", 1) == 1, "start the command");
    while (waitpid(payload, &status, 0) < 0)
        expect(errno == EINTR, "waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char** argv) {
    enum kind kind = run;
    if (argc > 1 && strcmp(argv[1], "--minimal") == 0) kind = bare;
    if (argc > 1 && strcmp(argv[1], "--boot") == 0) kind = boot;
    char** words = argv + (kind == run ? 1 : 2);
    if (argv + argc - words < 2) {
        fprintf(stderr, "usage: floor [--minimal|--boot] ROOT COMMAND [ARGUMENT...]\n");
        return 125;
    }
    if (kind != boot) return run_box(kind, words[0], words + 1, -1);
    char directory[] = "/run/floor-XXXXXX";
    const int host = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    const int status = run_box(kind, words[0], words + 1, share_directory(directory));
    unshare_directory(host, directory);
    return status;
}
