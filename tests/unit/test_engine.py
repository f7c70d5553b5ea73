"""The one story, over a PBX in a dict: what is written, what is refused, what is remembered."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from astsync.engine.result import Applied
from astsync.engine.target import COMMITTED
from astsync.errors import PbxConnectionLost, PbxForgot, PbxTimeout, SafetyError, SourceBadAnswer, StoreError
from astsync.phonebook.model import Progress, no_progress
from astsync.phonebook.ownership import Ownership
from astsync.phonebook.plan import Limits
from astsync.stopping import NEVER, Stopping
from astsync.store import Store
from tests.memory_pbx import MemoryFamily, MemoryPbx
from tests.unit.engine_rig import FAMILY, EngineRig, Spy, SpyFamily, names, phone


def test_the_first_sync_adds_and_the_second_finds_nothing(rig: EngineRig) -> None:
    report = rig.engine().sync()
    assert report.exit_code == 0
    assert report.pbx[0].applied is not None
    assert report.pbx[0].applied.add == 20
    assert report.pbx[0].verified is True
    assert rig.pbx.entries == names(20)
    rig.pbx.put.clear()
    again = rig.engine().sync()
    assert (again.exit_code, again.differs, rig.written) == (0, False, [])


def test_only_what_differs_is_written(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.put.clear()
    rig.source.names = {**names(19), phone(3): "Other", phone(50): "New"}
    report = rig.engine().sync()
    assert sorted(rig.pbx.put) == [phone(3), phone(50)]
    assert rig.pbx.deleted == [phone(19)]
    assert rig.overwritten(report.run) == {phone(3): "Firma 3", phone(19): "Firma 19"}


def test_foreign_keys_stay_and_a_wanted_one_is_adopted(rig: EngineRig) -> None:
    rig.pbx.entries.update({"101": "Reception", phone(3): "by hand", phone(4): "Firma 4"})
    report = rig.engine().sync()
    assert report.pbx[0].plan is not None
    assert (report.pbx[0].plan.foreign, len(report.pbx[0].plan.change)) == (1, 1)
    assert rig.pbx.entries["101"] == "Reception"
    assert rig.owned() == set(names(20))
    assert rig.overwritten(report.run) == {phone(3): "by hand"}


def test_a_lost_store_deletes_nothing(rig: EngineRig, tmp_path: Path) -> None:
    rig.engine().sync()
    rig.source.names = names(10)
    with closing(Store(tmp_path / "other.sqlite3")) as store:
        rig.store = store
        report = rig.engine().sync()
    assert (report.exit_code, rig.pbx.deleted) == (0, [])


def test_a_dry_run_writes_nothing_anywhere(rig: EngineRig) -> None:
    report = rig.engine(dry_run=True).sync("diff")
    assert report.differs
    assert (report.run, rig.written, rig.store.snapshot()) == (None, [], None)
    assert rig.store.owners("office", "cidname") == {}


def test_a_source_that_breaks_writes_nothing(rig: EngineRig) -> None:
    rig.engine().sync()
    before = rig.store.snapshot()
    rig.pbx.put.clear()
    rig.source.names, rig.source.error = names(25, "Other"), SourceBadAnswer("half a list")
    with pytest.raises(SourceBadAnswer):
        rig.engine().sync()
    assert (rig.written, rig.store.snapshot()) == ([], before)


def test_push_restores_a_wiped_pbx_without_the_source(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.entries.clear()
    report = rig.engine(whole=True).push()
    assert (report.exit_code, rig.pbx.entries, rig.source.pulls) == (0, names(20), 1)
    assert report.pbx[0].applied is not None
    assert report.pbx[0].applied.add == 20


def test_push_writes_every_entry_even_where_nothing_differs(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.put.clear()
    assert rig.engine(whole=True).push().exit_code == 0
    assert sorted(rig.pbx.put) == sorted(names(20))


def test_push_pulls_when_there_is_no_snapshot_or_when_told_to(rig: EngineRig) -> None:
    rig.engine(whole=True).push()
    rig.engine(whole=True).push(pull=True)
    assert rig.source.pulls == 2
    assert rig.store.snapshot() is not None


def test_restore_writes_only_what_differs_from_the_snapshot(rig: EngineRig) -> None:
    rig.engine().sync()
    del rig.pbx.entries[phone(3)]
    rig.pbx.entries.update({phone(4): "Other", "101": "Reception"})
    rig.pbx.put.clear()
    report = rig.engine().restore()
    assert (report.exit_code, report.command, report.fresh, rig.source.pulls) == (0, "restore", False, 1)
    assert sorted(rig.pbx.put) == [phone(3), phone(4)]
    assert rig.pbx.entries == {**names(20), "101": "Reception"}


def test_restore_without_a_snapshot_says_what_to_do(rig: EngineRig) -> None:
    with pytest.raises(StoreError, match="no phonebook yet") as fault:
        rig.engine().restore()
    assert "astsync sync" in fault.value.hint
    assert (rig.source.pulls, rig.written) == (0, [])


@pytest.mark.parametrize("command", ["sync", "diff", "push"])
def test_too_many_deletes_are_refused_in_every_command(rig: EngineRig, command: str) -> None:
    rig.engine().sync()
    rig.pbx.put.clear()
    rig.source.names = names(13)
    engine = rig.engine(dry_run=command == "diff", whole=command == "push")
    report = engine.push(pull=True) if command == "push" else engine.sync(command)
    assert report.exit_code == 6
    assert report.pbx[0].plan is not None
    assert len(report.pbx[0].plan.delete) == 7
    assert rig.written == []
    snapshot = rig.store.snapshot()
    assert snapshot is not None
    assert len(snapshot.entries) == 20
    lifted = rig.engine(limits=Limits(max_delete=None)).sync()
    assert (lifted.exit_code, rig.pbx.entries) == (0, names(13))


def test_a_wiped_pbx_does_not_let_half_a_list_through(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.entries.clear()
    rig.source.names = names(10)
    report = rig.engine().sync()
    assert report.exit_code == 6
    assert "since the last good list" in str(report.pbx[0].error)
    assert rig.pbx.entries == {}
    assert rig.engine(whole=True).push().exit_code == 0
    assert rig.pbx.entries == names(20)


@pytest.mark.parametrize("wiped", [False, True])
@pytest.mark.parametrize("count", [1, 20])
def test_an_empty_list_after_a_good_one_is_refused(rig: EngineRig, count: int, wiped: bool) -> None:
    rig.source.names = names(count)
    rig.engine().sync()
    if wiped:
        rig.pbx.entries.clear()
    rig.source.names = {}
    for dry_run in (True, False):
        report = rig.engine(dry_run=dry_run).sync()
        assert isinstance(report.pbx[0].error, SafetyError)
        assert "--allow-empty" in report.pbx[0].error.hint
        assert report.exit_code == 6
    assert rig.pbx.entries == ({} if wiped else names(count))
    assert rig.engine(whole=True).push().exit_code == 0
    assert rig.pbx.entries == names(count)


def test_an_empty_list_is_let_through_where_nothing_is_owned(rig: EngineRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.source.names = {}
    rig.pbx.entries["101"] = "Reception"
    assert (rig.engine().sync().exit_code, rig.pbx.entries) == (0, {"101": "Reception"})
    assert "no usable number" in caplog.text
    assert "numbers.area_code" in caplog.text


def test_an_empty_list_is_refused_on_the_pbx_that_holds_owned_entries_alone(rig: EngineRig, tmp_path: Path) -> None:
    other = Spy("branch", dict.fromkeys(names(3), "by hand"))
    rig.own(names(3))
    rig.pbx.entries.update(names(3))
    rig.pbxs = [rig.pbx, other]
    rig.source.names = {}
    report = rig.engine().sync()
    assert [pbx.error is None for pbx in report.pbx] == [False, True]
    assert (report.exit_code, rig.written, rig.store.snapshot()) == (6, [], None)


def test_an_empty_list_is_refused_where_foreign_entries_would_go(rig: EngineRig) -> None:
    rig.source.names = {}
    rig.pbx.entries["101"] = "Reception"
    assert rig.engine(foreign="delete").sync().exit_code == 6
    assert rig.engine(foreign="delete", limits=Limits(allow_empty=True)).sync().exit_code == 0
    assert rig.pbx.entries == {}


def test_a_list_that_was_accepted_empty_stays_accepted(rig: EngineRig) -> None:
    rig.source.names = {}
    assert rig.engine(limits=Limits(allow_empty=True)).sync().exit_code == 0
    assert rig.engine().sync().exit_code == 0
    assert rig.engine(whole=True).push().exit_code == 0


@pytest.mark.parametrize("foreign", ["keep", "delete"])
def test_keys_that_ami_cannot_name_stay_and_fail_no_run(rig: EngineRig, foreign: str) -> None:
    rig.pbx.entries.update({"": "empty", " lead": "blank", "a\nb": "break", "k" * 2_000: "long", "\udcc8": "bytes"})
    for _ in range(2):
        report = rig.engine(foreign=foreign).sync()
        assert (report.exit_code, report.pbx[0].verified) == (0, True)
        assert report.pbx[0].plan is not None
        assert report.pbx[0].plan.unnameable == ("", " lead", "a\nb", "k" * 2_000)
        assert report.pbx[0].plan.foreign == (5 if foreign == "keep" else 4)
    assert rig.engine().undo().exit_code == 0
    assert len(rig.pbx.entries) == 5


def test_no_delete_after_a_failed_put(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.source.names = {**names(19), phone(50): "New", phone(51): "Newer"}
    rig.pbx.fail_put = {phone(50)}
    report = rig.engine().sync()
    assert report.exit_code == 7
    assert rig.pbx.deleted == []
    assert report.pbx[0].verified is False
    rig.pbx.fail_put = set()
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries == rig.source.names


def test_a_connection_lost_in_the_middle_is_mended_by_the_next_run(rig: EngineRig) -> None:
    rig.pbx.lose_after = 7
    report = rig.engine().sync()
    assert (report.exit_code, len(rig.pbx.entries)) == (7, 7)
    assert report.pbx[0].applied == Applied(add=7, written=7)
    rig.pbx.lose_after = 0
    assert rig.engine().sync().exit_code == 5
    rig.pbx.lose_after = -1
    rig.source.names = names(18)
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries == names(18)


def test_what_was_put_is_told_when_the_deletes_are_lost(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.source.names = {**names(19), phone(50): "New"}
    rig.pbx.lose_deletes = True
    report = rig.engine().sync()
    assert (report.exit_code, report.pbx[0].applied) == (7, Applied(add=1, written=1))


def test_every_put_refused_is_a_pbx_that_failed(rig: EngineRig) -> None:
    rig.pbx.fail_put = set(names(20))
    report = rig.engine().sync()
    assert report.exit_code == 5
    assert "refused by the PBX" in str(report.pbx[0].error)


def test_the_words_of_one_key_are_not_pinned_on_another(rig: EngineRig) -> None:
    rig.pbx.fail_put = {phone(15)}
    rig.engine().sync()
    rig.pbx.entries[phone(3)] = "somebody else's"
    report = rig.engine().sync()
    assert "refused by the PBX" in str(report.pbx[0].error)
    assert f"after writing: {phone(15)}" in str(report.pbx[0].error)


def test_a_key_that_was_wiped_and_left_1c_belongs_to_whoever_writes_it_next(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.entries.clear()
    rig.source.names = names(19)
    rig.engine().sync()
    assert phone(19) not in rig.store.owners("office", "cidname")
    rig.pbx.entries[phone(19)] = "Boss by hand"
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries[phone(19)] == "Boss by hand"


def test_a_run_whose_pull_fails_is_noted_too(rig: EngineRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.source.error = SourceBadAnswer("half a list")
    with pytest.raises(SourceBadAnswer):
        rig.engine().sync()
    with closing(sqlite3.connect(rig.store.path)) as db:
        assert db.execute("SELECT command, exit_code, message FROM run").fetchall() == [("sync", 4, "half a list")]


def test_a_store_that_fails_on_one_pbx_loses_no_report(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Spy("branch")
    rig.pbxs = [rig.pbx, other]
    note = Store.save_record_and_owners

    def fails_for_branch(store: Store, run: int, pbx: str, *rest: Any, **more: Any) -> None:
        if pbx == "branch":
            raise StoreError("the disk is full")
        note(store, run, pbx, *rest, **more)

    monkeypatch.setattr(Store, "save_record_and_owners", fails_for_branch)
    report = rig.engine().sync()
    assert (report.exit_code, rig.pbx.entries, other.entries) == (7, names(20), {})
    assert isinstance(report.pbx[1].error, StoreError)


def test_a_run_whose_end_cannot_be_noted_is_reported_all_the_same(
    rig: EngineRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "end_run", fails)
    assert rig.engine().sync().exit_code == 0
    assert "could not be noted: the disk is full" in caplog.text


def test_one_pbx_that_fails_does_not_stop_the_other(rig: EngineRig) -> None:
    other = Spy("branch")
    rig.pbxs = [rig.pbx, other]
    rig.pbx.unreachable = True
    report = rig.engine().sync()
    assert (report.exit_code, other.entries) == (7, names(20))
    assert report.pbx[0].plan is None
    other.unreachable = True
    assert rig.engine().sync().exit_code == 5


def test_limits_are_checked_on_every_pbx_before_the_first_write(rig: EngineRig) -> None:
    rig.engine().sync()
    other = Spy("branch")
    rig.pbxs = [other, rig.pbx]
    rig.pbx.put.clear()
    rig.pbx.entries.update(dict.fromkeys(names(20), "by hand"))
    report = rig.engine().sync()
    assert [pbx.error is None for pbx in report.pbx] == [True, False]
    assert (report.exit_code, rig.written, other.entries) == (7, [], names(20))


def test_a_refusal_beside_a_pbx_in_step_says_that_nothing_was_written(rig: EngineRig) -> None:
    rig.engine().sync()
    other = Spy("branch", dict.fromkeys(names(20), "Spoilt"))
    rig.own(names(20), "branch")
    rig.pbxs = [rig.pbx, other]
    rig.pbx.put.clear()
    for dry_run in (True, False):
        report = rig.engine(dry_run=dry_run).sync()
        assert [pbx.error is None for pbx in report.pbx] == [True, False]
        assert "max_change" in str(report.pbx[1].error)
        assert (report.exit_code, rig.written, other.put) == (6, [], [])
    assert rig.engine(limits=Limits(max_change=None)).sync().exit_code == 0
    assert other.entries == names(20)


@pytest.mark.parametrize("dry_run", [True, False])
def test_push_is_limited_by_what_differs(rig: EngineRig, dry_run: bool) -> None:
    rig.engine().sync()
    rig.pbx.entries.update({phone(i): "Spoilt" for i in range(7)})
    rig.pbx.put.clear()
    report = rig.engine(whole=True, dry_run=dry_run).push()
    assert (report.exit_code, rig.written) == (6, [])
    assert "change 7 of 20 entries (35%); max_change is 30%" in str(report.pbx[0].error)
    assert rig.engine(whole=True, limits=Limits(max_change=0.35)).push().exit_code == 0
    assert rig.pbx.entries == names(20)


def test_a_user_that_may_not_write_owns_nothing_and_leaves_no_record(rig: EngineRig) -> None:
    rig.pbx.entries.update({phone(1): "by hand", phone(2): "Firma 2", "101": "Reception"})
    before = dict(rig.pbx.entries)
    rig.pbx.read_only = True
    report = rig.engine().sync()
    assert (report.exit_code, report.pbx[0].applied, report.pbx[0].verified) == (5, Applied(), None)
    assert rig.pbx.entries == before
    assert rig.owned() == {phone(2)}, "only the entry that was as wanted is adopted"
    assert rig.store.last_undoable() is None
    rig.pbx.read_only = False
    assert rig.engine().sync().exit_code == 0
    assert rig.owned() == set(names(20))


def test_a_key_whose_put_was_refused_is_not_owned_and_not_in_the_record(rig: EngineRig) -> None:
    rig.pbx.entries[phone(3)] = "by hand"
    rig.pbx.fail_put = {phone(3), phone(4)}
    report = rig.engine().sync()
    assert report.exit_code == 7
    assert rig.owned() == set(names(20)) - {phone(3), phone(4)}
    recorded = {before.number for before in rig.store.record(report.run or 0, "office", "cidname")}
    assert recorded == set(names(20)) - {phone(3), phone(4)}


def test_what_was_sent_and_not_confirmed_stays_in_the_record_and_owned(rig: EngineRig) -> None:
    rig.pbx.lose_after = 7
    report = rig.engine().sync()
    assert len(rig.store.record(report.run or 0, "office", "cidname")) == 20
    assert rig.store.owners("office", "cidname") == {n: Ownership(True, name) for n, name in names(20).items()}


def test_pbxs_are_worked_on_side_by_side_and_reported_in_their_order(rig: EngineRig) -> None:
    meeting = threading.Barrier(3, timeout=5)

    class Meets(Spy):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            meeting.wait()
            with super().open(stopping) as family:
                yield family

    pbxs = [Meets(name) for name in ("office", "branch", "attic")]
    rig.pbxs = [*pbxs]
    pbxs[1].unreachable = True
    report = rig.engine().sync()
    assert [pbx.name for pbx in report.pbx] == ["office", "branch", "attic"]
    assert [pbx.error is None for pbx in report.pbx] == [True, False, True]
    assert (report.exit_code, pbxs[0].entries, pbxs[2].entries) == (7, names(20), names(20))


def test_each_of_several_pbxs_has_its_own_progress(rig: EngineRig) -> None:
    stages: set[str] = set()
    rig.pbxs = [rig.pbx, Spy("branch")]
    engine = rig.engine()
    engine._progress = lambda stage, _done, _total: stages.add(stage)
    engine.sync()
    assert {"office: read", "branch: read", "office: DBPut", "branch: DBPut"} <= stages


def test_more_than_20_pbxs_that_fail_alike_are_one_error_in_history(rig: EngineRig) -> None:
    pbxs = [Spy(f"branch {i}") for i in range(22)]
    for pbx in pbxs:
        pbx.unreachable = True
    rig.pbxs = [*pbxs]
    assert rig.engine().sync().message == "branch 0: no connection (and 21 more PBXs)"
    rig.pbxs = [*pbxs[:3]]
    assert rig.engine().sync().message == "; ".join(f"branch {i}: no connection" for i in range(3))


def test_a_bug_on_one_of_several_pbxs_is_told_as_a_bug(rig: EngineRig) -> None:
    class Broken(Spy):
        def open(self, stopping: Stopping = NEVER) -> NoReturn:
            raise ZeroDivisionError

    rig.pbxs = [rig.pbx, Broken("branch")]
    with pytest.raises(ZeroDivisionError):
        rig.engine().sync()
    assert rig.written == []
    assert rig.store.runs(1)[0].exit_code == 1


class Hangs(MemoryPbx):
    """Answers only when its connection is ended."""

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
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


def test_an_interrupt_ends_the_work_on_every_pbx(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.pbxs = [Hangs("office"), Hangs("branch")]
    join = threading.Thread.join

    def interrupted(thread: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None:
            raise KeyboardInterrupt
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rig.engine().sync()
    monkeypatch.undo()
    assert not [thread for thread in threading.enumerate() if thread.name == "pbx"]
    assert (rig.store.runs(1)[0].exit_code, rig.store.runs(1)[0].message) == (130, "interrupted")
    assert rig.written == []


class Forgets(MemoryFamily):
    """Holds an entry until it has been waited for, as an Asterisk that is killed before it commits."""

    def __init__(self, entries: dict[str, str], waited: threading.Event) -> None:
        super().__init__(entries)
        self.waited = waited

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        return {} if self.waited.is_set() else super().read(progress)


def test_durable_waits_past_the_commit_and_reads_once_more(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = threading.Event()
    waits: list[float] = []

    class ForgetsPbx(MemoryPbx):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            yield Forgets(self.entries, waited)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        waited.set()
        return False

    rig.pbxs = [ForgetsPbx("office")]
    assert rig.engine().sync().exit_code == 0
    rig.source.names = names(21)
    engine = rig.engine(durable=True)
    monkeypatch.setattr(engine._stopping, "wait", wait)
    report = engine.sync()
    assert (report.exit_code, report.pbx[0].verified) == (5, False)
    assert waits == pytest.approx([COMMITTED, COMMITTED], abs=1)


@pytest.mark.parametrize(("seconds", "waited"), [(0.5, [1.5]), (3.0, [])])
def test_the_commit_is_waited_for_from_the_last_answer_on(
    rig: EngineRig, monkeypatch: pytest.MonkeyPatch, seconds: float, waited: list[float]
) -> None:
    now, waits = [1_000.0], list[float]()

    class Slow(MemoryFamily):
        """Takes some time to give its list."""

        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            now[0] += seconds
            return super().read(progress)

    class SlowPbx(MemoryPbx):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            yield Slow(self.entries)

    rig.pbxs = [SlowPbx("office")]
    engine = rig.engine(durable=True)
    monkeypatch.setattr("astsync.engine.target.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(engine._stopping, "wait", waits.append)
    assert (engine.sync().exit_code, waits) == (0, waited)


def test_durable_claims_nothing_when_the_time_is_over_before_the_last_reading(
    rig: EngineRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(MemoryFamily):
        reads = 0

        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            self.reads += 1
            if self.reads == 3:
                raise PbxTimeout("office: DBGetTree: no answer for 15 s")
            return super().read(progress)

    class LatePbx(MemoryPbx):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            yield Late(self.entries)

    rig.pbxs = [LatePbx("office")]
    engine = rig.engine(durable=True)
    monkeypatch.setattr(engine._stopping, "wait", lambda _: False)
    part = engine.sync().pbx[0]
    assert (isinstance(part.error, PbxTimeout), part.verified) == (True, None)


def test_durable_does_not_wait_where_nothing_was_written(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.engine().sync()
    engine = rig.engine(durable=True)
    monkeypatch.setattr(engine._stopping, "wait", lambda _: pytest.fail("waited"))
    assert engine.sync().exit_code == 0


class Loses(Spy):
    """Is killed before what it confirmed is on its disk, once: ``then`` is what its AstDB holds when it is back."""

    def __init__(self, name: str, then: dict[str, str]) -> None:
        super().__init__(name)
        self.then: dict[str, str] | None = then

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        yield LosingFamily(self)


class LosingFamily(SpyFamily):
    def started(self) -> str:
        return f"{super().started()}, {isinstance(self.pbx, Loses) and self.pbx.then is None}"

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        pbx = self.pbx
        if isinstance(pbx, Loses) and pbx.then is not None and pbx.put:
            pbx.entries.clear()
            pbx.entries.update(pbx.then)
            pbx.then = None
        return super().read(progress)


def test_what_a_killed_pbx_lost_is_written_again_in_the_same_run(
    rig: EngineRig, caplog: pytest.LogCaptureFixture
) -> None:
    start = {**names(18), phone(40): "Gone", "101": "Reception"}
    rig.pbx = Loses("office", {**start, phone(3): "Spoilt"})
    rig.pbx.entries.update({**start, phone(3): "Spoilt"})
    rig.pbxs = [rig.pbx]
    rig.own([*names(20), phone(40)])
    report = rig.engine().sync()
    assert (report.exit_code, report.pbx[0].verified) == (0, True)
    assert rig.pbx.entries == {**names(20), "101": "Reception"}
    assert "4 entries were confirmed and are lost" in caplog.text
    assert rig.engine().undo().exit_code == 0
    assert rig.pbx.entries == {**start, phone(3): "Spoilt"}


def test_a_pbx_that_was_wiped_within_a_run_is_filled_in_the_same_run(rig: EngineRig) -> None:
    rig.pbx = Loses("office", {})
    rig.pbx.entries.update(names(15))
    rig.pbxs = [rig.pbx]
    report = rig.engine().sync()
    assert (report.exit_code, rig.pbx.entries) == (0, names(20))
    assert rig.engine().undo().exit_code == 0
    assert rig.pbx.entries == names(15)


def test_what_somebody_else_writes_meanwhile_is_not_overwritten(rig: EngineRig) -> None:
    rig.pbx = Loses("office", {**names(20), phone(3): "by hand"})
    rig.pbxs = [rig.pbx]
    report = rig.engine().sync()
    assert (report.exit_code, rig.pbx.entries[phone(3)]) == (7, "by hand")
    assert "somebody else wrote meanwhile" in str(report.pbx[0].error)


def test_what_a_pbx_confirms_and_forgets_is_noticed(rig: EngineRig) -> None:
    class Deaf(MemoryFamily):
        def read(self, progress: Progress = no_progress) -> dict[str, str]:
            return {}

    class DeafPbx(MemoryPbx):
        @contextmanager
        def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
            yield Deaf({})

    rig.pbxs = [DeafPbx("deaf")]
    report = rig.engine().sync()
    assert (report.exit_code, report.pbx[0].verified) == (5, False)
    assert isinstance(report.pbx[0].error, PbxForgot)
    assert "the PBX confirmed 20 entries" in str(report.pbx[0].error)
    assert "db.c" in report.pbx[0].error.hint


def test_a_push_onto_a_full_family_notes_nothing(rig: EngineRig) -> None:
    rig.engine().sync()
    owners = dict(rig.store.owners("office", FAMILY))
    report = rig.engine(whole=True).push()
    assert rig.pbx.put[20:] == sorted(names(20))
    assert report.pbx[0].verified
    assert rig.store.record(report.run or 0, "office", FAMILY) == ()
    assert rig.store.owners("office", FAMILY) == owners
    assert not rig.store.runs(1)[0].undoable
