#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=300
"""The journal of events: reading from a number on, filters, parameters, loss, who may read."""

import contextlib
import datetime
import errno
import json
import os
import time

from lib import calls, events, module, tool, wire, witness
from lib.events import Journal, Listener, brief, of
from lib.member import Member
from lib.tap import QUICK, main, scene, until

NOBODY = 65534


def make_and_remove(first, count):
    """Segments with ascending keys, each made and removed; [(key, id)]."""
    done = []
    for key in range(first, first + count):
        shmid = calls.shmget(key, 4096)
        calls.shm_remove(shmid)
        done.append((key, shmid))
    return done


def one_of_each(key):
    """Makes one object of each kind, and removes it."""
    calls.shm_remove(calls.shmget(key, 4096))
    calls.sem_remove(calls.semget(key, 2))
    calls.msg_remove(calls.msgget(key))
    name = b"queue-%d" % key
    os.close(calls.mq_open(name, 2, 20))
    calls.mq_unlink(name)


EACH = ["shm created", "shm destroyed removed", "sem created", "sem destroyed removed",
        "msg created", "msg destroyed removed", "mq created", "mq unlinked", "mq destroyed removed"]


def spell(done):
    """What make_and_remove() did, as (brief, key, id)."""
    return [(what, key, shmid) for key, shmid in done
            for what in ("shm created", "shm destroyed removed")]


def read(happened):
    """Events as spell() has them."""
    return [(brief(event), event.get("key"), event.get("id")) for event in happened]


@scene("reading from a number on")
def since(t):
    until(lambda: events.status()["dying"] == 0, "nothing happens")
    with Listener() as ear, Member() as member:
        done = member.call(make_and_remove, 1, 300)
        ear.catch_up()
        want = [event for event in ear.events if event["object"] != "ns"]
        t.same(read(want), spell(done), "600 events, each in its place")
        first, end = Journal().state()
        t.same(end, ear.next, "the number of the next event")
        whole = events.journal()
        t.same(events.numbers(whole), list(range(first, end)), "all: from the oldest to the last")
        t.same(whole[ear.begin - first:], ear.events, "the journal says what the groups said")
        for number in (0, 1, first, end - 301, end - 1):
            t.same(events.journal(number), whole[max(number, first) - first:],
                   f"since {number}: exactly the rest")
        t.same(events.journal(end), [], "since the next: nothing")
        t.same(events.journal(end + 1000), [], "since a number far ahead: nothing")

        # Two readers in turns, each with a dump of its own.
        readers = [(Journal(), number) for number in (first, end - 400)]
        results = []
        for reader, number in readers:
            reader.link.begin("event", {"since": number})
            results.append([])
        last = [False, False]
        while not all(last):
            for place, (reader, _) in enumerate(readers):
                if not last[place]:
                    datagram = reader.link.socket.recv(65536)
                    results[place] += events.in_datagram(datagram)
                    last[place] = events.ends(datagram)
        t.same(results[0], whole, "two readers in turns: the first gets all")
        t.same(results[1], whole[-400:], "and the second what he asked for")


# Dumps and events

def busy(seconds):
    """Makes and removes objects of all kinds, keeps some, and goes through new namespaces."""
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        turn += 1
        one_of_each(turn)
        calls.shmget(10_000 + turn, 4096)
        os.close(calls.mq_open(b"kept-%d" % turn, 1, 1))
        if turn % 20 == 0:
            with contextlib.suppress(OSError):  # ENOSPC: too many are still on their way out
                calls.unshare(calls.CLONE_NEWIPC)


def dump(link, what):
    """A dump: for each message the number it tells, and the things in it."""
    messages, last = [], False
    link.begin(what)
    while not last:
        rows, last = link.more(what)
        if rows:
            things = [("ns", row["id"], None) if what == "ns" else
                      (EACH_KIND[row["kind"]], row["ns-id"], row["id"]) for row in rows]
            messages.append(([row["seq"] for row in rows if "seq" in row], "seq" in rows[0],
                             things))
    return messages


