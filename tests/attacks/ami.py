"""Attacks of a PBX: every bad manner at every stage of a run, lists that lie, writes that do not come true."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.actions import Actions
from astsync.sandbox.ami.packets import PacketReader
from tests.attacks import ami_manners as manners
from tests.attacks.ami_manners import Asked, Manner, Play
from tests.attacks.attack import Attack, Outcome, Pace, Stage
from tests.attacks.network import Line, Listener, single
from tests.attacks.place import Place, free_port, stand_in

Harm = Callable[[Asked, int], Play | None]
"""What is done to an action (``nth`` of its name, from 1), or None: it is answered as it should be."""


class HostileAmi:
    """AMI over the database of a stand-in PBX, with bad manners where ``harm`` has them; ``greet`` sends the banner."""

    def __init__(self, pbx: AmiStandIn, harm: Harm, greet: Callable[[Line], None] | None = None) -> None:
        self._pbx = pbx
        self._harm = harm
        self._greet = greet
        self._counts: dict[str, int] = {}
        self.listener = Listener(self.serve)
        self.hits = 0

    def serve(self, line: Line) -> None:
        """Serve one connection."""
        if self._greet is not None:
            self.hits += 1
            self._greet(line)
        else:
            line.send(b"Asterisk Call Manager/%b\r\n" % self._pbx.dialect.ami.encode())
        actions, reader = Actions(self._pbx), PacketReader(self._pbx.dialect)
        while not actions.closing:
            for packet in reader.feed(line.receive()):
                headers = packet.headers()
                name = packet.action(headers).decode()
                self._counts[name] = nth = self._counts.get(name, 0) + 1
                asked = Asked(name, headers, lambda packet=packet: actions.answer(packet))  # type: ignore[misc]
                play = self._harm(asked, nth)
                if play is None:
                    line.send(asked.execute())
                else:
                    self.hits += 1
                    play(line, asked)


def hostile(harm: Harm, greet: Callable[[Line], None] | None = None, dialect: str = "22") -> Stage:
    """The stage of a PBX with bad manners."""

    @contextmanager
    def stage(place: Place) -> Iterator[None]:
        if dialect != place.pbx.dialect.asterisk.partition(".")[0]:
            _speak(place, dialect)
        ami = HostileAmi(place.pbx, harm, greet)
        with ami.listener as listener:
            place.settings["pbx"]["port"] = listener.port
            place.hits = lambda: ami.hits
            place.moments = lambda: listener.accepted
            yield

    return stage


def _speak(place: Place, dialect: str) -> None:
    """Let the stand-in be another version."""
    other = stand_in(dialect)
    place.pbx.dialect = other.dialect
    place.pbx.astdb._dialect = other.dialect


_MANY_TRIES = 12  # connections in 5 seconds: the pauses of a run begin at 0.2 s and double


def _most_within(moments: list[float], seconds: float) -> int:
    """The most moments that fall into one span of time."""
    return max((sum(start <= other < start + seconds for other in moments) for start in moments), default=0)


def at(action: str, first: int, play: Play) -> Harm:
    """Bad manners at an action, from its ``first`` occurrence on."""
    return lambda asked, nth: play if asked.name == action and nth >= first else None


STAGES = (
    ("the challenge", "Challenge", 1, "22"),
    ("the login", "Login", 1, "22"),
    ("reading", "DBGetTree", 1, "22"),
    ("reading, Asterisk 13", "Command", 1, "13"),
    ("puts", "DBPut", 1, "22"),
    ("deletes", "DBDel", 1, "22"),
    ("verifying", "DBGetTree", 2, "22"),
)


_VERIFYING = {
    "ListItems of 10,000 digits",
    "ends as cancelled",
    "half of the entries, ends as complete",
    "no entry at all",
    "entries pour for ever",
    "stalls in the middle among events",
}


def _product() -> Iterator[Attack]:
    for stage, action, first, dialect in STAGES:
        side = f"AMI, {stage}"
        for manner in manners.ANYWHERE:
            harm = hostile(at(action, first, manner.play), dialect=dialect)
            yield Attack(side, manner.name, harm, manner.codes)
    yield from _each("AMI, the list", "DBGetTree", 1, manners.LISTS)
    few = tuple(manner for manner in manners.LISTS if manner.name in _VERIFYING)
    yield from _each("AMI, the list when verifying", "DBGetTree", 2, few)
    yield from _each("AMI, the list of Asterisk 13", "Command", 1, manners.SHOWN, "13")
    yield from _each("AMI, puts", "DBPut", 1, manners.WRITES)
    yield from _each("AMI, deletes", "DBDel", 1, manners.WRITES)


def _each(side: str, action: str, first: int, rows: tuple[Manner, ...], dialect: str = "22") -> Iterator[Attack]:
    for manner in rows:
        harm = hostile(at(action, first, manner.play), dialect=dialect)
        yield Attack(side, manner.name, harm, manner.codes, converges=manner.converges)


# Before the first action.


def _never(_asked: Asked, _nth: int) -> Play | None:
    return None


def _well(line: Line, asked: Asked) -> None:
    line.send(asked.execute())


def _says(*pieces: bytes, every: float = 0.0) -> Callable[[Line], None]:
    def greet(line: Line) -> None:
        line.drip(pieces, every)
        line.hold()

    return greet


def _banner_pours(line: Line) -> None:
    line.pour(b"Asterisk Call Manager/" * 1000)


def _banner_drips(line: Line) -> None:
    line.drip(single(b"Asterisk Call Manager/"), 0.1)
    line.drip(itertools.repeat(b"1"), 0.1)


def _drops(line: Line) -> None:
    line.reset()


def _http(line: Line) -> None:
    line.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


BANNERS: tuple[tuple[str, Callable[[Line], None]], ...] = (
    ("is silent", _says()),
    ("the banner drips", _banner_drips),
    ("the banner pours for ever", _banner_pours),
    ("the banner is noise", _says(b"\x00\xff\x1b[31m\x9b" * 20 + b"\r\n")),
    ("the banner is of HTTP", _http),
    ("the banner is cut", lambda line: line.send(b"Asterisk Call Man")),
    ("drops every connection", _drops),
)


@contextmanager
def _deaf(place: Place) -> Iterator[None]:
    with Listener(lambda _: None, deaf=True) as listener:
        place.settings["pbx"]["port"] = listener.port
        yield


@contextmanager
def _nobody(place: Place) -> Iterator[None]:
    place.settings["pbx"]["port"] = free_port()
    yield


@contextmanager
def _no_name(place: Place) -> Iterator[None]:
    place.settings["pbx"]["host"] = "no-such-host.invalid"
    yield


def _patient(stage: Stage) -> Stage:
    """With a long patience: the run's own time ends the waiting."""

    @contextmanager
    def staged(place: Place) -> Iterator[None]:
        place.settings["pbx"]["patience"] = 30
        with stage(place):
            yield

    return staged


