"""Loads a WSDL, from the cache or from its server, and lets zeep read it.

It is fetched with the login of the calls, so from its own server alone; its size is bounded; and it is looked at before
zeep sees it, because zeep explains a login page badly.
"""

import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import zeep
from zeep.exceptions import Error as ZeepError

from astsync.config import SourceConfig
from astsync.errors import SourceBadAnswer, SourceBusy, SourceError, SourceFailure, SourceUnreachable
from astsync.language import counted, joined, say
from astsync.sources.formats.growing_xml import ForbiddenXml, Prolog, local
from astsync.sources.soap.refusals import PUBLISH, SOAP_RULES, address_of
from astsync.sources.soap.section import SoapConfig
from astsync.sources.soap.wsdl.cache import Documents, WsdlCache
from astsync.sources.soap.wsdl.mend import DEFINITIONS, add_missing_types, encode_namespaces, parse_xml
from astsync.sources.web.addresses import encode_address
from astsync.sources.web.client import WebClient
from astsync.sources.web.refusals import raise_hidden_error
from astsync.sources.web.retrying import Patience
from astsync.sources.web.server_words import body_text, page_words
from astsync.sources.web.stream import WebRequest
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

logger = logging.getLogger(__name__)

LARGEST_WSDL = 4 * 1024 * 1024
"""Bytes of the WSDL and all that it imports; that of a whole УТ 11 has less than one million. zeep takes up to 50 times
as much memory for the types in it."""

_MANY_DOCUMENTS = 64
_WHERE = say("the WSDL")
_PASSING = (SourceUnreachable, SourceBusy, SourceFailure)
_BROKEN = (
    ZeepError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
)
"""What zeep raises on a WSDL that is not one, or breaks its own promises."""
_WRITE = say("1C writes the WSDL itself: open the address in a browser, publish the infobase again.")


def wsdl_address(config: SourceConfig) -> str:
    """The address of the WSDL: the configured one, or that of the service of examples/1c."""
    return config.table(SoapConfig).wsdl or f"{config.url}/ws/astsync?wsdl"


def wsdl_key(config: SourceConfig) -> str:
    """The key of the configuration that holds the address of the WSDL."""
    return "source.soap.wsdl" if config.table(SoapConfig).wsdl else "source.url"


@dataclass(frozen=True, slots=True)
class Wsdl:
    """A WSDL that zeep has read. ``fresh``: it came from the server just now.

    ``renamed`` holds the namespaces that zeep knows by other names (``mend.encode_namespaces``), by those names.
    """

    client: zeep.Client
    fresh: bool
    renamed: Mapping[str, str] = field(default_factory=dict)


class WsdlLoader:
    """Loads the WSDL that the configuration names, from the cache file or from the server."""

    def __init__(self, config: SourceConfig, patience: Patience, cache: WsdlCache | None = None) -> None:
        self.address = wsdl_address(config)
        self._config = config
        self._patience = patience
        self._cache = cache or WsdlCache(self.address, config.user)
        self._seconds = config.table(SoapConfig).cache_hours * 3600

    def load(self, stopping: Stopping = NEVER) -> Wsdl:
        """Read the WSDL, from the cache if that is young enough. Raises SourceError.

        An older copy is used where the server fails for a passing reason. That is safe: an answer with an element that
        the copy does not know is refused. The server is asked only once then, for the copy is at hand.
        """
        kept = self._cache.read() if self._seconds else None
        if kept is None:
            return self.fetch(stopping)
        if kept.age < self._seconds:
            return self._readable(kept.documents) or self.fetch(stopping)
        try:
            return self.fetch(stopping, once=True)
        except _PASSING as error:
            wsdl = self._readable(kept.documents)
            if wsdl is None:
                raise
            logger.warning("%s; going on with the WSDL of %s ago", error.message, _ago(kept.age))
            return wsdl

    def fetch(self, stopping: Stopping = NEVER, *, once: bool = False) -> Wsdl:
        """Read the WSDL from the server and keep it; ``once``: without trying again. Raises SourceError."""
        documents: dict[str, bytes] = {}
        key = wsdl_key(self._config)
        patience = replace(self._patience, all_waits=0) if once else self._patience
        origin = origin_of(self.address)
        with address_of(key), WebClient(self._config, origin, patience, SOAP_RULES, stopping) as client:
            transport = Transport(self.address, documents, _fetcher(client))
            wsdl = load_with_zeep(self.address, transport, fresh=True)
        if self._seconds:
            self._cache.write(documents)
        return wsdl

    def forget(self) -> None:
        """Drop the cached copy: the service has changed."""
        self._cache.drop()

    def _readable(self, documents: Documents) -> Wsdl | None:
        """Read a kept WSDL; None for one that cannot be used."""
        try:
            return load_with_zeep(self.address, Transport(self.address, dict(documents), _nowhere), fresh=False)
        except SourceError:
            return None


