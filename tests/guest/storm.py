#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=5400 memory=3G
"""Many events at once: storms of objects, readers that stop, ends in crowds, unloading."""

import collections
import contextlib
import os
import resource
import signal
import time

from lib import calls, events, module, wire, witness
from lib.events import Journal, Listener
from lib.member import Member
from lib.tap import QUICK, main, scene, until

PROCESSES = 8
OBJECTS = (10_000 if QUICK else 100_000) // PROCESSES
KINDS = ("shm", "sem", "msg", "mq")
END = "/run/storm-ends-here"


def storm(kind, number, count):
    """Makes and removes objects of a kind as fast as it can; [(id, key or name)]."""
    done = []
    first = (number + 1) << 20
    for key in range(first, first + count):
        if kind == "shm":
            ident = calls.shmget(key, 4096)
            calls.shm_remove(ident)
        elif kind == "sem":
            ident = calls.semget(key, 1)
            calls.sem_remove(ident)
        elif kind == "msg":
            ident = calls.msgget(key)
            calls.msg_remove(ident)
        else:
            key = b"%d" % key
            fd = calls.mq_open(key, 1, 1)
            ident = os.fstat(fd).st_ino
            os.close(fd)
            calls.mq_unlink(key)
        done.append((ident, key))
    return done


LIFE = {kind: [f"{kind} created", f"{kind} destroyed removed"] for kind in KINDS[:3]}
LIFE["mq"] = ["mq created", "mq unlinked", "mq destroyed removed"]


