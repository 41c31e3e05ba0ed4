#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Asks a shell what it offers, and compares that with what the tool takes.

    completion.py SHELL IPCNSCTL TOP

Shells find an ipcnsctl that lists three namespaces and for all else is the one under test. One line
for each difference.
"""

import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

import manual

FAKE = """\
#!/bin/sh
case "$*" in
"list -n -r -o NS") printf '%s\\n' 4026531839 4026532115 4026532133 ;;
"list -n -r -o NSID") printf '%s\\n' 1 17 170 ;;
"list -n -r -o PID") printf '%s\\n' 1 812 ;;
"list -n -r -o UNIT") printf '%s\\n' init.scope docker:3f4e5d6c7b8a - docker:3aaaaaaaaaaa/x.service ;;
"list -n -r -o NS,STATE,COMMAND")
	printf '%s\\n' '4026531839 active /sbin/init' '4026532115 active postgres:\\x20writer' \\
		'4026532133 pinned ' ;;
*) exec "$REAL" "$@" ;;
esac
"""
NAMESPACES = {"4026531839", "4026532115", "4026532133"}
KINDS = {"shm", "sem", "msg", "mq"}
EVENTS = {"created", "changed", "marked", "unlinked", "dying", "destroyed"}
TOP = pathlib.Path(sys.argv[3]).resolve()
HERE = TOP / "tests/pack"
FOLDER = TOP / "packaging/completion"


def run(*command):
    """stdout of a command, as a set of lines without descriptions."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", timeout=60, check=False)
    return {line.split("\t")[0].rstrip("= ") for line in done.stdout.splitlines()}


