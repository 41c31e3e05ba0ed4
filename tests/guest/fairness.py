#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=600
"""What unprivileged callers cost others: no more than as many processes that do nothing but count.

Ratios are printed. A guest is noisy, so a result is bad only if one is far too high.
"""

import contextlib
import errno
import os
import pathlib
import statistics
import struct
import time

from lib import calls, module, tool, wire
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene

CALLERS = 8
ROUNDS = 5 if QUICK else 15
BOUND = 3           # times as long as beside busy loops; 1.2 is what an idle machine should show
GROUP = pathlib.Path("/sys/fs/cgroup/callers")
CLONE_NEWNET = 0x40000000
SEGMENTS = 40
REFUSALS = [struct.pack("=H", kind) for kind in (wire.NLMSG_ERROR, wire.NLMSG_DONE)]


def write_maps(pid, uid):
    """Maps one uid and gid to 0 of a new user namespace."""
    pathlib.Path(f"/proc/{pid}/setgroups").write_text("deny", "ascii")
    pathlib.Path(f"/proc/{pid}/uid_map").write_text(f"0 {uid} 1", "ascii")
    pathlib.Path(f"/proc/{pid}/gid_map").write_text(f"0 {uid} 1", "ascii")


def become(uid):
    """A plain user."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    calls.make_dumpable()


def furnish():
    """Something to ask about."""
    for key in range(1, SEGMENTS + 1):
        calls.shmget(key, 4096)


def owner(member, uid):
    """Makes a member an unprivileged user, root of a user namespace with an IPC namespace."""
    member.call(become, uid)
    member.call(calls.unshare, calls.CLONE_NEWUSER)
    write_maps(member.pid, uid)
    member.call(calls.unshare, calls.CLONE_NEWIPC)
    member.call(furnish)


def count_for_ever():
    """A busy loop."""
    while True:
        pass


def ask_for_ever(whats):
    """Dumps as fast as can be, and looks at nothing."""
    link = wire.Socket(1 << 17)
    while True:
        for what in whats:
            link.begin(what)
            while True:
                data = link.socket.recv(link.buffer)
                # a refusal is a message of its own
                if data[4:6] in REFUSALS or link.ends(data):
                    break


# What others do meanwhile; each returns seconds

def timed(function):
    """Seconds that a call takes."""
    begin = time.monotonic()
    function()
    return time.monotonic() - begin


def live_and_end(times):
    """Makes namespaces of which only two can be there: each waits for the end of another."""
    for _ in range(times):
        while True:
            try:
                calls.unshare(calls.CLONE_NEWIPC)
                break
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                time.sleep(0.002)


def new_networks(times):
    """What unshare -n does."""
    for _ in range(times):
        calls.unshare(CLONE_NEWNET)


class Tasks:
    """What is measured, and who does it."""

    def __init__(self, stack):
        self.maker = stack.enter_context(Member(0))
        self.maker.call(calls.unshare, calls.CLONE_NEWUSER)
        write_maps(self.maker.pid, 0)
        self.maker.call(_bound_namespaces)
        self.networker = stack.enter_context(Member(0))

    def measure(self):
        """{what: seconds}."""
        return {"list": timed(lambda: tool.output("list")),
                "namespaces": timed(lambda: self.maker.call(live_and_end, 8)),
                "unshare -n": timed(lambda: self.networker.call(new_networks, 8))}


def _bound_namespaces():
    pathlib.Path("/proc/sys/user/max_ipc_namespaces").write_text("2", "ascii")


@contextlib.contextmanager
def throttled(members):
    """A group of members that has one hundredth of a processor."""
    (GROUP.parent / "cgroup.subtree_control").write_text("+cpu", "ascii")
    GROUP.mkdir()
    try:
        (GROUP / "cpu.max").write_text("1000 100000", "ascii")
        for member in members:
            (GROUP / "cgroup.procs").write_text(str(member.pid), "ascii")
        yield
    finally:
        for member in members:
            (GROUP.parent / "cgroup.procs").write_text(str(member.pid), "ascii")
        GROUP.rmdir()


def crowd(stack, throttle, function, *args):
    """Eight unprivileged members who do something for ever; they end with the stack."""
    members = []
    for number in range(CALLERS):
        member = stack.enter_context(Member(0))
        owner(member, 5000 + number)
        members.append(member)
    if throttle:
        stack.enter_context(throttled(members))
    for member in members:
        member.start(function, *args)
    time.sleep(0.3 * PACE)


def compare(t, name, throttle, whats):
    """Beside callers against beside busy loops, in turns."""
    taken = {"callers": [], "loops": []}
    with contextlib.ExitStack() as outer:
        tasks = Tasks(outer)
        for _ in range(ROUNDS):
            for load, work in (("loops", (count_for_ever,)), ("callers", (ask_for_ever, whats))):
                with contextlib.ExitStack() as stack:
                    crowd(stack, throttle, *work)
                    taken[load].append(tasks.measure())
    for what in taken["loops"][0]:
        ours, theirs = (statistics.median(row[what] for row in taken[load])
                        for load in ("callers", "loops"))
        t.ok(ours <= BOUND * theirs or ours < 0.05, f"{name}: {what}: {ours / theirs:.2f} times as"
             f" long as beside busy loops ({ours:.3f} s, {theirs:.3f} s)",
             *(f"{load}: {[round(row[what], 3) for row in taken[load]]}" for load in taken))


@scene("callers that are refused")
def refused(t):
    compare(t, "access=root", False, ["ns", "object", "holder"])


@scene("callers that see what they own")
@module.parameters("access=owner")
def answered(t):
    compare(t, "access=owner", False, ["ns", "object", "holder"])


@scene("callers that see what they own, with one hundredth of a processor")
@module.parameters("access=owner")
def starved(t):
    controllers = GROUP.parent / "cgroup.controllers"
    if not controllers.exists() or "cpu" not in controllers.read_text("ascii").split():
        t.skip("callers without a processor", "the kernel has no cpu controller of cgroup2")
        return
    compare(t, "access=owner, throttled", True, ["ns", "object", "holder"])


if __name__ == "__main__":
    main()
