"""The variables ``ASTSYNC_SECTION__KEY`` and ``ASTSYNC_PBX__NAME__KEY``, which win over the configuration file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from astsync.config.configuration import PbxConfig
from astsync.config.value_types import FromEnvironment
from astsync.language import about, joined, say
from astsync.text import nearest, visible

PREFIX = "ASTSYNC_"

Location = tuple[int | str, ...]
"""The place of a value: names of sections, the number of a PBX in its list, the key."""


@dataclass
class Overlay:
    """What the environment changed.

    ``origins`` names the variable that set the value at each place. ``faults`` are the faults of variables, in words.
    ``unknown_pbxs`` are the numbers of PBXs that only exist because a variable names a PBX that the file does not have.
    """

    origins: dict[Location, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    unknown_pbxs: set[int] = field(default_factory=set)


def overlay(data: dict[str, Any], environ: Mapping[str, str]) -> Overlay:
    """Put the values of the environment into ``data``, over those of the file."""
    done = Overlay()
    configured = [_spelt(table.get("name")) if isinstance(table, dict) else "" for table in _pbxs(data)]
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        try:
            done.origins[_put(data, variable, environ[variable])] = variable
        except ValueError as error:
            done.faults.append(about(visible(variable), error.args[0]))
    for index, table in enumerate(_pbxs(data)[len(configured) :], len(configured)):
        lacking = list(_lacking(table))
        if lacking:
            done.unknown_pbxs.add(index)
            place, variable = next(item for item in done.origins.items() if item[0][:2] == ("pbx", index))
            done.faults.append(_unknown_pbx(place, variable, table["name"], configured, lacking))
    return done


def _put(data: dict[str, Any], variable: str, value: str) -> Location:
    """Put one value into ``data``; returns its place. Raises ValueError that says what is wrong with the variable."""
    try:
        (variable + value).encode()
    except UnicodeEncodeError:
        raise ValueError(say("its name or its value is not UTF-8 text")) from None
    section, *rest = variable.removeprefix(PREFIX).lower().split("__")
    if not section or not rest or not all(rest):
        raise ValueError(say("write ASTSYNC_SECTION__KEY"))
    table, place = _pbx(data, rest) if section == "pbx" else _section(data, (section, *rest[:-1]))
    table[rest[-1]] = FromEnvironment(value)
    return (*place, rest[-1])


def _section(data: dict[str, Any], place: Location) -> tuple[dict[str, Any], Location]:
    """The section at a place, which is made where there is none."""
    table: Any = data
    for part in place:
        table = table.setdefault(part, {})
        if type(table) is not dict:
            raise ValueError(say("{name} is not a section in the file", name=visible(str(part))))
    return table, place


def _pbx(data: dict[str, Any], rest: list[str]) -> tuple[dict[str, Any], Location]:
    """The PBX that a variable names, which is added where there is none."""
    if len(rest) != 2:
        example = _variable(visible(rest[0]), "secret")
        raise ValueError(say("name a PBX and one key, as in {variable}", variable=example))
    tables = data.setdefault("pbx", [])
    if type(tables) is not list:
        raise ValueError(say("the PBXs of the file are not written as [[pbx]]"))
    for index, table in enumerate(tables):
        if isinstance(table, dict) and _spelt(table.get("name")) == rest[0]:
            return table, ("pbx", index)
    tables.append({"name": rest[0]})
    return tables[-1], ("pbx", len(tables) - 1)


def _pbxs(data: Mapping[str, Any]) -> list[Any]:
    tables = data.get("pbx")
    return tables if isinstance(tables, list) else []


def _spelt(name: object) -> str:
    """A PBX's name as it stands in a variable, in small letters."""
    return re.sub(r"\W|-", "_", str(name or "").lower())


def _lacking(table: Mapping[str, Any]) -> Iterator[str]:
    """The keys that a PBX needs and does not have."""
    yield from (key for key, field in PbxConfig.model_fields.items() if field.is_required() and key not in table)
    if not table.keys() & {"secret", "secret_file"}:
        yield "secret"


def _unknown_pbx(place: Location, variable: str, name: str, configured: list[str], lacking: list[str]) -> str:
    """The words on a variable that names no PBX of the file: the name that may be meant, or what a new PBX lacks."""
    near = nearest(name, configured)
    names = {"variable": visible(variable), "name": visible(name)}
    if near:
        meant = visible(_variable(near[0], str(place[-1])))
        return say("{variable}: no PBX is named {name}; did you mean {meant}?", **names, meant=meant)
    needed = joined(", ", (visible(_variable(name, key)) for key in lacking))
    return say(
        "{variable}: no PBX is named {name}; one from the environment alone also needs {needed}",
        **names,
        needed=needed,
    )


def _variable(name: str, key: str) -> str:
    return f"{PREFIX}PBX__{name}__{key}".upper()
