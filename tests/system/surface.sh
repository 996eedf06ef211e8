#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What of the kernel a box can reach: surface-probe inside, compared with tests/golden/surface-*.txt.
# shellcheck source-path=SCRIPTDIR source=../lib/tap.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/tap.sh"
# shellcheck source-path=SCRIPTDIR source=../lib/attack.sh
. "$SRC/tests/lib/attack.sh"

work=$(tmpdir)
R=$work/root
hostile_root "$R" || exit 1

# differences GOLDEN FOUND: rows that do not match, rows that nobody knows, rows that are missing
differences() {
    awk 'function fits(want, got) {
            return want == "any" || want == got || want == "shut" && (got == "closed" || got == "absent")
        }
        FNR == NR { sub(/#.*/, ""); if (NF == 2) want[$1] = $2; next }
        { seen[$1] = 1 }
        !($1 in want) { print "unknown row: " $0; next }
        !fits(want[$1], $2) { print $0 " (want " want[$1] ")" }
        END { for (row in want) if (!(row in seen)) print "missing row: " row }' "$1" "$2" | sort
}
# as a child of the box: PID 1 cannot be asked whether it may be traced
probe=(/bin/sh -c '/bin/surface-probe; exit $?')
golden=$SRC/tests/golden/surface

RUN "$R" -- "${probe[@]}" >"$work/contained"
is "a contained box reaches what is written down ($(wc -l <"$work/contained") rows)" \
    "$(differences "$golden-contained.txt" "$work/contained")" ""
RUN --private-users=no "$R" -- "${probe[@]}" >"$work/privileged"
is "so does a privileged one" "$(differences "$golden-privileged.txt" "$work/privileged")" ""
RUN -u nobody "$R" -- "${probe[@]}" >"$work/nobody"
lacks "a user of the box reaches no more than its root" "[^ ]* [^ ]* \(want shut\)" \
    "$(differences "$golden-contained.txt" "$work/nobody")"
RUN --capability=all "$R" -- "${probe[@]}" >"$work/capable"
lacks "all capabilities of a contained box open nothing that is the host's" \
    '^(write|umount|remount|mknod|open-|leave-root|foreign|uid-map|open:sysrq|kexec|init_module|settimeofday|swapo)' \
    "$(differences "$golden-contained.txt" "$work/capable")"

finds "a privileged box is told from a contained one" '^umount:proc-sys open' \
    "$(differences "$golden-contained.txt" "$work/privileged")"
timeout 60 unshare -Urmpf --kill-child --mount-proc="$R/proc" chroot "$R" "${probe[@]}" >"$work/unsafe" 2>/dev/null
got=$(differences "$golden-contained.txt" "$work/unsafe")
finds "a user namespace that maps the host's root is seen: it can write core_pattern" '^write:core_pattern open' "$got"
finds "and the lack of a seccomp filter" '^(io_uring|keyctl|userfaultfd|bpf) open' "$got"
finds "and of masks" '^(read:(keys|interrupts|timer_list)|umount:.*) open|procsys-writable open' "$got"
{ cat "$work/contained"; echo "brand-new-call open"; } >"$work/more"
is "control: a new open row fails" "$(differences "$golden-contained.txt" "$work/more")" "unknown row: brand-new-call open"
sed '/^bpf /d' "$work/contained" >"$work/fewer"
is "control: a probe that stops early fails" "$(differences "$golden-contained.txt" "$work/fewer")" "missing row: bpf"

# --- what takes more than a row ---------------------------------------------------------------
before=$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/vm/panic_on_oom)
RUN "$R" -- /bin/sh -c 'umount -l /proc/sys; for f in kernel/core_pattern kernel/panic vm/panic_on_oom; do echo 1 >/proc/sys/$f; done; echo b >/proc/sysrq-trigger' 2>/dev/null
is "D1 the host's settings stay" "$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/vm/panic_on_oom)" "$before"
lacks "D2 no version 1 cgroups" ' - cgroup ' "$(RUN "$R" -- /bin/cat /proc/self/mountinfo)"
not_ok "D2 none can be mounted" RUN "$R" -- /bin/sh -c 'mkdir /mnt/c; mount -t cgroup -o rdma c /mnt/c || mount -t cgroup -o none,name=x c /mnt/c'
finds "D2 a launcher that keeps the host's mounts shows them" ' - (cgroup|cgroup2) ' "$(unshare -m cat /proc/self/mountinfo)"
# shellcheck disable=SC2016
like "D4 no node can be made" "$(RUN "$R" -- /bin/sh -c 'mknod /mnt/x c 1 1 || mknod /dev/x b 254 0; ls /mnt/x /dev/x' 2>&1)" "not permitted"
mknod "$R/planted" b 254 0 && chmod 666 "$R/planted"
mknod "$R/memory" c 1 1 && chmod 666 "$R/memory"
lacks "D4 nodes that the tree brings along do not open" OPENED \
    "$(RUN "$R" -- /bin/sh -c '(exec 9</planted) && echo OPENED; (exec 9</memory) && echo OPENED' 2>/dev/null)"
