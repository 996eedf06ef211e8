// SPDX-License-Identifier: LGPL-2.1-or-later
// Usage: tiocsti TEXT
// Tries to type TEXT into every terminal it can reach: standard streams and /dev/tty. Run it with
// a terminal whose loss of innocence does not matter. A row for each: "NAME open|closed|absent".
// Rows "tioclinux:NAME" tell in the same words whether it is a virtual console, into which text can
// be pasted (TIOCLINUX); asked for is only the state of the shift keys.
// Exit status 0 if nothing could be typed, 2 if something was.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace {

void try_console(const char* name, int fd) {
    char request = 6;  // TIOCL_GETSHIFTSTATE (ioctl_console(2))
    const bool is_console = ioctl(fd, TIOCLINUX, &request) == 0;
    printf("tioclinux:%s %s\n", name, is_console ? "open" : "absent");
}

bool type(const char* name, int fd, const char* text) {
    try_console(name, fd);
    for (const char* at = text; *at != '\0'; at++) {
        if (ioctl(fd, TIOCSTI, at) == 0) continue;
        const bool no_terminal = errno == ENOTTY || errno == EBADF;
        printf("tiocsti:%s %s %s\n", name, no_terminal ? "absent" : "closed",
               strerrorname_np(errno));
        return at != text;
    }
    printf("tiocsti:%s open\n", name);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || argv[1][0] == '\0') {
        fprintf(stderr, "usage: tiocsti TEXT\n");
        return EXIT_FAILURE;
    }
    bool typed = type("stdin", STDIN_FILENO, argv[1]);
    typed = type("stdout", STDOUT_FILENO, argv[1]) || typed;
    typed = type("stderr", STDERR_FILENO, argv[1]) || typed;
    const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) {
        printf("tiocsti:tty absent %s\n", strerrorname_np(errno));
    } else {
        typed = type("tty", terminal, argv[1]) || typed;
    }
    return typed ? 2 : EXIT_SUCCESS;
}
