#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=420
"""The verdict: what it finds, and what is close to each of these and no finding."""

import json
import os
import pathlib
import resource
import subprocess
import threading
import time

from lib import calls, module, tool, wire, witness
from lib.events import Listener
from lib.member import Member, sleeping
from lib.tap import main, scene, until
from events import many_namespaces

TAKE = (0, -1, calls.SEM_UNDO)
GIVE = (0, 1, calls.SEM_UNDO)


def findings(*args):
    """All findings; the exit status has to go with them."""
    done = tool.ipcnsctl("check", "-J", *args)
    found = json.loads(done.stdout)["findings"]
    bad = any(row["severity"] != "info" for row in found)
    if done.returncode != (4 if bad else 0) or done.stderr:
        raise ValueError(f"exit {done.returncode}, {done.stderr!r}: {found}")
    return found


def of(member, check, *args):
    """(severity, what) of the findings of one check about the namespace of a member."""
    inode = member if isinstance(member, int) else member.inode
    return [(row["severity"], row["what"]) for row in findings(*args)
            if (row["ns"], row["check"]) == (inode, check)]


def blocked(member, number, function, *args):
    """A member that sleeps in a system call."""
    other = Member(join=member.pid)
    other.start(function, *args)
    other.sleeps_in(number)
    return other


def mutex(member, key):
    """A set with one semaphore of the value 1."""
    ident = member.call(calls.semget, key, 1)
    member.call(calls.semctl, ident, 0, calls.SETVAL, 1)
    return ident


def comm(pid):
    """Number and name of a process, as findings have it."""
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        word = file.read().split(b"\0")[0].decode()
    return f"{pid} {os.path.basename(word)}"


@scene("nothing to say")
def nothing(t):
    with Member() as member:
        member.call(calls.semget, 1, 3)
        member.call(calls.shmat, member.call(calls.shmget, 1, 4096))
        done = tool.ipcnsctl("check")
        t.same((done.stdout, done.stderr, done.returncode), ("ok\n", "", 0), "one line")
        t.same(findings(), [], "an empty list")
        done = tool.ipcnsctl("check", member.inode)
        t.same((done.stdout, done.returncode), ("ok\n", 0), "of one namespace, too")
        t.same(tool.output("check", "-J", "--lines"), "", "no lines")


def create_many(count, first=0):
    """Message queues."""
    for key in range(first, count):
        calls.msgget(key + 1)


@scene("a limit at 79%, at 80% and used up")
def limit(t):
    with Member() as member:
        member.call(witness.set_sysctl, "kernel/msgmni", 100)
        for count, want in ((79, []), (80, [("warn", "MSGMNI: 80 of 100 in use, 80 by user root")]),
                            (100, [("crit", "MSGMNI: 100 of 100 in use, 100 by user root")])):
            member.call(create_many, count)
            t.same(len(witness.sysvipc(member.pid, "msg")), count, f"{count} queues, says /proc")
            t.same(of(member, "limit"), want, f"{count} of 100")
        row, = (row for row in findings(member.inode) if row["check"] == "limit")
        t.same(row["more"], f"ipcnsctl limits --above 80 {member.inode}", "what to type next")
        t.ok(tool.output(*row["more"].split()[1:]).count("MSGMNI") == 1, "which shows it")
        t.same(of(member, "limit", "-t", "msg,shm"),
               [("crit", "MSGMNI: 100 of 100 in use, 100 by user root")],
               "of this kind")
        t.same(of(member, "limit", "-t", "shm,sem,mq"), [], "not of others")
        with Member() as other:
            t.same(findings(other.inode), [], "nor of another namespace")
        member.call(witness.set_sysctl, "kernel/msgmni", 0)
        t.same(of(member, "limit"), [("crit", "MSGMNI: 100 of 0 in use, 100 by user root")],
               "a limit of 0 in use")


