#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240 sanitize
"""ipcnsctl history, and --since and --until: what happened, asked for afterwards."""

import contextlib
import json
import os
import re
import struct
import subprocess
import time

from lib import calls, events, module, tool
from lib.member import Member
from lib.tap import PACE, main, scene, until

JOURNALCTL = "/usr/bin/journalctl"
ON_DEMAND = "creations and changes of objects are on record only"


def history(*args, stderr=""):
    """Events of history -J; stderr has to match."""
    done = tool.ipcnsctl("history", "-J", *args)
    assert done.returncode == 0 and re.fullmatch(stderr, done.stderr), done
    return [json.loads(line) for line in done.stdout.splitlines()]


def named(found):
    """What happened, in short."""
    return [f"{event['object']},{event['event']}" for event in found if "object" in event]


def remove_one_of_each():
    """Objects made and removed; their ids."""
    ids = calls.shmget(0x51, 100), calls.semget(0x51, 1), calls.msgget(0x51)
    calls.shm_remove(ids[0])
    calls.sem_remove(ids[1])
    calls.msg_remove(ids[2])
    os.close(calls.mq_open(b"left", 3, 30))
    calls.mq_unlink(b"left")
    return ids


@scene("who removed it, with default settings, after the fact")
def removed(t):
    with Member() as member:
        ids = member.call(remove_one_of_each)
        found = history("-e", "destroyed", member.inode)
        t.same([(event["object"], event.get("id"), event["pid"], event["reason"])
                for event in found if event["object"] != "mq"],
               list(zip(("shm", "sem", "msg"), ids, [member.pid] * 3, ["removed"] * 3)),
               "each of them, by the process that did it")
        t.ok("mq,destroyed" in named(found), "and the queue", found)
        done = tool.ipcnsctl("history", "-e", "sem.destroyed", member.inode)
        t.same((done.returncode, done.stderr), (0, ""), "nothing missing: nothing on stderr")
        t.ok(re.fullmatch(r"\[[-0-9T:.]+\] \[sem,destroyed\] ns=%d nsid=\d+ id=%d .*pid=%d .*\n"
                          % (member.inode, ids[1], member.pid), done.stdout), "as a line", done)
        begin = time.monotonic()
        done = tool.ipcnsctl("history", "-t", "sem", member.inode)
        t.same(done.stderr.count("\n"), 1, "creations were not recorded: one line")
        t.contains(done.stderr, ON_DEMAND, "which says so")
        t.same(tool.ipcnsctl("history", "-q", "-t", "sem", member.inode).stderr, "",
               "but not with -q")
        t.ok(time.monotonic() - begin < 5 * PACE, "it does not wait")
        nsid = tool.namespace(member.inode)["nsid"]
        inode = member.inode
    until(lambda: inode not in tool.namespaces(), "the namespace is gone")
    t.ok("sem,destroyed" in named(history("-e", "destroyed", inode)),
         "by the inode number of a namespace that is gone")
    t.same(named(history("-t", "ns", f"id={nsid}"))[-1], "ns,destroyed", "or by its identity")
    done = tool.ipcnsctl("history", "4026599999")
    t.same((done.returncode, done.stdout), (1, ""), "one that never was: exit 1")
    t.contains(done.stderr, 'no IPC namespace "4026599999", and no event of one', "and a line")


@scene("with record=objects creations are there, too")
def recorded(t):
    with module.parameters("record=objects"), Member() as member:
        member.call(remove_one_of_each)
        found = history("-t", "shm,sem,msg", member.inode)
        t.same(named(found), ["shm,created", "sem,created", "msg,created", "shm,destroyed",
                              "sem,destroyed", "msg,destroyed"], "all that happened")


def lines_of(*args):
    """Lines of a command that ends by itself."""
    return tool.ipcnsctl(*args).stdout.splitlines()


