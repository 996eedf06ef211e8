#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The supervisor where everything runs out or dies: descriptors, processes, memory, disks; a hundred
# thousand orphans, a fork bomb, SIGKILL at any time. Clocks that jump are looked at in
# tests/vm/services.sh: only there can one be set.
# time limit: 600 s
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/supervisor.sh disable=SC2016,SC2034,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/supervisor.sh"

children() { cat "/proc/$init/task/$init/children"; }
child_called() { # COMM: PID 1's child of that name, as seen from here
    local child
    for child in $(children); do
        [ "$(cat "/proc/$child/comm" 2>/dev/null)" != "$1" ] || { echo "$child"; return 0; }
    done
    return 1
}
is_another() { local now; now=$(child_called "$1") && [ "$now" != "$2" ]; } # COMM PID
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$init/stat"; }
# as_user UID: box-init and its services run as that user, whom nobody else on this machine is
as_user() {
    wrap=(sh -c 'mkdir /run/box-init && chown "$0" /run/box-init && exec setpriv --reuid="$0" --regid="$0" --clear-groups "$@"' "$1")
}
user=$((200000000 + $$))

# --- descriptors --------------------------------------------------------------------------------
mkdir -p www
services '[Service web]
ExecStart=/usr/bin/python3 -u -m http.server 8000 --bind 127.0.0.1 --directory '"$work"'/www
Ready=tcp:8000
HealthCheck=tcp:8000
HealthIntervalSec=50ms
HealthRetries=1
[Service sleeper]
ExecStart=/bin/sleep 1000
RestartSec=10ms
Restart=always'
boot
reaches "a service with a health check is up" web up
highest() { find "/proc/$init/fd" -type l -printf '%f\n' | sort -n | tail -n 1; }
full=$(($(highest) + 1))
prlimit --pid "$init" --nofile="$full:"
web=$(child_called python3) sleeper=$(child_called sleep)
ctl status >answer 2>&1 &
asker=$!
kill -KILL "$sleeper"
until_true is_another sleep "$sleeper"
ok "no descriptor left: a service that is killed comes back" is_another sleep "$sleeper"
is "control: a connection cannot be taken" "$(cat answer)" ""
used=$(cpu_ticks)
sleep 1.5
ok "no descriptor left: nothing spins" test "$(($(cpu_ticks) - used))" -lt 50
is "no descriptor left: a health check that cannot be made is none that failed" "$(child_called python3)" "$web"
prlimit --pid "$init" --nofile="$((full + 100)):"
wait "$asker"
like "whoever asked meanwhile is answered when there are some" "$(cat answer)" "web +up .*sleeper +up"
is "and it has been the same server all the time" "$(field web starts)" 1
stop
is "no descriptor left: the box ends well" "$ended" 0

services '[Service one]
ExecStart=/bin/sleep 1000'
wrap=(prlimit --nofile=5)
boot
end
is "too few descriptors to begin with: no box" "$ended" 125
like "and one line that says what to raise" "$(cat log)" '^box-init: [^
]*: Too many open files; raise the limit of open files \(RLIMIT_NOFILE\)$'
wrap=()

# --- processes, and a bomb ----------------------------------------------------------------------
services '[Service bomb]
Enabled=no
ExecStart=/usr/bin/perl -e "while (1) { fork; select undef, undef, undef, 0.02 }"
Restart=no
[Service sleeper]
ExecStart=/bin/sleep 1000
RestartSec=500ms
StartLimitBurst=0'
as_user "$user"
wrap=(prlimit --nproc=40 "${wrap[@]}")
boot -v
reaches "with room for 40 processes" sleeper up
ctl start bomb
processes() { pgrep -c -u "$user"; }
is_full() { [ "$(processes)" -ge 40 ]; }
ok "a fork bomb takes them all" until_true is_full
sleeper=$(child_called sleep)
kill -KILL "$sleeper"
has_logged "control: box-init itself gets none" 'sleeper: make a process: Resource temporarily unavailable'
is "yet it answers, and stops the bomb" "$(ctl stop bomb; echo $?)" 0
not_ok "all of it" pgrep -u "$user" perl
reaches "what could not start comes back" sleeper up
ctl start bomb
until_true is_full
stop
is "a box that is full of a bomb stops" "$ended" 0
is "and leaves nothing" "$(processes)" 0
wrap=()

# --- memory -------------------------------------------------------------------------------------
# trace OPTION...: strace looks on, and perhaps gets in the way, from here to untrace
trace() {
    rm -f calls
    strace -qq -o calls "$@" -p "$init" 2>strace-says &
    tracer=$!
    until_true grep -q 'TracerPid:.[1-9]' "/proc/$init/status"
}
untrace() {
    kill -TERM "$tracer"
    wait "$tracer"
}
services '[Service sleeper]
ExecStart=/bin/sleep 1000
RestartSec=10ms
HealthCheck=exec:/bin/true
HealthIntervalSec=50ms
StartLimitBurst=0
[Service speaker]
ExecStart=/bin/sh -c "while :; do echo xxxxxxxxxxxxxxxx; sleep 0.05; done"
[Service job]
Type=oneshot
OnUnitActiveSec=100ms
ExecStart=/bin/true'
if command -v strace >/dev/null; then
    boot
    reaches "three services run" sleeper up
    sleeper=$(child_called sleep)
    trace -e trace=brk,mmap,mremap,munmap,vfork,clone,fork
    kill -KILL "$sleeper"
    until_true is_another sleep "$sleeper"
    ctl restart speaker
    ctl status --json >/dev/null
    ctl logs speaker >/dev/null
    traced_job() { [ "$(grep -c fork calls)" -ge 6 ]; }
    until_true traced_job
    untrace
    ok "control: starts were seen" traced_job
    is "starts, restarts, questions, output and control allocate nothing" "$(grep -cE 'brk|mmap|mremap|munmap' calls)" 0

    sleeper=$(child_called sleep)
    trace -e trace=vfork,clone,fork,accept4 -e inject=vfork,clone,fork,accept4:error=ENOMEM
    kill -KILL "$sleeper"
    has_logged "no memory for a process: that is said" 'sleeper: make a process: \(Cannot allocate\|Out of\) memory'
    ok "control: it was strace who refused" grep -q INJECTED calls
    untrace
    until_true is_another sleep "$sleeper"
    ok "and when there is some it comes back" is_another sleep "$sleeper"
    is "control works again" "$(ctl status speaker | grep -c ' up ')" 1
    stop
    is "and the box ends well" "$ended" 0
