"""What sources say can be told in another language: every sentence of their errors and checks, with its data.

The language of these tests has no words at all: of each message of the catalogue it leaves only the data. So an English
word that is still there was lost on its way: somebody made a plain text of a message.
"""

import ast
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError
from requests import exceptions
from urllib3 import exceptions as below

from astsync import language, sources
from astsync import text as texts
from astsync.config import SourceConfig
from astsync.errors import AstsyncError, ConfigError, SourceError, SourceQueryError
from astsync.finding import Finding
from astsync.language import Message, spoken, using
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources.check import counterparty_finding, error_finding
from astsync.sources.identified import Identified
from astsync.sources.identify_check import check_identifier
from astsync.sources.odata.candidates import CandidateSearch
from astsync.sources.odata.contacts import SearchPlace
from astsync.sources.odata.identify import ODataIdentifier
from astsync.sources.odata.pages import ODataPages
from astsync.sources.odata.published import (
    explain_query,
    filter_refused,
    no_contacts,
    no_phone_field,
    no_text,
)
from astsync.sources.odata.section import ODataConfig
from astsync.sources.onec.contact_rows import read_row
from astsync.sources.onec.phone_texts import gather
from astsync.sources.onec.rows import column, ref_key, row_key
from astsync.sources.web import clock, stream, transport
from astsync.sources.web.addresses import address_hint
from astsync.sources.web.certificate import authorities, certificate_finding
from astsync.sources.web.client import LARGEST_BODY, WebClient
from astsync.sources.web.clock import AnswerClock
from astsync.sources.web.network import connection_error
from astsync.sources.web.refusals import RULES, SURE, RefusalRule, error_of
from astsync.sources.web.server_words import ServerWords, page_words
from astsync.sources.web.stream import WebRequest
from astsync.stopping import NEVER, Stopping
from tests.certificates import DAY, Made, make
from tests.configs import source_config
from tests.unit.odata_source import pull, source
from tests.unit.stub_1c import (
    CATALOG,
    CONTACT_SET,
    GUID,
    QUICK,
    Asked,
    Base,
    Reply,
    Server,
    as_json,
    contact,
    odata_error,
    owner,
)

SOURCES = Path(sources.__file__).parent
HOST = "1c.invalid"
KINDS_SET = "Catalog_ВидыКонтактнойИнформации"
REGISTER = "InformationRegister_КонтактнаяИнформация"
PERSONS = "Catalog_Лица"
ROW = {"Ref_Key": GUID.format(1), "Description": "МИКО", "Телефон": "1", "ИНН": "2"}

_ENGLISH = re.compile(r"\b(a|and|are|at|by|for|has|in|is|it|its|no|not|of|or|that|the|to|was|which)\b", re.IGNORECASE)
_FOREIGN = re.compile(r"/[^\s›]+|No such file or directory")  # paths, and words of the system


