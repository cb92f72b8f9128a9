"""Augmentation, a whole batch at a time: uint8 images (N, 28, 28) in, the same out, random numbers from a generator.

Rotation is bit for bit that of Pillow's `Image.rotate(angle, NEAREST)`, which the documented runs used.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course.errors import RecipeError

ONE = 2**16  # Pillow computes where a pixel comes from in fixed point, 16 bits before the point and 16 after


@dataclass(frozen=True)
class RandomRotation:
    """Turn each image by its own angle, uniform in ±degrees; pixels from outside are `fill`, a raw value 0 to 255."""

    degrees: float
    fill: int = 0

    def __post_init__(self):
        _expect(self, "degrees", 0, 180)
        _expect(self, "fill", 0, 255, whole=True)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A turned copy of uint8 images (N, H, W)."""
        return rotate(images, _uniform(len(images), self.degrees, generator), self.fill)


@dataclass(frozen=True)
class RandomShift:
    """Move each image by its own whole number of pixels, up to `pixels`, across and down; the gap is `fill`."""

    pixels: int
    fill: int = 0

    def __post_init__(self):
        _expect(self, "pixels", 0, 14, whole=True)
        _expect(self, "fill", 0, 255, whole=True)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A moved copy of uint8 images (N, H, W)."""
        moves = torch.randint(-self.pixels, self.pixels + 1, (2, len(images)), generator=generator)
        one = torch.ones(len(images), dtype=torch.float64)
        zero = torch.zeros_like(one)
        return _affine(images, (one, zero, moves[0].double(), zero, one, moves[1].double()), self.fill)


@dataclass(frozen=True)
class RandomScale:
    """Scale each image about its centre by its own factor, uniform in 1 ± fraction; the gap is `fill`."""

    fraction: float
    fill: int = 0

    def __post_init__(self):
        _expect(self, "fraction", 0, 0.5)
        _expect(self, "fill", 0, 255, whole=True)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """A scaled copy of uint8 images (N, H, W)."""
        inverse = 1 / (1 + _uniform(len(images), self.fraction, generator))
        zero = torch.zeros_like(inverse)
        height, width = images.shape[1:]
        across, down = (1 - inverse) * width / 2, (1 - inverse) * height / 2
        return _affine(images, (inverse, zero, across, zero, inverse, down), self.fill)


def rotate(images: Tensor, angles: Tensor, fill: int = 0) -> Tensor:
    """Turn uint8 images (N, H, W) counter-clockwise by angles (N,) in degrees, as Pillow does, nearest neighbour."""
    height, width = images.shape[1:]
    matrices = [_rotation(angle, width, height) for angle in angles.tolist()]
    a, b, c, d, e, f = torch.tensor(matrices, dtype=torch.float64).view(-1, 6).T
    return _affine(images, (a, b, c, d, e, f), fill)


def _rotation(degrees: float, width: int, height: int) -> tuple[float, ...]:
    """The matrix of `Image.rotate`, rounded to 15 digits as there: output pixel to input pixel."""
    angle = -math.radians(degrees % 360.0)
    cos, sin = round(math.cos(angle), 15), round(math.sin(angle), 15)
    x, y = width / 2, height / 2
    return cos, sin, cos * -x + sin * -y + x, -sin, cos, -sin * -x + cos * -y + y


def _affine(images: Tensor, matrix: tuple[Tensor, ...], fill: int) -> Tensor:
    """Take output pixel (x, y) from input (ax + by + c, dx + ey + f), in Pillow's fixed point (`affine_fixed`)."""
    count, height, width = images.shape
    a, b, c, d, e, f = matrix  # six numbers an image, in double precision, which a Mac's graphics cores lack
    centred = (c + a * 0.5 + b * 0.5, f + d * 0.5 + e * 0.5)  # where the first pixel's centre comes from
    fixed = torch.stack([_fixed(numbers) for numbers in (a, b, d, e, *centred)])  # (6, N, 1, 1)
    a, b, d, e, first_x, first_y = fixed.to(images.device)  # all the rest happens where the images are
    x = torch.arange(width, dtype=torch.int32, device=images.device)
    y = torch.arange(height, dtype=torch.int32, device=images.device).view(-1, 1)
    from_x = (first_x + x * a + y * b).bitwise_right_shift_(16).clamp_(-1, width)  # (N, H, W)
    from_y = (first_y + x * d + y * e).bitwise_right_shift_(16).clamp_(-1, height)
    framed = F.pad(images, (1, 1, 1, 1), value=fill)  # (N, H + 2, W + 2): from outside comes the frame
    index = from_y.add_(1).mul_(width + 2).add_(from_x).add_(1).long()
    return framed.view(count, -1).gather(1, index.view(count, -1)).view(count, height, width)


def _fixed(numbers: Tensor) -> Tensor:
    return torch.floor(numbers * ONE + 0.5).to(torch.int32).view(-1, 1, 1)


def _uniform(count: int, limit: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator, dtype=torch.float64) * 2 - 1) * limit


def _expect(augmentation, setting: str, least: float, most: float, whole: bool = False):
    """Keep a setting as Python's own number; raise RecipeError for anything else."""
    value = plain(getattr(augmentation, setting))
    if type(value) not in ((int,) if whole else (int, float)) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        name = f"{type(augmentation).__name__}: {setting}"
        raise RecipeError(f"{name} should be {kind} from {least} to {most}, saw {value!r}")
    object.__setattr__(augmentation, setting, value)


def plain(value):
    """NumPy's numbers as Python's."""
    return value.item() if isinstance(value, np.generic) else value
