#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# What `boxctl explain` says of a start that failed.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

root=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
name=$(box_name explain)
work=$(tmpdir)
at_exit rm -f "/run/boxctl/.failed/$name"
start() { "$BOXCTL" run -q -x -M "$name" "$root" "$@" </dev/null 2>&1; }
explain() { "$BOXCTL" explain "$name" 2>&1 | sed '1s/,.*//'; }

is "nothing has failed" "$(explain)" \
    "boxctl: no start of machine '$name' has failed since it last worked; what it said itself is in 'boxctl logs $name'"
start --bind=/usr:/fine --bind="$work/no:/data" true >/dev/null
is "a mount that fails: step, call, errno, option and advice" "$(explain | sed 's/mount [0-9]* of [0-9]*/mount N of M/')" \
    "machine '$name' was not started
  while     building the box
  step      mount N of M: /data  bind $work/no idmapped nodev  # --bind=/data
  call      open '$work/no'
  error     ENOENT: No such file or directory
  asked by  --bind=$work/no:/data (command line)
  to do     make what is not there, or correct the name
  message   mount N of M, '/data' (--bind=/data): open '$work/no': No such file or directory"
is "the latest one is shown without a name" "$("$BOXCTL" explain | sed -n 's/.*call *//p')" "open '$work/no'"
is "... as JSON" "$("$BOXCTL" explain --json "$name" | python3 -c 'import json, sys; v = json.load(sys.stdin); print(v["name"], v["errno"], v["call"])')" \
    "$name ENOENT open '$work/no'"

copy_root "$root" "$work/$name"
printf '[Files]\nBind=/usr:/fine\nBind=%s:/data\n' "$work/no" >"$work/$name.nspawn"
"$BOXCTL" run -q --settings=trusted "$work/$name" true >/dev/null 2>&1 </dev/null
like "a setting of a file is named with its line" "$(explain)" "asked by  --bind=$work/no:/data \([^ ]*$name.nspawn:3\)"
printf '[Files]\nBind=relative\n' >"$work/$name.nspawn"
"$BOXCTL" run -q --settings=trusted "$work/$name" true >/dev/null 2>&1 </dev/null
like "a value that is wrong, too" "$(explain)" "while     reading the settings.*message   .*$name.nspawn:2"
start --cpu-affinity=8000 true >/dev/null
like "a step of PID 1, with the hint that came with it" "$(explain)" \
    "error     EINVAL: .*asked by  --cpu-affinity=8000 \(command line\)
  to do     none of them is there, or allowed here"
start --set-credential=a:topsecret --load-credential=a:/nonexistent true >/dev/null
like "a credential that cannot be read" "$(explain)" "load credential 'a' from '/nonexistent'"
lacks() { not_ok "$1" grep -q "$2" <<<"$3"; }
lacks "... and no secret" topsecret "$(cat "/run/boxctl/.failed/$name")"
start --volatile=yes true >/dev/null
like "settings that contradict each other" "$(explain)" \
    "while     reading the settings.*asked by  --volatile=yes.*--ephemeral=yes"
start /nonexistent/program >/dev/null
like "a program that is not there" "$(explain)" "call      execute '/nonexistent/program'"
is "a dry run does not count" "$(start --dry-run --bind=relative:/x true >/dev/null; explain | sed -n 's/  call *//p')" \
    "execute '/nonexistent/program'"
start true >/dev/null
like "a start that works ends it" "$(explain)" "no start of machine"

start_box "$name" run "$root" -x -q -- sleep 1000
start true >/dev/null
like "a second start of a name that runs is no failure of it" "$(explain)" "no start of machine"
"$BOXCTL" kill "$name"
like "a name that none can have" "$("$BOXCTL" explain ../x 2>&1)" "'../x' is no machine name"
is "others see nothing" "$(setpriv --reuid=65534 --clear-groups "$BOXCTL" explain "$name" 2>&1)" \
    "boxctl: open '/run/boxctl/.failed/$name': Permission denied; boxctl has to be started as root"
is "... and may fail to start as before" \
    "$(setpriv --reuid=65534 --clear-groups "$BOXCTL" run -M "$name" "$root" true 2>&1)" \
    "boxctl: boxctl has to be started as root; try: sudo boxctl …"

# In a state directory of its own: those of other boxes would have to go.
many=$(unshare -m sh -c 'mkdir -p /run/boxctl && mount -t tmpfs -o mode=0700 x /run/boxctl
    for n in $(seq 70); do "$0" run -q -M "$1-$n" "$2/none" true; done 2>/dev/null
    ls /run/boxctl/.failed' "$BOXCTL" "$name" "$work")
is "no more than 64 are kept" "$(wc -l <<<"$many")" 64
ok "... the latest" grep -q -- "-70$" <<<"$many"
done_testing
