#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Boxes without systemd under machinectl, systemd-run -M and systemctl -M of each systemd.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
busybox=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

# The unit's cgroup as the host sees it.
cgroup=/sys/fs/cgroup/system.slice

# login COMMAND HOST BOX [prompts]: logs in as root, who has no password, types, logs out, leaves at
# the next prompt. prompts: only counts those that a second brings.
cat >"$tap_tmp/login" <<'EOT'
import os, pty, re, select, sys, time

command, host, box = sys.argv[1:4]
pid, master = pty.fork()
if pid == 0:
    os.environ["TERM"] = "vt100"
    os.execv(command, [command, "tty", host, "machinectl", "login", box])
if sys.argv[4:] == ["prompts"]:
    seen, until = b"", time.monotonic() + 20
    while time.monotonic() < until:
        if select.select([master], [], [], 0.1)[0]:
            if b"login: " not in seen:
                until = time.monotonic() + 1
            seen += os.read(master, 65536)
    os.write(master, b"\x1d" * 3)
    print(seen.count(b"login: "))
    sys.exit(0)
seen = b""
PROMPT = rb"[#$] ?(\x1b\[[0-9;?]*[a-zA-Z])*$"
for pattern, typed in ((rb"login: $", b"root\n"), (PROMPT, b"echo in''side $(id -u); mount -t tmpfs seen /mnt\n"),
                       (rb"inside 0\r\n(.*\n)*.*" + PROMPT, b"exit\n"), (rb"login: $", b"\x1d" * 3), (rb"terminated", b"")):
    until = time.monotonic() + 20
    while not re.search(pattern, seen):
        if time.monotonic() > until or b"incorrect" in seen:
            sys.exit(f"no {pattern!r} in {seen!r}")
        if select.select([master], [], [], 0.1)[0]:
            try:
                seen += os.read(master, 65536)
            except OSError:
                sys.exit(f"the terminal closed without {pattern!r}: {seen!r}")
    seen = b""
    os.write(master, typed)
EOT

companion() { on sh -c "pgrep -x boxctl-companio -P \$(systemctl show -P MainPID box-$1)"; }
active() { on systemctl --quiet is-active "box-$1"; }
inactive() { ! active "$1"; }
plain() { tr -d '\r'; }

registered() { on machinectl --quiet show "$1" >/dev/null 2>&1; }

# start_machine NAME: boots it and waits until machined knows it.
start_machine() {
    on systemd-run --quiet --unit="box-$1" -p Delegate=yes boxctl boot --keep-unit -M "$1" --console=passive -D "/var/lib/machines/$1"
    wait_for registered "$1"
}

shell() { on machinectl --quiet shell "$@" 2>&1 | plain; }

check_shell() { # NAME
    is "$host_version $1: a shell prints" "$(shell "$1" /bin/echo marker)" marker
    is "$host_version $1: as root" "$(shell "$1" /bin/sh -c 'id -u')" 0
    is "$host_version $1: as another user" "$(shell "nobody@$1" /bin/sh -c 'id -u')" 65534
    like "$host_version $1: on a terminal of the box" "$(shell "$1" /bin/sh -c tty)" '^/dev/pts/[0-9]+$'
    is "$host_version $1: at home" "$(shell "$1" /bin/sh -c 'pwd; echo $HOME $USER')" $'/root\n/root root'
    shell "$1" /bin/sh -c ': >/run/utmp' >/dev/null
    like "$host_version $1: who in the box shows the session" \
        "$(shell "$1" /bin/sh -c 'tty; od -c /run/utmp')" '^/dev/pts/[0-9]+.*\\a  *\\0  *\\0.* p   t   s   /.* r   o   o   t'
    not_ok "$host_version $1: and not when it has ended" grep -q 'r   o   o   t' <<<"$(shell "$1" /bin/od -c /run/utmp)"
    shell "$1" /bin/rm /run/utmp
    like "$host_version $1: no such user: says so" "$(shell "stranger@$1" /bin/true)" "user 'stranger' is not in the box"
    like "$host_version $1: no such program: says so" "$(shell "$1" /bin/nothing)" "execute '/bin/nothing': No such file"
}

# On a terminal that is not in the box's securetty, as login then sees it as the console.
check_login() { # NAME
    ok "$host_version $1: login" python3 "$tap_tmp/login" "$HOST_COMMAND" "$host" "$1"
    is "$host_version $1: the next login on the same terminal stays" \
        "$(python3 "$tap_tmp/login" "$HOST_COMMAND" "$host" "$1" prompts)" 1
    like "$host_version $1: what is mounted in it is seen in the box" "$(shell "$1" /bin/grep ' /mnt ' /proc/1/mountinfo)" 'tmpfs seen'
    is "$host_version $1: and nothing else has changed there" "$(shell "$1" /bin/grep -c ' /dev/console ' /proc/1/mountinfo)" 1
    shell "$1" /bin/umount /mnt
    shell "$1" /bin/sh -c 'echo tty1 >/etc/securetty'
    like "$host_version $1: control: a console that root may not use is none" \
        "$(python3 "$tap_tmp/login" "$HOST_COMMAND" "$host" "$1" 2>&1)" 'incorrect'
}

