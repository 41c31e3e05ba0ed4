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

import os
import subprocess
import sys
import time

from measure import HERE, QUICK, Crowd, answer, median, ratio, say

# pylint: disable=wrong-import-position
from lib import events, module
from lib.member import sleeping
from lib.tap import until

KINDS = ("shm", "sem", "msg", "mq")
TURNS = 3 if QUICK else 9
TELLING = 5_000 if QUICK else 20_000          # events, to see how fast they are told
LIVES = 300 if QUICK else 1000              # in one measurement
CALLS = 1000 if QUICK else 2000             # of each sort, in one measurement
CAUSES = 20 if QUICK else 200
MANY = 50_000 if QUICK else 1_000_000
PROCESSES = 8
JOURNALS = (16, 128)                        # MB: the default, and enough for all
NR_POLL, NR_PPOLL = 7, 271
LOOP = str(HERE / "lives")
DELAY = str(HERE / "delay")


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


class Traced:
    """BPF programs on the functions that object probes are on, and a reader of what they record."""

    def __init__(self):
        self.events = 0
        self.process = subprocess.Popen([HERE / "probes", HERE / "probes.bpf.o"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if not self.process.stdout.readline():
            raise RuntimeError("no BPF programs")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.events = int(self.process.communicate()[0])


def cost(results):
    """Loops without module, with it, with a listener, and with BPF programs; in turns."""
    loop = Loop()
    values = {kind: {"without": [], "loaded": [], "listened": [], "traced": []} for kind in KINDS}
    listener, told, traced = 0, 0, 0

    def measure(state):
        for kind in KINDS:
            loop.run(kind, LIVES // 10)
            values[kind][state].append(loop.run(kind, LIVES)[1])

    module.unload()
    for _ in range(TURNS):
        measure("without")
        with Traced() as programs:
            measure("traced")
        traced += programs.events
        module.load()
        measure("loaded")
        monitor = Monitor()
        measure("listened")
        listener += monitor.rest()
        told += monitor.end()[0]
        module.unload()
    loop.end()
    module.load()
    results["listener_us_per_event"] = listener / told / 1e3
    # of the three kinds of System V, each life two events
    results["traced_complete"] = traced == 2 * 3 * TURNS * (LIVES + LIVES // 10)
    for kind, states in values.items():
        for state, times in states.items():
            results[f"{kind}_{state}_us"] = median(times) / 1e3
        for state in ("loaded", "listened", "traced"):
            results[f"{kind}_{state}_ratio"] = ratio(states[state], states["without"])


def telling(results):
    """Events of one loop, and all that is done for them until the last is told; on one processor
    that counts instructions, what the loop did not take is the worker's and the monitor's."""
    rates = {"made": [], "told": []}
    for _ in range(TURNS):
        monitor = Monitor("-J")
        loop = Loop()
        before = monitor.time()
        begin = time.perf_counter()
        own = 0
        for kind in ("sem", "msg"):
            loop.start(kind, TELLING // 4)
            own += loop.result()[1]
        monitor.rest()
        busy = monitor.time() - before
        loop.end()
        told, lost = monitor.end()
        if lost or told < TELLING:
            raise RuntimeError(f"{told} told, {lost} lost")
        rates["made"].append(2 * TELLING / own * 1e9)
        rates["told"].append(TELLING / busy * 1e9)
        results["telling_wall_s"] = time.perf_counter() - begin
    results["made_per_s"] = median(rates["made"])
    results["told_per_s"] = median(rates["told"])
    results["told_to_made"] = ratio(rates["told"], rates["made"])


def ends(results):
    """Ends of namespaces: without module, with it, with a monitor."""
    values = {"without": [], "loaded": [], "listened": []}

    def measure(state):
        values[state].append([median(column) for column in zip(*answer("ends", 1000, 5))])

    for _ in range(TURNS):
        module.unload()
        measure("without")
        module.load()
        measure("loaded")
        monitor = Monitor()
        measure("listened")
        monitor.end()
    for place, name in enumerate(("end", "end_work")):
        columns = {state: [row[place] for row in rows] for state, rows in values.items()}
        results[f"{name}_us"] = median(columns["without"]) / 1e3
        for state in ("loaded", "listened"):
            results[f"{name}_{state}_ratio"] = ratio(columns[state], columns["without"])


def latency_of_calls(results):
    """shmget and semop by a process that others do not keep from the processor: alone, and while
    three readers dump all there is."""
    values = {"idle": [], "busy": []}

    def measure(state):
        done = subprocess.run([HERE / "latency", str(CALLS)], check=True, encoding="ascii",
                              stdout=subprocess.PIPE)
        values[state].append({words[0]: [int(word) for word in words[1:]]
                              for words in map(str.split, done.stdout.splitlines())})

    with Crowd(100, 9, 9, 9, 3):
        for _ in range(TURNS):
            measure("idle")
            readers = [subprocess.Popen([HERE / "rows", "object", "1000000"],
                                        stdout=subprocess.DEVNULL) for _ in range(3)]
            measure("busy")
            for reader in readers:
                reader.kill()
                reader.wait()
    for name in ("shmget", "semop"):
        tails = {state: [row[name][1] for row in rows] for state, rows in values.items()}
        middles = {state: [row[name][0] for row in rows] for state, rows in values.items()}
        results[f"{name}_idle_us"] = median(tails["idle"]) / 1e3
        results[f"{name}_busy_us"] = median(tails["busy"]) / 1e3
        results[f"{name}_tail_ratio"] = ratio(tails["busy"], tails["idle"])
        results[f"{name}_median_ratio"] = ratio(middles["busy"], middles["idle"])


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
    """Measures and prints."""
    results = {"kernel": os.uname().release}
    if sys.argv[1:] == ["cost"]:
        for part in (cost, telling, ends, latency_of_calls):
            part(results)
    latency(results, 50)
    latency(results, 0)
    if sys.argv[1:] == ["speed"]:
        for journal_mb in JOURNALS:
            many(results, journal_mb)
        for name, text in SPEED:
            print(f"{name:<32}  {text.format(**results)}")
    say(results)


if __name__ == "__main__":
    main()
