"""Augmentation against Pillow, which the documented runs used."""

import numpy as np
import pytest
import torch
from PIL import Image

from course.augment import RandomRotation, RandomScale, RandomShift, rotate
from course.errors import RecipeError


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(0, 256, (600, 28, 28), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.mark.parametrize("fill", [0, 1])
def test_rotation_is_pillows_bit_for_bit(images: torch.Tensor, fill: int) -> None:
    angles = torch.linspace(-180, 180, len(images), dtype=torch.float64)
    angles[:300] = torch.linspace(-7, 7, 300, dtype=torch.float64)
    angles[300:305] = torch.tensor([0.0, 90.0, 180.0, -90.0, 45.0])
    for image, angle, seen in zip(images, angles.tolist(), rotate(images, angles, fill), strict=True):
        expected = Image.fromarray(image.numpy()).rotate(angle, Image.Resampling.NEAREST, fillcolor=fill)
        assert np.array_equal(seen.numpy(), np.asarray(expected)), f"at {angle}°"


def test_a_shift_moves_whole_pixels(images: torch.Tensor) -> None:
    moved = RandomShift(2)(images, torch.Generator().manual_seed(0))
    expected = {(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)}
    seen = set()
    for before, after in zip(images, moved, strict=True):
        seen |= {
            (dy, dx) for dy, dx in expected if torch.equal(after[4:-4, 4:-4], before.roll((dy, dx), (0, 1))[4:-4, 4:-4])
        }
    assert seen == expected


def test_a_scale_of_one_changes_nothing(images: torch.Tensor) -> None:
    assert torch.equal(RandomScale(0)(images, torch.Generator().manual_seed(0)), images)


def test_a_scale_is_pillows_about_the_centre(images: torch.Tensor) -> None:
    factors = 1 + (torch.rand(len(images), generator=torch.Generator().manual_seed(2), dtype=torch.float64) * 2 - 1) * 0.3
    scaled = RandomScale(0.3, fill=9)(images, torch.Generator().manual_seed(2))
    for image, factor, seen in zip(images, factors.tolist(), scaled, strict=True):
        matrix = (1 / factor, 0, 14 - 14 / factor, 0, 1 / factor, 14 - 14 / factor)
        picture = Image.fromarray(image.numpy())
        expected = picture.transform((28, 28), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=9)
        assert (seen.numpy() != np.asarray(expected)).mean() < 0.1, f"by {factor}"  # Pillow rounds a scale in another way


@pytest.mark.parametrize(
    "kind", [RandomRotation(7), RandomShift(1), RandomScale(0.06)], ids=lambda kind: type(kind).__name__
)
def test_the_generator_decides_and_the_batch_is_left_alone(images: torch.Tensor, kind) -> None:
    before = images.clone()
    first, again, other = (kind(images, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(images, before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_every_image_has_an_angle_of_its_own() -> None:
    image = torch.zeros(1, 28, 28, dtype=torch.uint8)
    image[0, 2:26, 14] = 255
    turned = RandomRotation(30)(image.expand(32, 28, 28), torch.Generator().manual_seed(0))
    assert len({bytes(one.numpy()) for one in turned}) > 20


@pytest.mark.parametrize(
    "make", [lambda: RandomRotation(-1), lambda: RandomShift(1.5), lambda: RandomRotation(7, fill=300)]
)  # type: ignore[arg-type]
def test_a_setting_out_of_range_is_refused(make) -> None:
    with pytest.raises(RecipeError, match="should be"):
        make()


def test_numpys_numbers_are_numbers() -> None:
    assert RandomRotation(np.float64(7), fill=np.int64(1)) == RandomRotation(7.0, fill=1)
    assert type(RandomShift(np.int64(2)).pixels) is int
