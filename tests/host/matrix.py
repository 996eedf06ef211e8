#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# time limit: 900 s
"""Every init is a first-class machine: what systemd's own tools can do with a box, whatever runs in it.

A row is a kind of box, a column a thing that is done from the host by machinectl, systemctl -M or
systemd-run -M of a real systemd. Each cell is a case; the table is printed at the end.

    tests/host/matrix.py                  all boxes on the first host, three of them on the others
    MATRIX=full tests/host/matrix.py      all boxes on all hosts, and beside it systemd-nspawn's table
    HOST_SUITES=trixie ...                on this host only
"""
import os, re, signal, subprocess, sys, time, traceback
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import SRC, Box, Skip, clean_up, equal, stop, tree
import pty

HOST = os.path.join(SRC, "tests/lib/host")
FULL = os.environ.get("MATRIX") == "full"
LIMIT = 60.0  # seconds, for what takes a few


class Row:
    """A kind of box: how its tree is made, what makes a service `marker` in it, and what else to do first.

    `seed` is done to a copy of the tree, which then is the tree; the rest in the running box.
    """

    def __init__(self, name, maker, service=None, everywhere=False, prepare=None, seed=None):
        self.name, self.maker, self.service = name, maker, service
        self.everywhere, self.prepare, self.seed = everywhere, prepare, seed


# A service as each init knows one: what is written in the box before the columns.
SLEEPER = "printf '#!/bin/sh\\nexec sleep 1000\\n' >/usr/sleeper; chmod 755 /usr/sleeper; "
SYSTEMD = SLEEPER + "printf '[Service]\\nExecStart=/usr/sleeper\\n' >/etc/systemd/system/marker.service; systemctl daemon-reload"
SYSV = (SLEEPER + r"printf '#!/bin/sh\n### BEGIN INIT INFO\n# Provides: marker\n# Default-Start:\n# Default-Stop:\n### END INIT INFO\n"
        r"case $1 in start) /usr/sleeper </dev/null >/dev/null 2>&1 & echo $! >/run/marker.pid ;; "
        r"stop) kill $(cat /run/marker.pid); rm /run/marker.pid ;; status) test -e /run/marker.pid || exit 3 ;; esac\n' "
        ">/etc/init.d/marker; chmod 755 /etc/init.d/marker")
OPENRC = (r"printf '#!/sbin/openrc-run\ncommand=/bin/sleep\ncommand_args=1000\ncommand_background=yes\npidfile=/run/marker.pid\n' "
          ">/etc/init.d/marker; chmod 755 /etc/init.d/marker")
RUNIT = SLEEPER + r"mkdir -p /etc/sv/marker; cp /usr/sleeper /etc/sv/marker/run; touch /etc/sv/marker/down; ln -sf /etc/sv/marker /etc/service/marker"
BOX_INIT = (r"mkdir -p etc/box-init; printf '[Service]\nExecStart=/bin/sleep 1000\n' >etc/box-init/marker.service.ini; "
            r"printf '[Service]\nExecStart=/bin/sleep 2000\n' >etc/box-init/other.service.ini")
OWN_BUS = "mkdir -p /run/dbus; dbus-daemon --system --fork"

ROWS = [
    Row("alpine", "alpine_root", everywhere=True),
    Row("busybox", "busybox_root"),
    Row("systemd", "debian_root bookworm systemd", SYSTEMD, everywhere=True),
    Row("sysvinit", "debian_root bookworm sysvinit", SYSV, everywhere=True),
    Row("openrc", "debian_root bookworm openrc", OPENRC),
    Row("runit", "debian_root bookworm runit", RUNIT),
    Row("ownbus", "cached_root debian-bookworm-sysvinit-dbus debian --suite=bookworm --init=sysvinit --include=dbus", SYSV,
        prepare=OWN_BUS),
    Row("boxinit", "busybox_root", "true", everywhere=True, seed=BOX_INIT),
]


