#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=3G timeout=360 stress
"""Holders among very many processes and descriptors: how long it takes, and in how much memory."""

import os
import resource
import time

from lib import calls, ledger, wire
from lib.ledger import Ledger
from lib.member import Member
from lib.tap import QUICK, main, scene, until

PROCESSES = 1000 if QUICK else 10000
FILES = 10      # descriptors of each
NAMESPACES = 100


def populate(processes, files):
    """Many small processes, each with a table of descriptors of its own; they sleep."""
    resource.setrlimit(resource.RLIMIT_NPROC, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for _ in range(files - len(os.listdir("/proc/self/fd")) + 1):
        os.open("/dev/null", os.O_RDONLY)
    return calls.clones(processes, calls.CLONE_VM)


def read(**request):
    """A whole dump of holders, not decoded.

    (seconds, bytes, memory that the module held then, seconds to the first datagram)
    """
    size, memory, first, last = 0, 0, 0, False
    with wire.Socket(1 << 17) as link, wire.Socket() as other:
        begin = time.monotonic()
        link.begin("holder", request)
        while not last:
            datagram = link.socket.recv(link.buffer)
            size += len(datagram)
            last = link.ends(datagram)
            if size == len(datagram):
                first = time.monotonic() - begin
                memory = other.get("status")["dump-bytes"]
        return time.monotonic() - begin, size, memory, first


@scene(f"{PROCESSES:,} processes with {FILES} descriptors each")
def many(t):
    with open("/proc/sys/kernel/pid_max", "w", encoding="ascii") as file:
        file.write(str(4 * PROCESSES + 32768))
    with open("/proc/sys/kernel/threads-max", "w", encoding="ascii") as file:
        file.write(str(4 * PROCESSES + 32768))
    with open("/proc/sys/vm/max_map_count", "w", encoding="ascii") as file:
        file.write("262144")
    empty = min(read()[0] for _ in range(3))
    with Member() as crowd:
        begin = time.monotonic()
        pids = crowd.call(populate, PROCESSES, FILES)
        t.note(f"{len(pids)} processes made in {time.monotonic() - begin:.1f} s")
        t.same(len(os.listdir(f"/proc/{pids[-1]}/fd")), FILES, "the last one's descriptors")
        namespaces = [Member() for _ in range(NAMESPACES)]
        fds = [calls.namespace_fd(member.pid) for member in namespaces]
        few = namespaces[0].inode

        alone = [read(**{"ns-inum": few}) for _ in range(3)]
        every = [read() for _ in range(3)]
        crowded = [read(**{"ns-inum": crowd.inode}) for _ in range(3)]
        none = [read(kinds=1) for _ in range(3)]
        best = {name: min(each[0] for each in runs) for name, runs in
                (("one", alone), ("all", every), ("crowd", crowded), ("counts", none))}
        t.note(f"before the processes were there, all namespaces: {empty * 1000:.0f} ms")
        for name, runs in (("of one small namespace", alone), ("of all namespaces", every),
                           ("of the one with all processes", crowded),
                           ("counts only, of all", none)):
            t.note(f"{name}: {min(each[0] for each in runs) * 1000:.0f} ms, first answer after"
                   f" {min(each[3] for each in runs) * 1000:.0f} ms, {runs[0][1]} bytes,"
                   f" {max(each[2] for each in runs) >> 10} KB in the module")
        # The walk over tasks and descriptors is done once, for one namespace or for all; what
        # comes on top is that all have more rows to send.
        t.ok(best["all"] < 2 * max(best["one"], best["crowd"]) + 0.2,
             f"all {NAMESPACES + 2} namespaces at once cost no multiple of one",
             best)
        t.ok(max(each[2] for each in every + crowded) <= 8 << 20,
             "memory is bounded", [each[2] for each in every])

        found = Ledger(crowd.inode)
        t.same(found.odd, [], "every row is well-formed")
        t.same({row["pid"] for row in found.of("task")}, {crowd.pid, *pids},
               "every process is there")
        t.same((found.refs, found.unattributed), (1, 0), "all share one reference")
        with wire.Socket() as link:
            rows = link.dump("holder", {"kinds": 1 << wire.HOLDER.index("nsfs")})
        t.same(sorted(ledger.short(row) for row in rows if ledger.kind_of(row) == "nsfs"),
               sorted(("nsfs", os.getpid(), fd) for fd in fds),
               f"{NAMESPACES} descriptors among {PROCESSES * FILES:,}")
        begin = time.monotonic()
        crowd.call(calls.end_children, pids)
        t.note(f"they ended in {time.monotonic() - begin:.1f} s")
        for member in namespaces:
            member.end()
        for fd in fds:
            os.close(fd)
    with wire.Socket() as link:
        until(lambda: link.get("status")["dump-bytes"] == 0, "no memory is held")
    t.ok(True, "no memory is held afterwards")


@scene("one namespace open in many descriptors of many processes")
def all_match(t):
    with Member() as member, Member(0) as crowd:
        crowd.call(open_here, member.pid, 50)
        pids = crowd.call(calls.clones, PROCESSES // 10, calls.CLONE_VM)
        begin = time.monotonic()
        found = Ledger(member.inode)
        t.note(f"{len(found.rows)} rows decoded in {time.monotonic() - begin:.1f} s")
        t.same(len({(row["pid"], row["fd"]) for row in found.of("nsfs")}),
               50 * (len(pids) + 1), "every descriptor of every process")
        t.same((found.odd, found.refs, found.unattributed), ([], 2, 0),
               "which are one reference together")
        crowd.call(calls.end_children, pids)


def open_here(pid, count):
    """Opens a namespace many times."""
    for _ in range(count):
        calls.namespace_fd(pid)


if __name__ == "__main__":
    main()
