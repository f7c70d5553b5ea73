"""FastAGI on real sockets: what a call gets, and what hostile clients get."""

import asyncio
import logging
import socket
import struct
import time
from contextlib import suppress

import pytest

from astsync.lookup.agi import GRACE
from astsync.lookup.model import Origin
from tests.unit.faces import NAME, NUMBER, Faces, environment, play

pytestmark = pytest.mark.server

NAMED = b'SET VARIABLE CALLERID(name) "%b"\n' % NAME.encode()
BY_SNAPSHOT, BY_NOBODY = b'SET VARIABLE ASTSYNC_ORIGIN "snapshot"\n', b'SET VARIABLE ASTSYNC_ORIGIN ""\n'


def test_a_known_caller_gets_the_name_and_its_origin() -> None:
    async def story(faces: Faces) -> None:
        assert await faces.agi_talk(environment()) == [NAMED, BY_SNAPSHOT]
        faces.names.origin = Origin.ONLINE
        assert await faces.agi_talk(environment("+7 495 555-01-42")) == [
            NAMED,
            BY_SNAPSHOT.replace(b"snapshot", b"online"),
        ]
        assert faces.names.asked == [NUMBER, "+7 495 555-01-42"]
        assert 0.5 < faces.names.left[0] <= 1
        assert faces.figure('astsync_lookups_total{face="agi",origin="snapshot"}') == 1
        assert faces.figure('astsync_lookup_seconds_count{face="agi"}') == 2

    play(story)


def test_the_extension_comes_before_the_origin() -> None:
    async def story(faces: Faces) -> None:
        faces.names.extension = "101"
        assert await faces.agi_talk(environment()) == [NAMED, b'SET VARIABLE ASTSYNC_EXTENSION "101"\n', BY_SNAPSHOT]

    play(story)


def test_an_unknown_caller_gets_no_name_and_an_empty_origin() -> None:
    async def story(faces: Faces) -> None:
        faces.names.name = ""
        assert await faces.agi_talk(environment()) == [BY_NOBODY]
        assert faces.figure('astsync_lookups_total{face="agi",origin="none"}') == 1

    play(story)


def test_a_withheld_caller_is_not_asked_about() -> None:
    async def story(faces: Faces) -> None:
        assert await faces.agi_talk(environment().replace(b"pres: 0", b"pres: 32")) == [BY_NOBODY]
        assert faces.names.asked == []

    play(story)


def test_the_second_command_comes_after_the_answer_to_the_first() -> None:
    async def story(faces: Faces) -> None:
        async with faces.client(faces.agi_port) as (reader, writer):
            writer.write(environment())
            assert await reader.readline() == NAMED
            writer.write(b"520-Invalid command syntax.  Proper usage follows:\nUsage: x\n")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.1)  # that nothing comes takes its time
            writer.write(b"520 End of proper usage.\n")
            assert await reader.readline() == BY_SNAPSHOT
            writer.write(b"510 Invalid or unknown command\n")
            assert await reader.read() == b""

    play(story)


def test_a_resolver_that_fails_or_is_late_costs_a_call_nothing_but_the_name(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        faces.names.fault = ValueError(f"of {NUMBER}")
        assert await faces.agi_talk(environment()) == [BY_NOBODY]
        faces.names.delay = 30
        started = time.monotonic()
        assert await faces.agi_talk(environment()) == []
        assert time.monotonic() - started < 3

    play(story, deadline=0.2)
    assert NUMBER not in caplog.text
    assert "ValueError" in caplog.text


@pytest.mark.parametrize("when", ["while 1C is asked", "instead of an answer"])
def test_a_caller_who_hangs_up_ends_it(when: str) -> None:
    async def story(faces: Faces) -> None:
        faces.names.delay = 30 if when.startswith("while") else 0
        async with faces.client(faces.agi_port) as (reader, writer):
            writer.write(environment())
            await faces.until(lambda: bool(faces.names.asked))
            writer.write(b"HANGUP\n")
            assert await reader.read() in {b"", NAMED}
        faces.names.delay = 0
        await faces.still_answers()
        assert faces.figure('astsync_clients_refused_total{reason="garbage"}') == 0

    play(story, deadline=10)


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /lookup?number=1 HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\xff" * 500,
        b"agi_a: b\n" * 10_000, b"agi_callerid: " + b"7" * 65_536, b"agi_" + b"x" * 1_000_000, environment() * 2,
        b"\r\n\r\n",
    ],
    ids=["http", "tls", "binary", "lines", "digits", "endless", "twice", "blank"],
)  # fmt: skip
def test_what_is_no_fastagi_is_closed_at_once(sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        started = time.monotonic()
        assert await faces.ended(faces.agi_port, sent) == b""
        assert time.monotonic() - started < 5
        assert faces.names.asked == []
        assert faces.figure('astsync_clients_refused_total{reason="garbage"}') == 1
        await faces.still_answers()

    play(story, deadline=10)
    assert caplog.text.count("did not send what a client of this port sends") == 1


def test_a_client_that_drips_or_is_silent_is_closed_at_the_deadline() -> None:
    async def drip(faces: Faces) -> float:
        started = time.monotonic()
        async with faces.client(faces.agi_port) as (reader, writer):
            end = asyncio.ensure_future(reader.read())
            for byte in environment():
                writer.write(bytes([byte]))
                if await asyncio.wait({end}, timeout=0.05) != (set(), {end}):  # the drip's own pace
                    with suppress(ConnectionError):  # a byte came after the end
                        assert end.result() == b""
                    return time.monotonic() - started
        return 60

    async def silent(faces: Faces) -> float:
        started = time.monotonic()
        assert await faces.ended(faces.agi_port, b"") == b""
        return time.monotonic() - started

    async def story(faces: Faces) -> None:
        seconds = await asyncio.gather(drip(faces), *(silent(faces) for _ in range(20)))
        assert min(seconds) >= 0.4
        assert max(seconds) < 3
        assert faces.figure('astsync_clients_refused_total{reason="slow"}') == 21

    play(story, deadline=0.4)


def test_a_client_that_never_answers_is_closed_soon_after_the_deadline() -> None:
    async def story(faces: Faces) -> None:
        started = time.monotonic()
        assert await faces.ended(faces.agi_port, environment()) == NAMED
        assert 0.2 + GRACE <= time.monotonic() - started < 4

    play(story, deadline=0.2)


def test_clients_that_come_and_go_leave_nothing() -> None:
    async def story(faces: Faces) -> None:
        for at in range(200):
            client = socket.create_connection(("127.0.0.1", faces.agi_port))
            if at % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
            client.sendall(environment()[: at * 2])
            client.close()
        await faces.until(lambda: faces.gate.connections == 0)
        async with faces.client(faces.agi_port) as (reader, writer):
            writer.write(environment())
            writer.write_eof()  # half open: it cannot answer any more
            assert await reader.read() in {b"", NAMED}
        await faces.still_answers()

    play(story, deadline=10)


def test_200_calls_at_once_are_all_answered() -> None:
    async def story(faces: Faces) -> None:
        told = await asyncio.gather(*(faces.agi_talk(environment()) for _ in range(200)))
        assert told == [[NAMED, BY_SNAPSHOT]] * 200

    play(story, deadline=10)


def test_nothing_personal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        await faces.agi_talk(environment())
        await faces.ended(faces.agi_port, environment() * 2)

    with caplog.at_level(logging.DEBUG):
        play(story)
    assert NUMBER not in caplog.text
    assert NAME not in caplog.text
