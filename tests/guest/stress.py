#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=1500 memory=3G
"""stress-ng's IPC stressors beside monitors, dumps, holders, exec, loading and unloading."""

import collections
import contextlib
import os
import pathlib
import signal
import subprocess
import threading
import time

from lib import calls, events, module, tool, wire, witness
from lib.member import Member
from lib.tap import PACE, QUICK, Failed, main, scene, until

HOME = pathlib.Path("/root/stress-ng")      # the program, and the libraries that it needs
SECONDS = 30 if QUICK else 400
CYCLES = 20 if QUICK else 1000
KINDS = "shm sem msg mq".split()
OBJECTS = "--shm-sysv 1 --shm-sysv-bytes 1M --shm-sysv-segs 4 --sem-sysv 1 --msg 1 --mq 1".split()
NAMESPACES = "--unshare 1 --clone 1 --clone-max 16".split()
MARK = 0x7ead0000       # keys of segments that say how far a monitor has read
END = "/run/stress-ends-here"


class Stress:
    """stress-ng in two IPC namespaces of its own, and one from which namespaces are made."""

    def __init__(self, seconds, nice=10 / PACE):
        self.seconds, self.nice = seconds, nice
        self.running = []

    def __enter__(self):
        environment = {**os.environ, "LD_LIBRARY_PATH": str(HOME)}
        for stressors in (OBJECTS, OBJECTS, NAMESPACES):
            # Those of namespaces leave a zombie for each until they end: 20,000 in ten minutes.
            seconds = 60 * PACE if stressors is NAMESPACES else self.seconds * 3 * PACE + 600
            self.running.append(subprocess.Popen(
                ["nice", "-n", str(int(self.nice)), "unshare", "--ipc",
                 "sh", "-c", 'while "$@"; do :; done', "sh", HOME / "stress-ng", *stressors,
                 "--temp-path", "/tmp", "--timeout", str(int(seconds))],
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True))
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Ends all of it, if that is not done."""
        for process in self.running:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        self.running = []
        subprocess.run(["pkill", "-KILL", "-x", "stress-ng.*"], check=False)
        until(lambda: not stressors_alive(), "stress-ng has ended", 60)

    def ended(self):
        """Complaints of those that are not running any more."""
        return [process.stderr.read() for process in self.running if process.poll() is not None]


def stressors_alive():
    """Processes of stress-ng that there still are."""
    return subprocess.run(["pgrep", "-x", "stress-ng.*"], check=False,
                          capture_output=True).stdout.split()


class Book(threading.Thread):
    """Keeps account of what ipcnsctl monitor --snapshot tells, line by line."""

    def __init__(self, *options):
        super().__init__()
        self.alive = {}         # identity of a namespace: its objects
        self.gone = set()       # identities of namespaces
        self.wrong, self.lost, self.marks = [], [], set()
        self.counts = collections.Counter()
        self.seq = 0
        self.process = subprocess.Popen(["ipcnsctl", "monitor", "--snapshot", *options],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        encoding="utf-8")
        self.start()

    def run(self):
        for line in self.process.stdout:
            try:
                self.take(line)
            except (KeyError, ValueError, IndexError) as error:
                self.wrong.append(f"{error!r}: {line}")

    def take(self, line):
        """One line: [time] [what,event] key=value..."""
        words = line.split()
        what, _, event = words[1].strip("[]").partition(",")
        if what == "lost":
            self.lost.append(line)
            return
        fields = dict(word.split("=", 1) for word in words[2:])
        nsid = int(fields["nsid"])
        self.counts[what, event] += 1
        if "seq" in fields:
            seq = int(fields["seq"])
            self.expect(seq > self.seq, "its number is not above the last one's", line)
            self.seq = seq
        if what == "ns":
            self.take_namespace(event, nsid, line)
            return
        thing = what, int(fields["id"])
        there = self.alive.get(nsid, set())
        self.expect(nsid in self.alive, "of a namespace that is not there", line)
        if event in ("created", "present"):
            self.expect(thing not in there, "is there already", line)
            there.add(thing)
            if what == "shm" and int(fields["key"], 16) & ~0xffff == MARK:
                self.marks.add(int(fields["key"], 16))
        else:
            self.expect(thing in there, "was never there", line)
            if event == "destroyed":
                there.discard(thing)

    def take_namespace(self, event, nsid, line):
        """What happened to a namespace."""
        if event in ("created", "present"):
            self.expect(nsid not in self.alive and nsid not in self.gone, "comes again", line)
            self.alive[nsid] = set()
        elif event == "destroyed":
            self.expect(nsid in self.alive, "was never there", line)
            self.expect(not self.alive.pop(nsid, None), "had objects that nobody saw end", line)
            self.gone.add(nsid)

    def expect(self, good, why, line):
        """Keeps a complaint."""
        if not good and len(self.wrong) < 20:
            self.wrong.append(f"{why}: {line}")

    def sum(self, what):
        """Created or present, and not destroyed."""
        counts = self.counts
        return (counts[what, "created"] + counts[what, "present"] - counts[what, "destroyed"])

    def busy(self):
        """Whether it was told of new namespaces, and of new objects of each kind."""
        return (self.counts["ns", "created"] > 20 and
                all(self.counts[kind, "created"] > 1 for kind in KINDS))

    def end(self):
        """Stops the monitor as a user does; its exit status and last words."""
        self.process.send_signal(signal.SIGINT)
        self.join()
        return self.process.wait(), self.process.stderr.read()


def identity(row):
    """What tells an object from all others."""
    return row["ns-id"], row["kind"], row["id"]


def dump_until(path, pause):
    """Dumps everything again and again until a file is there; (rounds, rows, doubles, errors)."""
    rounds = rows = 0
    doubles, errors = [], collections.Counter()
    while not os.path.exists(path):
        with contextlib.suppress(OSError), wire.Socket() as link:
            for what, key in (("object", identity), ("ns", lambda row: row["id"]),
                              ("limits", lambda row: row["ns-id"])):
                try:
                    table = link.dump(what)
                except wire.Refused as error:
                    errors[f"{what}: {error}"] += 1
                    continue
                keys = collections.Counter(map(key, table))
                doubles += [(what, one) for one, times in keys.items() if times > 1]
                rows += len(table)
        rounds += 1
        time.sleep(pause)
    return rounds, rows, doubles[:5], dict(errors)


def use_until(path, pause, inodes):
    """Asks who holds namespaces and runs programs in them; (rounds, complaints)."""
    rounds, complaints = 0, []
    while not os.path.exists(path):
        for inode in inodes:
            for args in (("holders", "-J", inode), ("exec", inode, "--", "true"), ("list",),
                         ("show", inode), ("objects", "--attached", inode)):
                done = tool.ipcnsctl(*args)
                if done.returncode not in (0, 2) and len(complaints) < 5:
                    complaints.append((args, done.returncode, done.stderr))
                time.sleep(pause)
        rounds += 1
    return rounds, complaints


def furnish():
    """Objects that stay."""
    for key in range(1, 4):
        calls.shmget(key, 4096)
        calls.semget(key, 2)
        calls.msgget(key)
        os.close(calls.mq_open(b"stays-%d" % key, 1, 1))


def at_end(path):
    """Tells those who work until a file is there."""
    pathlib.Path(path).touch()


def begin(stack, pause):
    """Namespaces that stay, and processes that dump and use them, with pauses."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(END)
    stay = [stack.enter_context(Member()) for _ in range(3)]
    for member in stay:
        member.call(furnish)
    dumpers = [stack.enter_context(Member(flags=0)) for _ in range(2)]
    for member in dumpers:
        member.start(dump_until, END, pause)
    user = stack.enter_context(Member(flags=0))
    user.start(use_until, END, pause, [member.inode for member in stay])
    return stay, dumpers, user


