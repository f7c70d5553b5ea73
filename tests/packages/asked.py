"""The long tests of packages are played by their targets of make alone; ``make test`` says that it left them out."""

import os

import pytest

VARIABLE = "ASTSYNC_PACKAGES"


def played_by(target: str) -> pytest.MarkDecorator:
    """The mark of tests that only ``make TARGET`` plays: they need the network, some root, and all need minutes."""
    wanted = target in os.environ.get(VARIABLE, "").split(",")
    return pytest.mark.skipif(not wanted, reason=f"NOT TESTED HERE: make {target} plays it")
