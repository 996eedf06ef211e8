// SPDX-License-Identifier: LGPL-2.1-or-later
// Run as root of a box: hung-fs DIR mounts a file system of its own at DIR that takes every request
// and never answers one. Who waits for it cannot even be killed: the kernel waits for the answer of
// what user space has taken (Linux, fs/fuse/dev.c: request_wait_answer()).
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static char request[256 * 1024];

static int answer_init(int fd) {
    const struct fuse_in_header* header = (const struct fuse_in_header*)request;
    struct {
        struct fuse_out_header header;
        struct fuse_init_out init;
    } answer;
    if (read(fd, request, sizeof request) < 0) return -1;
    memset(&answer, 0, sizeof answer);
    answer.header.len = sizeof answer;
    answer.header.unique = header->unique;
    answer.init.major = FUSE_KERNEL_VERSION;
    answer.init.minor = FUSE_KERNEL_MINOR_VERSION;
    answer.init.max_write = 4096;
    return write(fd, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : -1;
}

int main(int argc, char** argv) {
    char options[128];
    const int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (argc != 2 || fd < 0) {
        perror("hung-fs: /dev/fuse");
        return 1;
    }
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
    if (mount("hung", argv[1], "fuse", MS_NOSUID | MS_NODEV, options) < 0 || answer_init(fd) < 0) {
        perror("hung-fs");
        return 1;
    }
    puts("hung-fs: mounted");
    fflush(stdout);
    while (read(fd, request, sizeof request) >= 0 || errno == EINTR || errno == EAGAIN)
        continue;
    return 0;
}
