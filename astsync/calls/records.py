"""Records of calls (CDRs) → calls that are over, one a call: for those whose events nobody heard.

Asterisk writes a record for each pair of channels, and some for a channel alone: a ring group of three phones over
Local channels makes seven. The Linkedid groups them; the field stands in Master.csv where cdr.conf says
``newcdrcolumns = yes``, and in AMI's Cdr events where cdr_manager.conf maps it. Without it the channels' names do: of
the records of one channel, of the channel that it dialled, of the two halves of a Local channel; of the same time, as
names are used again after a restart.

The id of a call is the Uniqueid of its oldest channel, which is its Linkedid. The seconds in a Uniqueid are UTC. The
times of a record are the PBX's own, or UTC (``usegmtime``), and do not say which; but the first record of a channel
begins when the channel did, so both together tell the offset, by quarters of an hour.

What was seen on 16.28 and 22.10: a Dial of three phones is three records, of which one is ANSWERED; a record's answer
is when the PBX itself picked up, also for a voice menu, so of a chain of Local channels the last answer counts; a
record with no called channel says nothing of a dial.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from astsync.calls.channel_name import other_half, read_channel, unique_age, unique_before, unique_seconds
from astsync.calls.ids import call_id
from astsync.calls.model import CallResult, Direction, PastCall
from astsync.calls.record import CallRecord, name_and_number
from astsync.calls.recording import first_name
from astsync.calls.tracker import House, is_unknown

MOST_RECORDS = 1_000
"""Records of one call that are looked at."""
USERFIELD = "userfield"
"""The name by which the field for whatever a dialplan keeps is asked for."""
_QUARTER = 900  # seconds; offsets from UTC are whole quarters of an hour
_HOUR = 3_600
_ZONES = timedelta(days=1)  # more than any zone is away from UTC
_LONGEST = timedelta(days=31)  # no call lasts longer
_SAME_TIME = timedelta(seconds=2)
_ANSWERED = "ANSWERED"
_RESULTS = {"BUSY": CallResult.BUSY, "FAILED": CallResult.FAILED, "CONGESTION": CallResult.FAILED}
_TIMES = "%Y-%m-%d %H:%M:%S"


def record_of_event(headers: Mapping[str, str], recordings: Sequence[str] = ()) -> CallRecord | None:
    """The record of AMI's event Cdr; None where it has no Uniqueid or no times.

    The Linkedid comes by a name of the administrator's own in cdr_manager.conf, and so may the recording: by one of
    the names ``recordings``.
    """
    given = {name.lower(): value[:256] for name, value in headers.items()}
    start, end = _time(given.get("starttime", "")), _time(given.get("endtime", ""))
    if start is None or end is None or unique_seconds(given.get("uniqueid", "")) is None:
        return None
    billed = given.get("billableseconds", "")
    return CallRecord(
        source=given.get("source", ""),
        name=name_and_number(given.get("callerid", ""))[0],
        destination=given.get("destination", ""),
        context=given.get("destinationcontext", ""),
        channel=given.get("channel", ""),
        dest_channel=given.get("destinationchannel", ""),
        start=start,
        answer=_time(given.get("answertime", "")),
        end=end,
        disposition=given.get("disposition", ""),
        billed=int(billed) if billed.isdecimal() and len(billed) < 10 else None,
        unique=given["uniqueid"],
        linked=given.get("linkedid", ""),
        recording=_recording_of(headers, recordings),
    )


def _recording_of(headers: Mapping[str, str], recordings: Sequence[str]) -> str:
    """The recording that a Cdr event names; from the whole values, as the name stands at the end of a path."""
    if not recordings:
        return ""
    whole = {name.lower(): value for name, value in headers.items()}
    return first_name(whole.get(name.lower(), "") for name in recordings)


def calls_of(records: Iterable[CallRecord], pbx: str, house: House) -> Iterator[PastCall]:
    """The calls of a PBX's records.

    Records without a Uniqueid or with times far from it are passed over, and calls in which nobody was dialled.
    """
    usable = list(filter(_is_whole, records))
    uniques = {one.unique for one in usable}
    usual = Counter(map(_offset_of, usable)).most_common(1)
    for group in _groups(usable):
        # Of too many, as of an hour in a queue that rings all, those that tell who picked up are looked at first, then
        # the oldest, which tell the offset.
        looked_at = sorted(group, key=lambda one: (one.disposition != _ANSWERED, one.start))[:MOST_RECORDS]
        offset = _offset(looked_at, usual[0][0])
        call = _Group(looked_at, house, uniques, offset).call(pbx)
        if call is not None:
            yield call


def _is_whole(record: CallRecord) -> bool:
    """Whether a record has a Uniqueid and times, and these fit that: a spoilt one may be of the year 1 or 9999."""
    seconds = unique_seconds(record.unique)
    if seconds is None or record.start is None or record.end is None:
        return False
    began = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return all(-_ZONES < at - began < _LONGEST for at in (record.start, record.end))


def _groups(records: Sequence[CallRecord]) -> Iterator[list[CallRecord]]:
    """The records of each call: those that have a Linkedid or a channel in common, by a union of sets."""
    parent = list(range(len(records)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    first: dict[str, int] = {}
    for at, record in enumerate(records):
        for mark in filter(None, (record.unique, record.linked)):  # a Linkedid is the Uniqueid of the oldest channel
            parent[root(at)] = root(first.setdefault(mark, at))
    unlinked = [at for at, record in enumerate(records) if not record.linked]
    for one, other in _neighbours(records, unlinked):
        parent[root(one)] = root(other)
    groups: dict[int, list[CallRecord]] = defaultdict(list)
    for at, record in enumerate(records):
        groups[root(at)].append(record)
    yield from groups.values()


def _neighbours(records: Sequence[CallRecord], those: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs of records without a Linkedid that name the same channel, or the halves of one, at the same time."""
    naming: dict[str, list[int]] = defaultdict(list)
    for at in those:
        record = records[at]
        for name in {record.channel, record.dest_channel} - {""}:
            naming[other_half(name) if name.endswith(";2") else name].append(at)
    for found in naming.values():
        found.sort(key=lambda at: (str(records[at].start), at))
        for one, other in pairwise(found):
            end, start = records[one].end, records[other].start
            if end is not None and start is not None and start <= end + _SAME_TIME:
                yield one, other


