"""A seeded mutator of JSON, of text and of bytes: what a file becomes by accident, or in the hands of somebody who tries."""

import copy
import json
import random

ODD = [
    None, True, False, 0, -1, 1, 2, 7, 10, 28, 10**6, -(10**6), 2**31, 2**63, 2**64, 10**30, -(2**63),
    0.0, -0.5, 1e-300, 1e300,
    "", "x", "relu", "conv2d", "linear", "einsum", "getitem", "index.Tensor", "__class__", "training", "inf", "..", "\ud800",
    "é" * 50,
    [], [[]], {}, [0], [0, 1], [-1, 10], {"value": "x"}, {"tensor": "c.weight"}, {"mode": "training"}, {"number": "inf"},
    {"dtype": "float64"}, {"dtype": "int64"}, {"name": "SGD"}, [None] * 5, [1] * 30,
]  # fmt: skip


def mutate_json(value, draw: random.Random, times: int):
    """A copy of plain data in which a few places were changed."""
    value = copy.deepcopy(value)
    for _ in range(times):
        places = list(_places(value))
        if not places:
            return copy.deepcopy(draw.choice(ODD))
        holder, key = draw.choice(places)
        match draw.randrange(6):
            case 0:
                holder[key] = copy.deepcopy(draw.choice(ODD))
            case 1:
                other, place = draw.choice(places)
                holder[key] = copy.deepcopy(other[place])
            case 2:
                del holder[key]
            case 3 if isinstance(holder, list):
                holder.insert(key, copy.deepcopy(holder[key]))
            case 4 if isinstance(holder, dict):
                holder[draw.choice(["name", "op", "shape", "more", str(key) + "2"])] = holder.pop(key)
            case _:
                holder[key] = _near(holder[key], draw)
    return value


def mutate_bytes(content: bytes, draw: random.Random) -> bytes:
    """The content with bits turned, pieces cut out, doubled or moved."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        start, length = draw.randrange(max(1, len(changed))), draw.choice([1, 1, 2, 8, 100, 5_000])
        piece = changed[start : start + length]
        match draw.randrange(5):
            case 0:
                changed[start : start + 1] = bytes([draw.randrange(256)])
            case 1:
                del changed[start : start + length]
            case 2:
                changed[start:start] = piece
            case 3:
                changed[:8] = draw.randrange(2 ** draw.choice([8, 16, 32, 64])).to_bytes(8, "little")
            case 4:
                changed[start : start + length] = draw.randbytes(len(piece))
    return bytes(changed)


def _places(value):
    """Every place of plain data, as what holds it and the key or index."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _near(value, draw: random.Random):
    match value:
        case bool():
            return not value
        case int():
            return value + draw.choice([-2, -1, 1, 2, value, 100 * value])
        case float():
            return value * draw.choice([-1, 0.5, 1.5, 1e3])
        case str():
            return json.dumps(value)[1:-1] + draw.choice(["", "_", ".Tensor", " "])
        case list():
            return draw.sample(value, len(value))
    return copy.deepcopy(draw.choice(ODD))  # a mutation of the list's own object would be found again and again
