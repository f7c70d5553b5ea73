"""Where counterparties come from: the protocol of a source, and the table of kinds."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from astsync.config import SourceConfig
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Progress, no_progress


class Source(Protocol):
    """A list of counterparties that can be pulled whole."""

    def describe(self) -> str:
        """Name the source for reports and messages, without secrets."""
        ...

    def pull(self, progress: Progress = no_progress) -> Iterator[Counterparty]:
        """Give every counterparty once, marked for deletion excluded.

        Raises SourceError, before or while iterating, when the list is not whole: what was given until then must not
        be used.
        """
        ...

    def check(self) -> Iterator[Finding]:
        """Try each part of the way to the list; a step that fails is a finding with its cure, not an error."""
        ...


def _odata(config: SourceConfig) -> Source:
    from astsync.sources.odata.source import ODataSource

    return ODataSource(config)


def _soap(config: SourceConfig) -> Source:
    from astsync.sources.soap import SoapSource

    return SoapSource(config)


def _http(config: SourceConfig) -> Source:
    from astsync.sources.http.source import HttpSource

    return HttpSource(config)


def _file(config: SourceConfig) -> Source:
    from astsync.sources.file.source import FileSource

    return FileSource(config)


KINDS: Mapping[str, Callable[[SourceConfig], Source]] = {
    "odata": _odata,
    "soap": _soap,
    "http": _http,
    "file": _file,
}
"""The kinds of ``source.kind``. Each imports its module when it is opened: libraries of other kinds stay unloaded."""


def open_source(config: SourceConfig) -> Source:
    """Open the source that the configuration names. Nothing is asked of it before ``pull``."""
    return KINDS[config.kind](config)
