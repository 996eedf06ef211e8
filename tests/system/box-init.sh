#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# box-init as PID 1 of a PID namespace (and as a subreaper) for one command; terminals are in
# box-init-tty.py.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"

work=$(tmpdir)
cd "$work" || exit 1
pid1=(unshare --pid --fork --kill-child --mount-proc --)
mark=98$RANDOM # sleeps of this test are found by their time

# status CMD...: its exit status; what it printed is in $work/out
status() {
    "$@" >out 2>&1 </dev/null
    echo $?
}

# Prints what it is called and each signal it gets, by number; the second process is in its group.
cat >listen.py <<'EOF'
import os, signal, sys
wanted = signal.valid_signals() - {signal.SIGCHLD, signal.SIGCONT}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted | {signal.SIGCONT})
name = "main"
if "group" in sys.argv and os.fork() == 0:
    name = "other"
os.write(1, f"{name} ready\n".encode())
while True:
    number = int(signal.sigwait(wanted | {signal.SIGCONT}))
    os.write(1, f"{name} {number}\n".encode())
    if number == 12:
        os._exit(3)
EOF
listen=(/usr/bin/python3 "$work/listen.py")

# start CMD...: runs it with a pipe on its output; $runner is the process, $heard the pipe
start() {
    rm -f pipe
    mkfifo pipe
    exec {heard}<>pipe
    "$@" >&"$heard" 2>&1 </dev/null &
    runner=$!
}
# start_pid1 CMD...: the same in a PID namespace; $init is its PID 1 once the command spoke
start_pid1() { start "${pid1[@]}" "$@"; }
# hear: the next line of the output
hear() {
    local line=
    read -r -t 20 -u "$heard" line || line="(nothing)"
    printf '%s\n' "$line"
}
child_of() { read -r init </proc/"$1"/task/"$1"/children && init=${init% }; }
# end: waits and sets $ended to the exit status
end() {
    wait "$runner"
    ended=$?
    exec {heard}<&-
}
left() { pgrep -f "sleep $1" >/dev/null; }
nothing_left() { ! left "$1"; }

# --- exit status -----------------------------------------------------------------------------
run=("${pid1[@]}" "$BOXINIT")
is "a command's success" "$(status "${run[@]}" true)" 0
is "a command's failure" "$(status "${run[@]}" -- sh -c 'exit 7')" 7
is "a command's death by SIGTERM" "$(status "${run[@]}" sh -c 'kill -TERM $$')" 143
is "a command's death by SIGKILL" "$(status "${run[@]}" sh -c 'kill -KILL $$')" 137
is "a command's death by SIGSEGV" "$(status "${run[@]}" sh -c 'ulimit -c 0; kill -SEGV $$')" 139
is "not found in PATH" "$(status "${run[@]}" no-such-command)" 127
is "not found, said in one line" "$(cat out)" "box-init: start 'no-such-command': No such file or directory"
is "cannot be executed" "$(status "${run[@]}" /etc/passwd)" 126
is "a directory cannot be executed" "$(status "${run[@]}" /etc)" 126
printf '#!/no/such/interpreter\n' >lost && chmod +x lost
is "a lost interpreter is 127" "$(status "${run[@]}" ./lost)" 127
like "a lost interpreter is named as such" "$(cat out)" "interpreter or loader"
is "an unknown option" "$(status "${run[@]}" --bogus true)" 125
is "an unknown option, said in one line" "$(cat out)" "box-init: unknown option: '--bogus' (see box-init --help)"
is "no command" "$(status "${run[@]}" -s)" 125
is "an expected exit code is success" "$(status "${run[@]}" -e 3 -e 7 sh -c 'exit 7')" 0
is "another one is not" "$(status "${run[@]}" -e 3 -e 7 sh -c 'exit 8')" 8
is "an expected death by signal is success" "$(status "${run[@]}" -e 143 sh -c 'kill -TERM $$')" 0
is "a failed start is never success" "$(status "${run[@]}" -e 127 no-such-command)" 127
is "--version" "$("$BOXINIT" --version | sed 's/[0-9.]*$//')" "box-init "
is "--help" "$(status "$BOXINIT" --help)" 0

