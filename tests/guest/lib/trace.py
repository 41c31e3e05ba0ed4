# SPDX-License-Identifier: GPL-2.0
"""Stopping the process that a command starts just before it makes a system call (ptrace(2))."""

import contextlib
import ctypes
import os
import signal
import subprocess

from lib.tap import PACE, Failed

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long

TRACEME, CONT, DETACH, SYSCALL, SETOPTIONS, GETEVENTMSG, SYSCALL_INFO = \
    0, 7, 17, 24, 0x4200, 0x4201, 0x420e
GOOD, FORK, EXITKILL = 1, 2, 1 << 20
CLONES = 0x40000000
SYSCALL_STOP = signal.SIGTRAP | 0x80
ENTRY = 1


def _ptrace(request, pid, address=0, data=0):
    result = _libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), ctypes.c_void_p(address),
                          ctypes.c_void_p(data))
    if result == -1:
        error = ctypes.get_errno()
        raise OSError(error, f"ptrace request {request:#x}: {os.strerror(error)}")
    return result


def _stop(pid):
    """Waits for the next stop; (signal, event)."""
    _, status = os.waitpid(pid, CLONES)
    if not os.WIFSTOPPED(status):
        raise Failed(f"process {pid} ended with status {status:#x}")
    return os.WSTOPSIG(status), status >> 16


def _child(pid):
    """Lets a process go on until it has forked; its child, which is traced then."""
    deliver = 0
    while True:
        _ptrace(CONT, pid, 0, deliver)
        stop, event = _stop(pid)
        deliver = 0 if event or stop == signal.SIGTRAP else stop
        if event == FORK - 1:
            number = ctypes.c_ulong()
            _ptrace(GETEVENTMSG, pid, 0, ctypes.addressof(number))
            return number.value


def _at_entry(pid):
    """The number of the system call that a stopped process is about to make, or None."""
    buf = ctypes.create_string_buffer(88)
    _ptrace(SYSCALL_INFO, pid, len(buf), ctypes.addressof(buf))
    return int.from_bytes(buf[24:32], "little") if buf[0] == bytes([ENTRY]) else None


def _until_call(pid, number, times):
    deliver = 0
    while True:
        _ptrace(SYSCALL, pid, 0, deliver)
        stop, _ = _stop(pid)
        deliver = 0 if stop in (SYSCALL_STOP, signal.SIGTRAP, signal.SIGSTOP) else stop
        if stop == SYSCALL_STOP and _at_entry(pid) == number:
            times -= 1
            if not times:
                return


def ended(command):
    """Waits for a command: (exit status, lines of stdout, lines of stderr)."""
    out, err = command.communicate(timeout=60 * PACE)
    return command.returncode, out.splitlines(), err.splitlines()


@contextlib.contextmanager
def child_before(number, argv, times=1, prepare=int):
    """Runs a command; gives (child, command) while its child stands before a system call.

    number: of the system call; times: it is the second, third... of that number. prepare: called
    in the command's process before it begins. At the end child and command go on untraced, and
    command.result is (exit status, lines of stdout, lines of stderr).
    """
    def begin():    # in a process that has one thread, as this one has
        prepare()
        _libc.ptrace(ctypes.c_long(TRACEME), ctypes.c_long(0), None, None)

    # pylint: disable-next=subprocess-popen-preexec-fn
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=begin) as command:
        _stop(command.pid)
        _ptrace(SETOPTIONS, command.pid, 0, GOOD | FORK | EXITKILL)
        child = _child(command.pid)
        _ptrace(DETACH, command.pid)
        _stop(child)
        _until_call(child, number, times)
        try:
            yield child, command
        finally:
            with contextlib.suppress(OSError):      # it may have been killed meanwhile
                _ptrace(DETACH, child)
        if not hasattr(command, "result"):
            command.result = ended(command)
