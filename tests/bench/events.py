#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What events cost those who cause them, how soon they are told, and whether all of them are.

events.py cost: the loops' own time on the processor without module, with it, and with a listener,
in turns. The guest has one processor and a clock that counts instructions (scripts/vm --icount), so
neither other work of the machine nor the emulator's odd prices show; what the module's worker and
the listener do is theirs, as on a machine with a processor to spare. And the time from a cause to
its line by that clock, which makes an instruction a nanosecond.

events.py speed: time from a cause to its line, and a million events, in an ordinary guest, where
the emulator makes an instruction about 20 nanoseconds.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "guest"))

# pylint: disable=wrong-import-position
from lib import events, module
from lib.member import sleeping
from lib.tap import until

QUICK = os.environ.get("IPCNS_QUICK") == "1"
KINDS = ("shm", "sem", "msg", "mq")
TURNS = 3 if QUICK else 9
LIVES = 300 if QUICK else 1000              # in one measurement
CAUSES = 20 if QUICK else 200
MANY = 50_000 if QUICK else 1_000_000
PROCESSES = 8
JOURNALS = (16, 128)                        # MB: the default, and enough for all
NR_POLL, NR_PPOLL = 7, 271
LOOP = str(pathlib.Path(__file__).resolve().parent / "lives")
DELAY = str(pathlib.Path(__file__).resolve().parent / "delay")


