#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The verbs that work with a running box: list, status, wait, shell, console, stop, reboot, kill,
# cleanup. Attacks are named after the rows of the attack table: A3, A4, A8, A9, E1, E3.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh source=../lib/box.sh disable=SC2016,SC2317
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/box.sh"

work=$(tmpdir)
machine=$(box_name verbs)
alpine=$(alpine_root) || { echo "1..0 # SKIP no Alpine tree"; exit 0; }
root=$work/root
copy_root "$alpine" "$root" || exit 1

# status CMD...: its exit status; what it said is in $work/out and $work/err
status() {
    "$@" >"$work/out" 2>"$work/err" </dev/null
    echo $?
}
out() { cat "$work/out"; }
err() { cat "$work/err"; }
inside() { "$BOXCTL" shell "$machine" "$@" </dev/null; }
leaves() { find /sys/fs/cgroup -maxdepth 4 -path "*/boxctl/$machine/shell-*" -type d 2>/dev/null; }
no_leaves() { [ -z "$(leaves)" ]; }
# field MACHINE KEY: of status --json
field() { "$BOXCTL" status "$1" --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }

# --- names that are none, or not there ---
for verb in status stop reboot kill shell wait console cleanup; do
    is "$verb refuses a path as name" "$(status "$BOXCTL" "$verb" ../x)" 125
done
for verb in stop reboot kill shell wait console; do
    is "$verb does not know the machine" "$(status "$BOXCTL" "$verb" "$machine")" 125
done
is "status of an unknown machine is 4" "$(status "$BOXCTL" status "$machine")" 4
like "an unknown machine is named" "$(err)" "no machine is named '$machine'"

# --- a box with a hostile description (E3) ---
printf 'NAME=x\nPRETTY_NAME="\033]0;pwn\a\033[2J\302\2336n\177"\n' >"$root/etc/os-release"
printf '%s\n' '1000:x:0:0::/:/bin/sh' '4294967296:x:0:0::/:/bin/sh' 'alice:x:1001:1002::/tmp:/bin/sh' \
    >>"$root/etc/passwd"
printf '%s\n' 'alice:x:1002:' 'games:x:1044:alice' >>"$root/etc/group"
cat >"$root/etc/inittab" <<'INITTAB'
::sysinit:/bin/hostname box
console::respawn:/bin/sh -c 'while read line; do echo "console has <$line>"; done'
tty2::respawn:/bin/sh -c 'echo here is tty2; read line; echo "got <$line>"; exec sleep 1000'
::shutdown:/bin/true
INITTAB
(sleep 0.3; exec "$BOXCTL" boot "$root" --console=passive -M "$machine") </dev/null >"$work/boot.log" 2>&1 &
box_pid=$!
at_exit end_box "$box_pid" "$machine"
is "wait --for=running gives up" "$(status "$BOXCTL" wait --for=running --timeout=0 "$(box_name none)")" 124
is "wait --for=running sees a box that is not there yet" "$(status "$BOXCTL" wait --for=running --timeout=20 "$machine")" 0
is "wait gives up as well" "$(status "$BOXCTL" wait --timeout=0 "$machine")" 124
is "wait wants a word it knows" "$(status "$BOXCTL" wait --for=nothing "$machine")" 125

# --- list and status ---
is "list works" "$(status "$BOXCTL" list)" 0
like "list has a header" "$(head -n 1 "$work/out")" '^NAME +MODE +STATE +INIT +IDS +AGE +ROOT$'
like "list shows the box" "$(grep "^$machine " "$work/out")" "^$machine +boot +running +busybox +[0-9]+\+65536 +[0-9ms]+ +$root"
ok "list --json is JSON" python3 -c 'import json,subprocess,sys
[box] = [b for b in json.loads(subprocess.check_output([sys.argv[1], "list", "--json"])) if b["name"] == sys.argv[2]]
assert box["contained"] is True and box["state"] == "running" and box["root"] == sys.argv[3], box' \
    "$BOXCTL" "$machine" "$root"
is "status of a running box is 0" "$(status "$BOXCTL" status "$machine")" 0
like "status tells the boundary" "$(out)" "contained: ids 0-65535 are [0-9]+-[0-9]+ on the host"
is "status prints nothing a terminal acts upon" "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f\x80-\x9f]' "$work/out")" 0
like "but shows what is there" "$(out)" '\\x1b\]0;pwn'
is "nor does its JSON" "$("$BOXCTL" status "$machine" --json | LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f\x80-\x9f]')" 0
is "status knows PID 1" "$(sed -n 's/^NSpid:.*\t//p' "/proc/$(field "$machine" leader)/status")" 1
is "status counts processes" "$(($(field "$machine" processes) >= 2))" 1

