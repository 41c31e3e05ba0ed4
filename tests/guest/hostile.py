#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=2G timeout=400 sanitize
"""What users name and make, at its longest: time, memory and output of the tool stay bounded."""

import ctypes
import json
import os
import resource

from lib import calls, events, tool
from lib.measure import ROOM, Run
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

NAMESPACES, DESCRIPTORS = (40, 300) if QUICK else (300, 800)

# As long as one argument may be, 32 pages, and of bytes that take four characters each.
LONGEST = b"\x01" * (131072 - 1)

# A pipe that nothing is written to: cat(1) waits for it.
NOTHING = os.pipe()


def longest_process(flags):
    """A process with the longest command line, in new namespaces."""
    libc = ctypes.CDLL(None)
    pid = os.fork()
    if not pid:
        libc.unshare(flags)
        os.dup2(NOTHING[0], 0)
        os.execvp("cat", ["cat", "-", LONGEST])
    until(lambda: len(open(f"/proc/{pid}/cmdline", "rb").read()) > len(LONGEST), "it runs")
    return pid


def end(pids):
    """Ends processes and waits for them."""
    for pid in pids:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def bounded(t, run, rows, name):
    """Holds a run against its bounds: of each row, a cell of 4 KiB and some."""
    t.note(f"{name}: {run}")
    t.same(run.status, 0, f"{name}: exit 0")
    t.ok(run.memory <= ROOM, f"{name}: at most 64 MiB", str(run))
    t.ok(run.length <= rows * (6 * 4096 + 1024) + (64 << 10),
         f"{name}: no row is longer than its cells", str(run))
    t.ok(run.seconds <= 10 * PACE, f"{name}: soon", str(run))


@scene("the longest command lines")
def commands(t):
    pids = [longest_process(calls.CLONE_NEWIPC) for _ in range(NAMESPACES)]
    bounded(t, Run("list"), NAMESPACES, "list")
    bounded(t, Run("list", "-r"), NAMESPACES, "list -r")
    run = Run("list", "-J", keep=True)
    bounded(t, run, NAMESPACES, "list -J")
    long = [row["command"] for row in json.loads(run.text)["namespaces"]
            if row["pid"] in pids]
    t.same(len(long), NAMESPACES, "all are there")
    t.ok(all(len(text) == 4096 and text.endswith("...") for text in long), "cut, and marked so")
    run = Run("list", "-J", "--wide", f"pid={pids[0]}", keep=True)
    t.ok(len(json.loads(run.text)["namespaces"][0]["command"]) > 100000, "--wide shows all", run)
    end(pids)
    until(lambda: events.status()["dying"] == 0, "the last teardown")


@scene("many descriptors of one process")
def descriptors(t):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Member() as member:
        inode = member.inode
        held = [os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY) for _ in range(DESCRIPTORS)]
        pid = os.fork()
        if not pid:
            for fd in held:
                os.set_inheritable(fd, True)
            os.dup2(NOTHING[0], 0)
            os.execvp("cat", ["cat", "-", LONGEST])
        until(lambda: len(open(f"/proc/{pid}/cmdline", "rb").read()) > len(LONGEST), "it runs")
        for fd in held:
            os.close(fd)
        bounded(t, Run("holders", inode), DESCRIPTORS, "holders")
        bounded(t, Run("holders", "-J", inode), DESCRIPTORS, "holders -J")
        end([pid])


@scene("the longest names of queues")
def names(t):
    with Member() as member:
        member.call(resource.setrlimit, resource.RLIMIT_MSGQUEUE, (-1, -1))
        for number in range(200):
            member.call(calls.mq_open, b"%03d" % number + b"\x01" * 252)
        inode = member.inode
        bounded(t, Run("objects", inode), 200, "objects")
        bounded(t, Run("objects", "-J", inode), 200, "objects -J")
        rows = tool.rows("objects", "--type", "mq", inode)
        t.same({len(row["name"]) for row in rows}, {256}, "whole")


if __name__ == "__main__":
    main()
