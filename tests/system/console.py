#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The console of a box on a terminal: size, keys, escapes, modes, and the terminal afterwards."""
import os, signal, sys, termios, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import BOXCTL, Box, copy_with_login, equal, leaves_box, main, tree

shared = {}
TRAP = "trap 'echo got-term; exit 9' TERM; echo re''ady; while :; do sleep 0.05; done"


def root():
    if "tree" not in shared:
        shared["tree"] = copy_with_login(tree("alpine_root"))
    return shared["tree"]


def box():
    return shared["box"]


def run(*command, options=(), **how):
    return Box("run", *options, root(), "--", *command, **how)


# --- one shell for many cases -----------------------------------------------------------------
@leaves_box
def a_command_has_the_console_as_its_terminal():
    shared["box"] = run("sh", size=(33, 111))
    box().expect(r"[#$] ")
    box().send("PS1=box'$ '; echo in''side\n")
    box().expect(r"inside\r\n.*box\$ ")
    equal(box().command("tty"), "/dev/console")
    equal(box().command("ls -l /proc/self/fd/0 /proc/self/fd/2 | grep -c console"), "2")


@leaves_box
def it_is_the_sessions_terminal():
    equal(box().command("echo hello >/dev/tty"), "hello")
    equal(box().command("cut -d' ' -f6 /proc/1/stat"), "1")


@leaves_box
def the_size_is_that_of_our_terminal():
    equal(box().command("stty size"), "33 111")


@leaves_box
def a_new_size_arrives_and_is_told():
    box().command("trap 'echo re''sized' WINCH")
    box().resize(44, 99)
    deadline = time.monotonic() + 5
    while box().command("stty size") != "44 99":
        assert time.monotonic() < deadline, "the size never arrived"
    equal(box().command("true; echo $TERM"), "vt100")


@leaves_box
def every_byte_a_keyboard_sends_arrives():
    box().send("stty raw -echo; echo rea''dy; dd bs=1 count=255 2>/dev/null | od -An -v -tx1 | tr -d ' \\n'; stty sane; echo\n")
    box().expect("ready")
    time.sleep(0.2)
    data = bytes(b for b in range(256) if b != 0x1D)
    box().send(data)
    got = box().expect(r"([0-9a-f]{510})")[1].decode()
    box().expect(r"box\$ ")
    equal(got, data.hex())


@leaves_box
def interrupt_reaches_the_command_not_boxctl():
    box().send("sleep 100\n")
    time.sleep(0.3)
    box().send("\x03")
    box().expect(r"\^C(?s:.)*box\$ ")
    equal(box().ended(0.1), None)


@leaves_box
def a_flood_of_output_arrives_whole():
    text = box().command("i=0; while [ $i -lt 20000 ]; do echo line$i; i=$((i+1)); done")
    equal(text.split("\n"), [f"line{i}" for i in range(20000)])


@leaves_box
def two_escape_keys_and_another_go_to_the_box():
    box().send("stty raw -echo; echo rea''dy; dd bs=1 count=3 2>/dev/null | od -An -tx1; stty sane\n")
    box().expect("ready")
    time.sleep(0.2)
    box().send("\x1d\x1dx")
    box().expect("1d 1d 78")
    box().expect(r"box\$ ")


@leaves_box
def an_escape_key_alone_is_only_late():
    box().send("stty raw -echo; echo rea''dy; dd bs=1 count=1 2>/dev/null | od -An -tx1; stty sane\n")
    box().expect("ready")
    time.sleep(0.2)
    box().send("\x1d")
    box().expect("1d")
    box().expect(r"box\$ ")


def the_shells_end_is_the_end():
    box().send("exit 5\n")
    equal(box().ended(), 5)


# --- what ends a box --------------------------------------------------------------------------
def three_escape_keys_kill():
    one = run("sh", "-c", TRAP)
    one.expect("ready")
    one.send("\x1d\x1d\x1d")
    equal(one.ended(5), 137)
    assert b"got-term" not in one.everything


def escape_p_asks_a_command_with_sigterm():
    one = run("sh", "-c", TRAP)
    one.expect("ready")
    one.send("\x1d\x1dp")
    one.expect("got-term")
    equal(one.ended(5), 9)


def escape_p_powers_an_init_off():
    one = Box("boot", root())
    one.expect("login: ")
    one.send("\x1d\x1dp")
    equal(one.ended(15), 0)


def escape_r_reboots_an_init():
    one = Box("boot", root())
    one.expect("login: ")
    leader = one.leader()
    one.send("\x1d\x1dr")
    one.expect("login: ")
    assert one.leader() != leader
    one.send("\x1d\x1d\x1d")
    equal(one.ended(5), 137)


def the_keys_are_told_at_the_start():
    one = Box("boot", root())
    one.expect("login: ")
    assert b"press ^] three times" in one.everything, one.everything
    one.close()
    quiet = Box("boot", "--quiet", root())
    quiet.expect("login: ")
    assert b"press" not in quiet.everything, quiet.everything


