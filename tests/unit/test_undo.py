"""Putting runs back: values, added keys, ownership; and what is refused."""

from contextlib import closing
from pathlib import Path

import pytest

from astsync.errors import ConfigError, SafetyError
from astsync.phonebook.ownership import CERTAINLY_OURS, NOT_OURS
from astsync.phonebook.plan import Limits
from astsync.store import Before, Store
from tests.unit.engine_rig import FAMILY, EngineRig, Spy, names, phone

BYTES = "by hand \udcc8\udce2"


@pytest.fixture
def busy(rig: EngineRig) -> EngineRig:
    """A rig whose last run added, changed (owned and foreign), deleted and adopted."""
    rig.pbx.entries.update({"101": "Reception"})
    rig.engine().sync()
    rig.pbx.entries.update({phone(30): BYTES, phone(31): "New 31"})
    rig.source.names = {**names(19), phone(3): "Other", phone(30): "New 30", phone(31): "New 31", phone(32): "New 32"}
    return rig


def state(rig: EngineRig) -> tuple[dict[str, str], set[str]]:
    return dict(rig.pbx.entries), rig.owned()


def test_undo_puts_back_values_and_ownership(busy: EngineRig) -> None:
    before = state(busy)
    run = busy.engine().sync().run
    assert state(busy)[0][phone(30)] == "New 30"
    assert busy.owned() == set(busy.source.names)
    report = busy.engine().undo()
    assert (report.exit_code, report.undoes, report.pbx[0].verified) == (0, run, True)
    assert report.pbx[0].plan is not None
    assert [len(c) for c in (report.pbx[0].plan.add, report.pbx[0].plan.change, report.pbx[0].plan.delete)] == [1, 2, 1]
    assert state(busy) == before


def test_an_undo_is_a_run_that_can_be_undone(busy: EngineRig) -> None:
    run = busy.engine().sync().run
    after = state(busy)
    undone = busy.engine().undo().run
    assert busy.engine().undo().undoes == undone
    assert state(busy) == after
    records = {record.run: record for record in busy.store.runs()}
    assert records[undone or 0].undoes == run
    assert records[run or 0].undone_by == undone
    assert busy.engine().sync().differs is False


def test_the_first_run_of_all_can_be_put_back(rig: EngineRig) -> None:
    rig.pbx.entries.update({"101": "Reception", phone(2): "Firma 2", phone(3): "by hand"})
    before = state(rig)
    rig.engine().sync()
    assert rig.engine().undo().exit_code == 0
    assert state(rig) == before


def test_the_limits_do_not_hold_back_what_is_asked_for(rig: EngineRig) -> None:
    rig.engine().sync()
    assert rig.engine(limits=Limits(max_delete=0.0)).undo().exit_code == 0
    assert rig.pbx.entries == {}


def test_a_dry_undo_changes_nothing(busy: EngineRig) -> None:
    busy.engine().sync()
    after, runs = state(busy), busy.store.runs()
    busy.pbx.put.clear()
    report = busy.engine(dry_run=True).undo()
    assert (report.differs, report.run, busy.pbx.put) == (True, None, [])
    assert (state(busy), busy.store.runs()) == (after, runs)


def test_what_has_changed_since_is_refused_and_named(busy: EngineRig) -> None:
    busy.engine().sync()
    busy.pbx.entries.update({phone(3): "somebody's", phone(19): "somebody's"})
    del busy.pbx.entries[phone(32)]
    after = state(busy)
    for dry_run in (True, False):
        report = busy.engine(dry_run=dry_run).undo()
        assert report.exit_code == 6
        assert isinstance(report.pbx[0].error, SafetyError)
        assert f"2 keys have changed since run 2: {phone(3)}, {phone(19)}" in str(report.pbx[0].error)
        assert "--skip-changed" in report.pbx[0].error.hint
        assert state(busy) == after
    assert busy.engine().undo(2, skip_changed=True).exit_code == 0
    assert busy.pbx.entries == {
        **names(19), "101": "Reception", phone(3): "somebody's", phone(19): "somebody's", phone(30): BYTES,
        phone(31): "New 31",
    }  # fmt: skip
    assert phone(32) not in busy.owned()


