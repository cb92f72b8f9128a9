"""Mark a notebook in a process of its own, with limits: a graph is data, but may still ask PyTorch for hours or crash it.

nbgrader's process only sends what is to be marked and reads what was found; nothing of a hand-in is computed in it.
"""

import json
import os
import signal
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from course.errors import CourseError, DataError, SandboxError
from graders.limits import LARGEST_FILE, MEMORY, Limits, limiter
from graders.outcome import Outcome

EVALUATION_SECONDS = 300  # beside those of the learner's code; iteration 1 takes a minute on two cores
PATIENCE = 5  # seconds to end the learner's code when time is over


def mark_apart(
    cells: list[str],
    folder: Path,
    *,
    number: int,
    practice: bool,
    limits: Limits,
    evaluation: float = EVALUATION_SECONDS,
) -> dict[str, Outcome]:
    """The outcome of every check of lesson `number`, by check, for code cells and the folder of what was handed in with them.

    Raises DataError where MNIST is needed and missing, SandboxError where a hand-in breaks the process or outlasts it.
    """
    request = {"cells": cells, "folder": str(folder), "number": number, "practice": practice, "limits": asdict(limits)}
    seconds = limits.seconds + evaluation
    process = subprocess.Popen(
        [sys.executable, "-m", "graders.marking_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=limiter(seconds, MEMORY, LARGEST_FILE),
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)},
    )
    try:
        answer, said = process.communicate(json.dumps(request), timeout=seconds)
    except subprocess.TimeoutExpired:
        raise SandboxError(
            f"marking took longer than {seconds:g} seconds; the network asks for too much work"
        ) from None
    finally:
        _end(process)
    if process.returncode:
        last = (said.strip().splitlines() or ["nothing"])[-1][:200]
        raise SandboxError(
            f"marking ended with status {process.returncode}: the network asks for more memory than there is, or crashes "
            f"PyTorch (said last: {last})"
        )
    found = json.loads(answer)
    if "data" in found:
        raise DataError(found["data"])
    if "error" in found:
        raise SandboxError(found["error"])
    return {name: Outcome(**one | {"doubts": tuple(one["doubts"])}) for name, one in found["outcomes"].items()}


def _end(process: subprocess.Popen) -> None:
    """Interrupt it, so that it ends the learner's code if it still runs any; then kill it."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def main() -> None:
    """The marking process: a request on standard input, one JSON object on standard output."""
    request = json.load(sys.stdin)
    answer: dict = {}
    with redirect_stdout(sys.stderr):
        from graders.marking import mark

        try:
            outcomes = mark(
                {"cells": [{"cell_type": "code", "source": source} for source in request["cells"]]},
                request["folder"],
                number=request["number"],
                practice=request["practice"],
                limits=Limits(**request["limits"]),
            )
            answer = {"outcomes": {name: asdict(outcome) for name, outcome in outcomes.items()}}
        except DataError as error:
            answer = {"data": str(error)}
        except CourseError as error:
            answer = {"error": str(error)}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
