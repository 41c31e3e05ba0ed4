# SPDX-License-Identifier: GPL-2.0
"""Finds reports of trouble in a kernel log."""

import re

# The guest's init logs this line when the boot is over: earlier reports are the kernel's own.
MARKER = "vm: what the kernel says from here on counts"

TROUBLE = re.compile(r"""
    BUG: | kernel\ BUG\ at | WARNING: | Oops | general\ protection\ fault | Kernel\ panic
  | KASAN | KCSAN | KFENCE | UBSAN | ODEBUG
  | possible\ (circular|recursive|irq\ lock) | inconsistent\ lock\ state | bad\ unlock\ balance
  | suspicious\ RCU\ usage | still\ held | held\ lock\ freed | trying\ to\ register\ non-static
  | rcu.*(stall|starved) | blocked\ for\ more\ than | soft\ lockup | hard\ LOCKUP
  | sleeping\ function\ called\ from\ invalid\ context | scheduling\ while\ atomic
  | unreferenced\ object | kmemleak:\ .*suspected | refcount_t: | list_(add|del)\ corruption
  | usercopy: | Unable\ to\ handle | CFI\ failure | Call\ Trace:
""", re.X)

# These print a call trace too, and are no trouble of the kernel's: GFP_HIGHUSER is for pages of
# programs, which those that the OOM killer ends do not get; what holds the memory of one of them for a
# second is no trouble either.
EXCUSED = re.compile(r"invoked oom-killer|oom_reaper: unable to reap|FAULT_INJECTION: forcing a failure"
                     r"|page allocation failure: .*GFP_HIGHUSER")
TRACE_FOLLOWS = 15      # within so many lines

# What a watchdog finds if the guest got no processor for a while.
STALL = re.compile(r"rcu.*(stall|starved)|blocked for more than|soft lockup|hard LOCKUP", re.I)
STALL_FOLLOWS = 150     # lines: registers and traces of all processors
STALL_WITHIN = 40       # seconds

# Of races that KCSAN finds, those count in which the module has part: the kernel's own are many.
RACE, RACE_ENDS, OURS = "BUG: KCSAN", "=" * 60, "[ipcns"

BEFORE, AFTER = 2, 150  # lines of context shown


def messages(kmsg):
    """The lines of what /dev/kmsg returned, as dmesg prints them, the kernel's own and ours."""
    lines = []
    for line in kmsg.splitlines():
        record = re.match(r"(\d+),\d+,(\d+),[^;]*;(.*)", line)
        if record:
            level, usec, text = int(record[1]), int(record[2]), record[3]
            if level < 8 or MARKER in text:
                lines.append(f"[{usec // 1000000:5}.{usec % 1000000:06}] {text}")
        elif not line.startswith(" "):      # not one of a record's own KEY=value lines
            lines.append(line)
    return lines


def stalled(line, pauses):
    """Whether a line tells of nothing but a pause, [(uptime, seconds)], of the whole machine."""
    when = re.match(r"\[ *([\d.]+)\]", line)
    return (when and STALL.search(line) and
            any(-5 < float(when[1]) - after < STALL_WITHIN for after, _ in pauses))


def ours(lines, i):
    """Whether the module has part in the race whose report begins in line i."""
    end = next((n for n in range(i, len(lines)) if RACE_ENDS in lines[n]), len(lines))
    return any(OURS in line for line in lines[i:end])


def find(lines, pauses=()):
    """The part of a log that reports trouble, as lines, or an empty list.

    What comes before the marker, and all of a log without it, is of the boot and never trouble.
    """
    start = next((i for i, line in enumerate(lines) if MARKER in line), len(lines))
    excused = -1
    for i, line in enumerate(lines[start:], start):
        if EXCUSED.search(line):
            excused = i + TRACE_FOLLOWS
        elif RACE in line and not ours(lines, i):
            continue
        elif stalled(line, pauses):
            excused = i + STALL_FOLLOWS
        elif TROUBLE.search(line) and not ("Call Trace:" in line and i <= excused):
            left = len(lines) - i - AFTER
            return (lines[max(start, i - BEFORE):i + AFTER]
                    + ([f"... and {left} more lines"] if left > 0 else []))
    return []
