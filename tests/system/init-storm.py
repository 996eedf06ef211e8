#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""box-init in a storm of orphans, which it leaves to the kernel (lib/init/storm.h).

That it does is seen in two ways: SIGCHLD is ignored, and while box-init itself is stopped, orphans
that end are gone, and no zombies. Each case is a function; `init-storm.py WORD` runs those whose
name holds WORD.
"""
import ctypes, os, pty, resource, signal, struct, subprocess, sys, time, traceback
from pathlib import Path

BUILD = os.environ.get("BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
BOXINIT = os.path.realpath(os.environ.get("BOXINIT", os.path.join(BUILD, "cmd/box-init/box-init")))
NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]
STORM = 600   # orphans: kStorm and some
PATIENCE = 60.0
MARK = f"96{os.getpid()}"  # sleeps of this test are found by their time

# Does what the lines on its input say, and says "heard N" for signals.
COMMAND = """
import os, signal, sys, time
def hear(number, frame):
    os.write(1, f"{name} {number}\\n".encode())
    if number == signal.SIGTERM:
        os._exit(4)
def orphans(count):
    for _ in range(count // 10):
        if os.fork() == 0:
            for _ in range(10):
                if os.fork() == 0:
                    os._exit(0)
            os._exit(0)
        os.wait()
name = "main"
for number in signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM:
    signal.signal(number, hear)
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "group" in sys.argv and os.fork() == 0:
    name = "other"
    os.close(0)
    while True:
        signal.pause()
os.write(1, b"ready\\n")
while True:
    line = sys.stdin.readline().split()
    if not line:
        os._exit(90)
    what, value = line[0], int(line[1])
    if what == "orphans":
        orphans(value)
    elif what == "storm":          # goes on and on beside us
        if os.fork() == 0:
            while True:
                orphans(10)
    elif what == "leave":          # in a session of its own
        if os.fork() == 0:
            os.setsid()
            if os.fork():
                os._exit(0)
            os.execlp("sleep", "sleep", str(value))
        os.wait()
    elif what == "exit":
        os._exit(value)
    elif what == "die":
        signal.signal(value, signal.SIG_DFL) if value != 9 else None
        os.kill(os.getpid(), value)
    os.write(1, b"done\\n")
"""
COMMAND_WORDS = [sys.executable, "-c", COMMAND]


def kernel_keeps_status():
    return tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) >= (6, 15)


def equal(got, want, what=""):
    assert got == want, f"{what}: got {got!r}, want {want!r}"


def eventually(condition, what):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"never: {what}"
        time.sleep(0.01)


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def field(pid, name):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return line.split()[1]
    raise AssertionError(f"no {name}")


def state_of(pid):
    try:
        return field(pid, "State")
    except (FileNotFoundError, ProcessLookupError):
        return "X"


class Life:
    """box-init with the command, as PID 1 of a PID namespace or, plain, as a subreaper."""

    def __init__(self, *options, words=(), plain=False, stdin=subprocess.PIPE, **popen):
        line = [*([] if plain else NAMESPACE), BOXINIT, *(["-s"] if plain else []), *options, "--",
                *COMMAND_WORDS, *words]
        self.outer = subprocess.Popen(line, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, bufsize=1, **popen)
        self.plain = plain
        self.said = []

    def __enter__(self):
        equal(self.line(), "ready")
        self.pid = self.outer.pid if self.plain else children_of(self.outer.pid)[0]
        self.command = children_of(self.pid)[0]
        return self

    def __exit__(self, *_):
        if self.plain:
            for child in children_of(self.outer.pid) if self.outer.poll() is None else []:
                os.kill(child, signal.SIGKILL)
        self.outer.kill()
        self.outer.wait()
        self.outer.stdout.close()
        if self.outer.stdin:
            self.outer.stdin.close()

    def line(self):
        """The next line that does not come from box-init; those are kept."""
        while True:
            line = self.outer.stdout.readline()
            assert line, f"has closed its output; said {self.said}"
            if not line.startswith("box-init: "):
                return line.strip()
            self.said.append(line.strip())

    def ask(self, what, value):
        self.outer.stdin.write(f"{what} {value}\n")
        self.outer.stdin.flush()

    def do(self, what, value):
        self.ask(what, value)
        equal(self.line(), "done")

    def kernel_reaps(self):
        return int(field(self.pid, "SigIgn"), 16) >> (signal.SIGCHLD - 1) & 1 == 1

    def alone(self):
        return children_of(self.pid) == [self.command]

    def raise_storm(self):
        self.do("orphans", STORM)
        eventually(self.kernel_reaps, "the kernel reaps")
        eventually(self.alone, "no orphan runs any more: it would hear signals, too")

    def zombies_of(self, count):
        """How many of `count` orphans wait while box-init cannot do a thing."""
        eventually(self.alone, "no orphan is left")
        os.kill(self.pid, signal.SIGSTOP)
        eventually(lambda: field(self.pid, "State") == "T", "box-init is stopped")
        try:
            self.do("orphans", count)
            return self.zombies()
        finally:
            os.kill(self.pid, signal.SIGCONT)
            eventually(self.alone, "no zombie is left")

    def zombies(self):
        def alive():
            return [child for child in children_of(self.pid) if child != self.command and state_of(child) not in "ZX"]
        eventually(lambda: not alive(), "every orphan has ended")
        return len(children_of(self.pid)) - 1

    def end(self):
        self.said += [line.strip() for line in self.outer.stdout if line.startswith("box-init: ")]
        return self.outer.wait(PATIENCE)


def running(mark):
    return subprocess.run(["pgrep", "-f", f"^sleep {mark}$"], capture_output=True, text=True).stdout.split()


# --- who reaps -------------------------------------------------------------------------------
def few_orphans_are_reaped_by_hand():
    with Life() as life:
        life.do("orphans", 100)
        equal(life.zombies_of(20), 20)
        assert not life.kernel_reaps()


def in_a_storm_the_kernel_reaps():
    with Life() as life:
        life.raise_storm()
        equal(life.zombies_of(20), 0)
        life.ask("exit", 7)
        equal(life.end(), 7)
        equal(life.said, [])


def in_a_storm_the_kernel_reaps_for_a_subreaper():
    with Life(plain=True) as life:
        life.raise_storm()
        equal(life.zombies_of(20), 0)
        life.ask("exit", 7)
        equal(life.end(), 7)


def told_orphans_are_reaped_by_hand():
    for option in "-w", "-vv":
        with Life(option) as life:
            life.do("orphans", 2 * STORM)
            equal(life.zombies_of(20), 20, option)
            life.ask("exit", 7)
            equal(life.end(), 7, option)
            equal(len([line for line in life.said if "reaped process" in line]), 2 * STORM + 20, option)


def with_a_terminal_orphans_are_reaped_by_hand():
    master, slave = pty.openpty()
    with Life(stdin=slave) as life:
        os.close(slave)
        for what, value in ("orphans", 2 * STORM), ("orphans", 20):
            if value == 20:
                eventually(life.alone, "no orphan is left")
                os.kill(life.pid, signal.SIGSTOP)
                eventually(lambda: field(life.pid, "State") == "T", "box-init is stopped")
            os.write(master, f"{what} {value}\n".encode())
            equal(life.line(), "done")
        equal(life.zombies(), 20)
        os.kill(life.pid, signal.SIGCONT)
        os.write(master, b"exit 7\n")
        equal(life.end(), 7)
    os.close(master)


def a_pause_leaves_all_to_the_kernel():
    for options, want in (["-P"], 0), (["-P", "-w"], 1):
        outer = subprocess.Popen([*NAMESPACE, BOXINIT, *options], stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: children_of(outer.pid), "it starts")
            pid = children_of(outer.pid)[0]
            eventually(lambda: int(field(pid, "SigCgt"), 16) != 0, "signals are taken")
            eventually(lambda: state_of(pid) == "S", "it waits")
            os.kill(pid, signal.SIGSTOP)
            eventually(lambda: state_of(pid) == "T", "box-init is stopped")
            subprocess.run(["nsenter", "--target", str(pid), "--pid", "sh", "-c", "(exec sleep 0 &)"], check=True)
            eventually(lambda: all(state_of(child) in "ZX" for child in children_of(pid)), "the orphan has ended")
            equal(len(children_of(pid)), want, options)
            os.kill(pid, signal.SIGTERM)
            os.kill(pid, signal.SIGCONT)
            equal(outer.wait(PATIENCE), 0)
        finally:
            outer.kill()
            outer.wait()


# --- the status ------------------------------------------------------------------------------
STATUSES = [("exit", 0, 0), ("exit", 7, 7), ("exit", 255, 255), ("die", signal.SIGTERM, 143),
            ("die", signal.SIGKILL, 137), ("die", signal.SIGUSR2, 140)]


def the_status_after_a_storm_is_exact():
    for what, value, want in STATUSES:
        with Life() as life:
            life.raise_storm()
            life.ask(what, int(value))
            equal(life.end(), want, f"{what} {int(value)}")


def the_status_amid_a_storm_is_exact():
    for what, value, want in STATUSES[1::2]:
        with Life() as life:
            life.do("storm", 0)
            eventually(life.kernel_reaps, "the kernel reaps")
            life.ask(what, int(value))
            equal(life.end(), want, f"{what} {int(value)}")


def expected_statuses_are_success():
    with Life("-e", "143") as life:
        life.raise_storm()
        life.ask("die", 15)
        equal(life.end(), 0)


def an_end_near_the_switch_is_not_missed():
    for count in range(490, 550, 12):
        with Life() as life:
            life.ask("orphans", count)
            life.ask("exit", 7)
            equal(life.line(), "done")
            equal(life.end(), 7, f"{count} orphans")


def an_end_behind_a_heap_of_zombies_is_not_missed():
    with Life() as life:
        os.kill(life.pid, signal.SIGSTOP)
        life.do("orphans", 2 * STORM)
        life.ask("exit", 7)
        eventually(lambda: field(life.command, "State") == "Z", "the command has ended")
        os.kill(life.pid, signal.SIGCONT)
        equal(life.end(), 7)


# --- signals ---------------------------------------------------------------------------------
def signals_reach_the_command_and_storms_come_again():
    with Life("-c") as life:
        for _ in range(3):
            life.raise_storm()
            os.kill(life.pid, signal.SIGHUP)
            equal(life.line(), "main 1")
            equal(life.zombies_of(20), 20, "by hand after a signal")
        life.raise_storm()
        life.ask("exit", 7)
        equal(life.end(), 7)


def signals_reach_the_group():
    with Life("-g", words=["group"]) as life:
        life.raise_storm()
        os.kill(life.pid, signal.SIGUSR1)
        equal(sorted([life.line(), life.line()]), ["main 10", "other 10"])


def signals_amid_a_storm_arrive():
    with Life() as life:
        life.do("storm", 0)
        for _ in range(8):
            eventually(life.kernel_reaps, "the kernel reaps")
            os.kill(life.pid, signal.SIGHUP)
            equal(life.line(), "main 1")


def a_stop_is_heard():
    with Life() as life:
        life.do("storm", 0)
        eventually(life.kernel_reaps, "the kernel reaps")
        os.kill(life.pid, signal.SIGTERM)
        equal(life.line(), "main 15")
        equal(life.end(), 4)


def a_stop_leaves_nothing():
    for plain in False, True:
        with Life("--stop-timeout=0.3", words=["stubborn"], plain=plain) as life:
            life.do("leave", MARK)
            life.do("storm", 0)
            eventually(life.kernel_reaps, "the kernel reaps")
            eventually(lambda: running(MARK), "something is left behind")
            os.kill(life.pid, signal.SIGTERM)
            equal(life.end(), 137, f"plain: {plain}")
            eventually(lambda: not running(MARK), "nothing is left")


def a_command_stopped_meanwhile_is_woken_to_stop():
    with Life("--stop-timeout=60") as life:
        life.raise_storm()
        os.kill(life.command, signal.SIGSTOP)
        eventually(lambda: field(life.command, "State") == "T", "the command is stopped")
        os.kill(life.pid, signal.SIGTERM)
        equal(life.line(), "main 15")
        equal(life.end(), 4)


def a_foreign_sigchld_changes_nothing():
    with Life() as life:
        life.raise_storm()
        os.kill(life.pid, signal.SIGCHLD)
        eventually(lambda: not life.kernel_reaps(), "it was heard")
        life.ask("exit", 7)
        equal(life.end(), 7)


# --- where the kernel cannot be asked --------------------------------------------------------
def by_hand(life, what):
    life.do("orphans", 2 * STORM)
    equal(life.zombies_of(20), 20, what)
    life.ask("exit", 7)
    equal(life.end(), 7, what)
    equal(life.said, [])


def without_descriptors_orphans_are_reaped_by_hand():
    with Life() as life:
        resource.prlimit(life.pid, resource.RLIMIT_NOFILE, (3, 3))
        by_hand(life, "RLIMIT_NOFILE")


def forbid(number, index, value):
    """In this process a call of `number` whose argument `index` is `value` fails from now on: EACCES."""
    load, equals, give = 0x20, 0x15, 0x06
    lines = [(load, 0, 0, 0), (equals, 0, 3, number), (load, 0, 0, 16 + 8 * index), (equals, 0, 1, value),
             (give, 0, 0, 0x0005000d), (give, 0, 0, 0x7fff0000)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in lines))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(lines), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(22, 2, program, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def where_it_is_forbidden_orphans_are_reaped_by_hand():
    numbers = {"x86_64": {"ioctl": 16, "pidfd_open": 434}, "aarch64": {"ioctl": 29, "pidfd_open": 434}}
    numbers = numbers[os.uname().machine]
    with Life(preexec_fn=lambda: forbid(numbers["ioctl"], 1, 0xc040ff0b)) as life:
        by_hand(life, "PIDFD_GET_INFO")
    with Life(preexec_fn=lambda: forbid(numbers["pidfd_open"], 1, 0)) as life:
        by_hand(life, "pidfd_open")


CASES = [few_orphans_are_reaped_by_hand, in_a_storm_the_kernel_reaps, in_a_storm_the_kernel_reaps_for_a_subreaper,
         told_orphans_are_reaped_by_hand, with_a_terminal_orphans_are_reaped_by_hand,
         a_pause_leaves_all_to_the_kernel, the_status_after_a_storm_is_exact, the_status_amid_a_storm_is_exact,
         expected_statuses_are_success, an_end_near_the_switch_is_not_missed,
         an_end_behind_a_heap_of_zombies_is_not_missed, signals_reach_the_command_and_storms_come_again,
         signals_reach_the_group, signals_amid_a_storm_arrive, a_stop_is_heard, a_stop_leaves_nothing,
         a_command_stopped_meanwhile_is_woken_to_stop, a_foreign_sigchld_changes_nothing,
         without_descriptors_orphans_are_reaped_by_hand, where_it_is_forbidden_orphans_are_reaped_by_hand]


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [case for case in CASES if word in case.__name__]
    failed = 0
    for number, case in enumerate(cases, 1):
        name = case.__name__.replace("_", " ")
        why = None
        try:
            case()
        except (AssertionError, OSError, IndexError, subprocess.SubprocessError):
            why = traceback.format_exc()
        for pid in running(MARK):
            os.kill(int(pid), signal.SIGKILL)
        failed += why is not None
        print(f"{'not ' if why else ''}ok {number} - {name}", flush=True)
        for line in (why or "").splitlines():
            print("#  ", line)
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if not os.access(BOXINIT, os.X_OK):
    sys.exit(f"{BOXINIT} is missing: build it first")
if os.geteuid() != 0:
    print("1..0 # SKIP needs root")
elif not kernel_keeps_status():
    print("1..0 # SKIP Linux before 6.15 keeps no status for pidfds")
else:
    sys.exit(main())