def a_hang_up_powers_off():
    one = Box("boot", root())
    one.expect("login: ")
    os.close(one.master)
    one.master = os.open("/dev/null", os.O_RDWR)
    deadline = time.monotonic() + 15
    while one.status is None and time.monotonic() < deadline:
        pid, status = os.waitpid(one.pid, os.WNOHANG)
        if pid:
            one.status = os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    equal(one.status, 0)


# --- our terminal -----------------------------------------------------------------------------
def modes(one):
    return termios.tcgetattr(one.master)[:4]


def raw_while_it_runs_and_as_before_afterwards():
    """Also after SIGKILL: a shell's prompt must be usable whatever happened."""
    for how in ("exit", "escape", "kill"):
        one = Box("run", "--quiet", root(), "--", "sh", "-c", "echo re''ady; read x")
        one.expect("ready")
        assert not modes(one)[3] & termios.ICANON, "not raw"
        if how == "exit":
            one.send("\n")
        elif how == "escape":
            one.send("\x1d\x1d\x1d")
        else:
            one.kill(signal.SIGKILL)
        one.ended(5)
        until = time.monotonic() + 5
        while not modes(one)[3] & termios.ICANON and time.monotonic() < until:
            time.sleep(0.05)
        assert modes(one)[3] & termios.ICANON and modes(one)[3] & termios.ECHO, f"left raw after {how}"


def suspended_and_gone_on():
    """SIGSTOP and SIGCONT of boxctl: the box goes on, and so does the console."""
    one = run("sh")
    one.expect(r"[#$] ")
    one.kill(signal.SIGSTOP)
    one.send("echo la''ter\n")
    time.sleep(0.3)
    one.kill(signal.SIGCONT)
    one.expect("later")


# --- other modes ------------------------------------------------------------------------------
def pipe_mode_on_a_terminal_still_has_one():
    one = run("sh", "-c", "[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo ter''minal", options=["--console=pipe"])
    one.expect("terminal")
    equal(one.ended(5), 0)


def read_only_takes_no_keys():
    one = Box("boot", "--console=read-only", root())
    one.expect("login: ")
    one.send("root\n")
    assert b"#" not in one.idle(1.0).replace(b"root", b"")
    one.kill(signal.SIGTERM)
    equal(one.ended(15), 0)


def passive_shows_nothing():
    one = Box("boot", "--quiet", "--console=passive", root())
    equal(one.idle(1.5), b"")
    one.kill(signal.SIGTERM)
    equal(one.ended(15), 0)


def only_stdout_in_a_pipe():
    """boxctl run … | cat at a terminal: what the command writes is exact, keys still work."""
    reader, writer = os.pipe()
    one_pid = os.fork()
    if one_pid == 0:
        os.setsid()
        os.dup2(writer, 1)
        os.close(reader)
        name = f"t-{os.getpid()}-pipe"
        os.execv(BOXCTL, ["boxctl", "run", "-q", "-M", name, root(), "--", "printf", "a\\nb\\n"])
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        got = pipe.read()
    _, status = os.waitpid(one_pid, 0)
    equal((got, os.waitstatus_to_exitcode(status)), (b"a\nb\n", 0))


def the_last_words_are_not_lost():
    one = run("sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x; echo; echo last-words", options=("-q",))
    equal(one.ended(20), 0)
    equal(one.everything.count(b"x"), 200000)
    assert b"last-words" in one.everything


def four_boxes_at_once_keep_their_consoles_apart():
    several = [Box("run", "-x", root(), "--", "sh", "-c", f"echo I am number-{i}; read a; echo got-$a") for i in range(4)]
    for i, one in enumerate(several):
        one.expect(f"number-{i}")
        one.send(f"key{i}\n")
    for i, one in enumerate(several):
        one.expect(f"got-key{i}")
        equal(one.ended(5), 0)


main([a_command_has_the_console_as_its_terminal, it_is_the_sessions_terminal, the_size_is_that_of_our_terminal,
      a_new_size_arrives_and_is_told, every_byte_a_keyboard_sends_arrives, interrupt_reaches_the_command_not_boxctl,
      a_flood_of_output_arrives_whole, two_escape_keys_and_another_go_to_the_box, an_escape_key_alone_is_only_late,
      the_shells_end_is_the_end, three_escape_keys_kill, escape_p_asks_a_command_with_sigterm, escape_p_powers_an_init_off,
      escape_r_reboots_an_init, the_keys_are_told_at_the_start, a_hang_up_powers_off, raw_while_it_runs_and_as_before_afterwards,
      suspended_and_gone_on, pipe_mode_on_a_terminal_still_has_one, read_only_takes_no_keys, passive_shows_nothing,
      only_stdout_in_a_pipe, the_last_words_are_not_lost, four_boxes_at_once_keep_their_consoles_apart])
