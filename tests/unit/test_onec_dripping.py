"""A server that is silent, or drips, is given up in the time that is configured, wherever it does so, by every kind."""

import gzip
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from astsync.errors import SourceBadAnswer, SourceError, SourceFailure, SourceLoginError, SourceUnreachable
from astsync.sources import Source
from astsync.sources.http.source import HttpSource
from astsync.sources.odata.source import ODataSource
from astsync.sources.soap.source import SoapSource
from astsync.sources.web.retrying import Patience
from astsync.stopping import NEVER, Stopping
from tests.configs import source_config
from tests.unit.dripping import Drip, Script, dripping
from tests.unit.soap_service import SHIPPED

pytestmark = pytest.mark.server

TIMEOUT = 4.0  # a busy machine must have begun to answer by then
ONCE = Patience(all_waits=0)
"""A request is not tried again."""

BOUND = 60  # seconds, on a busy machine; without a clock each of these lasts for ever
OK = b"HTTP/1.1 200 OK\r\n"
JSON = OK + b"Content-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = JSON + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
NAMED_GZIP = GZIP + b"\x1f\x8b\x08\x08\0\0\0\0\0\x03"  # a name follows, up to a zero byte
SLOW = (SourceUnreachable, r"began to answer and then came too slowly: [\d,]+ bytes? in \d+\.\d s")
SILENT = (SourceUnreachable, f"gave no answer within {TIMEOUT:.0f} s")
ENDLESS = (SourceBadAnswer, "has no end")

