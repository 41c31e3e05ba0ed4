#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: sanitize
"""Another process sends answers to the tool's sockets, as one with CAP_NET_ADMIN can."""

import socket
import struct
import threading
import time

from lib import tool
from lib.tap import QUICK, main, scene

NETLINK_GENERIC, NLMSG_ERROR, NLM_F_ACK_TLVS, EACCES = 16, 2, 0x200, 13


def ports(own):
    """Ports of generic netlink sockets in this net namespace, but the kernel's and one's own."""
    with open("/proc/net/netlink", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return [int(row[2]) for row in rows
            if int(row[1]) == NETLINK_GENERIC and int(row[2]) not in (0, own)]


class Forger(threading.Thread):
    """Sends an error whose echoed request has an impossible length, with likely numbers."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sent = self.refused = 0
        self.stop = False

    def run(self):
        sender = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        sender.bind((0, 0))
        while not self.stop:
            for port in ports(sender.getsockname()[0]):
                for seq in range(int(time.time()) - 3, int(time.time()) + 4):
                    error = struct.pack("=iIHHII", -EACCES, 0x80000000, 0, 0, 0, 0)
                    text = struct.pack("=HH", 11, 1) + b"forged\0\0"
                    head = struct.pack("=IHHII", 16 + len(error + text), NLMSG_ERROR,
                                       NLM_F_ACK_TLVS, seq, 0)
                    try:
                        sender.sendto(head + error + text, (port, 0))
                        self.sent += 1
                    except OSError:
                        self.refused += 1


@scene("answers that are not the kernel's")
def forged(t):
    runs = 100 if QUICK else 500
    forger = Forger()
    forger.start()
    failed = [done for done in (tool.ipcnsctl("list", "-r") for _ in range(runs))
              if done.returncode or done.stderr or len(done.stdout.splitlines()) < 2]
    forger.stop = True
    forger.join()
    t.note(f"{forger.sent} were sent, {forger.refused} refused by the kernel")
    t.ok(forger.sent + forger.refused > runs / 10, "many were tried")
    t.ok(forger.refused > forger.sent, "the kernel refuses most of them")
    t.same(failed[:1], [], f"none of {runs} calls takes one")


if __name__ == "__main__":
    main()
