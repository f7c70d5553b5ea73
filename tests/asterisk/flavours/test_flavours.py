"""Each flavour, laid out as its public sources say: what it is recognised as, and a call that our way names."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from astsync.config import PbxConfig
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.pbx.flavour import Flavour, Recognition, recognise
from astsync.sandbox.asterisk import Installation, ManagerUser
from tests.asterisk.flavours import RIGS, AskoziaRig, FlavourRig, FreePbxRig, MikoPbxRig
from tests.asterisk.ways import faults

ROOT = Path(__file__).parents[3]
NUMBER, UNKNOWN = "74955550142", "74955550199"
NAME, CARRIER = "OOO Romashka", "MOSCOW RU"
LEAST = ManagerUser("astsync", "system")
REPORTING = ManagerUser("looker", "reporting", "reporting")


@pytest.fixture(scope="module", params=list(Flavour), ids=str)
def rig(request: pytest.FixtureRequest, any_installation: Installation) -> Iterator[FlavourRig]:
    """A running PBX of each flavour. What a test changes in it stays."""
    with RIGS[request.param](any_installation) as started:
        started.add_ami_user(LEAST)
        started.add_ami_user(REPORTING)
        yield started


@pytest.fixture
def new_rig(request: pytest.FixtureRequest, any_installation: Installation) -> Iterator[FlavourRig]:
    """A running PBX of the flavour that the test names, for it alone."""
    with RIGS[request.param](any_installation) as started:
        started.add_ami_user(LEAST)
        if not started.speaks_sip:
            pytest.skip(f"NO SIP PHONE: chan_pjsip of Asterisk {started.version} does not load")
        yield started


every_flavour = pytest.mark.parametrize("new_rig", list(Flavour), ids=str, indirect=True)


def config(rig: FlavourRig, user: ManagerUser) -> PbxConfig:
    values = {"name": "office", "host": rig.host, "port": rig.port, "user": user.name, "secret": user.secret}
    return PbxConfig.model_validate(values)


def recognised(rig: FlavourRig, user: ManagerUser = LEAST) -> Recognition:
    with AmiConnection(config(rig, user)) as connection:
        return recognise(connection)


def write(rig: FlavourRig, names: dict[str, str]) -> None:
    with AmiPbx(config(rig, LEAST), "cidname").open() as family:
        assert family.put(names.items()).failed == {}


def faults_of_ours(rig: FlavourRig) -> list[str]:
    """What Asterisk found, but for what it says of the flavour's own files: macros, the pattern _., empty contexts."""
    its_own = ("The use of '_.' for an extension", "include nonexistent context", "app_macro", "Macro() is deprecated")
    return [line for line in faults(rig) if not any(words in line for words in its_own)]


def test_a_flavour_is_recognised_with_the_least_rights(rig: FlavourRig) -> None:
    assert recognised(rig).flavour is rig.flavour


def test_a_freepbx_tells_its_version_and_no_other_flavour_does(rig: FlavourRig) -> None:
    assert recognised(rig).version == ("16.0.40.7" if rig.flavour is Flavour.FREEPBX else "")


def test_who_may_not_look_recognises_nothing(rig: FlavourRig) -> None:
    assert recognised(rig, REPORTING).flavour is None


@every_flavour
def test_a_call_is_named_by_the_documented_way_and_not_without_it(new_rig: FlavourRig) -> None:
    write(new_rig, {NUMBER: NAME})
    assert new_rig.incoming(NUMBER, CARRIER) == CARRIER
    new_rig.look_names_up()
    assert new_rig.incoming(NUMBER, CARRIER) == NAME
    assert new_rig.incoming(UNKNOWN, CARRIER) == CARRIER
    assert recognised(new_rig).flavour is new_rig.flavour
    assert faults_of_ours(new_rig) == []
    new_rig.restart()
    assert new_rig.incoming(NUMBER, CARRIER) == NAME


