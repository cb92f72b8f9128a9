"""A course's `nbgrader_config.py`: written once, and from then on the instructor's; only its two settings are ever set anew."""

import re
from pathlib import Path

from course.errors import UsageError, one_line
from graders.bubblewrap import choose
from graders.class_gradebook import GradebookWriter
from graders.limits import BEST

NAME = "nbgrader_config.py"
CONFIG = '''"""nbgrader's configuration of this course; what it needs comes from graders.nbgrader_config. Add your own below."""

from pathlib import Path

from graders.nbgrader_config import configure

# Where learner code runs. "bubblewrap": nothing is graded where that does not work. "plain": a limited process with the
# rights of whoever grades. Set when the course was made, as that machine could; SECURITY.md says what each keeps out.
SANDBOX = "best"

configure(get_config(), Path(__file__).parent, sandbox=SANDBOX)  # noqa: F821, nbgrader defines get_config
'''
SANDBOX = re.compile(r"""^SANDBOX = (["'])\w+\1[ \t]*(#.*)?$""", re.M)
PRACTICE = re.compile(r"(sandbox=SANDBOX)(, practice=True)?\)")


def write_config(folder: Path, *, practice: bool, sandbox: str | None) -> str:
    """Write the file, or set what is asked for in the one that is there; a new one takes the best sandbox that works here.

    Returns the sandbox that the course now asks for, "bubblewrap", "plain" or "best". Raises SandboxError where bubblewrap
    is asked for and does not work, UsageError where the file has no such setting or cannot be read.
    """
    path = folder / NAME
    is_new = not path.exists()
    try:
        text = CONFIG if is_new else path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read: {one_line(error)}; it should be Python in UTF-8") from None
    if is_new or sandbox:
        text = _set(text, SANDBOX, f'SANDBOX = "{choose(sandbox or BEST)}"', path)
    if practice or PRACTICE.search(text):
        text = _set(text, PRACTICE, f"sandbox=SANDBOX{', practice=True' if practice else ''})", path)
    path.write_text(text, encoding="utf-8")
    return GradebookWriter(folder).sandbox


def _set(text: str, setting: re.Pattern, value: str, path: Path) -> str:
    text, times = setting.subn(value, text)
    if times == 1:
        return text
    raise UsageError(
        f"{path} should have one line with {value!r} and has {times} that could become it: write it there yourself, "
        "or move the file away, and a new one is written"
    )
