#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=400
"""ipcnsctl rm, against ipcs(1), /proc/sysvipc and mqueue inside the namespace."""

import contextlib
import ctypes
import errno
import os
import re
import signal
import socket
import subprocess
import threading
import time

from lib import calls, module, tool, trace, witness
from lib.member import Member
from lib.tap import PACE, main, scene, until
from users import become, write_maps

NR_SETNS, NR_SETRESUID = 308, 117
KEYS = {"shm": 0x5e9, "sem": -2, "msg": 0x7fffffff}


def furnish():
    """Two objects of each kind; {kind: [id, id]}, and names for queues."""
    fd = calls.mq_open(b"work", 5, 50)
    calls.mq_send(fd, b"seven b")
    os.close(fd)
    os.close(calls.mq_open(b"other", 5, 50))
    ids = {"shm": [calls.shmget(KEYS["shm"], 5000), calls.shmget(0, 1)],
           "sem": [calls.semget(KEYS["sem"], 3), calls.semget(0, 1)],
           "msg": [calls.msgget(KEYS["msg"]), calls.msgget(0)]}
    calls.msgsnd(ids["msg"][0], b"hello")
    return {**ids, "mq": ["/work", "/other"]}


def left(target):
    """What there is in a namespace as others see it: {kind: ids, or names}."""
    found = {kind: sorted(row[f"{kind}id" if kind == "shm" else {"sem": "semid", "msg": "msqid"}[
        kind]] for row in witness.sysvipc(target, kind)) for kind in ("shm", "sem", "msg")}
    found["mq"] = sorted("/" + os.fsdecode(name) for name in witness.mqueue(target))
    return found


def rm(*args):
    """ipcnsctl rm: (exit status, lines of stdout, lines of stderr)."""
    done = tool.ipcnsctl("rm", *args)
    return done.returncode, done.stdout.splitlines(), done.stderr.splitlines()


LINES = {
    "shm": "removed shm {} (key 0x000005e9) in namespace {}: 5000 bytes",
    "sem": "removed sem {} (key 0xfffffffe) in namespace {}: 3 semaphores",
    "msg": "removed msg {} (key 0x7fffffff) in namespace {}: 1 message of 5 bytes",
    "mq": "removed mq {} in namespace {}: 1 message of 7 bytes",
}


def each_kind(t, target, where, inode, objects, name):
    """Removes the first of each kind, which leaves the second; then that, silently."""
    want = left(target)
    for kind, (first, second) in objects.items():
        t.same(rm(where, kind, first), (0, [LINES[kind].format(first, inode)], []),
               f"{name}: {kind}, what is removed and how much")
        want[kind].remove(first)
        t.same(left(target), want, f"{name}: {kind}, that one alone is gone")
        t.same(rm("-q", where, kind, second), (0, [], []), f"{name}: {kind}, quiet")
        want[kind].remove(second)
    t.same(left(target), {kind: [] for kind in want}, f"{name}: nothing is left")


@scene("each kind: in a namespace with a process, in a pinned one, in that of a container")
def kinds(t):
    path = "/run/pinned"
    with Member() as member, Member() as other:
        same = other.call(furnish)
        objects = member.call(furnish)
        each_kind(t, member.pid, f"pid={member.pid}", member.inode, objects, "process")
        t.same(left(other.pid), {kind: sorted(ids) for kind, ids in same.items()},
               "objects of the same ids and names in another namespace stay")
    with Member() as member:
        objects, inode = member.call(furnish), member.inode
        with open(path, "wb"):
            calls.mount(f"/proc/{member.pid}/ns/ipc", path, flags=calls.MS_BIND)
    each_kind(t, path, inode, inode, objects, "bind mount")
    calls.umount(path)
    os.unlink(path)
    with contained() as member:
        objects = member.call(furnish)
        each_kind(t, member.pid, f"/proc/{member.pid}/ns/ipc", member.inode, objects, "container")