CASES: dict[str, tuple[Drip, tuple[type[SourceError], str]]] = {
    "silent": (Drip(), SILENT),
    "a status line": (Drip(b"HTTP/1.1 2", b"0"), SLOW),
    "a header": (Drip(OK + b"X: ", b"x"), SLOW),
    "headers": (Drip(OK, b"X: x\r\n"), SLOW),
    "a body with a length": (Drip(JSON + b"Content-Length: 100000\r\n\r\n{", b" "), SLOW),
    "a body to the end": (Drip(JSON + b"Connection: close\r\n\r\n{", b" "), SLOW),
    "a large chunk": (Drip(CHUNKED + b"fffff\r\n{", b" "), SLOW),
    "a chunk's size": (Drip(CHUNKED, b"0"), SLOW),
    "chunks of a byte": (Drip(CHUNKED, b"1\r\n \r\n"), SLOW),
    "an extension of a chunk": (Drip(CHUNKED + b"5;", b"x"), SLOW),
    "trailers": (Drip(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: x\r\n"), SLOW),
    "100 Continue": (Drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), SLOW),
    "a gzip file's name": (Drip(NAMED_GZIP, b"x"), SLOW),
    "a wrong login": (
        Drip(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 100000\r\n\r\n", b" "),
        (SourceLoginError, "refused the login"),
    ),
    "a failure": (
        Drip(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100000\r\n\r\n", b" "),
        (SourceFailure, "failed inside"),
    ),
    "a redirect": (
        Drip(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 100000\r\n\r\n", b" "),
        (SourceBadAnswer, "is a redirect to"),
    ),
}

FLOODS: dict[str, tuple[Drip, tuple[type[SourceError], str]]] = {
    "a redirect": (
        Drip(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nConnection: close\r\n\r\n", b" ", 0),
        (SourceBadAnswer, "is a redirect to"),
    ),
    "100 Continue": (Drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0), ENDLESS),
    "trailers": (Drip(CHUNKED + b"0\r\n", b"X: x\r\n", 0), ENDLESS),
    "a gzip file's name": (Drip(NAMED_GZIP, b"x", 0), ENDLESS),
}


def odata(place: str, timeout: float = TIMEOUT) -> Source:
    return ODataSource(source_config(url=f"http://{place}/trade", timeout=timeout), patience=ONCE)


def http(place: str, timeout: float = TIMEOUT, patience: Patience = ONCE, scheme: str = "http") -> Source:
    config = source_config(kind="http", url=f"{scheme}://{place}/trade", timeout=timeout)
    return HttpSource(config, patience=patience)


def soap(place: str, timeout: float = TIMEOUT) -> Source:
    section = {"wsdl": f"http://{place}/trade/ws/astsync?wsdl", "cache_hours": 0}
    config = source_config(kind="soap", url=f"http://{place}/trade", timeout=timeout, soap=section)
    return SoapSource(config, patience=ONCE)


def always(drip: Drip, _asked: bytes) -> Drip:
    return drip


def calls_alone(drip: Drip, asked: bytes) -> Drip:
    """Answer for the WSDL well."""
    good = OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(SHIPPED) + SHIPPED
    return Drip(good) if asked.startswith(b"GET") else drip


def imports_alone(drip: Drip, asked: bytes) -> Drip:
    """Answer for the WSDL well, which imports another one."""
    space = b'xmlns="http://schemas.xmlsoap.org/wsdl/" targetNamespace="urn:x"'
    wsdl = b'<definitions %s><import namespace="urn:y" location="more.wsdl"/></definitions>' % space
    good = OK + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(wsdl) + wsdl
    return Drip(good) if b"?wsdl" in asked.partition(b"\r\n")[0] else drip


WAYS: dict[str, tuple[Callable[..., Source], Callable[[Drip, bytes], Drip]]] = {
    "odata": (odata, always),
    "http": (http, always),
    "soap": (soap, calls_alone),
    "the WSDL": (soap, always),
    "what the WSDL imports": (soap, imports_alone),
}


def failure(source: Source, stopping: Stopping = NEVER) -> tuple[SourceError, float]:
    """Give the error that a pull ends with, and the seconds until then."""
    started = time.monotonic()
    with pytest.raises(SourceError) as caught:
        list(source.pull(stopping=stopping))
    return caught.value, time.monotonic() - started


@pytest.fixture
def served() -> Iterator[Callable[[Script], str]]:
    """Make servers; each gives its host and port."""
    with ExitStack() as stack:
        yield lambda script: stack.enter_context(dripping(script)).place


@pytest.mark.parametrize("way", WAYS)
def test_a_server_that_drips_is_given_up(way: str, served: Callable[[Script], str]) -> None:
    make, answers = WAYS[way]
    cases = {name: drip for name, (drip, _) in CASES.items()}
    if way == "odata":
        del cases["a failure"]  # the catalogs are asked themselves then, each under a clock of its own
    sources = {name: make(served(partial(answers, drip))) for name, drip in cases.items()}
    with ThreadPoolExecutor(len(sources)) as pool:
        failures = dict(zip(sources, pool.map(failure, sources.values()), strict=True))
    for name, (error, seconds) in failures.items():
        kind, words = CASES[name][1]
        assert (name, type(error)) == (name, kind)
        assert re.search(words, error.message), (name, error.message)
        assert error.hint, name
        assert seconds < BOUND, name


@pytest.mark.parametrize("name", FLOODS)
def test_what_comes_fast_and_is_no_answer_is_given_up(name: str, served: Callable[[Script], str]) -> None:
    drip, (kind, words) = FLOODS[name]
    error, _ = failure(http(served(partial(always, drip)), timeout=120))
    assert type(error) is kind
    assert re.search(words, error.message)


def test_a_long_list_that_comes_steadily_is_read_whole(served: Callable[[Script], str]) -> None:
    start = JSON + b'Connection: close\r\n\r\n[{"Name": "A", "Phones": "1"}'
    record = b',{"Name": "A", "Phones": "1", "Notes": "' + b"x" * 65536 + b'"}'
    place = served(lambda _asked: Drip(start, record, 0.1, 15, b"]"))
    started = time.monotonic()
    assert list(http(place, timeout=1).pull())
    assert time.monotonic() - started > 1


def test_a_handshake_that_drips_is_given_up(served: Callable[[Script], str]) -> None:
    place = served(lambda _asked: Drip(b"\x16\x03\x03\x3f\xff\x02\0\x3f\xfb", b"\0"))
    error, seconds = failure(http(place, scheme="https"))
    assert "did not end the handshake of TLS in time" in error.message
    assert seconds < BOUND


def test_a_record_of_tls_that_drips_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ca, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    ca.issue_cert("127.0.0.1").configure_cert(tls)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with dripping(lambda _asked: Drip(JSON + b"Content-Length: 9999\r\n\r\n", b" "), tls) as server:
        error, seconds = failure(http(server.place, scheme="https"))
    assert re.search(SLOW[1], error.message)
    assert seconds < BOUND


# --- the way to the server


@pytest.fixture
def silent_address() -> Iterator[tuple[str, int]]:
    """An address that answers no connection: the queue of its listener is full."""
    with socket.socket() as listener, ExitStack() as queued:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        place: tuple[str, int] = listener.getsockname()
        for _ in range(4):
            waiting = queued.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        yield place


def resolves_to(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)


def test_many_silent_addresses_take_no_longer_than_one(
    silent_address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolves_to(monkeypatch, *[silent_address] * 200)
    error, seconds = failure(http("1c.example.local"))
    assert "no connection in time" in error.message
    assert seconds < BOUND


def test_a_silent_address_leaves_time_for_the_next_one(
    silent_address: tuple[str, int], served: Callable[[Script], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(
        served(lambda _asked: Drip(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n", times=0)).partition(":")[2]
    )
    resolves_to(monkeypatch, silent_address, ("127.0.0.1", port))
    error, _ = failure(http("1c.example.local"))
    assert "HTTP 404" in error.message


def test_a_resolver_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: Any, **__: Any) -> Any:
        over.wait(60)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    error, seconds = failure(http("1c.example.local"))
    over.set()
    assert error.message == "the name 1c.example.local was not resolved in time"
    assert seconds < BOUND


# --- the run


@pytest.mark.parametrize("drip", [Drip(), Drip(JSON + b"Content-Length: 9\r\n\r\n", b" ")], ids=["silent", "begun"])
@pytest.mark.parametrize("asked", [False, True], ids=["its time is over", "it is asked to end"])
def test_the_end_of_the_run_ends_a_wait(drip: Drip, asked: bool, served: Callable[[Script], str]) -> None:
    stopping = Stopping(None if asked else 0.3)
    drip = Drip(drip.start, drip.unit, 60)
    timer = threading.Timer(0.3, stopping.set)
    timer.start()
    error, seconds = failure(http(served(lambda _asked: drip), timeout=120), stopping)
    timer.join()
    assert "until the run had to end" in error.message
    assert (error.tries, seconds < BOUND) == (1, True)


@pytest.mark.parametrize("way", WAYS)
def test_a_check_waits_no_longer_than_it_may(way: str, served: Callable[[Script], str]) -> None:
    make, answers = WAYS[way]
    source = make(served(partial(answers, Drip(JSON + b"Content-Length: 9\r\n\r\n", b" ", 60))), timeout=120)
    started = time.monotonic()
    last = list(source.check(Stopping(0.3)))[-1]
    assert (last.good, "until the run had to end" in last.words) == (False, True)
    assert time.monotonic() - started < BOUND


def test_the_end_of_the_run_ends_the_waits_between_tries(served: Callable[[Script], str]) -> None:
    busy = Drip(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    error, seconds = failure(
        http(served(lambda _asked: busy), patience=Patience(first=60, longest=60, all_waits=300)), Stopping(0.3)
    )
    assert "HTTP 503" in error.message
    assert seconds < BOUND


def test_the_end_of_the_run_ends_a_packed_list_of_which_all_bytes_have_come(served: Callable[[Script], str]) -> None:
    record = b'{"Name": "%06d", "Phones": "1", "DeletionMark": true},'
    packed = gzip.compress(b"[" + b"".join(record % number for number in range(100_000)) + b"0]")
    place = served(lambda _asked: Drip(GZIP + packed, b"", times=0))
    stopping = Stopping()

    def stop(*_progress: object) -> None:
        stopping.set()

    with pytest.raises(SourceUnreachable, match="until the run had to end"):
        list(http(place, timeout=120).pull(stop, stopping))


def test_the_end_of_the_run_ends_a_list_of_which_nothing_is_given(served: Callable[[Script], str]) -> None:
    start = JSON + b'Connection: close\r\n\r\n[{"Name": "A", "Phones": "1", "DeletionMark": true}'
    record = b',{"Name": "A", "Phones": "1", "DeletionMark": true}'
    place = served(lambda _asked: Drip(start, record, 0))
    error, seconds = failure(http(place, timeout=120), Stopping(0.5))
    assert "until the run had to end" in error.message
    assert seconds < BOUND
