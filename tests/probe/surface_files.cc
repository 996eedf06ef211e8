// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of procfs, sysfs, cgroupfs and /dev, and device nodes made by hand.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/probe/surface.h"

namespace probe {

namespace {

// What is read is written back, so the host is none the wiser if that works.
int write_same(const char* path) {
    char text[512] = "\n";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return errno;
    const ssize_t length = read(fd, text, sizeof text);
    const int read_error = error_of(length);
    close(fd);
    if (read_error != 0) return read_error;
    fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return errno;
    const int error = error_of(write(fd, text, length > 0 ? static_cast<size_t>(length) : 1));
    close(fd);
    return error;
}

// For files where any write would do something: permission is checked by open(2).
int open_only(const char* path, int flags) {
    const int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

int read_some(const char* path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return errno;
    char text[64];
    const ssize_t length = read(fd, text, sizeof text);
    const int error = error_of(length);
    close(fd);
    // Masked by an empty file: nothing is told.
    return error == 0 && length == 0 ? EACCES : error;
}

// Addresses are shown as zeros to those who may not know them.
int read_addresses(const char* path) {
    FILE* file = fopen(path, "re");
    if (file == nullptr) return errno;
    char line[512];
    int error = EACCES;
    while (error != 0 && fgets(line, sizeof line, file) != nullptr) {
        const size_t blank = strspn(line, " ");
        if (strspn(line + blank, "0-") < strcspn(line + blank, " :\n")) error = 0;
    }
    fclose(file);
    return error;
}

// Regular files below `fd` that may be written, not following links, not entering `skip`.
long count_writable(int fd, const char* skip, int depth) {
    long count = 0;
    DIR* listing = depth > 24 ? nullptr : fdopendir(fd);
    if (listing == nullptr) {
        close(fd);
        return 0;
    }
    while (const dirent* entry = readdir(listing)) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, skip) == 0) continue;
        if (entry->d_type == DT_DIR) {
            const int below = openat(dirfd(listing), entry->d_name,
                                     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            if (below >= 0) count += count_writable(below, skip, depth + 1);
        } else if (entry->d_type == DT_REG &&
                   faccessat(dirfd(listing), entry->d_name, W_OK, AT_EACCESS) == 0) {
            count++;
        }
    }
    closedir(listing);
    return count;
}

void report_writable(const char* name, const char* path, const char* skip) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        report(name, errno);
    } else {
        report_count(name, count_writable(fd, skip, 0));
    }
}

int list_some(const char* path) {
    DIR* listing = opendir(path);
    if (listing == nullptr) return errno;
    int error = EACCES;  // an empty directory is a mask
    while (const dirent* entry = readdir(listing)) {
        if (entry->d_name[0] != '.') error = 0;
    }
    closedir(listing);
    return error;
}

void probe_node(const char* kind, mode_t type, dev_t device) {
    char path[128];
    char name[64];
    snprintf(path, sizeof path, "%s/node", scratch());
    snprintf(name, sizeof name, "mknod-%s", kind);
    const int made = error_of(mknod(path, type | 0600, device));
    report(name, made);
    snprintf(name, sizeof name, "open-%s", kind);
    if (made != 0) {
        report(name, made);
        return;
    }
    // ENXIO: no such device, but nobody refused it.
    report(name, open_only(path, O_RDONLY), {ENXIO});
    unlink(path);
}

// The first disk that the kernel knows.
dev_t first_disk() {
    unsigned major_number = 7;  // loop0, should there be none
    unsigned minor_number = 0;
    FILE* file = fopen("/proc/partitions", "re");
    if (file != nullptr) {
        char line[128];
        while (fgets(line, sizeof line, file) != nullptr) {
            if (sscanf(line, " %u %u", &major_number, &minor_number) == 2) break;
        }
        fclose(file);
    }
    return makedev(major_number, minor_number);
}

constexpr struct {
    const char* name;
    const char* path;
} kWriteSame[] = {
        {"write:core_pattern", "/proc/sys/kernel/core_pattern"},
        {"write:modprobe", "/proc/sys/kernel/modprobe"},
        {"write:hotplug", "/proc/sys/kernel/hotplug"},
        {"write:uevent_helper", "/sys/kernel/uevent_helper"},
        {"write:panic", "/proc/sys/kernel/panic"},
        {"write:panic_on_oom", "/proc/sys/vm/panic_on_oom"},
        {"write:sysrq", "/proc/sys/kernel/sysrq"},
        {"write:max_user_namespaces", "/proc/sys/user/max_user_namespaces"},
        {"write:ip_forward", "/proc/sys/net/ipv4/ip_forward"},
        {"write:smp_affinity", "/proc/irq/default_smp_affinity"},
        {"write:cgroup-memory.max", "/sys/fs/cgroup/memory.max"},
        {"write:cgroup-pids.max", "/sys/fs/cgroup/pids.max"},
};

constexpr struct {
    const char* name;
    const char* path;
} kOpenWrite[] = {
        {"open:sysrq-trigger", "/proc/sysrq-trigger"},
        {"open:binfmt-register", "/proc/sys/fs/binfmt_misc/register"},
        {"open:power-state", "/sys/power/state"},
        {"open:cgroup.kill", "/sys/fs/cgroup/cgroup.kill"},
        {"open:dev-mem", "/dev/mem"},
        {"open:dev-kmsg", "/dev/kmsg"},
};

constexpr struct {
    const char* name;
    const char* path;
} kRead[] = {
        {"read:kcore", "/proc/kcore"},
        {"read:keys", "/proc/keys"},
        {"read:timer_list", "/proc/timer_list"},
        {"read:sched_debug", "/proc/sched_debug"},
        {"read:slabinfo", "/proc/slabinfo"},
        {"read:vmallocinfo", "/proc/vmallocinfo"},
        {"read:kpagecount", "/proc/kpagecount"},
        {"read:scsi", "/proc/scsi/scsi"},
        {"read:latency_stats", "/proc/latency_stats"},
};

}  // namespace

void probe_files() {
    for (const auto& row : kWriteSame)
        report(row.name, write_same(row.path));
    for (const auto& row : kOpenWrite)
        report(row.name, open_only(row.path, O_WRONLY));
    for (const auto& row : kRead)
        report(row.name, read_some(row.path));
    report("read:kallsyms", read_addresses("/proc/kallsyms"));
    report("read:iomem", read_addresses("/proc/iomem"));
    report("open:kmsg", open_only("/proc/kmsg", O_RDONLY));
    report("list:acpi", list_some("/proc/acpi"));
    report("list:firmware", list_some("/sys/firmware"));
    report("list:debugfs", list_some("/sys/kernel/debug"));
    report("list:tracefs", list_some("/sys/kernel/tracing"));
    report_writable("sysfs-writable", "/sys", "cgroup");
    report_writable("procsys-writable", "/proc/sys", "net");
    probe_node("char", S_IFCHR, makedev(1, 1));
    probe_node("block", S_IFBLK, first_disk());
}

}  // namespace probe
