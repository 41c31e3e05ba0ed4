#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=300 sanitize
"""What keeps a namespace: every sort of holder alone, all at once, and what cannot be named."""

import contextlib
import errno
import json
import os
import signal
import socket
import threading

from lib import calls, ledger, module, tool, wire, witness
from lib.ledger import Ledger
from lib.member import Member
from lib.tap import main, scene, until

INITIAL = "/proc/1/ns/ipc"


def by_id(inode):
    """The id that is never used again."""
    with wire.Socket() as link:
        return link.get("ns", {"inum": inode})["id"]


def answer(inode):
    """ns-get."""
    with wire.Socket() as link:
        return link.get("ns", {"inum": inode})


def seen(inode):
    """The rows of ipcnsctl holders: ({kind: tuples}, references unattributed, sum of all)."""
    rows = tool.rows("holders", "-o", "KIND,PID,FD,NAME,ID,REFS", inode, root="holders")
    found = {}
    for row in rows:
        found.setdefault(row["kind"], []).append(
            (row["kind"], *(row[key] for key in ("pid", "fd", "name", "id")
                            if row[key] is not None)))
    rest = [row["refs"] for row in rows if row["kind"] == "unattributed"]
    found.pop("unattributed", None)
    return found, rest[0] if len(rest) == 1 else rest, sum(row["refs"] or 0 for row in rows)


def held(t, inode, want, name, unattributed=0, refs=None, mounts=(), possible=()):
    """The ledger of a namespace: its rows, its sum, and what the namespace itself says.

    mounts: where the namespace is mounted. possible: open files of /proc/sysvipc, which may be of
    any namespace.
    """
    found, row = Ledger(inode), answer(inode)
    t.same(found.odd, [], f"{name}: every row is well-formed")
    kernel = [line for line in want if line[0] in ("task", "shm")]
    t.same(found.short, sorted(kernel, key=str), f"{name}: tasks and attachments")
    files = [line for line in want if line[0] == "nsfs"]
    t.same((found.refs, found.unattributed), (row["refs"], unattributed + bool(files or mounts)),
           f"{name}: the sum of these and of what user space finds is the count")
    if refs is not None:
        t.same(found.refs, refs, f"{name}: {refs} references")
    inside = witness.members().get(inode, set())
    t.same({row["pid"] for row in found.of("task")}, inside,
           f"{name}: member processes are those of /proc/PID/task/TID/ns/ipc")
    t.same(row["state"], wire.STATE["active" if inside else "pinned"], f"{name}: state")
    t.same(sorted(files), ledger.descriptors(inode),
           f"{name}: descriptors are those of /proc/PID/fd")

    kinds, rest, total = seen(inode)
    kinds.pop("mqueue-mount", None)
    lines = [*want, *(("mount", path) for path in mounts), *possible]
    t.same(sorted((line for some in kinds.values() for line in some), key=str),
           sorted(lines, key=str), f"{name}: ipcnsctl holders has all of these")
    t.same((rest, total), (unattributed, found.refs),
           f"{name}: and its sum is the count, {unattributed} of it unattributed")
    return found


def alive(nsid):
    """Whether a namespace still has a reference."""
    with wire.Socket() as link:
        try:
            return link.get("ns", {"id": nsid})["state"] != wire.STATE["dying"]
        except wire.Refused as error:
            if error.errno != errno.ENOENT:
                raise
            return False


def let_go(t, nsid, last, name):
    """The last holder lets go: the namespace was there until then, and is not any more."""
    t.ok(alive(nsid), f"{name}: alive before the last holder let go")
    last()
    until(lambda: not alive(nsid), f"{name}: ends with its last holder", 5)
    t.ok(True, f"{name}: ended with it")


@scene("one member")
def one(t):
    with Member() as member:
        nsid = by_id(member.inode)
        held(t, member.inode, [("task", member.pid)], "one", refs=1)
        let_go(t, nsid, member.end, "one member")


