# SPDX-License-Identifier: GPL-2.0
"""The tool's word against a witness's, for everything that is in one namespace."""

import os
import stat

from lib import calls, tool, witness
from lib.member import Member

# lsipc's columns that the tool has under the same name, with the same cells. Not CGID, where
# lsipc of util-linux 2.38 shows CUID; /proc/sysvipc has it.
LSIPC = {
    "shm": ("-m", "KEY ID PERMS OWNER SIZE NATTCH STATUS CTIME CPID LPID COMMAND ATTACH DETACH"
                  " CUID UID GID"),
    "sem": ("-s", "KEY ID PERMS OWNER NSEMS OTIME CTIME CUID UID GID"),
    "msg": ("-q", "KEY ID PERMS OWNER USEDBYTES MSGS LSPID LRPID SEND RECV CTIME CUID UID GID"),
}


def permissions(text):
    """The number that a string like rw-r--r-- means."""
    return sum(1 << (8 - place) for place, char in enumerate(text) if char != "-")


def number(value):
    """A number of /proc/sysvipc; a process that is nobody is 0 there, and null for the tool."""
    return int(value or 0)


# Columns of the tool as /proc/sysvipc/KIND has them: (column, file's column, how to read).
KEY = ("key", "key", lambda text: int(text, 16))
PERMS = ("perms", "perms", permissions)
OWNERS = [(name, name, int) for name in ("uid", "gid", "cuid", "cgid")]
CTIME = ("ctime", "ctime", tool.seconds)
SYSVIPC = {
    "shm": [KEY, ("id", "shmid", int), PERMS, ("size", "size", int), ("cpid", "cpid", number),
            ("lpid", "lpid", number), ("nattch", "nattch", int), *OWNERS,
            ("attach", "atime", tool.seconds), ("detach", "dtime", tool.seconds), CTIME,
            ("rss", "rss", int), ("swap", "swap", int)],
    "sem": [KEY, ("id", "semid", int), PERMS, ("nsems", "nsems", int), *OWNERS,
            ("otime", "otime", tool.seconds), CTIME],
    "msg": [KEY, ("id", "msqid", int), PERMS, ("usedbytes", "cbytes", int), ("msgs", "qnum", int),
            ("lspid", "lspid", number), ("lrpid", "lrpid", number), *OWNERS,
            ("send", "stime", tool.seconds), ("recv", "rtime", tool.seconds), CTIME],
}
SYSVIPC_ID = {"shm": "shmid", "sem": "semid", "msg": "msqid"}


def cell(row, column):
    """A cell as lsipc's JSON would have it, where everything is text or null, and nobody is 0."""
    value = row[column] or (0 if column.endswith("pid") else row[column])
    return None if value is None or value == "" else str(value)


def sysv(t, target, inode, kind, name, leave=()):
    """Every field of every object of one System V kind, against lsipc and /proc/sysvipc inside.

    leave: columns in which lsipc does not tell the whole story.
    """
    ours = tool.by_id(tool.objects(kind, inode))
    option, columns = LSIPC[kind]
    columns = [column for column in columns.lower().split() if column not in leave]
    want = {int(row["id"]): {column: cell(row, column) for column in columns}
            for row in witness.lsipc(target, option, " ".join(columns).upper())}
    got = {ident: {column: cell(row, column) for column in columns}
           for ident, row in ours.items()}
    same_rows(t, got, want, f"{name}: {kind} as lsipc has it inside")

    fields = SYSVIPC[kind]
    # The upper bits of shm's perms are its status.
    want = {row[SYSVIPC_ID[kind]]: {field: row[field] & (0o777 if field == "perms" else -1)
                                    for _, field, _ in fields}
            for row in witness.sysvipc(target, kind)}
    for row in want.values():
        row["key"] &= 0xffffffff
    got = {ident: {field: read(row[column]) for column, field, read in fields}
           for ident, row in ours.items()}
    same_rows(t, got, want, f"{name}: {kind} as /proc/sysvipc has it inside")
    t.ok(all(row["ns"] == inode for row in ours.values()), f"{name}: {kind} has the right NS")
    if kind == "msg":
        with Member(join=target) as member:
            want = member.call(calls.msg_qbytes, list(ours))
        t.same({ident: row["qbytes"] for ident, row in ours.items()}, want,
               f"{name}: qbytes as msgctl(2) says inside")
    return ours


