# SPDX-License-Identifier: GPL-2.0
"""The tree's module and tool, built in the cache when their sources have changed."""

import os
import re
import shutil
import subprocess
import sys

from guest import chroot, initramfs, machine
from guest.common import CACHE, TREE, Failure, digest, fresh, need, run, say
from guest.initramfs import libraries, stored, usr_merged

MODULE_SOURCES = ("Kbuild", "Makefile", "include", "kmod")
KUNIT_SOURCES = (*MODULE_SOURCES, "tests/kunit")
TOOL_SOURCES = ("Makefile", "include", "user", "examples/ipcns-watch.c", "tests/tool/counters.h")
TOOL_FLAGS = {
    "plain": [],
    "counters": ["CFLAGS=-O0 -g --coverage -include tests/tool/counters.h"],
    "sanitize": ["CFLAGS=-O1 -g $(SANITIZE)"],
}
PRODUCTS = (".o", ".ko", ".mod", ".mod.c", ".cmd", ".symvers", ".order", ".d")


def module(kernel):
    """The path of an archive with the guest's modules and this tree's ipcns.ko among them."""
    if not (TREE / "Kbuild").is_file():
        raise Failure(f"{TREE} has no Kbuild, so no module: try --no-module")
    need_to_build(kernel, "depmod")
    build = home() / kernel.release
    now = sources(MODULE_SOURCES)

    def fill(archive):
        say(f"building the module for {kernel.release}")
        mirror(now, build)
        make_modules(kernel, build)
        with fresh(build.with_name(f"{kernel.release}-modules")) as tree:
            shutil.copytree(kernel.modules, tree, dirs_exist_ok=True)
            extra = tree / "lib/modules" / kernel.release / "extra"
            extra.mkdir()
            shutil.copy(build / "ipcns.ko", extra)
            run("depmod", "-b", tree, kernel.release)
            archive.tree("usr/lib/modules", tree / "lib/modules")

    return stored(home() / f"{kernel.release}.cpio", (kernel, now), fill)


def kunit(kernel):
    """The path of an archive with this tree's unit tests, ipcns_kunit.ko."""
    if not kernel.has("CONFIG_KUNIT"):
        raise Failure(f"kernel {kernel.name} has no CONFIG_KUNIT")
    need_to_build(kernel, "objcopy")
    build = home() / f"{kernel.release}-kunit"
    now = sources(KUNIT_SOURCES)

    def fill(archive):
        say(f"building the unit tests for {kernel.release}")
        mirror(now, build)
        make_modules(kernel, build / "tests/kunit")
        module = build / "tests/kunit/ipcns_kunit.ko"
        run("objcopy", "--strip-debug", module)
        archive.path(f"usr/lib/modules/{kernel.release}/extra/ipcns_kunit.ko", module)

    return stored(home() / f"{kernel.release}-kunit.cpio", (kernel, now), fill)


def need_to_build(kernel, *others):
    """Fails unless what builds modules for a kernel is here, and other commands."""
    need("make", *([] if kernel.within else [kernel.compiler]), *others)


def make_modules(kernel, folder):
    """Builds what a folder has a Kbuild for."""
    other = [] if kernel.machine.native else [f"ARCH={kernel.machine.kernel}",
                                              f"CROSS_COMPILE={kernel.machine.cross}"]
    make("-C", kernel.kdir, f"M={folder}", f"CC={kernel.compiler}", *other, *measured(kernel),
         "modules", within=kernel.within)


def measured(kernel):
    """What asks for counts of lines that ran (gcov), where the kernel can keep them."""
    return ["GCOV_PROFILE=y"] if kernel.has("CONFIG_GCOV_KERNEL") else []


def tool(kind, target):
    """The path of an archive with this tree's ipcnsctl, or None if the tree has none yet.

    kind: a key of TOOL_FLAGS. target: the Machine that it is for.
    """
    makefile = TREE / "Makefile"
    if not makefile.exists() or not re.search(r"^tool\b.*:", makefile.read_text("utf-8"), re.M):
        say(f'no target "tool" in {makefile}: no ipcnsctl in the guest')
        return None
    need("make", f"{target.cross}gcc")
    build = home() / f"tool-{kind}{target.suffix}"

    def fill(archive):
        say("building ipcnsctl")
        root = None if target.native else initramfs.root(target)
        argv, more = machine.tool_build(target, root)
        make("-C", TREE, "tool", "example", f"BUILD={build}", *TOOL_FLAGS[kind], *argv, more=more)
        programs = [build / "ipcnsctl", build / "ipcns-watch"]
        for program in programs:
            archive.path(f"usr/bin/{program.name}", program)
        # Of another machine, the base archive has all libraries.
        for library in libraries(programs) if target.native else ():
            archive.text(usr_merged(library), library.read_bytes(), 0o755)

    return stored(home() / f"{build.name}.cpio", sources(TOOL_SOURCES), fill)


def home():
    """The directory for builds of this tree."""
    return CACHE / "builds" / f"{TREE.name}-{digest(TREE)}"


def sources(names):
    """Every source file below these names of the tree, with what changes when it is edited."""
    found = {}
    for name in names:
        top = TREE / name
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and not path.name.startswith(".") \
                    and not path.name.endswith(PRODUCTS):
                info = path.stat()
                found[str(path.relative_to(TREE))] = (info.st_mtime_ns, info.st_size)
    return found


def mirror(now, build):
    """Copies sources to the build directory with their times; removes those that are gone."""
    build.mkdir(parents=True, exist_ok=True)
    listing = build / ".sources"
    before = listing.read_text("utf-8").splitlines() if listing.exists() else []
    for name in set(before) - set(now):
        (build / name).unlink(missing_ok=True)
    for name, (mtime, size) in now.items():
        copy = build / name
        if copy.exists() and (copy.stat().st_mtime_ns, copy.stat().st_size) == (mtime, size):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(TREE / name, copy)
    listing.write_text("\n".join(now), "utf-8")


def make(*argv, within=None, more=()):
    """Runs make on all processors, maybe in another Debian or with more in its environment; shows
    what it prints if it fails or warns.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    env.update(more)
    argv = [*chroot.entered(within), "make", "-s", f"-j{os.cpu_count()}", *argv]
    done = subprocess.run([str(word) for word in argv], env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False)
    if done.returncode or "warning:" in done.stdout:
        sys.stderr.write(done.stdout)
    if done.returncode:
        raise Failure("the build failed")
