#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016
# Called as systemd-nspawn: its command line, defaults and exit statuses.
source "$(dirname -- "$0")/../lib/tap.sh"
source "$(dirname -- "$0")/../lib/box.sh"

tree=$(alpine_root) || { echo "Bail out! no Alpine tree"; exit 1; }
work=$(tmpdir)
name=$(box_name nspawn)
copy_root "$tree" "$work/$name"
root=$work/$name
ln -s "$(realpath "$BOXCTL")" "$work/systemd-nspawn"
nspawn() { "$work/systemd-nspawn" "$@" </dev/null; }
# What comes from its console, where lines end as on a terminal.
shown() { nspawn -q -D "$root" "$@" | tr -d '\r'; }
status_of() { "$@" >/dev/null 2>&1; echo $?; }

is "a command" "$(shown echo -n hello)" hello
is "... by the verb" "$("$BOXCTL" nspawn -q -D "$root" echo hello </dev/null | tr -d '\r')" hello
is "the first word that is no option ends them" "$(shown echo -b --help -D)" "-b --help -D"
is "without -D and -M the root is here" "$(cd "$root" && nspawn -q hostname | tr -d '\r')" "$name"
is "it says that it is systemd-nspawn" "$(shown sh -c 'echo $container; cat /run/host/container-manager')" \
    $'systemd-nspawn\nsystemd-nspawn'
is "the network is the host's" "$(shown readlink /proc/self/ns/net)" "$(readlink /proc/self/ns/net)"
own=$(shown --private-network readlink /proc/self/ns/net)
ok "... unless it has one of its own" [ "$own" != "$(readlink /proc/self/ns/net)" ]
is "so are the users" "$(shown cat /proc/self/uid_map)" "$(cat /proc/self/uid_map)"
like "... unless -U picks some" "$(shown -U cat /proc/self/uid_map)" '^ +0 +[1-9][0-9]+ +65536$'
is "the clock is the host's" "$(shown readlink /proc/self/ns/time)" "$(readlink /proc/self/ns/time)"

is "exit status of the command" "$(status_of nspawn -q -D "$root" sh -c 'exit 7')" 7
is "... also a high one" "$(status_of nspawn -q -D "$root" sh -c 'exit 200')" 200
is "... but for 133" "$(status_of nspawn -q -D "$root" sh -c 'exit 133')" 1
is "a command that dies of a signal" "$(status_of nspawn -q -D "$root" -a sh -c 'kill -9 $$'; status_of nspawn -q -D "$root" no-such-command)" $'137\n1'
is "a wrong option" "$(status_of nspawn --nonsense)" 1
is "... is told on standard error" "$(nspawn --nonsense 2>&1 >/dev/null)" "systemd-nspawn: unknown option '--nonsense'"
is "a root that is not there" "$(nspawn -D /nonexistent 2>&1; echo $?)" $'systemd-nspawn: root \'/nonexistent\' does not exist\n1'
is "what is not supported is told in one line" "$(nspawn -i x.raw 2>&1; echo $?)" \
    $'systemd-nspawn: --image: disk images are not supported; mount the image\'s root file system on a directory\n1'
is "help" "$(status_of nspawn --help)" 0
like "version" "$(nspawn --version)" boxctl

printf '[Exec]\nParameters=echo from-file\nProcessTwo=yes\n' >"$root.nspawn"
is "a file says what is started" "$(shown)" from-file
is "... unless the command line does" "$(shown echo from-line)" from-line
is "... or the file is to override it" "$(shown --settings=override echo from-line)" from-file
rm "$root.nspawn"

# As systemd-nspawn@.service calls it, but for the machine's place.
nspawn --quiet --keep-unit --boot --link-journal=try-guest --network-veth -U --settings=override \
    --machine="$name" -D "$root" >"$work/log" 2>&1 &
supervisor=$!
at_exit end_box "$supervisor" "$name"
ok "the unit's command line boots" wait_for "$BOXCTL" wait "$name" --for=running --timeout=1
like "... with a cable and users of its own" "$("$BOXCTL" status "$name")" 'contained: ids .*Network: ve-'
"$BOXCTL" stop "$name" --timeout=10 >/dev/null 2>&1
wait "$supervisor"
is "... and powers off with 0" "$?" 0
is "--cleanup of a machine that has ended is silent" "$(nspawn --cleanup --machine="$name" 2>&1; echo $?)" 0
is "... of one that never was, too" "$(nspawn --machine="$name-never" --cleanup 2>&1; echo $?)" 0
start_box "$name" run "$root" -q -- sleep 1000
is "... and refused for one that runs" "$(nspawn --cleanup --machine="$name" 2>&1; echo $?)" \
    "systemd-nspawn: machine '$name' runs"$'\n'1
"$BOXCTL" kill "$name"
like "... and no option of boxctl's own verbs" "$("$BOXCTL" run --cleanup "$root" 2>&1)" "'--cleanup' is for 'boxctl nspawn' only"
is "-j is taken" "$(shown -j echo x)" x
done_testing