def contained(owner=0):
    """A member that is root of a user namespace, with ids of its own, that a user owns."""
    member = Member(0)
    if owner:
        member.call(become, owner, owner)
    member.call(calls.unshare, calls.CLONE_NEWUSER)
    member.call(calls.make_dumpable)
    write_maps(member.pid, "0 100000 1000", "0 100000 1000")
    member.call(become, 0, 0)
    member.call(calls.make_dumpable)
    member.call(calls.unshare, calls.CLONE_NEWIPC)
    return member


@scene("several at once, by key, and what is not there")
def several(t):
    with Member() as member:
        objects = member.call(furnish)
        inode, want = member.inode, left(member.pid)
        shm = objects["shm"]
        t.same(rm(inode, "shm", shm[0], 77, shm[1], shm[0]),
               (1, [LINES["shm"].format(shm[0], inode),
                    f"removed shm {shm[1]} (key 0x00000000) in namespace {inode}: 1 byte"],
                [f"ipcnsctl: no shm with id 77 in namespace {inode}"]),
               "two that are there, one of them named twice, and one that is not")
        want["shm"] = []
        t.same(left(member.pid), want, "they are gone")
        for key in ("0xFFFFFFFE", "-2", "4294967294", "037777777776"):
            sem = member.call(calls.semget, KEYS["sem"], 3)
            t.same(rm(inode, "sem", f"--key={key}"),
                   (0, [LINES["sem"].format(sem, inode)], []), f"by key {key}")
        msg = objects["msg"][0]
        t.same(rm(inode, "msg", msg, "-k", "2147483647"),
               (0, [LINES["msg"].format(msg, inode)], []), "once, by id and by key")
        t.same(rm(inode, "mq", "work", "/work", "/work2"),
               (1, [LINES["mq"].format("/work", inode)],
                [f"ipcnsctl: no mq with name /work2 in namespace {inode}"]),
               "a queue without a slash, and one that is not there")
        want.update(sem=objects["sem"][1:], msg=objects["msg"][1:], mq=["/other"])
        t.same(left(member.pid), want, "all others are there")
        for words, text in ((("sem", "x"), "invalid id: x"), (("sem", "-k", "0"), "use its id"),
                            (("mq", "/a/b"), "invalid name"), (("mq", "/"), "invalid name"),
                            (("mq", "-k", "5"), "no keys"), (("pipe", "1"), "unknown kind: pipe"),
                            (("sem",), "are needed"), ((), "are needed")):
            status, out, err = rm(inode, *words)
            t.same((status, out, err[-1:]), (1, [], ["Try 'ipcnsctl rm --help' for more "
                                                     "information."]), f"rm NS {words}")
            t.contains(err[0], text, "with the reason")
        t.same(rm("4026530000", "sem", "0"),
               (1, [], ['ipcnsctl: no IPC namespace "4026530000"']), "no such namespace")
        t.same(left(member.pid), want, "and nothing has changed")


