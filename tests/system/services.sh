#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# box-init --services without boxctl: as PID 1 of a PID namespace with a /run of its own and no
# cgroups. What cgroups add is looked at in services-box.sh.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/supervisor.sh disable=SC2016,SC2154
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/supervisor.sh"

# --- start, order, stop -------------------------------------------------------------------------
services '[Service setup]
Type=oneshot
ExecStart=/bin/sh -c "sleep 0.3; echo set up"
[Service db]
Type=notify
Requires=setup
ExecStart=/usr/bin/python3 -c "import socket, os, signal, time; time.sleep(0.3); s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ[\"NOTIFY_SOCKET\"]); print(\"db ready\", flush=True); s.send(b\"STATUS=serving\\nREADY=1\"); signal.pause()"
[Service web]
Requires=db
ExecStart=/bin/sh -c "trap \"echo web stops; exit 0\" TERM; echo web runs; while :; do sleep 0.05; done"
[Service worker]
After=web
ExecStart=/bin/sh -c "trap \"sleep 0.2; echo worker stops; exit 0\" TERM; echo worker runs; while :; do sleep 0.05; done"'
ok "the file is good" "$BOXINIT" --services=services.ini --check
boot -v
reaches "all come up" worker up
is "a oneshot has finished" "$(state setup)" finished
ok "each after what it needs" test "$(order_of 'setup | set up')" -lt "$(order_of 'db | db ready')" -a \
    "$(order_of 'db | db ready')" -lt "$(order_of 'web | web runs')"
like "a status of its own is shown" "$(ctl status db)" "'serving'"
like "ctl without a word shows all" "$(ctl)" "worker +up"
is "logs of one service" "$(ctl logs web)" "web runs"
is "a stop" "$(ctl stop db; echo $?)" 0
is "stops what requires it" "$(state web) $(state db) $(state worker)" "off off up"
is "a start takes along what is required" "$(ctl start web; state db)" up
before=$(field web pid)
is "a restart" "$(ctl restart web; state web)" up
not_ok "is a new process" test "$(field web pid)" = "$before"
is "what does not exist" "$(ctl start nobody 2>&1; echo $?)" $'box-init: no such service: \'nobody\'\n1'
is "what cannot be done" "$(ctl explode web 2>&1; echo $?)" $'box-init: no such request: \'explode\'\n1'
is "another user may not ask" "$(inside setpriv --reuid=65534 --clear-groups "$BOXINIT" ctl 2>&1; echo $?)" \
    $'box-init: no supervisor answers at /run/box-init/control: Permission denied\n125'
stop
is "SIGTERM stops the box with 0" "$ended" 0
ok "in reverse order" test "$(order_of 'worker | worker stops')" -lt "$(grep -n 'web | web stops' log | tail -n 1 | cut -d: -f1)"

# --- restarts -----------------------------------------------------------------------------------
services '[Service crash]
ExecStart=/bin/sh -c "echo again; exit 3"
RestartSec=50ms
StartLimitBurst=4
[Service never]
Type=notify
ExecStart=/bin/false
Restart=no
[Service stays]
ExecStart=/bin/sleep 1000
Restart=always'
boot
reaches "a service that fails too often is given up" crash failed
is "after as many starts as it may" "$(field crash starts)" 4
is "its status is known" "$(field crash status)" 3
like "the pauses grow" "$(grep -o 'again in [0-9]*' log | tr '\n' ' ')" "again in [45][0-9] again in (9|10)[0-9]? again in (19|20)[0-9]"
before=$(field stays pid)
inside kill -KILL "$before"
new_pid() { [ "$(field stays pid)" != "$before" ] && is_in stays up; }
until_true new_pid
ok "one that is killed comes back" new_pid
is "ctl start gives a failed one another chance" "$(ctl start crash 2>&1; echo $?)" 0
is "and says when it does not become ready" "$(ctl start never 2>&1; echo $?)" $'box-init: it is failed, status 1\n1'
stop RTMIN+3
is "SIGRTMIN+3 stops as well" "$ended" 0

# --- daemons ------------------------------------------------------------------------------------
cat >bus.conf <<XML
<busconfig><type>session</type><fork/><pidfile>/run/bus.pid</pidfile><listen>unix:path=/run/bus</listen>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow user="*"/></policy></busconfig>
XML
if command -v dbus-daemon >/dev/null; then
    services '[Service bus]
