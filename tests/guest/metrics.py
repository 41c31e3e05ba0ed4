#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: smoke timeout=60 sanitize
"""Figures for Prometheus, and the control groups that namespaces belong to."""

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
