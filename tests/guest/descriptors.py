#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick timeout=240
"""Every sort of descriptor that a plain user can make, while root lists everything.

What is in somebody's table of descriptors can be anything: the module looks at none of them, and
the tool reads no more than the kernel says of each in /proc. A report of the kernel fails the run.
"""

import contextlib
import ctypes
import json
import os
import re
import select
import signal
import socket
import threading
import time

from lib import calls, tool, wire
from lib.member import Member
from lib.tap import main, scene, until

USER = 1000
O_PATH = 0o10000000
_libc = ctypes.CDLL(None, use_errno=True)

# Numbers of x86-64, which are the same on all machines from 424 on.
NR = {"signalfd4": 289, "eventfd2": 290, "timerfd_create": 283, "inotify_init1": 294,
      "fanotify_init": 300, "perf_event_open": 298, "memfd_create": 319, "bpf": 321,
      "userfaultfd": 323, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430, "fsconfig": 431,
      "fsmount": 432, "fspick": 433, "pidfd_open": 434, "landlock_create_ruleset": 444,
      "memfd_secret": 447}


def call(name, *args):
    """A system call that makes a descriptor; None where this kernel, or its policy, has none."""
    fd = _libc.syscall(NR[name], *args)
    return None if fd < 0 else fd


def again(fd, flags=O_PATH):
    """The same file once more, by its link in /proc."""
    try:
        return os.open(f"/proc/self/fd/{fd}", flags)
    except OSError:
        return None


MADE = {}       # of the process that makes them: {sort: descriptor}
KEPT = []       # what must not be collected


def make_plain(folder):
    """Descriptors that take no privilege at all."""
    sockets = {"stream": (socket.AF_UNIX, socket.SOCK_STREAM),
               "dgram": (socket.AF_UNIX, socket.SOCK_DGRAM),
               "seqpacket": (socket.AF_UNIX, socket.SOCK_SEQPACKET),
               "tcp": (socket.AF_INET, socket.SOCK_STREAM),
               "udp6": (socket.AF_INET6, socket.SOCK_DGRAM),
               "netlink": (socket.AF_NETLINK, socket.SOCK_RAW)}
    for name, kind in sockets.items():
        with contextlib.suppress(OSError):
            KEPT.append(socket.socket(*kind))
            MADE[name] = KEPT[-1].fileno()
    for place in ("tmpfs", "ramfs"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{folder}/{place}/socket")
        listener.listen(1)
        KEPT.append(listener)
        MADE[f"file of a socket on {place}"] = os.open(f"{folder}/{place}/socket", O_PATH)
    MADE["eventfd"] = call("eventfd2", 0, 0)
    MADE["signalfd"] = call("signalfd4", -1, bytes(8), 8, 0)
    MADE["timerfd"] = call("timerfd_create", 1, 0)
    outer, inner = select.epoll(), select.epoll()
    outer.register(inner.fileno(), select.EPOLLIN)
    KEPT.extend((outer, inner))
    MADE["epoll"] = outer.fileno()
    MADE["inotify"] = calls.watch("/proc/self/ns/ipc")
    MADE["fanotify"] = call("fanotify_init", 0x200, 0)
    MADE["memfd"] = call("memfd_create", b"ipc:[4026531839]", 0)
    MADE["secret"] = call("memfd_secret", 0)
    MADE["userfaultfd"] = call("userfaultfd", 1)
    MADE["pidfd"] = call("pidfd_open", os.getpid(), 0)
    MADE["landlock"] = call("landlock_create_ruleset", (1).to_bytes(8, "little"), 8, 0)
    MADE["ring"] = call("io_uring_setup", 4, ctypes.create_string_buffer(120))
    MADE["pipe"], MADE["other end"] = os.pipe()
    MADE["pty"] = os.open("/dev/ptmx", os.O_RDWR)
    MADE["unlinked"] = os.open(f"{folder}/tmpfs", os.O_RDWR | os.O_TMPFILE, 0o600)
    MADE["directory"] = os.open("/", os.O_RDONLY)
    MADE["link"] = os.open("/proc/self/exe", O_PATH | os.O_NOFOLLOW)
    MADE["queue"] = calls.mq_open(b"mine", 1, 1)
    for name in ("shm", "sem", "msg"):
        MADE[f"sysvipc {name}"] = os.open(f"/proc/sysvipc/{name}", os.O_RDONLY)
    for name in os.listdir("/proc/self/ns"):
        with contextlib.suppress(OSError):
            MADE[f"ns {name}"] = os.open(f"/proc/self/ns/{name}", os.O_RDONLY)
    for name in ("mem", "maps", "mountinfo", "environ", "fd", "task", "root"):
        MADE[f"proc {name}"] = os.open(f"/proc/self/{name}", os.O_RDONLY)
    MADE["tree"] = call("open_tree", -100, b"/", 0)


def make_owned():
    """Descriptors that take CAP_SYS_ADMIN over a mount namespace: a user's own."""
    calls.unshare(calls.CLONE_NEWUSER | calls.CLONE_NEWNS | calls.CLONE_NEWIPC)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {USER} 1"),
                       ("gid_map", f"0 {USER} 1")):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)
    for kind in ("tmpfs", "mqueue", "proc", "overlay"):
        fd = call("fsopen", kind.encode(), 0)
        MADE[f"context of {kind}"] = fd
        if kind != "tmpfs" or fd is None:
            continue
        if not _libc.syscall(NR["fsconfig"], fd, 6, None, None, 0):
            MADE["mount"] = call("fsmount", fd, 0, 0)
        MADE["empty context"] = call("fsopen", b"tmpfs", 0)
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount("tmpfs", "/mnt", "tmpfs")
    MADE["picked context"] = call("fspick", -100, b"/mnt", 0)
    MADE["copied tree"] = call("open_tree", -100, b"/", 1 | 0x8000)
    # Somebody's own names for what others look for.
    os.makedirs("/mnt/sysvipc")
    for name in ("sysvipc/shm", "ipc:[4026531839]", "queue (deleted)"):
        MADE[name] = os.open(f"/mnt/{name}", os.O_RDWR | os.O_CREAT, 0o600)
    MADE["queue of another namespace"] = calls.mq_open(b"theirs", 1, 1)


