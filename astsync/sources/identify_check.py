"""``astsync check`` of the way to ask 1C for one number: does it answer, does it know the list, in what time."""

import time
from collections.abc import Iterator

from astsync.errors import SourceError
from astsync.finding import Finding
from astsync.language import say
from astsync.sources.check import error_finding
from astsync.sources.identified import Identified, Identifier
from astsync.stopping import NEVER, Stopping
from astsync.text import one_line

NOBODYS_NUMBER = "70008264193"
"""E.164 digits of a number that nobody has: no area of Russia or Kazakhstan is called 000."""

_PART = say("identify")
_IN_TIME = say("identify in time")
_SEARCH = say(
    "The service must compare the whole number, such as its last ten digits, and answer nothing where nobody has it."
)
_EMPTY = say(
    "Either the card was changed in 1C since the last list: run astsync sync. Or the service searches other cards, or "
    "other spellings, than the list holds: look at its module, and at the rights of its user."
)
_SLOW = say(
    "Callers are named too late then, and only their next call has the name. Let 1C keep its sessions (reuseSessions "
    "and sessionMaxAge in default.vrd), search in an indexed register, or raise serve.deadline."
)


def check_identifier(
    identifier: Identifier, deadline: float, known: str = "", stopping: Stopping = NEVER
) -> Iterator[Finding]:
    """Ask for a number that nobody has, and for one of the list, and compare the time with ``serve.deadline``.

    ``known`` is a number of the snapshot, E.164 digits; "" where there is none yet. The first question is not timed: it
    reads a WSDL or looks at catalogs, and wakes 1C. An error ends the check and is its last finding. The identifier is
    closed.
    """
    took: list[float] = []
    try:
        nobody = identifier.identify(NOBODYS_NUMBER, stopping)
        yield Finding(_PART, True, say("{who} answers", who=identifier.describe()))
        yield from _nobody(nobody)
        for number in (known or NOBODYS_NUMBER, NOBODYS_NUMBER, known or NOBODYS_NUMBER):
            began = time.monotonic()
            answer = identifier.identify(number, stopping)
            took.append(time.monotonic() - began)
            if number == known and len(took) == 1:
                yield _known(answer)
    except SourceError as error:
        yield error_finding(error, _PART)
        return
    finally:
        identifier.close()
    yield _time(sorted(took)[len(took) // 2], deadline)


def _nobody(answer: Identified) -> Iterator[Finding]:
    if answer.name:
        words = say("names {name} for a number that nobody has", name=one_line(answer.name)[:60])
        yield Finding(_PART, False, words, _SEARCH)


def _known(answer: Identified) -> Finding:
    if answer.name or answer.counterparties:
        return Finding(_PART, True, say("knows a number of the last list"))
    return Finding(_PART, False, say("knows nobody with a number that the last list has"), _EMPTY)


def _time(seconds: float, deadline: float) -> Finding:
    in_time = seconds < deadline
    words = say("answers in {seconds:.2f} s; serve.deadline is {deadline:g} s", seconds=seconds, deadline=deadline)
    return Finding(_IN_TIME, in_time, words, "" if in_time else _SLOW)
