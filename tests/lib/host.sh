# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables of tap.sh, and for the tests
# Private systemd hosts for tests in bash (see `tests/lib/host --help`); source it behind tap.sh.
#   for_each_suite FUNCTION   boots a host of each suite in $HOST_SUITES (default: all that can be
#                             had here) and calls FUNCTION, which finds it in the variables below;
#                             what cannot be had is a skipped case
#   host_up SUITE [NAME]      boots one more; $host is its name, $host_suite and $host_version what
#                             it is. It ends when the test does, however that comes about
#   host_down [NAME]          ends one at once
#   on CMD...                 runs CMD as root in a scope of $host, nothing on stdin
#   on_tty CMD...             the same on a terminal
#   machines                  the path of $host's /var/lib/machines, seen from here
#   add_machine NAME TREE     copies a tree to there
#   host_name WORD            a name for a host that no other test uses
# A case's name is prefixed with the version where several suites are tested: ok "$host_version: ...".
# The test's $tap_tmp is at its place in a host, too.

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$BOXCTL" ] || { echo "Bail out! $BOXCTL is missing: build it first"; exit 1; }

HOST_COMMAND=$SRC/tests/lib/host # the command
host='' host_suite='' host_version=''

host_name() { printf 't-%d-%s\n' "$$" "$1"; }

# 0: it is up. 1: it is not, and a case says so: skipped when it cannot be had on this machine or
# is of the moving suite, whose breakage is not ours; failed otherwise.
host_up() {
    local suite=$1 name=${2:-$(host_name "$1")} said status=0
    said=$("$HOST_COMMAND" up "$name" --suite="$suite" --bind="$tap_tmp" --owner=$$ 2>&1) || status=$?
    if [ "$status" = 0 ]; then
        host=$name host_suite=$suite
        host_version=$(cut -d' ' -f2 <<<"$said")
        at_exit host_down "$name"
        return 0
    fi
    if [ "$status" = 77 ] || [ "$suite" = sid ]; then
        skip "a host of '$suite'" "$(tail -n 3 <<<"$said" | tr '\n' ' ')"
    else
        tap_report no "a host of '$suite'" "$said"
    fi
    return 1
}

host_down() { "$HOST_COMMAND" down "${1:-$host}"; }

for_each_suite() {
    local suite suites=${HOST_SUITES:-}
    [ -n "$suites" ] || suites=$("$HOST_COMMAND" suites)
    [ -n "$suites" ] || skip "a host" "this machine is no Debian whose programs run on bookworm, trixie or sid"
    for suite in $suites; do
        host_up "$suite" || continue
        "$@"
        [ -z "$host" ] || host_down "$host"
    done
}

on() { "$HOST_COMMAND" run "$host" -- "$@" </dev/null; }
on_tty() { "$HOST_COMMAND" tty "$host" -- "$@" </dev/null; }

machines() { printf '%s\n' "$BUILD/hosts/run/$host/var/lib/machines"; }

add_machine() { copy_root "$2" "$(machines)/$1"; }
