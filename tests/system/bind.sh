#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# bind and unbind: files of the host in a box that runs already, and boxes that try to have them
# put elsewhere (B1, B2, B12).
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh source=../lib/attack.sh disable=SC2016,SC2154,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/attack.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
work=$(tmpdir)
machine=$(box_name bind)
copy_root "$alpine" "$work/root"
mkdir -p "$work/src/inner" "$work/atstart"
echo text >"$work/src/file"
ln -s "$work/src" "$work/link"

inside() { "$BOXCTL" shell "$machine" "$@" </dev/null; }
bind() { "$BOXCTL" bind "$machine" "$@"; }
unbind() { "$BOXCTL" unbind "$machine" "$@"; }
binds() { "$BOXCTL" status --json "$machine" | python3 -c 'import json,sys
for b in json.load(sys.stdin)["binds"]: print(b["source"].rsplit("/", 1)[-1], b["target"], "ro" if b["read_only"] else "rw")'; }
there() { inside sh -c 'grep -q " $1 " /proc/1/mountinfo' - "$1"; }
# refuses NAME REGEX CMD...: status 125 and one line that matches
refuses() {
    local name=$1 regex=$2 said status=0
    shift 2
    said=$("$@" 2>&1) || status=$?
    if [ "$status" = 125 ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said =~ $regex ]]; then
        tap_report yes "$name"
    else
        tap_report no "$name" "status $status of: $*" "$said" "no single line like: $regex"
    fi
}

start_box "$machine" boot "$work/root" --console=passive --bind="$work/atstart:/mnt/atstart"

# --- what is refused, and how ---
refuses "no such machine" "no machine is named 'nobody-here'" "$BOXCTL" bind nobody-here / /mnt/x
refuses "no such source" "source '$work/none': No such file" bind "$work/none" /mnt
refuses "a link as the source" "source '$work/link' is a symbolic link; name the place" bind "$work/link" /mnt
refuses "a target that is not there" "target '/mnt/new': it is not in the box; --mkdir makes it" bind "$work/src" /mnt/new
refuses "a directory on a file" "'/etc/passwd': it is a file, but the source is a directory" bind "$work/src" /etc/passwd
refuses "a file on a directory" "'/mnt': it is a directory, but the source is a file" bind "$work/src/file" /mnt
for target in /proc /proc/sys /proc/kcore /sys/fs /sys/kernel/new; do
    refuses "$target as the target" "target '$target': it belongs to the kernel" bind --mkdir "$work/src" "$target"
done
refuses "the root as the target" "is the root of the box itself" bind "$work/src" /
refuses "a target with '..'" "must not contain '..'" bind "$work/src" /mnt/../etc
refuses "a relative target" "is not absolute" bind "$work/src" mnt
refuses "F10: what commands the host" "holds sockets that command the host" bind /run/boxctl /mnt
refuses "F10: also around it" "holds sockets that command the host" bind /run /mnt
refuses "what cannot be id-mapped" "cannot be id-mapped; --noidmap shows" bind /proc /mnt
is "and nothing of it is there" "$(binds)" ""
not_ok "nor made" inside test -e /mnt/new

# --- directories, files, read-only ---
ok "a directory" bind "$work/src" /mnt
is "shows its files, owned by root" "$(inside sh -c 'cat /mnt/file; stat -c %u:%g /mnt /mnt/file' | tr '\n' ' ')" "text 0:0 0:0 "
inside touch /mnt/from-box
is "what the box writes is the host's root's on disk" "$(stat -c %u:%g "$work/src/from-box")" 0:0
ok "PID 1 sees it" there /mnt
is "there are no devices on it" "$(mknod "$work/src/null" c 1 3; inside sh -c 'echo x 2>/dev/null >/mnt/null && echo written')" ""
rm "$work/src/null"
ok "read-only, in a new place" bind --ro --mkdir "$work/src" /opt/a/b
is "made by the box's root" "$(inside stat -c '%u:%g %a' /opt/a)" "0:0 755"
not_ok "cannot be written to" inside touch /opt/a/b/x
not_ok "nor made writable by the box's root" inside mount -o remount,bind,rw /opt/a/b
not_ok "nor by a second bind of it" inside sh -c 'mount --bind /opt/a/b /media && mount -o remount,bind,rw /media'
ok "control: what the box has bound itself can" \
    inside sh -c 'mkdir /x && mount --bind /x /x && mount -o remount,bind,ro /x && mount -o remount,bind,rw /x && touch /x/y'
