#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# What a box is made of, seen from inside: namespaces, ids, privileges, mounts, devices, environment.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
kinds="mnt pid net ipc uts cgroup user time"

planned_capabilities() { # VERB ROOT: the mask, from the plan
    local names
    names=$("$BOXCTL" "$1" "$2" --dry-run --json </dev/null | sed -n 's/.*"capabilities": *"\([^"]*\)".*/\1/p' | tr '[:upper:]' '[:lower:]')
    python3 - "$names" <<'P'
import re, sys
with open("/usr/include/linux/capability.h") as header:
    numbers = {n.lower(): int(v) for n, v in re.findall(r"#define (CAP_\w+)\s+(\d+)\s", header.read())}
print(f"{sum(1 << numbers[n] for n in sys.argv[1].split(',')):016x}")
P
}

# --- the same in a box of one command and in one with an init ---------------------------------
check_box() { # MODE: run or boot
    local kind name base
    for kind in $kinds; do
        like "$1: has a $kind namespace" "${fact[ns_$kind]}" "^$kind:\[[0-9]+\]$"
        not_ok "$1: its $kind namespace is not the host's" [ "${fact[ns_$kind]}" = "$(readlink "/proc/self/ns/$kind")" ]
    done
    like "$1: users are mapped to 65536 host ids" "${fact[uid_map]}" '^ ?0 [0-9]+ 65536 ?$'
    is "$1: groups are mapped like users" "${fact[gid_map]}" "${fact[uid_map]}"
    base=$(awk '{ print $2 }' <<<"${fact[uid_map]}")
    ok "$1: the range begins above the host's own users" [ "$base" -ge 65536 ]
    is "$1: the range is one of the 64 Ki ranges" $((base % 65536)) 0
    is "$1: no inheritable capability" "${fact[CapInh]}" 0000000000000000
    is "$1: no ambient capability" "${fact[CapAmb]}" 0000000000000000
    is "$1: the bounding set is the planned one" "${fact[CapBnd]}" "$(planned_capabilities "$1" "$root")"
    is "$1: seccomp filters" "${fact[Seccomp]}" 2
    is "$1: no supplementary groups of the caller's" "${fact[Groups]// /}" ""
    ok "$1: the uptime counts from the start" [ "${fact[uptime]}" -le 10 ]
    is "$1: the host name is the box's" "${fact[hostname]}" "$2"

    check_mounts "$1"
    check_devices "$1"

    is "$1: container=" "${fact[env_container]}" boxctl
    like "$1: container_uuid=" "${fact[env_container_uuid]}" '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    is "$1: /run/host/container-uuid agrees" "${fact[host_container-uuid]}" "${fact[env_container_uuid]}"
    is "$1: /run/host/container-manager" "${fact[host_container-manager]}" boxctl
    is "$1: NOTIFY_SOCKET=" "${fact[env_NOTIFY_SOCKET]}" /run/host/notify
    is "$1: there is a notify socket" "${fact[notify]}" socket
    like "$1: PATH= has what an init needs" "${fact[env_PATH]}" '^/usr/local/sbin:.*:/bin$'
    is "$1: container_host_id= is the host's" "${fact[env_container_host_id]}" "$(. /etc/os-release && echo "$ID")"
    is "$1: nothing else of the caller's environment" "${fact[env_BOX_TEST_SECRET]-unset}" unset
    like "$1: /run/host/os-release" "${fact[host_os_release]}" "^\"?$(. /etc/os-release && echo "$ID")\"?$"
    like "$1: boot_id" "${fact[boot_id]}" '^[0-9a-f]{8}-'
    not_ok "$1: boot_id is not the host's" [ "${fact[boot_id]}" = "$(cat /proc/sys/kernel/random/boot_id)" ]
    check_powers "$1"
}