finds "D4 a launcher without nodev and user namespace opens them" OPENED \
    "$(unsafe "$R" /bin/sh -c 'if dd if=/memory of=/dev/zero bs=1 count=0 2>/dev/null || [ -r /memory ]; then echo OPENED; fi')"
rm "$R/planted" "$R/memory"
start=$(date +%s)
like "D6 reboot ends the box, not the host" "$(RUN "$R" -- /bin/busybox reboot -f; echo "status $?")" '^status [0-9]+$'
like "D13 the clock cannot be set" "$(RUN "$R" -- /bin/date -s 2000-01-01 2>&1)" "not permitted"
ok "D13 and is as before" test "$(date +%s)" -ge "$start"
is "D11 no core files by default" "$(RUN "$R" -- /bin/sh -c 'ulimit -S -c')" 0
is "D15 nothing in /sys is writable but cgroups" \
    "$(RUN "$R" -- /bin/sh -c 'for f in $(find /sys -path /sys/fs/cgroup -prune -o -type f -perm /222 -print 2>/dev/null | head -2000); do (: >>$f) 2>/dev/null && echo $f; done')" ""
finds "D15 a writable sysfs is seen" /sys "$(RUN --private-users=no "$R" -- /bin/sh -c 'mount -o remount,bind,rw /sys; for f in $(find /sys/kernel/mm /sys/module -type f -perm /222 2>/dev/null | head -50); do (exec 9>>$f) 2>/dev/null && echo $f; done')"

# --- D7, D12: two boxes beside each other ------------------------------------------------------
mkfifo "$work/go"
map_of() { RUN -M "$1" --ephemeral "$R" -- /bin/sh -c 'cat /proc/self/uid_map; ps | wc -l; ls -d /proc/[0-9]* | wc -l'; }
exec 8<>"$work/go"
"$BOXCTL" run -M "$BOXCTL_NAME-a" -q --ephemeral "$R" -- /bin/sh -c 'cat /proc/self/uid_map; cat' <"$work/go" >"$work/a" 2>&1 8>&- &
first=$!
for ((i = 0; i < 100; i++)); do [ -s "$work/a" ] && break; sleep 0.05; done
b=$(map_of "$BOXCTL_NAME-b")
ok "D12 two boxes have ids of their own" test "$(awk 'NR == 1 { print $2 }' "$work/a")" != "$(awk 'NR == 1 { print $2 }' <<<"$b")"
ok "D12 and see only themselves" test "$(tail -1 <<<"$b")" -le 3
exec 8>&-
wait $first
is "D7 no keyring can be reached" "$(grep -E '^(keyctl|add_key|int80-keyctl) ' "$work/contained" | grep -c closed)" 3
done_testing
