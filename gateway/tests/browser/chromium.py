"""Drives a headless Chromium over its debugging pipe, with nothing but Python's standard library."""

import base64
import fcntl
import json
import os
import select
import shutil
import tempfile
import time
from types import TracebackType
from typing import Any, Callable

WAIT_SECONDS_MAX = 30.0
CLICKS_MAX = 20
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-dev-shm-usage "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--window-size=1400,1000 --remote-debugging-pipe"
).split()

Json = dict[str, Any]


class BrowserError(Exception):
    """Chromium did not do what was asked within `WAIT_SECONDS_MAX`."""


class Browser:
    """One Chromium process with a profile of its own, which ends with the `with` block."""

    def __init__(self, executable: str) -> None:
        self.profile = tempfile.mkdtemp(prefix="latchkey-browser-")
        (theirs_in, self._to), (self._from, theirs_out) = _high_pipe(), _high_pipe()
        # Chromium reads commands from descriptor 3 and writes answers and events to 4.
        self.pid = os.posix_spawn(
            executable,
            [executable, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, theirs_in, 3),
                (os.POSIX_SPAWN_DUP2, theirs_out, 4),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._unread = b""
        self._sent = 0
        self._answers: dict[int, Json] = {}
        self._listeners: dict[str, Callable[[Json], None]] = {}

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        try:
            self.send("Browser.close")
        finally:
            os.close(self._to)
            os.waitpid(self.pid, 0)
            os.close(self._from)
            shutil.rmtree(self.profile, ignore_errors=True)

    def send(self, method: str, session: str | None = None, **params: Any) -> Json:
        """Sends one command of the DevTools protocol and waits for its result."""
        self._sent += 1
        number = self._sent
        message: Json = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        self.pump(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def pump(self, is_done: Callable[[], bool], what: str) -> None:
        """Handles what Chromium says until `is_done`, or fails when that takes too long."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        while not is_done():
            ready, _, _ = select.select([self._from], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                raise BrowserError(f"waited {WAIT_SECONDS_MAX:.0f} s for {what}")
            chunk = os.read(self._from, 1 << 16)
            if not chunk:
                raise BrowserError(f"Chromium ended while waiting for {what}")
            *messages, self._unread = (self._unread + chunk).split(b"\0")
            for message in messages:
                self._receive(json.loads(message))

    def _receive(self, message: Json) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
        elif listener := self._listeners.get(message.get("sessionId", "")):
            listener(message)

    def page(self) -> "Page":
        """A new tab with cookies, storage and cache of its own."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        page = Page(self, session["sessionId"])
        self._listeners[page.session] = page.hear
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            page.send(f"{domain}.enable")
        return page


class Page:
    """One tab. It remembers every request it made and everything its console complained of."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self.session = session
        self.loads = 0
        self.complaints: list[str] = []
        self.requests: list[Json] = []
        self.responses: list[Json] = []

    def send(self, method: str, **params: Any) -> Json:
        return self.browser.send(method, self.session, **params)

    def hear(self, event: Json) -> None:
        params = event["params"]
        match event["method"]:
            case "Page.loadEventFired":
                self.loads += 1
            case "Network.requestWillBeSent":
                self.requests.append(params["request"])
            case "Network.responseReceived":
                self.responses.append(params["response"])
            case "Network.webSocketCreated":
                self.requests.append({"url": params["url"], "method": "GET", "headers": {}})
            case "Runtime.exceptionThrown":
                self.complaints.append(f"exception: {json.dumps(params['exceptionDetails'])[:500]}")
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "assert"):
                said = [str(part.get("value", part.get("description"))) for part in params["args"]]
                self.complaints.append(f"console: {' '.join(said)[:500]}")
            case "Log.entryAdded" if params["entry"]["level"] == "error":
                entry = params["entry"]
                self.complaints.append(f"log: {entry['text'][:500]} {entry.get('url', '')}")
            case "Audits.issueAdded" if "contentSecurity" in json.dumps(params["issue"]):
                self.complaints.append(f"policy: {json.dumps(params['issue']['details'])[:500]}")

    def open(self, url: str) -> None:
        before = self.loads
        self.send("Page.navigate", url=url)
        self.browser.pump(lambda: self.loads > before, f"`{url}` to load")

    def until(self, expression: str) -> Any:
        """Waits, frame by frame, until a JavaScript expression is true; gives its value."""
        script = f"""new Promise((found, missed) => {{
            const end = performance.now() + {WAIT_SECONDS_MAX * 900};
            const look = () => {{
                const value = (() => {{ {LIBRARY} return {expression}; }})();
                if (value) found(value instanceof Node ? true : value);
                else if (performance.now() > end) missed(new Error("never true"));
                else requestAnimationFrame(look);
            }};
            look();
        }})"""
        return self.evaluate(script, expression)

    def evaluate(self, script: str, what: str = "a script") -> Any:
        """The value, or what a promise becomes, of a script that runs in the page."""
        asked = self.send(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in asked:
            reason = asked["exceptionDetails"].get("exception", {}).get("description", "")
            raise BrowserError(f"`{what}`: {reason}; the page says: {self.complaints}")
        return asked["result"].get("value")

    def click(self, element: str) -> None:
        """Clicks the middle of an element, once it rests there and nothing lies over it.

        A page that scrolls by itself at that moment makes the click miss; then it is tried again.
        """
        for _ in range(CLICKS_MAX):
            x, y = self.until(f"spot({element})")
            for kind in ("mousePressed", "mouseReleased"):
                self.send(
                    "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
                )
            if self.evaluate("latchkey.clicked.has(latchkey.aim)"):
                return
        raise BrowserError(f"{CLICKS_MAX} clicks missed `{element}`")

    def type(self, element: str, text: str) -> None:
        """Types into an input that is empty, and sees that it kept the text."""
        self.click(element)
        self.until(f"document.activeElement === {element}")
        self.send("Input.insertText", text=text)
        self.until(f"{element}.value === {json.dumps(text)}")

    def screenshot(self, path: str) -> None:
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.send("Page.captureScreenshot")["data"]))


# What `until` and `click` offer to their expressions. A page that is still being laid out moves its
# buttons, so `spot` gives a place only when the element stayed there for some frames.
LIBRARY = """
    const STILL_FRAMES = 5;
    const all = (selector, root = document) => [...root.querySelectorAll(selector)];
    const worded = (selector, text, root = document) =>
        all(selector, root).find((one) => one.textContent.includes(text));
    const spot = (element) => {
        if (!element) return null;
        element.scrollIntoView({ block: "center", behavior: "instant" });
        const { left, top, width, height } = element.getBoundingClientRect();
        const [x, y] = [left + width / 2, top + height / 2];
        const hit = document.elementFromPoint(x, y);
        const isFree = width > 0 && hit && element.contains(hit);
        const before = latchkey.spots.get(element);
        const frames = isFree && before?.x === x && before?.y === y ? before.frames + 1 : 0;
        latchkey.spots.set(element, { x, y, frames });
        latchkey.aim = element;
        latchkey.clicked.delete(element);
        return frames >= STILL_FRAMES ? [x, y] : null;
    };
    if (!globalThis.latchkey) {
        globalThis.latchkey = { spots: new WeakMap(), clicked: new WeakSet(), aim: null };
        const note = (event) => event.composedPath().forEach((one) => latchkey.clicked.add(one));
        addEventListener("click", note, { capture: true });
    }
"""


def _high_pipe() -> tuple[int, int]:
    """A pipe whose ends are far above the descriptors 3 and 4 that the child gets."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