@scene("threads of the kernel, and summaries")
def summary(t):
    inode = calls.namespace_inode(1)
    text = tool.output("holders", inode).splitlines()
    folded = [line for line in text if "[kernel threads]" in line]
    rows = tool.rows("holders", "-o", "KIND,PID,UNIT,REFS", inode)
    tasks = [row for row in rows if row["kind"] == "task"]
    t.ok(len(folded) == 1 and len(text) < len(rows), "are one row for people", *text)
    t.ok(len(tasks) > len(text), "and all of them in JSON", len(tasks))
    raw = tool.output("holders", "-r", "-n", "-o", "KIND", inode).splitlines()
    t.ok(raw.count("task") > len(text), "and in raw form", raw)
    sums = tool.rows("holders", "--summary", "-o", "NS,KIND,UNIT,NPROCS,HOLDERS,REFS", inode,
                     root="summary")
    of_tasks = [row for row in sums if row["kind"] == "task"]
    t.same(len(of_tasks), 2, "a summary: the kernel's, and ours, which have no unit")
    t.ok(abs(sum(row["nprocs"] for row in of_tasks) - len(tasks)) < 8, "all are counted", of_tasks)
    t.same(sum(row["refs"] or 0 for row in sums), sum(row["refs"] or 0 for row in rows),
           "references add up to the same")
    with Member() as member, Member(join=member.pid) as other:
        for each, group in ((member, "one.service"), (other, "two.service")):
            os.makedirs(f"/sys/fs/cgroup/{group}", exist_ok=True)
            with open(f"/sys/fs/cgroup/{group}/cgroup.procs", "w", encoding="utf-8") as procs:
                procs.write(str(each.pid))
        pids = member.call(calls.attachers, 3)
        sums = tool.rows("holders", "--summary", "-o", "KIND,UNIT,NPROCS,REFS", member.inode,
                         root="summary")
        t.same([tuple(row.values()) for row in sums if row["kind"] == "task"],
               [("task", "one.service", 4, 1), ("task", "two.service", 1, 1)], "by unit")
        member.call(calls.end_children, pids)


@scene("children share what their parent has; who enters or moves has his own")
def family(t):
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        pids = member.call(calls.attachers, 3)
        found = held(t, inode, [("task", pid) for pid in [member.pid, *pids]], "forked", refs=1)
        t.same(len(found.tokens()), 1, "forked: four processes share one reference")

        with Member(join=member.pid) as other:
            found = held(t, inode, [("task", pid) for pid in [member.pid, *pids, other.pid]],
                         "one entered", refs=2)
            other.call(calls.unshare, calls.CLONE_NEWNS)
            held(t, inode, [("task", pid) for pid in [member.pid, *pids, other.pid]],
                 "one has another mount namespace", refs=2)
            with Member(0) as third:
                third.call(calls.setns, f"/proc/{other.pid}/ns/mnt", calls.CLONE_NEWNS)
                third.call(calls.setns, f"/proc/{member.pid}/ns/ipc")
                held(t, inode, [("task", pid) for pid in
                                [member.pid, *pids, other.pid, third.pid]], "a third", refs=3)
        # A child moves to another mount namespace: a nsproxy of its own, the same IPC namespace.
        pid = member.call(moved_child)
        found = held(t, inode, [("task", each) for each in [member.pid, *pids, pid]],
                     "a child moved", refs=2)
        shared = {row["token"] for row in found.of("task") if row["pid"] != pid}
        t.same(len(shared), 1, "a child moved: the others still share theirs")
        member.call(calls.end_children, [pid])
        # The children live on without their parent; but they die with it, as they are told to.
        let_go(t, nsid, member.end, "parent and children")


def moved_child():
    """A child in a mount namespace of its own."""
    ready, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        calls.die_with_parent()
        calls.unshare(calls.CLONE_NEWNS)
        os.close(ready)
        os.close(theirs)
        while True:
            signal.pause()
    os.close(theirs)
    os.read(ready, 1)
    os.close(ready)
    return pid


