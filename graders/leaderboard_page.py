"""The leaderboard as pages that need nothing else: HTML with its picture inside, and Markdown with the picture beside it."""

import io
from html import escape
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from course.files import write_whole
from course.pictures import TEST, TRAIN
from course.tables import html_table, markdown_table, printable
from graders.leaderboard import DIRECTIONS, Entry, frontier, ranking
from graders.leaderboard_hand_ins import CAPSTONE
from graders.verdict import ACCURACY_LIMIT

HEAD = ("place", "learner", "parameters", "epochs", "accuracy", "evidence")
SHORT_HEAD = ("learner", "evidence", "what is missing")
TIES = {
    "Fewest parameters": "Of equals, the more accurate first",
    "Fewest epochs": "Of equals, the more accurate first",
    "Highest accuracy": "Of equals, the one with fewer parameters first",
}
TITLE = "Leaderboard of the capstone"
EVIDENCE = (
    "Evidence: “weights” means that the grader counted the right answers with the weights that were handed in, while the number "
    "of epochs is the learner's word; “retrained” means that the grader trained the network itself and counted both. What is "
    "only claimed, without trained weights, is not ranked."
)
LABELLED = [digit * size for size in (10, 100, 1_000, 10_000) for digit in (1, 2, 5)]  # parameters
MARKERS: dict[str, dict[str, Any]] = {
    "weights": {"color": TRAIN["color"], "marker": "s", "markerfacecolor": "white"},
    "retrained": {"color": TEST["color"], "marker": "o"},
}
STYLE = (
    "body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; color: #111 } "
    "table { border-collapse: collapse; margin: 1em 0 } caption { text-align: left; font-weight: bold } "
    "tr { border-bottom: 1px solid #ccc } svg { max-width: 100%; height: auto }"
)


def write_pages(folder: Path, entries: list[Entry]) -> list[Path]:
    """Write `leaderboard.html`, `.md` and `.svg` into a folder, each whole or not at all; returns their paths."""
    picture = draw(entries)
    pages = {".html": html_page(entries, picture), ".md": markdown_page(entries), ".svg": picture}
    paths = []
    for suffix, text in pages.items():
        path = folder / f"leaderboard{suffix}"
        write_whole(path, text)
        paths.append(path)
    return paths


def rows(entries: list[Entry], direction: str) -> list[tuple[str, ...]]:
    """A line an entry, the best first."""
    return [
        (
            str(place),
            entry.learner,
            f"{entry.value('parameters'):,}",
            f"{entry.value('epochs'):g}",
            f"{entry.value('accuracy'):.2f}%",
            entry.evidence,
        )
        for place, entry in enumerate(ranking(entries, direction), start=1)
    ]


def short_of(entries: list[Entry]) -> list[tuple[str, ...]]:
    """A line for each entry that is not ranked: which constraints it misses, or why there is no verdict."""
    return [(entry.learner, entry.evidence, _missing(entry)) for entry in entries if not entry.ranked]


def _missing(entry: Entry) -> str:
    if entry.verdict.error:
        return f"could not be graded ({entry.verdict.error['kind']})"
    names = {False: "not met", None: "not assessed"}
    return ", ".join(
        f"{name.replace('_', ' ')} {names[one.passed]}"
        for name, one in entry.verdict.constraints.items()
        if one.passed is not True
    )


def html_page(entries: list[Entry], picture: str) -> str:
    """The page; learners' names are text in it, whatever they hold."""
    svg = picture[picture.index("<svg") :]
    parts = [f"<h1>{TITLE}</h1>", f"<p>{escape(_count(entries))}</p>", f"<p>{escape(EVIDENCE)}</p>"]
    parts += [f'<figure role="img" aria-label="{escape(alt(entries), quote=True)}">{svg}</figure>']
    parts += [f"<h2>{name}</h2>{html_table(TIES[name], HEAD, rows(entries, name))}" for name in DIRECTIONS]
    if short := short_of(entries):
        parts.append(f"<h2>Not ranked</h2>{html_table('By name', SHORT_HEAD, short)}")
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style></head>\n'
        f"<body>{''.join(parts)}</body></html>\n"
    )


def markdown_page(entries: list[Entry]) -> str:
    """The same as Markdown; the picture is the file beside it."""
    parts = [f"# {TITLE}", _count(entries), EVIDENCE, f"![{_text(alt(entries))}](leaderboard.svg)"]
    for name in DIRECTIONS:
        parts += [f"## {name}", _table(HEAD, rows(entries, name))]
    if short := short_of(entries):
        parts += ["## Not ranked", _table(SHORT_HEAD, short)]
    return "\n\n".join(parts) + "\n"


def draw(entries: list[Entry]) -> str:
    """Parameters against accuracy, as SVG: every ranked network, and a line through those that none beats in both."""
    # A name is no formula, whatever it holds between two dollar signs.
    style: Any = {"svg.hashsalt": CAPSTONE, "svg.fonttype": "none", "text.parse_math": False}
    file = io.StringIO()
    with matplotlib.rc_context(style):
        _figure(entries).savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def _figure(entries: list[Entry]) -> Figure:
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    best = frontier(entries)
    axes.step(*_points(best), where="post", color="#000000", linestyle=":", linewidth=1, label="beaten by none in both")
    for evidence, look in MARKERS.items():
        shown = [entry for entry in entries if entry.ranked and entry.evidence == evidence]
        axes.plot(*_points(shown), linestyle="none", label=evidence, **look)
    for entry in best:
        place = entry.value("parameters"), entry.value("accuracy")
        axes.annotate(printable(entry.learner), place, (4, 4), textcoords="offset points", fontsize=8)
    axes.axhline(ACCURACY_LIMIT, color="#888888", linewidth=0.8)
    axes.set(xlabel="parameters", ylabel="test accuracy (%)")
    if best:  # a logarithmic axis wants something on it
        axes.set_xscale("log")
        for axis_format in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
            axis_format(FuncFormatter(lambda value, _: f"{value:,.0f}" if value in LABELLED else ""))
    axes.legend(fontsize=8, loc="upper left")
    return figure


def alt(entries: list[Entry]) -> str:
    """What the picture shows, in words."""
    best = [f"{entry.learner} {entry.value('parameters'):,} and {entry.value('accuracy'):.2f}%" for entry in frontier(entries)]
    ranked = sum(entry.ranked for entry in entries)
    said = f"Parameters against test accuracy of {ranked} networks"
    return f"{said}; beaten by none in both: {'; '.join(best)}" if best else said


def _points(entries: list[Entry]) -> tuple[list[float], list[float]]:
    return [entry.value("parameters") for entry in entries], [entry.value("accuracy") for entry in entries]


def _count(entries: list[Entry]) -> str:
    ranked = sum(entry.ranked for entry in entries)
    return f"{len(entries)} hand-ins, {ranked} of them within the four constraints."


def _table(head: tuple[str, ...], body: list[tuple[str, ...]]) -> str:
    return markdown_table(head, [tuple(map(_text, row)) for row in body]).rstrip()


def _text(text: str) -> str:
    """A text that Markdown shows as it is, in one cell."""
    return "".join(f"\\{c}" if c in r"\`*_{}[]<>()#|!~$" else c for c in printable(text))
