"""What the body of a refusal says: the seven shapes in which 1C and the web server before it put their words."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from astsync.language import say
from astsync.sources.formats.markup import FlatElement, elements, html_text, html_title
from astsync.sources.formats.values import text_of
from astsync.text import one_line

WordsShape = Literal["odata", "exception", "soap", "1c page", "plain", "page", "empty"]
MAX_READ = 64 * 1024
"""Characters of a page that are read for its words; JSON is parsed whole, for its dumps may stand before the words."""

_PAGE_OF_1C = re.compile(r"(1C:Enterprise|1С:Предприятие)[^<]{0,40}(application error|ошибка)", re.IGNORECASE)
_HEADING = re.compile(r"^.{0,20}(1C:Enterprise|1С:Предприятие)[^:]{0,40}:\s*", re.IGNORECASE)
_MARKUP = re.compile(r"\s*<(!doctype|html|head|body|h1|center)\b", re.IGNORECASE)
_ERROR_START = re.compile(r'(<[?!][^<>]*>\s*)*<([\w-]+:)?(?P<root>exception|error)\b|\{\s*"#exception"')
_LONGEST_START = 4096
_LONGEST_XML = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerWords:
    """The server's own words: their shape, the useful part in one clean line, and the OData error code.

    ``reason`` is the HTTP status that an exception of the application server names itself.
    """

    shape: WordsShape
    text: str
    code: int | None = None
    reason: int | None = None


def read_words(body: bytes) -> ServerWords:
    """Read the words in the body of a refusal; never raises, whatever the body is."""
    text = body_text(body).strip()
    if not text:
        return ServerWords("empty", "")
    value, start = _json(text), text[:MAX_READ]
    return (
        odata_error(value)
        or _exception_in_json(value)
        or _exception_in_xml(text)
        or _error_xml(start)
        or _page(start)
        or _plain(start)
    )


def may_tell_error(body: bytes) -> bool:
    """Look at the beginning alone: most good answers need not be read for the words of an error."""
    start = body[:_LONGEST_START].decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    return any(shape.match(start) for shape in (_ERROR_START, _MARKUP, _HEADING))


def body_text(body: bytes) -> str:
    """Decode a body: UTF-8 whatever the header claims, else windows-1251, which a Russian IIS writes."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1251", "replace")


def page_words(text: str) -> str:
    """Name a page that is not 1C's by its title, else by its first words."""
    start = text[:MAX_READ]
    return one_line(html_title(start) or html_text(start))[:120] or say("without words")


def odata_error(value: object) -> ServerWords | None:
    """Find ``odata.error`` in parsed JSON."""
    error = value.get("odata.error") if isinstance(value, dict) else None
    if error is None:
        return None
    message = error.get("message") if isinstance(error, dict) else error
    words = message.get("value") if isinstance(message, dict) else message
    code = error.get("code") if isinstance(error, dict) else None
    return ServerWords("odata", one_line(text_of(words, MAX_READ)), _code(code))


def _code(value: object) -> int | None:
    text = text_of(value).strip()
    return int(text) if re.fullmatch(r"-?\d{1,6}", text, re.ASCII) else None


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except ValueError:
        return None


def _exception_in_json(value: Any) -> ServerWords | None:
    """The application server's own exception: dumps, and among them what happened."""
    exception = value.get("exception") if isinstance(value, dict) else None
    if not isinstance(exception, dict):
        return None
    return _told(list(_descriptions(exception)), exception.get("reason"))


def _told(descriptions: list[str], reason: object) -> ServerWords:
    """The innermost description tells the cause, unless the one around it says the same and more."""
    told = [descr for descr in descriptions if descr]
    while len(told) > 1 and told[-1] in told[-2]:
        told.pop()
    status = _code(reason)
    known = status is not None and 400 <= status < 600
    return ServerWords("exception", one_line(told[-1] if told else ""), reason=status if known else None)


def _descriptions(exception: Mapping[str, Any]) -> Iterator[str]:
    """Walk the chain of exceptions, the outermost first, for the text of each."""
    inner: object = exception
    while isinstance(inner, dict):
        yield text_of(inner.get("descr"), MAX_READ).strip()
        inner = inner.get("inner")


def _exception_in_xml(text: str) -> ServerWords | None:
    """Read ``<exception reason="406"><descr>…</descr><inner><descr>…``, with an ``xml-stylesheet`` line before it."""
    start = _ERROR_START.match(text[:_LONGEST_START])
    if start is None or start["root"] != "exception" or len(text) > _LONGEST_XML:
        return None
    found = _elements(text)
    if not found or found[0].name != "exception":
        return None
    told = sorted(_described(found), key=lambda pair: pair[0])
    return _told([descr for _depth, descr in told], found[0].attributes.get("reason"))


def _described(found: list[FlatElement]) -> Iterator[tuple[int, str]]:
    """Find the descriptions of exceptions with their depths; they may be elements or attributes."""
    for element in found:
        if element.name == "descr":
            yield element.depth, element.text[:MAX_READ].strip()
        elif "descr" in element.attributes:
            yield element.depth + 1, element.attributes["descr"][:MAX_READ].strip()


def _error_xml(text: str) -> ServerWords | None:
    found = _elements(text) if text.startswith("<") else []
    if found and found[0].name == "Envelope":
        return ServerWords("soap", one_line(_text_of(found, "faultstring") or _text_of(found, "Text")))
    if not found or found[0].name != "error":
        return None
    return ServerWords("odata", one_line(_text_of(found, "message")), _code(_text_of(found, "code")))


def _elements(text: str) -> list[FlatElement]:
    """The elements of a document; none where it is no XML."""
    try:
        return elements(text)
    except ValueError:
        return []


def _text_of(found: list[FlatElement], name: str) -> str:
    return next((element.text for element in found if element.name == name), "")


def _page(text: str) -> ServerWords | None:
    if not _MARKUP.match(text):
        return None
    words, title = one_line(html_text(text)), one_line(html_title(text))
    if _PAGE_OF_1C.search(text):
        return ServerWords("1c page", _HEADING.sub("", words))
    return ServerWords("page", one_line(words if words.startswith(title) else f"{title}: {words}"))


def _plain(text: str) -> ServerWords:
    shape: WordsShape = "1c page" if _PAGE_OF_1C.search(text) else "plain"
    return ServerWords(shape, _HEADING.sub("", one_line(text)))
