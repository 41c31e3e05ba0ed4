# SPDX-License-Identifier: GPL-2.0
"""What every step needs: the cache, locks, running host commands, and one way to give up."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

SCRIPTS = pathlib.Path(__file__).resolve().parent.parent
TREE = pathlib.Path(os.environ.get("IPCNS_TREE", SCRIPTS.parent)).resolve()
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ipcns"

# Debian package of each host command used here, for the message when one is missing.
PACKAGES = {
    "aarch64-linux-gnu-gcc": "gcc-aarch64-linux-gnu",
    "apt-cache": "apt",
    "bc": "bc",
    "bison": "bison",
    "depmod": "kmod",
    "dpkg-deb": "dpkg",
    "dpkg-scanpackages": "dpkg-dev",
    "flex": "flex",
    "gcc": "gcc",
    "gcc-12": "gcc-12",
    "gcc-14": "gcc-14",
    "ld": "binutils",
    "ldd": "libc-bin",
    "make": "make",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "pahole": "pahole",
    "qemu-system-aarch64": "qemu-system-arm",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
    "tar": "tar",
    "xz": "xz-utils",
}


class Failure(Exception):
    """The guest cannot be run; the text says why in one line."""


def say(text):
    """Progress, for people: a line on stderr."""
    print(f"vm: {text}", file=sys.stderr, flush=True)


def need(*commands):
    """Fails unless the host has all the commands, naming the packages that hold them."""
    path = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    missing = {PACKAGES[c] for c in commands if not shutil.which(c, path=path)}
    if missing:
        raise Failure(f"missing on this machine: apt-get install {' '.join(sorted(missing))}")


def run(*argv, cwd=None):
    """Runs a host command and returns its stdout; its stderr goes into the failure."""
    env = dict(os.environ, LC_ALL="C", PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        why = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise Failure(f"{argv[0]} failed: {why[-1] if why else done.returncode}")
    return done.stdout


def digest(*parts):
    """A short name for some texts: equal texts, equal name."""
    return hashlib.sha256("\0".join(str(p) for p in parts).encode()).hexdigest()[:16]


@contextlib.contextmanager
def locked(path):
    """Holds an exclusive lock that belongs to path: two runs must not make the same thing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{path}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def fresh(path):
    """A new empty directory that takes path's name only if the block succeeds."""
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    shutil.rmtree(path, ignore_errors=True)
    partial.rename(path)
