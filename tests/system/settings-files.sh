#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317
# Files of settings: where they are found, what they may, what the box is like then.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

tree=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
name=$(box_name files)
copy_root "$tree" "$work/$name"
root=$work/$name
beside=$root.nspawn
trusted=/run/systemd/nspawn/$name.nspawn
own=/run/boxctl.d/$name.box
made=()
for directory in /run/systemd /run/systemd/nspawn /run/boxctl.d "$own.d"; do
    [ -d "$directory" ] || { mkdir "$directory" && made=("$directory" "${made[@]}"); }
done
clear_files() {
    rm -f "$trusted" "$own" "$beside" "$own.d"/*.box
    [ "${#made[@]}" = 0 ] || rmdir "${made[@]}"
}
at_exit clear_files

# Whether others can reach the tree is not what this is about.
run_files() {
    local status
    "$BOXCTL" run "$root" "$@" </dev/null 2>"$work/err"
    status=$?
    sed -i '/can run set-user-id programs/d' "$work/err"
    return "$status"
}
hostname_of() { run_files "$@" -- hostname; }

is "without a file nothing is said" "$(hostname_of):$(cat "$work/err")" "$name:"
: >"$beside"
is "an empty file changes nothing" "$(hostname_of):$(cat "$work/err")" "$name:"

printf '[Exec]\nHostname=beside\nEnvironment=GREETING="two words"\nDropCapability=CAP_CHOWN\n' >"$beside"
is "a file beside the tree is read" "$(hostname_of)" beside
is "variables with blanks arrive" "$(run_files -- sh -c 'echo "$GREETING"')" "two words"
not_ok "what it takes away is gone" run_files -- chown 1:1 /tmp
ok "control: without it it is there" run_files --settings=no -- chown 1:1 /tmp
is "an option wins" "$(hostname_of --hostname=option)" option
is "... unless the files are to override" "$(hostname_of --hostname=option --settings=override)" beside
is "--settings=no leaves it out" "$(hostname_of --settings=no)" "$name"

# Every key that opens the host, from a file that came with the image.
echo secret >"$work/secret"
cat >"$beside" <<END
[Exec]
Capability=all
PrivateUsers=no
Ephemeral=yes
MachineID=00112233445566778899aabbccddeeff
LimitNOFILE=77:77
[Files]
Bind=$work:/stolen
BindReadOnly=/etc:/stolen-ro
TemporaryFileSystem=/stolen-tmp
Overlay=/etc:/tmp/x:/stolen-overlay
OverlayReadOnly=/etc:/stolen-overlay-ro
Inaccessible=/etc/passwd
[Network]
Private=no
VirtualEthernet=yes
[X-Boxctl]
Share=ipc,uts,time,cgroup
Property=TasksMax=1
KeepUnit=yes
Console=pipe
END
# shellcheck disable=SC2016 # for the shell in the box
look='grep CapBnd /proc/self/status; cat /proc/self/uid_map; ulimit -n; ls -d /stolen* 2>&1; wc -l </etc/passwd
      readlink /proc/self/ns/net /proc/self/ns/ipc /proc/self/ns/uts /proc/self/ns/time; echo "$container_uuid"; ls /sys/class/net'
view() { sed "s/:\[[0-9]*\]//; s/^ *0 \+[0-9]\+/0 N/; s/[-0-9a-f]\{36\}/UUID/"; }
hostile=$(run_files -- sh -c "$look" | view)
is "a hostile file gains nothing" "$hostile" "$(run_files --settings=no -- sh -c "$look" | view)"
run_files -- true
is "... and each of its keys is told" "$(grep -c "boxctl: $beside:[0-9]*: '.*' is not taken from a file beside the tree" "$work/err")" 17
like "control: --settings=trusted takes them" \
    "$(sed -i '/Private\|Property\|KeepUnit\|Overlay/d' "$beside"; run_files --settings=trusted -- sh -c 'ls /stolen; ulimit -n')" 'secret'

printf '[Files]\nBindReadOnly=%s:/shown\n[Exec]\nHostname=trusted\n' "$work/secret" >"$trusted"
is "a file of the administrator wins over one beside the tree" "$(hostname_of)" trusted
is "... and may bind" "$(run_files -- cat /shown)" secret
printf '[Exec]\nHostname=box\n' >"$own"
is "a .box file adds to it" "$(hostname_of):$(run_files -- cat /shown)" box:secret
printf '[X-Boxctl]\nShare=time\n[Exec]\nHostname=drop-in\n' >"$own.d/10-x.box"
is "and a drop-in to that" "$(hostname_of)" drop-in
like "--dry-run tells the file and the line of a value" "$("$BOXCTL" run --dry-run "$root" </dev/null)" \
    "setting    hostname = drop-in  # $own.d/10-x.box:4"
like "... and of a mount" "$("$BOXCTL" run --dry-run "$root" </dev/null)" "mount .*/shown .*# $trusted:2"

printf '[Exec]\nHostnam=x\n' >"$trusted"
run_files -- true
is "an unknown key is told with the nearest" "$(cat "$work/err")" \
    "boxctl: $trusted:2: unknown key 'Hostnam' in [Exec], ignored; did you mean 'Hostname'?"
printf '[Files]\n\nBind=/nonexistent:/x\n' >"$trusted"
not_ok "a source that is missing ends the start" run_files -- true
like "... with the line that wants it" "$(cat "$work/err")" "$trusted:3"
printf '[Files]\nBind=rel\n' >"$trusted"
run_files -- true
is "a wrong value ends it" "$?:$(cat "$work/err")" "125:boxctl: $trusted:2: Bind: source 'rel' is not absolute"

rm -f "$trusted" "$own" "$own.d"/*.box "$beside"
ln -s "$work/secret" "$beside"
run_files -- true
is "a link beside the tree is not followed" "$?:$(cat "$work/err")" \
    "125:boxctl: settings '$beside' is not a regular file; leave it out with --settings=no"
done_testing
