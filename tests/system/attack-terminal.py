#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The operator's terminal and boxctl's memory against a box that writes and types what it should
not. Each check is also made on something unsafe, where it must fail ("control: ...")."""
import os, pty, re, select, shutil, signal, subprocess, sys, tempfile, termios, time

SRC = os.environ.get("SRC") or os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("BUILD", os.path.join(SRC, "build"))
BOXCTL = os.environ.get("BOXCTL", os.path.join(BUILD, "cmd/boxctl/boxctl"))
PROBES = os.path.join(BUILD, "tests/probe")
NAME = f"atk{os.getpid()}"
LIMIT = 30.0
results = []


def report(passed, name, detail=""):
    results.append(passed)
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}", flush=True)
    if not passed:
        for line in str(detail)[-2000:].splitlines() or [""]:
            print(f"#   {line}", flush=True)


def make_root(work):
    source = subprocess.run(["bash", "-c", f". {SRC}/tests/lib/tap.sh && busybox_root"], text=True,
                            stdout=subprocess.PIPE, check=True).stdout.strip()
    root = os.path.join(work, "root")
    subprocess.run(["cp", "-a", source, root], check=True)
    for probe in "tiocsti", "surface-probe":
        shutil.copy(os.path.join(PROBES, probe), os.path.join(root, "bin"))
    return root


class Operator:
    """A terminal with a process as its session leader, which runs one command in the foreground and
    then says what it finds typed: what a shell would go on to execute."""

    def __init__(self, command, stdout=None):
        self.shown, self.typed = b"", b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            out = os.open(stdout, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if stdout else None
            done = subprocess.run(command, stdout=out, check=False)
            time.sleep(0.2)
            modes = termios.tcgetattr(0)
            modes[3] &= ~(termios.ICANON | termios.ECHO)
            termios.tcsetattr(0, termios.TCSANOW, modes)
            got = b""
            while select.select([0], [], [], 0.3)[0]:
                got += os.read(0, 4096)
            os.write(1, b"\r\nTYPED<" + got.hex().encode() + b">\r\nSTATUS<%d>\r\n" % done.returncode)
            os._exit(0)

    def finish(self):
        until = time.monotonic() + LIMIT
        while time.monotonic() < until:
            if not select.select([self.master], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:
                break
            if not data:
                break
            self.shown += data
        else:
            os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)
        found = re.search(rb"TYPED<([0-9a-f]*)>", self.shown)
        self.typed = bytes.fromhex(found[1].decode()) if found else None
        return self


def run(*words, **options):
    return subprocess.run([BOXCTL, "run", "-M", NAME, "-q", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT * 2, check=False, **options)


# --- E1, E2: typing into the operator's terminal ------------------------------------------------
def check_typing(root, work):
    text = f"touch {work}/pwned\n"
    box = [BOXCTL, "run", "-M", NAME, "-q"]
    attack = [root, "--", "/bin/tiocsti", text]
    for label, options, stdout in (
            ("on the operator's terminal", [], None),
            ("with output to a file", [], f"{work}/out"),
            ("with --pipe", ["--pipe"], None),
            ("with --pipe and output to a file", ["--pipe"], f"{work}/out"),
            ("with --console=interactive", ["--console=interactive"], None),
            ("of a privileged box", ["--private-users=no"], None)):
        operator = Operator(box + options + attack, stdout).finish()
        report(operator.typed == b"" and b"STATUS<" in operator.shown,
               f"E1 nothing is typed {label}", operator.shown)
        shown = operator.shown
        if stdout:
            with open(stdout, "rb") as file:
                shown += file.read()
        report(b"tioclinux:stdin absent" in shown and not re.search(rb"tioclinux:\S+ open", shown),
               f"E2 nor pasted {label}", shown)
    with open("/proc/sys/dev/tty/legacy_tiocsti", encoding="ascii") as setting:
        legacy = setting.read().strip() == "1"
    if legacy:
        unsafe = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={root}/proc", "chroot", root, "/bin/tiocsti", text]
        operator = Operator(unsafe).finish()
        report(bool(operator.typed) and b"touch" in operator.typed,
               "control: E1 a box on the operator's own terminal types into it", operator.shown)
    else:
        print(f"ok {len(results) + 1} - control: E1 # SKIP this kernel refuses TIOCSTI to all")
        results.append(True)
    report(not os.path.exists(f"{work}/pwned"), "E1 nothing was executed")


def check_own_terminal(root):
    """The terminal that the box has is not the operator's, and its session has no other."""
    script = "tty; readlink /proc/self/fd/0; (exec 3<>/dev/tty) && echo has-tty; cut -d' ' -f7 /proc/self/stat"
    operator = Operator([BOXCTL, "run", "-M", NAME, "-q", root, "--", "/bin/sh", "-c", script]).finish()
    report(b"/dev/console" in operator.shown, "E1 the box's terminal is its own console", operator.shown)
    report(b"/dev/pts/" not in operator.shown, "E1 and no terminal of the host's is named", operator.shown)


