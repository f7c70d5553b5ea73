"""examples/1c asks ``serve`` for the calls that are over, and the stand-in 1C is sent the same ones."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from astsync.calls.model import Evidence
from astsync.sandbox.onec import OneC
from astsync.store import CallJournal, Store
from astsync.store.known_names import Card
from tests.bsl.calls_base import CallsBase
from tests.bsl.web_client import Network
from tests.unit.deliveries import delivery
from tests.unit.faces import Faces, play
from tests.unit.past_calls import NOW, NUMBER, answered, past_call
from tests.unit.test_call_pages import ask
from tests.unit.test_examples_1c_calls import ATS, same

pytestmark = pytest.mark.server


def test_the_job_of_1c_takes_what_the_journal_holds(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    Store(path).close()
    calls = [past_call(n, ago=2_000 - n) for n in range(110)]
    calls += [answered(300, recording="call.wav"), past_call(301, phone="", rung=())]
    with closing(CallJournal(path, 90)) as journal:
        journal.add([(call, Evidence.EVENTS) for call in calls], NOW)

    async def story(faces: Faces) -> None:
        with OneC(5, seed=2) as onec:
            ref = onec.records()[0].item.ref
            faces.known.names[NUMBER] = "OOO Romashka"
            faces.known.claims[NUMBER] = [Card(f"Контрагенты/{ref}", "ООО «Ромашка»")]
            base = CallsBase(onec, Network({ATS: faces.web_port}))
            await asyncio.to_thread(base.server.call, "ЗабратьИсторию", [])
            assert len(base.rows()) == len(calls)
            _, told = await ask(faces, "/api/v1/calls?limit=1000")
            onec.web.call_register.take(delivery(*told["calls"]))
            same(base.rows(), onec.web.call_register)
            first = base.rows()[0]
            assert str(first["Контрагент"]) == ref
            cursor = base.constants["АТСКурсорЗвонков"].value
            with closing(CallJournal(path, 90)) as journal:
                journal.add([(past_call(400, ago=1), Evidence.EVENTS)], NOW)
            await asyncio.to_thread(base.server.call, "ЗабратьИсторию", [])
            assert len(base.rows()) == len(calls) + 1
            assert base.constants["АТСКурсорЗвонков"].value not in {"", cursor}
            base.constants["АТСКурсорЗвонков"].value = "of another store"
            await asyncio.to_thread(base.server.call, "ЗабратьИсторию", [])
            assert len(base.rows()) == len(calls) + 1

    play(story, store=path)
