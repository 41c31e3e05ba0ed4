# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel with an initramfs in QEMU and brings back what the command in it did."""

import dataclasses
import os
import queue
import signal
import subprocess
import threading
import time

from guest import accel
from guest.common import need

# The serial port is slow: warnings and worse only. cryptomgr's tests at boot take a second. Where
# libraries are mapped at other addresses for each process, QEMU 7.2 translates them anew: that was
# nine tenths of what ipcnsctl list took.
ARGUMENTS = ("loglevel=5 panic=-1 log_buf_len=4M cryptomgr.notests=1 tsc=reliable"
             " norandmaps")

TICK = 0.5      # seconds between two looks at the clock
PAUSE = 5       # what they may come late


@dataclasses.dataclass
class Outcome:
    """How a guest ended."""
    how: str            # "done", "died", "late", "closed" (nobody reads the output any more) or
                        # "given up" (QEMU failed)
    status: int         # of the command, if done
    kmsg: str           # what /dev/kmsg held at the end, if done
    console: str        # what the kernel printed
    qemu: str           # what QEMU printed; one line that says why, if given up
    pauses: list        # [(the guest's uptime after it, seconds)] that this machine stood still


class Stream(threading.Thread):
    """Passes on what the guest writes to a port, until the end mark; the mark stays here."""

    def __init__(self, write, mark, events):
        super().__init__(daemon=True)
        self.source, self.port = os.pipe()
        self.write, self.mark, self.events = write, mark, events

    def run(self):
        try:
            self.events.put("done" if self.relay() else "died")
        except BrokenPipeError:
            self.events.put("closed")

    def relay(self):
        """Returns whether the mark came."""
        held = b""
        while chunk := os.read(self.source, 1 << 18):
            held += chunk
            end = held.find(self.mark)
            if end >= 0:
                self.write(held[:end])
                return True
            longest = min(len(held), len(self.mark) - 1)
            keep = next((n for n in range(longest, 0, -1) if held.endswith(self.mark[:n])), 0)
            self.write(held[:len(held) - keep])
            held = held[len(held) - keep:]
        self.write(held)
        return False


def writer(fd):
    """A function that writes all it is given to a descriptor."""
    def write(data):
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
    return write


def boot(kernel, initrd, work, mark, options, with_accel):
    """Runs the guest, its output to our stdout and stderr, and returns its Outcome.

    with_accel is the argument of QEMU's -accel.
    """
    machine = kernel.machine
    need(machine.qemu, "setpriv")
    events = queue.Queue()
    kmsg = bytearray()
    streams = [Stream(write, mark, events) for write in (writer(1), writer(2), kmsg.extend)]
    console = work / "console"
    console.unlink(missing_ok=True)
    clock = accel.clock(with_accel, options.icount) if machine.native else ""
    argv = ["setpriv", "--pdeathsig", "KILL", machine.qemu, *machine.options,
            "-accel", with_accel, "-cpu", accel.CPU[machine.debian],
            "-smp", f"{options.cpus},sockets={options.cpus}", "-m", options.memory,
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", kernel.image, "-initrd", initrd,
            "-append", f"console={machine.console} {ARGUMENTS} {clock} {options.append}",
            "-chardev", f"file,id=console,path={console}", "-serial", "chardev:console",
            "-device", "virtio-serial"]
    if options.icount:
        argv += ["-icount", f"shift={options.icount},sleep=off"]
    for nr, stream in enumerate(streams, 1):
        os.set_inheritable(stream.port, True)
        argv += ["-add-fd", f"fd={stream.port},set={nr}",
                 "-chardev", f"file,id=port{nr},path=/dev/fdset/{nr},append=on",
                 "-device", f"virtserialport,nr={nr},chardev=port{nr}"]

    pauses = []
    log = work / "qemu"
    with open(log, "wb") as file:
        guest = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=file,
                                 stderr=file, start_new_session=True,
                                 pass_fds=[stream.port for stream in streams])
    try:
        for stream in streams:
            os.close(stream.port)
            stream.start()
        how = wait(streams, events, log, options.timeout, pauses)
        printed = log.read_text("utf-8", "replace")
        if how == "died" and (why := failed(guest, printed)):
            how, printed = "given up", why
    finally:
        guest.kill()
        guest.wait()
        for stream in streams:      # what it wrote before it ended is still to come
            stream.join(2)
    body, _, status = bytes(kmsg).rpartition(b"status ")
    return Outcome(how, int(status) if how == "done" else -1, body.decode("utf-8", "replace"),
                   console.read_text("utf-8", "replace") if console.exists() else "", printed,
                   pauses)


def failed(guest, printed):
    """Why QEMU failed, in one line; an empty string if only the guest went down, or was killed."""
    if why := accel.given_up(printed):
        return why
    try:
        status = guest.wait(2)
    except subprocess.TimeoutExpired:
        return ""
    if status in (0, -signal.SIGTERM, -signal.SIGKILL):
        return ""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    ended = f"signal {-status}" if status < 0 else f"exit status {status}"
    return f"{ended}: {lines[-1]}" if lines else ended


def wait(streams, events, log, timeout, pauses):
    """Returns how the guest ended, once all streams have; notes when this machine stood still.

    A guest that QEMU stops for good has died, though QEMU stays: its log tells.

    Machines that are guests themselves are halted at times. A kernel in our guest then sees its
    clock leap ahead, and its watchdogs bark.
    """
    begin = last = time.monotonic()
    deadline = begin + timeout
    left = len(streams)
    while left:
        try:
            how = events.get(timeout=max(0, min(TICK, deadline - last)))
        except queue.Empty:
            how = None
        now = time.monotonic()
        if now - last > TICK + PAUSE:
            pauses.append((now - begin, now - last))
            deadline += now - last
        last = now
        if how == "done":
            left -= 1
        elif how:
            return how
        elif accel.given_up(log.read_text("utf-8", "replace")):
            return "died"
        elif now >= deadline:
            return "late"
    return "done"
