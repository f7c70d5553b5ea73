"""The environment over the configuration's file: ``ASTSYNC_SECTION__KEY``, a PBX's by its name."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from astsync.config.values import FromEnvironment
from astsync.text import nearest, printable

PREFIX = "ASTSYNC_"

Location = tuple[int | str, ...]


@dataclass
class Overlay:
    """What was put over the file: the variable behind each place, faults in words, and PBXs that are none.

    ``strangers`` are the places in the list of PBXs that only came about by a variable with a wrong name.
    """

    origins: dict[Location, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    strangers: set[int] = field(default_factory=set)


def overlay(data: dict[str, Any], environ: Mapping[str, str]) -> Overlay:
    """Put the environment's values over the file's, in place."""
    done = Overlay()
    configured = [_spelt(table.get("name")) if isinstance(table, dict) else "" for table in _pbxs(data)]
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        try:
            done.origins[_put(data, variable, environ[variable])] = variable
        except ValueError as error:
            done.faults.append(f"{printable(variable)}: {error}")
    for index, table in enumerate(_pbxs(data)[len(configured) :], len(configured)):
        lacking = list(_lacking(table))
        if lacking:
            done.strangers.add(index)
            place, variable = next(item for item in done.origins.items() if item[0][:2] == ("pbx", index))
            done.faults.append(_stranger(place, variable, table["name"], configured, lacking))
    return done


def _put(data: dict[str, Any], variable: str, value: str) -> Location:
    """Put one value over the file's and give its place. Raises ValueError that says what is wrong."""
    try:
        (variable + value).encode()
    except UnicodeEncodeError:
        raise ValueError("its name or its value is not UTF-8 text") from None
    section, *rest = variable.removeprefix(PREFIX).lower().split("__")
    if not section or not all(rest):
        raise ValueError("write ASTSYNC_SECTION__KEY")
    table, place = _pbx(data, rest) if section == "pbx" else _section(data, (section, *rest[:-1]))
    table[rest[-1]] = FromEnvironment(value)
    return (*place, rest[-1])


def _section(data: dict[str, Any], place: Location) -> tuple[dict[str, Any], Location]:
    """Find the section at a place, or make it."""
    table: Any = data
    for part in place:
        table = table.setdefault(part, {})
        if type(table) is not dict:
            raise ValueError(f"{printable(str(part))} is not a section in the file")
    return table, place


def _pbx(data: dict[str, Any], rest: list[str]) -> tuple[dict[str, Any], Location]:
    """Find the PBX that a variable names, or add one."""
    if len(rest) != 2:
        raise ValueError(f"name a PBX and one key, as in {_variable(printable(rest[0]), 'secret')}")
    tables = data.setdefault("pbx", [])
    if type(tables) is not list:
        raise ValueError("the PBXs of the file are not written as [[pbx]]")
    for index, table in enumerate(tables):
        if isinstance(table, dict) and _spelt(table.get("name")) == rest[0]:
            return table, ("pbx", index)
    tables.append({"name": rest[0]})
    return tables[-1], ("pbx", len(tables) - 1)


def _pbxs(data: Mapping[str, Any]) -> list[Any]:
    tables = data.get("pbx")
    return tables if isinstance(tables, list) else []


def _spelt(name: object) -> str:
    """Spell a PBX's name as it stands in a variable, in small letters."""
    return re.sub(r"\W|-", "_", str(name or "").lower())


def _lacking(table: Mapping[str, Any]) -> Iterator[str]:
    """Give the keys that a PBX cannot be without."""
    yield from (key for key in ("host", "user") if key not in table)
    if not table.keys() & {"secret", "secret_file"}:
        yield "secret"


def _stranger(place: Location, variable: str, name: str, configured: list[str], lacking: list[str]) -> str:
    """Say that a variable names no PBX, and which one it may mean."""
    near = nearest(name, configured)
    if near:
        cure = f"did you mean {_variable(near[0], str(place[-1]))}?"
    else:
        cure = f"one from the environment alone also needs {', '.join(_variable(name, key) for key in lacking)}"
    return f"{printable(variable)}: no PBX is named {printable(name)}; {printable(cure)}"


def _variable(name: str, key: str) -> str:
    return f"{PREFIX}PBX__{name}__{key}".upper()
