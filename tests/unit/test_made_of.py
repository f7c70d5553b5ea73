"""A list that is as it was is not read again: what must be the same for that, and what comes of it."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from astsync.config import Config
from astsync.engine import Engine
from astsync.made_of import made_of
from astsync.parts import Parts
from astsync.phonebook.model import Counterparty
from astsync.sources import CONFIG
from astsync.sources.file.fingerprint import fingerprint
from astsync.sources.file.source import FileSource
from astsync.stopping import NEVER, Stopping
from astsync.store import Store
from tests.unit.engine_rig import EngineRig, names

SECTIONS = ("source", "numbers", "names", "book")


def config(file: Path, **source: str) -> Config:
    pbx = {"name": "office", "host": "127.0.0.1", "user": "astsync", "secret": "secret"}
    return CONFIG.model_validate({"source": {"kind": "file", "file": {"path": file}, **source}, "pbx": [pbx]})


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EngineRig]:
    store = Store(tmp_path / "store.sqlite3")
    yield EngineRig(store)
    store.close()


def engine(rig: EngineRig, *made: str) -> Engine:
    """An engine for which the phonebook is made of these, one look after the other, the last for ever."""
    looks = [*made]
    return Engine(
        source=lambda: rig.source,
        builder=rig.engine()._builder,
        pbxs=rig.pbxs,
        store=rig.store,
        options=rig.options,
        made_of=lambda: looks.pop(0) if len(looks) > 1 else looks[0],
    )


class TestRuns:
    def test_a_list_that_is_as_it_was_is_not_read_again(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        assert (rig.source.pulls, rig.pbx.entries) == (1, names(20))
        del rig.pbx.entries[next(iter(names(1)))]
        rig.pbx.put.clear()
        again = engine(rig, "a").sync()
        assert (rig.source.pulls, rig.pbx.entries, len(rig.pbx.put)) == (1, names(20), 1)
        assert (again.fresh, again.counterparties, again.exit_code) == (True, 20, 0)

    def test_it_was_seen_at_the_time_of_the_last_look(self, rig: EngineRig) -> None:
        first = engine(rig, "a").sync()
        second = engine(rig, "a").sync()
        pulled = rig.store.pulled()
        assert pulled is not None
        assert first.pulled < second.pulled == pulled.at
        assert pulled.claims_known

    def test_another_list_is_read(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        rig.source.names = names(21)
        engine(rig, "b").sync()
        assert (rig.source.pulls, rig.pbx.entries) == (2, names(21))

    def test_a_list_that_changes_while_it_is_read_is_read_again(self, rig: EngineRig) -> None:
        engine(rig, "a", "b").sync()
        engine(rig, "a").sync()
        assert rig.source.pulls == 2
        engine(rig, "a").sync()
        assert rig.source.pulls == 2

    def test_a_source_that_cannot_name_its_bytes_is_read(self, rig: EngineRig) -> None:
        for _ in range(2):
            engine(rig, "").sync()
        assert rig.source.pulls == 2

    def test_a_list_that_was_refused_is_not_taken_for_the_last_good_one(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        rig.source.names = names(5)
        for pulls in (2, 3):
            assert engine(rig, "b").sync().exit_code == 6
            assert (rig.source.pulls, rig.pbx.entries) == (pulls, names(20))

    def test_a_list_that_watch_pulled_is_not_known(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        watching = engine(rig, "a")
        watching.sync("watch", watching._read)
        engine(rig, "a").sync()
        assert rig.source.pulls == 3

    def test_a_push_that_is_to_pull_pulls(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        engine(rig, "a").push(pull=True)
        assert rig.source.pulls == 2

    def test_a_dry_run_does_not_read_it_either_and_stores_nothing(self, rig: EngineRig) -> None:
        engine(rig, "a").sync()
        before = rig.store.pulled()
        rig.options = replace(rig.options, dry_run=True)
        assert engine(rig, "a").sync().exit_code == 0
        assert (rig.source.pulls, rig.store.pulled()) == (1, before)


class TestOfAFile:
    def parts(self, folder: Path) -> Parts:
        return Parts(config(folder / "list.csv"), folder / "store")

    def test_the_bytes_count_and_not_the_time(self, tmp_path: Path) -> None:
        file, parts = tmp_path / "list.csv", self.parts(tmp_path)
        file.write_text("Name;Phones\nA;74952293042\n")
        first = parts.made_of(NEVER)
        os.utime(file, (1, 1))
        assert parts.made_of(NEVER) == first != ""
        now = file.stat()
        file.write_text("Name;Phones\nB;74952293042\n")
        os.utime(file, ns=(now.st_atime_ns, now.st_mtime_ns))
        assert parts.made_of(NEVER) not in ("", first)

    def test_what_cannot_be_read_has_no_name(self, tmp_path: Path) -> None:
        parts = self.parts(tmp_path)
        assert parts.made_of(NEVER) == ""
        (tmp_path / "list.csv").write_text("")
        assert parts.made_of(NEVER) == ""
        assert fingerprint(Path("-"), NEVER) == ""

    def test_a_run_that_must_end_does_not_look(self, tmp_path: Path) -> None:
        (tmp_path / "list.csv").write_text("Name;Phones\nA;74952293042\n")
        ended = Stopping()
        ended.set()
        assert self.parts(tmp_path).made_of(ended) == ""

    def test_the_fingerprint_does_not_read_what_the_list_says(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def pull(*_: object) -> Iterator[Counterparty]:
            raise AssertionError

        monkeypatch.setattr(FileSource, "pull", pull)
        (tmp_path / "list.csv").write_text("Name;Phones\nA;74952293042\n")
        assert self.parts(tmp_path).made_of(NEVER)


PLAIN = config(Path("list.csv"))


@pytest.mark.parametrize(
    ("section", "key"),
    [(name, key) for name in SECTIONS for key in type(getattr(PLAIN, name)).model_fields if key != "password"],
)
def test_each_key_of_the_list_and_its_rules_counts(section: str, key: str) -> None:
    other = getattr(PLAIN, section).model_copy(update={key: "something else"})
    assert made_of(PLAIN.model_copy(update={section: other}), "bytes") != made_of(PLAIN, "bytes")


def test_the_extensions_of_people_count() -> None:
    serve = PLAIN.serve.model_copy(update={"extensions": {"Иванов": "101"}})
    assert made_of(PLAIN.model_copy(update={"serve": serve}), "bytes") != made_of(PLAIN, "bytes")


def test_no_secret_is_in_it() -> None:
    one, other = (config(Path("list.csv"), password=word) for word in ("secret-1", "secret-2"))
    assert made_of(one, "bytes") == made_of(other, "bytes")


def test_a_book_is_made_of_no_other_section() -> None:
    """What source and builder take from the configuration is looked at: all of it must be in ``made_of``."""
    asked: set[str] = set()

    class Seen:
        def __init__(self, real: object, at: str = "") -> None:
            self._real, self._at = real, at

        def __getattr__(self, name: str) -> object:
            found = getattr(self._real, name)
            if self._at + name == "serve":
                return Seen(found, "serve.")
            asked.add(self._at + name)
            return found

    parts = Parts(Seen(PLAIN), Path("store"))  # type: ignore[arg-type]
    parts.builder()
    parts.source.describe()
    assert asked == {*SECTIONS, "serve.extensions"}
