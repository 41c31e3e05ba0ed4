#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=400
"""Orphans of every kind, and what only looks like one, against ipcs, /proc and who is alive."""

import os
import signal
import socket
import time

import posix_shm as files
from lib import calls, module, tool, witness
from lib.member import Member
from lib.tap import main, scene

SHM = files.SHM


def orphans(*args):
    """The rows of objects --orphans, all columns."""
    return tool.rows("objects", "--orphans", "--output-all", *args)


def found(inode, *args):
    """{(kind, key or name): (sure, why)} of one namespace."""
    return {(row["type"], row["key"]): (row["sure"], row["why"]) for row in orphans(*args)
            if row["ns"] == inode}


def key(number):
    """A key as the tool prints it."""
    return f"0x{number:08x}"


def stop(member):
    """Stops a member in the middle of whatever it does."""
    os.kill(member.pid, signal.SIGSTOP)


@scene("segments: nothing attached, and the creator gone")
def segments(t):
    with Member() as home, Member(join=home.pid) as alive, Member(join=home.pid) as stopped, \
            Member(join=home.pid) as parent:
        with Member(join=home.pid) as maker:
            maker.call(calls.shmget, 0x1, 100)
            for number, user in ((0x2, alive), (0x3, stopped)):
                user.call(calls.shmat, maker.call(calls.shmget, number, 100))
            parent.call(calls.shmat, maker.call(calls.shmget, 0x4, 100))
            child = parent.call(files.fork_child)
        alive.call(calls.shmget, 0x5, 100)
        alive.call(files.in_thread, calls.shmget, 0x6, 100)
        stop(stopped)
        parent.end()
        want = [row["key"] for row in witness.sysvipc(home.pid, "shm")
                if not row["nattch"] and not os.path.exists(f"/proc/{row['cpid']}")]
        t.same(want, [0x1], "/proc/sysvipc/shm and /proc: one is unattached, its creator gone")
        t.same(found(home.inode), {("shm", key(0x1)): ("sure", "unattached")},
               "not those that a stopped process or a child has attached, or a living one made")
        os.kill(child, signal.SIGKILL)


def set_up(number, value=1):
    """A semaphore set of one, set to a value; its id."""
    ident = calls.semget(number, 1)
    calls.semctl(ident, 0, calls.SETVAL, value)
    return ident


@scene("sets: everybody who used them gone, nobody waits, nothing to be undone")
def sets(t):
    with Member() as home, Member(join=home.pid) as user, Member(join=home.pid) as waiter, \
            Member(join=home.pid) as undoer:
        with Member(join=home.pid) as maker:
            maker.call(calls.semget, 0x10, 3)
            maker.call(set_up, 0x11)
            user.call(calls.semop, maker.call(set_up, 0x12), (0, 1))
            waiting = maker.call(set_up, 0x13, 0)
            waiter.start(calls.semop, waiting, (0, -1))
            waiter.sleeps_in(calls.NR_SEMTIMEDOP)
            ident = maker.call(set_up, 0x14)
            undoer.call(calls.semop, ident, (0, 1, calls.SEM_UNDO))
            maker.call(calls.semop, ident, (0, 1))
        user.call(set_up, 0x15)
        t.same(len(witness.sysvipc(home.pid, "sem")), 6, "ipcs has six")
        want = {("sem", key(0x10)): ("likely", "ended"), ("sem", key(0x11)): ("likely", "ended")}
        t.same(found(home.inode), want, "used by somebody who lives, waited for, to be undone: not")
        stop(user)
        t.same(found(home.inode), want, "nor where that one is stopped")
        user.end()
        t.same(found(home.inode), {**want, ("sem", key(0x12)): ("likely", "ended"),
                                   ("sem", key(0x15)): ("likely", "ended")},
               "when it has ended, its sets are")


@scene("queues: creator, last sender and last receiver gone, nobody waits")
def queues(t):
    with Member() as home, Member(join=home.pid) as user, Member(join=home.pid) as waiter:
        with Member(join=home.pid) as maker:
            maker.call(calls.msgget, 0x20)
            maker.call(calls.msgsnd, maker.call(calls.msgget, 0x21), b"left")
            user.call(calls.msgsnd, maker.call(calls.msgget, 0x22), b"sent")
            received = maker.call(calls.msgget, 0x23)
            maker.call(calls.msgsnd, received, b"received")
            user.call(calls.msgrcv, received)
            waiter.start(calls.msgrcv, maker.call(calls.msgget, 0x24))
            waiter.sleeps_in(calls.NR_MSGRCV)
        user.call(calls.msgget, 0x25)
        want = {("msg", key(0x20)): ("likely", "ended"), ("msg", key(0x21)): ("likely", "ended")}
        t.same(found(home.inode), want, "not where a sender, receiver, creator or waiter lives")
        user.end()
        t.same(sorted(name for _, name in found(home.inode)),
               [key(number) for number in (0x20, 0x21, 0x22, 0x23, 0x25)], "but when it has ended")


