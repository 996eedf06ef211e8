#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2154,SC2317
# Which devices a box can open, and what status tells of those it could not.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
if ! "$BOXCTL" run --private-users=no --dry-run "$root" true </dev/null | grep -q '^devices '; then
    echo "1..0 # SKIP no device programs in cgroup v2 here"
    exit 0
fi
# One that can be opened without doing anything, and that no box has.
for node in /dev/loop-control /dev/kvm /dev/hwrng /dev/rtc0 ''; do
    [ -c "$node" ] && (: <"$node" && : >"$node") 2>/dev/null && break
done
[ -n "$node" ] || { echo "1..0 # SKIP no device to try it with"; exit 0; }
read -r major minor < <(stat -c '%Hr %Lr' "$node")
device="char $major:$minor"

inside() { "$BOXCTL" shell "$box" "$@" </dev/null 2>&1; }
# read_it PATH, write_it PATH, make_it PATH: done by dd, by dd and by mknod in the box
read_it() { inside dd "if=$1" of=/dev/null count=0 && echo opened; }
write_it() { inside dd if=/dev/null "of=$1" count=0 conv=notrunc && echo opened; }
make_it() { inside mknod "$1" c "$major" "$minor" && echo made; }
denied() { "$BOXCTL" status "$box" | sed -n 's/^ *Denied: //p'; }
denied_json() { "$BOXCTL" status --json "$box" | python3 -c 'import json,sys
print(json.dumps(json.load(sys.stdin)["denied_devices"], sort_keys=True))'; }
start() { # start WORD ARGS...: a box that waits
    box=$(box_name "$1")
    shift
    start_box "$box" run -q -x "$@" "$root" -- sleep 1000 || echo "# $(cat "$tap_tmp/$box.log")"
}
stop() { end_box "$box_pid" "$box"; }
# Its tree is mounted "nodev", which it can change, as nothing is locked for it.
allow_nodes() { inside mount -o remount,bind,dev /mnt; }

# --- a contained box ---
start plain
is "contained: nothing is restricted, as nothing can be opened" "$(denied_json)" null
like "contained: no node can be made" "$(make_it /dev/new)" "not permitted"
is "contained: nothing is shown" "$(denied)" ""
like "contained: it cannot be given one" "$("$BOXCTL" set "$box" "DeviceAllow=$node" 2>&1; echo $?)" \
    "^boxctl: set DeviceAllow: this box can open no device; .*125$"
stop

# What the mode of a node says comes first.
planted=$work/planted
mkdir "$planted"
mknod -m 666 "$planted/node" c "$major" "$minor"
start bound --bind="$planted/node:/dev/rw"
like "bound: what is meant to be written to can be" "$(write_it /dev/rw)" opened
stop
start bound --bind-ro="$planted/node:/dev/ro"
is "bound: nothing is denied yet" "$(denied_json)" "[]"
like "bound read-only: it can be read" "$(read_it /dev/ro)" opened
is "bound read-only: that is not denied" "$(denied)" ""
like "bound read-only: it cannot be written to" "$(write_it /dev/ro)" "not permitted"
is "bound read-only: status tells" "$(denied)" "$device w, by 'dd', 1 time"
stop

# --- a privileged box ---
start privileged --private-users=no --bind="$planted:/mnt"
like "privileged: a node in a bound directory cannot be opened" "$(read_it /mnt/node)" "Permission denied"
is "privileged: that is no matter of the program's" "$(denied)" ""
allow_nodes
like "privileged: the devices of every box" "$(inside sh -c 'for d in null zero full random urandom ptmx; do dd if=/dev/$d of=/dev/null count=0 2>/dev/null || exit; done; echo all')" all
like "privileged: their nodes can be made anew" "$(inside sh -c 'mknod /dev/null2 c 1 3 && echo x >/dev/null2 && echo made')" made
is "privileged: none of it was denied" "$(denied)" ""
like "privileged: no other can be opened" "$(read_it /mnt/node)" "not permitted"
like "privileged: no other can be made" "$(make_it /dev/new)" "not permitted"
like "privileged: nor by what runs in cgroups of its own" \
    "$("$BOXCTL" exec "$box" sh -c 'dd if=/mnt/node of=/dev/null count=0' </dev/null 2>&1)" "not permitted"
inside sh -c 'printf "a\033[2Jb" >/proc/self/comm; : <>/mnt/node' >/dev/null
is "privileged: status tells, the most frequent first, and no terminal heeds a name" "$(denied)" \
    "$device r, by 'dd', 2 times
$device m, by 'mknod', 1 time
$device rw, by 'a\\x1b[2Jb', 1 time"
"$BOXCTL" reload "$box"
one() { printf '{"access": "%s", "command": "%s", "count": %s, "major": %s, "minor": %s, "type": "char"}' "$1" "$2" "$3" "$major" "$minor"; }
is "privileged: and still does after a reload, in JSON" "$(denied_json)" \
    "[$(one r dd 2), $(one m mknod 1), $(one rw 'a\u001b[2Jb' 1)]"
is "privileged: set" "$("$BOXCTL" set "$box" "DeviceAllow=$node r" 2>&1; echo $?)" 0
like "privileged: then it can be opened" "$(read_it /mnt/node)" opened
like "privileged: but not for more" "$(write_it /mnt/node)" "not permitted"
is "set: a device that is not there" "$("$BOXCTL" set "$box" DeviceAllow=/dev/no-such 2>&1; echo $?)" \
    $'boxctl: DeviceAllow=/dev/no-such: no such device\n125'
is "set: the policy of a running box" "$("$BOXCTL" set "$box" DevicePolicy=strict 2>&1; echo $?)" \
    $'boxctl: set DevicePolicy: that is decided when a box starts\n125'
stop

start allowed --private-users=no --property="DeviceAllow=$node rwm" --bind="$planted:/mnt"
allow_nodes
like "control: DeviceAllow= lets a privileged box open it" "$(read_it /mnt/node)" opened
like "control: and make it" "$(make_it /dev/new)" made
is "control: nothing was denied" "$(denied_json)" "[]"
stop
like "what DeviceAllow= names and is not there is said" \
    "$("$BOXCTL" run --property=DeviceAllow=/dev/no-such "$root" true </dev/null 2>&1)" "boxctl: DeviceAllow=: not on this host: /dev/no-such"

# --- its next life ---
box=$(box_name again)
cp -a --no-target-directory "$root" "$work/again" && printf '::sysinit:/bin/true\n' >"$work/again/etc/inittab"
start_box "$box" boot --private-users=no "$work/again"
make_it /dev/new >/dev/null
"$BOXCTL" reboot "$box"
lives() { box_runs "$box_pid" && [ "$(leader_of "$box_pid")" != "$box_leader" ] && inside true; }
ok "it reboots" wait_for lives
make_it /dev/new >/dev/null
is "what was denied is counted over its lives" "$(denied)" "$device m, by 'mknod', 2 times"
stop

# --- kernels without, and programs that cannot be loaded ---
if command -v strace >/dev/null; then
    # without ERROR WHEN ARGS...: run while bpf(2) fails
    without() { timeout 30 strace -f -qqq -o "$work/trace" -e trace=bpf -e "inject=bpf:error=$1:when=$2" "$BOXCTL" run -M "$(box_name bare)" "${@:3}" "$root" echo runs </dev/null 2>&1; echo $?; }
    note='boxctl: no BPF device programs here: what the box does with device nodes is not restricted'
    for code in ENOSYS EINVAL EPERM; do
        is "$code: it is said once, and the box runs" "$(without $code 1+ --private-users=no | grep -v 'is privileged:')" "$note"$'\nruns\n0'
    done
    is "a contained box has nothing to miss" "$(without ENOSYS 1+ | grep -v 'set-user-id')" $'runs\n0'
    is "nor is anything loaded for it" "$(grep -c BPF "$work/trace") $(grep -c BPF_PROG_QUERY "$work/trace")" "1 1"
    like "control: for a privileged one it is" "$(without ENOSYS 1000 --private-users=no; cat "$work/trace")" "BPF_PROG_LOAD.*BPF_PROG_ATTACH"
    calls=$(grep -c BPF "$work/trace")
    ran=''
    for ((call = 2; call <= calls; call++)); do
        [[ "$(without EPERM "$call" -q --private-users=no)" == *"restrict the box's devices: "*125 ]] || ran+="$call "
    done
    ok "control: there are some calls to fail" test "$calls" -gt 10
    is "each that fails later ends the start" "$ran" ""
    not_ok "that leaves nothing" grep -q "t-$$-" <(ls /run/boxctl)
else
    skip "kernels without device programs" "strace is not installed"
fi
done_testing
