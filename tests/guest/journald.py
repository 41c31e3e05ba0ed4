#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240
"""ipcnsctl monitor --journald and --state, before a journal that is made up here."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from lib import calls, module, tool, wire
from lib.member import Member, sleeping
from lib.tap import PACE, main, scene, until

SOCKET = "/run/systemd/journal/socket"
STATE = "/run/monitor-state"
NR_POLL, NR_PPOLL = 7, 271


def parse(data):
    """Fields of an entry, by https://systemd.io/JOURNAL_NATIVE_PROTOCOL."""
    fields = {}
    while data:
        name, mark, rest = data.partition(b"\n")
        if b"=" in name:
            name, _, value = name.partition(b"=")
        else:
            size = struct.unpack("<Q", rest[:8])[0]
            value, mark, rest = rest[8:8 + size], rest[8 + size:9 + size], rest[9 + size:]
        assert mark == b"\n" and name.decode() not in fields, data
        fields[name.decode()], data = value, rest
    return fields


class Journal:
    """Takes entries as journald does."""

    def __init__(self, reading=True):
        os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(SOCKET)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(SOCKET)
        self.entries = []
        self.thread = threading.Thread(target=self._read, daemon=True)
        if reading:
            self.read()

    def read(self):
        """Begins to take them."""
        self.thread.start()

    def _read(self):
        while data := self.socket.recv(1 << 18):
            self.entries.append(parse(data))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RD)
        self.socket.close()
        os.unlink(SOCKET)

    def number(self, seq):
        """Waits for the entry with this number."""
        return until(lambda: next((entry for entry in self.entries
                                   if entry.get("IPCNS_SEQ") == b"%d" % seq), None), f"entry {seq}")

    def of(self, nsid, event):
        """Entries of one namespace about itself."""
        return [entry for entry in self.entries if entry.get("IPCNS_NSID") == b"%d" % nsid
                and entry["IPCNS_OBJECT"] == b"ns" and entry["IPCNS_EVENT"] == event.encode()]

    def losses(self):
        """Entries that say that something is lost."""
        return [entry for entry in self.entries if entry["IPCNS_EVENT"] == b"lost"]


@contextlib.contextmanager
def monitor(*args, end=signal.SIGTERM, status=0):
    """A monitor that writes to the journal."""
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen(["ipcnsctl", "monitor", "--journald", *args],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=errors) as process:
            try:
                until(lambda: process.poll() is not None or
                      sleeping(process.pid) in (NR_POLL, NR_PPOLL), "monitor waits for events")
                yield process
                process.send_signal(end)
                process.wait(20 * PACE)
            finally:
                process.kill()
        errors.seek(0)
        assert process.returncode == status, (process.returncode, errors.read())


def come_and_go():
    """A namespace with a segment; its identity, for inode numbers are used again at once."""
    with Member() as member:
        member.call(calls.shmget, 0x1, 100)
        return wire.nsid_of(member.pid)


def last_number():
    """The number of the last event."""
    return json.loads(tool.output("status", "-J"))["status"]["journal_next"] - 1


@scene("entries have the fields of JSON")
def fields(t):
    with Journal() as journal:
        first = last_number() + 1
        with monitor():
            nsid = come_and_go()
            until(lambda: journal.of(nsid, "destroyed"), "the end")
            last = last_number()
            journal.number(last)
        done = subprocess.run(["timeout", "-s", "INT", "5", "ipcnsctl", "monitor", "-J", "--since",
                               str(first)], capture_output=True, encoding="utf-8", check=False)
    want = [json.loads(line) for line in done.stdout.splitlines()]
    want = [event for event in want if event["seq"] <= last]
    got = [{name.removeprefix("IPCNS_").lower(): value.decode() for name, value in entry.items()
            if name.startswith("IPCNS_")} for entry in journal.entries]
    t.same(got, [{name: str(value) for name, value in event.items()} for event in want],
           f"{len(got)} entries as JSON has them")
    t.ok(len(got) >= 5, "more than a few", got)
    end = journal.of(nsid, "destroyed")[0]
    t.ok(end["MESSAGE"].startswith(b"[ns,destroyed] ns=") and
         b" nsid=%d " % nsid in end["MESSAGE"], "with a line", end)
    t.same((end["PRIORITY"], end["SYSLOG_IDENTIFIER"]), (b"6", b"ipcnsctl"), "and what syslog has")


