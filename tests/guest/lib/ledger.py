# SPDX-License-Identifier: GPL-2.0
"""What keeps namespaces, as the module tells by holder-get, and what /proc says of the same."""

import collections
import glob
import os
import re

from lib import wire

# By kind of holder: the attributes that a row has always, and those that it can have.
ALWAYS = {"count": "", "task": "token pid comm", "shm": "token id nattch size start end mm"}
SOMETIMES = {"count": "refs", "task": "", "shm": "pid comm read-only truncated"}
# The same of a row that counts what the reader cannot see.
HIDDEN = {"task": "token hidden", "shm": "token id nattch size hidden"}


def kind_of(row):
    """The name of a row's kind."""
    return wire.HOLDER[row["kind"]]


def odd(rows, steady=True):
    """Complaints about rows that lack something, or have what does not belong to their kind.

    A token is made of an address: unless things are steady, memory of one kind becomes another's.
    """
    complaints, kinds = [], {}
    for row in rows:
        kind = kind_of(row)
        always = HIDDEN if "hidden" in row else ALWAYS
        must = {"ns-inum", "ns-id", "kind", *always[kind].split()}
        may = must | set("truncated".split() if "hidden" in row else SOMETIMES[kind].split())
        if not must <= row.keys() <= may:
            complaints.append(f"not well-formed: {row}")
        token = (row["ns-id"], row.get("token"))
        if steady and "token" in row and kinds.setdefault(token, kind) != kind:
            complaints.append(f"a token of two kinds: {row}")
        if (kind == "shm" and "start" in row and
                not row["start"] < row["end"] <= row["start"] + row["size"] + 4095):
            complaints.append(f"address range: {row}")
        if ("pid" in row) != ("comm" in row):
            complaints.append(f"half a process: {row}")
        if row.get("pid") == 0 or row.get("hidden") == 0:
            complaints.append(f"a process that is none: {row}")
    return complaints


def short(row):
    """A row as a tuple: kind, pid, and what tells it from others."""
    kind = kind_of(row)
    pid = f"hidden {row['hidden']}" if "hidden" in row else row.get("pid")
    return (kind, pid, row["id"]) if kind == "shm" else (kind, pid)


class Ledger:
    """What the module reports of one namespace: count, member tasks, attachments."""

    def __init__(self, inode, rows=None):
        if rows is None:
            with wire.Socket() as link:
                rows = link.dump("holder", {"ns-inum": inode})
        self.all = [row for row in rows if row["ns-inum"] == inode]
        self.odd = odd(self.all)
        counts = [row for row in self.all if kind_of(row) == "count"]
        self.refs = counts[0].get("refs") if len(counts) == 1 else f"{len(counts)} counts"
        self.rows = [row for row in self.all if kind_of(row) != "count"]

    def of(self, kind):
        """The rows of one kind."""
        return [row for row in self.rows if kind_of(row) == kind]

    def tokens(self, *kinds):
        """The distinct tokens of some kinds, or of all."""
        return {row["token"] for row in self.rows
                if "token" in row and (not kinds or kind_of(row) in kinds)}

    @property
    def short(self):
        """Rows as tuples, sorted."""
        return sorted(map(short, self.rows), key=str)

    @property
    def unattributed(self):
        """References that nothing in the ledger stands for: of descriptors, mounts and others."""
        return self.refs - len(self.tokens())


def descriptors(inode):
    """("nsfs", pid, fd) of every descriptor of a namespace, by stat of /proc/PID/fd/N."""
    device = os.stat("/proc/self/ns/ipc").st_dev

    def same(path):
        info = os.stat(path)
        return (info.st_dev, info.st_ino) == (device, inode)
    return _files("nsfs", same)


def contexts():
    """("fscontext", pid, fd) of every descriptor of a filesystem context."""
    return _links("fscontext", "anon_inode:[fscontext]")


def sysvipc_files(name):
    """("sysvipc", pid, fd, name) of every descriptor of a file in /proc/sysvipc."""
    return [(*found, name) for found in _links("sysvipc", f"/proc/sysvipc/{name}")]


def queues(name):
    """("mq", pid, fd, name) of every descriptor of a queue of that name."""
    return [(*found, name) for found in _links("mq", f"/{name}")]


def _links(kind, target):
    return _files(kind, lambda path: os.readlink(path) == target)


def _files(kind, wanted):
    found = []
    for path in glob.iglob("/proc/[0-9]*/fd/[0-9]*"):
        try:
            if not wanted(path):
                continue
        except OSError:
            continue
        words = path.split("/")
        found.append((kind, int(words[2]), int(words[4])))
    return sorted(found)


Area = collections.namedtuple("Area", "pid start end read_only")
LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+) +/SYSV([0-9a-f]{8})")


def areas(key):
    """The areas where a segment of that key is attached, by /proc/PID/maps of all processes.

    Scenes give each segment a key of its own, for ids are not unique on a machine.
    """
    found = []
    for path in glob.iglob("/proc/[0-9]*/maps"):
        try:
            with open(path, encoding="ascii", errors="replace") as maps:
                lines = [LINE.match(line) for line in maps if "/SYSV" in line]
        except OSError:
            continue
        found += [Area(int(path.split("/")[2]), int(line[1], 16), int(line[2], 16),
                       "w" not in line[3]) for line in lines if line and int(line[5], 16) == key]
    return sorted(found)
