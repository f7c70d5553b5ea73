"""The questions of ``init`` about the source: where it is, the login, what to read there."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from astsync.cli.asking import Asker, InputEnded
from astsync.cli.findings import failures, waiting
from astsync.config import FieldsConfig, SourceConfig
from astsync.config.configuration import RunConfig
from astsync.errors import AstsyncError, ConfigError, SourceError, SourceLoginError, SourceNotFound
from astsync.language import about, counted, say
from astsync.phonebook.model import Counterparty
from astsync.setup.address import Address, clean_address
from astsync.setup.typed_values import checked
from astsync.sources import SOURCE, open_source
from astsync.sources.odata.proposals import PERSONS, USUAL, Offer, Publication, open_publication, proposal
from astsync.sources.odata.section import ODataConfig
from astsync.stopping import Stopping
from astsync.text import one_of

_MENDS = {
    "a": say("another address"),
    "l": say("another login or password"),
    "r": say("try again"),
    "q": say("give up; nothing is written"),
}
_WEB_SERVICE = {"w": say("read a web service (SOAP) instead of OData")}
_FIELDS = {"f": say("name the fields"), "g": say("go on as it is")}
_CHECKED = {"o": say("another operation"), **_FIELDS}
_OF_A_FILE = {key: words for key, words in _MENDS.items() if key != "l"} | _FIELDS
_PERSON = "{owner}: {name}"


@dataclass
class SourceGiven:
    """The answers that options and the environment gave. What is None is asked for."""

    url: str | None = None
    wsdl: str | None = None
    operation: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    catalogs: tuple[str, ...] = ()
    name_field: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


class SourceDialogue:
    """Asks for a source and tries it, until it can be read or the person goes on with it as it is."""

    def __init__(self, asker: Asker, given: SourceGiven) -> None:
        self._asker, self._given = asker, given
        self._address = Address("odata", "")

    def run(self) -> SourceConfig:
        """Ask, try, correct. Raises SourceError or ConfigError when the person gives up."""
        self._ask_address(self._given.wsdl or self._given.url)
        while True:
            try:
                return self._settled()
            except (SourceError, ConfigError) as error:
                self._mend(error)

    def choose_again(self) -> SourceConfig:
        """Ask again what to read from a source that can be reached."""
        self._given.catalogs, self._given.name_field = (), None
        if self._address.kind != "odata":
            self._ask_fields()
        return self._settled()

    def few(self, config: SourceConfig) -> Iterator[Counterparty]:
        """Some counterparties for a preview. OData is asked by few small requests. Raises SourceError."""
        if config.kind == "odata":
            with open_publication(config) as publication:
                yield from publication.first_counterparties(config.table(ODataConfig).catalogs)
        else:
            yield from open_source(config).pull(stopping=_in_time())

    # Where it is.

    def _ask_address(self, given: str | None) -> None:
        answers = iter([given] if given else [])
        self._address = self._asker.checked(lambda: next(answers, None) or self._address_line(), clean_address)
        for note in self._address.notes:
            self._asker.show("  (" + note + ")")
        self._asker.show(f"  {self._address.shown}")
        if self._address.kind != "file":
            self._ask_login()

    def _address_line(self) -> str:
        question = say("Address of 1C's publication, as in the browser; or a file (CSV, XLSX, JSON, XML, vCard)")
        return self._asker.line(question, default=self._address.shown or None, option="--url")

    def _ask_login(self) -> None:
        given = self._given
        if given.user is None:
            given.user = self._asker.line(say("1C user"), default="" if self._asker.yes else None, empty=True)
        if given.user and given.password is None and given.password_file is None:
            given.password = SecretStr(
                self._asker.hidden(say("Password"), option=one_of(("--password-file", "--password-stdin")), empty=True)
            )

    # What is read there.

    def config(self, **more: Any) -> SourceConfig:
        """Make the section from what is known so far. Raises ConfigError."""
        given, address = self._given, self._address
        if address.kind == "file":
            return checked(SOURCE, {"kind": "file", **more})
        values: dict[str, Any] = {"kind": address.kind, "url": address.url, "user": given.user or "", **more}
        if given.password_file is not None:
            values["password_file"] = given.password_file
        elif given.password is not None:
            values["password"] = given.password
        return checked(SOURCE, values)

    def _settled(self) -> SourceConfig:
        return self._settled_odata() if self._address.kind == "odata" else self._settled_other()

    def _settled_odata(self) -> SourceConfig:
        with ExitStack() as stack:
            with waiting(say("asking 1C what it publishes")):
                publication = stack.enter_context(open_publication(self.config()))
            self._welcome(publication)
            return self.config(odata=self._chosen(publication))

    def _welcome(self, publication: Publication) -> None:
        """Show what 1C publishes. Where 1C does not list it, the catalogs are asked for by name. Raises SourceError."""
        if publication.published:
            count = len(publication.published)
            words = counted("1C publishes {count:,} set by OData", "1C publishes {count:,} sets by OData", count)
            self._asker.show("✓ " + words)
            return
        with waiting(say("asking 1C for its catalogs")):
            publication.find(self._given.catalogs or USUAL)
        self._asker.show("– " + say("1C does not show what it publishes; its catalogs were asked themselves"))

    def _chosen(self, publication: Publication) -> dict[str, Any]:
        with waiting(say("counting phones")):
            offers = publication.offers()
        catalogs = self._catalogs(offers)
        chosen: dict[str, Any] = {"catalogs": catalogs, "name_field": self._name_field(publication, catalogs)}
        chosen |= self._phone_fields(publication, catalogs)
        persons = [name for name in catalogs if name in PERSONS]
        question = say(
            "Put the firm before the persons of {catalogs}, as {template}?",
            catalogs=", ".join(persons),
            template=_PERSON,
        )
        if persons and self._asker.sure(question):
            chosen["templates"] = dict.fromkeys(persons, _PERSON)
        return chosen

    def _catalogs(self, offers: Sequence[Offer]) -> tuple[str, ...]:
        if self._given.catalogs:
            return self._given.catalogs
        for number, offer in enumerate(offers, 1):
            line = f"  {number}  {offer.name}"
            if offer.phones is not None:
                line += "  " + counted("{count:,} phone", "{count:,} phones", offer.phones)
            self._asker.show(line)
        default = ", ".join(proposal(offers))

        def ask() -> str:
            return self._asker.line(say("Catalogs, by number or name, the first wins a conflict"), default=default)

        chosen = self._asker.checked(ask, lambda text: ",".join(_picked(text, offers)))
        return tuple(chosen.split(","))

    def _phone_fields(self, publication: Publication, catalogs: Sequence[str]) -> dict[str, Any]:
        """Propose to read phones from the catalogs' own fields, where the contact information holds none."""
        with waiting(say("looking for phones in the catalogs' own fields")):
            fields = publication.phone_fields(catalogs)
        question = say("Read phones from the catalog's own fields {fields}?", fields=", ".join(fields))
        if not fields or not self._asker.sure(question):
            return {}
        return {"phone_fields": fields}

    def _name_field(self, publication: Publication, catalogs: Sequence[str]) -> str:
        """Ask for the field with the name, one that all the catalogs have."""
        if self._given.name_field is not None:
            return self._given.name_field
        fields, *others = [publication.name_fields(catalog) for catalog in catalogs]
        fields = {name: text for name, text in fields.items() if all(name in other for other in others)}
        if len(fields) < 2:
            return next(iter(fields), "Description")
        for name, example in fields.items():
            self._asker.show(f"  {name}: {example[:70]}")
        return self._asker.checked(
            lambda: self._asker.line(say("Field with the name"), default=next(iter(fields))),
            lambda text: _one_of(text, fields),
        )

    def _settled_other(self) -> SourceConfig:
        """Try a web service, an HTTP service or a file, until it is right or the person goes on with it as it is."""
        while True:
            config = self.config(**self._service())
            bad = failures(open_source(config).check(_in_time()), say("the source"))
            if not bad:
                return config
            error = SourceError(about(bad[-1].part, bad[-1].words), hint=bad[-1].hint)
            if self._asker.yes:
                raise error
            choices = _OF_A_FILE if config.kind == "file" else {**_MENDS, **_CHECKED}
            choice = self._asker.choose(say("What now?"), choices, "r")
            if choice == "g":
                return config
            self._change(choice, error)

    def _service(self) -> dict[str, Any]:
        address, given = self._address, self._given
        fields = {"fields": given.fields} if given.fields else {}
        if address.kind == "file":
            return {"file": {"path": address.file, **fields}}
        if address.kind == "http":
            return {"http": {"service": address.service, **fields}}
        operation = {"operation": given.operation} if given.operation else {}
        return {"soap": {"wsdl": address.wsdl, **operation, **fields}}

    # Mending.

    def _mend(self, error: AstsyncError) -> None:
        """Let the person correct what failed. Raises the error when the person gives up."""
        if self._address.kind == "odata" and isinstance(error, SourceNotFound) and self._finds_service(error):
            return
        if self._asker.yes or isinstance(error, InputEnded):
            raise error
        self._asker.complain(error)
        choices = {**_MENDS, **(_WEB_SERVICE if self._address.kind == "odata" else {})}
        default = "l" if isinstance(error, SourceLoginError) else "a"
        self._change(self._asker.choose(say("What now?"), choices, default), error)

    def _change(self, choice: str, error: AstsyncError) -> None:
        if choice == "q":
            raise error
        if choice == "a":
            self._ask_address(None)
        elif choice == "l":
            self._given.user = self._given.password = self._given.password_file = None
            self._ask_login()
        elif choice == "w":
            self._ask_wsdl()
        elif choice == "o":
            self._ask_operation()
        elif choice == "f":
            self._ask_fields()

    def _ask_wsdl(self) -> None:
        default = f"{self._address.url}/ws/astsync?wsdl"
        self._ask_address(self._asker.line(say("Address of the WSDL"), default=default))
        self._ask_operation()

    def _ask_operation(self) -> None:
        default = self._given.operation or "GetCounterparties"
        self._given.operation = self._asker.line(say("Operation"), default=default)

    def _ask_fields(self) -> None:
        """Ask for fields. Only those that differ from the proposal are written: the others stay to be found out."""
        known = checked(FieldsConfig, self._given.fields)
        phones = self._asker.line(say("Fields with phones, with commas between"), default=", ".join(known.phones))
        named = {
            "name": self._asker.line(say("Field with the name"), default=known.name),
            "phones": tuple(part.strip() for part in phones.split(",") if part.strip()),
            "ref": self._asker.line(say("Field with the reference"), default=known.ref, empty=True),
        }
        self._given.fields |= {key: value for key, value in named.items() if value != getattr(known, key)}

    def _finds_service(self, error: AstsyncError) -> bool:
        """Look for the web service of examples/1c where OData is not published, and propose it. True: it was taken."""
        address = Address("soap", self._address.url)
        config = self.config(kind="soap")
        with waiting(say("looking for the web service astsync")):
            good = all(finding.good is not False for finding in open_source(config).check(_in_time()))
        if not good:
            return False
        self._asker.complain(error)
        if not self._asker.sure(say("But the web service astsync is there. Read it instead?")):
            return False
        self._address = address
        return True


def _in_time() -> Stopping:
    """Make the end of a try: it may last as long as a run, which has the usual time, for nobody has written another."""
    return Stopping(RunConfig().max_minutes * 60)


def _picked(text: str, offers: Sequence[Offer]) -> list[str]:
    """The names of catalogs that were typed by number or by name. Raises ConfigError for an unknown one."""
    known = {offer.name.casefold(): offer.name for offer in offers}
    numbered = {str(number): offer.name for number, offer in enumerate(offers, 1)}
    picked: dict[str, None] = {}
    for word in filter(None, (word.strip().removeprefix("Catalog_") for word in text.split(","))):
        name = numbered.get(word) or known.get(word.casefold())
        if offers and name is None:
            words = say("{word} is not among them", word=word)
            raise ConfigError(words, hint=say("Type numbers or names, with commas between."))
        picked[name or word] = None
    if not picked:
        raise ConfigError(say("name at least one catalog"))
    return list(picked)


def _one_of(text: str, fields: dict[str, str]) -> str:
    found = {name.casefold(): name for name in fields}.get(text.casefold())
    if found is None:
        hint = say("Type one of {names}.", names=", ".join(fields))
        raise ConfigError(say("there is no field {name}", name=text), hint=hint)
    return found
