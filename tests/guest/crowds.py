#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=2G timeout=400 sanitize
"""Two crowds that could cost one times the other: answers come soon, and nothing is left out."""

import os
import pathlib
import resource
import shutil
import tempfile
import time

from lib import calls, tool, wire
from lib.ledger import Ledger
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

PAGE = 4096
CLONES, AREAS = (100, 300) if QUICK else (800, 2000)
UNDOS = 300 if QUICK else 2000
CONFINED, MOUNTS = (60, 200) if QUICK else (400, 1000)
OPENERS, OPEN = (40, 200) if QUICK else (200, 500)
LISTED = 65536      # rows of a request, at most
SOON = 30 * PACE


def timed(function, *args):
    """What a function returns, and how many seconds it took."""
    begin = time.monotonic()
    result = function(*args)
    return result, time.monotonic() - begin


@scene(f"{CLONES} processes that share {AREAS:,} attachments")
def attachments(t):
    with Member() as member:
        ident = member.call(calls.shmget, 0x7001, PAGE)
        member.call(calls.attach_many, ident, AREAS)
        pids = member.call(calls.clones, CLONES, calls.CLONE_VM)
        found, seconds = timed(Ledger, member.inode)
        rows = found.of("shm")
        t.ok(seconds <= SOON, f"holders: {seconds:.1f} s")
        t.same(len({row["start"] for row in rows}), AREAS, "each attachment is there")
        t.ok({row.get("pid") for row in rows} <= {member.pid, *pids}, "of processes that share it")
        t.same(found.unattributed, 0, "nothing is unattributed")
        member.call(calls.end_children, pids)


@scene(f"{CLONES} processes that share {UNDOS:,} adjustments")
def adjustments(t):
    with Member() as member, Member(join=member.pid) as other:
        ident = member.call(calls.semget, 0x7002, UNDOS)
        other.call(calls.undo_many, ident, UNDOS)
        pids = other.call(calls.clones, CLONES, calls.CLONE_VM | calls.CLONE_SYSVSEM)
        with wire.Socket() as link:
            rows, seconds = timed(link.dump, "waiter",
                                  {"ns-inum": member.inode, "kind": wire.KIND["sem"], "id": ident})
        t.ok(seconds <= SOON, f"waiters: {seconds:.1f} s")
        undos = [row for row in rows if "role" in row and wire.ROLE[row["role"]] == "undo"]
        whole = UNDOS * (CLONES + 1)
        t.same((len(undos), any("truncated" in row for row in rows)),
               (min(whole, LISTED), whole > LISTED), "all of them, or as many as are listed")
        t.ok({row.get("pid") for row in undos} <= {other.pid, *pids}, "of processes that share it")
        other.call(calls.end_children, pids)


def confine(folder, mounts):
    """In a mount namespace of its own: mounts of an mqueue filesystem with long paths."""
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount(None, "/", flags=calls.MS_REC | calls.MS_PRIVATE)
    first = f"{folder}/first"
    os.mkdir(first)
    calls.mount("mqueue", first, "mqueue")
    for number in range(mounts):
        target = f"{folder}/{number:06}{'x' * 240}"
        os.mkdir(target)
        calls.mount(first, target, flags=calls.MS_BIND)


@scene(f"{CONFINED} processes in a chroot, {MOUNTS:,} mounts with long paths")
def mounts(t):
    folder = tempfile.mkdtemp()
    try:
        with Member(calls.CLONE_NEWIPC) as member:
            member.call(confine, folder, MOUNTS)
            empty = f"{folder}/empty"
            os.mkdir(empty)
            pids = member.call(calls.sleepers, CONFINED, os.chroot, empty)
            _, seconds = timed(tool.rows, "list", "-o", "NS,HELD", member.inode)
            t.ok(seconds <= SOON, f"list -o HELD: {seconds:.1f} s")
            rows, seconds = timed(tool.rows, "holders", "-o", "KIND,DETAIL", member.inode)
            t.ok(seconds <= SOON, f"holders: {seconds:.1f} s")
            t.same(len([row for row in rows if "mqueue" in row["kind"]]), MOUNTS + 1,
                   "each mount is there")
            member.call(calls.end_children, pids)
    finally:
        until(lambda: not shutil.rmtree(folder, ignore_errors=True) and
              not pathlib.Path(folder).exists(), "the folder can be removed")


def open_often(name, count):
    """Has a queue open many times."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, count + 100))
    fd = calls.mq_open(name)
    for _ in range(count):
        os.dup(fd)


@scene(f"{OPENERS} processes, each with a queue open {OPEN} times")
def openers(t):
    with Member() as member:
        pids = member.call(calls.sleepers, OPENERS, open_often, b"crowded", OPEN)
        until(lambda: all(len(os.listdir(f"/proc/{pid}/fd")) > OPEN for pid in pids), "all open it")
        (row,), seconds = timed(tool.rows, "objects", "--type", "mq", "-o", "NAME,OPENERS",
                                member.inode)
        t.ok(seconds <= SOON, f"objects: {seconds:.1f} s")
        t.same(sorted(row["openers"]), sorted(pids), "each process once")
        rows, seconds = timed(tool.rows, "holders", "-o", "KIND,PID,FD", member.inode)
        t.ok(seconds <= SOON, f"holders: {seconds:.1f} s")
        t.same(len({(row["pid"], row["fd"]) for row in rows if row["fd"] is not None}),
               OPENERS * (OPEN + 1), "each descriptor once")
        member.call(calls.end_children, pids)


if __name__ == "__main__":
    main()
