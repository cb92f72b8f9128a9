"""Constraints, trusted grading, checks of the lessons, and what nbgrader needs of us."""

import sys
from pathlib import Path

# From beside this package: where it is installed to be edited, Python takes a folder `course` in the working folder for ours.
sys.path.insert(0, str(Path(__file__).parent.parent))
import course  # noqa: E402, F401

sys.path.pop(0)


def __getattr__(name: str):
    if name == "check":
        from graders.check import check

        return check
    if name == "lesson_checks":
        from graders.notebook import lesson_checks

        return lesson_checks
    raise AttributeError(f"module 'graders' has no attribute {name!r}")
