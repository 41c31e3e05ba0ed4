#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=900
"""The netlink interface under tests/fuzz/netlink, which asks nonsense as several users at once."""

import contextlib
import os
import pathlib
import subprocess
import time

from lib import calls, events, module, tool, wire, witness
from lib.events import Listener
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

FUZZER = pathlib.Path("/root/netlink")
KCOV = pathlib.Path("/sys/kernel/debug/kcov")
# Where nothing guides it, more of the same finds little.
SECONDS = int(os.environ.get("IPCNS_FUZZ") or (600 if not QUICK else 30 if KCOV.exists() else 15))


def furnish():
    """Objects for requests to be about, with messages and somebody who waits."""
    for key in range(1, 8):
        calls.shmget(key, 4096)
        calls.semget(key, 3)
        calls.msgget(key)
        os.close(calls.mq_open(b"q%d" % key, 4, 16))
    os.close(calls.mq_open(b"q", 4, 16))


def churn():
    """Goes through namespaces with objects, not too fast, until it is killed."""
    while True:
        with contextlib.suppress(OSError):      # ENOSPC: too many are still on their way out
            calls.unshare(calls.CLONE_NEWIPC)
            furnish()
        time.sleep(0.05)


def inventory(inode):
    """What is in a namespace."""
    return {kind: {row["id"] for row in tool.objects(kind, inode)}
            for kind in ("shm", "sem", "msg")}


@scene("requests that are made up, by several users")
@module.parameters("access=owner")
def fuzz(t):
    t.ok(FUZZER.exists(), "the fuzzer is here", "tests/run copies it to /root/netlink")
    with contextlib.ExitStack() as stack:
        members = [stack.enter_context(Member()) for _ in range(8 if PACE < 5 else 3)]
        for member in members:
            member.call(furnish)
        churners = [stack.enter_context(Member()) for _ in range(2)]
        for member in churners:
            member.start(churn)
        before = [inventory(member.inode) for member in members]
        done = subprocess.run([FUZZER, str(SECONDS)], capture_output=True, encoding="utf-8",
                              check=False, timeout=SECONDS + 300 * PACE)
        t.note(*done.stdout.splitlines())
        t.same((done.returncode, done.stderr), (0, ""),
               "every request that wants an answer has one")
        counts = dict(word.split("=") for word in done.stdout.split() if "=" in word)
        counts = {name: int(value) for name, value in counts.items()}
        t.ok(counts["sent"] > 20 * SECONDS / PACE, f"{counts['sent']} requests", counts)
        t.ok(counts["rows"] and counts["refused"] and counts["dumps"] and counts["cut"],
             "some made sense, some did not, some dumps were left in the middle", counts)
        if KCOV.exists():
            t.ok(counts["covered"] > 500, "coverage guided it", counts)
        for member in churners:
            member.end()
        with wire.Socket() as link:
            until(lambda: link.get("status")["dumps"] == 0, "all dumps are closed")
            t.same(link.get("status")["dump-bytes"], 0, "no dump is left open, nor its memory")
        until(lambda: set(tool.namespaces()) == set(witness.members()),
              "the list is what /proc has", 60)
        t.ok({member.inode for member in members} <= set(tool.namespaces()),
             "all namespaces are still listed")
        t.same([inventory(member.inode) for member in members], before, "with what was in them")
        t.ok(events.status()["events-live"], "events are live")
        with Listener() as ear:
            members[0].call(calls.shm_remove, members[0].call(calls.shmget, 99, 4096))
            t.same([events.brief(event) for event in ear.catch_up()
                    if event["object"] == "shm"], ["shm created", "shm destroyed removed"],
                   "and are told")
    module.reload()
    t.ok(module.loaded(), "the module can be unloaded and loaded again")


if __name__ == "__main__":
    main()
