"""What ``check`` says of the journal of calls."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.calls.model import CallGap, Evidence
from astsync.finding import Finding
from astsync.lookup.check import check_calls_kept
from astsync.parts import Parts
from astsync.sandbox.onec import OneC
from astsync.sources import CONFIG
from astsync.store import CallJournal, Store
from tests.unit.past_calls import NOW, past_call
from tests.unit.test_call_records import lines, many

pytestmark = pytest.mark.server


def parts_of(folder: Path, onec: OneC, **calls: object) -> Parts:
    pbx = [{"name": "office", "host": "192.0.2.10", "user": "x", "secret": "y"}]
    source = {"url": onec.url, "user": onec.user, "password": onec.password, "timeout": 5}
    given = {"source": source, "pbx": pbx, "serve": {"calls": {"follow": True, **calls}}}
    store = folder / "store.sqlite3"
    Store(store).close()
    return Parts(CONFIG.model_validate(given), store)


def found(parts: Parts) -> dict[str, Finding]:
    return {str(one.part): one for one in check_calls_kept(parts)}


def test_all_is_well(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines(many(3)))
    with OneC(1) as onec:
        parts = parts_of(tmp_path, onec, csv=str(file), url=f"{onec.url}/hs/astsync/calls")
        assert {part: one.good for part, one in found(parts).items()} == {
            "office: file of records": True,
            "1C takes calls": True,
        }
        assert onec.web.call_register.calls == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot be read"), ("", "no record yet"), (lines(many(3), unique=False), "no Uniqueid")],
)
def test_a_file_that_does_not_help_is_told(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "Master.csv"
    if content is not None:
        file.write_text(content)
    with OneC(1) as onec:
        finding = found(parts_of(tmp_path, onec, csv=str(file)))["office: file of records"]
    assert (finding.good, words in finding.words) == (None, True)


def test_a_pbx_on_another_machine_has_no_file_here(tmp_path: Path) -> None:
    with OneC(1) as onec:
        assert "are not known" in found(parts_of(tmp_path, onec))["office: file of records"].words


def test_a_1c_that_does_not_take_calls_is_a_fault(tmp_path: Path) -> None:
    with OneC(1) as onec:
        parts = parts_of(tmp_path, onec, url=f"{onec.url}/hs/astsync/nothing")
        assert found(parts)["1C takes calls"].good is False
        elsewhere = parts_of(tmp_path, onec, url="http://1c.example.local/hs/calls")
        assert "another host" in found(elsewhere)["1C takes calls"].words


def test_what_waits_and_what_is_missing_is_told(tmp_path: Path) -> None:
    with OneC(1) as onec:
        parts = parts_of(tmp_path, onec, url=f"{onec.url}/hs/astsync/calls")
        now = datetime.now(UTC)
        with closing(CallJournal(parts.store_path, 3_650)) as journal:
            journal.add([(past_call(n), Evidence.EVENTS) for n in range(3)], NOW)
            journal.add_gap(CallGap("office", now - timedelta(hours=2), now - timedelta(hours=1), "no file"))
        told = found(parts)
    assert told["to 1C"].words == "3 calls wait for 1C"
    assert told["gaps"].words == "calls of 1 time may be missing"


def test_where_nothing_is_kept_nothing_is_said(tmp_path: Path) -> None:
    with OneC(1) as onec:
        assert found(parts_of(tmp_path, onec, journal=False)) == {}
