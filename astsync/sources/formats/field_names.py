"""The names of the fields of records, for messages."""

from collections.abc import Iterable, Iterator
from typing import Literal

from astsync.language import Message, joined, say
from astsync.sources.bounds import MANY_FIELDS
from astsync.text import did_you_mean, listed, nearest


def field_names(value: object, deeper: int = 4) -> Iterator[str]:
    """List the paths of the fields of a record; a field of a record inside it is ``Phones.Number``."""
    if isinstance(value, list) and deeper:
        for item in value[:3]:
            yield from field_names(item, deeper - 1)
    elif isinstance(value, dict) and deeper:
        for name, inner in list(value.items())[:MANY_FIELDS]:
            yield str(name)
            yield from (f"{name}.{below}" for below in field_names(inner, deeper - 1))


_THERE_ARE_NONE = {
    "fields": say("There are no fields."),
    "columns": say("There are no columns."),
    "elements": say("There are no elements."),
    "lists": say("There are no lists."),
}
_THAT_EXIST = {
    "fields": say("The fields that exist: {names}."),
    "columns": say("The columns that exist: {names}."),
    "elements": say("The elements that exist: {names}."),
    "lists": say("The lists that exist: {names}."),
}


def name_fields(
    known: Iterable[str], wanted: Iterable[str], what: Literal["fields", "columns", "elements", "lists"] = "fields"
) -> str:
    """Write which fields exist, for a hint. The names that are most like the wanted ones come first.

    ``what`` says what they are called.
    """
    names = list(dict.fromkeys(known))
    if not names:
        return _THERE_ARE_NONE[what]
    near = dict.fromkeys(hit for want in wanted for hit in nearest(want, names, 0.7, most=2))
    exist = Message(str(_THAT_EXIST[what]), {"names": listed(names, MANY_FIELDS)})
    return joined(" ", (did_you_mean(near), exist)) if near else exist
