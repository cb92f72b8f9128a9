"""The course's commands.

`lab` opens the lessons, `status` says how far they are done, `doctor` whether this machine is fit for them; `check` asks whether
all is in order, and `pairs` derives their notebooks.
"""

import argparse
import sys


def parser() -> argparse.ArgumentParser:
    """The command line; importing this costs no PyTorch, so that --help answers at once."""
    top = argparse.ArgumentParser(prog="python -m course", description="The lessons.")
    commands = top.add_subparsers(dest="command", required=True)
    lab = commands.add_parser(
        "lab", help="open a copy of the lessons in JupyterLab", epilog="Other options are handed to JupyterLab."
    )
    lab.add_argument("--folder", default="workspace", help="where your copy is or will be (workspace)")
    status = commands.add_parser(
        "status", help="which lessons are done, as far as saved files tell, and what comes next"
    )
    status.add_argument("--folder", default="workspace", help="where your copy is (workspace)")
    commands.add_parser("doctor", help="is this machine fit for the course, and how long will each training take")
    check = commands.add_parser(
        "check",
        help="is the course in order: lessons complete, in step, unsolved; and what packages beside this one ask",
        description="Ask everything of the course that can be asked here. A package beside this one may bring further checks, "
        "in a file course_checks.py; the first line says which were found. Status 0 where all holds, else 1.",
    )
    check.add_argument("--lessons", type=int, nargs="+", metavar="N", help="only these lessons (all)")
    commands.add_parser("pairs", help="derive every lesson's notebook from its script")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    options, further = parser().parse_known_args(arguments)
    if further and options.command != "lab":
        parser().error(f"unknown: {' '.join(further)}")
    from course.errors import CourseError

    try:
        if options.command == "lab":
            from course.lab import open_lab

            open_lab(options.folder, further)
        elif options.command == "status":
            from course.status import report

            print(report(options.folder))
        elif options.command == "doctor":
            from course.doctor import examine

            fit = True
            for finding in examine():
                print(finding, flush=True)
                fit = fit and finding.passed
            return 0 if fit else 1
        elif options.command == "check":
            from course.check_course import check_course

            return 0 if check_course(options.lessons) else 1
        else:
            from course.pairs import out_of_step, write_notebooks

            for path in write_notebooks():
                print(f"written: {path.name}")
            problems = out_of_step()
            print("\n".join(problems) or "Scripts and notebooks are in step.")
            return 1 if problems else 0
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
