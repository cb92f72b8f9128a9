"""Namespaces of its own for a forked child that runs learner code, inside bubblewrap's: it meets no other child and no server.

A child sees no process but its own, a `/tmp` in memory of its own, empty but for folders asked for, and no `/proc`; when it ends,
the kernel ends all that it has started. Linux only, and only where nested user namespaces are allowed.
"""

import ctypes
import os
import signal
from collections.abc import Iterable
from pathlib import Path

NEWNS, NEWIPC, NEWUSER, NEWPID = 0x00020000, 0x08000000, 0x10000000, 0x20000000
NOSUID, NODEV, BIND, RECURSIVE, PRIVATE, READ_ONLY = 2, 4, 1 << 12, 1 << 14, 1 << 18, 1
EMPTIED = ("/tmp", "/dev/shm")
PARENT_DEATH, DUMPABLE, BOUNDING_DROP, NO_NEW_PRIVILEGES = 1, 4, 24, 38
CAPABILITIES, CAPABILITY_VERSION = 64, 0x20080522


def isolate(work: str, size: int, keep: Iterable[Path] = ()) -> None:
    """Move this process, which has one thread, into namespaces of its own, in the fresh folder `work` of at most `size` bytes.

    Of the folders that are emptied, what is in `keep` stays in sight, as it was: Python may be installed there.
    The caller goes on in a forked child, as its namespace's first process; the parent waits for it and ends as it does.
    Raises OSError where the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    libc.prctl(DUMPABLE, 1, 0, 0, 0)  # the maps below are this process's own to write
    _call(libc.unshare, NEWUSER | NEWNS | NEWPID | NEWIPC)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    _call(libc.mount, None, b"/", None, RECURSIVE | PRIVATE, None)
    kept = {folder: os.open(folder, os.O_PATH) for folder in keep if any(folder.is_relative_to(place) for place in EMPTIED)}
    for place in EMPTIED:
        _call(libc.mount, b"tmpfs", place.encode(), b"tmpfs", NOSUID | NODEV, f"size={size},mode=1777".encode())
    for folder, handle in kept.items():
        folder.mkdir(parents=True)
        _call(libc.mount, f"/proc/self/fd/{handle}".encode(), os.fsencode(folder), None, BIND | RECURSIVE, None)
        os.close(handle)
    _call(libc.mount, b"tmpfs", b"/proc", b"tmpfs", NOSUID | NODEV | READ_ONLY, b"size=4k")
    os.makedirs(work)
    os.chdir(work)
    first = os.fork()
    if first:
        status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
        if status < 0:
            signal.signal(-status, signal.SIG_DFL) if -status not in (signal.SIGKILL, signal.SIGSTOP) else None
            os.kill(os.getpid(), -status)
        os._exit(status if status >= 0 else 1)
    _drop_capabilities(libc)
    libc.prctl(PARENT_DEATH, signal.SIGKILL, 0, 0, 0)


def _drop_capabilities(libc) -> None:
    for capability in range(CAPABILITIES):
        libc.prctl(BOUNDING_DROP, capability, 0, 0, 0)  # fails for those that this kernel does not have
    head = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)
    _call(libc.capset, head, (ctypes.c_uint32 * 6)())
    _call(libc.prctl, NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _call(function, *arguments) -> None:
    if function(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function.__name__}: {os.strerror(number)}")


def allowed(work: str, size: int, keep: Iterable[Path] = ()) -> str:
    """Why this process could not isolate a child; empty where it can. It is tried."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            isolate(work, size, keep)
        except BaseException as error:
            os.write(writing, str(error)[:300].encode() or b"it fails")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    status = os.waitpid(child, 0)[1]
    return said or ("" if status == 0 else f"a trial ended with status {status}")
