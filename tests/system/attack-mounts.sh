#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mounts and path resolution against a hostile tree: links, files, FIFOs and races in the place of
# mount points, sources that lead elsewhere, and mounts that must not leak either way.
# alone: as many rounds of a race as fit into its time
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

work=$(tmpdir)
canary "$work/host"
R=$work/root
hostile_root "$R" || exit 1
src=$work/src
mkdir "$src"
echo MARK >"$src/mark"
vol=$work/vol
mkdir "$vol"
private=(unshare --mount --propagation private)

# --- B1: a mount point that is exchanged while it is mounted on ------------------------------
mkdir -p "$vol/d" && ln -s "$H" "$vol/l"
mkdir -p "$R/V"
race() { # SECONDS CMD...: with an attacker at work; sets $swaps
    local seconds=$1
    shift
    "$PROBES/swap-attacker" "$vol/d" "$vol/l" "$seconds" >"$work/swaps" &
    "$@"
    wait $!
    swaps=$(cat "$work/swaps")
}
started=0 stray=0 round=0
one_round() { # OPTION: the mount is in the box, at the place or where the link leads inside
    local table
    if table=$(RUN --bind="$vol:/V" "$1" "$R" -- /bin/cat /proc/self/mountinfo 2>/dev/null); then
        started=$((started + 1))
        [ "$(awk -v host="$H" '$5 ~ "^/V/[dl]" || index($5, host) == 1' <<<"$table" | wc -l)" = 1 ] || stray=$((stray + 1))
    fi
    round=$((round + 1))
}
many_rounds() {
    local until=$((SECONDS + 15))
    while [ "$round" -lt "$(rounds 120)" ] && { [ -n "${BOXCTL_ROUNDS:-}" ] || [ "$SECONDS" -lt "$until" ]; }; do
        one_round --bind="$src:/V/d"
        one_round --tmpfs=/V/d
        one_round --bind-ro="$src/mark:/V/d/file"
    done
}
race 15 many_rounds
like "B1 $round starts against exchanged mount points ($swaps)" "$round $started" "^[1-9][0-9]+ [1-9]"
is "B1 each mount is where the box sees it" "$stray" 0
canary_is_whole "B1 the canary tree is whole"
# shellcheck disable=SC2016
naive_race() {
    "${private[@]}" bash -c 'for ((i = 0; i < 2000; i++)); do
        [ ! -L "$1/d" ] && [ -d "$1/d" ] && mount -t tmpfs t "$1/d" 2>/dev/null
        if grep -q " $2 " /proc/self/mountinfo; then echo "escaped in round $i"; exit; fi
        umount -l "$1/d" 2>/dev/null
    done' sh "$vol" "$H"
}
race 8 naive_race >"$work/out"
finds "B1 check, then mount by path: escapes" "^escaped" "$(cat "$work/out")"
rm -rf "$vol" && mkdir "$vol"

# --- B2, B9: links in the place of directories -----------------------------------------------
places=(dev proc sys run tmp etc var root usr mnt dev/pts sys/fs/cgroup run/host proc/sys etc/resolv.conf)
# planted KIND PLACE: replaces PLACE of a fresh copy, whose path it sets in $P
P=$work/planted
planted() {
    rm -rf "$P"
    cp -a "$R" "$P"
    rm -rf "${P:?}/$2"
    mkdir -p "$(dirname -- "$P/$2")"
    case $1 in
        link) ln -s "$H" "$P/$2" ;;
        up) ln -s "../../../../../../../../../..$H" "$P/$2" ;;
        secret) ln -s "$H/secret" "$P/$2" ;;
        proc) ln -s /proc/1/root "$P/$2" ;;
        new) ln -s "$H/new" "$P/$2" ;;
        loop) ln -s "$(basename -- "$2")" "$P/$2" ;;
        file) echo x >"$P/$2" ;;
        fifo) mkfifo "$P/$2" ;;
        sock) python3 -c 'import socket,sys,os; os.chdir(os.path.dirname(sys.argv[1])); socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$P/$2" ;;
    esac
}
started=0 refused=0 hung=0
try() {
    RUN --resolv-conf=replace-host --timezone=copy "$@" "$P" -- /bin/cat "$H/secret" /secret >>"$work/leaked" 2>&1
    case $? in 124 | 137) hung=$((hung + 1)) ;; 125) refused=$((refused + 1)) ;; *) started=$((started + 1)) ;; esac
}
: >"$work/leaked"
for place in "${places[@]}"; do
    for kind in link up new; do
        planted "$kind" "$place"
        try
        try --private-users=no
    done
