#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240 sanitize
"""ipcnsctl monitor --journald and --state, before a journal that is made up here."""

import contextlib
import fcntl
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from lib import calls, module, tool, wire
from lib.member import Member, sleeping
from lib.tap import PACE, QUICK, main, scene, until

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
def monitor(*args, end=signal.SIGTERM, status=0, within=()):
    """A monitor that writes to the journal, begun by another program if there are words @within."""
    with tempfile.TemporaryFile() as errors:
        with subprocess.Popen([*within, "ipcnsctl", "monitor", "--journald", *args],
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
    done = tool.ipcnsctl("status", "-J")    # which may find something wrong on a busy machine
    return json.loads(done.stdout)["status"]["journal_next"] - 1


@scene("entries have the fields of JSON")
def fields(t):
    with Journal() as journal:
        first = last_number() + 1
        with monitor():
            nsid = come_and_go()
            until(lambda: journal.of(nsid, "destroyed"), "the end")
            last = last_number()
            journal.number(last)
        done = subprocess.run(["timeout", "-s", "INT", str(5 * PACE),
                               "ipcnsctl", "monitor", "-J", "--since", str(first)],
                              capture_output=True, encoding="utf-8", check=False)
    want = [json.loads(line) for line in done.stdout.splitlines()]
    want = [event for event in want if event["seq"] <= last]
    got = [{name.removeprefix("IPCNS_").lower(): value.decode() for name, value in entry.items()
            if name.startswith("IPCNS_") and name != "IPCNS_MODULE"} for entry in journal.entries]
    t.same(got, [{name: str(value) for name, value in event.items() if value is not None}
                 for event in want],
           f"{len(got)} entries as JSON has them")
    t.ok(len(got) >= 5, "more than a few", got)
    end = journal.of(nsid, "destroyed")[0]
    t.ok(end["MESSAGE"].startswith(b"[ns,destroyed] ns=") and
         b" nsid=%d " % nsid in end["MESSAGE"], "with a line", end)
    t.same((end["PRIORITY"], end["SYSLOG_IDENTIFIER"]), (b"6", b"ipcnsctl"), "and what syslog has")


@scene("in a network namespace of its own, as the unit has it")
def private_network(t):
    if not os.path.exists("/proc/self/ns/net"):
        t.skip("the journal has everything", "no network namespaces here")
        return
    with Journal() as journal, monitor("--follow-module", within=("unshare", "--net")):
        nsid = come_and_go()
        until(lambda: journal.of(nsid, "destroyed"), "the end")
        t.ok(True, "an end is in the journal")
        seen = len(journal.entries)
        module.reload()
        until(journal.losses, "the module is back")
        nsid = come_and_go()
        until(lambda: [entry for entry in journal.of(nsid, "destroyed")
                       if entry in journal.entries[seen:]], "the end")
        t.ok(True, "and so is one after the module was loaded anew")


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
    module.reload()     # without a state all is told that the journal has, also of earlier files
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


class SlowReader:
    """Reads the lines of a monitor with --state until it is left, in a pipe of one page."""

    def __init__(self, form):
        self.args = ["ipcnsctl", "monitor", "--state", STATE, *form]
        self.as_json = "-J" in form
        self.lines = []

    def numbers(self):
        """Of the events in the lines; a loss has none."""
        if self.as_json:
            return [json.loads(line).get("seq") for line in self.lines]
        return [int(line.rpartition("seq=")[2]) if "seq=" in line else None
                for line in self.lines]

    @staticmethod
    def _blocked(process):
        """Waits until it waits for its reader, or for events."""
        until(lambda: process.poll() is not None or
              sleeping(process.pid) in (NR_POLL, NR_PPOLL), "the monitor waits")

    def run(self, size, how):
        """
        Reads so many bytes, waits until the monitor waits, and ends it: by a signal, or (None) by
        closing the pipe after all that is in it was taken. Returns exit status and stderr.
        """
        there, here = os.pipe()
        fcntl.fcntl(there, fcntl.F_SETPIPE_SZ, 4096)
        with subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=here,
                              stderr=subprocess.PIPE, encoding="utf-8") as process:
            os.close(here)
            data = b""
            self._blocked(process)
            while len(data) < size and select.select([there], [], [], 0.05 * PACE)[0]:
                data += os.read(there, min(1000, size - len(data)))
                self._blocked(process)
            if how is None:
                process.send_signal(signal.SIGSTOP)
                until(lambda: pathlib.Path(f"/proc/{process.pid}/stat").read_text("ascii")
                      .rpartition(")")[2].split()[0] == "T", "it is stopped")
                while select.select([there], [], [], 0)[0]:
                    data += os.read(there, 65536)
                os.close(there)
                process.send_signal(signal.SIGCONT)
            else:
                process.send_signal(how)
                process.wait(20 * PACE)
                while more := os.read(there, 65536):
                    data += more
                os.close(there)
            errors = process.stderr.read()
        self.lines += data.decode().split("\n")[:-1]
        return process.returncode, errors, data[-1:] in (b"", b"\n")


