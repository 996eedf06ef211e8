# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where boxctl nspawn differs from systemd-nspawn on purpose, and why.

Each: a pattern for the names of cases, one for keys of look.sh ("" is the whole output of a case), a
test of both values, and the reason. One that no case meets fails the test: it would be out of date.
"""
import os, re


class Difference:
    def __init__(self, key, reason, case="", nspawn=None, boxctl=None):
        self.key, self.reason, self.case, self.nspawn, self.boxctl = key, reason, case, nspawn, boxctl
        self.met = 0

    def covers(self, case, key, nspawn, boxctl):
        def fits(pattern, value):
            return pattern is None or re.fullmatch(pattern, value or "", re.S) is not None
        return (re.search(self.case, case) is not None and re.fullmatch(self.key, key) is not None
                and fits(self.nspawn, nspawn) and fits(self.boxctl, boxctl))


def before_kernel(major, minor, *differences):
    """Those that an older kernel brings with it."""
    release = [int(number) for number in re.findall(r"\d+", os.uname().release)[:2]]
    return differences if release < [major, minor] else ()


DIFFERENCES = [
    # --- newer systemd-nspawn than Debian 12's 252: 257 or 262 do as boxctl does ---
    Difference("dev /dev/fuse", "257 and newer make /dev/fuse", boxctl=".*666 a:e5 "),
    Difference("env TERM", "262 says 'dumb' where there is no terminal", boxctl="dumb"),
    Difference("limit Max open files", "262 gives what the kernel gives its PID 1, not what the caller has",
               boxctl="1024 .*"),
    Difference("host /run/host/(proc-kmsg|proc-sys-kernel-random-boot-id)", "262 keeps them as files", nspawn=""),
    Difference("dev /dev/core", "262 makes the link where there is a kcore", nspawn=""),
    Difference("call bpf", "257 and newer allow it with CAP_BPF", case="^all", boxctl="22"),
    # --- users and processes ---
    Difference("env (USER|LOGNAME)", "who is named by a number has the name that passwd gives that number",
               case="a user by number", nspawn="65534", boxctl="nobody"),
    Difference("env NO_SUCH_VARIABLE_HERE", "what the caller has not set is not set in the box", boxctl=""),
    *before_kernel(6, 17, Difference("output", "the process that mounted /proc was number 2", case="process two")),
    Difference("id map", "the mount of the home shows its owner as the box's user: no id of the host's is in the box",
               case="a user of the host", nspawn=".* 54321 1; .*", boxctl=" 0 BASE 65536;  0 BASE 65536;"),
    Difference("(host|mount|path) (/run/host/accounts|/etc/(passwd|group|shadow))",
               "who has no nss-systemd finds the user in account files, read-only ones", case="a user of the host",
               boxctl="directory 755 0|tmpfs ro nosuid nodev noexec|regular file 444 0:0 "),
    Difference("exit status", "a user of the host is one in a privileged box, too", nspawn="1", boxctl="0",
               case="a user of the host without a user namespace"),
    # --- less of the kernel within reach ---
    Difference("call process_vm_readv", "refused without CAP_SYS_PTRACE, as ptrace is", case="no capability", boxctl="1"),
    Difference("mount /sys(/(block|bus|class|dev|devices|kernel))?", "one of the box's own network, not parts of the host's",
               case="private network", boxctl="sysfs .*|"),
    Difference("mount (/etc/passwd|/var)", "a mask with all flags that a mount can have", case="inaccessible",
               boxctl="tmpfs ro nosuid nodev noexec"),
    Difference("mount /var", "no devices, and nothing that gives rights, in what is forgotten", case="volatile",
               boxctl="tmpfs nosuid nodev"),
    Difference("call (io_uring_setup|userfaultfd)", "refused: what exploits of the kernel are mostly made with", boxctl="1"),
    Difference("socket vsock", "refused: not of any network namespace", boxctl="97"),
    Difference("read /proc/(kallsyms|keys|timer_list)", "masked: what they tell is the host's", boxctl="0"),
    Difference("mount /proc/(interrupts|kallsyms|key-users|keys|timer_list|kmsg|sys/kernel/random/boot_id)",
               "masked, or read-only: what they tell is the host's", boxctl="tmpfs ro .*"),
    Difference("mount /sys/(firmware|kernel/debug|kernel/security|kernel/tracing)", "masked: the host's", nspawn="",
               boxctl="tmpfs ro .*"),
    Difference("mount /sys/fs/cgroup", "version 2 only, and the box's own part of it", boxctl="cgroup2 .*"),
    Difference("mount (/|/x|/x/a|/y|/new/a|/new/a/d|/run/host/home/boxlee)", "devices are those of /dev only",
               boxctl=r".*\bnodev\b.*"),
    Difference("mount /dev", "nothing is executed there", boxctl="tmpfs nosuid noexec"),
    Difference("status CapInh", "no inheritable set: CVE-2022-29162 and its kin", boxctl="0+"),
    # --- files of ours ---
    Difference("host /run/host/(container-manager|container-uuid|os-release)", "nobody writes to them", boxctl=".* 444 0"),
    Difference("host /run/host/notify", "written to, not read or listed", boxctl="socket 200 0"),
    Difference("(host|mount) /run/host/incoming", "a command has no mount tunnel, only an init", boxctl=""),
    Difference("mount /run/host/os-release", "a copy instead of a mount of the host's file", boxctl=""),
    Difference("(host|mount) /run/host/credentials", "made read-only as a whole, so its mode does not matter",
               boxctl="directory 700 0|ramfs ro .*"),
    Difference("dev /dev/net/tun", "mode of the kernel's own, so that users of the box can use it", boxctl=".* 666 .*"),
    Difference("(mount|file) /(etc|x)/localtime", "a tree without time zones is left on UTC", boxctl="none|"),
]
