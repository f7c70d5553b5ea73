"""What is known about one number, for ``lookup``."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from astsync.engine.result import AskedOneC, Key, Lookup, PbxKeys
from astsync.phonebook.model import Claim, Origin
from astsync.reports.as_json import as_claim
from astsync.reports.json_document import json_document
from astsync.store.records import OnlineName, Written
from astsync.text import listed, printable

_NOT_ASKED = {
    "internal": "an extension of the PBX",
    "withheld": "no number",
    "impossible": "this is no number that could call",
}
_FROM = {Origin.SNAPSHOT: "from the snapshot", Origin.ONLINE: "told online"}
_UNKNOWN = "from which card is not known: an older astsync made the snapshot; the next sync notes it"


def as_text(found: Lookup, asked: AskedOneC | None = None) -> str:
    """What is known, for people, in local time; ``asked`` where 1C was asked too."""
    known = (*_heading(found), *_on_pbxs(found), *_in_snapshot(found), *_told_online(found))
    return "\n".join((*known, *(_asked(asked) if asked is not None else ()))) + "\n"


def _heading(found: Lookup) -> Iterator[str]:
    others = [key for key in found.keys if key != found.number]
    keys = f" (keys: {', '.join(found.keys)})" if others else ""
    yield found.number + (f" (looked up as it stands: {found.doubt})" if found.doubt else keys)


def _on_pbxs(found: Lookup) -> Iterator[str]:
    for pbx in found.pbx:
        if pbx.error is not None:
            yield f"{printable(pbx.name)}: not reached"
        for key in pbx.keys:
            yield f"{printable(pbx.name)}: {_held(found, key)}"
        yield f"  {_written(pbx.written)}"


def _held(found: Lookup, key: Key) -> str:
    if key.name is None:
        return f"{key.number} is not there"
    whose = _whose(key)
    entry = found.entries.get(key.number)
    differs = "" if entry is None or entry.name == key.name else "; not what the snapshot says"
    return f"{key.number} {_value(key.name)} ({whose}{differs})"


def _whose(key: Key) -> str:
    """Who wrote the value that the PBX holds.

    The key is ours, but the value may not be. The last run on record left ``last.new`` there: another value is somebody
    else's. A run that adopted the key found that value there, and wrote nothing.
    """
    if not key.owned:
        return "foreign: astsync neither wrote nor adopted it"
    if key.last is None:
        return "astsync's: a run that is no longer on record wrote or adopted it"
    if key.last.new != key.name:
        return "somebody else wrote over astsync's"
    return "adopted by astsync, which found it so" if _adopted(key) else "written by astsync"


def _adopted(key: Key) -> bool | None:
    return None if key.last is None or not key.owned else key.last.old == key.last.new


def _written(written: Written | None) -> str:
    if written is None:
        return "no run on record changed it"
    when = f"{written.at.astimezone():%Y-%m-%d %H:%M:%S}"
    old, new = (_value(value) for value in (written.old, written.new))
    return f"last changed by run {written.run} ({written.command}) of {when}: {old} -> {new}"


def _value(value: str | None) -> str:
    return "nothing" if value is None else printable(value) or "(an empty name)"


def _in_snapshot(found: Lookup) -> Iterator[str]:
    if found.pulled is None:
        yield "no snapshot yet: no sync has succeeded"
        return
    said = "; ".join(f"{entry.number} {printable(entry.name)}" for entry in found.entries.values())
    nothing = "nothing for this number; `astsync problems` lists the phones that gave none"
    yield f"snapshot of {found.pulled.at.astimezone():%Y-%m-%d %H:%M:%S} from {printable(found.pulled.source)}: " + (
        said or ("no name for this number" if found.claims else nothing)
    )
    claims = next(iter(found.claims.values()), ())
    if found.entries and not claims:
        yield f"  {_UNKNOWN}"
    for place, claim in enumerate(claims):
        yield from _claim(claim, found if place == 0 else None)
    for skip in found.skipped:
        yield f"  no key: {printable(skip.name) or '(no name)'} ({printable(skip.source)})"
        yield f"    phone: {printable(skip.text)}: {printable(skip.reason)}"


def _told_online(found: Lookup) -> Iterator[str]:
    for one in found.online.values():
        told, until = (f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" for moment in (one.at, one.until))
        end = f"counts until {until}" if one.until > found.now else f"expired {until}"
        yield f"told online: {one.number} {printable(one.name)}, during a call of {told}; {end}"


def _asked(asked: AskedOneC) -> Iterator[str]:
    """What 1C said, and what a call would get."""
    if not asked.source:
        yield f"1C is not asked during a call: {_NOT_ASKED[asked.caller]}"
        return
    took = f"in {asked.seconds:.2f} s"
    if asked.error is not None:
        yield f"{printable(asked.source)}: failed {took}"
    else:
        said = f"{listed(asked.said)} -> " if asked.said else ""
        yield f"{printable(asked.source)} says {took}: {said}{printable(asked.name) or 'nobody'}"
    if asked.call is not None:
        yield f"a call would get: {printable(asked.call[0])} ({_FROM[asked.call[1]]})"
    elif asked.name:
        yield f"a call would get: nothing, as it waits {asked.deadline:g} s; the next one would get this name"
    else:
        yield "a call would get: nothing"


def _claim(claim: Claim, found: Lookup | None) -> Iterator[str]:
    """The lines of a claim. ``found`` is given for the first claim, whose name won, to show the rules as well."""
    code = f", code {printable(claim.code)}" if claim.code not in ("", claim.source) else ""
    yield f"  {printable(claim.counterparty)} ({printable(claim.source)}{code})"
    kind = f"{printable(claim.kind)}: " if claim.kind else ""
    rules = found.number_rules if found is not None else ()
    yield f"    phone: {kind}{printable(claim.text)}{_by(rules)}"
    yield f"    name: {printable(claim.name)}{_by(found.name_rules if found is not None else ())}"
    if claim.verdict:
        yield f"    {printable(claim.verdict)}"


def _by(rules: tuple[str, ...]) -> str:
    return f"  [{printable(', '.join(rules))}]" if rules else ""


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
