#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# guest: timeout=360 sanitize
"""ipcnsctl at the shell: forms of NS, filters, table options, errors, awkward outputs."""

import json
import os
import signal
import subprocess

import reload
from lib import calls, compare, tool, witness
from lib.member import Member, end, sleeper
from lib.tap import PACE, main, scene

MISSING = 'ipcnsctl: module not loaded: try "modprobe ipcns"'


def furnish(first=1, count=3):
    """Some objects of each kind."""
    for key in range(first, first + count):
        calls.shmget(key, 5000)
        calls.semget(key, 2)
        calls.msgget(key)
        os.close(calls.mq_open(b"queue-%d" % key, 1, 10))


def fails(t, words, status, name, part=""):
    """A call that must print nothing but one line on stderr."""
    done = tool.ipcnsctl(*words)
    return t.ok((done.returncode, done.stdout, len(done.stderr.splitlines())) == (status, "", 1)
                and part in done.stderr, name, f"exit {done.returncode}, want {status}",
                f"stdout {done.stdout!r:.300}", f"stderr {done.stderr!r:.300}, want {part!r} in it")


@scene("every form of NS")
def forms(t):
    path = "/run/form-of-namespace"
    with open(path, "wb"):
        pass
    with Member() as member, Member() as other:
        member.call(furnish)
        inode = member.inode
        calls.mount(f"/proc/{member.pid}/ns/ipc", path, None, calls.MS_BIND)
        fd = calls.namespace_fd(member.pid)
        nsid = tool.namespace(inode)["nsid"]
        for form in (inode, f"ipc:[{inode}]", f"id={nsid}", f"pid={member.pid}", path,
                     f"/proc/{member.pid}/ns/ipc", f"/proc/{os.getpid()}/fd/{fd}"):
            t.same([(row["ns"], row["nsid"]) for row in tool.rows("list", "-o", "NS,NSID", form)],
                   [(inode, nsid)], f"list {form}")
            t.same({row["ns"] for row in tool.rows("objects", form)}, {inode}, f"objects {form}")
            # limits of users have no namespace
            t.same({row["ns"] for row in tool.rows("limits", form)} - {None}, {inode},
                   f"limits {form}")
            t.contains(tool.output("show", form), str(inode), f"show {form}")
        t.same({row["ns"] for row in tool.rows("list", other.inode, f"pid={member.pid}")},
               {other.inode, inode}, "two of them")
        t.same([row["ns"] for row in tool.rows("list", inode, f"id={nsid}")], [inode],
               "the same one named twice is shown once")
        t.same(json.loads(tool.ipcnsctl("-J").stdout)["namespaces"][0].keys(),
               tool.rows("list")[0].keys(), "no command means list")
        t.same(json.loads(tool.ipcnsctl("-J", "-b", "limits", inode).stdout),
               json.loads(tool.ipcnsctl("limits", "-J", "-b", inode).stdout),
               "options before the command")
        fails(t, ["-o", "NS", "limits"], 1, "no argument of an option is a command", "limits")
        fails(t, ["-J", "--", "limits"], 1, "nor what is behind --", "limits")

        gone = sleeper()
        end(gone)
        for form in ("4294967280", "ipc:[4294967280]", "id=999999999999", f"pid={gone.pid}",
                     "/run/absent", "/proc/1/ns/net", "/etc/passwd", "/proc", "abc", "id=0",
                     "id=", "id=abc", "pid=0", "pid=-1", "pid=", "ipc:[abc]", "ipc:[1",
                     "net:[4026531840]", "", "-1", "99999999999999999999",
                     f"{inode}x", f" {inode}"):
            fails(t, ["list", "--", form], 1, f"list {form!r}: exit 1, one line")
        for command in ("objects", "show", "limits"):
            for form in ("4294967280", "id=999999999999", "/proc/1/ns/net", "abc"):
                fails(t, [command, form], 1, f"{command} {form!r}: exit 1, one line")
        fails(t, ["list", inode, "4294967280"], 1, "a wrong one among right ones", "4294967280")
        os.close(fd)
    calls.umount(path)
    os.unlink(path)


def move(pid, group):
    """Puts a process into a control group, which is made."""
    os.makedirs(f"/sys/fs/cgroup/{group}", exist_ok=True)
    with open(f"/sys/fs/cgroup/{group}/cgroup.procs", "w", encoding="utf-8") as procs:
        procs.write(str(pid))


