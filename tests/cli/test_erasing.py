"""``forget`` leaves no trace of a number that is not in use; ``purge`` leaves nothing."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.cli import asking
from astsync.store import OnlineName, Store, database, locked
from astsync.watch.job import alone
from tests.cli.sandbox import Sandbox

KEY, NAME, CARD, TEXT = "74955550101", "OOO Beta", "ООО «Бета»", "8 (495) 555-01-01"


def traces(box: Sandbox, *words: str) -> set[str]:
    """Which of the words stand anywhere in the bytes of the store's files."""
    every = b"".join(file.read_bytes() for file in box.folder.iterdir() if file.name.startswith("store.sqlite3"))
    return {word for word in words if word.encode() in every}


@pytest.fixture
def card(box: Sandbox) -> str:
    """The reference of the card."""
    return box.onec.add(CARD, [TEXT]).item.ref


@pytest.fixture
def known(box: Sandbox, card: str) -> Sandbox:
    """A sandbox whose sync wrote the number of the card."""
    assert card
    assert box.run("sync").code == 0
    assert traces(box, KEY, NAME, CARD) == {KEY, NAME, CARD}
    return box


def drop(box: Sandbox, card: str) -> None:
    """Delete the card in 1C, and sync; the second sync makes sure of what the first one deleted."""
    box.onec.remove(card)
    assert [box.run("sync").code for _ in range(2)] == [0, 0]
    assert KEY not in box.pbx.family()


def test_a_number_that_is_gone_leaves_no_trace(known: Sandbox, card: str) -> None:
    drop(known, card)
    assert traces(known, KEY, NAME) == {KEY, NAME}  # runs could be undone
    done = known.run("forget", TEXT)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{KEY}: erased 2 records of runs, 0 cards, 0 skipped phones and 0 messages\n"
    assert traces(known, KEY, NAME, CARD) == set()
    assert known.run("lookup", KEY).out.count(NAME) == 0
    assert known.run("undo", "--yes", "--dry-run").code in {0, 2}
    assert known.run("sync").code == 0


def test_a_number_that_is_in_use_is_told_and_its_past_is_erased(known: Sandbox) -> None:
    done = known.run("forget", KEY)
    assert done.code == 7
    assert f"{KEY}: it is still in use: it was in the last list of 1C and astsync wrote it to office" in done.err
    assert "Take the number out of its card in 1C" in done.err
    assert known.run("lookup", KEY).out.startswith(
        f"{KEY}\noffice: {KEY} {NAME} (astsync's: a run that is no longer on record"
    )
    assert known.run("sync").code == 0
    assert known.pbx.family()[KEY] == NAME


def test_a_deletion_that_no_later_run_has_looked_at_is_still_in_use(known: Sandbox, card: str) -> None:
    known.onec.remove(card)
    known.run("sync")
    done = known.run("forget", TEXT)
    assert (done.code, "is still in use: astsync wrote it to office\n" in done.err) == (7, True)
    known.run("sync")
    assert known.run("forget", TEXT).code == 0
    assert traces(known, KEY, NAME) == set()


