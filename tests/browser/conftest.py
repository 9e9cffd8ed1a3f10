"""A real JupyterLab, or marimo, in a real Chromium."""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from playwright.sync_api import expect, sync_playwright

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
PATIENCE_MS = 180_000  # a busy machine is slow, the first search compiles, and no test is about that
expect.set_options(timeout=PATIENCE_MS)
VIEWPORT = {"width": 1400, "height": 1000}

# what Notebook 7 says on its pages without a widget, too
NOTEBOOKS_OWN = {
    "Cannot read properties of undefined (reading 'schema')",
    "Command 'filebrowser:open-path' not registered.",
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(command, url, log, **popen):
    """Run a server until the end, from when it answers at the address."""
    with log.open("w") as file:
        server = subprocess.Popen(command, stdout=file, stderr=file, start_new_session=True, **popen)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(url, timeout=1).read()  # noqa: S310 (our own server)
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.2)
        else:
            pytest.fail("the server did not start:\n" + log.read_text())
        yield
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Address and folder of a running JupyterLab."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "work"
    folder.mkdir()
    port = free_port()
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
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    news = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    news.parent.mkdir(parents=True)
    news.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}))
    address = f"http://127.0.0.1:{port}"
    with serving(command, f"{address}/api", home / "lab.log", env=environment):
        yield address, folder


@pytest.fixture
def marimo(chromium, tmp_path):
    """Open a marimo app in the browser: ``marimo(code)`` of its one cell, which runs in the test's folder."""
    app = tmp_path / "app.py"
    port = free_port()
    command = [
        *(sys.executable, "-m", "marimo", "run", str(app), "--headless", "--no-token"),
        *("--host", "127.0.0.1", "--port", str(port)),
    ]
    environment = os.environ | {"HOME": str(tmp_path), "PYTHONPATH": str(REPO)}
    with ExitStack() as stack:

        def open_it(code):
            app.write_text(
                "import marimo\n\napp = marimo.App()\n\n\n@app.cell\ndef _():\n"
                + textwrap.indent(code, "    ")
                + "\n    return\n"
            )
            address = f"http://127.0.0.1:{port}"
            stack.enter_context(
                serving(command, f"{address}/health", tmp_path / "log", env=environment, cwd=tmp_path)
            )
            page = stack.enter_context(chromium.new_context(viewport=VIEWPORT)).new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(address)
            return page

        errors = []
        yield open_it
    assert not errors


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

    def __init__(self, page, address):
        self.page = page
        self._address = address
        self._name = address.rpartition("/")[2]

    def open(self):
        """Load the page of the notebook, or load it anew."""
        self.page.goto(self._address)
        self.page.wait_for_function("window.jupyterapp !== undefined")
        self.page.evaluate("window.jupyterapp.restored")
        return self._ready()

    def open_beside(self):
        """Open the notebook in the JupyterLab that the page shows already: that takes a tenth of the time."""
        self.command("docmanager:open", path=self._name, factory="Notebook", kernel={"name": "python3"})
        return self._ready()

    def _ready(self):
        self.page.wait_for_function(
            "name => window.jupyterapp.shell.currentWidget?.context?.path === name", arg=self._name
        )
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.ready")
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.ready")
        self.page.evaluate("window.running = new Set()")
        self.idle()
        self.theme("light")
        return self

    def close(self):
        """Close the notebook and leave JupyterLab open; whether it is as good as new."""
        self.page.evaluate(
            """() => {
                for (const widget of [...window.jupyterapp.shell.widgets("main")]) {
                    if (!widget.context) continue;
                    widget.context.model.dirty = false; // else it asks whether to save
                    widget.close();
                }
            }"""
        )
        try:
            self.page.wait_for_function("document.querySelector('.jp-Dialog, .jp-Notebook') === null")
        except PlaywrightTimeout:
            return False
        return True

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
                const { running } = window;
                running.add(index);
                window.jupyterapp.commands.execute("notebook:run-cell").finally(() => running.delete(index));
            }""",
            index,
        )

    def running(self, index):
        return self.page.evaluate("index => window.running.has(index)", index)

    def wait(self, index):
        self.page.wait_for_function("index => !window.running.has(index)", arg=index, timeout=600_000)

    def run(self, index):
        """Run a cell to its end; returns the text that it printed."""
        self.start(index)
        self.wait(index)
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

    def places(self, *points):
        """Where points of the picture that a widget shows, in its pixels, are on the page."""
        where = self.page.locator(".ig-stack > canvas").first.evaluate(
            """async canvas => {
                for (let before = -1; ; ) {
                    const { left, top, width } = canvas.getBoundingClientRect();
                    if (top === before) return { left, top, scale: width / canvas.width };
                    before = top; // the page may still scroll
                    await new Promise((resolve) => setTimeout(resolve, 200));
                }
            }"""
        )
        return [(where["left"] + x * where["scale"], where["top"] + y * where["scale"]) for x, y in points]

    def save(self):
        self.page.evaluate("window.jupyterapp.shell.currentWidget.context.save()")

    def start_computing(self, index):
        """Start a cell that goes on until `interrupt`, and wait until the kernel computes it."""
        self.start(index)
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status === 'busy'"
        )

    def interrupt(self, index):
        """End a cell that was started by `start_computing`."""
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()")
        self.wait(index)

    def send_to_kernel(self, number):
        """Send a signal to the kernel's process."""
        pid = self.page.evaluate(
            """async () => {
                const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
                const user_expressions = { pid: "__import__('os').getpid()" };
                const { content } = await kernel.requestExecute({ code: "", user_expressions }).done;
                return Number(content.user_expressions.pid.data["text/plain"]);
            }"""
        )
        os.kill(pid, number)

    def freeze(self):
        """Stop the kernel in a way that nobody is told."""
        self.send_to_kernel(signal.SIGSTOP)

    def restart(self):
        self.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
        self.idle()

    def idle(self):
        self.page.wait_for_function(
            "window.jupyterapp.shell.currentWidget.sessionContext?.session?.kernel?.status === 'idle'"
        )