class Loop:
    """The program that makes and removes objects."""

    def __init__(self):
        self.process = subprocess.Popen([LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        encoding="ascii")

    def start(self, kind, count):
        """Begins."""
        self.process.stdin.write(f"{kind} {count}\n")
        self.process.stdin.flush()

    def result(self):
        """(nanoseconds that passed, nanoseconds on a processor)."""
        return [int(word) for word in self.process.stdout.readline().split()]

    def run(self, kind, count):
        """One measurement; per life."""
        self.start(kind, count)
        return [value / count for value in self.result()]

    def end(self):
        """No more."""
        self.process.stdin.close()
        self.process.wait()


class Monitor:
    """ipcnsctl monitor, once it waits for events; by then object probes are armed."""

    def __init__(self, *args, output=subprocess.DEVNULL):
        self.process = subprocess.Popen(["ipcnsctl", "monitor", *args], stdout=output,
                                        stderr=subprocess.PIPE, encoding="utf-8")
        until(lambda: sleeping(self.process.pid) in (NR_POLL, NR_PPOLL), "it waits for events")

    def end(self):
        """Ends it; (events that it told, events that it lost)."""
        self.process.terminate()
        words = self.process.communicate()[1].split()
        return int(words[1]), int(words[3])

    def time(self):
        """Nanoseconds on a processor."""
        with open(f"/proc/{self.process.pid}/schedstat", encoding="ascii") as stat:
            return int(stat.read().split()[0])

    def rest(self):
        """Waits until it has nothing to do; the nanoseconds that it took."""
        before = -1
        while before != (taken := self.time()):
            before = taken
            time.sleep(0.5)
        return taken


def cost(results):
    """Loops without module, with it, and with a listener; medians, and of ratios of one turn."""
    loop = Loop()
    taken = {kind: {"without": [], "loaded": [], "listened": []} for kind in KINDS}
    listener, told = 0, 0

    def measure(state):
        for kind in KINDS:
            loop.run(kind, LIVES // 10)
            taken[kind][state].append(loop.run(kind, LIVES)[1])

    module.unload()
    for _ in range(TURNS):
        measure("without")
        module.load()
        measure("loaded")
        monitor = Monitor()
        measure("listened")
        listener += monitor.rest()
        told += monitor.end()[0]
        module.unload()
    loop.end()
    results["listener_us_per_event"] = listener / told / 1e3
    for kind, states in taken.items():
        for state, values in states.items():
            results[f"{kind}_{state}_us"] = statistics.median(values) / 1e3
        for state in ("loaded", "listened"):
            results[f"{kind}_{state}_ratio"] = statistics.median(
                value / base for value, base in zip(states[state], states["without"]))


def delay(source):
    """Median milliseconds from a cause to what can be read of it."""
    done = subprocess.run([DELAY, str(CAUSES)], stdin=source, stdout=subprocess.PIPE, check=True)
    return int(done.stdout) / 1e6


def latency(results, flush_ms):
    """From a cause to the listener's socket, and to the tool's line in a pipe."""
    with module.parameters(f"flush_ms={flush_ms}"):
        with events.Listener() as ear:
            ear.link.socket.setblocking(True)
            results[f"wire_{flush_ms}_ms"] = delay(ear.link.socket)
        monitor = Monitor("-J", output=subprocess.PIPE)
        results[f"line_{flush_ms}_ms"] = delay(monitor.process.stdout)
        monitor.end()


def many(results, journal_mb):
    """Eight processes, and one monitor that writes every line, on the processor they leave it."""
    module.reload(f"journal_mb={journal_mb}")
    name = f"many_{journal_mb}"
    monitor = Monitor("-J")
    first = events.next_number()
    loops = [Loop() for _ in range(PROCESSES)]
    lives = MANY // PROCESSES // 2
    begin = time.monotonic()
    for number, loop in enumerate(loops):
        loop.start(KINDS[number % 3], lives)        # mq would be one queue for all
    for loop in loops:
        loop.result()
    results[f"{name}_made_s"] = time.monotonic() - begin
    last = events.next_number()
    status = events.status()
    monitor.rest()
    results[f"{name}_told_s"] = time.monotonic() - begin - 0.5
    for loop in loops:
        loop.end()
    results[f"{name}_events"] = last - first
    results[f"{name}_printed"], results[f"{name}_lost"] = monitor.end()
    results[f"{name}_dropped"] = status["dropped"]


COST = [
    ("create and remove, own time", "without module   loaded   with a listener"),
    *((f"  {kind}", f"{{{kind}_without_us:8.2f}} us    {{{kind}_loaded_ratio:.3f}}"
                    f"    {{{kind}_listened_ratio:.3f}}") for kind in KINDS),
    ("  (at most)", "               1.02     1.10"),
    ("listener's own time, per event", "{listener_us_per_event:.2f} us"),
]
LATENCY = [
    ("cause to socket, to line", "flush_ms=50: {wire_50_ms:.1f} and {line_50_ms:.1f} ms (60)"),
    ("", "flush_ms=0: {wire_0_ms:.2f} and {line_0_ms:.2f} ms (1)"),
]
SPEED = [
    *LATENCY,
    *((f"by 8 processes, journal_mb={mb}",
       f"{{many_{mb}_events}} events in {{many_{mb}_made_s:.0f}} s, told after"
       f" {{many_{mb}_told_s:.0f}} s: {{many_{mb}_lost}} lost, {{many_{mb}_dropped}} dropped")
      for mb in JOURNALS),
]


def main():
    """Measures, prints, and fails only far from what is wanted."""
    results = {"kernel": os.uname().release, "quick": QUICK}
    latency(results, 50)
    latency(results, 0)
    if sys.argv[1:] == ["cost"]:
        cost(results)
        rows = COST + LATENCY
        missed = [name for name, value in results.items()
                  if name.endswith("loaded_ratio") and value > 1.1 or
                  name.endswith("listened_ratio") and value > 1.6]
    else:
        for journal_mb in JOURNALS:
            many(results, journal_mb)
        rows = SPEED
        missed = [name for name, bound in (("line_50_ms", 120), ("line_0_ms", 10),
                                           ("many_128_lost", 0), ("many_128_dropped", 0))
                  if results[name] > bound]
    print(f"Linux {results['kernel']}")
    for name, text in rows:
        print(f"{name:<32}  {text.format(**results)}")
    print(json.dumps(results))
    if missed:
        print(f"far from what is wanted: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
