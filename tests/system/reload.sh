#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# reload: a newer program takes the supervisor's place; the box, its console and its shells go on.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

work=$(tmpdir)
machine=$(box_name reload)
root=$work/root
copy_root "$(busybox_root)" "$root" || exit 1
cat >"$root/etc/inittab" <<'INITTAB'
::sysinit:/bin/hostname box
console::respawn:/bin/sh -c 'i=0; while [ ! -e /stop ]; do echo "line $i"; i=$((i+1)); done; echo "end $i"; exec sleep 1000'
::shutdown:/bin/touch /was-asked
INITTAB

# The program under test is a file that can be replaced, as by a package manager.
program=$work/boxctl
install_program() { cp "$1" "$program.new" && mv "$program.new" "$program"; }
install_program "$BOXCTL"
start() { # start ARGS...: boxctl from $program; $box_pid is it
    : >"$work/console"
    "$program" boot "$root" -M "$machine" "$@" </dev/null >>"$work/console" 2>"$work/log" &
    box_pid=$!
    at_exit end_box "$box_pid" "$machine"
    wait_for "$BOXCTL" wait --for=running --timeout=0 "$machine"
}
field() { "$BOXCTL" status "$machine" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
image_of() { stat -Lc %i "/proc/$1/exe"; }
open_files() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
children() { wc -w <"/proc/$1/task/$1/children"; }
status() { "$@" >"$work/out" 2>"$work/err" </dev/null; echo $?; }

start --stop-timeout=20
is "the box starts" $? 0
leader=$(leader_of "$box_pid")
before=$(image_of "$box_pid") files=$(open_files "$box_pid") watched=$(children "$box_pid")
mkfifo "$work/to-shell"
"$BOXCTL" shell "$machine" cat <"$work/to-shell" >"$work/from-shell" 2>&1 &
shell_pid=$!
exec 9>"$work/to-shell"
echo before >&9
ok "a shell runs" wait_for grep -q before "$work/from-shell"

install_program "$BOXCTL"
is "reload ends with 0" "$(status "$BOXCTL" reload "$machine")" 0
is "and says nothing" "$(cat "$work/out" "$work/err")" ""

not_ok "the supervisor runs the new file" [ "$(image_of "$box_pid")" = "$before" ]
is "its program is no deleted file" "$(readlink "/proc/$box_pid/exe")" "$program"
is "PID 1 is the same" "$(leader_of "$box_pid")" "$leader"
is "the record names it" "$(field leader)" "$leader"
for round in 1 2 3 4 5 6 7 8 9 10; do
    install_program "$BOXCTL"
    "$BOXCTL" reload "$machine" || echo "# round $round failed"
done
is "eleven reloads are counted" "$(grep -o '"reloads":[0-9]*' "/run/boxctl/$machine/state.json")" '"reloads":11'
is "no descriptor is left over" "$(open_files "$box_pid")" "$files"
is "no process is left over" "$(children "$box_pid")" "$watched"
echo after >&9
ok "the shell goes on" wait_for grep -q after "$work/from-shell"
exec 9>&-
wait "$shell_pid"
is "and ends as it would have" $? 0
touch "$root/stop"
ok "the console goes on" wait_for grep -q '^end' "$work/console"
is "not a byte of it is lost" "$(tr -d '\r' <"$work/console" | awk '/^line/ { if ($2 != n) { print "gap at " n; exit } n++ } /^end/ { print ($2 == n) ? "whole" : "end at " $2 " after " n }')" whole

# --- what cannot take over is refused, and nothing has changed ---
printf '#!/bin/sh\necho "not a boxctl"; exit 3\n' >"$work/other"
chmod +x "$work/other"
install_program "$work/other"
is "another program is refused" "$(status "$BOXCTL" reload "$machine")" 125
like "what it said is told" "$(cat "$work/err")" "^boxctl: reload machine '$machine': '$program' cannot take over: not a boxctl; it runs on as before$"
printf 'garbage' >"$work/other"
install_program "$work/other"
is "a file that is no program is refused" "$(status "$BOXCTL" reload "$machine")" 125
like "with the reason" "$(cat "$work/err")" "Exec format error"
rm "$program"
is "a missing file is refused" "$(status "$BOXCTL" reload "$machine")" 125
like "by name" "$(cat "$work/err")" "execute '$program': No such file or directory"
is "the box runs on" "$(leader_of "$box_pid")" "$leader"
is "no descriptor is left of the attempts" "$(open_files "$box_pid")" "$files"
is "an unknown machine" "$(status "$BOXCTL" reload "$(box_name none)")" 125

# --- the new supervisor does what the old one would have ---
install_program "$BOXCTL"
ok "reload works again" "$BOXCTL" reload "$machine"
ok "reboot works" "$BOXCTL" reboot "$machine"
rebooted() { local now; now=$(leader_of "$box_pid") && [ "$now" != "$leader" ] && [ "$(field state)" = running ]; }
ok "the box comes back" wait_for rebooted
is "under the same supervisor" "$(field supervisor)" "$box_pid"
ok "reload works in the second life" "$BOXCTL" reload "$machine"
rm -f "$root/was-asked"
ok "stop works" "$BOXCTL" stop "$machine"
wait "$box_pid"
is "the exit status is that of a power off" $? 0
ok "its init was asked" test -e "$root/was-asked"
is "nothing is left" "$(own_traces | grep -c "$machine")" 0

# --- killed after a reload: the watch of the first image still stands by ---
start --console=passive
is "it starts once more" $? 0
ok "and is reloaded" "$BOXCTL" reload "$machine"
leader=$(leader_of "$box_pid")
kill -KILL "$box_pid"
ok "PID 1 dies with a killed supervisor" wait_for gone "$leader"
not_there() { [ ! -e "/run/boxctl/$machine" ]; }
ok "and what it held goes" wait_for not_there

# --- a variable that somebody else set ---
is "a handover that is none is refused" "$(BOXCTL_HANDOVER=0 status "$BOXCTL" list)" 125
like "with the reason" "$(cat "$work/err")" 'BOXCTL_HANDOVER is set, but not by boxctl'
exec 8</dev/null
is "nor is any open file taken for one" "$(BOXCTL_HANDOVER=8 status "$BOXCTL" boot "$root")" 125
exec 8<&-

done_testing
