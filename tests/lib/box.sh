# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables of tap.sh, and for the tests
# Boxes for tests in bash; source it behind tap.sh.
#   box_name WORD             a machine name that no other test uses
#   run_box ARGS...           boxctl run --quiet, nothing on stdin
#   start_box NAME VERB ARGS...   boxctl in the background; $box_pid is it, $box_leader its PID 1.
#                             What it says is in $tap_tmp/NAME.log. Ended at exit.
#   end_box PID NAME          ends one at once, if it still runs
#   leader_of PID             PID 1 of the box that this boxctl supervises
#   wait_for CMD...           until CMD succeeds; false after fifteen seconds
#   read_facts FILE           lines KEY=VALUE into the array `fact`
#   own_traces                what host_snapshot shows of this test's boxes, and every mount: other boxes
#                             may come and go on the machine meanwhile
#   alpine_with_login         a copy of the Alpine tree whose root has an empty password

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$BOXCTL" ] || { echo "Bail out! $BOXCTL is missing: build it first"; exit 1; }

declare -A fact
box_pid='' box_leader=''

box_name() { printf 't-%d-%s\n' "$$" "$1"; }

run_box() { "$BOXCTL" run --quiet "$@" </dev/null; }

wait_for() {
    local tries
    for ((tries = 0; tries < 300; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    return 1
}

# The builder is a child as well, for a moment: PID 1 is the one that has that number inside.
leader_of() {
    local child
    # shellcheck disable=SC2013 # words on one line
    for child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
        if [[ "$(sed -n 's/^NSpid:\t//p' "/proc/$child/status" 2>/dev/null)" == *$'\t1' ]]; then
            printf '%s\n' "$child"
            return 0
        fi
    done
    return 1
}

# Until it executes its program it is still boxctl.
box_runs() {
    local leader
    leader=$(leader_of "$1") && [[ "$(cat "/proc/$leader/comm" 2>/dev/null)" != @(boxctl*|) ]]
}

start_box() {
    local name=$1 verb=$2
    shift 2
    "$BOXCTL" "$verb" -M "$name" "$@" </dev/null >"$tap_tmp/$name.log" 2>&1 &
    box_pid=$!
    at_exit end_box "$box_pid" "$name"
    wait_for box_runs "$box_pid" || return 1
    box_leader=$(leader_of "$box_pid")
}

own_traces() {
    host_snapshot | awk -v own="t-$$-" '$1 == "mount" && $3 !~ "^/run/boxctl/" || index($0, own)'
}

gone() { ! kill -0 "$1" 2>/dev/null; }

# The second SIGTERM kills. A box that does not end by it is one of the failures: clean up for it.
end_box() {
    local pid=$1 name=$2
    kill -TERM "$pid" 2>/dev/null && kill -TERM "$pid" 2>/dev/null
    if ! gone "$pid" && ! wait_for gone "$pid"; then
        kill -KILL "$pid"
    fi
    wait "$pid" 2>/dev/null
    [ ! -e "/run/boxctl/$name" ] || "$BOXCTL" cleanup "$name"
}

read_facts() {
    local key value
    fact=()
    while IFS='=' read -r key value; do
        [ -z "$key" ] || fact[$key]=$value
    done <"$1"
}

alpine_with_login() {
    local from to
    from=$(alpine_root) && to=$(tmpdir)/alpine || return 1
    copy_root "$from" "$to" && sed -i 's/^root:[^:]*:/root::/' "$to/etc/shadow" && printf '%s\n' "$to"
}
