#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=400
"""Who waits for semaphores and queues, in whose hand it is, and who waits for whom in a circle."""

import json
import os
import threading

from lib import calls, tool
from lib.member import Member
from lib.tap import QUICK, main, scene, until

TAKE = (0, -1, calls.SEM_UNDO)
GIVE = (0, 1, calls.SEM_UNDO)
MOST = 1024     # objects that are looked at without --all


def waiting(member, columns, *args):
    """Rows of ipcnsctl waiters of the namespace of a member: tuples, sorted by process."""
    table = tool.rows("waiters", "-o", columns, *args, member.inode, root="waiters")
    return sorted((tuple(row[name] for name in columns.lower().split(",")) for row in table),
                  key=str)


def blocked(member, number, function, *args):
    """A member that sleeps in a system call."""
    other = Member(join=member.pid)
    other.start(function, *args)
    other.sleeps_in(number)
    return other


def end(*members):
    """Ends them."""
    for member in members:
        member.end()


def mutexes(member, count):
    """Sets of one semaphore with the value 1 each."""
    idents = [member.call(calls.semget, 0x100 + place, 1) for place in range(count)]
    for ident in idents:
        member.call(calls.semctl, ident, 0, calls.SETVAL, 1)
    return idents


@scene("nobody waits")
def nobody(t):
    with Member() as member:
        mutexes(member, 3)
        t.same(waiting(member, "PID"), [], "no rows")
        t.same(json.loads(tool.output("waiters", "-J", member.inode)), {"waiters": []},
               "an empty list")


@scene("for whose hand a semaphore waits: undo, or else the last process")
def hands(t):
    with Member() as member, Member(join=member.pid) as owner, Member(join=member.pid) as last:
        first, second = mutexes(member, 2)
        owner.call(calls.semop, first, TAKE)
        last.call(calls.semop, second, (0, -1))
        witness = member.call(calls.sem_elements, second, [0])[0]["pid"]
        waiters = [blocked(member, calls.NR_SEMTIMEDOP, calls.semop, ident, operation)
                   for ident, operation in ((first, TAKE), (second, (0, -1)))]
        t.same(waiting(member, "PID,TYPE,KEY,ID,SEMNUM,OP,HOLDER,HELDBY,CYCLE"), sorted([
            (waiters[0].pid, "sem", "0x00000100", first, 0, -1, [owner.pid], "undo", None),
            (waiters[1].pid, "sem", "0x00000101", second, 0, -1, [witness], "last", None)],
            key=str), "who has taken it, and who was the last as GETPID has it")
        t.same(witness, last.pid, "who is the one that took it")
        # Its end gives the first one back.
        owner.end()
        waiters[0].result()
        t.same(waiting(member, "PID,HOLDER"), [(waiters[1].pid, [last.pid])], "one goes on")
        # To be zero: who has raised it, to be undone.
        ident = member.call(calls.semget, 0x200, 1)
        last.call(calls.semop, ident, GIVE)
        waiters.append(blocked(member, calls.NR_SEMTIMEDOP, calls.semop, ident, (0, 0)))
        t.same(waiting(member, "PID,ID,WAITSFOR,HOLDER,HELDBY", "--type", "sem")[-1:],
               [(waiters[2].pid, ident, "to be zero", [last.pid], "undo")], "to be zero")
        # A number that is used again names nobody: who was the last has ended.
        last.call(calls.semop, second, (0, 1))
        waiters[1].result()
        waiters.append(blocked(member, calls.NR_SEMTIMEDOP, calls.semop, second, (0, -1)))
        before = waiters[1].pid
        t.same(dict(waiting(member, "ID,HOLDER"))[second], [before], "the last one lives")
        waiters.pop(1).end()
        t.same([row for row in waiting(member, "ID,HOLDER,HELDBY") if row[0] == second],
               [(second, None, "gone")], "it has ended")
        end(*waiters)


