#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boxctl@NAME.service, and machinectl on a machine that was adopted, on real systemd hosts.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2154 # host_up sets host_suite and host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
unit=boxctl@web.service

show() { on systemctl show "${2:-$unit}" -p "$1" --value; }
is_now() { [ "$(show "$1" "${3:-$unit}")" = "$2" ]; }
restarted() { is_now NRestarts 1 && is_now ActiveState active; }
# What has to stay the same: name, ids, the address of the host's end of its cable.
identity() {
    on boxctl status web --json | python3 -c 'import json, sys
box = json.load(sys.stdin); print(box["name"], box["id_base"], box["id_count"])'
    on ip -o link show ve-web | grep -o 'link/ether [0-9a-f:]*'
}
leftovers() {
    on sh -c 'ls -A /run/boxctl | grep -vx "\.locks\|\.uid\|\.failed"; ls -A /run/boxctl/.locks /run/boxctl/.uid | grep "^[^/]"
              ls /sys/class/net | grep ^ve-; pgrep -a boxctl; grep -l /run/boxctl /proc/[1-9]*/mountinfo; find /sys/fs/cgroup -name "boxctl@*"' 2>/dev/null
}

# In tenths; 100 is a service that nothing is taken from.
exposure() { on systemd-analyze security --no-pager "$1" | sed -n 's/.*Overall exposure level for [^ ]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p'; }

check_the_file() {
    like "$host_version: systemd-analyze has nothing to say but about keys that are newer" \
        "$(on systemd-analyze verify --man=no "$unit" 2>&1 | grep -v "Unknown key .* in section \[Service\], ignoring"; echo end)" '^end$'
    # control: it does complain
    on sh -c 'sed s/^Type=.*/Type=nonsense/ /usr/lib/systemd/system/boxctl@.service >/run/systemd/system/wrong@.service'
    like "$host_version: control: it would complain" "$(on systemd-analyze verify --man=no wrong@web.service 2>&1)" 'nonsense'
    # Most of what systemd can take from a service would be taken from the box as well.
    ok "$host_version: it is less exposed than systemd's own" [ "$(exposure "$unit")" -lt "$(exposure systemd-nspawn@web.service)" ]
    ok "$host_version: it can be enabled" on systemctl enable "$unit"
    ok "$host_version: for machines.target" on test -L "/etc/systemd/system/machines.target.wants/$unit"
    on systemctl disable --quiet "$unit"
}

check_the_life() {
    local before
    ok "$host_version: it starts" on systemctl start "$unit"
    is "$host_version: it is active" "$(show ActiveState)" active
    is "$host_version: it tells its status" "$(show StatusText)" Running
    is "$host_version: its slice" "$(show Slice)" machine.slice
    is "$host_version: the pidfd is stored" "$(show NFileDescriptorStore)" 1
    before=$(identity)
    on boxctl shell web /sbin/reboot
    ok "$host_version: a reboot inside starts it again" wait_for restarted
    is "$host_version: name, ids and address stay" "$(identity)" "$before"
    ok "$host_version: restart" timeout 60 "$HOST_COMMAND" run "$host" -- systemctl restart "$unit"
    is "$host_version: and again they stay" "$(identity)" "$before"
    ok "$host_version: stop" on systemctl stop "$unit"
    is "$host_version: stopped by its own init" "$(show Result)" success
    is "$host_version: no descriptor is kept" "$(show NFileDescriptorStore)" 0
    is "$host_version: nothing is left" "$(leftovers)" ""
}

check_kills() {
    on systemctl start "$unit"
    like "$host_version: control: what would be left is seen" "$(leftovers | tr '\n' ' ')" 'web .*ve-web .*boxctl@web'
    on systemctl kill --signal=KILL "$unit"
    ok "$host_version: killed as a whole it fails" wait_for is_now ActiveState failed
    is "$host_version: nothing is left then" "$(leftovers)" ""
    ok "$host_version: it starts again at once" on systemctl start "$unit"
    on systemctl kill --signal=KILL --kill-whom=main "$unit"
    ok "$host_version: killed boxctl alone it fails" wait_for is_now ActiveState failed
    is "$host_version: nor is anything left now" "$(leftovers)" ""
    ok "$host_version: and it starts again" on systemctl start "$unit"
    # FileDescriptorStorePreserve= is of systemd 254
    if [ "$host_version" -ge 254 ]; then
        like "$host_version: how the box ended is not lost" "$(on journalctl --no-pager -o cat -u "$unit" -n 20)" \
            "machine 'web': PID 1 of its last life was ended by SIGKILL"
    fi
    on systemctl stop "$unit"
    is "$host_version: a failure of boxctl is one of the unit" "$(on systemctl start boxctl@nowhere 2>/dev/null; show Result boxctl@nowhere)" exit-code
}

