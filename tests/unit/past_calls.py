"""Past calls, invented."""

from datetime import UTC, datetime, timedelta

from astsync.calls.model import CallResult, Direction, PastCall

NOW = 1_796_000_000.0  # seconds since 1970
NUMBER = "74955550142"


def past_call(count: int = 1, *, phone: str = NUMBER, ago: float = 60.0, **more: object) -> PastCall:
    """A call that nobody picked up, so many seconds before ``NOW``; each ``count`` is another one."""
    started = datetime.fromtimestamp(NOW - ago, UTC)
    values: dict[str, object] = {
        "id": f"office:{NOW - ago:.0f}.{count}",
        "pbx": "office",
        "direction": Direction.INCOMING,
        "phone": phone,
        "extension": "101",
        "rung": ("101",),
        "did": "84955550100",
        "started": started,
        "answered": None,
        "ended": started + timedelta(seconds=20),
        "result": CallResult.MISSED,
        **more,
    }
    return PastCall(**values)  # type: ignore[arg-type]


def answered(count: int = 1, *, phone: str = NUMBER, ago: float = 60.0, **more: object) -> PastCall:
    """The same, picked up after five seconds."""
    at = datetime.fromtimestamp(NOW - ago + 5, UTC)
    return past_call(count, phone=phone, ago=ago, answered=at, result=CallResult.ANSWERED, **more)
