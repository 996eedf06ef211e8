#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# boxctl run: bytes, user, directory, environment, mounts, network, privileges and limits by option.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_with_login) || { echo "Bail out! no Alpine tree"; exit 1; }
name=$(box_name run)
dir=$(tmpdir)

# in_box NAME WANT ARGS...: what the command prints, both streams, is WANT
in_box() {
    local about=$1 want=$2
    shift 2
    is "$about" "$(run_box -M "$name" "$@" 2>&1)" "$want"
}
sh_box() { # NAME WANT SCRIPT OPTIONS...
    local about=$1 want=$2 script=$3
    shift 3
    in_box "$about" "$want" "$@" "$root" -- sh -c "$script"
}

# --- standard streams -------------------------------------------------------------------------
head -c 1048576 /dev/urandom >"$dir/in"
"$BOXCTL" run --quiet -M "$name" "$root" -- cat <"$dir/in" >"$dir/out" 2>"$dir/err"
is "cat of a file ends well" $? 0
ok "1 MiB from a file to a file is exact" cmp "$dir/in" "$dir/out"
is "nothing on stderr" "$(cat "$dir/err")" ""
# shellcheck disable=SC2002 # a pipe is what is tested
cat "$dir/in" | "$BOXCTL" run --quiet -M "$name" "$root" -- cat | cat >"$dir/out"
ok "1 MiB through pipes is exact" cmp "$dir/in" "$dir/out"
"$BOXCTL" run --quiet -M "$name" "$root" -- sh -c 'echo out; echo err >&2' </dev/null >"$dir/out" 2>"$dir/err"
is "stdout stays stdout" "$(cat "$dir/out")" out
is "stderr stays stderr" "$(cat "$dir/err")" err
is "an early end of the reader does no harm" "$(run_box -M "$name" "$root" -- yes 2>/dev/null | head -n 2 | tr '\n' ' ')" "y y "
exec 9<"$dir/in"
in_box "descriptors of the caller do not get in (3 is ls's own)" "0 1 2 3" "$root" -- sh -c 'echo $(ls /proc/self/fd)'
exec 9<&-
# passed COUNT NAMES COMMAND...: with that file as descriptor 3, as for a service with a socket
passed() {
    # shellcheck disable=SC2016 # for the inner shell
    LISTEN_FDS=$1 LISTEN_FDNAMES=$2 sh -c 'shift 2; LISTEN_PID=$$ exec "$@"' - "$@" 3<"$dir/passed" 4<"$dir/in" </dev/null 2>&1
}
echo from outside >"$dir/passed"
# shellcheck disable=SC2016 # for the shell in the box
look='echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3; echo $(ls /proc/self/fd)' # the last is ls's own
is "what boxctl was passed is passed on" "$(passed 1 web "$BOXCTL" run -q -M "$name" "$root" -- sh -c "$look")" \
    $'1 1 web\nfrom outside\n0 1 2 3 4'
is "... but not what is kept for itself" "$(passed 2 web:boxctl-leader "$BOXCTL" run -q -M "$name" "$root" -- sh -c "$look")" \
    $'1 1 web\nfrom outside\n0 1 2 3 4'
is "... nor what was meant for somebody else" \
    "$(LISTEN_FDS=1 LISTEN_PID=1 run_box -M "$name" "$root" -- sh -c "$look" 3<"$dir/passed" 2>&1)" \
    $'\nsh: 3: Bad file descriptor\n0 1 2 3'
# shellcheck disable=SC2016 # for the inner shell
is "... nor a way out" \
    "$(LISTEN_FDS=1 sh -c 'LISTEN_PID=$$ exec "$@"' - "$BOXCTL" run -q -M "$name" "$root" -- true 3<"$dir" </dev/null 2>&1)" \
    "boxctl: passed descriptor 3 is a directory of the host, which leads out of the box"
is "without a command it is a login shell, that reads stdin" "$(echo 'echo $0; pwd' | "$BOXCTL" run -q -M "$name" "$root" 2>&1)" $'-sh\n/root'

