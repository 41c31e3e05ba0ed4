#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240
"""Tables: in which order rows come, which of them, and what stands below others."""

import json
import os
import subprocess

from lib import calls, tool, witness
from lib.member import Member
from lib.tap import main, scene

SIZES = (5000, 100, 70000, 100, 9)


def furnish():
    """Segments of different sizes, of two owners; a set and a queue."""
    for key, size in enumerate(SIZES, 1):
        calls.shmget(key, size)
    calls.shm_chown(1, 1000, 1000)
    calls.semget(0x51, 2)
    calls.msgget(0x52)


def column(name, *words):
    """One column of a table in raw form."""
    return tool.output(words[0], "-r", "-n", "-o", name, *words[1:]).split()


@scene("rows in the order of a column")
def order(t):
    with Member() as member:
        member.call(furnish)
        inode = member.inode
        segments = witness.sysvipc(member.pid, "shm")
        for sign in (1, -1):
            want = [str(row["shmid"]) for row in sorted(segments, key=lambda r: sign * r["size"])]
            by = "SIZE" if sign == 1 else "-SIZE"
            t.same(column("ID", "objects", "--type", "shm", "--sort", by, inode), want,
                   f"--sort {by}: as /proc/sysvipc/shm, though it is not shown; equal ones stay")
            t.same([str(row["id"]) for row in tool.rows("objects", "--type", "shm", "--sort", by,
                                                        inode)], want, "with -J")
            lines = tool.output("objects", "--type", "shm", "--sort", by, "-o", "ID,SIZE", inode)
            t.same([line.split()[0] for line in lines.splitlines()[1:]], want, "as a table")
        want = [str(row["shmid"]) for row in sorted(segments, key=lambda r: (
            "root" if r["uid"] == 0 else "user", -r["key"]))]
        t.same(column("ID", "objects", "--type", "shm", "--sort", "owner,-key", inode), want,
               "by name, then by key")
        sizes = [row["size"] for row in tool.rows("objects", "--sort", "SIZE", inode)]
        t.same(sizes, sorted(size for size in sizes if size is not None) + [None],
               "the set has no size: it comes last")
        t.same([row["size"] for row in tool.rows("objects", "--sort", "-SIZE", inode)],
               sorted((size for size in sizes if size is not None), reverse=True) + [None],
               "in descending order, too")
        t.same(column("ID", "objects", "--type", "shm", "--attached", "--sort", "-ID", inode), [],
               "no rows are no rows")
        used = [row["use%"] for row in tool.rows("limits", "--sort", "-USE%", inode)]
        known = [part for part in used if part is not None]
        t.ok(known and used == sorted(known, reverse=True) + [None] * (len(used) - len(known)),
             "limits by use", *used)
        held = [os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY) for _ in range(3)]
        found = [row["fd"] for row in tool.rows("holders", "-o", "FD", "--sort", "-FD", inode)]
        t.same([fd for fd in found if fd in held], held[::-1], "holders by descriptor")
        t.same(found[-1], None, "and those without one last")
        for fd in held:
            os.close(fd)


@scene("namespaces in the order of what takes a look at more")
def hidden(t):
    with Member() as small, Member() as large:
        small.call(calls.fill_segment, 1 << 12)
        large.call(calls.fill_segment, 1 << 20)
        inodes = {str(small.inode), str(large.inode)}
        for by, want in (("-SHMRSS", [large, small]), ("SHMRSS", [small, large])):
            found = [inode for inode in column("NS", "list", "--sort", by) if inode in inodes]
            t.same(found, [str(member.inode) for member in want], f"list --sort {by}")
        names = column("COMMAND", "list", "--sort", "COMMAND")
        t.same(names, sorted(names), "text by its bytes in the locale C")


@scene("rows that match an expression")
def expressions(t):
    with Member() as member:
        member.call(furnish)
        inode = member.inode
        done = tool.ipcnsctl("objects", "-Q", "SIZE > 99", inode)
        if "2.40" in done.stderr:
            t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
                   "an old libsmartcols: one clear line")
            return
        segments = witness.sysvipc(member.pid, "shm")
        for expression, want in (
                ("SIZE > 99", [row for row in segments if row["size"] > 99]),
                ("size == 100 || KEY == '0x00000005'",
                 [row for row in segments if row["size"] == 100 or row["key"] == 5]),
                ("OWNER =~ '^ro'", [row for row in segments if row["uid"] == 0]),
                ("!NATTCH && RSS == 0 && CTIME > '2000-01-01'", segments),
                ("CTIME > '9'", [])):
            for words in ([], ["--sort", "ID"]):
                t.same(column("ID", "objects", "--type", "shm", "-Q", expression, *words, inode),
                       [str(row["shmid"]) for row in want], f"{expression} {words}")
            t.same([row["id"] for row in tool.rows("objects", "--type", "shm", "--filter",
                                                   expression, inode)],
                   [row["shmid"] for row in want], "with -J")
            lines = tool.output("objects", "--type", "shm", "-n", "-o", "ID", "-Q", expression,
                                inode).split()
            t.same(lines, [str(row["shmid"]) for row in want], "as a table")
        t.same({row["resource"] for row in tool.rows("limits", "-Q", "USE% > 0", inode)},
               {row["resource"] for row in tool.rows("limits", inode) if row["used"]},
               "percentages")
        t.same([row["ns"] for row in json.loads(tool.output(
            "list", "--tree", "-J", "-Q", f"NS == {inode}"))["namespaces"]], [inode],
               "namespaces of a tree")


