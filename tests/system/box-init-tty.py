#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""box-init and terminals: who has it, Ctrl-C, Ctrl-Z, fg and bg, size, hang-up, last output.

A case runs on a pseudo-terminal of its own and takes the init as a command; init-peers.py puts
other inits through the same cases.
"""
import ctypes, errno, fcntl, os, pty, re, select, struct, subprocess, sys, termios, time, traceback

BUILD = os.environ.get("BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
BOXINIT = os.path.realpath(os.environ.get("BOXINIT", os.path.join(BUILD, "cmd/box-init/box-init")))
CLONE_NEWNS, CLONE_NEWPID = 0x00020000, 0x20000000
LIMIT = 20.0  # seconds for what takes milliseconds
libc = ctypes.CDLL(None, use_errno=True)


def check(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "libc")


class Terminal:
    """A command on a pty: as PID 1 of a new PID namespace that leads its session (how="leader"),
    the same with a terminal that belongs to no session (how="loose"), or as an ordinary process
    that leads its session (how="plain": a shell)."""

    def __init__(self, command, how):
        self.master, slave = pty.openpty()
        self.seen, self.status = b"", None
        # The keeper stays outside the new namespace and passes the status on.
        self.keeper = os.fork()
        if self.keeper == 0:
            self.run(command, slave, how)
        os.close(slave)

    def run(self, command, slave, how):
        try:
            os.close(self.master)
            if how != "plain":
                check(libc.unshare(CLONE_NEWPID | CLONE_NEWNS))
            child = os.fork()
            if child == 0:
                if how != "plain":
                    check(libc.mount(b"none", b"/", None, 0x44000, None))  # MS_REC | MS_PRIVATE
                    check(libc.mount(b"proc", b"/proc", b"proc", 0, None))
                os.setsid()
                if how != "loose":
                    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
                for fd in 0, 1, 2:
                    os.dup2(slave, fd)
                os.closerange(3, 256)
                os.execvp(command[0], command)
            os.close(slave)
            _, status = os.waitpid(child, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 255)
        finally:
            os._exit(99)

    def read(self, seconds=0.1):
        """What the terminal shows within `seconds`; b"" at the end as well."""
        if not select.select([self.master], [], [], seconds)[0]:
            return b""
        try:
            got = os.read(self.master, 65536)
        except OSError as error:  # EIO: nobody has the other side open
            if error.errno != errno.EIO:
                raise
            time.sleep(0.02)
            got = b""
        self.seen += got
        return got

    def expect(self, pattern):
        """Waits until `pattern` shows, and forgets everything up to it."""
        until = time.monotonic() + LIMIT
        while True:
            match = re.search(pattern.encode(), self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            if time.monotonic() > until:
                raise AssertionError(f"no {pattern!r} in {self.seen!r}")
            self.read()

    def type(self, text):
        os.write(self.master, text.encode())

    def expect_foreground(self, name):
        """Waits until a process called `name` leads the foreground group: what is typed before,
        while a shell still changes the terminal's modes, can get lost with any command."""
        until = time.monotonic() + LIMIT
        leader = ""
        while leader != name:
            assert time.monotonic() < until, f"{leader!r} is in the foreground, not {name!r}"
            time.sleep(0.02)
            try:
                with open(f"/proc/{os.tcgetpgrp(self.master)}/comm", encoding="ascii") as comm:
                    leader = comm.read().strip()
            except OSError:
                leader = "nobody"

    def ended(self, reading=True):
        """The exit status; None when it has not ended in time."""
        until = time.monotonic() + LIMIT
        while self.status is None and time.monotonic() < until:
            pid, status = os.waitpid(self.keeper, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif reading:
                self.read(0.02)
            else:
                time.sleep(0.02)
        return self.status

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def close(self):
        if self.master >= 0:
            self.hang_up()
        if self.status is None:
            subprocess.run(["pkill", "-KILL", "-P", str(self.keeper)], check=False)
            os.waitpid(self.keeper, 0)


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


# --- a container's own terminal: each case takes the init as a command -----------------------
OWNER = "import os; print('own', os.tcgetpgrp(0) == os.getpgrp(), os.getpgrp() == os.getpid(), os.ttyname(0) != '')"
COUNT = """
import os, signal, time
got = []
for s in (1, 2, 15, 28): signal.signal(s, lambda n, _: (got.append(n), n == 1 and done()))
def done():
    time.sleep(0.3)
    os._exit(20 + len(got))
print('ready', flush=True)
shown = 0
while True:
    time.sleep(0.05)
    if len(got) > shown: shown = len(got); print('got', *got, flush=True)
"""


def command_has_the_terminal(init, how="leader"):
    t = Terminal(init + ["/usr/bin/python3", "-c", OWNER + "; print('line', input())"], how)
    t.expect("own True True True")
    t.type("hello\n")
    t.expect("line hello")
    equal(t.ended(), 0)
    return t


def command_has_a_terminal_of_no_session(init):
    return command_has_the_terminal(init, "loose")


def ctrl_c_reaches_the_command_once(init):
    t = Terminal(init + ["/usr/bin/python3", "-c", COUNT], "leader")
    t.expect("ready")
    t.type("\x03")
    t.expect("got 2\r")
    time.sleep(0.2)
    t.type("\x03")
    t.expect("got 2 2\r")
    return t


def ctrl_z_does_not_freeze_a_lone_command(init):
    t = Terminal(init + ["sh", "-c", "echo ready; exec cat"], "leader")
    t.expect("ready")
    time.sleep(0.1)
    t.type("\x1a")
    t.expect(r"\^Z")
    t.type("hello\n")
    t.expect("hello\r\nhello\r\n")
    t.type("\x04")
    equal(t.ended(), 0)
    return t


def a_shell_has_job_control(init):
    t = Terminal(init + ["bash", "--norc", "--noprofile", "-i"], "leader")
    t.type("PS1=pro''mpt:; echo be''gin\n")
    t.expect("begin\r\n.*prompt:")
    assert b"job control" not in t.seen
    t.type("sleep 100\n")
    time.sleep(0.3)
    t.type("\x1a")
    t.expect(r"Stopped\s+sleep 100")
    t.type("fg\n")
    t.expect("sleep 100\r\n")
    time.sleep(0.2)
    t.type("\x03")
    t.expect("prompt:")
    t.type("exit 7\n")
    equal(t.ended(), 7)
    return t


def a_new_window_size_is_told_once(init):
    t = Terminal(init + ["/usr/bin/python3", "-c", COUNT], "leader")
    t.expect("ready")
    fcntl.ioctl(t.master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 100, 0, 0))
    t.expect("got 28\r")
    time.sleep(0.3)
    t.type("\x03")
    t.expect("got 28 2\r")
    return t


