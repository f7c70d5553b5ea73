"""Writes the list of counterparties: as elements of XDTO, as JSON, or as a text that holds XML or JSON."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from xml.sax.saxutils import escape

import orjson

from astsync.sandbox.onec.export import ExportedRecord
from astsync.sandbox.onec.wsdl import XS, XSI

_BATCH = 500
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BREAKS = {"\r": "&#xD;"}


def xml_text(text: str) -> str:
    """Escape a text for XML. Characters that XML cannot hold are left out, as the 1C code of examples/1c does."""
    return escape(_NOT_XML.sub("", text), _BREAKS)


def typed_records(records: Iterable[ExportedRecord], prefix: str, depth: int) -> Iterator[bytes]:
    """Write records as elements ``Counterparties``, in batches."""
    tab = "\t" * depth
    return _batches(records, lambda record: _typed(record, prefix, tab))


def _typed(record: ExportedRecord, prefix: str, tab: str) -> str:
    inner = tab + "\t"
    lines = [f"{tab}<{prefix}Counterparties>"]
    for name, value in record.items():
        if name == "Phones":
            for phone in value:
                lines.append(f"{inner}<{prefix}Phones>")
                lines.extend(_field(prefix, inner + "\t", key, text) for key, text in phone.items())
                lines.append(f"{inner}</{prefix}Phones>")
        else:
            lines.append(_field(prefix, inner, name, value))
    lines.append(f"{tab}</{prefix}Counterparties>\n")
    return "\n".join(lines)


def _field(prefix: str, tab: str, name: str, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else xml_text(str(value))
    return f"{tab}<{prefix}{name}>{text}</{prefix}{name}>" if text else f"{tab}<{prefix}{name}/>"


def _batches(records: Iterable[ExportedRecord], write: Callable[[ExportedRecord], str]) -> Iterator[bytes]:
    source = iter(records)
    while batch := list(islice(source, _BATCH)):
        yield "".join(map(write, batch)).encode()


def cursor_element(cursor: str | None, prefix: str, depth: int) -> bytes:
    """Write ``NextCursor``. On the last page it is nil."""
    tab = "\t" * depth
    inside = f">{cursor}</{prefix}NextCursor>" if cursor else ' xsi:nil="true"/>'
    return f"{tab}<{prefix}NextCursor{inside}\n".encode()


def json_list(records: Iterable[ExportedRecord], cursor: str | None) -> Iterator[bytes]:
    """Write ``{"Counterparties": […], "NextCursor": …}``, in batches."""
    yield b'{"Counterparties":['
    source, between = iter(records), b""
    while batch := list(islice(source, _BATCH)):
        yield between + orjson.dumps(batch)[1:-1]
        between = b","
    yield b'],"NextCursor":' + orjson.dumps(cursor) + b"}"


def xml_list(records: Iterable[ExportedRecord], cursor: str | None) -> Iterator[bytes]:
    """Write the list as a whole XML document with its own prolog, as ЗаписьXML of 1C does."""
    yield b'<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<CounterpartyPage xmlns:xs="{XS}" xmlns:xsi="{XSI}">\n'.encode()
    yield from typed_records(records, "", 1)
    yield cursor_element(cursor, "", 1)
    yield b"</CounterpartyPage>"


def escaped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Escape UTF-8 for XML."""
    return (piece.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;") for piece in pieces)


def cdata(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Put a text into a CDATA section. The text must not contain ``]]>``."""
    yield b"<![CDATA["
    yield from pieces
    yield b"]]>"


def in_base64(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Write base64 in lines of 76 characters, as Base64Строка of 1C does."""
    rest = b""
    for piece in pieces:
        whole = rest + piece
        end = len(whole) // 57 * 57
        rest = whole[end:]
        yield base64.encodebytes(whole[:end]).replace(b"\n", b"\r\n")
    yield base64.b64encode(rest)
