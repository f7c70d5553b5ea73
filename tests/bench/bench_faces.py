"""CPU of one lookup, by FastAGI and HTTP: our servers beside plain aiohttp and panoramisk. Run: make bench.

Each server is a process that knows one name, asked directly and without Asterisk, a connection a request as Asterisk
does. All take turns in every round, in an order drawn anew. What counts is the CPU of the server: that of its clients,
and how busy the machine is, is not in it.
"""

import argparse
import random
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.face_servers import NAME
from tests.bench.figures import median, say, say_machine, say_table, spread
from tests.bench.peers import PROJECT, NotMeasured, environment

ROUNDS, REQUESTS, AT_ONCE, FLOOD = 5, 4_000, 8, 10_000
# As Asterisk 22 sends them.
VARIABLES = b"".join(
    b"agi_%b\n" % line
    for line in (
        b"network: yes", b"network_script: lookup", b"request: agi://127.0.0.1:4573/lookup",
        b"channel: PJSIP/trunk-00000001", b"language: en", b"type: PJSIP", b"uniqueid: 1700000000.1",
        b"version: 22.10.1", b"callerid: 74955550142", b"calleridname: 74955550142", b"callingpres: 0",
        b"callingani2: 0", b"callington: 0", b"callingtns: 0", b"dnid: 100", b"rdnis: unknown", b"context: incoming",
        b"extension: 100", b"priority: 1", b"enhanced: 0.0", b"accountcode: ", b"threadid: 140000000000000",
    )
)  # fmt: skip
ENVIRONMENT = VARIABLES + b"\n"
REQUEST = b"GET /lookup?number=74955550142 HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: asterisk\r\nAccept: */*\r\n\r\n"

Ask = Callable[[int], None]


def ask_agi(port: int) -> None:
    """Ask as Asterisk does, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client, client.makefile("rb") as lines:
        client.sendall(ENVIRONMENT)
        told = []
        while line := lines.readline():
            told.append(line)
            client.sendall(b"200 result=1\n")
            if len(told) == 2:
                break
        assert NAME.encode() in told[0], told
        assert lines.read() == b""


def ask_http(port: int) -> None:
    """Ask as Asterisk's CURL does: it closes when it has the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(REQUEST)
        answer = client.recv(65_536)
        while not answer.endswith(NAME.encode()):
            more = client.recv(65_536)
            assert more, answer
            answer += more


@dataclass
class Served:
    """A server, how it is asked, and its CPU µs a request of each round."""

    name: str
    command: Callable[[], list[str]]
    ask: Ask
    micros: list[float] = field(default_factory=list)
    fault: str = ""
    port: int = 0
    process: subprocess.Popen[str] | None = None

    def start(self, stack: ExitStack) -> None:
        """Start the process."""
        try:
            command = self.command()
        except NotMeasured as reason:
            self.fault = str(reason)
            return
        pipe = subprocess.PIPE
        self.process = stack.enter_context(subprocess.Popen(command, cwd=PROJECT, stdin=pipe, stdout=pipe, text=True))
        stack.callback(self.process.kill)
        self.port = int(self._line())

    def play(self, requests: int) -> None:
        """Ask so often, and keep the CPU of it."""
        if self.fault:
            return
        before = self._cpu()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(lambda _: self.ask(self.port), range(requests)):
                pass
        self.micros.append((self._cpu() - before) / requests * 1e6)

    def _cpu(self) -> float:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout.readline()


def _own(kind: str) -> Callable[[], list[str]]:
    return lambda: [sys.executable, "-m", "tests.bench.face_servers", kind]


def _panoramisk() -> list[str]:
    python: Path = environment("panoramisk", "panoramisk==1.4")
    return [str(python), "-W", "ignore", "-m", "tests.bench.peer_panoramisk_agi"]


def flooded(port: int) -> None:
    """Hold many connections from another address, and print the slowest of the calls meanwhile."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients, slowest = [], 0.0
    try:
        for at in range(min(FLOOD, hard - 200)):
            clients.append(client := socket.socket())
            client.bind(("127.0.0.2", 0))
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
            if at % 100 == 0:
                started = time.perf_counter()
                ask_agi(port)
                slowest = max(slowest, time.perf_counter() - started)
    finally:
        for client in clients:
            client.close()
    say(f"{len(clients):,} connections of one client; the slowest call of another meanwhile: {slowest * 1e3:,.0f} ms")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    chosen, _ = parser.parse_known_args(arguments)
    say_machine(f"{chosen.rounds} rounds of {chosen.requests:,} requests, {AT_ONCE} at once")
    ours_agi, ours_http = (
        Served("astsync: FastAGI", _own("agi"), ask_agi),
        Served("astsync: HTTP", _own("http"), ask_http),
    )
    aiohttp, panoramisk = (
        Served("plain aiohttp", _own("aiohttp"), ask_http),
        Served("panoramisk 1.4: FastAGI", _panoramisk, ask_agi),
    )
    every = [ours_agi, ours_http, aiohttp, panoramisk]
    with ExitStack() as stack:
        for served in every:
            served.start(stack)
            served.play(chosen.requests // 10)  # not counted: caches warm up
            served.micros.clear()
        for _ in range(chosen.rounds):
            for served in random.sample(every, len(every)):
                served.play(chosen.requests)
        flooded(ours_agi.port)
    own = median(ours_agi.micros)
    rows = [
        (one.name, one.fault or f"{median(one.micros):,.0f}", spread(one.micros), f"{median(one.micros) / own:.1f}")
        for one in every
    ]
    say_table("CPU µs a request of the server", ("", "median", "rounds", "of ours"), rows)


if __name__ == "__main__":
    main()
