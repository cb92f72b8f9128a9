"""Messages between a process and its server: eight bytes of length, then so many bytes, through pipes."""

import os
import select
import time

LONGEST = 500_000_000  # bytes of one message: a hand-in with its files


class Closed(Exception):
    """The other side has ended, or speaks no frames."""


class TooLate(Exception):
    """The other side did not answer in time."""


def write_frame(writing: int, content: bytes) -> None:
    """Send one message; Closed where nobody reads any more."""
    left = memoryview(len(content).to_bytes(8, "big") + content)
    try:
        while left:
            left = left[os.write(writing, left) :]
    except OSError as error:
        raise Closed(str(error)) from None


def read_frame(reading: int, longest: int = LONGEST, deadline: float | None = None) -> bytes:
    """Receive one message of at most `longest` bytes, by `deadline` on the monotonic clock; Closed or TooLate otherwise."""
    size = int.from_bytes(_read(reading, 8, deadline), "big")
    if size > longest:
        raise Closed(f"a message of {size:,} bytes, the most is {longest:,}")
    return _read(reading, size, deadline)


def _read(reading: int, size: int, deadline: float | None) -> bytes:
    parts: list[bytes] = []
    while size:
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and (left <= 0 or not select.select([reading], [], [], left)[0]):
            raise TooLate
        part = os.read(reading, min(size, 2**20))
        if not part:
            raise Closed("the other side has ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
