#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=240 sanitize
"""A way into any namespace: ns-open by netlink, and ipcnsctl exec."""

import contextlib
import errno
import fcntl
import os
import pty
import signal
import subprocess
import time

from lib import calls, module, tool, wire, witness
from lib.member import Member
from lib.tap import PACE, main, scene, until

INITIAL = "/proc/1/ns/ipc"


def open_ns(**select):
    """ns-open: (descriptor, inode, id)."""
    with wire.Socket() as link:
        reply = link.get("open", select)
    return reply["fd"], reply["inum"], reply["id"]


def refusal(**select):
    """(errno's name, text) of an ns-open that must fail."""
    try:
        os.close(open_ns(**select)[0])
    except wire.Refused as error:
        return errno.errorcode[error.errno], error.text
    return "opened", ""


def kept_by_attachment(member, key):
    """Leaves a namespace that only the member's attachment keeps; its inode and its address."""
    ident = member.call(calls.shmget, key, 4096)
    member.call(calls.semget, key, 3)
    member.call(calls.msgget, key)
    inode, address = member.inode, member.call(calls.shmat, ident)
    member.call(calls.setns, INITIAL)
    return inode, address


def run(*argv, **options):
    """ipcnsctl with what is asked for; a CompletedProcess."""
    return subprocess.run(["ipcnsctl", *map(str, argv)], capture_output=True, encoding="utf-8",
                          check=False, timeout=60 * PACE,
                          **{"stdin": subprocess.DEVNULL, **options})


@scene("ns-open: a descriptor of that namespace, closed on exec")
def opened(t):
    with Member() as member:
        before = set(os.listdir("/proc/self/fd"))
        fd, inum, nsid = open_ns(inum=member.inode)
        t.same((os.fstat(fd).st_ino, inum), (member.inode, member.inode), "of that namespace")
        t.same(os.fstat(fd).st_dev, os.stat("/proc/self/ns/ipc").st_dev, "an nsfs inode")
        t.ok(fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC, "closed on exec")
        t.same(os.readlink(f"/proc/self/fd/{fd}"), f"ipc:[{member.inode}]", "as /proc shows it")
        again, inum, same = open_ns(id=nsid)
        t.same((os.fstat(again).st_ino, same), (member.inode, nsid), "by id: the same")
        os.close(again)
        os.close(fd)
        t.same(set(os.listdir("/proc/self/fd")), before, "nothing else was opened")
        fd, _, _ = open_ns(inum=calls.namespace_inode())
        t.same(os.fstat(fd).st_ino, calls.namespace_inode(), "the initial one, too")
        os.close(fd)


@scene("ns-open: no room for a descriptor")
def no_room(t):
    with Member() as member, Member(0) as asker:
        t.same(asker.call(ask_when_full, member.inode), "EMFILE", "EMFILE")
        with wire.Socket() as link:
            t.same(link.get("ns", {"inum": member.inode})["refs"], 1, "and no reference stays")


def ask_when_full(inode):
    """ns-open by a process that may open nothing more."""
    import resource
    with wire.Socket() as link:
        used = max(map(int, os.listdir("/proc/self/fd")))
        resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
        spare = []
        try:
            while True:
                spare.append(os.dup(0))
        except OSError:
            pass
        try:
            link.get("open", {"inum": inode})
        except wire.Refused as error:
            return errno.errorcode[error.errno]
        return "opened"


@scene("a namespace kept by nothing but an attachment: enter, list, remove")
def attachment(t):
    with Member() as member:
        inode, _ = kept_by_attachment(member, 0xe1)
        nsid = tool.namespace(inode)["nsid"]
        t.ok(inode not in witness.lsns(), "lsns does not list it")
        fd, _, _ = open_ns(inum=inode)
        path = f"/proc/{os.getpid()}/fd/{fd}"
        t.same([row["key"] for row in witness.sysvipc(path, "shm")], [0xe1],
               "entered with nsenter: its segment")
        witness.inside(path, "ipcrm", "-Q", "0xe1", "-S", "0xe1")
        t.same((witness.sysvipc(path, "msg"), witness.sysvipc(path, "sem")), ([], []),
               "queue and set removed")
        os.close(fd)

        done = run("exec", inode, "--", "ipcs", "-m")
        t.same((done.returncode, done.stderr), (0, ""), "exec ipcs: exit 0, silent")
        t.contains(done.stdout, "0x000000e1", "exec ipcs: lists the segment")
        done = run("exec", f"id={nsid}", "readlink", "/proc/self/ns/ipc")
        t.same(done.stdout, f"ipc:[{inode}]\n", "exec by id, without --: is inside")
        done = run("exec", inode, "--", "ipcrm", "-M", "0xe1")
        t.same(done.returncode, 0, "exec ipcrm removes the segment")
        row, = tool.rows("objects", "--type", "shm", "-o", "ID,KEY,STATUS", inode)
        t.same((row["key"], "dest" in row["status"]), ("0x00000000", True), "which is marked")
        t.same(tool.namespace(inode)["refs"], 1, "nothing of ours keeps the namespace")
    until(lambda: inode not in tool.namespaces(), "the namespace ends with the attachment")
    t.ok(True, "the namespace ends with the attachment")