def a_hang_up_is_told_once(init):
    t = Terminal(init + ["/usr/bin/python3", "-c", COUNT], "leader")
    # The whole line: the end of a write(2) that the hang-up cuts short is EIO, which ends a program
    # before the init has passed the signal on.
    t.expect("ready\r\n")
    t.hang_up()
    equal(t.ended(reading=False), 21)
    return t


def the_last_output_is_not_lost(init):
    """Nobody reads until all is over: 9000 bytes are more than the line discipline holds."""
    for last in False, False, False, False, True:
        t = Terminal(init + ["/usr/bin/python3", "-c", "import os; os.write(1, b'x' * 9000); os._exit(0)"], "leader")
        equal(t.ended(reading=False), 0)
        while t.read(0.05):
            pass
        equal(t.seen.count(b"x"), 9000)
        if not last:
            t.close()
    return t


def the_end_of_the_command_is_the_end(init):
    """An init that waits for the terminal to close would stay for ever."""
    t = Terminal(init + ["sh", "-c", "exit 3"], "leader")
    equal(t.ended(), 3)
    return t


# --- below a shell with job control: box-init as a subreaper ---------------------------------
def shell():
    t = Terminal(["bash", "--norc", "--noprofile", "-i"], "plain")
    t.type("PS1=pro''mpt:; echo be''gin\n")
    t.expect("begin\r\n.*prompt:")
    return t


