"""One graph from a network's two modes, training and evaluation."""

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import replace

from torch import nn

from course.errors import GraphError
from course.graph import INPUT, Mode, Node, Stored, Value
from course.operations import DROPOUTS, MODE_ARGUMENT


def merge_modes(training, evaluation) -> tuple[list[Node], str]:
    """One graph from the two modes, which may differ in dropout and in normalisations' flags only."""
    (train_nodes, output), (eval_nodes, eval_output) = training, evaluation
    train_nodes, eval_nodes = live(train_nodes, output), live(eval_nodes, eval_output)
    for node in eval_nodes:
        if node.op in DROPOUTS and node.args[1] > 0:
            raise GraphError(
                f"the dropout {node.where()} stays on in evaluation: write F.dropout(x, {node.args[1]}, self.training) "
                "or use nn.Dropout"
            )
    plain_train, plain_eval = _plain(train_nodes, output), _plain(eval_nodes, eval_output)
    if plain_train != plain_eval:
        ends = {str(item[0]).partition(".")[0] for item in set(plain_train) ^ set(plain_eval)} & {"softmax", "log_softmax"}
        if ends:
            raise GraphError(
                f"the network ends in {min(ends)} in one mode, training or evaluation, and not in the other; return the same in "
                "both, the scores or F.log_softmax(x, dim=1): the loss takes either, and both have the same largest entry"
            )
        different = next((a[0] for a, b in zip(plain_train, plain_eval, strict=False) if a != b), "their length")
        different = different if isinstance(different, str) else "what is returned"
        raise GraphError(
            "the network computes something else in training than in evaluation (first difference: "
            f"{different}); the two may differ in dropout and in normalisation only, by PyTorch's own layers: a batch "
            "normalisation that is written out cannot be told from other arithmetic, use nn.BatchNorm2d"
        )
    flags = iter([node for node in eval_nodes if node.op not in DROPOUTS])
    merged = []
    for node in train_nodes:
        if node.op in DROPOUTS:
            merged.append(_with_flag(node, Mode()))
            continue
        twin = next(flags)
        place = MODE_ARGUMENT.get(node.op)
        if place is None or node.args[place] == twin.args[place]:
            if node.op == "batch_norm" and node.args[MODE_ARGUMENT[node.op]] is True:
                raise GraphError(
                    f"the normalisation {node.where()} uses the batch's own mean in evaluation too, so that a digit's "
                    "score would depend on its neighbours; leave track_running_stats on"
                )
            merged.append(node)
        else:
            merged.append(_with_flag(node, Mode()))
    return merged, output


def _with_flag(node: Node, flag) -> Node:
    place = MODE_ARGUMENT[node.op]
    return replace(node, args=(*node.args[:place], flag, *node.args[place + 1 :]))


def live(nodes: Sequence[Node], output: str) -> list[Node]:
    """Only the operations that the output depends on."""
    needed = {output}
    for node in reversed(nodes):
        if node.name in needed:
            needed |= {item.name for item in node.inputs() if isinstance(item, Value)}
    return [node for node in nodes if node.name in needed]


@contextmanager
def modes_kept(module: nn.Module):
    """Afterwards every part of a module is in the mode, training or evaluation, in which it was."""
    modes = [(part, part.training) for part in module.modules()]
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _plain(nodes: list[Node], output: str) -> list[tuple]:
    """The operations without dropout, flags and names, to compare one mode with the other."""
    names: dict[str, Value | Stored] = {INPUT: Value(INPUT)}

    def rename(item):
        if isinstance(item, Value):
            return names[item.name]
        return tuple(rename(i) for i in item) if isinstance(item, tuple) else item

    plain: list[tuple] = []
    for node in nodes:
        if node.op in DROPOUTS:
            names[node.name] = rename(node.args[0])
            continue
        names[node.name] = Value(f"v{len(plain)}")
        if node.op in MODE_ARGUMENT:
            node = _with_flag(node, None)
        keywords = tuple((key, rename(item)) for key, item in sorted(node.kwargs.items()))
        plain.append((node.op, rename(node.args), keywords))
    return [*plain, (names[output],)]
