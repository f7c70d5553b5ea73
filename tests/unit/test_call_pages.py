"""The pages about calls in progress, over HTTP as 1C and a browser ask them."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from astsync.calls.model import Direction, LiveCall, Stage
from astsync.lookup import call_pages
from astsync.lookup.call_pages import EVENTS, INCOMING, without_blanks
from astsync.store.known_names import Card
from tests.unit.faces import NUMBER, Faces, play

pytestmark = pytest.mark.server

BEGUN = datetime(2026, 11, 29, 10, 30, 1, 250_000, tzinfo=UTC)
RINGING = LiveCall(
    id="office:1.1",
    pbx="office",
    direction=Direction.INCOMING,
    phone=NUMBER,
    extension="101",
    rung=("101", "102"),
    did="84955550100",
    stage=Stage.RINGING,
    started=BEGUN,
    since=BEGUN,
)


def other(**changed: Any) -> LiveCall:
    given = {name: getattr(RINGING, name) for name in LiveCall.__slots__}
    return LiveCall(**{**given, **changed})


async def ask(faces: Faces, target: str) -> tuple[int, Any]:
    """The status and the JSON of an answer."""
    sent = b"GET " + target.encode() + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head, _, body = (await faces.http(sent)).partition(b"\r\n\r\n")
    assert b"Content-Type: application/json" in head
    return int(head.split()[1]), json.loads(body)


def test_who_is_calling_with_the_name_and_the_cards() -> None:
    async def story(faces: Faces) -> None:
        faces.known.names[NUMBER] = "OOO Romashka"
        faces.known.claims[NUMBER] = [Card("Контрагенты/r1", "ООО «Ромашка»"), Card("Партнеры/r2", "Иванов")]
        faces.live.moved(RINGING)
        await faces.until(lambda: faces.live.find(RINGING.id) is not None)
        status, told = await ask(faces, f"{INCOMING}?phone={NUMBER}")
        first = {"catalog": "Контрагенты", "ref": "r1", "name": "ООО «Ромашка»"}
        assert (status, told["calls"]) == (
            200,
            [
                {
                    "id": "office:1.1",
                    "pbx": "office",
                    "direction": "incoming",
                    "phone": NUMBER,
                    "name": "OOO Romashka",
                    "counterparty": first,
                    "counterparties": [first, {"catalog": "Партнеры", "ref": "r2", "name": "Иванов"}],
                    "extension": "101",
                    "rung": ["101", "102"],
                    "did": "84955550100",
                    "state": "ringing",
                    "started": "2026-11-29T10:30:01.250Z",
                    "since": "2026-11-29T10:30:01.250Z",
                }
            ],
        )
        assert await ask(faces, "/api/v1/calls/office:1.1") == (200, told["calls"][0])
        assert (await ask(faces, "/api/v1/calls/office%3A1.1"))[0] == 200
        faces.live.over(RINGING.id)
        await faces.until(lambda: faces.live.find(RINGING.id) is None)
        assert await ask(faces, INCOMING) == (404, {"calls": []})
        assert (await ask(faces, "/api/v1/calls/office:1.1"))[0] == 404

    play(story)


def test_what_a_carrier_sent_that_is_no_text_keeps_no_call_from_being_told() -> None:
    async def story(faces: Faces) -> None:
        foreign = other(id="office:2.1", phone="an\udcffon", extension="\udcff1", rung=("1\udcff",), did="\udcff")
        faces.live.moved(foreign)
        faces.live.moved(RINGING)
        await faces.until(lambda: faces.live.find(RINGING.id) is not None)
        status, told = await ask(faces, INCOMING)
        assert (status, {call["id"] for call in told["calls"]}) == (200, {"office:2.1", RINGING.id})
        told = (await ask(faces, "/api/v1/calls/office:2.1"))[1]
        assert (told["phone"], told["extension"], told["rung"], told["did"]) == ("an?on", "?1", ["1?"], "?")

    play(story)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True), ("phone=74955550142", True), ("phone=%2B7%20495%20555-01-42", True),
        ("phone=+74955550142", True), ("phone=8(495)555-01-42", True), ("phone=74955550143", False), ("phone=", True),
        ("extension=102", True), ("extension=103", False), ("phone=74955550142&extension=101", True),
        ("%20phone=74955550142", True), ("+phone=74955550143", False), ("after=office:1.1", False),
        ("after=office:1.2,office:1.3", True),
        (f"after={'%D0%9E:1.2,' * 250}office:1.1", False),
    ],
)  # fmt: skip
def test_only_the_calls_that_are_asked_for(query: str, found: bool) -> None:
    async def story(faces: Faces) -> None:
        faces.live.moved(RINGING)
        faces.live.moved(other(id="office:1.9", direction=Direction.OUTGOING))
        faces.live.moved(other(id="office:1.8", stage=Stage.TALKING, rung=()))
        await faces.until(lambda: faces.live.find("office:1.8") is not None)
        status, told = await ask(faces, f"{INCOMING}?{query}")
        assert (status, [call["id"] for call in told["calls"]]) == ((200, ["office:1.1"]) if found else (404, []))

    play(story)


def test_the_published_code_of_1c_gets_its_answer_byte_for_byte() -> None:
    async def story(faces: Faces) -> None:
        asked = b"GET /api/v1/calls/incoming? phone=8 (495) 555-01-42 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        printed = b"GET /api/v1/calls/incoming? phone=74955550142 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        async with faces.client(faces.web_port) as (reader, writer):
            for status in (b"404", b"200"):
                writer.write(printed)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.split()[1] == status
                length = int(head.partition(b"Content-Length: ")[2].split()[0])
                body = json.loads(await reader.readexactly(length))
                assert bool(body["calls"]) is (status == b"200")
                faces.live.moved(RINGING)
                await faces.until(lambda: faces.live.find(RINGING.id) is not None)
        refused = await faces.http(asked + b"Connection: close\r\n\r\n")  # more blanks are no HTTP
        assert refused.split()[1] == b"400"

    play(story)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"GET /api/v1/calls/incoming?  phone=1 HTTP/1.1\r\n", b"GET /api/v1/calls/incoming?phone=1 HTTP/1.1\r\n"),
        (b"GET /api/x?phone=1 HTTP/1.1\r\nA: ? b\r\n", b"GET /api/x?phone=1 HTTP/1.1\r\nA: ? b\r\n"),
        (b"GET /api/x HTTP/1.1\r\nA: ? b\r\n", b"GET /api/x HTTP/1.1\r\nA: ? b\r\n"),
        (b"GET /lookup? number=1 HTTP/1.1\r\n", b"GET /lookup? number=1 HTTP/1.1\r\n"),
        (b"GET /api/x? HTTP/1.1\r\n", b"GET /api/x? HTTP/1.1\r\n"),
        (b"", b""),
    ],
)
def test_only_blanks_before_the_first_parameter_of_the_api_go(sent: bytes, read: bytes) -> None:
    assert without_blanks(sent) == read


def test_a_long_poll_wakes_when_the_call_begins() -> None:
    async def story(faces: Faces) -> None:
        loop = asyncio.get_running_loop()
        waiting = asyncio.ensure_future(ask(faces, f"{INCOMING}?phone={NUMBER}&wait=30"))
        elsewhere = asyncio.ensure_future(ask(faces, f"{INCOMING}?phone=74955550199&wait=0.3"))
        await faces.until(lambda: faces.gate.connections == 2)
        faces.live.moved(RINGING)
        began = loop.time()
        status, told = await waiting
        assert (status, told["calls"][0]["id"]) == (200, RINGING.id)
        assert loop.time() - began < 10
        assert await elsewhere == (404, {"calls": []})

    play(story)


def test_a_client_that_leaves_waits_no_longer() -> None:
    async def story(faces: Faces) -> None:
        for _ in range(20):
            async with faces.client(faces.web_port) as (_, writer):
                writer.write(f"GET {INCOMING}?wait=60 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                await faces.until(lambda: faces.live.waiting() > 0)
        await faces.until(lambda: faces.live.waiting() == 0)

    play(story)


def test_who_waits_or_reads_is_let_go_at_the_end() -> None:
    async def story(faces: Faces) -> None:
        waiting = asyncio.ensure_future(ask(faces, f"{INCOMING}?wait=60"))
        reading = asyncio.ensure_future(
            faces.http(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        )
        await faces.until(lambda: faces.gate.connections == 2 and faces.live.waiting() == 1)
        faces.live.close()
        assert await waiting == (404, {"calls": []})
        assert b"text/event-stream" in await reading
        assert await ask(faces, f"{INCOMING}?wait=60") == (404, {"calls": []})

    play(story)


def test_a_call_that_is_known_ends_no_wait() -> None:
    async def story(faces: Faces) -> None:
        faces.live.moved(RINGING)
        waiting = asyncio.ensure_future(ask(faces, f"{INCOMING}?wait=30&after={RINGING.id}"))
        await faces.until(lambda: faces.gate.connections == 1)
        faces.live.moved(other(id="office:1.2"))
        _, told = await waiting
        assert [call["id"] for call in told["calls"]] == ["office:1.2"]

    play(story)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("wait=x", 400), ("wait=-1", 400), ("wait=61", 400), ("wait=nan", 400), ("phone=1&phone=2", 400),
        ("number=1", 400), (f"phone={'7' * 3_000}", 413),
    ],
)  # fmt: skip
def test_what_is_no_question_is_told_so(query: str, status: int) -> None:
    async def story(faces: Faces) -> None:
        found, told = await ask(faces, f"{INCOMING}?{query}")
        assert (found, list(told)) == (status, ["error"])

    play(story)


def test_news_come_as_events_until_the_client_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_pages, "QUIET", 0.05)

    async def story(faces: Faces) -> None:
        async with faces.client(faces.web_port) as (reader, writer):
            writer.write(f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
            assert b": quiet" in await reader.readuntil(b"\n\n")
            faces.live.moved(RINGING)
            faces.live.over(RINGING.id)
            heard: list[str] = []
            while len(heard) < 2:
                line = await reader.readline()
                heard += [json.loads(line[6:])["state"]] if line.startswith(b"data: ") else []
            assert heard == ["ringing", "ended"]
        await faces.until(lambda: faces.gate.connections == 0)

    play(story)


def test_a_pbx_that_is_lost_has_no_calls() -> None:
    async def story(faces: Faces) -> None:
        faces.live.moved(RINGING)
        faces.live.moved(other(id="shop:1.1", pbx="shop"))
        faces.live.lost("office")
        await faces.until(lambda: faces.live.find("shop:1.1") is not None and faces.live.find(RINGING.id) is None)

    play(story)


def test_the_token_guards_these_pages_too() -> None:
    async def story(faces: Faces) -> None:
        assert (await ask(faces, INCOMING))[0] == 401

    play(story, token="secret-1")
