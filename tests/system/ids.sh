#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Ids: whose ranges boxes get, also when many start at once and are killed; what the host's files
# and the tree's ownership have to fear.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

work=$(tmpdir)
canary "$work/host"
R=$work/root
hostile_root "$R" || exit 1

# faults: of lines "FIRST-INSIDE FIRST-OUTSIDE COUNT", what must not be: overlaps, the host's own
faults() {
    sort -k2,2n -u | awk '$2 < 65536 { print "a live range of the host: " $0 }
        $2 + $3 > 4294967295 { print "beyond the last id: " $0 }
        $2 < last { print "overlap: " $0 } { last = $2 + $3 }'
}
is "control: apart is fine" "$(printf '0 524288 65536\n0 589824 65536\n' | faults)" ""
finds "an overlap is seen" '^overlap' "$(printf '0 524288 65536\n0 524300 65536\n' | faults)"
finds "the host's root is seen" 'live range' "$(printf '0 0 1\n' | faults)"
finds "so is that of a namespace made by hand" 'live range' "$(unshare -Ur cat /proc/self/uid_map | faults)"

# --- G1: many at once, some of them killed ----------------------------------------------------
n=$(rounds 24)
supervisors=()
for ((i = 0; i < n; i++)); do
    "$BOXCTL" run -M "$BOXCTL_NAME-$i" -q --ephemeral "$R" -- \
        /bin/sh -c 'cat /proc/self/uid_map /proc/self/gid_map; exec sleep 60' </dev/null >"$work/map.$i" 2>"$work/err.$i" &
    supervisors+=($!)
    [ $((i % 5)) != 4 ] || { sleep "0.0$((RANDOM % 9))"; kill -KILL "${supervisors[RANDOM % (i + 1)]}" 2>/dev/null; }
done
for ((tries = 0; tries < 200; tries++)); do
    up=0
    for ((i = 0; i < n; i++)); do
        if [ "$(wc -l <"$work/map.$i")" = 2 ] || ! kill -0 "${supervisors[i]}" 2>/dev/null; then up=$((up + 1)); fi
    done
    [ "$up" -lt "$n" ] || break
    sleep 0.05
done
# Of those that live, one line each: a range may be given again once its box is dead.
live=0
for ((i = 0; i < n; i++)); do
    kill -0 "${supervisors[i]}" 2>/dev/null || continue
    live=$((live + 1))
    [ "$(sed -n 1p "$work/map.$i")" = "$(sed -n 2p "$work/map.$i")" ] || tap_report no "G1 users and groups of box $i have one map"
    sed -n 1p "$work/map.$i" >>"$work/maps"
done
is "G1 $live of $n boxes live, each has a range, none overlaps" "$(wc -l <"$work/maps") $(faults <"$work/maps")" "$live "
is "G1 nor do they with any other map of the host" \
    "$(sort -u /proc/[0-9]*/uid_map 2>/dev/null | awk '$2 != 0 && NF == 3' | faults)" ""
is "G1 none failed to start" "$(cat "$work"/err.*)" ""
ok "G1 some were killed" test "$live" -lt "$n"
kill -TERM "${supervisors[@]}" 2>/dev/null
wait "${supervisors[@]}" 2>/dev/null
for ((i = 0; i < n; i++)); do "$BOXCTL" cleanup "$BOXCTL_NAME-$i" >/dev/null 2>&1; done
is "G1 nothing of them is left" "$(find /run/boxctl -name "*$BOXCTL_NAME-*"; pgrep -f -- "-M $BOXCTL_NAME-")" ""

# --- G2, G4: maps that must not be -----------------------------------------------------------
for range in 0:65536 0:1 1:0 65535:0 4294967295 4294901760:65536 4294967294:2 -1 -1:1 1000:-1 1e5 0x80000 \
    524288:4294967295 524288:16777217 '524288:' ':65536' '' ' 524288' 524288:65536:1 99999999999999999999; do
    # "--private-users=" as such is the same as the option alone; the machine must be refused or apart
    got=$(RUN --private-users="$range" "$R" -- /bin/cat /proc/self/uid_map 2>/dev/null)
    is "G2 --private-users='$range' is refused, or maps nothing of the host's" "$(faults <<<"$got" | grep -v ': $')" ""
    case $range in '') ;; *) is "G4 and it is no map of ours" "$got" "" ;; esac
done
is "G2 a range by number is what was asked for" \
    "$(RUN --private-users=1879048192:65536 "$R" -- /bin/cat /proc/self/uid_map | tr -s ' ')" " 0 1879048192 65536"
passwd_id=$(awk -F: '$3 >= 1000 && $3 < 60000 { print $3; exit }' /etc/passwd)
if [ -n "$passwd_id" ]; then
    lacks "G2 a range with a user of the host in it is refused" STARTED \
        "$(RUN --private-users="$((passwd_id - 1)):100" "$R" -- /bin/echo STARTED 2>&1)"
else
    skip "G2 a range with a user of the host in it" "the host has no such user"
fi
subuid=$(awk -F: '$1 != "root" && $2 > 0 { print $2; exit }' /etc/subuid 2>/dev/null)
if [ -n "$subuid" ]; then
    lacks "G2 a range of a user's subordinate ids is refused" STARTED \
        "$(RUN --private-users="$subuid" "$R" -- /bin/echo STARTED 2>&1)"
fi
for mode in no identity 0; do # 0 as in "no"
    like "G2 --private-users=$mode says that it is no boundary" \
        "$(timeout 30 "$BOXCTL" boot --dry-run -M "$BOXCTL_NAME" --private-users=$mode "$R" 2>&1)" "privileged|no boundary"
done

# --- G3: ownership of the tree ---------------------------------------------------------------
ln "$H/secret" "$R/hardlink"
canary_before=$(canary_state)
owners() { find "$R" "$H" -printf '%p %U %G %m\n' | sort | sha256sum; }
before=$(owners)
mkdir "$R/swap" && ln -s "$H" "$R/swap.link"
chown 1000:1000 "$R/swap"
"$PROBES/swap-attacker" "$R/swap" "$R/swap.link" 2 >/dev/null &
for ((i = 0; i < 10; i++)); do RUN "$R" -- /bin/true; done
wait $!
[ -L "$R/swap" ] && rm "$R/swap" && mv "$R/swap.link" "$R/swap"
is "G3 a directory of the tree has its owner" "$(stat -c %u:%g "$R/swap")" 1000:1000
rm -rf "$R/swap" "$R/swap.link"
is "G3 no owner and no mode changes by starting, behind a hard link neither" "$(owners)" "$before"
is "G3 inside, the tree's root is root" "$(RUN "$R" -- /bin/stat -c %u /bin/busybox)" 0
lacks "G3 a file of the host's root behind a hard link is the tree's: as the tree has it, not more" READ \
    "$(RUN -u nobody "$R" -- /bin/sh -c 'cat /hardlink && echo READ' 2>/dev/null)"
canary_is_whole "G3 the canary tree is whole"
chown -R 100000:100000 "$R/hardlink"
canary_bites "G3 a launcher that gives the tree to the box takes the host's file along"
rm -f "$R/hardlink"

# --- G5: groups ------------------------------------------------------------------------------
is "G5 inside another user namespace groups cannot be dropped" \
    "$(RUN "$R" -- /usr/bin/unshare -Ur /bin/cat /proc/self/setgroups)" deny
like "G5 a user of the box has the groups of its passwd" "$(RUN -u nobody "$R" -- /usr/bin/id)" 'uid=65534[^ ]* gid=65534[^ ]*( groups=65534[^ ]*)?$'
done_testing
