"""A run: what training gave, epoch by epoch, and the weights worth keeping."""

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from course.errors import CourseError
from course.graph import Graph
from course.rebuild import Network
from course.recipe import Recipe
from course.submission import Epoch, Submission, environment
from course.submission_file import save_submission


@dataclass
class Run:
    """What training gave: the last epoch's weights, the best epoch's, and every epoch's figures.

    "Best" is the epoch with the most right answers on the test set. Choosing by the test set is the documented
    practice; it flatters by 0.05 to 0.1 points, which is why both epochs are kept and shown.
    """

    graph: Graph
    recipe: Recipe
    data: dict[str, str]
    initial: dict[str, tuple[float, float]]
    history: list[Epoch] = field(default_factory=list)
    weights: dict[str, dict[str, Tensor]] = field(default_factory=dict)  # "best" and "last"
    state: dict[str, dict] = field(default_factory=dict, repr=False)  # the optimiser's and the schedule's: to go on from

    @property
    def best(self) -> Epoch:
        """The first epoch with the most right answers on the test set."""
        return max(self.history, key=lambda epoch: epoch.test_correct)

    @property
    def last(self) -> Epoch:
        return self.history[-1]

    def keep(self, epoch: Epoch, weights: dict[str, Tensor], state: dict[str, dict]) -> None:
        """Add a finished epoch."""
        self.history.append(epoch)
        self.weights["last"], self.state = weights, state
        if self.best is epoch:
            self.weights["best"] = weights

    def network(self, epoch: str = "best") -> Network:
        """The trained network, in evaluation mode: the "best" epoch's or the "last" one's."""
        self._expect(epoch)
        chosen = self.weights.get(epoch) or next(iter(self.weights.values()))  # a file carries only one of the two
        return self.graph.build(chosen).eval()

    def save(self, path, epoch: str = "best") -> Path:
        """Write a submission file that carries the weights of the "best" or the "last" epoch."""
        self._expect(epoch)
        if epoch not in self.weights:
            held = next(iter(self.weights))
            raise CourseError(
                f'this run was read from a file, which holds its {held} epoch: save(path, epoch="{held}"), or delete that file '
                "and train again"
            )
        number = self.best.epoch if epoch == "best" else self.last.epoch
        submission = Submission(
            self.graph, self.recipe, self.weights[epoch], tuple(self.history), self.initial, self.data,
            epoch, number, environment(),
        )  # fmt: skip
        return save_submission(submission, path)

    def _expect(self, epoch: str) -> None:
        if epoch not in ("best", "last"):
            raise CourseError(f'the epoch is "best" or "last", saw {epoch!r}')
        if not self.history:
            raise CourseError("this run has no finished epoch; train first")
