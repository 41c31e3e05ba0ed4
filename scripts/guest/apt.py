# SPDX-License-Identifier: GPL-2.0
"""Packages of Debian's archive, by apt as it is set up here."""

import fnmatch
import glob
import os
import pathlib
import re
import time

from guest.common import CACHE, Failure, locked, need, run, say

ASK_AGAIN = 24 * 3600  # seconds until apt is asked again which version is the newest
KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class Archive:
    """What this machine's package lists offer, or those of a suite that is named.

    The lists of a named suite come from the mirror that this machine uses. They are kept in our
    cache, and apt's own are left alone. For another architecture, a suite must be named.
    """

    def __init__(self, suite=None, architecture=None):
        need("apt-cache", "dpkg-deb")
        self.suite = suite
        self.home = CACHE / "apt" / "-".join(filter(None, (str(suite), architecture)))
        self.options = []
        if suite:
            self.options = ["-o", f"Dir::Etc::SourceList={self.home}/sources.list",
                            "-o", "Dir::Etc::SourceParts=/dev/null",
                            "-o", f"Dir::State::Lists={self.home}/lists",
                            "-o", f"Dir::Cache={self.home}/cache"]
            if architecture:
                self.options += ["-o", f"APT::Architecture={architecture}",
                                 "-o", f"APT::Architectures={architecture}"]
            self.take_lists()

    def take_lists(self):
        """Fetches the suite's lists, if there are none yet or they are old."""
        with locked(self.home):
            stamp = self.home / "fetched"
            if stamp.exists() and time.time() - stamp.stat().st_mtime < ASK_AGAIN:
                return
            for name in ("lists/partial", "cache/archives/partial"):
                (self.home / name).mkdir(parents=True, exist_ok=True)
            signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
            (self.home / "sources.list").write_text(
                f"deb {signed}{mirror(self.suite)} {self.suite} main\n", "utf-8")
            say(f"fetching the package lists of {self.suite}")
            run("apt-get", "-q", *self.options, "update")
            stamp.touch()

    def newest(self, pattern):
        """The name of the newest package that matches a shell pattern, or None."""
        def version(package):
            return [int(word) if word.isdigit() else word for word in re.split(r"(\d+)", package)]

        def offered():
            prefix = re.match(r"[^*?[]*", pattern)[0]
            names = run("apt-cache", *self.options, "pkgnames", prefix).split()
            return fnmatch.filter(names, pattern)

        if not self.suite and not offered() and not glob.glob("/var/lib/apt/lists/*_Packages*"):
            update("apt has no package lists")
        return max(offered(), key=version, default=None)

    def version(self, package):
        """The version of a package that would be fetched now."""
        shown = run("apt-cache", *self.options, "show", "--no-all-versions", package)
        return re.search(r"^Version: (\S+)$", shown, re.M)[1]

    def depends(self, package):
        """The names of the packages that a package depends on, or would take in their place."""
        shown = run("apt-cache", *self.options, "depends", "--important", package)
        return re.findall(r"^ *\|?Depends: <?([^\s>]+)", shown, re.M)

    def download(self, package, where):
        """Downloads one package; package lists that name a version now gone are renewed once."""
        try:
            run("apt-get", "-q", *self.options, "download", package, cwd=where)
        except Failure as failure:
            if self.suite:
                (self.home / "fetched").unlink()
                self.take_lists()
            else:
                update(str(failure))
            run("apt-get", "-q", *self.options, "download", package, cwd=where)


def update(why):
    """Brings apt's package lists up to date, which takes root."""
    if os.geteuid():
        raise Failure(f'{why}: run "apt-get update" as root')
    say(f"{why}: apt-get update")
    run("apt-get", "-q", "update")


def mirror(suite=""):
    """Where this machine's sources take Debian's own release from, or a suite of that mirror.

    Security updates are in an archive of their own: that of the sources if they name one, else the
    one beside the mirror.
    """
    release = re.search(r"^VERSION_CODENAME=(\w+)$",
                        pathlib.Path("/etc/os-release").read_text("utf-8"), re.M)
    targets = run("apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)",
                  "Identifier: Packages")
    main = security = None
    for line in targets.splitlines():
        name, component, uri = line.split()
        if component != "main" or not release:
            continue
        if name in (release[1], "stable"):
            main = main or uri
        elif name in (f"{release[1]}-security", "stable-security"):
            security = security or uri
    if not main:
        raise Failure("apt's sources name no mirror of Debian's main archive")
    if suite.endswith("-security"):
        return security or main.rstrip("/") + "-security"
    return main
