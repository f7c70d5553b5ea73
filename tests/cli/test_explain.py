"""``explain``: what normalisation makes of a text, by argument and line by line."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sandbox import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_a_phone_and_a_name(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    phone = run(capfd, monkeypatch, "explain", "phone", "8 (495) 229-30-42", "--format", "json")
    assert json.loads(phone.out)["keys"] == ["74952293042"]
    assert list(json.loads(phone.out)) == ["text", "keys", "reason", "rules"]
    name = run(capfd, monkeypatch, "explain", "name", "ООО «МИКО»", "--format", "json")
    assert json.loads(name.out)["name"] == "OOO MIKO"
    assert list(json.loads(name.out)) == ["text", "name", "reason", "rules"]


def test_text_for_people(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "-> 74952293042" in run(capfd, monkeypatch, "explain", "phone", "8 (495) 229-30-42").out
    none = run(capfd, monkeypatch, "explain", "phone", "нет")
    assert (none.code, "(none: " in none.out) == (0, True)


def test_lines_of_standard_input(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b"8 (495) 229-30-42\r\n\n\xff\xfe\nABC\n" + b"84952293042\n" * 2500
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    done = run(capfd, monkeypatch, "explain", "phone", "-", "--format", "json")
    objects = [json.loads(line) for line in done.out.splitlines()]
    assert len(objects) == 2504
    assert [len(each["keys"]) for each in objects[:5]] == [1, 0, 0, 0, 1]
    assert objects[0]["text"] == "8 (495) 229-30-42"


def test_the_rules_of_the_configuration_apply(tmp_path: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("astsync.toml").write_text('[names]\nscheme = "none"\nlegal_form = "drop"\n', encoding="utf-8")
    done = run(capfd, monkeypatch, "explain", "name", "ООО «Ромашка»", "--format", "json")
    assert json.loads(done.out)["name"] == "Ромашка"


def test_bytes_that_are_not_utf8(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for form, shown in (("json", '{"text":"a\\\\xffb",'), ("text", "a\\xffb -> ")):
        done = run(capfd, monkeypatch, "explain", "name", "a\udcffb", "--format", form)
        assert (done.code, done.err, done.out.startswith(shown)) == (0, "", True)


def test_a_locale_without_cyrillic(tmp_path: Path) -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "astsync", "explain", "name", "ООО «МИКО»", "--format", "json"]
    done = subprocess.run(command, capture_output=True, env=os.environ | plain, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    found = json.loads(done.stdout)
    assert (found["text"], found["name"]) == ("ООО «МИКО»", "OOO MIKO")


def test_json_cannot_steer_the_terminal(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "A\x9b31m\u202e\x7f"
    done = run(capfd, monkeypatch, "explain", "name", evil, "--format", "json")
    assert done.out.rstrip("\n").isprintable()
    assert json.loads(done.out)["text"] == evil


@pytest.mark.parametrize(("text", "told"), [
    ("8 (495) 229-30-42", "Write: astsync explain phone '8 (495) 229-30-42'"),
    ("ООО «МИКО»", "Write: astsync explain name 'ООО «МИКО»'"),
    ("phon", "There is no command phon. Did you mean phone?"),
])  # fmt: skip
def test_a_text_in_the_place_of_a_command_is_told_which_one_to_write(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    done = run(capfd, monkeypatch, "explain", text)
    assert done.code == 2
    assert told in " ".join(done.err.replace("│", " ").split())