@scene("a namespace by the name of its unit")
def units(t):
    if not os.path.exists("/sys/fs/cgroup/cgroup.procs"):
        t.skip("names of units", "no cgroup2 here")
        return
    number = "0123456789abcdef" * 4
    with Member() as web, Member() as job, Member() as one, Member() as two, \
            Member(join=one.pid) as inner, sleeper() as service:
        want = {"lxc.payload.web01/system.slice/cron.service": (web, "lxc:web01/cron.service"),
                "system.slice/slurmstepd.scope/job_42/step_0": (job, "slurm:42"),
                f"system.slice/docker-{number}.scope": (one, "docker:0123456789ab"),
                f"system.slice/docker-{number}.scope/a.service": (
                    two, "docker:0123456789ab/a.service"),
                "system.slice/inner.service": (inner, None),
                "system.slice/db.service": (service, None)}
        for group, (member, _) in want.items():
            # Control is with the leaves, unless there are no controllers.
            move(member.pid, group)
        found = tool.namespaces()
        for member, name in list(want.values()):
            if name:
                t.same(found[member.inode]["unit"], name, f"UNIT: {name}")
        host = calls.namespace_inode(os.getpid())
        for name, inode in (("lxc:web01/cron.service", web.inode), ("lxc:", web.inode),
                            ("slurm:42", job.inode), ("s", job.inode),
                            ("docker:0123456789ab", one.inode),
                            ("docker:0123456789ab/", two.inode),
                            ("inner.service", one.inode), ("db.serv", host)):
            for command in ("list", "limits"):
                t.same({row["ns"] for row in tool.rows(command, f"unit={name}")} - {None},
                       {inode}, f"{command} unit={name}")
        t.contains(tool.output("show", "unit=slurm:42"), str(job.inode), "show unit=")
        t.same({row["ns"] for row in tool.rows("holders", "-o", "NS,UNIT", "unit=lxc:web")},
               {web.inode}, "holders unit=")
        t.same([row["unit"] for row in tool.rows("holders", "-o", "NS,UNIT", "unit=lxc:web")
                if row["unit"]], ["lxc:web01/cron.service"], "and UNIT of a holder")
        t.same(subprocess.run(["ipcnsctl", "exec", "unit=slurm", "--", "readlink",
                               "/proc/self/ns/ipc"], capture_output=True, encoding="utf-8",
                              check=False).stdout, f"ipc:[{job.inode}]\n", "exec unit=")
        t.same(tool.ipcnsctl("wait", "-t", "0", "unit=slurm").returncode, 124, "wait unit=")
        fails(t, ["list", "unit=docker:"], 1, "two that it could mean", "docker:0123456789ab")
        fails(t, ["list", "unit=no-such"], 1, "nothing that it could mean", "no-such")
        fails(t, ["show", "unit="], 1, "no name", "UNIT")
        fails(t, ["show", "db.service"], 1, "a unit without unit=", "unit=db.service")
        end(service)


@scene("filters of objects")
def filters(t):
    with Member() as member, Member() as other:
        member.call(furnish)
        other.call(furnish, 2)
        other.call(calls.shm_chown, 0, 1000, 1000)
        other.call(calls.msg_chown, 1, 1000, 1000)
        other.call(calls.sem_chown, 2, 4321, 4321)
        ours = {member.inode, other.inode}

        def found(*words, only=True):
            kind = words[words.index("--type") + 1] if "--type" in words else ""
            one = kind if kind in tool.COLUMNS else None
            table = tool.rows("objects", *words, *(ours if only else ()))
            return [(row["ns"], one or row["type"], row["name" if one == "mq" else "key"])
                    for row in table]

        everything = found()
        t.same(len(everything), 24, "without a filter, all 24")
        for kinds in ("shm", "sem", "msg", "mq", "shm,mq", "mq,msg,sem,shm"):
            t.same(sorted(found("--type", kinds)),
                   sorted(row for row in everything if row[1] in kinds.split(",")),
                   f"--type {kinds}")
        want = sorted(row for row in everything if row[2] == "0x00000003")
        t.same(len(want), 6, "two namespaces have key 3")
        for key in ("3", "0x3", "0x00000003"):
            t.same(sorted(found("--key", key)), want, f"--key {key}")
            t.same(sorted(found("--key", key, only=False)), want, f"--key {key} in all")
        t.same(found("--key", "0x77777777", only=False), [], "--key of nothing")
        t.same(found("--key", "3", "--type", "sem", member.inode, only=False),
               [(member.inode, "sem", "0x00000003")], "--key and --type and NS together")
        user = sorted([(other.inode, "shm", "0x00000002"), (other.inode, "msg", "0x00000003")])
        t.same(sorted(found("--owner", "user", only=False)), user, "--owner by name")
        t.same(sorted(found("--owner", "1000", only=False)), user, "--owner by number")
        t.same(found("--owner", "4321"), [(other.inode, "sem", "0x00000004")],
               "--owner without a name")
        t.same(len(found("--owner", "root")), 21, "--owner root")
        t.same(found("--owner", "nobody"), [], "--owner of nothing")
        t.same([row["semnum"] for row in tool.elements(2, other.inode)], [0, 1],
               "--id of a set shows its elements")
        row, = tool.rows("objects", "--type", "shm", "--id", 0, other.inode)
        t.same((row["ns"], row["id"], row["owner"]), (other.inode, 0, "user"),
               "--id of another kind shows that object")


