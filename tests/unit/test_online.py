"""Names that 1C told during calls, in every run: desired after the snapshot, never over a foreign key, soon expired."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.engine import RunOptions
from astsync.engine import target as target_module
from astsync.engine.result import PbxReport, Report
from astsync.errors import PbxConnectionLost, SafetyError
from astsync.pbx import KeyPbx
from astsync.phonebook.keeping import Trace
from astsync.phonebook.model import Entry, Origin, Progress, no_progress
from astsync.phonebook.ownership import NOT_OURS, Ownership, with_online
from astsync.phonebook.plan import Limits, Plan, check_plan, make_plan
from astsync.reports.as_json import render
from astsync.stopping import NEVER, Stopping
from astsync.store import OnlineName, Store
from tests.memory_pbx import MemoryFamily
from tests.unit.engine_rig import FAMILY, EngineRig, Spy, names, phone

DAY = timedelta(days=1)
NEW, OTHER = phone(500), phone(501)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EngineRig]:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        yield EngineRig(store)


def tell(rig: EngineRig, told: dict[str, str], ago: timedelta = timedelta(), keep: timedelta = DAY) -> None:
    """Let 1C have told names during calls."""
    at = datetime.now(UTC) - ago
    rig.store.save_online(OnlineName(number, name, at, at + keep) for number, name in told.items())


def write(rig: EngineRig, numbers: list[str], *pbxs: KeyPbx) -> Report:
    report = rig.engine().write_online(numbers, pbxs or (rig.pbx,))
    assert report is not None
    return report


def part(report: Report) -> PbxReport:
    (one,) = report.pbx
    return one


def planned(report: Report) -> Plan:
    plan = part(report).plan
    assert plan is not None
    return plan


def expire(rig: EngineRig) -> None:
    """Let the time of all names pass that were told."""
    kept = rig.store.online(datetime.now(UTC)).names.values()
    rig.store.save_online(OnlineName(one.number, one.name, one.at - 2 * DAY, one.until - 2 * DAY) for one in kept)


# What is desired.


def test_a_list_without_names_told_online_is_not_copied() -> None:
    listed = {"1": Entry("1", "a")}
    assert with_online(listed, {}, {}, set()) is listed
    assert with_online(listed, {"1": Entry("1", "b")}, {}, set()) is listed
    assert with_online(listed, {"2": Entry("2", "b")}, {"2": "b"}, set()) is listed


@pytest.mark.parametrize("command", ["sync", "push", "pull", "restore"])
def test_every_run_desires_the_snapshot_and_then_what_was_told_online(rig: EngineRig, command: str) -> None:
    rig.engine().sync()
    tell(rig, {NEW: "OOO Zvonok"})
    rig.pbx.entries.clear()
    runs = {
        "sync": lambda engine: engine.sync(),
        "push": lambda engine: engine.push(),
        "pull": lambda engine: engine.push(pull=True),
        "restore": lambda engine: engine.restore(),
    }
    dry = runs[command](rig.engine(dry_run=True, whole=command in {"push", "pull"}))
    assert NEW in {change.number for change in planned(dry).add}
    assert rig.pbx.entries == {}
    report = runs[command](rig.engine(whole=command in {"push", "pull"}))
    assert rig.pbx.entries == {**names(20), NEW: "OOO Zvonok"}
    assert (report.exit_code, part(report).verified) == (0, True)
    added = {change.number: change.new.source for change in planned(report).add if change.new is not None}
    assert (added[NEW], added[phone(1)]) == (Origin.ONLINE, f"List/{phone(1)}")
    assert f'"source": "{Origin.ONLINE}"' in render(report)
    assert NEW in rig.owned()


def test_of_an_empty_list_is_not_said_that_nothing_is_written_while_told_names_are(
    rig: EngineRig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.source.names = {}
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    tell(rig, {OTHER: "OOO Drugoy"})
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries == {NEW: "OOO Zvonok", OTHER: "OOO Drugoy"}
    assert "gave no usable number" in caplog.text
    assert "no PBX holds an entry of an earlier list, so none is deleted" in caplog.text


def test_the_list_has_the_last_word_on_a_number_that_was_told_online(rig: EngineRig) -> None:
    rig.engine().sync()
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    rig.source.names = {**names(20), NEW: "Firma 500"}
    rig.engine().sync()
    assert rig.pbx.entries[NEW] == "Firma 500"
    assert rig.store.online(datetime.now(UTC)).names == {}
    rig.source.names = names(20)
    rig.engine().sync()
    assert NEW not in rig.pbx.entries


@pytest.mark.parametrize("theirs", ["by hand", "OOO Zvonok"])
@pytest.mark.parametrize("command", ["sync", "push", "online"])
def test_a_name_told_online_takes_no_foreign_key_not_even_one_that_is_equal(
    rig: EngineRig, theirs: str, command: str
) -> None:
    rig.pbx.entries[NEW] = theirs
    rig.engine().sync()
    tell(rig, {NEW: "OOO Zvonok"})
    rig.pbx.put.clear()
    if command == "online":
        report = write(rig, [NEW])
    else:
        report = rig.engine(whole=command == "push").push() if command == "push" else rig.engine().sync()
    assert (report.exit_code, planned(report).foreign) == (0, 1)
    assert rig.pbx.entries[NEW] == theirs
    assert NEW not in rig.pbx.put
    assert NEW not in rig.owned()
    assert rig.store.owners("office", FAMILY, [NEW]) == {}
    expire(rig)
    rig.engine().sync()
    assert rig.pbx.entries[NEW] == theirs, "what was never ours is not deleted when the name expires"


def test_a_key_that_was_ours_if_it_held_another_value_is_foreign(rig: EngineRig) -> None:
    rig.pbx.entries[NEW] = "by hand"
    doubt = {NEW: Ownership(ours=True, if_held="OOO Zvonok")}
    rig.store.save_record_and_owners(0, "office", FAMILY, (), doubt)
    tell(rig, {NEW: "OOO Novoe"})
    write(rig, [NEW])
    assert rig.pbx.entries[NEW] == "by hand"
    assert rig.store.owners("office", FAMILY, [NEW]) in ({}, {NEW: NOT_OURS})


# The end of a name.


def test_an_expired_name_is_deleted_like_any_other_entry_and_then_not_remembered(rig: EngineRig) -> None:
    rig.engine().sync()
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    expire(rig)
    report = rig.engine().sync()
    assert [change.number for change in planned(report).delete] == [NEW]
    assert rig.pbx.entries == names(20)
    for _ in range(2):
        rig.engine().sync()
    assert rig.store.online_of([NEW]) == {}


def test_expired_names_count_neither_as_deletions_nor_in_the_total(rig: EngineRig) -> None:
    rig.engine().sync()
    many = {phone(500 + i): f"Zvonok {i}" for i in range(50)}
    tell(rig, many)
    write(rig, list(many))
    expire(rig)
    rig.source.names = names(15)  # 5 of 20 are gone: 25%
    report = rig.engine(dry_run=True).sync()
    assert part(report).error is None
    assert len(planned(report).delete) == 55
    rig.source.names = names(13)  # 7 of 20: 35%, while 7 of 70 would be 10%
    refused = rig.engine().sync()
    assert refused.exit_code == SafetyError.exit_code
    assert set(many) <= rig.pbx.entries.keys()


def test_the_share_of_a_plan_is_that_of_the_listed_entries() -> None:
    existing = {**{str(i): "a" for i in range(10)}, **{str(i): "b" for i in range(100, 150)}}
    online = {str(i) for i in range(100, 150)}
    desired = {str(i): Entry(str(i), "a") for i in range(6)}
    plan = make_plan(existing, desired, set(existing), online=online)
    assert (len(plan.delete), plan.unlisted, plan.deletable) == (54, 50, 10)
    with pytest.raises(SafetyError, match=r"delete 4 of 10 entries \(40%\)"):
        check_plan(plan, Limits(), "office")
    renamed = {**{str(i): Entry(str(i), "a") for i in range(10)}, **{n: Entry(n, "c") for n in online}}
    plan = make_plan(existing, renamed, set(existing), online=online)
    assert (len(plan.change), plan.deletable_changed) == (50, 0)
    foreign = make_plan(existing, {}, set(), "delete", online=online)
    assert (foreign.unlisted, foreign.deletable) == (0, 60), "what is not ours was not told online"


def test_an_empty_list_is_judged_by_the_list_alone(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    rig.source.names = {}
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries == {NEW: "OOO Zvonok"}
    rig.source.names = names(20)
    rig.engine().sync()
    rig.source.names = {}
    refused = rig.engine().sync()
    assert refused.exit_code == SafetyError.exit_code
    assert rig.pbx.entries == {**names(20), NEW: "OOO Zvonok"}


# The narrow run.


class NarrowFamily(MemoryFamily):
    def __init__(self, pbx: "Narrow") -> None:
        super().__init__(pbx.entries)
        self._pbx = pbx

    def read(self, progress: Progress = no_progress) -> dict[str, str]:
        raise AssertionError("the whole family is read")

    def get(self, number: str) -> str | None:
        self._pbx.asked.append(number)
        return super().get(number)


class Narrow(Spy):
    """A PBX that says which keys it was asked for, and whether somebody read the whole family."""

    def __init__(self, name: str, entries: dict[str, str] | None = None) -> None:
        super().__init__(name, entries)
        self.asked: list[str] = []

    @contextmanager
    def open(self, stopping: Stopping = NEVER) -> Iterator[MemoryFamily]:
        with super().open(stopping):
            yield NarrowFamily(self)


def test_the_narrow_run_asks_for_its_keys_alone_and_is_a_run_of_history(rig: EngineRig) -> None:
    pbx = Narrow("office", {phone(1): "theirs", "101": "Reception"})
    tell(rig, {NEW: "OOO Zvonok", OTHER: "OOO Drugoy"})
    report = write(rig, [NEW], pbx)
    assert pbx.asked == [NEW, NEW]
    assert pbx.entries == {phone(1): "theirs", "101": "Reception", NEW: "OOO Zvonok"}
    assert (report.exit_code, report.command, part(report).verified) == (0, "online", True)
    (run,) = rig.store.runs()
    assert (run.command, run.exit_code, run.undoable) == ("online", 0, True)
    (done,) = run.parts
    assert (done.pbx, done.added, done.changed, done.deleted, done.verified) == ("office", 1, 0, 0, True)
    rig.pbx.entries = pbx.entries
    assert rig.owned() == {NEW}


def test_a_later_answer_changes_what_an_earlier_one_wrote(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    tell(rig, {NEW: "OOO Novoe"})
    report = write(rig, [NEW])
    assert rig.pbx.entries == {NEW: "OOO Novoe"}
    assert part(report).applied.change == 1  # type: ignore[union-attr]
    assert rig.overwritten(report.run) == {NEW: "OOO Zvonok"}


def test_what_the_snapshot_has_is_not_written(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.entries[phone(1)] = "old name of ours"
    tell(rig, {phone(1): "OOO Zvonok"})
    assert rig.engine().write_online([phone(1)], [rig.pbx]) is None
    assert rig.pbx.entries[phone(1)] == "old name of ours"
    assert len(rig.store.runs()) == 1
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW, phone(1)])
    assert rig.pbx.entries[phone(1)] == "old name of ours"


def test_what_has_expired_or_was_forgotten_meanwhile_is_not_written(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"}, ago=2 * DAY)
    assert rig.engine().write_online([NEW, OTHER], [rig.pbx]) is None
    assert (rig.pbx.entries, rig.store.runs()) == ({}, ())


def test_the_narrow_run_leaves_the_trace_and_the_doubts_of_earlier_runs(rig: EngineRig) -> None:
    rig.engine().sync()
    trace = rig.store.trace("office", FAMILY)
    doubt = {OTHER: Ownership(ours=True, if_held="x")}
    rig.store.save_record_and_owners(0, "office", FAMILY, (), doubt, trace)
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    assert trace is not None
    assert rig.store.trace("office", FAMILY) == trace
    assert rig.store.owners("office", FAMILY, [OTHER]) == doubt
    assert rig.owned() == {NEW, *names(20)}


def test_a_loss_that_came_before_is_still_noticed_by_the_next_sync(rig: EngineRig) -> None:
    rig.engine().sync()
    kept = rig.store.trace("office", FAMILY)
    assert kept is not None
    lasting = Trace(kept.run, kept.at, "")
    rig.store.save_outcome_and_owners(kept.run, "office", FAMILY, (), {}, lasting)
    del rig.pbx.entries[phone(3)]
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    missed = part(rig.engine(dry_run=True).sync()).missed
    assert missed is not None
    assert (missed.count, missed.total) == (1, 20)


def test_a_pbx_that_is_away_is_written_by_the_next_sync(rig: EngineRig) -> None:
    branch, far = Spy("branch"), Spy("far")
    far.unreachable = True
    rig.pbxs = [rig.pbx, branch, far]
    tell(rig, {NEW: "OOO Zvonok"})
    report = write(rig, [NEW], rig.pbx, branch, far)
    assert (report.exit_code, report.message) == (7, "far: no connection")
    assert [pbx.entries for pbx in (rig.pbx, branch, far)] == [{NEW: "OOO Zvonok"}, {NEW: "OOO Zvonok"}, {}]
    (run,) = rig.store.runs()
    assert {one.pbx: (one.added, one.error) for one in run.parts} == {
        "office": (1, ""), "branch": (1, ""), "far": (0, "far: no connection"),
    }  # fmt: skip
    far.unreachable = False
    assert rig.engine().sync().exit_code == 0
    assert far.entries == {**names(20), NEW: "OOO Zvonok"}


def test_a_pbx_that_is_lost_within_it_leaves_a_key_that_is_ours_if_it_arrived(rig: EngineRig) -> None:
    rig.pbx.lose_after = 0
    tell(rig, {NEW: "OOO Zvonok"})
    report = write(rig, [NEW])
    assert isinstance(part(report).error, PbxConnectionLost)
    assert rig.store.owners("office", FAMILY, [NEW]) == {NEW: Ownership(ours=True, if_held="OOO Zvonok")}
    rig.pbx.lose_after = -1
    rig.pbx.entries[NEW] = "by hand"
    rig.engine().sync()
    assert rig.pbx.entries[NEW] == "by hand"


def test_what_a_killed_pbx_lost_is_written_again(rig: EngineRig, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    apply = target_module.Target._apply

    def lose(target: target_module.Target, *given: object) -> None:
        apply(target, *given)  # type: ignore[arg-type]
        rig.pbx.entries.clear()

    monkeypatch.setattr(target_module.Target, "_apply", lose)
    assert write(rig, [NEW]).exit_code == 0
    assert rig.pbx.entries == {NEW: "OOO Zvonok"}
    assert rig.pbx.put == [NEW, NEW]


# Undo.


def test_an_undo_of_what_was_told_online_forgets_it(rig: EngineRig) -> None:
    rig.engine().sync()
    tell(rig, {NEW: "OOO Zvonok", OTHER: "OOO Drugoy"})
    run = write(rig, [NEW]).run
    dry = rig.engine(dry_run=True).undo(run)
    assert [change.number for change in planned(dry).delete] == [NEW]
    assert len(rig.store.online(datetime.now(UTC)).names) == 2
    assert rig.engine().undo(run).exit_code == 0
    assert rig.pbx.entries == names(20)
    rig.engine().sync()
    assert rig.pbx.entries == {**names(20), OTHER: "OOO Drugoy"}


def test_an_undo_of_a_sync_that_wrote_it_forgets_it_too(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    rig.engine().sync()
    rig.engine().undo()
    assert rig.pbx.entries == {}
    assert rig.store.online(datetime.now(UTC)).names == {}


def test_an_undo_that_is_refused_forgets_nothing(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    run = write(rig, [NEW]).run
    rig.pbx.entries[NEW] = "by hand"
    assert rig.engine().undo(run).exit_code == SafetyError.exit_code
    assert list(rig.store.online(datetime.now(UTC)).names) == [NEW]


def test_an_earlier_answer_is_undone_and_a_later_one_stays_known(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    first = write(rig, [NEW]).run
    tell(rig, {NEW: "OOO Novoe"})
    write(rig, [NEW])
    assert rig.engine().undo(first, skip_changed=True).exit_code == 0
    assert [one.name for one in rig.store.online(datetime.now(UTC)).names.values()] == ["OOO Novoe"]


def test_an_undo_without_a_number_puts_back_the_sync_and_not_a_call(rig: EngineRig) -> None:
    sync = rig.engine().sync().run
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    assert rig.engine().undo().undoes == sync
    assert rig.pbx.entries == {NEW: "OOO Zvonok"}


def test_a_run_over_keys_told_online_is_undone_as_others_are(rig: EngineRig) -> None:
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    rig.source.names = {**names(3), NEW: "Firma 500"}
    run = rig.engine().sync().run
    rig.engine().undo(run)
    assert rig.pbx.entries == {NEW: "OOO Zvonok"}
    assert rig.owned() == {NEW}


def options(**given: object) -> RunOptions:
    return RunOptions(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("held", ["by hand", "OOO Zvonok"])
def test_with_foreign_delete_the_name_takes_a_foreign_key_in_one_run(rig: EngineRig, held: str) -> None:
    rig.options = options(foreign="delete")
    rig.pbx.entries[NEW] = held
    tell(rig, {NEW: "OOO Zvonok"})
    assert rig.engine().sync().exit_code == 0
    assert rig.pbx.entries[NEW] == "OOO Zvonok"
    assert NEW in rig.owned()
    assert planned(rig.engine().sync()).changes == 0
    expire(rig)
    rig.engine().sync()
    assert NEW not in rig.pbx.entries


def test_with_foreign_delete_a_call_still_writes_over_no_foreign_key(rig: EngineRig) -> None:
    rig.options = options(foreign="delete")
    rig.pbx.entries[NEW] = "by hand"
    tell(rig, {NEW: "OOO Zvonok"})
    write(rig, [NEW])
    assert rig.pbx.entries[NEW] == "by hand"
