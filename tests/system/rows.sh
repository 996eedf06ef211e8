#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# Settings of the table, seen from inside. Mounts, namespaces, users and rights have tests of their own.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
inside() { "$BOXCTL" run -q "$root" -x "${options[@]}" -- sh -c "$1" </dev/null 2>&1; }

options=(--oom-score-adjust=321)
is "OOM score" "$(inside 'cat /proc/self/oom_score_adj')" 321
if sh -c 'echo -321 >/proc/self/oom_score_adj' 2>/dev/null; then
    options=(--oom-score-adjust=-321)
    is "... also below what the box could set itself" "$(inside 'cat /proc/self/oom_score_adj')" -321
else
    skip "... also below what the box could set itself" "not even this test may"
fi
options=(--cpu-affinity=0)
is "processors" "$(inside 'sed -n "s/^Cpus_allowed_list:\t//p" /proc/self/status')" 0
options=(--cpu-affinity=8000)
is "... that are not there" "$(inside true)" \
    "boxctl: run on the processors of --cpu-affinity: Invalid argument; none of them is there, or allowed here"
case $(uname -m) in
    x86_64)
        options=(--personality=x86)
        is "personality" "$(inside 'uname -m')" i686
        options=()
        is "control: without it" "$(inside 'uname -m')" x86_64
        ;;
    *) skip "personality" "not on x86-64" ;;
esac
# A pipe cannot be synced: the call fails unless it is not made.
sync_a_pipe='mkfifo /tmp/p; cat /tmp/p >/dev/null & dd if=/dev/zero of=/tmp/p count=1 conv=fsync 2>/dev/null; echo $?'
options=(--suppress-sync=yes)
is "sync does nothing" "$(inside "$sync_a_pipe")" 0
options=()
is "control: without it, a pipe cannot be synced" "$(inside "$sync_a_pipe")" 1

has_call() { inside 'mount -t tmpfs x /mnt 2>/dev/null && echo mounts; chown 1 /tmp && echo chowns; wget -q http://127.0.0.1:1 2>&1; true'; }
refused="wget: can't connect to remote host (127.0.0.1): Connection refused"
options=()
is "control: system calls of a box" "$(has_call)" $'mounts\nchowns\n'"$refused"
options=(--system-call-filter='~@mount @chown' --system-call-filter='@mount @keyring')
is "denied system calls, whatever is allowed" "$(has_call)" "chown: /tmp: Operation not permitted
$refused"
options=(--system-call-filter='~@network-io')
is "... and those that the start itself makes" "$(has_call)" $'mounts\nchowns\nwget: socket(AF_INET,1,0): Operation not permitted'
options=(--user=nobody --system-call-filter='~@setuid' --no-new-privileges=yes)
like "... also for a user, who then gains no rights" "$(inside 'id -un; grep -E "^(NoNew|Seccomp_f)" /proc/self/status')" \
    'nobody.*NoNewPrivs:.1.*Seccomp_filters:.2'
options=(--restrict-address-families='AF_UNIX AF_NETLINK')
is "address families" "$(has_call)" \
    $'mounts\nchowns\nwget: socket(AF_INET,1,0): Address family not supported by protocol'

name=$(box_name rows)
start_box "$name" run "$root" -x -q --system-call-filter='~@mount' --restrict-address-families=none -- sleep 1000
is "both hold for a shell in the box" \
    "$("$BOXCTL" shell "$name" sh -c 'mount -t tmpfs x /mnt 2>/dev/null || echo no mount; wget -q http://127.0.0.1:1' 2>&1 </dev/null)" \
    $'no mount\nwget: socket(AF_INET,1,0): Address family not supported by protocol'
"$BOXCTL" kill "$name"

options=(--uid=nobody)
is "a user, by systemd-nspawn's new name of the option" "$(inside 'id -un')" nobody
options=(--user=nobody "--ambient-capability=CAP_NET_RAW,CAP_KILL")
like "ambient capabilities" "$(inside 'grep ^Cap /proc/self/status')" 'CapEff:.0000000000002020.*CapAmb:.0000000000002020'
options=(--user=nobody)
like "control: without it" "$(inside 'grep ^Cap /proc/self/status')" 'CapEff:.0000000000000000.*CapAmb:.0000000000000000'

printf 'from a file\n\0' >"$work/file"
python3 - "$work/socket" <<'END' &
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(1)
server.accept()[0].sendall(b"from a socket")
END
wait_for test -S "$work/socket"
options=(--set-credential='a:one\n\x74wo' --load-credential=file:"$work/file" --load-credential=sock:"$work/socket")
look='cd $CREDENTIALS_DIRECTORY && pwd && stat -c "%n %a %u" . * && cat a && cat sock && wc -c <file; grep " $PWD " /proc/self/mountinfo; echo x >new'
got=$(inside "$look")
like "credentials" "$got" '/run/host/credentials
\. 700 0
a 400 0
file 400 0
sock 400 0
one
twofrom a socket13'
like "... in memory that is never swapped, read-only" "$got" ' ro,.* - ramfs .*new: Read-only file system'
not_ok "... and not in the printed plan" grep -q twofrom <("$BOXCTL" run --dry-run "$root" "${options[@]:0:1}" </dev/null)
options=(--user=nobody --set-credential=a:secret)
like "... for the box's root only" "$(inside 'cat /run/host/credentials/a')" 'Permission denied'
options=(--load-credential=a:/nonexistent)
is "a credential that is not there" "$(inside true)" \
    "boxctl: load credential 'a' from '/nonexistent': look at it: No such file or directory"
export CREDENTIALS_DIRECTORY=$work
options=(--load-credential=own:file)
is "a credential of boxctl's own" "$(inside 'wc -c </run/host/credentials/own')" 13
unset CREDENTIALS_DIRECTORY

options=(--bind=/dev/null:/dev/other)
is "a device node that is bound can be opened" "$(inside 'cat /dev/other && echo x >/dev/other && echo opened')" opened
install -d "$work/devices" && mknod -m 0666 "$work/devices/node" c 1 3
options=(--bind="$work/devices:/devices")
like "... but none in a directory" "$(inside 'cat /devices/node')" 'Permission denied'

options=(--private-users-ownership=off)
is "owners that are not mapped" "$(inside 'stat -c %u /etc/passwd')" 65534

privileged() { "$BOXCTL" boot "$root" -x -P --private-users=no --init=/bin/true "$@" </dev/null 2>&1; }
is "--quiet says nothing" "$(privileged --quiet)" ""
is "--log-level=err neither" "$(privileged --log-level=err)" ""
like "control: without them" "$(privileged)" 'is privileged: its root is the host.s, no boundary'
done_testing
