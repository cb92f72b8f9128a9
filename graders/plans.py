"""The network that each lesson asks for, layer by layer; and what its parameters add up to."""

from graders.structure import Chain, Layer

POOL = Layer("max_pool", 2, stride=2)
GAP = Layer("global_avg_pool")
FINAL = 8  # lessons 9 and 10 train the network of this one


def conv(kernel: int, channels: int, *after: str, padding: int = 0, rate: float = 0.0) -> Layer:
    """A convolution and what follows it."""
    return Layer("conv", kernel, channels, padding, after, (rate,) if rate else ())


def skeleton(widths: tuple[int, ...], *after: str, rate: float = 0.0) -> list[Layer]:
    """Two blocks of 3×3 convolutions with a transition between; `rate` is the dropout's at the end of both blocks."""
    a, b, c, d, e, f = widths
    last = (*after, "dropout") if rate else after
    return [
        conv(3, a, *after), conv(3, b, *after), conv(3, c, *last, rate=rate), POOL,
        conv(1, d, *after), conv(3, e, *after), conv(3, f, *last, rate=rate),
    ]  # fmt: skip


def plan(number: int) -> Chain:
    """The planned chain of a lesson, 1 to 10."""
    light, normal, block = (10, 10, 20, 10, 10, 20), ("norm", "relu"), ("relu", "norm", "dropout")
    layers = {
        1: [
            conv(3, 32, "relu", padding=1), conv(3, 64, "relu", padding=1), POOL,
            conv(3, 128, "relu", padding=1), conv(3, 256, "relu", padding=1), POOL,
            conv(3, 512, "relu"), conv(3, 1024, "relu"), conv(3, 10),
        ],
        2: [*skeleton((32, 64, 128, 32, 64, 128), "relu"), conv(1, 10, "relu"), conv(7, 10)],
        3: [*skeleton(light, "relu"), conv(1, 10, "relu"), conv(7, 10)],
        4: [*skeleton(light, *normal), conv(1, 10, *normal), conv(7, 10)],
        5: [*skeleton(light, *normal, rate=0.25), conv(1, 10, *normal), conv(7, 10)],
        6: [*skeleton(light, *normal, rate=0.25), conv(1, 10, *normal), GAP],
        7: [*skeleton(light, *normal, rate=0.25), conv(3, 32, *normal), conv(1, 10), GAP],
        8: [
            conv(3, 16, *block, rate=0.1), conv(3, 32, *block, rate=0.1), conv(1, 10), POOL,
            conv(3, 16, *block, rate=0.1), conv(3, 16, *block, rate=0.1), conv(3, 16, *block, rate=0.1),
            conv(3, 16, *block, padding=1, rate=0.1), GAP, conv(1, 10),
        ],
    }  # fmt: skip
    return Chain(tuple(layers[min(number, FINAL)]))


def pooling_field(number: int) -> int:
    """The receptive field at which a lesson's network first pools, in pixels: kernels of stride 1 add up."""
    first = plan(number).layers
    return 1 + sum(layer.kernel - 1 for layer in first[: first.index(POOL)] if isinstance(layer.kernel, int))