class Host:
    def __init__(self, suite):
        self.name = f"t-{os.getpid()}-{suite}"
        done = subprocess.run([HOST, "up", self.name, f"--suite={suite}", f"--owner={os.getpid()}"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode == 77 or (done.returncode and suite == "sid"):
            raise Skip(f"a host of {suite}: {done.stderr.strip()[-200:]}")
        assert done.returncode == 0, done.stderr
        self.version = done.stdout.split()[1]

    def try_run(self, *words, data=None, limit=LIMIT):
        source = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
        return subprocess.run([HOST, "run", self.name, "--", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=limit, check=False, **source)

    def run(self, *words, data=None, limit=LIMIT):
        done = self.try_run(*words, data=data, limit=limit)
        assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}: {done.stderr.decode()[-500:]}"
        return done.stdout.decode(errors="replace").replace("\r", "")

    def down(self):
        subprocess.run([HOST, "down", self.name], check=False)


class Typed(Box):
    """A command of the host's on a pty."""

    def __init__(self, host, *words, size=(40, 100)):
        self.name = "typed"
        self.seen, self.everything, self.status = b"", b"", None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execv(HOST, [HOST, "tty", host.name, "--", *words])
        self.resize(*size)


def wait_for(true, what, limit=LIMIT):
    until = time.monotonic() + limit
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.1)


class Machine:
    """A box of a row on a host, by boxctl or, to compare, by systemd-nspawn."""

    def __init__(self, host, row, launcher):
        self.host, self.row, self.name, self.launcher = host, row, row.name, launcher
        self.path = tree(row.maker)
        if row.seed:
            copy = f"/var/lib/machines/{self.name}"
            host.run("sh", "-c", f"test -d {copy} || {{ cp -a {self.path} {copy} && cd {copy} && {row.seed}; }}")
            self.path = copy

    def start(self):
        self.host.try_run("systemctl", "reset-failed", f"run-{self.name}")
        words = ["boxctl", "boot", self.path, "-x", "-M", self.name, "--console=passive"]
        if self.launcher != "boxctl":
            words = ["systemd-nspawn", "--quiet", "--boot", "-D", self.path, "--volatile=overlay", "-U", "-M", self.name]
        self.host.run("systemd-run", "--quiet", "--collect", f"--unit=run-{self.name}", *words)
        wait_for(self.registered, "it is not registered")
        if self.launcher == "boxctl":
            wait_for(lambda: self.shell("true").returncode == 0, "it cannot be entered")
        if self.row.name == "systemd":
            self.host.try_run("systemctl", "-M", self.name, "is-system-running", "--wait")
        for script in (self.row.prepare, self.row.service):
            if script:
                self.shell(script)

    def shell(self, script):
        return self.host.try_run("machinectl", "--quiet", "shell", self.name, "/bin/sh", "-c", script)

    def says(self, script):
        return self.shell(script).stdout.decode(errors="replace").replace("\r", "").strip()

    def leader(self):
        """Whom machined enters it through; empty: it does not know the machine."""
        return self.host.try_run("machinectl", "show", self.name, "-p", "Leader", "--value").stdout.decode().strip()

    def registered(self):
        return self.leader() != ""

    def ended(self):
        return self.host.try_run("systemctl", "--quiet", "is-active", f"run-{self.name}").returncode != 0

    def result(self):
        return self.host.run("systemctl", "show", f"run-{self.name}", "-p", "Result", "--value").strip()

    def stop(self):
        self.host.try_run("systemctl", "kill", "--signal=KILL", f"run-{self.name}")
        wait_for(self.ended, "it cannot be killed")


# --- the columns: each raises AssertionError for "no" ---

def lists(box):
    line = [l for l in box.host.run("machinectl", "--no-legend", "list").splitlines() if l.startswith(box.name + " ")]
    assert line and "container" in line[0], line


def status(box):
    said = box.host.run("machinectl", "status", "--no-pager", box.name)
    assert re.search(r"Leader: \d+", said), said
    if os.path.exists(os.path.join(box.path, "etc/os-release")):
        assert re.search(r"OS: \S", said), said


def shell(box):
    equal(box.says("echo marker $(id -u)"), "marker 0")


def shell_as_user(box):
    got = box.host.run("machinectl", "--quiet", "shell", f"nobody@{box.name}", "/bin/sh", "-c", "id -u").strip()
    equal(got, "65534")


def interactive(box):
    typed = Typed(box.host, "machinectl", "--quiet", "shell", box.name, "/bin/sh")
    try:
        typed.expect(r"[#$] ")
        typed.send("stty size; echo si''ze\r")
        typed.expect(r"40 100\r\n(?s:.*)size")
        typed.send("sleep 100; echo be''hind $?\r")
        typed.idle(0.5)
        typed.send("\x03")
        typed.expect(r"[#$] ")
        typed.send("echo st''ill; exit\r")
        typed.expect(r"still")
        equal(typed.ended(), 0)
    finally:
        typed.close()


def login(box):
    box.shell("sed -i 's/^root:[^:]*:/root::/' /etc/shadow")
    typed = Typed(box.host, "machinectl", "login", box.name)
    try:
        typed.expect(r"login: ")
        typed.send("root\r")
        typed.expect(r"[#$] ?(\x1b\[[0-9;]*[a-zA-Z])*$")
        typed.send("echo in''side\r")
        typed.expect(r"inside\r\n")
        typed.send("\x1d\x1d\x1d")
        typed.ended()
    finally:
        typed.close()


def copy_from(box):
    box.host.run("rm", "-f", f"/tmp/from-{box.name}")
    box.host.run("machinectl", "copy-from", box.name, "/etc/passwd", f"/tmp/from-{box.name}")
    assert "root:" in box.host.run("cat", f"/tmp/from-{box.name}")


def copy_to(box):
    box.host.run("sh", "-c", f"echo copied >/tmp/to-{box.name}")
    box.host.run("machinectl", "copy-to", box.name, f"/tmp/to-{box.name}", "/root/copied")
    if box.launcher == "boxctl":
        equal(box.says("cat /root/copied; stat -c %u /root/copied"), "copied\n0")


def bind(box):
    box.host.run("sh", "-c", "mkdir -p /srv/bound && echo bound >/srv/bound/file")
    if box.launcher == "boxctl":
        box.host.run("boxctl", "bind", box.name, "/srv/bound", "/mnt/bound", "--mkdir")
    else:
        box.host.run("machinectl", "bind", "--mkdir", box.name, "/srv/bound", "/mnt/bound")
    # In the box itself, not only where its leader is.
    equal(box.says("cat /proc/1/root/mnt/bound/file"), "bound")


def run_plain(box):
    box.host.run("systemd-run", "--quiet", "-M", box.name, "/bin/sh", "-c", "echo ran >/run/ran")
    wait_for(lambda: box.says("cat /run/ran") == "ran", "it did not run")


def run_wait(box):
    equal(box.host.try_run("systemd-run", "--quiet", "-M", box.name, "--wait", "/bin/sh", "-c", "exit 7").returncode, 7)


def run_pipe(box):
    data = bytes(range(256)) * 64
    done = box.host.try_run("systemd-run", "--quiet", "-M", box.name, "--wait", "--pipe", "/bin/cat", data=data)
    equal((done.returncode, done.stdout), (0, data))


def is_running(box):
    equal(box.host.try_run("systemctl", "-M", box.name, "is-system-running").stdout.decode().strip(), "running")


def service(box):
    listed = box.host.run("systemctl", "-M", box.name, "list-units", "--all", "--no-pager", "--plain", "--no-legend")
    if not box.row.service:  # busybox init has only its inittab
        return equal(bool(re.search(r"inittab-\d+\.service", listed)), True)
    active = lambda: box.host.try_run("systemctl", "-M", box.name, "is-active", "marker").stdout.decode().strip() == "active"
    box.host.run("systemctl", "-M", box.name, "start", "marker")
    wait_for(active, "it does not start")
    box.host.run("systemctl", "-M", box.name, "stop", "marker")
    wait_for(lambda: not active(), "it does not stop")


def reboot(box):
    before = box.leader()
    box.shell("touch /run/former")
    box.host.run("machinectl", "reboot", box.name)
    wait_for(lambda: box.leader() not in ("", before), "it does not come back")
    # An init that reboots may end the companion first: another one enters the old life then.
    wait_for(lambda: box.says("test -e /run/former || echo again") == "again", "it cannot be entered again")


def power_off(box):
    box.host.run("machinectl", "poweroff", box.name)
    wait_for(box.ended, "it does not end")
    wait_for(lambda: not box.registered(), "it stays registered")


def start_again(box):
    if not box.ended():
        box.stop()
    box.start()


def terminate(box):
    start_again(box)
    box.host.run("machinectl", "terminate", box.name)
    wait_for(box.ended, "it does not end")


def kill(box):
    start_again(box)
    box.host.run("machinectl", "kill", "--signal=KILL", box.name)
    wait_for(box.ended, "it does not end")
    wait_for(lambda: not box.registered(), "it stays registered")


# Before a program that fails leaves a failed unit with a systemd in the box.
COLUMNS = [lists, status, is_running, shell, shell_as_user, interactive, login, copy_to, copy_from, bind, run_plain, run_wait, run_pipe,
           service, reboot, power_off, terminate, kill]


class Table:
    def __init__(self):
        self.count, self.failed, self.cells = 0, 0, {}

    def report(self, name, result, why=""):
        self.count += 1
        self.failed += result == "no"
        print(f"{'not ' * (result == 'no')}ok {self.count} - {name}" + (f" # SKIP {why}" if result == "skip" else ""))
        for line in why.splitlines() if result == "no" else []:
            print("#  ", line)
        sys.stdout.flush()

    def show(self, title):
        print(f"# {title}")
        good = sum(cell == "yes" for cell in self.cells.values())
        print(f"# count: {title}: {good} of {len(self.cells)} cells")
        names = [c.__name__.replace("_", " ") for c in COLUMNS]
        for row in sorted({r for r, _ in self.cells}):
            said = [f"{n}: {self.cells.get((row, n), '-')}" for n in names]
            print(f"#   {row:9}", ", ".join(said))
        sys.stdout.flush()


def cell(column, box):
    try:
        column(box)
        return "yes", ""
    except (AssertionError, OSError, subprocess.SubprocessError):
        return "no", traceback.format_exc(limit=-3)


def fill(table, host, row, launcher):
    try:
        box = Machine(host, row, launcher)
    except Skip as reason:
        table.report(f"{host.version} {row.name}", "skip", str(reason).replace("\n", " "))
        return
    try:
        box.start()
        for column in COLUMNS:
            name = column.__name__.replace("_", " ")
            result, why = cell(column, box)
            table.cells[(row.name, name)] = result
            # What the peer cannot do is no failure of ours.
            if launcher == "boxctl":
                table.report(f"{host.version} {row.name}: {name}", result, why)
    except AssertionError as error:
        if launcher == "boxctl":
            table.report(f"{host.version} {row.name}: it starts", "no", str(error))
    finally:
        box.stop()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    suites = os.environ.get("HOST_SUITES") or subprocess.run([HOST, "suites"], stdout=subprocess.PIPE, text=True, check=True).stdout
    table = Table()
    only = os.environ.get("MATRIX_ROWS", "").split()
    for index, suite in enumerate(suites.split()):
        try:
            host = Host(suite)
        except Skip as reason:
            table.report(f"a host of {suite}", "skip", str(reason).replace("\n", " "))
            continue
        try:
            for launcher in ["boxctl"] + ["systemd-nspawn"] * FULL:
                table.cells = {}
                for row in ROWS:
                    if (index == 0 or row.everywhere or FULL) and (not only or row.name in only):
                        fill(table, host, row, launcher)
                table.show(f"{launcher} under systemd {host.version}")
        finally:
            host.down()
    clean_up()
    print(f"1..{table.count}")
    sys.exit(1 if table.failed or not table.count else 0)


if __name__ == "__main__":
    main()