@scene("keys and identifiers as people have them")
def keys_and_ids(t):
    with Member() as member:
        member.call(calls.shmget, -312665544, 100)
        member.call(calls.semget, 0o1234, 3)
        for _ in range(3):
            ident = member.call(calls.msgget, calls.IPC_PRIVATE)
        member.call(calls.mq_open, b"by-number", 1, 10)
        shm, = witness.sysvipc(member.pid, "shm")
        t.same(shm["key"], -312665544, "the kernel shows keys with a sign")
        for key in ("-312665544", "3982301752", "0xed5d1a38", "0XED5D1A38", "035527215070"):
            t.same([(row["type"], row["id"]) for row in
                    tool.rows("objects", "--key", key, member.inode)], [("shm", shm["shmid"])],
                   f"--key {key}")
        for key in ("01234", "668", "0x29c"):
            t.same([row["type"] for row in tool.rows("objects", "--key", key, member.inode)],
                   ["sem"], f"--key {key}")

        t.same(json.loads(tool.output("objects", "-J", "--id", ident))["objects"][0]["id"], ident,
               "an identifier that one object has needs neither kind nor namespace")
        row, = tool.rows("objects", "--type", "mq", "-o", "NAME,ID", member.inode)
        data = json.loads(tool.output("objects", "-J", "--id", row["id"]))
        t.same(data["objects"][0]["name"], "/by-number", "so does the number of a POSIX queue")
        t.ok("waiters" in data, "which is shown with all its parts", data)
        fails(t, ["objects", "--id", "0"], 1, "one that several have", "choose by --type and NS")
        fails(t, ["objects", "--id", "0", member.inode], 1, "in one namespace, too", "ambiguous")
        fails(t, ["objects", "--id", "77777777"], 1, "one that none has", "no object with id")
        data = json.loads(tool.output("objects", "-J", "--id", "0", "--type", "sem"))
        t.same(len(data["elements"]), 3, "a kind is enough where one set has it")


def use_everything(mine):
    """What a process can have to do with objects; the sets, segments and queues of @mine."""
    calls.semget(0x51, 1)
    made = calls.shmget(0x52, 100)
    calls.shmat(mine["shm"])
    calls.semctl(mine["sem"], 1, calls.SETVAL, 1)
    calls.semop(mine["undo"], (0, 1, calls.SEM_UNDO))
    calls.msgsnd(mine["msg"], b"text")
    calls.mq_open(b"opened", 1, 10)
    return made


