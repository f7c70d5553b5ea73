"""Names told online in the store: kept until they expire, until a list has the number, or until they are forgotten."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.phonebook.keeping import Trace, Untouched
from astsync.phonebook.model import Entry
from astsync.phonebook.ownership import CERTAINLY_OURS, NOT_OURS, Ownership
from astsync.store import Before, OnlineName, OnlineNames, Snapshot, Store, online
from astsync.store.store import KEPT_RUNS
from tests.unit.old_stores import taken_back

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEY, OTHER = "74955550101", "74955550102"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path / "store.sqlite3")) as opened:
        yield opened


def told(number: str = KEY, name: str = "OOO Beta", at: datetime = NOW, keep: timedelta = HOUR) -> OnlineName:
    return OnlineName(number, name, at, at + keep)


def listed(*numbers: str, at: datetime = NOW) -> Snapshot:
    return Snapshot({number: Entry(number, "OOO Spisok") for number in numbers}, at, "1C", len(numbers), 0, 0)


def test_a_name_counts_until_it_expires_and_is_kept_for_a_later_process(store: Store) -> None:
    store.save_online([told(), told(OTHER, "OOO Gamma", keep=2 * HOUR)])
    with closing(Store(store.path, write=False)) as again:
        assert again.online(NOW) == OnlineNames({KEY: told(), OTHER: told(OTHER, "OOO Gamma", keep=2 * HOUR)})
        assert again.online(NOW).first_end == NOW + HOUR
        later = again.online(NOW + HOUR)
    assert (list(later.names), later.expired, later.first_end) == ([OTHER], {KEY}, NOW + 2 * HOUR)
    assert store.online_of([KEY, "1"]) == {KEY: told()}
    assert OnlineNames().first_end is None


def test_a_later_answer_replaces_an_earlier_one(store: Store) -> None:
    store.save_online([told()])
    store.save_online([told(name="OOO Delta", at=NOW + HOUR)])
    assert store.online(NOW).names == {KEY: told(name="OOO Delta", at=NOW + HOUR)}


def test_a_number_that_the_list_has_keeps_no_name_told_online(store: Store) -> None:
    store.save_online([told(), told(OTHER)])
    store.save_snapshot(listed(KEY))
    assert list(store.online(NOW).names) == [OTHER]
    store.save_online([told(), told(OTHER, "OOO Gamma")])
    assert store.online(NOW).names == {OTHER: told(OTHER, "OOO Gamma")}


def test_those_told_first_leave_where_there_are_too_many(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "KEPT_ONLINE", 3)
    store.save_online([told("1", at=NOW + HOUR), told("2"), told("3", at=NOW + 2 * HOUR)])
    store.save_online([told("4", at=NOW + 3 * HOUR), told("5", at=NOW + 3 * HOUR)])
    assert list(store.online(NOW).names) == ["3", "4", "5"]


def test_an_expired_name_is_kept_as_long_as_a_pbx_may_hold_its_key(store: Store) -> None:
    store.save_online([told(KEY), told(OTHER), told("1", at=NOW + HOUR)])
    owners = {KEY: CERTAINLY_OURS, OTHER: Ownership(ours=True, if_held="OOO Beta")}
    store.save_record_and_owners(store.begin_run("sync"), "branch", "cidname", (), {KEY: CERTAINLY_OURS})
    store.save_record_and_owners(store.begin_run("sync"), "office", "other", (), owners)
    store.save_snapshot(listed(at=NOW + HOUR))
    assert store.online(NOW + HOUR).expired == {KEY, OTHER}
    store.save_record_and_owners(store.begin_run("sync"), "Office", "other", (), dict.fromkeys(owners, NOT_OURS))
    store.save_snapshot(listed(at=NOW + HOUR))
    assert store.online(NOW + HOUR).expired == {KEY}
    store.save_record_and_owners(store.begin_run("sync"), "branch", "cidname", (), {KEY: NOT_OURS})
    store.save_snapshot(listed(at=NOW + HOUR))
    assert store.online(NOW + HOUR) == OnlineNames({"1": told("1", at=NOW + HOUR)})


def test_a_name_is_forgotten_only_as_it_was(store: Store) -> None:
    store.save_online([told(), told(OTHER)])
    store.forget_online([(KEY, "OOO Beta"), (OTHER, "another name")])
    assert list(store.online(NOW).names) == [OTHER]


def test_forgetting_a_number_erases_its_name_from_the_file(store: Store) -> None:
    store.save_online([told(name="OOO Secret"), told(OTHER)])
    erased = store.forget((KEY,), "4955550101", ["office"])
    assert (erased.online, erased.compacted) == (1, True)
    assert list(store.online(NOW).names) == [OTHER]
    assert b"OOO Secret" not in b"".join(file.read_bytes() for file in store.path.parent.iterdir())


@pytest.mark.parametrize("write", [False, True])
def test_a_store_of_version_5_gets_the_table(tmp_path: Path, write: bool) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path)) as store:
        store.save_snapshot(listed(KEY))
    taken_back(path, 5)
    with closing(Store(path, write=write)) as store:
        assert store.online(NOW) == OnlineNames()
        assert store.snapshot() == listed(KEY)


def test_owners_are_read_of_few_keys_alone(store: Store) -> None:
    owners = {KEY: CERTAINLY_OURS, OTHER: Ownership(ours=True, if_held="x")}
    store.save_record_and_owners(store.begin_run("sync"), "office", "cidname", (), {**owners, "9": CERTAINLY_OURS})
    assert store.owners("Office", "cidname", [KEY, OTHER, "1"]) == owners
    assert store.owners("office", "cidname", []) == {}
    assert store.owners("branch", "cidname", [KEY]) == {}


def test_a_run_may_leave_the_trace_of_another(store: Store) -> None:
    trace = Trace(store.begin_run("sync"), NOW, "start")
    store.save_record_and_owners(1, "office", "cidname", (), {}, trace)
    store.save_record_and_owners(store.begin_run("online"), "office", "cidname", (), {}, Untouched.TRACE)
    store.save_outcome_and_owners(2, "office", "cidname", (), {}, Untouched.TRACE)
    assert store.trace("office", "cidname") == trace


def wrote(store: Store, command: str) -> int:
    run = store.begin_run(command)
    rows = [Before(str(run), None, "x", owned=False)]
    store.save_record_and_owners(run, "office", "cidname", rows, {})
    store.end_run(run, 0)
    return run


def test_many_runs_online_push_out_no_other_run(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store.sqlite3", undo_runs=2)) as store:
        syncs = [wrote(store, "sync") for _ in range(2)]
        online_runs = [wrote(store, "online") for _ in range(5)]
        undoable = [run.run for run in store.runs() if run.undoable]
        assert undoable == [*reversed(online_runs[-2:]), *reversed(syncs)]
        idle = store.begin_run("sync")
        store.end_run(idle, 0)
        for _ in range(KEPT_RUNS + 3):
            store.end_run(store.begin_run("online"), 0)
        kept = store.runs(3 * KEPT_RUNS)
        assert {run.run for run in kept} >= {idle, *syncs, *online_runs[-2:]}
        assert sum(run.command == "online" and not run.undoable for run in kept) == KEPT_RUNS


def test_the_last_run_to_undo_is_a_run_online_only_where_there_is_no_other(store: Store) -> None:
    assert store.last_undoable() is None
    first = wrote(store, "online")
    assert store.last_undoable() == first
    sync = wrote(store, "sync")
    wrote(store, "online")
    assert store.last_undoable() == sync
