# SPDX-License-Identifier: LGPL-2.1-or-later
"""What single settings cost a start: the owners of a large tree, a system call filter of one's own."""
import os, shutil

FILES = 200_000
FOLDERS = 400
FILTER = "--system-call-filter=~@mount @keyring"


def make_large_root(work):
    """The run tree and FILES files beside, each an inode of its own: owners are in inodes."""
    root = work / "large-root"
    shutil.copytree(work / "run-root", root, symlinks=True)
    for folder in range(FOLDERS):
        path = f"{root}/files/{folder}"
        os.makedirs(path)
        for name in range(FILES // FOLDERS):
            os.mknod(f"{path}/{name}")
    os.sync()  # or the first rounds would share the machine with the writing of it


def commands(launchers, work):
    true = "/bin/true"
    large = [launchers.boxctl, "run", work / "large-root", "-M", launchers.name("l"), "--", true]
    rows = {
        "boxctl": launchers.boxctl_run(true),
        f"boxctl, {FILES} files": large,
        "boxctl, own filter": launchers.boxctl_run(true, options=[FILTER]),
    }
    nspawn = launchers.find("systemd-nspawn", "systemd-container")
    if nspawn:
        rows["nspawn"] = launchers.nspawn(nspawn, "run-root", true)
        rows["nspawn, own filter"] = launchers.nspawn(nspawn, "run-root", FILTER, true)
    return rows


def check(gates, rows):
    def over(name, base, key="median"):
        return rows[name][key] / rows[base][key] if name in rows and base in rows else None

    def added(launcher):
        filtered = f"{launcher}, own filter"
        return rows[filtered]["median"] - rows[launcher]["median"] if filtered in rows else None

    large = f"boxctl, {FILES} files"
    gates.limit(f"id-mapping {FILES} files / few", over(large, "boxctl"), 1.1, over(large, "boxctl", "cpu"))
    gates.limit("start with an own filter: boxctl / nspawn", over("boxctl, own filter", "nspawn, own filter"), 0.5,
                over("boxctl, own filter", "nspawn, own filter", "cpu"))
    boxctl, nspawn = added("boxctl"), added("nspawn")
    if boxctl is not None and nspawn is not None:
        print(f"      an own filter adds {boxctl:.2f} ms to boxctl, {nspawn:.2f} ms to nspawn")