done
is "B2 none of $((started + refused + hung)) starts hangs ($started started, $refused refused)" "$hung" 0
lacks "B2 nothing of the host is read" HOST-SECRET "$(cat "$work/leaked")"
canary_is_whole "B2 nothing is made or mounted through a link"
planted link dev
(mkdir -p "$P/dev/pts" && mknod "$P/dev/full" c 1 7 && ln -s pts/ptmx "$P/dev/tty") 2>/dev/null
canary_bites "B2 device nodes made by path land outside"

started=0 refused=0 hung=0
for place in dev proc sys run tmp etc; do
    for kind in secret proc loop file fifo sock; do
        planted "$kind" "$place"
        try
    done
done
is "B2 files, FIFOs, sockets and loops: none of $((started + refused)) starts hangs ($refused refused)" "$hung" 0
canary_is_whole "B2 and nothing changes outside"

ln -s "$H/new" "$R/w"
mkdir -p "$R/x" && ln -s "../../../../../../../../..$H/new2" "$R/x/y"
for mode in pick no; do
    RUN --private-users=$mode --chdir=/w "$R" -- /bin/true 2>/dev/null
    RUN --private-users=$mode --bind="$src/mark:/x/y/z" "$R" -- /bin/true 2>/dev/null
    RUN --private-users=$mode --bind="$src/mark:/w" "$R" -- /bin/true 2>/dev/null
    RUN --private-users=$mode --tmpfs=/w/t "$R" -- /bin/true 2>/dev/null
    RUN --private-users=$mode --overlay-ro="$src:/x/y" "$R" -- /bin/true 2>/dev/null
done
canary_is_whole "B9 nothing is made through a dangling link"
(mkdir -p "$R/w" || mkdir -p "$(readlink "$R/w")/t") 2>/dev/null
canary_bites "B9 a launcher that makes the link's target is seen"
rm -rf "$R/w" "$R/x"

# --- B3, B6: masks, by effect ----------------------------------------------------------------
planted file dev
rm "$P/dev" && mkdir "$P/dev" && ln -s /proc/sys/kernel/core_pattern "$P/dev/null"
masked=(/proc/kcore /proc/keys /proc/kallsyms /proc/timer_list /proc/sysrq-trigger /proc/interrupts)
show_masks='for f in "$@"; do [ -e $f ] || continue; cat $f; echo x 2>/dev/null >>$f && echo "$f written"; done'
is "B3 what is masked is empty and cannot be written, whatever /dev/null was" \
    "$(RUN "$P" -- /bin/sh -c "$show_masks" sh "${masked[@]}" 2>/dev/null)" ""
is "B3 /dev/null is the device" "$(RUN "$P" -- /bin/stat -c %t:%T /dev/null)" 1:3
finds "B3 an unmasked file says something" . \
    "$(unsafe "$R" /bin/sh -c 'head -c 99 /proc/interrupts; head -c 99 /proc/keys')"
is "B3 --inaccessible hides a file" \
    "$(RUN --inaccessible=/etc/passwd "$R" -- /bin/sh -c 'cat /etc/passwd; echo x >>/etc/passwd' 2>/dev/null)" ""

