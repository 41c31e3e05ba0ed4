#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The table of a run's results by kernel, tests/RESULTS.md, and what README.md says of it.

    tests/results.py [--check]      writes into README.md which kernels the recorded run tested;
                                    --check writes nothing, and fails if that is not there

"make record" does a run, and both.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import textwrap
import time

TREE = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(TREE / "scripts"))

# pylint: disable=wrong-import-position
from guest import accel, kernels as known

RESULTS = "tests/RESULTS.md"
BEGIN, END = "<!-- tested kernels: by tests/results.py -->\n", "<!-- end of tested kernels -->\n"
HEADINGS = ["kernel", "release", "architecture", "how", "part", "passed", "failed", "skipped"]
HOST = "tests without a guest of their own"
WIDTH = 120


def line(cells):
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def how(kernel):
    """How a kernel was had and run."""
    emulated = not kernel.machine.native or accel.choose(kernel.image) != accel.KVM
    origin = {"package": "stock", "source": "built here"}[known.table()[kernel.name].how]
    return f"{origin}, {'emulated' if emulated else 'KVM'}"


def document(tally, kernels, quick):
    """The results by kernel, and of the programs of this machine.

    kernels: names of those that were run; quick: those of which it was the quick part.
    """
    rows = []
    for name in [*kernels, None]:
        counts = collections.Counter(result for prefix, result, _ in tally.results
                                     if (prefix.split()[0] if prefix.split()[0] in kernels
                                         else None) == name)
        if not counts:
            continue
        cells = [HOST, "", "", "", ""]
        if name:
            kernel = known.get(name)
            cells = [name, kernel.release, kernel.machine.debian, how(kernel),
                     "quick part" if name in quick else "all"]
        rows.append(line([*cells, *(str(counts[result]) for result in HEADINGS[-3:])]))
    commit = subprocess.run(["git", "-C", TREE, "describe", "--always", "--dirty"], check=False,
                            stdout=subprocess.PIPE, encoding="ascii").stdout.strip()
    return "\n".join([
        "# Results of the last recorded run", "",
        "Written by `make record`.", "",
        f"{time.strftime('%d %B %Y', time.gmtime()).lstrip('0')}, commit {commit or 'unknown'},"
        f" {os.cpu_count()} processors: {tally.totals()}.", "",
        line(HEADINGS), "|" + "---|" * len(HEADINGS), *rows, ""])


def summary(text):
    """What README.md says of the results, in a few lines: text is None without any."""
    if text is None:
        return f"No run is recorded yet; `make record` writes {RESULTS}.\n"
    date, totals = re.search(r"^([^,\n]+), commit [^:]*: (.+)\.$", text, re.M).groups()
    parts = collections.defaultdict(list)
    for cells in re.findall(r"^\| (.+) \|$", text, re.M)[1:]:
        row = dict(zip(HEADINGS, cells.split(" | ")))
        if row["kernel"] != HOST:
            parts[row["part"]].append(f"{row['kernel'].removesuffix('-' + row['architecture'])}"
                                      f" on {row['architecture']} ({row['passed']})")
    found = "; ".join(f"{'the quick part' if part == 'quick part' else 'all tests'} on "
                      f"{', '.join(names)}" for part, names in parts.items())
    return textwrap.fill(f"The last recorded run, {date}: {totals}. By kernel, with the"
                         f" results that passed: {found}. `{RESULTS}` has releases, and how each"
                         " was run.", WIDTH, break_on_hyphens=False, break_long_words=False) + "\n"


def main():
    """The exit status."""
    results, readme = TREE / RESULTS, TREE / "README.md"
    text = readme.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        print(f"results: README.md has no lines {BEGIN}{END}", file=sys.stderr)
        return 1
    wanted = summary(results.read_text("utf-8") if results.exists() else None)
    new = f"{before}{begin}{wanted}{end}{after}"
    if new == text:
        return 0
    if "--check" in sys.argv[1:]:
        print(f"results: README.md does not say what {RESULTS} does: run tests/results.py",
              file=sys.stderr)
        return 1
    readme.write_text(new, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
