"""The course's commands: `lab` opens the lessons, `check` looks whether they are in order, `pairs` derives their notebooks."""

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
    commands.add_parser("check", help="are the lessons in order: complete, in step, unsolved, worth 100 marks each")
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
        elif options.command == "check":
            from course.check import check_lessons

            found = check_lessons()
            for name, problems in found.items():
                print("\n".join([f"[{'FAIL' if problems else 'OK'}] {name}", *(f"  {one}" for one in problems)]))
            return 1 if any(found.values()) else 0
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
