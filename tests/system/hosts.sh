#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# Hosts that lack something. Each host is this one in a mount namespace of the test's own.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
name=$(box_name host)
work=$(tmpdir)
chmod 700 "$tap_tmp" # else there is a notice that others can reach the tree

# on_host PREPARATION ARGS...: boxctl run on a host prepared like that
on_host() {
    local preparation=$1
    shift
    BOXCTL=$BOXCTL NAME=$name WORK=$work unshare -m --propagation private bash -c "$preparation"' && exec "$BOXCTL" run -M "$NAME" "$@"' - "$@" </dev/null
}
is "control: as it is" "$(on_host : -q "$root" -- echo works 2>&1)" works

# cgroups
no_cgroup='umount -l -R /sys/fs/cgroup'
if [ -d /sys/fs/cgroup ]; then
    is "no cgroup file system: the box runs" "$(on_host "$no_cgroup" -q "$root" -- echo works 2>&1)" works
    notes=$(on_host "$no_cgroup" "$root" -- true 2>&1)
    is "it is said once" "$(grep -ci cgroup <<<"$notes")" 1
    is "in one line" "$(wc -l <<<"$notes")" 1
    like "limits cannot be kept then, so there is no box" "$(on_host "$no_cgroup" --property=MemoryMax=64M "$root" -- echo works 2>&1)" '^boxctl: --property=MemoryMax=64M: '
    is "nor is there a cgroup file system inside" "$(on_host "$no_cgroup" -q "$root" -- sh -c 'grep -c cgroup /proc/mounts')" 0
    not_ok "read-only cgroups: no box that is half in one" on_host 'mount -o remount,ro,bind "$(awk "/ - cgroup2/ { print \$5; exit }" /proc/self/mountinfo)"' --property=TasksMax=10 "$root" -- true
fi

# no PATH tools, no /etc files, another /run
is "an empty PATH" "$(PATH=/nonexistent "$BOXCTL" run -q -M "$name" "$root" -- /bin/echo works </dev/null 2>&1)" works
is "no os-release, no localtime, no users" \
    "$(on_host 'mount -t tmpfs x /etc && mount --bind /dev/null /usr/lib/os-release' -q "$root" -- sh -c 'echo works; [ ! -s /run/host/os-release ] || cat /run/host/os-release' 2>&1)" works
is "a fresh /run, as at boot" "$(on_host 'mount -t tmpfs -o mode=755 x /run' -q "$root" -- echo works 2>&1)" works
like "a full /run is told" "$(on_host 'mount -t tmpfs -o mode=755,nr_inodes=2 x /run' -q "$root" -- echo works 2>&1)" '^boxctl: .*No space left on device'
like "somebody else's /run/boxctl is not used" "$(on_host 'mount -t tmpfs -o mode=755 x /run && mkdir /run/boxctl && chown 1000 /run/boxctl' -q "$root" -- echo works 2>&1)" "^boxctl: .*'/run/boxctl'"
like "nor a link in its place" "$(on_host 'mount -t tmpfs -o mode=755 x /run && ln -s /tmp /run/boxctl' -q "$root" -- echo works 2>&1)" "^boxctl: .*'?/run/boxctl'?"

# file systems
copy='cp -a "$WORK/tree" "$WORK/fs/tree"'
mkdir "$work/fs"
copy_root "$root" "$work/tree"
is "a tree on tmpfs" "$(on_host 'mount -t tmpfs x "$WORK/fs" && '"$copy" -q "$work/fs/tree" -- stat -c %u:%g /etc/passwd 2>&1)" 0:0
on_ramfs='mount -t ramfs x "$WORK/fs" && '"$copy"
refusal=$(on_host "$on_ramfs" "$work/fs/tree" -- true 2>&1)
is "a file system that cannot map ids: status" "$(on_host "$on_ramfs" "$work/fs/tree" -- true >/dev/null 2>&1; echo $?)" 125
like "it is said in one line that names the alternative" "$refusal" '^boxctl: .*--private-users='
is "one line" "$(wc -l <<<"$refusal")" 1
is "and the alternative works" "$(on_host "$on_ramfs" -q --private-users=identity "$work/fs/tree" -- echo works 2>&1)" works
is "a tree on a read-only mount, read-only" "$(on_host 'mount --bind "$WORK/tree" "$WORK/fs" && mount -o remount,ro,bind "$WORK/fs"' -q --read-only "$work/fs" -- echo works 2>&1)" works
is "or with an overlay" "$(on_host 'mount --bind "$WORK/tree" "$WORK/fs" && mount -o remount,ro,bind "$WORK/fs"' -q -x "$work/fs" -- sh -c 'touch /new && echo works' 2>&1)" works
is "nosuid of the tree's mount stays" \
    "$(on_host 'mount --bind "$WORK/tree" "$WORK/fs" && mount -o remount,nosuid,bind "$WORK/fs"' -q "$work/fs" -- sh -c 'awk "\$5 == \"/\" { print \$6 }" /proc/self/mountinfo | grep -o nosuid' 2>&1)" nosuid

# without what a user's shell has
is "closed standard descriptors" "$("$BOXCTL" run -q -M "$name" "$root" -- sh -c 'echo works >/dev/null; exit 4' <&- >&- 2>&-; echo $?)" 4
is "a directory that was removed" "$(mkdir "$work/gone" && cd "$work/gone" && rmdir "$work/gone" && "$BOXCTL" run -q -M "$name" "$root" -- pwd </dev/null 2>&1)" /
is "umask 077 outside" "$(umask 077 && run_box -M "$name" "$root" -- sh -c 'umask; stat -c %a /run /tmp /dev' | tr '\n' ' ')" "0022 755 1777 755 "
is "signals ignored outside" "$(trap '' HUP INT USR1; run_box -M "$name" "$root" -- sed -n 's/^SigIgn:\t//p' /proc/self/status)" 0000000000000000
is "a small stack and few descriptors" "$(ulimit -n 64 -s 512; run_box -M "$name" "$root" -- echo works 2>&1)" works
done_testing
