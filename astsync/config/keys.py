"""Every key of the configuration as it is described: made from the fields of the sections, the one home of its words.

The table in README.md, ``examples/astsync.toml`` and the comments that ``astsync init`` writes are made from this.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from astsync.config.section import Section
from astsync.config.sections import Config
from astsync.config.values import PERCENTAGE, Unit

Type = Literal["text", "whole number", "number", "percentage", "true or false", "path", "secret", "list", "table"]

_TYPES: dict[type, Type] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    SecretStr: "secret",
    tuple: "list",
    dict: "table",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key. ``default`` and ``example`` are as in TOML, ``default`` is None where a key is required or has none.

    ``choices`` are all the values that it may have; none where there is no such list. ``bounds`` are words, such as
    "1 to 255". ``text`` is Markdown: a first sentence, which is enough beside the key in a file, and what else there is
    to say.
    """

    section: str
    name: str
    type: Type
    choices: tuple[str, ...]
    unit: str
    bounds: str
    required: bool
    default: Any
    example: Any
    text: str

    @property
    def dotted(self) -> str:
        """The key with its section, as messages name it: ``source.odata.page_size``."""
        return f"{self.section}.{self.name}"

    @property
    def values(self) -> str:
        """What may be written, in Markdown: the choices, or the unit; "" where the type says it all."""
        if not self.choices:
            return self.unit
        *others, last = (f"`{choice}`" for choice in self.choices)
        return f"{', '.join(others)} or {last}"

    @property
    def sentences(self) -> tuple[str, str]:
        """The first sentence of the text, which says the most, and the rest of it; both in Markdown."""
        first, _, rest = self.text.partition(". ")
        return first, rest

    @property
    def comment(self) -> str:
        """The words beside the key in a file: one line without marks of Markdown."""
        return plain(": ".join(filter(None, (self.values, self.sentences[0]))))


@dataclass(frozen=True, slots=True)
class Described:
    """A section by its dotted name, with its text and its keys. ``repeated``: it is a list of sections."""

    name: str
    text: str
    repeated: bool
    keys: tuple[Key, ...]


def described(model: type[Section] = Config) -> Iterator[Described]:
    """Describe every section with keys of its own, in the order of the fields, an outer one before those in it."""
    yield from (section for section in _described(model, "", "", repeated=False) if section.keys)


def plain(text: str) -> str:
    """Take the marks of Markdown out of a text: of code, and of links."""
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", text).replace("`", "")


def _described(model: type[Section], name: str, text: str, *, repeated: bool) -> Iterator[Described]:
    fields = {key: (field, _section(field)) for key, field in model.model_fields.items()}
    keys = tuple(_key(name, key, field) for key, (field, inner) in fields.items() if inner is None)
    yield Described(name, text, repeated, keys)
    for key, (field, inner) in fields.items():
        if inner is not None:
            repeated = inner is not field.annotation
            yield from _described(inner, f"{name}.{key}".lstrip("."), field.description or "", repeated=repeated)


def _section(field: FieldInfo) -> type[Section] | None:
    """The model of a field that is a section, or a list of them; None for a key."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def _key(section: str, name: str, field: FieldInfo) -> Key:
    kind = _type(field)
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return Key(
        section=section,
        name=name,
        type=kind,
        choices=tuple(filter(None, choices)),
        unit=next((each.name for each in field.metadata if isinstance(each, Unit)), ""),
        bounds=_bounds(field),
        required=field.is_required(),
        default=f"{default:.0%}" if kind == "percentage" else _as_in_toml(default),
        example=field.examples[0] if field.examples else None,
        text=field.description or "",
    )


def _type(field: FieldInfo) -> Type:
    return "percentage" if PERCENTAGE in field.metadata else _TYPES.get(_bare(field.annotation), "text")


def _bare(annotation: Any) -> Any:
    """The type of a value without what is said about it, and without the None of a key that may be left out."""
    origin = get_origin(annotation)
    return _bare(get_args(annotation)[0]) if origin in {Annotated, Union, UnionType} else origin or annotation


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(each, name) for each in field.metadata for name in ("ge", "le") if hasattr(each, name)}
    if "le" not in found:
        return ""
    return f"{found['ge']} to {found['le']}" if "ge" in found else f"up to {found['le']}"


def _as_in_toml(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return None if value == Path() else value
