#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same command lines and .nspawn files under systemd-nspawn and under boxctl nspawn, compared from inside.

The cases are in tests/differential/corpus.py, the differences that are meant in intended.py beside it,
what is looked at in look.sh and, for system calls, in tests/probe/calls.c.
"""
import contextlib, os, pathlib, re, shutil, subprocess, sys, tempfile

SRC = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", SRC / "build"))
BOXCTL = os.environ.get("BOXCTL", str(BUILD / "cmd/boxctl/boxctl"))
sys.path[:0] = [str(SRC / "tests/differential"), str(SRC / "tests/lib")]
import corpus
import intended
from cgroups import own_cgroups

# Both see a machine that systemd did not boot, with a user of this test's, and leave what they keep in /run in a
# place of their own. The first word behind is a folder with the machine's account files.
ALONE = ["unshare", "--mount", "--propagation=private", "sh", "-c",
         "for file in passwd group shadow; do mount --bind \"$0/$file\" \"/etc/$file\" || exit 1; done && "
         "mount -t tmpfs -o mode=755 none /run && "
         # What systemd makes as it boots, and systemd-nspawn hides things with.
         "mkdir -p /run/systemd/inaccessible/dir && : >/run/systemd/inaccessible/reg && "
         "chmod 000 /run/systemd/inaccessible/* && exec \"$@\""]
# systemd-nspawn needs no systemd then; boxctl sees by itself that there is none.
COMMON = ["--quiet", "--register=no", "--pipe"]
TIMEOUT = 60


# systemd-nspawn looks users up with the container's own getent(1), which musl has no data base for.
GETENT = """#!/bin/sh
case $1 in
passwd) grep -E "^$2:|^[^:]*:[^:]*:$2:" /etc/passwd ;;
initgroups) echo "$2 $(awk -F: -v user="$2" '"," $4 "," ~ "," user "," { print $3 }' /etc/group | tr '\\n' ' ')" ;;
*) exit 1 ;;
esac
"""


def make_accounts(folder):
    """The machine's, and one more user, boxlee."""
    folder.mkdir()
    for name in ("passwd", "group", "shadow"):
        shutil.copy(f"/etc/{name}", folder)
    home = folder / "home"
    home.mkdir(mode=0o700)
    (home / "mine").write_text("of the user\n")
    for path in (home, home / "mine"):
        os.chown(path, 54321, 54321)
    with (folder / "passwd").open("a") as passwd:
        passwd.write(f"boxlee:x:54321:54321:Lee Box,Room 1:{home}:/bin/ash\n")
    with (folder / "group").open("a") as group:
        group.write("boxlee:x:54321:\n")
    with (folder / "shadow").open("a") as shadow:
        shadow.write("boxlee:$y$j9T$hash:19000:0:99999:7:::\n")
    return folder


class Side:
    def __init__(self, work, source, name, program):
        self.folder, self.program, self.name = work / name, program, name
        self.accounts = work / "accounts"
        self.folder.mkdir()
        self.tree = self.folder / "tree"
        subprocess.run(["cp", "-a", "--", source, self.tree], check=True)
        shutil.copy(SRC / "tests/differential/look.sh", self.tree / "look")
        shutil.copy(BUILD / "tests/probe/calls", self.tree / "calls")
        (self.tree / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        (self.tree / "etc/resolv.conf").write_text("# of the tree\n")
        (self.tree / "etc/group").open("a").write("more:x:4321:games\n")
        (self.tree / "deploy/old").mkdir(parents=True)
        for name in ("bin", "sbin", "lib", "usr", "etc", "proc", "sys", "dev", "run", "tmp", "var"):
            subprocess.run(["cp", "-a", "--", source + "/" + name, self.tree / "deploy"], check=True)
        (self.tree / "deploy/mark").write_text("here\n")
        (self.tree / "usr/bin/getent").write_text(GETENT)
        (self.tree / "usr/bin/getent").chmod(0o755)
        self.host = self.folder / "host"
        (self.host / "d").mkdir(parents=True)
        (self.host / "file").write_text("of the host\n")
        (self.host / "d/inner").write_text("inner\n")
        for path in (self.host, self.host / "file"):
            os.chown(path, 1000, 1000)

    def own(self, text):
        return text.replace("HOST", str(self.host))

    def same_for_both(self, text):
        """Without what cannot be equal: our paths, the range of ids that each picked."""
        text = text.replace(str(self.folder), "FOLDER")
        return re.sub(r"\b[0-9]{6,10} 65536;", "BASE 65536;", text)

    def run(self, case):
        settings = self.folder / "tree.nspawn"
        settings.unlink(missing_ok=True)
        trust = "no"
        if case.file is not None:
            settings.write_text(self.own(case.file))
            trust = case.trust
        command = ["sh", "/look"] if case.command is None else case.command
        words = [*ALONE, str(self.accounts), *self.program, *COMMON, f"--settings={trust}", "-D", str(self.tree),
                 *map(self.own, case.options), *command]
        environment = {"PATH": os.environ["PATH"], "HOME": "/home/caller", "TERM": "xterm"}
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, env=environment)
        text = self.same_for_both(done.stdout.decode(errors="replace"))
        facts = {"exit status": str(done.returncode)}
        if case.command is None or case.command == []:
            facts.update(line.split("\t", 1) for line in text.splitlines() if "\t" in line)
        else:
            facts["output"] = text
        self.said = done.stderr.decode(errors="replace")
        return facts


