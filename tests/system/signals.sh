#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# Signals to boxctl, and what of a box outlives a boxctl that was killed: nothing.
# shellcheck disable=SC2154 # start_box sets box_pid and box_leader
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
said=$(tmpdir)
cat >"$root/etc/inittab" <<'E'
::wait:/bin/sh -c 'echo up >>/said/log'
::shutdown:/bin/sh -c 'echo down >>/said/log'
E
boot() { # NAME ARGS...
    local name=$1
    shift
    rm -f "$said/log"
    start_box "$name" boot "$root" --bind="$said:/said" "$@" && wait_for grep -q up "$said/log"
}
ended() { # the exit status, and how many tenths of a second it took
    local start=${EPOCHREALTIME/./} status
    wait "$box_pid"
    status=$?
    took=$(((${EPOCHREALTIME/./} - start) / 100000))
    return $status
}
# Listens to every signal that asks, and does not follow. (A command that has no handler for SIGTERM
# is killed at once: the kernel keeps that signal from a PID 1.)
stubborn() { # NAME ARGS...
    local name=$1
    shift
    rm -f "$said/log"
    start_box "$name" run "$root" --bind="$said:/said" "$@" -- \
        sh -c 'trap : TERM INT HUP; echo up >/said/log; while :; do sleep 0.1; done' && wait_for grep -q up "$said/log"
}

name=$(box_name term)
for signal in TERM INT HUP; do
    # a background job of bash ignores SIGINT, and boxctl has to notice it all the same
    boot "$name"
    kill -"$signal" "$box_pid"
    ended
    is "SIG$signal: the box is powered off" $? 0
    is "SIG$signal: by its own shutdown" "$(tr '\n' ' ' <"$said/log")" "up down "
done

boot "$name"
kill -TERM "$box_pid"
sleep 0.3
kill -TERM "$box_pid"
ended
is "a second SIGTERM kills" $? 137
ok "at once" [ "$took" -lt 10 ]

stubborn "$name" --stop-timeout=1
kill -TERM "$box_pid"
ended
is "--stop-timeout: what does not end is killed" $? 137
ok "after that time" [ "$took" -ge 8 -a "$took" -lt 30 ]
stubborn "$name" --stop-timeout=none
kill -TERM "$box_pid"
sleep 1.5
ok "--stop-timeout=none waits" kill -0 "$box_pid"
kill -TERM "$box_pid"
ended
is "for the second signal" $? 137

boot "$name" --kill-signal=SIGTERM
kill -TERM "$box_pid"
ended
is "--kill-signal=SIGTERM: the end of the box, as that was asked for" $? 0
like "although it is busybox's word for a reboot" "$(cat "$tap_tmp/$name.log")" 'Requesting system reboot'

# --- SIGKILL of boxctl ------------------------------------------------------------------------
processes_in() { # PID NAMESPACE; its number may be another's as soon as it is gone
    find /proc -mindepth 3 -maxdepth 3 -path '/proc/[0-9]*/ns/pid' -lname "${1//[/\\[}" 2>/dev/null | cut -d/ -f3
}
# What ended may wait for whoever is the parent now.
all_gone() {
    local pid
    for pid in "$@"; do
        [ "$(sed 's/.*) \(.\).*/\1/' "/proc/$pid/stat" 2>/dev/null)" = Z ] || [ ! -e "/proc/$pid" ] || return 1
    done
}
# mounts, links, cgroups and state that bear its name, but for the locks that stay
outside() { host_snapshot | grep -F "$name" | grep -v '^process\|/\.locks/'; }
name=tk$$ # short: the link is called ve-NAME
for how in pipe veth; do
    options=()
    [ "$how" = pipe ] || options=(--network-veth)
    before=$(outside)
    boot "$name" "${options[@]}"
    not_ok "control: $how: a running box can be seen on the host" [ "$(outside)" = "$before" ]
    mapfile -t processes < <(processes_in "$(readlink "/proc/$box_leader/ns/pid")")
    ok "SIGKILL, $how: there is something that could stay" kill -0 "${processes[@]}"
    kill -KILL "$box_pid"
    wait "$box_pid" 2>/dev/null
    eventually "SIGKILL, $how: no process of the box remains" all_gone "${processes[@]}"
    boot "$name" "${options[@]}"
    is "SIGKILL, $how: the same name boots again at once" $? 0
    kill -TERM "$box_pid"
    ended
    is "SIGKILL, $how: and that box ends well" $? 0
    is "SIGKILL, $how: nothing of either remains on the host" "$(outside)" "$before"
    not_ok "SIGKILL, $how: nor in the state directory" test -e "/run/boxctl/$name"
done

start_box "$name" run "$root" -- sleep 1000
kill -KILL "$box_leader"
ended
is "SIGKILL of PID 1: 137" $? 137
not_ok "and the state is gone" test -e "/run/boxctl/$name"
# Whoever starts us may ignore the ends of its children, and then so do we at first.
deaf() { python3 -c 'import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execvp(sys.argv[1], sys.argv[1:])' "$@" </dev/null; }
is "started with SIGCHLD ignored, run passes a status on" "$(deaf "$BOXCTL" run -q -x "$root" -- sh -c 'exit 7' 2>&1; echo $?)" 7
name=$(box_name deaf)
start_box "$name" run -q "$root" -- sleep 1000
is "and so does shell" "$(deaf "$BOXCTL" shell "$name" sh -c 'exit 7' 2>&1; echo $?)" 7
not_ok "control: what waits for a child there never learns" deaf python3 -c 'import os; pid = os.fork(); pid or os._exit(0); os.waitpid(pid, 0)'
end_box "$box_pid" "$name"
done_testing
