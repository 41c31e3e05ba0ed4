#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Programs of Debian: what they use stays, what they leave is found; and what fleets run."""

import contextlib
import fcntl
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest"))

# pylint: disable=wrong-import-position
from lib import calls, tool, witness
from lib.member import Member, sleeping
from lib.tap import PACE, main, scene, until

ROOT = os.environ["PROGRAMS"]
STARTED = []
NR_PPOLL = 271
LAUNCH = 300        # seconds in which a program answers that has begun, on the emulator


def enter(shm):
    """The caller sees the Debian of ROOT, with a /dev/shm of its own or the guest's."""
    calls.mount("none", "/", None, calls.MS_REC | calls.MS_PRIVATE)
    for name in ("dev", "run", "sys"):
        calls.mount(f"/{name}", f"{ROOT}/{name}", None, calls.MS_BIND | calls.MS_REC)
    if shm:
        calls.mount("shm", f"{ROOT}/dev/shm", "tmpfs", data="mode=1777")
    calls.mount("proc", f"{ROOT}/proc", "proc")
    calls.mount("tmp", f"{ROOT}/tmp", "tmpfs", data="mode=1777")
    os.chroot(ROOT)
    os.chdir("/")
    with open("/tmp/log", "wb"):
        os.chmod("/tmp/log", 0o666)