def test_many_changed_keys_are_counted_not_listed(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbx.entries.update({phone(i): "somebody's" for i in range(12)})
    error = str(rig.engine().undo().pbx[0].error)
    assert "12 keys have changed since run 1" in error
    assert error.endswith("and 7 more")


def test_a_later_run_on_the_same_key_must_be_undone_first(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.source.names[phone(1)] = "Second"
    rig.engine().sync()
    rig.source.names[phone(1)] = "Third"
    rig.engine().sync()
    assert rig.engine().undo(2).exit_code == 6
    assert rig.engine().undo(3).exit_code == 0
    assert rig.engine().undo(2).exit_code == 0
    assert rig.pbx.entries == names(20)


def test_an_added_key_that_is_not_owned_any_more_stays(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.store.save_record_and_owners(0, "office", FAMILY, (), {phone(4): NOT_OURS})
    assert rig.engine().undo().exit_code == 6
    assert rig.engine().undo(skip_changed=True).exit_code == 0
    assert rig.pbx.entries == {phone(4): "Firma 4"}


def test_a_run_that_was_killed_is_put_back_as_far_as_it_came(busy: EngineRig) -> None:
    before = state(busy)
    run = busy.store.begin_run("sync")
    record = [Before(phone(i), f"Firma {i}", "Killed", owned=True) for i in range(5)]
    record += [Before(phone(i), None, "Killed", owned=False) for i in (40, 41)]
    busy.store.save_record_and_owners(
        run, "office", FAMILY, record, dict.fromkeys([phone(40), phone(41)], CERTAINLY_OURS)
    )
    busy.pbx.entries.update({phone(0): "Killed", phone(1): "Killed", phone(40): "Killed"})
    assert busy.store.runs(1)[0].exit_code is None
    assert busy.engine().undo().undoes == run
    assert busy.pbx.entries == before[0]
    assert busy.owned() == before[1]


def test_each_pbx_is_put_back_alone(rig: EngineRig) -> None:
    other = Spy("Branch")
    rig.pbxs = [rig.pbx, other]
    rig.engine().sync()
    rig.pbxs = [other]
    assert rig.engine().undo(1).exit_code == 0
    assert (rig.pbx.entries, other.entries) == (names(20), {})
    rig.pbxs = [rig.pbx, other]
    rig.pbx.entries[phone(1)] = "somebody's"
    report = rig.engine().undo(1)
    assert [pbx.error is None for pbx in report.pbx] == [False, True]
    assert report.exit_code == 6


def test_a_pbx_that_is_not_configured_any_more_is_named(rig: EngineRig, caplog: pytest.LogCaptureFixture) -> None:
    rig.pbxs = [rig.pbx, Spy("branch")]
    rig.engine().sync()
    rig.pbxs = [rig.pbx]
    assert rig.engine().undo().exit_code == 0
    assert "on branch too: left as it is" in caplog.text


def test_what_cannot_be_undone_is_told(rig: EngineRig) -> None:
    with pytest.raises(ConfigError, match="no run that wrote"):
        rig.engine().undo()
    rig.engine().sync()
    idle = rig.engine().sync().run
    with pytest.raises(ConfigError, match=f"run {idle} .sync. left nothing to put back on office"):
        rig.engine().undo(idle)
    for unknown in (99, 0, -1, 2**70):
        with pytest.raises(ConfigError, match="there is no run"):
            rig.engine().undo(unknown)


def test_a_run_of_an_earlier_astsync_is_put_back_without_its_additions(tmp_path: Path) -> None:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        rig = EngineRig(store)
        run = store.begin_run("sync")
        record = [Before("1", "old", "new", owned=None), Before("2", "gone", None, owned=None)]
        store.save_record_and_owners(run, "office", FAMILY, record, {"1": CERTAINLY_OURS})
        rig.pbx.entries["1"] = "new"
        assert rig.engine().undo().exit_code == 0
        assert rig.pbx.entries == {"1": "old", "2": "gone"}
        assert rig.owned() == {"1"}


def test_a_refused_undo_leaves_no_ownership_behind(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.source.names = names(18)
    rig.engine().sync()
    rig.pbx.read_only = True
    assert rig.engine().undo().exit_code == 5
    assert rig.owned() == set(names(18))
    rig.pbx.read_only = False
    assert rig.engine().undo(2).exit_code == 0
    assert rig.owned() == set(names(20))


def test_an_undo_of_foreign_entries_that_were_deleted_gives_them_back_to_their_owner(rig: EngineRig) -> None:
    rig.pbx.entries["101"] = "Reception"
    rig.engine(foreign="delete").sync()
    assert rig.pbx.entries == names(20)
    rig.engine().undo()
    assert rig.pbx.entries == {"101": "Reception"}
    assert rig.owned() == set()
