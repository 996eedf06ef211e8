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
wait "$box_pid" 2>/dev/null
start

# --- ^Z: what runs stands still as well ---
cat >"$work/job.py" <<'PYTHON'
"""job.py CMD...: as a shell runs it in the foreground; a line each for stopped, continued and how it ended."""
import os, pty, signal, sys
shell, terminal = pty.fork()
if shell == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        out = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        terminal = os.open("/dev/null", os.O_RDONLY)
        os.dup2(terminal, 0), os.dup2(out, 1), os.dup2(out, 2)
        os.execv(sys.argv[2], sys.argv[2:])
    print("job", job, flush=True)
    while True:
        _, status = os.waitpid(job, os.WUNTRACED | os.WCONTINUED)
        print("stopped" if os.WIFSTOPPED(status) else "continued" if os.WIFCONTINUED(status) else "ended", flush=True)
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            os._exit(os.waitstatus_to_exitcode(status) % 256)
os.set_blocking(0, True)
import select
while True:
    for source in select.select([0, terminal], [], [])[0]:
        try:
            data = os.read(source, 4096)
        except OSError:
            data = b""
        if source == terminal and not data:
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(shell, 0)[1]))
        os.write(1 if source == terminal else terminal, data)
PYTHON
mkfifo "$work/keys"
exec 9<>"$work/keys"
python3 "$work/job.py" "$work/ticks" "$BOXCTL" exec "$machine" \
    sh -c '(while :; do echo child; sleep 0.05; done) & trap "exit 3" USR1; while :; do echo tick; sleep 0.05; done' \
    <"$work/keys" >"$work/job" 2>&1 &
shell=$!
at_exit end_now "$shell"
ticks() { [ "$(grep -c "$1" "$work/ticks")" -ge "$2" ]; }
stands_still() { find /sys/fs/cgroup -maxdepth 5 -path "*/boxctl/$machine/shell-*/cgroup.events" -exec grep -q '^frozen 1' {} + ; }
job_is() { [[ "$(tr -d '\r' <"$work/job" | tail -n 1)" == ?("^Z")"$1" ]]; }
ok "a program and its child run" wait_for ticks tick 3
printf '\x1a' >&9
ok "^Z stops the client" wait_for job_is stopped
ok "and all that it has started" wait_for stands_still
before=$(wc -l <"$work/ticks")
sleep 0.3
is "nothing of it runs" "$(wc -l <"$work/ticks")" "$before"
kill -CONT "$(sed -n 's/^job \([0-9]*\).*/\1/p' "$work/job")"
ok "fg continues the client" wait_for job_is continued
ok "the program" wait_for ticks tick "$(($(grep -c tick "$work/ticks") + 2))"
ok "and its child" wait_for ticks child "$(($(grep -c child "$work/ticks") + 2))"
printf '\x1a' >&9
wait_for job_is stopped
is "nor does the box wait for a client that ^Z stopped" "$(timeout 60 "$BOXCTL" kill "$machine" 2>&1; echo $?)" 0
kill -CONT "$(sed -n 's/^job \([0-9]*\).*/\1/p' "$work/job")"
wait "$shell"
is "which ends with what it started" $? 137
exec 9<&-

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