class Storm:
    """Eight processes in two namespaces; with their logs of what they did."""

    def __init__(self):
        self.members = []
        for number in range(PROCESSES):
            join = self.members[number % 2].pid if number >= 2 else None
            self.members.append(Member(join=join))
        with wire.Socket() as link:
            self.nsids = [link.get("ns", {"inum": member.inode})["id"] for member in self.members]
        self.kinds = [KINDS[number // 2 % len(KINDS)] for number in range(PROCESSES)]
        self.logs = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.end()

    def start(self, count=OBJECTS):
        """Begins."""
        for number, member in enumerate(self.members):
            member.start(storm, self.kinds[number], number, count)

    def wait(self):
        """Waits for the end; the seconds it took."""
        begin = time.monotonic()
        self.logs = [member.result() for member in self.members]
        return time.monotonic() - begin

    def expected(self):
        """How many events all that was."""
        return sum(len(log) * len(LIFE[kind]) for kind, log in zip(self.kinds, self.logs))

    def lives(self):
        """{(nsid, kind, id, key or name): what happened to it}."""
        return {(nsid, kind, ident, key): LIFE[kind]
                for nsid, kind, log in zip(self.nsids, self.kinds, self.logs)
                for ident, key in log}

    def orders(self):
        """For each process, its objects in their order."""
        return [[(nsid, kind, ident, key) for ident, key in log]
                for nsid, kind, log in zip(self.nsids, self.kinds, self.logs)]


def lives_of(happened):
    """{(nsid, kind, id, key or name): what happened to it} as events tell it.

    The last event of a queue has no name: the inode number tells which it is.
    """
    found, names = {}, {}
    for _, nsid, what, ident, key in happened:
        kind = what.partition(" ")[0]
        if kind not in KINDS:
            continue
        if kind == "mq":
            key = names.setdefault((nsid, ident), key)
        found.setdefault((nsid, kind, ident, key), []).append(what)
        if what == "mq destroyed removed":
            del names[nsid, ident]
    return found


def follower(buffer):
    """A process that listens; and the number of its first event."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(END)
    member = Member(flags=0)
    begin = member.call(events.follow, buffer)
    member.start(events.follow_until, END)
    return member, begin


def finish():
    """Tells followers up to which number to read; the number."""
    number = events.next_number()
    with open(END + ".new", "w", encoding="ascii") as file:
        file.write(str(number))
    os.rename(END + ".new", END)
    return number


def consecutive(result, begin):
    """Where the numbers of what a follower got are not one after the other, losses included."""
    got = sorted([(seq, seq) for seq, *_ in result["events"]] +
                 [(first, last) for first, last, _ in result["lost"] if first])
    wrong, number = [], begin
    for first, last in got:
        if first != number:
            wrong.append((number, first))
        number = last + 1
    return wrong if number == result["next"] else [*wrong, (number, result["next"])]


def complete(t, result, begin, number, storm_, name):
    """Nothing lost: every object's whole life, each event once, in the order of each process."""
    t.note(f"{name}: {len(result['events'])} events, {result['overruns']} overruns of the socket's"
           f" buffer, {result['fetches']} times fetched from the journal")
    t.same(result["lost"], [], f"{name}: nothing lost")
    t.same((consecutive(result, begin), result["next"]), ([], number),
           f"{name}: numbers without a gap")
    t.same(len(result["events"]), storm_.expected(), f"{name}: as many events as were caused")
    lives = lives_of(result["events"])
    t.same(lives, storm_.lives(), f"{name}: every object, created once and destroyed once")
    # The dict has objects in the order of their creation.
    processes = {ident: place for place, order in enumerate(storm_.orders()) for ident in order}
    orders = [[] for _ in storm_.members]
    for ident in lives:
        if ident in processes:
            orders[processes[ident]].append(ident)
    t.same(orders, storm_.orders(), f"{name}: in the order in which each process made them")


def stop(member):
    """Stops a process by a signal, and sees that it is."""
    os.kill(member.pid, signal.SIGSTOP)
    until(lambda: state_of(member.pid) == "T", "the reader is stopped")


def state_of(pid):
    """The state of a process, a letter."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        return stat.read().rpartition(")")[2].split()[0]


@scene("a storm of objects, with one reader that keeps up and one that stops for a while")
def stopped(t):
    with module.parameters("journal_mb=64"), Storm() as storm_:
        keeper, keeper_begin = follower(256 << 20)
        stopper, stopper_begin = follower(64 << 10)
        begin = events.next_number()
        t.same((keeper_begin, stopper_begin), (begin, begin), "both listen before it begins")
        storm_.start()
        total = PROCESSES * OBJECTS * 2
        with Journal() as journal:
            until(lambda: journal.state()[1] > begin + total // 4, "a quarter is done", 600)
            stop(stopper)
            until(lambda: journal.state()[1] > begin + total * 3 // 4, "three quarters", 600)
        os.kill(stopper.pid, signal.SIGCONT)
        storm_.wait()
        number = finish()
        t.same(number - begin, storm_.expected(), "each event has a number, and nothing else")
        for member, first, name in ((keeper, keeper_begin, "the one that keeps up"),
                                    (stopper, stopper_begin, "the one that stopped")):
            result = member.result()
            complete(t, result, first, number, storm_, name)
            if member is stopper:
                t.ok(result["overruns"], f"{name}: his buffer had no room, the journal had all")
            else:
                t.same(result["overruns"], 0, f"{name}: his buffer had room for all")
            member.end()
        status = events.status()
        t.same((status["dropped"], status["missed"]), (0, 0), "status: none dropped, none missed")
        t.same([probe for probe in status["probe"] if probe["missed"]], [],
               "every probe ran every time")


@scene("a reader that stops until the journal has wrapped")
def wrapped(t):
    with module.parameters("journal_mb=1"), Storm() as storm_:
        slots = events.status()["journal-size"] // 64
        member, begin = follower(64 << 10)
        # At least three times what the journal holds: a segment's life takes two slots.
        count = max(OBJECTS, 3 * slots // PROCESSES)
        storm_.start(count)
        with Journal() as journal:
            until(lambda: journal.state()[1] > begin + 1000, "it has begun", 600)
            stop(member)
            storm_.wait()
            first, number = journal.state()
        t.ok(first > begin + slots, "the journal has wrapped", first, begin, slots)
        os.kill(member.pid, signal.SIGCONT)
        finish()
        result = member.result()
        member.end()
        got = [seq for seq, *_ in result["events"]]
        t.note(f"{len(got)} events read, lost: {result['lost']}, {result['overruns']} overruns,"
               f" journal {first} to {number - 1}")
        t.same(len(set(got)), len(got), "no event comes twice")
        t.same((consecutive(result, begin), result["next"]), ([], number),
               "events and what is told as lost make up every number")
        t.same(number - begin, storm_.expected(), "which is what was done")
        # The reader's own count: the last number before it fell behind, and the oldest there is.
        before = max(seq for seq in got if seq < first)
        overwritten = [loss for loss in result["lost"] if loss[1] == first - 1]
        t.same(overwritten, [(before + 1, first - 1, "overwritten")], "the range is exact")
        t.same([seq for seq in got if seq >= first], list(range(first, number)),
               "from the oldest on everything is there")
        dropped = sum(last - start + 1 for start, last, cause in result["lost"]
                      if cause == "dropped")
        t.ok(dropped <= events.status()["dropped"], "no more is told as dropped than was")

        lives = storm_.lives()
        late = lives_of(event for event in result["events"] if event[0] >= first + 16)
        strange = [ident for ident, life in late.items()
                   if ident[3] is not None and (ident not in lives or
                                                life != lives[ident][-len(life):])]
        t.same(strange[:5], [], "what came is what happened")
        # State right again after.
        with Listener() as ear:
            shmid = storm_.members[0].call(calls.shmget, 5, 4096)
            storm_.members[0].call(calls.shm_remove, shmid)
            t.same([events.brief(event) for event in ear.catch_up()],
                   ["shm created", "shm destroyed removed"], "and events go on")


# Ends in crowds

CROWD, EACH = (100, 10) if QUICK else (1000, 100)


def crowd(count, each):
    """Goes through new namespaces that descriptors keep, each with objects; [(inode, counts)]."""
    made = []
    for number in range(count):
        calls.unshare(calls.CLONE_NEWIPC)
        counts = collections.Counter()
        for place in range(each):
            kind = KINDS[(number + place) % 4]
            counts[kind] += 1
            if kind == "shm":
                calls.shmget(place + 1, 4096)
            elif kind == "sem":
                calls.semget(place + 1, 1)
            elif kind == "msg":
                calls.msgget(place + 1)
            else:
                os.close(calls.mq_open(b"%d" % place, 1, 1))
        made.append((os.fstat(calls.namespace_fd()).st_ino, dict(counts)))
    return made


def raise_limits(files):
    """Lets the caller open that many files, and queues without bound."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    calls.unlimited_queues()


@scene("many namespaces with many objects end at once")
def ends(t):
    with module.parameters("journal_mb=32"), Listener(buffer=256 << 20) as ear:
        member = Member(flags=0)
        member.call(raise_limits, 65536)
        made = member.call(crowd, CROWD, EACH)
        ear.catch_up()
        created = [event for event in ear.events if events.is_ns(event, "created")]
        t.same([event["ns-inum"] for event in created], [inode for inode, _ in made],
               f"{CROWD} births")
        ids = [event["ns-id"] for event in created]
        before = len(ear.events)
        begin, pid = time.monotonic(), member.pid
        member.end()
        ear.gone(*ids, timeout=600)
        ear.catch_up()
        t.note(f"all gone after {time.monotonic() - begin:.1f} s")
        happened = collections.defaultdict(list)
        for event in ear.events[before:]:
            happened[event["ns-id"]].append(event)
        t.same(set(happened), set(ids), "ends of those, and no others")
        wrong = []
        for nsid, (_, counts) in zip(ids, made):
            dying, *torn, gone = happened[nsid]
            want = sorted(f"{kind} destroyed teardown" for kind in counts
                          for _ in range(counts[kind]))
            if not (events.is_ns(dying, "dying") and events.is_ns(gone, "destroyed") and
                    dying["pid"] == pid and "pid" not in gone and
                    {kind: dying[kind] for kind in counts} == counts and
                    sorted(map(events.brief, torn)) == want and
                    len({(event["object"], event["id"]) for event in torn}) == len(torn)):
                wrong.append((nsid, counts, dying, gone, len(torn)))
        t.same(wrong[:3], [], "each dies once, through whom it did, with its inventory; each object"
                              " is torn down once; then it is destroyed")
        t.same(events.numbers(ear.events), list(range(ear.begin, ear.next)), "no number missing")
        t.same(ear.lost, [], "nothing lost")
        with wire.Socket() as link:
            status = link.get("status")
            t.same((status["dying"], status["missed"]), (0, 0), "status: none dying, none missed")
            t.same({row["inum"] for row in link.dump("ns")}, set(witness.members()),
                   "all are gone from the list")


# Unloading

CYCLES = 10 if QUICK else 500


def churn():
    """Goes through namespaces with objects, and ends of them, until it is killed."""
    calls.unlimited_queues()
    number = 0
    while True:
        number += 1
        try:
            calls.unshare(calls.CLONE_NEWIPC)
        except OSError:     # ENOSPC: too many are still on their way out
            time.sleep(0.01)
            continue
        for kind in KINDS:
            storm(kind, 0, 5)
        calls.shmget(number, 4096)
        calls.semget(number, 2)
        os.close(calls.mq_open(b"left", 1, 1))


@scene("a dump of the journal ends while a storm goes on")
def bounded(t):
    with contextlib.ExitStack() as stack:
        for member in [stack.enter_context(Member()) for _ in range(4)]:
            member.start(churn)
        ear = stack.enter_context(Listener(buffer=64 << 10))
        until(lambda: ear.journal.state()[1] > ear.begin + 2000, "it storms", 60)
        journal = stack.enter_context(Journal())
        first, end = journal.state()
        journal.link.begin("event", {"since": first})
        seen, last, deadline = [], False, time.monotonic() + 30
        while not last and time.monotonic() < deadline:
            datagram = journal.link.socket.recv(65536)
            seen += [event["seq"] for event in events.in_datagram(datagram) if "seq" in event]
            last = events.ends(datagram)
        now = journal_next()
        t.ok(last, f"it ended: {len(seen)} events; there were {end - first} when it began, and"
                   f" {now - end} more at its end")
        t.ok(seen[-1:] >= [end - 1], "and had all that there was", seen[-1:], end)


def journal_next():
    """The number that the next event will have, as status has it."""
    return events.status()["journal-next"]


@scene("loading and unloading in a storm")
def unload(t):
    with contextlib.ExitStack() as stack:
        stormers = [stack.enter_context(Member()) for _ in range(4)]
        for member in stormers:
            member.start(churn)
        # Ahead of the storm, or most of the time would pass in waiting for a processor.
        os.nice(-19)
        stack.callback(os.nice, 19)
        refused, heard = 0, 0
        for cycle in range(CYCLES):
            begin = time.monotonic()
            ear = Listener(buffer=64 << 20)
            idle = Listener(buffer=4096)        # never read
            half = Journal()
            ear.until(lambda seen: len(seen) > 200, "events come", 60)
            heard += len(ear.events)
            half.link.begin("event", {"since": 1})
            half.link.socket.recv(65536)
            held = not module.unload()      # or the dump was read to its end, with few events
            refused += held
            half.close()
            if held:
                until(module.unload, f"rmmod {cycle + 1}")
            ear.close()
            idle.close()
            module.load(*(("record=objects",) if cycle % 2 else ()))
            t.note(f"cycle {cycle + 1}: {time.monotonic() - begin:.1f} s")
        for member in stormers:
            member.end()
        t.ok(refused, f"a half-read dump of the journal held the module ({refused} times)")
        t.ok(heard >= 200 * CYCLES, f"{CYCLES} cycles, {heard} events heard on the way")
    module.reload()
    until(lambda: set(row["inum"] for row in namespaces()) == set(witness.members()),
          "the list is right again", 100)
    t.ok(True, "the list is right again")
    with Listener() as ear, Member() as member:
        member.call(storm, "shm", 0, 10)
        t.same([events.brief(event) for event in ear.catch_up() if event["object"] == "shm"],
               LIFE["shm"] * 10, "and so are events")


def namespaces():
    """All rows of namespaces."""
    with wire.Socket() as link:
        return link.dump("ns")


if __name__ == "__main__":
    main()
