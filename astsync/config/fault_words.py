"""The faults of a configuration in the words of its file: the dotted key, what is wrong, the nearest known key."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astsync.config.environment import Location, Overlay
from astsync.config.section import Section, section_of
from astsync.text import nearest, visible

_LISTED = 'must be a list, such as ["a", "b"]'
_WANTED = {
    "string_type": "must be text in quotes",
    "path_type": "must be a path in quotes",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "tuple_type": _LISTED,
    "too_short": "must not be empty",
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
}
_BOUNDS = {
    "greater_than": ("gt", "more than {:g}"),
    "greater_than_equal": ("ge", "{:g} or more"),
    "less_than": ("lt", "less than {:g}"),
    "less_than_equal": ("le", "{:g} or less"),
}
_GIVEN = {str: "text", bool: "true or false", int: "a number", list: "a list", dict: "a section"}
_PBXS = "write [[pbx]], in double brackets, above the lines of each PBX"


def fault_words(model: type[Section], at: Location, error: ValidationError, overlay: Overlay) -> list[str]:
    """The faults of the section at a place, one text each, without faults that only follow from other faults."""
    details = error.errors(include_url=False)
    kept = [detail for detail in details if not _follows(detail, details) and not _of_unknown_pbx(at, detail, overlay)]
    return [_fault(model, at, detail) + _origin((*at, *detail["loc"]), overlay.origins) for detail in kept]


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """A list is also too short where its items are faulty: pydantic leaves those out before it counts."""
    at = detail["loc"]
    return detail["type"] == "too_short" and any(d["loc"][: len(at)] == at and d["loc"] != at for d in details)


def _of_unknown_pbx(at: Location, detail: ErrorDetails, overlay: Overlay) -> bool:
    """A PBX that is unknown is told once, with its variable; what it lacks is no fault of its own."""
    place = (*at, *detail["loc"])
    return place[:1] == ("pbx",) and len(place) > 1 and place[1] in overlay.unknown_pbxs


def _origin(place: Location, origins: Mapping[Location, str]) -> str:
    """The words that name the variable behind a faulty value; "" where the value stands in the file."""
    found = (origins[place[:end]] for end in range(len(place), 0, -1) if place[:end] in origins)
    return "".join(f" (set by {visible(variable)})" for variable in list(found)[:1])


def _fault(model: type[Section], at: Location, detail: ErrorDetails) -> str:
    where = (*at, *detail["loc"])
    key = ".".join(f"[{part + 1}]" if isinstance(part, int) else visible(part) for part in where).replace(".[", "[")
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = nearest(str(detail["loc"][-1]), known)
        advice = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{key}: unknown key; {advice}"
    words = _words(detail, where, key)
    return f"{key}: {words}" if key else words


def _words(detail: ErrorDetails, where: Location, key: str) -> str:
    """What is wrong with a value, without the value itself, which may be a secret."""
    kind, about = detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return "missing"
    if kind in {"model_type", "tuple_type"} and where[0] == "pbx" and len(where) < 3:
        return _PBXS
    if kind == "model_type":
        return f"must be a section: write [{key}] above its lines"
    if kind == "literal_error":
        return f"must be {about['expected']}".replace("'", '"')
    if kind in _BOUNDS:
        name, form = _BOUNDS[kind]
        return "must be " + form.format(about[name])
    if kind in _WANTED:
        return _WANTED[kind] + ("" if kind == "too_short" else _given(detail["input"]))
    return detail["msg"].removeprefix("Value error, ")


def _given(value: Any) -> str:
    return next((f", not {words}" for kind, words in _GIVEN.items() if isinstance(value, kind)), "")


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