@scene("what is in use stays, but for --in-use")
def in_use(t):
    with Member() as member, Member(join=member.pid) as second, Member(join=member.pid) as third:
        inode = member.inode
        shm, sem, msg = (member.call(calls.shmget, 1, 4096), member.call(calls.semget, 2, 2),
                         member.call(calls.msgget, 3))
        address = member.call(calls.shmat, shm)
        member.call(calls.shmat, shm)
        refused(t, member, ("shm", shm), "it is attached 2 times", "attached")
        member.call(calls.shmdt, address)
        refused(t, member, ("shm", shm), "it is attached 1 time", "attached once")
        t.same(rm("--in-use", inode, "shm", shm),
               (0, [f"marked shm {shm} (key 0x00000001) in namespace {inode}: 4096 bytes, to go "
                    f"after 1 detachment"], []), "--in-use: it is marked")
        t.same([(row["shmid"], row["perms"] & 0o1000)
                for row in witness.sysvipc(member.pid, "shm")], [(shm, 0o1000)],
               "as /proc/sysvipc shows")

        second.start(calls.semop, sem, (1, -1))
        second.sleeps_in(calls.NR_SEMTIMEDOP)
        refused(t, member, ("sem", sem), "1 task waits for it", "a waiter")
        member.call(calls.semop, sem, (1, 1))
        second.result()
        second.call(calls.semop, sem, (0, 1, calls.SEM_UNDO))
        refused(t, member, ("sem", sem), "1 adjustment of SEM_UNDO is pending", "undo")
        third.start(calls.semop, sem, (1, -1))
        third.sleeps_in(calls.NR_SEMTIMEDOP)
        t.same(rm("--in-use", inode, "sem", sem)[0], 0, "--in-use: it goes")
        try:
            third.result()
            t.ok(False, "whoever waits")
        except OSError as error:
            t.same(error.errno, errno.EIDRM, "whoever waits is told")

        third.start(calls.msgrcv, msg)
        third.sleeps_in(calls.NR_MSGRCV)
        refused(t, member, ("msg", msg), "1 task waits for it", "a receiver")
        member.call(calls.msgsnd, msg, b"now")
        third.result()
        t.same(rm(inode, "msg", msg)[0], 0, "nobody waits any more: it goes")
        t.same(left(member.pid), {"shm": [shm], "sem": [], "msg": [], "mq": []}, "all that is left")


def refused(t, member, words, why, name):
    """An object in use: nothing is removed, and the reason is given."""
    before = left(member.pid)
    status, out, err = rm(member.inode, *words)
    t.same((status, out, len(err)), (1, [], 1), f"{name}: refused in one line")
    t.contains(err[0], f"was not removed: {why}", f"{name}: with the reason")
    t.same(left(member.pid), before, f"{name}: it stays")


@scene("POSIX queues: open, closed, unlinked, with strange names")
def queues(t):
    with Member() as member, Member(join=member.pid) as second:
        inode = member.inode
        fd = member.call(calls.mq_open, b"open", 1, 1)
        refused(t, member, ("mq", "/open"), f"open in process {member.pid},", "open")
        stay = second.call(calls.mq_open, b"open", 1, 1)
        member.call(os.close, fd)
        refused(t, member, ("mq", "open"), f"open in process {second.pid},", "open elsewhere")
        t.same(rm("--in-use", inode, "mq", "open"),
               (0, [f"removed mq /open in namespace {inode}: 0 messages of 0 bytes"], []),
               "--in-use: its name is removed")
        t.same(left(member.pid)["mq"], [], "mqueue does not show it")
        refused(t, member, ("mq", "open"), "its name is removed already", "unlinked")
        fd = member.call(calls.mq_open, b"open", 2, 20)
        member.call(os.close, fd)
        t.same(rm(inode, "mq", "open")[0], 0, "a new one of the same name goes")
        second.call(os.close, stay)
        t.same(rm(inode, "mq", "open"),
               (1, [], [f"ipcnsctl: no mq with name open in namespace {inode}"]), "all are gone")
        names = [b"-x", b"with space", b"new\nline", b"tab\t\\x41", b"\xff\xfe", "ö€".encode(),
                 b"n" * 255, b"*", b"...", b"\x1b[31m"]
        for name in names:
            member.call(os.close, member.call(calls.mq_open, name, 1, 1))
        for name in names:
            status, out, err = rm(inode, "mq", os.fsdecode(b"/" + name))
            t.same((status, len(out), err), (0, 1, []), f"the name {name!r:.30}, in one line")
            t.ok(all(c.isprintable() for line in out for c in line), "of printable characters", out)
            t.ok(os.fsdecode(b"/" + name) not in left(member.pid)["mq"], "which is gone")
        t.same(left(member.pid)["mq"], [], "so are all")


