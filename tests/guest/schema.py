#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=120
"""What each command prints with -J, against Documentation/schema/."""

import json
import os

from lib import calls, schema, tool
from lib.member import Member
from lib.tap import main, scene

ALL = ("-J", "--output-all")


SHM = ("/dev/shm/memory", "/dev/shm/sem.semaphore")


def furnish_shm():
    """A file in /dev/shm of each kind, which the caller unlinks."""
    for name in SHM:
        with open(name, "w", encoding="ascii"):
            pass


def furnish():
    """Objects of each kind, a name that needs escapes, something that waits in none of them."""
    calls.shmat(calls.shmget(0x1, 5000))
    calls.semop(calls.semget(0x2, 3), (1, 7, calls.SEM_UNDO))
    calls.msgsnd(calls.msgget(0x3), b"message")
    calls.mq_send(calls.mq_open(b"\xff\x1b queue", 3, 30), b"text")


@scene("tables")
def tables(t):
    with Member() as member, Member(flags=0) as waiter:
        member.call(furnish)
        furnish_shm()
        inode = member.inode
        waiter.call(calls.setns, f"/proc/{member.pid}/ns/ipc")
        waiter.start(calls.msgrcv, 0, 8192, 99)
        waiter.sleeps_in(calls.NR_MSGRCV)
        for name, command in {
                "list": ["list", *ALL], "objects": ["objects", *ALL],
                **{f"objects-{kind}": ["objects", "--type", kind, *ALL]
                   for kind in ("shm", "sem", "msg", "mq", "pshm", "psem")},
                "objects-attached": ["objects", "--attached", *ALL],
                "objects-undo": ["objects", "--undo", *ALL],
                "objects-orphans": ["objects", "--orphans", *ALL],
                "objects-orphans-summary": ["objects", "--orphans", "--summary", *ALL],
                "waiters": ["waiters", *ALL], "check": ["check", *ALL],
                "limits": ["limits", *ALL],
                "holders": ["holders", *ALL, inode]}.items():
            done = tool.ipcnsctl(*command)
            table = json.loads(done.stdout)
            t.same(schema.problems(table, schema.load(name)), [], f"{name}: as its schema says")
            t.ok(all(table.values()), f"{name}: has rows")
        for name in SHM:
            os.unlink(name)


@scene("documents")
def documents(t):
    with Member() as member:
        member.call(furnish)
        for name, command in {"show": ["show", "-J", member.inode],
                              "status": ["status", "-J"]}.items():
            table = json.loads(tool.ipcnsctl(*command).stdout)
            t.same(schema.problems(table, schema.load(name)), [], f"{name}: as its schema says")


@scene("events")
def events(t):
    with Member() as member:
        member.call(furnish)
    done = tool.ipcnsctl("history", "-J")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    t.ok(len(lines) > 3, f"{len(lines)} events")
    wrong = [problem for line in lines for problem in schema.problems(line, schema.load("event"))]
    t.same(wrong, [], "events: as their schema says")


@scene("each file has a command that is tried")
def files(t):
    tried = {"list", "objects", "objects-shm", "objects-sem", "objects-msg", "objects-mq",
             "objects-pshm", "objects-psem", "objects-attached", "objects-undo",
             "objects-orphans", "objects-orphans-summary", "limits", "waiters", "check", "holders",
             "show", "status", "event"}
    t.same({name.removesuffix(".json") for name in os.listdir(schema.FOLDER)}, tried, "files")


if __name__ == "__main__":
    main()
