#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The console of a box in the journal of a real host, and boxctl logs on it.
# shellcheck source-path=SCRIPTDIR source=../lib/host.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/host.sh"

root=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

# service NAME OPTIONS... -- COMMAND...: the box as a service, started by no unit file of ours
service() {
    local name=$1
    shift
    on systemd-run --quiet --unit="svc-$name" -- boxctl run -M "$name" --console=passive "$@"
}
logs() { on boxctl logs "$@" 2>&1; }
shows() { logs "$1" | grep -qF -- "$2"; }
journal() { on journalctl --quiet --no-pager --output=cat "$@"; }
journal_has() { journal "${@:2}" | grep -qF -- "$1"; }
ended() { ! on systemctl is-active --quiet "$1"; }
gone_in_host() { ! on boxctl status "$1" >/dev/null 2>&1; }

check_journal() {
    add_machine tree "$root"
    local tree=/var/lib/machines/tree v=$host_version

    service web1 "$tree" -- sh -c 'echo one; printf "\033[31mred\033[0m\n\n"; echo "<0>panic"
        printf "\n_SYSTEMD_UNIT=ssh.service\nMESSAGE=forged\n"; exec sleep 600'
    ok "$v: a line is an entry of the machine" wait_for journal_has MESSAGE=forged -t web1
    is "$v: all lines are, without escape sequences" "$(journal -t web1)" \
        $'one\nred\n<0>panic\n_SYSTEMD_UNIT=ssh.service\nMESSAGE=forged'
    is "$v: their unit is the service's" "$(journal -t web1 -o json | grep -c '"_SYSTEMD_UNIT" *: *"svc-web1.service"')" 5
    is "$v: a box cannot name a unit" "$(journal _SYSTEMD_UNIT=ssh.service)" ""
    is "$v: nor a priority" "$(journal -p 0..5 -t web1)" ""
    on systemd-run --quiet --wait --unit=control sh -c 'echo "<0>control"'
    ok "$v: control: a service can" journal_has control -p 0
    is "$v: logs shows the same" "$(logs web1)" "$(journal -t web1)"
    is "$v: -n shows the newest" "$(logs web1 -n 2)" $'_SYSTEMD_UNIT=ssh.service\nMESSAGE=forged'
    is "$v: --since shows what is younger" "$(logs web1 --since=-1h | wc -l)" 5
    is "$v: and nothing older" "$(logs web1 --since=@$(($(date +%s) + 3600)))" ""
    like "$v: --json has the times" "$(logs web1 --json -n 1)" '^\{"time":"20[0-9T:.-]+Z","text":"MESSAGE=forged"\}$'
    like "$v: status says where it is" "$(on boxctl status web1)" 'Log: journal'

    # Everybody may write to the journal.
    on setpriv --reuid=65534 --regid=65534 --clear-groups sh -c \
        'printf "MESSAGE=intruder\nBOXCTL_MACHINE=web1\nSYSLOG_IDENTIFIER=web1\n" | logger --journald'
    ok "$v: control: another user's entry has our fields" wait_for journal_has intruder BOXCTL_MACHINE=web1
    not_ok "$v: it is not shown" shows web1 intruder

    on boxctl logs web1 -f >"$tap_tmp/followed" 2>&1 &
    local follower=$!
    ok "$v: -f begins with what is there" wait_for grep -q forged "$tap_tmp/followed"
    on systemctl restart systemd-journald
    on boxctl shell web1 sh -c 'echo after-restart >/dev/console'
    ok "$v: a restart of the journal loses nothing" wait_for shows web1 after-restart
    ok "$v: -f shows what comes" wait_for grep -q after-restart "$tap_tmp/followed"

    on sh -c 'mkfifo /run/keys; exec 3<>/run/keys; exec boxctl console web1 <&3' >"$tap_tmp/visited" 2>/dev/null &
    local visitor=$!
    ok "$v: who attaches sees what was written last" wait_for grep -q after-restart "$tap_tmp/visited"
    on boxctl shell web1 sh -c 'for i in $(seq 1 500); do echo "visited $i"; done >/dev/console'
    ok "$v: and what comes" wait_for grep -q "visited 500" "$tap_tmp/visited"
    ok "$v: so does the journal" wait_for shows web1 "visited 500"
    is "$v: all of it" "$(logs web1 | grep -c '^visited ')" 500

    on boxctl shell web1 sh -c 'printf "the last words" >/dev/console'
    on boxctl kill web1
    ok "$v: -f ends with the box" wait_for gone "$follower"
    ok "$v: so does a visit" wait_for gone "$visitor"
    like "$v: with all of it" "$(tail -n 1 "$tap_tmp/visited")" "the last words$"
    is "$v: and with all of it" "$(tail -n 1 "$tap_tmp/followed")" "the last words"
    ok "$v: the box is gone" wait_for gone_in_host web1
    is "$v: its log is not" "$(logs web1 | tail -n 1)" "the last words"
    like "$v: a name that never was is unknown" "$(logs nobody; echo $?)" "no machine is named 'nobody'.*"$'\n125$'

    on systemd-run --quiet --wait --unit=failing -- boxctl run /nowhere
    like "$v: a message of boxctl's own is an error of boxctl's" \
        "$(journal -u failing -p err -t boxctl)" "^boxctl: .*'/nowhere'.*"

    # With the journal standing still the box goes on, and what is lost is told.
    service web2 "$tree" -- sh -c 'echo up; read go; exec sleep 600'
    ok "$v: another one runs" wait_for shows web2 up
    on systemctl kill --signal=STOP systemd-journald
    ok "$v: without a journal that listens the box goes on" \
        timeout 60 "$HOST_COMMAND" run "$host" -- boxctl shell web2 sh -c 'yes "a line of the flood" | head -n 100000 >/dev/console; echo behind >/dev/console'
    on systemctl kill --signal=CONT systemd-journald
    ok "$v: what was lost is told" wait_for eval 'on boxctl shell web2 sh -c "echo tick >/dev/console"; journal_has "lines of the console are missing here" -t web2'
    on boxctl kill web2

    # What is no service of its own writes to its standard output, and keeps a file.
    on boxctl run -M web3 --console=read-only "$tree" -- sh -c 'echo plain; exec sleep 600' >"$tap_tmp/web3" 2>&1 &
    ok "$v: without the journal there is a file" wait_for shows web3 plain
    is "$v: and no entry" "$(journal -t web3)" ""
    ok "$v: standard output has it as well" grep -q plain "$tap_tmp/web3"
    on boxctl kill web3
    wait $!
}

for_each_suite check_journal
done_testing
