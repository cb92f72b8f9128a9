"""An answer that is to be written out does not call what does it all."""

from torch.overrides import TorchFunctionMode

from course.errors import UsageError

DO_IT_ALL = ("conv1d", "conv2d", "conv3d", "batch_norm", "native_batch_norm", "instance_norm", "group_norm", "layer_norm")
LAYERS = ("uniform_",)  # what a fresh convolution fills its weights by


class ByHand(TorchFunctionMode):
    """Raises UsageError where code calls one of these functions, or makes a layer; `instead` says what is asked for."""

    def __init__(self, instead: str) -> None:
        super().__init__()
        self.instead = instead

    def __torch_function__(self, function, types, args=(), kwargs=None):
        """Call it, if it is none of them."""
        name = getattr(function, "__name__", "")
        if name in (*DO_IT_ALL, *LAYERS):
            saw = "a layer of PyTorch's" if name in LAYERS else f"PyTorch's {name}"
            raise UsageError(f"saw {saw}, which does it all; expected it written out: {self.instead}")
        return function(*args, **(kwargs or {}))
