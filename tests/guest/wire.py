#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=360
"""The netlink family without the tool: bad requests, odd readers."""

import errno
import os
import random
import re
import time

from lib import calls, tool, wire, witness
from lib.member import Member
from lib.tap import main, scene, until

NAMES = {getattr(errno, name): name for name in ("EINVAL", "ERANGE", "ENOENT", "EOPNOTSUPP")}
U32, U64 = b"\x01\0\0\0", b"\x01" + b"\0" * 7


def furnish(count):
    """Objects of all four kinds."""
    witness.set_sysctl("fs/mqueue/queues_max", count + 256)
    for number in range(1, count + 1):
        calls.shmget(number, 4096)
        calls.semget(number, 3)
        calls.msgget(number)
        if number <= 200:
            os.close(calls.mq_open(b"queue-%d" % number, 1, 1))


def refused(t, link, what, attributes, flags, errors, culprit, name):
    """A request that must fail, with the culprit named in the text or pointed at."""
    raw = wire.encode(what, attributes) if isinstance(attributes, dict) else attributes
    link.request(what, raw, flags)
    try:
        link.raw_reply()
    except wire.Refused as error:
        t.ok(error.errno in errors, f"{name}: {' or '.join(NAMES[e] for e in errors)}",
             error)
        if culprit:
            t.ok(points_at(what, raw, error, culprit), f"{name}: names {culprit}", error)
        return
    t.ok(False, f"{name}: refused", "was accepted")


def points_at(what, raw, error, culprit):
    """Whether an error names an attribute: by text, by offset in the request, or as missing."""
    if re.search(rf"\b({culprit}|{culprit.removeprefix('ns-')})\b", error.text):
        return True
    number = wire.attribute_number(what, culprit)
    if error.missing == number:
        return True
    offset = (error.where or 0) - 20
    return (0 <= offset <= len(raw) - 4 and
            int.from_bytes(raw[offset + 2:offset + 4], "little") & wire.NLA_TYPE_MASK == number)


DO, DUMP = wire.NLM_F_ACK, wire.NLM_F_DUMP
BAD = (errno.EINVAL, errno.ERANGE)


