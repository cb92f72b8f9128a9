"""Mark notebooks in a process of its own, with limits: a graph is data, but may still ask PyTorch for hours or crash it.

nbgrader's process only sends what is to be marked and reads what was found; nothing of a hand-in is computed in it. The
marking process imports PyTorch once and forks for each notebook, so that one notebook cannot harm the next.
"""

import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path

from course.errors import DataError, SandboxError
from graders.limits import EVALUATION_SECONDS, MEMORY, Limits, with_our_path
from graders.outcome import Outcome, outcome_of
from graders.own_process import PATIENCE, run_apart

START_SECONDS = 120  # to import PyTorch on a machine that is busy
FORKS = sys.platform == "linux"  # elsewhere a fork of a process that holds PyTorch may hang: one process a notebook


class MarkingProcess:
    """Started when it is first asked; ends with the process that started it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def mark(
        self,
        cells: list[str],
        folder: Path,
        *,
        number: int,
        practice: bool,
        limits: Limits,
        evaluation: float = EVALUATION_SECONDS,
    ) -> dict[str, Outcome]:
        """The outcome of every check of lesson `number`, by check, for code cells and the folder of the files beside them.

        Raises DataError where MNIST is needed and missing, SandboxError where a hand-in breaks the process or outlasts it.
        """
        seconds = limits.seconds + evaluation
        request = {"cells": cells, "folder": str(folder), "number": number, "practice": practice, "seconds": seconds}
        answer = self._ask(json.dumps(request | {"limits": asdict(limits)}), seconds + PATIENCE + START_SECONDS)
        if not FORKS:
            self.close()
        if "data" in answer:
            raise DataError(answer["data"])
        if "error" in answer:
            raise SandboxError(answer["error"])
        return {name: outcome_of(one) for name, one in answer["outcomes"].items()}

    def _ask(self, request: str, seconds: float) -> dict:
        process = self._process = self._process or _start()
        assert process.stdin and process.stdout
        line = ""
        with suppress(BrokenPipeError):
            process.stdin.write(request + "\n")
            process.stdin.flush()
            if select.select([process.stdout], [], [], seconds)[0]:
                line = process.stdout.readline()
        if not line:
            self.close()
            return {"error": "marking came to no end, or ended without an answer; the network asks for too much"}
        return json.loads(line)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "graders.marking_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env=with_our_path(),
    )


def main() -> None:
    """The marking process: a request a line on standard input, a JSON object a line on standard output."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what else is printed is no answer
    import graders.marking  # noqa: F401, and with it PyTorch, none of whose threads may start here

    for line in sys.stdin:
        request = json.loads(line)
        work = partial(_mark, request)
        answer = run_apart(work, request["seconds"], MEMORY) if FORKS else work()
        print(json.dumps({"error": answer} if isinstance(answer, str) else answer), file=answers, flush=True)


def _mark(request: dict) -> dict:
    from graders.marking import mark_as_data

    settings = {"number": request["number"], "practice": request["practice"], "limits": Limits(**request["limits"])}
    return mark_as_data(request["cells"], request["folder"], **settings)


if __name__ == "__main__":
    main()
