"""A submission as a file: written whole or not at all, and read as a stranger's.

The format is safetensors because reading it runs no code. Everything read here is untrusted: sizes are bounded, unknown
keys are refused, and so are NaN and infinity.
"""

import json
import os
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

import safetensors
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from course.errors import CourseError, SubmissionError, one_line
from course.file_sizes import LARGEST_FILE, LARGEST_HEADER
from course.graph import Graph
from course.recipe import Recipe
from course.submission import Submission
from course.submission_parts import epoch_of, expect_agreement, list_of, parse_json, texts_of, two_numbers

FORMAT, VERSION = "mnist-course-submission", "1"
LONGEST_SENTENCE = 600  # characters: a message may quote the file


def save_submission(submission: Submission, path) -> Path:
    """Write a submission; the file appears whole or not at all."""
    path = Path(path)
    if path.suffix != ".safetensors":
        raise SubmissionError(f"a submission's name ends in .safetensors, saw {path.name}")
    about = {
        "graph": submission.graph.to_json(),
        "recipe": submission.recipe.to_json(),
        "history": [asdict(epoch) for epoch in submission.history],
        "initial": {name: list(two) for name, two in submission.initial.items()},
        "data": submission.data,
        "carries": submission.carries,
        "epoch": submission.epoch,
        "environment": submission.environment,
    }
    metadata = {"format": FORMAT, "version": VERSION}
    metadata |= {key: json.dumps(value, allow_nan=False) for key, value in about.items()}
    content = save_tensors({name: t.contiguous() for name, t in submission.weights.items()}, metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".saving-", delete=False) as file:
        try:
            file.write(content)
            file.close()
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
    return path


def load_submission(path) -> Submission:
    """Read a submission; SubmissionError says what is wrong with a file that is not one, or that contradicts itself."""
    path = Path(path)
    metadata, content = _read_file(path)
    try:
        weights = load_tensors(content)
        about = {key: parse_json(metadata[key], key) for key in set(metadata) - {"format", "version"}}
        submission = Submission(
            graph=Graph.from_json(about["graph"]),
            recipe=Recipe.from_json(about["recipe"]),
            weights=weights,
            history=tuple(epoch_of(item) for item in list_of(about["history"])),
            initial={str(name): two_numbers(two) for name, two in about["initial"].items()},
            data=texts_of(about["data"]),
            carries=about["carries"],
            epoch=about["epoch"],
            environment=texts_of(about["environment"]),
        )
        expect_agreement(submission)
    except CourseError as error:
        raise SubmissionError(f"{path.name}: {one_line(error, LONGEST_SENTENCE)}") from None
    except Exception as error:  # the file is a stranger's: whatever it trips over, it is not what run.save writes
        text = one_line(error, 200)
        raise SubmissionError(
            f"{path.name} is not a submission that run.save wrote ({type(error).__name__}: {text}); save the run again"
        ) from None
    return submission


def read_metadata(path) -> dict[str, str]:
    """Only the metadata of a safetensors file, cheaply; SubmissionError where it is not one of ours."""
    return _read_file(Path(path), weights=False)[0]


def _read_file(path: Path, weights: bool = True) -> tuple[dict[str, str], bytes]:
    what = "expected the file that run.save(…) wrote"
    try:
        if not path.is_file():
            raise SubmissionError(f"there is no file {path}; {what}")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise SubmissionError(f"{path.name} has {size:,} bytes, the most is {LARGEST_FILE:,}")
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
    except OSError as error:
        raise SubmissionError(f"{path.name} cannot be read ({error.strerror}); {what}") from None
    if size < 10 or length > min(LARGEST_HEADER, size - 8):
        raise SubmissionError(f"{path.name} is empty, cut short or no safetensors file; {what}")
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError, ValueError) as error:
        raise SubmissionError(f"{path.name} is damaged or no safetensors file ({error}); {what}") from None
    if metadata.get("format") != FORMAT:
        raise SubmissionError(f"{path.name} holds tensors, but was not written by run.save(…)")
    if metadata.get("version") != VERSION:
        raise SubmissionError(
            f"{path.name} is a submission of version {str(metadata.get('version'))[:20]!r}; this course reads version {VERSION}"
        )
    wanted = {f.name for f in fields(Submission)} - {"weights"} | {"format", "version"}
    if set(metadata) != wanted:
        odd = ", ".join(sorted(set(metadata) ^ wanted))
        raise SubmissionError(f"{path.name}: its metadata has missing or unknown entries: {odd[:200]}")
    return metadata, path.read_bytes() if weights else b""
