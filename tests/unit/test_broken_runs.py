"""Whose a key is after a run that broke off: what was never written, or is somebody else's by now, is never deleted."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from astsync.phonebook.ownership import CERTAINLY_OURS, Ownership
from astsync.phonebook.plan import Limits
from astsync.store import Before, Store
from astsync.store.schema import SCHEMA_VERSION
from tests.unit.engine_rig import FAMILY, EngineRig, names, phone
from tests.unit.old_stores import taken_back

KEY = phone(30)


def lose_puts(rig: EngineRig) -> None:
    rig.pbx.lose_after = 0


def lose_deletes(rig: EngineRig) -> None:
    rig.pbx.lose_deletes = True


def broken_run(rig: EngineRig, lose: Callable[[EngineRig], None]) -> None:
    lose(rig)
    assert rig.engine().sync().exit_code == 5
    rig.pbx.lose_after, rig.pbx.lose_deletes = -1, False


@pytest.fixture
def steady(rig: EngineRig) -> EngineRig:
    rig.engine().sync()
    return rig


def test_a_foreign_key_that_a_lost_run_was_to_adopt_stays_foreign(steady: EngineRig) -> None:
    steady.pbx.entries[KEY] = "by hand"
    steady.source.names[KEY] = "Firma 30"
    for _ in range(3):
        broken_run(steady, lose_puts)
    del steady.source.names[KEY]
    report = steady.engine().sync()
    assert (report.exit_code, steady.pbx.deleted, steady.pbx.entries[KEY]) == (0, [], "by hand")
    assert report.pbx[0].plan is not None
    assert report.pbx[0].plan.foreign == 1
    assert KEY not in steady.owned()


def test_what_somebody_writes_where_a_lost_run_was_to_add_stays(steady: EngineRig) -> None:
    steady.source.names[KEY] = "Firma 30"
    broken_run(steady, lose_puts)
    steady.pbx.entries[KEY] = "by hand"
    del steady.source.names[KEY]
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries[KEY] == "by hand"


def test_what_somebody_writes_where_a_lost_run_was_to_delete_stays(steady: EngineRig) -> None:
    del steady.source.names[phone(3)]
    broken_run(steady, lose_deletes)
    steady.pbx.entries[phone(3)] = "by hand"
    for _ in range(2):
        report = steady.engine().sync()
        assert (report.exit_code, steady.pbx.entries[phone(3)]) == (0, "by hand")
    assert phone(3) not in steady.owned()


def test_a_key_that_a_lost_run_wrote_after_all_is_ours(steady: EngineRig) -> None:
    steady.source.names[KEY] = "Firma 30"
    broken_run(steady, lose_puts)
    steady.pbx.entries[KEY] = "Firma 30"
    del steady.source.names[KEY]
    assert steady.engine().sync().exit_code == 0
    assert KEY not in steady.pbx.entries


def test_a_key_that_a_lost_run_did_not_delete_is_still_ours(steady: EngineRig) -> None:
    del steady.source.names[phone(3)]
    broken_run(steady, lose_deletes)
    assert phone(3) in steady.owned()
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries.keys() == steady.source.names.keys()


def test_doubt_ends_with_the_next_run_that_sees_the_key(steady: EngineRig) -> None:
    steady.source.names[KEY] = "Firma 30"
    broken_run(steady, lose_puts)
    steady.pbx.entries[KEY] = "Firma 30"
    assert steady.engine().sync().exit_code == 0
    steady.pbx.entries[KEY] = "changed by hand"
    del steady.source.names[KEY]
    assert steady.engine().sync().exit_code == 0
    assert KEY not in steady.pbx.entries, "it was seen to be ours, so it goes when 1C has it no more"


def test_a_dry_run_sees_the_same_owners(steady: EngineRig) -> None:
    steady.pbx.entries[KEY] = "by hand"
    steady.source.names[KEY] = "Firma 30"
    broken_run(steady, lose_puts)
    del steady.source.names[KEY]
    (pbx,) = steady.engine(dry_run=True).sync().pbx
    assert pbx.plan is not None
    assert (pbx.plan.delete, pbx.plan.foreign) == ((), 1)


def test_limits_do_not_count_keys_that_were_never_written(rig: EngineRig) -> None:
    rig.pbx.entries.update(dict.fromkeys(names(20), "by hand"))
    broken_run(rig, lose_puts)
    report = rig.engine(limits=Limits(max_change=0.0)).sync()
    assert (report.exit_code, rig.pbx.entries) == (0, names(20))


class Rewritten(dict[str, str]):
    """The entries of a PBX where somebody writes a key as soon as it is deleted, once."""

    written = False

    def pop(self, key: str, default: str | None = None, /) -> str | None:  # type: ignore[override]
        value = super().pop(key, default)
        if key == phone(3) and not self.written:
            self.written = True
            self[key] = "by hand"
        return value


def test_what_somebody_wrote_while_a_run_deleted_is_theirs(steady: EngineRig) -> None:
    """The key is there after the deletes, with another value: the run says so, and neither it nor the next deletes."""
    steady.pbx.entries = Rewritten(steady.pbx.entries)
    for number in (phone(3), phone(4)):
        del steady.source.names[number]
    report = steady.engine().sync()
    assert (report.exit_code, report.pbx[0].verified) == (7, False)
    assert steady.pbx.entries == {**steady.source.names, phone(3): "by hand"}
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries == {**steady.source.names, phone(3): "by hand"}


def test_an_undo_that_breaks_off_gives_no_foreign_key_away(steady: EngineRig) -> None:
    """The undo put the foreign value back, its answer was lost: the key is its owner's again."""
    steady.pbx.entries[KEY] = "by hand"
    steady.source.names[KEY] = "Firma 30"
    adopting = steady.engine().sync().run
    steady.pbx.lose_after = 0
    assert steady.engine().undo(adopting).exit_code == 5
    steady.pbx.lose_after = -1
    steady.pbx.entries[KEY] = "by hand"
    del steady.source.names[KEY]
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries[KEY] == "by hand"


