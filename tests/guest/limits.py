#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=120 sanitize
"""Limits of ipc_namespaces(7), changed inside, and how much of them is used."""

import contextlib
import errno
import json
import os
import resource
import signal
import time

from lib import calls, tool, wire, witness
from lib.member import Member
from lib.tap import PACE, main, scene, until

# Values that are nobody's default, all different.
CHANGED = {
    "kernel/msgmax": "8111",
    "kernel/msgmnb": "16222",
    "kernel/msgmni": "3133",
    "kernel/sem": "1244\t55555\t166\t577",
    "kernel/shmall": "1000088",
    "kernel/shmmax": "123456799",
    "kernel/shmmni": "2010",
    "kernel/shm_rmid_forced": "1",
    "fs/mqueue/queues_max": "311",
    "fs/mqueue/msg_max": "22",
    "fs/mqueue/msgsize_max": "9133",
    "fs/mqueue/msg_default": "14",
    "fs/mqueue/msgsize_default": "5155",
}

# The tool's resources that are a sysctl: (file, field).
RESOURCES = {
    "MSGMNI": ("kernel/msgmni", 0),
    "MSGMAX": ("kernel/msgmax", 0),
    "MSGMNB": ("kernel/msgmnb", 0),
    "SHMMNI": ("kernel/shmmni", 0),
    "SHMALL": ("kernel/shmall", 0),
    "SHMMAX": ("kernel/shmmax", 0),
    "SHMRMIDFORCED": ("kernel/shm_rmid_forced", 0),
    "SEMMNI": ("kernel/sem", 3),
    "SEMMNS": ("kernel/sem", 1),
    "SEMMSL": ("kernel/sem", 0),
    "SEMOPM": ("kernel/sem", 2),
    "MQUMNI": ("fs/mqueue/queues_max", 0),
    "MQUMAX": ("fs/mqueue/msgsize_max", 0),
    "MQUMNB": ("fs/mqueue/msg_max", 0),
    "MQUMAXDEF": ("fs/mqueue/msgsize_default", 0),
    "MQUMNBDEF": ("fs/mqueue/msg_default", 0),
}

# The same on the wire.
ATTRIBUTES = {
    "msgmax": ("kernel/msgmax", 0),
    "msgmnb": ("kernel/msgmnb", 0),
    "msgmni": ("kernel/msgmni", 0),
    "semmsl": ("kernel/sem", 0),
    "semmns": ("kernel/sem", 1),
    "semopm": ("kernel/sem", 2),
    "semmni": ("kernel/sem", 3),
    "shmall": ("kernel/shmall", 0),
    "shmmax": ("kernel/shmmax", 0),
    "shmmni": ("kernel/shmmni", 0),
    "shm-rmid-forced": ("kernel/shm_rmid_forced", 0),
    "mq-queues-max": ("fs/mqueue/queues_max", 0),
    "mq-msg-max": ("fs/mqueue/msg_max", 0),
    "mq-msgsize-max": ("fs/mqueue/msgsize_max", 0),
    "mq-msg-default": ("fs/mqueue/msg_default", 0),
    "mq-msgsize-default": ("fs/mqueue/msgsize_default", 0),
}


def of_namespace(inode):
    """The rows of a namespace, by resource, without those of its users."""
    return {row["resource"]: row for row in tool.rows("limits", inode) if row["ns"] is not None}


def of_user(resource, uid, *args, userns=None):
    """The row of one user, or None."""
    rows = [row for row in tool.rows("limits", "-o", "RESOURCE,UID,USER,ONS,LIMIT,USED,USE%,SYSCTL",
                                     *args)
            if (row["resource"], row["uid"], row["ons"]) == (resource, uid, userns)]
    return rows[0] if rows else None


def field(values, where):
    """One number of the sysctls."""
    name, index = where
    return int(values[name].split()[index])


def against_sysctl(t, target, inode, name):
    """Every limit, by the tool and on the wire, against /proc/sys inside."""
    values = witness.sysctls(target)
    rows = of_namespace(inode)
    t.same({resource: row["limit"] for resource, row in rows.items() if resource in RESOURCES},
           {resource: field(values, where) for resource, where in RESOURCES.items()},
           f"{name}: LIMIT as /proc/sys has it inside")
    t.same({row["ns"] for row in rows.values()}, {inode}, f"{name}: NS of every row")
    t.same({resource: row["sysctl"] for resource, row in rows.items() if row["sysctl"]},
           {resource: file.replace("/", ".") for resource, (file, _) in RESOURCES.items()},
           f"{name}: SYSCTL is the file in /proc/sys")
    message = wire.Socket().get("limits", {"ns-inum": inode})
    t.same({attribute: message[attribute] for attribute in ATTRIBUTES},
           {attribute: field(values, where) for attribute, where in ATTRIBUTES.items()},
           f"{name}: attributes of limits-get as /proc/sys has them")
    against_lsipc(t, target, rows, name)


