#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=360
"""Loading and unloading, alone and beside readers."""

import collections
import os
import threading

from lib import calls, tool, wire, witness
from lib.member import Member
from lib.module import load, loaded, unload
from lib.tap import PACE, QUICK, main, scene, until

TIMES = 100 if not QUICK else 20 if PACE < 5 else 5


@scene("insmod and rmmod many times")
def alone(t):
    t.ok(unload() and not loaded(), "unloaded")
    with Member() as member:
        for number in range(TIMES):
            load()
            if number % 10 == 0:
                t.ok(member.inode in tool.namespaces(), f"works after load {number + 1}")
            if not unload():
                t.ok(False, f"rmmod {number + 1}")
                break
    t.ok(not loaded(), f"{TIMES} times")
    t.ok(not os.path.exists("/sys/module/ipcns"), "nothing remains in /sys/module")
    load()


@scene("insmod and rmmod many times beside a reader")
def beside(t):
    statuses, noise = collections.Counter(), []
    stop = threading.Event()

    def read():
        while not stop.is_set():
            for command in ("list", "objects", "limits"):
                done = tool.ipcnsctl(command)
                statuses[done.returncode] += 1
                if done.returncode not in (0, 2) or len(done.stderr.splitlines()) > 1:
                    noise.append((command, done.returncode, done.stderr))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(TIMES):
            # A dump that runs holds the module.
            until(unload, f"rmmod {number + 1}")
            load()
    finally:
        stop.set()
        reader.join()
    t.note(f"exit statuses of the reader: {dict(statuses)}")
    t.ok(statuses[0] and statuses[2], "the reader met it loaded and unloaded", dict(statuses))
    t.same(noise, [], "exit status 0 or 2 and one line at most")
    t.same(set(tool.namespaces()), set(witness.members()), "still right")


def crowd():
    """More objects than one datagram holds."""
    for key in range(1, 1001):
        calls.shmget(key, 4096)


@scene("a dump in the middle holds the module, and no more")
def held(t):
    with Member() as member:
        member.call(crowd)
        link = wire.Socket(4096)
        link.begin("object")
        t.ok(not link.more("object")[1], "a dump has begun and is not at its end")
        t.ok(not unload() and loaded(), "rmmod is refused")
        link.close()
        until(unload, "rmmod after the reader closed")
        t.ok(not loaded(), "rmmod works after the reader closed")
        load()
        t.same(len(tool.objects("shm", member.inode)), 1000, "loaded again, all is there")


if __name__ == "__main__":
    main()
