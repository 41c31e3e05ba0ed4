#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240
"""No false calm: what is not recorded or not known is reported, and what is, is not."""

import collections
import contextlib
import errno
import json
import os
import shutil
import signal
import subprocess
import time

from lib import calls, events, module, tool, witness
from lib.events import Listener
from lib.member import Member
from lib.tap import PACE, main, scene, until
from journal import EACH, FTRACE, KPROBES, one_of_each, switched
from monitor import Monitor, number
from remembered import use_again

BLIND = 'ipcnsctl: hooks do not fire, so events are missing: see "ipcnsctl status"'
ON_DEMAND = "creations and changes of objects are on record only"


def notices(monitor):
    """Lines of stderr without the summary."""
    return [line for line in monitor.errors if " events, " not in line and " event, " not in line]


@scene("a monitor that starts while kprobes are off")
def blind(t):
    with Monitor("--strict") as strict:
        strict.ready()
        t.same((strict.end(signal.SIGTERM), notices(strict)), (0, []), "near miss: they fire")
    with switched(KPROBES, "0", "1"):
        with Monitor("--strict") as strict, Monitor("-J") as plain:
            plain.ready()
            t.same((strict.end(), notices(strict)), (3, [BLIND]), "--strict: one line, and 3")
            t.contains(strict.errors[-1], "some that nobody counted",
                       "the summary does not say that nothing is lost")
            until(lambda: notices(plain) == [BLIND], "without --strict: one line")
            t.same(plain.process.poll(), None, "and it goes on")
        done = tool.ipcnsctl("monitor", "--strict", "-q", "--until", "+1s")
        t.same(done.returncode, 3, "-q does not change that")
        t.contains(done.stderr, BLIND, "and the line is there")
    until(lambda: events.status()["events-live"], "live again")


@scene("kprobes that are switched off meanwhile")
def blinded(t):
    with Monitor() as plain, Monitor("--strict") as strict:
        for monitor in (plain, strict):
            monitor.ready()
        with switched(KPROBES, "0", "1"):
            t.same(strict.end(timeout=20 * PACE), 3, "--strict: 3")
            until(lambda: notices(plain) == [BLIND], "without: one line")
            plain.until(lambda lines: any("cause=probes-off" in line for line in lines),
                        "beside the line of the loss")
        again = "ipcnsctl: hooks fire again: all events are recorded from here on"
        until(lambda: notices(plain) == [BLIND, again],
              lambda: f"and when they fire: {plain.errors}")
        t.same(plain.end(signal.SIGTERM), 0, "it ends as always")
        t.same(notices(plain), [BLIND, again], "each once")


@scene("a module that is loaded while ftrace is off")
def unarmed(t):
    until(module.unload, "rmmod")
    try:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(switched(FTRACE, "0", "1"))
            except OSError as error:
                t.skip("hooks that cannot be armed", errno.errorcode[error.errno])
                return
            module.try_load()
            done = tool.ipcnsctl("monitor", "--strict", "-t", "ns", "--until", "+20s")
            t.same((done.returncode, done.stderr.splitlines()[0]), (3, BLIND),
                   "--strict, of namespaces only: 3")
            done = tool.ipcnsctl("history", "-t", "ns")
            t.same(done.returncode, 0, "history has what there is")
            t.contains(done.stderr, "what happens now is not recorded", "and says what is not")
            # If kretprobes were armed for this one, ftrace would lose count of them at rmmod, warn
            # at the next rmmod, and stay off for good.
            with Monitor() as plain:
                plain.ready()
                time.sleep(2)
                until(module.unload, "rmmod")
        module.load()
        until(lambda: events.status()["events-live"], "hooks are armed afterwards", 5)
        t.same(tool.ipcnsctl("history", "-t", "ns").stderr.count("not recorded"), 0,
               "near miss: afterwards it does not")
        until(module.unload, "rmmod")
        module.load()
        until(lambda: events.status()["events-live"], "hooks can be armed again", 5)
    finally:
        if not module.loaded():
            module.load()


