# SPDX-License-Identifier: GPL-2.0
"""What others say about a namespace: util-linux, /proc and mqueue, read inside of it.

A target is the pid of a member, or a path of a namespace (a bind mount, /proc/PID/fd/N).
"""

import errno
import glob
import json
import os
import re
import stat
import subprocess
import tempfile

from lib import calls
from lib.member import Member
from lib.tap import until

ENVIRONMENT = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}


def inside(target, *argv):
    """stdout of a command that runs in the target's IPC namespace."""
    where = ["-t", str(target), "--ipc"] if isinstance(target, int) else [f"--ipc={target}"]
    return subprocess.run(["nsenter", *where, *map(str, argv)], check=True, encoding="utf-8",
                          stdout=subprocess.PIPE, env=ENVIRONMENT).stdout


def sysvipc(target, kind):
    """/proc/sysvipc/KIND as dicts of numbers; perms is read as octal."""
    header, *lines = inside(target, "cat", f"/proc/sysvipc/{kind}").splitlines()
    names = header.split()
    table = []
    for line in lines:
        row = dict(zip(names, line.split()))
        row["perms"] = int(row["perms"], 8)
        table.append({name: int(value) for name, value in row.items()})
    return table


def lsipc(target, option, columns):
    """lsipc's rows: dicts of text."""
    text = inside(target, "lsipc", option, "-J", "-b", "--time-format", "iso", "-o",
                  columns.replace(" ", ","))
    if not text.strip():
        return []
    return next(iter(json.loads(text).values()))


def lsipc_limits(target):
    """lsipc -g: {RESOURCE: row of text}.

    Newer versions count POSIX queues in /dev/mqueue, which has to be that of the namespace.
    """
    text = inside(target, "unshare", "-m", "sh", "-c",
                  "umount /dev/mqueue && mount -t mqueue mqueue /dev/mqueue &&"
                  " exec lsipc -g -J -b")
    return {row["resource"]: row for row in json.loads(text)["ipclimits"]}


def ipcs(target, *options):
    """Lines of ipcs."""
    return inside(target, "ipcs", *options).splitlines()


SYSCTLS = """kernel/msgmax kernel/msgmnb kernel/msgmni kernel/sem kernel/shmall kernel/shmmax
    kernel/shmmni kernel/shm_rmid_forced fs/mqueue/queues_max fs/mqueue/msg_max
    fs/mqueue/msgsize_max fs/mqueue/msg_default fs/mqueue/msgsize_default""".split()


def sysctls(target):
    """Every limit of ipc_namespaces(7): {name: text}."""
    paths = [f"/proc/sys/{name}" for name in SYSCTLS]
    values = inside(target, "cat", *paths).splitlines()
    return dict(zip(SYSCTLS, values))


def set_sysctl(name, value):
    """Writes a limit of the caller's own IPC namespace."""
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
        file.write(str(value))


def mqueue(target):
    """The queues that an mqueue mount inside shows: {name: dict}, names as bytes."""
    with Member(join=target) as member:
        return member.call(_read_mqueue)


def _read_mqueue():
    """Mounts mqueue in a mount namespace of the caller's own and reads every file."""
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    where = os.fsencode(tempfile.mkdtemp())
    calls.mount("mqueue", where, "mqueue")
    queues = {}
    for name in os.listdir(where):
        path = os.path.join(where, name)
        with open(path, "rb") as file:
            words = dict(word.split(b":") for word in file.read().split())
        info = os.stat(path)    # after reading, which sets ctime
        queues[name] = {
            "perms": stat.filemode(info.st_mode)[1:],
            "uid": info.st_uid,
            "gid": info.st_gid,
            "ctime": int(info.st_ctime),
            **{word.decode().lower(): int(value) for word, value in words.items()},
        }
    calls.umount(where)
    os.rmdir(where)
    return queues


def util_linux():
    """The version of util-linux, as a tuple of numbers."""
    text = subprocess.run(["lsns", "--version"], check=True, encoding="utf-8",
                          stdout=subprocess.PIPE, env=ENVIRONMENT).stdout
    return tuple(int(word) for word in re.search(r"(\d+)\.(\d+)", text).groups())


def lsns():
    """lsns's IPC namespaces: {inode: row}."""
    text = subprocess.run(["lsns", "-t", "ipc", "-J", "-o", "NS,NPROCS,PID,PPID,COMMAND,UID,USER,"
                           "ONS"], check=True, encoding="utf-8", stdout=subprocess.PIPE,
                          env=ENVIRONMENT).stdout
    return {int(row["ns"]): row for row in json.loads(text)["namespaces"]}


def process_namespaces():
    """The IPC namespaces that /proc/PID/ns/ipc of all processes show."""
    return set(_members("/proc/[0-9]*/ns/ipc"))


def members():
    """{inode: set of pids with at least one thread inside}, from every thread's ns/ipc."""
    return _members("/proc/[0-9]*/task/[0-9]*/ns/ipc")


def _members(pattern):
    found = {}
    for path in glob.iglob(pattern):
        try:
            inode = os.stat(path).st_ino
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.setdefault(inode, set()).add(int(path.split("/")[2]))
    return found


def mapped_segments(pid):
    """The ids of the segments that /proc/PID/maps shows attached."""
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps:
        return [int(line.split()[4]) for line in maps if "/SYSV" in line]


def remove_group(path):
    """Removes a control group, which its last process may not have left yet."""
    def removed():
        try:
            os.rmdir(path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            return False
        return True

    until(removed, f"{path} is empty")
