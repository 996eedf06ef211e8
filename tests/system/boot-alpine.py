#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""boxctl boot of the pristine Alpine minirootfs: what a newcomer sees, and what it costs to idle.

Alpine's inittab calls OpenRC, which its minirootfs does not hold, and wants six terminals.
"""
import os, re, subprocess, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import Box, copy_with_login, cpu_ms, equal, leaves_box, main, processes_of, tree

shared = {}


def box():
    return shared["box"]


@leaves_box
def the_untouched_tree_boots_to_a_login_prompt():
    start = time.monotonic()
    shared["box"] = Box("boot", tree("alpine_root"))
    box().expect(r"login: ")
    print(f"# {1000 * (time.monotonic() - start):.0f} ms to the prompt")


@leaves_box
def nothing_on_the_console_speaks_of_an_error():
    text = box().everything.decode(errors="replace")
    for word in ("can't", "cannot", "failed", "error", "openrc", "No such", "denied", "not found", "warning"):
        assert word.lower() not in text.lower(), f"{word!r} in {text!r}"


@leaves_box
def the_prompt_is_alpines_on_tty1():
    text = box().everything.decode(errors="replace")
    assert "Welcome to Alpine Linux" in text, text
    assert re.search(r"\(tty1\)|tty1", text), text
    equal(text.count("login: "), 1)


@leaves_box
def the_namespaces_differ_from_the_hosts_in_all_eight_kinds():
    pid = box().leader()
    for kind in ("mnt", "pid", "net", "ipc", "uts", "cgroup", "user", "time"):
        assert os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind


@leaves_box
def an_idle_box_uses_no_cpu_and_starts_no_process():
    """Twenty seconds; six terminals whose getty cannot open them would show as a respawn storm."""
    inside = sorted(processes_of(box().leader()))
    watched = [*inside, box().pid]
    before = {pid: cpu_ms(pid) for pid in watched}
    output = box().idle(20)
    after = {pid: cpu_ms(pid) for pid in watched}
    used = {pid: after[pid] - before[pid] for pid in watched}
    print(f"# boxctl {used[box().pid]} ms, {len(inside)} processes inside {sum(used.values()) - used[box().pid]} ms")
    equal(sorted(processes_of(box().leader())), inside)
    equal(output, b"")
    assert sum(used.values()) < 50, used


@leaves_box
def the_further_gettys_wait_quietly():
    commands = []
    for pid in processes_of(box().leader()):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            commands.append(file.read().replace(b"\0", b" ").decode().strip())
    for tty in range(1, 7):
        equal(sum(c.endswith(f"tty{tty}") and "getty" in c for c in commands), 1)


def sigterm_powers_it_off():
    box().kill(15)
    equal(box().ended(10), 0)


def the_tree_is_left_as_it_was():
    """inittab is changed for the box alone."""
    with open(os.path.join(tree("alpine_root"), "etc/inittab"), encoding="ascii") as file:
        assert "/sbin/openrc sysinit" in file.read()


# --- logged in --------------------------------------------------------------------------------
def logged_in():
    one = Box("boot", copy_with_login(tree("alpine_root")))
    one.login()
    return one


@leaves_box
def root_logs_in():
    shared["box"] = logged_in()
    equal(box().command("id -un"), "root")
    equal(box().command("tty"), "/dev/tty1")


@leaves_box
def pid_1_is_busybox_init():
    equal(box().command("cat /proc/1/comm"), "init")
    equal(box().command("readlink /proc/1/exe"), "/bin/busybox")


@leaves_box
def the_terminals_exist():
    equal(box().command("for n in 1 2 3 4 5 6 7; do [ -c /dev/tty$n ] && echo $n; done | tr -d '\\n'"), "123456")
    equal(box().command("stat -c %t:%T /dev/tty1"), box().command("stat -c %t:%T /dev/console"))
    equal(box().command("stat -c %a:%u /dev/tty2 | cut -d: -f2"), "0")


@leaves_box
def clocks_count_from_the_start():
    assert int(box().command("cut -d. -f1 /proc/uptime")) < 30
    assert "up 0 min" in box().command("uptime")


@leaves_box
def daily_work_works():
    equal(box().command("ping -c1 -W2 127.0.0.1 >/dev/null && mount -t tmpfs x /mnt && touch /mnt/x && umount /mnt && echo fine"), "fine")
    assert "uid=0" in box().command("unshare -Ur id")
    equal(box().command("unshare -Urm mount -t tmpfs x /mnt && echo fine"), "fine")
    equal(box().command("adduser -D me && su me -c 'id -un'"), "me")
    equal(box().command("umask"), "0022")


@leaves_box
def job_control_works():
    box().send("sleep 100\n")
    time.sleep(0.3)
    box().send("\x1a")
    box().expect(r"Stopped")
    box().send("fg\n")
    time.sleep(0.2)
    box().send("\x03")
    box().expect(r"\^C(?s:.)*box\$ ")
    box().send("echo st''atus $?\n")
    box().expect(r"status 130\r\n.*box\$ ")


@leaves_box
def reboot_boots_again_in_the_same_boxctl():
    first, leader = box().command("cat /proc/sys/kernel/random/boot_id"), box().leader()
    box().send("reboot\n")
    box().expect("login: ")
    assert box().leader() not in (None, leader)
    box().send("root\n")
    box().expect(r"[#$] ")
    box().send("PS1=box'$ '; echo in''side\n")
    box().expect(r"inside\r\n.*box\$ ")
    second = box().command("cat /proc/sys/kernel/random/boot_id")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", second), second
    assert first != second
    assert int(box().command("cut -d. -f1 /proc/uptime")) < 15, "the clocks count from the new start"


def poweroff_ends_it_with_0():
    box().send("poweroff\n")
    equal(box().ended(15), 0)


def halt_ends_it_with_0():
    one = logged_in()
    one.send("halt\n")
    equal(one.ended(15), 0)


def keep_unit_leaves_the_reboot_to_the_caller():
    one = Box("boot", "--keep-unit", copy_with_login(tree("alpine_root")))
    one.login()
    one.send("reboot\n")
    equal(one.ended(15), 133)


def nothing_remains():
    leftovers = [n for n in os.listdir("/run/boxctl") if n.startswith(f"t-{os.getpid()}-")]
    equal(leftovers, [])
    mounts = subprocess.run(["grep", "-c", f"t-{os.getpid()}-", "/proc/self/mountinfo"], stdout=subprocess.PIPE, text=True, check=False)
    equal(mounts.stdout.strip(), "0")


main([the_untouched_tree_boots_to_a_login_prompt, nothing_on_the_console_speaks_of_an_error, the_prompt_is_alpines_on_tty1,
      the_namespaces_differ_from_the_hosts_in_all_eight_kinds, an_idle_box_uses_no_cpu_and_starts_no_process,
      the_further_gettys_wait_quietly, sigterm_powers_it_off, the_tree_is_left_as_it_was, root_logs_in, pid_1_is_busybox_init,
      the_terminals_exist, clocks_count_from_the_start, daily_work_works, job_control_works, reboot_boots_again_in_the_same_boxctl,
      poweroff_ends_it_with_0, halt_ends_it_with_0, keep_unit_leaves_the_reboot_to_the_caller, nothing_remains])
