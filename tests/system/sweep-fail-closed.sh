#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fails every hardening and mount call of a start, one at a time: the box must not start, or must
# be the box that was asked for. What a box is, it says itself: see surface-dump below.
#
# time limit: 600 s
# BOXCTL_SWEEP=full takes every position; otherwise as many as fit BOXCTL_SWEEP_SECONDS (400).
# strace counts each call's positions in each process of its own: one injection at position N of
# mount(2) fails the N-th of the parent, of the builder and of the payload, if they get there.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

command -v strace >/dev/null || { skip "fail-closed sweep" "strace is not installed"; done_testing; }
work=$(tmpdir)
R=$work/root
hostile_root "$R" || exit 1
budget=${BOXCTL_SWEEP_SECONDS:-400}
[ "${BOXCTL_SWEEP:-}" != full ] || budget=100000

cat >"$R/bin/surface-dump" <<'E'
#!/bin/sh
echo BEGIN
grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp)' /proc/self/status
cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups
sed 's/^[0-9]* [0-9]* [0-9]*:[0-9]* //' /proc/self/mountinfo
hostname
cat /proc/self/limits
sed 's/^[0-9]\..*/young/; s/^[0-9].*/old/' /proc/uptime
for ns in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$ns; done
echo fds /proc/self/fd/*
for f in /proc/kcore /proc/keys /proc/kallsyms /sys/firmware; do ls -ld $f 2>/dev/null; done | sed 's/ [A-Z][a-z][a-z] .* / /'
ls -l /dev /run/host | sed 's/ [A-Z][a-z][a-z] .* / /'
umount -l /proc/sys 2>&1 || echo locked
echo END
E
chmod 755 "$R/bin/surface-dump"
for kind in cgroup ipc mnt net pid time user uts; do readlink "/proc/self/ns/$kind"; done >"$work/host-namespaces"

# normal: a dump without what differs between two runs of the same box. A namespace is told from
# the host's; the base of the ids is called BASE.
normal() {
    awk -v host="$(tr '\n' ' ' <"$work/host-namespaces")" '
        BEGIN { n = split(host, list, " "); for (i = 1; i <= n; i++) of_host[list[i]] = 1 }
        /^(cgroup|ipc|mnt|net|pid|time|user|uts):\[/ { kind = $0; sub(/:.*/, "", kind)
            print kind ($0 in of_host ? " of the host" : " its own"); next }
        NF == 3 && $1 == 0 && $3 >= 1000 { base = $2; $2 = $2 >= 524288 ? "BASE" : $2; print; next }
        { if (base >= 524288) { for (i = 0; i <= 5; i += 5) gsub("=" (base + i), "=BASE+" i) }
          gsub(/(shared|master):[0-9]+ ?/, ""); gsub(/size=[0-9]+k/, "size"); print }'
}

# attempt FILE LAUNCHER...: the launcher's dump, normal, in FILE; its status in $status
attempt() {
    local file=$1
    shift
    timeout -k 1 10 "$@" </dev/null >"$file.raw" 2>"$file.err"
    status=$?
    normal <"$file.raw" >"$file"
}

# judge FILE STATUS GOLDEN: same, refused, weaker, hung, or odd
judge() {
    if [ "$2" = 124 ] || [ "$2" = 137 ]; then
        echo hung
    elif cmp -s "$1" "$3"; then
        echo same
    elif ! grep -q BEGIN "$1"; then
        if [ "$2" = 125 ]; then echo refused; else echo odd; fi
    else
        echo weaker
    fi
}

calls=(mount mount_setattr move_mount open_tree fsopen fsconfig fsmount seccomp prctl capset setgroups
    setresuid setresgid setns unshare sethostname pivot_root umount2 mknodat mkdirat symlinkat fchownat
    fchmodat fchown fchmod keyctl prlimit64 setrlimit close_range setsid chdir fchdir clone3
    write openat2 setfsuid setfsgid sendmsg recvmsg)
set_of() { local IFS=,; echo "$*"; }

