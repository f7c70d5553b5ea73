"""What a PBX is recognised as, by what AMI answers of its configuration."""

from typing import Any

import pytest

from astsync.config import PbxConfig
from astsync.errors import PbxActionFailed, PbxConnectionLost, PbxRightsError
from astsync.pbx.connection import AmiConnection
from astsync.pbx.flavour import UNSERVED, Flavour, Recognition, recognise

ROUTES = {"ext-did": ["include=ext-did-0001", "include=ext-did-0002", "exten=foo,1,Noop(bar)"]}
HOOK = 'same=n,GosubIf($["${DIALPLAN_EXISTS(${CONTEXT}-custom,${EXTEN},1)}" == "1"]?${CONTEXT}-custom,${EXTEN},1)'
MIKO = {"add-trim-prefix-clid": ["exten=_X!,1,NoOp()", HOOK], "internal-originate": ["exten=_X!,1,NoOp()"]}
ASKOZIA = {"macro-missedcallmail": ['exten=s,n,System(echo "from: AskoziaPBX Notifications <a@b.example>")']}
REFUSED = "File requires escalated privileges"

Files = dict[str, dict[str, list[str]] | str]


class ShownFiles(AmiConnection):
    """A connection to a PBX that shows these files: their sections, or the words of a refusal."""

    def __init__(self, files: Files) -> None:
        super().__init__(PbxConfig.model_validate({"name": "office", "host": "127.0.0.1", "user": "a", "secret": "b"}))
        self.files = files
        self.asked: list[tuple[str, str]] = []

    def action(self, name: str, on_packet: Any = None, on_many: Any = None, **values: str) -> bytes:
        assert name == "GetConfig"
        file, category = values["Filename"], values["Category"]
        self.asked.append((file, category))
        shown = self.files.get(file, "Config file not found")
        if isinstance(shown, str):
            raise PbxActionFailed(f"office: GetConfig failed: {shown}")
        lines = (f"Line-000000-{i:06}: {line}" for i, line in enumerate(shown.get(category, [])))
        return "\r\n".join(["Response: Success", "ActionID: 1", f"Category-000000: {category}", *lines]).encode()


def found(files: Files) -> Recognition:
    return recognise(ShownFiles(files))


def freepbx(**more: Any) -> Files:
    return {
        "extensions.conf": REFUSED,
        "extensions_override_freepbx.conf": {},
        "extensions_additional.conf": ROUTES,
        **{name.replace("_conf", ".conf"): value for name, value in more.items()},
    }


@pytest.mark.parametrize(
    ("agent", "version"),
    [("FPBX-16.0.40.7(18.20.2)", "16.0.40.7"), ("FPBX-AsteriskNOW-12.0.76.2(13.2.0)", "12.0.76.2")],
)
def test_freepbx_is_known_by_its_files_though_its_extensions_conf_cannot_be_read(agent: str, version: str) -> None:
    pjsip = {"global": ["type=global", f"user_agent={agent}"]}
    assert found(freepbx(pjsip_conf=pjsip)).flavour is Flavour.FREEPBX
    assert found(freepbx(pjsip_conf=pjsip)).version == version


@pytest.mark.parametrize("pjsip", [REFUSED, "Config file has invalid format", {}, {"global": ["user_agent=Desk-5(1)"]}])
def test_a_freepbx_that_does_not_tell_its_version_is_known_all_the_same(pjsip: Any) -> None:
    assert found(freepbx(pjsip_conf=pjsip)) == found(freepbx())
    assert (found(freepbx()).flavour, found(freepbx()).version) == (Flavour.FREEPBX, "")


@pytest.mark.parametrize("override", [{}, REFUSED, "Config file has invalid format"])
def test_a_file_that_is_not_shown_is_there(override: Any) -> None:
    files = {**freepbx(), "extensions_override_freepbx.conf": override}
    assert found(files).flavour is Flavour.FREEPBX


@pytest.mark.parametrize("routes", [{}, REFUSED, {"ext-did": ["include=other"]}, "Config file has invalid format"])
def test_one_file_alone_with_the_name_of_a_flavour_proves_nothing(routes: Any) -> None:
    recognition = found({"extensions_override_freepbx.conf": {}, "extensions_additional.conf": routes})
    assert recognition.flavour is None
    assert "extensions_override_freepbx.conf" in recognition.words