@scene("what one process has to do with objects")
def of_process(t):
    with Member() as member, Member(join=member.pid) as user, Member(join=member.pid) as other:
        mine = {"shm": member.call(calls.shmget, 1, 100), "sem": member.call(calls.semget, 2, 3),
                "undo": member.call(calls.semget, 3, 1), "wait": member.call(calls.semget, 4, 1),
                "msg": member.call(calls.msgget, 5), "full": member.call(calls.msgget, 6)}
        member.call(calls.mq_open, b"closed", 1, 10)
        number = user.pid
        made = user.call(use_everything, mine)
        user.start(calls.semop, mine["wait"], (0, -1))
        user.sleeps_in(calls.NR_SEMTIMEDOP)
        other.start(calls.msgrcv, mine["full"])
        other.sleeps_in(calls.NR_MSGRCV)

        def uses(pid, *words):
            return {(row["type"], row["id"] if row["type"] != "mq" else row["key"]):
                    set(row["use"]) - {"created"}
                    for row in tool.rows("objects", "--pid", pid, "-o", "TYPE,ID,KEY,USE",
                                         *words, member.inode)}

        want = {("shm", mine["shm"]): {"attached", "changed"}, ("sem", mine["sem"]): {"changed"},
                ("sem", mine["undo"]): {"changed", "undo"}, ("sem", mine["wait"]): {"waits"},
                ("msg", mine["msg"]): {"changed"}, ("mq", "/opened"): {"open"},
                ("shm", made): set()}
        found = uses(user.pid)
        t.same({key: found.get(key) for key in want}, want, "each use is found")
        t.same(set(found) - set(want), {("sem", max(key[1] for key in found
                                                    if key[0] == "sem"))},
               "and nothing else but the set that it made")
        t.same(uses(other.pid), {("msg", mine["full"]): {"waits"}}, "another one only waits")
        t.same(tool.rows("objects", "--pid", 4194303), [], "a process that never was uses nothing")
        t.same([row["id"] for row in tool.rows("objects", "--pid", user.pid, "--type", "msg",
                                               member.inode)], [mine["msg"]], "one kind only")
        user.end()
        found = uses(number)
        t.same({key: found.get(key) for key in (("sem", mine["sem"]), ("msg", mine["msg"]),
                                                ("shm", made))},
               {("sem", mine["sem"]): {"changed"}, ("msg", mine["msg"]): {"changed"},
                ("shm", made): set()}, "it is found by its number when it is gone")


@scene("orphans: nothing attached, and the creator is gone")
def orphans(t):
    with Member() as member:
        with Member(join=member.pid) as maker:
            alone = maker.call(calls.shmget, 0x1, 100)
            used = maker.call(calls.shmget, 0x2, 100)
            member.call(calls.shmat, used)
        member.call(calls.shmget, 0x3, 100)

        def orphans_of(*words):
            return [row["id"] for row in tool.rows("objects", "--orphans", *words) if
                    row["ns"] == member.inode]

        segments = witness.sysvipc(member.pid, "shm")
        want = [row["shmid"] for row in segments
                if not row["nattch"] and not os.path.exists(f"/proc/{row['cpid']}")]
        t.same(want, [alone], "/proc/sysvipc/shm and /proc say that there is one")
        t.same(orphans_of(), want, "--orphans shows it")
        t.same(orphans_of("--type", "shm", member.inode), want, "with --type and NS, too")


