"""AMI's packets: framing in linear time, headers, both formats of command output, and what must never be sent."""

from collections.abc import Iterable

import pytest

from astsync.errors import PbxBadAnswer, UnsafeValue
from astsync.pbx import packets
from astsync.pbx.whole_lists import split_shown

PACKETS = [
    b"Response: Success\r\nActionID: 1\r\nMessage: Updated database successfully",
    b"Event: DBGetTreeResponse\r\nKey: /cidname/7\r\nVal: a: b\r\nActionID: 2",
    b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\n/cidname/7  : x\n1 results found.\n--END COMMAND--",
    b"Response: Error\r\nMessage: Missing action in request",
]
STREAM = b"".join(packet + packets.END_OF_PACKET for packet in PACKETS)


def joined(found: Iterable[bytes]) -> list[bytes]:
    """The packets, with the parts of each output put together again."""
    packets_, lines = list[bytes](), list[bytes]()
    for packet in found:
        output = packets.command_output(packet)
        if not (lines or output or isinstance(packet, packets.Part)):
            packets_.append(packet)
            continue
        lines += output
        if not isinstance(packet, packets.Part):
            packets_.append(b"\n".join(line for line in lines if line))
            lines.clear()
    return packets_


def fed(stream: bytes, size: int) -> list[bytes]:
    reader = packets.PacketReader()
    return [packet for i in range(0, len(stream), size) for packet in reader.feed(stream[i : i + size])]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(STREAM)])
def test_packets_come_out_whole_however_the_bytes_arrive(size: int) -> None:
    output = b"/cidname/7  : x\n1 results found."
    assert joined(fed(STREAM, size)) == [*PACKETS[:2], output, PACKETS[3]]


@pytest.mark.parametrize("ends", [3, 4, 5, 7])
def test_more_line_ends_in_a_row_are_the_same_however_they_arrive(ends: int) -> None:
    stream = PACKETS[1] + b"\r\n" * ends + PACKETS[0] + packets.END_OF_PACKET
    whole = packets.PacketReader().feed(stream)
    for size in range(1, len(stream)):
        assert joined(fed(stream, size)) == joined(whole)
    assert whole[0] == PACKETS[1]


@pytest.mark.parametrize("size", [1, 5, 31, 4096])
def test_raw_output_with_empty_lines_is_one_output(size: int) -> None:

    raw = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\n/f/1 : a\r\n\r\nb\r\n\r\n--END COMMAND--"
    stream = raw + packets.END_OF_PACKET + PACKETS[0] + packets.END_OF_PACKET
    found = fed(stream, size)
    assert joined(found) == [b"/f/1 : a\nb", PACKETS[0]]
    assert {packets.action_id(packet) for packet in found} == {b"3", b"1"}


@pytest.mark.parametrize("size", [1, 2, 3, 50, 4096])
def test_a_long_output_comes_in_parts_of_whole_lines_each_with_the_head(size: int) -> None:
    lines = [b"/cidname/%d : x" % number for number in range(40)]
    head = b"Response: Success\r\nActionID: 9\r\nMessage: Command output follows"
    stream = b"\r\n".join([head, *(b"Output: " + line for line in lines)]) + packets.END_OF_PACKET
    found = fed(stream, size)
    assert [line for packet in found for line in packets.command_output(packet)] == lines
    assert all(packet.startswith(head) for packet in found)
    assert [isinstance(packet, packets.Part) for packet in found] == [True] * (len(found) - 1) + [False]
    assert (len(found) > 1) is (size < len(stream))


def test_a_large_packet_in_small_pieces_comes_to_an_end() -> None:
    # Searching again from the beginning after each piece, as AMIClient does, would read 4 TB here.
    reader, line, lines = packets.PacketReader(), b"x" * 126 + b"\r\n", 30 * 1024
    assert not any(reader.feed(line) for _ in range(lines))
    (packet,) = reader.feed(b"\r\n")
    assert len(packet) + 2 == lines * len(line)


