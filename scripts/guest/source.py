# SPDX-License-Identifier: GPL-2.0
"""Kernels built from Debian's source packages and the fragments in scripts/configs."""

import os
import re
import shutil
import subprocess
import time

from guest.apt import ASK_AGAIN, Archive
from guest.common import SCRIPTS, Failure, digest, fresh, need, run, say

SPEAK = 60      # seconds between two lines of progress


def from_source(name, what, home):
    """Returns the directory with that kernel built: its image, its modules, what to build more.

    what is PACKAGE@SUITE [CC=COMPILER] FRAGMENT...; the package can be a shell pattern. The
    directory's name is the release, which has a digest of all that the kernel is made from.
    """
    package, *words = what.split()
    package, _, suite = package.partition("@")
    compiler = compiler_of(what) or "gcc"
    fragments = [word for word in words if "=" not in word]
    files = [SCRIPTS / f"configs/{fragment}.config" for fragment in fragments]
    need("gcc", compiler)
    # Without the name of the program, which is "gcc" or "gcc-12" for the same compiler.
    made_by = "gcc " + run(compiler, "--version").splitlines()[0].partition(" ")[2]

    archive, package, version = offered(name, package, suite, home)
    key = digest(version, made_by, *(path.read_text("utf-8") for path in files))[:8]
    suffix = f"-{name}-{key}"
    root = home / (re.match(r"[\d.]+", version)[0] + suffix)
    if root.is_dir():
        return root

    need("bc", "bison", "flex", "ld", "make", "pahole", "tar", "xz")
    begin = time.monotonic()
    build = home / "build"
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir(parents=True)
    unpack(name, archive or Archive(suite or None), package, build)
    configure(build, files, compiler)
    log = home / "build.log"
    make(name, build, log, f"CC={compiler}", f"LOCALVERSION={suffix}", "vmlinux", "modules")
    release = (build / "include/config/kernel.release").read_text("ascii").strip()
    if release != root.name:
        raise Failure(f"kernel {name}: calls itself {release}, not {root.name}")
    with fresh(root) as new:
        install(build, new, release, compiler)
    shutil.rmtree(build)
    say(f"kernel {name}: built in {(time.monotonic() - begin) / 60:.1f} minutes")
    return root


def compiler_of(what):
    """The compiler that a row names, or None."""
    found = re.search(r" CC=(\S+)", what)
    return found and found[1]


def offered(name, pattern, suite, home):
    """The source package: (its Archive, or None if apt was not asked, its name, its version)."""
    known = home / "offered"
    last = known.read_text("ascii").split() if known.exists() else []
    if len(last) == 3 and last[0] == f"{pattern}@{suite}" \
            and time.time() - known.stat().st_mtime < ASK_AGAIN:
        return None, *last[1:]
    archive = Archive(suite or None)
    package = archive.newest(pattern)
    if not package:
        raise Failure(f"kernel {name} is missing here: apt offers no package {pattern}")
    version = archive.version(package)
    home.mkdir(parents=True, exist_ok=True)
    known.write_text(f"{pattern}@{suite} {package} {version}\n", "ascii")
    return archive, package, version


def unpack(name, archive, package, build):
    """Fetches a source package and unpacks the kernel's tree, without the package around it."""
    say(f"kernel {name}: fetching {package}")
    debs = build.with_name("debs")
    with fresh(debs) as new:
        archive.download(package, new)
    say(f"kernel {name}: unpacking")
    for deb in debs.iterdir():
        run("dpkg-deb", "-x", deb, debs)
    tree = next((debs / "usr/src").glob("linux-source-*.tar.xz"))
    run("tar", "-xf", tree, "-C", build, "--strip-components=1")
    shutil.rmtree(debs)


def configure(build, files, compiler):
    """Makes .config of fragments; whatever they do not ask for stays off if it can.

    Of two that ask for different values of an option, the later has its way.
    """
    run("make", "-s", "mrproper", cwd=build)
    run("scripts/kconfig/merge_config.sh", "-m", *files, cwd=build)
    wanted = (build / ".config").rename(build / "wanted.config")
    run("make", "-s", f"CC={compiler}", f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig", cwd=build)
    got = settings(build / ".config")
    asked = {option: (value, path) for path in files for option, value in settings(path).items()}
    for option, (value, path) in asked.items():
        if got.get(option, "n") != value:
            raise Failure(f"{path}: asks for {option}={value}, but it is"
                          f" {got.get(option, 'n')}: what does it depend on?")


def settings(path):
    """The options of a file of configuration: {name: value}, with n for what is not set."""
    found = {}
    for line in path.read_text("utf-8").splitlines():
        if option := re.match(r"(CONFIG_\w+)=(.*)$|# (CONFIG_\w+) is not set$", line):
            found[option[1] or option[3]] = option[2] or "n"
    return found


def make(name, build, log, *targets):
    """Runs make with all processors, its output to a file, and says now and then how far it is."""
    begin = said = time.monotonic()
    steps = 0
    with open(log, "w", buffering=1, encoding="utf-8") as file, \
            subprocess.Popen(["make", f"-j{os.cpu_count()}", *targets], cwd=build,
                             env=environment(), stdin=subprocess.DEVNULL, encoding="utf-8",
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             errors="replace") as program:
        say(f"kernel {name}: building; {log} tells more")
        try:
            for line in program.stdout:
                file.write(line)
                steps += line.startswith("  ")
                if time.monotonic() - said > SPEAK:
                    said = time.monotonic()
                    say(f"kernel {name}: {steps} steps in {(said - begin) / 60:.0f} min,"
                        f" now {' '.join(line.split())}")
        except BaseException:   # a signal, say
            program.terminate()
            raise
    if program.returncode:
        raise Failure(f"kernel {name}: the build failed: see {log}")


def environment():
    """Ours, without what a make that started us would tell the kernel's."""
    return {word: value for word, value in os.environ.items()
            if word not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "KBUILD_OUTPUT")}


def install(build, new, release, compiler):
    """Puts what guests and builds of modules need where Debian's packages have it."""
    boot = new / "boot"
    boot.mkdir()
    # The unpacked kernel starts sooner, and needs no symbols to.
    run("objcopy", "--strip-all", build / "vmlinux", boot / f"vmlinux-{release}")
    shutil.copy(build / ".config", boot / f"config-{release}")
    shutil.copy(build / "System.map", boot / f"System.map-{release}")
    run("make", "-s", f"CC={compiler}", "modules_install", f"INSTALL_MOD_PATH={new}",
        "INSTALL_MOD_STRIP=1", cwd=build)
    headers = new / f"usr/src/linux-headers-{release}"
    run("make", "-s", f"CC={compiler}", "run-command",
        f"KBUILD_RUN_COMMAND=scripts/package/install-extmod-build {headers}", cwd=build)
    (new / f"lib/modules/{release}/build").unlink(missing_ok=True)
