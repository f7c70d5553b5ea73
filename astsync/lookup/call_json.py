"""Calls as JSON, with who has their numbers as it is known when they are told."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from astsync.calls.model import CallGap, LiveCall
from astsync.lookup.callers import CallerReader
from astsync.phonebook.model import Origin
from astsync.store import KeptCall


class KnownCounterparties(Protocol):
    """What the store knows of numbers; see ``store.StoreNames``."""

    def find(self, keys: Sequence[str]) -> tuple[str, Origin] | None:
        """The name of the first of the keys that has one."""

    def cards(self, keys: Sequence[str]) -> Sequence[tuple[str, str]]:
        """The source and the name of the counterparties that claim the first of the keys that anybody claims."""


class CallTeller:
    """Makes what is told of calls."""

    def __init__(self, callers: CallerReader, names: KnownCounterparties) -> None:
        self._callers, self._names = callers, names

    def number(self, text: str) -> str:
        """A number in any spelling as calls have it; what is none, as it is."""
        return self._callers.read(text).number or text

    def live(self, call: LiveCall) -> dict[str, Any]:
        """A call in progress."""
        return {
            "id": call.id,
            "pbx": call.pbx,
            "direction": call.direction.value,
            "phone": _text(call.phone),
            **self.who(call.phone),
            "extension": _text(call.extension),
            "rung": list(map(_text, call.rung)),
            "did": _text(call.did),
            "state": call.stage.value,
            "started": moment(call.started),
            "since": moment(call.since),
        }

    def past(self, kept: KeptCall) -> dict[str, Any]:
        """A call that is over. ``wait`` and ``talk`` are in seconds."""
        call = kept.call
        return {
            "id": call.id,
            "pbx": call.pbx,
            "direction": call.direction.value,
            "phone": call.phone,
            **self.who(call.phone),
            "extension": call.extension,
            "rung": list(call.rung),
            "did": call.did,
            "started": moment(call.started),
            "answered": None if call.answered is None else moment(call.answered),
            "ended": moment(call.ended),
            "wait": round(max(call.wait, 0.0), 1),
            "talk": round(max(call.talk, 0.0), 1),
            "result": call.result.value,
            "recording": call.recording,
            "revision": kept.revision,
        }

    def who(self, phone: str) -> dict[str, Any]:
        """The name that phones show for a number, and the counterparties in 1C that have it."""
        keys = self._callers.read(phone).keys
        found = self._names.find(keys) if keys else None
        cards = [_card(source, name) for source, name in (self._names.cards(keys) if keys else [])]
        return {
            "name": None if found is None else _text(found[0]),
            "counterparty": cards[0] if cards else None,
            "counterparties": cards,
        }


def gap_told(gap: CallGap) -> dict[str, str]:
    """A time of which calls may be missing."""
    return {"pbx": gap.pbx, "from": moment(gap.since), "to": moment(gap.until), "why": str(gap.why)}


def moment(at: datetime) -> str:
    """A moment in UTC, by the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _card(source: str, name: str) -> dict[str, str]:
    catalog, _, ref = source.rpartition("/")
    return {"catalog": catalog, "ref": ref, "name": _text(name)}


def _text(foreign: str) -> str:
    """A text that JSON can hold: a carrier may send bytes that are none, and 1C names that are none."""
    return foreign.encode("utf-8", "replace").decode()
