"""Records of calls: the files of Asterisk and its relatives, read from either end, and legs that become calls."""

import io
import random
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.calls.cdr_file import TOO_LONG, backward, forward
from astsync.calls.cdr_layout import LONGEST_LINE
from astsync.calls.cdr_lines import CdrLines
from astsync.calls.record import CallRecord, name_and_number
from astsync.lookup.callers import CallerKind, CallerReader
from astsync.phonebook.numbers.parser import NumberParser
from astsync.setup.past_calls.incoming import IncomingCalls

BEGAN, ENDED = map(datetime.fromisoformat, ("2026-11-29 11:40:31", "2026-11-29 11:40:41"))

# As Asterisk 22 and 16 wrote them (the file, and the call): the caller's name is the one that the phone was shown.
PLAIN = (
    b'"","+74955550101","100","incoming","""OOO MIKO"" <+74955550101>","PJSIP/trunk-00000000","PJSIP/100-00000001",'
    b'"Dial","PJSIP/100,10","2026-11-29 11:40:31",,"2026-11-29 11:40:41",10,0,"NO ANSWER","DOCUMENTATION"'
)
WITH_IDS = PLAIN + b',"1795952431.1",""'
WITH_LINKED = PLAIN + b',"1795952431.2","","","1795952431.1",1'
CUSTOM = (
    b'"""OOO MIKO"" <+74955550101>","+74955550101","100","incoming","PJSIP/trunk-00000000","PJSIP/100-00000001","Dial",'
    b'"PJSIP/100,10","2026-11-29 11:40:31","","2026-11-29 11:40:41","10","0","NO ANSWER","DOCUMENTATION","",'
    b'"1795952431.1","",1'
)
FREEPBX_HEADER = (
    b"calldate,clid,src,dst,dcontext,channel,dstchannel,lastapp,lastdata,duration,billsec,disposition,amaflags,"
    b"accountcode,uniqueid,userfield,did,cnum,cnam,outbound_cnum,outbound_cnam,dst_cnam,recordingfile,linkedid,"
    b"peeraccount,sequence"
)
FREEPBX = (
    b'"2026-11-29 11:40:31","""OOO MIKO"" <+74955550101>",+74955550101,600,ext-queues,PJSIP/trunk-00000000,'
    b'Local/100@from-queue-00000001;1,Queue,"600,t",10,0,"NO ANSWER",3,,1795952431.1,,74955550000,+74955550101,'
    b'"OOO MIKO",,,,,1795952431.1,,7'
)


def read_all(*lines: bytes) -> list[CallRecord]:
    reader = CdrLines(lines[0])
    rest = lines[1:] if reader.has_header else lines
    return [record for line in rest if (record := reader.record(line)) is not None]


@pytest.mark.parametrize("lines", [[PLAIN], [WITH_IDS], [WITH_LINKED], [CUSTOM], [FREEPBX_HEADER, FREEPBX]])
def test_every_layout_of_asterisk_gives_the_same_call(lines: list[bytes]) -> None:
    (record,) = read_all(*lines)
    assert (record.source, record.name) == ("+74955550101", "OOO MIKO")
    assert (record.start, record.end) == (BEGAN, ENDED)
    assert record.channel == "PJSIP/trunk-00000000"
    assert (record.disposition, record.billed) == ("NO ANSWER", 0)


def test_ids_are_found_where_cdr_conf_writes_them() -> None:
    (plain,), (ids,), (linked,) = read_all(PLAIN), read_all(WITH_IDS), read_all(WITH_LINKED)
    assert [(r.unique, r.linked) for r in (plain, ids, linked)] == [
        ("", ""),
        ("1795952431.1", ""),
        ("1795952431.2", "1795952431.1"),
    ]
    only_linked = read_all(PLAIN + b',"","1795952431.1",1')[0]
    assert (only_linked.unique, only_linked.linked) == ("", "1795952431.1")


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (b"src;clid;calldate", b'84955550101;"""B"" <84955550101>";2026-11-29 11:40:31'),
        (b"calldate\tsrc", b"2026-11-29 11:40:31\t84955550101"),
        (b"\xef\xbb\xbfsrc_num,start", b"84955550101,2026-11-29 11:40:31.123"),
        (b'"Date","Source","Destination","Src. Channel"', b'"2026-11-29 11:40:31","84955550101","100","SIP/x-0001"'),
        ("Дата;Источник".encode("cp1251"), b"29.11.2026 11:40:31;84955550101"),
        (b"clid|start", b"<84955550101>|2026-11-29 11:40:31"),
    ],
)
def test_columns_of_any_order_are_found_by_their_header(header: bytes, row: bytes) -> None:
    (record,) = read_all(header, row)
    assert (record.source, record.start) == ("84955550101", BEGAN)


def test_a_mapping_of_somebodys_own_is_read_by_what_the_cells_look_like() -> None:
    (record,) = read_all(b'2026-11-29 11:40:31,"""B"" <84955550101>",PJSIP/trunk-0000002a,1795952431.7,100')
    assert (record.source, record.name, record.unique) == ("84955550101", "B", "1795952431.7")
    assert record.channel == "PJSIP/trunk-0000002a"


