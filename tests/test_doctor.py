"""Does the doctor see what is there, and say what to do about what is not?"""

import gzip
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from course import doctor, extensions, speed
from course.__main__ import main
from course.data import FILES
from course.iterations import iterations, measured_probe


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], doctor.Finding]:
    """One examination's finding, by its name."""

    def examine(name: str) -> doctor.Finding:
        monkeypatch.setattr(doctor, "EXAMINATIONS", {name: doctor.EXAMINATIONS[name]})
        (finding,) = doctor.examine()
        return finding

    return examine


@pytest.mark.parametrize("name", ["Python", "packages", "PyTorch", "device", "extensions", "disk"])
def test_this_environment_is_fit(name: str, examined: Callable) -> None:
    finding = examined(name)
    assert finding.passed, finding.said
    assert str(finding).startswith(f"[OK]   {name}: ")


def test_a_python_that_is_too_old_is_seen(examined: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.platform, "python_version", lambda: "3.9.1")
    finding = examined("Python")
    assert not finding.passed
    assert "saw 3.9.1, expected >=3.11" in finding.said


def test_a_package_below_its_floor_and_a_missing_one_are_seen(
    examined: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "tqdm":
            raise metadata.PackageNotFoundError(name)
        return "0.5.1" if name == "nbgrader" else real(name)

    monkeypatch.setattr(metadata, "version", version)
    finding = examined("packages")
    assert not finding.passed
    assert "nbgrader 0.5.1, expected" in finding.said and "0.9.5" in finding.said
    assert "tqdm none, expected any" in finding.said
    assert "make install" in finding.said


def test_a_course_that_is_not_installed_is_seen(examined: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGE", "no-such-package")
    assert "pip install" in examined("packages").said


def test_a_torchvision_of_another_torch_is_seen(examined: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    import torchvision.ops

    def nms(*_):
        raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setattr(torchvision.ops, "nms", nms)
    finding = examined("PyTorch")
    assert not finding.passed
    assert "do not work together (operator torchvision::nms does not exist)" in finding.said
    assert metadata.version("torchvision") in finding.said


def test_missing_data_are_not_downloaded(examined: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("course.data.download", lambda *_: pytest.fail("a download was tried"))
    finding = examined("data")
    assert not finding.passed
    assert "is missing" in finding.said and "MNIST_DIR" in finding.said
    assert list(tmp_path.iterdir()) == []


def test_damaged_data_are_seen(examined: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _ in FILES:
        (tmp_path / name).write_bytes(gzip.compress(b"not the digits"))
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    finding = examined("data")
    assert not finding.passed
    assert "wrong checksum" in finding.said and "put MNIST's original" in finding.said


@pytest.mark.mnist
def test_whole_data_are_seen(examined: Callable) -> None:
    assert "60,000 and 10,000 digits" in examined("data").said


def test_a_disabled_extension_of_the_lab_is_seen(
    examined: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `jupyter labextension disable --level=user` leaves it."""
    settings = tmp_path / "labconfig" / "page_config.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"disabledExtensions": {"@jupyter/nbgrader:formgrader": True}}))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    finding = examined("extensions")
    assert not finding.passed
    assert "jupyter labextension enable @jupyter/nbgrader" in finding.said


def test_a_disabled_extension_of_the_server_is_seen(
    examined: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "jupyter_server_config.d" / "disabled.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {extensions.SERVER[0]: False}}}))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # else the environment's own settings win
    finding = examined("extensions")
    assert not finding.passed
    assert f"enable --sys-prefix {extensions.SERVER[0]}" in finding.said


def test_a_full_disk_is_seen(examined: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: types.SimpleNamespace(free=7_000_000))
    finding = examined("disk")
    assert not finding.passed
    assert "saw 7 MB free" in finding.said


def test_whatever_an_examination_trips_over_is_its_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> str:
        raise OSError("libcudart.so: cannot open\nshared object file")

    monkeypatch.setattr(doctor, "EXAMINATIONS", {"PyTorch": broken, "disk": doctor.EXAMINATIONS["disk"]})
    first, second = doctor.examine()
    assert not first.passed and second.passed
    assert "OSError (libcudart.so: cannot open shared object file)" in first.said


@pytest.mark.parametrize(("passed", "status"), [(True, 0), (False, 1)])
def test_the_exit_status_says_whether_all_is_fit(
    passed: bool, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [doctor.Finding("one", True, "fine"), doctor.Finding("two", passed, "so so")]
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert main(["doctor"]) == status
    assert capsys.readouterr().out.splitlines() == [str(finding) for finding in findings]


def test_a_machine_half_as_fast_needs_twice_the_minutes() -> None:
    assert [minutes for _, minutes in speed.predicted_minutes(2 * measured_probe())] == pytest.approx(
        [2 * item.minutes_cpu for item in iterations()]
    )


def test_the_measurement_trains_and_ends_in_time(examined: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "SECONDS", 0.1)
    said = examined("minutes").said
    assert [int(number) for number in re.findall(r"(\d+): \d", said)] == [item.number for item in iterations()]
    seconds = speed.probe_seconds(seconds=0.1)
    assert 0 < seconds < 20


def test_a_measurement_leaves_the_callers_random_numbers_alone() -> None:
    import torch

    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    speed.probe_seconds(seconds=0.1)
    assert torch.equal(torch.rand(1), expected)


@pytest.mark.parametrize(
    "arguments",
    ["course doctor", "course status", "course lab", "course check", "course pairs", "graders check", "graders course"],
)
def test_help_comes_without_pytorch_or_jupyter(arguments: str, root: Path) -> None:
    """Without them it takes a tenth of a second, however busy the machine."""
    code = (
        "import runpy, sys\n"
        f"sys.argv = {arguments.split()!r} + ['--help']\n"
        "try:\n    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'numpy', 'matplotlib', 'jupyterlab', 'jupytext', 'nbgrader', 'nbformat'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert answer.stderr.strip() == ""
    assert "usage: " in answer.stdout
