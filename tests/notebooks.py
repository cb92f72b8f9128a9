"""What may be done to a notebook's JSON, or to the folder that it is handed in with, in the hope of marks.

Each function gets the notebook, a dict, and its folder; it returns what to write as the notebook, or None where it wrote itself.
"""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path

PLAIN = {"cell_type": "code", "execution_count": None, "id": "more", "metadata": {}, "outputs": [], "source": "1000.0"}


def _graded(notebook: dict, name: str = "parameters") -> dict:
    return next(c for c in notebook["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == name)


def _about(**settings) -> Callable:
    """Other settings of nbgrader for the cell of a check."""

    def change(notebook: dict, folder: Path):
        _graded(notebook)["metadata"]["nbgrader"] |= settings
        return notebook

    return change


def _metadata(**settings) -> Callable:
    def change(notebook: dict, folder: Path):
        notebook["metadata"] |= settings
        return notebook

    return change


def _cell(**settings) -> Callable:
    def change(notebook: dict, folder: Path):
        _graded(notebook).update(settings)
        return notebook

    return change


def _more(grade_id="more", **settings) -> Callable:
    """A check of the learner's own, with points."""
    about = {"grade": True, "solution": False, "task": False, "locked": True, "points": 1000, "schema_version": 3}
    about["grade_id"] = grade_id

    def change(notebook: dict, folder: Path):
        notebook["cells"].append(PLAIN | {"metadata": {"nbgrader": about | settings}})
        return notebook

    return change


def _many_checks(notebook: dict, folder: Path):
    for i in range(300):
        pasted = copy.deepcopy(_graded(notebook))
        notebook["cells"].append(pasted | {"id": f"pasted-{i}", "source": "1000.0"})
    return notebook


def _swapped(notebook: dict, folder: Path):
    one, other = _graded(notebook), _graded(notebook, "Net")
    one["metadata"], other["metadata"] = other["metadata"], one["metadata"]
    return notebook


def _answers_for_all(notebook: dict, folder: Path):
    for cell in notebook["cells"]:
        if "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] |= {"solution": True, "grade": False}
            cell["source"] = "1000.0"
    return notebook


def _forged_outputs(notebook: dict, folder: Path):
    shown = {"output_type": "execute_result", "data": {"text/plain": "1000.0"}, "metadata": {}, "execution_count": 1}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [shown] * 20
    return notebook


def _without_ids(notebook: dict, folder: Path):
    for cell in notebook["cells"]:
        cell.pop("id", None)
    return notebook | {"nbformat_minor": 2}


def _one_id(notebook: dict, folder: Path):
    for cell in notebook["cells"]:
        cell["id"] = "same"
    return notebook


def _old(notebook: dict, folder: Path):
    cells = [c | {"input": c["source"], "language": "python"} for c in notebook["cells"]]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": cells}]}


def _twice_in_json(notebook: dict, folder: Path):
    text = json.dumps(notebook)
    return text[:-1] + ', "cells": [' + json.dumps(PLAIN) + "]}"


def _half_a_letter(notebook: dict, folder: Path):
    notebook["cells"].append(PLAIN | {"source": "x = '\ud800'"})
    _graded(notebook, "Net")["source"] += "\n# \ud83d"
    return notebook


def _source_of(value) -> Callable:
    return _cell(source=value)


def _another_beside(notebook: dict, folder: Path):
    _graded(notebook)["source"] = "1000.0"
    (folder / "a_better_one.ipynb").write_text(json.dumps(notebook))
    return notebook


def _a_name_that_is_no_text(notebook: dict, folder: Path):
    try:
        (folder / os.fsdecode(b"\xff\xfe.ipynb")).write_text(json.dumps(notebook))
    except OSError:  # a file system that wants text
        return notebook


def _in_a_folder(notebook: dict, folder: Path):
    (folder / "deeper").mkdir()
    (folder / "deeper" / "08_final_model.ipynb").write_text(json.dumps(notebook))


def _a_folder_of_its_name(notebook: dict, folder: Path):
    (folder / "08_final_model.ipynb").mkdir()
    (folder / "08_final_model.ipynb" / "x").write_text("1000.0")


def _a_link_to_the_release(notebook: dict, folder: Path):
    (folder / "08_final_model.ipynb").symlink_to(folder.parents[2] / "release" / "08_final_model" / "08_final_model.ipynb")


def _an_intake_of_its_own(notebook: dict, folder: Path):
    """As if it had been taken in already."""
    kept = folder / "originals" / "ada" / "08_final_model"
    kept.mkdir(parents=True)
    (kept / "08_final_model.json").write_text('{"rebuilt": "0", "notes": []}')
    return _many_checks(notebook, folder)


def _a_script_with_a_broken_header(notebook: dict, folder: Path):
    (folder / "08_final_model.py").write_text("# ---\n# jupyter: [\n#   {a: *b\n# ---\n# %%\n1000.0\n")


def _a_script_in_two_minds(notebook: dict, folder: Path):
    about = '{"nbgrader": {"grade": true, "grade_id": "parameters", "points": 1000}}'
    (folder / "08_final_model.py").write_text(f"# %% {about}\n1000.0\n")
    return notebook


def _flood(notebook: dict, folder: Path):
    notebook["cells"] += [PLAIN | {"id": f"more-{i}"} for i in range(3_000)]
    return notebook


MISCHIEF: dict[str, Callable] = {
    "more points": _about(points=1000),
    "points that are no number": _about(points=float("nan")),
    "points without bounds": _about(points=float("inf")),
    "points below zero": _about(points=-8),
    "points in words": _about(points="all"),
    "a check that is an answer": _about(solution=True, grade=False),
    "a check that is both": _about(solution=True),
    "a check that is a task": _about(task=True, points=1000),
    "a check that is not locked": _about(locked=False),
    "a check of an old version": _about(schema_version=1),
    "a check of a version to come": _about(schema_version=99),
    "a check with another checksum": _about(checksum="0" * 32),
    "a check of another name": _about(grade_id="parameters2"),
    "a check without a name": _about(grade_id=None),
    "a check whose name is a list": _about(grade_id=["parameters"]),
    "a check whose name speaks SQL": _about(grade_id="x'; DROP TABLE grade; --"),
    "a check whose name is a path": _about(grade_id="../../gradebook.db"),
    "a check whose name draws": _about(grade_id="\x1b[2Jparameters\n"),
    "a check of the learner's own": _more(),
    "an answer of the learner's own": _more(solution=True, grade=True),
    "a check of a known name": _more("parameters"),
    "a check for each lesson": _more("accuracy", points=100),
    "three hundred checks": _many_checks,
    "metadata that changed places": _swapped,
    "answers only": _answers_for_all,
    "outputs that were forged": _forged_outputs,
    "cells without an id": _without_ids,
    "cells of one id": _one_id,
    "a format of long ago": _old,
    "cells twice in the JSON": _twice_in_json,
    "half of a letter": _half_a_letter,
    "a source that is a number": _source_of(1000.0),
    "a source that is a dict": _source_of({"parameters": 1000.0}),
    "a source that is nothing": _source_of(None),
    "a source of lists": _source_of([["1000.0"], 7]),
    "a source that leaves": _source_of("get_ipython().kernel.do_shutdown(False)\n1000.0"),
    "a check that is raw": _cell(cell_type="raw"),
    "a check of an unknown kind": _cell(cell_type="verdict"),
    "a check whose metadata are a list": _cell(metadata=[1]),
    "a check that is skipped": _cell(metadata={"tags": ["skip-execution", "remove-cell"], "deletable": False}),
    "a kernel of its own": _metadata(kernelspec={"name": "bash", "display_name": "Python 3", "argv": ["true"]}),
    "no kernel": _metadata(kernelspec=None),
    "widgets": _metadata(widgets={"application/vnd.jupyter.widget-state+json": {"state": 7}}),
    "metadata that are a list": lambda notebook, folder: notebook | {"metadata": [1]},
    "a format to come": lambda notebook, folder: notebook | {"nbformat": 99, "nbformat_minor": 99},
    "a format in words": lambda notebook, folder: notebook | {"nbformat": "4", "nbformat_minor": None},
    "cells that are numbers": lambda notebook, folder: notebook | {"cells": [1, 2, None, "1000.0"]},
    "cells in cells": lambda notebook, folder: notebook | {"cells": [notebook["cells"], notebook]},
    "no cells": lambda notebook, folder: {"metadata": {}, "nbformat": 4, "nbformat_minor": 5},
    "a flood of cells": _flood,
    "another notebook beside it": _another_beside,
    "a name that is no text": _a_name_that_is_no_text,
    "a notebook in a folder": _in_a_folder,
    "a folder of its name": _a_folder_of_its_name,
    "a link to the release": _a_link_to_the_release,
    "a note that it was taken in": _an_intake_of_its_own,
    "a script with a broken header": _a_script_with_a_broken_header,
    "a script beside it": _a_script_in_two_minds,
}  # fmt: skip
