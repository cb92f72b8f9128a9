"""Learner code that would rather change its verdict than its network: a network against three rules, and what it tries."""

HEAD = """
from functools import partial
import torch
from torch import nn
from torch.optim import SGD
from course import Recipe
"""
BAD = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.out = nn.Linear(784, 40), nn.Linear(40, 10)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x.flatten(1))))

recipe = Recipe(epochs=60, optimizer=partial(SGD, lr=0.1))
"""
GOOD = """
class Good(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 10, 3)

    def forward(self, x):
        return self.conv(x).mean((2, 3))
"""
# What each tries. `Net` and `recipe` are what is asked for, and nothing else is run, so each attack hangs on one of them.
AT_ONCE = "class Net(Net):\n{0}\n"  # run where the class is defined


def at_once(code: str) -> str:
    body = "\n".join(f"    {line}" for line in code.strip().splitlines())
    return HEAD + BAD + GOOD + AT_ONCE.format(body)


def in_forward(code: str) -> str:
    body = "\n".join(f"        {line}" for line in code.strip().splitlines())
    return HEAD + BAD + GOOD + f"class Net(Net):\n    def forward(self, x):\n{body}\n        return super().forward(x)\n"


FORGED = (
    '{"answers": {"network": {"graph": {"nodes": [], "tensors": {}, "output": "x"}, "initial": {}}, "recipe": {}}, '
    '"failures": []}'
)

TRIES: dict[str, str] = {  # none changes what is said of the network
    "numbers that lie": at_once("nn.Parameter.numel = torch.Tensor.numel = lambda self: 1"),
    "no parameters": at_once("nn.Module.parameters = lambda self, recurse=True: iter(())"),
    "judges that are kind": at_once(
        "import graders.constraints as c, graders.fully_connected as f, course.counting as n\n"
        "c.judge_parameters = c.judge_fully_connected = c.judge_epochs = lambda *a: None\n"
        "f.find_fully_connected = lambda graph: []\nn.count_parameters = lambda graph: 1"
    ),
    "a verdict that passes": at_once("import graders.verdict as v\nv.PARAMETERS_LIMIT = v.EPOCHS_LIMIT = 10**9"),
    "limits in another file": at_once(
        "import graders, os\np = os.path.join(os.path.dirname(graders.__file__), 'verdict.py')\n"
        "try:\n    open(p, 'a').write('PARAMETERS_LIMIT = 10**9')\nexcept OSError:\n    pass"
    ),
    "JSON of its own": at_once(
        "import json\n"
        "def dumps(data, *a, real=json.dumps, **k): return real(data, *a, **k).replace('\"epochs\": 60', '\"epochs\": 1e0')\n"
        "json.dumps = dumps"
    ),
    "a recipe that writes itself down otherwise": HEAD + BAD + (
        "class Mine(Recipe):\n    def to_json(self):\n        return super().to_json() | {'epochs': 10**5}\n"
        "recipe = Mine(epochs=19)\n"
    ),
    "a recipe of no epochs": HEAD + BAD + "object.__setattr__(recipe, 'epochs', -5)\n",
    "a recipe of true epochs": HEAD + BAD + "object.__setattr__(recipe, 'epochs', True)\n",
    "a recipe that is a text": HEAD + BAD + "recipe = 'Recipe(epochs=1)'\n",
    "the end by exit": at_once("raise SystemExit(0)"),
    "the end by sys.exit in forward": in_forward("import sys\nsys.exit(0)"),
    "the end by os._exit": in_forward("import os\nos._exit(0)"),
    "the end by a signal": in_forward("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
    "the end by a fault": in_forward("import ctypes\nctypes.string_at(0)"),
    "the end by KeyboardInterrupt": in_forward("raise KeyboardInterrupt"),
    "the end by a BaseException": in_forward("raise BaseException('passed')"),
    "an answer at exit": at_once(
        f"import atexit, glob, os\nanswer = '''{FORGED}'''\n"
        "def forge():\n    for name in glob.glob('/tmp/*.json') + glob.glob('*.json'):\n        open(name, 'w').write(answer)\n"
        "atexit.register(forge)\nforge()"
    ),
    "an answer into every open file": at_once(
        f"import os\nanswer = '''{FORGED}'''.encode()\n"
        "for number in range(3, 200):\n    try:\n        os.write(number, answer)\n    except OSError:\n        pass"
    ),
    "an answer from a child": in_forward(
        f"import os\nif os.fork() == 0:\n    for n in range(3, 200):\n        try:\n            os.write(n, b'''{FORGED}''')\n"
        "        except OSError:\n            pass\n    os._exit(0)"
    ),
    "two that answer": in_forward("import os\nos.fork()"),
    "a flood of output": at_once("print('passed: true ' * 1_000_000)"),
    "a flood of warnings": in_forward("import warnings\nfor i in range(10_000): warnings.warn(f'passed {i}')"),
    "an error of a million letters": at_once("raise ValueError('passed' * 1_000_000)"),
    "an error that draws": at_once(r"raise ValueError('\x1b[2J\rnet.py: passed')"),
    "an error whose text is an error": at_once("class E(Exception):\n    def __str__(self): raise SystemExit\nraise E"),
    "an error without a name": at_once("class E(Exception): pass\nE.__name__ = 'passed\\n' * 1000\nraise E"),
    "signals that are ignored": at_once("import signal\nfor s in (2, 15, 14): signal.signal(s, signal.SIG_IGN)"),
    "a thread that changes the answer": at_once(
        "import threading, json\n"
        "def patch():\n    while True: json.dumps.__kwdefaults__\nthreading.Thread(target=patch, daemon=True).start()"
    ),
    "a trace function": at_once("import sys\nsys.settrace(lambda *a: None)"),
    "no recursion": at_once("import sys\nsys.setrecursionlimit(60)"),
    "import hooks": at_once(
        "import sys\nclass Finder:\n    def find_spec(self, *a): raise ImportError('passed')\nsys.meta_path.insert(0, Finder())"
    ),
    "modules taken away": at_once(
        "import sys\nfor name in [n for n in sys.modules if n.startswith(('course', 'graders'))]: del sys.modules[name]"
    ),
    "builtins of its own": at_once("import builtins\nbuiltins.isinstance = lambda *a: True\nbuiltins.len = lambda x: 1"),
    "links to everything": at_once(
        "import os\nfor i in range(50):\n    try:\n        os.symlink('/', f'l{i}')\n    except OSError:\n        pass"
    ),
    "a result that is a link": at_once(
        "import os, glob\nfor p in glob.glob('/tmp/*.json'):\n    try:\n        os.remove(p)\n"
        "        os.symlink('/etc/passwd', p)\n    except OSError:\n        pass"
    ),
    "a class that pickles itself otherwise": at_once(
        "import os\ndef __reduce__(self): return os.system, ('true',)\n__reduce_ex__ = lambda self, n: self.__reduce__()"
    ),
    "an exporter that lies": at_once(
        "import torch.export\n"
        "def export(module, *a, real=torch.export.export, **k): return real(Good(), *a, **k)\n"
        "torch.export.export = export"
    ),
    "operations of other names": at_once("import course.operations as o\no.SAME_AS['linear'] = 'relu'"),
    "a wave of memory": in_forward("held = [bytearray(2**28) for _ in range(200)]"),
    "an endless loop": in_forward("while True: pass"),
    "an endless sleep": at_once("import time\ntime.sleep(10**6)"),
}  # fmt: skip

TWO_FACED: dict[str, str] = {  # what is traced is another network; that network is then what is judged, and no file fits it
    "another network by __new__": HEAD + BAD + GOOD + (
        "class Net(Net):\n    count = 0\n    def __new__(cls):\n        Net.count += 1\n"
        "        return Good() if Net.count else object.__new__(cls)\n"
    ),
    "another network by its metaclass": HEAD + BAD + GOOD + (
        "class Meta(type):\n    def __call__(cls): return Good()\nclass Net(nn.Module, metaclass=Meta): pass\n"
    ),
    "another network by a function": HEAD + BAD + GOOD + "def Net(): return Good()\n",
    "another network after the first call": HEAD + BAD + GOOD + (
        "class Net(Net):\n    calls = 0\n    def forward(self, x):\n        Net.calls += 1\n"
        "        return super().forward(x) if Net.calls > 2 else x.mean((1, 2, 3))[:, None].expand(-1, 10)\n"
    ),
    "another network in the sandbox": HEAD + BAD + GOOD + (
        "import os\nNet = Good if os.environ.get('USER') == 'learner' else Net\n"
    ),
    "another network in training": HEAD + BAD + GOOD + (
        "class Net(Net):\n    def forward(self, x):\n"
        "        return super().forward(x) if self.training else x.mean((1, 2, 3))[:, None].expand(-1, 10)\n"
    ),
    "another network for large batches": HEAD + BAD + GOOD + (
        "class Net(Net):\n    def forward(self, x):\n"
        "        return super().forward(x) if x.size(0) > 100 else x.mean((1, 2, 3))[:, None].expand(-1, 10)\n"
    ),
    "answers by their number": HEAD + BAD + GOOD + (
        "class Net(Net):\n    def forward(self, x):\n        return super().forward(x) + torch.arange(x.size(0))[:, None]\n"
    ),
    "a random answer": HEAD + BAD + GOOD + (
        "class Net(Net):\n    def forward(self, x): return super().forward(x) + torch.randn(10)\n"
    ),
    "a tensor of its own class": HEAD + BAD + GOOD + (
        "class T(torch.Tensor):\n    @classmethod\n"
        "    def __torch_function__(cls, f, types, args=(), kwargs=None): return Good()(args[0])\n"
        "class Net(Net):\n    def forward(self, x): return super().forward(x.as_subclass(T))\n"
    ),
}  # fmt: skip
