#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=360
"""Namespaces without objects, with one of each kind, with 1,000 of each kind."""

import os

from lib import calls, compare, tool, witness
from lib.member import Member
from lib.tap import main, scene, until


@scene("a namespace without objects")
def empty(t):
    with Member() as member:
        row = compare.listed(t, member.inode, "empty")
        t.same([row[column] for column in
                ("shm", "sem", "msg", "mq", "shmbytes", "msgbytes", "mqbytes")], [0] * 7,
               "all counts and bytes are 0")
        t.same(tool.rows("objects", member.inode), [], "objects is an empty list")
        t.same(row["ons"], calls.owner_user_namespace(f"/proc/{member.pid}/ns/ipc"),
               "ONS is what NS_GET_USERNS says")
        comm = open(f"/proc/{member.pid}/comm", encoding="utf-8").read().strip()
        t.same(row["creator"], f"{comm}[{member.pid}]", "its creator is who unshared it")
        inode = member.inode
    row = tool.namespaces().get(inode)
    t.ok(not row or row["state"] == "dying", "with its only process it begins to die", row)
    until(lambda: inode not in tool.namespaces(), "the end of its teardown")
    t.ok(True, "and is gone")


@scene("the initial namespace is there, and holds what ipcmk made")
def initial(t):
    row = tool.namespace(calls.namespace_inode(1))
    t.same((row["pid"], row["state"]), (1, "active"), "its lowest pid is 1")
    made = [witness.inside(1, "ipcmk", *words).split()[-1]
            for words in (["-M", "12345"], ["-S", "7"], ["-Q"])]
    for kind, option, ident in zip(("shm", "sem", "msg"), ("-m", "-s", "-q"), made):
        compare.sysv(t, 1, row["ns"], kind, "initial")
        witness.inside(1, "ipcrm", option, ident)
    t.same(tool.rows("objects", row["ns"]), [], "empty again after ipcrm")


@scene("one object of each kind, made by commands and by calls")
def one(t):
    with Member() as member:
        witness.inside(member.pid, "ipcmk", "-M", "5000", "-p", "0640")
        witness.inside(member.pid, "ipcmk", "-S", "3", "-p", "0604")
        witness.inside(member.pid, "ipcmk", "-Q", "-p", "0622")
        fd = member.call(calls.mq_open, b"letters", 7, 300, 0o666)
        member.call(calls.mq_send, fd, b"some text", 3)
        member.call(calls.msgsnd, 0, b"a message")
        inode = member.inode
        compare.listed(t, inode, "one")
        compare.totals(t, member.pid, inode, "one")
        for kind in ("shm", "sem", "msg"):
            compare.sysv(t, member.pid, inode, kind, "one")
        compare.queues(t, member.pid, inode, "one", {b"letters": (7, 300, 1)})
        together(t, member.pid, inode)


def together(t, target, inode):
    """objects without a kind: NS TYPE KEY ID PERMS OWNER SIZE USED LINKS CTIME."""
    shm, = witness.sysvipc(target, "shm")
    sem, = witness.sysvipc(target, "sem")
    msg, = witness.sysvipc(target, "msg")
    (name, mq), = witness.mqueue(target).items()
    got = {row["type"]: row for row in tool.rows("objects", inode)}
    t.same(sorted(got), ["mq", "msg", "sem", "shm"], "one row for each kind")
    t.same([(row["ns"], row["owner"]) for row in got.values()], [(inode, "root")] * 4,
           "NS and OWNER of all kinds")
    for kind, ident, want in (("shm", "shmid", shm), ("sem", "semid", sem), ("msg", "msqid", msg)):
        t.same((got[kind]["key"], got[kind]["id"], got[kind]["perms"]),
               (f"0x{want['key'] & 0xffffffff:08x}", want[ident], compare.filemode(want["perms"])),
               f"KEY, ID and PERMS of {kind}")
        t.same(tool.seconds(got[kind]["ctime"]), want["ctime"], f"CTIME of {kind}")
    t.same((got["mq"]["key"], got["mq"]["perms"], tool.seconds(got["mq"]["ctime"])),
           ("/" + name.decode(), mq["perms"], mq["ctime"]), "KEY, PERMS and CTIME of mq")
    t.same({kind: row["links"] for kind, row in got.items()},
           {"shm": shm["nattch"], "sem": sem["nsems"], "msg": msg["qnum"], "mq": 1},
           "LINKS: attachments, semaphores, messages")
    t.same({kind: got[kind]["used"] for kind in ("shm", "msg", "mq")},
           {"shm": shm["rss"], "msg": msg["cbytes"], "mq": mq["qsize"]}, "USED")
    t.same(got["shm"]["size"], shm["size"], "SIZE of shm")


@scene("owner and mode changed after creation; keys of all sorts")
def changed(t):
    with Member() as member:
        for key in (0x1, 0x7fffffff, -1, -0x80000000, 0):
            shm = member.call(calls.shmget, key, 4096)
            sem = member.call(calls.semget, key, 1)
            msg = member.call(calls.msgget, key)
        member.call(calls.shm_chown, shm, 1000, 65534, 0o644)
        member.call(calls.sem_chown, sem, 65534, 1000, 0o600)
        member.call(calls.msg_chown, msg, 4321, 4322, 0o777)
        for kind in ("shm", "sem", "msg"):
            ours = compare.sysv(t, member.pid, member.inode, kind, "changed")
            t.same(len(ours), 5, f"all five {kind}")
        t.same(tool.by_id(tool.objects("msg", member.inode))[msg]["owner"], "4321",
               "an owner without a name is a number")


def fill(count):
    """Makes many objects of each kind, different from each other."""
    calls.unlimited_queues()
    witness.set_sysctl("fs/mqueue/queues_max", count)
    for number in range(1, count + 1):
        calls.shmget(number, number * 100, number & 0o777)
        semid = calls.semget(number, 1 + number % 9, 0o600 | number & 0o77)
        calls.semop(semid, (0, number))
        msqid = calls.msgget(number, 0o600 | number & 0o77)
        calls.msgsnd(msqid, b"x" * (number % 50 + 1))
        fd = calls.mq_open(b"queue-%d" % number, 1 + number % 5, 100 + number)
        calls.mq_send(fd, b"y" * (number % 100))
        os.close(fd)


@scene("1,000 objects of each kind in one namespace")
def thousand(t):
    with Member() as member:
        member.call(fill, 1000)
        compare.totals(t, member.pid, member.inode, "thousand")
        for kind in ("shm", "sem", "msg"):
            compare.sysv(t, member.pid, member.inode, kind, "thousand")
        compare.queues(t, member.pid, member.inode, "thousand",
                       {b"queue-%d" % n: (1 + n % 5, 100 + n, 1) for n in range(1, 1001)})
        t.same(len(tool.rows("objects", member.inode)), 4000, "4,000 rows without a kind")
        t.same(len(tool.output("objects", "-r", "-n", member.inode).splitlines()), 4000,
               "4,000 raw lines")
        for ident in range(0, 1000, 2):
            member.call(calls.shm_remove, witness_id(ident))
        compare.sysv(t, member.pid, member.inode, "shm", "half of them removed")


def witness_id(index):
    """The id of the first object in a slot of a new namespace: its sequence number is 0."""
    return index


if __name__ == "__main__":
    main()
