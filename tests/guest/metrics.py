#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: smoke timeout=120 sanitize
"""Figures for Prometheus, and the control groups that namespaces belong to."""

import ctypes
import os
import re
import stat
import subprocess

from lib import calls, tool, witness
from lib.member import Member
from lib.tap import main, scene, until


def furnish():
    """Two segments and a set."""
    calls.shmget(0x1, 5000)
    calls.shmget(0x2, 4096)
    calls.semget(0x3, 2)


def figures(*args):
    """{name and labels as text: value} of what metrics prints."""
    lines = tool.output("metrics", *args).splitlines()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines
            if not line.startswith("#")}


def of(inode, name, label):
    """A pattern for a figure of one namespace."""
    return rf'{name}{{nsid="\d+",ns="{inode}",unit="[^"]*"{label}}}'


def find(found, pattern):
    """Values of the figures that a pattern fits."""
    return [value for key, value in found.items() if re.fullmatch(pattern, key)]


@scene("figures are those of the list, and those of the namespace itself")
def totals(t):
    with Member() as member:
        member.call(furnish)
        inode = member.inode
        found, table = figures(), tool.namespaces()
        for kind in ("shm", "sem", "msg", "mq"):
            t.same(found[f'ipcns_objects{{kind="{kind}"}}'],
                   sum(row[kind] for row in table.values()), f"sum of {kind}")
        t.same(found['ipcns_namespaces{state="active"}'],
               len([row for row in table.values() if row["state"] == "active"]), "active ones")
        t.same(find(found, of(inode, "ipcns_namespace_objects", ',kind="shm"')),
               [len(witness.sysvipc(member.pid, "shm"))], "segments, as /proc/sysvipc has them")
        t.same(find(found, of(inode, "ipcns_namespace_object_bytes", ',kind="shm"')), [12288],
               "their whole pages")
        limit = int(witness.sysctls(member.pid)["kernel/shmmni"])
        t.same(find(found, of(inode, "ipcns_namespace_limit_use_ratio", ',limit="SHMMNI"')),
               [round(2 / limit, 6)], "and the part of the limit")
        t.same(found["ipcns_events_live"], 1, "probes fire")
        t.ok(found["ipcns_events_total"] >= 1, "events were counted")
        t.ok(not [key for key in figures("--top", 0) if "nsid=" in key],
             "--top 0 names no namespace")
        holder = os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY)
    until(lambda: find(figures(), of(inode, "ipcns_namespace_pinned_age_seconds", "")),
          "pinned, and of an age")
    os.close(holder)
    until(lambda: not find(figures(), of(inode, ".*", ".*")), "and gone when it is gone")


@scene("in a network namespace of their own, as the unit has it")
def private_network(t):
    if not os.path.exists("/proc/self/ns/net"):
        t.skip("metrics are the same", "no network namespaces here")
        return
    done = subprocess.run(["unshare", "--net", "ipcnsctl", "metrics"], capture_output=True,
                          encoding="utf-8", check=False)
    t.same((done.returncode, done.stderr), (0, ""), "metrics are there")
    lines = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    t.same({line.rsplit(" ", 1)[0] for line in lines}, set(figures()), "and none is missing")


def furnish_all():
    """Some of all that ipcs -u counts, and POSIX queues."""
    calls.semget(0x1, 3)
    calls.semget(0x2, 4)
    queue = calls.msgget(0x3)
    for size in (10, 20, 30):
        calls.msgsnd(queue, b"x" * size)
    address = calls.shmat(calls.shmget(0x4, 40000))
    ctypes.memset(address, 1, 9000)
    calls.shmget(0x5, 1)
    fd = calls.mq_open(b"work", 5, 50)
    calls.mq_send(fd, b"posix")


def summary(pid):
    """ipcs -u inside: {words of a line: number}."""
    with Member(join=pid) as inside:
        text = inside.call(subprocess.check_output, ["ipcs", "-u"], encoding="utf-8")
    found = re.findall(r"^(?:used |pages )?([a-z ]+?)\s*=?\s*(\d+)(?: bytes)?$", text, re.M)
    return {words.strip(): int(number) for words, number in found}


@scene("all of ipcs -u, per namespace")
def usage(t):
    page = os.sysconf("SC_PAGESIZE")
    with Member() as member:
        member.call(furnish_all)
        inside, found = summary(member.pid), figures()
        t.note(inside)

        def one(name, label=""):
            value, = find(found, of(member.inode, f"ipcns_namespace_{name}", label)) or [None]
            return value
        for name, label, words, size in (
                ("objects", ',kind="shm"', "segments allocated", 1),
                ("objects", ',kind="sem"', "arrays", 1),
                ("objects", ',kind="msg"', "allocated queues", 1),
                ("semaphores", "", "allocated semaphores", 1),
                ("messages", ',kind="msg"', "headers", 1),
                ("object_bytes", ',kind="msg"', "space", 1),
                ("object_bytes", ',kind="shm"', "allocated", page),
                ("shm_resident_bytes", "", "resident", page),
                ("shm_swapped_bytes", "", "swapped", page)):
            t.same(one(name, label), inside[words] * size, f"{name}{label}: ipcs has {words}")
        t.same((one("messages", ',kind="mq"'), one("object_bytes", ',kind="mq"')), (1, 5),
               "a POSIX queue has a message of 5 bytes")
        t.same(find(found, of(member.inode, "ipcns_namespace_orphans", ".*")), [], "no orphan")
        table = tool.namespaces()
        t.same(found["ipcns_semaphores"], sum(row["sems"] for row in table.values()),
               "the sum of all namespaces")


