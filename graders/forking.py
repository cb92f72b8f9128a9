"""A server that has imported what is slow to import, and forks a child for every request: PyTorch costs seconds, a fork little.

A child knows no other child's request: it begins as the server was before the first. The server itself runs none of what it is
sent; it starts children, limits them, ends them, and passes on what they wrote, of bounded size.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from graders.frames import Closed, read_frame, write_frame

LARGEST_RESULT = 20_000_000  # bytes
KEPT_OUTPUT = 2_000  # bytes of what a child printed last, for the message
RESULT = 3  # the file that a child writes its answer to
SUBREAPER, DUMPABLE = 36, 4  # of Linux's prctl
ROUNDS = 3_000  # of ending what a child has left, a millisecond each


def serve(
    work: Callable[[dict], dict],
    confine: Callable[[dict], None],
    ready: dict | None = None,
    *,
    orphans: bool = False,
    after: Callable[[bool], None] = lambda fine: None,
) -> None:
    """Answer requests on standard input until it closes: in a child, `confine(request)`, then `work(request["work"])`.

    `ready` is told first. With `orphans`, whatever a child leaves running is ended, too: for children that run learner code.
    `after(fine)` is called behind each child. Call this before any thread starts.
    """
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    gc.collect()
    gc.freeze()  # what is there already stays untouched, and its pages stay shared
    if orphans:
        prctl(SUBREAPER, 1)  # what loses its parent becomes ours
        prctl(DUMPABLE, 0)  # nobody of this user reads or writes this process's memory
    with suppress(Closed):
        write_frame(answers, json.dumps(ready or {}).encode())
        while True:
            request = json.loads(read_frame(requests))
            with tempfile.TemporaryFile(buffering=0) as result, tempfile.TemporaryFile(buffering=0) as output:
                child = os.fork()
                if not child:
                    _child(request, work, confine, result.fileno(), output.fileno())
                status, late = _wait(child, request["seconds"], orphans)
                size = result.seek(0, os.SEEK_END)
                head = {"status": status, "late": late, "printed": _tail(output), "size": size}
                result.seek(0)
                content = b"" if late or size > LARGEST_RESULT else result.read()
            write_frame(answers, json.dumps(head).encode())
            write_frame(answers, content)
            after(status == 0 and not late)


def prctl(option: int, value: int) -> None:
    """Linux's prctl; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _child(request: dict, work: Callable, confine: Callable, result: int, output: int) -> None:
    status = 1
    try:
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(result, RESULT)
        if request.get("alone"):
            os.closerange(RESULT + 1, max(map(int, os.listdir("/dev/fd"))) + 1)
        confine(request)
        answer = json.dumps(work(request["work"]), allow_nan=False).encode()
        with os.fdopen(os.dup(RESULT), "wb") as file:
            file.write(answer)
        status = 0
    except BaseException:
        with suppress(BaseException):
            traceback.print_exc(file=open(2, "w", closefd=False))  # noqa: SIM115, it stays open until the process ends
    finally:
        os._exit(status)


def _wait(child: int, seconds: float, orphans: bool) -> tuple[int, bool]:
    """The child's exit status, negative for a signal, and whether it had to be ended because its time was over."""
    deadline, pause = time.monotonic() + seconds, 0.001
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        late = not found and time.monotonic() > deadline
        if found or late:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    if late:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
    if orphans:
        _end_orphans()
    return os.waitstatus_to_exitcode(status), late


def _end_orphans() -> None:
    """End whatever has become ours; RuntimeError, which ends the server and all below it, where that is without end."""
    for _ in range(ROUNDS):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        with suppress(OSError):
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = file.read().split()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
        time.sleep(0.001)
    raise RuntimeError("a child's processes multiply faster than they can be ended")


def _tail(output: BinaryIO) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT_OUTPUT))
    return output.read(KEPT_OUTPUT).decode(errors="replace")
