#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Devices that a box is denied, beside systemd's own program and without systemd, on Linux 6.1 with
# the unified layout.
# shellcheck source-path=SCRIPTDIR source=../lib/box.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/vm.sh"

alpine=${ALPINE:-$(alpine_root)} || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
in_vm 240 ALPINE="$alpine"

root=/var/lib/machines/alpine
mkdir -p /var/lib/machines && copy_root "$alpine" "$root" || exit 1
printf '::sysinit:/bin/true\n::shutdown:/bin/true\n' >"$root/etc/inittab"
# To open it for writing does nothing, and no box has it.
node=/dev/kmsg
: >"$node" || exit 1
device="char 1:11"
mkdir /run/planted && mknod /run/planted/node c 1 11

inside() { "$BOXCTL" shell "$box" "$@" </dev/null 2>&1; }
write_it() { inside dd if=/dev/null of=/mnt/node count=0 conv=notrunc && echo opened; }
said() { "$BOXCTL" status "$box" | sed -n "s/^ *$1: //p"; }
options=(--private-users=no --bind=/run/planted:/mnt "$root")
allow_nodes() { inside mount -o remount,bind,dev /mnt; }

# denies HOW: what is true of both kinds of boxes
denies() {
    local how=$1
    allow_nodes
    is "$how: nothing is denied" "$(said Denied)" ""
    like "$how: a node of the host's cannot be opened" "$(write_it)" "not permitted"
    like "$how: nor a second time" "$(write_it)" "not permitted"
    like "$how: nor can one be made" "$(inside mknod /dev/new b 98 0)" "not permitted"
    is "$how: status tells" "$(said Denied)" "$device w, by 'dd', 2 times
block 98:0 m, by 'mknod', 1 time"
    is "$how: set" "$("$BOXCTL" set --runtime "$box" "DeviceAllow=$node w" 2>&1; echo $?)" 0
    like "$how: ... and it can be opened" "$(write_it)" opened
}

box=$(box_name scope)
start_box "$box" boot "${options[@]}" || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
like "systemd has a program of its own" "$(systemctl show -P DevicePolicy "$(said Unit)")" closed
denies "beside systemd"
like "systemd knows of it" "$(systemctl show -P DeviceAllow "$(said Unit)")" "$node w"
systemctl daemon-reload
like "... and keeps it over a reload" "$(write_it)" opened
end_box "$box_pid" "$box"

box=$(box_name own)
unshare --mount sh -c 'mount -t tmpfs none /run/systemd && exec "$@"' - \
    "$BOXCTL" boot -M "$box" "${options[@]}" </dev/null >"$tap_tmp/$box.log" 2>&1 &
box_pid=$!
at_exit end_box "$box_pid" "$box"
ok "a box starts without systemd" wait_for box_runs "$box_pid"
denies "without systemd"
end_box "$box_pid" "$box"

box=$(box_name ruled)
start_box "$box" boot --property="DeviceAllow=$node w" "${options[@]}" || tap_report no "a box starts" "$(cat "$tap_tmp/$box.log")"
allow_nodes
like "control: DeviceAllow= lets a box open it" "$(write_it)" opened
is "control: nothing was denied" "$(said Denied)" ""
end_box "$box_pid" "$box"

# A unit that is kept has its own rules, which boxctl is not told of on its command line.
cat >/run/systemd/system/kept.service <<UNIT
[Service]
ExecStart=$BOXCTL boot -M kept --keep-unit ${options[*]}
KillMode=mixed
Delegate=yes
DevicePolicy=closed
DeviceAllow=$node w
DeviceAllow=char-pts rw
DeviceAllow=/dev/net/tun rwm
DeviceAllow=/dev/fuse rwm
UNIT
systemctl daemon-reload
box=kept
ok "a box starts in a unit of its own" systemctl start kept
at_exit systemctl stop kept
wait_for inside true
allow_nodes
like "what the unit allows can be opened" "$(write_it)" opened
like "what it does not cannot" "$(inside mknod /dev/new b 98 0)" "not permitted"
is "... and that is told" "$(said Denied)" "block 98:0 m, by 'mknod', 1 time"
systemctl stop kept
done_testing
