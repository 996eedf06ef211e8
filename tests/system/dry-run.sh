#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# --dry-run: the whole plan as text and JSON, by system calls that only read.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
out=$(tmpdir)
name=$(box_name plan)
before=$(own_traces; find "$root" -printf '%p %C@\n' | sort | cksum)
dry() { "$BOXCTL" "$1" -M "$name" --dry-run "${@:2}" "$root" </dev/null; }

dry boot >"$out/boot" 2>"$out/err"
is "text: status" $? 0
is "text: nothing on stderr" "$(cat "$out/err")" ""
for line in "machine    $name " "namespaces mount pid user network ipc uts cgroup" "root       $root idmapped" "execute    /sbin/init" \
    "stop       SIGUSR2" "mount 1    /run"; do
    ok "text: '${line//$root/ROOT}'" grep -qF "$line" "$out/boot"
done
dry boot --json >"$out/json"
is "JSON: status" $? 0
ok "JSON: parses" python3 -m json.tool "$out/json"
field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$out/json" "$1"; }
is "JSON: machine" "$(field machine)" "$name"
is "JSON: contained" "$(field contained)" True
is "JSON: execute" "$(field execute)" "['/sbin/init']"
is "JSON: poweroff" "$(field poweroff)" SIGUSR2
for verb in boot run; do
    dry "$verb" --json --bind=/etc:/x --tmpfs=/y:size=1m --overlay=/etc:/var/empty/up:/z --inaccessible=/etc/passwd -E A='"\ ' \
        --hostname=other --network-veth --rlimit=NOFILE=1:2 --drop-capability=CAP_CHOWN --stop-timeout=none >"$out/json"
    ok "JSON: $verb with many options parses" python3 -m json.tool "$out/json"
done
is "the same wish gives the same plan, but for the fresh id" \
    "$(dry boot | sed "/^machine\|container_uuid/d")" "$(sed "/^machine\|container_uuid/d" "$out/boot")"

nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
like "no root is needed to look" "$(nobody "$BOXCTL" boot --dry-run "$root" </dev/null 2>&1)" 'execute    /sbin/init'
not_ok "a tree that cannot be booted has no plan" "$BOXCTL" boot --dry-run "$out"
is "a full disk is told" "$("$BOXCTL" boot --dry-run "$root" </dev/null 2>/dev/null >/dev/full; echo $?)" 125

if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    changes=mount,umount2,move_mount,open_tree,mount_setattr,fsopen,fsmount,fsconfig,pivot_root,unshare,setns,clone,clone3,fork,vfork
    changes+=,mkdir,mkdirat,mknod,mknodat,unlink,unlinkat,rmdir,rename,renameat,renameat2,symlink,symlinkat,link,linkat,truncate,ftruncate
    changes+=,chmod,fchmod,fchmodat,chown,fchown,fchownat,lchown,setxattr,bind,sethostname,kill,pidfd_send_signal
    strace -f -qq -e trace="$changes" -o "$out/trace" "$BOXCTL" boot -M "$name" --dry-run "$root" </dev/null >/dev/null
    is "it makes no system call that changes anything" "$(cat "$out/trace")" ""
    strace -f -qq -e trace=fcntl,flock -o "$out/trace" "$BOXCTL" boot -M "$name" --dry-run "$root" </dev/null >/dev/null
    is "and takes no lock" "$(grep -E 'SETLK|flock' "$out/trace")" ""
    strace -f -qq -e trace=open,openat,openat2,creat -o "$out/trace" "$BOXCTL" boot -M "$name" --dry-run "$root" </dev/null >/dev/null
    # devices are opened to see whether somebody answers
    is "and opens no file for writing" "$(grep -E 'O_WRONLY|O_RDWR|O_CREAT' "$out/trace" | grep -v '"/dev/\(fuse\|net/tun\)"')" ""
    strace -f -qq -e trace="$changes" -o "$out/trace" "$BOXCTL" run -q -M "$name" "$root" -- true </dev/null
    ok "control: a real start makes many" [ "$(wc -l <"$out/trace")" -gt 50 ]
    strace -f -qq -e trace=fcntl,flock -o "$out/trace" "$BOXCTL" run -q -M "$name" "$root" -- true </dev/null
    ok "control: and takes locks" grep -q F_OFD_SETLK "$out/trace"
else
    skip "system calls of --dry-run" "strace cannot be used here"
fi
is "host and tree are as before" "$(own_traces; find "$root" -printf '%p %C@\n' | sort | cksum)" "$before"
done_testing
