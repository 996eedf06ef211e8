#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A box of three services on a host with systemd: a web server, a worker that needs it ready, and a
# job that comes again. What boxctl services and systemctl -M say and do is the same.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh disable=SC2016,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

busybox=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

make_tree() { # ROOT
    mkdir -p "$1/etc/box-init" "$1/www"
    touch "$1/www/health"
    cat >"$1/etc/box-init/web.service.ini" <<'INI'
[Service]
ExecStart=/bin/busybox httpd -f -p 127.0.0.1:8080 -h /www
ExecStop=/bin/sh -c "echo web stops; kill $MAINPID"
Ready=tcp:8080
HealthCheck=http://127.0.0.1:8080/health
HealthIntervalSec=200ms
HealthRetries=2
RestartSec=100ms
StartLimitBurst=0
INI
    cat >"$1/etc/box-init/worker.service.ini" <<'INI'
[Service]
Requires=web
ExecStart=/bin/sh -c "trap \"echo worker stops; exit 0\" TERM; echo works; while :; do sleep 0.1; done"
INI
    cat >"$1/etc/box-init/job.service.ini" <<'INI'
[Service]
Type=oneshot
OnUnitActiveSec=1s
ExecStart=/bin/sh -c "echo job ran"
INI
    cat >"$1/etc/box-init/slow.service.ini" <<'INI'
[Service]
Enabled=no
Type=notify
ExecStart=/bin/sleep 1000
INI
}

services() { on boxctl services box "$@"; }
field() { services status "$1" --json | sed -n "s/.*\"$2\":\"\{0,1\}\([a-z0-9]*\).*/\1/p"; }
in_state() { [ "$(field "$1" state)" = "$2" ]; }
unit() { on systemctl -M box show --value -p ActiveState "$1.service"; }
unit_in_state() { [ "$(unit "$1")" = "$2" ]; }
comes_to() { # NAME SERVICE STATE
    wait_for in_state "$2" "$3"
    is "$host_version $1" "$(field "$2" state)" "$3"
}
# What systemctl shows may be a second old (endpoint/manager_services.cc).
agree() { # NAME SERVICE STATE UNIT-STATE
    wait_for in_state "$2" "$3"
    wait_for unit_in_state "$2" "$4"
    is "$host_version $1" "$(field "$2" state) $(unit "$2")" "$3 $4"
}
said() { on journalctl --no-pager -o cat -u box; }
has_said() { said | grep -q -- "$1"; }
registered() { on machinectl --quiet show box >/dev/null 2>&1; }
ended() { ! on systemctl --quiet is-active box; }
is_new() { local now; now=$(field web pid) && [ -n "$now" ] && [ "$now" != "$1" ] && in_state web up; }
ran_again() { [ "$(field job starts)" -ge "$1" ]; }
line_of() { said | grep -n -- "$1" | tail -n 1 | cut -d: -f1; }

check_agreement() {
    agree "the server: both say that it is up" web up active
    agree "the worker as well" worker up active
    ok "$host_version systemctl lists the job" sh -c '"$@" | grep -q "^job.service"' - \
        "$HOST_COMMAND" run "$host" -- systemctl -M box list-units --all --no-pager --plain --no-legend
    like "$host_version systemctl status shows it" "$(on systemctl -M box status --no-pager web.service 2>&1)" 'Active: active \(running\)'
    ok "$host_version systemctl stops a service" on systemctl -M box stop worker.service
    agree "and boxctl sees it" worker off inactive
    is "$host_version systemctl status says so by its exit status" "$(on systemctl -M box status --no-pager worker.service >/dev/null 2>&1; echo $?)" 3
    ok "$host_version boxctl starts it" services start worker
    agree "and systemctl sees it" worker up active
    local before
    before=$(field worker pid)
    ok "$host_version systemctl restarts it" on systemctl -M box restart worker.service
    not_ok "$host_version it is another process" test "$(field worker pid)" = "$before"
    ok "$host_version boxctl stops it" services stop worker
    agree "and systemctl sees that, too" worker off inactive
    ok "$host_version systemctl starts it" on systemctl -M box start worker.service
    agree "and boxctl sees that" worker up active
    not_ok "$host_version control: neither knows another one (systemctl)" on systemctl -M box start other.service
    not_ok "$host_version control: neither knows another one (boxctl)" services start other
    "$HOST_COMMAND" run "$host" -- boxctl services box start slow </dev/null >/dev/null 2>&1 &
    local waits=$!
    agree "one that is not ready yet" slow starting activating
    services stop slow
    wait "$waits"
}

check_failures() {
    local before
    before=$(field web pid)
    on boxctl shell box kill -KILL "$before"
    ok "$host_version the server is killed and comes back" wait_for is_new "$before"
    before=$(field web pid)
    on boxctl shell box kill -KILL "$before"
    ok "$host_version again" wait_for is_new "$before"
    like "$host_version with a pause that grows" "$(said | grep -o 'web: delayed.*again in [0-9]*' | grep -o '[0-9]*$' | tr '\n' ' ')" \
        '^(9[0-9]|100) (19[0-9]|200) $'
    agree "both say that it is up again" web up active
    before=$(field web pid)
    on boxctl shell box rm /www/health
    ok "$host_version a health check that fails is said" wait_for has_said 'web: unhealthy: 2 health checks'
    on boxctl shell box touch /www/health
    ok "$host_version and restarts it" wait_for is_new "$before"
    is "$host_version the worker has stayed" "$(field worker state)" up
}

check_services() {
    local times
    add_machine box "$busybox"
    make_tree "$(machines)/box"
    on systemd-run --quiet --unit=box -p Delegate=yes boxctl boot --keep-unit -M box --console=passive -D /var/lib/machines/box
    wait_for registered
    comes_to "the worker is up, so the server it needs is ready" worker up
    like "$host_version the job has run" "$(services logs job)" 'job ran'
    times=$(field job starts)
    ok "$host_version and comes again" wait_for ran_again "$((times + 2))"
    check_agreement
    check_failures
    on machinectl poweroff box
    ok "$host_version machinectl poweroff ends the box" wait_for ended
    is "$host_version with success" "$(on systemctl show --value -p Result box)" success
    ok "$host_version the worker first, then what it needs" test "$(line_of 'worker stops')" -lt "$(line_of 'web stops')"
}

for_each_suite check_services
done_testing
