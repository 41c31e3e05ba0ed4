#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick memory=3G timeout=360 sanitize
"""Inside of one object: semaphores, messages, who waits for what, and whose end changes what."""

import errno
import json
import os
import random
import threading
import time

from lib import calls, module, tool, wire, witness
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until


def ask(what, member, kind, ident):
    """element-get or waiter-get of one object; ident is the name of a queue."""
    of = {"name": ident} if isinstance(ident, bytes) else {"id": ident}
    inode = member if isinstance(member, int) else member.inode
    with wire.Socket() as link:
        rows = link.dump(what, {"ns-inum": inode, "kind": wire.KIND[kind], **of})
    for row in rows:
        if ((row["ns-inum"], row["kind"]) != (inode, wire.KIND[kind]) or
                not of.items() <= row.items()):
            raise ValueError(f"{what}: not what was asked for: {row}")
    return rows


def waiters(member, kind, ident, role, *names):
    """Tuples (pid, and what is asked for) of the waiters of a role, sorted."""
    return sorted(tuple(row.get(name) for name in ("pid", *names))
                  for row in ask("waiter", member, kind, ident) if wire.ROLE[row["role"]] == role)


def part(member, kind, ident, root, columns, option):
    """One part of what ipcnsctl shows of an object: tuples, sorted."""
    which = ["--name", ident] if kind == "mq" else ["--id", ident]
    rows = tool.rows("objects", "--type", kind, *which, *option.split(), "-o", columns,
                     member.inode, root=root)
    return sorted(tuple(row[name] for name in columns.lower().split(",")) for row in rows)


def asleep(member, number, others):
    """Members that each sleep in a call: others are (function, arguments)."""
    found = []
    for function, *arguments in others:
        other = Member(join=member.pid)
        other.start(function, *arguments)
        other.sleeps_in(number)
        found.append(other)
    return found


def end(members):
    """Ends them."""
    for member in members:
        member.end()


# Semaphores

def semaphores(t, member, ident, nsems, name):
    """Every element, against semctl(2) inside."""
    rows = ask("element", member, "sem", ident)
    t.same([row["semval"] for row in rows], member.call(calls.sem_get_all, ident, nsems),
           f"{name}: values as GETALL inside")
    places = range(nsems) if nsems <= 300 else [*range(150), *range(nsems - 150, nsems)]
    want = [(row["semnum"], row["ncount"], row["zcount"], row["pid"])
            for row in member.call(calls.sem_elements, ident, list(places))]
    t.same([(rows[place]["semnum"], rows[place]["ncount"], rows[place]["zcount"],
             rows[place]["pid"]) for place in places if place < len(rows)], want,
           f"{name}: waiters and processes as GETNCNT, GETZCNT and GETPID inside")
    return rows


@scene("who sleeps on which semaphore, and what for")
def sleepers(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x71, 6)
        member.call(calls.sem_set_all, ident, [0, 5, 0, 1, 0, 0])
        # What each asks for, and the operation that blocks it.
        asked = [([(0, -1)], (0, -1, 1)), ([(0, -3)], (0, -3, 1)),
                 ([(1, 0)], (1, 0, 1)), ([(1, 0)], (1, 0, 1)),
                 ([(3, -1), (2, -1)], (2, -1, 2)),
                 ([(2, -1), (4, -1)], (2, -1, 2)),
                 ([(5, 0), (3, 0), (0, -1)], (3, 0, 3))]
        others = asleep(member, calls.NR_SEMTIMEDOP,
                        [(calls.semop, ident, *ops) for ops, _ in asked])

        def compare(left, name):
            semaphores(t, member, ident, 6, name)
            t.same(waiters(member, "sem", ident, "sem", "semnum", "semop", "nsops"),
                   sorted((others[place].pid, *asked[place][1]) for place in left),
                   f"{name}: who, on which, for what")
            t.same(part(member, "sem", ident, "waiters", "PID,SEMNUM,OP,NSOPS", "--waiters"),
                   waiters(member, "sem", ident, "sem", "semnum", "semop", "nsops"),
                   f"{name}: ipcnsctl objects --waiters has the same")

        compare(range(7), "seven")
        # The first of two operations can be done now, the second blocks.
        member.call(calls.semop, ident, (2, 1))
        others[4].result()
        asked[6] = asked[6][0], (0, -1, 3)      # semaphore 3 is 0 now; the next one blocks
        compare([0, 1, 2, 3, 5, 6], "one woken")
        found = waiters(member, "sem", ident, "sem", "semnum", "semop", "nsops")
        t.same([row for row in found if row[0] == others[5].pid], [(others[5].pid, 2, -1, 2)],
               "who was not woken still waits for the same")
        others[2].end()
        until(lambda: member.call(calls.semctl, ident, 1, calls.GETZCNT) == 1, "one killed")
        compare([0, 1, 3, 5, 6], "one killed")
        end(others)
        until(lambda: not ask("waiter", member, "sem", ident), "nobody waits")
        semaphores(t, member, ident, 6, "nobody")


