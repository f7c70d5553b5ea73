"""``astsync demo`` where no Asterisk is found: brought when it is wanted, never unasked."""

from pathlib import Path

import pytest

from astsync.sandbox import asterisk, story
from astsync.sandbox.debian import apt, fetch
from astsync.sandbox.debian.apt import FetchError
from tests.cli.sandbox import run
from tests.cli.wizard_answers import Pipe


class Sandboxed:
    """Takes the place of the story and of the fetcher, and notes what was called."""

    def __init__(self, patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        self.calls: list[str] = []
        patch.setenv("XDG_CACHE_HOME", str(tmp_path))
        patch.setattr(asterisk, "find_installation", lambda: None)
        patch.setattr(apt, "can_fetch", lambda: True)
        patch.setattr(story, "play", lambda *_, **__: self.calls.append("play"))
        patch.setattr(fetch, "fetch_asterisk", self._fetch)
        self._cache = tmp_path / "astsync" / "asterisk"

    def _fetch(self, major: int, folder: Path, _tell: object) -> None:
        assert folder == self._cache
        self.calls.append(f"fetch {major}")


@pytest.fixture
def sandboxed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Sandboxed:
    return Sandboxed(monkeypatch, tmp_path)


@pytest.mark.parametrize(
    ("options", "terminal", "typed", "calls"),
    [
        ((), True, "y\n", ["fetch 22", "play"]),
        ((), True, "\n", ["fetch 22", "play"]),
        ((), True, "n\n", ["play"]),
        ((), False, "", ["play"]),
        (("--fetch",), False, "", ["fetch 22", "play"]),
        (("--no-fetch",), True, "", ["play"]),
    ],
)
def test_an_asterisk_is_brought_when_it_is_wanted(
    sandboxed: Sandboxed,
    options: tuple[str, ...],
    terminal: bool,
    typed: str,
    calls: list[str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("astsync.cli.demo.at_a_terminal", lambda: terminal)
    monkeypatch.setattr("sys.stdin", Pipe(typed))
    done = run(capfd, monkeypatch, "demo", *options)
    assert done.code == 0, done.err
    assert sandboxed.calls == calls
    asked = "Bring it?" in done.err
    assert asked == bool(typed)
    assert not asked or "80 MB" in done.err


def test_nothing_is_asked_where_nothing_can_be_brought(
    sandboxed: Sandboxed, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apt, "can_fetch", lambda: False)
    monkeypatch.setattr("astsync.cli.demo.at_a_terminal", lambda: True)
    assert run(capfd, monkeypatch, "demo").code == 0
    assert sandboxed.calls == ["play"]


def test_an_asterisk_that_is_there_is_taken(
    sandboxed: Sandboxed, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asterisk, "find_installation", lambda: object())
    assert run(capfd, monkeypatch, "demo", "--fetch").code == 0
    assert sandboxed.calls == ["play"]


def test_a_fetch_that_fails_says_why_and_how_to_do_without(
    sandboxed: Sandboxed, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise FetchError("the mirror cannot be reached", hint="Check the network.")

    monkeypatch.setattr(fetch, "fetch_asterisk", fail)
    done = run(capfd, monkeypatch, "demo", "--fetch")
    assert done.code == FetchError.exit_code
    assert "the mirror cannot be reached" in done.err
    assert "astsync demo --no-fetch" in done.err
    assert sandboxed.calls == []
