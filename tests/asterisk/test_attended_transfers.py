"""An attended transfer on real Asterisks: by the PBX's records it is the calls that it is by events.

Who transfers has two calls: the one from outside, and one to the colleague. When both are put together, the channel
from outside takes the place of the second one's: Asterisk's ast_bridge_transfer_attended does it for a phone over SIP,
AMI's Bridge for any channels. The older call goes on with the colleague; the second one, inside, is over. By events and
by records it is a call of its own: it was spoken.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from astsync.calls.model import Direction, PastCall
from astsync.calls.record import CallRecord
from astsync.calls.records import calls_of, record_of_event
from astsync.calls.tracker import EVENTS, CallTracker
from astsync.config import PbxConfig
from astsync.pbx.channels import read_channels
from astsync.pbx.connection import AmiConnection
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import Folders, ManagerUser
from tests.asterisk.test_live_calls import HOUSE
from tests.eventually import eventually

CALLER = "74955550140"
DIALPLAN = """
[from-carrier]
exten => 901,1,Dial(Local/301@desks/n,20)
[desks]
exten => _3XX,1,Answer()
 same => n,Wait(60)
[internal]
exten => _3XX,1,Dial(Local/${EXTEN}@desks/n,20)
[callers]
exten => _[3s].,1,Answer()
 same => n,Wait(60)
"""
USER = ManagerUser("all", "system,call,originate", "call,cdr")


class TellingAsterisk(PrivateAsterisk):
    """An Asterisk that tells of its records, with their Linkedids."""

    def _write(self, folders: Folders) -> None:
        super()._write(folders)
        (folders.etc / "cdr.conf").write_text("[general]\nenable=yes\nunanswered=yes\n")
        (folders.etc / "cdr_manager.conf").write_text("[general]\nenabled=yes\n[mappings]\nlinkedid => LinkedID\n")


class Ears:
    """What the events and the records of one connection tell."""

    def __init__(self) -> None:
        self.by_events: list[PastCall] = []
        self.records: list[CallRecord] = []
        self._tracker = CallTracker("office", HOUSE, ended=self.by_events.append)

    def take(self, event: Any, **_: object) -> None:
        if event.name == "Cdr" and (record := record_of_event(event.keys)) is not None:
            self.records.append(record)
        elif event.name in EVENTS:
            self._tracker.take(event.name, event.keys, datetime.now(UTC))


@pytest.fixture
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    modules = ["bridge_simple", "bridge_softmix", "cdr_manager"]
    with TellingAsterisk(any_installation, users=(USER,), dialplan=DIALPLAN, modules=modules) as started:
        yield started


def facts(calls: list[PastCall]) -> set[tuple[object, ...]]:
    return {(one.id, one.direction, one.phone, one.extension, one.rung, one.result) for one in calls}


def test_an_attended_transfer_is_the_same_calls_by_events_and_by_records(asterisk: PrivateAsterisk) -> None:
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": USER.name}
    config = PbxConfig.model_validate({**values, "secret": asterisk.secret_of(USER.name)})
    ears = Ears()
    connection = AmiConnection(config, events="call,cdr")
    connection.client.add_event_listener(ears.take)

    def bridged() -> list[str]:
        rows: list[Any] = []
        read_channels(connection, rows.append)
        return [row["Channel"] for row in rows if row.get("BridgeId")]

    def talk(caller: str, number: str, place: str, channels: int) -> None:
        exten, context = place.split("@")
        connection.action(
            "Originate",
            Channel=f"Local/{caller}@callers/n",
            Exten=exten,
            Context=context,
            Priority="1",
            CallerID=number,
            Async="true",
        )
        eventually(lambda: len(bridged()) == channels, 30)

    with connection:
        talk("s1", CALLER, "901@from-carrier", 2)
        talk("301", "301", "302@internal", 4)
        outside = next(name for name in bridged() if name.startswith("Local/s1@callers"))
        colleague = next(name for name in bridged() if name.startswith("Local/302@desks"))
        connection.action("Bridge", Channel1=outside, Channel2=colleague, Tone="no")
        eventually(lambda: sorted(bridged()) == sorted([outside, colleague]), 30)
        asterisk.console("channel request hangup all")
        eventually(lambda: len(ears.by_events) == 2 and len(ears.records) == 8, 30)
    by_records = list(calls_of(ears.records, "office", HOUSE))
    assert facts(by_records) == facts(ears.by_events)
    assert {(one.direction, one.phone, one.rung) for one in by_records} == {
        (Direction.INCOMING, CALLER, ("301", "302")),
        (Direction.INTERNAL, "301", ("302",)),
    }
