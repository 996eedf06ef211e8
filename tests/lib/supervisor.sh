# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables of tap.sh, and for the tests
# box-init --services as PID 1 of a PID namespace with a /run and a loopback of its own and without
# cgroups, for tests in bash; source it behind tap.sh. The test runs in $work, a fresh directory.
#   services TEXT             the file of the next box
#   boot [OPTION...]          starts it; its output is in ./log, $server is unshare, $init PID 1.
#                             $wrap (an array) are words in front of box-init
#   inside CMD...             runs CMD in the box
#   ctl WORD...               box-init ctl in the box
#   state SERVICE, field SERVICE KEY   from its status
#   reaches NAME SERVICE STATE         a case: it comes to that state
#   has_logged NAME REGEX              a case: that shows in ./log
#   until_true CMD...         until CMD succeeds; false after twenty seconds
#   order_of REGEX            the line of ./log that has it first
#   stop [SIGNAL], end        ends the box, or waits for its end; $ended is its status

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$BOXINIT" ] || { echo "Bail out! $BOXINIT is missing: build it first"; exit 1; }
work=$(tmpdir)
cd "$work" || exit 1
server='' init='' ended=''
wrap=()

services() { printf '%s\n' "$1" >services.ini; }

boot() {
    unshare --pid --fork --kill-child --mount-proc --mount --net sh -c '
        mount -t tmpfs run /run && mount -t tmpfs none /sys/fs/cgroup && ip link set lo up && exec "$@"' - \
        "${wrap[@]}" "$BOXINIT" --services="$work/services.ini" "$@" >log 2>&1 </dev/null &
    server=$!
    at_exit end_server "$server"
    until_true first_child
}
end_server() { kill -KILL "$1" 2>/dev/null; }
first_child() { init=$(cat "/proc/$server/task/$server/children" 2>/dev/null) && init=${init% } && [ -n "$init" ]; }
until_true() {
    local tries
    for ((tries = 0; tries < 400; tries++)); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.05
    done
    return 1
}
inside() { nsenter -t "$init" --pid --mount --net -- "$@"; }
ctl() { inside "$BOXINIT" ctl "$@"; }
state() { ctl status --json "$1" | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p'; }
field() { ctl status --json "$1" | sed -n "s/.*\"$2\":\([0-9]*\).*/\1/p"; }
is_in() { [ "$(state "$1")" = "$2" ]; }
reaches() {
    until_true is_in "$2" "$3"
    is "$1" "$(state "$2")" "$3"
}
logged() { grep -q -- "$1" log; }
has_logged() {
    until_true logged "$2"
    ok "$1" grep -q -- "$2" log
}
end() { wait "$server"; ended=$?; }
stop() { kill -"${1:-TERM}" "$init"; end; }
order_of() { grep -n "$1" log | head -n 1 | cut -d: -f1; }
