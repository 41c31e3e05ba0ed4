#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=300
"""Who may see what: readers x namespaces x requests, against a table."""

import contextlib
import ctypes
import errno
import json
import os
import pathlib
import socket

from lib import calls, module, wire
from lib.events import Listener
from lib.member import Member
from lib.tap import main, scene, until
from users import become, write_maps

# What is asked for, in this order, and what the answers look like.
REQUESTS = ("list dump objects facts one limits sem-0600 sem-0644 messages waiters holders"
            " attached open").split()
WHOLE = "all  yes  all all all all all all all all all all all"
OWN = "some yes some some all some EACCES all EPERM EPERM EPERM EPERM EPERM"
MINE = "some yes all most  all some all    all EPERM EPERM EPERM EPERM EPERM"  # and objects, too
NONE = "ENOENT no" + 11 * " ENOENT"
REFUSED = 13 * "EPERM "      # whatever is asked for

# What is known of the use of objects, by what a reader gets of it: processes, tasks that wait,
# adjustments at the end of processes, descriptors of queues. A set has mode 0600, another 0644.
FACTS = {
    frozenset("cpid sempids-0600 sempids-0644 waiters-0600 waiters-0644 undos-0600 undos-0644"
              " opens".split()): "all",
    frozenset("cpid sempids-0600 sempids-0644 waiters-0600 waiters-0644".split()): "most",
    frozenset("cpid sempids-0644 waiters-0644".split()): "some",
}

# own: the namespace that the reader is in. child: one that a user namespace owns which he created.
# sibling: one that a user namespace owns which user 1001 created. init: the initial one.
TABLE = """
reader                                   own    child  sibling  init
root                                     WHOLE  WHOLE  WHOLE    WHOLE
root without capabilities                OWN    WHOLE  NONE     NONE
user                                     OWN    WHOLE  NONE     NONE
root of his own user namespace           WHOLE  WHOLE  NONE     NONE
root of it with a net namespace          WHOLE  WHOLE  NONE     NONE
root of one nested in it                 WHOLE  WHOLE  NONE     NONE
root of one nested in it with net        WHOLE  WHOLE  NONE     NONE
root of it without capabilities          MINE   WHOLE  NONE     NONE
root of it with few capabilities         MINE   WHOLE  NONE     NONE
root with a socket that a user opened    NONE   WHOLE  NONE     NONE
user with a socket that root opened      NONE   WHOLE  NONE     NONE
user who was root when he opened it      NONE   WHOLE  NONE     NONE
"""

# With access=owner: whether status has the module's counters, whether the journal answers, whether
# the reader may subscribe, and of which namespaces the journal has events for them.
EVENTS = """
reader                                   status  ask    sub    own  child  sibling  init
root                                     all     yes    yes    yes  yes    yes      yes
root without capabilities                some    yes    EPERM  no   yes    no       no
user                                     some    yes    EPERM  no   yes    no       no
root of his own user namespace           some    yes    EPERM  yes  yes    no       no
root of it with a net namespace          some    yes    EPERM  yes  yes    no       no
root of one nested in it                 some    yes    EPERM  yes  yes    no       no
root of one nested in it with net        some    yes    EPERM  yes  yes    no       no
root of it without capabilities          some    yes    EPERM  no   yes    no       no
root of it with few capabilities, in net some    yes    EPERM  no   yes    no       no
root with a socket that a user opened    some    yes    EPERM  no   yes    no       no
user with a socket that root opened      some    yes    EPERM  no   yes    no       no
user who was root when he opened it      some    yes    EPERM  no   yes    no       no
"""

ANSWERS = {"WHOLE": WHOLE.split(), "OWN": OWN.split(), "MINE": MINE.split(),
           "NONE": NONE.split(), "REFUSED": REFUSED.split()}


def rows(text):
    """{reader: {heading: cell}} of a table."""
    head, *lines = text.strip().splitlines()
    heads = head.split()[1:]
    table = {}
    for line in lines:
        words = line.split()
        table[" ".join(words[:-len(heads)])] = dict(zip(heads, words[-len(heads):]))
    return table


# CAP_CHOWN, CAP_NET_ADMIN, CAP_SYS_PTRACE: what a container may be left with.
FEW = 1 << 0 | 1 << 12 | 1 << 19