undo='for m in /proc/sys /proc/kallsyms /sys /sys/firmware /run/host /dev /proc; do
    umount $m 2>/dev/null && echo "umount $m"; umount -l $m 2>/dev/null && echo "umount -l $m"
    mount -o remount,bind,rw $m 2>/dev/null && case $m in /dev | /proc) ;; *) echo "remount $m" ;; esac
done; (echo >/proc/sys/vm/panic_on_oom) 2>/dev/null && echo written; (echo >/sys/kernel/uevent_helper) 2>/dev/null && echo written'
is "B6 no mask can be taken off" "$(RUN "$R" -- /bin/sh -c "$undo")" ""
is "B6 nor in a mount namespace inside" "$(RUN "$R" -- /usr/bin/unshare -m /bin/sh -c "$undo")" ""
is "B6 nor in a user namespace inside" "$(RUN "$R" -- /usr/bin/unshare -Urm /bin/sh -c "$undo")" ""
finds "B6 masks without a user namespace can be taken off" '^umount /proc/sys' \
    "$(RUN --private-users=no "$R" -- /bin/sh -c 'umount -l /proc/sys && echo umount /proc/sys')"

# --- B4: the console ------------------------------------------------------------------------
P=$work/planted
planted file dev
rm "$P/dev" && mkdir -p "$P/dev/pts"
ln -s "$H/secret" "$P/dev/pts/0" && ln -s /proc/sys/kernel/core_pattern "$P/dev/console" && ln -s "$H/ptmx" "$P/dev/ptmx"
is "B4 the console is a terminal of the box" \
    "$(RUN --console=read-only "$P" -- /bin/sh -c 'stat -c %t:%F /dev/console; readlink /proc/self/fd/1')" \
    $'88:character special file\r\n/dev/console\r'
like "B4 and its multiplexer is the box's" \
    "$(RUN "$P" -- /bin/sh -c 'readlink /dev/ptmx; stat -c %t:%T /dev/pts/ptmx')" $'^pts/ptmx\n5:2$'
canary_is_whole "B4 the canary tree is whole"

# --- B5: a /proc that is not one -------------------------------------------------------------
P=$work/planted
planted file proc
rm "$P/proc" && mkdir -p "$P/proc/self/attr/apparmor" "$P/proc/self/fd" "$P/proc/sys/net/ipv4"
echo x | tee "$P/proc/self/attr/exec" "$P/proc/self/attr/apparmor/exec" >/dev/null
ln -s "$H/secret" "$P/proc/sys/net/ipv4/ip_forward"
cp /proc/self/status "$P/proc/self/status"
before=$(cd "$P/proc" && find . -printf '%p %y %s %T@\n' | sort)
is "B5 the box's /proc is one" "$(RUN "$P" -- /bin/stat -f -c %t /proc)" 9fa0
like "B5 its settings are the kernel's" "$(RUN "$P" -- /bin/cat /proc/sys/net/ipv4/ip_forward)" '^[01]$'
is "B5 nothing is written to the planted one" "$(cd "$P/proc" && find . -printf '%p %y %s %T@\n' | sort)" "$before"
cp -a "$P/proc/." "$vol"
for mode in pick no; do
    lacks "B5 a start with a planted /proc bound over it is refused ($mode)" STARTED \
        "$(RUN --private-users=$mode --bind="$vol:/proc" "$R" -- /bin/echo STARTED 2>&1)"
    # enough to look the part: nothing is writable, and the status says what is expected
    lacks "B5 also with a planted /proc/self ($mode)" STARTED \
        "$(RUN --private-users=$mode --bind="$vol/self:/proc/self" "$R" -- /bin/echo STARTED 2>&1)"
done
canary_is_whole "B5 the canary tree is whole"
cp /etc/hostname "$P/proc/sys/net/ipv4/ip_forward"
canary_bites "B5 a setting written by path lands outside"

