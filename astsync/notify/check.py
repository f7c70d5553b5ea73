"""What ``astsync check`` tries of ``[notify]``: each way as far as can be done without a message."""

from collections.abc import Iterator

from astsync.config.notify_section import NotifyConfig
from astsync.finding import Finding
from astsync.notify.channel import Channel
from astsync.notify.telling import at_once, channels


def is_used(config: NotifyConfig) -> bool:
    """Whether anybody is told."""
    return bool(channels(config))


def check_ways(config: NotifyConfig) -> Iterator[Finding]:
    """Try all ways at once; no message is sent."""
    answers: dict[str, str] = {}

    def probe(way: Channel) -> None:
        answers[way.name] = way.probe()

    for one in at_once(channels(config), probe, config.timeout):
        if one.error is None:
            yield Finding(one.channel, True, answers[one.channel])
        else:
            yield Finding(one.channel, False, one.error.message, one.error.hint)