@scene("columns, headings, raw, bytes")
def tables(t):
    with Member() as member:
        member.call(furnish)
        inode = member.inode
        lines = tool.output("list", "-o", "SHM,NS", inode).splitlines()
        t.same([line.split() for line in lines], [["SHM", "NS"], ["3", str(inode)]],
               "-o gives these columns in this order")
        t.same(tool.output("list", "-n", "-o", "NS,SEM", inode).split(), [str(inode), "3"],
               "-n leaves the headings out")
        t.same(tool.output("list", "-r", "-o", "NS,SEM,MQ", inode).splitlines(),
               ["NS SEM MQ", f"{inode} 3 3"], "-r has one space between")
        default = tool.output("list", inode).splitlines()[0].split()
        t.same(default, "NS STATE NPROCS PID USER SHM SEM MSG MQ SHMBYTES UNIT COMMAND".split(),
               "default columns of list")
        longer = tool.output("list", "-o", "+REFS,ONS", inode).splitlines()[0].split()
        t.same(longer, default + ["REFS", "ONS"], "-o + appends")
        t.same(tool.output("list", "-o", "ns,shm", inode).splitlines()[0].split(), ["NS", "SHM"],
               "names in lower case are fine")
        t.same(tool.output("objects", inode).splitlines()[0].split(),
               "NS TYPE KEY ID PERMS OWNER SIZE USED LINKS CTIME".split(),
               "default columns of objects")
        for kind, columns in (
                ("shm", "KEY ID PERMS OWNER SIZE NATTCH STATUS CTIME CPID LPID COMMAND"),
                ("sem", "KEY ID PERMS OWNER NSEMS"),
                ("msg", "KEY ID PERMS OWNER USEDBYTES MSGS LSPID LRPID"),
                ("mq", "NAME PERMS OWNER USEDBYTES MSGS MAXMSG MSGSIZE STATUS NOTIFYPID")):
            t.same(tool.output("objects", "--type", kind, inode).splitlines()[0].split(),
                   ["NS", *columns.split()], f"default columns of {kind}")
            every = tool.output("objects", "--type", kind, "-r", "--output-all",
                                inode).splitlines()
            t.same({len(line.split(" ")) for line in every}, {len(every[0].split(" "))},
                   f"--output-all -r of {kind}: as many cells in every line")
            t.ok(set(tool.COLUMNS[kind].split()) <= set(every[0].split(" ")),
                 f"--output-all of {kind} has all columns", every[0])
            described = tool.output("objects", "--type", kind, "-H")
            t.ok(all(any(column in line.split() for line in described.splitlines())
                     for column in every[0].split(" ")), "-H describes them", described)
        t.same(tool.output("limits", inode).splitlines()[0].split(),
               ["NS", "RESOURCE", "DESCRIPTION", "LIMIT", "USED", "USE%", "SYSCTL"],
               "columns of limits")
        sizes = [tool.output("objects", "--type", "shm", "-n", "-r", *words, "-o", "SIZE",
                             inode).split() for words in ([], ["-b"])]
        t.same(sizes, [["5000"] * 3] * 2, "raw sizes are bytes, with -b or without")
        sizes = [tool.output("objects", "--type", "shm", "-n", *words, "-o", "SIZE",
                             inode).split() for words in ([], ["-b"])]
        t.same(sizes, [["4.9K"] * 3, ["5000"] * 3], "human sizes in a table, bytes with -b")
        times = tool.output("objects", "--type", "shm", "-n", "-r", "-o", "CTIME", inode).split()
        t.same(times, [row["ctime"] for row in tool.rows("objects", "--type", "shm", "-o",
                                                         "CTIME", inode)], "raw times are iso")
        t.ok("" not in tool.output("list", "-r", "-n", "--output-all").strip("\n").replace(
            "\n", " ").split(" "), "no raw cell is empty")
        t.same(tool.output("list", "-o", "+UNIT,NS,REFS", inode).splitlines()[0].split(),
               default + ["REFS"], "-o + adds no column twice")
        raw = [dict(zip(("ns", "type", "key"), line.split())) for line in tool.output(
            "objects", "-r", "-n", "-o", "NS,TYPE,KEY", inode).splitlines()]
        t.same([{**row, "ns": int(row["ns"])} for row in raw],
               tool.rows("objects", "-o", "NS,TYPE,KEY", inode), "-r and -J tell the same")
        for form in ("iso", "full", "short"):
            t.ok(tool.output("objects", "--type", "shm", "-n", "-r", "-o", "CTIME",
                             "--time-format", form, inode).strip(), f"--time-format {form}")


@scene("memory that segments really have")
def memory(t):
    with Member() as sparse, Member() as hog:
        sparse.call(calls.shmget, 1, 1 << 24)
        hog.call(calls.fill_segment, 1 << 22)
        table = {row["ns"]: row for row in tool.rows("list", "-o", "NS,SHMRSS,SHMSWAP,SHMBYTES")}
        for member, size in ((sparse, 1 << 24), (hog, 1 << 22)):
            row, = witness.sysvipc(member.pid, "shm")
            t.same((table[member.inode]["shmrss"], table[member.inode]["shmswap"],
                    table[member.inode]["shmbytes"]), (row["rss"], row["swap"], size),
                   "SHMRSS and SHMSWAP are what /proc/sysvipc/shm says")
        t.ok(table[hog.inode]["shmrss"] >= 1 << 22, "and that is something", table[hog.inode])
        t.same(tool.rows("list", "-o", "SHMRSS", hog.inode), [{"shmrss": 1 << 22}],
               "of one namespace, too")
        text = tool.output("show", "-b", hog.inode).splitlines()
        t.ok(f"  {'Resident in memory':24}{1 << 22}" in text, "show says it", *text)