# --- B7, B8: mounts under mounts, and from one side to the other ------------------------------
mkdir -p "$src/hidden"
echo HOST-SECRET >"$src/hidden/under"
# shellcheck disable=SC2016
peel='umount /b/hidden; umount -l /b/hidden; ls /b/hidden; cat /b/hidden/under'
covered() { # CMD...: with a tmpfs over src/hidden, in a mount namespace of its own
    "${private[@]}" sh -c 'mount -t tmpfs t "$0/hidden" && exec "$@"' "$src" "$@" </dev/null 2>/dev/null
}
box=("$BOXCTL" run -M "$BOXCTL_NAME" -q)
is "B7 what a host mount covers stays covered" \
    "$(covered "${box[@]}" --bind="$src:/b" "$R" -- /bin/sh -c "$peel")" ""
is "B7 also in a user namespace inside" \
    "$(covered "${box[@]}" --bind="$src:/b" "$R" -- /usr/bin/unshare -Urm /bin/sh -c "$peel")" ""
finds "B7 without locked mounts it is uncovered" HOST-SECRET \
    "$(covered sh -c 'umount "$0/hidden"; cat "$0/hidden/under"' "$src")"
rm -r "$src/hidden"

# neighbours CMD...: CMD as the box beside us, in a namespace in which everything is shared; it says
# READY once its own mount is there; prints the mounts that leaked out, then what it says of ours
# shellcheck disable=SC2016
neighbours() {
    "${private[@]}" bash -c 'mount --make-rshared / || exit
        src=$1; shift
        coproc BOX { "$@"; }
        read -r -u "${BOX[0]}" ready
        grep -c "canary-inside" /proc/self/mountinfo
        mkdir -p "$src/s"; mount -t tmpfs canary-outside "$src/s"
        eval "exec ${BOX[1]}>&-"
        cat <&"${BOX[0]}"
        grep -o "shared:[0-9]*" /proc/self/mountinfo | sort -u >"$src/groups"' sh "$src" "$@" 2>/dev/null
}
# shellcheck disable=SC2016
talk='mount -t tmpfs canary-inside /mnt; echo READY; read x; grep -c canary-outside /proc/self/mountinfo; grep -o "master:[0-9]*" /proc/self/mountinfo | sort -u; sed "s/^/table /" /proc/self/mountinfo'
got=$(neighbours "${box[@]}" --bind="$src:/b" "$R" -- /bin/sh -c "$talk")
is "B8 a mount inside stays inside, one outside stays outside" "$(grep -v ^table <<<"$got")" $'0\n0'
groups=$(grep -o 'shared:[0-9]*' <<<"$got" | sort -u)
like "B8 inside, mounts are shared" "$groups" "shared:"
is "B8 with nobody outside" "$(comm -12 <(echo "$groups") "$src/groups")" ""
finds "B8 a namespace that keeps its peers leaks" '^1$' \
    "$(neighbours unshare --mount --propagation unchanged sh -c 'mount -t tmpfs canary-inside /mnt; echo READY; read x; umount /mnt')"
rm -rf "${src:?}/s" "$src/groups"

# --- B12: sources that are magic links -------------------------------------------------------
for source in /proc/1/root /proc/self/root /proc/self/fd/9 /proc/1/cwd /proc/self/ns/mnt /proc/thread-self/root/etc; do
    lacks "B12 $source is no source of a bind" STARTED \
        "$(exec 9<"$H"; RUN --bind="$source:/mnt" "$R" -- /bin/echo STARTED 2>&1)"
done
for root in /proc/1/root /proc/self/fd/9; do
    lacks "B12 $root is no root" STARTED "$(exec 9<"$R"; RUN "$root" -- /bin/echo STARTED 2>&1)"
done
finds "B12 mount(8) takes such a source" HOST-SECRET \
    "$(exec 9<"$H"; "${private[@]}" sh -c 'mount --bind /proc/self/fd/9 /mnt && cat /mnt/secret' 2>&1)"

