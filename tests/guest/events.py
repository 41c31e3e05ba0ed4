#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=240
"""What happens to namespaces and objects, told as events: kinds, order, reasons, identity."""

import collections
import errno
import os
import resource
import subprocess
import time

from lib import calls, events, module, tool, wire, witness
from lib.events import Listener, brief, of
from lib.member import Member
from lib.tap import QUICK, main, scene, until

NOBODY = 65534


def told(t, happened, want, name):
    """Events against a list of (brief, id or name or None, pid or None)."""
    got = [(brief(event), event.get("id") if isinstance(ident, int) else
            event.get("name") if isinstance(ident, bytes) else None,
            event.get("pid") if pid is not None else None)
           for event, (_, ident, pid) in zip(happened, want)]
    got += [(brief(event), event.get("id"), event.get("pid")) for event in happened[len(want):]]
    return t.same(got, want, name)


def consecutive(t, ear, name):
    """Nothing lost, and no number left out."""
    t.same(events.numbers(ear.events), list(range(ear.begin, ear.next)),
           f"{name}: numbers without a gap")


# A container's life

class Log:
    """What was really done in a namespace, in the form of events."""

    def __init__(self, inode, nsid):
        self.entries = []
        self.place = {"ns-inum": inode, "ns-id": nsid}

    def add(self, what, pid, comm, **details):
        """Something was done by a process, or with pid None by the kernel."""
        kind, event, *reason = what.split()
        entry = {"object": kind, "event": event, **self.place, **details}
        if reason:
            entry["reason"] = reason[0]
        if pid:
            entry.update(pid=pid, comm=comm.encode(), **({"uid": 0} if kind == "ns" else {}))
        self.entries.append(entry)


def plain(event):
    """An event without what cannot be known before; calm.py looks at control groups."""
    return {name: value for name, value in event.items()
            if name not in ("seq", "time", "duration", "cgroup-id", "cgroup")}


