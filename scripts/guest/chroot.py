# SPDX-License-Identifier: GPL-2.0
"""Small Debians, made once: of another release, in which modules for its kernels are built.

Its headers come with programs that want the C library of that release, and its kernels want the
compiler that they were built with.
"""

import os
import shutil

from guest.apt import KEYRING, mirror
from guest.common import CACHE, Failure, digest, locked, need, run, say

# What builds a module; libelf and libcrypto are what linux-kbuild is linked with.
PACKAGES = "make kmod pahole libelf1t64 libssl3t64"

LEAVE_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*")

# A name space of mounts goes with its last process, and what is mounted in it.
ENTER = """
root=$1 cache=$2
shift 2
mkdir -p "$root$cache"
mount --bind "$cache" "$root$cache"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""


def make(name, suite, packages, leave_out, purpose):
    """A folder of the cache with a Debian of that suite and those packages, unless it is there."""
    home = CACHE / "chroots"
    root = home / name
    with locked(root):
        if root.is_dir():
            return root
        need("mmdebstrap")
        if os.geteuid():
            raise Failure(f"a Debian {suite} is needed {purpose}: run this once as root")
        say(f"making a Debian {suite} {purpose} (minutes)")
        partial = root.with_name(f"{root.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        run("mmdebstrap", "--variant=essential", f"--include={packages}",
            '--aptopt=APT::Install-Recommends "false"',
            *(f"--dpkgopt=path-exclude={path}" for path in leave_out),
            *([f"--keyring={KEYRING}"] if KEYRING.exists() else []), suite, partial, mirror())
        if os.path.ismount(partial / "dev"):
            raise Failure(f"mmdebstrap has left {partial}/dev mounted")
        shutil.rmtree(partial / "dev")      # those who enter mount that of the machine
        (partial / "dev").mkdir()
        partial.rename(root)
    return root


def get(suite, compiler):
    """The folder with that release and that compiler, made first where it is missing."""
    return make(f"{suite}-{digest(compiler, PACKAGES, LEAVE_OUT)}", suite,
                f"{PACKAGES} {compiler}", LEAVE_OUT, f"with {compiler} to build modules in")


def entered(root):
    """What to put before a command to run it in there; the cache has the same path inside."""
    if root is None:
        return []
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    return ["unshare", *user, "--mount", "--pid", "--fork", "sh", "-ec", ENTER, "enter", root,
            CACHE]