Type=forking
ExecStart=/usr/bin/dbus-daemon --config-file='"$work"'/bus.conf
PIDFile=/run/bus.pid
RestartSec=50ms
[Service client]
Requires=bus
Type=oneshot
ExecStart=/bin/sh -c "test -S /run/bus && echo found it"
[Service liar]
Enabled=no
Type=forking
Restart=no
PIDFile='"$work"'/lie.pid
ExecStart=/bin/sh -c "echo 1 >'"$work"'/lie.pid"'
    boot
    reaches "a real daemon is up" bus up
    reaches "and what needs it has found it" client finished
    is "its main process is that of its PID file" "$(field bus pid)" "$(inside cat /run/bus.pid)"
    before=$(field bus pid)
    inside kill -KILL "$before"
    # The next one refuses a PID file that is there.
    inside rm -f /run/bus.pid
    new_bus() { [ "$(field bus pid)" != "$before" ] && is_in bus up; }
    until_true new_bus
    ok "a daemon that is killed comes back" new_bus
    is "control: a PID file that names no process of the service is refused" \
        "$(ctl start liar 2>&1; state liar)" $'box-init: it is failed, status 125\nfailed'
    is "a stop ends it" "$(ctl stop bus; inside pgrep -c dbus-daemon)" 0
    stop
    is "the box of daemons ends with 0" "$ended" 0
else
    skip "a real daemon" "dbus-daemon is not installed"
fi

# --- jobs that come again -----------------------------------------------------------------------
services '[Service job]
Type=oneshot
OnUnitActiveSec=200ms
ExecStart=/bin/sh -c "echo ran"
[Service broken]
Type=oneshot
OnUnitActiveSec=200ms
ExecStart=/bin/sh -c "exit 4"
[Service long]
Type=oneshot
OnUnitActiveSec=100ms
ExecStart=/bin/sh -c "if mkdir '"$work"'/runs; then sleep 0.25; rmdir '"$work"'/runs; else echo twice; fi"
[Service rare]
Type=oneshot
OnUnitActiveSec=1h
ExecStart=/bin/true
[Service worker]
Requires=job
ExecStart=/bin/sleep 1000'
boot
has_started() { [ "$(field "$1" starts)" -ge "$2" ]; }
has_come() { # NAME SERVICE TIMES
    until_true has_started "$2" "$3"
    ok "$1" has_started "$2" "$3"
}
has_come "a oneshot with OnUnitActiveSec comes again" job 3
has_come "also when it fails, once each time" broken 3
has_come "and when it takes longer than that" long 3
not_ok "never two at a time" logged 'long | twice'
is "what needs it is up, and stays when it comes again" "$(state worker) $(field worker starts)" "up 1"
is "a stop ends the coming" "$(ctl stop broken; state broken)" off
before=$(field broken starts)
has_come "(some periods later)" job "$(($(field job starts) + 3))"
is "for good" "$(field broken starts)" "$before"
is "a start begins it again" "$(ctl start job; echo $?)" 0
reaches "one that comes rarely has finished" rare finished
like "and shows its next time" "$(ctl status rare)" "exit 0, starts in 3[0-9]{3}s"
like "also in JSON" "$(ctl status rare --json)" '"next_milliseconds":3[0-9]{6}'
stop
is "the box ends with 0 all the same" "$ended" 0

# --- health -------------------------------------------------------------------------------------
services '[Service web]
ExecStart=/usr/bin/python3 -u -m http.server 8000 --bind 127.0.0.1 --directory '"$work"'/www
Ready=tcp:8000
HealthCheck=http://127.0.0.1:8000/health
HealthIntervalSec=100ms
HealthRetries=2
RestartSec=10ms
StartLimitBurst=0
[Service asked]
ExecStart=/bin/sleep 1000
Ready=exec:/bin/test -e '"$work"'/ready
[Service pipe]
ExecStart=/bin/sh -c "sleep 0.2; echo >&4; exec sleep 1000"
Ready=fd:4'
mkdir -p www && touch www/health
boot
reaches "ready when the port answers" web up
reaches "ready when a line comes on the descriptor" pipe up
is "not ready while the command fails" "$(state asked)" starting
touch ready
reaches "ready when the command succeeds" asked up
before=$(field web pid)
rm www/health
other_web() { [ "$(field web pid)" != "$before" ]; }
until_true other_web
ok "a health check that fails restarts it" other_web
has_logged "and that is said" 'web: unhealthy: 2 health checks in a row have failed'
touch www/health
reaches "and it is up again" web up
stop
is "a box whose service was unhealthy once stops well" "$ended" 0

