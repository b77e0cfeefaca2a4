"""A real Chromium, driven over its DevTools protocol (https://chromedevtools.github.io/devtools-protocol/) through two
pipes: no port is opened and nothing but Python's own library is needed."""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = ("--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu", "--hide-scrollbars")
TIMEOUT = 60.0
"""Seconds that one command may take."""


class BrowserError(Exception):
    """Chromium is not there, does not answer, or refuses a command."""


def find_browser() -> str:
    """The program that $CHROMIUM names, else the first of PROGRAMS on PATH; raises BrowserError."""
    wanted = os.environ.get("CHROMIUM")
    found = next((path for name in ([wanted] if wanted else PROGRAMS) if (path := shutil.which(name))), None)
    if found is None:
        raise BrowserError("these tests need Chromium: `apt-get install chromium`, or CHROMIUM=/path/to/it")
    return found


class Browser:
    """One Chromium process; `page` opens tabs in it."""

    def __init__(self, process: subprocess.Popen[bytes], to_browser: int, from_browser: int) -> None:
        self.process = process
        self.to_browser = to_browser
        self.from_browser = from_browser
        self.numbers = itertools.count(1)
        self.rest = b""
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Run a command and return its result; events that come meanwhile are kept in `events`."""
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        left = memoryview(json.dumps(message).encode() + b"\0")
        while left:
            left = left[os.write(self.to_browser, left) :]
        until = time.monotonic() + TIMEOUT
        while True:
            answer = self._read(until)
            if answer.get("id") != number:
                self.events.append(answer)
            elif "error" in answer:
                raise BrowserError(f"{method}: {answer['error']['message']}")
            else:
                result: dict[str, Any] = answer["result"]
                return result

    def _read(self, until: float) -> dict[str, Any]:
        """The next message: JSON up to a zero byte."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.from_browser], [], [], max(0.0, until - time.monotonic()))
            chunk = os.read(self.from_browser, 1 << 20) if ready else b""
            if not chunk:
                raise BrowserError("Chromium does not answer")
            self.rest += chunk
        text, _, self.rest = self.rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message

    @contextmanager
    def page(self, width: int = 1280, height: int = 900, scheme: str = "light") -> Iterator[Page]:
        """An empty tab of a size in CSS pixels, with the colour scheme that the system is said to prefer."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.call(f"{domain}.enable")
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        page.call("Emulation.setFocusEmulationEnabled", enabled=True)
        try:
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)


class Page:
    """A tab."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self.session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def open(self, path: Path) -> None:
        """Load a file and wait until it is drawn."""
        self.call("Page.navigate", url=path.as_uri())
        until = time.monotonic() + TIMEOUT
        while self.run("document.readyState") != "complete" or self.run("location.protocol") != "file:":
            if time.monotonic() > until:
                raise BrowserError(f"{path.name} does not load")
            time.sleep(0.02)

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, awaited where it is a promise; raises BrowserError when it throws."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise BrowserError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key, as the keyboard would: `press("Tab", 9)`."""
        named = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        shown = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **named, **shown)
        self.call("Input.dispatchKeyEvent", type="keyUp", **named)

    def told(self, *methods: str) -> list[dict[str, Any]]:
        """Events of these kinds in this tab so far."""
        return [
            each for each in self.browser.events if each.get("sessionId") == self.session and each["method"] in methods
        ]


@contextmanager
def launch(profile: Path) -> Iterator[Browser]:
    """Start Chromium with an empty profile, and end it afterwards. As root it runs without its sandbox, which needs
    another user. Raises BrowserError when there is none."""
    program = find_browser()
    there, to_browser = os.pipe()
    from_browser, back = os.pipe()
    switches = [*SWITCHES, f"--user-data-dir={profile}", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    process = _start([program, *switches, "about:blank"], there, back)
    os.close(there)
    os.close(back)
    try:
        yield Browser(process, to_browser, from_browser)
    finally:
        os.close(to_browser)
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(from_browser)


def _start(command: list[str], commands: int, answers: int) -> subprocess.Popen[bytes]:
    """Start Chromium, which reads commands from file 3 and answers to file 4: a shell puts the pipes there."""
    high = os.dup(commands), os.dup(answers)
    shell = ["bash", "-c", f'exec "$@" 3<&{high[0]} 4>&{high[1]}', "bash", *command]
    try:
        return subprocess.Popen(
            shell, pass_fds=high, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    finally:
        for file in high:
            os.close(file)