class OnWall:
    """The widget of cell 0, which has a wall, as a person uses it."""

    def __init__(self, opened):
        self.opened = opened
        self.page = opened.page
        self.root = self.page.locator(".ig-root")
        self.frame = self.root.locator(".ig-wall-frame")
        self.counts = self.root.locator(".ig-bar .ig-place")

    def begin(self):
        self.opened.start(0)
        return self.ready()

    def ready(self):
        """Wait until there is something on the wall."""
        expect(self.frame.get_by_role("option")).to_have_count(1)
        self.root.scroll_into_view_if_needed()
        return self

    @property
    def columns(self):
        side = int(self.root.get_by_label("Size of the tiles").input_value())
        return (self.frame.evaluate("frame => frame.clientWidth") - 4) // (side + 4)

    def tile(self, column, row=0):
        """The middle of a tile of a wall without headers, on the page; columns go on in the next row."""
        area = self.frame.bounding_box()
        step = (self.frame.evaluate("frame => frame.clientWidth") - 4) / self.columns
        more, column = divmod(column, self.columns)
        return area["x"] + 4 + (column + 0.5) * step, area["y"] + 4 + (row + more + 0.5) * step

    def click(self, column, row=0, **how):
        keys = how.pop("modifiers", [])
        for key in keys:
            self.page.keyboard.down(key)
        self.page.mouse.click(*self.tile(column, row), **how)
        for key in keys:
            self.page.keyboard.up(key)

    def choose(self, label, value):
        self.root.get_by_label(label, exact=True).select_option(value)

    def active(self, number):
        expect(self.frame.get_by_role("option")).to_have_text(re.compile(rf"^\w+ {number}, "))

    def saved(self):
        expect(self.root.locator(".ig-saved")).to_have_text("Saved")

    def told(self, cell):
        """What a cell prints as JSON, once everything is saved."""
        self.saved()
        return self.opened.json(cell)

    def pictured(self):
        """Wait until the wall shows pictures: they have many levels of red."""
        self.page.wait_for_function(
            """() => {
                const canvas = document.querySelector(".ig-wall-canvas");
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const levels = new Set();
                for (let i = 0; i < data.length; i += 4 * 37) levels.add(data[i]);
                return levels.size > 60;
            }"""
        )


