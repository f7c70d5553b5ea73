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
