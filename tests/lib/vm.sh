# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154 # variables of tap.sh, and for the tests
# Tests on a kernel of their own (see `tests/lib/vm --help`); source it behind tap.sh.
#   in_vm SECONDS [NAME=VALUE...]   runs this very file again in a virtual machine, with these
#                             variables, and ends with it: what follows runs in the guest, where
#                             in_vm returns at once. What takes a network is made before it.
#                             $VM_SUITE is the Debian of the machine, this one's if not set.
#   cgroup_of PID             the directory of its cgroup
#   count_of FILE KEY         the number beside KEY in a flat keyed file such as cpu.stat

[ "$(id -u)" = 0 ] || { echo "1..0 # SKIP needs root"; exit 0; }
[ -x "$BOXCTL" ] || { echo "Bail out! $BOXCTL is missing: build it first"; exit 1; }

in_vm() {
    local limit=$1 suite=${VM_SUITE:+--suite=$VM_SUITE} status=0 why
    shift
    [ -z "${IN_VM:-}" ] || return 0
    if ! why=$("$SRC/tests/lib/vm" image ${suite:+"$suite"} 2>&1 >/dev/null); then
        echo "1..0 # SKIP ${why##*$'\n'}"
        exit 0
    fi
    "$SRC/tests/lib/vm" run ${suite:+"$suite"} --timeout="$limit" -- env IN_VM=1 SRC="$SRC" BUILD="$BUILD" BOXCTL="$BOXCTL" "$@" \
        "$(realpath -- "${BASH_SOURCE[1]}")" || status=$?
    if [ "$status" = 77 ]; then
        echo "1..0 # SKIP a virtual machine of '$VM_SUITE' does not boot"
        exit 0
    fi
    exit "$status"
}

cgroup_of() { printf '/sys/fs/cgroup%s\n' "$(sed -n 's/^0:://p' "/proc/$1/cgroup")"; }

count_of() { sed -n "s/^$2 //p" "$1"; }
