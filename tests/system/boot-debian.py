#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""boxctl boot of Debian trees: systemd and sysvinit, from the first prompt to their own shutdown."""
import os, re, signal, subprocess, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import Box, copy_with_login, cpu_ms, equal, eventually, leaves_box, main, processes_of, tree

shared = {}


def box():
    return shared["box"]


def boot(init, *options):
    """Boots a copy of the tree and logs in; -> seconds to the prompt."""
    if init not in shared:
        shared[init] = copy_with_login(tree(f"debian_root bookworm {init}"))
    start = time.monotonic()
    shared["box"] = Box("boot", *options, shared[init], size=(50, 200))
    box().expect(r"login: ", 60)
    took = time.monotonic() - start
    print(f"# {init}: {took:.1f} s to the prompt")
    box().send("root\n")
    box().expect(r"root@\S+:.*# ", 30)
    box().send("PS1='box$ '; export PAGER=cat SYSTEMD_COLORS=0; bind 'set enable-bracketed-paste off'; echo in''side\n")
    box().expect(r"inside\r\n.*box\$ ")


def shown():
    return box().everything.decode(errors="replace")


# --- systemd ----------------------------------------------------------------------------------
@leaves_box
def systemd_boots_to_a_login_prompt():
    boot("systemd")


@leaves_box
def systemd_knows_that_it_is_in_a_container():
    equal(box().command("cat /proc/1/comm"), "systemd")
    equal(box().command("systemd-detect-virt"), "container-other")
    assert "Detected virtualization" in shown() or "container" in box().command("systemctl show -p Virtualization")


@leaves_box
def systemd_has_its_host_name_and_machine_id():
    with open(os.path.join(shared["systemd"], "etc/hostname"), encoding="ascii") as file:
        equal(box().command("hostname"), file.read().strip())  # the tree's own wins, as under nspawn
    inside = box().command("cat /etc/machine-id")
    assert re.fullmatch(r"[0-9a-f]{32}", inside), inside
    equal(box().command("tr '\\0' '\\n' </proc/1/environ | sed -n s/container_uuid=//p").replace("-", ""), inside)


@leaves_box
def systemd_says_running():
    state = box().command("systemctl is-system-running --wait", 60)
    if state != "running":
        print("#", box().command("systemctl --failed --no-legend --plain").replace("\n", "\n# "))
        print("#", box().command("journalctl -b -p warning --no-pager | tail -n 40").replace("\n", "\n# "))
    equal(state, "running")


@leaves_box
def systemd_has_nothing_to_complain_about():
    """Warnings of this boot but for those of the tree (no locales in it) and of the host's limits."""
    known = ("/etc/default/locale", "Failed to set fd limit")
    lines = [l for l in box().command("journalctl -b -p warning --no-pager -o cat").split("\n") if l and not any(k in l for k in known)]
    lines = [l for l in lines if l != "-- No entries --"]
    equal(lines, [])


@leaves_box
def systemd_puts_services_into_its_own_cgroups():
    where = box().command("cut -d: -f3 /proc/self/cgroup | tail -n 1")
    assert where.startswith("/") and "boxctl" not in where, where
    box().command("systemd-run --unit=made --wait -q /bin/true", 30)
    equal(box().command("systemd-run --wait -q /bin/sh -c 'exit 3'; echo $?", 30), "3")


@leaves_box
def systemds_sandboxing_works():
    """Private file systems and users of services are mounts and namespaces in the box."""
    for property in ("PrivateTmp=yes", "ProtectSystem=strict", "PrivateUsers=yes", "PrivateNetwork=yes", "NoNewPrivileges=yes",
                     "DynamicUser=yes", "TemporaryFileSystem=/opt"):
        equal(box().command(f"systemd-run --wait -q -p {property} /bin/true; echo $?", 30), "0")


@leaves_box
def an_idle_systemd_box_costs_boxctl_nothing():
    before = cpu_ms(box().pid)
    box().idle(5)
    assert cpu_ms(box().pid) - before < 20


