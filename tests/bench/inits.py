# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows about PID 1 of a container: box-init beside tini, dumb-init and catatonit."""
import os, shutil, signal, statistics, subprocess, time
from pathlib import Path

import host
from measure import Clock, Failed, interleave

NAMESPACE = [shutil.which("unshare") or "unshare", "--pid", "--fork", "--kill-child", "--"]
WAVES, WAVE = 50, 2000
MEMORY_ROUNDS = 15
TIMEOUT = 60
# What keeps each quiet about not being PID 1.
PLAIN = {"tini": ["-s"], "box-init": ["-s"], "box-init, musl": ["-s"]}


def find(build, skipped):
    """The inits by name: ours, and the peers that are installed."""
    programs = {"box-init": build / "cmd/box-init/box-init"}
    musl = build / "cmd/box-init/box-init-musl"
    if musl.exists():
        programs["box-init, musl"] = musl
    else:
        skipped["box-init, musl"] = "not built (Debian: musl-tools)"
    for name in ("tini", "dumb-init", "catatonit"):
        path = shutil.which(name)
        if path:
            programs[name] = Path(path)
        else:
            skipped[name] = f"not installed (Debian: {name})"
    return programs


def stripped_bytes(program, work):
    copy = work / "stripped"
    host.must(["strip", "-o", copy, program.resolve()])
    size = copy.stat().st_size
    copy.unlink()
    return size


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def comm_of(pid):
    return Path(f"/proc/{pid}/comm").read_text().strip()


class Life:
    """An init as PID 1 of a PID namespace with the storm as its command, on one processor for both."""

    def __init__(self, program, storm):
        words = [*NAMESPACE, program, "--", storm, str(WAVES), str(WAVE)]
        processor = {max(os.sched_getaffinity(0))}
        self.outer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
                                      preexec_fn=lambda: os.sched_setaffinity(0, processor))
        until = time.monotonic() + TIMEOUT
        while True:
            self.pid = next(iter(children_of(self.outer.pid)), None)
            # A child that has not executed the storm yet still shares the init's memory.
            if self.pid and any(comm_of(child) == "storm" for child in children_of(self.pid)):
                return
            if time.monotonic() > until or self.outer.poll() is not None:
                raise Failed(f"{program}: does not start")
            time.sleep(0.001)

    def cpu_ns(self):
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[0])

    def private_dirty(self):
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                return int(line.split()[1])
        raise Failed("no Private_Dirty in smaps_rollup")

    def expect(self, byte):
        got = os.read(self.outer.stdout.fileno(), 1)
        if got != byte:
            raise Failed(f"the storm said {got!r}, not {byte!r}")

    def wave(self):
        """ns for each of WAVE orphans, made and gone: by the clock, and of the init's own CPU time."""
        cpu, begin = self.cpu_ns(), time.monotonic_ns()
        os.write(self.outer.stdin.fileno(), b"x")
        self.expect(b"-")
        return (time.monotonic_ns() - begin) / WAVE, (self.cpu_ns() - cpu) / WAVE

    def end(self):
        self.outer.stdin.close()
        self.outer.stdout.close()
        if self.outer.wait() != 0:
            raise Failed("the storm failed")


def quartile(values):
    """The lower one: of waves that others on the machine disturbed little. The best of all is luck."""
    return statistics.quantiles(values, n=4)[0]


def reap(programs, storm):
    """From the first orphan of a wave until the last one is gone. With one processor all the work takes time, whoever
    does it: the init, or the kernel as the orphan ends. Who goes after whom makes some percent, so everybody goes
    first in turn."""
    lives = {name: Life(program, storm) for name, program in programs.items()}
    samples = {name: [] for name in lives}
    names = list(lives)
    for _ in range(WAVES):
        for name in names:
            samples[name].append(lives[name].wave())
        names.append(names.pop(0))
    for life in lives.values():
        life.end()
    return {name: {"wall_ns": quartile(wall for wall, _ in values), "cpu_ns": quartile(cpu for _, cpu in values),
                   "orphans": WAVES * WAVE}
            for name, values in samples.items()}


def memory(programs, storm):
    """Private_Dirty in kB; where the kernel lets the stack begin makes a page or two of it."""
    samples = {name: [] for name in programs}
    for _ in range(MEMORY_ROUNDS):
        for name, program in programs.items():
            life = Life(program, storm)
            samples[name].append(life.private_dirty())
            life.end()
    return {name: {"median": statistics.median(values), "least": min(values), "most": max(values)}
            for name, values in samples.items()}


def measure(programs, storm, work, rounds, skipped):
    for program in programs.values():
        host.write_back(program.resolve())
    true = work / "run-root/bin/true"
    commands = {"no init": [true]}
    commands |= {name: [program, *PLAIN.get(name, []), "--", true] for name, program in programs.items()}
    results = {"bytes": {name: stripped_bytes(program, work) for name, program in programs.items()},
               "memory": memory(programs, storm),
               "start": interleave(commands, rounds, Clock.until_exit, skipped),
               "reap": reap(programs, storm)}
    show(results)
    return results


def show(results):
    print(f"{'':18}{'bytes':>10}{'dirty kB':>10}{'start us':>10}{'cpu us':>10}{'orphan ns':>10}{'own ns':>10}")
    for name, start in results["start"].items():
        row = f"{name:18}"
        if name in results["bytes"]:
            reaped = results["reap"][name]
            row += f"{results['bytes'][name]:10}{results['memory'][name]['median']:10g}"
            row += f"{start['median'] * 1000:10.0f}{start['cpu'] * 1000:10.0f}"
            row += f"{reaped['wall_ns']:10.0f}{reaped['cpu_ns']:10.0f}"
        else:
            row += f"{'':20}{start['median'] * 1000:10.0f}{start['cpu'] * 1000:10.0f}"
        print(row)


def peers(results, part):
    return {name: row for name, row in results[part].items() if name in ("tini", "dumb-init", "catatonit")}


def check(gates, results):
    """`gates.limit(NAME, VALUE, MOST)` for each number that has to hold."""
    fastest = min((row["wall_ns"] for row in peers(results, "reap").values()), default=None)
    smallest = min((row["median"] for row in peers(results, "memory").values()), default=None)
    for name, most, kilobytes in (("box-init", 900_000, None), ("box-init, musl", 100_000, 24)):
        if name not in results["bytes"]:
            continue
        gates.limit(f"{name}: bytes", results["bytes"][name], most)
        mine = results["memory"][name]["median"]
        if kilobytes:
            gates.limit(f"{name}: kB of private dirty memory", mine, kilobytes)
        gates.limit(f"{name}: private dirty memory / the smallest peer's", smallest and mine / smallest, 1)
        tini = results["start"].get("tini")
        gates.limit(f"{name}: start / tini's", tini and results["start"][name]["median"] / tini["median"], 1,
                    tini and results["start"][name]["cpu"] / tini["cpu"])
        reaped = results["reap"][name]
        gates.limit(f"{name}: time of an orphan / the fastest peer's", fastest and reaped["wall_ns"] / fastest, 1)