def make_all(folder):
    """Everything as the plain user, and all of it once more by O_PATH; the sorts there are."""
    os.setgroups([])
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    calls.make_dumpable()
    make_plain(folder)
    make_owned()
    for name, fd in list(MADE.items()):
        if fd is None:
            del MADE[name]
            continue
        MADE[f"O_PATH of {name}"] = again(fd)
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    KEPT.extend((near, far))
    fds = [fd for fd in MADE.values() if fd is not None]
    with contextlib.suppress(OSError):
        for start in range(0, len(fds), 20):
            socket.send_fds(near, [b"x"], fds[start:start + 20])
    threading.Thread(target=receive_in_parts, args=(fds[:40],), daemon=True).start()
    threading.Thread(target=open_and_close, daemon=True).start()
    return sorted(name for name, fd in MADE.items() if fd is not None)


def receive_in_parts(fds):
    """Sends descriptors, and receives what they were sent with byte by byte, for ever."""
    while True:
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            near, far = socket.socketpair(socket.AF_UNIX, kind)
            with near, far:
                with contextlib.suppress(OSError):
                    socket.send_fds(near, [b"0123456789"], fds)
                    for flags in (socket.MSG_PEEK, 0, 0, 0):
                        _, got, _, _ = socket.recv_fds(far, 1, 50, flags)
                        for fd in got:
                            os.close(fd)


def open_and_close():
    """Opens and closes what a reader may be about to look at, for ever."""
    while True:
        for path in ("/proc/self/ns/ipc", "/proc/sysvipc/shm", "/mnt/sysvipc/shm"):
            os.close(os.open(path, os.O_RDONLY))
        context = call("fsopen", b"tmpfs", 0)
        if context is not None:
            path = again(context)
            os.close(context)
            if path is not None:
                os.close(path)