@scene("bad requests")
def bad(t):
    with Member() as member, Member() as other, wire.Socket() as link:
        t.same(link.version, 2, "protocol version")
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        theirs = tool.namespace(other.inode)["nsid"]
        absent = 0xfffffff1

        def no(what, attributes, flags, errors, culprit, name):
            refused(t, link, what, attributes, flags, errors, culprit, name)

        no("ns", {}, DO, (errno.EINVAL,), "id", "ns-get of none")
        no("ns", {"inum": absent}, DO, (errno.ENOENT,), "inum", "ns-get of an unknown inode")
        no("ns", {"id": 1 << 60}, DO, (errno.ENOENT,), "id", "ns-get of an unknown id")
        no("ns", {"inum": inode, "id": theirs}, DO, (errno.ENOENT, errno.EINVAL), "id",
           "ns-get, inode and id contradict each other")
        no("ns", {"id": 0}, DO, BAD, "id", "ns-get of id 0")
        no("ns", {"inum": U32[:2]}, DO, BAD, "inum", "ns-get, an inode of two bytes")
        no("ns", {"id": U32}, DO, BAD, "id", "ns-get, an id of four bytes")
        no("ns", {"inum": inode, "state": 1}, DO, BAD, "state",
           "ns-get, an attribute of replies only")
        no("ns", wire.attribute(77, U32), DO, BAD, None, "ns-get, an unknown attribute")
        no("ns", {"inum": absent}, DUMP, (errno.ENOENT,), "inum", "dump of an unknown inode")
        no("ns", {"inum": U32[:3]}, DUMP, BAD, "inum", "dump, an inode of three bytes")
        no("ns", b"\x08\0", DO, BAD, None, "ns-get, half an attribute")
        no("ns", b"\xff\xff\x02\0" + U32, DO, BAD, None, "ns-get, a length past the end")

        no("object", {}, DO, (errno.EINVAL,), None, "object-get of none")
        no("object", {"ns-inum": inode}, DO, (errno.EINVAL,), "kind", "object-get without a kind")
        no("object", {"ns-inum": inode, "kind": 0}, DO, (errno.EINVAL,), "id",
           "object-get without an id")
        no("object", {"ns-inum": inode, "kind": 3}, DO, (errno.EINVAL,), "name",
           "object-get of a queue without a name")
        no("object", {"kind": 0, "id": 0}, DO, (errno.EINVAL,), "ns-inum",
           "object-get without a namespace")
        no("object", {"ns-inum": inode, "kind": 4, "id": 0}, DO, BAD, "kind",
           "object-get of an unknown kind")
        no("object", {"ns-inum": inode, "kind": 0, "id": 12345}, DO, (errno.ENOENT,), "id",
           "object-get of an unknown id")
        no("object", {"ns-inum": inode, "kind": 3, "name": b"absent"}, DO, (errno.ENOENT,), "name",
           "object-get of an unknown queue")
        no("object", {"ns-inum": inode, "kind": 3, "name": b"x" * 300}, DO,
           (errno.EINVAL, errno.ERANGE, errno.ENOENT), "name", "object-get, a name too long")
        no("object", {"ns-id": 1 << 50}, DUMP, (errno.ENOENT,), "ns-id", "dump of an unknown id")
        no("object", {"kinds": 0x10}, DUMP, BAD, "kinds", "dump of an unknown kind")
        no("object", {"kinds": 0xffffffff}, DUMP, BAD, "kinds", "dump of all kinds there may be")
        no("object", {"ns-inum": inode, "ns-id": theirs}, DUMP, (errno.ENOENT, errno.EINVAL),
           "ns-id", "dump, inode and id contradict each other")
        no("object", {"mode": 0o600}, DUMP, BAD, "mode", "dump, an attribute of replies only")
        no("object", {"shm": U32}, DUMP, BAD, "shm", "dump, a nest of replies only")

        no("element", {}, DUMP, (errno.EINVAL,), None, "elements of nothing")
        no("element", {"ns-id": nsid, "kind": 1}, DUMP, (errno.EINVAL,), "id",
           "elements without an id")
        no("element", {"ns-id": nsid, "id": 0}, DUMP, (errno.EINVAL,), "kind",
           "elements without a kind")
        no("element", {"ns-id": nsid, "kind": 0, "id": 0}, DUMP,
           (errno.EINVAL, errno.EOPNOTSUPP), "kind", "elements of a segment")
        no("element", {"ns-id": nsid, "kind": 1, "id": 77}, DUMP, (errno.ENOENT,), "id",
           "elements of an unknown set")
        no("element", {"ns-id": nsid, "kind": 1, "id": 0}, DO, (errno.EOPNOTSUPP,), None,
           "element-get is a dump")

        no("limits", {}, DO, (errno.EINVAL,), None, "limits-get of none")
        no("limits", {"ns-inum": absent}, DO, (errno.ENOENT,), "ns-inum",
           "limits-get of an unknown inode")
        no("limits", {"ns-inum": absent}, DUMP, (errno.ENOENT,), "ns-inum",
           "dump of limits of an unknown inode")
        no("status", b"", DUMP, (errno.EOPNOTSUPP,), None, "status-get is no dump")

        link.send_raw(link.family, 99, wire.NLM_F_REQUEST | DO, b"")
        try:
            link.raw_reply()
            t.ok(False, "an unknown command is refused")
        except wire.Refused as error:
            t.same(error.errno, errno.EOPNOTSUPP, "an unknown command: EOPNOTSUPP")
        t.same(link.get("ns", {"inum": inode})["id"], nsid, "and the socket still works")


def reading(t, link, what, request, error, text, name):
    """A dump that must be refused, with errno and text."""
    try:
        link.dump(what, request)
        t.ok(False, f"{name}: refused", "was accepted")
    except wire.Refused as answer:
        t.same((answer.errno, answer.text), (getattr(errno, error), text), name)


