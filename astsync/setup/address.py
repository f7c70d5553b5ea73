"""From whatever a person pastes to the address of a publication: from a browser, the thin client, a WSDL. Or a file."""

import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import TypeAdapter, ValidationError

from astsync.config.fault_words import value_words
from astsync.config.value_types import WebAddress
from astsync.errors import ConfigError
from astsync.files import looked_at
from astsync.language import about, say
from astsync.sources.web.addresses import LANGUAGE_PART
from astsync.text import printable

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://")
_ODATA = re.compile(r"/odata(/.*)?$", re.IGNORECASE)
_WEB_SERVICE = re.compile(r"/ws/(?P<name>[^/]+)/*$", re.IGNORECASE)
_HTTP_SERVICE = re.compile(r"/(?P<name>hs/.+?)/*$", re.IGNORECASE)
_CLIENT = re.compile(r"/e1cib(/.*)?$", re.IGNORECASE)
_PAGE = re.compile(r"/(index|default)\.(html?|aspx?|php)$", re.IGNORECASE)
_FILE = re.compile(r"(file://)?[~/.]|.*\.(csv|tsv|txt|xlsx|json|jsonl|ndjson|xml|vcf)$", re.IGNORECASE)
_WANTED = say("Write an address such as http://1c.example.local/trade: as in the browser that opens 1C, without /ru.")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the source is. ``url`` is the publication's address.

    ``kind`` follows from the rest of the pasted address. ``wsdl`` is a WSDL's whole address, ``service`` the path of an
    HTTP service below ``url``, ``file`` the whole path of a file. ``notes`` say to the person who pasted it what was
    changed and why.
    """

    kind: Literal["odata", "soap", "http", "file"]
    url: str
    wsdl: str = ""
    service: str = ""
    notes: tuple[str, ...] = ()
    file: Path = Path()

    @property
    def shown(self) -> str:
        """The address as a person sees it. It is also the proposal when the address is asked for again."""
        return str(self.file) if self.kind == "file" else self.wsdl or self.url


def clean_address(text: str) -> Address:
    """Find out the address of a publication, or the path of a file. Raises ConfigError for what is neither."""
    notes: list[str] = []
    text = text.strip().strip("<>\"'«»").strip()
    if _FILE.match(text) and (text.startswith("file://") or not _SCHEME.match(text)):
        return _file(unquote(text[7:]) if text.startswith("file://") else text)
    parts = _split(text, notes)
    path, query = parts.path, parts.query
    service = _HTTP_SERVICE.search(path)
    wsdl = _WEB_SERVICE.search(path)
    if wsdl is not None:
        url = _checked(parts, path[: wsdl.start()])
        notes.append(say("this is the web service {name}", name=unquote(wsdl["name"])))
        return Address("soap", url, wsdl=f"{url}/ws/{wsdl['name']}?{query or 'wsdl'}", notes=tuple(notes))
    if service is not None:
        notes.append(say("this is the HTTP service {name}", name=unquote(service["name"])))
        _drop_query(query, notes)
        url = _checked(parts, path[: service.start()])
        return Address("http", url, service=unquote(service["name"]), notes=tuple(notes))
    _drop_query(query, notes)
    return Address("odata", _checked(parts, _publication(path, notes)), notes=tuple(notes))


def _file(text: str) -> Address:
    with suppress(RuntimeError):  # ~ of a user that the system does not know
        text = str(Path(text).expanduser())
    # Links are not followed: an export may put each new file behind the same link.
    file = Path(text).absolute()
    try:
        found = looked_at(file)
    except OSError as error:
        hint = say("Name a file that this user may read, in folders that it may enter.")
        words = say("cannot look at {file}: {why}", file=printable(str(file)), why=error.strerror)
        raise ConfigError(words, hint=hint) from None
    if found is None or not stat.S_ISREG(found.st_mode):
        hint = say(
            "Name a file that is there: CSV, XLSX, JSON, XML or vCard. Before a web address write http:// or https://."
        )
        raise ConfigError(say("there is no file {file}", file=printable(str(file))), hint=hint)
    return Address("file", "", notes=(say("this is a file, which every run reads anew"),), file=file)


def _split(text: str, notes: list[str]) -> SplitResult:
    """Split an address. The login in it and what follows ``#`` are left out."""
    if not _SCHEME.match(text):
        text = f"http://{text}"
        notes.append(say("http:// was put before it"))
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ConfigError(say("{text} is no address", text=printable(text)), hint=_WANTED) from None
    if "@" in parts.netloc:
        parts = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        notes.append(say("the login in it was left out: it is asked for on its own"))
    if parts.fragment:
        notes.append(say("what follows # was left out: it is a place inside 1C"))
    return parts._replace(fragment="")


def _publication(path: str, notes: list[str]) -> str:
    """Cut the part of the path that leads to a place inside 1C; what is left is the publication."""
    for pattern, why in (
        (_ODATA, say("astsync adds it itself")),
        (_CLIENT, say("it is a place inside 1C")),
        (_PAGE, say("a browser adds it")),
        (LANGUAGE_PART, say("a browser adds the language")),
    ):
        match = pattern.search(path.rstrip("/"))
        if match is not None and match.start() > 0:
            notes.append(say("{part} was left out: {why}", part=printable(unquote(match[0])), why=why))
            path = path[: match.start()]
    return path


def _drop_query(query: str, notes: list[str]) -> None:
    if query:
        notes.append(say("what follows ? was left out"))


def _checked(parts: SplitResult, path: str) -> str:
    """The publication's address, checked as the configuration checks it. Raises ConfigError."""
    url = parts._replace(path=path, query="").geturl()
    try:
        return TypeAdapter(WebAddress).validate_python(unquote_path(url))
    except ValidationError as error:
        raise ConfigError(about(printable(url), value_words(error.errors()[0])), hint=_WANTED) from None


def unquote_path(url: str) -> str:
    """Decode Cyrillic letters that a browser has percent-encoded, so that a person can read the address."""
    try:
        parts = urlsplit(url)
    except ValueError:  # what was put together of parts may be no address any more
        return url
    path = unquote(parts.path)
    readable = path.isprintable() and not set(" %?#") & set(path) and "\ufffd" not in path
    return parts._replace(path=path).geturl() if readable else url