else
    skip "memory" "strace is not installed"
fi

# --- disks --------------------------------------------------------------------------------------
services '[Service speaker]
ExecStart=/bin/sh -c "while :; do echo speaks; sleep 0.05; done"
RestartSec=10ms
Restart=always'
wrap=(sh -c 'exec "$@" >/dev/full 2>&1' -)
boot
reaches "a console that takes nothing (ENOSPC) holds nobody up" speaker up
speaks() { [ "$(ctl logs speaker | grep -c '^speaks$')" -ge 5 ]; }
ok "the latest output is kept all the same" until_true speaks
before=$(field speaker pid)
inside kill -KILL "$before"
again() { [ "$(field speaker pid)" != "$before" ] && is_in speaker up; }
ok "and it comes back when it is killed" until_true again
stop
is "and the box ends well, too" "$ended" 0

services '[Service notifier]
Type=notify
ExecStart=/usr/bin/python3 -c "import socket, os, signal; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); n = os.environ[\"NOTIFY_SOCKET\"]; s.connect(\"\\0\" + n[1:] if n[0] == \"@\" else n); s.send(b\"READY=1\"); signal.pause()"'
wrap=(sh -c 'mount -t tmpfs -o nr_inodes=1 none /run && exec "$@"' -)
boot -v
has_logged "a full /run (ENOSPC): no control, which is said" 'no control: listen on'
has_logged "but services start and say that they are ready" 'notifier: up'
stop
is "and stop" "$ended" 0
wrap=()

# --- orphans ------------------------------------------------------------------------------------
# storm WAVES SIZE (tests/bench/storm.c) ends with 0 when each of its orphans has been reaped.
storm=$BUILD/tests/bench/storm
if [ -x "$storm" ]; then
    printf xxxxxxxxxxxxxxxxxxxx >waves
    services '[Service storm]
Type=oneshot
ExecStart=/bin/sh -c "exec '"$storm"' 20 5000 <'"$work"'/waves >/dev/null"
[Service sleeper]
ExecStart=/bin/sleep 1000'
    boot -w
    reaches "amid 100000 orphans control answers" sleeper up
    is "and restarts a service" "$(ctl restart sleeper; echo $?)" 0
    for ((minute = 0; minute < 10; minute++)); do is_in storm finished || until_true is_in storm finished; done
    reaches "all of them are reaped" storm finished
    stop
    is "each once" "$(grep -c 'reaped process' log)" 100000
    is "and the box ends well" "$ended" 0
    : >log
    is "as PID 1 of one command it does that as well" \
        "$(unshare --pid --fork --kill-child --mount-proc -- "$BOXINIT" -w -- "$storm" 20 5000 <waves 2>log >/dev/null; echo $?)" 0
    is "each once, there, too" "$(grep -c 'reaped process' log)" 100000
    : >log
else
    skip "100000 orphans" "tests/bench/storm is not built"
fi

# --- SIGKILL at any time ------------------------------------------------------------------------
cat >kill.py <<'PY'
import os, random, signal, time
for _ in range(300):
    others = [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) not in (1, os.getpid())]
    try:
        os.kill(random.choice(others), signal.SIGKILL)
    except (ProcessLookupError, IndexError):
        pass
    time.sleep(0.005)
PY
services '[Service simple]
ExecStart=/bin/sh -c "setsid sleep 1000 & sleep 1000"
Restart=always
RestartSec=1ms
StartLimitIntervalSec=1ms
StartLimitBurst=0
[Service notify]
Type=notify
Requires=simple
ExecStart=/usr/bin/python3 -c "import socket, os, signal; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ[\"NOTIFY_SOCKET\"]); s.send(b\"READY=1\"); signal.pause()"
Restart=always
RestartSec=1ms
StartLimitIntervalSec=1ms
StartLimitBurst=0
[Service forking]
Type=forking
PIDFile='"$work"'/forking.pid
ExecStart=/bin/sh -c "sleep 1000 & echo $! >'"$work"'/forking.pid"
Restart=always
RestartSec=1ms
StartLimitIntervalSec=1ms
StartLimitBurst=0
[Service healthy]
ExecStart=/bin/sleep 1000
HealthCheck=exec:/bin/true
HealthIntervalSec=10ms
HealthRetries=1000
Restart=always
RestartSec=1ms
StartLimitIntervalSec=1ms
StartLimitBurst=0
[Service job]
Type=oneshot
OnUnitActiveSec=10ms
ExecStart=/bin/true'
boot
reaches "services of all types are up" notify up
inside /usr/bin/python3 "$work/kill.py"
for service in simple notify forking healthy; do
    reaches "after 300 kills $service is up" "$service" up
    ok "control: it had to start again" test "$(field "$service" starts)" -gt 3
done
times=$(field job starts)
comes() { [ "$(field job starts)" -gt "$times" ]; }
ok "and the job still comes" until_true comes
stop
is "and the box ends with 0" "$ended" 0

done_testing
