# SPDX-License-Identifier: GPL-2.0
"""What a guest's root file system is made of: cpio archives, the base one from host packages."""

import os
import pathlib
import re
import stat
import subprocess
import sys

from guest import machine
from guest.common import CACHE, Failure, digest, locked, need, run, say

# Host packages whose programs and libraries every guest has.
REQUIRED = """
    bash coreutils dash diffutils findutils grep gzip hostname iproute2 kmod libc-bin mount
    ncurses-base procps sed tar util-linux python3-minimal python3
""".split()

# These too, where the host has them.
OPTIONAL = """
    bc bsdextrautils bsdutils gawk libcap2-bin libgcc-s1 libpam-modules login login.defs mawk
    psmisc python3-yaml strace uidmap util-linux-extra xz-utils
""".split()

# Of these packages, what lies in here and is none of that: every boot unpacks the whole.
TAKE = re.compile(r"(/usr)?/(s?bin|lib)/")
LEAVE = re.compile(r"""
    /(systemd|udev|tmpfiles\.d|sysusers\.d|modprobe\.d|gconv|tc)/
  | /(test|tests|idlelib|lib2to3|ensurepip|pydoc_data|tkinter|turtledemo|distutils|wsgiref)/
  | /lib-dynload/(_codecs_|_ssl|_sqlite3|_dbm|_gdbm|_test|_tkinter|_xx|nis|ossaudiodev|xxlimited)
  | /(ldconfig|localedef|iconv|zdump|tc|tipc|devlink|rdma|bridge|dcb|vdpa|routel|rtacct|rtmon|arpd
     |nstat|lnstat|genl|login|mkfs.*|fsck.*|cfdisk|fdisk|sfdisk|agetty|turtle.py)$
  | /security/pam_(?!rootok|permit|deny)
""", re.X)

FILES = {
    "/etc/group": "root:x:0:\nshadow:x:42:\nnogroup:x:65534:\nuser:x:1000:\n",
    "/etc/hosts": "127.0.0.1 localhost guest\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files\n",
    "/etc/pam.d/other": "auth sufficient pam_rootok.so\nauth required pam_deny.so\n"
                        "account required pam_permit.so\npassword required pam_deny.so\n"
                        "session required pam_permit.so\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
                   "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
                   "user:x:1000:1000:user:/home/user:/bin/bash\n",
    "/etc/shadow": "root:*:19000::::::\nnobody:*:19000::::::\nuser:*:19000::::::\n",
    "/etc/shells": "/bin/sh\n/bin/bash\n",
    "/etc/subgid": "user:100000:65536\n",
    "/etc/subuid": "user:100000:65536\n",
}


class Archive:
    """A cpio archive ("newc", see Documentation/driver-api/early-userspace/buffer-format.rst)."""

    def __init__(self):
        self.parts = []
        self.names = set()

    def add(self, name, mode, data=b"", mtime=0, owner=0):
        """Adds an entry, and the directories above it; a second one of that name is ignored."""
        name = name.strip("/")
        if name in self.names:
            return
        if "/" in name:
            self.add(name.rpartition("/")[0], stat.S_IFDIR | 0o755)
        self.names.add(name)
        raw = os.fsencode(name) + b"\0"
        fields = (len(self.names), mode, owner, owner, 1, int(mtime), len(data), 0, 0, 0, 0,
                  len(raw), 0)
        self.parts += [b"070701" + b"".join(b"%08x" % f for f in fields) + raw,
                       b"\0" * (-(110 + len(raw)) % 4), data, b"\0" * (-len(data) % 4)]

    def text(self, name, text, mode=0o644):
        """Adds a file with these contents."""
        self.add(name, stat.S_IFREG | mode, text if isinstance(text, bytes) else text.encode())

    def path(self, name, path):
        """Adds one file, directory (without what is in it) or symbolic link of the host."""
        info = path.lstat()
        if stat.S_ISLNK(info.st_mode):
            self.add(name, info.st_mode, os.fsencode(os.readlink(path)), info.st_mtime)
        elif stat.S_ISDIR(info.st_mode):
            self.add(name, info.st_mode, mtime=info.st_mtime)
        elif stat.S_ISREG(info.st_mode):
            self.add(name, info.st_mode, path.read_bytes(), info.st_mtime)
        else:
            raise Failure(f"{path}: not a file, a directory or a symbolic link")

    def tree(self, name, path):
        """Adds a file or a directory of the host with all that is in it."""
        self.path(name, path)
        if path.is_dir() and not path.is_symlink():
            for entry in sorted(path.iterdir()):
                self.tree(f"{name}/{entry.name}", entry)

    def bytes(self):
        """The whole archive; archives can be put one behind the other."""
        self.add("TRAILER!!!", 0)
        data = b"".join(self.parts)
        return data + b"\0" * (-len(data) % 512)


def stored(image, inputs, fill):
    """The path of an archive in the cache, which fill() fills anew when its inputs changed."""
    stamp = image.with_name(f"{image.name}.inputs")
    current = digest(inputs)
    with locked(image):
        if not image.exists() or not stamp.exists() or stamp.read_text("ascii") != current:
            archive = Archive()
            fill(archive)
            partial = image.with_name(f"{image.name}.partial")
            partial.write_bytes(archive.bytes())
            partial.rename(image)       # whoever reads the old one keeps it
            stamp.write_text(current, "ascii")
    return image


