"""Tells what a run came to, by every way that is configured. Nothing of it changes the run's own result.

Every run asks here whether somebody is to be told. The ways with their libraries, and the words with all the reports,
are loaded only where that is so: they take longer than a small run.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from astsync.config.notify_section import NotifyConfig
from astsync.engine.result import Digest
from astsync.errors import AstsyncError, NotTold, PartlyTold
from astsync.language import joined, say
from astsync.notify import events, memory
from astsync.notify.memory import Memory
from astsync.notify.outcome import Outcome

if TYPE_CHECKING:
    from astsync.notify.channel import Channel
    from astsync.notify.notices import Notice

log = logging.getLogger(__name__)

_SENDING = 3.0  # time-outs that all of one message may take: to connect, to log in, to send
MakeDigest = Callable[[datetime, datetime], Digest]
"""Tells what happened from a moment until before another one. Raises AstsyncError."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A way, and why a message could not be sent by it; None where it was."""

    channel: str
    error: AstsyncError | None

    @property
    def taken(self) -> bool:
        """Whether somebody got the message: one that is sent again reaches them again."""
        return self.error is None or isinstance(self.error, PartlyTold)


class Teller:
    """Tells of the runs of one store. ``digest`` makes a digest of its history."""

    def __init__(
        self, config: NotifyConfig, store: Path, digest: MakeDigest, now: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._file = memory.file_of(store)
        self._digest = digest
        self._now = now
        self._channels = channels(config)
        self._busy = threading.Lock()

    def run_ended(self, outcome: Outcome) -> None:
        """Tell what a run came to, where that is news. What cannot be told is a warning."""
        if not self._channels:
            return
        with self._busy:
            try:
                self._tell(outcome)
            except OSError as error:
                # Without a memory every run of a bad day would send its message.
                log.warning("notify: cannot keep %s, so nothing is told: %s", self._file, error.strerror)
            except Exception as error:  # the run is over, and its own result stands
                log.warning("%s: %s", "notify", say("this is a bug: {error}", error=type(error).__name__))
                log.debug("notify: what went wrong", exc_info=True)

    def _tell(self, outcome: Outcome) -> None:
        from astsync.notify import notices

        now, before = self._now(), memory.read(self._file)
        decision = events.of_run(before, outcome, now)
        after = decision.told
        if decision.occasion is not None and decision.occasion.value in self._config.on:
            memory.save(self._file, decision.untold)  # so that it is known now whether the memory can be kept
            if not self._send(notices.of_outcome(decision.occasion, outcome, before, now)):
                after = decision.untold
        due, after = events.digest_due(after, self._config.digest, datetime.fromtimestamp(now, UTC).astimezone())
        if after != before:
            memory.save(self._file, after)
        if due:
            self._send_digest(before, after, now)

    def _send_digest(self, before: Memory, after: Memory, now: float) -> None:
        from astsync.notify import notices

        try:
            digest = self._digest(*events.digest_period(before, after))
        except AstsyncError as error:
            log.warning("notify: the digest cannot be made: %s", error)
        else:
            self._send(notices.of_digest(digest, after.since, now))

    def _send(self, notice: "Notice") -> bool:
        """Send a message by all ways; whether one of them took it."""
        sent = send(self._channels, notice, self._config.timeout)
        for one in sent:
            if one.error is not None:
                why, cure = one.error.message, one.error.hint
                log.warning("%s: %s", one.channel, joined("", (why, " (", cure, ")")) if cure else one.error)
        return any(one.taken for one in sent)


def channels(config: NotifyConfig) -> "list[Channel]":
    """The ways that are configured."""
    found: list[Channel] = []
    if config.mail.server and config.mail.to:
        from astsync.notify.mail import MailChannel

        found.append(MailChannel(config.mail, config.timeout))
    if config.webhook.url:
        from astsync.notify.web import WebhookChannel

        found.append(WebhookChannel(config.webhook, config.timeout))
    if config.telegram.chat:
        from astsync.notify.web import TelegramChannel

        found.append(TelegramChannel(config.telegram, config.timeout))
    return found


def send(ways: "Sequence[Channel]", notice: "Notice", timeout: float) -> list[Sent]:
    """Send a message by all ways at once. A way that takes longer than three time-outs is left behind."""
    return at_once(ways, lambda way: way.send(notice), timeout)


def at_once(ways: "Sequence[Channel]", work: "Callable[[Channel], object]", timeout: float) -> list[Sent]:
    """Do something by all ways at once, each in a thread of its own: a server that drips holds up nobody."""
    errors: dict[str, AstsyncError | None] = {}

    def do(way: "Channel") -> None:
        try:
            work(way)
        except AstsyncError as error:
            errors[way.name] = error
        except Exception as error:  # noqa: BLE001 - whatever a library raises, the run's own result stands
            # Its words stay out: an error of encoding, for one, has the whole text in them, and that may be a secret.
            errors[way.name] = NotTold(say("this is a bug: {error}", error=type(error).__name__))
        else:
            errors[way.name] = None

    threads = [threading.Thread(target=do, args=[way], daemon=True) for way in ways]
    for thread in threads:
        thread.start()
    end = time.monotonic() + _SENDING * timeout
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    late = NotTold(
        say("no answer in {seconds:g} s", seconds=_SENDING * timeout),
        hint=say("Raise notify.timeout, or mend the server."),
    )
    return [Sent(way.name, errors.get(way.name, late)) for way in ways]
