"""Records of calls as they come, one after another, gathered to calls: a call has some, and the last may come late."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from astsync.calls.channel_name import other_half
from astsync.calls.record import CallRecord

QUIET = 3.0
"""Seconds without another record after which a call is told. One that comes later changes it."""
KEPT = 600.0
"""Seconds that the records of a call are kept for one that comes later."""
MOST_KEPT = 50_000
"""Records that are kept; a stream of forged ones costs no more."""
_NAMED = 30.0  # seconds that a channel's name stands for one call: names are used again after a restart


@dataclass(slots=True)
class _Gathered:
    records: list[CallRecord] = field(default_factory=list)
    marks: set[str] = field(default_factory=set)
    last: float = 0.0
    told: bool = False


class Gathering:
    """The records of the last minutes of one PBX. Moments are in seconds by any clock that does not go back."""

    def __init__(self) -> None:
        self._groups: dict[int, _Gathered] = {}
        self._by_mark: dict[str, _Gathered] = {}
        self._count = 0

    def add(self, record: CallRecord, at: float) -> None:
        """Take a record, and put together what it shows to be one call."""
        if self._count >= MOST_KEPT:
            self._drop(at, KEPT / 10)
            if self._count >= MOST_KEPT:
                return
        marks = set(_marks(record))
        found = {id(group): group for mark in marks if (group := self._live(mark, at)) is not None}
        group, *others = sorted(found.values(), key=lambda one: one.last) or [_Gathered()]
        for other in others:
            group.records += other.records
            group.marks |= other.marks
            del self._groups[id(other)]
        group.records.append(record)
        group.marks |= marks
        group.last, group.told = at, False
        self._groups[id(group)] = group
        self._by_mark.update(dict.fromkeys(group.marks, group))
        self._count += 1

    def quiet(self, at: float, pause: float = QUIET) -> Iterator[list[CallRecord]]:
        """The records of each call that is quiet and was not given since its last record came."""
        for group in list(self._groups.values()):
            if not group.told and at - group.last >= pause:
                group.told = True
                yield list(group.records)
        self._drop(at, KEPT)

    def waits(self) -> bool:
        """Whether there is a call that is not quiet yet."""
        return any(not group.told for group in self._groups.values())

    def _live(self, mark: str, at: float) -> _Gathered | None:
        group = self._by_mark.get(mark)
        return None if group is None or (mark[0] == "c" and at - group.last > _NAMED) else group

    def _drop(self, at: float, age: float) -> None:
        for group in [group for group in self._groups.values() if group.told and at - group.last > age]:
            del self._groups[id(group)]
            self._count -= len(group.records)
            for mark in group.marks:
                if self._by_mark.get(mark) is group:
                    del self._by_mark[mark]


def _marks(record: CallRecord) -> Iterator[str]:
    """What a record has in common with others of its call."""
    yield f"u {record.unique}"
    if record.linked:
        yield f"u {record.linked}"  # the Uniqueid of the call's oldest channel
        return
    for name in filter(None, (record.channel, record.dest_channel)):
        yield f"c {other_half(name) if name.endswith(';2') else name}"
