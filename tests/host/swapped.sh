#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The unmodified systemd-nspawn@.service of each systemd, with boxctl as /usr/bin/systemd-nspawn.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2016,SC2154,SC2317 # host_up sets host_suite and host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
unit=systemd-nspawn@web.service

show() { on systemctl show "$unit" -p "$1" --value; }
is_now() { [ "$(show "$1")" = "$2" ]; }
registered() { on machinectl --quiet show web >/dev/null 2>&1; }
gone() { ! registered; }
leader() { on machinectl show web -p Leader --value; }

check() {
    add_machine web "$alpine"
    local genuine
    genuine=$(on sh -c 'cat /lib/systemd/system/systemd-nspawn@.service 2>/dev/null || cat /usr/lib/systemd/system/systemd-nspawn@.service')
    like "$host_version: control: the unit starts systemd-nspawn" "$genuine" $'\nExecStart=[^\n]*systemd-nspawn --quiet --keep-unit'
    on sh -c 'mount --bind "$(command -v boxctl)" /usr/bin/systemd-nspawn' || {
        tap_report no "$host_version: swap the program"
        return
    }
    like "$host_version: it is boxctl that is called" "$(on systemd-nspawn --version)" '^boxctl '

    ok "$host_version: machinectl start" timeout 60 "$HOST_COMMAND" run "$host" -- machinectl start web
    is "$host_version: the unit is active" "$(show ActiveState)" active
    wait_for registered
    ok "$host_version: machined knows the machine" registered
    # What looks after it goes by its own name, whatever it was called as.
    like "$host_version: as a machine of the unit" "$(on machinectl show web)" 'Service=boxctl.*Unit=systemd-nspawn@web.service'
    is "$host_version: the init of the tree runs" "$(on boxctl shell web readlink /proc/1/exe | tr -d '\r')" /bin/busybox
    is "$host_version: its users are not the host's (-U)" "$(on boxctl shell web sh -c 'test "$(awk "NR == 1 { print \$2 }" /proc/self/uid_map)" -ge 65536 && echo apart' | tr -d '\r')" apart
    is "$host_version: a cable (--network-veth)" "$(on sh -c 'ls /sys/class/net | grep ^ve-')" ve-web
    like "$host_version: machinectl list" "$(on machinectl list --no-legend)" 'web +container +boxctl'
    ok "$host_version: machinectl status" on machinectl --no-pager status web

    # Of more descriptors than a unit keeps systemd would warn.
    is "$host_version: it is offered no descriptor to keep" \
        "$(on journalctl --no-pager -o cat -u "$unit" | sed -n 's/.*\(Started\|fds\).*/\1/p')" Started

    ok "$host_version: machinectl poweroff" on machinectl poweroff web
    wait_for is_now ActiveState inactive
    is "$host_version: the unit has stopped well" "$(show ActiveState) $(show Result)" "inactive success"
    wait_for gone
    ok "$host_version: machined has forgotten it" gone

    ok "$host_version: machinectl enable" on machinectl enable web
    is "$host_version: systemd has it for machines.target" "$(on systemctl is-enabled "$unit")" enabled
    ok "$host_version: machines.target starts it" timeout 60 "$HOST_COMMAND" run "$host" -- systemctl start machines.target
    wait_for registered
    is "$host_version: it runs" "$(show ActiveState)" active
    local before
    before=$(leader)
    ok "$host_version: machinectl reboot" on machinectl reboot web
    reborn() { registered && [ "$(leader)" != "$before" ]; }
    wait_for reborn
    ok "$host_version: is another life of it" reborn
    ok "$host_version: machinectl terminate" on machinectl terminate web
    wait_for gone
    ok "$host_version: ends it" gone
    ok "$host_version: machinectl disable" on machinectl disable web
    is "$host_version: nothing of it is left" \
        "$(on sh -c 'ls /sys/class/net | grep ^ve-; ls /run/boxctl | grep -x web; pgrep -a -f "[s]ystemd-nspawn.*--machine=web"')" ""

    # An editor in which somebody writes two lines.
    printf '#!/bin/sh\nprintf "[Exec]\\nHostname=edited\\n[Network]\\nVirtualEthernet=no\\n" >"$1"\n' >"$tap_tmp/editor"
    chmod +x "$tap_tmp/editor"
    if on machinectl --help | grep -q '  edit '; then
        on_tty env EDITOR="$tap_tmp/editor" machinectl edit web >/dev/null 2>&1
    else
        skip "$host_version: machinectl edit" "this machinectl has no such verb"
        on sh -c 'mkdir -p /etc/systemd/nspawn && "$0" /etc/systemd/nspawn/web.nspawn' "$tap_tmp/editor"
    fi
    on machinectl start web
    wait_for registered
    is "$host_version: a .nspawn file overrides the unit's options" \
        "$(on boxctl shell web hostname | tr -d '\r') $(on sh -c 'ls /sys/class/net | grep -c ^ve-')" "edited 0"
    on machinectl terminate web
    wait_for gone
    on sh -c 'rm /etc/systemd/nspawn/web.nspawn; umount /usr/bin/systemd-nspawn'
    like "$host_version: control: the genuine program is back" "$(on systemd-nspawn --version)" '^systemd '
}

for_each_suite check
done_testing
