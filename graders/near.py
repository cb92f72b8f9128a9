"""Whether two lists hold the same numbers, but for rounding."""

import math


def near(seen: list[float], expected: list[float], relative: float, absolute: float | None = None) -> bool:
    """As many, each within a tolerance of its counterpart; the absolute one is the relative one unless told otherwise."""
    absolute = relative if absolute is None else absolute
    return len(seen) == len(expected) and all(
        math.isclose(a, b, rel_tol=relative, abs_tol=absolute) for a, b in zip(seen, expected, strict=True)
    )