# --- shell: exact status and data ---
is "shell passes status 0" "$(status inside true)" 0
is "shell passes status 7" "$(status inside sh -c 'exit 7')" 7
is "shell tells of a signal" "$(status inside sh -c 'kill -TERM $$')" 143
is "shell tells of a command that is not there" "$(status inside no-such-command)" 127
is "shell tells of one that cannot be executed" "$(status inside /etc/passwd)" 126
head -c 3000000 /dev/urandom >"$work/data"
"$BOXCTL" shell "$machine" cat <"$work/data" >"$work/data.out" 2>"$work/data.err"
ok "a file comes through cat unchanged" cmp "$work/data" "$work/data.out"
ok "so does a pipe" bash -c 'cat "$1" | "$2" shell "$3" cat | cmp - "$1"' - "$work/data" "$BOXCTL" "$machine"
is "nothing is added to stderr" "$(cat "$work/data.err")" ""
inside sh -c 'echo to-out; echo to-err >&2' >"$work/out" 2>"$work/err"
is "stdout stays stdout" "$(out)" to-out
is "stderr stays stderr" "$(err)" to-err
is "words arrive as they are" "$(inside printf '<%s>' 'a b' '' '*' '$x')" '<a b><><*><$x>'
is "a command can look like an option" "$(inside -- printf %s -E)" -E
is "the environment is made from nothing" "$(SECRET=1 BASH_ENV=/x inside env | sort | sed 's/=.*//' | tr '\n' ' ')" \
    "HOME LOGNAME PATH SHELL USER container "
is "-E sets and passes on" "$(PASSED=2 "$BOXCTL" shell "$machine" -E A=1 -E PASSED sh -c 'echo $A$PASSED')" 12
is "-E keeps a newline in its value" "$("$BOXCTL" shell "$machine" -E $'A=1\nB=2' sh -c 'echo "${B-none}"')" none
is "it starts at home" "$(inside pwd)" /root
is "--chdir is inside" "$("$BOXCTL" shell --chdir=/tmp "$machine" pwd)" /tmp
not_ok "--chdir must be there" "$BOXCTL" shell --chdir=/no/such "$machine" true
not_ok "a directory is not passed in" bash -c '"$1" shell "$2" true </' - "$BOXCTL" "$machine"

# --- shell: in the box, with its rights ---
leader=$(field "$machine" leader)
for ns in user mnt pid net ipc uts cgroup time; do
    is "a shell is in the box's $ns namespace" "$(inside readlink "/proc/self/ns/$ns")" "$(readlink "/proc/$leader/ns/$ns")"
done
for line in CapBnd CapEff Seccomp NoNewPrivs; do
    is "a shell has the $line of PID 1" "$(inside grep "^$line:" /proc/self/status)" "$(grep "^$line:" "/proc/$leader/status")"
done
is "A7: it inherits no capability" "$(inside sed -n 's/^Cap\(Inh\|Amb\):\t//p' /proc/self/status | tr -d '\n')" "$(printf '0%.0s' {1..32})"
is "its limits are those of PID 1" "$(inside sed -n '4,$p' /proc/self/limits)" "$(sed -n '4,$p' "/proc/$leader/limits")"
is "A8: the groups are root's in the box, not the caller's" "$(setpriv --groups 4,27,999 "$BOXCTL" shell "$machine" id -G </dev/null)" \
    "0 $(awk -F: '$3 != 0 && $4 ~ /(^|,)root(,|$)/ { print $3 }' "$root/etc/group" | sort -n | tr '\n' ' ' | sed 's/ $//')"
exec 77<"$work/data"
is "A3: the caller's descriptors stay outside" "$(inside ls /proc/self/fd | tr '\n' ' ')" "0 1 2 3 "
exec 77<&-
is "a closed stdin is not filled with something of ours" "$("$BOXCTL" shell "$machine" readlink /proc/self/fd/0 <&-)" /dev/null

