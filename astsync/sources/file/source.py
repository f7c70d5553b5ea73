"""Counterparties from a file or from standard input."""

from collections.abc import Iterator
from itertools import islice

from astsync.config import SourceConfig
from astsync.errors import ConfigError, SourceError
from astsync.finding import Finding
from astsync.language import counted, say
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sources.check import FIRST, counterparty_finding
from astsync.sources.file.content import STANDARD_INPUT, Content, name_of, opened
from astsync.sources.file.listing import Listing, Tell, list_of
from astsync.sources.file.merge import Merger
from astsync.sources.file.section import FileConfig
from astsync.sources.records.reader import RecordReader
from astsync.stopping import NEVER, Stopping
from astsync.text import span

_STEP = 1000
_EMPTY = say("An empty list is never taken for a phonebook: look at the export that writes the file.")


class FileSource:
    """The counterparties of the file that ``[source.file]`` names.

    The first counterparty comes after the last byte: until then the file may prove to be cut.
    """

    def __init__(self, config: SourceConfig) -> None:
        self._config = config.table(FileConfig)
        self._name = name_of(config.table(FileConfig).path)

    def describe(self) -> str:
        """The file's name without its folder."""
        return self._name if self._config.path == STANDARD_INPUT else say("file {file}", file=self._name)

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Every counterparty once. Raises SourceError when the file is not whole."""
        with Merger(self._name) as merger:
            self._read(merger, progress, lambda _: None, stopping)
            yield from merger.all()

    def check(self, stopping: Stopping = NEVER) -> Iterator[Finding]:
        """The file's format, its columns, the number of its counterparties, and the first of them."""
        found: list[Finding] = []
        try:
            with Merger(self._name) as merger:
                self._read(merger, no_progress, found.append, stopping)
                counterparties = list(islice(merger.all(), FIRST))
        except (SourceError, ConfigError) as error:
            found.append(Finding(self.describe(), False, error.message, error.hint))
        else:
            found += map(counterparty_finding, counterparties)
        yield from found

    def _read(self, merger: Merger, progress: Progress, tell: Tell, stopping: Stopping) -> None:
        with opened(self._config.path, stopping) as content:
            tell(Finding(self.describe(), True, _size_and_age(content)))
            done = self._merge(merger, list_of(content, self._config, tell), progress)
        counterparties = counted("{count:,} counterparty", "{count:,} counterparties", merger.count())
        words = say("{read:,} read: {counterparties}", read=done, counterparties=counterparties)
        tell(Finding(say("list"), bool(done), words, "" if done else _EMPTY))

    def _merge(self, merger: Merger, listing: Listing, progress: Progress) -> int:
        merger.sure = listing.sure
        reader = RecordReader(listing.fields, self._name)
        done = 0
        for done, (place, record) in enumerate(listing.records, 1):
            counterparty = reader.read(record)
            if counterparty is not None and (counterparty.name or counterparty.phones):
                merger.add(counterparty if counterparty.ref else counterparty._replace(ref=place))
            if not done % _STEP:
                progress(self._name, done, None)
        if not listing.checked:
            reader.finish()
        progress(self._name, done, done)
        return done


def _size_and_age(content: Content) -> str:
    size = counted("{count:,} byte", "{count:,} bytes", content.size)
    if content.age is None:
        return size
    return say("{size}, changed {age} ago", size=size, age=span(content.age))
