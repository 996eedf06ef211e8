#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh
# The smallest tree, without a terminal: a service's view of boxctl boot.
# shellcheck disable=SC2154 # start_box sets box_pid and box_leader
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

from=$(busybox_root) || { skip "busybox" "no static busybox"; done_testing; }
root=$(tmpdir)/busybox
copy_root "$from" "$root"
name=$(box_name bb)
start_box "$name" boot "$root"
is "it boots" $? 0
log=$tap_tmp/$name.log
ok "a login prompt shows in a log" wait_for grep -aq 'login: ' "$log"
not_ok "without complaints" grep -aiE "can't|error|fail|denied" "$log"
is "PID 1" "$(cat "/proc/$box_leader/comm")" init
ok "the state is recorded" test -s "/run/boxctl/$name/state.json"
ok "as JSON" python3 -m json.tool "/run/boxctl/$name/state.json"
is "for root's eyes" "$(stat -c %a:%u "/run/boxctl/$name/state.json" "/run/boxctl/$name" /run/boxctl | tr '\n' ' ')" "600:0 700:0 700:0 "
is "boxctl's own descriptors do not include a host directory of the tree's" \
    "$(find "/proc/$box_leader/fd" -lname "$root*" 2>/dev/null)" ""
memory=$(awk '/^Private_Dirty:/ { sum += $2 } END { print sum }' "/proc/$box_pid/smaps_rollup")
echo "# boxctl's private dirty memory: $memory kB"
kill -TERM "$box_pid"
wait "$box_pid"
is "SIGTERM powers it off" $? 0
not_ok "its state is gone" test -e "/run/boxctl/$name"
like "the log ends with the shutdown" "$(tail -n 5 "$log")" 'system is going down|Requesting system poweroff'

# what a box is called by
cp -a "$root" "${root%/*}/my_box.d"
like "the name follows from the directory" "$("$BOXCTL" boot --dry-run "${root%/*}/my_box.d" </dev/null)" '^machine    mybox\.d '
like "or from --machine" "$("$BOXCTL" boot --dry-run -M other "$root" </dev/null)" '^machine    other '
like "a relative path will do" "$(cd "$root/.." && "$BOXCTL" boot --dry-run busybox </dev/null)" '^machine    busybox '
like "and --directory" "$("$BOXCTL" boot --dry-run -D "$root" </dev/null)" '^machine    busybox '

# arguments for the init
printf '#!/bin/sh\necho "args: $*"\nexec /sbin/reallyinit\n' >"$root/sbin/telling"
chmod 755 "$root/sbin/telling"
is "arguments behind -- and --init" "$("$BOXCTL" boot --quiet -M "$name" --init=/sbin/telling "$root" -- one "two three" </dev/null 2>&1 | tr -d '\r' | head -n 1)" "args: one two three"
done_testing