# --- what the command inherits ---------------------------------------------------------------
is "the environment is untouched" "$(env -i B=2 A=1 "$BOXINIT" -s /usr/bin/env)" $'B=2\nA=1'
direct=$(trap '' CHLD HUP; exec grep -E "^Sig(Blk|Ign)" /proc/self/status)
through=$(trap '' CHLD HUP; exec "$BOXINIT" -s grep -E "^Sig(Blk|Ign)" /proc/self/status)
is "signal mask and ignored signals are untouched" "$through" "$direct"
is "open descriptors reach the command" "$("${run[@]}" sh -c 'echo through >&7; cat /dev/fd/8' 7>&1 8<<<"below")" $'through\nbelow'
is "box-init keeps none of them" "$("${run[@]}" sh -c 'sleep 0.3; set -- $(ls /proc/1/fd); echo $*' 7</dev/null)" "0 1 2"
is "box-init keeps no directory" "$("${run[@]}" sh -c 'sleep 0.3; readlink /proc/1/cwd')" /
is "the command's own directory stays" "$("${run[@]}" pwd)" "$work"

# --- signals ---------------------------------------------------------------------------------
# Every signal there is, one at a time: what the command gets for it.
start_pid1 "$BOXINIT" --stop-timeout=infinity "${listen[@]}"
hear >heard
child_of "$runner"
for ((number = 1; number <= 64; number++)); do
    case $number in 9 | 12 | 17 | 19 | 32 | 33 | 47 | 48 | 49 | 50) continue ;; esac
    kill -"$number" "$init"
    case $number in 30 | 37 | 38 | 39 | 40) want=15 ;; *) want=$number ;; esac
    [ "$(hear)" = "main $want" ] || echo "$number does not arrive as $want" >>wrong
done
is "every signal arrives as it should" "$(cat wrong 2>/dev/null)" ""
kill -12 "$init"
is "the last one, too" "$(hear)" "main 12"
end
is "and the status comes back" "$ended" 3

start_pid1 "$BOXINIT" -r TERM:USR1 -r 1:0 -r 10:28 "${listen[@]}"
hear >heard
child_of "$runner"
kill -HUP "$init"
kill -TERM "$init"
is "a signal rewritten to 0 is dropped, SIGTERM becomes SIGUSR1" "$(hear)" "main 10"
kill -USR1 "$init"
is "a rewrite is applied once" "$(hear)" "main 28"
kill -12 "$init"
end

for mode in --kill-mode=group -g --kill-mode=process -c; do
    start_pid1 "$BOXINIT" "$mode" "${listen[@]}" group
    { hear && hear; } >heard
    child_of "$runner"
    kill -HUP "$init"
    case $mode in
        *group | -g) is "$mode reaches the whole group" "$({ hear && hear; } | sort | xargs)" "main 1 other 1" ;;
        *)
            first=$(hear)
            kill -USR1 "$init"
            is "$mode reaches the command alone" "$first $(hear)" "main 1 main 10"
            ;;
    esac
    kill -12 "$init"
    end
done

# --- orderly stop ----------------------------------------------------------------------------
stubborn='trap "" TERM; setsid sleep '$mark.1' & setsid setsid -f sleep '$mark.1'; echo ready; while :; do wait; done'
for number in TERM INT PWR RTMIN+3 RTMIN+4 RTMIN+5; do
    start_pid1 "$BOXINIT" --stop-timeout=0.2 bash -c "trap '' INT; $stubborn"
    hear >heard
    child_of "$runner"
    before=$EPOCHREALTIME
    kill -"$number" "$init"
    end
    is "SIG$number: SIGKILL after the grace time" "$ended" 137
    took=$(((${EPOCHREALTIME/./} - ${before/./}) / 1000))
    ok "SIG$number: no sooner and not much later ($took ms)" test "$took" -ge 190 -a "$took" -lt 3000
done
ok "nothing is left of all these" nothing_left "$mark.1"

start_pid1 "$BOXINIT" bash -c "$stubborn"
hear >heard
child_of "$runner"
before=$EPOCHREALTIME
kill -RTMIN+13 "$init"
end
is "SIGRTMIN+13 kills" "$ended" 137
took=$(((${EPOCHREALTIME/./} - ${before/./}) / 1000))
ok "SIGRTMIN+13 gives no grace ($took ms)" test "$took" -lt 3000

start_pid1 "$BOXINIT" --stop-timeout=60 bash -c 'trap "echo bye; exit 4" TERM; echo ready; kill -STOP $$; while :; do sleep 0.1; done'
hear >heard
child_of "$runner"
read -r command </proc/"$init"/task/"$init"/children
stopped() { grep -q 'State:.T' /proc/"${command% }"/status; }
eventually "the command is stopped" stopped
kill -TERM "$init"
is "a stopped command is woken to hear SIGTERM" "$(hear)" bye
end
is "its status" "$ended" 4

