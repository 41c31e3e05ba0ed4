#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=300
"""Events for others than the administrator: who may subscribe, and what polling gives."""

import contextlib
import errno
import socket
import struct
import subprocess
import time

from access import CLONE_NEWNET, contain
from journal import EACH, one_of_each
from lib import calls, events, module, wire
from lib.events import Listener, brief, is_ns, numbers, of
from lib.member import Member
from lib.tap import main, scene, until
from users import become


def outcome(ask):
    """(errno, text) of a request."""
    with wire.Socket() as link:
        try:
            ask(link)
            return 0, ""
        except wire.Refused as error:
            return error.errno, error.text


def attempts():
    """What the caller may do: subscribe, ask for the state of the journal, and for events."""
    return [outcome(lambda link: events.subscribe(link, wait=False))[0],
            outcome(lambda link: link.get("event"))[0],
            outcome(lambda link: link.dump("event", {"since": 1}))[0]]


def why():
    """The texts of the same refusals."""
    return [outcome(lambda link: events.subscribe(link, wait=False))[1],
            outcome(lambda link: link.get("event"))[1],
            outcome(lambda link: link.dump("event", {"since": 1}))[1]]


@scene("by default events are for the administrator")
def administrators(t):
    with Member(0) as user, Member(0) as inside, Member(CLONE_NEWNET) as second, \
            Member(0) as visitor:
        t.same(attempts(), [0, 0, 0], "root")
        t.same(second.call(attempts), [0, 0, 0], "root in a net namespace of the machine's")
        user.call(become, 1000, 1000)
        t.same(user.call(attempts), [errno.EPERM] * 3, "a user")
        t.ok(all("CAP_SYS_ADMIN" in text for text in user.call(why)), "with the reason",
             *user.call(why))
        contain(inside, CLONE_NEWNET)
        t.same(inside.call(attempts), [errno.EPERM] * 3, "root of a container")
        visitor.call(calls.setns, f"/proc/{inside.pid}/ns/net", CLONE_NEWNET)
        t.same(visitor.call(attempts), [errno.EOPNOTSUPP, 0, 0],
               "the administrator in a container's net namespace polls")
        t.contains(visitor.call(why)[0], "net namespaces", "with the reason")


@scene("a socket that is handed on gives nobody a subscription")
def handed_on(t):
    with wire.Socket() as link, Member(0) as user:
        t.same(user.call(opened_as_root_used_by_user), errno.EPERM,
               "opened by root, used by a user")
        events.subscribe(link)
        t.same(events.status()["recorded"], events.mask("ns shm sem msg mq"), "root's is taken")
    until(lambda: not events.armed() & events.OBJECT_PROBES, "and ends with its socket")


def opened_as_root_used_by_user():
    """A socket of root's on which a user asks; the errno."""
    with wire.Socket() as link:
        become(1000, 1000)
        try:
            events.subscribe(link, wait=False)
            return 0
        except wire.Refused as error:
            return error.errno


@scene("the number of subscriptions is bounded")
def bounded(t):
    links, refused = [], None
    try:
        while not refused and len(links) < 2000:
            links.append(wire.Socket())
            try:
                events.subscribe(links[-1], "ns")
            except wire.Refused as error:
                refused = error
        t.same((len(links), refused and refused.errno), (257, errno.ENOSPC), "256")
        events.subscribe(links[0], "ns shm")
        t.ok(True, "who has one can change it")
        links.pop(0).close()
        until(lambda: outcome(lambda link: events.subscribe(link, "ns"))[0] == 0,
              "one that ends makes room")
    finally:
        for link in links:
            link.close()


@scene("without a subscription nothing is sent and nothing armed")
def unsubscribed(t):
    with wire.Socket() as link, Member() as member:
        until(lambda: not events.armed() & events.OBJECT_PROBES, "no subscription is left")
        member.call(one_of_each, 1)
        for _ in range(20):
            events.journal()
        time.sleep(1.5)
        t.ok(not events.armed() & events.OBJECT_PROBES, "polling arms nothing")
        link.socket.settimeout(0.5)
        try:
            t.same(link.socket.recv(65536), b"", "a socket without a subscription is silent")
        except (TimeoutError, BlockingIOError):
            t.ok(True, "a socket without a subscription is silent")


_squatter = None


def squat():
    """A user joins every group that there is, or may be one day; how many."""
    global _squatter
    become(1000, 1000)
    _squatter = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, wire.NETLINK_GENERIC)
    _squatter.bind((0, 0))
    joined = 0
    for group in range(1, 200):
        with contextlib.suppress(OSError):
            _squatter.setsockopt(wire.SOL_NETLINK, wire.NETLINK_ADD_MEMBERSHIP, group)
            joined += 1
    return joined


