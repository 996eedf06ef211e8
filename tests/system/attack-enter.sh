#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boxctl shell and the other verbs that deal with a running box, as targets of that box: its root
# waits for a process that comes in from the host with more than the box has.
# alone: as many rounds of a race as fit into its time
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

work=$(tmpdir)
canary "$work/host"
R=$work/root
hostile_root "$R" || exit 1
name=$BOXCTL_NAME supervisor=
IN() { timeout -k 5 30 "$BOXCTL" shell "$@" </dev/null; }

# The box: whatever process shows up, its descriptors, root, working directory and program are tried.
# Without a fork for a look, so that little time passes between two.
cat >"$R/bin/lurk" <<E
#!/bin/sh
: >/ready
while :; do
    for p in /proc/[0-9]*; do
        for f in \$p/fd/* \$p/root \$p/cwd; do
            if [ -e \$f/secret ] || [ -e \$f/../../../../../../..$H/secret ]; then echo "LEAK \$f" >>/leaks; fi
        done
        case "\$known " in
            *" \$p "*) ;;
            *)
                known="\$known \$p"
                (exec 9>>\$p/exe) 2>/dev/null && echo "EXE \$p" >>/leaks
                ;;
        esac
    done
done
E
cat >"$R/bin/lurking-init" <<'E'
#!/bin/sh
/bin/lurk 2>/dev/null &
/bin/lurk 2>/dev/null &
trap 'exit 0' TERM USR1 USR2 RTMIN+3 PWR
while :; do wait; done
E
chmod 755 "$R/bin/lurk" "$R/bin/lurking-init"
printf '#!/proc/self/exe\n' >"$R/bin/x"
chmod 755 "$R/bin/x"
printf '%s\n' 'alice:x:1000:1000::/:/bin/sh' '1000:x:0:0::/:/bin/sh' '4294967296:x:0:0::/:/bin/sh' >>"$R/etc/passwd"
: >"$R/leaks"

up() {
    "$BOXCTL" boot -M "$name" -q --console=passive --init=/bin/lurking-init "$R" </dev/null >"$work/boot" 2>&1 &
    supervisor=$!
    for ((tries = 0; tries < 200; tries++)); do
        [ ! -e "$R/ready" ] || [ ! -s "/run/boxctl/$name/state.json" ] || return 0
        sleep 0.05
    done
    return 1
}
rm -f "$R/ready"
up
ok "a box that lurks is up" test -s "/run/boxctl/$name/state.json" -a -e "$R/ready"
at_exit quietly "$BOXCTL" kill "$name"
before=$(sha256sum <"$BOXCTL")

# --- A1, A4: what a helper brings along ------------------------------------------------------
until=$((SECONDS + 8)) entered=0
exec 77<"$H/secret" 78<"$H"
for ((i = 0; i < $(rounds 100) && (SECONDS < until || ${BOXCTL_ROUNDS:-0} > 0); i++)); do
    quietly IN "$name" /bin/true && entered=$((entered + 1))
    quietly IN "$name" /bin/x
    # its helper is a child of the supervisor's, with other descriptors to lose
    quietly timeout -k 5 30 "$BOXCTL" exec -d "$name" /bin/true
done
ok "A4 entered $entered times beside lurkers" test "$entered" -ge 10
is "A4 no helper's descriptors, root or directory led to the host" "$(cat "$R/leaks")" ""
is "A1 boxctl is the file it was" "$(sha256sum <"$BOXCTL")" "$before"
canary_is_whole "A4 the canary tree is whole"

# --- F3: the socket where a supervisor starts programs ------------------------------------------
# asks UID: how a process of that user fares there, to whom the way past /run/boxctl was opened
asks() {
    python3 - "$1" "/run/boxctl/$name/control" <<'E'
import os, socket, sys
path = os.open(sys.argv[2], os.O_PATH)
os.setresgid(*[int(sys.argv[1])] * 3)
os.setresuid(*[int(sys.argv[1])] * 3)
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(20)
try:
    client.connect(f"/proc/self/fd/{path}")
    client.send(b'{"ask": "start", "user": "", "command": ["/bin/true"], "environment": [], "directory": "/"}')
    print("answered" if client.recv(4096) else "hung up")
except (BrokenPipeError, ConnectionResetError):
    print("hung up")
except PermissionError:
    print("not let in")
E
}
box_root=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id_base"])' "/run/boxctl/$name/state.json")
is "control: F3 root of the host is answered" "$(asks 0)" answered
is "F3 root of the box is not let in" "$(asks "$box_root")" "not let in"
chmod 666 "/run/boxctl/$name/control"
is "F3 let in all the same, it is not answered" "$(asks "$box_root")" "hung up"
chmod 600 "/run/boxctl/$name/control"
# the same lurker beside a launcher that joins as it is, with all it has
pid=$(sed -n 's/.*"leader":[^}]*"pid": *\([0-9]*\).*/\1/p' <(tr -d '\n' <"/run/boxctl/$name/state.json"))
for ((i = 0; i < 20; i++)); do
    quietly nsenter --target "${pid:-0}" --user --pid --mount /bin/busybox sleep 0.2
    [ ! -s "$R/leaks" ] || break
