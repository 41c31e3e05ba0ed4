# SPDX-License-Identifier: GPL-2.0
"""System calls that no command reaches, by ctypes. Every function raises OSError on failure."""

import ctypes
import errno
import fcntl
import os
import resource
import signal
import struct

_libc = ctypes.CDLL(None, use_errno=True)
_libc.shmat.restype = ctypes.c_void_p
_libc.mmap.restype = ctypes.c_void_p
_libc.mremap.restype = ctypes.c_void_p

CLONE_VM, CLONE_FILES, CLONE_SYSVSEM = 0x100, 0x400, 0x40000
CLONE_NEWNS = 0x00020000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000

IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0o1000, 0o2000, 0o4000
IPC_PRIVATE = 0
IPC_RMID, IPC_SET, IPC_STAT = 0, 1, 2
SHM_LOCK = 11
SHM_HUGETLB, SHM_NORESERVE = 0o4000, 0o10000
SHM_RDONLY = 0o10000
GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL = 11, 12, 13, 14, 15, 16, 17
SEM_UNDO = 0x1000
MSG_EXCEPT = 0o20000
PROT_READ, PROT_WRITE = 1, 2
MREMAP_MAYMOVE, MREMAP_FIXED = 1, 2
MADV_PAGEOUT = 21
SIGEV_SIGNAL, SIGEV_NONE = 0, 1

# Numbers of /proc/PID/syscall on x86-64.
NR_SEMTIMEDOP, NR_MSGSND, NR_MSGRCV, NR_MQ_SEND, NR_MQ_RECEIVE = 220, 69, 70, 242, 243
NR_EXIT, NR_SHMCTL, NR_LISTNS = 60, 31, 470
NR_CLOCK_NANOSLEEP = 230
NR_IO_URING_SETUP, NR_IO_URING_REGISTER = 425, 427
NR_FSOPEN, NR_FSCONFIG, NR_FSMOUNT = 430, 431, 432


def _call(function, *args):
    result = function(*args)
    if result in (-1, ctypes.c_void_p(-1).value):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


# Namespaces

def unshare(flags):
    """Moves the calling thread into new namespaces."""
    _call(_libc.unshare, flags)


def setns(path, flags=CLONE_NEWIPC):
    """Moves the calling thread into the namespace of a path or a descriptor."""
    if isinstance(path, int):
        _call(_libc.setns, path, flags)
        return
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call(_libc.setns, fd, flags)
    finally:
        os.close(fd)


def mount(source, target, kind=None, flags=0, data=None):
    """mount(2); source, target, kind and data are bytes or text."""
    encode = lambda s: os.fsencode(s) if s is not None else None
    _call(_libc.mount, encode(source), encode(target), encode(kind), ctypes.c_ulong(flags),
          encode(data))


MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def umount(target):
    """Lazy umount2(2)."""
    _call(_libc.umount2, os.fsencode(target), 2)


def swapon(path):
    """swapon(2)."""
    _call(_libc.swapon, os.fsencode(path), 0)


def swapoff(path):
    """swapoff(2)."""
    _call(_libc.swapoff, os.fsencode(path))


def die_with_parent():
    """The caller gets SIGKILL when its parent ends."""
    _call(_libc.prctl, 1, 9, 0, 0, 0)


def pause():
    """Sleeps until a signal ends the process."""
    signal.pause()


def set_comm(name):
    """Sets the command name that the kernel shows for the caller."""
    with open("/proc/self/comm", "w", encoding="ascii") as file:
        file.write(name or "\0")


def make_dumpable():
    """Gives the files in the caller's /proc/PID to its own user again after it changed ids."""
    _call(_libc.prctl, 4, 1, 0, 0, 0)


def exit_thread():
    """Ends the calling thread only, without the interpreter noticing."""
    _libc.syscall(NR_EXIT, 0)


_stacks = None


