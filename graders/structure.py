"""A network as the lessons see it: a chain of convolutions and poolings, each with what stands between it and the next.

Ways of writing that compute the same look the same here: functions or modules, any way of flattening, logits or
log-probabilities, ReLU before or after a max-pool, dropout before or after a ReLU.
"""

from dataclasses import dataclass, replace

from course.graph import INPUT, Graph
from course.operations import PADS, PIECES, RESHAPES
from course.rows import Row, numbers

# Drop whole channels, or replace what they drop: not what `nn.Dropout` does.
DROPOUTS = {"feature_dropout": "Dropout2d", "alpha_dropout": "AlphaDropout", "feature_alpha_dropout": "FeatureAlphaDropout"}
# Other libraries' momentum is one less ours; and an eps that is no longer small beside a variance changes what is learned.
MOST = {"momentum": 0.5, "eps": 0.01}
MAX_POOLS = ("max_pool", "global_max_pool")
ONE_NUMBER = ("global_avg_pool", "global_max_pool", "sum", "amax")  # which leave a map of one position as it is
FOLLOWERS = ("relu", "norm", "dropout")
TAIL = ("log_softmax", "softmax")
REARRANGING = {operation.partition(".")[0] for operation in RESHAPES | PIECES}


@dataclass(frozen=True)
class Layer:
    """A convolution or a pooling, as planned or as seen; `after` names what follows, in order, before the next layer.

    Sizes are those of a square kernel; `field` is the receptive field behind the layer, in pixels.
    """

    kind: str
    kernel: int | tuple[int, ...] = 0
    channels: int = 0
    padding: int | tuple = 0
    after: tuple[str, ...] = ()
    rates: tuple[float, ...] = ()  # of the dropouts in `after`
    stride: int | tuple[int, ...] = 1
    dilation: int | tuple[int, ...] = 1
    field: int | tuple[int, int] = 0
    where: str = ""

    @property
    def name(self) -> str:
        """As a learner would call it."""
        if self.kind != "conv":
            known = {
                "max_pool": "the max-pool",
                "global_avg_pool": "the global average pooling",
                "global_max_pool": "a global max-pool",
                "to": "a cast to another number format",
                "detach": "a detach (nothing before it learns)",
            }
            return known.get(self.kind, f"{self.kind}{self.place}")
        return f"the {_by(self.kernel)} convolution to {self.channels} channels{self.place}"

    @property
    def place(self) -> str:
        """Where it stands in the learner's network, as the end of its name."""
        return f" ({self.where})" if self.where else ""


@dataclass(frozen=True)
class Chain:
    """The layers in order, and a sentence where the network is no chain."""

    layers: tuple[Layer, ...]
    problem: str = ""

    @property
    def convolutions(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if layer.kind == "conv")

    def of_kind(self, kind: str) -> list[int]:
        """The places of the layers of a kind, counted in convolutions before them."""
        places, seen = [], 0
        for layer in self.layers:
            if layer.kind == kind:
                places.append(seen)
            seen += layer.kind == "conv"
        return places


def chain(graph: Graph) -> Chain:
    """The chain of a graph, in the one form that stands for all equivalent ones."""
    layers: list[Layer] = []
    previous, shape, problem = INPUT, (1, 28, 28), ""
    rows = graph.rows
    values = {INPUT, *(row.name for row in rows)}  # and no sizes, which x.view(x.size(0), -1) takes as well
    for row in rows:
        if not problem and values & (set(row.inputs) - {previous}):
            problem = f"{row.name} takes more than the layer before it; this lesson's network is one chain"
        same_numbers = numbers(row.shape) == numbers(shape)
        rearranged = row.operation in REARRANGING and same_numbers
        previous, shape = row.name, row.shape
        if rearranged or row.kind in TAIL or _does_nothing(row, same_numbers, layers):
            continue
        if row.kind in ("mean", "global_avg_pool") and layers and layers[-1].kind == "mean":  # over one axis, then over the other
            layers[-1] = replace(_layer(row), kind="global_avg_pool")
        elif row.kind in FOLLOWERS and layers:
            layers[-1] = _followed(layers[-1], row)
        else:
            layers.append(_layer(row))
    return Chain(tuple(_canonical(layers)), problem)


