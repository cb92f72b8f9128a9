"""The kernel of a graded notebook, confined: in bubblewrap where that works, and in any case with limits and few variables.

nbgrader and its gradebook stay outside; the kernel is talked to through sockets in a folder of its own.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from course.folders import raw_folder
from graders import bubblewrap
from graders.limits import BUBBLEWRAP, LARGEST_FILE, MEMORY, end_strays, environment, limiter
from graders.sandbox import link_packages

HANDED_IN, DIGITS = "/handed-in", "/mnist"  # inside: the learner's files, and MNIST, both read-only
WORK_SIZE = 400 * 2**20  # bytes that a notebook may write in all, beside its copy of what was handed in
COPY = f'cp -R {HANDED_IN}/. . 2>/dev/null; exec "$@"'  # the notebook saves its run anew, into its copy


class ConfinedKernelManager(AsyncKernelManager):
    """Starts the kernel as `confine` says; `clear` afterwards ends what it left."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **kw: Any) -> None:
        kernel_cmd = [sys.executable, *kernel_cmd[1:]]  # this Python: a learner's kernelspec names none of its own
        if self.sandbox == BUBBLEWRAP:
            kernel_cmd = self._wrapped(kernel_cmd, Path(kw["cwd"]))
            variables = environment(bubblewrap.WORK, bubblewrap.PACKAGES)
            digits = DIGITS
        else:
            variables = environment(str(self.folder / "home"), link_packages(self.folder))
            digits = str(raw_folder())
        if raw_folder().is_dir():
            variables["MNIST_DIR"] = digits
        kw |= {"env": variables, "independent": True}  # not bound to a process number, which is another inside
        kw |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # what cells print comes as messages
        kw["preexec_fn"] = limiter(self.seconds, MEMORY, LARGEST_FILE)
        await super()._async_launch_kernel(kernel_cmd, **kw)

    def _wrapped(self, command: list[str], handed_in: Path) -> list[str]:
        read = {handed_in.resolve(): HANDED_IN}
        read |= {path: f"{DIGITS}/{path.name}" for path in raw_folder().glob("*-ubyte.gz")}
        sockets = self.folder / "sockets"
        return bubblewrap.wrap(
            ["/bin/sh", "-c", COPY, "sh", *command], read=read, write={sockets: str(sockets)}, size=WORK_SIZE
        )

    def confine(self, sandbox: str, seconds: float) -> None:
        """Make it ready: which sandbox, and how many seconds the notebook may take."""
        self.sandbox, self.seconds = sandbox, seconds
        self.folder = Path(tempfile.mkdtemp(prefix="kernel-"))
        for name in ("home", "sockets"):
            (self.folder / name).mkdir()
        self.connection_file = str(self.folder / "sockets" / "connection.json")
        self.transport, self.ip = "ipc", str(self.folder / "sockets" / "s")
        assert self.kernel_spec
        self.kernel_spec.interrupt_mode = "message"  # a signal would end bubblewrap, not the cell

    def clear(self) -> None:
        """End what the kernel left running, and remove its folder."""
        if self.sandbox != BUBBLEWRAP:
            end_strays(str(self.folder / "home"))
        shutil.rmtree(self.folder, ignore_errors=True)
