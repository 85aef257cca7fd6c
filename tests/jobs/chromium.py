"""Headless Chromium, driven over the Chrome DevTools Protocol: open a page, wait for its text, keep a picture."""

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZE = (1400, 900)


def find() -> str | None:
    """The browser's program, where one is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab of a browser."""

    def __init__(self, socket: ClientConnection, base: str) -> None:
        self.socket, self.base, self.n_commands = socket, base, 0
        self.command("Emulation.setDeviceMetricsOverride", **_metrics(*SIZE))

    def command(self, method: str, **parameters: object) -> dict[str, Any]:
        """Answer of one command of the protocol; events that come meanwhile are of no interest."""
        self.n_commands += 1
        self.socket.send(json.dumps({"id": self.n_commands, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv(timeout=60))).get("id") != self.n_commands:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def run(self, script: str) -> Any:
        """Value of a script in the page."""
        answer = self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        """What a person can read on it, scrolled-away parts included."""
        return self.run("document.body ? document.body.innerText : ''")

    def open(self, path: str, *expected: str, seconds: float = 60) -> str:
        """Open a page and wait until it shows all of the expected texts; its text."""
        self.command("Page.navigate", url=self.base + path)
        return self.see(*expected, seconds=seconds)

    def see(self, *expected: str, seconds: float = 60) -> str:
        """Wait until the page shows all of these texts, over however many lines; its text."""
        deadline = time.monotonic() + seconds
        while missing := [text for text in expected if text not in " ".join(self.text.split())]:
            assert time.monotonic() < deadline, f"{self.run('location.href')} does not show {missing}:\n{self.text}"
            time.sleep(0.25)
        return self.text

    def click(self, text: str, place: int = 0) -> None:
        """Click the element with exactly this text, or another of several (-1 is the last)."""
        x, y = self.run(
            f"(() => {{ const element = {_with_text(text)}.at({place}); element.scrollIntoView({{block: 'nearest'}}); "
            "const box = element.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        for event in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=event, x=x, y=y, button="left", clickCount=1)

    def type(self, place: str, text: str) -> None:
        """Write into the field that a CSS selector finds, in place of what it holds, and leave it."""
        self.run(
            f"(() => {{ const field = document.querySelector({json.dumps(place)}); field.focus(); field.select() }})()"
        )
        self.command("Input.insertText", text=text)
        self.run("document.activeElement.blur()")

    def scroll_to(self, text: str) -> None:
        """Bring the element with exactly this text to the top of what is seen."""
        self.run(f"{_with_text(text)}[0].scrollIntoView()")

    def picture(self, name: str) -> None:
        """Keep a picture of what is seen, where RECSYS_SCREENSHOTS names a folder for it."""
        if folder := os.environ.get("RECSYS_SCREENSHOTS"):
            time.sleep(1)  # Animations end meanwhile.
            image = self.command("Page.captureScreenshot", format="png")["data"]
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{name}.png").write_bytes(base64.b64decode(image))


@contextmanager
def browser(base: str, profile: Path) -> Iterator[Page]:
    """A tab of a new browser; ``profile`` is the folder where it keeps its own files."""
    program = find()
    assert program, f"none of {', '.join(NAMES)} is installed: apt install chromium"
    sandbox = [] if os.geteuid() else ["--no-sandbox"]  # Chromium refuses to sandbox for root.
    quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    size = f"--window-size={SIZE[0]},{SIZE[1]}"
    own = [f"--user-data-dir={profile}", "--remote-debugging-port=0"]
    process = subprocess.Popen(
        [program, "--headless", "--disable-gpu", *sandbox, *quiet, size, *own, "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        port = _port(profile / "DevToolsActivePort")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json") as answer:
            (tab,) = [tab for tab in json.load(answer) if tab["type"] == "page"]
        with connect(tab["webSocketDebuggerUrl"], max_size=None) as socket:
            yield Page(socket, base)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _port(file: Path) -> int:
    """Port that the browser chose; it writes it into its folder."""
    deadline = time.monotonic() + 60
    while not file.exists() or not file.read_text().strip():
        assert time.monotonic() < deadline, "the browser did not start"
        time.sleep(0.1)
    return int(file.read_text().split()[0])


def _with_text(text: str) -> str:
    """Script that finds the innermost elements with exactly this text."""
    inner = "[...document.querySelectorAll('*')].filter(e => !e.children.length && "
    return f"{inner}e.textContent.trim() === {json.dumps(text)})"


def _metrics(width: int, height: int) -> dict[str, object]:
    return {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