# --- process ----------------------------------------------------------------------------------
sh_box "directory is / at first" / pwd
sh_box "--chdir" /etc/apk pwd --chdir=/etc/apk
sh_box "--chdir to what does not exist" "boxctl: --chdir: open '/nowhere': No such file or directory" pwd --chdir=/nowhere
sh_box "-E NAME=VALUE" "a b" 'echo "$ONE $TWO"' -E ONE=a --setenv=TWO=b
sh_box "-E replaces what boxctl sets" /x 'echo $HOME' -E HOME=/x
PASSED=on sh_box "-E NAME takes the caller's value" on 'echo $PASSED' -E PASSED
sh_box "--user by name" "guest 405 100 /dev/null" 'echo $(id -un) $(id -u) $(id -g) $HOME' --user=guest
sh_box "--user by number" "405 100" 'echo $(id -u) $(id -g)' --user=405
sh_box "--user by a number nobody has" "4242" 'id -u' --user=4242
sh_box "--user has no capabilities" 0000000000000000 "sed -n 's/^CapEff:\t//p' /proc/self/status" --user=guest
sh_box "--user gets its groups and no others" "100(users)" 'id -G | tr " " "\n" | sort -u | sed s/100/100\(users\)/' --user=guest
like "--user unknown in the tree" "$(run_box --user=nosuch "$root" -- true 2>&1)" "^boxctl: .*'nosuch'"
sh_box "--hostname" other hostname --hostname=other
sh_box "--uuid is container_uuid" 11223344-5566-7788-9900-aabbccddeeff 'echo $container_uuid' --uuid=11223344556677889900aabbccddeeff

# --- the tree ---------------------------------------------------------------------------------
tree=$dir/tree
copy_root "$root" "$tree"
touch "$tree/kept" "$tree/var/kept"
state() { (cd "$tree" && find . -printf '%p %u %g %m %s %T@\n' | sort | cksum); }
before=$(state)
sh_tree() { # NAME WANT SCRIPT OPTIONS...
    local about=$1 want=$2 script=$3
    shift 3
    in_box "$about" "$want" "$@" "$tree" -- sh -c "$script"
}
sh_tree "--read-only" "ro 1 1" 'touch /new 2>/dev/null; a=$?; touch /etc/new 2>/dev/null; echo ro $a $?' --read-only
sh_tree "--read-only leaves /tmp and /run writable" ok 'touch /tmp/x /run/x && echo ok' --read-only
sh_tree "--ephemeral is writable" "yes gone" 'echo yes >/new; rm /kept; cat /new | tr "\n" " "; [ -e /kept ] || echo gone' --ephemeral
sh_tree "-x is the same" yes 'echo yes >/etc/motd; cat /etc/motd' -x
sh_tree "--volatile=overlay" yes 'echo yes >/etc/motd; cat /etc/motd' --volatile=overlay
sh_tree "--volatile=state: / read-only, /var empty and writable" "1 0 var" 'touch /new 2>/dev/null; a=$?; touch /var/new; echo $a $? $(ls /var | sed s/new/var/)' --volatile=state
is "none of these changed the tree" "$(state)" "$before"
like "--volatile=yes needs everything below /usr" "$(run_box --volatile=yes "$tree" -- true 2>&1)" '--volatile=yes takes only /usr'
merged=$dir/merged
mkdir -p "$merged/usr" "$merged/etc"
cp -a "$root/bin" "$root/sbin" "$root/lib" "$merged/usr/"
cp -a "$root/usr/bin/." "$merged/usr/bin/"
cp -a "$root/etc/passwd" "$root/etc/group" "$merged/etc/"
ln -s usr/bin usr/sbin usr/lib "$merged/"
in_box "--volatile=yes: only /usr, the rest is a tmpfs" "tmpfs none ro" --volatile=yes "$merged" -- \
    sh -c 'touch /new /etc/new && echo $(awk "\$5 == \"/\" { print \$(NF-2) }" /proc/1/mountinfo) $(cat /etc/passwd 2>/dev/null || echo none) $(touch /usr/new 2>/dev/null || echo ro)'
is "--volatile=yes leaves the tree alone" "$(find "$merged" -name new)" ""
sh_tree "without options changes stay" 0 'echo yes >/new; chown 5:6 /new; echo $?'
is "and belong on disk to the ids that the box sees" "$(stat -c %u:%g "$tree/new")" 5:6
rm "$tree/new"

