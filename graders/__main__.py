"""The graders' commands: `check` grades one submission, `course` sets up an nbgrader course, `class` grades its hand-ins,
`leaderboard` ranks those of the capstone.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import traceback
from functools import partial
from pathlib import Path

from course.errors import one_line
from graders.limits import ASLEEP, BEST, BUBBLEWRAP, EVALUATION_SECONDS, MEMORY, PLAIN, SECONDS, Limits
from graders.verdict import from_json, not_graded


def parser() -> argparse.ArgumentParser:
    """The command line; importing this costs no PyTorch, so that --help answers at once."""
    top = argparse.ArgumentParser(prog="python -m graders", description="Grade submissions of the course.")
    commands = top.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="grade one submission against the four constraints", allow_abbrev=False)
    check.add_argument("path", help="a .safetensors submission, a notebook, or a .py that defines Net and recipe")
    check.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")
    check.add_argument(
        "--retrain", action="store_true", help="train the network here, from fresh weights, however long that takes"
    )
    check.add_argument(
        "--seeds",
        type=_positive(int),
        default=1,
        metavar="K",
        help="retrainings at most; one that meets rule 1 is enough (1)",
    )
    _add_seconds(check, ", not for a retraining")
    check.add_argument("--keep", type=Path, metavar="FILE", help="where to save the retraining, as a submission")
    check.add_argument(
        "--plain-sandbox", action="store_true", help="don't use bubblewrap for learner code, even where it works"
    )
    check.add_argument("--traceback", action="store_true", help="show where an unexpected error came from")
    course = commands.add_parser("course", help="make an nbgrader course folder from the lessons")
    course.add_argument("folder")
    course.add_argument("--lessons", type=int, nargs="+", metavar="N", help="only these lessons (all)")
    course.add_argument(
        "--sandbox", choices=(BUBBLEWRAP, PLAIN),
        help="where learner code runs when the course is graded (as the course says; a new one, bubblewrap where it works)",
    )  # fmt: skip
    group = commands.add_parser("class", help="grade all hand-ins of a course folder, into nbgrader's gradebook")
    group.add_argument("folder", help="the course folder, with submitted/LEARNER/ASSIGNMENT/")
    group.add_argument("--assignments", nargs="+", metavar="NAME", help="only these (all that were handed in)")
    group.add_argument("--jobs", type=_positive(int), metavar="N", help="how many at a time (one a core)")
    _add_seconds(group)
    group.add_argument("--plain-sandbox", action="store_true", help="don't use bubblewrap, even where it works")
    group.add_argument("--dask", metavar="ADDRESS", help="on a cluster of Dask's distributed: tls://HOST:PORT")
    group.add_argument("--tls", nargs=3, metavar=("CA", "CERT", "KEY"), help="its files (as Dask is configured)")
    board = commands.add_parser("leaderboard", help="rank a class's hand-ins of the capstone, as HTML and Markdown")
    board.add_argument("folder", help="the course folder, with submitted/LEARNER/11_capstone/")
    board.add_argument("--retrain", action="store_true", help="train every network here, which is the strongest evidence")
    board.add_argument("--seeds", type=_positive(int), default=1, metavar="K", help="retrainings of each at most (1)")
    board.add_argument("--anonymous", action="store_true", help="number the learners instead of naming them")
    return top


def _add_seconds(command: argparse.ArgumentParser, further: str = "") -> None:
    said = f"time limit for learner code{further} ({SECONDS})"
    command.add_argument("--seconds", type=_positive(float), default=SECONDS, metavar="S", help=said)


def _positive(kind):
    def number(text: str):
        value = kind(text)
        if not 0 < value <= 1_000_000:
            raise argparse.ArgumentTypeError(f"should be a number from 1 to a million, saw {text}")
        return value

    number.__name__ = "number"  # argparse names it where int() or float() refuses
    return number


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # whatever a file is called
    arguments = sys.argv[1:] if arguments is None else arguments
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = parser().parse_args(arguments)
    except SystemExit as stop:
        print(said.getvalue(), end="", file=sys.stderr)
        if stop.code and "check" in arguments[:1] and "--json" in arguments:
            message = said.getvalue().strip().rpartition("error: ")[2]
            print(json.dumps(not_graded("", "usage", message).to_json()))
        raise
    if options.command == "check":
        return _check(options)
    if options.command == "class":
        from graders.class_command import run_class

        return run_class(options)
    from course.errors import CourseError

    try:
        if options.command == "leaderboard":
            from graders.leaderboard_command import run_leaderboard

            return run_leaderboard(options)
        from graders.course_folder import build_course

        build_course(options.folder, options.lessons, sandbox=options.sandbox)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _check(options) -> int:
    name = Path(options.path).name or options.path
    work = partial(_verdict, options, name)
    if not options.retrain:  # which is long enough to be worth cores of its own
        os.environ.update(ASLEEP | os.environ)
    if "torch" in sys.modules or not hasattr(os, "fork"):
        answer: dict | str = work()
    else:
        from graders.own_process import run_apart

        answer = run_apart(work, None if options.retrain else options.seconds + EVALUATION_SECONDS, MEMORY)
    if isinstance(answer, dict):
        verdict = from_json(answer["verdict"], tuple(answer["notes"]))
    else:
        verdict = not_graded(name, "sandbox", answer)
    print(json.dumps(verdict.to_json()) if options.json else verdict)
    return verdict.exit_status


def _verdict(options, name: str) -> dict:
    try:
        with contextlib.redirect_stdout(sys.stderr):  # progress; standard output is for the verdict
            from graders.check import check

            limits = Limits(seconds=options.seconds, sandbox=PLAIN if options.plain_sandbox else BEST)
            verdict = check(
                options.path, retrain=options.retrain, seeds=options.seeds, keep=options.keep, limits=limits
            )
            return {"verdict": verdict.to_json(), "notes": verdict.notes}
    except Exception as error:
        if options.traceback:
            traceback.print_exc(file=sys.stderr)
        text = f"{type(error).__name__}: {one_line(error, 500)} (--traceback shows more)"
        return {"verdict": not_graded(name, "internal", text).to_json(), "notes": []}


if __name__ == "__main__":
    sys.exit(main())
