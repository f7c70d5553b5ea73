"""Names of recordings on real Asterisks: MixMonitor, told by ``channelvars``, by VarSet, by a field of records."""

from collections.abc import Iterator

import pytest

from astsync.calls.model import Following
from astsync.calls.tracker import House
from astsync.config import PbxConfig
from astsync.lookup.call_listener import CallListener
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import Folders, ManagerUser
from tests.asterisk.test_live_calls import HOUSE, Heard, Kept, call, listening, no_channels
from tests.eventually import eventually

HOSTILE = "../../../../etc/passwd"
DIALPLAN = f"""
[from-carrier]
exten => 100,1,MixMonitor(2026/11/29/in 201.wav)
 same => n,Goto(300,ring)
exten => 200,1,Set(CDR(recordingfile)=in-201.wav)
 same => n,Goto(300,ring)
exten => 300,1,Set(MIXMONITOR_FILENAME={HOSTILE})
 same => n(ring),Dial(Local/201@desks/n,10)
[desks]
exten => 201,1,Answer()
 same => n,Wait(0.3)
 same => n,Hangup()
"""
LIVE = """
[from-carrier]
exten => 600,1,Set(MIXMONITOR_FILENAME=a.wav)
 same => n,Dial(Local/202@desks/n,30)
[desks]
exten => 202,1,Ringing()
 same => n,Wait(60)
"""
USERS = (
    ManagerUser("vars", "system", "call"),
    ManagerUser("sets", "system", "call,dialplan"),
    ManagerUser("records", "system", "call,cdr"),
)


class RecordingAsterisk(PrivateAsterisk):
    """An Asterisk that records, and tells of it in each way that there is; ``channelvars`` or none."""

    def __init__(self, installation: Installation, channelvars: str = "") -> None:
        self._channelvars = channelvars
        modules = ("app_mixmonitor", "bridge_simple", "cdr_manager", "format_wav")
        super().__init__(installation, users=USERS, dialplan=DIALPLAN, modules=modules)

    def _write(self, folders: Folders) -> None:
        super()._write(folders)
        settings = folders.etc / "manager.conf"
        if self._channelvars:
            named = f"[general]\nchannelvars = {self._channelvars}\n"
            settings.write_text(settings.read_text().replace("[general]\n", named, 1))
        mapped = "[general]\nenabled = yes\n[mappings]\nlinkedid => LinkedID\nrecordingfile => RecordingFile\n"
        (folders.etc / "cdr_manager.conf").write_text(mapped)


class NamedLater(Kept):
    """Keeps calls, and the names that come when they are over."""

    def __init__(self) -> None:
        super().__init__()
        self.named: dict[str, str] = {}

    def recorded(self, call_id: str, name: str) -> None:
        self.named[call_id] = name

    def names(self) -> list[str]:
        """The names of all calls."""
        return [one.recording or self.named.get(one.id, "") for one in self.calls]


@pytest.fixture(scope="module")
def plain(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with RecordingAsterisk(any_installation) as asterisk:
        yield asterisk


@pytest.fixture(scope="module")
def telling(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    with RecordingAsterisk(any_installation, "FOO,MIXMONITOR_FILENAME") as asterisk:
        yield asterisk


def check_names(asterisk: PrivateAsterisk, user: str, called: str, name: str) -> None:
    """Check the recording's name of one call, as this user hears of it."""
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": user}
    config = PbxConfig.model_validate({**values, "secret": asterisk.secret_of(user)})
    kept, heard = NamedLater(), Heard()
    house = House(HOUSE.is_extension, HOUSE.key, ("MIXMONITOR_FILENAME", "recordingfile"))
    listener = CallListener(config, house, heard, kept)
    listener.start()
    try:
        eventually(lambda: heard.ways != [], 30)  # its filters are set by then
        with call(asterisk, called):
            eventually(lambda: kept.names() == [name] and no_channels(asterisk), 30)
    finally:
        listener.stop()
        assert listener.join(20)


def test_with_channelvars_the_right_to_calls_is_enough(telling: PrivateAsterisk) -> None:
    check_names(telling, "vars", "100", "in 201.wav")


def test_without_them_the_right_to_the_dialplan_does(plain: PrivateAsterisk) -> None:
    check_names(plain, "sets", "100", "in 201.wav")
    check_names(plain, "vars", "100", "")


def test_a_field_of_the_records_names_it_too(plain: PrivateAsterisk) -> None:
    check_names(plain, "records", "200", "in-201.wav")


def test_a_path_outside_is_a_name_only(plain: PrivateAsterisk, telling: PrivateAsterisk) -> None:
    check_names(plain, "sets", "300", "passwd")
    check_names(telling, "vars", "300", "passwd")


def test_events_of_the_dialplan_alone_are_no_events_of_calls(any_installation: Installation) -> None:
    users = (ManagerUser("sets-only", "system", "dialplan"),)
    with (
        PrivateAsterisk(any_installation, users=users, dialplan=LIVE, modules=["bridge_simple"]) as asterisk,
        listening(asterisk, "sets-only") as heard,
    ):
        eventually(lambda: heard.ways != [], 30)
        with call(asterisk, "600"):
            eventually(lambda: Following.CHANNELS in heard.ways, 30)
            eventually(lambda: heard.calls != {}, 30)
