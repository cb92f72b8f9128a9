"""The server that answers probes: it has imported PyTorch and traced a network, and forks a sandboxed child for each hand-in.

It runs in the sandbox itself and knows nothing of the course but its code: no digits, no marks, no gradebook, no hand-in. Inside
bubblewrap each child has namespaces of its own; where those are not allowed, it says so, and its caller does without it.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

from course.errors import SandboxError
from graders import bubblewrap
from graders.forkserver import SETTINGS, ForkServer
from graders.limits import BUBBLEWRAP, Limits, count_tasks, environment, limiter
from graders.sandbox import LARGEST_RESULT, NOT_OUR_FORM, link_packages, parse_answers, run_probes

ENDLESS = "; definitions should take a few: does a loop never end, or does a class train when it is built?"


class WarmSandbox:
    """What `run_probes` does, by a server that is started once."""

    def __init__(self, sandbox: str) -> None:
        self.wrapped = bubblewrap.choose(sandbox) == BUBBLEWRAP
        self.folder = tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True)
        (Path(self.folder.name) / "home").mkdir()
        self.packages = link_packages(Path(self.folder.name))
        self.server = ForkServer(self._start, advice=ENDLESS)
        self.problem = self._problem()

    def run(self, source: str, request: dict, limits: Limits | None = None) -> dict:
        """The probes' answers; raises SandboxError as `run_probes` does."""
        limits = limits or Limits()
        if self.problem:
            return run_probes(source, request, limits)
        work = {"source": source, **request}
        content = self.server.ask(work, limits.seconds, memory=limits.memory, alone=True)
        return parse_answers(content)

    def mend(self, fine: bool) -> None:
        """Start it anew where it has died, or may still be busy with what nobody waits for."""
        if not fine or not self.server.alive():
            self.server.close()
            self.problem = self._problem()

    def close(self) -> None:
        """End it."""
        self.server.close()
        self.folder.cleanup()

    def _problem(self) -> str:
        try:
            return self.server.open().get("problem", NOT_OUR_FORM)
        except SandboxError as error:
            return str(error)

    def _start(self) -> subprocess.Popen:
        home = Path(self.folder.name) / "home"
        command = [sys.executable, "-P", "-m", "graders.zygote", str(count_tasks()), BUBBLEWRAP if self.wrapped else ""]
        if self.wrapped:
            command, variables = bubblewrap.wrap(command), environment(bubblewrap.WORK, bubblewrap.PACKAGES)
        else:
            variables = environment(str(home), self.packages)
        return subprocess.Popen(
            command,
            cwd=home,
            env=variables | SETTINGS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def main(tasks: str, sandbox: str) -> None:
    """The server's side."""
    from graders.forking import serve
    from graders.isolation import allowed
    from graders.probes import answer

    room = (f"{bubblewrap.WORK}-child", bubblewrap.SMALL, bubblewrap.python_folders()) if sandbox == BUBBLEWRAP else None
    problem = allowed(*room) if room else ""
    if not problem:
        _warm()
    serve(answer, partial(_confine, room=room, tasks=int(tasks)), {"problem": problem}, orphans=True)


def _warm() -> None:
    """Import what hand-ins import, and trace a network: PyTorch imports half of itself at the first trace."""
    import torchvision  # noqa: F401
    from torch import nn

    import course.recipe
    import graders.answers  # noqa: F401
    from graders.probes import ask

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(
                nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), nn.BatchNorm2d(4), nn.Dropout(0.1), nn.MaxPool2d(2),
                nn.Conv2d(4, 10, 13), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LogSoftmax(1),
            )  # fmt: skip

        def forward(self, x):
            return self.layers(x)

    class Other(Net):  # one that `torch.export` writes down
        def forward(self, x):
            return self.layers(x)[:, :10]

    ask("network", {"Net": Net})
    ask("network", {"Net": Other})
    course.recipe.Recipe(epochs=1, batch_size=1, optimizer=partial(_sgd(), lr=0.1)).to_json()


def _sgd():
    from torch.optim import SGD

    return SGD


def _confine(request: dict, *, room: tuple[str, int, list[Path]] | None, tasks: int) -> None:
    """Confine a child to a `room`, as `isolate` takes it, or without one to a folder of its own; and to its limits."""
    if room:
        from graders.isolation import isolate

        isolate(*room)
    else:
        os.chdir(tempfile.mkdtemp(dir=os.environ["HOME"]))
    os.environ["HOME"] = os.environ["MPLCONFIGDIR"] = os.getcwd()
    limiter(request["seconds"], request["memory"], LARGEST_RESULT, tasks)()


if __name__ == "__main__":
    main(*sys.argv[1:])
