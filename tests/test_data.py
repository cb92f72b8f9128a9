"""Data that is wrong, cut short, empty or out of reach: one clear sentence, and nothing is left that a later run trusts."""

import gzip
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from course.data import FILES, MNIST_TEST_COUNTS, Data, hold_out, load_data, load_mnist, load_practice_digits
from course.download import download
from course.errors import DataError, UsageError

CONTENT = b"digits " * 50_000
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server() -> Iterator[str]:
    """A mirror: /good sends the file, /cut half of it, /wrong something else, /missing nothing; the address of its root."""

    class Mirror(BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802
            if "missing" in self.path:
                self.send_error(404)
                return
            content = b"<html>log in first</html>" if "wrong" in self.path else CONTENT
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if "cut" in self.path else content)

        def log_message(self, *arguments):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Mirror)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


@pytest.fixture
def no_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No folder is named, and the cache is empty; the cache's root."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_download_is_whole_and_has_a_progress_bar(server: str, tmp_path: Path, capsys) -> None:
    download([f"{server}/good/file.gz"], tmp_path / "new" / "file.gz", MD5)
    assert (tmp_path / "new" / "file.gz").read_bytes() == CONTENT
    assert "file.gz: 100%" in capsys.readouterr().out


@pytest.mark.parametrize("fault", ["cut", "wrong", "missing"])
def test_the_next_mirror_mends_a_faulty_one(server: str, tmp_path: Path, fault: str) -> None:
    download([f"{server}/{fault}/file.gz", f"{server}/good/file.gz"], tmp_path / "file.gz", MD5)
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "fault, said", [("cut", "bytes|incomplete|Incomplete"), ("wrong", "wrong checksum"), ("missing", "answered 404")]
)
def test_a_download_that_fails_leaves_nothing(server: str, tmp_path: Path, fault: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as refusal:
        download([f"{server}/{fault}/file.gz"], tmp_path / "file.gz", MD5)
    assert "MNIST_DIR" in str(refusal.value)
    assert list(tmp_path.iterdir()) == []


def test_no_server_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="could not be downloaded"):
        download(["http://127.0.0.1:9/file.gz"], tmp_path / "file.gz", MD5)
    assert list(tmp_path.iterdir()) == []


def test_two_downloads_at_once_do_no_harm(server: str, tmp_path: Path) -> None:
    call = (
        "import sys; from course.download import download; from pathlib import Path; "
        f"download(['{server}/good/f'], Path(sys.argv[1]), '{MD5}')"
    )
    both = [
        subprocess.Popen([sys.executable, "-c", call, str(tmp_path / "f")], stdout=subprocess.DEVNULL) for _ in "ab"
    ]
    assert [process.wait(60) for process in both] == [0, 0]
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert len(list(tmp_path.iterdir())) == 1


def test_no_file_and_no_network_is_said_in_a_sentence(no_folder: Path) -> None:
    with pytest.raises(DataError, match="is missing.*MNIST_DIR"):
        load_mnist(download=False)


def test_names_and_checksums_are_those_that_torchvision_knows() -> None:
    from torchvision.datasets import MNIST

    assert list(MNIST.resources) == list(FILES)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder .*nowhere"):
        load_mnist(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content, said",
    [(b"", "empty"), (gzip.compress(b"other"), "wrong checksum"), (None, "missing")],
    ids=["empty", "other", "missing"],
)
def test_a_file_in_a_named_folder_that_is_not_right_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    name = FILES[0][0]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} .*{said}"):
        load_mnist(tmp_path)
    assert (tmp_path / name).exists() == (content is not None)  # nothing is written into somebody's folder


def test_a_damaged_file_in_the_cache_is_not_trusted(no_folder: Path) -> None:
    path = no_folder / "mnist-course" / "MNIST" / "raw" / FILES[0][0]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cut short")
    with pytest.raises(DataError, match="damaged, cut short"):
        load_mnist(download=False)


def test_without_mnist_the_course_says_loudly_that_it_practises(no_folder: Path, monkeypatch, capsys) -> None:
    from torchvision.datasets import MNIST

    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    data = load_data()
    assert data.name == "practice digits"
    assert "PRACTICE DIGITS, NOT MNIST" in capsys.readouterr().out


def test_held_out_digits_are_the_last_training_digits_and_no_longer_trained_on() -> None:
    data = load_practice_digits()
    held = hold_out(data, 100)
    assert torch.equal(torch.cat([held.train_images, held.test_images]), data.train_images)
    assert torch.equal(torch.cat([held.train_labels, held.test_labels]), data.train_labels)
    assert len(held.test_labels) == 100
    with pytest.raises(UsageError, match="at least 1; saw -5"):
        hold_out(data, -5)
    assert len(hold_out(data).test_labels) == len(data.train_labels) // 5  # there are too few for 10,000
    assert len({data.digest, held.digest, hold_out(data).digest}) == 3 and held.name != data.name


def test_practice_digits_are_shaped_like_mnist() -> None:
    data = load_practice_digits()
    assert (len(data.train_images), len(data.test_images)) == (1437, 360)
    assert data.train_images.shape[1:] == (28, 28)
    assert set(data.test_labels.tolist()) == set(range(10))


def test_mnist_is_the_one_that_everybody_knows(mnist: Data) -> None:
    assert [len(t) for t in (mnist.train_images, mnist.train_labels, mnist.test_images, mnist.test_labels)] == [
        60_000, 60_000, 10_000, 10_000,
    ]  # fmt: skip
    pixels = mnist.train_images.float() / 255
    assert (round(float(pixels.mean()), 4), round(float(pixels.std()), 4)) == (0.1307, 0.3081)
    assert mnist.test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert mnist.test_labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_counts_that_lesson_3_shows_are_those_of_mnist(mnist: Data) -> None:
    assert tuple(mnist.test_labels.bincount().tolist()) == MNIST_TEST_COUNTS


def test_torchvision_reads_the_same_digits_from_the_cache(mnist: Data, no_folder: Path, tmp_path: Path) -> None:
    """Its layout is ours: the original files in MNIST/raw are enough, for it and for us."""
    from torchvision.datasets import MNIST

    source = _original_files()
    if source is None:
        pytest.skip("the original .gz files are in no named folder")
    raw = no_folder / "mnist-course" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, _ in FILES:
        os.symlink(source / name, raw / name)
    theirs = MNIST(no_folder / "mnist-course", train=False, download=True)
    assert (theirs.data == mnist.test_images).all()
    assert (load_mnist(download=False).digest) == mnist.digest


FOLDER = os.environ.get("MNIST_DIR")


def _original_files() -> Path | None:
    for folder in (Path(FOLDER), Path(FOLDER) / "MNIST" / "raw") if FOLDER else ():
        if (folder / FILES[0][0]).exists():
            return folder
    return None
