# SPDX-License-Identifier: GPL-2.0
"""The processors that guests can have: this machine's own, and others that are emulated.

For another one, programs and libraries of the guest come from Debian's packages for it, unpacked
and never run here; the module and the tool are built by a cross compiler.
"""

import dataclasses
import os
import shutil
import subprocess

from guest.apt import KEYRING, mirror
from guest.common import CACHE, Failure, digest, locked, need, run, say

SUITE = "bookworm"      # whose programs a guest with another processor has

# What the tool is linked with, and what its build needs of that.
LIBRARIES = "libc6-dev libnl-genl-3-dev libsmartcols-dev"


@dataclasses.dataclass(frozen=True)
class Machine:
    """One sort of processor, with what Debian, the kernel, gcc and QEMU call it."""
    debian: str
    kernel: str             # ARCH of the kernel's makefiles
    triplet: str            # in the names of compilers and of folders with libraries
    qemu: str
    options: tuple          # of QEMU
    console: str
    native: bool

    @property
    def cross(self):
        """What the names of its compilers begin with here."""
        return "" if self.native else f"{self.triplet}-"

    @property
    def suffix(self):
        """What tells files for it in the cache from those for this machine."""
        return "" if self.native else f"-{self.debian}"

    def needs(self):
        """Commands that this machine must have to build for it, beside its own."""
        return [] if self.native else [f"{self.cross}gcc"]


AMD64 = Machine("amd64", "x86", "x86_64-linux-gnu", "qemu-system-x86_64", (), "ttyS0", True)
ARM64 = Machine("arm64", "arm64", "aarch64-linux-gnu", "qemu-system-aarch64",
                ("-machine", "virt"), "ttyAMA0", False)

MACHINES = {machine.debian: machine for machine in (AMD64, ARM64)}


def root(machine, packages):
    """The folder with these packages for that machine, unpacked first where it is missing."""
    folder = CACHE / "roots" / f"{machine.debian}-{digest(SUITE, packages, LIBRARIES)}"
    with locked(folder):
        if folder.is_dir():
            return folder
        need("mmdebstrap")
        if os.geteuid():
            raise Failure(f"programs for {machine.debian} are unpacked by mmdebstrap:"
                          " run this once as root")
        say(f"fetching programs for {machine.debian} (one to six minutes)")
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        run("mmdebstrap", "--variant=extract", f"--architectures={machine.debian}",
            f"--include={' '.join([*packages, *LIBRARIES.split()])}",
            "--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/man/*",
            *([f"--keyring={KEYRING}"] if KEYRING.exists() else []), SUITE, partial, mirror())
        compile_python(partial)
        partial.rename(folder)
    return folder


def compile_python(folder):
    """Compiles Python's modules, where this machine has the Python that will run them."""
    python = os.readlink(folder / "usr/bin/python3")
    if shutil.which(f"/usr/bin/{python}"):
        subprocess.run([f"/usr/bin/{python}", "-m", "compileall", "-q", "-b",
                        "-s", folder, folder / "usr/lib"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def tool_build(machine, folder):
    """(arguments of make, additions to its environment) by which the tool is built for a machine
    with the libraries of that root.
    """
    if machine.native:
        return [], {}
    return ([f"CC={machine.cross}gcc --sysroot={folder}", f"AR={machine.cross}ar"],
            {"PKG_CONFIG_SYSROOT_DIR": str(folder),
             "PKG_CONFIG_LIBDIR": f"{folder}/usr/lib/{machine.triplet}/pkgconfig"})
