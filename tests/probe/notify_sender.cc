// SPDX-License-Identifier: LGPL-2.1-or-later
// notify-sender: says things to a notification socket (sd_notify(3)), as a service that is hostile.
//
//     notify-sender [--stay] SOCKET COUNT DESCRIPTORS LINE...
//
// Sends COUNT datagrams of these lines, each with so many descriptors of /dev/null, without
// waiting; prints how many were taken and the last error. With --stay it then waits to be killed,
// which as PID 1 of a box keeps the box.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

constexpr int kMostDescriptors = 64;
constexpr size_t kMostText = 1U << 16U;

int fail(const char* what) {
    fprintf(stderr, "notify-sender: %s: %m\n", what);
    return 1;
}

size_t join_lines(char* const* lines, char* text) {
    size_t length = 0;
    for (; *lines != nullptr; lines++) {
        const size_t more = strlen(*lines);
        if (length + more + 1 > kMostText) break;
        memcpy(text + length, *lines, more);
        length += more;
        text[length++] = '\n';
    }
    return length;
}

/// How many of `count` datagrams were taken.
long send_all(int to, const sockaddr_un& address, long count, int descriptors, char* text,
              size_t length) {
    alignas(cmsghdr) char control[CMSG_SPACE(kMostDescriptors * sizeof(int))] = {};
    iovec data = {text, length};
    msghdr message = {};
    message.msg_name = const_cast<sockaddr_un*>(&address);
    message.msg_namelen = sizeof address;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    if (descriptors > 0) {
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        for (int i = 0; i < descriptors; i++) {
            memcpy(CMSG_DATA(header) + i * sizeof(int), &null, sizeof null);
        }
    }
    long taken = 0;
    for (long i = 0; i < count; i++) {
        if (sendmsg(to, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) taken++;
    }
    return taken;
}

}  // namespace

int main(int argc, char** argv) {
    const bool stay = argc > 1 && strcmp(argv[1], "--stay") == 0;
    char** words = argv + (stay ? 2 : 1);
    if (argc < (stay ? 6 : 5)) {
        fputs("usage: notify-sender [--stay] SOCKET COUNT DESCRIPTORS LINE...\n", stderr);
        return 1;
    }
    const long count = atol(words[1]);
    const int descriptors = atoi(words[2]);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    if (strlen(words[0]) >= sizeof address.sun_path || descriptors < 0 ||
        descriptors > kMostDescriptors) {
        fputs("notify-sender: too long, or too many\n", stderr);
        return 1;
    }
    memcpy(address.sun_path, words[0], strlen(words[0]));
    const int to = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (to < 0) return fail("socket");
    static char text[kMostText];
    const size_t length = join_lines(words + 3, text);
    const long taken = send_all(to, address, count, descriptors, text, length);
    printf("taken %ld of %ld, %s\n", taken, count, taken == count ? "no error" : strerror(errno));
    fflush(stdout);
    while (stay)
        pause();
    return 0;
}