def send_and_close(fd):
    """Leaves a descriptor in a message that nobody has received."""
    mine, theirs = socket.socketpair()
    socket.send_fds(mine, [b"x"], [fd])
    os.close(fd)
    return mine.detach(), theirs.detach()


@scene("a POSIX queue whose descriptor is under way between processes")
def in_flight(t):
    with Member() as member:
        ends = member.call(send_and_close, member.call(calls.mq_open, b"sent", 1, 1))
        refused(t, member, ("mq", "sent"), "open, in a process that was not found", "in flight")
        for end in ends:
            member.call(os.close, end)
        t.same(rm(member.inode, "mq", "sent")[0], 0, "the message is dropped: it goes")


def while_removing(words, change, number=NR_SETNS, **options):
    """Runs rm, and changes something before its child makes a system call; (status, out, err)."""
    argv = ["ipcnsctl", "rm", *map(str, words)]
    with trace.child_before(number, argv, **options) as (child, run):
        change(child)
    return run.result


def folder_of_own():
    """A tmpfs at /dev/shm in a mount namespace of the caller's own."""
    calls.unshare(calls.CLONE_NEWNS)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount("shm", "/dev/shm", "tmpfs")


def make_files(*names):
    """Files of a page each in /dev/shm."""
    for name in names:
        with open(os.path.join(b"/dev/shm", name), "wb") as file:
            file.write(bytes(4096))


def folder(member):
    """What is in the /dev/shm of a member."""
    return sorted(member.call(os.listdir, b"/dev/shm"))


@scene("POSIX shared memory and semaphores: files of /dev/shm")
def files(t):
    with Member() as member, Member() as other:
        for each in (member, other):
            each.call(folder_of_own)
            each.call(make_files, b"data", b"sem.lock", b"two\nlines", b"mapped", b"stay")
        names, inode = folder(member), member.inode
        for kind, name, line in (("pshm", "/data", "/data"), ("psem", "lock", "/lock"),
                                 ("pshm", "two\nlines", "/two\\x0alines")):
            t.same(rm(inode, kind, name), (0, [f"removed {kind} {line} in namespace {inode}: "
                                               "4096 bytes allocated"], []), f"{kind} {name!r}")
        t.same(folder(member), [b"mapped", b"stay"], "these are gone, all others are there")
        t.same(folder(other), names, "and all of another namespace")
        t.same(rm(inode, "pshm", "lock", "none")[0], 1, "what is not there is an error")
        fd = member.call(os.open, b"/dev/shm/mapped", os.O_RDONLY)
        status, out, err = rm(inode, "pshm", "mapped")
        t.same((status, out, len(err)), (1, [], 1), "an open file is refused")
        t.contains(err[0], "1 process has it open", "with the reason")
        t.same(rm("--in-use", inode, "pshm", "mapped")[0], 0, "--in-use: it goes")
        member.call(os.close, fd)
        t.same(folder(member), [b"stay"], "that one alone")


def sweep(*args):
    """rm --orphans: (exit status, lines of stdout without ages, lines of stderr)."""
    status, out, err = rm("--orphans", *args)
    return status, [re.sub(r", unused for \w+", "", line) for line in out], err


def leave(home, uid=0, tag=0):
    """A process of a user makes one of each kind and ends: {kind: id, or name}."""
    name = f"queue{tag}".encode()
    with Member(join=home.pid) as maker:
        if uid:
            maker.call(become, uid, uid)
        made = {"shm": maker.call(calls.shmget, 0x10 + tag, 5000),
                "sem": maker.call(calls.semget, 0x20 + tag, 2),
                "msg": maker.call(calls.msgget, 0x30 + tag), "mq": f"/queue{tag}"}
        maker.call(os.close, maker.call(calls.mq_open, name, 1, 1))
    return made


