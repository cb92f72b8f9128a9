"""A learner's notebook as nbgrader's pages show it: what would run in the instructor's browser is text there."""

import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.server_extensions.formgrader import handlers
from traitlets.config import Config

from course.data import load_practice_digits
from course.graph import Graph
from course.pairs import LESSONS
from course.plots import plot_digits
from graders.harmless import Harmless, text_only
from solutions.modules import solution

MARKS = {"points": 1, "score": 0.0, "comment": None}
ABOUT = {"nbgrader": {"grade": True, "solution": True, "grade_id": "analysis", "locked": False, "schema_version": 3, **MARKS}}
STOLEN = "/*STOLEN*/"
HOSTILE = {
    "a script": f"<script>{STOLEN}</script>",
    "an event": f"<img src=x onerror='{STOLEN}'>",
    "a broken tag": f"<img/src=x\nonerror={STOLEN}//",
    "a script in a comment": f"<!-- --><script>{STOLEN}</script><!-- -->",
    "a link": f"[read](javascript:{STOLEN})",
    "a link by entities": f"[read](java&#115;cript:{STOLEN})",
    "a link by a named entity": f"[read](javascript&colon;{STOLEN})",
    "a link in capitals": f"[read](JavaScript:{STOLEN})",
    "a link with a tab": f"[read](<java\tscript:{STOLEN}>)",
    "a link, escaped": f"[read](javascript\\:{STOLEN})",
    "a link defined below": f"[read][x]\n\n[x]: java&#x73;cript:{STOLEN}",
    "a link in HTML": f"<a href='javascript:{STOLEN}'>read</a>",
    "a frame": f"<iframe srcdoc='<script>{STOLEN}</script>'></iframe>",
    "an image": f"<svg onload={STOLEN}></svg>",
    "a form": f"<form action='javascript:{STOLEN}'><button>x</button></form>",
    "code that ends too soon": f"`` ` <script>{STOLEN}</script> ``` `",
}  # fmt: skip


class Dangers(HTMLParser):
    """What of a page would run something of the learner's."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self._inside = tag if tag in ("script", "style") else ""
        for name, value in attributes:
            address = re.sub(r"[\t\r\n]", "", value or "").strip().lower()  # as browsers read it
            if STOLEN in (value or "") and (name.startswith("on") or name == "srcdoc" or address.startswith("javascript:")):
                self.found.append(f"{tag} {name}")

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside and STOLEN in data:
            self.found.append(self._inside)


def page(notebook: nbformat.NotebookNode, template: str) -> str:
    """One of nbgrader's pages on a notebook, by the exporter that it is made with."""
    config = Config()
    config.HTMLExporter.template_name = template
    config.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    config.HTMLExporter.extra_template_paths = [f"{handlers.static_path}/node_modules/bootstrap/dist/css"]
    config.HTMLExporter.preprocessors = [Harmless]
    names = ("assignment_id", "notebook_id", "submission_id", "base_url", "mathjax_url", "student", "notebook_path", "keyword")
    resources = dict.fromkeys((*names, "my_path"), "x") | {"index": 0, "total": 1, "last_name": None, "first_name": None}
    if template == "feedback":
        resources["nbgrader"] = dict.fromkeys(("score", "max_score", "late_penalty"), 0.0) | dict.fromkeys(names, "x")
    return HTMLExporter(config=config).from_notebook_node(notebook, resources)[0]


def shown(text: str) -> list[nbformat.NotebookNode]:
    """A text in every place of a notebook that is shown."""
    outputs = [new_output("display_data", data={kind: text}) for kind in ("text/html", "text/markdown", "image/svg+xml")]
    outputs.append(new_output("display_data", data={"application/javascript": STOLEN, "text/latex": text, "text/plain": text}))
    outputs.append(new_output("stream", text=text))
    sizes = {"image/png": {"width": f"1 onerror={text}", "height": text}}
    outputs.append(new_output("display_data", data={"image/png": "iVBORw0KGgo="}, metadata=sizes))
    return [
        new_markdown_cell(text, metadata=ABOUT),
        new_markdown_cell(text),
        new_raw_cell(text, metadata={"format": "text/html"}),
        new_code_cell(f"# {text!r}", outputs=outputs),
    ]


@pytest.mark.parametrize("template", ["formgrade", "feedback"])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_of_the_learners_runs_in_a_page(name: str, template: str) -> None:
    html = page(new_notebook(cells=shown(HOSTILE[name])), template)
    assert Dangers(html).found == []


def test_the_search_for_dangers_finds_them() -> None:
    assert len(Dangers("".join(HOSTILE.values())).found) >= 6


def test_a_formula_links_to_nothing() -> None:
    assert r"\href" not in text_only(r"$\href{java&#115;cript:alert(1)}{x}$") and r"\frac" in text_only(r"$\frac12$")


def test_the_lessons_look_as_they_do() -> None:
    sources = [
        cell.source
        for path in LESSONS.glob("*.ipynb")
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]
    assert len(sources) > 100 and [text_only(source) for source in sources] == sources


def test_a_networks_table_is_shown_as_a_table() -> None:
    table = Graph.trace(solution(8).Net).table()._repr_html_()
    cell = new_code_cell("", outputs=[new_output("display_data", data={"text/html": table, "text/plain": "x"})])
    html = page(new_notebook(cells=[cell]), "formgrade")
    assert table in html.replace(';">', '">').replace("<tbody>", "").replace("</tbody>", "")


def test_the_courses_pictures_are_shown_with_their_alternative_text() -> None:
    picture = plot_digits(load_practice_digits().train_images[:2])._repr_html_()
    cell = new_code_cell("", outputs=[new_output("display_data", data={"text/html": picture, "text/plain": "x"})])
    html = page(new_notebook(cells=[cell]), "formgrade")
    assert 'alt="2 images of 28 by 28 pixels"' in html and picture.partition("base64,")[2].partition('"')[0] in html


def test_a_picture_from_elsewhere_is_not_asked_for() -> None:
    cell = new_code_cell("", outputs=[new_output("display_data", data={"text/html": "<img src='https://spy.example/x.png'>"})])
    assert "spy.example" not in page(new_notebook(cells=[cell]), "formgrade")
