"""The faults of a configuration in the words of its file: the dotted key, what is wrong, the nearest known key."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astsync.config.environment import Location, Overlay
from astsync.config.section import Section, section_of
from astsync.language import Message, about, joined, say
from astsync.text import nearest, one_of, visible

_LONG = 64  # characters of a name of a PBX
_EMPTY = say("must not be empty")
_WANTED = {
    "string_type": say("must be text in quotes"),
    "path_type": say("must be a path in quotes"),
    **dict.fromkeys(("bool_type", "bool_parsing"), say("must be true or false")),
    "tuple_type": say('must be a list, such as ["a", "b"]'),
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), say("must be a whole number")),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), say("must be a number")),
}
_BOUNDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda bounds: say("must be more than {bound:g}", bound=bounds["gt"]),
    "greater_than_equal": lambda bounds: say("must be {bound:g} or more", bound=bounds["ge"]),
    "less_than": lambda bounds: say("must be less than {bound:g}", bound=bounds["lt"]),
    "less_than_equal": lambda bounds: say("must be {bound:g} or less", bound=bounds["le"]),
}
_GIVEN: dict[type, str] = {
    str: say("text"),
    bool: say("true or false"),
    int: say("a number"),
    float: say("a number with a fraction"),
    date: say("a date"),
    time: say("a time"),
    list: say("a list"),
    dict: say("a section"),
}
_PBXS = say("write [[pbx]], in double brackets, above the lines of each PBX")


def fault_words(
    model: type[Section], at: Location, error: ValidationError, overlay: Overlay, pbxs: object = None
) -> list[str]:
    """The faults of the section at a place, one text each, without faults that only follow from other faults.

    ``pbxs`` is what the file and the environment have as PBXs, whose names the faults tell.
    """
    details = error.errors(include_url=False)
    kept = [detail for detail in details if not _follows(detail, details) and not _of_unknown_pbx(at, detail, overlay)]
    return [_with_origin(_fault(model, at, detail, pbxs), (*at, *detail["loc"]), overlay.origins) for detail in kept]


def value_words(detail: ErrorDetails) -> str:
    """What is wrong with a value, without the value itself, which may be a secret."""
    kind, bounds = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return say("missing")
    if kind == "literal_error":
        choices = re.findall("'([^']*)'", bounds["expected"])
        return say("must be {choices}", choices=one_of(f'"{choice}"' for choice in choices))
    if kind in _BOUNDS:
        return _BOUNDS[kind](bounds)
    if kind == "too_short":
        return _EMPTY
    if kind in _WANTED:
        return _with_given(_WANTED[kind], detail["input"])
    told = next(iter(getattr(bounds.get("error"), "args", ())), "")
    return told if isinstance(told, Message) else detail["msg"].removeprefix("Value error, ")


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A list is also too short where its items are faulty: pydantic leaves those out before it counts."""
    at = detail["loc"]
    return detail["type"] == "too_short" and any(d["loc"][: len(at)] == at and d["loc"] != at for d in details)


def _of_unknown_pbx(at: Location, detail: ErrorDetails, overlay: Overlay) -> bool:
    """A PBX that is unknown is told once, with its variable; what it lacks is no fault of its own."""
    place = (*at, *detail["loc"])
    return place[:1] == ("pbx",) and len(place) > 1 and place[1] in overlay.unknown_pbxs


def _with_origin(fault: str, place: Location, origins: Mapping[Location, str]) -> str:
    """A fault, and the variable behind the faulty value where it does not stand in the file."""
    found = next((origins[place[:end]] for end in range(len(place), 0, -1) if place[:end] in origins), None)
    return fault if found is None else say("{fault} (set by {variable})", fault=fault, variable=visible(found))


def _fault(model: type[Section], at: Location, detail: ErrorDetails, pbxs: object) -> str:
    where = (*at, *detail["loc"])
    key = _key(where, pbxs)
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = nearest(str(detail["loc"][-1]), known)
        if near:
            return say("{key}: unknown key; did you mean {name}?", key=key, name=near[0])
        return say("{key}: unknown key; known here: {names}", key=key, names=", ".join(sorted(known)))
    words = _words(detail, where, key)
    return about(key, words) if key else words


def _key(where: Location, pbxs: object) -> str:
    """The place of a fault as its reader sees the file: sections and keys with dots, a PBX by its name."""
    if where[:1] == ("pbx",) and len(where) > 1 and isinstance(where[1], int):
        tables = pbxs if isinstance(pbxs, list) else []
        table = tables[where[1]] if where[1] < len(tables) else None
        if not isinstance(table, dict):
            return "pbx"
        inner = _key(where[2:], None)
        return joined(": ", filter(None, (_pbx(table.get("name"), where[1] + 1), inner)))
    dotted = ".".join(visible(part) for part in where if isinstance(part, str))
    item = next((part + 1 for part in where if isinstance(part, int)), None)
    return dotted if item is None else say("{key}, item {number}", key=dotted, number=str(item))


def _pbx(name: object, number: int) -> str:
    """A PBX by its name, where it has one that can be told, else by its place in the file."""
    if isinstance(name, str) and name.strip() and len(name) <= _LONG and ":" not in name:
        return f"[[pbx]] {visible(name)}"
    return say("[[pbx]] no. {number}", number=str(number))


def _words(detail: ErrorDetails, where: Location, key: str) -> str:
    """What is wrong with a value or a section, without the value itself."""
    kind = detail["type"]
    if kind in {"model_type", "tuple_type"} and where[0] == "pbx" and len(where) < 3:
        return _PBXS
    if kind in {"model_type", "dict_type"}:
        return say("must be a section: write [{key}] above its lines", key=key)
    return value_words(detail)


def _with_given(wanted: str, value: Any) -> str:
    given = next((words for kind, words in _GIVEN.items() if isinstance(value, kind)), None)
    return wanted if given is None else say("{wanted}, not {given}", wanted=wanted, given=given)


def _known_keys(model: type[Section], place: Location) -> list[str]:
    """The keys of the section at a place in a model; none where there is no section."""
    for part in place:
        if isinstance(part, int):
            continue
        inner = section_of(model.model_fields[part].annotation)
        if inner is None:
            return []
        model = inner
    return list(model.model_fields)
