#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=400
"""ipcnsctl monitor and wait, against an independent reader of the same events."""

import datetime
import json
import os
import re
import signal
import subprocess
import threading
import time

from lib import calls, events, module, tool, wire, witness
from lib.events import Listener
from lib.member import Member, sleeping
from lib.tap import QUICK, main, scene, until

NR_POLL, NR_PPOLL = 7, 271
KINDS = ("shm", "sem", "msg", "mq")


class Monitor:
    """ipcnsctl with its output read line by line."""

    def __init__(self, *args, command="monitor"):
        self.process = subprocess.Popen(["ipcnsctl", command, *map(str, args)],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, encoding="utf-8")
        self.lines, self.errors = [], []
        self.threads = [threading.Thread(target=self._read, args=pair) for pair in
                        ((self.process.stdout, self.lines), (self.process.stderr, self.errors))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.end()

    @property
    def pid(self):
        """The process."""
        return self.process.pid

    def ready(self):
        """Waits until it waits for events."""
        until(lambda: self.process.poll() is not None or
              sleeping(self.pid) in (NR_POLL, NR_PPOLL), "monitor waits for events")
        return self

    def until(self, condition, what, timeout=20):
        """Waits until condition(lines) is true."""
        return until(lambda: condition(self.lines), f"{what}; stderr: {self.errors}", timeout)

    def upto(self, ear):
        """Waits until it has told the last event that a listener has, if it wants that."""
        last = ear.events[-1]["seq"]
        self.until(lambda lines: any(number(line) >= last for line in lines[-3:]), f"event {last}")

    def end(self, signo=None, timeout=60):
        """Sends a signal and waits for the end; the exit status."""
        if signo:
            self.process.send_signal(signo)
        status = self.process.wait(timeout)
        for thread in self.threads:
            thread.join()
        return status


def number(line):
    """The sequence number in a line, 0 if it has none."""
    found = re.search(r'(?: seq=|"seq": ?)([0-9]+)', line)
    return int(found[1]) if found else 0


# What a line must be

FIELDS = ("ns-inum ns-id id key name uid mode bytes reason shm sem msg mq shm-bytes msg-bytes"
          " duration pid comm").split()
NAMES = {"ns-inum": "ns", "ns-id": "nsid", "shm-bytes": "shm_bytes", "msg-bytes": "msg_bytes",
         "duration": "duration_ns"}


def stamp(nanoseconds):
    """A time as lines have it."""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.datetime.fromtimestamp(seconds):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06}"


def permissions(mode):
    """A mode as rw-r--r--."""
    return "".join(char if mode >> (8 - place) & 1 else "-"
                   for place, char in enumerate("rwxrwxrwx"))


def fields(event):
    """Names and values of an event, in the order of a line."""
    for name in FIELDS:
        if name not in event:
            continue
        value = event[name]
        if name == "key":
            value = f"0x{value:08x}"
        elif name == "mode":
            value = permissions(value)
        elif name == "name":
            value = "/" + value.decode()
        elif name == "comm":
            value = value.decode()
        yield NAMES.get(name, name), value


def word(value):
    """A value in a line: one word."""
    if isinstance(value, int):
        return str(value)
    return "".join(f"\\x{ord(char):02x}" if char in " \t\\" or not char.isprintable() else char
                   for char in value)


def line_of(event):
    """The line that an event must give."""
    words = " ".join(f"{name}={word(value)}" for name, value in fields(event))
    return (f"[{stamp(event['time'])}] [{event['object']},{event['event']}] {words}"
            f" seq={event['seq']}")


def object_of(event):
    """The JSON that an event must give, without its time."""
    return {"seq": event["seq"], "object": event["object"], "event": event["event"],
            **dict(fields(event)), **({"unit": None} if "pid" in event else {})}


def without_time(line):
    """A JSON Line without its time."""
    value = json.loads(line)
    del value["time"]
    return value


# What happens

