#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=180
"""User namespaces: owners, mapped ids, and what readers other than root get to see."""

import json
import os
import subprocess

from lib import calls, compare, module, tool
from lib.member import Member
from lib.tap import main, scene


def write_maps(pid, uids, gids):
    """Writes uid_map and gid_map of a process in a new user namespace."""
    for name, line in (("uid_map", uids), ("gid_map", gids)):
        with open(f"/proc/{pid}/{name}", "w", encoding="ascii") as file:
            file.write(line)


def become(uid, gid):
    """Changes all ids; keeps capabilities only if the caller's user namespace says so."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def contained(first=100000, count=1000):
    """A member that is root of a user namespace with mapped ids, in an IPC namespace it owns."""
    member = Member(calls.CLONE_NEWUSER)
    write_maps(member.pid, f"0 {first} {count}", f"0 {first + 100000} {count}")
    member.call(become, 0, 0)
    member.call(calls.unshare, calls.CLONE_NEWIPC)
    return member


def make_as(uid, gid):
    """One object of each kind made by another user, in a child; returns when done."""
    pid = os.fork()
    if not pid:
        try:
            become(uid, gid)
            calls.shmget(uid + 1, 4096, 0o600)
            calls.semget(uid + 1, 2, 0o600)
            calls.msgget(uid + 1, 0o600)
            os.close(calls.mq_open(b"of-%d" % uid, 2, 20))
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def ownership(t, member, name, uid):
    """ONS, UID, USER of a row, against lsns, /proc and NS_GET_USERNS."""
    row = compare.listed(t, member.inode, name)
    t.same(row["ons"], calls.owner_user_namespace(f"/proc/{member.pid}/ns/ipc"),
           f"{name}: ONS is what NS_GET_USERNS says")
    t.same(row["ons"], calls.namespace_inode(member.pid, "user"),
           f"{name}: and the member's own user namespace")
    t.same(row["uid"], uid, f"{name}: UID as mapped to the reader")


@scene("a user namespace with mapped ids, and one nested in it")
@module.parameters("access=owner")
def nested(t):
    with contained() as member:
        for uid in (0, 5, 998):
            member.call(make_as, uid, uid + 1)
        ownership(t, member, "mapped", 100000)
        for kind in ("shm", "sem", "msg"):
            ours = compare.sysv(t, member.pid, member.inode, kind, "mapped")
            t.same([(row["uid"], row["cgid"]) for row in ours.values()],
                   [(100000, 200001), (100005, 200006), (100998, 200999)],
                   f"mapped: {kind}'s ids as the initial user namespace sees them")
        compare.queues(t, member.pid, member.inode, "mapped",
                       {b"of-%d" % uid: (2, 20, 0) for uid in (0, 5, 998)})

        with Member(0, join=member.pid) as inner:
            enter_user(inner, member.pid)
            inner.call(calls.unshare, calls.CLONE_NEWUSER)
            inner.call(calls.make_dumpable)
            member.call(write_maps, inner.pid, "0 10 100", "0 20 100")
            inner.call(become, 0, 0)
            inner.call(calls.unshare, calls.CLONE_NEWIPC)
            inner.call(make_as, 7, 8)
            ownership(t, inner, "nested", 100010)
            for kind in ("shm", "sem", "msg"):
                row, = compare.sysv(t, inner.pid, inner.inode, kind, "nested").values()
                t.same((row["uid"], row["gid"]), (100017, 200028), f"nested: {kind}'s ids")

            # What each root sees, asked with the same tool inside.
            t.same(seen_by(member) & {member.inode, inner.inode}, {member.inode, inner.inode},
                   "the outer container's root sees both")
            t.same(seen_by(inner), {inner.inode}, "the inner one sees its own only")
            t.same(seen_by(member), {member.inode, inner.inode}, "nobody sees foreign ones")
            rows = json.loads(member.call(tool.output, "objects", "-J", "--type", "shm", "-o",
                                          "NS,UID,GID,KEY", member.inode))["objects"]
            t.same([(row["uid"], row["gid"]) for row in rows], [(0, 1), (5, 6), (998, 999)],
                   "inside, the ids are the container's own")
            rows = json.loads(inner.call(tool.output, "objects", "-J"))["objects"]
            t.same({row["ns"] for row in rows}, {inner.inode}, "objects are filtered alike")
            rows = json.loads(member.call(tool.output, "limits", "-J"))["limits"]
            # limits of users have no namespace
            t.same({row["ns"] for row in rows} - {None}, {member.inode, inner.inode},
                   "so are limits")


def enter_user(member, pid):
    """Moves a member into the user namespace of a process, as its root."""
    member.call(calls.setns, f"/proc/{pid}/ns/user", calls.CLONE_NEWUSER)
    member.call(become, 10, 20)


def seen_by(member):
    """The inodes that list shows to a member."""
    rows = json.loads(member.call(tool.output, "list", "-J"))["namespaces"]
    return {row["ns"] for row in rows}


@scene("the owner of a user namespace stands in where nobody is inside")
def owner(t):
    with contained(300000) as member:
        inode = member.inode
        fd = calls.namespace_fd(member.pid)
    row = tool.namespace(inode)
    t.same((row["state"], row["user"], row["uid"]), ("pinned", "root", 0),
           "the creator of the user namespace was root")
    os.close(fd)

    with Member(0) as member:
        member.call(become, 1000, 1000)
        member.call(calls.unshare, calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)
        inode = member.inode
        fd = calls.namespace_fd(member.pid)
    row = tool.namespace(inode)
    t.same((row["state"], row["user"]), ("pinned", "user"),
           "the creator of the user namespace was user")
    os.close(fd)


@scene("a plain user sees what ipcs shows him, and no foreign namespace")
@module.parameters("access=owner")
def plain(t):
    with Member() as foreign, Member() as member:
        foreign.call(make_as, 1000, 1000)
        member.call(make_as, 7, 7)
        member.call(become, 1000, 1000)
        t.same(seen_by(member), {member.inode}, "list: his own")
        row, = json.loads(member.call(tool.output, "list", "-J", "--output-all"))["namespaces"]
        t.same([row[name] for name in ("nprocs", "pid", "refs", "creator", "mq")],
               [None] * 5, "processes, references, births are not for him")
        t.same((row["shm"], row["sem"], row["msg"], row["state"]), (1, 1, 1, "active"),
               "but what there is")
        rows = json.loads(member.call(tool.output, "objects", "-J"))["objects"]
        t.same([(row["type"], row["owner"]) for row in rows],
               [(kind, "7") for kind in ("shm", "sem", "msg")],
               "objects as ipcs shows them, and no queues that he cannot read")
        ipcs = member.call(subprocess.run, ["ipcs"], check=True, capture_output=True,
                           text=True).stdout
        t.same(sum(line.startswith("0x") for line in ipcs.splitlines()), len(rows),
               "as many as ipcs has")
        for words in (["holders"], ["exec"], ["objects", "--type", "msg", "--id", "0"]):
            done = member.call(tool.ipcnsctl, *words, member.inode)
            t.ok(done.returncode == 1 and "CAP_SYS_ADMIN" in done.stderr,
                 f"{' '.join(words)} is not for him, and says what it takes", done)
        for words in (["list"], ["objects"], ["limits"], ["show"], ["holders"], ["exec"]):
            done = member.call(tool.ipcnsctl, *words, foreign.inode)
            t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
                   f"{words[0]} of a foreign namespace: not found, exit 1, one line")


@scene("who sees only a part is told so, in one line, and not with -q")
@module.parameters("access=owner")
def part(t):
    with contained() as inside, Member(0) as plain_user:
        plain_user.call(become, 1000, 1000)
        own = [["list"], ["objects"], ["limits"], ["waiters"], ["check"], ["history", "-t", "ns"]]
        for member, commands in ((plain_user, [*own, ["show", plain_user.inode]]),
                                 (inside, [*own, ["show", inside.inode],
                                           ["holders", inside.inode]])):
            for words in commands:
                for quiet, want in (([], tool.PART), (["-q"], "")):
                    done = member.call(tool.ipcnsctl, *words, *quiet)
                    # holders and show say what they could not search, too
                    remarks = [line for line in done.stderr.splitlines(True)
                               if "not all descriptors were searched" not in line]
                    t.ok(done.returncode in (0, 4) and "".join(remarks) == want,
                         f"{words[0]} {' '.join(quiet)}: as it should be", done)
            for words in (["metrics"], ["status"], ["monitor", "-t", "ns", "--until", "+1s"]):
                done = member.call(tool.ipcnsctl, *words)
                t.ok(done.returncode == 0 and done.stderr.startswith(tool.PART),
                     f"{words[0]}: as it should be", done)
        for words in [*own, ["show", inside.inode], ["holders", inside.inode], ["metrics"],
                      ["status"]]:
            t.same(tool.ipcnsctl(*words).stderr, "", f"{words[0]}: root is told nothing")


@scene("who sees nothing is told so, in one line")
def nothing(t):
    with Member(0) as member:
        member.call(become, 1000, 1000)
        for words in (["list"], ["objects"], ["limits"], ["waiters"], ["check"], ["history"],
                      ["monitor"], ["metrics"], ["status"], ["rm", "--orphans"]):
            done = member.call(tool.ipcnsctl, *words)
            t.ok((done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1),
                 f"{' '.join(words)}: refused", done)


@scene("root of a user namespace of his own sees what that owns")
@module.parameters("access=owner")
def own_root(t):
    with Member() as foreign, Member(0) as member:
        member.call(become, 1000, 1000)
        member.call(calls.unshare, calls.CLONE_NEWUSER | calls.CLONE_NEWIPC)
        write_maps_self(member)
        member.call(calls.shmget, 0x5, 100)
        t.same(seen_by(member), {member.inode}, "list: his own and no other")
        rows = json.loads(member.call(tool.output, "objects", "-J", "--type", "shm", "-o",
                                      "NS,KEY,OWNER,UID"))["objects"]
        t.same(rows, [{"ns": member.inode, "key": "0x00000005", "owner": "root", "uid": 0}],
               "objects: as root of his user namespace")
        done = member.call(tool.ipcnsctl, "list", foreign.inode)
        t.same(done.returncode, 1, "a foreign inode is not found")
        row = tool.namespace(member.inode)
        t.same((row["user"], row["uid"]), ("user", 1000), "the machine's root sees user 1000")


def write_maps_self(member):
    """What unshare -r does."""
    write_maps(member.pid, "0 1000 1", "0 1000 1")


if __name__ == "__main__":
    main()
