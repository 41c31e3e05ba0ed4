#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=120
"""POSIX message queues, against mqueue mounted inside."""

import glob
import json
import os
import signal

from lib import calls, compare, tool, wire, witness
from lib.member import Member, sleeping
from lib.tap import main, scene, until


def on_wire(inode):
    """Every queue of a namespace: {name: nest, with the object's own attributes}."""
    with wire.Socket() as link:
        rows = link.dump("object", {"ns-inum": inode, "kinds": 1 << wire.KIND["mq"]})
        return {row["name"]: {**row, **row["mq"]} for row in rows}


@scene("attributes and content")
def content(t):
    with Member() as member:
        shapes = {b"one": (1, 1), b"ten": (10, 8192), b"five": (5, 77)}
        for name, (maxmsg, msgsize) in shapes.items():
            fd = member.call(calls.mq_open, name, maxmsg, msgsize, 0o642)
            for _ in range(maxmsg // 2):
                member.call(calls.mq_send, fd, b"z" * (msgsize // 2), 7)
        fd = member.call(calls.mq_open, b"defaults")
        attributes = {name: member.call(calls.mq_attributes, name)
                      for name in [*shapes, b"defaults"]}
        rows = compare.queues(t, member.pid, member.inode, "content", attributes)
        t.same({name: (row["maxmsg"], row["msgsize"]) for name in shapes
                for row in [rows[compare.queue_name(name)]]}, shapes,
               "MAXMSG and MSGSIZE as asked for")
        compare.totals(t, member.pid, member.inode, "content")
        seen = witness.mqueue(member.pid)
        got = on_wire(member.inode)
        t.same({name: (row["qsize"], row["mode"], row["uid"], row["gid"], row["ctime"])
                for name, row in got.items()},
               {name: (row["qsize"], compare.permissions(row["perms"]), row["uid"], row["gid"],
                       row["ctime"]) for name, row in seen.items()},
               "on the wire: qsize, mode, owner and time of the file")


def openers(inode, *args):
    """OPENERS of every queue of a namespace."""
    return {row["name"]: row["openers"] for row in
            tool.rows("objects", "--type", "mq", "-o", "NAME,OPENERS", *args, inode)}


@scene("who has each queue open")
def opened(t):
    path = "/run/queues"
    os.mkdir(path)
    with Member() as member, Member() as other, Member(join=member.pid) as third:
        for each in (member, other):
            each.call(os.close, each.call(calls.mq_open, b"left", 1, 1))
        fds = [member.call(calls.mq_open, b"work", 1, 1) for _ in range(2)]
        t.same(openers(member.inode), {"/left": [], "/work": [member.pid]},
               "one process, with two descriptors")
        pids = member.call(calls.attachers, 2)
        third.call(calls.mq_open, b"work")
        other.call(calls.mq_open, b"work", 1, 1)
        family = sorted([member.pid, *pids, third.pid])
        t.same(openers(member.inode), {"/left": [], "/work": family},
               "its children, and another process; not those of a namespace with the same names")
        t.same(openers(other.inode), {"/left": [], "/work": [other.pid]}, "which has its own")
        member.call(calls.mount, "mqueue", path, "mqueue")
        mine = os.open(f"{path}/left", os.O_RDONLY)
        t.same(openers(member.inode)["/left"], [os.getpid()], "opened as a file")
        os.close(mine)
        witness_pids = {int(name.split("/")[2]) for name in glob.glob("/proc/[0-9]*/fd/*")
                        if os.path.islink(name) and os.readlink(name) == "/work"}
        t.same({*family, other.pid}, witness_pids, "as /proc/PID/fd shows")
        data = tool.in_depth("mq", member.inode, "--name", "work")
        t.same(data["objects"][0]["openers"], family, "in depth: without being asked for")
        third.call(calls.setns, "/proc/1/ns/ipc")
        member.call(calls.mq_unlink, b"work")
        t.same(openers(member.inode)["/work"], family, "unlinked, and one of them elsewhere")
        member.call(calls.end_children, pids)
        for fd in fds:
            member.call(os.close, fd)
        t.same(openers(member.inode)["/work"], [third.pid], "only the last is left")
        lines = tool.output("objects", "--type", "mq", "-r", "-o", "NAME,OPENERS", member.inode)
        t.ok(f"/work {third.pid}" in lines.splitlines(), "raw, too", lines)
    calls.umount(path)
    os.rmdir(path)


def wait_for(fd, signo, method=calls.SIGEV_SIGNAL):
    """Asks to be notified, the signal ignored."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    calls.mq_notify(fd, signo, method)


@scene("processes to be notified")
def notified(t):
    with Member() as member, Member(join=member.pid) as other:
        for name in (b"none", b"signal", b"silent"):
            fd = member.call(calls.mq_open, name, 2, 50)
        # mq_open's descriptors are the process's own.
        fd = other.call(calls.mq_open, b"signal")
        other.call(wait_for, fd, signal.SIGUSR1)
        silent = member.call(calls.mq_open, b"silent")
        member.call(wait_for, silent, 0, calls.SIGEV_NONE)

        seen = witness.mqueue(member.pid)
        attributes = {name: (2, 50, 0) for name in seen}
        rows = compare.queues(t, member.pid, member.inode, "notified", attributes)
        t.same({name: row["notifypid"] or None for name, row in rows.items()},
               {"/none": None, "/signal": other.pid, "/silent": member.pid}, "NOTIFYPID")
        got = on_wire(member.inode)
        t.same({name: tuple(got[name].get(f"notify-{what}") for what in ("pid", "method", "signo"))
                for name in seen},
               {name: (row["notify_pid"], row["notify"], row["signo"]) if row["notify_pid"]
                else (None, None, None) for name, row in seen.items()},
               "on the wire: registrations as the files show them")
        t.same(got[b"signal"]["notify-signo"], signal.SIGUSR1, "the signal asked for")
        writer = member.call(calls.mq_open, b"signal")
        member.call(calls.mq_send, writer, b"come")
        until(lambda: not witness.mqueue(member.pid)[b"signal"]["notify_pid"], "notified")
        compare.queues(t, member.pid, member.inode, "after the notification",
                       {**attributes, b"signal": (2, 50, 1)})
        member.call(calls.mq_notify, silent, None)
        compare.queues(t, member.pid, member.inode, "registration withdrawn",
                       {**attributes, b"signal": (2, 50, 1)})


@scene("senders and receivers that sleep")
def asleep(t):
    with Member() as member:
        full = member.call(calls.mq_open, b"full", 1, 10)
        member.call(calls.mq_send, full, b"x")
        member.call(calls.mq_open, b"empty", 1, 10)
        others = [Member(join=member.pid) for _ in range(5)]
        for place, other in enumerate(others):
            name, function, argument, number = (
                (b"full", calls.mq_send, b"y", calls.NR_MQ_SEND) if place < 3 else
                (b"empty", calls.mq_receive, 10, calls.NR_MQ_RECEIVE))
            fd = other.call(calls.mq_open, name)
            other.start(function, fd, argument)
            other.sleeps_in(number)
        want = {b"full": (0, 3), b"empty": (2, 0)}
        t.same({name: (row["receivers"], row["senders"]) for name, row in
                on_wire(member.inode).items()}, want, "waiters on the wire")
        rows = tool.rows("objects", "--type", "mq", "-o", "NAME,RECEIVERS,SENDERS", member.inode)
        t.same({row["name"][1:].encode(): (row["receivers"], row["senders"]) for row in rows}, want,
               "waiters in the table")
        others[4].end()
        member.call(calls.mq_receive, full, 10)
        until(lambda: sum(sleeping(o.pid) == calls.NR_MQ_SEND for o in others[:3]) == 2,
              "one sender woken")
        t.same({name: (row["receivers"], row["senders"]) for name, row in
                on_wire(member.inode).items()}, {b"full": (0, 2), b"empty": (1, 0)},
               "one of each less")
        for other in others:
            other.end()


@scene("unlinked while open")
def unlinked(t):
    with Member() as member:
        fd = member.call(calls.mq_open, b"gone", 4, 40)
        member.call(calls.mq_send, fd, b"still inside")
        member.call(calls.mq_open, b"stays", 4, 40)
        member.call(calls.mq_unlink, b"gone")
        t.same(sorted(witness.mqueue(member.pid)), [b"stays"], "a mount shows the other only")
        rows = {row["name"]: row for row in tool.objects("mq", member.inode)}
        t.same({name: row["status"] or None for name, row in rows.items()},
               {"/gone": "unlinked", "/stays": None}, "STATUS unlinked, and the name it had")
        # The open descriptor's file still tells.
        with open(f"/proc/{member.pid}/fd/{fd}", "rb") as file:
            qsize = int(file.read().split()[0].partition(b":")[2])
        t.same((rows["/gone"]["usedbytes"], rows["/gone"]["msgs"]), (qsize, 1),
               "USEDBYTES and MSGS")
        compare.queues(t, member.pid, member.inode, "the other", {b"stays": (4, 40, 0)},
                       [b"gone"])
        t.same(tool.namespace(member.inode)["mq"], 2, "the list counts both")
        member.call(calls.mq_open, b"gone", 2, 20)
        rows = [(row["name"], row["status"] or None) for row in tool.objects("mq", member.inode)]
        t.same(sorted(rows, key=str), sorted([("/gone", "unlinked"), ("/gone", None),
                                              ("/stays", None)], key=str),
               "a new queue of the same name beside it")
        member.call(os.close, fd)
        t.same(sorted(row["name"] for row in tool.objects("mq", member.inode)),
               ["/gone", "/stays"], "gone with its last descriptor")


NAMES = [b"plain", b"with space", b"tab\tnewline\n", b"\x01\x1b[31m\x7f", b"\xff\xfe\x80",
         "größe-消息".encode(), b'quote"back\\slash', b"\\x41", b"x" * 255, b"\xc3", b"..."]


@scene("names of any bytes")
def names(t):
    with Member() as member:
        for name in NAMES:
            member.call(os.close, member.call(calls.mq_open, name, 1, 1))
        seen = witness.mqueue(member.pid)
        t.same(set(seen), set(NAMES), "the mount shows all names")
        t.same(set(on_wire(member.inode)), set(NAMES), "so does the wire, byte for byte")
        text = tool.output("objects", "-J", "--type", "mq", member.inode)
        got = [row["name"] for row in json.loads(text)["objects"]]
        t.same(len(set(got)), len(NAMES), "-J is valid JSON, and no two names look alike")
        t.same(sorted(got), sorted(compare.queue_name(name) for name in NAMES), "names, escaped")
        for words in (["-r"], []):
            text = tool.output("objects", "-n", *words, "--type", "mq", "-o", "NS,NAME",
                               member.inode)
            t.same(len(text.splitlines()), len(NAMES), f"one line for each with {words}")
            t.ok(all(char.isprintable() or char == "\n" for char in text),
                 f"nothing that a terminal obeys with {words}", repr(text))
        text = tool.output("objects", "-n", "-r", "--type", "mq", "-o", "NAME,MAXMSG",
                           member.inode)
        t.ok(all(len(line.split(" ")) == 2 for line in text.splitlines()),
             "raw lines split at spaces", repr(text))


if __name__ == "__main__":
    main()
