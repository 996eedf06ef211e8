#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# 'machinectl kill' of the newest systemd on a machine with cgroup controllers, where what stands for
# a box before machined is in a cgroup of its own. That systemd kills no more than this cgroup.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2016,SC2317,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
VM_SUITE=${VM_SUITE:-sid}
in_vm 280 ALPINE="$alpine"

mkdir -p /var/lib/machines && copy_root "$alpine" /var/lib/machines/plain || exit 1
printf '::sysinit:/bin/true\n::shutdown:/bin/true\n' >/var/lib/machines/plain/etc/inittab
copy_root /var/lib/machines/plain /var/lib/machines/served && mkdir -p /var/lib/machines/served/etc/box-init || exit 1
printf '[Service]\nMemoryMax=16M\nExecStart=/bin/sleep 100000\n' >/var/lib/machines/served/etc/box-init/limited.service.ini
ln -s "$BOXCTL" /usr/local/bin/boxctl
cp "$BUILD/units/boxctl@.service" /run/systemd/system/
systemctl daemon-reload

unit() { echo "boxctl@$1.service"; }
supervisor() { systemctl show -P MainPID "$(unit "$1")"; }
leader() { machinectl show --value -p Leader "$1" 2>/dev/null; }
child() { pgrep -x "$2" -P "$(supervisor "$1")"; } # NAME COMM
companion() { child "$1" boxctl-companio; }
registered() { local now; now=$(companion "$1") && [ "$now" != "${2:-}" ] && [ "$(leader "$1")" = "$now" ]; } # NAME [NOT]
ended() { [[ "$(systemctl is-active "$(unit "$1")")" = @(inactive|failed) ]] && ! machinectl status "$1"; }
IN() { "$BOXCTL" shell "$@" </dev/null; }
start() {
    local unit
    unit=$(unit "$1")
    systemctl reset-failed "$unit" 2>/dev/null
    if ! systemctl start "$unit" || ! wait_for registered "$1"; then
        tap_report no "$1 starts" "$(journalctl -n 20 -u "$unit")"
    fi
}
# killed_by HOW NAME CMD...: CMD succeeds, and ends the box
killed_by() {
    local how=$1 name=$2
    shift 2
    ok "$name: $how" "$@"
    ok "$name: $how ends it" wait_for ended "$name"
}
kill_it() { machinectl kill --signal=KILL "$1"; }

start plain
version=$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')
like "control: the companion is in a cgroup of its own" "$(cgroup_of "$(leader plain)")" '/payload/companion-[0-9a-f]*$'
echo "# systemd $version, which kills in the unit: $(busctl get-property org.freedesktop.machine1 \
    "$(busctl call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager GetMachine s plain | sed 's/o "\(.*\)"/\1/')" \
    org.freedesktop.machine1.Machine Subgroup 2>&1)"
killed_by "machinectl kill" plain kill_it plain

# The box may kill the companion, and does so in a shutdown: that is no reason to end.
start plain
pid=$(leader plain)
ok "its own root kills the companion" IN plain pkill -KILL -x boxctl-companio
ok "another one is registered" wait_for registered plain "$pid"
like "it is the same box" "$(systemctl show -P NRestarts "$(unit plain)") $(systemctl is-active "$(unit plain)")" '^0 active$'
is "one process watches" "$(child plain boxctl-witness | wc -l)" 1
is "the kernel does not kill it for memory" "$(cat "/proc/$(child plain boxctl-witness)/oom_score_adj")" -1000
not_ok "the box does not see it" IN plain sh -c 'cat /proc/[0-9]*/comm | grep witness'
ok "control: it sees the companion" IN plain sh -c 'cat /proc/[0-9]*/comm | grep companio'
is "a cgroup that was left is gone" "$(find "$(dirname "$(cgroup_of "$(leader plain)")")" -name 'companion-*' | wc -l)" 1
pid=$(companion plain) watches=$(child plain boxctl-witness)
ok "boxctl comes anew" "$BOXCTL" reload plain
ok "the same stands for the box" wait_for registered plain
is "and the same watches" "$(companion plain) $(child plain boxctl-witness)" "$pid $watches"
killed_by "machinectl kill after all that" plain kill_it plain

start served
like "control: this init has handed on controllers" "$(cat "$(dirname "$(cgroup_of "$(leader served)")")/cgroup.subtree_control")" memory
not_ok "no limit is out of force" journalctl -u "$(unit served)" --grep='not in force'
killed_by "machinectl kill" served kill_it served
start served
systemctl restart systemd-machined
ok "machined comes anew" wait_for registered served
killed_by "machinectl kill with a new machined" served kill_it served
start served
killed_by "machinectl kill with SIGTERM" served machinectl kill served
is "served: by a shutdown, which is no failure" "$(systemctl is-active "$(unit served)")" inactive
start served
killed_by "systemctl kill" served systemctl kill --signal=KILL "$(unit served)"
start served
killed_by "machinectl terminate" served machinectl terminate served
start served
killed_by "machinectl poweroff" served machinectl poweroff served
not_ok "nobody is left to watch" pgrep -x boxctl-witness
done_testing
