"""1C asked for one number now, as during a call: for a person who wants to know what a call would get."""

import time

from astsync.engine.result import AskedOneC
from astsync.errors import ConfigError, SourceError
from astsync.language import say
from astsync.lookup.asking import LONGEST_QUESTION
from astsync.lookup.callers import CallerId, CallerKind, CallerReader
from astsync.lookup.model import KnownNames, Origin
from astsync.lookup.telling import Telling, open_telling
from astsync.parts import Parts
from astsync.stopping import Stopping


def ask_now(parts: Parts, text: str, known: KnownNames) -> AskedOneC:
    """Ask 1C who has a number, given in any spelling. Nothing is written. Raises ConfigError where 1C cannot be asked.

    1C is asked also where the name is known already; a call would not ask it then.
    """
    callers = CallerReader(parts.numbers)
    telling = open_telling(parts, callers)
    if telling is None:
        raise ConfigError(
            say("1C cannot be asked for one number: serve.online is empty, or there is no address to ask"),
            hint=say('Set serve.online to "soap", "http" or "odata", and source.url; see `astsync check`.'),
        )
    try:
        who = callers.read(text)
        if who.kind is not CallerKind.NUMBER:
            return AskedOneC(who.kind.value)
        return _ask(telling, who, known.find(who.keys), parts.config.serve.deadline)
    finally:
        telling.close()


def _ask(telling: Telling, who: CallerId, known: tuple[str, Origin] | None, deadline: float) -> AskedOneC:
    begun = time.monotonic()
    said: tuple[str, ...] = ()
    name, failure = "", None
    try:
        told = telling.tell(who.number, who.keys, Stopping(LONGEST_QUESTION))
    except SourceError as error:
        failure = error
    else:
        name = told.name
        said = tuple(filter(None, (told.said.name, *(card.name for card in told.said.counterparties))))
    seconds = time.monotonic() - begun
    in_time = (name, Origin.ONLINE) if name and seconds < deadline else None
    return AskedOneC(who.kind.value, telling.describe(), said, name, seconds, deadline, known or in_time, failure)
