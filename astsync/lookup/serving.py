"""Answering calls as a job of ``watch``: the one place that makes all its parts from a configuration."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import TracebackType

from astsync.config import ServeConfig
from astsync.engine.result import PbxReport, Report
from astsync.errors import ConfigError, LockedError, PbxConnectionLost, SourceError
from astsync.language import say
from astsync.lookup.answering import Answering
from astsync.lookup.asking import LONGEST_QUESTION
from astsync.lookup.call_following import CallFollowing, check_calls
from astsync.lookup.call_json import CallTeller
from astsync.lookup.callers import CallerReader
from astsync.lookup.child import ServingProcess
from astsync.lookup.counting import Counts
from astsync.lookup.listening import Listening
from astsync.lookup.model import KnownNames
from astsync.lookup.resolver import CallResolver
from astsync.lookup.service import SILENCE, Service
from astsync.lookup.tally import CallTally
from astsync.lookup.telling import Telling, open_telling
from astsync.parts import Parts
from astsync.pbx import Pbx
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.opened import OpenedPbx
from astsync.sources import NOBODYS_NUMBER
from astsync.stopping import Stopping
from astsync.store import StoreNames
from astsync.text import span
from astsync.watch.job import Job, Member
from astsync.watch.runs import Runs, Turns
from astsync.watch.told import ToldNames
from astsync.watch.write_through import Line, WriteThrough

log = logging.getLogger(__name__)

COMMAND = "astsync serve"
_FIRST_CALLS = 0.2  # seconds for the calls that waited for the start: to load what asks 1C is work for the processor


class Serving:
    """Makes jobs that answer calls, one for each reading of the configuration. The ports outlive a job.

    Use as a context manager: its end closes the ports.
    """

    def __init__(self) -> None:
        self._listening = Listening()
        self._telling: Telling | None = None

    def __enter__(self) -> "Serving":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.close()
        self._ask_by(None)

    def _ask_by(self, telling: Telling | None) -> None:
        """Ask 1C by this one from now on."""
        before, self._telling = self._telling, telling
        if before is not None:
            before.close()

    def alone(self, parts: Parts, names: Sequence[str], *, writes: bool = True) -> Job:
        """The job of ``astsync serve``: to answer, and to write what 1C tells to the PBXs of these names, or all.

        Without ``writes`` it only stores what 1C tells. Raises ConfigError, and StoreError where the store cannot be
        used.
        """
        # The store is brought up to this version; where it is locked, a sync does that.
        with suppress(LockedError), parts.narrow_writer(COMMAND, patience=0):
            pass
        for config in parts.pbx_configs(names):
            config.password()
        pbxs = parts.pbxs(names) if writes else []
        lines = {pbx.name: partial(_dialled, pbx, parts.rival) for pbx in pbxs}
        return self._job(parts, Job((), Runs(parts, COMMAND), 0, SILENCE), lines, names)

    def _job(self, parts: Parts, job: Job, lines: Mapping[str, Line], pbxs: Sequence[str]) -> Job:
        serve = parts.config.serve
        _check_faces(serve)
        check_calls(parts.config)
        token, callers = serve.token(), CallerReader(parts.numbers)
        telling = open_telling(parts, callers)
        self._listening.change({"agi": serve.agi, "http": serve.http})
        self._ask_by(telling)
        _say(parts, asked=telling is not None)

        def services(turns: Turns, _up: Callable[[], Sequence[Pbx]]) -> Sequence[Member]:
            writing = WriteThrough(_Writing(parts, turns, COMMAND), lines)

            def resolver(names: KnownNames, counts: Counts) -> CallResolver:
                return CallResolver(
                    callers,
                    names,
                    telling,
                    writing,
                    counts=counts,
                    patience=serve.deadline,
                    responsible=serve.responsible,
                    listed=bool(serve.extensions),
                )

            names = partial(StoreNames, parts.store_path)
            following = CallFollowing(parts, parts.pbx_configs(pbxs), callers)
            answering = Answering(
                serve=serve,
                token=token,
                names=names,
                resolver=resolver,
                sockets=self._listening.sockets,
                teller=partial(CallTeller, callers),
                follow=following.members,
                past=following.pages,
                tally=partial(CallTally, parts.store_path, parts.calls_kept),
            )
            return [writing, Service("calls", partial(_answer, answering, telling))]

        return replace(job, services=services, serves=_where(serve))


def beside(parts: Parts, job: Job, arguments: Sequence[str]) -> Job:
    """The job of ``astsync watch --serve``: calls are answered by a child process, which stores what 1C tells.

    That is written over the connections that watch holds. ``arguments`` are those of astsync, which the child is given
    too. Raises ConfigError where the child could not answer, as where a file with a token is gone.
    """
    serve = parts.config.serve
    _check_faces(serve)
    serve.token()
    check_calls(parts.config)
    telling = open_telling(parts, CallerReader(parts.numbers))
    if telling is not None:
        telling.close()

    def services(turns: Turns, up: Callable[[], Sequence[Pbx]]) -> Sequence[Member]:
        lines = {pbx.name: partial(_held, pbx.name, up) for pbx in job.pbxs}
        writing = WriteThrough(_Writing(parts, turns, "astsync watch"), lines)
        told = ToldNames(StoreNames(parts.store_path).told_since, writing.hand_on, time.time())
        return [writing, told, ServingProcess(arguments)]

    return replace(job, services=services, serves=_where(serve))


def check_ports(parts: Parts) -> None:
    """Find out whether the ports can be had. Raises ConfigError."""
    serve, listening = parts.config.serve, Listening()
    listening.change({"agi": serve.agi, "http": serve.http})
    listening.close()


def _check_faces(serve: ServeConfig) -> None:
    if not serve.agi and not serve.http:
        raise ConfigError(
            say("serve.agi and serve.http are both empty: there is nothing to answer on"),
            hint=say("Write an address and a port, or leave both keys out for the usual ones."),
        )


def _where(serve: ServeConfig) -> str:
    where = [f"{key} {address}" for key, address in (("agi", serve.agi), ("http", serve.http)) if address]
    return f"answering calls on {' and '.join(where)}"


class _Writing:
    """Stores names and writes them to PBXs, each time under the store's lock; a ``write_through.Writing``."""

    def __init__(self, parts: Parts, turns: Turns, command: str) -> None:
        self._parts, self._turns, self._command = parts, turns, command

    def save(self, names: Mapping[str, str]) -> None:
        """Store names by key. Raises LockedError, StoreError."""

        def run() -> None:
            with self._parts.narrow_writer(self._command, patience=0) as writer:
                writer.keep(names)

        self._turns.attempt(run)

    def write(self, pbx: Pbx, keys: Collection[str], beat: Callable[[], None]) -> PbxReport | None:
        """See ``Writing``."""

        def run() -> Report | None:
            with self._parts.narrow_writer(self._command, beat, patience=0) as writer:
                return writer.write(keys, [_with_keys(pbx)])

        report = self._turns.attempt(run)
        return None if report is None else report.pbx[0]


