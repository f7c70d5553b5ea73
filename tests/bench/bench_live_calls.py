"""``astsync serve`` with ``[serve.calls]``: how soon waiting clients hear of a call, and what many calls cost.

A long poll is measured from the moment when DialBegin comes out of Asterisk (seen by an AMI session of the bench) to
the moment when a client has its answer; so both sides have the same way to this process. Run: make bench-calls.
"""

import argparse
import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk, find_installation
from tests.bench import serving
from tests.bench.calls import quantile
from tests.bench.figures import say, say_machine, say_table
from tests.bench.proc import cpu_seconds, memory

CLIENTS, CALLS = 200, 50
WAKE = 0.1
"""The goal: seconds from DialBegin to the answer, at the 99th of 100."""
RATE, MINUTES = 50, 10
"""Calls a second, and for how long, for CPU and memory."""

_FOLLOWS = ManagerUser("astsync", "system", "call")
_LOOKS_ON = ManagerUser("bench", "originate", "call")
_DIALPLAN = """
[from-carrier]
exten => _X.,1,Dial(Local/202@desks/n,1)
[desks]
exten => 202,1,Ringing()
 same => n,Wait(0.5)
"""
_PATIENCE = 60.0


class Ami:
    """An AMI session that places calls and notes when their DialBegin comes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.rang: dict[str, float] = {}
        """When a call from this number rang the desk, by ``time.perf_counter``."""

    def send(self, **headers: str) -> None:
        self._writer.write("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")

    def call(self, number: str) -> None:
        """Place a call from this number."""
        self.send(
            Action="Originate",
            Channel="Local/84955550100@from-carrier/n",
            Application="Wait",
            Data="2",
            CallerID=number,
            Async="true",
        )

    async def listen(self) -> None:
        """Read until the connection ends."""
        while packet := await self._reader.readuntil(b"\r\n\r\n"):
            now = time.perf_counter()
            if packet.startswith(b"Event: DialBegin") and b"DestChannel: Local/202@" in packet:
                number = packet.partition(b"CallerIDNum: ")[2].partition(b"\r")[0].decode()
                self.rang.setdefault(number, now)


@asynccontextmanager
async def ami(pbx: PrivateAsterisk) -> AsyncIterator[Ami]:
    reader, writer = await asyncio.open_connection(pbx.host, pbx.port, limit=1 << 20)
    await reader.readline()
    session = Ami(reader, writer)
    session.send(Action="Login", Username=_LOOKS_ON.name, Secret=pbx.secret_of(_LOOKS_ON.name))
    listening = asyncio.create_task(session.listen())
    try:
        yield session
    finally:
        listening.cancel()
        writer.close()


async def poll(port: int, number: str, known: str) -> tuple[float, str]:
    """Wait for a call from a number; give when its answer was there, and the call's id."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        target = f"/api/v1/calls/incoming?phone={number}&wait=60&after={known}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        return time.perf_counter(), orjson.loads(body)["calls"][0]["id"]
    finally:
        writer.close()


async def wakes(place: serving.Place, pbx: PrivateAsterisk, clients: int, calls: int) -> list[float]:
    """The seconds of each client for each call."""
    seconds: list[float] = []
    async with ami(pbx) as session:
        await asyncio.sleep(1)  # the login of the bench; it is no time that is measured
        for count in range(calls):
            number = f"7495555{count:04}"
            waiting = [asyncio.create_task(poll(place.http, number, "")) for _ in range(clients)]
            await asyncio.sleep(0.5)  # until all of them wait
            session.call(number)
            async with asyncio.timeout(_PATIENCE):
                answers = await asyncio.gather(*waiting)
            while number not in session.rang:
                await asyncio.sleep(0.01)
            seconds += [max(at - session.rang[number], 0.0) for at, _ in answers]
    return seconds


