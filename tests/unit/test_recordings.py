"""The name of a call's recording: a name alone, whatever stands in the variable, by events and by records."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from astsync.calls.cdr_lines import CdrLines
from astsync.calls.model import Evidence, PastCall
from astsync.calls.recording import file_name, filter_of, recording_of_event
from astsync.calls.records import calls_of, record_of_event
from astsync.calls.tracker import CallTracker, House
from astsync.config.serve_section import ServeCallsConfig
from astsync.pbx.packets import event_headers
from astsync.store import CallJournal, JournalReader, Store
from tests.unit.past_calls import NOW, past_call

NAMES = ("MIXMONITOR_FILENAME", "recordingfile")
HOUSE = House(lambda number: number.isdecimal() and len(number) < 6, lambda number: number, NAMES)
AT = datetime(2026, 11, 29, 10, tzinfo=UTC)
TRUNK, PHONE = "PJSIP/trunk-00000001", "PJSIP/201-00000002"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/var/spool/asterisk/monitor/2026/11/29/in-201-1795952831.4.wav", "in-201-1795952831.4.wav"),
        ("in-201.wav", "in-201.wav"),
        ("звонок 1.mp3", "звонок 1.mp3"),
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\records\\a.wav", "a.wav"),
        ("/records/", ""),
        ("/records/..", ""),
        (".", ""),
        ("   ", ""),
        ("", ""),
        ("a\r\nEvent: Hangup", ""),
        ("a\x00.wav", ""),
        ("a\u202egnp.wav", ""),
        ("\udcff.wav", ""),
        ("x" * 255, "x" * 255),
        ("x" * 256, ""),
        ("/" * 65_536, ""),
    ],
)
def test_only_a_name_is_kept(path: str, name: str) -> None:
    assert file_name(path) == name


def test_several_variables_of_an_event_are_told_apart() -> None:
    packet = (
        b"Event: DialEnd\r\nChannel: PJSIP/1\r\nChanVariable: FOO=1=2\r\nChanVariable: MIXMONITOR_FILENAME=/a/b.wav\r\n"
        b"DestChannel: PJSIP/2\r\nDestChanVariable: FOO=\r\nDestChanVariable: MIXMONITOR_FILENAME=/a/c.wav\r\n"
    )
    found = event_headers(packet)
    assert found["ChanVariable(FOO)"] == "1=2"
    assert found["DestChanVariable(MIXMONITOR_FILENAME)"] == "/a/c.wav"
    assert recording_of_event("DialEnd", found, NAMES) == "b.wav"
    assert recording_of_event("DialEnd", found, ("recordingfile",)) == ""


def test_only_the_variables_that_are_asked_for_count() -> None:
    assert recording_of_event("VarSet", {"Variable": "MIXMONITOR_FILENAME", "Value": "/a/b.wav"}, NAMES) == "b.wav"
    assert recording_of_event("VarSet", {"Variable": "DIALSTATUS", "Value": "/a/b.wav"}, NAMES) == ""
    assert filter_of(("A", "CDR(b)")) == r"Event: VarSet.*[^n]Variable: (A|CDR\(b\))[^A-Za-z0-9_]"


def events(tracker: CallTracker, *more: tuple[str, dict[str, str]]) -> None:
    """A call that rings, with these events in it, and ends."""
    linked = {"Linkedid": "1795952831.4"}
    outside = {"Channel": TRUNK, "CallerIDNum": "74955550142", "Exten": "74955550100", "Uniqueid": "1795952831.4"}
    tracker.take("Newchannel", {**linked, **outside}, AT)
    tracker.take("Newchannel", {**linked, "Channel": PHONE, "Uniqueid": "1795952831.5"}, AT)
    tracker.take("DialBegin", {**linked, "Channel": TRUNK, "DestChannel": PHONE, "DialString": "201"}, AT)
    for event, headers in more:
        tracker.take(event, {**linked, **headers}, AT)
    for channel in (PHONE, TRUNK):
        tracker.take("Hangup", {**linked, "Channel": channel}, AT)


def test_the_last_name_of_a_call_counts() -> None:
    ended: list[PastCall] = []
    tracker = CallTracker("office", HOUSE, ended=ended.append)
    first = ("VarSet", {"Channel": TRUNK, "Variable": NAMES[0], "Value": "/records/first.wav"})
    long = "/records/" + "folder/" * 60 + "second.wav"
    second = ("DialEnd", {"Channel": TRUNK, f"ChanVariable({NAMES[0]})": long})
    events(tracker, first, second, ("DialEnd", {"Channel": TRUNK, f"ChanVariable({NAMES[0]})": ""}))
    assert [call.recording for call in ended] == ["second.wav"]


def test_without_names_nothing_is_read() -> None:
    ended: list[PastCall] = []
    tracker = CallTracker("office", House(HOUSE.is_extension, HOUSE.key), ended=ended.append)
    events(tracker, ("VarSet", {"Channel": TRUNK, "Variable": NAMES[0], "Value": "/records/first.wav"}))
    assert [call.recording for call in ended] == [""]


CDR = {
    "Source": "74955550142",
    "Destination": "201",
    "Channel": TRUNK,
    "DestinationChannel": PHONE,
    "StartTime": "2026-11-29 10:00:00",
    "EndTime": "2026-11-29 10:00:20",
    "UniqueID": "1795946400.4",
    "LinkedID": "1795946400.4",
    "UserField": "kept/by user.wav",
    "RecordingFile": "/records/" + "folder/" * 60 + "in.wav",
}


@pytest.mark.parametrize(
    ("names", "name"),
    [(NAMES, "in.wav"), (("userfield",), "by user.wav"), (("userField", "recordingfile"), "by user.wav"), ((), "")],
)
def test_a_record_names_the_recording_by_a_field(names: tuple[str, ...], name: str) -> None:
    record = record_of_event(CDR, names)
    assert record is not None
    (call,) = calls_of([record], "office", House(HOUSE.is_extension, HOUSE.key, names))
    assert call.recording == name


@pytest.mark.parametrize("ending", ['"1795946400.4","u f.wav"', '"1795946400.4","u f.wav","","1795946400.4","7"'])
@pytest.mark.parametrize(("names", "name"), [(("userfield",), "u f.wav"), (NAMES, "")])
def test_the_file_of_records_has_the_userfield(ending: str, names: tuple[str, ...], name: str) -> None:
    line = (
        f'"","74955550142","201","in","""x"" <74955550142>","{TRUNK}","{PHONE}","Dial","","2026-11-29 10:00:00",'
        f'"2026-11-29 10:00:03","2026-11-29 10:00:20",20,17,"ANSWERED","DOCUMENTATION",{ending}'
    )
    record = CdrLines().record(line.encode())
    assert record is not None
    (call,) = calls_of([record], "office", House(HOUSE.is_extension, HOUSE.key, names))
    assert call.recording == name


def test_a_late_name_makes_a_new_revision_and_no_new_call(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    Store(store).close()
    call = past_call(1)
    with closing(CallJournal(store, 3_650)) as journal:
        journal.add([(call, Evidence.EVENTS)], NOW)
        assert journal.recorded([(call.id, "a.wav"), (call.id, "b.wav"), ("office:unknown", "c.wav")]) == 1
        assert journal.recorded([(call.id, "b.wav")]) == 0
        (kept,) = journal.after(0, 10)
        assert (kept.call.recording, kept.revision) == ("a.wav", 2)
        assert journal.add([(call, Evidence.RECORDS)], NOW) == 0
    found = JournalReader(store).find(call.id)
    assert found is not None
    assert found.call.recording == "a.wav"


@pytest.mark.parametrize("value", ["a b", "x\r\nAction: Originate", "(", "A|.*", "1A", "CDR(", "é"])
def test_only_names_of_variables_are_taken(value: str) -> None:
    with pytest.raises(ValidationError):
        ServeCallsConfig.model_validate({"recording": [value]})
    assert ServeCallsConfig.model_validate({"recording": "CDR(recordingfile), MIX_FILE"}).recording == (
        "CDR(recordingfile)",
        "MIX_FILE",
    )