NSEMS = 2000 if QUICK else 32000
UNDOS, UNDOERS = (400, 100) if QUICK else (5000, 300)


@scene(f"a set of {NSEMS:,} semaphores")
def large(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x72, NSEMS)
        values = [place * 7919 % 32768 for place in range(NSEMS)]
        member.call(calls.sem_set_all, ident, values)
        places = (0, 255, 256, 257, NSEMS - 1)
        for place in places:
            member.call(calls.semctl, ident, place, calls.SETVAL, 0)
            values[place] = 0
        others = asleep(member, calls.NR_SEMTIMEDOP,
                        [(calls.semop, ident, (place, -1)) for place in places])
        rows = semaphores(t, member, ident, NSEMS, "large")
        t.same([row["semval"] for row in rows], values, "large: the values that were set")
        t.same([row["semnum"] for row in rows], list(range(NSEMS)), "large: in order, each once")
        t.same(waiters(member, "sem", ident, "sem", "semnum", "semop"),
               sorted((other.pid, place, -1) for other, place in zip(others, places)),
               "each on its own")
        end(others)


def crowd(ident, count):
    """Threads that wait, all for different things; returns when they are about to."""
    threading.stack_size(65536)
    for place in range(count):
        threading.Thread(target=calls.semop, args=(ident, (place % 10, -1 - place)),
                         daemon=True).start()


@scene("500 waiters on one set")
def many_waiters(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x73, 10)
        with Member(join=member.pid) as other:
            other.call(crowd, ident, 500)
            until(lambda: sum(row["ncount"] for row in
                              member.call(calls.sem_elements, ident, range(10))) == 500,
                  "500 wait", 60)
            semaphores(t, member, ident, 10, "500")
            t.same(sorted((row[2], row[1]) for row in
                          waiters(member, "sem", ident, "sem", "semnum", "semop")),
                   sorted((-1 - place, place % 10) for place in range(500)),
                   "500: each of them, for what it asked for")
            t.same({row[0] for row in waiters(member, "sem", ident, "sem")}, {other.pid},
                   "500 threads of one process")
        until(lambda: not ask("waiter", member, "sem", ident), "all gone")


def adjustments(member, ident):
    """(pid, semaphore, change) of all."""
    return waiters(member, "sem", ident, "undo", "semnum", "semop")