def threads(count, leave=False):
    """Starts threads that sleep, each in a namespace of its own or not; their numbers."""
    numbers, go = [], threading.Semaphore(0)

    def run():
        if leave:
            calls.unshare(calls.CLONE_NEWIPC)
        numbers.append(threading.get_native_id())
        go.release()
        threading.Event().wait()

    for _ in range(count):
        threading.Thread(target=run, daemon=True).start()
        go.acquire()
    return numbers


@scene("threads")
def with_threads(t):
    with Member() as member:
        member.call(threads, 4)
        held(t, member.inode, [("task", member.pid)], "five threads", refs=1)
        tid, = member.call(threads, 1, True)
        inode = os.stat(f"/proc/{member.pid}/task/{tid}/ns/ipc").st_ino
        nsid = by_id(inode)
        held(t, inode, [("task", member.pid)], "a thread that moved alone", refs=1)
        held(t, member.inode, [("task", member.pid)], "the others", refs=1)
        member.start(calls.exit_thread)
        until(lambda: state(member.pid) == "Z", "the first thread is a zombie")
        found = Ledger(inode)
        t.same((found.short, found.unattributed), ([("task", member.pid)], 0),
               "the first thread has ended: the one that moved is still named")
        let_go(t, nsid, member.end, "threads")


def state(pid):
    """The state letter of /proc/PID/stat."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def close_all(fds):
    """Closes descriptors."""
    for fd in fds:
        os.close(fd)


@scene("an open descriptor of the namespace in another process")
def descriptor(t):
    with Member(0) as holder:
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            first = holder.call(calls.namespace_fd, member.pid)
            held(t, inode, [("task", member.pid), ("nsfs", holder.pid, first)],
                 "with a member", refs=2)
        held(t, inode, [("nsfs", holder.pid, first)], "alone", refs=1)
        second = holder.call(os.dup, first)
        third = holder.call(os.open, f"/proc/self/fd/{first}", os.O_RDONLY)
        child, = holder.call(calls.attachers, 1)
        mine = os.open(f"/proc/{holder.pid}/fd/{first}", os.O_RDONLY)
        rows = [("nsfs", pid, fd) for pid in (holder.pid, child)
                for fd in (first, second, third)] + [("nsfs", os.getpid(), mine)]
        held(t, inode, rows, "duplicated, forked, opened anew: seven descriptors, one reference",
             refs=1)
        os.close(mine)
        holder.call(calls.end_children, [child])
        holder.call(close_all, [first, third])
        held(t, inode, [("nsfs", holder.pid, second)], "one left", refs=1)
        let_go(t, nsid, lambda: holder.call(os.close, second), "descriptor")


@scene("a process and its clone with CLONE_FILES share one table")
def shared_table(t):
    with Member() as member, Member(0) as holder:
        inode = member.inode
        fd = holder.call(calls.namespace_fd, member.pid)
        clone, = holder.call(calls.clones, 1, calls.CLONE_VM | calls.CLONE_FILES)
        held(t, inode, [("task", member.pid), ("nsfs", holder.pid, fd), ("nsfs", clone, fd)],
             "shared table", refs=2)
        holder.call(calls.end_children, [clone])


def bind(source, path):
    """A bind mount."""
    with open(path, "wb"):
        pass
    calls.mount(source, path, None, calls.MS_BIND)


def own_mounts():
    """A mount namespace of the caller's own from which nothing comes back."""
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)


def mounted_at(pid, inode):
    """Where mountinfo of a process shows a namespace mounted."""
    with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as lines:
        return [line.split()[4] for line in lines if f" ipc:[{inode}] " in line]


