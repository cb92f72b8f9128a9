"""JupyterLab as its users meet it: a server of its own, and Chromium on its pages. For tests and for pictures."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, FrameLocator, Locator, Page, ViewportSize, expect, sync_playwright

START_SECONDS = 60  # JupyterLab takes 3 to 10
END_SECONDS = 10
RUN_SECONDS = 300  # a lesson on practice digits: PyTorch's import, ten checks, two epochs
SIZE: ViewportSize = {"width": 1400, "height": 1000}


def find_chromium() -> str | None:
    """Chromium or Chrome, as this machine names it."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that nobody sees."""
    with sync_playwright() as playwright:
        # Chromium's own sandbox refuses to run as root, as in a container; it shows nothing here but our own pages.
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def jupyterlab(command: list[str], folder: Path, **environment: str) -> Iterator[str]:
    """Start JupyterLab by this command, in this folder; gives its address, with a token in it, and ends it afterwards.

    It has Jupyter settings of its own, those of somebody who starts JupyterLab for the first time.
    """
    with TemporaryDirectory() as own:
        folders = {f"JUPYTER_{kind}_DIR": f"{own}/{kind.lower()}" for kind in ("CONFIG", "DATA", "RUNTIME")}
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0"]
        log = Path(own) / "log"
        with log.open("w") as file:
            server = subprocess.Popen(
                [*command, *options],
                cwd=folder,
                env=os.environ | folders | environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            yield _address(Path(folders["JUPYTER_RUNTIME_DIR"]), server, log)
        finally:
            _end(server)


def _end(server: subprocess.Popen) -> None:
    server.terminate()
    try:
        server.wait(END_SECONDS)
    except subprocess.TimeoutExpired:  # it waits for a kernel that is still starting; kernels end when it is gone
        server.kill()
        server.wait()


def _address(runtime: Path, server: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for path in runtime.glob("jpserver-*.json"):  # written a moment before the server listens
            with suppress(OSError, ValueError):
                facts = json.loads(path.read_text())
                socket.create_connection(("localhost", facts["port"]), 1).close()
                return f"{facts['url']}lab{{}}?token={facts['token']}"
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start within {START_SECONDS} s:\n{log.read_text()[-2000:]}")


def menu(page: Page, *names: str) -> None:
    """Choose from JupyterLab's menus, as in menu(page, "Run", "Run All Cells")."""
    first, *others = (re.compile(rf"^{re.escape(name)}(…|\.\.\.)?$") for name in names)
    page.locator(".lm-MenuBar-itemLabel").filter(has_text=first).click()
    for name in others:
        page.locator(".lm-Menu-itemLabel").filter(has_text=name).click()


def open_notebook(page: Page, address: str, name: str) -> None:
    """Go to a notebook of the server at this address, and wait until it is shown."""
    page.goto(address.format(f"/tree/{name}"))
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()


def cell(page: Page, index: int) -> Locator:
    """The cell of the notebook that is shown, by its number from 0."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook .jp-Cell").nth(index)


def write(page: Page, index: int, text: str) -> None:
    """Put a text into a cell, in place of what it holds."""
    one = cell(page, index)
    one.scroll_into_view_if_needed()
    if "jp-MarkdownCell" in (one.get_attribute("class") or ""):
        one.locator(".jp-MarkdownOutput").dblclick()
    one.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(text)


def run_all(page: Page) -> None:
    """Run a notebook from top to bottom, and wait for its end."""
    # Before it has a kernel, it asks for one.
    expect(page.locator("#jp-bottom-panel")).to_contain_text("| Idle", timeout=1000 * START_SECONDS)
    menu(page, "Run", "Run All Cells")
    expect(page.locator(".jp-InputPrompt", has_text="[*]").first).to_be_visible(timeout=1000 * START_SECONDS)
    expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=1000 * RUN_SECONDS)


def save(page: Page, *paths: Path) -> None:
    """Save the notebook that is shown, and wait until these files of it are written."""
    before = [path.stat().st_mtime_ns for path in paths]
    page.keyboard.press("Escape")
    page.keyboard.press("ControlOrMeta+S")
    deadline = time.monotonic() + START_SECONDS
    while any(path.stat().st_mtime_ns == time_ for path, time_ in zip(paths, before, strict=True)):
        if time.monotonic() > deadline:
            raise TimeoutError(f"JupyterLab did not write {' and '.join(path.name for path in paths)}")
        page.wait_for_timeout(100)


def formgrader(page: Page) -> FrameLocator:
    """Open Formgrader from JupyterLab's menu."""
    menu(page, "Nbgrader", "Formgrader")
    return page.frame_locator("iframe")