check_mounts() {
    local path name
    while read -r path want; do
        like "$1: flags of $path" "${fact[flags_$path]}" "^$want(,.*)?$"
    done <<'E'
/proc proc rw,nosuid,nodev,noexec
/proc/sys proc ro,nosuid,nodev,noexec
/proc/sys/net proc rw,nosuid,nodev,noexec
/sys sysfs ro,nosuid,nodev,noexec
/dev tmpfs rw,nosuid,noexec
/dev/pts devpts rw,nosuid,noexec
/dev/shm tmpfs rw,nosuid,nodev
/dev/mqueue mqueue rw,nosuid,nodev,noexec
/run tmpfs rw,nosuid,nodev
/run/host tmpfs ro,nosuid,nodev,noexec
/tmp tmpfs rw,nosuid,nodev
E
    like "$1: devpts has a limit" "${fact[options_/dev/pts]}" '(^|,)max=1024(,|$)'
    like "$1: /dev has a limit of size and inodes" "${fact[options_/dev]}" 'size=4096k,nr_inodes=65536'
    like "$1: /tmp has a limit of inodes" "${fact[options_/tmp]}" 'nr_inodes='
    is "$1: every mount is shared inside" "${fact[not_shared]}" 0
    for name in kallsyms keys timer_list interrupts sysrq-trigger kcore; do
        [ -z "${fact[mask_$name]-}" ] || is "$1: /proc/$name is masked" "${fact[mask_$name]}" "regular empty file 0 0"
    done
    for name in firmware kernel/debug kernel/tracing kernel/security; do
        [ -z "${fact[mask_$name]-}" ] || is "$1: /sys/$name is masked" "${fact[mask_$name]}" "directory 0 0"
    done
    for name in "reg regular empty file" "dir directory" "fifo fifo" "sock socket" "chr character special file" "blk block special file"; do
        is "$1: /run/host/inaccessible/${name%% *}" "${fact[inaccessible_${name%% *}]}" "${name#* } 0"
    done
}

check_devices() {
    local name
    for name in "null 1:3" "zero 1:5" "full 1:7" "random 1:8" "urandom 1:9" "tty 5:0"; do
        is "$1: /dev/${name% *}" "${fact[dev_${name% *}]}" "character special file ${name#* } 666"
    done
    is "$1: /dev/fd" "${fact[link_fd]}" /proc/self/fd
    is "$1: /dev/ptmx" "${fact[link_ptmx]}" pts/ptmx
    is "$1: no block device" "${fact[block_devices]}" 0
    is "$1: /dev/null and /dev/zero work" "${fact[null_works]}" "0 3 "
    like "$1: /dev/full is full" "${fact[full_works]}" '^1 .*No space left'
}

# What works in a box, and what must not.
check_powers() {
    like "$1: ping 127.0.0.1" "${fact[ping]}" '^0 .*1 packets received'
    is "$1: lo is the only link" "${fact[links]}" lo
    like "$1: mount -t tmpfs" "${fact[tmpfs]};${fact[tmpfs_used]}" '^0 *;0 *$'
    like "$1: unshare -Ur id" "${fact[unshare_user]}" '^0 uid=0\(root\)'
    is "$1: unshare -Urm, tmpfs and bind in it" "${fact[unshare_mount]}" "0 /opt/passwd "
    is "$1: settings of its own network" "${fact[sysctl_net]}" "0 1 "
    is "$1: may take another host name" "${fact[new_hostname]}" "0 other "
    is "$1: the tree's files are root's inside" "${fact[owner]}" "0 0:0 "
    is "$1: only standard descriptors (3 is ls's own)" "${fact[ls_self_fd]}" "0 0 1 2 3 "
    like "$1: /proc/sys is read-only" "${fact[sysctl_write]}" '^[1-9].*Read-only file system'
    like "$1: its mount is locked" "${fact[sysctl_umount]}" '^[1-9].*Invalid argument'
    like "$1: it cannot be remounted writable" "${fact[sysctl_remount]}" '^[1-9]'
    like "$1: masks cannot be taken off" "${fact[mask_umount]}" '^[1-9].*Invalid argument'
    like "$1: /sys is read-only" "${fact[sys_write]}" '^[1-9].*Read-only file system'
    like "$1: no device node can be made" "${fact[mknod]}" '^[1-9].*Operation not permitted'
    like "$1: the clock cannot be set" "${fact[set_time]}" 'Operation not permitted'
    like "$1: no /dev/mem" "${fact[mem]}" '^[1-9].*No such file'
}