def test_a_message_of_a_run_and_a_skipped_phone_are_erased(known: Sandbox, card: str) -> None:
    drop(known, card)
    with closing(sqlite3.connect(known.folder / "store.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE run SET message = ? WHERE id = 1", (f"the first is {KEY}: no",))
        db.execute("INSERT INTO skipped VALUES (1, ?, 's', 'Иванов', ?, 'too long')", (f"{KEY}12", TEXT))
    found = known.run("forget", "--format", "json", KEY).report
    assert list(found) == ["version", "number", "keys", "erased", "left"]
    assert (found["erased"]["skipped"], found["erased"]["messages"]) == (1, 1)
    assert found["left"] == {"listed": False, "pbx": []}
    assert traces(known, KEY, "Иванов") == set()


def test_an_extension_takes_no_longer_number_with_it(known: Sandbox) -> None:
    rows = [("74955551101", "7 495 555-11-01"), ("1101", "1101")]
    with closing(sqlite3.connect(known.folder / "store.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE run SET message = ? WHERE id = 1", ("74955551101 and 1101, also 11010",))
        db.executemany("INSERT INTO skipped VALUES (1, ?, 's', 'n', ?, 'r')", rows)
    found = known.run("forget", "--format", "json", "1101").report
    assert (found["erased"]["skipped"], found["erased"]["messages"]) == (1, 1)
    with closing(sqlite3.connect(known.folder / "store.sqlite3")) as db:
        assert db.execute("SELECT message FROM run WHERE id = 1").fetchone() == ("74955551101 and …, also 11010",)
        assert db.execute("SELECT text FROM skipped WHERE reason = 'r'").fetchall() == [("7 495 555-11-01",)]


def test_a_store_that_another_process_reads_keeps_its_bytes_and_that_is_told(
    known: Sandbox, card: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAITING", 0.1)
    drop(known, card)
    with closing(sqlite3.connect(known.folder / "store.sqlite3", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM run").fetchall()
        done = known.run("forget", KEY)
    assert done.code == 7
    assert f"{KEY}: it stays in the free places of the store, as another process reads it" in done.err
    assert known.run("forget", KEY).code == 0
    assert traces(known, KEY, NAME) == set()


def test_a_damaged_store_that_was_moved_aside_is_told(known: Sandbox, card: str) -> None:
    drop(known, card)
    aside = known.folder / "store.sqlite3.corrupt-20261101T000000Z"
    aside.write_text(KEY)
    done = known.run("forget", KEY)
    assert (done.code, str(aside) in done.err) == (7, True)
    aside.unlink()
    assert known.run("forget", KEY).code == 0


def test_what_an_unconfigured_pbx_held_is_erased(known: Sandbox, card: str) -> None:
    known.onec.remove(card)
    known.write('name = "office"', 'name = "renamed"')
    known.run("sync", "--allow-deletes")
    assert known.run("forget", KEY).code == 0
    assert traces(known, KEY) == set()


def test_without_a_store_nothing_is_made(box: Sandbox) -> None:
    done = box.run("forget", KEY)
    assert done.code == 2
    assert "nothing is stored yet" in done.err
    assert not (box.folder / "store.sqlite3").exists()


def test_purge_asks_and_then_leaves_nothing(known: Sandbox) -> None:
    (known.folder / "store.sqlite3.corrupt-20261101T000000Z").write_text(NAME)
    asked = known.run("purge")
    assert asked.code == 2
    assert "corrupt-20261101T000000Z" in asked.err
    assert (known.folder / "store.sqlite3").exists()
    done = known.run("purge", "--yes")
    assert (done.code, done.err) == (0, "")
    assert f"deleted {known.folder / 'store.sqlite3'}\n" in done.out
    left = [file for file in known.folder.iterdir() if file.name.startswith("store") and file.stat().st_size]
    assert left == []
    assert known.pbx.family()[KEY] == NAME
    assert known.run("purge", "--yes").out == "nothing is stored\n"
    assert known.run("sync").code == 0


def test_a_name_told_online_is_erased_and_the_next_sync_deletes_it(known: Sandbox) -> None:
    now = datetime.now(UTC)
    with closing(Store(known.folder / "store.sqlite3")) as store:
        store.save_online([OnlineName("74955550177", "OOO Zvonok", now, now + timedelta(days=7))])
    known.run("sync")
    assert known.pbx.family()["74955550177"] == "OOO Zvonok"
    done = known.run("forget", "74955550177", "--format", "json")
    assert (done.code, done.report["erased"]["online"]) == (7, 1)
    assert "Take the number out of its card" not in done.err
    assert traces(known, "OOO Zvonok") == set()
    known.run("sync")
    known.run("sync")
    assert "74955550177" not in known.pbx.family()
    assert known.run("forget", "74955550177").code == 0
    assert traces(known, "74955550177", "OOO Zvonok") == set()


def test_purge_waits_for_no_run_and_no_watch(known: Sandbox) -> None:
    store = Path(known.folder / "store.sqlite3")
    with locked(store):
        assert known.run("purge", "--yes").code == 8
    with alone(store):
        done = known.run("purge", "--yes")
    assert (done.code, "End it first, then run this again." in done.err) == (8, True)
    assert store.exists()


def test_nothing_is_locked_while_a_person_thinks_about_a_purge(known: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    codes: list[int] = []

    def sure(*_: object, **__: object) -> bool:
        with locked(Path(known.folder / "store.sqlite3")):
            codes.append(0)
        return True

    monkeypatch.setattr(asking, "at_a_terminal", lambda: True)
    monkeypatch.setattr(asking.Asker, "sure", sure)
    assert known.run("purge").code == 0
    assert (codes, (known.folder / "store.sqlite3").exists()) == ([0], False)
