#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2154
# boxctl boot of a tree with service files: a web server, a worker that needs it, a set-up; what a
# cgroup for each service adds, and boxctl services.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

from=$(busybox_root) || { echo "Bail out! no busybox tree"; exit 1; }
root=$(tmpdir)/tree
copy_root "$from" "$root"
box=$(box_name services)
mkdir -p "$root/etc/box-init" "$root/www"
touch "$root/www/health"
cat >"$root/etc/box-init/setup.service.ini" <<'INI'
[Service]
Type=oneshot
ExecStart=/bin/sh -c "mkdir -p /run/web; until test -e /go; do sleep 0.1; done; echo set up"
INI
cat >"$root/etc/box-init/web.service.ini" <<'INI'
[Unit]
Description=Web server
Requires=setup
[Service]
ExecStart=/bin/busybox httpd -f -p 127.0.0.1:8080 -h /www
Ready=tcp:8080
HealthCheck=http://127.0.0.1:8080/health
HealthIntervalSec=200ms
RestartSec=50ms
INI
cat >"$root/etc/box-init/worker.service.ini" <<'INI'
[Service]
Requires=web
ExecStart=/bin/sh -c "setsid sh -c \"setsid sleep 4321 & sleep 1234\" & trap \"echo worker stops; exit 0\" TERM; echo works; while :; do sleep 0.1; done"
INI

# A daemon that leaves no PID file: where there are cgroups, the service is what is in its own.
cat >"$root/etc/box-init/daemon.service.ini" <<'INI'
[Service]
Type=forking
Enabled=no
ExecStart=/bin/busybox httpd -p 127.0.0.1:8081 -h /www
RestartSec=50ms
Restart=always
INI

services() { "$BOXCTL" services "$box" "$@" </dev/null; }
state() { services status --json "$1" | sed -n 's/.*"state":"\([a-z]*\)".*/\1/p'; }
pid_of() { services status --json "$1" | sed -n 's/.*"pid":\([0-9]*\).*/\1/p'; }
is_in() { [ "$(state "$1")" = "$2" ]; }
reaches() { # NAME SERVICE STATE
    wait_for is_in "$2" "$3"
    is "$1" "$(state "$2")" "$3"
}
inside() { "$BOXCTL" shell "$box" "$@" </dev/null; }

start_box "$box" boot "$root"
wait_for is_in setup starting
not_ok "while the set-up runs the box is not ready" "$BOXCTL" wait --for=ready --timeout=0 "$box"
inside touch /go
ok "it is when all services are up" "$BOXCTL" wait --for=ready --timeout=20 "$box"
reaches "three services from their files: the last one is up" worker up
is "its PID 1 is box-init" "$(inside sh -c 'tr "\0" " " </proc/1/cmdline')" "box-init --services=/etc/box-init "
like "boxctl services shows them" "$(services)" "setup +finished .*web +up .*worker +up "
like "and says what they are" "$(services status web --json)" '"description":"Web server"'
like "boxctl status knows the init" "$("$BOXCTL" status "$box")" box-init
is "the server serves" "$(inside busybox wget -q -O - http://127.0.0.1:8080/health; echo $?)" 0
is "logs" "$(services logs worker)" works

before=$(pid_of web)
inside kill -KILL "$before"
new_web() { local now; now=$(pid_of web) && [ -n "$now" ] && [ "$now" != "$before" ] && is_in web up; }
wait_for new_web
ok "a service that is killed comes back" new_web
before=$(pid_of web)
inside rm /www/health
wait_for new_web
ok "so does one whose health check fails" new_web
inside touch /www/health

if [ -n "$(inside sh -c 'ls -d /sys/fs/cgroup/service-worker 2>/dev/null')" ]; then
    like "each has a cgroup of its own" "$(inside sh -c 'cat /sys/fs/cgroup/service-worker/cgroup.procs | wc -l')" "^[4-9]"
    like "its use is known" "$(services status worker --json)" '"cpu_usec":[1-9]'
    is "a stop reaches what left its session" "$(services stop worker; inside sh -c 'ps | grep -c "[s]leep 4321"')" 0
    is "and leaves the others alone" "$(state web)" up
    services start worker

    is "a daemon is started" "$(services start daemon; inside busybox wget -q -O - http://127.0.0.1:8081/health; echo $?)" 0
    daemon() { inside sh -c 'cat /sys/fs/cgroup/service-daemon/cgroup.procs'; }
    alone() { [ "$(daemon | wc -w)" = 1 ]; }
    wait_for alone # httpd answers in a process of its own, which may still be there
    before=$(daemon)
    is "it is one process, and none of box-init's naming" "$(wc -w <<<"$before") $(pid_of daemon)" "1 0"
    inside kill -KILL "$before"
    new_daemon() { local now; now=$(daemon) && [ -n "$now" ] && [ "$now" != "$before" ] && is_in daemon up; }
    wait_for new_daemon
    ok "a daemon that is killed comes back" new_daemon
    is "and is stopped" "$(services stop daemon; daemon)" ""
else
    skip "cgroups" "no writable cgroup v2 in a box here"
fi

is "what does not exist" "$(services stop nobody 2>&1; echo $?)" $'box-init: no such service: \'nobody\'\n1'
"$BOXCTL" stop "$box"
is "boxctl stop" $? 0
wait "$box_pid"
is "ends the box with 0" $? 0
like "in order" "$(cat "$tap_tmp/$box.log")" "worker \| worker stops"

