"""What a class's grading has found so far, a line a finding, in a file that is only ever appended to.

A finding is kept as soon as it is there, so that nothing is lost when the grading is ended, in whichever way, and nothing is
graded twice: the next grading begins with what the file says. A line that was torn by the end of a process is passed over.
"""

import fcntl
import json
import os
from pathlib import Path

from course.errors import UsageError


class Journal:
    """`results` by key, `evaluations` by the digest of a hand-in's files, and `recorded`: which key a learner's marks are from.

    Only one process may have a journal open; UsageError for the second.
    """

    def __init__(self, path: Path) -> None:
        self.results: dict[str, dict] = {}
        self.evaluations: dict[str, dict] = {}
        self.recorded: dict[tuple[str, str], str] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("a+b")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.close()
            raise UsageError(f"{path.parent.parent} is being graded by another process; wait for it to end") from None
        self.file.seek(0)
        content = self.file.read()
        if content and not content.endswith(b"\n"):
            self.file.write(b"\n")  # behind the torn line
        for line in content.splitlines():
            self._read(line)

    def add_result(self, key: str, result: dict, files: str) -> None:
        """Keep what `grade` answered for a key, and its evaluations for the digest of the hand-in's files."""
        self._append({"key": key, "result": result, "files": files})

    def add_recorded(self, student: str, assignment: str, key: str) -> None:
        """Keep that the gradebook has these marks."""
        self._append({"recorded": [student, assignment], "key": key})

    def close(self) -> None:
        """Let another process have it."""
        self.file.close()

    def _append(self, entry: dict) -> None:
        line = json.dumps(entry).encode()
        self.file.write(line + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            entry = json.loads(line)
            if "recorded" in entry:
                student, assignment = entry["recorded"]
                self.recorded[student, assignment] = entry["key"]
                return
            result = entry["result"]
            self.results[entry["key"]] = result
            self.evaluations.setdefault(entry["files"], {}).update(result.get("evaluations", {}))
        except (ValueError, KeyError, TypeError):
            return  # torn
