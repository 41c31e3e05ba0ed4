#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=300
"""Events in net namespaces: each is told what belongs to its owner, and nothing of others."""

import contextlib
import errno
import os
import pathlib
import threading
import time

from access import CLONE_NEWNET, contain
from journal import EACH, SWITCHES, one_of_each, switched
from lib import calls, events, module, tool, wire
from lib.events import GROUPS, Journal, Listener, brief, is_ns, numbers, of
from lib.member import Member
from lib.tap import QUICK, main, scene, until
from users import become

_ear = None


def listen():
    """Begins to listen in the caller's net namespace; the number of the first event to come."""
    global _ear
    _ear = Listener()
    return _ear.begin


def heard(number=None):
    """What came since the last time, up to now or to a number."""
    return _ear.catch_up(number)


def losses():
    """What was told as lost."""
    return _ear.lost


def stop_listening():
    """Leaves the groups."""
    _ear.close()


def state():
    """The journal's, in the caller's net namespace: (oldest, next)."""
    with Journal() as journal:
        return journal.state()


def refusal(*joined):
    """(errno, text) of a question for the journal, and errno of joining each group."""
    with wire.Socket() as link:
        try:
            link.get("event")
            found = [(0, "")]
        except wire.Refused as error:
            found = [(error.errno, error.text)]
        for group in joined:
            try:
                link.join(group)
                found.append(0)
            except OSError as error:
                found.append(error.errno)
    return found


def make(key, count=1):
    """Segments with ascending keys, made and removed."""
    for number in range(key, key + count):
        calls.shm_remove(calls.shmget(number, 4096))


def told_as(happened, nsids):
    """What is left of events for the owner of some namespaces, but for their numbers."""
    return [{name: value for name, value in event.items() if name not in ("seq", "pid", "uid")}
            for event in happened if event.get("ns-id") in nsids or event["object"] == "lost"]


@scene("a container hears of what is its own, and counts for itself")
def container(t):
    with Listener() as root, Member(0) as inside, Member(0) as other, Member(0) as below:
        contain(inside, CLONE_NEWNET)
        contain(other, CLONE_NEWNET, owner=1001)
        contain(below, owner=0, within=inside)
        mine, theirs, child = (wire.nsid_of(member.pid) for member in (inside, other, below))
        begin = inside.call(listen)
        other.call(listen)
        for key in range(1, 4):
            calls.shm_remove(calls.shmget(key, 4096))
            other.call(make, key, 100)
            inside.call(one_of_each, key)
            below.call(one_of_each, key)
        told = inside.call(heard)
        t.same([(event["ns-id"], brief(event)) for event in told],
               [(nsid, what) for _ in range(3) for nsid in (mine, child) for what in EACH],
               "all of its own, all of its child's, in their order, and nothing else")
        t.same(numbers(told), list(range(begin, begin + 54)), "without gaps in their numbers")
        whole = root.catch_up()
        t.same(told_as(told, (mine, child)), told_as(whole, (mine, child))[-54:],
               "otherwise as root is told")
        t.same({event["pid"] for event in told}, {0}, "but for pids, which mean nothing there")
        t.same({event["uid"] for event in told}, {0}, "and uids, which are mapped")
        t.same({event["uid"] for event in of(whole, mine) if "uid" in event}, {1000},
               "while root sees them as they are")
        t.same(len(other.call(heard)), 600, "the other container hears of its own")
        first, end = inside.call(state)
        t.same(end, begin + 54, "the number of its next event is not changed by others")
        journal = inside.call(events.journal)
        t.same(numbers(journal), list(range(first, end)),
               "the journal has the same, and what was before")
        t.same(journal[-54:], told, "word for word")
        t.same([brief(event) for event in of(journal, child)][:1], ["ns created"],
               "the birth of its child's, too")
        for number in (0, first, begin, end - 1, end, end + 1000):
            t.same(inside.call(events.journal, number), journal[max(number, first) - first:],
                   f"since {number}: exactly the rest")
        t.same(inside.call(events.journal, ns_id=child), of(journal, child),
               "those of one namespace")
        t.same(inside.call(events.journal, ns_id=theirs), [], "none of a foreign one")

        # The end of a child is told, too, with what was in it.
        below.call(calls.shmget, 77, 8192)
        below.end()
        until(lambda: root.parse() or root.pump() and False or child in root.destroyed,
              "the child is destroyed")
        ended = of(inside.call(heard), child)
        t.same([brief(event) for event in ended],
               ["shm created", "ns dying", "shm destroyed teardown", "ns destroyed"],
               "the end of its child's")
        t.same((ended[1]["shm"], ended[1]["shm-bytes"]), (1, 8192), "with what was in it")
        with wire.Socket() as link:
            t.ok(link.get("event")["seq"] > 654, "root's numbers count everything")


