"""The JSON report. Scripts rely on its keys, so a test pins them."""

from collections.abc import Mapping
from typing import Any

import orjson

from astsync.engine.result import PbxReport, Problems, Report
from astsync.phonebook.model import Change, Claim, Conflict, Doubt, Skipped
from astsync.text import escape_controls, utf8

VERSION = 1


def render(report: Report) -> str:
    """The report as one JSON object, indented, with a line end."""
    data = {
        "version": VERSION,
        "run": report.run,
        "command": report.command,
        "source": utf8(report.source),
        "pulled": report.pulled.isoformat(timespec="seconds"),
        "counterparties": report.counterparties,
        "pbx": [_pbx(pbx, report.verdicts) | (_kept(pbx) if report.list_foreign else {}) for pbx in report.pbx],
        "skipped": report.skipped,
        "conflicts": report.conflicts,
        **({} if report.undoes is None else {"undoes": report.undoes}),
    }
    return escape_controls(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()) + "\n"


def render_problems(problems: Problems) -> str:
    """The problems as one JSON object, indented, with a line end."""
    data = {
        "version": VERSION,
        "source": utf8(problems.source),
        "counterparties": problems.counterparties,
        "skipped": [as_skipped(skip) for skip in problems.skipped],
        "conflicts": [_conflict(conflict) for conflict in problems.conflicts],
        "doubts": [_doubt(doubt) for doubt in problems.doubts],
    }
    return escape_controls(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()) + "\n"


def as_skipped(skip: Skipped) -> dict[str, str]:
    """A skipped field as a JSON object."""
    return {"source": utf8(skip.source), "name": utf8(skip.name), "text": utf8(skip.text), "reason": utf8(skip.reason)}


def _doubt(doubt: Doubt) -> dict[str, Any]:
    texts = {name: utf8(getattr(doubt, name)) for name in ("source", "name", "text", "structure")}
    return {**texts, "keys": list(doubt.keys)}


def _conflict(conflict: Conflict) -> dict[str, Any]:
    claims = [as_claim(claim) for claim in conflict.claims]
    return {"number": conflict.number, "decision": conflict.decision, "claims": claims}


def as_claim(claim: Claim) -> dict[str, str]:
    """A claim as a JSON object. Its ``reason`` is the claim's verdict."""
    return {
        "name": utf8(claim.name),
        "source": utf8(claim.source),
        "reason": utf8(claim.verdict),
        "counterparty": utf8(claim.counterparty),
        "code": utf8(claim.code),
        "kind": utf8(claim.kind),
        "text": utf8(claim.text),
    }


def _kept(pbx: PbxReport) -> dict[str, Any]:
    """The foreign entries themselves. There may be many, so they stand only in a report that was asked for them."""
    kept = pbx.plan.kept if pbx.plan else ()
    return {"kept": [{"number": utf8(entry.number), "name": utf8(entry.name)} for entry in kept]}


def _pbx(pbx: PbxReport, verdicts: Mapping[str, str]) -> dict[str, Any]:
    plan, applied = pbx.plan, pbx.applied
    return {
        "name": pbx.name,
        "existing": plan and plan.existing,
        "desired": plan and plan.desired,
        "unchanged": plan and plan.unchanged,
        "add": [_added(change) | _why(change, verdicts) for change in plan.add] if plan else [],
        "change": [_changed(change) | _why(change, verdicts) for change in plan.change] if plan else [],
        "delete": [{"number": utf8(c.number), "old": utf8(c.old or "")} for c in plan.delete] if plan else [],
        "foreign": plan and plan.foreign,
        "applied": applied
        and {"add": applied.add, "change": applied.change, "delete": applied.delete, "failed": len(applied.failed)},
        "verified": pbx.verified,
        "error": pbx.error and utf8(str(pbx.error)),
    }


def _why(change: Change, verdicts: Mapping[str, str]) -> dict[str, str]:
    """Why the new entry won its number; nothing where one counterparty alone claims it."""
    verdict = verdicts.get(change.number)
    return {} if verdict is None else {"reason": utf8(verdict)}


def _added(change: Change) -> dict[str, str]:
    entry = change.new
    if entry is None:
        return {}
    return {"number": utf8(change.number), "name": utf8(entry.name), "source": utf8(entry.source)}


def _changed(change: Change) -> dict[str, str]:
    entry = change.new
    new = {"new": utf8(entry.name), "source": utf8(entry.source)} if entry else {}
    return {"number": utf8(change.number), "old": utf8(change.old or ""), **new}
