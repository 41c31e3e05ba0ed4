#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=120
"""unshare(2) moves one thread: processes whose threads are in different IPC namespaces."""

import os
import threading

from lib import calls, tool, witness
from lib.member import Member
from lib.tap import main, scene, until


def branch(leave=True):
    """A new thread that goes into a namespace of its own and stays there; its thread id."""
    moved = threading.Event()

    def run():
        if leave:
            calls.unshare(calls.CLONE_NEWIPC)
        moved.set()
        threading.Event().wait()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    moved.wait()
    return thread.native_id


def against_proc(t, inodes, name):
    """NPROCS and PID of some namespaces, against ns/ipc of every thread in /proc."""
    members, rows = witness.members(), tool.namespaces()
    t.same({inode: (rows[inode]["nprocs"], rows[inode]["pid"]) for inode in inodes},
           {inode: (len(members[inode]), min(members[inode])) for inode in inodes},
           f"{name}: NPROCS and PID as /proc/PID/task/TID/ns/ipc tells")


def thread_inode(pid, tid):
    """The IPC namespace of one thread."""
    return os.stat(f"/proc/{pid}/task/{tid}/ns/ipc").st_ino


@scene("one process, three threads, three namespaces")
def three(t):
    with Member() as member:
        inodes = [member.inode]
        inodes += [thread_inode(member.pid, member.call(branch)) for _ in range(2)]
        t.same(len(set(inodes)), 3, "three different namespaces")
        against_proc(t, inodes, "three threads")
        rows = tool.namespaces()
        t.same([(rows[inode]["state"], rows[inode]["nprocs"], rows[inode]["pid"])
                for inode in inodes], [("active", 1, member.pid)] * 3,
               "each is active, with the one process inside")
        t.same([inode in witness.lsns() for inode in inodes], [True, False, False],
               "lsns knows the first thread's only")
        t.same([tool.namespaces(f"pid={member.pid}").keys()], [{inodes[0]}],
               "pid= means the namespace of the first thread")


@scene("many threads of a process in one namespace count as one process", pace=5)
def many(t):
    with Member() as member:
        for _ in range(5):
            member.call(branch, leave=False)
        with Member(join=member.pid), Member(join=member.pid):
            t.same(len(os.listdir(f"/proc/{member.pid}/task")), 6, "six threads")
            t.same(tool.namespace(member.inode)["nprocs"], 3, "six threads and two: three PROCS")
            against_proc(t, [member.inode], "many threads")
        against_proc(t, [member.inode], "two processes less")


@scene("the first thread has ended, another lives on")
def leader_gone(t):
    with Member() as member:
        tid = member.call(branch, leave=False)
        inode = member.inode
        member.start(calls.exit_thread)
        until(lambda: state(member.pid) == "Z", "the first thread is a zombie")
        t.ok(inode not in witness.lsns(), "lsns has no row any more")
        t.same(thread_inode(member.pid, tid), inode, "the other thread is inside")
        row = tool.namespace(inode)
        t.same((row["state"], row["nprocs"], row["pid"]), ("active", 1, member.pid),
               "list still counts the process")


@scene("a zombie is not a member")
def zombie(t):
    with Member() as member:
        with Member(join=member.pid) as other:
            pid = other.call(child_zombie)
            until(lambda: state(pid) == "Z", "the child is a zombie")
            t.same(tool.namespace(member.inode)["nprocs"], 2, "the zombie is not counted")
            against_proc(t, [member.inode], "with a zombie")


def child_zombie():
    """A child that ended and that nobody waits for."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    return pid


def state(pid):
    """The state letter of /proc/PID/stat."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


if __name__ == "__main__":
    main()
