#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: smoke quick timeout=60
"""A little of everything, for a quick look."""

import json
import os

from lib import calls, compare, tool, witness
from lib.member import Member
from lib.tap import main, scene, until


def furnish():
    """One object of each kind; the segment attached."""
    calls.shmat(calls.shmget(0x1, 5000))
    calls.semop(calls.semget(0x2, 3), (1, 7))
    calls.msgsnd(calls.msgget(0x3), b"message")
    calls.mq_send(calls.mq_open(b"queue", 3, 30), b"text")


@scene("one of each kind")
def one(t):
    with Member() as member:
        member.call(furnish)
        compare.listed(t, member.inode, "one")
        compare.totals(t, member.pid, member.inode, "one")
        for kind in ("shm", "sem", "msg"):
            compare.sysv(t, member.pid, member.inode, kind, "one")
        compare.queues(t, member.pid, member.inode, "one", {b"queue": (3, 30, 1)})
        t.same([row["value"] for row in tool.elements(0, member.inode)], [0, 7, 0],
               "values of the semaphores")
        limits = {row["resource"]: row["limit"] for row in tool.rows("limits", member.inode)}
        t.same(str(limits["MSGMAX"]), witness.sysctls(member.pid)["kernel/msgmax"], "a limit")
        t.contains(tool.output("show", member.inode), str(member.inode), "show")
        text = tool.output("status")
        t.same(text.splitlines()[0], "Health: ok", "status begins with the verdict")
        t.contains(text, os.uname().release, "and names the kernel")
        status = json.loads(tool.output("status", "-J"))["status"]
        t.same((status["health"], status["problems"]), ("ok", []), "in JSON, too")


@scene("a namespace that only an attached segment keeps")
def attached(t):
    with Member() as member:
        member.call(furnish)
        inode = member.inode
        member.call(calls.setns, "/proc/1/ns/ipc")
        t.ok(inode not in witness.lsns(), "lsns has no row")
        row = tool.namespace(inode)
        t.same((row["state"], row["shm"]), ("pinned", 1), "list has one")
        t.same([row["nattch"] for row in tool.objects("shm", inode)], [1], "with its segment")
    until(lambda: inode not in tool.namespaces(), "gone with the process")


if __name__ == "__main__":
    main()
