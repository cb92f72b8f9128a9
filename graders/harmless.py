"""Learners' notebooks made harmless for whoever looks at them: nbgrader shows them in pages that run scripts, Formgrader's with
the rights of the instructor.
"""

import re

from bleach import clean
from bleach.css_sanitizer import CSSSanitizer
from nbconvert.preprocessors import Preprocessor
from traitlets import Bool

TAG = re.compile(r"<(?=[A-Za-z/!?])")  # begins one only where no space is between
ADDRESS = re.compile(r"<(https?://[^\s<>\"'&]+)>")
ENTITY = re.compile(r"&(?=#|colon;|tab;|newline;)", re.I)  # a link's "javascript:" may be spelt with these
SCRIPT_LINK = re.compile(r"\s*".join(r"javascript") + r"\s*(?=\\?:)", re.I)  # browsers leave out tabs and line ends
FORMULA_LINK = re.compile(r"\\(?=(href|require)\b)")  # MathJax makes links of these, to scripts as well
SHOWN = {"text/plain", "text/html", "image/png", "image/jpeg"}
TABLES = "table caption thead tbody tfoot tr th td".split()
TAGS = [*TABLES, *"img p br hr div span b strong i em u sub sup code pre ul ol li h1 h2 h3 h4 h5 h6".split()]
PIXELS = ("data:image/png;base64,", "data:image/jpeg;base64,")  # as the course's own pictures have them, with their alt text
ATTRIBUTES = {
    "td": ["style", "colspan", "rowspan"],
    "th": ["style", "scope", "colspan", "rowspan"],
    "img": lambda tag, name, value: name in ("alt", "style") or (name == "src" and value.startswith(PIXELS)),
}
STYLE = CSSSanitizer(allowed_css_properties=["padding", "text-align", "max-width"])


class Harmless(Preprocessor):
    """No script, no HTML of the learner's own, of outputs only text, pixels and tables; for showing, the file stays as it is."""

    enabled = Bool(True).tag(config=True)  # nbconvert's own steps are off unless asked for by name

    def preprocess_cell(self, cell, resources, index):
        """The cell as it is shown."""
        if cell.cell_type == "code":
            for output in cell.outputs:
                if "data" in output:
                    output.metadata = {}  # sizes of pictures, which templates put into tags as they are
                    output.data = {kind: _output(kind, text) for kind, text in output.data.items() if kind in SHOWN}
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
        else:
            cell.source = text_only(cell.source)
        return cell, resources


def text_only(markdown: str) -> str:
    """Markdown whose tags, and links to scripts, are none any more, by a space in each: entities would show in code."""
    markdown = ADDRESS.sub(r"\1", markdown)
    markdown = ENTITY.sub("& ", TAG.sub("< ", markdown))
    return FORMULA_LINK.sub(r"\\ ", SCRIPT_LINK.sub(r"\g<0> ", markdown))


def _output(kind: str, content):
    if kind != "text/html":
        return content
    text = "".join(content) if isinstance(content, list) else str(content)
    return clean(text, tags=TAGS, attributes=ATTRIBUTES, css_sanitizer=STYLE, protocols=["data"], strip=True)
