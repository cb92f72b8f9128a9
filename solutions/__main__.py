"""The solutions' commands: `demo`, `reproduce`, `adopt`, `bench`, `verify`, `tables`, `screenshots`."""

import argparse
import sys
from pathlib import Path

PARTS = "epochs levers evaluation class growth recipe".split()


def parser() -> argparse.ArgumentParser:
    """The command line; importing this costs no PyTorch, so that --help answers at once."""
    top = argparse.ArgumentParser(
        prog="python -m solutions", description="Reference solutions: shown, trained, verified."
    )
    commands = top.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="grade three learners' notebooks with nbgrader and show their marks")
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="the course folder it makes (demo)")
    reproduce = commands.add_parser(
        "reproduce", help="train the reference solutions as documented and record the results"
    )
    reproduce.add_argument("--iterations", type=int, nargs="+", metavar="N", help="which iterations (all ten)")
    reproduce.add_argument("--seeds", type=int, default=1, metavar="K", help="the seeds 1 to K of each (1)")
    reproduce.add_argument("--epochs", type=int, metavar="E", help="instead of the documented number")
    reproduce.add_argument("--device", default="cpu", help="cpu or cuda (cpu)")
    reproduce.add_argument(
        "--processes", type=int, default=1, metavar="P", help="runs side by side, one thread each (1)"
    )
    reproduce.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="of the multiplications (float32)"
    )
    reproduce.add_argument("--ledger", type=Path, help="the file of results (solutions/results/ledger.jsonl)")
    adopt = commands.add_parser("adopt", help="take over runs that were trained elsewhere, with their weights")
    adopt.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="such as another checkout's solutions/results")
    bench = commands.add_parser("bench", help="measure how fast training is, against the standard loop, and grading")
    bench.add_argument(
        "--parts", nargs="+", choices=PARTS, default=[], metavar="PART", help=f"only {', '.join(PARTS)} (all)"
    )
    commands.add_parser("verify", help="hold the records against the solutions, and grade the weights again")
    commands.add_parser("tables", help="render what lessons, README and docs show of the records")
    pictures = commands.add_parser("screenshots", help="take the README's pictures of JupyterLab and of the feedback")
    pictures.add_argument("--folder", type=Path, default=Path("demo"), help="the demonstration's course folder (demo)")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0 only where all holds."""
    options = parser().parse_args(arguments)
    from course.errors import CourseError

    try:
        return _run(options)
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _run(options) -> int:
    if options.command == "demo":
        from solutions.demo import demo

        return demo(options.folder.resolve())
    if options.command == "reproduce":
        from solutions.ledger import LEDGER
        from solutions.reproduce import reproduce

        numbers = options.iterations or list(range(1, 11))
        ledger = options.ledger or LEDGER
        how = options.device, ledger, options.processes, options.precision
        return 0 if reproduce(numbers, options.seeds, options.epochs, *how) else 1
    if options.command == "adopt":
        from solutions.adopt import adopt

        return 0 if adopt(options.folders) else 1
    if options.command == "bench":
        from solutions.bench import bench

        bench(options.parts)
        return 0
    if options.command == "tables":
        from solutions.tables import write_tables

        for path in write_tables():
            print(f"written: {path.name}")
        return 0
    if options.command == "screenshots":
        from solutions.screenshots import take

        for path in take(options.folder.resolve()):
            print(f"written: {path}")
        return 0
    from solutions.verify import verify

    return 0 if verify() else 1


if __name__ == "__main__":
    sys.exit(main())
