#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The launcher as the target of the tree that it starts and of other users of the host: what of its
# descriptors, environment, privileges and helpers could leak, and what could be talked into.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

work=$(tmpdir)
canary "$work/host"
R=$work/root
hostile_root "$R" || exit 1
trace=$work/trace

# --- A1: the launcher's binary ---------------------------------------------------------------
before=$(sha256sum <"$BOXCTL")
printf '#!/proc/self/exe\n' >"$R/bin/x"
chmod 755 "$R/bin/x"
loader=$(readelf -l "$BOXCTL" 2>/dev/null | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
if [ -x "$R/bin/exe-writer" ] && [ -n "$loader" ]; then
    mkdir -p "$R$(dirname -- "$loader")"
    cp "$R/bin/exe-writer" "$R$loader"
    is "A1 the image's loader gets no way to write to boxctl" "$(RUN "$R" -- /bin/x)" "exe-writer closed"
    is "A1 nor does that of a read-only box" "$(RUN --read-only "$R" -- /bin/x)" "exe-writer closed"
    is "control: A1 with the host's ids the same loader could" \
        "$(RUN --private-users=no "$R" -- /bin/x 2>/dev/null)" "exe-writer open"
    rm "$R$loader"
else
    skip "A1 the image's loader" "not a dynamic x86-64 binary"
fi
for ((i = 0; i < $(rounds 20); i++)); do quietly RUN "$R" -- /bin/x; done
# shellcheck disable=SC2016 # for the shell inside
opened=$(RUN "$R" -- /bin/sh -c 'for p in /proc/[0-9]*; do (exec 9>>$p/exe) 2>/dev/null && echo LEAK; done')
lacks "A1 no program of a process can be opened for writing" LEAK "$opened"
is "A1 boxctl is the file it was" "$(sha256sum <"$BOXCTL")" "$before"

# --- A2: the working directory as a way out --------------------------------------------------
# shellcheck disable=SC2016
up='cd "$1" 2>/dev/null; cat "../../../../../../../../..$2/secret" "$2/secret" ./secret 2>/dev/null'
got=
for n in $(seq 3 25); do
    got+=$(RUN --chdir="/proc/self/fd/$n" "$R" -- /bin/cat "../../../../../../..$H/secret" 2>/dev/null)
    got+=$(exec {dir}<"$H" && RUN --chdir="/proc/self/fd/$dir" "$R" -- /bin/cat secret 2>/dev/null)
done
for link in /proc/1/root /proc/self/root /proc/self/cwd /proc/thread-self/root; do
    got+=$(RUN --chdir="$link" "$R" -- /bin/cat secret "../../../../../..$H/secret" 2>/dev/null)
done
lacks "A2 no working directory leads to the host" HOST-SECRET "$got"
is "A2 the box's own directories do work" "$(RUN --chdir=/etc "$R" -- /bin/pwd)" /etc
finds "A2 a leaked directory is a way out" HOST-SECRET \
    "$(exec 9<"$H" && unsafe "$R" /bin/sh -c "$up" sh /proc/self/fd/9 "$H")"

# --- A3: descriptors of the caller -----------------------------------------------------------
probe() { grep '^fd:'; }
got=$(exec 77<"$H/secret" 251<"$H" 5>"$work/five" && RUN "$R" -- /bin/surface-probe | probe)
is "A3 the caller's descriptors stay outside" "$got" ""
got=$(exec 77<"$H/secret" && RUN --private-users=no "$R" -- /bin/surface-probe | probe)
is "A3 also of a privileged box" "$got" ""
finds "A3 an inherited descriptor is seen" '^fd:77 .*/secret' \
    "$(exec 77<"$H/secret" && unsafe "$R" /bin/surface-probe 2>/dev/null)"

# --- A5: no code or data of the tree runs in boxctl ------------------------------------------
mkdir -p "$R/lib" "$R/lib64" "$R/usr/lib"
for name in xz gzip getent tar sh; do
    cp "$R/bin/busybox" "$work/keep" && rm -f "$R/usr/sbin/$name"
    printf '#!/bin/busybox sh\nreadlink /proc/self/ns/mnt >>/trojan.log\n' >"$R/usr/sbin/$name"
    chmod 755 "$R/usr/sbin/$name"
done
for name in libnss_files.so.2 libnss_dns.so.2 libnss_systemd.so.2 libc.so.6; do
    cp "$BOXCTL" "$R/lib/$name"
done
printf 'passwd: evil files\n' >"$R/etc/nsswitch.conf"
echo 'alice:x:1000:1000::/home:/bin/sh' >>"$R/etc/passwd"
# What is looked up after the first clone, up to the command itself; boxctl's own start is not meant.
lookups() { sed '1,/clone3\?(/d' "$trace" | grep -E '(open(at2?)?|execve(at)?)\(.*(\.so|nsswitch|gconv|locale|ld\.so|/pam|xz|getent)'; }
strace -f -qq -s 300 -e trace=clone,clone3,open,openat,openat2,execve,execveat -o "$trace" \
    "$BOXCTL" run -M "$BOXCTL_NAME" -q -u alice "$R" -- /usr/bin/id </dev/null >"$work/out" 2>&1
is "A5 a user by name" "$(sed 's/(.*//' "$work/out")" "uid=1000"
is "A5 no library or helper of the tree is touched" "$(lookups)" ""
is "A5 one execve, that of the command" \
    "$(sed '1,/clone3\?(/d' "$trace" | grep -c 'execve.*= 0$')" 1
strace -f -qq -s 300 -e trace=clone,clone3,open,openat,openat2,execve,execveat -o "$trace" \
    sh -c "true; (chroot --userspec=alice '$R' /usr/bin/id); true" >/dev/null 2>&1
finds "A5 a launcher that asks the C library for a user is seen" nsswitch "$(lookups || cat "$trace")"

# --- A6: environment -------------------------------------------------------------------------
got=$(RUN --setenv="A=1"$'\n'"hook=/bin/touch $H/pwn" "$R" -- /usr/bin/env -0 | tr '\0\n' '\n|' | grep '^A=')
is "A6 a newline in a value makes no second line" "$got" "A=1|hook=/bin/touch $H/pwn"
dirty=(NOTIFY_SOCKET=/y LISTEN_FDS=3 LISTEN_PID=1 BASH_ENV=/z ENV=/z GCONV_PATH=/x MALLOC_TRACE="$H/m" CANARY=1)
got=$(export "${dirty[@]}"; RUN "$R" -- /usr/bin/env)
lacks "A6 nothing of the caller's environment comes along" \
    '^(LISTEN_|BASH_ENV|ENV=|GCONV|MALLOC|CANARY|NOTIFY_SOCKET=/y)' "$got"
like "A6 the box has an environment" "$got" "container=boxctl"
# shellcheck disable=SC2030,SC2031
finds "A6 an inherited environment is seen" '^(BASH_ENV|CANARY)' \
    "$(export "${dirty[@]}"; unsafe "$R" /usr/bin/env)"
for name in '=x' '' 'A B=1' $'A\nB=1'; do
    not_ok "A6 the variable '${name//$'\n'/ newline }' is refused" RUN --setenv="$name" "$R" -- /bin/true
done

# --- A7, A8: capabilities and groups of the caller -------------------------------------------
caps() { grep -E 'Cap(Inh|Amb)' | tr -d '\t'; }
none=$'CapInh:0000000000000000\nCapAmb:0000000000000000'
with_caps=(setpriv --inh-caps "+chown,+dac_override,+sys_admin" --ambient-caps +chown)
is "A7 root has nothing to inherit" "$(RUN "$R" -- /bin/cat /proc/self/status | caps)" "$none"
is "A7 nor has a user" "$(RUN -u alice "$R" -- /bin/cat /proc/self/status | caps)" "$none"
is "A7 nor with a caller that has" \
    "$("${with_caps[@]}" "$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /bin/cat /proc/self/status </dev/null | caps)" "$none"
