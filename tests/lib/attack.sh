# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# For the tests that attack boxctl. Source it after tap.sh. Every attack is also made on something
# that is known to be unsafe ("control: ..."): a test that cannot fail shows nothing.
#   canary DIR                makes a tree outside of every box; sets $H to it
#   canary_is_whole NAME      ok if nothing of it was read into $leaked_in, changed or mounted on
#   hostile_root DIR          a private busybox tree with the probes in /bin
#   RUN ARGS...               boxctl run, at most half a minute
#   unsafe ROOT CMD...        a naive launcher: chroot in new mount and PID namespaces, as host root
#   rounds N                  N, or what BOXCTL_ROUNDS says
#   quietly CMD...            no output, the status of CMD

PROBES=$BUILD/tests/probe
export BOXCTL_NAME=atk$$ # for tests that ask for one box at a time

rounds() { echo "${BOXCTL_ROUNDS:-$1}"; }
quietly() { "$@" >/dev/null 2>&1; }

canary() {
    H=$1
    mkdir -p "$H/d"
    echo HOST-SECRET >"$H/secret"
    chmod 600 "$H/secret"
    echo decoy >"$H/ptmx"
    canary_before=$(canary_state)
}
canary_state() {
    find "$H" -printf '%p %y %m %U %G %n %s %l\n' | sort | sha256sum
    sha256sum <"$H/secret"
    sha256sum <"$H/ptmx"
    grep -c " $H" /proc/1/mountinfo
}
canary_is_whole() { is "$1" "$(canary_state)" "$canary_before"; }
# canary_bites NAME: after an attack on the unsafe shim; then makes the tree anew
canary_bites() {
    local state
    state=$(canary_state)
    if [ "$state" != "$canary_before" ]; then
        tap_report yes "control: $1"
    else
        tap_report no "control: $1" "the canary tree is as before: this test cannot fail"
    fi
    rm -rf "${H:?}"
    canary "$H"
}

hostile_root() {
    local base
    base=$(busybox_root) || return 1
    copy_root "$base" "$1"
    cp "$PROBES"/{surface-probe,swap-attacker,tiocsti} "$1/bin/"
    [ ! -e "$PROBES/exe-writer" ] || cp "$PROBES/exe-writer" "$1/bin/"
}

RUN() { timeout -k 5 30 "$BOXCTL" run -M "$BOXCTL_NAME" -q "$@" </dev/null; }
unsafe() {
    local root=$1
    shift
    timeout -k 5 30 unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
        chroot "$root" "$@" </dev/null
}

# finds NAME PATTERN TEXT: for controls: the pattern that must not show up for a box does so here
finds() {
    if grep -qE -e "$2" <<<"$3"; then
        tap_report yes "control: $1"
    else
        tap_report no "control: $1" "no match of $2 in:" "$3"
    fi
}
# lacks NAME PATTERN TEXT
lacks() {
    local hits
    if hits=$(grep -E -m5 -e "$2" <<<"$3"); then
        tap_report no "$1" "found $2 in:" "$hits"
    else
        tap_report yes "$1"
    fi
}
