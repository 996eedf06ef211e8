#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A box that serves a file system and never answers: whoever waits for it in there cannot even be
# killed. boxctl gives up in time, and the box's supervisor goes on and can end it.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

base=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }
[ -c /dev/fuse ] || { echo "1..0 # SKIP no /dev/fuse"; exit 0; }
root=$(tmpdir)/root
copy_root "$base" "$root" && cp "$BUILD/tests/probe/hung-fs" "$root/bin/" && mkdir -p "$root/hang" "$root/root" || exit 1

IN() { timeout -k 5 30 "$BOXCTL" shell --chdir=/ "$@" </dev/null; }
# hang DIR: mounts it there; from now on nobody comes back from it
hang() {
    "$BOXCTL" shell --chdir=/ "$box" hung-fs "$1" </dev/null >"$tap_tmp/mounted" 2>&1 &
    wait_for grep -q mounted "$tap_tmp/mounted" || { cat "$tap_tmp/mounted"; return 1; }
}
is_stuck() { IN "$box" grep -q 'State:.D' "/proc/$stuck/status"; }
# waits_for COMMAND: there is such a process, and it waits in the kernel
waits_for() { pgrep --runstates D -fx -- "$1.*"; }
# What only the supervisor can answer.
supervisor_answers() { timeout -k 5 20 "$BOXCTL" stop --job=99 "$box" 2>&1; }
ends() {
    ok "$1: boxctl stop ends the box" timeout -k 5 60 "$BOXCTL" stop "$box"
    wait "$box_pid"
    is "$1: nothing of it is left" "$(own_traces | grep "$box")" ""
}

box=$(box_name jobs)
start_box "$box" boot --stop-timeout=3 "$root" || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
ok "its root mounts a file system that never answers" hang /root
stuck=$(IN "$box" sh -c 'ls /root >/dev/null 2>&1 & echo $!')
IN "$box" kill -KILL "$stuck"
ok "control: who waits for it is not killed" wait_for is_stuck
like "a job that waits for it is given up" "$(timeout -k 5 60 "$BOXCTL" exec -d "$box" true 2>&1; echo $?)" \
    $'did not let the program start within 10 s\n125$'
ok "control: it cannot be killed" waits_for "$BOXCTL boot -M $box"
is "the supervisor goes on" "$(supervisor_answers)" "boxctl: machine '$box' has no job 99"
like "another job runs" "$(timeout -k 5 60 "$BOXCTL" exec -d --chdir=/ "$box" sleep 1000 2>&1)" '^[0-9]+$'
ok "a reload as well" timeout -k 5 60 "$BOXCTL" reload "$box"
is "the supervisor is there then" "$(supervisor_answers)" "boxctl: machine '$box' has no job 99"
ends "jobs"

# What looks whether the box is ready waits for it, too.
box=$(box_name ready)
printf '#!/bin/sh\nhung-fs /hang >/dev/null &\nwhile ! grep -q " /hang " /proc/mounts; do :; done\nexec /sbin/init\n' >"$root/sbin/hanging"
chmod 755 "$root/sbin/hanging"
start_box "$box" boot --stop-timeout=3 --init=/sbin/hanging --ready="exec:exec cat /hang/$box" "$root" ||
    tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
looks() { pgrep -fx "cat /hang/$box"; }
ok "control: what looks whether it is ready waits for it" wait_for looks
ok "a reload does not" timeout -k 5 60 "$BOXCTL" reload "$box"
ok "control: it cannot be killed" waits_for "cat /hang/$box"
is "the supervisor goes on then" "$(supervisor_answers)" "boxctl: machine '$box' has no job 99"
ends "ready"
done_testing