def bash(*words):
    """What bash would offer; it splits words at "="."""
    split = [part for word in words for part in re.findall(r"=|[^=]+", word) or [""]]
    script = f"""
        source {shlex.quote(str(FOLDER / 'ipcnsctl.bash'))}
        COMP_WORDS=({' '.join(map(shlex.quote, ('ipcnsctl', *split)))})
        COMP_CWORD={len(split)}
        COMP_LINE={shlex.quote(' '.join(('ipcnsctl', *words)))}
        COMP_POINT=${{#COMP_LINE}}
        _ipcnsctl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return run("bash", "--norc", "-c", script) - {""}


def fish(*words):
    """What fish would offer."""
    source = shlex.quote(str(FOLDER / "ipcnsctl.fish"))
    script = f"source {source}; complete -C $argv[1]"
    return run("fish", "--no-config", "-c", script, " ".join(("ipcnsctl", *words)))


class Zsh:
    """One shell for all questions, since it takes long to start."""

    def __init__(self):
        # pylint: disable=consider-using-with
        self.shell = subprocess.Popen(["zsh", "-f", HERE / "completion.zsh", FOLDER],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      encoding="utf-8")

    def __call__(self, *words):
        """What zsh would offer."""
        self.shell.stdin.write(" ".join(("ipcnsctl", *words)) + "\n")
        self.shell.stdin.flush()
        lines = iter(self.shell.stdout.readline, ".\n")
        return {line.strip().rstrip("=") for line in itertools.takewhile(bool, lines)} - {""}


def last(words):
    """Of lists with commas, what would be added."""
    return {re.sub(r".*[,+]", "", word) for word in words}


def columns(*words):
    """Columns of a table as the tool lists them."""
    return {column["name"] for column in json.loads(manual.tool(*words, "-H", "-J"))["columns"]}


def options(command, offered):
    """Options that --help has of those that a shell offers."""
    text = manual.tool(command, "--help")
    said = {word for line in text.splitlines() if re.match(r" +-", line)
            for word in manual.OPTION.findall(line)}
    long = {word for word in said if word.startswith("--")}
    yield f"{command}: long options", {w for w in offered if w.startswith("--") and w != "--"}, long


def taken():
    """Events that the tool takes."""
    words = [*EVENTS, *KINDS, "ns", *(".".join(pair) for pair in
                                      itertools.product(sorted({*KINDS, "ns"}), sorted(EVENTS)))]
    for word in words:
        # Options that exclude each other are looked for after events, and before a module.
        done = subprocess.run([sys.argv[2], "monitor", "-e", word, "-s", "--since", "1"],
                              capture_output=True, encoding="utf-8", check=False)
        if "mutually exclusive" in done.stderr:
            yield word


def differences(ask):
    """(what, offered, wanted) of all that is tried."""
    yield "commands", ask(""), set(manual.command_names())
    yield "a command", ask("mon"), {"monitor"}
    for command in manual.command_names():
        yield from options(command, ask(command, "--"))
    yield "options of no command", ask("--not"), {"--notruncate"}
    yield "columns", ask("list", "-o", ""), columns("list")
    yield "columns of no command", ask("-o", "NP"), {"NPROCS"}
    yield "the second column", last(ask("list", "-o", "NS,STA")), {"STATE"}
    yield "a column to add", last(ask("list", "-o", "+CGP")), {"CGPATH"}
    yield "columns of one kind", ask("objects", "--type", "shm", "-o", "NAT"), {"NATTCH"}
    yield "columns of all kinds", ask("objects", "-o", "LIN"), {"LINKS"}
    yield "columns of semaphores", ask("objects", "--type", "sem", "--id", "0", "-o", "ZC"), {
        "ZCOUNT"}
    yield "columns of attachments", ask("objects", "--attached", "-o", "ADD"), {"ADDRESS"}
    yield "columns of a summary", ask("holders", "--summary", "-o", "HOL"), {"HOLDERS"}
    yield "kinds", ask("objects", "--type", ""), KINDS | {"pshm", "psem"}
    yield "columns to sort by", ask("objects", "--sort", ""), columns("objects")
    yield "states", ask("list", "--state", ""), {"active", "pinned", "dying", "orphan-fs"}
    yield "commands to help with", ask("help", "hol"), {"holders"}
    yield "kinds that are waited for", ask("waiters", "--type", ""), KINDS - {"shm"}
    yield "another kind", last(ask("objects", "-t", "shm,m")), {"msg", "mq"}
    yield "kinds of events", ask("monitor", "--type", ""), KINDS | {"ns"}
    yield "events", ask("monitor", "--events", ""), set(taken())
    yield "another event", last(ask("monitor", "-e", "shm,ns.d")), {"ns.destroyed", "ns.dying"}
    yield "formats of time", ask("show", "--time-format", ""), {"iso", "full", "short"}
    yield "formats of metrics", ask("metrics", "--format", ""), {"openmetrics", "prometheus"}
    for command in ("list", "show", "holders", "limits", "monitor", "history", "wait", "exec",
                    "objects", "waiters", "check"):
        yield f"{command}: namespaces", ask(command, "40"), NAMESPACES
    yield "one namespace", ask("show", "40265321"), {"4026532115", "4026532133"}
    units = {"docker:3f4e5d6c7b8a", "docker:3aaaaaaaaaaa/x.service"}
    # The shells put the rest, or what they have so far, in front.
    yield "units", {re.sub("^unit=", "", word) for word in ask("show", "unit=")}, {
        "init.scope", *units}
    yield "units of an engine", {re.sub("^(unit=)?(docker:)?", "docker:", word)
                                 for word in ask("show", "unit=docker:3")}, units
    if ask is bash:
        yield "identities", ask("show", "id=1"), {"1", "17", "170"}
        yield "processes", ask("show", "pid="), {"1", "812"}
        yield "an option with =", ask("objects", "--type=s"), {"shm", "sem"}


def main():
    """The exit status."""
    os.environ["REAL"] = str(pathlib.Path(sys.argv[2]).resolve())
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = os.environ["XDG_CONFIG_HOME"] = folder
        fake = pathlib.Path(folder) / "ipcnsctl"
        fake.write_text(FAKE, encoding="utf-8")
        fake.chmod(0o755)
        os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
        ask = {"bash": bash, "fish": fish}.get(sys.argv[1]) or Zsh()
        sys.argv[1] = sys.argv[2]
        for what, offered, wanted in differences(ask):
            if offered != wanted:
                wrong = 1
                print(f"{what}: missing {sorted(wanted - offered)},"
                      f" too many {sorted(offered - wanted)}")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
