#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a PID 1 of a container owes its users: one table, box-init and its peers in the same run.

A row is a function that takes an init and asserts. box-init must pass each; what tini, dumb-init and
catatonit do is printed beside it, and rows that some peer cannot pass are named at the end. A row
that names peers in `fails` must see them fail: these are the rows' positive controls. Peers that are
not installed are skipped. `init-peers.py WORD` runs the rows whose name holds WORD.
"""
import contextlib, importlib.util, os, select, shutil, signal, subprocess, sys, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("box_init_tty", HERE / "box-init-tty.py")
tty = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tty)

PEERS = ("tini", "dumb-init", "catatonit")
PATIENCE = {"box-init": 20.0}  # seconds for what takes milliseconds; a peer that hangs gets fewer
MARK = f"97{os.getpid()}"      # sleeps of this test are found by their time
NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--"]

# How each says what a row needs; what is missing here cannot be asked of it.
WORDS = {
    "box-init": {"alone": ["-c"], "group": ["-g"], "subreaper": ["-s"], "grace": ["--stop-timeout=0.3"],
                 "rewrite": ["-r", "1:10"], "expect": ["-e", "143"], "death": ["-p", "SIGTERM"],
                 "plain": ["-s"], "pause": ["-P"]},
    "tini": {"alone": [], "group": ["-g"], "subreaper": ["-s"], "expect": ["-e", "143"], "death": ["-p", "SIGTERM"],
             "plain": ["-s"]},
    "dumb-init": {"alone": ["-c"], "group": [], "rewrite": ["-r", "1:10"], "plain": []},
    "catatonit": {"alone": [], "group": ["-g"], "plain": [], "pause": ["-P"]},
}

# Says "NAME ready", then each signal it gets by number. SIGUSR2 ends it with 3.
LISTEN = """
import os, signal, sys
wanted = signal.valid_signals() - {signal.SIGCHLD}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
name = "main"
if "group" in sys.argv and os.fork() == 0:
    name = "other"
os.write(1, f"{name} ready\\n".encode())
while True:
    number = int(signal.sigwait(wanted))
    os.write(1, f"{name} {number}\\n".encode())
    if number == 12:
        os._exit(3)
"""
STUBBORN = f"trap '' TERM; setsid -f sleep {MARK}; echo ready; while :; do sleep 0.1; done"
STORM = """
import os
for i in range(500):
    if os.fork() == 0:
        for j in range(10):
            if os.fork() == 0:
                os._exit(0)
        os._exit(0)
    os.wait()