def asked(*args):
    """stderr of a monitor that ends by itself, without the summary."""
    done = tool.ipcnsctl("monitor", "--until", "now", *args)
    return done.returncode, [line for line in done.stderr.splitlines() if ", 0 lost" not in line]


@scene("a filter for events that are not on record")
def filters(t):
    for words in (("--since", "1"), ("--since", "1", "-t", "shm"),
                  ("--since", "1", "-e", "sem.created"), ("--since", "1", "-e", "changed"),
                  ("--state", "/run/calm-state")):
        status, lines = asked(*words)
        t.same((status, len(lines)), (0, 1), f"{words}: one line")
        t.contains(lines[0] if lines else "", ON_DEMAND, "it says so")
        t.contains(lines[0] if lines else "", "record=removals", "with the parameter")
        t.same(asked("-q", *words), (0, []), "none with -q")
    os.unlink("/run/calm-state")
    for words in (("--since", "1", "-t", "ns"), ("--since", "1", "-e", "destroyed"),
                  ("--since", "1", "-e", "shm.marked"), ("-t", "shm"), ()):
        t.same(asked(*words), (0, []), f"near miss: {words}")
    with module.parameters("record=objects"):
        t.same(asked("--since", "1"), (0, []), "near miss: record=objects")
    done = tool.ipcnsctl("history", "-e", "shm.created")
    t.contains(done.stderr, "record=removals", "history names the parameter, too")


@scene("--follow-module waits for a module that is not there yet")
def follow(t):
    until(module.unload, "rmmod")
    waiting = ["ipcnsctl: module not loaded: waiting for it"]
    try:
        with Monitor("--follow-module") as early, Monitor("--follow-module", "--snapshot") as whole:
            for monitor in (early, whole):
                monitor.ready()
                until(lambda monitor=monitor: monitor.errors == waiting, "a line says so")
            done = tool.ipcnsctl("monitor", "--follow-module", "--until", "+1s")
            t.same(done.returncode, 0, "--until ends it")
            t.same(tool.ipcnsctl("monitor").returncode, 2, "near miss: without the option 2")
            module.load()
            with Member() as member:
                inode = member.inode
            early.until(lambda lines: any(f"[ns,destroyed] ns={inode} " in line
                                          for line in lines), "events")
            t.same(number(early.lines[0]), 1, "from the first on")
            whole.until(lambda lines: lines and "[ns,present]" in lines[0], "a snapshot")
            t.same((early.end(signal.SIGTERM), early.errors[0]), (0, waiting[0]), "and an end")
            t.ok(not any("lost" in line for line in early.lines), "nothing was lost", early.lines)
        until(module.unload, "rmmod")
        with Monitor("--follow-module") as none:
            none.ready()
            t.same(none.end(signal.SIGTERM), 0, "a signal ends it while it waits")
    finally:
        if not module.loaded():
            module.load()


def elsewhere(*args):
    """A command in a pid namespace of its own, with its own /proc."""
    return ["unshare", "--pid", "--fork", "--mount-proc", *args]


