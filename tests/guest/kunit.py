#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: kunit quick append=kunit.enable=1 append=kunit.autorun=1 timeout=120
"""The unit tests of tests/kunit, which run in the kernel: each of their cases is a result."""

import os
import pathlib
import re
import subprocess

from lib.tap import main, scene

MODULE = pathlib.Path(f"/lib/modules/{os.uname().release}/extra/ipcns_kunit.ko")
SUITES = pathlib.Path("/sys/kernel/debug/kunit")

PLAN = re.compile(r" *1\.\.(\d+)$")
CASE = re.compile(r"    (ok|not ok) (\d+) (\S+)( # SKIP.*)?$")


def relay(t, suite):
    """Tells the results of a suite, which KUnit keeps as KTAP."""
    lines = (suite / "results").read_text("utf-8").splitlines()
    said, count, plan = [], 0, None
    for line in lines:
        if found := PLAN.match(line):
            plan = int(found[1])
        elif found := CASE.match(line):
            count += 1
            good = found[1] == "ok" and not found[4] and int(found[2]) == count
            t.ok(good, f"{suite.name}: {found[3]}", *said, line)
            if good:
                t.note(*said)
            said = []
        elif not line.endswith(("KTAP version 1", f"# Subtest: {suite.name}")):
            said.append(line.strip())
    t.same(count, plan, f"{suite.name}: as many results as planned")
    t.same(lines[-1], f"ok 1 {suite.name}", f"{suite.name}: as a whole")


@scene("unit tests")
def units(t):
    done = subprocess.run(["insmod", MODULE], check=False, capture_output=True, encoding="utf-8")
    t.same((done.returncode, done.stderr), (0, ""), "ipcns_kunit.ko loads")
    suites = sorted(path for path in SUITES.glob("ipcns-*"))
    t.ok(len(suites) >= 10, "its suites are there", suites)
    for suite in suites:
        relay(t, suite)
    t.same(subprocess.run(["rmmod", "ipcns_kunit"], check=False).returncode, 0, "and unloads")
    t.same([*SUITES.glob("ipcns-*")], [], "with all its suites")


if __name__ == "__main__":
    main()
