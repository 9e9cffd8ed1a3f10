"""A real JupyterLab in a real Chromium."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import sync_playwright

REPO = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Address and folder of a running JupyterLab."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "work"
    folder.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "PYTHONPATH": str(REPO),
    }
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *(f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token="),
        *("--ServerApp.password=", "--ServerApp.disable_check_xsrf=True", f"--ServerApp.root_dir={folder}"),
    ]
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    with (home / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1).read()  # noqa: S310 (our own server)
                break
            except OSError:
                assert server.poll() is None, (home / "lab.log").read_text()
                time.sleep(0.2)
        else:
            pytest.fail("JupyterLab did not start:\n" + (home / "lab.log").read_text())
        yield address, folder
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)


@pytest.fixture(scope="session")
def chromium():
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's package chromium, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Notebook:
    """A notebook opened in the browser."""

    def __init__(self, page, address, name):
        self.page = page
        self._name = name
        self._address = f"{address}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}"

    def open(self):
        self.page.goto(self._address)
        self.page.wait_for_function("window.jupyterapp !== undefined")
        self.page.evaluate("window.jupyterapp.restored")
        self.page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=self._name
        )
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.ready")
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
        self.idle()
        self.theme("light")
        return self

    def code_cells(self):
        return self.page.evaluate(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget.content.widgets;
                return [...cells.keys()].filter((index) => cells[index].model.type === "code");
            }"""
        )

    def theme(self, name):
        wanted = f"JupyterLab {name.capitalize()}"
        self.command("apputils:change-theme", theme=wanted)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=wanted)
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def command(self, name, **args):
        self.page.evaluate(
            "([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, args]
        )

    def start(self, index):
        """Start a cell, and do not wait for it."""
        self.page.evaluate(
            """index => {
                const notebook = window.jupyterapp.shell.currentWidget.content;
                notebook.deselectAll();
                notebook.activeCellIndex = index;
                const running = (window.running ??= new Set());
                running.add(index);
                window.jupyterapp.commands.execute("notebook:run-cell").finally(() => running.delete(index));
            }""",
            index,
        )

    def running(self, index):
        return self.page.evaluate("index => window.running.has(index)", index)

    def wait(self, index, *, timeout_s=60):
        self.page.wait_for_function(
            "index => !window.running.has(index)", arg=index, timeout=timeout_s * 1000
        )

    def run(self, index, *, timeout_s=60):
        """Run a cell to its end; returns the text that it printed."""
        self.start(index)
        self.wait(index, timeout_s=timeout_s)
        return self.text(index)

    def text(self, index):
        outputs = self.page.evaluate(
            "i => window.jupyterapp.shell.currentWidget.content.widgets[i].model.toJSON().outputs",
            index,
        )
        errors = ["\n".join(output["traceback"]) for output in outputs if output["output_type"] == "error"]
        assert not errors, errors[0]
        return "".join("".join(output.get("text", "")) for output in outputs)

    def json(self, index):
        return json.loads(self.run(index))

    def restart(self):
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.idle()

    def idle(self):
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'",
            timeout=60_000,
        )


@pytest.fixture
def open_notebook(lab, chromium):
    """Open a notebook of the lab's folder: ``open_notebook(name)``."""
    address, _ = lab
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, has_touch=False)
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))

    yield lambda name: Notebook(page, address, name).open()
    context.close()
    assert not errors


@pytest.fixture
def notebook(lab, open_notebook, request):
    """Make a notebook out of cells, and open it: ``notebook(cell, cell, …)``."""
    _, folder = lab

    def make(*cells):
        name = re.sub(r"\W+", "_", request.node.name) + ".ipynb"
        content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(content, folder / name)
        return open_notebook(name)

    return make


@pytest.fixture
def screenshot():
    """Keep a picture of the page for people to look at."""
    folder = REPO / "screenshots"

    def take(target, name):
        folder.mkdir(exist_ok=True)
        target.screenshot(path=folder / f"{name}.png")

    return take
