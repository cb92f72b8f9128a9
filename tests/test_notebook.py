"""The checks in a learner's own kernel."""

import pytest
import torch

from graders import notebook
from graders.notebook import lesson_checks
from graders.points import POINTS
from solutions.modules import solution


def test_a_network_is_traced_once_for_many_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, ask = [], notebook.ask
    monkeypatch.setattr(notebook, "ask", lambda probe, *rest: asked.append(probe) or ask(probe, *rest))
    check, _ = lesson_checks(8)
    for name in ("parameters", "layers", "gap"):
        assert check(name, Net=solution(8).Net) == POINTS[8][name]
    assert asked == ["network"]


def test_a_change_in_what_a_network_calls_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    ending = [lambda scores: torch.softmax(scores, 1)]

    class Net(solution(8).Net):
        def forward(self, x):
            return ending[0](super().forward(x))

    check, _ = lesson_checks(8)
    assert check("output", Net=Net) == 0
    ending[0] = torch.nn.Identity()
    assert check("output", Net=Net) == POINTS[8]["output"]
    assert capsys.readouterr().out.count("✔ correct") == 1


def test_what_is_not_written_yet_is_asked_for_again() -> None:
    written = []

    class Net(solution(8).Net):
        def __init__(self):
            if not written:
                raise NotImplementedError
            super().__init__()

    check, _ = lesson_checks(8)
    assert check("layers", Net=Net) == 0
    written.append(True)
    assert check("layers", Net=Net) == POINTS[8]["layers"]
