"""What an answer returned, as plain numbers; a sentence where it returned something else."""

from torch import Tensor, as_tensor, nn

from course.errors import UsageError


def given(value, wanted: str):
    """What an answer returned, unless that is nothing. Raises UsageError."""
    if value is None:
        raise UsageError(f"return {wanted}, saw None: is the return missing?")
    return value


def number(value, wanted: str = "a number") -> float:
    """A number of Python, NumPy or PyTorch as a plain one. Raises UsageError."""
    try:
        return float(given(value, wanted))
    except (TypeError, ValueError, RuntimeError):
        raise UsageError(f"return {wanted}, saw {type(value).__name__}") from None


def numbers(values, wanted: str) -> list[float]:
    """Several of them, from whatever can be walked through. Raises UsageError."""
    try:
        several = list(given(values, wanted))
    except TypeError:
        raise UsageError(f"return {wanted}, saw {type(values).__name__}") from None
    return [_entry(value, wanted) for value in several]


def _entry(value, wanted: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, RuntimeError):
        pass
    cure = ": get_last_lr()[0]" if isinstance(value, list) and "rates" in wanted else ""
    raise UsageError(f"return {wanted}: each entry should be a number, saw a {type(value).__name__}{cure}")


def pair(value, wanted: str) -> tuple:
    """A tuple or a list of two. Raises UsageError."""
    if isinstance(given(value, wanted), tuple | list) and len(value) == 2:
        return tuple(value)
    length = f" of {len(value)}" if isinstance(value, tuple | list) else ""
    raise UsageError(f"return {wanted}, saw {type(value).__name__}{length}")


def state(network: nn.Module) -> list[float]:
    """Every parameter and running statistic, in order."""
    return [entry for tensor in network.state_dict().values() for entry in entries(tensor)]


def entries(tensor: Tensor) -> list[float]:
    """All numbers of a tensor, or of what can be made one, in order."""
    return as_tensor(tensor).detach().double().flatten().tolist()
