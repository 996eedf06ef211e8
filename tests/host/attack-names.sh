#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Row F1 of the attack table: a name that could become another unit's, or a path, is refused before
# anything is done about it.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh disable=SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/attack.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
names=(. .. .host a/b ../x /x -x --x x.service x.scope x.slice x.mount 'a\x2db' %i '$(x)' 'a b' 'a;b' 'a*' a..b a- -a a.-b
    "$(printf 'a%.0s' {1..65})" é '' $'a\nb' $'a\tb' $'a\eb' a@b a_b :1.1 system.slice init.scope)
# what a refused name may not lead to: a change of a file system, a process, a word to another process
calls=mkdir,mkdirat,rename,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,mknod,mknodat,mount,move_mount,connect,bind,sendto,sendmsg,clone,clone3,fork,kill,pidfd_send_signal

# deeds WORDS...: the exit status, then the forbidden calls; a script, to be called in the host many times
cat >"$tap_tmp/deeds" <<DEEDS
strace -f -qq -e signal=none -e trace=$calls -o /run/deeds boxctl "\$@" >/run/said 2>&1 </dev/null
echo "status \$?"
cut -c1-120 /run/deeds
DEEDS
deeds() { on sh "$tap_tmp/deeds" "$@"; }

# tempt NAME...: what a verb did with such a name, unless it just refused
tempt() {
    local name
    for name; do
        for verb in status stop reboot kill wait console cleanup; do
            refused "$verb" -- "$name"
        done
        refused shell "$name" true # what follows -- is its command
        refused boot --machine="$name" /var/lib/machines/good
        refused run --machine="$name" /var/lib/machines/good true
    done
}
refused() {
    local did
    did=$(sh "$tap_tmp/deeds" "$@")
    [ "$did" = 'status 125' ] && grep -qE 'machine name|unknown option' /run/said || printf '%s: %s, %s\n' "${*@Q}" "$did" "$(cat /run/said)"
}

check_names() {
    add_machine good "$alpine"
    is "F1 every verb refuses each of ${#names[@]} names at once" \
        "$(on bash -c "tap_tmp=$tap_tmp; $(declare -f tempt refused)"'; tempt "$@"' bash "${names[@]}")" ""
    is "F1 a directory of such a name is no machine's either" "$(on sh -c 'cp -a /var/lib/machines/good /var/lib/machines/x.service
        boxctl run /var/lib/machines/x.service true 2>&1')" \
        "boxctl: cannot make a machine name from '/var/lib/machines/x.service'; name it with --machine=NAME"
    finds "F1 a good name leads to deeds" '^[0-9]* *(mkdir|clone|connect)' "$(deeds run --machine=good-1.x /var/lib/machines/good true)"
    is "F1 nothing is left of all that" "$(on find /run/boxctl -mindepth 1 -not -name '.*' -not -path '*/.*/*')" ""
}

if host_up "$("$HOST_COMMAND" suites | sed -n 1p)"; then
    check_names
fi
done_testing
