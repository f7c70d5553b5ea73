"""A configuration as a commented TOML file: what was chosen, and the keys most often wanted next, commented out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr

from astsync.config import Config, Section
from astsync.config.keys import Described, Key, described

LOGIN_VARIABLE = "ASTSYNC_SOURCE__PASSWORD"
"""The variable that holds the source's password."""

OFFERED = frozenset({
    "source.timeout", "source.odata.kinds", "source.odata.page_size", "source.soap.endpoint", "numbers.forms",
    "names.legal_form", "names.max_length", "names.max_bytes", "sync.family", "sync.foreign", "sync.max_delete",
    "sync.max_change",
})  # fmt: skip
"""The keys most often wanted next."""

_WIDTH = 48
_COMMENTED = "# "


def render(config: Config, environment: frozenset[str] = frozenset()) -> str:
    """Write a configuration. ``environment`` names the variables that hold secrets, which then stay out of the file."""
    lines = [
        "# The configuration of astsync, written by `astsync init`; examples/astsync.toml shows every key.",
        "# Any value can stand in the environment instead: ASTSYNC_SOURCE__PASSWORD, ASTSYNC_PBX__OFFICE__SECRET.",
    ]
    offered = OFFERED if "url" in config.source.model_fields_set else OFFERED - {"source.timeout"}  # of a server
    for section in described():
        for table in _tables(config, section):
            written = list(_keys(section, table, environment, offered))
            if written:
                lines += ["", header(section), *written]
    return "\n".join(lines) + "\n"


def secret_variable(pbx: str) -> str:
    """Give the variable that holds a PBX's secret."""
    spelt = "".join(c if c.isalnum() or c == "_" else "_" for c in pbx)
    return f"ASTSYNC_PBX__{spelt}__SECRET".upper()


def header(section: Described, *, commented: bool = False) -> str:
    """The line above the keys of a section."""
    brackets = "[[{}]]" if section.repeated else "[{}]"
    return _commented(brackets.format(section.name), section.text, commented=commented)


def assignment(key: Key, value: object, *, commented: bool = False, comment: str = "") -> str:
    """The line of a key with a value, and its comment, by default that of the key."""
    return _commented(f"{key.name} = {toml(value)}", comment or key.comment, commented=commented)


def toml(value: Any) -> str:
    """Write a value: a JSON text is a basic string of TOML but for U+007F, which TOML wants escaped."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_name(name)} = {toml(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, SecretStr):
        return toml(value.get_secret_value())
    plain = value if isinstance(value, int | float) else str(value)
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def _name(name: str) -> str:
    """Write a name as a key: bare where TOML lets it, in quotes elsewhere (Cyrillic)."""
    return name if name.isascii() and name.replace("_", "").isalnum() else toml(name)


def _commented(text: str, comment: str, *, commented: bool) -> str:
    text = f"{_COMMENTED if commented else ''}{text}"
    return f"{text.ljust(_WIDTH - 2)}  # {comment}"


def _tables(config: Config, section: Described) -> Iterator[Section]:
    """The tables that a section has in a configuration: several PBXs, none where another kind of source was chosen."""
    place: Any = config
    for part in section.name.split("."):
        if place is config.source and part != config.source.kind:
            return
        place = getattr(place, part)
    yield from place if section.repeated else (place,)


def _keys(section: Described, table: Section, environment: frozenset[str], offered: frozenset[str]) -> Iterator[str]:
    for key in section.keys:
        variable = secret_variable(str(getattr(table, "name", ""))) if section.repeated else LOGIN_VARIABLE
        if key.type == "secret" and variable in environment:
            yield f"# {key.name} stands in the environment: {variable}"
        elif key.name in table.model_fields_set and not _in_a_file(key, table):
            yield assignment(key, _value(key, getattr(table, key.name)))
        elif key.dotted in offered:
            yield assignment(key, key.default or key.example or "", commented=True)


def _in_a_file(key: Key, table: Section) -> bool:
    """Tell whether a secret stands in a file of its own."""
    return key.type == "secret" and getattr(table, f"{key.name}_file") is not None


def _value(key: Key, value: Any) -> Any:
    return f"{value * 100:g}%" if key.type == "percentage" else value
