"""Grade one submission: a `.safetensors` file, a notebook, or a script that defines `Net` and `recipe`."""

from dataclasses import replace
from pathlib import Path

from course.errors import CourseError
from graders.bubblewrap import choose, describe
from graders.reading_code import read_code
from graders.sandbox import Limits
from graders.verdict import Verdict, not_graded

LONGEST_SENTENCE = 1_000  # characters: a message may quote what it was given


def check(
    path, *, retrain: bool = False, seeds: int = 1, keep: Path | None = None, limits: Limits | None = None
) -> Verdict:
    """The verdict on a file; never raises a CourseError, which becomes the verdict's `error`.

    With `retrain` the network is trained here, up to `seeds` times; the training that counts is written to `keep`.
    """
    path, notes = Path(path), tuple[str, ...]()
    settings = {"retrain": retrain, "seeds": seeds, "keep": keep}
    try:
        if path.suffix.lower() == ".safetensors":
            return _judging().judge_file(path, **settings)
        limits = limits or Limits()
        used = choose(limits.sandbox)
        notes = (describe(used),)
        network, recipe = read_code(path, replace(limits, sandbox=used), meanwhile=_judging)
        verdict = _judging().judge_code(path, network, recipe, **settings)
        return replace(verdict, notes=(*verdict.notes, *notes))
    except CourseError as error:
        verdict = not_graded(path.name or str(path), error.kind, str(error)[:LONGEST_SENTENCE])
        return replace(verdict, notes=notes)


def _judging():
    """`graders.judging`, and with it PyTorch, whose import takes as long as the sandbox: they begin side by side."""
    from graders import judging

    return judging
