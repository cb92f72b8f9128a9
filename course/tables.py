"""Tables of text, for a terminal, a notebook and Markdown; in the first two the first column is aligned to the left, all others
to the right.
"""

from collections.abc import Sequence
from html import escape

CELL = (
    "padding: 0.1em 0.8em; text-align: {side}"  # said in each cell: nbgrader's feedback pages bring no style for tables
)


def text_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Lines of columns, with a rule below the head."""
    widths = [max(len(line[i]) for line in (head, *body)) for i in range(len(head))]
    first, *rest = [
        "  ".join(_aligned(cell, widths[i], i) for i, cell in enumerate(line)).rstrip() for line in (head, *body)
    ]
    return "\n".join([first, "-" * len(first), *rest])


def html_table(caption: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """The same as HTML, with a caption."""
    top = "".join(f'<th scope="col" style="{_style(i)}">{escape(cell)}</th>' for i, cell in enumerate(head))
    rows = ["".join(f'<td style="{_style(i)}">{escape(cell)}</td>' for i, cell in enumerate(line)) for line in body]
    rest = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><tr>{top}</tr>{rest}</table>"


def markdown_table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Lines of cells between bars."""
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ("---",) * len(head), *body))


def printable(text: str) -> str:
    """The text in one line without control characters: names and messages that are a learner's could draw what they like."""
    return "".join(c if c.isprintable() else " " for c in text)


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)


def _style(column: int) -> str:
    return CELL.format(side="right" if column else "left")
