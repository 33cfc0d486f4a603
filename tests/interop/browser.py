"""Chromium without a window, driven by its DevTools protocol through two pipes: nothing but the standard library."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .client_process import needed

BOUND = 30.0
"""Seconds that an answer may take."""
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe",
)  # fmt: skip
_BEGIN = """
import os, sys
os.dup2(int(sys.argv[1]), 93), os.dup2(int(sys.argv[2]), 94)
os.dup2(93, 3), os.dup2(94, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipes where the browser looks for them."""


class Page:
    """The one page of a browser: what it was told to do, and what was seen of it."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._read = b""
        self._count = 0
        self._session: dict[str, str] = {}
        self._events: list[dict[str, Any]] = []
        target = self.do("Target.createTarget", url="about:blank")["targetId"]
        self._session = {"sessionId": self.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]}
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def do(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol: its result."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            message = self._message()
            if message.get("id") == self._count:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result

    def open(self, url: str) -> None:
        """Go there, and wait until it is loaded."""
        self._events.clear()
        self.do("Page.navigate", url=url)
        while not self.events("Page.loadEventFired"):
            self._message()

    def eval(self, script: str) -> Any:
        """The value of an expression in the page."""
        found = self.do("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """A key goes down and up."""
        for kind in ("rawKeyDown", "keyUp"):
            self.do("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def click(self, selector: str) -> None:
        """The middle of the first element that fits is clicked with the mouse."""
        self.eval(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        box = f"(box => [box.x + box.width / 2, box.y + box.height / 2])(document.querySelector({selector!r})"
        x, y = self.eval(box + ".getBoundingClientRect())")
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def size(self, width: int, height: int) -> None:
        """The window is so large."""
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, path: Path) -> None:
        """What is seen, as a PNG file."""
        path.write_bytes(b64decode(self.do("Page.captureScreenshot", format="png")["data"]))

    def events(self, *methods: str) -> list[dict[str, Any]]:
        """What was reported under these names since the page was opened."""
        return [event["params"] for event in self._events if event["method"] in methods]

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """All that stands on its console, and exceptions that nobody caught."""
        return self.events("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")

    @property
    def requests(self) -> list[str]:
        """The addresses of all that it asked for."""
        return [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]

    def _message(self) -> dict[str, Any]:
        """The next one; events are kept, too."""
        end = time.monotonic() + BOUND
        while b"\0" not in self._read:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"Chromium says nothing for {BOUND} s"
            data = os.read(self._answers, 1 << 20)
            assert data, "Chromium is gone"
            self._read += data
        first, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        if "method" in message:
            self._events.append(message)
        return message


@contextmanager
def browsing(folder: Path) -> Iterator[Page]:
    """A browser with a profile of its own in this folder, and its page; the test is skipped where there is none."""
    chromium = needed("chromium")
    theirs, commands = os.pipe()
    answers, their_answers = os.pipe()
    launch = [sys.executable, "-c", _BEGIN, str(theirs), str(their_answers), chromium, *_QUIET]
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [*launch, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(theirs, their_answers),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    os.close(theirs)
    os.close(their_answers)
    try:
        yield Page(commands, answers)
    finally:
        os.close(commands)  # it ends when nobody tells it anything any more
        os.close(answers)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.terminate()
            process.wait(5)
