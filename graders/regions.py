"""Rule 4 of crops: weights that see one part of the image only, and others that see another, differ by position.

The same weights are others where other channels meet them, and channels of one map are the answers of weights of their own.
"""

from dataclasses import dataclass

from course.graph import INPUT, Graph, Node, Stored, Value
from course.operations import ARITHMETIC, CONVOLUTIONS, NORMALISATIONS, PADS, PIECES, RESAMPLINGS, RESHAPES
from graders.coordinates import names_by_content
from graders.labels import Labels, labels_of, live_along
from graders.picking import OTHER_CHANNELS
from graders.rejoined import taken_apart
from graders.relabelling import NARROWS

APART = 0.15  # of an axis: one position of seven, as an odd pixel or a shift leaves out
ELSEWHERE = (
    "its weights see one part of the image only, others see another part, so that weights differ by position; let every "
    "convolution see all positions"
)
Span = tuple[float, float]
WHOLE = ((0.0, 1.0), (0.0, 1.0))
WEIGHING = CONVOLUTIONS | NORMALISATIONS | ARITHMETIC | {"prelu"}
Channels = tuple[float, ...]  # the label of each place of axis 1


@dataclass(frozen=True)
class Cut:
    """Channels of a part of the image, in order, and the history whose answers they are: all weights that it has met."""

    history: int
    channels: Channels
    part: tuple[Span, ...]

    def differs(self, other: "Cut") -> bool:
        """Whether two pieces of what the same weights answered have other channels, or these in another order."""
        same = set(self.channels) == set(other.channels) and (
            self.channels == other.channels or len(self.channels) != len(other.channels)  # flattened, perhaps
        )
        return self.history == other.history and not same and _elsewhere(self.part, other.part)


def judge_parts(graph: Graph, labels) -> dict[str, str]:
    """By operation, what is wrong with the parts of the image that weights see."""
    parts: dict[str, tuple[Span, ...]] = {INPUT: WHOLE}
    behind: dict[str, frozenset[str]] = {}  # stored tensors behind a value that is not the image's
    met: dict[tuple[Span, ...], dict[int, str]] = {}  # by part: the histories that end there in weights, and where
    cuts: list[Cut] = []
    histories: dict[str, int] = {INPUT: 0}
    known: dict[tuple, int] = {}  # the number of a history, by the one before, and the weights and channels that met then
    wrong = {}
    sources = {node.name: node for node in graph.nodes}
    names = names_by_content(graph, labels)
    for node in graph.nodes:
        own = _stored_behind(node, behind)
        before = [item for item in node.inputs() if isinstance(item, Value) and item.name in parts]
        if not before:
            behind[node.name] = own
            continue
        joined = _joined(node, graph, labels, sources)
        given = [parts[item.name] for item in before]
        parts[node.name] = part = parts.get(joined.name) or _part(node, given, labels, sources)
        met_before = sorted({histories[item.name] for item in before})
        history = met_before[0] if len(before) == 1 else known.setdefault(tuple(met_before), len(known) + 1)
        histories[node.name] = history
        if part != WHOLE and node.op in PIECES | RESAMPLINGS:
            cut = Cut(history, _channels(Value(node.name), labels), part)
            if any(cut.differs(other) for other in cuts):
                wrong[node.name] = OTHER_CHANNELS
            cuts.append(cut)
        if own and node.op in WEIGHING:
            weights = frozenset(
                names.get(item.name, item.name) for item in node.inputs() if isinstance(item, Stored) or behind.get(item.name)
            )
            history = known.setdefault((history, weights, _channels(before[0], labels)), len(known) + 1)
            histories[node.name] = history
            met.setdefault(part, {})[history] = node.name
    for part, here in met.items():
        for there in (found for other, found in met.items() if _elsewhere(part, other)):
            wrong |= {where: ELSEWHERE for history, where in here.items() if history not in there}
    return wrong


def _channels(value: Value, labels) -> Channels:
    """The label of the channel at each place of axis 1; empty for what has none."""
    found = labels.get(value.name)
    if not isinstance(found, Labels) or found.channel is None or found.channel.dim() < 2:
        return ()
    return tuple(found.channel.amax([axis for axis in range(found.channel.dim()) if axis != 1]).tolist())


def _stored_behind(node: Node, behind: dict[str, frozenset[str]]) -> frozenset[str]:
    names = [
        frozenset({item.name}) if isinstance(item, Stored) else behind.get(item.name, frozenset())
        for item in node.inputs()
    ]
    return frozenset().union(*names)


def _joined(node: Node, graph: Graph, labels, sources: dict[str, Node]) -> Value | Stored:
    """The value that a piece was joined from and taken apart to again; the node's own where it is no such piece."""
    own = Value(node.name)
    if node.op != "getitem":
        return (taken_apart(node, graph, labels) or [own])[0]
    source = sources.get(node.args[0].name)
    pieces = taken_apart(source, graph, labels) if source else None
    return pieces[node.args[1]] if pieces else own


def _part(node: Node, given: list[tuple[Span, ...]], labels, sources: dict[str, Node]) -> tuple[Span, ...]:
    if len(given) > 1:
        inner = node.op in NARROWS  # a product is nothing where one factor is
        low, high = (max, min) if inner else (min, max)
        return tuple((low(s[0] for s in spans), high(s[1] for s in spans)) for spans in zip(*given, strict=True))
    after = labels.get(node.name)
    if node.op not in PIECES | RESHAPES | RESAMPLINGS or not isinstance(after, Labels):
        return given[0]  # pieces that are handed on together are the whole
    source = sources.get(node.args[0].name, node) if node.op == "getitem" else node
    before = labels_of(source.args[0], labels)
    part = tuple(
        _cut(span, getattr(before, axis, None), getattr(after, axis))
        for span, axis in zip(given[0], ("height", "width"), strict=True)
    )
    return _inside(part, before, after) if node.op in PADS and before else part


def _inside(part: tuple[Span, ...], before: Labels, after: Labels) -> tuple[Span, ...]:
    """Where a map of one number a digit is, once it was padded: a mask, if it is multiplied."""
    if not after.from_image or not before.from_image or len(after.shape) < 4:
        return part
    spans = []
    for span, axis in zip(part, (-2, -1), strict=True):
        live = live_along(after, axis % len(after.shape))
        if before.moves(axis % len(after.shape)) or not any(live):
            spans.append(span)
            continue
        first, last = live.index(True), len(live) - live[::-1].index(True)
        spans.append((max(span[0], first / len(live)), min(span[1], last / len(live))))
    return tuple(spans)


def _cut(span: Span, before, after) -> Span:
    """The span of the positions that are left of those that were there, which labels tell."""
    if before is None or after is None:
        return span
    places, left = before[before >= 0].unique(), after[after >= 0].unique()
    if len(left) == 0 or len(places) < 2 or len(left) > len(places):
        return span
    first, last = int((places < left[0]).sum()), int((places <= left[-1]).sum())
    if last - first == 1:  # one label for all: a mean, not a pick, which is judged elsewhere
        return span
    length = span[1] - span[0]
    return span[0] + length * first / len(places), span[0] + length * last / len(places)


def _elsewhere(one: tuple[Span, ...], other: tuple[Span, ...]) -> bool:
    """Whether each sees what the other does not, along an axis."""
    return any(
        abs(a[0] - b[0]) > APART and abs(a[1] - b[1]) > APART and (a[0] < b[0]) == (a[1] < b[1])
        for a, b in zip(one, other, strict=True)
    )