def _does_nothing(row: Row, same_numbers: bool, layers: list[Layer]) -> bool:
    """Whether the values, and what they teach, stay as they are."""
    cast = row.settings.get("dtype") == "float32" or (row.kind == "detach" and not layers)
    of_one = row.kind in ONE_NUMBER and same_numbers and not any(map(any, row.padding or ()))
    no_pad = not any(row.settings.get("pads", (1,)))
    # Of a max-pool that gives the places, too, the values come first.
    values = row.operation == "getitem" and bool(layers) and layers[-1].kind in MAX_POOLS and not layers[-1].after
    return row.settings.get("p") == 0 or cast or no_pad or of_one or values


def _layer(row: Row) -> Layer:
    padding = row.padding or _rim(row)
    sides = {side for pair in padding for side in pair}
    return Layer(
        kind=row.kind,
        kernel=_one(row.kernel or ()),
        channels=row.shape[0] if row.shape else 0,
        padding=sides.pop() if len(sides) == 1 else padding or 0,
        stride=_one(row.stride or ()),
        dilation=_one(tuple(d if k > 1 else 1 for d, k in zip(row.dilation or (), row.kernel or (), strict=True))) or 1,
        field=row.receptive_field,
        where=row.at,
    )


def _followed(layer: Layer, row: Row) -> Layer:
    kind = row.kind
    if kind == "norm" and row.settings.get("norm") != "BatchNorm":
        kind = str(row.settings.get("norm"))
    elif kind == "norm":
        odd = [f"{name} {row.settings[name]:g}" for name, most in MOST.items() if row.settings[name] > most]
        kind = f"BatchNorm with {' and '.join(odd)}" if odd else kind
    if kind == "dropout":
        kind = DROPOUTS.get(row.operation, kind)
    rates = (*layer.rates, float(row.settings["p"])) if kind == "dropout" else layer.rates
    return replace(layer, after=(*layer.after, kind), rates=rates)


def _rim(row: Row) -> tuple[tuple[int, int], ...]:
    """What an operation of its own puts around a map, of zeros, as a convolution's padding: from the first axis to the last."""
    pads = row.settings.get("pads", ()) if row.settings.get("zeros") else ()
    return tuple(zip(pads[::2], pads[1::2], strict=True))[::-1]


def _canonical(layers: list[Layer]) -> list[Layer]:
    for i in reversed(range(1, len(layers))):
        rim, convolution = layers[i - 1], layers[i]
        if rim.kind in PADS and rim.padding and convolution.kind == "conv" and convolution.padding == 0:
            layers[i - 1 : i + 1] = [replace(convolution, padding=rim.padding)]
    for i in range(1, len(layers)):
        before, pool = layers[i - 1], layers[i]
        if pool.kind == "max_pool" and pool.after[:1] == ("relu",):  # the larger of two, cut at zero: either order
            after = before.after if before.after[-1:] == ("relu",) else (*before.after, "relu")
            layers[i - 1 : i + 1] = [replace(before, after=after), replace(pool, after=pool.after[1:])]
    return [replace(layer, after=_relu_first(layer.after)) for layer in layers]


def _relu_first(after: tuple[str, ...]) -> tuple[str, ...]:
    """Dropout scales by a positive number or by zero, so it may change places with a ReLU behind it; two ReLUs are one."""
    items = list(after)
    for i in range(len(items) - 1):
        if items[i : i + 2] == ["dropout", "relu"]:
            items[i : i + 2] = ["relu", "dropout"]
    return tuple(item for i, item in enumerate(items) if item != "relu" or items[i - 1 : i] != ["relu"])


def _one(sizes: tuple[int, ...]):
    return sizes[0] if sizes and len(set(sizes)) == 1 else sizes


def words(after: tuple[str, ...]) -> str:
    """What follows a layer, as a learner would write it."""
    names = {"relu": "ReLU", "norm": "BatchNorm", "dropout": "Dropout"}
    return ", ".join(names.get(item, item) for item in after)


def _by(kernel) -> str:
    sizes = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    return "×".join(str(size) for size in sizes)
