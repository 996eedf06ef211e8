#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# Which mounts reach whom, read from both sides' mountinfo. The host side is a mount namespace of
# the test's own: nothing it mounts can reach the machine it runs on.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

if [ -z "${BOX_TEST_UNSHARED:-}" ]; then
    tap_end
    # shared, as a host with systemd has it: what could leak does leak
    BOX_TEST_UNSHARED=1 exec unshare -m --propagation private bash "$0" "$@"
fi
mount --make-rshared /
# shellcheck disable=SC2154 # tap_tmp is tap.sh's, which removes it next
unmount_all() { awk -v dir="$tap_tmp/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r -n 1 umount -l; }
at_exit unmount_all

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
mkdir "$work/given"
cat >"$root/etc/inittab" <<'E'
::sysinit:/bin/sh /work/inside
E
# does what it is told, line by line, and says when it has
cat >"$work/inside" <<'E'
while [ ! -e /work/stop ]; do
    if [ -e /work/todo ]; then
        sh /work/todo >/work/said 2>&1
        rm /work/todo
    fi
    sleep 0.02
done
E
inside() { # SCRIPT: runs in the box, prints what it says
    echo "$1" >"$work/todo.new"
    mv "$work/todo.new" "$work/todo"
    wait_for test ! -e "$work/todo" && cat "$work/said"
}
host_table() { awk '{ print $5, $(NF - 2), $(NF - 1) }' /proc/self/mountinfo | sort; }
# shellcheck disable=SC2154 # start_box sets box_leader and box_pid
box_table() { awk '{ print $5 }' "/proc/$box_leader/mountinfo"; }

for users in pick no; do
    name=$(box_name "$users")
    before=$(host_table)
    rm -f "$work/stop"
    start_box "$name" boot "$root" --bind="$work:/work" --bind="$work/given:/given" --private-users="$users"
    is "$users: a box boots" $? 0
    is "$users: it works" "$(inside 'echo here')" here
    is "$users: every mount inside is shared" "$(inside "grep -vc ' shared:' /proc/1/mountinfo")" 0
    is "$users: none is a slave but the way in" "$(inside "grep ' master:' /proc/1/mountinfo | cut -d' ' -f5")" /run/host/incoming
    is "$users: the host sees none of its mounts" \
        "$(host_table | grep -v " /run/boxctl\|^/run/boxctl/$name/propagate")" "$before"

    # from inside to the host
    running=$(host_table)
    is "$users: it mounts all over" "$(inside 'for d in /mnt /work/given /given /run/host/incoming /opt; do mount -t tmpfs from-box $d && echo $d; done; mount --bind /etc /srv && echo /srv' 2>&1 | grep -c '^/')" 6
    is "$users: that reaches nothing on the host" "$(host_table)" "$running"
    is "$users: not even what it shares" "$(grep -c from-box /proc/self/mountinfo)" 0
    inside 'for d in /mnt /work/given /given /run/host/incoming /opt /srv; do umount $d; done' >/dev/null

    # from the host to the inside
    way=/run/boxctl/$name/propagate
    ok "$users: there is a way in" test -d "$way"
    mkdir "$way/new"
    mount -t tmpfs from-host "$way/new"
    echo hello >"$way/new/file"
    like "$users: a mount in it appears inside" "$(box_table)" '(^|[[:space:]])/run/host/incoming/new([[:space:]]|$)'
    is "$users: with its contents" "$(cat "/proc/$box_leader/root/run/host/incoming/new/file")" hello
    umount "$way/new"
    not_ok "$users: and goes again" grep -q ' /run/host/incoming/new ' "/proc/$box_leader/mountinfo"
    not_ok "$users: the box cannot write there" [ "$(inside 'touch /run/host/incoming/x && echo yes')" = yes ]
    for place in "$root/media" "$work/given"; do
        mount -t tmpfs from-host "$place"
        not_ok "$users: a later mount on ${place##*/} does not get in" grep -q from-host "/proc/$box_leader/mountinfo"
        umount "$place"
    done
    touch "$work/stop"
    # shellcheck disable=SC2154
    kill -TERM "$box_pid"
    wait "$box_pid"
    is "$users: it powers off" $? 0
    not_ok "$users: the mount point that was made for it is gone" test -e "/run/boxctl/$name"
    is "$users: the host's mounts are as before" "$(host_table)" "$before"
done

# control: the namespace of this test is one in which mounts do propagate
mkdir "$work/one" "$work/two"
mount -t tmpfs first "$work/one"
mount --make-shared "$work/one"
mount --bind "$work/one" "$work/two"
mkdir "$work/one/sub"
mount -t tmpfs control "$work/one/sub"
ok "control: a shared mount does propagate here" grep -q " $work/two/sub .* control " /proc/self/mountinfo
umount -R "$work/two"
umount -R "$work/one"
done_testing
