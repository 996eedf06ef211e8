// SPDX-License-Identifier: LGPL-2.1-or-later
// The asking side of control.
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/init/endpoint.h"
#include "lib/init/serve.h"
#include "lib/init/text.h"

namespace boxctl::init {

namespace {

constexpr int kOwnError = 125;
constexpr int kRefused = 1;

int fail(const char* what, int error) {
    Line line = message();
    say(Level::error, line.add(what).add(": ").add(errno_text(error)));
    return kOwnError;
}

bool write_all(int fd, const char* bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(fd, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        bytes += written;
        count -= static_cast<size_t>(written);
    }
    return true;
}

/// Passes the answer on: the text to standard output, or an error to standard error.
int show_answer(int socket) {
    char text[4096];
    ssize_t got = read(socket, text, 1);
    if (got <= 0) return fail("the supervisor has not answered", got < 0 ? errno : ECONNRESET);
    const bool done = text[0] == '+';
    if (!done && !write_all(STDERR_FILENO, "box-init: ", strlen("box-init: "))) return kRefused;
    while ((got = read(socket, text, sizeof text)) > 0) {
        const int to = done ? STDOUT_FILENO : STDERR_FILENO;
        if (!write_all(to, text, static_cast<size_t>(got))) return fail("write", errno);
    }
    if (!done) (void)write_all(STDERR_FILENO, "\n", 1);
    return done ? 0 : kRefused;
}

}  // namespace

int control(char* const* words) {
    Line request;
    for (char* const* word = words; *word != nullptr; ++word) {
        if (word != words) request.add(" ");
        request.add(*word);
    }
    if (words[0] == nullptr) request.add("status");
    if (request.size() >= kMaxControlRequest) return fail("request", E2BIG);
    const int socket = connect_control(kControlSocket);
    if (socket < 0) {
        Line line = message();
        line.add("no supervisor answers at ").add(kControlSocket).add(": ");
        say(Level::error, line.add(errno_text(errno)));
        return kOwnError;
    }
    request.add("\n");
    if (!write_all(socket, request.text(), request.size())) return fail("ask", errno);
    return show_answer(socket);
}

}  // namespace boxctl::init