@scene("a slow reader leaves at every point")
def slow(t):
    rounds = 12 if QUICK else 60
    for form in ([], ["-J"]):
        module.reload()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(STATE)
        subprocess.run(["bash", "-c", f"for ((i = 0; i < {20 * rounds}; i++)); do unshare -i true;"
                        " done"], check=True)
        reader = SlowReader(form)
        until(tool.none_dying, "all are gone")
        last, seen, whole = last_number(), [], True
        t.ok(last >= 60 * rounds, f"{form}: {last} events")
        for number in range(rounds):
            how = (signal.SIGTERM, signal.SIGINT, signal.SIGKILL, None)[number % 4]
            status, errors, ended = reader.run(1 + 337 * number % 2600, how)
            seen.append((how, status, errors))
            whole &= ended
        left = [s for s in seen if s[1] == 1]
        t.ok(whole, f"{form}: the last line is never cut")
        t.ok(left and all("not written: the next run with this state begins there" in s[2]
                          for s in left), f"{form}: what was not written is said, exit 1", seen)
        t.ok(all(s[1] == -9 if s[0] == signal.SIGKILL else s[1] in (0, 1) for s in seen),
             f"{form}: no other end", seen)
        for _ in range(200):
            if reader.numbers()[-1:] == [last]:
                break
            reader.run(1 << 20, signal.SIGTERM)
        t.same(reader.numbers(), [*range(1, last + 1)], f"{form}: every event once, in order")


@scene("errors")
def errors(t):
    done = tool.ipcnsctl("monitor", "--journald", "--snapshot", timeout=20 * PACE)
    t.same((done.returncode, done.stderr),
           (1, "ipcnsctl: cannot write to the systemd journal: No such file or directory\n"),
           "no journal: exit 1")
    with open(STATE, "w", encoding="ascii") as file:
        file.write("something else\n")
    with subprocess.Popen(["ipcnsctl", "monitor", "--state", STATE], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          encoding="utf-8") as process:
        until(lambda: sleeping(process.pid) in (NR_POLL, NR_PPOLL), "monitor waits for events")
        done = tool.ipcnsctl("monitor", "--state", STATE, timeout=20 * PACE)
        process.send_signal(signal.SIGTERM)
        said = process.stderr.read().splitlines()[0]
    t.same(said, f"ipcnsctl: not an ipcnsctl state file: {STATE}; renamed to"
           f" {STATE}.broken, starting without it", "a file that says something else is set aside")
    with open(f"{STATE}.broken", encoding="ascii") as file:
        t.same(file.read(), "something else\n", "as it was")
    t.same(done.returncode, 1, "one process at a time has the file")
    t.contains(done.stderr, f"{STATE} is in use", "which is said")
    for path, why in (("/nonexistent/file", "No such file"), ("/dev/null", "not a regular file"),
                      ("/", "Is a directory")):
        done = tool.ipcnsctl("monitor", "--state", path, timeout=20 * PACE)
        t.same(done.returncode, 1, f"{path} is refused at the start")
        t.contains(done.stderr, why, "with the reason")


if __name__ == "__main__":
    main()