def become(uid):
    """Another user, without capabilities."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


@scene("who may not, and who may")
@module.parameters("access=owner")
def rights(t):
    with Member() as target, Member(0) as plain:
        plain.call(become, 1000)
        t.same(plain.call(refusal, inum=target.inode),
               ("ENOENT", "no IPC namespace has this inum or id"),
               "a plain user: as if there were none")
        t.same(plain.call(refusal, inum=calls.namespace_inode())[0], "EPERM",
               "the one that he is in he sees, but may not open")
        done = plain.call(tool.ipcnsctl, "exec", calls.namespace_inode(), "--", "true")
        t.same((done.returncode, len(done.stderr.splitlines())), (1, 1), "exec: exit 1, one line")
        t.contains(done.stderr, "CAP_SYS_ADMIN", "which says what it takes")
        done = plain.call(tool.ipcnsctl, "exec", target.inode, "--", "true")
        t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
               "exec by a plain user: exit 1 and one line")
        t.note(done.stderr)

    with Member() as target, container() as foreign, container(200000) as other:
        t.same(foreign.call(refusal, inum=target.inode)[0], "ENOENT",
               "root of a user namespace: a namespace of the initial one is not there")
        t.same(foreign.call(refusal, inum=other.inode)[0], "ENOENT", "nor one of another")
        done = foreign.call(tool.ipcnsctl, "exec", target.inode, "--", "true")
        t.same((done.returncode, len(done.stderr.splitlines())), (1, 1), "exec: exit 1, one line")
        t.note(done.stderr)
        t.same(foreign.call(own_inode_opened), foreign.inode, "his own: opened")
        done = foreign.call(tool.ipcnsctl, "exec", foreign.inode, "--", "readlink",
                            "/proc/self/ns/ipc")
        t.same((done.stdout, done.returncode), (f"ipc:[{foreign.inode}]\n", 0), "exec: inside")
        fd, inum, _ = open_ns(inum=foreign.inode)
        t.same(os.fstat(fd).st_ino, inum, "root of the machine may open his")
        os.close(fd)
        # One he made, and nobody is in any more.
        inode, _ = foreign.call(leave_behind)
        done = foreign.call(tool.ipcnsctl, "exec", inode, "--", "ipcs", "-m")
        t.contains(done.stdout, "0x000000e3", "exec by its owner where nobody is inside")


def container(first=100000):
    """Root of a user namespace, in an IPC namespace that it owns."""
    member = Member(calls.CLONE_NEWUSER)
    for name in ("uid_map", "gid_map"):
        with open(f"/proc/{member.pid}/{name}", "w", encoding="ascii") as file:
            file.write(f"0 {first} 1000")
    member.call(os.setresuid, 0, 0, 0)
    member.call(calls.unshare, calls.CLONE_NEWIPC)
    return member


def own_inode_opened():
    """The inode of a descriptor of the caller's own namespace."""
    fd, _, _ = open_ns(inum=calls.namespace_inode())
    try:
        return os.fstat(fd).st_ino
    finally:
        os.close(fd)


def leave_behind():
    """A namespace that only an attachment of the caller keeps; he goes to a new one."""
    inode = calls.namespace_inode()
    address = calls.shmat(calls.shmget(0xe3, 4096))
    calls.unshare(calls.CLONE_NEWIPC)
    return inode, address