# --- A9: users ---
is "--user by name" "$("$BOXCTL" shell "$machine" --user=alice id -u </dev/null)" 1001
is "its groups are the box's" "$("$BOXCTL" shell "$machine" -u alice id -G </dev/null)" "1002 1044"
is "another user has no capability" "$("$BOXCTL" shell "$machine" -u alice sed -n 's/^CapEff:\t//p' /proc/self/status </dev/null)" 0000000000000000
is "digits are never a name" "$("$BOXCTL" shell "$machine" -u 1000 id -u </dev/null)" 1000
is "an unknown number has nobody's group" "$("$BOXCTL" shell "$machine" -u 1 id -u </dev/null)" 1
for user in 4294967295 4294967296 2147483648 65536 -1 ' 0' 0x0 1e3 '1:4294967296' '' ٣ nosuchuser; do
    is "A9: user '$user' is refused" "$(status "$BOXCTL" shell "$machine" --user="$user" id -u)" 125
done

# --- shell: terminals ---
cat >"$work/terminal.py" <<'PYTHON'
"""terminal.py CMD... -- WANT SEND WANT SEND...: a terminal of 33x101 for CMD; output and status."""
import fcntl, os, pty, select, struct, sys, termios, time
cut = sys.argv.index("--")
command, script = sys.argv[1:cut], [a.encode().decode("unicode_escape").encode("latin1") for a in sys.argv[cut + 1:]]
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.05)
    os.environ["TERM"] = "dumb"
    os.execv(command[0], command)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
seen = b""
def read(want):
    global seen
    deadline = time.monotonic() + 15
    start = len(seen)
    while want is None or want not in seen[start:]:
        if time.monotonic() > deadline or not select.select([fd], [], [], 15)[0]:
            print("timeout waiting for", want, seen); sys.exit(1)
        try:
            data = os.read(fd, 4096)
        except OSError:
            return
        if not data:
            return
        seen += data
for want, send in zip(script[::2], script[1::2]):
    read(want)
    if send.startswith(b"SIGNAL "):
        os.kill(pid, int(send.split()[1]))
    elif send.startswith(b"SIZE "):
        rows, columns = send.split()[1:]
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))
    else:
        os.write(fd, send)
read(None)
sys.stdout.buffer.write(seen)
sys.stdout.flush()
print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
tty() { python3 "$work/terminal.py" "$BOXCTL" "$@"; }
sh=(sh -c)
got=$(tty shell "$machine" "${sh[@]}" 'tty; stty size; id -u; echo end' --)
like "a terminal of the box is made" "$got" '/dev/pts/[0-9]+'
like "with the caller's size" "$got" '33 101'
like "and the last output arrives with the status" "$got" $'end\r\n''status 0'
like "its owner is the user" "$(tty shell "$machine" -u alice "${sh[@]}" 'stat -c %U "$(tty)"' --)" alice
like "the size follows" "$(tty shell "$machine" "${sh[@]}" 'echo ready; read x; stty size' -- 'ready' 'SIZE 20 55' '' '\n')" '20 55'
like "^C reaches the program, not boxctl" "$(tty shell "$machine" "${sh[@]}" 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done' -- 'ready' '\x03')" 'status 9'
got=$(tty shell "$machine" -- '# ' 'sleep 0.1 & jobs; wait; exit 5\n')
like "a login shell has job control" "$got" '\[1\]\+ +Running'
like "and its status is that of the session" "$got" 'status 5'
like "^]^]^] ends the session" "$(tty shell "$machine" "${sh[@]}" 'echo ready; exec sleep 1000' -- 'ready' '\x1d\x1d\x1d')" 'status 137'
like "a hang-up ends the session" "$(tty shell "$machine" "${sh[@]}" 'echo ready; exec sleep 1000' -- 'ready' 'SIGNAL 1')" 'status 129'
like "SIGTERM ends one that ignores it" "$(tty shell "$machine" "${sh[@]}" 'trap "" HUP TERM; echo ready; while :; do sleep 0.1; done' -- 'ready' 'SIGNAL 15')" 'status 137'
"$BOXCTL" shell "$machine" sleep 1000 </dev/null >/dev/null 2>&1 &
shell_pid=$!
wait_for inside pgrep -f 'sleep 1000'
kill -TERM $shell_pid
wait $shell_pid
is "without a terminal SIGTERM is passed on" $? 143
"$BOXCTL" shell "$machine" sleep 2000 </dev/null >/dev/null 2>&1 &
shell_pid=$!
wait_for inside pgrep -f 'sleep 2000'
kill -KILL $shell_pid
wait $shell_pid 2>/dev/null
eventually "a killed boxctl leaves no session" bash -c '! "$1" shell "$2" pgrep -f "sleep 2000"' - "$BOXCTL" "$machine"
is "--pty makes a terminal for a pipe" "$("$BOXCTL" shell --pty "$machine" tty </dev/null 2>/dev/null | tr -d '\r' | sed 's/[0-9]*$//')" /dev/pts/
is "E1: what it types into is a terminal of the box" \
    "$(tty shell "$machine" "${sh[@]}" '[ "$(stat -c %d "$(tty)")" = "$(stat -c %d /dev/pts)" ] && echo yes' -- | sed -n 1p)" $'yes\r'

