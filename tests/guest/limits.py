#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=120
"""Limits of ipc_namespaces(7), changed inside, and how much of them is used."""

import os

from lib import calls, tool, wire, witness
from lib.member import Member
from lib.tap import main, scene

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


def field(values, where):
    """One number of the sysctls."""
    name, index = where
    return int(values[name].split()[index])


def against_sysctl(t, target, inode, name):
    """Every limit, by the tool and on the wire, against /proc/sys inside."""
    values = witness.sysctls(target)
    rows = {row["resource"]: row for row in tool.rows("limits", inode)}
    t.same({resource: row["limit"] for resource, row in rows.items() if resource in RESOURCES},
           {resource: field(values, where) for resource, where in RESOURCES.items()},
           f"{name}: LIMIT as /proc/sys has it inside")
    t.same({row["ns"] for row in rows.values()}, {inode}, f"{name}: NS of every row")
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
        t.same({row["ns"] for row in both}, {member.inode, other.inode}, "two NS, two sets of rows")


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
        rows = {row["resource"]: row for row in tool.rows("limits", member.inode)}
        t.same((rows["MQUMNI"]["used"], rows["MQUMNI"]["limit"]),
               (len(witness.mqueue(member.pid)), 10), "queues used, as /dev/mqueue counts them")
        t.same({name: rows[name]["used"] for name in ("SHMMNI", "SHMALL", "SEMMNI", "SEMMNS",
                                                      "MSGMNI")},
               {"SHMMNI": 3, "SHMALL": 2 + 3 + 4, "SEMMNI": 4, "SEMMNS": 2 + 3 + 4 + 5,
                "MSGMNI": 5}, "USED is what was made")


if __name__ == "__main__":
    main()
