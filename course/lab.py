"""A learner's copy of the lessons, and JupyterLab on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from course.errors import UsageError
from course.pairs import LESSONS, scripts

SETTINGS = Path(__file__).parent / "lab_settings"  # a script opens as a notebook, no news; a user's own settings win


def prepare(folder) -> list[Path]:
    """Copy into `folder` the lessons that are not there yet; what is there stays as it is. Returns the new notebooks.

    Raises UsageError where `folder` is a file, or lies where the course keeps its own lessons.
    """
    folder = Path(folder).resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder for your copy of the lessons")
    if folder == LESSONS.resolve():
        raise UsageError(f"{folder} holds the course's own lessons; name a folder of your own")
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "jupytext.toml"
    if not settings.exists():
        shutil.copyfile(LESSONS / "jupytext.toml", settings)
    new = []
    for script in scripts():
        notebook, mine = folder / script.with_suffix(".ipynb").name, folder / script.name
        changed = mine.exists() and mine.read_bytes() != script.read_bytes()  # one that is not is left from an interruption
        if notebook.exists() or changed:
            continue
        shutil.copyfile(script, mine)  # first: of a pair, Jupytext opens the newer file
        shutil.copyfile(script.with_suffix(".ipynb"), notebook)
        new.append(notebook)
    return new


def open_lab(folder, arguments: list[str]) -> None:
    """Prepare `folder` and become JupyterLab in it; further arguments are JupyterLab's."""
    new = prepare(folder)
    kept = len(scripts()) - len(new)
    print(f"{Path(folder).resolve()}: {len(new)} lessons copied, {kept} kept as you left them.")
    print("To begin a lesson again, delete its .ipynb and its .py there.", flush=True)
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        [str(SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    )
    os.chdir(folder)
    command = [sys.executable, "-m", "jupyterlab", *arguments]
    if os.name == "nt":  # there execv would hand the terminal back while JupyterLab goes on
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)
