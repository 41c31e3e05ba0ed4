#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a crowd of requests from containers does to the machine's own events.

Four processes, each root of a container with a net namespace, do nothing, or count, or ask for
whatever they may without pause; meanwhile the machine's root makes objects and is told of them.
What counting does is the scheduler's; what asking does beyond that is ours.
"""

import contextlib
import json
import os
import pathlib
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))

# pylint: disable=wrong-import-position
from access import CLONE_NEWNET, contain, furnish
from lib import calls, events, module, wire
from lib.member import Member

QUICK = os.environ.get("IPCNS_QUICK") == "1"
CROWD = 4
TURNS = 3 if QUICK else 7
CAUSES = 20 if QUICK else 100
LIVES = 1000 if QUICK else 3000


def count(seconds):
    """Does nothing useful."""
    end, turns = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        turns += 1
    return turns


def ask(seconds):
    """Asks for all that there is to ask; how often."""
    end, turns = time.monotonic() + seconds, 0
    with wire.Socket(65536) as link:
        while time.monotonic() < end:
            for what in ("ns", "object", "limits", "event"):
                link.dump(what)
            link.get("event")
            turns += 5
    return turns


def measure(ear):
    """(median ms from a cause to the listener's socket, us per life, ms until all is told)."""
    delays = []
    for _ in range(CAUSES):
        time.sleep(random.random() / 50)
        begin = time.perf_counter()
        segment = calls.shmget(0, 4096)
        ear.until(lambda seen, wanted=segment:
                  any(event.get("id") == wanted for event in seen), "heard")
        delays.append((time.perf_counter() - begin) * 1e3)
        ear.events.clear()
        calls.shm_remove(segment)
    begin = time.perf_counter()
    for _ in range(LIVES):
        calls.shm_remove(calls.shmget(0, 4096))
    made = time.perf_counter()
    ear.catch_up()
    ear.events.clear()
    told = time.perf_counter()
    return statistics.median(delays), (made - begin) / LIVES * 1e6, (told - made) * 1e3


def main():
    """Measures in turns, prints, and fails only far from what is wanted."""
    taken = {"idle": [], "counting": [], "asking": []}
    asked = 0
    with contextlib.ExitStack() as stack:
        stack.enter_context(module.parameters("flush_ms=0"))
        ear = stack.enter_context(events.Listener())
        crowd = []
        for number in range(CROWD):
            crowd.append(stack.enter_context(Member(0)))
            contain(crowd[-1], CLONE_NEWNET, owner=1000 + number)
            crowd[-1].call(furnish)
        for _ in range(TURNS):
            for name, what in (("idle", None), ("counting", count), ("asking", ask)):
                for member in crowd if what else ():
                    member.start(what, 600)
                taken[name].append(measure(ear))
                for number, member in enumerate(crowd if what else ()):
                    member.end()
                    crowd[number] = stack.enter_context(Member(0))
                    contain(crowd[number], CLONE_NEWNET, owner=1000 + number)
                    crowd[number].call(furnish)
        asked = crowd[0].call(ask, 2) / 2
        lost = len(ear.lost)
    results = {"kernel": os.uname().release, "quick": QUICK, "asked_per_s": asked, "lost": lost}
    for place, figure in enumerate(("delay_ms", "life_us", "told_ms")):
        for name, rows in taken.items():
            results[f"{name}_{figure}"] = statistics.median(row[place] for row in rows)
        results[f"{figure}_ratio"] = statistics.median(
            one[place] / other[place] for one, other in zip(taken["asking"], taken["counting"]))
    print(f"Linux {results['kernel']};"
          f" {CROWD} containers, each {asked:.0f} requests per second if alone")
    print(f"{'of the machine itself':<32}  containers idle  counting    asking    asking/counting")
    for figure, text in (("delay_ms", "cause to listener's socket, ms"),
                         ("life_us", "create and remove, us"),
                         ("told_ms", f"{2 * LIVES} events: last told after, ms")):
        print(f"{text:<32}  {results['idle_' + figure]:15.2f}  {results['counting_' + figure]:8.2f}"
              f"  {results['asking_' + figure]:8.2f}    {results[figure + '_ratio']:.2f}")
    print(f"{'events lost':<32}  {lost}")
    print(json.dumps(results))
    return 1 if lost or results["delay_ms_ratio"] > 5 else 0


if __name__ == "__main__":
    sys.exit(main())
