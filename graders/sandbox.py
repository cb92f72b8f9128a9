"""Run learner code in a process of its own, with limits on time, memory and output, and nothing of ours to find.

Where bubblewrap works, that process sees Python and its packages alone; elsewhere it is a plain limited one. What comes
back is a JSON file, of bounded size, parsed strictly; it is data, and nobody trusts it further.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from course.errors import SandboxError
from graders import bubblewrap
from graders.limits import BUBBLEWRAP, MEMORY, SECONDS, Limits, end_strays, environment, limiter

__all__ = ["MEMORY", "NOT_OUR_FORM", "SECONDS", "Limits", "run_probes"]

LARGEST_RESULT = 20_000_000  # bytes
KEPT_OUTPUT = 2_000  # characters of what the code printed last, for the message
NOT_OUR_FORM = "the code's process answered with something that is not the grader's form"
INSIDE = "/tmp"  # where a sandbox of bubblewrap has the task and the result


def run_probes(
    source: str, request: dict, limits: Limits | None = None, meanwhile: Callable[[], object] = lambda: None
) -> dict:
    """Run `source` in a sandbox, ask `graders.probes` the questions of `request`, and return its answers.

    `meanwhile` is called once the sandbox has begun, and its time counts: where it outlasts the limit, the code has as long.

    Raises SandboxError, in a sentence, where the code takes too long, takes too much memory, or kills its process.
    """
    if not hasattr(os, "fork"):
        raise SandboxError(
            "this system cannot run a file's code apart from the grader; that needs Linux or macOS. On Windows the checks in the "
            "notebook and the grading of a .safetensors file work; for the rest use WSL"
        )
    limits = limits or Limits()
    wrapped = bubblewrap.choose(limits.sandbox) == BUBBLEWRAP
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        home.mkdir()
        task, result, output = (Path(folder) / name for name in ("task.json", "result.json", "output.txt"))
        task.write_text(json.dumps({"source": source, **request}))
        result.touch()
        command = [sys.executable, "-P", "-m", "graders.probes"]
        if wrapped:
            places = {path: f"{INSIDE}/{path.name}" for path in (task, result)}
            command = bubblewrap.wrap(
                [*command, *places.values()], read={task: places[task]}, write={result: places[result]}
            )
            variables = environment(bubblewrap.WORK, bubblewrap.PACKAGES)
        else:
            command += [str(task), str(result)]
            variables = environment(str(home), link_packages(Path(folder)))
        with output.open("w+b") as stream:
            process = subprocess.Popen(
                command,
                cwd=home,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=limiter(limits.seconds, limits.memory, LARGEST_RESULT),
            )
            deadline = time.monotonic() + limits.seconds
            try:
                meanwhile()
                status = process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                raise SandboxError(
                    f"the code took longer than {limits.seconds:g} seconds; definitions should take a few: does a loop "
                    "never end, or does a class train when it is built?"
                ) from None
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # children too; all that bubblewrap holds ends with it
                process.wait()
                if not wrapped:
                    end_strays(str(home))
            if wrapped and status > 128:
                status = 128 - status  # bubblewrap tells of a signal as a shell does
            return _read(result, status, stream)


def link_packages(folder: Path) -> str:
    """A folder in which Python finds our packages, whichever way they are installed, and nothing that lies beside them."""
    packages = folder / "packages"
    packages.mkdir()
    for path in bubblewrap.our_packages():
        (packages / path.name).symlink_to(path, target_is_directory=True)
    return str(packages)


def _read(result: Path, status: int, output: BinaryIO) -> dict:
    if not result.is_file() or result.is_symlink() or not result.stat().st_size:
        output.seek(max(0, output.seek(0, os.SEEK_END) - KEPT_OUTPUT))
        printed = output.read(KEPT_OUTPUT).decode(errors="replace").strip().splitlines()
        last = f"; its last line: {printed[-1][:300]}" if printed else ""
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        if "MemoryError" in last or "allocate memory" in last:
            how = "ran out of memory"
        raise SandboxError(f"the code's process {how} before it answered{last}")
    if result.stat().st_size > LARGEST_RESULT:
        raise SandboxError(f"the code's process answered with more than {LARGEST_RESULT:,} bytes")
    return parse_answers(result.read_bytes())


def parse_answers(content: bytes) -> dict:
    """The answers that learner code's process gave; SandboxError where they are not JSON of our form."""
    try:
        answers = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError):
        answers = None
    if not isinstance(answers, dict):
        raise SandboxError(NOT_OUR_FORM)
    return answers


def _refuse(constant):
    raise ValueError(constant)