EACH_KIND = ("shm", "sem", "msg", "mq")


@scene("where dumps and events meet")
def joined(t):
    with Listener(buffer=128 << 20) as ear, Member() as one, Member() as two, wire.Socket() as link:
        for member in (one, two):
            member.start(busy, 4)
        ear.until(lambda seen: len(seen) > 300, "they are busy")
        dumps, end = [], time.monotonic() + 2
        with Journal() as journal:
            while time.monotonic() < end:
                for what in ("ns", "object"):
                    begin = journal.state()[1]
                    messages = dump(link, what)
                    dumps.append((what, begin, messages, journal.state()[1]))
        for member in (one, two):
            member.result()
        ear.catch_up()
        happened = {"created": {}, "unlinked": {}, "destroyed": {}}
        for event in ear.events:
            thing = event["object"], event["ns-id"], event.get("id")
            happened.get(event["event"], {})[thing] = event["seq"]
        born, unlinked, gone = happened.values()
        untold, ascending, over, missing = [], [], [], []
        for what, begin, messages, end in dumps:
            if not messages:    # both have just gone to a new namespace
                continue
            told = [number for numbers, _, _ in messages for number in numbers]
            untold += [1 for numbers, first, _ in messages if len(numbers) != 1 or not first]
            ascending.append(told == sorted(told) and begin <= told[0] and told[-1] <= end)
            there = {thing for _, _, things in messages for thing in things}
            over += [thing for (number,), _, things in messages for thing in things
                     if gone.get(thing, number) < number]
            # The namespace of an object that dies meanwhile takes it out of the dump. A queue is
            # closed before it is unlinked: it is not there, though its end is told a moment later.
            missing += [thing for thing, number in born.items()
                        if (thing[0] == "ns") == (what == "ns") and number < told[0] and
                        gone.get(thing, end) >= end and thing not in there and
                        gone.get(("ns", thing[1], None), end) >= end and
                        unlinked.get(thing, end) >= end and
                        thing[1] in {one_nsid for _, one_nsid, _ in there}]
        t.note(f"{len(dumps)} dumps, the last of {len(dumps[-1][2])} messages,"
               f" {len(ear.events)} events")
        t.same(untold, [], "the first row of every message has a number, and no other")
        t.ok(all(ascending), "numbers ascend, and are of the time of the dump", dumps[0][2][:1])
        t.same(over[:5], [], "what was over before that number is not listed")
        t.same(missing[:5], [], "what was there before the first number, and still is, is listed")
        until(lambda: events.status()["dying"] == 0, "the last teardown")
        begin = events.next_number()
        t.same([number for numbers, _, _ in dump(link, "ns") for number in numbers][:1],
               [begin], "at a quiet time it is the next event's")


