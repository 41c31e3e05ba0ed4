#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=2400
"""The monitor's service is killed again and again: what the systemd journal has in the end."""

import contextlib
import os
import random
import subprocess
import time

from journald import STATE, Journal, last_number, monitor, parse
from lib import module, tool
from lib.tap import PACE, QUICK, main, scene, until

KILLS = 25 if QUICK else 1000
SEED = 24


class Numbers(Journal):
    """Takes entries as journald does, and keeps of each what it is about."""

    def _read(self):
        while data := self.socket.recv(1 << 18):
            entry = parse(data)
            if entry["IPCNS_EVENT"] == b"lost":
                first, last = (int(entry.get(name, b"0")) for name in ("IPCNS_FROM", "IPCNS_TO"))
            else:
                first = last = int(entry["IPCNS_SEQ"])
            self.entries.append((first, last, hash(data)))

    def number(self, seq):
        """Waits for an entry about this number."""
        return until(lambda: any(first <= seq <= last for first, last, _ in self.entries[-100:]),
                     f"entry {seq}")


@contextlib.contextmanager
def storm():
    """Namespaces with a segment come and go, as fast as can be."""
    with subprocess.Popen(["bash", "-c", "while :; do unshare -i ipcmk -M 100; done"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def check(t, entries, last, kills):
    """Each number up to the last is told, or lost, and told again only where a kill was."""
    due, repeats, gaps, odd = 1, 0, [], []
    before = None
    for entry in entries:
        first, until_number, _ = entry
        if entry == before:
            repeats += 1
            continue
        if first > due:
            gaps.append((due, first))
        if first < due or until_number < first:
            odd.append((before, entry))
        due, before = max(due, until_number + 1), entry
    t.same(gaps, [], f"of {last} events none is missing without a line that says which")
    t.same(odd[:5], [], "none comes late, or again but for the last one before a kill")
    t.ok(repeats <= kills, f"{repeats} of them came twice, with the same number and text")
    t.same(due, last + 1, "up to the last one")


@scene(f"killed with SIGKILL {KILLS:,} times under a storm")
def killed(t):
    module.reload()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(STATE)
    chance, state = random.Random(SEED), f"--state={STATE}"
    with Numbers() as journal:
        with storm():
            for _ in range(KILLS):
                with subprocess.Popen(["ipcnsctl", "monitor", "--journald", state],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL) as process:
                    if chance.random() < 0.8:   # else it may not even have begun
                        some = len(journal.entries) + chance.randrange(1, 40)
                        until(lambda most=some: len(journal.entries) >= most, "some events")
                    time.sleep(chance.uniform(0, 0.01) * PACE)
                    process.kill()
        told = len(journal.entries)
        until(tool.none_dying, "all are gone")
        last = last_number()
        with monitor(state):
            journal.number(last)
        t.ok(told >= KILLS, f"{told} entries were there before the last run")
        check(t, journal.entries, last, KILLS)
        lost = [entry for entry in journal.entries if entry[0] != entry[1]]
        t.note(f"{len(journal.entries)} entries, {len(lost)} of them ranges that are lost")


if __name__ == "__main__":
    main()