@scene("what is not there, and what is dying")
def absent(t):
    t.same(refusal(inum=0xfffffff1), ("ENOENT", "no IPC namespace has this inum or id"),
           "unknown inode")
    t.same(refusal(id=1 << 60)[0], "ENOENT", "unknown id")
    t.same(refusal()[0], "EINVAL", "neither inode nor id")
    t.same(refusal(inum=1, id=1)[0], "EINVAL", "both")
    t.same(refusal(inum=0)[0], "EINVAL", "inode 0")
    done = run("exec", 4294967281, "--", "true")
    t.same((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, "", 1),
           "exec: exit 1, one line")
    t.contains(done.stderr, "4294967281", "exec: the line names it")

    # The kernel takes a namespace apart in a worker, on the processor where the last reference
    # went. That worker gets no turn while one of a higher priority keeps that processor.
    for _ in range(5):
        with Member() as member:
            fd, _, nsid = open_ns(inum=member.inode)
            with Member(0) as last:
                mine = last.call(os.open, f"/proc/{os.getpid()}/fd/{fd}", os.O_RDONLY)
                os.close(fd)
                member.end()
                t.ok(nsid in [row["nsid"] for row in tool.namespaces().values()], "still there")
                last.start(close_and_spin, mine, 2.5)
                state = until(lambda: dying(nsid), "dying or gone")
                got = refusal(id=nsid)
                done = run("exec", f"id={nsid}", "true")
                last.result()
        if state == "dying" and "dying" in done.stderr:
            break
    t.same(got, ("ESTALE", "the namespace is dying, its last reference is gone"),
           "dying: ESTALE, and why")
    t.same((done.returncode, len(done.stderr.splitlines())), (1, 1), "exec: exit 1, one line")
    t.contains(done.stderr, "dying", "which says that it is dying")
    until(lambda: refusal(id=nsid)[0] == "ENOENT", "then gone")
    t.same(refusal(id=nsid)[1], "no IPC namespace has this inum or id", "then ENOENT")


def dying(nsid):
    """What has become of a namespace: nothing yet, or dying, or gone."""
    with wire.Socket() as link:
        try:
            state = link.get("ns", {"id": nsid})["state"]
        except wire.Refused:
            return "gone"
    return "dying" if state == wire.STATE["dying"] else None


