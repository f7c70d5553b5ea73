"""The example files for Asterisk, loaded into real ones: the rights of the AMI user, the names in the dialplan."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.errors import PbxLoginError, PbxRightsError
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.sandbox.asterisk import Installation, PrivateAsterisk

EXAMPLES = Path(__file__).parents[2] / "examples" / "asterisk"
MANAGER = (EXAMPLES / "manager.conf").read_text(encoding="utf-8")
EXTENSIONS = (EXAMPLES / "extensions.conf").read_text(encoding="utf-8")
PERMIT = "permit = 127.0.0.1/255.255.255.255"
NUMBER, UNKNOWN = "74955550142", "74955550199"


def use_manager(asterisk: PrivateAsterisk, text: str) -> None:
    """Put the example into the place of its manager.conf: another port, and the user that places its calls."""
    file = asterisk.folder / "etc" / "manager.conf"
    (own,) = re.findall(r"(?ms)^\[own-.*?(?=^\[|\Z)", file.read_text(encoding="utf-8"))
    assert "port = 5038" in text
    file.write_text(f"{text.replace('port = 5038', f'port = {asterisk.port}')}\n{own}", encoding="utf-8")
    asterisk.console("manager reload")


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    """An Asterisk with both examples; a phone of the sandbox stands for the example's."""
    assert "PJSIP/${EXTEN}," in EXTENSIONS
    dialplan = EXTENSIONS.replace("PJSIP/${EXTEN},", "Local/${EXTEN}@phones/n,")
    with PrivateAsterisk(any_installation, dialplan=dialplan) as started:
        use_manager(started, MANAGER)
        yield started


@pytest.fixture
def config(asterisk: PrivateAsterisk) -> PbxConfig:
    (secret,) = re.findall(r"(?m)^secret = (\S+)$", MANAGER)
    values = {"name": "example", "host": asterisk.host, "port": asterisk.port, "user": "astsync", "secret": secret}
    return PbxConfig.model_validate(values)


@pytest.fixture
def entry(config: PbxConfig) -> Iterator[None]:
    with AmiPbx(config, "cidname").open() as family:
        assert family.put([(NUMBER, "OOO Romashka")]).failed == {}
        yield
        family.delete([NUMBER])


def test_the_examples_user_reads_puts_and_deletes(config: PbxConfig) -> None:
    with AmiPbx(config, "example").open() as family:
        assert family.read() == {}
        assert family.put([("1", "one"), ("2", "two")]).done == 2
        assert family.read() == {"1": "one", "2": "two"}
        assert family.delete(["1", "2"]).done == 2
        assert family.read() == {}


def test_the_examples_user_may_not_run_commands_place_calls_or_change_files(config: PbxConfig) -> None:
    with AmiConnection(config) as ami:
        with pytest.raises(PbxRightsError, match="Command"):
            ami.action("Command", Command="core show uptime")
        with pytest.raises(PbxRightsError, match="Originate"):
            ami.action("Originate", Channel="Local/100@phones", Application="Wait")
        with pytest.raises(PbxRightsError, match="UpdateConfig"):
            ami.action("UpdateConfig", SrcFilename="manager.conf", DstFilename="manager.conf")


def test_the_example_refuses_other_addresses(asterisk: PrivateAsterisk, config: PbxConfig) -> None:
    assert PERMIT in MANAGER
    use_manager(asterisk, MANAGER.replace(PERMIT, "permit = 192.0.2.20/255.255.255.255"))
    try:
        with pytest.raises(PbxLoginError), AmiConnection(config):
            pass
    finally:
        use_manager(asterisk, MANAGER)


@pytest.mark.parametrize("sent", [NUMBER, f"+{NUMBER}"])
@pytest.mark.usefixtures("entry")
def test_the_example_shows_the_name_of_a_number_in_the_phonebook(asterisk: PrivateAsterisk, sent: str) -> None:
    assert asterisk.call(sent, "CARRIER", context="from-carrier") == "OOO Romashka"


@pytest.mark.parametrize("sent", [UNKNOWN, f"+{UNKNOWN}", "anonymous", ""])
@pytest.mark.usefixtures("entry")
def test_the_example_keeps_the_carriers_name_of_any_other_caller(asterisk: PrivateAsterisk, sent: str) -> None:
    assert asterisk.call(sent, "CARRIER", context="from-carrier") == "CARRIER"


def test_asterisk_finds_no_fault_in_the_examples(asterisk: PrivateAsterisk) -> None:
    for sent in (UNKNOWN, f"+{UNKNOWN}", "anonymous", ""):
        asterisk.call(sent, "CARRIER", context="from-carrier")
    log = (asterisk.folder / "log" / "messages.log").read_text(encoding="utf-8")
    assert "modules will be loaded" in log
    faults = re.findall(r"(?m)^.*(?:WARNING|ERROR)\[.*$", log)
    assert [fault for fault in faults if "indication tones" not in fault] == []
