"""HTTP on real sockets: what a dialplan gets, what a monitor gets, and what hostile clients get."""

import asyncio
import json
import logging
import socket
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from astsync.lookup import web
from tests.unit.faces import GET, NAME, NUMBER, Faces, environment, play

pytestmark = pytest.mark.server

CLOSE = b"Connection: close\r\n\r\n"
JSON = b"Accept: application/json\r\n"


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """The status, the headers by their small names, and the body of an answer that ends with its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body


async def ask(faces: Faces, target: str, more: bytes = b"", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    return parts(await faces.http(f"{method} {target} HTTP/1.1\r\nHost: x\r\n".encode() + more + CLOSE))


def test_a_known_caller_is_the_name_alone() -> None:
    async def story(faces: Faces) -> None:
        status, headers, body = await ask(faces, f"/lookup?number={NUMBER}")
        assert (status, body) == (200, NAME.encode())
        assert headers["content-type"] == "text/plain; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        faces.names.name = 'ООО «Ромашка» "a"'
        assert (await ask(faces, f"/lookup?number={NUMBER}"))[2] == faces.names.name.encode()
        assert 0.5 < faces.names.left[0] <= 1
        assert faces.figure('astsync_lookups_total{face="http",origin="snapshot"}') == 2

    play(story)


def test_an_unknown_caller_is_an_empty_body() -> None:
    async def story(faces: Faces) -> None:
        faces.names.name = ""
        status, headers, body = await ask(faces, f"/lookup?number={NUMBER}")
        assert (status, headers["content-length"], body) == (200, "0", b"")
        _, _, body = await ask(faces, f"/lookup?number={NUMBER}", JSON)
        assert json.loads(body) == {"number": NUMBER, "name": None, "origin": None}

    play(story)


@pytest.mark.parametrize(
    ("accepted", "wants_json"),
    [
        ("application/json", True), ("application/json;q=0.9, */*;q=0.8", True),
        ("Application/JSON; charset=utf-8", True),
        ("*/*", False), ("text/plain, application/json;q=0.5", False), ("application/json;q=0", False),
        ("application/json;q=x", False), ("text/html", False), ("", False), (",;,=;q", False),
    ],
)  # fmt: skip
def test_json_is_for_who_asks_for_it(accepted: str, wants_json: bool) -> None:
    async def story(faces: Faces) -> None:
        _, headers, body = await ask(faces, f"/lookup?number={NUMBER}", f"Accept: {accepted}\r\n".encode())
        assert headers["content-type"] == ("application/json" if wants_json else "text/plain; charset=utf-8")
        if wants_json:
            assert json.loads(body) == {"number": NUMBER, "name": NAME, "origin": "snapshot"}

    play(story)


def test_json_has_the_extension_where_one_is_told() -> None:
    async def story(faces: Faces) -> None:
        faces.names.extension = "101"
        _, _, body = await ask(faces, f"/lookup?number={NUMBER}", b"Accept: application/json\r\n")
        assert json.loads(body)["extension"] == "101"
        _, _, body = await ask(faces, f"/lookup?number={NUMBER}", b"")
        assert body == NAME.encode()

    play(story)


@pytest.mark.parametrize(
    ("query", "caller"),
    [
        (f"number={NUMBER}", NUMBER), (f"number=+{NUMBER}", f"+{NUMBER}"), (f"number=%2B{NUMBER}", f"+{NUMBER}"),
        ("number=8+(495)+555-01-42", "8 (495) 555-01-42"), ("number=%208%20(495)", "8 (495)"), ("a=b&number=1&c", "1"),
        ("number=8-10-375+29", "8-10-375 29"), ("number=anonymous", "anonymous"),
        ("number=../../etc/passwd", "../../etc/passwd"),
        ("number=1%0d%0aX:%20y", "1\r\nX: y"), ("number=%FF1", "\ufffd1"), ("number=%zz", "%zz"),
        ("number=", ""), ("number=%20", ""),
        ("number=" + "%D0%AF" * 64, "Я" * 64), ("number=1=2", "1=2"), ("number=1;number=2", "1;number=2"),
    ],
)  # fmt: skip
def test_a_number_in_any_spelling_is_asked_as_it_is(query: str, caller: str) -> None:
    async def story(faces: Faces) -> None:
        assert (await ask(faces, f"/lookup?{query}"))[0] == 200
        assert faces.names.asked == [caller]

    play(story)


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/lookup", "GET", 400), ("/lookup?", "GET", 400),
        ("/lookup?number=1&number=2", "GET", 400), ("/lookup?Number=1", "GET", 400),
        ("/lookup?number=" + "7" * 65, "GET", 413), ("/lookup?number=" + "%37" * 600, "GET", 413),
        ("/lookup?number=" + "7" * 65_536, "GET", 400), ("/", "GET", 404), ("/lookup/", "GET", 404),
        ("/../lookup", "GET", 404),
        ("/lookup/../metrics/x?number=1", "GET", 404), ("/LOOKUP?number=1", "GET", 404), ("*", "OPTIONS", 404),
        ("/lookup?number=1", "POST", 405), ("/lookup?number=1", "DELETE", 405), ("/lookup?number=1", "OPTIONS", 405),
        ("/healthz", "PUT", 405), ("/lookup?number=1", "BREW", 400),
    ],
)  # fmt: skip
@pytest.mark.parametrize("more", [b"", JSON], ids=["text", "json"])
def test_an_error_is_no_name_and_one_line_of_the_log(
    target: str, method: str, status: int, more: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(faces: Faces) -> None:
        told, headers, body = await ask(faces, target, more, method)
        assert told == status
        assert headers["x-error"]
        assert body == b"" or (more and json.loads(body) == {"error": headers["x-error"]})
        assert faces.names.asked == []
        assert (status == 405) == ("allow" in headers)
        for _ in range(3):
            await ask(faces, target, more, method)
        counted = [faces.figure(f'astsync_clients_refused_total{{reason="{why}"}}') for why in ("request", "garbage")]
        assert sum(counted) == 4

    play(story)
    (line,) = caplog.messages
    assert line.startswith("a client at 127.0.0.1 was refused: it ")
    assert "777" not in line


def test_raw_bytes_that_are_no_text_are_no_fault() -> None:
    async def story(faces: Faces) -> None:
        answer = await faces.http(b"GET /lookup?number=7\xff HTTP/1.1\r\nHost: x\r\n" + JSON + CLOSE)
        assert parts(answer)[0] in {200, 400}
        assert faces.figure('astsync_lookups_total{face="http",origin="snapshot"}') == (b" 200 " in answer[:20])

    play(story)


def test_head_tells_what_get_would() -> None:
    async def story(faces: Faces) -> None:
        for target in ("/lookup?number=1", "/healthz", "/metrics"):
            status, headers, body = await ask(faces, target, method="HEAD")
            assert (status, body) == (200, b"")
            assert int(headers["content-length"]) > 0

    play(story)


@pytest.mark.parametrize("target", ["/lookup?number=1", "/healthz", "/metrics", "/nothing"])
@pytest.mark.parametrize("sent", [b"", b"garbage\r\n\r\n"])
def test_no_answer_names_libraries_or_versions(target: str, sent: bytes) -> None:
    async def story(faces: Faces) -> None:
        answer = await faces.http(sent or f"GET {target} HTTP/1.1\r\nHost: x\r\n".encode() + CLOSE)
        assert b"aiohttp" not in answer.lower().partition(b"\r\n\r\n")[0]
        assert b"python" not in answer.lower().partition(b"\r\n\r\n")[0]

    play(story)


def test_a_token_is_needed_but_for_the_health() -> None:
    async def story(faces: Faces) -> None:
        for more in (
            b"", b"Authorization: Bearer\r\n", b"Authorization: Bearer wrong\r\n",
            "Authorization: Basic secret-я\r\n".encode(),
            b"Authorization: secret\r\n", "Authorization: Bearer секрет\r\n".encode(),
            b"Authorization: Bearer \xff\r\n",
            b"Authorization: Bearer secret-\xd1\x8f\r\nAuthorization: Bearer x\r\n",
        ):  # fmt: skip
            for target in ("/lookup?number=1", "/metrics", "/lookup"):
                status, headers, body = await ask(faces, target, more)
                assert (status, body, headers["www-authenticate"]) == (401, b"", "Bearer")
        assert faces.names.asked == []
        assert (await ask(faces, "/healthz"))[0] == 200
        for scheme in ("Bearer", "bearer", "BEARER "):
            more = f"Authorization: {scheme} secret-я\r\n".encode()
            assert (await ask(faces, "/lookup?number=1", more))[2] == NAME.encode()
            assert (await ask(faces, "/metrics", more))[0] == 200

    play(story, token="secret-я")


def test_who_asks_too_often_is_told_to_wait(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        answers = [await ask(faces, "/lookup?number=1") for _ in range(14)]
        assert [status for status, _, _ in answers].count(429) >= 3
        status, headers, body = answers[-1]
        assert (status, headers["retry-after"], body) == (429, "1", b"")

    play(story, rate=1)
    assert caplog.text.count("serve.rate") == 1


def test_the_health_tells_nothing_personal_and_503_when_ill() -> None:
    async def story(faces: Faces) -> None:
        status, headers, body = await ask(faces, "/healthz")
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body) == {
            "status": "ok", "store": "read", "snapshot_age_seconds": 60, "breaker": "closed", "up_seconds": 5,
            "calls": {},
        }  # fmt: skip
        faces.health = replace(faces.health, breaker_open=True, snapshot_age=None)
        status, _, body = await ask(faces, "/healthz")
        assert (status, json.loads(body)["breaker"], json.loads(body)["snapshot_age_seconds"]) == (200, "open", None)
        faces.health = replace(faces.health, store_read=False)
        status, _, body = await ask(faces, "/healthz")
        assert (status, json.loads(body)["status"], json.loads(body)["store"]) == (503, "failed", "unreadable")

    play(story)


def test_the_figures_hold_no_number_and_no_name() -> None:
    async def story(faces: Faces) -> None:
        await ask(faces, f"/lookup?number={NUMBER}")
        await faces.agi_talk(environment())
        status, headers, body = await ask(faces, "/metrics")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        assert b'astsync_lookups_total{face="http",origin="snapshot"} 1.0\n' in body
        assert b"\nastsync_connections 1.0\n" in body
        assert NUMBER.encode() not in body
        assert NAME.encode() not in body

    play(story)


def test_a_fault_of_ours_shows_no_text(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        faces.names.fault = ValueError(f"of {NUMBER}")
        status, headers, body = await ask(faces, f"/lookup?number={NUMBER}")
        assert (status, headers["x-error"], body) == (500, "internal error", b"")

    with caplog.at_level(logging.DEBUG):
        play(story)
    assert NUMBER not in caplog.text
    assert "ValueError" in caplog.text


def test_a_lookup_that_does_not_end_is_given_up_soon_after_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        faces.names.delay = 30
        started = time.monotonic()
        status, _, body = await ask(faces, f"/lookup?number={NUMBER}")
        assert (status, body) == (200, b"")
        assert time.monotonic() - started < 3
        faces.names.delay = 0
        await faces.still_answers()

    play(story, deadline=0.2)
    assert caplog.messages == ["a lookup did not end at its deadline: this is a bug"]


def test_a_connection_is_kept_for_the_next_request_and_each_has_its_own_deadline() -> None:
    async def story(faces: Faces) -> None:
        async with faces.client(faces.web_port) as (reader, writer):
            await asyncio.sleep(0.3)  # longer than the deadline: the time begins with a request
            for _ in range(3):
                writer.write(GET + b"\r\n")
                assert (await reader.readuntil(NAME.encode())).startswith(b"HTTP/1.1 200")
                await asyncio.sleep(0.1)  # rest between two requests
        assert min(faces.names.left) > 0.1

    play(story, deadline=0.25)


def test_two_requests_at_once_are_answered_one_after_the_other() -> None:
    async def story(faces: Faces) -> None:
        answer = await faces.http((GET + b"\r\n") * 20 + GET + CLOSE)
        assert answer.count(b"HTTP/1.1 200") == 21

    play(story)


@pytest.mark.parametrize(
    "sent",
    [
        environment(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 400, b"\0\xff" * 500,
        b"GET /lookup?number=1 HTTP/1.1\r\n" + b"X: y\r\n" * 10_000, b"GET /" + b"7" * 65_536, b"7" * 1_000_000,
        b"GET /lookup?number=1 HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000, b"GET /lookup?number=1 HTTP/9.9\r\n\r\n",
         b"POST /lookup?number=1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ],
    ids=["agi", "tls", "binary", "headers", "digits", "line", "header", "version", "length"],
)  # fmt: skip
def test_what_is_no_http_is_answered_without_a_body_and_closed(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        started = time.monotonic()
        answer = await faces.http(sent)
        assert time.monotonic() - started < 3
        if answer:  # a reset may have overtaken it
            status, headers, body = parts(answer)
            assert (status, body) == (400, b"")
            assert headers["x-error"] == "bad request"
        await faces.still_answers()

    play(story)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"GET /look", GET, GET + b"\r\n",
        b"GET /lookup?number=1 HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nx",
        b"POST /lookup?number=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
        b"GET /lookup?number=1 HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"GET /lookup?number=1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["silent", "line", "head", "idle", "body", "chunks", "upgrade", "expect"],
)  # fmt: skip
def test_a_client_that_does_not_go_on_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "IDLE", 0.3)

    async def story(faces: Faces) -> None:
        started = time.monotonic()
        await faces.http(sent)
        assert time.monotonic() - started < 4
        await faces.still_answers()

    play(story)


@pytest.mark.parametrize("after", [b"GET /lookup?number=1 HTTP/1.1\r\n", GET + b"\r\n" + GET], ids=["first", "second"])
def test_a_client_that_drips_headers_is_closed(after: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "IDLE", 0.4)

    async def story(faces: Faces) -> None:
        async with faces.client(faces.web_port) as (reader, writer):
            end = asyncio.ensure_future(reader.read())
            writer.write(after)
            started = time.monotonic()
            while await asyncio.wait({end}, timeout=0.05) == (set(), {end}):  # the drip's own pace
                writer.write(b"X: y\r\n")
            assert time.monotonic() - started < 4
            with suppress(ConnectionError):  # what it had not read when it closed
                end.result()

    play(story)


@pytest.mark.parametrize("requests", [2_000, 100_000])
def test_a_client_that_never_reads_is_closed(requests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "UNREAD", 0.3)
    most = 0

    async def story(faces: Faces) -> None:
        def gone() -> bool:
            nonlocal most
            for connection in faces.web._server.connections:
                if connection.transport is not None:
                    most = max(most, connection.transport.get_write_buffer_size())
            return faces.gate.connections == 0

        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", faces.web_port))
        client.setblocking(False)
        many = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * requests
        sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(client, many))
        await faces.until(lambda: bool(faces.gate.connections))
        await faces.until(gone)
        sending.cancel()
        await asyncio.wait({sending})
        client.close()
        await faces.still_answers()

    play(story)
    assert most < 100_000


def test_closing_ends_connections_of_every_state() -> None:
    async def story(faces: Faces) -> None:
        faces.names.delay = 30
        clients = [socket.create_connection(("127.0.0.1", port)) for port in (faces.agi_port, faces.web_port) * 3]
        for client, sent in zip(clients, (environment(), GET + b"\r\n", b"agi", b"GET", b"", b""), strict=True):
            client.sendall(sent)
        await faces.until(lambda: faces.gate.connections == 6 and len(faces.names.asked) == 2)
        await faces.close()
        await faces.until(lambda: faces.gate.connections == 0)
        for client in clients:
            client.close()

    play(story, deadline=20)
