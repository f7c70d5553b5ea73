"""AMI over TLS of a real Asterisk, with certificates as its ast_tls_cert makes them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.errors import PbxTlsError
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.check import check_pbx
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.sandbox.asterisk.conf_files import TlsFiles
from tests.certificates import Made, make
from tests.eventually import eventually

ENTRIES = [(str(74950000000 + i), f"Firma {i}") for i in range(3_000)]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("ca"), "Asterisk Private CA", ca=True)


@pytest.fixture(scope="module")
def shown(ca: Made) -> Made:
    return make(ca.crt.parent, "127.0.0.1", ca)


@pytest.fixture
def asterisk(any_installation: Installation, shown: Made) -> Iterator[PrivateAsterisk]:
    with PrivateAsterisk(any_installation, tls=TlsFiles(shown.pem, shown.pem)) as started:
        yield started


def config(asterisk: PrivateAsterisk, **more: object) -> PbxConfig:
    values = {"name": "office", "host": "127.0.0.1", "port": asterisk.tls_port, "tls": True, "user": asterisk.user}
    return PbxConfig.model_validate({**values, "secret": asterisk.secret, **more})


def log_of(asterisk: PrivateAsterisk) -> str:
    return (asterisk.folder / "log" / "messages.log").read_text(errors="replace")


def faults(text: str) -> list[str]:
    return [line for line in text.splitlines() if "ERROR" in line or "WARNING" in line]


def work(pbx: PbxConfig) -> None:
    with AmiPbx(pbx, "cidname").open() as family:
        family.put(ENTRIES)
        assert family.read() == dict(ENTRIES)


def test_all_ways_to_trust_it_and_not_a_word_in_asterisks_log(
    asterisk: PrivateAsterisk, ca: Made, shown: Made, tmp_path: Path
) -> None:
    before = log_of(asterisk)
    ways = ({"ca_file": ca.crt}, {"ca_file": shown.crt}, {"fingerprint": shown.fingerprint})
    for way in ways:
        work(config(asterisk, **way))
    for finding in check_pbx(config(asterisk, ca_file=ca.crt), "cidname"):
        assert finding.good is True, finding
    work(config(asterisk, port=asterisk.port, tls=False))
    for _ in range(10):  # an end that is not waited for leaves an error most times, not each time
        work(config(asterisk, ca_file=ca.crt))
    eventually(lambda: "0 users connected" in asterisk.console("manager show connected"))
    assert faults(log_of(asterisk)[len(before) :]) == []


def test_a_certificate_that_nobody_vouches_for_is_shown_for_comparison(asterisk: PrivateAsterisk, shown: Made) -> None:
    with pytest.raises(PbxTlsError, match="its issuer is not in this machine's CAs") as error:
        work(config(asterisk))
    pin = error.value.hint.partition('fingerprint = "')[2].partition('"')[0]
    assert config(asterisk, fingerprint=pin).fingerprint == shown.fingerprint
    work(config(asterisk, fingerprint=pin))


def test_the_two_ports_taken_for_each_other(asterisk: PrivateAsterisk, ca: Made) -> None:
    with pytest.raises(PbxTlsError, match="speaks AMI without TLS"):
        work(config(asterisk, port=asterisk.port, ca_file=ca.crt))
    with pytest.raises(PbxTlsError, match="speaks TLS, and tls is not set"):
        work(config(asterisk, tls=False, timeout=1))