other=$(box_name other)
start_box "$other" run "$from" -- sleep 60
like "a box without services says so" "$("$BOXCTL" services "$other" 2>&1; echo $?)" "has no services of box-init.*125"

cat >"$root/etc/box-init/setup.service.ini" <<'INI'
[Service]
Type=oneshot
ExecStart=/bin/sh -c "exit 9"
INI
"$BOXCTL" boot --quiet -M "$box" "$root" </dev/null >"$tap_tmp/failed" 2>&1
is "set-up that fails is the status of the box" $? 9
echo "ExecStart" >>"$root/etc/box-init/web.service.ini"
"$BOXCTL" boot --quiet -M "$box" "$root" </dev/null >"$tap_tmp/failed" 2>&1
is "a file that cannot be read stops it at the start" $? 125
like "with file and line" "$(cat "$tap_tmp/failed")" "/etc/box-init/web.service.ini:10: neither"

rm -r "$root/etc/box-init"
bundle=$tap_tmp/$(box_name bundle)
mkdir -p "$bundle/rootfs"
cp -a "$root/." "$bundle/rootfs/"
cat >"$bundle/config.json" <<'JSON'
{"ociVersion": "1.0.2", "root": {"path": "rootfs"}, "annotations": {
    "io.boxctl.service.web": "/bin/busybox httpd -f -p 127.0.0.1:8080 -h /www",
    "io.boxctl.service.worker": "[Service]\nRequires=web\nExecStart=/bin/sleep 4322\n"}}
JSON
box=$(basename "$bundle")
start_box "$box" boot "$bundle"
like "a bundle is the tree in it, by the bundle's name" "$("$BOXCTL" boot --dry-run "$bundle")" \
    "machine +$box .*root +$bundle/rootfs "
ok "it is booted with the services of its labels" \
    "$BOXCTL" wait --for=ready --timeout=20 "$box"
like "each label is a service" "$(services)" "web +up .*worker +up "
like "a text is read as a file is" "$(inside ps)" "sleep 4322"
is "a line is a command" "$(inside busybox wget -q -O - http://127.0.0.1:8080/health; echo $?)" 0
is "nobody inside changes them" \
    "$(inside sh -c 'echo x >/run/host/services/web.service.ini' 2>&1 | grep -c "Read-only")" 1
"$BOXCTL" stop "$box"
wait "$box_pid"
is "and it ends with 0" $? 0

plan_of() { printf '%s' "$1" >"$bundle/config.json"; "$BOXCTL" boot --dry-run --uuid=abababababababababababababababab "$bundle" 2>&1; }
plain=$(plan_of '{}')
like "C9: control: there is a plan" "$plain" "execute +/sbin/init"
is "C9: nothing else in an image's config gets a box more, or other, than it had" "$(plan_of '{
    "root": {"path": "/", "readonly": false}, "hostname": "evil", "process": {"user": {"uid": 0}, "noNewPrivileges": false,
        "args": ["/bin/sh"], "env": ["LD_PRELOAD=/evil.so"], "capabilities": {"bounding": ["CAP_SYS_ADMIN", "CAP_SYS_MODULE"]}},
    "mounts": [{"source": "/", "destination": "/host", "type": "bind", "options": ["rbind"]}],
    "hooks": {"prestart": [{"path": "/bin/touch", "args": ["touch", "/tmp/evil"]}]}, "linux": {"namespaces": []},
    "annotations": {"io.boxctl.capability": "all", "io.boxctl.bind": "/:/host", "io.boxctl.private-users": "no",
        "io.boxctl.init": "/bin/sh", "run.oci.keep_original_groups": "1", "io.crun.keep_original_groups": "1",
        "IO.BOXCTL.SERVICES": "/opt"},
    "config": {"Entrypoint": ["/bin/sh"], "User": "0", "Volumes": {"/etc": {}}, "Labels": {"io.boxctl.property": "MemoryMax=1"}}}')" "$plain"
not_ok "C9: control: a label of services does" \
    test "$(plan_of '{"annotations": {"io.boxctl.service.x": "/bin/x"}}')" = "$plain"
mkdir "$bundle/rootfs/opt"
printf '[Service one]\nType=oneshot\nExecStart=/bin/sh -c "exit 7"\n' >"$bundle/rootfs/opt/app.ini"
boot_bundle() { "$BOXCTL" boot --quiet -M "$box" "$bundle/rootfs" </dev/null >"$tap_tmp/said" 2>&1; }
label() { printf '{"config": {"Labels": {%s}}}' "$1" >"$bundle/config.json"; }
label '"io.boxctl.services": "/opt/app.ini"'
boot_bundle
is "a label can name a file of the tree, in an image's own configuration" $? 7
label '"io.boxctl.services": "/opt/none.ini"'
boot_bundle
is "one that is not there ends the start" $? 125
like "in one line" "$(cat "$tap_tmp/said")" \
    "^[^
]*labels in '[^
]*/config.json': label 'io.boxctl.services': [^
]*No such file[^
]*--init=PATH[^
]*$"
label '"io.boxctl.service.web": "[Service]\nNoSuchKey=1"'
boot_bundle
is "so does a service that cannot be read" $? 125
like "which is told as that of a file" "$(cat "$tap_tmp/said")" "/run/host/services/web.service.ini:2: is no key"

done_testing