services '[Service asked]
ExecStart=/bin/sleep 1000
HealthCheck=exec:/bin/test -e '"$work"'/fine
HealthIntervalSec=100ms
HealthRetries=2
RestartSec=10ms
StartLimitBurst=0
[Service port]
ExecStart=/bin/sleep 1000
HealthCheck=tcp:8001
HealthIntervalSec=100ms
HealthRetries=2
Restart=no
[Service deaf]
ExecStart=/bin/sleep 1000
HealthCheck=exec:/bin/sleep 1000
HealthIntervalSec=100ms
HealthTimeoutSec=200ms
HealthRetries=2
Restart=no
[Service over]
ExecStart=/bin/true
OnExit=restart
RestartSec=10ms
[Service polite]
ExecStart=/bin/sh -c "trap \"echo told USR1; exit 0\" USR1; trap \"echo told TERM; exit 1\" TERM; echo waits; while :; do sleep 0.05; done"
StopSignal=USR1'
touch fine
boot
reaches "a health check by command" asked up
reaches "a health check by tcp that fails ends a service" port failed
reaches "so does one that takes too long" deaf failed
is "a good one leaves it alone" "$(field asked starts)" 1
rm fine
asked_again() { [ "$(field asked starts)" -gt 1 ]; }
ok "a bad one restarts it" until_true asked_again
over_again() { [ "$(field over starts)" -ge 3 ]; }
ok "OnExit=restart starts what has ended well" until_true over_again
until_true logged 'polite | waits'
ctl stop polite
is "StopSignal= is what a service is told" "$(ctl logs polite | xargs)" "waits told USR1"
stop
is "the box ends with 0 again" "$ended" 0

# --- how a box ends -----------------------------------------------------------------------------
services '[Service setup]
Type=oneshot
Restart=no
ExecStart=/bin/sh -c "exit 7"
[Service web]
Requires=setup
ExecStart=/bin/sleep 1000
[Service other]
ExecStart=/bin/sleep 1000'
boot
end
is "set-up that fails ends the box with its status" "$ended" 7
services '[Service main]
ExecStart=/bin/sh -c "sleep 0.3; exit 5"
Restart=no
OnExit=stop-box
[Service other]
ExecStart=/bin/sleep 1000'
boot
end
is "OnExit=stop-box: the status of that service" "$ended" 5
services '[Service job]
Type=oneshot
ExecStart=/bin/true'
boot
end
is "a box of jobs ends when all are done" "$ended" 0
services '[Service job]
ExecStart=/no/such/program
Restart=no'
boot
end
is "a program that is not there is 127" "$ended" 127
has_logged "and named" "job: execute '/no/such/program': No such file or directory"
services '[Service a]
ExecStart=/bin/true
Requires=b
[Service b]
ExecStart=/bin/true
Requires=a'
is "a cycle is refused before anything starts" "$("$BOXINIT" --services=services.ini 2>&1; echo $?)" \
    $'box-init: services.ini:1: these services wait for each other: a after b after a\n125'
services '[Service slow]
Type=notify
ExecStart=/bin/sleep 1000
[Service next]
Requires=slow
ExecStart=/bin/sleep 1000'
boot
reaches "a start that is never ready" slow starting
stop
is "can be cancelled by a stop" "$ended" 0
services '[Service stubborn]
ExecStart=/bin/sh -c "trap \"\" TERM; setsid sleep 1000 & echo here; while :; do sleep 0.05; done"
TimeoutStopSec=300ms'
boot
has_logged "a service that ignores SIGTERM" 'stubborn | here'
stop
is "is killed after its time" "$ended" 0

