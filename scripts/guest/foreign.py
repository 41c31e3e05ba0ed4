# SPDX-License-Identifier: GPL-2.0
"""Architectures: how to build for each of them and to boot it; a guest's programs where it is
another one than this machine's.
"""

import dataclasses
import os
import pathlib
import re
import shutil
import sys

from guest.apt import KEYRING, mirror
from guest.common import CACHE, digest, locked, need, run, say

RELEASE = "bookworm"    # whose programs guests of other architectures have


@dataclasses.dataclass(frozen=True)
class Architecture:
    """What differs; names are Debian's."""
    name: str
    qemu: str               # the program
    machine: tuple          # its arguments for the machine
    console: str            # the kernel's name of the serial port
    triplet: str            # of the compiler and of folders with libraries; empty for ours

    def tool(self, name):
        """The name of a program of the compiler's: gcc, objcopy and so on."""
        return f"{self.triplet}-{name}" if self.triplet else name

    def make(self):
        """Arguments for the kernel's makefile, but for the compiler."""
        return [f"ARCH={self.name}", f"CROSS_COMPILE={self.triplet}-"] if self.triplet else []


# Under emulation a fifth page table level costs time, and rep movsb, which the kernel prefers
# where these flags are, copies byte by byte. After cmpxchg16b, QEMU 7.2 has in the flags what lay
# in their place; an interrupt saves that, and its return takes it for real: 6.12 died so in
# __kmalloc(), without ipcns.
CPU = "max,la57=off,erms=off,fsrm=off,cx16=off"

# arm64: what clouds have had for long; newer ones' signed pointers take emulators much time.
ARCHITECTURES = {arch.name: arch for arch in (
    Architecture("amd64", "qemu-system-x86_64", ("-cpu", CPU), "ttyS0", ""),
    Architecture("arm64", "qemu-system-aarch64", ("-machine", "virt", "-cpu", "neoverse-n1"),
                 "ttyAMA0", "aarch64-linux-gnu"),
)}


def of(what):
    """The Architecture of a row of scripts/kernels."""
    found = re.search(r" ARCH=(\S+)", what)
    return ARCHITECTURES[found[1] if found else "amd64"]


def programs(arch, packages):
    """The folder with that architecture's packages unpacked, made first where it is missing.

    Libraries for the tool and their headers are among them.
    """
    home = CACHE / "foreign"
    root = home / f"{RELEASE}-{arch.name}-{digest(packages)}"
    with locked(root):
        if root.is_dir():
            return root
        need("mmdebstrap")
        say(f"unpacking programs of Debian's {arch.name} (one to two minutes)")
        partial = root.with_name(f"{root.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        run("mmdebstrap", "--variant=extract", f"--architectures={arch.name}",
            f"--include={' '.join(packages)}",
            *([f"--keyring={KEYRING}"] if KEYRING.exists() else []), RELEASE, partial, mirror())
        compile_python(partial)
        partial.rename(root)
    return root


def compile_python(root):
    """Makes of Python's library what it starts sooner with, if this machine's is the same."""
    library = root / f"usr/lib/python3.{sys.version_info.minor}"
    if library.is_dir():
        run(sys.executable, "-m", "compileall", "-q", "-s", root, library)


def cross_environment(arch, root):
    """What makes pkg-config look for libraries below a folder."""
    folders = [root / f"usr/{where}/pkgconfig" for where in (f"lib/{arch.triplet}", "share")]
    return {"PKG_CONFIG_SYSROOT_DIR": str(root),
            "PKG_CONFIG_LIBDIR": os.pathsep.join(map(str, folders))}


def files(root):
    """What lies below a folder, with the names it has in the guest: [(path, name)]."""
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(folder, name)
            found.append((path, "/" + str(path.relative_to(root))))
    return sorted(found)
