#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# shellcheck disable=SC2154 # start_box sets box_pid and box_leader
# F8: what the processes of a box can say in the name of its PID 1. The control is a box whose PID 1
# says it: it must be heard.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

alpine=$(alpine_root) || { skip "F8" "no Alpine tree"; done_testing; }
sender=$BUILD/tests/probe/pid1-notify
manager=$tap_tmp/notify
told=$tap_tmp/told
cat >"$tap_tmp/manager.py" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    data, control, flags, sender = s.recvmsg(8192, 256)
    print("|".join(data.decode("latin1").split("\n")), "fds", len(control), flush=True)
END
python3 "$tap_tmp/manager.py" "$manager" >"$told" &
at_exit kill $!
wait_for grep -q listening "$told"

box=$(box_name f8)
all=$'READY=1\nMAINPID=1\nFDSTORE=1\nFDNAME=x\nWATCHDOG=trigger\nWATCHDOG_USEC=1\nSTOPPING=1\nBUSERROR=a.b\nNOTIFYACCESS=all\nEXTEND_TIMEOUT_USEC=9999999999\nBARRIER=1\nRELOADING=1\nSTATUS=\e]0;owned\a\nERRNO=1'
ready_now() { "$BOXCTL" wait --for=ready --timeout=0 "$box"; }
inside() { "$BOXCTL" shell "$box" "$@"; }
descriptors() { find "/proc/$box_pid/fd" -mindepth 1 | wc -l; }
up() {
    NOTIFY_SOCKET=$manager FDSTORE=1 start_box "$box" run --ephemeral --notify-ready=yes \
        --bind-ro="$sender:/usr/bin/sender" "$alpine" -- "$@"
    eventually "PID 1 is known to the manager" grep -q "^X_NSPAWN_LEADER_PID=$box_leader|STATUS=Starting" "$told"
}

up sleep 300
eventually "the pidfd is stored" grep -q '^FDSTORE=1' "$told"
said=$(wc -l <"$told")
fds=$(descriptors)
inside sender "$all" >/dev/null
not_ok "another process cannot make the box ready" ready_now
inside /bin/su -s /bin/sh nobody -c "sender '$all'" >/dev/null 2>&1
like "a user who is not root cannot even send" "$(inside --user=nobody sender READY=1 | tr -d '\r')" 'sent 0 refused 1'
inside sender -d "$all" >/dev/null
is "descriptors are not taken" "$(descriptors)" "$fds"
inside sender -n 2000 "$all" >/dev/null
inside sender -d -n 1000 "$all" >/dev/null
not_ok "a flood does not help" ready_now
is "nor leaves descriptors" "$(descriptors)" "$fds"
is "the manager heard nothing of all that" "$(tail -n +$((said + 1)) "$told" | grep -v '^WATCHDOG')" ""

# PID 1 floods: it is heard, and boxctl stays usable
end_box "$box_pid" "$box"
up sender -n 100000 'STATUS=spam' pause
before=$(awk '{ print $14 + $15 }' "/proc/$box_pid/stat")
sleep 1
after=$(awk '{ print $14 + $15 }' "/proc/$box_pid/stat")
ok "a flood costs less than half of a processor ($((after - before)) ticks)" test $((after - before)) -lt 50
ok "boxctl answers meanwhile" timeout 10 "$BOXCTL" status "$box"
end_box "$box_pid" "$box"

# control: PID 1 itself is heard, in no more words than there are
up sender -d "$all" pause
if ready_now; then
    tap_report yes "control: PID 1 makes the box ready, with descriptors"
else
    end_box "$box_pid" "$box"
    up sender "$all" pause
    eventually "control: PID 1 makes the box ready" ready_now
fi
eventually "its status is forwarded, escaped" grep -qF 'STATUS=Running: \x1b]0;owned\x07' "$told"
eventually "and its errno" grep -q '|ERRNO=1|' "$told"
is "nothing else is" "$(grep -E 'MAINPID|FDNAME=x|trigger|WATCHDOG_USEC|BUSERROR|NOTIFYACCESS|EXTEND|BARRIER|RELOADING' "$told")" ""
is "the only descriptors are the pidfds" "$(grep -v '^FDSTORE=1|FDPOLL=0|FDNAME=boxctl-leader' "$told" | grep 'fds [1-9]')" ""
end_box "$box_pid" "$box"

# Whoever is root in the box may claim to be PID 1 (unix(7)): it could as well trace it.
up sleep 300
inside sender -p 1 READY=1 >/dev/null
eventually "root in the box speaks for PID 1: one party" ready_now
end_box "$box_pid" "$box"
done_testing
