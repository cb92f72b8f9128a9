"""Every error that a learner or an instructor may meet: one sentence, and a word for its kind."""

from collections.abc import Sequence


def one_line(error: object, longest: int = 300) -> str:
    """What an error says, as the part of a sentence: in one line, of so many characters at most, each of which can be written."""
    return writable(" ".join(str(error).split())[:longest])


def writable(text: str) -> str:
    """The text with a question mark for each half of a character, which no file takes."""
    return text.encode("utf-8", "replace").decode()


def some_of(names: Sequence[str], most: int = 3) -> str:
    """The first of several names, as the part of a sentence."""
    return f"{', '.join(names[:most])}{' …' if len(names) > most else ''}"


def is_unwritten(error: BaseException) -> bool:
    """Whether a scaffold raised it, which says nothing; PyTorch says what a class lacks, such as a forward."""
    return isinstance(error, NotImplementedError) and not str(error)


class CourseError(Exception):
    """Something that a person can mend; `str(error)` is one sentence saying what was seen and what to do."""

    kind = "course"


class DataError(CourseError):
    """MNIST is missing, damaged or unreachable."""

    kind = "data"


class GraphError(CourseError):
    """A network that cannot be written down as a graph, or a graph that is not one."""

    kind = "graph"


class RecipeError(CourseError):
    """A recipe that is not plain data, or holds a value that makes no sense."""

    kind = "recipe"


class SubmissionError(CourseError):
    """A submission file that cannot be read, or that contradicts itself."""

    kind = "submission"


class SandboxError(CourseError):
    """Learner code that failed, took too long, or took too much memory."""

    kind = "sandbox"


class UsageError(CourseError):
    """A command or a function called with something that it cannot use."""

    kind = "usage"


def counted(number: int, what: str) -> str:
    """A number of things in words: "1 convolution", "2 convolutions"."""
    return f"{number} {what}{'' if number == 1 else 's'}"
