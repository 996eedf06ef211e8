// SPDX-License-Identifier: LGPL-2.1-or-later
// Usage: swap-attacker A B SECONDS
// Exchanges two names as fast as it can, for races between a check and a use of a path. Prints how
// often it did; an attack that never happened must not pass for one that was withstood.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <time.h>

int main(int argc, char** argv) {
    char* end = nullptr;
    const double seconds = argc == 4 ? strtod(argv[3], &end) : -1;
    if (argc != 4 || seconds <= 0 || *end != '\0') {
        fprintf(stderr, "usage: swap-attacker A B SECONDS\n");
        return EXIT_FAILURE;
    }
    timespec start = {};
    clock_gettime(CLOCK_MONOTONIC, &start);
    unsigned long swaps = 0;
    unsigned long misses = 0;
    double passed = 0;
    while (passed < seconds) {
        for (int i = 0; i < 64; i++) {
            if (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0) {
                swaps++;
            } else if (errno == ENOENT || errno == EBUSY) {
                misses++;  // the other side is at work on a name, or has mounted on it
            } else {
                fprintf(stderr, "swap-attacker: exchange '%s' and '%s': %s\n", argv[1], argv[2],
                        strerror(errno));
                return EXIT_FAILURE;
            }
        }
        timespec now = {};
        clock_gettime(CLOCK_MONOTONIC, &now);
        passed = static_cast<double>(now.tv_sec - start.tv_sec) +
                 static_cast<double>(now.tv_nsec - start.tv_nsec) / 1e9;
    }
    printf("swaps %lu misses %lu\n", swaps, misses);
    return swaps > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
