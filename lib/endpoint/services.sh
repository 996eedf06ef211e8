#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What systemctl -M does with the services of a box whose init is not systemd. Never executed as a
# file: the build makes a string of it, and the supervisor runs that in the box:
#   sh -c SCRIPT boxctl list | start NAME | stop NAME | restart NAME | reload NAME
# list prints NAME, state, sub-state and description, separated by tabs. An act ends with 4 when
# there is no such service, with 3 when this init cannot do that. Plain POSIX, for small shells.

has() { command -v "$1" >/dev/null 2>&1; }
say() { printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4"; }

runit_folder() {
    for folder in /run/runit/service /etc/service /var/service /service; do
        [ -d "$folder" ] && echo "$folder" && return
    done
    return 1
}

box_init=/run/host/box-init

kind() {
    # Debian has OpenRC run the scripts of its runit, too.
    if [ -S /run/box-init/control ] && [ -x $box_init ]; then echo box_init
    elif [ "$(cat /proc/1/comm)" = runit ] && has sv && runit_folder >/dev/null; then echo runit
    elif has rc-service && [ -d /run/openrc ]; then echo openrc
    elif has s6-rc && [ -e /run/s6-rc ]; then echo s6
    elif has dinitctl && [ -S /run/dinitctl ]; then echo dinit
    elif has sv && runit_folder >/dev/null; then echo runit
    elif [ -d /etc/init.d ] && [ -d /etc/rcS.d ]; then echo sysv
    elif [ -f /etc/inittab ]; then echo inittab
    fi
}

list_box_init() {
    $box_init ctl status | while read -r name state _; do
        case $state in
            STATE) ;;
            up) say "$name" active running "box-init service $name" ;;
            finished) say "$name" active exited "box-init service $name" ;;
            failed) say "$name" failed failed "box-init service $name" ;;
            waiting | starting) say "$name" activating start "box-init service $name" ;;
            delayed) say "$name" activating auto-restart "box-init service $name" ;;
            stopping | killing) say "$name" deactivating stop "box-init service $name" ;;
            *) say "$name" inactive dead "box-init service $name" ;;
        esac
    done
}

list_openrc() {
    for file in /etc/init.d/*; do
        name=${file##*/}
        case $name in functions.sh | *.sh) continue ;; esac
        [ -x "$file" ] || continue
        if [ -e "/run/openrc/started/$name" ]; then
            say "$name" active running "OpenRC service $name"
        elif [ -e "/run/openrc/failed/$name" ]; then
            say "$name" failed failed "OpenRC service $name"
        else
            say "$name" inactive dead "OpenRC service $name"
        fi
    done
}

list_sysv() {
    for file in /etc/init.d/*; do
        name=${file##*/}
        case $name in rc | rcS | skeleton | README) continue ;; esac
        [ -x "$file" ] || continue
        if "$file" status >/dev/null 2>&1; then
            say "$name" active running "init script $name"
        else
            say "$name" inactive dead "init script $name"
        fi
    done
}

list_runit() {
    for place in "$(runit_folder)"/*; do
        [ -d "$place" ] || continue
        name=${place##*/}
        case $(sv status "$place" 2>/dev/null) in
            run:*) say "$name" active running "runit service $name" ;;
            *) say "$name" inactive dead "runit service $name" ;;
        esac
    done
}

list_s6() {
    active=" $(s6-rc -a list | tr '\n' ' ')"
    for name in $(s6-rc-db list services); do
        case $active in
            *" $name "*) say "$name" active running "s6-rc service $name" ;;
            *) say "$name" inactive dead "s6-rc service $name" ;;
        esac
    done
}

list_dinit() {
    dinitctl list | while read -r line; do
        name=${line#*] }
        name=${name%% *}
        case $line in
            '[[+]'* | '[{+}'*) say "$name" active running "dinit service $name" ;;
            *X*) say "$name" failed failed "dinit service $name" ;;
            *) say "$name" inactive dead "dinit service $name" ;;
        esac
    done
}

# busybox init has no services, only lines that it acts on: they are shown as what they are.
list_inittab() {
    number=0
    while IFS=: read -r id _ action process; do
        number=$((number + 1))
        case $id in '#'*) continue ;; esac
        case $action in
            respawn | askfirst) say "inittab-$number" active running "$action: $process" ;;
            ?*) say "inittab-$number" inactive dead "$action: $process" ;;
        esac
    done </etc/inittab
}

there() { [ -e "$1" ] || exit 4; }

act_box_init() {
    [ "$1" != reload ] || exit 3
    $box_init ctl status "$2" >/dev/null 2>&1 || exit 4
    $box_init ctl "$1" "$2"
}

act_openrc() {
    there "/etc/init.d/$2"
    rc-service -- "$2" "$1"
}

act_sysv() {
    there "/etc/init.d/$2"
    "/etc/init.d/$2" "$1"
}

act_runit() {
    there "$(runit_folder)/$2"
    sv "$1" "$(runit_folder)/$2"
}

act_s6() {
    s6-rc-db type "$2" >/dev/null 2>&1 || exit 4
    case $1 in
        start) s6-rc -u change "$2" ;;
        stop) s6-rc -d change "$2" ;;
        restart) s6-rc -d change "$2" && s6-rc -u change "$2" ;;
        *) exit 3 ;;
    esac
}

act_dinit() {
    [ "$1" != reload ] || exit 3
    dinitctl status "$2" >/dev/null 2>&1 || exit 4
    dinitctl "$1" "$2"
}

act_inittab() {
    case $2 in
        inittab-*) exit 3 ;;
        *) exit 4 ;;
    esac
}

kind=$(kind)
if [ "$1" = list ]; then
    [ -z "$kind" ] || "list_$kind"
    exit
fi
[ -n "$kind" ] || exit 4
# What the tools end with on their own account must not be taken for 3 or 4.
"act_$kind" "$1" "$2" >/dev/null 2>&1 || exit 1
