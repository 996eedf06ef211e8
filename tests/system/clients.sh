#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Clients that are stopped (^Z, SIGSTOP): whatever they have started in a box must not keep it from
# ending. A parent outside that reaps nothing does, which is shown first.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

work=$(tmpdir)
machine=$(box_name clients)
root=$work/root
copy_root "$(alpine_root)" "$root" || { skip "clients" "no Alpine tree"; done_testing; }

# inside WORDS: pid, as the host has it, of the process of the box whose command line that is
inside() {
    local process
    for process in $(pgrep -fx "$1"); do
        if [ "/proc/$process/ns/pid" -ef "/proc/$box_leader/ns/pid" ]; then
            printf '%s\n' "$process"
            return 0
        fi
    done
    return 1
}
state_is() { grep -q "^State:[[:space:]]*$2" "/proc/$1/status"; }
released() { [ ! -e "/run/boxctl/$machine" ]; }
start() { start_box "$machine" run "$root" sleep infinity; }
# Continues a child that was stopped; $ended is how it then ends.
let_go() {
    kill -CONT "$1"
    wait "$1" 2>/dev/null
    ended=$?
}
end_now() { kill -KILL "$1" 2>/dev/null; }
# stopped_client WORDS...: boxctl WORDS in the background, stopped once 'sleep 1000' runs; $client
stopped_client() {
    "$BOXCTL" "$@" </dev/null >/dev/null 2>"$work/err" &
    client=$!
    at_exit end_now "$client"
    wait_for inside 'sleep 1000' || return 1
    kill -STOP "$client"
    wait_for state_is "$client" T
}

# --- the control ---
start
nsenter -t "$box_leader" -U -m -p sleep 1000 </dev/null &
control=$!
wait_for inside 'sleep 1000'
sleeper=$(inside 'sleep 1000')
kill -STOP "$control"
wait_for state_is "$control" T
kill -KILL "$box_leader"
ok "control: what runs ends with the box" wait_for state_is "$sleeper" Z
ok "control: but a parent that is stopped holds the box up" kill -0 "$box_leader"
let_go "$control"
is "control: it goes on" "$ended" 137
ok "control: and the box ends" wait_for gone "$box_pid"

# --- clients of boxctl ---
for way in "shell $machine sleep 1000" "exec $machine sleep 1000" "shell --pty $machine sleep 1000" \
    "shell --user=nobody $machine sleep 1000"; do
    start
    # shellcheck disable=SC2086 # words
    stopped_client $way
    ok "'${way/ $machine/ NAME}' is stopped" state_is "$client" T
    sleeper=$(inside 'sleep 1000')
    ok "what runs in the box goes on" state_is "$sleeper" S
    is "stop does not wait for the client" "$(timeout 60 "$BOXCTL" stop "$machine" 2>&1; echo $?)" 0
    ok "and nothing is left" released
    let_go "$client"
    is "the client then says how it ended" "$ended" 137
    wait "$box_pid" 2>/dev/null
done
start
stopped_client shell "$machine" sh -c 'sleep 1000; exit 9'
kill -KILL "$(inside 'sleep 1000')"
let_go "$client"
is "what ends by itself meanwhile keeps its status" "$ended" 9
stopped_client shell "$machine" sleep 1000
"$BOXCTL" freeze "$machine"
is "nor does a frozen box wait for it" "$(timeout 60 "$BOXCTL" kill "$machine" 2>&1; echo $?)" 0
let_go "$client"
is "whose client ends as well" "$ended" 137

# --- the reaper ---
start
stopped_client shell "$machine" sleep 1000
sleeper=$(inside 'sleep 1000')
reaper=$(awk '/^PPid:/ { print $2 }' "/proc/$sleeper/status")
is "the parent of what runs is a reaper" "$(cat "/proc/$reaper/comm")" boxctl-reaper
is "on the host" "$(readlink "/proc/$reaper/ns/pid" "/proc/$reaper/ns/mnt" "/proc/$reaper/ns/user")" \
    "$(readlink /proc/self/ns/pid /proc/self/ns/mnt /proc/self/ns/user)"
is "in the cgroup of the client" "$(cat "/proc/$reaper/cgroup")" "$(cat "/proc/$client/cgroup")"
is "it keeps nothing open but whom it waits for" "$(readlink "/proc/$reaper/fd/"* | sed 's/:.*//')" "anon_inode"
kill -TERM "$reaper"
kill -CONT "$client"
ok "a signal for all of a unit is not for it" state_is "$sleeper" S
kill -KILL "$reaper"
wait "$client"
is "with it what runs ends, too" $? 137
ok "at once" wait_for gone "$sleeper"
stopped_client shell "$machine" sleep 1000
sleeper=$(inside 'sleep 1000')
reaper=$(awk '/^PPid:/ { print $2 }' "/proc/$sleeper/status")
kill -KILL "$client"
wait "$client" 2>/dev/null
ok "with the client the reaper ends" wait_for gone "$reaper"
ok "and what runs" wait_for gone "$sleeper"
is "no cgroup is left but that session's" "$("$BOXCTL" shell "$machine" true </dev/null
    find /sys/fs/cgroup -maxdepth 4 -path "*/boxctl/$machine/shell-*" -type d)" ""
for signal in ABRT SEGV TERM KILL; do
    "$BOXCTL" shell "$machine" sh -c "kill -$signal \$\$" </dev/null
    is "an end by SIG$signal is told as that" $? $((128 + $(kill -l $signal)))
done

done_testing
