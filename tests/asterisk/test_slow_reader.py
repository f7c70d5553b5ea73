"""Reading a family over TLS while this machine is busy: real Asterisks then drop parts of the list.

Each reading must be whole or refused, never a list with holes. With ``writetimeout`` the list is whole.
"""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from astsync.errors import PbxConnectionLost
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.pbx.connection import AmiConnection
from astsync.pbx.patient import PatientPbx
from astsync.pbx.wire import TlsWire
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import ManagerUser
from tests.bench.entries import make_entries
from tests.secured_asterisk import secured_asterisk, secured_config

COUNT = 60_000  # some 7 MB over TLS: more than fits into the buffers of both ends, so Asterisk has to wait
ENTRIES = dict(make_entries(COUNT))
PAUSE = 0.3  # seconds, three times what Asterisk waits by default
HASTY = ManagerUser("hasty", "system,command")
PATIENT = ManagerUser("patient", "system,command", write_timeout=30_000)


@dataclass(frozen=True)
class Office:
    """An Asterisk with the family, and the folder of its certificates."""

    asterisk: PrivateAsterisk
    folder: Path

    def pbx(self, user: ManagerUser) -> AmiPbx:
        return AmiPbx(secured_config(self.asterisk, self.folder, user.name, timeout=60), "cidname")


@dataclass
class Slow:
    """How this machine reads: it stops for ``PAUSE`` before each of the next so many pieces of a list."""

    pauses: int = 0


@pytest.fixture(scope="module")
def office(any_installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("slow")
    with secured_asterisk(any_installation, folder, [PATIENT, HASTY]) as asterisk:
        made = Office(asterisk, folder)
        with made.pbx(PATIENT).open() as family:
            assert family.put(ENTRIES.items()).done == COUNT
        yield made


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    """Make the reading of lists slow; the buffer of the socket is small, so that Asterisk has to wait at once."""
    state, pull, begin, action = Slow(), TlsWire._pull, TlsWire.__init__, AmiConnection.action
    listing = False

    def small(wire: TlsWire, connected: socket.socket, *args: object) -> None:
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
        begin(wire, connected, *args)  # type: ignore[arg-type]

    def pulled(wire: TlsWire) -> bytes | None:
        if listing and state.pauses and not wire._ended:
            state.pauses -= 1
            time.sleep(PAUSE)  # the slowness itself
        return pull(wire)

    def asked(connection: AmiConnection, name: str, *args: object, **values: str) -> bytes:
        nonlocal listing
        listing = name in {"DBGetTree", "Command"}
        return action(connection, name, *args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(TlsWire, "__init__", small)
    monkeypatch.setattr(TlsWire, "_pull", pulled)
    monkeypatch.setattr(AmiConnection, "action", asked)
    return state


def test_a_list_with_holes_is_refused(office: Office, slow: Slow) -> None:
    slow.pauses = 3
    with office.pbx(HASTY).open() as family, pytest.raises(PbxConnectionLost) as error:
        family.read()
    assert "writetimeout = 5000" in error.value.hint


def test_the_output_of_database_show_with_holes_is_refused(
    office: Office, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AstDb, "_read_tree", AstDb._read_shown)
    slow.pauses = 3
    with office.pbx(HASTY).open() as family, pytest.raises(PbxConnectionLost):
        family.read()


def test_it_is_read_again_once_this_machine_is_free(
    office: Office, slow: Slow, caplog: pytest.LogCaptureFixture
) -> None:
    slow.pauses = 3
    with PatientPbx(office.pbx(HASTY), 60).open() as family:
        assert family.read() == ENTRIES
    assert "waiting for it" in caplog.text


def test_with_the_setting_that_is_advised_the_list_is_whole(office: Office, slow: Slow) -> None:
    slow.pauses = 3
    with office.pbx(PATIENT).open() as family:
        assert family.read() == ENTRIES
