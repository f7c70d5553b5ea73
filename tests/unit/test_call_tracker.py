"""AMI's events become calls: those that Asterisk 22 and 16 sent, and those that nobody should send."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.calls import tracker
from astsync.calls.model import CallResult, Direction, LiveCall, PastCall, Stage
from astsync.calls.tracker import EVENTS, CallTracker, House

START = datetime(2026, 11, 29, 10, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
HOUSE = House(
    is_extension=lambda number: number.isdecimal() and len(number) < 6,
    key=lambda number: number.lstrip("+") if re.fullmatch(r"\+?\d{11}", number) else "",
)

IN, OUT, INSIDE = Direction.INCOMING, Direction.OUTGOING, Direction.INTERNAL
ANSWERED, MISSED, BUSY = CallResult.ANSWERED, CallResult.MISSED, CallResult.BUSY
# What was driven: the direction, the number outside, who picked up or was rung last, all that were rung, the number of
# the house, how it ended.
DRIVEN = {
    "sip incoming 100": (IN, "74955550103", "100", ("100",), "100", BUSY),
    "sip incoming missed": (IN, "74955550106", "202", ("202",), "missed", MISSED),
    "sip incoming busy": (IN, "74955550104", "203", ("203",), "busy", BUSY),
    "sip incoming 100, picked up": (IN, "74955550102", "100", ("100",), "100", ANSWERED),
    "local incoming answer": (IN, "74955550111", "201", ("201",), "answer", ANSWERED),
    "local incoming missed": (IN, "74955550111", "202", ("202",), "missed", MISSED),
    "local incoming busy": (IN, "74955550111", "203", ("203",), "busy", BUSY),
    "local incoming group": (IN, "74955550111", "201", ("201", "202"), "group", ANSWERED),
    "local incoming queue": (IN, "74955550111", "201", ("201", "202"), "queue", ANSWERED),
    "local incoming fwd": (IN, "74955550111", "201", ("204", "201"), "fwd", ANSWERED),
    "local incoming blind": (IN, "74955550111", "205", ("205",), "blind", ANSWERED),
    "outgoing from phone 100 by SIP, carrier answers": (OUT, "84955550177", "100", (), "", ANSWERED),
    "outgoing busy": (OUT, "84955550178", "100", (), "", BUSY),
    "internal local 101->201": (INSIDE, "101", "201", ("201",), "", ANSWERED),
}

Packet = dict[str, str]


def recorded(version: int) -> Iterator[tuple[str, list[Packet]]]:
    """The calls that were recorded, each with its events."""
    text = (FIXTURES / f"calls-{version}.txt").read_text(encoding="utf-8")
    for part in text.split("# ")[1:]:
        title, _, events = part.partition("\n")
        blocks = (block.splitlines() for block in events.split("\n\n") if block.strip())
        pairs = [[line.partition(":") for line in block] for block in blocks]
        yield title, [{name: value.strip() for name, _, value in block} for block in pairs]


class Rig:
    """A tracker with all that it told. Each event comes a second after the one before."""

    def __init__(self) -> None:
        self.moved: list[LiveCall] = []
        self.ended: list[PastCall] = []
        self.tracker = CallTracker("office", HOUSE, moved=self.moved.append, ended=self.ended.append)
        self._now = START

    def take(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._now += timedelta(seconds=1)
            self.tracker.take(packet.get("Event", ""), packet, self._now)


@pytest.mark.parametrize("version", [22, 16])
def test_each_call_that_was_driven_is_one_call(version: int) -> None:
    rig = Rig()
    for title, packets in recorded(version):
        rig.take(packets)
        (call,) = rig.ended
        told = (call.direction, call.phone, call.extension, call.rung, call.did, call.result)
        assert told == DRIVEN[title], title
        assert call.id.startswith("office:")
        assert (call.talk > 0) is (call.result is ANSWERED), title
        assert call.started < call.ended
        assert rig.tracker.calls() == [], title
        rig.ended.clear()


def test_a_call_in_progress_rings_and_then_talks() -> None:
    rig = Rig()
    rig.take(dict(recorded(22))["local incoming group"])
    stages = [(call.stage, call.extension, call.rung) for call in rig.moved]
    assert stages == [
        (Stage.RINGING, "201", ("201",)),
        (Stage.RINGING, "202", ("201", "202")),
        (Stage.RINGING, "202", ("201",)),
        (Stage.TALKING, "201", ()),
    ]
    assert rig.moved[1].since == rig.moved[0].since < rig.moved[-1].since


def test_two_calls_from_one_number_are_two() -> None:
    rig = Rig()
    first = dict(recorded(22))["sip incoming missed"]
    second = [{name: value.replace("1795952831.", "1795952999.") for name, value in one.items()} for one in first]
    second = [{name: re.sub("-0{7}", "-1000000", value) for name, value in one.items()} for one in second]
    rig.take([packet for both in zip(first, second, strict=True) for packet in both])
    assert [call.id for call in rig.ended] == ["office:1795952831.4", "office:1795952999.4"]
    assert {call.phone for call in rig.ended} == {"74955550106"}


def event(name: str, channel: str, linked: str, **more: str) -> Packet:
    return {"Event": name, "Channel": channel, "Linkedid": linked, **more}


def dialled(caller: str, called: str, linked: str, status: str = "ANSWER", **more: str) -> list[Packet]:
    ends = {"DestChannel": called, "DestLinkedid": linked}
    return [
        event("DialBegin", caller, linked, **ends, **more),
        event("DialEnd", caller, linked, **ends, DialStatus=status),
    ]


def test_an_attended_transfer_leaves_one_call_with_the_older_id() -> None:
    rig = Rig()
    trunk, desk, consulting, other = "PJSIP/carrier-01", "PJSIP/101-02", "PJSIP/101-03", "PJSIP/102-04"
    rig.take(
        [
            event("Newchannel", trunk, "1.1", CallerIDNum="74955550140", Exten="74955550100"),
            event("Newchannel", desk, "1.1", CallerIDNum="101"),
            *dialled(trunk, desk, "1.1", DialString="101"),
            event("Newchannel", consulting, "1.3", CallerIDNum="101", Exten="102"),
            event("Newchannel", other, "1.3", CallerIDNum="102"),
            *dialled(consulting, other, "1.3", DialString="102"),
            event("BridgeEnter", other, "1.1"),
            event("Hangup", desk, "1.1"),
            event("Hangup", consulting, "1.3"),
            event("Hangup", trunk, "1.1"),
            event("Hangup", other, "1.1"),
        ]
    )
    told = {call.id: (call.direction, call.phone, call.extension, call.rung) for call in rig.ended}
    assert told["office:1.1"] == (IN, "74955550140", "101", ("101", "102"))
    assert told["office:1.3"] == (INSIDE, "101", "102", ("102",))
    assert rig.tracker.calls() == []


def test_a_call_that_becomes_a_part_of_an_older_one_is_told_to_be_in_progress_no_longer() -> None:
    joined: list[str] = []
    rig = Rig()
    rig.tracker = CallTracker("office", HOUSE, moved=rig.moved.append, ended=rig.ended.append, joined=joined.append)
    trunk, desk, consulting, other = "PJSIP/carrier-01", "PJSIP/101-02", "PJSIP/101-03", "PJSIP/102-04"
    rig.take(
        [
            event("Newchannel", trunk, "1.1", CallerIDNum="74955550140", Exten="74955550100"),
            event("Newchannel", desk, "1.1", CallerIDNum="101"),
            *dialled(trunk, desk, "1.1", DialString="101"),
            event("Newchannel", consulting, "1.3", CallerIDNum="101", Exten="102"),
            event("Newchannel", other, "1.3", CallerIDNum="102"),
            *dialled(consulting, other, "1.3", DialString="102"),
            *(event("BridgeEnter", name, "1.1") for name in (consulting, other)),
        ]
    )
    assert [call.id for call in rig.tracker.calls()] == ["office:1.1"]
    assert joined == ["office:1.3"]
    rig.take([event("Hangup", name, "1.1") for name in (desk, consulting, trunk, other)])
    assert [call.id for call in rig.ended] == ["office:1.1"]


def test_a_channel_that_ends_under_another_id_leaves_no_call_that_rings_for_ever() -> None:
    rig = Rig()
    trunk, desk = "PJSIP/carrier-01", "PJSIP/101-02"
    rig.take(
        [
            event("Newchannel", trunk, "1.1", CallerIDNum="74955550140", Exten="74955550100"),
            event("Newchannel", desk, "1.1", CallerIDNum="101"),
            dialled(trunk, desk, "1.1", DialString="101")[0],
            event("Hangup", desk, "0.9"),
            event("Hangup", trunk, "0.9"),
        ]
    )
    assert rig.tracker.calls() == []
    assert [call.id for call in rig.ended] == ["office:1.1"]


def test_a_voice_menu_that_the_caller_leaves_is_no_call_of_anybody() -> None:
    rig = Rig()
    trunk = "PJSIP/carrier-01"
    rig.take([event("Newchannel", trunk, "1.1", CallerIDNum="74955550140", Exten="100"), event("Hangup", trunk, "1.1")])
    assert (rig.moved, rig.ended) == ([], [])


@pytest.mark.parametrize("shown", ["", "<unknown>", "anonymous", "Restricted"])
def test_a_withheld_number_is_no_number(shown: str) -> None:
    rig = Rig()
    trunk, desk = "PJSIP/carrier-01", "PJSIP/101-02"
    rig.take(
        [
            event("Newchannel", trunk, "1.1", CallerIDNum=shown, Exten="s"),
            event("Newchannel", desk, "1.1"),
            *dialled(trunk, desk, "1.1", "NOANSWER"),
            event("Hangup", desk, "1.1"),
            event("Hangup", trunk, "1.1"),
        ]
    )
    (call,) = rig.ended
    assert (call.phone, call.did, call.result, call.extension) == ("", "", MISSED, "101")


def test_a_renamed_channel_stays_in_its_call() -> None:
    rig = Rig()
    trunk, desk = "PJSIP/carrier-01", "PJSIP/101-02"
    rig.take(
        [
            event("Newchannel", trunk, "1.1", CallerIDNum="74955550140"),
            event("Newchannel", desk, "1.1"),
            *dialled(trunk, desk, "1.1"),
            event("Rename", trunk, "1.1", Newname="PJSIP/carrier-01<MASQ>"),
            event("Hangup", "PJSIP/carrier-01<MASQ>", "1.1"),
            event("Hangup", desk, "1.1"),
        ]
    )
    assert [call.result for call in rig.ended] == [ANSWERED]


def test_what_is_in_progress_when_the_connection_ends_is_forgotten() -> None:
    rig = Rig()
    rig.take(dict(recorded(22))["sip incoming missed"][:-3])
    assert rig.tracker.calls() != []
    rig.tracker.forget()
    assert rig.tracker.calls() == []
    rig.take(dict(recorded(22))["sip incoming missed"][-3:])
    assert rig.ended == []


def test_calls_without_end_cost_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker, "MOST_CALLS", 5)
    rig = Rig()
    rig.take([event("Newchannel", f"PJSIP/carrier-{n}", f"1.{n}", CallerIDNum="7" * 70_000) for n in range(50)])
    assert rig.tracker.overflowed
    assert len(rig.tracker._calls) == 5
    assert all(len(leg.number) < 300 for call in rig.tracker._calls.values() for leg in call.legs.values())


CHANNELS = st.sampled_from(
    ["PJSIP/carrier-01", "PJSIP/101-02", "Local/102@desks-03;1", "Local/102@desks-03;2", "", "/"]
)
PACKETS = st.fixed_dictionaries(
    {"Event": st.sampled_from([*EVENTS, "Other"])},
    optional={
        "Channel": CHANNELS,
        "DestChannel": CHANNELS,
        "Linkedid": st.sampled_from(["1.1", "1.2", ""]),
        "DestLinkedid": st.sampled_from(["1.1", "1.2", ""]),
        "CallerIDNum": st.text(max_size=20),
        "DestCallerIDNum": st.sampled_from(["74955550199", "101", ""]),
        "DialStatus": st.sampled_from(["ANSWER", "BUSY", "NOANSWER", "x"]),
        "Newname": CHANNELS,
    },
)


@given(st.lists(PACKETS, max_size=60))
@settings(max_examples=300, deadline=None)
def test_no_order_of_events_is_too_much(packets: list[Packet]) -> None:
    rig = Rig()
    rig.take(packets)
    ends = [packet for packet in packets if packet["Event"] == "Hangup"]
    assert len(rig.ended) <= len(ends)
    assert {call.id for call in rig.tracker.calls()} <= {f"office:{linked}" for linked in rig.tracker._calls}
    assert all(call.ended >= (call.answered or call.started) for call in rig.ended)