@scene("for whose hand a queue waits")
def queues(t):
    with Member() as member, Member(join=member.pid) as sender, Member(join=member.pid) as taker:
        ident = member.call(calls.msgget, 0x300)
        sender.call(calls.msgsnd, ident, b"x" * 8000)
        sender.call(calls.msgsnd, ident, b"x" * 8000)
        sender.call(calls.msgsnd, ident, b"x" * 8)
        taker.call(calls.msgrcv, ident)
        taker.call(calls.msgsnd, ident, b"x" * 8000)
        waiters = [blocked(member, calls.NR_MSGSND, calls.msgsnd, ident, b"x" * 5000),
                   blocked(member, calls.NR_MSGRCV, calls.msgrcv, ident, 8192, 77)]
        t.same(waiting(member, "PID,ROLE,WAITSFOR,HOLDER,HELDBY"), sorted([
            (waiters[0].pid, "sender", "room for 5000 bytes", [taker.pid], "last"),
            (waiters[1].pid, "receiver", "type 77", [taker.pid], "last")], key=str),
            "its receiver for a sender, its last sender for a receiver")
        # POSIX: those who have it open.
        name = b"waiters"
        other = blocked(member, calls.NR_MQ_RECEIVE, receive, name)
        waiters.append(other)
        t.same(waiting(member, "PID,TYPE,KEY,WAITSFOR,HOLDER,HELDBY", "-t", "mq"),
               [(other.pid, "mq", "/waiters", "any message", [], None)], "nobody else has it open")
        sender.call(calls.mq_open, name, 1, 8)
        t.same(waiting(member, "PID,HOLDER,HELDBY", "-t", "mq"),
               [(other.pid, [sender.pid], "open")], "another one has it open")
        t.same(waiting(member, "PID", "-t", "sem"), [], "a kind that nobody waits for")
        inode = os.stat(f"/proc/{other.pid}/fd/{queue_descriptor(other.pid)}").st_ino
        t.same(waiting(member, "ID", "-t", "mq"), [(inode,)], "ID is its inode number")
        waiters.append(blocked(member, calls.NR_MQ_SEND, send, b"full", 2))
        t.same([row for row in waiting(member, "KEY,ROLE,WAITSFOR", "-t", "mq")
                if row[0] == "/full"], [("/full", "sender", "room for a message")], "a sender")
        end(*waiters)


def send(name, times):
    """Opens a queue with room for one message and sends some."""
    queue = calls.mq_open(name, 1, 8)
    for _ in range(times):
        calls.mq_send(queue, b"x")


def receive(name):
    """Opens a queue and receives from it."""
    calls.mq_receive(calls.mq_open(name, 1, 8), 8)


def queue_descriptor(pid):
    """A descriptor of a process that is a queue."""
    for fd in os.listdir(f"/proc/{pid}/fd"):
        if os.readlink(f"/proc/{pid}/fd/{fd}") == "/waiters":
            return fd
    raise ValueError("it has no queue open")


def take_two(pair, member, first, second):
    """The pair takes one semaphore each, then each waits for the other's."""
    pair[0].call(calls.semop, first, TAKE)
    pair[1].call(calls.semop, second, TAKE)
    pair[0].start(calls.semop, second, TAKE)
    pair[1].start(calls.semop, first, TAKE)
    for each in pair:
        each.sleeps_in(calls.NR_SEMTIMEDOP)
    return waiting(member, "PID,CYCLE")


def in_two_threads(ident):
    """One thread takes it and lives on, this one waits for it."""
    taken = threading.Event()

    def hold():
        calls.semop(ident, TAKE)
        taken.set()
        threading.Event().wait()

    threading.Thread(target=hold, daemon=True).start()
    taken.wait()
    calls.semop(ident, TAKE)


