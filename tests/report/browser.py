"""A real Chromium without a window, spoken to over a pipe by its own protocol, so that no library is needed.

The page is read from a file; everything that it asks the network for, and everything its console says, is kept.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

from programs import program

OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 20.0
"""Seconds that one answer may take."""


class Browser:
    """One process with one page, whose answers are read from descriptor 4 as it is told on descriptor 3."""

    def __init__(self) -> None:
        chromium = program("chromium", "chromium-browser", "google-chrome")
        self.profile = tempfile.mkdtemp(prefix="nimdoctor-chromium-")
        told, self._tell = os.pipe()
        self._hear, says = os.pipe()
        # the numbers 3 and 4 are fixed, and those of the pipes may be the same the other way round
        far_told, far_says = _above(told), _above(says)
        script = f'exec 3<&{far_told} 4>&{far_says}; exec "$@"'
        self.process = subprocess.Popen(
            [
                program("bash"),
                "-c",
                script,
                "bash",
                chromium,
                *OPTIONS,
                f"--user-data-dir={self.profile}",
                "about:blank",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(far_told, far_says),
        )
        for descriptor in (told, says, far_told, far_says):
            os.close(descriptor)
        self._number = 0
        self._rest = b""
        self._session: Optional[str] = None
        self.events: List[Dict[str, Any]] = []
        pages = [one for one in self.tell("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        target = pages[0]["targetId"] if pages else self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.tell(f"{domain}.enable")

    def tell(self, method: str, **parameters: Any) -> Dict[str, Any]:
        """One command; waits for its answer and keeps the events that come before it."""
        self._number += 1
        message: Dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._tell, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def open(self, path: Path, width: int = 1200, dark: bool = False, media: str = "") -> None:
        """Loads a file, forgets what was said before, and waits until it is there whole."""
        self.events.clear()
        self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tell("Emulation.setEmulatedMedia", media=media, features=scheme)
        self.tell("Page.navigate", url=path.as_uri())
        self._wait_for("Page.loadEventFired")

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript, run from outside, comes to."""
        answer = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        """A key, down and up."""
        codes = {"Tab": 9, "Enter": 13}
        for kind in ("keyDown", "keyUp"):
            more = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
            self.tell("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **more)

    def requested(self) -> List[str]:
        """The addresses asked for since the page was opened."""
        return [one["params"]["request"]["url"] for one in self.events if one["method"] == "Network.requestWillBeSent"]

    def complaints(self) -> List[str]:
        """What the console and the log said since the page was opened: errors, and breaches of its own policy."""
        return [
            json.dumps(one["params"])
            for one in self.events
            if one["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
        ]

    def pdf(self) -> bytes:
        """The page on paper."""
        return base64.b64decode(self.tell("Page.printToPDF", preferCSSPageSize=True)["data"])

    def screenshot(self, path: Path) -> None:
        """The whole page as a picture, for whoever wants to look."""
        picture = self.tell("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self) -> None:
        """Ends it and takes its profile away."""
        os.close(self._tell)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._hear)
        shutil.rmtree(self.profile, ignore_errors=True)

    def _wait_for(self, method: str) -> None:
        while not any(one.get("method") == method for one in self.events):
            self.events.append(self._next())

    def _next(self) -> Dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._hear], [], [], max(0.0, end - time.monotonic()))
            assert ready, "Chromium does not answer"
            piece = os.read(self._hear, 1 << 16)
            assert piece, "Chromium has ended"
            self._rest += piece
        raw, _, self._rest = self._rest.partition(b"\0")
        return json.loads(raw)


def _above(descriptor: int) -> int:
    import fcntl

    return fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