def run_inside(target, *argv):
    """Runs a command in the IPC namespace of a process; its pid and output."""
    command = ["nsenter", f"--ipc=/proc/{target}/ns/ipc", *map(str, argv)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        text = process.stdout.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return process.pid, text


def make_each(target, log, size, nsems, queue, maker):
    """Makes one object of each kind, the System V ones by ipcmk; {kind: id}."""
    made = {}
    for kind, option, name in (("shm", ["-M", size], "shmid"), ("sem", ["-S", nsems], "semid"),
                               ("msg", ["-Q"], "msqid")):
        pid, _ = run_inside(target, "ipcmk", "-p", "0640", *option)
        row = max(witness.sysvipc(target, kind), key=lambda row: row[name])
        made[kind] = row[name]
        details = {"bytes": size} if kind == "shm" else {}
        log.add(f"{kind} created", pid, "ipcmk", id=row[name], key=row["key"] & 0xffffffff, uid=0,
                **details)
    made["mq"] = maker.call(make_queue, queue)
    log.add("mq created", maker.pid, "maker", id=made["mq"], name=queue, uid=0)
    return made


def make_queue(name):
    """Makes a queue; its inode number."""
    fd = calls.mq_open(name, 3, 30)
    inode = os.fstat(fd).st_ino
    os.close(fd)
    return inode


def alive(happened):
    """{kind: created less destroyed}."""
    count = collections.Counter()
    for event in happened:
        count[event["object"]] += (event["event"] == "created") - (event["event"] == "destroyed")
    return count


@scene("a container's life")
def life(t):
    begin = time.time_ns()
    with Listener() as ear:
        first = subprocess.Popen(["unshare", "--ipc", "sleep", "1000000"])
        until(lambda: open(f"/proc/{first.pid}/comm", encoding="ascii").read() == "sleep\n",
              "the container runs")
        inode, nsid = calls.namespace_inode(first.pid), wire.nsid_of(first.pid)
        log = Log(inode, nsid)
        log.add("ns created", first.pid, "unshare")

        with Member(join=first.pid) as second:
            second.call(calls.set_comm, "maker")
            made = make_each(first.pid, log, 5000, 3, b"work", second)
            keys = {kind: row["key"] & 0xffffffff for kind in ("shm", "sem", "msg")
                    for row in witness.sysvipc(first.pid, kind)}

            # A second process changes owner and mode.
            second.call(calls.set_comm, "changer")
            for kind, change, uid, mode in (("shm", calls.shm_chown, 1000, 0o604),
                                            ("sem", calls.sem_chown, 1001, 0o644),
                                            ("msg", calls.msg_chown, 1002, 0o666)):
                second.call(change, made[kind], uid, 2000, mode)
                log.add(f"{kind} changed", second.pid, "changer", id=made[kind], key=keys[kind],
                        uid=uid, mode=mode)
        happened = of(ear.catch_up(), nsid)
        counts = alive(happened)
        t.same([counts[kind] for kind in ("shm", "sem", "msg")],
               [len(witness.sysvipc(first.pid, kind)) for kind in ("shm", "sem", "msg")],
               "created less destroyed is what /proc/sysvipc has, with one of each kind")
        t.same(counts["mq"], len(witness.mqueue(first.pid)), "and of queues what mqueue has")

        # A third removes everything.
        pid, _ = run_inside(first.pid, "ipcrm", "-m", made["shm"], "-s", made["sem"],
                            "-q", made["msg"])
        for kind, uid in (("shm", 1000), ("sem", 1001), ("msg", 1002)):
            details = {"bytes": 5000} if kind == "shm" else {}
            log.add(f"{kind} destroyed removed", pid, "ipcrm", id=made[kind], key=keys[kind],
                    uid=uid, **details)
        with Member(join=first.pid) as third:
            third.call(calls.set_comm, "remover")
            third.call(calls.mq_unlink, b"work")
            log.add("mq unlinked", third.pid, "remover", id=made["mq"], name=b"work", uid=0)
            log.add("mq destroyed removed", third.pid, "remover", id=made["mq"], uid=0)

        # Again one of each kind, which nobody removes.
        with Member(join=first.pid) as fourth:
            fourth.call(calls.set_comm, "maker")
            left = make_each(first.pid, log, 8191, 2, b"left", fourth)
            fourth.call(calls.msgsnd, left["msg"], b"seven b")
        happened = of(ear.catch_up() and ear.events, nsid)
        counts = alive(happened)
        t.same([counts[kind] for kind in ("shm", "sem", "msg", "mq")], [1] * 4,
               "created less destroyed is one of each kind")

        # The last one goes.
        first.kill()
        first.wait()
        log.add("ns dying", first.pid, "sleep", **{"shm": 1, "sem": 1, "msg": 1, "mq": 1,
                                                   "shm-bytes": 8192, "msg-bytes": 7})
        happened = ear.gone(nsid)
        end = time.time_ns()

        done = len(log.entries)
        t.same([plain(event) for event in happened[:done]], log.entries,
               "everything until the end of the last process, in order, with who did it")
        t.same(sorted((brief(event), event.get("id"), event.get("pid"))
                      for event in happened[done:-1]),
               sorted((f"{kind} destroyed teardown", ident, None) for kind, ident in left.items()),
               "then each object that was left, torn down by nobody")
        last = happened[-1]
        t.same(plain(last), {"object": "ns", "event": "destroyed", **log.place, "shm": 1, "sem": 1,
                             "msg": 1, "mq": 1, "shm-bytes": 8192, "msg-bytes": 7},
               "at last the namespace, with what was destroyed")
        took = last["time"] - happened[done - 1]["time"]
        t.ok(last["duration"] > 0 and abs(last["duration"] - took) < 1_000_000,
             "and the time since it began to die", last["duration"], took)
        t.same(+alive(happened), collections.Counter(), "created less destroyed is nothing")
        stamps = [event["time"] for event in happened]
        t.ok(begin - 10**8 < stamps[0] and stamps[-1] < end + 10**8,
             "times are those of the clock on the wall", begin, stamps, end)
        t.ok(all(one <= two for one, two in zip(stamps, stamps[1:])), "times never go back", stamps)
        consecutive(t, ear, "all")
        t.same(ear.lost, [], "nothing was lost")
        t.same(of(events.journal(ear.begin), nsid), happened, "the journal has the same")


# Reasons

def rmid_forced(value):
    """Sets shm_rmid_forced of the caller's namespace."""
    witness.set_sysctl("kernel/shm_rmid_forced", value)


@scene("why a segment comes to its end")
def reasons(t):
    with Listener() as ear, Member() as member, Member(join=member.pid) as other:
        nsid, me, him = wire.nsid_of(member.pid), member.pid, other.pid

        def chapter(name, *want):
            told(t, [event for event in of(ear.catch_up(), nsid) if event["object"] != "ns"],
                 list(want), name)

        shmid = member.call(calls.shmget, 0, 4096)
        other.call(calls.shm_remove, shmid)
        chapter("removed", ("shm created", shmid, me), ("shm destroyed removed", shmid, him))

        shmid = member.call(calls.shmget, 0x77, 4096)
        address = other.call(calls.shmat, shmid)
        member.call(calls.shm_remove, shmid)
        member.call(calls.shmget, 0x77, 4096)       # the key is free at once
        until_other = max(row["shmid"] for row in witness.sysvipc(member.pid, "shm"))
        other.call(calls.shmdt, address)
        chapter("marked while attached, then detached",
                ("shm created", shmid, me), ("shm marked", shmid, me),
                ("shm created", until_other, me), ("shm destroyed detach", shmid, him))
        member.call(calls.shm_remove, until_other)
        chapter("the second segment of that key", ("shm destroyed removed", until_other, me))

        shmid = member.call(calls.shmget, 0, 4096)
        with Member(join=member.pid) as third:
            third.call(calls.shmat, shmid)
            member.call(calls.shm_remove, shmid)
            pid = third.pid
        chapter("marked, then the last process that had it attached was killed",
                ("shm created", shmid, me), ("shm marked", shmid, me),
                ("shm destroyed detach", shmid, pid))

        with Member(join=member.pid) as third:
            third.call(calls.shmget, 0, 4096)
            pid = third.pid
        shmid, = [row["shmid"] for row in witness.sysvipc(member.pid, "shm")]
        chapter("its creator exits without shm_rmid_forced", ("shm created", shmid, pid))
        member.call(rmid_forced, 1)
        chapter("shm_rmid_forced is set afterwards", ("shm destroyed removed", shmid, me))

        with Member(join=member.pid) as third:
            shmid = third.call(calls.shmget, 0, 4096)
            pid = third.pid
        chapter("its creator exits, with shm_rmid_forced", ("shm created", shmid, pid),
                ("shm destroyed exit", shmid, pid))

        with Member(join=member.pid) as third, Member(join=member.pid) as fourth:
            shmid = third.call(calls.shmget, 0, 4096)
            fourth.call(calls.shmat, shmid)
            creator, last = third.pid, fourth.pid
            third.end()
            chapter("its creator exits, another has it attached", ("shm created", shmid, creator))
        chapter("the last process that had it attached exits, with shm_rmid_forced",
                ("shm destroyed exit", shmid, last))

        with Member(join=member.pid) as third:
            shmid = third.call(calls.shmget, 0, 4096)
            address = other.call(calls.shmat, shmid)
            creator = third.pid
        other.call(calls.shmdt, address)
        chapter("its creator is gone, the last one detaches, with shm_rmid_forced",
                ("shm created", shmid, creator), ("shm destroyed detach", shmid, him))
        member.call(rmid_forced, 0)

        # What other kinds know: removed, and teardown.
        semid, msqid = member.call(calls.semget, 0, 2), member.call(calls.msgget, 0)
        member.call(calls.sem_remove, semid)
        member.call(calls.msg_remove, msqid)
        chapter("a set and a queue", ("sem created", semid, me), ("msg created", msqid, me),
                ("sem destroyed removed", semid, me), ("msg destroyed removed", msqid, me))
        consecutive(t, ear, "reasons")


@scene("a segment detached from another namespace")
def detach_elsewhere(t):
    with Listener() as ear, Member() as member:
        nsid, inode = wire.nsid_of(member.pid), member.inode
        shmid = member.call(calls.shmget, 0x5, 6000)
        address = member.call(calls.shmat, shmid)
        member.call(calls.shm_remove, shmid)
        member.call(calls.setns, "/proc/1/ns/ipc")
        t.same([brief(event) for event in of(ear.catch_up(), nsid)],
               ["ns created", "shm created", "shm marked"], "the segment keeps the namespace")
        member.call(calls.shmdt, address)
        happened = ear.gone(nsid)
        told(t, happened[3:], [("shm destroyed detach", shmid, member.pid),
                               ("ns dying", None, member.pid), ("ns destroyed", None, None)],
             "detached from elsewhere: the segment's end, then its namespace's")
        t.same({(event["ns-id"], event["ns-inum"]) for event in happened}, {(nsid, inode)},
               "all of the namespace where the segment was")
        t.same({event["comm"] for event in happened[3:-1]}, {happened[0]["comm"]}, "by name, too")

        member.call(calls.unshare, calls.CLONE_NEWIPC)
        nsid = wire.nsid_of(member.pid)
        shmid = member.call(calls.shmget, 0x6, 6000)
        member.call(calls.shmat, shmid)
        member.call(calls.setns, "/proc/1/ns/ipc")
        member.end()
        told(t, ear.gone(nsid)[2:],
             [("ns dying", None, None), ("shm destroyed teardown", shmid, None),
              ("ns destroyed", None, None)],
             "a segment that was not marked goes with its namespace")


def queue_and_unlink(name):
    """Makes a queue and takes its name away; a descriptor that keeps it, and its inode."""
    fd = calls.mq_open(name, 2, 20)
    calls.mq_unlink(name)
    return fd, os.fstat(fd).st_ino


def open_queue(name):
    """Makes a queue and keeps it open; descriptor and inode."""
    fd = calls.mq_open(name, 2, 20)
    return fd, os.fstat(fd).st_ino


@scene("queues that outlive their name, or their namespace")
def queues(t):
    with Listener() as ear, Member() as member:
        nsid = wire.nsid_of(member.pid)
        fd, inode = member.call(open_queue, b"listed")
        with wire.Socket() as link:
            rows = link.dump("object", {"ns-inum": member.inode, "kind": wire.KIND["mq"]})
        t.same([(row["id"], row["name"]) for row in rows], [(inode, b"listed")],
               "a queue is listed with the number that its events have")
        member.call(os.close, fd)
        member.call(calls.mq_unlink, b"listed")
        t.same([event["id"] for event in of(ear.catch_up(), nsid)[1:]], [inode] * 3,
               "they have it, the last one, too, which has no name")
        fd, inode = member.call(queue_and_unlink, b"short")
        told(t, of(ear.catch_up(), nsid),
             [("mq created", b"short", member.pid), ("mq unlinked", b"short", member.pid)],
             "unlinked while open")
        member.call(os.close, fd)
        told(t, of(ear.catch_up(), nsid), [("mq destroyed removed", inode, member.pid)],
             "destroyed by the last close")

        fd, inode = member.call(open_queue, b"n" * 255)
        gone, gone_inode = member.call(queue_and_unlink, b"unlinked")
        told(t, of(ear.catch_up(), nsid),
             [("mq created", b"n" * 255, member.pid), ("mq created", b"unlinked", member.pid),
              ("mq unlinked", b"unlinked", member.pid)], "names up to the longest")
        old = member.inode
        member.call(calls.unshare, calls.CLONE_NEWIPC)
        happened = ear.gone(nsid)
        t.same([brief(event) for event in happened[-2:]], ["ns dying", "ns destroyed"],
               "the namespace ends while its queues are open")
        t.same(happened[-2]["mq"], 2, "its inventory has them")
        count = len(happened)
        # Reuse of what the namespace had, so that a mix-up would show.
        for _ in range(5):
            member.call(calls.unshare, calls.CLONE_NEWIPC)
        member.call(os.close, gone)
        member.call(os.close, fd)
        ear.catch_up()
        happened = of(ear.events, nsid)[count:]
        told(t, happened, [("mq destroyed removed", gone_inode, member.pid),
                           ("mq destroyed teardown", inode, member.pid)],
             "each queue ends when it is closed, long after")
        t.same([event["ns-inum"] for event in happened], [old] * 2, "with its namespace's inode")
        consecutive(t, ear, "queues")


# What does not happen

def fails(function, *args):
    """The name of the error with which a call fails."""
    try:
        function(*args)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "success"


def set_limits(**limits):
    """Sets limits of the caller's namespace."""
    for name, value in limits.items():
        where = "fs/mqueue" if name == "queues_max" else "kernel"
        witness.set_sysctl(f"{where}/{name}", value)


def queue_beyond_rlimit():
    """Opens a queue with no bytes left in RLIMIT_MSGQUEUE; the error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_MSGQUEUE)
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (0, hard))
    try:
        return fails(calls.mq_open, b"rlimit", 10, 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_MSGQUEUE, (soft, hard))


def as_user(uid, function, *args):
    """Becomes a user, for good, and calls a function."""
    os.setuid(uid)
    function(*args)


@scene("what fails is no event")
def failures(t):
    with Listener() as ear, Member() as member:
        nsid = wire.nsid_of(member.pid)
        do = member.call
        one = {"shm": do(calls.shmget, 1, 4096), "sem": do(calls.semget, 1, 2),
               "msg": do(calls.msgget, 1)}
        do(calls.mq_open, b"there", 2, 20)
        before = of(ear.catch_up(), nsid)
        t.same([brief(event) for event in before[1:]],
               [f"{kind} created" for kind in ("shm", "sem", "msg", "mq")], "what was there before")

        do(set_limits, shmmni=1, msgmni=1, sem="250 32000 32 1", queues_max=1)
        for function, *args in ((calls.shmget, 2, 4096), (calls.semget, 2, 1), (calls.msgget, 2),
                                (as_user, NOBODY, calls.mq_open, b"more", 2, 20)):
            with Member(join=member.pid) as other:
                t.same(other.call(fails, function, *args), "ENOSPC",
                       f"{function.__name__} {args} beyond the limit")
        do(set_limits, shmmni=0)
        t.same(do(fails, calls.shmget, 2, 4096), "ENOSPC", "shmget with shmmni 0")
        do(set_limits, shmmni=4096, msgmni=100, sem="250 2 32 100", queues_max=100, shmall=2)
        t.same(do(fails, calls.shmget, 2, 10 << 12), "ENOSPC", "shmget beyond shmall")
        t.same(do(fails, calls.semget, 2, 5), "ENOSPC", "semget beyond semmns")
        t.same(do(fails, calls.shmget, 2, 0), "EINVAL", "shmget of size 0")
        t.same(do(fails, calls.mq_open, b"more", 0, 20), "EINVAL", "mq_open of 0 messages")
        t.same(do(fails, calls.mq_open, b"more", 10, 0), "EINVAL", "mq_open of messages of size 0")
        t.same(do(queue_beyond_rlimit), "EMFILE", "mq_open beyond RLIMIT_MSGQUEUE")
        t.same(do(fails, calls.mq_open, b"there", 2, 20, 0o600, os.O_CREAT | os.O_EXCL), "EEXIST",
               "mq_open of a name that is there")
        t.same(do(fails, calls.mq_unlink, b"absent"), "ENOENT", "mq_unlink of none")
        for function, *args in ((calls.shmget, 1, 4096), (calls.semget, 1, 1), (calls.msgget, 1)):
            t.same(do(fails, function, *args, calls.IPC_EXCL), "EEXIST",
                   f"{function.__name__} of a key that is there")
            do(function, *args)

        nobody = (1 << 32) - 1
        for kind, change in (("shm", calls.shm_chown), ("sem", calls.sem_chown),
                             ("msg", calls.msg_chown)):
            t.same(do(fails, change, one[kind], nobody, 0), "EINVAL", f"{kind}: an owner of -1")
            with Member(join=member.pid) as user:
                t.same(user.call(fails, as_user, NOBODY, change, one[kind], 0, 0), "EACCES",
                       f"{kind}: a stranger cannot read")
        for kind, change, remove in (("shm", calls.shm_chown, calls.shm_remove),
                                     ("sem", calls.sem_chown, calls.sem_remove),
                                     ("msg", calls.msg_chown, calls.msg_remove)):
            do(change, one[kind], 0, 0, 0o666)
            with Member(join=member.pid) as user:
                t.same(user.call(fails, as_user, NOBODY, change, one[kind], NOBODY, 0), "EPERM",
                       f"{kind}: IPC_SET by a stranger")
            with Member(join=member.pid) as user:
                t.same(user.call(fails, as_user, NOBODY, remove, one[kind]), "EPERM",
                       f"{kind}: IPC_RMID by a stranger")
        t.same([(brief(event), event["mode"]) for event in of(ear.catch_up(), nsid)],
               [(f"{kind} changed", 0o666) for kind in ("shm", "sem", "msg")],
               "no event of all that, only of what succeeded")
        do(set_limits, shmall=1 << 20)
        shmid = do(calls.shmget, 2, 4096)
        told(t, of(ear.catch_up(), nsid), [("shm created", shmid, member.pid)],
             "and the next success is one")


# Identity

@scene("ids are never used again, inode numbers are")
def identity(t):
    with Listener() as ear, Member() as member:
        seen = []       # (inode, nsid) as the kernel and ns-get have them
        for _ in range(60):
            seen.append((member.inode, wire.nsid_of(member.pid)))
            if len({inode for inode, _ in seen}) < len(seen) - 5:
                break
            member.call(calls.unshare, calls.CLONE_NEWIPC)
            ear.gone(seen[-1][1])
        t.ok(len({inode for inode, _ in seen}) < len(seen), "inode numbers were used again", seen)
        t.same(len({nsid for _, nsid in seen}), len(seen), "ids were not")
        created = [(event["ns-inum"], event["ns-id"]) for event in ear.events
                   if events.is_ns(event, "created")]
        t.same(created, seen, "events have the same")
        ended = [event["ns-id"] for event in ear.events if events.is_ns(event, "destroyed") and
                 event["ns-id"] >= seen[0][1]]      # and not of the scene before
        t.same(ended, [nsid for _, nsid in seen[:-1]], "one end of each")

    own = calls.native_id("/proc/1/ns/ipc")
    t.same(wire.nsid_of(1), own or 1, "the initial namespace's id"
           + (" is the kernel's" if own else " is 1"))
    if own:
        with Member() as member:
            t.same(wire.nsid_of(member.pid), calls.native_id(f"/proc/{member.pid}/ns/ipc"),
                   "another's is the kernel's, too")


def unshare_as(uid):
    """Becomes a user and unshares a user and an IPC namespace."""
    calls.set_comm("born here")
    os.setuid(uid)
    calls.unshare(calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)


@scene("births")
def births(t):
    with Member() as older, Member() as doomed:
        doomed.call(calls.shmget, 1, 4096)
        module.reload()
        with Listener() as ear, Member(flags=0) as young, wire.Socket() as link:
            begin = time.time_ns()
            young.call(unshare_as, 1000)
            end = time.time_ns()
            row = link.get("ns", {"inum": young.inode})
            born = row.get("born", {})
            t.same({name: born.get(name) for name in ("pid", "uid", "comm")},
                   {"pid": young.pid, "uid": 1000, "comm": b"born here"}, "who made it")
            t.ok(begin - 10**8 < born.get("time", 0) < end + 10**8, "when", begin, born, end)
            created, = [event for event in ear.catch_up() if events.is_ns(event, "created")]
            t.same((created["ns-id"], created["time"]), (row["id"], born.get("time")),
                   "as the event has it")
            row = link.get("ns", {"inum": older.inode})
            t.ok("born" not in row, "of a namespace older than the module nobody knows", row)
            t.ok("born" not in link.get("ns", {"inum": calls.namespace_inode(1)}),
                 "nor of the initial one")

            inode, pid = doomed.inode, doomed.pid
            doomed.end()
            happened = ear.until(lambda events_: [event for event in events_
                                                  if event.get("ns-inum") == inode]
                                 if any(events.is_ns(event, "destroyed") and
                                        event["ns-inum"] == inode for event in events_) else None,
                                 "the older namespace's end is told")
            told(t, happened, [("ns dying", None, pid), ("shm destroyed teardown", 0, None),
                               ("ns destroyed", None, None)],
                 "a namespace older than the module dies")
            t.same(happened[0].get("shm"), 1, "with its inventory")
            t.ok(happened[0]["ns-id"] not in (row["id"], created["ns-id"]) and
                 len({event["ns-id"] for event in happened}) == 1, "and one id of its own")


@scene("ends that began before the module was loaded")
def ends_before(t):
    until(module.unload, "rmmod")
    member = Member(flags=0)
    member.call(many_namespaces, 200)
    member.end()
    module.load()
    # Nobody can say what they were: nothing is told of them, and nothing is held up by them.
    with Listener() as ear, wire.Socket() as link:
        until(lambda: {row["inum"] for row in link.dump("ns")} == set(witness.members()),
              "they are gone from the list", 60)
        with Member() as member:
            nsid, pid = wire.nsid_of(member.pid), member.pid
            shmid = member.call(make_and_remove, 1)
        want = [("ns created", None, pid), ("shm created", shmid, pid),
                ("shm destroyed removed", shmid, pid), ("ns dying", None, pid),
                ("ns destroyed", None, None)]
        told(t, ear.gone(nsid), want, "what comes after is told")
        consecutive(t, ear, "beside them")
        dead = [event["ns-id"] for event in events.journal() if events.is_ns(event, "destroyed")]
        t.same(len(set(dead)), len(dead), "no end is told twice")
        t.same(link.get("status")["dying"], 0, "status counts none as dying")


# Dying

def many_namespaces(count):
    """Goes through new namespaces that descriptors keep; their inodes."""
    inodes = []
    for number in range(count):
        calls.unshare(calls.CLONE_NEWIPC)
        calls.shmget(number + 1, 4096)
        inodes.append(os.fstat(calls.namespace_fd()).st_ino)
    return inodes


@scene("namespaces that are dying are in the list")
def dying(t):
    with Listener() as ear, wire.Socket() as link:
        shown = []
        for attempt in range(10):
            member = Member(flags=0)
            member.call(calls.set_comm, f"killed {attempt}")
            inodes = member.call(many_namespaces, 40)
            ids = {row["id"] for row in link.dump("ns") if row["inum"] in inodes}
            t.same(len(ids), 40, f"attempt {attempt}: all of them are listed")
            begin = time.time_ns()
            pid = member.pid
            member.end()
            shown = [row for row in link.dump("ns") if row["id"] in ids and row["state"] == 2]
            end = time.time_ns()
            if shown:
                break
        t.ok(shown, "some are dying")
        t.same({(row["dying"]["pid"], row["dying"]["comm"], row["dying"]["uid"])
                for row in shown}, {(pid, f"killed {attempt}".encode(), 0)}, "through whom")
        t.ok(all(begin - 10**8 < row["dying"]["time"] < end + 10**8 for row in shown), "since when")
        t.ok(all(row["inum"] in inodes for row in shown), "with their inodes")
        t.same(len({row["id"] for row in shown}), len(shown), "none twice")
        t.same({row["born"]["comm"] for row in shown}, {f"killed {attempt}".encode()}, "born by")
        happened = ear.gone(*ids)
        stamps = {event["ns-id"]: event["time"] for event in happened
                  if events.is_ns(event, "dying")}
        t.same({row["id"]: row["dying"]["time"] for row in shown},
               {row["id"]: stamps[row["id"]] for row in shown}, "as the events have it")
        rows = link.dump("ns")
        t.same([row["id"] for row in rows if row["id"] in ids], [], "destroyed, they are gone")
        t.same(link.get("status")["dying"], 0, "status counts none")
        t.same({row["inum"] for row in rows}, set(witness.members()),
               "others are as /proc has them")
        try:
            link.get("ns", {"id": min(ids)})
            t.ok(False, "one that is gone is not found by its id")
        except wire.Refused as error:
            t.same(error.errno, errno.ENOENT, "one that is gone is not found by its id")


@scene("a namespace that dies during a dump")
def dies_during_dump(t):
    with Listener() as ear, wire.Socket(4096) as link:
        member = Member(flags=0)
        inodes = set(member.call(many_namespaces, 150))
        ids = {event["ns-id"] for event in ear.catch_up() if events.is_ns(event, "created")}
        t.same(len(ids), len(inodes), "150 namespaces")
        link.begin("ns")
        rows, last = link.more("ns")
        t.ok(not last and len(rows) < len(ids), "a dump has begun and is not at its end", len(rows))
        member.end()
        while not last:
            some, last = link.more("ns")
            rows += some
        count = collections.Counter(row["id"] for row in rows)
        t.ok(ids <= count.keys(), "all were there when it began, and are listed",
             len(ids - count.keys()))
        t.same([nsid for nsid in count if count[nsid] > 1], [], "and none twice")
        ear.gone(*ids)


# Probes

def make_and_remove(key):
    """One segment."""
    shmid = calls.shmget(key, 4096)
    calls.shm_remove(shmid)
    return shmid


@scene("hooks on creations are armed while somebody subscribes to objects")
def arming(t):
    until(lambda: not events.armed() & events.OBJECT_PROBES, "nobody listens any more")
    everywhere = {probe["symbol"] for probe in events.status()["probe"]}
    t.same(everywhere & events.OBJECT_PROBES, events.OBJECT_PROBES, "status names them")
    always = everywhere - events.OBJECT_PROBES
    begin = events.next_number()
    with Member() as member:
        nsid = wire.nsid_of(member.pid)
        t.same(events.armed(), always, "nobody subscribes: those on namespaces and removals only")
        member.call(make_and_remove, 1)
        for number in range(3 if QUICK else 10):
            with Listener("shm sem msg mq") as ear:
                shmid = member.call(make_and_remove, 2)
                ear.until(lambda seen: len(of(seen, nsid)) >= 2, "the events")
                told(t, of(ear.events, nsid),
                     [("shm created", shmid, member.pid), ("shm destroyed removed", shmid,
                                                           member.pid)],
                     f"listener {number}: the first object after the reply")
                t.same(events.armed(), everywhere, f"listener {number}: all are armed")
            closed = time.monotonic()
            until(lambda: events.armed() == always, "disarmed with the last one's socket", 5)
        t.note(f"disarmed after {time.monotonic() - closed:.1f} s")
        with Listener("ns") as ear:
            t.same(events.armed(), always, "a subscription to namespaces arms no more")
            member.call(make_and_remove, 3)
            member.call(calls.unshare, calls.CLONE_NEWIPC)
            ear.gone(nsid)
            t.same([brief(event) for event in ear.events if event["ns-id"] >= nsid],
                   ["ns created", "ns dying", "ns destroyed"], "and gets events of them only")
        t.same([brief(event) for event in events.journal(begin) if event.get("key") in (1, 3)],
               ["shm destroyed removed"] * 2,
               "without a subscription, removals are recorded, and creations are not")


@scene("a subscriber gets the events that were asked for")
def chosen(t):
    with Listener() as both, Listener("shm sem msg mq") as one, Member() as member:
        nsid = wire.nsid_of(member.pid)
        member.call(make_and_remove, 1)
        member.end()
        all_of_it = both.gone(nsid)
        number = all_of_it[-1]["seq"]
        objects = [event for event in all_of_it if event["object"] != "ns"]
        one.until(lambda seen: of(seen, nsid)[-1:] == objects[-1:], "the last object event")
        t.same(of(one.events, nsid), objects, "objects only: no event of a namespace")
        t.same(len(objects), 2, "but both of the segment")
        t.ok(number == both.next - 1, "the namespace's end was the last event")
        t.same(tool.ipcnsctl("list").returncode, 0, "and the tool works beside")


def hears_no_pids():
    """A child in a new pid namespace subscribes and makes events; whether it hears of them, but of
    nobody's process id."""
    calls.unshare(calls.CLONE_NEWPID)
    pid = os.fork()
    if not pid:
        good = False
        try:
            with Listener() as ear:
                calls.unshare(calls.CLONE_NEWIPC)
                make_and_remove(1)
                heard = [event for event in ear.catch_up() if "comm" in event]
                good = len(heard) >= 3 and not ear.fetches and \
                    all(event["pid"] == 0 for event in heard)
        finally:
            os._exit(0 if good else 1)
    return not os.waitpid(pid, 0)[1]


@scene("a subscriber in another pid namespace gets no process ids")
def elsewhere(t):
    with Listener() as ear, Member(0) as other:
        t.ok(other.call(hears_no_pids), "it gets everything else")
        mine = [event for event in ear.catch_up() if "comm" in event]
        t.ok(len(mine) >= 3 and all(event["pid"] for event in mine), "one beside it gets them",
             mine)


if __name__ == "__main__":
    main()