def orphan_line(made, kind, inode, tag=0):
    """An orphan of leave(), as lines name it."""
    key = {"shm": 0x10, "sem": 0x20, "msg": 0x30}.get(kind, 0) + tag
    what = {"shm": "5000 bytes", "sem": "2 semaphores"}.get(kind, "0 messages of 0 bytes")
    named = made[kind] if kind == "mq" else f"{made[kind]} (key 0x{key:08x})"
    return f"{kind} {named} in namespace {inode}: {what}"


SURE = {"shm": "sure (unattached)", "sem": "likely (ended)", "msg": "likely (ended)",
        "mq": "likely (closed)"}


@scene("orphans: what would be removed, the sure ones with --force, the likely ones by age")
def orphans(t):
    with Member() as home, Member() as other:
        made, elsewhere = leave(home, 1234), leave(other, 1234)
        used = home.call(calls.shmget, 0x99, 100)
        before, inode = left(home.pid), home.inode
        lines = {kind: f"{orphan_line(made, kind, inode)}, {SURE[kind]}" for kind in made}
        tail = "; give --older-than for likely ones"
        keep = [f"{lines[kind]}{tail}" for kind in ("msg", "mq", "sem")]
        status, out, err = sweep(inode)
        t.same((status, sorted(out[:-1]), err),
               (0, sorted([f"would remove {lines['shm']}"] +
                          [f"would keep {line}" for line in keep]), []), "what would happen")
        t.same(out[-1], "1 to remove, 4.9K; 3 to keep. Nothing was removed: add --force",
               "and what that comes to")
        t.same(left(home.pid), before, "nothing is removed")
        t.same(sweep("--type", "sem,mq", inode)[1][-1], "0 to remove, 0B; 2 to keep", "--type")
        t.same(sweep("--older-than", "1 h", "--force", inode), (0, [], []), "all are too young")
        t.same(left(home.pid), before, "and stay")
        status, out, err = sweep("--force", inode)
        t.same((status, sorted(out), err),
               (0, sorted([f"removed {orphan_line(made, 'shm', inode)}"] +
                          [f"kept {line}" for line in keep]), []), "--force: the sure one")
        before["shm"] = [used]
        t.same(left(home.pid), before, "and that one only")
        t.same(rm("--orphans", "--force", "-q", inode), (0, [], []), "quiet")
        time.sleep(2.1)
        status, out, err = sweep("--older-than", "2 s", "--force", inode)
        t.same((status, sorted(out), err),
               (0, sorted(f"removed {orphan_line(made, kind, inode)}"
                          for kind in ("sem", "msg", "mq")), []), "--older-than: the likely ones")
        t.same(left(home.pid), {"shm": [used], "sem": [], "msg": [], "mq": []},
               "all but the one whose creator lives")
        t.same(left(other.pid), {kind: [name] for kind, name in elsewhere.items()},
               "another namespace is as it was")


def become_saved(uid):
    """Leaves a user in the saved user ID only."""
    os.setresuid(0, 0, uid)


def thread_becomes(uid):
    """One thread has another user than its process."""
    ready = threading.Event()
    change = ctypes.CDLL(None).syscall      # that of the C library changes all threads
    threading.Thread(target=lambda: (change(NR_SETRESUID, uid, uid, uid), ready.set(),
                                     time.sleep(1000)), daemon=True).start()
    ready.wait()


