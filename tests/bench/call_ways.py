"""The ways to look a caller up that the bench of calls plays, and the servers that they ask."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from astsync.sandbox.asterisk import free_port
from tests.bench import quick_soap, serving
from tests.bench.calls import Calls
from tests.bench.figures import median
from tests.bench.old_way import write_starter
from tests.bench.peer_panoramisk_calls import ROUTE
from tests.bench.peers import NotMeasured, environment

NO_LOOKUP, ASTDB = "no lookup", "DB() alone"
OURS, OURS_HTTP = "astsync serve, FastAGI", "astsync serve, CURL()"
PANORAMISK, PHP = "panoramisk 1.4, FastAGI", "AGI script in PHP, SOAP of 5 ms"
# The name is set only where there is one: an empty answer must leave the carrier's.
_CURL = (
    "Set(CURLOPT(httptimeout)=10)",
    "Set(FOUND=${{CURL(http://127.0.0.1:{port}/lookup?number=${{CALLERID(num)}})}})",
    'ExecIf($["${{FOUND}}" != ""]?Set(CALLERID(name)=${{FOUND}}))',
)
_DB = "ExecIf(${DB_EXISTS(cidname/${CALLERID(num)})}?Set(CALLERID(name)=${DB_RESULT}))"


@dataclass(frozen=True)
class Round:
    """A way's calls of one round, and the seconds on the processor of a call: Asterisk's and the server's."""

    calls: Calls
    asterisk: float
    server: float
    named: float

    @property
    def cpu(self) -> float:
        """Both together."""
        return self.asterisk + self.server


@dataclass
class Way:
    """One way to look a caller up: the applications of its context, and what its rounds gave, by load.

    ``share`` of the calls are played: with all of them the slow ways would take an hour. ``server`` is the process that
    is asked, None where there is none. ``fault`` says why there are no figures.
    """

    name: str
    lookup: Sequence[str] = ()
    share: float = 1
    server: int | None = None
    fault: str = ""
    rounds: dict[str, list[Round]] = field(default_factory=dict)

    @property
    def context(self) -> str:
        """The name of its context in the dialplan."""
        return "".join(c for c in self.name.casefold() if c.isalnum())

    def figure(self, load: str, value: Callable[[Round], float]) -> float:
        """Give the median of the rounds, 0 where there are none."""
        return median(value(one) for one in self.rounds.get(load, ()))


class Servers:
    """The ways and their servers, which are started once and kept for all rounds; a context manager."""

    def __init__(self, folder: Path, entries: int, php_share: float) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._place = serving.prepare(folder, entries)
        self._panoramisk, self._soap = free_port(), free_port()
        self.ways = {way.name: way for way in self._ways(php_share)}

    def __enter__(self) -> "Servers":
        self._start((OURS, OURS_HTTP), lambda: serving.astsync(self._place, ["serve"], self._folder / "serve.log"))
        self._start((PANORAMISK,), self._panoramisk_server)
        self._start((PHP,), self._php)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _ways(self, php_share: float) -> Iterator[Way]:
        agi = "AGI(agi://127.0.0.1:{}/{})"
        yield Way(NO_LOOKUP)
        yield Way(ASTDB, (_DB,))
        yield Way(OURS, ("Set(AGIEXITONHANGUP=yes)", agi.format(self._place.agi, "")))
        yield Way(OURS_HTTP, [line.format(port=self._place.http) for line in _CURL])
        yield Way(PANORAMISK, ("Set(AGIEXITONHANGUP=yes)", agi.format(self._panoramisk, ROUTE)))
        if php_share > 0:
            yield Way(PHP, share=php_share)

    def _start(self, names: Sequence[str], start: Callable[[], AbstractContextManager[Popen[bytes] | None]]) -> None:
        ways = [way for way in self.ways.values() if way.name in names]
        try:
            process = self._stack.enter_context(start()) if ways else None
        except NotMeasured as reason:
            for way in ways:
                way.fault = str(reason)
        else:
            for way in ways:
                way.server = process.pid if process else None

    @contextmanager
    def _panoramisk_server(self) -> Iterator[Popen[bytes]]:
        python = environment("panoramisk", "panoramisk==1.4")
        log = self._folder / "panoramisk.log"
        with serving.module("peer_panoramisk_calls", self._panoramisk, log, python) as process:
            yield process

    @contextmanager
    def _php(self) -> Iterator[None]:
        """Prepare PHP. Its processes are Asterisk's children and count as Asterisk; 1C's side does not count."""
        wsdl = f"http://127.0.0.1:{self._soap}{quick_soap.PATH}?wsdl"
        self.ways[PHP].lookup = (f"AGI({write_starter(self._folder, wsdl)})",)
        with serving.module("quick_soap", self._soap, self._folder / "soap.log"):
            yield
