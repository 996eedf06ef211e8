#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The hosts of this tier: they are what they claim, offer what the tests rely on, and nothing of
# them is left behind. What a genuine systemd-nspawn can do in them is the positive control for
# what boxctl is asked to do.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }

# traces NAME: what a host of this name may not leave behind; each is seen while it runs
traces() {
    find /sys/fs/cgroup -maxdepth 3 -type d -name "boxctl-host-$1"
    find "/run/boxctl-hosts/$1" "$BUILD/hosts/run/$1" -maxdepth 0 2>/dev/null
    grep -l -e "hosts/run/$1/" /proc/[0-9]*/mountinfo 2>/dev/null | grep -v -e "/self/"
}
no_traces() { [ -z "$(traces "$1")" ]; }
kinds_of_traces() { traces "$1" | sed -E 's,^/(sys|run|proc)/.*,\1,; s,.*/hosts/run/.*,work,' | sort -u | tr '\n' ' '; }

listed() { on machinectl --no-legend list | grep -q "^$1 "; }
not_listed() { ! listed "$1"; }

genuine_machine() {
    add_machine genuine "$alpine"
    is "$host_version: control: /var/lib/machines takes id-mapped mounts" \
        "$(on systemd-nspawn --quiet --register=no --keep-unit -M genuine -U --private-users-ownership=map stat -c %u /bin 2>/dev/null | tr -d '\r')" 0
    is "$host_version: control: they change nothing on disk" "$(stat -c %u "$(machines)/genuine/bin")" 0
    on systemd-run --quiet --unit=genuine systemd-nspawn --quiet --keep-unit -b -M genuine --console=pipe
    eventually "$host_version: control: a genuine systemd-nspawn registers its machine" listed genuine
    like "$host_version: control: machinectl knows what it is" "$(on machinectl show genuine -p Class -p Service -p Unit)" \
        $'^Service=systemd-nspawn\nUnit=genuine.service\n.*Class=container$|Class=container.*Service=(systemd-)?nspawn.*Unit=genuine.service'
    on systemctl kill --signal=KILL genuine
    ok "$host_version: control: and forgets it" wait_for not_listed genuine
}

check_host() {
    local wanted first
    case $host_suite in bookworm) wanted=252 ;; trixie) wanted=257 ;; sid) wanted='2[6-9][0-9]' ;; esac
    like "$host_version: the version is that of $host_suite" "$host_version" "^$wanted\$"
    is "$host_version: it runs well" "$(on systemctl is-system-running)" running
    is "$host_version: its PID 1 is systemd" "$(on cat /proc/1/comm)" systemd
    like "$host_version: a command is in a scope of its own" "$(on sed -n 's/^0:://p' /proc/self/cgroup)" '^/system\.slice/run-.*\.scope$'
    is "$host_version: the exit status comes back" "$(on sh -c 'exit 7'; echo $?)" 7
    is "$host_version: what it prints comes back" "$(on printf 'a\nb')" $'a\nb'
    like "$host_version: a terminal is one of the host" "$(on_tty tty)" '^/dev/pts/[0-9]+'
    is "$host_version: boxctl is installed" "$(on boxctl version)" "$("$BOXCTL" version)"
    is "$host_version: the network has only a loopback" "$(on ls /sys/class/net)" lo
    not_ok "$host_version: the build cannot be written to" on touch "$BUILD/x"
    ok "$host_version: scratch files of the test are there" on test -d "$tap_tmp"
    genuine_machine
    first=$host
    host_up "$host_suite" "$(host_name second)"
    ok "$host_version: a second host runs beside it" on systemctl is-system-running
    is "$host_version: they do not see each other" "$(on sh -c 'echo second >/run/marked'; host=$first on cat /run/marked 2>&1 | grep -c second)" 0
    is "$host_version: control: traces are seen while it runs" "$(kinds_of_traces "$host")" 'proc run sys work '
    host_down
    ok "$host_version: nothing is left of it" no_traces "$host"
    host=$first
    ok "$host_version: the first one runs on" on true
}

# The test that asked for a host is killed, the guard of a host is killed.
check_kills() {
    local name owner guard
    name=$(host_name orphan)
    sleep 1000 &
    owner=$!
    ok "a host with an owner" "$HOST_COMMAND" up "$name" --owner=$owner --suite="$host_suite"
    kill -KILL $owner
    wait $owner 2>/dev/null
    eventually "nothing is left of a host whose owner was killed" no_traces "$name"

    ok "a host whose guard will be killed" "$HOST_COMMAND" up "$name" --owner=$$ --suite="$host_suite"
    not_ok "a name is given once" "$HOST_COMMAND" up "$name" --owner=$$ --suite="$host_suite"
    guard=$(sed -n 's/.*"guard": \([0-9]*\).*/\1/p' "/run/boxctl-hosts/$name/facts")
    kill -KILL "$guard"
    eventually "its processes end with it" not_ok_quiet "$HOST_COMMAND" run --no-scope "$name" true
    ok "down removes the rest" "$HOST_COMMAND" down "$name"
    ok "nothing is left" no_traces "$name"
    is "a name that is none is refused" "$("$HOST_COMMAND" up ../x 2>&1)" "host: '../x' is no name for a host: letters, digits and '-'"
}
not_ok_quiet() { ! "$@"; }

for_each_suite check_host
if host_up "$("$HOST_COMMAND" suites | sed -n 1p)" "$(host_name kills)"; then
    check_kills
fi
done_testing
