"""The names of channels, as ``PJSIP/101-0000002a`` and ``Local/201@desks-00000003;2``, and their Uniqueids."""

import re
from dataclasses import dataclass

_CHANNEL = re.compile(r"(?P<kind>[^/]+)/(?P<peer>.+?)(?:-[0-9a-f]+(?:;[12])?|-\d+(?:-\d+)?)?")


_UNIQUE = re.compile(r"(?P<system>.*-)?(?P<seconds>\d{9,11})\.(?P<count>\d{1,12})")
_NONE = (2**62, 0)


@dataclass(frozen=True, slots=True)
class ChannelName:
    """What a channel's name says. ``peer`` is the phone, the trunk, or the extension that a Local channel leads to."""

    local: bool
    peer: str


def read_channel(name: str) -> ChannelName:
    """Read the name of a channel; one that is none is its own peer."""
    parts = _CHANNEL.fullmatch(name)
    kind, peer = (parts["kind"], parts["peer"]) if parts is not None else ("", name)
    local = kind == "Local"
    return ChannelName(local, peer.partition("@")[0] if local else peer)


def other_half(name: str) -> str:
    """The other half of a Local channel, "" for a channel that has none."""
    if not name.startswith("Local/"):
        return ""
    stem, mark, half = name.rpartition(";")
    return f"{stem};{'2' if half == '1' else '1'}" if mark and half in {"1", "2"} else ""


def unique_seconds(unique: str) -> int | None:
    """When a channel began, in seconds since 1970, by its Uniqueid; None where it is none."""
    found = _UNIQUE.fullmatch(unique)
    return None if found is None else int(found["seconds"])


def unique_age(unique: str) -> tuple[int, int]:
    """What orders channels by their beginning: the second, and what Asterisk counted. What is none comes last."""
    found = _UNIQUE.fullmatch(unique)
    return _NONE if found is None else (int(found["seconds"]), int(found["count"]))


def unique_before(unique: str) -> str:
    """The Uniqueid that Asterisk gave before this one."""
    found = _UNIQUE.fullmatch(unique)
    if found is None or not int(found["count"]):
        return unique
    return f"{found['system'] or ''}{found['seconds']}.{int(found['count']) - 1}"