@scene("a bind mount, here and in another mount namespace")
def bind_mount(t):
    for where in ("here", "elsewhere"):
        path = f"/run/kept-{where}"
        with Member(0) as holder:
            if where == "elsewhere":
                holder.call(own_mounts)
            with Member() as member:
                inode, nsid = member.inode, by_id(member.inode)
                holder.call(bind, f"/proc/{member.pid}/ns/ipc", path)
                held(t, inode, [("task", member.pid)], f"mounted {where}, with a member",
                     refs=2, mounts=[path])
            t.same((mounted_at(holder.pid, inode), mounted_at("self", inode)),
                   ([path], [path] if where == "here" else []),
                   f"mounted {where}: as mountinfo shows")
            held(t, inode, [], f"mounted {where}: mounted only", refs=1, mounts=[path])
            fd = holder.call(os.open, path, os.O_RDONLY)
            held(t, inode, [("nsfs", holder.pid, fd)], f"mounted {where} and open: one inode",
                 refs=1, mounts=[path])
            t.same([(row["kind"], row["refs"]) for row in tool.rows("holders", inode)],
                   [("nsfs", 1), ("mount", None), ("unattributed", 0)],
                   f"mounted {where} and open: the second one has no number, not 0")
            if where == "here":
                calls.umount(path)
                held(t, inode, [("nsfs", holder.pid, fd)], "unmounted, but open", refs=1)
                calls.mount(f"/proc/{holder.pid}/fd/{fd}", path, None, calls.MS_BIND)
            holder.call(os.close, fd)
            if where == "here":
                let_go(t, nsid, lambda: calls.umount(path), "unmounted")
            else:
                let_go(t, nsid, holder.end, "the mount namespace ended")
        os.unlink(path)


@scene("an attached segment after everybody left")
def segment(t):
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        ident = member.call(calls.shmget, 0x51a1, 8192)
        address = member.call(calls.shmat, ident)
        held(t, inode, [("task", member.pid), ("shm", member.pid, ident)], "inside", refs=2)
        nattch = [line.split()[5] for line in witness.ipcs(member.pid, "-m")
                  if line.startswith("0x000051a1")]
        member.call(calls.setns, INITIAL)
        found = held(t, inode, [("shm", member.pid, ident)], "left", refs=1)
        row, = found.of("shm")
        t.same([str(row["nattch"])], nattch, "left: nattch as ipcs had it inside")
        t.same([(row["pid"], row["start"], row["end"], row.get("read-only", False))],
               ledger.areas(0x51a1), "left: where /proc/PID/maps shows it")
        let_go(t, nsid, lambda: member.call(calls.shmdt, address), "detached")


@scene("an open file of /proc/sysvipc: whose it is cannot be told, so it is possible only")
def sysvipc(t):
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        fds = {name: member.call(os.open, f"/proc/sysvipc/{name}", os.O_RDONLY)
               for name in ("shm", "sem", "msg")}
        again = member.call(os.dup, fds["sem"])
        fds_of = member.call(os.open, "/proc/sysvipc", os.O_RDONLY)
        rows = [("sysvipc", member.pid, fd, name) for name, fd in fds.items()]
        rows.append(("sysvipc", member.pid, again, "sem"))
        held(t, inode, [("task", member.pid)], "open files", 3, refs=4, possible=rows)
        member.call(calls.setns, INITIAL)
        own = member.call(os.open, "/proc/sysvipc/shm", os.O_RDONLY)
        rows.append(("sysvipc", member.pid, own, "shm"))
        held(t, inode, [], "left, and a file of another namespace", 3, refs=3, possible=rows)
        t.same(sorted(row for name in fds for row in ledger.sysvipc_files(name)), sorted(rows),
               "as /proc/PID/fd shows")
        member.call(close_all, [fds["shm"], fds["msg"], fds["sem"], fds_of, own])
        held(t, inode, [], "a duplicate is left", 1, refs=1,
             possible=[("sysvipc", member.pid, again, "sem")])
        let_go(t, nsid, lambda: member.call(os.close, again), "sysvipc")

    with Member() as member:
        fd = member.call(os.open, "/proc/sysvipc/shm", os.O_RDONLY)
        with Member() as other:
            held(t, other.inode, [("task", other.pid)],
                 "of one of which all is attributed, no file is possible", refs=1)
        # A proc of another instance, mounted elsewhere: the same files under another path.
        path = "/run/other-proc"
        os.mkdir(path)
        calls.mount("proc", path, "proc")
        more = member.call(os.open, f"{path}/sysvipc/msg", os.O_RDONLY)
        held(t, member.inode, [("task", member.pid)], "another proc", 2, refs=3,
             possible=[("sysvipc", member.pid, fd, "shm"), ("sysvipc", member.pid, more, "msg")])
        member.end()
        calls.umount(path)
        os.rmdir(path)


