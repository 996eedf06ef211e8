#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# box-init's services on a kernel that enforces limits, and whose clock may be set: limits of each
# service bite, and it alone; a fork bomb in one; a clock that jumps.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2016,SC2317,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 240 ALPINE="$alpine"

root=/var/lib/machines/served
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" && mkdir -p "$root/etc/box-init" || exit 1
service() { cat >"$root/etc/box-init/$1.service.ini"; } # NAME <TEXT
service witness <<'INI'
[Service]
ExecStart=/bin/sleep 100000
INI
service glutton <<'INI'
[Service]
Type=oneshot
Enabled=no
Restart=no
OnFailure=ignore
MemoryMax=16M
ExecStart=/bin/dd if=/dev/zero of=/dev/null bs=64M count=1
INI
service modest <<'INI'
[Service]
Type=oneshot
Enabled=no
MemoryMax=16M
ExecStart=/bin/dd if=/dev/zero of=/dev/null bs=1M count=1
INI
service bomb <<'INI'
[Service]
Enabled=no
Restart=no
TasksMax=20
ExecStart=/bin/sh -c "bomb() { sleep 1; bomb | bomb & wait; }; bomb & bomb & bomb & bomb & bomb & sleep 1000"
INI
service spinner <<'INI'
[Service]
Enabled=no
CPUQuota=20%
ExecStart=/bin/sh -c "while :; do :; done"
INI
service free <<'INI'
[Service]
Enabled=no
ExecStart=/bin/sh -c "while :; do :; done"
INI
service job <<'INI'
[Service]
Type=oneshot
OnUnitActiveSec=500ms
ExecStart=/bin/true
INI
service stubborn <<'INI'
[Service]
TimeoutStopSec=3s
ExecStart=/bin/sh -c "trap '' TERM; while :; do sleep 1; done"
INI

box=$(box_name served)
services() { "$BOXCTL" services "$box" "$@" </dev/null; }
field() { services status "$1" --json | sed -n "s/.*\"$2\":\"\{0,1\}\([a-z0-9]*\).*/\1/p"; }
in_state() { [ "$(field "$1" state)" = "$2" ]; }
leaf() { "$BOXCTL" shell "$box" cat "/sys/fs/cgroup/service-$1/$2" </dev/null; }
key() { leaf "$1" "$2" | sed -n "s/^$3 //p"; }

start_box "$box" boot "$root" --property=TasksMax=200 || tap_report no "the box starts" "$(cat "$tap_tmp/$box.log")"
wait_for in_state witness up
is "services run" "$(field witness state)" up
not_ok "no limit is out of force" grep 'not in force' "$tap_tmp/$box.log"
witness=$(field witness pid)
# With controllers on, no process may be where PID 1 was started.
like "control: controllers are on" "$("$BOXCTL" shell "$box" cat /sys/fs/cgroup/cgroup.subtree_control </dev/null)" 'memory.*pids'
is "machinectl gets in all the same" "$(machinectl --quiet shell "$box" /bin/echo here </dev/null 2>&1 | tr -d '\r')" here

# --- memory ---
is "MemoryMax= kills what takes too much" "$(services start glutton 2>&1; field glutton status)" $'box-init: it is failed, status 137\n137'
is "control: less is no problem, under the same limit" "$(services start modest; field modest status)" 0
is "and the other services live on" "$(field witness pid)" "$witness"

# --- tasks ---
services start bomb
bomb_is_full() { [ "$(leaf bomb pids.current)" -ge 18 ] && [ "$(key bomb pids.events max)" -gt 0 ]; }
ok "a fork bomb fills its TasksMax= and is held there" wait_for bomb_is_full
ok "control: that is the limit" test "$(leaf bomb pids.max)" = 20
is "the other services live on" "$(field witness pid)" "$witness"
is "one can be restarted meanwhile" "$(services restart witness; echo $?)" 0
is "a stop takes all of the bomb" "$(services stop bomb; echo $?; leaf bomb pids.current)" $'0\n0'

# --- processor ---
# throttled SERVICE: how often the kernel held it back while it used a second of a processor, or tried to for ten
throttled() {
    local i
    services start "$1"
    for ((i = 0; i < 50; i++)); do
        [ "$(key "$1" cpu.stat usage_usec)" -lt 1000000 ] || break
        [ "$(key "$1" cpu.stat nr_throttled)0" -lt 30 ] || break
        sleep 0.2
    done
    key "$1" cpu.stat nr_throttled
    services stop "$1"
}
like "CPUQuota= holds a service back" "$(throttled spinner)" '^([3-9]|[1-9][0-9]+)$'
like "control: without it nobody does" "$(throttled free)" '^0?$'

# --- the clock ---
year() { "$BOXCTL" shell "$box" date +%Y </dev/null; }
this=$(year)
witness=$(field witness pid)
comes_again() { [ "$(field job starts)" -ge "$((times + 3))" ]; }
jump() { # NAME WHEN
    times=$(field job starts)
    date -s "$2" >/dev/null
    ok "$1: a job comes again as before" wait_for comes_again
    is "$1: nothing is restarted" "$(field witness pid)" "$witness"
}
jump "a year ahead" '1 year'
is "control: the box's clock has jumped" "$(year)" $((this + 1))
jump "three years back" '3 years ago'
is "control: it has jumped back" "$(year)" $((this - 2))

# What ignores SIGTERM is killed when its time is over, whatever the clock says meanwhile.
"$BOXCTL" stop "$box" </dev/null >/dev/null 2>&1 &
sleep 1
date -s '5 years ago' >/dev/null
ok "a clock that is set back while the box stops does not hold it up" wait_for gone "$box_pid"
wait "$box_pid"
is "it ends with 0" $? 0
done_testing
