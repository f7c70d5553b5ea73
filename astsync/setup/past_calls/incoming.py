"""Records to calls from outside: which of them are legs of one call, which come from a phone of the house."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from astsync.calls.record import CallRecord
from astsync.lookup.callers import CallerId, CallerKind

_SLACK = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class IncomingCall:
    """A call from outside: its record, of several legs one, and who was calling."""

    record: CallRecord
    caller: CallerId


class IncomingCalls:
    """Collects calls from outside, at most ``most``; ``read`` tells who a caller is (``CallerReader.read``).

    Records may come from the oldest or from the newest on. With ``keep_last`` the calls that came last are kept;
    without it the collecting ends when ``most`` are there, see ``full``. Only calls of numbers, and those that withhold
    theirs or show no possible one, are counted to ``most``.

    Legs of one call are one: by the id of the call, by that of the channel; and legs that the dialplan made for itself
    (Local channels) by their time and caller.
    """

    def __init__(self, read: Callable[[str], CallerId], most: int, *, keep_last: bool = False) -> None:
        self._read, self._most, self._keep_last = read, most, keep_last
        self._calls: OrderedDict[int, IncomingCall] = OrderedDict()
        self._by_id: dict[str, int] = {}
        self._by_source: dict[str, int] = {}
        self._next = 0
        self._last_inside: set[str] = set()
        self.internal = 0
        """Calls from phones of the house that were met."""
        self.records = 0

    @property
    def calls(self) -> list[IncomingCall]:
        """The calls, in the order in which they came."""
        return list(self._calls.values())

    @property
    def count(self) -> int:
        """How many calls there are."""
        return len(self._calls)

    @property
    def full(self) -> bool:
        """Whether there are enough: later records are not needed."""
        return not self._keep_last and len(self._calls) >= self._most

    def add_all(self, records: Iterable[CallRecord | None]) -> None:
        """Add records until there are enough."""
        for record in records:
            if record is not None:
                self.add(record)
            if self.full:
                return

    def add(self, record: CallRecord) -> None:
        """Add a record: a new call, or another leg of one that is there."""
        self.records += 1
        ids = {identity for identity in (record.linked, record.unique) if identity}
        caller = self._read(record.source)
        if record.from_extension or caller.kind is CallerKind.INTERNAL:
            self.internal += not ids & self._last_inside or not ids
            self._last_inside = ids
            return
        known = self._known(record, ids)
        if known is None:
            known = self._next
            self._next += 1
            self._calls[known] = IncomingCall(record, caller)
        else:
            self._calls[known] = _together(self._calls[known], record)
        self._by_id.update(dict.fromkeys(ids, known))
        self._by_source[record.source] = known
        if len(self._calls) > self._most:
            self._forget_first()

    def _known(self, record: CallRecord, ids: set[str]) -> int | None:
        """The call that this is a leg of."""
        for identity in ids:
            if (known := self._by_id.get(identity)) in self._calls:
                return known
        last = self._by_source.get(record.source)
        if last is None or last not in self._calls:
            return None
        other = self._calls[last].record
        if (record.from_local_channel or other.from_local_channel) and not (record.linked and other.linked):
            return last if _at_once(record, other) else None
        return None

    def _forget_first(self) -> None:
        """Forget the call that came first; now and then also what leads to calls that are gone."""
        self._calls.popitem(last=False)
        if max(len(self._by_id), len(self._by_source)) > 8 * self._most:
            self._by_id = {identity: at for identity, at in self._by_id.items() if at in self._calls}
            self._by_source = {source: at for source, at in self._by_source.items() if at in self._calls}


def _together(call: IncomingCall, record: CallRecord) -> IncomingCall:
    """A call with one more leg: from the first start to the last end, with a name if any leg had one."""
    one = call.record
    starts = [start for start in (one.start, record.start) if start is not None]
    ends = [end for end in (one.end, record.end) if end is not None]
    whole = replace(
        one,
        name=one.name or record.name,
        start=min(starts, default=None),
        end=max(ends, default=None),
        channel=record.channel if one.from_local_channel else one.channel,
        unique=one.unique or record.unique,
        linked=one.linked or record.linked,
    )
    return replace(call, record=whole)


def _at_once(one: CallRecord, other: CallRecord) -> bool:
    """Whether two records are of the same time."""
    if one.start is None or other.start is None:
        return False
    one_end, other_end = one.end or one.start, other.end or other.start
    return one.start <= other_end + _SLACK and other.start <= one_end + _SLACK
