# SPDX-License-Identifier: LGPL-2.1-or-later
"""How each launcher is told to run one command, or boot, in the benchmark's trees."""
import json, os, shutil, subprocess


class Launchers:
    def __init__(self, boxctl, floor, work):
        self.boxctl, self.floor, self.work, self.skipped = boxctl, floor, work, {}
        self.prefix = f"bench{os.getpid()}"

    def find(self, name, package):
        path = shutil.which(name)
        if path is None:
            self.skipped[name] = f"not installed (Debian: {package})"
        return path

    def name(self, suffix=""):
        """Distinct names tell our leftovers from everybody else's boxes."""
        return self.prefix + suffix

    def boxctl_run(self, *command, options=()):
        return [self.boxctl, "run", self.work / "run-root", "-M", self.name(), *options, "--", *command]

    def boxctl_boot(self, *arguments, name=None, options=()):
        return [self.boxctl, "boot", self.work / "boot-root", "-M", name or self.name(), *options,
                "--", *arguments]

    def floor_boot(self, *arguments):
        return [self.floor, "--boot", self.work / "boot-root", "/sbin/init", *arguments]

    def nspawn(self, nspawn, root, *options):
        # Without registration and a scope of its own: systemd need not run on this machine, and the
        # faster nspawn is the harder one to beat.
        return [nspawn, "-q", "--register=no", "--keep-unit", "-M", self.name("n"),
                "-D", self.work / root, "--pipe", *options]

    def run_commands(self):
        true = "/bin/true"
        commands = {
            "floor": [self.floor, self.work / "run-root", true],
            "floor --minimal": [self.floor, "--minimal", self.work / "run-root", true],
            "boxctl": self.boxctl_run(true),
            "boxctl -p no": self.boxctl_run(true, options=["--private-users=no"]),
        }
        bwrap = self.find("bwrap", "bubblewrap")
        if bwrap:
            commands["bwrap"] = [bwrap, "--unshare-all", "--bind", self.work / "run-root", "/",
                                 "--proc", "/proc", "--dev", "/dev", true]
        self.add_oci(commands)
        nspawn = self.find("systemd-nspawn", "systemd-container")
        if nspawn:
            commands["nspawn"] = self.nspawn(nspawn, "run-root", true)
            commands["nspawn -U"] = self.nspawn(nspawn, "run-root", "-U", true)
        return commands

    def add_oci(self, commands):
        runc = self.find("runc", "runc")
        crun = self.find("crun", "crun")
        if not runc:
            if crun:
                self.skipped["crun"] = "its bundle is made by runc spec"
            return
        bundle = self.work / "bundle"
        bundle.mkdir()
        subprocess.run([runc, "spec", "--bundle", bundle], check=True)
        config = json.loads((bundle / "config.json").read_text())
        config["root"] = {"path": str(self.work / "run-root"), "readonly": False}
        config["process"].update(terminal=False, args=["/bin/true"])
        (bundle / "config.json").write_text(json.dumps(config))
        commands["runc"] = [runc, "run", "--bundle", bundle, self.name("r")]
        if crun:  # refuses the hybrid cgroup layout
            commands["crun, no cgroup"] = [crun, "--cgroup-manager=disabled", "run", "--bundle", bundle,
                                           self.name("c")]

    def boot_commands(self):
        commands = {
            "floor": self.floor_boot(),
            "boxctl": self.boxctl_boot(),
            "boxctl -p no": self.boxctl_boot(options=["--private-users=no"]),
        }
        nspawn = self.find("systemd-nspawn", "systemd-container")
        if nspawn:
            commands["nspawn"] = self.nspawn(nspawn, "boot-root", "-b")
            commands["nspawn -U"] = self.nspawn(nspawn, "boot-root", "-U", "-b")
        return commands
