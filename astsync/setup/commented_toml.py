"""A configuration as a commented TOML file: what was chosen, and the keys most often wanted next, commented out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Secret, SecretStr

from astsync.config import Config, Section
from astsync.config.described_keys import DescribedKey, DescribedSection, described_sections, plain
from astsync.language import say, spoken
from astsync.sources import CONFIG

LOGIN_VARIABLE = "ASTSYNC_SOURCE__PASSWORD"
"""The variable that holds the source's password."""

OFFERED = frozenset({
    "source.timeout", "source.odata.kinds", "source.odata.page_size", "source.soap.endpoint", "numbers.forms",
    "names.legal_form", "names.max_length", "names.max_bytes", "sync.family", "sync.foreign", "sync.max_delete",
    "sync.max_change",
})  # fmt: skip
"""The keys most often wanted next, by their dotted names."""

_WIDTH = 48


def render(config: Config, environment: frozenset[str] = frozenset()) -> str:
    """The text of a file: the keys that are set, and those of OFFERED as comments, in the language in use.

    ``environment`` names the variables that hold secrets; those secrets stay out of the file.
    """
    about = say(
        "The configuration of astsync, written by `astsync init`; examples/astsync.toml shows every key.\n"
        "Any value can stand in the environment instead: ASTSYNC_SOURCE__PASSWORD, ASTSYNC_PBX__OFFICE__SECRET."
    )
    lines = [f"# {line}" for line in spoken(about).split("\n")]
    # A file has no address, and nothing to wait for.
    offered = OFFERED if "url" in config.source.model_fields_set else OFFERED - {"source.timeout"}
    for section in described_sections(CONFIG):
        for table in _tables(config, section):
            written = list(_keys(section, table, environment, offered))
            if written:
                lines += ["", *([header(section)] if section.name else []), *written]
    return "\n".join(lines) + "\n"


def secret_variable(pbx: str) -> str:
    """The variable that holds a PBX's secret."""
    spelt = "".join(c if c.isalnum() or c == "_" else "_" for c in pbx)
    return f"ASTSYNC_PBX__{spelt}__SECRET".upper()


def header(section: DescribedSection, *, commented: bool = False) -> str:
    """The line above the keys of a section."""
    brackets = "[[{}]]" if section.repeated else "[{}]"
    return _commented(brackets.format(section.name), plain(spoken(section.text)), commented=commented)


def assignment(key: DescribedKey, value: object, *, commented: bool = False, comment: str = "") -> str:
    """The line of a key with a value and a comment, by default that of the key."""
    return _commented(f"{key.name} = {toml(value)}", comment or key.comment, commented=commented)


def toml(value: Any) -> str:
    """A value as TOML. A text of JSON is a basic string of TOML but for U+007F, which TOML wants escaped."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_name(name)} = {toml(inner)}' for name, inner in value.items())}}}"
    if isinstance(value, Secret | SecretStr):
        return toml(value.get_secret_value())
    simple = value if isinstance(value, int | float) else str(value)
    return json.dumps(simple, ensure_ascii=False).replace("\x7f", "\\u007f")


def _name(name: str) -> str:
    """A name as a key of TOML: bare where that is allowed, else in quotes (Cyrillic)."""
    return name if name.isascii() and name.replace("_", "").isalnum() else toml(name)


def _commented(text: str, comment: str, *, commented: bool) -> str:
    line = f"# {text}" if commented else text
    return f"{line.ljust(_WIDTH - 2)}  # {comment}"


def _tables(config: Config, section: DescribedSection) -> Iterator[Section]:
    """The tables of a section in a configuration: one for each PBX, none for a kind of source that was not chosen."""
    place: Any = config
    for part in filter(None, section.name.split(".")):
        if place is config.source and part != config.source.kind:
            return
        place = getattr(place, part)
    yield from place if section.repeated else (place,)


def _keys(
    section: DescribedSection, table: Section, environment: frozenset[str], offered: frozenset[str]
) -> Iterator[str]:
    for key in section.keys:
        value = getattr(table, key.name)
        variable = secret_variable(str(getattr(table, "name", ""))) if section.repeated else LOGIN_VARIABLE
        if key.type == "secret" and variable in environment:
            yield "# " + spoken(say("{key} stands in the environment: {variable}", key=key.name, variable=variable))
        elif key.name in table.model_fields_set and value is not None and not _in_a_file(key, table):
            yield assignment(key, f"{value * 100:g}%" if key.type == "percentage" else value)
        elif key.dotted in offered:
            yield assignment(key, key.default or key.example or "", commented=True)


def _in_a_file(key: DescribedKey, table: Section) -> bool:
    """A secret with a file of its own stays out of the configuration."""
    return key.type == "secret" and getattr(table, f"{key.name}_file") is not None