@scene("a context of the mqueue filesystem is unattributed")
def context(t):
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        fd = member.call(calls.filesystem_context, "mqueue")
        other = member.call(calls.filesystem_context, "tmpfs")
        member.call(calls.setns, INITIAL)
        t.same(ledger.contexts(), [("fscontext", member.pid, fd), ("fscontext", member.pid, other)],
               "two contexts in /proc/PID/fd")
        held(t, inode, [], "context", 1, refs=1)
        again = member.call(os.dup, fd)
        member.call(os.close, fd)
        held(t, inode, [], "its duplicate", 1, refs=1)
        let_go(t, nsid, lambda: member.call(os.close, again), "context")

    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        fd = member.call(calls.filesystem_context, "mqueue")
        member.call(calls.filesystem_create, fd)
        held(t, inode, [("task", member.pid)], "created", 1, refs=2)
        mount = member.call(calls.filesystem_mount, fd)
        member.call(close_all, [fd])
        held(t, inode, [("task", member.pid)], "the mount alone is no holder", refs=1)
        member.call(calls.setns, INITIAL)
        until(lambda: not alive(nsid), "the mount does not keep it", 5)
        member.call(os.close, mount)


def pair(kind):
    """Two connected sockets."""
    return socket.socketpair(socket.AF_UNIX, kind)


@scene("descriptors in flight on a Unix socket are unattributed")
def in_flight(t):
    kinds = {"stream": socket.SOCK_STREAM, "dgram": socket.SOCK_DGRAM,
             "seqpacket": socket.SOCK_SEQPACKET}
    for name, kind in kinds.items():
        near, far = pair(kind)
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            fd = calls.namespace_fd(member.pid)
            socket.send_fds(near, [b"x"], [fd, fd])
            socket.send_fds(near, [b"y"], [fd])
            held(t, inode, [("task", member.pid), ("nsfs", os.getpid(), fd)],
                 f"{name}: sent, and open", refs=2)
            os.close(fd)
        held(t, inode, [], f"{name}: in flight only", 1, refs=1)
        near.close()
        held(t, inode, [], f"{name}: its sender has gone", 1, refs=1)
        _, fds, _, _ = socket.recv_fds(far, 1, 2)
        held(t, inode, [("nsfs", os.getpid(), fd) for fd in fds],
             f"{name}: one message received, one to come", refs=1)
        close_all(fds)
        let_go(t, nsid, far.close, f"{name}: never received")


KEPT = ()       # by the process that a function runs in


def send_all(fds):
    """Sends descriptors to a socket of the caller's own, and closes them; the socket's fd."""
    global KEPT
    KEPT = pair(socket.SOCK_DGRAM)
    socket.send_fds(KEPT[0], [b"x"], fds)
    close_all(fds)
    return KEPT[1].fileno()


def drop_sent():
    """Closes those sockets."""
    for each in KEPT:
        each.close()


@scene("everything else in flight, too")
def others_in_flight(t):
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        fds = [member.call(os.open, "/proc/sysvipc/sem", os.O_RDONLY),
               member.call(calls.filesystem_context, "mqueue"),
               member.call(calls.mq_open, b"flying", 1, 1),
               member.call(calls.namespace_fd)]
        member.call(send_all, fds)
        member.call(calls.setns, INITIAL)
        held(t, inode, [], "four in one message", 3, refs=3)
        let_go(t, nsid, lambda: member.call(drop_sent), "four in one message")