@pytest.mark.parametrize(
    ("clid", "name", "number"),
    [
        ('"OOO MIKO" <74955550101>', "OOO MIKO", "74955550101"),
        ('"" <anonymous>', "", "anonymous"),
        ("<74955550101>", "", "74955550101"),
        ("74955550101", "", "74955550101"),
        ('"Ivan"', "Ivan", ""),
        ("", "", ""),
        ('"a <b>" <1>', "a <b>", "1"),
    ],
)
def test_a_caller_id_is_taken_apart(clid: str, name: str, number: str) -> None:
    assert name_and_number(clid) == (name, number)


def test_lines_that_are_no_records_are_counted() -> None:
    reader = CdrLines(PLAIN)
    lines = [b"", b"rubbish", PLAIN[:40], PLAIN, TOO_LONG, b"\xff\xfe" * 30, PLAIN.replace(b"2026", b"20x6")]
    assert [reader.record(line) is not None for line in lines] == [False, False, False, True, False, False, False]
    assert reader.unreadable == 5


TEXTS = st.lists(st.sampled_from([b"", b"a", b"bc\r", b"d" * 70, b"e" * 40_000, b"f" * 140_000]), max_size=12)


@given(TEXTS, st.booleans())
def test_lines_are_the_same_from_both_ends(lines: list[bytes], ended: bool) -> None:
    text = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    ahead = list(forward(io.BytesIO(text)))
    back = list(backward(io.BytesIO(text)))[::-1]
    assert [line for line in ahead if line] == [line for line in back if line]
    assert all(len(line) <= LONGEST_LINE + 1 for line in back)


def test_no_more_is_read_than_is_bounded() -> None:
    text = b"".join(b"%07d\n" % number for number in range(100_000))
    assert next(backward(io.BytesIO(text), most=8_000)) == b""
    assert list(backward(io.BytesIO(text), most=80_000))[1] == b"0099999"
    assert len(list(backward(io.BytesIO(text), most=80_000))) <= 10_001
    assert len(list(forward(io.BytesIO(text), most=8_000))) == 1_000


def collected(records: Iterable[CallRecord], most: int = 100, *, keep_last: bool = False) -> IncomingCalls:
    calls = IncomingCalls(CallerReader(NumberParser(area_code="495")).read, most, keep_last=keep_last)
    calls.add_all(records)
    return calls


def leg(source: str, second: int = 0, **more: str) -> CallRecord:
    start = BEGAN + timedelta(seconds=second)
    return CallRecord(source, start=start, end=start, **more)  # type: ignore[arg-type]


def test_legs_of_one_call_are_one_call() -> None:
    queue = [leg("+74955550101", at, unique="1795952431.1", channel="PJSIP/trunk-00000001") for at in range(5)]
    assert len(collected(queue).calls) == 1
    transferred = [leg("+74955550101", at, unique=f"1795952431.{at}", linked="1795952431.0") for at in range(5)]
    assert len(collected(transferred).calls) == 1
    by_dialplan = [
        leg("+74955550101", 1, unique="1795952431.1", channel="PJSIP/trunk-00000001"),
        leg("+74955550101", 2, unique="1795952431.3", channel="Local/101@ext-00000001;2", name="B"),
    ]
    (call,) = collected(by_dialplan).calls
    assert (call.record.name, call.record.channel) == ("B", "PJSIP/trunk-00000001")


def test_two_calls_of_one_number_are_two() -> None:
    twice = [
        leg("+74955550101", 1, unique="1795952431.1", channel="PJSIP/trunk-00000001"),
        leg("+74955550101", 1, unique="1795952431.2", channel="PJSIP/trunk-00000002"),
    ]
    assert len(collected(twice).calls) == 2
    assert len(collected([leg("+74955550101"), leg("+74955550101")]).calls) == 2


def test_calls_from_phones_of_the_house_are_left_out() -> None:
    inside = [
        leg("101", channel="PJSIP/101-00000001", unique="1.1"),
        leg("74955550000", channel="SIP/102-0000a1b2", unique="1.2"),  # the house's number stands in for the phone's
        leg("ivan", channel="PJSIP/ivan-00000001", unique="1.3"),
        leg("74955550000", channel="Local/84955550101@from-internal-0001;1", unique="1.4"),
    ]
    calls = collected([*inside, inside[-1], leg("", channel="DAHDI/1-1")])
    assert [call.caller.kind for call in calls.calls] == [CallerKind.WITHHELD]
    assert calls.internal == 4


def test_the_last_calls_are_kept_from_either_end() -> None:
    legs = [leg(f"+7495555{number:04}", unique=f"1795952431.{number}") for number in range(50)]
    last = {call.record.source for call in collected(legs, 10, keep_last=True).calls}
    assert last == {call.record.source for call in collected(reversed(legs), 10).calls}
    assert last == {f"+7495555{number:04}" for number in range(40, 50)}


def test_memory_does_not_grow_with_what_was_forgotten() -> None:
    chance = random.Random(7)
    legs = (
        leg(f"+7495{chance.randrange(10**7):07}", unique=f"17.{at}", linked=f"18.{at // 3}") for at in range(20_000)
    )
    calls = collected(legs, 10, keep_last=True)
    assert len(calls.calls) == 10
    assert len(calls._by_id) <= 100
    assert len(calls._by_source) <= 100
