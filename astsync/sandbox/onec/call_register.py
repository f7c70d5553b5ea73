"""The register of calls of the stand-in 1C: what the HTTP service of examples/1c does with calls that it is sent."""

from typing import Any

import orjson

from astsync.sandbox.onec.http_answers import HttpAnswer

_JSON = "application/json; charset=utf-8"


class CallRegister:
    """The calls by their ids; one that comes again replaces the one before, unless its revision is lower.

    ``told`` counts how often each id came. ``refuses`` are ids that it does not take.
    """

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.told: dict[str, int] = {}
        self.refuses: set[str] = set()

    def take(self, method: str, body: bytes) -> HttpAnswer:
        """Take the calls of a request, and name those that were taken."""
        if method != "POST":
            return HttpAnswer(405, headers={"Allow": "POST"})
        try:
            calls = orjson.loads(body)["calls"]
            taken = [call["id"] for call in calls if self._keep(call)]
        except (ValueError, KeyError, TypeError):
            return HttpAnswer(400, "Ожидается объект JSON".encode(), "text/plain; charset=utf-8", mark=True)
        return HttpAnswer(200, orjson.dumps({"accepted": taken}), _JSON, mark=True)

    def _keep(self, call: dict[str, Any]) -> bool:
        call_id = call["id"]
        if call_id in self.refuses:
            return False
        self.told[call_id] = self.told.get(call_id, 0) + 1
        if call["revision"] >= self.calls.get(call_id, call)["revision"]:
            self.calls[call_id] = call
        self.order.append(call_id)
        return True
