"""Grade in a process of its own, so that whatever a submission makes PyTorch do, a verdict comes out.

A graph is data and runs none of the learner's code, but it may still ask PyTorch for hours of work, for more memory
than there is, or for one of the few things that crash it.
"""

import json
import os
import resource
import select
import signal
import time
from collections.abc import Callable

PATIENCE = 15  # seconds that a process gets to end what it started; one is enough on a quiet machine


def run_apart(work: Callable[[], dict], seconds: float | None, memory: int) -> dict | str:
    """The dict that `work` returns, or a sentence that says why none came; `seconds` None means no limit on time.

    The process is forked: call this before PyTorch starts its threads.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _work(work, memory, writing)
    os.close(writing)
    try:
        answer = _read(reading, seconds)
    except KeyboardInterrupt:
        _end(child)
        return "grading was interrupted"
    finally:
        os.close(reading)
    if answer is None:
        _end(child)
        return f"grading took longer than {seconds:g} seconds; the network, or the code, asks for too much work"
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status < 0:
        name = signal.Signals(-status).name
        return f"grading was ended by {name}: the submission asks for more memory than there is, or crashes PyTorch"
    return json.loads(answer) if answer else f"grading ended with status {status} and without a verdict"


def _work(work: Callable[[], dict], memory: int, writing: int) -> None:
    status = 1
    try:
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (memory if most < 0 else min(memory, most), most))
        with os.fdopen(writing, "w") as file:
            json.dump(work(), file)
        status = 0
    except KeyboardInterrupt:
        pass  # the parent says so
    finally:
        os._exit(status)


def _read(reading: int, seconds: float | None) -> bytes | None:
    """All that comes out of the pipe; None where that takes too long."""
    end = None if seconds is None else time.monotonic() + seconds
    parts: list[bytes] = []
    while True:
        left = None if end is None else end - time.monotonic()
        if left is not None and (left <= 0 or not select.select([reading], [], [], left)[0]):
            return None
        part = os.read(reading, 2**16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _end(child: int) -> None:
    """Interrupt a process, so that it ends the learner's code if it runs any; then kill it."""
    os.kill(child, signal.SIGINT)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
