#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick append=hugepages=8 timeout=300 sanitize
"""Who is attached to which segment, and where: the module's word against /proc/PID/maps."""

import json
import os
import signal

from lib import calls, ledger, tool, wire, witness
from lib.ledger import Area, Ledger
from lib.member import Member, sleeping
from lib.tap import QUICK, main, scene, until

INITIAL = "/proc/1/ns/ipc"
PAGE = 4096
NR_PAUSE = 34
MANY = 300 if QUICK else 3000


def shown(inode, ident):
    """The attachments of a segment, as the module tells, in the form of ledger.areas()."""
    return sorted(Area(row.get("pid"), row["start"], row["end"], row.get("read-only", False))
                  for row in Ledger(inode).of("shm") if row["id"] == ident)


def nattch(target, key):
    """What ipcs counts inside; None if it cannot be asked because nobody is inside."""
    if target is None:
        return None
    row, = [row for row in witness.sysvipc(target, "shm") if row["key"] & 0xffffffff == key]
    return row["nattch"]


def check(t, inode, target, ident, key, name, files=None, shared=0):
    """One segment: rows as in maps, the number as nattch.

    target: a process inside, or None. files: how many references all attachments are. shared:
    lines in maps that belong to an address space that another process has, too.
    """
    found = Ledger(inode)
    rows = [row for row in found.of("shm") if row["id"] == ident]
    t.same(found.odd, [], f"{name}: every row is well-formed")
    areas = ledger.areas(key)
    t.same(shown(inode, ident), areas, f"{name}: processes, addresses and modes as in maps")
    places = {(row["mm"], row["start"]) for row in rows}
    t.same(len(places), len(areas) - shared, f"{name}: as many places as lines in maps")
    told = {row["nattch"] for row in rows}
    t.same(told, {len(places)}, f"{name}: as many as the segment counts itself")
    if target is not None:
        t.same(len(places), nattch(target, key), f"{name}: as many as nattch inside")
    if files is not None:
        t.same(len({row["token"] for row in rows}), files, f"{name}: {files} references")
    t.same(found.unattributed, 0, f"{name}: nothing is unattributed")
    listed = tool.rows("objects", "--attached", "-o", "ID,PID,START,END,MODE,NATTCH,NOTE", inode,
                       root="attachments")
    t.same(sorted(Area(row["pid"], row["start"], row["end"], row["mode"] == "ro")
                  for row in listed if row["id"] == ident), areas,
           f"{name}: objects --attached has the same")
    t.same([row["note"] for row in listed if row["note"]], [], f"{name}: and all of nattch")
    return rows


@scene("forked, detached in the child, attached twice")
def forked(t):
    key = 0x61a1
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, key, 3 * PAGE)
        t.same(shown(inode, ident), [], "not attached: no row")
        address = member.call(calls.shmat, ident)
        check(t, inode, member.pid, ident, key, "attached once", files=1)
        child = Child(member)
        rows = check(t, inode, member.pid, ident, key, "forked", files=1)
        t.same(len({row["mm"] for row in rows}), 2, "forked: two address spaces, one reference")
        child.detach(address)
        rows = check(t, inode, member.pid, ident, key, "detached in the child", files=1)
        t.same([row["pid"] for row in rows], [member.pid], "only its parent is left")
        child.end()
        second = member.call(calls.shmat, ident)
        rows = check(t, inode, member.pid, ident, key, "attached twice", files=2)
        t.same({row["mm"] for row in rows}, {rows[0]["mm"]}, "attached twice: one address space")
        with Member(join=member.pid) as other:
            other.call(calls.shmat, ident)
            pids = other.call(calls.attachers, 3)
            check(t, inode, member.pid, ident, key, "by six processes", files=3)
            other.call(calls.end_children, pids)
            check(t, inode, member.pid, ident, key, "by three less", files=3)
        check(t, inode, member.pid, ident, key, "by one again", files=2)
        for each in (address, second):
            member.call(calls.shmdt, each)
        t.same(shown(inode, ident), [], "detached: no row")