def against_lsipc(t, target, rows, name):
    """DESCRIPTION, LIMIT, USED and USE% of the rows that lsipc -g has inside too."""
    lsipc = witness.lsipc_limits(target)
    t.same(sorted(lsipc.keys() - rows.keys()), [], f"{name}: every row of lsipc -g is there")

    def text(value):
        return "-" if value in (None, "") else str(value)

    def percent(value):
        return "-" if value in (None, "", "-") else f"{float(str(value).rstrip('%')):.2f}"

    # Newer versions call the queues of System V so, beside the POSIX ones that they know as well.
    def described(row):
        return row["description"].replace("System V ", "")

    # lsipc adds up bytes and not whole pages, and misses some semaphores: ipcs does not.
    common = (lsipc.keys() & rows.keys()) - {"SHMALL", "SEMMNS"}
    t.same({resource: (rows[resource]["description"], text(rows[resource]["limit"]),
                       text(rows[resource]["used"]), percent(rows[resource]["use%"]))
            for resource in common},
           {resource: (described(lsipc[resource]), lsipc[resource]["limit"],
                       lsipc[resource]["used"], percent(lsipc[resource]["use%"]))
            for resource in common}, f"{name}: rows as lsipc -g has them inside")
    pages, sems = (next(int(line.split()[-1]) for line in witness.ipcs(target, option, "-u")
                        if line.startswith(start))
                   for option, start in (("-m", "pages allocated"), ("-s", "allocated sem")))
    t.same((rows["SHMALL"]["used"], rows["SEMMNS"]["used"]), (pages, sems),
           f"{name}: pages and semaphores as ipcs -u has them inside")


@scene("the defaults of a new namespace and of the initial one")
def defaults(t):
    with Member() as member:
        against_sysctl(t, member.pid, member.inode, "new")
    against_sysctl(t, 1, calls.namespace_inode(1), "initial")


@scene("every limit changed inside")
def changed(t):
    with Member() as member, Member() as other:
        for name, value in CHANGED.items():
            member.call(witness.set_sysctl, name, value)
        t.same(witness.sysctls(member.pid), CHANGED, "all limits took their new value")
        against_sysctl(t, member.pid, member.inode, "changed")
        against_sysctl(t, other.pid, other.inode, "its neighbour")
        both = tool.rows("limits", member.inode, other.inode)
        t.same({row["ns"] for row in both}, {member.inode, other.inode, None},
               "two NS, two sets of rows, and those of their users")


@scene("the largest values that the kernel takes")
def largest(t):
    with Member() as member:
        for name, value in (("kernel/shmmax", 2 ** 64 - 1), ("kernel/shmall", 2 ** 64 - 1),
                            ("kernel/msgmax", 2 ** 31 - 1), ("kernel/msgmnb", 2 ** 31 - 1),
                            ("kernel/sem", "2147483647 2147483647 2147483647 32768"),
                            ("fs/mqueue/queues_max", 2 ** 31 - 1),
                            ("fs/mqueue/msg_max", 65536), ("fs/mqueue/msgsize_max", 16777216)):
            member.call(witness.set_sysctl, name, value)
        against_sysctl(t, member.pid, member.inode, "largest")


def use_some():
    """A different number of each resource."""
    for number in range(3):
        calls.shmget(0, 4097 * (number + 1))
    for number in range(4):
        calls.semget(0, number + 2)
    for _ in range(5):
        calls.msgget(0)
    for number in range(6):
        os.close(calls.mq_open(b"q%d" % number, 1, 1))


@scene("USED grows with the objects")
def used(t):
    with Member() as member:
        member.call(witness.set_sysctl, "kernel/shmmni", 7)
        member.call(witness.set_sysctl, "fs/mqueue/queues_max", 10)
        member.call(use_some)
        against_sysctl(t, member.pid, member.inode, "used")
        rows = of_namespace(member.inode)
        t.same((rows["MQUMNI"]["used"], rows["MQUMNI"]["limit"]),
               (len(witness.mqueue(member.pid)), 10), "queues used, as /dev/mqueue counts them")
        t.same({name: rows[name]["used"] for name in ("SHMMNI", "SHMALL", "SEMMNI", "SEMMNS",
                                                      "MSGMNI")},
               {"SHMMNI": 3, "SHMALL": 2 + 3 + 4, "SEMMNI": 4, "SEMMNS": 2 + 3 + 4 + 5,
                "MSGMNI": 5}, "USED is what was made")