# Logins.

LOGINS: tuple[tuple[str, bytes], ...] = (
    ("wrong", b"Message: Authentication failed"),
    ("in use already", b"Message: Login Already In Use"),
    ("Asterisk is shutting down", b"Message: Asterisk is shutting down"),
    ("permission denied", b"Message: Permission denied"),
)


def _challenge_is(value: bytes) -> Play:
    return lambda line, asked: line.send(asked.success(b"Challenge: " + value))


def _nonsense(line: Line, asked: Asked) -> None:
    line.send(asked.success(b"CoreStartupDate: \x1b[31m", b"CoreStartupTime: " + b"9" * 10_000))


def _login_then_flood(line: Line, asked: Asked) -> None:
    line.send(asked.execute())
    manners.events_pour(line, asked)


def _few_logins(place: Place, _outcome: Outcome) -> list[str]:
    """A PBX that drops every login is not stormed."""
    most = _most_within(place.moments(), 5.0)
    return [f"tried {most} times in 5 s"] if most > _MANY_TRIES else []


def _started(play: Play) -> Stage:
    return hostile(lambda asked, _: play if asked.name == "CoreStatus" else None)


_WATCH_ENDS = frozenset({0, 130, 143, -15})


def _watch(name: str, stage: Stage) -> Attack:
    return Attack(
        "AMI and watch",
        f"{name}, then SIGTERM",
        stage,
        _WATCH_ENDS,
        command=("watch", "--every", "1m"),
        seconds=lambda _: 8,
        ends=8,
        inspect=_few_logins,
    )