def differences(case, nspawn, boxctl):
    """Those that nobody intends, and how many somebody does."""
    found, meant = [], 0
    started = len(nspawn) > 1 and len(boxctl) > 1
    for key in sorted({*nspawn, *boxctl}) if started else ["exit status"]:
        one, other = nspawn.get(key), boxctl.get(key)
        if one == other:
            continue
        known = next((d for d in intended.DIFFERENCES if d.covers(case.name, key, one, other)), None)
        if known is None:
            found.append(f"{key}: nspawn {one!r}, boxctl {other!r}")
        else:
            known.met += 1
            meant += 1
    return found, meant


class Report:
    def __init__(self):
        self.count, self.failed = 0, 0

    def say(self, good, name, lines=()):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}", flush=True)
        for line in lines:
            print(f"#   {line}", flush=True)


def alpine():
    script = f". {SRC}/tests/lib/tap.sh; alpine_root"
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    return found.stdout.strip() if found.returncode == 0 else ""


def obstacle(source, nspawn):
    if os.geteuid() != 0:
        return "needs root"
    if nspawn is None:
        return "systemd-nspawn is not installed (Debian: systemd-container)"
    if not source:
        return "no Alpine tree"
    return ""


def compare_all(work, source, nspawn, names):
    report = Report()
    make_accounts(work / "accounts")
    # Where it runs: without a unit of its own it would ask systemd for one.
    sides = [Side(work, source, "n", [nspawn, "--keep-unit"]), Side(work, source, "b", [BOXCTL, "nspawn"])]
    cases = [case for case in corpus.CASES if not names or case.name in names]
    first = sides[0].run(corpus.Case("does it run here"))
    if "hostname" not in first:
        print(f"1..0 # SKIP systemd-nspawn does not run here: {sides[0].said.strip().splitlines()[-1:]}")
        return 0
    for case in cases:
        facts = [side.run(case) for side in sides]
        found, meant = differences(case, *facts)
        if found:
            found += [f"{side.name} said: {line}" for side in sides for line in side.said.splitlines()]
        report.say(not found, f"{case.name} ({len(facts[0])} facts, {meant} different on purpose)", found)
    if not names:
        stale = [d.reason for d in intended.DIFFERENCES if d.met == 0]
        report.say(not stale, "every intended difference is one", stale)
        report.say(len(cases) >= 60, f"there are {len(cases)} cases")
        changed = dict(first, hostname="another")
        report.say(differences(corpus.Case("plain"), first, changed)[0] != [], "control: a difference is found")
        print(f"# count: {len(cases)} cases, {len(intended.DIFFERENCES)} differences on purpose")
    print(f"1..{report.count}")
    return 1 if report.failed else 0


def remove_what_nspawn_leaves():
    for cgroup in own_cgroups():
        for name in ("payload", "supervisor"):
            with contextlib.suppress(OSError):  # not there, or of a machine that runs
                (cgroup / name).rmdir()


def main():
    source, nspawn = alpine(), shutil.which("systemd-nspawn")
    why = obstacle(source, nspawn)
    if why:
        print(f"1..0 # SKIP {why}")
        return 0
    with tempfile.TemporaryDirectory(prefix="boxctl-differential-") as folder:
        try:
            return compare_all(pathlib.Path(folder), source, nspawn, sys.argv[1:])
        finally:
            remove_what_nspawn_leaves()


if __name__ == "__main__":
    sys.exit(main())
