// SPDX-License-Identifier: LGPL-2.1-or-later
// exe-writer: a box's dynamic loader that is after the program it was to load.
//
// An image whose entry says "#!/proc/self/exe" makes the launcher's own binary run inside the box,
// with the image's loader (CVE-2019-5736). This is such a loader: it asks for that binary to write
// to. Permission comes before "text file busy": EACCES and the like say closed, ETXTBSY and success
// say open. No C library can start under these conditions, so there is none.
#include <asm/unistd.h>

#if defined(__x86_64__)

static long call(long number, long first, long second, long third) {
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(first), "S"(second), "d"(third)
                     : "rcx", "r11", "memory");
    return result;
}

__attribute__((noreturn, used)) static void attack(void) {
    static const char kOpen[] = "exe-writer open\n";
    static const char kClosed[] = "exe-writer closed\n";
    const int kWriteOnly = 1;
    const long kTextBusy = -26;
    const long fd = call(__NR_open, (long)"/proc/self/exe", kWriteOnly, 0);
    if (fd >= 0 || fd == kTextBusy) {
        call(__NR_write, 1, (long)kOpen, sizeof kOpen - 1);
    } else {
        call(__NR_write, 1, (long)kClosed, sizeof kClosed - 1);
    }
    call(__NR_exit_group, 0, 0, 0);
    __builtin_unreachable();
}

__asm__(".globl _start\n_start:\n\tand $-16, %rsp\n\tcall attack\n");

#else
#error "this probe is written for x86-64 only"
#endif
