"""A file with a secret that others may read is told of by every command, once, with the cure."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from astsync.config import exposed
from astsync.config.described_keys import described_sections
from astsync.config.section import section_of
from astsync.config.value_types import FromEnvironment
from astsync.sources import CONFIG
from tests.cli.sandbox import Sandbox

WARNING = re.compile(
    r"^astsync: every user of this machine may read the secret in (.*); run: chmod 600 \1$", re.MULTILINE
)


def run(box: Sandbox, *arguments: str) -> str:
    """What a command says on standard error, in a process of its own: that has a log, and has told of nothing yet."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASTSYNC_")}
    command = [sys.executable, "-m", "astsync", "--config", str(box.configuration), *arguments]
    return subprocess.run(command, env=environ, capture_output=True, encoding="utf-8").stderr


def told(err: str) -> list[Path]:
    return [Path(name) for name in WARNING.findall(err)]


@pytest.mark.parametrize(
    "command", ["sync", "diff", "status", "history", "lookup 74952293042", "explain phone x", "push", "problems"]
)
def test_every_command_tells_of_a_configuration_with_secrets_that_others_may_read(box: Sandbox, command: str) -> None:
    box.run("sync")
    box.configuration.chmod(0o644)
    assert told(run(box, *command.split())) == [box.configuration]


def test_a_closed_file_and_one_without_secrets_are_not_told_of(box: Sandbox) -> None:
    box.configuration.chmod(0o640)
    assert told(run(box, "explain", "phone", "x")) == []
    box.configuration.write_text('[numbers]\narea_code = "495"\n', encoding="utf-8")
    box.configuration.chmod(0o644)
    assert told(run(box, "explain", "phone", "x")) == []


def test_each_file_is_told_of_once_and_never_with_q(box: Sandbox) -> None:
    secret = box.folder / "office.secret"
    secret.write_text(box.pbx.secret, encoding="utf-8")
    secret.chmod(0o604)
    box.write(f'secret = "{box.pbx.secret}"', 'secret_file = "office.secret"')
    box.configuration.chmod(0o644)
    assert told(run(box, "sync", "-q")) == []
    assert told(run(box, "sync")) == [box.configuration, secret]
    assert told(run(box, "check")) == []  # it is a finding there
    assert f"chmod 600 {secret}" in box.run("check").out


def test_the_words_are_russian_too(box: Sandbox) -> None:
    box.configuration.chmod(0o644)
    err = run(box, "--lang", "ru", "explain", "phone", "x")
    assert f"chmod 600 {box.configuration}" in err
    assert not WARNING.search(err)


def test_a_file_is_told_of_once_in_a_process_that_reads_its_configuration_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "astsync.toml"
    file.touch()
    file.chmod(0o644)
    for _ in range(3):
        exposed.tell_exposed(file, {"source": {"password": "hidden"}})
    assert [record.getMessage() for record in caplog.records] == [
        f"every user of this machine may read the secret in {file}; run: chmod 600 {file}"
    ]


def test_a_secret_of_the_environment_exposes_no_file(tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    file.touch()
    file.chmod(0o644)
    data = {"source": {"password": FromEnvironment("hidden")}}
    assert [*exposed.exposed_files(file, data)] == []
    assert [*exposed.exposed_files(file, {"source": {"password": "hidden"}})] == [file]


def secret_keys(model: Any) -> Iterator[str]:
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            yield from secret_keys(inner)
        elif "Secret" in str(field.annotation):
            yield name


def test_every_key_that_holds_or_names_a_secret_is_known() -> None:
    assert set(secret_keys(CONFIG)) == exposed.SECRETS
    keys = [key for section in described_sections(CONFIG) for key in section.keys]
    files = {key.name for key in keys if key.type == "path" and re.search("secret|password|token|key", key.name)}
    assert files == exposed.SECRET_FILES