@scene("the numbers that dumps are true for are the reader's own")
def joined(t):
    with Listener(), Member(0) as inside, Member(0) as other:
        contain(inside, CLONE_NEWNET)
        contain(other, CLONE_NEWNET, owner=1001)
        inside.call(listen)
        other.call(make, 1, 50)
        inside.call(make, 1, 10)
        number, = inside.call(dump_numbers)
        t.same(number, inside.call(state)[1], "the container's")
        t.ok(number < 30, "which others do not change", number)


def dump_numbers():
    """The numbers that a dump of namespaces tells."""
    with wire.Socket() as link:
        return [row["seq"] for row in link.dump("ns") if "seq" in row]


@scene("net namespaces that the machine's root owns")
def roots(t):
    with Listener() as root, Member(CLONE_NEWNET) as second, Member(0) as inside:
        contain(inside, CLONE_NEWNET)
        second.call(listen)
        t.same(second.call(state), state(), "count as the initial one does")
        make(1, 5)
        inside.call(make, 1, 5)
        told, whole = second.call(heard), root.catch_up()
        t.same(told, whole[-20:], "and are told the same, word for word")
        t.same({event["pid"] for event in told}, {os.getpid(), inside.pid}, "with pids")


@scene("who may not")
def refused(t):
    reason = (errno.EPERM, "events need CAP_SYS_ADMIN over the owner of the net namespace")
    with Member(0) as user, Member(0) as without, Member(0) as inside, Member(0) as plain:
        contain(without)
        t.same(without.call(refusal, *GROUPS), [reason, errno.EPERM, errno.EPERM],
               "root of a user namespace in the machine's net namespace")
        user.call(become, 1000, 1000)
        t.same(user.call(refusal, *GROUPS), [reason, errno.EPERM, errno.EPERM], "a user")
        contain(inside, CLONE_NEWNET)
        t.same(inside.call(refusal, *GROUPS), [(0, ""), 0, 0], "root of one with its own may")
        plain.call(calls.setns, f"/proc/{inside.pid}/ns/net", CLONE_NEWNET)
        t.same(plain.call(refusal), [(0, "")], "and the machine's root, there")
        done = tool.ipcnsctl("-V")
        t.same(done.returncode, 0, "the tool is there")
    with module.parameters("scoped_access=0"), Member(0) as inside, Member(CLONE_NEWNET) as second:
        contain(inside, CLONE_NEWNET)
        t.same(inside.call(refusal), [reason], "scoped_access=0: no more")
        t.same(second.call(refusal, *GROUPS), [(0, ""), 0, 0],
               "the machine's root in a net namespace of his still may")