@scene("numbers of processes in another pid namespace")
def pids(t):
    until(lambda: not events.armed() & events.OBJECT_PROBES, "nobody listens")
    with subprocess.Popen(elsewhere("ipcnsctl", "monitor", "-J"), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          encoding="utf-8") as foreign, \
         Monitor("-J") as here, Member() as member:
        here.ready()
        until(lambda: events.OBJECT_PROBES <= events.armed(), "they listen")
        time.sleep(1 * PACE)
        begin = events.next_number()
        calls_of = member.call(calls.shmget, 0x37, 4096)
        member.call(calls.shm_remove, calls_of)
        inode = member.inode
        row = json.loads(subprocess.run(
            elsewhere("ipcnsctl", "list", "-J", "-o", "NS,PID,CREATOR", str(inode)),
            capture_output=True, check=True).stdout)["namespaces"][0]
        t.same((row["pid"], "[" in row["creator"]), (None, False), "list: no number")
        past = subprocess.run(elsewhere("ipcnsctl", "history", "-J", "-q", "--since", str(begin)),
                              capture_output=True, check=True, encoding="utf-8").stdout
        mine = [json.loads(line) for line in here.lines if number(line) >= begin]
        t.ok(mine and all(event["pid"] == member.pid for event in mine if "pid" in event),
             "near miss: a monitor in the initial one has them", here.lines)
        theirs = []
        while True:
            event = json.loads(foreign.stdout.readline())
            theirs.append(event)
            if event["event"] == "destroyed" and event["object"] == "shm":
                break
        subprocess.run(["pkill", "-TERM", "-P", str(foreign.pid)], check=True)
    mine = [event for event in theirs if event.get("ns") == inode and event["object"] == "shm"]
    t.same([(event["event"], event["pid"]) for event in mine],
           [("created", 0), ("destroyed", 0)], "a monitor there has 0")
    t.same([json.loads(line)["pid"] for line in past.splitlines()
            if json.loads(line).get("ns") == inode], [0, 0], "and history")


GROUPS = "/sys/fs/cgroup"


@contextlib.contextmanager
def service(name):
    """A control group as a service manager makes one; its path."""
    path = f"{GROUPS}/system.slice/{name}"
    os.makedirs(path)
    try:
        yield path
    finally:
        until(lambda: not open(f"{path}/cgroup.procs", encoding="ascii").read(), "it is empty")
        witness.remove_group(path)


def enter(path):
    """Moves the caller into a control group."""
    with open(f"{path}/cgroup.procs", "w", encoding="ascii") as file:
        file.write("0")


def make_one_of_each(name):
    """Makes a set and two queues."""
    calls.semget(calls.IPC_PRIVATE, 1)
    calls.msgget(calls.IPC_PRIVATE)
    os.close(calls.mq_open(name, 1, 1))


