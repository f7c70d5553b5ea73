"""A run asks its PBXs whether they will let it in, before it reads a source that may take long."""

import pytest

from astsync.errors import PbxBadAnswer, PbxError, PbxLoginError, PbxRightsError, PbxTlsError, PbxUnreachable
from astsync.pbx import rights
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.sandbox.ami import AmiStandIn
from astsync.sandbox.ami.faults import AmiFaults
from astsync.sandbox.ami.users import AmiUser
from astsync.stopping import NEVER, Stopping
from tests.memory_pbx import MemoryPbx
from tests.unit.engine_rig import EngineRig, names
from tests.unit.test_connection import DIALECTS, config


class Guarded(MemoryPbx):
    """A PBX that refuses whoever asks, with this error."""

    def __init__(self, name: str, refusal: PbxError | None) -> None:
        super().__init__(name)
        self.refusal = refusal
        self.asked: list[bool] = []

    def ask(self, *, write: bool, stopping: Stopping = NEVER) -> None:
        self.asked.append(write)
        if self.refusal is not None:
            raise self.refusal


def test_a_run_that_no_pbx_lets_in_reads_no_source(rig: EngineRig) -> None:
    refusals = [PbxLoginError("one: refused", hint="a"), PbxRightsError("two: may not", hint="b")]
    rig.pbxs = [Guarded(f"pbx{i}", refusal) for i, refusal in enumerate(refusals)]
    for run in (rig.engine().sync, rig.engine(dry_run=True).sync, rig.engine().push):
        with pytest.raises(PbxError, match=r"no PBX lets the run in: one: refused; two: may not") as error:
            run()
        assert (error.value.exit_code, error.value.hint) == (5, "a\nb")
    assert rig.source.pulls == 0
    assert [pbx.asked for pbx in rig.pbxs if isinstance(pbx, Guarded)] == [[True, False, True]] * 2


def test_the_refusal_of_the_only_pbx_is_told_as_it_is_and_noted(rig: EngineRig) -> None:
    refusal = PbxTlsError("office: not trusted")
    rig.pbxs = [Guarded("office", refusal)]
    with pytest.raises(PbxTlsError) as error:
        rig.engine().sync()
    assert error.value is refusal
    (run,) = rig.store.runs(1)
    assert run.exit_code == 5
    assert "not trusted" in run.message


def test_one_pbx_that_refuses_does_not_stop_the_others_and_is_not_asked_again(rig: EngineRig) -> None:
    refusing = Guarded("far", PbxLoginError("far: refused"))
    rig.pbxs = [rig.pbx, refusing]
    report = rig.engine().sync()
    assert report.exit_code == 7
    assert rig.pbx.entries == names(20)
    assert (refusing.entries, report.pbx[1].error) == ({}, refusing.refusal)


def test_a_pbx_that_is_merely_away_is_no_reason_not_to_pull(rig: EngineRig) -> None:
    away = Guarded("office", PbxUnreachable("office: no connection"))
    rig.pbxs = [away]
    assert rig.engine().sync().exit_code == 0  # it is back when its turn comes
    assert away.entries == names(20)


def test_what_needs_no_pull_asks_nobody(rig: EngineRig) -> None:
    rig.engine().sync()
    rig.pbxs = [Guarded("office", PbxLoginError("office: refused"))]
    assert rig.engine().push().exit_code == 0
    assert rig.engine().restore().exit_code == 0


@pytest.mark.server
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_rights_are_found_without_a_write(dialect: str) -> None:
    old = dialect in {"1.8", "13"}
    full = frozenset({"system", "command"} if old else {"system"})
    with AmiStandIn(dialect, users=[AmiUser(write=full)]) as standin:
        AmiPbx(config(standin), "cidname").ask(write=True)
        assert standin.writes == 0
    lacking = [(frozenset({"reporting"}), True, "DBPut and DBDel"), (frozenset({"call"}), False, "DBGetTree")]
    if old:
        lacking = [(frozenset({"system"}), True, "Command")]
    for classes, write, words in lacking:
        with AmiStandIn(dialect, users=[AmiUser(write=classes)]) as standin:
            with pytest.raises(PbxRightsError, match=f"may not use {words}") as error:
                AmiPbx(config(standin), "cidname").ask(write=write)
            assert "write = system" in error.value.hint


@pytest.mark.server
def test_a_dry_run_needs_no_right_to_write() -> None:
    with AmiStandIn(users=[AmiUser(write=frozenset({"reporting"}))]) as standin:
        AmiPbx(config(standin), "cidname").ask(write=False)


@pytest.mark.server
@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("right;wrong", r"write `\;` there"),
        ("wrong ", "begins or ends with a blank"),
        ("wrong", "failed to pass IP ACL"),
    ],
)
def test_a_refused_login_names_what_may_be_wrong_with_the_secret(secret: str, words: str) -> None:
    with AmiStandIn() as standin, pytest.raises(PbxLoginError) as error:
        AmiPbx(config(standin, secret=secret), "cidname").ask(write=True)
    assert words in error.value.hint
    assert secret not in str(error.value)
    assert error.value.message.count("office") == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("banner", "kind", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", PbxUnreachable, "it is SSH"),
        (b"HTTP/1.1 400 Bad Request\r\n", PbxUnreachable, "it is a web server"),
        (b"220 mail.example ESMTP\r\n", PbxUnreachable, "it is a mail or FTP server"),
        (b"\x00\x01 nothing known\r\n", PbxUnreachable, "is not AMI: the first line"),
        (b"Asterisk Call Manager Proxy/1.21\r\n", PbxBadAnswer, "is a proxy of AMI"),
        (b"Asterisk Call Manager/1.0\r\n", PbxBadAnswer, "that of Asterisk 1.4 or older"),
    ],
)
def test_what_answers_instead_of_a_usable_ami_is_named(banner: bytes, kind: type[PbxError], words: str) -> None:
    with AmiStandIn(faults=AmiFaults(banner=banner)) as standin:
        with pytest.raises(kind, match=words) as error:
            AmiPbx(config(standin), "cidname").ask(write=True)
        assert error.value.hint


def test_what_a_list_of_commands_lacks() -> None:
    everything = dict.fromkeys(("DBGet", "DBGetTree", "DBPut", "DBDel"), "")
    assert rights.lacking(everything, write=True) == []
    assert rights.lacking({"Ping": ""}, write=True) == ["DBGetTree", "DBPut", "DBDel"]
    assert rights.not_needed({**everything, "Command": ""}) == ["Command"]


@pytest.mark.server
def test_a_pbx_that_does_not_tell_its_rights_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> bytes:
        raise PbxRightsError("office: may not use ListCommands")

    with AmiStandIn() as standin:
        monkeypatch.setattr(AmiConnection, "login", lambda *_: None)
        monkeypatch.setattr(AmiConnection, "action", denied)
        AmiPbx(config(standin), "cidname").ask(write=True)
