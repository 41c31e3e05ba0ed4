#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick memory=3G timeout=600 append=log_buf_len=16M
"""Everything that can be asked, in a world of processes that make, break and leave everything.

tests/fuzz/world is the world. Now and then it is frozen, and what the module says is compared with
what /proc shows of each namespace.
"""

import collections
import contextlib
import errno
import fcntl
import json
import multiprocessing
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from lib import calls, events, module, tool, wire
from lib.member import Member
from lib.tap import PACE, QUICK, Failed, main, scene, until
from stress import MARK, Book, dump_until, everything

HOME = pathlib.Path("/root/world")      # the world, and the fuzzer of the netlink interface
WORLD, FUZZER = HOME / "world", HOME / "netlink"
GROUP = pathlib.Path("/sys/fs/cgroup/world")
BESIDE = pathlib.Path("/sys/fs/cgroup/observers")
LOG = pathlib.Path("/run/world.log")
END = "/run/world-ends-here"
TRACING = pathlib.Path("/sys/kernel/tracing")

SECONDS = int(os.environ.get("IPCNS_WORLD") or
              (600 if not QUICK else 25 if PACE < 5 else 60))
SEED = int(os.environ.get("IPCNS_SEED") or time.time_ns() % (1 << 31))
OPTIONS = os.environ.get("IPCNS_WORLD_OPTIONS", "").split()
OWN_COMM = pathlib.Path("/proc/self/comm").read_text("utf-8").strip()
MOST_DUMPS = 64         # of one user, as SECURITY.md says
POINTS = max(2, SECONDS // 30)          # how often the world is frozen and compared
SECOND_PART = max(20, SECONDS // 3)     # seconds of loading and unloading

NS_GET_USERNS, NS_GET_PARENT = 0xb701, 0xb702
SYSVIPC = {"shm": "shmid", "sem": "semid", "msg": "msqid"}

# Functions on which others' tracers sit, too; those that a kernel lacks are left out.
TRACED = """ipc_rmid ipc_addid shm_init_ns mq_clear_sbinfo free_ipcs newque newseg
    mqueue_evict_inode mqueue_unlink ipc_update_perm put_ipc_ns copy_ipcs""".split()


class World:
    """The world as a process; its counts when it has ended."""

    def __init__(self, seconds, seed):
        self.command = [WORLD, "--group", GROUP, "--log", LOG, "--pace", str(int(PACE)),
                        *OPTIONS, str(int(seconds)), str(seed)]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        encoding="utf-8")
        until(lambda: LOG.exists() and LOG.stat().st_size or self.process.poll() is not None,
              "the world begins")
        if self.process.poll() is not None:
            raise Failed(f"the world does not begin: {self.process.communicate()[1]}")
        return self

    def __exit__(self, *_):
        thaw()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate()

    def end(self, t, tried):
        """Ends it, and says what was done; {action: (done, failed)}."""
        if self.process.poll() is None:
            self.process.terminate()
        out, err = self.process.communicate(timeout=60 * PACE)
        t.note(*out.splitlines())
        t.same((self.process.returncode, err), (0, ""), "the world ends when it is told to")
        found = {name.strip(): (int(done), int(failed)) for name, done, failed in
                 re.findall(r"^action (.{30}) done=(\d+) failed=(\d+)", out, re.M)}
        never = [name for name, counts in found.items() if not sum(counts)]
        if not OPTIONS:
            t.ok(len(never) <= (1 - tried) * len(found), f"{len(found) - len(never)} of"
                 f" {len(found)} actions, {sum(map(sum, found.values()))} times", never)
        until(lambda: not GROUP.exists(), "its groups are gone", 60)
        return found


@contextlib.contextmanager
def group_of_observers():
    """A group of those who stand still when the world does."""
    def removed():
        with contextlib.suppress(OSError):
            BESIDE.rmdir()
        return not BESIDE.exists()

    BESIDE.mkdir()
    try:
        yield
    finally:
        until(removed, "nobody is in the observers' group", 60)


def freeze():
    """Stops all of the world, and some who observe it."""
    for group in (GROUP, BESIDE):
        (group / "cgroup.freeze").write_text("1", "ascii")
    for group in (GROUP, BESIDE):
        until(lambda: "frozen 1" in (group / "cgroup.events").read_text("ascii"),
              "the world stands still", 60)


def thaw():
    """Lets them go on."""
    for group in (GROUP, BESIDE):
        with contextlib.suppress(OSError):
            (group / "cgroup.freeze").write_text("0", "ascii")


def stand_still_too(pid):
    """Has a process, and those that it starts, stand still when the world does."""
    (BESIDE / "cgroup.procs").write_text(str(pid), "ascii")


# Witnesses

def threads():
    """{inode of a namespace: (a path of it, its processes)}, by all threads in /proc."""
    found = {}
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for thread in (process / "task").iterdir():
                path = thread / "ns/ipc"
                with contextlib.suppress(OSError):
                    place = found.setdefault(path.stat().st_ino, (str(path), set()))
                    place[1].add(int(process.name))
    return found


def owners(path):
    """The inodes of the user namespace that owns the namespace at path, and of those above it."""
    chain = []
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    request = NS_GET_USERNS
    try:
        while True:
            upper = fcntl.ioctl(fd, request)
            os.close(fd)
            fd, request = upper, NS_GET_PARENT
            chain.append(os.fstat(fd).st_ino)
    except PermissionError:     # above the initial one
        return chain
    finally:
        os.close(fd)


def inside_of(paths):
    """What /proc/sysvipc and an mqueue mount show in each namespace: {inode: {kind: {key: row}}}.

    Runs in a member, who has a mount namespace of their own and loses their way.
    """
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    where = tempfile.mkdtemp()
    found = {}
    for inode, path in paths.items():
        try:
            calls.setns(path)
        except FileNotFoundError:       # a process that was on its way out
            continue
        kinds = found[inode] = {kind: sysvipc(kind) for kind in SYSVIPC}
        calls.mount("mqueue", where, "mqueue")
        kinds["mq"] = {name: {} for name in os.listdir(os.fsencode(where))}
        calls.umount(where)
    os.rmdir(where)
    return found


def sysvipc(kind):
    """A file of /proc/sysvipc in the caller's namespace: {id: row}."""
    with open(f"/proc/sysvipc/{kind}", encoding="ascii") as file:
        names, *lines = file.read().splitlines()
    rows = [dict(zip(names.split(), line.split())) for line in lines]
    return {int(row[SYSVIPC[kind]]): columns(kind, row) for row in rows}


def columns(kind, row):
    """What the module says of such an object, too, of a line of /proc/sysvipc."""
    names = {"shm": "size nattch cpid lpid", "sem": "nsems", "msg": "cbytes qnum lspid lrpid"}
    return {"key": int(row["key"]) & 0xffffffff, "mode": int(row["perms"], 8) & 0o777,
            **{name: int(row[name]) for name in
               ("uid", "gid", "cuid", "cgid", *names[kind].split())}}


def told_of_objects():
    """The same by the module: {inode: {kind: {key: row}}}; and objects that come twice."""
    found, twice = collections.defaultdict(lambda: {kind: {} for kind in wire.KIND}), []
    with wire.Socket() as link:
        for row in link.dump("object"):
            kind = list(wire.KIND)[row["kind"]]
            own = row.get(kind, {})
            key, value = row.get("id"), {"key": row.get("key", 0), "mode": row["mode"] & 0o777}
            if kind == "mq":
                if own["status"]:       # without a name
                    continue
                key, value = row["name"], {}
            else:
                value.update({name: {**own, **row}.get(name, 0) for name in
                              ("uid", "gid", "cuid", "cgid", "size", "nattch", "cpid", "lpid",
                               "nsems", "cbytes", "qnum", "lspid", "lrpid")
                              if name in own or name in row})
            here = found[row["ns-inum"]][kind]
            if key in here:
                twice.append((row["ns-inum"], kind, key))
            here[key] = value
    return found, twice


# Observers, in processes of their own

def run_commands(path, pause=0):
    """Every command of the tool, again and again; (how often which status, complaints)."""
    statuses, complaints = collections.Counter(), []
    while not os.path.exists(path):
        inodes = list(threads())
        some = [str(inodes[place * len(inodes) // 3]) for place in range(3)] if inodes else []
        for args in [("list", "--output-all"), ("objects",), ("limits",), ("status",), ("metrics",),
                     *([command, inode] for inode in some for command in ("show", "holders")),
                     *(("objects", "--attached", inode) for inode in some),
                     *(("exec", inode, "--", "true") for inode in some),
                     ("objects", "--type", "sem"), ("objects", "--type", "mq", "-J")]:
            time.sleep(pause)
            done = tool.ipcnsctl(*args)
            statuses[args[0], done.returncode] += 1
            if not 0 <= done.returncode <= 4 or len(done.stderr.splitlines()) > 2:
                complaints.append((args, done.returncode, done.stderr[-300:]))
    return dict(statuses), complaints[:5]


def read_halves(path):
    """Begins dumps of everything, and leaves most in the middle; {outcome: how often}."""
    outcomes, left = collections.Counter(), []
    turn = 0
    while not os.path.exists(path):
        for what in ("ns", "object", "limits", "holder", "event"):
            turn += 1
            try:
                link = wire.Socket(8192 if turn % 2 else 65536)
                link.begin(what)
                rows, last = [], False
                for _ in range(turn % 5):
                    if not last:
                        rows, last = link.more(what)
                outcomes[what, "ended" if last else "left", bool(rows)] += 1
            except OSError as error:
                outcomes[what, str(error)] += 1
                continue
            if turn % 3:
                link.close()
            else:
                left.append(link)       # and read on by nobody
                if len(left) > 20:
                    left.pop(turn % 20).close()
    return {" ".join(map(str, key)): count for key, count in outcomes.items()}


class Delegated:
    """Somebody who may see a part, with a tag for what is theirs: a reader, somebody who keeps
    making namespaces and objects there, and an auditor who waits to be asked."""

    def __init__(self, stack, tag, uid, contained):
        self.tag = tag
        self.contained = contained
        self.reader, self.maker, self.auditor = (stack.enter_context(Member(0)) for _ in range(3))
        self.reader.call(settle, uid, contained)
        Account.readers.add(self.reader.pid)
        if contained:
            write_maps(self.reader.pid, uid)
        for member in (self.maker, self.auditor):
            member.call(enter, self.reader.pid, uid, contained)
        stand_still_too(self.maker.pid)
        self.user_inode = calls.namespace_inode(self.reader.pid, "user")

    def start(self):
        """The reader reads, and the maker makes, until the end."""
        self.reader.start(read_own_inside if self.contained else read_own, END, self.tag)
        self.maker.start(make_own, END, self.tag)

    def audit(self, t, rows, places):
        """At a quiet point: exactly the namespaces that are theirs."""
        chains = {}
        for inode, (path, _) in places.items():
            with contextlib.suppress(OSError):
                chains[inode] = owners(path)
        # who is in no user namespace of their own sees the one that they are in
        want = {inode for inode, chain in chains.items()
                if self.contained and self.user_inode in chain} | {self.auditor.inode}
        got = self.auditor.call(active)
        t.same(got, want, f"tag {self.tag:#x}: sees all that is theirs, and nothing else")
        foreign = [(inode, rows[inode]["nsid"]) for inode in places
                   if inode in rows and inode not in want]
        t.same(self.auditor.call(ask, foreign), [],
               f"tag {self.tag:#x}: {len(foreign)} others are not there, by number and by identity")
        open_dumps = self.auditor.call(hoard)
        t.ok(0 < open_dumps <= MOST_DUMPS, f"tag {self.tag:#x}: {open_dumps} dumps at a time")


def ask(foreign):
    """Asks for namespaces one by one; what the kernel says but that there is no such."""
    said = []
    for inode, nsid in foreign:
        for what, attributes in (("ns", {"inum": inode}), ("ns", {"id": nsid}),
                                 ("limits", {"ns-id": nsid})):
            try:
                with wire.Socket() as link:
                    said.append((what, attributes, link.get(what, attributes)))
            except OSError as error:
                if error.errno != errno.ENOENT:
                    said.append((what, attributes, str(error)))
    return said


def hoard():
    """How many dumps a user can have open at a time, beside those that others of theirs have."""
    with contextlib.ExitStack() as stack:
        links = [stack.enter_context(wire.Socket()) for _ in range(MOST_DUMPS + 6)]
        for link in links:
            link.begin("ns")
        refused = 0
        for link in links:
            try:
                link.more("ns")
            except OSError as error:
                refused += error.errno == errno.EDQUOT
    return len(links) - refused


def active():
    """The inodes of namespaces with members that the caller sees."""
    with wire.Socket() as link:
        return {row["inum"] for row in link.dump("ns") if row["state"] == wire.STATE["active"]}


def write_maps(pid, uid):
    """Maps uid and gid 0 and some others of a new user namespace."""
    pathlib.Path(f"/proc/{pid}/uid_map").write_text(f"0 {uid} 10", "ascii")
    pathlib.Path(f"/proc/{pid}/gid_map").write_text(f"0 {uid} 10", "ascii")


def settle(uid, contained):
    """The reader: a user in an IPC namespace of their own, or one with a user namespace."""
    if not contained:
        calls.unshare(calls.CLONE_NEWIPC)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    calls.make_dumpable()
    if contained:
        calls.unshare(calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)


def enter(reader, uid, contained):
    """Goes where the reader is."""
    calls.setns(f"/proc/{reader}/ns/ipc")
    if contained:
        calls.setns(f"/proc/{reader}/ns/user", calls.CLONE_NEWUSER)
        uid = 0
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def make_own(path, tag):
    """Namespaces, if one may have any, and objects with the tag in keys and names."""
    rounds = 0
    while not os.path.exists(path):
        rounds += 1
        with contextlib.suppress(OSError):      # too many, or not allowed
            calls.unshare(calls.CLONE_NEWIPC)
        for number in range(1, 4):
            with contextlib.suppress(OSError):
                calls.shmget(tag << 16 | rounds % 20 * 4 + number, 4096)
                calls.semget(tag << 16 | rounds % 20 * 4 + number, 2)
                calls.msgget(tag << 16 | rounds % 20 * 4 + number)
                os.close(calls.mq_open(b"%x-%d" % (tag, number), 1, 1))
        time.sleep(0.02)
    return rounds


def read_own(path, tag):
    """Dumps all, and looks for what has another tag: (rows, foreign ones, errors)."""
    rows, foreign, errors = 0, [], collections.Counter()
    while not os.path.exists(path):
        for what in ("object", "ns", "limits", "holder", "status", "event"):
            try:
                with wire.Socket() as link:
                    table = [link.get(what)] if what == "status" else link.dump(what)
            except OSError as error:
                errors[f"{what}: {error.strerror}"] += 1
                continue
            rows += len(table)
            if what == "holder":
                foreign += [row for row in table if not row.get("pid", 1)]
            if what == "object":
                foreign += [row for row in table if row.get("key", tag << 16) >> 16 != tag or
                            not row.get("name", b"%x-" % tag).startswith(b"%x-" % tag)]
            elif what == "event":
                foreign += [row for row in table if row.get("key", tag << 16) >> 16 != tag]
    return rows, foreign[:3], dict(errors)


def read_own_inside(path, tag):
    """The same, as the first process of a pid namespace, which all others are hidden from."""
    calls.unshare(calls.CLONE_NEWPID)
    ours, theirs = multiprocessing.Pipe()
    pid = os.fork()
    if not pid:
        calls.die_with_parent()
        theirs.send(read_own(path, tag))
        os._exit(0)
    theirs.close()
    result = ours.recv()
    os.waitpid(pid, 0)
    return result


class Tracers(threading.Thread):
    """Other people's probes and tracers on the functions that the module hooks."""

    def __init__(self):
        super().__init__()
        self.done, self.refused = collections.Counter(), collections.Counter()

    def write(self, name, text, flags=os.O_TRUNC):
        """Writes a file of tracefs, where nothing can be sought; whether that worked."""
        try:
            fd = os.open(TRACING / name, os.O_WRONLY | flags)
            try:
                os.write(fd, text.encode("ascii") + b"\n")
            finally:
                os.close(fd)
            return True
        except OSError as error:
            self.refused[f"{name.split('/', maxsplit=1)[0]}: {error.strerror}"] += 1
            return False

    def run(self):
        turn = 0
        while not os.path.exists(END):
            turn += 1
            names = TRACED[turn % 3::2]
            kind = ("kprobe", "kretprobe", "function", "function_graph")[turn % 4]
            if "probe" in kind:
                for name in names:
                    # with room for few: those that return late are missed, by them and not by us
                    self.done[kind] += self.write(
                        "kprobe_events", f"{'p' if kind == 'kprobe' else 'r4'}:world/{name} {name}",
                        os.O_APPEND)
                # a stack for each hit keeps the function, and the locks around it, for longer
                for name in names:
                    self.write(f"events/world/{name}/trigger", "stacktrace")
                self.write("events/world/enable", "1")
                time.sleep(0.2)
                self.write("events/world/enable", "0")
                for name in names:
                    self.write(f"events/world/{name}/trigger", "!stacktrace")
                    self.write("kprobe_events", f"-:world/{name}", os.O_APPEND)
            else:
                # an empty filter is one for every function of the kernel
                for name in names:
                    self.write("set_ftrace_filter", name, os.O_APPEND)
                if (TRACING / "set_ftrace_filter").read_text("ascii").startswith("#"):
                    continue
                self.done[kind] += self.write("current_tracer", kind)
                time.sleep(0.2)
                self.write("current_tracer", "nop")
                self.write("set_ftrace_filter", "")
        self.write("current_tracer", "nop")
        self.write("set_ftrace_filter", "")
        self.write("events/world/enable", "0")
        self.write("kprobe_events", "")
        self.write("trace", "")


class Account(Book):
    """A monitor's account of a world in which queues outlive their namespace: while they are open,
    or the filesystem is mounted; and in which no reader of a part ends what is others'."""

    readers = set()     # their processes

    def __init__(self):
        self.outlived = {}      # {namespace that is gone: its queues}
        super().__init__("--type", "ns,shm,sem,msg,mq")

    def take(self, line):
        words = line.split()
        fields = dict(word.split("=", 1) for word in words[2:])
        nsid = int(fields.get("nsid", 0))
        left = self.outlived.get(nsid)
        if words[1] in ("[mq,destroyed]", "[mq,unlinked]", "[mq,changed]") and left is not None:
            self.counts["mq", "outlived"] += 1
            self.expect(("mq", int(fields["id"])) in left, "was never there", line)
            if words[1] == "[mq,destroyed]":
                left.discard(("mq", int(fields["id"])))
            return
        if words[1] == "[ns,dying]":
            # the world uses numbers of processes again
            self.expect(int(fields.get("pid", 0)) not in self.readers or
                        fields["comm"] != OWN_COMM, "ended by a reader", line)
        if words[1] == "[ns,destroyed]":
            here = self.alive.get(nsid, set())
            self.outlived[nsid] = {thing for thing in here if thing[0] == "mq"}
            here -= self.outlived[nsid]
            self.expect(not here, f"{here} have no end", line)
            here.clear()
        super().take(line)


class Monitors:
    """Those who keep account of events; one of them is stopped now and then."""

    def __init__(self):
        # Begun in a still world, so that for them everything has a beginning and an end.
        self.books = [Account(), Account()]
        self.mark, self.marker = MARK, None
        self.stopped = None
        until(lambda: all(book.alive for book in self.books), "monitors have begun")

    def one_more(self):
        """One that begins in the middle: what it hears of ends, it may not have heard of before."""
        self.books.append(Account())

    def stop_or_go_on(self):
        """Stops one, or lets it go on."""
        if self.stopped:
            self.go_on()
        else:
            self.stopped = self.books[1].process
            self.stopped.send_signal(signal.SIGSTOP)

    def go_on(self):
        """Nobody is stopped."""
        if self.stopped:
            self.stopped.send_signal(signal.SIGCONT)
            self.stopped = None

    def catch_up(self, member):
        """Waits until all have read what happened until now; whether nobody lost anything."""
        self.go_on()
        self.remove_mark(member)
        self.mark += 1
        self.marker = member.call(calls.shmget, self.mark, 4096)
        for number, book in enumerate(self.books):
            until(lambda: self.mark in book.marks or book.lost or book.process.poll() is not None,
                  f"monitor {number} has read all", 120)
        return not any(book.lost for book in self.books)

    def remove_mark(self, member):
        """Removes the segment that says how far a monitor has read."""
        if self.marker is not None:
            member.call(calls.shm_remove, self.marker)
            self.marker = None


def compare(t, monitors, stay, delegated):
    """A quiet point: everything that was asked of the module agrees with what /proc shows."""
    try:
        freeze()
        until(tool.none_dying, "no namespace is dying", 120)
        rows, places = agree(t)
        pinned = [inode for inode, row in rows.items() if row["state"] == "pinned"]
        t.note(f"without a process: {len(pinned)}")
        paths = {inode: path for inode, (path, _) in places.items()}
        with Member(0) as visitor:
            want = visitor.call(inside_of, paths)
        got, twice = told_of_objects()
        t.same({inode: got[inode] for inode in want}, want,
               f"{sum(len(rows) for kinds in want.values() for rows in kinds.values())} objects as"
               " /proc/sysvipc and mqueue inside have them")
        t.same(twice, [], "no object comes twice")
        for inode in pinned[:3]:
            done = tool.ipcnsctl("exec", inode, "--", "true")
            # what a ring or a message held may be given back only now
            t.ok(done.returncode == 0 or inode not in tool.namespaces(),
                 "a namespace without a process can be entered", done.stderr)
        check_sums(t, [*pinned[:2], *list(paths)[:3]])
        for each in delegated:
            each.audit(t, rows, places)
        if monitors.catch_up(stay):
            for number, book in enumerate(monitors.books):
                t.same({nsid: sorted(things) for nsid, things in book.alive.items()},
                       {nsid: sorted(things) for nsid, things in everything().items()},
                       f"monitor {number}: created - destroyed = alive")
                if number < 2:
                    t.same(book.wrong, [], f"monitor {number}: each comes once, and ends once")
        else:
            t.note("a monitor was told that events are lost: no account of them")
    finally:
        thaw()


def agree(t):
    """The list and /proc about namespaces with members: what both say when they say the same."""
    home = calls.namespace_inode()      # others come and go in there
    for _ in range(10):
        rows, places = tool.namespaces(), threads()
        listed = {inode: row["nprocs"] for inode, row in rows.items()
                  if row["state"] == "active" and inode != home}
        there = {inode: len(pids) for inode, (_, pids) in places.items() if inode != home}
        if listed == there:
            break
        time.sleep(0.2 * PACE)
    t.same(listed, there, f"{len(rows)} namespaces: those with members, and how many these are")
    return rows, places


def references(inode):
    """The kernel's count of references; None if it does not count, or the namespace is gone."""
    with wire.Socket() as link, contextlib.suppress(OSError):
        return link.get("ns", {"inum": inode}).get("refs")
    return None


def steady_holders(inode):
    """The kernel's count of references and what holders prints, while the count stays the same:
    what a ring or a message held may be given back in between.
    """
    def steady():
        refs = references(inode)
        done = tool.ipcnsctl("holders", "-J", "-o", "KIND,REFS", inode)
        return (refs, done) if references(inode) == refs else None

    return until(steady, f"the references of namespace {inode} come to rest", 60)


def check_sums(t, inodes):
    """The rows of holders are what the kernel counts."""
    for inode in inodes:
        refs, done = steady_holders(inode)
        if done.returncode:
            t.ok(inode not in tool.namespaces(), f"holders: exit status {done.returncode}, and the"
                 " namespace is gone", done.stderr)
            continue
        table = json.loads(done.stdout)["holders"]
        if refs is None:
            continue        # the kernel does not count references on the initial namespace
        if all(row["refs"] is not None for row in table if row["kind"] == "unattributed"):
            t.same((sum(row["refs"] or 0 for row in table),
                    [row for row in table if (row["refs"] or 0) < 0]), (refs, []),
                   f"holders: {refs} references")


def check_after(t, stay):
    """Nothing is left of the world."""
    def same():
        return set(tool.namespaces()) == set(threads())
    until(same, "the list is what /proc has", 120)
    t.ok(True, "the list is what /proc has")
    with wire.Socket() as link:
        until(lambda: link.get("status")["dumps"] == 0, "all dumps are closed", 30)
        t.same(link.get("status")["dump-bytes"], 0, "and their memory is given back")
    t.same([row["id"] for row in tool.objects("shm", stay.inode)], [], "what stayed is as it was")


def ready(t, seed):
    """Whether the world is here; says how to have the same again."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(END)
    with contextlib.suppress(FileNotFoundError):
        LOG.unlink()
    t.note(f"seed {seed}: IPCNS_SEED={SEED} IPCNS_WORLD={SECONDS} has the same lives again")
    if not WORLD.exists():
        t.ok(False, "the world is here", "tests/run copies it to /root/world")
        return False
    if not (GROUP.parent / "cgroup.controllers").exists():
        t.skip("a hostile world", "no cgroup2 here")
        return False
    return True


@scene(f"{SECONDS} seconds of the world beside every observer")
@module.parameters("access=owner", "journal_mb=64")
def beside(t):
    if not ready(t, SEED):
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(group_of_observers())
        stay = stack.enter_context(Member())
        monitors = Monitors()
        world = stack.enter_context(World(SECONDS * 4 * PACE + 600, SEED))
        stack.callback(lambda: pathlib.Path(END).touch())
        observers = [stack.enter_context(Member(0)) for _ in range(3)]
        for member, function in zip(observers, (run_commands, read_halves)):
            member.start(function, END)
        observers[2].start(dump_until, END, 0)
        for member in observers:
            stand_still_too(member.pid)
        delegated = [Delegated(stack, 0x2001, 3000, True), Delegated(stack, 0x2002, 4000, False)]
        for each in delegated:
            stand_still_too(each.reader.pid)
            each.start()
        monitors.one_more()
        tracers = Tracers()
        tracers.start()
        fuzzer = stack.enter_context(subprocess.Popen(
            [FUZZER, str(SECONDS), str(SEED)], stdout=subprocess.PIPE, encoding="utf-8"))
        stand_still_too(fuzzer.pid)
        begin = time.monotonic()
        for point in range(POINTS):
            while time.monotonic() < begin + SECONDS * (point + 1) / POINTS:
                time.sleep(0.7)
                monitors.stop_or_go_on()
            compare(t, monitors, stay, delegated)
        world.end(t, 0.9 if PACE < 3 or not QUICK else 0.6)
        t.note(f"fuzzer: {fuzzer.communicate(timeout=300 * PACE)[0].strip()}")
        t.ok(fuzzer.returncode == 0, "the fuzzer has all its answers")
        pathlib.Path(END).touch()
        tracers.join()
        monitors.remove_mark(stay)
        check_observers(t, observers, delegated, monitors, tracers)
        check_after(t, stay)


def check_observers(t, observers, delegated, monitors, tracers):
    """What they saw."""
    statuses, complaints = observers[0].result()
    t.note(f"commands: {statuses}")
    t.same(complaints, [], "commands: an answer, or one line that says why not")
    outcomes = observers[1].result()
    t.note(f"dumps left in the middle: {outcomes}")
    rounds, rows, doubles, errors = observers[2].result()
    t.same(doubles, [], f"dumps: no row twice in {rounds} rounds, {rows} rows; errors {errors}")
    for each in delegated:
        rows, foreign, errors = each.reader.result()
        t.same(foreign, [], f"tag {each.tag:#x}: no foreign object in {rows} rows")
        t.ok(rows, f"tag {each.tag:#x}: sees something")
        t.note(f"errors: {errors}; namespaces made: {each.maker.result()}")
    for number, book in enumerate(monitors.books):
        t.note(f"monitor {number}: {sum(book.counts.values())} lines, {len(book.lost)} losses,"
               f" {book.counts['ns', 'created']} namespaces")
        status, said = book.end()
        t.same(status, 0, f"monitor {number}: ends as it should: {said.strip()}")
    t.note(f"tracers: {dict(tracers.done)}, refused {dict(tracers.refused)}")
    t.ok(all(tracers.done[kind] for kind in ("kprobe", "kretprobe", "function")),
         "others' probes and tracers came and went")


def unload():
    """rmmod, if nothing holds the module just now."""
    with contextlib.suppress(OSError):
        if pathlib.Path("/sys/module/ipcns/refcnt").read_text("ascii").strip() == "0":
            return module.unload()
    return False


@scene(f"{SECOND_PART} seconds of loading and unloading in the world")
def reload(t):
    if not ready(t, SEED + 1):
        return
    with contextlib.ExitStack() as stack:
        stay = stack.enter_context(Member())
        world = stack.enter_context(World(SECOND_PART * 4 * PACE + 600, SEED + 1))
        stack.callback(lambda: pathlib.Path(END).touch())
        observers = [stack.enter_context(Member(0)) for _ in range(2)]
        observers[0].start(run_commands, END, 0.2 * PACE)
        observers[1].start(read_halves_gently, END)
        tracers = Tracers()
        tracers.start()
        begin, cycles = time.monotonic(), 0
        stack.callback(os.setpriority, os.PRIO_PROCESS, 0, 0)
        os.setpriority(os.PRIO_PROCESS, 0, -15)     # so that rmmod has a turn between two dumps
        # beside a busy machine's other work it takes longer than that to do it twice
        while time.monotonic() < begin + SECOND_PART or cycles < 2:
            try:
                until(unload, "rmmod", 60)
            except Failed:
                t.ok(False, "rmmod ends", f"after {cycles} cycles")
                break
            module.load(*(["access=owner"] if cycles % 2 else []))
            cycles += 1
        t.ok(cycles > 1, f"{cycles} times unloaded and loaded")
        world.end(t, 0.5)
        pathlib.Path(END).touch()
        tracers.join()
        _, complaints = observers[0].result()
        t.same([each for each in complaints if each[1] not in (1, 2)], [],
               "commands: an answer, or that the module is not there")
        t.note(f"dumps left in the middle: {observers[1].result()}")
        module.reload()
        check_after(t, stay)
        until(lambda: events.status()["events-live"], "events are live")
        t.ok(True, "events are live after all that")


def read_halves_gently(path):
    """Dumps that are left in the middle, with pauses in which nothing is open."""
    outcomes = collections.Counter()
    while not os.path.exists(path):
        with contextlib.suppress(OSError, ValueError, KeyError), wire.Socket(8192) as link:
            link.begin("object")
            link.more("object")
            outcomes["left"] += 1
        time.sleep(0.1 * PACE)
    return dict(outcomes)


if __name__ == "__main__":
    main()
