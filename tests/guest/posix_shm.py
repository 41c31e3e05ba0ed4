#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: memory=2G timeout=400
"""POSIX shared memory and named semaphores in /dev/shm, of every mount namespace, against /proc."""

import ctypes
import json
import mmap
import os
import signal
import subprocess
import threading
import time

from lib import calls, tool
from lib.member import Member
from lib.tap import PACE, QUICK, main, scene, until

SHM = "/dev/shm"
NEW = calls.CLONE_NEWIPC | calls.CLONE_NEWNS
CONTAINERS, FILES, MANY = (20, 50, 2000) if QUICK else (200, 100, 10000)

LIBRARY = ctypes.CDLL(None, use_errno=True)


def own_shm(kind="tmpfs"):
    """Mounts a /dev/shm of the caller's own, in its own mount namespace."""
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount("shm", SHM, kind)


def make(name, size=8192, touched=4096):
    """shm_open(3), ftruncate(2), write(2); the descriptor."""
    fd = os.open(f"{SHM}/{name}".encode() if isinstance(name, str) else SHM.encode() + b"/" + name,
                 os.O_CREAT | os.O_RDWR, 0o640)
    os.ftruncate(fd, size)
    os.pwrite(fd, b"x" * touched, 0)
    return fd


def leave(*names):
    """Makes files and closes them."""
    for name in names:
        os.close(make(name))


MAPPINGS = []


def map_file(name, close=True):
    """Maps a file, and closes the descriptor; mmap.mmap() would keep one of its own."""
    fd = os.open(f"{SHM}/{name}", os.O_RDWR)
    LIBRARY.mmap.restype = ctypes.c_void_p
    MAPPINGS.append(LIBRARY.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_SHARED, fd,
                                 ctypes.c_long(0)))
    if close:
        os.close(fd)


def sem_open(name):
    """sem_open(3) of a new semaphore, which stays mapped."""
    LIBRARY.sem_open.restype = ctypes.c_void_p
    if not LIBRARY.sem_open(name.encode(), os.O_CREAT, 0o600, 1):
        raise OSError(ctypes.get_errno(), "sem_open")


def fork_child():
    """A child that has what the caller has and touches nothing; its pid."""
    pid = os.fork()
    if not pid:
        calls.pause()
    return pid


def map_in_thread(name):
    """A thread maps the file, and lives on."""
    thread = threading.Thread(target=lambda: (map_file(name), time.sleep(1000)), daemon=True)
    thread.start()
    while not MAPPINGS:
        time.sleep(0.01)


def open_in_thread(name):
    """A thread with a table of descriptors of its own opens the file."""
    opened = []

    def run():
        LIBRARY.unshare(0x400)      # CLONE_FILES
        opened.append(os.open(f"{SHM}/{name}", os.O_RDWR))
        time.sleep(1000)
    threading.Thread(target=run, daemon=True).start()
    while not opened:
        time.sleep(0.01)


def in_thread(function, *args):
    """Runs it in a thread that ends; the result."""
    done = []
    thread = threading.Thread(target=lambda: done.append(function(*args)))
    thread.start()
    thread.join()
    return done[0]


def rows(*args):
    """{name: row} of all columns, of both kinds; names are unique in the scenes."""
    table = tool.rows("objects", "--type", "pshm,psem", "--output-all", *args)
    return {row["name"]: row for row in table}