finds "A7 inherited capabilities are seen" 'Cap(Inh|Amb):.*[1-9a-f]' \
    "$("${with_caps[@]}" unshare --mount --pid --fork --mount-proc="$R/proc" chroot "$R" /bin/cat /proc/self/status | caps)"
with_groups=(setpriv --groups "4,27,999")
is "A8 root has its own group only" "$("${with_groups[@]}" "$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /usr/bin/id -G </dev/null)" 0
is "A8 a user has its own" \
    "$("${with_groups[@]}" "$BOXCTL" run -M "$BOXCTL_NAME" -q -u alice "$R" -- /usr/bin/id -G </dev/null)" 1000
finds "A8 the caller's groups are seen" '(^| )(4|27|999)( |$)' \
    "$("${with_groups[@]}" chroot "$R" /usr/bin/id -G)"

# --- A9: user strings ------------------------------------------------------------------------
printf '%s\n' '1000:x:0:0::/:/bin/sh' '4294967296:x:0:0::/:/bin/sh' '1:x:0:0::/:/bin/sh' \
    'weird:x:4294967296:0::/:/bin/sh' 'minus:x:-1:0::/:/bin/sh' 'empty:x::0::/:/bin/sh' \
    'hex:x:0x0:0::/:/bin/sh' >>"$R/etc/passwd"
