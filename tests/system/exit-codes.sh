#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# What boxctl's exit status says.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
name=$(box_name exit)

status() { # NAME WANT ARGS...
    local about=$1 want=$2 output got
    shift 2
    output=$(run_box -M "$name" "$@" 2>&1)
    got=$?
    if [ "$got" = "$want" ]; then tap_report yes "$about: $want"; else tap_report no "$about: $want" "got: $got" "output: $output"; fi
}
for code in 0 1 42 125 126 127 255; do
    status "the command's own status" "$code" "$root" -- sh -c "exit $code"
done
# PID 1 of a namespace is not hurt by its own signals; a child of the shell is
for signal in TERM KILL SEGV; do
    status "killed by SIG$signal, told by the shell inside" $((128 + $(kill -l $signal))) "$root" -- sh -c "sh -c 'kill -$signal \$\$'; exit \$?"
done
status "no such command" 127 "$root" -- nosuch
status "no such path" 127 "$root" -- /bin/nosuch
status "not executable" 126 "$root" -- /etc/passwd
status "a directory" 126 "$root" -- /etc
empty=$(tmpdir)
status "an empty directory" 127 "$empty" -- true
status "an empty directory, login shell" 127 "$empty"
is "which is still empty" "$(ls -A "$empty")" ""
mkdir "$empty/bin"
status "control: what a bind brings is found" 0 --bind-ro="$root/bin:/bin" --bind-ro="$root/lib:/lib" "$empty" -- /bin/true
printf 'not a program' >"$root/bin/data"
chmod 755 "$root/bin/data"
status "not a program" 126 "$root" -- /bin/data
printf '#!/nowhere/sh\n' >"$root/bin/script"
chmod 755 "$root/bin/script"
status "a script without its interpreter" 127 "$root" -- /bin/script
status "unknown option" 125 --nosuch "$root" -- true
status "no such tree" 125 /nonexistent -- true
status "a file as tree" 125 "$root/etc/passwd" -- true
status "the host's own root" 125 / -- true
status "no such user" 125 --user=nosuch "$root" -- true
status "poweroff -f from inside" 0 "$root" -- poweroff -f
status "halt -f from inside" 0 "$root" -- halt -f
status "reboot -f from a command: the box is over" 0 "$root" -- reboot -f

# a supervised command that is told to stop
"$BOXCTL" run -q -M "$name" "$root" -- sleep 100 </dev/null &
box_pid=$!
at_exit end_box "$box_pid" "$name"
wait_for box_runs "$box_pid"
kill -TERM "$box_pid"
wait "$box_pid"
is "SIGTERM, and the command has no handler: 143" $? 143
"$BOXCTL" run -q -M "$name" "$root" -- sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done' </dev/null >"$tap_tmp/ready" &
box_pid=$!
at_exit end_box "$box_pid" "$name"
wait_for test -s "$tap_tmp/ready"
kill -TERM "$box_pid"
wait "$box_pid"
is "SIGTERM, and the command ends by its own handler: 7" $? 7

# name and tree in use
start_box "$name" run "$root" -- sleep 100
is "a box holds name and tree" $? 0
other=$(tmpdir)/other
copy_root "$root" "$other"
status "name taken" 125 "$other" -- true
status "--ephemeral takes the name as well" 125 -x "$other" -- true
name=$(box_name second)
status "tree in use" 125 "$root" -- true
status "tree in use, by another path" 125 "$root/../${root##*/}" -- true
end_box "$box_pid" "$(box_name exit)"
start_box "$(box_name ro)" run --read-only "$root" -- sleep 100
is "a box that only reads" $? 0
status "others may read the same tree" 0 --read-only "$root" -- true
status "or take it as the base of a throw-away one" 0 -x "$root" -- true
status "but nobody writes to it" 125 "$root" -- true
end_box "$box_pid" "$(box_name ro)"
status "afterwards it is free" 0 "$root" -- true
done_testing