@scene("bad requests for holders, waiters and elements")
def bad_depth(t):
    with Member() as member, wire.Socket() as link:
        inode, nsid = member.inode, tool.namespace(member.inode)["nsid"]
        ident = member.call(calls.semget, 0x5, 1)
        absent = "no IPC namespace has this inum or id"

        def no(what, request, error, text, name):
            reading(t, link, what, request, error, text, f"{what}-get: {name}: {error}, why")

        no("holder", {"ns-inum": inode, "ns-id": nsid}, "EINVAL",
           "inum and id of a namespace exclude each other", "inum and id")
        no("holder", {"ns-inum": 0}, "EINVAL", "inum of a namespace is never 0", "inum 0")
        no("holder", {"ns-inum": 0xfffffff1}, "ENOENT", absent, "unknown inum")
        no("holder", {"ns-id": 1 << 60}, "ENOENT", absent, "unknown id")
        no("holder", {"ns-id": 0}, "ERANGE", "integer out of range", "id 0")
        no("holder", {"kinds": 1 << 3}, "EINVAL", "reserved bit set", "a kind there is not")
        no("holder", {"kinds": 0xffffffff}, "EINVAL", "reserved bit set", "all bits")
        no("holder", {"kinds": b"\x01"}, "EINVAL", "invalid attribute length",
           "kinds of one byte")

        missing = "kind, or id of the object or name of the queue, is missing"
        for what in ("element", "waiter"):
            of = {"ns-inum": inode}
            no(what, {}, "EINVAL", "inum or id of the namespace is missing", "nothing")
            no(what, of, "EINVAL", missing, "no kind")
            no(what, {**of, "kind": 1}, "EINVAL", missing, "a set without id")
            no(what, {**of, "kind": 1, "name": b"queue"}, "EINVAL", missing, "a set by name")
            no(what, {**of, "kind": 3}, "EINVAL", missing, "a queue without name")
            no(what, {**of, "kind": 3, "id": 1}, "EINVAL", missing, "a queue by id")
            no(what, {**of, "kind": 1, "id": ident, "name": b"x"}, "EINVAL",
               "id and name exclude each other", "id and name")
            no(what, {**of, "kind": 3, "name": b""}, "EINVAL",
               "name must have 1 to 255 bytes", "an empty name")
            no(what, {**of, "kind": 3, "name": b"x" * 256}, "EINVAL",
               "name must have 1 to 255 bytes", "a name of 256 bytes")
            no(what, {**of, "kind": 1, "id": 0xffffffff}, "EINVAL",
               "id of an object is negative", "a negative id")
            no(what, {**of, "kind": 0, "id": 0}, "EOPNOTSUPP",
               "objects of this kind have no elements or waiters", "a segment")
            no(what, {**of, "kind": 4, "id": 0}, "ERANGE", "integer out of range",
               "a kind there is not")
            for request in ({"kind": 1, "id": ident + 1}, {"kind": 2, "id": ident},
                            {"kind": 3, "name": b"none"}, {"kind": 3, "name": b"x" * 255}):
                no(what, {**of, **request}, "ENOENT",
                   "the namespace has no object with this id or name", f"absent: {request}"[:60])
            no(what, {"ns-inum": 0xfffffff1, "kind": 1, "id": 0}, "ENOENT", absent,
               "unknown namespace")
        t.same(len(link.dump("holder", {"kinds": 0, "ns-inum": inode})), 1,
               "holder-get: no kind at all: the count only")
        t.same(link.get("status")["dumps"], 0, "no dump is left open")


@scene("requests of random bytes")
def fuzz(t):
    rng = random.Random(20240607)
    with Member() as member, wire.Socket() as link:
        member.call(furnish, 20)
        inode = member.inode
        answers = {}
        for _ in range(3000):
            what = rng.choice(list(wire.COMMANDS))
            raw = b""
            for _ in range(rng.randrange(4)):
                number = rng.randrange(len(wire.TABLES[what]) + 3)
                payload = rng.choice([b"", U32, U64, inode.to_bytes(4, "little"), b"\xff" * 8,
                                      rng.randbytes(rng.randrange(12))])
                raw += wire.attribute(number | rng.choice([0, 0, 0, 0x8000, 0x4000]), payload)
            if rng.random() < 0.05:
                raw += rng.randbytes(rng.randrange(8))
            link.request(what, raw, rng.choice([DO, DUMP]))
            try:
                link.raw_reply()
                answer = "accepted"
            except wire.Refused as error:
                answer = NAMES.get(error.errno, str(error))
            answers[answer] = answers.get(answer, 0) + 1
        t.note(f"answers: {answers}")
        t.ok(answers.get("accepted") and answers.get("EINVAL"), "some made sense, some did not",
             answers)
        t.same(sorted(answers.keys() - {"accepted", *NAMES.values()}),
               [], "no other error")
        t.same(link.get("ns", {"inum": inode})["shm"], 20, "and the family still works")
        t.same(link.get("status")["dumps"], 0, "no dump is left open")


def key(row):
    """What tells an object from all others."""
    return row["ns-id"], row["kind"], row.get("id"), row.get("name")


