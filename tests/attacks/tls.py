"""Attacks of TLS: handshakes that do not end, certificates of nobody, and bad manners behind a good certificate."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import trustme

from tests.attacks import ami_manners, http_manners
from tests.attacks.ami import HostileAmi, at
from tests.attacks.attack import Attack, Pace, Stage
from tests.attacks.http_manners import MANNERS
from tests.attacks.network import Line, Listener, noise, server_flight, single
from tests.attacks.onec import HostileOneC, true_url, turn_to
from tests.attacks.place import Place

_NAME = "127.0.0.1"
_DAY = timedelta(days=1)


_AUTHORITY = trustme.CA()
_STRANGER = trustme.CA()


def _context(
    authority: trustme.CA, name: str = _NAME, *, until: datetime | None = None, since: datetime | None = None
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=until, not_before=since).configure_cert(context)
    return context


Make = Callable[[], ssl.SSLContext]


def _right() -> ssl.SSLContext:
    return _context(_AUTHORITY)


CERTIFICATES: tuple[tuple[str, Make], ...] = (
    ("of an unknown authority", lambda: _context(_STRANGER)),
    ("of another name", lambda: _context(_AUTHORITY, "pbx.example.local")),
    ("that has expired", lambda: _context(_AUTHORITY, until=datetime.now(UTC) - _DAY)),
    ("that is not yet valid", lambda: _context(_AUTHORITY, since=datetime.now(UTC) + _DAY)),
)


def _trust(place: Place, side: str) -> None:
    """Let the program trust the authority, and speak TLS with that side."""
    file = place.folder / "ca.pem"
    _AUTHORITY.cert_pem.write_to_path(str(file))
    if side == "1C":
        place.environment["REQUESTS_CA_BUNDLE"] = str(file)
    else:
        place.settings["pbx"] |= {"tls": True, "ca_file": str(file)}


def _turned(place: Place, side: str, listener: Listener) -> None:
    _trust(place, side)
    if side == "1C":
        turn_to(place, listener.netloc, "https")
    else:
        place.settings["pbx"]["port"] = listener.port


def _raw(side: str, handle: Callable[[Line], None], patience: int | None = None) -> Stage:
    """A server that does not get as far as TLS."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        if patience is not None:
            place.settings["pbx"]["patience"] = patience
        with Listener(handle) as listener:
            _turned(place, side, listener)
            place.hits = lambda: len(listener.accepted)
            yield

    return stage


def _secured(make: Make) -> Callable[[Line], None]:
    def handle(line: Line) -> None:
        line.upgrade(make())
        line.send(b"Asterisk Call Manager/7.0.3\r\n")
        line.hold()

    return handle


def _handshake_drips(line: Line) -> None:
    line.drip(single(server_flight(_right(), line.receive())), 0.1)


