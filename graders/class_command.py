"""The command `class FOLDER`: its executor, its progress, and what it says in the end."""

import gc
import sys
import warnings
from pathlib import Path

from joblib import cpu_count
from tqdm import tqdm

from course.errors import CourseError
from course.tables import printable
from graders.class_report import report
from graders.classroom import Row, grade_class
from graders.executors import DaskPool, Executor, LocalPool
from graders.limits import PLAIN


def run_class(options) -> int:
    """0: all graded; 1: some could not be; 2: the class could not; 130: interrupted, and the same command goes on."""
    folder = Path(options.folder).resolve()
    warnings.filterwarnings("ignore", "Object of type <\\w+> not in session")  # nbgrader's; the rows are right
    executor: Executor | None = None
    bar: tqdm | None = None

    def progress(done: int, total: int, row: Row) -> None:
        nonlocal bar
        bar = bar or tqdm(total=total, unit=" hand-ins", initial=done - 1, file=sys.stderr, dynamic_ncols=True)
        bar.update(done - bar.n)
        if row.error:
            said = f"{row.student}, {row.assignment}: could not be graded: {row.error}"
            bar.write(printable(said), file=sys.stderr)

    gc.freeze()  # looking through nbgrader's objects again and again would take as long as the recording
    try:
        if options.dask:
            executor = DaskPool(options.dask, tuple(options.tls) if options.tls else None)
        else:
            executor = LocalPool(options.jobs or cpu_count())
        graded = grade_class(
            folder, executor, only=options.assignments, seconds=options.seconds,
            sandbox=PLAIN if options.plain_sandbox else None, progress=progress,
        )  # fmt: skip
    except CourseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted before the first result", file=sys.stderr)
        return 130
    finally:
        if bar:
            bar.close()
        if executor:
            executor.close()
    print(report(folder, graded))
    if graded.interrupted:
        print(f"interrupted: {graded.left} hand-ins are left; the same command goes on with them")
        return 130
    return 1 if any(row.error for row in graded.rows) else 0
