"""A way to ask 1C that is made at its first question: when its faults are told, and how it ends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from astsync.errors import ConfigError, SourceLoginError
from astsync.sources import SOURCE
from astsync.sources.identified import Identified, Identifier
from astsync.sources.late_identifier import LateIdentifier
from astsync.stopping import NEVER, Stopping


class Knowing:
    """An identifier that knows everybody."""

    def __init__(self) -> None:
        self.closed = 0

    def describe(self) -> str:
        return "all-knowing"

    def identify(self, number: str, stopping: Stopping = NEVER) -> Identified:
        return Identified(f"Firma {number}")

    def close(self) -> None:
        self.closed += 1


class Making:
    """Makes an identifier, and counts how often."""

    def __init__(self) -> None:
        self.made: list[Knowing] = []

    def __call__(self) -> Identifier:
        self.made.append(Knowing())
        return self.made[-1]


def late(make: Callable[[], Identifier], **source: Any) -> LateIdentifier:
    return LateIdentifier(SOURCE.model_validate({"url": "http://1c.example/trade", **source}), make)


def test_it_is_made_once_by_the_first_question() -> None:
    making = Making()
    identifier = late(making)
    assert not making.made
    assert [identifier.identify(number).name for number in "12"] == ["Firma 1", "Firma 2"]
    assert identifier.describe() == "all-knowing"
    assert len(making.made) == 1


def test_it_ends_with_what_it_made_also_where_that_is_made_later() -> None:
    making = Making()
    used, unused = late(making), late(making)
    used.identify("1")
    used.close()
    unused.close()
    assert [one.closed for one in making.made] == [1]
    unused.identify("2")  # a question that was under way
    assert [one.closed for one in making.made] == [1, 1]


@pytest.mark.parametrize(
    "named",
    [
        {"user": "astsync", "password_file": "gone"},
        {"client_cert": "gone"},
    ],
    ids=["password", "certificate"],
)
def test_a_file_that_it_will_need_is_missed_at_once(tmp_path: Path, named: dict[str, str]) -> None:
    files = {key: str(tmp_path / value) if value == "gone" else value for key, value in named.items()}
    with pytest.raises(ConfigError, match="gone"):
        late(Making(), **files)


def test_authorities_that_are_missing_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(ConfigError, match="gone"):
        late(Making())


def test_a_file_that_is_gone_later_is_a_failure_of_the_question() -> None:
    def make() -> Identifier:
        raise ConfigError("cannot read the password", hint="Name another file.")

    with pytest.raises(SourceLoginError, match="password"):
        late(make).identify("1")