@scene("what the journal no longer has")
def wrapped(t):
    with module.parameters("journal_mb=1"), Member(0) as inside, Member(0) as other:
        contain(inside, CLONE_NEWNET)
        contain(other, CLONE_NEWNET, owner=1001)
        begin = inside.call(listen)
        inside.call(make, 1, 50)
        inside.call(heard)
        before = inside.call(events.journal)
        kept = inside.call(state)[1]
        t.same(numbers(before), list(range(before[0]["seq"], kept)), "all is there")
        # Its own 101 events at most, in a ring of 16,384 slots.
        other.call(make, 1, 9000)
        t.same(inside.call(state), (kept, kept), "the others' events have overwritten them")
        told = inside.call(events.journal, begin)
        t.same([(event.get("from"), event.get("to")) for event in told], [(begin, kept - 1)],
               "the loss: all it had, and not one more")
        inside.call(make, 1, 20)
        inside.call(heard)
        told = inside.call(events.journal, begin)
        t.same([(event.get("from"), event.get("to")) for event in told[:1]], [(begin, kept - 1)],
               "the same loss")
        t.same(numbers(told), list(range(kept, kept + 40)), "then what came since")
        t.same([brief(event) for event in told[1:]],
               ["shm created", "shm destroyed removed"] * 20, "as it was")

        # While the ring is being overwritten as fast as possible, numbers stay right.
        other.start(make, 1, 3000 if QUICK else 30000)
        complaints, rounds, end = [], 0, time.monotonic() + (2 if QUICK else 6)
        while time.monotonic() < end:
            inside.call(make, 500, 3)
            next_one = inside.call(state)[1]
            told = inside.call(events.journal, begin)
            all_of_it = covered(told)
            if all_of_it[:1] != [begin] or all_of_it[-1] + 1 < next_one or \
                    all_of_it != list(range(begin, begin + len(all_of_it))):
                odd = [place for place, pair in enumerate(zip(all_of_it, all_of_it[1:]))
                       if pair[1] != pair[0] + 1]
                complaints.append((next_one, all_of_it[-1],
                                   [all_of_it[place:place + 2] for place in odd],
                                   [event for event in told if "seq" not in event]))
            rounds += 1
        other.result()
        t.note(f"{rounds} rounds")
        t.same(complaints[:3], [], "from the first number to the last, told or lost, each once")
        t.same(inside.call(heard) and inside.call(losses), [],
               "and a listener that keeps up loses none")


@scene("a queue that outlives its namespace, and what the journal had of that")
def late(t):
    with module.parameters("journal_mb=1"), Member(0) as inside, Member(0) as below, \
            Member(0) as other:
        contain(inside, CLONE_NEWNET)
        contain(below, owner=0, within=inside)
        contain(other, CLONE_NEWNET, owner=1001)
        begin, nsid = inside.call(listen), wire.nsid_of(below.pid)
        queue = below.call(calls.mq_open, b"late", 1, 1)
        below.call(calls.unshare, calls.CLONE_NEWIPC)
        before = []
        until(lambda: before.extend(inside.call(heard)) or
              [event for event in before if is_ns(event, "destroyed")], "the namespace is gone")
        for _ in range(2):      # overwritten, and forgotten
            other.call(make, 1, 9000)
        t.same(inside.call(events.journal, begin)[1:], [], "the journal has nothing of it")
        below.call(os.close, queue)
        after = inside.call(heard)
        t.same([(event["ns-id"], brief(event)) for event in after],
               [(nsid, "mq destroyed teardown")], "the end of the queue is told")
        told = inside.call(events.journal, begin)
        t.same([(event.get("from"), event.get("to"), event.get("seq")) for event in told],
               [(begin, after[0]["seq"] - 1, None), (None, None, after[0]["seq"])],
               "and is in the journal, after the loss of all before")
        other.call(make, 1, 50)
        inside.call(make, 1, 1)
        told = inside.call(events.journal, begin)
        t.same(numbers(told), list(range(after[0]["seq"], after[0]["seq"] + 3)),
               "what comes later has the right numbers")


def covered(told):
    """The numbers that were told, or told as lost."""
    return [number for event in told for number in
            (range(event["from"], event["to"] + 1) if "from" in event else [event["seq"]])]


