#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=360
"""Processes that objects remember: alive, dead, not reaped, replaced by one with the same number.

What they still have to do with an object: adjustments, waits, open queues. Witnesses are /proc/PID,
semctl(2), and what the scenes did.
"""

import os
import signal

from access import contain
from lib import calls, module, tool, wire
from lib.member import Member
from lib.tap import Failed, main, scene, until

LARGE = 32000


def row_of(member, kind, ident):
    """An object on the wire; a queue by its name."""
    name = {"name": ident} if kind == "mq" else {"id": ident}
    with wire.Socket() as link:
        return link.get("object", {"ns-inum": member.inode, "kind": wire.KIND[kind], **name})


def states(row, creator=False):
    """{process: whether it exists} of those that an object remembers; or that of its creator."""
    bits = {"gone": False, "there": True}
    return {name: state for attribute, state in bits.items()
            for bit, name in enumerate(wire.REMEMBERED)
            if row.get(attribute, 0) & 1 << bit and (name == "creator") == creator}


def use_again(pid):
    """A new process that gets the number of one that has ended; it sleeps."""
    for _ in range(50):
        with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
            file.write(str(pid - 1))
        child = os.fork()
        if not child:
            calls.die_with_parent()
            calls.pause()
        if child == pid:
            return child
        calls.end_children([child])
    raise Failed(f"no new process has got pid {pid}")


def exists(pid):
    return os.path.exists(f"/proc/{pid}")


@scene("a segment's creator and last user: there, a zombie, gone, and the number used again")
def segment(t):
    with Member() as member:
        with Member(join=member.pid) as maker:
            ident = maker.call(calls.shmget, 0x51, 4096)
            pid = maker.pid
            t.same(states(row_of(member, "shm", ident)), {"cpid": True},
                   "the creator is there; nobody has attached it")
            member.call(calls.shmdt, member.call(calls.shmat, ident))
            t.same(states(row_of(member, "shm", ident)), {"cpid": True, "lpid": True}, "attached")
            row, = tool.objects("shm", member.inode)
            t.same((row["cpid"], bool(row["command"])), (pid, True), "CPID and COMMAND")
            os.kill(pid, signal.SIGKILL)
            until(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT), "a zombie")
            t.ok(exists(pid), "/proc still has the zombie")
            t.same(states(row_of(member, "shm", ident))["cpid"], True, "a zombie is there")
        t.ok(not exists(pid), "reaped")
        row = row_of(member, "shm", ident)
        t.same((states(row), row["shm"]["cpid"]), ({"cpid": False, "lpid": True}, pid),
               "the creator is gone; its number stays")
        again = use_again(pid)
        t.ok(exists(pid), "another process has the number")
        t.same(states(row_of(member, "shm", ident))["cpid"], False, "which is not the creator")
        row, = tool.objects("shm", member.inode)
        t.same((row["cpid"], row["command"]), (pid, None), "CPID stays, COMMAND is nobody's")
        t.same(tool.rows("objects", "--pid", pid, member.inode), [],
               "--pid: the new process has nothing to do with it")
        t.same([row["id"] for row in tool.rows("objects", "--orphans", member.inode)], [ident],
               "it is an orphan all the same")
        calls.end_children([again])


def in_thread(function, *args):
    """Runs it in a thread that ends; the result."""
    import threading    # pylint: disable=import-outside-toplevel
    found = []
    thread = threading.Thread(target=lambda: found.append(function(*args)))
    thread.start()
    thread.join()
    return found[0]


@scene("a thread that has ended is its process; exec changes nothing")
def thread(t):
    with Member() as member:
        ident = member.call(in_thread, calls.shmget, 0x52, 4096)
        row = row_of(member, "shm", ident)
        t.same((states(row), row["shm"]["cpid"]), ({"cpid": True}, member.pid), "its process")
        member.start(os.execvp, "sleep", ["sleep", "1000"])
        until(lambda: tool.objects("shm", member.inode)[0]["command"] == "sleep 1000",
              "COMMAND is the new program")
        t.same(states(row_of(member, "shm", ident)), {"cpid": True}, "the same process")


@scene("a queue's last sender and receiver")
def queue(t):
    with Member() as member, Member(join=member.pid) as sender:
        ident = member.call(calls.msgget, 0x53)
        t.same(states(row_of(member, "msg", ident)), {}, "nobody has sent or received")
        with Member(join=member.pid) as receiver:
            sender.call(calls.msgsnd, ident, b"one")
            t.same(states(row_of(member, "msg", ident)), {"lspid": True}, "sent")
            receiver.call(calls.msgrcv, ident)
            t.same(states(row_of(member, "msg", ident)), {"lspid": True, "lrpid": True},
                   "received")
            pid = receiver.pid
        t.same(states(row_of(member, "msg", ident)), {"lspid": True, "lrpid": False},
               "the receiver has gone")
        row, = tool.objects("msg", member.inode)
        t.same(row["lrpid"], pid, "LRPID stays")


