"""What ``astsync check`` finds out about calls: whether those that are over are kept, and whether 1C takes them."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

from astsync.config import PbxConfig
from astsync.errors import AstsyncError
from astsync.finding import Finding
from astsync.language import about, counted, say
from astsync.lookup.call_following import keeps_journal, records_file
from astsync.lookup.call_recovery import newest_record
from astsync.parts import Parts
from astsync.store import JournalReader
from astsync.text import printable

_RECORDS = say("file of records")
_LATELY = timedelta(days=7)  # gaps that are told
_UNIQUE = say("Write loguniqueid=yes and newcdrcolumns=yes under [csv] of cdr.conf, and run `module reload cdr_csv`.")


def check_calls_kept(parts: Parts) -> Iterator[Finding]:
    """Check what the journal of calls needs. Nothing where none is kept."""
    if not keeps_journal(parts.config):
        return
    for pbx in parts.config.pbx:
        yield _records(parts, pbx)
    if parts.config.serve.calls.url:
        yield _takes(parts)
    yield from _journal(parts)


def reads_records(parts: Parts, pbx: PbxConfig) -> bool:
    """Whether calls of this PBX can be read from its file of records."""
    return _records(parts, pbx).good is True


def _records(parts: Parts, pbx: PbxConfig) -> Finding:
    """Whether calls that end while astsync is away can be read later."""
    part, file = about(pbx.name, _RECORDS), records_file(parts.config.serve.calls, pbx, parts.config.pbx)
    if file is None:
        words = say("calls that end while astsync does not run are not known: no records of this PBX can be read here")
        return Finding(part, None, words, say("Run astsync on the PBX, or name its Master.csv in serve.calls.csv."))
    place = printable(str(file))
    try:
        newest = newest_record(file)
    except OSError as error:
        words = say("{place} cannot be read: {why}", place=place, why=error.strerror or "")
        hint = say(
            "Let the user of astsync read it, and load cdr_csv; else calls that end while it is away stay unknown."
        )
        return Finding(part, None, words, hint)
    if newest is None:
        return Finding(part, None, say("{place} has no record yet", place=place))
    if not newest.unique:
        return Finding(part, None, say("{place} has no Uniqueid: its records name no call", place=place), _UNIQUE)
    return Finding(part, True, say("{place} has the calls that end while astsync does not run", place=place))


def _takes(parts: Parts) -> Finding:
    """Send 1C no calls at all: it must answer as if it took them."""
    from astsync.lookup.call_posting import OneCDoor

    part = say("1C takes calls")
    try:
        OneCDoor(parts.config).send(orjson.dumps({"version": 1, "calls": []}))
    except AstsyncError as error:
        return Finding(part, False, error.message, error.hint)
    return Finding(part, True, say("its HTTP service answers as it should"))


def _journal(parts: Parts) -> Iterator[Finding]:
    """What waits for 1C, and of which time calls may be missing."""
    reader, now = JournalReader(parts.store_path), datetime.now(UTC)
    try:
        (count, oldest), gaps = reader.waiting(), reader.gaps(now, [pbx.name for pbx in parts.config.pbx])
    except (sqlite3.Error, OSError):
        return  # the store has a finding of its own
    if count and oldest is not None and parts.config.serve.calls.url:
        late = now - oldest > timedelta(minutes=30)
        words = counted("{count:,} call waits for 1C", "{count:,} calls wait for 1C", count)
        hint = say("See the log of `astsync serve`; it tries again at least every 15 minutes.") if late else ""
        yield Finding(say("to 1C"), None, words, hint)
    lately = [gap for gap in gaps if now - gap.until < _LATELY]
    if lately:
        words = counted(
            "calls of {count:,} time may be missing", "calls of {count:,} times may be missing", len(lately)
        )
        yield Finding(say("gaps"), None, words, say("`astsync calls --since 7d` lists them."))
