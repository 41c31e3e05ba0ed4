#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=400
"""ipcnsctl rm: what is replaced or used between its look and the removal stays."""

import mmap
import os
import time

from lib import calls, witness
from lib.member import Member
from lib.tap import main, scene
from rm import folder, folder_of_own, left, make_files, rm, while_removing

NR_MQ_OPEN, NR_MQ_UNLINK, NR_RENAMEAT2, NR_OPENAT2 = 240, 241, 316, 437


def chosen_id(kind, ident):
    """The next object of the caller's namespace gets this identifier."""
    witness.set_sysctl(f"kernel/{kind}_next_id", ident)


def replace(member, kind, ident, *args):
    """Removes an object and makes another one that has its identifier."""
    remove, make = {"shm": (calls.shm_remove, calls.shmget),
                    "sem": (calls.sem_remove, calls.semget),
                    "msg": (calls.msg_remove, calls.msgget)}[kind]
    member.call(remove, ident)
    member.call(chosen_id, kind, ident)
    return member.call(make, *args)


REMOVE = {"shm": calls.shm_remove, "sem": calls.sem_remove, "msg": calls.msg_remove}
CHOWN = {"shm": calls.shm_chown, "sem": calls.sem_chown, "msg": calls.msg_chown}


@scene("a System V object that is replaced between the look and the removal stays")
def replaced(t):
    with Member() as member:
        of_kind(t, member, "shm", calls.shmget, 11, 100)
        of_kind(t, member, "sem", calls.semget, 12, 1)
        of_kind(t, member, "msg", calls.msgget, 13)
        shm = member.call(calls.shmget, 0, 1)
        done = while_removing((member.inode, "shm", shm), lambda _: member.call(calls.shmat, shm))
        t.contains(done[2][0], "it is attached 1 time", "shm: attached meanwhile")
        t.same(left(member.pid)["shm"], [shm], "shm: it stays")


@scene("a set or a queue that is used between the look and the removal stays")
def used_meanwhile(t):
    with Member() as member:
        for old in (False, True):
            sem, msg = member.call(calls.semget, 1, 1), member.call(calls.msgget, 2)
            if old:     # times have whole seconds
                member.call(calls.semop, sem, (0, 1))
                member.call(calls.msgsnd, msg, b"before")
                time.sleep(1.1)
            name = "used before" if old else "never used before"
            for words, use, text in (
                    (("sem", sem), (calls.semop, sem, (0, 1)), "semop"),
                    (("msg", msg), (calls.msgsnd, msg, b"now"), "msgsnd"),
                    (("msg", msg), (calls.msgrcv, msg), "msgrcv")):
                done = while_removing((member.inode, *words), lambda _, u=use: member.call(*u))
                stays(t, done, f"{name}: {text} meanwhile")
                t.same(left(member.pid), {"shm": [], "sem": [sem], "msg": [msg], "mq": []},
                       "it stays")
            for words, use in ((("sem", sem), (calls.semop, sem, (0, 1))),
                               (("msg", msg), (calls.msgsnd, msg, b"now"))):
                done = while_removing(("--in-use", member.inode, *words),
                                      lambda _, u=use: member.call(*u))
                t.same((done[0], len(done[1]), done[2]), (0, 1, []), f"--in-use: {words[0]} goes")
            t.same(left(member.pid)["sem"] + left(member.pid)["msg"], [], "as ipcs shows")


def of_kind(t, member, kind, make, key, *size):
    """Replaces an object of one kind by one that differs in key, owner or time."""
    ident = member.call(make, key, *size)
    words = member.inode, kind, ident
    other = lambda: replace(member, kind, ident, key + 100, *size)
    owned = lambda: member.call(CHOWN[kind], ident, 1000, 1000)
    done = while_removing(words, lambda _: t.same(other(), ident, f"{kind}: the id is reused"))
    stays(t, done, f"{kind}: another key")
    stays(t, while_removing(words, lambda _: owned()), f"{kind}: another owner")
    done = while_removing(words, lambda _: (time.sleep(1.1), other(), owned()))
    stays(t, done, f"{kind}: another ctime")
    t.same(left(member.pid)[kind], [ident], f"{kind}: it stays")
    done = while_removing(words, lambda _: member.call(REMOVE[kind], ident))
    t.contains(done[2][0], "it is not there any more", f"{kind}: removed meanwhile")
    again = member.call(make, key, *size)
    t.ok(again != ident, f"{kind}: a new object has another sequence in its id")
    t.same(rm(*words), (1, [], [f"ipcnsctl: no {kind} with id {ident} in namespace"
                                f" {member.inode}"]), f"{kind}: which the old id does not mean")
    t.same(rm(member.inode, kind, again)[0], 0, f"{kind}: the new one does")


def stays(t, done, name):
    """Nothing was removed, since it is another object."""
    t.same((done[0], done[1], len(done[2])), (1, [], 1), f"{name}: refused")
    t.contains("\n".join(done[2]), "is another one", f"{name}: with the reason")