@scene("events have the unit of the process that caused them")
def units(t):
    with service("calm.service") as path, Monitor("-J") as as_json, Monitor() as plain:
        for monitor in (as_json, plain):
            monitor.ready()
        begin = events.next_number()
        with Member() as member:
            member.call(enter, path)
            member.call(calls.shmget, 0x28, 4096)
            nsid = tool.namespace(member.inode)["nsid"]
            plain.until(lambda lines: any("key=0x00000028" in line for line in lines), "the event")
            line = next(line for line in plain.lines if "key=0x00000028" in line)
            t.contains(line, " unit=calm.service seq=", "in a line")
            as_json.until(lambda lines: any("0x00000028" in line for line in lines), "in JSON")
            told = next(json.loads(line) for line in as_json.lines if "0x00000028" in line)
            t.same((told["pid"], told["unit"]), (member.pid, "calm.service"), "in JSON")
            for words in (f"id={nsid}", "unit=calm.service"):
                past = [json.loads(line) for line in
                        tool.ipcnsctl("history", "-J", "-q", words).stdout.splitlines()]
                t.same([event["unit"] for event in past if event.get("object") == "shm"],
                       ["calm.service"], f"history {words}")
            with Member() as other:
                other.call(calls.shmget, 0x29, 4096)
                as_json.until(lambda lines: any("0x00000029" in line for line in lines), "another")
            told = next(json.loads(line) for line in as_json.lines if "0x00000029" in line)
            t.same(told["unit"], None, "near miss: a process of no unit has null")
            rows = tool.rows("objects", "-o", "TYPE,UNIT", member.inode)
            t.same(rows, [{"type": "shm", "unit": "calm.service"}], "objects: the creator's")
            rows = tool.rows("objects", "--type", "shm", "-o", "UNIT", member.inode)
            t.same(rows, [{"unit": "calm.service"}], "with columns of one kind, too")
            with Member(join=member.pid) as guest:
                guest.call(calls.shmget, 0x2b, 4096)
                guest.call(make_one_of_each, b"first")
            member.call(make_one_of_each, b"second")
            for kind in ("sem", "msg", "mq"):
                t.same({row["unit"] for row in
                        tool.rows("objects", "--type", kind, "-o", "UNIT", member.inode)},
                       {None, "calm.service"}, f"{kind}: of a creator that lives")
            t.same({row["key"]: row["unit"] for row in tool.rows(
                "objects", "-o", "KEY,UNIT,TYPE", member.inode) if row["type"] == "shm"},
                   {"0x00000028": "calm.service", "0x0000002b": None},
                   "near miss: of a creator that has ended none")
            rows = tool.rows("holders", "-o", "PID,UNIT", member.inode)
            t.ok({"pid": member.pid, "unit": "calm.service"} in rows, "holders", rows)
            pid = member.pid
            with Monitor("unit=calm.service", "-J") as one:
                one.ready()
                member.call(calls.shmget, 0x2a, 4096)
                one.until(lambda lines: any("0x0000002a" in line for line in lines),
                          "monitor unit=NAME")
            done = tool.ipcnsctl("wait", "--timeout", "1", "unit=calm.service")
            t.same(done.returncode, 124, "wait unit=NAME")
        until(lambda: events.status()["dying"] == 0, "its namespace ends")
        past = [json.loads(line) for line in tool.ipcnsctl(
            "history", "-J", "-q", "--since", begin, f"id={nsid}").stdout.splitlines()]
        t.same({event["event"]: event["unit"] for event in past if event.get("pid") == pid
                and event["object"] == "ns"}, {"created": None, "dying": kept("calm.service")},
               "a process that has ended: of the group it was in then")
        # Another process has its number, in the same group.
        with Member(0) as later:
            again = later.call(reuse, pid, path)
            t.same(again, pid, "the number is used again")
            t.same([json.loads(line).get("unit") for line in tool.ipcnsctl(
                "history", "-J", "-q", "--since", begin, f"id={nsid}").stdout.splitlines()],
                   [event.get("unit") for event in past], "and changes nothing")
            later.call(calls.end_children, [again])
        done = tool.ipcnsctl("history", "unit=no-such.service")
        t.same((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1),
               "history of a unit that is not there: 1")


def kept(what):
    """What the module keeps of a control group, if the kernel lets it find any."""
    with open("/proc/kallsyms", encoding="ascii") as file:
        return what if "__ksymtab_cgroup_get_from_id" in file.read() else None


def live_in(path, key):
    """Enters a control group, then makes and removes what events are about."""
    enter(path)
    one_of_each(key)
    calls.unshare(calls.CLONE_NEWIPC)


