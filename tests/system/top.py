#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""boxctl top on a terminal: keys, resizing, and the terminal given back."""
import os, pty, re, signal, subprocess, sys, termios
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import BOXCTL, Box, machine_name, main, tree

ENTER, LEAVE, HOME = b"\x1b[?1049h", b"\x1b[?1049l", "\x1b\\[H"


class Top(Box):
    """`boxctl top` on a pty of its own."""

    def __init__(self, *names, size=(24, 80)):
        self.name = machine_name("top")
        self.seen, self.everything, self.status = b"", b"", None
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "vt100"
            os.execv(BOXCTL, [BOXCTL, "top", *names])
        self.resize(*size)

    def screen(self):
        """The lines of the next screen that is drawn whole."""
        self.expect(HOME)
        text = self.expect(r"(?s)(.*?)\x1b\[J")[1].decode()
        return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in text.split("\r\n")]


def two_boxes():
    boxes = []
    for word, command in (("idle", "exec sleep 1000"), ("busy", "sleep 1000 & sleep 1000 & wait")):
        box = Box("run", tree("alpine_root"), "-x", "-q", "--console=read-only", "--", "sh", "-c",
                  f"echo is''up; {command}", name=machine_name(word))
        box.expect("isup")
        boxes.append(box)
    return boxes


def keys_sort_and_quit():
    idle, busy = two_boxes()
    top = Top(idle.name, busy.name)
    lines = top.screen()
    assert lines[0].startswith("2 boxes by CPU; sort: c CPU, m memory"), lines
    assert lines[1].startswith("NAME"), lines
    assert {line.split()[0] for line in lines[2:4]} == {idle.name, busy.name}, lines
    for key, name, first in (("t", "tasks", busy.name), ("n", "name", min(idle.name, busy.name))):
        top.send(key)
        top.expect(rf"2 boxes by {name};")
        lines = top.screen()
        assert lines[2].split()[0] == first, (key, lines)
    top.send("x")  # no key of it
    assert "by name" in top.screen()[0]
    top.send("q")
    assert top.ended() == 0
    assert ENTER in top.everything and LEAVE in top.everything
    top.close()


def the_share_of_a_processor_is_shown():
    box = Box("run", tree("alpine_root"), "-x", "-q", "--console=read-only", "--", "sh", "-c",
              "echo is''up; while :; do :; done", name=machine_name("spin"))
    box.expect("isup")
    top = Top(box.name)
    top.expect(r"[0-9.]+%")
    top.send("\x03")
    assert top.ended() == 0, "^C quits"
    top.close()


def a_small_terminal_shows_what_fits():
    idle, busy = two_boxes()
    top = Top(idle.name, busy.name)
    top.screen()
    top.resize(3, 30)
    top.expect(rf"{HOME}2 boxes by CPU; sort: c CPU, m\x1b\[K\r\n\x1b\[7mNAME")
    top.resize(30, 100)
    assert len(top.screen()) >= 4
    top.send("q")
    assert top.ended() == 0
    top.close()


def a_signal_gives_the_terminal_back():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        top = Top()
        master = top.master
        top.expect(HOME)
        assert not termios.tcgetattr(master)[3] & termios.ICANON, "control: raw while it runs"
        top.kill(number)
        assert top.ended() == (-9 if number == signal.SIGKILL else 0), number
        for _ in range(100):  # after a SIGKILL somebody else does it
            if termios.tcgetattr(master)[3] & termios.ICANON:
                break
            top.read(0.05)
        assert termios.tcgetattr(master)[3] & termios.ICANON, number
        top.close()


def one_that_ends_is_told():
    box = Box("run", tree("alpine_root"), "-x", "-q", "--console=read-only", "--", "sh", "-c", "echo is''up; sleep 1000")
    box.expect("isup")
    top = Top(box.name)
    top.screen()
    subprocess.run([BOXCTL, "kill", box.name], check=True)
    top.expect(rf"boxctl: .*{box.name}.*")
    assert top.ended() == 125
    top.close()


def without_a_terminal_it_points_at_stats():
    done = subprocess.run([BOXCTL, "top"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (125, ""), done
    assert done.stderr == "boxctl: top is for a terminal; 'boxctl stats --watch' writes to anything\n", done


main([keys_sort_and_quit, the_share_of_a_processor_is_shown, a_small_terminal_shows_what_fits,
      a_signal_gives_the_terminal_back, one_that_ends_is_told, without_a_terminal_it_points_at_stats])
