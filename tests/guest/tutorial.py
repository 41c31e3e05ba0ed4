#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=120
"""Documentation/tutorial.md, typed as it stands: each output has the shape that the text shows."""

import pathlib
import re
import subprocess

from lib.tap import main, scene

TEXT = pathlib.Path("/root/Documentation/tutorial.md")
END = "--- the end of this command: "


def steps():
    """(command with the lines that belong to it, expected output) of each block for a console."""
    for block in re.findall(r"^```console\n(.*?)^```$", TEXT.read_text(encoding="utf-8"),
                            re.M | re.S):
        for part in re.split(r"^# ", block, flags=re.M)[1:]:
            lines = part.splitlines()
            more = [line[2:] for line in lines[1:] if line.startswith("> ")]
            yield "\n".join([lines[0], *more]), lines[1 + len(more):]


def shape(lines):
    """Lines without what differs from run to run: numbers, and the width of columns."""
    text = [re.sub(r"0x[0-9a-f]+|\d+", "N", " ".join(line.split())) for line in lines]
    return [re.sub(r"comm=\S+ |\bpid=N ", "", line) for line in text if line]


@scene("each command of the tutorial")
def tutorial(t):
    # pylint: disable=consider-using-with
    shell = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, encoding="utf-8")
    for command, want in steps():
        shell.stdin.write(f"{command}\nstatus=$?; echo; echo '{END}'$status\n")
        shell.stdin.flush()
        got = []
        while not (line := shell.stdout.readline()).startswith(END):
            if not line:
                t.ok(False, "the shell goes on", command)
                return
            got.append(line)
        status = line[len(END):].strip()
        title = command.splitlines()[0]
        t.same((shape(got), status), (shape(want), "0"), title)
    shell.stdin.close()
    shell.wait()


if __name__ == "__main__":
    main()