def everything():
    """{identity of a namespace: {(kind, id)}} as dumps have it."""
    with wire.Socket() as link:
        found = {row["id"]: set() for row in link.dump("ns")}
        for row in link.dump("object"):
            found[row["ns-id"]].add((KINDS[row["kind"]], row["id"]))
    return found


def check_witness(t, stay):
    """What stayed is what /proc has inside; nothing else is listed than what has processes."""
    until(lambda: set(tool.namespaces()) == set(witness.members()), "the list is what /proc has",
          120)
    t.ok(True, "the list is what /proc has")
    for kind, name in (("shm", "shmid"), ("sem", "semid"), ("msg", "msqid")):
        t.same([{row["id"] for row in tool.objects(kind, member.inode)} for member in stay],
               [{row[name] for row in witness.sysvipc(member.pid, kind)} for member in stay],
               f"{kind} of those that stayed, as /proc/sysvipc has them")


def check_stressed(t, stress, stressors):
    """stress-ng did what it should."""
    t.same([said for said in stress.ended() if said], [], "stress-ng ran until it was ended")
    t.ok(stressors > 5, f"{stressors} stressors")


def unload(references):
    """rmmod, if nothing holds the module just now; counts what did."""
    with open("/sys/module/ipcns/refcnt", encoding="ascii") as file:
        count = int(file.read())
    references[count] += 1
    return not count and module.unload()


def ready(t):
    """Whether stress-ng is here."""
    if (HOME / "stress-ng").exists():
        return True
    if os.environ.get("CI"):
        t.ok(False, "stress-ng is here")
    else:
        t.skip("stress-ng's stressors", "stress-ng is not installed on the host")
    return False


