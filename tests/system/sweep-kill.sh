#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# SIGKILL to boxctl at its system calls, from before the first to after the last of a box's life,
# and at random times: nothing of the box may live on, and what is left must follow from its name,
# be in nobody's way and go with the next start or with cleanup.
#
# time limit: 600 s
# BOXCTL_SWEEP=full takes every position; otherwise as many as fit BOXCTL_SWEEP_SECONDS (400).
#
# Orphans of a killed boxctl need somebody to reap them before the kernel lets the rest go; not every
# machine's PID 1 is quick, and tests/run only does it at the end of a file. So box-init does.
if [ -z "${REAPED:-}" ]; then
    BOXINIT=${BOXINIT:-${BUILD:-$(dirname -- "$0")/../../build}/cmd/box-init/box-init}
    REAPED=1 exec "$BOXINIT" -s -- "$0" "$@"
fi
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

command -v strace >/dev/null || { skip "kill sweep" "strace is not installed"; done_testing; }
work=$(tmpdir)
R=$work/root
hostile_root "$R" || exit 1
budget=${BOXCTL_SWEEP_SECONDS:-400}
[ "${BOXCTL_SWEEP:-}" != full ] || budget=100000
name=$BOXCTL_NAME
mark=61.$$
at_exit quietly "$BOXCTL" cleanup "$name"

# A whole life: an init with a process besides, that powers off by itself.
cat >"$R/bin/short-life" <<E
#!/bin/sh
sleep $mark &
sleep 0.05
exec /bin/busybox poweroff -f
E
boot=("$BOXCTL" boot -M "$name" -q --network-veth --console=passive --init=/bin/short-life "$R")
printf '#!/bin/sh\nsleep %s &\ntrap "exit 0" TERM USR1 USR2 INT RTMIN+3 PWR\nwhile :; do wait; done\n' "$mark" >"$R/bin/long-life"
chmod 755 "$R/bin/short-life" "$R/bin/long-life"
long=("$BOXCTL" boot -M "$name" -q --console=passive --init=/bin/long-life "$R")

# --- the oracle ------------------------------------------------------------------------------
table=/proc/1/mountinfo
mounts() { awk '{ print $4, $5 }' "$table" | grep -F -e "$name" -e "$work" | sort; }
unified=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
cgroups() { find "${unified:-/sys/fs/cgroup}" -type d -path "*boxctl/$name*" 2>/dev/null; }
links() { awk -F: 'NR > 2 { gsub(/ /, "", $1); print $1 }' /proc/net/dev | sort; }
living() { pgrep -f -- "sleep $mark\$|-M $name " || true; }
links_before=$(links)
# alive: what must not be there two seconds after a kill, told in words
alive() {
    living | sed 's/^/process /'
    mounts | grep -v " /run/boxctl/$name/propagate\$" | sed 's/^/mount /'
    cgroups | while read -r dir; do
        [ -z "$(cat "$dir/cgroup.procs" 2>/dev/null)" ] || echo "cgroup with processes $dir"
    done
    comm -13 <(echo "$links_before") <(links) | grep -E '^(ve|vb)-' | grep -F "${name:0:8}" | sed 's/^/link /'
}
# remains: what must not be there after the next start or cleanup either
remains() {
    alive
    mounts | sed 's/^/mount /'
    cgroups | sed 's/^/cgroup /'
    find /run/boxctl /run/boxctl/.locks -maxdepth 1 -name "$name" 2>/dev/null | sed 's/^/state /'
}
settle() { # FUNCTION: what it says once it says nothing, or after two seconds
    local tries said
    for ((tries = 0; tries < 40; tries++)); do
        said=$("$1")
        [ -n "$said" ] || return 0
        sleep 0.05
    done
    echo "$said"
}
# after_kill WHERE: appends to $findings; every third time cleanup, otherwise the next start, gets
# to see what is left
points=0 leftovers=0 findings=
after_kill() {
    local said way
    said=$(settle alive)
    [ -z "$said" ] || findings+="$1: still there: $said"$'\n'
    [ -z "$(remains)" ] || leftovers=$((leftovers + 1))
    if [ $((points++ % 3)) = 0 ]; then
        way="cleanup"
        said=$(timeout 20 "$BOXCTL" cleanup "$name" 2>&1 >/dev/null) || findings+="$1: cleanup fails: $said"$'\n'
        said=$(timeout 20 "$BOXCTL" cleanup "$name" 2>&1)
        [ -z "$said" ] || findings+="$1: a second cleanup says: $said"$'\n'
    else
        way="the next start"
        said=$(RUN "$R" -- /bin/true 2>&1) || findings+="$1: the next start fails: $said"$'\n'
    fi
    said=$(settle remains)
    [ -z "$said" ] || findings+="$1: after $way there is: $said"$'\n'
}

# --- controls: planted leftovers are seen ----------------------------------------------------
is "control: at first there is nothing" "$(remains)" ""
sleep "$mark" &
planted=$!
finds "a process that lives on is seen" '^process' "$(alive)"
kill $planted && wait $planted 2>/dev/null
finds "a mount is seen" '^mount' "$(table=/proc/self/mountinfo
    export -f mounts && export table name work
    unshare --mount --propagation private bash -c 'mkdir -p "$work/leak" && mount -t tmpfs t "$work/leak" && mounts' | sed 's/^/mount /')"
