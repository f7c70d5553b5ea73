"""What ``astsync check`` says of the ways by which calls become known: what is missing, and which lines to add."""

from collections.abc import Iterator, Mapping

from astsync.calls.model import Following
from astsync.config import PbxConfig
from astsync.errors import AstsyncError
from astsync.finding import Finding
from astsync.language import about, joined, say
from astsync.lookup.call_following import keeps_journal
from astsync.lookup.check import reads_records
from astsync.parts import Parts
from astsync.pbx.connection import AmiConnection
from astsync.pbx.event_rights import CLASSES, LISTEN, EventRights, Learned, RecordsState, event_rights
from astsync.pbx.flavour import Flavour, recognise
from astsync.pbx.second_session import CURE, is_only_session

_PROGRESS, _HISTORY = say("calls in progress"), say("calls that are over")
_TOLD, _HEARD = say("`manager show user` says so"), say("an event came while this was tried")
_UNHEARD = say("a channel came or went while this was tried, and no event of it")
_SERVE = say("the running `astsync serve` says so")
_USERS_FILE: Mapping[Flavour, str] = {
    Flavour.FREEPBX: say("/etc/asterisk/manager_custom.conf (or the screen Settings → Asterisk Manager Users)"),
    Flavour.ISSABEL: say("/etc/asterisk/manager_custom.conf"),
    Flavour.MIKOPBX: say("the screen System → AMI access"),
    Flavour.ASKOZIA: say("the screen Advanced → Manager"),
}
_MANAGER = say("/etc/asterisk/manager.conf")
_RECORDS: Mapping[RecordsState, str] = {
    RecordsState.TOLD: say("cdr_manager tells of the PBX's records"),
    RecordsState.NO_FILE: say("there is no cdr_manager.conf: the PBX tells nobody of its records"),
    RecordsState.SWITCHED_OFF: say("cdr_manager.conf has no `enabled = yes`: the PBX tells nobody of its records"),
    RecordsState.NOT_LOADED: say(
        "the module cdr_manager is not loaded or not in use: the PBX tells nobody of its records"
    ),
    RecordsState.NO_RECORDS: say("this Asterisk makes no records of calls (CDR is off)"),
    RecordsState.UNKNOWN: say(
        "whether cdr_manager tells of the PBX's records is not known: its file is not shown over AMI"
    ),
}


def check_events(parts: Parts, pbx: PbxConfig, way: str = "") -> Iterator[Finding]:
    """How the calls of a PBX become known. ``way`` is what a running ``serve`` says of it, "" where none does."""
    try:
        with AmiConnection(pbx, events=CLASSES, rival=parts.rival) as connection:
            flavour = recognise(connection).flavour or Flavour.PLAIN
            alone = is_only_session(pbx)
            found = event_rights(connection, 0.0 if way in (Following.EVENTS, Following.CHANNELS) else LISTEN)
    except AstsyncError as error:
        # What to do stands at the PBX, whose login is checked before.
        yield Finding(about(pbx.name, _PROGRESS), None, error.under(pbx.name))
        return
    if alone:
        words = say("the PBX allows this user one session, which sync and watch need: calls are not followed")
        yield Finding(about(pbx.name, _PROGRESS), False, words, CURE)
        return
    call, how = _call(found, way)
    lines = _Lines(pbx.user, flavour)
    yield from _progress(pbx.name, call, how, lines)
    if keeps_journal(parts.config):
        yield _history(pbx.name, call, found, lines, file=reads_records(parts, pbx))


def _call(found: EventRights, way: str) -> tuple[bool | None, str]:
    """Whether events of calls come, and how that was learned."""
    if found.call is None and way in (Following.EVENTS, Following.CHANNELS):
        return way == Following.EVENTS, _SERVE
    if found.learned is Learned.TOLD:
        return found.call, _TOLD
    return found.call, _HEARD if found.call else _UNHEARD


def _progress(name: str, call: bool | None, how: str, lines: "_Lines") -> Iterator[Finding]:
    part = about(name, _PROGRESS)
    if call:
        yield Finding(part, True, say("known by events when a phone begins to ring: {how}", how=how))
    elif call is None:
        words = say("not known whether events come: nobody called while this was tried")
        yield Finding(part, None, words, lines.see())
    else:
        words = say(
            "events do not come, as the user has no `read = call`: channels are looked at once a second, and a call "
            "that rings for less is missed ({how})",
            how=how,
        )
        yield Finding(part, None, words, lines.read("call"))


