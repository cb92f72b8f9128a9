"""Is a graph the network? Equal outputs and equal gradients, in training and in evaluation, after a way through JSON."""

import json
import re
from dataclasses import replace

import pytest
import torch
from networks import DISGUISED, HONEST, seeded, written_down
from torch import nn
from torch.nn import functional as F
from torchvision.ops import stochastic_depth
from torchvision.transforms.functional import normalize

from course import rebuild
from course.errors import GraphError
from course.evaluation import scores
from course.graph import Graph, Node, Value
from course.output import expect_ten_scores
from course.rebuild import Network
from course.trace import trace_with_weights

TRACED = HONEST | {
    name: DISGUISED[name] for name in ("linear", "matrix product", "a learned mask", "products and a sum")
}


@pytest.fixture
def torchs_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyTorch's own dropout in rebuilt networks, so that the same seed drops the same numbers."""
    monkeypatch.delitem(rebuild.FASTER, "dropout")


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(6, 1, 28, 28, generator=torch.Generator().manual_seed(3))


def rebuilt(network: type[nn.Module]) -> tuple[nn.Module, Network]:
    """A network and its rebuilt graph, with the same weights, laid out alike: dropout draws in the order of the memory."""
    graph, weights = written_down(network)
    original = seeded(network)
    for parameter in original.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.clone(memory_format=torch.channels_last)
    return original, Graph.from_json(json.loads(json.dumps(graph.to_json()))).build(weights)


@pytest.mark.parametrize("name", TRACED)
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
def test_outputs_and_gradients_are_the_networks(
    name: str, training: bool, images: torch.Tensor, torchs_dropout: None
) -> None:
    results = []
    for module in rebuilt(TRACED[name]):
        torch.manual_seed(7)  # the same dropout
        output = module.train(training)(images)
        F.cross_entropy(output, torch.arange(6)).backward()
        gradients = [p.grad for p in module.parameters() if p.grad is not None]
        results.append((output.detach(), sorted(float(g.abs().sum()) for g in gradients)))
    (output, gradients), (output_again, gradients_again) = results
    torch.testing.assert_close(output_again, output, atol=1e-5, rtol=1e-4)
    assert gradients_again == pytest.approx(gradients, rel=1e-3, abs=1e-5)


def test_squeezing_leaves_a_single_digit_its_axis(images: torch.Tensor) -> None:
    _, again = rebuilt(HONEST["squeezed"])
    torch.testing.assert_close(again.eval()(images[:1]), again(images)[:1])


def test_there_are_thirty_networks() -> None:
    assert len(TRACED) >= 30


def test_running_statistics_move_as_in_the_network(images: torch.Tensor, torchs_dropout: None) -> None:
    original, again = rebuilt(HONEST["final"])
    for module in (original, again):
        torch.manual_seed(7)
        module.train()(images)
    expected = {name: value for name, value in original.named_buffers() if "running" in name}
    seen = again.weights()
    assert len(expected) == 12
    for name, value in expected.items():
        torch.testing.assert_close(seen[name], value)


def test_the_hash_is_of_what_is_computed_not_of_how_it_is_written() -> None:
    class Same(HONEST["final"]):  # type: ignore[misc, name-defined]
        def forward(self, x):
            for layer in self.body:
                x = layer(x)
            return F.log_softmax(x.view(-1, 10), dim=1)

    assert Graph.trace(Same).hash == Graph.trace(HONEST["final"]).hash


def test_another_setting_is_another_hash() -> None:
    class Other(HONEST["final"]):  # type: ignore[misc, name-defined]
        def __init__(self):
            super().__init__()
            self.body[-2] = nn.AvgPool2d(6, ceil_mode=True)
            self.body[0][3].p = 0.2

    assert Graph.trace(Other).hash != Graph.trace(HONEST["final"]).hash


def make(forward) -> type[nn.Module]:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 10, 3)

        def forward(self, x):
            return forward(self, x)

    return Net


def written_over(x: torch.Tensor) -> torch.Tensor:
    x = x + 1
    x[:, :, :3] = x[:, :, :3] * 2
    return x


def grid(size: int) -> tuple[torch.Tensor, ...]:
    return torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")