@scene("--since and --until, by time and by number")
def spans(t):
    with Member() as member:
        nsid = tool.namespace(member.inode)["nsid"]
        member.call(remove_one_of_each)
        time.sleep(1.2)
        middle = time.time()
        time.sleep(1.2)
        member.call(remove_one_of_each)
        found = history("-e", "destroyed", f"id={nsid}")
        early = [event for event in found if wall(event) < middle]
        late = [event for event in found if wall(event) > middle]
        t.same((len(early), len(late)), (4, 4), "four before, four after")
        t.same(history("-e", "destroyed", "--until", f"@{middle:.6f}", f"id={nsid}"), early,
               "until a time")
        t.same(history("-e", "destroyed", "--since", f"@{middle:.6f}", f"id={nsid}"), late,
               "since a time")
        ago = time.time() - middle
        t.same(history("-e", "destroyed", "--since", f"{ago * 1000:.0f} ms ago", f"id={nsid}"),
               late, "so long ago")
        clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(middle)) + f"{middle % 1:.6f}"[1:]
        t.same(history("-e", "destroyed", "--since", clock, f"id={nsid}"), late,
               f"by the clock: {clock}")
        t.same(history("-e", "destroyed", "--since", late[0]["seq"], f"id={nsid}"), late,
               "since a number")
        t.same(history("-e", "destroyed", "--since", early[0]["seq"], "--until", early[-1]["seq"],
                       f"id={nsid}"), early, "from number to number")
        t.same(lines_of("monitor", "-e", "destroyed", "--since", "1", "--until", "now",
                        f"id={nsid}"),
               lines_of("history", "-e", "destroyed", f"id={nsid}"),
               "monitor with both has the same lines, and ends")
        t.same(lines_of("monitor", "-e", "destroyed", "--since", "1", "--until",
                        early[-1]["seq"], f"id={nsid}")[-1:],
               lines_of("history", "-e", "destroyed", "--until", early[-1]["seq"],
                        f"id={nsid}")[-1:],
               "by number, too")
        # what an earlier monitor asked for says nothing of this one
        until(lambda: "ipc_addid" not in events.armed(), "nobody listens")
        begin = time.time()
        with subprocess.Popen(["ipcnsctl", "monitor", "-J", "-t", "sem", "--until", "+10s",
                               f"id={nsid}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, encoding="utf-8") as process:
            until(lambda: {"ipc_addid"} & events.armed(), "it listens")
            time.sleep(1)       # its next request says that all is recorded: what follows is news
            member.call(calls.sem_remove, member.call(calls.semget, 0x52, 1))
            out, _ = process.communicate(timeout=60 * PACE)
        t.same((process.returncode, named(json.loads(line) for line in out.splitlines())),
               (0, ["sem,created", "sem,destroyed"]), "monitor --until +10s: what came meanwhile")
        t.ok(10 <= time.time() - begin < 10 + 20 * PACE, "and 0 when that is over")
        begin = time.time()
        t.same(tool.ipcnsctl("wait", "--until", "+1s", f"id={nsid}").returncode, 124,
               "wait --until: 124")
        t.ok(1 <= time.time() - begin < 1 + 20 * PACE, "when it is over")
        done = tool.ipcnsctl("history", "--since", "100000000")
        t.same((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1),
               "a number that is not there yet: 1")


def wall(event):
    """Seconds since the epoch."""
    return float(subprocess.run(["date", "-d", event["time"], "+%s.%N"], capture_output=True,
                                check=True, encoding="ascii").stdout)


@scene("a journal that has wrapped")
def wrapped(t):
    with module.parameters("journal_mb=1"), Member() as member:
        start = time.time()
        member.call(storm, 20000)
        found = history("-q", "-e", "sem.destroyed")
        t.ok(0 < len(found) < 20000, "it holds some of them", len(found))
        done = tool.ipcnsctl("history", "-e", "sem.destroyed")
        t.ok(re.fullmatch(r"ipcnsctl: the module holds nothing from before event \d+, of .*\n",
                          done.stderr), "one line says since when", done.stderr)
        found = history("-e", "sem.destroyed", "--since", f"@{start:.6f}")
        t.same((found[0]["event"], found[0]["cause"], found[0]["from"]), ("lost", "overwritten", 1),
               "since a time before that: a line lost")
        late = found[len(found) // 2]
        t.same(history("-e", "sem.destroyed", "--since", f"@{wall(late):.6f}")[0]["event"],
               "destroyed", "since a later one: nothing is missing")
        t.same(history("-e", "sem.destroyed", "--since", 2)[0]["to"], found[0]["to"],
               "since a number: the same line")


def storm(times):
    """Many lives of a semaphore."""
    for _ in range(times):
        calls.sem_remove(calls.semget(0, 1))


def entry(fields):
    """One entry, as journalctl exports it."""
    data = b""
    for name, value in fields.items():
        if name == "IPCNS_COMM":
            data += name.encode() + b"\n" + struct.pack("<Q", len(value)) + value + b"\n"
        else:
            data += name.encode() + b"=" + value + b"\n"
    return data + b"\n"


@contextlib.contextmanager
def journalctl(data):
    """A journalctl that exports this; what it was called with is in /run/journalctl.args."""
    with open("/run/journalctl.data", "wb") as file:
        file.write(data)
    kept = os.path.exists(JOURNALCTL)
    if kept:
        os.rename(JOURNALCTL, JOURNALCTL + ".kept")
    with open(JOURNALCTL, "w", encoding="ascii") as file:
        file.write('#!/bin/sh\necho "$@" > /run/journalctl.args\ncat /run/journalctl.data\n')
    os.chmod(JOURNALCTL, 0o755)
    try:
        yield
    finally:
        os.unlink(JOURNALCTL)
        if kept:
            os.rename(JOURNALCTL + ".kept", JOURNALCTL)


@scene("what the systemd journal has, too")
def systemd(t):
    # pylint: disable-next=import-outside-toplevel
    import journald
    with journald.Journal() as journal:
        first = events.next_number()
        with journald.monitor(), Member() as member:
            inode = member.inode
            member.call(remove_one_of_each)
            last = events.next_number() - 1
            journal.number(last)
        entries = [{**item, "_BOOT_ID": b"0" * 32} for item in journal.entries]
    want = history("-q", "--since", first, "--until", last, inode)
    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        boot = file.read().strip().replace(b"-", b"")
    data = b"".join(map(entry, entries)) + b"_BOOT_ID=" + b"1" * 32 + b"\nIPCNS_EVENT=forged\n\n"
    with journalctl(data):
        found = history("-q", "--journal", "-e", "sem", inode)
        old = [event for event in want if event.get("object") == "sem"]
        t.same(found[:len(old)], old, "of another boot: exactly as it was")
        t.same(found[len(old):], history("-q", "-e", "sem", inode), "before what the module holds")
        with open("/run/journalctl.args", encoding="ascii") as file:
            t.contains(file.read(), "_SYSTEMD_UNIT=ipcns-monitor.service", "of the unit alone")
        t.same(history("-q", "--journal", "-e", "sem", "--until", "yesterday", inode), [],
               "--until holds for both")
    with journalctl(b"".join(entry({**item, "_BOOT_ID": boot}) for item in journal.entries)):
        t.same(history("-q", "--journal", "-e", "sem", inode), history("-q", "-e", "sem", inode),
               "what the module holds itself comes once")
        with module.parameters("journal_mb=2"):
            t.same(history("-q", "--journal", "-e", "sem", inode), old,
                   "after the module was loaded anew it is there")
    with journalctl(b"IPCNS_EVENT=destroyed\nMESSAGE\n" + b"\xff" * 8 + b"x"):
        t.same(history("-q", "--journal", "-e", "sem", "--since", "now"), [], "nonsense: nothing")
    if not os.path.exists(JOURNALCTL):
        done = tool.ipcnsctl("history", "--journal")
        t.same((done.returncode, done.stdout, done.stderr),
               (1, "",
                "ipcnsctl: cannot read the systemd journal: there is no /usr/bin/journalctl\n"),
               "no journalctl: one line, and 1")


if __name__ == "__main__":
    main()
