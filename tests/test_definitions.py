"""What is taken from a learner's code: all that `Net` and `recipe` need, and nothing that trains."""

import pytest

from graders.definitions import definitions
from graders.probes import run_statements

TRAINING = """
model = Net()
for epoch in range(20):
    for x, y in loader:
        raise RuntimeError("training")
torch.save(model.state_dict(), "net.pt")
print(Net())
fit(Net, recipe)
"""
STYLES = {  # cells; what Net() returns then
    "a helper and a constant below": (["def Net(): return double(W)\ndef double(n): return 2 * n\nW = 4"], 8),
    "the last definition": (["def Net(): return 1", "def Net(): return 2"], 2),
    "a definition that wraps the one before": (["def Net(): return 1", "old = Net", "def Net(): return old() + 1"], 2),
    "another name": (["def Other(): return W\nNet = Other\nW = 3"], 3),
    "appended, added, extended": (["L = []\nL.append(1)\nL += [2]\nL.extend([3])\ndef Net(): return L"], [1, 2, 3]),
    "appended in a loop": (["L = []\nfor w in (1, 2):\n    L.append(w)\ndef Net(): return L"], [1, 2]),
    "appended in a comprehension": (["L = []\n[L.append(w) for w in (1, 2)]\ndef Net(): return L"], [1, 2]),
    "changed by a function": (["L = []\ndef add(w): L.append(w)\nadd(4)\ndef Net(): return L"], [4]),
    "changed as an argument": (["L = []\ndef add(l, w): l.append(w)\nadd(L, 4)\nadd(w=5, l=L)\ndef Net(): return L"], [4, 5]),
    "set by a function": (["def setup():\n    global W\n    W = 6\nsetup()\ndef Net(): return W"], 6),
    "changed under another name": (["C = {'a': {}}\na = C['a']\na['w'] = 8\ndef Net(): return C['a']['w']"], 8),
    "changed while looped over": (["C = [{}]\nfor c in C:\n    c['w'] = 8\ndef Net(): return C"], [{"w": 8}]),
    "registered by a decorator": (
        ["B = {}\ndef register(f):\n    B[f.__name__] = f\n    return f", "@register\ndef block(): return 3",
         "def Net(): return B['block']()"],
        3,
    ),
    "updated below": (["C = {}\ndef Net(): return C['w']\nC.update(w=11)"], 11),
    "popped": (["L = [1, 2]\nlast = L.pop()\ndef Net(): return L"], [1]),
    "a builder's methods": (
        ["class B:\n    n = 0\n    def add(self): self.n += 1",
         "b = B()\nfor _ in range(3):\n    b.add()\ndef Net(): return b.n"],
        3,
    ),
    "a method put on later": (["class N:\n    pass\ndef Net(): return N().forward()", "N.forward = lambda self: 5"], 5),
    "setattr": (["class N:\n    pass\ndef Net(): return N.w\nsetattr(N, 'w', 5)"], 5),
    "a branch": (["if True:\n    W = 1\nelse:\n    W = 2\ndef Net(): return W"], 1),
    "an import that may fail": (
        ["try:\n    import no_such as n\nexcept ImportError:\n    n = None\ndef Net(): return n"],
        None,
    ),
    "a walrus": (["if (W := 8) > 3:\n    W += 1\ndef Net(): return W"], 9),
    "unpacked": (["(first, *L), k = [1, 2, 3], 4\ndef Net(): return L"], [2, 3]),
    "deleted afterwards": (["t = 4\nW = t * 2\ndel t\ndef Net(): return W\ndel W"], 8),
    "behind the main guard": (["if __name__ == '__main__':\n    def Net(): return 7\n    raise SystemExit"], 7),
    "annotations of the future": (["from __future__ import annotations\ndef Net(x: Unknown = 3) -> Unknown: return x"], 3),
    "a command line": (
        ["import argparse\np = argparse.ArgumentParser()",
         "p.add_argument('--w', default=8)\na = p.parse_args()\ndef Net(): return a.w"],
        8,
    ),
    "its own path": (["from pathlib import Path\nROOT = Path(__file__).parent\ndef Net(): return str(ROOT)"], "."),
    "magics": (
        ["%matplotlib inline\n!pip install x", "%%time\ndef Net(): return W", "files = !ls\nNet?", "%time W = 3", "%%bash\nx"],
        3,
    ),
    "a line that begins with %": (["W = (17\n  % 9)\ndef Net(): return W"], 8),
    "await elsewhere": (["await something()", "def Net(): return 1"], 1),
    "Windows line ends": (["%matplotlib inline\r\ndef Net():\r\n    return 1\r\n"], 1),
    "letters beyond ASCII": (["größe = 8\ndef Net(): return größe"], 8),
    "a broken cell elsewhere": (["def broken(:", "def Net(): return 1"], 1),
    "a local variable named like a global one": (
        ["x = 1 / 0\nself = 1 / 0", "def Net(x=3):\n    self = x\n    return self"],
        3,
    ),
    "names of an outer loop": (["for W in (1, 2):\n    pass\ndef Net(): return W"], 2),
}  # fmt: skip


def names(cells: list[str]) -> dict:
    return run_statements(definitions(cells, {"Net", "recipe"}).source)[0]


@pytest.mark.parametrize("style", STYLES)
def test_what_net_needs_is_taken(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["submission"])
    cells, expected = STYLES[style]
    assert names([*cells, TRAINING])["Net"]() == expected


def test_what_trains_is_left_out() -> None:
    head = "import torch\nfrom course import Recipe, fit\nloader = torch.load('data.pt')\ndef Net(x=1): return torch, x"
    source = definitions(
        [head, TRAINING, "recipe = 3", "for e in range(recipe.epochs): b = recipe.augment(e)"], {"Net", "recipe"}
    ).source
    assert "recipe = 3" in source and "torch" in source
    assert not [word for word in ("load(", "training", "save", "fit(", "augment") if word in source]


def test_a_broken_cell_leaves_its_names_unwritten() -> None:
    cells = ["def Net(): return 1", "class Net(:\n    pass"]
    assert names(cells)["Net"] is ...
    assert definitions(cells, {"Net"}).problems == ("code cell 2, line 1 is not Python: invalid syntax",)


@pytest.mark.parametrize(
    "code", ["x = " + "-" * 90_000 + "1", "Net = " + "+".join("1" * 20_000), "x = 1\0", "("], ids=len
)
def test_code_that_no_parser_takes_is_a_problem(code: str) -> None:
    assert definitions([code], {"Net"}).problems