def kinds_held(inode):
    """HELD of a namespace in the list of all."""
    row, = [row for row in tool.rows("list", "-o", "NS,HELD") if row["ns"] == inode]
    return row["held"]


@scene("all at once")
def together(t):
    near, far = pair(socket.SOCK_STREAM)
    with Member() as member, Member(0) as holder:
        inode, nsid = member.inode, by_id(member.inode)
        ident = member.call(calls.shmget, 0x51a2, 4096)
        addresses = [member.call(calls.shmat, ident) for _ in range(2)]
        file = member.call(os.open, "/proc/sysvipc/shm", os.O_RDONLY)
        member.call(calls.filesystem_context, "mqueue")
        queue = member.call(calls.mq_open, b"queue", 1, 1)
        fd = holder.call(calls.namespace_fd, member.pid)
        mine = calls.namespace_fd(member.pid)
        socket.send_fds(near, [b"x"], [mine])
        os.close(mine)
        pids = member.call(calls.attachers, 2)
        family = [member.pid, *pids]
        kernel = [*(("task", pid) for pid in family),
                  *(("shm", pid, ident) for pid in family for _ in addresses)]
        rows = [*kernel, *(("mq", pid, queue, "queue") for pid in family),
                ("nsfs", holder.pid, fd)]
        files = [("sysvipc", pid, file, "shm") for pid in family]
        # nsproxy 1, attachments 2, the inode 1; file and context are unattributed.
        held(t, inode, rows, "all at once", 2, refs=6, possible=files)
        with Member(join=member.pid) as other:
            held(t, inode, [*rows, ("task", other.pid)], "and one who entered", 2, refs=7,
                 possible=files)
        t.same(kinds_held(inode), ["task", "nsfs", "shm", "unattributed"],
               "list -o +HELD: by all kinds")
        t.same(ledger.queues("queue"), sorted(row for row in rows if row[0] == "mq"),
               "queues as /proc/PID/fd shows")
        with wire.Socket() as link:
            both = link.dump("holder")
            one_kind = {kind: link.dump("holder", {"ns-inum": inode, "kinds": 1 << number})
                        for number, kind in enumerate(wire.HOLDER)}
        t.same(Ledger(inode, both).short, sorted(kernel, key=str),
               "among the holders of all namespaces: the same")
        for kind, found in one_kind.items():
            t.same({ledger.kind_of(row) for row in found}, {"count", kind},
                   f"asked for {kind} only, and always the count")
        t.same(sorted(str(ledger.short(row)) for found in one_kind.values() for row in found
                      if ledger.kind_of(row) != "count"), sorted(map(str, kernel)),
               "kind by kind: the same in all")
        member.call(calls.end_children, pids)
        member.end()
        held(t, inode, [("nsfs", holder.pid, fd)], "outside only", refs=1)
        holder.call(os.close, fd)
        held(t, inode, [], "in flight only", 1, refs=1)
        near.close()
        let_go(t, nsid, far.close, "all at once")


@scene("what cannot be named: an inotify watch, a file registered with io_uring, deeper in flight")
def unnamed(t):
    with Member(0) as holder:
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            before = held(t, inode, [("task", member.pid)], "before", refs=1)
            fd = holder.call(calls.watch, f"/proc/{member.pid}/ns/ipc")
            after = held(t, inode, [("task", member.pid)], "watched", 1, refs=2)
            t.same(after.short, before.short, "watched: nothing else changed")
        held(t, inode, [], "watched only", unattributed=1, refs=1)
        let_go(t, nsid, lambda: holder.call(os.close, fd), "watched")

    with Member(0) as holder:
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            try:
                ring = holder.call(registered, member.pid)
            except OSError as error:
                t.skip("io_uring", error.strerror)
                return
        held(t, inode, [], "registered with io_uring", unattributed=1, refs=1)
        let_go(t, nsid, lambda: holder.call(os.close, ring), "io_uring")

    with Member(0) as holder:
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            holder.call(deep_in_flight, member.pid)
        held(t, inode, [], "in flight on a socket that is in flight", unattributed=1, refs=1)
        let_go(t, nsid, lambda: holder.call(drop_sent), "deep in flight")

    with Member(0) as holder:
        with Member() as member:
            inode, nsid = member.inode, by_id(member.inode)
            holder.call(not_accepted, member.pid)
        held(t, inode, [], "in flight on a connection that was not accepted", unattributed=1,
             refs=1)
        let_go(t, nsid, lambda: holder.call(drop_sent), "not accepted")


