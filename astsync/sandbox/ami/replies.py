"""Writes the answers of AMI as bytes."""

from astsync.sandbox.ami.packets import Headers

_ID_TEXT = 255
"""Asterisk keeps so many bytes of ``ActionID: …`` CR LF for events. A longer one loses its line end."""


def done(headers: Headers, text: str) -> bytes:
    """Answer Success."""
    return reply(b"Success", headers, text.encode())


def error(headers: Headers, text: str) -> bytes:
    """Answer Error."""
    return reply(b"Error", headers, text.encode())


def reply(kind: bytes, headers: Headers, text: bytes) -> bytes:
    """Answer with one line of text. The answer has the action's ActionID, if any."""
    identity = headers.get(b"actionid")
    if identity:
        return b"Response: %b\r\nActionID: %b\r\nMessage: %b\r\n\r\n" % (kind, identity, text)
    return b"Response: %b\r\nMessage: %b\r\n\r\n" % (kind, text)


def start(kind: bytes, headers: Headers) -> bytes:
    """Begin an answer that more lines follow."""
    identity = headers.get(b"actionid")
    return b"Response: %b\r\nActionID: %b\r\n" % (kind, identity) if identity else b"Response: %b\r\n" % kind


def id_text(headers: Headers) -> bytes:
    """The ActionID line of an event, cut as Asterisk cuts it."""
    identity = headers.get(b"actionid")
    return (b"ActionID: %b\r\n" % identity)[:_ID_TEXT] if identity else b""


def list_start(headers: Headers) -> bytes:
    """Begin a list of events."""
    return start(b"Success", headers) + b"EventList: start\r\nMessage: Result will follow\r\n\r\n"


def list_end(event: bytes, headers: Headers, items: bytes, how: bytes = b"Complete") -> bytes:
    """End a list of events."""
    identity = headers.get(b"actionid")
    line = b"ActionID: %b\r\n" % identity if identity else b""
    return b"Event: %b\r\n%bEventList: %b\r\nListItems: %b\r\n\r\n" % (event, line, how, items)
