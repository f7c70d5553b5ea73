"""Writes the HTTP answers of the stand-in 1C: data as JSON and as Atom XML, and errors in the platform's own words."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

BOM = b"\xef\xbb\xbf"
_DATA = "http://schemas.microsoft.com/ado/2007/08/dataservices"
_NAMESPACES = f'xmlns="http://www.w3.org/2005/Atom" xmlns:d="{_DATA}" xmlns:m="{_DATA}/metadata"'
_STACK = " ".join(["core83.dll:0x0000000000085928"] * 40)
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
Row = dict[str, Any]


@dataclass(slots=True)
class HttpAnswer:
    """An HTTP answer.

    ``rows`` is the number of rows in a collection. ``mark``: the web server may put a BOM before the body. ``sent``:
    the connection breaks after so many bytes of the body; None: all are sent. ``parts``, where given, replace ``body``;
    they are ``length`` bytes together. ``length`` None: it is not known, and they are sent chunked.
    """

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    mark: bool = False
    sent: int | None = None
    parts: Iterator[bytes] | None = None
    length: int | None = None


class ODataError(Exception):
    """1C answers an error instead of data: the HTTP status, the vendor's internal code, the text."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def no_segment(name: str) -> ODataError:
    """The error for an unknown field or part of a set (code 6)."""
    return ODataError(400, 6, f"Сегмент пути {name} не найден!")


def no_entity(name: str) -> ODataError:
    """The error for a set that is not published (code 8)."""
    return ODataError(404, 8, f'"{name}" entity is not found')


def no_instance() -> ODataError:
    """The error for a key without a row (code 9)."""
    return ODataError(404, 9, "Entity instance not found")


def no_rights() -> ODataError:
    """The error for a row that the login has no rights to (code 20)."""
    return ODataError(401, 20, "Нарушение прав доступа")


def bad_filter() -> ODataError:
    """The error for a $filter that cannot be parsed (code 14)."""
    return ODataError(400, 14, "Error parsing $filter query option")


def cannot_compare() -> ODataError:
    """The error for ``Ref_Key gt guid'…'``, and for comparing strings of unlimited length (code -1).

    A public project measured the first on a live 1C: paging by ``Ref_Key gt`` is impossible there.
    """
    what = "Нельзя сравнивать поля неограниченной длины и поля несовместимых типов."
    return ODataError(500, -1, f"{{(3, 23)}}: Неверные параметры в операции сравнения. {what}")


def error_answer(error: ODataError, *, as_json: bool) -> HttpAnswer:
    """Write an error in the requested format."""
    if as_json:
        message = {"lang": "ru", "value": error.message}
        body = orjson.dumps({"odata.error": {"code": str(error.code), "message": message}}, option=orjson.OPT_INDENT_2)
        return HttpAnswer(error.status, body.replace(b"\n", b"\r\n"), "application/json;charset=utf-8", mark=True)
    text = f"<m:code>{error.code}</m:code><m:message>{escape(error.message)}</m:message>"
    body = f'<m:error xmlns:m="{_DATA}/metadata">{text}</m:error>'.encode()
    return HttpAnswer(error.status, body, "application/xml;charset=utf-8", mark=True)


def platform_page(status: int, *reasons: str) -> HttpAnswer:
    """Write the HTML page of 1C's web server extension. ``reasons``: the error, then its causes."""
    text = "<br><b>by reason: </b><br>".join(html.escape(reason) for reason in reasons)
    title = "1C:Enterprise 8 application error"
    body = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN">\n'
        f"<html><head><title>{title}</title></head><body><h2>{title}:</h2>{text}</body></html>"
    )
    return HttpAnswer(status, body.encode(), "text/html;charset=utf-8")


def application_exception(status: int, outer: str, *inner: str) -> HttpAnswer:
    """Write the exception of the application server: JSON with a BOM. The innermost text is the useful one."""
    exception: Row = {}
    for text in reversed(inner):
        exception = {"descr": text, **({"inner": exception} if exception else {"creationStack": _STACK})}
    whole = {
        "#exception": "{http://v8.1c.ru/8.2/virtual-resource-system}Exception",
        "exception": {"reason": status, "descr": outer, "inner": exception},
    }
    return HttpAnswer(status, orjson.dumps(whole), "application/json;charset=utf-8", mark=True)


