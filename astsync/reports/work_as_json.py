"""The work list as JSON. Scripts rely on its keys, so a test pins them."""

from dataclasses import asdict
from typing import Any

from astsync.phonebook.model import Claim, Conflict
from astsync.reports.as_json import as_claim
from astsync.reports.causes import SHARED
from astsync.reports.json_document import json_document
from astsync.reports.work_list import SharedNumber, WorkGroup, WorkItem, WorkList


def render(work: WorkList) -> str:
    """The list as one JSON object, indented, with a line end; all texts of astsync in English.

    The rows stand in the order of their sources, as the pull gave them; ``causes`` are in the order of the list.
    """
    items = {(group.kind, item.source, item.text, str(item.reason)): (group, item)
             for group in work.groups for item in group.items}  # fmt: skip
    shared = {one.number: one for one in work.shared}
    found = work.problems
    in_doubt = {item.source: _card(item) for group in work.groups if group.kind == "doubt" for item in group.items}
    causes = [_cause(group) for group in work.groups]
    causes += (
        [{"cause": SHARED.key, "title": SHARED.title, "to_do": SHARED.cure, "count": len(shared)}] if shared else []
    )
    return json_document(
        {
            "source": found.source,
            "counterparties": found.counterparties,
            "skipped": [
                asdict(one) | _more(*items["skipped", one.source, one.text, str(one.reason)]) for one in found.skipped
            ],
            "conflicts": [_conflict(one, shared[one.number]) for one in found.conflicts],
            "doubts": [asdict(one) | in_doubt[one.source] for one in found.doubts],
            "causes": causes,
            "since": work.before and work.before.at,
            "gone": work.gone,
        }
    )


def _cause(group: WorkGroup) -> dict[str, Any]:
    cause = group.cause
    return {"cause": cause.key, "title": cause.title, "to_do": cause.cure, "count": len(group.items)}


def _more(group: WorkGroup, item: WorkItem) -> dict[str, str]:
    return {"cause": group.cause.key, "repair": item.repair} | _card(item)


def _card(item: WorkItem) -> dict[str, str]:
    code, tax_number, responsible = item.facts
    return {
        "code": code, "tax_number": tax_number, "responsible": responsible, "catalog": item.catalog,
        "link": item.link, "web_link": item.web,
    }  # fmt: skip


def _conflict(conflict: Conflict, shared: SharedNumber) -> dict[str, Any]:
    claims = [_claim(claim, item) for claim, item in zip(conflict.claims, shared.claims, strict=True)]
    return {"number": conflict.number, "decision": conflict.decision, "claims": claims}


def _claim(claim: Claim, item: WorkItem) -> dict[str, str]:
    return as_claim(claim) | {key: text for key, text in _card(item).items() if key != "code"}
