#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Daemons that die, hang or lie in the way while a box starts, runs and ends: it lives on or is gone
# as a whole, and the next start of its name works.
# time limit: 600 s
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2154 # host_up sets host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

plainly() { "$HOST_COMMAND" run --no-scope "$host" -- "$@" </dev/null; }
start() {
    plainly systemctl reset-failed "run-$1" 2>/dev/null
    plainly systemd-run --quiet --collect --unit="run-$1" boxctl boot /var/lib/machines/web -x -M "$1" --console=passive --stop-timeout=5
}
registered() { plainly machinectl --quiet show "$1" >/dev/null 2>&1; }
runs() { plainly boxctl shell "$1" /bin/true 2>/dev/null; }
ended() { ! plainly systemctl --quiet is-active "run-$1"; }
machined_answers() { plainly timeout 20 busctl --quiet call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.DBus.Peer Ping >/dev/null 2>&1; }
answers() { plainly busctl --quiet status >/dev/null 2>&1; }
stop() {
    plainly boxctl stop "$1" >/dev/null 2>&1
    wait_for ended "$1"
}
nothing_left() { # NAME
    plainly sh -c "[ ! -e /run/boxctl/$1 ] && [ ! -e /sys/fs/cgroup/machine.slice/machine-$1.scope ] && ! systemctl --quiet is-active machine-$1.scope"
}
supervisor() { plainly systemctl show -P MainPID "run-$1"; }
leader() { plainly boxctl status "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])'; }

# A start in the middle of which the bus is killed ends well or in one line, with nothing left.
check_dying_bus() {
    local i said bad='' good=0
    for i in 1 2 3 4; do
        plainly sh -c "sleep 0.0$i; systemctl kill --signal=KILL dbus.service" &
        said=$(plainly timeout 60 boxctl run --quiet -x -M "d$i" /var/lib/machines/web -- /bin/echo here 2>&1)
        wait $!
        case $said in
            here) good=$((good + 1)) ;;
            *$'\n'*) bad+="$said;" ;;
            boxctl:*) ;;
            *) bad+="'$said'" ;;
        esac
        wait_for answers
        wait_for nothing_left "d$i" || bad+=" left:$i"
    done
    is "$host_version: starts while the bus is killed: all well, or one line and nothing left" "$bad" ""
    echo "# $good of 4 starts went well"
    is "$host_version: then a start works" "$(plainly boxctl run --quiet -x -M after /var/lib/machines/web -- /bin/echo here 2>&1)" here
}

check_machined_in_a_loop() {
    local i bad=''
    plainly sh -c 'while [ ! -e /run/enough ]; do systemctl restart systemd-machined; systemctl reset-failed systemd-machined; sleep 0.3; done' >/dev/null 2>&1 &
    for i in 1 2 3; do
        start web && wait_for runs web || bad+=" $i:start"
        stop web || bad+=" $i:stop"
        wait_for nothing_left web || bad+=" $i:left"
    done
    start web
    wait_for runs web
    plainly touch /run/enough
    wait $!
    is "$host_version: three lives while machined restarts all the time" "$bad" ""
    ok "$host_version: and the machine is registered in the end" wait_for registered web
    plainly systemctl reset-failed systemd-machined 2>/dev/null
}

