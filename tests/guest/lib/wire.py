# SPDX-License-Identifier: GPL-2.0
"""The netlink family by hand: a client that shares nothing with the tool but the spec.

Attribute sets as in Documentation/netlink/specs/ipcns.yaml; the place in a list is the number.
"""

import os
import socket
import struct

from lib import calls
from lib.tap import PACE, Failed

NETLINK_GENERIC, SOL_NETLINK = 16, 270
NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK = 10, 11, 12
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 1, 2, 4, 0x10, 0x300
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_MISS_TYPE = 1, 2, 5
NLA_F_NESTED, NLA_TYPE_MASK = 0x8000, 0x3fff
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
CTRL_ATTR_VERSION = 3
NETLINK_ADD_MEMBERSHIP = 1

# By attribute set; the command of "event" is journal-get.
COMMANDS = {"ns": 1, "object": 2, "element": 3, "limits": 4, "status": 5, "event": 6,
            "holder": 9, "waiter": 10, "open": 11, "subscribe": 12}
NOTICES = (7, 8)    # ns-ntf, object-ntf

SETS = {
    "ns": "pad- inum:u32 id:u64 state:u32 refs:u32 owner-inum:u32 owner-uid:u32 nprocs:u32 pid:u32"
          " ppid:u32 uid:u32 comm:binary shm:u32 sem:u32 msg:u32 mq:u32 shm-bytes:u64"
          " msg-bytes:u64 mq-bytes:u64 sems:u32 msgs:u64 born:{actor} dying:{actor}"
          " mq-dev:u32 fd:u32 seq:u64",
    "actor": "pad- time:s64 pid:u32 uid:u32 comm:binary",
    "object": "pad- ns-inum:u32 ns-id:u64 kind:u32 kinds:u32 id:u32 key:u32 name:binary mode:u32"
              " uid:u32 gid:u32 cuid:u32 cgid:u32 ctime:s64 shm:{shm} sem:{sem} msg:{msg} mq:{mq}"
              " seq:u64 gone:u32 there:u32 creator:{actor}",
    "shm": "pad- size:u64 nattch:u64 rss:u64 swap:u64 status:u32 atime:s64 dtime:s64 cpid:u32"
           " lpid:u32 orphan:flag",
    "sem": "pad- nsems:u32 otime:s64 undos:u32 waiters:u32",
    "msg": "pad- cbytes:u64 qnum:u64 qbytes:u64 lspid:u32 lrpid:u32 stime:s64 rtime:s64"
           " receivers:u32 senders:u32",
    "mq": "pad- maxmsg:u64 msgsize:u64 curmsgs:u64 qsize:u64 status:u32 notify-pid:u32"
          " notify-method:u32 notify-signo:u32 receivers:u32 senders:u32 opens:u32",
    "element": "pad- ns-inum:u32 ns-id:u64 kind:u32 id:u32 semnum:u32 semval:u32 ncount:u32"
               " zcount:u32 pid:u32 name:binary mtype:s64 prio:u32 size:u64 truncated:u64"
               " gone:flag there:flag",
    "waiter": "pad- ns-inum:u32 ns-id:u64 kind:u32 id:u32 name:binary role:u32 pid:u32 comm:binary"
              " semnum:u32 semop:s32 nsops:u32 mtype:s64 mode:u32 size:u64 hidden:u32"
              " truncated:flag",
    "holder": "pad- ns-inum:u32 ns-id:u64 kind:u32 kinds:u32 refs:u32 token:u64 pid:u32 comm:binary"
              " id:u32 nattch:u64 size:u64 start:u64 end:u64 read-only:flag mm:u64 hidden:u32"
              " truncated:flag",
    "limits": "pad- ns-inum:u32 ns-id:u64 shmmax:u64 shmall:u64 shmmni:u32 shm-rmid-forced:u32"
              " msgmax:u32 msgmnb:u32 msgmni:u32 semmsl:u32 semmns:u32 semopm:u32 semmni:u32"
              " mq-queues-max:u32 mq-msg-max:u32 mq-msgsize-max:u32 mq-msg-default:u32"
              " mq-msgsize-default:u32 shm:u32 shm-pages:u64 sem:u32 sems:u32 msg:u32 mq:u32"
              " page-size:u32",
    "layout": "name:string state:u32 member:string kinds:u32 holders:u32 depth:u32",
    "event": "pad- seq:u64 time:s64 object:u32 event:u32 reason:u32 ns-inum:u32 ns-id:u64 pid:u32"
             " comm:binary id:u32 key:u32 name:binary uid:u32 mode:u32 bytes:u64 shm:u32 sem:u32"
             " msg:u32 mq:u32 shm-bytes:u64 msg-bytes:u64 duration:u64 from:u64 to:u64 cause:u32"
             " since:u64 objects:u32 cgroup-id:u64 cgroup:binary",
    "probe": "pad- symbol:string armed:u32 missed:u64 kind:u32 error:u32",
    "teardowns": "pad- bound:u64 count:u64",
    "status": "pad- version:string kernel:string layout:{layout} namespaces:u32 pending:u32"
              " walks:u64 walks-cut:u64 dumps:u32 dump-bytes:u64 events-live:u32 probe:{probe}"
              " dying:u32 missed:u64 journal-first:u64 journal-next:u64 dropped:u64"
              " journal-size:u64 journal-used:u64 teardowns:{teardowns} teardown-count:u64"
              " teardown-sum:u64 recorded:u32 stuck:string creators:u32 creators-dropped:u64"
              " machine:string interfaces:string journal-since:s64",
}
LISTS = {"layout", "probe", "teardowns"}     # attributes that can come several times

