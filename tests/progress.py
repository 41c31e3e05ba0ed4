# SPDX-License-Identifier: GPL-2.0
"""What a long run of tests shows while it lasts: what it does, how far it is, what failed.

Everything that tests print goes to a log. On a terminal one line shows the progress, elsewhere
there is a line a minute.
"""

import json
import shutil
import sys
import threading
import time

from guest.common import CACHE

KEPT = CACHE / "durations.json"
EVERY = 60          # seconds between two lines where there is no terminal
REDRAWN = 1         # seconds between two states of the line on a terminal


class Durations:
    """How long each part took when it last ran to its end on this machine."""

    def __init__(self):
        try:
            self.seconds = json.loads(KEPT.read_text("utf-8"))
        except (OSError, ValueError):
            self.seconds = {}

    def of(self, part, otherwise):
        """Seconds that a part will take, or otherwise if it never ran."""
        return self.seconds.get(part, otherwise)

    def keep(self, part, seconds):
        """Takes the time of a part."""
        self.seconds[part] = round(seconds, 1)

    def save(self):
        """Stores all, for the next run."""
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        partial = KEPT.with_suffix(".partial")
        partial.write_text(json.dumps(self.seconds, indent=1, sort_keys=True), "utf-8")
        partial.rename(KEPT)


class Progress:
    """Shows lines of output; all of them, or failures and the progress."""

    def __init__(self, log=None):
        self.log = log              # the rest goes here; None if everything is shown
        self.lock = threading.RLock()
        self.failing = set()        # suites whose last result was a failure
        self.running = {}           # thread: the part that it runs
        self.began = time.monotonic()
        self.expected = 0           # seconds
        self.totals = lambda: ""    # counts, in words
        self.terminal = sys.stdout.isatty()
        self.drawn = False
        self.over = threading.Event()

    def start(self, text, expected, totals):
        """Says what is going to happen, and shows from now on how far it is."""
        self.expected, self.totals = expected, totals
        self.print(text)
        if self.log:
            self.print(f"All output goes to {self.log.name}.")
            threading.Thread(target=self.tick, daemon=True).start()

    def now(self, part):
        """The calling thread runs this part now."""
        self.running[threading.get_ident()] = part

    def idle(self):
        """The calling thread has come to the end of its part."""
        self.running.pop(threading.get_ident(), None)

    def tick(self):
        """Shows the progress now and then."""
        while not self.over.wait(REDRAWN if self.terminal else EVERY):
            with self.lock:
                self.draw()

    def draw(self):
        """The progress, in one line."""
        now = time.monotonic()
        parts = ", ".join(sorted(self.running.values()))
        text = (f"{(now - self.began) / 60:.0f} of about {self.expected / 60:.0f} min:"
                f" {self.totals()}; now {parts or 'preparing'}")
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{text[:width]}", end="", flush=True)
            self.drawn = True
        else:
            print(text, flush=True)

    def print(self, text):
        """Shows a line, in the place of the progress."""
        with self.lock:
            if self.drawn:
                print("\r\033[K", end="")
                self.drawn = False
            print(text, flush=True)

    def line(self, prefix, line, always=False):
        """A line of a suite's output; shown if all are, if always, or if it is of a failure."""
        text = f"{prefix} | {line}"
        with self.lock:
            if self.log:
                self.log.write(f"{text}\n")
                self.log.flush()
            if line.startswith("not ok"):
                self.failing.add(prefix)
            elif not line.startswith("#"):
                self.failing.discard(prefix)
            if always or not self.log or prefix in self.failing:
                self.print(text)

    def end(self):
        """No more progress is shown."""
        self.over.set()
        with self.lock:
            if self.drawn:
                print("\r\033[K", end="", flush=True)
                self.drawn = False
