#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=180
"""Namespaces without a process, most of which lsns does not list, kept alive by something else."""

import array
import os
import socket

from lib import calls, compare, tool, witness
from lib.member import Member
from lib.tap import main, scene, until

INITIAL = "/proc/1/ns/ipc"


def furnish():
    """One object of each kind in the caller's namespace; returns the segment's id."""
    segment = calls.shmget(0xabc, 10000, 0o640)
    calls.semget(0xdef, 4)
    calls.msgsnd(calls.msgget(0x123), b"kept")
    os.close(calls.mq_open(b"kept", 3, 30))
    return segment


# From this version on lsns finds namespaces by the descriptors and mounts of processes, too.
LSNS_SEES_FILES = (2, 41)


def pinned(t, inode, nsid, name, by_file=False):
    """The row of a namespace that has no process; that is the case for /proc and lsns too.

    by_file: a descriptor or a bind mount keeps it, which newer versions of lsns see.
    """
    t.ok(inode not in witness.members(), f"{name}: no thread is inside")
    row = witness.lsns().get(inode)
    if by_file and witness.util_linux() >= LSNS_SEES_FILES:
        t.same(row and int(row["nprocs"]), 0, f"{name}: lsns has a row without processes")
    else:
        t.same(row, None, f"{name}: lsns has no row")
    row = tool.namespace(inode)
    if not t.ok(row is not None, f"{name}: list has one"):
        return
    t.same({key: row[key] for key in ("nsid", "state", "nprocs", "user", "uid", "shm", "sem",
                                      "msg", "mq")},
           {"nsid": nsid, "state": "pinned", "nprocs": 0, "user": "root", "uid": 0, "shm": 1,
            "sem": 1, "msg": 1, "mq": 1}, f"{name}: state, owner and counts")
    t.ok(not row["pid"] and not row["command"], f"{name}: no PID, no COMMAND", row)
    t.same(row["refs"], 1, f"{name}: one reference")


def gone(t, nsid, name):
    """Waits until no namespace of that id is listed."""
    until(lambda: nsid not in [row["nsid"] for row in tool.namespaces().values()],
          f"{name}: leaves the list")
    t.ok(True, f"{name}: gone from the list when its last holder went")
    done = tool.ipcnsctl("list", f"id={nsid}")
    t.same((done.returncode, done.stdout), (1, ""), f"{name}: and not found by id")


@scene("a segment attached by a process that then left the namespace")
def attached(t):
    for how in ("setns", "unshare"):
        with Member() as member:
            segment = member.call(furnish)
            inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
            address = member.call(calls.shmat, segment)
            member.call(calls.poke, address, b"still here")
            before, = witness.sysvipc(member.pid, "shm")
            if how == "setns":
                member.call(calls.setns, INITIAL)
            else:
                member.call(calls.unshare, calls.CLONE_NEWIPC)
            t.ok(member.inode != inode, f"{how}: the process left")
            t.same(witness.mapped_segments(member.pid), [segment],
                   f"{how}: /proc/PID/maps shows the segment attached")
            pinned(t, inode, nsid, how)

            row, = tool.objects("shm", f"id={nsid}")
            t.same({column: read(row[column]) for column, _, read in compare.SYSVIPC["shm"]},
                   {column: before[field] for column, field, _ in compare.SYSVIPC["shm"]},
                   f"{how}: the segment as /proc/sysvipc/shm had it before the process left")
            t.same(member.call(calls.peek, address, 10), b"still here", f"{how}: content intact")
            t.same([(row["type"], row["key"]) for row in tool.rows("objects", inode)],
                   [("shm", "0x00000abc"), ("sem", "0x00000def"), ("msg", "0x00000123"),
                    ("mq", "/kept")], f"{how}: all four objects")
            member.call(calls.shmdt, address)
            gone(t, nsid, how)


@scene("kept by an open descriptor")
def descriptor(t):
    with Member() as member:
        member.call(furnish)
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        fd = calls.namespace_fd(member.pid)
    pinned(t, inode, nsid, "descriptor", by_file=True)
    path = f"/proc/{os.getpid()}/fd/{fd}"
    for kind in ("shm", "sem", "msg"):
        compare.sysv(t, path, inode, kind, "descriptor")
    compare.queues(t, path, inode, "descriptor", {b"kept": (3, 30, 0)})
    t.same(list(tool.namespaces(path)), [inode], "the descriptor's path names it")
    again = os.open(path, os.O_RDONLY)
    t.same(tool.namespace(inode)["refs"], 1, "a second descriptor shares the nsfs inode")
    os.close(again)
    os.close(fd)
    gone(t, nsid, "descriptor")


