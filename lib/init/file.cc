// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/init/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/text.h"

namespace boxctl::init {

bool is_shortage(int error) {
    return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

ssize_t read_small(int directory, const char* name, char* text, size_t room) {
    // A FIFO in a service directory must not hold PID 1 up.
    const int file = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return -1;
    size_t used = 0;
    ssize_t got = 0;
    while (used < room && (got = read(file, text + used, room - used)) > 0)
        used += static_cast<size_t>(got);
    const int error = got < 0 ? errno : EFBIG;
    (void)close(file);
    if (got < 0 || used == room) {
        errno = error;
        return -1;
    }
    text[used] = '\0';
    return static_cast<ssize_t>(used);
}

int write_small(int directory, const char* name, const char* text) {
    const int file = openat(directory, name, O_WRONLY | O_CLOEXEC);
    if (file < 0) return errno;
    const ssize_t written = write(file, text, strlen(text));
    const int error = written < 0 ? errno : 0;
    (void)close(file);
    return error;
}

int write_number(int directory, const char* name, uint64_t number) {
    Line line;
    return write_small(directory, name, line.add(static_cast<int64_t>(number)).text());
}

}  // namespace boxctl::init