def _of_a_run(pace: Pace) -> float:
    return pace.run


def _of_a_check(pace: Pace) -> float:
    """It asks for several things, each with an answer of its own."""
    return 4 * pace.answer


def _other_commands() -> Iterator[Attack]:
    silent = hostile(at("DBGetTree", 1, manners.silent))
    dripping = hostile(at("DBGetTree", 1, manners.headers_drip))
    for command in (("check",), ("diff",), ("push",), ("status",), ("sync", "--durable")):
        for name, stage in (("a silent list", silent), ("headers drip for ever", dripping)):
            codes = frozenset({0, 5}) if command[0] == "status" else frozenset({5})
            seconds = _of_a_check if command == ("check",) else _of_a_run
            words = f"{' '.join(command)}: {name}"
            yield Attack("AMI and other commands", words, stage, codes, command=command, seconds=seconds)
    for manner in manners.ANYWHERE:
        harm = hostile(at("DBGet", 1, manner.play))
        codes = frozenset({0, 5})
        yield Attack("AMI, lookup", manner.name, harm, codes, command=("lookup", "74955550101"))


def _before_the_login() -> Iterator[Attack]:
    five = frozenset({5})
    yield Attack("AMI", "accepts no connection", _deaf, five)
    yield Attack("AMI", "nobody listens", _nobody, five)
    yield Attack("AMI", "its name does not resolve", _no_name, five)
    for name, greet in BANNERS:
        yield Attack("AMI, the banner", name, hostile(_never, greet), five)
    for name, greet in (BANNERS[0], BANNERS[1], BANNERS[-1]):
        yield Attack("AMI, the banner, patience 30", name, _patient(hostile(_never, greet)), five)


def _logins() -> Iterator[Attack]:
    five = frozenset({5})
    for name, words in LOGINS:
        yield Attack("AMI, the login", name, hostile(at("Login", 1, manners.error(words))), five)
    for name, value in (("of a megabyte", b"1" * (1 << 20)), ("empty", b""), ("of noise", b"\xff\x00\x1b[31m")):
        stage = hostile(at("Challenge", 1, _challenge_is(value)))
        yield Attack("AMI, the challenge", f"a challenge {name}", stage, five)
    drops = _patient(hostile(at("Login", 1, manners.cut_at_once)))
    name = "the connection drops at each login, patience 30"
    yield Attack("AMI, the login", name, drops, five, inspect=_few_logins)


def attacks() -> Iterator[Attack]:
    """All attacks of this side."""
    yield Attack("AMI", "answers as it should", hostile(at("Logoff", 1, _well)), frozenset({0}))
    yield from _before_the_login()
    yield from _logins()
    yield from _product()
    for name, play in (("says nonsense", _nonsense), ("is silent", manners.silent)):
        yield Attack("AMI, CoreStatus", name, _started(play), frozenset({0, 5, 7}))
    yield _watch("drops every login", hostile(at("Login", 1, manners.cut_at_once)))
    yield _watch("drops every connection", hostile(_never, _drops))
    yield _watch("the list drips", hostile(at("DBGetTree", 1, manners.headers_drip)))
    yield _watch("events pour", hostile(at("Login", 1, _login_then_flood)))
    yield from _other_commands()
