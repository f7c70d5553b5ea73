"""Asks a server directly for callers that it knows, over FastAGI and HTTP in turns, a connection each as Asterisk does.

One at a time and with pauses: what is timed is how soon a call goes on, not how many could be answered.
"""

import random
import re
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.bench.calls import quantile
from tests.bench.serving import HOST, Place

FASTAGI, HTTP = "FastAGI", "HTTP"
_PAUSE = 0.003
_PATIENCE = 15.0
_ENVIRONMENT = """\
agi_network: yes
agi_request: agi://127.0.0.1/
agi_channel: Local/100@bench-00000001;2
agi_language: en
agi_type: Local
agi_uniqueid: 1764382471.1
agi_version: 22.10.1
agi_callerid: {}
agi_calleridname: CARRIER
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: unknown
agi_rdnis: unknown
agi_context: bench
agi_extension: 100
agi_priority: 3
agi_enhanced: 0.0
agi_accountcode:
agi_threadid: 140000000000000

"""


@dataclass
class Hits:
    """The seconds of each answer by face, and how many had no name."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {FASTAGI: [], HTTP: []})
    nameless: int = 0

    def row(self, name: str, face: str) -> list[str]:
        """Make a table's row."""
        values = self.seconds[face]
        figures = (quantile(values, share) * 1000 for share in (0.5, 0.99, 1))
        slow = sum(value > 0.005 for value in values) / max(len(values), 1)
        return [name, face, f"{len(values):,}", *(f"{value:,.2f}" for value in figures), f"{slow:.2%}"]


def over_agi(port: int, number: str) -> bool:
    """Ask over FastAGI as Asterisk does, until the connection ends; tell whether a name came."""
    named = False
    with socket.create_connection((HOST, port), timeout=_PATIENCE) as connection:
        connection.sendall(_ENVIRONMENT.format(number).encode())
        with connection.makefile("rb") as lines:
            for line in lines:
                named |= b"CALLERID(name)" in line
                connection.sendall(b"200 result=1\n")
    return named


def over_http(port: int, number: str) -> bool:
    """Ask over HTTP as CURL() does; tell whether a name came."""
    asked = f"GET /lookup?number={number} HTTP/1.1\r\nHost: {HOST}:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    with socket.create_connection((HOST, port), timeout=_PATIENCE) as connection:
        connection.sendall(asked.encode())
        with connection.makefile("rb") as answer:
            return re.match(rb"HTTP/1.1 200 .*\r\n\r\n.", answer.read(), re.DOTALL) is not None


def ask(place: Place, numbers: Sequence[str], until: Callable[[], bool]) -> Hits:
    """Ask for random ones of these numbers until it is time to end. Errors count as nameless."""
    hits, faces = Hits(), ((FASTAGI, over_agi, place.agi), (HTTP, over_http, place.http))
    while not until():
        for face, over, port in faces:
            start = time.perf_counter()
            try:
                hits.nameless += not over(port, random.choice(numbers))
            except OSError:
                hits.nameless += 1
            hits.seconds[face].append(time.perf_counter() - start)
            time.sleep(_PAUSE)
    return hits
