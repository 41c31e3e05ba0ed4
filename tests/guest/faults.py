#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick config=FAILSLAB config=FAULT_INJECTION_STACKTRACE_FILTER timeout=1200
"""Allocations that fail, one after the other: a clean error, or an answer that is right."""

import ctypes
import errno
import os
import threading
import time

from lib import calls, events, faults, module, wire
from lib.events import Listener
from lib.member import Member
from lib.tap import QUICK, main, scene, until
from trouble import reader, settled

CLEAN = {errno.ENOMEM, errno.ENOBUFS}
NR_FINIT_MODULE = 313

_libc = ctypes.CDLL(None, use_errno=True)


def insmod(parameters=b"journal_mb=1"):
    """finit_module(2) in this thread: 0, or the error."""
    fd = os.open(module.PATH, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.syscall(NR_FINIT_MODULE, fd, parameters, 0) == 0:
            return 0
        return ctypes.get_errno()
    finally:
        os.close(fd)


def furnish():
    """Objects of each kind, with something in them."""
    calls.shmat(calls.shmget(0x1, 5000))
    calls.semop(calls.semget(0x2, 3), (1, 7))
    calls.msgsnd(calls.msgget(0x3), b"message")
    calls.mq_send(calls.mq_open(b"queue", 3, 30), b"text")


def requests(inode):
    """Every request that there is: {name: function of a socket}."""
    one, ns = {"inum": inode}, {"ns-inum": inode}
    sem, msg = {**ns, "kind": 1, "id": 0}, {**ns, "kind": 2, "id": 0}
    mq = {**ns, "kind": 3, "name": b"queue"}

    def opened(link):
        os.close(link.get("open", one)["fd"])
        return []

    return {
        "namespaces": lambda link: link.dump("ns"),
        "a namespace": lambda link: link.get("ns", one),
        "objects": lambda link: link.dump("object"),
        "objects of one": lambda link: link.dump("object", ns),
        "an object": lambda link: link.get("object", sem),
        "limits": lambda link: link.dump("limits"),
        "limits of one": lambda link: link.get("limits", ns),
        "semaphores": lambda link: link.dump("element", sem),
        "messages": lambda link: link.dump("element", msg),
        "queued": lambda link: link.dump("element", mq),
        "waiters": lambda link: link.dump("waiter", sem),
        "waiters of a queue": lambda link: link.dump("waiter", mq),
        "holders": lambda link: link.dump("holder", ns),
        "a way in": opened,
        "journal": lambda link: len(link.dump("event")) > 0,
        "next number": lambda link: link.get("event")["seq"] > 0,
        "status": lambda link: len(link.get("status")["layout"]),
    }


# The kernel's own threads come and go: they are processes of the initial namespace.
UNSTEADY = {"seq", "refs", "token", "nprocs"}


def steady(answer):
    """An answer without what changes from one moment to the next."""
    if isinstance(answer, list):
        return sorted((steady(row) for row in answer), key=str)
    if isinstance(answer, dict):
        return {key: value for key, value in answer.items() if key not in UNSTEADY}
    return answer


def none_ends():
    """Whether no namespace of an earlier scene is still being torn down."""
    with wire.Socket() as link:
        return all(row["state"] == wire.STATE["active"] for row in link.dump("ns"))


def outcome(action, link):
    """What comes of a request: ("answer", it) or ("error", number)."""
    try:
        return "answer", steady(action(link))
    except wire.Refused as error:
        return "error", error.errno
    except OSError as error:
        return "error", error.errno


@scene("each allocation of each request")
def each_request(t):
    nth = faults.Nth()
    until(none_ends, "earlier namespaces have ended", 60)
    with Member() as member:
        member.call(furnish)
        for name, action in requests(member.inode).items():
            with wire.Socket() as link:
                want = outcome(action, link)
            t.same(want[0], "answer", f"{name}: without faults")
            seen, wrong, number, reached = {}, [], 0, True
            with faults.below(faults.text("ipcns")):
                while reached and number < 2000:
                    number += 1
                    with wire.Socket() as link:
                        reached, got = nth(number, lambda: outcome(action, link))
                    key = got[1] if got[0] == "error" else "answer"
                    seen[key] = seen.get(key, 0) + 1
                    if got != want and (got[0] == "answer" or got[1] not in CLEAN):
                        wrong.append((number, got))
            t.ok(not reached and not wrong, f"{name}: {number - 1} allocations fail one by one",
                 *wrong[:5])
            t.note(f"{name}: {seen}")
            t.ok(number > 1, f"{name}: it allocates something")
        with wire.Socket() as link:
            status = link.get("status")
        t.same((status["dumps"], status["dump-bytes"]), (0, 0), "nothing is left open")


@scene("each allocation of loading")
def each_load(t):
    nth = faults.Nth()
    until(module.unload, "rmmod")
    where = faults.function("do_init_module")
    with faults.below(where):
        count = nth.count(insmod)
    until(module.unload, "rmmod")
    step = max(count // 8, 1) if QUICK else 1
    numbers, reached, seen, wrong = range(1, count + 1, step), 0, {}, []
    for number in numbers:
        before = len(module.log())
        with faults.below(where):
            failed, error = nth(number, insmod)
        reached += failed
        said = [line for line in module.log()[before:] if "ipcns: " in line]
        seen[error] = seen.get(error, 0) + 1
        if error:
            if error not in CLEAN or module.loaded():
                wrong.append((number, error, said))
            continue
        wrong += [(number, problem, said) for problem in silent(said)]
        if not module.unload():
            wrong.append((number, "rmmod", said))
            break
    t.same(wrong, [], f"{len(numbers)} of {count} allocations fail one by one")
    t.ok(reached > len(numbers) * 0.9, "they are reached", reached)
    t.note(f"errors: {seen}")
    t.same(insmod(b""), 0, "and it loads as ever")
    t.ok(not silent([]), "and works")


def each_creation():
    """Has each allocation of unshare(2) fail, one after the other; {0 or the error: how often}."""
    nth, seen, number, reached = faults.Nth(), {}, 0, True

    def create():
        try:
            calls.unshare(calls.CLONE_NEWIPC)
            return 0
        except OSError as error:
            return error.errno

    while reached and number < 500:
        number += 1
        reached, error = nth(number, create)
        seen[error] = seen.get(error, 0) + 1
    return seen


@scene("each allocation of a new namespace, beside dumps")
def creation(t):
    with Member() as stay, Listener() as ear, faults.below((0, 2 ** 64 - 1), pages=True):
        stay.call(furnish)
        with reader(t, [stay]), Member(0) as maker:
            seen = maker.call(each_creation)
            t.note(f"unshare: {seen}")
            t.ok(seen.get(errno.ENOMEM, 0) > 4, "creations that fail", seen)
            t.ok(seen.keys() <= {0, errno.ENOMEM, errno.ENOSPC}, "with what they should", seen)
            maker.end()
            t.same(settled(t, ear), seen[0], "those that could be made were told, and no others")


def brief():
    """A namespace that ends with the thread that made it."""
    thread = threading.Thread(target=calls.unshare, args=[calls.CLONE_NEWIPC])
    thread.start()
    thread.join()


def received(link):
    """What a listener got: (numbers of events, whether it was told that it missed some)."""
    numbers, missed = set(), False
    link.socket.settimeout(2)
    while True:
        try:
            numbers |= {event["seq"] for event in events.in_datagram(link.socket.recv(65536))
                        if "seq" in event}
        except TimeoutError:
            return numbers, missed
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            missed = True


@scene("events while workers have no memory")
def workers(t):
    count = 40 if QUICK else 200
    # Were they disarmed without memory, kprobes would say so as if it were their own fault.
    until(lambda: "ipc_addid" not in events.armed(), "no object probe is left armed")
    with wire.Socket(65536) as link, faults.below(faults.text("ipcns")):
        events.subscribe(link, "ns")
        first = events.next_number()
        before = events.status()["missed"]
        faults.setup(faults.SLAB, probability=30, interval=1, times=-1, task_filter="Y")
        with faults.workers():
            for _ in range(count):
                brief()
            time.sleep(1)
        faults.setup(faults.SLAB, probability=0)
        until(lambda: events.status()["dying"] == 0, "all have ended")
        told = events.journal(first, objects="ns")
        numbers, missed = received(link)
    born = {event["ns-id"] for event in told if event.get("event") == "created"}
    ended = {event["ns-id"] for event in told if event.get("event") == "destroyed"}
    t.note(f"{len(born)} of {count} births are in the journal")
    t.ok(born <= ended, "the end of each whose creation is reported", born - ended)
    t.same(events.status()["missed"] - before, count - len(born),
           "the others are counted as missed")
    t.ok(missed or {event["seq"] for event in told if "seq" in event} <= numbers,
         "the listener got all, or was told that he did not")
    brief()
    t.ok(until(lambda: [event for event in events.journal(first, objects="ns")
                        if event.get("event") == "destroyed"][len(ended):], "one more"),
         "with memory, all is as ever")


def silent(said):
    """What a loaded module lacks and did not say."""
    problems = []
    with wire.Socket() as link:
        status = link.get("status")
        if {row["state"] for row in status["layout"]} != {0} and not any(
                "can be read" in line or "is not read" in line for line in said):
            problems.append("layouts unknown")
        off = [probe["symbol"] for probe in status["probe"]
               if not probe["armed"] and probe["symbol"] in
               ("retire_ipc_sysctls", "mq_clear_sbinfo", "shm_init_ns")]
        if off and (status["events-live"] or not any("no hook on" in line for line in said)):
            problems.append(f"probes off: {off}")
        if not off and not status["events-live"] and \
                not any("no hook on" in line for line in said):
            problems.append("events off")
        if len(link.dump("ns")) < 1:
            problems.append("no namespaces")
    return problems


if __name__ == "__main__":
    main()
