#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=120
"""System V message queues, against lsipc and /proc/sysvipc/msg inside, and who waits on them."""

from lib import calls, compare, tool, wire
from lib.member import Member, sleeping
from lib.tap import main, scene, until


def waiters(t, member, ident, members, name):
    """RECEIVERS and SENDERS, against what the members that were put to sleep are doing."""
    asleep = [sleeping(other.pid) for other in members]
    want = {"receivers": asleep.count(calls.NR_MSGRCV), "senders": asleep.count(calls.NR_MSGSND)}
    with wire.Socket() as link:
        nest = link.get("object", {"ns-inum": member.inode, "kind": wire.KIND["msg"],
                                   "id": ident})["msg"]
    t.same({key: nest[key] for key in want}, want, f"{name}: waiters on the wire")
    row, = tool.rows("objects", "--type", "msg", "-o", "ID,RECEIVERS,SENDERS", member.inode)
    t.same(row, {"id": ident, **want}, f"{name}: waiters in the table")
    return want


@scene("messages come and go")
def traffic(t):
    with Member() as member, Member(join=member.pid) as other:
        ident = member.call(calls.msgget, 0x41, 0o640)
        row, = compare.sysv(t, member.pid, member.inode, "msg", "new").values()
        t.same((row["send"] or None, row["recv"] or None), (None, None), "never used")
        for size in (1, 100, 8192):
            member.call(calls.msgsnd, ident, b"x" * size, 5)
        member.call(calls.msgsnd, ident, b"", 6)
        row, = compare.sysv(t, member.pid, member.inode, "msg", "four sent").values()
        t.same((row["msgs"], row["usedbytes"], row["lspid"], row["lrpid"]),
               (4, 8293, member.pid, None), "four messages, an empty one among them")
        compare.totals(t, member.pid, member.inode, "four sent")
        t.same(len(other.call(calls.msgrcv, ident)), 1, "another one receives")
        row, = compare.sysv(t, member.pid, member.inode, "msg", "one received").values()
        t.same((row["msgs"], row["lrpid"]), (3, other.pid), "LRPID is the receiver")
        member.call(calls.msg_set_qbytes, ident, 777)
        row, = compare.sysv(t, member.pid, member.inode, "msg", "smaller").values()
        t.same(row["qbytes"], 777, "QBYTES below what is in the queue")
        member.call(calls.msg_remove, ident)
        t.same(tool.objects("msg", member.inode), [], "gone when removed")


@scene("senders and receivers that sleep")
def asleep(t):
    with Member() as member:
        ident = member.call(calls.msgget, 0x42)
        others = [Member(join=member.pid) for _ in range(5)]
        for other in others[:2]:
            other.start(calls.msgrcv, ident, 100, 9)
            other.sleeps_in(calls.NR_MSGRCV)
        waiters(t, member, ident, others, "two receivers")
        member.call(calls.msg_set_qbytes, ident, 10)
        member.call(calls.msgsnd, ident, b"0123456789", 1)
        for other in others[2:]:
            other.start(calls.msgsnd, ident, b"more", 1)
            other.sleeps_in(calls.NR_MSGSND)
        want = waiters(t, member, ident, others, "and three senders")
        t.same(want, {"receivers": 2, "senders": 3}, "all five sleep")
        compare.sysv(t, member.pid, member.inode, "msg", "all asleep")
        member.call(calls.msgrcv, ident, 100, 1)
        until(lambda: sum(sleeping(o.pid) == calls.NR_MSGSND for o in others) == 1, "two send")
        waiters(t, member, ident, others, "two of them woken")
        compare.sysv(t, member.pid, member.inode, "msg", "two of them woken")
        for other in others:
            other.end()
        row, = tool.rows("objects", "--type", "msg", "-o", "RECEIVERS,SENDERS", member.inode)
        t.same(row, {"receivers": 0, "senders": 0}, "nobody waits when all are gone")


if __name__ == "__main__":
    main()
