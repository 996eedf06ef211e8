#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# shellcheck disable=SC2154 # start_box sets box_pid and box_leader
# --ready: every rule is not met, then met; who waits is told.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

alpine=$(alpine_root) || { skip "readiness" "no Alpine tree"; done_testing; }

state_of() { "$BOXCTL" list --json | python3 -c '
import json, sys
print("".join(box["state"] for box in json.load(sys.stdin) if box["name"] == sys.argv[1]))' "$1"; }
ready_now() { "$BOXCTL" wait --for=ready --timeout=0 "$1"; }
inside() { "$BOXCTL" shell "$@"; }

# rule WORD RULE MAKE [OPTION...]: a box that is not ready by RULE until MAKE was run in it
rule() {
    local name status
    name=$(box_name "$1")
    start_box "$name" run --ephemeral --ready="$2" "${@:4}" "$alpine" -- sleep 300
    not_ok "$1: not yet" ready_now "$name"
    is "$1: it is starting" "$(state_of "$name")" starting
    inside "$name" sh -c "$3" >/dev/null 2>&1 &
    "$BOXCTL" wait --for=ready --timeout=20 "$name"
    status=$?
    is "$1: ready once $3" "$status" 0
    is "$1: it runs" "$(state_of "$name")" running
    like "$1: status tells" "$("$BOXCTL" status "$name")" 'Ready: yes, by --ready='
    end_box "$box_pid" "$name"
}

rule tcp tcp:8080 'nc -l -p 8080 -s 127.0.0.1'
rule tcp6 tcp:8080 'nc -l -p 8080 -s ::1'
rule file file:/run/up 'touch /run/up'
rule link file:/run/link 'touch /run/up; ln -s /run/up /run/link'
rule exec 'exec:[ -e /run/up ] && [ -d / ]' 'touch /run/up'
rule log 'log:^box is (up|well)$' 'echo "box is up" >/dev/console' --console=read-only

# No tool of the tree listens on such a socket, so it is listened to from outside.
mkdir "$tap_tmp/shared"
name=$(box_name unix)
start_box "$name" run --ephemeral --ready=unix:/mnt/up.sock --bind="$tap_tmp/shared:/mnt:noidmap" "$alpine" -- sleep 300
listen() { exec python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); time.sleep(float(sys.argv[2])); s.listen(); time.sleep(300)' "$@"; }
listen "$tap_tmp/shared/up.sock" 1.5 &
at_exit kill $!
wait_for test -S "$tap_tmp/shared/up.sock"
not_ok "unix: one that does not listen is not enough" ready_now "$name"
ok "unix: ready once it does" "$BOXCTL" wait --for=ready --timeout=20 "$name"
end_box "$box_pid" "$name"

name=$(box_name prompt)
start_box "$name" boot --ephemeral --init=/bin/sh '--ready=log:here> $' "$alpine" -- -c 'printf "here> "; sleep 300'
ok "a prompt without a newline is enough" "$BOXCTL" wait --for=ready --timeout=20 "$name"
"$BOXCTL" kill "$name" # a shell as PID 1 does not hear
end_box "$box_pid" "$name"

name=$(box_name started)
start_box "$name" run --ephemeral "$alpine" -- sleep 300
ok "a command is ready when it is started" ready_now "$name"
is "and runs" "$(state_of "$name")" running

# Who waits for what never comes
ok "running is not ready" "$BOXCTL" wait --for=running --timeout=0 "$name"
end_box "$box_pid" "$name"
"$BOXCTL" wait --for=ready --timeout=1 "$(box_name nobody)"
is "one that never starts: 124" $? 124
name=$(box_name ends)
start_box "$name" run --ephemeral --ready=file:/never "$alpine" -- sleep 300
"$BOXCTL" wait --for=ready --timeout=20 "$name" 2>"$tap_tmp/waiter" &
waiter=$!
watches_it() { find "/proc/$waiter/fd" -lname "*pidfd*" | grep -q .; }
wait_for watches_it
"$BOXCTL" kill "$name"
wait "$waiter"
is "one that ends first: 125" $? 125
like "and says so" "$(cat "$tap_tmp/waiter")" "^boxctl: machine '$name' ended before it was ready\$"

# A look that hangs (here: a FIFO would, if it were opened) or a command that does is no obstacle.
name=$(box_name hangs)
start_box "$name" run --ephemeral '--ready=exec:sleep 300' "$alpine" -- sleep 300
not_ok "a command that does not end is not ready" "$BOXCTL" wait --for=ready --timeout=1 "$name"
start=$SECONDS
end_box "$box_pid" "$name"
ok "and does not hold up the end" test $((SECONDS - start)) -lt 10

# PID 1 says so
name=$(box_name notify)
sender=$BUILD/tests/probe/pid1-notify
start_box "$name" run --ephemeral --notify-ready=yes --bind-ro="$sender:/usr/bin/sender" "$alpine" -- \
    sender 'STATUS=warming up' @/run/go $'READY=1\nSTATUS=all \e[31mwell' pause
status_shows() { "$BOXCTL" status "$1" | grep -F "$2"; }
eventually "its status shows" status_shows "$name" 'Status: warming up'
not_ok "PID 1 has not said READY=1" ready_now "$name"
inside "$name" sender READY=1 STATUS=mine >/dev/null
not_ok "nobody else's READY=1 counts" ready_now "$name"
inside "$name" touch /run/go
ok "PID 1 has" "$BOXCTL" wait --for=ready --timeout=20 "$name"
ok "its status is escaped" status_shows "$name" 'Status: all \x1b[31mwell'
end_box "$box_pid" "$name"

# The unit around us: the same words as in sd_notify(3)
cat >"$tap_tmp/manager.py" <<'END'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    data, control, flags, sender = s.recvmsg(4096, 64)
    print("|".join(data.decode().split("\n")), "fds", len(control), flush=True)
END
python3 "$tap_tmp/manager.py" "$tap_tmp/notify" >"$tap_tmp/told" &
at_exit kill $!
wait_for grep -q listening "$tap_tmp/told"
name=$(box_name unit)
NOTIFY_SOCKET=$tap_tmp/notify FDSTORE=1 WATCHDOG_USEC=400000 WATCHDOG_PID='' LISTEN_FDS=0 \
    start_box "$name" run --ephemeral --ready=file:/run/up "$alpine" -- sh -c 'env; exec sleep 300'
eventually "it is told of PID 1" grep -qx "X_NSPAWN_LEADER_PID=$box_leader|STATUS=Starting fds 0" "$tap_tmp/told"
eventually "it keeps a descriptor" grep -qx 'FDSTORE=1|FDPOLL=0|FDNAME=boxctl-leader fds 1' "$tap_tmp/told"
not_ok "it is not told READY=1 yet" grep -q 'READY=1' "$tap_tmp/told"
inside "$name" touch /run/up
eventually "it is told READY=1" grep -qx "READY=1|X_NSPAWN_LEADER_PID=$box_leader|STATUS=Running fds 0" "$tap_tmp/told"
pinged() { [ "$(grep -c WATCHDOG=1 "$tap_tmp/told")" -ge 3 ]; }
eventually "it is told again and again that we live" pinged
not_ok "nothing of it is in the box" grep -aE "$tap_tmp|WATCHDOG|LISTEN_" "$tap_tmp/$name.log"
ok "but its own socket" grep -aq 'NOTIFY_SOCKET=/run/host/notify' "$tap_tmp/$name.log"
end_box "$box_pid" "$name"
ok "it is told that we stop" grep -q '^STOPPING=1|' "$tap_tmp/told"
is "the descriptor is given up last" "$(tail -n 1 "$tap_tmp/told")" 'FDSTOREREMOVE=1|FDNAME=boxctl-leader fds 0'

# What is left of it when it is over
is "no process that looks is left" "$(pgrep -x boxctl-probe -P "$box_pid")" ""
done_testing
