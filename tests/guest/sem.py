#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=360
"""Semaphore sets and their elements, against semctl(2) inside."""

from lib import calls, compare, tool
from lib.member import Member
from lib.tap import main, scene, until


def same(t, member, ident, nsems, name):
    """Every element, against GETVAL, GETNCNT, GETZCNT and GETPID; returns the witness's rows.

    Of a very large set, the first and the last few hundred are compared.
    """
    places = [place for place in range(nsems) if place < 600 or place >= nsems - 300]
    want = member.call(calls.sem_elements, ident, places)
    rows = tool.elements(ident, member.inode)
    t.same(len(rows), nsems, f"{name}: a row for each element")
    got = [{key: rows[place][key] for key in ("semnum", "value", "ncount", "zcount")}
           | {"pid": rows[place]["pid"] or 0}
           for place in places if place < len(rows)]
    t.same(got, want, f"{name}: elements as semctl(2) has them")
    return want


def number(seed, count):
    """Values for SETALL that differ from place to place."""
    return [(seed + place * 7919) % 32768 for place in range(count)]


@scene("sets of 1, 255, 256, 257 and 32,000 semaphores")
def sizes(t):
    with Member() as member:
        for size in (1, 255, 256, 257, 32000):
            ident = member.call(calls.semget, size, size)
            member.call(calls.sem_set_all, ident, number(size, size))
            same(t, member, ident, size, f"{size} semaphores")
            t.same([row["value"] for row in tool.elements(ident, member.inode)],
                   number(size, size), f"{size} semaphores: the values that were set")
        rows = compare.sysv(t, member.pid, member.inode, "sem", "sizes")
        t.same([row["nsems"] for row in rows.values()], [1, 255, 256, 257, 32000], "NSEMS")
        t.same(tool.namespace(member.inode)["sem"], 5, "five sets in the list")


@scene("who changed each value last, and when")
def last(t):
    with Member() as member, Member(join=member.pid) as other:
        ident = member.call(calls.semget, 0x31, 5)
        row, = compare.sysv(t, member.pid, member.inode, "sem", "untouched").values()
        t.same(row["otime"] or None, None, "never operated on: no OTIME")
        member.call(calls.semop, ident, (0, 3), (4, 2))
        other.call(calls.semop, ident, (1, 1))
        other.call(calls.semctl, ident, 2, calls.SETVAL, 9)
        found = same(t, member, ident, 5, "operated on")
        t.same([row["pid"] for row in found],
               [member.pid, other.pid, other.pid, 0, member.pid], "PID of each element")
        row, = compare.sysv(t, member.pid, member.inode, "sem", "operated on").values()
        t.ok(row["otime"], "there is an OTIME", row)
        rows = tool.elements(ident, member.inode)
        t.same([bool(row["command"]) for row in rows], [True, True, True, False, True],
               "COMMAND where there is a PID")

    with Member() as member:
        ident = member.call(calls.semget, 0x32, 1)
        with Member(join=member.pid) as other:
            other.call(calls.semop, ident, (0, 1))
            gone = other.pid
        row, = same(t, member, ident, 1, "last user ended")
        t.same(row["pid"], gone, "its pid is still told")


@scene("sleepers that wait for a value to grow, or to become zero")
def sleepers(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x33, 6)
        member.call(calls.sem_set_all, ident, [0, 5, 0, 1, 0, 0])
        waiting = [
            [(0, -1)],              # grows
            [(0, -3)],              # grows, too
            [(1, 0)],               # becomes zero
            [(1, 0)],
            [(3, -1), (2, -1)],     # the first would do, the second blocks
            [(2, -1), (4, -1)],     # both would block
            [(5, 0), (3, 0)],       # zero is reached, the other is not
        ]
        others = [Member(join=member.pid) for _ in waiting]
        for other, operations in zip(others, waiting):
            other.start(calls.semop, ident, *operations)
            other.sleeps_in(calls.NR_SEMTIMEDOP)
        found = same(t, member, ident, 6, "seven sleepers")
        t.same(sum(row["ncount"] + row["zcount"] for row in found), len(waiting),
               "semctl(2) counts all that were put to sleep")
        t.same((found[0]["ncount"], found[1]["zcount"]), (2, 2), "the simple ones")

        member.call(calls.semop, ident, (0, 1))
        others[0].result()
        found = same(t, member, ident, 6, "one woken")
        t.same(found[0]["ncount"], 1, "one sleeper less")
        others[3].end()
        until(lambda: member.call(calls.semctl, ident, 1, calls.GETZCNT) == 1, "one killed")
        same(t, member, ident, 6, "one killed")
        for other in others:
            other.end()
        until(lambda: not any(row["ncount"] + row["zcount"] for row in
                              member.call(calls.sem_elements, ident, range(6))), "all gone")
        same(t, member, ident, 6, "nobody waits")


@scene("sleepers far up in a large set")
def far_up(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x34, 1000)
        others = [Member(join=member.pid) for _ in range(4)]
        for other, num in zip(others, (0, 255, 256, 999)):
            other.start(calls.semop, ident, (num, -1))
            other.sleeps_in(calls.NR_SEMTIMEDOP)
        found = same(t, member, ident, 1000, "four sleepers")
        t.same([row["semnum"] for row in found if row["ncount"]], [0, 255, 256, 999],
               "each at its place")
        for other in others:
            other.end()


@scene("elements of a set that does not exist, or of another kind")
def absent(t):
    with Member() as member:
        ident = member.call(calls.semget, 0x35, 1)
        done = tool.ipcnsctl("objects", "--type", "sem", "--id", ident + 1, member.inode)
        t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
               "no such set: exit 1 and one line")
        done = tool.ipcnsctl("objects", "--type", "sem", "--id", ident, calls.namespace_inode())
        t.same(done.returncode, 1, "nor in another namespace")


if __name__ == "__main__":
    main()