@scene("events keep the control group of the process that caused them")
def groups(t):
    begin = events.next_number()
    with Listener():
        want = {}       # {pid: (unit, id, path)}
        for number in range(3):
            name = f"kept-{number}.service"
            with service(name) as path, Member(0) as member:
                want[member.pid] = (name, os.stat(path).st_ino, f"/system.slice/{name}".encode())
                member.call(live_in, path, 0x300 + number)
                events.next_number()    # which has what happened published
        until(lambda: events.status()["dying"] == 0, "their namespaces end")
    raw = [event for event in events.journal(begin) if event.get("pid") in want]
    t.same(collections.Counter(event["pid"] for event in raw),
           {pid: len(EACH) + 2 for pid in want}, "the events of each")
    t.same({(event["pid"], event.get("cgroup-id"), event.get("cgroup")) for event in raw},
           {(pid, kept(inode), kept(path)) for pid, (_, inode, path) in want.items()},
           "the inode number of its directory and its path, which has been removed")
    told = [json.loads(line) for line in
            tool.ipcnsctl("history", "-J", "-q", "--since", begin).stdout.splitlines()]
    t.same({(event["pid"], event["unit"]) for event in told if event.get("pid") in want},
           {(pid, kept(name)) for pid, (name, _, _) in want.items()}, "unit in history")

    # What is removed before it is looked at.
    begin, want = events.next_number(), {}
    for number in range(20):
        with Member(0) as member, service(f"brief-{number}.service") as path:
            want[member.pid] = {None, f"brief-{number}.service"}
            last = member.pid, os.stat(path).st_ino
            member.call(live_in, path, 0x400 + number)
            member.end()
    until(lambda: events.status()["dying"] == 0, "their namespaces end")
    told = [json.loads(line) for line in
            tool.ipcnsctl("history", "-J", "-q", "--since", begin).stdout.splitlines()]
    t.same([event for event in told
            if event.get("pid") in want and event["unit"] not in want[event["pid"]]], [],
           "a group that is removed at once: its name, or none")
    t.same({event.get("cgroup-id") for event in events.journal(begin)
            if event.get("pid") == last[0]}, {kept(last[1])}, "its number in any case")

    # Names that are long, and odd.
    begin = events.next_number()
    path = f"{GROUPS}/{'long' * 60}"
    paths = [path + f"/{'long' * 60}" * depth for depth in range(5)]
    os.makedirs(paths[-1])
    with Member(0) as member:
        member.call(live_in, paths[-1], 0x500)
        t.same({(event.get("cgroup-id"), event.get("cgroup")) for event in events.journal(begin)
                if event.get("pid") == member.pid}, {(kept(os.stat(paths[-1]).st_ino), None)},
               "a path of more than 1022 bytes: the number")
    for each in reversed(paths):
        witness.remove_group(each)
    begin = events.next_number()
    with service("odd\x1b[31m\u202e.service") as path, Member(0) as member:
        member.call(live_in, path, 0x501)
    until(lambda: events.status()["dying"] == 0, "its namespace ends")
    for form in ([], ["-J"]):
        done = tool.ipcnsctl("history", "-q", "--since", begin, *form)
        t.ok(done.stdout.count("\n") == len(events.journal(begin))
             and not set("\x1b\u202e") & set(done.stdout), "an odd name is escaped", done.stdout)


def silent():
    """Ends with an empty name what it began."""
    calls.set_comm("")
    calls.sem_remove(calls.semget(0x600, 1))


@scene("a process with an empty name")
def nameless(t):
    begin = events.next_number()
    with Member(0) as member:
        member.call(silent)
        t.same([event["comm"] for event in events.journal(begin)
                if event.get("pid") == member.pid], [b""], "is no kernel thread")
        t.contains(tool.ipcnsctl("history", "-q", "--since", begin).stdout,
                   f" pid={member.pid} comm= ", "history names its number")


def make_docker(ident, config, mode=0o600):
    """What Docker keeps of a container."""
    folder = f"/var/lib/docker/containers/{ident}"
    os.makedirs(folder)
    with open(f"{folder}/config.v2.json", "w", encoding="utf-8") as file:
        json.dump(config, file)
    os.chmod(file.name, mode)
    return file.name


STORE = "/var/lib/containers/storage/overlay-containers/containers.json"
TASKS = "/run/containerd/io.containerd.runtime.v2.task/k8s.io"


@contextlib.contextmanager
def engines():
    """What engines keep of their containers, empty at first."""
    made = ("/var/lib/docker", "/var/lib/containers", "/run/containerd")
    try:
        yield
    finally:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)


def container_of(group):
    """UNIT and CONTAINER of a namespace whose process is in that control group."""
    path = f"{GROUPS}/{group}"
    os.makedirs(path, exist_ok=True)    # another file of scenes may have left it
    try:
        with Member() as member:
            member.call(enter, path)
            begin = time.monotonic()
            row = tool.rows("list", "-o", "UNIT,CONTAINER", member.inode)[0]
            assert time.monotonic() - begin < 5 * PACE
        return row["unit"], row["container"]
    finally:
        until(lambda: not open(f"{path}/cgroup.procs", encoding="ascii").read(), "it is empty")
        while path != GROUPS and not any(entry.is_dir() for entry in os.scandir(path)):
            witness.remove_group(path)
            path = os.path.dirname(path)