@scene("adjustments: whose end changes which semaphore")
def undo(t):
    with Member() as member, Member(join=member.pid) as first, Member(join=member.pid) as second:
        ident = member.call(calls.semget, 0x74, 4)
        member.call(calls.sem_set_all, ident, [10, 10, 10, 10])
        flag = calls.SEM_UNDO
        first.call(calls.semop, ident, (0, -3, flag), (1, 2, flag))
        second.call(calls.semop, ident, (0, -1, flag))
        second.call(calls.semop, ident, (3, 5))
        second.call(calls.semop, ident, (2, -1, flag))
        second.call(calls.semop, ident, (2, 1, flag))   # and back: nothing to undo
        want = [(first.pid, 0, 3), (first.pid, 1, -2), (second.pid, 0, 1)]
        t.same(adjustments(member, ident), sorted(want), "two processes")
        t.same(part(member, "sem", ident, "undo", "PID,SEMNUM,ADJUST", "--undo"), sorted(want),
               "two processes: ipcnsctl objects --undo has the same")
        other = member.call(calls.semget, 0x75, 2)
        member.call(calls.semget, 0x76, 2)
        second.call(calls.semop, other, (1, 7, flag))
        rows = tool.rows("objects", "--undo", "-o", "NS,ID,PID,SEMNUM,ADJUST", member.inode,
                         root="undo")
        t.same(sorted(tuple(row.values()) for row in rows),
               sorted([(member.inode, ident, *row) for row in want] +
                      [(member.inode, other, second.pid, 1, -7)]), "all sets in one table")
        done = tool.ipcnsctl("objects", "--undo", "--type", "shm,sem")
        t.same((done.returncode, done.stdout), (1, ""), "near miss: segments have none")
        t.contains(done.stderr, "--undo is known of sem only", "and says so")

        def ends(process, name):
            """What is told beforehand is what its end does."""
            change = [0] * 4
            for pid, semnum, semop in adjustments(member, ident):
                if pid == process.pid:
                    change[semnum] += semop
            before = member.call(calls.sem_get_all, ident, 4)
            process.end()
            after = member.call(calls.sem_get_all, ident, 4)
            t.same([b - a for a, b in zip(before, after)], change,
                   f"{name}: its end changed what was told")
            t.ok(any(change), f"{name}: which is something", change)

        ends(first, "the first")
        t.same(adjustments(member, ident), [(second.pid, 0, 1)], "the other's is left")
        ends(second, "the second")
        t.same(adjustments(member, ident), [], "none is left")

        # A value that is set forgets the adjustments of that semaphore.
        with Member(join=member.pid) as third:
            third.call(calls.semop, ident, (0, -1, flag), (1, -1, flag))
            member.call(calls.semctl, ident, 0, calls.SETVAL, 4)
            t.same(adjustments(member, ident), [(third.pid, 1, 1)], "SETVAL forgets one")
            ends(third, "after SETVAL")


@scene("adjustments that processes share")
def shared_undo(t):
    flag = calls.SEM_UNDO
    with Member() as member, Member(join=member.pid) as other:
        ident = member.call(calls.semget, 0x75, 2)
        member.call(calls.sem_set_all, ident, [10, 10])
        # Threads share the list of their process.
        other.call(in_thread, ident)
        t.same(adjustments(member, ident), [(other.pid, 0, 2)], "by a thread: the process's")
        clone, = other.call(calls.clones, 1, calls.CLONE_VM | calls.CLONE_SYSVSEM)
        t.same(adjustments(member, ident), sorted([(other.pid, 0, 2), (clone, 0, 2)]),
               "shared by CLONE_SYSVSEM: both are named")
        other.call(calls.end_children, [clone])
        t.same(member.call(calls.sem_get_all, ident, 2), [8, 10],
               "the end of one that shares it changes nothing")
        t.same(adjustments(member, ident), [(other.pid, 0, 2)], "the other has it still")
        # A child has none of its parent's adjustments.
        child, = other.call(calls.attachers, 1)
        t.same(adjustments(member, ident), [(other.pid, 0, 2)], "a child shares nothing")
        other.call(calls.end_children, [child])
        other.end()
        t.same(member.call(calls.sem_get_all, ident, 2), [10, 10], "its end changes what was told")

        # One that left the namespace takes its adjustments along.
        with Member(join=member.pid) as gone:
            gone.call(calls.semop, ident, (1, -4, flag))
            t.same(adjustments(member, ident), [(gone.pid, 1, 4)], "before it leaves")
            gone.call(calls.setns, "/proc/1/ns/ipc")
            t.same((adjustments(member, ident), member.call(calls.sem_get_all, ident, 2)),
                   ([], [10, 10]), "setns(2) undoes at once")


def in_thread(ident):
    """semop(2) by a thread that ends."""
    thread = threading.Thread(target=calls.semop, args=(ident, (0, -2, calls.SEM_UNDO)))
    thread.start()
    thread.join()


