#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=200
"""Namespaces that come and go while three readers look."""

import collections
import os
import threading
import time

from lib import calls, tool, wire, witness
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

SECONDS = (5 if QUICK else 60) * PACE
STABLE = 20
ROUNDS = 3      # on the slowest machine


def furnish(number):
    """Three objects of each kind; which ones follows from a number."""
    for place in range(1, 4):
        key = number * 10 + place
        calls.shmget(key, 4096)
        calls.semget(key, place)
        calls.msgget(key)
        os.close(calls.mq_open(b"queue-%d" % key, 1, 1))


def wanted(number):
    """(type, key or name) of what furnish() makes."""
    keys = [number * 10 + place for place in range(1, 4)]
    return {*((kind, f"0x{key:08x}") for kind in ("shm", "sem", "msg") for key in keys),
            *(("mq", f"/queue-{key}") for key in keys)}


def churn(seconds):
    """Goes from one new namespace to the next, each with some objects; how many there were."""
    calls.unlimited_queues()
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            calls.unshare(calls.CLONE_NEWIPC)
        except OSError:     # ENOSPC: too many are still on their way out
            time.sleep(0.01)
            continue
        furnish(count % 100000)
        count += 1
    return count


class Reader(threading.Thread):
    """Reads until a time, ROUNDS times at least; keeps complaints, and how often it read."""

    def __init__(self, look, until_time):
        super().__init__()
        self.look, self.until_time = look, until_time
        self.rounds, self.complaints = 0, []

    def run(self):
        while ((time.monotonic() < self.until_time or self.rounds < ROUNDS)
               and len(self.complaints) < 10):
            self.complaints += self.look()
            self.rounds += 1


def twice(values):
    """The values that occur more than once."""
    return [value for value, count in collections.Counter(values).items() if count > 1]


@scene("a loop of namespaces beside three readers")
def loop(t):
    # What ends waits for its grace period; so many may wait, no more.
    with open("/proc/sys/user/max_ipc_namespaces", "w", encoding="ascii") as file:
        file.write("3000")
    members = [Member() for _ in range(STABLE)]
    for number, member in enumerate(members):
        member.call(furnish, 900000 + number)
    pinned = [calls.namespace_fd(member.pid) for member in members[::2]]
    inodes = [member.inode for member in members]
    want = {inode: wanted(900000 + number) for number, inode in enumerate(inodes)}
    for member in members[::2]:
        member.end()
    ids = {row["ns"]: row["nsid"] for row in tool.namespaces().values() if row["ns"] in want}
    t.same(len(ids), STABLE, "the ones that stay are there at the start")

    def look_at_list():
        rows = tool.rows("list", "-o", "NS,NSID,STATE")
        found = {row["nsid"]: row["ns"] for row in rows}
        return [f"list -J: {inode} is missing" for inode, nsid in ids.items()
                if found.get(nsid) != inode] + [
                    f"list -J: id {nsid} twice" for nsid in twice(row["nsid"] for row in rows)]

    def check_objects(rows, name):
        seen = {inode: [] for inode in want}
        for inode, kind, key in rows:
            if inode in seen:
                seen[inode].append((kind, key))
        return [f"{name}: {inode}: missing {sorted(want[inode] - set(objects))},"
                f" twice {twice(objects)}, extra {sorted(set(objects) - want[inode])}"
                for inode, objects in seen.items()
                if set(objects) != want[inode] or twice(objects)]

    def look_at_raw():
        lines = tool.output("objects", "-r", "-n", "-o", "NS,TYPE,KEY").splitlines()
        return check_objects([(int(ns), kind, key) for ns, kind, key in map(str.split, lines)],
                             "objects -r")

    def look_at_wire():
        with wire.Socket(8192) as link:
            rows = link.dump("object")
        kinds = list(wire.KIND)
        complaints = check_objects(
            [(row["ns-inum"], kinds[row["kind"]], "/" + row["name"].decode() if row["kind"] == 3
              else f"0x{row['key']:08x}") for row in rows], "wire")
        return complaints + [f"wire: {what} twice" for what in twice(
            (row["ns-id"], row["kind"], row.get("id"), row.get("name")) for row in rows)]

    def look_at_json():
        rows = tool.rows("objects", "-o", "NS,TYPE,KEY")
        return check_objects([(row["ns"], row["type"], row["key"]) for row in rows],
                             "objects -J") + look_at_wire()

    churner = Member()
    churner.start(churn, SECONDS)
    readers = [Reader(look, time.monotonic() + SECONDS)
               for look in (look_at_list, look_at_raw, look_at_json)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    count = churner.result()
    churner.end()
    t.note(f"{count} namespaces came and went; rounds of the readers:"
           f" {[reader.rounds for reader in readers]}")
    t.ok(count > SECONDS / PACE, "many namespaces came and went", count)
    for name, reader in zip(("list -J", "objects -r", "objects -J and the wire"), readers):
        t.same(reader.complaints, [], f"{name}: nothing missing, nothing twice, nothing strange")

    with wire.Socket() as link:
        t.same(link.get("status")["dumps"], 0, "no dump is left open")
    for fd in pinned:
        os.close(fd)
    for member in members:
        member.end()
    until(lambda: set(tool.namespaces()) == set(witness.members()),
          "only what /proc shows remains", 100)
    t.ok(True, "only what /proc shows remains")


if __name__ == "__main__":
    main()
