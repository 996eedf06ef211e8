# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Tests in bash, TAP on stdout. Source it, test, end with done_testing:
#   ok NAME CMD...            CMD succeeds (its output is shown only when it does not)
#   not_ok NAME CMD...        CMD fails
#   eventually NAME CMD...    CMD succeeds within five seconds, for what ends a moment later
#   is NAME GOT WANT          the texts are equal
#   like NAME GOT REGEX       the text matches the extended regular expression
#   skip NAME REASON
#   tmpdir                    prints a fresh directory, removed at exit
#   at_exit CMD...            run at exit, the last one given first
#   alpine_root, busybox_root, debian_root SUITE INIT
#                             print the path of a root tree, made once and kept in $ROOTS; it is
#                             shared: copy_root SRC DST before changing anything in it
#   host_snapshot             what tests/run compares before and after a tier of boxes

set -u
SRC=${SRC:-$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")}
BUILD=${BUILD:-$SRC/build}
ROOTS=${ROOTS:-$BUILD/roots}
# shellcheck disable=SC2034 # for the tests
BOXCTL=${BOXCTL:-$BUILD/cmd/boxctl/boxctl} BOXINIT=${BOXINIT:-$BUILD/cmd/box-init/box-init}

tap_count=0
tap_failed=0
tap_at_exit=()
tap_tmp=$(mktemp -d -t boxctl-test.XXXXXX) || exit 1
chmod 755 "$tap_tmp" # boxes map their users: what they use must be reachable for others
trap tap_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

tap_end() {
    local i
    for ((i = ${#tap_at_exit[@]} - 1; i >= 0; i--)); do eval "${tap_at_exit[i]}"; done
    rm -rf --one-file-system -- "$tap_tmp"
}

# tap_report PASSED NAME [LINE...]: the lines explain a failure
tap_report() {
    local passed=$1 name=$2
    shift 2
    tap_count=$((tap_count + 1))
    if [ "$passed" = yes ]; then
        printf 'ok %d - %s\n' "$tap_count" "$name"
        return 0
    fi
    tap_failed=$((tap_failed + 1))
    printf 'not ok %d - %s\n' "$tap_count" "$name"
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
    return 1
}

# tap_run WANTED NAME CMD...: WANTED is what the command's status must be: zero or other
tap_run() {
    local wanted=$1 name=$2 output status=0 got=zero
    shift 2
    output=$("$@" 2>&1) || status=$?
    [ "$status" = 0 ] || got=other
    if [ "$got" = "$wanted" ]; then
        tap_report yes "$name"
    else
        tap_report no "$name" "command: $*" "exit status: $status" "output: $output"
    fi
}

ok() { tap_run zero "$@"; }
not_ok() { tap_run other "$@"; }

eventually() {
    local name=$1 tries
    shift
    for ((tries = 0; tries < 100; tries++)); do
        ! "$@" >/dev/null 2>&1 || break
        sleep 0.05
    done
    tap_run zero "$name" "$@"
}

is() {
    if [ "$2" = "$3" ]; then
        tap_report yes "$1"
    else
        tap_report no "$1" "got:  $2" "want: $3"
    fi
}

like() {
    if [[ $2 =~ $3 ]]; then
        tap_report yes "$1"
    else
        tap_report no "$1" "got: $2" "no match of: $3"
    fi
}

skip() {
    tap_count=$((tap_count + 1))
    printf 'ok %d - %s # SKIP %s\n' "$tap_count" "$1" "$2"
}

done_testing() {
    printf '1..%d\n' "$tap_count"
    [ "$tap_failed" = 0 ] && [ "$tap_count" -gt 0 ]
    exit
}

tmpdir() {
    local dir
    dir=$(mktemp -d -p "$tap_tmp") && chmod 755 "$dir" && printf '%s\n' "$dir"
}

at_exit() { tap_at_exit+=("${*@Q}"); }

host_snapshot() { "$SRC/tests/lib/host-snapshot"; }

copy_root() { cp -a --reflink=auto -- "$1" "$2"; }

# cached_root NAME TOOL [ARGS...]: the key holds the tool's own text and the arguments, so that a
# changed tool makes a new tree. What failed is not tried again for ten minutes (think of no network); what the
# tool said then is said again. Under tests/lib/apart the network is not ours: the tool gets the machine's.
cached_root() {
    local name=$1 tool=$SRC/rootfs-tools/$2 key path
    shift 2
    key=$(cat -- "$tool" "$SRC/rootfs-tools/common.sh" - <<<"$*" | cksum) || return 1
    path=$ROOTS/$name-${key%% *}
    mkdir -p -- "$ROOTS" || return 1
    (
        flock 9
        [ -d "$path" ] && exit 0
        if [ -n "$(find "$path.failed" -mmin -10 2>/dev/null)" ]; then
            cat -- "$path.failed" >&2
            exit 1
        fi
        set -o pipefail
        ${MACHINE_NETWORK:+nsenter --net="$MACHINE_NETWORK"} "$tool" "$path" "$@" 2>&1 | tee -- "$path.failed" >&2 || exit 1
        rm -f -- "$path.failed"
    ) 9>"$path.lock" || return 1
    printf '%s\n' "$path"
}

# The archive beside the repository, if there is one: a test machine may have no network.
alpine_tarball() {
    local found
    [ -z "${ALPINE_TARBALL:-}" ] || { printf '%s\n' "$ALPINE_TARBALL"; return; }
    for found in "$SRC"/../shared/roots/alpine-minirootfs-*.tar.gz; do
        [ ! -f "$found" ] || printf '%s\n' "$found"
        return 0
    done
}

alpine_root() {
    local archive
    archive=$(alpine_tarball)
    ALPINE_TARBALL=$archive cached_root alpine alpine
}

busybox_root() { cached_root busybox busybox; }

debian_root() { cached_root "debian-$1-$2" debian --suite="$1" --init="$2"; }
