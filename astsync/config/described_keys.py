"""Every key of the configuration with its type, its unit, its default and its words, as the fields of the sections say.

The comments that ``astsync init`` writes are made from this, and by ``make docs`` the tables of keys on the pages
``configuration`` of help and ``examples/astsync.toml``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import Secret, SecretStr
from pydantic.fields import FieldInfo

from astsync.config.section import Section, section_of
from astsync.config.value_types import PERCENTAGE, Unit
from astsync.language import say, spoken
from astsync.text import one_of

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
class DescribedKey:
    """One key of the configuration.

    ``section`` is the dotted name of its section, "" for the keys above all sections. ``choices`` are all the values
    that may be written, and empty where others may be too. ``bounds`` are words, such as "1 to 255"; ``unit`` and
    ``bounds`` are "" where there are none. ``default`` and ``example`` are values as TOML has them; ``default`` is None
    for a required key and for a path without a default, ``example`` is None where there is none. ``text`` is Markdown.
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
        return f"{self.section}.{self.name}".lstrip(".")

    @property
    def first_sentence(self) -> str:
        """What may be written, as far as the type does not say it, and the first sentence of the text.

        It is Markdown, in the language in use.
        """
        first = spoken(self.text).partition(". ")[0]
        if self.unit:
            unit = spoken(self.unit)
            return f"{unit} ({spoken(self.bounds)}) {first}" if self.bounds else f"{unit} {first}"
        allowed = one_of(f"`{choice}`" for choice in self.choices) if self.choices else self.bounds
        return f"{spoken(allowed)}: {first}" if allowed else first

    @property
    def rest(self) -> str:
        """The text after its first sentence, in Markdown and in the language in use; "" where there is no more."""
        return spoken(self.text).partition(". ")[2]

    @property
    def comment(self) -> str:
        """The words beside the key in a file: one line, without marks of Markdown."""
        return plain(self.first_sentence)


@dataclass(frozen=True, slots=True)
class DescribedSection:
    """A section with keys.

    ``name`` is dotted, ``text`` is Markdown; both are "" for the keys that stand above all sections. ``repeated`` is
    true for a list of sections.
    """

    name: str
    text: str
    repeated: bool
    keys: tuple[DescribedKey, ...]


def described_sections(model: type[Section]) -> Iterator[DescribedSection]:
    """Every section that has keys, in the order of the fields; a section stands before those that it holds."""
    yield from (section for section in _described(model, "", "", repeated=False) if section.keys)


def plain(text: str) -> str:
    """A text without marks of Markdown: a code is its characters, a link is its words."""
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", text).replace("`", "")


def _described(model: type[Section], name: str, text: str, *, repeated: bool) -> Iterator[DescribedSection]:
    fields = {key: (field, section_of(field.annotation)) for key, field in model.model_fields.items()}
    keys = tuple(_key(name, key, field) for key, (field, inner) in fields.items() if inner is None)
    yield DescribedSection(name, text, repeated, keys)
    for key, (field, inner) in fields.items():
        if inner is not None:
            repeated = inner is not field.annotation
            yield from _described(inner, f"{name}.{key}".lstrip("."), field.description or "", repeated=repeated)


def _key(section: str, name: str, field: FieldInfo) -> DescribedKey:
    kind = _type(field)
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return DescribedKey(
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
    """The type in an annotation: without its metadata, without its arguments, without None."""
    origin = get_origin(annotation)
    return _bare(get_args(annotation)[0]) if origin in {Annotated, Union, UnionType} else origin or annotation


def _bounds(field: FieldInfo) -> str:
    found = {name: getattr(each, name) for each in field.metadata for name in ("ge", "le") if hasattr(each, name)}
    if "le" not in found:
        return ""
    low, high = str(found.get("ge")), str(found["le"])
    return say("{low} to {high}", low=low, high=high) if "ge" in found else say("up to {high}", high=high)


def _as_in_toml(value: Any) -> Any:
    if isinstance(value, Secret | SecretStr):
        return value.get_secret_value()
    return None if value == Path() else value