# positions TRACE: "CALL N" for each call and each position that some process got to, up to the
# payload's execve; of those with very many positions, every seventh
positions() {
    awk '/execve\(/ { if (++execs[$1] > 1 || started++) over[$1] = 1; next }
        over[$1] { next }
        /<\.\.\. / { next }
        match($2, /^[a-z_0-9]+\(/) { call = substr($2, 1, RLENGTH - 1); n[$1, call]++
            if (n[$1, call] > most[call]) most[call] = n[$1, call] }
        END { for (call in most) for (i = 1; i <= most[call]; i++)
            if (call !~ /^(openat2|write|recvmsg|sendmsg)$/ || i % 7 == 1) print call, i }' "$1" | sort -k1,1 -k2,2n
}

# sweep LABEL SECONDS LAUNCHER...: sets the counts; weaker ones and the like are told in $findings
sweep() {
    local label=$1 until=$((SECONDS + $2)) all call at error verdict step=1
    shift 2
    declare -gA count=([same]=0 [refused]=0 [weaker]=0 [hung]=0 [odd]=0)
    findings=
    attempt "$work/golden" strace -f -qq -o /dev/null -e trace=none "$@"
    attempt "$work/again" strace -f -qq -o "$work/trace" -e "trace=$(set_of "${calls[@]}"),execve" "$@"
    is "$label: two starts are alike" "$(diff "$work/golden" "$work/again")" ""
    mapfile -t all < <(positions "$work/trace")
    total=${#all[@]} tried=0
    # in an order that reaches everywhere soon, so that a short budget is no bias
    for ((step = 0; step < 13 && SECONDS < until; step++)); do
        for ((i = step; i < total && SECONDS < until; i += 13)); do
            read -r call at <<<"${all[i]}"
            for error in EPERM ENOMEM; do
                attempt "$work/dump" strace -f -qq -o /dev/null -e "trace=$call" \
                    -e "inject=$call:error=$error:when=$at" "$@"
                verdict=$(judge "$work/dump" "$status" "$work/golden")
                count[$verdict]=$((count[$verdict] + 1))
                case $verdict in same | refused) ;; *)
                    findings+="$call #$at $error: $verdict, status $status: $(diff "$work/golden" "$work/dump" | grep -m3 '^[<>]' | tr '\n' ' ') $(head -c 200 "$work/dump.err")"$'\n' ;;
                esac
            done
            tried=$((tried + 1))
        done
    done
    echo "# count: $label: $tried of $total positions, $((2 * tried)) starts: ${count[refused]} refused, ${count[same]} as asked, ${count[weaker]} weaker, ${count[hung]} hung, ${count[odd]} odd"
}

contained=("$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /bin/surface-dump)
privileged=("$BOXCTL" run -M "$BOXCTL_NAME" -q --private-users=no "$R" -- /bin/surface-dump)

# --- controls: what the comparison must see --------------------------------------------------
attempt "$work/golden" "${contained[@]}"
is "control: an undisturbed start is as asked" "$(judge "$work/golden" "$status" "$work/golden")" same
altered() { sed "$1" "$work/golden" >"$work/altered"; judge "$work/altered" 0 "$work/golden"; }
is "control: a missing mount is weaker" "$(altered '/ \/proc\/sys /d')" weaker
is "control: a writable one, too" "$(altered '/ \/proc\/sys /s/ ro,/ rw,/')" weaker
is "control: one filter fewer, too" "$(altered 's/^Seccomp_filters.*/Seccomp_filters:\t0/')" weaker
is "control: one capability more, too" "$(altered 's/^CapBnd.*/CapBnd:\t000001ffffffffff/')" weaker
is "control: an unlocked mask, too" "$(altered 's/^locked$//')" weaker
is "control: a shared namespace, too" "$(altered 's/^net its own/net of the host/')" weaker
cat >"$work/careless" <<E
#!/bin/sh
mount -t proc proc "$R/proc"
mount -t tmpfs tmp "$R/tmp"
exec chroot "$R" /bin/surface-dump
E
chmod 755 "$work/careless"
sweep "control, a launcher that does not look at errors" 15 unshare --mount --pid --fork --kill-child "$work/careless"
ok "control: it is found to start weaker (${count[weaker]} times)" test "${count[weaker]}" -ge 1

# --- boxctl ----------------------------------------------------------------------------------
sweep "contained" "$((budget * 3 / 4))" "${contained[@]}"
is "a contained box: 0 of $((2 * tried)) starts weaker ($tried of $total positions, ${count[refused]} refused, ${count[same]} as asked)" "$findings" ""
ok "and enough were tried" test "$tried" -ge 60 -a "${count[refused]}" -ge 60
sweep "privileged" "$((budget / 4))" "${privileged[@]}"
is "a privileged box: 0 of $((2 * tried)) starts weaker ($tried of $total positions, ${count[refused]} refused, ${count[same]} as asked)" "$findings" ""
is "and a start without faults is as ever" "$(attempt "$work/dump" "${privileged[@]}"; judge "$work/dump" "$status" "$work/golden")" same
done_testing