probe=$(realpath -- "$(dirname -- "$0")/../lib/probe.sh")
facts=$(tmpdir)
export BOX_TEST_SECRET=1
name=$(box_name run)
run_box -M "$name" --bind-ro="$probe:/probe" "$root" -- /bin/sh /probe >"$facts/run" 2>"$facts/run.err"
is "run: ends with the command's status" $? 0
is "run: says nothing of its own under --quiet" "$(cat "$facts/run.err")" ""
read_facts "$facts/run"
is "run: PID 1 is the command" "${fact[pid]}" 1
check_box run "$name"
is "run: no console on pipes" "${fact[dev_console]-none}" none
is "run: LANG=" "${fact[env_LANG]}" C.UTF-8
run_ids=$(awk '{ print $2 }' <<<"${fact[uid_map]}")

tree=$(alpine_with_login) || exit 1
cat >"$tree/etc/inittab" <<'E'
::sysinit:/bin/sh -c '/bin/sh /probe >/facts/boot.new 2>&1; mv /facts/boot.new /facts/boot'
tty1::respawn:/sbin/getty 38400 tty1
tty2::respawn:/sbin/getty 38400 tty2
tty6::respawn:/sbin/getty 38400 tty6
E
name=$(box_name boot)
start_box "$name" boot "$tree" --bind-ro="$probe:/probe" --bind="$facts:/facts"
is "boot: an init starts" $? 0
ok "boot: it does what its inittab says" wait_for test -e "$facts/boot"
read_facts "$facts/boot"
is "boot: PID 1 is the init" "${fact[comm]}" init
# shellcheck disable=SC2154 # start_box has set it
for kind in $kinds; do
    is "boot: the host sees that $kind namespace at PID 1" "$(readlink "/proc/$box_leader/ns/$kind")" "${fact[ns_$kind]}"
done
check_box boot "$name"
is "boot: TERM= for a console that nobody looks at" "${fact[env_TERM]}" linux
like "boot: /dev/console is a terminal" "${fact[dev_console]}" "^character special file 88:"
is "boot: /dev/tty1 is the console" "${fact[dev_tty1]}" "${fact[dev_console]}"
for tty in tty2 tty6; do
    like "boot: /dev/$tty of the inittab exists" "${fact[dev_$tty]-}" '^character special file 88:'
    not_ok "boot: $tty is not the console" [ "${fact[dev_$tty]-}" = "${fact[dev_console]}" ]
done
is "boot: no tty that the inittab does not name" "${fact[dev_tty7]-none}" none
boot_ids=$(awk '{ print $2 }' <<<"${fact[uid_map]}")
is "the host sees PID 1 as the range's first id" "$(stat -c %u "/proc/$box_leader")" "$boot_ids"
is "boot: a file made in a bind is the host root's" "$(stat -c %u:%g "$facts/boot")" 0:0

# --- two at once ------------------------------------------------------------------------------
second=$(run_box -M "$(box_name run)" "$root" -- cat /proc/self/uid_map | awk '{ print $2 }')
ok "two boxes have different ranges" [ -n "$second" -a "$second" != "$boot_ids" ]
is "a name gets the same range again" "$second" "$run_ids"

# --- shared on demand -------------------------------------------------------------------------
namespaces_of() { # ARGS...: those the box shares with the host
    local kind inside
    inside=$(run_box -M "$(box_name share)" "$@" "$root" -- sh -c "for k in $kinds; do echo \$k \$(readlink /proc/1/ns/\$k); done")
    [ -n "$inside" ] || printf 'no box '
    for kind in $kinds; do
        ! grep -qxF "$kind $(readlink "/proc/self/ns/$kind")" <<<"$inside" || printf '%s ' "$kind"
    done
}
is "without options nothing is shared" "$(namespaces_of)" ""
for kind in ipc uts cgroup time; do
    is "--share=$kind" "$(namespaces_of "--share=$kind")" "$kind "
done
is "--share=ipc,uts,cgroup,time" "$(namespaces_of --share=ipc,uts,cgroup,time)" "ipc uts cgroup time "
is "--private-network=no" "$(namespaces_of --private-network=no)" "net "
is "--private-users=no" "$(namespaces_of --private-users=no)" "user "
is "--clock-offset=no shows the host's uptime" \
    "$(run_box --clock-offset=no "$root" -- cut -d. -f1 /proc/uptime | awk -v h="$(cut -d. -f1 /proc/uptime)" '{ print ($1 >= h - 2) }')" 1
done_testing
