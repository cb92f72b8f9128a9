"""What a check says: not attempted, not yet, or correct; of accuracy without MNIST, not assessed. With marks and a sentence."""

from dataclasses import dataclass, replace

NOT_ATTEMPTED, NOT_ASSESSED, NOT_YET, CORRECT = "not attempted", "not assessed", "not yet", "correct"


@dataclass(frozen=True)
class Outcome:
    """`fraction` is the part of the points, 0 to 1; `message` says what was seen, what is expected, what to try.

    `table` is the network's, for the feedback; `doubts` are reasons to retrain, for the instructor.
    """

    state: str
    fraction: float
    message: str
    table: str = ""
    doubts: tuple[str, ...] = ()

    def showing(self, table: str) -> "Outcome":
        """The same, with a table."""
        return replace(self, table=table)

    def doubting(self, doubts: tuple[str, ...]) -> "Outcome":
        """The same, with reasons to retrain."""
        return replace(self, doubts=doubts)


def correct(message: str) -> Outcome:
    """All points."""
    return Outcome(CORRECT, 1.0, message)


def not_yet(message: str, fraction: float = 0.0) -> Outcome:
    """Tried, and something is still to do."""
    return Outcome(NOT_YET, fraction, message)


def not_attempted(message: str) -> Outcome:
    """Nothing is there to be judged, which is no mistake."""
    return Outcome(NOT_ATTEMPTED, 0.0, message)


def not_assessed(message: str) -> Outcome:
    """The grader lacks what it needs, which is nobody's mistake."""
    return Outcome(NOT_ASSESSED, 0.0, message)


def outcome_of(about: dict) -> Outcome:
    """The outcome that `dataclasses.asdict` made a dict of, also by way of JSON."""
    return Outcome(**about | {"doubts": tuple(about["doubts"])})
