#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=3G timeout=360
"""Holders among very many processes and descriptors: how long it takes, and in how much memory."""

import os
import resource
import shutil
import subprocess
import time

from lib import calls, tool, wire
from lib.ledger import Ledger
from lib.member import Member
from lib.tap import QUICK, Failed, main, scene, until

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


def run(*argv, status=0):
    """Runs a program, its output thrown away; how many seconds it took."""
    begin = time.monotonic()
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if bool(done.returncode) != bool(status):
        raise Failed(f"{argv}: exit {done.returncode}")
    return time.monotonic() - begin


def compare_speed(t, inode):
    """ipcnsctl holders of a small namespace, among all descriptors; lsfd, which lists them."""
    limit = ("prlimit", f"--data={4 << 20}")
    seconds = min(run(*limit, "ipcnsctl", "holders", inode) for _ in range(3))
    held = run(*limit, "ipcnsctl", "list", "-o", "+HELD")
    t.note(f"ipcnsctl holders: {1000 * seconds:.0f} ms; list -o +HELD: {1000 * held:.0f} ms")
    t.ok(True, "both take less than 4 MB of memory for data")
    if not shutil.which("lsfd"):
        t.skip("faster than lsfd", "this util-linux has no lsfd")
        return
    theirs = run("lsfd", "-n", "-r", "-o", "PID,FD,TYPE,NAME")
    t.note(f"lsfd: {1000 * theirs:.0f} ms, {theirs / seconds:.1f} times as long")
    t.ok(theirs >= 5 * seconds,
         "holders are found at least five times as fast as lsfd lists descriptors")
    run(*limit, "lsfd", "-n", "-r", "-o", "PID,FD,TYPE,NAME", status=1)
    t.ok(True, "lsfd takes more than 4 MB, so the limit is one")


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
        # The walk over tasks is done once, for one namespace or for all; what comes on top is
        # that all have more rows to send.
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

        rows = tool.rows("holders", "-o", "NS,KIND,PID,FD",
                         *[member.inode for member in namespaces], root="holders")
        t.same(sorted((row["ns"], row["pid"], row["fd"]) for row in rows
                      if row["kind"] == "nsfs"),
               sorted((member.inode, os.getpid(), fd) for member, fd in zip(namespaces, fds)),
               f"{NAMESPACES} descriptors among {PROCESSES * FILES:,}")
        compare_speed(t, few)
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
        rows = tool.rows("holders", "-o", "KIND,PID,FD,REFS", member.inode, root="holders")
        t.note(f"{len(rows)} rows in {time.monotonic() - begin:.1f} s")
        files = [row for row in rows if row["kind"] == "nsfs"]
        t.same(len({(row["pid"], row["fd"]) for row in files}), 50 * (len(pids) + 1),
               "every descriptor of every process")
        t.same((sum(row["refs"] or 0 for row in files), sum(row["refs"] or 0 for row in rows)),
               (1, 2),
               "which are one reference together")
        crowd.call(calls.end_children, pids)


def open_here(pid, count):
    """Opens a namespace many times."""
    for _ in range(count):
        calls.namespace_fd(pid)


if __name__ == "__main__":
    main()
