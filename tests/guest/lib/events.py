# SPDX-License-Identifier: GPL-2.0
"""Events as a reader of netlink gets them: from a subscription, and from the journal.

An event is a dict as the spec's attribute set "event" has it, with words in place of enums.
"""

import errno
import itertools
import operator
import os
import socket
import struct
import time

from lib import wire
from lib.tap import PACE, Failed

WORDS = {
    "object": "none ns shm sem msg mq lost".split(),
    "event": "created changed marked unlinked dying destroyed".split(),
    "reason": "none removed teardown detach exit".split(),
    "cause": "overwritten dropped probes-off missed".split(),
}
ALL = "ns shm sem msg mq"
OBJECT_PROBES = {"ipc_addid", "ipc_update_perm", "mqueue_create_attr"}    # armed on demand

_HEADER = struct.Struct("=IHHIIBBH")
_layouts = {}


def decode(data):
    """The attributes of one event; those of events that look alike are found once only."""
    for form, heads, want, names, values in _layouts.get(len(data), ()):
        fields = form.unpack(data)
        if heads(fields) == want:
            return dict(zip(names, values(fields)))
    form, names, places = "=", [], []
    for number, payload in wire.split(data):
        if number > len(wire.TABLES["event"]):
            raise Failed(f"event: the spec has no attribute {number}")
        name, kind = wire.TABLES["event"][number - 1]
        size = len(payload)
        code = {"u32": "I", "u64": "Q", "s64": "q"}.get(kind, f"{size}s{-size % 4}x")
        if name != "pad-" and kind != "binary" and struct.calcsize("=" + code) != size:
            raise Failed(f"event: {name} has {size} bytes")
        form += "I" + code      # every header, and every payload, is one field
        names.append(name)
        places.append(len(places))
    if len(set(names) - {"pad-"}) != len(names) - names.count("pad-"):
        raise Failed(f"event: an attribute comes twice: {names}")
    form = struct.Struct(form)
    fields = form.unpack(data)
    heads = operator.itemgetter(*(2 * place for place in places))
    kept = [place for place in places if names[place] != "pad-"]
    values = operator.itemgetter(*(2 * place + 1 for place in kept))
    names = [names[place] for place in kept]
    _layouts.setdefault(len(data), []).append((form, heads, heads(fields), names, values))
    return dict(zip(names, values(fields)))


def in_datagram(datagram):
    """The events in a datagram of a group or of a journal dump."""
    offset = 0
    while offset < len(datagram):
        length, kind, _, _, _, command, _, _ = _HEADER.unpack_from(datagram, offset)
        if kind >= 0x10 and command in (wire.COMMANDS["event"], *wire.NOTICES):
            event = decode(datagram[offset + 20:offset + length])
            for name, words in WORDS.items():
                if name in event:
                    event[name] = words[event[name]]
            yield event
        offset += (length + 3) & ~3


class Journal:
    """Asks for the journal."""

    def __init__(self):
        self.link = wire.Socket(65536)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """No more questions."""
        self.link.close()

    def state(self):
        """(number of the oldest event, number that the next event will have)."""
        answer = self.link.get("event")
        return answer["from"], answer["seq"]

    def read(self, since=None, **filters):
        """The events from a number on; filters are ns_inum, ns_id and objects (words)."""
        attributes = {name.replace("_", "-"): value for name, value in filters.items()}
        if "objects" in attributes:
            attributes["objects"] = mask(attributes["objects"])
        if since is not None:
            attributes["since"] = since
        self.link.begin("event", attributes)
        events, last = [], False
        while not last:
            datagram = self.link.socket.recv(65536)
            kind, flags = struct.unpack_from("=HH", datagram, 4)
            if kind == wire.NLMSG_ERROR:
                wire.refuse(kind, flags, datagram[16:])
            events += in_datagram(datagram)
            last = ends(datagram)
        return events


def ends(datagram):
    """Whether a datagram of a dump holds its end; raises Refused if that is an error."""
    offset = 0
    while offset < len(datagram):
        length, kind, flags = struct.unpack_from("=IHH", datagram, offset)
        if kind == wire.NLMSG_DONE:
            wire.refuse(kind, flags, datagram[offset + 16:offset + length])
            return True
        offset += (length + 3) & ~3
    return False


def journal(since=None, **filters):
    """Journal.read() on a socket of its own."""
    with Journal() as reader:
        return reader.read(since, **filters)


def next_number():
    """The number that the next event will have; all that happened before is settled."""
    with Journal() as reader:
        return reader.state()[1]


def status():
    """status-get."""
    with wire.Socket() as link:
        return link.get("status")


def armed():
    """The symbols of the probes that are armed."""
    return {probe["symbol"] for probe in status()["probe"] if probe["armed"]}


def mask(objects):
    """The mask of some objects, in words."""
    return sum(1 << WORDS["object"].index(word) for word in objects.split())


def subscribe(link, objects=ALL, wait=True):
    """Subscribes to events; with wait, returns when they are recorded. What is recorded."""
    deadline = time.monotonic() + 10 * PACE
    recorded = link.get("subscribe", {"objects": mask(objects)})["objects"]
    with wire.Socket() as other:
        while wait and mask(objects) & ~recorded:
            if time.monotonic() > deadline:
                raise Failed(f"subscribed to {objects}, but only {recorded:#x} is recorded")
            time.sleep(0.01)
            recorded = other.get("event")["objects"]
    return recorded


