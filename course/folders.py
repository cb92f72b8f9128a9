"""Where MNIST's four files are looked for; asking costs no PyTorch."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where downloads are kept, in the layout of torchvision, so that it finds them too."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mnist-course" / "MNIST" / "raw"


def raw_folder() -> Path:
    """The folder in which the four files are, if they are: below the one that MNIST_DIR names, or in the cache."""
    named = os.environ.get("MNIST_DIR")
    return below(Path(named).expanduser()) if named else cache_folder()


def below(folder: Path) -> Path:
    """The folder itself, or its MNIST/raw, where torchvision puts the files."""
    raw = folder / "MNIST" / "raw"
    return raw if raw.is_dir() and not (folder / "train-images-idx3-ubyte.gz").exists() else folder
