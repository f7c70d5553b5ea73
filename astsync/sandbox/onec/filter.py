"""The ``$filter`` of the stand-in 1C: the part of the language that clients use, with 1C's own errors."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from astsync.sandbox.onec.columns import Column
from astsync.sandbox.onec.http_answers import ODataError, bad_filter, cannot_compare, no_segment

Test = Callable[[Any], bool]
_TOKEN = re.compile(
    r"\s*(?:(?P<guid>guid'[0-9a-fA-F-]{36}')|(?P<date>datetime'[0-9]{4}-[0-9T:-]+')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<name>[^\W\d][\w/]*)|(?P<mark>[(),:]))"
)
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: bool(a == b),
    "ne": lambda a, b: bool(a != b),
    "gt": lambda a, b: bool(a > b),
    "ge": lambda a, b: bool(a >= b),
    "lt": lambda a, b: bool(a < b),
    "le": lambda a, b: bool(a <= b),
}
_FUNCTIONS: Mapping[str, Callable[[str, str], bool]] = {
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
    "substringof": lambda part, text: part in text,
    "like": lambda text, pattern: _like(pattern).fullmatch(text) is not None,
}
# Functions of OData 3 that 1C recognises but does not have (code 21); other unknown names are syntax errors (code 14).
_UNIMPLEMENTED = {"length", "indexof", "replace", "tolower", "toupper", "trim", "floor", "ceiling"}


class Token(NamedTuple):
    """A token of the filter. ``kind`` is guid, date, text, number, name, mark or end."""

    kind: str
    text: str


class TabularSection(NamedTuple):
    """A tabular section in the rows of a set: its name, its columns, and a function for the lines of a row."""

    name: str
    columns: Mapping[str, Column]
    lines: Callable[[Any], Iterable[Any]]


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison: its type (of ``Edm``, Cast, or Literal…), and how to read it from a row."""

    type: str
    get: Callable[[Any], Any]


def parse_filter(
    text: str,
    columns: Mapping[str, Column],
    section: TabularSection | None = None,
    missing: Collection[str] = (),
) -> Test:
    """Parse a ``$filter`` to a test of rows. ``section`` is the tabular section that any/all can search.

    ``missing`` are functions that this 1C does not have.

    Raises ODataError: 400 code 6 for an unknown field, 14 for a text that cannot be parsed, 21 for a function that 1C
    lacks; 500 code -1 for what it cannot compare.
    """
    parser = _Parser(_tokens(text), columns, section, missing=missing)
    test = parser.either()
    parser.expect("end")
    return test