@scene("creators that the module has not seen")
def older(t):
    with Member() as home:
        with Member(join=home.pid) as maker:
            maker.call(calls.shmget, 0x1, 100)
            maker.call(set_up, 0x11)
            maker.call(calls.msgget, 0x21)
        module.unload()
        module.load()
        t.same(found(home.inode), {("shm", key(0x1)): ("likely", "unattached")},
               "sets and queues may be anybody's; a segment is likely an orphan")


def send_away(name):
    """Opens a queue, sends the descriptor to a socket, and closes it: it is in flight."""
    pair = socket.socketpair()
    fd = calls.mq_open(name)
    socket.send_fds(pair[0], [b"x"], [fd])
    os.close(fd)
    files.MAPPINGS.append(pair)


def close_queue(name, message=b""):
    """Makes a queue and closes it."""
    fd = calls.mq_open(name)
    if message:
        calls.mq_send(fd, message)
    os.close(fd)


@scene("POSIX queues: open nowhere, by the kernel's own count")
def posix_queues(t):
    with Member() as home, Member(join=home.pid) as stopped, Member(join=home.pid) as parent, \
            Member(join=home.pid) as sender:
        home.call(close_queue, b"closed")
        home.call(close_queue, b"full", b"message")
        stopped.call(calls.mq_open, b"stopped")
        stop(stopped)
        parent.call(calls.mq_open, b"child")
        child = parent.call(files.fork_child)
        parent.end()
        sender.call(send_away, b"flight")
        t.same(found(home.inode), {("mq", "/closed"): ("likely", "closed"),
                                   ("mq", "/full"): ("likely", "closed")},
               "open in a stopped process, in a child, in flight: not")
        os.kill(child, signal.SIGKILL)


