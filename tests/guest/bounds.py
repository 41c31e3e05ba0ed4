#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=4G timeout=3600
"""Crowds of what users can make, called as badly as can be: memory and time of each command.

Each command is run beside a crowd and beside an eighth of it. It may take 64 MiB, raw output and
JSON no more for a larger crowd but a record for each row, and not more time than rows ask for.
"""

import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile

from lib import calls, tool, witness
from lib.measure import ROOM, Run
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

PART = 8            # how much larger the whole crowd is
SLOWER = 3          # times that it may take longer than in proportion, on a busy machine
RECORD = 1024       # of a row that is kept, in raw output and JSON
SLACK = 8 << 20     # memory that is no row's, as of the program itself
LONGEST = "\x01" * (131072 - 1)
SHORT = "\x01" * 16
GROUP = "/sys/fs/cgroup/crowd.service"
LIMITS = {"kernel/pid_max": 4000000, "kernel/threads-max": 300000, "fs/mount-max": 300000,
          "user/max_ipc_namespaces": 300000, "user/max_user_namespaces": 300000}


class Crowd:
    """Much of one sort, made by crowd.c."""

    def __init__(self, sort, count, text, folder=None):
        self.folder = tempfile.mkdtemp(dir="/run")
        self.process = subprocess.Popen(
            ["/root/crowd", sort, str(count), text], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd=folder or self.folder, start_new_session=True)
        assert self.process.stdout.readline() == b"ready\n", sort
        self.inode = calls.namespace_inode(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()
        # By another process: what this one ever had in memory is counted for those it begins.
        until(lambda: not subprocess.run(["rm", "-rf", self.folder], check=False,
                                         stderr=subprocess.DEVNULL).returncode, "rm")
        until(lambda: len(tool.output("list", "-r", "-o", "NS").splitlines()) <= 3,
              "all are gone", 120)


def raise_limits():
    """So that there is room for them."""
    for name, value in LIMITS.items():
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(str(value))


def is_flat(args):
    """Whether a command prints rows as they come."""
    return "-r" in args or "-J" in args


def beside(t, sort, count, text, commands, folder=None):
    """Runs commands beside a part of a crowd, then beside the whole; NS stands for its namespace.

    A command is a list of words; a number in front is its exit status, "tty" has it on a terminal.
    """
    raise_limits()
    before = {}
    for size in (count // PART, count):
        with Crowd(sort, size, text, folder) as crowd:
            for place, words in enumerate(commands):
                status = words[0] if isinstance(words[0], int) else 0
                args = [crowd.inode if word == "NS" else word for word in words
                        if word not in (status, "tty")]
                run = Run(*args, tty="tty" in words)
                name = f"{size:,} {sort}: {' '.join(map(str, words))}"
                t.note(f"{name}: {run}")
                if os.waitstatus_to_exitcode(run.status) != status or run.memory > ROOM:
                    t.ok(False, f"{name}: exit {status}, at most 64 MiB", str(run), run.errors)
                if size < count:
                    before[place] = run
                    continue
                least = before[place]
                t.ok(run.busy <= SLOWER * PART * least.busy + 3 * PACE, f"{name}: in proportion",
                     f"first {least}", f"now {run}")
                if is_flat(args):
                    t.ok(run.memory <= least.memory + count * RECORD + SLACK,
                         f"{name}: no texts are kept", f"first {least}", f"now {run}")
    t.ok(True, f"{sort}: at most 64 MiB")


@scene("namespaces of processes with the longest command lines")
def namespaces(t):
    beside(t, "namespaces", 400 if QUICK else 10000, LONGEST, [
        ["list"], ["list", "--sort", "COMMAND"], ["list", "-r"], ["list", "-J"],
        ["list", "--tree"], ["tty", "list"],
        ["list", "-o", "NS,HELD,SHMRSS"], ["limits"], ["limits", "-J"], ["metrics"],
        ["objects"], ["show", "NS"], ["history"], ["history", "-J"], ["status"]])


@scene("user namespaces, each with an IPC namespace")
def owners(t):
    beside(t, "owners", 800 if QUICK else 10000, SHORT, [
        ["limits"], ["metrics"], ["list", "-o", "NS,ONS,USER"]])
    with Crowd("owners", 300, SHORT):
        run = Run("limits", "-r")
        unread = [int(word) for word in run.errors.split() if word.isdigit()]
        # With the user namespace of the crowd, which all of them lie in.
        t.ok(unread == [300 + 1 - 256, 256], "limits: of 256 the limit is read, which is said",
             run.errors)


@scene("one unit in many namespaces, where no namespace begins with it")
def units(t):
    if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        t.skip("a short name of a unit", "no cgroup2 here")
        return
    os.mkdir(GROUP)
    beside(t, "pairs", 400 if QUICK else 5000, SHORT, [[1, "list", "unit=c"]], GROUP)
    witness.remove_group(GROUP)


@scene("processes with the longest command lines")
def processes(t):
    beside(t, "processes", 400 if QUICK else 10000, LONGEST, [
        ["holders", "NS"], ["holders", "-r", "NS"], ["holders", "-J", "NS"],
        ["holders", "--summary", "NS"], ["list", "--tree"], ["tty", "holders", "NS"]])


@contextlib.contextmanager
def long_unit():
    """A control group with the longest name of a unit, which this process is in."""
    groups = pathlib.Path("/sys/fs/cgroup")
    if not (groups / "cgroup.procs").exists():
        yield
        return
    user = groups / "user@1000.service"
    outer = user / f"{'a' * 240}.service"
    folders = [user, outer, outer / f"{'b' * 240}.service"]
    for folder in folders:
        folder.mkdir()
    (folders[-1] / "cgroup.procs").write_text("0", "ascii")
    try:
        yield
    finally:
        (groups / "cgroup.procs").write_text("0", "ascii")
        for folder in reversed(folders):
            witness.remove_group(str(folder))


@scene("descriptors")
def descriptors(t):
    with long_unit():
        beside(t, "descriptors", 8000 if QUICK else 104000, SHORT, [
            ["holders", "NS"], ["holders", "-r", "NS"], ["holders", "-J", "NS"],
            ["holders", "--summary", "NS"], ["list", "-o", "NS,HELD"], ["show", "NS"],
            ["tty", "holders", "NS"], ["objects", "--pid", "1"]])


@scene("mounts at long paths")
def mounts(t):
    beside(t, "mounts", 800 if QUICK else 100000, SHORT, [
        ["holders", "NS"], ["holders", "-r", "NS"], ["holders", "-J", "NS"],
        ["list", "-o", "NS,HELD"]])


@scene("mqueue filesystems that live on after their namespaces")
def filesystems(t):
    beside(t, "filesystems", 400 if QUICK else 10000, SHORT, [
        ["list"], ["list", "-r"], ["list", "-J", "-o", "NS,STATE,HELD"]])


@scene("files in /dev/shm with the longest names")
def files(t):
    beside(t, "files", 2000 if QUICK else 30000, SHORT, [
        ["objects", "--type", "pshm"], ["objects", "--type", "pshm", "-r"],
        ["objects", "--type", "pshm", "-J"], ["objects", "--orphans"],
        ["objects", "--orphans", "-J"], ["objects", "--orphans", "--summary"],
        ["list", "-o", "+PSHMBYTES"], ["metrics"], [4, "check"]])


@scene("queues with the longest names")
def queues(t):
    beside(t, "queues", 2000 if QUICK else 30000, SHORT, [
        ["objects"], ["objects", "-r"], ["objects", "-J"],
        ["objects", "--type", "mq", "-o", "+OPENERS"],
        ["tty", "objects"], ["objects", "--pid", "1"], ["list"], ["history", "-J"]])


def furnish(count):
    """A set of semaphores as large as can be; its id."""
    return calls.semget(0x7003, count)


@scene("a set of 32,000 semaphores")
def sets(t):
    with Member() as member:
        ident, inode = member.call(furnish, 32000), member.inode
        for form in ([], ["-r"], ["-J"]):
            run = Run("objects", "--type", "sem", "--id", ident, *form, inode)
            t.ok(not run.status and run.memory <= ROOM and run.seconds <= 10 * PACE,
                 f"objects {form}: soon, and at most 64 MiB", str(run), run.errors)


@scene("a control group as deep as a path can be")
def groups(t):
    if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        t.skip("a deep control group", "no cgroup2 here")
        return
    name, levels = "0123456789abcdef" * 4, 62   # each could be a container
    home = os.open(".", os.O_RDONLY)
    os.chdir("/sys/fs/cgroup")
    try:
        for _ in range(levels):
            os.mkdir(name)
            os.chdir(name)
        with Member() as member:
            with open("cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(member.pid))
            row = tool.namespace(member.inode)
            t.same(row["cgpath"], f"/{name}" * levels, "CGPATH is whole")
            t.same(row["unit"], "/".join([f"container:{name[:12]}"] * 3),
                   "UNIT has the outermost two and the innermost of them")
            for args in (["list"], ["list", "-J", "-o", "+CGPATH"], ["metrics"],
                         ["holders", "--summary", member.inode], ["list", "unit=container:0"]):
                run = Run(*args)
                t.ok(not run.status and run.memory <= ROOM and run.seconds <= 10 * PACE,
                     f"{args}: soon, and at most 64 MiB", str(run), run.errors)
        for _ in range(levels):
            os.chdir("..")
            witness.remove_group(name)
    finally:
        os.fchdir(home)
        os.close(home)


if __name__ == "__main__":
    main()
