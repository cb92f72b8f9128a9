"""Ask everything of the course that can be asked here: of the lessons by themselves, and what packages beside this one ask.

A package beside `course` may bring a file `course_checks.py` with a dict `CHECKS`: for each name a function that takes a
Lesson and returns a sentence for each thing that is wrong. They are found by looking; no package is known by name.
"""

import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

from course.check import check_lessons
from course.errors import UsageError
from course.iterations import Lesson, lessons

FILE = "course_checks.py"
BESIDE = Path(__file__).resolve().parent.parent
Check = Callable[[Lesson], list[str]]


def further_checks(beside: Path = BESIDE) -> dict[str, dict[str, Check]]:
    """The checks that each package in a folder brings, by package."""
    names = [path.parent.name for path in sorted(beside.glob(f"*/{FILE}")) if (path.parent / "__init__.py").is_file()]
    if str(beside) not in sys.path:
        sys.path.append(str(beside))  # where the command was started in another folder
    return {name: importlib.import_module(f"{name}.{Path(FILE).stem}").CHECKS for name in names}


def check_course(numbers: list[int] | None = None, beside: Path = BESIDE) -> bool:
    """Ask, and print a line a lesson as the answers come in; True where all holds. Raises UsageError for an unknown number."""
    chosen = [item for item in lessons() if not numbers or item.number in numbers]
    if numbers and len(chosen) < len(set(numbers)):
        raise UsageError(f"there are lessons 1 to {len(lessons())}, saw {', '.join(map(str, sorted(set(numbers))))}")
    found = further_checks(beside)
    said = "; ".join(f"{name} asks: {', '.join(checks)}" for name, checks in found.items())
    print(f"Further checks: {said}." if found else "Further checks: none found beside course; the lessons by themselves:")
    by_themselves = check_lessons()
    asked: dict[str, Check] = {"in order": lambda item: by_themselves[item.slug]}
    for checks in found.values():
        asked |= checks
    problems = by_themselves["scripts and notebooks"]
    _report("scripts and notebooks", problems)
    for item in chosen:
        problems = problems + _ask(item, asked)
    print(f"{len(problems)} things are to be mended." if problems else "The course is in order.")
    return not problems


def _ask(item: Lesson, asked: dict[str, Check]) -> list[str]:
    """Every check of one lesson; what has been asked shows at once, since some take a minute."""
    started, problems = time.monotonic(), []
    print(f"lesson {item.number}, {item.slug}", end="", flush=True)
    for name, check in asked.items():
        print(f" · {name}", end="", flush=True)
        problems += check(item)
    print(f" ({time.monotonic() - started:.0f} s)")
    _report(f"lesson {item.number}", problems)
    return problems


def _report(name: str, problems: list[str]) -> None:
    print("\n".join([f"[{'FAIL' if problems else 'OK'}] {name}", *(f"  {one}" for one in problems)]), flush=True)
