#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in a box and prints what it sees there, KEY=VALUE a line. Needs busybox, no more.
say() { printf '%s=%s\n' "$1" "$2"; }
# what a command prints and how it ends, on one line
try() {
    key=$1
    shift
    output=$("$@" 2>&1)
    say "$key" "$? $(echo "$output" | tr '\n' ' ')"
}
for kind in mnt pid net ipc uts cgroup user time; do
    say "ns_$kind" "$(readlink "/proc/1/ns/$kind")"
done
say comm "$(cat /proc/1/comm)"
say pid "$$"
say uid_map "$(tr -s ' ' </proc/self/uid_map)"
say gid_map "$(tr -s ' ' </proc/self/gid_map)"
for line in CapInh CapAmb CapBnd CapEff Seccomp NoNewPrivs Groups; do
    say "$line" "$(sed -n "s/^$line:[[:space:]]*//p" /proc/1/status)"
done
say uptime "$(cut -d. -f1 /proc/uptime)"
say hostname "$(hostname)"
say kernel_hostname "$(cat /proc/sys/kernel/hostname)"
for path in /proc /proc/sys /proc/sys/net /sys /dev /dev/pts /dev/shm /dev/mqueue /run /run/host /tmp /sys/fs/cgroup; do
    say "flags_$path" "$(awk -v p="$path" '$5 == p { f = $6; for (i = 7; i <= NF; i++) if ($i == "-") t = $(i + 1) } END { print t, f }' /proc/1/mountinfo)"
    say "options_$path" "$(awk -v p="$path" '$5 == p { o = $NF } END { print o }' /proc/1/mountinfo)"
done
say not_shared "$(grep -vc ' shared:' /proc/1/mountinfo)"
say mounts "$(wc -l </proc/1/mountinfo)"
say old_root "$(grep -c ' /oldroot\| /\.old' /proc/1/mountinfo)"
for path in kallsyms kcore keys key-users latency_stats sched_debug sysrq-trigger timer_list timer_stats interrupts; do
    [ ! -e "/proc/$path" ] || say "mask_$path" "$(stat -c '%F %a' "/proc/$path") $(head -c 100 "/proc/$path" 2>/dev/null | wc -c)"
done
for path in firmware kernel/debug kernel/tracing kernel/security; do
    [ ! -e "/sys/$path" ] || say "mask_$path" "$(stat -c '%F %a' "/sys/$path") $(find "/sys/$path" -mindepth 1 | wc -l)"
done
tr '\0' '\n' </proc/1/environ | sed 's/^/env_/'
for name in container-manager container-uuid proc-sys-kernel-random-boot-id; do
    say "host_$name" "$(cat "/run/host/$name")"
done
say host_os_release "$(sed -n 's/^ID=//p' /run/host/os-release)"
for name in reg dir fifo sock chr blk; do
    say "inaccessible_$name" "$(stat -c '%F %a' "/run/host/inaccessible/$name")"
done
say notify "$(stat -c '%F' /run/host/notify)"
say boot_id "$(cat /proc/sys/kernel/random/boot_id)"
try machine_id cat /etc/machine-id
for name in null zero full random urandom tty net/tun fuse console tty1 tty2 tty6 tty7; do
    [ -e "/dev/$name" ] && say "dev_$name" "$(stat -c '%F %t:%T %a' "/dev/$name")"
done
for name in fd stdin stdout stderr core ptmx; do
    say "link_$name" "$(readlink "/dev/$name")"
done
say block_devices "$(find /dev -type b | wc -l)"
try null_works sh -c 'echo x >/dev/null && head -c 3 /dev/zero | wc -c'
try full_works sh -c 'echo x >/dev/full'
try mknod mknod /tmp/vda b 254 0
try ping ping -c 1 -W 2 127.0.0.1
say links "$(cd /sys/class/net && echo *)"
try tmpfs mount -t tmpfs x /mnt
try tmpfs_used touch /mnt/file
try unshare_user unshare -Ur id
try unshare_mount unshare -Urm sh -c 'mount -t tmpfs y /mnt && mount --bind /etc /opt && ls /opt/passwd'
try sysctl_write sh -c 'echo x >/proc/sys/kernel/hostname'
try sysctl_net sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward'
try sysctl_umount umount /proc/sys
try sysctl_remount mount -o remount,rw,bind /proc/sys
try sys_write sh -c 'echo add >/sys/class/net/lo/uevent'
try mask_umount umount /proc/timer_list
try new_hostname sh -c 'hostname other && hostname'
try set_time date -s 2001-01-01
try module insmod /dev/null
try mem dd if=/dev/mem count=1
try fd_limit sh -c 'ulimit -n; ulimit -Hn'
try ls_self_fd ls /proc/self/fd
try owner stat -c '%u:%g' /etc/passwd
