"""``astsync check`` of an HTTP service: each part of the way to its counterparties."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from astsync.config import SourceConfig
from astsync.errors import AstsyncError
from astsync.finding import Finding
from astsync.language import counted, say
from astsync.phonebook.model import Counterparty
from astsync.sources.check import EMPTY, FIRST, counterparty_finding, error_finding
from astsync.sources.http.pages import HttpPages
from astsync.sources.http.section import HttpConfig
from astsync.sources.records.reader import RecordReader
from astsync.text import one_line

_PAGES_READ = 2


def check_http(config: SourceConfig, opened: Callable[[], AbstractContextManager[HttpPages]]) -> Iterator[Finding]:
    """Try each part of the way to the list. An error ends the check and is its last finding."""
    check: _Check | None = None
    try:
        with opened() as pages:
            check = _Check(config, pages)
            check.read()
        yield from check.reached()
        yield from check.found()
    except AstsyncError as error:
        if check is not None:
            yield from check.reached()
        yield error_finding(error, say("list"))


class _Check:
    """Reads the list, of a list in pages the first two, and makes findings of what it found."""

    def __init__(self, config: SourceConfig, pages: HttpPages) -> None:
        self._config = config
        self._pages = pages
        self._reader = RecordReader(config.table(HttpConfig).fields, pages.where)
        self._records = 0
        self._whole = False
        self._first: list[Counterparty] = []
        self._fault: AstsyncError | None = None

    def read(self) -> None:
        """Read the list, or its first two pages: more would prove nothing more. Raises SourceError."""
        for record in self._pages.records():
            self._records += 1
            self._take(record)
            if self._pages.paging.by != "none" and self._pages.answered >= _PAGES_READ:
                return
        self._whole = True

    def reached(self) -> Iterator[Finding]:
        """What one good answer proves: the address and the login."""
        if not self._pages.answered:
            return
        words = say("{where} answers {form}", where=self._pages.where, form=self._pages.form)
        yield Finding(say("address"), True, words)
        user = self._config.user
        words = say("accepted for {user}", user=user) if user else say("none is sent, and none is asked for")
        yield Finding(say("login"), True, words)

    def found(self) -> Iterator[Finding]:
        """The findings about the list, its pages, its fields and its first counterparties. Raises SourceError."""
        place = one_line(self._pages.list_path) or say("the answer itself")
        if not self._records:
            yield Finding(say("list"), False, say("{place}: it is empty", place=place), EMPTY)
            return
        yield Finding(say("list"), True, self._list_words(place))
        yield self._paging()
        yield self._fields()
        for counterparty in self._first:
            yield counterparty_finding(counterparty)

    def _list_words(self, place: str) -> str:
        if self._whole:
            return counted("{place}: {count:,} record", "{place}: {count:,} records", self._records, place=place)
        return counted(
            "{place}: {count:,} record in the first pages",
            "{place}: {count:,} records in the first pages",
            self._records,
            place=place,
        )

    def _take(self, record: object) -> None:
        """Read a record. The first that cannot be read ends this: its error follows the findings about the list."""
        if self._fault is not None:
            return
        try:
            counterparty = self._reader.read(record)
        except AstsyncError as error:
            self._fault = error
            return
        if counterparty is not None and len(self._first) < FIRST:
            self._first.append(counterparty)

    def _paging(self) -> Finding:
        paging = self._pages.paging
        if paging.by == "none":
            return Finding(say("paging"), None, say("none: one answer holds the whole list"))
        words = say(
            "by {by} in {parameter}: the second page was read", by=paging.by, parameter=one_line(paging.parameter)
        )
        if self._pages.answered < _PAGES_READ:
            words = say("by {by}: the first page holds the whole list", by=paging.by)
        return Finding(say("paging"), True, words)

    def _fields(self) -> Finding:
        try:
            if self._fault is not None:
                raise self._fault
            self._reader.finish()
        except AstsyncError as error:
            return Finding(say("fields"), False, error.message, error.hint)
        fields = self._config.table(HttpConfig).fields
        phones = one_line(", ".join(fields.phones))
        words = say("name {name}, phones {phones}", name=one_line(fields.name), phones=phones)
        return Finding(say("fields"), True, words)