# --- E3: what the box says of itself, on the operator's terminal --------------------------------
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\x9f]")
EVIL = "\x1b]0;pwn\a\x1b]52;c;cHdu\a\x1b[2J\x1bP+q\x1b\\\u009b6n\r\b"


def check_messages(root, work):
    with open(f"{root}/etc/os-release", "w", encoding="utf-8") as release:
        release.write(f'ID=x\nNAME="{EVIL}"\nPRETTY_NAME="{EVIL}"\nANSI_COLOR="{EVIL}"\nFANCY_NAME="{EVIL}"\n')
    with open(f"{root}/etc/passwd", "a", encoding="utf-8") as passwd:
        passwd.write(f"evil:x:70000000000:{EVIL}:{EVIL}:{EVIL}:{EVIL}\n")
    evil_dir = os.path.join(work, f"dir{EVIL.replace('/', '')}")
    os.mkdir(evil_dir)
    said = b""
    for words in ([evil_dir], [root, "-u", "evil"], [root, "-u", EVIL], [root, f"--chdir=/{EVIL}"], [root, "-M", EVIL],
                  [root, f"--bind=/{EVIL}"], [root, f"--{EVIL}"], [root, f"--hostname={EVIL}"], [root, f"--setenv={EVIL}"],
                  [root, "--", f"/bin/{EVIL}"], [root, "--tmpfs=" + EVIL], [root, "--capability=" + EVIL]):
        done = subprocess.run([BOXCTL, "run", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=LIMIT, check=False)
        said += done.stdout + done.stderr
    report(said.count(b"\n") >= 10 and not CONTROL.search(said), "E3 no message carries a control character",
           f"{CONTROL.findall(said)} in {said!r}")
    init = f"{root}/bin/evil-init"
    with open(init, "w", encoding="utf-8") as script:
        script.write("#!/bin/sh\nhostname \"$(printf '\\033]0;pwn\\007')\"\necho ready\nwhile :; do sleep 1; done\n")
    os.chmod(init, 0o755)
    box = subprocess.Popen([BOXCTL, "boot", "-M", NAME, "-q", "--init=/bin/evil-init", root, "--", EVIL],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        box.stdout.readline()
        wait_for(lambda: os.path.exists(f"/run/boxctl/{NAME}/state.json"))
        for verb in (["list"], ["list", "--json"], ["status", NAME], ["status", "--json", NAME]):
            done = subprocess.run([BOXCTL, *verb], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT, check=False)
            report(done.returncode == 0 and NAME.encode() in done.stdout and not CONTROL.search(done.stdout),
                   f"E3 boxctl {' '.join(verb).replace(NAME, 'NAME')} of such a box is plain", repr(done.stdout))
    finally:
        box.kill()
        box.communicate()
    raw = subprocess.run(["cat", f"{root}/etc/os-release"], stdout=subprocess.PIPE, check=True).stdout
    report(CONTROL.search(raw) is not None, "control: E3 text shown as it is would be seen")


# --- E5: the terminal after boxctl was killed ---------------------------------------------------
def check_restored(root):
    def modes_after(command, kill):
        pid, master = pty.fork()
        if pid == 0:
            before = termios.tcgetattr(0)
            child = subprocess.Popen(command)
            time.sleep(0.1)
            until = time.monotonic() + LIMIT
            while termios.tcgetattr(0) == before and time.monotonic() < until:
                time.sleep(0.02)
            changed = termios.tcgetattr(0) != before
            child.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            child.wait()
            until = time.monotonic() + 3
            while termios.tcgetattr(0) != before and time.monotonic() < until:
                time.sleep(0.02)
            print(f"CHANGED<{changed}> SAME<{termios.tcgetattr(0) == before}>", flush=True)
            os._exit(0)
        shown = b""
        until = time.monotonic() + LIMIT * 2
        while time.monotonic() < until:
            try:
                if select.select([master], [], [], 0.2)[0]:
                    shown += os.read(master, 65536)
            except OSError:
                break
        os.waitpid(pid, 0)
        os.close(master)
        return shown

    box = [BOXCTL, "run", "-M", NAME, "-q", root, "--", "/bin/sleep", "60"]
    shown = modes_after(box, True)
    report(b"CHANGED<True> SAME<True>" in shown, "E5 the terminal is as before after SIGKILL", shown)
    unsafe = ["sh", "-c", "stty raw -echo; exec sleep 60"]
    shown = modes_after(unsafe, True)
    report(b"CHANGED<True> SAME<False>" in shown, "control: E5 a terminal left raw is seen", shown)


# --- E6, E9: floods, and nobody who reads --------------------------------------------------------
def peak_memory(pid):
    """kB"""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1])