@scene(f"{UNDOS:,} adjustments, and {UNDOERS} processes with one each", pace=5)
def many_undos(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x76, UNDOS)
        with Member(join=member.pid) as other:
            other.call(calls.undo_many, ident, UNDOS)
            t.same(adjustments(member, ident), [(other.pid, num, -1) for num in range(UNDOS)],
                   f"{UNDOS:,} of one process, each once")
        t.same(adjustments(member, ident), [], "gone with it")
        ident = member.call(calls.semget, 0x77, 1)
        member.call(calls.semctl, ident, 0, calls.SETVAL, 1000)
        pids = member.call(calls.sleepers, UNDOERS, calls.semop, ident, (0, -1, calls.SEM_UNDO))
        until(lambda: member.call(calls.semctl, ident, 0, calls.GETVAL) == 1000 - UNDOERS,
              f"{UNDOERS} adjusted", 60)
        t.same(adjustments(member, ident), sorted((pid, 0, 1) for pid in pids),
               f"{UNDOERS} processes")
        member.call(calls.end_children, pids)
        t.same(member.call(calls.semctl, ident, 0, calls.GETVAL), 1000, "and all undone")


# System V message queues

def messages(member, ident):
    """(type, size) of the messages of a queue, in their order."""
    return [(row["mtype"], row["size"]) for row in ask("element", member, "msg", ident)]


def by_type(sizes):
    """(type or priority, messages, bytes) from (type or priority, bytes) of each."""
    return sorted((kind, sum(each == kind for each, _ in sizes),
                   sum(size for each, size in sizes if each == kind))
                  for kind in {kind for kind, _ in sizes})


def send_many(ident, sizes):
    """Sends messages of (type, size)."""
    for mtype, size in sizes:
        calls.msgsnd(ident, bytes(size), mtype)


@scene("messages: types, sizes and order; 1,000 of them")
def msg_content(t):
    with Member() as member:
        ident = member.call(calls.msgget, 0x81)
        t.same(messages(member, ident), [], "an empty queue")
        sizes = [(5, 3), (1, 0), (2 ** 62, 8000), (7, 100), (5, 4090)]
        member.call(send_many, ident, sizes)
        t.same(messages(member, ident), sizes, "in the order they were sent")
        t.same(part(member, "msg", ident, "messages", "TYPE,MSGS,BYTES", "--messages"),
               by_type(sizes), "ipcnsctl objects --messages: by type")
        row, = witness.sysvipc(member.pid, "msg")
        t.same((len(sizes), sum(size for _, size in sizes)), (row["qnum"], row["cbytes"]),
               "as many, and as many bytes, as /proc/sysvipc/msg has inside")
        member.call(calls.msgrcv, ident, 8192, 7)
        t.same(messages(member, ident), [each for each in sizes if each[0] != 7],
               "one taken from the middle")
        for count in (255, 256, 257, 1000):
            ident = member.call(calls.msgget, 0x8100 + count)
            sizes = [(1 + place * 7 % 100, place % 16) for place in range(count)]
            member.call(send_many, ident, sizes)
            t.same(messages(member, ident), sizes, f"{count} messages, each once and in order")


LOOKED_AT = 65536       # messages that the module looks at in one hold of a queue's lock


def fill_queue(ident, count):
    """Sends empty messages, of which a queue takes as many as it takes bytes."""
    calls.msg_set_qbytes(ident, 200000)
    for _ in range(count):
        calls.msgsnd(ident, b"", 1 + _ % 2)


def seconds_to_read(member, ident):
    """How long element-get takes, answers not decoded; the best of three."""
    best = None
    for _ in range(3):
        begin = time.monotonic()
        with wire.Socket(1 << 17) as link:
            link.begin("element", {"ns-inum": member.inode, "kind": wire.KIND["msg"],
                                   "id": ident})
            while not link.ends(link.socket.recv(link.buffer)):
                pass
        best = min(best or 1e9, time.monotonic() - begin)
    return best