def drop_capabilities(keep=0):
    """Leaves the caller, and whatever he executes, without any but some."""
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)(keep, keep)
    if ctypes.CDLL(None, use_errno=True).capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def furnish():
    """Objects of user 5 in the caller's namespace, made by a child; what their ids are."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        with contextlib.suppress(OSError):      # where 5 is not mapped, the caller's own will do
            os.setresuid(5, 5, 5)
        ids = {"shm": calls.shmget(0xacce55, 4096, 0o600),
               "sem-0600": calls.semget(0xacce55, 2, 0o600),
               "sem-0644": calls.semget(0xacce56, 2, 0o644),
               "msg": calls.msgget(0xacce55, 0o600)}
        calls.semop(ids["sem-0600"], (0, 1))
        calls.semop(ids["sem-0644"], (0, 1))
        calls.msgsnd(ids["msg"], b"secret")
        os.close(calls.mq_open(b"access", 1, 1, 0o600))
        os.write(theirs, json.dumps(ids).encode())
        os._exit(0)
    os.close(theirs)
    if os.waitpid(pid, 0)[1]:
        raise OSError("no objects could be made")
    with open(ours, "rb") as pipe:
        return json.load(pipe)


def furnish_and_clear():
    """Something happens in the caller's namespace."""
    clear(furnish())


def clear(ids):
    """Removes what furnish() made in the caller's namespace."""
    calls.shm_remove(ids["shm"])
    calls.sem_remove(ids["sem-0600"])
    calls.sem_remove(ids["sem-0644"])
    calls.msg_remove(ids["msg"])
    calls.mq_unlink(b"access")


CLONE_NEWNET = 0x40000000

_socket = None


def open_socket():
    """Opens the socket that is used from now on."""
    global _socket
    _socket = wire.Socket()


def user_opens_socket():
    """The same as user 1000, who is root again afterwards."""
    os.seteuid(1000)
    open_socket()
    os.seteuid(0)


def facts(rows_of_all):
    """What FACTS has, of the objects that furnish() made."""
    found = set()
    for row in rows_of_all:
        gone = {name for bit, name in enumerate(wire.REMEMBERED) if row.get("gone", 0) & 1 << bit}
        found |= gone & {"cpid"}
        if row["kind"] == wire.KIND["sem"]:
            names = {"sempids"} & gone | {"waiters", "undos"} & row["sem"].keys()
            found |= {f"{name}-{row['mode'] & 0o777:04o}" for name in names}
        found |= {"opens"} & row.get("mq", {}).keys()
    return FACTS.get(frozenset(found), str(sorted(found)))


def answer(request, inode, ids):
    """The answer to one request about a namespace, in a word."""
    link, space = _socket, {"ns-inum": inode}
    try:
        if request == "list":
            return "all" if "nprocs" in link.get("ns", {"inum": inode}) else "some"
        if request == "dump":
            return "yes" if inode in {row["inum"] for row in link.dump("ns")} else "no"
        if request == "objects":
            kinds = {row["kind"] for row in link.dump("object", space)}
            return {(0, 1, 2, 3): "all", (0, 1, 2): "some"}.get(tuple(sorted(kinds)), str(kinds))
        if request == "facts":
            return facts(link.dump("object", space))
        if request == "limits":
            return "all" if "mq" in link.get("limits", space) else "some"
        if request == "one":
            link.get("object", {**space, "kind": 0, "id": ids["shm"]})
        elif request.startswith("sem"):
            link.dump("element", {**space, "kind": 1, "id": ids[request]})
        elif request == "messages":
            link.dump("element", {**space, "kind": 2, "id": ids["msg"]})
        elif request == "waiters":
            link.dump("waiter", {**space, "kind": 1, "id": ids["sem-0600"]})
        elif request == "holders":
            link.dump("holder", space)
        elif request == "attached":
            link.dump("holder", {**space, "kinds": 1 << 2})
        elif request == "open":
            os.close(link.get("open", {"inum": inode})["fd"])
        return "all"
    except OSError as error:
        return errno.errorcode[error.errno]


def answers(inode, ids):
    """All of them."""
    return [answer(request, inode, ids) for request in REQUESTS]


def told(inodes):
    """What the reader is told of all: the cells of EVENTS for him, but for own to init.

    Then {inode: whether the journal has an event of that namespace's objects}.
    """
    status = "all" if "walks" in _socket.get("status") else "some"
    try:
        seen = {row.get("ns-inum") for row in _socket.dump("event", {"objects": 0b11110})}
        asked = "yes"
    except OSError as error:
        seen, asked = set(), errno.errorcode[error.errno]
    try:
        _socket.get("subscribe", {"objects": 1})
        subscribed = "yes"
    except OSError as error:
        subscribed = errno.errorcode[error.errno]
    return status, asked, subscribed, {inode: inode in seen for inode in inodes}