not_ok "nor are devices allowed again" inside mount -o remount,bind,dev /mnt
ok "without id map" bind --noidmap --mkdir "$work/src" /srv/noidmap
is "belongs to nobody" "$(inside sh -c 'cat /srv/noidmap/file && stat -c %u:%g /srv/noidmap')" $'text\n65534:65534'
not_ok "and the box's root has a stranger's rights" inside touch /srv/noidmap/x
unbind /srv/noidmap
ok "a file, in a new place" bind --mkdir "$work/src/file" /srv/one/file
is "can be read" "$(inside cat /srv/one/file)" text
ok "below /run" bind --mkdir "$work/src" /run/data/here
is "where a link leads" "$(inside cat /var/run/data/here/file)" text
ok "through a link of the box" bind --mkdir "$work/src" /var/run/linked
ok "is where that leads" there /run/linked
ok "one word for source and target" bind --mkdir "$work/src"
is "is the same path" "$(inside cat "$work/src/file")" text
ok "a relative source" sh -c 'cd "$1" && "$2" bind "$3" --mkdir src /srv/relative' - "$work" "$BOXCTL" "$machine"
is "is based on the caller's directory" "$(inside cat /srv/relative/file)" text
inside unshare -m --propagation slave sleep 1000 &
service=$!
wait_for inside pgrep -x sleep
bind --mkdir "$work/src" /srv/late
ok "a service with mounts of its own gets it, too" inside sh -c 'grep -q " /srv/late " "/proc/$(pgrep -x sleep)/mountinfo"'
inside pkill -x sleep
wait "$service"

# --- a whole tree ---
ok "mounts below the source come along" unshare -m --propagation private sh -c \
    'mount -t tmpfs none "$1/src/inner" && echo below >"$1/src/inner/below" && "$2" bind "$3" --mkdir "$1/src" /srv/tree' - "$work" "$BOXCTL" "$machine"
is "are seen" "$(inside cat /srv/tree/inner/below)" below
not_ok "and cannot be looked under" inside umount /srv/tree/inner
ok "or lazily" inside sh -c '! umount -l /srv/tree/inner 2>/dev/null'

# --- status, reload ---
like "status lists them" "$("$BOXCTL" status "$machine")" "Bind: $work/src on /opt/a/b \(read-only\)"
is "and --json" "$(binds)" "src /mnt rw
src /opt/a/b ro
file /srv/one/file rw
src /run/data/here rw
src /run/linked rw
src $work/src rw
src /srv/relative rw
src /srv/late rw
src /srv/tree rw"
ok "reload" "$BOXCTL" reload "$machine"
is "forgets none" "$(binds | wc -l)" 9

# --- unbind ---
refuses "a bind made at the start stays" "nothing is at '/mnt/atstart' in the box by 'boxctl bind'" unbind /mnt/atstart
refuses "a mount of the box's stays" "nothing is at '/x' in the box" unbind /x
refuses "no mount at all" "nothing is at '/etc' in the box" unbind /etc
refuses "of no machine" "no machine is named 'nobody-here'" "$BOXCTL" unbind nobody-here /mnt
inside sh -c 'exec 3</opt/a/b/file && echo ready && exec sleep 3000' >"$work/opened" &
holder=$!
wait_for test -s "$work/opened"
ok "unbind, though a file is open" unbind /opt/a/b
not_ok "takes it away" there /opt/a/b
inside pkill -x sleep
wait "$holder"
is "the directory made for it stays" "$(inside ls -A /opt/a/b)" ""
for target in /srv/one/file /run/data/here /var/run/linked "$work/src" /srv/relative /srv/late /srv/tree; do
    ok "unbind $target" unbind "$target"
done
refuses "a second time" "nothing is at '/srv/tree' in the box" unbind /srv/tree
ok "two in one place" bind "$work/atstart" /mnt
is "the later is seen" "$(inside ls -A /mnt)" ""
is "and both are listed" "$(binds)" "src /mnt rw
atstart /mnt rw"
ok "the later goes first" unbind /mnt
is "then the earlier is seen" "$(inside cat /mnt/file)" text

# --- what the box does to them ---
ok "the box may unmount it" inside umount /mnt
is "then it is not listed" "$(binds)" ""
refuses "and not there" "nothing is at '/mnt' in the box" unbind /mnt
inside mount -t tmpfs mine /mnt
refuses "a mount of its own in that place stays" "(nothing is at|has mounted something else at) '/mnt'" unbind /mnt
ok "as it was" there /mnt
inside umount /mnt
bind "$work/src" /mnt
inside mount -t tmpfs mine /mnt
refuses "one above it stays" "has mounted something else at '/mnt'" unbind /mnt
inside umount /mnt
ok "and is not in the way when it is gone" unbind /mnt

# --- what the host's root makes in a box, as machined does ---
nsenter -t "$box_leader" -m touch /root/theirs
is "is nobody's in the box" "$(inside stat -c %u:%g /root/theirs)" 65534:65534
is "and belongs to no user of the host on disk" "$(stat -c %u:%g "$work/root/root/theirs")" 2147483646:2147483646
not_ok "root of the box cannot write to it" inside sh -c 'echo x >/root/theirs'
not_ok "nor take it" inside chown 0 /root/theirs
not_ok "nor make one" inside sh -c 'touch /root/ours && chown 2147483646 /root/ours'
ok "but the host's root can give it" nsenter -t "$box_leader" -m chown "$(awk '{print $2 ":" $2}' "/proc/$box_leader/uid_map")" /root/theirs
is "to the box's" "$(inside sh -c 'echo x >/root/theirs && stat -c %u:%g /root/theirs'; stat -c %u:%g "$work/root/root/theirs")" $'0:0\n0:0'