@scene("names that are no words")
def hostile(t):
    with Journal() as journal, monitor(), Member() as member:
        member.call(calls.mq_open, b"a=b\nMESSAGE=c")
        member.call(calls.mq_unlink, b"a=b\nMESSAGE=c")
        entry = until(lambda: next((e for e in journal.entries if e["IPCNS_EVENT"] == b"unlinked"),
                                   None), "unlinked")
        t.same(entry["IPCNS_NAME"], b"/a=b\nMESSAGE=c", "a line break is part of the value")
        t.ok(b"name=/a=b\\x0aMESSAGE=c" in entry["MESSAGE"], "and no line break in the line", entry)


@scene("a journal that has no room")
def full(t):
    with Journal(reading=False) as journal:
        state = f"--state={STATE}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(STATE)
        with monitor(state) as process:
            ends = [come_and_go() for _ in range(20)]   # of which net.unix.max_dgram_qlen find room
            time.sleep(1)
            t.ok(process.poll() is None, "the monitor waits")
        t.ok(True, "and a signal ends it")
        journal.read()
        with monitor(state):
            journal.number(last_number())
        numbers = [int(entry["IPCNS_SEQ"]) for entry in journal.entries]
        t.same(numbers, [*range(numbers[0], last_number() + 1)],
               "the next run tells the rest, nothing twice")
        t.ok(all(journal.of(nsid, "destroyed") for nsid in ends), "and so all of them")


@scene("a run goes on where the last one ended")
def again(t):
    module.reload()     # without a state all is told that the journal has, also of earlier files
    state = f"--state={STATE}"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(STATE)
    with Journal() as journal:
        with monitor(state, "-t", "ns"):
            first = come_and_go()
            until(lambda: journal.of(first, "destroyed"), "the first end")
        missed = come_and_go()
        with monitor(state, "-t", "ns", end=signal.SIGKILL, status=-9):
            until(lambda: journal.of(missed, "destroyed"), "the end that was missed")
            time.sleep(1)
        with monitor(state, "-t", "ns"):
            last = come_and_go()
            until(lambda: journal.of(last, "destroyed"), "the last end")
        numbers = [int(entry["IPCNS_SEQ"]) for entry in journal.entries]
        t.same(sorted(set(numbers)), numbers, "every event once, in order")
        t.same(journal.losses(), [], "and nothing is lost")
        t.same(os.listdir("/run").count("monitor-state"), 1, "one file")
        t.same([name for name in os.listdir("/run") if name.startswith("monitor-state.")], [],
               "and no draft of it")


@scene("the module is loaded anew")
def reloads(t):
    state = f"--state={STATE}"
    with Journal() as journal:
        with monitor(state, "--follow-module"):
            module.reload()
            nsid = come_and_go()
            until(lambda: journal.of(nsid, "destroyed"), "an end after it")
        t.same([entry["IPCNS_CAUSE"] for entry in journal.losses()], [b"module"],
               "beside a monitor: what nobody can know is said once")
        t.same(journal.losses()[0]["PRIORITY"], b"4", "as a warning")
        del journal.entries[:]
        with monitor(state, "--follow-module"):
            pass
        t.same(journal.entries, [], "that is not told again")
        module.reload()
        nsid = come_and_go()
        with monitor(state, "--follow-module"):
            until(lambda: journal.of(nsid, "destroyed"), "an end before it")
        t.same([entry["IPCNS_CAUSE"] for entry in journal.losses()], [b"module"],
               "without one: said, too")
        numbers = [int(entry["IPCNS_SEQ"]) for entry in journal.entries if "IPCNS_SEQ" in entry]
        t.same(numbers[0], 1, "and all that the module saw is told")


@scene("errors")
def errors(t):
    done = tool.ipcnsctl("monitor", "--journald", "--snapshot", timeout=20)
    t.same((done.returncode, done.stderr),
           (1, "ipcnsctl: cannot write to the systemd journal: No such file or directory\n"),
           "no journal: exit 1")
    with open(STATE, "w", encoding="ascii") as file:
        file.write("something else\n")
    done = tool.ipcnsctl("monitor", "--state", STATE, timeout=20)
    t.same((done.returncode, done.stderr),
           (1, f"ipcnsctl: {STATE} is no state of this program\n"), "so it is for another file")
    done = tool.ipcnsctl("monitor", "--state", "/nonexistent/file", timeout=20)
    t.same(done.returncode, 1, "and where there is no folder")
    t.contains(done.stderr, "cannot create /nonexistent/file", "which it says")


if __name__ == "__main__":
    main()