@scene("names that engines gave to containers")
def containers(t):
    ids = [f"{number:064x}" for number in range(1, 20)]
    with engines():
        make_docker(ids[0], {"State": {"Name": "no"}, "Config": {"Labels": {"Name": "/no"}},
                             "MountPoints": {"/x": {"Name": "no"}}, "Name": "/web",
                             "Labels": "\"Name\":\"no\""})
        os.makedirs(os.path.dirname(STORE))
        with open(STORE, "w", encoding="utf-8") as file:
            json.dump([{"names": ["first", "other"], "id": ids[1], "metadata": "{\"id\":\"x\"}"},
                       {"id": ids[2], "image": "no"}, {"id": ids[3], "names": ["third"]}], file)
        os.makedirs(f"{TASKS}/{ids[4]}")
        with open(f"{TASKS}/{ids[4]}/config.json", "w", encoding="utf-8") as file:
            json.dump({"process": {"env": ["a"]}, "annotations": {
                "io.kubernetes.cri.container-name": "nginx",
                "io.kubernetes.cri.sandbox-name": "web-0",
                "io.kubernetes.cri.sandbox-namespace": "shop"}}, file)
        for group, want in {
                f"system.slice/docker-{ids[0]}.scope": "web",
                f"docker/{ids[0]}": "web",
                f"machine.slice/libpod-{ids[1]}.scope/container": "first",
                f"kubepods.slice/crio-{ids[3]}.scope": "third",
                f"kubepods/burstable/pod12345678-9abc-def0-1234-56789abcdef0/{ids[4]}":
                    "shop/web-0/nginx",
                "lxc.payload.web01/system.slice/cron.service": "web01",
                "machine.slice/machine-my\\x2ddeb.scope/payload": "my-deb"}.items():
            t.same(container_of(group)[1], want, group)
        for group, why in {
                f"machine.slice/libpod-{ids[2]}.scope": "one without a name",
                f"docker/{ids[5]}": "one that is on no list",
                f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ids[1]}.scope":
                    "one of a user",
                f"system.slice/other.service/docker/{ids[0]}": "a service's own group",
                "system.slice/cron.service": "no container"}.items():
            t.same(container_of(group)[1], None, f"near miss: {why}")


@scene("files that are not an engine's, or not only")
def foreign_files(t):
    ids = [f"{number:064x}" for number in range(1, 20)]
    with engines():
        good = {"Name": "/web"}
        make_docker(ids[0], good)
        os.chown(make_docker(ids[1], good), 1000, 1000)
        make_docker(ids[2], good, mode=0o666)
        os.makedirs(f"/var/lib/docker/containers/{ids[3]}")
        os.symlink(f"../{ids[0]}/config.v2.json",
                   f"/var/lib/docker/containers/{ids[3]}/config.v2.json")
        os.symlink(ids[0], f"/var/lib/docker/containers/{ids[4]}")
        os.makedirs(f"/var/lib/docker/containers/{ids[5]}")
        os.mkfifo(f"/var/lib/docker/containers/{ids[5]}/config.v2.json")
        make_docker(ids[6], {**good, "Long": "x" * (2 << 20)})
        with open(make_docker(ids[7], good), "r+", encoding="ascii") as file:
            file.truncate(10)
        make_docker(ids[8], {"Name": "/\x1b[31m"})
        t.same(container_of(f"docker/{ids[0]}")[1], "web", "near miss: one as it should be")
        for number, why in enumerate(("of a user", "that all may write", "that is a link",
                                      "behind a link", "that is a pipe", "that is too long",
                                      "that is cut", "with characters that need an escape"), 1):
            t.same(container_of(f"docker/{ids[number]}"), (f"docker:{'0' * 12}", None),
                   f"a file {why}: UNIT as always, no CONTAINER")
        subprocess.run(["mount", "-t", "proc", "proc", "/var/lib/docker"], check=True)
        t.same(container_of(f"docker/{ids[0]}")[1], None, "a filesystem that is not of a disk")
        subprocess.run(["umount", "/var/lib/docker"], check=True)