@scene("likely orphans stay while their owner or creator has a process there")
def still_there(t):
    with Member() as home:
        made = leave(home, 1234)
        old = ("--older-than", "1 s", "--type", "sem,msg,mq", "--force", home.inode)
        want = left(home.pid)
        for name, enter in (("a process", lambda user: user.call(become, 1234, 1234)),
                            ("a saved user ID", lambda user: user.call(become_saved, 1234)),
                            ("a thread", lambda user: user.call(thread_becomes, 1234)),
                            ("a stopped process", lambda user: (
                                user.call(become, 1234, 1234),
                                os.kill(user.pid, signal.SIGSTOP)))):
            with Member(join=home.pid) as user:
                enter(user)
                time.sleep(1.1)     # to read a queue's file is a use of the queue
                status, out, err = sweep(*old)
                t.same((status, len(out), err), (0, 3, []), f"{name}: three are kept")
                t.ok(all("user 1234 has processes there" in line for line in out),
                     "with the reason", out)
                t.same(left(home.pid), want, "as ipcs shows")
        with Member(0) as host:
            host.call(become, 1234, 1234)
            time.sleep(1.1)
            t.same(len(sweep(*old)[1]), 3, "a process of another namespace is nobody there")
        t.same(left(home.pid), {"shm": [made["shm"]], "sem": [], "msg": [], "mq": []}, "they go")
        with Member(join=home.pid) as maker:
            maker.call(become, 1235, 1235)
            ident = maker.call(calls.msgget, 0x77)
        home.call(calls.msg_chown, ident, 1236, 1236)
        time.sleep(1.1)
        for uid, name in ((1235, "creator"), (1236, "owner")):
            with Member(join=home.pid) as user:
                user.call(become, uid, uid)
                t.contains(sweep(*old)[1][0], f"user {uid} has processes there", name)
        t.same(left(home.pid)["msg"], [ident], "it is kept")
        with Member(join=home.pid) as maker:
            maker.call(become, 1235, 1235)
            maker.call(os.close, maker.call(calls.mq_open, b"left", 1, 1))
        time.sleep(1.1)
        done = subprocess.run(
            ["unshare", "--pid", "--fork", "--mount-proc", "ipcnsctl", "rm", "--orphans",
             *map(str, old)], capture_output=True, encoding="utf-8", check=False)
        t.same(left(home.pid)["msg"], [ident], "a reader who does not see all processes: none")
        t.contains(done.stdout, "not all processes can be looked at", "and says why")
        time.sleep(1.1)
        t.same(len(sweep(*old)[1]), 2, "everybody has left: both go")
        t.same((left(home.pid)["msg"], left(home.pid)["mq"]), ([], []), "as ipcs shows")


@scene("orphans of a namespace without processes, and of several")
def orphans_of_several(t):
    path = "/run/pinned"
    with Member() as one, Member() as two:
        made = leave(one), leave(two)
        with open(path, "wb"):
            calls.mount(f"/proc/{one.pid}/ns/ipc", path, flags=calls.MS_BIND)
        inodes = one.inode, two.inode
        one.end()
        time.sleep(1.1)
        status, out, err = sweep("--older-than", "1 s", "--force", *inodes)
        t.same((status, err), (0, []), "no error")
        t.same(sorted(line for line in out if line.startswith("removed")),
               sorted([f"removed {orphan_line(made[0], kind, inodes[0])}" for kind in made[0]] +
                      [f"removed {orphan_line(made[1], 'shm', inodes[1])}"]),
               "all of root's in the one without processes, the sure one in the other")
        t.same(left(path), {"shm": [], "sem": [], "msg": [], "mq": []}, "as ipcs shows")
        t.same(left(two.pid)["sem"], [made[1]["sem"]], "the other one has root's processes")
    calls.umount(path)
    os.unlink(path)


@scene("orphaned files: nobody of their owner in a mount namespace that has them")
def orphaned_files(t):
    with Member(calls.CLONE_NEWIPC) as box:
        box.call(folder_of_own)
        box.call(make_files, b"data", b"sem.lock", b"stay", b"root's")
        for name in (b"data", b"sem.lock", b"stay"):
            box.call(os.chown, b"/dev/shm/" + name, 1234, 1234)
        fd = box.call(os.open, b"/dev/shm/stay", os.O_RDONLY)
        inode, all_files = box.inode, folder(box)
        time.sleep(1.1)
        old = ("--older-than", "1 s", "--type", "pshm,psem", "--force", inode)
        t.same(sweep("--force", inode)[0], 0, "without an age")
        t.same(folder(box), all_files, "none is removed")
        with Member(0) as user:
            user.call(os.setresuid, 1234, 1234, 1234)
            with Member(0) as inside:
                inside.call(calls.setns, f"/proc/{box.pid}/ns/mnt", calls.CLONE_NEWNS)
                inside.call(calls.unshare, calls.CLONE_NEWNS)
                inside.call(os.setresuid, 1234, 1234, 1234)
                t.same(len(sweep(*old)[1]), 3, "the owner in a copy of the mount namespace")
                t.same(folder(box), all_files, "all stay")
            status, out, err = sweep(*old)
        t.same((status, sorted(line for line in out if line.startswith("removed")), err),
               (0, [f"removed psem /lock in namespace {inode}: 4096 bytes allocated",
                    f"removed pshm /data in namespace {inode}: 4096 bytes allocated"], []),
               "the owner elsewhere: they go")
        t.same(folder(box), [b"root's", b"stay"], "but what is open, and root's")
        box.call(os.close, fd)