def close_and_spin(fd, seconds):
    """Closes a descriptor and keeps the processor for a while."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.close(fd)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@scene("exec: exit status, signals, what cannot be run")
def status(t):
    with Member() as member:
        inode = member.inode
        for code in (0, 1, 2, 42, 255):
            t.same(run("exec", inode, "--", "sh", "-c", f"exit {code}").returncode, code,
                   f"exit {code}")
        for name in ("TERM", "KILL", "INT"):
            want = subprocess.run(["nsenter", "-t", str(member.pid), "-i", "sh", "-c",
                                   f"kill -{name} $$"], check=False).returncode
            t.same(run("exec", inode, "--", "sh", "-c", f"kill -{name} $$").returncode, want,
                   f"ended by SIG{name}: as nsenter")
        done = run("exec", inode, "--", "/no/such/program")
        t.same((done.returncode, len(done.stderr.splitlines())), (127, 1), "not found: 127")
        done = run("exec", inode, "--", "no-such-program")
        t.same((done.returncode, len(done.stderr.splitlines())), (127, 1), "not in PATH: 127")
        done = run("exec", inode, "--", "/etc/passwd")
        t.same((done.returncode, len(done.stderr.splitlines())), (126, 1), "cannot be run: 126")
        done = run("exec", inode, "--", "/run")
        t.same(done.returncode, 126, "a directory: 126")
        for argv in (["exec"], ["exec", "--no-such-option", inode, "true"]):
            t.same(run(*argv).returncode, 1, f"bad usage: {argv}")
        done = run("exec", inode, "--", "printf", "%s|", "-h", "--", "a b", "")
        t.same(done.stdout, "-h|--|a b||", "arguments as they are")
        done = run("exec", inode, "ls", "-d", "/proc")
        t.same(done.stdout, "/proc\n", "options behind the command are the command's")


@scene("exec: what the command inherits")
def inherits(t):
    with Member() as member:
        inode = member.inode
        want = run_plain("ls", "/proc/self/fd")
        t.same(run("exec", inode, "--", "ls", "/proc/self/fd").stdout, want,
               "descriptors: none but those there were")
        # The kinds of namespaces that are not wanted stay what they are.
        for kind in ("pid", "mnt", "user", "net", "uts", "cgroup"):
            done = run("exec", inode, "--", "readlink", f"/proc/self/ns/{kind}")
            t.same(done.stdout, os.readlink(f"/proc/self/ns/{kind}") + "\n", f"the same {kind}")
        done = run("exec", inode, "--", "sh", "-c", "pwd; echo $MARK; id -u", cwd="/run",
                   env={**os.environ, "MARK": "here"})
        t.same(done.stdout, "/run\nhere\n0\n", "directory, environment, user")
        done = subprocess.run(["ipcnsctl", "exec", str(inode), "--", "cat"], input="through\n",
                              capture_output=True, encoding="utf-8", check=False)
        t.same((done.stdout, done.returncode), ("through\n", 0), "stdin")
        done = subprocess.run(["sh", "-c", f"ipcnsctl exec {inode} -- ls /proc/self/fd <&-"],
                              capture_output=True, encoding="utf-8", check=False)
        # ls's own descriptor of the directory takes the free place.
        t.same((done.stdout.split(), done.returncode), (["0", "1", "2"], 0),
               "stdin closed: stays closed")
        done = subprocess.run(["sh", "-c", f"ipcnsctl exec {inode} -- readlink /proc/self/ns/ipc"
                               " 2>&- <&-"], capture_output=True, encoding="utf-8", check=False)
        t.same((done.stdout, done.returncode), (f"ipc:[{inode}]\n", 0),
               "stdin and stderr closed: still inside")
        before = tool.namespace(inode)["refs"]
        sleeper = subprocess.Popen(["ipcnsctl", "exec", str(inode), "--", "sleep", "1000"])
        until(lambda: os.readlink(f"/proc/{sleeper.pid}/exe").endswith("sleep"), "it runs")
        t.same(calls.namespace_inode(sleeper.pid), inode, "it is the tool's own process")
        t.same(tool.namespace(inode)["refs"], before + 1, "one reference more: its nsproxy")
        sleeper.terminate()
        t.same(sleeper.wait(), -signal.SIGTERM, "a signal to it is the command's")


def run_plain(*argv):
    """stdout of a command as run() runs the tool."""
    return subprocess.run(argv, capture_output=True, encoding="utf-8", check=False,
                          stdin=subprocess.DEVNULL).stdout


@scene("exec: $SHELL where no command is given")
def shell(t):
    with Member() as member:
        script = "/run/shell"
        with open(script, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\necho shell $# $(readlink /proc/self/ns/ipc)\n")
        os.chmod(script, 0o755)
        for words in ([member.inode], [member.inode, "--"]):
            done = run("exec", *words, env={**os.environ, "SHELL": script})
            t.same((done.stdout, done.returncode), (f"shell 0 ipc:[{member.inode}]\n", 0),
                   f"$SHELL, with {len(words) - 1} words more")
        os.unlink(script)
        for environment in ({"SHELL": ""}, {}):
            some = {key: value for key, value in os.environ.items() if key != "SHELL"}
            done = subprocess.run(["ipcnsctl", "exec", str(member.inode)], capture_output=True,
                                  input="readlink /proc/$$/ns/ipc\n", encoding="utf-8",
                                  env={**some, **environment}, check=False)
            t.same((done.stdout, done.returncode), (f"ipc:[{member.inode}]\n", 0),
                   f"/bin/sh where the environment has {environment}")


def on_terminal(argv, ready, key):
    """Runs a command on a terminal of its own, types a key when the output has a word; status."""
    pid, terminal = pty.fork()
    if not pid:
        os.execvp(argv[0], argv)
    text = b""
    deadline = time.monotonic() + 20 * PACE
    while ready not in text and time.monotonic() < deadline:
        text += os.read(terminal, 1000)
    os.write(terminal, key)
    _, wait = os.waitpid(pid, 0)
    with contextlib.suppress(OSError):      # when all that was written has been read
        while part := os.read(terminal, 1000):
            text += part
    os.close(terminal)
    return wait, text


@scene("exec: on a terminal, and the keys for SIGINT and SIGQUIT")
def terminal(t):
    with Member() as member:
        ways = {"exec": ["ipcnsctl", "exec", str(member.inode), "--"],
                "nsenter": ["nsenter", "-t", str(member.pid), "-i"]}
        trap = ["sh", "-c", "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 1; done"]
        plain = ["sh", "-c", "echo ready; exec sleep 1000"]
        for name, command, key in (("a command that catches it", trap, b"\x03"),
                                   ("a command that does not", plain, b"\x03"),
                                   ("SIGQUIT", ["sh", "-c", "ulimit -c 0; " + plain[2]], b"\x1c")):
            found = {way: on_terminal([*argv, *command], b"ready\r\n", key)
                     for way, argv in ways.items()}
            # Whether the terminal's echo of the key can still be read is a matter of luck.
            t.same(*((found[way][0], b"caught" in found[way][1]) for way in ways),
                   f"{name}: status and output as with nsenter")
        t.ok(os.WIFSIGNALED(on_terminal([*ways["exec"], *plain], b"ready\r\n", b"\x03")[0]),
             "ended by the signal")
        _, text = on_terminal([*ways["exec"], "sh", "-c", "tty; stty size; read x; echo got $x"],
                              b"\n", b"word\n")
        t.contains(text.decode(), "/dev/pts/", "it has the terminal")


if __name__ == "__main__":
    main()
