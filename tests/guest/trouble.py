#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick memory=1G timeout=400
"""A machine in trouble: control groups at their limit, no memory, a clock that jumps."""

import collections
import contextlib
import ctypes
import errno
import os
import pathlib
import subprocess
import time

from lib import calls, events, module, tool, wire, witness
from lib.events import Listener
from lib.member import Member
from lib.tap import QUICK, main, scene, until

GROUPS = pathlib.Path("/sys/fs/cgroup")
MCL_CURRENT = 1
SHORT = {errno.ENOMEM, errno.ENOBUFS}
STOP = pathlib.Path("/run/trouble-ends-here")
DAY = 86400


def furnish():
    """One object of each kind."""
    for make in (lambda: calls.shmget(1, 4096), lambda: calls.semget(1, 2),
                 lambda: calls.msgget(1), lambda: os.close(calls.mq_open(b"queue", 1, 1))):
        make()


def spare():
    """Keeps the caller from the OOM killer, and its pages where they are."""
    pathlib.Path("/proc/self/oom_score_adj").write_text("-1000", "ascii")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(MCL_CURRENT):
        raise OSError(ctypes.get_errno(), "mlockall")


def unshare_often(count, folder=None, pages=0):
    """Goes through so many new namespaces; {0 or the error: how often}.

    folder: a control group, which may have so many pages more than now meanwhile, or fewer. Nothing
    in the loop makes the caller need a page for himself.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    unshare, flags, results = libc.unshare, calls.CLONE_NEWIPC, bytearray(count)
    most = None
    if folder:
        now = int((folder / "memory.current").read_text("ascii"))
        bound = str(max(now + 4096 * pages, 0)).encode("ascii")
        most = os.open(folder / "memory.max", os.O_WRONLY)
        os.write(most, bound)
    for place in range(count):
        if unshare(flags):
            results[place] = ctypes.get_errno()
    if folder:
        os.write(most, b"max")
        os.close(most)
    return {code: results.count(code) for code in set(results)}


@contextlib.contextmanager
def group(name):
    """A control group with a bound on memory; its folder."""
    (GROUPS / "cgroup.subtree_control").write_text("+memory", "ascii")
    folder = GROUPS / name
    folder.mkdir()
    try:
        yield folder
    finally:
        until(lambda: not (folder / "cgroup.procs").read_text("ascii"), "nobody is in the group")
        folder.rmdir()


def read_until(path):
    """Dumps everything until a file is there.

    Returns {0 or the error: how often} and {namespace: {what is in it: how often}}.
    """
    outcomes, seen = collections.Counter(), {}
    while not os.path.exists(path):
        try:
            with wire.Socket() as link:
                rows = link.dump("object")
                link.dump("ns")
                link.dump("limits")
        except OSError as error:
            outcomes[error.errno] += 1
            continue
        outcomes[0] += 1
        for nsid in {row["ns-id"] for row in rows}:
            things = frozenset((row["kind"], row.get("id")) for row in rows
                               if row["ns-id"] == nsid)
            seen.setdefault(nsid, collections.Counter())[things] += 1
    return outcomes, seen


@contextlib.contextmanager
def reader(t, stay):
    """Dumps meanwhile: what stays is there each time, whole, or the error says no memory."""
    STOP.unlink(missing_ok=True)
    with Member(0) as member:
        member.start(read_until, str(STOP))
        try:
            yield
        finally:
            STOP.touch()
            outcomes, seen = member.result()
        t.note(f"dumps: {outcomes}")
        t.ok(outcomes[0], "some dumps ended well", outcomes)
        t.same(outcomes.keys() - SHORT - {0}, set(), "the others say that memory is short")
        t.same([list(seen.get(wire.nsid_of(one.pid), {}).values()) for one in stay],
               [[outcomes[0]]] * len(stay), "what stays is in each dump, as it was")


def lives(ear):
    """Ids of the namespaces that came, and of those that ended, when nothing ends any more."""
    until(lambda: set(tool.namespaces()) == set(witness.members()), "only what /proc shows is left",
          100)
    ear.catch_up()
    return [[event["ns-id"] for event in ear.events if events.is_ns(event, what)]
            for what in ("created", "destroyed")]


def settled(t, ear):
    """What was told of namespaces makes what there is; how many came."""
    born, gone = lives(ear)
    t.same(len(born), len(set(born)), "each that came was told once")
    t.same((set(born), len(born)), (set(gone), len(gone)), "and its end, once")
    t.same(ear.lost, [], "nothing was lost")
    return len(born)


@scene("namespaces whose creation fails midway, for their group has no memory left")
def midway(t):
    enough, total, pages = (20 if QUICK else 60), collections.Counter(), 6
    with group("trouble") as folder, Member() as stay:
        stay.call(furnish)
        with Listener() as ear, reader(t, [stay]), Member(0) as maker:
            maker.call(spare)
            maker.call(unshare_often, 3)
            (folder / "cgroup.procs").write_text(str(maker.pid), "ascii")
            for _ in range(40):
                counts = maker.call(unshare_often, 30, folder, pages)
                total.update(counts)
                if min(total[0], total[errno.ENOMEM]) > enough:
                    break
                # What ended before gives memory back sooner or later: the bound goes with it.
                pages += 5 * ((0 not in counts) - (errno.ENOMEM not in counts))
            t.note(f"unshare: {total}")
            t.ok(total[errno.ENOMEM] > enough, "many namespaces could not be made", total)
            t.ok(total[0] > enough, "many could", total)
            maker.end()
            made = settled(t, ear)
            t.same(made, total[0] + 3, "those that could be made were told, and no others")
        t.same(events.status()["dying"], 0, "none is on its way out for ever")


def eat():
    """Takes memory until it ends."""
    pathlib.Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    kept = []
    while True:
        kept.append(b"x" * (16 << 20))


def come_and_go(path):
    """Goes through namespaces with objects until a file is there; how many."""
    count = 0
    while not os.path.exists(path):
        with contextlib.suppress(OSError):
            calls.unshare(calls.CLONE_NEWIPC)
            count += 1
            furnish()
        time.sleep(0.01)
    return count


@scene("memory until the OOM killer comes", pace=2)
def oom(t):
    STOP.unlink(missing_ok=True)
    with Member() as stay, Member() as maker, Listener() as ear:
        stay.call(furnish)
        maker.start(come_and_go, str(STOP))
        with reader(t, [stay]):
            for number in range(1 if QUICK else 2):
                before = len(module.log())
                with Member(0) as eater:
                    eater.start(eat)
                    _, status = os.waitpid(eater.pid, 0)
                    eater.pid = 0
                t.same(os.WTERMSIG(status), 9, f"{number + 1}: the eater is killed")
                t.ok(any("Out of memory: Killed process" in line
                         for line in module.log()[before:]), "by the OOM killer")
        count = maker.result()
        maker.end()
        stay_id = wire.nsid_of(stay.pid)
        t.note(f"{count} namespaces came and went meanwhile")
        born, gone = map(set, lives(ear))
        unsaid = sum(event.get("to", 0) - event.get("from", 1) + 1 for event in ear.lost)
        t.ok(ear.lost or len(born) in (count, count - 1),
             f"{len(born)} births were told; {unsaid} events as lost", count)
        t.ok(stay_id not in gone, "the one that stays has not ended")
        t.ok(ear.lost or born - gone <= {stay_id}, "the others have", born ^ gone)
        with wire.Socket() as link:
            t.same([link.get("status")[name] for name in ("dumps", "dump-bytes", "dying")],
                   [0, 0, 0], "nothing is left open")
    module.reload()
    t.ok(module.loaded(), "the module can be unloaded and loaded again")


@contextlib.contextmanager
def wall_clock():
    """Lets a scene turn the clock; it is right again afterwards."""
    begin, steady = time.time(), time.monotonic()
    try:
        yield
    finally:
        time.clock_settime(time.CLOCK_REALTIME, begin + time.monotonic() - steady)


def live_and_end():
    """A namespace with objects whose only process ends; its id."""
    with Member() as member:
        member.call(furnish)
        return wire.nsid_of(member.pid)


@scene("the clock jumps")
def clock(t):
    with wall_clock(), Listener() as ear, Member() as stay:
        stay_id = wire.nsid_of(stay.pid)
        before = events.status()
        ids = [live_and_end()]
        ear.gone(*ids)
        waiting = subprocess.Popen(["ipcnsctl", "wait", str(stay.inode), "--timeout", "4"],
                                   stderr=subprocess.PIPE)
        begin = time.monotonic()
        for days in (400, -800, 5000):
            time.clock_settime(time.CLOCK_REALTIME, time.time() + days * DAY)
            now = time.time()
            ids.append(live_and_end())
            told = {events.brief(event): event for event in ear.gone(ids[-1])
                    if event["ns-id"] == ids[-1]}
            t.ok(all(abs(event["time"] / 1e9 - now) < 600 for event in told.values()),
                 f"after {days} days: events have the time that the clock shows", told, now)
            t.ok(told["ns destroyed"]["duration"] < 60e9, "an end takes as long as it takes",
                 told["ns destroyed"])
            row = [row for row in tool.rows("list", "-o", "NSID,CREATED,STATE")
                   if row["nsid"] == stay_id]
            t.ok(row and row[0]["created"], "when the one that stays was made is still told", row)
        waiting.stderr.read()
        t.same(waiting.wait(), 124, "wait --timeout ends, and says so")
        waiting.stderr.close()
        t.ok(4 <= time.monotonic() - begin < 60, "when it should", time.monotonic() - begin)
        ear.catch_up()
        numbers = events.numbers(ear.events)
        t.same(numbers, sorted(set(numbers)), "numbers go on as ever")
        t.same(ear.lost, [], "nothing was lost")
        after = events.status()
        t.same(after["teardown-count"] - before["teardown-count"], len(ids), "all are counted")
        t.ok(0 <= after["teardown-sum"] - before["teardown-sum"] < 60e9 * len(ids),
             "with the time that they took", before["teardown-sum"], after["teardown-sum"])


if __name__ == "__main__":
    main()