# --- A4: helpers under attack while they enter ---
mkdir "$work/host" && echo HOST-SECRET >"$work/host/secret"
inside sh -c 'while [ ! -e /stop-attack ]; do
    for p in /proc/[0-9]*; do
        for f in $p/fd/* $p/root $p/cwd; do
            cat "$f/secret" "$f'"$work"'/host/secret" 2>/dev/null
            cat "$f/../../../../../..'"$work"'/host/secret" 2>/dev/null
        done
        (exec 9>>"$p/exe") 2>/dev/null && [ "$(readlink "$p/exe")" != /bin/busybox ] && echo "$p/exe" >>/wrote
    done >>/leaked
    echo >>/rounds
done' 2>/dev/null &
attacker=$!
wait_for test -s "$root/rounds"
before=$(sha256sum <"$BOXCTL")
for _ in {1..200}; do inside true || echo "$?" >>"$work/failed"; done
is "A4: 200 shells enter" "$(cat "$work/failed" 2>/dev/null)" ""
is "A4: and leak nothing" "$(cat "$root/leaked")$(cat "$root/wrote" 2>/dev/null)" ""
is "A1: and the binary is as before" "$(sha256sum <"$BOXCTL")" "$before"
# What carries a descriptor in is found by the same loop: it looks in the right places.
nsenter -t "$leader" -m -p -U sleep 60 9<"$work/host" &
careless=$!
eventually "control: a careless helper is caught" grep -q HOST-SECRET "$root/leaked"
inside pkill -f 'sleep 60'
wait "$careless"
touch "$root/stop-attack"
wait "$attacker"
rm -f "$work/failed"
for round in {1..25}; do
    for _ in {1..8}; do { inside true || echo "$?" >>"$work/failed"; } & done
    # shellcheck disable=SC2046 # one argument a process
    wait $(jobs -rp | grep -vx "$box_pid")
done
is "eight at once, $round times over, all enter" "$(cat "$work/failed" 2>/dev/null)" ""
eventually "and leave no cgroup" no_leaves
is "nor a process" "$(inside ps -o comm | grep -c boxctl)" 0

# --- console ---
like "console attaches to a terminal that waits" "$(tty console "$machine" --tty=2 -- 'attached' 'hello\n' 'got <hello>' '\x1d\x1d\x1d')" 'status 0'
like "console attaches to the console of a passive box" \
    "$(tty console "$machine" -- 'attached' '\n' 'console has <>' '\x1d\x1d\x1d')" 'status 0'
like "and again, after the supervisor had it back" \
    "$(tty console "$machine" -- 'attached' 'x\n' 'console has <x>' '\x1d\x1d\x1d')" 'status 0'
inside sh -c 'head -c 300000 /dev/zero >/dev/console'
is "a console without a reader does not make the box wait" $? 0
is "console knows what there is" "$(status "$BOXCTL" console "$machine" --tty=9)" 125
like "and says so" "$(err)" 'use --tty=2'

# --- reboot, stop, kill ---
is "reboot asks" "$(status "$BOXCTL" reboot "$machine")" 0
rebooted() { [ -n "$(field "$machine" leader)" ] && [ "$(field "$machine" leader)" != "$leader" ]; }
ok "the box comes back" wait_for rebooted
is "the supervisor is still the same" "$(field "$machine" supervisor)" "$box_pid"
ok "its init takes signals" wait_for bash -c 'grep -q "^SigCgt:.*[1-9a-f]" /proc/$1/status' - "$(field "$machine" leader)"
"$BOXCTL" wait "$machine" &
waiter=$!
is "stop waits until it is gone" "$(status "$BOXCTL" stop "$machine"; [ ! -e "/run/boxctl/$machine" ] || echo still there)" 0
wait "$waiter"
is "wait has seen it" $? 0
is "status then knows nothing of it" "$(status "$BOXCTL" status "$machine")" 4
ok "the supervisor has ended" gone "$box_pid"

start_box "$machine" run "$root" sh -c 'trap "" TERM; while :; do sleep 1; done'
is "a command cannot reboot" "$(status "$BOXCTL" reboot "$machine")" 125
is "kill sends another signal" "$(status "$BOXCTL" kill "$machine" --signal=CONT)" 0
is "and the box lives" "$(status "$BOXCTL" status "$machine")" 0
is "kill refuses what is no signal" "$(status "$BOXCTL" kill "$machine" -s NOSUCH)" 125
is "stop --timeout=0 does not wait for it" "$(status "$BOXCTL" stop --timeout=0 "$machine")" 0
start_box "$machine" run "$root" sleep 1000
is "the console of another box is not taken" "$(status "$BOXCTL" console "$machine")" 125
is "kill ends it at once" "$(status "$BOXCTL" kill "$machine"; [ ! -e "/run/boxctl/$machine" ] || echo still there)" 0

# --- a supervisor that was killed, and who cleans up after it as well ---
start_box "$machine" run "$root" sleep 1000
watch=$(pgrep -P "$box_pid" -x boxctl-watch)
kill -KILL "$watch" "$box_pid"
wait "$box_pid" 2>/dev/null
wait_for gone "$watch" # it holds the locks as well
is "status of a dead box is 3" "$(status "$BOXCTL" status "$machine")" 3
"$BOXCTL" list >"$work/out" 2>"$work/err"
like "list calls it dead" "$(grep "^$machine " "$work/out")" ' dead '
like "and hints at cleanup" "$(err)" "boxctl cleanup"
is "a shell is refused" "$(status "$BOXCTL" shell "$machine" true)" 125
is "wait finds it gone" "$(status "$BOXCTL" wait "$machine")" 0
is "cleanup removes it" "$(status "$BOXCTL" cleanup "$machine")" 0
like "and says so" "$(out)" "removed what machine '$machine' left"
is "nothing is left" "$(find /run/boxctl /sys/fs/cgroup -maxdepth 4 -name "$machine" 2>/dev/null)" ""
is "a second time there is nothing to do" "$(status "$BOXCTL" cleanup "$machine"; out)" 0
start_box "$machine" run "$root" sleep 1000
is "cleanup does not touch a running box" "$(status "$BOXCTL" cleanup "$machine")" 125
is "it still runs" "$(status "$BOXCTL" status "$machine")" 0
for byte in 0 100 300; do
    # Records are root's alone; a torn one must still not bring anything down.
    head -c $byte "/run/boxctl/$machine/state.json" >"$work/torn"
    cp "/run/boxctl/$machine/state.json" "$work/whole" && cp "$work/torn" "/run/boxctl/$machine/state.json"
    is "a record cut at $byte is refused" "$(status "$BOXCTL" stop "$machine")" 125
    cp "$work/whole" "/run/boxctl/$machine/state.json"
done

# --- A10, A11: a record that names somebody else ---
sleep 1000 &
bystander=$!
fake() {
    python3 -c 'import json,sys
record = json.load(open(sys.argv[1]))
for change in sys.argv[3:]:
    key, value = change.split("=", 1)
    record[key] = json.loads(value)
json.dump(record, open(sys.argv[2], "w"))' "$work/whole" "/run/boxctl/$machine/state.json" "$@"
}
start=$(awk '{print $22}' "/proc/$bystander/stat")
fake "leader={\"pid\":$bystander,\"start_time\":$start}"
is "A10: a process of the host is not entered as a box" "$(status "$BOXCTL" shell "$machine" true)" 125
like "it is said why" "$(err)" "not what its record says"
fake "leader={\"pid\":$bystander,\"start_time\":1}" "supervisor={\"pid\":$bystander,\"start_time\":1}"
is "A11: a reused pid is not entered" "$(status "$BOXCTL" shell "$machine" true)" 125
is "A11: nor killed" "$(status "$BOXCTL" kill "$machine")" 125
is "A11: nor stopped" "$(status "$BOXCTL" stop "$machine")" 0
ok "the bystander lives" kill -0 "$bystander"
kill "$bystander"
wait "$bystander" 2>/dev/null
cp "$work/whole" "/run/boxctl/$machine/state.json"
is "the box can still be stopped" "$(status "$BOXCTL" kill "$machine")" 0

done_testing
