"""Debian's Firefox, driven over its own socket (WebDriver BiDi, www.w3.org/TR/webdriver-bidi/).

Playwright drives only builds of Firefox that it downloads, or one as new as itself.
"""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

from websockets.sync.client import ClientConnection, connect

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PATIENCE = 60.0
"""Seconds until an answer is given up: a busy machine may be slow."""
PREFERENCES = {
    "media.autoplay.default": 0,  # allowed
    "full-screen-api.allow-trusted-requests-only": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.normandy.enabled": False,
}
KEYS = {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015",
        "Escape": "\ue00c", "Enter": "\ue007", "Space": " "}  # fmt: skip


@contextmanager
def running_firefox(program: str, folder: Path) -> Iterator["Firefox"]:
    """Run a headless Firefox with one page, and a profile of its own in the folder."""
    profile = folder / "profile"
    profile.mkdir()
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items())
    (profile / "user.js").write_text("".join(lines))
    with subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", str(profile),
         "--remote-debugging-port", "0"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stderr
            address = _address(process.stderr)
            # What it writes from now on must not fill the pipe.
            reader = Thread(target=process.stderr.read)
            reader.start()
            with connect(f"{address}/session", max_size=None, proxy=None) as socket:
                yield Firefox(socket)
            process.terminate()
            process.wait(PATIENCE)
            reader.join()
        finally:
            process.kill()


def _address(lines: Iterable[str]) -> str:
    """Return the address of the socket, which Firefox writes to its standard error."""
    seen = []
    for line in lines:
        if found := LISTENING.search(line):
            return found[1]
        seen.append(line)
    raise RuntimeError(f"Firefox ended: {''.join(seen)}")


class Firefox:
    """A Firefox with one page.

    `logged` holds what pages wrote to their console, errors included, `loaded` the addresses of all
    requests; both are complete up to the last answer.
    """

    def __init__(self, socket: ClientConnection) -> None:
        self.logged: list[str] = []
        self.loaded: list[str] = []
        self._socket = socket
        self._numbers = count(1)
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        # A tab of its own: in the first one, the address bar has the focus.
        self._page = self.send("browsingContext.create", type="tab")["context"]

    def send(self, method: str, **params: Any) -> Any:
        """Give a command and return its result; raises RuntimeError with the browser's message."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(PATIENCE + 10))
            if message["type"] == "event":
                self._note(message["method"], message["params"])
            elif message.get("id") == number:
                if message["type"] == "error":
                    raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
                return message["result"]

    def _note(self, event: str, params: Any) -> None:
        if event == "log.entryAdded":
            self.logged.append(f"{params['level']}: {params['text']}")
        else:
            self.loaded.append(params["request"]["url"])

    def open(self, address: str, width: int = 1280, height: int = 900) -> None:
        """Show a page in a window of this size, and wait until it is loaded."""
        size = {"width": width, "height": height}
        self.send("browsingContext.setViewport", context=self._page, viewport=size)
        self.send("browsingContext.navigate", context=self._page, url=address, wait="complete")

    def run(self, script: str) -> Any:
        """Return the value of an expression, which may be a promise, as JSON carries it."""
        answer = self.send(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({script})) ?? 'null')()",
            target={"context": self._page},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def until(self, truth: str) -> None:
        """Wait until an expression holds in the page."""
        self.run(
            f"""new Promise((done, fail) => {{
                const end = performance.now() + {1000 * PATIENCE};
                const look = () => {{
                    if ({truth}) done(true);
                    else if (performance.now() < end) setTimeout(look, 30);
                    else fail(new Error({json.dumps(truth)}));
                }};
                look();
            }})"""
        )

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, by the names that the page's own scripts use."""
        strokes = [
            {"type": kind, "value": KEYS.get(key, key)}
            for key in keys
            for kind in ("keyDown", "keyUp")
        ]
        actions = [{"type": "key", "id": "keyboard", "actions": strokes}]
        self.send("input.performActions", context=self._page, actions=actions)

    def click(self, selector: str) -> None:
        """Click the middle of an element, with the mouse."""
        x, y = self.run(
            f"""(() => {{
                const one = document.querySelector({json.dumps(selector)});
                one.scrollIntoView({{ block: "center", behavior: "instant" }});
                const {{ left, top, width, height }} = one.getBoundingClientRect();
                return [Math.round(left + width / 2), Math.round(top + height / 2)];
            }})()"""
        )
        pointer = [
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        actions = [{"type": "pointer", "id": "mouse", "actions": pointer}]
        self.send("input.performActions", context=self._page, actions=actions)
