"""What tests of the sandbox share: where they can run, and whether a process has come to its end."""

import time
from pathlib import Path

import pytest

from graders import bubblewrap
from graders.limits import BUBBLEWRAP, PLAIN

needs_bubblewrap = pytest.mark.skipif(bool(bubblewrap.why_not()), reason=f"no bubblewrap: {bubblewrap.why_not()}")
BOTH = pytest.mark.parametrize("sandbox", [pytest.param(BUBBLEWRAP, marks=needs_bubblewrap), PLAIN])


def running(mark: str) -> bool:
    """Whether a process with this word in its command line is alive."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def ends(mark: str, within: float = 30) -> bool:
    end = time.monotonic() + within
    while running(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
