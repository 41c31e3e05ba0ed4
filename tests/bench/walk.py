#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the same inventory takes with drgn, which reads the running kernel's memory: the way that
the module goes, by the superblocks of mqueue, and the System V objects with what lsipc shows.

walk.py DIRECTORY: vmlinux with debugging symbols, drgn's Python package and its libraries.
"""

import os
import subprocess
import sys

from measure import HERE, QUICK, Crowd, median, run, say, seconds

PEER = r"""
import sys, time
import drgn
from drgn.helpers.linux.idr import idr_for_each
from drgn.helpers.linux.list import hlist_for_each_entry

begin = time.perf_counter()
prog = drgn.program_from_kernel()
prog.load_debug_info([sys.argv[1]])
kinds = ("struct sem_array", "sem_perm"), ("struct msg_queue", "q_perm"), \
        ("struct shmid_kernel", "shm_perm")
loaded = time.perf_counter()
print(loaded - begin, flush=True)
for turn in sys.stdin:
    begin = time.perf_counter()
    namespaces, rows = 0, []
    for sb in hlist_for_each_entry("struct super_block",
                                   prog["mqueue_fs_type"].fs_supers.address_of_(), "s_instances"):
        ns = drgn.cast("struct ipc_namespace *", sb.s_fs_info)
        namespaces += 1
        inum = ns.ns.inum.value_()
        for place, (kind, member) in enumerate(kinds):
            for _, entry in idr_for_each(ns.ids[place].ipcs_idr.address_of_()):
                one = drgn.container_of(drgn.cast("struct kern_ipc_perm *", entry), kind, member)
                one = one[0].read_()
                perm = one.member_(member)
                row = [inum, place, perm.id.value_(), perm.key.value_(), perm.mode.value_(),
                       perm.uid.val.value_(), perm.gid.val.value_()]
                if place == 0:
                    row += [one.sem_nsems.value_(), one.sem_ctime.value_()]
                elif place == 1:
                    row += [one.q_cbytes.value_(), one.q_qnum.value_(), one.q_qbytes.value_(),
                            one.q_ctime.value_()]
                else:
                    row += [one.shm_segsz.value_(), one.shm_nattch.value_(),
                            one.shm_ctim.value_()]
                rows.append(row)
    print(namespaces, len(rows), time.perf_counter() - begin, flush=True)
"""


def main():
    """Measures and prints."""
    home = sys.argv[1]
    turns = 3 if QUICK else 7
    results = {"drgn_kernel": os.uname().release}
    environment = dict(os.environ, PYTHONPATH=f"{home}/python", LD_LIBRARY_PATH=f"{home}/lib")
    times = {"drgn": [], "table": [], "rows": []}
    with Crowd(100 if QUICK else 1000, 9, 9, 9, 3):
        with subprocess.Popen([sys.executable, "-c", PEER, f"{home}/vmlinux"], env=environment,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
                              encoding="ascii") as peer:
            results["drgn_load_s"] = float(peer.stdout.readline())
            for _ in range(turns):
                peer.stdin.write("once\n")
                namespaces, objects, spent = peer.stdout.readline().split()
                times["drgn"].append(float(spent))
                times["table"].append(seconds(run, "ipcnsctl", "objects"))
                times["rows"].append(seconds(run, HERE / "rows", "object", "1"))
            peer.stdin.close()
    results |= {"drgn_namespaces": int(namespaces), "drgn_objects": int(objects)}
    results |= {f"beside_{name}_s": median(values) for name, values in times.items()}
    for name in ("table", "rows"):
        results[f"drgn_to_{name}"] = results["beside_drgn_s"] / results[f"beside_{name}_s"]
    say(results)


if __name__ == "__main__":
    main()