@pytest.fixture
def on_wall():
    """Use a notebook's widget that has a wall: ``on_wall(notebook(cell, …)).begin()``."""
    return OnWall


class Browser:
    """The windows of JupyterLab; one of them stays open from test to test, as its megabytes load slowly."""

    def __init__(self, chromium, address):
        self._chromium = chromium
        self._address = address
        self._kept = None
        self._ending = ThreadPoolExecutor(4)  # the next test does not wait for kernels that end
        self.errors = []

    def window(self, own_errors=()):
        """Open a window that shares nothing with the others."""
        context = self._chromium.new_context(viewport=VIEWPORT, has_touch=False)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: str(error) in own_errors or self.errors.append(str(error)))
        return page

    def kept(self):
        """Take the window that stays open, as if it were new."""
        if self._kept is None:
            self._kept = self.window()
            self._kept.goto(f"{self._address}/lab/workspaces/kept")
            self._kept.wait_for_function("window.jupyterapp !== undefined")
            self._kept.evaluate("window.jupyterapp.restored")
        self._kept.mouse.move(0, 0)
        self._kept.evaluate("localStorage.clear()")
        return self._kept

    def discard(self):
        if self._kept is not None:
            self._kept.context.close()
            self._kept = None

    def end_kernels(self):
        for session in self._ask("sessions"):
            self._ending.submit(self._ask, f"sessions/{session['id']}", method="DELETE")

    def close(self):
        self.discard()
        self._ending.shutdown()

    def _ask(self, what, **how):
        request = urllib.request.Request(f"{self._address}/api/{what}", **how)  # noqa: S310 (our own server)
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.loads(answer.read() or "null")


@pytest.fixture(scope="session")
def browser(lab, chromium):
    browser = Browser(chromium, lab[0])
    yield browser
    browser.close()


@pytest.fixture
def open_notebook(lab, browser, request):
    """Open a notebook: ``open_notebook(name)``, or with ``app="notebook"``.

    The first one of a test is opened in the window that stays open, each other one in a window of its own.
    """
    address, _ = lab
    kept, others = [], []
    failed_before = request.session.testsfailed

    def open_it(name, app="lab"):
        if app == "notebook":
            others.append(Notebook(browser.window(NOTEBOOKS_OWN), f"{address}/notebooks/{name}"))
            return others[-1].open()
        where = f"{address}/lab/workspaces/{name.removesuffix('.ipynb')}/tree/{name}"
        if kept:
            others.append(Notebook(browser.window(), where))
            return others[-1].open()
        kept.append(Notebook(browser.kept(), where))
        return kept[0].open_beside()

    yield open_it
    for one in others:
        one.page.context.close()
    if request.session.testsfailed > failed_before or not all(one.close() for one in kept):
        browser.discard()
    browser.end_kernels()
    errors = [*browser.errors]
    browser.errors.clear()
    assert not errors


@pytest.fixture
def notebook(lab, open_notebook, request):
    """Make a notebook out of cells, and open it as `open_notebook` does: ``notebook(cell, cell, …)``."""
    _, folder = lab
    numbers = itertools.count()

    def make(*cells, **how):
        test = re.sub(r"\W+", "_", request.node.name)
        name = f"{test}_{next(numbers)}.ipynb"
        content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(content, folder / name)
        return open_notebook(name, **how)

    return make


@pytest.fixture
def fingers():
    """Touch a page: ``fingers(page)(kind, point, point, …)`` with the kinds of devtools."""

    def of(page):
        devtools = page.context.new_cdp_session(page)

        def touch(kind, *points):
            devtools.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]},
            )

        return touch

    return of


@pytest.fixture
def screenshot():
    """Keep a picture of the page for people to look at."""
    folder = REPO / "screenshots"

    def take(target, name):
        folder.mkdir(exist_ok=True)
        before, now = None, target.screenshot()
        for _ in range(20):  # until nothing moves any more
            if now == before:
                break
            before, now = now, target.screenshot()
        (folder / f"{name}.png").write_bytes(now)

    return take