def _history(name: str, call: bool | None, found: EventRights, lines: "_Lines", *, file: bool) -> Finding:
    """What the journal is made of, and what is missing for it."""
    part, records = about(name, _HISTORY), _RECORDS[found.records]
    comes = found.records is RecordsState.TOLD and found.cdr
    cures = [*_cures(found, lines)]
    if call:
        return Finding(part, True, say("known by events; not needed for that: {records}", records=records))
    if comes:
        words = say("known by the PBX's records, each some seconds after its end")
        return Finding(part, True if found.linked else None, words, joined("\n", cures))
    if call is None:
        words = say("known if events come, which is not known; else: {records}", records=records)
        return Finding(part, None, words, joined("\n", cures or [lines.see()]))
    if found.records is RecordsState.TOLD and found.cdr is None:
        words = say("not known whether records come: the user needs `read = cdr`")
        return Finding(part, None, words, joined("\n", [lines.see(), *cures]))
    better = joined("\n", [lines.read("call"), *cures])
    if file and found.records is not RecordsState.NO_RECORDS:
        words = say("known by the PBX's file of records alone, up to a minute late: {records}", records=_lack(found))
        return Finding(part, None, words, better)
    words = say("missing, as there are no events, no records and no file: {records}", records=_lack(found))
    return Finding(part, False, words, better)


def _lack(found: EventRights) -> str:
    """Why no records come."""
    if found.records is RecordsState.TOLD:
        return say("the user has no `read = cdr`")
    return _RECORDS[found.records]


def _cures(found: EventRights, lines: "_Lines") -> Iterator[str]:
    """What makes records come, all of it."""
    if found.cdr is False:
        yield lines.read("cdr")
    if found.records in (RecordsState.NO_FILE, RecordsState.SWITCHED_OFF):
        yield lines.records(new=found.records is RecordsState.NO_FILE)
    elif found.records is RecordsState.NOT_LOADED:
        yield say(
            "Run `asterisk -rx 'module load cdr_manager.so'`, and `module reload cdr_manager.so` if it is loaded."
        )
    elif found.records is RecordsState.NO_RECORDS:
        yield say("In /etc/asterisk/cdr.conf under [general]: `enable = yes`. Then `asterisk -rx 'module reload cdr'`.")
    elif found.records is RecordsState.TOLD and not found.linked:
        yield say(
            "In /etc/asterisk/cdr_manager.conf under [mappings]: `linkedid => LinkedID`, which tells for sure which "
            "records are of one call. Then `asterisk -rx 'module reload cdr_manager.so'`."
        )


class _Lines:
    """The lines to add, and where they go on this flavour of PBX."""

    def __init__(self, user: str, flavour: Flavour) -> None:
        self._user, self._flavour = user, flavour

    def read(self, right: str) -> str:
        """The line that gives a right to read."""
        where, given = _USERS_FILE.get(self._flavour, _MANAGER), {"right": right, "user": self._user}
        if self._flavour in (Flavour.MIKOPBX, Flavour.ASKOZIA):
            return say("On {where}, tick `{right}` under read for the user {user}.", where=where, **given)
        return say(
            "In {where}, add `{right}` to the line `read =` under [{user}], or write `read = {right}` there. Then run "
            "`asterisk -rx 'manager reload'`.",
            where=where,
            **given,
        )

    def records(self, *, new: bool) -> str:
        """What goes into cdr_manager.conf, and how it is loaded."""
        lines = "[general]\nenabled = yes\n[mappings]\nlinkedid => LinkedID"
        if new:
            return say(
                "Write /etc/asterisk/cdr_manager.conf with these lines, then `asterisk -rx 'module load "
                "cdr_manager.so'`:\n{lines}",
                lines=lines,
            )
        return say(
            "In /etc/asterisk/cdr_manager.conf, then `asterisk -rx 'module reload cdr_manager.so'`:\n{lines}",
            lines=lines,
        )

    def see(self) -> str:
        """How a person finds out."""
        return say(
            "`asterisk -rx 'manager show user {user}'` on the PBX tells it: `read perm` must have call, or cdr for "
            "records. While `serve` runs and somebody calls, `astsync check` tells it too.",
            user=self._user,
        )