# These would be in every guest with another machine, since nothing there is asked what it needs.
LEAVE_THERE = re.compile(r"\.(a|o|h|pc)$|/lib[acdtu]san\.|/(perl|gcc|pkgconfig|apt|dpkg)[/.-]")


def root(target):
    """The folder with the programs of the base archive for a Machine that is not ours."""
    newer = ["login.defs"]      # than the release that they come from
    return machine.root(target, [name for name in REQUIRED + OPTIONAL if name not in newer])


def base(target=machine.AMD64):
    """The path of the base archive, made anew after any change of packages on the host."""
    if not target.native:
        return stored(CACHE / f"base{target.suffix}.cpio",
                      (pathlib.Path(__file__).read_text("utf-8"), root(target)),
                      lambda archive: collect_foreign(archive, root(target)))
    need("dpkg-deb", "ldd")
    installed = pathlib.Path("/var/lib/dpkg/status").stat().st_mtime_ns
    source = pathlib.Path(__file__).read_text("utf-8")
    return stored(CACHE / "base.cpio", (source, installed), collect)


def collect_foreign(archive, folder):
    """Fills the base archive of another machine from a folder with its programs and libraries."""
    folders_and_etc(archive)
    for path in sorted(folder.rglob("*")):
        inside = "/" + str(path.relative_to(folder))
        if (not TAKE.match(inside) or LEAVE.search(inside) or LEAVE_THERE.search(inside)
                or not (path.is_symlink() or path.is_file())
                or path.suffix == ".py" and path.with_suffix(".pyc").exists()
                or path.parent.name == "__pycache__"):
            continue
        archive.path(usr_merged(inside), path)
    archive.add("usr/bin/awk", stat.S_IFLNK | 0o777, b"mawk")


def collect(archive):
    """Fills the base archive: programs, libraries, Python, a few files of /etc."""
    folders_and_etc(archive)
    elf = []
    for path in host_files():
        code = path.parent / f"__pycache__/{path.stem}.{sys.implementation.cache_tag}.pyc"
        if path.suffix == ".py" and code.exists():      # half the size, and as good
            archive.path(usr_merged(path.with_suffix(".pyc")), code)
            continue
        if path.is_symlink() and os.readlink(path).startswith("/etc/alternatives/"):
            archive.add(str(path), stat.S_IFLNK | 0o777, os.fsencode(path.resolve()))
            continue
        archive.path(usr_merged(path), path)
        if not path.is_symlink():
            with open(path, "rb") as file:
                if file.read(4) == b"\x7fELF":
                    elf.append(path)
    for library in libraries(elf):
        archive.text(usr_merged(library), library.read_bytes(), 0o755)


def folders_and_etc(archive):
    """Adds the folders that every guest has, and a few files of /etc."""
    say("collecting the guest's programs")
    for link in ("bin", "sbin", "lib", "lib64"):
        archive.add(link, stat.S_IFLNK | 0o777, f"usr/{link}".encode())
    for name in ("dev", "mnt", "proc", "run", "sys", "usr/lib64", "var/lib", "var/log"):
        archive.add(name, stat.S_IFDIR | 0o755)
    for name in ("root", "tmp", "var/tmp"):
        archive.add(name, stat.S_IFDIR | (0o700 if name == "root" else 0o1777))
    archive.add("var/run", stat.S_IFLNK | 0o777, b"/run")
    archive.add("home/user", stat.S_IFDIR | 0o755, owner=1000)
    for name, text in FILES.items():
        archive.text(name, text, 0o640 if name == "/etc/shadow" else 0o644)


def host_files():
    """The files of the packages above, as far as a guest has a use for them."""
    python = os.readlink("/usr/bin/python3")
    required = REQUIRED + [python, f"{python}-minimal", f"lib{python}-stdlib",
                           f"lib{python}-minimal"]
    query = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n",
                            *required, *OPTIONAL], capture_output=True, text=True, check=False)
    installed = {line.split()[1] for line in query.stdout.splitlines() if line.startswith("ii")}
    missing = [package for package in required if package not in installed]
    if missing:
        raise Failure(f"missing on this machine: apt-get install {' '.join(missing)}")

    paths = {pathlib.Path("/usr/bin/awk")}    # of update-alternatives: no package has it
    for line in run("dpkg-query", "-L", *sorted(installed)).splitlines():
        if TAKE.match(line) and not LEAVE.search(line):
            paths.add(pathlib.Path(line))
    return [path for path in sorted(paths) if path.is_symlink() or path.is_file()]


def libraries(programs):
    """The shared libraries that these programs and libraries are linked with."""
    if not programs:
        return set()
    done = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C"))
    return {pathlib.Path(path) for path in re.findall(r"(?:=> |^\t)(/\S+) \(0x", done.stdout, re.M)}


def usr_merged(path):
    """The guest's name of a host path: what is in /bin, /sbin, /lib, /lib64 is in /usr there."""
    return re.sub(r"^/(bin|sbin|lib|lib64)/", r"/usr/\1/", str(path))
