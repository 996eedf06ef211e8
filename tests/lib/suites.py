# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Debian suites whose systemd boxctl is tested under, and their trees; for tests/lib/host and vm."""
import os, re
from pathlib import Path
import ptybox

BUILD = Path(ptybox.BUILD).resolve()
ROOTS = Path(os.environ.get("ROOTS", BUILD / "roots")).resolve()
SRC = Path(ptybox.SRC)
SUITES = ("bookworm", "trixie", "sid")  # systemd 252, 257 and the newest
# Beside what rootfs-tools/debian takes for a tree with systemd: machined, what boxctl links and loads, what tests use.
PACKAGES = ("systemd-container libnss-mymachines iproute2 libstdc++6 libmount1 libinih1 libinireader0 libseccomp2 libcap2 "
            "libcap2-bin libmnl0 busybox-static python3-minimal nftables socat strace kmod")
CANNOT_BE_HAD = 77  # exit status, as in autotools


class Failure(Exception):
    """No host or virtual machine, and why; `status` is the exit status that says so."""

    def __init__(self, text, status=1):
        super().__init__(text)
        self.status = status


def own_suite():
    text = Path("/etc/os-release").read_text() if Path("/etc/os-release").exists() else ""
    name = re.search(r'^VERSION_CODENAME="?(\w+)', text, re.M)
    return name[1] if name else ""


def suites():
    """Those that can be had here: a program that was built on one Debian does not run on an older one."""
    own = own_suite()
    return SUITES[SUITES.index(own):] if own in SUITES else ()


def made_tree(suite):
    """-> a tree of the suite, made once and kept in $BUILD/hosts; nobody may write to it."""
    # The mirrors of a moving suite lag now and then; its signature is looked at all the same.
    stale = """ --apt='Acquire::Check-Valid-Until "false"'""" if suite == "sid" else ""
    os.environ["ROOTS"] = str(BUILD / "hosts")
    try:
        return ptybox.tree(f"cached_root host-{suite} debian --suite={suite} --include={PACKAGES.replace(' ', ',')}{stale}")
    except ptybox.Skip as reason:
        raise Failure(str(reason), CANNOT_BE_HAD) from None