def registered(pid):
    """An io_uring with a namespace as its registered file, which is not open otherwise."""
    fd = calls.namespace_fd(pid)
    ring = calls.ring_with(fd)
    os.close(fd)
    return ring


def deep_in_flight(pid):
    """A socket that has a socket that has a namespace in flight."""
    global KEPT
    inner, outer = pair(socket.SOCK_STREAM), pair(socket.SOCK_STREAM)
    fd = calls.namespace_fd(pid)
    socket.send_fds(inner[0], [b"x"], [fd])
    os.close(fd)
    socket.send_fds(outer[0], [b"x"], [inner[1].fileno()])
    inner[1].close()
    KEPT = (*outer, inner[0])


def not_accepted(pid):
    """A connection in a listener's queue, with a namespace in flight to it."""
    global KEPT
    listener, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    listener.bind(b"\0not-accepted")
    listener.listen(1)
    client.connect(b"\0not-accepted")
    fd = calls.namespace_fd(pid)
    socket.send_fds(client, [b"x"], [fd])
    os.close(fd)
    KEPT = (listener, client)


@scene("holders in other pid, mount and user namespaces; readers there")
def elsewhere(t):
    with Member() as member, Member(0) as holder:
        inode = member.inode
        fd = holder.call(calls.namespace_fd, member.pid)
        holder.call(calls.unshare, calls.CLONE_NEWUSER | calls.CLONE_NEWPID | calls.CLONE_NEWNS)
        # Process 1 of the pid namespace; it has what its parent has open.
        child, = holder.call(calls.attachers, 1)
        t.same([calls.namespace_inode(child, kind) == calls.namespace_inode("self", kind)
                for kind in ("pid", "mnt", "user")], [False] * 3, "a child in other namespaces")
        held(t, inode, [("task", member.pid), ("nsfs", holder.pid, fd), ("nsfs", child, fd)],
             "a holder in other namespaces, by the pid that the reader knows", refs=2)
        holder.call(calls.end_children, [child])
        holder.end()

        # What readers in there see.
        ident = member.call(calls.shmget, 0x51a3, 8192)
        for _ in range(2):
            member.call(calls.shmat, ident)
        pids = member.call(calls.attachers, 2)
        with Member(0, join=member.pid) as reader:
            found = reader.call(ask_in_pid_namespace, inode)
            rows = [{key: each[key] for key in ("kind", "pid", "hidden", "comm", "start", "mm")
                     if key in each} for each in found]
            # Two nsproxies: that of the first three, and the reader's, whose parent has it, too.
            t.same([each for each in rows if each["kind"] == "task" and "pid" in each],
                   [{"kind": "task", "pid": 1, "comm": True}],
                   "a reader in a pid namespace of their own sees process 1")
            t.same(sum(each["hidden"] for each in rows if each["kind"] == "task"
                       and "hidden" in each), 4, "of the other members, they get the number")
            shm = [each for each in rows if each["kind"] == "shm"]
            t.same(sum(each["hidden"] for each in shm), 6, "so they do of attachments")
            t.ok(all(each.keys() == {"kind", "hidden"} for each in rows if "hidden" in each),
                 "without pid, command name or address", rows)
            t.same(len({each["token"] for each in found if "token" in each}), 4,
                   "and the same references")
        member.call(calls.end_children, pids)


