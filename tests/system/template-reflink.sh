#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# --template and --ephemeral on file systems where files can share their blocks. Each is in a file,
# mounted where only this test sees it, and too small for two copies of what the tree holds.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

if [ -z "${REFLINK_INSIDE-}" ]; then
    REFLINK_INSIDE=$(tmpdir) unshare -m --propagation=slave "$0"
    exit
fi
work=$REFLINK_INSIDE
root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }

# file_system KIND: an empty one at $work/KIND
file_system() {
    local image=$work/$1.image
    truncate -s 320M "$image"
    "mkfs.$1" -q "$image" >/dev/null 2>&1 && mkdir "$work/$1" && mount -o loop "$image" "$work/$1" 2>/dev/null
}
# Nobody's but root's: what others can enter is worth a note.
try_on() {
    local at=$work/$1
    chmod 0700 "$at"
    mkdir "$at/template"
    cp -a "$root/." "$at/template"
    dd if=/dev/zero of="$at/template/big" bs=1M count=180 status=none
    run_copy() { "$BOXCTL" run -q --template="$at/template" "$at/copy" "$@" </dev/null 2>&1; }
    not_ok "$1: control: no room for a second copy of its bytes" cp --reflink=never "$at/template/big" "$at/second"
    rm -f "$at/second"
    is "$1: a template's files share their blocks with the copy's" "$(run_copy sh -c 'wc -c </big')" $((180 << 20))
    ok "$1: ... whole" cmp "$at/template/big" "$at/copy/big"
    is "$1: ... what is written there" "$(run_copy sh -c 'echo new | dd of=/big conv=notrunc status=none; head -n 1 /big')" new
    is "$1: ... is not the template's" "$(head -c 3 "$at/template/big" | od -An -tx1)" " 00 00 00"
    is "$1: --ephemeral copies what is changed, and forgets it" \
        "$("$BOXCTL" run -q -x "$at/copy" sh -c 'echo >>/etc/motd && rm /big && ls / | grep -c big' </dev/null 2>&1; ls "$at/copy/big")" \
        "0
$at/copy/big"
    umount "$at"
}

for kind in xfs btrfs; do
    if ! command -v "mkfs.$kind" >/dev/null; then
        skip "$kind" "mkfs.$kind is not installed (Debian: xfsprogs, btrfs-progs)"
    elif ! file_system "$kind"; then
        skip "$kind" "no loop device, or a kernel without $kind"
    else
        try_on "$kind"
    fi
done
done_testing