def ctrl_z_and_fg(init):
    t = shell()
    t.type(" ".join(init) + " cat\n")
    t.expect_foreground("cat")
    t.type("one\n")
    t.expect("one\r\none\r\n")
    t.type("\x1a")
    t.expect("Stopped")
    t.expect("prompt:")
    t.type("fg\n")
    t.expect_foreground("cat")
    t.type("two\n")
    t.expect("two\r\ntwo\r\n")
    t.type("\x03")
    t.expect("prompt:")
    t.type("echo status $?\n")
    t.expect("status 130\r\n")
    t.type("exit 0\n")
    equal(t.ended(), 0)
    return t


def a_background_command_waits_for_fg(init):
    t = shell()
    t.type(" ".join(init) + " cat &\n")
    t.expect("prompt:")
    time.sleep(0.5)
    t.type("jobs\n")
    t.expect("Stopped")
    t.type("fg\n")
    t.expect_foreground("cat")
    t.type("two\n")
    t.expect("two\r\ntwo\r\n")
    t.type("\x04")
    t.expect("prompt:")
    t.type("exit 0\n")
    equal(t.ended(), 0)
    return t


def the_terminal_goes_back_at_the_end(init):
    t = Terminal(["sh", "-c", " ".join(init) + " true && read line && echo line $line"], "plain")
    t.type("hello\n")
    t.expect("line hello")
    equal(t.ended(), 0)
    return t


def suspend_without_a_shell_above_is_undone(init):
    t = Terminal(["/usr/bin/python3", "-c", f"import subprocess; subprocess.run({init + ['cat']!r})"], "plain")
    t.expect_foreground("cat")
    t.type("one\n")
    t.expect("one\r\none\r\n")
    t.type("\x1a")
    t.expect(r"\^Z")
    t.type("two\n")
    t.expect("two\r\ntwo\r\n")
    t.type("\x04")
    equal(t.ended(), 0)
    return t


LEADER = [command_has_the_terminal, command_has_a_terminal_of_no_session, ctrl_c_reaches_the_command_once,
          ctrl_z_does_not_freeze_a_lone_command, a_shell_has_job_control, a_new_window_size_is_told_once,
          a_hang_up_is_told_once, the_last_output_is_not_lost, the_end_of_the_command_is_the_end]
MEMBER = [ctrl_z_and_fg, a_background_command_waits_for_fg, the_terminal_goes_back_at_the_end,
          suspend_without_a_shell_above_is_undone]


def attempt(case, init):
    """None when the case holds, else why not."""
    made, real = [], Terminal.__init__

    def remember(self, *arguments):
        made.append(self)
        real(self, *arguments)

    Terminal.__init__ = remember
    try:
        case(init)
        return None
    except (AssertionError, OSError):
        return traceback.format_exc(limit=-2)
    finally:
        Terminal.__init__ = real
        for terminal in made:
            terminal.close()


def main():
    cases = [(case, [BOXINIT, "--"]) for case in LEADER] + [(case, [BOXINIT, "-s", "--"]) for case in MEMBER]
    failed = 0
    for number, (case, init) in enumerate(cases, 1):
        why = attempt(case, init)
        failed += why is not None
        print(f"{'not ' * (why is not None)}ok {number} - {case.__name__.replace('_', ' ')}")
        for line in (why or "").splitlines():
            print("#  ", line)
        sys.stdout.flush()
    print(f"1..{len(cases)}")
    return 1 if failed else 0


if __name__ == "__main__":
    if not os.access(BOXINIT, os.X_OK):
        sys.exit(f"{BOXINIT} is missing: build it first")
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
    sys.exit(main())