def mappings(pid, task):
    """Device and inode number of all files that a task has mapped, by its maps."""
    found = set()
    with open(f"/proc/{pid}/task/{task}/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            words = line.split(None, 5)
            major, minor = (int(word, 16) for word in words[3].split(":"))
            found.add((os.makedev(major, minor), int(words[4])))
    return found


def users(path):
    """Witness: processes that have a file mapped, and that have it open, by /proc."""
    info = os.stat(path)
    mapped, opened = set(), set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                if (info.st_dev, info.st_ino) in mappings(pid, task):
                    mapped.add(int(pid))
                for number in os.listdir(f"/proc/{pid}/task/{task}/fd"):
                    link = f"/proc/{pid}/task/{task}/fd/{number}"
                    if os.readlink(link).startswith("/") and os.path.samestat(os.stat(link), info):
                        opened.add(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return mapped, opened


def same(t, row, path, name):
    """A row against stat(2) of the file, and against who uses it by /proc."""
    info = os.stat(path)
    mapped, opened = users(path)
    t.same({key: row[key] for key in ("id", "size", "used", "uid", "gid", "mapped", "open",
                                      "pids")},
           {"id": info.st_ino, "size": info.st_size, "used": info.st_blocks * 512,
            "uid": info.st_uid, "gid": info.st_gid, "mapped": len(mapped), "open": len(opened),
            "pids": sorted(mapped | opened)[:16]}, f"{name}: as stat and /proc have it")
    t.same([tool.seconds(row[key]) for key in ("atime", "mtime", "ctime")],
           [int(info.st_atime), int(info.st_mtime), int(info.st_ctime)], f"{name}: its times")


def end(pids):
    """Ends processes and waits for them."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@scene("of the host and of a container")
def host_and_container(t):
    with Member(NEW) as member, Member(0) as host:
        member.call(own_shm)
        member.call(leave, "box")
        member.call(sem_open, "/gate")
        host.call(leave, "left")
        host.call(make, "held")
        host.call(leave, "mapped")
        host.call(map_file, "mapped")
        found = rows()
        t.same(sorted(found), ["/box", "/gate", "/held", "/left", "/mapped"], "all are there")
        for name, inode, path in (
                ("/box", member.inode, f"/proc/{member.pid}/root{SHM}/box"),
                ("/gate", member.inode, f"/proc/{member.pid}/root{SHM}/sem.gate"),
                ("/held", calls.namespace_inode(), f"{SHM}/held"),
                ("/left", calls.namespace_inode(), f"{SHM}/left"),
                ("/mapped", calls.namespace_inode(), f"{SHM}/mapped")):
            same(t, found[name], path, name)
            t.same((found[name]["ns"], found[name]["nss"]), (inode, [inode]), f"{name}: NS")
        t.same({name: row["type"] for name, row in found.items()},
               {"/box": "pshm", "/gate": "psem", "/held": "pshm", "/left": "pshm",
                "/mapped": "pshm"}, "kinds")
        t.same(sorted(rows(member.inode)), ["/box", "/gate"], "only those of one namespace")
        t.same([row["name"] for row in tool.rows("objects", "--type", "psem")], ["/gate"],
               "only semaphores")
        t.same(sorted(rows("--pid", host.pid)), ["/held", "/mapped"], "what a process uses")
        t.same(rows("--pid", host.pid)["/held"]["use"], ["open"], "and how")
        mixed = {row["key"]: row for row in tool.rows("objects", "--output-all")}
        t.same({key: (mixed[key]["type"], mixed[key]["links"], mixed[key]["used"])
                for key in ("/box", "/gate", "/mapped")},
               {"/box": ("pshm", 0, 4096), "/gate": ("psem", 1, 4096),
                "/mapped": ("pshm", 1, 4096)}, "among objects of all kinds")
        row = tool.rows("list", "--output-all", member.inode)[0]
        t.same((row["pshm"], row["psem"], row["pshmbytes"]), (1, 1, 8192), "sums in list")
        row = json.loads(tool.output("show", "-J", member.inode))["namespace"]
        t.same((row["pshm"], row["psem"], row["pshmbytes"]), (1, 1, 8192), "and in show")
        metrics = tool.output("metrics").splitlines()
        for line in ('ipcns_objects{kind="pshm"} 4', 'ipcns_objects{kind="psem"} 1',
                     'ipcns_object_bytes{kind="pshm"} 16384'):
            t.ok(line in metrics, f"metrics: {line}", *[m for m in metrics if "psh" in m])
        host.call(os.unlink, f"{SHM}/left")
        host.call(os.unlink, f"{SHM}/held")
        host.call(os.unlink, f"{SHM}/mapped")


@scene("owners")
def owners(t):
    with Member(0) as host:
        host.call(leave, "roots", "users")
        os.chown(f"{SHM}/users", 1000, 1001)
        os.chmod(f"{SHM}/users", 0o604)
        t.same(sorted(rows("--owner", 1000)), ["/users"], "of one user")
        row = rows()["/users"]
        t.same((row["perms"], row["uid"], row["gid"]), ("rw----r--", 1000, 1001), "and group")
        os.unlink(f"{SHM}/users")
        os.unlink(f"{SHM}/roots")


@scene("used by threads, children, stopped processes, another mount namespace")
def in_use(t):
    with Member(0) as host, Member(calls.CLONE_NEWNS) as other:
        host.call(leave, "child", "stopped", "thread", "table", "elsewhere")
        with Member(0) as parent:
            parent.call(map_file, "child", False)
            child = parent.call(fork_child)
        with Member(0) as thread, Member(0) as stopped:
            thread.call(map_in_thread, "thread")
            thread.call(open_in_thread, "table")
            stopped.call(map_file, "stopped")
            os.kill(stopped.pid, signal.SIGSTOP)
            other.call(map_file, "elsewhere")
            found = rows()
            for name in ("child", "stopped", "thread", "table", "elsewhere"):
                same(t, found[f"/{name}"], f"{SHM}/{name}", name)
            t.same(found["/child"]["pids"], [child], "the child that touched nothing")
        os.kill(child, signal.SIGKILL)
        for name in ("child", "stopped", "thread", "table", "elsewhere"):
            os.unlink(f"{SHM}/{name}")


def state(pid):
    """The state of a process's first task: Z when it has ended."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


@scene("used by a process whose first thread has ended")
def first_thread(t):
    with Member(0) as host:
        host.call(leave, "mapped", "open", "unused")
        with Member(0) as member:
            member.call(map_in_thread, "mapped")
            member.call(open_in_thread, "open")
            member.start(calls.exit_thread)
            until(lambda: state(member.pid) == "Z", "the first thread has ended")
            t.same(mappings(member.pid, member.pid), set(), "/proc/PID/maps is empty")
            found = rows()
            for name in ("mapped", "open", "unused"):
                same(t, found[f"/{name}"], f"{SHM}/{name}", name)
            t.same([found["/mapped"]["pids"], found["/open"]["pids"]], [[member.pid]] * 2,
                   "the maps and descriptors of its other threads count")
            t.same([row["key"] for row in tool.rows("objects", "--orphans", "--output-all")],
                   ["/unused"], "so they are no orphans")
        for name in ("mapped", "open", "unused"):
            os.unlink(f"{SHM}/{name}")


def lose(name):
    """Makes a file, maps it, unlinks it and closes it."""
    leave(name)
    map_file(name)
    os.unlink(f"{SHM}/{name}")


def lose_open(name):
    """Makes a file, unlinks it and keeps it open."""
    make(name)
    os.unlink(f"{SHM}/{name}")


@scene("unlinked, and still in use")
def unlinked(t):
    with Member(0) as host:
        host.call(lose, "mapped")
        host.call(lose_open, "open (deleted)")
        found = rows()
        t.same({name: (row["status"], row["mapped"], row["open"], row["used"], row["pids"])
                for name, row in found.items()},
               {"/mapped": ("deleted", 1, 0, 4096, [host.pid]),
                "/open (deleted)": ("deleted", 0, 1, 4096, [host.pid])}, "both are found")
    t.same(rows(), {}, "and gone with the process")


def no_shm():
    """What looks like shared memory in /proc and is none: memfd, segment, /dev/zero, a folder."""
    MAPPINGS.append(os.memfd_create("memory"))
    MAPPINGS.append(mmap.mmap(MAPPINGS[0], 0) if os.truncate(MAPPINGS[0], 4096) else None)
    MAPPINGS.append(mmap.mmap(MAPPINGS[0], 4096))
    MAPPINGS.append(mmap.mmap(-1, 4096))
    zero = os.open("/dev/zero", os.O_RDWR)
    MAPPINGS.append(mmap.mmap(zero, 4096))
    ident = calls.shmget(0, 4096)
    calls.shmat(ident)
    calls.shm_remove(ident)


@scene("what is none")
def none(t):
    with Member(0) as host:
        host.call(no_shm)
        os.mkdir(f"{SHM}/folder")
        with open(f"{SHM}/folder/file", "w", encoding="ascii"):
            os.symlink("/etc/passwd", f"{SHM}/link")
            os.mkfifo(f"{SHM}/fifo")
            t.same(rows(), {}, "memfd, segment, /dev/zero, folder, link, fifo")
        os.unlink(f"{SHM}/folder/file")
        os.rmdir(f"{SHM}/folder")
        os.unlink(f"{SHM}/link")
        os.unlink(f"{SHM}/fifo")


@scene("names of all bytes")
def names(t):
    every = bytes(byte for byte in range(1, 256) if byte != ord("/"))
    parts = [b"a" + every[:200], b"b" + every[200:], b"sem.\x1b[31m\n", b"sem.", b"x (deleted)"]
    with Member(0) as host:
        host.call(leave, *parts)
        want = sorted((b"/" + part.removeprefix(b"sem.") if part != b"sem." else b"/sem.")
                      .replace(b"\\x", b"\\x5cx") for part in parts)
        text = tool.output("objects", "--type", "pshm,psem", "-J")
        t.ok(all(ord(c) >= 32 or c == "\n" for c in text), "nothing of them is a control character")
        got = sorted(row["name"].encode("utf-8", "surrogateescape")
                     for row in json.loads(text)["objects"])
        t.same(len(got), len(want), "all are there")
        t.ok(b"/x (deleted)" in got and b"/sem." in got, "names that look like something else",
             got)
        for form in ("-r", "-u", "-n"):
            done = tool.ipcnsctl("objects", form)
            t.ok(done.returncode == 0 and "\x1b" not in done.stdout,
                 f"{form}: no escape sequence gets out")
        for part in parts:
            os.unlink(SHM.encode() + b"/" + part)


def planted(what):
    """A /dev/shm that somebody planted."""
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    if what == "link":
        calls.mount("dev", "/dev", "tmpfs")
        os.symlink("/etc", SHM)
    elif what == "magic":
        calls.mount("dev", "/dev", "tmpfs")
        os.symlink("/proc/1/root/dev/shm", SHM)
    elif what == "dotdot":
        calls.mount("dev", "/dev", "tmpfs")
        os.symlink("../../../../run/other", SHM)
        os.mkdir("/run/other")
        calls.mount("other", "/run/other", "tmpfs")
        with open("/run/other/inside", "w", encoding="ascii"):
            pass
    elif what == "file":
        calls.mount("dev", "/dev", "tmpfs")
        with open(SHM, "w", encoding="ascii"):
            pass
    elif what == "proc":
        calls.mount("proc", SHM, "proc")
    elif what == "dev":
        calls.mount("/dev", SHM, None, calls.MS_BIND)
    elif what == "run":
        calls.mount("/run", SHM, None, calls.MS_BIND)


@scene("planted: links, other filesystems, binds of the host's")
def plants(t):
    with Member(0) as host:
        host.call(leave, "real")
        with open("/run/precious", "w", encoding="ascii"):
            pass
        for what in ("link", "magic", "dotdot", "file", "proc", "dev", "run"):
            with Member(NEW) as member:
                member.call(planted, what)
                found = rows()
                mine = sorted(name for name, row in found.items() if row["ns"] == member.inode)
                t.same(mine, sorted(f"/{name}" for name in os.listdir("/run")
                              if os.path.isfile(f"/run/{name}")) if what == "run" else [],
                       f"{what}: what the container has there")
                t.same(found["/real"]["ns"], calls.namespace_inode(), f"{what}: the host's stays")
        os.unlink(f"{SHM}/real")
        os.unlink("/run/precious")


@scene("a reader without the rights")
def rights(t):
    with Member(0) as host:
        host.call(make, "seen")
        done = tool.ipcnsctl("objects", "--type", "pshm", "-J", user=1000, group=1000)
        t.same(done.returncode, 1, "access=admin: the module refuses")
        dropped = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", "--",
                   "ipcnsctl"]
        done = subprocess.run([*dropped, "objects", "--type", "pshm", "-J", "-o",
                               "NAME,MAPPED,OPEN,PIDS"],
                              capture_output=True, encoding="utf-8", check=False)
        t.ok(done.stderr.count("\n") == 1 and "not all of /dev/shm" in done.stderr,
             "without CAP_SYS_PTRACE: one line says so", done.stderr)
        t.same([(row["mapped"], row["open"], row["pids"])
                for row in json.loads(done.stdout)["objects"]], [(None, None, None)],
               "who uses it is unknown, not nobody")
        done = subprocess.run([*dropped, "objects"], capture_output=True, encoding="utf-8",
                              check=False)
        t.same((done.returncode, done.stderr.count("\n"), "/dev/shm" in done.stderr,
                "seen" in done.stdout), (0, 1, True, False),
               "all kinds: without these, and one line says so")
        done = subprocess.run([*dropped, "check", "--type", "pshm"], capture_output=True,
                              encoding="utf-8", check=False)
        t.ok(done.stderr.count("\n") == 1 and "/dev/shm" in done.stderr,
             "check: one line says that they were not looked at", done)
        done = subprocess.run([*dropped, "list", "-r", "-o", "PSHM,PSHMBYTES"],
                              capture_output=True, encoding="utf-8", check=False)
        t.same(set(done.stdout.splitlines()[1:]), {"- -"}, "sums are unknown, not 0")
        unit = ["setpriv", "--reuid", "999", "--regid", "999", "--clear-groups", "--no-new-privs",
                *(f"--{sort}=-all,+sys_admin,+sys_ptrace,+dac_read_search"
                  for sort in ("inh-caps", "ambient-caps", "bounding-set")), "--", "ipcnsctl"]
        for words in (["objects", "--type", "pshm,psem", "-J"], ["list", "-r", "-o", "PSHMBYTES"]):
            done = subprocess.run(
                ["unshare", "--mount", "--net", "sh", "-ec",
                 'mount -t proc -o hidepid=invisible proc /proc; exec "$@"', "sh", *unit, *words],
                capture_output=True, encoding="utf-8", check=False)
            t.same((done.returncode, done.stderr, done.stdout), (0, "", tool.output(*words)),
                   f"{words[0]}: what units may do shows all that root sees")
        os.unlink(f"{SHM}/seen")


@scene("usage")
def usage(t):
    for args, part in ((("--type", "pshm", "--key", "1"), "no key"),
                       (("--type", "psem", "--id", "1"), "--id"),
                       (("--type", "pshm", "--attached"), "shm only"),
                       (("--type", "posix"), "pshm or psem")):
        done = tool.ipcnsctl("objects", *args)
        t.ok(done.returncode == 1 and part in done.stderr, " ".join(args), done.stderr)


def fill(n):
    """A /dev/shm of its own with n files."""
    own_shm()
    for number in range(n):
        os.close(os.open(f"{SHM}/f{number}", os.O_CREAT | os.O_RDWR))


def timed(*args):
    """Seconds of processor time, memory in bytes, and the output of a call."""
    with subprocess.Popen(["ipcnsctl", *args], stdout=subprocess.PIPE) as process:
        text = process.stdout.read()
        _, status, usage_ = os.wait4(process.pid, 0)
        process.returncode = status
    return usage_.ru_utime + usage_.ru_stime, usage_.ru_maxrss << 10, text.decode()


@scene("many containers, and many files")
def many(t):
    members = [Member(NEW) for _ in range(CONTAINERS)]
    for member in members:
        member.call(fill, FILES)
    seconds, memory, text = timed("objects", "--type", "pshm", "-r", "-n")
    t.same(text.count("\n"), CONTAINERS * FILES, f"{CONTAINERS} containers of {FILES} files")
    t.note(f"{seconds:.2f} s of processor time, {memory >> 20} MiB")
    t.ok(seconds <= 20 * PACE, "soon", seconds)
    t.ok(memory <= 64 << 20, "in bounded memory", memory)
    for member in members:
        member.end()
    with Member(NEW) as member:
        member.call(fill, MANY)
        seconds, memory, text = timed("objects", "--type", "pshm", "-r", "-n")
        t.same(text.count("\n"), MANY, f"{MANY} files in one")
        t.note(f"{seconds:.2f} s of processor time, {memory >> 20} MiB")
        t.ok(seconds <= 10 * PACE, "soon", seconds)


def come_and_go(seconds):
    """Containers with a /dev/shm of their own that begin and end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pid = os.fork()
        if not pid:
            calls.unshare(NEW)
            fill(3)
            os._exit(0)
        os.waitpid(pid, 0)


def sized_shm(options):
    """Mounts a /dev/shm with these options."""
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    calls.mount("shm", SHM, "tmpfs", 0, options)


def use_of_shm():
    """(size, bytes in use) as df(1) has them."""
    found = os.statvfs(SHM)
    return found.f_blocks * found.f_frsize, (found.f_blocks - found.f_bfree) * found.f_frsize


def shm_limits(*args):
    """{namespace: (limit, used, percent)} of the rows about /dev/shm."""
    return {int(row["description"].rpartition(" ")[2]): (row["limit"], row["used"], row["use%"])
            for row in tool.rows("limits", *args) if row["resource"] == "DEVSHM"}


@scene("a /dev/shm that is full")
def full_shm(t):
    with Member(NEW) as small, Member(NEW) as other, Member(NEW) as unlimited:
        small.call(sized_shm, "size=1M")
        other.call(sized_shm, "size=10M")
        unlimited.call(sized_shm, "size=0")
        small.call(leave, "a", "b")
        mark = f" {small.inode}"
        for name, size, found in (("most", 700 << 10, None), ("nearly", 200 << 10, "warn"),
                                  ("rest", 116 << 10, "crit")):
            small.call(os.close, small.call(make, name, size, size))
            limit, used = small.call(use_of_shm)
            percent = shm_limits(small.inode)[small.inode][2]
            t.same(shm_limits(small.inode)[small.inode][:2], (limit, used), f"{used} of {limit}")
            t.ok(abs(percent - 100 * used / limit) < 0.1, f"{percent} %", 100 * used / limit)
            rows = [row for row in json.loads(tool.ipcnsctl("check", "-J").stdout)["findings"]
                    if row["check"] == "limit" and row["ns"] == small.inode]
            t.same([row["severity"] for row in rows], [found] if found else [], "check")
        t.same(rows[0]["what"], "/dev/shm: 1M of 1M in use", "what it says")
        t.same(rows[0]["more"], "ipcnsctl objects --type pshm,psem --sort -USED" + mark, "and more")
        largest = tool.rows("objects", "--type", "pshm,psem", "--sort", "-USED", "-o",
                            "NAME,USED", small.inode)[0]
        t.same((largest["name"], largest["used"]), ("/most", 700 << 10), "which shows the largest")
        host = {calls.namespace_inode(1, "ipc")} if os.path.ismount(SHM) else set()
        t.same(set(shm_limits()), {small.inode, other.inode} | host, "all that have a size")
        t.same(shm_limits("--above", 80), {small.inode: (1 << 20, 1 << 20, 100)}, "--above")
        t.same(set(shm_limits(other.inode)), {other.inode}, "of one namespace")
        t.same(shm_limits(unlimited.inode), {}, "without a size")


@scene("containers that vanish meanwhile")
def vanish(t):
    with Member(0) as member:
        member.start(come_and_go, 5 if QUICK else 15)
        deadline = time.monotonic() + (4 if QUICK else 14)
        bad = []
        while time.monotonic() < deadline:
            done = tool.ipcnsctl("objects", "--type", "pshm", "-J")
            if done.returncode or done.stderr:
                bad.append(done.stderr)
        t.same(bad, [], "no error, nothing on stderr")
        member.result()


if __name__ == "__main__":
    main()
