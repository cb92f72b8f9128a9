"""What learner code is confined to: limits on time, memory, processes and files, and an environment of a few variables."""

import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

with suppress(ModuleNotFoundError):
    import resource  # Windows has none; learners' notebooks import this file for their checks there, too

SECONDS = 60  # building and tracing a network takes 5 s on a slow machine, most of it PyTorch's import
EVALUATION_SECONDS = 300  # beside those of the learner's code; iteration 1 takes a minute on two cores for 10,000 digits
MEMORY = 6 * 2**30  # bytes of data a process; PyTorch needs 1 GiB, iteration 1 as much again
LARGEST_FILE = 100_000_000  # bytes of a file that a graded kernel writes: iteration 1's run has 26 million
MOST_FILES = 20  # a folder with more .safetensors files than that is no hand-in
MORE_TASKS = 500  # processes and threads beside those that the user has: PyTorch takes a few dozen, a fork bomb all
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SYSTEMROOT", "OMP_NUM_THREADS")
# Read by PyTorch as it starts: its threads wait asleep. By default they spin, and take the cores from what they wait for: on two
# cores, beside one busy program, that halves the speed or worse. On idle cores sleep costs a third, so training by itself spins.
ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE"}
BEST, BUBBLEWRAP, PLAIN = "best", "bubblewrap", "plain"


@dataclass(frozen=True)
class Limits:
    """Seconds of wall-clock time, bytes of memory, and which sandbox: "bubblewrap", "plain", or the "best" that works here."""

    seconds: float = SECONDS
    memory: int = MEMORY
    sandbox: str = BEST


def with_our_path() -> dict[str, str]:
    """This process's variables, for one of ours that is to find the same packages, ours first."""
    paths = [str(Path(__file__).parent.parent), *(path or os.getcwd() for path in sys.path)]
    return os.environ | ASLEEP | {"PYTHONPATH": os.pathsep.join(paths)}


def environment(home: str, packages: str) -> dict[str, str]:
    """The variables that learner code gets: none that tells of the user; our packages are found in the folder `packages`."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | ASLEEP | {
        "HOME": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": home,
        "NBGRADER_EXECUTION": "autograde",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": packages,
        "USER": "learner",
    }


def limiter(seconds: float, memory: int, largest_file: int, running: int | None = None):
    """A function for a new process to call: it sets the limits on itself, and they hold for its children.

    `running` is what `count_tasks` gave, for a process that cannot count for itself.
    """
    tasks = (count_tasks() if running is None else running) + MORE_TASKS

    def limit() -> None:
        wanted = {
            resource.RLIMIT_DATA: memory,
            resource.RLIMIT_CPU: int(seconds * 4) + 1,
            resource.RLIMIT_FSIZE: largest_file,
            resource.RLIMIT_CORE: 0,
        }
        if tasks > MORE_TASKS:
            wanted[resource.RLIMIT_NPROC] = tasks
        for kind, value in wanted.items():
            _, most = resource.getrlimit(kind)
            value = (
                value if most == resource.RLIM_INFINITY else min(value, most)
            )  # nobody may raise what is set already
            resource.setrlimit(kind, (value, value))

    return limit


def count_tasks() -> int:
    """The processes and threads of this user; 0 where the system doesn't tell."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            count += len(os.listdir(process / "task")) if process.stat().st_uid == os.getuid() else 0
    return count


def end_strays(home: str) -> None:
    """End what left its process group and lives on: it still has this folder as its home."""
    mark = os.fsencode(f"HOME={home}")
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
