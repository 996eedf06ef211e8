#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What systemd-machined knows of a box, from its first moment over reboots, dead companions, dead
# supervisors and daemons that are restarted to its end.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2154 # host_up sets host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

# start NAME [OPTION...]: boots web/ as that machine; the unit only keeps the supervisor running.
start() {
    local name=$1
    shift
    on systemd-run --quiet --collect --unit="run-$name" --service-type=exec \
        boxctl boot "/var/lib/machines/web" -M "$name" -x --console=passive "$@"
}
has_address() { on machinectl --no-legend list | grep -q "^$1 .*198\.51\.100\.7"; }
show() { on machinectl show "$1" -p "$2" --value 2>/dev/null; }
leader() { show "$1" Leader; }
registered() { [ -n "$(leader "$1")" ]; }
unknown() { ! registered "$1"; }
supervisor() { on systemctl show -P MainPID "run-$1"; }
companion() { on sh -c "pgrep -x boxctl-companio -P \$(systemctl show -P MainPID run-$1)"; }
# The leader that machined has is the companion that lives now, and not process $2.
leads_anew() {
    local now
    now=$(companion "$1") && [ -n "$now" ] && [ "$now" != "$2" ] && [ "$(leader "$1")" = "$now" ]
}
ended() { ! on systemctl --quiet is-active "run-$1"; }
running() { [ "$(on boxctl list --json | python3 -c 'import json, sys; print(*[b["name"] for b in json.load(sys.stdin)])' | grep -cw "$1")" = 1 ]; }
stop() {
    on boxctl stop "$1" >/dev/null 2>&1
    wait_for ended "$1"
}
said() { on journalctl -q -o cat -u "run-$1" --no-pager; }

check_what_it_knows() {
    start web --network-veth
    ok "$host_version: it is registered" wait_for registered web
    like "$host_version: it is listed with its system" "$(on machinectl --no-legend list)" '^web +container +boxctl +alpine +3\.'
    is "$host_version: the leader is the companion" "$(leader web)" "$(companion web)"
    is "$host_version: the unit is its scope" "$(show web Unit)" machine-web.scope
    like "$host_version: the root" "$(show web RootDirectory)" '/web'
    is "$host_version: the id" "$(show web Id)" "$(on boxctl status web --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["uuid"])')"
    like "$host_version: the interface" "$(on machinectl status web --no-pager)" 've-web'
    not_ok "$host_version: control: there is no address yet" has_address web
    on boxctl shell web /bin/sh -c 'ip link set host0 up; ip addr add 198.51.100.7/24 dev host0'
    ok "$host_version: an address of its own is listed" wait_for has_address web
    like "$host_version: and shown by status" "$(on machinectl status web --no-pager)" 'Address: 198\.51\.100\.7'
    like "$host_version: the processes" "$(on machinectl status web --no-pager)" 'machine-web\.scope.*'
    not_ok "$host_version: no namespace of the leader is the host's" \
        on sh -c "for n in mnt pid user net uts ipc cgroup; do [ \$(readlink /proc/$(leader web)/ns/\$n) != \$(readlink /proc/1/ns/\$n) ] || exit 0; done; exit 1"
    is "$host_version: nothing is said" "$(said web | grep -c registered)" 0
}

check_lives() {
    local before round
    for round in 1 2 3; do
        before=$(leader web)
        on boxctl reboot web
        ok "$host_version: reboot $round: registered anew" wait_for leads_anew web "$before"
        is "$host_version: reboot $round: and entered" "$(on machinectl -q shell web /bin/echo in | tr -d '\r')" in
    done
    before=$(leader web)
    on kill -KILL "$before"
    ok "$host_version: a dead companion is replaced" wait_for leads_anew web "$before"
    ok "$host_version: the box lives on" running web
    before=$(leader web)
    on boxctl reload web
    is "$host_version: a reload changes nothing" "$(leader web)" "$before"
    is "$host_version: and it is entered" "$(on machinectl -q shell web /bin/echo in | tr -d '\r')" in
}