@scene("files: open and mapped nowhere")
def shm_files(t):
    here = calls.namespace_inode()
    with Member(0) as host, Member(files.NEW) as box, Member(0) as stopped, Member(0) as parent, \
            Member(0) as thread, Member(calls.CLONE_NEWNS) as elsewhere:
        box.call(files.own_shm)
        box.call(files.leave, "box", "sem.box")
        host.call(files.leave, "left", "sem.left", "stopped", "child", "thread", "elsewhere",
                  "bound")
        stopped.call(files.map_file, "stopped")
        stop(stopped)
        parent.call(files.map_file, "child")
        child = parent.call(files.fork_child)
        parent.end()
        thread.call(files.map_in_thread, "thread")
        elsewhere.call(files.map_file, "elsewhere")
        elsewhere.call(calls.mount, "none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
        elsewhere.call(calls.mount, f"{SHM}/bound", "/root/guest/orphans.py", None, calls.MS_BIND)
        unused = [name for name in os.listdir(SHM)
                  if files.users(f"{SHM}/{name}") == (set(), set())]
        t.same(sorted(unused), ["bound", "left", "sem.left"], "/proc/PID/maps and fd: unused")
        t.same(found(here), {("pshm", "/left"): ("likely", "unused"),
                             ("psem", "/left"): ("likely", "unused")},
               "stopped, child, thread, other mount namespace, mounted: not")
        t.same(found(box.inode), {("pshm", "/box"): ("likely", "unused"),
                                  ("psem", "/box"): ("likely", "unused")}, "of a container")
        os.kill(child, signal.SIGKILL)
        for name in ("left", "sem.left", "stopped", "child", "thread", "elsewhere", "bound"):
            os.unlink(f"{SHM}/{name}")


def plant(source, target):
    """Binds a folder in a mount namespace of a user namespace of the caller's own."""
    os.setresgid(1000, 1000, 1000)
    os.setresuid(1000, 1000, 1000)
    calls.unshare(calls.CLONE_NEWUSER | files.NEW)
    calls.make_dumpable()
    for name, text in (("setgroups", "deny"), ("uid_map", "0 1000 1"), ("gid_map", "0 1000 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount(source, target, None, calls.MS_BIND)


@scene("other people's files that a user mounts at /dev/shm are no orphans")
def planted(t):
    with open("/run/precious", "w", encoding="ascii"):
        pass
    with Member(0) as user:
        user.call(plant, "/run", SHM)
        names = {row["name"] for row in files.rows().values()}
        t.ok("/precious" in names, "objects: the user sees it there", names)
        t.same([row["key"] for row in orphans() if row["key"] == "/precious"], [],
               "but it is the host's /run")
    os.unlink("/run/precious")
    with Member(0) as host, Member(0) as user:
        host.call(files.leave, "left")
        user.call(plant, SHM, "/mnt")
        t.same([row["key"] for row in orphans()], ["/left"],
               "nor do files of /dev/shm stop to be ones where a user mounts it elsewhere")
        os.unlink(f"{SHM}/left")


def tmpfs_at(target):
    """A container that has a tmpfs of its own, which is not for shared memory."""
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount("data", target, "tmpfs", data="mode=1777")
    files.own_shm()
    with open(f"{target}/precious", "w", encoding="ascii"):
        files.leave("left")


@scene("nor is what a container has in a tmpfs of its own, which somebody in it mounts there")
def planted_inside(t):
    with Member(files.NEW) as box:
        box.call(tmpfs_at, "/mnt")
        with Member(0) as user:
            user.call(calls.setns, f"/proc/{box.pid}/ns/mnt", calls.CLONE_NEWNS)
            user.call(plant, "/mnt", SHM)
            t.same(user.call(os.listdir, SHM), ["precious"], "the user sees it at /dev/shm")
            seen = files.rows()
            t.same((seen["/precious"]["ns"], seen["/left"]["ns"]), (user.inode, box.inode),
                   "objects: both files are there")
            t.same([row["key"] for row in orphans()], ["/left"],
                   "the container's own shared memory is one")
            t.same(box.call(os.listdir, "/mnt"), ["precious"], "which nobody uses, either")


@scene("choosing: type, namespace, owner, age")
def choosing(t):
    with Member() as home, Member() as other:
        for place, number in ((home, 0x31), (other, 0x32)):
            with Member(join=place.pid) as maker:
                ident = maker.call(calls.shmget, number, 5000)
                maker.call(calls.shm_chown, ident, 1000, 1000)
                maker.call(close_queue, b"queue")
        both = {("shm", key(0x31)), ("mq", "/queue")}
        t.same(set(found(home.inode, home.inode)), both, "one namespace")
        t.same({row["ns"] for row in orphans(home.inode)}, {home.inode}, "and no other")
        t.same({row["ns"] for row in orphans(home.inode, other.inode)},
               {home.inode, other.inode}, "two")
        t.same(set(found(home.inode, "--type", "mq")), {("mq", "/queue")}, "--type mq")
        t.same(set(found(home.inode, "--type", "shm,sem")), {("shm", key(0x31))}, "--type shm,sem")
        t.same(set(found(home.inode, "--owner", 1000)), {("shm", key(0x31))}, "--owner")
        t.same(set(found(home.inode, "--key", "0x31")), {("shm", key(0x31))}, "--key")
        t.same(set(found(home.inode, "--older-than", "1 h")), set(), "--older-than 1 h: too young")
        time.sleep(2.1)
        t.same(set(found(home.inode, "--older-than", "2 s")), both, "--older-than 2 s")
        row, = [row for row in orphans("--type", "shm") if row["ns"] == home.inode]
        t.ok(2 <= row["age"] < 60 and row["bytes"] == 5000, "AGE and BYTES", row)
        order = [row["bytes"] or 0 for row in orphans()]
        t.same(order, sorted(order, reverse=True), "the largest first")


@scene("sums by unit and user")
def sums(t):
    with Member() as home:
        with Member(join=home.pid) as maker:
            for number, uid in ((0x41, 1000), (0x42, 1000), (0x43, 1001)):
                maker.call(calls.shm_chown, maker.call(calls.shmget, number, 1000 * number), uid,
                           uid)
            maker.call(close_queue, b"queue", b"12345")
        rows = tool.rows("objects", "--orphans", "--summary", "--output-all", home.inode,
                         root="summary")
        t.same([(row["uid"], row["orphans"], row["bytes"]) for row in rows],
               [(1000, 2, 0x41 * 1000 + 0x42 * 1000), (1001, 1, 0x43 * 1000), (0, 1, 5)],
               "each user's, the most bytes first")
        text = tool.output("objects", "--orphans", "--summary", "-r", home.inode)
        t.same(text.splitlines()[0], "UNIT OWNER ORPHANS SURE BYTES AGE", "default columns")


@scene("a web server that is killed and started again")
def server(t):
    with Member() as home:
        leaked, living = [], []
        for number in range(3):
            with Member(join=home.pid) as httpd:
                idents = [httpd.call(set_up, 0x100 + 5 * number + i) for i in range(5)]
                for ident in idents:
                    httpd.call(calls.semop, ident, (0, -1, calls.SEM_UNDO))
                    httpd.call(calls.semop, ident, (0, 1, calls.SEM_UNDO))
                if number == 2:
                    living = idents
                    got = [row["id"] for row in orphans("--type", "sem", home.inode)]
                    t.same(sorted(got), sorted(leaked), "those of the killed ones only")
                    t.same(sorted(row["semid"] for row in witness.sysvipc(home.pid, "sem")),
                           sorted(leaked + living), "ipcs has all")
                leaked += idents


if __name__ == "__main__":
    main()
