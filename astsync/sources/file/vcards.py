"""The cards of a vCard file (2.1, 3.0 and 4.0), as telephones, mail programs and address books write them."""

import binascii
import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from astsync.errors import SourceBadAnswer
from astsync.language import say

LONGEST_VALUE = 64 * 1024
"""Characters of a value that are kept; photographs are not."""

_MANY_LINES = 500

_WANTED = frozenset({"BEGIN", "END", "FN", "N", "ORG", "NICKNAME", "TEL", "UID", "X-ABLABEL"})
_NAME_FROM = ("FN", "N", "ORG", "NICKNAME")
_NO_VOICE = frozenset({"fax", "pager", "modem", "bbs"})
_VOICE = frozenset({"voice", "cell"})
_NO_KIND = frozenset({"pref", "voice", "internet", "msg"})
_QUOTED, _BASE64 = "QUOTED-PRINTABLE", ("BASE64", "B")
_ENCODINGS = frozenset({_QUOTED, *_BASE64, "8BIT", "7BIT"})
_HEAD = re.compile(r'(?:[^:"]++|"[^"]*")*:')
_PARAMETER = re.compile(r'(?:[^;"]++|"[^"]*")+')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SEMICOLON = re.compile(r"((?:[^\\;]++|\\.)*+);?", re.DOTALL)
_LABEL = re.compile(r"_\$!<(.*)>!\$_")


def vcards(lines: Iterable[str], name: str) -> Iterator[tuple[int, Any]]:
    """Each card as a record, with the line that it begins on. ``name`` names the file in messages.

    A record has the fields ``Ref`` (UID), ``Name``, ``Phones`` and the texts of FN, N, ORG and NICKNAME.
    Raises SourceBadAnswer when a card has no end, or there is none.
    """
    reader = _Cards()
    for number, item in _properties(lines):
        card = reader.take(number, item)
        if card is not None:
            yield card
    if reader.depth:
        words = say("the card on line {line} of {file} has no end", line=reader.begun, file=name)
        raise SourceBadAnswer(words, hint=say("Export the file again."))
    if not reader.begun:
        hint = say("A vCard file has lines BEGIN:VCARD and END:VCARD.")
        raise SourceBadAnswer(say("{file} holds no card", file=name), hint=hint)


@dataclass(slots=True)
class _Property:
    """One property: its group, name, types and value, decoded but with its escapes."""

    group: str
    name: str
    types: frozenset[str]
    uri: bool
    value: str