done
finds "A4 a launcher that keeps its descriptors is read" LEAK "$(cat "$R/leaks")"

# --- A2, A3, A6, A7, A8, A9 by this way ------------------------------------------------------
is "A3 the caller's descriptors stay outside" "$(IN "$name" /bin/surface-probe | grep '^fd:')" ""
got=
for n in $(seq 3 20); do got+=$(IN --chdir="/proc/self/fd/$n" "$name" /bin/cat "../../../../../../..$H/secret" secret 2>/dev/null); done
lacks "A2 no working directory leads to the host" HOST-SECRET "$got"
exec 77<&- 78<&-
got=$(export NOTIFY_SOCKET=/y LISTEN_FDS=3 BASH_ENV=/z CANARY=1; IN "$name" /usr/bin/env)
lacks "A6 nothing of the caller's environment comes along" '^(LISTEN_|BASH_ENV|CANARY|NOTIFY_SOCKET=/y)' "$got"
got=$(IN --setenv="A=1"$'\n'"hook=$H/pwn" "$name" /usr/bin/env -0 | tr '\0\n' '\n|' | grep '^A=')
is "A6 a newline in a value makes no second line" "$got" "A=1|hook=$H/pwn"
caps() { grep -E 'Cap(Inh|Amb)' | tr -d '\t'; }
none=$'CapInh:0000000000000000\nCapAmb:0000000000000000'
is "A7 nothing to inherit" "$(setpriv --inh-caps +chown "$BOXCTL" shell "$name" /bin/cat /proc/self/status </dev/null | caps)" "$none"
same='Cap(Bnd|Prm|Eff)|NoNewPrivs|Seccomp'
is "A7 as confined as the box's own processes" \
    "$(IN "$name" /bin/grep -E "$same" /proc/self/status)" "$(IN "$name" /bin/grep -E "$same" /proc/1/status)"
is "A7 and the same ids" "$(IN "$name" /bin/cat /proc/self/uid_map)" "$(cat "/proc/$pid/uid_map")"
is "A7 the same namespaces" "$(IN "$name" /bin/sh -c 'for n in cgroup ipc mnt net pid time user uts; do readlink /proc/self/ns/$n; done')" \
    "$(for n in cgroup ipc mnt net pid time user uts; do readlink "/proc/$pid/ns/$n"; done)"
is "A7 the same limits of resources" "$(IN "$name" /bin/cat /proc/self/limits)" "$(cat "/proc/$pid/limits")"
finds "A7 a process beside the box is told apart" . \
    "$(diff <(grep -E "$same" /proc/self/status) <(grep -E "$same" "/proc/$pid/status"))"
