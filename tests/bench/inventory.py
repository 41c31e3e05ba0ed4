#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What an inventory of many namespaces costs: time against lsns and ipcs, and memory.

Ratios are between things measured in turns in the same guest; every number is a median.
"""

import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))

# pylint: disable=wrong-import-position
from lib import calls, member, wire, witness

QUICK = os.environ.get("IPCNS_QUICK") == "1"
SCALE = 10 if QUICK else 1
SAMPLE = 50 // SCALE        # namespaces that the loop visits; the rest is reckoned from them
WIDE, NARROW = 1000 // SCALE, 10
MIB = 1 << 20
OUTPUT = "/run/inventory"


def populate(count, each):
    """New namespaces, each with a process and `each` objects, a tenth more of some kinds."""
    home = calls.namespace_fd()
    processes = []
    share = each // 10
    for _ in range(count):
        calls.unshare(calls.CLONE_NEWIPC)
        witness.set_sysctl("fs/mqueue/queues_max", 1000)
        for number in range(1, 3 * share + 1):
            calls.shmget(number, 4096)
            calls.semget(number, 2)
            calls.msgget(number)
        for number in range(share):
            os.close(calls.mq_open(b"queue-%d" % number, 1, 8))
        processes.append(member.sleeper())
    calls.setns(home)
    os.close(home)
    return processes


def seconds(function, *args):
    """How long a call takes."""
    begin = time.perf_counter()
    function(*args)
    return time.perf_counter() - begin


def tool(*words):
    """The tool's output to a file."""
    with open(OUTPUT, "wb") as file:
        subprocess.run(["ipcnsctl", *words], stdout=file, check=True)


def lines():
    """Lines of the file."""
    with open(OUTPUT, "rb") as file:
        return sum(1 for _ in file)


def loop(pids):
    """ipcs in the namespace of each process, by a shell's loop."""
    script = 'for pid; do nsenter -t "$pid" -i ipcs; done'
    with open(OUTPUT, "wb") as file:
        subprocess.run(["bash", "-c", script, "bash", *map(str, pids)], stdout=file, check=True)


def lsns():
    """The list that the loop goes through."""
    with open(OUTPUT, "wb") as file:
        subprocess.run(["lsns", "-t", "ipc", "-n", "-o", "PID"], stdout=file, check=True)


def read_all():
    """A dump of all objects, read and thrown away; messages are not decoded."""
    with wire.Socket() as link:
        link.begin("object")
        while not link.ends(link.socket.recv(link.buffer)):
            pass


def medians(rounds, **functions):
    """Median time of each function; they take turns, so that drift meets them alike."""
    taken = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            taken[name].append(seconds(function))
    return {name: statistics.median(values) for name, values in taken.items()}


