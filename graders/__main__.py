"""The graders' commands: `check PATH` grades one submission, `course FOLDER` sets up an nbgrader course."""

import argparse
import contextlib
import json
import sys


def parser() -> argparse.ArgumentParser:
    """The command line; importing this costs no PyTorch, so that --help answers at once."""
    top = argparse.ArgumentParser(prog="python -m graders", description="Grade submissions of the course.")
    commands = top.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="grade one submission against the four constraints")
    check.add_argument("path", help="a .safetensors submission, a notebook, or a .py that defines Net and recipe")
    check.add_argument("--json", action="store_true", help="print one JSON object, and nothing else")
    check.add_argument("--retrain", action="store_true", help="train the network here, from fresh weights")
    check.add_argument("--seeds", type=int, default=1, metavar="K", help="how many retrainings to average (1)")
    check.add_argument("--seconds", type=float, default=60, help="time limit for learner code (60)")
    check.add_argument("--traceback", action="store_true", help="show where an unexpected error came from")
    course = commands.add_parser("course", help="make an nbgrader course folder from the lessons")
    course.add_argument("folder")
    course.add_argument("--lessons", type=int, nargs="+", metavar="N", help="only these lessons (all)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options = parser().parse_args(arguments)
    if options.command == "check":
        return _check(options)
    from course.errors import CourseError
    from graders.course_folder import build_course

    try:
        build_course(options.folder, options.lessons)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _check(options) -> int:
    from graders.verdict import not_graded

    try:
        with contextlib.redirect_stdout(sys.stderr):  # progress; standard output is for the verdict
            from graders.check import check
            from graders.sandbox import Limits

            verdict = check(
                options.path, retrain=options.retrain, seeds=options.seeds, limits=Limits(seconds=options.seconds)
            )
    except Exception as error:
        if options.traceback:
            raise
        text = " ".join(str(error).split())[:500]
        verdict = not_graded(str(options.path), "internal", f"{type(error).__name__}: {text} (--traceback shows more)")
    print(json.dumps(verdict.to_json()) if options.json else verdict)
    return verdict.exit_status


if __name__ == "__main__":
    sys.exit(main())
