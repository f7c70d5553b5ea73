"""The manual pages are as ``make man`` writes them, and are read without a complaint."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest

from astsync.cli.completing import SCRIPTS
from tests.cli.test_both_sides import leaves
from tests.man import PAGES, ROOT, Manual, manual


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
def test_a_page_is_as_make_man_writes_it(page: Manual) -> None:
    assert (ROOT / page.file).read_text(encoding="utf-8") == manual(page), "run `make man`"


def rendered(page: Manual, *command: str) -> str:
    """What a program shows of a page. A program that is missing is told of aloud."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"NO {command[0]}: the manual pages are not rendered")
    environ = {**os.environ, "MANROFFSEQ": "", "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
    done = subprocess.run([*command, str(ROOT / page.file)], env=environ, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.file)
@pytest.mark.parametrize(
    "command",
    [
        ("groff", "-man", "-ww", "-k", "-Tutf8", "-rLL=80n"),
        ("man", "--warnings=w", "-E", "UTF-8", "-l", "-Tutf8"),
    ],
    ids=" ".join,
)
def test_a_page_is_rendered_without_warnings_and_has_every_command(page: Manual, command: tuple[str, ...]) -> None:
    text = " ".join(rendered(page, *command).replace("\u2010", "-").split())
    for names, each in leaves():
        assert f"astsync {' '.join(names)}" in text
        for option in each.params:
            assert option.opts[-1] in text or getattr(option, "hidden", False) or option.param_type_name == "argument"
    assert "store.path" in text


def test_the_wheel_has_the_pages_and_the_completions() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert all((ROOT / file).is_file() for file in shared)
    assert {page.file for page in PAGES} < set(shared)
    assert {f"astsync/cli/shells/{name}" for name in SCRIPTS.values()} < set(shared)
