# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boxes on a pseudo-terminal, for tests in Python: what a person at the terminal sees and types.

    box = Box("boot", tree, "--stop-timeout=5")   boxctl on a pty of its own
    box.expect(r"login: ")                        waits, forgets what came before
    box.send("root\\n")
    box.ended()                                   the exit status
    visit(name)                                   `boxctl console` on another pty, like a Box
    main(CASES)                                   runs functions as TAP cases
"""
import errno, fcntl, os, pty, re, select, signal, struct, subprocess, sys, tempfile, termios, time, traceback

SRC = os.environ.get("SRC") or os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("BUILD", os.path.join(SRC, "build"))
BOXCTL = os.environ.get("BOXCTL", os.path.join(BUILD, "cmd/boxctl/boxctl"))
LIMIT = 30.0  # seconds, for what takes tenths of one
TICK = os.sysconf("SC_CLK_TCK")
boxes = []


class Box:
    """boxctl VERB ARGUMENTS on a pty of its own, which is its controlling terminal."""

    def __init__(self, verb, *arguments, name=None, size=(24, 80)):
        self.name = name or machine_name(verb)
        self.seen, self.everything, self.status = b"", b"", None
        command = [BOXCTL, verb, "-M", self.name, *arguments]
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execv(BOXCTL, command)
        self.resize(*size)
        boxes.append(self)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds=0.1):
        """Takes what the terminal shows within `seconds`; False at the end of all output."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            got = os.read(self.master, 65536)
        except OSError as error:  # EIO: nobody has the other side open
            if error.errno != errno.EIO:
                raise
            return False
        self.seen += got
        self.everything += got
        return True

    def expect(self, pattern, limit=None):
        """Waits until `pattern` shows, and forgets everything up to it; -> the match."""
        until = time.monotonic() + (limit or LIMIT)
        while True:
            match = re.search(pattern.encode(), self.seen)
            if match:
                self.seen = self.seen[match.end():]
                return match
            assert time.monotonic() < until, f"no {pattern!r} in {self.seen[-3000:]!r}"
            if not self.read() and not re.search(pattern.encode(), self.seen):
                raise AssertionError(f"the terminal closed without {pattern!r}: {self.seen[-3000:]!r}")

    def idle(self, seconds):
        """Reads on for so long; -> what came."""
        start, until = len(self.everything), time.monotonic() + seconds
        while time.monotonic() < until and self.read(max(0.0, until - time.monotonic())):
            pass
        return self.everything[start:]

    def send(self, text):
        os.write(self.master, text.encode() if isinstance(text, str) else text)

    def login(self):
        """Logs in as root, who has no password; the prompt is then `box$`."""
        self.expect(r"login: ")
        self.send("root\n")
        self.expect(r"[#$] ?(\x1b\[[0-9;]*[a-zA-Z])*$")
        self.send("PS1=box'$ '; echo in''side\n")
        self.expect(r"inside\r\n.*box\$ ")

    def command(self, text, limit=None):
        """Runs a line in the shell after login(); -> its output, which markers show the ends of."""
        self.send(f"echo be''gin; {text}; echo st''atus $?\n")
        match = self.expect(r"(?s)begin\r\n(.*?)status (\d+)\r\n.*box\$ ", limit)
        return match[1].decode(errors="replace").replace("\r\n", "\n").strip()

    def leader(self):
        """PID 1 of the box as the host sees it, or None."""
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                for child in file.read().split():
                    with open(f"/proc/{child}/status", encoding="ascii") as status:
                        if re.search(r"^NSpid:.*\t1$", status.read(), re.M):
                            return int(child)
        except FileNotFoundError:
            pass
        return None

    def kill(self, number):
        os.kill(self.pid, number)

    def ended(self, limit=None):
        """The exit status of boxctl, negative for a signal; None when it has not ended in time."""
        until = time.monotonic() + (limit or LIMIT)
        while self.status is None and time.monotonic() < until:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                while self.read(0.05) and select.select([self.master], [], [], 0)[0]:
                    pass
            elif not self.read(0.02):
                time.sleep(0.02)
        return self.status

    def close(self):
        """Ends a box that still runs: the second SIGTERM kills. A second call does nothing."""
        if self.master < 0:
            return
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            if self.status is None:
                self.kill(number)
                self.ended(0.2 if number == signal.SIGTERM else 10)
        os.close(self.master)
        self.master = -1
        until = time.monotonic() + 2  # what watches over a killed boxctl needs a moment
        while os.path.exists(f"/run/boxctl/{self.name}") and time.monotonic() < until:
            time.sleep(0.02)
        if os.path.exists(f"/run/boxctl/{self.name}"):
            subprocess.run([BOXCTL, "cleanup", self.name], check=False)


