# SPDX-License-Identifier: GPL-2.0
"""Which lines of the module ran in guests whose kernel has gcov, and which of the tool anywhere.

A guest tells its counts at the end (tests/guest/driver), and so do tests of this machine; gcov
reads them here, beside what the compiler left where the program was built. A line counts as run if
it ran in any object that has it: the module or the unit tests, which have its sources once more;
the tool of a guest or of tests/tool.
"""

import base64
import collections
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

# Percent of the lines of each file, by folder.
WANTED = {"kmod": 90, "user": 85}


class Coverage:
    """Adds up what guests tell."""

    def __init__(self):
        self.lines = collections.defaultdict(collections.Counter)   # file: line: times

    def add(self, counts, compiler):
        """Takes what a guest told: {path of a file of counts on this machine: it in base64}.

        compiler is what built the module, for only its own gcov reads the counts.
        """
        program = compiler.replace("gcc", "gcov")
        with tempfile.TemporaryDirectory(prefix="coverage-") as name:
            work = pathlib.Path(name)
            for number, (path, data) in enumerate(counts.items()):
                notes = pathlib.Path("/", path).with_suffix(".gcno")
                folder = work / str(number)
                folder.mkdir()
                shutil.copy(notes, folder)
                (folder / pathlib.Path(path).name).write_bytes(base64.b64decode(data))
            done = subprocess.run([program, "--json-format", "--stdout", *work.rglob("*.gcda")],
                                  check=True, capture_output=True, encoding="utf-8", cwd=work)
        for answer in done.stdout.splitlines():
            for file in json.loads(answer)["files"]:
                if found := re.search(r"(?:^|/)((?:kmod|user)/[a-z_/]+\.c)$", file["file"]):
                    for line in file["lines"]:
                        self.lines[found[1]][line["line_number"]] += line["count"]

    def table(self, folder):
        """Rows [file, lines, lines that ran, which did not], those that ran least first."""
        rows = []
        for file, lines in self.lines.items():
            if not file.startswith(f"{folder}/"):
                continue
            idle = sorted(line for line, count in lines.items() if not count)
            rows.append([file, len(lines), len(lines) - len(idle), spans(idle, sorted(lines))])
        return sorted(rows, key=lambda row: row[2] / row[1])


def spans(idle, lines):
    """Lines as text; those with nothing but lines without code between them are put together."""
    place = {line: number for number, line in enumerate(lines)}
    found = []
    for line in idle:
        if found and place[line] == place[found[-1][1]] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return " ".join(f"{first}-{last}" if first < last else str(first) for first, last in found)
