"""What the sandbox's phone reads and writes of SIP."""

import pytest

from astsync.sandbox.asterisk.sip_message import display_name, offer, packet, quoted_name, read_message


@pytest.mark.parametrize("name", ["OOO Romashka", 'a "b"', "a\\b", '\\"', "ООО «Ромашка»", "a <sip:1@x>", "a;b,c"])
def test_a_quoted_name_is_read_as_it_was(name: str) -> None:
    assert display_name(f"{quoted_name(name)} <sip:100@127.0.0.1>;tag=1") == name


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("<sip:1@x>", ""),
        ("sip:1@x", ""),
        ("Desk <sip:1@x>;tag=1", "Desk"),
        ('"" <sip:1@x>', ""),
        ('  "a" <sip:1@x>', "a"),
    ],
)
def test_a_name_is_what_stands_before_the_address(address: str, name: str) -> None:
    assert display_name(address) == name


def test_a_message_is_read_with_all_its_headers() -> None:
    written = packet("SIP/2.0 180 Ringing", [("Via", "a"), ("Via", "b"), ("To", "<sip:1@x>")], offer("127.0.0.1"))
    message = read_message(written.replace(b"To: ", b"TO:\r\n "))
    assert message is not None
    assert (message.status, message.all("via"), message.get("to")) == (180, ["a", "b"], "<sip:1@x>")
    assert message.get("content-type") == "application/sdp"
    assert written.endswith(offer("127.0.0.1").encode())


def test_a_request_has_its_method_and_no_status() -> None:
    message = read_message(packet("INVITE sip:100@x SIP/2.0", []))
    assert message is not None
    assert (message.method, message.status) == ("INVITE", 0)


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"\0", b"GET / HTTP/1.1\r\n\r\n"])
def test_what_keeps_a_path_open_is_no_message(data: bytes) -> None:
    assert read_message(data) is None
