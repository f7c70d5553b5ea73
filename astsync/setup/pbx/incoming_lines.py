"""Where the lookup goes into a context that somebody wrote by hand, and where it cannot be put in safely."""

import re
from collections.abc import Iterator

from astsync.errors import ConfigError
from astsync.language import say
from astsync.text import one_line

_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_CALL = r"\s*(?P<priority>[^,;(]+)\s*(?:\([^)]*\))?\s*,\s*(?P<application>\w+)"
_EXTEN = re.compile(r"\s*exten\s*=>?\s*([^,;]+?)\s*," + _CALL, re.IGNORECASE)
_SAME = re.compile(r"\s*same\s*=>?" + _CALL, re.IGNORECASE)
_INNER = re.compile(r"\$[{\[][^{}\[\]]*[}\]]")  # a variable, function or expression that holds no other one
_GOES = re.compile(r"\b(?:goto|gosub)(?:if)?(?:time)?\((.*)\)", re.IGNORECASE)
_TARGET = re.compile(
    r"(?:^|[?:])(?:(?:(?P<context>[^?:,()]*),)?(?P<extension>[^?:,()]*),)?\s*(?P<number>\d+)\s*(?=[:()]|$)"
)
_CALLS = {"dial", "queue", "goto", "macro", "gosub", "hangup", "voicemail"}
_NOT_FROM_OUTSIDE = {"h", "i", "t", "o", "a", "e", "fax"}


def places_of_lookup(text: str, context: str, line: str) -> dict[int, str]:
    """The lines of extensions.conf after which the lookup goes, each with what goes there.

    That is after the first priority of each extension of the context. Raises ConfigError where a line cannot be put in
    without changing what others do: the priorities are numbered, or the first line rings already.
    """
    for told in _jumps(text, context):
        raise _numbered(told)
    found, extension = list[int](), ""
    for at, told in _lines_of(text, context):
        one = _EXTEN.match(told)
        extension = one[1] if one else extension
        priority = one or _SAME.match(told)
        if priority is None or extension in _NOT_FROM_OUTSIDE:
            continue
        number = priority["priority"].strip()
        if number == "1":
            _check_first(told, priority["application"])
            found.append(at)
        elif number.isdigit():
            raise _numbered(told)
    if not found:
        raise ConfigError(
            say("[{context}] is not in this file, or has no extension that a call enters", context=context),
            hint=say("Name the context that your trunk's `context =` names, or put the line in by hand."),
        )
    return dict.fromkeys(found, f" {line}")


def looks_up(text: str, context: str, family: str) -> bool:
    """Whether a line of the context looks into the family already."""
    return any(f"({family}/" in line for _, line in _lines_of(text, context) if not line.lstrip().startswith(";"))


def _lines_of(text: str, context: str) -> Iterator[tuple[int, str]]:
    """The lines of a context, with their index; it may stand in several places of a file."""
    inside = False
    for at, line in enumerate(text.replace("\r\n", "\n").split("\n")):
        if section := _SECTION.match(line):
            inside = section[1] == context
        elif inside:
            yield at, line


def _jumps(text: str, context: str) -> Iterator[str]:
    """The lines that jump to a numbered priority of a context, behind which a new line would move what is meant."""
    inside = False
    for line in text.replace("\r\n", "\n").split("\n"):
        if section := _SECTION.match(line):
            inside = section[1] == context
        elif any(int(number) > 1 and (to == context if to else inside) for to, number in _targets(line)):
            yield line


def _targets(line: str) -> Iterator[tuple[str, str]]:
    """Where a line may go by a number: the context that it names, "" for its own, and the priority."""
    if line.lstrip().startswith(";"):
        return
    before = ""
    while before != line:
        before, line = line, _INNER.sub("", line)
    for told in _GOES.findall(line):
        # The closing bracket may be that of an ExecIf around it.
        yield from (((one["context"] or "").strip(), one["number"]) for one in _TARGET.finditer(told))


def _check_first(line: str, application: str) -> None:
    if application.lower() in _CALLS:
        raise ConfigError(
            say("the first line of an extension rings or leads away already: {line}", line=one_line(line)),
            hint=say("Put a line before it (`exten => …,1,NoOp()`), or put the lookup in by hand."),
        )


def _numbered(line: str) -> ConfigError:
    return ConfigError(
        say("priorities are numbered here, so no line can be put between: {line}", line=one_line(line)),
        hint=say("Write `n` or `same => n` for the numbers, or put the lookup in by hand."),
    )