mkdir -p "/run/boxctl/$name"
finds "a state directory is seen" '^state' "$(remains)"
rmdir "/run/boxctl/$name"
if [ -n "$unified" ] && mkdir -p "$unified/boxctl/$name" 2>/dev/null; then
    sleep 30 &
    planted=$!
    echo $planted >"$unified/boxctl/$name/cgroup.procs"
    finds "a cgroup with a process is seen" '^cgroup with processes' "$(alive)"
    kill $planted && wait $planted 2>/dev/null
    finds "an empty one, too" '^cgroup /' "$(remains)"
    rmdir "$unified/boxctl/$name"
    rmdir "$unified/boxctl" 2>/dev/null # in use by other boxes, if there are any
else
    skip "control: a cgroup is seen" "no cgroup2 to write to"
fi

# struck CALL N CMD...: CMD, killed at its N-th CALL; only CMD itself, none of its children. strace
# dies of the same signal; in a subshell, so that bash does not tell.
struck() {
    (
        timeout -k 1 20 strace -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" "${@:3}" </dev/null
        exit $?
    ) >/dev/null 2>&1
}

# --- at system calls -------------------------------------------------------------------------
timeout 20 "${boot[@]}" </dev/null >"$work/out" 2>&1
is "a life without a kill ends well" "$? $(cat "$work/out")" "0 "
is "and leaves nothing" "$(settle remains)" ""
timeout 20 strace -qq -o "$work/trace" "${boot[@]}" </dev/null >/dev/null 2>&1
# reads of /proc come by the hundred, one for each process of the host: a sample of each is enough
mapfile -t all < <(awk 'match($0, /^[a-z_0-9]+\(/) { call = substr($0, 1, RLENGTH - 1); n = ++seen[call]
    if (call !~ /^(readlinkat|read|close|openat2|newfstatat|brk|mmap|munmap|mprotect)$/ || n % 9 == 1) print call, n }' "$work/trace")
until=$((SECONDS + budget)) hit=0 tried=0
for ((step = 0; step < 17 && SECONDS < until; step++)); do
    for ((i = step; i < ${#all[@]} && SECONDS < until; i += 17)); do
        read -r call at <<<"${all[i]}"
        [ "$call" != execve ] || continue
        struck "$call" "$at" "${boot[@]}"
        case $? in
            137) hit=$((hit + 1)) ;;
            124) findings+="$call #$at: hangs"$'\n' ;;
        esac
        tried=$((tried + 1))
        after_kill "$call #$at"
    done
done
echo "# count: killed at $hit points of ${#all[@]}, $leftovers left something by name: $(grep -c . <<<"$findings") findings"
is "killed at $hit points of ${#all[@]} ($leftovers left something by name): nothing lives on, nothing is in the way" "$findings" ""
ok "the kills took effect" test "$hit" -ge $((tried * 3 / 4)) -a "$hit" -ge 15

# --- at random times -------------------------------------------------------------------------
findings='' points=0 leftovers=0
for ((i = 0; i < $(rounds 30); i++)); do
    "${long[@]}" </dev/null >/dev/null 2>&1 &
    supervisor=$!
    sleep "0.$(printf %03d $((RANDOM % 150)))"
    kill -KILL $supervisor
    wait $supervisor 2>/dev/null
    after_kill "kill $i"
done
echo "# count: killed at $points random times, $leftovers left something by name: $(grep -c . <<<"$findings") findings"
is "killed at $points random times ($leftovers left something by name): the same" "$findings" ""

# --- those that ask for the end --------------------------------------------------------------
start_long() {
    "${long[@]}" </dev/null >/dev/null 2>&1 &
    supervisor=$!
    for ((tries = 0; tries < 100; tries++)); do
        [ ! -s "/run/boxctl/$name/state.json" ] || [ -z "$(pgrep -f "sleep $mark\$")" ] || return 0
        sleep 0.05
    done
    return 1
}
findings='' points=0 leftovers=0 hit=0
if start_long; then
    timeout 40 strace -qq -o "$work/trace" "$BOXCTL" stop --timeout=1 "$name" >/dev/null 2>&1
    wait $supervisor
    mapfile -t all < <(awk 'match($0, /^[a-z_0-9]+\(/) { call = substr($0, 1, RLENGTH - 1); print call, ++seen[call] }' "$work/trace" |
        grep -E '^(openat2|fcntl|pidfd_open|pidfd_send_signal|epoll_wait|poll|epoll_ctl|write|unlink|connect|sendmsg|read) ')
    for ((i = 0; i < ${#all[@]}; i += (${#all[@]} + 9) / 10)); do
        read -r call at <<<"${all[i]}"
        start_long || findings+="stop, $call #$at: the next box does not start"$'\n'
        struck "$call" "$at" "$BOXCTL" stop --timeout=1 "$name"
        [ $? != 137 ] || hit=$((hit + 1))
        timeout 40 "$BOXCTL" kill "$name" >/dev/null 2>&1 # gone already, as the case may be
        wait $supervisor
        said=$(settle remains)
        [ -z "$said" ] || findings+="stop, $call #$at: there is: $said"$'\n'
    done
    is "stop killed at $hit points of ${#all[@]}: the box ends all the same and leaves nothing" "$findings" ""
else
    kill -KILL $supervisor
    wait $supervisor
    tap_report no "a box to stop starts"
fi
is "nothing is left at the end" "$(settle remains)" ""
# of the tree, whose lock has no machine's name
ok "cleanup of all machines" "$BOXCTL" cleanup
is "leaves no lock of the tree either" "$(find /run/boxctl/.locks -name "inode-*:$(stat -c %i "$R")")" ""
done_testing
