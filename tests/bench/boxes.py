# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows about boxes that stay: their mounts, their supervisor's memory, many at once, leaks."""
import os, signal, statistics, subprocess, time
from pathlib import Path

import host
from measure import Failed, finish, start

TIMEOUT = 60


def mount_points(text):
    points = set()
    for line in text.splitlines():
        fields, _, tail = line.partition(" - ")
        _, _, _, _, target, flags = fields.split()[:6]
        points.add((target, flags, tail.split()[0]))
    return points


def of_run(command):
    done = subprocess.run([os.fspath(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return mount_points(done.stdout)


def of_boot(command, table):
    table.unlink(missing_ok=True)
    os.wait4(start(command), 0)  # how launchers report a power-off differs
    return mount_points(table.read_text())


def compare_mounts(launchers):
    """The floor is honest only while it makes the mounts that boxctl makes."""
    cat = ["/bin/cat", "/proc/self/mountinfo"]
    table = launchers.work / "boot-root/mounts"
    pairs = {
        "run": (of_run(launchers.boxctl_run(*cat)),
                of_run([launchers.floor, launchers.work / "run-root", *cat])),
        "boot": (of_boot(launchers.boxctl_boot("mounts"), table),
                 of_boot(launchers.floor_boot("mounts"), table)),
    }
    different = []
    for name, (ours, bare) in pairs.items():
        print(f"mounts of {name}: {len(ours)} in boxctl, {len(ours & bare)} the same in floor")
        for target, flags, kind in sorted(ours ^ bare):
            owner = "boxctl" if (target, flags, kind) in ours else "floor"
            different.append(f"{name}: only {owner}: {target} {kind} {flags}")
            print("  " + different[-1])
    return {"count": len(pairs["run"][0]), "different": different}


def private_dirty(pid):
    """kB of one process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    raise Failed("no Private_Dirty in smaps_rollup")


def wait_for(stamps):
    """Until each file is written."""
    deadline = time.monotonic() + TIMEOUT
    waiting = set(stamps)
    while waiting:
        if time.monotonic() > deadline:
            raise Failed(f"{len(waiting)} boxes did not start in {TIMEOUT} s")
        waiting = {path for path in waiting if not path.exists() or not path.read_text().endswith("\n")}
        time.sleep(0.002)


def settle(pid):
    """Until the process has nothing to do: its first seconds are not what idle means."""
    used = None
    while used != (now := Path(f"/proc/{pid}/stat").read_text().split()[13:15]):
        used = now
        time.sleep(0.2)


def idle_memory(launchers, work):
    """Private dirty memory of the launcher's process while the box idles, in kB."""
    host.write_back(launchers.boxctl)
    stamp, kilobytes = work / "boot-root/stamp", {}
    commands = {"boxctl": launchers.boxctl_boot("idle")}
    nspawn = launchers.find("systemd-nspawn", "systemd-container")
    if nspawn:
        commands["nspawn"] = launchers.nspawn(nspawn, "boot-root", "-b", "idle")
    for name, command in commands.items():
        stamp.unlink(missing_ok=True)
        pid = start(command)
        wait_for([stamp])
        settle(pid)
        kilobytes[name] = private_dirty(pid)
        os.kill(pid, signal.SIGTERM)
        os.wait4(pid, 0)
    print("\nidle supervisor, private dirty memory: " +
          ", ".join(f"{name} {value} kB" for name, value in kilobytes.items()))
    return kilobytes


def boot_ephemeral(launchers, stamps, number):
    name = launchers.name(f"-{number}")
    # The box's own root writes the stamp: the directory is its own through the id-mapped bind.
    options = ["--ephemeral", f"--bind={stamps}:/stamps"]
    return start(launchers.boxctl_boot("idle", name=name, options=options)), stamps / name


def end_all(pids):
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    return [cpu_ms(os.wait4(pid, 0)[2]) for pid in pids]


def cpu_ms(usage):
    return (usage.ru_utime + usage.ru_stime) * 1000


def at_once(launchers, stamps, count):
    begin = time.monotonic()
    boxes = [boot_ephemeral(launchers, stamps, number) for number in range(count)]
    wait_for([stamp for _, stamp in boxes])
    total = (time.monotonic() - begin) * 1000
    settle(boxes[-1][0])
    memory = [private_dirty(pid) for pid, _ in boxes]
    end_all([pid for pid, _ in boxes])
    return total, memory


def one_by_one(launchers, stamps, count):
    """Each box starts while all before it run. Gives wall and CPU ms of each start."""
    pids, walls = [], []
    for number in range(count):
        begin = time.clock_gettime_ns(time.CLOCK_REALTIME)
        pid, stamp = boot_ephemeral(launchers, stamps, number)
        pids.append(pid)
        wait_for([stamp])
        walls.append((int(stamp.read_text()) - begin) / 1e6)
    return walls, end_all(pids)


def many(launchers, work, count):
    before = host.cgroups()
    kept = host.left(launchers.boxctl, before)
    stamps = work / "stamps"
    stamps.mkdir()
    (work / "boot-root/stamps").mkdir(exist_ok=True)
    host.write_back(launchers.boxctl)
    total, memory = at_once(launchers, stamps, count)
    for stamp in stamps.iterdir():
        stamp.unlink()
    walls, cpus = one_by_one(launchers, stamps, count)
    (work / "boot-root/stamps").rmdir()
    ten = max(1, min(10, count // 2))
    # A supervisor has three pages more or less by chance: what must not grow is what they usually have.
    first_kb, last_kb = statistics.median(memory[:ten]), statistics.median(memory[-ten:])
    first, last = statistics.median(cpus[:ten]), statistics.median(cpus[-ten:])
    print(f"\n{count} boxes (--ephemeral) at once: {total:.0f} ms, {total / count:.1f} ms a box; "
          f"supervisors {min(memory)}..{max(memory)} kB private dirty")
    print(f"one after another, all staying: first {ten} {statistics.median(walls[:ten]):.1f} ms "
          f"(cpu {first:.1f}), last {ten} {statistics.median(walls[-ten:]):.1f} ms (cpu {last:.1f})")
    return {"count": count, "total_ms": total, "memory_kb": memory, "walls_ms": walls, "cpu_ms": cpus,
            "flat_cpu": last / first, "flat_memory": last_kb / first_kb,
            "left": sorted(host.left(launchers.boxctl, before, shared_tree=True) - kept)}


def leaks(launchers, runs):
    before = host.cgroups()
    kept = host.left(launchers.boxctl, before)
    command = launchers.boxctl_run("/bin/true")
    begin = time.monotonic()
    for _ in range(runs):
        finish(start(command), command)
    left = sorted(host.left(launchers.boxctl, before) - kept)
    print(f"\n{runs} runs one after another: {(time.monotonic() - begin) * 1000 / runs:.2f} ms each, "
          f"{len(left)} things left")
    for thing in left:
        print(f"  left: {thing}")
    return {"runs": runs, "left": left}