os._exit(42)
"""


class Init:
    def __init__(self, name, path):
        self.name, self.path = name, path
        self.patience = PATIENCE.get(name, 1.5)

    def words(self, *wishes):
        for wish in wishes:
            assert wish in WORDS[self.name], f"has no option for {wish}"
        return [self.path, *(word for wish in wishes for word in WORDS[self.name][wish]), "--"]


class Life:
    """An init with a command, as PID 1 of a PID namespace unless plain; all of it dies at exit."""

    def __init__(self, init, command, wishes=(), plain=False, before=(), **popen):
        self.patience = init.patience
        words = [*([] if plain else NAMESPACE), *before, *init.words(*wishes), *command]
        self.outer = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, **popen)
        self.plain, self.text = plain, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.outer.kill()
        self.outer.wait()
        self.outer.stdout.close()

    @property
    def pid(self):
        if self.plain:
            return self.outer.pid
        return int(Path(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children").read_text().split()[0])

    def line(self):
        until = time.monotonic() + self.patience
        while b"\n" not in self.text:
            left = until - time.monotonic()
            assert left > 0 and select.select([self.outer.stdout], [], [], left)[0], "says nothing"
            got = os.read(self.outer.stdout.fileno(), 65536)
            assert got, "has closed its output"
            self.text += got
        line, _, self.text = self.text.partition(b"\n")
        return line.decode()

    def send(self, number):
        os.kill(self.pid, number)

    def end(self):
        try:
            return self.outer.wait(self.patience)
        except subprocess.TimeoutExpired:
            raise AssertionError("does not end") from None


def equal(got, want):
    assert got == want, f"got {got!r}, want {want!r}"


def status_of(init, command, wishes=(), **life):
    with Life(init, command, wishes, **life) as it:
        return it.end()


def running(mark=MARK):
    return subprocess.run(["pgrep", "-f", f"^sleep {mark}"], capture_output=True, text=True).stdout.split()


def sweep():
    for pid in running():
        with contextlib.suppress(ProcessLookupError):  # it has ended since
            os.kill(int(pid), signal.SIGKILL)


def hears(init, numbers, wishes=("alone",), heard=None):
    """Sends `numbers` to the init one by one; the command must get each, or what `heard` maps it to."""
    with Life(init, [sys.executable, "-c", LISTEN], wishes) as it:
        equal(it.line(), "main ready")
        for number in numbers:
            it.send(number)
            equal(it.line(), f"main {(heard or {}).get(number, number)}")
        it.send(signal.SIGUSR2)
        equal(it.line(), "main 12")
        equal(it.end(), 3)


# --- exit status -----------------------------------------------------------------------------
def exit_code_comes_back(init):
    equal(status_of(init, ["sh", "-c", "exit 7"]), 7)


def death_by_signal_is_128_and_its_number(init):
    equal(status_of(init, ["sh", "-c", "kill -TERM $$"]), 143)
    equal(status_of(init, ["sh", "-c", "kill -KILL $$"]), 137)


def command_not_found_is_127(init):
    equal(status_of(init, ["no-such-command"]), 127)


def command_not_executable_is_126(init):
    equal(status_of(init, ["/etc/passwd"]), 126)


def a_script_without_an_interpreter_is_run_by_sh(init):
    """As execvp(3) does, whichever C library the init was built with."""
    with tempfile.TemporaryDirectory() as place:
        script = Path(place) / "script"
        script.write_text('exit $(($# + $1))\n')
        script.chmod(0o755)
        equal(status_of(init, [str(script), "3", "x"]), 5)
        equal(status_of(init, ["script", "4"], env={**os.environ, "PATH": f"/nowhere:{place}:{os.environ['PATH']}"}), 5)


def expected_exit_code_is_success(init):
    equal(status_of(init, ["sh", "-c", "kill -TERM $$"], ["expect"]), 0)


# --- signals ---------------------------------------------------------------------------------
def classic_signals_arrive(init):
    hears(init, (1, 2, 3, 10, 14, 15, 28))


def fault_signals_sent_by_others_arrive(init):
    hears(init, (4, 5, 6, 7, 8, 11, 31))


def job_control_signals_arrive(init):
    hears(init, (20, 21, 22))


def real_time_signals_arrive(init):
    hears(init, (34, 41, 64))


def signals_reach_the_whole_group(init):
    with Life(init, [sys.executable, "-c", LISTEN, "group"], ["group"]) as it:
        equal({it.line(), it.line()}, {"main ready", "other ready"})
        it.send(signal.SIGHUP)
        equal({it.line(), it.line()}, {"main 1", "other 1"})


def signals_reach_the_command_alone(init):
    with Life(init, [sys.executable, "-c", LISTEN, "group"], ["alone"]) as it:
        equal({it.line(), it.line()}, {"main ready", "other ready"})
        it.send(signal.SIGHUP)
        equal(it.line(), "main 1")
        it.send(signal.SIGUSR1)
        equal(it.line(), "main 10")


def signals_can_be_rewritten(init):
    hears(init, (1,), ("alone", "rewrite"), {1: 10})


def parents_death_can_be_told(init):
    script = '"$@" & echo $!; exec sleep 0.3'
    words = init.words("death")
    parent = subprocess.Popen(["sh", "-c", script, "-", *words, "sleep", MARK], stdout=subprocess.DEVNULL)
    parent.wait()
    until = time.monotonic() + init.patience
    while running():
        assert time.monotonic() < until, "outlives its parent"
        time.sleep(0.02)


def eventually(true, what):
    """For what PID 1 does once the command runs."""
    until = time.monotonic() + 3
    while not true():
        assert time.monotonic() < until, what
        time.sleep(0.02)


# --- what the command is given ---------------------------------------------------------------
def signal_mask_comes_through(init):
    mask = "import signal, sys; sys.exit(len(signal.pthread_sigmask(signal.SIG_BLOCK, ())))"
    equal(status_of(init, [sys.executable, "-c", mask]), 0)
    block = "import signal, os, sys; signal.pthread_sigmask(signal.SIG_BLOCK, {10}); os.execv(sys.argv[1], sys.argv[1:])"
    equal(status_of(init, [sys.executable, "-c", mask], before=[sys.executable, "-c", block]), 1)


def an_ignored_sigchld_hides_no_exit(init):
    ignore = "import signal, os, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    equal(status_of(init, ["sh", "-c", "exit 7"], before=[sys.executable, "-c", ignore]), 7)


def no_descriptor_is_kept_from_its_end(init):
    """A pipe end that PID 1 keeps open never reaches its end of file."""
    ours, theirs = os.pipe()
    try:
        with Life(init, ["bash", "-c", f"exec {theirs}>&-; echo ready; exec sleep 60"], pass_fds=[theirs]) as it:
            equal(it.line(), "ready")
            eventually(lambda: str(theirs) not in os.listdir(f"/proc/{it.pid}/fd"), f"keeps descriptor {theirs}")
    finally:
        os.close(ours)
        os.close(theirs)


def no_directory_is_kept_busy(init):
    with tempfile.TemporaryDirectory() as place:
        with Life(init, ["sh", "-c", "cd /; echo ready; exec sleep 60"], cwd=place) as it:
            equal(it.line(), "ready")
            eventually(lambda: os.readlink(f"/proc/{it.pid}/cwd") == "/", f"stays in {place}")


# --- orphans ---------------------------------------------------------------------------------
def a_storm_of_orphans_hides_no_exit(init):
    with Life(init, [sys.executable, "-c", STORM]) as it:
        it.patience = 60
        equal(it.end(), 42)


def orphans_leave_no_zombies(init):
    script = "for i in 1 2 3 4 5; do (sleep 0.01 &); done; for i in $(seq 200); do set -- $(ps -A -o stat= | grep -c Z); [ $1 = 0 ] && exec sleep 0; sleep 0.02; done; exit 9"
    with Life(init, ["bash", "-c", script]) as it:
        it.patience = 30
        equal(it.end(), 0)


def a_subreaper_adopts(init):
    script = f"(setsid sleep {MARK}1 &); echo ready; exec sleep {MARK}2"  # sweep() finds both
    with Life(init, ["sh", "-c", script], ["subreaper"], plain=True) as it:
        equal(it.line(), "ready")
        until = time.monotonic() + init.patience
        while not subprocess.run(["pgrep", "-P", str(it.pid), "-f", f"^sleep {MARK}1"], stdout=subprocess.DEVNULL).returncode == 0:
            assert time.monotonic() < until, "the orphan went elsewhere"
            time.sleep(0.02)


# --- stop ------------------------------------------------------------------------------------
def a_stubborn_command_is_killed_in_the_end(init):
    with Life(init, ["bash", "-c", STUBBORN], ["grace"]) as it:
        equal(it.line(), "ready")
        it.send(signal.SIGTERM)
        equal(it.end(), 137)


def a_stop_leaves_no_descendant_in_any_session(init):
    script = f"trap 'exit 5' TERM; setsid -f sleep {MARK}; echo ready; while :; do sleep 0.05; done"
    with Life(init, ["bash", "-c", script], ["subreaper"], plain=True) as it:
        equal(it.line(), "ready")
        it.send(signal.SIGTERM)
        equal(it.end(), 5)
        equal(running(), [])


def stop_signals_of_container_managers_stop(init):
    for number in signal.SIGPWR, 37, 38, 39:
        script = "trap 'exit 6' TERM; echo ready; while :; do sleep 0.05; done"
        with Life(init, ["bash", "-c", script]) as it:
            equal(it.line(), "ready")
            it.send(number)
            equal(it.end(), 6)


def a_suspended_command_is_woken_to_stop(init):
    script = "trap 'exit 4' TERM; echo ready; kill -STOP $$; while :; do sleep 0.05; done"
    with Life(init, ["bash", "-c", script]) as it:
        equal(it.line(), "ready")
        time.sleep(0.2)
        it.send(signal.SIGTERM)
        equal(it.end(), 4)


def can_hold_a_pod_open_without_a_command(init):
    for number in signal.SIGTERM, signal.SIGINT:
        with Life(init, [], ["pause"]) as it:
            until = time.monotonic() + init.patience
            while it.outer.poll() is None:  # until it listens, the kernel drops what PID 1 does not handle
                assert time.monotonic() < until, "does not end"
                try:
                    it.send(number)
                except (OSError, IndexError):
                    pass  # not there yet, or just gone
                time.sleep(0.02)
            equal(it.end(), 0)


# --- poor surroundings -----------------------------------------------------------------------
def works_without_proc_and_root(init):
    bare = "mount -t tmpfs none /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\""
    words = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "sh", "-c", bare, "-", *init.words()]
    equal(subprocess.run([*words, "sh", "-c", "exit 7"], stdin=subprocess.DEVNULL, capture_output=True).returncode, 7)


def works_with_a_full_descriptor_table(init):
    static = ["prlimit", "--nofile=3"]
    equal(status_of(init, [tty.BOXINIT, "--version"], before=static), 0)


def works_with_closed_standard_descriptors(init):
    done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "-", *NAMESPACE, *init.words(), "sh", "-c", "exit 7"])
    equal(done.returncode, 7)


def works_alone_in_a_read_only_tree(init):
    with tempfile.TemporaryDirectory() as tree:
        shutil.copy(init.path, f"{tree}/init")
        shutil.copy(tty.BOXINIT, f"{tree}/payload")  # any static program
        script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec chroot "$0" /init -- /payload --version'
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount", "sh", "-c", script, tree], capture_output=True)
        equal(done.returncode, 0)


def what_cannot_be_started_is_named(init):
    done = subprocess.run([*NAMESPACE, *init.words(), "no-such-command"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert "no-such-command" in done.stderr, f"says {done.stderr!r}"


def terminal(case, *wishes):
    def row(init):
        tty.LIMIT = init.patience
        why = tty.attempt(case, init.words(*wishes))
        assert why is None, why
    row.__name__ = "terminal_" + case.__name__
    return row


# Row, and the peers that are known to fail at it.
ROWS = [
    (exit_code_comes_back, ()),
    (death_by_signal_is_128_and_its_number, ()),
    (command_not_found_is_127, ()),
    (command_not_executable_is_126, ()),
    (a_script_without_an_interpreter_is_run_by_sh, ()),
    (expected_exit_code_is_success, ("dumb-init", "catatonit")),
    (classic_signals_arrive, ()),
    (fault_signals_sent_by_others_arrive, ()),
    (job_control_signals_arrive, ()),
    (real_time_signals_arrive, ()),
    (signals_reach_the_whole_group, ()),
    (signals_reach_the_command_alone, ()),
    (signals_can_be_rewritten, ("tini", "catatonit")),
    (parents_death_can_be_told, ("dumb-init", "catatonit")),
    (signal_mask_comes_through, ()),
    (an_ignored_sigchld_hides_no_exit, ()),
    (no_descriptor_is_kept_from_its_end, ()),
    (no_directory_is_kept_busy, ()),
    (a_storm_of_orphans_hides_no_exit, ()),
    (orphans_leave_no_zombies, ()),
    (a_subreaper_adopts, ("dumb-init", "catatonit")),
    (a_stubborn_command_is_killed_in_the_end, PEERS),
    (a_stop_leaves_no_descendant_in_any_session, PEERS),
    (stop_signals_of_container_managers_stop, PEERS),
    (a_suspended_command_is_woken_to_stop, ()),
    (can_hold_a_pod_open_without_a_command, ("tini", "dumb-init")),
    (works_without_proc_and_root, ()),
    (works_with_a_full_descriptor_table, ()),
    (works_with_closed_standard_descriptors, ()),
    (works_alone_in_a_read_only_tree, ("tini", "dumb-init")),
    (what_cannot_be_started_is_named, ()),
    *((terminal(case), ()) for case in tty.LEADER),
    *((terminal(case, "plain"), ("tini",)) for case in tty.MEMBER),
]


def attempt(row, init):
    try:
        row(init)
        return None
    except (AssertionError, OSError, IndexError) as error:
        return str(error) or repr(error)
    finally:
        sweep()


class Tap:
    count = failed = 0

    def case(self, passed, name, why=""):
        self.count += 1
        self.failed += not passed
        print(f"{'' if passed else 'not '}ok {self.count} - {name}", flush=True)
        for line in (why or "").splitlines() if not passed else ():
            print("#  ", line)


def main():
    ours = Init("box-init", tty.BOXINIT)
    there = [Init(name, shutil.which(name)) for name in PEERS if shutil.which(name)]
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    tap, beaten = Tap(), []
    for row, fails in ROWS:
        name = row.__name__.replace("_", " ")
        if word not in name:
            continue
        why = attempt(row, ours)
        tap.case(why is None, f"{name}: box-init", why)
        failing = []
        for peer in there:
            why = attempt(row, peer)
            if why is not None:
                failing.append(peer.name)
                print(f"#   {peer.name}: {why.strip().splitlines()[-1][:120]}")
            if peer.name in fails:
                tap.case(why is not None, f"{name}: {peer.name} cannot")
        if failing:
            beaten.append(f"{name}: {', '.join(failing)}")
    for peer in sorted(set(PEERS) - {peer.name for peer in there}):
        tap.count += 1
        print(f"ok {tap.count} - {peer} # SKIP {peer} is not installed")
    print(f"# rows that box-init passes and a peer does not: {len(beaten)}")
    for line in beaten:
        print("#  ", line)
    print(f"1..{tap.count}")
    return 1 if tap.failed else 0


if not os.access(tty.BOXINIT, os.X_OK):
    sys.exit(f"{tty.BOXINIT} is missing: build it first")
if os.geteuid() != 0:
    print("1..0 # SKIP needs root")
    sys.exit(0)
sys.exit(main())