def squatted():
    """Types of the messages that came, without those of nlctrl."""
    kinds = []
    _squatter.settimeout(1)
    with contextlib.suppress(TimeoutError):
        while True:
            kinds.append(struct.unpack_from("=H", _squatter.recv(65536), 4)[0])
    return [kind for kind in kinds if kind != wire.GENL_ID_CTRL]


@scene("who was there before the module was loaded hears nothing")
def squatter(t):
    until(module.unload, "rmmod")
    with Member(0) as user:
        joined = user.call(squat)
        module.load()
        t.ok(joined > 30, f"{joined} groups are joined")
        with Listener() as ear, Member() as member:
            member.call(one_of_each, 1)
            nsid = wire.nsid_of(member.pid)
            ear.until(lambda seen: len(of(seen, nsid)) > 4, "the administrator gets events")
            t.same(user.call(squatted), [], "and the user none")


@scene("access=owner: what polling gives")
@module.parameters("access=owner")
def polling(t):
    with Listener() as root, Member(0) as inside, Member(0) as other, Member(0) as user, \
            Member(0) as below:
        contain(inside, CLONE_NEWNET)
        contain(other, CLONE_NEWNET, owner=1001)
        contain(below, owner=0, within=inside)
        user.call(become, 1002, 1002)
        mine, theirs, child = (wire.nsid_of(member.pid) for member in (inside, other, below))
        begin = events.next_number()
        for key in range(1, 4):
            calls.shm_remove(calls.shmget(key, 4096))
            other.call(one_of_each, key)
            inside.call(one_of_each, key)
            below.call(one_of_each, key)
        whole = [event for event in root.catch_up() if event.get("seq", 0) >= begin]
        told = inside.call(events.journal, begin)
        t.same([(event["ns-id"], brief(event)) for event in told],
               [(nsid, what) for _ in range(3) for nsid in (mine, child) for what in EACH],
               "its own events and its child's, in their order, and no others")
        t.same(numbers(told), [event["seq"] for event in whole if event["ns-id"] in (mine, child)],
               "with the numbers that the administrator sees")
        t.same([event for event in told if {"cgroup-id", "cgroup"} & event.keys()], [],
               "control groups are not reported")
        t.same({(event["pid"], "comm" in event) for event in told}, {(0, False)},
           "process ids mean nothing there, and names are not reported")
        t.same({event["uid"] for event in told}, {0}, "user ids are mapped")
        t.same(inside.call(events.journal, begin, ns_id=child), of(told, child),
               "those of one namespace")
        t.same(inside.call(events.journal, begin, ns_id=theirs), [], "none of a foreign one")
        t.same(user.call(events.journal, begin), [], "a user gets none")
        t.same(inside.call(attempts)[0], errno.EPERM, "nobody else subscribes")
        t.same(of(other.call(events.journal, begin), mine), [], "nor sees the others'")

        # Nobody can say who owned what has ended.
        below.end()
        root.gone(child)
        t.same(of(inside.call(events.journal, begin), child), [],
               "events of a namespace that has ended are for the administrator")
        t.same([event["ns-id"] for event in inside.call(events.journal, begin)], [mine] * 27,
               "those of its own stay")
        t.ok(any(is_ns(event, "destroyed") for event in of(root.events, child)),
             "who gets its end, too")


@scene("access=owner: a monitor polls, and an end is absence", pace=5)
@module.parameters("access=owner")
def monitoring(t):
    with Member(0) as inside, Member(0) as below:
        contain(inside, CLONE_NEWNET)
        contain(below, owner=0, within=inside)
        inode, child = below.inode, wire.nsid_of(below.pid)
        inside.call(start_monitor)
        below.call(one_of_each, 5)
        until(lambda: "sem,destroyed" in inside.call(monitored), "events of the child arrive", 20)
        below.end()
        until(lambda: "ns,destroyed" in inside.call(monitored), "the end of the child arrives", 20)
        line, = [line for line in inside.call(monitored).splitlines() if "ns,destroyed" in line]
        t.ok(f"ns={inode} " in line + " " and f"nsid={child}" in line, "which names it", line)
        t.ok("pid=" not in line and "reason=" not in line, "without a cause", line)
        inside.call(end_monitor)


_MONITOR = []


def start_monitor():
    """Starts ipcnsctl monitor in the caller's namespaces."""
    with open("/tmp/monitored", "w", encoding="utf-8") as file:
        _MONITOR.append(subprocess.Popen(["ipcnsctl", "monitor"], stdout=file))
    time.sleep(1.5)


def monitored():
    """What it has printed so far."""
    with open("/tmp/monitored", encoding="utf-8") as file:
        return file.read()


def end_monitor():
    """Ends it."""
    for process in _MONITOR:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