def contain(member, flags=0, owner=1000, within=None):
    """Makes a user who owns a user namespace, and is root in it; with an IPC namespace of it.

    within: a member that is root of the user namespace around it; else that is the initial one.
    """
    if within:
        member.call(calls.setns, f"/proc/{within.pid}/ns/user", calls.CLONE_NEWUSER)
    member.call(become, owner, owner)
    member.call(calls.unshare, calls.CLONE_NEWUSER)
    member.call(calls.make_dumpable)
    line = f"0 {owner} 1"
    if within:      # who has to be the one that writes it
        within.call(write_maps, member.pid, line, line)
    else:
        write_maps(member.pid, line, line)
    member.call(become, 0, 0)
    member.call(calls.unshare, calls.CLONE_NEWIPC | flags)


def settle(stack, name, member):
    """Makes a member the reader of that name; what there is of {target: (inode, ids)}."""
    child = stack.enter_context(Member(0))
    contained = None
    if "user namespace" in name or "of it" in name or "in it" in name:
        if "nested" in name:
            outer = stack.enter_context(Member(0))
            contain(outer)
            contain(member, CLONE_NEWNET if "net" in name.split() else 0, owner=0, within=outer)
        else:
            contain(member, CLONE_NEWNET if "net" in name.split() else 0)
        contained = member
    else:
        member.call(calls.unshare, calls.CLONE_NEWIPC)
    targets = {"own": (member.inode, member.call(furnish))}
    if contained:
        contain(child, owner=0, within=contained)
    elif name.startswith("root") and "socket" not in name:
        contain(child, owner=0)
    else:
        contain(child)
    targets["child"] = child.inode, child.call(furnish)

    if name.startswith("root with a socket"):
        member.call(user_opens_socket)
    elif name.startswith("user w"):     # with, who
        member.call(open_socket)
        member.call(become, 1000, 1000)
    else:
        if name == "user":
            member.call(become, 1000, 1000)
        if "without" in name:
            member.call(drop_capabilities)
        if "few" in name:
            member.call(drop_capabilities, FEW)
        member.call(open_socket)
    return targets


@scene("who may see what")
@module.parameters("access=owner")
def table(t):
    with contextlib.ExitStack() as stack:
        sibling = stack.enter_context(Member(0))
        contain(sibling, owner=1001)
        ids = furnish()
        stack.callback(clear, ids)
        common = {"sibling": (sibling.inode, sibling.call(furnish)),
                  "init": (calls.namespace_inode(), ids)}
        for name, cells in rows(TABLE).items():
            member = stack.enter_context(Member(0))
            targets = {**common, **settle(stack, name, member)}
            for target, cell in cells.items():
                got = member.call(answers, *targets[target])
                t.same({request: (is_, should) for request, is_, should in
                        zip(REQUESTS, got, ANSWERS[cell]) if is_ != should}, {},
                       f"{name}: {target}: {cell}")


@scene("who is told of events", pace=5)
@module.parameters("access=owner")
def events_table(t):
    with contextlib.ExitStack() as stack:
        stack.enter_context(Listener())     # so that there are events of objects
        sibling = stack.enter_context(Member(0))
        contain(sibling, owner=1001)
        for name, cells in rows(EVENTS).items():
            member = stack.enter_context(Member(0))
            targets = {name: inode for name, (inode, _) in settle(stack, name, member).items()}
            ids = furnish()
            clear(ids)
            sibling.call(furnish_and_clear)
            targets.update(sibling=sibling.inode, init=calls.namespace_inode())
            status, asked, subscribed, seen = member.call(told, list(targets.values()))
            got = {"status": status, "ask": asked, "sub": subscribed}
            for target, inode in targets.items():
                got[target] = "-" if asked != "yes" else "yes" if seen[inode] else "no"
            t.same(got, cells, f"{name}: {cells}")


@scene("an inode number that nothing has looks like one that is not his")
@module.parameters("access=owner")
def oracle(t):
    with Member(0) as member, Member() as foreign:
        foreign.call(furnish)
        member.call(become, 1000, 1000)
        member.call(open_socket)
        there, nothing = member.call(texts, foreign.inode), member.call(texts, 4026539999)
        t.same(there, nothing, "errno and text of each request are the same")


def texts(inode):
    """(errno, extended message) of all requests that fail."""
    found = []
    for what, attributes in (("ns", {"inum": inode}), ("limits", {"ns-inum": inode}),
                             ("open", {"inum": inode}),
                             ("object", {"ns-inum": inode, "kind": 0, "id": 0})):
        try:
            _socket.get(what, attributes)
            found.append(None)
        except wire.Refused as error:
            found.append((error.errno, error.text))
    return found


