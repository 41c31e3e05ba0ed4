# SPDX-License-Identifier: GPL-2.0
"""What a call of the tool takes: seconds, and the most memory that it held."""

import os
import pathlib
import subprocess
import tempfile
import time

# Of any command, whatever there is; with checks for bad memory it takes more.
SANITIZED = b"__asan_init" in pathlib.Path("/usr/bin/ipcnsctl").read_bytes()
ROOM = (256 if SANITIZED else 64) << 20


class Run:
    """One call of the tool, whose output is thrown away unless it is to be kept."""

    def __init__(self, *args, keep=False, tty=False):
        self.text, self.length = b"", 0
        there, here = os.openpty() if tty else os.pipe()
        begin = time.monotonic()
        with tempfile.TemporaryFile() as errors:
            with subprocess.Popen(["ipcnsctl", *map(str, args)], stdin=subprocess.DEVNULL,
                                  stdout=here, stderr=errors) as process:
                os.close(here)
                while piece := self._read(there):
                    self.length += len(piece)
                    if keep:
                        self.text += piece
                # What this process had in memory when it began the other one counts, too.
                _, self.status, usage = os.wait4(process.pid, 0)
                process.returncode = self.status
            errors.seek(0)
            self.errors = errors.read().decode()
        os.close(there)
        self.seconds = time.monotonic() - begin
        self.busy = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss << 10

    @staticmethod
    def _read(there):
        try:
            return os.read(there, 1 << 20)
        except OSError:     # the end of a terminal
            return b""

    def __str__(self):
        return (f"{self.length >> 10} KiB of output, {self.memory >> 20} MiB,"
                f" {self.seconds:.1f} s, {self.busy:.2f} s of them busy")
