"""The standard loop, as tutorials write it: what the course's training is measured against.

`torchvision.datasets.MNIST` with PIL transforms, a `DataLoader` with its defaults, single precision, PyTorch's own layout,
the loss asked for after every batch, and a pass over the test set after every epoch.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

from course.data import FILES, MNIST_MEAN, MNIST_STD, original_files
from course.recipe import Recipe


def standard_loop(network: nn.Module, recipe: Recipe, degrees: float = 0) -> Iterator[tuple[float, float]]:
    """Train, and yield after every epoch its seconds and the test accuracy in percent; `degrees` is torchvision's rotation."""
    turned = [transforms.RandomRotation(degrees, fill=(0,))] if degrees else []
    plain = [transforms.ToTensor(), transforms.Normalize((MNIST_MEAN,), (MNIST_STD,))]
    with tempfile.TemporaryDirectory() as root:
        _seed_cache(Path(root))
        train_set = datasets.MNIST(root, train=True, download=True, transform=transforms.Compose(turned + plain))
        test_set = datasets.MNIST(root, train=False, transform=transforms.Compose(plain))
        train_loader = DataLoader(train_set, batch_size=recipe.batch_size, shuffle=True)
        test_loader = DataLoader(test_set, batch_size=1000)
        optimizer = recipe.build_optimizer(network.parameters())
        for _ in range(recipe.epochs):
            started = time.perf_counter()
            network.train()
            for images, labels in train_loader:
                optimizer.zero_grad()
                loss = F.nll_loss(network(images), labels)  # the documented networks end in log_softmax
                loss.backward()
                optimizer.step()
                loss.item()
            network.eval()
            right = 0
            with torch.no_grad():
                for images, labels in test_loader:
                    right += (network(images).argmax(dim=1) == labels).sum().item()
            yield time.perf_counter() - started, 100 * right / len(test_set)


def _seed_cache(root: Path) -> None:
    """Give torchvision the four original files, which it then verifies and unpacks instead of downloading them."""
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for (name, _), content in zip(FILES, original_files(), strict=True):
        (raw / name).write_bytes(content)
