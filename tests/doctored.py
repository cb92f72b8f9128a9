"""Submission files that lie, or only pretend to be one: each made of an honest file's tensors and metadata."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save

Change = Callable[[dict[str, torch.Tensor], dict[str, str]], object]


def doctored(honest: Path, change: Change) -> bytes:
    """The honest file with its tensors and metadata changed."""
    tensors = load_file(honest)
    with safetensors.safe_open(honest, "pt") as file:
        metadata = dict(file.metadata())
    change(tensors, metadata)
    return save(tensors, metadata)


def edited(key: str, edit: Callable) -> Change:
    """A change of one entry of the metadata; `edit` returns it, or changes it and returns None."""

    def change(tensors, metadata):
        value = json.loads(metadata[key])
        metadata[key] = json.dumps(edit(value) or value)

    return change


def _node(graph: dict, op: str) -> dict:
    return next(node for node in graph["nodes"] if node["op"] == op)


def _kernel(tensors) -> str:
    return next(name for name, tensor in tensors.items() if tensor.dim() == 4)


def _renamed(tensors, metadata):
    tensors["other"] = tensors.pop(_kernel(tensors))


def _left_out(tensors, metadata):
    del tensors[_kernel(tensors)]


def _of_double_precision(tensors, metadata):
    tensors[_kernel(tensors)] = tensors[_kernel(tensors)].double()


def _turned(tensors, metadata):
    name = _kernel(tensors)
    tensors[name] = tensors[name].flatten(1)


def _infinite(tensors, metadata):
    tensors[_kernel(tensors)].view(-1)[-1] = float("inf")


def _deep(levels: int):
    return "[" * levels + "]" * levels


def _squares(graph: dict) -> None:
    """A size that is squared, and squared again: its digits fill the memory."""
    sizes = [{"name": "n0", "op": "sym_size.int", "args": [{"value": "x"}, 0], "kwargs": {}, "at": ""}]
    for i in range(60):
        both = [{"value": f"n{i}"}, {"value": f"n{i}"}]
        sizes.append({"name": f"n{i + 1}", "op": "size_mul", "args": both, "kwargs": {}, "at": ""})
    graph["nodes"] = sizes + graph["nodes"]


def _grown(op: str, args: list, kwargs: dict | None = None):
    """A graph that begins with one more operation on the image, whose result the rest ignores."""

    def edit(graph: dict) -> None:
        graph["nodes"].insert(0, {"name": "more", "op": op, "args": args, "kwargs": kwargs or {}, "at": ""})

    return edited("graph", edit)


def _duplicate_keys(tensors, metadata):
    metadata["epoch"] = "0" + metadata["epoch"]


def _history(**figures) -> Change:
    return edited("history", lambda history: [history[0] | figures, *history[1:]])


X = {"value": "x"}
LIES: dict[str, Change] = {
    "a tensor of another name": _renamed,
    "a tensor left out": _left_out,
    "a tensor too many": lambda t, m: t.update(more=torch.zeros(9)),
    "a tensor of double precision": _of_double_precision,
    "a tensor of another shape": _turned,
    "a weight without bounds": _infinite,
    "an entry left out": lambda t, m: m.pop("history"),
    "an unknown entry": lambda t, m: m.update(passed="true"),
    "another format": lambda t, m: m.update(format="pt"),
    "a version to come": lambda t, m: m.update(version="9"),
    "a graph of lists in lists": lambda t, m: m.update(graph=_deep(200_000)),
    "a recipe of lists in lists": lambda t, m: m.update(recipe=_deep(200_000)),
    "a graph that is a number": lambda t, m: m.update(graph="7"),
    "no JSON": lambda t, m: m.update(recipe="{'epochs': 3}"),
    "a number of many digits": lambda t, m: m.update(epoch="9" * 5_000),
    "NaN": lambda t, m: m.update(epoch="NaN"),
    "an epoch in exponents": lambda t, m: m.update(epoch="1e400"),
    "a leading zero": _duplicate_keys,
    "an operation that runs commands": edited("graph", lambda g: _node(g, "relu").update(op="os.system")),
    "an operation with two underscores": edited("graph", lambda g: _node(g, "relu").update(op="__class__")),
    "an operation that saves a file": edited("graph", lambda g: _node(g, "relu").update(op="save")),
    "an operation that is no text": edited("graph", lambda g: _node(g, "relu").update(op=["relu"])),
    "a value from the future": edited("graph", lambda g: g["nodes"][0]["args"].__setitem__(0, {"value": g["output"]})),
    "a value that is its own": edited("graph", lambda g: g["nodes"][0]["args"].__setitem__(0, {"value": g["nodes"][0]["name"]})),
    "two operations of one name": edited("graph", lambda g: g["nodes"][1].update(name=g["nodes"][0]["name"])),
    "a name of control characters": edited("graph", lambda g: g["nodes"][0].update(name="\x1b[2J")),
    "a name without end": edited("graph", lambda g: g["nodes"][0].update(name="n" * 100_000)),
    "an output that is not there": edited("graph", lambda g: g.update(output="passed")),
    "an unknown key of a graph": edited("graph", lambda g: g.update(parameters=12)),
    "an unknown key of an operation": edited("graph", lambda g: g["nodes"][0].update(parameters=0)),
    "three thousand operations": edited("graph", lambda g: g.update(nodes=g["nodes"] * 100)),
    "a tensor of fewer numbers": edited("graph", lambda g: next(iter(g["tensors"].values())).update(shape=[1])),
    "a tensor of negative size": edited("graph", lambda g: next(iter(g["tensors"].values())).update(shape=[-16, -9])),
    "a tensor of true size": edited("graph", lambda g: next(iter(g["tensors"].values())).update(shape=[True])),
    "a tensor of all numbers": edited("graph", lambda g: next(iter(g["tensors"].values())).update(shape=[10**9, 10**9])),
    "a tensor of another kind": edited("graph", lambda g: next(iter(g["tensors"].values())).update(kind="nothing")),
    "a tensor of complex numbers": edited("graph", lambda g: next(iter(g["tensors"].values())).update(dtype="complex64")),
    "a tensor that trains by a text": edited("graph", lambda g: next(iter(g["tensors"].values())).update(trainable="no")),
    "sizes that are squared": edited("graph", _squares),
    "a map without end": _grown("repeat", [X, [1, 1, 900_000, 900_000]]),
    "a range without end": _grown("arange", [1e15], {"device": "cpu"}),
    "an identity of a million": _grown("eye", [1_000_000], {"device": "cpu"}),
    "padding without end": _grown("pad", [X, [1_000_000, 1_000_000, 1_000_000, 1_000_000]]),
    "an upsampling without end": _grown("upsample_nearest2d.vec", [X, [900_000, 900_000], None]),
    "a pooling of nothing": _grown("max_pool2d", [X, [0, 0]]),
    "another argument": _grown("relu", [X], {"out": X}),
    "an einsum of many letters": _grown("einsum", ["a" * 60 + "->" + "b" * 60, [X]]),
    "an attribute for a place": _grown("getitem", [X, "__class__"]),
    "ten thousand epochs": edited("recipe", lambda r: r.update(epochs=10_000)),
    "no epoch": edited("recipe", lambda r: r.update(epochs=0)),
    "half of an epoch": edited("recipe", lambda r: r.update(epochs=18.5)),
    "true epochs": edited("recipe", lambda r: r.update(epochs=True)),
    "epochs below zero": edited("recipe", lambda r: r.update(epochs=-3)),
    "a recipe of fewer epochs than were trained": edited("recipe", lambda r: r.update(epochs=1)),
    "an unknown key of a recipe": edited("recipe", lambda r: r.update(passes=2)),
    "an optimiser by its path": edited("recipe", lambda r: r["optimizer"].update(name="os.system")),
    "an optimiser without a name": edited("recipe", lambda r: r.update(optimizer="SGD")),
    "a setting that the optimiser lacks": edited("recipe", lambda r: r["optimizer"].update(evil=1)),
    "a rate below zero": edited("recipe", lambda r: r["optimizer"].update(lr=-0.1)),
    "a rate that is a list of lists": edited("recipe", lambda r: r["optimizer"].update(lr=[[1]])),
    "a schedule that is a function": edited("recipe", lambda r: r.update(schedule={"name": "LambdaLR", "lr_lambda": "x"})),
    "an augmentation that is a module": edited("recipe", lambda r: r.update(augment=[{"name": "Linear"}])),
    "a seed below zero": edited("recipe", lambda r: r.update(seed=-1)),
    "a history in another order": edited("history", lambda h: h[::-1]),
    "a history without its first epoch": edited("history", lambda h: h[1:]),
    "a history of one epoch twice": edited("history", lambda h: [*h, h[-1]]),
    "a history of texts": edited("history", lambda h: ["99.9%"] * len(h)),
    "an accuracy above all": _history(test_accuracy=100.5),
    "an accuracy below zero": _history(test_accuracy=-1),
    "an accuracy in words": _history(test_accuracy="all"),
    "a count with a fraction": _history(test_correct=9990.5),
    "another epoch as the best": _history(test_correct=10_000),
    "no history": lambda t, m: m.update(history="[]"),
    "the best epoch by its own word": edited("epoch", lambda e: e + 1),
    "an epoch beyond the last": edited("epoch", lambda e: 900),
    "weights of neither epoch": lambda t, m: m.update(carries='"luckiest"'),
    "a deviation below zero": edited("initial", lambda i: {name: [0, -1] for name in i}),
    "deviations of other tensors": edited("initial", lambda i: {f"{name}!": two for name, two in i.items()}),
    "a mean that no float holds": edited("initial", lambda i: {name: [10**400, 1] for name in i}),
    "data that are a list": lambda t, m: m.update(data="[1]"),
    "data of a long text": edited("data", lambda d: {"digest": "0" * 100_000}),
    "an environment of numbers": lambda t, m: m.update(environment='{"torch": 2}'),
}  # fmt: skip


def _header(header: bytes, rest: bytes = b"") -> bytes:
    return struct.pack("<Q", len(header)) + header + rest


PRETENDERS: dict[str, bytes] = {
    "nothing": b"",
    "eight bytes": bytes(8),
    "a pickle": b"\x80\x04\x95\x1e" + bytes(7) + b"\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94.",
    "a zip archive": b"PK\x03\x04" + bytes(200),
    "a zip archive's end": b"PK\x05\x06" + bytes(18),
    "a header longer than the file": struct.pack("<Q", 10**6) + b"{}",
    "a header of all memory": b"\xff" * 16,
    "a header of 100 MB": struct.pack("<Q", 10**8) + b" " * 1000,
    "a header that is no JSON": _header(b"not JSON"),
    "a header of lists in lists": _header(b"[" * 100_000),
    "a header that is a list": _header(b"[]"),
    "a header of dicts in dicts": _header(b'{"a":' * 50_000),
    "a tensor beyond the end": _header(b'{"a":{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}}'),
    "a tensor before the start": _header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}', bytes(4)),
    "two tensors in one place": _header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)
    ),
    "a shape that overflows": _header(
        b'{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,0]}}'
    ),
    "a format of nobody": _header(b'{"a":{"dtype":"X9","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "one name twice": _header(
        b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)
    ),
    "tensors without metadata": _header(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', bytes(4)),
    "metadata that are a list": _header(b'{"__metadata__":["format"]}'),
    "no UTF-8": _header(b'{"\xff\xfe":1}'),
    "text": b"accuracy: 99.99%, parameters: 1, passed: true\n" * 40,
    "zeros": bytes(4096),
}
