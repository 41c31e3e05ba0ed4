# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel with an initramfs in QEMU and brings back what the command in it did."""

import dataclasses
import os
import pathlib
import queue
import subprocess
import tempfile
import threading
import time

from guest.common import CACHE, SCRIPTS, locked, need, run

# A BIOS that does this at the reset vector: mov $0x10,%al; mov $0xf4,%dx; out %al,%dx; hlt
PROBE = bytes.fromhex("b010baf400eef4").ljust(16, b"\0").rjust(65536, b"\0")

# One thread for all processors. With a thread each, QEMU 7.2 runs code that another processor has
# patched meanwhile: toggling a static key for 25 s ended in "Oops: int3" on 6.1 and on 6.12.
EMULATION = "tcg,thread=single"

# Under emulation a fifth page table level costs time, and rep movsb, which the kernel prefers
# where these flags are, copies byte by byte. After cmpxchg16b, QEMU 7.2 has in the flags what lay
# in their place; an interrupt saves that, and its return takes it for real: 6.12 died so in
# __kmalloc(), without ipcns.
CPU = "max,la57=off,erms=off,fsrm=off,cx16=off"

# The serial port is slow: warnings and worse only. cryptomgr's tests at boot take a second. Where
# libraries are mapped at other addresses for each process, QEMU 7.2 translates them anew: that was
# nine tenths of what ipcnsctl list took.
ARGUMENTS = ("console=ttyS0 loglevel=5 panic=-1 log_buf_len=4M cryptomgr.notests=1 tsc=reliable"
             " norandmaps")

TICK = 0.5      # seconds between two looks at the clock
PAUSE = 5       # what they may come late


@dataclasses.dataclass
class Outcome:
    """How a guest ended."""
    how: str            # "done", "died", "late" or "closed" (nobody reads the output any more)
    status: int         # of the command, if done
    kmsg: str           # what /dev/kmsg held at the end, if done
    console: str        # what the kernel and QEMU printed
    pauses: list        # [(the guest's uptime after it, seconds)] that this machine stood still


def once(name, find_out):
    """What find_out() returns, a string, asked once per boot of this machine."""
    boot_id = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    answer = CACHE / f"{name}-{boot_id}"
    with locked(CACHE / name):
        if not answer.exists():
            for old in CACHE.glob(f"{name}-*-*"):
                old.unlink()
            answer.write_text(find_out(), "ascii")
        return answer.read_text("ascii")


def accelerator():
    """KVM if a guest really runs with it, else emulation."""
    return "kvm" if once("accel", lambda: "kvm" if kvm_works() else "tcg") == "kvm" else EMULATION


def clock(accel, options):
    """Arguments for the kernel by which it knows the frequency of its time stamp counter.

    Under emulation that is this machine's. Measuring it against emulated timers fails on a busy
    machine, and kernels without ACPI are then left with ticks, half of which they miss.
    """
    if not accel.startswith("tcg") or options.icount:
        return ""
    return f"tsc_early_khz={once('tsc', tsc_khz)}"


def tsc_khz():
    """The frequency of this machine's time stamp counter, in kHz."""
    with tempfile.TemporaryDirectory() as work:
        program = pathlib.Path(work) / "tsc"
        need("gcc")
        run("gcc", "-O2", "-o", program, SCRIPTS / "guest/tsc.c")
        return run(program).strip()


def kvm_works():
    """Whether a guest gets as far as its BIOS with KVM, which having /dev/kvm does not tell."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    probe = CACHE / "probe.bin"
    probe.write_bytes(PROBE)
    try:
        status = subprocess.run(
            ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "max", "-m", "16", "-nodefaults",
             "-display", "none", "-bios", probe, "-device", "isa-debug-exit,iobase=0xf4"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False).returncode
    except subprocess.TimeoutExpired:
        return False
    return status == 0x10 * 2 + 1


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


def boot(kernel, initrd, work, mark, options):
    """Runs the guest, its output to our stdout and stderr, and returns its Outcome."""
    need("qemu-system-x86_64", "setpriv")
    events = queue.Queue()
    kmsg = bytearray()
    streams = [Stream(write, mark, events) for write in (writer(1), writer(2), kmsg.extend)]
    console = work / "console"
    accel = options.accel or (EMULATION if options.icount else accelerator())
    argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
            "-accel", accel, "-cpu", CPU,
            "-smp", f"{options.cpus},sockets={options.cpus}", "-m", options.memory,
            "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", kernel.image, "-initrd", initrd,
            "-append", f"{ARGUMENTS} {clock(accel, options)} {options.append}",
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
    with open(work / "qemu", "wb") as log:
        guest = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log, start_new_session=True,
                                 pass_fds=[stream.port for stream in streams])
    try:
        for stream in streams:
            os.close(stream.port)
            stream.start()
        how = wait(streams, events, options.timeout, pauses)
    finally:
        guest.kill()
        guest.wait()
        for stream in streams:      # what it wrote before it ended is still to come
            stream.join(2)
    body, _, status = bytes(kmsg).rpartition(b"status ")
    printed = "".join((work / name).read_text("utf-8", "replace")
                      for name in ("qemu", "console") if (work / name).exists())
    return Outcome(how, int(status) if how == "done" else -1,
                   body.decode("utf-8", "replace"), printed, pauses)


def wait(streams, events, timeout, pauses):
    """Returns how the guest ended, once all streams have; notes when this machine stood still.

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
        elif now >= deadline:
            return "late"
    return "done"