@scene("a queue of 100,000 empty messages", pace=2)
def msg_many(t):
    with Member() as member:
        idents = [member.call(calls.msgget, 0x8100 + place) for place in range(3)]
        for ident, count in zip(idents, (LOOKED_AT // 4, LOOKED_AT, 100000)):
            member.call(fill_queue, ident, count)
        took = [seconds_to_read(member, ident) for ident in idents]
        t.note("16,384, 65,536, 100,000 messages are read in"
               f" {', '.join(f'{1000 * each:.0f} ms' for each in took)}")
        t.ok(took[1] < 8 * took[0] + 0.1 and took[2] < 2 * took[1] + 0.1,
             "the time grows as the messages do, and ends to grow", took)
        rows = ask("element", member, "msg", idents[0])
        t.same((len(rows), "truncated" in rows[-1]), (LOOKED_AT // 4, False), "all of a quarter")
        rows = ask("element", member, "msg", idents[2])
        t.same((len(rows), rows[-1]["truncated"]), (LOOKED_AT + 1, 100000 - LOOKED_AT),
               "the first 65,536 of 100,000, and how many are left out")
        t.same([row["mtype"] for row in rows[:-1]], [1, 2] * (LOOKED_AT // 2),
               "in their order")
        half = LOOKED_AT // 2
        done = tool.ipcnsctl("objects", "--type", "msg", "--id", idents[2], "-J", member.inode)
        data = json.loads(done.stdout)
        t.same(([(row["type"], row["msgs"]) for row in data["messages"]],
                data["messages_truncated"], data["objects"][0]["msgs"], done.returncode),
               ([(1, half), (2, half)], 100000 - LOOKED_AT, 100000, 0),
               "JSON has how many are left out, and the queue's own count")
        done = tool.ipcnsctl("objects", "--type", "msg", "--id", idents[2], "--messages",
                             member.inode)
        t.same((done.returncode, done.stderr),
               (0, "ipcnsctl: truncated: the queue has 34464 messages more than were counted\n"),
               "and so says a line on stderr")
        data = tool.in_depth("msg", member.inode, "--id", idents[1])
        t.same(([row["msgs"] for row in data["messages"]], "messages_truncated" in data),
               ([half, half], False), "of 65,536 none is left out, and nothing is said")


@scene("who waits to receive, and which message")
def receivers(t):
    with Member() as member:
        ident = member.call(calls.msgget, 0x82)
        # msgrcv(2): type, flags; how it is told. (mode, type)
        modes = "any equal not-equal less-equal".split()
        asked = [(0, 0, 0, ("any", None)), (7, 0, 10, ("equal", 7)),
                 (7, calls.MSG_EXCEPT, 20, ("not-equal", 7)), (-9, 0, 30, ("less-equal", 9))]
        others = asleep(member, calls.NR_MSGRCV, [(calls.msgrcv, ident, size, mtype, flags)
                                                  for mtype, flags, size, _ in asked])
        rows = {row["pid"]: row for row in ask("waiter", member, "msg", ident)}
        t.same({pid: (wire.ROLE[row["role"]], modes[row["mode"]],
                      row["mtype"] if row["mode"] else None, row["size"], row["comm"])
                for pid, row in rows.items()},
               {other.pid: ("receiver", *told, size, b"python3")
                for other, (_, _, size, told) in zip(others, asked)}, "four receivers")
        t.same(part(member, "msg", ident, "waiters", "PID,ROLE,MODE,MTYPE,SIZE", "--waiters"),
               sorted((other.pid, "receiver", told[0], told[1] or 0, size)
                      for other, (_, _, size, told) in zip(others, asked)),
               "ipcnsctl objects --waiters has the same")
        # Too large for the first, who gets E2BIG; for the second.
        member.call(calls.msgsnd, ident, b"x", 7)
        t.same(others[1].result(), b"x", "one is served")
        t.same({row["pid"] for row in ask("waiter", member, "msg", ident)},
               {other.pid for other in others[2:]}, "the others still wait")
        end(others)
        until(lambda: not ask("waiter", member, "msg", ident), "nobody waits")


@scene("who waits to send to a full queue")
def senders(t):
    with Member() as member:
        ident = member.call(calls.msgget, 0x83)
        member.call(calls.msg_set_qbytes, ident, 100)
        member.call(calls.msgsnd, ident, bytes(90), 1)
        sizes = (20, 11, 100)
        others = asleep(member, calls.NR_MSGSND, [(calls.msgsnd, ident, bytes(size), 3)
                                                  for size in sizes])
        t.same(waiters(member, "msg", ident, "sender", "size"),
               sorted((other.pid, size) for other, size in zip(others, sizes)), "three senders")
        t.same(waiters(member, "msg", ident, "receiver"), [], "and no receiver")
        t.same(part(member, "msg", ident, "waiters", "PID,ROLE,SIZE", "--waiters"),
               sorted((other.pid, "sender", size) for other, size in zip(others, sizes)),
               "ipcnsctl objects --waiters has the same")
        member.call(calls.msgrcv, ident)
        until(lambda: len(waiters(member, "msg", ident, "sender")) < 3, "some were served")
        t.same(messages(member, ident)[0][0], 3, "what they sent is in the queue")
        end(others)


# POSIX queues

def mq_messages(member, name):
    """(priority, size) of the messages of a queue, in the order they will be received."""
    return [(row["prio"], row["size"]) for row in ask("element", member, "mq", name)]


def mq_send_many(fd, sizes):
    """Sends messages of (priority, size)."""
    for prio, size in sizes:
        calls.mq_send(fd, bytes(size), prio)


def mq_take(fd, count):
    """The sizes of the next messages."""
    return [len(calls.mq_receive(fd)) for _ in range(count)]


@scene("POSIX queues: messages by priority, 1,000 of them, and waiters")
def mq(t):
    with Member() as member:
        member.call(witness.set_sysctl, "fs/mqueue/msg_max", 2000)
        fd = member.call(calls.mq_open, b"queue", 10, 100)
        sizes = [(3, 5), (9, 6), (3, 7), (0, 0), (32767, 100), (9, 1)]
        member.call(mq_send_many, fd, sizes)
        want = sorted(sizes, key=lambda each: -each[0])
        t.same(mq_messages(member, b"queue"), want, "the highest first, in order within one")
        t.same(part(member, "mq", "/queue", "messages", "PRIO,MSGS,BYTES", "--messages"),
               by_type(sizes), "ipcnsctl objects --messages: by priority")
        with open(f"/proc/{member.pid}/fd/{fd}", encoding="ascii") as file:
            qsize = int(file.read().split()[0].partition(":")[2])
        t.same(sum(size for _, size in want), qsize, "as many bytes as its file says")

        random.seed(4)
        fd = member.call(calls.mq_open, b"large", 1000, 16)
        sizes = [(random.randrange(40), random.randrange(17)) for _ in range(1000)]
        member.call(mq_send_many, fd, sizes)
        want = sorted(sizes, key=lambda each: -each[0])
        t.same(mq_messages(member, b"large"), want, "1,000 in the order of priority")
        t.same(member.call(mq_take, fd, 1000), [size for _, size in want],
               "which is the order in which they are received")
        t.same(mq_messages(member, b"large"), [], "an empty queue")

        full = member.call(calls.mq_open, b"full", 1, 10)
        member.call(calls.mq_send, full, b"x")
        member.call(calls.mq_open, b"empty", 1, 10)
        others = [Member(join=member.pid) for _ in range(5)]
        for place, other in enumerate(others):
            name, function, argument, number = (
                (b"full", calls.mq_send, b"y", calls.NR_MQ_SEND) if place < 3 else
                (b"empty", calls.mq_receive, 10, calls.NR_MQ_RECEIVE))
            other.start(function, other.call(calls.mq_open, name), argument)
            other.sleeps_in(number)
        t.same(waiters(member, "mq", b"full", "sender"), sorted((o.pid,) for o in others[:3]),
               "three senders")
        t.same(waiters(member, "mq", b"full", "receiver"), [], "no receiver there")
        t.same(waiters(member, "mq", b"empty", "receiver"), sorted((o.pid,) for o in others[3:]),
               "two receivers")
        t.same([part(member, "mq", name, "waiters", "PID,ROLE", "--waiters")
                for name in ("/full", "/empty")],
               [sorted((other.pid, role) for other in some) for role, some in
                (("sender", others[:3]), ("receiver", others[3:]))],
               "ipcnsctl objects --waiters has the same")
        end(others)
        until(lambda: not ask("waiter", member, "mq", b"full"), "nobody waits")

        # The name can mean a queue that was unlinked, as long as there is no other.
        member.call(calls.mq_unlink, b"queue")
        t.same(len(mq_messages(member, b"queue")), 6, "unlinked: still by its name")
        other = member.call(calls.mq_open, b"queue", 2, 20)
        member.call(calls.mq_send, other, b"new", 1)
        t.same(mq_messages(member, b"queue"), [(1, 3)], "a new one of the same name: that")


@scene("readers in other namespaces")
@module.parameters("access=owner")
def readers(t):
    with Member() as member, Member(calls.CLONE_NEWUSER) as foreign:
        ident = member.call(calls.semget, 0x91, 1)
        for what in ("element", "waiter"):
            t.same(foreign.call(refusal, what, member.inode, ident), "ENOENT",
                   f"{what}: a foreign user namespace's root finds no such namespace")


def refusal(what, inode, ident):
    """The error of a request about a semaphore set."""
    try:
        ask(what, inode, "sem", ident)
    except wire.Refused as error:
        return errno.errorcode[error.errno]
    return "answered"


# Objects that go while they are read.

def replace(kind, seconds):
    """Makes, fills and removes the same object again and again; how often."""
    deadline, count = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        if kind == "msg":
            ident = calls.msgget(0x95)
            for place in range(400):
                calls.msgsnd(ident, b"xyz", place % 50 + 1)
            for _ in range(100):
                calls.msgrcv(ident)
            calls.msg_remove(ident)
        elif kind == "sem":
            ident = calls.semget(0x95, 2000)
            for first in range(0, 2000, 100):
                calls.semop(ident, *((num, 1, calls.SEM_UNDO) for num in
                                     range(first, first + 100)))
            calls.sem_remove(ident)
        else:
            fd = calls.mq_open(b"95", 600, 16)
            for place in range(500):
                calls.mq_send(fd, b"xyz", place % 50)
            os.close(fd)
            calls.mq_unlink(b"95")
        count += 1
    return count


@scene("removed while it is read: all of it, or an error; never anything else")
def removed(t):
    seconds = 4 * max(1, PACE / 3) if QUICK else 20
    for kind in ("msg", "sem", "mq"):
        with Member() as member, wire.Socket() as link, wire.Socket(4096) as slow:
            member.call(witness.set_sysctl, "fs/mqueue/msg_max", 1000)
            if kind == "msg":
                member.call(witness.set_sysctl, "kernel/msgmnb", 100000)
            inode = member.inode
            member.start(replace, kind, seconds)
            results, strange = {}, []
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                if kind == "mq":
                    of = [{"name": b"95"}]
                else:
                    rows = link.dump("object", {"ns-inum": inode, "kind": wire.KIND[kind]})
                    of = [{"id": row["id"]} for row in rows]
                for each in of:
                    for what in ("element", "waiter"):
                        request = {"ns-inum": inode, "kind": wire.KIND[kind], **each}
                        reader = slow if what == "element" else link
                        try:
                            rows = reader.dump(what, request)
                            how = "complete"
                            if any(row["ns-inum"] != inode for row in rows):
                                strange.append(rows)
                            if kind == "sem" and what == "element" and len(rows) != 2000:
                                strange.append(len(rows))
                        except wire.Refused as error:
                            how = errno.errorcode[error.errno]
                        results[how] = results.get(how, 0) + 1
            count = member.result()
            t.note(f"{kind}: {count} came and went, reads: {results}")
            t.ok(results.keys() <= {"complete", "ENOENT", "EIDRM"} and results.get("complete"),
                 f"{kind}: read to the end, or told that it is gone", results)
            t.same(strange, [], f"{kind}: nothing of anything else")
            t.ok(count > 3, f"{kind}: it came and went", count)
    with wire.Socket() as link:
        t.same(link.get("status")["dumps"], 0, "no dump is left open")


if __name__ == "__main__":
    main()
