"""AMI's packets: framing in linear time, headers, both formats of command output, and what must never be sent."""

import pytest

from astsync.errors import UnsafeValue
from astsync.pbx import packets
from astsync.pbx.astdb import split_shown

PACKETS = [
    b"Response: Success\r\nActionID: 1\r\nMessage: Updated database successfully",
    b"Event: DBGetTreeResponse\r\nKey: /cidname/7\r\nVal: a: b\r\nActionID: 2",
    b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\n/cidname/7  : x\n1 results found.\n--END COMMAND--",
    b"Response: Error\r\nMessage: Missing action in request",
]
STREAM = b"".join(packet + packets.END_OF_PACKET for packet in PACKETS)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(STREAM)])
def test_packets_come_out_whole_however_the_bytes_arrive(size: int) -> None:
    reader = packets.PacketReader()
    found = [packet for i in range(0, len(STREAM), size) for packet in reader.feed(STREAM[i : i + size])]
    assert found == PACKETS


@pytest.mark.parametrize("size", [5, 4096])
def test_raw_output_with_empty_lines_stays_one_packet(size: int) -> None:
    raw = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\n/f/1 : a\r\n\r\nb\r\n\r\n--END COMMAND--"
    stream = raw + packets.END_OF_PACKET + PACKETS[0] + packets.END_OF_PACKET
    reader = packets.PacketReader()
    found = [packet for i in range(0, len(stream), size) for packet in reader.feed(stream[i : i + size])]
    assert found == [raw, PACKETS[0]]


def test_a_large_packet_in_small_pieces_comes_to_an_end() -> None:
    # Searching again from the beginning after each piece, as AMIClient does, would read 500 TB here.
    reader, piece, pieces = packets.PacketReader(), b"x" * 1024, 32 * 1024
    assert not any(reader.feed(piece) for _ in range(pieces))
    (packet,) = reader.feed(packets.END_OF_PACKET)
    assert len(packet) == pieces * len(piece)


def test_action_id_is_found_in_any_case_and_only_at_a_line_start() -> None:
    assert packets.action_id(b"Response: Success\r\nactionid: 17\r\nMessage: x") == b"17"
    assert packets.action_id(b"Event: X\r\nVal: ActionID: 4\r\nActionID: 5") == b"5"
    assert packets.action_id(PACKETS[3]) is None


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