async def many_calls(pbx: PrivateAsterisk, rate: int, seconds: float) -> int:
    """Place so many calls a second for a while; give how many rang."""
    async with ami(pbx) as session:
        begun, numbers = time.monotonic(), itertools.count()
        while time.monotonic() - begun < seconds:
            number = next(numbers)
            session.call(f"7495{number % 10_000_000:07}")
            await asyncio.sleep(max(begun + number / rate - time.monotonic(), 0))
        await asyncio.sleep(2)  # until the last ones rang
        return len(session.rang)


@contextmanager
def served(pbx: PrivateAsterisk, folder: Path) -> Iterator[tuple[serving.Place, int]]:
    """``astsync serve`` that follows the calls of this PBX, and its process."""
    more = "allow = ['127.0.0.0/8']\n[serve.calls]\nfollow = true\n"
    place = serving.prepare(folder, 1_000, more=more, pbx=pbx)
    with serving.astsync(place, ["serve"], folder / "serve.log") as process:
        end = time.monotonic() + _PATIENCE
        while _FOLLOWS.name not in pbx.console("manager show connected"):
            if time.monotonic() > end:
                raise SystemExit((folder / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        yield place, process.pid


def _long_polls(installation: Installation, clients: int, calls: int) -> None:
    with TemporaryDirectory() as folder, _asterisk(installation) as pbx, served(pbx, Path(folder)) as (place, _):
        seconds = asyncio.run(wakes(place, pbx, clients, calls))
    p50, p99 = quantile(seconds, 0.5), quantile(seconds, 0.99)
    rows = [
        [f"{clients} clients, {calls} calls", f"{p50 * 1000:.1f}", f"{p99 * 1000:.1f}", f"{max(seconds) * 1000:.1f}"]
    ]
    say_table("A long poll, from DialBegin to the answer", ("", "p50 ms", "p99 ms", "max ms"), rows)
    say(f"  p99 goal {WAKE * 1000:g} ms: {'holds' if p99 <= WAKE else 'DOES NOT HOLD'}")


def _load(installation: Installation, rate: int, minutes: float) -> None:
    with TemporaryDirectory() as folder, _asterisk(installation) as pbx, served(pbx, Path(folder)) as (_, pid):
        rows, minute = [], 0
        while minute < minutes:
            before, asterisk = cpu_seconds(pid), cpu_seconds(pbx.pid or 0)
            rang = asyncio.run(many_calls(pbx, rate, 60))
            cpu, of_asterisk = cpu_seconds(pid) - before, cpu_seconds(pbx.pid or 0) - asterisk
            minute += 1
            costs = [f"{each / max(rang, 1) * 1000:.2f}" for each in (cpu, of_asterisk)]
            rows.append([f"minute {minute}", f"{rang / 60:.1f}", *costs, f"{cpu / 60:.0%}", f"{memory(pid):.1f}"])
    head = ("", "calls/s", "CPU ms a call: serve", "Asterisk", "of a core: serve", "MB")
    say_table(f"{rate} calls a second", head, rows)


def _asterisk(installation: Installation) -> PrivateAsterisk:
    users = (_FOLLOWS, _LOOKS_ON)
    return PrivateAsterisk(installation, users=users, dialplan=_DIALPLAN, modules=["bridge_simple"])


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_live_calls", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"waiting clients, default {CLIENTS}")
    parser.add_argument("--calls", type=int, default=CALLS, help=f"calls, default {CALLS}")
    parser.add_argument("--rate", type=int, default=RATE, help=f"calls a second, default {RATE}")
    parser.add_argument("--minutes", type=float, default=0, help=f"of calls at that rate; {MINUTES} is the whole")
    options = parser.parse_args()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    say_machine(f"Asterisk {installation.version}", "astsync serve follows the calls")
    _long_polls(installation, options.clients, options.calls)
    if options.minutes:
        _load(installation, options.rate, options.minutes)
    say()


if __name__ == "__main__":
    main()
