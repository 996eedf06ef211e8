#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# systemctl set-property on a machine that runs, as boxctl@NAME.service and in its scope, on a kernel
# that enforces it; and limits that the box's own root sets.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 280 ALPINE="$alpine"

root=/var/lib/machines/alpine
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" || exit 1
# An init that does nothing, and once what this test has it do: in the box's own cgroup, where shells
# from outside are not.
printf '::sysinit:/bin/true\n::once:/bin/sh /etc/once\n::shutdown:/bin/true\n' >"$root/etc/inittab"
cat >"$root/etc/once" <<'ONCE'
while [ ! -e /run/go ]; do sleep 0.2; done
cd /sys/fs/cgroup && mkdir init small && for p in $(cat cgroup.procs); do echo $p >init/cgroup.procs; done 2>/dev/null
echo +memory +pids >cgroup.subtree_control && echo 16M >small/memory.max && echo 0 >small/memory.swap.max
(echo 0 >small/cgroup.procs; exec dd if=/dev/zero of=/dev/null bs=64M count=1) >/dev/null 2>&1
echo $? >/run/went
ONCE
mkdir -p "$root/etc/init.d" "$root/etc/rcS.d"
cat >"$root/etc/init.d/marker" <<'MARKER'
#!/bin/sh
### BEGIN INIT INFO
# Provides: marker
### END INIT INFO
case $1 in
start) sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >/run/marker.pid ;;
stop) kill "$(cat /run/marker.pid)" && rm /run/marker.pid ;;
status) test -e /run/marker.pid || exit 3 ;;
esac
MARKER
chmod 755 "$root/etc/init.d/marker"
# The unit as it is installed, beside the program as it was built.
ln -s "$BOXCTL" /usr/local/bin/boxctl
cp "$BUILD/units/boxctl@.service" /run/systemd/system/
systemctl daemon-reload

IN() { "$BOXCTL" shell "$@" </dev/null; }
take_memory() { IN "$1" dd if=/dev/zero of=/dev/null bs=64M count=1 >/dev/null 2>&1; echo $?; }
make_tasks() { IN "$1" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 1 >/dev/null 2>&1 & done; wait; echo all' 2>&1; }
# throttled MACHINE: was the box held back while it worked?
throttled() {
    local before i
    before=$(count_of "$cgroup/cpu.stat" nr_throttled)
    IN "$1" timeout 20 sh -c 'while :; do :; done' >/dev/null 2>&1 &
    for ((i = 0; i < 75; i++)); do
        [ $(($(count_of "$cgroup/cpu.stat" nr_throttled) - before)) -lt 3 ] || break
        sleep 0.2
    done
    kill $! 2>/dev/null
    wait $! 2>/dev/null
    [ $(($(count_of "$cgroup/cpu.stat" nr_throttled) - before)) -ge 3 ]
}
# What stands in the cgroup of the box itself, seen from outside.
shadows() { (cd "$cgroup/payload" && cat memory.max pids.max cpu.max | tr '\n' ' '); }

# set_property MACHINE UNIT
set_property() {
    local box=$1 unit=$2 leader few
    leader=$("$BOXCTL" status "$box" | sed -n 's/^ *Leader: *\([0-9]*\).*/\1/p')
    cgroup=/sys/fs/cgroup$(systemctl show -P ControlGroup "$unit")
    is "$unit: control: 64 MiB are no problem" "$(take_memory "$box")" 0
    is "$unit: control: nor are twelve processes" "$(make_tasks "$box")" all
    few=$(($(cat "$cgroup/pids.current") + 6))
    ok "$unit: set-property" systemctl set-property --runtime "$unit" MemoryMax=32M MemorySwapMax=0 TasksMax=$few
    is "$unit: it is there at once" "$(cat "$cgroup/memory.max" "$cgroup/pids.max" | tr '\n' ' ')" "$((32 << 20)) $few "
    is "$unit: nothing below says otherwise" "$(shadows)" 'max max max 100000 '
    is "$unit: MemoryMax= bites in the box" "$(take_memory "$box")" 137
    like "$unit: TasksMax= bites in the box" "$(make_tasks "$box")" "can't fork"
    ok "$unit: the machine lives" test -e "/proc/$leader"
    is "$unit: so does its unit" "$(systemctl is-active "$unit")" active
    systemctl set-property --runtime "$unit" MemoryMax=infinity TasksMax=infinity
    is "$unit: taken back, neither is a problem" "$(take_memory "$box") $(make_tasks "$box")" "0 all"
    systemctl set-property --runtime "$unit" CPUQuota=10%
    ok "$unit: CPUQuota= holds the box back" throttled "$box"
    systemctl set-property --runtime "$unit" CPUQuota=
    like "$unit: taken back it is gone" "$(cat "$cgroup/cpu.max")" '^max '
}

# own_limits MACHINE: what the box's root sets in its own part of the tree bites there and nowhere else
own_limits() {
    local box=$1
    IN "$box" touch /run/go
    ok "$box: its own root sets limits" wait_for IN "$box" test -e /run/went
    is "$box: they bite" "$(IN "$box" cat /run/went)" 137
    is "$box: that is seen from outside" "$(count_of "$cgroup/payload/small/memory.events" oom_kill)" 1
    is "$box: and nowhere else" "$(take_memory "$box")" 0
    not_ok "$box: the limits above are not its own" IN "$box" sh -c 'echo 1 >/sys/fs/cgroup/memory.max'
}

ok "systemctl start boxctl@alpine" systemctl start boxctl@alpine.service
set_property alpine boxctl@alpine.service
own_limits alpine
# Where controllers are enabled below, no process may be in the cgroup of PID 1.
ok "its services can be started all the same" systemctl -M alpine start marker.service
is "and run" "$(systemctl -M alpine is-active marker.service)" active
sessions() { find "$cgroup/payload" -name 'session-*' | wc -l; }
with=$(sessions)
fewer() { [ "$(sessions)" -lt "$with" ]; }
ok "and stopped" systemctl -M alpine stop marker.service
ok "their cgroups go with them" wait_for fewer
systemctl set-property --runtime boxctl@alpine.service MemoryMax=32M MemorySwapMax=0
ok "systemctl restart" systemctl restart boxctl@alpine.service
is "what was set counts in the next life" "$(take_memory alpine)" 137
ok "systemctl stop" systemctl stop boxctl@alpine.service

box=$(box_name scope)
start_box "$box" boot "$root" || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
unit=$("$BOXCTL" status "$box" | sed -n 's/^ *Unit: //p')
set_property "$box" "$unit"
end_box "$box_pid" "$box"
done_testing
