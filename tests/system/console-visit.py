#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""boxctl console: a visitor at a console that the supervisor keeps. Whoever comes sees what was
written last; log, readiness and box do not care who is there, or how he behaves."""
import os, re, signal, subprocess, sys, termios, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import BOXCTL, Box, equal, eventually, leaves_box, main, scratch, tree, visit

shared = {}
ROOT = tree("busybox_root")
COUNT = "echo rea''dy; while read -r n; do i=0; while [ $i -lt $n ]; do echo line $i.; i=$((i+1)); done; echo done $n.; done"


def run(script, *options):
    """A box whose only process is a shell script at a passive console."""
    box = Box("run", "--ephemeral", "--console=passive", *options, ROOT, "--", "sh", "-c", script)
    wait(box)
    return box


def wait(box, what="running"):
    subprocess.run([BOXCTL, "wait", f"--for={what}", "--timeout=30", box.name], check=True)


def box():
    return shared["box"]


def log_of(name):
    return subprocess.run([BOXCTL, "logs", name], stdout=subprocess.PIPE, check=True, text=True).stdout


def logged(name, pattern):
    eventually(lambda: re.search(pattern, log_of(name)), f"{pattern!r} is not in the log", 20)


def said(*command):
    """Exit status and words of a boxctl without a terminal."""
    done = subprocess.run([BOXCTL, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, text=True, timeout=30)
    return done.returncode, done.stdout


def sockets(pid):
    """What visitors and other clients cost the supervisor."""
    count = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            count += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
        except FileNotFoundError:
            pass  # closed meanwhile
    return count


# --- one box that counts, and many visitors ---------------------------------------------------
@leaves_box
def what_was_written_before_is_shown_at_once():
    shared["box"] = run("stty -echo; printf 'first words\\nname: '; read -r name; echo hello $name; " + COUNT)
    logged(box().name, "name: ")
    shared["sockets"] = sockets(box().pid)
    visitor = visit(box().name)
    visitor.expect(r"first words\r\nname: $")
    visitor.send("you\n")
    visitor.expect(r"hello you\r\nready\r\n")
    equal(visitor.leave(), 0)


@leaves_box
def the_log_goes_on_while_somebody_is_there():
    visitor = visit(box().name)
    visitor.expect("ready")
    visitor.send("2000\n")
    shown = visitor.expect(r"(?s)^(.*)done 2000\.")[1].decode()
    logged(box().name, r"done 2000\.")
    kept = log_of(box().name)
    for number in range(2000):
        assert f"line {number}.\r\n" in shown, f"line {number} is not shown"
        assert f"line {number}.\n" in kept, f"line {number} is not in the log"
    equal(visitor.leave(), 0)


@leaves_box
def the_next_sees_the_end_of_what_the_last_one_saw():
    visitor = visit(box().name)
    visitor.expect(r"line 1999\.\r\ndone 2000\.\r\n$")
    assert b"line 0." not in visitor.everything, "all of it is shown again"
    equal(visitor.leave(), 0)


@leaves_box
def a_second_one_is_told_who_is_there():
    visitor = visit(box().name)
    visitor.expect("done 2000")
    status, words = said("console", box().name)
    equal(status, 125)
    assert f"'{box().name}' is attached already, by process {visitor.pid}" in words, words
    visitor.send("3\n")
    visitor.expect(r"line 2\.\r\ndone 3\.")
    equal(visitor.leave(), 0)


@leaves_box
def a_killed_visitor_makes_room():
    visitor = visit(box().name)
    visitor.expect("done 3")
    visitor.kill(signal.SIGKILL)
    equal(visitor.ended(), -9)
    eventually(lambda: sockets(box().pid) == shared["sockets"], "the supervisor keeps descriptors of a dead visitor")
    other = visit(box().name)
    other.expect("done 3")
    other.send("4\n")
    other.expect(r"done 4\.")
    equal(other.leave(), 0)


@leaves_box
def a_reload_loses_nothing():
    visitor = visit(box().name)
    visitor.expect("done 4")
    visitor.send("20000\n")
    visitor.expect(r"line 10\.\r\n")
    for _ in range(5):
        subprocess.run([BOXCTL, "reload", box().name], check=True)
        visitor.read()
    typist = threading.Thread(target=lambda: [visitor.send("1\n") for _ in range(100)])
    typist.start()
    subprocess.run([BOXCTL, "reload", box().name], check=True)
    typist.join()
    shown = visitor.expect(r"(?s)^(.*)done 20000\.")[1].decode()
    if "left out here" not in shown:  # of so many lines some may be, on a slow machine
        for number in range(11, 20000):
            assert f"line {number}.\r\n" in shown, f"line {number} is lost"
    for number in range(100):
        visitor.expect(r"done 1\.")
    subprocess.run([BOXCTL, "reload", box().name], check=True)
    equal(visitor.leave(), 0)
    eventually(lambda: sockets(box().pid) == shared["sockets"], "reloads leave descriptors")


@leaves_box
def a_reload_with_nobody_there_keeps_what_was_written():
    subprocess.run([BOXCTL, "reload", box().name], check=True)
    visitor = visit(box().name)
    visitor.expect(r"done 1\.\r\n$")
    equal(visitor.leave(), 0)


def input_that_ends_ends_nothing_but_itself():
    """It is passed on as ^D, and the visitor goes when he is told to."""
    one = run("while read -r x; do echo got $x; done; echo no more; sleep 300")
    visitor = subprocess.Popen([BOXCTL, "console", one.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    visitor.stdin.write(b"five\n")
    visitor.stdin.close()
    logged(one.name, "got five")
    logged(one.name, "no more")
    equal(visitor.poll(), None)
    visitor.terminate()
    equal(visitor.wait(), 0)
    shown = visitor.stdout.read()
    assert b"got five\r\n" in shown and b"no more\r\n" in shown, shown


def the_end_of_the_box_is_the_end_of_the_visit():
    one = run("read -r x; echo got $x; read -r x; echo last words; exit 3")
    visitor = visit(one.name)
    visitor.send("first\n")
    visitor.expect("got first")
    before = termios.tcgetattr(visitor.master)
    visitor.send("second\n")
    visitor.expect(r"last words\r\n")
    equal(visitor.ended(), 0)
    after = termios.tcgetattr(visitor.master)
    assert before[3] != after[3] and after[3] & termios.ECHO, "the terminal is not given back"
    equal(one.ended(), 3)


def a_killed_supervisor_ends_the_visit():
    one = run("read -r x; echo got $x; sleep 300")
    visitor = visit(one.name)
    visitor.send("first\n")
    visitor.expect("got first")
    one.kill(signal.SIGKILL)
    equal(visitor.ended(), 0)


def the_size_follows_the_visitor():
    one = run("trap 'stty size' WINCH; stty size; echo rea''dy; while :; do read -r x; done")
    logged(one.name, "ready")
    visitor = visit(one.name, size=(33, 101))
    visitor.expect("33 101\r\n")
    visitor.resize(20, 55)
    visitor.expect("20 55\r\n")
    equal(visitor.leave(), 0)


def a_full_screen_is_drawn_for_each_visitor():
    """Also for one whose window has the size that the console has already."""
    one = run("n=0; trap 'n=$((n+1)); echo drawn $n.' WINCH; echo rea''dy; while :; do read -r x; done")
    logged(one.name, "ready")
    visitor = visit(one.name, size=(33, 101))
    visitor.expect(r"drawn 1\.")
    equal(visitor.leave(), 0)
    visitor = visit(one.name, size=(33, 101))
    visitor.expect(r"drawn [23]\.")
    equal(visitor.leave(), 0)
    visitor = visit(one.name, size=(33, 102))
    visitor.expect(r"drawn [34]\.")
    equal(visitor.leave(), 0)


def readiness_is_seen_while_somebody_is_there():
    one = run("read -r x; echo now it is $x; sleep 300", "--ready=log:^now it is up$")
    visitor = visit(one.name)
    visitor.expect("attached")
    status, words = said("wait", "--for=ready", "--timeout=0", one.name)
    equal(status, 124)
    visitor.send("up\n")
    wait(one, "ready")
    visitor.expect("now it is up")
    equal(visitor.leave(), 0)


def a_visitor_that_does_not_read_holds_up_nobody():
    one = run("read -r x; echo before; i=0; while [ $i -lt 64 ]; do head -c 65536 /dev/zero | tr '\\0' x; echo; i=$((i+1)); done;"
              " echo the newest; sleep 300")
    visitor = visit(one.name)
    visitor.expect("attached")
    visitor.send("\n")
    visitor.expect("before")
    visitor.kill(signal.SIGSTOP)
    logged(one.name, "the newest")
    subprocess.run([BOXCTL, "reload", one.name], check=True)
    visitor.kill(signal.SIGCONT)
    visitor.expect(r"\r\n\[boxctl: \d+ bytes left out here\]\r\n(?s:.*)the newest\r\n")
    equal(visitor.leave(), 0)


def what_a_terminal_would_answer_is_not_asked_again():
    one = run("stty -echo; printf '\\033[6n\\033[c\\033[31mred\\033[0m\\033]0;title\\007\\005 and pl\\303\\244in\\n\\033[?1049hname: '; read -r x; echo x=$x")
    logged(one.name, "name: ")
    visitor = visit(one.name)
    visitor.expect("attached.*\r\n")
    visitor.expect(r"(?s)^(.*)name: $")
    assert "\x1b[31mred\x1b[0m and pl\u00e4in\r\n".encode() in visitor.everything, visitor.everything
    assert not re.search(rb"\x1b\[(6n|c|\?1049h)|\x1b\]|\x05|title", visitor.everything), visitor.everything
    visitor.send("\n")
    equal(visitor.ended(), 0)


def who_speaks_no_sense_is_let_go():
    """The control socket of a box: root's alone, and bounded."""
    import json, socket
    one = run("echo rea''dy; sleep 300")
    logged(one.name, "ready")
    path = f"/run/boxctl/{one.name}/control"
    equal(oct(os.stat(path).st_mode & 0o777), "0o600")
    before = sockets(one.pid)

    def ask(data):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
            client.settimeout(30)
            client.connect(path)
            client.send(data)
            return client.recv(4096)

    for nonsense in (b"x", b"{}", b'{"ask":7}', b'{"ask":"nothing"}', b"[" * 60, b"\0" * 2000):
        answer = ask(nonsense)
        assert answer == b"" or "error" in json.loads(answer), (nonsense, answer)
    silent = []
    for _ in range(40):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.settimeout(30)
        client.connect(path)
        silent.append(client)
    eventually(lambda: sockets(one.pid) <= before + 16, "silent clients pile up")
    visitor = visit(one.name)
    visitor.expect("attached")
    equal(visitor.leave(), 0)
    for client in silent:
        client.close()
    eventually(lambda: sockets(one.pid) == before, "descriptors of clients are left")


main([
    what_was_written_before_is_shown_at_once,
    the_log_goes_on_while_somebody_is_there,
    the_next_sees_the_end_of_what_the_last_one_saw,
    a_second_one_is_told_who_is_there,
    a_killed_visitor_makes_room,
    a_reload_loses_nothing,
    a_reload_with_nobody_there_keeps_what_was_written,
    input_that_ends_ends_nothing_but_itself,
    the_end_of_the_box_is_the_end_of_the_visit,
    a_killed_supervisor_ends_the_visit,
    the_size_follows_the_visitor,
    a_full_screen_is_drawn_for_each_visitor,
    readiness_is_seen_while_somebody_is_there,
    a_visitor_that_does_not_read_holds_up_nobody,
    what_a_terminal_would_answer_is_not_asked_again,
    who_speaks_no_sense_is_let_go,
])
