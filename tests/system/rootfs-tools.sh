#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# rootfs-tools: what they make, what they refuse, what hostile archives can reach.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "$0")/../lib/tap.sh"

tools=$SRC/rootfs-tools
t=$(tmpdir)

# refuses NAME WANTED-TEXT CMD...: fails with one line that holds the text, and leaves no work behind
refuses() {
    local name=$1 text=$2 status=0 output
    shift 2
    output=$("$@" 2>&1) || status=$?
    if [ "$status" != 0 ] && [ "$(wc -l <<<"$output")" = 1 ] && [[ $output == *"$text"* ]] &&
        [ -z "$(find "$t" -maxdepth 2 -name '*.partial.*')" ]; then
        tap_report yes "$name"
    else
        tap_report no "$name" "exit status: $status" "output: $output" "want: $text" \
            "left: $(find "$t" -maxdepth 2 -name '*.partial.*')"
    fi
}

# --- arguments and targets ---
mkdir "$t/full" && touch "$t/full/file"
touch "$t/plain"
mkdir "$t/elsewhere" && ln -s elsewhere "$t/link"
for tool in alpine busybox debian; do
    ok "$tool: --help explains" grep -q "usage: rootfs-tools/$tool DIR" <("$tools/$tool" --help)
    refuses "$tool: refuses a directory with something in it" "is not empty" "$tools/$tool" "$t/full"
    refuses "$tool: refuses a file" "is not a directory" "$tools/$tool" "$t/plain"
    refuses "$tool: refuses a symbolic link" "is not a directory" "$tools/$tool" "$t/link"
    refuses "$tool: refuses an unknown option" "unknown option '--nope=1'" "$tools/$tool" --nope=1 "$t/new"
    refuses "$tool: refuses a missing DIR argument" "which directory" "$tools/$tool"
    refuses "$tool: refuses a second DIR" "one directory" "$tools/$tool" "$t/new" "$t/new2"
    refuses "$tool: refuses a DIR without a parent" "no directory" "$tools/$tool" "$t/no/such/dir"
done
is "the refused targets are as they were" \
    "$(cd "$t" && find full plain link elsewhere | sort | tr '\n' ' ')" "elsewhere full full/file link plain "
refuses "debian: refuses an unknown init" "unknown init" "$tools/debian" --init=upstart "$t/new"
refuses "debian: refuses a suite that is no name" "not the name of a suite" "$tools/debian" --suite=../x "$t/new"
refuses "debian: refuses a package that is no name" "not a list of packages" "$tools/debian" --include=login,-x "$t/new"
refuses "busybox: refuses a binary that is not there" "is not there" env BUSYBOX="$t/none" "$tools/busybox" "$t/new"
refuses "busybox: refuses a dynamic binary" "static" env BUSYBOX=/bin/ls "$tools/busybox" "$t/new"

# --- busybox ---
if bb=$(busybox_root); then
    ok "busybox: init is busybox" test "$(readlink "$bb/sbin/init")" = /bin/busybox
    ok "busybox: its applets are in the PATH" \
        chroot "$bb" /bin/sh -c 'command -v poweroff && command -v reboot && command -v halt && command -v getty && command -v login'
    ok "busybox: the console has a login" grep -q 'getty.* console' "$bb/etc/inittab"
    ok "busybox: root has no password" grep -q '^root::0:0:' "$bb/etc/passwd"
    ok "busybox: says what it is" grep -q '^ID=busybox' "$bb/etc/os-release"
    is "busybox: no broken link" "$(chroot "$bb" /bin/busybox find / -xdev -type l ! -exec /bin/busybox test -e {} \; -print)" ""
    mkdir "$t/empty"
    ok "busybox: an empty directory will do" "$tools/busybox" "$t/empty"
    ok "busybox: the empty directory was filled" test -x "$t/empty/bin/busybox"
    is "busybox: DIR has mode 755" "$(stat -c %a "$t/empty")" 755
else
    skip "busybox: the tree" "busybox-static is not installed"
fi

