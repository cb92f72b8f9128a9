"""Is this machine fit for the course? A line for each thing that lessons need, and what to do where it is missing.

Nothing is downloaded, and nothing of the packages is taken for granted: whatever goes wrong in one examination is its result.
"""

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from course.errors import CourseError, one_line

PACKAGE = "mnist-course"
FREE = 500_000_000  # bytes: MNIST takes 12 million, the largest run of a lesson 26 million


class Unfit(CourseError):
    """What was seen, what was expected, and what to do, in one sentence."""

    kind = "unfit"


@dataclass(frozen=True)
class Finding:
    """The result of one examination."""

    name: str
    passed: bool
    said: str

    def __str__(self) -> str:
        return f"{'[OK]' if self.passed else '[FAIL]':6} {self.name}: {self.said}"


def examine() -> Iterator[Finding]:
    """Every examination in turn, each as soon as it is done."""
    for name, examination in EXAMINATIONS.items():
        try:
            yield Finding(name, True, examination())
        except CourseError as error:
            yield Finding(name, False, str(error))
        except Exception as error:  # a broken installation may raise anything
            said = f"saw {type(error).__name__} ({one_line(error, 200)}), expected none: mend what failed above, then ask again"
            yield Finding(name, False, said)


def _python() -> str:
    from packaging.specifiers import SpecifierSet

    wanted, seen = SpecifierSet(_about()["Requires-Python"]), platform.python_version()
    if not wanted.contains(seen, prereleases=True):
        raise Unfit(f"saw {seen}, expected {wanted}: make the environment anew with another Python")
    return f"{seen} ({wanted} asked for)"


def _packages() -> str:
    from packaging.requirements import Requirement

    asked = [Requirement(text) for text in _about().get_all("Requires-Dist") or []]
    asked = [one for one in asked if not one.marker or one.marker.evaluate({"extra": ""})]
    wrong = []
    for one in asked:
        try:
            seen = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            seen = "none"
        if seen == "none" or not one.specifier.contains(seen, prereleases=True):
            wrong.append(f"{one.name} {seen}, expected {one.specifier or 'any'}")
    if wrong:
        raise Unfit(f"saw {'; saw '.join(wrong)}: run make install, or in the environment pip install --editable .")
    return f"{len(asked)} packages, each as new as asked for"


def _torch() -> str:
    seen = {name: metadata.version(name) for name in ("torch", "torchvision")}
    pair = " and ".join(f"{name} {version}" for name, version in seen.items())
    try:
        import torch
        from torchvision.ops import nms

        kept = nms(torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 2]]), torch.tensor([0.1, 0.9]), 0.5).tolist()
    except Exception as error:
        kept = one_line(error, 150)
    if kept != [1]:
        raise Unfit(
            f"saw {pair}, which do not work together ({kept}); expected a pair from one index: "
            "pip uninstall torch torchvision, then pip install torch torchvision in one command"
        )
    return f"{pair} fit each other"


def _data() -> str:
    from course.data import cache_folder, load_mnist

    data = load_mnist(download=False)  # a DataError says what to do
    folder = os.environ.get("MNIST_DIR") or cache_folder()
    return (
        f"MNIST, {len(data.train_labels):,} and {len(data.test_labels):,} digits with the right checksums in {folder}"
    )


def _device() -> str:
    import torch
    from joblib import cpu_count

    said = [f"{cpu_count()} CPU cores, of which PyTorch uses {torch.get_num_threads()}"]
    if torch.cuda.is_available():
        said.append(f'CUDA: {torch.cuda.get_device_name()}, used by fit(…, device="cuda")')
    elif shutil.which("nvidia-smi"):
        said.append("CUDA: there is an NVIDIA driver, but this build of PyTorch cannot use it")
    else:
        said.append("CUDA: none")
    said.append('MPS: used by fit(…, device="mps")' if torch.backends.mps.is_available() else "MPS: none")
    return "; ".join(said)


def _extensions() -> str:
    from course.extensions import LAB, SERVER, missing_in_lab, missing_in_server

    if missing := missing_in_lab():
        raise Unfit(
            f"JupyterLab lacks {' and '.join(missing)}, or has a part disabled; expected both {' and '.join(LAB)}: "
            f"jupyter labextension enable {missing[0]}; where that fails, pip install --force-reinstall nbgrader jupytext"
        )
    if missing := missing_in_server():
        raise Unfit(
            f"Jupyter's server does not load {', '.join(missing)}, expected {', '.join(SERVER)}: "
            f"jupyter server extension enable --sys-prefix {missing[0]}"
        )
    return f"JupyterLab has {' and '.join(LAB)} enabled, its server {len(SERVER)} extensions of theirs"


def _disk() -> str:
    free = shutil.disk_usage(Path.cwd()).free
    if free < FREE:
        raise Unfit(
            f"saw {free / 1e6:,.0f} MB free in {Path.cwd()}, expected {FREE / 1e6:,.0f}: make room, or work elsewhere"
        )
    return f"{free / 1e9:,.1f} GB free in this folder, {FREE / 1e9:g} asked for"


def _minutes() -> str:
    from joblib import cpu_count

    from course.iterations import measured_probe
    from course.speed import predicted_minutes, probe_seconds

    seconds = probe_seconds()
    predicted = ", ".join(f"{item.number}: {max(1, minutes):.0f}" for item, minutes in predicted_minutes(seconds))
    said = [
        f"to train all documented epochs on the CPU, lesson by lesson: {predicted}; lesson 1 asks for a small part only",
        f"a probe took {1000 * seconds:.0f} ms, and {1000 * measured_probe():.0f} where the lessons' minutes were measured",
    ]
    if hasattr(os, "getloadavg") and (busy := os.getloadavg()[0] - 1) > cpu_count() / 2:  # the probe itself is one of them
        said.append(f"{busy:.0f} other programs are computing: without them it will be faster")
    return "; ".join(said)


def _about():
    try:
        return metadata.metadata(PACKAGE)
    except metadata.PackageNotFoundError:
        raise Unfit(
            f"saw no installed package {PACKAGE}, expected this course: run make install, or pip install --editable ."
        ) from None


EXAMINATIONS: dict[str, Callable[[], str]] = {
    "Python": _python,
    "packages": _packages,
    "PyTorch": _torch,
    "data": _data,
    "device": _device,
    "extensions": _extensions,
    "disk": _disk,
    "minutes": _minutes,
}