def plain(rows):
    """Rows without the numbers that the first ones of messages carry."""
    return [{name: value for name, value in row.items() if name != "seq"} for row in rows]


@scene("a dump much larger than the reader's buffer")
def small_buffer(t):
    with Member() as member:
        member.call(furnish, 1000)
        results = []
        for size in (4096, 8192, 32768):
            with wire.Socket(size) as link:
                results.append(plain(link.dump("object", {"ns-inum": member.inode})))
        t.same([len(rows) for rows in results], [3200] * 3, "all objects with every buffer")
        t.ok(results[0] == results[1] == results[2], "the same, in the same order")
        t.same(len({key(row) for row in results[0]}), 3200, "none twice")
        want = {row["shmid"]: row["key"] for row in witness.sysvipc(member.pid, "shm")}
        t.same({row["id"]: row["key"] for row in results[0] if row["kind"] == 0}, want,
               "segments as /proc/sysvipc/shm has them")
        with wire.Socket() as link:
            t.ok(all(link.get("object", {"ns-inum": row["ns-inum"], "kind": row["kind"],
                                         **({"name": row["name"]} if row["kind"] == 3 else
                                            {"id": row["id"]})}) == row
                     for row in results[0][::50]), "single requests give the same")


@scene("a reader that closes in the middle")
def closes(t):
    with Member() as member:
        member.call(furnish, 1000)
        for _ in range(20):
            link = wire.Socket(4096)
            link.begin("object", {"ns-inum": member.inode})
            link.more("object")
            link.close()
        with wire.Socket() as link:
            until(lambda: link.get("status")["dumps"] == 0, "the dumps are closed")
            t.same(link.get("status")["dump-bytes"], 0, "and their memory is free")
        t.same(len(tool.rows("objects", member.inode)), 3200, "the next reader gets all")


@scene("two dumps at once, datagram by datagram")
def interleaved(t):
    with Member() as member, wire.Socket(4096) as one, wire.Socket(8192) as two:
        member.call(furnish, 1000)
        one.begin("object", {"ns-inum": member.inode})
        two.begin("object")
        rows, last = {one: [], two: []}, {one: False, two: False}
        with wire.Socket() as link:
            t.same(link.get("status")["dumps"], 2, "status counts two")
        while not all(last.values()):
            for link, done in last.items():
                if not done:
                    some, last[link] = link.more("object")
                    rows[link] += plain(some)
        t.same(len(rows[one]), 3200, "the first got all of the namespace")
        t.same([row for row in rows[two] if row["ns-inum"] == member.inode], rows[one],
               "the second the same, and others")


@scene("a second dump on a socket that has not finished its first")
def busy(t):
    with Member() as member, wire.Socket(4096) as link:
        member.call(furnish, 500)
        link.begin("object", {"ns-inum": member.inode})
        link.request("object", b"", DUMP)
        rows, ends = 0, {}
        while len(ends) < 2:
            for kind, _, sequence, payload in link.any_messages():
                if kind in (wire.NLMSG_ERROR, wire.NLMSG_DONE):
                    ends[sequence] = -int.from_bytes(payload[:4], "little", signed=True)
                else:
                    rows += 1
        t.same(ends, {link.sequence - 1: 0, link.sequence: errno.EBUSY},
               "the second is refused with EBUSY, the first ends")
        t.same(rows, 1700, "with every row")


@scene("a reader that pauses in the middle keeps no namespace alive")
def pauses(t):
    members = [Member() for _ in range(30)]
    for member in members:
        member.call(furnish, 30)
    inodes = {member.inode for member in members}
    ids = {row["nsid"] for row in tool.namespaces().values() if row["ns"] in inodes}
    with wire.Socket(4096) as link:
        link.begin("object")
        rows, _ = link.more("object")
        for member in members:
            member.end()
        begin = time.monotonic()
        until(lambda: not ids & {row["nsid"] for row in tool.namespaces().values()},
              "ended while the reader pauses")
        t.ok(True, f"all 30 left the list in {time.monotonic() - begin:.1f} s of the pause")
        until(lambda: time.monotonic() > begin + 2, "two seconds")
        last = False
        while not last:
            some, last = link.more("object")
            rows += some
        t.same(len({key(row) for row in rows}), len(rows), "the reader then gets no row twice")


if __name__ == "__main__":
    main()