@cache
def templates() -> frozenset[str]:
    """The messages of the code: what ``say`` and ``counted`` are given."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in (*SOURCES.rglob("*.py"), Path(texts.__file__)))
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    said = [arg for call in calls if getattr(call.func, "id", "") in {"say", "counted"} for arg in call.args[:2]]
    return frozenset(arg.value for arg in said if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


class Wordless:
    """A catalogue that has nothing but the fields of each message."""

    def gettext(self, template: str) -> str:
        if template not in templates():
            return template
        parts = Formatter().parse(template)
        return "".join(f"‹{{{name}:{form}}}›" if form else f"‹{{{name}}}›" for _, name, form, _ in parts if name)

    def ngettext(self, one: str, many: str, count: int) -> str:
        return self.gettext(one if count == 1 else many)


@pytest.fixture(autouse=True)
def _wordless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_catalogue", lambda _language: Wordless())


def left(text: str) -> str:
    """What is still English where a text is told in the language without words."""
    with using("ru"):
        return _FOREIGN.sub("", spoken(text))


def whole(*every: str) -> None:
    """Hold that each text is empty, or a message whose words can all be told in another language."""
    for text in filter(None, every):
        assert isinstance(text, Message), text
        assert not _ENGLISH.search(left(text)), (text, left(text))


def told(error: AstsyncError) -> str:
    """Hold the same of an error; its text in English."""
    whole(error.message, error.hint)
    return str(error)


def found(findings: Iterator[Finding]) -> list[Finding]:
    """Hold the same of findings. A part may be a key of the configuration, which has no language."""
    every = list(findings)
    for one in every:
        whole(one.words, one.hint)
        assert isinstance(one.part, Message) or one.part.isidentifier()
    return every


def test_a_lost_template_is_noticed() -> None:
    whole(error_of(503, ServerWords("empty", ""), "Catalog_Банки").message)
    with pytest.raises(AssertionError):
        whole("the list is not there")
    with pytest.raises(AssertionError):
        whole(language.say("{what}", what=f"the list is {language.say('empty')}"))


# --- the web


@pytest.mark.parametrize("rule", [*SURE, *RULES], ids=lambda rule: str(rule.what)[:40])
@pytest.mark.parametrize("words", [ServerWords("empty", ""), ServerWords("odata", "Ошибка", 20)], ids=["bare", "said"])
def test_what_refusals_mean(rule: RefusalRule, words: ServerWords) -> None:
    always = replace(rule, fits=lambda _status, _words: True)
    assert f"(HTTP 418{', code 20): Ошибка' if words.text else ')'}" in told(
        error_of(418, words, "Catalog_Банки", first=[always])
    )


TLS_WORDS = (
    "certificate has expired",
    "CERTIFICATE_VERIFY_FAILED",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    "ALERT_UNKNOWN_CA",
    "UNSUPPORTED_PROTOCOL",
    "WRONG_VERSION_NUMBER",
    "HANDSHAKE_FAILURE",
    "?",
)
BROKEN = (
    *(exceptions.SSLError(words) for words in TLS_WORDS),
    exceptions.InvalidURL("?"),
    exceptions.ConnectTimeout("?"),
    exceptions.ReadTimeout("?"),
    exceptions.ChunkedEncodingError("?"),
    exceptions.ContentDecodingError("?"),
    exceptions.ConnectionError("[SSL] ?"),
    exceptions.ConnectionError("NameResolutionError"),
    exceptions.ConnectionError("NewConnectionError"),
    exceptions.ConnectionError("?"),
    below.HTTPError("?"),
    ssl.SSLError("?"),
)


@pytest.mark.parametrize("error", BROKEN, ids=repr)
@pytest.mark.parametrize("reached", [False, True])
def test_connections_that_fail(error: Exception, reached: bool) -> None:
    assert HOST in told(connection_error(error, HOST, 5, reached=reached))


def endless(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(clock, name, 1000)
    AnswerClock(HOST, 5).arrived(1001)


def over(_monkeypatch: pytest.MonkeyPatch) -> None:
    stopping = Stopping()
    stopping.set()
    AnswerClock(HOST, 5, stopping).left()


def silent(_monkeypatch: pytest.MonkeyPatch) -> None:
    AnswerClock(HOST, 0).left()


def dripping(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = AnswerClock(HOST, 0)
    slow.arrived(1)
    slow.left()


def unresolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "addresses_of", raising(TimeoutError()))
    transport._resolved(HOST, 80, 0)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_args: object, **_more: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    "fault",
    [
        lambda patch: endless(patch, "LARGEST_STREAM"),
        lambda patch: endless(patch, "LARGEST_GAP"),
        over,
        silent,
        dripping,
        unresolved,
    ],
)
def test_waits_that_end(fault: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError) as caught:
        fault(monkeypatch)
    assert HOST in told(caught.value)


@pytest.mark.server
def test_a_handshake_that_does_not_end() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        config = source_config(url=f"https://127.0.0.1:{mute.getsockname()[1]}", timeout=0.2)
        with pytest.raises(SourceError) as caught, WebClient(config, config.url, QUICK) as client:
            client.ask_once("", {}, "Catalog_Банки")
    assert "handshake" in told(caught.value)


def page(text: str = "<html><title>Вход</title></html>") -> Reply:
    return Reply(text.encode())


@pytest.mark.server
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(status=302, headers={"Location": "http://[x"}), "nowhere"),
        (Reply(status=302, headers={"Location": "https://127.0.0.1/trade"}), "redirect to"),
        (Reply(status=401), "refused the login"),
        (Reply(status=401, headers={"WWW-Authenticate": "Negotiate"}), "refused the login"),
        (Reply(), "is empty"),
        (page(), "not JSON but a page: Вход"),
        (page("<html></html>"), "not JSON but a page"),
        (Reply(b'{"value": ['), "damaged JSON"),
        (Reply(b"<feed xmlns='http://www.w3.org/2005/Atom'><entry></feed>"), "damaged XML"),
        (page("<x xmlns='http://www.w3.org/2007/app'/>"), "Atom"),
        (as_json({"value": 5}), "no list"),
        (Reply(b"[" * 2_000_000), "too many values"),
        (Reply(b" " * (LARGEST_BODY + 1)), "too large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answers_that_are_no_list(server: Server, reply: Reply, words: str) -> None:
    server.answer = lambda _asked: reply
    with pytest.raises(SourceError) as caught:
        pull(server)
    assert words in told(caught.value)


@pytest.mark.server
def test_answers_without_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer = lambda _asked: Reply(b"x" * 100_000)
    monkeypatch.setattr(stream, "LARGEST_STREAM", 50_000)
    request = WebRequest("", "Catalog_Банки")
    with WebClient(server.config(), server.url, QUICK) as client:
        with pytest.raises(SourceError) as small:
            client.ask_small(request, 1000)
        with pytest.raises(SourceError) as large:
            client.open(request)
    assert "more than 1,000 bytes" in told(small.value)
    assert "more than 50,000 bytes" in told(large.value)


def test_authorities_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/absent")
    with pytest.raises(ConfigError) as caught:
        authorities()
    assert "/absent" in told(caught.value)


def test_small_words() -> None:
    whole(address_hint("http://h/base/ru_RU"), page_words(""))
    assert address_hint("http://h/base") == ""


# --- the client certificate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    one, other = make(folder, "one"), make(folder, "other")
    certificate, key = one.crt.read_bytes(), key_of(one)
    for name, content in {
        "both": key + certificate,
        "certificate": certificate,
        "other": key_of(other),
        "locked": b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "pfx": b"0\x82",
        "empty": b"",
        "damaged": key[:300] + certificate[:300] + key[-50:],
        "password": b"x",
    }.items():
        (folder / name).write_bytes(content)
    return folder


def key_of(made: Made) -> bytes:
    text = made.pem.read_bytes()
    return text[text.index(b"-----BEGIN") : text.index(b"PRIVATE KEY-----", text.index(b"-----END")) + 17]


def certificates(folder: Path, names: str) -> SourceConfig:
    keys = ("client_cert", "client_key", "client_key_password_file")
    given = {key: folder / name for key, name in zip(keys, names.split(), strict=False)}
    return source_config(url="https://1c.invalid/", **given)


@pytest.mark.parametrize(
    "names",
    [
        "absent",
        "empty",
        "pfx",
        "certificate",
        "certificate pfx",
        "certificate other",
        "certificate locked",
        "certificate locked password",
        "damaged",
    ],
)
def test_certificates_that_cannot_be_used(folder: Path, names: str) -> None:
    with pytest.raises(ConfigError) as caught:
        certificate_finding(certificates(folder, names))
    assert str(folder) in told(caught.value)


def test_the_days_of_a_certificate(folder: Path) -> None:
    now = datetime.now(UTC)
    times = (now, now + 340 * DAY, now + 400 * DAY, now - timedelta(days=30))
    every = [certificate_finding(certificates(folder, "both"), at) for at in times]
    assert [one.good for one in found(iter(every))] == [True, None, False, False]


# --- OData


@dataclass
class Case:
    """Something that is wrong with a base, and the words for it. ``odata`` is the configuration."""

    words: str
    change: Callable[[Base], object] = lambda _base: None
    odata: dict[str, Any] = field(default_factory=dict)


def refusing(reply: Reply, *names: str) -> Callable[[Base], object]:
    """Let requests whose path ends so be answered so."""

    def change(base: Base) -> None:
        base.before = lambda asked: reply if asked.path.endswith(names) else None

    return change


def sets(**changed: list[dict[str, Any]] | None) -> Callable[[Base], object]:
    """Change sets of the base; None takes one away."""

    def change(base: Base) -> None:
        for name, rows in changed.items():
            if rows is None:
                del base.sets[name]
            else:
                base.sets[name] = rows

    return change


def losing(base: Base) -> None:
    """Count a row more of the catalog than there are."""

    def answer(asked: Asked) -> Reply | None:
        counted = asked.path.endswith(f"{CATALOG}/$count")
        return Reply(b"4") if counted else None

    base.before = answer


def ignoring_skip(base: Base) -> None:
    def answer(asked: Asked) -> Reply | None:
        if asked.path.endswith(CATALOG) and "$skip" in asked.options:
            return as_json({"value": base.sets[CATALOG][:2]})
        return None

    base.before = answer


def moving(base: Base) -> None:
    """Give other rows on each page of the catalog."""
    numbers = iter(range(10, 10_000))

    def answer(asked: Asked) -> Reply | None:
        if asked.path.endswith(CATALOG) and "$skip" in asked.options:
            return as_json({"value": [owner(next(numbers), "А"), owner(next(numbers), "Б")]})
        return None

    base.before = answer


def entry(**more: Any) -> dict[str, Any]:
    row = {"Объект": GUID.format(1), "Объект_Type": "StandardODATA.Catalog_Контрагенты", "Тип": "Телефон", "Вид": "Р"}
    return {**row, "Вид_Type": "Edm.String", "Представление": "1", **more}


OWNED = {"catalogs": ["Лица"], "templates": {"Лица": "{owner}: {name}"}}
PERSONS_SECTION = f"{PERSONS}_КонтактнаяИнформация"


def with_persons(**link: Any) -> Callable[[Base], object]:
    return sets(**{PERSONS: [owner(5, "Анна", **link)], PERSONS_SECTION: [contact(5, "1")]})


def inside(value: object) -> Callable[[Base], object]:
    return sets(**{CATALOG: [owner(1, "А", КонтактнаяИнформация=value)], CONTACT_SET: None})


FAULTS = (
    Case("nothing is published", lambda base: base.sets.clear()),
    Case("not published in 1C's OData interface: Контрагентф", odata={"catalogs": ["Контрагентф"]}),
    Case("not published in 1C's OData interface: Банки", odata={"catalogs": ["Банки"]}),
    Case("not published in 1C's OData interface: Контрагенты", lambda base: base.sets.pop(CATALOG)),
    Case("holds no contact information", sets(**{CONTACT_SET: None})),
    Case("holds no contact information", sets(**{CONTACT_SET: None, CATALOG: [owner(1, "А", Телефон="1")]})),
    Case("has no field Имя", odata={"name_field": "Имя"}),
    Case("holds no text", odata={"name_field": "DeletionMark"}),
    Case("has no field Имя, which", odata={"templates": {"Контрагенты": "{Имя}"}}),
    Case("no text in DeletionMark", odata={"templates": {"Контрагенты": "{DeletionMark}"}}),
    Case("has no owner", odata={"templates": {"Контрагенты": "{owner}: {name}"}}),
    Case(
        "hold the owners", lambda base: (with_persons(Owner_Key=GUID.format(77))(base), base.sets.pop(CATALOG)), OWNED
    ),
    Case("interface: Банки", with_persons(Owner_Key=GUID.format(77)), {**OWNED, "owners": {"Лица": "Банки"}}),
    Case("no catalog has the field Факс", odata={"phone_fields": ["Факс"]}),
    Case("no catalog has the field Факс", sets(**{CATALOG: [owner(1, "А", Телефон="1")]}), {"phone_fields": ["Факс"]}),
    Case("interface: ВидыКонтактной", sets(**{KINDS_SET: None}), {"kinds": ["Мобильный"]}),
    Case("may not read", refusing(odata_error(401, "20", "Нет прав"), KINDS_SET), {"kinds": ["Мобильный"]}),
    Case("3 rows of 4", losing),
    Case("the same rows come", ignoring_skip, {"page_size": 2}),
    Case("change their places", moving, {"page_size": 2}),
    Case("came without its reference", sets(**{CATALOG: [{**owner(1, "А"), "Ref_Key": None}]})),
    Case("without its LineNumber", sets(**{CONTACT_SET: [{**contact(1, "1"), "LineNumber": None}]})),
    Case("is no list of rows", inside("x"), {"contacts": "inside"}),
    Case("holds what is no row", inside([5]), {"contacts": "inside"}),
    Case("came without its owner", sets(**{CONTACT_SET: None, REGISTER: [entry(Объект=None)]})),
    Case("no text in its column Вид", sets(**{CONTACT_SET: None, REGISTER: [entry(Вид=[1])]})),
)


@pytest.mark.server
@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.words)
def test_lists_that_are_not_whole(base: Base, server: Server, case: Case) -> None:
    case.change(base)
    with pytest.raises(SourceError) as caught:
        pull(server, **case.odata)
    assert case.words in told(caught.value)
    assert found(source(server, **case.odata).check())


def test_what_a_sample_row_explains() -> None:
    refused = error_of(400, ServerWords("odata", "Ошибка", 6), CATALOG)
    assert isinstance(refused, SourceQueryError)
    for row in (None, ROW):
        told(no_text("Банки", "Имя", row))
        told(filter_refused("Банки", "Имя eq 1", row, refused))
        told(no_contacts("Банки", row))
        told(explain_query("Банки", ["Имя"], row, refused))
    told(no_phone_field(["Факс"], [ROW]))
    told(no_phone_field(["Факс"], [{"Ref_Key": "1"}]))


@pytest.mark.server
def test_a_filter_that_1c_refuses(base: Base, server: Server) -> None:
    base.before = lambda asked: odata_error(400, "6", "Ошибка") if "eq 1" in asked.options.get("$filter", "") else None
    with pytest.raises(SourceQueryError) as caught:
        pull(server, filter="Имя eq 1")
    assert "refuses the filter of Контрагенты (Имя eq 1)" in told(caught.value)


@pytest.mark.server
def test_one_number_asked_for_over_odata(base: Base, server: Server) -> None:
    base.before = refuse_filters
    with WebClient(server.config(), f"{server.url}/trade/odata/standard.odata", QUICK) as client:
        search = CandidateSearch(ODataPages(client, 10), SearchPlace(CATALOG, "", "Ref_Key", ("Description",)))
        with pytest.raises(SourceError) as caught:
            search.refs("79160000001")
    assert "filter of a number" in told(caught.value)
    identifier = ODataIdentifier(server.config())
    whole(identifier.describe(), source(server).describe())
    identifier._reading.acquire()
    stopping = Stopping(0)
    with pytest.raises(SourceError) as late:
        identifier.identify("79160000001", stopping)
    assert "not read in time" in told(late.value)
    identifier.close()


def refuse_filters(asked: Asked) -> Reply | None:
    return odata_error(400, "0", "Ошибка") if "$filter" in asked.options else None


@pytest.mark.server
def test_the_checks_of_a_good_base(base: Base, server: Server) -> None:
    assert all(one.good for one in found(source(server).check()))
    base.counts = True
    base.sets[CATALOG] = [owner(1, "", Телефон=""), owner(3, "Старый", DeletionMark=True, Телефон="")]
    base.sets[CONTACT_SET] = []
    wanted: dict[str, Any] = {"phone_fields": ["Телефон"], "kinds": ["Рабочий"], "allowed_only": True}
    words = {one.part: one.words for one in found(source(server, user="И", **wanted).check())}
    assert words["login"] == "1C accepts the login И"
    assert words["rows of Контрагенты"] == "without a name: no phone"
    assert words["rights"].startswith("source.odata.allowed_only: ")
    base.sets[CATALOG] = []
    refusing(Reply(status=404), "standard.odata/", KINDS_SET)(base)
    words = {one.part: one.words for one in found(source(server).check())}
    assert words["published sets"].startswith("1C does not show")
    assert words["rows of Контрагенты"] == "no counterparty among the first rows"
    assert words["kinds of contact"] == "the names of kinds cannot be read"


@pytest.mark.server
@pytest.mark.parametrize("place", ["section", "inside", "register"])
def test_places_of_phones(base: Base, server: Server, place: str) -> None:
    base.sets[CATALOG] = [owner(1, "А", КонтактнаяИнформация=[contact(1, "1")])]
    base.sets[REGISTER] = [entry()]
    parts = {one.part: one for one in found(source(server, contacts=place).check())}
    assert parts["phones of Контрагенты"].good


@pytest.mark.server
def test_what_is_read_is_told_in_the_language_too(server: Server) -> None:
    stages: list[str] = []
    list(source(server).pull(lambda stage, _done, _total: stages.append(stage)))
    assert "Контрагенты: phones" in stages
    assert not any("phones" in left(stage) for stage in stages)


@pytest.mark.parametrize(
    "odata",
    [
        {"catalogs": []},
        {"catalogs": ["Catalog_"]},
        {"catalogs": ["А", "А"]},
        {"filters": {"Банки": "x"}},
        {"templates": {"Контрагенты": "{"}},
        {"templates": {"Контрагенты": "x"}},
        {"templates": {"Контрагенты": "{1}"}},
    ],
    ids=str,
)
def test_a_section_that_makes_no_sense(odata: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        ODataConfig(**odata)
    (fault,) = caught.value.errors()
    whole(fault["ctx"]["error"].args[0])


# --- what sources share


class Answering:
    """A way to ask 1C that answers so: a name for the numbers that it knows, or an error."""

    def __init__(self, name: str = "", error: SourceError | None = None) -> None:
        self._name, self._error = name, error

    def describe(self) -> str:
        return "http://1c.invalid"

    def identify(self, _number: str, _stopping: Stopping = NEVER) -> Identified:
        if self._error is not None:
            raise self._error
        return Identified(self._name)

    def close(self) -> None:
        """Nothing is open."""


def test_the_check_of_one_number() -> None:
    everybody = found(check_identifier(Answering("МИКО"), 60, "79160000001"))
    assert [one.good for one in everybody] == [True, False, True, True]
    nobody = found(check_identifier(Answering(), 0, "79160000001"))
    assert [one.good for one in nobody] == [True, False, False]
    refused = error_of(401, ServerWords("empty", ""), CATALOG)
    assert [one.part for one in found(check_identifier(Answering(error=refused), 1))] == ["login"]


def test_errors_and_counterparties_as_findings() -> None:
    others = (error_of(status, ServerWords("empty", ""), CATALOG) for status in (401, 403, 404, 406, 418))
    parts = [error_finding(error, language.say("list")).part for error in others]
    assert parts == ["login", "rights", "address", "1C", "list"]
    found(counterparty_finding(one) for one in (Counterparty("1", "", ()), Counterparty("2", "МИКО", (Phone(("1",)),))))


@pytest.mark.parametrize(
    "value", ['{"1', "<1", "1" * 70_000, {"x": "1"}, ["12", "3456789"]], ids=lambda one: str(one)[:9]
)
def test_phones_that_cannot_be_read(value: object) -> None:
    _texts, _parts, fault = gather([value])
    assert fault
    whole(fault)


def test_rows_that_cannot_be_read() -> None:
    for row in ({"Тип": None, "Представление": "1"}, {"Тип": "Телефон", "Представление": "1", "ДействуетС": "x"}):
        phone = read_row(row)
        assert phone is not None
        assert phone.fault
        whole(phone.fault)
    reads: tuple[Callable[[], object], ...] = (
        lambda: column({"А": []}, "А"),
        lambda: ref_key({}),
        lambda: row_key({"Ref_Key": "1"}),
    )
    for read in reads:
        with pytest.raises(SourceError) as caught:
            read()
        told(caught.value)
