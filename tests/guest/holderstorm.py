#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick memory=3G timeout=240
"""Holders read in a loop while processes fork, exec, exit, open, close, attach, detach, move."""

import collections
import errno
import json
import os
import random
import socket
import threading
import time

from lib import calls, ledger, tool, wire, witness
from lib.ledger import Ledger
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

SECONDS = (10 if QUICK else 60) * max(1, PACE / 2)
WORKERS = 4
ROUNDS = 3      # on the slowest machine


def churn(number, home, seconds):
    """Does what keeps and releases namespaces at random; how often each."""
    random.seed(number)
    ident = calls.shmget(0xa000, 4096)
    here = calls.namespace_fd()
    done, fds, attached = collections.Counter(), [], []
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for each in (near, far):
        each.setblocking(False)

    def fork_exec():
        pid = os.fork()
        if not pid:
            try:
                os.execv("/bin/true", ["true"])
            finally:
                os._exit(1)
        os.waitpid(pid, 0)

    def fork_exit():
        pid = os.fork()
        if not pid:
            os._exit(0)
        os.waitpid(pid, 0)

    def fork_move():
        pid = os.fork()
        if not pid:
            try:
                calls.unshare(calls.CLONE_NEWIPC)
                calls.shmat(calls.shmget(1, 4096))
                calls.namespace_fd()
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    def threads():
        thread = threading.Thread(target=move_thread)
        thread.start()
        thread.join()

    def open_some():
        path = random.choice(["/proc/self/ns/ipc", f"/proc/{home}/ns/ipc",
                              "/proc/sysvipc/shm", "/proc/sysvipc/msg"])
        fds.append(os.open(path, os.O_RDONLY))

    def context():
        fds.append(calls.filesystem_context("mqueue"))

    def queue():
        fds.append(calls.mq_open(b"storm", 1, 1))

    def close_some():
        while len(fds) > random.randrange(20):
            os.close(fds.pop(random.randrange(len(fds))))

    def attach():
        attached.append(calls.shmat(ident))

    def detach():
        while len(attached) > random.randrange(8):
            calls.shmdt(attached.pop(random.randrange(len(attached))))

    def send():
        try:
            socket.send_fds(near, [b"x"], fds[-3:] or [here])
        except BlockingIOError:
            pass

    def receive():
        try:
            while True:
                for fd in socket.recv_fds(far, 1, 5)[1]:
                    os.close(fd)
        except BlockingIOError:
            pass

    def visit():
        """Another namespace for a while, with an attachment that is dropped there."""
        try:
            calls.unshare(calls.CLONE_NEWIPC)
            calls.shmdt(calls.shmat(calls.shmget(1, 4096)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
        calls.setns(here)

    actions = [fork_exec, fork_exit, fork_move, threads, open_some, open_some, open_some, context,
               queue, close_some, close_some, attach, attach, detach, send, receive, visit]
    # Each of them comes to its turn, however slow the kernel is.
    turns = random.sample(actions, len(actions))
    deadline = time.monotonic() + seconds
    while turns or time.monotonic() < deadline:
        action = turns.pop() if turns else random.choice(actions)
        for _ in range(random.randrange(1, 10)):
            try:
                action()
            except OSError as error:
                done[errno.errorcode[error.errno]] += 1
                continue
            done[action.__name__] += 1
    for each in (near, far):
        each.close()
    for fd in [*fds, here]:
        os.close(fd)
    for address in attached:
        calls.shmdt(address)
    return dict(done)


def move_thread():
    """A thread of its own namespace, for a moment."""
    try:
        calls.unshare(calls.CLONE_NEWIPC)
    except OSError:
        pass


class Reader(threading.Thread):
    """Dumps holders of all namespaces, ROUNDS times at least; keeps what is odd."""

    def __init__(self, deadline, pause, buffer, check):
        super().__init__()
        self.deadline, self.pause, self.buffer, self.check = deadline, pause, buffer, check
        self.rounds = self.rows = 0
        self.complaints, self.kinds = [], collections.Counter()

    def run(self):
        while ((time.monotonic() < self.deadline or self.rounds < ROUNDS)
               and len(self.complaints) < 10):
            try:
                with wire.Socket(self.buffer) as link:
                    rows, last = [], False
                    link.begin("holder")
                    while not last:
                        some, last = link.more("holder")
                        rows += some
                        time.sleep(self.pause)
            except wire.Refused as error:
                if error.errno != errno.EAGAIN:
                    self.complaints.append(str(error))
                continue
            self.rounds += 1
            self.rows += len(rows)
            self.kinds.update(map(ledger.kind_of, rows))
            self.complaints += ledger.odd(rows, steady=False) + self.check(rows)


def furnish():
    """What stays the same all the time."""
    calls.shmat(calls.shmget(0xb0b, 4096))
    calls.namespace_fd()
    os.open("/proc/sysvipc/sem", os.O_RDONLY)
    calls.filesystem_context("mqueue")


def read_blindly(seconds):
    """Dumps holders as fast as can be, without a look at them; how often."""
    deadline, rounds = time.monotonic() + seconds, 0
    with wire.Socket(1 << 17) as link:
        while time.monotonic() < deadline:
            link.begin("holder")
            while not link.ends(link.socket.recv(link.buffer)):
                pass
            rounds += 1
    return rounds


def as_user_sees(inode):
    """What ipcnsctl holders says of the sum."""
    done = tool.ipcnsctl("holders", "-J", "-o", "KIND,REFS,DETAIL", inode)
    if done.returncode:
        return f"exit {done.returncode}: {done.stderr}"
    rows = json.loads(done.stdout)["holders"]
    if rows and not any(row["kind"] == "unattributed" for row in rows):
        return "no row for what is unattributed"
    rest, = [row for row in rows if row["kind"] == "unattributed"]
    if rest["refs"] is None:
        return rest["detail"].removeprefix("unknown: ")
    return "the sum is the count"


@scene(f"{SECONDS} seconds of everything at once beside a quick reader and a slow one")
def storm(t):
    with open("/proc/sys/user/max_ipc_namespaces", "w", encoding="ascii") as file:
        file.write("3000")
    with Member() as still:
        # One that nobody touches: every dump has all of it.
        still.call(furnish)
        before = Ledger(still.inode)
        # A descriptor, an open file and a context have three references, which are not searched.
        t.same((before.odd, before.refs, before.unattributed), ([], 5, 3), "before: exact")
        want = collections.Counter(before.short)

        def check(rows):
            found = collections.Counter(Ledger(still.inode, rows).short)
            # A dump that has to go on in another part may repeat rows, but leaves none out.
            return [] if found.keys() == want.keys() else \
                [f"of the one that stays: {found}, not {want}"]

        homes = [Member() for _ in range(2)]
        workers = [Member(join=homes[number % 2].pid) for number in range(WORKERS)]
        for home in homes:
            home.call(calls.shmget, 0xa000, 4096)
        blind = Member(0)
        blind.start(read_blindly, SECONDS)
        deadline = time.monotonic() + SECONDS
        readers = [Reader(deadline, 0, 32768, check), Reader(deadline, 0.03, 8192, check)]
        for number, worker in enumerate(workers):
            worker.start(churn, number, homes[number % 2].pid, SECONDS)
        for reader in readers:
            reader.start()
        told = collections.Counter()
        while time.monotonic() < deadline:
            told[as_user_sees(homes[0].inode)] += 1
        for reader in readers:
            reader.join()
        t.note(f"ipcnsctl holders: {dict(told)}")
        t.ok(told and told.keys() <= {"the sum is the count", "changed while reading"},
             "ipcnsctl holders: a sum that is right, or that it changed", told)
        done = collections.Counter()
        for worker in workers:
            done.update(worker.result())
        t.note(f"done: {dict(done)}; {blind.result()} dumps that nobody looked at")
        blind.end()
        for name, reader in zip(("quick", "slow"), readers):
            t.note(f"{name} reader: {reader.rounds} dumps, {reader.rows} rows:"
                   f" {dict(reader.kinds)}")
            t.same(reader.complaints, [], f"{name} reader: nothing odd")
            t.ok(all(reader.kinds[kind] for kind in wire.HOLDER), f"{name} reader: all kinds",
                 reader.kinds)
        for name in ("fork_exec", "fork_exit", "fork_move", "threads", "open_some", "attach",
                     "detach", "send", "visit", "context", "queue"):
            t.ok(done[name], f"the storm: {name}", done)

        for home, inside in zip(homes, (workers[::2], workers[1::2])):
            found = Ledger(home.inode)
            t.same((found.odd, found.unattributed), ([], 0), "after: exact")
            t.same(found.short,
                   sorted((("task", member.pid) for member in [home, *inside]), key=str),
                   "after: its members")
        after = Ledger(still.inode)
        t.same((after.short, after.refs, after.unattributed), (before.short, 5, 3),
               "after: what was left alone is the same")
        with wire.Socket() as link:
            status = link.get("status")
        t.same((status["dumps"], status["dump-bytes"]), (0, 0), "no dump, no memory is held")
        for member in (*workers, *homes):
            member.end()
        begin = time.monotonic()

        def left():
            with wire.Socket() as link:
                return {row["inum"] for row in link.dump("ns")
                        if row["state"] != wire.STATE["dying"]} - set(witness.members())
        until(lambda: not left(), "nothing is kept alive by us", 10)
        t.ok(True, f"nothing is kept alive by us: {time.monotonic() - begin:.1f} s")


if __name__ == "__main__":
    main()
