"""A real Chromium for tests of pages: without a window, over the DevTools protocol, on nothing but loopback."""

import asyncio
import os
import shutil
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import aiohttp

PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ABSENT = "NO CHROMIUM: apt install chromium"
_SWITCHES = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-port=0"
).split()
_PATIENCE = 60.0  # seconds that a busy machine may take for a step


class Tab:
    """One page. ``faults`` are what its console and its scripts complained of, and what its policy refused."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.faults: list[str] = []
        self._socket = socket
        self._session = ""
        self._number = 0
        self._loaded = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            data = message.json()
            if "id" in data:
                self._waiting.pop(data["id"]).set_result(data)
            elif data["method"] == "Page.loadEventFired":
                self._loaded.set()
            elif data["method"] == "Runtime.exceptionThrown":
                self.faults.append(str(data["params"]["exceptionDetails"]))
            elif data["method"] == "Log.entryAdded" and data["params"]["entry"]["level"] in {"error", "warning"}:
                self.faults.append(data["params"]["entry"]["text"])
            elif data["method"] == "Runtime.consoleAPICalled":
                self.faults.append(str(data["params"]["args"]))

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command; give its result."""
        self._number += 1
        answer = self._waiting[self._number] = asyncio.get_running_loop().create_future()
        message = {"id": self._number, "method": method, "params": params}
        await self._socket.send_json(message | ({"sessionId": self._session} if self._session else {}))
        data = await asyncio.wait_for(answer, _PATIENCE)
        assert "error" not in data, data
        return dict(data["result"])

    async def attach(self) -> Self:
        """Make the page."""
        target = (await self.send("Target.createTarget", url="about:blank"))["targetId"]
        self._session = (await self.send("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self.send(f"{domain}.enable")
        return self

    async def show(
        self, page: Path, width: int = 1280, *, dark: bool = False, paper: bool = False, scripts: bool = True
    ) -> None:
        """Open a page that is ``width`` pixels wide."""
        await self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.send("Emulation.setEmulatedMedia", media="print" if paper else "screen", features=[scheme])
        await self.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        self._loaded.clear()
        await self.send("Page.navigate", url=page.as_uri())
        await asyncio.wait_for(self._loaded.wait(), _PATIENCE)
        # Two frames: what is laid out and painted by then is what a person sees.
        if scripts:
            await self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    async def ask(self, expression: str) -> Any:
        """The value of an expression of JavaScript."""
        found = await self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    async def picture(self, file: Path) -> None:
        """Save what the whole page looks like."""
        shot = await self.send("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        file.write_bytes(b64decode(shot["data"]))

    async def end(self) -> None:
        """Stop listening."""
        self._reader.cancel()
        with suppress(asyncio.CancelledError):
            await self._reader


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Tab]:
    """A page in a browser of its own, which keeps its files in a new ``folder``."""
    folder.mkdir()
    command = [str(PROGRAM), *_SWITCHES, f"--user-data-dir={folder}", "about:blank"]
    environ = {**os.environ, "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
    try:
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(await _address(folder, process), max_msg_size=0) as socket,
        ):
            tab = await Tab(socket).attach()
            yield tab
            await tab.end()
    finally:
        process.kill()
        process.wait()


async def _address(folder: Path, process: "subprocess.Popen[bytes]") -> str:
    """Where the browser listens, which it writes down once it does."""
    file = folder / "DevToolsActivePort"
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE
    while loop.time() < end and process.poll() is None:
        lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
        if len(lines) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        await asyncio.sleep(0.05)  # nothing tells when the file is there
    raise AssertionError((folder / "log").read_text(encoding="utf-8", errors="replace"))
