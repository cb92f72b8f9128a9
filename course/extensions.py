"""nbgrader's and Jupytext's extensions of JupyterLab and of its server, as the `list` commands of Jupyter know them."""

import logging

from jupyter_core.paths import jupyter_config_path, jupyter_path
from jupyter_server.extension.config import ExtensionConfigManager
from jupyterlab.commands import AppOptions, get_app_info  # type: ignore[import-untyped]

LAB = ("@jupyter/nbgrader", "jupyterlab-jupytext")
SERVER = (
    "nbgrader.server_extensions.validate_assignment",
    "nbgrader.server_extensions.assignment_list",
    "nbgrader.server_extensions.formgrader",
    "nbgrader.server_extensions.course_list",
    "jupyterlab_jupytext",
)


def missing_in_lab() -> list[str]:
    """Those of LAB that are not installed, or disabled as a whole or in a part."""
    quiet = logging.getLogger(__name__)
    quiet.setLevel(logging.CRITICAL)  # it says so where nothing is installed; we say more
    info = get_app_info(AppOptions(logger=quiet, labextensions_path=jupyter_path("labextensions")))
    disabled = {name.partition(":")[0] for name, is_disabled in info["disabled"].items() if is_disabled}
    return [name for name in LAB if name not in info["federated_extensions"] or name in disabled]


def missing_in_server() -> list[str]:
    """Those of SERVER that the server will not load."""
    enabled = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()
    return [name for name in SERVER if not enabled.get(name)]
