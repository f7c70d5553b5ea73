"""What the columns of a phone hold: the texts that people see, and the structure (country, area, number) beside them.

One phone may stand in several columns. Which form a column holds is not known beforehand, so it is found out from the
text itself:

- ``{`` or ``[…]``: JSON, as in Значение. Its field ``value`` may again be text of any of these forms.
- ``<``: XML, as in ЗначенияПолей.
- Lines of ``key=value`` with a known key: ЗначенияПолей of old configurations.
- Everything else: a plain text that a person typed.

What cannot be read is a fault of that one phone, which ``astsync problems`` lists. No row stops a run.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final, NamedTuple

import orjson

from astsync.language import say
from astsync.phonebook.model import CUT_AT, LEAST_NUMBER, Phone, PhoneParts
from astsync.sources.formats.markup import elements
from astsync.sources.formats.values import MAX_TEXT, plain_text, text_of
from astsync.sources.onec.metadata_names import PART_FIELDS, PART_NAMES
from astsync.sources.onec.usual_xml import usual_xml

logger = logging.getLogger(__name__)

LONGEST_STRUCTURE = 64 * 1024
"""Characters of Значение or ЗначенияПолей that are read. What is longer is cut, which breaks its JSON or XML."""

BAD_JSON: Final = say("the JSON of the phone cannot be read")
BAD_XML: Final = say("the XML of the phone cannot be read")
TOO_LONG: Final = say("the text is too long for a phone")
NO_PHONE: Final = say("the record holds no part of a phone that is known")
PIECES: Final = say("a list holds pieces of a number, and does not tell which belong together")

_DIGIT = re.compile(r"\d")
NOT_DIGITS: Final = bytes(set(range(256)) - set(b"0123456789"))
USUAL_FIELDS: Final = itemgetter(*PART_FIELDS, "value")
_PIECE = re.compile(r"[ ()+.\d-]+")  # a part of a number, without any words
_IN_A_NUMBER = "0123456789 ()+-./\u00a0\u2010\u2011\u2012\u2013\u2014"
MARKED: Final = frozenset("{<[\ufeff \t\r\n")
NUMBER: Final = 2  # the place of the number in ``PhoneParts``
TEXT: Final = 5  # the place behind those of ``PhoneParts`` that a person typed
_DEEPEST = 8  # half as many texts of JSON inside each other
_MANY = 40
LEAST_REST: Final = 5  # digits that an extension or comment must have to be perhaps a number of its own

Gathered = tuple[tuple[str, ...], PhoneParts | None, str]
"""``texts``, ``parts`` and ``fault`` of a ``Phone``; all are empty where there is no phone."""


class ColumnContent(NamedTuple):
    """What one column holds: the text that people see, the structure, or why it cannot be read."""

    text: str = ""
    parts: PhoneParts | None = None
    fault: str = ""


def gather(values: Iterable[object], *, digits: object = "") -> Gathered:
    """Gather what the columns of one phone hold. ``values`` come in the order of trust, НомерТелефона is ``digits``.

    What can never be used is left out, because a million phones are in memory at once.
    """
    texts: list[str] = []
    structures: list[PhoneParts] = []  # without equal ones: Значение and ЗначенияПолей usually say the same
    fault = unread = ""
    if digits and not isinstance(digits, str):  # 1C writes text there: anything else is from somebody else
        values, digits = (*values, digits), ""
    for value in values:
        if not value:
            continue
        text, parts, odd = read_value(value)
        if text and text not in texts:
            texts.append(text)
        if parts is not None and parts not in structures:
            structures.append(parts)
        if odd and not fault:
            fault, unread = odd, _raw(value)
    return _kept(texts, structures, digits, (fault, unread))


def as_phones(gathered: Gathered, kind: str = "") -> tuple[Phone, ...]:
    """Make the phone of what was gathered; an empty tuple where nothing was."""
    texts, parts, fault = gathered
    return (Phone(texts, kind, 0, parts, fault),) if texts or parts is not None or fault else ()


def _kept(texts: list[str], structures: list[PhoneParts], digits: object, unread: tuple[str, str]) -> Gathered:
    """Choose what is kept of a phone. ``unread``: the first fault, and the column that has it."""
    # A text with digits is what people see and dial. The texts after it are less trusted, and are not needed.
    for place, text in enumerate(texts):
        if _DIGIT.search(text):
            kept = tuple(texts[: place + 1])
            return kept, _adding(structures, kept, texts) if structures else None, ""
    parts = _one_of(structures) if structures else None
    # No text has digits: the structure counts, with НомерТелефона beside it. Alone НомерТелефона is read as a text. But
    # where it has exactly the length at which older configurations cut it, its last digits may be missing.
    machine = cut(plain_text(digits, LONGEST_STRUCTURE)).strip() if digits else ""
    if machine and (parts is not None or len(machine) == CUT_AT):
        parts = (parts or PhoneParts())._replace(digits=machine)
    elif machine:
        return (*texts, machine), None, ""
    if parts is not None and _DIGIT.search("".join(parts)):
        return tuple(texts), parts, ""
    fault, raw = unread
    return (tuple(texts) or ((raw,) if fault else ())), None, fault


def _one_of(structures: list[PhoneParts]) -> PhoneParts:
    """The first structure with a number. An extension or comment that it lacks is taken from another one."""
    parts = structures[0]
    if len(structures) == 1:
        return parts
    parts = next((one for one in structures if _DIGIT.search(one.number)), parts)
    extension = next((one.extension for one in structures if one.extension), "") if not parts.extension else ""
    comment = next((one.comment for one in structures if one.comment), "") if not parts.comment else ""
    return parts._replace(extension=parts.extension or extension, comment=parts.comment or comment)


def _adding(structures: list[PhoneParts], kept: tuple[str, ...], texts: list[str]) -> PhoneParts | None:
    """The structure, as far as it says more than the texts; None where it only repeats their digits.

    1C splits the typed text into country, area and number, often wrongly. Such a split says nothing new, and would only
    raise doubts. ``kept`` are the texts that count; ``texts`` are all: the structure may be a split of any of them.
    """
    parts = _one_of(structures)
    digits = _digits(parts.country + parts.area + parts.number)
    split = bool(digits) and _digits(kept[-1]).startswith(digits)
    if not split and len(_digits(parts.number)) < LEAST_NUMBER:
        split = any(_digits(text).startswith(digits) for text in texts)
    extension, comment = _rest(parts.extension, kept[-1]), _rest(parts.comment, kept[-1])
    if split:
        return PhoneParts(extension=extension, comment=comment) if extension or comment else None
    parts = PhoneParts(parts.country, parts.area, parts.number, extension, comment)
    return parts if any(parts) else None


def _rest(rest: str, text: str) -> str:
    """An extension or comment that may hold a number which the text lacks; else ""."""
    return rest if len(rest) >= LEAST_REST and rest not in text and len(_digits(rest)) >= LEAST_REST else ""


def _digits(text: str) -> bytes:
    """The digits 0 to 9 of a text. This is several times faster than a regular expression."""
    return text.encode("utf-8", "ignore").translate(None, NOT_DIGITS)


def read_value(value: object, deeper: int = _DEEPEST) -> ColumnContent:
    """Read what a column or field holds; never raises."""
    if isinstance(value, str):
        if not value or (value[0] not in MARKED and "=" not in value):
            return ColumnContent(value.strip()) if len(value) <= MAX_TEXT and value.isascii() else _plain(value)
        found = _read_text(value[:LONGEST_STRUCTURE].strip("\ufeff \t\r\n"), deeper)
        return found if any(found) or len(value) <= LONGEST_STRUCTURE else _faulty(value, TOO_LONG)
    if isinstance(value, Mapping):
        return read_mapping(value, deeper)
    if isinstance(value, list):
        return _read_list(value, deeper)
    text = plain_text(value)
    return ColumnContent(text) if text or isinstance(value, bool) or not value else ColumnContent(fault=TOO_LONG)


def _read_text(text: str, deeper: int) -> ColumnContent:
    start = text[:1]
    if start == "{" or (start == "[" and text.endswith("]")):
        return _read_json(text, deeper)
    if start == "<":
        return _read_xml(text, deeper)
    if "=" in text:
        lines = _lines(text)
        if any(name.casefold() in PART_NAMES for name in lines):
            return read_mapping(lines, deeper)
    return _plain(text)


def _plain(text: str) -> ColumnContent:
    short = cut(text).strip()
    return ColumnContent(short) if short or len(text) <= MAX_TEXT else _faulty(text, TOO_LONG)


def _read_json(text: str, deeper: int) -> ColumnContent:
    try:
        value = orjson.loads(text)
    except ValueError:
        logger.debug("a JSON value of contact information cannot be read")
        return _plain(text) if text[0] == "[" else _faulty(text, BAD_JSON)
    if type(value) is dict and (plain := _usual(value)) is not None:
        return plain
    return read_value(value, deeper - 1) if deeper else _faulty(text, BAD_JSON)


def _usual(value: dict[str, object]) -> ColumnContent | None:
    """Read JSON as 1C itself writes it, where all fields are short texts; None for any other. It is a fast way."""
    try:
        held = USUAL_FIELDS(value)
        if len("".join(held)) > MAX_TEXT and max(map(len, held)) > MAX_TEXT:
            return None
    except (KeyError, TypeError):  # a field is not there, or is no text
        return None
    *parts, text = map(str.strip, held)
    if text[:1] in MARKED or "=" in text:
        return None
    return ColumnContent(text, _parts(*parts))


def _parts(*held: str) -> PhoneParts | None:
    return PhoneParts(*held) if any(held) else None


def _read_xml(text: str, deeper: int) -> ColumnContent:
    usual = usual_xml(text) if len(text) <= MAX_TEXT else None
    if usual is not None and usual[-1][:1] not in MARKED and "=" not in usual[-1]:
        *held, seen = map(str.strip, usual)
        return ColumnContent(seen, _parts(*held))
    try:
        found = elements(text)
    except ValueError:
        logger.debug("an XML value of contact information cannot be read")
        return _faulty(text, BAD_XML)
    fields: dict[str, object] = {}
    for element in found:
        for name, value in ((element.name, element.text.strip()), *element.attributes.items()):
            if value and not fields.get(name.casefold()) and name not in {"xmlns", "xs", "xsi", "type"}:
                fields[name.casefold()] = value
    known = fields.keys() & PART_NAMES.keys()
    return read_mapping(fields, deeper) if known or _has_digits(list(fields.values())) else ColumnContent()


def _lines(text: str) -> dict[str, str]:
    """Read lines of ``key=value``; a line without a key continues the one before it."""
    fields: dict[str, str] = {}
    last = ""
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and name.isidentifier():
            last = name
            fields[name] = value.strip()
        elif last:
            fields[last] = f"{fields[last]} {line.strip()}" if len(fields[last]) < MAX_TEXT else fields[last]
        else:
            return {}
    return fields


def _read_list(values: list[object], deeper: int) -> ColumnContent:
    """Read several values of one column as one text."""
    if not deeper:
        return _faulty(_raw(values), NO_PHONE)
    read = [read_value(value, deeper - 1) for value in values[:_MANY]]
    if len(read) == 1:
        return read[0]
    texts = [one.text or (one.parts.spelled() if one.parts is not None else "") for one in read]
    if _in_pieces(texts):
        return ColumnContent(fault=PIECES)
    fault = next((one.fault for one in read if one.fault), "")
    return ColumnContent(cut("; ".join(filter(None, texts))), None, fault)


def _in_pieces(texts: list[str]) -> bool:
    """Whether a list holds a piece of a number before a longer one: as one text they would be read as one number."""
    counts = [len(_digits(text)) for text in texts]
    short = (at for at, text in enumerate(texts) if 0 < counts[at] < LEAST_NUMBER and _PIECE.fullmatch(text.strip()))
    first = next(short, len(counts))
    return any(count >= LEAST_NUMBER for count in counts[first + 1 :])


def read_mapping(value: Mapping[str, object], deeper: int = _DEEPEST) -> ColumnContent:
    """Read the parsed JSON of Значение, or fields of such names from anywhere; never raises."""
    held = _by_place(value)
    if held is None:
        return _faulty(_raw(value), NO_PHONE)
    seen = held.pop()
    text = read_value(seen, deeper - 1) if seen and deeper else ColumnContent()
    texts = [part if type(part) is str and part.isascii() else _part(part) for part in held] if any(held) else []
    if texts and max(map(len, texts)) > MAX_TEXT:
        return ColumnContent(text.text, fault=TOO_LONG)
    if any(_of_pieces(place, part) for place, part in enumerate(held)):
        return ColumnContent(text.text, fault=PIECES)
    parts = _with_inner(PhoneParts(*map(str.strip, texts)), text.parts)
    if any(parts):
        return ColumnContent(text.text, parts, text.fault)
    if not (text.text or text.parts) and _has_digits([*held, seen]):
        return ColumnContent(fault=NO_PHONE)
    return text


def _of_pieces(place: int, part: object) -> bool:
    """Whether a part is a list of pieces. Two countries or areas always are: nobody knows which one counts."""
    if not isinstance(part, list):
        return False
    texts = list(filter(None, map(plain_text, part[:_MANY])))
    return len(texts) > 1 if place < NUMBER else _in_pieces(texts)


def _with_inner(parts: PhoneParts, inner: PhoneParts | None) -> PhoneParts:
    """Take the structure inside the text's own field, where the one around it has no number."""
    if inner is None or parts.number:
        return parts
    extension, comment = parts.extension or inner.extension, parts.comment or inner.comment
    return inner._replace(extension=extension, comment=comment) if inner.number else parts


