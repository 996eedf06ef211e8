#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Daemons that hang while a box starts, runs and ends, and a supervisor that has run out of
# descriptors: nothing waits for ever, and what was missed is made up for.
# time limit: 600 s
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
# shellcheck disable=SC2154 # host_up sets host_version
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

# In no scope, as making one needs the daemons that hang.
plainly() { "$HOST_COMMAND" run --no-scope "$host" -- "$@" </dev/null; }
start() { # NAME [OPTION...]
    local name=$1
    shift
    plainly systemctl reset-failed "run-$name" 2>/dev/null
    plainly systemd-run --quiet --collect --unit="run-$name" boxctl boot /var/lib/machines/web -x -M "$name" --console=passive --stop-timeout=5 "$@"
}
show() { plainly machinectl show "$1" -p "$2" --value 2>/dev/null; }
registered() { [ -n "$(show "$1" Leader)" ]; }
unknown() { ! registered "$1"; }
runs() { plainly boxctl shell "$1" /bin/true 2>/dev/null; }
ended() { ! plainly systemctl --quiet is-active "run-$1"; }
stop() {
    plainly timeout 60 boxctl stop "$1" >/dev/null 2>&1
    wait_for ended "$1"
}
supervisor() { plainly systemctl show -P MainPID "run-$1"; }
leader() { plainly boxctl status "$1" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["leader"])'; }
said() { plainly journalctl -q -o cat -u "run-$1" --no-pager; }
has_said() { said "$1" | grep -q -- "$2"; }
once() { plainly timeout 60 boxctl run --quiet -x -M "$1" /var/lib/machines/web -- /bin/echo here 2>&1; }

# freeze UNIT: its main process takes no part any more; thaw UNIT
freeze() { plainly systemctl kill --kill-whom=main --signal=STOP "$1" && wait_for is_stopped "$1"; }
is_stopped() { plainly sh -c "grep -q 'State:.T' /proc/\$(systemctl show -P MainPID $1)/status"; }
thaw() { plainly systemctl kill --kill-whom=main --signal=CONT "$1"; }

check_hung_bus() {
    start web
    ok "$host_version: it is registered" wait_for registered web
    freeze dbus.service
    not_ok "$host_version: control: the bus hangs" plainly timeout 2 busctl --quiet status
    is "$host_version: a box starts, runs and ends without it" "$(once without)" here
    ok "$host_version: one that runs already goes on" runs web
    ok "$host_version: and ends" stop web
    start meanwhile
    ok "$host_version: another one is started" wait_for runs meanwhile
    start brief
    wait_for runs brief
    ok "$host_version: one that could not register yet ends" stop brief
    thaw dbus.service
    ok "$host_version: when the bus goes on it is registered" wait_for_long registered meanwhile
    ok "$host_version: and the other one is forgotten" wait_for unknown web
    stop meanwhile
}
# Failed attempts come after longer and longer pauses.
wait_for_long() { wait_for "$@" || wait_for "$@" || wait_for "$@" || wait_for "$@"; }

check_hung_machined() {
    plainly systemctl start systemd-machined
    freeze systemd-machined.service
    not_ok "$host_version: control: machined hangs" plainly timeout 2 machinectl --quiet list
    is "$host_version: a box starts, runs and ends without machined" "$(once without)" here
    start web
    ok "$host_version: another one starts" wait_for runs web
    thaw systemd-machined.service
    ok "$host_version: when machined goes on it is registered" wait_for_long registered web
    freeze systemd-machined.service
    ok "$host_version: with machined hanging again it ends" stop web
    thaw systemd-machined.service
    ok "$host_version: and is forgotten" wait_for unknown web
}

# Whom machined was told of on the bus, as leader; all that busctl has written by now.
leaders_told() {
    plainly cat /run/calls | python3 -c 'import json, sys
for line in sys.stdin:
    try:
        call = json.loads(line)
    except ValueError:
        continue
    if call.get("member") == "RegisterMachineWithNetwork": print(call["payload"]["data"][4])'
}
told_of() { leaders_told | grep -qx "$1"; }
in_the_box() {
    plainly sh -c "[ /proc/$(show "$1" Leader)/ns/pid -ef /proc/$(leader "$1")/ns/pid ]"
}
shell_works() { [ "$(plainly timeout 20 machinectl --quiet shell "$1" /bin/echo in 2>/dev/null | tr -d '\r')" = in ]; }

check_descriptors() {
    local supervisor companion
    plainly systemd-run --quiet --collect --unit=listen sh -c 'exec busctl --json=short monitor org.freedesktop.machine1 >/run/calls'
    ok "$host_version: control: calls of machined are heard" wait_for heard_ping
    start web
    ok "$host_version: registered" wait_for registered web
    supervisor=$(supervisor web)
    companion=$(show web Leader)
    # None but the three that it has: no number that is given back is below that.
    plainly prlimit --pid="$supervisor" --nofile=3:
    plainly kill -KILL "$companion"
    ok "$host_version: without descriptors nobody else can stand for it: that is told" wait_for_long has_said web 'not registered.*Too many open files'
    like "$host_version: machined has nobody else for it" "$(show web Leader)" "^($companion|)\$"
    ok "$host_version: but runs" plainly boxctl shell web /bin/true
    not_ok "$host_version: control: machinectl shell does not work" shell_works web
    plainly prlimit --pid="$supervisor" --nofile=1024:
    ok "$host_version: with descriptors machinectl shell works again" wait_for_long shell_works web
    ok "$host_version: by a process of the box" in_the_box web
    # later ones are told by Varlink
    [ "$host_version" -ge 258 ] || ok "$host_version: control: whom machined was told of is seen" told_of "$companion"
    not_ok "$host_version: nobody was ever told of process 0" told_of 0
    not_ok "$host_version: nor of the supervisor" told_of "$supervisor"
    plainly systemctl stop listen
    stop web
}
heard_ping() {
    plainly busctl --quiet call org.freedesktop.machine1 /org/freedesktop/machine1 org.freedesktop.DBus.Peer Ping
    plainly grep -q Ping /run/calls
}

check_host() {
    add_machine web "$alpine"
    check_hung_bus
    check_hung_machined
    check_descriptors
}

for_each_suite check_host
done_testing