def same_rows(t, got, want, name):
    """Two {id: row}; only rows that differ are shown, and of those only what differs."""
    lines = []
    for ident in sorted(got.keys() | want.keys(), key=str):
        if got.get(ident) != want.get(ident):
            mine, theirs = got.get(ident) or {}, want.get(ident) or {}
            lines += [f"{ident!r} {key}: got {mine.get(key, 'nothing')!r},"
                      f" want {theirs.get(key, 'nothing')!r}"
                      for key in sorted(mine.keys() | theirs.keys())
                      if mine.get(key) != theirs.get(key)]
    return t.ok(got == want and len(want) > 0, name, f"got {len(got)}, want {len(want)}",
                *lines[:20])


def queue_name(name):
    """What JSON says of a queue: the name for mq_open(3), with \\xHH for what is no text."""
    return "/" + name.replace(b"\\x", b"\\x5cx").decode("utf-8", "backslashreplace")


def queues(t, target, inode, name, attributes, unlinked=()):
    """Every field of every POSIX queue, against an mqueue mount inside.

    attributes: {name: (maxmsg, msgsize, curmsgs)}, from mq_getattr(3) inside.
    unlinked: rows that no mount shows, by name.
    """
    seen = witness.mqueue(target)
    users = {0: "root", 65534: "nobody"}
    want = {queue_name(queue): {
        "ns": inode, "name": queue_name(queue), "perms": row["perms"],
        "owner": users.get(row["uid"], str(row["uid"])), "usedbytes": row["qsize"],
        "maxmsg": attributes[queue][0], "msgsize": attributes[queue][1],
        "msgs": attributes[queue][2], "status": None, "notifypid": row["notify_pid"] or None,
    } for queue, row in seen.items()}
    got = {row["name"]: {**row, "status": row["status"] or None} for row in
           tool.objects("mq", inode)}
    for queue in unlinked:
        got.pop(queue_name(queue), None)
    same_rows(t, got, want, f"{name}: mq as /dev/mqueue has it inside")
    return got


def totals(t, target, inode, name):
    """Counts and bytes of a row of the list, against the files inside."""
    row = tool.namespace(inode)
    shm, sem, msg = (witness.sysvipc(target, kind) for kind in ("shm", "sem", "msg"))
    queue = witness.mqueue(target)
    page = os.sysconf("SC_PAGE_SIZE")
    t.same({column: row[column] for column in
            ("shm", "sem", "msg", "mq", "shmbytes", "msgbytes", "mqbytes")},
           {"shm": len(shm), "sem": len(sem), "msg": len(msg), "mq": len(queue),
            "shmbytes": sum(-(-segment["size"] // page) * page for segment in shm),
            "msgbytes": sum(row["cbytes"] for row in msg),
            "mqbytes": sum(row["qsize"] for row in queue.values())},
           f"{name}: counts and bytes of the list")
    return row


def listed(t, inode, name):
    """What list and lsns both say of a namespace that has processes."""
    ours, theirs = tool.namespace(inode), witness.lsns()[inode]
    same = ("ns", "nprocs", "pid", "ppid", "uid", "user", "ons")
    t.same({**{key: ours[key] for key in same}, "state": ours["state"]},
           {**{key: theirs[key] for key in same}, "state": "active"},
           f"{name}: listed as lsns has it")
    return ours


def filemode(mode):
    """rw-r--r-- of permission bits."""
    return stat.filemode(mode)[1:]