# --- alpine: the real archive ---
archive=$(alpine_tarball)
if [ -n "$archive" ] || alpine=$(alpine_root 2>/dev/null); then
    ok "alpine: the tree is made" alpine_root
    alpine=$(alpine_root)
    ok "alpine: it is Alpine" grep -q '^ID=alpine' "$alpine/etc/os-release"
    ok "alpine: its shell runs" chroot "$alpine" /bin/true
    is "alpine: owners are those of the archive" "$(stat -c %u:%g:%a "$alpine/etc/shadow")" 0:42:640
    is "alpine: nothing was added" "$(ls "$alpine")" "$(printf '%s\n' bin dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var)"
else
    skip "alpine: the tree" "no archive: ALPINE_TARBALL is unset and the download failed"
fi
echo "not an archive" >"$t/bad.tar.gz"
refuses "alpine: a wrong hash stops before unpacking" "has the SHA-256" env ALPINE_TARBALL="$t/bad.tar.gz" "$tools/alpine" "$t/new"
refuses "alpine: a missing archive is named" "is not a file" env ALPINE_TARBALL="$t/none" "$tools/alpine" "$t/new"
not_ok "alpine: DIR is not made by a failed run" test -e "$t/new"

# --- alpine: hostile archives ---
# The victim is a directory of ours; each archive tries to change it, or to plant a device.
python3 - "$t" <<'P' || tap_report no "hostile archives are generated"
import io, os, sys, tarfile
top = sys.argv[1]; victim = top + "/victim"; os.makedirs(top + "/hostile")
def entry(name, kind=tarfile.REGTYPE, link="", data=b"pwned", mode=0o644):
    info = tarfile.TarInfo(name); info.type = kind; info.linkname = link; info.mode = mode
    info.devmajor, info.devminor = 1, 3
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    return info, io.BytesIO(data)
S, H, D, C, B = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE
cases = {
    "absolute-name": [entry(victim + "/absolute")],
    "dot-dot": [entry("../" * 20 + victim[1:] + "/dotdot")],
    "inner-dot-dot": [entry("a", D, mode=0o755), entry("a/" + "../" * 20 + victim[1:] + "/inner")],
    "write-through-symlink": [entry("x", S, victim), entry("x/through")],
    "write-through-relative-symlink": [entry("x", S, "../" * 20 + victim[1:]), entry("x/relative")],
    "write-through-two-symlinks": [entry("x", S, "/"), entry("y", S, "x" + victim), entry("y/two")],
    "overwrite-through-symlink": [entry("x", S, victim + "/file"), entry("x")],
    "hardlink-outside": [entry("x", H, victim + "/file"), entry("x", data=b"pwned by link")],
    "hardlink-through-symlink": [entry("d", S, victim), entry("x", H, "d/file"), entry("x")],
    "directory-over-symlink": [entry("x", S, victim), entry("x", D, mode=0o777), entry("x/dir")],
    "root-is-a-symlink": [entry("./", S, victim), entry("./rooted")],
    "chmod-through-symlink": [entry("x", S, victim), entry("x/.", D, mode=0o777)],
    "root-mode": [entry("./", D, mode=0o7777), entry("file")],
    "character-device": [entry("null", C, mode=0o666)],
    "block-device": [entry("disk", B, mode=0o666)],
}
for name, members in cases.items():
    with tarfile.open(f"{top}/hostile/{name}.tar.gz", "w:gz") as out:
        for info, data in members:
            out.addfile(info, data if info.size else None)
with open(f"{top}/hostile/truncated.tar.gz", "wb") as out:
    out.write(open(f"{top}/hostile/root-mode.tar.gz", "rb").read()[:-20])
P

fresh_victim() {
    rm -rf "$t/victim" && mkdir "$t/victim" && chmod 700 "$t/victim" && echo innocent >"$t/victim/file"
}
victim_state() { (cd "$t/victim" && find . -printf '%p %m %n %s\n' | sort && cat file); }
devices_in() { find "$1" \( -type b -o -type c \) -printf '%p '; }

