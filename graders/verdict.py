"""A verdict: four constraints, each with value, limit, passed and one sentence; and the limits themselves."""

from dataclasses import asdict, dataclass, field

from course.tables import printable

ACCURACY_LIMIT = 99.4  # percent of MNIST's 10,000 test digits: at least 9,940
PARAMETERS_LIMIT = 20_000  # fewer than
EPOCHS_LIMIT = 20  # fewer than
FULLY_CONNECTED_LIMIT = 0

LIMITS = {
    "accuracy": ACCURACY_LIMIT,
    "parameters": PARAMETERS_LIMIT,
    "epochs": EPOCHS_LIMIT,
    "fully_connected": FULLY_CONNECTED_LIMIT,
}


@dataclass(frozen=True)
class Constraint:
    """One rule's outcome; `passed` and `value` are None where it was not assessed."""

    passed: bool | None
    value: float | int | None
    limit: float | int
    message: str


@dataclass(frozen=True)
class Verdict:
    """What the grader says of a submission; evidence is "structure", "weights" or "retrained"."""

    submission: str
    evidence: str | None
    constraints: dict[str, Constraint] = field(default_factory=dict)
    error: dict[str, str] | None = None
    notes: tuple[str, ...] = ()  # how it was graded, and reasons to retrain: for people, no part of the object

    @property
    def passed(self) -> bool:
        """All four constraints, each assessed and met."""
        return self.error is None and all(self.constraints[name].passed is True for name in LIMITS)

    @property
    def exit_status(self) -> int:
        """0: passed; 1: graded and short of a constraint, or not assessed; 2: could not be graded."""
        return 2 if self.error else 0 if self.passed else 1

    def to_json(self) -> dict:
        """The object that `check --json` prints."""
        return {
            "submission": self.submission,
            "passed": self.passed,
            "evidence": self.evidence,
            "constraints": {name: asdict(self.constraints[name]) for name in LIMITS},
            "error": self.error,
        }

    def __str__(self) -> str:
        name = printable(self.submission)
        if self.evidence is None and self.error:
            line = f"{name}: could not be graded ({self.error['kind']}): {printable(self.error['message'])}"
            return "\n".join([line, *(f"  {printable(note)}" for note in self.notes)])
        short = any(c.passed is False for c in self.constraints.values())
        outcome = "passed" if self.passed else "not passed" if short else "not assessed in full"
        words = {True: "[passed]      ", False: "[not met]     ", None: "[not assessed]"}
        lines = [f"{name}: {outcome} (evidence: {self.evidence})"]
        for key, constraint in self.constraints.items():
            lines.append(
                f"  {words[constraint.passed]} {key}: {printable(constraint.message.removeprefix('not assessed: '))}"
            )
        if self.error:
            lines.append(f"  accuracy could not be graded ({self.error['kind']}): {printable(self.error['message'])}")
        lines += [f"  {printable(note)}" for note in self.notes]
        return "\n".join(lines)


def from_json(data: dict, notes: tuple[str, ...] = ()) -> Verdict:
    """The verdict that `to_json` gave, with its notes."""
    constraints = {name: Constraint(**constraint) for name, constraint in data["constraints"].items()}
    return Verdict(data["submission"], data["evidence"], constraints, data["error"], notes)


def not_graded(submission: str, kind: str, message: str) -> Verdict:
    """The verdict on what could not be graded at all."""
    nothing = {
        name: Constraint(None, None, limit, "not assessed: could not be graded") for name, limit in LIMITS.items()
    }
    return Verdict(submission, None, nothing, {"kind": kind, "message": message})
