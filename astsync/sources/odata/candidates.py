"""Who may have a number: rows of contacts whose text holds its last digits, in any spelling.

OData of 1C cannot take the digits out of a text, so the filter tests for them as people write them. First by ``like``
(ПОДОБНО) with anything between the digits; where 1C does not have that, by ``substringof`` with the usual spellings.
What is found only may have the number: whoever asks reads the phones of these counterparties and decides.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from astsync.errors import SourceError, SourceFailure, SourceQueryError
from astsync.language import say
from astsync.sources.formats.values import text_of
from astsync.sources.odata.contacts import SearchPlace
from astsync.sources.odata.pages import ODataPages
from astsync.text import listed

logger = logging.getLogger(__name__)

MOST_ROWS = 40
MOST_OWNERS = 8
"""Bounds of one search in one catalog. A number that stands in more cards is a placeholder, and names nobody."""

_WHOLE = 7
_LOCAL = 5
"""Last digits that are looked for in a whole number, and in a column that holds the local number alone."""

_LONGEST_REFERENCE = 200
_NOT_COMPARED = "code -1"
_ONLY_LOCAL = "%s: 1C searches no texts there, only %s: a number that has no parts is found by no call"
_CURE = say(
    'Ask 1C by the web service of examples/1c instead: online = "soap" in the section [serve], or online = "http". '
    "This configuration of 1C does not allow such a filter."
)


@dataclass(frozen=True, slots=True)
class _Form:
    """A way to write the test: by ``like`` or by ``substringof``, with the columns of whole numbers or without."""

    like: bool
    whole: bool = True


class CandidateSearch:
    """Searches one place. Which form of the filter 1C understands is found out once."""

    def __init__(self, pages: ODataPages, place: SearchPlace) -> None:
        self._pages, self._place = pages, place
        forms: tuple[_Form, ...] = (_Form(like=True), _Form(like=False))
        if place.local:  # the columns of whole texts may be of unlimited length there, which 1C does not compare
            forms = (*forms, _Form(like=True, whole=False), _Form(like=False, whole=False))
        self._all = forms
        self._forms = list(forms)

    def refs(self, number: str) -> list[str]:
        """The references of those that may have the number, ``MOST_OWNERS`` at most. Raises SourceError.

        The form that 1C has understood is asked first from then on, and alone.
        """
        refused: SourceError | None = None
        for form in self._forms:
            try:
                found = self._ask(form, number)
            except (SourceQueryError, SourceFailure) as error:
                if isinstance(error, SourceFailure) and _NOT_COMPARED not in error.message:
                    raise
                logger.info("%s: the filter of a number is refused: %s", self._place.name, error)
                refused = refused or error
                continue
            if form is not self._forms[0] and not form.whole:
                logger.warning(_ONLY_LOCAL, self._place.name, listed(self._place.local))
            self._forms = [form]
            return found
        self._forms = list(self._all)
        why = refused.message if refused else ""
        words = say("1C refuses the filter of a number on {where}: {why}", where=self._place.name, why=why)
        raise SourceQueryError(words, hint=_CURE)

    def _ask(self, form: _Form, number: str) -> list[str]:
        place = self._place
        options = {"$select": place.owner, "$filter": f"{place.only} and ({' or '.join(self._tests(form, number))})"}
        if place.within:
            options["$filter"] = f"{place.within}/any(d: {options['$filter']})"
        elif not place.only:
            options["$filter"] = " or ".join(self._tests(form, number))
        rows = self._pages.first(place.name, options, MOST_ROWS)
        found = (text_of(row.get(place.owner), _LONGEST_REFERENCE) for row in rows)
        return list(dict.fromkeys(filter(None, found)))[:MOST_OWNERS]

    def _tests(self, form: _Form, number: str) -> Iterator[str]:
        place, prefix = self._place, "d/" if self._place.within else ""
        write = _by_like if form.like else _by_substring
        if form.whole:
            yield from write((f"{prefix}{name}" for name in place.whole), number[-_WHOLE:])
        yield from write((f"{prefix}{name}" for name in place.local), number[-_LOCAL:])


def _by_like(columns: Iterable[str], digits: str) -> Iterator[str]:
    pattern = f"%{'%'.join(digits)}%"
    return (f"like({column},'{pattern}')" for column in columns)


def _by_substring(columns: Iterable[str], digits: str) -> Iterator[str]:
    return (f"substringof('{spelled}',{column})" for column in columns for spelled in spellings(digits))


def spellings(digits: str) -> list[str]:
    """The usual spellings of the last digits of a number: 2293042, 229-30-42, 229 30 42, 229-3042, 30-42.

    The last four alone come with a sign between them: a local number of five or six digits may begin anywhere before.
    """
    head, middle, end = digits[:-4], digits[-4:-2], digits[-2:]
    return [digits, f"{head}-{middle}-{end}", f"{head} {middle} {end}", f"{head}-{middle}{end}", f"{middle}-{end}"]