def _handshake_cut(line: Line) -> None:
    flight = server_flight(_right(), line.receive())
    line.send(flight[: len(flight) // 2])


def _handshake_noise(line: Line) -> None:
    line.receive()
    line.pour(noise(1 << 14))


def _records_pour(line: Line) -> None:
    """Handshake records without end: each is whole, and none is the last."""
    flight = server_flight(_right(), line.receive())
    line.send(flight)
    line.pour(b"\x14\x03\x03\x00\x01\x01" * 1000)  # ChangeCipherSpec, which TLS 1.3 passes over


def _a_huge_hello(line: Line) -> None:
    """A handshake message that says it has 16 MB, and drips."""
    line.receive()
    line.send(b"\x16\x03\x03\x3f\xff\x02\xff\xff\xff")
    line.pour(b"\x00" * 1000)


def _plain_banner(line: Line) -> None:
    line.send(b"Asterisk Call Manager/7.0.3\r\n")
    line.hold()


def _plain_page(line: Line) -> None:
    line.receive()
    line.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


HANDSHAKES: tuple[tuple[str, Callable[[Line], None]], ...] = (
    ("no answer to the first bytes", lambda line: line.hold()),
    ("the handshake drips", _handshake_drips),
    ("the handshake is cut", _handshake_cut),
    ("noise in place of the handshake", _handshake_noise),
    ("records of the handshake without end", _records_pour),
    ("a handshake message of 16 MB", _a_huge_hello),
    ("a reset", lambda line: line.reset()),
    ("an alert", lambda line: line.send(b"\x15\x03\x03\x00\x02\x02\x28")),
    ("no TLS but AMI's banner", _plain_banner),
    ("no TLS but a page", _plain_page),
)


def _behind_1c(play: http_manners.Play) -> Stage:
    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        onec = HostileOneC(true_url(place), lambda _: True, play, context=_right())
        with onec.listener as listener:
            _turned(place, "1C", listener)
            place.hits = lambda: onec.hits
            yield

    return stage


def _behind_ami(action: str, first: int, play: ami_manners.Play) -> Stage:
    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        context = _right()

        def greet(line: Line) -> None:
            line.upgrade(context)
            line.send(b"Asterisk Call Manager/7.0.3\r\n")

        ami = HostileAmi(place.pbx, at(action, first, play), greet)
        with ami.listener as listener:
            _turned(place, "AMI", listener)
            place.hits = lambda: ami.hits
            yield

    return stage


def _drops_tls(line: Line, _asked: ami_manners.Asked) -> None:
    """Plain bytes in the middle of TLS."""
    line.leave_tls()
    line.send(b"Response: Success\r\n\r\n")


def _once(pace: Pace) -> float:
    """What cannot pass is not tried again."""
    return pace.answer


_BROKEN = frozenset({5, 7})
_TLS_LISTS = {
    "ListItems says more",
    "ListItems says fewer",
    "half of the entries, ends as complete",
    "ends as cancelled",
    "entries pour for ever",
    "stalls in the middle among events",
}
_TLS_1C = {
    "is silent",
    "a header drips",
    "the body drips, with a length",
    "small chunks drip",
    "100 Continue for ever",
    "headers without end",
    "cut in the middle",
    "a bomb of gzip",
}


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    four, five = frozenset({4}), frozenset({5})
    for name, make in CERTIFICATES:
        text = f"a certificate {name}"
        yield Attack("TLS, 1C", text, _raw("1C", _secured(make)), four, "odata", seconds=_once)
        yield Attack("TLS, AMI", text, _raw("AMI", _secured(make)), five, seconds=_once)
        yield Attack("TLS, AMI", f"{text}, patience 30", _raw("AMI", _secured(make), 30), five, seconds=_once)
        yield Attack("TLS, AMI, check", text, _raw("AMI", _secured(make)), five, command=("check",), seconds=_once)
    for name, handle in HANDSHAKES:
        yield Attack("TLS, 1C", name, _raw("1C", handle), four, "odata")
        yield Attack("TLS, AMI", name, _raw("AMI", handle), five)
        yield Attack("TLS, AMI", f"{name}, patience 30", _raw("AMI", handle, 30), five)
    yield from _behind_it()


def _behind_it() -> Iterator[Attack]:
    for manner in MANNERS:
        if manner.name in _TLS_1C:
            yield Attack("TLS, 1C, behind it", manner.name, _behind_1c(manner.play), manner.codes, "odata")
    for row in ami_manners.ANYWHERE:
        yield Attack("TLS, AMI, reading", row.name, _behind_ami("DBGetTree", 1, row.play), row.codes)
    for action, words in (("Login", "the login"), ("DBGetTree", "reading"), ("DBPut", "puts")):
        yield Attack(f"TLS, AMI, {words}", "plain bytes in the middle", _behind_ami(action, 1, _drops_tls), _BROKEN)
    for row in ami_manners.LISTS:
        if row.name in _TLS_LISTS:
            yield Attack("TLS, AMI, the list", row.name, _behind_ami("DBGetTree", 1, row.play), row.codes)