class Listener:
    """Subscribes, and listens; keeps all events, in the order of their numbers.

    What the socket's buffer had no room for comes from the journal. Of all objects there is no
    number missing: what the journal does not hold any more must be told as lost, or it is Failed.
    """

    def __init__(self, objects=ALL, buffer=64 << 20):
        self.link = wire.Socket()
        self.whole = objects == ALL
        small = buffer < 65536
        if not small:
            self._set_buffer(buffer)
        self.journal = Journal()
        subscribe(self.link, objects)
        if small:       # the reply had room
            self._set_buffer(buffer)
        self.begin = self.next = self.journal.state()[1]
        self.events, self.lost = [], []
        self.destroyed = set()      # ids of namespaces
        self.overruns = self.fetches = 0
        self.overrun = False
        self.raw = []

    def _set_buffer(self, size):
        try:
            self.link.socket.setsockopt(socket.SOL_SOCKET, 33, size)        # SO_RCVBUFFORCE
        except PermissionError:     # not the machine's root: as much as is allowed
            self.link.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends the subscription."""
        self.link.close()
        self.journal.close()

    def pump(self, timeout=0.1):
        """Takes one datagram, if one comes in time, without looking into it; whether it did."""
        self.link.socket.settimeout(0 if self.overrun else timeout)
        try:
            self.raw.append(self.link.socket.recv(65536))
            return True
        except (TimeoutError, BlockingIOError):
            if not self.overrun:
                return False
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self.overruns += 1
            self.overrun = True
            return True
        # It is empty, and takes in again what comes: now the journal has all that it refused.
        self.parse()
        self.overrun = False
        self._fetch()
        return True

    def parse(self):
        """Looks into the datagrams that came."""
        raw, self.raw = self.raw, []
        for event in itertools.chain.from_iterable(map(in_datagram, raw)):
            if self.whole and event.get("from", event.get("seq")) > self.next:
                if self.overrun:
                    continue
                self._fetch()
            self._accept(event)

    def _fetch(self):
        self.fetches += 1
        for event in self.journal.read(self.next):
            self._accept(event)

    def _accept(self, event):
        first = last = event.get("seq")
        if first is None:
            first, last = event["from"], event["to"]
        if last < self.next:
            return
        if self.whole and first > self.next:
            raise Failed(f"events {self.next} to {first - 1} are missing, and not told as lost")
        if event["object"] == "lost":
            # A listener may know the beginning of the range by now.
            self.lost.append({**event, "from": self.next} if "from" in event else event)
        elif is_ns(event, "destroyed"):
            self.destroyed.add(event["ns-id"])
        self.events.append(event)
        self.next = last + 1

    def catch_up(self, number=None):
        """Reads all that happened until now, or until a number; the events since the last time."""
        number = number or self.journal.state()[1]
        before = len(self.events)
        deadline = time.monotonic() + 120 * PACE
        self.parse()
        while self.next < number:
            self.pump()
            self.parse()
            if time.monotonic() > deadline:
                raise Failed(f"waited in vain for event {number - 1}, had {self.next - 1}")
        return self.events[before:]

    def until(self, condition, what, timeout=60):
        """Reads until condition(events) is true; returns its value."""
        timeout *= PACE
        deadline = time.monotonic() + timeout
        while True:
            self.parse()
            value = condition(self.events)
            if value:
                return value
            if time.monotonic() > deadline:
                raise Failed(f"waited {timeout:g} s in vain: {what}")
            self.pump()

    def gone(self, *nsids, timeout=60):
        """Reads until namespaces are destroyed; their events, of all of them."""
        wanted = set(nsids)
        self.until(lambda _: wanted <= self.destroyed, f"{len(wanted)} namespaces are destroyed",
                   timeout)
        return [event for event in self.events if event.get("ns-id") in wanted]


def is_ns(event, what):
    """Whether an event is one of a namespace, and which."""
    return event["object"] == "ns" and event["event"] == what


def of(events, nsid):
    """The events of one namespace."""
    return [event for event in events if event.get("ns-id") == nsid]


def brief(event):
    """An event in short: object, event and reason."""
    return " ".join(event[name] for name in ("object", "event", "reason") if name in event)


def numbers(events):
    """The sequence numbers."""
    return [event["seq"] for event in events if "seq" in event]


# A listener in a process of its own (a Member), which can be stopped by a signal.

_listener = None


def follow(buffer):
    """Begins to listen; the number of the first event that will be kept."""
    global _listener
    _listener = Listener(buffer=buffer)
    return _listener.begin


def follow_until(path):
    """Reads until a file tells up to which number; what came, and how.

    Events come as (seq, nsid, brief, id, key or name), losses as (from, to, cause).
    """
    ear = _listener
    while not os.path.exists(path):
        ear.pump()
    with open(path, encoding="ascii") as file:
        number = int(file.read())
    ear.catch_up(number)
    events = [(event["seq"], event["ns-id"], brief(event), event.get("id"),
               event.get("key", event.get("name")))
              for event in ear.events if event["object"] != "lost"]
    lost = [(event.get("from"), event.get("to"), event["cause"]) for event in ear.lost]
    ear.close()
    return {"events": events, "lost": lost, "next": ear.next, "overruns": ear.overruns,
            "fetches": ear.fetches}
