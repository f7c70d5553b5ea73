"""What the check of a PBX says of clocks and certificates, which no fault of a connection shows."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from astsync.config import PbxConfig
from astsync.finding import Finding
from astsync.pbx import check
from astsync.pbx.connection import AmiConnection
from astsync.sandbox.ami import AmiStandIn
from tests.unit.test_tls import tunnel

pytestmark = pytest.mark.server


def finding(part: str, config: PbxConfig) -> Finding:
    (found,) = (finding for finding in check.check_pbx(config, "cidname") if finding.part == part)
    return found


def config(standin: AmiStandIn, **more: object) -> PbxConfig:
    values = {"name": "office", "host": standin.host, "port": standin.port, "user": standin.user, "timeout": 5}
    return PbxConfig.model_validate({**values, "secret": standin.secret, **more})


@pytest.mark.parametrize(
    ("apart", "good", "words"),
    [(0, True, "agrees"), (20, True, "agrees"), (-7_200, None, "7,200 s apart"), (90, None, "90 s apart")],
)
def test_a_clock_that_jumped_is_told(
    monkeypatch: pytest.MonkeyPatch, apart: float, good: bool | None, words: str
) -> None:
    monkeypatch.setattr(check, "time", SimpleNamespace(time=lambda: time.time() - apart))
    with AmiStandIn() as standin:
        found = finding("clock", config(standin))
    assert found.good is good
    assert words in found.words


def answering(monkeypatch: pytest.MonkeyPatch, action: str, answer: bytes) -> None:
    asked = AmiConnection.action

    def ask(self: AmiConnection, name: str, *more: object, **values: str) -> bytes:
        return answer if name == action else asked(self, name, *more, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(AmiConnection, "action", ask)


@pytest.mark.parametrize("said", [b"nan", b"inf", b"-inf", b"", b"noon", b"9" * 10_000])
def test_what_is_no_time_does_not_agree_with_this_clock(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    answering(monkeypatch, "Ping", b"Response: Success\r\nTimestamp: " + said)
    with AmiStandIn() as standin:
        found = finding("clock", config(standin))
    assert found.good is None
    assert "does not tell its time" in found.words


def test_a_version_that_is_none_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "CoreSettings", b"Response: Success\r\nAsteriskVersion: 22\x1b[31m" + b"x " * 50_000)
    with AmiStandIn() as standin:
        found = finding("version", config(standin))
    assert found.words.startswith("Asterisk 22 [31mx x ")
    assert len(found.words) < 200


@pytest.mark.parametrize(
    ("days", "good", "words"), [(40, True, "is trusted, and good until"), (20, None, "only until")]
)
def test_a_certificate_that_ends_soon_is_told(tmp_path: Path, days: int, good: bool | None, words: str) -> None:
    ca, ends = trustme.CA(), datetime.now(UTC) + timedelta(days=days)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    with AmiStandIn() as standin, tunnel(ca, standin.port, not_after=ends) as port:
        more = {"port": port, "tls": True, "ca_file": tmp_path / "ca.pem", "server_name": "pbx.example.local"}
        found = finding("TLS", config(standin, **more))
    assert found.good is good
    assert words in found.words
    assert f"{ends:%Y-%m-%d}" in found.words


def test_over_tls_the_setting_that_lists_need_is_told(tmp_path: Path) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    with AmiStandIn() as standin, tunnel(ca, standin.port) as port:
        more = {"port": port, "tls": True, "ca_file": tmp_path / "ca.pem", "server_name": "pbx.example.local"}
        assert "writetimeout = 5000" in finding("right to read", config(standin, **more)).hint
        assert finding("right to read", config(standin)).hint == ""