check_run() { # NAME
    is "$host_version $1: systemd-run: the exit code comes back" "$(on systemd-run --quiet -M "$1" --wait /bin/sh -c 'exit 7' >/dev/null 2>&1; echo $?)" 7
    is "$host_version $1: systemd-run: without waiting" "$(on systemd-run --quiet -M "$1" /bin/true; echo $?)" 0
    is "$host_version $1: systemd-run --pipe: data comes back" \
        "$(on sh -c "printf 'a\\0b' | systemd-run --quiet -M $1 --wait --pipe /bin/cat | od -c | head -1")" '0000000   a  \0   b'
    if [ "${host_version%%[^0-9]*}" -lt 257 ]; then
        skip "$host_version $1: systemd-run --pty" "systemd-run of 252 looks for the box's terminal on the host, whoever made the box"
    else
        is "$host_version $1: systemd-run --pty: a terminal of the box, and the exit code" \
            "$(on_tty systemd-run --quiet --pty -M "$1" /bin/sh -c 'tty; exit 3' 2>&1 | plain | grep -o '/dev/pts/[0-9]*' | sed 's/[0-9]*$//'; echo "${PIPESTATUS[0]}")" \
            $'/dev/pts/\n3'
    fi
    if on sh -c 'command -v run0' >/dev/null 2>&1; then
        is "$host_version $1: run0 --machine: the exit code comes back" \
            "$(on_tty run0 --machine="$1" /bin/sh -c 'test -t 0 && exit 4' >/dev/null 2>&1; echo $?)" 4
    fi
    like "$host_version $1: what needs systemd is refused, not ignored" \
        "$(on systemd-run --quiet -M "$1" -p MemoryMax=1M /bin/true 2>&1)" "'MemoryMax' is not available in this box"
}

# What machined brings in is the box's root's, whatever the box's ids are; and comes back as root's.
check_copy() { # NAME
    local tree=$tap_tmp/copied
    rm -rf "$tree"
    mkdir -p "$tree/sub" && echo data >"$tree/sub/file" && chmod 4755 "$tree/sub/file" && ln -s sub/file "$tree/link"
    ok "$host_version $1: copy-to: a file" on machinectl copy-to "$1" "$tree/sub/file" /root/file
    is "$host_version $1: copy-to: is the box's root's" "$(shell "$1" /bin/sh -c 'cat /root/file; stat -c "%u:%g %a" /root/file')" $'data\n0:0 4755'
    is "$host_version $1: copy-to: also on disk" "$(stat -c %u:%g "$(machines)/$1/root/file")" 0:0
    ok "$host_version $1: copy-to: a tree" on machinectl copy-to "$1" "$tree" /srv/tree
    is "$host_version $1: copy-to: all of it is the box's root's" \
        "$(shell "$1" /bin/sh -c 'cd /srv/tree && cat link && stat -c "%u:%g %n" . sub sub/file link')" \
        $'data\n0:0 .\n0:0 sub\n0:0 sub/file\n0:0 link'
    ok "$host_version $1: copy-to: below /run" on machinectl copy-to "$1" "$tree/sub/file" /run/file
    is "$host_version $1: copy-to: is seen there" "$(shell "$1" /bin/cat /run/file)" data
    ok "$host_version $1: bind" on boxctl bind "$1" "$tree" /run/bound --mkdir
    is "$host_version $1: bind: is seen below /run" "$(shell "$1" /bin/cat /run/bound/link)" data
    ok "$host_version $1: copy-to: into a bind" on machinectl copy-to "$1" "$tree/sub/file" /run/bound/new
    is "$host_version $1: copy-to: is in it" "$(cat "$tree/new" && stat -c %u:%g "$tree/new")" $'data\n0:0'
    shell "$1" /bin/mount -t tmpfs mine /run/dbus
    is "$host_version $1: a mount of the box's on /run/dbus does not get in the way" "$(shell "$1" /bin/echo still)" still
    shell "$1" /bin/umount /run/dbus
    is "$host_version $1: nor its end" "$(shell "$1" /bin/echo still)" still
    shell "$1" /bin/sh -c 'mkdir -p /srv/own && echo own >/srv/own/file && chown 1000:1000 /srv/own/file'
    ok "$host_version $1: copy-from: a tree" on machinectl copy-from "$1" /srv/own "$tree/back"
    is "$host_version $1: copy-from: is root's" "$(cat "$tree/back/file" && stat -c %u:%g "$tree/back/file")" $'own\n0:0'
}

