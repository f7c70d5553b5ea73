"""Calls from unknown callers while 1C is stopped, stalled, dripping or talks nonsense: how long each one is held.

Over FastAGI on a real Asterisk, timed by its own clock. In each case 1C is well for one call, and falls ill then. The
first calls find that out, 20 at once. The others come later, 5 at once: by then the breaker should be open.
Run: make bench-calls.
"""

import argparse
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from astsync.sandbox.asterisk import Installation, ManagerUser, PrivateAsterisk, find_installation, free_port
from astsync.sandbox.onec.onec_standin import OneC
from tests.bench import serving
from tests.bench.calls import CALLER, CARRIER, CallGenerator, Calls, dialplan
from tests.bench.figures import say, say_machine, say_table
from tests.bench.peers import NotMeasured

CALLS, FIRST, AT_ONCE = 200, 20, 5
DEADLINE, SOON = 1.0, 0.010
"""Seconds: that a call may be held at most, and that it may be held once the breaker is open."""
_ASTERISK = 0.05
"""Seconds that Asterisk itself may take on top on a busy machine: the deadline counts from the accept."""
_CONTEXT = "unknown"
_NUMBERS = 74957000000
_ONLINE = """\
[serve.soap]
wsdl = "{}/ws/1C_MIKO_identify_number.1cws?wsdl"
"""
_SOURCE = """\
kind = "soap"
url = "{url}"
user = "{user}"
password = "{password}"
"""

Illness = Callable[[OneC, ExitStack], object]


def _unplugged(onec: OneC, stack: ExitStack) -> None:
    """Put a socket in 1C's place whose queue is full: the system answers no SYN, as where the machine is gone."""
    port = int(onec.url.split(":")[2].split("/")[0])
    onec.stop()
    deaf = stack.enter_context(socket.create_server((serving.HOST, port), backlog=0))
    for _ in range(3):
        filling = stack.enter_context(socket.socket())
        filling.setblocking(False)
        filling.connect_ex(deaf.getsockname())


ILLNESSES: Mapping[str, Illness] = {
    "well: it knows none of them": lambda *_: None,
    "stopped": lambda onec, _: onec.stop(),
    "unplugged: no answer to SYN": _unplugged,
    "stalled": lambda onec, _: onec.fail("hang"),
    "answers after 3 s": lambda onec, _: onec.fail("slow", value=3),
    "drips 64 bytes a second": lambda onec, _: onec.fail("drip", value=1),
    "drips 64 bytes every 0.1 s": lambda onec, _: onec.fail("drip", value=0.1),
    "resets the connection": lambda onec, _: onec.fail("reset"),
    "cuts its answer": lambda onec, _: onec.fail("cut_connection"),
    "garbage: a login page with status 200": lambda onec, _: onec.fail("login_page"),
    "garbage: 100,000 nested elements": lambda onec, _: onec.fail("deep"),
    "garbage: entities of entities": lambda onec, _: onec.fail("xml_bomb"),
    "a fault": lambda onec, _: onec.fail("soap_fault"),
    "refuses a licence": lambda onec, _: onec.fail("no_licence"),
    "all sessions taken": lambda onec, _: onec.fail("no_session"),
}
FROM_THE_START: Mapping[str, Illness] = {
    "stopped from the start": lambda onec, _: onec.stop(),
    "stalled from the start": lambda onec, _: onec.fail("hang"),
}
"""1C is ill already when ``astsync serve`` starts, so that it has never read the WSDL."""