def set_state(member, ident):
    return states(row_of(member, "sem", ident)).get("sempids")


@scene("those who changed semaphores, as one")
def semaphores(t):
    with Member() as member:
        small = member.call(calls.semget, 0x54, 3)
        large = member.call(calls.semget, 0x55, LARGE)
        t.same((set_state(member, small), set_state(member, large)), (None, None),
               "nobody has changed one")
        with Member(join=member.pid) as first, Member(join=member.pid) as second:
            first.call(calls.semop, small, (0, 1))
            second.call(calls.semop, small, (2, 1))
            first.call(calls.sem_set_all, large, [1] * LARGE)
            second.call(calls.semop, large, (LARGE - 1, 1))
            second_pid = second.pid
            first.end()
            t.same((set_state(member, small), set_state(member, large)), (True, True),
                   "one has ended, the other is there")
            rows = tool.elements(small, member.inode)
            t.same([bool(row["command"]) for row in rows], [False, False, True],
                   "COMMAND of elements: the one who is there")
            t.same([bool(row["pid"]) for row in rows], [True, False, True], "PID stays")
        t.same((set_state(member, small), set_state(member, large)), (False, False),
               "all have ended")
        again = use_again(second_pid)
        t.same(set_state(member, small), False, "also where a number is used again")
        rows = tool.elements(small, member.inode)
        t.same((rows[2]["pid"], rows[2]["command"]), (second_pid, None), "COMMAND is nobody's")
        t.same(tool.rows("objects", "--pid", second_pid, "--type", "sem", member.inode), [],
               "--pid: the new process has changed nothing")
        with wire.Socket() as link:
            found = link.dump("element", {"ns-inum": member.inode, "kind": 1, "id": small})
        t.same([("gone" in row, "there" in row) for row in found],
               [(True, False), (False, False), (True, False)], "the same of each element")
        calls.end_children([again])


@scene("adjustments and waits")
def undos(t):
    def numbers(ident):
        sem = row_of(member, "sem", ident)["sem"]
        return sem.get("undos"), sem.get("waiters")

    with Member() as member:
        ident = member.call(calls.semget, 0x56, 4)
        t.same(numbers(ident), (0, 0), "a new set: none")
        member.call(calls.semop, ident, (1, 1))
        t.same(numbers(ident), (0, 0), "without SEM_UNDO: none")
        with Member(join=member.pid) as user, Member(join=member.pid) as other:
            user.call(calls.semop, ident, (0, 1, calls.SEM_UNDO), (3, 2, calls.SEM_UNDO))
            other.call(calls.semop, ident, (0, 1, calls.SEM_UNDO))
            t.same(numbers(ident), (3, 0), "two semaphores of one process, one of another")
            other.call(calls.semop, ident, (0, -1, calls.SEM_UNDO))
            t.same(numbers(ident), (2, 0), "an adjustment of zero is none")
            user.start(calls.semop, ident, (2, -1))
            other.start(calls.semop, ident, (2, -1), (3, 0))
            for process in (user, other):
                process.sleeps_in(calls.NR_SEMTIMEDOP)
            t.same(numbers(ident), (2, 2), "two wait")
            t.same(sum(member.call(calls.semctl, ident, num, command) for num in range(4)
                       for command in (calls.GETNCNT, calls.GETZCNT)), 2, "semctl(2) says so, too")
            row, = tool.rows("objects", "--type", "sem", "-o", "UNDOS,WAITERS", member.inode)
            t.same((row["undos"], row["waiters"]), (2, 2), "UNDOS and WAITERS")
        until(lambda: numbers(ident) == (0, 0), "both were killed")
        t.same(member.call(calls.semctl, ident, 3, calls.GETVAL), 0, "and undone")


@scene("adjustments of a large set: counted, or unknown")
def many_undos(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x57, LARGE)
        users = [Member(join=member.pid) for _ in range(5)]
        for number, user in enumerate(users, 1):
            user.call(calls.semop, ident, (LARGE - 1, 1, calls.SEM_UNDO))
            found = row_of(member, "sem", ident)["sem"].get("undos")
            if number <= 2:
                t.same(found, number, f"{number} lists of {LARGE}: counted")
        t.same(found, None, "five: unknown, not 0")
        row, = tool.rows("objects", "--type", "sem", "-o", "UNDOS", member.inode)
        t.same(row["undos"], None, "UNDOS is null")
        for user in users:
            user.end()
        until(lambda: row_of(member, "sem", ident)["sem"].get("undos") == 0, "all have ended")


def opens_of(member, name):
    """OPENS and the attribute must be the same."""
    row = row_of(member, "mq", name)
    return row["mq"].get("opens")