@pytest.mark.parametrize(
    ("piece", "told"),
    [
        (b"x" * 65_536, "a line of more than 1,048,576 bytes"),
        (b"x: " + b"y" * 1_000 + b"\r\n", "a packet of more than 4,194,304 bytes"),
        (b"Response: Success\r\nActionID: 1\r\n" + b"x: y\r\n" * 9_000, "a packet of more than 4,194,304 bytes"),
    ],
)
def test_what_has_no_end_is_refused_before_it_fills_the_memory(piece: bytes, told: str) -> None:
    with pytest.raises(PbxBadAnswer, match=told) as error:
        fed(piece * (5_000_000 // len(piece)), len(piece))
    assert error.value.hint


def test_output_without_end_keeps_no_more_than_a_line() -> None:
    reader = packets.PacketReader()
    reader.feed(b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\n")
    for _ in range(1_000):
        assert sum(map(len, reader.feed(b"/cidname/1 : x\n" * 1_000))) > 10_000
    assert len(reader._buffer) < 100


def test_a_packet_of_countless_headers_is_refused() -> None:
    with pytest.raises(PbxBadAnswer, match="more than 2,000 headers"):
        packets.headers(b"\r\n".join([b"Event: Flood", *(b"x%d: y" % number for number in range(3_000))]))


@pytest.mark.parametrize("digits", ["", "-1", "+1", "1_0", " 1", "1.0", "٣", "9" * 10_000, "9" * 13, "\udcc8"])
def test_what_is_no_plain_number_is_none(digits: str) -> None:
    assert packets.number(digits) is None


def test_a_plain_number_is_one() -> None:
    assert [packets.number(digits) for digits in ("0", b"60000", "007")] == [0, 60_000, 7]


def test_action_id_is_found_in_any_case_and_only_at_a_line_start() -> None:
    assert packets.action_id(b"Response: Success\r\nactionid: 17\r\nMessage: x") == b"17"
    assert packets.action_id(b"Event: X\r\nVal: ActionID: 4\r\nActionID: 5") == b"5"
    assert packets.action_id(PACKETS[3]) is None
    assert packets.action_id(b"Event: DBGetTreeResponse\r\nKey: /c/1\r\nVal: x\r\nActionID: 4\r\nActionID: 5") == b"5"


def test_headers_keep_separators_of_unicode_and_bytes_of_other_encodings() -> None:
    raw = "Val: a\u0085b\u2028c".encode() + b"\r\nKey: \xc8\xe2\r\nVal: second"
    assert packets.headers(raw) == {"Val": "a\u0085b\u2028c", "Key": "\udcc8\udce2"}


def test_both_formats_of_command_output_give_the_same_lines() -> None:
    old = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 1\r\n/f/1  : a\n/f/2  : b\n2 results found.\n"
    old += packets.END_OF_COMMAND
    new = b"Response: Success\r\nActionID: 1\r\nOutput: /f/1  : a\r\nOutput: /f/2  : b\r\nOutput: 2 results found."
    assert (
        packets.command_output(old)[:3]
        == packets.command_output(new)
        == [b"/f/1  : a", b"/f/2  : b", b"2 results found."]
    )


@pytest.mark.parametrize("value", ["a\rb", "a\nb", "a\r\nAction: Command", "a\0b", "\ud800"])
def test_what_breaks_out_of_a_line_is_refused(value: str) -> None:
    with pytest.raises(UnsafeValue, match="Val"):
        packets.header("Val", value)


def test_the_longest_line_is_1022_bytes() -> None:
    assert len(packets.header("Val", "x" * 1017)) == 1024
    for too_long in ("x" * 1018, "я" * 509):
        with pytest.raises(UnsafeValue, match="1022"):
            packets.header("Val", too_long)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            b"/cidname/7002                                     : Two: two                 ",
            (b"/cidname/7002", b"Two: two"),
        ),
        (b"/cidname/e1                                       :                          ", (b"/cidname/e1", b"")),
        (b"/cidname/a: b                                     : x                        ", (b"/cidname/a: b", b"x")),
        (b"/cidname/" + b"k" * 60 + b": v                        ", (b"/cidname/" + b"k" * 60, b"v")),
        (b"/cidname/1                                        : " + b"v" * 30 + b" ", (b"/cidname/1", b"v" * 30 + b" ")),
    ],
)
def test_lines_of_database_show(line: bytes, wanted: tuple[bytes, bytes]) -> None:
    assert split_shown(line) == wanted