@scene("what show leaves out")
def shown(t):
    with Member() as member:
        def limits():
            lines = tool.output("show", member.inode).split("Limits", 1)[1].splitlines()[1:]
            return [line.split()[0] for line in lines]

        t.same(limits(), ["none"], "no limit of a new namespace is worth a line")
        member.call(furnish)
        t.same(limits(), ["RESOURCE", "MSGMNI", "MQUMNI", "SHMMNI", "SHMALL", "SEMMNI", "SEMMNS"],
               "those in use are")
        member.call(witness.set_sysctl, "kernel/msgmax", 10000)
        t.contains(limits(), "MSGMAX", "and what was changed")
        t.same(len(json.loads(tool.output("show", "-J", member.inode))["limits"]),
               len([row for row in tool.rows("limits", member.inode) if row["ns"]]), "JSON has all")
        sections = [line for line in tool.output("show", member.inode).splitlines()
                    if line and line[0] != " " and line.endswith(":")]
        t.same([line.split()[0].rstrip(":") for line in sections],
               ["Identity", "Creation", "State", "Holders", "Objects", "Limits"], "sections")


@scene("JSON")
def json_output(t):
    with Member() as member:
        for command, root in (("list", "namespaces"), ("objects", "objects"),
                              ("limits", "limits")):
            data = json.loads(tool.output(command, "-J"))
            t.same(list(data), [root], f"{command} -J: the root is the plural")
        t.same(json.loads(tool.output("objects", "-J", member.inode)), {"objects": []},
               "an empty list is []")
        t.same(tool.output("objects", "-r", "-n", member.inode), "", "and nothing with -r -n")
        member.call(furnish)
        row, = json.loads(tool.output("list", "-J", "--output-all", member.inode))["namespaces"]
        t.same({key: type(row[key]).__name__ for key in ("ns", "nsid", "nprocs", "pid", "shm",
                                                         "state", "created")},
               {"ns": "int", "nsid": "int", "nprocs": "int", "pid": "int", "shm": "int",
                "state": "str", "created": "str"}, "numbers are numbers")
        row = tool.namespace(calls.namespace_inode(1))
        t.same(row["creator"], None, "missing is null: the initial namespace is older")
        t.same([key for key in row if key != key.lower()], [], "keys are lower-case")
        show = json.loads(tool.output("show", "-J", member.inode))
        t.ok(show, "show -J is JSON")
        status = json.loads(tool.output("status", "-J"))
        t.ok(status, "status -J is JSON")
        t.contains(tool.output("status"), os.uname().release, "status names the kernel")