@scene("filters")
def filters(t):
    with Listener() as ear, Member() as one, Member() as two:
        ids = [wire.nsid_of(member.pid) for member in (one, two)]
        for key in range(1, 6):
            one.call(one_of_each, key)
            two.call(one_of_each, key)
        ear.catch_up()
        whole = events.journal(ear.begin)
        t.same(whole, ear.events, "without filter: all")
        t.same([brief(event) for event in whole if event["object"] != "ns"], EACH * 10,
               "which is what was done")
        for nsid, member in zip(ids, (one, two)):
            want = of(whole, nsid)
            t.same(len(want), 1 + 5 * len(EACH), "events of one namespace")
            t.same(events.journal(ear.begin, ns_id=nsid), want, "by id")
            t.same(events.journal(ear.begin, ns_inum=member.inode),
                   [event for event in whole if event["ns-inum"] == member.inode], "by inode")
        for words in ("ns", "shm", "sem", "msg", "mq", "ns mq", "shm sem msg", "ns shm sem msg mq"):
            t.same(events.journal(ear.begin, objects=words),
                   [event for event in whole if event["object"] in words.split()],
                   f"objects {words}")
        t.same(events.journal(ear.begin, ns_id=ids[1], objects="msg"),
               [event for event in of(whole, ids[1]) if event["object"] == "msg"],
               "a namespace and a kind")
        begin = ear.begin
        inode, nsid = two.inode, ids[1]
        two.end()
        ear.gone(nsid)
        want = of(ear.events, nsid)
        t.same(want[-1]["event"], "destroyed", "a namespace ends")
        t.same(events.journal(begin, ns_id=nsid), want, "its history can still be asked for by id")
        t.same([event for event in events.journal(begin, ns_inum=inode)
                if event["ns-id"] == nsid], want, "and by inode")
        for attributes, name in (({"objects": 0x80}, "an unknown object"), ({"ns-id": 0}, "id 0"),
                                 ({"since": b"\1\0\0\0"}, "half a number"),
                                 ({"pid": 1}, "an attribute of events only")):
            with wire.Socket() as link:
                try:
                    link.dump("event", attributes)
                    t.ok(False, f"{name} is refused")
                except wire.Refused as error:
                    t.ok(error.errno in (errno.EINVAL, errno.ERANGE, errno.EOPNOTSUPP),
                         f"{name} is refused", error)


REMOVED = [event for event in EACH
           if event.partition(" ")[2].partition(" ")[0] in ("destroyed", "unlinked", "marked")]


@scene("what is recorded while nobody subscribes", pace=5)
def recording(t):
    until(lambda: not events.armed() & events.OBJECT_PROBES, "no subscription is left")
    with Member() as member:
        begin = events.next_number()
        member.call(one_of_each, 1)
        happened = events.journal(begin)
        t.same([brief(event) for event in happened], REMOVED, "by default removals")
        t.same({event["pid"] for event in happened}, {member.pid}, "with who did it")
        t.same(events.status()["recorded"], events.mask("ns"), "and all events of namespaces")
        with module.parameters("record=objects"):
            t.ok(events.armed() >= events.OBJECT_PROBES, "record=objects: all hooks are armed")
            t.same(events.status()["recorded"], events.mask("ns shm sem msg mq"),
                   "and all is recorded")
            begin = events.next_number()
            member.call(one_of_each, 2)
            happened = events.journal(begin)
            t.same([brief(event) for event in happened], EACH, "what happened is there")
            t.same({event["pid"] for event in happened}, {member.pid}, "with who did it")
            with Listener() as ear:
                member.call(one_of_each, 3)
                t.same([brief(event) for event in ear.catch_up()], EACH, "with a subscription")
            # The end of one does not disarm hooks; that is checked every second.
            begin = events.next_number()
            for number in range(20):
                member.call(one_of_each, 4 + number)
                member.call(time.sleep, 0.15)
            t.same([brief(event) for event in events.journal(begin)], EACH * 20,
                   "and after its end")
        with module.parameters("record=removals"):
            t.ok(not events.armed() & events.OBJECT_PROBES,
                 "record=removals: no hook on creations is armed")


