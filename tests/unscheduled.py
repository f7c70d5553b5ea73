"""A machine on which nothing is scheduled, whatever the real one has."""

import pytest

from astsync.setup import scheduled


def nothing_is_scheduled(patch: pytest.MonkeyPatch, crontab: str = "") -> None:
    """Let the check see this crontab of the user alone."""
    patch.setattr(scheduled, "own_crontab", lambda: crontab)
    patch.setattr(scheduled, "_CRON_PLACES", ())
    patch.setattr(scheduled, "_UNIT_PLACES", ())
