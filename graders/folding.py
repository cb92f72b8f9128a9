"""Whether positions were folded into channels, where a convolution would weigh each by itself."""

import math

import torch

from graders.labels import Labels, varies

MOST_FOLDED = 4  # positions a channel vector may hold: space-to-depth by 2
WINDOW = 9  # positions that a 3 × 3 kernel sees: a map no larger may lie in the channels whole at its middle


def folds_positions(image: Labels) -> bool:
    """Whether the channels (axis 1) of an image's value hold more positions than space-to-depth by 2 puts there."""
    if len(image.shape) < 2 or not image.moves(1):
        return False
    assert image.height is not None and image.width is not None
    rows = torch.stack([image.height, image.width], 1).unique(dim=0)  # (B, 2, C, …): what the batch holds may differ
    return any(_folds(height, width) for height, width in rows)


def _folds(height: torch.Tensor, width: torch.Tensor) -> bool:
    """Whether the channels of a row of the batch hold so many positions; labels (C, …)."""
    live = (height >= 0) & (width >= 0)
    pairs = torch.stack([height[live], width[live]], 1).unique(dim=0)
    moving = [axis for axis in range(1, height.dim()) if varies(height, axis) or varies(width, axis)]  # others hold channels
    sites = math.prod(height.shape[axis] for axis in moving)
    if len(pairs) < 2:
        return False
    if len(pairs) > MOST_FOLDED * sites or sites == 1:
        return True
    if len(pairs) % sites == 0 and len(pairs) > sites and not (_near(height) and _near(width)):
        return True
    everywhere = _pairs_at_each_site(height, width)
    if min(everywhere) == len(pairs) > MOST_FOLDED or max(everywhere) == len(pairs) > WINDOW:  # a site holds every position
        return True
    for labels in (height, width):  # an axis that lives on among the channels only has been folded whole
        some = labels[live]
        along_sites = any(varies(labels, axis) for axis in range(1, labels.dim()))
        if len(some.unique()) > 1 and not along_sites:
            return True
    return False


def _pairs_at_each_site(height: torch.Tensor, width: torch.Tensor) -> list[int]:
    """How many different positions the channels of each site hold that is not all padding; labels (C, …)."""
    both = (height * (width.max() + 1) + width).where((height >= 0) & (width >= 0), -1).flatten(1)
    return [len(site[site >= 0].unique()) for site in both.T if (site >= 0).any()]


def _near(labels: torch.Tensor) -> bool:
    """Whether the positions that the channels of a place hold are neighbours; labels (C, …)."""
    ranks = labels.unique(return_inverse=True)[1]
    return bool((ranks.amax(0) - ranks.amin(0) <= 1).all())