Fetch = Callable[[str], bytes]


class Transport:
    """What zeep loads documents with: from those that are there already, else through our own HTTP client."""

    def __init__(self, address: str, documents: dict[str, bytes], fetch: Fetch) -> None:
        self._address = address
        self._documents = documents
        self._fetch = fetch
        self.renamed: dict[str, str] = {}

    def load(self, url: str) -> bytes:
        """Load a document. Raises SourceBadAnswer for one of another server: the login goes nowhere else."""
        if origin_of(url) != origin_of(self._address):
            raise SourceBadAnswer(
                say("the WSDL imports {address}, which is on another server", address=one_line(url)),
                hint=joined(" ", (_WRITE, say("Nothing was asked there."))),
            )
        if url not in self._documents:
            self._documents[url] = self._fetch(url)
            self._check_size()
        return self._checked(self._documents[url], wsdl=url == self._address)

    def _checked(self, content: bytes, *, wsdl: bool) -> bytes:
        """Check that a document is what it should be, and mend it for zeep. Raises SourceBadAnswer."""
        _refuse_pages(content)
        try:
            root = parse_xml(encode_namespaces(content, self.renamed))
        except ValueError as error:
            words = say("the WSDL is damaged XML: {why}", why=one_line(str(error)))
            raise SourceBadAnswer(words, hint=_WRITE) from None
        if wsdl and root.tag != DEFINITIONS:
            raise SourceBadAnswer(
                say("this is no WSDL but the document {name}", name=one_line(local(root.tag))),
                hint=joined(" ", (say("The address of a WSDL ends in ?wsdl."), PUBLISH)),
            )
        return add_missing_types(root)

    def _check_size(self) -> None:
        size = sum(map(len, self._documents.values()))
        if len(self._documents) > _MANY_DOCUMENTS or size > LARGEST_WSDL:
            words = counted(
                "the WSDL is too large: {count:,} document, {size:,} bytes",
                "the WSDL is too large: {count:,} documents, {size:,} bytes",
                len(self._documents),
                size=size,
            )
            raise SourceBadAnswer(words, hint=_WRITE)


def _fetcher(client: WebClient) -> Fetch:
    def attempt(url: str) -> bytes:
        content = bytearray()
        with client.open(WebRequest("", _WHERE, url=encode_address(url), headers={"Accept": "text/xml, */*"})) as body:
            for chunk in body:
                content += chunk
                if len(content) > LARGEST_WSDL:
                    words = say("the WSDL is too large: more than {limit:,} bytes", limit=LARGEST_WSDL)
                    raise SourceBadAnswer(words, hint=_WRITE)
        raise_hidden_error(bytes(content), _WHERE, first=SOAP_RULES)
        return bytes(content)

    return lambda url: client.retries.persist(lambda: attempt(url))


def _nowhere(url: str) -> bytes:
    raise SourceBadAnswer(say("the cached WSDL lacks {address}", address=one_line(url)))


def load_with_zeep(address: str, transport: Transport, *, fresh: bool) -> Wsdl:
    """Let zeep read a WSDL, without forgiving errors in it. Raises SourceError."""
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True)
    try:
        with warnings.catch_warnings(record=True) as told:  # they would be printed, with the WSDL's own words
            warnings.simplefilter("always")
            client = zeep.Client(address, transport=transport, settings=settings)
    except SourceError:
        raise
    except _BROKEN as error:
        raise SourceBadAnswer(say("the WSDL cannot be used: {why}", why=one_line(str(error))), hint=_WRITE) from None
    for warning in told:
        logger.info("the WSDL: %s", one_line(str(warning.message)))
    return Wsdl(client, fresh, transport.renamed)


def _refuse_pages(content: bytes) -> None:
    """Raise SourceBadAnswer for what is no XML, or has a document type."""
    text = body_text(content[:4096]).lstrip("\ufeff \t\r\n")
    if not text.startswith("<") or "<html" in text.lower():
        hint = joined(" ", (_WRITE, PUBLISH))
        if not text:
            raise SourceBadAnswer(say("the WSDL is empty"), hint=hint)
        raise SourceBadAnswer(say("the WSDL is not XML but a page: {words}", words=page_words(text)), hint=hint)
    try:
        Prolog().feed(content)
    except ForbiddenXml as error:
        raise SourceBadAnswer(say("the WSDL is refused: {why}", why=error.words), hint=_WRITE) from None


def origin_of(url: str) -> str:
    """The scheme, the host and the port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _ago(seconds: float) -> str:
    if seconds == float("inf"):
        return "an unknown time"
    return f"{seconds / 3600:.0f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"
