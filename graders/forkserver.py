"""The other side of `graders.forking`: start a server, ask it, end it; a server that has died is started anew."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress

from course.errors import SandboxError
from graders.forking import LARGEST_RESULT
from graders.frames import Closed, TooLate, read_frame, write_frame

# For a server's environment. A thread would not survive a fork. And glibc should keep memory that is freed: fetching it anew
# from the system for every map of a network takes as long as computing the map (measured: 3.1 s for 10,000 digits, 1.6 s so).
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**30),
    "MALLOC_TOP_PAD_": str(2**26),
}
STARTING = 180  # seconds: PyTorch's import on a busy machine
ENDING = 3  # seconds for a server to leave in good order
PATIENCE = 10  # seconds beside a request's own, before the server itself counts as lost


class ForkServer:
    """A server that `start` starts, as a process with pipes as standard input and output, and in a session of its own."""

    def __init__(self, start: Callable[[], subprocess.Popen], what: str = "the code", advice: str = "") -> None:
        self.start, self.what, self.advice = start, what, advice
        self.process: subprocess.Popen | None = None
        self.parent = 0  # who started it; a forked child of that one may use it, and cannot wait for its end
        self.ready: dict = {}

    def open(self) -> dict:
        """Start it, unless it runs; returns what it says when it is ready. Raises SandboxError."""
        if self.process is None:
            self.process, self.parent = self.start(), os.getpid()
            try:
                self.ready = json.loads(self._read(time.monotonic() + STARTING, 100_000))
            except (Closed, TooLate) as error:
                self.close()
                raise SandboxError(f"the grader's process did not start ({error or 'it took too long'})") from None
        if "refused" in self.ready:
            self.close()
            raise SandboxError(self.ready["refused"])
        return self.ready

    def ask(self, work: dict, seconds: float, **more) -> bytes:
        """What a child of the server answers to `work`, unparsed.

        Raises SandboxError, in a sentence, where the child takes longer than `seconds`, dies, or answers too much.
        """
        self.open()
        assert self.process and self.process.stdin
        try:
            write_frame(self.process.stdin.fileno(), json.dumps({"work": work, "seconds": seconds, **more}).encode())
            deadline = time.monotonic() + seconds + PATIENCE
            head = json.loads(self._read(deadline, 100_000))
            content = self._read(deadline, LARGEST_RESULT)
        except (Closed, TooLate) as error:
            self.close()
            how = error or "it took too long"
            raise SandboxError(f"{self.what} ended the process that ran it, or stopped it ({how})") from None
        except BaseException:  # an answer that nobody reads would be taken for the next one's
            self.close()
            raise
        if head["late"]:
            raise SandboxError(f"{self.what} took longer than {seconds:g} seconds{self.advice}")
        if head["size"] > LARGEST_RESULT:
            raise SandboxError(f"{self.what}'s process answered with more than {LARGEST_RESULT:,} bytes")
        if head["status"] or not content:
            raise SandboxError(f"{self.what}'s process {_how(head['status'], head['printed'])}")
        return content

    def close(self) -> None:
        """Let it end, if it is idle; in any case end it, and all in its session."""
        process, self.process = self.process, None
        if process is None:
            return
        assert process.stdin and process.stdout
        with suppress(OSError):
            process.stdin.close()
        if self.parent == os.getpid():
            with suppress(subprocess.TimeoutExpired):
                process.wait(ENDING)
        if self.parent != os.getpid() or process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
        if self.parent == os.getpid():
            process.wait()
        process.stdout.close()

    def alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def _read(self, deadline: float, longest: int) -> bytes:
        assert self.process and self.process.stdout
        return read_frame(self.process.stdout.fileno(), longest, deadline)


def _how(status: int, printed: str) -> str:
    lines = printed.strip().splitlines()
    last = f"; its last line: {lines[-1][:300]}" if lines else ""
    if "MemoryError" in last or "allocate memory" in last:
        return f"ran out of memory before it answered{last}"
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"{how} before it answered{last}"