class Child:
    """A child of a member that detaches when it is told to, and stays."""

    def __init__(self, member):
        self.member = member
        self.pid = member.call(obedient)

    def detach(self, address):
        """Has it detach. Not maps says when that is done: they lack it before nattch does."""
        self.member.call(write_address, address)
        until(lambda: sleeping(self.pid) == NR_PAUSE, "detached")

    def end(self):
        """Ends it."""
        self.member.call(calls.end_children, [self.pid])


PIPE = KEPT = None      # of the process that a function runs in


def obedient():
    """A child that detaches from the address that it reads from a pipe."""
    global PIPE
    here, PIPE = os.pipe()
    pid = os.fork()
    if not pid:
        calls.die_with_parent()
        calls.shmdt(int(os.read(here, 32)))
        while True:
            signal.pause()
    return pid


def write_address(address):
    """Tells it."""
    os.write(PIPE, str(address).encode())


@scene("read-only, by SHM_RDONLY or mprotect")
def modes(t):
    key = 0x61a2
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, key, 4 * PAGE)
        first = member.call(calls.shmat, ident, None, calls.SHM_RDONLY)
        second = member.call(calls.shmat, ident)
        check(t, inode, member.pid, ident, key, "one of each", files=2)
        t.same({area.start: area.read_only for area in shown(inode, ident)},
               {first: True, second: False}, "the first read-only, the other not")
        member.call(calls.protect, second, 4 * PAGE, calls.PROT_READ)
        check(t, inode, member.pid, ident, key, "write protected", files=2)
        t.same([area.read_only for area in shown(inode, ident)], [True, True], "both read-only")
        member.call(calls.protect, second + PAGE, PAGE, calls.PROT_READ | calls.PROT_WRITE)
        rows = check(t, inode, member.pid, ident, key, "one page writable again", files=2)
        t.same(len(rows), 4, "three areas of one attachment, and the other")


@scene("parts unmapped and moved")
def parts(t):
    key = 0x61a3
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, key, 8 * PAGE)
        address = member.call(calls.shmat, ident)
        member.call(calls.unmap, address + 3 * PAGE, PAGE)
        rows = check(t, inode, member.pid, ident, key, "a hole in it", files=1)
        t.same([(row["start"] - address, row["end"] - address) for row in rows],
               [(0, 3 * PAGE), (4 * PAGE, 8 * PAGE)], "two areas around the hole")
        to = member.call(calls.free_range, 2 * PAGE)
        member.call(calls.remap, address + 6 * PAGE, 2 * PAGE, to)
        rows = check(t, inode, member.pid, ident, key, "a part moved away", files=1)
        t.ok(to in {row["start"] for row in rows}, "a part moved away: it is there")
        t.same(len(rows), 3, "three areas")
        child, = member.call(calls.attachers, 1)
        check(t, inode, member.pid, ident, key, "three areas, forked", files=1)
        member.call(calls.setns, INITIAL)
        found = check(t, inode, None, ident, key, "and everybody in another namespace", files=1)
        t.same({row["pid"] for row in found}, {child, member.pid}, "all in other hands")
        t.same(Ledger(inode).refs, 2, "the child is still inside: two references")
        member.call(calls.end_children, [child])
        t.same(Ledger(inode).refs, 1, "then one")