def ask_raw():
    """holder-get without attributes by another process of the same user; rows, or the error."""
    os.setresgid(USER, USER, USER)
    os.setresuid(USER, USER, USER)
    try:
        with wire.Socket() as link:
            return len(link.dump("holder"))
    except wire.Refused as error:
        return error.strerror


COMMANDS = [("list",), ("list", "-o", "+HELD"), ("list", "--tree"), ("list", "--output-all"),
            ("objects",), ("objects", "--attached"), ("objects", "--orphans"), ("limits",),
            ("metrics",), ("status",),
            *(("objects", "--type", kind, "--output-all") for kind in ("shm", "sem", "msg", "mq"))]


def queues(inode):
    """Names of the queues that processes have open; references may change meanwhile."""
    done = tool.ipcnsctl("holders", "-J", "-o", "KIND,PID,NAME", inode)
    return {row["name"] for row in json.loads(done.stdout)["holders"] if row["kind"] == "mq"}


@scene("root lists everything beside every sort of descriptor", pace=5)
def every_sort(t):
    folder = "/run/sockets"
    for kind in ("tmpfs", "ramfs"):
        os.makedirs(f"{folder}/{kind}")
        calls.mount(kind, f"{folder}/{kind}", kind)
        os.chmod(f"{folder}/{kind}", 0o777)
    with Member() as user, Member(0) as other:
        first = user.inode
        sorts = user.call(make_all, folder)
        second = user.inode
        t.ok(second != first, "the user is in a namespace of their own making")
        links = set()
        for fd in os.listdir(f"/proc/{user.pid}/fd"):
            with contextlib.suppress(OSError):
                links.add(os.readlink(f"/proc/{user.pid}/fd/{fd}"))
        t.note(f"{len(sorts)} sorts: {', '.join(sorts)}")
        for need in ("context of tmpfs", "O_PATH of context of tmpfs", "picked context",
                     "O_PATH of picked context", "file of a socket on tmpfs",
                     "file of a socket on ramfs", "O_PATH of ns ipc", "mount", "pidfd", "memfd",
                     "eventfd", "epoll", "inotify", "queue"):
            t.ok(need in sorts, f"there is: {need}")
        t.ok("anon_inode:[fscontext]" in links, "contexts, as /proc shows", links)
        deadline = time.monotonic() + 10
        rounds = 0
        while not rounds or time.monotonic() < deadline:
            bad = [(words, done.returncode, done.stderr) for words in COMMANDS
                   if (done := tool.ipcnsctl(*words)).returncode or done.stderr]
            for command in ("holders", "show"):
                for inode in (first, second, calls.namespace_inode(1)):
                    done = tool.ipcnsctl(command, inode)
                    # References come and go all the time; that is said, and no failure.
                    said = re.sub("ipcnsctl: changed while reading[^\n]*\n", "", done.stderr)
                    if done.returncode or said:
                        bad.append(((command, inode), done.returncode, done.stderr))
            rounds += 1
            if bad:
                break
        t.same(bad, [], "every command does what it does")
        t.note(f"{rounds} rounds of all commands")
        t.note(f"a raw request by the same user: {other.call(ask_raw)}")
        t.same(queues(second), {"theirs"}, "a queue of the second namespace: only what is one")
        t.same(queues(first), {"mine"}, "and of the first")
        os.kill(user.pid, signal.SIGKILL)
    done = tool.ipcnsctl("list", "-o", "+HELD")
    t.same((done.returncode, done.stderr), (0, ""), "the walk over all works afterwards")

    def left():
        return {first, second} & set(tool.namespaces())
    until(lambda: not left(), "both namespaces end with the process", 10)
    for kind in ("tmpfs", "ramfs"):
        calls.umount(f"{folder}/{kind}")


if __name__ == "__main__":
    main()