@scene("the owner of a user namespace")
@module.parameters("access=owner")
def owners(t):
    with Member(calls.CLONE_NEWUSER) as owner, Member() as foreign:
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{owner.pid}/{name}", "w", encoding="ascii") as file:
                file.write("0 100000 1000")
        owner.call(os.setresuid, 0, 0, 0)
        owner.call(calls.unshare, calls.CLONE_NEWIPC)
        held(t, owner.inode, [("task", owner.pid)], "of a user namespace of his own", refs=1)
        t.same(owner.call(short_rows, owner.inode), [["task", owner.pid]],
               "its owner sees who holds it")
        t.same(owner.call(namespaces_in_ledger), [owner.inode], "and nobody else's")
        t.same(owner.call(short_rows, foreign.inode), "ENOENT", "a foreign one is not there")


def short_rows(inode):
    """The ledger as the caller sees it."""
    try:
        return [list(row) for row in Ledger(inode).short]
    except wire.Refused as error:
        return errno.errorcode[error.errno]


def namespaces_in_ledger():
    """The namespaces of which holder-get for all tells the caller."""
    with wire.Socket() as link:
        return sorted({row["ns-inum"] for row in link.dump("holder")})


def ask_in_pid_namespace(inode):
    """holder-get by process 1 of a new pid namespace."""
    calls.unshare(calls.CLONE_NEWPID)
    here, there = os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(BaseException):
            rows = [{key: value if key != "comm" else bool(value) for key, value in row.items()}
                    | {"kind": ledger.kind_of(row)} for row in Ledger(inode).all]
            os.write(there, json.dumps(rows).encode())
        os._exit(0)
    os.close(there)
    with open(here, "rb") as file:
        data = file.read()
    os.waitpid(pid, 0)
    return json.loads(data)


@scene("what keeps queues only: an open queue and a mount of mqueue")
def queues_only(t):
    path = "/run/kept-queues"
    os.mkdir(path)
    with Member() as member:
        inode, nsid = member.inode, by_id(member.inode)
        fd = member.call(calls.mq_open, b"open", 2, 20)
        member.call(calls.mount, "mqueue", path, "mqueue")
        held(t, inode, [("task", member.pid), ("mq", member.pid, fd, "open")],
             "queue and mount are no reference", refs=1)
        file = member.call(os.open, f"{path}/open", os.O_RDONLY)
        held(t, inode, [("task", member.pid), ("mq", member.pid, fd, "open"),
                        ("mq", member.pid, file, "open")], "opened as a file, too", refs=1)
        member.call(os.close, file)
        member.call(calls.mq_unlink, b"open")
        held(t, inode, [("task", member.pid), ("mq", member.pid, fd, "open")],
             "unlinked: its name stays", refs=1)
        member.call(calls.setns, INITIAL)
        until(lambda: not alive(nsid), "neither keeps the namespace", 5)
        t.ok(True, "neither keeps the namespace")
    calls.umount(path)
    os.rmdir(path)


@scene("many descriptors in one process")
def many(t):
    with Member(0) as holder, Member() as member:
        fds = holder.call(open_many, member.pid, 9000)
        kinds, rest, total = seen(member.inode)
        t.same(set(kinds["nsfs"]), {("nsfs", holder.pid, fd) for fd in fds},
               "9,000 descriptors: every one is there")
        t.same((rest, total), (0, 2), "9,000 descriptors: one reference")


def open_many(pid, count):
    """Opens a namespace many times, with other files between."""
    import resource
    resource.setrlimit(resource.RLIMIT_NOFILE, (32768, 32768))
    fds = []
    for place in range(count):
        fds.append(calls.namespace_fd(pid))
        if place % 3 == 0:
            os.open("/dev/null", os.O_RDONLY)
    return fds


if __name__ == "__main__":
    main()