def clones(count, flags, stack=16384):
    """Children of clone(2) that sleep in pause(2) and run nothing of ours; their pids.

    With CLONE_VM they live in the caller's memory, each with a small stack of its own.
    """
    global _stacks      # the caller lives as long as they do
    _stacks = _call(_libc.mmap, None, ctypes.c_size_t(count * stack), PROT_READ | PROT_WRITE, 0x22,
                    -1, ctypes.c_long(0))
    pause = ctypes.cast(_libc.pause, ctypes.c_void_p)
    return [_call(_libc.clone, pause, ctypes.c_void_p(_stacks + (place + 1) * stack),
                  flags | signal.SIGCHLD, None) for place in range(count)]


# Shared memory

def shmget(key, size, flags=0o600):
    return _call(_libc.shmget, key, ctypes.c_size_t(size), IPC_CREAT | flags)


def shmat(shmid, address=None, flags=0):
    return _call(_libc.shmat, shmid, ctypes.c_void_p(address), flags)


def fill_segment(size):
    """Makes a segment and writes to each page."""
    ctypes.memset(shmat(shmget(1, size)), 1, size)


def attach_many(shmid, count):
    """Attaches a segment many times."""
    for _ in range(count):
        shmat(shmid)


def shmdt(address):
    _call(_libc.shmdt, ctypes.c_void_p(address))


def shm_remove(shmid):
    _call(_libc.shmctl, shmid, IPC_RMID, None)


def shm_lock(shmid):
    _call(_libc.shmctl, shmid, SHM_LOCK, None)


def sleepers(count, function, *args):
    """Children that call a function each, and sleep; their pids."""
    pids = []
    for _ in range(count):
        pid = os.fork()
        if not pid:
            die_with_parent()
            function(*args)
            while True:
                signal.pause()
        pids.append(pid)
    return pids


def attachers(count):
    """Children that inherit what the caller has attached, and sleep; their pids."""
    return sleepers(count, int)


