"""The fragments of ``.changes`` are well formed, and CHANGELOG.md takes them without a change of what it holds."""

from pathlib import Path

import pytest

from tests.packages.built import ROOT
from tests.packages.scripts import script

changes = script("changes")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
FRESH = "### Added\n\n- `astsync x y` " + "does a thing " * 12 + "now.\n\n### Fixed\n\n- A fault.\n"


def test_the_fragments_are_well_formed() -> None:
    assert list(changes.faults(ROOT / ".changes")) == []


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("x.md", "Good.\n", "write NAME.KIND.md"),
        ("X.added.md", "Good.\n", "write NAME.KIND.md"),
        ("x.new.md", "Good.\n", "write NAME.KIND.md"),
        ("x.added.md", "\n", "it is empty"),
        ("x.added.md", "One.\nTwo.\n", "write one line"),
        ("x.added.md", "- One.\n", "write no bullet"),
        ("x.added.md", "# One.\n", "write no bullet"),
        ("x.added.md", "one thing.\n", "begin with a capital"),
        ("x.added.md", "One thing\n", "end with a full stop"),
        ("x.added.md", f"{'A' * 400}.\n", "say it in 400"),
        ("x.added.md", "One thing (#12).\n", "name no issue"),
        ("x.added.md", "One thing; press # and 12.\n", ""),
        ("x.added.md", "One thing, #12.\n", "name no issue"),
        ("x.added.md", "One `thing.\n", "close each `"),
        ("x.fixed.md", "`astsync x` does it.\n", ""),
        ("x.security.md", "One thing.\n", ""),
    ],
)
def test_a_fragment_that_is_not_is_told(name: str, text: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "README.md").touch()
    found = list(changes.faults(tmp_path))
    assert bool(found) == bool(fault)
    assert any(line.startswith(f"{name}: {fault}") for line in found) or not fault


@pytest.mark.slow
def test_each_fragment_stands_in_what_is_rendered() -> None:
    fresh = changes.rendered("9.9.9", "2030-01-02")
    for file in (ROOT / ".changes").glob("*.*.md"):
        kind = file.name.split(".")[1].capitalize()
        part = fresh.partition(f"### {kind}\n")[2].partition("\n### ")[0]
        assert f"- {file.read_text('utf-8').strip()}\n" in part


def test_a_version_that_is_not_released_keeps_its_text_and_gets_the_fragments() -> None:
    text = "# Changelog\n\nWords.\n\n## [1.0.0] - unreleased\n\n### Added\n\n- Old, and\n  more of it.\n"
    merged = changes.merged(text, FRESH, "1.0.0", "2030-01-02")
    assert merged.startswith(
        "# Changelog\n\nWords.\n\n## [1.0.0] - 2030-01-02\n\n### Added\n\n- Old, and\n  more of it.\n- `"
    )
    assert merged.endswith("\n\n### Fixed\n\n- A fault.\n")
    assert "`astsync x y`" in merged
    assert max(map(len, merged.splitlines())) <= 120


def test_todays_changelog_keeps_every_line() -> None:
    version = CHANGELOG.partition("## [")[2].partition("]")[0]
    if f"## [{version}] - unreleased" not in CHANGELOG:
        version = "99.0.0"
    merged = changes.merged(CHANGELOG, FRESH, version, "2030-01-02")
    lost = [line for line in CHANGELOG.splitlines() if line not in merged.splitlines()]
    assert lost in ([], [f"## [{version}] - unreleased"])


def test_a_new_version_stands_above_the_older_ones() -> None:
    text = "# Changelog\n\nWords.\n\n## [1.0.0] - 2029-01-01\n\n### Added\n\n- Old.\n"
    merged = changes.merged(text, FRESH, "1.1.0", "2030-01-02")
    assert merged.startswith("# Changelog\n\nWords.\n\n## [1.1.0] - 2030-01-02\n\n### Added\n\n- `")
    assert merged.endswith("- A fault.\n\n## [1.0.0] - 2029-01-01\n\n### Added\n\n- Old.\n")


def test_a_version_is_not_released_twice() -> None:
    with pytest.raises(ValueError, match=r"1\.0\.0 has been released"):
        changes.merged("# Changelog\n\n## [1.0.0] - 2029-01-01\n", FRESH, "1.0.0", "2030-01-02")
