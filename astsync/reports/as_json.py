"""The JSON report. Scripts rely on its keys, so a test pins them."""

from collections.abc import Mapping
from typing import Any

from astsync.engine.result import PbxReport, Report
from astsync.phonebook.model import Change, Claim
from astsync.reports.json_document import json_document
from astsync.reports.remarks import as_missed


def render(report: Report) -> str:
    """The report as one JSON object, indented, with a line end."""
    return json_document(
        {
            "run": report.run,
            "command": report.command,
            "source": report.source,
            "pulled": report.pulled,
            "counterparties": report.counterparties,
            "pbx": [_pbx(pbx, report.verdicts) | (_kept(pbx) if report.list_foreign else {}) for pbx in report.pbx],
            "skipped": report.skipped,
            "conflicts": report.conflicts,
            **({} if report.undoes is None else {"undoes": report.undoes}),
        }
    )


def as_claim(claim: Claim) -> dict[str, str]:
    """A claim as a JSON object. Its ``reason`` is the claim's verdict."""
    return {
        "name": claim.name,
        "source": claim.source,
        "reason": claim.verdict,
        "counterparty": claim.counterparty,
        "code": claim.code,
        "kind": claim.kind,
        "text": claim.text,
    }


def _kept(pbx: PbxReport) -> dict[str, Any]:
    """The foreign entries themselves. There may be many, so they stand only in a report that was asked for them."""
    kept = pbx.plan.kept if pbx.plan else ()
    return {"kept": [{"number": entry.number, "name": entry.name} for entry in kept]}


def _pbx(pbx: PbxReport, verdicts: Mapping[str, str]) -> dict[str, Any]:
    plan, applied = pbx.plan, pbx.applied
    return {
        "name": pbx.name,
        "existing": plan and plan.existing,
        "desired": plan and plan.desired,
        "unchanged": plan and plan.unchanged,
        "add": [_new(c, "name") | _why(c, verdicts) for c in plan.add] if plan else [],
        "change": [_old(c) | _new(c, "new") | _why(c, verdicts) for c in plan.change] if plan else [],
        "delete": [_old(c) for c in plan.delete] if plan else [],
        "foreign": plan and plan.foreign,
        "applied": applied
        and {"add": applied.add, "change": applied.change, "delete": applied.delete, "failed": len(applied.failed)},
        "failures": [{"number": n, "reason": words} for n, words in (applied.failed if applied else {}).items()],
        "verified": pbx.verified,
        "error": pbx.error and str(pbx.error),
        "missed": as_missed(pbx.missed),
        "unnameable": plan.unnameable if plan else [],
    }


def _why(change: Change, verdicts: Mapping[str, str]) -> dict[str, str]:
    """Why the new entry won its number; nothing where one counterparty alone claims it."""
    verdict = verdicts.get(change.number)
    return {} if verdict is None else {"reason": verdict}


def _old(change: Change) -> dict[str, str]:
    return {"number": change.number, "old": change.old or ""}


def _new(change: Change, key: str) -> dict[str, str]:
    """The new entry; ``key`` is the key of its name."""
    entry = change.new
    return {"number": change.number, key: entry.name, "source": entry.source} if entry else {}
