"""``check --calls``: does it work? Of the last calls from outside, how many callers does the phonebook name?"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.cli.calls_report import CallsReport, as_json
from astsync.cli.calls_report import as_text as render
from astsync.cli.common import Common
from astsync.cli.findings import waiting
from astsync.cli.next_commands import whole_commands
from astsync.cli.output import complain, emit, is_terminal
from astsync.cli.screen import show
from astsync.errors import AstsyncError, ConfigError
from astsync.language import say

if TYPE_CHECKING:
    from astsync.lookup.callers import CallerId
    from astsync.parts import Parts
    from astsync.setup.past_calls.sources import CallsRead

WholeCommands = Callable[[Sequence[str]], tuple[str, ...]]
_LOOK_EVERY = 0.5
"""Seconds between two looks at the channels of a PBX. A call that is over sooner is not seen."""


@dataclass(frozen=True, slots=True)
class CallsAsked:
    """What ``--calls`` asks for: so many calls, of a file or of a while of listening; so many unknown numbers."""

    most: int
    cdr: Path | None = None
    listen: str | None = None
    unknown: int = 0
    seconds: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        """Read the time. Raises ConfigError."""
        from astsync.config.value_types import duration_seconds

        if self.listen is None:
            return
        if self.cdr is not None:
            raise ConfigError(say("--cdr and --listen are two ways to the calls"), hint=say("Name one of them."))
        try:
            object.__setattr__(self, "seconds", duration_seconds(self.listen))
        except ValueError as error:
            raise ConfigError(say("--listen: {why}", why=error.args[0]), hint=say("Such as --listen 10m.")) from None


def check_calls(common: Common, asked: CallsAsked, *, as_text: bool) -> int:
    """Read the calls, compare them with the phonebook and with what each PBX holds, and report. Returns the exit code.

    A PBX that cannot be read is told, and the others go on. Raises AstsyncError where no call can be read, or where
    there is no phonebook yet.
    """
    from astsync.parts import Parts

    parts = Parts.load(common.config)
    chosen = [pbx.name for pbx in parts.pbx_configs(common.pbx)]
    found = _read(common, parts, asked)
    report = _compared(parts, chosen, found, asked, partial(whole_commands, common))
    if as_text:
        show(lambda paint: render(report, paint), common.colour)
    else:
        emit(as_json(report))
    for error in report.errors.values():
        complain(error)
    return next((error.exit_code for error in report.errors.values()), 0)


def _compared(
    parts: "Parts", chosen: list[str], found: "CallsRead", asked: CallsAsked, whole: WholeCommands
) -> CallsReport:
    from astsync.setup.past_calls.figures import figures_of

    book = _book(parts)
    held, errors = _held(parts, chosen)
    if book is None and not any(held.values()):
        hint = say("`astsync sync` makes it; `astsync diff` shows first what it would write.")
        raise next(iter(errors.values()), None) or ConfigError(say("there is no phonebook yet"), hint=hint)
    calls = found.calls.calls
    entries = book if book is not None else next(filter(None, held.values()))
    return CallsReport(
        place=found.place,
        asked=asked.most,
        unknown=asked.unknown,
        whole=whole,
        internal=found.calls.internal,
        unreadable=found.unreadable,
        listened=asked.listen or "",
        forms=parts.config.numbers.forms,
        area_code=parts.config.numbers.area_code,
        figures=figures_of(calls, entries, parts.numbers),
        pbxs={name: figures_of(calls, family, parts.numbers) for name, family in held.items()},
        errors=errors,
    )


def _book(parts: "Parts") -> Mapping[str, str] | None:
    """The names that the store has: those of the list, and behind them those that 1C told. None before a sync."""
    with parts.store(write=False) as store:
        names, online = store.snapshot_names(), store.online(datetime.now(UTC))
    told = {number: one.name for number, one in online.names.items()}
    return {**told, **names} if names is not None else told or None


def _held(parts: "Parts", chosen: list[str]) -> tuple[dict[str, Mapping[str, str]], dict[str, AstsyncError]]:
    """What each PBX holds, and the errors of those that cannot be read."""
    held: dict[str, Mapping[str, str]] = {}
    errors: dict[str, AstsyncError] = {}
    for pbx in parts.pbxs(chosen):
        try:
            with waiting(say("reading {pbx}", pbx=pbx.name)), pbx.open(parts.stopping()) as family:
                held[pbx.name] = family.read()
        except AstsyncError as error:
            errors[pbx.name] = error
    return held, errors


def _read(common: Common, parts: "Parts", asked: CallsAsked) -> "CallsRead":
    from astsync.lookup.callers import CallerReader
    from astsync.setup.past_calls import sources

    read = CallerReader(parts.numbers).read
    if asked.listen is not None:
        return _listen(common, parts, asked, read)
    if asked.cdr is None:
        return sources.read_file(sources.usual_file(), read, asked.most)
    if str(asked.cdr) != "-":
        return sources.read_file(asked.cdr, read, asked.most)
    if is_terminal(sys.stdin):
        raise ConfigError(say("standard input is a terminal: no records come from it"), hint=sources.WHERE)
    return sources.read_stream(sys.stdin.buffer, read, asked.most)


def _listen(common: Common, parts: "Parts", asked: CallsAsked, read: "Callable[[str], CallerId]") -> "CallsRead":
    """Look at the channels of the PBXs until the time is over, there are enough calls, or Ctrl-C.

    Each call is judged once, when it is over, or at the end. Raises what a PBX answers, and its loss.
    """
    from astsync.pbx.channels import read_channels
    from astsync.pbx.connection import AmiConnection
    from astsync.setup.past_calls.incoming import IncomingCalls
    from astsync.setup.past_calls.listening import HeardCalls
    from astsync.setup.past_calls.sources import CallsRead

    heard, end = HeardCalls(), time.monotonic() + asked.seconds
    calls = IncomingCalls(read, asked.most)
    with ExitStack() as stack:
        open_ones: list[AmiConnection] = [
            stack.enter_context(AmiConnection(config, rival=parts.rival)) for config in parts.pbx_configs(common.pbx)
        ]
        stack.enter_context(waiting(say("watching the calls for {time}", time=asked.listen), quiet=common.quiet))
        try:
            while (left := end - time.monotonic()) > 0:
                for connection in open_ones:
                    rows: list[Mapping[str, str]] = []
                    read_channels(connection, rows.append)
                    calls.add_all(heard.look(connection.config.name, rows, datetime.now()))  # noqa: DTZ005 - local
                going = IncomingCalls(read, asked.most)
                going.add_all(heard.records)
                if calls.count + going.count >= asked.most:
                    break
                time.sleep(min(_LOOK_EVERY, left))
        except KeyboardInterrupt:
            pass  # whoever has seen enough wants the figures
    calls.add_all(heard.records)
    names = ", ".join(connection.config.name for connection in open_ones)
    return CallsRead(calls, names)
