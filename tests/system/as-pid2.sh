#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2154
# boxctl run --as-pid2: the command below box-init, which the box can run and cannot change.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
name=$(box_name pid2)

first='tr "\0" " " </proc/1/cmdline | cut -d" " -f1'
is "PID 1 is box-init" "$(run_box -M "$name" -a "$root" -- sh -c "$first")" box-init
is "control: without the option it is the command" "$(run_box -M "$name" "$root" -- sh -c "$first; true")" sh
is "the command has the caller's streams" "$(echo in | "$BOXCTL" run -q -M "$name" -a "$root" -- cat)" in
is "and its arguments as they are" "$(run_box -M "$name" -a "$root" -- printf '<%s>' -a -- 'b c')" "<-a><--><b c>"
is "without a command it is a login shell" "$(echo 'echo $SHELL; pwd' | "$BOXCTL" run -q -M "$name" -a "$root" 2>&1)" $'/bin/sh\n/root'
is "--user is who both are" "$(run_box -M "$name" -a --user=guest "$root" -- sh -c 'id -un; stat -c %u /proc/1')" $'guest\n405'
is "--chdir" "$(run_box -M "$name" -a --chdir=/etc "$root" -- pwd)" /etc

run_box -M "$name" -a "$root" -- sh -c 'exit 7'
is "its exit status comes back" $? 7
run_box -M "$name" -a "$root" -- sh -c 'kill -TERM $$'
is "128 + signal, which a PID 1 cannot die of" $? 143
run_box -M "$name" -a "$root" -- no-such-command 2>/dev/null
is "127 for a command that is not there" $? 127
run_box -M "$name" -a "$root" -- /etc/passwd 2>/dev/null
is "126 for one that cannot be executed" $? 126

zombies='for i in 1 2 3; do (sleep 0.01 &); done; i=0; while [ $i -lt 100 ]; do n=$(grep -s "State:.Z" /proc/[0-9]*/status | wc -l); [ "$n" = 0 ] && break; i=$((i + 1)); sleep 0.05; done; echo $n'
is "orphans are reaped" "$(run_box -M "$name" -a "$root" -- sh -c "sleep 0.2; $zombies")" 0
is "control: sleep as PID 1 reaps none" "$(run_box -M "$name" "$root" -- sh -c '(sleep 0.01; sleep 0.01) & (sleep 0.3; grep -s "State:.Z" /proc/[0-9]*/status | wc -l) & exec sleep 0.6')" 1

start_box "$name" run -a "$root" -- sh -c 'trap "echo bye; exit 9" TERM; echo ready; while :; do sleep 0.05; done'
wait_for grep -q ready "$tap_tmp/$name.log"
ok "stop asks the command through box-init" "$BOXCTL" stop "$name"
wait "$box_pid"
is "its own status is the box's" "$?" 9
like "it had the time to say so" "$(cat "$tap_tmp/$name.log")" bye

inside='sed -n "s:.* /run/host/box-init \(ro\),.*:\1:p" /proc/self/mountinfo
(: >>/run/host/box-init) 2>/dev/null || echo refused
(: >>/proc/1/exe) 2>/dev/null || echo refused
mount -o remount,bind,rw /run/host/box-init 2>/dev/null || echo refused
umount /run/host/box-init 2>/dev/null || echo refused
rm /run/host/box-init 2>/dev/null || echo refused'
before=$(cksum <"$BOXINIT")
is "the box cannot write to it, not by /proc/1/exe either" "$(run_box -M "$name" -a "$root" -- sh -c "$inside")" $'ro\nrefused\nrefused\nrefused\nrefused\nrefused'
is "it is as it was" "$(cksum <"$BOXINIT")" "$before"

done_testing
