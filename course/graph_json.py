"""A graph as JSON, and back: what is read is a stranger's, so that sizes are bounded and every key has to be known."""

import hashlib
import json
import math
import sys

from course.errors import GraphError
from course.graph import INPUT, DType, Graph, Mode, Node, Stored, TensorSpec, Value
from course.operations import ALLOWED, by_name

MOST_NODES = 2_000  # iteration 8 has 30; a graph of thousands is no course work, and would take minutes to check
MOST_NUMBERS = 50_000_000  # stored numbers: iteration 1, the heaviest lesson, has 6.4 million
LARGEST_WHOLE = 1_000_000  # among the arguments, but for "to the end" of a slice: no lesson needs more than 60,000
DTYPES = ("float32", "float64", "float16", "bfloat16", "int64", "int32", "uint8", "bool")


def to_json(graph: Graph) -> dict:
    """Plain lists, dicts, strings and numbers."""
    return {
        "nodes": [
            {"name": n.name, "op": n.op, "args": _encode(n.args), "kwargs": _encode(n.kwargs), "at": n.at}
            for n in graph.nodes
        ],
        "tensors": {
            name: {"shape": list(t.shape), "dtype": t.dtype, "kind": t.kind, "trainable": t.trainable}
            for name, t in graph.tensors.items()
        },
        "output": graph.output,
    }


def fingerprint(graph: Graph) -> str:
    """16 hexadecimal digits, for `Graph.hash`."""
    new_names = {INPUT: INPUT} | {node.name: f"v{i}" for i, node in enumerate(graph.nodes)}
    nodes = [[node.op, _encode(node.args, new_names), _encode(node.kwargs, new_names)] for node in graph.nodes]
    tensors = {name: [list(t.shape), t.dtype, t.kind, t.trainable] for name, t in sorted(graph.tensors.items())}
    text = json.dumps([nodes, tensors, new_names[graph.output]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def from_json(data) -> Graph:
    """A graph from untrusted data; GraphError says what is wrong with it."""
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise GraphError(f"this is not a graph that the course wrote: {type(error).__name__}: {error}") from None


def expect_storable(graph: Graph) -> None:
    """Raise GraphError where a file of the course could not hold this graph: it has the limits of reading."""
    try:
        _read(to_json(graph))
    except ValueError as error:
        raise GraphError(f"the network is outside of what the course can keep: {error}") from None


def _encode(argument, new_names=None):
    match argument:
        case Value(name):
            return {"value": new_names[name] if new_names else name}
        case Stored(name):
            return {"tensor": name}
        case Mode():
            return {"mode": "training"}
        case DType(name):
            return {"dtype": name}
        case float() if math.isinf(argument):
            return {"number": str(argument)}
        case tuple():
            return [_encode(item, new_names) for item in argument]
        case dict():
            return {key: _encode(item, new_names) for key, item in argument.items()}
    return argument


def _decode(item, values, tensors):
    match item:
        case None | bool() | str():
            return item
        case int():
            fits = abs(item) <= LARGEST_WHOLE or item == sys.maxsize
            _expect(fits, f"an argument cannot be {str(item)[:60]}, the largest is {LARGEST_WHOLE:,}")
            return item
        case float() if math.isfinite(item):
            return item
        case list():
            return tuple(_decode(i, values, tensors) for i in item)
        case {"value": str(name)} if len(item) == 1 and name in values:
            return Value(name)
        case {"tensor": str(name)} if len(item) == 1 and name in tensors:
            return Stored(name)
        case {"mode": "training"} if len(item) == 1:
            return Mode()
        case {"dtype": str(name)} if len(item) == 1 and name in DTYPES:
            return DType(name)
        case {"number": ("inf" | "-inf") as text} if len(item) == 1:
            return float(text)
    raise ValueError(f"an argument cannot be {str(item)[:60]!r}")


def _expect(condition, message):
    if not condition:
        raise ValueError(message)


def _read(data) -> Graph:
    _expect(set(data) == {"nodes", "tensors", "output"}, "it should hold nodes, tensors and output, nothing else")
    _expect(len(data["nodes"]) <= MOST_NODES, f"it has {len(data['nodes'])} operations, the most is {MOST_NODES}")
    tensors = {_name(name): _read_tensor(spec) for name, spec in data["tensors"].items()}
    _expect(sum(t.count for t in tensors.values()) <= MOST_NUMBERS, f"it stores more than {MOST_NUMBERS} numbers")
    values, nodes = {INPUT}, []
    for item in data["nodes"]:
        _expect(set(item) == {"name", "op", "args", "kwargs", "at"}, "an operation has name, op, args, kwargs, at")
        name = _name(item["name"])
        _expect(item["op"] in ALLOWED, f"the operation {str(item['op'])[:60]!r} is not one that a graph may hold")
        _expect(name not in values, f"two operations are named {name!r}")
        args = _decode(item["args"], values, tensors)
        kwargs = {_name(key): _decode(value, values, tensors) for key, value in item["kwargs"].items()}
        odd = sorted(kwargs.keys() - by_name(item["op"]))
        _expect(not odd, f"{item['op']} takes {', '.join(odd)[:60]} by its place, not by name")
        nodes.append(Node(name, item["op"], args, kwargs, str(item["at"])[:200]))
        values.add(name)
    _expect(data["output"] in values, f"its output {str(data['output'])[:60]!r} is no operation's name")
    return Graph(tuple(nodes), tensors, data["output"])


def _name(text) -> str:
    _expect(isinstance(text, str) and 0 < len(text) <= 200 and text.isprintable(), f"{str(text)[:60]!r} is no name")
    return text


def _read_tensor(spec) -> TensorSpec:
    _expect(set(spec) == {"shape", "dtype", "kind", "trainable"}, "a tensor has shape, dtype, kind, trainable")
    shape = tuple(spec["shape"])
    sizes_fit = all(type(n) is int and 0 <= n <= MOST_NUMBERS for n in shape) and len(shape) <= 8
    _expect(sizes_fit and math.prod(shape) <= MOST_NUMBERS, f"a tensor cannot have the shape {str(shape)[:60]}")
    _expect(spec["dtype"] in DTYPES, f"a tensor cannot have the format {str(spec['dtype'])[:60]!r}")
    _expect(spec["kind"] in ("parameter", "buffer", "constant"), f"no tensor is a {str(spec['kind'])[:60]!r}")
    _expect(type(spec["trainable"]) is bool, "a tensor is trainable or not: true or false")
    return TensorSpec(shape, spec["dtype"], spec["kind"], spec["trainable"])
