#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# boxctl logs: what a box wrote on a console where nobody sat. The journal is for tests/host/logs.sh.
# shellcheck disable=SC2154 # start_box sets box_pid
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

logs() { "$BOXCTL" logs "$@" 2>&1; }
# shows NAME TEXT: until the log has it
shows() { logs "$1" | grep -qF -- "$2"; }
fields() { # of the JSON lines on stdin: the names
    sed -E 's/"(time|text)":"([^"\\]|\\.)*"/\1/g'
}

name=$(box_name kept)
start_box "$name" run --console=passive "$root" -- \
    sh -c 'seq 1 5; printf "\033[1;32mgreen\033[0m\ttab\n"; printf "name: "; read x; echo "hello $x"; sleep 600'
ok "a prompt is kept although its line has not ended" wait_for shows "$name" "name: "
is "lines come in their order" "$(logs "$name")" $'1\n2\n3\n4\n5\ngreen\ttab\nname: '
is "-n shows the newest" "$(logs "$name" -n 2)" $'green\ttab\nname: '
is "-n 0 shows none" "$(logs "$name" -n 0)" ''
is "--raw shows what the box wrote" "$(logs "$name" --raw -n 2 | cat -v)" $'^[[1;32mgreen^[[0m\ttab\nname: '
is "--timestamps shows when" "$(logs "$name" -t | sed -E 's/^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} /T /' | head -n 1)" 'T 1'
is "--json is a line for each" "$(logs "$name" --json | fields | sort | uniq -c | tr -s ' ')" ' 7 {time,text}'
is "--since of an hour ago shows all" "$(logs "$name" --since=-1h | wc -l)" 7
is "--since of a later time shows none" "$(logs "$name" --since="@$(($(date +%s) + 3600))")" ''
for when in 12:61 yesteryear @ ''; do
    like "--since=$when is an error" "$(logs "$name" --since="$when"; echo $?)" "boxctl: --since: '$when' is no time; write .*"$'\n125$'
done
like "--lines=x is an error" "$(logs "$name" --lines=x; echo $?)" $'boxctl: --lines=x is no number\n125$'
like "status says where the log is" "$("$BOXCTL" status "$name")" "Log: file"
is "only root reads it" "$(stat -c %a "/run/boxctl/$name/console.log")" 600

"$BOXCTL" logs "$name" -f >"$tap_tmp/followed" 2>&1 &
follower=$!
ok "-f begins with what is there" wait_for grep -q green "$tap_tmp/followed"
"$BOXCTL" shell "$name" sh -c 'for i in $(seq 1 300); do head -c 9000 /dev/zero | tr "\0" "x"; echo " $i"; done >/dev/console' </dev/null
ok "-f shows what comes" wait_for grep -q 'x 300$' "$tap_tmp/followed"
is "-f misses nothing when files are rotated" \
    "$(sed -nE 's/^(name: )?x{9000} //p' "$tap_tmp/followed" | paste -sd' ')" "$(seq -s' ' 1 300)"
ok "two files are kept" test -s "/run/boxctl/$name/console.log.1"
ok "none is larger than 1 MiB" test "$(stat -c %s "/run/boxctl/$name"/console.log* | sort -n | tail -n 1)" -le 1048576
"$BOXCTL" shell "$name" sh -c 'printf "no end of line" >/dev/console' </dev/null
end_box "$box_pid" "$name"
ok "-f ends with the box" wait_for gone "$follower"
is "its exit status is 0" "$(wait "$follower"; echo $?)" 0
is "an unfinished line is shown at the end" "$(tail -n 1 "$tap_tmp/followed")" "no end of line"
like "a box that is gone is unknown" "$(logs "$name"; echo $?)" "no machine is named '$name'.*"$'\n125$'

name=$(box_name shown)
start_box "$name" run --console=read-only "$root" -- sh -c 'echo visible; exec sleep 600'
ok "a console that is only shown is kept, too" wait_for shows "$name" visible
ok "and shown" wait_for grep -q visible "$tap_tmp/$name.log"
end_box "$box_pid" "$name"

name=$(box_name piped)
start_box "$name" run --console=pipe "$root" -- sh -c 'echo visible; exec sleep 600'
like "what goes to our descriptors is not" "$(logs "$name"; echo $?)" \
    "no log is kept of machine '$name': its output goes to where boxctl was started; .*passive.*"$'\n125$'
end_box "$box_pid" "$name"

# A limit on file sizes stands for a full disk: write(2) fails half-way.
name=$(box_name full)
(ulimit -f 64; start_box "$name" run --console=passive "$root" -- \
    sh -c 'head -c 200000 /dev/zero | tr "\0" "x"; echo; echo behind; exec sleep 600'; wait "$box_pid") &
limited=$!
ok "a full disk is said" wait_for grep -q "console log of machine '$name' goes without what comes now: .*File too large" "$tap_tmp/$name.log"
is "once" "$(grep -c 'goes without' "$tap_tmp/$name.log")" 1
ok "the box goes on" "$BOXCTL" shell "$name" true
ok "and what fitted is kept" shows "$name" xxxx
"$BOXCTL" kill "$name"
wait "$limited"

done_testing