@scene("access=root, the default: the machine's root and nobody else")
def root_only(t):
    with contextlib.ExitStack() as stack:
        ids = furnish()
        stack.callback(clear, ids)
        for name in rows(TABLE):
            member = stack.enter_context(Member(0))
            targets = {**settle(stack, name, member), "init": (calls.namespace_inode(), ids)}
            want = WHOLE.split() if name == "root" else ANSWERS["REFUSED"]
            for target, (inode, its) in targets.items():
                t.same(member.call(answers, inode, its), want, f"{name}: {target}")
            t.same(member.call(status), "all" if name == "root" else "EPERM", f"{name}: status")


def status():
    """What the reader's request for the state of the module comes to."""
    try:
        return "all" if "walks" in _socket.get("status") else "some"
    except OSError as error:
        return errno.errorcode[error.errno]


def answer_to_dump():
    """The types of the messages that answer a dump."""
    with wire.Socket() as link:
        link.begin("ns")
        return [kind for kind, _, _ in link.messages()]


_choked = []


def ask_with_a_full_buffer():
    """Begins a dump on a socket whose answers nobody reads, and keeps the socket."""
    link = wire.Socket()
    link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(50):
        link.send_raw(wire.GENL_ID_CTRL, wire.CTRL_CMD_GETFAMILY, wire.NLM_F_REQUEST,
                      wire.attribute(wire.CTRL_ATTR_FAMILY_NAME, b"ipcns\0"))
    with contextlib.suppress(OSError):
        link.request("ns", {}, wire.NLM_F_DUMP)
    _choked.append(link)


@scene("a refused dump holds nothing, whatever is left unread")
def choked(t):
    path = pathlib.Path("/sys/module/ipcns/refcnt")
    before = path.read_text(encoding="ascii")
    with Member(0) as user:
        user.call(become, 1000, 1000)
        t.same(user.call(answer_to_dump), [wire.NLMSG_ERROR], "a dump that is refused never begins")
        user.call(ask_with_a_full_buffer)
        t.same(path.read_text(encoding="ascii"), before, "the module has no more references")
        t.ok(module.unload(), "and can be unloaded")
    module.load()


@scene("parameters that are refused")
def bad_parameters(t):
    until(module.unload, "rmmod")
    for words, reason in ((["access=all"], 'access is "all", must be root or owner'),
                          (["scoped_access=0"], "scoped_access is now called access")):
        code, said = module.try_load(*words)
        t.same((code, len(said)), (1, 1), f"{words[0]}: refused with one line")
        t.contains(said[0], reason, "which says why")
    module.load()


def open_dumps(count):
    """Begins dumps and ends them; how many there were at a time, and why there were no more."""
    before = len(_kept)
    try:
        keep_dumps(count)
        return count, None, None
    except wire.Refused as error:
        return len(_kept) - before, errno.errorcode[error.errno], error.text
    finally:
        drop_dumps(before)




@scene("what one user can have open", pace=2)
@module.parameters("access=owner")
def quota(t):
    with Member(0) as user, Member(0) as second, Member(0) as contained, Member() as root:
        for member, uid in ((user, 1000), (second, 1001)):
            member.call(calls.unshare, calls.CLONE_NEWIPC)
            member.call(many_segments)
            member.call(become, uid, uid)
        contain(contained, owner=1000)
        contained.call(many_segments)
        t.same(user.call(open_dumps, 65)[:2], (64, "EDQUOT"), "64 dumps, then EDQUOT")
        t.contains(user.call(open_dumps, 65)[2] or "", "too many dumps", "with a reason")
        t.same(second.call(open_dumps, 64)[:2], (64, None), "another user has 64 of their own")
        user.call(keep_dumps, 40)
        t.same(contained.call(open_dumps, 64)[:2], (24, "EDQUOT"),
               "root of a user namespace of that user shares with them")
        user.call(drop_dumps)
        t.same(contained.call(open_dumps, 64)[:2], (64, None),
               "sockets that are closed do not count")
        root.call(many_segments)
        t.same(root.call(open_dumps, 80)[:2], (80, None), "the administrator has no bound")


_kept = []


def keep_dumps(count):
    """Begins dumps that stay open."""
    for _ in range(count):
        link = wire.Socket()
        link.begin("object")
        link.more("object")
        _kept.append(link)


def drop_dumps(most=0):
    """Closes the sockets of keep_dumps() but for the first."""
    while len(_kept) > most:
        _kept.pop().close()


def many_segments():
    """More rows than the first messages of a dump take."""
    for key in range(1, 800):
        calls.shmget(key, 4096)


if __name__ == "__main__":
    main()