def _tokens(text: str) -> list[Token]:
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None or match.lastgroup is None:
            raise bad_filter()
        tokens.append(Token(match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*tokens, Token("end", "")]


class _Parser:
    """Parses by recursive descent: either > both > negated > comparison > operand."""

    def __init__(
        self,
        tokens: list[Token],
        columns: Mapping[str, Column],
        section: TabularSection | None,
        prefix: str = "",
        missing: Collection[str] = (),
    ) -> None:
        self._tokens, self.at = tokens, 0
        self._columns, self._section, self._prefix = columns, section, prefix
        self._missing = missing

    def either(self) -> Test:
        test = self._both()
        while self._take("or"):
            test = _either(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._negated()
        while self._take("and"):
            test = _both(test, self._negated())
        return test

    def _negated(self) -> Test:
        if self._take("not"):
            inner = self._negated()
            return lambda row: not inner(row)
        if self._take("("):
            inner = self.either()
            self.expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        left = self._operand()
        word = self._tokens[self.at].text
        if word not in _COMPARISONS:
            return _truth(left)
        self.at += 1
        return _compare(word, left, self._operand())

    def _operand(self) -> Operand:
        token = self._next()
        if token.kind == "name":
            following = self._tokens[self.at].text
            return self._call(token.text) if following == "(" else self._named(token.text)
        literals: Mapping[str, Callable[[str], Any]] = {
            "guid": lambda text: text[5:-1].lower(),
            "date": lambda text: text[9:-1],
            "text": lambda text: text[1:-1].replace("''", "'"),
            "number": float,
        }
        if token.kind not in literals:
            raise bad_filter()
        value = literals[token.kind](token.text)
        return Operand(f"Literal{token.kind}", lambda _: value)

    def _named(self, name: str) -> Operand:
        if name in {"true", "false"}:
            return Operand("Boolean", lambda _: name == "true")
        name = name.removeprefix(self._prefix)
        column = self._columns.get(name)
        if column is None:
            raise no_segment(name)
        return Operand(column.type, column.get)

    def _call(self, name: str) -> Operand:
        if name.endswith(("/any", "/all")):
            return self._quantified(name)
        if name not in _FUNCTIONS and name not in {"cast", "concat"}:
            raise _no_function(name)
        first, second = self._arguments()
        if name == "cast":
            return Operand("Cast", first.get)
        if name == "concat":
            return Operand("String", lambda row: str(first.get(row)) + str(second.get(row)))
        if name in self._missing:
            raise _no_function(name)
        if "Text" in {first.type, second.type}:  # the language of queries wants them cut first (ВЫРАЗИТЬ)
            raise cannot_compare()
        function = _FUNCTIONS[name]
        return Operand("Boolean", lambda row: function(str(first.get(row)), str(second.get(row))))

    def _arguments(self) -> tuple[Operand, Operand]:
        self.expect("(")
        first = self._operand()
        self.expect(",")
        second = self._operand()
        self.expect(")")
        return first, second

    def _quantified(self, name: str) -> Operand:
        """Read ``КонтактнаяИнформация/any(d: d/Тип eq 'Телефон')``."""
        named, _, quantifier = name.rpartition("/")
        section = self._section
        if section is None or named != section.name:
            raise no_segment(named)
        self.expect("(")
        variable = self._next().text
        self.expect(":")
        inner = _Parser(self._tokens[self.at :], section.columns, None, f"{variable}/", self._missing)
        test = inner.either()
        self.at += inner.at
        self.expect(")")
        every = all if quantifier == "all" else any
        return Operand("Boolean", lambda row: every(test(line) for line in section.lines(row)))

    def _take(self, text: str) -> bool:
        token = self._tokens[self.at]
        if token.text != text or token.kind not in {"name", "mark"}:
            return False
        self.at += 1
        return True

    def _next(self) -> Token:
        token = self._tokens[self.at]
        self.at = min(self.at + 1, len(self._tokens) - 1)
        return token

    def expect(self, text: str) -> None:
        token = self._next()
        if text not in {token.text, token.kind}:
            raise bad_filter()


def _either(first: Test, second: Test) -> Test:
    return lambda row: first(row) or second(row)


def _both(first: Test, second: Test) -> Test:
    return lambda row: first(row) and second(row)


def _truth(operand: Operand) -> Test:
    if operand.type != "Boolean":
        raise bad_filter()
    return lambda row: bool(operand.get(row))


def _compare(word: str, left: Operand, right: Operand) -> Test:
    """Compare as 1C does: some types are refused, some are silently never equal.

    The vendor's guide and public client code say which.
    """
    types = {left.type, right.type}
    ordered = word not in {"eq", "ne"}
    if "Text" in types or "Section" in types or (ordered and types & {"Literalguid", "Composite", "Cast"}):
        raise cannot_compare()
    if _never_equal(types) and not ordered:
        return lambda _: word == "ne"
    test = _COMPARISONS[word]
    first, second = _value_getter(left, types), _value_getter(right, types)
    return lambda row: test(first(row), second(row))


def _never_equal(types: set[str]) -> bool:
    """Whether values of these types are never equal in 1C.

    A composite field is never equal to a guid without ``cast``, a reference never to a text.
    """
    return types in ({"Composite", "Literalguid"}, {"Guid", "Literaltext"}, {"String", "Literalguid"})


def _value_getter(operand: Operand, types: set[str]) -> Callable[[Any], Any]:
    if types & {"Int64", "Literalnumber"}:
        return lambda row: _as_number(operand.get(row))
    if "Boolean" in types:
        return lambda row: operand.get(row) is True
    return lambda row: str(operand.get(row))


def _as_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise cannot_compare() from None


def _no_function(name: str) -> ODataError:
    if name in _UNIMPLEMENTED or name in _FUNCTIONS:
        return ODataError(400, 21, f"Function {name} is not implemented")
    return bad_filter()


def _like(pattern: str) -> re.Pattern[str]:
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(c, re.escape(c)) for c in pattern), re.DOTALL)