def end_children(pids):
    """Ends children of the caller and waits for them."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def protect(address, size, protection):
    """mprotect(2)."""
    _call(_libc.mprotect, ctypes.c_void_p(address), ctypes.c_size_t(size), protection)


def unmap(address, size):
    """munmap(2)."""
    _call(_libc.munmap, ctypes.c_void_p(address), ctypes.c_size_t(size))


def remap(address, size, to):
    """mremap(2) to a fixed address."""
    return _call(_libc.mremap, ctypes.c_void_p(address), ctypes.c_size_t(size),
                 ctypes.c_size_t(size), MREMAP_MAYMOVE | MREMAP_FIXED, ctypes.c_void_p(to))


def free_range(size):
    """An address at which size bytes are free just now."""
    address = _call(_libc.mmap, None, ctypes.c_size_t(size), 0, 0x22, -1, ctypes.c_long(0))
    unmap(address, size)
    return address


def poke(address, data):
    """Writes data to memory."""
    ctypes.memmove(address, data, len(data))


def peek(address, size):
    """Reads size bytes of memory."""
    return ctypes.string_at(address, size)


def pageout(address, size):
    """Asks the kernel to push pages out to swap."""
    _call(_libc.madvise, ctypes.c_void_p(address), ctypes.c_size_t(size), MADV_PAGEOUT)


# struct ipc64_perm of x86-64 begins with: key, uid, gid, cuid, cgid, mode.

def _set_owner(function, ident, uid, gid, mode):
    buf = ctypes.create_string_buffer(256)
    _call(function, ident, IPC_STAT, buf)
    struct.pack_into("=II", buf, 4, uid, gid)
    struct.pack_into("=I", buf, 20, mode)
    _call(function, ident, IPC_SET, buf)


def shm_chown(shmid, uid, gid, mode=0o600):
    """IPC_SET of owner and mode."""
    _set_owner(_libc.shmctl, shmid, uid, gid, mode)


def msg_chown(msqid, uid, gid, mode=0o600):
    """IPC_SET of owner and mode."""
    _set_owner(_libc.msgctl, msqid, uid, gid, mode)


def sem_chown(semid, uid, gid, mode=0o600):
    """IPC_SET of owner and mode."""
    _set_owner(lambda ident, cmd, buf: _libc.semctl(ident, 0, cmd, buf), semid, uid, gid, mode)


# Semaphores

def semget(key, nsems, flags=0o600):
    return _call(_libc.semget, key, nsems, IPC_CREAT | flags)


def semop(semid, *operations):
    """operations are (num, op) or (num, op, flags)."""
    data = b"".join(struct.pack("=Hhh", *(op if len(op) == 3 else (*op, 0))) for op in operations)
    _call(_libc.semop, semid, data, ctypes.c_size_t(len(operations)))


def undo_many(semid, nsems):
    """Leaves an adjustment for each semaphore of a set."""
    for first in range(0, nsems, 100):
        semop(semid, *((num, 1, SEM_UNDO) for num in range(first, first + 100)))


def semctl(semid, num, command, value=0):
    return _call(_libc.semctl, semid, num, command, ctypes.c_long(value))


def sem_set_all(semid, values):
    """SETALL."""
    _call(_libc.semctl, semid, 0, SETALL, struct.pack(f"={len(values)}H", *values))


def sem_get_all(semid, nsems):
    """GETALL, as a list."""
    buf = ctypes.create_string_buffer(2 * nsems)
    _call(_libc.semctl, semid, 0, GETALL, buf)
    return list(struct.unpack(f"={nsems}H", buf.raw))


def sem_elements(semid, places):
    """What semctl(2) says of some elements: dicts as `objects --type sem --id` has them."""
    return [{"semnum": num,
             "value": semctl(semid, num, GETVAL),
             "ncount": semctl(semid, num, GETNCNT),
             "zcount": semctl(semid, num, GETZCNT),
             "pid": semctl(semid, num, GETPID)} for num in places]


def sem_remove(semid):
    semctl(semid, 0, IPC_RMID)


# Message queues

def msgget(key, flags=0o600):
    return _call(_libc.msgget, key, IPC_CREAT | flags)


def msgsnd(msqid, data, mtype=1, flags=0):
    _call(_libc.msgsnd, msqid, struct.pack("=q", mtype) + data, ctypes.c_size_t(len(data)), flags)


def msgrcv(msqid, size=8192, mtype=0, flags=0):
    buf = ctypes.create_string_buffer(8 + size)
    length = _call(_libc.msgrcv, msqid, buf, ctypes.c_size_t(size), ctypes.c_long(mtype), flags)
    return buf.raw[8:8 + length]


def msg_set_qbytes(msqid, qbytes):
    """IPC_SET of msg_qbytes."""
    buf = ctypes.create_string_buffer(256)
    _call(_libc.msgctl, msqid, IPC_STAT, buf)
    struct.pack_into("=Q", buf, MSQID_QBYTES, qbytes)
    _call(_libc.msgctl, msqid, IPC_SET, buf)


def msg_count(msqid):
    """msg_qnum by IPC_STAT."""
    buf = ctypes.create_string_buffer(256)
    _call(_libc.msgctl, msqid, IPC_STAT, buf)
    return struct.unpack_from("=Q", buf, MSQID_QBYTES - 8)[0]


def msg_qbytes(msqids):
    """msg_qbytes of some queues by IPC_STAT: {id: bytes}."""
    found = {}
    for msqid in msqids:
        buf = ctypes.create_string_buffer(256)
        _call(_libc.msgctl, msqid, IPC_STAT, buf)
        found[msqid], = struct.unpack_from("=Q", buf, MSQID_QBYTES)
    return found


# struct msqid64_ds: ipc64_perm (48), stime, rtime, ctime, cbytes, qnum, qbytes.
MSQID_QBYTES = 48 + 5 * 8


def msg_remove(msqid):
    _call(_libc.msgctl, msqid, IPC_RMID, None)


# POSIX message queues; names are bytes without a leading slash.

def unlimited_queues():
    """Takes the bound from POSIX queues; those of namespaces on their way out count, too."""
    resource.setrlimit(resource.RLIMIT_MSGQUEUE, (resource.RLIM_INFINITY,) * 2)


def mq_open(name, maxmsg=None, msgsize=None, mode=0o600, flags=os.O_RDWR | os.O_CREAT):
    """A descriptor; maxmsg and msgsize together, or neither for the namespace's defaults."""
    attr = struct.pack("=8q", 0, maxmsg, msgsize, 0, 0, 0, 0, 0) if maxmsg is not None else None
    return _call(_libc.mq_open, b"/" + name, flags, mode, attr)


