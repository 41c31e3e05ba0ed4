#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240 sanitize
"""Metrics by HTTP: what is answered, to whom, and how soon."""

import contextlib
import fcntl
import http.client
import os
import socket
import struct
import subprocess
import threading
import time
import urllib.error
import urllib.request

from lib import module, tool, trace
from lib.member import Member
from lib.tap import PACE, main, scene, until

PORT, NR_SOCKET = 9187, 41
COMMAND = ["ipcnsctl", "metrics", "--listen", f"127.0.0.1:{PORT}"]


def fetch(path="/metrics", accept="*/*", **options):
    """(status, content type, text) of an answer by HTTP."""
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", headers={"Accept": accept},
                                     **options)
    try:
        with urllib.request.urlopen(request, timeout=60 * PACE) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def talk(request):
    """Sends a request: (status of the answer, whether the connection is closed after it)."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=20 * PACE) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        return answer.split()[1], True


def names(text):
    """Names and labels of all samples."""
    return {line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")}


def listens(port):
    """Whether somebody listens, by /proc."""
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                   for line in table)


def check_answers(t):
    """What a server answers, and what happens while the module is not there."""
    status, kind, text = fetch()
    t.same((status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"), "the older format")
    t.same(names(text), names(tool.output("metrics", "--format", "prometheus")), "all metrics")
    status, kind, text = fetch(accept="application/openmetrics-text;version=1.0.0")
    t.same((status, kind, text.splitlines()[-1]),
           (200, "application/openmetrics-text; version=1.0.0; charset=utf-8", "# EOF"),
           "OpenMetrics for those who accept it")
    t.same((fetch("/")[0], fetch(data=b"x" * 10)[0]), (404, 405), "another path, and POST")
    t.same(talk(b"POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n"),
           (b"405", True), "whose body nobody waits for")
    t.same(talk(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"), (b"200", True),
           "the connection is closed after one answer")
    t.same(talk(b"GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"),
           (b"200", True), "a body that a GET has is dropped")
    with Member() as member:
        time.sleep(1.1)
        t.ok(f'ns="{member.inode}"' in fetch()[2], "a new namespace is in the next text")
    module.unload()
    time.sleep(1.1)
    t.same(fetch()[0], 503, "without the module")
    module.load()
    time.sleep(1.1)
    t.same(fetch()[0], 200, "and with it again")


def ready(t):
    """Whether a server can be tried here; the loopback works then."""
    if not os.path.exists("/proc/net/tcp"):
        t.skip("answers", "this kernel has no IPv4")
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))   # SIOCSIFFLAGS, IFF_UP
    done = tool.ipcnsctl("metrics", "--listen", "nothing")
    if "libmicrohttpd" in done.stderr:
        t.same((done.returncode, done.stderr),
               (1, "ipcnsctl: --listen takes an ipcnsctl that was built with libmicrohttpd\n"),
               "built without: one line")
        return False
    return True


@contextlib.contextmanager
def serving(t, errors=""):
    """A server that ends by SIGTERM, and has said on stderr what is expected."""
    with subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          encoding="utf-8") as server:
        until(lambda: listens(PORT) or server.poll() is not None, "it listens, or has ended")
        yield server
        server.terminate()
        t.same((server.wait(60), server.stderr.read()), (0, errors), "SIGTERM: exit 0")


@scene("metrics by HTTP")
def listen(t):
    if ready(t):
        with serving(t, 'ipcnsctl: module not loaded: try "modprobe ipcns"\n'):
            check_answers(t)


def stall(source, n):
    """Connections from an address that have sent a part of a request."""
    found = []
    for _ in range(n):
        found.append(socket.create_connection(("127.0.0.1", PORT), 60, (source, 0)))
        found[-1].sendall(b"GET /metrics HTTP/1.1\r\nHost: a")
    return found


def drip(connections):
    """Sends one byte more on each; those that are still open."""
    still = []
    for connection in connections:
        with contextlib.suppress(ConnectionError):
            connection.setblocking(False)
            connection.sendall(b"a")
            with contextlib.suppress(BlockingIOError):
                if not connection.recv(1):
                    continue
            still.append(connection)
    return still


@scene("clients that stall")
def slow(t):
    if not ready(t):
        return
    with serving(t) as server:
        connections = stall("127.0.0.1", 40)
        begin = time.monotonic()
        t.same(fetch()[0], 200, "40 clients stall: a scrape from the same address gets through")
        t.ok(time.monotonic() - begin < 5 * PACE, "at once", time.monotonic() - begin)
        still = drip(connections)
        t.ok(25 <= len(still) <= 32, "the oldest connections are closed", len(still))
        while still and time.monotonic() - begin < 60 * PACE:
            time.sleep(1)
            still = drip(still)
        t.same(still, [], "and soon the others, though a byte comes each second")
        t.ok(time.monotonic() - begin >= 9, "but not before 10 s", time.monotonic() - begin)
        calm = stall("127.0.0.2", 1)
        crowd = stall("127.0.0.1", 40)
        t.same(fetch()[0], 200, "a crowd comes")
        t.same(drip(calm), calm, "the older connection of another address stays")
        count = len(os.listdir(f"/proc/{server.pid}/fd"))
        t.ok(count < 50, "few descriptors", count)
        for connection in calm + crowd:
            connection.close()


@scene("a reading that does not end")
def stuck(t):
    if not ready(t):
        return
    answers = []

    def ask():
        until(lambda: listens(PORT), "it listens")
        with contextlib.suppress(OSError, http.client.HTTPException):
            answers.append(fetch()[0])
    thread = threading.Thread(target=ask)
    thread.start()
    with trace.child_before(NR_SOCKET, COMMAND) as (_, server):
        begin = time.monotonic()
        server.terminate()
        server.result = trace.ended(server)
        t.ok(time.monotonic() - begin < 2 * PACE, "SIGTERM: soon over", time.monotonic() - begin)
    t.same(server.result, (0, [], []), "exit 0")
    thread.join()
    t.ok(200 not in answers, "no answer is made up", answers)


if __name__ == "__main__":
    main()
