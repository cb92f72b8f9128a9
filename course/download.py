"""Download a file so that it appears whole, with the right checksum, or not at all."""

import hashlib
import http.client
import os
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

from course.errors import DataError, one_line

TIMEOUT = 20  # seconds without an answer
CHUNK = 1 << 16  # bytes between two movements of the progress bar
LARGEST = 100_000_000  # bytes: MNIST's largest file has 10 MB, and a server may send without end


def download(urls: list[str], path: Path, md5: str) -> None:
    """Fetch the first of `urls` that answers with the right contents into `path`; DataError where none does.

    The file is written beside its place and then moved there, so an interruption leaves nothing that a later run would
    trust, and two processes at once write the same thing twice.
    """
    problems = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-", delete=False) as file:
            temporary = Path(file.name)
    except OSError as error:
        raise DataError(
            f"{path.parent} cannot be written ({error.strerror}); let XDG_CACHE_HOME name another cache folder"
        ) from None
    try:
        for url in urls:
            problem = _fetch(url, temporary, md5)
            if problem is None:
                os.chmod(temporary, 0o644)
                os.replace(temporary, path)
                return
            problems.append(f"{url.split('/')[2]}: {problem}")
    finally:
        temporary.unlink(missing_ok=True)
    raise DataError(
        f"{path.name} could not be downloaded ({'; '.join(problems)}); try again with a network, or let MNIST_DIR name "
        "a folder with MNIST's four .gz files"
    )


def _fetch(url: str, temporary: Path, md5: str) -> str | None:
    """Write one answer to the temporary file; what was wrong with it, or None."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, temporary.open("wb") as file:
            size = int(answer.headers.get("Content-Length") or 0)
            with tqdm(
                total=size or None, unit="B", unit_scale=True, desc=url.rsplit("/", 1)[-1], file=sys.stdout
            ) as bar:
                while chunk := answer.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    bar.update(len(chunk))
                    if bar.n > LARGEST:
                        return "sent far more than the file has"
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        return one_line(reason, 120) or type(error).__name__
    if digest.hexdigest() != md5:
        return f"sent {bar.n:,} bytes with a wrong checksum"
    return None