@scene("a POSIX queue that is replaced between the look and the removal stays")
def replaced_queue(t):
    with Member() as member:
        make = lambda: member.call(os.close, member.call(calls.mq_open, b"q", 1, 1))
        make()
        done = while_removing((member.inode, "mq", "q"), lambda _: (
            member.call(calls.mq_unlink, b"q"), make()), NR_MQ_OPEN)
        stays(t, done, "another queue")
        t.same(left(member.pid)["mq"], ["/q"], "it stays")
        done = while_removing((member.inode, "mq", "q"),
                              lambda _: member.call(calls.mq_unlink, b"q"), NR_MQ_UNLINK)
        t.contains(done[2][0], "it is not there any more", "unlinked in between")


@scene("a file of /dev/shm that is replaced between the look and the removal stays")
def replaced_file(t):
    with Member() as member:
        member.call(folder_of_own)
        member.call(make_files, b"stay")
        words = member.inode, "pshm", "stay"
        done = while_removing(words, lambda _: (
            member.call(os.unlink, b"/dev/shm/stay"), member.call(make_files, b"stay")),
            NR_RENAMEAT2)
        stays(t, done, "another file of that name")
        t.same(folder(member), [b"stay"], "it has its name")
        done = while_removing(words, lambda _: (
            member.call(os.unlink, b"/dev/shm/stay"),
            member.call(os.symlink, b"/etc/passwd", b"/dev/shm/stay")), NR_RENAMEAT2)
        stays(t, done, "a link in its place")
        t.ok(os.path.exists("/etc/passwd"), "is not followed")


def hold(name, mapped):
    """Opens a file of /dev/shm, or maps it and closes it."""
    fd = os.open(b"/dev/shm/" + name, os.O_RDWR)
    if not mapped:
        return fd
    HELD.append(mmap.mmap(fd, 4096))
    os.close(fd)
    return -1


HELD = []


@scene("a file of /dev/shm that is opened or mapped between the look and the removal stays")
def file_used_meanwhile(t):
    for mapped in (False, True):
        how = "mapped" if mapped else "opened"
        with Member() as member:
            member.call(folder_of_own)
            member.call(make_files, b"data")
            words = member.inode, "pshm", "data"
            before = member.call(os.stat, b"/dev/shm/data").st_ino
            done = while_removing(words, lambda _, m=mapped: member.call(hold, b"data", m),
                                  NR_RENAMEAT2)
            t.same((done[0], done[1], len(done[2])), (1, [], 1), f"{how} meanwhile: refused")
            t.contains("\n".join(done[2]), "it is mapped or open, and --in-use", "with the reason")
            t.same((folder(member), member.call(os.stat, b"/dev/shm/data").st_ino),
                   ([b"data"], before), "the same file has its name, and no other is there")
            with open("/proc/locks", encoding="ascii") as locks:
                t.ok("LEASE" not in locks.read(), "no lease is left")
        with Member() as member:
            member.call(folder_of_own)
            member.call(make_files, b"data")
            done = while_removing(("--in-use", member.inode, "pshm", "data"),
                                  lambda _, m=mapped: member.call(hold, b"data", m), NR_RENAMEAT2)
            t.same((done[0], len(done[1]), done[2]), (0, 1, []), f"--in-use, {how}: it goes")
            t.same(folder(member), [], "and its name does")


def cover():
    """Mounts a folder of /dev/shm over it."""
    calls.mount("/dev/shm/below", "/dev/shm", None, calls.MS_BIND)


@scene("a folder that is mounted over /dev/shm between the look and the removal: its files stay")
def covered(t):
    with Member() as member:
        member.call(folder_of_own)
        member.call(make_files, b"data", b"other")
        member.call(os.mkdir, b"/dev/shm/below")
        member.call(os.link, b"/dev/shm/data", b"/dev/shm/below/data")
        member.call(make_files, b"below/other")
        done = while_removing((member.inode, "pshm", "data", "other"),
                              lambda _: member.call(cover), NR_OPENAT2)
        t.same((done[0], done[1], len(done[2])), (1, [], 2), "both are refused")
        for line in done[2]:
            t.contains(line, f"process {member.pid} does not see its folder at /dev/shm any more",
                       "with the reason")
        t.same(folder(member), [b"data", b"other"], "a link to the same file, and another file")
        member.call(calls.umount, "/dev/shm")
        t.same(folder(member), [b"below", b"data", b"other"], "and what was meant stays, too")


@scene("what somebody else removes meanwhile: an error by its name, none for --orphans")
def gone(t):
    with Member() as home:
        home.call(folder_of_own)
        home.call(make_files, b"data")
        done = while_removing((home.inode, "pshm", "data"),
                              lambda _: home.call(os.unlink, b"/dev/shm/data"), NR_RENAMEAT2)
        t.same((done[0], done[1], len(done[2])), (1, [], 1), "a file: an error, as of ipcrm")
        t.contains("\n".join(done[2]), "it is not there any more", "with the reason")
        with Member(join=home.pid) as maker:
            first, second = (maker.call(calls.shmget, number, 100) for number in (1, 2))
        done = while_removing(("--orphans", "--force", home.inode),
                              lambda _: home.call(calls.shm_remove, first))
        t.same((done[0], sorted(done[1]), done[2]),
               (0, [f"already gone shm {first} (key 0x00000001) in namespace {home.inode}: "
                    "100 bytes", f"removed shm {second} (key 0x00000002) in namespace "
                    f"{home.inode}: 100 bytes"], []), "--orphans: it says so, and that is all")
        t.same(left(home.pid)["shm"], [], "none is left")


if __name__ == "__main__":
    main()