is "A8 groups: root's own" "$(setpriv --groups "4,27,999" "$BOXCTL" shell "$name" /usr/bin/id -G </dev/null)" 0
is "A8 groups: a user's own" "$(setpriv --groups "4,27,999" "$BOXCTL" shell -u alice "$name" /usr/bin/id -G </dev/null)" 1000
for user in 4294967295 4294967296 2147483648 -1 ' 0' 0x0 1e3 '1:4294967296' '٣' $'0\n' 18446744073709551616; do
    is "A9 the user $(printf %q "$user") is refused" "$(IN -u "$user" "$name" /usr/bin/id -u 2>/dev/null)" ""
done
is "A9 digits are never a name" "$(IN -u 1000 "$name" /usr/bin/id -u)" 1000

# --- D6, and what the box can do to who waits for it ------------------------------------------
before_links=$(stat -c '%i %h' /proc/1/root 2>/dev/null)
like "A4 no root but the box's is in sight" \
    "$(IN "$name" /bin/surface-probe | grep foreign-roots)" "closed 0"
is "the host's root is as before" "$(stat -c '%i %h' /proc/1/root 2>/dev/null)" "$before_links"

# --- A10, A11: whom stop and shell talk to -----------------------------------------------------
cp -a "/run/boxctl/$name" "$work/state"
kill -KILL "$supervisor"
wait "$supervisor" 2>/dev/null
for ((i = 0; i < 100; i++)); do [ -d "/proc/${pid:-x}" ] || break; sleep 0.02; done
# A process with the number of the box's first one, in a PID namespace of its own for this test: the
# record says that number, and another start time.
cat >"$work/reuse" <<E
record=/run/boxctl/$name/state.json
sleep 300 &
victim=\$!
old=\$(tr -d '\n' <\$record)
printf '%s' "\$old" | sed -E "s/(\"leader\": *\\\\{ *\"pid\": *)[0-9]+/\\\\1\$victim/; s/(\"supervisor\": *\\\\{ *\"pid\": *)[0-9]+/\\\\1\$victim/" >\$record.new
grep -q "\$victim" \$record.new || echo "the record was not changed"
cat \$record.new >\$record && rm \$record.new
for verb in stop kill reboot status shell; do
    timeout 20 "$BOXCTL" \$verb $name </dev/null >/dev/null 2>&1
    echo "\$verb \$?"
    kill -0 \$victim || echo "the victim died of \$verb"
done
kill \$victim
E
# as a boxctl that could not even clean up would leave it
again() { rm -rf "/run/boxctl/$name" && cp -a "$work/state" "/run/boxctl/$name"; }
if [ -s "$work/state/state.json" ]; then
    again
    got=$(bash "$work/reuse" 2>&1)
    lacks "A11 a stranger with the process's number is left alone" 'victim|not changed|^shell 0' "$got"
    # with somebody holding the name's lock, as a supervisor would, the number alone must not do either
    again
    got=$(python3 - "/run/boxctl/.locks/$name" bash "$work/reuse" 2>&1 <<'E'
import fcntl, os, struct, subprocess, sys
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
sys.exit(subprocess.call(sys.argv[2:]))
E
    )
    lacks "A11 also while the name is held" 'victim|not changed|^shell 0' "$got"
    again
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nkill $(sed "s/.*leader[^0-9]*//; s/[^0-9].*//" /run/boxctl/%s/state.json)\nsleep 0.1\n' "$name" >"$work/naive"
    chmod 755 "$work/naive"
    sed "s#\"$BOXCTL\"#\"$work/naive\"#" "$work/reuse" >"$work/reuse-naive"
    finds "A11 a launcher that goes by the number kills it" 'victim died of stop' "$(bash "$work/reuse-naive" 2>&1)"
else
    tap_report no "A11 the state of a killed box is there to be misread"
fi
"$BOXCTL" cleanup "$name" >/dev/null 2>&1
is "nothing is left" "$(find /run/boxctl -name "$name")" ""
canary_is_whole "the canary tree is whole at the end"
done_testing