def _call_id(group: Sequence[CallRecord], uniques: Collection[str]) -> str:
    """The Linkedid of a call: of two that were joined the older one, without any the oldest channel's Uniqueid.

    ``uniques`` are those of all records: none of them is taken for that of a channel without a record.
    """
    linked = [one.linked for one in group if unique_seconds(one.linked) is not None]
    if linked:
        return min(linked, key=unique_age)
    oldest = min(group, key=lambda one: unique_age(one.unique))
    if oldest.channel.startswith("Local/") and oldest.channel.endswith(";2"):
        first = unique_before(oldest.unique)  # a call that somebody ordered: its first half has no record of its own
        return oldest.unique if first in uniques else first
    return oldest.unique


class _Group:
    """The records of one call, the oldest first."""

    def __init__(self, records: Sequence[CallRecord], house: House, uniques: Collection[str], offset: int) -> None:
        self._house = house
        self._records = sorted(records, key=_order)
        self._dials = [one for one in self._records if one.dest_channel]
        self._linked = _call_id(records, uniques)
        self._offset = timedelta(seconds=offset)

    def call(self, pbx: str) -> PastCall | None:
        """The call; None where nobody was dialled."""
        rung = dict.fromkeys(filter(None, map(self._extension, self._dials)))
        outside = next((one.destination for one in self._dials if self._is_outside(one)), "")
        if not rung and not outside:
            return None
        origin = self._origin()
        direction = self._direction(origin, bool(rung), outside)
        answered = self._answered()
        return PastCall(
            id=call_id(pbx, self._linked),
            pbx=pbx,
            direction=direction,
            phone=self._phone(origin, direction, outside),
            extension=self._who(origin, direction, answered, tuple(rung)),
            rung=tuple(rung),
            did=self._did(direction),
            started=datetime.fromtimestamp(unique_age(self._linked)[0], UTC),
            answered=self._answer(answered),
            ended=max(self._utc(one.end) for one in self._records if one.end is not None),
            result=self._result(answered),
            recording=self._recording(),
        )

    def _recording(self) -> str:
        """The recording, of several that of the oldest channel."""
        in_userfield = USERFIELD in map(str.lower, self._house.recordings)
        return first_name(one.recording or (one.userfield if in_userfield else "") for one in self._records)

    def _origin(self) -> CallRecord:
        """The record of who called, by the Linkedid; else the oldest."""
        return next((one for one in self._records if one.unique == self._linked), self._records[0])

    def _caller(self, origin: CallRecord) -> str:
        """The phone of the house, or the trunk, that called; of a call that somebody ordered the caller's number."""
        channel = read_channel(origin.channel)
        return origin.source if channel.local else channel.peer

    def _extension(self, dial: CallRecord) -> str:
        """The phone of the house that was dialled, "" where it is none."""
        peer = read_channel(dial.dest_channel).peer
        return peer if self._house.is_extension(peer) else ""

    def _is_outside(self, dial: CallRecord) -> bool:
        channel = read_channel(dial.dest_channel)
        return not channel.local and not self._house.is_extension(channel.peer)

    def _direction(self, origin: CallRecord, rung: bool, outside: str) -> Direction:
        if not self._house.is_extension(self._caller(origin)):
            return Direction.INCOMING
        return Direction.OUTGOING if outside or not rung else Direction.INTERNAL

    def _phone(self, origin: CallRecord, direction: Direction, outside: str) -> str:
        if direction is Direction.OUTGOING:
            return self._house.phone(outside)
        if direction is Direction.INTERNAL:
            return self._caller(origin)
        return self._house.phone(origin.source)

    def _who(
        self, origin: CallRecord, direction: Direction, answered: Sequence[CallRecord], rung: Sequence[str]
    ) -> str:
        if direction is Direction.OUTGOING:
            return self._caller(origin)
        picked_up = [number for number in map(self._extension, answered) if number]
        return picked_up[-1] if picked_up else rung[-1] if rung else ""

    def _answered(self) -> list[CallRecord]:
        """The dials that were answered first, from the caller inwards: each next one is of the same Local channel."""
        picked_up = [one for one in self._dials if one.disposition == _ANSWERED and one.answer is not None]
        chain: list[CallRecord] = []
        inner = {other_half(one.dest_channel): one for one in picked_up if other_half(one.dest_channel)}
        outermost = (one for one in picked_up if one.channel not in inner)
        step = next(outermost, next(iter(picked_up), None))
        while step is not None and step not in chain:
            chain.append(step)
            half = other_half(step.dest_channel)
            step = next((one for one in picked_up if half and one.channel == half), None)
        return chain

    def _answer(self, chain: Sequence[CallRecord]) -> datetime | None:
        """When somebody picked up: the last answer of the chain, that of its last Local channel included."""
        if not chain:
            return None
        half = other_half(chain[-1].dest_channel)
        inner = [one.answer for one in self._records if half and one.channel == half and one.answer is not None]
        found = [one.answer for one in chain if one.answer is not None] + inner
        return self._utc(max(found))

    def _did(self, direction: Direction) -> str:
        """What was called, as far as a record keeps it: what the dialplan made of it."""
        if direction is not Direction.INCOMING:
            return ""
        number = self._dials[0].destination
        first = next((one for one in self._dials if one.unique == self._linked), None)
        if first is not None:
            number = first.destination
        return "" if is_unknown(number) else number

    def _result(self, answered: Sequence[CallRecord]) -> CallResult:
        if answered:
            return CallResult.ANSWERED
        return _RESULTS.get(self._dials[-1].disposition, CallResult.MISSED)

    def _utc(self, local: datetime) -> datetime:
        return local.replace(tzinfo=UTC) - self._offset