KIND = {"shm": 0, "sem": 1, "msg": 2, "mq": 3}
REMEMBERED = "cpid lpid lspid lrpid sempids creator".split()
STATE = {"active": 0, "pinned": 1, "dying": 2}
HOLDER = "count task shm".split()
ROLE = "sem undo receiver sender".split()
FORMATS = {"u32": "=I", "s32": "=i", "u64": "=Q", "s64": "=q"}
TABLES = {name: [word.partition(":")[::2] for word in words.split()]
          for name, words in SETS.items()}
TABLES["open"] = TABLES["ns"]
TABLES["subscribe"] = TABLES["event"]


def attribute_number(attribute_set, name):
    """The number of an attribute."""
    return 1 + [known for known, _ in TABLES[attribute_set]].index(name)


def attribute(number, payload):
    """One attribute with raw payload, padded."""
    return struct.pack("=HH", 4 + len(payload), number) + payload + b"\0" * (-len(payload) % 4)


def encode(attribute_set, values):
    """Attributes by name; a value of bytes is put as it is, whatever the type."""
    data = b""
    for name, value in values.items():
        kind = dict(TABLES[attribute_set])[name]
        if not isinstance(value, bytes):
            value = struct.pack(FORMATS[kind], value)
        data += attribute(attribute_number(attribute_set, name), value)
    return data


def split(data):
    """The (number, payload) pairs of a run of attributes."""
    offset = 0
    while offset + 4 <= len(data):
        length, number = struct.unpack_from("=HH", data, offset)
        if length < 4 or offset + length > len(data):
            raise Failed(f"attribute of {length} bytes at {offset} of {len(data)}")
        yield number & NLA_TYPE_MASK, data[offset + 4:offset + length]
        offset += (length + 3) & ~3


def decode(attribute_set, data):
    """{name: value}; what can come several times is a list."""
    found = {}
    for number, payload in split(data):
        if number > len(TABLES[attribute_set]):
            raise Failed(f"{attribute_set}: the spec has no attribute {number}")
        name, kind = TABLES[attribute_set][number - 1]
        if name == "pad-":
            continue
        if kind.startswith("{"):
            value = decode(kind.strip("{}"), payload)
        elif kind == "string":
            value = payload.rstrip(b"\0").decode()
        elif kind == "binary":
            value = payload
        elif kind == "flag":
            value = True
        else:
            value, = struct.unpack(FORMATS[kind], payload)
        if name in LISTS:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise Failed(f"{attribute_set}: {name} comes twice")
        else:
            found[name] = value
    return found


class Refused(OSError):
    """The kernel's answer was an error; text is its extended message, where the offending byte."""

    def __init__(self, number, text, where, missing):
        super().__init__(number, os.strerror(number))
        self.text, self.where, self.missing = text, where, missing

    def __str__(self):
        return f"{super().__str__()}: text {self.text!r}, at {self.where}, missing {self.missing}"


