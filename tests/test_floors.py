"""A little training each time: do the first and the final network still learn as they did when they were recorded?"""

from pathlib import Path

import pytest
import torch

from course.data import Data
from course.submission_file import load_submission
from solutions import iteration_01 as first
from solutions.ledger import read_ledger
from solutions.modules import weights_path
from solutions.reproduce import reproduce

# After one epoch the documented logs of 8, 9 and 10 and our runs, all of one network, lie up to half a point apart; another
# machine's rounding makes another run of the same seed. Twice that is below whatever chance does.
SLACK = 100  # digits of 10,000


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.mnist
def test_one_epoch_of_the_final_network_is_as_good_as_it_was(tmp_path: Path) -> None:
    recorded = [run.correct[0] for run in read_ledger() if run.iteration == 8]
    floor = min([*recorded, load_submission(weights_path(8)).history[0].test_correct]) - SLACK
    ledger = tmp_path / "ledger.jsonl"
    assert reproduce([8], seeds=1, epochs=1, ledger=ledger)
    (run,) = read_ledger(ledger)
    assert run.correct[0] >= floor


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.mnist
def test_the_first_lessons_network_and_loops_learn_in_a_few_hundred_steps(mnist: Data) -> None:
    """200 steps of 16 digits, for the recipe's 128 take a second a step; seeds 1 and 2 then read 90% and 93%."""
    torch.manual_seed(1)
    transform = first.make_transform()
    train_set = first.DigitDataset(mnist.train_images[:3200], mnist.train_labels[:3200], transform)
    test_set = first.DigitDataset(mnist.test_images[:500], mnist.test_labels[:500], transform)
    train_loader, test_loader = first.make_loaders(train_set, test_set, batch_size=16)
    network = first.Net()
    first.train_epoch(network, train_loader, first.recipe.build_optimizer(network.parameters()))
    _, accuracy = first.evaluate(network, test_loader)
    assert accuracy > 70  # half its steps leave the plateau of the start, at 10%; the rest is for another machine's rounding
