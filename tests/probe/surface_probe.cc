// SPDX-License-Identifier: LGPL-2.1-or-later
// Usage: surface-probe [--really]
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/probe/surface.h"

namespace probe {

bool guest = false;
bool really = false;

namespace {

constexpr ino_t kInitialPidNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO, fixed since Linux 3.8

char scratch_path[64];

bool means_absent(int error) {
    return error == ENOENT || error == ENOSYS || error == ENODEV || error == EAFNOSUPPORT ||
           error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT;
}

bool in_guest() {
    struct stat found = {};
    return stat("/proc/self/ns/pid", &found) == 0 && found.st_ino != kInitialPidNamespace;
}

// Taken before anything here opens a descriptor of its own, except the listing's.
void list_descriptors() {
    DIR* listing = opendir("/proc/self/fd");
    if (listing == nullptr) {
        report("fd-listing", errno);
        return;
    }
    while (const dirent* entry = readdir(listing)) {
        const int fd = atoi(entry->d_name);
        if (fd <= 2 || fd == dirfd(listing)) continue;
        char target[256] = {};
        if (readlinkat(dirfd(listing), entry->d_name, target, sizeof target - 1) < 0) continue;
        printf("fd:%d %s\n", fd, target);
    }
    closedir(listing);
}

}  // namespace

void report(const char* name, int error, std::initializer_list<int> reached) {
    const char* word = error == 0 ? "open" : means_absent(error) ? "absent" : "closed";
    for (const int code : reached) {
        if (code == error) word = "open";
    }
    const char* code = error == 0 ? nullptr : strerrorname_np(error);
    if (error == 0) {
        printf("%s %s\n", name, word);
    } else if (code != nullptr) {
        printf("%s %s %s\n", name, word, code);
    } else {
        printf("%s %s %d\n", name, word, error);
    }
}

void report_word(const char* name, const char* word) {
    printf("%s %s\n", name, word);
}

void report_count(const char* name, long count) {
    printf("%s %s %ld\n", name, count > 0 ? "open" : "closed", count);
}

int error_of(long result) {
    return result < 0 ? errno : 0;
}

int in_child(int (*act)()) {
    fflush(stdout);
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) _exit(act());
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return errno;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

const char* scratch() {
    if (scratch_path[0] != '\0') return scratch_path;
    for (const char* parent : {"/tmp", "/run", "/dev/shm", "/var/tmp", "."}) {
        snprintf(scratch_path, sizeof scratch_path, "%s/surface-probe.XXXXXX", parent);
        if (mkdtemp(scratch_path) != nullptr) return scratch_path;
    }
    fprintf(stderr, "surface-probe: no place for a scratch directory\n");
    exit(EXIT_FAILURE);
}

void remove_scratch() {
    if (scratch_path[0] != '\0' && rmdir(scratch_path) != 0) {
        fprintf(stderr, "surface-probe: remove '%s': %s\n", scratch_path, strerror(errno));
    }
}

}  // namespace probe

int main(int argc, char** argv) {
    if (argc == 2 && strcmp(argv[1], "--really") == 0) {
        probe::really = true;
    } else if (argc != 1) {
        fprintf(stderr, "usage: surface-probe [--really]\n");
        return EXIT_FAILURE;
    }
    probe::list_descriptors();
    probe::guest = probe::really || probe::in_guest();
    probe::probe_files();
    probe::probe_mounts();
    probe::probe_calls();
    probe::probe_processes();
    probe::remove_scratch();
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
