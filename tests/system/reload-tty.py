#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""reload under a person's hands: what is typed and shown on a terminal while the supervisor of the
box is replaced, and the terminal afterwards."""
import os, subprocess, sys, termios, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib"))
from ptybox import BOXCTL, Box, equal, leaves_box, main, tree, visit

shared = {}


def box():
    return shared["box"]


def reload():
    subprocess.run([BOXCTL, "reload", box().name], check=True)


@leaves_box
def half_a_line_typed_before_is_finished_after():
    shared["box"] = Box("boot", tree("busybox_root"), "--stop-timeout=5")
    box().login()
    box().send("echo fir")
    box().expect("echo fir")
    reload()
    box().send("st''line\n")
    box().expect("\r\nfirstline\r\n")


@leaves_box
def the_terminal_stays_raw():
    reload()
    equal(termios.tcgetattr(box().master)[3] & (termios.ICANON | termios.ECHO | termios.ISIG), 0)


@leaves_box
def everything_typed_meanwhile_arrives():
    box().send("stty -echo; echo rea''dy; n=0; while read -r word && [ $word != end ]; do n=$((n+1)); echo got $word; done; stty echo; echo all $n.\n")
    box().expect("ready\r\n")
    typist = threading.Thread(target=lambda: [box().send(f"{i}\n") for i in range(300)])
    typist.start()
    for _ in range(10):
        reload()
    typist.join()
    box().send("end\n")
    seen = box().expect(r"(?s)(.*)all 300\.")[1].decode()
    for number in range(300):
        assert f"got {number}\r\n" in seen, f"line {number} is lost"


@leaves_box
def a_held_escape_key_still_counts_as_typed():
    box().send("echo rea''dy; cat -v; echo en''ded\n")
    box().expect("ready\r\n")
    box().send("\x1d")
    reload()
    box().send("x\n\x04")
    box().expect(r"\^\]x(?s:.*)ended")


@leaves_box
def escape_keys_work():
    before = termios.tcgetattr(box().master)
    box().send("\x1d\x1d\x1d")
    equal(box().ended(), 137)
    after = termios.tcgetattr(box().master)
    assert before[3] != after[3], "the terminal is still raw"
    equal(after[3] & (termios.ICANON | termios.ECHO | termios.ISIG), termios.ICANON | termios.ECHO | termios.ISIG)


def who_is_attached_to_a_passive_console_goes_on():
    shared["box"] = Box("boot", tree("busybox_root"), "--console=passive", "--stop-timeout=5")
    subprocess.run([BOXCTL, "wait", "--for=running", box().name], check=True)
    visitor = visit(box().name)
    visitor.login()
    reload()
    for number in range(20):
        visitor.send(f"echo number''{number}.\n")
        visitor.expect(f"number{number}\\.\r\n")
    equal(visitor.leave(), 0)


main([
    half_a_line_typed_before_is_finished_after,
    the_terminal_stays_raw,
    everything_typed_meanwhile_arrives,
    a_held_escape_key_still_counts_as_typed,
    escape_keys_work,
    who_is_attached_to_a_passive_console_goes_on,
])
