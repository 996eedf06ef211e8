#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boxctl exec: commands in a running box as users of docker and podman type them, and jobs in the
# background: started, listed, stopped, and not lost by a reload.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

work=$(tmpdir)
machine=$(box_name exec)
root=$work/root
copy_root "$(alpine_root)" "$root" || { skip "exec" "no Alpine tree"; done_testing; }
echo 'alice:x:1001:1001::/tmp:/bin/sh' >>"$root/etc/passwd"
cat >"$root/etc/inittab" <<'INITTAB'
::sysinit:/bin/hostname box
::shutdown:/bin/true
INITTAB

status() { "$@" >"$work/out" 2>"$work/err" </dev/null; echo $?; }
err() { cat "$work/err"; }
run() { "$BOXCTL" exec "$machine" "$@"; }
# jobs KEY: of every job, one a line
jobs_of() { "$BOXCTL" status "$machine" --json | python3 -c 'import json,sys
for job in json.load(sys.stdin)["jobs"]: print(job[sys.argv[1]])' "$1"; }
has_jobs() { [ "$(jobs_of number | tr '\n' ' ')" = "$1" ]; }
leaves() { find /sys/fs/cgroup -maxdepth 4 -path "*/boxctl/$machine/shell-*" -type d 2>/dev/null; }
no_leaves() { [ -z "$(leaves)" ]; }
reload() { "$BOXCTL" reload "$machine"; }

start_box "$machine" boot --console=passive "$root" && "$BOXCTL" wait --for=running "$machine"
is "the box starts" $? 0

# --- in the foreground: what shell does, by other letters ---
is "output and input pass" "$(echo through | "$BOXCTL" exec -i "$machine" cat)" through
is "so does the exit status" "$(status "$BOXCTL" exec "$machine" sh -c 'exit 7')" 7
is "standard error stays apart" "$(status "$BOXCTL" exec "$machine" sh -c 'echo no >&2'; cat "$work/out")$(err)" "0no"
is "-u, -e and -w" "$("$BOXCTL" exec -u alice -e A=b -w /usr "$machine" sh -c 'id -un; echo $A; pwd' | tr '\n' ' ')" "alice b /usr "
is "-e passes a variable on" "$(FROM=here "$BOXCTL" exec -e FROM "$machine" sh -c 'echo $FROM')" here
is "options behind the name belong to the command" "$(run sh -c 'echo $0 $1' -d -e)" "-d -e"
like "-it is a terminal of the box" "$("$BOXCTL" exec -it "$machine" tty </dev/null | tr -d '\r')" '^/dev/pts/[0-9]+$'
is "without it there is none" "$(run sh -c 'tty; true' </dev/null)" "not a tty"
is "not found: 127" "$(status "$BOXCTL" exec "$machine" no-such-command)" 127
is "not executable: 126" "$(status "$BOXCTL" exec "$machine" /etc/passwd)" 126
is "a command is needed" "$(status "$BOXCTL" exec "$machine")" 125
like "that is said" "$(err)" 'needs a command'

# --- jobs ---
is "-d starts a job" "$(status "$BOXCTL" exec -d "$machine" sleep 1000)" 0
is "it has a number" "$(cat "$work/out")" 1
ok "it is listed" has_jobs "1 "
pid=$(jobs_of pid)
is "by its process" "$(tr '\0' ' ' <"/proc/$pid/cmdline")" "sleep 1000 "
is "which is a child of the supervisor" "$(awk '/^PPid/ {print $2}' "/proc/$pid/status")" "$box_pid"
like "in a cgroup of its own" "$(cat "/proc/$pid/cgroup")" "/shell-"
like "status shows it" "$("$BOXCTL" status "$machine")" "Job: 1: sleep 1000, by root, process $pid, since .*\(.*s\)"
is "it has no input and output" "$(for fd in 0 1 2; do readlink "/proc/$pid/fd/$fd"; done | sort -u)" /dev/null
is "another one" "$("$BOXCTL" exec -d -u alice -e A='b c' -w /usr "$machine" sh -c 'echo "$(id -un) $A $PWD" >/tmp/said; exec sleep 2000')" 2
said() { run grep -qx 'alice b c /usr' /tmp/said </dev/null; }
ok "user, variables and directory are as asked" wait_for said
is "both are listed" "$(jobs_of user | tr '\n' ' ')" "root alice "
is "one that ends" "$("$BOXCTL" exec -d "$machine" true)" 3
ok "is no longer listed" wait_for has_jobs "1 2 "

is "not found: 127 at once" "$(status "$BOXCTL" exec -d "$machine" no-such-command)" 127
like "with the words of the shell" "$(err)" "^boxctl: .*no-such-command"
is "not executable: 126" "$(status "$BOXCTL" exec -d "$machine" /etc/passwd)" 126
is "an unknown user: 125" "$(status "$BOXCTL" exec -d -u nobody-here "$machine" true)" 125
is "a job has no terminal" "$(status "$BOXCTL" exec -dt "$machine" true)" 125
is "a command is needed here, too" "$(status "$BOXCTL" exec -d "$machine")" 125
ok "what failed is no job" has_jobs "1 2 "

"$BOXCTL" exec -d "$machine" sh -c 'echo said by a job >/dev/console' >/dev/null
logged() { "$BOXCTL" logs "$machine" | grep -qx 'said by a job'; }
ok "what it writes to the console is in the log" wait_for logged
ok "and it ends" wait_for has_jobs "1 2 "

# --- reload ---
ok "a reload" reload
ok "keeps the jobs" has_jobs "1 2 "
is "and their processes" "$(jobs_of pid | head -n 1)" "$pid"
is "numbers are not used again" "$("$BOXCTL" exec -d "$machine" sleep 3000)" 5
last=$(jobs_of pid | tail -n 1)
kill -KILL "$last"
ok "an end after a reload is seen" wait_for has_jobs "1 2 "
kill -KILL "$(jobs_of pid | tail -n 1)"
ok "also of one that began before it" wait_for has_jobs "1 "

# --- stop and kill ---
is "kill --job sends a signal" "$(status "$BOXCTL" kill --job=1 -s STOP "$machine")" 0
stopped() { grep -q '^State:.*T' "/proc/$pid/status"; }
ok "to its process" wait_for stopped
"$BOXCTL" kill --job=1 -s CONT "$machine"
is "stop --job ends it" "$(status "$BOXCTL" stop --job=1 "$machine")" 0
ok "it is gone" has_jobs ""
not_ok "its process too" kill -0 "$pid"
is "the box runs on" "$(status "$BOXCTL" status "$machine")" 0
job=$("$BOXCTL" exec -d "$machine" sh -c 'trap "" TERM; while :; do sleep 1; done')
is "one that ignores it is killed" "$(status "$BOXCTL" stop --job="$job" --timeout=1 "$machine")" 0
ok "it is gone as well" has_jobs ""
job=$("$BOXCTL" exec -d "$machine" sh -c '(sleep 4000 & sleep 5000 &); exit 3')
first_ended() { [ "$(jobs_of pid)" = None ]; }
ok "a job lasts as long as any process of it" wait_for first_ended
like "status says that the first has ended" "$("$BOXCTL" status "$machine")" "Job: $job: .*its first process has ended"
ok "over a reload, too" reload
is "kill --job kills all of it" "$(status "$BOXCTL" kill --job="$job" "$machine")" 0
ok "it is gone, too" wait_for has_jobs ""
is "nothing of it runs" "$(run pgrep -f 'sleep [45]000')" ""
ok "no cgroup is left" wait_for no_leaves
is "an unknown job" "$(status "$BOXCTL" kill --job=77 "$machine")" 125
like "is named" "$(err)" "machine '$machine' has no job 77"
is "stop of an unknown job" "$(status "$BOXCTL" stop --job=77 "$machine")" 125
is "a word that is no number" "$(status "$BOXCTL" stop --job=x "$machine")" 125

# --- without descriptors ---
job=$("$BOXCTL" exec -d "$machine" sh -c 'sleep 4500 & exec sleep 5500')
ok "a job of two processes" wait_for run pgrep -f 'sleep 4500'
lowest() { python3 -c 'import os, sys
print(min(set(range(4096)) - {int(fd) for fd in os.listdir(f"/proc/{sys.argv[1]}/fd")}))' "$box_pid"; }
limit=$(awk '/^Max open files/ { print $4 }' "/proc/$box_pid/limits")
pid=$(jobs_of pid)
prlimit --pid="$box_pid" --nofile="$(lowest):"
kill -KILL "$pid"
ok "loses its first one" wait_for gone "$pid"
prlimit --pid="$box_pid" --nofile="$limit:"
ok "which is told once that is possible" wait_for first_ended
is "it is listed all the same" "$(jobs_of number)" "$job"
is "and can be killed" "$(status "$BOXCTL" kill --job="$job" "$machine")" 0
ok "then it is not listed any more" wait_for has_jobs ""
is "nor runs" "$(run pgrep -f 'sleep [45]500')" ""
ok "no cgroup of it is left" wait_for no_leaves

# --- bounds ---
for ((i = 0; i < 64; i++)); do "$BOXCTL" exec -d "$machine" sleep 6000 >/dev/null || break; done
is "64 jobs" "$(jobs_of number | wc -l)" 64
is "not one more" "$(status "$BOXCTL" exec -d "$machine" true)" 125
like "that is said" "$(err)" "64 jobs"
is "a command that is too long" "$(head -c 110000 /dev/zero | tr '\0' x | xargs "$BOXCTL" exec -d "$machine" true 2>&1 >/dev/null | wc -l)" 1
ok "a reload with so many" reload
is "all are there" "$(jobs_of number | wc -l)" 64

# --- the end ---
ok "reboot" "$BOXCTL" reboot "$machine"
ok "jobs do not outlive it" wait_for has_jobs ""
"$BOXCTL" wait --for=running "$machine"
ok "the next life has its own" wait_for "$BOXCTL" exec -d "$machine" sleep 1000
pid=$(jobs_of pid)
ok "stop" "$BOXCTL" stop "$machine"
not_ok "with the box its jobs end" kill -0 "$pid"
is "nothing is left" "$(own_traces | grep -c "$machine")" 0

# --- a box that is full ---
start_box "$machine" boot --console=passive --rlimit=NPROC=8 "$root" && "$BOXCTL" wait --for=running "$machine"
is "control: there is room" "$(status run true)" 0
# What brings a shell in counts, too, and may be gone late: the last of the room takes another one.
is_full() { [ "$(status run sh -c 'while sleep 1000 & do :; done')" = 125 ]; }
ok "it fills" wait_for is_full
is "a full box: the command cannot start" "$(status run true)" 125
is "and why" "$(err)" "boxctl: start a process: clone: Resource temporarily unavailable; the box has as many processes as it may have"
ok "it can be ended" "$BOXCTL" kill "$machine"

is "no job in a box that is not there" "$(status "$BOXCTL" exec -d "$machine" true)" 125
done_testing
