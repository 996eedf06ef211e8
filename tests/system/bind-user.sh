#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# Users of the host in the box. The host's users are those of a passwd of this test's own, shown
# over the machine's in a mount namespace.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

if [ -z "${BIND_USER_INSIDE-}" ]; then
    work=$(tmpdir)
    export BIND_USER_INSIDE=$work
    cp /etc/passwd "$work/passwd"
    cp /etc/group "$work/group"
    cp /etc/shadow "$work/shadow"
    cat >>"$work/passwd" <<PASSWD
boxlee:x:54321:54322:Lee Box,Room 1:$work/home:/bin/ash
boxday:x:54323:100::$work/home:/bin/ash
boxsys:x:999:999::$work/home:/bin/ash
boxtop:x:54324:54324::/:/bin/ash
PASSWD
    printf 'boxlee:x:54322:\nboxsys:x:999:\nboxtop:x:54324:\n' >>"$work/group"
    echo 'boxlee:$y$j9T$hash:19000:0:99999:7:::' >>"$work/shadow"
    install -d -o 54321 -g 54322 -m 0700 "$work/home"
    install -o 54321 -g 54322 -m 0600 /dev/null "$work/home/mine"
    install -o 54399 -g 54399 -m 0644 /dev/null "$work/home/other"
    unshare -m --propagation=slave sh -c 'for file in passwd group shadow; do
        mount --bind "$0/$file" "/etc/$file" || exit 1; done; exec "$1"' "$work" "$0"
    exit
fi
home=$BIND_USER_INSIDE/home
root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
inside() { "$BOXCTL" run -q -x "${options[@]}" "$root" -- sh -c "$1" </dev/null 2>&1; }

options=(--bind-user=boxlee)
is "the user is in passwd, group and shadow of a tree without nss-systemd" \
    "$(inside 'grep boxlee /etc/passwd /etc/group /etc/shadow')" \
    '/etc/passwd:boxlee:x:60514:60514:Lee Box:/run/host/home/boxlee:/bin/sh
/etc/group:boxlee:x:60514:
/etc/shadow:boxlee:$y$j9T$hash:::::::'
is "... beside the tree's own" "$(inside 'id -u nobody')" 65534
is "the home's files are the user's, those of others nobody's" \
    "$(inside 'cd /run/host/home/boxlee && stat -c "%n %u %g" . mine other')" \
    $'. 60514 60514\nmine 60514 60514\nother 65534 65534'
options+=(--user=boxlee)
is "the user starts a command at once" "$(inside 'id -un; echo $HOME; cd; echo text >new && cat new')" \
    $'boxlee\n/run/host/home/boxlee\ntext'
is "... and what it makes is the user's on the host" "$(stat -c '%u %g' "$home/new")" "54321 54322"
options=(--bind-user=boxlee)
not_ok "the box's root can make nothing there that is not the user's" \
    "$BOXCTL" run -q -x "${options[@]}" "$root" touch /run/host/home/boxlee/root
look='cd /run/host/userdb && stat -c "%n %a %u %N" * && cat boxlee.user 60514.user-privileged'
got=$(inside "$look")
like "records of the user" "$got" '60514.user 777 0 .*boxlee.user 444 0.*boxlee.user-privileged 400 0'
like "... say who it is" "$got" '"userName": "boxlee".*"uid": 60514.*"homeDirectory": "/run/host/home/boxlee"'
like "... and the password for root alone" "$got" '"hashedPassword".*hash'
options+=(--user=nobody)
not_ok "control: not for others" "$BOXCTL" run -q -x "${options[@]}" "$root" cat /run/host/userdb/boxlee.user-privileged
options=(--bind-user=boxlee --bind-user-group=wheel --bind-user-shell=/bin/ash --user=boxlee)
is "groups and shell" "$(inside 'id -Gn; grep ^boxlee /etc/passwd')" \
    $'boxlee wheel\nboxlee:x:60514:60514:Lee Box:/run/host/home/boxlee:/bin/ash'
