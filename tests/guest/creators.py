#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=600
"""Who created objects, and when: by processes whose numbers the scenes know."""

import contextlib
import errno
import os
import subprocess
import time

from access import contain
from lib import calls, module, tool, wire
from lib.member import Member
from lib.tap import QUICK, main, scene, until
from remembered import in_child, in_pid_namespace, states, use_again
from users import become

MANY = 17000    # semaphore sets of one namespace; the table of creators has room for 32,768 in all


def creators(inode):
    """{(kind, id): creator} of a namespace, None where it is not known."""
    with wire.Socket() as link:
        return {(list(wire.KIND)[row["kind"]], row["id"]): row.get("creator")
                for row in link.dump("object", {"ns-inum": inode})}


def creator_of(inode, kind):
    """(pid, name, uid, whether the process exists) of the only object of a kind."""
    with wire.Socket() as link:
        row, = link.dump("object", {"ns-inum": inode, "kind": wire.KIND[kind]})
    one = row.get("creator")
    return one and (one.get("pid"), one.get("comm"), one.get("uid"),
                    states(row, True).get("creator"))


def inside(member, *command):
    """Runs a command in the member's namespace; its pid."""
    process = subprocess.Popen(["nsenter", f"--ipc=/proc/{member.pid}/ns/ipc", *command],
                               stdout=subprocess.DEVNULL)
    if process.wait():
        raise OSError(f"{command} has failed")
    return process.pid


def make_each(name=b"each"):
    """One object of each System V kind, and a queue."""
    calls.shmget(0, 4096)
    calls.semget(0, 2)
    calls.msgget(0)
    return calls.mq_open(name)


@scene("an object of each kind by a command, and by a process that lives")
def each(t):
    for option, kind in (("-M", "shm"), ("-S", "sem"), ("-Q", "msg")):
        with Member() as member:
            begin = time.time_ns()
            pid = inside(member, "ipcmk", option, *(["5"] if kind != "msg" else []))
            t.same(creator_of(member.inode, kind), (pid, b"ipcmk", 0, False),
                   f"{kind}: ipcmk, which has ended")
            when = next(iter(creators(member.inode).values()))["time"]
            t.ok(begin - 20e6 < when < time.time_ns(), f"{kind}: when it ran", begin, when)
            row, = tool.rows("objects", "--type", kind, "-o", "CREATOR,CREATED,CTIME",
                             member.inode)
            t.same(row["creator"], f"ipcmk[{pid}]", f"{kind}: CREATOR")
            t.ok(abs(tool.seconds(row["created"]) - tool.seconds(row["ctime"])) <= 1,
                 f"{kind}: CREATED", row)
    with Member() as member:
        member.call(calls.set_comm, "a maker")
        member.call(make_each)
        for kind in wire.KIND:
            t.same(creator_of(member.inode, kind), (member.pid, b"a maker", 0, True),
                   f"{kind}: the member, which is there")
        rows = tool.rows("objects", "-o", "TYPE,CREATOR", member.inode)
        t.same({row["type"]: row["creator"] for row in rows},
               {kind: f"a maker[{member.pid}]" for kind in wire.KIND}, "CREATOR of all kinds")
        with Member(join=member.pid) as other:
            other.call(calls.shmat, tool.objects("shm", member.inode)[0]["id"])
            other.call(calls.mq_open, b"each")
            t.same([creator_of(member.inode, kind)[0] for kind in ("shm", "mq")],
                   [member.pid] * 2, "who uses them later is not their creator")


def make_sets(count):
    return [calls.semget(0, 1) for _ in range(count)]


@scene("many objects by many processes; removed, and others in their place")
def many(t):
    with Member() as member:
        want = {}
        for turn in range(2):
            with contextlib.ExitStack() as stack:
                others = [stack.enter_context(Member(join=member.pid)) for _ in range(3)]
                for other in others:
                    want.update({("sem", semid): other.pid for semid in
                                 other.call(make_sets, 20)})
                got = {key: one and one["pid"] for key, one in creators(member.inode).items()}
                t.same(got, want, f"turn {turn}: the creator of each")
                for _, semid in list(want)[::2]:
                    member.call(calls.sem_remove, semid)
                    del want["sem", semid]
        got = {key: one and one["pid"] for key, one in creators(member.inode).items()}
        t.same(got, want, "those that are left have theirs")