def _by_place(value: Mapping[str, object]) -> list[object] | None:
    """The fields of a phone in the order of ``PhoneParts``, and last the text; None where it has none of them."""
    held: list[object] = [""] * (TEXT + 1)
    known = False
    for name, inner in value.items():
        place = PART_NAMES.get(name)
        if place is None:
            place = PART_NAMES.get(name.casefold())
        if place is not None:
            known = True
            held[place] = held[place] or inner
    return held if known else None


def _part(value: object) -> str:
    """Turn a part into text. A list of texts becomes one text, anything that holds records becomes ""."""
    if isinstance(value, list):
        return "; ".join(filter(None, (plain_text(one) for one in value[:_MANY])))
    return plain_text(value, LONGEST_STRUCTURE)


def _has_digits(value: object, deeper: int = _DEEPEST) -> bool:
    if isinstance(value, Mapping | list) and deeper:
        inner = value.values() if isinstance(value, Mapping) else value
        return any(_has_digits(one, deeper - 1) for one in inner)
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    return _DIGIT.search(plain_text(value, LONGEST_STRUCTURE)) is not None


def _faulty(text: str, fault: str) -> ColumnContent:
    return ColumnContent(fault=fault) if _DIGIT.search(text) else ColumnContent()


def _raw(value: object) -> str:
    """The beginning of a value that cannot be read, as it came."""
    if isinstance(value, str):
        return text_of(value).strip()
    for write in (_in_json, repr):  # JSON of orjson takes neither long numbers nor halves of characters
        try:
            return write(value)[:MAX_TEXT]
        except (TypeError, ValueError, RecursionError):
            continue
    return f"({type(value).__name__})"


def _in_json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()


def cut(text: str) -> str:
    """Cut a text to at most ``MAX_TEXT`` characters, but never inside a number. It is valid Unicode then."""
    if len(text) <= MAX_TEXT:
        return text if text.isascii() else text_of(text)
    short = text_of(text)
    if text[MAX_TEXT] in _IN_A_NUMBER:
        short = short.rstrip(_IN_A_NUMBER)
    return short