@scene("stressors beside monitors, dumps, holders and exec", pace=3)
def beside(t):
    if not ready(t):
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(module.parameters("journal_mb=256"))
        stay, dumpers, user = begin(stack, 0)
        books = [Book(), Book("--type", "ns,shm,sem,msg,mq")]
        until(lambda: all(book.counts["mq", "present"] for book in books), "monitors have begun")
        stress = stack.enter_context(Stress(SECONDS))
        until(lambda: all(book.busy() for book in books), "there is something to tell", 120)
        time.sleep(SECONDS)
        stressors = len(stressors_alive())
        check_stressed(t, stress, stressors)
        stress.end()
        at_end(END)
        for number, member in enumerate(dumpers):
            rounds, rows, doubles, errors = member.result()
            t.note(f"reader {number}: {rounds} rounds, {rows} rows, errors {errors}")
            t.same((doubles, {error for error in errors if "EINTR" not in error and
                              "Interrupted" not in error}), ([], set()),
                   f"reader {number}: no object twice, no error")
            t.ok(rounds > 1, f"reader {number}: {rounds} rounds")
        rounds, complaints = user.result()
        t.same(complaints, [], f"holders, exec, show and attachments, {rounds} rounds")
        until(lambda: set(tool.namespaces()) == set(witness.members()), "no namespace is left", 120)
        shmid = stay[0].call(calls.shmget, MARK + 1, 4096)
        for number, book in enumerate(books):
            name = f"monitor {number}"
            until(lambda: MARK + 1 in book.marks or book.lost, f"{name} has read all",
                  300 + SECONDS * 5)
            t.note(f"{name}: {sum(book.counts.values())} lines,"
                   f" {book.counts['ns', 'created']} namespaces came,"
                   f" {sum(book.counts[kind, 'created'] for kind in KINDS)} objects")
            t.same(book.lost, [], f"{name}: nothing lost")
            t.same(book.wrong, [], f"{name}: each comes once, and ends once; no identity returns")
            t.same({nsid: sorted(things) for nsid, things in book.alive.items()},
                   {nsid: sorted(things) for nsid, things in everything().items()},
                   f"{name}: what came and did not end is what there is")
            t.same((book.sum("ns"), {kind: book.sum(kind) for kind in KINDS}),
                   (len(book.alive), {kind: sum(what == kind for things in book.alive.values()
                                                for what, _ in things) for kind in KINDS}),
                   f"{name}: created - destroyed = alive")
            status, said = book.end()
            t.same(status, 0, f"{name}: ends as it should: {said.strip()}")
        stay[0].call(calls.shm_remove, shmid)
        status = events.status()
        t.same((status["dying"], status["missed"], status["dropped"]), (0, 0, 0),
               "status: none dying, none missed, none dropped")
        t.same((status["dumps"], status["dump-bytes"]), (0, 0), "status: no dump is open")
        check_witness(t, stay)


@scene("loading and unloading beside stressors")
def reload(t):
    if QUICK:
        t.skip("loading and unloading beside stressors",
               "takes minutes: with --full only; storm.py does it too")
        return
    if not ready(t):
        return
    with contextlib.ExitStack() as stack:
        # On a slow kernel there would be a dump, which holds the module, at any time.
        stay, dumpers, user = begin(stack, PACE ** 2)
        follower = subprocess.Popen(["ipcnsctl", "monitor", "--follow-module", "--snapshot"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        until(lambda: "ipc_addid" in events.armed(), "the monitor listens")
        stress = stack.enter_context(Stress(SECONDS, nice=10))
        started, cycles = time.monotonic(), 0
        # So that rmmod has a turn between two dumps.
        stack.callback(os.setpriority, os.PRIO_PROCESS, 0, 0)
        os.setpriority(os.PRIO_PROCESS, 0, -15)
        while cycles < CYCLES and time.monotonic() - started < SECONDS * 3 * PACE:
            references = collections.Counter()
            try:
                until(lambda: unload(references), f"rmmod {cycles + 1}", 60)
            except Failed:
                t.note(f"references on the module, how often seen: {dict(references)}")
                raise
            module.load()
            cycles += 1
            if cycles % 100 == 0:
                t.note(f"{cycles} cycles in {time.monotonic() - started:.0f} s")
        t.ok(cycles >= min(CYCLES, SECONDS // 3), f"{cycles} times unloaded and loaded")
        check_stressed(t, stress, len(stressors_alive()))
        stress.end()
        at_end(END)
        for number, member in enumerate(dumpers):
            rounds, rows, doubles, _ = member.result()
            t.same(doubles, [], f"reader {number}: no object twice in {rounds} rounds, {rows} rows")
        rounds, complaints = user.result()
        t.note(f"{rounds} rounds of holders, exec and show")
        t.same([each for each in complaints if "unloaded" not in each[2]], [],
               "holders, exec and show: they work, or say that the module is not there")
        t.ok(follower.poll() is None, "a monitor follows the module")
        follower.send_signal(signal.SIGINT)
        said = follower.communicate()[1].decode(errors="replace")
        t.ok(follower.returncode == 0, "and ends as it should", said)
        check_witness(t, stay)


if __name__ == "__main__":
    main()