def fails(function, *args):
    """The name of the error."""
    try:
        function(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "none"


@scene("creations that fail")
def failed(t):
    with Member() as member, Member(join=member.pid) as other:
        with open("/proc/sys/kernel/sem", encoding="ascii") as file:
            t.note(file.read())
        member.call(set_limit, "kernel/sem", "250 32000 32 1")
        t.same(other.call(calls.semget, 0x71, 1), 0, "the first set")
        for _ in range(50):
            if member.call(fails, calls.semget, 0x72, 1) != "ENOSPC":
                break
        else:
            t.ok(True, "50 creations fail: ENOSPC")
        t.same(creator_of(member.inode, "sem")[0], other.pid, "the first set has its creator")
        other.call(calls.sem_remove, 0)
        member.call(calls.semget, 0x72, 1)
        t.same(creator_of(member.inode, "sem")[0], member.pid, "and the next one has its own")
        member.call(set_limit, "fs/mqueue/queues_max", "1")
        first = other.call(calls.mq_open, b"one")
        t.same(member.call(in_child, drop_and_fail), True, "a queue too many: ENOSPC")
        t.same(creator_of(member.inode, "mq")[0], other.pid, "the queue has its creator")
        other.call(os.close, first)


def set_limit(name, value):
    with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
        file.write(value)


def drop_and_fail():
    """CAP_SYS_RESOURCE is above the limit on queues."""
    become(1000, 1000)
    return fails(calls.mq_open, b"two") == "ENOSPC"


@scene("queues: unlinked, open, and another of the same name")
def queues(t):
    with Member() as member, Member(join=member.pid) as other:
        first = member.call(calls.mq_open, b"name")
        member.call(calls.mq_unlink, b"name")
        t.same(creator_of(member.inode, "mq")[0], member.pid, "unlinked, and open")
        second = other.call(calls.mq_open, b"name")
        got = sorted(one["pid"] for one in creators(member.inode).values())
        t.same(got, sorted([member.pid, other.pid]), "beside another of the same name")
        member.call(os.close, first)
        t.same(creator_of(member.inode, "mq")[0], other.pid, "the first is gone")
        other.call(os.close, second)
        other.call(calls.mq_unlink, b"name")
        member.call(calls.mq_open, b"name")
        t.same(creator_of(member.inode, "mq")[0], member.pid, "once more, by the first")


@scene("a creator's number that is used again, a thread, another pid namespace")
def processes(t):
    with Member() as member:
        with Member(join=member.pid) as maker:
            maker.call(calls.semget, 0x73, 1)
            pid = maker.pid
        again = use_again(pid)
        t.same(creator_of(member.inode, "sem"), (pid, b"python3", 0, False),
               "another process has the number: the creator has ended")
        calls.end_children([again])
    with Member() as member:
        t.ok(member.call(in_child, in_pid_namespace, calls.msgget, 0x74) is False, "msqid 0")
        pid, name, uid, there = creator_of(member.inode, "msg")
        t.ok(pid > 2 and (name, uid, there) == (b"python3", 0, False),
             "in a pid namespace of its own: the number outside", pid)


@scene("who sees creators")
@module.parameters("access=owner")
def seen(t):
    with Member(0) as member:
        contain(member)
        member.call(calls.shmget, 0x75, 4096, 0o666)
        with Member(join=member.pid) as gone:
            gone.call(calls.msgget, 0x76, 0o666)
        t.same(creator_of(member.inode, "shm")[1:], (b"python3", 1000, True),
               "root sees all of it")
        t.same(member.call(creator_of, member.inode, "shm"), (member.pid, b"python3", 0, True),
               "the owner of the namespace its own process, by its own ids")
        t.ok(member.call(in_child, in_pid_namespace, sees_time_only, member.inode),
             "from a pid namespace of its own: when, and not who")
    with Member() as member:
        member.call(calls.shmget, 0x77, 4096, 0o666)
        member.call(become, 1000, 1000)
        t.same(member.call(creator_of, member.inode, "shm"), None,
               "a user in a namespace of root's: nothing, as with ipcs(1)")


def sees_time_only(inode):
    with wire.Socket() as link:
        rows = link.dump("object", {"ns-inum": inode})
    return len(rows) == 2 and all(row["creator"].keys() == {"time"} and
                                  not states(row, True) for row in rows)


@scene("objects that are older than the module")
def older(t):
    with Member() as member:
        member.call(calls.semget, 0x78, 1)
        module.unload()
        module.load()
        t.same(creator_of(member.inode, "sem"), None, "no creator")
        row, = tool.rows("objects", "--type", "sem", "-o", "CREATOR,CREATED", member.inode)
        t.same(row, {"creator": None, "created": None}, "null")
        member.call(calls.shmget, 0x78, 4096)
        t.same(creator_of(member.inode, "shm")[0], member.pid, "a younger one has its own")


def status():
    with wire.Socket() as link:
        found = link.get("status")
    return found["creators"], found["creators-dropped"]


@scene("more objects than there is room for")
def crowd(t):
    if QUICK:
        t.skip("a full table", "quick")
        return
    with Member() as first, Member() as second:
        before = status()
        mine = first.call(make_sets, 10)
        t.same(status()[0], before[0] + 10, "status counts them")
        for semid in mine:
            first.call(calls.sem_remove, semid)
        t.same(status()[0], before[0], "and forgets those that are removed")
        for member in (first, second):
            member.call(make_sets, MANY)
        known, dropped = status()
        t.ok(known <= 32768 and dropped - before[1] >= 2 * MANY - 32768,
             "the table is full; it says how many were dropped", known, dropped)
        found = {member.pid: [one["pid"] for one in creators(member.inode).values() if one]
                 for member in (first, second)}
        t.ok(all(set(pids) == {pid} for pid, pids in found.items()),
             "nobody is named for another one's")
        t.ok(known - sum(map(len, found.values())) <= before[0] + 10, "all of them are right",
             known, {pid: len(pids) for pid, pids in found.items()})
    until(lambda: status()[0] <= before[0] + 10, "ends of namespaces forget all", timeout=60)


if __name__ == "__main__":
    main()
