# SPDX-License-Identifier: GPL-2.0
"""Allocations that fail on request: /sys/kernel/debug/{failslab,fail_page_alloc}, fail-nth."""

import contextlib
import os
import pathlib
import re

DEBUG = pathlib.Path("/sys/kernel/debug")
SLAB, PAGES = "failslab", "fail_page_alloc"
NEVER = 0x7fffffff


def setup(kind, **options):
    """Writes options of a kind of fault, as the files in debugfs are called."""
    for name, value in options.items():
        path = DEBUG / kind / name
        if not path.exists():
            path = DEBUG / kind / name.replace("_", "-")
        path.write_text(str(value), "ascii")


def function(name):
    """(first address, address after it) of a function of the kernel."""
    found = None
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        lines = [line.split()[:3] for line in symbols]
    addresses = sorted(int(address, 16) for address, kind, _ in lines if kind in "tTwW")
    for address, _, symbol in lines:
        if symbol == name:
            found = int(address, 16)
    return found, next(address for address in addresses if address > found)


def text(module):
    """(first address, address after it) of a module's code."""
    begin = int((pathlib.Path("/sys/module") / module / "sections/.text").read_text("ascii"), 16)
    with open("/proc/modules", encoding="ascii") as modules:
        size = int(re.search(rf"^{module} (\d+) ", modules.read(), re.M)[1])
    return begin, begin + size


@contextlib.contextmanager
def below(where, pages=False):
    """Lets allocations fail only where a caller lies in that range; pages, too, or slabs only."""
    for kind in (SLAB, PAGES):
        # every failure is said, so that what the allocator says of it is excused
        setup(kind, probability=0, verbose=1, verbose_ratelimit_interval_ms=0,
              require_start=where[0],
              require_end=where[1], stacktrace_depth=32, ignore_gfp_wait="N")
    setup(PAGES, ignore_gfp_highmem="N", min_order=0 if pages else 32)
    try:
        yield
    finally:
        for kind in (SLAB, PAGES):
            setup(kind, probability=0, task_filter="N", require_start=0, require_end=2 ** 64 - 1,
                  ignore_gfp_wait="Y")
        setup(PAGES, ignore_gfp_highmem="Y", min_order=1)


@contextlib.contextmanager
def workers():
    """Has the kernel's workers marked as tasks whose allocations may fail."""
    mark("1")
    try:
        yield
    finally:
        mark("0")


def mark(value):
    """Writes the mark of every worker there is."""
    for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):      # it is gone
            if comm.read_text("utf-8").startswith("kworker/"):
                comm.with_name("make-it-fail").write_text(value, "ascii")


class Nth:
    """Lets the nth allocation of this thread fail."""

    def __init__(self):
        self.file = os.open("/proc/thread-self/fail-nth", os.O_RDWR | os.O_CLOEXEC)

    def __call__(self, number, action):
        """(whether so many allocations came, what the action returned)."""
        self.write(number)
        try:
            result = action()
            left = int(os.pread(self.file, 20, 0))
        finally:
            self.write(0)
        return left == 0, result

    def count(self, action):
        """How many allocations there are in what an action does."""
        self.write(NEVER)
        try:
            action()
            return NEVER - int(os.pread(self.file, 20, 0))
        finally:
            self.write(0)

    def write(self, number):
        """Sets the countdown."""
        os.pwrite(self.file, b"%d" % number, 0)
