#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Writes what fuzzers begin with: answers that are right, by the spec.

usage: seeds.py FOLDER: files go to FOLDER/replies, FOLDER/events, FOLDER/arguments and
FOLDER/connection
"""

import pathlib
import struct
import sys

import yaml

TREE = pathlib.Path(__file__).resolve().parents[2]
ROW, DONE, ERROR, RAW, FORGED, STRAY, JOINED = 0, 2, 3, 4, 5, 6, 0x80
COMMANDS = 47                # of replies.c


def attribute(number, payload):
    """One attribute, padded."""
    return struct.pack("=HH", 4 + len(payload), number) + payload + b"\0" * (-len(payload) % 4)


def message(sets, name, only=None, value=1):
    """All attributes of a set, or some of them, with values that are small numbers."""
    data = b""
    for number, entry in enumerate(sets[name], 1):
        kind = entry["type"]
        if only and entry["name"] not in only or kind == "pad":
            continue
        if kind == "nest":
            payload = message(sets, entry["nested-attributes"], None, value)
        else:
            payload = {"u32": struct.pack("=I", value), "s32": struct.pack("=i", -value),
                       "u64": struct.pack("=Q", value), "s64": struct.pack("=q", value << 30),
                       "flag": b"", "string": b"text\0"}.get(kind, b"name")
        data += attribute(number, payload)
    return data


def record(kind, payload):
    """A record of kernel.h."""
    return struct.pack("=BH", kind, len(payload)) + payload


def main():
    """Writes all seeds."""
    spec = yaml.safe_load((TREE / "Documentation/netlink/specs/ipcns.yaml").read_text("utf-8"))
    sets = {entry["name"]: entry["attributes"] for entry in spec["attribute-sets"]}
    home = pathlib.Path(sys.argv[1])
    for name in ("replies", "events", "arguments", "connection"):
        (home / name).mkdir(parents=True, exist_ok=True)

    rows = {operation["name"]: message(sets, operation["attribute-set"],
                                       (operation.get("do") or operation["dump"])["reply"]
                                       ["attributes"])
            for operation in spec["operations"]["list"] if "event" not in operation}
    end, fine = record(DONE, b"\0\0\0\0"), record(ERROR, b"\0\0\0\0")
    for command in range(COMMANDS):
        for name, row in rows.items():
            # A namespace that is looked up, then what is asked for.
            first = record(ROW | JOINED, rows["ns-get"]) + fine
            data = record(ROW, row) + end + record(ROW, rows["ns-get"]) + end
            (home / f"replies/{command}-{name}").write_bytes(bytes([command]) + data)
            (home / f"replies/{command}-{name}-one").write_bytes(bytes([command]) + first + data)

    for how, name in ((0, "event"), (1, "event"), (2, "ns"), (3, "ns"), (4, "object"),
                      (5, "object")):
        data = bytes([how])
        for value in range(1, 7):
            payload = message(sets, name, None, value)
            data += struct.pack("=H", len(payload)) + payload + bytes([how])
        (home / f"events/{how}").write_bytes(data)

    for number, words in enumerate((
            "1 id=2 pid=1 ipc:[3] /proc/self/ns/ipc 99999999999999999999",
            "created,shm.destroyed ns,mq",
            "-o +NS,nsid -J 1", "--type shm,mq --key 0x1 --owner root --id 3", "-J -o KIND,PID 1",
            "-u 1", "--time-format iso -b", "-J")):
        (home / f"arguments/{number}").write_bytes(
            bytes([number]) + words.replace(" ", "\n").encode())


    # Messages with heads of their own: type, flags, payload.
    def raw(kind, *messages):
        return record(kind, b"".join(struct.pack("=IHHII", 16 + len(payload), type_, flags, 0, 0) +
                                     payload for type_, flags, payload in messages))
    row = (0x42, 2, b"\1\1\0\0" + rows["ns-get"])
    event = (0x42, 2, b"\1\1\0\0" + message(sets, "event"))
    stop = (3, 2, b"\0\0\0\0")
    error = (2, 0x200, struct.pack("=iIHHII", -13, 0x80000000, 0, 0, 0, 0) +
             attribute(1, b"words\0"))
    for number, operations in enumerate((
            (0, 1, 2, 3, 4, 5), (1, 0x21, 0x11, 5, 1), (6, 7, 6, 7), (0x27, 0x26, 6, 7),
            (4, 4, 5, 4))):
        for kind in (RAW, FORGED, STRAY):
            data = bytes([len(operations) - 1]) + bytes(operations)
            for other in (row, error, event):
                data += raw(kind, other, stop) + raw(RAW, other, stop)
            (home / f"connection/{number}-{kind}").write_bytes(data)


if __name__ == "__main__":
    main()
