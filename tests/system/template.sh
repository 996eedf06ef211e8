#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317
# --template: a root that begins as a copy.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
template=$work/template
copy_root "$root" "$template"
cd "$template" || exit 1
install -o 1234 -g 4321 -m 4755 /dev/null suid
mknod -m 0640 device c 1 3
mkfifo -m 0611 fifo
truncate -s 50M sparse
ln suid etc/second-name
ln -s /nowhere link
python3 - <<'PYTHON'
import os, struct
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in (
    (1, 7, 0xffffffff), (2, 5, 77), (4, 5, 0xffffffff), (8, 6, 78), (16, 7, 0xffffffff), (32, 5, 0xffffffff)))
cap = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)  # net_raw, effective
os.setxattr("suid", "user.note", b"hello")
os.setxattr("etc", "trusted.note", b"root")
os.setxattr("etc", "system.posix_acl_access", acl)
os.setxattr("etc", "system.posix_acl_default", acl)
os.setxattr("bin/busybox", "security.capability", cap)
PYTHON
touch -d @1000000000.123456789 fifo etc
cd "$SRC" || exit 1

run_new() { "$BOXCTL" run -q --template="$template" "$@" </dev/null 2>&1; }
hidden() { find "$work" -name '.#*'; }

is "the copy is made and started" "$(run_new "$work/one" cat /etc/alpine-release)" "$(cat "$template/etc/alpine-release")"
# What the start itself makes in a tree is left out: resolv.conf, mount points.
listing() {
    (cd "$1" && find . -path ./dev -o -path ./run -o -path ./proc -o -path ./sys -o -path ./tmp -o \
        \( ! -path . ! -path ./etc -printf '%p %y %m %U %G %n %s %l %T@ \n' \) | sed '/^[^ ]* d /s/ [0-9]* [0-9.]* $//' | sort)
}
is "names, types, modes, owners, links, sizes and times are the template's" \
    "$(diff <(listing "$template") <(listing "$work/one"))" ""
is "... device numbers" "$(stat -c '%t:%T' "$work/one/device")" 1:3
ok "... holes" test "$(stat -c %b "$work/one/sparse")" -lt 1000
ok "... hard links" test "$work/one/suid" -ef "$work/one/etc/second-name"
attributes() {
    python3 - "$1" <<'PYTHON'
import os, sys
for name in ("suid", "etc", "bin/busybox"):
    path = f"{sys.argv[1]}/{name}"
    for attribute in sorted(os.listxattr(path)):
        print(name, attribute, os.getxattr(path, attribute).hex())
PYTHON
}
is "... extended attributes, ACLs and capabilities of files" "$(attributes "$work/one")" "$(attributes "$template")"
is "control: there are some" "$(attributes "$template" | wc -l)" 5
touch "$work/one/mine" "$template/later"
is "a root that is there is left as it is" "$(run_new "$work/one" ls /mine /later)" \
    $'ls: /later: No such file or directory\n/mine'
is "nothing else is left beside it" "$(hidden)" ""

like "--dry-run makes nothing" "$("$BOXCTL" run --dry-run --template="$template" "$work/none" true 2>&1 </dev/null)" \
    "'$work/none' would be made first; .*machine +none.*root +$template"
ok "... indeed" test ! -e "$work/none"
is "a template that is not there" "$("$BOXCTL" run -q --template="$work/nope" "$work/none" true 2>&1)" \
    "boxctl: template: root '$work/nope' does not exist"
like "a place that is not there" "$(run_new "$work/no/place" true)" \
    "make '$work/no/place' from its template: open '$work/no': No such file or directory"
name=$(box_name template)
start_box "$name" run "$template" -q -- sleep 1000
is "a template that a box writes to" "$(run_new "$work/none" true)" \
    "boxctl: template: it is in use by a box that writes to it; stop that box first"
"$BOXCTL" kill "$name"
ok "... leaves nothing" test ! -e "$work/none"

mkdir "$work/small"
small() { unshare -m sh -c 'mount -t tmpfs -o size=1m x "$1" && "$2" run -q --template="$3" "$1/new" true; ls -A "$1"' \
    sh "$work/small" "$BOXCTL" "$template" 2>&1 </dev/null; }
like "a full disk leaves nothing but the message" "$(small)" \
    "^boxctl: make '$work/small/new' from its template: copy '[^']*': [^
]*No space left on device\$"

# Enough files that a kill comes in the middle.
big=$work/big
mkdir "$big" && cp -a --reflink=auto "$template/." "$big"
python3 - "$big" <<'PYTHON'
import os, sys
for folder in range(200):
    path = f"{sys.argv[1]}/d{folder}"
    os.mkdir(path)
    for name in range(200):
        os.close(os.open(f"{path}/{name}", os.O_CREAT | os.O_WRONLY))
PYTHON
none_hidden() { [ -z "$(hidden)" ]; }
some_hidden() { ! none_hidden; }
for signal in KILL TERM; do
    "$BOXCTL" run -q --template="$big" "$work/killed" true </dev/null >/dev/null 2>&1 &
    boxctl=$!
    wait_for some_hidden
    kill "-$signal" "$boxctl"
    wait "$boxctl"
    wait_for none_hidden
    ok "SIG$signal in the middle leaves nothing" test ! -e "$work/killed"
done

mkdir "$work/.#again.box-0123456789abcdef" "$work/.#again.box-held"
exec 7<"$work/.#again.box-held"
flock 7
run_new "$work/again" true
is "what a power cut left is removed, but not what another start makes" "$(hidden)" "$work/.#again.box-held"
exec 7<&-
rmdir "$work/.#again.box-held"

(run_new "$work/both" true) & (run_new "$work/both" true) & wait
is "two starts at once leave one tree" "$(cat "$work/both/etc/alpine-release"; hidden)" "$(cat "$template/etc/alpine-release")"
done_testing
