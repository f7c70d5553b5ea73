"""What ``check`` says of the ways by which calls become known, on real Asterisks: rights, files, modules that lack."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from astsync.errors import PbxError
from astsync.finding import Finding
from astsync.lookup.check_events import check_events
from astsync.parts import Parts
from astsync.pbx.connection import AmiConnection
from astsync.pbx.event_rights import CLASSES, EventRights, Learned, RecordsState, event_rights
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import Folders, ManagerUser
from astsync.sources import CONFIG
from tests.asterisk.test_live_calls import DIALPLAN
from tests.eventually import eventually

READY = "[general]\nenabled = yes\n[mappings]\nlinkedid => LinkedID\n"
USERS = (
    ManagerUser("least", "system", ""),
    ManagerUser("hears", "system", "call"),
    ManagerUser("asks", "system,command", ""),
    ManagerUser("asks-all", "system,command", "call,cdr"),
    ManagerUser("asks-cdr", "system,command", "cdr"),
)


class CdrAsterisk(PrivateAsterisk):
    """An Asterisk with these texts of cdr_manager.conf, none for no file, and cdr.conf."""

    def __init__(self, installation: Installation, manager: str | None, cdr: str = "[general]\n") -> None:
        self._manager_text, self._cdr_text = manager, cdr
        super().__init__(installation, users=USERS, dialplan=DIALPLAN, modules=["bridge_simple", "cdr_manager"])

    def _write(self, folders: Folders) -> None:
        super()._write(folders)
        (folders.etc / "cdr.conf").write_text(self._cdr_text)
        if self._manager_text is not None:
            (folders.etc / "cdr_manager.conf").write_text(self._manager_text)


def parts_of(asterisk: PrivateAsterisk, user: str, folder: Path, csv: str = "") -> Parts:
    pbx = {
        "name": "office",
        "host": asterisk.host,
        "port": asterisk.port,
        "user": user,
        "secret": asterisk.secret_of(user),
    }
    source = {"url": "http://1c.example.local/trade"}
    serve = {"calls": {"follow": True, "csv": csv}}
    return Parts(CONFIG.model_validate({"source": source, "pbx": [pbx], "serve": serve}), folder / "store.sqlite3")


def rights_of(asterisk: PrivateAsterisk, user: str, seconds: float = 0.0) -> EventRights:
    config = parts_of(asterisk, user, Path("/nowhere")).config.pbx[0]
    with AmiConnection(config, events=CLASSES) as connection:
        return event_rights(connection, seconds)


def told(asterisk: PrivateAsterisk, user: str, folder: Path, way: str = "", csv: str = "") -> dict[str, Finding]:
    parts = parts_of(asterisk, user, folder, csv)
    return {str(one.part).partition(": ")[2]: one for one in check_events(parts, parts.config.pbx[0], way)}


@pytest.fixture(scope="module")
def ready(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with CdrAsterisk(any_installation, READY) as asterisk:
        yield asterisk


@pytest.fixture(scope="module")
def bare(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with CdrAsterisk(any_installation, None) as asterisk:
        yield asterisk


@contextmanager
def calls(asterisk: PrivateAsterisk) -> Iterator[None]:
    """One call after another, each ended at once."""
    over = threading.Event()

    def place() -> None:
        while not over.is_set():
            try:
                asterisk.call("74955550140", context="from-carrier", called="200", wait=1)
            except PbxError:
                continue

    thread = threading.Thread(target=place, daemon=True)
    thread.start()
    try:
        eventually(lambda: "0 active channels" not in asterisk.console("core show channels"), 20)
        yield
    finally:
        over.set()
        thread.join(20)


@pytest.mark.parametrize(
    ("user", "call", "cdr"), [("asks", False, False), ("asks-all", True, True), ("asks-cdr", False, True)]
)
def test_who_may_use_commands_is_told_its_rights(ready: PrivateAsterisk, user: str, call: bool, cdr: bool) -> None:
    assert rights_of(ready, user) == EventRights(call, cdr, Learned.TOLD, RecordsState.TOLD, True)


@pytest.mark.parametrize("user", ["least", "hears"])
def test_without_a_call_and_without_commands_nothing_is_known(ready: PrivateAsterisk, user: str) -> None:
    assert rights_of(ready, user) == EventRights(None, None, Learned.NOT, RecordsState.TOLD, True)


def test_what_is_not_known_is_told_with_a_way_to_find_out(ready: PrivateAsterisk, tmp_path: Path) -> None:
    for finding in told(ready, "least", tmp_path).values():  # without a hint it would not be shown
        assert (finding.good, "manager show user least" in finding.hint) == (None, True)


@pytest.mark.parametrize(("user", "call"), [("least", False), ("hears", True)])
def test_calls_show_whether_their_events_come(ready: PrivateAsterisk, user: str, call: bool) -> None:
    with calls(ready):
        found = rights_of(ready, user, 8)
    assert (found.call, found.cdr, found.learned) == (call, None, Learned.HEARD)


def test_a_missing_file_is_told_with_its_text(bare: PrivateAsterisk, tmp_path: Path) -> None:
    found = told(bare, "asks", tmp_path)
    progress, history = found["calls in progress"], found["calls that are over"]
    assert (progress.good, "once a second" in progress.words) == (None, True)
    assert "add `call` to the line `read =` under [asks]" in progress.hint
    assert "/etc/asterisk/manager.conf" in progress.hint
    assert history.good is False
    assert "there is no cdr_manager.conf" in history.words
    assert "[general]\nenabled = yes\n[mappings]\nlinkedid => LinkedID" in history.hint
    assert "read = cdr" in history.hint


def test_with_events_a_missing_file_is_no_matter(bare: PrivateAsterisk, tmp_path: Path) -> None:
    found = told(bare, "asks-all", tmp_path)
    assert {part: one.good for part, one in found.items()} == {"calls in progress": True, "calls that are over": True}
    assert "not needed for that: there is no cdr_manager.conf" in found["calls that are over"].words


def test_least_rights_are_not_guessed(bare: PrivateAsterisk, tmp_path: Path) -> None:
    found = told(bare, "least", tmp_path)
    assert {one.good for one in found.values()} == {None}
    assert "manager show user least" in found["calls in progress"].hint
    assert "not known" in found["calls that are over"].words
    as_serve = told(bare, "least", tmp_path, "channels")
    assert "the running `astsync serve` says so" in as_serve["calls in progress"].words
    assert as_serve["calls that are over"].good is False
    assert told(bare, "least", tmp_path, "events")["calls in progress"].good is True


def test_records_alone_are_a_way(ready: PrivateAsterisk, tmp_path: Path) -> None:
    found = told(ready, "asks-cdr", tmp_path)
    assert found["calls in progress"].good is None
    assert found["calls that are over"] == Finding(
        "office: calls that are over", True, "known by the PBX's records, each some seconds after its end"
    )
    lacking = told(ready, "asks", tmp_path)["calls that are over"]
    assert (lacking.good, "the user has no `read = cdr`" in lacking.words) == (False, True)


def test_what_is_switched_off_is_told(any_installation: Installation, tmp_path: Path) -> None:
    with CdrAsterisk(any_installation, "[general]\nenabled = no\n") as asterisk:
        for user in ("least", "asks-cdr"):
            assert rights_of(asterisk, user).records is RecordsState.SWITCHED_OFF
        etc = asterisk.folder / "etc"
        (etc / "cdr_manager.conf").write_text("; nothing\n")
        assert rights_of(asterisk, "least").records is RecordsState.SWITCHED_OFF
        (etc / "cdr_manager.conf").write_text(READY)  # and not loaded again: only `cdr show status` knows
        assert rights_of(asterisk, "asks-cdr").records is RecordsState.NOT_LOADED
        assert "module load cdr_manager.so" in told(asterisk, "asks-cdr", tmp_path)["calls that are over"].hint
        asterisk.console("module unload cdr_manager.so")
        assert rights_of(asterisk, "least").records is RecordsState.NOT_LOADED
        (etc / "cdr.conf").write_text("[general]\nenable = no\n")
        asterisk.console("module reload cdr")
        for user in ("least", "asks-cdr"):
            assert rights_of(asterisk, user).records is RecordsState.NO_RECORDS
        assert "enable = yes" in told(asterisk, "asks-cdr", tmp_path)["calls that are over"].hint


def test_a_wrong_secret_is_told(ready: PrivateAsterisk, tmp_path: Path) -> None:
    parts = parts_of(ready, "least", tmp_path)
    wrong = parts.config.pbx[0].model_copy(update={"user": "nobody"})
    (finding,) = check_events(parts, wrong)
    assert (finding.good, "nobody" in finding.words) == (None, True)
    assert not finding.hint  # what to do stands at the PBX itself