def against_loop(results):
    """The whole inventory, against lsns and a loop of nsenter and ipcs."""
    processes = populate(WIDE, 30)
    pids = [process.pid for process in processes]
    some = pids[::len(pids) // SAMPLE][:SAMPLE]
    taken = medians(3, tool=lambda: tool("objects"), raw=lambda: tool("objects", "-r"), lsns=lsns,
                    sample=lambda: loop(some))
    tool("objects", "-r", "-n")
    results["objects"] = lines()
    results["namespaces"] = WIDE
    whole = taken["lsns"] + taken["sample"] * WIDE / len(some)
    results["loop_sampled"] = len(some)
    results["loop_s"] = whole
    results["tool_s"] = taken["tool"]
    results["tool_raw_s"] = taken["raw"]
    results["times_faster"] = whole / taken["tool"]
    results["times_faster_raw"] = whole / taken["raw"]
    for process in processes:
        member.end(process)


def per_object(results):
    """Cost of one object among few and among many; start-up of the tool is taken off."""
    processes = []
    for name, count in (("few", NARROW), ("many", WIDE)):
        processes += populate(count - len(processes), 300)
        tool("objects", "-r", "-n")
        objects = lines()
        taken = medians(15 if name == "few" else 5, wire=read_all, nothing=lambda: tool("status"),
                        raw=lambda: tool("objects", "-r", "-n"))
        results[f"{name}_objects"] = objects
        results[f"{name}_wire_us"] = taken["wire"] / objects * 1e6
        results[f"{name}_raw_us"] = (taken["raw"] - taken["nothing"]) / objects * 1e6
        results[f"{name}_tool_kib"] = peak_memory()
    results["wire_many_to_few"] = results["many_wire_us"] / results["few_wire_us"]
    results["raw_many_to_few"] = results["many_raw_us"] / results["few_raw_us"]
    results["tool_many_to_few"] = results["many_tool_kib"] / results["few_tool_kib"]
    return processes


def peak_memory():
    """VmHWM of the tool while its raw output is read; the pipe makes it wait for us."""
    peak = 0
    with subprocess.Popen(["ipcnsctl", "objects", "-r"], stdout=subprocess.PIPE) as process:
        while os.read(process.stdout.fileno(), 65536):
            with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        peak = int(line.split()[1])
    return peak


def available():
    """MemAvailable, in bytes."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        return next(int(line.split()[1]) * 1024 for line in meminfo
                    if line.startswith("MemAvailable:"))


def module_memory(results):
    """Memory that dumps hold in the module, polled while several readers go on in turns."""
    for readers in (1, 3):
        before, least, peak = available(), 1 << 62, 0
        links = [wire.Socket() for _ in range(readers)]
        for link in links:
            link.begin("object")
        with wire.Socket() as watch:
            left, turn = list(links), 0
            while left:
                for link in list(left):
                    if link.ends(link.socket.recv(link.buffer)):
                        left.remove(link)
                turn += 1
                if turn % 8 == 1:
                    peak = max(peak, watch.get("status")["dump-bytes"])
                    least = min(least, available())
        for link in links:
            link.close()
        results[f"dump_mib_{readers}"] = peak / readers / MIB
        results[f"available_mib_{readers}"] = max(0, before - least) / MIB


ROWS = [
    ("", "{namespaces} namespaces, {objects} objects"),
    ("lsns and a loop of nsenter ipcs", "{loop_s:.2f} s, reckoned from {loop_sampled} namespaces"),
    ("ipcnsctl objects", "{tool_s:.3f} s"),
    ("ipcnsctl objects -r", "{tool_raw_s:.3f} s"),
    ("  times faster (100)", "{times_faster:.0f}, raw {times_faster_raw:.0f}"),
    ("", "{few_objects} and {many_objects} objects"),
    ("on the wire, per object", "{few_wire_us:.2f} and {many_wire_us:.2f} us"),
    ("  many to few (0.8 to 1.2)", "{wire_many_to_few:.2f}"),
    ("objects -r, per object", "{few_raw_us:.2f} and {many_raw_us:.2f} us"),
    ("  many to few (0.8 to 1.2)", "{raw_many_to_few:.2f}"),
    ("objects -r, peak memory", "{few_tool_kib} and {many_tool_kib} KiB"),
    ("module, per reader (8 MiB)", "{dump_mib_1:.2f} MiB, of three {dump_mib_3:.2f} MiB"),
    ("  less MemAvailable, roughly", "{available_mib_1:.1f} MiB, three {available_mib_3:.1f} MiB"),
]


def main():
    """Measures, prints, and fails only far from what is wanted."""
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (resource.RLIM_INFINITY,) * 2)
    results = {"kernel": os.uname().release, "quick": QUICK}
    against_loop(results)
    processes = per_object(results)
    module_memory(results)
    for process in processes:
        member.end(process)
    print(f"Linux {results['kernel']}")
    for name, text in ROWS:
        print(f"{name:<32}  {text.format(**results)}")
    print(json.dumps(results))
    bounds = {
        "times_faster": results["times_faster"] >= (5 if QUICK else 50),
        "wire_many_to_few": results["wire_many_to_few"] < 2,
        "dump_mib_1": 0 < results["dump_mib_1"] < 8,
        "tool_many_to_few": results["tool_many_to_few"] < 1.5,
    }
    missed = [name for name, good in bounds.items() if not good]
    if missed:
        print(f"far from what is wanted: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