@scene("what does not go with --orphans")
def orphan_usage(t):
    for words, text in ((("--orphans", "--in-use"), "do not go with --orphans"),
                        (("--orphans", "-k", "5"), "do not go with --orphans"),
                        (("--orphans", "--older-than", "0"), "invalid age: 0"),
                        (("--orphans", "--type", "pipe"), "pipe"),
                        (("--force", "1", "shm", "1"), "go with --orphans only"),
                        (("--older-than", "1 h", "1", "shm", "1"), "go with --orphans only")):
        status, out, err = rm(*words)
        t.same((status, out), (1, []), f"rm {words}")
        t.contains(err[0], text, "with the reason")


@scene("nobody in the namespace can touch the process of an administrator that enters it")
def out_of_reach(t):
    with contained() as member:
        ids = [member.call(calls.shmget, 0, 4096) for _ in range(2)]
        done = while_removing((member.inode, "shm", *ids),
                              lambda child: untouchable(t, member, child), calls.NR_SHMCTL)
        t.same((done[0], len(done[1]), done[2]), (0, 2, []), "and both segments are removed")
        t.same(left(member.pid)["shm"], [], "as ipcs shows")


def attempts(pid):
    """What root of a user namespace can do to a process: errors by name."""
    found = {}
    for name, attempt in {
            "stop": lambda: os.kill(pid, signal.SIGSTOP),
            "memory": lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDWR)),
            "environment": lambda: os.close(os.open(f"/proc/{pid}/environ", os.O_RDONLY)),
            "descriptors": lambda: os.listdir(f"/proc/{pid}/fd"),
            "root": lambda: os.listdir(f"/proc/{pid}/root/")}.items():
        try:
            attempt()
            found[name] = ""
        except OSError as error:
            found[name] = errno.errorcode[error.errno]
    return found


def untouchable(t, member, child):
    """The process in the namespace stands still just now; tries all that there is."""
    t.same(calls.namespace_inode(child), member.inode, "the process is in the namespace")
    t.same(member.call(attempts, child),
           {"stop": "EPERM", "memory": "EACCES", "environment": "EACCES",
            "descriptors": "EACCES", "root": "EACCES"}, "no signal, no look at it")


def descriptors(pid):
    """What the descriptors of a process are."""
    return sorted(os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0]
                  for fd in os.listdir(f"/proc/{pid}/fd"))