# --- what a service gets ------------------------------------------------------------------------
services '[Service a]
ExecStart=/usr/bin/env
User=65534
WorkingDirectory=/tmp
LimitNOFILE=77
Environment=ONE=1 "TWO=2 3"
Restart=no
[Service b]
After=a
ExecStart=/bin/sh -c "id -u; pwd; ulimit -n; ls /proc/self/fd | xargs; readlink /proc/self/fd/0; trap"
User=65534
WorkingDirectory=/tmp
LimitNOFILE=77
Restart=no'
NOTIFY_SOCKET=/nowhere boot
end
sed -n 's/^a | //p' log >got
ok "its variables" grep -q '^TWO=2 3$' got
ok "its user's variables" grep -q '^HOME=' got
not_ok "nothing of box-init's own" grep -q NOTIFY_SOCKET got
is "its user, directory, limits and descriptors" "$(sed -n 's/^b | //p' log)" $'65534\n/tmp\n77\n0 1 2 3\n/dev/null'

services '[Service a]
Type=oneshot
ExecStart=/bin/echo a\"b'
boot --log-format=json
end
ok "JSON lines are JSON" python3 -c 'import json, sys; r = [json.loads(l) for l in open("log")]; sys.exit(r[0]["message"] != "a\"b" or r[0]["service"] != "a")'

# --- to the host --------------------------------------------------------------------------------
services '[Service a]
ExecStart=/bin/sleep 1000'
cat >listen.py <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
if os.path.exists("notify.sock"): os.unlink("notify.sock")
s.bind("notify.sock")
print("listening", flush=True)
while True:
    text = s.recv(4096).decode()
    print(text, flush=True)
    if "STOPPING" in text: break
PY
python3 listen.py >told &
listener=$!
until_true grep -q listening told
NOTIFY_SOCKET=$work/notify.sock boot
until_true grep -q READY=1 told
stop
wait "$listener"
is "the host is told" "$(sed 1d told)" $'READY=1\nSTATUS=1 of 1 services are up\nSTOPPING=1'

services '[Service slow]
ExecStart=/bin/sleep 1000
Ready=exec:/bin/test -e '"$work"'/slow-is-up
[Service broken]
ExecStart=/bin/false
Restart=no'
rm told
python3 listen.py >told &
listener=$!
until_true grep -q listening told
NOTIFY_SOCKET=$work/notify.sock boot
reaches "one service has failed" broken failed
is "the host is told nothing while another starts" "$(sed 1d told)" ""
touch slow-is-up
until_true grep -q READY=1 told
stop
wait "$listener"
is "a failure that is ignored keeps nobody waiting" "$(sed 1d told)" $'READY=1\nSTATUS=1 of 2 services are up, 1 failed\nSTOPPING=1'

services '[Service crash]
Type=notify
ExecStart=/bin/sh -c "test -e '"$work"'/mended && { systemd-notify --ready; exec sleep 1000; }; exit 3"
Restart=always
RestartSec=10ms
StartLimitBurst=0
[Service needs]
Requires=crash
ExecStart=/bin/sleep 1000
[Service after]
After=needs
ExecStart=/bin/sleep 1000
[Service slow]
ExecStart=/bin/sleep 1000
Ready=exec:/bin/test -e '"$work"'/slow-is-up'
rm told slow-is-up
python3 listen.py >told &
listener=$!
until_true grep -q listening told
NOTIFY_SOCKET=$work/notify.sock boot
failed_often() { [ "$(field crash starts)" -gt 6 ]; }
ok "a service may fail for ever" until_true failed_often
is "which alone is no reason to say that the others are up" "$(sed 1d told)" ""
touch slow-is-up
until_true grep -q READY=1 told
touch mended
reaches "it can still come up" after up
until_true grep -q '4 of 4' told
stop
wait "$listener"
is "what fails for ever keeps nobody waiting but those that need it" "$(sed 1d told)" \
    $'READY=1\nSTATUS=1 of 4 services are up, 1 failing again and again, 2 waiting for that\nSTATUS=4 of 4 services are up\nSTOPPING=1'

# --- storms -------------------------------------------------------------------------------------
services '[Service storm]
ExecStart=/usr/bin/perl -e "for (1..5000) { if (!fork) { fork for 1..2; exit } wait } sleep 1000"
[Service quiet]
ExecStart=/bin/sleep 1000
[Service flood]
ExecStart=/bin/sh -c "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"'
boot
reaches "amid a storm of orphans and a flood of output" quiet up
is "ctl is heard" "$(ctl restart quiet; state quiet)" up
stop
is "and the stop" "$ended" 0
: >log

done_testing
