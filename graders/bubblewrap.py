"""The strong sandbox: a command in namespaces of its own, made by bubblewrap, where a probe shows that it works.

Inside are the system's libraries, Python and its packages, `course` and `graders`, all read-only, and one small folder in
memory to write to. There is no network, no other process, no home, no course folder and no data but what a caller shows.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import course
from course.errors import SandboxError, one_line
from graders.limits import BEST, BUBBLEWRAP, PLAIN, environment

PACKAGES, WORK = "/grading", "/tmp/work"  # inside: where our packages are, and the folder to work in
SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store",
    "/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
)  # fmt: skip
SMALL = 64 * 2**20  # bytes that code may write in all
PROBE = "import importlib.util as i; assert i.find_spec('torch'); import graders, course.errors"
PROBE_SECONDS = 20
INSTALL = "install bubblewrap 0.7 or newer (Debian, Ubuntu: sudo apt install bubblewrap)"


def wrap(
    command: list[str], *, read: dict[Path, str] | None = None, write: dict[Path, str] | None = None, size: int = SMALL
) -> list[str]:
    """The command that runs `command` inside; `read` and `write` map files and folders to their places there.

    It ends, with all its children, when its caller ends.
    """
    bound = [("--ro-bind-try", path, path) for path in SYSTEM]
    bound += [("--ro-bind", str(path), str(path)) for path in python_folders()]
    bound += [("--ro-bind", str(path), f"{PACKAGES}/{path.name}") for path in our_packages()]
    bound += [("--ro-bind", str(path), place) for path, place in (read or {}).items()]
    bound += [("--bind", str(path), place) for path, place in (write or {}).items()]
    return [
        "bwrap", "--unshare-all", "--die-with-parent", "--new-session",
        "--proc", "/proc", "--dev", "/dev",
        "--size", str(size), "--tmpfs", "/dev/shm", "--size", str(size), "--tmpfs", "/tmp", "--dir", WORK,
        *(word for three in bound for word in three),
        "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", WORK, "--", *command,
    ]  # fmt: skip


def our_packages() -> list[Path]:
    """The folders of `course` and of `graders`, and nothing that lies beside them."""
    return [Path(str(course.__file__)).parent, Path(__file__).parent]


def python_folders() -> list[Path]:
    """Where this Python and its packages lie."""
    roots = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent]
    roots += [path for path in map(Path, sys.path) if path.name in ("site-packages", "dist-packages")]
    kept: list[Path] = []
    for path in roots:
        if path.is_dir() and not any(path.is_relative_to(other) for other in (*kept, Path("/usr"))):
            kept.append(path)
    return kept


def choose(wanted: str = BEST) -> str:
    """The sandbox to use, "bubblewrap" or "plain"; SandboxError where bubblewrap is wanted and does not work."""
    if wanted not in (BEST, BUBBLEWRAP, PLAIN):
        raise SandboxError(f"the sandbox is {BEST!r}, {BUBBLEWRAP!r} or {PLAIN!r}; saw {wanted!r}")
    if wanted == PLAIN:
        return PLAIN
    problem = why_not()
    if problem and wanted == BUBBLEWRAP:
        raise SandboxError(f"bubblewrap does not work here ({problem}); {INSTALL}, or ask for the plain sandbox")
    return PLAIN if problem else BUBBLEWRAP


def describe(chosen: str) -> str:
    """One sentence on the sandbox that is used."""
    if chosen == BUBBLEWRAP:
        return "learner code runs in bubblewrap: no network, no files but Python's, nothing outlives it"
    problem = why_not()
    because = f"bubblewrap does not work here ({problem}); {INSTALL}" if problem else "as asked for"
    return f"learner code runs in a plain limited process, with this user's rights to files and network: {because}"


@cache
def why_not() -> str:
    """Why bubblewrap cannot be used on this machine; empty where it works. It is tried, once a process."""
    if not shutil.which("bwrap"):
        return "bwrap is not installed" if sys.platform == "linux" else "it is for Linux only"
    if any(path in (Path("/"), Path.home()) for path in python_folders()):
        return "Python is installed in the home folder itself, which learner code must not see"
    try:
        done = subprocess.run(
            wrap([sys.executable, "-P", "-c", PROBE]),
            env=environment(WORK, PACKAGES),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return one_line(error, 200)
    return "" if done.returncode == 0 else one_line((done.stderr.strip().splitlines() or ["it fails"])[-1], 200)
