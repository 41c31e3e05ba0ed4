# SPDX-License-Identifier: GPL-2.0
"""Kernels as rows of data (scripts/kernels), fetched into the cache on first use."""

import dataclasses
import lzma
import pathlib
import re
import shutil
import struct
import subprocess
import time

from guest import chroot
from guest.apt import ASK_AGAIN, Archive
from guest.common import CACHE, SCRIPTS, Failure, digest, fresh, locked, need, run, say
from guest.machine import AMD64, MACHINES, Machine
from guest.source import compiler_of, from_source

# Modules that guests get besides ipcns, with what they depend on; a kernel may lack some.
GUEST_MODULES = """
    virtio_pci virtio_console virtio_blk loop overlay zram lz4 lz4hc zstd lzo veth dummy
    unix_diag udp_diag
""".split()


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A kernel that is ready to boot and to build modules against."""
    name: str
    release: str             # what uname -r will say
    image: pathlib.Path      # vmlinux if it could be unpacked, else bzImage
    kdir: pathlib.Path       # for make -C
    modules: pathlib.Path    # a directory with the guest's lib/modules/RELEASE
    config: pathlib.Path     # what it was configured with
    compiler: str            # what modules for it are built with
    within: pathlib.Path     # the other Debian in which they are built, or None
    machine: Machine = AMD64 # what it runs on

    def has(self, option):
        """Whether it was built with an option, or has it as a module."""
        return re.search(rf"^{option}=[ym]$", self.config.read_text("utf-8"), re.M) is not None


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of scripts/kernels."""
    how: str
    pace: float              # how much longer things may take than on a stock kernel
    what: str


def table():
    """The rows of scripts/kernels by name, in the order of the file."""
    rows = {}
    text = (SCRIPTS / "kernels").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            name, how, pace, what = line.split(None, 3)
            rows[name] = Row(how, float(pace), " ".join(what.split()))
    return rows


def get(name):
    """The Kernel of that name, fetched first where it is missing."""
    rows = table()
    if name not in rows:
        raise Failure(f"unknown kernel {name}: --list names those there are")
    home = CACHE / "kernels" / name
    with locked(home):
        machine = machine_of(rows[name].what)
        need(*machine.needs())
        root = HOW[rows[name].how](name, rows[name].what, home)
        release = root.name
        return Kernel(
            name=name,
            release=release,
            image=next(root.glob("boot/vmlinux-*"), root / f"boot/vmlinuz-{release}"),
            kdir=root / f"usr/src/linux-headers-{release}",
            modules=guest_modules(root, release),
            config=root / f"boot/config-{release}",
            compiler=compiler_of(rows[name].what)
            or compiler_named(root / f"usr/src/linux-headers-{release}", machine),
            within=release_of(rows[name].what),
            machine=machine,
        )


def machine_of(what):
    """The Machine that a row's kernel runs on: that of the package's name."""
    return next((machine for machine in MACHINES.values()
                 if what.partition("@")[0].endswith(f"-{machine.debian}")), AMD64)


def release_of(what):
    """The folder with the release of Debian in which a row has modules built, or None."""
    found = re.search(r" IN=(\S+)", what)
    return chroot.get(found[1], compiler_of(what)) if found else None


def compiler_named(headers, machine):
    """The compiler that a package of headers names if this machine has it, else its own."""
    asked = headers / ".kernelvariables"
    found = re.search(r"^CC *=.*\b(gcc-\d+)$", asked.read_text("ascii"), re.M) \
        if asked.exists() else None
    named = f"{machine.cross}{found[1]}" if found else None
    return named if named and shutil.which(named) else f"{machine.cross}gcc"


# package: from Debian's archive

def from_package(name, what, home):
    """Returns the directory with the newest matching image package and its headers unpacked.

    what is PACKAGE, a shell pattern, or PACKAGE@SUITE, and then how to build modules.
    """
    pattern, _, suite = what.split()[0].partition("@")
    current = home / "current"
    known = current.read_text(encoding="ascii").strip() if current.exists() else None
    if known and (home / known).is_dir() and time.time() - current.stat().st_mtime < ASK_AGAIN:
        return home / known

    need("depmod")
    machine = machine_of(what)
    archive = Archive(suite or None, None if machine.native else machine.debian)
    image = archive.newest(pattern)
    if not image:
        raise Failure(f"kernel {name} is missing here: apt offers no package {what}")
    release = image.removeprefix("linux-image-")
    root = home / release
    if not root.is_dir():
        unpack(name, machine, archive, image, root)
    current.write_text(release + "\n", encoding="ascii")
    return root


