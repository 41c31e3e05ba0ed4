# SPDX-License-Identifier: GPL-2.0
"""Decides whether guests run with KVM or with QEMU's emulator, once per boot of this machine."""

import os
import pathlib
import re
import subprocess
import tempfile
import time

from guest.common import CACHE, SCRIPTS, Failure, locked, need, run, say
from guest.initramfs import Archive

# One thread for all processors. With a thread each, QEMU 7.2 runs code that another processor has
# patched meanwhile: toggling a static key for 25 s ended in "Oops: int3" on 6.1 and on 6.12.
EMULATION = "tcg,thread=single"
KVM = "kvm"
DEVICE = pathlib.Path(os.environ.get("IPCNS_KVM_DEVICE", "/dev/kvm"))    # tests have another

# Under emulation a fifth page table level costs time, and rep movsb, which the kernel prefers
# where these flags are, copies byte by byte. After cmpxchg16b, QEMU 7.2 has in the flags what lay
# in their place; an interrupt saves that, and its return takes it for real: 6.12 died so in
# __kmalloc(), without ipcns.
#
# On arm64, a processor that stock kernels know, without what takes the emulator long: signed
# pointers above all.
CPU = {"amd64": "max,la57=off,erms=off,fsrm=off,cx16=off", "arm64": "cortex-a76"}

# The messages with which QEMU stops a guest for good (accel/kvm/kvm-all.c). It then stands still
# instead of ending, and no option changes that. The processor's registers follow.
GIVEN_UP = re.compile(r"^.*(KVM internal error|error: kvm run failed|KVM: entry failed"
                      r"|KVM: unknown exit|KVM: unknown hardware error).*$", re.M)

PROBE_MARK = "probe: user space runs"   # what probe.c writes
PROBE_SECONDS = 20      # that a kernel may take to boot, with KVM
LOOK = 0.2              # seconds between two looks at what QEMU printed


def choose(image):
    """The argument of QEMU's -accel, for guests that boot this kernel image.

    IPCNS_ACCEL decides by hand. Otherwise KVM is taken if a kernel boots to its end with it: that
    /dev/kvm can be opened, and even that a BIOS runs, does not mean that a kernel does.
    """
    if forced():
        return KVM if forced() == "kvm" else EMULATION
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return EMULATION
    return KVM if once("kvm", lambda: kvm_boots(image)) == "works" else EMULATION


def forced():
    """The accelerator that was chosen by hand, or an empty string; Failure if it cannot be had."""
    asked = os.environ.get("IPCNS_ACCEL", "")
    if asked not in ("", "tcg", "kvm"):
        raise Failure(f"IPCNS_ACCEL={asked}: must be tcg or kvm")
    if asked == "kvm" and not os.access(DEVICE, os.R_OK | os.W_OK):
        why = "cannot be opened by this user" if DEVICE.exists() else "does not exist"
        raise Failure(f"IPCNS_ACCEL=kvm: no KVM on this machine: {DEVICE} {why}")
    return asked


def distrust_kvm():
    """Has all guests until the next boot of this machine run with the emulator."""
    with locked(CACHE / "kvm"):
        answer("kvm").write_text("fails", "ascii")


def given_up(printed):
    """Why QEMU stopped a guest for good, in one line; an empty string if it did not."""
    found = GIVEN_UP.search(printed)
    if not found:
        return ""
    after = printed[found.end():].strip().partition("\n")[0].strip()
    return found[0].strip() + (f", {after}" if after and "=" not in after else "")


def kvm_boots(image):
    """Returns "works" if the kernel boots with KVM as far as its first program, else "fails"."""
    need("gcc", "qemu-system-x86_64", "setpriv")
    with tempfile.TemporaryDirectory(prefix="probe-") as name:
        work = pathlib.Path(name)
        run("gcc", "-O2", "-static", "-o", work / "init", SCRIPTS / "guest/probe.c")
        archive = Archive()
        archive.path("init", work / "init")
        (work / "initrd").write_bytes(archive.bytes())
        argv = ["setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64",
                "-accel", KVM, "-cpu", CPU["amd64"], "-smp", "2,sockets=2", "-m", "512M",
                "-nodefaults", "-display", "none", "-no-reboot",
                "-kernel", str(image), "-initrd", str(work / "initrd"),
                "-append", "console=ttyS0 loglevel=5 panic=-1", "-serial", "stdio"]
        with open(work / "log", "wb") as log, \
                subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True) as qemu:
            try:
                why = probe_ended(qemu, work / "log")
            finally:
                qemu.kill()
    if why:
        say(f"KVM boots no kernel on this machine ({why}): guests run with the emulator")
    return "fails" if why else "works"


def probe_ended(qemu, log):
    """Waits for the guest that tries KVM; returns what went wrong, an empty string if nothing."""
    deadline = time.monotonic() + PROBE_SECONDS
    while time.monotonic() < deadline:
        ended = qemu.poll() is not None
        printed = log.read_text("utf-8", "replace")
        if why := given_up(printed):
            return why
        if ended:
            if PROBE_MARK in printed and qemu.returncode == 0:
                return ""
            lines = printed.split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "no output")
            return f"QEMU ended with status {qemu.returncode}: {last}"
        time.sleep(LOOK)
    return f"not booted after {PROBE_SECONDS} s"


def clock(accel, icount):
    """Arguments for the kernel by which it knows the frequency of its time stamp counter.

    Under emulation that is this machine's. Measuring it against emulated timers fails on a busy
    machine, and kernels without ACPI are then left with ticks, half of which they miss.
    """
    if not accel.startswith("tcg") or icount:
        return ""
    return f"tsc_early_khz={once('tsc', tsc_khz)}"


def tsc_khz():
    """The frequency of this machine's time stamp counter, in kHz."""
    with tempfile.TemporaryDirectory() as work:
        program = pathlib.Path(work) / "tsc"
        need("gcc")
        run("gcc", "-O2", "-o", program, SCRIPTS / "guest/tsc.c")
        return run(program).strip()


def answer(name):
    """The file with an answer that holds until the next boot of this machine."""
    boot_id = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    return CACHE / f"{name}-{boot_id}"


def once(name, find_out):
    """What find_out() returns, a string, asked once per boot of this machine."""
    file = answer(name)
    with locked(CACHE / name):
        if not file.exists():
            for old in CACHE.glob(f"{name}-*-*"):
                old.unlink()
            file.write_text(find_out(), "ascii")
        return file.read_text("ascii")