@scene("parameters out of bounds", pace=3)
def bounds(t):
    until(module.unload, "rmmod")
    try:
        for word in ("journal_mb=0", "journal_mb=1025", "journal_mb=4096",
                     "journal_mb=4294967295", "record=foo", "record=namespaces", "record=",
                     "record=objectss",
                     "flush_ms=1001", "flush_ms=5000"):
            status, lines = module.try_load(word)
            t.ok(status and not module.loaded(), f"{word}: refused", status)
            t.ok(len(lines) == 1 and word.partition("=")[0] in lines[0],
                 f"{word}: one line in the log names it", *lines)
            if module.loaded():
                module.unload()
        for word in ("journal_mb=-1", "journal_mb=x", "flush_ms=-1"):
            status, _ = module.try_load(word)
            t.ok(status and not module.loaded(), f"{word}: refused", status)
        for words, size in ((["journal_mb=1"], 1 << 20), (["journal_mb=3"], 3 << 20),
                            (["journal_mb=32"], 32 << 20), ([], 16 << 20)):
            module.load(*words)
            got = events.status()["journal-size"]
            t.ok(size // 2 < got <= size, f"{' '.join(words) or 'default'}: size in status",
                 got)
            for word in words:
                name, _, value = word.partition("=")
                with open(f"/sys/module/ipcns/parameters/{name}", encoding="ascii") as file:
                    t.same(file.read().strip(), value, f"{word}: in sysfs")
            t.ok(module.unload(), "unloaded")
        for words in (["flush_ms=0"], ["flush_ms=1000"]):
            module.load(*words)
            with Listener() as ear, Member() as member:
                done = member.call(make_and_remove, 1, 50)
                ear.catch_up()
                t.same(read(ear.events[1:]), spell(done), f"{words[0]}: events come")
            until(module.unload, "rmmod")
    finally:
        if not module.loaded():
            module.load()


