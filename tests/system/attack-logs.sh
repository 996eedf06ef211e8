#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# The console as a weapon: against the terminal of who reads its log (E3), against our memory, the
# disk and the box's own progress (E6, E9).
# shellcheck disable=SC2154 # start_box sets box_pid
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(busybox_root) || { echo "1..0 # SKIP no busybox tree"; exit 0; }

# acted_upon: are there bytes on stdin that a terminal acts upon?
acted_upon() { LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f-\x9f]'; }
memory_of() { sed -nE 's/^VmRSS:\s+([0-9]+) kB/\1/p' "/proc/$1/status"; }
shows() { "$BOXCTL" logs "$1" | grep -qF -- "$2"; }

name=$(box_name escapes)
start_box "$name" run --console=passive "$root" -- sh -c '
    printf "\033]0;title\007\033]52;c;cHdu\007\033[2J\033[6n\033P$q\"p\033\\\\\033c\n"
    printf "\233[6n\302\233[6n\220\210\177\000\001\016\010\n"
    printf "\033]0;without an end"; printf "\r\rover\n\033[31"; printf "\nlast\n"; exec sleep 600'
ok "the box has written all" wait_for shows "$name" last
ok "control: what it wrote would act upon a terminal" acted_upon < <("$BOXCTL" logs --raw "$name")
not_ok "what is shown does not" acted_upon < <("$BOXCTL" logs "$name")
not_ok "nor with times" acted_upon < <("$BOXCTL" logs -t "$name")
not_ok "nor as JSON" acted_upon < <("$BOXCTL" logs --json "$name")
end_box "$box_pid" "$name"

# A flood of lines, and one line without an end. Nobody reads the console.
name=$(box_name flood)
start_box "$name" run --console=passive --bind="$tap_tmp:/said" "$root" -- sh -c '
    until [ -e /said/go ]; do sleep 0.05; done
    head -c 100000000 /dev/zero | tr "\0" "x"
    head -c 20000000 /dev/zero | tr "\0" "\n"; echo; echo over; exec sleep 600'
before=$(memory_of "$box_pid")
touch "$tap_tmp/go"
ok "the box writes 120 MB without a reader" wait_for shows "$name" over
after=$(memory_of "$box_pid")
ok "boxctl grows by less than 4 MiB ($before -> $after kB)" test $((after - before)) -lt 4096
ok "the log is bounded" test "$(cat "/run/boxctl/$name"/console.log* | wc -c)" -le $((2 * 1048576))
ok "the box is well" "$BOXCTL" shell "$name" true
end_box "$box_pid" "$name"

done_testing