def identity(user):
    """Arguments of Popen() for a user of the Debian there."""
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def start(user, *argv, **env):
    """Begins a program as a user; its pid."""
    with open("/tmp/log", "ab") as log:
        # pylint: disable-next=consider-using-with
        STARTED.append(subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/tmp", **env}, **identity(user)))
    return STARTED[-1].pid


def run(user, *argv):
    """Runs a program as a user: (exit status, output)."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
                          cwd="/tmp", env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/tmp"},
                          **identity(user))
    return done.returncode, done.stdout


def reap():
    """Waits for all that was begun; their exit statuses."""
    return [STARTED.pop().wait() for _ in list(STARTED)]


def shared_memory():
    """Names in /dev/shm."""
    return sorted(os.listdir("/dev/shm"))


def log():
    """What the programs have said."""
    with open("/tmp/log", encoding="utf-8", errors="replace") as file:
        return file.read()[-2000:]


@contextlib.contextmanager
def box(t, shm=True):
    """A process in the Debian of ROOT, in namespaces of its own; its programs end with it."""
    with Member(calls.CLONE_NEWNS | (calls.CLONE_NEWIPC if shm else 0)) as member:
        member.call(enter, shm)
        try:
            yield member
        except Exception:
            t.note(*member.call(log).splitlines())
            raise
        finally:
            if shm:
                kill(member)
            else:
                member.call(end_started)


def end_started():
    """Ends what was begun."""
    for program in STARTED:
        program.kill()
    reap()


def programs(member):
    """Processes in the namespace but the one that begins them."""
    return witness.members().get(member.inode, set()) - {member.pid}


def kill(member, pids=None):
    """Kills programs with SIGKILL, and waits until they are gone."""
    for pid in pids or programs(member):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not pids:
        member.call(reap)
        until(lambda: not programs(member), "all have ended", 60)


def orphans(member):
    """{(type, id or name)} of what nobody uses there."""
    return {(row["type"], row["key"] if row["type"] in ("pshm", "psem") else row["id"])
            for row in tool.rows("objects", "--orphans", "--output-all", member.inode)}


def objects(member, *kinds):
    """What there is by /proc/sysvipc and the folder itself, in the form of orphans()."""
    found = {(kind, row[f"{name}id"]) for kind, name in (("shm", "shm"), ("sem", "sem"))
             for row in witness.sysvipc(member.pid, kind) if kind in kinds}
    return found | {("pshm", f"/{name}") for name in member.call(shared_memory) if "pshm" in kinds}


def sweep(member, *args):
    """rm --orphans --force: the lines that say what was removed."""
    done = tool.ipcnsctl("rm", "--orphans", "--force", *args, member.inode)
    return [line for line in done.stdout.splitlines() if line.startswith("removed ")]


def spared(t, member, answers, name):
    """What living programs use is neither found nor removed."""
    time.sleep(1.1)
    before = objects(member, "shm", "sem", "pshm")
    t.ok(before, f"{name}: it has objects", before)
    t.same(sweep(member, "--older-than", "1 s"), [], f"{name}: rm --orphans removes none")
    t.same(objects(member, "shm", "sem", "pshm"), before, f"{name}: they stay")
    t.ok(answers(), f"{name}: and it goes on")


POSTGRES, DATA = "/usr/lib/postgresql/15/bin", "/tmp/data"


def postgres_start(member):
    """Begins the server."""
    member.call(start, "postgres", f"{POSTGRES}/postgres", "-D", DATA, "-c", "listen_addresses=",
                "-c", "unix_socket_directories=/tmp", "-c", "jit=off")


def postgres_ask(member, text):
    """What the server answers to a statement, or None."""
    status, out = member.call(run, "postgres", f"{POSTGRES}/psql", "-h", "/tmp", "-d", "postgres",
                              "-AtXc", text)
    return None if status else out.strip()


@scene("PostgreSQL, killed with SIGKILL and started again")
def postgres(t):
    with box(t) as member:
        status, out = member.call(run, "postgres", f"{POSTGRES}/initdb", "-D", DATA, "-A", "trust",
                                  "-N", "-E", "UTF8", "--locale=C")
        t.ok(status == 0, "initdb", out)
        answers = lambda: postgres_ask(member, "select 6 * 7") == "42"
        postgres_start(member)
        until(answers, "it answers", LAUNCH)
        postgres_ask(member, "create table kept as select 7 as value")
        t.same(orphans(member), set(), "alive: no orphans")
        spared(t, member, answers, "alive")

        segment, = objects(member, "shm")
        postmaster = next(row["cpid"] for row in witness.sysvipc(member.pid, "shm"))
        child = max(programs(member) - {postmaster})
        os.kill(child, signal.SIGSTOP)
        kill(member, [postmaster])
        member.call(reap)
        until(lambda: programs(member) == {child}, "one process is left, which is stopped", LAUNCH)
        t.same([row["nattch"] for row in witness.sysvipc(member.pid, "shm")], [1],
               "/proc/sysvipc/shm: it has the segment attached")
        t.same(orphans(member), set(), "the server killed, one of its processes stopped: none")
        postgres_start(member)
        t.same(member.call(reap), [1], "nor does it start")
        t.contains(member.call(log), "is still in use", "which it says")
        kill(member, [child])
        until(lambda: not programs(member), "that one has ended")

        left = objects(member, "shm", "pshm")
        t.ok(segment in left, "killed: its segment is left", left)
        t.same(orphans(member), left, "which is an orphan, as is what it has in /dev/shm")
        postgres_start(member)
        until(answers, "it answers again", LAUNCH)
        t.same(orphans(member) & objects(member, "shm"), set(), "started again: no segment is one")
        used = {("shm", row["shmid"]) for row in witness.sysvipc(member.pid, "shm")
                if row["nattch"]}
        t.same(objects(member, "shm"), used, "for it removes what it had, as ipcs shows")

        sweep(member, "--older-than", "1 s")
        t.ok(answers(), "what it uses now is not touched")
        kill(member)
        left = objects(member, "shm", "pshm")
        t.same(orphans(member), left, "killed again: all that is left are orphans")
        t.same(len(sweep(member)), 1, "--force removes the segment")
        t.same(objects(member, "shm"), set(), "as ipcs shows")
        time.sleep(1.1)
        sweep(member, "--older-than", "1 s")
        t.same(objects(member, "shm", "pshm"), set(), "and --older-than what is in /dev/shm")
        postgres_start(member)
        until(answers, "it answers once more", LAUNCH)
        t.same(postgres_ask(member, "select value from kept"), "7", "with its data")


HTTPD = """ServerRoot /usr
ServerName guest
Listen /8080
Listen /8081
PidFile /tmp/httpd.pid
ErrorLog /tmp/httpd.log
LoadModule mpm_prefork_module lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module lib/apache2/modules/mod_authz_core.so
Mutex sysvsem default
StartServers 3
DocumentRoot /tmp
"""


def write(path, text):
    """Writes a file."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def loopback():
    """The interface is up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sH14x", b"lo", 1))   # SIOCSIFFLAGS, IFF_UP


def fetch(url):
    """The text of a page, or None."""
    try:
        with urllib.request.urlopen(url, timeout=30 * PACE) as answer:
            return answer.read().decode()
    except OSError as error:
        return "" if getattr(error, "code", 0) else None


@scene("Apache with semaphores, killed with SIGKILL and started again")
def apache(t):
    loopback()
    with box(t) as member:
        member.call(write, "/tmp/httpd.conf", HTTPD.replace("/808", "127.0.0.1:808"))
        begin = lambda: member.call(start, "www-data", "/usr/sbin/apache2", "-DFOREGROUND", "-f",
                                    "/tmp/httpd.conf")
        answers = lambda: fetch("http://127.0.0.1:8080/") is not None
        begin()
        until(answers, "it answers", LAUNCH)
        first = objects(member, "sem")
        t.same(orphans(member), set(), "alive: no orphans")
        spared(t, member, answers, "alive")
        kill(member)
        t.same((objects(member, "sem"), orphans(member)), (first, first),
               "killed: its sets are left, which are orphans")
        begin()
        until(answers, "it answers again", LAUNCH)
        both = objects(member, "sem")
        t.ok(both > first, "started again: it has made others", both)
        t.same(orphans(member), first, "the former ones are the orphans")
        t.same(sweep(member, "--older-than", "1 s"), [], "they stay: its user has processes there")
        t.ok(answers(), "it goes on")
        kill(member)
        time.sleep(1.1)
        t.same(len(sweep(member, "--older-than", "1 s")), len(both), "all ended: all are removed")
        t.same(objects(member, "sem"), set(), "as ipcs shows")


MPI = """import ctypes, time
library = ctypes.CDLL("libmpi.so.40", mode=ctypes.RTLD_GLOBAL)
library.MPI_Init(None, None)
time.sleep(1000)
"""


@scene("an OpenMPI program that is killed")
def openmpi(t):
    loopback()
    with box(t) as member:
        member.call(write, "/tmp/program.py", MPI)
        member.call(start, "www-data", "/usr/bin/mpirun", "--oversubscribe", "-np", "2",
                    "--mca", "btl", "self,vader", "--mca", "plm_rsh_agent", "/bin/true",
                    "/usr/bin/python3", "/tmp/program.py")
        until(lambda: len(member.call(shared_memory)) >= 2, "both ranks have shared memory",
              LAUNCH)
        time.sleep(2)
        t.same(orphans(member), set(), "alive: no orphans")
        spared(t, member, lambda: len(programs(member)) >= 3, "alive")
        kill(member)
        left = objects(member, "pshm")
        t.ok(left, "killed: files are left in /dev/shm", left)
        t.same(orphans(member), left, "which are orphans")
        time.sleep(1.1)
        t.same(len(sweep(member, "--older-than", "1 s")), len(left), "and are removed")
        t.same(member.call(shared_memory), [], "as ls shows")


def shown(begins):
    """What Documentation/fleet.md shows that begins like this."""
    text = pathlib.Path("/root/fleet.md").read_text(encoding="utf-8")
    return next(block for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S)
                if block.startswith(begins))


def configure():
    """The files for Prometheus as they are shown, on this machine, where time passes faster."""
    config = shown("rule_files:")
    config = re.sub(r"\w+\.example\.org", "127.0.0.1", config)
    config = config.replace("scrape_interval: 30s", "scrape_interval: 1s")
    with open("/root/prometheus/ipcns.rules.yml", encoding="utf-8") as file:
        rules = re.sub(r"for: \w+", "for: 2s", file.read()).replace("[1h]", "[1m]")
    return f"global:\n  evaluation_interval: 1s\n{config}", rules


def query(path, **words):
    """What Prometheus answers, or nothing."""
    text = fetch(f"http://127.0.0.1:9090/api/v1/{path}?{urllib.parse.urlencode(words)}")
    return json.loads(text)["data"] if text else {}


def firing():
    """(alert, instance, kind) of all alerts that fire."""
    return {(alert["labels"]["alertname"], alert["labels"].get("instance"),
             alert["labels"].get("kind")) for alert in query("alerts").get("alerts", ())
            if alert["state"] == "firing"}


def leak():
    """Segments that nobody uses any more."""
    for _ in range(20):
        calls.shmget(0, 4096)


@scene("Prometheus scrapes metrics --listen, and an alert is about a leak")
def prometheus(t):
    loopback()
    config, rules = configure()
    with box(t, shm=False) as member, Member() as home, subprocess.Popen(
            ["ipcnsctl", "metrics", "--listen", "127.0.0.1:9187"]) as exporter:
        member.call(write, "/tmp/prometheus.yml", config)
        member.call(write, "/tmp/ipcns.rules.yml", rules)
        member.call(start, "nobody", "/usr/bin/prometheus", "--config.file=/tmp/prometheus.yml",
                    "--storage.tsdb.path=/tmp/tsdb", "--web.listen-address=127.0.0.1:9090")
        instance = "127.0.0.1:9187"
        up = f'up{{instance="{instance}"}} == 1'
        until(lambda: query("query", query=up).get("result"), "it scrapes", LAUNCH)
        objects_there = f'ipcns_objects{{kind="shm",instance="{instance}"}}'
        until(lambda: query("query", query=objects_there).get("result"), "it has metrics", 60)
        time.sleep(5)
        t.same({alert for alert in firing() if alert[1] == instance}, set(), "no alert fires")
        with Member(join=home.pid) as maker:
            maker.call(leak)
        alert = ("IpcLeak", instance, "shm")
        until(lambda: alert in firing(), "the alert fires", LAUNCH)
        t.same({found for found in firing() if found[1] == instance}, {alert},
               "20 segments leak: the alert about leaks fires, and no other")
        exporter.terminate()
        t.same(exporter.wait(60), 0, "the exporter ends")


def uploading():
    """The configuration of systemd-journal-upload as it is shown, for this machine."""
    return re.sub(r"https://[\w.]+", "http://127.0.0.1", shown("[Upload]"))


@scene("systemd-journal-remote gets the monitor's events with their fields")
def journal(t):
    loopback()
    with box(t, shm=False) as member:
        write_id = lambda path: member.call(write, path, "0123456789abcdef0123456789abcdef\n")
        write_id("/etc/machine-id")
        member.call(os.makedirs, "/run/log/journal", exist_ok=True)
        member.call(write, "/etc/systemd/journal-upload.conf", uploading())
        member.call(start, "root", "/lib/systemd/systemd-journald")
        until(lambda: os.path.exists("/run/systemd/journal/socket"), "journald listens", LAUNCH)
        member.call(start, "root", "/lib/systemd/systemd-journal-remote",
                    "--listen-http=127.0.0.1:19532", "--output=/tmp/all.journal",
                    "--split-mode=none")
        with subprocess.Popen(["ipcnsctl", "monitor", "--journald", "--events",
                               "ns.dying,ns.destroyed"]) as monitor:
            until(lambda: sleeping(monitor.pid) == NR_PPOLL, "it listens", 60)
            with Member() as home:
                inode = home.inode
                home.call(calls.shmget, 1, 4096)
            member.call(start, "root", "/lib/systemd/systemd-journal-upload",
                        "--save-state=/tmp/uploaded", "-D", "/run/log/journal")
            words = ["/usr/bin/journalctl", "-q", "--file=/tmp/all.journal", "-o", "json",
                     "IPCNS_OBJECT=ns", "IPCNS_EVENT=destroyed", f"IPCNS_NS={inode}"]
            entries = until(lambda: member.call(run, "root", *words)[1].strip().startswith("{") and
                            member.call(run, "root", *words)[1], "the event arrives", LAUNCH)
            monitor.terminate()
            monitor.wait(60)
        entry, = [json.loads(line) for line in entries.splitlines()]
        t.same({name: entry.get(name) for name in ("IPCNS_NS", "IPCNS_SHM", "_COMM")},
               {"IPCNS_NS": str(inode), "IPCNS_SHM": "1", "_COMM": "ipcnsctl"},
               "with its fields, from the monitor")


if __name__ == "__main__":
    main()