@scene("a ring that wrapped", pace=2)
def wrapped(t):
    before = time.time_ns()
    with module.parameters("journal_mb=1", "record=objects"), Member() as member:
        since_ = events.status()["journal-since"]
        t.ok(before <= since_ <= time.time_ns(), "it reaches back to when the module was loaded",
             before, since_)
        size = events.status()["journal-size"]
        slots = size // 64
        reader = Journal()
        _, begin = reader.state()
        # Slots are 64 bytes, and a segment's event takes one.
        done = member.call(make_and_remove, 1, slots)
        first, end = reader.state()
        want = [(begin + place, *what) for place, what in enumerate(spell(done))]
        t.same(end - begin, len(want), "every event got a number")
        t.ok(0 < end - first <= slots and end - first > slots * 9 // 10,
             "the journal is full of the newest", first, end, slots)
        oldest = reader.read(first)[0]["time"]
        since_ = events.status()["journal-since"]
        t.ok(abs(since_ - oldest) < 10**6, "and reaches back to the oldest", since_, oldest)
        told = json.loads(tool.output("status", "-J"))["status"]["journal_since"]
        t.ok(abs(datetime.datetime.fromisoformat(told).timestamp() - oldest / 10**9) < 1,
             "status says it", told, oldest)
        for since_, lost_from in ((0, 1), (1, 1), (begin, begin), (first - 1, first - 1)):
            happened = reader.read(since_)
            loss = happened[0]
            t.same((loss["object"], loss.get("from"), loss.get("to"), loss.get("cause")),
                   ("lost", lost_from, first - 1, "overwritten"),
                   f"since {since_}: the first thing told is the exact loss")
            t.same([(event["seq"], *key) for event, key in zip(happened[1:], read(happened[1:]))],
                   want[first - begin:], f"since {since_}: then everything that is there")
        t.same([event["object"] for event in reader.read(first)].count("lost"), 0,
               "since the oldest: no loss")
        t.same(reader.read(end - 3), reader.read(first)[-3:], "the last three")

        # A reader in the middle of a dump when what comes next goes.
        slow = Journal()
        slow.link.begin("event", {"since": first})
        got = list(events.in_datagram(slow.link.socket.recv(65536)))
        begin = end
        done = member.call(make_and_remove, 1, slots // 2 + 100)
        want += [(begin + place, *what) for place, what in enumerate(spell(done))]
        last = False
        while not last:
            datagram = slow.link.socket.recv(65536)
            got += events.in_datagram(datagram)
            last = events.ends(datagram)
        origin = want[0][0]
        number, wrong = first, []
        for event in got:
            if event["object"] == "lost":
                if event["from"] != number:
                    wrong.append(event)
                number = event["to"] + 1
                continue
            if (event["seq"], *read([event])[0]) != want[number - origin]:
                wrong.append(event)
            number += 1
        t.same(wrong[:5], [], "a dump that is overtaken: every event is right, in its place")
        t.ok(number >= end, "a dump that is overtaken has all until it began", number, end)
        t.ok(sum(event["object"] == "lost" for event in got) <= 1, "or one loss", got[:1])
        now = reader.state()[0]
        rest = reader.read(number)
        lost = [(event["from"], event["to"]) for event in rest if event["object"] == "lost"]
        t.same(lost, [(number, now - 1)] if now > number else [], "going on, the loss is exact")
        t.same([(event["seq"], *read([event])[0]) for event in rest if event["object"] != "lost"],
               want[max(now, number) - origin:], "and the rest is there")
        t.same(events.status()["dropped"], 0, "none was dropped")


# Probes that are switched off

@contextlib.contextmanager
def switched(path, off, on):
    """Writes a switch of the kernel, and sets it back."""
    with open(path, "w", encoding="ascii") as file:
        file.write(off)
    try:
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(on)


def losses(ear):
    """How many reports there were that hooks did not fire."""
    return sum(event["cause"] == "probes-off" for event in ear.lost)


KPROBES, FTRACE = "/sys/kernel/debug/kprobes/enabled", "/proc/sys/kernel/ftrace_enabled"


@scene("ftrace cannot be switched off while the module is loaded")
def permanent(t):
    with Listener() as ear, Member() as member:
        file = os.open(FTRACE, os.O_WRONLY)
        try:
            os.write(file, b"0")
            error = 0
        except OSError as refused:
            error = refused.errno
        finally:
            os.close(file)
        t.ok(error in (errno.EBUSY, errno.EOPNOTSUPP), "kernel.ftrace_enabled=0 is refused", error)
        done = member.call(make_and_remove, 1, 2)
        ear.catch_up()
        t.same(read(event for event in ear.events if event["object"] == "shm"), spell(done),
               "and events arrive")
        t.same((events.status()["events-live"], ear.lost), (1, []), "none are lost")


@scene("kprobes that are switched off")
def off(t):
    with Listener() as ear, Member() as member:
        nsid = wire.nsid_of(member.pid)
        one = member.call(make_and_remove, 1, 2)
        ear.catch_up()
        with switched(KPROBES, "0", "1"):
            t.same(events.status()["events-live"], 0, "the status says so at once")
            done = tool.ipcnsctl("status")
            t.same((done.returncode, done.stdout.splitlines()[0].split(":")[:3]),
                   (4, ["Health", " warn", " hooks do not fire"]), "the tool with exit status 4")
            done = tool.ipcnsctl("status", "-J")
            status = json.loads(done.stdout)["status"]
            t.same((done.returncode, status["health"], status["problems"][0]["check"]),
                   (4, "warn", "hooks"), "and in JSON")
            ear.until(lambda _: losses(ear), "subscribers get a loss", 5)
            member.call(make_and_remove, 100, 2)
            dead = Member()
            dead_nsid = wire.nsid_of(dead.pid)
            dead.end()
            ear.gone(dead_nsid)
        until(lambda: events.status()["events-live"], "live again", 5)
        t.ok(True, "live again by itself")
        two = member.call(make_and_remove, 200, 2)
        ear.catch_up()
        shm = [event for event in of(ear.events, nsid) if event["object"] == "shm"]
        t.same([brief(event) for event in shm if 100 <= event["key"] < 200],
               ["shm destroyed removed"] * 2, "removals were recorded meanwhile")
        t.same(read(event for event in shm if not 100 <= event["key"] < 200), spell(one + two),
               "and all before and after")
        t.same({event["cause"] for event in ear.lost}, {"probes-off"}, "the loss has a cause")
        t.same(events.numbers(ear.events), list(range(ear.begin, ear.next)), "and a number")
        t.ok(losses(ear) <= 2, "it is reported once or twice, not again and again", ear.lost)


def listed():
    """The ids of the namespaces in the list, by inode number; twice there is Failed."""
    with wire.Socket() as link:
        return {row["inum"]: row["id"] for row in link.dump("ns")}


@scene("a module that is loaded while ftrace is off", pace=5)
def blind(t):
    until(module.unload, "rmmod")
    with Member() as old, Member() as ending:
        try:
            with contextlib.ExitStack() as stack:
                try:
                    stack.enter_context(switched(FTRACE, "0", "1"))
                except OSError as error:
                    t.skip("hooks that cannot be armed", errno.errorcode[error.errno])
                    return
                _, lines = module.try_load()
                t.ok(any("no hook on" in line for line in lines), "the log says so", *lines)
                t.same((events.status()["events-live"], events.armed()), (0, set()),
                       "no hook is armed, and the status says so")
                new = stack.enter_context(Member()).inode
                t.same(set(listed()), {int(inode) for inode in witness.members()},
                       "namespaces are listed all the same")
                ending.end()
                t.ok(new in listed(), "one that was created meanwhile is known")
            until(lambda: events.status()["events-live"], "hooks are armed afterwards", 5)
            with Listener() as ear:
                until(lambda: set(listed()) == {int(inode) for inode in witness.members()},
                      "none is listed that ended meanwhile", 20)
                nsid = wire.nsid_of(old.pid)
                old.end()
                ear.gone(nsid)
                t.ok(True, "events arrive")
        finally:
            if not module.loaded():
                module.load()


# Who may

def attempt(uid, flags):
    """Becomes a user, perhaps root of his own user namespace, and tries; {what: outcome}."""
    if uid:
        os.setgid(uid)
        os.setuid(uid)
    if flags:
        calls.unshare(flags)
    outcome = {}
    for name, ask in (("subscribe", lambda link: link.get("subscribe", {"objects": 1})),
                      ("do", lambda link: link.get("event")),
                      ("dump", lambda link: link.dump("event", {"since": 1}))):
        with wire.Socket() as link:
            try:
                ask(link)
                outcome[name] = "success"
            except wire.Refused as error:
                outcome[name] = errno.errorcode[error.errno]
                outcome[f"why {name}"] = error.text
    return outcome


@scene("who may listen")
def permission(t):
    what = ("subscribe", "do", "dump")
    for name, uid, flags, answer in (
            ("root", 0, 0, "success"),
            ("a user", NOBODY, 0, "EPERM"),
            ("root of his own user namespace", NOBODY, calls.CLONE_NEWUSER, "EPERM"),
            ("root of his own user and IPC namespace", 1000,
             calls.CLONE_NEWUSER | calls.CLONE_NEWIPC, "EPERM"),
            ("root, made root of a user namespace", 0, calls.CLONE_NEWUSER, "EPERM")):
        with Member() as member:
            outcome = member.call(attempt, uid, flags)
        t.same({key: outcome[key] for key in what}, dict.fromkeys(what, answer), name)
        if answer == "EPERM":
            for way in what:
                t.contains(outcome.get(f"why {way}", ""), "CAP_SYS_ADMIN",
                           f"{name}: {way}: the answer says what is missing")


# Big readers, and long ones

@scene("a dump of the journal that nobody reads to its end")
def abandoned(t):
    with Listener(), Member() as member:
        member.call(make_and_remove, 1, 500 if QUICK else 5000)
        for _ in range(10):
            reader = Journal()
            reader.link.begin("event", {"since": 1})
            reader.link.socket.recv(65536)
            reader.close()
        with wire.Socket() as link:
            until(lambda: link.get("status")["dumps"] == 0, "the dumps are closed")
            t.same(link.get("status")["dump-bytes"], 0, "and their memory is free")


if __name__ == "__main__":
    main()