@scene("namespaces in some states")
def states(t):
    with Member() as active, Member() as member:
        pinned = member.inode
        held = os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY)
        member.call(calls.setns, "/proc/1/ns/ipc")
        everything = {row["ns"]: row["state"] for row in tool.rows("list", "-o", "NS,STATE")}
        t.same((everything[pinned], everything[active.inode]), ("pinned", "active"), "one of each")
        for words in ("pinned", "active", "dying", "pinned,dying", "active,pinned"):
            t.same({row["ns"] for row in tool.rows("list", "-o", "NS", "--state", words)},
                   {ns for ns, state in everything.items() if state in words.split(",")},
                   f"--state {words}")
        t.same(tool.rows("list", "--state", "dying", pinned), [], "of those named, none")
        t.same([row["ns"] for row in tool.rows("list", "--state", "pinned", "-o", "NS,HELD",
                                               pinned, active.inode)], [pinned], "of two, one")
        os.close(held)


@scene("the unit of a tree, and its branches")
def units(t):
    groups = "/sys/fs/cgroup"
    if not os.path.exists(f"{groups}/cgroup.procs"):
        t.skip("units of a tree", "no cgroup2 here")
        return
    with Member() as one, Member(join=one.pid) as two, Member(join=one.pid) as three:
        for member, name in ((one, "web.service"), (two, "web.service"), (three, "db.service")):
            os.makedirs(f"{groups}/{name}", exist_ok=True)
            with open(f"{groups}/{name}/cgroup.procs", "w", encoding="ascii") as procs:
                procs.write(str(member.pid))
        for words in (["-o", "PID,UNIT"], ["-o", "PID,UNIT,COMMAND"]):
            lines = tool.output("list", "--tree", *words, one.inode).splitlines()
            t.same(lines[0].split(), ["PID", "UNIT", "COMMAND"], "COMMAND is there")
            t.same([line.split()[0] for line in lines[1:]],
                   ["web.service", *map(str, sorted([one.pid, two.pid, three.pid]))],
                   "the namespace has its unit, processes their numbers")
            t.same({line.split()[0] for line in lines[2:] if "db.service" in line},
                   {str(three.pid)}, "another unit stands where it belongs")
            t.ok(all("web.service" not in line for line in lines[2:]), "the same one does not",
                 *lines)
            t.ok(all("\u2500" in line or "`-" in line or "|-" in line for line in lines[2:]),
                 "all have branches", *lines)
        rows = json.loads(tool.output("list", "--tree", "-J", "-o", "PID,UNIT", "--sort", "-PID",
                                      one.inode))["namespaces"][0]["processes"]
        t.same([(row["pid"], row["unit"]) for row in rows],
               [(member.pid, name) for member, name in sorted(
                   ((one, "web.service"), (two, "web.service"), (three, "db.service")),
                   key=lambda pair: -pair[0].pid)], "JSON has all units, sorted")


@scene("what was not searched")
def part(t):
    def run(*words):
        return subprocess.run(["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps",
                               "-sys_ptrace", "--", "ipcnsctl", *words], capture_output=True,
                              encoding="utf-8", check=False)

    with Member() as member:
        inode = str(member.inode)
        for command in (["holders", inode], ["list", "-o", "NS,HELD", inode]):
            done = run(*command)
            t.ok(done.returncode == 0 and len(done.stderr.splitlines()) == 1 and
                 "CAP_SYS_PTRACE" in done.stderr, f"{command[0]}: one line says so", done)
            t.same((run(*command, "-q").stderr, run(*command, "--quiet").returncode), ("", 0),
                   "none with -q")


@scene("help, and namespaces without a command")
def words(t):
    for command in ("list", "objects", "holders", "limits", "monitor"):
        t.same(tool.output("help", command), tool.output(command, "--help"), f"help {command}")
    t.same(tool.output("help"), tool.output("--help"), "help")
    with Member() as member:
        for form in (member.inode, f"ipc:[{member.inode}]", f"pid={member.pid}",
                     f"/proc/{member.pid}/ns/ipc"):
            t.same(tool.output(form), tool.output("list", form), f"ipcnsctl {form}")
    done = subprocess.run(["script", "-qec", "stty rows 24 cols 80; ipcnsctl help list",
                           "/dev/null"], input=b"\nq\n", capture_output=True, check=False)
    text = done.stdout.decode()
    t.ok("Default columns" in text and "More columns" not in text and done.returncode == 0,
         "a terminal of 24 lines: section by section, until q", text)


if __name__ == "__main__":
    main()