# --- subreaper -------------------------------------------------------------------------------
start "$BOXINIT" -s --stop-timeout=0.2 bash -c "${stubborn//.1/.2}"
hear >heard
eventually "orphans come to the subreaper" pgrep -P "$runner" -f "sleep $mark.2"
kill -TERM "$runner"
end
is "subreaper: SIGKILL after the grace time" "$ended" 137
ok "subreaper: nothing is left, other sessions included" nothing_left "$mark.2"

start "$BOXINIT" -s bash -c "trap 'exit 5' TERM; setsid -f sleep $mark.3; echo ready; while :; do sleep 0.1; done"
hear >heard
kill -TERM "$runner"
end
is "subreaper: a command that obeys keeps its status" "$ended" 5
ok "subreaper: what it left behind is killed" nothing_left "$mark.3"

start "$BOXINIT" -s --stop-timeout=0.2 bash -c "${stubborn//.1/.2}"
hear >heard
prlimit --pid "$runner" --nofile=3:
eventually "a subreaper at its limit of open files: it has orphans" pgrep -P "$runner" -f "sleep $mark.2"
kill -TERM "$runner"
end
is "SIGKILL after the grace time" "$ended" 137
ok "and nothing is left" nothing_left "$mark.2"

# Without /proc a subreaper cannot name its children: it kills the group and does not wait.
start unshare --mount sh -c 'mount -t tmpfs none /proc; exec "$@"' - "$BOXINIT" -s --stop-timeout=0.2 \
    bash -c "${stubborn//.1/.4}; sleep $mark.5"
hear >heard
before=$EPOCHREALTIME
kill -TERM "$runner"
said=$(hear)
end
took=$(((${EPOCHREALTIME/./} - ${before/./}) / 1000))
like "subreaper without /proc: says so" "$said" "^box-init: what the command started may be left: .*No such file"
is "subreaper without /proc: SIGKILL after the grace time" "$ended" 137
ok "subreaper without /proc: does not wait for what it cannot reach ($took ms)" test "$took" -lt 3000
eventually "which was left, so the rows above can fail" left "$mark.4"
pkill -KILL -f "^sleep $mark.4"

# Another namespace's /proc lists other processes under our children's numbers.
start unshare --pid --fork --kill-child sh -c '"$@"; echo ended $?; sleep 0.2; exit 8' - "$BOXINIT" -s --stop-timeout=0.2 \
    bash -c "${stubborn//.1/.4}"
hear >heard
child_of "$runner"
child_of "$init"
kill -TERM "$init"
is "subreaper under another namespace's /proc: ends as well" "$(hear)" "ended 137"
end
is "and has killed nothing that is not its own" "$ended" 8

like "neither PID 1 nor subreaper: one line says so" "$("$BOXINIT" true 2>&1)" '^box-init: neither PID 1 nor a subreaper .*process$'

start sh -c '"$0" -s -p TERM sleep '"$mark.5"' & echo $!; sleep 0.3; exit 0' "$BOXINIT"
hear >heard
end
eventually "-p TERM: the parent's death ends us" nothing_left "$mark.5"
start sh -c '"$0" -s -p KILL sleep '"$mark.6"' & echo $!; sleep 0.3; exit 0' "$BOXINIT"
hear >heard
end
eventually "-p KILL: the command goes with us" nothing_left "$mark.6"

# --- orphans ---------------------------------------------------------------------------------
cat >storm.pl <<'EOF'
# 10 x COUNT orphans, made by short-lived parents that die first; then what PID 1 left.
use POSIX ();
my $count = shift;
$| = 1;
for (1 .. $count) {
    my $pid = fork;
    redo unless defined $pid;
    if (!$pid) {
        for (1 .. 10) { POSIX::_exit(0) unless fork }
        POSIX::_exit(0);
    }
    waitpid $pid, 0;
}
# Orphans that still run are being reaped: what counts is that it ends.
for (1 .. 200) {
    @all = glob '/proc/[0-9]*';
    last if @all == 2;
    select undef, undef, undef, 0.05;
}
print scalar(@all), "\n";
exit 42;
EOF
is "a storm of 20000 orphans does not hide the exit" "$(status "${run[@]}" -w perl storm.pl 2000)" 42
grep -c 'reaped process' out >count
is "each of them is reaped, once" "$(cat count)" 20000
is "and no zombie is left" "$(grep -v 'reaped process' out)" 2
is "an exit amid exits is not missed" "$(status "${run[@]}" bash -c 'for i in {1..300}; do (sleep 0.2 &) ; done; sleep 0.2; exit 9')" 9