def _with_keys(pbx: Pbx) -> OpenedPbx:
    if not isinstance(pbx, OpenedPbx):
        raise TypeError(f"{pbx.name} is not lent over an open connection")
    return pbx


@contextmanager
def _dialled(pbx: AmiPbx, rival: Callable[[], str], stopping: Stopping) -> Iterator[Pbx]:
    """Connect to a PBX. That comes before the store's lock: others need not wait for a PBX that is away."""
    with AmiConnection(pbx.config, stopping=stopping, rival=rival) as connection:
        yield OpenedPbx(connection, pbx.family)


@contextmanager
def _held(name: str, up: Callable[[], Sequence[Pbx]], _stopping: Stopping) -> Iterator[Pbx]:
    """Lend the connection that ``watch`` holds. Raises PbxConnectionLost where it holds none just now."""
    for pbx in up():
        if pbx.name == name:
            yield pbx
            return
    raise PbxConnectionLost(f"{name}: not connected", hint="watch restores the phonebook when the PBX is back.")


@asynccontextmanager
async def _answer(answering: Answering, telling: Telling | None) -> AsyncIterator[None]:
    """Answer calls, and ask 1C for the first time once those are answered that waited for the start."""
    async with answering.on_loop():
        if telling is not None:
            first = threading.Thread(target=_warm_up, args=[telling], name="1c-first", daemon=True)
            asyncio.get_running_loop().call_later(_FIRST_CALLS, first.start)
        yield


def _warm_up(telling: Telling) -> None:
    """Ask 1C once for a number that nobody has, so that the first call does not wait for a WSDL or a sleeping base."""
    try:
        telling.tell(NOBODYS_NUMBER, (NOBODYS_NUMBER,), Stopping(LONGEST_QUESTION))
    except SourceError as error:
        log.warning("1C cannot tell who is calling: %s%s", error, f" ({error.hint})" if error.hint else "")
    except Exception:
        log.exception("1C could not be asked; this is a bug")
    else:
        log.info("1C answers")


def _say(parts: Parts, *, asked: bool) -> None:
    """Log who is answered from what."""
    serve = parts.config.serve
    faces = (("FastAGI", serve.agi), ("HTTP", serve.http))
    where = " and ".join(f"{name} on {address}" for name, address in faces if address)
    log.info("answering %s, for %s", where, ", ".join(serve.allow))
    log.info("the snapshot: %s", _snapshot(parts))
    if asked:
        log.info("1C is asked for unknown numbers (serve.online = %s)", serve.online)
    elif serve.online:
        log.info("1C is not asked: source.url is empty, and serve.soap.wsdl too")
    else:
        log.info("1C is not asked: serve.online is empty")


def _snapshot(parts: Parts) -> str:
    names = StoreNames(parts.store_path)
    try:
        _, pulled = names.state()
    finally:
        names.close()
    if pulled is None:
        return "there is none yet; the first sync makes it"
    return f"pulled {span((datetime.now(UTC) - pulled).total_seconds())} ago"
