"""The one story, over a PBX in a dict: what is written, what is refused, what is remembered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from astsync.engine.result import Applied
from astsync.engine.target import COMMITTED
from astsync.errors import PbxConnectionLost, SafetyError, SourceBadAnswer, StoreError
from astsync.pbx.opened import OpenedPbx
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.ownership import Ownership
from astsync.phonebook.plan import Limits
from astsync.store import Store
from tests.memory_pbx import MemoryFamily, MemoryPbx
from tests.unit.house import House, Spy, SpyFamily, names, phone


def test_the_first_sync_adds_and_the_second_finds_nothing(house: House) -> None:
    report = house.engine().sync()
    assert report.exit_code == 0
    assert report.pbx[0].applied is not None
    assert report.pbx[0].applied.add == 20
    assert report.pbx[0].verified is True
    assert house.pbx.entries == names(20)
    house.pbx.put.clear()
    again = house.engine().sync()
    assert (again.exit_code, again.differs, house.written) == (0, False, [])


def test_only_what_differs_is_written(house: House) -> None:
    house.engine().sync()
    house.pbx.put.clear()
    house.source.names = {**names(19), phone(3): "Other", phone(50): "New"}
    report = house.engine().sync()
    assert sorted(house.pbx.put) == [phone(3), phone(50)]
    assert house.pbx.deleted == [phone(19)]
    assert house.overwritten(report.run) == {phone(3): "Firma 3", phone(19): "Firma 19"}


def test_foreign_keys_stay_and_a_wanted_one_is_adopted(house: House) -> None:
    house.pbx.entries.update({"101": "Reception", phone(3): "by hand", phone(4): "Firma 4"})
    report = house.engine().sync()
    assert report.pbx[0].plan is not None
    assert (report.pbx[0].plan.foreign, len(report.pbx[0].plan.change)) == (1, 1)
    assert house.pbx.entries["101"] == "Reception"
    assert house.owned() == set(names(20))
    assert house.overwritten(report.run) == {phone(3): "by hand"}


def test_a_lost_store_deletes_nothing(house: House, tmp_path: Path) -> None:
    house.engine().sync()
    house.source.names = names(10)
    with closing(Store(tmp_path / "other.sqlite3")) as store:
        house.store = store
        report = house.engine().sync()
    assert (report.exit_code, house.pbx.deleted) == (0, [])


def test_a_dry_run_writes_nothing_anywhere(house: House) -> None:
    report = house.engine(dry_run=True).sync("diff")
    assert report.differs
    assert (report.run, house.written, house.store.snapshot()) == (None, [], None)
    assert house.store.owners("office", "cidname") == {}


def test_a_source_that_breaks_writes_nothing(house: House) -> None:
    house.engine().sync()
    before = house.store.snapshot()
    house.pbx.put.clear()
    house.source.names, house.source.error = names(25, "Other"), SourceBadAnswer("half a list")
    with pytest.raises(SourceBadAnswer):
        house.engine().sync()
    assert (house.written, house.store.snapshot()) == ([], before)


def test_push_restores_a_wiped_pbx_without_the_source(house: House) -> None:
    house.engine().sync()
    house.pbx.entries.clear()
    report = house.engine(whole=True).push()
    assert (report.exit_code, house.pbx.entries, house.source.pulls) == (0, names(20), 1)
    assert report.pbx[0].applied is not None
    assert report.pbx[0].applied.add == 20


def test_push_writes_every_entry_even_where_nothing_differs(house: House) -> None:
    house.engine().sync()
    house.pbx.put.clear()
    assert house.engine(whole=True).push().exit_code == 0
    assert sorted(house.pbx.put) == sorted(names(20))


def test_push_pulls_when_there_is_no_snapshot_or_when_told_to(house: House) -> None:
    house.engine(whole=True).push()
    house.engine(whole=True).push(pull=True)
    assert house.source.pulls == 2
    assert house.store.snapshot() is not None


def test_restore_writes_only_what_differs_from_the_snapshot(house: House) -> None:
    house.engine().sync()
    del house.pbx.entries[phone(3)]
    house.pbx.entries.update({phone(4): "Other", "101": "Reception"})
    house.pbx.put.clear()
    report = house.engine().restore()
    assert (report.exit_code, report.command, report.fresh, house.source.pulls) == (0, "restore", False, 1)
    assert sorted(house.pbx.put) == [phone(3), phone(4)]
    assert house.pbx.entries == {**names(20), "101": "Reception"}


def test_restore_takes_the_connection_that_its_caller_holds(house: House) -> None:
    house.engine().sync()
    house.pbx.entries.clear()
    house.pbxs = []
    with house.pbx.open() as family:
        house.pbx.unreachable = True
        report = house.engine().restore([OpenedPbx("office", family)])
        assert family.read() == names(20)
    assert (report.exit_code, [pbx.name for pbx in report.pbx]) == (0, ["office"])


def test_restore_without_a_snapshot_says_what_to_do(house: House) -> None:
    with pytest.raises(StoreError, match="no phonebook yet") as fault:
        house.engine().restore()
    assert "astsync sync" in fault.value.hint
    assert (house.source.pulls, house.written) == (0, [])


@pytest.mark.parametrize("command", ["sync", "diff", "push"])
def test_too_many_deletes_are_refused_in_every_command(house: House, command: str) -> None:
    house.engine().sync()
    house.pbx.put.clear()
    house.source.names = names(13)
    engine = house.engine(dry_run=command == "diff", whole=command == "push")
    report = engine.push(pull=True) if command == "push" else engine.sync(command)
    assert report.exit_code == 6
    assert report.pbx[0].plan is not None
    assert len(report.pbx[0].plan.delete) == 7
    assert house.written == []
    snapshot = house.store.snapshot()
    assert snapshot is not None
    assert len(snapshot.entries) == 20
    lifted = house.engine(limits=Limits(max_delete=None)).sync()
    assert (lifted.exit_code, house.pbx.entries) == (0, names(13))


def test_a_wiped_pbx_does_not_let_half_a_list_through(house: House) -> None:
    house.engine().sync()
    house.pbx.entries.clear()
    house.source.names = names(10)
    report = house.engine().sync()
    assert report.exit_code == 6
    assert "since the last good list" in str(report.pbx[0].error)
    assert house.pbx.entries == {}
    assert house.engine(whole=True).push().exit_code == 0
    assert house.pbx.entries == names(20)


@pytest.mark.parametrize("wiped", [False, True])
@pytest.mark.parametrize("count", [1, 20])
def test_an_empty_list_after_a_good_one_is_refused(house: House, count: int, wiped: bool) -> None:
    house.source.names = names(count)
    house.engine().sync()
    if wiped:
        house.pbx.entries.clear()
    house.source.names = {}
    for dry_run in (True, False):
        report = house.engine(dry_run=dry_run).sync()
        assert isinstance(report.pbx[0].error, SafetyError)
        assert "--allow-empty" in report.pbx[0].error.hint
        assert report.exit_code == 6
    assert house.pbx.entries == ({} if wiped else names(count))
    assert house.engine(whole=True).push().exit_code == 0
    assert house.pbx.entries == names(count)


def test_an_empty_list_is_let_through_where_nothing_is_owned(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.source.names = {}
    house.pbx.entries["101"] = "Reception"
    assert (house.engine().sync().exit_code, house.pbx.entries) == (0, {"101": "Reception"})
    assert "no usable number" in caplog.text
    assert "numbers.area_code" in caplog.text


def test_an_empty_list_is_refused_on_the_pbx_that_holds_owned_entries_alone(house: House, tmp_path: Path) -> None:
    other = Spy("branch", dict.fromkeys(names(3), "by hand"))
    house.own(names(3))
    house.pbx.entries.update(names(3))
    house.pbxs = [house.pbx, other]
    house.source.names = {}
    report = house.engine().sync()
    assert [pbx.error is None for pbx in report.pbx] == [False, True]
    assert (report.exit_code, house.written, house.store.snapshot()) == (6, [], None)


def test_an_empty_list_is_refused_where_foreign_entries_would_go(house: House) -> None:
    house.source.names = {}
    house.pbx.entries["101"] = "Reception"
    assert house.engine(foreign="delete").sync().exit_code == 6
    assert house.engine(foreign="delete", limits=Limits(allow_empty=True)).sync().exit_code == 0
    assert house.pbx.entries == {}


def test_a_list_that_was_accepted_empty_stays_accepted(house: House) -> None:
    house.source.names = {}
    assert house.engine(limits=Limits(allow_empty=True)).sync().exit_code == 0
    assert house.engine().sync().exit_code == 0
    assert house.engine(whole=True).push().exit_code == 0


def test_no_delete_after_a_failed_put(house: House) -> None:
    house.engine().sync()
    house.source.names = {**names(19), phone(50): "New", phone(51): "Newer"}
    house.pbx.fail_put = {phone(50)}
    report = house.engine().sync()
    assert report.exit_code == 7
    assert house.pbx.deleted == []
    assert report.pbx[0].verified is False
    house.pbx.fail_put = set()
    assert house.engine().sync().exit_code == 0
    assert house.pbx.entries == house.source.names


def test_a_connection_lost_in_the_middle_is_mended_by_the_next_run(house: House) -> None:
    house.pbx.lose_after = 7
    report = house.engine().sync()
    assert (report.exit_code, len(house.pbx.entries)) == (7, 7)
    assert report.pbx[0].applied == Applied(add=7, written=7)
    house.pbx.lose_after = 0
    assert house.engine().sync().exit_code == 5
    house.pbx.lose_after = -1
    house.source.names = names(18)
    assert house.engine().sync().exit_code == 0
    assert house.pbx.entries == names(18)


def test_what_was_put_is_told_when_the_deletes_are_lost(house: House) -> None:
    house.engine().sync()
    house.source.names = {**names(19), phone(50): "New"}
    house.pbx.lose_deletes = True
    report = house.engine().sync()
    assert (report.exit_code, report.pbx[0].applied) == (7, Applied(add=1, written=1))


def test_every_put_refused_is_a_pbx_that_failed(house: House) -> None:
    house.pbx.fail_put = set(names(20))
    report = house.engine().sync()
    assert report.exit_code == 5
    assert "refused by the PBX" in str(report.pbx[0].error)


def test_the_words_of_one_key_are_not_pinned_on_another(house: House) -> None:
    house.pbx.fail_put = {phone(15)}
    house.engine().sync()
    house.pbx.entries[phone(3)] = "somebody else's"
    report = house.engine().sync()
    assert "refused by the PBX" in str(report.pbx[0].error)
    assert f"the first is {phone(15)}" in str(report.pbx[0].error)


def test_a_key_that_was_wiped_and_left_1c_belongs_to_whoever_writes_it_next(house: House) -> None:
    house.engine().sync()
    house.pbx.entries.clear()
    house.source.names = names(19)
    house.engine().sync()
    assert phone(19) not in house.store.owners("office", "cidname")
    house.pbx.entries[phone(19)] = "Boss by hand"
    assert house.engine().sync().exit_code == 0
    assert house.pbx.entries[phone(19)] == "Boss by hand"


def test_a_run_whose_pull_fails_is_noted_too(house: House, caplog: pytest.LogCaptureFixture) -> None:
    house.source.error = SourceBadAnswer("half a list")
    with pytest.raises(SourceBadAnswer):
        house.engine().sync()
    with closing(sqlite3.connect(house.store.path)) as db:
        assert db.execute("SELECT command, exit_code, message FROM run").fetchall() == [("sync", 4, "half a list")]


def test_a_store_that_fails_on_one_pbx_loses_no_report(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Spy("branch")
    house.pbxs = [house.pbx, other]
    note = Store.save_record_and_owners

    def fails_for_branch(store: Store, run: int, pbx: str, *rest: Any, **more: Any) -> None:
        if pbx == "branch":
            raise StoreError("the disk is full")
        note(store, run, pbx, *rest, **more)

    monkeypatch.setattr(Store, "save_record_and_owners", fails_for_branch)
    report = house.engine().sync()
    assert (report.exit_code, house.pbx.entries, other.entries) == (7, names(20), {})
    assert isinstance(report.pbx[1].error, StoreError)


def test_a_run_whose_end_cannot_be_noted_is_reported_all_the_same(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "end_run", fails)
    assert house.engine().sync().exit_code == 0
    assert "could not be noted: the disk is full" in caplog.text


def test_one_pbx_that_fails_does_not_stop_the_other(house: House) -> None:
    other = Spy("branch")
    house.pbxs = [house.pbx, other]
    house.pbx.unreachable = True
    report = house.engine().sync()
    assert (report.exit_code, other.entries) == (7, names(20))
    assert report.pbx[0].plan is None
    other.unreachable = True
    assert house.engine().sync().exit_code == 5


def test_limits_are_checked_on_every_pbx_before_the_first_write(house: House) -> None:
    house.engine().sync()
    other = Spy("branch")
    house.pbxs = [other, house.pbx]
    house.pbx.put.clear()
    house.pbx.entries.update(dict.fromkeys(names(20), "by hand"))
    report = house.engine().sync()
    assert [pbx.error is None for pbx in report.pbx] == [True, False]
    assert (report.exit_code, house.written, other.entries) == (7, [], names(20))


def test_a_refusal_beside_a_pbx_in_step_says_that_nothing_was_written(house: House) -> None:
    house.engine().sync()
    other = Spy("branch", dict.fromkeys(names(20), "Spoilt"))
    house.own(names(20), "branch")
    house.pbxs = [house.pbx, other]
    house.pbx.put.clear()
    for dry_run in (True, False):
        report = house.engine(dry_run=dry_run).sync()
        assert [pbx.error is None for pbx in report.pbx] == [True, False]
        assert "max_change" in str(report.pbx[1].error)
        assert (report.exit_code, house.written, other.put) == (6, [], [])
    assert house.engine(limits=Limits(max_change=None)).sync().exit_code == 0
    assert other.entries == names(20)


@pytest.mark.parametrize("dry_run", [True, False])
def test_push_is_limited_by_what_differs(house: House, dry_run: bool) -> None:
    house.engine().sync()
    house.pbx.entries.update({phone(i): "Spoilt" for i in range(7)})
    house.pbx.put.clear()
    report = house.engine(whole=True, dry_run=dry_run).push()
    assert (report.exit_code, house.written) == (6, [])
    assert "change 7 of 20 entries (35%); max_change is 30%" in str(report.pbx[0].error)
    assert house.engine(whole=True, limits=Limits(max_change=0.35)).push().exit_code == 0
    assert house.pbx.entries == names(20)


def test_a_user_that_may_not_write_owns_nothing_and_leaves_no_record(house: House) -> None:
    house.pbx.entries.update({phone(1): "by hand", phone(2): "Firma 2", "101": "Reception"})
    before = dict(house.pbx.entries)
    house.pbx.read_only = True
    report = house.engine().sync()
    assert (report.exit_code, report.pbx[0].applied, report.pbx[0].verified) == (5, Applied(), None)
    assert house.pbx.entries == before
    assert house.owned() == {phone(2)}, "only the entry that was as wanted is adopted"
    assert house.store.last_undoable() is None
    house.pbx.read_only = False
    assert house.engine().sync().exit_code == 0
    assert house.owned() == set(names(20))


def test_a_key_whose_put_was_refused_is_not_owned_and_not_in_the_record(house: House) -> None:
    house.pbx.entries[phone(3)] = "by hand"
    house.pbx.fail_put = {phone(3), phone(4)}
    report = house.engine().sync()
    assert report.exit_code == 7
    assert house.owned() == set(names(20)) - {phone(3), phone(4)}
    recorded = {before.number for before in house.store.record(report.run or 0, "office", "cidname")}
    assert recorded == set(names(20)) - {phone(3), phone(4)}


def test_what_was_sent_and_not_confirmed_stays_in_the_record_and_owned(house: House) -> None:
    house.pbx.lose_after = 7
    report = house.engine().sync()
    assert len(house.store.record(report.run or 0, "office", "cidname")) == 20
    assert house.store.owners("office", "cidname") == {n: Ownership(True, name) for n, name in names(20).items()}


def test_pbxs_are_worked_on_side_by_side_and_reported_in_their_order(house: House) -> None:
    meeting = threading.Barrier(3, timeout=5)

    class Meets(Spy):
        @contextmanager
        def open(self) -> Iterator[MemoryFamily]:
            meeting.wait()
            with super().open() as family:
                yield family

    pbxs = [Meets(name) for name in ("office", "branch", "attic")]
    house.pbxs = [*pbxs]
    pbxs[1].unreachable = True
    report = house.engine().sync()
    assert [pbx.name for pbx in report.pbx] == ["office", "branch", "attic"]
    assert [pbx.error is None for pbx in report.pbx] == [True, False, True]
    assert (report.exit_code, pbxs[0].entries, pbxs[2].entries) == (7, names(20), names(20))


def test_each_of_several_pbxs_has_its_own_progress(house: House) -> None:
    stages: set[str] = set()
    house.pbxs = [house.pbx, Spy("branch")]
    engine = house.engine()
    engine._progress = lambda stage, _done, _total: stages.add(stage)
    engine.sync()
    assert {"office: read", "branch: read", "office: DBPut", "branch: DBPut"} <= stages


def test_a_bug_on_one_of_several_pbxs_is_told_as_a_bug(house: House) -> None:
    class Broken(Spy):
        def open(self) -> NoReturn:
            raise ZeroDivisionError

    house.pbxs = [house.pbx, Broken("branch")]
    with pytest.raises(ZeroDivisionError):
        house.engine().sync()
    assert house.written == []
    assert house.store.runs(1)[0].exit_code == 1


class Hangs(MemoryPbx):
    """Answers only when its connection is ended."""

    @contextmanager
    def open(self) -> Iterator[MemoryFamily]:
        ended = threading.Event()
        try:
            yield HangingFamily(ended)
        finally:
            ended.set()


class HangingFamily(MemoryFamily):
    def __init__(self, ended: threading.Event) -> None:
        super().__init__({})
        self.ended = ended

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        self.ended.wait(20)
        raise PbxConnectionLost("ended")


def test_an_interrupt_ends_the_work_on_every_pbx(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.pbxs = [Hangs("office"), Hangs("branch")]
    join = threading.Thread.join

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None:
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        house.engine().sync()
    monkeypatch.undo()
    assert not [thread for thread in threading.enumerate() if thread.name == "pbx"]
    assert (house.store.runs(1)[0].exit_code, house.store.runs(1)[0].message) == (130, "interrupted")
    assert house.written == []


class Forgets(MemoryFamily):
    """Holds an entry until it has been waited for, as an Asterisk that is killed before it commits."""

    def __init__(self, entries: dict[str, str], waited: threading.Event) -> None:
        super().__init__(entries)
        self.waited = waited

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        return {} if self.waited.is_set() else super().read(progress)


def test_durable_waits_past_the_commit_and_reads_once_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = threading.Event()
    waits: list[float] = []

    class ForgetsPbx(MemoryPbx):
        @contextmanager
        def open(self) -> Iterator[MemoryFamily]:
            yield Forgets(self.entries, waited)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        waited.set()
        return False

    house.pbxs = [ForgetsPbx("office")]
    assert house.engine().sync().exit_code == 0
    house.source.names = names(21)
    engine = house.engine(durable=True)
    monkeypatch.setattr(engine._stopping, "wait", wait)
    report = engine.sync()
    assert (report.exit_code, report.pbx[0].verified, waits) == (7, False, [COMMITTED, COMMITTED])


def test_durable_does_not_wait_where_nothing_was_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.engine().sync()
    engine = house.engine(durable=True)
    monkeypatch.setattr(engine._stopping, "wait", lambda _: pytest.fail("waited"))
    assert engine.sync().exit_code == 0


class Loses(Spy):
    """Is killed before what it confirmed is on its disk, once: ``then`` is what its AstDB holds when it is back."""

    def __init__(self, name: str, then: dict[str, str]) -> None:
        super().__init__(name)
        self.then: dict[str, str] | None = then

    @contextmanager
    def open(self) -> Iterator[MemoryFamily]:
        yield LosingFamily(self)


class LosingFamily(SpyFamily):
    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        pbx = self.pbx
        if isinstance(pbx, Loses) and pbx.then is not None and pbx.put:
            pbx.entries.clear()
            pbx.entries.update(pbx.then)
            pbx.then = None
        return super().read(progress)


def test_what_a_killed_pbx_lost_is_written_again_in_the_same_run(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    start = {**names(18), phone(40): "Gone", "101": "Reception"}
    house.pbx = Loses("office", {**start, phone(3): "Spoilt"})
    house.pbx.entries.update({**start, phone(3): "Spoilt"})
    house.pbxs = [house.pbx]
    house.own([*names(20), phone(40)])
    report = house.engine().sync()
    assert (report.exit_code, report.pbx[0].verified) == (0, True)
    assert house.pbx.entries == {**names(20), "101": "Reception"}
    assert "4 entries were confirmed and are lost" in caplog.text
    assert house.engine().undo().exit_code == 0
    assert house.pbx.entries == {**start, phone(3): "Spoilt"}


def test_a_pbx_that_was_wiped_within_a_run_is_filled_in_the_same_run(house: House) -> None:
    house.pbx = Loses("office", {})
    house.pbx.entries.update(names(15))
    house.pbxs = [house.pbx]
    report = house.engine().sync()
    assert (report.exit_code, house.pbx.entries) == (0, names(20))
    assert house.engine().undo().exit_code == 0
    assert house.pbx.entries == names(15)


def test_what_somebody_else_writes_meanwhile_is_not_overwritten(house: House) -> None:
    house.pbx = Loses("office", {**names(20), phone(3): "by hand"})
    house.pbxs = [house.pbx]
    report = house.engine().sync()
    assert (report.exit_code, house.pbx.entries[phone(3)]) == (7, "by hand")
    assert "somebody else wrote meanwhile" in str(report.pbx[0].error)


def test_what_a_pbx_confirms_and_forgets_is_noticed(house: House) -> None:
    class Deaf(MemoryFamily):
        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            return {}

    class DeafPbx(MemoryPbx):
        @contextmanager
        def open(self) -> Iterator[MemoryFamily]:
            yield Deaf({})

    house.pbxs = [DeafPbx("deaf")]
    report = house.engine().sync()
    assert (report.exit_code, report.pbx[0].verified) == (7, False)
    assert "20 entries are not as desired" in str(report.pbx[0].error)
