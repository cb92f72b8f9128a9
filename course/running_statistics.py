"""Which running statistics rule 2 need not count: a normalisation's mean and variance, where they add nothing to its network."""

from course.graph import INPUT, Graph, Mode, Node, Stored
from course.operations import CONVOLUTIONS, DROPOUTS, POINTWISE, POOLINGS

RUNNING_STATISTICS = {"batch_norm": (3, 4), "instance_norm": (3, 4)}
MOMENTUM = {"batch_norm": 6, "instance_norm": 6}
LEAST_MOMENTUM = 1e-4  # statistics that a whole training moves by less are weights
KEEPS_CHANNELS = POINTWISE | DROPOUTS | POOLINGS


def excused_statistics(graph: Graph) -> dict[str, set[str]]:
    """By normalisation, its running statistics that don't count: training keeps them, and they do nothing that other numbers
    of this normalisation, or the weights of the convolutions before it, could not do as well.
    """
    users: dict[str, set[str]] = {}  # of stored tensors and of values
    for node in graph.nodes:
        for item in node.inputs():
            users.setdefault(item.name, set()).add(node.name)
    found: dict[str, tuple[frozenset[str], set[str]]] = {}  # what could do as well, and the statistics
    paths: dict[str, set[str]] = {}  # operations between the two
    for node in graph.nodes:
        learns = node.op in MOMENTUM and any(isinstance(argument, Mode) for argument in node.args)
        if not learns or node.args[MOMENTUM[node.op]] < LEAST_MOMENTUM:  # statistics that nothing updates are weights
            continue
        if isinstance(node.args[1], Stored):
            own, paths[node.name] = frozenset({node.args[1].name}), set()
        else:
            own, paths[node.name] = _convolutions_before(node, graph)
        running = {node.args[place] for place in RUNNING_STATISTICS[node.op]}
        names = {s.name for s in running if isinstance(s, Stored) and graph.tensors[s.name].kind == "buffer"}
        if own:
            found[node.name] = (own, names)
    excused = {}
    for name, (own, names) in found.items():
        alike = {other for other, (_, others) in found.items() if others == names}
        shared = any(own & other for other, others in found.values() if others != names)  # numbers can do for one only
        read = set[str]().union(*(users.get(one, ()) for one in {*own, *paths[name]} - {INPUT}))
        if not shared and read <= paths[name] | alike:
            excused[name] = names
    return excused


def _convolutions_before(node: Node, graph: Graph) -> tuple[frozenset[str], set[str]]:
    """The kernels that the channels of a normalisation come from, where a scale of each channel could be part of them, and the
    operations from there on; no kernels where it could not.
    """
    nodes = {other.name: other for other in graph.nodes}
    waiting, kernels, seen = [node.args[0]], set[str](), set[str]()
    while waiting:
        name = getattr(waiting.pop(), "name", "")
        before = nodes.get(name)
        if name == INPUT:
            kernels.add(INPUT)
        elif before is None or name in seen:
            return frozenset(), seen  # the same channels twice
        elif before.op in CONVOLUTIONS:
            if not isinstance(before.args[1], Stored):
                return frozenset(), seen  # kernels that are made of fewer numbers
            kernels.add(before.args[1].name)
        elif before.op in KEEPS_CHANNELS:
            waiting.append(before.args[0])
        elif before.op == "cat" and (before.args[1:] or (0,))[0] == 1:
            waiting.extend(before.args[0])
        else:
            return frozenset(), seen
        seen.add(name)
    return frozenset(kernels), seen