options=(--bind-user=boxlee --bind-user-shell=yes)
like "the host's shell" "$(inside 'grep ^boxlee /etc/passwd')" ':/bin/ash$'
options=(--bind-user=boxlee --private-users=no)
is "in a privileged box" "$(inside 'stat -c %u /run/host/home/boxlee/mine')" 60514

systemd_tree=$(tmpdir)/tree
copy_root "$root" "$systemd_tree"
echo 'passwd: files systemd' >"$systemd_tree/etc/nsswitch.conf"
mkdir -p "$systemd_tree/usr/lib"
touch "$systemd_tree/usr/lib/libnss_systemd.so.2"
name=$(box_name binduser)
start_box "$name" run "$systemd_tree" -x -q --bind-user=boxlee --bind-user-group=wheel -- sleep 1000
is "a tree with nss-systemd keeps its account files" \
    "$("$BOXCTL" shell "$name" grep -c boxlee /etc/passwd </dev/null)" 0
is "... and 'boxctl shell' reads the record" \
    "$("$BOXCTL" shell -u boxlee "$name" sh -c 'id -u; id -G; echo $HOME' </dev/null)" \
    $'60514\n60514 10\n/run/host/home/boxlee'
like "... of that user only" "$("$BOXCTL" shell -u nemo "$name" true 2>&1 </dev/null)" \
    "user 'nemo' is not in the box's /etc/passwd"
"$BOXCTL" kill "$name"

if debian=$(cached_root debian-bookworm-nss debian --suite=bookworm --include=libnss-systemd); then
    in_debian() { "$BOXCTL" run -q -x --bind-user=boxlee --bind-user-group=audio "$debian" -- "$@" </dev/null 2>&1; }
    is "Debian with libnss-systemd: its own tools find the user" \
        "$(in_debian getent passwd boxlee)" "boxlee:x:60514:60514:Lee Box:/run/host/home/boxlee:/bin/bash"
    is "... by number" "$(in_debian id 60514)" "uid=60514(boxlee) gid=60514(boxlee) groups=60514(boxlee),29(audio)"
    is "... the group" "$(in_debian getent group 60514)" "boxlee:x:60514:"
    like "... for root the password" "$(in_debian getent shadow boxlee)" '^boxlee:\$y\$j9T\$hash:'
    is "... for others not" "$(in_debian su nobody -s /bin/sh -c 'getent shadow boxlee')" ""
    is "... from records, not from account files" "$(in_debian grep -c boxlee /etc/passwd /etc/shadow)" \
        $'/etc/passwd:0\n/etc/shadow:0'
    is "... and the user logs in, at home" "$(in_debian su -l boxlee -c 'id -Gn; pwd; echo >made && stat -c %U made')" \
        $'boxlee audio\n/run/host/home/boxlee\nboxlee'
else
    skip "Debian with libnss-systemd" "no such tree (mmdebstrap, network)"
fi

refuses() {
    options=("--bind-user=$2" "${@:4}")
    is "$1" "$(inside true)" "boxctl: $3"
}
refuses "root is refused" root \
    "bind the host's user 'root': it is a user of the system's (id 0), and only people can be taken into a box: Operation not permitted"
refuses "a system user is refused" boxsys \
    "bind the host's user 'boxsys': it is a user of the system's (id 999), and only people can be taken into a box: Operation not permitted"
like "a user with a shared group is refused" "$(options=(--bind-user=boxday); inside true)" \
    "bind the host's user 'boxday': its group 100 is not a group of its own: Operation not permitted"
refuses "a user whose home is / is refused" boxtop "bind the host's user 'boxtop': its home directory is '/'"
refuses "a user that is not there" boxnone "bind the host's user 'boxnone': there is no such user on this host"
chmod 0755 "$home"
like "a home that others can enter is pointed out" \
    "$("$BOXCTL" run -x --bind-user=boxlee "$root" true 2>&1 </dev/null)" "set-user-id programs that the box's root leaves in '$home'"
rm -r "$home"
like "a home that is not there" "$(options=(--bind-user=boxlee); inside true)" "home.*No such file or directory"
done_testing
