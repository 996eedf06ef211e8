#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boxctl exec -d on a host of systemd's: jobs belong to the box's scope or unit, and end with it.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

root=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

pids() { on boxctl status "$1" --json | python3 -c 'import json,sys
for job in json.load(sys.stdin)["jobs"]: print(job["pid"])'; }
has_pids() { [ "$(pids "$1" | wc -l)" = "$2" ]; }
runs() { on boxctl wait --for=running --timeout=0 "$1"; }
lives() { on kill -0 "$1" 2>/dev/null; }
ended() { ! lives "$1"; }
populated() { on grep -rl 'populated 1' /sys/fs/cgroup --include=cgroup.events | grep -c "/$1/"; }

# check_machine NAME UNIT: a box that runs, in this unit
check_machine() {
    local name=$1 unit=$2 v="$host_version $2" pid job
    ok "$v: the box runs" wait_for runs "$name"
    job=$(on boxctl exec -d "$name" sleep 1000)
    is "$v: a job starts" "$job" 1
    pid=$(pids "$name")
    like "$v: it is in the unit" "$(on cat "/proc/$pid/cgroup")" "/$unit/shell-[^/]*$"
    like "$v: systemd shows it there" "$(on systemctl status --no-pager "$unit")" "$pid sleep 1000"
    on systemctl daemon-reexec
    ok "$v: reload" on boxctl reload "$name"
    ok "$v: it goes on" has_pids "$name" 1
    ok "$v: stop ends it" on boxctl stop --job=1 "$name"
    ok "$v: and only it" runs "$name"
    on boxctl exec -d "$name" sh -c 'sleep 2000 & sleep 3000' >/dev/null
    pid=$(pids "$name")
    ok "$v: another one runs" lives "$pid"
    not_ok "$v: control: its cgroups are seen" [ "$(populated "$unit")" = 0 ]
    on systemctl stop "$unit"
    ok "$v: it ends with the unit" wait_for ended "$pid"
    ok "$v: the box is gone" wait_for eval "! on boxctl status $name"
    is "$v: no cgroup of it is left" "$(populated "$unit")" 0
}

check_jobs() {
    add_machine tree "$root"
    on systemd-run --quiet --unit=outer1 -- boxctl boot -M one --ephemeral --stop-timeout=5 /var/lib/machines/tree
    check_machine one machine-one.scope
    on systemd-run --quiet --unit=box2 -p Delegate=yes -- boxctl boot -M two --keep-unit --ephemeral --stop-timeout=5 /var/lib/machines/tree
    check_machine two box2.service
}

for_each_suite check_jobs
done_testing
