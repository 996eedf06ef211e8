#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC2002,SC2012
# Prints what a command in a container can see of it: lines "KEY<tab>VALUE". For any sh, busybox's too.
PATH=/usr/local/bin:/usr/bin:/bin
say() { printf '%s\t%s\n' "$1" "$2"; }
file() { [ -e "$1" ] || [ -L "$1" ] && { [ -r "$1" ] && cat "$1" 2>/dev/null | cksum || echo unreadable; } || echo none; }

# Read by the process that opens it: a later execve(2) leaves nothing to read.
cat /proc/self/environ | tr '\0' '\n' | while IFS= read -r line; do
    [ -z "$line" ] || say "env ${line%%=*}" "${line#*=}"
done
say "id user" "$(id -u) $(id -g) $(id -G)"
say "id map" "$(tr -s ' ' </proc/self/uid_map | tr '\n' ';') $(tr -s ' ' </proc/self/gid_map | tr '\n' ';')"
grep -E '^(Cap|NoNewPrivs|Seccomp:|Cpus_allowed_list|Groups|SigIgn|SigBlk)' /proc/self/status | while read -r key value; do
    # Of the signals up to 31: a caller can leave 32 and 33 ignored, which are the C library's own and
    # which a program that goes through it cannot set back.
    case $key in Sig*) value=$(printf '%08x' $((0x$value & 0x7fffffff))) ;; esac
    say "status ${key%:}" "$value"
done
sed 1d /proc/self/limits | while IFS= read -r line; do
    name=$(echo "$line" | cut -c1-25 | sed 's/ *$//')
    # shellcheck disable=SC2046 # words
    say "limit $name" "$(set -- $(echo "$line" | cut -c26-); echo "$1 $2")"
done
say "hostname" "$(hostname)"
say "machine" "$(uname -m)"
say "directory" "$(pwd)"
say "umask" "$(umask)"
say "oom score" "$(cat /proc/self/oom_score_adj)"
say "pid" "$$ $(cat /proc/1/comm)"
say "links" "$(sed -n 's/^ *\([^ :]*\):.*/\1/p' /proc/net/dev | sort | tr '\n' ' ')"
say "descriptors" "$(ls /proc/self/fd | tr '\n' ' ')"
for path in /etc/resolv.conf /etc/localtime /etc/machine-id /etc/hostname; do
    say "file $path" "$(readlink "$path" || file "$path")"
done
for path in /run/host/* /run/host/credentials/*; do
    [ -e "$path" ] || continue
    say "host $path" "$(stat -c '%F %a %u' "$path")"
done
say "credential a" "$(cat /run/host/credentials/a 2>/dev/null)"
for path in /dev/* /dev/net/*; do
    say "dev $path" "$(stat -c '%F %a %t:%T' "$path") $(readlink "$path")"
done
for path in / /tmp /run /dev/shm /x /x/file /y /var /usr /etc/passwd /new; do
    say "path $path" "$(stat -c '%F %a %u:%g' "$path" 2>/dev/null) $(: 2>/dev/null >"$path/.w" && rm "$path/.w" && echo writable)"
done
# The topmost mount of each place; what is below the cgroup file system is its own affair.
awk '{ for (i = 7; $i != "-"; i++) ; flags = $6; type[$5] = $(i + 1)
       own = ""; split(flags, words, ",")
       for (w in words) if (words[w] ~ /^(ro|nosuid|nodev|noexec)$/) set[words[w]] = 1
       split("ro nosuid nodev noexec", order, " ")
       for (o = 1; o <= 4; o++) if (order[o] in set) own = own " " order[o]
       delete set; seen[$5] = own }
     END { for (place in seen) print "mount " place "\t" type[place] seen[place] }' /proc/self/mountinfo |
    grep -v '^mount /sys/fs/cgroup/'
for name in kcore kallsyms keys timer_list sysrq-trigger; do
    say "read /proc/$name" "$(head -c 1 "/proc/$name" 2>/dev/null | wc -c)"
done
say "write /proc/sys" "$(echo 1 2>/dev/null >/proc/sys/kernel/sched_child_runs_first && echo yes || echo no)"
[ ! -x /calls ] || /calls
