#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What boxctl says before it does anything: help, mistakes, the man page, completions.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"

work=$(tmpdir)
cd "$work" || exit 1
verbs=$("$BOXCTL" --help | sed -nE 's/^  ([a-z]+) .*/\1/p')

# fits WIDTH LINES: standard input is no wider and no longer
fits() {
    awk -v width="$1" -v lines="$2" 'length > width {print; bad = 1} END {exit bad || NR > lines || NR == 0}'
}

# says STATUS CMD...: ends with STATUS after exactly one line on standard error, nothing on stdout
says() {
    local wanted=$1 got=0
    shift
    "$@" >out 2>err </dev/null || got=$?
    cat err
    [ "$got" = "$wanted" ] && [ ! -s out ] && [ "$(wc -l <err)" = 1 ]
}

# complete_bash WORD...: candidates for the last word
complete_bash() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _boxctl
    echo "${COMPREPLY[*]}"
}

ok "the help is one screen" fits 80 50 < <("$BOXCTL" --help)
is "help and --help are the same" "$("$BOXCTL" help)" "$("$BOXCTL" --help)"
like "the version" "$("$BOXCTL" --version)" '^boxctl [0-9]+\.[0-9]+'
like "there are verbs" " $(tr '\n' ' ' <<<"$verbs")" " boot .*run .*list .*shell .*stop .*cleanup "
for verb in $verbs; do
    ok "$verb --help fits 80 columns" fits 80 100 < <("$BOXCTL" "$verb" --help)
    is "help $verb is the same" "$("$BOXCTL" help "$verb")" "$("$BOXCTL" "$verb" -h)"
done

ok "no verb" says 125 "$BOXCTL"
ok "unknown verb" says 125 "$BOXCTL" bot
like "an unknown verb suggests the nearest" "$("$BOXCTL" bot 2>&1)" "did you mean 'boot'\?"
like "so does an unknown option before it" "$("$BOXCTL" --hlep 2>&1)" "did you mean '--help'\?"
for verb in $verbs; do
    status=125
    [ "$verb" != nspawn ] || status=1 # as systemd-nspawn
    ok "$verb refuses an unknown option" says "$status" "$BOXCTL" "$verb" --nonsense
done
ok "boot without a root" says 125 "$BOXCTL" boot
ok "boot with a second word" says 125 "$BOXCTL" boot . x
ok "a contradiction" says 125 "$BOXCTL" boot . -x --volatile
ok "a terminal sequence in a word is not printed" says 125 "$BOXCTL" boot . $'--\e[2J'
not_ok "... as it is" grep -q $'\e' err
ok "shell without a name" says 125 "$BOXCTL" shell
ok "stop with two names" says 125 "$BOXCTL" stop a b
ok "full disk under the help" says 125 bash -c '"$1" --help >/dev/full' - "$BOXCTL"
ok "words of a value" grep -qx SIGTERM < <("$BOXCTL" boot --kill-signal=help)

page=$(dirname -- "$BOXCTL")/boxctl.1
if [ -n "$(type -P man)" ]; then
    is "the man page renders without a warning" "$(man --warnings -l "$page" 2>&1 >/dev/null)" ""
else
    skip "the man page renders without a warning" "no man"
fi
options=$({ "$BOXCTL" boot --help; "$BOXCTL" run --help; } | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | sort -u)
missing=
for option in $options; do
    [ "$option" = --help ] || grep -qF -- "${option//-/\\-}" "$page" || missing+=" $option"
done
is "it has every option" "$missing" ""

"$BOXCTL" completion bash >bash.sh
ok "the bash completion is bash" bash -n bash.sh
# shellcheck source=/dev/null
. ./bash.sh
is "verbs complete" "$(complete_bash boxctl sta)" "status stats"
is "options complete" "$(complete_bash boxctl boot --cons)" --console
is "options of another verb do not" "$(complete_bash boxctl list --cons)" ""
is "words of values complete" "$(complete_bash boxctl boot --console = pas)" passive
is "... also in a word of their own" "$(complete_bash boxctl run --timezone sym)" symlink
mkdir -p tree/sub && touch tree/file
is "roots are directories" "$(complete_bash boxctl run tree/)" tree/sub
is "what is bound is a path" "$(complete_bash boxctl bind web tree/)" "tree/file tree/sub"
for shell in zsh fish; do
    "$BOXCTL" completion "$shell" >script
    ok "there is a completion for $shell" test -s script
    if [ -n "$(type -P "$shell")" ]; then
        ok "it is $shell" "$shell" -n script
    else
        skip "it is $shell" "no $shell"
    fi
done
ok "no other shell" says 125 "$BOXCTL" completion csh

done_testing