# --- the end ---
bind "$work/src" /mnt
leader_now() { "$BOXCTL" status --json "$machine" | python3 -c 'import json,sys; print(json.load(sys.stdin)["leader"])'; }
rebooted() { [ "$("$BOXCTL" list | grep -c "^$machine .* running ")" = 1 ] && [ "$(leader_now)" != "$box_leader" ]; }
wait_for bash -c 'grep -q "^SigCgt:.*[1-9a-f]" /proc/$1/status' - "$box_leader"
"$BOXCTL" reboot "$machine"
ok "after a reboot" wait_for rebooted
not_ok "it is gone" there /mnt
is "and so are the notes" "$(binds; find "/run/boxctl/$machine/binds" -type f)" ""
box_leader=$(leader_now)
kill -STOP "$box_pid"
kill -KILL "$box_leader"
wait_for bash -c 'grep -q "^State:.*Z" /proc/$1/status' - "$box_leader"
refuses "a box that has ended" "machine '$machine' has just ended" bind "$work/src" /mnt
refuses "also for unbind" "machine '$machine' has just ended" unbind /mnt
kill -CONT "$box_pid"
wait "$box_pid"
is "nothing is left of it" "$(ls "/run/boxctl/$machine" 2>/dev/null; grep -c "$work" /proc/self/mountinfo)" 0

# --- other kinds of boxes ---
start_box "$machine" run -x "$work/root" sleep 1000
ok "ephemeral: a bind" bind --mkdir "$work/src" /srv/x
is "ephemeral: shows it" "$(inside cat /srv/x/file)" text
is "ephemeral: as root's" "$(inside stat -c %u /srv/x)" 0
not_ok "ephemeral: and nothing is made in the tree" test -e "$work/root/srv/x"
ok "ephemeral: unbind" unbind /srv/x
end_box "$box_pid" "$machine"
start_box "$machine" run --private-users=no "$work/root" sleep 1000
ok "privileged: a bind" bind --ro --mkdir "$work/src" /srv/p
is "privileged: shows it" "$(inside cat /srv/p/file)" text
not_ok "privileged: read-only" inside touch /srv/p/x
ok "privileged: unbind" unbind /srv/p
end_box "$box_pid" "$machine"
start_box "$machine" run --private-users-ownership=off "$work/root" /bin/sh -c 'while :; do sleep 1000; done'
ok "owners off: a bind" bind "$work/src" /mnt
is "owners off: shows the host's ids" "$(inside stat -c %u /mnt)" 65534
end_box "$box_pid" "$machine"

# --- attacks ---
canary "$work/canary"
hostile_root "$work/hostile" || { skip "attacks" "no busybox tree"; done_testing; }
mkdir "$work/hostile/t" "$work/hostile/into"
ln -s "$H/d" "$work/hostile/absolute"
ln -s "/proc/1/root$H/d" "$work/hostile/magic"
ln -s "../../../../../../..$H/d" "$work/hostile/dotted"
start_box "$machine" run "$work/hostile" sleep 1000
for link in absolute magic dotted; do
    refuses "B1: a target that is a link: $link" "(is not in the box|symbolic links)" bind "$work/src" "/$link"
    refuses "B1: made: $link" "target '/$link'" bind --mkdir "$work/src" "/$link"
    refuses "B1: a link above the target: $link" "target '/$link/sub'" bind --mkdir "$work/src" "/$link/sub"
done
canary_is_whole "B1: nothing of the host was made or mounted on"
inside swap-attacker /t /absolute 8 >"$work/swaps" &
attacker=$!
count=$(rounds 60)
for ((i = 0; i < count; i++)); do
    bind "$work/src" /t >/dev/null 2>>"$work/said" && bound=$((${bound:-0} + 1))
    unbind /t >/dev/null 2>&1
done
canary_is_whole "B12: nor while the target is exchanged for a link"
ok "B12: control: some binds came about in between" test "${bound:-0}" -gt 0
wait "$attacker"
like "B12: control: it was exchanged" "$(cat "$work/swaps")" 'swaps [1-9]'
lacks "B12: no failure but that" . "$(grep -vE "target '/t'" "$work/said" 2>/dev/null)"
unshare -m --propagation private sh -c 'mount --bind "$1/src" "$1/hostile/dotted" && touch "$2/d/seen" && ls "$1/src/seen" >"$1/fooled"' - "$work" "$H"
like "control: whoever mounts by path is led to the host's files" "$(cat "$work/fooled")" seen
end_box "$box_pid" "$machine"

done_testing
