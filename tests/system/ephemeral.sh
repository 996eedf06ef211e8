#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# Booted boxes that forget: --ephemeral and --volatile with an init, several on one tree.
# shellcheck disable=SC2154 # start_box sets box_pid and box_leader
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
said=$(tmpdir)
mkdir "$root/said" # else the mount point would be made, also in a tree that stays as it is
cat >"$root/etc/inittab" <<'E'
::wait:/bin/sh /etc/work
E
cat >"$root/etc/work" <<'E'
try() { if "$@" 2>/dev/null; then echo yes; else echo no; fi; }
{
    echo "root=$(try touch /new)"
    echo "etc=$(try sh -c 'echo other >/etc/motd')"
    echo "removed=$(try rm -f /etc/issue)"
    echo "var=$(try touch /var/new)"
    echo "owner=$(stat -c %u:%g /etc/passwd)"
    echo "chown=$(try chown 7:8 /etc/shadow)"
    echo "mode=$(stat -c %a /)"
    echo "id=$(cat /etc/machine-id 2>/dev/null)"
} >"/said/$(hostname).new"
mv "/said/$(hostname).new" "/said/$(hostname)"
E
state() { (cd "$root" && find . -printf '%p %u %g %m %s %T@\n' | sort | cksum); }
boot() { # NAME ARGS...
    start_box "$1" boot "$root" --bind="$said:/said" "${@:2}" && wait_for test -e "$said/$1" && read_facts "$said/$1"
}
off() {
    kill -TERM "$box_pid"
    wait "$box_pid"
}
before=$(state)
for how in --ephemeral --volatile=overlay; do
    name=$(box_name "${how##*[-=]}")
    boot "$name" "$how"
    is "$how: boots" $? 0
    is "$how: all of it can be changed" "${fact[root]} ${fact[etc]} ${fact[removed]} ${fact[var]} ${fact[chown]}" "yes yes yes yes yes"
    is "$how: files belong to whom they belong in the tree" "${fact[owner]}" 0:0
    is "$how: / keeps its mode" "${fact[mode]}" "$(stat -c %a "$root")"
    off
    is "$how: powers off" $? 0
    is "$how: the tree is as before" "$(state)" "$before"
done
name=$(box_name state)
boot "$name" --volatile=state
is "--volatile=state: boots" $? 0
is "--volatile=state: only /var can be changed" "${fact[root]} ${fact[etc]} ${fact[removed]} ${fact[var]}" "no no no yes"
off
is "--volatile=state: the tree is as before" "$(state)" "$before"
name=$(box_name ro)
boot "$name" --read-only
is "--read-only: boots" $? 0
is "--read-only: nothing can be changed" "${fact[root]} ${fact[etc]} ${fact[removed]} ${fact[var]}" "no no no no"
off
is "--read-only: the tree is as before" "$(state)" "$before"

# several on one tree
echo 11112222333344445555666677778888 >"$root/etc/machine-id"
before=$(state)
pids=()
for number in 1 2 3; do
    boot "$(box_name "many$number")" -x
    is "box $number on the same tree boots" $? 0
    pids+=("$box_pid")
done
kill -TERM "${pids[@]}"
for pid in "${pids[@]}"; do
    wait "$pid"
    is "and powers off" $? 0
done
is "the tree is as before" "$(state)" "$before"
names=$(for _ in 1 2; do "$BOXCTL" boot -x --dry-run "$root" </dev/null | sed -n 's/^machine *\([^ ]*\) .*/\1/p'; done)
like "copies get names and ids of their own" "$names" '^alpine-[0-9a-f]{16}.alpine-[0-9a-f]{16}$'
is "different ones" "$(sort -u <<<"$names" | wc -l)" 2

# a real change, for contrast
name=$(box_name real)
boot "$name"
off
not_ok "control: without these options the tree changes" [ "$(state)" = "$before" ]
done_testing
