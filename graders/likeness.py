"""Whether two submissions hold the same trained numbers, by content: names and everything else beside them may differ.

The same network, recipe and seed on the same kind of computer give the same numbers too, so likeness proves nothing.
"""

import hashlib
import json
from functools import cache
from pathlib import Path

from course.file_sizes import LARGEST_FILE, LARGEST_HEADER
from graders.outcome import Outcome

PUBLISHED = Path(__file__).parent / "published.json"  # digests of the reference weights, rendered from them
MOST_NAMED = 3  # learners; a class in one room, with one seed, may have the same numbers throughout
SMALLEST = 256  # bytes of a tensor that counts: small ones, such as biases that are all zero, are alike by chance
ADVICE = "the same network, recipe and seed give the same numbers on a computer of the same kind, and so does copying"


def tensor_digests(path: Path) -> frozenset[str]:
    """A digest of each tensor's bytes; none where the file cannot be read."""
    try:
        if path.is_symlink() or not path.is_file():
            return frozenset()
        about = path.stat()
        return _digests(path, about.st_mtime_ns, about.st_size)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return frozenset()


@cache
def _digests(path: Path, time: int, size: int) -> frozenset[str]:
    if size > LARGEST_FILE:
        return frozenset()
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length]) if length <= LARGEST_HEADER else {}
    spans = [entry["data_offsets"] for name, entry in header.items() if name != "__metadata__"]
    if not all(0 <= begin <= end <= size for begin, end in spans):  # one that runs backwards would hide others from the sum
        return frozenset()
    if sum(end - begin for begin, end in spans) > size:  # spans that overlap could ask for any amount of work
        return frozenset()
    parts = (content[8 + length + begin : 8 + length + end] for begin, end in spans if end - begin >= SMALLEST)
    return frozenset(hashlib.sha256(part).hexdigest()[:16] for part in parts)


def alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether at least half of the first one's tensors are among the other's."""
    return bool(one) and 2 * len(one & other) >= len(one)


def like_published(path: Path) -> tuple[str, ...]:
    """A sentence for each published reference with the same numbers."""
    mine = tensor_digests(Path(path))
    references = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    return tuple(
        f"its weights are those of the published {name}; {ADVICE}"
        for name, digests in references.items()
        if alike(mine, frozenset(digests))
    )


def like_others(folder: Path) -> tuple[str, ...]:
    """For `submitted/LEARNER/ASSIGNMENT`: a sentence that names those who handed in the same numbers for it; none without any."""
    own = [tensor_digests(path) for path in sorted(folder.glob("*.safetensors"))]
    found: dict[str, None] = {}  # in order, each once
    for path in sorted(folder.parent.parent.glob(f"*/{folder.name}/*.safetensors")):
        if path.parent != folder and any(alike(mine, tensor_digests(path)) for mine in own):
            found[path.parent.parent.name] = None
    if not found:
        return ()
    *some, last = [*found] if len(found) <= MOST_NAMED else [*[*found][:MOST_NAMED], f"{len(found) - MOST_NAMED} more"]
    names = f"{', '.join(some)} and {last}" if some else last
    return (f"its weights are those that {names} handed in; {ADVICE}",)


def reasons_to_look(folder: Path, outcomes: dict[str, Outcome]) -> tuple[str, ...]:
    """All that makes the network in a hand-in's folder worth a second look: what its checks doubt, and whom it is like."""
    doubts = [doubt for outcome in outcomes.values() for doubt in outcome.doubts]
    published = [like_published(path) for path in sorted(folder.glob("*.safetensors"))]
    return (*doubts, *like_others(folder), *(sentence for found in published for sentence in found))