@scene("processes that share an address space")
def shared(t):
    key = 0x61a4
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, key, PAGE)
        member.call(calls.shmat, ident)
        pids = member.call(calls.clones, 3, calls.CLONE_VM)
        rows = check(t, inode, member.pid, ident, key, "CLONE_VM", files=1, shared=3)
        t.same({row["pid"] for row in rows}, {member.pid, *pids}, "all four are named")
        t.same(len({row["mm"] for row in rows}), 1, "one address space")
        member.call(calls.end_children, pids[:1])
        check(t, inode, member.pid, ident, key, "one has gone", files=1, shared=2)

        fifo = "/run/vfork"
        os.mkfifo(fifo)
        member.start(vfork, fifo)
        child = until(lambda: next((pid for pid in children(member.pid) if pid not in pids), None),
                      "posix_spawn(3) waits in its child")
        check(t, inode, None, ident, key, "vfork", files=1, shared=3)
        t.ok(child in {area.pid for area in shown(inode, ident)}, "vfork: the child is named")
        os.close(os.open(fifo, os.O_WRONLY))
        member.result()
        os.unlink(fifo)
        check(t, inode, member.pid, ident, key, "its child ran a program", files=1, shared=2)
        member.call(calls.end_children, pids[1:])


def vfork(fifo):
    """Runs a program by vfork(2), whose child sleeps on a FIFO before."""
    pid = os.posix_spawn("/bin/true", ["true"], {},
                         file_actions=[(os.POSIX_SPAWN_OPEN, 0, fifo, os.O_RDONLY, 0)])
    os.waitpid(pid, 0)


