"""What a trained network answers, and how often it is right."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course.data import normalize
from course.modes import modes_kept

EVALUATION_BATCH = 100  # digits: iteration 8's largest map takes 7 MB; the allocator gives larger ones back each time


@torch.inference_mode()
def scores(network: nn.Module, images: Tensor, batch_size: int = EVALUATION_BATCH) -> Tensor:
    """The ten scores of each digit, in evaluation mode: uint8 images (N, 28, 28) to float32 (N, 10), on the CPU."""
    device = next((t.device for t in [*network.parameters(), *network.buffers()]), torch.device("cpu"))
    with modes_kept(network):
        network.eval()
        return torch.cat([network(normalize(part.to(device))).float().cpu() for part in images.split(batch_size)])


def predict(network: nn.Module, images: Tensor) -> Tensor:
    """The probability of each digit, (N, 10); the same from logits and from log-probabilities."""
    return F.softmax(scores(network, images), dim=1)


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Right answers, in percent."""
    right = (scores(network, images).argmax(dim=1) == labels.cpu()).sum().item()
    return 100 * right / len(labels)
