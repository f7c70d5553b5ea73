"""The store: what was put in comes out, nothing is half written, and faults are told in words."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from astsync.errors import StoreError
from astsync.phonebook.keeping import Trace
from astsync.phonebook.model import Claim, Entry, Skipped
from astsync.phonebook.ownership import CERTAINLY_OURS, NOT_OURS, Ownership
from astsync.store import Before, Pulled, Snapshot, Store
from astsync.store.store import KEPT_RUNS
from tests.unit.old_stores import taken_back

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def snapshot(*names: str) -> Snapshot:
    entries = {str(i): Entry(str(i), name, f"Контрагенты/{i}") for i, name in enumerate(names)}
    return Snapshot(entries, NOW, "1C", len(names), 2, 1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "new folder" / "store.sqlite3")) as opened:
        yield opened


def test_a_snapshot_survives(store: Store) -> None:
    assert store.snapshot() is None
    store.save_snapshot(snapshot("a", "b"))
    store.save_snapshot(snapshot("c"), run=7)
    with closing(Store(store.path)) as again:
        assert again.snapshot() == snapshot("c")


def test_only_what_differs_of_a_snapshot_is_written(store: Store) -> None:
    entries = {str(i): Entry(str(i), f"OOO {i}", f"К/{i}") for i in range(1_000, 2_500)}
    store.save_snapshot(Snapshot(entries, NOW, "1C", 1, 0, 0))
    with closing(sqlite3.connect(store.path)) as db:
        db.executescript(
            "CREATE TABLE seen (first);"
            "CREATE TRIGGER put AFTER INSERT ON snapshot BEGIN INSERT INTO seen VALUES (new.first); END;"
            "CREATE TRIGGER gone AFTER DELETE ON snapshot BEGIN INSERT INTO seen VALUES (old.first); END;"
        )
        del entries["1000"], entries["2400"]
        entries |= {n: Entry(n, "new", "К/1") for n in ("1500", "9", "2499")}
        entries["1700"] = Entry("1700", "OOO 1700", "К/another")
        store.save_snapshot(Snapshot(entries, NOW, "1C", 1, 0, 0))
        seen = {first for (first,) in db.execute("SELECT first FROM seen")}
        assert seen == {b"1000", b"1001", b"1256", b"1512", b"2280"}, "the blocks from 1768 and from 2024 stay"
    saved = store.snapshot()
    assert saved is not None
    assert saved.entries == entries


def test_a_snapshot_is_replaced_whole_or_not_at_all(store: Store) -> None:
    store.save_snapshot(snapshot("a", "b"))
    broken = Snapshot({"x": Entry("x", "c", "")}, NOW, "1C", None, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.save_snapshot(broken)
    assert store.snapshot() == snapshot("a", "b")


ALONE = Claim("OOO A", "К/1", "ООО «А»", "00-1", "Телефон", "8 495 229-30-42")
FIRST = Claim("OOO B", "К/2", "ООО «Б»", "1", "Рабочий", "229-30-43", "taken: older code 1 before 2")
SECOND = Claim("OOO C", "К/3", "ООО \ud800", "2", "", "", "not taken: newer code 2 after 1")


def noted(store: Store, claims: dict[str, tuple[Claim, ...]]) -> int:
    """Begin a run that pulls so many claims."""
    run = store.begin_run("sync")
    with store.noting(run) as writer:
        for number, every in sorted(claims.items()):
            writer.add(number, every)
    return run


def book(*claims: Claim) -> Snapshot:
    return Snapshot({c.text: Entry(c.text, c.name, c.source) for c in claims}, NOW, "1C", 3, 0, 1)


def test_claims_count_with_the_snapshot_of_their_run(store: Store) -> None:
    alone, rivals = ALONE._replace(text="1"), (FIRST._replace(text="2"), SECOND)
    run = noted(store, {"1": (alone,), "2": rivals})
    assert store.claims(["1", "2"]) == {}
    store.save_snapshot(book(alone, rivals[0]), run)
    assert store.claims(["1", "9"]) == {"1": (alone,)}
    assert store.claims(["2"])["2"] == (rivals[0], SECOND._replace(counterparty="ООО \\ud800"))
    assert store.entries(["2", "9"]) == {"2": Entry("2", "OOO B", "К/2")}
    assert store.pulled() == Pulled(NOW, "1C", claims_known=True)


def many(store: Store) -> tuple[dict[str, tuple[Claim, ...]], int]:
    """Claims of enough numbers for several blocks, in order, and the run that noted and saved them."""
    every: dict[str, tuple[Claim, ...]] = {}
    for i in range(300):
        first = ALONE._replace(name=f"OOO {i}", text=str(1_000 + i))
        every[str(1_000 + i)] = (first, SECOND._replace(counterparty="ООО")) if i % 7 == 0 else (first,)
    run = noted(store, every)
    store.save_snapshot(book(*(claims[0] for claims in every.values())), run)
    return every, run


def test_each_of_many_numbers_has_its_claims(store: Store) -> None:
    every, _ = many(store)
    assert store.claims(every) == every
    assert store.claims(["0", "1000x", "9999", "10"]) == {}
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT count(*) FROM claim").fetchone() < (10,)


def test_the_claims_of_one_number_are_erased_and_no_other(store: Store) -> None:
    every, _ = many(store)
    gone = [number for number in every if int(number) % 49 == 0 or number == "1000"]
    store.save_snapshot(
        book(*(claims[0] for number, claims in every.items() if number not in gone)), store.runs()[0].run
    )
    for number in gone:
        assert store.forget([number], "", []).cards == len(every[number])
    assert store.claims(every) == {number: claims for number, claims in every.items() if number not in gone}


def test_a_store_of_version_11_keeps_its_claims(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path)) as store:
        every, _ = many(store)
    taken_back(path, 11)
    with closing(sqlite3.connect(path)) as old:
        assert old.execute("SELECT count(*) FROM claim").fetchone() == (sum(map(len, every.values())),)
    with closing(Store(path)) as store:
        assert store.claims(every) == every


def test_claims_of_a_pull_that_was_refused_change_nothing_and_go(store: Store) -> None:
    kept = ALONE._replace(text="1")
    store.save_snapshot(book(kept), noted(store, {"1": (kept,)}))
    noted(store, {"1": (FIRST, SECOND)})
    assert store.claims(["1"]) == {"1": (kept,)}
    noted(store, {})
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT count(*) FROM claim").fetchone() == (1,)


def test_what_was_skipped_is_found_by_its_digits(store: Store) -> None:
    texts = ["229-30-42", "8 (495) 229-30-42 9", "0-42", "229-30-43", "нет", "\ud800 2293042"]
    fields = [Skipped(f"К/{i}", "ООО", text, "no") for i, text in enumerate(texts)]
    run = store.begin_run("sync")
    with store.noting(run) as writer:
        writer.skip(fields)
    assert store.skipped("74952293042", "4952293042") == ()
    store.save_snapshot(book(), run)
    found = store.skipped("74952293042", "4952293042")
    assert [one.text for one in found] == [texts[0], texts[1], "\\ud800 2293042"]
    store.save_snapshot(book(), noted(store, {}))
    assert store.skipped("74952293042", "4952293042") == ()


def test_a_pull_that_breaks_off_notes_nothing(store: Store) -> None:
    run = store.begin_run("sync")
    with pytest.raises(ZeroDivisionError), store.noting(run) as writer:  # noqa: PT012
        writer.add("1", (ALONE,))
        raise ZeroDivisionError
    store.save_snapshot(book(ALONE._replace(text="1")), run)
    assert store.claims(["1"]) == {}
    assert store.pulled() == Pulled(NOW, "1C", claims_known=False)


def test_of_many_claims_each_is_kept(store: Store) -> None:
    many: dict[str, tuple[Claim, ...]] = {str(i): (ALONE._replace(code=str(i), text=str(i)),) for i in range(2_500)}
    store.save_snapshot(book(*(one for (one,) in many.values())), noted(store, many))
    assert store.claims(many) == many


def test_an_empty_snapshot_has_no_claims_to_know(store: Store) -> None:
    assert store.pulled() is None
    store.save_snapshot(book(), noted(store, {}))
    assert store.pulled() == Pulled(NOW, "1C", claims_known=True)


def test_the_last_change_of_a_key_is_found(store: Store) -> None:
    for command, new in (("sync", "one"), ("push", "two"), ("sync", None)):
        run = store.begin_run(command)
        before = [Before("1", "old \udcc8", new, owned=True), Before("2", "same", "same", owned=False)]
        store.save_record_and_owners(run, "Office", "cidname", before[: 2 if new else 1], {})
    last = store.last_written("office", "cidname", ["1", "2", "3"])
    assert last is not None
    assert (last.run, last.command, last.number, last.old, last.new) == (3, "sync", "1", "old \udcc8", None)
    assert store.last_written("office", "cidname", ["2"]) is None
    assert store.last_written("office", "other", ["1"]) is None
    assert store.last_written("branch", "cidname", ["1"]) is None


def test_owned_keys_are_kept_a_pbx_and_a_family(store: Store) -> None:
    run = store.begin_run("sync")
    store.save_record_and_owners(
        run,
        "office",
        "cidname",
        (),
        {"1": CERTAINLY_OURS, "2": Ownership(True, "old \udcc8"), "\udcc8": CERTAINLY_OURS},
    )
    store.save_record_and_owners(run, "branch", "cidname", (), {"9": CERTAINLY_OURS})
    assert store.owners("office", "cidname") == {
        "1": CERTAINLY_OURS,
        "2": Ownership(True, "old \udcc8"),
        "\udcc8": CERTAINLY_OURS,
    }
    store.save_outcome_and_owners(
        run, "office", "cidname", (), {"1": NOT_OURS, "2": CERTAINLY_OURS, "absent": NOT_OURS}
    )
    assert store.owners("office", "cidname") == {"2": CERTAINLY_OURS, "\udcc8": CERTAINLY_OURS}
    assert store.owners("office", "other") == {}


def test_what_a_run_overwrites_is_kept_byte_for_byte(store: Store) -> None:
    run = store.begin_run("sync")
    before = (
        Before("1", "old \udcc8", "new", owned=True),
        Before("2", "gone", None, owned=True),
        Before("3", None, "added", owned=False),
        Before("4", "same", "same", owned=False),
    )
    store.save_record_and_owners(run, "Office", "cidname", before, {"3": CERTAINLY_OURS, "4": CERTAINLY_OURS})
    assert store.record(run, "office", "cidname") == before
    store.save_outcome_and_owners(run, "office", "cidname", ["1", "4"], {})
    assert store.record(run, "office", "cidname") == before[1:3]


def wrote(store: Store, number: str = "1") -> int:
    run = store.begin_run("sync")
    store.save_record_and_owners(run, "office", "cidname", [Before(number, "old", None, owned=True)], {})
    return run


def test_the_records_of_old_runs_are_dropped_when_a_run_ends_but_not_the_last_ones(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store.sqlite3", undo_runs=2)) as store:
        runs = [wrote(store) for _ in range(4)]
        store.end_run(store.begin_run("sync"), 0)
        assert [bool(store.record(run, "office", "cidname")) for run in runs] == [False, False, True, True]
        assert [record.undoable for record in store.runs()] == [False, True, True, False, False]
        assert store.last_undoable() == runs[-1]


def test_old_runs_leave_history_but_where_they_can_be_undone(store: Store) -> None:
    kept = wrote(store)
    idle = [store.begin_run("sync") for _ in range(KEPT_RUNS + 1)]
    store.end_run(idle[-1], 0)
    assert [record.run for record in store.runs(5_000)][-2:] == [idle[1], kept]
    assert store.run(idle[0]) is None
    assert store.run(kept) is not None


def test_a_dry_run_creates_nothing_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "store.sqlite3"
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() is None
    assert not path.parent.exists()
    with closing(Store(path)) as store:
        store.save_snapshot(snapshot("a"))
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() == snapshot("a")
        with pytest.raises(StoreError):
            store.begin_run("sync")


def test_reading_needs_no_right_to_write_in_the_folder(store: Store) -> None:
    store.save_snapshot(snapshot("a"))
    store.close()
    store.path.parent.chmod(0o500)
    try:
        with closing(Store(store.path, write=False)) as reader:
            assert reader.snapshot() == snapshot("a")
            assert reader.snapshot_names() == {"0": "a"}
    finally:
        store.path.parent.chmod(0o700)


def test_an_empty_file_left_by_a_killed_run_reads_as_no_store(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    path.touch()
    with closing(Store(path, write=False)) as store:
        assert store.snapshot() is None
        assert store.snapshot_names() is None
    with closing(Store(path)) as store:
        assert store.begin_run("sync") == 1


def test_a_pbx_is_one_whatever_the_case_of_its_name(store: Store) -> None:
    store.save_record_and_owners(store.begin_run("sync"), "Office", "cidname", (), {"1": CERTAINLY_OURS})
    assert store.owners("office", "cidname") == {"1": CERTAINLY_OURS}


def test_what_a_pbx_was_seen_to_hold_is_kept_until_the_next_record(store: Store) -> None:
    trace = Trace(7, NOW, "2026-11-20 \udcc8", lost=3, again=1)
    store.save_outcome_and_owners(7, "Office", "cidname", (), {}, trace)
    assert store.trace("office", "cidname") == Trace(7, NOW, "2026-11-20 \\udcc8", lost=3, again=1)
    assert store.trace("office", "other") is None
    store.save_record_and_owners(store.begin_run("sync"), "office", "cidname", (), {})
    assert store.trace("office", "cidname") is None


def test_the_last_records_of_keys_are_found(store: Store) -> None:
    rows = [Before("1", None, "one", owned=False), Before("2", "two", "two", owned=False)]
    store.save_record_and_owners(store.begin_run("sync"), "office", "cidname", rows, {})
    later = [Before("2", "two", "2", owned=True)]
    store.save_record_and_owners(store.begin_run("sync"), "office", "cidname", later, {})
    assert store.last_records("Office", "cidname", ["1", "2", "3"]) == {"1": rows[0], "2": later[0]}
    assert store.last_records("branch", "cidname", ["1"]) == {}


def test_a_store_of_version_4_gets_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path)) as store:
        wrote(store)
    taken_back(path, 4)
    for write in (False, True):
        with closing(Store(path, write=write)) as store:
            assert store.trace("office", "cidname") is None
            assert len(store.record(1, "office", "cidname")) == 1


def test_words_of_any_encoding_end_a_run(store: Store) -> None:
    run = store.begin_run("sync")
    store.end_run(run, 5, "the PBX said \udcc8\ud800")
    with closing(sqlite3.connect(store.path)) as db:
        assert db.execute("SELECT exit_code, message FROM run").fetchall() == [(5, "the PBX said \\udcc8\\ud800")]


def test_two_first_runs_at_once_do_not_meet_in_the_schema(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, contextlib; from astsync.store import Store, locked\n"
        "from astsync.errors import LockedError\n"
        "path = pathlib.Path(sys.argv[1])\nsys.stdin.readline()\n"
        "with contextlib.suppress(LockedError), locked(path): Store(path).close()"
    )
    for i in range(4):
        command = [sys.executable, "-c", program, str(tmp_path / str(i) / "store.sqlite3")]
        both = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for process in both:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
        assert [process.communicate(timeout=20)[1] for process in both] == [b"", b""]
        assert [process.returncode for process in both] == [0, 0]


def test_the_file_is_for_its_owner_only(store: Store) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", ["foreign", "newer", "garbage"])
def test_a_file_that_is_not_ours_is_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "letters.doc"
    if content == "garbage":
        path.write_bytes(b"not a database at all, " * 100)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE theirs (x)")
            if content == "newer":
                db.execute(f"PRAGMA application_id = {0x61737479}")
                db.execute("PRAGMA user_version = 99")
            db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError) as fault:
        Store(path)
    assert fault.value.hint
    assert fault.value.exit_code == 2
    assert path.read_bytes() == before


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be used") as fault:
        Store(tmp_path / "file" / "store.sqlite3")
    assert "store.path" in fault.value.hint


def test_what_is_recorded_has_reached_the_disk_before_it_is_sent(store: Store) -> None:
    with store._file.reading() as db:
        modes = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert modes == ["wal", 2], "2 is FULL: each commit waits for the disk"
