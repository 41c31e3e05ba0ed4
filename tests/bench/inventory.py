#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What an inventory of 1,000 namespaces takes, against what user space can do, and where it goes.

inventory.py [PREFIX]: what the names of results begin with. The loops visit some of the namespaces;
what they take for all is reckoned from these.
"""

import os
import subprocess
import sys

from measure import HERE, OUTPUT, QUICK, Crowd, lines, median, ratio, run, samples, say, shares
from measure import taken

NAMESPACES = 100 if QUICK else 1000
SAMPLE = 5 if QUICK else 20         # namespaces that the loops visit

# Where a dump is, by functions of the kernel and the module, from the innermost outwards.
PARTS = {
    "reading": ("ipcns_sysv_collect", "ipcns_mq_collect", "mq_collect", "object_collect"),
    "filling": ("put_record", "ipcns_object_fill"),
    "walking": ("ipcns_walk", "walk_", "ipcns_registry_name", "ipcns_reader_sight",
                "dump_collect", "collect_batch", "ipcns_put"),
    "to user": ("skb_copy_datagram_iter", "__skb_datagram_iter", "netlink_recvmsg",
                "netlink_dump", "ipcns_dump_step"),
    "tool": ("user",),
}


def loop(script, pids):
    """A shell's loop over processes."""
    with open(OUTPUT, "wb") as file:
        subprocess.run(["bash", "-c", f"for pid; do {script}; done", "bash", *pids], stdout=file,
                       check=True)


def main():
    """Measures and prints."""
    results = {"kernel": os.uname().release, "namespaces": NAMESPACES}
    with Crowd(NAMESPACES, 9, 9, 9, 3) as crowd:
        some = crowd.pids[::len(crowd.pids) // SAMPLE][:SAMPLE]
        values = taken({
            "table": lambda: run("ipcnsctl", "objects"),
            "sweep": lambda: run(HERE / "sweep"),
            "raw": lambda: run("ipcnsctl", "objects", "-r"),
            "rows": lambda: run(HERE / "rows", "object", "1"),
            "lsns": lambda: run("lsns", "-t", "ipc", "-n", "-o", "PID"),
            "ipcs": lambda: loop('nsenter -t "$pid" -i ipcs', some),
            "lsipc": lambda: loop("nsenter -t \"$pid\" -i sh -c 'lsipc -m; lsipc -q; lsipc -s'",
                                  some),
        })
        for name, numbers in values.items():
            results[f"{name}_s"] = median(numbers)
        whole = NAMESPACES / SAMPLE
        for peer in ("ipcs", "lsipc"):
            everything = [one * whole + two for one, two in zip(values[peer], values["lsns"])]
            results[f"loop_{peer}_s"] = median(everything)
            for form in ("table", "raw"):
                results[f"loop_{peer}_to_{form}"] = ratio(everything, values[form])
        for form in ("table", "raw", "rows"):
            results[f"sweep_to_{form}"] = ratio(values["sweep"], values[form])
        run("ipcnsctl", "objects", "-r", "-n")
        results["objects"] = lines()
        run(HERE / "sweep")
        with open(OUTPUT, encoding="ascii") as file:
            results["sweep_namespaces"], results["sweep_objects"] = map(int, file.read().split())
        found = shares(samples(str(HERE / "rows"), "object", "10"), PARTS)
        results |= {f"wire_{part}": share for part, share in found.items()}
        results["wire_useful"] = found["reading"] + found["filling"]
        results["raw_shares"] = shares(samples("ipcnsctl", "objects", "-r"), PARTS)
        results["table_shares"] = shares(samples("ipcnsctl", "objects"), PARTS)
    prefix = sys.argv[1] if sys.argv[1:] else ""
    say({prefix + name: value for name, value in results.items()})


if __name__ == "__main__":
    main()