# An upgrade of the program under a console that is written to and a shell that is in use.
kLines=2000
check_reload() {
    local main leader shell_said
    shell_said=$tap_tmp/shell.$host_version
    on systemctl start "$unit"
    main=$(show MainPID) leader=$(on machinectl show web -p Leader --value)
    on boxctl shell web /bin/sh -c "(i=0; while [ \$i -lt $kLines ]; do echo console-\$i-end; i=\$((i + 1)); done >/dev/console; touch /run/written) </dev/null >/dev/null 2>&1 &"
    on boxctl shell web /bin/sh -c 'for i in $(seq 150); do echo shell-$i; sleep 0.02; done' >"$shell_said" 2>&1 &
    on sh -c 'cp /usr/bin/boxctl /usr/bin/boxctl.new && mv /usr/bin/boxctl.new /usr/bin/boxctl'
    like "$host_version: control: the program is another one now" "$(on readlink "/proc/$main/exe")" 'deleted'
    for _ in 1 2 3; do ok "$host_version: systemctl reload" on systemctl reload "$unit"; done
    is "$host_version: it is the same process" "$(show MainPID)" "$main"
    is "$host_version: of the new program" "$(on readlink "/proc/$main/exe")" "$(on readlink -f /usr/bin/boxctl)"
    is "$host_version: with the same leader" "$(on machinectl show web -p Leader --value)" "$leader"
    is "$host_version: and active" "$(show ActiveState)" active
    wait
    is "$host_version: the shell has said all" "$(grep -c '^shell-' "$shell_said")" 150
    ok "$host_version: all is written" wait_for on boxctl shell web test -e /run/written
    ok "$host_version: the journal has every line" wait_for journal_is_complete
    on systemctl stop "$unit"
}
journal_is_complete() {
    [ "$(on journalctl -q --no-pager -o cat -t web | grep -o 'console-[0-9]*-end' | uniq)" = "$(seq -f 'console-%.0f-end' 0 $((kLines - 1)))" ]
}

# Every kind of end, again and again: the next start works at the first attempt. ROUNDS=50 takes minutes.
check_rounds() {
    local round bad=''
    for ((round = 1; round <= ${ROUNDS:-2}; round++)); do
        on systemctl start "$unit" || bad+=" $round:start"
        wait_for registered || bad+=" $round:register"
        on boxctl shell web /sbin/reboot
        wait_for is_now NRestarts 1 && wait_for is_now ActiveState active || bad+=" $round:reboot"
        on systemctl restart "$unit" || bad+=" $round:restart"
        wait_for registered || bad+=" $round:register-again"
        on machinectl terminate web
        wait_for is_now ActiveState inactive || bad+=" $round:terminate"
        on systemctl start "$unit" || bad+=" $round:start-again"
        on systemctl kill --signal=KILL "$unit"
        wait_for is_now ActiveState failed || bad+=" $round:kill"
        on systemctl reset-failed "$unit"
    done
    is "$host_version: ${ROUNDS:-2} rounds of every end" "$bad" ""
    is "$host_version: nothing is left of them" "$(leftovers)" ""
}
registered() { on machinectl --quiet show web >/dev/null 2>&1; }

slow_init() {
    cat >"$(machines)/slow/sbin/slow" <<'END'
#!/bin/sh
while [ ! -e /run/go ]; do sleep 0.1; done
echo up >/run/up
exec /sbin/init
END
    chmod 755 "$(machines)/slow/sbin/slow"
}
check_readiness() {
    add_machine slow "$alpine"
    slow_init
    on sh -c 'mkdir -p /run/systemd/system/boxctl@slow.service.d
printf "[Service]\nEnvironment=\"BOXCTL_OPTIONS=--init=/sbin/slow --ready=file:/run/up\"\n" >/run/systemd/system/boxctl@slow.service.d/options.conf
systemctl daemon-reload; systemctl start --no-block boxctl@slow'
    ok "$host_version: it is activating" wait_for is_now StatusText Starting boxctl@slow
    is "$host_version: until its rule holds" "$(show ActiveState boxctl@slow)" activating
    on boxctl shell slow touch /run/go
    ok "$host_version: it is active then" wait_for is_now ActiveState active boxctl@slow
    on systemctl stop boxctl@slow
}

check_adopt() {
    local nspawn=systemd-nspawn@web.service
    like "$host_version: adopt" "$(on boxctl adopt web)" "starts it with boxctl"
    ok "$host_version: twice is once" on boxctl adopt web
    like "$host_version: systemd knows already" "$(show ExecStart $nspawn)" 'boxctl boot'
    ok "$host_version: machinectl start" on machinectl start web
    ok "$host_version: boxctl runs it" on boxctl wait --for=ready --timeout=20 web
    ok "$host_version: machinectl enable" on machinectl enable web
    on machinectl disable web 2>/dev/null
    ok "$host_version: machinectl reboot" on machinectl reboot web
    ok "$host_version: starts it again" wait_for is_now NRestarts 1 $nspawn
    ok "$host_version: and it is a machine again" wait_for registered
    ok "$host_version: machinectl stop" on machinectl stop web
    ok "$host_version: ends it" wait_for is_now ActiveState inactive $nspawn
    ok "$host_version: in order" is_now Result success $nspawn
    like "$host_version: adopt --undo" "$(on boxctl adopt --undo web)" 'systemd-nspawn again'
    like "$host_version: systemd knows that, too" "$(show ExecStart $nspawn)" 'systemd-nspawn --quiet'
    like "$host_version: undone twice" "$(on boxctl adopt --undo web)" 'was not adopted'
    like "$host_version: no such machine" "$(on boxctl adopt nowhere 2>&1)" "no directory '/var/lib/machines/nowhere'"
    like "$host_version: no such name" "$(on boxctl adopt ../web 2>&1)" 'is no machine name'
    on sh -c "mkdir -p /etc/systemd/system/$nspawn.d; echo '[Service]' >/etc/systemd/system/$nspawn.d/boxctl.conf"
    like "$host_version: a file of somebody else is not touched" "$(on boxctl adopt web 2>&1; on cat "/etc/systemd/system/$nspawn.d/boxctl.conf")" \
        'was not made by boxctl adopt.*\[Service\]$'
}

check_units() {
    add_machine web "$alpine"
    check_the_file
    check_the_life
    check_kills
    check_reload
    check_rounds
    check_readiness
    check_adopt
}

for_each_suite check_units
done_testing
