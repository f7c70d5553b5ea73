"""Attacks of a 1C: every bad manner at every place where it is asked, lists without end, WSDLs that lead away."""

import http.client
import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

from tests.attacks.attack import Attack, Kind, Pace
from tests.attacks.http_manners import MANNERS, Good, Play
from tests.attacks.network import Line, Listener, Over
from tests.attacks.place import Place, free_port

_HEAD = b"\r\n\r\n"
_XSD = b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:more"/>'
_IMPORT = (
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:outer">'
    b'<xs:import namespace="urn:more" schemaLocation="%b"/></xs:schema>'
)


@dataclass(frozen=True)
class Asked:
    """A request of the program."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def is_wsdl(self) -> bool:
        """Whether it asks for the WSDL."""
        return "?wsdl" in self.target.lower()


Mend = Callable[[Asked, Good], Good]


class HostileOneC:
    """Stands before a true stand-in 1C. ``wanted`` requests are answered in a bad manner, the others as they should be.

    ``mend`` may change what is passed on: it is how a true answer gets a harmful part.
    """

    def __init__(
        self,
        origin: str,
        wanted: Callable[[Asked], bool],
        play: Play,
        mend: Mend = lambda _asked, good: good,
        instead: Callable[[Asked], Asked] = lambda asked: asked,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._netloc = origin.removeprefix("http://").partition("/")[0]
        self._wanted = wanted
        self._play = play
        self._mend = mend
        self._instead = instead
        self._context = context
        self.listener = Listener(self._handle)
        self.hits = 0

    def _handle(self, line: Line) -> None:
        if self._context is not None:
            line.upgrade(self._context)
        rest = b""
        while True:
            asked, rest = _request(line, rest)
            wanted = self._wanted(asked)
            good = self._good(self._instead(asked) if wanted else asked)
            if wanted:
                self.hits += 1
                self._play(line, good)
                if self._play is not answer_well:
                    return
            else:
                line.send(good.whole())

    def _good(self, asked: Asked) -> Good:
        if asked.target.endswith("more.xsd"):
            return Good(200, {"Content-Type": "text/xml"}, _XSD)
        connection = http.client.HTTPConnection(self._netloc, timeout=30)
        headers = {name: value for name, value in asked.headers.items() if name not in {"host", "accept-encoding"}}
        connection.request(asked.method, asked.target, asked.body or None, headers)
        answer = connection.getresponse()
        body = answer.read().replace(self._netloc.encode(), self.listener.netloc.encode())
        if self._context is not None:
            body = body.replace(b"http://" + self.listener.netloc.encode(), b"https://" + self.listener.netloc.encode())
        connection.close()
        good = Good(answer.status, dict(answer.getheaders()), body)
        mended = self._mend(asked, good)
        self.hits += mended is not good and not self._wanted(asked)
        return mended


def _request(line: Line, data: bytes) -> tuple[Asked, bytes]:
    while _HEAD not in data:
        data += line.receive()
    head, _, data = data.partition(_HEAD)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    method, target, _ = first.split(" ")
    length = int(headers.get("content-length", 0))
    while len(data) < length:
        data += line.receive()
    return Asked(method, target, headers, data[:length]), data[length:]


@dataclass(frozen=True)
class Where:
    """A place where the program asks: which requests of a kind of source. ``mend`` makes it ask there at all."""

    name: str
    kind: Kind
    wanted: Callable[[Asked], bool]
    mend: Mend = lambda _asked, good: good


def _with_import(location: bytes) -> Mend:
    def mend(asked: Asked, good: Good) -> Good:
        if not asked.is_wsdl:
            return good
        host = asked.headers["host"].encode()
        schema = _IMPORT % location.replace(b"HOST", host)
        return Good(good.status, good.headers, good.body.replace(b"<types>", b"<types>" + schema))

    return mend


PLACES = (
    Where("OData, the first answer", "odata", lambda _: True),
    Where("OData, a later page", "odata", lambda asked: re.search(r"skip=[1-9]", asked.target) is not None),
    Where("SOAP, the WSDL", "soap", lambda asked: asked.is_wsdl),
    Where(
        "SOAP, a schema", "soap", lambda asked: asked.target.endswith("more.xsd"), _with_import(b"http://HOST/more.xsd")
    ),
    Where("SOAP, the call", "soap", lambda asked: asked.method == "POST"),
    Where("HTTP service", "http", lambda _: True),
)


def true_url(place: Place) -> str:
    """The address of the stand-in 1C behind a place."""
    return str(place.settings["source"]["url"])


def turn_to(place: Place, netloc: str, scheme: str = "http") -> None:
    """Let the program ask another server."""
    for section, key in (("source", "url"), ("source.soap", "wsdl")):
        if key in place.settings.get(section, {}):
            path = str(place.settings[section][key]).partition("://")[2].partition("/")[2]
            place.settings[section][key] = f"{scheme}://{netloc}/{path}"


def hostile(
    where: Where, play: Play, instead: Callable[[Asked], Asked] = lambda asked: asked
) -> Callable[[Place], AbstractContextManager[None]]:
    """The stage of a 1C with bad manners at one place. ``instead``: what the true 1C is asked in their place."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        onec = HostileOneC(true_url(place), where.wanted, play, where.mend, instead)
        with onec.listener:
            turn_to(place, onec.listener.netloc)
            place.hits = lambda: onec.hits
            yield

    return stage