def wait_for(condition):
    until = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def flood(root, label, script, console, sink, must_end):
    """Boots an init that floods its console and then makes a file; judges boxctl's memory and, with
    must_end, whether the init got on."""
    done = f"{root}/flooded"
    if os.path.exists(done):
        os.unlink(done)
    with open(f"{root}/bin/flood", "w", encoding="utf-8") as init:
        init.write(f"#!/bin/sh\n{script}\n: >/flooded\nexec sleep 60\n")
    os.chmod(f"{root}/bin/flood", 0o755)
    box = subprocess.Popen([BOXCTL, "boot", "-M", NAME, "-q", f"--console={console}", "--init=/bin/flood", root],
                           stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.DEVNULL)
    try:
        ended = wait_for(lambda: os.path.exists(done) or box.poll() is not None) if must_end else time.sleep(2)
        memory = peak_memory(box.pid)
        report(memory < 32 << 10, f"{label}: boxctl stays small", f"{memory} kB at its peak")
        if must_end:
            report(ended and os.path.exists(done), f"{label}: the box goes on", "its init is held up")
        box.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        box.send_signal(signal.SIGTERM)
        report(wait_for(lambda: box.poll() is not None), f"{label}: and can be stopped", "it runs on")
    finally:
        box.kill()
        box.wait()


def check_floods(root):
    size = 48 << 20
    for label, script in (("E6 an endless line", f"head -c {size} /dev/zero"),
                          ("E6 a million lines", "yes | head -n 1000000"),
                          ("E6 an escape sequence without end", f"printf '\\033]0;'; head -c {size} /dev/zero | tr '\\0' x")):
        flood(root, label, script, "read-only", subprocess.DEVNULL, True)
    flood(root, "E9 nobody at the console", f"head -c {size} /dev/zero", "passive", subprocess.DEVNULL, True)
    reader, writer = os.pipe()
    flood(root, "E9 a reader that does not read", f"head -c {size} /dev/zero", "read-only", writer, False)
    os.close(reader)
    os.close(writer)
    hoarder = subprocess.Popen([sys.executable, "-c", f"x = b'x' * {size}; import time; time.sleep(60)"])
    report(wait_for(lambda: peak_memory(hoarder.pid) > 32 << 10), "control: E6 a process that keeps it all is seen")
    hoarder.kill()
    hoarder.wait()


# --- E8: all the terminals there are ------------------------------------------------------------
def check_exhaustion(root):
    def in_use():
        with open("/proc/sys/kernel/pty/nr", encoding="ascii") as number:
            return int(number.read())

    before = in_use()
    # a shell has few descriptors at once; processes with one each have as many as it takes
    script = ("i=0; while [ $i -lt 1200 ]; do (exec 3<>/dev/ptmx && exec sleep 60) 2>/dev/null & i=$((i + 1)); done;"
              "sleep 1; ls /dev/pts | wc -l; (exec 3<>/dev/ptmx) 2>/dev/null && echo MORE; echo counted; exec sleep 60")
    box = subprocess.Popen([BOXCTL, "run", "-M", NAME, "-q", root, "--", "/bin/sh", "-c", script],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    said = b""
    while b"counted" not in said and select.select([box.stdout], [], [], LIMIT)[0]:
        data = os.read(box.stdout.fileno(), 4096)
        if not data:
            break
        said += data
    got = int(said.split()[0]) if said.split() else -1
    report(1000 < got <= 1026 and b"MORE" not in said, "E8 a box gets its share of terminals and no more", said)
    try:
        pair = pty.openpty()
        for fd in pair:
            os.close(fd)
        report(True, "E8 the host has some left")
    except OSError as error:
        report(False, "E8 the host has some left", error)
    report(in_use() >= before + 1000, "control: E8 terminals in use are seen", in_use())
    box.kill()
    box.wait()
    report(wait_for(lambda: in_use() <= before + 8), "E8 and gets all of them back", f"{before} before, {in_use()} after")


def main():
    work = tempfile.mkdtemp(prefix="boxctl-test.")
    os.chmod(work, 0o755)
    try:
        root = make_root(work)
        check_typing(root, work)
        check_own_terminal(root)
        check_restored(root)
        check_floods(root)
        check_exhaustion(root)
        check_messages(root, work)
    finally:
        subprocess.run([BOXCTL, "cleanup", NAME], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(work, ignore_errors=True)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
