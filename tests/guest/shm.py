#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: append=hugepages=8 timeout=360
"""Shared memory segments in every condition, against /proc/sysvipc/shm and lsipc inside."""

import os
import subprocess

from lib import calls, compare, tool, wire, witness
from lib.member import Member
from lib.tap import Failed, main, scene, until

PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 1 << 20


def same(t, member, name, leave=()):
    """Everything that witnesses say of the segments; {id: row}."""
    rows = compare.sysv(t, member.pid, member.inode, "shm", name, leave)
    compare.totals(t, member.pid, member.inode, name)
    return rows


def on_wire(inode, ident):
    """A segment by object-get, its nest."""
    with wire.Socket() as link:
        return link.get("object", {"ns-inum": inode, "kind": wire.KIND["shm"], "id": ident})["shm"]


@scene("attached, by forks too; who did what when")
def attach(t):
    with Member() as member, Member(join=member.pid) as other:
        ident = member.call(calls.shmget, 0x77, 3 * PAGE + 1, 0o624)
        row = same(t, member, "new")[ident]
        t.same((row["cpid"], row["nattch"], row["attach"] or None), (member.pid, 0, None),
               "made by the member, never attached")
        address = member.call(calls.shmat, ident)
        member.call(calls.poke, address, b"x" * (PAGE + 1))
        row = same(t, member, "attached")[ident]
        t.same((row["nattch"], row["rss"], row["lpid"]), (1, 2 * PAGE, member.pid),
               "one attachment, two pages touched")
        children = member.call(calls.attachers, 3)
        row = same(t, member, "forked")[ident]
        t.same(row["nattch"], 4, "three children inherit the attachment")
        theirs = other.call(calls.shmat, ident)
        row = same(t, member, "attached by another")[ident]
        t.same((row["nattch"], row["lpid"]), (5, other.pid), "the other one was the last")
        other.call(calls.shmdt, theirs)
        member.call(calls.end_children, children)
        until(lambda: witness.sysvipc(member.pid, "shm")[0]["nattch"] == 1, "children detached")
        row = same(t, member, "detached")[ident]
        t.ok(row["detach"], "there is a time of detaching", row)
        member.call(calls.shmdt, address)
        same(t, member, "detached by all")


@scene("the creator is gone")
def creator_gone(t):
    with Member() as member:
        with Member(join=member.pid) as maker:
            ident = maker.call(calls.shmget, 0, PAGE)
            pid = maker.pid
        row = same(t, member, "creator gone")[ident]
        t.same((row["cpid"], row["command"]), (pid, None), "CPID stays, COMMAND is unknown")


@scene("marked for destruction while attached")
def marked(t):
    with Member() as member:
        ident = member.call(calls.shmget, 0x99, PAGE)
        address = member.call(calls.shmat, ident)
        member.call(calls.shm_remove, ident)
        row = same(t, member, "marked")[ident]
        t.same((row["status"], row["key"], row["nattch"]), ("dest", "0x00000000", 1),
               "STATUS dest, its key is gone")
        member.call(calls.shmdt, address)
        t.same(tool.objects("shm", member.inode), [], "gone with the last attachment")


@scene("locked in memory")
def locked(t):
    with Member() as member:
        ident = member.call(calls.shmget, 0x98, 2 * PAGE)
        member.call(calls.shm_lock, ident)
        row = same(t, member, "locked")[ident]
        t.same(row["status"], "locked", "STATUS locked")
        member.call(calls.shmat, ident)
        member.call(calls.shm_remove, ident)
        row = same(t, member, "locked and marked", leave=("status",))[ident]
        t.same(set(row["status"].split(",")), {"dest", "locked"}, "STATUS has both")


def huge_pages(pid):
    """KernelPageSize of the mapped segment, in bytes, from smaps."""
    found = False
    with open(f"/proc/{pid}/smaps", encoding="ascii", errors="replace") as smaps:
        for line in smaps:
            found = "/SYSV" in line or found
            if found and line.startswith("KernelPageSize:"):
                return int(line.split()[1]) * 1024
    raise Failed("no segment is mapped")