# --- mounts -----------------------------------------------------------------------------------
mkdir "$dir/a" "$dir/b" "$dir/a:c" "$dir/upper"
echo one >"$dir/a/file"
echo two >"$dir/b/file"
echo colon >"$dir/a:c/file"
sh_box "--bind: contents and root's own files" "one 0:0 0" 'echo $(cat /x/file) $(stat -c %u:%g /x/file) $(touch /x/made; echo $?)' --bind="$dir/a:/x"
is "what it makes there is the host root's" "$(stat -c %u:%g "$dir/a/made")" 0:0
sh_box "--bind by the same path" one "cat $dir/a/file" --bind="$dir/a"
sh_box "--bind-ro" "one 1" 'echo $(cat /x/file) $(touch /x/new 2>/dev/null; echo $?)' --bind-ro="$dir/a:/x"
sh_box "--bind of a file" "two" 'cat /etc/motd' --bind="$dir/b/file:/etc/motd"
sh_box "--bind with an escaped colon" colon 'cat /x/file' --bind="$dir/a\\:c:/x"
sh_box "--bind from inside the tree" "root" 'cut -d: -f1 /x/passwd | head -n 1' --bind=+/etc:/x
sh_box "--bind without id map shows nobody" 65534:65534 'stat -c %u:%g /x/file' --bind="$dir/a:/x:noidmap"
mkdir "$dir/owned"
echo x >"$dir/owned/file"
chown 1234:1234 "$dir/owned/file"
chown 1000:1001 "$dir/owned"
sh_box "--bind with rootidmap: the owner is root, others are nobody" "0:0 65534:65534 0" \
    'echo $(stat -c %u:%g /x /x/file) $(touch /x/new; echo $?)' --bind="$dir/owned:/x:rootidmap"
is "... and root's files are the owner's" "$(stat -c %u:%g "$dir/owned/new")" 1000:1001
mkdir "$root/mine"
chown 13:14 "$root/mine"
sh_box "--bind with owneridmap: the owner is the destination's" "13:14 65534:65534" \
    'echo $(stat -c %u:%g /mine /mine/file)' --bind="$dir/owned:/mine:owneridmap"
sh_box "--bind with ids of its own" "8:65534 33:33 0" \
    'echo $(stat -c %u:%g /x /x/file) $(chown 34:33 /x/file; echo $?)' --bind="$dir/owned:/x:map=1000/8,map=1234/33/2"
is "... both ways" "$(stat -c %u:%g "$dir/owned/file")" 1235:1234
sh_box "control: without a map of its own" "1000:1001" 'stat -c %u:%g /x' --bind="$dir/owned:/x"
sh_box "a bind is not a way to devices" nodev 'grep " /x " /proc/1/mountinfo | grep -o nodev' --bind="$dir/a:/x"
sh_box "--tmpfs" "tmpfs 755 0:0 0" 'echo $(stat -f -c %T /x) $(stat -c "%a %u:%g" /x) $(ls /x | wc -l)' --tmpfs=/x
sh_box "--tmpfs with options" "1777 size=1024k" 'echo $(stat -c %a /x) $(grep " /x " /proc/1/mountinfo | grep -o size=[0-9k]*)' --tmpfs=/x:mode=1777,size=1m
sh_box "--overlay" "one up" 'echo up >/x/new; echo $(cat /x/file /x/new)' --overlay="$dir/a:$dir/upper:/x"
is "the upper directory gets what was written, as the host root's" "$(cat "$dir/upper/new") $(stat -c %u:%g "$dir/upper/new")" "up 0:0"
is "the lower one does not" "$(ls "$dir/a")" $'file\nmade'
sh_box "--overlay-ro: the last layer is the top one" "two 1" 'echo $(cat /x/file) $(touch /x/new 2>/dev/null; echo $?)' --overlay-ro="$dir/a:$dir/b:/x"
sh_box "--inaccessible file" "regular empty file 0" 'stat -c "%F %a" /etc/passwd' --inaccessible=/etc/passwd
sh_box "--inaccessible directory" "directory 0 0" 'echo $(stat -c "%F %a" /etc/apk) $(ls /etc/apk | wc -l)' --inaccessible=/etc/apk
sh_box "it cannot be uncovered" 1 'umount /etc/passwd 2>/dev/null; echo $?' --inaccessible=/etc/passwd
sh_box "a bind in a bind, whatever the order of options" two 'cat /x/sub/file' --bind="$dir/b:/x/sub" --tmpfs=/x

