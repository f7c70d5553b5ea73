"""Where counterparties come from: the protocol of a source, the table of kinds, and the ways to ask for one number."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from astsync.config import KindConfig, ServeConfig, SourceConfig, config_with, source_with
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Progress, no_progress
from astsync.sources.file.section import FileConfig
from astsync.sources.http.section import HttpConfig
from astsync.sources.identified import LARGEST_IDENTIFIED, Identified, Identifier
from astsync.sources.identify_check import NOBODYS_NUMBER, check_identifier
from astsync.sources.late_identifier import LateIdentifier
from astsync.sources.odata.section import ODataConfig
from astsync.sources.soap.section import SoapConfig
from astsync.stopping import NEVER, Stopping

__all__ = [
    "CONFIG",
    "IDENTIFIERS",
    "KINDS",
    "LARGEST_IDENTIFIED",
    "NOBODYS_NUMBER",
    "SOURCE",
    "Identified",
    "Identifier",
    "Kind",
    "Source",
    "check_identifier",
    "kind_of",
    "open_identifier",
    "open_source",
]


class Source(Protocol):
    """A list of counterparties that can be pulled whole."""

    def describe(self) -> str:
        """The name of the source in reports and messages, without secrets."""
        ...

    def pull(self, progress: Progress = no_progress, stopping: Stopping = NEVER) -> Iterator[Counterparty]:
        """Yield every counterparty once, without those that are marked for deletion.

        Nothing is waited for longer than ``stopping`` allows: where it ends a wait, that is a SourceUnreachable.

        Raises SourceError, before or while iterating, when the list is not whole. What was yielded until then must not
        be used.
        """
        ...

    def check(self, stopping: Stopping = NEVER) -> Iterator[Finding]:
        """Try each step on the way to the list. A step that fails is a finding with its cure, not an error.

        As in ``pull``, nothing is waited for longer than ``stopping`` allows.
        """
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source.

    ``name`` is the value of ``source.kind`` and the name of the kind's section in ``[source]``. ``open`` makes the
    source. It imports the modules of its kind itself, so that the libraries of other kinds are not loaded.
    ``repeatable`` says whether the source can be pulled again and again, as ``watch`` does. ``fingerprint`` names the
    bytes of the whole list where they can be had without reading what they say, else it is "".
    """

    name: str
    section: type[KindConfig]
    open: Callable[[SourceConfig], Source]
    repeatable: Callable[[SourceConfig], bool] = lambda _config: True
    fingerprint: Callable[[SourceConfig, Stopping], str] = lambda _config, _stopping: ""


def _odata(config: SourceConfig) -> Source:
    from astsync.sources.odata.source import ODataSource

    return ODataSource(config)


def _soap(config: SourceConfig) -> Source:
    from astsync.sources.soap.source import SoapSource

    return SoapSource(config)


def _http(config: SourceConfig) -> Source:
    from astsync.sources.http.source import HttpSource

    return HttpSource(config)


def _file(config: SourceConfig) -> Source:
    from astsync.sources.file.source import FileSource

    return FileSource(config)


def _fingerprint_of_file(config: SourceConfig, stopping: Stopping) -> str:
    from astsync.sources.file.fingerprint import fingerprint

    return fingerprint(config.table(FileConfig).path, stopping)


KINDS = (
    Kind("odata", ODataConfig, _odata),
    Kind("soap", SoapConfig, _soap),
    Kind("http", HttpConfig, _http),
    Kind(
        "file",
        FileConfig,
        _file,
        repeatable=lambda config: not config.table(FileConfig).once,
        fingerprint=_fingerprint_of_file,
    ),
)
"""Every kind of source. A new kind is one row here, and a folder."""

SOURCE = source_with({kind.name: kind.section for kind in KINDS})
"""The section ``[source]``, with the sections of all kinds."""

CONFIG = config_with(SOURCE)
"""The whole configuration."""


def kind_of(config: SourceConfig) -> Kind:
    """The kind of source that the configuration names."""
    return next(kind for kind in KINDS if kind.name == config.kind)


def open_source(config: SourceConfig) -> Source:
    """Open the source that the configuration names. Nothing is asked of it before ``pull``."""
    return kind_of(config).open(config)


def _soap_identifier(source: SourceConfig, serve: ServeConfig) -> Identifier:
    from astsync.sources.soap.identify import SoapIdentifier

    return SoapIdentifier(source, serve.soap)


def _http_identifier(source: SourceConfig, serve: ServeConfig) -> Identifier:
    from astsync.sources.http.identify import HttpIdentifier

    return HttpIdentifier(source, serve.service)


def _odata_identifier(source: SourceConfig, _serve: ServeConfig) -> Identifier:
    from astsync.sources.odata.identify import ODataIdentifier

    return ODataIdentifier(source)


IDENTIFIERS: Mapping[str, Callable[[SourceConfig, ServeConfig], Identifier]] = {
    "soap": _soap_identifier,
    "http": _http_identifier,
    "odata": _odata_identifier,
}
"""The ways to ask 1C for one number, by the values of ``serve.online``. Like kinds they import their modules late."""


def open_identifier(source: SourceConfig, serve: ServeConfig) -> Identifier | None:
    """Open the way to ask 1C for one number that ``serve.online`` names. Nothing is asked before ``identify``.

    None where ``serve.online`` is empty, or where the configuration names no address that could be asked, as with a
    list in a file. Raises ConfigError where a file that the way needs cannot be read.
    """
    opened = IDENTIFIERS.get(serve.online)
    wsdl = serve.online == "soap" and (serve.soap.wsdl or source.table(SoapConfig).wsdl)
    if opened is None or not (source.url or wsdl):
        return None
    return LateIdentifier(source, partial(opened, source, serve))
