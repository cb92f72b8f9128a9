"""Is a documented figure reproduced? By a rule that was written down before the runs, not by eye."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from scipy.stats import binomtest
from scipy.stats import t as student

from course.comparison import BEST, BEST_OF_19, LAST, TRAIN
from course.iterations import Iteration
from graders.verdict import ACCURACY_LIMIT, EPOCHS_LIMIT
from solutions.ledger import Record

CONFIDENCE = 0.95
LEAST_RUNS = 3  # fewer say next to nothing of how far runs lie apart
ROUNDING = 0.005  # points: documented figures have two decimals
WITHIN = EPOCHS_LIMIT - 1  # epochs that the constraint allows
ENOUGH = round(100 * ACCURACY_LIMIT)  # of 10,000 test digits

NO_RUN, SINGLE, TWO = "no run", "single run", "two runs: too few to judge"
REPRODUCED, NOT_REPRODUCED = "reproduced", "not reproduced"

# What a run is asked for, in percent; and the same of the document, which names two of the four, and of its log.
MEASURED: dict[str, Callable[[Record], float]] = {
    TRAIN: lambda run: max(epoch["train_accuracy"] for epoch in run.epochs),
    BEST: lambda run: max(run.correct) / 100,
    BEST_OF_19: lambda run: max(run.correct[:WITHIN]) / 100,
    LAST: lambda run: run.correct[-1] / 100,
}
DOCUMENTED: dict[str, Callable[[Iteration], float]] = {
    TRAIN: lambda item: item.documented.train,
    BEST: lambda item: item.documented.test,
}
LOGGED: dict[str, Callable[[Iteration], float]] = {
    TRAIN: lambda item: max(item.log.train),
    BEST: lambda item: item.log.best(),
    BEST_OF_19: lambda item: item.log.best(WITHIN),
    LAST: lambda item: item.log.last,
}


@dataclass(frozen=True)
class Sample:
    """One quantity over several runs, in percent or points."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        return len(self.values)

    @property
    def mean(self) -> float:
        return mean(self.values)

    @property
    def deviation(self) -> float | None:
        """The standard deviation, with n - 1; None of fewer than two runs."""
        return stdev(self.values) if self.n > 1 else None

    def prediction(self) -> tuple[float, float] | None:
        """Where one more run lies, 95 times in 100, widened by a documented figure's rounding; None of too few runs."""
        return self._interval(math.sqrt(1 + 1 / self.n), ROUNDING) if self.n >= LEAST_RUNS else None

    def mean_interval(self) -> tuple[float, float] | None:
        """The confidence interval of the mean; None of too few runs."""
        return self._interval(math.sqrt(1 / self.n), 0) if self.n >= LEAST_RUNS else None

    def _interval(self, factor: float, wider: float) -> tuple[float, float]:
        half = student.ppf((1 + CONFIDENCE) / 2, self.n - 1) * (self.deviation or 0.0) * factor + wider
        return float(self.mean - half), float(self.mean + half)


def judge(figure: float, sample: Sample) -> str:
    """The verdict on a documented figure, in percent: reproduced, not reproduced, or why it cannot be said."""
    interval = sample.prediction()
    if interval is None:
        return (NO_RUN, SINGLE, TWO)[sample.n]
    nearly = 1e-9  # a figure on the border belongs to it, whatever the last bit says
    return REPRODUCED if interval[0] - nearly <= figure <= interval[1] + nearly else NOT_REPRODUCED


def sample(runs: Sequence[Record], quantity: str) -> Sample:
    """One of the four quantities of several runs."""
    return Sample(tuple(MEASURED[quantity](run) for run in runs))


@dataclass(frozen=True)
class Frequency:
    """How many of so many runs met something."""

    met: int
    of: int

    def interval(self) -> tuple[float, float]:
        """The exact (Clopper-Pearson) confidence interval of the probability; (0, 1) where there was no run."""
        if not self.of:
            return 0.0, 1.0
        found = binomtest(self.met, self.of).proportion_ci(CONFIDENCE, method="exact")
        return float(found.low), float(found.high)


def meets_with_best(run: Record) -> bool:
    """Whether one of the first 19 epochs has 99.4%."""
    return max(run.correct[:WITHIN]) >= ENOUGH


def meets_with_last(run: Record) -> bool:
    """Whether the nineteenth epoch has 99.4%: what a run of 19 epochs ends with, as no recipe here looks ahead to its end."""
    return run.correct[:WITHIN][-1] >= ENOUGH


def frequency(runs: Sequence[Record], meets: Callable[[Record], bool]) -> Frequency:
    """How often a run meets it, collapsed runs included."""
    return Frequency(sum(map(meets, runs)), len(runs))


def differences(first: Sequence[Record], second: Sequence[Record], of: Callable[[Record], float]) -> Sample:
    """Second minus first, seed by seed, of the seeds that both have."""
    before = {run.seed: of(run) for run in first}
    return Sample(tuple(of(run) - before[run.seed] for run in second if run.seed in before))
