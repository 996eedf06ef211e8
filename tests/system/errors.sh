#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# Bad input: one line that says what is wrong, status 125, and nothing has changed anywhere.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

made=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
root=${made%/*}/$(box_name errors) # which is the box's name then
mv "$made" "$root"
work=$(tmpdir)
chmod 700 "$tap_tmp" # else there is a notice that others can reach the tree
mkdir "$work/tree" "$work/empty" "$work/noinit"
cp -a "$root/bin" "$root/lib" "$root/etc" "$work/noinit/"
touch "$work/image.tar.gz" "$work/disk.img" "$work/file"
ln -s loop "$work/loop"
cd "$work" || exit 1
state() {
    own_traces
    find "$root" "$work" -printf '%p %u %g %m %s %C@\n' | sort
}
"$BOXCTL" run -q "$root" -- true </dev/null # makes what stays: /run/boxctl with its locks
before=$(state)

# says TEXT ARGS...   how many mounts there are depends on the host's devices
says() {
    local want="boxctl: $1" status
    shift
    "$BOXCTL" "$@" </dev/null >"$tap_tmp/stdout" 2>"$tap_tmp/stderr"
    status=$?
    is "${*//$root/ROOT}" "$status:$(cat "$tap_tmp/stderr" "$tap_tmp/stdout" | sed 's/mount [0-9]* of [0-9]*,/mount N of N,/')" "125:$want"
}

# roots
says "no root directory; write 'boxctl boot ROOT'" boot
says "no root directory; write 'boxctl run ROOT [COMMAND]'" run
says "root '/nonexistent' does not exist" boot /nonexistent
says "root 'file' is not a directory" boot file
says "root 'image.tar.gz' is not a directory; it looks like an archive: unpack it into a directory first (tar -xf FILE -C DIR)" boot image.tar.gz
says "root 'disk.img' is not a directory; it looks like a disk image: mount its root file system on a directory first" boot disk.img
says "root 'loop' leads through a loop or a link of /proc" boot loop
says "root '/' is the host's own root directory" boot /
says "root '/proc/1/..//..' is the host's own root directory" boot /proc/1/..//..
says "no init in '$work/empty': looked for systemd, /sbin/init, /bin/init and /init; 'boxctl run' starts one command in a tree without an init" boot empty
says "no init in '$work/noinit': looked for systemd, /sbin/init, /bin/init and /init; 'boxctl run' starts one command in a tree without an init" boot noinit
says "init of the box: open '/nosuch': No such file or directory" boot --init=/nosuch "$root"

# options
says "unknown option '--nosuch'" boot --nosuch "$root"
says "unknown option '--hostnam'; did you mean '--hostname'?" boot --hostnam=x "$root"
says "unknown option '-Y'" run -Y "$root"
says "--selinux-context: SELinux labels are not supported" run -Z label "$root"
says "option '--machine' needs a value" boot "$root" --machine
says "option '--quiet' takes no value" boot --quiet=1 "$root"
says "option '--user' is for 'boxctl run' only" boot --user=x "$root"
says "option '--init' is for 'boxctl boot' only" run --init=/x "$root"

# values
says "option '--machine=a b': machine name 'a b' contains ' '; letters, digits, '-' and '.' are allowed" run -M 'a b' "$root"
says "option '--uuid=1': not a UUID: '1'" run --uuid=1 "$root"
says "option '--volatile=never': unknown volatile mode 'never'; one of no, yes, state, overlay" run --volatile=never "$root"
says "option '--bind=rel:x': destination 'x' is not absolute" run --bind=rel:x "$root"
says "option '--tmpfs=/': path '/' is the root of the box itself" run --tmpfs=/ "$root"
says "option '--inaccessible=x': path 'x' is not absolute" run --inaccessible=x "$root"
says "option '--chdir=x': directory 'x' is not absolute" run --chdir=x "$root"
says "option '--setenv=A B=c': not a name of a variable: 'A B'" run -E 'A B=c' "$root"
says "option '--rlimit=FOO=1': unknown resource limit 'FOO'" run --rlimit=FOO=1 "$root"
says "option '--rlimit=NOFILE=9:1': soft NOFILE limit above the hard one in '9:1'" run --rlimit=NOFILE=9:1 "$root"
says "option '--capability=CAP_FOO': unknown capability 'CAP_FOO'" run --capability=CAP_FOO "$root"
says "option '--private-users=x': not no, identity, pick or BASE[:COUNT]: 'x'" run --private-users=x "$root"
says "option '--private-users=5': the range '5' holds ids of the host; start at 65536 or above, or ask for a privileged box: --private-users=identity" run --private-users=5 "$root"
says "option '--kill-signal=FOO': unknown signal 'FOO'; --kill-signal=help lists them" boot --kill-signal=FOO "$root"
says "option '--stop-timeout=x': not a number of seconds or 'none': 'x'" boot --stop-timeout=x "$root"
says "option '--share=pid': unknown namespace 'pid'; one of ipc, uts, cgroup, time" run --share=pid "$root"
says "option '--console=x': unknown console mode 'x'; one of auto, interactive, read-only, passive, pipe, autopipe" run --console=x "$root"
says "option '--log-level=x': unknown log level 'x'; one of emerg, alert, crit, err, warning, notice, info, debug" run --log-level=x "$root"
says "option '--no-new-privileges=maybe': not yes or no: 'maybe'" run --no-new-privileges=maybe "$root"
says "option '--property=Foo=1': unknown property 'Foo'; --property=help lists them" run --property=Foo=1 "$root"

# contradictions
says "--ephemeral and --volatile both say where changes go" run -x --volatile=yes "$root"
says "--read-only and --volatile=yes both say what / is" run --read-only --volatile=yes "$root"
says "--hostname would rename the host, as --share=uts is given" run --share=uts --hostname=x "$root"
says "--clock-offset needs a time namespace, which --share=time denies" run --share=time --clock-offset=yes "$root"
says "--network-veth needs a network of the box's own, which --private-network=no denies" run -n --private-network=no "$root"
says "--capability and --drop-capability both name CAP_CHOWN" run --drop-capability=CAP_CHOWN --capability=CAP_CHOWN "$root"
says "--json is for --dry-run" run --json "$root"
says "'/x' is wanted twice, by --bind=/x and by --tmpfs=/x" run --bind=/etc:/x --tmpfs=/x "$root"

# what only the start shows
says "user 'nosuch' is not in the box's /etc/passwd" run --user=nosuch "$root"
says "mount N of N, '/x' (--bind=/x): open '/nonexistent': No such file or directory" run --bind=/nonexistent:/x "$root"
says "mount N of N, '/x' (--overlay=/x): open '/nonexistent': No such file or directory" run --overlay=/nonexistent:"$work"/upper:/x "$root"
says "--chdir: open '/nonexistent': No such file or directory" run --chdir=/nonexistent "$root" true

# not root
chmod 755 "$tap_tmp"
is "started by another user" "$(cd / && setpriv --reuid=65534 --regid=65534 --clear-groups "$BOXCTL" boot "$root" 2>&1 </dev/null; echo $?)" \
    $'boxctl: boxctl has to be started as root; try: sudo boxctl …\n125'

is "nothing has changed, on the host or in any tree" "$(diff <(echo "$before") <(state))" ""
done_testing
