r"""The texts of a dialplan with their variables, functions and expressions worked out, as far as reading can.

What cannot be known without a call is ``UNKNOWN``: one character that stands for any text. So ``[VIP] ${SOMETHING}``
becomes ``[VIP] \0``, and an expression over it has no answer.
"""

import re
from collections.abc import Callable, Iterator
from typing import Protocol

UNKNOWN = "\0"
"""Stands in a text for what cannot be known."""

_CLOSES = {")": "(", "]": "["}
_DEEPEST = 30  # substitutions inside each other; deeper ones are no dialplan of anybody
_LONGEST = 20_000  # characters of a value
_SLICE = re.compile(r":(-?\d{1,6})?(?::(-?\d{1,6}))?")
_HEX = re.compile(r"\\x([0-9a-fA-F]{2})")
_TOKEN = re.compile(
    r'\s*("(?:[^"\\]|\\.)*"|\|\||&&|==|!=|<=|>=|=~|~~|::|[|&=<>+*/%?:()!-]|[^\s|&=<>+*/%?:()!"-]+)', re.DOTALL
)
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?")
_LEVELS = (("|", "||"), ("&", "&&"), ("=", "==", "!=", "<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"), (":", "=~"))


class Scope(Protocol):
    """What a text may ask for: variables, and functions by their name and argument; None for what is not known."""

    def variable(self, name: str, /) -> str | None:
        """The value of a variable."""

    def function(self, name: str, argument: str, /) -> str | None:
        """The value of a function that depends on the call, as CALLERID, or on the PBX, as DB."""


class Unanswered(Exception):
    """An expression that cannot be worked out by reading."""


def substituted(text: str, scope: Scope, depth: int = 0) -> str:
    """A text with all of ``${…}`` and ``$[…]`` worked out once, as Asterisk does before it runs an application."""
    if depth > _DEEPEST:
        return UNKNOWN
    made, at = list[str](), 0
    while (start := text.find("$", at)) >= 0:
        made.append(text[at:start])
        closing = {"{": "}", "[": "]"}.get(text[start + 1 : start + 2])
        end = _closed(text, start + 1, closing) if closing else -1
        if end < 0:
            made.append("$")
            at = start + 1
            continue
        inner = substituted(text[start + 2 : end], scope, depth + 1)
        found = _named(inner, scope) if closing == "}" else expression(inner)
        made.append(UNKNOWN if found is None else found)
        at = end + 1
    whole = "".join((*made, text[at:]))
    return whole if len(whole) <= _LONGEST else UNKNOWN


def _closed(text: str, start: int, closing: str) -> int:
    """Where the bracket at ``start`` is closed; -1 where it is not."""
    opening, depth = text[start], 0
    for at in range(start, len(text)):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if not depth:
                return at
    return -1


def _named(inner: str, scope: Scope) -> str | None:
    """The value of ``NAME``, ``NAME(ARGUMENT)``, each with ``:OFFSET:LENGTH`` or without."""
    name, colon, rest = _before_colon(inner)
    cut = _SLICE.fullmatch(colon + rest) if colon else None
    if colon and cut is None:  # no number there: Asterisk takes it for 0
        cut = _SLICE.fullmatch(":")
    if "(" in name:
        name, _, argument = name.partition("(")
        value = _function(name.strip().upper(), argument.rpartition(")")[0], scope)
    elif UNKNOWN in name:
        return None
    else:
        value = scope.variable(name.strip())
    if value is None or cut is None:
        return value
    return None if UNKNOWN in value else _part(value, int(cut[1] or 0), cut[2])


def _before_colon(inner: str) -> tuple[str, str, str]:
    """Cut at the first colon outside brackets, as Asterisk does, also where a bracket comes from a value."""
    depth = 0
    for at, c in enumerate(inner):
        if c == ":" and depth <= 0:
            return inner[:at], ":", inner[at + 1 :]
        depth += (c == "(") - (c == ")")
    return inner, "", ""


def _part(value: str, offset: int, length: str | None) -> str:
    """A part of a value, as ``${NAME:offset:length}`` cuts it."""
    start = max(len(value) + offset, 0) if offset < 0 else offset
    rest = value[start:]
    if length is None:
        return rest
    size = int(length)
    return rest[:size] if size >= 0 else rest[: max(len(rest) + size, 0)]


def _function(name: str, argument: str, scope: Scope) -> str | None:
    own = _OWN.get(name)
    if own is None:
        return scope.function(name, argument)
    return own(argument, scope)


def _filter(argument: str, _: Scope) -> str | None:
    allowed, comma, text = argument.partition(",")
    if not comma or UNKNOWN in argument:
        return None
    return "".join(c for c in text if c in set(_allowed(_HEX.sub(lambda found: chr(int(found[1], 16)), allowed))))


