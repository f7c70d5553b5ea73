"""The pages about calls that are over, over HTTP as 1C asks them."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.calls.model import CallGap, Evidence
from astsync.store import CallJournal, Store
from astsync.store.known_names import Card
from tests.unit.faces import Faces, play
from tests.unit.past_calls import NOW, NUMBER, answered, past_call
from tests.unit.test_call_pages import ask

pytestmark = pytest.mark.server
CALLS = "/api/v1/calls"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "store.sqlite3"
    Store(path).close()
    return path


def keep(path: Path, count: int) -> list[str]:
    calls = [past_call(n, ago=1_000 - n) for n in range(count)]
    with closing(CallJournal(path, 90)) as journal:
        journal.add([(call, Evidence.EVENTS) for call in calls], NOW)
    return [call.id for call in calls]


def test_a_past_call_is_told_with_who_has_its_number(path: Path) -> None:
    call = answered(recording="call.wav")
    with closing(CallJournal(path, 90)) as journal:
        journal.add([(call, Evidence.EVENTS)], NOW)

    async def story(faces: Faces) -> None:
        faces.known.names[NUMBER] = "OOO Romashka"
        faces.known.claims[NUMBER] = [Card("Контрагенты/r1", "ООО «Ромашка»")]
        status, told = await ask(faces, CALLS)
        card = {"catalog": "Контрагенты", "ref": "r1", "name": "ООО «Ромашка»"}
        begun = datetime.fromtimestamp(NOW - 60, UTC)

        def at(seconds: int) -> str:
            return f"{begun + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.000Z"

        assert (status, told["calls"], told["more"], told["gaps"]) == (
            200,
            [
                {
                    "id": call.id,
                    "pbx": "office",
                    "direction": "incoming",
                    "phone": NUMBER,
                    "name": "OOO Romashka",
                    "counterparty": card,
                    "counterparties": [card],
                    "extension": "101",
                    "rung": ["101"],
                    "did": "84955550100",
                    "started": at(0),
                    "answered": at(5),
                    "ended": at(20),
                    "wait": 5.0,
                    "talk": 15.0,
                    "result": "answered",
                    "recording": "call.wav",
                    "revision": 1,
                }
            ],
            False,
            [],
        )
        assert await ask(faces, f"{CALLS}/{call.id}") == (200, told["calls"][0])
        assert (await ask(faces, f"{CALLS}/office%3Anone"))[0] == 404

    play(story, store=path)


def test_a_cursor_leads_through_all_calls(path: Path) -> None:
    ids = keep(path, 25)

    async def story(faces: Faces) -> None:
        seen, cursor, more = list[str](), "", True
        while more:
            status, told = await ask(faces, f"{CALLS}?since={cursor}&limit=10")
            assert status == 200
            seen += [call["id"] for call in told["calls"]]
            cursor, more = told["next"], told["more"]
        assert seen == ids
        assert (await ask(faces, f"{CALLS}?since={cursor}"))[1]["calls"] == []

    play(story, store=path)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=nonsense", 400),
        ("since=a-1;drop", 400),
        ("limit=0", 400),
        ("limit=1001", 400),
        ("limit=-1", 400),
        ("limit=ten", 400),
        ("phone=1", 400),
        ("since=a-1&since=a-1", 400),
        ("limit=1000", 200),
        ("%20limit=5", 200),
    ],
)
def test_a_wrong_question_gets_its_error(path: Path, query: str, status: int) -> None:
    async def story(faces: Faces) -> None:
        assert (await ask(faces, f"{CALLS}?{query}"))[0] == status

    play(story, store=path)


def test_gaps_are_told(path: Path) -> None:
    begun = datetime(2026, 11, 29, 10, tzinfo=UTC)
    with closing(CallJournal(path, 90)) as journal:
        journal.add_gap(CallGap("office", begun, begun + timedelta(minutes=5), "no file"))

    async def story(faces: Faces) -> None:
        gap = {"pbx": "office", "from": "2026-11-29T10:00:00.000Z", "to": "2026-11-29T10:05:00.000Z", "why": "no file"}
        assert (await ask(faces, CALLS))[1]["gaps"] == [gap]

    play(story, store=path)


def test_without_a_journal_there_is_no_such_page() -> None:
    async def story(faces: Faces) -> None:
        assert (await ask(faces, CALLS))[0] == 404

    play(story)


def test_a_store_that_cannot_be_read_is_said_and_may_be_asked_again(tmp_path: Path) -> None:
    broken = tmp_path / "store.sqlite3"
    broken.write_bytes(b"this is no store" * 100)

    async def story(faces: Faces) -> None:
        assert (await ask(faces, CALLS))[0] == 503
        assert (await ask(faces, f"{CALLS}/x"))[0] == 503
        assert "astsync_clients_refused_total{" not in faces.figures.text().decode()

    play(story, store=broken)


def test_who_asks_for_a_call_that_is_not_there_is_not_refused(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story(faces: Faces) -> None:
        for _ in range(3):
            assert await ask(faces, f"{CALLS}/office:1.1") == (404, {"error": "no such call"})
        assert "astsync_clients_refused_total{" not in faces.figures.text().decode()

    play(story, store=path)
    assert caplog.messages == []