check_daemons() {
    local before
    before=$(leader web)
    on systemctl restart systemd-machined
    ok "$host_version: machined restarted" wait_for leads_anew web 0
    on systemctl stop systemd-machined
    on sh -c 'rm -f /run/systemd/machines/*'
    on systemctl start systemd-machined
    ok "$host_version: machined that has forgotten all" wait_for leads_anew web 0
    on_plainly systemctl restart dbus.service
    ok "$host_version: the bus restarted" wait_for leads_anew web 0
    on_plainly systemctl restart systemd-machined
    ok "$host_version: and machined after it" wait_for leads_anew web 0
    is "$host_version: with the same companion" "$(leader web)" "$before"
    ok "$host_version: the box lives on" running web
}
on_plainly() { "$HOST_COMMAND" run --no-scope "$host" -- "$@" </dev/null; }

# What is noted of a machine that ended while machined was away: a machined that starts has its unit
# stopped, which is that of the next machine by now.
check_stale_record() {
    on systemctl stop systemd-machined.socket systemd-machined 2>/dev/null
    on sh -c 'sh -c "exit 0" & dead=$!; wait; mkdir -p /run/systemd/machines
        printf "NAME=stale\nSCOPE=machine-stale.scope\nLEADER=%d\nCLASS=container\n" $dead >/run/systemd/machines/stale'
    start stale
    on systemctl start systemd-machined
    ok "$host_version: a machined that did not hear of an earlier end: registered" wait_for leads_anew stale 0
    ok "$host_version: and it lives on" running stale
    stop stale
    on systemctl start systemd-machined.socket 2>/dev/null
}

check_names() {
    on systemd-run --quiet --unit=other --slice=machine.slice sleep infinity
    on busctl --quiet call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.machine1.Manager \
        RegisterMachineWithNetwork sayssusai taken 0 other container "$(on systemctl show -P MainPID other)" "" 0
    start taken
    ok "$host_version: a name that is taken: it boots all the same" wait_for running taken
    ok "$host_version: and says why it is not registered" wait_for eval '[ -n "$(said taken | grep "another machine of that name is registered, with process")" ]'
    is "$host_version: the other one stays" "$(show taken Service)" other
    stop taken
    is "$host_version: also after the end" "$(show taken Service)" other
    is "$host_version: --register=yes: no machine" \
        "$(on timeout 60 boxctl boot /var/lib/machines/web -x -M taken --console=passive --register=yes >/dev/null 2>&1; echo $?)" 125
    ok "$host_version: nothing is left of it" on sh -c '! ls -d /run/boxctl/taken'
    on systemctl stop other
    start quiet --register=no --log-level=debug
    ok "$host_version: --register=no" wait_for running quiet
    is "$host_version: is not registered" "$(leader quiet)" ''
    ok "$host_version: it knows the systemd of its host" wait_for eval "said quiet | grep -q \"the host has systemd $host_version\""
    is "$host_version: of which nothing bad is known" "$(said quiet | grep -c CVE)" 0
    stop quiet
}

check_ends() {
    local before
    before=$(leader web)
    on kill -KILL "$(supervisor web)"
    ok "$host_version: a supervisor that is killed" wait_for ended web
    start web
    ok "$host_version: its machine is replaced" wait_for leads_anew web "$before"
    stop web
    ok "$host_version: an end of its own: forgotten" wait_for unknown web
    start web
    wait_for registered web
    ok "$host_version: machinectl poweroff" on machinectl poweroff web
    ok "$host_version: ends it" wait_for ended web
    ok "$host_version: and it is forgotten" wait_for unknown web
    start web
    wait_for registered web
    ok "$host_version: machinectl terminate" on machinectl terminate web
    ok "$host_version: ends it" wait_for ended web
    ok "$host_version: and it is forgotten" wait_for unknown web
    ok "$host_version: nothing is left" on sh -c '[ -z "$(ls /run/boxctl)" ]'
}

check_host() {
    add_machine web "$alpine"
    check_what_it_knows
    check_lives
    check_daemons
    check_stale_record
    check_names
    check_ends
}

for_each_suite check_host
done_testing
