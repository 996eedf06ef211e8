#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a box's own root may do to the resources of its host, where they are counted: rows H1, H2 and
# H3 of the attack table.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/attack.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 240 ALPINE="$alpine"

root=/var/lib/machines/alpine
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" || exit 1
printf '::sysinit:/bin/true\n::shutdown:/bin/true\n' >"$root/etc/inittab"

# --- H1: the delegation boundary ---
# What it tries, with its cgroups at $1; runs in the box and, as the control, as root without one.
# Writes of more than is allowed, of what stops or kills all, and of its own number into the cgroups above.
cat >"$root/attack" <<'ATTACK'
cd "$1" || exit
for line in memory.max=max memory.high=max memory.swap.max=max pids.max=max cpu.max=max cpu.weight=10000 \
    cgroup.max.descendants=max cgroup.max.depth=max; do
    (echo "${line#*=}" >"${line%%=*}") 2>/dev/null
done
(echo +memory >cgroup.subtree_control) 2>/dev/null
for above in .. ../.. ../../.. ../../../..; do
    sleep 100 >/dev/null 2>&1 &
    (echo $! >"$above/cgroup.procs") 2>/dev/null
done
mkdir -p /tmp/second && mount -t cgroup2 second /tmp/second 2>/dev/null &&
    find /tmp/second -name memory.max | while read -r file; do (echo max >"$file") 2>/dev/null; done
umount /tmp/second 2>/dev/null
true
ATTACK
# limits DIR: what is set in a cgroup and in those above it
limits() {
    local dir=$1
    (cd "$dir" && grep -H '' memory.max memory.high memory.swap.max pids.max cpu.max cpu.weight cgroup.max.* cgroup.freeze)
    while [ "$dir" != /sys/fs/cgroup ]; do
        dir=$(dirname "$dir")
        (cd "$dir" && grep -H '' memory.max memory.high memory.swap.max pids.max cpu.max cpu.weight cgroup.subtree_control)
    done
} 2>/dev/null
# strays DIR LEADER: processes of the PID namespace of LEADER outside of DIR
strays() {
    local pid cgroup
    for pid in /proc/[0-9]*; do
        [ "$(readlink "$pid/ns/pid")" = "$(readlink "/proc/$2/ns/pid")" ] || continue
        cgroup=$(cat "$pid/cgroup")
        [[ -z "$cgroup" || "$cgroup" == "0::${1#/sys/fs/cgroup}/"* ]] || printf '%s\n' "$cgroup"
    done 2>/dev/null
}

box=$(box_name delegated)
start_box "$box" boot "$root" --property=MemoryMax=128M --property=TasksMax=100 || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
machine=$(dirname "$(cgroup_of "$box_leader")")
before=$(limits "$machine/payload")
like "H1 the box is limited by a cgroup above its own" "$before" $'memory.max:134217728\n'
is "H1 the host delegates with nsdelegate" "$(grep -c ' /sys/fs/cgroup .* - cgroup2 .*nsdelegate' /proc/self/mountinfo)" 1
ok "H1 the box's root tries what it can" "$BOXCTL" shell "$box" sh /attack /sys/fs/cgroup
is "H1 its limits are as before" "$(limits "$machine/payload")" "$before"
is "H1 none of its processes got out" "$(strays "$machine" "$box_leader")" ""
ok "H1 it may make cgroups below its own" "$BOXCTL" shell "$box" sh -c \
    'mkdir /sys/fs/cgroup/init /sys/fs/cgroup/sub && for p in $(cat /sys/fs/cgroup/cgroup.procs); do echo $p >/sys/fs/cgroup/init/cgroup.procs; done; true'

unsafe=/sys/fs/cgroup/system.slice/unsafe.scope
mkdir -p $unsafe/payload
echo +memory >$unsafe/cgroup.subtree_control
echo 128M >$unsafe/memory.max
echo 64M >$unsafe/payload/memory.max
echo "$box_leader" >$unsafe/payload/cgroup.procs
finds "H1 a process that is out is seen" unsafe.scope "$(strays "$machine" "$box_leader")"
end_box "$box_pid" "$box"
before=$(limits $unsafe/payload)
(
    echo "$BASHPID" >$unsafe/payload/cgroup.procs
    unshare --mount --pid --fork --kill-child --mount-proc sh "$root/attack" $unsafe/payload &
    wait
)
not_ok "control: without a boundary H1 changes limits" test "$(limits $unsafe/payload)" = "$before"

# --- H2: too many processes ---
box=$(box_name forks)
start_box "$box" boot "$root" --property=TasksMax=60 || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
machine=$(dirname "$(cgroup_of "$box_leader")")
"$BOXCTL" shell "$box" sh -c 'bomb() { bomb | bomb & }; bomb' </dev/null >/dev/null 2>&1 &
# Counted where the fork failed, not where the limit is (before Linux 6.11).
at_its_limit() { cat "$machine"/pids.events "$machine"/*/pids.events 2>/dev/null | grep -q '^max [1-9]'; }
ok "H2 a fork bomb comes to its limit" wait_for at_its_limit
ok "H2 never more than that" test "$(cat "$machine/pids.current")" -le 60
ok "H2 the host starts programs" timeout 20 /bin/true
ok "H2 and boxctl looks after its boxes" timeout 20 "$BOXCTL" status "$box"
ok "H2 the box is killed at once" timeout 30 "$BOXCTL" kill "$box"
ok "H2 nothing of it is left" wait_for test ! -e "$machine"
wait 2>/dev/null
many() { ("$@" sh -c 'i=0; while [ $i -lt 80 ]; do sleep 5 >/dev/null 2>&1 & i=$((i + 1)); done; echo all') 2>&1; }
is "control: H2 without a limit there are more" "$(many run_box "$root")" all

# --- H3: memory that outlives its processes ---
shared() { sed -n 's/^Shmem: *\([0-9]*\) kB/\1/p' /proc/meminfo; }
box=$(box_name shm)
start_box "$box" boot "$root" --property=MemoryMax=256M --property=MemorySwapMax=0 || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
before=$(shared)
for place in /dev/shm /tmp /run; do
    "$BOXCTL" shell "$box" dd if=/dev/zero of="$place/full" bs=1M count=30 </dev/null >/dev/null 2>&1
done
ok "control: H3 files in memory are there while it runs" test $(($(shared) - before)) -gt 60000
status=0
"$BOXCTL" shell "$box" dd if=/dev/zero of=/dev/shm/more bs=1M count=300 </dev/null >/dev/null 2>&1 || status=$?
ok "H3 they are charged to the box" test "$status" != 0
ok "H3 boxctl is not what is killed" kill -0 "$box_pid"
end_box "$box_pid" "$box"
memory_is_back() { [ $(($(shared) - before)) -lt 5000 ]; }
eventually "H3 the memory is free again" memory_is_back
done_testing