@pytest.mark.parametrize("new_rig", [Flavour.FREEPBX, Flavour.ISSABEL], ids=str, indirect=True)
def test_on_freepbx_a_context_before_its_own_finds_every_spelling(new_rig: FreePbxRig) -> None:
    write(new_rig, {NUMBER: NAME})
    new_rig.look_names_up_by_context()
    spelt = [NUMBER, f"+{NUMBER}", f"8{NUMBER[1:]}", NUMBER[1:]]
    assert [new_rig.incoming(sent, CARRIER) for sent in spelt] == [NAME] * 4
    assert faults_of_ours(new_rig) == []


@pytest.mark.parametrize("new_rig", [Flavour.ASKOZIA], ids=str, indirect=True)
def test_on_askozia_one_line_in_the_field_of_a_provider_is_enough(new_rig: AskoziaRig) -> None:
    write(new_rig, {NUMBER: NAME})
    new_rig.look_names_up_by_field()
    assert [new_rig.incoming(sent, CARRIER) for sent in (NUMBER, f"+{NUMBER}", UNKNOWN)] == [NAME, NAME, CARRIER]
    assert faults_of_ours(new_rig) == []


@pytest.mark.parametrize("new_rig", [Flavour.FREEPBX], ids=str, indirect=True)
def test_freepbx_cuts_names_at_40_bytes_and_a_cyrillic_letter_takes_two(new_rig: FreePbxRig) -> None:
    write(new_rig, {NUMBER: "Я" * 30, UNKNOWN: "A" * 60})
    new_rig.look_names_up()
    assert new_rig.incoming(NUMBER, CARRIER) == "Я" * 20
    assert new_rig.incoming(UNKNOWN, CARRIER) == "A" * 40


@pytest.mark.parametrize(
    ("new_rig", "words"),
    [(Flavour.FREEPBX, ["fwconsole", "reload"]), (Flavour.ISSABEL, ["amportal", "a", "r"])],
    ids=["freepbx", "issabel"],
    indirect=["new_rig"],
)
def test_apply_config_forgets_what_was_edited_in_generated_files_only(new_rig: FreePbxRig, words: list[str]) -> None:
    generated, custom = (new_rig.etc / f"manager_{kind}.conf" for kind in ("additional", "custom"))
    users = {kind: ManagerUser(kind, "system") for kind in ("generated", "custom")}
    new_rig.add_ami_user(users["custom"])
    generated.write_text(custom.read_text(encoding="utf-8").replace("custom", "generated"), encoding="utf-8")
    subprocess.run([new_rig.folder / "bin" / words[0], *words[1:]], check=True, capture_output=True, timeout=60)
    assert "[generated]" not in generated.read_text(encoding="utf-8")
    assert recognised(new_rig, users["custom"]).flavour is new_rig.flavour


@pytest.mark.parametrize("new_rig", [Flavour.MIKOPBX], ids=str, indirect=True)
def test_mikopbx_forgets_what_was_edited_in_files_and_keeps_what_was_appended(new_rig: MikoPbxRig) -> None:
    new_rig.append("extensions.conf", "[kept]\nexten => 1,1,NoOp()\n")
    file = new_rig.etc / "extensions.conf"
    file.write_text(file.read_text(encoding="utf-8") + "[edited]\nexten => 1,1,NoOp()\n", encoding="utf-8")
    new_rig.save()
    assert "[edited]" not in file.read_text(encoding="utf-8")
    assert "kept" in new_rig.console("dialplan show kept")


def test_people_can_try_a_flavour_by_hand(any_installation: Installation) -> None:
    """As a new user does: a call before anything is set up, a screen, words that are wrong."""
    script = [sys.executable, "-m", "tests.asterisk.flavours", "freepbx", "--major", str(any_installation.major)]
    typed = f"{NUMBER} {CARRIER}\nsource internal\nsource\nnonsense\n"
    done = subprocess.run(
        script, input=typed, capture_output=True, text=True, timeout=120, cwd=ROOT, env=os.environ, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    for words in (f"It shows: {CARRIER} <{NUMBER}>", "saved and loaded", "no: source none", "no: nonsense is neither"):
        assert words in done.stdout
