"""The real Asterisks that tests run against; ``make asterisk`` brings them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from astsync.language import ENGLISH, VARIABLE, of_locale
from astsync.sandbox.asterisk import Installation, PrivateAsterisk, find_installation

MAJORS = (22, 16)
NEEDS_ASTERISK = {"asterisk22", "asterisk16", "any_asterisk", "any_installation"}
# A busy machine is no fault of a test. Under CI=true Hypothesis does the same by itself, and plays the same examples.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
if os.environ.get("CI", "").lower() != "true":
    settings.load_profile("busy")
# The tests read English, whatever the people at this machine read.
os.environ.pop(VARIABLE, None)
os.environ.update({name: "C.UTF-8" for name in ("LC_ALL", "LC_MESSAGES", "LANG") if of_locale(os.environ) != ENGLISH})
_missing = pytest.StashKey[set[int]]()


def pytest_configure(config: pytest.Config) -> None:
    os.umask(0o077)  # else the configurations that tests write, with secrets, would be told of as readable for others
    os.environ["LC_ALL"] = "C.UTF-8"  # messages are English, wherever the tests run
    config.stash[_missing] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NEEDS_ASTERISK.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.asterisk)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was not tested, whatever the flags: a line of dots hides skips."""
    for report in terminalreporter.stats.get("skipped", []):
        if "NO SIP PHONE" in str(report.longrepr):
            terminalreporter.write_line(
                f"NOT TESTED: {report.nodeid}: no SIP phone rings on this Asterisk", yellow=True
            )
    missing = terminalreporter.config.stash[_missing]
    for major in sorted(missing):
        terminalreporter.write_line(f"NOT TESTED: no Asterisk {major} here; bring it with make asterisk", yellow=True)


def installation(major: int, config: pytest.Config) -> Installation:
    """Give Asterisk ``major``, or skip; under CI=true Asterisk 22 must be there."""
    found = find_installation(major)
    if found is not None:
        return found
    config.stash[_missing].add(major)
    if major == 22 and os.environ.get("CI", "").lower() == "true":
        pytest.fail("CI=true and no Asterisk 22: run make asterisk")
    pytest.skip(f"NO ASTERISK {major}: run make asterisk, or set ASTSYNC_ASTERISK")


@pytest.fixture(scope="session", params=MAJORS)
def any_installation(request: pytest.FixtureRequest) -> Installation:
    """An Asterisk that the test starts itself, each major version in turn."""
    return installation(request.param, request.config)


@pytest.fixture(scope="session")
def asterisk22(request: pytest.FixtureRequest) -> Iterator[PrivateAsterisk]:
    """A running Asterisk 22, shared by all tests: use a family of your own, and do not restart it."""
    with PrivateAsterisk(installation(22, request.config)) as asterisk:
        yield asterisk


@pytest.fixture(scope="session")
def asterisk16(request: pytest.FixtureRequest) -> Iterator[PrivateAsterisk]:
    """A running Asterisk 16, shared by all tests: use a family of your own, and do not restart it."""
    with PrivateAsterisk(installation(16, request.config)) as asterisk:
        yield asterisk


@pytest.fixture(params=MAJORS)
def any_asterisk(request: pytest.FixtureRequest) -> PrivateAsterisk:
    """The shared running Asterisks, one after the other."""
    asterisk = request.getfixturevalue(f"asterisk{request.param}")
    assert isinstance(asterisk, PrivateAsterisk)
    return asterisk
