# SPDX-License-Identifier: GPL-2.0
"""A small Debian of another release, made once, in which modules for its kernels are built.

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


def get(suite, compiler):
    """The folder with that release and that compiler, made first where it is missing."""
    home = CACHE / "chroots"
    root = home / f"{suite}-{digest(compiler, PACKAGES, LEAVE_OUT)}"
    with locked(root):
        if root.is_dir():
            return root
        need("mmdebstrap")
        if os.geteuid():
            raise Failure(f"the modules are built in a Debian {suite}: run this once as root")
        say(f"making a Debian {suite} with {compiler} to build modules in (one to two minutes)")
        partial = root.with_name(f"{root.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        run("mmdebstrap", "--variant=essential", f"--include={PACKAGES} {compiler}",
            *(f"--dpkgopt=path-exclude={path}" for path in LEAVE_OUT),
            *([f"--keyring={KEYRING}"] if KEYRING.exists() else []), suite, partial, mirror())
        partial.rename(root)
    return root


def entered(root):
    """What to put before a command to run it in there; the cache has the same path inside."""
    if root is None:
        return []
    user = ["--user", "--map-root-user"] if os.geteuid() else []
    return ["unshare", *user, "--mount", "--pid", "--fork", "sh", "-ec", ENTER, "enter", root,
            CACHE]