# named USER LAUNCHER...: "USER: id", with the id left out if the launcher refuses
named() {
    local user=$1
    shift
    printf '%q: %s\n' "$user" "$("$@" 2>/dev/null)"
}
strings=(1 1000 4294967295 4294967296 2147483648 -1 ' 0' '0 ' 0x0 1e3 '1:4294967296' '٣'
    +0 -0 weird minus empty hex $'0\n' 18446744073709551616)
for user in "${strings[@]}"; do
    got=$(named "$user" RUN -u "$user" "$R" -- /usr/bin/id -u)
    case $user in 1 | 1000 | 65535) want="$user: $user" ;; *) want="$(printf '%q: ' "$user")" ;; esac
    [ "$got" = "$want" ] || tap_report no "A9 the user $(printf %q "$user")" "got: $got" "want: $want"
done
ok "A9 ${#strings[@]} spellings of a user: the very id, or refused" true
like "control: A9 a launcher that looks digits up by name makes 1000 root" \
    "$(named 1000 chroot --userspec=1000 "$R" /usr/bin/id -u)" "^1000: 0$"
is "A9 an empty user is refused" "$(named '' RUN -u '' "$R" -- /usr/bin/id -u)" "'': "

# --- A12: no place that others can take ------------------------------------------------------
files() {
    strace -f -qq -s 300 -e trace=%file -o "$trace" "$@" </dev/null >/dev/null 2>&1
    # in-box lookups are relative to a descriptor of the tree, and end at execve; who may enter the
    # folders that the tree stands in is looked at (B14)
    awk '/execve\(/ { if (++n > 1) exit; next } { print }' "$trace" | grep -v RESOLVE_IN_ROOT |
        grep -E '"(/tmp|/var/tmp|/dev/shm)' | grep -vF -e "$work" -e getcwd |
        grep -vF -e "newfstatat(AT_FDCWD, \"$(dirname "$work")\"," -e "newfstatat(AT_FDCWD, \"${TMPDIR:-/tmp}\","
}
is "A12 nothing under a directory that all may write to" \
    "$(files "$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /bin/true)" ""
finds "A12 a launcher that uses /tmp is seen" '"/tmp/' "$(files mktemp -u -p /tmp)"
# a_state SETUP: a start on a host where somebody was there first, in a mount namespace of its own
a_state() {
    unshare --mount --propagation private sh -c "mount -t tmpfs -o mode=755 t /run && $1; \"\$@\"" sh \
        "$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /bin/echo started </dev/null 2>&1
}
is "A12 an empty /run is fine" "$(a_state true)" started
lacks "A12 a state directory of somebody else is refused" started \
    "$(a_state 'mkdir -m 755 /run/boxctl && chown 65534 /run/boxctl')"
