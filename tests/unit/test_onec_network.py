"""Connections that fail, told apart; nothing that requests or urllib3 raise passes unmapped."""

import builtins
import http.client
import socket
from typing import Any

import pytest
import requests
import urllib3.exceptions

from astsync.errors import SourceError, SourceUnreachable
from astsync.sources.odata.source import ODataSource
from astsync.sources.web.network import connection_error
from astsync.sources.web.retrying import FEW, MANY, Patience
from tests.configs import source_config
from tests.unit.odata_source import pull
from tests.unit.stub_1c import QUICK, Server


def closed_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/trade"


def test_a_refused_connection_is_told_soon() -> None:
    waits: list[float] = []
    source = ODataSource(source_config(url=closed_port()), patience=Patience(sleep=waits.append))
    with pytest.raises(SourceUnreachable, match="refuses the connection"):
        list(source.pull())
    assert len(waits) == FEW - 1
    assert sum(waits) < 3


def test_a_name_that_is_not_known_is_told_at_once() -> None:
    waits: list[float] = []
    source = ODataSource(source_config(url="http://1c.invalid/trade"), patience=Patience(sleep=waits.append))
    with pytest.raises(SourceUnreachable, match=r"no host 1c\.invalid"):
        list(source.pull())
    assert waits == []


@pytest.mark.server
def test_a_server_without_tls_is_told(server: Server) -> None:
    with pytest.raises(SourceUnreachable, match="speaks no TLS") as caught:
        pull(server, url=server.url.replace("http:", "https:"))
    assert "http://" in caught.value.hint


@pytest.mark.parametrize(
    ("error", "text", "tries", "hint"),
    [
        (
            requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED: self-signed"),
            "not trusted",
            1,
            "REQUESTS_CA_BUNDLE",
        ),
        (requests.exceptions.SSLError("handshake failure"), "no TLS connection", 1, "certificate"),
        (requests.exceptions.ConnectTimeout("x"), "no connection in time", 1, "firewall"),
        (requests.exceptions.ReadTimeout("x"), "no answer within 5 s", FEW, "source.timeout"),
        (requests.exceptions.ConnectionError("Read timed out."), "no answer within 5 s", FEW, "source.timeout"),
        (requests.exceptions.ConnectionError("reset by peer"), "broke before an answer", FEW, "https://"),
        (requests.exceptions.InvalidURL("x"), "'1c' is no host that can be asked", 1, "source.url"),
        (requests.exceptions.TooManyRedirects("x"), "TooManyRedirects", 1, "source.url"),
    ],
)
def test_failures_of_the_network_are_told_apart(
    error: requests.RequestException, text: str, tries: int, hint: str
) -> None:
    told = connection_error(error, "1c", 5, reached=False)
    assert isinstance(told, SourceUnreachable)
    assert text in told.message
    assert told.tries == tries
    assert hint in told.hint


def test_a_server_that_answered_before_is_waited_for() -> None:
    refused = requests.exceptions.ConnectionError("NewConnectionError: refused")
    assert connection_error(refused, "1c", 5, reached=True).tries == MANY
    broken = connection_error(requests.exceptions.ConnectionError("reset by peer"), "1c", 5, reached=True)
    assert broken.tries == MANY
    assert "https" not in broken.hint


@pytest.mark.server
@pytest.mark.parametrize(
    "host",
    [
        "pbx..local",
        "1c:99999",
        "1c:x",
        "1c:-1",
        "1c..",
        ".",
        "*.1c",
        "x" * 300,
        "1c\u200b.local",
        "[::1%25]",
        "1c.\ud800",
    ],
)
def test_a_host_that_is_none_is_told(server: Server, host: str) -> None:
    config = server.config().model_copy(update={"url": f"http://{host}/trade"})
    with pytest.raises(SourceUnreachable) as caught:
        list(ODataSource(config, patience=QUICK).pull())
    assert "source.url" in caught.value.hint
    assert caught.value.message.isprintable()


def family(root: type[BaseException]) -> set[type[BaseException]]:
    return {root}.union(*(family(child) for child in root.__subclasses__()))


BELOW = [requests.RequestException, urllib3.exceptions.HTTPError, http.client.HTTPException]
RAISED = sorted(
    {*(kind for root in BELOW for kind in family(root)), OSError, ConnectionResetError, UnicodeError, ValueError},
    key=lambda kind: (kind.__module__, kind.__name__),
)


@pytest.mark.server
@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
@pytest.mark.parametrize("place", ["request", "body"])
def test_nothing_that_the_libraries_raise_passes_unmapped(
    server: Server, monkeypatch: pytest.MonkeyPatch, kind: type[BaseException], place: str
) -> None:
    error = kind.__new__(kind)
    partial = b"" if kind is http.client.IncompleteRead else 1
    vars(error).update(partial=partial, expected=2, length=b"x")  # what some of them show
    builtins.Exception.__init__(error, "an odd\nerror")

    def fail(*_: Any, **__: Any) -> Any:
        raise error

    target, name = {"request": (requests.Session, "request"), "body": (requests.Response, "iter_content")}[place]
    monkeypatch.setattr(target, name, fail)
    with pytest.raises(SourceError) as caught:
        pull(server)
    assert caught.value.hint
    assert caught.value.message.isprintable()