def reuse(number, path):
    """A child with that number, in a control group."""
    pid = use_again(number)
    with open(f"{path}/cgroup.procs", "w", encoding="ascii") as file:
        file.write(str(pid))
    return pid


def fill_queues():
    """Two queues in the caller's namespace, one with messages."""
    queue = calls.mq_open(b"left", 10, 100)
    for _ in range(3):
        calls.mq_send(queue, b"x" * 50)
    os.close(queue)
    os.close(calls.mq_open(b"empty", 1, 1))


def orphans(*args):
    """Rows of list that are no namespaces."""
    return [row for row in tool.rows("list", "-o", "+MQBYTES,MOUNT,NSID", *args)
            if row["state"] == "orphan-fs"]


@scene("an mqueue filesystem that outlives its namespace")
def orphan(t):
    place = "/run/left over"
    os.makedirs(place)
    t.same(orphans(), [], "near miss: none")
    with Member(calls.CLONE_NEWIPC | calls.CLONE_NEWNS) as maker:
        maker.call(calls.mount, "none", "/", None, 0x44000)     # MS_REC | MS_PRIVATE
        maker.call(calls.mount, "mqueue", place, "mqueue")
        maker.call(fill_queues)
        inode, mntns = maker.inode, calls.namespace_inode(maker.pid, "mnt")
        with Member(0) as keeper:
            keeper.call(calls.setns, f"/proc/{maker.pid}/ns/mnt", calls.CLONE_NEWNS)
            t.same(orphans(), [], "near miss: while the namespace lives, a mount is none")
            maker.end()
            until(lambda: inode not in tool.namespaces(), "the namespace is gone", 60)
            found = until(orphans, "a row of what is left")
            seen = f"/proc/{keeper.pid}/root{place}"
            with open(f"{seen}/left", encoding="ascii") as file:
                size = int(file.read().split()[0].partition(":")[2])
            t.same([{key: row[key] for key in ("ns", "nsid", "pid", "mq", "mqbytes", "mount")}
                    for row in found],
                   [{"ns": None, "nsid": None, "pid": keeper.pid, "mq": len(os.listdir(seen)),
                     "mqbytes": size, "mount": f"mnt namespace {mntns} at {place}"}],
                   "with a process that sees it, its queues, their bytes, and where it is")
            table = tool.output("list").splitlines()
            t.ok(sum(" orphan-fs " in line for line in table) == 1, "in the table, too", *table)
            t.same((len(orphans("--state", "orphan-fs")), orphans("--state", "pinned,active")),
                   (1, []), "--state knows them")
            t.same(orphans("pid=1"), [], "near miss: one namespace was asked for")
            done = tool.ipcnsctl("list", "--tree")
            t.same((done.returncode, done.stderr), (0, ""), "with --tree, too")
            found = [row for row in json.loads(tool.ipcnsctl("check", "-J").stdout)["findings"]
                     if row["check"] == "orphan-fs"]
            t.ok(len(found) == 1 and found[0]["severity"] == "warn" and
                 f"2 queues, {size}B: mnt namespace {mntns} at {place}, seen by {keeper.pid}"
                 in found[0]["what"], "check finds it", found)
            t.ok(place in tool.output(*found[0]["more"].split()[1:]), "and what shows more")
            keeper.call(calls.umount, place)
            until(lambda: not orphans(), "the last mount goes, and so does the row")
    os.rmdir(place)


if __name__ == "__main__":
    main()
