#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# What can be seen of a running box and done to it: stats, freeze, thaw, set. Limits that bite are in vm/limits.sh.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
box=$(box_name live)
mkdir "$work/shared"
# Counts for as long as it runs, and says good-bye when it is asked to end.
count='trap "echo asked >/x/end; exit 0" TERM; i=0; while :; do i=$((i+1)); echo $i >/x/count.new; mv /x/count.new /x/count; done'
start_box "$box" run -q "$root" -x --bind="$work/shared:/x" -- sh -c "$count" || {
    echo "Bail out! $(cat "$tap_tmp/$box.log")"
    exit 1
}
wait_for test -s "$work/shared/count"
cgroup=$("$BOXCTL" status --json "$box" | python3 -c 'import json,sys; print(json.load(sys.stdin)["cgroup"])')
if [ -z "$cgroup" ]; then
    "$BOXCTL" kill "$box"
    echo "1..0 # SKIP no cgroup of version 2"
    exit 0
fi
changes() { # is the count another one than $1?
    [ "$(cat "$work/shared/count")" != "$1" ]
}
state() { "$BOXCTL" status "$box" | sed -n 's/^ *Frozen: //p'; }

# --- freeze and thaw ---
is "nothing is said of a box that runs" "$(state)" ""
ok "freeze" "$BOXCTL" freeze "$box"
frozen=$(cat "$work/shared/count")
is "status says so, and the way out" "$(state)" "yes, 'boxctl thaw $box' lets it go on"
like "the kernel says so" "$(cat "$cgroup/payload/cgroup.events")" 'frozen 1'
like "stats says so" "$("$BOXCTL" stats "$box")" "$box .frozen."
sleep 0.2
is "nothing moves" "$(cat "$work/shared/count")" "$frozen"
ok "a second time does no harm" "$BOXCTL" freeze "$box"
is "a command that enters runs" "$("$BOXCTL" shell "$box" echo in </dev/null)" in
ok "thaw" "$BOXCTL" thaw "$box"
ok "control: now it moves" wait_for changes "$frozen"
is "and nothing is said any more" "$(state)" ""
ok "thaw of what is not frozen" "$BOXCTL" thaw "$box"

# --- stats ---
stats() { "$BOXCTL" stats --json "$box" | python3 -c 'import json,sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$1"; }
like "stats is a table" "$("$BOXCTL" stats)" "^NAME +CPU +MEMORY .*
$box +[0-9.]+s "
"$BOXCTL" freeze "$box" # so that no number changes
is "the processor time is the cgroup's" "$(stats cpu_usec)" "$(sed -n 's/^usage_usec //p' "$cgroup/cpu.stat")"
tasks=$(cat "$cgroup/pids.current" 2>/dev/null || wc -l <"$cgroup/payload/cgroup.threads")
is "the number of tasks is the cgroup's" "$(stats tasks)" "$tasks"
memory=$(stats memory)
ok "memory is some, and not all" test "$memory" -gt 100000 -a "$memory" -lt 1000000000
is "and it says whose word that is" "$(stats memory_is_sum_of_processes)" "$([ -e "$cgroup/memory.current" ] && echo False || echo True)"
"$BOXCTL" thaw "$box"
timeout 20 "$BOXCTL" stats --watch "$box" >"$work/watched" &
watch=$!
shares() { [ "$(grep -cE "^$box +[0-9.]+%" "$work/watched")" -ge 2 ]; }
ok "--watch shows the share of a processor, again and again" wait_for shares
kill -TERM "$watch"
wait "$watch"
is "and ends when it is asked to" $? 0
is "stats of a box that is not there" "$("$BOXCTL" stats no-such 2>&1; echo $?)" "boxctl: no machine is named 'no-such'; 'boxctl list' shows those that run
125"

# --- set ---
set_it() { "$BOXCTL" set "$@" 2>&1; echo $?; }
is "set: a word that is no property" "$(set_it "$box" MemryMax=1)" "boxctl: unknown property 'MemryMax'; did you mean 'MemoryMax'?
125"
is "set: no value" "$(set_it "$box" MemoryMax=)" "boxctl: set MemoryMax: no value; 'infinity' takes a limit away
125"
like "set: a value that is none" "$(set_it "$box" MemoryMax=lots)" "^boxctl: .*MemoryMax.*'lots'"
if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    skip "set: no controller" "this machine has it: vm/limits.sh shows what it does"
else
    like "set: no controller" "$(set_it "$box" MemoryMax=64M)" "^boxctl: --property=MemoryMax=64M: cgroup v2 has no 'memory' controller"
fi

# --- a stop thaws first ---
"$BOXCTL" freeze "$box"
ok "stop of a frozen box" "$BOXCTL" stop "$box"
is "it was asked, not killed" "$(cat "$work/shared/end")" asked
for verb in freeze thaw; do
    is "$verb of a box that is not there" "$("$BOXCTL" "$verb" "$box" 2>&1; echo $?)" "boxctl: no machine is named '$box'; 'boxctl list' shows those that run
125"
done
done_testing