def mq_getattr(fd):
    """(maxmsg, msgsize, curmsgs)."""
    buf = ctypes.create_string_buffer(64)
    _call(_libc.mq_getattr, fd, buf)
    return struct.unpack_from("=4q", buf)[1:]


def mq_attributes(name):
    """(maxmsg, msgsize, curmsgs) of a queue by name."""
    fd = mq_open(name, flags=os.O_RDONLY)
    try:
        return mq_getattr(fd)
    finally:
        os.close(fd)


def mq_send(fd, data, priority=0):
    _call(_libc.mq_send, fd, data, ctypes.c_size_t(len(data)), priority)


def mq_receive(fd, size=8192):
    buf = ctypes.create_string_buffer(size)
    return buf.raw[:_call(_libc.mq_receive, fd, buf, ctypes.c_size_t(size), None)]


def mq_notify(fd, signo, method=SIGEV_SIGNAL):
    """Registers the caller, or with signo None takes the registration away."""
    event = None
    if signo is not None:
        event = struct.pack("=Qii48x", 0, signo, method)
    _call(_libc.mq_notify, fd, event)


def mq_unlink(name):
    _call(_libc.mq_unlink, b"/" + name)


# Descriptors

def filesystem_context(name):
    """fsopen(2), a descriptor."""
    return _call(_libc.syscall, NR_FSOPEN, os.fsencode(name), 1)


def filesystem_create(fd):
    """fsconfig(2) with FSCONFIG_CMD_CREATE."""
    _call(_libc.syscall, NR_FSCONFIG, fd, 6, None, None, 0)


def filesystem_mount(fd):
    """fsmount(2), a descriptor of a mount that is nowhere yet."""
    return _call(_libc.syscall, NR_FSMOUNT, fd, 1, 0)


def watch(path):
    """An inotify descriptor that watches a path."""
    fd = _call(_libc.inotify_init1, 0o2000000)
    _call(_libc.inotify_add_watch, fd, os.fsencode(path), 0x20)
    return fd


def ring_with(fd):
    """An io_uring that has a descriptor as its registered file."""
    ring = _call(_libc.syscall, NR_IO_URING_SETUP, 1, ctypes.create_string_buffer(120))
    _call(_libc.syscall, NR_IO_URING_REGISTER, ring, 2, struct.pack("=i", fd), 1)
    return ring


def namespace_fd(pid="self", kind="ipc"):
    """An open descriptor on a namespace, not inherited by programs."""
    return os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def namespace_inode(pid="self", kind="ipc"):
    """The inode number of a process's namespace."""
    return os.stat(f"/proc/{pid}/ns/{kind}").st_ino


NS_GET_ID = 0x8008b70d


def native_id(path):
    """The kernel's own 64-bit id of the namespace at path, or None where kernels have none."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return struct.unpack("=Q", fcntl.ioctl(fd, NS_GET_ID, bytes(8)))[0]
    except OSError as error:
        if error.errno == errno.ENOTTY:
            return None
        raise
    finally:
        os.close(fd)


def listns(kind=CLONE_NEWIPC, room=100):
    """The ids that listns(2) gives of all namespaces of a kind, or None where it is missing."""
    found = []
    ids = (ctypes.c_uint64 * room)()
    while True:
        request = struct.pack("=IIQIIQ", 32, 0, found[-1] if found else 0, kind, 0, 0)
        try:
            count = _call(_libc.syscall, NR_LISTNS, request, ids, ctypes.c_size_t(room), 0)
        except OSError as error:
            if error.errno == errno.ENOSYS:
                return None
            raise
        found += ids[:count]
        if count < room:
            return found


def owner_user_namespace(path):
    """The inode number of the user namespace that owns the namespace at path (NS_GET_USERNS)."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        owner = fcntl.ioctl(fd, 0xb701)
        try:
            return os.fstat(owner).st_ino
        finally:
            os.close(owner)
    finally:
        os.close(fd)