@scene("limits below what is in use, and limits of 0")
def lowered(t):
    with Member() as member:
        member.call(use_some)
        member.call(witness.set_sysctl, "kernel/msgmni", 0)
        member.call(witness.set_sysctl, "fs/mqueue/queues_max", 0)
        member.call(witness.set_sysctl, "kernel/sem", "10 7 5 8")
        rows = of_namespace(member.inode)
        t.same({name: rows[name]["use%"] for name in ("MSGMNI", "MQUMNI", "SEMMNI", "SEMMNS")},
               {"MSGMNI": 100, "MQUMNI": 100, "SEMMNI": 50, "SEMMNS": 200}, "USE%")
        for above, want in ((50, {"MSGMNI", "MQUMNI", "SEMMNI", "SEMMNS"}),
                            (51, {"MSGMNI", "MQUMNI", "SEMMNS"}),
                            (100, {"MSGMNI", "MQUMNI", "SEMMNS"}), (201, set())):
            found = tool.rows("limits", "--above", f"{above}%", member.inode)
            t.same({row["resource"] for row in found if row["ns"] is not None}, want,
                   f"--above {above}%")


RLIMIT_MSGQUEUE = 12
USER = 4000


def become(uid):
    """Gives up root; the hard limit stays high."""
    resource.setrlimit(RLIMIT_MSGQUEUE, (1 << 20, 1 << 20))
    os.setresuid(uid, uid, uid)


def try_queue(name, limit, maxmsg, msgsize):
    """Creates a queue with that limit; a descriptor, or the name of the error."""
    resource.setrlimit(RLIMIT_MSGQUEUE, (limit, 1 << 20))
    try:
        return calls.mq_open(name, maxmsg, msgsize)
    except OSError as error:
        return errno.errorcode[error.errno]


@scene("bytes of POSIX queues, as the kernel counts them for a user")
def queue_bytes(t):
    with Member() as member, Member() as other:
        for each in (member, other):
            each.call(become, USER)
        member.call(try_queue, b"small", 1 << 20, 1, 1)
        member.call(try_queue, b"large", 1 << 20, 10, 8192)
        other.call(try_queue, b"elsewhere", 1 << 20, 7, 77)
        member.call(calls.mq_unlink, b"large")
        used = of_user("RLIMIT_MSGQUEUE", USER)["used"]
        one = 48 + 48 + 100     # a queue for one message of 100 bytes
        t.same(member.call(try_queue, b"more", used + one - 1, 1, 100), "EMFILE",
               "one byte less than it takes, by USED: refused")
        t.ok(isinstance(member.call(try_queue, b"more", used + one, 1, 100), int),
             "exactly what it takes: granted; queues unlinked and elsewhere are in it")
        row = of_user("RLIMIT_MSGQUEUE", USER)
        t.same((row["limit"], row["used"], row["use%"]), (used + one, used + one, 100),
               "LIMIT is the lowest of the user's processes, as /proc/PID/limits has it")
        row = of_user("RLIMIT_MSGQUEUE", USER, other.inode)
        t.same(row["used"], used + one, "of one namespace: its user, all that counts for them")
        t.same(of_user("RLIMIT_MSGQUEUE", USER, calls.namespace_inode(1)), None,
               "of another namespace: no row")
        with open(f"/proc/{member.pid}/limits", encoding="ascii") as limits:
            line = next(line for line in limits if line.startswith("Max msgqueue size"))
        t.same(int(line.split()[3]), row["limit"], "which says so")
    until(lambda: not of_user("RLIMIT_MSGQUEUE", USER), "no queue, no row")


