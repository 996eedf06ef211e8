# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mounts and cgroups of a process that tests; for tests/lib/host and apart."""
import os, re, time
from pathlib import Path


class Mount:
    def __init__(self, line):
        place, _, kind = line.partition(" - ")
        # \040 and the like
        self.place = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), place.split()[4])
        self.kind, _, self.options = kind.split()


def mount_table():
    return [Mount(line) for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def own_cgroups():
    """This process's directories in the unified tree and, where there is one, in name=systemd."""
    trees = {}
    for mount in mount_table():
        if mount.kind == "cgroup2":
            trees[""] = mount.place
        elif mount.kind == "cgroup" and "name=systemd" in mount.options.split(","):
            trees["name=systemd"] = mount.place
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers in trees:
            found.append(Path(trees[controllers] + path))
    return found


def remove_cgroup(top):
    until = time.monotonic() + 10
    while top.exists():
        if (top / "cgroup.kill").exists():
            (top / "cgroup.kill").write_text("1")
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass  # processes in it are on their way out
        if time.monotonic() > until:
            raise TimeoutError(f"the cgroup {top} cannot be removed")
        time.sleep(0.01)
