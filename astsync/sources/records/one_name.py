"""The name in an answer about one number: a text, or what a service wraps around one.

A wrong name on a phone is worse than none. So a name is taken out of a structure only where it is certain which text
it is, and everything else is a bad answer: neither a name nor "nobody".
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from astsync.errors import SourceBadAnswer
from astsync.language import counted, say
from astsync.sources.formats.error_fields import refuse_error
from astsync.sources.formats.growing_xml import BadXml, GrowingTree, local
from astsync.sources.formats.values import text_of
from astsync.sources.formats.xdto_json import MARKED, xdto_value
from astsync.sources.formats.xml_convert import element_value
from astsync.sources.records.fields import values_at
from astsync.text import listed, one_line

NAME_FIELDS = ("Name", "Наименование", "Description")
"""Fields of a record that are its name wherever the record comes from."""

EXTENSION_FIELD = "Extension"
"""The field beside the name with the extension of who keeps the card, as the services of examples/1c have it."""

_EXTENSION = re.compile(r"[0-9]{1,9}")
_CUT_JSON = re.compile(r'[\[{]\s*["\[{]')
"""How JSON begins that may hold a name. A name may begin with a bracket too, but hardly with two such marks."""

_WRAPPERS = frozenset({"string", "return"})
_LONGEST = 64 * 1024
_CURE = say("Let the service answer a text: the name, or nothing where it knows nobody.")


def name_in_text(text: str, fields: Sequence[str], where: str) -> str:
    """Find the name in a text, which may be JSON or XML; "" is nobody. ``fields`` are the fields of a name in records.

    Raises SourceBadAnswer, and SourceFailure where the answer tells of an error in a field.
    """
    text = text.strip().removeprefix("\ufeff").strip()
    if not text or text == "null":
        return ""
    if text in {"true", "false"}:
        raise _bad(say("the answer of {where} is {text}, which is no name", where=where, text=text))
    if text.startswith("<"):
        return _in_xml(text, fields, where)
    if text[0] not in '[{"':
        return text_of(text, _LONGEST)
    try:
        value = _parsed(text)
    except (ValueError, RecursionError):
        if _CUT_JSON.match(text):
            raise _bad(say("the answer of {where} is cut or damaged JSON", where=where)) from None
        return text_of(text, _LONGEST)  # a name in quotes, or one that begins with a bracket
    return name_in_value(value, fields, where)


def name_in_value(value: Any, fields: Sequence[str], where: str) -> str:
    """Find the name in a value of JSON or XML; null, "" and an empty list are nobody. Raises as ``name_in_text``."""
    if value is None:
        return ""
    if isinstance(value, str):
        return text_of(value.strip(), _LONGEST)
    if isinstance(value, list):
        return _of_all({name_in_value(one, fields, where) for one in value[:_MANY]}, where)
    if not isinstance(value, dict):
        raise _bad(say("the answer of {where} is no text", where=where))
    return _in_record(value, fields, where)


def extension_in_text(text: str, field: str) -> str:
    """Find the extension beside a name, in a text that is JSON or XML; "" where there is none.

    What is no row of digits is none: it becomes a part of a dialplan. An extension is less than a name, so nothing here
    is an error.
    """
    text = text.strip().removeprefix("\ufeff").strip()
    try:
        if text.startswith("<"):
            return _extension_in_xml(text, field)
        return extension_in_value(_parsed(text), field) if text[:1] in {"[", "{"} else ""
    except (ValueError, RecursionError):
        return ""


def extension_in_value(value: Any, field: str) -> str:
    """Find the extension in a value of JSON or XML, as ``extension_in_text`` does. Two different ones are none."""
    records = value[:_MANY] if isinstance(value, list) else [value]
    found = {
        str(text).strip() if isinstance(text, str | int) else ""
        for record in records
        if isinstance(record, dict)
        for text in values_at(record, field) or ()
        if text is not None
    }
    text = next(iter(found)) if len(found) == 1 else ""
    return text if _EXTENSION.fullmatch(text) else ""


def _extension_in_xml(text: str, field: str) -> str:
    tree = GrowingTree("utf-8")
    try:
        tree.feed(text.encode("utf-8", "replace"))
        tree.close()
    except BadXml:
        return ""
    return "" if tree.root is None else extension_in_value(element_value(tree.root), field)


_MANY = 100


def _of_all(names: set[str], where: str) -> str:
    """Choose among the names of a list: if they differ, nobody can say which is the right one."""
    if len(names) > 1:
        raise _bad(
            counted(
                "the answer of {where} holds {count:,} name",
                "the answer of {where} holds {count:,} names",
                len(names),
                where=where,
            )
        )
    return next(iter(names), "")


def _in_record(record: dict[str, Any], fields: Sequence[str], where: str) -> str:
    refuse_error(record, where)
    for field in fields:
        found = values_at(record, field)
        if found is not None:
            texts = {text_of(text, _LONGEST).strip() for text in found if text is not None}
            if any(not isinstance(text, str) for text in found if text is not None):
                words = say(
                    "the answer of {where} holds no text in its field {field}", where=where, field=one_line(field)
                )
                raise _bad(words)
            return _of_all(texts, where)
    raise _bad(say("the answer of {where} is a record without the field {fields}", where=where, fields=listed(fields)))


def _in_xml(text: str, fields: Sequence[str], where: str) -> str:
    tree = GrowingTree("utf-8")
    try:
        tree.feed(text.encode("utf-8", "replace"))
        tree.close()
    except BadXml:
        raise _page(where) from None
    root = tree.root
    if root is None:
        raise _page(where)
    value = element_value(root)
    if isinstance(value, str) and local(root.tag) not in {*fields, *_WRAPPERS}:
        name = one_line(local(root.tag))
        raise _bad(say("the answer of {where} is no name but the document {name}", where=where, name=name))
    return name_in_value(value, fields, where)


def _parsed(text: str) -> Any:
    """Parse JSON. Raises ValueError, and RecursionError."""
    try:
        value = orjson.loads(text)
    except ValueError:  # users' data holds control characters and halves of surrogate pairs
        value = json.loads(text, strict=False)
    return xdto_value(value) if MARKED.match(text) else value


def _page(where: str) -> SourceBadAnswer:
    return _bad(say("the answer of {where} is no name but a page", where=where))


def _bad(words: str) -> SourceBadAnswer:
    return SourceBadAnswer(words, hint=_CURE)
