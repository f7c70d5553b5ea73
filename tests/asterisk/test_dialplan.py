"""The one line of the dialplan that the page gives and ``init`` names, on calls through real Asterisks."""

from collections.abc import Iterator

import pytest

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.sandbox.asterisk import Installation, PrivateAsterisk
from astsync.setup.dialplan import lookup_line

NUMBER, UNKNOWN, NAME, CARRIER = "74955550142", "74955550199", "OOO Romashka", "CARRIER"
OTHER = "names-of-ours"
CONTEXT = f"""\
[other-family]
exten => _X.,1,NoOp()
 {lookup_line(OTHER)}
 same => n,Dial(Local/${{EXTEN}}@phones/n,10)
"""


@pytest.fixture(scope="module")
def asterisk(any_installation: Installation) -> Iterator[PrivateAsterisk]:
    """Its context ``incoming`` has the page's line; the documentation's tests hold them together."""
    with PrivateAsterisk(any_installation, dialplan=CONTEXT) as started:
        yield started


def put(asterisk: PrivateAsterisk, family: str, name: str) -> None:
    values = {"name": "office", "host": asterisk.host, "port": asterisk.port, "user": asterisk.user}
    config = PbxConfig.model_validate({**values, "secret": asterisk.secret})
    with AmiPbx(config, family).open() as opened:
        assert opened.put([(NUMBER, name)]).failed == {}


@pytest.mark.parametrize(
    "sent",
    [
        NUMBER, f"+{NUMBER}", f" {NUMBER}", "+7 (495) 555-01-42", "7,495,5550142", '7"495"5550142', "7495'5550142",
        "7495\\5550142", "7495/5550142", "7495}5550142", "7495]5550142", "7495;5550142", "7495=5550142",
    ],
)  # fmt: skip
def test_a_caller_is_found_however_the_number_is_written(asterisk: PrivateAsterisk, sent: str) -> None:
    put(asterisk, "cidname", NAME)
    assert asterisk.call(sent, CARRIER) == NAME


@pytest.mark.parametrize(
    "sent",
    [
        UNKNOWN, f"+{UNKNOWN}", "84955550142", f"0{NUMBER}", f"{NUMBER}${{EXTEN:9}}", "anonymous", "unknown", "+", "()",
        "", "${NUMBER}", f"ivan{NUMBER}", f"{NUMBER}x", f"{NUMBER}${{EXTEN}}", f"sip:{NUMBER}@carrier",
    ],
)  # fmt: skip
def test_any_other_caller_keeps_the_carriers_name(asterisk: PrivateAsterisk, sent: str) -> None:
    put(asterisk, "cidname", NAME)
    assert asterisk.call(sent, CARRIER) == CARRIER
    assert asterisk.call(sent) == ""


@pytest.mark.parametrize(
    "name",
    [
        "ООО «Ромашка»", 'OOO "Romashka"', 'a "b', "a, b", "a) b", "a (b", "(a) b: c", "a:b", "a?b:c", "a\\b", "a;b",
        "a=b", "a|b", "a & b", "a'b", "{a}", "[a", "100%", "${EXTEN} $[1+1]", "x <y>", ")", ",", '"', "\\", "x" * 200,
    ],
)  # fmt: skip
def test_a_name_reaches_the_phone_whole(asterisk: PrivateAsterisk, name: str) -> None:
    put(asterisk, "cidname", name)
    assert asterisk.call(f"+{NUMBER}", CARRIER) == name


def test_the_line_looks_into_the_family_that_is_named(asterisk: PrivateAsterisk) -> None:
    put(asterisk, "cidname", "of another family")
    put(asterisk, OTHER, NAME)
    assert asterisk.call(f"+{NUMBER}", CARRIER, context="other-family") == NAME
    assert asterisk.call(UNKNOWN, CARRIER, context="other-family") == CARRIER


def test_asterisk_finds_no_fault_in_the_line(asterisk: PrivateAsterisk) -> None:
    for sent in (NUMBER, f"+{UNKNOWN}", "anonymous", "", 'a"b,c)'):
        asterisk.call(sent, CARRIER)
    log = (asterisk.folder / "log" / "messages.log").read_text(encoding="utf-8")
    assert "modules will be loaded" in log
    faults = [line for line in log.splitlines() if "WARNING[" in line or "ERROR[" in line]
    sandbox = ("indication tones", "BASE64_ENCODE")  # it has no tones; its phone complains of a caller without a name
    assert [fault for fault in faults if not any(words in fault for words in sandbox)] == []