def answer_well(line: Line, good: Good) -> None:
    """The right answer."""
    line.send(good.whole())


@contextmanager
def _deaf(place: Place) -> Iterator[None]:
    with Listener(lambda _: None, deaf=True) as listener:
        turn_to(place, listener.netloc)
        yield


@contextmanager
def _nobody(place: Place) -> Iterator[None]:
    turn_to(place, f"127.0.0.1:{free_port()}")
    yield


@contextmanager
def _no_name(place: Place) -> Iterator[None]:
    turn_to(place, "no-such-host.invalid")
    yield


_OF_A_SCHEMA = {
    "is silent",
    "the body drips, with a length",
    "one large chunk drips",
    "100 Continue for ever",
    "a bomb of gzip",
    "text without end",
    "cut in the middle",
}


def _product() -> Iterator[Attack]:
    for where in PLACES:
        yield Attack(where.name, "answers as it should", hostile(where, answer_well), frozenset({0}), where.kind)
        for manner in MANNERS:
            if where.name == "SOAP, a schema" and manner.name not in _OF_A_SCHEMA:
                continue  # it is fetched as the WSDL is
            yield Attack(where.name, manner.name, hostile(where, manner.play), manner.codes, where.kind)


def _growing(place: Place) -> AbstractContextManager[None]:
    """A list of OData that has another full page of new rows, however far one reads, and a count to match."""
    numbers = iter(range(10**12))

    def play(line: Line, good: Good) -> None:
        value = _parsed(good)
        rows = [{**value["value"][0], "Ref_Key": f"00000000-0000-4000-8000-{next(numbers):012d}"} for _ in range(10)]
        line.send(_as_json(good, {**value, "value": rows}).whole())

    def mend(asked: Asked, good: Good) -> Good:
        counts = _COUNTERPARTIES in unquote(asked.target) and "$count" in unquote(asked.target)
        return Good(200, {"Content-Type": "text/plain"}, b"1000000000") if counts else good

    def first_page_of(asked: Asked) -> Asked:
        return replace(asked, target=re.sub(r"skip=\d+", "skip=0", asked.target))

    pages = Where(
        "", "odata", lambda asked: re.search(rf"{_COUNTERPARTIES}\?.*skip=", unquote(asked.target)) is not None, mend
    )
    return hostile(pages, play, first_page_of)(place)


