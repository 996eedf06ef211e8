#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits that bite, on a kernel that enforces them. It is also one without time namespaces.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 240 ALPINE="$alpine"

root=/var/lib/machines/alpine
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" || exit 1
# An init that does nothing: what a box uses is then what the test makes it use.
printf '::sysinit:/bin/true\n::shutdown:/bin/true\n' >"$root/etc/inittab"

is "the machine has the controllers" "$(tr ' ' '\n' </sys/fs/cgroup/cgroup.controllers | grep -xE 'cpu|io|memory|pids' | tr '\n' ' ')" \
    'cpu io memory pids '
is "it has systemd" "$(cat /proc/1/comm)" systemd

# --- what this kernel lacks ---
not_ok "control: it has no time namespaces" test -e /proc/self/ns/time
is "that is said once, and the box runs" "$("$BOXCTL" run "$root" echo runs </dev/null 2>&1 | sort)" \
    $'boxctl: this kernel has no time namespaces: the box shows the host\'s uptime\nruns'

# --- memory ---
take_memory() { "$BOXCTL" shell "$1" dd if=/dev/zero of=/dev/null bs=64M count=1 </dev/null >/dev/null 2>&1; echo $?; }
box=$(box_name mem)
sleep 1000 &
bystander=$!
start_box "$box" boot "$root" --property=MemoryMax=32M --property=MemorySwapMax=0 || tap_report no "a box with limits starts" "$(cat "$tap_tmp/$box.log")"
leader=$box_leader
is "MemoryMax= kills what takes too much" "$(take_memory "$box")" 137
ok "the rest of the box lives on" test "$(leader_of "$box_pid")" = "$leader"
is "control: less is no problem" "$("$BOXCTL" shell "$box" dd if=/dev/zero of=/dev/null bs=4M count=1 </dev/null >/dev/null 2>&1; echo $?)" 0
ok "and so does everything outside" kill -0 "$bystander"
is "MemoryMax= is the limit of the box as a whole" "$(cat "$(dirname "$(cgroup_of "$leader")")/memory.max")" $((32 << 20))
end_box "$box_pid" "$box"
is "control: without a limit nothing is killed" "$(run_box "$root" dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null 2>&1; echo $?)" 0
kill "$bystander"

# --- tasks ---
tasks() { run_box "$@" "$root" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 100 >/dev/null 2>&1 & done; echo all' 2>&1; }
like "TasksMax= stops forks" "$(tasks --property=TasksMax=8)" "can't fork"
is "control: without it all of them start" "$(tasks)" all

# --- processor ---
# throttled ARGS...: how often the kernel held the box back while it used a second of a processor, or tried to for ten
throttled() {
    local name
    name=$(box_name "cpu$#")
    start_box "$name" run "$root" "$@" sh -c 'while :; do :; done'
    local stat i
    stat=$(dirname "$(cgroup_of "$box_leader")")/cpu.stat
    for ((i = 0; i < 50; i++)); do
        [ "$(count_of "$stat" usage_usec)" -lt 1000000 ] || break
        [ "$(count_of "$stat" nr_throttled)" -lt 3 ] || break
        sleep 0.2
    done
    count_of "$stat" nr_throttled
    end_box "$box_pid" "$name"
}
like "CPUQuota= holds the box back" "$(throttled --property=CPUQuota=20%)" '^([3-9]|[1-9][0-9]+)$'
like "control: without it nobody does" "$(throttled --property=CPUWeight=100)" '^0?$'
done_testing