@scene("made of huge pages")
def huge(t):
    with open("/proc/sys/vm/nr_hugepages", encoding="ascii") as file:
        t.ok(int(file.read()) >= 2, "the machine has huge pages")
    with Member() as member:
        ident = member.call(calls.shmget, 0x55, 4 * MIB, calls.SHM_HUGETLB | 0o600)
        plain = member.call(calls.shmget, 0x56, 4 * MIB)
        address = member.call(calls.shmat, ident)
        member.call(calls.poke, address, b"x")
        t.same(huge_pages(member.pid), 2 * MIB, "smaps says huge pages")
        # lsipc looks for a bit that the kernel does not show there.
        rows = same(t, member, "huge", leave=("status",))
        t.same((rows[ident]["status"], rows[ident]["rss"], rows[ident]["nattch"]),
               ("hugetlb", 2 * MIB, 1), "STATUS hugetlb, one huge page resident")
        t.same(rows[plain]["status"] or None, None, "its neighbour is a plain one")
        t.same(on_wire(member.inode, ident)["status"], 4, "and on the wire")
        member.call(calls.shm_remove, ident)
        rows = same(t, member, "huge and marked", leave=("status",))
        t.same(set(rows[ident]["status"].split(",")), {"hugetlb", "dest"}, "STATUS has both")


def add_swap():
    """Swap in compressed memory; the device."""
    subprocess.run(["modprobe", "zram", "num_devices=1"], check=True)
    for name, value in (("comp_algorithm", "lz4"), ("disksize", "64M")):
        with open(f"/sys/block/zram0/{name}", "w", encoding="ascii") as file:
            file.write(value)
    subprocess.run(["mkswap", "/dev/zram0"], check=True, stdout=subprocess.DEVNULL)
    calls.swapon("/dev/zram0")
    return "/dev/zram0"


@scene("swapped out")
def swapped(t):
    device = add_swap()
    with Member() as member:
        size = 2 * MIB
        ident = member.call(calls.shmget, 0x44, size)
        address = member.call(calls.shmat, ident)
        member.call(calls.poke, address, os.urandom(size // 2))
        before = same(t, member, "before")[ident]
        t.same((before["rss"], before["swap"]), (size // 2, 0), "half of it resident")

        def out():
            member.call(calls.pageout, address, size)
            return witness.sysvipc(member.pid, "shm")[0]["swap"] >= size // 4

        until(out, "the kernel swaps the segment out")
        row = same(t, member, "swapped")[ident]
        t.ok(row["swap"] >= size // 4, "SWAP has grown", row)
        t.same(row["rss"] + row["swap"], size // 2, "RSS and SWAP together are what was written")
        # Pages that come back one by one, and a row each time.
        for page in range(0, 8):
            member.call(calls.peek, address + page * PAGE, 1)
        same(t, member, "some pages back")
    calls.swapoff(device)


@scene("sizes from one byte to more than there is memory")
def sizes(t):
    with Member() as member:
        for size in (1, PAGE - 1, PAGE, PAGE + 1, 1 << 32, (1 << 40) + 1):
            flags = 0o600 | (calls.SHM_NORESERVE if size > MIB else 0)
            member.call(calls.shmget, 0, size, flags)
        rows = same(t, member, "sizes")
        t.same([row["size"] for row in rows.values()],
               [1, PAGE - 1, PAGE, PAGE + 1, 1 << 32, (1 << 40) + 1], "SIZE as asked for")


def nested_pid():
    """In a new pid namespace, a child makes a segment and attaches it; its pid outside."""
    calls.unshare(calls.CLONE_NEWPID)
    ready, done = os.pipe()
    pid = os.fork()
    if not pid:
        calls.die_with_parent()
        calls.shmat(calls.shmget(0x66, PAGE))
        os.write(done, b"!")
        calls.pause()
    os.read(ready, 1)
    return pid


@scene("the creator lives in a pid namespace of its own")
def pid_namespace(t):
    with Member() as member:
        pid = member.call(nested_pid)
        row, = same(t, member, "pid namespace").values()
        t.same((row["cpid"], row["lpid"]), (pid, pid), "CPID and LPID in the reader's numbers")
        member.call(calls.end_children, [pid])


if __name__ == "__main__":
    main()
