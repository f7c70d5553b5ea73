"""What is counted at the moment of the call, for Prometheus. Neither a number nor a name is ever a label."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from astsync.lookup.counting import Ending
from astsync.lookup.model import Origin

FACES = ("agi", "http")
NOWHERE = "none"
"""The label of a lookup that found no name."""
OUTCOMES = ("name", "none", "late", "failed")
"""Of a question to 1C: a name; an empty answer; any answer after the call's deadline; no usable answer."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# The store answers in well under 1 ms, 1C in 5 ms to a second; the deadline is at most 10 s, and 1 s by default.
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


class Figures:
    """Counters of one service, in a registry of their own. All methods are safe for several threads.

    ``looked_up`` is in the way of each call: it costs some 2 µs, as the children of the labels are made beforehand.
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        lookups = Counter("astsync_lookups", "Callers looked up", ["face", "origin"], registry=registry)
        seconds = Histogram(
            "astsync_lookup_seconds", "From the question to the name", ["face"], registry=registry, buckets=_SECONDS
        )
        origins: dict[Origin | None, str] = {None: NOWHERE, **{origin: origin.value for origin in Origin}}
        self._lookups = {
            (face, origin): lookups.labels(face, label).inc for face in FACES for origin, label in origins.items()
        }
        self._seconds = {face: seconds.labels(face).observe for face in FACES}
        questions = Counter("astsync_questions", "Questions to 1C by their outcome", ["outcome"], registry=registry)
        self._questions = {outcome: questions.labels(outcome) for outcome in OUTCOMES}
        endings = Counter("astsync_calls", "How the questions of calls ended", ["ending"], registry=registry)
        self._endings = {ending.value: endings.labels(ending.value).inc for ending in Ending}
        self._learnt = Counter("astsync_names_learnt", "Names that 1C told during calls", registry=registry)
        self._refused = Counter("astsync_clients_refused", "Clients refused", ["reason"], registry=registry)
        self._breaker = Gauge(
            "astsync_breaker_open", "1 while calls do not wait for 1C, as it does not answer in time", registry=registry
        )
        self._waiting = Gauge("astsync_calls_waiting", "Calls that wait for 1C now", registry=registry)
        self._connections = Gauge("astsync_connections", "Connections of clients that are open now", registry=registry)

    def looked_up(self, face: str, origin: Origin | None, seconds: float) -> None:
        """Count a lookup at one of ``FACES``; origin None: no name was found. ``seconds`` from the question on."""
        self._lookups[face, origin]()
        self._seconds[face](seconds)

    def ended(self, ending: str, number: str = "") -> None:  # noqa: ARG002 - no number is ever a label
        """Count how the question of a call ended, by a value of ``Ending``."""
        self._endings[ending]()

    def asked(self, outcome: str) -> None:
        """Count a question to 1C, by one of ``OUTCOMES``."""
        self._questions[outcome].inc()

    def learnt(self, names: int = 1) -> None:
        """Count names that 1C told and that are kept."""
        self._learnt.inc(names)

    def refused(self, reason: str) -> None:
        """Count a client that was sent away. The reasons are few fixed words."""
        self._refused.labels(reason).inc()

    def breaker_from(self, is_open: Callable[[], bool]) -> None:
        """Ask this, whenever the figures are read, whether the breaker is open."""
        self._breaker.set_function(lambda: float(is_open()))

    def waiting_from(self, count: Callable[[], int]) -> None:
        """Ask this, whenever the figures are read, how many calls wait for 1C."""
        self._waiting.set_function(lambda: float(count()))

    def connections_from(self, count: Callable[[], int]) -> None:
        """Ask this, whenever the figures are read, how many connections are open."""
        self._connections.set_function(lambda: float(count()))

    def text(self) -> bytes:
        """All figures in Prometheus' text format, of ``CONTENT_TYPE``."""
        return generate_latest(self._registry)