@scene("how often a queue is open")
def opens(t):
    with Member() as member, Member(join=member.pid) as other:
        first = member.call(calls.mq_open, b"kept")
        t.same(opens_of(member, b"kept"), 1, "open once")
        member.call(os.close, first)
        t.same(opens_of(member, b"kept"), 0, "closed")
        row, = tool.rows("objects", "--type", "mq", "-o", "NAME,OPENS,OPENERS", member.inode)
        t.same((row["opens"], row["openers"]), (0, []), "OPENS is 0, nobody in OPENERS")

        first = member.call(calls.mq_open, b"kept")
        second = other.call(calls.mq_open, b"kept")
        t.same(opens_of(member, b"kept"), 2, "by two processes")
        pids = member.call(calls.sleepers, 2, calls.pause)
        t.same(opens_of(member, b"kept"), 2, "children share what their parent opened")
        member.call(os.close, first)
        other.call(os.close, second)
        t.same(opens_of(member, b"kept"), 1, "closed by both, the children have it still")
        member.call(calls.mq_unlink, b"kept")
        rows = tool.rows("objects", "--type", "mq", "-o", "NAME,OPENS,STATUS", member.inode)
        t.same([(row["opens"], row["status"]) for row in rows], [(1, "unlinked")],
               "unlinked, and the children have it open")
        member.call(calls.end_children, pids)
        until(lambda: not tool.objects("mq", member.inode), "the last one has ended")


def mounted(name):
    """Mounts the caller's queues, and opens one by its path (O_PATH); the descriptor."""
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount("none", "/", flags=0x44000)     # MS_REC | MS_PRIVATE
    calls.mount("none", "/mnt", "mqueue")
    return os.open(f"/mnt/{name}", os.O_PATH)


@scene("a queue that is found through a mount")
def by_path(t):
    with Member() as member:
        member.call(os.close, member.call(calls.mq_open, b"path"))
        fd = member.call(mounted, "path")
        t.same(opens_of(member, b"path"), 1, "an O_PATH descriptor counts")
        member.call(os.close, fd)
        t.same(opens_of(member, b"path"), 0, "a mount that nobody looks into does not")


def in_child(function, *args):
    """Runs it in a child; whether it returned true."""
    pid = os.fork()
    if not pid:
        good = False
        try:
            good = function(*args)
        finally:
            os._exit(0 if good else 1)
    return not os.waitpid(pid, 0)[1]


def in_pid_namespace(function, *args):
    """The same in a new pid namespace; the caller's children are in it from now on."""
    calls.unshare(calls.CLONE_NEWPID)
    return in_child(function, *args)


def sees(inode, want):
    """Whether the caller is told {kind: states} of the objects of a namespace."""
    with wire.Socket() as link:
        rows = link.dump("object", {"ns-inum": inode})
    return {list(wire.KIND)[row["kind"]]: states(row) for row in rows} == want


def sees_orphans(inode, want):
    """Whether the caller is told of so many segments that they are orphans."""
    with wire.Socket() as link:
        rows = link.dump("object", {"ns-inum": inode})
    return sum(bool(row.get("shm", {}).get("orphan")) for row in rows) == want


def sees_own(inode):
    """The caller makes a segment, and a child another one, in a pid namespace of theirs."""
    in_child(calls.shmget, 0x59, 4096)
    calls.semop(calls.semget(0x58, 2), (1, 1))
    return sees(inode, {"shm": {"cpid": False}, "sem": {"sempids": True}, "msg": {}})


@scene("a reader learns nothing of processes that it cannot see")
@module.parameters("access=owner")
def hidden(t):
    with Member(0) as member:
        contain(member)
        with Member(join=member.pid) as gone:
            msqid = gone.call(calls.msgget, 0x58, 0o666)
            gone.call(calls.msgsnd, msqid, b"x")
            shmid = gone.call(calls.shmget, 0x5a, 4096, 0o666)
        t.ok(member.call(sees_orphans, member.inode, 1), "a segment's creator ended: an orphan")
        t.ok(member.call(in_child, in_pid_namespace, sees_orphans, member.inode, 0),
             "from a pid namespace of its own: that is not told")
        member.call(calls.shm_remove, shmid)
        semid = member.call(calls.semget, 0x58, 2, 0o666)
        member.call(calls.semop, semid, (0, 1))
        t.same(states(row_of(member, "msg", msqid)), {"lspid": False},
               "root sees one that has ended")
        t.ok(member.call(sees, member.inode, {"sem": {"sempids": True}, "msg": {"lspid": False}}),
             "so does the owner, in the same pid namespace")
        t.ok(member.call(in_child, in_pid_namespace, sees, member.inode, {"sem": {}, "msg": {}}),
             "from a pid namespace of its own: of both nothing")
        t.ok(member.call(in_child, in_pid_namespace, sees_own, member.inode),
             "but of those who are in it; one that is there and a hidden one: there")


if __name__ == "__main__":
    main()