@dataclass(slots=True)
class _Card:
    texts: dict[str, str] = field(default_factory=dict)
    phones: list[tuple[str, frozenset[str], str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)

    def take(self, item: _Property) -> None:
        """Keep a property of the card."""
        if item.name == "TEL":
            number = _number(item)
            if number and not (item.types & _NO_VOICE and not item.types & _VOICE):
                self.phones.append((item.group, item.types, number))
        elif item.name == "X-ABLABEL":
            self.labels[item.group] = _LABEL.sub(r"\1", _plain(item.value))
        else:
            self.texts.setdefault(item.name, _joined(item))

    def record(self) -> dict[str, Any]:
        """The card as a record."""
        name = next((text for key in _NAME_FROM if (text := self.texts.get(key, ""))), "")
        phones = [{"Value": number, "Kind": self._kind(group, types)} for group, types, number in self.phones]
        return {**self.texts, "Ref": self.texts.get("UID", ""), "Name": name, "Phones": phones}

    def _kind(self, group: str, types: frozenset[str]) -> str:
        """The kind of a phone: its label, else its types.

        A label stands in a property of its own, and the group before the name (``item1.``) tells whose it is.
        """
        label = self.labels.get(group, "") if group else ""
        return label or " ".join(sorted(types - _NO_KIND))


class _Cards:
    """Puts properties together to cards. ``begun`` is the line of the last card; ``depth`` counts cards without an end.

    A card may hold another one (AGENT), that of a secretary: its phones are not those of the card around it.
    """

    def __init__(self) -> None:
        self.begun = 0
        self.depth = 0
        self._card = _Card()

    def take(self, number: int, item: _Property) -> tuple[int, dict[str, Any]] | None:
        """Take the property on this line; returns the card that it ends, and the line that this card begins on."""
        marks = item.name in {"BEGIN", "END"} and item.value.strip().upper() == "VCARD"
        if marks and item.name == "BEGIN":
            self.depth += 1
            if self.depth == 1:
                self.begun, self._card = number, _Card()
        elif marks and self.depth:
            self.depth -= 1
            return None if self.depth else (self.begun, self._card.record())
        elif self.depth == 1:
            self._card.take(item)
        return None


class _Unfolder:
    """Puts the lines of one property together. Of a property that is not read, as a photograph, it keeps nothing."""

    def __init__(self, line: int, text: str) -> None:
        self._line = line
        found = _HEAD.match(text)
        self._head = found[0][:-1] if found else ""
        self._wanted = self._head.partition(";")[0].rpartition(".")[2].strip().upper() in _WANTED
        self._quoted = _QUOTED in self._head.upper()
        self._parts: list[str] = []
        self._soft = False
        self._keep(text[found.end() :] if found else "")

    def goes_on(self, text: str, between: str) -> bool:
        """Take the next line if it belongs to this property, and say so.

        A line that goes on begins with a blank, in whose place ``between`` is put.
        """
        if self._soft:  # in quoted-printable the line goes on, whatever it begins with
            self._keep(text)
        elif text[:1] in {" ", "\t"}:
            self._keep(between + text[1:])
        else:
            return False
        return True

    def _keep(self, text: str) -> None:
        self._soft = self._quoted and text.endswith("=")
        if self._wanted and len(self._parts) < _MANY_LINES:
            self._parts.append(text[:-1] if self._soft else text[:LONGEST_VALUE])

    def read(self) -> Iterator[tuple[int, _Property]]:
        """The property and its line; nothing for a property that is not read."""
        if self._wanted:
            yield self._line, _read(self._head, "".join(self._parts)[:LONGEST_VALUE])


def _properties(lines: Iterable[str]) -> Iterator[tuple[int, _Property]]:
    """The properties that are read, with the lines that they begin on."""
    current, between = _Unfolder(0, ""), ""
    for number, line in enumerate(lines, 1):
        text = line.strip("\r\n").removeprefix("\ufeff")
        if text.upper().startswith("VERSION:"):  # 2.1 breaks lines at blanks, later versions anywhere
            between = " " if text[8:].strip() == "2.1" else ""
        if not current.goes_on(text, between):
            yield from current.read()
            current = _Unfolder(number, text)
    yield from current.read()


def _read(head: str, value: str) -> _Property:
    first, *given = _PARAMETER.findall(head)
    group, _, name = first.strip().rpartition(".")
    types: set[str] = set()
    options: dict[str, str] = {}
    for parameter in given:
        key, equals, text = parameter.strip().partition("=")
        key, text = (key.strip().upper(), text.strip().strip('"')) if equals else ("", key.strip())
        if key == "TYPE" or (not key and text.upper() not in _ENCODINGS):
            types.update(one.strip().lower() for one in text.split(","))
        else:
            options[key or "ENCODING"] = text
    uri = options.get("VALUE", "").lower() == "uri"
    return _Property(group, name.upper(), frozenset(types), uri, _decoded(value, options))


def _decoded(value: str, options: dict[str, str]) -> str:
    encoding = options.get("ENCODING", "").upper()
    try:
        if encoding == _QUOTED:
            return _text(quopri.decodestring(value.encode()), options.get("CHARSET", ""))
        if encoding in _BASE64:
            return _text(binascii.a2b_base64(value.encode()), options.get("CHARSET", ""))
    except (binascii.Error, ValueError):
        pass  # not encoded as it says: some programs write the name of an encoding and plain text
    return value


def _text(content: bytes, charset: str) -> str:
    """Decode bytes by their charset, else as what Russian programs write."""
    for encoding in filter(None, (charset, "utf-8")):
        try:
            return content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return content.decode("cp1251", "replace")


def _joined(item: _Property) -> str:
    """A value as one text: of N the family name, the given and the additional ones; of ORG the first part."""
    if item.name not in {"N", "ORG"}:
        return _plain(item.value)
    parts = [_plain(part) for part in _SEMICOLON.findall(item.value)]
    return " ".join(filter(None, parts[:3])) if item.name == "N" else next(filter(None, parts), "")


def _plain(value: str) -> str:
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    return " ".join(text.split())


def _number(item: _Property) -> str:
    """The number of TEL; of a URI ``tel:+7-495-555-01-01;ext=12`` as people write it."""
    text = _plain(item.value)
    if not text.lower().startswith("tel:"):
        return "" if item.uri and ":" in text else text
    number, *given = unquote(text[4:]).split(";")
    options = dict(part.lower().partition("=")[::2] for part in given)
    context = options.get("phone-context", "")
    if context.startswith("+") and not number.startswith("+"):
        number = f"{context} {number}"
    return f"{number} доб. {options['ext']}" if options.get("ext") else number
