"""The faults of a configuration in the words of its file: the dotted key, what is wrong, the nearest known key."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from astsync.config.environment import Location, Overlay
from astsync.config.section import Section
from astsync.text import nearest, printable

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


def told(model: type[Section], at: Location, error: ValidationError, overlay: Overlay) -> list[str]:
    """Tell the faults of a section that stands at a place, without those that only follow from others."""
    details = error.errors(include_url=False)
    kept = [detail for detail in details if not _follows(detail, details) and not _of_stranger(at, detail, overlay)]
    return [_fault(model, at, detail) + _origin((*at, *detail["loc"]), overlay.origins) for detail in kept]


def _follows(detail: ErrorDetails, details: list[ErrorDetails]) -> bool:
    """Tell whether a fault only follows from others: a list is too short because its items are faulty."""
    at = detail["loc"]
    return detail["type"] == "too_short" and any(d["loc"][: len(at)] == at and d["loc"] != at for d in details)


def _of_stranger(at: Location, detail: ErrorDetails, overlay: Overlay) -> bool:
    """Tell whether this is about a PBX that is none, which the overlay has told."""
    place = (*at, *detail["loc"])
    return place[:1] == ("pbx",) and len(place) > 1 and place[1] in overlay.strangers


def _origin(place: Location, origins: Mapping[Location, str]) -> str:
    """Name the variable that a faulty value comes from; no word where it stands in the file."""
    found = (origins[place[:end]] for end in range(len(place), 0, -1) if place[:end] in origins)
    return "".join(f" (set by {printable(variable)})" for variable in list(found)[:1])


def _fault(model: type[Section], at: Location, detail: ErrorDetails) -> str:
    where = (*at, *detail["loc"])
    key = ".".join(f"[{part + 1}]" if isinstance(part, int) else printable(part) for part in where).replace(".[", "[")
    if detail["type"] == "extra_forbidden":
        known = _known_keys(model, detail["loc"][:-1])
        near = nearest(str(detail["loc"][-1]), known, 0.4)
        advice = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{key}: unknown key; {advice}"
    words = _words(detail, where, key)
    return f"{key}: {words}" if key else words


def _words(detail: ErrorDetails, where: Location, key: str) -> str:
    """Say in plain words what is wrong with a value; the value itself may be a secret."""
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
    """Give the keys of the section at a place."""
    for part in place:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        inner = next((a for a in get_args(annotation) if isinstance(a, type) and issubclass(a, Section)), annotation)
        if not (isinstance(inner, type) and issubclass(inner, Section)):
            return []
        model = inner
    return list(model.model_fields)