def test_issabel_is_known_also_with_a_file_left_from_elastix() -> None:
    issabel: Files = {"extensions_override_issabelpbx.conf": {}, "extensions_additional.conf": ROUTES}
    assert found(issabel).flavour is Flavour.ISSABEL
    assert found({**issabel, "extensions_override_freepbx.conf": {}}).flavour is Flavour.ISSABEL


def test_mikopbx_is_known_by_two_contexts_and_not_by_one() -> None:
    assert found({"extensions.conf": MIKO}).flavour is Flavour.MIKOPBX
    for context in MIKO:
        assert found({"extensions.conf": {context: MIKO[context]}}).flavour is Flavour.PLAIN


def test_askozia_2_is_known_by_the_mails_it_writes() -> None:
    assert found({"extensions.conf": ASKOZIA}).flavour is Flavour.ASKOZIA
    assert found({"extensions.conf": {"macro-missedcallmail": ["exten=s,1,NoOp()"]}}).flavour is Flavour.PLAIN


@pytest.mark.parametrize("files", [{}, {"extensions.conf": {"incoming": ["exten=_X.,1,NoOp()"]}}])
def test_what_has_no_mark_is_asterisk_alone(files: Files) -> None:
    assert found(files).flavour is Flavour.PLAIN


@pytest.mark.parametrize("words", [REFUSED, "Config file has invalid format", "Out of memory"])
def test_an_extensions_conf_that_is_not_shown_tells_nothing(words: str) -> None:
    assert found({"extensions.conf": words}).flavour is None


def test_an_ami_that_does_not_know_the_action_tells_nothing() -> None:
    recognition = found({"extensions_override_issabelpbx.conf": "Invalid/unknown command"})
    assert (recognition.flavour, "Invalid/unknown command" in recognition.words) == (None, True)


@pytest.mark.parametrize(
    "files", [freepbx(), {"extensions_override_issabelpbx.conf": {}}, {"extensions.conf": MIKO}, {}]
)
def test_it_takes_few_actions_and_asks_for_no_section_with_secrets(files: Files) -> None:
    connection = ShownFiles(files)
    recognise(connection)
    assert len(connection.asked) <= 6
    assert not {file for file, _ in connection.asked} & {"manager.conf", "sip.conf"}


def test_a_user_without_the_right_learns_nothing_and_is_told_which_one() -> None:
    class Refusing(ShownFiles):
        def action(self, name: str, on_packet: Any = None, on_many: Any = None, **values: str) -> bytes:
            raise PbxRightsError("office: no")

    recognition = recognise(Refusing({}))
    assert (recognition.flavour, "write = system" in recognition.words) == (None, True)


def test_a_connection_that_ends_is_an_error() -> None:
    class Ending(ShownFiles):
        def action(self, name: str, on_packet: Any = None, on_many: Any = None, **values: str) -> bytes:
            raise PbxConnectionLost("office: gone")

    with pytest.raises(PbxConnectionLost):
        recognise(Ending({}))


@pytest.mark.parametrize(
    ("recognised", "told", "excluded"),
    [
        (Flavour.FREEPBX, Flavour.FREEPBX, False),
        (Flavour.FREEPBX, Flavour.ISSABEL, True),
        (Flavour.FREEPBX, Flavour.PLAIN, True),
        (Flavour.PLAIN, Flavour.FREEPBX, True),
        (Flavour.PLAIN, Flavour.ASKOZIA, False),
        (None, Flavour.FREEPBX, False),
    ],
)
def test_only_what_is_sure_contradicts(recognised: Flavour | None, told: Flavour, excluded: bool) -> None:
    assert Recognition(recognised, "").excludes(told) is excluded


def test_lines_that_are_no_text_are_read_all_the_same() -> None:
    class Garbled(ShownFiles):
        def action(self, name: str, on_packet: Any = None, on_many: Any = None, **values: str) -> bytes:
            return super().action(name, **values) + b"\r\nLine-000000-999999: exten=s,1,NoOp(\xff\x80)\r\nLine-x"

    assert recognise(Garbled({"extensions.conf": MIKO})).flavour is Flavour.MIKOPBX


def test_all_flavours_have_a_name() -> None:
    assert [flavour.product for flavour in Flavour] == ["Asterisk", "FreePBX", "MikoPBX", "Issabel", "Askozia"]
    assert "Grandstream UCM" in {other.product for other in UNSERVED}
