"""The server that marks: it has imported the graders and read MNIST, and forks a child, with limits, for each hand-in.

What a child does with a hand-in ends with it: memory, time and crashes are its own. Learner code runs in none of these processes,
but in the sandbox that the server has started once for all its children, which take turns.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from course.errors import DataError, SandboxError
from graders.forkserver import SETTINGS
from graders.frames import write_frame
from graders.limits import LARGEST_FILE, Limits, count_tasks, limiter, with_our_path


def start_marker(sandbox: str) -> subprocess.Popen:
    """The server as a process; `sandbox` is "best", "bubblewrap" or "plain"."""
    return subprocess.Popen(
        [sys.executable, "-m", "graders.marker", sandbox],
        env=with_our_path() | SETTINGS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def main(sandbox: str) -> None:
    """The server's side; what it says first is {"data": digest of MNIST, or "", "sandbox": sentence, "torch": version}."""
    import torch

    from course.data import load_mnist, load_practice_digits
    from graders.bubblewrap import choose, describe
    from graders.forking import serve
    from graders.marking import mark  # noqa: F401, so that children have it
    from graders.zygote import WarmSandbox

    torch.set_num_threads(1)  # a thread would not survive a fork
    try:
        warm = WarmSandbox(sandbox)
    except SandboxError as error:
        return write_frame(1, json.dumps({"refused": str(error)}).encode())
    problem = ""
    try:
        data = load_mnist(download=False)
    except DataError as error:
        data, problem = load_practice_digits(), str(error)
    ready = {
        "data": "" if problem else data.digest,
        "problem": problem,
        "sandbox": describe(choose(sandbox)) + (f"; each with its own start ({warm.problem})" if warm.problem else ""),
        "torch": torch.__version__,
    }
    tasks = count_tasks()

    def confine(request: dict) -> None:
        limiter(request["seconds"], request["memory"], LARGEST_FILE, tasks)()

    with tempfile.TemporaryDirectory(prefix="hand-ins-") as place:

        def after(fine: bool) -> None:
            warm.mend(fine)
            for left in Path(place).iterdir():  # by a child that was ended
                shutil.rmtree(left, ignore_errors=True)

        serve(lambda work: _mark(work, warm, None if problem else data, place), confine, ready, after=after)
    warm.close()


def _mark(work: dict, warm, data, place: str) -> dict:
    """The outcomes of one hand-in, and the evaluations that were made for it."""
    from graders.evidence import Evidence, accuracy_outcome, judge_evidence
    from graders.marking import mark_as_data
    from graders.outcome import Outcome, outcome_of

    known, made, trouble = work["known"], dict[str, dict](), list[str]()

    def run(source: str, request: dict, limits: Limits | None) -> dict:
        try:
            return warm.run(source, request, limits)
        except SandboxError as error:
            trouble.append(str(error))  # the checks say it as well; this is for the instructor
            raise

    def evaluate(evidence: Evidence, floor: float | None, *, practice: bool) -> Outcome:
        if evidence.submission is None or data is None:
            return accuracy_outcome(evidence, floor, practice=practice)
        key = _content(evidence, floor, data)
        if key not in known:
            known[key] = made[key] = asdict(judge_evidence(evidence, data, floor))
        return outcome_of(known[key])

    limits = Limits(seconds=work["seconds"], sandbox=work["sandbox"])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=place)))
        for name, content in work["files"].items():
            (folder / name).write_bytes(b64decode(content))
        found = mark_as_data(
            work["cells"], folder, number=work["number"], practice=work["practice"], limits=limits,
            run=run, evaluate=evaluate,
        )  # fmt: skip
    return found | {"evaluations": made, "trouble": trouble} if "outcomes" in found else found


def _content(evidence, floor: float | None, data) -> str:
    """A digest of all that an evaluation rests on: graph, weights, what the file says of its epochs, the digits, the floor."""
    submission = evidence.submission
    digest = hashlib.sha256(f"{submission.graph.hash} {data.digest} {floor}".encode())
    about = [submission.carries, submission.epoch, [asdict(epoch) for epoch in submission.history]]
    digest.update(json.dumps(about).encode())
    for name, tensor in sorted(submission.weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().view(-1).numpy().tobytes())
    return digest.hexdigest()


if __name__ == "__main__":
    main(*sys.argv[1:])
