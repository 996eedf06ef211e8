#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Limits changed while a box runs, and what it uses, on a kernel with every controller.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 240 ALPINE="$alpine"

root=/var/lib/machines/alpine
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" || exit 1
printf '::sysinit:/bin/true\n::shutdown:/bin/true\n' >"$root/etc/inittab"
take_memory() { "$BOXCTL" shell "$1" dd if=/dev/zero of=/dev/null bs="$2" count=1 </dev/null >/dev/null 2>&1; echo $?; }
# The guest's python knows no JSON.
stat_of() { "$BOXCTL" stats --json "$1" | sed -n "s/.*\"$2\":\([^,}]*\).*/\1/p"; }
said() { "$BOXCTL" status "$1" | sed -n "s/^ *$2: //p"; }

# changes_limits NAME HOW: what is true of both kinds of boxes
changes_limits() {
    local box=$1 how=$2 cgroup
    cgroup=$(said "$box" Cgroup)
    is "$how: control: 64 MiB are no problem" "$(take_memory "$box" 64M)" 0
    is "$how: no limit is shown" "$(stat_of "$box" memory_max) $(said "$box" 'OOM kills')" "null "
    is "$how: set" "$("$BOXCTL" set --runtime "$box" MemoryMax=32M MemorySwapMax=0 TasksMax=40 2>&1; echo $?)" 0
    is "$how: ... is what the cgroup says" "$(cat "$cgroup/memory.max" "$cgroup/pids.max" | tr '\n' ' ')" "$((32 << 20)) 40 "
    is "$how: ... and stats" "$(stat_of "$box" memory_max) $(stat_of "$box" tasks_max)" "$((32 << 20)) 40"
    is "$how: ... and bites" "$(take_memory "$box" 64M)" 137
    is "$how: which status tells" "$(said "$box" 'OOM kills')" "1, for want of memory"
    is "$how: and stats" "$(stat_of "$box" oom_kills)" 1
    is "$how: set back" "$("$BOXCTL" set --runtime "$box" MemoryMax=infinity 2>&1; echo $?)" 0
    is "$how: ... and it is no problem again" "$(take_memory "$box" 64M)" 0
    "$BOXCTL" freeze "$box"
    is "$how: memory is the cgroup's" "$(stat_of "$box" memory)" "$(cat "$cgroup/memory.current")"
    is "$how: tasks are the cgroup's" "$(stat_of "$box" tasks)" "$(cat "$cgroup/pids.current")"
    is "$how: processor time is the cgroup's" "$(stat_of "$box" cpu_usec)" "$(count_of "$cgroup/cpu.stat" usage_usec)"
    "$BOXCTL" thaw "$box"
}

box=$(box_name scope)
start_box "$box" boot "$root" || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
changes_limits "$box" "through systemd"
unit=$(said "$box" Unit)
is "systemd knows it" "$(systemctl show -P TasksMax "$unit")" 40
systemctl daemon-reload
is "... and keeps it over a reload" "$(cat "$(dirname "$(cgroup_of "$box_leader")")/pids.max")" 40
is "a scope leaves nothing for later" "$("$BOXCTL" set "$box" TasksMax=50 2>&1; echo $? "$(ls /etc/systemd/system.control 2>/dev/null)")" "0 "
is "properties without a file of the kernel's are systemd's to set" "$("$BOXCTL" set "$box" CPUWeight=idle 2>&1; echo $?)" 0
end_box "$box_pid" "$box"

# The same where nobody but boxctl writes to the hierarchy.
box=$(box_name own)
unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec "$@"' - \
    "$BOXCTL" boot -M "$box" "$root" </dev/null >"$tap_tmp/$box.log" 2>&1 &
box_pid=$!
at_exit end_box "$box_pid" "$box"
ok "a box starts without systemd" wait_for box_runs "$box_pid"
changes_limits "$box" "without systemd"
like "what only systemd can set is refused" "$("$BOXCTL" set "$box" IPAddressDeny=any 2>&1; echo $?)" "only systemd can set that.*125"
end_box "$box_pid" "$box"
done_testing
