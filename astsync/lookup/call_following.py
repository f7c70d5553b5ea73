"""Makes what follows the calls of PBXs, keeps them and sends them to 1C, from a configuration."""

import ipaddress
from collections.abc import Sequence
from pathlib import Path

from astsync.calls.tracker import House
from astsync.config import Config, PbxConfig, ServeCallsConfig
from astsync.lookup.call_delivery import CallDelivery
from astsync.lookup.call_json import CallTeller
from astsync.lookup.call_listener import CallListener, KeepsNothing
from astsync.lookup.call_recorder import CallRecorder
from astsync.lookup.callers import CallerReader
from astsync.lookup.live_calls import LiveCalls
from astsync.lookup.past_call_pages import PastCallPages
from astsync.parts import Parts
from astsync.store import CallJournal, JournalReader, StoreNames
from astsync.watch.job import Member


class CallFollowing:
    """What follows the calls of these PBXs; nothing where that is not asked for."""

    def __init__(self, parts: Parts, pbxs: Sequence[PbxConfig], callers: CallerReader) -> None:
        self._parts, self._pbxs, self._callers = parts, pbxs, callers

    def members(self, live: LiveCalls) -> Sequence[Member]:
        """The threads, in the order in which they begin. Raises ConfigError."""
        config, rival = self._parts.config.serve.calls, self._parts.rival
        if not config.follow:
            return ()
        house = house_of(config, self._callers)
        if not keeps_journal(self._parts.config):
            return [CallListener(pbx, house, live, KeepsNothing(), rival=rival) for pbx in self._pbxs]
        delivery = self._delivery() if config.url else None
        recorder = CallRecorder(
            self._journal(),
            house,
            {pbx.name: records_file(config, pbx, self._parts.config.pbx) for pbx in self._pbxs},
            recorded=delivery.wake if delivery is not None else lambda: None,
            delivers=delivery is not None,
            configured=self._configured,
        )
        listeners = [CallListener(pbx, house, live, recorder, rival=rival) for pbx in self._pbxs]
        return [*([delivery] if delivery is not None else []), recorder, *listeners]

    def pages(self, teller: CallTeller) -> PastCallPages | None:
        """The pages of past calls, None where none are kept."""
        if not keeps_journal(self._parts.config):
            return None
        return PastCallPages(JournalReader(self._parts.store_path), teller, self._configured)

    @property
    def _configured(self) -> list[str]:
        """The names of all PBXs: another serve may follow the others."""
        return [pbx.name for pbx in self._parts.config.pbx]

    def _delivery(self) -> CallDelivery:
        from astsync.lookup.call_posting import LateDoor

        teller = CallTeller(self._callers, StoreNames(self._parts.store_path))
        return CallDelivery(self._journal(), LateDoor(self._parts.config).send, teller.past)

    def _journal(self) -> CallJournal:
        return CallJournal(self._parts.store_path, self._parts.config.serve.keep_days)


def keeps_journal(config: Config) -> bool:
    """Whether calls that are over are kept."""
    calls = config.serve.calls
    return calls.follow and calls.journal and config.serve.keep_days > 0


def check_calls(config: Config) -> None:
    """Check that calls can be sent to 1C where that is asked for. Raises ConfigError."""
    if keeps_journal(config) and config.serve.calls.url:
        from astsync.lookup.call_posting import OneCDoor

        OneCDoor(config)


def house_of(calls: ServeCallsConfig, callers: CallerReader) -> House:
    """How numbers of the house are told from others, by this configuration."""

    def is_extension(number: str) -> bool:
        return number.isdecimal() and len(number) <= calls.extension_digits

    return House(is_extension, lambda number: callers.read(number).number, calls.recording)


def records_file(calls: ServeCallsConfig, pbx: PbxConfig, pbxs: Sequence[PbxConfig]) -> Path | None:
    """The file of records of a PBX, of all ``pbxs`` that are configured; None where none is its own.

    Of two on this machine, as by a tunnel or in containers, nobody knows whose file it is: each call would be two.
    """
    if not calls.csv:
        return None
    if "{pbx}" in calls.csv:
        return Path(calls.csv.replace("{pbx}", pbx.name))
    named = len(pbxs) == 1 and "csv" in calls.model_fields_set
    alone_here = _is_here(pbx.host) and sum(_is_here(one.host) for one in pbxs) == 1
    return Path(calls.csv) if named or alone_here else None


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