def _large_page(place: Place) -> AbstractContextManager[None]:
    """A page of 30 MB, though ten rows were asked for."""

    def play(line: Line, good: Good) -> None:
        value = _parsed(good)
        if not value["value"]:
            line.send(good.whole())
            raise Over
        row = json.dumps({**value["value"][0], "Ref_Key": "%012d"}, ensure_ascii=False).encode() + b","
        line.send(good.head(None, "Connection: close") + b'{"value":[')
        for start in range(0, 30_000_000 // len(row), 1000):
            line.send(
                b"".join(row.replace(b"%012d", b"00000000-0000-4000-8000-%012d" % (start + n)) for n in range(1000))
            )
        line.send(row.rstrip(b",") + b"]}")
        raise Over

    return hostile(Where("", "odata", lambda asked: _COUNTERPARTIES + "?" in unquote(asked.target)), play)(place)


_COUNTERPARTIES = "Catalog_Контрагенты"


def _parsed(good: Good) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(good.body.removeprefix(b"\xef\xbb\xbf"))
    return value


def _as_json(good: Good, value: object) -> Good:
    return replace(good, body=json.dumps(value, ensure_ascii=False).encode())


def _cursor(*, fresh: bool) -> Callable[[Place], AbstractContextManager[None]]:
    """An HTTP service whose cursor never ends, with the same rows for ever or with ever new ones."""
    numbers = iter(range(10**12))

    def play(line: Line, good: Good) -> None:
        value, turn = _parsed(good), next(numbers)
        if fresh:
            for row in next(rows for rows in value.values() if isinstance(rows, list)):
                row["Ref"] = f"{row['Ref']}-{turn}"
        line.send(_as_json(good, {**value, "NextCursor": f"next {turn}"}).whole())

    def first_page_of(asked: Asked) -> Asked:
        return replace(asked, target=re.sub(r"cursor=[^&]*&?", "", asked.target))

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        paging = {"by": "cursor", "parameter": "cursor", "size_parameter": "limit", "size": 5, "next": "NextCursor"}
        place.settings["source.http.paging"] = dict(paging)
        with hostile(Where("", "http", lambda _: True), play, first_page_of)(place):
            yield

    return stage


def _first_page_again(place: Place) -> AbstractContextManager[None]:
    kept: dict[str, Good] = {}

    def mend(asked: Asked, good: Good) -> Good:
        name = asked.target.partition("?")[0]
        return kept.setdefault(name, good) if "skip=" in asked.target else good

    return hostile(Where("", "odata", lambda _: False, mend), answer_well)(place)


def _leads_to(location: bytes) -> Callable[[Place], AbstractContextManager[None]]:
    return hostile(Where("", "soap", lambda _: False, _with_import(location)), answer_well)


def _many_documents(place: Place) -> AbstractContextManager[None]:
    """Schemas that each import the next one, without end."""
    turns = iter(range(10**9))

    def play(line: Line, good: Good) -> None:
        body = (
            b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:more">'
            b'<xs:include schemaLocation="/trade/%d/more.xsd"/></xs:schema>' % next(turns)
        )
        line.send(good.head(len(body)) + body)

    schema = Where("", "soap", lambda asked: asked.target.endswith("more.xsd"), _with_import(b"http://HOST/more.xsd"))
    return hostile(schema, play)(place)


def _wsdl_names_another_endpoint(place: Place) -> AbstractContextManager[None]:
    def mend(asked: Asked, good: Good) -> Good:
        if not asked.is_wsdl:
            return good
        return Good(
            good.status, good.headers, re.sub(rb'location="[^"]*"', b'location="http://192.0.2.1/ws"', good.body)
        )

    return hostile(Where("", "soap", lambda _: False, mend), answer_well)(place)


def _silent(line: Line, good: Good) -> None:
    line.hold()


def _drips(line: Line, good: Good) -> None:
    line.send(good.head(len(good.body)))
    line.drip((good.body[at : at + 1] for at in range(len(good.body))), 0.1)


def _answer_alone(pace: Pace) -> float:
    """The time of an answer that is asked for three times, with the waits between (``web.retrying``)."""
    return 3 * pace.answer + 4


def _without_a_run(play: Play) -> Callable[[Place], AbstractContextManager[None]]:
    """No clock over the whole run: that over each answer must do."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        if "run" in place.settings:
            place.settings["run"] = {"max_minutes": 0}
        with hostile(PLACES[0], play)(place):
            yield

    return stage


def _commands() -> Iterator[Attack]:
    for command in (("check",), ("diff",), ("push", "--pull"), ("problems",), ("sync", "--dry-run")):
        for name, play in (("is silent", _silent), ("the body drips, with a length", _drips)):
            yield Attack(
                "1C and other commands",
                f"{' '.join(command)}: {name}",
                hostile(PLACES[0], play),
                frozenset({4}),
                "odata",
                command,
                seconds=_answer_alone if command == ("check",) else lambda pace: pace.run,
            )
    yield Attack(
        "1C and other commands",
        "watch: the body drips, then SIGTERM",
        hostile(PLACES[0], _drips),
        frozenset({0, 143, 130, -15}),
        "odata",
        ("watch", "--every", "1m"),
        seconds=lambda pace: pace.answer + 1,
        ends=3,
    )


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    yield from _product()
    for kind in ("odata", "soap", "http"):
        yield Attack(f"1C, {kind}", "accepts no connection", _deaf, frozenset({4}), kind)
        yield Attack(f"1C, {kind}", "nobody listens", _nobody, frozenset({4}), kind)
        yield Attack(f"1C, {kind}", "its name does not resolve", _no_name, frozenset({4}), kind)
    for name, play in (("is silent", _silent), ("the body drips", _drips)):
        yield Attack(
            "1C, no run.max_minutes", name, _without_a_run(play), frozenset({4}), "odata", seconds=_answer_alone
        )
    yield Attack("1C, lists", "the first page again and again", _first_page_again, frozenset({4}), "odata")
    yield Attack("1C, lists", "another full page for ever", _growing, frozenset({4}), "odata")
    yield Attack("1C, lists", "a page of 30 MB for ten rows", _large_page, frozenset({0, 4}), "odata")
    yield Attack("1C, lists", "a cursor that never ends, the same rows", _cursor(fresh=False), frozenset({4}), "http")
    yield Attack("1C, lists", "a cursor that never ends, new rows", _cursor(fresh=True), frozenset({4}), "http")
    yield Attack(
        "1C, WSDL", "imports itself", _leads_to(b"http://HOST/trade/ws/astsync?wsdl"), frozenset({0, 4}), "soap"
    )
    yield Attack("1C, WSDL", "imports another host", _leads_to(b"http://192.0.2.1/more.xsd"), frozenset({4}), "soap")
    yield Attack("1C, WSDL", "imports file:///etc/passwd", _leads_to(b"file:///etc/passwd"), frozenset({4}), "soap")
    yield Attack("1C, WSDL", "imports /dev/zero", _leads_to(b"file:///dev/zero"), frozenset({4}), "soap")
    yield Attack("1C, WSDL", "imports documents without end", _many_documents, frozenset({4}), "soap")
    yield Attack(
        "1C, WSDL", "names an endpoint that drops packets", _wsdl_names_another_endpoint, frozenset({4}), "soap"
    )
    yield from _commands()
