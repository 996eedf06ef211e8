# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Shared by the tools beside it, which source it and then call, in this order:
#   begin DIR   refuse a bad DIR, make a private work directory beside it: $work, and $tree in it
#   run CMD...  anything long; an interrupt ends it and all it started
#   finish      move $tree to DIR in one step
# Whatever way a tool ends before finish, $work goes and DIR stays as it was.

set -euo pipefail
umask 022
tool=$(basename -- "$0")
work='' tree='' target='' running='' previous=''

die() {
    printf '%s: %s\n' "$tool" "$*" >&2
    exit 1
}

# The arguments every tool knows: --help, and one DIR. Sets $dir; options go to set_option, if any.
parse_arguments() {
    dir=''
    while [ $# -gt 0 ]; do
        case $1 in
            --help | -h) usage; exit 0 ;;
            --*=*) set_option "$1" ;;
            -*) die "unknown option '$1' (--help lists them)" ;;
            '') die "the directory's name is empty" ;;
            *) [ -z "$dir" ] || die "one directory is wanted, not also '$1'"; dir=$1 ;;
        esac
        shift
    done
    [ -n "$dir" ] || die "which directory? (--help tells more)"
}

set_option() {
    die "unknown option '$1' (--help lists them)"
}

begin() {
    target=$(realpath -ms -- "$1")
    [ "$(id -u)" = 0 ] || die "must run as root: the files of a root tree have several owners"
    if [ -L "$target" ] || { [ -e "$target" ] && [ ! -d "$target" ]; }; then
        die "'$1' exists and is not a directory"
    fi
    if [ -d "$target" ] && [ -n "$(ls -A -- "$target")" ]; then
        die "'$1' is not empty"
    fi
    [ -d "$(dirname -- "$target")" ] || die "no directory '$(dirname -- "$target")' to make '$1' in"
    trap clean_up EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    work=$(mktemp -d -- "$target.partial.XXXXXX")
    tree=$work/tree
    mkdir -- "$tree"
    : >"$work/alive"
}

# In a process group of its own, so that clean_up reaches all of it; in the background, because
# bash runs no trap while it waits for a foreground child. Descriptor 9 carries a lock that is
# free again only when the last of these processes is gone.
run() {
    local status=0
    previous=${!:-} running=yes # a signal may come before the next line has told us more
    set -m
    { flock 9; "$@"; } <&0 9>"$work/alive" &
    set +m
    wait "$!" || status=$?
    running=''
    return "$status"
}

clean_up() {
    trap '' HUP INT TERM
    if [ -n "$running" ] && [ "${!:-}" != "$previous" ]; then
        kill -KILL -- "-$!" 2>/dev/null || true
        wait "$!" 2>/dev/null || true
        flock "$work/alive" true
    fi
    [ -z "$work" ] || rm -rf --one-file-system -- "$work"
}

finish() {
    chown 0:0 -- "$tree"
    chmod 00755 -- "$tree" # five digits: GNU chmod then clears set-id bits of a directory too
    # rename(2) replaces an empty directory and nothing else, whatever happened since begin
    mv -T -- "$tree" "$target" || die "cannot put the finished tree at '$target'"
}

# fetch URL FILE: with a progress bar when someone watches.
fetch() {
    local quiet=1
    [ -t 2 ] && quiet=
    if command -v curl >/dev/null; then
        run curl -fL --connect-timeout 15 ${quiet:+-sS} ${quiet:---progress-bar} -o "$2" -- "$1"
    elif command -v wget >/dev/null; then
        run wget -q --timeout=15 --tries=2 ${quiet:---show-progress} -O "$2" -- "$1"
    else
        die "neither curl nor wget is installed"
    fi
}

check_sum() { # FILE SHA256 NAME
    local have
    have=$(sha256sum <"$1")
    have=${have%% *}
    [ "$have" = "$2" ] || die "'$3' has the SHA-256 $have, wanted is $2: not unpacked"
}

# unpack FILE.tar.gz: into $tree. The archive is not trusted: tar runs in a mount namespace whose
# root holds only a read-only /usr and the tree, so a name with '..', a link or a write through a
# link leads nowhere else, and without CAP_MKNOD, so a device node is an error.
unpack() {
    mkdir -- "$work/jail"
    run unshare --mount --propagation private --pid --fork --kill-child -- \
        bash -euc "$(declare -f unpack_in_jail); unpack_in_jail \"\$1\"" -- "$work" <"$1" ||
        die "the archive does not unpack cleanly: nothing of it is kept"
}

unpack_in_jail() {
    local jail=$1/jail path
    mount -t tmpfs -o mode=755,nosuid,nodev,size=1m jail "$jail"
    mkdir "$jail/usr" "$jail/tree"
    mount -o bind,ro /usr "$jail/usr"
    for path in /bin /sbin /lib /lib64; do
        if [ -L "$path" ]; then
            cp -P "$path" "$jail/"
        elif [ -d "$path" ]; then
            mkdir "$jail$path"
            mount -o bind,ro "$path" "$jail$path"
        fi
    done
    mount --bind "$1/tree" "$jail/tree"
    mount -o remount,bind,ro "$jail"
    exec chroot "$jail" /usr/bin/setpriv --no-new-privs --inh-caps=-all \
        --bounding-set=-all,+chown,+dac_override,+fowner,+fsetid \
        tar -xzpf - --numeric-owner -C /tree
}
