"""Run learner code in a process of its own, with limits on time, memory and output, and nothing of ours to find.

What comes back is a JSON file, of bounded size, parsed strictly; it is data, and nobody trusts it further.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from course.errors import SandboxError

with suppress(ModuleNotFoundError):
    import resource  # Windows has none; learners' notebooks import this file for their checks there, too

SECONDS = 60  # building and tracing a network takes 5 s on a slow machine, most of it PyTorch's import
MEMORY = 6 * 2**30  # bytes of data; PyTorch needs 1 GiB, iteration 1 as much again
LARGEST_RESULT = 20_000_000  # bytes
MORE_TASKS = 500  # processes and threads beside those that the user has: PyTorch takes a few dozen, a fork bomb all
KEPT_OUTPUT = 2_000  # characters of what the code printed last, for the message
NOT_OUR_FORM = "the code's process answered with something that is not the grader's form"
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Limits:
    """Seconds of wall-clock time, and bytes of memory."""

    seconds: float = SECONDS
    memory: int = MEMORY


def run_probes(source: str, request: dict, limits: Limits | None = None) -> dict:
    """Run `source` in a sandbox, ask `graders.probes` the questions of `request`, and return its answers.

    Raises SandboxError, in a sentence, where the code takes too long, takes too much memory, or kills its process.
    """
    if not hasattr(os, "fork"):
        raise SandboxError(
            "this system cannot run a file's code apart from the grader; that needs Linux or macOS. On Windows the checks in the "
            "notebook and the grading of a .safetensors file work; for the rest use WSL"
        )
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"source": source, **request}))
        result, output = Path(folder) / "result.json", Path(folder) / "output.txt"
        with output.open("w+b") as stream:
            tasks = _tasks() + MORE_TASKS
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "graders.probes", str(task), str(result)],
                cwd=folder,
                env=_environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=lambda: _limit(limits, tasks),
            )
            try:
                status = process.wait(limits.seconds)
            except subprocess.TimeoutExpired:
                raise SandboxError(
                    f"the code took longer than {limits.seconds:g} seconds; definitions should take a few: does a loop "
                    "never end, or does a class train when it is built?"
                ) from None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # children too
                process.wait()
                _end_strays(folder)
            return _read(result, status, stream)


def _tasks() -> int:
    """The processes and threads of this user; 0 where the system doesn't tell."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            count += len(os.listdir(process / "task")) if process.stat().st_uid == os.getuid() else 0
    return count


def _end_strays(folder: str) -> None:
    """End what left the process group and lives on: it still has the sandbox's folder as its home."""
    mark = os.fsencode(f"HOME={folder}")
    for _ in range(20):  # what is being forked meanwhile is found the next time
        strays = [process for process in Path("/proc").glob("[0-9]*") if mark in _environment_of(process)]
        for process in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(int(process.name), signal.SIGKILL)
        if not strays:
            return


def _environment_of(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # somebody else's, or gone


def _environment(folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | {"HOME": folder, "MPLBACKEND": "Agg", "MPLCONFIGDIR": folder, "NBGRADER_EXECUTION": "autograde"}


def _limit(limits: Limits, tasks: int) -> None:
    seconds = int(limits.seconds * 4) + 1
    wanted = {
        resource.RLIMIT_DATA: limits.memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: LARGEST_RESULT,
        resource.RLIMIT_CORE: 0,
    }
    if tasks > MORE_TASKS:
        wanted[resource.RLIMIT_NPROC] = tasks
    for kind, value in wanted.items():
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)  # nobody may raise what is set already
        resource.setrlimit(kind, (value, value))


def _read(result: Path, status: int, output: BinaryIO) -> dict:
    if not result.is_file() or result.is_symlink():
        output.seek(max(0, output.seek(0, os.SEEK_END) - KEPT_OUTPUT))
        printed = output.read(KEPT_OUTPUT).decode(errors="replace").strip().splitlines()
        last = f"; its last line: {printed[-1][:300]}" if printed else ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if "MemoryError" in last or "allocate memory" in last:
            how = "ran out of memory"
        raise SandboxError(f"the code's process {how} before it answered{last}")
    if result.stat().st_size > LARGEST_RESULT:
        raise SandboxError(f"the code's process answered with more than {LARGEST_RESULT:,} bytes")
    try:
        answers = json.loads(result.read_bytes(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        answers = None
    if not isinstance(answers, dict):
        raise SandboxError(NOT_OUR_FORM)
    return answers


def _refuse(constant):
    raise ValueError(constant)