def _allowed(ranges: str) -> Iterator[str]:
    at = 0
    while at < len(ranges):
        if ranges[at] == "\\" and at + 1 < len(ranges):
            at += 1
        elif ranges[at + 1 : at + 2] == "-" and at + 2 < len(ranges):
            yield from map(chr, range(ord(ranges[at]), min(ord(ranges[at + 2]), 0x24F) + 1))
            at += 3
            continue
        yield ranges[at]
        at += 1


def _length(argument: str, _: Scope) -> str | None:
    return None if UNKNOWN in argument else str(len(argument.encode("utf-8", "surrogateescape")))


def _if(argument: str, _: Scope) -> str | None:
    asked, _mark, answers = argument.partition("?")
    yes, _mark, no = split_outside(answers, ":")
    truth = is_true(asked)
    return None if truth is None else unquoted(yes.strip() if truth else no.strip())


def _is_null(argument: str, _: Scope) -> str | None:
    return None if argument == UNKNOWN else str(int(not argument))


def _exists(argument: str, _: Scope) -> str | None:
    return None if argument == UNKNOWN else str(int(bool(argument)))


def _replaced(argument: str, scope: Scope) -> str | None:
    name, _, rest = argument.partition(",")
    find, _, new = rest.partition(",")
    value = _named(name, scope)
    find = unquoted(find)
    return value.replace(find, unquoted(new.partition(",")[0])) if value is not None and find else value


def _matched(argument: str, _: Scope) -> str | None:
    found = re.fullmatch(r'\s*"((?:[^"\\]|\\.)*)"\s?(.*)', argument, re.DOTALL)
    if found is None or UNKNOWN in argument:
        return None
    hit = _search(found[1], found[2])
    return None if hit is None else str(int(hit is not False))


def _search(pattern: str, text: str) -> "re.Match[str] | bool | None":
    """Search for a regular expression of POSIX. None for one that Python would read otherwise or takes too long."""
    if len(pattern) > 200 or len(text) > 500 or "[:" in pattern or re.search(r"[*+?}]\)?[*+{]", pattern):
        return None
    try:
        return re.search(pattern, text) or False
    except (re.error, RecursionError, OverflowError):
        return None


def _upper(argument: str, _: Scope) -> str:
    return argument.upper()


def _lower(argument: str, _: Scope) -> str:
    return argument.lower()


def _same(argument: str, _: Scope) -> str:
    return argument


def _inner(argument: str, scope: Scope) -> str | None:
    return scope.variable(argument)


def _quoted(argument: str, _: Scope) -> str:
    return '"' + argument.replace("\\", "\\\\").replace('"', '\\"') + '"'


_OWN: dict[str, Callable[[str, Scope], str | None]] = {
    "FILTER": _filter, "LEN": _length, "IF": _if, "ISNULL": _is_null, "EXISTS": _exists, "STRREPLACE": _replaced,
    "REGEX": _matched, "TOUPPER": _upper, "TOLOWER": _lower, "PASSTHRU": _same, "LOCAL": _inner, "GLOBAL": _inner,
    "QUOTE": _quoted,
}  # fmt: skip


def unquoted(text: str) -> str:
    """A text without the quotes around it."""
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def is_true(text: str) -> bool | None:
    """Whether a condition holds, as Asterisk sees it: not where it is empty or the number 0. None: not known."""
    stripped = text.strip()
    if UNKNOWN in stripped:
        return None
    if stripped[:1].isdigit() or (stripped[:1] == "-" and stripped[1:2].isdigit()):
        found = re.match(r"-?\d+", stripped)
        return found is None or int(found[0][:20]) != 0
    return bool(stripped)


def split_outside(text: str, mark: str) -> tuple[str, str, str]:
    """Cut a text at the first ``mark`` that stands in no brackets and no quotes. As ``str.partition``."""
    depth, quoted, at = {"(": 0, "[": 0}, False, 0
    while at < len(text):
        c = text[at]
        if c == mark and not (any(depth.values()) or quoted):
            return text[:at], mark, text[at + 1 :]
        if c == "\\":
            at += 1
        elif c == '"':
            quoted = not quoted
        elif c in depth:
            depth[c] += 1
        elif c in _CLOSES:  # one that closes nothing does not count
            depth[_CLOSES[c]] = max(depth[_CLOSES[c]] - 1, 0)
        at += 1
    return text, "", ""


def arguments(text: str) -> list[str]:
    """The arguments of an application: what commas outside brackets and quotes separate."""
    found, rest, comma = [], text, ","
    while comma:
        one, comma, rest = split_outside(rest, ",")
        found.append(one)
    return found