def kernel_thread(pid):
    """Whether a process has no memory, and does not wait to be collected; False if it is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
            text = status.read()
    except OSError:
        return False
    return "VmSize" not in text and "State:\tZ" not in text


@scene("processes below the namespace that they share")
def tree(t):
    with Member() as one, Member() as two, Member(join=two.pid) as three:
        found = {row["ns"]: row for row in json.loads(tool.output("list", "--tree", "-J"))[
            "namespaces"]}
        for inode, want in ((one.inode, [one.pid]), (two.inode, sorted([two.pid, three.pid]))):
            t.same([row["pid"] for row in found[inode]["processes"]], want, "its processes")
            t.same(found[inode]["pid"], want[0], "and the first of them beside it")
        t.same({row["ns"] for row in found[two.inode]["processes"]}, {None},
               "a process has no columns of a namespace")
        lines = tool.output("list", "--tree", "-o", "NS,PID,USER,COMMAND", two.inode).splitlines()
        t.same([line.split()[:2] for line in lines],
               [["NS", "PID"], [str(two.inode), "root"],
                *([str(pid), "root"] for pid in sorted([two.pid, three.pid]))], "as a table")
        t.ok(all("-" in line.split()[2] or "\u2500" in line.split()[2] for line in lines[2:]),
             "with branches", *lines)
        host = calls.namespace_inode(1)
        tree = tool.output("list", "--tree", "-o", "NS,COMMAND,PID", host)
        people = [row for row in tree.splitlines()
                  if len(row.split()) > 1 and row.split()[-1].isdigit()]
        t.ok(not [row for row in people if kernel_thread(row.split()[-1])] and
             any(row.split()[-1] == "1" for row in people), "none of the kernel's threads", *people)
        t.ok(all("-" in row.split()[0] or "\u2500" in row.split()[0] for row in people),
             "branches are at the command, wherever that is", *people)
        every = json.loads(tool.output("list", "--tree", "-J", host))["namespaces"][0]["processes"]
        t.ok(any(kernel_thread(row["pid"]) for row in every), "JSON has all")
        t.same(len(tool.output("list", "--tree", "-r", "-n", two.inode).splitlines()), 3,
               "raw lines, one for each row")
        held = os.open(f"/proc/{one.pid}/ns/ipc", os.O_RDONLY)
        inode = one.inode
    row, = json.loads(tool.output("list", "--tree", "-J", inode))["namespaces"]
    t.same((row["state"], row["processes"]), ("pinned", []), "without a process, an empty list")
    os.close(held)


@scene("usage errors")
def usage(t):
    for words in (["objects", "--type", "bogus"], ["frobnicate"], ["list", "--bogus"], ["show"],
                  ["objects", "--key", "abc"], ["objects", "--type", ""],
                  ["list", "--time-format", "bogus"], ["status", "extra"],
                  ["objects", "--id", "x"], ["objects", "--key", "08"],
                  ["objects", "--pid", "0"], ["objects", "--pid", "1", "--orphans"],
                  ["show", "1", "2"]):
        done = tool.ipcnsctl(*words)
        t.ok(done.returncode == 1 and not done.stdout and "--help" in done.stderr and
             len(done.stderr.splitlines()) == 2, f"{' '.join(words)}: exit 1, a line and a hint",
             done)
    for words in (["list", "-o", "BOGUS"], ["list", "-o", ""], ["list", "-o", "NS,,SHM"]):
        fails(t, words, 1, f"{' '.join(words)}: exit 1, one line", "--list-columns")
    fails(t, ["objects", "--owner", "no-such-user"], 1, "an unknown user", "no-such-user")
    for words in (["--help"], ["-h"], ["list", "--help"], ["objects", "-h"], ["-V"],
                  ["--version"]):
        done = tool.ipcnsctl(*words)
        t.ok(done.returncode == 0 and done.stdout and not done.stderr,
             f"{' '.join(words)}: on stdout, exit 0", done)


@scene("the module is not loaded")
def not_loaded(t):
    t.ok(reload.unload(), "unloaded")
    for words in (["list"], [], ["objects"], ["limits"], ["show", "4026531839"], ["status"],
                  ["list", "-J"], ["list", "pid=1"]):
        fails(t, words, 2, f"{' '.join(words) or 'no command'}: exit 2 and what to do", MISSING)
    t.same(tool.ipcnsctl("--help").returncode, 0, "--help does not need it")
    fails(t, ["list", "-o", "BOGUS"], 1, "a usage error is one without the module, too")
    t.ok(not reload.loaded(), "no request of root has loaded it, though modprobe works")
    reload.load()


@scene("outputs that do not take what is written")
def outputs(t):
    with Member() as member:
        member.call(witness.set_sysctl, "fs/mqueue/queues_max", 1000)
        member.call(furnish, 1, 700)
        for words in (["-r"], [], ["-J"]):
            reader, writer = os.pipe()
            with subprocess.Popen(["ipcnsctl", "objects", *words], stdout=writer,
                                  stderr=subprocess.PIPE, encoding="utf-8") as process:
                os.close(writer)
                os.read(reader, 100)
                os.close(reader)
                _, noise = process.communicate(timeout=60 * PACE)
            t.same((process.returncode, noise), (-signal.SIGPIPE, ""),
                   f"objects {words}: a closed pipe ends it in silence")
            with open("/dev/full", "wb") as full:
                done = subprocess.run(["ipcnsctl", "objects", *words], stdout=full, check=False,
                                      stderr=subprocess.PIPE, encoding="utf-8")
            t.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1 and
                 "No space left" in done.stderr, f"objects {words}: a full disk is an error", done)
        for words in (["list"], ["status"], ["show", str(member.inode)], ["limits"], ["--help"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(["ipcnsctl", *words], stdout=full, check=False,
                                      stderr=subprocess.PIPE, encoding="utf-8")
            t.ok(done.returncode == 1 and len(done.stderr.splitlines()) == 1,
                 f"{words[0]}: a full disk is an error", done)


def on_terminal(columns, command):
    """What a command prints on a terminal of that width, and its exit status."""
    done = subprocess.run(["script", "-qec", f"stty cols {columns}; {command}", "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r", "").splitlines()


@scene("a terminal of 40 columns")
def narrow(t):
    with Member() as member:
        member.call(furnish)
        for command in ("list", "objects", "objects --type shm", "limits"):
            status, lines = on_terminal(40, f"ipcnsctl {command} {member.inode}")
            t.ok(status == 0 and len(lines) >= 2, f"{command}: exit 0", status, *lines)
            _, wide = on_terminal(200, f"ipcnsctl {command} {member.inode}")
            t.same(len(lines), len(wide), f"{command}: as many lines as on 200 columns")
            # limits of users have no namespace
            t.ok(all(str(member.inode) in line or command == "limits" and line.startswith("  ")
                     for line in lines[1:]),
                 f"{command}: what tells a row from others is not cut", *lines)
            if command == "objects":
                t.ok(all("0x0000000" in line or "/queue-" in line for line in lines[1:]),
                     "objects: nor are keys", *lines)
        status, lines = on_terminal(40, f"ipcnsctl list -u {member.inode}")
        t.ok(any(str(member.inode) in line for line in lines), "-u cuts nothing off", *lines)


@scene("colours on a terminal")
def colours(t):
    with Member() as active, Member() as member:
        pinned = member.inode
        held = os.open(f"/proc/{member.pid}/ns/ipc", os.O_RDONLY)
        member.call(calls.setns, "/proc/1/ns/ipc")

        def colour(inode, before="TERM=linux", command="list"):
            _, lines = on_terminal(100, f"env {before} ipcnsctl {command} {inode}")
            return "\x1b" in "".join(lines[1:])

        t.ok(colour(pinned), "a pinned namespace has one")
        t.ok(colour(pinned, command="list --tree"), "in a tree, too")
        t.ok(not colour(active.inode), "one with a process has none")
        t.ok(not colour(pinned, "TERM=linux NO_COLOR=1"), "NO_COLOR: none")
        t.ok(colour(pinned, "TERM=linux NO_COLOR="), "unless it is empty")
        t.ok(not colour(pinned, "TERM=dumb"), "a dumb terminal: none")
        t.ok(not colour(pinned, "-u TERM"), "an unknown terminal: none")
        for words in ([], ["--tree"], ["--color=auto"], ["--color=always", "-J"],
                      ["--color=always", "-r"], ["--color=never"]):
            t.ok("\x1b" not in tool.output("list", *words, pinned), f"none in a file: {words}")
        t.ok("\x1b" in tool.output("list", "--color=always", pinned), "--color=always: there, too")
        t.ok(not colour(pinned, command="list --color=never"), "--color=never: not on a terminal")
        t.ok(colour(pinned, "NO_COLOR=1", "list --color=always"), "--color=always in any case")
        os.makedirs("/run/config/terminal-colors.d")
        for name, want in (("ipcnsctl.disable", False), ("disable", False), ("lsns.disable", True),
                           ("ipcnsctl@linux.disable", False), ("@vt100.disable", True)):
            path = f"/run/config/terminal-colors.d/{name}"
            with open(path, "wb"):
                pass
            t.same(colour(pinned, "TERM=linux XDG_CONFIG_HOME=/run/config"), want, f"file {name}")
            os.unlink(path)
        active.call(calls.shmget, 1, 100)
        active.call(witness.set_sysctl, "kernel/shmmni", 1)
        t.ok(colour(active.inode, command="limits"), "a limit that is used up has a colour")
        os.close(held)


@scene("commands with names of any bytes")
def commands(t):
    with Member() as member:
        for name in (b"tab\there", b"\xff\xfebad", b"two\nlines", b"\x1b[31mred", b'q"uote\\'):
            member.call(set_comm, name)
            row, = json.loads(tool.output("list", "-J", "-o", "NS,COMMAND",
                                          member.inode))["namespaces"]
            t.ok(row["command"], f"{compare.queue_name(name)}: -J is valid JSON", row)
            text = tool.output("list", "-r", "-n", "-o", "NS,COMMAND", member.inode)
            t.ok(text.count("\n") == 1 and all(c.isprintable() or c == "\n" for c in text)
                 and len(text.split(" ")) == 2, f"{compare.queue_name(name)}: one raw line", text)


def set_comm(name):
    """Gives the calling process a new name."""
    with open("/proc/self/comm", "wb") as comm:
        comm.write(name)


if __name__ == "__main__":
    main()
