#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whether a million objects cost each as much as ten thousand, and 10,000 namespaces each as 100;
what is kept in memory; and what a row costs against one of a list of sockets.

Wants the boot option ipcmni_extend, which lets one namespace have a million objects.
"""

import contextlib
import os
import resource
import socket
import subprocess

from measure import QUICK, Crowd, median, ratio, run, say, taken, wire

# pylint: disable=wrong-import-position
from lib import module
from lib import wire as netlink

SCALE = 10 if QUICK else 1
FEW, MANY = 100, 10_000 // SCALE                    # namespaces
SMALL, LARGE = 10_000 // SCALE, 1_000_000 // SCALE  # objects
SOCKETS = 100_000 // SCALE
KINDS = (0.1, 0.45, 0.45)                           # of the objects: segments are the dearest
JOURNAL = 32 << 20
MIB = 1 << 20


def slab_bytes():
    """Memory of slab objects that are in use."""
    total = 0
    with open("/proc/slabinfo", encoding="ascii") as file:
        for line in file:
            words = line.split()
            if words[1].isdigit():
                total += int(words[1]) * int(words[3])
    return total


def vmalloc_bytes():
    """Memory of the module in vmalloc's areas, by who asked for them; its own code is none."""
    total = 0
    with open("/proc/vmallocinfo", encoding="ascii") as file:
        for line in file:
            if "[ipcns]" in line:
                total += int(line.split()[1])
    return total


def module_memory(results):
    """Slab memory of the module loaded among many namespaces, and the ring."""
    grown, ring = [], []
    for _ in range(3):
        module.unload()
        before = slab_bytes()
        module.load(f"journal_mb={JOURNAL // MIB}")
        run("ipcnsctl", "status")
        grown.append(slab_bytes() - before)
        ring.append(vmalloc_bytes())
    results["module_ns_bytes"] = median(grown) / MANY
    results["module_ring_to_asked"] = median(ring) / JOURNAL


def dump_memory(results):
    """Memory that one dump of all objects holds, looked at each time that it was read from."""
    peak = 0
    with netlink.Socket() as link, netlink.Socket() as watch:
        link.begin("object")
        for turn in range(400):
            if link.ends(link.socket.recv(link.buffer)):
                break
            if turn % 4 == 0:
                peak = max(peak, watch.get("status")["dump-bytes"])
    results["module_dump_mib"] = peak / MIB


def peak_memory(rows, *words):
    """VmHWM of a program, in MiB, while so many lines of it are read."""
    peak = seen = 0
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        while seen < rows and (data := os.read(process.stdout.fileno(), 1 << 20)):
            seen += data.count(b"\n")
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                # One that has written all, and ended, has none.
                peak = max([peak, *(int(line.split()[1]) for line in status
                                    if line.startswith("VmHWM:"))])
        process.terminate()
    if seen < rows:
        raise RuntimeError(f"{' '.join(words)}: {seen} of {rows} lines")
    return peak / 1024


def namespaces(results):
    """Few and many; and the list against lsns."""
    with Crowd(FEW, 1, 1, 1, 0):
        results["few_ns"], results["few_ns_ns"] = wire("ns")
        with Crowd(MANY - FEW, 1, 1, 1, 0):
            results["many_ns"], results["many_ns_ns"] = wire("ns")
            values = taken({"list": lambda: run("ipcnsctl", "list"),
                            "lsns": lambda: run("lsns", "-t", "ipc")}, 3 if QUICK else 7)
            module_memory(results)
    results["ns_many_to_few"] = results["many_ns_ns"] / results["few_ns_ns"]
    results["list_s"], results["lsns_s"] = median(values["list"]), median(values["lsns"])
    results["lsns_to_list"] = ratio(values["lsns"], values["list"])


def objects(results):
    """Few and many in one namespace, and the memory that they take when they are read."""
    for name, count in (("small", SMALL), ("large", LARGE)):
        with Crowd(1, *(int(count * share) for share in KINDS)):
            results[name], results[f"{name}_ns"] = wire("object")
            if name == "large":
                dump_memory(results)
            for form, words in (("raw", ("objects", "-r", "-n")),
                                ("lines", ("monitor", "--snapshot", "-J"))):
                results[f"{name}_{form}_mib"] = peak_memory(results[name], "ipcnsctl", *words)
    results["large_to_small"] = results["large_ns"] / results["small_ns"]


def sockets(results):
    """Rows of objects, and of sockets as ss -a asks for them, half of them unix and half UDP."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * SOCKETS,) * 2)
    with contextlib.ExitStack() as stack:
        for number in range(SOCKETS // 2):
            one = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            one.bind((f"127.0.0.{1 + number % 10}", 10000 + number // 10))
        for number in range(SOCKETS // 4):
            for one in socket.socketpair():
                stack.enter_context(one)
        stack.enter_context(Crowd(100, *(int(SOCKETS * share / 100) for share in KINDS)))
        for what in ("object", "unix", "udp"):
            results[f"{what}_rows"], results[f"{what}_row_ns"] = wire(what)
    both = (results["unix_row_ns"] + results["udp_row_ns"]) / 2
    results["rows_to_ss"] = both / results["object_row_ns"]


def main():
    """Measures and prints."""
    results = {"kernel": os.uname().release}
    for part in (namespaces, sockets, objects):
        part(results)
        print(part.__name__, flush=True)
    say(results)


if __name__ == "__main__":
    main()