@scene("a queue that is too large for what is left, though little is used")
def tight(t):
    def remarks(*args):
        done = tool.ipcnsctl("limits", *args)
        return [line for line in done.stderr.splitlines() if f"user {USER + 1}:" in line]

    one = 10 * (48 + 48 + 1)
    with Member() as member:
        member.call(become, USER + 1)
        member.call(try_queue, b"one", 3 * one // 2, 10, 1)
        t.same(member.call(try_queue, b"two", 3 * one // 2, 10, 1), "EMFILE", "no room for two")
        found = remarks("--above", "80")
        t.ok(len(found) == 1 and f"{one // 2} of {3 * one // 2} bytes" in found[0],
             "--above is not silent about it", found)
        t.same(remarks("--above", "80", "-q"), [], "but with -q")
        t.same(remarks("--above", "60"), [], "and where the row is there")
        t.same(member.call(try_queue, b"two", 2 * one, 10, 1) != "EMFILE", True, "room for two")
        t.same(remarks("--above", "100"), [], "all is used: the row says it")
    until(lambda: not of_user("RLIMIT_MSGQUEUE", USER + 1), "no queue, no row")


MAX = "/proc/sys/user/max_ipc_namespaces"


def set_max(value):
    """Sets the limit of the caller's user namespace."""
    with open(MAX, "w", encoding="ascii") as file:
        file.write(str(value))


def get_max():
    """The limit of the caller's user namespace."""
    with open(MAX, encoding="ascii") as file:
        return int(file.read())


def try_unshare():
    """A new IPC namespace; None, or the name of the error."""
    try:
        calls.unshare(calls.CLONE_NEWIPC)
    except OSError as error:
        return errno.errorcode[error.errno]
    return None


@scene("IPC namespaces of a user, as the kernel counts them")
def namespaces(t):
    initial, before = os.stat("/proc/1/ns/user").st_ino, get_max()
    path = "/run/pinned"
    with open(path, "w", encoding="ascii"):
        pass
    try:
        with Member(), Member(calls.CLONE_NEWUSER | calls.CLONE_NEWIPC) as inner, \
                Member(0) as third:
            with Member() as ended:
                calls.mount(f"/proc/{ended.pid}/ns/ipc", path, None, calls.MS_BIND)
            inner.call(set_max, 3)
            row = of_user("MAXIPCNS", 0, userns=initial)
            t.same((row["limit"], row["sysctl"]), (before, "user.max_ipc_namespaces"),
                   "LIMIT is the sysctl")
            t.same(row["used"], len(tool.namespaces()) - 1, "USED: all but the initial one")
            t.ok(row["used"] >= 3, "pinned ones and those of user namespaces are in it", row)
            set_max(row["used"])
            t.same(of_user("MAXIPCNS", 0, userns=initial)["use%"], 100, "used up, says USE%")
            t.same(third.call(try_unshare), "ENOSPC", "and the kernel")
            set_max(row["used"] + 1)
            t.same(third.call(try_unshare), None, "one more is granted")
            userns = os.stat(f"/proc/{inner.pid}/ns/user").st_ino
            row = of_user("MAXIPCNS", 0, userns=userns)
            t.same((row["limit"], row["used"]), (3, 1), "a user namespace has its own limit")
            row = of_user("MAXIPCNS", 0, inner.inode, userns=userns)
            t.same(row["used"], 1, "of one namespace: its user namespace")
    finally:
        set_max(before)
        calls.umount(path)
        os.unlink(path)


def stop_everybody(seconds):
    """As root of a user namespace: stops all processes that this user may send signals to."""
    until_then = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < until_then:
        with contextlib.suppress(OSError):
            os.kill(-1, signal.SIGSTOP)     # not this process itself
            rounds += 1
    return rounds


@scene("the root of a user namespace who stops whatever enters it")
def stopped(t):
    with Member(0) as hostile:
        hostile.call(os.setresuid, 4321, 4321, 4321)
        hostile.call(calls.make_dumpable)
        hostile.call(calls.unshare, calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)
        userns = os.stat(f"/proc/{hostile.pid}/ns/user").st_ino
        hostile.start(stop_everybody, 12 * PACE)
        slowest, unread, wrong = 0, 0, 0
        end = time.monotonic() + 10 * PACE
        while time.monotonic() < end:
            begin = time.monotonic()
            done = tool.ipcnsctl("limits", "-J", "-b", "-o", "RESOURCE,ONS,LIMIT")
            slowest = max(slowest, time.monotonic() - begin)
            row = next(row for row in json.loads(done.stdout)["limits"]
                       if (row["resource"], row["ons"]) == ("MAXIPCNS", userns))
            unread += row["limit"] is None
            wrong += ("1 user namespace cannot be read" in done.stderr) != (row["limit"] is None)
        t.same(wrong, 0, "a limit that could not be read is reported")
        t.ok(slowest < 5 * PACE, f"limits: done after {slowest:.1f} s at most")
        t.note(f"stopped in {unread} runs; {hostile.result()} signals")


if __name__ == "__main__":
    main()
