"""A real browser for tests of pages: Chromium without a window, spoken to through a pipe.

Source: the Chrome DevTools Protocol (chromedevtools.github.io/devtools-protocol), as ``--remote-debugging-pipe`` takes
it: JSON messages that end with a zero byte, read from file descriptor 3 and written to 4.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .waiting import PATIENCE, until

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

FLAGS = (
    "--headless=new",
    "--no-sandbox",  # root and containers can't have it; only our own pages are opened
    "--remote-debugging-pipe",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--hide-scrollbars",
    # a mouse, which a browser without a window says it has not: it hovers, and is a fine pointer
    "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
)


# Puts the two pipes where Chromium looks for them and becomes Chromium.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)


def find() -> str | None:
    """The program, or None: ``apt-get install chromium`` brings it."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Tab:
    """One page in a browser."""

    def __init__(self, reader: int, writer: int) -> None:
        self._reader, self._writer = reader, writer
        self._heard = b""
        self._number = 0
        self._session: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **given: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": given, **self._session}
        os.write(self._writer, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._heard:
            if not select.select([self._reader], [], [], PATIENCE)[0]:
                raise TimeoutError(f"Chromium said nothing for {PATIENCE:g} s")
            part = os.read(self._reader, 1 << 20)
            if not part:
                raise RuntimeError("Chromium ended")
            self._heard += part
        message, _, self._heard = self._heard.partition(b"\0")
        return dict(json.loads(message))

    def open(self, page: Path, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """Show a page that is a file, and wait until it and its pictures are there."""
        self.screen(width, height, dark=dark)
        self.visit(page.resolve().as_uri())

    def screen(self, width: int = 1400, height: int = 900, *, dark: bool = False, still: bool = False) -> None:
        """Be a screen of this size: below 600 pixels a phone, with fingers."""
        features = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"},
        ]
        self.call("Emulation.setEmulatedMedia", media="screen", features=features)
        phone = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)

    def speak(self, *languages: str) -> None:
        """Ask for pages in these languages from now on."""
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": ",".join(languages)})

    def visit(self, address: str) -> None:
        """Go to an address, and wait until its page is there."""
        self.events.clear()
        if problem := self.call("Page.navigate", url=address).get("errorText"):
            raise RuntimeError(f"{address}: {problem}")
        self.loaded()

    def loaded(self) -> None:
        """Wait for the event load of a page that is on its way."""
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        self.ask("document.fonts.ready.then(() => 1)")

    def until(self, code: str) -> None:
        """Wait until an expression of JavaScript is true."""

        def met() -> bool:
            with contextlib.suppress(RuntimeError):  # between two pages
                return bool(self.ask(f"Boolean({code})"))
            return False

        until(met, code, every=0.02)

    def place(self, selector: str) -> tuple[float, float]:
        """The middle of an element, scrolled into view."""
        code = f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            if (!one) return null;
            one.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()"""
        found = self.ask(code)
        if found is None:
            raise RuntimeError(f"there is no {selector}")
        return found[0], found[1]

    def click(self, selector: str) -> None:
        """Press an element with the mouse."""
        x, y = self.place(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move the mouse from a point to another, pressed."""
        moves = [start, ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), end]
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], **pressed)
        for x, y in moves:
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, **pressed)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], **pressed)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key by its name."""
        codes = {"Enter": 13, "Tab": 9, "Escape": 27, " ": 32, "ArrowRight": 39, "ArrowDown": 40}
        given = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key]}
        text = {"Enter": "\r", " ": " "}.get(key)
        told = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", modifiers=8 if shift else 0, **given, **told)
        self.call("Input.dispatchKeyEvent", type="keyUp", modifiers=8 if shift else 0, **given)

    def choose(self, selector: str, file: Path) -> None:
        """Choose a file in a field for files."""
        node = self.call("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")
        self.call("DOM.setFileInputFiles", files=[str(file.resolve())], objectId=node["result"]["objectId"])

    def ask(self, code: str) -> Any:
        """The value of an expression of JavaScript, in the page."""
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{code}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as a PNG, or what of it is in view."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def printed(self) -> bytes:
        """The page on A4, a PDF; it is shown as before only after ``open``."""
        self.call("Emulation.setEmulatedMedia", media="", features=[])
        self.call("Emulation.clearDeviceMetricsOverride")
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return base64.b64decode(self.call("Page.printToPDF", **paper)["data"])

    def asked_for(self) -> list[str]:
        """Addresses that the page wanted since it was opened."""
        sent = [event["params"] for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [params["request"]["url"] for params in sent]

    def complaints(self) -> list[str]:
        """What the page wrote to the console, or the browser said of it."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [json.dumps(event["params"]) for event in self.events if event.get("method") in kinds]


@contextlib.contextmanager
def chromium(program: str, profile: Path) -> Iterator[Tab]:
    """Start Chromium with a profile of its own; ends it when done."""
    to_browser, from_browser = _pipe(), _pipe()
    command = [sys.executable, "-c", _START, str(to_browser[0]), str(from_browser[1])]
    flags = [*FLAGS, f"--user-data-dir={profile}"]
    with (profile.parent / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, program, *flags], pass_fds=(to_browser[0], from_browser[1]), stdout=log, stderr=log
        )
    os.close(to_browser[0])
    os.close(from_browser[1])
    try:
        yield Tab(from_browser[0], to_browser[1])
    finally:
        os.close(to_browser[1])
        process.terminate()
        process.wait(PATIENCE)
        os.close(from_browser[0])


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are not 3 or 4."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