def expression(text: str) -> str | None:
    """The value of ``$[…]``; None where something in it is not known, or where Asterisk itself could not read it."""
    try:
        tokens = _tokens(text)
        value, rest = _choice(tokens)
    except (Unanswered, RecursionError, ValueError, ArithmeticError):
        return None
    return None if rest else value


def _tokens(text: str) -> list[str]:
    tokens, at, text = [], 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Unanswered
        tokens.append(found[1])
        at = found.end()
        # Words that stand side by side are one: 8 495 229 is no number for Asterisk either, but a text.
    if len(tokens) > 200:
        raise Unanswered
    return tokens


def _choice(tokens: list[str]) -> tuple[str, list[str]]:
    """Read ``a ? b :: c``, which binds least."""
    value, rest = _level(tokens, 0)
    if rest[:1] != ["?"]:
        return value, rest
    yes, rest = _level(rest[1:], 0)
    if rest[:1] != ["::"]:
        raise Unanswered
    no, rest = _choice(rest[1:])
    return (yes if _holds(value) else no), rest


def _level(tokens: list[str], level: int) -> tuple[str, list[str]]:
    if level == len(_LEVELS):
        return _single(tokens)
    value, rest = _level(tokens, level + 1)
    while rest and rest[0] in _LEVELS[level]:
        operator = rest[0]
        other, rest = _level(rest[1:], level + 1)
        value = _combined(value, operator, other)
    return value, rest


def _single(tokens: list[str]) -> tuple[str, list[str]]:
    if not tokens:
        return "", []  # an empty side, as in $[ = ""]; Asterisk logs a syntax error, and dialplans guard by a letter
    first, rest = tokens[0], tokens[1:]
    if first == "(":
        value, rest = _choice(rest)
        if rest[:1] != [")"]:
            raise Unanswered
        return value, rest[1:]
    if first == "!":
        value, rest = _single(rest)
        return str(int(not _holds(value))), rest
    if first == "-" and rest and _NUMBER.fullmatch(rest[0]):
        return f"-{rest[0]}", rest[1:]
    if first == "+" and rest and _NUMBER.fullmatch(rest[0]):  # +7495… compared without quotes
        return f"+{rest[0]}", rest[1:]
    if first in {"|", "&", "=", "?", ":", ")", "<", ">", "*", "/", "%", "||", "&&", "==", "!=", "<=", ">=", "=~", "::"}:
        raise Unanswered
    return first, rest


def _holds(value: str) -> bool:
    truth = is_true("" if value == '""' else value)
    if truth is None:
        raise Unanswered
    return truth


def _combined(left: str, operator: str, right: str) -> str:
    if operator in {"|", "||"}:
        return _either(left, right)
    if operator in {"&", "&&"}:
        return _both(left, right)
    if UNKNOWN in left + right:
        raise Unanswered
    if operator in {"=~", ":"}:
        return _found(unquoted(left), unquoted(right), anchored=operator == ":")
    numbers = bool(_NUMBER.fullmatch(left) and _NUMBER.fullmatch(right))
    if operator in _LEVELS[2]:
        return _compared(left, operator, right, numbers=numbers)
    if not numbers:
        raise Unanswered
    return _reckoned(float(left), operator, float(right))


def _either(left: str, right: str) -> str:
    """Either of two: known also where only one is known, and true."""
    sides = [None if UNKNOWN in side else _holds(side) for side in (left, right)]
    if True in sides:
        return "1"
    if None in sides:
        raise Unanswered
    return "0"


def _both(left: str, right: str) -> str:
    sides = [None if UNKNOWN in side else _holds(side) for side in (left, right)]
    if False in sides:
        return "0"
    if None in sides:
        raise Unanswered
    return "1"


def _found(text: str, pattern: str, *, anchored: bool) -> str:
    hit = _search(f"^(?:{pattern})" if anchored and "(" not in pattern else pattern, text)
    if hit is None:
        raise Unanswered
    if isinstance(hit, bool):
        return "0"
    return hit[1] or "" if hit.re.groups else str(hit.end() - hit.start())


def _compared(left: str, operator: str, right: str, *, numbers: bool) -> str:
    equal = float(left) == float(right) if numbers else left == right
    less = float(left) < float(right) if numbers else left < right
    found = {"=": equal, "==": equal, "!=": not equal, "<": less, "<=": less or equal, ">=": not less}
    return str(int(found.get(operator, not less and not equal)))


def _reckoned(left: float, operator: str, right: float) -> str:
    if operator in {"/", "%"} and not right:
        raise Unanswered
    if operator == "/":
        value = left / right
    elif operator == "%":
        value = float(int(left) % int(right))
    else:
        value = {"+": left + right, "-": left - right, "*": left * right}[operator]
    return str(int(value)) if value == int(value) else f"{value:g}"