check_manager() { # NAME
    is "$host_version $1: is-system-running" "$(on systemctl -M "$1" is-system-running)" running
    like "$host_version $1: a unit that is not there" "$(on systemctl -M "$1" start nothere.service 2>&1)" 'nothere.service not found'
    like "$host_version $1: another service is refused at once" "$(on timeout 10 hostnamectl -M "$1" 2>&1)" "has no service 'org.freedesktop.hostname1'"
    like "$host_version $1: loginctl is told at once" "$(on timeout 10 loginctl -M "$1" list-sessions 2>&1)" 'this box has no systemd'
    like "$host_version $1: busctl shows who answers" "$(on busctl -M "$1" list --no-pager)" 'org\.freedesktop\.systemd1'
    like "$host_version $1: its inittab is listed" "$(on systemctl -M "$1" list-units --all --no-pager --plain)" 'inittab-[0-9]+.service +loaded'
    is "$host_version $1: the box sees nothing of it" "$(shell "$1" /bin/ls -A /run/dbus)" ''
}

# A command that exits at once loses nothing, and nothing of it stays; nor does one that cannot start.
check_many() { # NAME
    local before after
    before=$(on sh -c "ls /proc/\$(systemctl show -P MainPID box-$1)/fd | wc -l")
    is "$host_version $1: 200 shells in a row" \
        "$(on sh -c "for i in \$(seq 200); do machinectl -q shell $1 /bin/echo line-\$i </dev/null; done" | plain | grep -c '^line-')" 200
    is "$host_version $1: 20 at once" \
        "$(on sh -c "for i in \$(seq 20); do machinectl -q shell $1 /bin/echo line-\$i </dev/null & done; wait" | plain | grep -o 'line-' | grep -c .)" 20
    is "$host_version $1: 30 at once that cannot start" \
        "$(on sh -c "for i in \$(seq 30); do machinectl -q shell $1 /bin/nothing-\$i </dev/null & done; wait" 2>&1 | grep -c 'No such file')" 30
    eventually "$host_version $1: their cgroups are gone" \
        on sh -c "[ -z \"\$(find $cgroup/box-$1.service/payload -mindepth 1 -name 'session-*')\" ]"
    after=$(on sh -c "ls /proc/\$(systemctl show -P MainPID box-$1)/fd | wc -l")
    is "$host_version $1: and their descriptors" "$after" "$before"
}

# F3: whoever reaches the socket from a cgroup of the box is not served.
check_stranger() { # NAME
    local speak
    speak="busctl --address=unix:path=/proc/$(companion "$1")/root/run/dbus/system_bus_socket list"
    ok "$host_version $1: control: whoever is outside is served" on sh -c "$speak"
    if ! printf '6.16\n%s\n' "$(uname -r)" | sort -CV; then
        skip "$host_version $1: a process of the box is not served" "needs Linux 6.16"
        return
    fi
    not_ok "$host_version $1: a process of the box is not served" \
        on sh -c "echo \$\$ >$cgroup/box-$1.service/payload/cgroup.procs && exec $speak"
    is "$host_version $1: and does not get in the way" "$(shell "$1" /bin/echo still)" still
}

check_power() { # NAME
    on machinectl poweroff "$1"
    ok "$host_version $1: machinectl poweroff ends it" wait_for inactive "$1"
    is "$host_version $1: in order" "$(on systemctl show -P Result "box-$1")" success
    start_machine "$1"
    on systemctl -M "$1" reboot
    ok "$host_version $1: systemctl reboot ends this life" wait_for inactive "$1"
    is "$host_version $1: as a reboot" "$(on systemctl show -P ExecMainStatus "box-$1")" 133
    on systemctl reset-failed "box-$1"
}

# Debian's sendsigs waits ten seconds for whoever does not end by SIGTERM, and then lists them.
check_shutdown() {
    local tree said
    tree=$(debian_root bookworm sysvinit 2>/dev/null) || { skip "$host_version sysv: a shutdown" "no Debian tree"; return; }
    add_machine sysv "$tree"
    start_machine sysv
    check_copy sysv
    check_power sysv
    said=$(on journalctl --no-pager -o cat -u box-sysv)
    like "$host_version sysv: control: it asks all processes to end" "$said" 'Asking all remaining processes to terminate'
    not_ok "$host_version sysv: and waits for none of ours" grep -q -- '--companion' <<<"$said"
}

check_host() {
    local name
    add_machine alpine "$alpine"
    sed -i 's/^root:[^:]*:/root::/' "$(machines)/alpine/etc/shadow"
    add_machine tiny "$busybox"
    for name in alpine tiny; do
        if ! start_machine "$name"; then
            ok "$host_version $name: it is registered" false
            continue
        fi
        like "$host_version $name: machinectl lists it" "$(on machinectl --no-legend list)" "$name +container"
        check_shell "$name"
        check_run "$name"
        check_copy "$name"
        check_manager "$name"
        check_stranger "$name"
    done
    check_many alpine
    check_login alpine
    check_power alpine
    check_shutdown
}

for_each_suite check_host
done_testing
