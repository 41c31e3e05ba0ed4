# SPDX-License-Identifier: GPL-2.0
"""What all measurements need: turns, crowds of namespaces, samples of where a program is."""

import collections
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "guest"))

QUICK = os.environ.get("IPCNS_QUICK") == "1"
TURNS = 3 if QUICK else 7
OUTPUT = "/run/output"
# Samples per second: a dump goes round and round, and one rate can keep time with it.
RATES = (3001, 4001, 5003, 6007, 6997, 7919, 9001)


def seconds(function, *args):
    """How long a call takes."""
    begin = time.perf_counter()
    function(*args)
    return time.perf_counter() - begin


def run(*words):
    """A program, its output to a file."""
    with open(OUTPUT, "wb") as file:
        subprocess.run(words, stdout=file, check=True)


def lines():
    """Lines of the file."""
    with open(OUTPUT, "rb") as file:
        return sum(1 for _ in file)


def answer(*words):
    """What a program of this directory prints: a list of numbers for each line."""
    done = subprocess.run([str(HERE / words[0]), *map(str, words[1:])], stdout=subprocess.PIPE,
                          check=True, encoding="ascii")
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def taken(functions, turns=TURNS):
    """Times of functions by name; they take turns, so that drift meets them alike."""
    values = {name: [] for name in functions}
    for _ in range(turns):
        for name, function in functions.items():
            values[name].append(seconds(function))
    return values


def median(values):
    """The median."""
    return statistics.median(values)


def ratio(values, bases):
    """The median of ratios, each of one turn."""
    return statistics.median(value / base for value, base in zip(values, bases))


def wire(what, turns=TURNS):
    """A netlink dump that nobody looks at: (rows, median nanoseconds of each)."""
    found = answer("rows", what, turns + 1)[1:]
    return found[-1][0], median(row[2] for row in found) / max(1, found[-1][0])


class Crowd:
    """Namespaces, each with a process and with objects of each kind."""

    def __init__(self, count, shm=0, sem=0, msg=0, mq=0):
        words = [str(HERE / "populate"), *map(str, (count, shm, sem, msg, mq))]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        encoding="ascii")
        self.pids = self.process.stdout.readline().split()
        if len(self.pids) != count:
            raise RuntimeError(f"{len(self.pids)} of {count} namespaces")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def samples(*words):
    """Where a program is: [the kernel's functions, innermost first], ["user"] outside it."""
    found = []
    for rate in RATES:
        subprocess.run([str(HERE / "sampler"), str(rate), "/run/samples", *words], check=True,
                       stdout=subprocess.DEVNULL)
        with open("/run/samples", encoding="ascii") as file:
            found += file.readlines()
    table = []
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        for line in symbols:
            address, kind, symbol = line.split()[:3]
            if kind in "tTwW":
                table.append((int(address, 16), symbol))
    table.sort()
    starts = [address for address, _ in table]
    names = {}

    def name(word):
        if word not in names:
            place = _before(starts, int(word, 16))
            names[word] = table[place][1] if place >= 0 else word
        return names[word]

    return [["user"] if line == "user\n" else [name(word) for word in line.split()]
            for line in found]


def _before(starts, address):
    low, high = 0, len(starts)
    while low < high:
        middle = (low + high) // 2
        if starts[middle] <= address:
            low = middle + 1
        else:
            high = middle
    return low - 1


def shares(found, parts):
    """The share of samples in each part: {name: words}; the first that a function on the stack
    begins with counts, from the innermost function outwards."""
    count = collections.Counter()
    for stack in found:
        count[next((part for function in stack for part, words in parts.items()
                    if function.startswith(words)), "other")] += 1
    return {part: number / len(found) for part, number in count.items()}


def say(results):
    """Prints the results, as JSON in one line."""
    print(json.dumps(results), flush=True)
