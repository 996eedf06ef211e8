#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317
# settings, cat and edit; a machine by its name alone.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

tree=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
name=$(box_name verbs)
made=()
for directory in /etc/systemd /etc/systemd/nspawn /etc/boxctl /run/machines; do
    [ -d "$directory" ] || { mkdir "$directory" && made=("$directory" "${made[@]}"); }
done
copy_root "$tree" "$work/tree"
ln -s "$work/tree" "/run/machines/$name"
file=/etc/systemd/nspawn/$name.nspawn
clear_up() {
    rm -f "$file" "/etc/boxctl/$name.box" "/run/machines/$name" "${file%/*}/.$name.nspawn.edit"
    [ "${#made[@]}" = 0 ] || rmdir "${made[@]}"
}
at_exit clear_up
cd "$work" || exit 1

is "a machine is found by its name" "$("$BOXCTL" run -q "$name" -M "$name" -- hostname </dev/null)" "$name"
is "... or by --machine alone" "$("$BOXCTL" run -q -M "$name" -- hostname </dev/null 2>&1)" "$name"
mkdir "$name"
like "a directory here comes first" "$("$BOXCTL" run -q "$name" -- hostname </dev/null 2>&1)" "execute 'hostname'"
rmdir "$name"
is "one that is nowhere" "$("$BOXCTL" boot "$name-not" </dev/null 2>&1)" \
    "boxctl: root '$name-not' does not exist; nor is there a machine of that name in /var/lib/machines"

like "cat without a file" "$("$BOXCTL" cat "$name" 2>&1)" "no settings file for machine"
cat >editor <<'END'
#!/bin/sh
[ -z "$EDIT_SEES" ] || cp "$2" "$EDIT_SEES"
[ -z "$EDIT_PUTS" ] || printf '%b' "$EDIT_PUTS" >"$2"
exit ${EDIT_STATUS:-0}
END
chmod +x editor
export EDITOR="$work/editor -x" VISUAL=''
EDIT_PUTS='[Exec]\nHostname=edited\n' EDIT_SEES=$work/seen "$BOXCTL" edit "$name"
is "edit makes the file" "$?:$(cat "$file")" $'0:[Exec]\nHostname=edited'
ok "... from a text that explains" grep -q systemd.nspawn seen
EDIT_PUTS='' EDIT_SEES=$work/seen "$BOXCTL" edit "$name" 2>err
is "it shows what is there" "$(cat seen)" $'[Exec]\nHostname=edited'
is "what is not changed is left" "$(cat err)" "boxctl: '$file' is left as it was"
EDIT_PUTS='[Exec]\nHostname=a b\n' "$BOXCTL" edit "$name" 2>err
like "what is wrong is not taken" "$?:$(cat err)" "125:boxctl: $file:2: Hostname: host name 'a b' contains.*; nothing is changed; your text is in ${file%/*}/.$name.nspawn.edit"
is "... and the file is as it was" "$(cat "$file")" $'[Exec]\nHostname=edited'
ok "... but the text is not lost" grep -q 'a b' "${file%/*}/.$name.nspawn.edit"
EDIT_PUTS='[Files]\nReadOnly=yes\nVolatile=yes\n' "$BOXCTL" edit "$name" 2>err
like "nor is a contradiction" "$(cat err)" "--read-only and --volatile=yes both say what / is"
EDIT_STATUS=3 "$BOXCTL" edit "$name" 2>err
like "an editor that fails" "$?:$(cat err)" "125:boxctl: editor '$work/editor' ended with status 3, nothing is changed"
EDIT_PUTS='[X-Boxctl]\nStopTimeout=7\n' "$BOXCTL" edit --box "$name"
is "--box edits the other file" "$(cat "/etc/boxctl/$name.box")" $'[X-Boxctl]\nStopTimeout=7'
is "cat shows both" "$("$BOXCTL" cat "$name")" \
    "# $file"$'\n[Exec]\nHostname=edited\n\n'"# /etc/boxctl/$name.box"$'\n[X-Boxctl]\nStopTimeout=7'

shown=$("$BOXCTL" settings "$name" --tmpfs=/x)
like "settings: a value of a file" "$shown" "hostname +.*= edited +\($file:2\)"
like "... of a .box file" "$shown" "stop-timeout +.*= 7 +\(/etc/boxctl/$name.box:2\)"
like "... of an option" "$shown" 'tmpfs +.*= /x +\(--tmpfs\)'
like "... of nobody" "$shown" 'private-users +.*= pick +\(default\)'
like "... and what is not set" "$shown" 'uuid +.*= - +\(default\)'
like "... as JSON" "$("$BOXCTL" settings "$name" --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["hostname"])')" "'value': 'edited'"
like "without a machine, the defaults" "$("$BOXCTL" settings)" 'settings +.*= yes +\(default\)'
done_testing
