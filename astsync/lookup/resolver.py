"""The order of answers: what is known here, what 1C told a short while ago, then 1C, by one deadline."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Final

from astsync.errors import SourceError
from astsync.lookup.asking import Asking, AskingThreads, Question, Reply, Run, Told
from astsync.lookup.breaker import Admission, Breaker
from astsync.lookup.callers import CallerId, CallerKind, CallerReader
from astsync.lookup.counting import Counts, Ending, NoCounts, OneCAnswer
from astsync.lookup.model import CallerName, KnownNames, Learning, Origin
from astsync.lookup.recent import RecentAnswers
from astsync.lookup.sparse_log import SparseLog
from astsync.lookup.telling import Telling
from astsync.stopping import Stopping

log = logging.getLogger(__name__)

_TELLING_DIGITS: Final = 7  # of a number's end: with fewer it could be anybody's


class CallResolver:
    """Answers who is calling, for the calls of one event loop. A new loop needs a new one.

    ``telling`` asks 1C; None: it is not to be asked. ``learning`` takes what 1C told. ``patience`` is how long 1C may
    take for an answer in time, in seconds: as long as a call waits. ``run`` runs a question in a thread.
    ``responsible``: the extension of who keeps the card is wanted, for which 1C is asked about known numbers too; their
    name stays the known one. ``listed``: the list tells the extension where 1C does not.

    After a failure nothing is remembered, so that the next call asks again; the breaker decides whether it may.
    """

    def __init__(
        self,
        callers: CallerReader,
        known: KnownNames,
        telling: Telling | None = None,
        learning: Learning | None = None,
        *,
        counts: Counts | None = None,
        patience: float = 1.0,
        responsible: bool = False,
        listed: bool = False,
        clock: Callable[[], float] = time.monotonic,
        run: Run | None = None,
    ) -> None:
        self._callers, self._known, self._telling, self._learning = callers, known, telling, learning
        self._counts, self._patience = counts or NoCounts(), patience
        self._responsible, self._listed = responsible, listed
        self._sparse = SparseLog(log, clock)
        self._recent, self._breaker = RecentAnswers(clock=clock), Breaker(clock=clock)
        self._threads = AskingThreads()
        self._asking = Asking(self._tell, self._keep, self._late, run or self._threads.run, patience)

    async def resolve(self, caller: str, deadline: float) -> CallerName:
        """See ``Resolver``."""
        ending, number = Ending.GONE, ""
        try:
            answer, ending = await self._answer(caller, deadline)
        except Exception:
            ending = Ending.BROKEN
            log.exception("a call goes on without a name; this is a bug")
            return CallerName()
        else:
            number = answer.number
            return answer
        finally:
            self._count(ending, number)

    def close(self) -> None:
        """Give up the questions under way. A call that waits for one goes on at its deadline."""
        self._asking.close()
        self._threads.end()

    def breaker_is_open(self) -> bool:
        """Whether calls do not wait for 1C, as it fails or is too slow."""
        return self._breaker.is_open

    def waiting(self) -> int:
        """How many calls wait for 1C now."""
        return self._asking.callers

    async def _answer(self, caller: str, deadline: float) -> tuple[CallerName, Ending]:
        who = self._callers.read(caller)
        if who.kind is not CallerKind.NUMBER:
            if who.kind is CallerKind.IMPOSSIBLE:
                self._sparse.tell(who.kind, logging.INFO, "a caller was not looked up: what came is no phone number")
            return CallerName(), Ending(who.kind.value)
        found = self._known.find(who.keys)
        if found is not None:
            name, origin = found
            extension = await self._extension(who, deadline) or (
                self._known.extension(who.keys) if self._listed else ""
            )
            return CallerName(who.number, name, origin, extension), Ending(origin.value)
        recent = self._recent.find(who.number)
        if recent is not None or self._telling is None:
            return _named(who.number, Told(recent or "", self._recent.extension(who.number)), Ending.ONLINE)
        question = self._question(who, deadline)
        if isinstance(question, Ending):
            return CallerName(who.number), question
        return await self._told(question, deadline)

    async def _extension(self, who: CallerId, deadline: float) -> str:
        """The extension of who keeps the card of a known number, "" where it is not wanted, or not known in time."""
        if not self._responsible:
            self._recent.forget(who.number)
            return ""
        if self._recent.find(who.number) is not None or self._telling is None:
            return self._recent.extension(who.number)
        question = self._question(who, deadline)
        reply = None if isinstance(question, Ending) else await self._asking.wait(question, deadline)
        return "" if reply is None else reply.told.extension

    def _count(self, ending: Ending, number: str) -> None:
        try:
            self._counts.ended(ending, number)
        except Exception:
            log.exception("a call was not counted; this is a bug")

    def _question(self, who: CallerId, deadline: float) -> Question | Ending:
        """The question that the call may wait for, or why there is none."""
        question = self._asking.under_way(who.number)
        if question is not None:
            return Ending.LEFT_ALONE if self._breaker.is_open else question
        admission = self._breaker.admit()
        if admission is Admission.ASK:
            if asyncio.get_running_loop().time() >= deadline:
                return Ending.LATE
            return self._asking.ask(who.number, who.keys) or Ending.CROWDED
        if admission is Admission.PROBE:
            self._asking.ask(who.number, who.keys, probe=True)
        return Ending.LEFT_ALONE

    async def _told(self, question: Question, deadline: float) -> tuple[CallerName, Ending]:
        reply = await self._asking.wait(question, deadline)
        if reply is None:
            dropped = question.reply.done()
            return CallerName(question.number), Ending.LEFT_ALONE if dropped else Ending.LATE
        if reply.error is not None:
            return CallerName(question.number), Ending.FAILED
        return _named(question.number, reply.told, Ending.TOLD)

    def _tell(self, number: str, keys: Sequence[str], stopping: Stopping) -> Told:
        if self._telling is None:
            raise RuntimeError("1C is not to be asked")
        told = self._telling.tell(number, keys, stopping)
        return Told(told.name, told.said.extension if self._responsible else "")

    def _late(self, question: Question) -> None:
        """Note that 1C takes too long for a question that is still under way."""
        log.debug("1C has not told who has %s after %.1f s", question.number, self._patience)
        self._judge(question, answered=False)

    def _keep(self, question: Question, reply: Reply) -> None:
        """Keep what 1C answered, whoever still waits for it."""
        self._counts.asked(_outcome(reply))
        if not reply.late:
            self._judge(question, answered=reply.error is None)
        if reply.error is not None:
            self._complain(question.number, reply.error)
            return
        self._recent.keep(question.number, *reply.told)
        if reply.told.name and not (self._responsible and self._known.find(question.keys)):
            self._counts.learnt()
            if self._learning is not None:
                self._learning.learn(question.keys, reply.told.name)

    def _judge(self, question: Question, *, answered: bool) -> None:
        """Let the breaker know of an answer in time, or of a failure."""
        was_open = self._breaker.is_open
        if answered:
            self._breaker.succeeded(probe=question.probe)
        else:
            self._breaker.failed(probe=question.probe)
        if was_open == self._breaker.is_open:
            return
        if was_open:
            log.warning("1C answers again, and is asked during calls")
        else:
            log.warning("1C failed or was too slow several times in a row: calls do not wait for it until it answers")
            self._asking.drop_waiting()

    def _complain(self, number: str, error: Exception) -> None:
        """Log that a question failed, without the number; the same once a minute. A bug is shown whole."""
        log.debug("the question was for %s", number)
        if isinstance(error, SourceError):
            words = without_number(str(error), number)
            self._sparse.tell(words, logging.WARNING, "1C could not tell who is calling: %s", words)
        else:
            log.error("1C could not be asked who is calling; this is a bug", exc_info=error)


def _named(number: str, told: Told, ending: Ending) -> tuple[CallerName, Ending]:
    """The answer with a name that 1C told; without one it is that of an unknown caller."""
    if not told.name:
        return CallerName(number), Ending.UNKNOWN
    return CallerName(number, told.name, Origin.ONLINE, told.extension), ending


def _outcome(reply: Reply) -> OneCAnswer:
    if reply.late:
        return OneCAnswer.LATE
    if reply.error is not None:
        return OneCAnswer.FAILED
    return OneCAnswer.NAME if reply.told.name else OneCAnswer.NONE


def without_number(text: str, number: str) -> str:
    """A message of 1C or about it without the number that was asked for; addresses of 1C's services hold it."""
    return re.sub(rf"(?:\+|%2[Bb])?[0-9]*{re.escape(number[-_TELLING_DIGITS:])}", "…", text)
