#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=90
"""The scripts in examples/, as a reader would run them."""

import os
import subprocess

from lib import calls, module
from lib.member import Member
from lib.tap import main, scene, until

EXAMPLES = "/root/examples"


def example(name, *args):
    """Runs one; a CompletedProcess."""
    return subprocess.run([f"{EXAMPLES}/{name}", *map(str, args)], stdin=subprocess.DEVNULL,
                          capture_output=True, encoding="utf-8", timeout=60, check=False)


@scene("arguments")
def arguments(t):
    for path in sorted(os.listdir(EXAMPLES)):
        if path.endswith(".c"):
            continue
        done = example(path, "--help")
        t.ok(done.returncode == 0 and done.stdout.startswith(f"usage: {path}") and not done.stderr,
             f"{path} --help", done)
        done = example(path, "too", "many", "of", "them")
        t.ok(done.returncode == 1 and not done.stdout and "usage: " in done.stderr,
             f"{path}: wrong arguments", done)


@scene("a message in one namespace is not in another")
def messages(t):
    done = example("messages")
    t.same((done.returncode, done.stderr), (0, ""), "messages: exit 0")
    lines = done.stdout.splitlines()
    t.same([line for line in lines if "namespace:" in line],
           ["send in the first namespace: done", "receive in the second namespace: nothing there",
            "receive in the first namespace: done"], "what went where")
    t.same(sorted(line.split()[2] for line in lines if "0x00001234" in line), ["0", "1"],
           "two queues with one key, one message")


@scene("namespaces within namespaces")
def nested(t):
    done = example("nested")
    t.same((done.returncode, done.stderr), (1, "nested: load the module with access=owner\n"),
           "nested: says what it needs")
    with module.parameters("access=owner"):
        done = example("nested")
    t.same((done.returncode, done.stderr), (0, ""), "nested: exit 0")
    outer, _, inner = done.stdout.partition("Seen by root of the inner one:\n")
    rows = [[line.split() for line in part.splitlines() if line[:1].isdigit()]
            for part in (outer, inner)]
    # By inode, and the next to be given is the lowest that is free, so either may come first.
    rows[0].sort(key=lambda row: int(row[-1]))
    t.same([row[-1] for row in rows[0]], ["4096", "8192"], "the outer one sees both")
    t.same([row[:2] for row in rows[1]], [rows[0][-1][:2]],
           "the inner one sees itself and nothing around it")
    t.same([row[-1] for row in rows[1]], ["8192"], "with its segment")


@scene("segments from inside and outside")
def compare(t):
    with Member() as member:
        for key, size in ((0x1, 5000), (0x2, 4096)):
            member.call(calls.shmget, key, size)
        done = example("inside-and-outside", member.inode)
        t.same((done.returncode, done.stderr), (0, ""), "inside-and-outside: exit 0")
        here, inside, outside = done.stdout.split("\n# ")[-3:]
        t.ok("5000" not in here, "not among those of the host", here)
        for name, part in (("inside", inside), ("from outside", outside)):
            t.ok("0x00000001" in part and "0x00000002" in part, f"both segments, {name}", part)
        t.same(done.stdout.splitlines()[-1],
               "The inside has 2 segments, and both commands show the same.", "and the last line")
    done = example("inside-and-outside", 7)
    t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
           "a namespace that does not exist: 1, and one line")


def make_queue(name):
    """A POSIX queue; its number."""
    fd = calls.mq_open(name, 1, 1)
    try:
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


@scene("a program of one's own, with the library")
def library(t):
    with Member() as member:
        shm, sem = member.call(calls.shmget, 0x1, 100), member.call(calls.semget, 0x1, 1)
        queue = member.call(make_queue, b"a\x1b[31m b")
        keeper = os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY)
        inode = member.inode
        # pylint: disable=consider-using-with
        watch = subprocess.Popen(["ipcns-watch", str(inode)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, encoding="utf-8")
        t.same([watch.stdout.readline() for _ in range(5)],
               [f"namespace {inode} is active\n", f"  shm {shm}\n", f"  sem {sem}\n",
                f"  mq {queue} /a\\x1b[31m\\x20b\n",
                "1 processes, 0 attachments, 2 references in all\n"], "what there is")
        member.call(calls.sem_remove, sem)
        t.same(watch.stdout.readline(), "sem destroyed\n", "what happens")
    os.close(keeper)
    out, _ = watch.communicate(timeout=60)
    first, *middle, last = out.splitlines()
    t.same((watch.returncode, first, sorted(middle), last),
           (0, "ns dying", ["mq destroyed", "shm destroyed"], "ns destroyed"), "to the end, and 0")
    done = subprocess.run(["ipcns-watch", "id=18446744073709551615"], capture_output=True,
                          encoding="utf-8", timeout=60, check=False)
    t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
           "no such namespace: 1, and a line")
    module.unload()
    done = subprocess.run(["ipcns-watch", "1"], capture_output=True, encoding="utf-8",
                          timeout=60, check=False)
    module.load()
    t.same((done.returncode, done.stderr), (2, "ipcns-watch: events: module not loaded\n"),
           "no module: 2")


@scene("a namespace to its end")
def end(t):
    with Member() as member:
        member.call(calls.shmget, 0x1, 100)
        inode = member.inode
        done = example("watch-end", inode, 1)
        t.same(done.returncode, 124, "watch-end: 124 while it is there")
        # pylint: disable=consider-using-with
        watch = subprocess.Popen([f"{EXAMPLES}/watch-end", str(inode), "30"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 encoding="utf-8")
        until(lambda: subprocess.run(["pgrep", "-f", "ipcnsctl wait"], check=False,
                                     stdout=subprocess.DEVNULL).returncode == 0, "it waits")
    out, _ = watch.communicate(timeout=60)
    t.same(watch.returncode, 0, "0 when it has gone")
    t.ok(f"[ns,destroyed] ns={inode}" in out, "and its end was told", out)


if __name__ == "__main__":
    main()
