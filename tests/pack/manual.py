#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares the manual with what the tool and the module say of themselves.

    manual.py IPCNSCTL TOP      one line for each difference
"""

import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])(-[A-Za-z]|--[a-z][a-z-]+)(?![\w-])")
# What makes a table of its own: its columns are in the manual. Parts in depth are left to -H.
TABLES = (["list"], ["objects"], ["holders"], ["limits"], ["waiters"], ["check"], *(
    ["objects", "--type", kind] for kind in ("shm", "sem", "msg", "mq")),
          ["objects", "--type", "sem", "--id", "0"])
COMMON = {"-h", "--help", "-V", "--version"}


def sections(path):
    """{heading: lines}; a sub-section stands for itself."""
    found, heading = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith((".Sh ", ".Ss ")):
            heading = line[4:]
            found[heading] = []
        elif heading:
            found[heading].append(line)
    return found


def items(lines, macro):
    """Words after a macro in the heads of items: .It Fl o , -output Ar LIST."""
    for line in lines:
        if line.startswith(f".It {macro} "):
            words = re.sub(r" Ar .*", "", line[5 + len(macro):]).split()
            for before, word in zip([",", *words], words):
                if before == "," and word != ",":
                    yield word


def options(lines):
    """Options that have an item; what is named once more counts for all names before."""
    return {f"-{word}" for word in items(lines, "Fl")}


def tool(*words):
    """What the tool prints."""
    return subprocess.run([sys.argv[1], *words], capture_output=True, encoding="utf-8",
                          check=True).stdout


def command_names():
    """Commands in --help."""
    text = tool("--help").split("Commands:")[1].split("Options:")[0]
    return [line.split()[0] for line in text.splitlines() if line.strip()]


def examples(lines):
    """Command lines of the tool in examples, without what a shell does around them."""
    text = "\n".join(lines).replace("\\e\n", " ")
    for line in re.findall(r"^# (.*)", text, re.M):
        for words in re.findall(r"\bipcnsctl\b([^|&)]*)", line):
            yield shlex.split(words)


def refused(words):
    """Whether the tool has anything to say of a command line but that there is no module."""
    done = subprocess.run([sys.argv[1], *words], capture_output=True, encoding="utf-8",
                          check=False)
    return done.returncode != 2 or "module not loaded" not in done.stderr


def check(what, said, written):
    """Complains of what stands in one place only."""
    for word in sorted(said - written):
        yield f"{what}: {word} is not in the manual"
    for word in sorted(written - said):
        yield f"{what}: {word} is in the manual only"


def main():
    """The exit status: 1 if there was a difference."""
    top = pathlib.Path(sys.argv[2])
    page = sections(top / "man/ipcnsctl.8")
    commands = command_names()
    headings = list(page)
    written = set(headings[headings.index("COMMANDS") + 1:headings.index("TABLE OPTIONS")])
    wrong = [*check("commands", set(commands), written)]
    synopsis = "\n".join(page["SYNOPSIS"])
    wrong += [f"SYNOPSIS: {name} is missing" for name in commands
              if not re.search(rf"Cm {name}\b", synopsis)]

    table = options(page["TABLE OPTIONS"])
    for name in commands:
        text = tool(name, "--help")
        # Lines of options begin with a blank; those of the usage and of columns have no option.
        said = {word for line in text.splitlines() if re.match(r" +-", line)
                for word in OPTION.findall(line)}
        in_page = options(page[name]) | COMMON
        if "Table options:" in text:
            in_page |= table
        wrong += check(name, said, in_page)

    if not os.path.exists("/sys/module/ipcns"):
        shown = [*examples(line for lines in page.values() for line in lines)]
        wrong += [f"the tool does not take the example: {shlex.join(words)}" for words in shown
                  if refused(words)]
        wrong += [f"no example of {name}" for name in ("exec", "holders", "limits", "list",
                                                       "monitor", "objects", "wait")
                  if not any(words[:1] == [name] for words in shown)]

    every = {word for lines in page.values() for word in items(lines, "Cm")}
    for words in TABLES:
        for column in json.loads(tool(*words, "-H", "-J"))["columns"]:
            if column["name"] not in every:
                wrong.append(f"{' '.join(words)}: column {column['name']} is not in the manual")

    source = "\n".join(path.read_text(encoding="utf-8") for path in (top / "kmod").glob("*.c"))
    said = set(re.findall(r"^module_param(?:_\w+)?\((\w+)", source, re.M))
    wrong += [f"modinfo does not describe {name}" for name in
              sorted(said - set(re.findall(r"^MODULE_PARM_DESC\((\w+)", source, re.M)))]
    page = sections(top / "man/ipcns.7")
    wrong += check("ipcns.7", said, set(items(page["MODULE PARAMETERS"], "Ar")))
    spec = (top / "Documentation/netlink/specs/ipcns.yaml").read_text(encoding="utf-8")
    ops = set(re.findall(r"^      name: (\S+)$", spec.split("\noperations:")[1].split("\nmcast")[0],
                         re.M))
    wrong += check("ipcns.7", ops, set(items(page["PROTOCOL"], "Li")))

    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
