"""Records of calls become the calls that the events make: those of Asterisk 22 and 16, and invented ones."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from astsync.calls import records as of_records
from astsync.calls.cdr_lines import CdrLines
from astsync.calls.gathering import KEPT, QUIET, Gathering
from astsync.calls.model import CallResult, Direction, PastCall
from astsync.calls.record import CallRecord
from astsync.calls.records import calls_of, record_of_event
from astsync.calls.tracker import CallTracker, House
from astsync.lookup.call_recovery import read_records

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
HOUSE = House(lambda number: number.isdecimal() and len(number) < 6, lambda number: number.lstrip("+"))
BEGUN = 1_796_000_000  # seconds since 1970 of the first channel
IN, OUT, INSIDE = Direction.INCOMING, Direction.OUTGOING, Direction.INTERNAL
Facts = tuple[Direction, str, str, tuple[str, ...], str, CallResult]


def facts(call: PastCall) -> Facts:
    return call.direction, call.phone, call.extension, call.rung, call.did, call.result


def packets(name: str) -> list[dict[str, str]]:
    text = (FIXTURES / name).read_text(encoding="utf-8")
    blocks = ("\n".join(line for line in block.splitlines() if line[:2] != "# ") for block in text.split("\n\n"))
    return [
        {head: value.strip() for head, _, value in (line.partition(":") for line in block.splitlines())}
        for block in blocks
        if block.strip()
    ]


def by_events(name: str) -> dict[str, PastCall]:
    ended: list[PastCall] = []
    tracker = CallTracker("office", HOUSE, ended=ended.append)
    for at, packet in enumerate(packets(name)):
        tracker.take(packet["Event"], packet, datetime.fromtimestamp(BEGUN + at, UTC))
    return {call.id: call for call in ended}


def recorded(name: str) -> list[CallRecord]:
    found = (record_of_event(packet) for packet in packets(name) if packet["Event"] == "Cdr")
    return [record for record in found if record is not None]


@pytest.mark.parametrize("linked", [True, False], ids=["linkedid", "channel names"])
@pytest.mark.parametrize("version", [16, 22])
def test_records_make_the_calls_that_the_events_make(version: int, linked: bool) -> None:
    records = [one if linked else replace(one, linked="") for one in recorded(f"cdr-{version}.txt")]
    made = {call.id: call for call in calls_of(records, "office", HOUSE)}
    heard = {**by_events(f"calls-{version}.txt"), **by_events(f"cdr-{version}.txt")}
    assert len(made) == 21
    both = heard.keys() & made.keys()
    assert len(both) >= 6
    assert {one: facts(made[one]) for one in both} == {one: facts(heard[one]) for one in both}


MOMENT = datetime.fromisoformat("2026-11-29 15:42:30")
_OF_TRUNK = CallRecord(
    "74955550142", destination="906", channel="PJSIP/trunk-00000000", start=MOMENT, end=MOMENT, unique="1795966950.0"
)
FORWARDED = [
    replace(_OF_TRUNK, dest_channel="PJSIP/204-00000001", disposition="NO ANSWER"),
    replace(_OF_TRUNK, dest_channel="Local/201@desks-00000000;1", disposition="ANSWERED", answer=MOMENT),
    replace(
        _OF_TRUNK,
        channel="Local/201@desks-00000000;2",
        dest_channel="PJSIP/201-00000002",
        disposition="ANSWERED",
        answer=MOMENT,
        unique="1795966950.3",
        linked="1795966950.0",
    ),
]
"""What 22.10 and 16.28 write of a phone that forwards by 302, in one order or another."""


@pytest.mark.parametrize("first", range(3))
def test_a_phone_that_forwards_was_called_before_that_to_which_it_forwards(first: int) -> None:
    (call,) = calls_of([*FORWARDED[first:], *FORWARDED[:first]], "office", HOUSE)
    assert (call.rung, call.extension, call.result) == (("204", "201"), "201", CallResult.ANSWERED)


@pytest.mark.parametrize("version", [16, 22])
def test_a_voice_menu_that_answers_makes_no_answered_call(version: int) -> None:
    made = {call.did: call for call in calls_of(recorded(f"cdr-{version}.txt"), "office", HOUSE)}
    assert (made["ivrmiss"].result, made["ivrmiss"].answered) == (CallResult.MISSED, None)
    assert made["ivrbusy"].result is CallResult.BUSY
    queued = made["ivrqueue"]
    assert queued.answered is not None
    assert queued.answered - queued.started >= timedelta(seconds=1)  # when a phone picked up, not the menu


def row(
    unique: int,
    channel: str,
    dest: str = "",
    *,
    source: str = "74955550111",
    to: str = "100",
    at: int = 0,
    length: int = 5,
    how: str = "NO ANSWER",
    offset: int = 3 * 3_600,
    linked: str = "",
) -> CallRecord:
    start = datetime.fromtimestamp(BEGUN + at + offset, UTC).replace(tzinfo=None)
    answer = start + timedelta(seconds=1) if how == "ANSWERED" else None
    return CallRecord(
        source=source,
        destination=to,
        channel=channel,
        dest_channel=dest,
        start=start,
        answer=answer,
        end=start + timedelta(seconds=length),
        disposition=how,
        unique=f"{BEGUN + at}.{unique}",
        linked=linked,
    )


@pytest.mark.parametrize("hours", [-9.5, 0, 3, 5.75, 14])
def test_times_become_utc_whatever_the_zone_of_the_pbx_is(hours: float) -> None:
    records = [
        row(1, "PJSIP/trunk-01", "PJSIP/101-02", how="ANSWERED", offset=int(hours * 3_600)),
        row(1, "PJSIP/trunk-01", "PJSIP/102-03", at=1_200, how="ANSWERED", offset=int(hours * 3_600)),
    ]
    records[1] = replace(records[1], unique=records[0].unique)  # a transfer after 20 minutes
    (call,) = calls_of(records, "office", HOUSE)
    assert call.started == datetime.fromtimestamp(BEGUN, UTC)
    assert call.answered == datetime.fromtimestamp(BEGUN + 1_201 if call.extension == "102" else BEGUN + 1, UTC)
    assert call.ended == datetime.fromtimestamp(BEGUN + 1_205, UTC)


def test_two_calls_of_one_number_at_once_are_two() -> None:
    records = [row(1, "PJSIP/trunk-01", "PJSIP/101-02"), row(3, "PJSIP/trunk-03", "PJSIP/101-04")]
    assert [call.id for call in calls_of(records, "office", HOUSE)] == [f"office:{BEGUN}.1", f"office:{BEGUN}.3"]


def test_a_channel_that_has_its_name_again_after_a_restart_is_another_call() -> None:
    records = [row(1, "PJSIP/trunk-01", "PJSIP/101-02"), row(1, "PJSIP/trunk-01", "PJSIP/101-02", at=3_600)]
    assert len(list(calls_of(records, "office", HOUSE))) == 2


def test_two_calls_that_were_joined_are_the_older_one() -> None:
    older, younger = f"{BEGUN}.1", f"{BEGUN}.5"
    records = [
        row(1, "PJSIP/trunk-01", "PJSIP/101-02", how="ANSWERED", linked=older),
        row(5, "PJSIP/101-05", "PJSIP/102-06", source="101", how="ANSWERED", linked=younger),
        row(5, "PJSIP/101-05", "", source="101", how="ANSWERED", linked=older),
    ]
    (call,) = calls_of(records, "office", HOUSE)
    assert (call.id, call.direction) == (f"office:{older}", IN)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (row(1, "PJSIP/101-01", "PJSIP/trunk-02", source="101", to="84955550177", how="ANSWERED"),
         (OUT, "84955550177", "101", (), "", CallResult.ANSWERED)),
        (row(1, "PJSIP/101-01", "PJSIP/102-02", source="101", to="102", how="BUSY"),
         (INSIDE, "101", "102", ("102",), "", CallResult.BUSY)),
        (row(1, "PJSIP/trunk-01", "PJSIP/101-02", source="", how="CONGESTION"),
         (IN, "", "101", ("101",), "100", CallResult.FAILED)),
        (row(1, "PJSIP/trunk-01", "PJSIP/101-02", source="anonymous", to="s"),
         (IN, "", "101", ("101",), "", CallResult.MISSED)),
    ],
)  # fmt: skip
def test_a_record_tells_who_called_whom(record: CallRecord, expected: Facts) -> None:
    (call,) = calls_of([record], "office", HOUSE)
    assert facts(call) == expected


def test_what_is_no_call_makes_none() -> None:
    menu = row(1, "PJSIP/trunk-01")
    assert list(calls_of([menu, replace(menu, unique="nonsense"), replace(menu, start=None)], "office", HOUSE)) == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"UniqueID": "x", "StartTime": "2026-11-29 10:00:00", "EndTime": "2026-11-29 10:00:00"},
        {"UniqueID": "1796000000.1", "StartTime": "soon", "EndTime": "2026-11-29 10:00:00"},
    ],
)
def test_an_event_without_times_or_id_is_no_record(headers: dict[str, str]) -> None:
    assert record_of_event(headers) is None


# As they come.


def test_a_call_is_gathered_until_it_is_quiet_and_told_again_when_a_record_comes_late() -> None:
    first, second, late = (row(n, f"PJSIP/trunk-0{n}", f"PJSIP/10{n}-0{n}", linked="1796000000.1") for n in (1, 2, 3))
    gathering = Gathering()
    gathering.add(first, 0.0)
    gathering.add(second, QUIET - 1)
    assert list(gathering.quiet(QUIET)) == []
    assert list(gathering.quiet(2 * QUIET)) == [[first, second]]
    assert list(gathering.quiet(3 * QUIET)) == []
    gathering.add(late, 4 * QUIET)
    assert list(gathering.quiet(5 * QUIET)) == [[first, second, late]]
    list(gathering.quiet(5 * QUIET + KEPT + 1))
    gathering.add(late, 6 * QUIET + KEPT)
    assert list(gathering.quiet(7 * QUIET + KEPT)) == [[late]]


def test_records_without_a_linkedid_are_gathered_by_their_channels() -> None:
    inner = row(4, "Local/201@desks-01;2", "")
    outer = row(1, "PJSIP/trunk-01", "Local/201@desks-01;1", how="ANSWERED")
    other = row(7, "PJSIP/trunk-07", "PJSIP/101-08")
    gathering = Gathering()
    for record in (inner, other, outer):
        gathering.add(record, 0.0)
    assert sorted(map(len, gathering.quiet(QUIET))) == [1, 2]


# From the file.


def lines(records: Sequence[CallRecord], *, unique: bool = True) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for one in records:
        clid = f'"" <{one.source}>'
        head = ["", one.source, one.destination, "ctx", clid, one.channel, one.dest_channel, "Dial", ""]
        times = [str(one.start), str(one.answer or ""), str(one.end), "5", "4", one.disposition, "DOCUMENTATION"]
        writer.writerow([*head, *times, *([one.unique, ""] if unique else [])])
    return out.getvalue()


def since(seconds: int) -> datetime:
    return datetime.fromtimestamp(BEGUN + seconds, UTC)


def many(count: int) -> list[CallRecord]:
    return [row(2 * n, f"PJSIP/trunk-{2 * n:04x}", f"PJSIP/101-{2 * n + 1:04x}", at=n * 600) for n in range(count)]


def test_the_calls_since_a_moment_are_read_from_the_end_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    file.write_text(lines(many(500)), encoding="utf-8")
    found = read_records(file, since(490 * 600), "office", HOUSE)
    assert ([call.started for call in found.calls], found.lacking) == (
        [since(n * 600) for n in range(499, 489, -1)],
        "",
    )


def test_the_file_that_was_put_away_is_read_too(tmp_path: Path) -> None:
    file, before = tmp_path / "Master.csv", tmp_path / "Master.csv.1"
    file.write_text(lines(many(300)[290:]), encoding="utf-8")
    before.write_text(lines(many(290)), encoding="utf-8")
    found = read_records(file, since(280 * 600), "office", HOUSE)
    assert (len(found.calls), found.lacking) == (20, "")
    before.rename(tmp_path / "Master.csv.1.gz")
    packed = read_records(file, since(280 * 600), "office", HOUSE)
    assert (len(packed.calls), "does not reach back" in packed.lacking) == (10, True)


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    file = tmp_path / "Master.csv"
    assert "cannot be read" in read_records(file, since(0), "office", HOUSE).lacking
    file.write_text(lines(many(3), unique=False), encoding="utf-8")
    assert "loguniqueid=yes" in read_records(file, since(0), "office", HOUSE).lacking


def test_a_line_of_master_csv_has_both_channels_and_the_answer() -> None:
    (line,) = lines([row(1, "PJSIP/trunk-01", "PJSIP/101-02", how="ANSWERED")]).splitlines()
    record = CdrLines().record(line.encode())
    assert record is not None
    assert (record.channel, record.dest_channel) == ("PJSIP/trunk-01", "PJSIP/101-02")
    assert record.answer is not None


@pytest.mark.parametrize("end", ["9999-12-31 23:59:59", "0001-01-01 00:00:00", "2024-03-01 00:00:00"])
def test_a_spoilt_record_makes_no_call_and_stops_no_other(end: str) -> None:
    headers = {
        "uniqueid": "1700000000.1", "starttime": "2023-11-14 10:13:20", "endtime": "2023-11-14 10:14:20",
        "source": "74955550142", "channel": "PJSIP/trunk-1", "destinationchannel": "PJSIP/101-2",
    }  # fmt: skip
    whole = record_of_event(headers)
    spoilt = record_of_event(headers | {"uniqueid": "1700000000.9", "channel": "PJSIP/trunk-9", "endtime": end})
    assert whole is not None
    assert spoilt is not None
    assert [call.id for call in calls_of([spoilt, replace(whole, linked="none of Asterisk's")], "office", HOUSE)] == [
        "office:1700000000.1"
    ]


def test_who_picked_up_is_told_of_a_call_with_more_records_than_are_looked_at() -> None:
    linked = f"{BEGUN}.1"
    rung = [
        row(1, "PJSIP/trunk-01", f"Local/201@desks-{n:08x};1", at=0, length=n, linked=linked)
        for n in range(of_records.MOST_RECORDS + 50)
    ]
    last = row(1, "PJSIP/trunk-01", "PJSIP/101-ffff", length=2_000, how="ANSWERED", linked=linked)
    (call,) = calls_of([*rung, last], "office", HOUSE)
    assert (call.result, call.extension) == (CallResult.ANSWERED, "101")


def test_a_late_leg_alone_has_the_times_of_the_other_calls() -> None:
    linked = f"{BEGUN}.1"
    second = row(1, "PJSIP/trunk-01", "PJSIP/102-03", at=600, length=7_000, how="ANSWERED", linked=linked)
    others = [row(n, f"PJSIP/trunk-{n:02}a", f"PJSIP/101-{n:02}b", at=60 * n) for n in range(2, 9)]
    calls = {call.id: call for call in calls_of([replace(second, unique=linked), *others], "office", HOUSE)}
    assert calls[f"office:{linked}"].ended == datetime.fromtimestamp(BEGUN + 7_600, UTC)