start_pid1 "$BOXINIT" --stop-timeout=1 perl -MPOSIX -e '$SIG{TERM} = sub { exit 6 }; $| = 1; print "ready\n";
    while (1) { my $p = fork; if (defined $p && !$p) { fork; POSIX::_exit(0) } waitpid $p, 0 if $p }'
hear >heard
child_of "$runner"
sleep 0.5
kill -TERM "$init"
end
is "a stop is heard in the middle of a storm" "$ended" 6

# --- poor surroundings -----------------------------------------------------------------------
bare='mount -t tmpfs none /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
is "without /proc, not root" "$(status unshare --pid --fork --kill-child --mount sh -c "$bare" - "$BOXINIT" sh -c 'exit 7')" 7
is "with a full descriptor table" "$(status "${pid1[@]}" prlimit --nofile=3 "$BOXINIT" -- "$BOXINIT" --version)" 0
is "with closed standard descriptors" "$("${run[@]}" sh -c 'exit 7' <&- >&- 2>&-; echo $?)" 7
mkdir tree && cp "$BOXINIT" tree/box-init
read_only='mount --bind tree tree && mount -o remount,ro,bind tree && exec chroot tree "$@"'
is "alone in a read-only tree" "$(status unshare --pid --fork --kill-child --mount sh -c "$read_only" - /box-init -- /box-init --version)" 0
not_ok "it is a static binary" sh -c "readelf -lW '$BOXINIT' | grep INTERP"
ok "it is at most 900 KB" sh -c "strip -o small '$BOXINIT' && test \$(stat -c %s small) -le 900000"
musl=$BUILD/cmd/box-init/box-init-musl
if [ -x "$musl" ]; then
    ok "with musl at most 100 KB" sh -c "strip -o small '$musl' && test \$(stat -c %s small) -le 100000"
    is "and it runs a command" "$(status "${pid1[@]}" "$musl" sh -c 'exit 7')" 7
else
    skip "with musl" "musl-tools is not installed"
fi

# --- in place of others ----------------------------------------------------------------------
# The same scene with a peer and with box-init under the peer's name must give the same.
scene_status() {
    status "${pid1[@]}" "$@" sh -c 'exit 7'
    status "${pid1[@]}" "$@" sh -c 'kill -TERM $$'
}
scene_signals() {
    start_pid1 "$@" "${listen[@]}" group
    { hear && hear; } >heard
    child_of "$runner"
    for number in HUP INT TERM USR1 WINCH PWR RTMIN+3; do
        kill -"$number" "$init"
        hear
        read -r -t 0.3 -u "$heard" line && echo "$line"
    done | sort
    kill -12 "$init"
    end
    echo "status $ended"
}
for peer in tini dumb-init catatonit; do
    real=$(command -v "$peer") || { skip "in place of $peer" "$peer is not installed"; continue; }
    ln -s "$BOXINIT" "$work/$peer"
    for scene in scene_status scene_signals; do
        is "in place of $peer: $scene" "$("$scene" "$work/$peer" --)" "$("$scene" "$real" --)"
    done
    case $peer in
        tini)
            is "in place of tini: signals with -g" "$(scene_signals ./tini -g --)" "$(scene_signals "$real" -g --)"
            is "in place of tini: -e 143" "$(status "${pid1[@]}" ./tini -e 143 -- sh -c 'kill $$')" "$(status "${pid1[@]}" "$real" -e 143 -- sh -c 'kill $$')"
            is "in place of tini: PROGRAM -- ARGUMENTS" "$("${pid1[@]}" ./tini echo -- a b)" "$("${pid1[@]}" "$real" echo -- a b)"
            export TINI_KILL_PROCESS_GROUP=1
            is "in place of tini: its variable" "$(scene_signals ./tini)" "$(scene_signals "$real")"
            unset TINI_KILL_PROCESS_GROUP
            ;;
        dumb-init)
            is "in place of dumb-init: signals with -c" "$(scene_signals ./dumb-init -c)" "$(scene_signals "$real" -c)"
            is "in place of dumb-init: -r 1:10" "$(scene_signals ./dumb-init -r 1:10 --rewrite 15:0)" "$(scene_signals "$real" -r 1:10 --rewrite 15:0)"
            ;;
        *) is "in place of catatonit: signals with -g" "$(scene_signals ./catatonit -g)" "$(scene_signals "$real" -g)" ;;
    esac
done

done_testing
