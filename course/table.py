"""A network's rows as a table, for a terminal and for a notebook."""

from html import escape

from course.rows import Row
from course.tables import html_table, text_table


class Table:
    """Rows that print as text in a terminal and as HTML in a notebook, with a note below where there is one."""

    columns = ("operation", "output", "kernel", "receptive field", "parameters", "multiply-adds")

    def __init__(self, rows: list[Row], parameters: int, note: str = ""):
        self.rows = rows
        self.parameters = parameters
        self.note = note

    def cells(self) -> list[tuple[str, ...]]:
        """The table's text, a tuple a row, the sum last."""
        body = [
            (
                f"{row.operation} · {row.at}" if row.at else row.operation,
                _by(row.shape),
                _by(row.kernel) if row.kernel else "",
                _by(row.receptive_field) if isinstance(row.receptive_field, tuple) else str(row.receptive_field),
                f"{row.parameters:,}" if row.parameters else "",
                f"{row.multiply_adds:,}" if row.multiply_adds else "",
            )
            for row in self.rows
        ]
        total = sum(row.multiply_adds for row in self.rows)
        return [*body, ("sum", "", "", "", f"{self.parameters:,}", f"{total:,}")]

    def __repr__(self) -> str:
        return text_table(self.columns, self.cells()) + (f"\n{self.note}" if self.note else "")

    def _repr_html_(self) -> str:
        table = html_table("The network, operation by operation", self.columns, self.cells())
        return table + (f"<p>{escape(self.note)}</p>" if self.note else "")


def _by(sizes) -> str:
    return " × ".join(str(size) for size in sizes)
