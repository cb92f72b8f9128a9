"""Where and in which number format a network is trained, on this machine."""

from contextlib import nullcontext

import torch

from course.errors import CourseError, RecipeError, one_line


def present(device: str | torch.device) -> torch.device:
    """The device, if it is there."""
    try:
        return torch.empty(0, device=device).device
    except Exception as error:  # each kind of device has its own
        raise CourseError(f"the device {str(device)!r} cannot be used ({one_line(error)}); leave it out for the CPU") from None


def cpu_has_bfloat16() -> bool:
    """Whether this CPU computes bfloat16 at speed, rather than in single precision with a rounding behind each step."""
    return getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)()  # PyTorch has no public name for it


def in_precision(precision: str, device: torch.device):
    """bfloat16 where the recipe asks for it; refused on a CPU that would emulate it, at a crawl."""
    if precision == "float32":
        return nullcontext()
    if device.type == "cpu" and not cpu_has_bfloat16():
        raise RecipeError('this CPU computes bfloat16 slowly; use precision="float32", or a CPU with avx512_bf16')
    return torch.autocast(device.type, dtype=torch.bfloat16)