# boxctl@web while systemd executes itself anew, or the bus restarts, again and again.
check_unit_between() { # WHAT COMMAND
    local what=$1 i bad=''
    plainly rm -f /run/enough
    plainly sh -c "while [ ! -e /run/enough ]; do $2; sleep 1; done" >/dev/null 2>&1 &
    for i in 1 2 3; do
        wait_for systemctl_brings start active || bad+=" $i:$(unit_state)"
        wait_for runs web || bad+=" $i:box"
        wait_for systemctl_brings stop inactive || bad+=" $i:$(unit_state)"
        plainly sh -c '[ ! -e /run/boxctl/web ] && ! ls -d /sys/fs/cgroup/machine.slice/boxctl@web.service 2>/dev/null' || bad+=" $i:left"
    done
    is "$host_version: three lives of boxctl@web while $what" "$bad" ""
    wait_for systemctl_brings start active
    plainly touch /run/enough
    wait $!
    # A stop that systemctl gave up on with its bus may have been carried out since.
    wait_for systemctl_brings start active
    # Whom the restarts have brought to systemd's limit of starts is away for ten seconds.
    ok "$host_version: machined answers again" wait_for machined_answers
    # Who was there a moment ago is tried again within four seconds.
    ok "$host_version: and it is registered in the end, with its unit" wait_for is_in_its_unit
    plainly systemctl stop boxctl@web.service
}
# systemctl itself loses the systemd that it talks to, and asks once.
systemctl_brings() { plainly timeout 20 systemctl "$1" boxctl@web.service 2>/dev/null || unit_is "$2"; }
is_in_its_unit() { [ "$(plainly machinectl show web -p Unit --value 2>/dev/null)" = boxctl@web.service ]; }
unit_state() { plainly systemctl show -P ActiveState boxctl@web.service 2>/dev/null; }
unit_is() { [ "$(unit_state)" = "$1" ]; }

# web runs.
check_outside_hands() {
    local scope=/sys/fs/cgroup/machine.slice/machine-web.scope
    plainly sh -c "echo 1 >$scope/payload/cgroup.freeze"
    ok "$host_version: a frozen box can be stopped" plainly timeout 30 boxctl stop web
    ok "$host_version: and is gone" wait_for nothing_left web
    start web && wait_for runs web
    plainly kill -KILL "$(leader web)"
    ok "$host_version: PID 1 killed from outside: all is gone" wait_for nothing_left web
    start web && wait_for runs web
    plainly sh -c "echo 1 >$scope/payload/cgroup.kill"
    ok "$host_version: all of the box killed by its cgroup: all is gone" wait_for nothing_left web
    start web && wait_for runs web
    plainly sh -c "echo 1 >$scope/cgroup.kill"
    ok "$host_version: with boxctl: all is gone, but for a directory" wait_for ended web
    start web
    ok "$host_version: and it starts again" wait_for runs web
    plainly kill -STOP "$(supervisor web)"
    not_ok "$host_version: control: a supervisor that is stopped starts no shell" plainly timeout 2 machinectl --quiet shell web /bin/true
    plainly kill -CONT "$(supervisor web)"
    is "$host_version: it goes on" "$(plainly machinectl --quiet shell web /bin/echo on | tr -d '\r')" on
    plainly sh -c 'mv /var/lib/machines/web /var/lib/machines/elsewhere'
    ok "$host_version: its tree is taken away: it lives" runs web
    stop web
    ok "$host_version: and ends" wait_for nothing_left web
    like "$host_version: the next start says what is missing" "$(plainly boxctl boot /var/lib/machines/web -M web 2>&1)" "root '/var/lib/machines/web' does not exist"
    plainly sh -c 'mv /var/lib/machines/elsewhere /var/lib/machines/web'
}
check_silent_journal() {
    start web && wait_for runs web
    plainly systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service 2>/dev/null
    plainly boxctl shell web /bin/sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i of many that nobody reads"; i=$((i+1)); done >/dev/console; echo done >/run/done'
    is "$host_version: without a journal its console goes on" "$(plainly boxctl shell web /bin/cat /run/done)" 'done'
    plainly systemctl start systemd-journald.socket systemd-journald.service
    ok "$host_version: and it can be stopped" stop web
}

check_host() {
    add_machine web "$alpine"
    check_dying_bus
    check_machined_in_a_loop
    check_outside_hands
    check_unit_between "systemd executes itself anew" "systemctl daemon-reexec"
    check_unit_between "systemd loads its units anew" "systemctl daemon-reload"
    check_unit_between "the bus restarts" "systemctl restart dbus.service; systemctl reset-failed dbus.service"
    check_silent_journal
}

for_each_suite check_host
done_testing
