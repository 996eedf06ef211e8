# SPDX-License-Identifier: LGPL-2.1-or-later
"""Command lines and .nspawn files as users have them, each run by systemd-nspawn and by boxctl nspawn.

A case: name, options, and by keyword
  file      the text of tree.nspawn beside the tree, read with --settings=trusted (else: trust)
  trust     another value of --settings
  command   what runs instead of look.sh; its output is compared as text
  code      that exit status, of both
HOST is a directory of the host with a file, a directory d and a file x.conf in it.
"""
LOOK = None


class Case:
    def __init__(self, name, *options, file=None, trust="trusted", command=LOOK):
        self.name, self.options, self.file, self.trust, self.command = name, options, file, trust, command


def sh(script):
    return ["sh", "-c", script]


CASES = [
    # --- what a plain command sees, and how it ends ---
    Case("plain"),
    Case("exit status", command=sh("exit 7")),
    Case("exit status 133 is no status of a payload's", command=sh("exit 133")),
    Case("death by a signal", command=sh("kill -KILL $$")),
    Case("no such command", command=["/no/such"]),
    Case("a file that cannot be executed", command=["/etc/passwd"]),
    Case("standard input is empty", command=["cat"]),
    Case("arguments as they are", command=["printf", "%s|", "a b", "", "$HOME", "--", "-x"]),
    Case("both streams", command=sh("echo out; echo err >&2")),
    # --- execution ---
    Case("environment", "-E", "A=1", "--setenv=B=two words", "-E", "PATH=/bin"),
    Case("environment of the caller", "-E", "HOME", "-E", "NO_SUCH_VARIABLE_HERE"),
    Case("a variable twice", "-E", "A=1", "-E", "A=2"),
    Case("a user by name", "-u", "nobody"),
    Case("a user by number", "--user=65534"),
    Case("a user that is not there", "-u", "nosuchuser"),
    Case("a user in groups", "-u", "games"),
    Case("a directory", "--chdir=/usr/bin"),
    Case("a directory that is not there", "--chdir=/no/such"),
    Case("a relative directory", "--chdir=usr"),
    Case("process two", "--as-pid2", command=sh("echo $$; cat /proc/1/comm | wc -l; exit 3")),
    Case("kill signal", "--kill-signal=SIGINT"),
    Case("notify ready", "--notify-ready=no"),
    Case("no new privileges", "--no-new-privileges=yes"),
    Case("personality", "--personality=x86"),
    Case("suppress sync", "--suppress-sync=yes",
         command=sh("mkfifo /tmp/p; cat /tmp/p >/dev/null & dd if=/dev/zero of=/tmp/p count=1 conv=fsync 2>/dev/null")),
    # --- identity ---
    Case("machine", "-M", "another"),
    Case("hostname", "--hostname=box.example"),
    Case("uuid of the tree wins", "--uuid=00112233445566778899aabbccddeeff"),
    # --- users ---
    Case("user namespace", "--private-users=655360:65536", "--private-users-ownership=map"),
    Case("user namespace, picked", "-U"),
    Case("identity", "--private-users=identity"),
    Case("owners as they are", "--private-users=655360", "--private-users-ownership=off",
         command=sh("stat -c %u /etc/passwd; cat /proc/self/uid_map | tr -s ' '")),
    Case("a user of the host", "-U", "--bind-user=boxlee"),
    Case("a user of the host, inside", "-U", "--bind-user=boxlee",
         command=sh("cd /run/host/home/boxlee && stat -c '%n %F %a %u %g' . mine && cat mine && "
                    "stat -c '%n %F %u %g %N' /run/host/userdb/*")),
    Case("a user that the host has not", "-U", "--bind-user=nosuchuser"),
    Case("a user of the host without a user namespace", "--bind-user=boxlee"),
    # --- network ---
    Case("private network", "--private-network"),
    Case("private network and users", "--private-network", "--private-users=655360", "--private-users-ownership=map"),
    # --- rights ---
    Case("capability", "--capability=CAP_SYS_TIME,CAP_IPC_LOCK,CAP_SYSLOG"),
    Case("all capabilities", "--capability=all"),
    Case("dropped capability", "--drop-capability=CAP_SYS_ADMIN,CAP_NET_RAW"),
    Case("all but", "--capability=all", "--drop-capability=CAP_SYS_MODULE"),
    Case("no capability", "--drop-capability=all"),
    Case("ambient capability", "-u", "nobody", "--ambient-capability=CAP_NET_RAW"),
    Case("allowed system calls", "--system-call-filter=@keyring perf_event_open"),
    Case("denied system calls", "--system-call-filter=~chroot mkdirat @mount"),
    Case("allowed and denied", "--system-call-filter=@keyring", "--system-call-filter=~keyctl"),
    Case("a system call that nobody has", "--system-call-filter=frobnicate"),
    # --- limits ---
    Case("limits", "--rlimit=NOFILE=64:128", "--rlimit=RLIMIT_CORE=infinity", "--rlimit=NICE=10"),
    Case("an unknown limit", "--rlimit=NOFILES=1"),
    Case("oom score and processors", "--oom-score-adjust=500", "--cpu-affinity=0"),
    # --- mounts ---
    Case("bind", "--bind=HOST:/x"),
    Case("bind, read-only", "--bind-ro=HOST:/x"),
    Case("bind of a file", "--bind=HOST/file:/x"),
    Case("bind to a new place, and below it", "--bind=HOST:/new/a", "--bind-ro=HOST/d:/new/a/d"),
    Case("bind from the tree", "--bind=+/etc:/x"),
    Case("bind of nothing", "--bind=:/x"),
    Case("bind of what is not there", "--bind=HOST/none:/x"),
    Case("bind for a user namespace", "--bind=HOST:/x:idmap", "--private-users=655360", "--private-users-ownership=map"),
    Case("bind for root", "--bind=HOST:/x:rootidmap", "--private-users=655360", "--private-users-ownership=map"),
    Case("tmpfs", "--tmpfs=/x", "--tmpfs=/y:mode=1777,size=1M,noexec"),
    Case("overlay", "--overlay=HOST:HOST/d:/x", command=sh("ls /x; echo new >/x/new; cat /x/new")),
    Case("overlay of two, the upper one forgotten", "--overlay=+/etc::/etc", command=sh("echo x >/etc/new; ls /etc/new")),
    Case("overlay, read-only", "--overlay-ro=HOST:HOST/d:/x", command=sh("ls /x; echo x 2>/dev/null >/x/y || echo no")),
    Case("inaccessible", "--inaccessible=/etc/passwd", "--inaccessible=/var"),
    Case("read-only", "--read-only"),
    Case("another root in the tree", "--pivot-root=/deploy", command=sh("ls -d /mark /deploy")),
    Case("ephemeral", "-x", command=sh("echo x >/left; ls /left; hostname | cut -c1-4")),
    Case("volatile state", "--volatile=state"),
    Case("volatile overlay", "--volatile=overlay"),
    Case("resolv.conf copied", "--resolv-conf=copy-host"),
    Case("resolv.conf bound", "--resolv-conf=bind-host"),
    Case("resolv.conf away", "--resolv-conf=delete"),
    Case("no resolv.conf", "--resolv-conf=off"),
    Case("time zone off", "--timezone=off"),
    Case("time zone bound", "--timezone=bind"),
    Case("credentials", "--set-credential=a:value\\x20of a", "--load-credential=b:HOST/file"),
    # --- files ---
    Case("a file's command line", file="[Exec]\nParameters=sh /look\nEnvironment=FROM=file\nUser=nobody\n", command=[]),
    Case("a file's mounts", file="[Files]\nBind=HOST:/x\nTemporaryFileSystem=/y:mode=0700\nReadOnly=yes\n"),
    Case("a file's rights", file="[Exec]\nCapability=CAP_SYS_TIME\nDropCapability=CAP_NET_RAW\nNoNewPrivileges=yes\n"
                                 "LimitNOFILE=64:128\nSystemCallFilter=~chroot\nOOMScoreAdjust=7\n"),
    Case("a file and options: who wins", "-E", "FROM=line", "--hostname=line",
         file="[Exec]\nEnvironment=FROM=file OTHER=file\nHostname=file\nWorkingDirectory=/usr\n"),
    Case("options that mask a group of a file", "--tmpfs=/y", file="[Files]\nBind=HOST:/x\n"),
    Case("a file overrides", "-E", "FROM=line", file="[Exec]\nEnvironment=FROM=file\n", trust="override"),
    Case("a file that is not asked for", file="[Exec]\nEnvironment=FROM=file\n", trust="no"),
    Case("a file that nobody trusts", trust="yes",
         file="[Exec]\nCapability=CAP_SYS_TIME\nEnvironment=FROM=file\nPrivateUsers=655360\n"
              "[Files]\nBind=HOST:/x\n[Network]\nPrivate=yes\n"),
    Case("an empty file", file=""),
    Case("keys and sections that nobody knows", file="[Exec]\nNoSuchKey=1\nEnvironment=A=1\n[NoSuch]\nX=y\n"),
    Case("comments, blanks and long lines", file="# one\n; two\n\n[Exec]\nEnvironment = A=1 \"B=two words\" \\\n  C=3\n"),
    # --- mistakes on the command line ---
    Case("an unknown option", "--no-such-option"),
    Case("a value that is none", "--volatile=sometimes"),
    Case("no value", "--tmpfs"),
    Case("two contradictions", "--boot", "--as-pid2"),
]