mkdir "$root/deploy" "$root/deploy/1"
for name_in_tree in bin sbin lib usr etc proc sys dev run tmp var root; do
    cp -a "$root/$name_in_tree" "$root/deploy/1/" 2>/dev/null
done
echo "in the new root" >"$root/deploy/1/mark"
echo "in the old root" >"$root/mark"
ln -s / "$root/deploy/out"
sh_box "--pivot-root: a directory of the tree is the root" "in the new root none" 'echo $(cat /mark) $(cat /deploy/1/mark 2>/dev/null || echo none)' \
    --pivot-root=/deploy/1
sh_box "... and the tree is where it is wanted, with the same owners" "in the old root in the new root 0:0" \
    'echo $(cat /sysroot/mark /sysroot/deploy/1/mark) $(stat -c %u:%g /sysroot/mark)' --pivot-root=/deploy/1:/sysroot
sh_box "... a link does not lead out of the tree" "in the old root" 'cat /mark' --pivot-root=/deploy/out
sh_box "... a directory that is not there" "boxctl: --pivot-root: open '/deploy/2': No such file or directory" true --pivot-root=/deploy/2
rm -r "$root/deploy" "$root/mark"

# --- files that follow the host ---------------------------------------------------------------
wanted=$(cksum </etc/resolv.conf)
resolv() { in_box "--resolv-conf=$1" "$2" --resolv-conf="$1" -x "$tree" -- sh -c 'if [ -e /etc/resolv.conf ]; then cksum </etc/resolv.conf; else echo none; fi'; }
resolv off none
resolv copy-host "$wanted"
resolv replace-host "$wanted"
echo old >"$tree/etc/resolv.conf"
resolv bind-host "$wanted"
resolv off "$(cksum <"$tree/etc/resolv.conf")"
resolv delete none
rm "$tree/etc/resolv.conf"
sh_tree "private network: the host's name servers are no use" none '[ -e /etc/resolv.conf ] || echo none' -x
in_box "host network: they are copied" "$wanted" --private-network=no -x "$tree" -- sh -c 'cksum </etc/resolv.conf'
ln -sf /nowhere "$tree/etc/localtime"
in_box "--timezone=off" /nowhere --timezone=off -x "$tree" -- readlink /etc/localtime
in_box "--timezone=delete" none --timezone=delete -x "$tree" -- sh -c '[ -L /etc/localtime ] || echo none'
if [ -e /etc/localtime ]; then
    in_box "--timezone=copy" "$(cksum </etc/localtime)" --timezone=copy -x "$tree" -- sh -c 'cksum </etc/localtime'
else
    skip "--timezone=copy" "this host has no /etc/localtime"
fi

# --- network ----------------------------------------------------------------------------------
sh_box "--private-network=no: the host's links" "$(cd /sys/class/net && echo ./*)" 'cd /sys/class/net && echo ./*' --private-network=no
veth() { # NAME LINK ALTNAME
    run_box -M "$1" --network-veth --bind="$dir:/x" "$root" -- sh -c 'ip -o link >/x/links; while [ ! -e /x/go ]; do sleep 0.05; done' &
    wait_for test -s "$dir/links"
    like "the box has host0" "$(cat "$dir/links")" 'host0[@:]'
    ok "the host has $2" ip link show "$2"
    like "it is up" "$(ip -o link show "$2")" '[<,]UP[,>]'
    [ -z "$3" ] || ok "and by its whole name" ip link show "$3"
    touch "$dir/go"
    wait $!
    not_ok "$2 is gone with the box" ip link show "$2"
    rm -f "$dir/links" "$dir/go"
}
veth "tv$$" "ve-tv$$" ""
long=t-$$-longer-than-a-link
short=$("$BOXCTL" run -M "$long" --network-veth --dry-run "$root" -- true | sed -n 's/^network .*, \(ve-[^ ]*\) .*/\1/p')
like "a long name makes a short link" "$short" '^ve-.{6}_.{5}$'
veth "$long" "$short" "ve-$long"

