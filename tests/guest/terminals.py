#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=300
"""What people see on terminals of 40, 80 and 200 columns, with and without UTF-8.

A terminal is a pseudo-terminal of that size whose bytes are read here, and not a pane of tmux: that
wraps a line which is too long, and what it captures does not tell such a line from two, nor which
bytes drew it. The guest has no tmux either.
"""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata

from lib import calls, tool
from lib.events import next_number
from lib.member import Member
from lib.tap import PACE, Failed, main, scene, until

QUEUE = "größe漢字".encode()
COLORS = re.compile(r"\033\[[\d;]*m")


def width_of(line):
    """Columns that a line takes."""
    return sum(0 if unicodedata.combining(char) else
               2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line)


class Terminal:
    """A program whose standard output is a terminal."""

    def __init__(self, args, columns, locale="C.UTF-8"):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LANG")}
        self.process = subprocess.Popen(["ipcnsctl", *map(str, args)], stdin=subprocess.DEVNULL,
                                        stdout=slave, stderr=subprocess.PIPE, encoding="utf-8",
                                        env={**env, "LC_ALL": locale, "TERM": "xterm"})
        os.close(slave)
        self.seen = b""

    def read(self, timeout=0.1):
        """Takes what is there; False at the end."""
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:     # EIO: nobody has the other side
            data = b""
        self.seen += data
        return bool(data)

    def lines(self):
        """The lines until the program ends."""
        deadline = time.monotonic() + 60 * PACE
        while self.read():
            if time.monotonic() > deadline:
                raise Failed("it does not end")
        os.close(self.master)
        self.process.communicate()
        return self.seen.decode().replace("\r\n", "\n").splitlines()


def screen(args, columns, locale="C.UTF-8"):
    """Lines of a call on such a terminal, without colours."""
    return [COLORS.sub("", line) for line in Terminal(args, columns, locale).lines()]


@contextlib.contextmanager
def scenery():
    """A namespace with something of each kind, somebody who waits, and an orphan."""
    with Member() as member, Member(join=member.pid) as waiting:
        calls_ = [(calls.shmget, 0x5eed, 4 << 20), (calls.msgget, 0x5eed),
                  (calls.mq_open, QUEUE, 10, 8192)]
        for function, *args in calls_:
            member.call(function, *args)
        ident = member.call(calls.semget, 0x5eed, 3)
        with Member(join=member.pid) as gone:
            gone.call(calls.shmget, 0x5eee, 8 << 20)
        waiting.start(calls.semop, ident, (0, -1, 0))
        waiting.sleeps_in(calls.NR_SEMTIMEDOP)
        yield member


# The narrowest terminal that each fits, of those tried: columns that are not text are never cut.
SCREENS = {
    "list": 80, "list --tree": 80, "objects": 80, "objects --type shm": 200,
    "objects --type mq": 200, "objects --orphans": 80, "show NS": 80, "holders NS": 80,
    "limits NS": 200, "waiters": 200, "check": 200, "status": 200,
}


@scene("tables and texts fit")
def fit(t):
    with scenery() as member:
        for command, narrowest in SCREENS.items():
            args = [member.inode if arg == "NS" else arg for arg in command.split()]
            rows = set()
            for columns in (40, 80, 200):
                for locale in ("C.UTF-8", "C"):
                    lines = screen(args, columns, locale)
                    name = f"{command}: {columns} columns, {locale}"
                    wide = [line for line in lines if width_of(line) > columns]
                    t.ok(lines and (not wide or columns < narrowest), f"{name}: fits", wide)
                    if locale == "C":
                        t.ok("".join(lines).isascii(), f"{name}: nothing but ASCII", *lines)
                    # a name that would widen all rows may have a line for itself
                    if "C" != locale and command != "status":
                        rows.add(len(lines))
            t.ok(len(rows) < 2, f"{command}: as many rows on each terminal", rows)
            if "mq" in command or command == "objects":
                t.contains("\n".join(screen(args, 80)), QUEUE.decode(), f"{command}: the name")


def hears(terminal):
    """Whether a monitor has printed the end of a namespace made for that."""
    with Member():
        pass
    return terminal.read(0.2) and b"[ns,destroyed]" in terminal.seen


EVENT = re.compile(r"[A-Z][a-z]{2}\d\d \d\d:\d\d:\d\d[+-]\d\d(?::\d\d)? \[(\S+)\]((?: \S+)*)")


def parsed(lines):
    """Lines of events as {what, or what:reason: {field: value}}; the last of each."""
    found = {}
    for line in lines:
        match = EVENT.fullmatch(line)
        if not match:
            raise Failed(f"no event: {line!r}")
        fields = dict(word.split("=", 1) if "=" in word else ("reason", word)
                      for word in match[2].split())
        found[match[1] + (f":{fields['reason']}" if "reason" in fields else "")] = fields
    return found


@scene("events are for people, and whole where they are for scripts")
def events(t):
    with Member() as member:
        plain, exact = (Terminal(("monitor", *args), 200) for args in ((), ("-b",)))
        for terminal in (plain, exact):
            until(lambda: hears(terminal), "it listens")
        begin = next_number()
        with Member() as marked:
            ident = member.call(calls.shmget, 0x12aa0de5, 4 << 20)
            member.call(calls.shm_remove, ident)
            marked.call(calls.shmget, calls.IPC_PRIVATE, 8192)
        for terminal in (plain, exact):
            until(lambda: terminal.read() and
                  re.search(rb"ns,destroyed\][^\n]* shm_bytes=8", terminal.seen), "its end")
            terminal.process.send_signal(signal.SIGINT)
        lines = [COLORS.sub("", line) for line in plain.lines()]
        t.same([line for line in lines if width_of(line) > 110], [], "at most 110 columns")
        found = parsed(lines)
        with open(f"/proc/{member.pid}/comm", encoding="ascii") as file:
            name = file.read().strip()
        comm = f"{name}[{member.pid}]"
        t.same(found["shm,destroyed:removed"], {"ns": str(member.inode), "id": str(ident),
                                        "key": "0x12aa0de5", "bytes": "4M", "reason": "removed",
                                        "by": comm}, "a removal")
        end = parsed(line for line in lines if "shm_bytes" in line and "destroyed" in line)
        end = end["ns,destroyed"]
        t.same({key: end.get(key) for key in ("shm", "sem", "shm_bytes")},
               {"shm": "1", "sem": None, "shm_bytes": "8K"}, "an end: nothing that is 0")
        t.ok(re.fullmatch(r"\d+(\.\d)?(ns|us|ms|s)", end["duration"]), "how long it took", end)
        t.same(parsed(exact.lines())["shm,destroyed:removed"]["bytes"], str(4 << 20),
               "-b: in bytes")
        whole = tool.output("history", "-q", "--since", begin, "-e", "shm.destroyed")
        t.contains(whole, f"id={ident} key=0x12aa0de5 uid=0 bytes={4 << 20} reason=removed"
                   f" pid={member.pid} comm={name} seq=", "near miss: a pipe has all fields")
        past = [COLORS.sub("", line) for line in
                Terminal(("history", "-q", "--since", begin, "-e", "shm.destroyed"), 80).lines()]
        t.same(parsed(past)["shm,destroyed:removed"]["by"], comm, "history, too")


main()
