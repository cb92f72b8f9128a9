"""The digits: MNIST from its four original files, or scikit-learn's small practice digits for a first look.

Names and checksums of the files, and where to download them, are torchvision's. A file counts only if its checksum is
right, whether it was just downloaded or has been there for a year.
"""

import gzip
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill

import torch
from torch import Tensor
from torch.nn import functional as F

from course.download import download
from course.errors import DataError, UsageError
from course.folders import below, cache_folder

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081  # of the 60,000 training digits' pixels, scaled to 0..1; lesson 1 computes them
# Names and MD5 checksums of the four files, training images and labels, then test: torchvision's, whose import takes a second.
FILES = (
    ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
    ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
    ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
)
MNIST_TEST_COUNTS = (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)  # of each digit in the test set; lesson 3 asks
PRACTICE_TEST_DIGITS = 360  # the last fifth of scikit-learn's 1,797, written by people who wrote none of the others


@dataclass(frozen=True)
class Data:
    """Images uint8 (N, 28, 28), labels int64 (N,); the digest names the contents, the same on every machine."""

    name: str
    digest: str
    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def hold_out(data: Data, digits: int = 10_000) -> Data:
    """The same training digits without the last ones, which take the place of the test digits: to choose by, as in lesson 11.

    Of fewer than five times `digits`, as in practice digits, a fifth is held out.
    """
    total = len(data.train_labels)
    if digits < 1:
        raise UsageError(f"digits is how many to hold out, at least 1; saw {digits}")
    kept = total - min(digits, total // 5)
    return Data(
        f"{data.name}, {total - kept:,} training digits held out",
        f"{data.digest}-{kept}",
        data.train_images[:kept],
        data.train_labels[:kept],
        data.train_images[kept:],
        data.train_labels[kept:],
    )


def normalize(images: Tensor) -> Tensor:
    """Pixels as a network wants them: uint8 (N, 28, 28) to float32 (N, 1, 28, 28) of mean 0, deviation 1."""
    return ((images.float() / 255 - MNIST_MEAN) / MNIST_STD).unsqueeze(1)


def load_data() -> Data:
    """MNIST where it is at hand or can be downloaded; otherwise practice digits, saying so."""
    try:
        return load_mnist()
    except DataError as error:
        said = f"PRACTICE DIGITS, NOT MNIST: {error}."
        print(fill(said, 110, break_on_hyphens=False))  # JupyterLab would break the line within a word
        print("Every accuracy below is on practice digits; none of it is graded.")
        return load_practice_digits()


def load_mnist(folder=None, *, download: bool = True) -> Data:
    """MNIST: 60,000 training and 10,000 test digits.

    The four original .gz files are looked for in `folder`, or in the folder that the environment variable MNIST_DIR
    names, flat or in MNIST/raw below it; else in the user's cache, and downloaded if `download` allows it. Raises
    DataError.
    """
    tensors = [_idx(gzip.decompress(zipped)) for zipped in original_files(folder, download=download)]
    return _data("MNIST", *tensors)


def original_files(folder=None, *, download: bool = True) -> list[bytes]:
    """The contents of MNIST's four .gz files, verified, in the order of FILES; found as `load_mnist` finds them."""
    folder = folder or os.environ.get("MNIST_DIR")
    return _named_folder(Path(folder)) if folder else _cache(download)


def load_practice_digits() -> Data:
    """Scikit-learn's 1,797 digits of 8×8 pixels, enlarged to 20×20 and framed to 28×28 as MNIST's are."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    small = torch.from_numpy(digits.images).float().unsqueeze(1) * (255 / 16)  # (1797, 1, 8, 8)
    images = F.pad(F.interpolate(small, (20, 20), mode="bilinear"), (4, 4, 4, 4)).squeeze(1)  # (1797, 28, 28)
    images, labels = images.round().clamp(0, 255).to(torch.uint8), torch.from_numpy(digits.target).long()
    train = len(images) - PRACTICE_TEST_DIGITS
    return _data("practice digits", images[:train], labels[:train], images[train:], labels[train:])


def mnist_available() -> bool:
    """Whether MNIST can be read right now; tries no network."""
    try:
        return bool(original_files(download=False))
    except DataError:
        return False


def _named_folder(folder: Path) -> list[bytes]:
    """The contents of the four files in a folder that somebody named; nothing is ever written there."""
    folder = folder.expanduser()
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}: let MNIST_DIR name the folder of MNIST's four .gz files")
    folder = below(folder)
    content = []
    for name, md5 in FILES:
        try:
            content.append(_verified(folder / name, md5))
        except DataError as error:
            raise DataError(f"{error}: put MNIST's original {name} into {folder}") from None
    return content


def _cache(download: bool) -> list[bytes]:
    """The contents of the four files in the cache; what is missing or damaged is downloaded, if that is allowed."""
    folder, content = cache_folder(), []
    for name, md5 in FILES:
        try:
            content.append(_verified(folder / name, md5))
        except DataError as error:
            if not download:
                raise DataError(
                    f"{error}: call load_mnist() with a network, or let MNIST_DIR name a folder with MNIST's .gz files"
                ) from None
            _download(name, md5, folder)
            content.append(_verified(folder / name, md5))
    return content


def _download(name: str, md5: str, folder: Path) -> None:
    from torchvision.datasets import MNIST

    download([mirror + name for mirror in MNIST.mirrors], folder / name, md5)


def _verified(path: Path, md5: str) -> bytes:
    """The contents of a file with this checksum; DataError says in a few words what is wrong with any other."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    if not content:
        raise DataError(f"{path} is empty")
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise DataError(f"{path} is damaged, cut short or another file ({len(content):,} bytes, wrong checksum)")
    return content


def _idx(content: bytes) -> Tensor:
    """An IDX file of unsigned bytes: two zeros, 8, the number of axes, each axis' length, then the numbers."""
    axes = content[3]
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
    numbers = torch.frombuffer(bytearray(content[4 + 4 * axes :]), dtype=torch.uint8).view(shape)
    return numbers if axes == 3 else numbers.long()


def _data(name: str, *tensors: Tensor) -> Data:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().tobytes())
    return Data(name, digest.hexdigest()[:16], *tensors)
