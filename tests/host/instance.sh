#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# machinectl of systemd 261 and newer controls a box by its Varlink socket; the older ones are not
# troubled by it.
# shellcheck disable=SC2154 # host_up sets host_version
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
address=/run/boxctl/web/instance

start() {
    on systemd-run --quiet --unit=box-web -p Delegate=yes boxctl boot --keep-unit -M web --console=passive -D /var/lib/machines/web
    wait_for registered
}
registered() { on machinectl --quiet show web >/dev/null 2>&1; }
inactive() { ! on systemctl --quiet is-active box-web; }
ended_by() { on systemctl show -P ExecMainStatus box-web; }
call() { on varlinkctl call "unix:$address" "io.systemd.MachineInstance.$1" "${2:-{\}}" 2>&1; }
frozen() { on boxctl status web --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["frozen"])'; }
knows_address() {
    on varlinkctl call /run/systemd/machine/io.systemd.Machine io.systemd.Machine.List '{"name":"web"}' |
        grep -q "\"controlAddress\":\"$address\""
}

check_pause() {
    is "$host_version: control: it is not paused" "$(frozen)" False
    ok "$host_version: machinectl pause" on machinectl pause web
    is "$host_version: all of it stands still" "$(frozen)" True
    like "$host_version: and that is told" "$(call Describe)" '"running":false,"status":"paused"'
    ok "$host_version: twice is once" on machinectl pause web
    ok "$host_version: machinectl resume" on machinectl resume web
    is "$host_version: it goes on" "$(frozen)" False
    is "$host_version: it is entered" "$(on machinectl -q shell web /bin/echo in | tr -d '\r')" in
    like "$host_version: and that is told" "$(call Describe)" '"running":true,"status":"running"'
}

check_calls() {
    local events=$tap_tmp/events
    like "$host_version: it says who it is" "$(on varlinkctl info "unix:$address")" 'boxctl.*io\.systemd\.MachineInstance'
    ok "$host_version: its interface can be read" on varlinkctl introspect "unix:$address" io.systemd.MachineInstance
    like "$host_version: memory cannot be set" "$(call SetMemory '{"bytes":1}')" NotSupported
    like "$host_version: what it does not know" "$(call Fly)" '"method":"io.systemd.MachineInstance.Fly"'
    like "$host_version: events come one after another only" "$(call SubscribeEvents)" "without 'more' flag"
    on varlinkctl call --more --timeout=20 "unix:$address" io.systemd.MachineInstance.SubscribeEvents '{"filter":["STOP"]}' >"$events" 2>&1 &
    wait_for grep -q READY "$events"
    on machinectl pause web
    on machinectl resume web
    ok "$host_version: an event is heard of" wait_for grep -q STOP "$events"
    not_ok "$host_version: none that nobody wanted" grep -q RESUME "$events"
}

check_reload() {
    on boxctl reload web
    ok "$host_version: after a reload it is still there" on machinectl pause web
    on machinectl resume web
    ok "$host_version: after a restart of machined too" on systemctl restart systemd-machined
    wait_for registered
    ok "$host_version: it is told where again" wait_for knows_address
}

# No signal is sent then: it is the box's own init that is asked.
check_power() {
    ok "$host_version: machinectl poweroff of a paused box" on sh -c 'machinectl pause web && machinectl poweroff web'
    ok "$host_version: ends it" wait_for inactive
    is "$host_version: in order" "$(on systemctl show -P Result box-web)" success
    start
    ok "$host_version: machinectl reboot" on machinectl reboot web
    ok "$host_version: ends this life" wait_for inactive
    is "$host_version: as a reboot" "$(ended_by)" 133
    on systemctl reset-failed box-web
    start
    ok "$host_version: machinectl terminate" on machinectl terminate web
    ok "$host_version: ends it at once" wait_for inactive
    is "$host_version: and that is no failure" "$(on systemctl show -P Result box-web)" success
    not_ok "$host_version: nothing stays" on test -e "$address"
}

check_host() {
    add_machine web "$alpine"
    ok "$host_version: it is registered" start
    if [ "${host_version%%[^0-9]*}" -lt 261 ]; then
        not_ok "$host_version: control: this machined knows no address" knows_address
        is "$host_version: and nobody is troubled" "$(on journalctl --no-pager -o cat -u box-web | grep -ci 'control address\|varlink')" 0
        ok "$host_version: machinectl poweroff" on machinectl poweroff web
        ok "$host_version: ends it" wait_for inactive
        return
    fi
    ok "$host_version: machined knows the address" knows_address
    check_pause
    check_calls
    check_reload
    check_power
}

for_each_suite check_host
done_testing
