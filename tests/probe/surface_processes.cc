// SPDX-License-Identifier: LGPL-2.1-or-later
// Other processes: PID 1, roots that are not ours, ids that are the host's.
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <dirent.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/probe/surface.h"

namespace probe {

namespace {

int seize_init() {
    if (ptrace(PTRACE_SEIZE, 1, nullptr, nullptr) != 0) return errno;
    return 0;  // the kernel detaches when this child ends
}

int read_init_memory() {
    const int fd = open("/proc/1/mem", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    close(fd);
    return 0;
}

// Processes whose root can be walked into and is not the own one.
long count_foreign_roots() {
    struct stat own = {};
    DIR* listing = opendir("/proc");
    if (listing == nullptr || stat("/", &own) != 0) return 0;
    long count = 0;
    while (const dirent* entry = readdir(listing)) {
        if (atoi(entry->d_name) <= 0) continue;
        char path[300];
        snprintf(path, sizeof path, "/proc/%s/root/", entry->d_name);
        struct stat root = {};
        if (stat(path, &root) != 0) continue;
        if (root.st_dev != own.st_dev || root.st_ino != own.st_ino) count++;
    }
    closedir(listing);
    return count;
}

// A map that holds the parent's id 0 makes files of the host's root writable. Seen from inside the
// initial namespace everything is its own.
int map_holds_zero(const char* path) {
    FILE* file = fopen(path, "re");
    if (file == nullptr) return errno;
    unsigned long inside = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    int error = EACCES;
    while (fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3) {
        if (outside == 0) error = 0;
    }
    fclose(file);
    return error;
}

}  // namespace

void probe_processes() {
    report("read:pid1-mem", read_init_memory());
    if (!guest || getpid() == 1) {
        report_word("ptrace-pid1", "skipped");  // the host's, or ourselves
    } else {
        report("ptrace-pid1", in_child(seize_init));
    }
    report_count("foreign-roots", count_foreign_roots());
    report("uid-map-holds-0", map_holds_zero("/proc/self/uid_map"));
    report("gid-map-holds-0", map_holds_zero("/proc/self/gid_map"));
}

}  // namespace probe
