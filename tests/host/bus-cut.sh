#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A life of a box, again and again, in which the connection to the bus breaks at the first, second,
# ... last of all messages: each start ends well or in one line, and nothing is left in the end.
# time limit: 900 s
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2016,SC2154 # host_up sets host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

# life FOLDER PROXY ORDINAL WHILE: in the host, as each command from outside takes longer than a life.
# What went wrong is printed; FOLDER/messages is what went through the proxy.
cat >"$tap_tmp/life" <<'END'
folder=$1 proxy=$2 ordinal=$3 meanwhile=$4
wait_for() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    return 1
}
runs() { boxctl shell cut /bin/true </dev/null; }
ended() { ! systemctl --quiet is-active run-cut; }
runs_or_ended() { runs || ended; }
registered() { machinectl --quiet show cut; }
forgotten() { ! registered; }
nothing_left() {
    [ ! -e /run/boxctl/cut ] && [ ! -e /sys/fs/cgroup/machine.slice/machine-cut.scope ] &&
        ! systemctl --quiet is-active machine-cut.scope
}

rm -f "$folder/bus"
"$proxy" "$folder/bus" /run/dbus/system_bus_socket "$ordinal" >"$folder/messages" &
trap 'kill $!; wait $!' EXIT
wait_for test -S "$folder/bus" || echo "no proxy"
systemctl reset-failed run-cut 2>/dev/null
systemd-run --quiet --collect --unit=run-cut -p "BindPaths=$folder/bus:/run/dbus/system_bus_socket" \
    -p "StandardOutput=truncate:$folder/said" -p "StandardError=append:$folder/said" \
    boxctl boot /var/lib/machines/web -x -M cut --console=passive --stop-timeout=5 || echo "no unit"
wait_for runs_or_ended || echo "neither runs nor ended"
if runs 2>/dev/null; then
    $meanwhile || echo "not $meanwhile"
    timeout 60 boxctl stop cut >/dev/null || echo "no stop"
else
    [ "$(grep -c '^boxctl: ' "$folder/said")" = 1 ] || cat "$folder/said"
    echo >>"$folder/failed"
fi
wait_for ended || echo "no end"
wait_for nothing_left || echo "left"
wait_for forgotten || echo "still registered"
END

# life ORDINAL [WHILE]
life() {
    "$HOST_COMMAND" run --no-scope "$host" -- bash "$tap_tmp/life" "$tap_tmp" "$SRC/tests/lib/bus-proxy" "$1" "${2:-true}" </dev/null 2>&1
}
was_cut() { grep -q '^cut ' "$tap_tmp/messages"; }

check_host() {
    local ordinal=0 bad='' wrong call
    add_machine web "$alpine"
    : >"$tap_tmp/failed"
    is "$host_version: control: without a cut it lives, and is registered" "$(life 0 'wait_for registered')" ""
    for call in StartTransientUnit GetMachine; do
        ok "$host_version: control: $call goes through the proxy" grep -q "to the bus: call $call" "$tap_tmp/messages"
    done
    while [ "$ordinal" -lt 200 ]; do
        ordinal=$((ordinal + 1))
        wrong=$(life "$ordinal")
        [ -z "$wrong" ] || bad+="$ordinal ($(grep '^cut' "$tap_tmp/messages")): $wrong; "
        was_cut || break
    done
    is "$host_version: cut at each of $((ordinal - 1)) messages: all well, or one line, and nothing left" "$bad" ""
    not_ok "$host_version: control: those were all, the last life was not cut" was_cut
    ok "$host_version: control: and many" [ "$ordinal" -gt 15 ]
    is "$host_version: and that life was well" "$wrong" ""
    echo "# $(wc -l <"$tap_tmp/failed") of $ordinal starts ended in one line"
    echo "# count: $((ordinal - 1)) messages of the bus cut on $host_version"
}

for_each_suite check_host
done_testing