@dataclass(frozen=True)
class Case:
    """The calls of an illness: the first ones, and those with an open breaker."""

    name: str
    first: Calls
    later: Calls

    @property
    def row(self) -> list[str]:
        """Make a table's row."""
        ended = [*self.first.ended, *self.later.ended]
        within = sum(call.seconds <= DEADLINE + _ASTERISK for call in ended)
        soon = sum(call.seconds <= SOON for call in self.later.ended)
        kept = sum(call.name == CARRIER for call in ended)
        times = [self.first.quantile(0.5), self.first.quantile(1), *(self.later.quantile(q) for q in (0.5, 0.99, 1))]
        counts = [f"{within}", f"{soon} of {self.later.begun}", f"{self.first.lost + self.later.lost}"]
        return [self.name, *(f"{value * 1000:,.1f}" for value in times), *counts, f"{len(ended) - kept}"]


class Hospital:
    """Lets calls come in while 1C is ill, on one private Asterisk."""

    def __init__(self, folder: Path, place: serving.Place, generator: CallGenerator) -> None:
        self._folder, self._place, self._generator = folder, place, generator
        self._next = _NUMBERS

    def play(self, name: str, onec: OneC, fall_ill: Illness) -> Case:
        """Start ``astsync serve`` anew, let 1C fall ill, and let calls come. Raises NotMeasured."""
        with serving.astsync(self._place, ["serve"], self._folder / "serve.log"), ExitStack() as stack:
            stack.callback(onec.stop)
            if name in ILLNESSES:
                self._calls(1, 1)
            fall_ill(onec, stack)
            return Case(name, self._calls(FIRST, FIRST), self._calls(CALLS - FIRST, AT_ONCE))

    def _calls(self, count: int, at_once: int) -> Calls:
        """Call from numbers that were not used before."""
        numbers = [str(self._next + i) for i in range(count)]
        self._next += count
        return self._generator.play(_CONTEXT, numbers, at_once, patience=20)


@contextmanager
def _hospital(installation: Installation, folder: Path, onec: OneC) -> Iterator[Hospital]:
    source = _SOURCE.format(url=onec.url, user=onec.user, password=onec.password)
    place = serving.prepare(folder, 1_000, source=source, online="soap", more=_ONLINE.format(onec.url))
    lookup = ("Set(AGIEXITONHANGUP=yes)", f"AGI(agi://{serving.HOST}:{place.agi}/)")
    users = (ManagerUser("astsync", "system"), CALLER)
    with (
        PrivateAsterisk(installation, users=users, dialplan=dialplan({_CONTEXT: lookup})) as pbx,
        CallGenerator(pbx) as generator,
    ):
        yield Hospital(folder, place, generator)


def _measure(installation: Installation, only: str) -> None:
    cases = []
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder, port = Path(name), free_port()
        with OneC(10, port=port) as known:
            hospital = stack.enter_context(_hospital(installation, folder, known))
        chosen = {name: fall for name, fall in {**ILLNESSES, **FROM_THE_START}.items() if only in name}
        for illness, fall_ill in chosen.items():
            onec = OneC(10, port=port)
            onec.start()
            try:
                cases.append(hospital.play(illness, onec, fall_ill))
            except NotMeasured as reason:
                say(f"not measured: {reason}")
                return
            finally:
                onec.stop()
    head = ("1C", f"first {FIRST}: p50 ms", "max", f"then {CALLS - FIRST}: p50 ms", "p99", "max")
    counts = (f"held {DEADLINE:g} s at most", f"then {SOON * 1000:g} ms at most", "lost", "carrier's name lost")
    title = f"{CALLS} calls from unknown callers, FastAGI through Asterisk {installation.major}"
    say_table(title, (*head, *counts), [case.row for case in cases])


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_bad_onec", description=__doc__)
    parser.add_argument("--major", type=int, default=22, help="the Asterisk to use, 22 (default) or 16")
    parser.add_argument("--only", default="", help="play the cases whose names hold this")
    options = parser.parse_args()
    installation = find_installation(options.major)
    if installation is None:
        raise SystemExit(f"There is no Asterisk {options.major} here: run make asterisk-{options.major}.")
    say_machine(f"Asterisk {installation.version}", "astsync serve with an ill 1C")
    _measure(installation, options.only)
    say()


if __name__ == "__main__":
    main()