class Socket:
    """A generic netlink socket that knows the family."""

    def __init__(self, buffer=32768):
        self.buffer = buffer
        self.interrupted = False
        self.sequence = 0
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        self.socket.settimeout(60 * PACE)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            self.socket.setsockopt(SOL_NETLINK, option, 1)
        self.socket.bind((0, 0))
        self.send_raw(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, NLM_F_REQUEST | NLM_F_ACK,
                      attribute(CTRL_ATTR_FAMILY_NAME, b"ipcns\0"))
        reply = dict(split(self.raw_reply()[0]))
        self.family, = struct.unpack("=H", reply[CTRL_ATTR_FAMILY_ID])
        self.version, = struct.unpack("=I", reply[CTRL_ATTR_VERSION])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends whatever runs on the socket."""
        self.socket.close()

    def send_raw(self, family, command, flags, attributes, version=1):
        """Sends one request."""
        self.sequence += 1
        self.socket.send(struct.pack("=IHHIIBBH", 20 + len(attributes), family, flags,
                                     self.sequence, 0, command, version, 0) + attributes)

    def any_messages(self):
        """The messages of the next datagram: (type, flags, sequence, payload)."""
        data = self.socket.recv(self.buffer)
        offset = 0
        while offset < len(data):
            length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data, offset)
            yield kind, flags, sequence, data[offset + 16:offset + length]
            offset += (length + 3) & ~3

    def messages(self):
        """Those that answer the request sent last: (type, flags, payload)."""
        for kind, flags, sequence, payload in self.any_messages():
            if sequence == self.sequence:
                yield kind, flags, payload

    def raw_reply(self):
        """Attributes of the messages of an answer that ends with an acknowledgement."""
        replies = []
        while True:
            for kind, flags, payload in self.messages():
                if kind in (NLMSG_ERROR, NLMSG_DONE):
                    refuse(kind, flags, payload)
                    return replies
                replies.append(payload[4:])

    def request(self, what, attributes, flags=0):
        """Sends a request; attributes are a dict or raw bytes."""
        if isinstance(attributes, dict):
            attributes = encode(what, attributes)
        self.send_raw(self.family, COMMANDS[what], NLM_F_REQUEST | flags, attributes)

    def get(self, what, attributes=b""):
        """A do request: the one reply, decoded."""
        self.request(what, attributes, NLM_F_ACK)
        reply, = self.raw_reply()
        return decode(what, reply)

    def begin(self, what, attributes=b""):
        """Begins a dump."""
        self.interrupted = False
        self.request(what, attributes, NLM_F_DUMP)

    def more(self, what):
        """Reads one datagram of a dump: its decoded messages, and whether it was the last."""
        rows = []
        for kind, flags, payload in self.messages():
            self.interrupted |= bool(flags & NLM_F_DUMP_INTR)
            if kind in (NLMSG_ERROR, NLMSG_DONE):
                refuse(kind, flags, payload)
                return rows, True
            rows.append(decode(what, payload[4:]))
        return rows, False

    @staticmethod
    def ends(datagram):
        """Whether a datagram is the last of a dump that went well; nothing else is looked at."""
        length, kind = struct.unpack_from("=IH", datagram, len(datagram) - 20)
        return (length, kind) == (20, NLMSG_DONE)

    def dump(self, what, attributes=b""):
        """A whole dump, decoded."""
        self.begin(what, attributes)
        rows, last = [], False
        while not last:
            some, last = self.more(what)
            rows += some
        return rows


def nsid_of(target):
    """The id of the IPC namespace of a process."""
    with Socket() as link:
        return link.get("ns", {"inum": calls.namespace_inode(target)})["id"]


def refuse(kind, flags, payload):
    """Raises Refused if an acknowledgement or the end of a dump is an error."""
    error, = struct.unpack_from("=i", payload)
    if not error:
        return
    rest = payload[4:]
    if kind == NLMSG_ERROR:
        length, = struct.unpack_from("=I", payload, 4)
        rest = payload[20:] if flags & NLM_F_CAPPED else payload[4 + length:]
    extended = dict(split(rest)) if flags & NLM_F_ACK_TLVS else {}
    text = extended.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode()
    where, missing = (struct.unpack("=I", extended[number])[0] if number in extended else None
                      for number in (NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_MISS_TYPE))
    raise Refused(-error, text, where, missing)
