#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A host without machined, without D-Bus, without systemd: the same commands do the same there, and
# what a box goes without is said once.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh disable=SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

# What a user does with a box, and what comes of it. What boxctl said by itself is in /run/said.
cat >"$tap_tmp/commands" <<'COMMANDS'
boxctl boot /var/lib/machines/alpine --machine=bare --console=passive </dev/null >/run/console 2>/run/said &
boxctl wait --for=running --timeout=30 bare
echo "wait $?"
echo "list $(boxctl list | grep -c '^bare ')"
boxctl status bare >/dev/null
echo "status $?"
boxctl shell bare echo inside
boxctl stop bare
echo "stop $?"
wait
echo "boot $?"
boxctl run --quiet --machine=bare /var/lib/machines/alpine sh -c 'exit 7'
echo "run $?"
echo "left $(find /run/boxctl -mindepth 1 -not -name '.*' -not -path '*/.*/*' | wc -l)"
COMMANDS
wanted='wait 0
list 1
status 0
inside
stop 0
boot 0
run 7
left 0'

# works_with WHAT SCRIPT: the commands behind SCRIPT, in a mount namespace that it may change
works_with() {
    local what=$1 script=$2 said
    is "$host_version: $what: the same commands do the same" \
        "$(on unshare --mount sh -c "$script"$'\n'". $tap_tmp/commands" 2>&1)" "$wanted"
    said=$(on cat /run/said)
    if [ "$what" = 'all is there' ]; then
        is "$host_version: $what: nothing is said" "$said" ""
    else
        ok "$host_version: $what: at most one notice, of one line" test "$(grep -c . <<<"$said")" -le 1
    fi
    is "$host_version: $what: no cgroup is left" "$(on find /sys/fs/cgroup -name '*bare*')" ""
}

machined_answers() { on busctl --no-pager call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.DBus.Peer Ping; }
bus_answers() { on busctl --no-pager list; }

check_host() {
    add_machine alpine "$alpine"
    ok "$host_version: control: there is a machined" machined_answers
    works_with 'all is there' ''

    on systemctl --runtime mask --now --quiet systemd-machined.service systemd-machined.socket 2>/dev/null
    not_ok "$host_version: control: now there is none" machined_answers
    works_with 'no machined' ''

    on systemctl --runtime mask --now --quiet dbus.socket dbus.service
    not_ok "$host_version: control: now there is no bus" bus_answers
    works_with 'no D-Bus' ''

    works_with 'no systemd' 'mount -t tmpfs none /run/systemd && mount -t tmpfs none /run/dbus || exit'
    works_with 'no cgroup file system' 'mount -t tmpfs none /run/systemd && umount -l /sys/fs/cgroup || exit'
}
for_each_suite check_host
done_testing
