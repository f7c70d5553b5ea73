"""What is known about one number, for ``lookup``."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from astsync.engine.result import AskedOneC, Key, Lookup, PbxKeys
from astsync.language import Message, about, joined, say
from astsync.phonebook.model import Claim, Origin
from astsync.reports.as_json import as_claim
from astsync.reports.json_document import json_document
from astsync.reports.shown import moment, shown
from astsync.store.records import OnlineName, Written
from astsync.text import listed

_NOT_ASKED = {
    "internal": say("1C is not asked during a call: an extension of the PBX"),
    "withheld": say("1C is not asked during a call: no number"),
    "impossible": say("1C is not asked during a call: this is no number that could call"),
}
_FROM = {
    Origin.SNAPSHOT: say("from the snapshot"),
    Origin.ONLINE: say("told online"),
}
_UNKNOWN = say("from which card is not known: an older astsync made the snapshot; the next sync notes it")
_NO_NAME = say("(no name)")


def as_text(found: Lookup, asked: AskedOneC | None = None) -> str:
    """What is known, for people, in local time; ``asked`` where 1C was asked too."""
    known = (*_heading(found), *_on_pbxs(found), *_in_snapshot(found), *_told_online(found))
    return "\n".join(map(shown, (*known, *(_asked(asked) if asked is not None else ())))) + "\n"


# The lines are messages, and may hold foreign text: ``as_text`` is the edge.


def _heading(found: Lookup) -> Iterator[str]:
    if found.doubt:
        yield say("{number} (looked up as it stands: {doubt})", number=found.number, doubt=found.doubt)
    elif any(key != found.number for key in found.keys):
        yield say("{number} (keys: {keys})", number=found.number, keys=joined(", ", found.keys))
    else:
        yield found.number


def _on_pbxs(found: Lookup) -> Iterator[str]:
    for pbx in found.pbx:
        if pbx.error is not None:
            yield about(pbx.name, say("not reached"))
        for key in pbx.keys:
            yield about(pbx.name, _held(found, key))
        yield "  " + _written(pbx.written)


def _held(found: Lookup, key: Key) -> str:
    if key.name is None:
        return say("{key} is not there", key=key.number)
    whose = _whose(key)
    entry = found.entries.get(key.number)
    if entry is not None and entry.name != key.name:
        whose = say("{whose}; not what the snapshot says", whose=whose)
    return say("{key} {name} ({whose})", key=key.number, name=_value(key.name), whose=whose)


def _whose(key: Key) -> str:
    """Who wrote the value that the PBX holds.

    The key is ours, but the value may not be. The last run on record left ``last.new`` there: another value is somebody
    else's. A run that adopted the key found that value there, and wrote nothing.
    """
    if not key.owned:
        return say("foreign: astsync neither wrote nor adopted it")
    if key.last is None:
        return say("astsync's: a run that is no longer on record wrote or adopted it")
    if key.last.new != key.name:
        return say("somebody else wrote over astsync's")
    return say("adopted by astsync, which found it so") if _adopted(key) else say("written by astsync")


def _adopted(key: Key) -> bool | None:
    return None if key.last is None or not key.owned else key.last.old == key.last.new


def _written(written: Written | None) -> Message:
    if written is None:
        return say("no run on record changed it")
    return say(
        "last changed by run {run} ({command}) of {when}: {old} -> {new}",
        run=str(written.run),
        command=written.command,
        when=moment(written.at),
        old=_value(written.old),
        new=_value(written.new),
    )


def _value(value: str | None) -> str:
    return say("nothing") if value is None else value or say("(an empty name)")


def _in_snapshot(found: Lookup) -> Iterator[str]:
    if found.pulled is None:
        yield say("no snapshot yet: no sync has succeeded")
        return
    yield say(
        "snapshot of {when} from {source}: {said}",
        when=moment(found.pulled.at),
        source=found.pulled.source,
        said=_said(found),
    )
    claims = next(iter(found.claims.values()), ())
    if found.entries and not claims:
        yield "  " + _UNKNOWN
    for place, claim in enumerate(claims):
        yield from _claim(claim, found if place == 0 else None)
    for skip in found.skipped:
        yield "  " + say("no key: {name} ({source})", name=skip.name or _NO_NAME, source=skip.source)
        yield "    " + say("phone: {text}", text=about(skip.text, skip.reason))


def _said(found: Lookup) -> str:
    """What the snapshot says of the number."""
    if found.entries:
        return joined("; ", (f"{entry.number} {entry.name}" for entry in found.entries.values()))
    if found.claims:
        return say("no name for this number")
    return say("nothing for this number; `astsync problems` lists the phones that gave none")


def _told_online(found: Lookup) -> Iterator[str]:
    for one in found.online.values():
        until = moment(one.until)
        end = say("counts until {until}", until=until) if one.until > found.now else say("expired {until}", until=until)
        yield say(
            "told online: {number} {name}, during a call of {told}; {end}",
            number=one.number,
            name=one.name,
            told=moment(one.at),
            end=end,
        )


def _asked(asked: AskedOneC) -> Iterator[str]:
    """What 1C said, and what a call would get."""
    if not asked.source:
        yield _NOT_ASKED[asked.caller]
        return
    of = {"source": asked.source, "seconds": asked.seconds}
    if asked.error is not None:
        yield say("{source}: failed in {seconds:.2f} s", **of)
    else:
        name = asked.name or say("nobody")
        said = joined(" -> ", (listed(asked.said), name)) if asked.said else name
        yield say("{source} says in {seconds:.2f} s: {said}", said=said, **of)
    yield _call(asked)


def _call(asked: AskedOneC) -> str:
    if asked.call is not None:
        name, origin = asked.call
        return say("a call would get: {name} ({origin})", name=name, origin=_FROM[origin])
    if asked.name:
        return say(
            "a call would get: nothing, as it waits {seconds:g} s; the next one would get this name",
            seconds=asked.deadline,
        )
    return say("a call would get: nothing")


def _claim(claim: Claim, found: Lookup | None) -> Iterator[str]:
    """The lines of a claim. ``found`` is given for the first claim, whose name won, to show the rules as well."""
    card = claim.source
    if claim.code not in ("", claim.source):
        card = say("{card}, code {code}", card=card, code=claim.code)
    yield joined("", ("  ", claim.counterparty, " (", card, ")"))
    text = about(claim.kind, claim.text) if claim.kind else claim.text
    yield joined("", ("    ", say("phone: {text}", text=text), _by(found.number_rules if found is not None else ())))
    yield joined("", ("    ", say("name: {name}", name=claim.name), _by(found.name_rules if found is not None else ())))
    if claim.verdict:
        yield joined("", ("    ", claim.verdict))


def _by(rules: tuple[str, ...]) -> str:
    return joined("", ("  [", joined(", ", rules), "]")) if rules else ""


def as_json(found: Lookup, asked: AskedOneC | None = None) -> str:
    """What is known, as one JSON object, indented, with a line end; ``asked`` where 1C was asked too.

    A test pins its keys.
    """
    return json_document(
        {
            "number": found.number,
            "keys": found.keys,
            "pbx": [_pbx(pbx) for pbx in found.pbx],
            "snapshot": _snapshot(found),
            "claims": [{"key": key, **as_claim(claim)} for key, claims in found.claims.items() for claim in claims],
            "last_run": _run(found.written),
            "online": [_online(one) for one in found.online.values()],
            "asked": None if asked is None else _asked_json(asked),
        }
    )


def _asked_json(asked: AskedOneC) -> dict[str, Any]:
    name, origin = asked.call or (None, None)
    return {
        "caller": asked.caller,
        "source": asked.source or None,
        "said": asked.said,
        "name": asked.name or None,
        "seconds": round(asked.seconds, 3),
        "deadline": asked.deadline,
        "error": asked.error and str(asked.error),
        "call": {"name": name, "origin": origin},
    }


def _online(one: OnlineName) -> dict[str, Any]:
    return {"key": one.number, "name": one.name, "told": one.at, "until": one.until}


def _pbx(pbx: PbxKeys) -> dict[str, Any]:
    return {
        "name": pbx.name,
        "keys": [_key(key) for key in pbx.keys],
        "last_run": _run(pbx.written),
        "error": pbx.error and str(pbx.error),
    }


def _key(key: Key) -> dict[str, Any]:
    return {"key": key.number, "name": key.name, "owned": key.owned, "adopted": _adopted(key)}


def _snapshot(found: Lookup) -> dict[str, Any] | None:
    if found.pulled is None:
        return None
    return {
        "pulled": found.pulled.at,
        "source": found.pulled.source,
        "entries": [{"key": e.number, "name": e.name, "source": e.source} for e in found.entries.values()],
        "claims_known": found.pulled.claims_known,
        "number_rules": found.number_rules,
        "name_rules": found.name_rules,
        "skipped": [asdict(skip) for skip in found.skipped],
    }


def _run(written: Written | None) -> dict[str, Any] | None:
    if written is None:
        return None
    return {
        "run": written.run,
        "command": written.command,
        "started": written.at,
        "pbx": written.pbx,
        "key": written.number,
        "old": written.old,
        "new": written.new,
    }
