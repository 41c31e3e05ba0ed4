#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: quick
"""What status reports of the kernel: its architecture, hooks of each kind, interfaces in use."""

import json
import os
import pathlib
import re

from lib import events, tool
from lib.events import Listener
from lib.tap import main, scene, until

FTRACE = pathlib.Path("/sys/kernel/tracing/enabled_functions")
KPROBES = pathlib.Path("/sys/kernel/debug/kprobes/list")
SYMBOLS = pathlib.Path("/proc/kallsyms")
TYPES = pathlib.Path("/sys/kernel/btf/vmlinux")

# What a kernel with an interface has: a symbol as a whole, or a name in its BTF. Others are macros
# and inline functions, which leave no trace in a kernel.
AS_SYMBOL = {"system_dfl_wq": r"system_dfl_wq", "listns": r"__[a-z0-9]+_sys_listns",
             "retire_ipc_sysctls": r"retire_ipc_sysctls", "find_ge_pid": r"__ksymtab_find_ge_pid",
             "cgroup_get_from_id": r"__ksymtab_cgroup_get_from_id",
             "ftrace_free_filter": r"__ksymtab_ftrace_free_filter"}
AS_TYPE = {"genl_split_ops": "genl_split_ops", "ns_ref": "__ns_ref",
           "percpu_msg_bytes": "percpu_msg_bytes", "ftrace_regs": "ftrace_regs"}


def status():
    """What ipcnsctl says."""
    return json.loads(tool.output("status", "-J"))["status"]


@scene("the architecture")
def architecture(t):
    t.same(status()["architecture"], os.uname().machine, "as uname has it")
    t.contains(tool.output("status"), os.uname().machine, "for people, too")


@scene("hooks, each where the kernel has it")
def hooks(t):
    until(lambda: not events.armed() & events.OBJECT_PROBES, "nobody listens")
    for listening in (False, True):
        if listening:
            with Listener():
                compare_hooks(t, "while somebody listens")
        else:
            compare_hooks(t, "by default")
    kinds = {hook["kind"] for hook in status()["probes"]}
    t.same(kinds, {"ftrace", "kretprobe"}, "both kinds are named")


def compare_hooks(t, when):
    """Hooks of both kinds against the kernel's own lists."""
    armed = {kind: {hook["symbol"] for hook in status()["probes"]
                    if hook["kind"] == kind and hook["armed"]} for kind in ("ftrace", "kretprobe")}
    listed = {line.split()[0] for line in FTRACE.read_text("ascii").splitlines() if line.strip()}
    t.same(armed["ftrace"] - listed, set(), f"{when}: entries are in ftrace's list")
    returns = {found[1] for found in
               re.finditer(r"^\S+ +r +([\w.]+)\+0x", KPROBES.read_text("ascii"), re.M)}
    t.same(armed["kretprobe"], returns & events.OBJECT_PROBES,
           f"{when}: returns are in kprobes' list")
    t.same([hook["error"] for hook in status()["probes"] if hook["error"]], [], f"{when}: no error")


@scene("interfaces, those that this kernel has")
def interfaces(t):
    found = {row["name"]: row for row in status()["interfaces"]}
    symbols, types = SYMBOLS.read_text("ascii"), TYPES.read_bytes()
    witness = {name: re.search(rf" {pattern}$", symbols, re.M) is not None
               for name, pattern in AS_SYMBOL.items()}
    witness |= {name: b"\0%s\0" % member.encode() in types for name, member in AS_TYPE.items()}
    t.same({name: found[name]["used"] for name in witness}, witness, "as the kernel's own lists")
    t.ok(all(re.fullmatch(r"\d\.\d+", row["since"]) for row in found.values()),
         "each with the first Linux that has it")
    text = tool.output("status")
    for name, row in found.items():
        t.ok(re.search(rf"^  {name} +{'used' if row['used'] else 'not there, since Linux '}", text,
                       re.M), f"{name}, for people")
    own = found["listns"]["without"]
    t.same(own is None, found["listns"]["used"], "what users miss is said where it is missing")


if __name__ == "__main__":
    main()