def children(pid):
    """The children of a process."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


@scene("first thread gone: the address space is named by another")
def leader(t):
    key = 0x61a5
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, key, PAGE)
        address = member.call(calls.shmat, ident)
        member.call(sleeping_thread)
        member.start(calls.exit_thread)
        until(lambda: open(f"/proc/{member.pid}/stat", encoding="ascii").read().rpartition(")")[2]
              .split()[0] == "Z", "the first thread has ended")
        t.same([(area.pid, area.start) for area in shown(inode, ident)], [(member.pid, address)],
               "named all the same")


def sleeping_thread():
    """A thread that sleeps."""
    import threading
    threading.Thread(target=threading.Event().wait, daemon=True).start()


@scene("attached from another namespace; segments marked; the same id in two namespaces")
def elsewhere(t):
    with Member() as member, Member() as other:
        idents = [each.call(calls.shmget, key, PAGE)
                  for each, key in ((member, 0x61a6), (other, 0x61a7))]
        t.same(idents[0], idents[1], "two namespaces, one id")
        with Member(join=member.pid) as third:
            third.call(calls.shmat, idents[0])
            third.call(calls.setns, f"/proc/{other.pid}/ns/ipc")
            third.call(calls.shmat, idents[1])
            check(t, member.inode, member.pid, idents[0], 0x61a6, "left, attached", files=1)
            check(t, other.inode, other.pid, idents[1], 0x61a7, "entered, attached", files=1)
            t.same([area.pid for area in shown(member.inode, idents[0])], [third.pid],
                   "a process of another namespace is named")

    with Member() as member:
        ident = member.call(calls.shmget, 0x61a8, PAGE)
        member.call(calls.shmat, ident)
        member.call(calls.shm_remove, ident)
        pids = member.call(calls.attachers, 1)
        # A marked segment has key 0, but /proc/PID/maps goes on showing the name it was made with.
        rows = [row for row in Ledger(member.inode).of("shm") if row["id"] == ident]
        t.same(sorted(row["pid"] for row in rows), sorted([member.pid, *pids]), "marked: named")
        t.same(shown(member.inode, ident), ledger.areas(0x61a8), "marked: as in maps")
        t.same({row["nattch"] for row in rows}, {2}, "marked: both are counted")
        member.call(calls.end_children, pids)


@scene("huge pages")
def huge(t):
    key = 0x61a9
    with Member() as member:
        ident = member.call(calls.shmget, key, 2 << 20, 0o600 | calls.SHM_HUGETLB)
        member.call(calls.shmat, ident)
        member.call(calls.shmat, ident, None, calls.SHM_RDONLY)
        pids = member.call(calls.attachers, 1)
        check(t, member.inode, member.pid, ident, key, "huge pages", files=2)
        member.call(calls.end_children, pids)


@scene("what else maps a segment's memory is no attachment")
def map_files(t):
    key = 0x61aa
    with Member() as member, Member(0) as other:
        ident = member.call(calls.shmget, key, PAGE)
        address = member.call(calls.shmat, ident)
        other.call(map_through, f"/proc/{member.pid}/map_files/{address:x}-{address + PAGE:x}")
        t.same([area.pid for area in shown(member.inode, ident)], [member.pid],
               "mapped through /proc/PID/map_files: not attached")
        t.same((Ledger(member.inode).unattributed, nattch(member.pid, key)), (0, 1),
               "and it is neither counted nor a reference")


def map_through(path):
    """Maps a file."""
    import mmap
    global KEPT
    fd = os.open(path, os.O_RDWR)
    KEPT = mmap.mmap(fd, PAGE)
    os.close(fd)


@scene(f"{MANY:,} attachments and 300 segments")
def many(t):
    with Member() as member:
        inode = member.inode
        ident = member.call(calls.shmget, 0x62ff, PAGE)
        member.call(calls.attach_many, ident, MANY)
        rows = check(t, inode, member.pid, ident, 0x62ff, "many", files=MANY)
        t.same(len(rows), MANY, f"{MANY:,} rows")
        # The module looks for the processes of 4,096 at once.
        pids = member.call(calls.attachers, 1)
        check(t, inode, member.pid, ident, 0x62ff, "twice as many", files=MANY)
        member.call(calls.end_children, pids)
        member.call(segments, 0x6300, 300)
        found = Ledger(inode)
        t.same((found.odd, found.refs, found.unattributed), ([], MANY + 301, 0),
               "300 segments more")
        t.same(len({row["id"] for row in found.of("shm")}), 301, "each with its id")


LOOKED_AT = 65536       # areas that the module looks at in one hold of a mapping's lock


@scene("more attachments of one segment than are looked at")
def too_many(t):
    if QUICK:
        t.skip("75,000 attachments", "only without --quick: making them takes long")
        return
    with Member() as member:
        ident = member.call(calls.shmget, 0x6500, PAGE)
        member.call(calls.attach_many, ident, 25000)
        pids = member.call(calls.attachers, 2)
        total = nattch(member.pid, 0x6500)
        t.same(total, 3 * 25000, "nattch inside")
        with wire.Socket() as link:
            refs = link.get("ns", {"inum": member.inode})["refs"]
        done = tool.ipcnsctl("objects", "--attached", "-J", "-o", "ID,PID,START,NOTE", member.inode)
        rows = json.loads(done.stdout)["attachments"]
        t.same(len({(row["pid"], row["start"]) for row in rows if not row["note"]}), LOOKED_AT,
               "65,536 attachments, each once")
        t.same((done.returncode, {row["note"] for row in rows} - {None}, done.stderr),
               (0, {f"{LOOKED_AT} of {total} listed, no more are looked at"},
                "ipcnsctl: not all attachments of 1 segments are listed, see NOTE\n"),
               "objects --attached says how many of how many")
        rows = tool.rows("holders", "-o", "KIND,DETAIL,REFS", member.inode, root="holders")
        t.same(sum(row["refs"] or 0 for row in rows), refs, "holders: the sum is the count")
        t.ok(all(row["detail"].endswith(", not all attachments listed") for row in rows
                 if row["kind"] == "shm"), "and rows say that there are more")
        member.call(calls.end_children, pids[:1])
        rows = tool.rows("objects", "--attached", "-o", "PID,START,NOTE", member.inode,
                         root="attachments")
        t.same((len(rows), {row["note"] for row in rows}), (50000, {None}),
               "fewer: all of them, in several parts")


def segments(key, count):
    """Makes and attaches segments."""
    for place in range(count):
        calls.shmat(calls.shmget(key + place, PAGE))


if __name__ == "__main__":
    main()
