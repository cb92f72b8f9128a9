"""A network as data: a list of tensor operations, in order, and the stored tensors that they use.

    graph = Graph.trace(Net)      # write a network down
    graph.table()                 # look at it
    network = graph.build(weights)  # run it again, with no code of the learner's

A graph holds names and numbers only. It goes to JSON and back, and everything that the course says of a network (its
table, its parameters, its receptive fields, the four rules, a retraining) is a function of it.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

INPUT = "x"  # the batch of digits, (N, 1, 28, 28)


@dataclass(frozen=True)
class Value:
    """An argument: what an earlier operation, or the input, produced."""

    name: str


@dataclass(frozen=True)
class Stored:
    """An argument: a stored tensor, learned or not."""

    name: str


@dataclass(frozen=True)
class Mode:
    """An argument: true while training, false while evaluating."""


@dataclass(frozen=True)
class DType:
    """An argument: a number format, by its PyTorch name."""

    name: str


@dataclass(frozen=True)
class Node:
    """One operation: its own name, what it does, to what, and where in the module it was written."""

    name: str
    op: str
    args: tuple
    kwargs: dict = field(default_factory=dict)
    at: str = ""

    def inputs(self) -> Iterator[Value | Stored]:
        """Every value and stored tensor among the arguments, in order."""
        yield from _leaves(self.args)
        yield from _leaves(tuple(self.kwargs.values()))

    def where(self) -> str:
        """The operation in words for a message: `conv2d (at block1.0)`."""
        return f"{self.name} (at {self.at})" if self.at else self.name


@dataclass(frozen=True)
class TensorSpec:
    """A stored tensor's shape and format; kind is "parameter", "buffer" or "constant"."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    kind: str = "parameter"
    trainable: bool = True

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Graph:
    """A network as data: operations in order, stored tensors by name, and the name of the value returned."""

    nodes: tuple[Node, ...]
    tensors: dict[str, TensorSpec]
    output: str

    @classmethod
    def trace(cls, network) -> "Graph":
        """Write down a network, given as a class built without arguments or as a module.

        Raises GraphError, in a sentence, for a network that is not a fixed list of tensor operations.
        """
        from course.trace import trace

        return trace(network)

    def build(self, weights=None):
        """The network again, as a module, from this graph and a dict of tensors by name."""
        from course.rebuild import Network

        return Network(self, weights)

    @cached_property  # a lesson's checks ask for them some thirty times
    def rows(self):
        """One `Row` an operation: kind, shape, kernel, receptive field, parameters, multiply-adds."""
        from course.rows import rows

        return rows(self)

    def table(self):
        """The rows as a table that prints well in a terminal and in a notebook; below it, what is wrong with the output."""
        from course.output import output_problem
        from course.table import Table

        return Table(self.rows, self.parameters, output_problem(self))

    @property
    def parameters(self) -> int:
        """Learned numbers, as rule 2 counts them."""
        from course.counting import count_parameters

        return count_parameters(self)

    @property
    def hash(self) -> str:
        """16 hexadecimal digits that change when the network does; names of values and places do not matter."""
        from course.graph_json import fingerprint

        return fingerprint(self)

    def to_json(self) -> dict:
        """Plain lists, dicts, strings and numbers."""
        from course.graph_json import to_json

        return to_json(self)

    @classmethod
    def from_json(cls, data) -> "Graph":
        """Read a graph from untrusted data; GraphError says what is wrong with it."""
        from course.graph_json import from_json

        return from_json(data)


def _leaves(argument) -> Iterator[Value | Stored]:
    if isinstance(argument, Value | Stored):
        yield argument
    elif isinstance(argument, tuple):
        for item in argument:
            yield from _leaves(item)