fresh_victim
untouched=$(victim_state)
damaged=0
for tarball in "$t"/hostile/*.tar.gz; do
    name=$(basename "$tarball" .tar.gz)
    out=$t/out-$name
    fresh_victim
    ALPINE_TARBALL=$tarball ALPINE_SHA256=$(sha256sum <"$tarball" | cut -d' ' -f1) "$tools/alpine" "$out" >"$t/log" 2>&1
    status=$?
    is "hostile $name: nothing outside has changed" "$(victim_state)" "$untouched"
    if [ "$status" = 0 ]; then
        is "hostile $name: DIR is a plain directory without devices" \
            "$(stat -c '%F %a %u' "$out") $(devices_in "$out")" "directory 755 0 "
    else
        ok "hostile $name: refused, DIR is not there" test ! -e "$out" -a ! -L "$out"
    fi
    is "hostile $name: no work directory is left" "$(find "$t" -maxdepth 1 -name '*.partial.*')" ""

    # The control: the same archive does harm when unpacked without care.
    fresh_victim
    python3 - "$tarball" "$t/careless" >/dev/null 2>&1 <<'P'
import sys, tarfile
tarfile.TarFile.extraction_filter = staticmethod(lambda member, path: member)
archive = tarfile.open(sys.argv[1])
archive.errorlevel = 0
archive.extractall(sys.argv[2])
P
    if [ "$(victim_state)" != "$untouched" ] || [ -n "$(devices_in "$t/careless")" ]; then
        damaged=$((damaged + 1))
    else
        rm -rf "$t/careless"
        mkdir "$t/careless"
        tar -xzPpf "$tarball" -C "$t/careless" 2>/dev/null
        [ "$(victim_state)" = "$untouched" ] && [ -z "$(devices_in "$t/careless")" ] || damaged=$((damaged + 1))
    fi
    rm -rf "$t/careless"
done
ok "control: careless unpacking does harm with at least ten of them ($damaged did)" test "$damaged" -ge 10
for name in character-device block-device dot-dot truncated; do
    ok "hostile $name: is refused" test ! -e "$t/out-$name"
done

# --- interruption ---
# A zombie is gone too: whose child it has become decides when it is reaped.
# shellcheck disable=SC2317 # called by eventually
is_gone() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }
# A curl that never ends and tells when it runs: the tool is then in the middle of its work.
mkdir "$t/bin"
mkfifo "$t/started"
printf '#!/bin/sh\necho $$ >%s\nexec sleep 1000\n' "$t/started" >"$t/bin/curl"
chmod 755 "$t/bin/curl"
for signal in INT TERM HUP; do
    # python3 gives the tool a clean set of signals: bash starts background jobs with INT ignored
    env -u ALPINE_TARBALL PATH="$t/bin:$PATH" python3 -c '
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])' \
        "$tools/alpine" "$t/cut-$signal" 2>/dev/null &
    pid=$!
    read -r downloader <"$t/started"
    ok "SIG$signal: the run was under way" test -n "$(find "$t" -maxdepth 1 -name "cut-$signal.partial.*")"
    kill -s "$signal" "$pid"
    status=0
    wait "$pid" || status=$?
    is "SIG$signal: ends the run with 128 + its number" "$status" $((128 + $(kill -l "$signal")))
    is "SIG$signal: leaves nothing behind" "$(find "$t" -maxdepth 1 -name "cut-$signal*")" ""
    eventually "SIG$signal: ends the download too" is_gone "$downloader"
done

# --- debian ---
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
if ! command -v mmdebstrap >/dev/null; then
    skip "debian: the tree" "mmdebstrap is not installed"
elif ! deb=$(debian_root bookworm sysvinit 2>"$t/log"); then
    if curl -sfI --max-time 20 -o /dev/null "$mirror/dists/bookworm/InRelease"; then
        tap_report no "debian: the tree is made" "$(tail -n 20 "$t/log")"
    else
        skip "debian: the tree" "no Debian mirror is reachable"
    fi
else
    ok "debian: it is the suite that was asked for" grep -q '^VERSION_CODENAME=bookworm' "$deb/etc/os-release"
    ok "debian: the init is there" test -x "$deb/sbin/init"
    ok "debian: the console has a login" grep -q '^co:.*getty.* console' "$deb/etc/inittab"
    is "debian: the virtual terminals have none" "$(grep -c '^[1-6]:.*getty' "$deb/etc/inittab")" 0
    ok "debian: root has no password" grep -q '^root::' "$deb/etc/shadow"
    is "debian: machine-id is empty" "$(stat -c %s "$deb/etc/machine-id")" 0
    is "debian: nothing of the host's resolver" "$(ls "$deb/etc/resolv.conf" 2>/dev/null)" ""
fi

done_testing
