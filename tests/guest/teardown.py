#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=180
"""How long ends take: the histogram in metrics, against the times that events have."""

import collections
import json
import os
import re

from access import CLONE_NEWNET, contain
from events import many_namespaces
from exec import close_and_spin
from lib import calls, events, module, tool, wire
from lib.events import Listener, is_ns
from lib.member import Member
from lib.tap import QUICK, main, scene
from metrics import figures
from users import become

FAMILY = "ipcns_namespace_teardown_seconds"
BOUNDS = ["0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1.0", "5.0", "10.0", "30.0", "60.0"]

Histogram = collections.namedtuple("Histogram", "buckets count sum")


def histogram():
    """What metrics prints: ({bound as text: count}, count, sum in nanoseconds)."""
    found = figures("--top", 0)
    buckets = {}
    for key, value in found.items():
        match = re.fullmatch(FAMILY + r'_bucket{le="(.+)"}', key)
        if match:
            buckets[match[1]] = value
    return Histogram(buckets, found[f"{FAMILY}_count"], round(found[f"{FAMILY}_sum"] * 1e9))


def durations(happened):
    """{id: nanoseconds from dying to destroyed} of the namespaces that were seen to do both."""
    began = {event["ns-id"]: event["time"] for event in happened if is_ns(event, "dying")}
    return {event["ns-id"]: event["time"] - began[event["ns-id"]] for event in happened
            if is_ns(event, "destroyed") and event["ns-id"] in began}


def expected(before, times):
    """What a histogram is to be, after ends that took these nanoseconds."""
    buckets = {bound: count + sum(time <= float(bound) * 1e9 for time in times)
               for bound, count in before.buckets.items()}
    return Histogram(buckets, before.count + len(times), before.sum + sum(times))


def matches(t, ear, before, ids, name):
    """Waits for the ends of namespaces and compares; the histogram, and how long they took."""
    first = len(ear.events)
    ear.gone(*ids)
    ear.catch_up()
    times = durations(ear.events[first:])
    t.same(set(times), set(ids), f"{name}: the ends of {len(ids)}, and no others, were told")
    now = histogram()
    t.same(now, expected(before, times.values()),
           f"{name}: count, sum and each bucket are what the times of events make")
    t.note(f"{name}: {min(times.values()) / 1e6:.1f} to {max(times.values()) / 1e6:.1f} ms")
    return now, times


def end_one(count):
    """A namespace with objects, whose only process ends; its id."""
    with Member() as member:
        member.call(segments, count)
        return wire.nsid_of(member.pid)


def segments(count):
    """Many segments."""
    for key in range(1, count + 1):
        calls.shmget(key, 4096)


def hold_up(seconds):
    """Ends a namespace while the worker that takes it apart gets no turn; its id."""
    with Member() as member, Member(0) as last:
        nsid = wire.nsid_of(member.pid)
        fd = last.call(os.open, f"/proc/{member.pid}/ns/ipc", os.O_RDONLY)
        member.end()
        last.call(close_and_spin, fd, seconds)
    return nsid


@scene("each end is counted once, where it belongs")
def counted(t):
    module.reload()
    with Listener() as ear:
        empty = histogram()
        t.same(empty, Histogram(dict.fromkeys([*BOUNDS, "+Inf"], 0), 0, 0),
               "a module that was just loaded has counted nothing")
        now, _ = matches(t, ear, empty, [end_one(0) for _ in range(5)], "one after another")
        now, _ = matches(t, ear, now, [end_one(500 if QUICK else 3000)], "one with many segments")
        with wire.Socket() as link, Member(0) as member:
            inodes = member.call(many_namespaces, 40)
            ids = [row["id"] for row in link.dump("ns") if row["inum"] in inodes]
            member.end()
        now, _ = matches(t, ear, now, ids, "many at once")
        now, times = matches(t, ear, now, [hold_up(0.15), hold_up(0.3)], "held up for a little")
        longest = 0
        for turn in range(8):
            now, times = matches(t, ear, now, [hold_up(0.8)], f"held up for long, {turn + 1}")
            longest = max(*times.values(), longest)
            if longest > 5e8:
                break
        t.ok(longest > 5e8, "one took longer than half a second", longest)
        t.ok(now.buckets["+Inf"] > now.buckets["0.5"], "and is not in the bucket of those below",
             now)
        t.same(now.buckets["+Inf"], now.count, "the bucket without a bound has all")
        t.same(ear.lost, [], "nothing was lost")
        t.same(json.loads(tool.output("status", "-J"))["status"]["teardowns"], now.count,
               "status counts as many")
    module.reload()
    t.same(histogram(), empty, "loaded anew, it begins anew")


def told():
    """What status tells the caller of teardowns."""
    return [name for name in events.status() if name.startswith("teardown")]


@scene("nobody but the machine's root is told")
@module.parameters("access=owner")
def rights(t):
    t.same(told(), ["teardowns", "teardown-count", "teardown-sum"], "root is")
    with Member(0) as user, Member(0) as inside:
        user.call(become, 1000, 1000)
        t.same(user.call(told), [], "a user is not")
        contain(inside, CLONE_NEWNET)
        t.same(inside.call(told), [], "root of a container with a net namespace is not")
        text = inside.call(tool.output, "metrics")
        t.ok("ipcns_build_info" in text and FAMILY not in text, "his metrics have no histogram",
             text)


if __name__ == "__main__":
    main()
