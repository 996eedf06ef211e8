#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What boxes tell others about themselves and what names they can take: rows F7, F9, F10, F12 and F13
# of the attack table.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh disable=SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/attack.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

nobody() { on setpriv --reuid=65534 --regid=65534 --clear-groups "$@" 2>&1; }
lists() { on boxctl list | grep -q "^$1 "; }
# boot_machine NAME: in the host, in the background
boot_machine() {
    on systemd-run --quiet --collect --unit="run-$1" boxctl boot "/var/lib/machines/$1" --console=read-only
    wait_for lists "$1"
}
abstract() { on sh -c "awk '\$8 ~ /^@/ { print \$8 }' /proc/net/unix" | sort; }

strangers_learn_nothing() {
    finds "F7 root sees the machine and its place" secretplace "$(on boxctl list)"
    lacks "F7 boxctl list tells others nothing" secretplace "$(nobody boxctl list)"
    lacks "F7 nor does boxctl status" '/var/lib|PID|leader' "$(nobody boxctl status secretplace)"
    finds "F7 its state is in files" secretplace "$(on grep -r secretplace /run/boxctl)"
    is "F7 others do not see them" "$(nobody find /run/boxctl -mindepth 1 | grep -v 'Permission denied')" ""
    not_ok "F7 others cannot enter, stop or kill it" nobody sh -c 'boxctl shell secretplace true || boxctl stop secretplace || boxctl kill secretplace'
    ok "F7 and it runs on" lists secretplace
}

no_abstract_sockets() {
    on systemd-run --quiet --collect --unit=control python3 -c \
        'import socket; s = socket.socket(socket.AF_UNIX); s.bind("\0of-the-control"); s.listen(); s.accept()'
    seen() { abstract | grep -q of-the-control; }
    ok "control: F9 an abstract socket is seen" wait_for seen
    on systemctl stop control
    is "F9 boxctl has none, with a machine running and a shell in it" \
        "$(on boxctl shell secretplace true; abstract | grep -v -e systemd -e dbus)" "$(grep -v -e systemd -e dbus <<<"$abstract_before")"
}

# What commands the host is bound only when that is said.
doors_stay_shut() {
    local place said
    for place in /run/boxctl /run/dbus /run/systemd/private /run/systemd /run /; do
        said=$(on boxctl run --machine=doors --bind="$place:/mnt/door" /var/lib/machines/twin1 true 2>&1)
        like "F10 $place is not bound by accident" "$said" 'holds sockets that command the host.*:control'
    done
    on ln -s /run/dbus /var/tmp/innocent
    like "F10 nor by another name" "$(on boxctl run --bind=/var/tmp/innocent:/mnt/door /var/lib/machines/twin1 true 2>&1)" 'command the host'
    is "control: F10 with the option it is there" \
        "$(on boxctl run --quiet --bind=/run/dbus:/mnt/door:control /var/lib/machines/twin1 ls /mnt/door)" \
        "$(on ls /run/dbus)"
    is "F10 what is no door can be bound" "$(on boxctl run --quiet --bind=/run/systemd/journal:/mnt/door /var/lib/machines/twin1 ls /mnt/door)" \
        "$(on ls /run/systemd/journal)"
}

# The names of a machine are given by whoever starts it.
names_are_ours() {
    on boxctl shell secretplace hostname www.example
    is "control: F12 the box calls itself something else" "$(on boxctl shell secretplace hostname)" www.example
    not_ok "F12 the host does not believe it" on getent hosts www.example
    is "F12 the machine keeps its name" "$(on boxctl list | grep -c '^secretplace ')$(on boxctl list | grep -c www)" 10
}

same_machine_id() {
    local id=0123456789abcdef0123456789abcdef name
    for name in twin1 twin2; do
        add_machine "$name" "$alpine"
        echo "$id" >"$(machines)/$name/etc/machine-id"
        ok "F13 a machine with an id that another one has starts ($name)" boot_machine "$name"
    done
    is "control: F13 both have it" "$(on sh -c 'for n in twin1 twin2; do boxctl shell $n cat /etc/machine-id; done' | sort -u)" "$id"
    is "F13 both are listed" "$(on boxctl list | grep -c '^twin[12] ')" 2
    on boxctl kill twin1
    ok "F13 what is done to one is not done to the other" on boxctl shell twin2 true
    on boxctl kill twin2
    printf 'not an id\033[2J\n' >"$(machines)/twin1/etc/machine-id"
    ok "F13 nonsense in its place does no harm" boot_machine twin1
    on boxctl kill twin1
}

check_host() {
    abstract_before=$(abstract)
    add_machine secretplace "$alpine"
    ok "a machine runs" boot_machine secretplace
    strangers_learn_nothing
    no_abstract_sockets
    names_are_ours
    same_machine_id
    doors_stay_shut
}
if host_up "$("$HOST_COMMAND" suites | sed -n 1p)"; then
    check_host
fi
done_testing
