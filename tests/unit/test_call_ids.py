"""The id of a call: as the PBX has it where it can be, and in any case short, plain and its own."""

from datetime import UTC, datetime

import pytest

from astsync.calls.ids import LONGEST_ID, call_id
from astsync.calls.model import LiveCall
from astsync.calls.records import calls_of
from astsync.calls.tracker import CallTracker
from tests.unit.test_call_records import HOUSE, row


def test_an_id_is_the_name_of_the_pbx_and_the_linkedid() -> None:
    assert call_id("office", "1796000000.4") == "office:1796000000.4"
    assert call_id("Офис на Ленина", "pbx-1-1796000000.4") == "Офис на Ленина:pbx-1-1796000000.4"


@pytest.mark.parametrize("pbx", ["x" * 200, "о" * 120, "a,b", "office\udcff", " office", "a\u202eb", "a\tb"])
def test_what_cannot_be_an_id_is_made_one_that_is_its_own(pbx: str) -> None:
    ids = [call_id(pbx, f"1796000000.{count}") for count in range(100)] + [call_id(f"{pbx}y", "1796000000.1")]
    assert len(set(ids)) == 101
    assert ids[0] == call_id(pbx, "1796000000.0")
    assert all(len(one) <= LONGEST_ID and one.isprintable() and one == one.strip() for one in ids)
    assert not any("," in one for one in ids)
    assert ids[0].encode()


def test_all_who_make_calls_give_them_one_id() -> None:
    pbx, told = "x" * 200, list[LiveCall]()
    tracker = CallTracker(pbx, HOUSE, moved=told.append)
    channel = {"Channel": "PJSIP/trunk-01", "Linkedid": "1796000000.1", "Uniqueid": "1796000000.1", "Exten": "500"}
    dialled = {"Channel": "PJSIP/101-02", "Linkedid": "1796000000.1", "Uniqueid": "1796000000.2"}
    now = datetime.now(UTC)
    for event, headers in (
        ("Newchannel", channel),
        ("Newchannel", dialled),
        ("DialBegin", {**channel, "DestChannel": "PJSIP/101-02", "DestLinkedid": "1796000000.1"}),
    ):
        tracker.take(event, headers, now)
    assert [one.id for one in told] == [call_id(pbx, "1796000000.1")]
    (by_records,) = calls_of([row(1, "PJSIP/trunk-01", "PJSIP/101-02")], pbx, HOUSE)
    assert by_records.id == call_id(pbx, "1796000000.1")
