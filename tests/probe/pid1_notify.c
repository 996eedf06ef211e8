/* SPDX-License-Identifier: LGPL-2.1-or-later
 * pid1-notify [-n COUNT] [-p PID] [-d] WORD...
 * Sends each WORD to $NOTIFY_SOCKET, COUNT times; with 16 descriptors (-d), as if PID had sent it
 * (-p). Some words are others: "@PATH" waits until PATH exists, "pause" for ever.
 * Prints "sent N refused N". A box's PID 1, or who would like to be taken for it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int send_one(int fd, const struct sockaddr_un* address, const char* text, int descriptors,
                    pid_t pid) {
    int fds[16] = {0};
    struct ucred claimed = {pid, 0, 0};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fds) + CMSG_SPACE(sizeof claimed)] = {
            0};
    struct iovec data = {(char*)text, strlen(text)};
    struct msghdr message = {0};
    message.msg_name = (void*)address;
    message.msg_namelen = sizeof *address;
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    struct cmsghdr* header = (struct cmsghdr*)control;
    if (pid != 0) {
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_CREDENTIALS;
        header->cmsg_len = CMSG_LEN(sizeof claimed);
        memcpy(CMSG_DATA(header), &claimed, sizeof claimed);
        message.msg_controllen += CMSG_SPACE(sizeof claimed);
        header = (struct cmsghdr*)(control + message.msg_controllen);
    }
    if (descriptors) {
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof fds);
        memcpy(CMSG_DATA(header), fds, sizeof fds);
        message.msg_controllen += CMSG_SPACE(sizeof fds);
    }
    if (message.msg_controllen > 0) message.msg_control = control;
    return sendmsg(fd, &message, MSG_NOSIGNAL) >= 0 ? 0 : -1;
}

int main(int argc, char** argv) {
    const char* path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    long count = 1, sent = 0, refused = 0;
    int descriptors = 0, option;
    pid_t pid = 0;
    while ((option = getopt(argc, argv, "+n:p:d")) != -1) {
        if (option == 'n') count = atol(optarg);
        if (option == 'p') pid = (pid_t)atoi(optarg);
        if (option == 'd') descriptors = 1;
        if (option == '?') return 2;
    }
    if (path == NULL) path = "/run/host/notify";
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) return 1;
    for (int i = optind; i < argc; i++) {
        if (argv[i][0] == '@') {
            while (access(argv[i] + 1, F_OK) != 0)
                usleep(50000);
        } else if (strcmp(argv[i], "pause") == 0) {
            printf("sent %ld refused %ld\n", sent, refused);
            fflush(stdout);
            for (;;)
                pause();
        } else {
            for (long n = 0; n < count; n++) {
                if (send_one(fd, &address, argv[i], descriptors, pid) == 0)
                    sent++;
                else
                    refused++;
            }
        }
    }
    printf("sent %ld refused %ld\n", sent, refused);
    return 0;
}