lacks "A12 one that others may write to, too" started "$(a_state 'mkdir -m 777 /run/boxctl; chmod 777 /run/boxctl')"
lacks "A12 a link in its place, too" started "$(a_state "ln -s $H /run/boxctl")"
lacks "A12 a file in its place, too" started "$(a_state 'touch /run/boxctl')"
lacks "A12 a foreign lock directory is refused" started \
    "$(a_state 'mkdir -m 700 /run/boxctl && mkdir /run/boxctl/.locks && chown 65534 /run/boxctl/.locks')"
lacks "A12 a link among the locks is refused" started \
    "$(a_state "mkdir -m 700 /run/boxctl /run/boxctl/.locks && ln -s $H/secret /run/boxctl/.locks/$BOXCTL_NAME")"
lacks "A12 a link in place of the machine's directory, too" started \
    "$(a_state "mkdir -m 700 /run/boxctl && ln -s $H /run/boxctl/$BOXCTL_NAME")"
like "a start leaves another machine's directory alone, empty as it may be" \
    "$(a_state 'mkdir -m 700 /run/boxctl /run/boxctl/other; trap "ls -A /run/boxctl" EXIT')" "other"
canary_is_whole "A12 the canary tree is whole"
echo 'mkdir -p /run/boxctl && touch /run/boxctl/state' >"$work/naive"
unshare --mount --propagation private sh -c "mount -t tmpfs t /run && ln -s $H /run/boxctl && sh $work/naive"
canary_bites "A12 a launcher that follows the link writes outside"

# --- A13: names and words --------------------------------------------------------------------
for name in -x ";touch $H/p" "\$(touch $H/p)" 'a b' '%n%n' ../x . .. .host a/b $'a\nb' 'é' \
    "$(printf 'a%.0s' {1..65})" "x;y" 'a..b' .locks; do
    not_ok "A13 the name $(printf %q "$name") is refused" \
        timeout 30 "$BOXCTL" run "--machine=$name" -q "$R" -- /bin/true
done
shells() { grep -E 'execve\("[^"]*/(sh|bash|dash)"' "$trace"; }
words=("-x" ";touch $H/p" "\$(touch $H/p)" "a b" "%n%n" "--" "'\"\\")
strace -f -qq -s 300 -e trace=execve -o "$trace" \
    "$BOXCTL" run -M "$BOXCTL_NAME" -q "$R" -- /bin/echo "${words[@]}" </dev/null >"$work/out" 2>&1
is "A13 words arrive as they are" "$(cat "$work/out")" "${words[*]}"
is "A13 no shell takes part" "$(shells)" ""
strace -f -qq -s 300 -e trace=execve -o "$trace" sh -c "sh -c 'echo $H' >/dev/null; true"
finds "A13 a shell that takes part is seen" execve "$(shells)"
canary_is_whole "A13 the canary tree is whole"
sh -c "true ;touch $H/p"
canary_bites "A13 a word that a shell reads does harm"

# --- A16: how the binary is built ------------------------------------------------------------
# hardening FILE: the names of what is missing
hardening() {
    readelf -h "$1" | grep -q 'Type:.*DYN' || echo pie
    readelf -lW "$1" | grep -q GNU_RELRO || echo relro
    readelf -dW "$1" 2>/dev/null | grep -qE 'BIND_NOW|FLAGS.*NOW' || echo now
    readelf -lW "$1" | grep GNU_STACK | grep -q RWE && echo nx
    readelf -sW "$1" | grep -q __stack_chk_fail || echo stack-protector
}
is "A16 boxctl is hardened" "$(hardening "$BOXCTL")" ""
finds "A16 a binary that is not is seen" '^(pie|now)$' "$(hardening "$PROBES/surface-probe")"
is "A15 boxctl is not set-user-id" "$(find "$BOXCTL" -perm /6000)" ""

canary_is_whole "the canary tree is whole at the end"
done_testing
