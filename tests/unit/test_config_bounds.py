"""Files of the configuration are read within bounds of bytes and time."""

import os
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from astsync.config import bounded, configfile
from astsync.config.section import read_secret
from astsync.errors import ConfigError
from astsync.sources import CONFIG


def secret(path: Path) -> str:
    return read_secret(SecretStr(""), path, "pbx.secret_file")


def test_a_secret_from_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("s3cret\n",))
    writer.start()
    assert secret(pipe) == "s3cret"
    writer.join()


def test_a_pipe_that_nobody_writes_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "_WAITS", 0.05)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="its writer did not end") as error:
        secret(tmp_path / "pipe")
    assert "holds only the secret" in error.value.hint


def test_a_secret_without_end(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(ConfigError, match="more than 64 KiB"):
        secret(tmp_path / "zero")


def test_a_configuration_of_a_gigabyte(tmp_path: Path) -> None:
    file = tmp_path / "astsync.toml"
    file.touch()
    os.truncate(file, 1024**3)
    with pytest.raises(ConfigError, match="more than 4,096 KiB") as error:
        configfile.load(file, CONFIG, {})
    assert error.value.hint


def test_the_largest_secret_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("x" * bounded.LARGEST_SECRET, encoding="ascii")
    assert len(secret(file)) == bounded.LARGEST_SECRET
