# SPDX-License-Identifier: LGPL-2.1-or-later
"""The machine: what it is, a private /run to work in, and what may be left on it."""
import ctypes, fcntl, os, platform, shutil, struct, subprocess, sys
from pathlib import Path

CLONE_NEWNS, MS_REC, MS_PRIVATE = 0x20000, 0x4000, 0x40000
libc = ctypes.CDLL(None, use_errno=True)


def must(command):
    done = subprocess.run([os.fspath(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def mount(source, target, kind, flags, options):
    text = [value.encode() if value else None for value in (source, target, kind)]
    if libc.mount(*text, ctypes.c_ulong(flags), options.encode() if options else None) != 0:
        sys.exit(f"bench: mount {target}: {os.strerror(ctypes.get_errno())}")


def own_mounts():
    """Nothing of the benchmark shows in the machine's mounts or its /run."""
    if libc.unshare(CLONE_NEWNS) != 0:
        sys.exit(f"bench: unshare: {os.strerror(ctypes.get_errno())}")
    mount(None, "/", None, MS_REC | MS_PRIVATE, None)
    mount("tmpfs", "/run", "tmpfs", 0, "mode=0755")


def cgroups():
    return {path for path, _, _ in os.walk("/sys/fs/cgroup")}


def own_cgroups(before):
    """Those that carry a name of the benchmark's (see Launchers.name)."""
    mark = f"bench{os.getpid()}"
    return sorted((path for path in cgroups() - before if mark in path), key=len, reverse=True)


def remove_own_cgroups(before):
    for path in own_cgroups(before):
        print(f"note: {path} was left, removed")
        os.rmdir(path)


def left(binary, before, shared_tree=False):
    """What boxes may have left: state, mounts, links, cgroups, processes."""
    found = [str(path) for path in Path("/run/boxctl").rglob("*")
             if path.name not in (".locks", ".uid", ".look") and not (shared_tree and unheld_root_lock(path))]
    found += [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()
              if "/run/boxctl" in line.split()[4]]
    found += [name for name in os.listdir("/sys/class/net") if name.startswith(("ve-bench", "vb-bench"))]
    found += own_cgroups(before)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(process / "exe") == str(binary) and mine(process):
                found.append(f"process {process.name}")
        except OSError:
            continue  # gone meanwhile, or a kernel thread
    return set(found)


def unheld_root_lock(path):
    """The lock file of a tree that several boxes share stays, empty and unlocked."""
    if path.parent.name != ".locks" or not path.name.startswith("inode-"):
        return False
    with open(path) as file:
        wish = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        held = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_OFD_GETLK, wish))
    return held[0] == fcntl.F_UNLCK


def mine(process):
    return os.readlink(process / "ns/mnt") == os.readlink("/proc/self/ns/mnt")


def write_back(path):
    """A binary just linked is dirty in the page cache, which would count as memory of its process."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def version(command):
    if shutil.which(command[0]) is None:
        return None
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    return lines[0] if lines else None


def facts(binary):
    processor = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.machine())
    return {"kernel": platform.release(), "processor": processor, "processors": os.cpu_count(),
            "load_before": os.getloadavg(), "boxctl": str(binary), "boxctl_bytes": binary.stat().st_size,
            "peers": {name: version([name, "--version"])
                      for name in ("systemd-nspawn", "runc", "crun", "bwrap")}}