def _offset(records: Sequence[CallRecord], usual: int) -> int:
    """Seconds from UTC to the times of these records: the least of them, as each channel begins with its first.

    Where the first is not among them, as it stands too far back in a file, that is too much; then the ``usual`` one of
    all records is taken. An hour more is the summer's.
    """
    least = min(map(_offset_of, records), default=0)
    return usual if least > usual and least - usual != _HOUR else least


def _offset_of(record: CallRecord) -> int:
    """Seconds from the beginning of a record's channel, in UTC, to that of the record by the PBX's clock."""
    seconds = unique_seconds(record.unique)
    if record.start is None or seconds is None:
        return 0
    return round((record.start.replace(tzinfo=UTC).timestamp() - seconds) / _QUARTER) * _QUARTER


def _order(record: CallRecord) -> tuple[object, ...]:
    """The key by which the records of a call are in their order.

    Each kind of channel is counted for itself. A phone that forwards (302) is called before the Local channel that
    Asterisk makes for it, in the same second; so Local channels come last.
    """
    dialled = record.dest_channel
    return record.start, unique_age(record.unique), dialled.startswith("Local/"), _hex(dialled)


def _hex(channel: str) -> int:
    """The number that Asterisk counted for a channel, by its name."""
    text = channel.partition(";")[0].rpartition("-")[2]
    try:
        return int(text, 16) if len(text) < 16 else 0
    except ValueError:
        return 0


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text[:19], _TIMES)  # noqa: DTZ007 - the PBX does not say which zone
    except ValueError:
        return None