@scene("a circle is marked, and nobody else")
def circles(t):
    with Member() as member:
        idents = mutexes(member, 8)
        pair = [Member(join=member.pid), Member(join=member.pid)]
        found = take_two(pair, member, *idents[:2])
        t.same(found, sorted(((each.pid, 1) for each in pair), key=str), "two wait for each other")
        # One that waits for them waits, but is not part of it.
        more = [blocked(member, calls.NR_SEMTIMEDOP, calls.semop, idents[0], TAKE)]
        chain = Member(join=member.pid)
        chain.call(calls.semop, idents[2], TAKE)
        more.append(blocked(member, calls.NR_SEMTIMEDOP, calls.semop, idents[2], TAKE))
        cycles = dict(waiting(member, "PID,CYCLE"))
        t.same([cycles[each.pid] for each in more], [None, None],
               "who waits for them, and who waits for one that waits for nothing")
        chain.start(calls.semop, idents[0], TAKE)
        chain.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same(dict(waiting(member, "PID,CYCLE"))[chain.pid], None, "nor a chain that leads there")
        # One of them ends: the kernel gives its semaphore to the other.
        pair[0].end()
        pair[1].result()
        t.same({cycle for _, cycle in waiting(member, "PID,CYCLE")}, {None}, "one ends: no circle")
        end(pair[1], chain, *more)

        # Of three who have a share, the third can give it back.
        member.call(calls.semctl, idents[3], 0, calls.SETVAL, 3)
        three = [Member(join=member.pid) for _ in range(3)]
        for each in three:
            each.call(calls.semop, idents[3], TAKE)
        for each in three[:2]:
            each.start(calls.semop, idents[3], TAKE)
            each.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same({cycle for _, cycle in waiting(member, "PID,CYCLE")}, {None},
               "a third one could give it back")
        three[2].start(calls.semop, idents[3], TAKE)
        three[2].sleeps_in(calls.NR_SEMTIMEDOP)
        t.same(waiting(member, "PID,CYCLE"), sorted(((each.pid, 1) for each in three), key=str),
               "all three wait: a circle")
        end(*three)

        # Alone: a process of one thread waits for itself, one with two may go on.
        alone = Member(join=member.pid)
        alone.call(calls.semop, idents[4], TAKE)
        alone.start(calls.semop, idents[4], TAKE)
        alone.sleeps_in(calls.NR_SEMTIMEDOP)
        two = blocked(member, calls.NR_SEMTIMEDOP, in_two_threads, idents[5])
        t.same(waiting(member, "PID,HOLDER,CYCLE"), sorted([
            (alone.pid, [alone.pid], 1), (two.pid, [two.pid], None)], key=str),
            "with itself, of one thread and of two")
        # The last process of a semaphore that it waits for itself does not have it.
        consumer = Member(join=member.pid)
        consumer.call(calls.semop, idents[6], (0, -1))
        consumer.start(calls.semop, idents[6], (0, -1))
        consumer.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same([row for row in waiting(member, "PID,HOLDER,CYCLE") if row[0] == consumer.pid],
               [(consumer.pid, None, None)], "a consumer that was the last itself")
        end(alone, two, consumer)


@scene("two namespaces: rows of one, of both")
def namespaces(t):
    with Member() as one, Member() as two:
        waiters = []
        for member in (one, two):
            ident, = mutexes(member, 1)
            member.call(calls.semop, ident, TAKE)
            waiters.append(blocked(member, calls.NR_SEMTIMEDOP, calls.semop, ident, TAKE))
        t.same([row[0] for row in waiting(one, "PID")], [waiters[0].pid], "one")
        both = tool.rows("waiters", one.inode, two.inode, root="waiters")
        t.same(sorted((row["ns"], row["pid"]) for row in both),
               sorted(zip((one.inode, two.inode), (each.pid for each in waiters))), "both")
        every = {row["pid"] for row in tool.rows("waiters", root="waiters")}
        t.ok({each.pid for each in waiters} <= every, "all of the machine")
        end(*waiters)


def wait_on_each(count):
    """Threads of which each waits for a set of its own."""
    threading.stack_size(65536)
    for _ in range(count):
        ident = calls.semget(0, 1)
        threading.Thread(target=calls.semop, args=(ident, (0, -1)), daemon=True).start()


def sleeping(pid):
    """Threads of a process in semtimedop(2), or semop(2), by /proc."""
    count = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/wchan", encoding="ascii") as file:
            count += "sem" in file.read()
    return count


@scene("more objects with waiters than are looked at")
def many(t):
    with Member() as member:
        member.call(wait_on_each, MOST + 6)
        until(lambda: sleeping(member.pid) == MOST + 6, "all threads wait")
        done = tool.ipcnsctl("waiters", "-n", "-r", "-o", "PID", member.inode)
        t.same((done.returncode, done.stdout.split()), (0, [str(member.pid)] * MOST),
               "as many as the manual says")
        t.contains(done.stderr, "6 more objects may have waiters", "the others are counted")
        if QUICK:
            return
        t.same(tool.output("waiters", "--all", "-n", "-r", "-o", "PID", member.inode).split(),
               [str(member.pid)] * (MOST + 6), "--all")


@scene("errors")
def errors(t):
    for arguments, want in ((["--type", "shm"], "nobody waits for segments"),
                            (["--type", "sems"], "unknown type: sems"),
                            (["1234"], "no IPC namespace")):
        done = tool.ipcnsctl("waiters", *arguments)
        t.ok(done.returncode == 1 and want in done.stderr, f"{arguments}: {want}", done)


@scene("another user")
def another_user(t):
    with Member() as member:
        ident, = mutexes(member, 1)
        member.call(calls.semop, ident, TAKE)
        waiter = blocked(member, calls.NR_SEMTIMEDOP, calls.semop, ident, TAKE)
        done = tool.ipcnsctl("waiters", user=1000, group=1000)
        t.ok(str(waiter.pid) not in done.stdout, "does not see who waits", done)
        waiter.end()


if __name__ == "__main__":
    main()
