"""What every test shares: where MNIST is, how long a test may take, what it may not see of this machine."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

# Set before torch and matplotlib are first imported, and inherited by the processes that tests start.
# One thread on every machine: sums come out the same, and tests beside each other don't fight for cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"
# nbgrader calls alembic by name, also where pytest is started from an environment that isn't activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

if TYPE_CHECKING:
    from course.data import Data
    from graders.zygote import WarmSandbox

SLOW_SECONDS = 900  # a slow test may train the final network for some epochs, about 45 s each on two cores

# The same examples in every run; pytest's timeout is the deadline.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("course")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give slow tests a longer timeout, unless they set their own, and let the long ones begin."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test that needs MNIST where it is not at hand; under REQUIRE_MNIST=1 fail it instead."""
    needs_mnist = item.get_closest_marker("mnist") or "mnist" in getattr(item, "fixturenames", ())
    if not needs_mnist or mnist_at_hand():
        return
    reason = "MNIST is not at hand: name the folder of its .gz files in MNIST_DIR or call load_mnist()"
    if os.environ.get("REQUIRE_MNIST") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def tally(record_property):
    """Count something for the summary at the end: `tally("networks that were accepted")`."""
    return lambda what, number=1: record_property(f"tally: {what}", number)


def pytest_terminal_summary(terminalreporter) -> None:
    """Show what tests have counted; also where they ran side by side, since their reports carry the counts."""
    totals: Counter[str] = Counter()
    for report in terminalreporter.stats.get("passed", []):
        for key, number in getattr(report, "user_properties", []):
            if key.startswith("tally: "):
                totals[key.removeprefix("tally: ")] += number
    if totals:
        terminalreporter.section("totals")
        for what, number in sorted(totals.items()):
            terminalreporter.line(f"{number:8,} {what}")


@cache
def mnist_at_hand() -> bool:
    """Asked once a run, before any test changes the environment."""
    from course.data import mnist_available

    return mnist_available()


@pytest.fixture(scope="session")
def mnist() -> "Data":
    """MNIST, read once a run."""
    from course.data import load_mnist

    return load_mnist(download=False)


@pytest.fixture(scope="session")
def warm_sandbox() -> Iterator["WarmSandbox"]:
    """The sandbox as for a class: PyTorch is imported once, and each piece of code has a process of its own."""
    from graders.limits import BEST
    from graders.zygote import WarmSandbox

    sandbox = WarmSandbox(BEST)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="session")
def root() -> Path:
    """The top folder of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def committed_files(root: Path) -> list[Path]:
    """Every file that git tracks or would add, so that a mistake is seen before it is committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what is committed cannot be listed")
    return [path for name in listed.stdout.split("\0") if name and (path := root / name).is_file()]


@pytest.fixture(scope="session", autouse=True)
def own_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep this machine's Jupyter and IPython settings away from the tests, and the tests' away from them."""
    own = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", str(own / "config"))
        patch.setenv("JUPYTER_DATA_DIR", str(own / "data"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(own / "run"))
        patch.setenv("IPYTHONDIR", str(own / "ipython"))
        yield
