# SPDX-License-Identifier: GPL-2.0
"""Processes inside namespaces that do what a scene tells them."""

import multiprocessing
import os
import signal
import subprocess

from lib import calls
from lib.tap import until


class Member:
    """A child process that runs functions on request, by default in an IPC namespace of its own.

    join: a pid or a path, whose IPC namespace is entered instead of a new one.
    """

    def __init__(self, flags=calls.CLONE_NEWIPC, join=None):
        self.pipe, theirs = multiprocessing.Pipe()
        self.pid = os.fork()
        if not self.pid:
            _serve(theirs)
        theirs.close()
        if join is not None:
            self.call(calls.setns, f"/proc/{join}/ns/ipc" if isinstance(join, int) else join)
        elif flags:
            self.call(calls.unshare, flags)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def start(self, function, *args, **kwargs):
        """Begins a call and does not wait for its result; the function is found by its name."""
        self.pipe.send((function, args, kwargs))

    def result(self):
        """Waits for the result of the call begun last; raises what the function raised."""
        good, value = self.pipe.recv()
        if not good:
            raise value
        return value

    def call(self, function, *args, **kwargs):
        """Runs a function in the member and returns its result."""
        self.start(function, *args, **kwargs)
        return self.result()

    @property
    def inode(self):
        """The inode number of the member's IPC namespace, as the kernel shows it in /proc."""
        return calls.namespace_inode(self.pid)

    def sleeps_in(self, number):
        """Waits until the member sleeps in the system call of that number."""
        until(lambda: sleeping(self.pid) == number, f"pid {self.pid} sleeps in call {number}")

    def end(self):
        """Ends the process and waits for it; its namespace may live on."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pipe.close()
            self.pid = 0


def _serve(pipe):
    """The child: keeps nothing that its parent had open, obeys until killed."""
    try:
        keep = pipe.fileno()
        os.closerange(3, keep)
        os.closerange(keep + 1, 65536)
        calls.die_with_parent()
        while True:
            function, args, kwargs = pipe.recv()
            try:
                answer = True, function(*args, **kwargs)
            # Not swallowed: result() raises it in the parent.
            except Exception as error:
                answer = False, error
            pipe.send(answer)
    finally:
        os._exit(1)


def sleeping(pid):
    """The number of the system call that a process sleeps in, or None if it does not sleep."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        if stat.read().rpartition(")")[2].split()[0] != "S":
            return None
    with open(f"/proc/{pid}/syscall", encoding="ascii") as syscall:
        first = syscall.read().split()[0]
    return int(first) if first.isdigit() else None


def sleeper():
    """A small process (sleep) in the caller's present namespaces; a Popen."""
    return subprocess.Popen(["sleep", "1000000"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL)


def end(process):
    """Ends a Popen and waits for it."""
    process.kill()
    process.wait()