# a tree without the file gets an empty one to bind over
rm -f "$root/etc/resolv.conf"
in_box "--resolv-conf=bind-host binds also where the tree has none" "$(cat /etc/resolv.conf)" --resolv-conf=bind-host "$root" -- cat /etc/resolv.conf
rm -f "$root/etc/resolv.conf"
like "a privileged box says so" "$("$BOXCTL" run -M "$name" --private-users=no "$root" -- true 2>&1)" 'privileged'
warnings() { "$BOXCTL" run -M "$name" "$@" "$root" -- true 2>&1 </dev/null | grep -c set-user-id; }
if findmnt -no OPTIONS -T "$root" | grep -qw nosuid; then
    skip "warning of set-user-id files" "the temporary directory is mounted nosuid"
else
    chmod 711 "$tap_tmp"
    is "a tree that others can enter is warned of, once" "$(warnings)" 1
    is "not when the box cannot write to it" "$(warnings --read-only)" 0
    chmod 700 "$tap_tmp"
    is "not when they cannot enter" "$(warnings)" 0
fi

# --- users ------------------------------------------------------------------------------------
map() { in_box "$1" "$2" "${@:3}" "$root" -- sh -c 'tr -s " " </proc/self/uid_map | sed "s/^ //"'; }
map "--private-users=no" "0 0 4294967295" --private-users=no
map "--private-users=identity" "0 0 65536" --private-users=identity
map "--private-users=BASE" "0 1879048192 65536" --private-users=1879048192
map "--private-users=BASE:COUNT" "0 1879048192 1000" --private-users=1879048192:1000
like "-U picks" "$(run_box -M "$name" -U "$root" -- cat /proc/self/uid_map)" ' 65536$'
like "a range of the host's own users is refused" "$(run_box --private-users=0:65536 "$root" -- true 2>&1)" '^boxctl: '

# --- privileges and limits --------------------------------------------------------------------
caps() { sh_box "$1" "$2" "sed -n 's/^CapBnd:\t//p' /proc/self/status" "${@:3}"; }
bounding=$(run_box -M "$name" "$root" -- sed -n 's/^CapBnd:\t//p' /proc/self/status)
mask() { printf '%016x' "$1"; }
caps "--drop-capability" "$(mask $((0x$bounding & ~(1 << 21))))" --drop-capability=CAP_SYS_ADMIN
caps "--drop-capability=all" 0000000000000000 --drop-capability=all
caps "--capability" "$(mask $((0x$bounding | 1 << 16)))" --capability=CAP_SYS_MODULE
sh_box "--no-new-privileges" 1 "sed -n 's/^NoNewPrivs:\t//p' /proc/self/status" --no-new-privileges=yes
sh_box "without it" 0 "sed -n 's/^NoNewPrivs:\t//p' /proc/self/status"
sh_box "--rlimit soft and hard" "100 200" 'echo $(ulimit -Sn) $(ulimit -Hn)' --rlimit=NOFILE=100:200
sh_box "--rlimit of both" "64 64" 'echo $(ulimit -Sn) $(ulimit -Hn)' --rlimit=RLIMIT_NOFILE=64
controllers=$(cat /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null)
if [[ " $controllers " == *" memory "* ]]; then
    sh_box "--property=MemoryMax" 67108864 'cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /proc/1/cgroup' --property=MemoryMax=64M
else
    like "--property where the host has no controller" "$(run_box --property=MemoryMax=64M "$root" -- true 2>&1)" '^boxctl: .*memory'
fi

# --- nothing is left --------------------------------------------------------------------------
before=$(own_traces)
for ((i = 0; i < 50; i++)); do
    "$BOXCTL" run --quiet -M "$name" "$root" -- /bin/true </dev/null || break
done
is "fifty boxes one after the other" "$i" 50
is "leave nothing on the host" "$(own_traces)" "$before"
done_testing
