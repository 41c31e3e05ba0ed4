# SPDX-License-Identifier: GPL-2.0
"""Loading and unloading the module, and what the kernel's log says meanwhile."""

import contextlib
import subprocess

from lib.tap import until

PATH = subprocess.run(["modinfo", "-n", "ipcns"], check=True, capture_output=True,
                      encoding="utf-8").stdout.strip()


def load(*parameters):
    """insmod, which must succeed."""
    subprocess.run(["insmod", PATH, *parameters], check=True)


def try_load(*parameters):
    """insmod; its exit status, and the lines that the module logged."""
    before = len(log())
    status = subprocess.run(["insmod", PATH, *parameters], check=False,
                            capture_output=True).returncode
    return status, [line for line in log()[before:] if "ipcns" in line]


def unload():
    """rmmod; whether it succeeded."""
    return subprocess.run(["rmmod", "ipcns"], check=False, capture_output=True).returncode == 0


def loaded():
    """Whether /proc/modules has it."""
    with open("/proc/modules", encoding="ascii") as modules:
        return any(line.startswith("ipcns ") for line in modules)


def log():
    """The lines of the kernel's log."""
    return subprocess.run(["dmesg"], check=True, capture_output=True, encoding="utf-8",
                          errors="replace").stdout.splitlines()


def reload(*parameters):
    """Loads the module anew."""
    until(unload, "rmmod")
    load(*parameters)


@contextlib.contextmanager
def parameters(*words):
    """Has the module loaded with other parameters."""
    reload(*words)
    try:
        yield
    finally:
        reload()
