"""Deliveries of calls to 1C as astsync sends them, for tests."""

import json
from typing import Any

CALL: dict[str, Any] = {
    "id": "office:1795952831.4",
    "pbx": "office",
    "direction": "incoming",
    "phone": "74955550142",
    "name": "OOO Romashka",
    "counterparty": None,
    "counterparties": [],
    "extension": "101",
    "rung": ["101", "102"],
    "did": "84955550100",
    "started": "2026-11-29T10:30:01.250Z",
    "answered": "2026-11-29T10:30:09.100Z",
    "ended": "2026-11-29T10:31:02.000Z",
    "wait": 7.85,
    "talk": 52.9,
    "result": "answered",
    "recording": "in-101-74955550142-1795952831.4.wav",
    "revision": 1,
}


def delivery(*calls: Any) -> bytes:
    """The body of a POST with these calls."""
    return json.dumps({"version": 1, "calls": list(calls)}, ensure_ascii=False).encode()
