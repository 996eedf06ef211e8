#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The scope of a box on hosts with systemd: what systemctl shows of it, its end, and a systemd that
# executes itself anew at that moment.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2154 # host_up sets host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
scope=machine-web.scope
cgroup=/sys/fs/cgroup/machine.slice/$scope

plainly() { "$HOST_COMMAND" run --no-scope "$host" -- "$@" </dev/null; }
active() { on systemctl --quiet is-active "$1"; }
inactive() { ! active "$1"; }

check_scope() {
    on systemd-run --quiet --collect --unit=run-web boxctl boot /var/lib/machines/web -x -M web --console=passive
    ok "$host_version: there is a scope" wait_for active "$scope"
    ok "$host_version: with PID 1 in it" wait_for on sh -c "systemctl status --no-pager $scope | grep -q payload && systemctl status --no-pager $scope | grep -q /sbin/init"
    like "$host_version: systemd-cgls shows what is delegated" "$(on systemd-cgls --no-pager --unit machine.slice | tr -d '\n')" "$scope.*payload"
    is "$host_version: delegated" "$(on systemctl show -P Delegate "$scope")" yes
    is "$host_version: PID 1 sees its own part of it" "$(on boxctl shell web /bin/grep ^0: /proc/1/cgroup)" 0::/
    not_ok "$host_version: the limits are out of the box's reach" on boxctl shell web /bin/sh -c 'echo 1 >/sys/fs/cgroup/../pids.max'
    ok "$host_version: daemon-reload" on systemctl daemon-reload
    on systemctl set-property --runtime "$scope" CPUWeight=50
    is "$host_version: set-property" "$(on systemctl show -P CPUWeight "$scope")" 50
    ok "$host_version: stopping the scope" on systemctl stop "$scope"
    ok "$host_version: ends boxctl" wait_for inactive run-web
    ok "$host_version: nothing is left" on sh -c "[ ! -e $cgroup ] && [ ! -e /run/boxctl/web ]"
}

# One start while systemd is on its way to another image of itself.
start_in_between() {
    plainly systemctl daemon-reexec >/dev/null 2>&1 &
    plainly timeout 60 boxctl run --quiet -x -M "r$1" /var/lib/machines/web -- /bin/echo here
    wait
}

check_anew() {
    local i
    for i in 1 2 3 4 5 6; do
        is "$host_version: start $i while systemd executes itself anew" "$(start_in_between "$i" 2>&1)" here
    done
    ok "$host_version: no scope is left" wait_for sh -c "! '$HOST_COMMAND' run --no-scope '$host' -- systemctl list-units --no-legend 'machine-r*.scope' </dev/null | grep ."
}

check_host() {
    add_machine web "$alpine"
    check_scope
    check_anew
}

for_each_suite check_host
done_testing
