"""What an answer says of its list: that it goes on elsewhere, or how many records there are in all.

Services differ, so these are the field names that web APIs commonly use. A guess is safe here: it can only refuse a
list as not whole, never accept one.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from astsync.config import PagingConfig
from astsync.errors import SourceBadAnswer, SourceQueryError
from astsync.language import counted, joined, say
from astsync.sources.formats.field_names import name_fields
from astsync.sources.records.fields import values_at
from astsync.text import one_line

_DEEPEST = 4
"""Floors of fields in fields that are looked through for a next page (``meta.pagination.links.next`` has four)."""

_TOTALS_WITHIN = 2
"""Floors that are looked through for a total. Further down a ``total`` more often counts something else."""

_LONGEST_NUMBER = 18
"""Digits of a total that is written as a text; longer ones count nothing."""

_NEXT = re.compile(
    r"(@?odata\.)?next([_-]?(cursor|page|link|url|uri|href|token|offset))*"
    r"|(has|is)?[_-]?more([_-]?(pages|data|results|items|records))?|has[_-]?next([_-]?page)?",
    re.IGNORECASE,
)
_LAST = re.compile(r"(is[_-]?)?last([_-]?page)?", re.IGNORECASE)
_TOTAL = re.compile(r"total([_-]?(count|items|records|results|elements|rows))?|@?odata\.count", re.IGNORECASE)
_LINKS = ("href", "url", "uri", "link")
_CONFIGURE = say("Configure the table paging of the source: by, parameter, next.")
_NOT_TOTAL = say(
    'If that field counts something else, name the right one in total of the table paging, or write "none".'
)
_LOSES = say("If the list changed meanwhile, run astsync again. Otherwise the service loses records.")


def next_named(answer: Mapping[str, Any]) -> str:
    """Find the field that says that the list goes on elsewhere; returns its path, or ""."""
    return next((path for path, name, value in _fields(answer, _DEEPEST) if _goes_on(name, value)), "")


def total_of(answer: Mapping[str, Any], path: str) -> int | None:
    """Read how many records the list has in all, from the field at ``path``; from the usual fields where that is "".

    ``path`` "none" turns this off. Several totals may stand there: the largest one counts.
    """
    if path == "none":
        return None
    found = values_at(answer, path) or () if path else _usual_totals(answer)
    return max((number for value in found if (number := _number(value)) is not None), default=None)


def refuse_part(answer: Mapping[str, Any], records: int, paging: PagingConfig, where: str) -> None:
    """Refuse an answer that is only a part of the list, where no paging is configured. Raises SourceQueryError."""
    named = next_named(answer)
    if named:
        raise SourceQueryError(
            say(
                "{where} gives its list in parts: the answer names the next one in {field}",
                where=where,
                field=one_line(named),
            ),
            hint=_CONFIGURE,
        )
    total = total_of(answer, paging.total)
    check_total_found(total, answer, paging.total, where)
    if total is not None and total > records:
        raise SourceQueryError(
            counted(
                "{where} gives its list in parts: it tells of {count:,} record and gave {gave:,}",
                "{where} gives its list in parts: it tells of {count:,} records and gave {gave:,}",
                total,
                where=where,
                gave=records,
            ),
            hint=joined(" ", (_CONFIGURE, _NOT_TOTAL)),
        )


def refuse_short(total: int | None, records: int, where: str) -> None:
    """Refuse a list whose pages hold fewer records than the service says. Raises SourceBadAnswer."""
    if total is not None and total > records:
        raise SourceBadAnswer(
            counted(
                "{where} cannot be read whole: it tells of {count:,} record, its pages gave {gave:,}",
                "{where} cannot be read whole: it tells of {count:,} records, its pages gave {gave:,}",
                total,
                where=where,
                gave=records,
            ),
            hint=joined(" ", (_LOSES, _NOT_TOTAL)),
        )


def check_total_found(total: int | None, answer: Mapping[str, Any], path: str, where: str) -> None:
    """Check that the configured field holds a number. Raises SourceQueryError, which lists the fields that exist."""
    if path and path != "none" and total is None:
        raise SourceQueryError(
            say("{where} holds no number in {field} (total of paging)", where=where, field=one_line(path)),
            hint=name_fields([known for known, _, _ in _fields(answer, _DEEPEST)], [path]),
        )


def _fields(answer: Mapping[str, Any], deeper: int, above: str = "") -> Iterator[tuple[str, str, Any]]:
    """Yield the path, the name and the value of each field, and of the fields inside it."""
    for name, value in answer.items():
        yield f"{above}{name}", name, value
        if isinstance(value, Mapping) and deeper > 1:
            yield from _fields(value, deeper - 1, f"{above}{name}.")


def _goes_on(name: str, value: object) -> bool:
    if _LAST.fullmatch(name):
        return value is False
    if not _NEXT.fullmatch(name):
        return False
    if isinstance(value, Mapping):
        return any(isinstance(link := value.get(key), str) and link for key in _LINKS)
    return isinstance(value, str | int) and bool(value)


def _usual_totals(answer: Mapping[str, Any]) -> list[Any]:
    return [value for _, name, value in _fields(answer, _TOTALS_WITHIN) if _TOTAL.fullmatch(name)]


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
