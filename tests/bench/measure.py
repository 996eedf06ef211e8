# SPDX-License-Identifier: LGPL-2.1-or-later
"""Timing: one sample of a command, interleaved rounds, and their table."""
import os, statistics, subprocess, time

DEVNULL = os.open(os.devnull, os.O_RDWR)


class Failed(Exception):
    pass


def start(command, environment=None, output=DEVNULL):
    """posix_spawn, which copies no memory of this process: our size is not part of the sample."""
    actions = [(os.POSIX_SPAWN_DUP2, DEVNULL, 0), (os.POSIX_SPAWN_DUP2, output, 1),
               (os.POSIX_SPAWN_DUP2, output, 2)]
    words = [os.fspath(word) for word in command]
    return os.posix_spawn(words[0], words, environment or os.environ, file_actions=actions)


def finish(pid, command):
    """Waits; gives the user and system time of the process and all it waited for, in ms."""
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit status {code}")
    return (usage.ru_utime + usage.ru_stime) * 1000


class Clock:
    """Ways to take one sample: each gives (wall ms, cpu ms)."""

    @staticmethod
    def until_exit(command):
        begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        cpu = finish(start(command), command)
        return (time.clock_gettime_ns(time.CLOCK_MONOTONIC) - begin) / 1e6, cpu

    @staticmethod
    def until_stamp(stamp):
        """The command's init writes the time at which it began into `stamp`."""
        def sample(command):
            stamp.unlink(missing_ok=True)
            begin = time.clock_gettime_ns(time.CLOCK_REALTIME)
            pid = start(command)
            _, _, usage = os.wait4(pid, 0)  # how launchers report a power-off differs
            if not stamp.exists():
                raise Failed(f"{' '.join(map(str, command))}: its init never ran")
            cpu = (usage.ru_utime + usage.ru_stime) * 1000
            return (int(stamp.read_text()) - begin) / 1e6, cpu
        return sample


def summary(samples):
    walls = sorted(wall for wall, _ in samples)
    tenth = len(walls) // 10
    return {"median": statistics.median(walls), "p10": walls[tenth], "p90": walls[-1 - tenth],
            "cpu": statistics.median(cpu for _, cpu in samples), "samples": len(walls)}


def last_words(command):
    done = subprocess.run([os.fspath(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines = done.stderr.strip().splitlines()
    return lines[-1] if lines else f"exit status {done.returncode}"


def interleave(commands, rounds, sample, skipped):
    """A B C A B C …: whatever else the machine does hits all alike. The first round warms up, and
    a peer that cannot work on this machine drops out in it."""
    samples = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in list(commands.items()):
            try:
                value = sample(command)
            except Failed:
                if number > 0 or name.startswith(("boxctl", "floor")):
                    raise
                skipped[name] = last_words(command)
                del commands[name], samples[name]
                continue
            if number > 0:
                samples[name].append(value)
    return {name: summary(values) for name, values in samples.items()}


def table(rows):
    print(f"{'':26}{'median':>9}{'p10':>9}{'p90':>9}{'cpu':>9}{'x floor':>9}{'x nspawn':>9}")
    for name, row in rows.items():
        line = f"{name:26}" + "".join(f"{row[key]:9.2f}" for key in ("median", "p10", "p90", "cpu"))
        for base in ("floor", "nspawn"):
            line += f"{row['median'] / rows[base]['median']:9.2f}" if base in rows else f"{'-':>9}"
        print(line)
