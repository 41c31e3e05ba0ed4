#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=3G timeout=480
"""1,000 namespaces: with a process, held by a descriptor, by a bind mount, by a thread."""

import os
import resource
import threading

from lib import calls, member, tool, wire, witness
from lib.tap import QUICK, main, scene, until

PROCESSES, DESCRIPTORS, MOUNTS, THREADS = (60, 20, 10, 10) if QUICK else (700, 200, 50, 50)
ROOM = "/run/namespaces"


class Crowd:
    """Many namespaces, each with one segment whose key is its number."""

    def __init__(self):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        os.mkdir(ROOM)
        self.home = calls.namespace_fd()
        self.key, self.descriptors, self.mounts, self.processes = 0, [], [], []
        self.stop = threading.Event()
        self.threads = []
        for _ in range(PROCESSES):
            self.enter_new()
            self.processes.append(member.sleeper())
        for _ in range(DESCRIPTORS):
            self.enter_new()
            self.descriptors.append(calls.namespace_fd("thread-self"))
        for number in range(MOUNTS):
            self.enter_new()
            path = f"{ROOM}/{number}"
            with open(path, "wb"):
                pass
            calls.mount("/proc/thread-self/ns/ipc", path, None, calls.MS_BIND)
            self.mounts.append(path)
        calls.setns(self.home)
        for _ in range(THREADS):
            moved = threading.Event()
            thread = threading.Thread(target=self.wait_inside, args=[moved], daemon=True)
            thread.start()
            moved.wait()
            self.threads.append(thread)

    def enter_new(self):
        """Moves the calling thread into a new namespace and puts a segment there."""
        self.key += 1
        calls.unshare(calls.CLONE_NEWIPC)
        calls.shmget(self.key, 100 + self.key)

    def wait_inside(self, moved):
        """A thread in a namespace of its own."""
        self.enter_new()
        moved.set()
        self.stop.wait()

    def end(self):
        """Lets all of them go."""
        self.stop.set()
        for thread in self.threads:
            thread.join()
        for process in self.processes:
            member.end(process)
        for fd in self.descriptors:
            os.close(fd)
        for path in self.mounts:
            calls.umount(path)


@scene("1,000 namespaces: the ones that /proc shows and the pinned ones, each once")
def crowd(t):
    before = set(tool.namespaces())
    t.same(before, set(witness.members()), "before: what /proc/PID/task/TID/ns/ipc shows")
    people = Crowd()
    count = PROCESSES + DESCRIPTORS + MOUNTS + THREADS
    pinned = {os.fstat(fd).st_ino for fd in people.descriptors}
    pinned |= {os.stat(path).st_ino for path in people.mounts}
    threads = set(witness.members())
    t.same(len(pinned & threads), 0, "the pinned ones have no thread")

    rows = tool.rows("list", "-o", "NS,NSID,STATE,NPROCS,PID,SHM,SHMBYTES")
    t.same(len(rows), count + len(before), "as many rows as namespaces")
    t.same({row["ns"] for row in rows}, threads | pinned, "exactly /proc's and the pinned ones")
    t.same(len({row["nsid"] for row in rows}), len(rows), "no NSID twice")
    t.same({row["ns"] for row in rows if row["state"] == "pinned"}, pinned, "STATE pinned")
    t.same([row["ns"] for row in rows if row["ns"] not in before and row["shm"] != 1], [],
           "one segment in each")
    lsns = witness.lsns()
    t.same({row["ns"]: (row["nprocs"], row["pid"]) for row in rows
            if row["ns"] in lsns and row["ns"] not in before},
           {inode: (row["nprocs"], row["pid"]) for inode, row in lsns.items()
            if inode not in before}, "NPROCS and PID as lsns has them")

    again = tool.rows("list", "-o", "NS,NSID")
    t.same({row["ns"]: row["nsid"] for row in again}, {row["ns"]: row["nsid"] for row in rows},
           "a second list gives the same ids")
    objects = tool.rows("objects", "--type", "shm", "-o", "NS,KEY,SIZE")
    t.same(sorted(int(row["key"], 16) for row in objects), list(range(1, count + 1)),
           "objects of all: every key once")
    t.ok(all(row["size"] == 100 + int(row["key"], 16) for row in objects), "with its size")
    for row in rows[::max(1, len(rows) // 25)]:
        by_inode, by_id = (tool.rows("list", "-o", "NS,NSID", form)
                           for form in (row["ns"], f"id={row['nsid']}"))
        if by_inode != by_id or by_id != [{"ns": row["ns"], "nsid": row["nsid"]}]:
            t.ok(False, f"{row['ns']} by inode and by id", by_inode, by_id)
    with wire.Socket() as link:
        t.same(all(link.get("ns", {"id": row["nsid"]})["inum"] == row["ns"] ==
                   link.get("ns", {"inum": row["ns"]})["inum"] for row in rows), True,
               "every single one is found by its inode and by its id")
        most = [str(row["ns"]) for row in rows]
        t.same(len(tool.rows("list", *most)), len(rows), "all of them named on one command line")

    people.end()
    until(lambda: set(tool.namespaces()) == before, "all of them leave the list", 60)
    t.same(set(tool.namespaces()), set(witness.members()), "after: what /proc shows")


if __name__ == "__main__":
    main()
