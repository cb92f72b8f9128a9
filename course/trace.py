"""Write a network down as a graph, in training and in evaluation mode: a plain one by running it, any other by `torch.export`."""

import builtins
import io
import logging
import re
import sys
import warnings
from collections.abc import Callable
from contextlib import contextmanager, nullcontext, redirect_stderr, suppress

import torch
from torch import nn

from course.errors import GraphError, one_line
from course.exported import Program, from_export, read_program
from course.graph import Graph, Stored
from course.graph_json import expect_storable
from course.modes import merge_modes, modes_kept
from course.output import expect_ten_scores
from course.recording import record
from course.simplify import simplified
from course.tryout import digits, expect_registered, instance, try_out

LARGEST_BATCH = 60_000  # all training digits at once
MEANT = {  # by a sign in what the exporter says; the first that is found
    "specialized|ConstraintViolation": (
        "the network works for one batch size only: write x.size(0), not a number, where it reshapes; "
        "and neither int(x.size(0)) nor a loop over the digits, which make a number of it"
    ),
    "data-dependent|GuardOnDataDependent": (
        "forward decides by the values of a tensor (an `if`, an assert, a loop, .item() or NumPy on activations); "
        "use tensor operations only, which do the same for every digit"
    ),
    "FakeTensor.__format__": "forward prints numbers of a tensor; leave that out (shapes may be printed)",
    "fake tensor in the exported program": (
        "forward puts a computed tensor where it stays, by x.data = … or in a list or attribute of its own; compute it anew each "
        "time, and keep stored tensors as they are"
    ),
    r"\bs\d+\b": (  # the exporter's name for a size that may be any
        "in training, forward works for some batch sizes only: write x.size(0), not a number, where it reshapes; a stored tensor "
        "may not be as long as a batch; and a normalisation of parts of the batch (ghost batch norm) cannot be written down, use "
        "nn.BatchNorm2d"
    ),
}


def trace(network) -> Graph:
    """The graph of a network, given as a class built without arguments, or as a module; with scores of any shape."""
    return trace_half_built(network)[0]


def trace_with_weights(network) -> tuple[Graph, dict[str, torch.Tensor]]:
    """The graph of a network that gives ten scores a digit, and a copy of the tensors that it holds now."""
    graph, weights = trace_half_built(network)
    expect_ten_scores(graph)
    return graph, weights


def trace_half_built(network) -> tuple[Graph, dict[str, torch.Tensor]]:
    """The same of a network that may still give something else than ten scores, so that one can look at it."""
    module = instance(network)
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule):
            raise GraphError("the network holds a module compiled by torch.jit.script; leave the scripting out")
        if isinstance(part, nn.modules.batchnorm._NormBase) and part.track_running_stats and part.momentum is None:
            raise GraphError("a normalisation with momentum=None computes with its count of batches; give it a number")
    with _quiet(), modes_kept(module):
        expected = try_out(module.eval())
        found = None
        with suppress(GraphError):  # it is not plain, or something is wrong with it, which the exporter finds and says
            found = _written_down(module, expected, _record)
        graph, weights = found or _written_down(module, expected, _export)
    expect_registered(module, [weights[name] for name, spec in graph.tensors.items() if spec.kind == "constant"])
    return graph, weights


def _written_down(module: nn.Module, expected: dict, write: Callable[[nn.Module], Program]) -> tuple[Graph, dict]:
    """The graph of both modes, and the tensors; it answers as `expected`. Raises GraphError."""
    training, tensors, weights = read_program(write(module.train()))
    evaluation, _, _ = read_program(write(module.eval()))
    nodes, output = merge_modes(training, evaluation)
    used = {item.name for node in nodes for item in node.inputs() if isinstance(item, Stored)}
    zeros = frozenset(name for name in used if tensors[name].kind == "constant" and not weights[name].any())
    whole = Graph(tuple(nodes), {name: spec for name, spec in tensors.items() if name in used}, output)
    graph = simplified(whole, zeros)
    expect_storable(graph)
    weights = {name: weights[name] for name in graph.tensors}
    _compare(graph.build(weights), expected)
    return graph, weights


def _record(module: nn.Module) -> Program:
    with _len_of_any_batch():
        program = record(module)
    if program is None:
        raise GraphError("the network is not plain")
    return program


def _export(module: nn.Module) -> Program:
    try:
        with _len_of_any_batch(), redirect_stderr(io.StringIO()):  # the exporter prints its own graph where it fails
            program = torch.export.export(
                module, (digits(5),), dynamic_shapes=(({0: torch.export.Dim.DYNAMIC}),), strict=False
            )
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        meant = next((sentence for sign, sentence in MEANT.items() if re.search(sign, said)), None)
        raise GraphError(
            meant
            or f"forward is not a fixed list of tensor operations ({type(error).__name__}: {one_line(error)}); "
            "keep to torch operations on x, without NumPy, random choices or data-dependent branches"
        ) from error
    if any(allowed.upper < LARGEST_BATCH for allowed in program.range_constraints.values()):
        raise GraphError("forward does something else for a large batch; a digit's scores may not depend on the batch")
    return from_export(program)


@contextmanager
def _len_of_any_batch():
    """`len(x)` as `x.size(0)`, which the exporter follows; Python's own `len` makes one batch's number of it."""
    original = builtins.len

    def length(of):
        return of.size(0) if isinstance(of, torch.Tensor) and of.dim() else original(of)

    builtins.len = length
    try:
        yield
    finally:
        builtins.len = original


def _compare(network: nn.Module, expected: dict[int, torch.Tensor]) -> None:
    network.eval()
    for count, answer in expected.items():
        try:
            with torch.no_grad():
                rebuilt = network(digits(count))
        except Exception as error:
            raise GraphError(
                f"the network written down as a list of operations fails for {count} digits ({type(error).__name__}: "
                f"{one_line(error)}): does forward split the batch, as a ghost batch norm does? Use nn.BatchNorm2d"
            ) from error
        if not torch.allclose(rebuilt, answer.to(rebuilt.dtype), rtol=1e-3, atol=1e-4, equal_nan=True):
            raise GraphError(
                "the network written down as a list of operations answers differently from the network itself: "
                "does forward change a tensor in place that it uses again, keep something between calls, or ask whether "
                "gradients are on?"
            )


@contextmanager
def _quiet():
    """The exporter's own warnings and logs are about its insides; and the caller's random numbers stay as they were."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch.fx", "torch._export", "torch._dynamo")]
    levels = [logger.level for logger in loggers]
    # A compiled part is traced as it was written. Where none was compiled, two seconds of imports are saved.
    eager = torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), eager:
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