def test_an_undo_that_breaks_off_before_a_foreign_key_is_back_does_not_own_it(steady: EngineRig) -> None:
    """It was foreign and deleted, later ours, then wiped: once the undo begins it is nobody's."""
    steady.pbx.entries[KEY] = "by hand"
    deleting = steady.engine(foreign="delete").sync().run
    steady.source.names[KEY] = "Firma 30"
    steady.engine().sync()
    del steady.pbx.entries[KEY]
    steady.pbx.lose_after = 0
    assert steady.engine().undo(deleting).exit_code == 5
    steady.pbx.lose_after = -1
    steady.pbx.entries[KEY] = "by hand"
    del steady.source.names[KEY]
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries[KEY] == "by hand"


def test_a_killed_run_leaves_doubt_too(steady: EngineRig) -> None:
    """As kill -9 between the record and the sending leaves it."""
    steady.pbx.entries[KEY] = "by hand"
    run = steady.store.begin_run("sync")
    steady.store.save_record_and_owners(
        run, "office", FAMILY, [Before(KEY, "by hand", "Firma 30", owned=False)],
        {KEY: Ownership(True, "Firma 30")},
    )  # fmt: skip
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries[KEY] == "by hand"
    assert KEY not in steady.owned()


def test_a_store_of_version_2_keeps_its_owned_keys(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path)) as store:
        EngineRig(store).own(["1"])
    taken_back(path, 2)
    with closing(Store(path)) as store:
        assert store.owners("office", FAMILY) == {"1": CERTAINLY_OURS}
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_deletion_that_a_killed_pbx_forgot_is_made_again(steady: EngineRig) -> None:
    before = steady.pbx.entries[phone(3)]
    del steady.source.names[phone(3)]
    assert steady.engine().sync().exit_code == 0
    assert phone(3) not in steady.pbx.entries
    steady.pbx.entries[phone(3)] = before
    assert steady.engine().sync().exit_code == 0
    assert phone(3) not in steady.pbx.entries


def test_what_somebody_writes_where_a_run_deleted_is_theirs(steady: EngineRig) -> None:
    before = steady.pbx.entries[phone(3)]
    del steady.source.names[phone(3)]
    steady.engine().sync()
    steady.pbx.entries[phone(3)] = "by hand"
    assert steady.engine().sync().exit_code == 0
    steady.pbx.entries[phone(3)] = before
    assert steady.engine().sync().exit_code == 0
    assert steady.pbx.entries[phone(3)] == before