# --- B15: overlay attributes that an image brings along --------------------------------------
mkdir -p "$work/low/secret" "$work/top/pub"
echo LOWER-SECRET >"$work/low/secret/file"
if python3 -c 'import os,sys; os.setxattr(sys.argv[1], "trusted.overlay.redirect", b"/secret")' "$work/top/pub" 2>/dev/null; then
    got=$(RUN --overlay-ro="$work/low:$work/top:/mnt" "$R" -- /bin/sh -c 'grep " /mnt " /proc/self/mountinfo; ls -A /mnt/pub; cat /mnt/pub/*' 2>/dev/null)
    lacks "B15 a planted redirect is not followed" 'LOWER-SECRET|^file' "$got"
    like "B15 the overlay is told so" "$got" "redirect_dir=nofollow"
    finds "B15 an overlay with defaults follows it" LOWER-SECRET \
        "$("${private[@]}" sh -c 'mount -t overlay o -o "lowerdir=$0/top:$0/low" /mnt && cat /mnt/pub/*' "$work" 2>&1)"
else
    skip "B15" "the file system has no trusted attributes"
fi

# --- B18: the old root -----------------------------------------------------------------------
table=$(RUN "$R" -- /bin/cat /proc/self/mountinfo)
is "B18 one mount comes from the host's disk, the root" \
    "$(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) !~ /^(tmpfs|proc|sysfs|devpts|mqueue|cgroup2)$/) print $5 }' <<<"$table")" /
is "B18 no way out by chroot" "$(RUN "$R" -- /bin/surface-probe | grep leave-root)" "leave-root closed EACCES"
finds "B18 a chroot can be left" 'leave-root open' "$(unsafe "$R" /bin/surface-probe 2>/dev/null)"
is "B16 no file by handle" "$(RUN "$R" -- /bin/surface-probe | grep open_by_handle)" "open_by_handle_at closed EPERM"

# --- B19: very many mounts -------------------------------------------------------------------
# shellcheck disable=SC2016
fill='i=0; while [ $i -lt '"$(rounds 1500)"' ] && mount -t tmpfs t /mnt; do i=$((i + 1)); done; echo $i'
start=$(date +%s%N)
like "B19 a box full of mounts" "$(RUN "$R" -- /bin/sh -c "$fill")" '^[0-9]+$'
is "B19 the host has none of them" "$(grep -c ' /mnt ' /proc/1/mountinfo)" 0
ok "B19 and they go in time" test $(($(date +%s%N) - start)) -lt 30000000000

# --- B20: files of /etc that are something else ----------------------------------------------
hung=0 tried=0
files=(etc/resolv.conf etc/hosts etc/machine-id etc/localtime etc/passwd etc/group etc/os-release etc/hostname etc/inittab)
for place in "${files[@]}"; do
    for kind in secret fifo loop proc new; do
        planted "$kind" "$place"
        [ "$kind" != proc ] || { rm "$P/$place"; ln -s /proc/sys/kernel/hostname "$P/$place"; }
        for options in "--resolv-conf=copy-host --timezone=copy" \
            "--resolv-conf=replace-host --timezone=symlink --private-users=no" \
            "--resolv-conf=bind-host --timezone=bind -u root --read-only"; do
            # shellcheck disable=SC2086
            timeout -k 1 5 "$BOXCTL" run -M "$BOXCTL_NAME" -q $options "$P" -- /bin/true </dev/null >/dev/null 2>>"$work/leaked"
            case $? in 124 | 137) hung=$((hung + 1)) ;; esac
            tried=$((tried + 1))
        done
    done
done
is "B20 $tried starts with planted files of /etc: none hangs" "$hung" 0
canary_is_whole "B20 and nothing is written through them"
lacks "B20 nor told" HOST-SECRET "$(cat "$work/leaked")"
planted secret etc/resolv.conf
cp /etc/hostname "$P/etc/resolv.conf"
canary_bites "B20 a copy by path is written through the link"
finds "B20 a reader of a FIFO hangs" '^124$' "$(planted fifo etc/passwd; timeout 1 cat "$P/etc/passwd"; echo $?)"

done_testing
