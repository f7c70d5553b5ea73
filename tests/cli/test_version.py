"""``version``: what belongs into a report of a bug, and no secret."""

import json
import platform
import sys
from pathlib import Path

from astsync import __version__
from tests.cli.sandbox import Sandbox, run


def test_versions_and_places_are_told_as_text(box: Sandbox) -> None:
    done = box.run("version")
    assert (done.code, done.out.splitlines()[0]) == (0, f"astsync {__version__}")
    for words in (str(box.configuration), str(box.folder / "store.sqlite3"), platform.python_version(), "typer "):
        assert words in done.out
    assert box.pbx.secret not in done.out
    assert box.onec.password not in done.out


def test_a_program_gets_them_as_json(box: Sandbox) -> None:
    found = json.loads(box.run("version", "--format", "json").out)
    assert (found["astsync"], found["executable"]) == (__version__, sys.executable)
    assert found["libraries"]["pydantic"]
    assert found["configuration"] == str(box.configuration)


def test_it_answers_whatever_the_configuration_is(box: Sandbox) -> None:
    box.configuration.write_text("[nonsense]\n", encoding="utf-8")
    faulty = box.run("version")
    assert (faulty.code, "nonsense: unknown key" in faulty.out) == (0, True)
    box.configuration.unlink()
    absent = box.run("version")
    assert (absent.code, "no configuration file" in absent.out) == (0, True)


def test_it_answers_without_a_configuration(box: Sandbox, tmp_path: Path) -> None:
    box.patch.chdir(tmp_path / "..")
    box.patch.setenv("XDG_CONFIG_HOME", str(tmp_path / "empty"))
    done = run(box.capture, box.patch, "version", "--format", "json")
    assert (done.code, json.loads(done.out)["configuration"]) == (0, None)