@scene("the owner of a user namespace, and a root in it who is in the way")
@module.parameters("access=owner")
def owner(t):
    user = {"prepare": lambda: become(1000, 1000)}
    with contained(1000) as member, Member(0) as caller:
        caller.call(become, 1000, 1000)
        objects = member.call(furnish)
        shm = objects["shm"]
        for kind in ("shm", "sem", "msg", "mq"):
            done = caller.call(rm, member.inode, kind, objects[kind][1])
            t.same((done[0], len(done[1]), done[2]), (0, 1, []), f"removes {kind}")
        t.same(left(member.pid), {kind: ids[:1] for kind, ids in objects.items()}, "all but one")
        for name, signo, why in (("stops", signal.SIGSTOP, "was stopped"),
                                 ("kills", signal.SIGKILL, "was killed")):
            begin = time.monotonic()
            done = while_removing((member.inode, "shm", shm[0]), lambda child, s=signo: hostile(
                t, member, child, s), times=3, **user)
            t.ok(time.monotonic() - begin < 8 * PACE, f"root {name} it: soon over")
            t.same((done[0], done[1], len(done[2])), (1, [], 1), "which is an error of one line")
            t.contains(done[2][0], why, "with the reason")
            t.same(left(member.pid)["shm"], shm[:1], "nothing is removed")
        until(lambda: not [pid for pid in witness.members()[member.inode] if pid != member.pid],
              "nobody is left in the namespace")
        unmapped(t, member, caller)
    with Member() as member, Member(0) as caller:
        caller.call(become, 1000, 1000)
        shm = member.call(calls.shmget, 0, 1)
        done = caller.call(rm, member.inode, "shm", shm)
        t.same((done[0], done[1], len(done[2])), (1, [], 1), "namespaces of root's are refused")
        t.same(left(member.pid)["shm"], [shm], "and stay as they are")


def hostile(t, member, child, signo):
    """In the user namespace, before it enters the IPC namespace: looks are refused, signals not."""
    t.same(calls.namespace_inode(child, "user"), calls.namespace_inode(member.pid, "user"),
           "the process is in the user namespace")
    t.same(descriptors(child), ["/dev/null"] * 3 + ["ipc", "socket", "user"],
           "it has no descriptors but those that it needs")
    found = member.call(attempts, child)
    t.same({name: found[name] for name in ("memory", "environment", "descriptors", "root")},
           dict.fromkeys(("memory", "environment", "descriptors", "root"), "EACCES"),
           "root in there cannot look at it")
    member.call(os.kill, child, signo)


def unmapped(t, member, caller):
    """The owner is not mapped in the user namespace."""
    calls.setns(f"/proc/{member.pid}/ns/ipc")
    shm = calls.shmget(0, 1)
    calls.setns("/proc/1/ns/ipc")
    done = caller.call(rm, member.inode, "shm", shm)
    t.same((done[0], len(done[1]), done[2]), (0, 1, []), "a segment of root's in it is removed")


@scene("by default nobody but the administrator gets as far as a namespace")
def users(t):
    with Member(0) as member:
        member.call(become, 1000, 1000)
        member.call(calls.unshare, calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)
        shm = member.call(calls.shmget, 0, 1)
        with trace_of_calls(member) as seen:
            status, out, err = member.call(rm, member.inode, "shm", shm)
        t.same((status, out, len(err)), (1, [], 1), "an owner is refused")
        t.contains(err[0], "CAP_SYS_ADMIN", "with the reason")
        t.same(seen, [], "before any process was started in there")
        t.same(member.call(calls.shmget, 0, 1) != shm, True, "the segment stays")


@contextlib.contextmanager
def trace_of_calls(member):
    """Processes other than the member that are in its namespace afterwards."""
    seen = []
    yield seen
    seen += [pid for pid in witness.members().get(member.inode, ()) if pid != member.pid]


@scene("a lock that others hold: rm does not wait for ever")
def bounded(t):
    with Member() as member:
        shm = member.call(calls.shmget, 0, 1)
        begin = time.monotonic()
        with trace.child_before(calls.NR_SHMCTL, ["ipcnsctl", "rm", str(member.inode), "shm",
                                                  str(shm)]) as (_, run):
            run.result = trace.ended(run)
        t.same(run.result[:2], (1, []), "an error")
        t.contains(run.result[2][0], "waits for a lock", "with the reason")
        t.ok(time.monotonic() - begin < 45 * PACE, "after ten seconds, and not never")
        t.same(left(member.pid)["shm"], [shm], "the segment stays")


if __name__ == "__main__":
    main()