@contextlib.contextmanager
def alone(*members):
    """Nothing runs beside these, for as long as they like."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(switched("/proc/sys/kernel/sched_rt_runtime_us", "-1", "950000"))
        for path in pathlib.Path("/sys/kernel/debug/sched").glob("fair_server/cpu*/runtime"):
            stack.enter_context(switched(path, "0", path.read_text("ascii")))
        for member in members:
            os.sched_setscheduler(member.pid, os.SCHED_FIFO, os.sched_param(1))
        yield
        for member in members:
            os.sched_setscheduler(member.pid, os.SCHED_OTHER, os.sched_param(0))


def hurry(asking):
    """Makes more events than there is room for; asks now and then, so that they are settled."""
    for number in range(2000):
        name = b"%0250d" % number
        os.close(calls.mq_open(name, 1, 1))
        calls.mq_unlink(name)
        if asking and number % 400 == 399:
            state()


@scene("losses that everybody is told of")
def losing(t):
    with module.parameters("journal_mb=1"), Listener() as root, Member(0) as inside, \
            Member(0) as other:
        contain(inside, CLONE_NEWNET)
        contain(other, CLONE_NEWNET, owner=1001)
        numbers_next = {member: member.call(listen) for member in (inside, other)}

        def check(name, least, *causes):
            losers = 0
            for member, number in numbers_next.items():
                who = f"{name}, {'one' if member is inside else 'other'}"
                before = len(member.call(losses))
                told = member.call(heard)
                after = member.call(losses)[before:]
                numbers_next[member] = member.call(state)[1]
                t.same(covered(told), list(range(number, numbers_next[member])),
                       f"{who}: each number is told, or told as lost, once")
                t.same({event["cause"] for event in after} - set(causes), set(),
                       f"{who}: what is lost has its cause")
                losers += bool(after)
                member.call(make, 1, 2)
                told = member.call(heard)
                t.same([(event.get("seq"), brief(event)) for event in told],
                       [(numbers_next[member] + place, brief(event))
                        for place, event in enumerate(2 * [
                            {"object": "shm", "event": "created"},
                            {"object": "shm", "event": "destroyed", "reason": "removed"}])],
                       f"{who}: and what comes then, with the right numbers")
                numbers_next[member] += 4
            t.ok(losers >= least, f"{name}: there was a loss")

        inside.call(make, 1, 5)
        with switched(SWITCHES[0], "0", "1"):
            root.until(lambda _: root.lost, "the loss is told")
        until(lambda: events.status()["events-live"], "live again")
        check("probes off", 2, "probes-off")
        for asking in (False, True):
            with alone(*numbers_next):
                for member in numbers_next:
                    member.start(hurry, asking)
                for member in numbers_next:
                    member.result()
            # Dropped, unless these had to wait, and so others ran in between.
            check("nobody sends them" if asking else "nobody settles events", 1, "dropped",
                  "overwritten")
            root.catch_up()
            t.note(f"root was told of {sorted(event['cause'] for event in root.lost)}")
        t.same(covered(root.events), list(range(root.begin, root.next)), "root is told, too")


@scene("net namespaces that come and go")
def churn(t):
    failures = []

    def busy():
        member = Member(0)
        try:
            contain(member, CLONE_NEWNET)
            begin = member.call(listen)
            member.call(make, 1, 5)
            told = member.call(heard)
            if numbers(told) != list(range(begin, begin + 10)):
                failures.append(numbers(told))
        finally:
            member.end()

    for _ in range(3 if QUICK else 12):
        threads = [threading.Thread(target=busy) for _ in range(8)]
        for thread in threads:
            thread.start()
        make(1, 200)
        for thread in threads:
            thread.join()
    t.same(failures, [], "each heard of its own")
    with Member(0) as inside:
        contain(inside, CLONE_NEWNET)
        inside.call(listen)
        inside.call(make, 1, 5)
        inside.call(stop_listening)
        module.reload()
        begin = inside.call(listen)
        inside.call(make, 1, 5)
        t.same(numbers(inside.call(heard)), list(range(begin, begin + 10)),
               "what was there before the module is there after it was loaded again")


if __name__ == "__main__":
    main()