def application_exception_in_xml(status: int, outer: str, *inner: str) -> HttpAnswer:
    """Write the same exception as XML with a style sheet. Reports about platform 8.3.10 show this form."""
    exception = f"<creationStack>{_STACK}</creationStack>"
    for text in reversed((outer, *inner)):
        exception = f"<inner><descr>{escape(text)}</descr>{exception}</inner>"
    body = (
        f'{_DECLARATION}<?xml-stylesheet type="text/xsl" href="exception.xsl"?>\n'
        f'<exception xmlns="http://v8.1c.ru/8.2/virtual-resource-system" reason="{status}">'
        f"{exception.removeprefix('<inner>').removesuffix('</inner>')}</exception>"
    )
    return HttpAnswer(status, body.encode(), "application/xml;charset=utf-8")


def json_collection(head: Mapping[str, Any], rows: Iterable[Row]) -> tuple[bytes, int]:
    """Write a collection and count its rows. It works in batches: a million rows are never objects in memory."""
    parts: list[bytes] = []
    count = 0
    source = iter(rows)
    while batch := list(islice(source, 2000)):
        parts.append(orjson.dumps(batch)[1:-1])
        count += len(batch)
    opening = orjson.dumps(dict(head))[:-1] + (b"," if head else b"")
    return opening + b'"value":[' + b",".join(parts) + b"]}", count


def service_json(root: str, names: Sequence[str]) -> bytes:
    """Write the service root (the list of published sets) as JSON."""
    value = [{"name": name, "url": name} for name in names]
    return orjson.dumps({"odata.metadata": f"{root}/$metadata", "value": value})


def service_xml(root: str, names: Sequence[str]) -> bytes:
    """Write the service root as XML, the default format."""
    sets = "".join(
        f"<collection href={quoteattr(name)}><atom:title>{escape(name)}</atom:title></collection>" for name in names
    )
    text = (
        f'{_DECLARATION}<service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom" '
        f"xml:base={quoteattr(root + '/')}><workspace><atom:title>Default</atom:title>{sets}</workspace></service>"
    )
    return text.encode()


def atom_feed(root: str, name: str, entries: Iterable[Row], types: Mapping[str, str], count: int | None) -> bytes:
    """Write a collection as an Atom feed. Raises ODataError for a character that XML cannot hold."""
    parts = [f"<id>{escape(root)}/{escape(name)}</id><title>{escape(name)}</title>"]
    if count is not None:
        parts.append(f"<m:count>{count}</m:count>")
    parts.extend(f"<entry>{_atom_content(name, row, types)}</entry>" for row in entries)
    return f"{_DECLARATION}<feed {_NAMESPACES}>{''.join(parts)}</feed>".encode()


def atom_entry(name: str, row: Row, types: Mapping[str, str]) -> bytes:
    """Write one entity as an Atom entry."""
    return f"{_DECLARATION}<entry {_NAMESPACES}>{_atom_content(name, row, types)}</entry>".encode()


def _atom_content(name: str, row: Row, types: Mapping[str, str]) -> str:
    content = "".join(_atom_property(key, value, types) for key, value in row.items())
    return (
        f"<category term={quoteattr('StandardODATA.' + name)} "
        f'scheme="{_DATA}/scheme"/>'
        f'<content type="application/xml"><m:properties>{content}</m:properties></content>'
    )


def _atom_property(key: str, value: object, types: Mapping[str, str]) -> str:
    kind = types.get(key, "")
    attribute = f' m:type="{kind}"' if kind else ""
    if value is None:
        return f'<d:{key} m:null="true"/>'
    if isinstance(value, list):
        elements = "".join(f"<d:element{attribute_of(kind)}>{_atom_row(row, types)}</d:element>" for row in value)
        return f"<d:{key}{attribute}>{elements}</d:{key}>"
    if isinstance(value, dict):
        return f"<d:{key}>{_atom_row(value, types)}</d:{key}>"
    text = _xml_text(str(value).lower() if isinstance(value, bool) else str(value))
    return f"<d:{key}{attribute}>{text}</d:{key}>" if text else f"<d:{key}/>"


def attribute_of(collection: str) -> str:
    """The ``m:type`` attribute for the elements of ``Collection(…)``."""
    inner = collection.removeprefix("Collection(").removesuffix(")")
    return f' m:type="{inner}"' if inner else ""


def _atom_row(row: Row, types: Mapping[str, str]) -> str:
    return "".join(_atom_property(key, value, types) for key, value in row.items())


def _xml_text(text: str) -> str:
    # One control character in the data makes 1C refuse the whole Atom answer; JSON escapes it. Seen in public code.
    bad = next((c for c in text if c < " " and c not in "\t\r\n"), "")
    if bad:
        raise ODataError(400, -1, f"Текст содержит недопустимый символ XML: 0x{ord(bad):02X}")
    return escape(text)