def create_sets(uid, *sizes):
    """Semaphore sets and a segment of a user."""
    os.setresuid(uid, uid, uid)
    for size in sizes:
        calls.semget(0, size)
    calls.shmget(0, 1 + sum(sizes) * os.sysconf("SC_PAGESIZE"))


@scene("a limit that is used up, and by whom")
def by_whom(t):
    with Member() as member:
        member.call(witness.set_sysctl, "kernel/sem", "100 30 32 5")
        member.call(witness.set_sysctl, "kernel/shmall", 32)
        many, large = Member(join=member.pid), Member(join=member.pid)
        many.call(create_sets, 4020, 1, 1, 1)
        large.call(create_sets, 4021, 20, 7)
        t.same(of(member, "limit"),
               [("crit", "SHMALL: 32 of 32 in use, 28 by user 4021"),
                ("crit", "SEMMNI: 5 of 5 in use, 3 by user 4020"),
                ("crit", "SEMMNS: 30 of 30 in use, 27 by user 4021")],
               "who has most of each: sets, semaphores, pages")
        for each in (many, large):
            each.end()
        t.same(len(of(member, "limit", "-t", "sem")), 2, "also where they have ended")


def queue_of_user(uid, limit_bytes, maxmsg):
    """Becomes a user and creates a queue."""
    resource.setrlimit(12, (limit_bytes, limit_bytes))
    os.setresuid(uid, uid, uid)
    return calls.mq_open(b"user", maxmsg, 1)


@scene("limits of users")
def users(t):
    one = 48 + 48 + 1       # what the kernel counts for a message of one byte
    full = ", no room for another queue as large as the largest"
    for messages, severity, more in ((5, None, ""), (7, "info", full), (8, "warn", ""),
                                     (10, "crit", "")):
        with Member() as member:
            # Each has a user of its own: a namespace that is still dying counts, too.
            member.call(queue_of_user, 4000 + messages, 10 * one, messages)
            rows = [(row["severity"], row["what"]) for row in findings("-t", "mq")
                    if row["subject"] == f"user {4000 + messages}"]
            t.same(rows, [(severity, f"RLIMIT_MSGQUEUE: {messages * one} of {10 * one} bytes in"
                           f" use{more}")] if severity else [],
                   f"RLIMIT_MSGQUEUE: {messages} of 10")
    path = "/proc/sys/user/max_ipc_namespaces"
    with open(path, encoding="ascii") as file:
        before = file.read()
    try:
        with Member():
            used = len(tool.namespaces()) - 1
            for limit_, severity in ((used * 2, None), (used, "crit")):
                with open(path, "w", encoding="ascii") as file:
                    file.write(str(limit_))
                rows = [row["severity"] for row in findings()
                        if row["what"].startswith("user.max_ipc_namespaces")]
                t.same(rows, [severity] if severity else [],
                       f"max_ipc_namespaces: {used} of {limit_}")
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)


@scene("pinned, by what, and only for a moment")
def pinned(t):
    path = "/run/check-pin"
    with Member() as keeper, Member(flags=0) as holder:
        inode = keeper.inode
        with open(path, "w", encoding="ascii"):
            pass
        calls.mount(f"/proc/{keeper.pid}/ns/ipc", path, None, calls.MS_BIND)
        t.same(of(inode, "pinned"), [], "with a process it is not pinned")
        keeper.end()
        t.same(of(inode, "pinned"), [("info", "pinned without a process by mount")], "by a mount")
        t.same(tool.ipcnsctl("check", inode).returncode, 0, "which engines do: nothing is wrong")
        holder.call(os.open, path, os.O_RDONLY)
        calls.umount(path)
        t.same(of(inode, "pinned"), [("warn", "pinned without a process by nsfs: " +
                                      comm(holder.pid))], "by a descriptor")
        t.same(of(inode, "pinned", "-t", "shm"), [], "that is no object of a kind")
        # It goes while the check waits for the second sample.
        ending = threading.Timer(0.5, holder.end)
        ending.start()
        t.same(of(inode, "pinned"), [], "until the second sample only")
        ending.join()
    os.unlink(path)


