"""Make an nbgrader course folder from the lessons."""

import tomllib
from pathlib import Path

import nbformat

from course.errors import UsageError, counted
from course.iterations import lessons as all_lessons
from course.pairs import LESSONS
from graders.bubblewrap import choose, describe
from graders.course_config import NAME, write_config
from graders.limits import BEST

OURS = {
    "source",
    "release",
    "submitted",
    "autograded",
    "class",
    "feedback",
    "originals",
    "rubrics",
    "gradebook.db",
    NAME,
    "grades.csv",
}
NO_ACCURACY = ("accuracy", "trained")


def build_course(folder, lessons: list[int] | None = None, *, practice: bool = False, sandbox: str | None = None) -> Path:
    """A course folder with the lessons' assignments in `source/`; what learners handed in and what was graded stays as it is.

    With `practice`, checks of accuracy are worth nothing: for a machine without MNIST. `sandbox` is where learner code is to
    run; None: as the course says, or a new one as best this machine can. Raises UsageError, SandboxError.
    """
    folder = Path(folder).resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder that is new, empty or a course already")
    strangers = sorted(path.name for path in folder.iterdir() if path.name not in OURS) if folder.exists() else []
    if strangers and not (folder / NAME).exists():
        raise UsageError(
            f"{folder} holds other things ({', '.join(strangers[:3])}); name a folder that is new or empty"
        )
    known = {item.number: item for item in all_lessons() if (LESSONS / f"{item.slug}.ipynb").exists()}
    unknown = sorted(set(lessons or []) - set(known))
    if unknown:
        raise UsageError(f"there is no lesson {unknown[0]}; there are {', '.join(map(str, known))}")
    folder.mkdir(parents=True, exist_ok=True)
    asked = write_config(folder, practice=practice, sandbox=sandbox)
    for number in sorted(set(lessons or known)):
        slug = known[number].slug
        notebook = nbformat.read(LESSONS / f"{slug}.ipynb", as_version=4)
        for cell in notebook.cells if practice else []:
            if cell.metadata.get("nbgrader", {}).get("grade_id") in NO_ACCURACY:
                cell.metadata.nbgrader["points"] = 0
        target = folder / "source" / slug / f"{slug}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
        _write_rubric(folder / "rubrics" / f"{slug}.md", number)
    print(f"{folder}: {counted(len(set(lessons or known)), 'assignment')} written to source/. Next, in that folder:")
    print(f"  nbgrader generate_assignment {known[min(lessons or known)].slug}")
    print(f"In this course {describe(choose() if asked == BEST else asked)}.")
    if asked == BEST:
        print('Its configuration says SANDBOX = "best", which takes less where bubblewrap does not work: --sandbox decides.')
    return folder


def _write_rubric(path: Path, number: int) -> None:
    """For whoever grades the written answers by hand."""
    rubrics = tomllib.loads((Path(__file__).parent / "rubrics.toml").read_text(encoding="utf-8"))
    lines = [f"# Rubric of lesson {number}", "", f"**This lesson:** {rubrics['points'][f'lesson_{number}']}"]
    for answer in ("prediction", "analysis"):
        lines += [
            "",
            f"## {answer.capitalize()}",
            "",
            *(f"- **{level}:** {text}" for level, text in rubrics[answer].items()),
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