@scene("orphans by kind, of the namespaces with the most, and the sum of all others")
def orphans(t):
    def families(top):
        """{(ns, kind): value} of orphans and of their bytes."""
        got = figures("--top", top)
        pattern = r'ipcns_namespace_{}{{nsid="\w+",ns="(\w+)",unit="[^"]*",kind="(\w+)"}}'
        return [{match.groups(): value for key, value in got.items()
                 if (match := re.fullmatch(pattern.format(name), key)) and value}
                for name in ("orphans", "orphan_bytes")] + [got]
    with Member() as one, Member() as two, Member() as three:
        for member, count in ((one, 3), (two, 2), (three, 1)):
            with Member(join=member.pid) as maker:
                for key in range(count):
                    maker.call(calls.shmget, 0x10 + key, 5000)
                maker.call(calls.semget, 0x20, 1)
            member.call(calls.shmget, 0x30, 5000)
        unattached = {member.inode: len([row for row in witness.sysvipc(member.pid, "shm")
                                         if not os.path.exists(f"/proc/{row['cpid']}")])
                      for member in (one, two, three)}
        count, memory, got = families(20)
        for member in (one, two, three):
            inode = str(member.inode)
            t.same((count[inode, "shm"], memory[inode, "shm"], count[inode, "sem"]),
                   (unattached[member.inode], 5000 * unattached[member.inode], 1),
                   "as many as have no creator in /proc, and a set")
        t.same((got['ipcns_orphans{kind="shm",certainty="sure"}'],
                got['ipcns_orphans{kind="sem",certainty="likely"}'],
                got['ipcns_orphan_bytes{kind="shm"}']), (6, 3, 30000), "of all namespaces")
        count, memory, got = families(2)
        t.same(count, {(str(one.inode), "shm"): 3, (str(one.inode), "sem"): 1,
                       (str(two.inode), "shm"): 2, (str(two.inode), "sem"): 1,
                       ("other", "shm"): 1, ("other", "sem"): 1}, "--top 2: the others in one")
        t.same(memory["other", "shm"], 5000, "their bytes, too")
        t.same(sum(value for key, value in got.items()
                   if key.startswith("ipcns_namespace_semaphores{")), got["ipcns_semaphores"],
               "named ones and others come to the total")


@scene("a file that is replaced in one step")
def file(t):
    os.makedirs("/tmp/metrics", exist_ok=True)
    for _ in range(2):
        t.same(tool.output("metrics", "--format", "prometheus", "--output", "/tmp/metrics/a.prom"),
               "", "nothing on stdout")
    t.same(os.listdir("/tmp/metrics"), ["a.prom"], "no other file is left")
    t.same(stat.S_IMODE(os.stat("/tmp/metrics/a.prom").st_mode), 0o600, "root can read it")
    with open("/tmp/metrics/a.prom", encoding="utf-8") as text:
        t.contains(text.read(), "# TYPE ipcns_events_total counter", "in the older format")
    done = tool.ipcnsctl("metrics", "--output", "/no/such/folder/a.prom")
    t.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1, "no folder: an error", done)


@scene("control groups of version 1")
def named_hierarchy(t):
    rooms = {name: f"/tmp/{name}" for name in ("another", "systemd")}
    for name, room in rooms.items():
        os.makedirs(room, exist_ok=True)
        done = subprocess.run(["mount", "-t", "cgroup", "-o", f"none,name={name}", "none", room],
                              capture_output=True, check=False)
        if done.returncode:
            t.skip("of systemd's own hierarchy", f"no such here: {done.stderr}")
            return
    group = f"{rooms['systemd']}/system.slice/web.service"
    os.makedirs(group)
    with Member() as member:
        with open(f"{group}/cgroup.procs", "w", encoding="utf-8") as procs:
            procs.write(str(member.pid))
        with open(f"/proc/{member.pid}/cgroup", encoding="utf-8") as groups:
            line = next(line for line in groups if "name=systemd" in line)
        row = tool.namespace(member.inode)
        t.same((row["cgpath"], row["unit"]), ("/system.slice/web.service", "web.service"),
               "of systemd's own hierarchy, whatever its number")
        t.note(line)
    witness.remove_group(group)
    os.rmdir(os.path.dirname(group))
    for room in rooms.values():
        subprocess.run(["umount", room], check=True)


@scene("UNIT is made of CGPATH")
def unit(t):
    path = "/sys/fs/cgroup/system.slice/libpod-" + "0123456789abcdef" * 4 + ".scope"
    if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        t.skip("of a container", "no cgroup2 here")
        return
    os.makedirs(path)
    with Member() as member:
        with open(f"{path}/cgroup.procs", "w", encoding="utf-8") as procs:
            procs.write(str(member.pid))
        row = tool.namespace(member.inode)
        t.same((row["cgpath"], row["unit"]),
               (path.removeprefix("/sys/fs/cgroup"), "podman:0123456789ab"), "of a container")
        t.same(find(figures(), rf'ipcns_namespace_objects{{nsid="\d+",ns="{member.inode}",'
                               r'unit="podman:0123456789ab",kind="shm"}'), [0], "in metrics, too")
    witness.remove_group(path)
    os.rmdir(os.path.dirname(path))


if __name__ == "__main__":
    main()