def in_bfloat16(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return layer(x)


def prints(x: torch.Tensor) -> torch.Tensor:
    print(f"{x.mean():.2f}")
    return x


def negatives_written_over(x: torch.Tensor) -> torch.Tensor:
    x = x + 1
    x[x < 0] = 0
    return x


def replaced(x: torch.Tensor) -> torch.Tensor:
    x = x + 0
    x.data = x.sign()
    return x


def in_halves(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([layer(part) for part in torch.split(x, x.shape[0] // 2)])


def ghost(x: torch.Tensor, training: bool) -> torch.Tensor:
    if not training:
        return x
    return x.view(-1, x.size(1) * 2, *x.shape[2:]).relu().view(x.shape)


def by_hand(x: torch.Tensor, training: bool) -> torch.Tensor:
    return x - (x.mean((0, 2, 3), keepdim=True) if training else 0)


REFUSED = {
    "several results in training": (
        lambda s, x: (s.conv(x).mean((2, 3)), x) if s.training else s.conv(x).mean((2, 3)), "one tensor, in training"
    ),
    "a batch in halves": (lambda s, x: in_halves(s.conv, x).mean((2, 3)), "nn.BatchNorm2d"),
    "a ghost batch norm": (lambda s, x: ghost(s.conv(x), s.training).mean((2, 3)), "nn.BatchNorm2d"),
    "a batch norm by hand": (lambda s, x: by_hand(s.conv(x), s.training).mean((2, 3)), "nn.BatchNorm2d"),
    "a layer made each time": (lambda s, x: nn.BatchNorm2d(10)(s.conv(x)).mean((2, 3)), "in __init__: self.batchnorm2d"),
    "numbers printed": (lambda s, x: prints(s.conv(x)).mean((2, 3)), "prints"),
    "negatives written over": (lambda s, x: negatives_written_over(s.conv(x)).mean((2, 3)), "torch.where"),
    "data replaced": (lambda s, x: s.conv(replaced(x)).mean((2, 3)), "x.data"),
    "dropout that never switches off": (lambda s, x: F.dropout(s.conv(x).mean((2, 3)), 0.1), "training"),
    "a batch size written into view": (lambda s, x: s.conv(x).mean((2, 3)).view(64, 10), "batch"),
    "a branch on the data": (lambda s, x: s.conv(x).mean((2, 3)) * (1 if x.sum() > 0 else 2), "values of a tensor"),
    "another answer for large batches": (
        lambda s, x: s.conv(x).mean((2, 3)) if x.size(0) < 65 else s.conv(x).amax((2, 3)),
        "large batch",
    ),
    "random numbers": (lambda s, x: s.conv(x + torch.randn_like(x)).mean((2, 3)), "dropout"),
    "torchvision's random dropping": (lambda s, x: s.conv(stochastic_depth(x, 0.1, "row", s.training)).mean((2, 3)), "dropout"),
    "torchvision's normalisation": (lambda s, x: s.conv(normalize(x, [0.1], [0.3])).mean((2, 3)), "mean"),
    "a part written over": (lambda s, x: s.conv(written_over(x)).mean((2, 3)), "torch.cat"),
    "a grid of positions": (lambda s, x: (s.conv(x) + grid(26)[0]).mean((2, 3)), "view"),
    "another precision": (lambda s, x: in_bfloat16(s.conv, x).float().mean((2, 3)), "recipe"),
    "another number of scores": (lambda s, x: s.conv(x)[:, :9].mean((2, 3)), "10"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_a_graph_is_refused_with_a_sentence(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    forward, word = REFUSED[name]
    with pytest.raises(GraphError, match=word) as refusal:
        trace_with_weights(make(forward))
    assert len(str(refusal.value)) < 700
    assert not isinstance(refusal.value.__context__, GraphError)  # a notebook would show that one first
    assert capfd.readouterr().err == ""  # the exporter prints its own graph where it fails


SHAPES = {  # what forward makes of a map (N, 10, 26, 26), and what is said of it
    "a map that is not averaged": (lambda x: x.flatten(1), "conv2d (at conv) the map is 26 by 26, where 1 by 1 is needed"),
    "positions that became digits": (lambda x: x.view(-1, 10), "saw (3380, 10): behind conv2d (at conv) the map is 26 by 26"),
    "axes of length one": (lambda x: x.mean((2, 3), keepdim=True), "return x.flatten(1)"),
    "five scores": (lambda x: x.mean((2, 3))[:, :5], "gives 5 a digit, where ten numbers are needed"),
    "one number": (lambda x: x.mean((1, 2, 3)), "where ten numbers are needed"),
    "the image itself": (None, "nothing is computed"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_scores_of_another_shape_are_traced_back_to_the_layer(name: str) -> None:
    end, said = SHAPES[name]
    graph = Graph.trace(make(lambda s, x: end(s.conv(x)) if end else x))
    with pytest.raises(GraphError, match=re.escape(said)):
        expect_ten_scores(graph)


def test_a_table_says_below_it_that_the_scores_are_not_ten() -> None:
    graph = Graph.trace(make(lambda s, x: s.conv(x)))
    assert "no pooling halves it" in repr(graph.table()).splitlines()[-1]
    assert "no pooling halves it" in graph.table()._repr_html_()
    assert "ten scores" not in repr(Graph.trace(HONEST["final"]).table())


def test_a_layer_that_fails_is_named_with_what_it_was_given() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 4, 20), nn.Conv2d(4, 10, 11)

        def forward(self, x):
            return self.b(self.a(x)).flatten(1)

    with pytest.raises(GraphError, match=re.escape("it failed in b, which was given the shape (5, 4, 9, 9)")):
        Graph.trace(Net)


def test_a_forgotten_return_is_asked_for() -> None:
    with pytest.raises(GraphError, match="saw NoneType: is the return missing"):
        Graph.trace(make(lambda s, x: None))


SLIPS = {
    "an argument of its own": (lambda channels: nn.Conv2d(1, channels, 3), "needs arguments: give each a default"),
    "a layer that misses one": (lambda: nn.Conv2d(1, 8), "cannot be built"),
    "a layer with a misspelt one": (lambda: nn.Conv2d(1, 8, 3, pading=1), "cannot be built"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_network_that_cannot_be_built_is_told_whose_argument_is_wrong(name: str) -> None:
    make_layer, said = SLIPS[name]

    class Net(nn.Module):
        __init__ = (lambda self, channels: make_layer(channels)) if "own" in name else (lambda self: make_layer())

    with pytest.raises(GraphError, match=said):
        Graph.trace(Net)


HIDDEN = {
    "a list": lambda layers: [*layers],
    "a tuple": lambda layers: (*layers,),
    "a list of lists": lambda layers: [[layers[0]], [layers[1]]],
    "a dict": lambda layers: {"a": layers[0], "b": layers[1]},
}


def holding(keep, name: str = "body", literal: float | None = None) -> type[nn.Module]:
    """A network of two layers that are held in some way."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, name, keep([nn.Conv2d(1, 4, 3), nn.Conv2d(4, 10, 3)]))
            self.head = nn.Conv2d(10, 10, 3)

        def forward(self, x):
            held = getattr(self, name)
            for layer in held.values() if isinstance(held, dict) else held:
                for one in layer if isinstance(layer, list) else [layer]:
                    x = one(x)
            return self.head(x).mean((2, 3)) * (1 if literal is None else torch.tensor(literal))

    return Net


@pytest.mark.parametrize("name", ["body", "_body"])
@pytest.mark.parametrize("kind", HIDDEN)
def test_layers_that_pytorch_does_not_see_are_not_silently_frozen(kind: str, name: str) -> None:
    with pytest.raises(GraphError, match=rf"self.{name} is a plain (list|tuple|dict).*nn.ModuleList"):
        Graph.trace(holding(HIDDEN[kind], name))


def test_layers_that_pytorch_sees_may_be_listed_beside_a_literal() -> None:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 10, 3)
            self.layers, self.activations = [self.conv], [nn.ReLU(), nn.PReLU()]

        def forward(self, x):
            return self.activations[0](self.layers[0](x)).mean((2, 3)) * torch.tensor(0.5)

    assert Graph.trace(Net).parameters == 101


def test_what_a_file_could_not_hold_is_said_before_a_training() -> None:
    with pytest.raises(GraphError, match="the largest is 1,000,000"):
        Graph.trace(make(lambda s, x: (s.conv(x / 10_000_000) * 10_000_000).mean((2, 3))))


def test_dropped_weights_are_written_down() -> None:
    graph = Graph.trace(make(lambda s, x: F.conv2d(x, F.dropout(s.conv.weight, 0.1, s.training)).mean((2, 3))))
    assert [node.op for node in graph.nodes] == ["dropout", "conv2d", "mean.dim"]


def test_tracing_leaves_a_module_as_it_was() -> None:
    module = HONEST["final"]().train()
    frozen = next(part for part in module.modules() if isinstance(part, nn.BatchNorm2d)).eval()
    modes = [part.training for part in module.modules()]
    Graph.trace(module)
    scores(module, torch.zeros(2, 28, 28, dtype=torch.uint8))
    assert [part.training for part in module.modules()] == modes and not frozen.training


@pytest.mark.parametrize("unwritten", ["__init__", "forward"])
def test_an_incomplete_network_is_said_to_be_incomplete(unwritten: str) -> None:
    def raises(self, *_):
        raise NotImplementedError

    with pytest.raises(NotImplementedError) as caught:
        Graph.trace(type("Net", (nn.Module,), {unwritten: raises}))
    assert "Not complete yet" in " ".join(caught.value.__notes__)


def test_a_graph_from_data_knows_only_listed_operations() -> None:
    data = Graph.trace(HONEST["final"]).to_json()
    data["nodes"][0]["op"] = "system"
    with pytest.raises(GraphError, match="system"):
        Graph.from_json(data).build()


def test_a_graph_from_data_has_every_argument_in_its_place() -> None:
    data = Graph.trace(HONEST["final"]).to_json()
    data["nodes"][0]["kwargs"] = {"stride": [7, 7]}  # where nothing would look for it
    with pytest.raises(GraphError, match="conv2d takes stride by its place"):
        Graph.from_json(data)


def test_a_number_made_of_a_size_counts_as_if_written_there() -> None:
    graph = Graph.trace(make(lambda s, x: s.conv(x).mean((2, 3))))
    size = Node("size", "sym_size.int", (Value("x"), 2))
    more = Node("more", "size_add", (Value("size"), 1037))
    scaled = Node("scaled", "mul.Tensor", (Value(graph.output), Value("more")))
    assert replace(graph, nodes=(*graph.nodes, size, more, scaled), output="scaled").parameters == graph.parameters + 1