class visit(Box):
    """`boxctl console NAME` on a pty of its own."""

    def __init__(self, name, *arguments, size=(24, 80)):
        self.name = name
        self.seen, self.everything, self.status = b"", b"", None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            self.master = 0  # the other end does as well, and then it is not the parent's to be late
            self.resize(*size)
            os.environ["TERM"] = "vt100"
            os.execv(BOXCTL, [BOXCTL, "console", name, *arguments])
        boxes.append(self)

    def leave(self):
        self.send("\x1d\x1d\x1d")
        return self.ended()

    def close(self):
        """Ends it where it has not ended, and lets the box be."""
        if self.master < 0:
            return
        if self.status is None:
            self.kill(signal.SIGKILL)
            self.ended()
        os.close(self.master)
        self.master = -1


_count = 0


def machine_name(word):
    global _count
    _count += 1
    return f"t-{os.getpid()}-{word}{_count}"


def cpu_ms(pid):
    """Milliseconds of CPU that a process has used, with its reaped children."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(f) for f in fields[11:15]) * 1000 // TICK


def processes_of(leader):
    """Every process in the PID namespace of `leader`."""
    wanted, found = os.readlink(f"/proc/{leader}/ns/pid"), []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and os.readlink(f"/proc/{entry}/ns/pid") == wanted:
                found.append(int(entry))
        except OSError:
            pass  # ended meanwhile
    return found


def tree(maker):
    """Path of a root tree that tests/lib/tap.sh makes: "alpine_root", "debian_root bookworm systemd"."""
    script = f'source "{SRC}/tests/lib/tap.sh"; {maker}'
    done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise Skip(f"no tree from {maker}: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def copy_with_login(path):
    """A copy of a tree whose root user has an empty password."""
    to = os.path.join(scratch(), "root")
    subprocess.run(["cp", "-a", "--reflink=auto", path, to], check=True)
    shadow = os.path.join(to, "etc/shadow")
    with open(shadow, encoding="ascii") as file:
        text = file.read()
    with open(shadow, "w", encoding="ascii") as file:
        file.write(re.sub(r"(?m)^root:[^:]*:", "root::", text))
    return to


_scratch = []


def scratch():
    """A fresh directory that others than root can reach too; removed at the end."""
    path = tempfile.mkdtemp(prefix="boxctl-test.")
    os.chmod(path, 0o755)
    _scratch.append(path)
    return path


def snapshot():
    return subprocess.run([os.path.join(SRC, "tests/lib/host-snapshot")], stdout=subprocess.PIPE, text=True, check=True).stdout


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def eventually(true, what, limit=5.0):
    """Waits for what ends a moment later."""
    until = time.monotonic() + limit
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.05)


class Skip(Exception):
    """A case that cannot run here, and why."""


def run_case(case):
    """-> "ok", "skip" or "fail", and the explanation."""
    try:
        case()
        return "ok", ""
    except Skip as reason:
        return "skip", str(reason).replace("\n", " ")
    except (AssertionError, OSError, subprocess.SubprocessError):
        return "fail", traceback.format_exc(limit=-3)
    finally:
        while boxes and not getattr(case, "leaves_box", False):
            boxes.pop().close()


def clean_up():
    while boxes:
        boxes.pop().close()
    while _scratch:
        subprocess.run(["rm", "-rf", "--one-file-system", _scratch.pop()], check=False)


def stop(number, _frame):
    clean_up()
    os._exit(128 + number)


def leaves_box(case):
    """For cases that share one box: it stays for the next one."""
    case.leaves_box = True
    return case


def main(cases):
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
    if not os.access(BOXCTL, os.X_OK):
        sys.exit(f"{BOXCTL} is missing: build it first")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    failed = 0
    try:
        for number, case in enumerate(cases, 1):
            start = time.monotonic()
            result, why = run_case(case)
            failed += result == "fail"
            name = case.__name__.replace("_", " ")
            print(f"{'not ' * (result == 'fail')}ok {number} - {name}" + (f" # SKIP {why}" if result == "skip" else ""))
            if time.monotonic() - start > 3:
                print(f"# {time.monotonic() - start:.1f} s")
            for line in why.splitlines() if result == "fail" else []:
                print("#  ", line)
            sys.stdout.flush()
    finally:
        clean_up()
    print(f"1..{len(cases)}")
    sys.exit(1 if failed else 0)