def play(key):
    """A bit of everything in a new namespace; all is told by 27 events or more."""
    calls.set_comm("a b\\c")
    shmid = calls.shmget(key, 5000)
    address = calls.shmat(shmid)
    calls.shm_chown(shmid, 1000, 0, 0o640)
    calls.shm_remove(shmid)
    calls.shmdt(address)
    semid = calls.semget(key, 2)
    calls.sem_chown(semid, 0, 0, 0o444)
    calls.sem_remove(semid)
    msqid = calls.msgget(key)
    calls.msg_chown(msqid, 3, 3, 0o222)
    calls.msg_remove(msqid)
    for name in (b"plain", b"with space\\and = sign", b"left"):
        os.close(calls.mq_open(name, 2, 20))
    calls.mq_unlink(b"plain")
    calls.shmget(key, 10000)
    calls.msgsnd(calls.msgget(key), b"left")


def performance(ear):
    """Namespaces come, play, and go; all that is told is there when this returns."""
    members = [Member() for _ in range(2)]
    ids = []
    for place, member in enumerate(members):
        ids.append(wire.nsid_of(member.pid))
        member.call(play, 0xabc0 + place)
    for member in members:
        member.end()
    ear.gone(*ids)
    ear.catch_up()
    return ids


@scene("lines")
def lines(t):
    t.same(line_of({"time": 1767322985123456789, "object": "shm", "event": "created",
                    "ns-inum": 4026532115, "ns-id": 17, "id": 0, "key": 0x12aa0de5, "uid": 0,
                    "bytes": 4096, "pid": 812, "comm": b"postgres", "seq": 90211})[29:],
           "[shm,created] ns=4026532115 nsid=17 id=0 key=0x12aa0de5 uid=0 bytes=4096 pid=812"
           " comm=postgres seq=90211", "what is wanted is as documented")
    with Monitor() as plain, Monitor("-J") as as_json:
        plain.ready()
        as_json.ready()
        with Listener() as ear:
            performance(ear)
            plain.upto(ear)
            as_json.upto(ear)
            told = [line for line in plain.lines if number(line) >= ear.begin]
            t.same(told, [line_of(event) for event in ear.events], "every line, to the letter")
            for kind in ("created", "changed", "marked", "unlinked", "dying", "destroyed"):
                t.ok(any(f",{kind}] " in line for line in told), f"{kind} was among them")
            told = [line for line in as_json.lines if number(line) >= ear.begin]
            t.same([without_time(line) for line in told],
                   [object_of(event) for event in ear.events],
                   "JSON Lines have the same")
            t.same([datetime.datetime.fromisoformat(json.loads(line)["time"]).timestamp()
                    for line in told],
                   [event["time"] // 1000 / 10**6 for event in ear.events], "and times with a zone")
            count = len(plain.lines)
        status = plain.end(signal.SIGTERM)
        t.same((status, plain.errors), (0, [f"ipcnsctl: {count} events, 0 lost"]),
               "SIGTERM: exit status 0, and a summary")
        t.same(as_json.end(signal.SIGINT), 0, "SIGINT: exit status 0")
        t.same(len(as_json.errors), 1, "and one line")


@scene("filters")
def filters(t):
    wanted = {
        "--type shm": lambda event: event["object"] == "shm",
        "--type sem,mq": lambda event: event["object"] in ("sem", "mq"),
        "--type ns": lambda event: event["object"] == "ns",
        "--events ns": lambda event: event["object"] == "ns",
        "--events ns,shm.destroyed": lambda event: event["object"] == "ns" or
                                     (event["object"], event["event"]) == ("shm", "destroyed"),
        "--events destroyed": lambda event: event["event"] == "destroyed",
        "--events changed,mq.unlinked --type sem,mq": lambda event:
            (event["object"], event["event"]) in (("sem", "changed"), ("mq", "unlinked")),
    }
    with Listener() as ear, Member() as one, Member() as two:
        ids = [wire.nsid_of(member.pid) for member in (one, two)]
        ear.catch_up()
        of_one = lambda event: event["ns-id"] == ids[0]
        wanted[f"{one.inode}"] = wanted[f"ipc:[{one.inode}]"] = of_one
        wanted[f"id={ids[0]}"] = wanted[f"pid={one.pid}"] = of_one
        wanted[f"/proc/{one.pid}/ns/ipc"] = of_one
        wanted[f"{one.inode} id={ids[1]} --type msg"] = lambda event: event["object"] == "msg"
        monitors = {words: Monitor(*words.split()).ready() for words in wanted}
        begin = ear.next
        for member in (one, two):
            member.call(play, 7)
            member.end()
        ear.gone(*ids)
        ear.catch_up()
        happened = [event for event in ear.events if event["seq"] >= begin]
        for words, keep in wanted.items():
            want = [line_of(event) for event in happened if keep(event)]
            monitor = monitors[words]
            t.ok(want, f"{words}: something is wanted")
            monitor.until(lambda lines, want=want: want[-1] in lines, f"{words}: its last line")
            monitor.end(signal.SIGTERM)
            t.same([line for line in monitor.lines if number(line) >= begin], want, words)
        # Afterwards, from the journal.
        for words in (f"--since {begin}", f"--since {begin} id={ids[0]}",
                      f"--since {begin + 5} --events sem"):
            want = [line_of(event) for event in happened
                    if event["seq"] >= begin + 5 * ("+" in words or "events" in words) and
                    (event["ns-id"] == ids[0] or "id=" not in words) and
                    (event["object"] == "sem" or "sem" not in words)]
            with Monitor(*words.split()) as monitor:
                monitor.until(lambda lines, want=want: want[-1] in lines, words)
                monitor.end(signal.SIGTERM)
                t.same(monitor.lines, want, words)
    for words in ("--type foo", "--events foo", "--events sem.marked", "--since x", "--since 0",
                  "--type shm --events ns", "--snapshot --since 1"):
        done = tool.ipcnsctl("monitor", *words.split())
        t.ok(done.returncode == 1 and "--help" in done.stderr and not done.stdout,
             f"{words}: usage error", done)
    done = tool.ipcnsctl("monitor", "4000000000")
    t.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "no such namespace", done)


# A snapshot in the middle of it all

def churn(seconds):
    """Makes and removes objects of all kinds, and new namespaces; some objects stay."""
    end, turn = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        turn += 1
        calls.shm_remove(calls.shmget(turn, 4096))
        kept = calls.semget(turn, 1)
        if turn % 5:
            calls.sem_remove(kept)
        calls.msgget(turn)
        os.close(calls.mq_open(b"%d" % turn, 1, 1))
        if turn % 3:
            calls.mq_unlink(b"%d" % turn)
        if turn % 20 == 0:
            try:
                calls.unshare(calls.CLONE_NEWIPC)
            except OSError:     # ENOSPC: too many are still on their way out
                time.sleep(0.01)


def follow(told):
    """State after some JSON Lines: the set of things, what made no sense, and ends of queues that
    no line told of before.
    """
    there, known, wrong, ended = set(), set(), [], []
    dying = set()   # of the snapshot: their objects cannot be listed, but their ends are told
    for line in told:
        event = json.loads(line)
        kind, what, nsid = event.get("object"), event["event"], event.get("nsid")
        if what == "lost":
            wrong.append(line)
            continue
        thing = (kind, nsid, event.get("id"))
        if event.get("state") == "dying":
            dying.add(nsid)
        if nsid in dying and thing not in there and what == "destroyed":
            if event["reason"] != "teardown" and kind != "mq":
                wrong.append(f"not in the dying row: {line}")
            continue
        if what in ("present", "created"):
            if thing in there:
                wrong.append(f"twice: {line}")
            there.add(thing)
            known.add(thing)
        elif what == "destroyed":
            if thing not in there:
                if kind == "mq" and event["reason"] == "removed" and thing not in known:
                    ended.append(line)
                else:
                    wrong.append(f"was not there: {line}")
            there.discard(thing)
        elif kind != "ns" and thing not in there:
            wrong.append(f"of none: {line}")
    return there, wrong, ended


def unknown_namespaces(told):
    """Lines about objects of namespaces that no line told of before."""
    known, wrong = set(), []
    for line in told:
        event = json.loads(line)
        if event.get("object") == "ns":
            known.add(event["nsid"])
        elif event.get("nsid", 0) not in known and event["event"] != "lost":
            wrong.append(f"of an unknown namespace: {line}")
    return wrong


@scene("a snapshot in the middle of changes")
def snapshot(t):
    for round_ in range(2 if QUICK else 5):
        with Listener(buffer=128 << 20) as ear, Member() as one, Member() as two, \
             Member() as three:
            churners = (one, two, three)
            for member in churners:
                member.start(churn, 6)
            ear.until(lambda seen: len(seen) > 500, "it churns")
            with Monitor("--snapshot", "-J") as monitor:
                for member in churners:
                    member.result()
                # Its snapshot may be of after all this: one more event, which it must tell.
                monitor.ready()
                one.call(storm, 0x7000, 1)
                ear.catch_up()
                monitor.upto(ear)
                until(lambda: {row["ns"] for row in tool.namespaces().values()} ==
                      set(witness.members()), "the last teardown", 60)
                ear.catch_up()
                monitor.upto(ear)
                there, wrong, ended = follow(monitor.lines)
                wrong += unknown_namespaces(monitor.lines)
                presents = sum('"present"' in line for line in monitor.lines)
                t.note(f"round {round_}: {presents} lines of snapshot, {len(monitor.lines)} in all")
                t.ok(presents > 3, f"round {round_}: there was a snapshot")
                t.same(wrong[:5], [], f"round {round_}: nothing twice, nothing out of nothing")
                # ipcnsctl(8), --snapshot: a queue without a name is not listed. A process can have
                # one on its way out.
                t.ok(len(ended) <= len(churners), f"round {round_}: {len(ended)} queues had lost"
                     " their names when the snapshot was taken", ended)
                ids = {member.inode: wire.nsid_of(member.pid) for member in churners}
                for member in churners:
                    nsid = ids[member.inode]
                    for kind, name in (("shm", "shmid"), ("sem", "semid"), ("msg", "msqid")):
                        t.same({ident for what, where, ident in there
                                if (what, where) == (kind, nsid)},
                               {row[name] for row in witness.sysvipc(member.pid, kind)},
                               f"round {round_}: {kind}: snapshot and changes make what is there")
                t.same({nsid for what, nsid, _ in there if what == "ns"},
                       {row["nsid"] for row in tool.namespaces().values()},
                       f"round {round_}: namespaces, too")


# Loss

def storm(first, count):
    """Segments made and removed."""
    for key in range(first, first + count):
        calls.shm_remove(calls.shmget(key, 4096))


@scene("falling behind")
def behind(t):
    with module.parameters("journal_mb=1"), Member() as member, \
         Monitor("-J") as plain, Monitor("-J", "--strict") as strict:
        plain.ready()
        strict.ready()
        begin = events.next_number()
        member.call(storm, 1, 100)
        for monitor in (plain, strict):
            monitor.until(lambda lines: lines, "the first lines")
        stopped = (plain, strict)
        for monitor in stopped:
            os.kill(monitor.pid, signal.SIGSTOP)
        slots = events.status()["journal-size"] // 64
        # More than their sockets' buffers hold, and then more than the journal holds.
        total, more = 100, 2
        while more:
            more -= all(overrun(monitor.pid) for monitor in stopped)
            member.call(storm, 1, slots // 2)
            total += slots // 2
        with events.Journal() as journal:
            first, end = journal.state()
        t.same(end - begin, 2 * total, f"{total} segments were made and removed")
        for monitor in stopped:
            os.kill(monitor.pid, signal.SIGCONT)
        plain.until(lambda lines: number(lines[-1]) == end - 1, "the last event", 120)
        rows = [json.loads(line) for line in plain.lines]
        lost = [row for row in rows if row["event"] == "lost"]
        t.ok(lost, "events were lost")
        expect, wrong = begin, []
        for row in rows:
            if row["event"] == "lost":
                if row["from"] != expect:
                    wrong.append(row)
                expect = row["to"] + 1
            elif row["seq"] >= begin:
                if row["seq"] != expect:
                    wrong.append(row)
                expect = row["seq"] + 1
        t.same((wrong[:3], expect), ([], end), "events and losses are every number, in order, once")
        t.same([row["to"] for row in lost][-1:], [first - 1],
               "lost is no more than what the journal does not hold")
        t.same(plain.process.poll(), None, "without --strict it goes on")
        t.same(strict.end(), 3, "--strict: exit status 3")
        t.ok(json.loads(strict.lines[-1])["event"] == "lost", "after the line that says so",
             strict.lines[-1])
        plain.end(signal.SIGTERM)
        count = sum(row["to"] - row["from"] + 1 for row in lost)
        t.same(plain.errors, [f"ipcnsctl: {len(rows) - len(lost)} events, {count} lost"],
               "the summary counts them")


def overrun(pid):
    """Whether a netlink socket of a process dropped something.

    libnl makes the number of a port of the process and, above bit 22, a count.
    """
    with open("/proc/net/netlink", encoding="ascii") as table:
        header, *rows = [line.split() for line in table]
    return any(int(row[header.index("Pid")]) & 0x3fffff == pid and int(row[header.index("Drops")])
               for row in rows)


# Ends

@scene("the module goes")
def unloaded(t):
    with Monitor() as plain, Monitor("--follow-module", "-J") as loyal, \
         Member() as member:
        waiter = Monitor(member.inode, command="wait")
        for monitor in (plain, loyal, waiter):
            monitor.ready()
        until(module.unload, "rmmod")
        t.same((plain.end(), plain.errors), (2, ["ipcnsctl: module unloaded"]),
               "monitor: exit status 2")
        t.same((waiter.end(), waiter.errors), (2, ["ipcnsctl: module unloaded"]),
               "wait: exit status 2")
        t.same(tool.ipcnsctl("monitor").returncode, 2, "not loaded: exit status 2")
        t.same(tool.ipcnsctl("wait", "id=1").returncode, 2, "wait: exit status 2")
        t.same(loyal.process.poll(), None, "--follow-module: it stays")
        module.load()
        # A namespace's life is told by the new module, whatever happened to be missed before.
        until(lambda: told_again(loyal), "--follow-module: events again", 20)
        t.ok(True, "--follow-module: events again")
        t.ok(any(json.loads(line)["event"] == "lost" for line in loyal.lines),
             "and a line says that something is missing", loyal.lines)
        t.same(loyal.end(signal.SIGTERM), 0, "SIGTERM")


def told_again(monitor):
    """Makes a namespace; whether its birth is told."""
    with Member() as member:
        inode = member.inode
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            if any(f'"ns":{inode}' in line.replace(" ", "") and '"created"' in line
                   for line in monitor.lines):
                return True
            time.sleep(0.02)
    return False


@scene("nobody reads any more")
def closed(t):
    for args in ((), ("-J",), ("--snapshot",)):
        process = subprocess.Popen(["ipcnsctl", "monitor", *args], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        until(lambda: sleeping(process.pid) in (NR_POLL, NR_PPOLL), "it waits for events")
        process.stdout.close()
        status = process.wait(20)
        t.same((status, process.stderr.read()), (0, b""),
               f"monitor {' '.join(args)}: ends in silence, without an event to come")
        process.stderr.close()
    with open("/dev/full", "w", encoding="ascii") as full, Member() as member:
        process = subprocess.Popen(["ipcnsctl", "monitor"], stdout=full, stderr=subprocess.PIPE)
        until(lambda: sleeping(process.pid) in (NR_POLL, NR_PPOLL), "it waits for events")
        member.call(storm, 1, 1)
        errors = process.communicate(timeout=20)[1]
        t.ok(process.returncode == 1 and len(errors.splitlines()) == 1, "a full disk: exit 1",
             process.returncode, errors)


@scene("each line at once")
def flushed(t):
    with Monitor() as monitor, Member() as member:
        monitor.ready()
        for turn in range(20):
            key = 0x5000 + turn
            begin = time.monotonic()
            member.call(calls.shmget, key, 4096)
            monitor.until(lambda lines, key=key: any(f"key=0x{key:08x}" in line
                                                     for line in lines), "the line", 5)
            took = time.monotonic() - begin
            if took > 1:
                t.ok(False, f"line {turn} within a second", took)
        t.ok(True, "20 lines, each within a second of its cause")


# wait

def timed(*args):
    """Runs wait; exit status and seconds."""
    begin = time.monotonic()
    done = tool.ipcnsctl("wait", *args)
    return done.returncode, time.monotonic() - begin, done


@scene("wait")
def wait(t):
    with Member() as member:
        inode, nsid, pid = member.inode, wire.nsid_of(member.pid), member.pid
        status, took, _ = timed(inode, "--timeout", "0.5")
        t.ok(status == 124 and took >= 0.5, "--timeout: 124", status, took)
        t.same(timed(f"pid={pid}", "--timeout", "0")[0], 124, "--timeout 0: 124 at once")
        waiters = [Monitor(name, command="wait").ready() for name in
                   (inode, f"ipc:[{inode}]", f"id={nsid}", f"pid={pid}", f"/proc/{pid}/ns/ipc")]
        segment = member.call(calls.shmget, 1, 4096)
        address = member.call(calls.shmat, segment)
        member.call(calls.setns, "/proc/1/ns/ipc")
        t.same([waiter.process.poll() for waiter in waiters], [None] * 5,
               "as long as something keeps the namespace, they wait")
        with Listener() as ear:
            member.call(calls.shmdt, address)
            t.same([waiter.end() for waiter in waiters], [0] * 5, "when it is destroyed: 0")
            t.ok(nsid in [event["ns-id"] for event in ear.gone(nsid)
                          if events.is_ns(event, "destroyed")], "which it is")
        t.same([waiter.lines + waiter.errors for waiter in waiters], [[]] * 5, "in silence")
        status, took, done = timed(f"id={nsid}")
        t.ok(status == 0, "gone already, by id: 0", done)
        status, _, done = timed(inode)
        t.ok(status == 1 and len(done.stderr.splitlines()) == 1 and
             f"{inode}\" has been destroyed" in done.stderr and f"wait id={nsid}\"" in done.stderr,
             "by inode: 1, and that it has ended", done)
        status, _, done = timed(2 ** 32 - 1)
        t.ok(status == 1 and "no IPC namespace" in done.stderr, "one that never was: 1", done)
    with module.parameters("journal_mb=1"), Member() as member:
        nsid = wire.nsid_of(member.pid)
        member.call(calls.setns, "/proc/1/ns/ipc")
        until(lambda: timed(f"id={nsid}")[0] == 0, "its end")
        with Listener(), events.Journal() as journal:
            while journal.state()[0] <= nsid + 10:
                member.call(storm, 1, 4000)
        # No identity above lives, and the journal knows nothing of its time any more.
        t.same(timed(f"id={nsid}")[0], 0, "gone so long that the journal has forgotten it: 0")
        t.same(timed(f"id={nsid + 1}")[0], 1, "the one after it, that never was: 1")
    status, _, done = timed("id=123456789012")
    t.ok(status == 1 and len(done.stderr.splitlines()) == 1, "an id that never was: 1", done)
    for words in ((), ("1", "2"), ("1", "--timeout", "x"), ("1", "--timeout", "-1")):
        done = tool.ipcnsctl("wait", *words)
        t.ok(done.returncode == 1 and "--help" in done.stderr, f"wait {words}: usage error", done)


def many_namespaces(count):
    """Goes through new namespaces that descriptors keep, with much to tear down; their inodes."""
    inodes = []
    for _ in range(count):
        calls.unshare(calls.CLONE_NEWIPC)
        for key in range(1, 151):
            calls.shmget(key, 4096)
        inodes.append(os.fstat(calls.namespace_fd()).st_ino)
    return inodes


@scene("dying ones, in list and for wait")
def dying(t):
    seen = {}
    for turn in range(10):
        member = Member(flags=0)
        member.call(calls.set_comm, f"maker {turn}")
        inodes = member.call(many_namespaces, 60)
        before = tool.rows("list", "--output-all")
        ids = {row["nsid"]: row for row in before if row["ns"] in inodes}
        t.same(len(ids), 60, f"turn {turn}: 60 are listed")
        t.same({row["creator"] for row in ids.values()} and
               all(f"maker {turn}" in row["creator"] for row in ids.values()), True,
               f"turn {turn}: with their creator")
        pid = member.pid
        member.end()
        rows = tool.rows("list", "--output-all")
        seen = {row["nsid"]: row for row in rows
                if row["nsid"] in ids and row["state"] == "dying"}
        if seen:
            last = max(seen)
            t.same(timed(f"id={last}")[0], 0, "wait for one that is dying: 0")
            after = {row["nsid"] for row in tool.rows("list", "--output-all")}
            t.ok(last not in after, "and then it is gone")
            break
    t.ok(seen, "list shows some of them dying")
    t.note(f"{len(seen)} dying rows; the first: {next(iter(seen.values()), None)}; pid {pid}")
    t.ok(all(row["nprocs"] in (0, None) and not row["pid"] for row in seen.values()),
         "without members")
    t.same([row["created"] for row in seen.values()],
           [ids[nsid]["created"] for nsid in seen], "with the birth they had before")
    until(lambda: not ids.keys() & {row["nsid"] for row in tool.rows("list", "--output-all")},
          "all gone", 60)
    t.ok(True, "all gone")


if __name__ == "__main__":
    main()