def unpack(name, machine, archive, image, root):
    """Fetches an image package and its headers, and makes one tree of them at root.

    The programs that build modules, in linux-kbuild, are those that run on this machine.
    """
    release = root.name
    headers = f"linux-headers-{release}"
    packages = [image, headers]
    for package in packages:    # grows
        for other in archive.depends(package):
            if (re.match(r"linux-(headers|kbuild|modules|binary|base)-", other)
                    and other not in packages):
                packages.append(other)      # pylint: disable=modified-iterating-list

    with fresh(root) as new:
        debs = new / "debs"
        debs.mkdir()
        for package in packages:
            say(f"kernel {name}: fetching {package}")
            runs_here = package.startswith("linux-kbuild-") and not machine.native
            (Archive(archive.suite) if runs_here else archive).download(package, debs)
        say(f"kernel {name}: unpacking")
        for deb in debs.iterdir():
            run("dpkg-deb", "-x", deb, new)
        shutil.rmtree(debs)
        merge_usr(new)
        put_in_boot(new, release)
        for link in ("build", "source"):
            (new / f"lib/modules/{release}/{link}").unlink(missing_ok=True)
        # The package's makefile names its parts by the paths they have once installed.
        makefile = new / f"usr/src/{headers}/Makefile"
        text = makefile.read_text(encoding="utf-8")
        makefile.write_text(re.sub("(?<=[ =])/usr/src/", f"{root}/usr/src/", text), "utf-8")
        run("depmod", "-b", new, release)
        if machine.native:
            unpack_image(new / f"boot/vmlinuz-{release}", new / f"boot/vmlinux-{release}")


def unpack_image(bzimage, vmlinux):
    """Unpacks a compressed kernel, which emulation would take a second for at each boot."""
    data = bzimage.read_bytes()
    # Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (data[0x1f1] + 1) * 512 + offset
    payload = data[start:start + length - 4]    # the last word is the unpacked size
    for magic, command in ((b"\x02\x21\x4c\x18", "lz4"), (b"\x28\xb5\x2f\xfd", "zstd")):
        if payload.startswith(magic) and shutil.which(command):
            done = subprocess.run([command, "-dc"], input=payload, capture_output=True, check=False)
            if done.stdout.startswith(b"\x7fELF"):
                vmlinux.write_bytes(done.stdout)


def put_in_boot(root, release):
    """Newer packages have the kernel beside its modules: puts it where older ones have it."""
    (root / "boot").mkdir(exist_ok=True)
    for name in ("vmlinuz", "config", "System.map"):
        there = root / f"lib/modules/{release}/{name}"
        if there.exists():
            there.rename(root / f"boot/{name}-{release}")


def merge_usr(root):
    """Packages may hold their modules in /lib or in /usr/lib: make both names work."""
    lib, usr_lib = root / "lib", root / "usr/lib"
    if not lib.exists():
        lib.symlink_to("usr/lib")
    elif not (usr_lib / "modules").exists():
        usr_lib.mkdir(exist_ok=True)
        (usr_lib / "modules").symlink_to("../../lib/modules")


HOW = {
    "package": from_package,
    "source": from_source,
}


def guest_modules(root, release):
    """The few modules that guests get, unpacked, as a tree for depmod -b; made once."""
    tree = root / f"guest-{digest(GUEST_MODULES)}"
    if tree.is_dir():
        return tree
    source = root / "lib/modules" / release
    depends = {}
    for line in (source / "modules.dep").read_text(encoding="ascii").splitlines():
        path, _, others = line.partition(":")
        depends[path] = others.split()
    wanted = set()
    for path, others in depends.items():
        if pathlib.Path(path).name.split(".")[0].replace("-", "_") in GUEST_MODULES:
            wanted.update([path, *others])
    with fresh(tree) as new:
        target = new / "lib/modules" / release
        for path in wanted:
            data = (source / path).read_bytes()
            if path.endswith(".xz"):
                data = lzma.decompress(data)
            module = target / path.removesuffix(".xz")
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_bytes(data)
        for index in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / index, target / index)
        run("depmod", "-b", new, release)
    return tree