@scene("dying, but not for long")
def dying(t):
    shown = False
    for count in (600, 1200, 2400, 4800):
        with Member(flags=0) as member:
            member.call(resource.setrlimit, resource.RLIMIT_NOFILE, (8192, 8192))
            member.call(many_namespaces, count)
        found = [row for row in findings() if row["check"] == "dying"]
        with wire.Socket() as link:
            shown = any(row["state"] == wire.STATE["dying"] for row in link.dump("ns"))
        t.same(found, [], "no finding")
        until(tool.none_dying, "all are gone", 120)
        if shown:
            break
    t.ok(shown, "while some are dying")


@scene("a namespace that ends between the two samples")
def ended_meanwhile(t):
    with Member() as member:
        inode, ident = member.inode, mutex(member, 1)
        member.call(calls.semop, ident, TAKE)
        waiting = blocked(member, calls.NR_SEMTIMEDOP, calls.semop, ident, TAKE)
        with subprocess.Popen(["ipcnsctl", "check", "-J"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as check:
            until(lambda: sleeping(check.pid) == calls.NR_CLOCK_NANOSLEEP, "it waits")
            waiting.end()
            member.end()
            out, err = check.communicate()
    found = json.loads(out)["findings"]
    t.ok(check.returncode in (0, 4) and not err, "the verdict is given", (check.returncode, err))
    t.same([row for row in found if row["ns"] == inode and row["check"] == "blocked"], [],
           "and nothing waits there")


@scene("dying for long")
def dying_long(t):
    """The kernel of 6.1 waits for a grace period for each namespace, later ones for all at once."""
    with Member(flags=0) as member:
        member.call(resource.setrlimit, resource.RLIMIT_NOFILE, (4096, 4096))
        member.call(many_namespaces, 1500)
    begin, found = time.monotonic(), []
    while not found and not tool.none_dying():
        time.sleep(1)
        found = [row for row in findings() if row["check"] == "dying"]
    took = time.monotonic() - begin
    until(tool.none_dying, "all are gone", 120)
    if not found and took < 15:
        t.skip("a finding", f"this kernel was done with them after {took:.0f} s")
        return
    t.same({row["severity"] for row in found}, {"warn"}, "found")
    t.ok(took >= 10, f"after {took:.0f} s")
    t.same([row for row in findings() if row["check"] == "dying"], [], "and not when they are gone")


@scene("orphans, and what is none")
def orphans(t):
    with Member() as member:
        with Member(join=member.pid) as creator:
            ident = creator.call(calls.shmget, 7, 5000)
            attached = creator.call(calls.shmget, 8, 5000)
            t.same(of(member, "orphans"), [], "their creator lives")
            member.call(calls.shmat, attached)
        t.same(of(member, "orphans"), [("warn", "1 shm orphan, 4.9K")], "one is attached")
        row, = (row for row in findings(member.inode) if row["check"] == "orphans")
        shown = json.loads(tool.output(*row["more"].split()[1:], "-J"))["objects"]
        t.same([each["id"] for each in shown], [ident], "what to type next shows it")
        t.same(of(member, "orphans", "-t", "sem,msg"), [], "of other kinds")
        member.call(calls.shm_remove, ident)
        t.same(of(member, "orphans"), [], "removed")


@scene("orphaned sets, queues and files")
def other_orphans(t):
    with Member() as member:
        with Member(join=member.pid) as creator:
            creator.call(calls.semget, 7, 3)
        t.same(of(member, "orphans"), [("warn", "1 sem orphan, 0B")], "a set")
    file = pathlib.Path("/dev/shm/forgotten")
    file.write_bytes(b"x" * 5000)
    found = [row for row in findings() if row["check"] == "orphans" and "pshm" in row["what"]]
    t.same([row["what"] for row in found], ["1 pshm orphan, 8K"], "a file")
    shown = json.loads(tool.output(*found[0]["more"].split()[1:], "-J"))["objects"]
    t.same([row["key"] for row in shown], [f"/{file.name}"], "what to type next shows it")
    with open(file, "rb"):
        t.same([row for row in findings("-t", "pshm") if row["check"] == "orphans"], [],
               "while it is open, it is none")
    file.unlink()


def take_turns(ident, stop_at):
    """Takes and gives back a semaphore, again and again."""
    while time.monotonic() < stop_at:
        calls.semop(ident, TAKE)
        time.sleep(0.15)
        calls.semop(ident, GIVE)


@scene("blocked, and what only waits")
def waits(t):
    with Member() as member:
        held, free = mutex(member, 1), mutex(member, 2)
        holder = Member(join=member.pid)
        holder.call(calls.semop, held, TAKE)
        waiter = blocked(member, calls.NR_SEMTIMEDOP, calls.semop, held, TAKE)
        t.same(of(member, "blocked"), [("warn", f"{comm(waiter.pid)} waits for semaphore 0 of set"
                                        f" {held}, taken by {comm(holder.pid)}")], "one")
        second = blocked(member, calls.NR_SEMTIMEDOP, calls.semop, held, TAKE)
        t.same(of(member, "blocked"), [("warn", f"{comm(waiter.pid)} and 1 more wait for semaphore"
                                        f" 0 of set {held}, taken by {comm(holder.pid)}")], "two")
        t.same(of(member, "blocked", "-t", "msg"), [], "not of that kind")
        for each in (holder, waiter, second):
            each.end()
        t.same(of(member, "blocked"), [], "nobody is left")

        # Three who take turns: somebody always waits, and nobody for long.
        stop_at = time.monotonic() + 30
        three = [Member(join=member.pid) for _ in range(3)]
        for each in three:
            each.start(take_turns, free, stop_at)
        until(lambda: member.call(calls.semctl, free, 0, calls.GETNCNT), "somebody waits")
        for attempt in range(3):
            # where the machine stands still for the second between the samples, so do they
            found = of(member, "blocked") and of(member, "blocked")
            t.same(found, [], f"they take turns, {attempt + 1}")
        for each in three:
            each.end()

        # Servers that have nothing to do.
        queue = member.call(calls.msgget, 3)
        event = member.call(calls.semget, 4, 1)
        idle = [blocked(member, calls.NR_MSGRCV, calls.msgrcv, queue),
                blocked(member, calls.NR_SEMTIMEDOP, calls.semop, event, (0, -1))]
        rows = [row for row in findings(member.inode) if row["check"] == "blocked"]
        t.same([(row["severity"], row["what"].split()[0]) for row in rows], [("info", "2")],
               "idle servers: nothing is wrong")
        t.same([(row["ns"], row["more"]) for row in rows],
               [(member.inode, f"ipcnsctl waiters {member.inode}")], "and where they are")
        with Member() as elsewhere:
            idle.append(blocked(elsewhere, calls.NR_MSGRCV, calls.msgrcv,
                                elsewhere.call(calls.msgget, 3)))
            inodes = sorted((member.inode, elsewhere.inode))
            rows = [(row["ns"], row["subject"], row["more"]) for row in findings(*inodes)]
            t.same(rows, [(None, " ".join(map(str, inodes)),
                           "ipcnsctl waiters " + " ".join(map(str, inodes)))],
                   "in several namespaces: all of them")
            idle.pop().end()
        done = tool.ipcnsctl("check", member.inode)
        t.same((done.returncode, done.stdout.splitlines()[0]), (0, "ok"), "and it says so")
        for each in idle:
            each.end()

        # A queue that is full, and nobody reads.
        for _ in range(2):
            member.call(calls.msgsnd, queue, b"x" * 8000)
        sender = blocked(member, calls.NR_MSGSND, calls.msgsnd, queue, b"x" * 8000)
        t.same(of(member, "blocked"), [("warn", f"{comm(sender.pid)} waits for room in queue"
                                        f" {queue}")], "a sender")
        sender.end()


@scene("cycles")
def cycles(t):
    with Member() as member, Member(join=member.pid) as first, Member(join=member.pid) as second:
        idents = mutex(member, 1), mutex(member, 2)
        first.call(calls.semop, idents[0], TAKE)
        second.call(calls.semop, idents[1], TAKE)
        first.start(calls.semop, idents[1], TAKE)
        first.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same(of(member, "cycle"), [], "not yet")
        second.start(calls.semop, idents[0], TAKE)
        second.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same(of(member, "cycle"), [("crit", f"{comm(first.pid)}, {comm(second.pid)} wait for"
                                      " each other")], "two")
        t.same(of(member, "blocked"), [], "who are not named once more")
        lines = tool.ipcnsctl("check").stdout.splitlines()
        t.ok(lines[0].startswith("crit ") and
             lines[0].endswith(f"[ipcnsctl waiters {member.inode}]"),
             "the most severe first, and where", lines)
        t.ok(all(len(line) <= 100 for line in lines), "in lines that are not long", lines)
        second.end()
        first.result()
        t.same(of(member, "cycle"), [], "one ends")


@scene("what the module finds wrong with itself")
def itself(t):
    switch = pathlib.Path("/sys/kernel/debug/kprobes/enabled")
    with Listener():
        switch.write_text("0", encoding="ascii")
        try:
            status = json.loads(tool.ipcnsctl("status", "-J").stdout)["status"]
            found = findings("-t", "shm")
        finally:
            switch.write_text("1", encoding="ascii")
        t.ok(status["problems"], "status has a problem")
        t.same([row for row in found if row["subject"] == "module"], status["problems"],
               "the same as status")
        until(lambda: json.loads(tool.ipcnsctl("status", "-J").stdout)["status"]["events_live"],
              "live again")


def shorten(text):
    """A finding as it stands in a line of JSON."""
    return {name: text[name] for name in ("severity", "check", "ns", "what")}


@scene("forms of output")
def forms(t):
    members = [Member() for _ in range(12)]
    for member in members:
        with Member(join=member.pid) as creator:
            creator.call(calls.shmget, 7, 100)
    found = findings()
    t.same(sorted(row["ns"] for row in found), sorted(each.inode for each in members),
           "twelve, one each")
    lines = [json.loads(line) for line in
             tool.ipcnsctl("check", "-J", "--lines").stdout.splitlines()]
    t.same([shorten(row) for row in lines], [shorten(row) for row in found], "JSON Lines")
    text = tool.ipcnsctl("check").stdout.splitlines()
    t.same((len(text), text[-1]), (11, "warn orphans: 2 more [ipcnsctl check --all]"),
           "of many alike, ten and how many more")
    t.same(len(tool.ipcnsctl("check", "--all").stdout.splitlines()), 12, "--all: all")
    raw = tool.ipcnsctl("check", "-r", "-n", "-o", "SEVERITY,NS").stdout.splitlines()
    t.same(raw, [f"warn {row['ns']}" for row in found], "raw")
    t.same(len(findings(*(each.inode for each in members[:9]))), 9, "of nine namespaces")
    for member in members:
        member.end()
    for arguments, want in ((["--lines"], "--lines needs -J"), (["-t", "x"], "unknown type: x"),
                            (["1234"], "no IPC namespace")):
        done = tool.ipcnsctl("check", *arguments)
        t.ok(done.returncode == 1 and want in done.stderr, f"{arguments}: {want}", done)


@scene("another user")
def another_user(t):
    done = tool.ipcnsctl("check", user=1000, group=1000)
    t.ok(done.returncode == 1 and not done.stdout, "is refused, and nothing is said to be ok", done)
    with module.parameters("access=owner"):
        done = tool.ipcnsctl("check", user=1000, group=1000)
        t.ok(done.stderr.count("\n") == 1 and "only a part" in done.stderr,
             "an owner is told that it is a part", done)
        done = tool.ipcnsctl("check", "-q", user=1000, group=1000)
        t.same(done.stderr, "", "unless they do not want to know")


if __name__ == "__main__":
    main()
