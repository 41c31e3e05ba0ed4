# SPDX-License-Identifier: GPL-2.0
"""ipcnsctl as a user calls it."""

import datetime
import json
import os
import subprocess

from lib.tap import PACE, Failed

ROOT = {"list": "namespaces", "objects": "objects", "limits": "limits", "holders": "holders"}

# The columns of one kind that have a counterpart in lsipc or in /proc.
COLUMNS = {
    "shm": "NS KEY ID PERMS OWNER SIZE NATTCH STATUS CTIME CPID LPID COMMAND"
           " RSS SWAP ATTACH DETACH CUID CGID UID GID",
    "sem": "NS KEY ID PERMS OWNER NSEMS OTIME CTIME CUID CGID UID GID",
    "msg": "NS KEY ID PERMS OWNER USEDBYTES MSGS LSPID LRPID SEND RECV CTIME QBYTES"
           " CUID CGID UID GID",
    "mq": "NS NAME PERMS OWNER USEDBYTES MSGS MAXMSG MSGSIZE STATUS NOTIFYPID",
}


def ipcnsctl(*args, **options):
    """Runs the tool; a CompletedProcess with text, whatever its exit status."""
    return subprocess.run(["ipcnsctl", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8", check=False,
                          **{"timeout": 300 * PACE, **options})


PART = "ipcnsctl: you see only a part: all takes CAP_SYS_ADMIN in the initial user namespace\n"


def sees_part():
    """Whether the caller is no administrator: not CAP_SYS_ADMIN, or in a user namespace below."""
    with open("/proc/self/status", encoding="utf-8", errors="replace") as status:
        mask = next(int(line.split()[1], 16) for line in status if line.startswith("CapEff:"))
    # the process whose capabilities count is the one that exec(3) makes of this one: root keeps all
    return not (mask & 1 << 21 or os.geteuid() == 0) or \
        os.readlink("/proc/self/ns/user") != "user:[4026531837]"


def output(*args):
    """stdout of a call that must succeed in silence, but for the line about a part."""
    done = ipcnsctl(*args)
    if done.returncode or done.stderr not in ({"", PART} if sees_part() else {""}):
        raise Failed(f"ipcnsctl {' '.join(map(str, args))}: exit {done.returncode},"
                     f" stderr {done.stderr!r}")
    return done.stdout


def rows(command, *args, root=None):
    """The rows of a JSON table, with exact sizes and times in full."""
    data = json.loads(output(command, "-J", "-b", "--time-format", "iso", *args))
    root = root or ROOT[command]
    if list(data) != [root]:
        raise Failed(f"{command} -J has the roots {list(data)}, not {root}")
    return data[root]


def namespaces(*args):
    """list, as {inode: row}; one that lives listed twice is an error.

    The number of one that is dying, or has left a filesystem, can be that of another one by now.
    """
    table = rows("list", "--output-all", *args)
    live = [row for row in table if row["state"] in ("active", "pinned")]
    if len({row["ns"] for row in live}) != len(live):
        raise Failed(f"list shows {len(live)} rows but {len({row['ns'] for row in live})} inodes")
    return {row["ns"]: row for row in table + live}


def namespace(inode):
    """The row of one namespace, or None; found in the list of all."""
    return namespaces().get(inode)


def none_dying():
    """Whether the kernel is done with all namespaces that have ended."""
    return all(row["state"] != "dying" for row in rows("list"))


def objects(kind, *args):
    """The objects of one kind with that kind's columns."""
    return rows("objects", "--type", kind, "-o", COLUMNS[kind].replace(" ", ","), *args)


def by_id(table):
    """{id: row}."""
    return {row["id"]: row for row in table}


def elements(semid, inode):
    """The elements of one semaphore set."""
    return in_depth("sem", inode, "--id", semid)["elements"]


def in_depth(kind, inode, *args):
    """All parts of one semaphore set or queue: elements or objects, messages, waiters, undo."""
    return json.loads(output("objects", "-J", "-b", "--time-format", "iso", "--type", kind, *args,
                             inode))


def seconds(text):
    """Seconds since the epoch of a time as the tool prints it with --time-format iso; 0 if none."""
    if not text:
        return 0
    return int(datetime.datetime.fromisoformat(text).timestamp())
