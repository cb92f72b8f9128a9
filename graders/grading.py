"""Grade one hand-in, wherever this is called: a pure function of data, for any executor of the futures kind.

The thread that calls it has a marking server of its own, started at the first call and used from then on.
"""

import json
import threading
from dataclasses import asdict, dataclass, field

from course.errors import DataError, SandboxError
from graders.forkserver import ForkServer
from graders.limits import BEST, EVALUATION_SECONDS, MEMORY, SECONDS
from graders.marker import start_marker

_own = threading.local()
_all: list[ForkServer] = []  # to end them by


@dataclass(frozen=True)
class Task:
    """A hand-in as data. `files` are its .safetensors by name, in base64; `known` are evaluations that were made before."""

    key: str
    number: int
    cells: tuple[str, ...]
    files: dict[str, str]
    practice: bool = False
    seconds: float = SECONDS
    sandbox: str = BEST
    known: dict[str, dict] = field(default_factory=dict)


def grade(task: Task) -> dict:
    """{"outcomes": {check: …}, "evaluations": {content: …}, "trouble": [sentence]}, or {"error": sentence} where none came.

    `trouble` is what the learner's code did to its sandbox: it took too long, or died.

    Raises DataError where MNIST is needed and missing here: no hand-in's fault; SandboxError where no server starts.
    """
    server = _server(task.sandbox)
    server.open()
    seconds = task.seconds + EVALUATION_SECONDS
    try:
        answer = json.loads(server.ask(asdict(task), seconds, memory=MEMORY))
    except SandboxError as error:
        return {"error": str(error)}
    if "data" in answer:
        raise DataError(answer["data"])
    return answer


def server_says(sandbox: str) -> dict:
    """What the marking server of this thread says of itself: {"data": …, "sandbox": …, "torch": …}."""
    return _server(sandbox).open()


def end_servers() -> None:
    """End every server that was started from this process."""
    while _all:
        _all.pop().close()


def _server(sandbox: str) -> ForkServer:
    servers: dict[str, ForkServer] = _own.__dict__.setdefault("servers", {})
    if sandbox not in servers:
        servers[sandbox] = ForkServer(lambda: start_marker(sandbox), "marking", "; the network asks for too much work")
        _all.append(servers[sandbox])
    return servers[sandbox]
