# SPDX-License-Identifier: GPL-2.0
"""TAP on stdout: a file of scenes is a program that prints results and a plan."""

import functools
import os
import sys
import time
import traceback

QUICK = os.environ.get("IPCNS_QUICK") == "1"

# How many times as long as on a stock kernel things may take on this one (scripts/kernels).
PACE = float(os.environ.get("IPCNS_PACE", "1"))

_scenes = []


# After that many seconds of the run's time, which the driver counts, no scene is begun.
LEFT = float(os.environ.get("IPCNS_LEFT", "inf"))
_began = time.monotonic()


def scene(title, pace=float("inf")):
    """Marks a function as a scene; scenes run in the order of the file, each given a Tap.

    pace: in the quick part, kernels of that pace and slower ones leave the scene out: it takes
    minutes there, and the quicker ones show the same.
    """
    def leave_out(tap):
        tap.skip(title, "takes minutes on this kernel: in make check-all")

    def mark(function):
        if QUICK and PACE >= pace:
            function = functools.wraps(function)(leave_out)
        if function.__module__ == "__main__":   # and not in a file that another one imports
            _scenes.append((title, function))
        return function
    return mark


class Failed(Exception):
    """A condition that a scene needs did not come about; the rest of the scene is pointless."""


class Tap:
    """Counts and prints results."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def _say(self, text):
        print(text, flush=True)

    def note(self, *lines):
        """Diagnostics: every line after a '#'."""
        for line in lines:
            for part in str(line).splitlines() or [""]:
                self._say(f"# {part}")

    def ok(self, good, name, *diagnostics):
        """One result; diagnostics are shown only if it failed. Returns whether it was good."""
        self.count += 1
        name = name.replace("#", "No.").replace("\n", " ")
        self._say(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        if not good:
            self.failed += 1
            self.note(*diagnostics)
        return bool(good)

    def skip(self, name, reason):
        """A result that cannot be had here, for a real reason."""
        self.count += 1
        self._say(f"ok {self.count} - {name} # SKIP {reason}")

    def same(self, got, want, name):
        """Equality; of dicts and lists, only what differs is shown."""
        good = got == want
        return self.ok(good, name, *([] if good else difference(got, want)))

    def contains(self, text, part, name):
        """Text that must hold a part."""
        return self.ok(part in text, name, f"want: {part!r}", f"in: {text!r}")


def difference(got, want):
    """Lines that say how got differs from want."""
    if isinstance(got, dict) and isinstance(want, dict):
        return [f"{key}: got {got.get(key, 'nothing')!r}, want {want.get(key, 'nothing')!r}"
                for key in sorted(got.keys() | want.keys(), key=str)
                if key not in got or key not in want or got[key] != want[key]]
    if isinstance(got, set) and isinstance(want, set):
        return [f"got {len(got)}, want {len(want)}", f"missing: {sorted(want - got)!r:.1000}",
                f"extra: {sorted(got - want)!r:.1000}"]
    if isinstance(got, list) and isinstance(want, list):
        place = next((index for index, pair in enumerate(zip(got, want)) if pair[0] != pair[1]),
                     min(len(got), len(want)))
        return [f"got {len(got)}, want {len(want)}; from place {place} on:",
                f"got:  {got[place:place + 5]!r:.1000}", f"want: {want[place:place + 5]!r:.1000}"]
    return [f"got:  {got!r:.2000}", f"want: {want!r:.2000}"]


def until(condition, what, timeout=20):
    """Polls until condition() is true and returns its value; Failed after timeout seconds.

    The timeout is that of a stock kernel; a busy machine has twice as long. A standstill of the whole machine counts as a second
    of it, or one poll would decide. what may be a function that says it at the end.
    """
    timeout *= 2 * PACE
    waited, last = 0, time.monotonic()
    while True:
        value = condition()
        if value:
            return value
        if waited > timeout:
            what = what() if callable(what) else what
            raise Failed(f"waited {timeout:g} s in vain: {what}")
        time.sleep(0.02)
        now = time.monotonic()
        waited += min(now - last, 1)
        last = now


def _objects():
    """What /proc/sysvipc shows in the initial namespace: {kind: [(key, id), ...]}."""
    found = {}
    for kind in ("shm", "sem", "msg"):
        with open(f"/proc/sysvipc/{kind}", encoding="ascii") as file:
            found[kind] = [tuple(line.split()[:2]) for line in file][1:]
    return found


def main():
    """Runs the scenes of this file, or those whose title contains an argument; exit status.

    Other files run in the same guest: what a scene leaves behind is a failed result.
    """
    tap = Tap()
    before = _objects()
    for title, function in _scenes:
        if sys.argv[1:] and not any(word in title for word in sys.argv[1:]):
            continue
        begin = time.monotonic()
        if begin - _began > LEFT:
            tap.skip(title, "the time of this run is over: in make check-all")
            continue
        tap.note(f"scene: {title}")
        try:
            function(tap)
        # Whatever went wrong in a scene is a failed result, and the next scene has its turn.
        except Exception as error:
            tap.ok(False, f"{title}: {type(error).__name__}: {error}", traceback.format_exc())
        after = _objects()
        if after != before:
            tap.same(after, before, f"{title}: leaves nothing behind")
            before = after
        tap.note(f"scene took {time.monotonic() - begin:.1f} s: {title}")
    print(f"1..{tap.count}", flush=True)
    sys.exit(1 if tap.failed or not tap.count else 0)
