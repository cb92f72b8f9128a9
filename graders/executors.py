"""Where hand-ins are graded: on this machine's cores, or on a cluster. Both are known by their futures alone:
`submit(function, *arguments)` gives a future, `as_completed(futures)` yields each future when its `result()` is there.
"""

import concurrent.futures
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from course.errors import UsageError
from graders.grading import end_servers


class Executor(Protocol):
    """What the class needs of an executor."""

    @property
    def width(self) -> int:
        """How many hand-ins it wants at a time."""

    def submit(self, function: Callable, *arguments) -> Any:
        """A future of `function(*arguments)`."""

    def submit_to_all(self, function: Callable, *arguments) -> list:
        """The same for each worker that it knows, so that all begin at once with what is slow to begin; at least one future."""

    def as_completed(self, futures: Iterable) -> Iterator:
        """The futures, each when it is done; more may be added by the caller's next call."""

    def close(self) -> None:
        """End at once what is not done."""


class LocalPool:
    """So many threads, each with a marking server, a process of its own: `graders.grading` starts it."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self.pool = concurrent.futures.ThreadPoolExecutor(jobs, thread_name_prefix="grading")

    @property
    def width(self) -> int:
        """One more than it has threads, so that none waits for the next."""
        return self.jobs + 1

    def submit(self, function: Callable, *arguments) -> concurrent.futures.Future:
        """A future of `function(*arguments)`."""
        return self.pool.submit(function, *arguments)

    def submit_to_all(self, function: Callable, *arguments) -> list:
        """A future for each thread."""
        return [self.submit(function, *arguments) for _ in range(self.jobs)]

    def as_completed(self, futures: Iterable) -> Iterator:
        """The futures, each when it is done."""
        return concurrent.futures.as_completed(futures)

    def close(self) -> None:
        """End at once what is not done."""
        self.pool.shutdown(wait=False, cancel_futures=True)
        end_servers()
        self.pool.shutdown()


class DaskPool:
    """A cluster of Dask's `distributed`, spoken to over TLS: whoever reaches a scheduler may run code on all its workers.

    `tls` names the certificate authority's file, this client's certificate and its key; without it Dask's own configuration
    does. Raises UsageError for any other kind of address.
    """

    def __init__(self, address: str, tls: tuple[str, str, str] | None = None) -> None:
        if not address.startswith("tls://"):
            raise UsageError(
                f"--dask should be tls://HOST:PORT, saw {address}: without TLS anybody who reaches the cluster could run code "
                "on it and read every hand-in; start scheduler and workers with --protocol tls (SECURITY.md says more)"
            )
        try:
            import distributed
        except ImportError:
            raise UsageError("--dask needs Dask's distributed: pip install distributed") from None
        files = dict(zip(("tls_ca_file", "tls_client_cert", "tls_client_key"), tls or (), strict=False))
        self.distributed = distributed
        try:
            security = distributed.Security(require_encryption=True, **files)
            self.client = distributed.Client(address, security=security, timeout=30)
        except (OSError, TypeError, ValueError, RuntimeError) as error:
            raise UsageError(f"the cluster at {address} cannot be reached: {error}") from None

    @property
    def width(self) -> int:
        """Two for each thread of the cluster as it is now: workers may come and go."""
        return 2 * max(1, sum(self.client.nthreads().values()))

    def submit(self, function: Callable, *arguments) -> Any:
        """A future of `function(*arguments)`; the answer is computed for each call, whatever was computed before."""
        return self.client.submit(function, *arguments, pure=False)

    def submit_to_all(self, function: Callable, *arguments) -> list:
        """One future: workers may come and go."""
        return [self.submit(function, *arguments)]

    def as_completed(self, futures: Iterable) -> Iterator:
        """The futures, each when it is done."""
        return self.distributed.as_completed(futures)

    def close(self) -> None:
        """Give up what is not done, and leave the cluster."""
        self.client.close()