def sigterm_lets_systemd_shut_down():
    leader = box().leader()
    start = time.monotonic()
    box().kill(signal.SIGTERM)
    equal(box().ended(25), 0)
    print(f"# {time.monotonic() - start:.1f} s to shut down, pid {leader}")
    text = shown()
    assert re.search(r"Reached target.*(Power-Off|poweroff|Shutdown)|Powering off", text), text[-2000:]


@leaves_box
def systemctl_reboot_boots_again():
    boot("systemd")
    first = box().command("cat /proc/sys/kernel/random/boot_id")
    box().send("systemctl reboot\n")
    box().expect(r"login: ", 60)
    box().send("root\n")
    box().expect(r"root@\S+:.*# ", 30)
    box().send("PS1='box$ '; bind 'set enable-bracketed-paste off'; echo in''side\n")
    box().expect(r"inside\r\n.*box\$ ")
    assert box().command("cat /proc/sys/kernel/random/boot_id") != first


def systemctl_poweroff_ends_it():
    box().send("systemctl poweroff\n")
    equal(box().ended(40), 0)


def systemd_on_a_read_only_root():
    one = Box("boot", "--volatile=overlay", shared["systemd"], size=(50, 200))
    one.expect(r"login: ", 60)
    one.kill(signal.SIGTERM)
    equal(one.ended(25), 0)


# --- sysvinit ---------------------------------------------------------------------------------
@leaves_box
def sysvinit_boots_to_a_login_prompt():
    boot("sysvinit")


@leaves_box
def sysvinit_is_pid_1_in_runlevel_2():
    equal(box().command("cat /proc/1/comm"), "init")
    equal(box().command("runlevel"), "N 2")


@leaves_box
def sysvinit_gets_along_with_its_terminals_and_processes():
    """Its scripts try to remount what is not theirs to change; they are told no, and go on."""
    bad = [l for l in shown().splitlines() if re.search(r"respawning too fast|INIT: (cannot|no more)|input/output|no such device", l, re.I)]
    equal(bad, [])


@leaves_box
def sysvinit_idles():
    inside = sorted(processes_of(box().leader()))
    before = cpu_ms(box().pid)
    box().idle(3)
    assert cpu_ms(box().pid) - before < 20
    equal(sorted(processes_of(box().leader())), inside)


def sigterm_lets_sysvinit_shut_down():
    start = time.monotonic()
    box().kill(signal.SIGTERM)
    box().expect(r"runlevel:? 0", 15)
    equal(box().ended(25), 0)
    print(f"# {time.monotonic() - start:.1f} s to shut down")


def a_reboot_typed_in_sysvinit_boots_again():
    boot("sysvinit")
    leader = box().leader()
    box().send("reboot\n")
    box().expect(r"login: ", 60)
    assert box().leader() != leader
    box().send("root\n")
    box().expect(r"# ", 30)
    box().send("poweroff\n")
    equal(box().ended(40), 0)


def nothing_remains():
    equal([n for n in os.listdir("/run/boxctl") if n.startswith(f"t-{os.getpid()}-")], [])
    eventually(lambda: subprocess.run(["find", "/sys/fs/cgroup", "-name", f"t-{os.getpid()}-*"], stdout=subprocess.PIPE, check=False).stdout == b"",
               "a cgroup is left")


main([systemd_boots_to_a_login_prompt, systemd_knows_that_it_is_in_a_container, systemd_has_its_host_name_and_machine_id,
      systemd_says_running, systemd_has_nothing_to_complain_about, systemd_puts_services_into_its_own_cgroups,
      systemds_sandboxing_works, an_idle_systemd_box_costs_boxctl_nothing, sigterm_lets_systemd_shut_down,
      systemctl_reboot_boots_again, systemctl_poweroff_ends_it, systemd_on_a_read_only_root,
      sysvinit_boots_to_a_login_prompt, sysvinit_is_pid_1_in_runlevel_2, sysvinit_gets_along_with_its_terminals_and_processes, sysvinit_idles,
      sigterm_lets_sysvinit_shut_down, a_reboot_typed_in_sysvinit_boots_again, nothing_remains])
