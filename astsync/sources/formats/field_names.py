"""The names of the fields of records, for messages."""

from collections.abc import Iterable, Iterator

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


def name_fields(known: Iterable[str], wanted: Iterable[str]) -> str:
    """Write which fields exist, for a hint. The names that are most like the wanted ones come first."""
    names = list(dict.fromkeys(known))
    if not names:
        return "There are no fields."
    near = dict.fromkeys(hit for want in wanted for hit in nearest(want, names, 0.7, most=2))
    return f"{did_you_mean(near)} The fields that exist: {listed(names, MANY_FIELDS)}.".lstrip()