@scene("kept by a bind mount")
def bind_mount(t):
    path = "/run/kept-namespace"
    with open(path, "wb"):
        pass
    with Member() as member:
        member.call(furnish)
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        calls.mount(f"/proc/{member.pid}/ns/ipc", path, None, calls.MS_BIND)
    pinned(t, inode, nsid, "bind mount", by_file=True)
    for kind in ("shm", "sem", "msg"):
        compare.sysv(t, path, inode, kind, "bind mount")
    compare.totals(t, path, inode, "bind mount")
    t.same(list(tool.namespaces(path)), [inode], "its path names it")
    calls.umount(path)
    os.unlink(path)
    gone(t, nsid, "bind mount")


@scene("kept by a descriptor in flight on a Unix socket")
def in_flight(t):
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with Member() as member:
        member.call(furnish)
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        fd = calls.namespace_fd(member.pid)
        near.sendmsg([b"!"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
        os.close(fd)
        near.close()
    pinned(t, inode, nsid, "in flight")
    _, ancillary, _, _ = far.recvmsg(1, socket.CMSG_SPACE(4))
    received = array.array("i", ancillary[0][2])[0]
    path = f"/proc/{os.getpid()}/fd/{received}"
    compare.sysv(t, path, inode, "shm", "received")
    os.close(received)
    far.close()
    gone(t, nsid, "in flight")


def open_sysvipc():
    """Opens /proc/sysvipc/shm."""
    return os.open("/proc/sysvipc/shm", os.O_RDONLY)


@scene("kept by an open /proc/sysvipc file of a process that left")
def proc_file(t):
    with Member() as member:
        member.call(furnish)
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        fd = member.call(open_sysvipc)
        member.call(calls.setns, INITIAL)
        pinned(t, inode, nsid, "/proc file")
        lines = member.call(os.read, fd, 4096).decode().splitlines()
        row, = tool.objects("shm", inode)
        t.same([line.split()[:2] for line in lines[1:]], [[str(0xabc), str(row["id"])]],
               "the open file still reads the same segment")
        member.call(os.close, fd)
        gone(t, nsid, "/proc file")


def mount_mqueue(path):
    """Mounts the caller's mqueue file system where the caller's children and parents see it."""
    calls.mount("mqueue", path, "mqueue")


@scene("a mount of mqueue keeps queues alive, but not the namespace")
def mqueue_mount(t):
    path = "/run/kept-queues"
    os.mkdir(path)
    with Member() as member:
        member.call(furnish)
        nsid = tool.namespace(member.inode)["nsid"]
        member.call(mount_mqueue, path)
    gone(t, nsid, "mqueue mount")
    t.same(os.listdir(path), ["kept"], "the queue's file is still there")
    calls.umount(path)
    os.rmdir(path)


@scene("the kernel's own list, listns(2)")
def listns(t):
    if calls.listns() is None:
        t.skip("NSID is the id of listns(2)", "this kernel has no listns(2)")
        return
    with Member() as one, Member(calls.CLONE_NEWUSER | calls.CLONE_NEWIPC) as other, \
            Member() as leaver, Member() as attacher:
        fd = calls.namespace_fd(leaver.pid)
        attacher.call(calls.shmat, attacher.call(furnish))
        ids = {member: calls.native_id(f"/proc/{member.pid}/ns/ipc")
               for member in (one, other, leaver, attacher)}

        def compare_all(hidden, name):
            rows = tool.namespaces()
            t.same({nsid for nsid in ids.values() if nsid not in
                    {row["nsid"] for row in rows.values()}}, set(), f"{name}: all are in our list")
            t.same({row["nsid"] for row in rows.values()} - hidden, set(calls.listns()),
                   f"{name}: NSIDs are the ids of listns(2)")

        compare_all(set(), "with processes inside")
        leaver.call(calls.setns, INITIAL)
        compare_all(set(), "one with an open descriptor")
        attacher.call(calls.setns, INITIAL)
        # listns(2) shows no namespace that has neither a process nor a descriptor or a mount.
        compare_all({ids[attacher]}, "one with nothing but an attached segment")
        row, = [row for row in tool.namespaces().values() if row["nsid"] == ids[attacher]]
        t.same((row["state"], row["refs"], row["shm"]), ("pinned", 1, 1), "which has the same id")
        os.close(fd)
        until(lambda: ids[leaver] not in calls.listns(), "a namespace leaves listns(2)")
        until(lambda: ids[leaver] not in [row["nsid"] for row in tool.namespaces().values()],
              "and ours")
        t.ok(True, "with its last descriptor one leaves both lists")


if __name__ == "__main__":
    main()
