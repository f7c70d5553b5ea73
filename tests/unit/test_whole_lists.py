"""A list that is not whole is no list: what is missing, too much or out of place in it is seen, and not believed."""

from collections.abc import Iterator, Mapping

import pytest

from astsync.errors import PbxBadAnswer, PbxConnectionLost, PbxListCut
from astsync.pbx import retry
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.patient import PatientPbx
from astsync.sandbox.ami import AmiFaults, AmiStandIn
from astsync.sandbox.ami.packets import Headers
from tests.unit.engine_rig import EngineRig
from tests.unit.test_connection import config

pytestmark = pytest.mark.server

MANY = {str(74952290000 + number): f"Firma {number}" for number in range(300)}
FOREIGN = {"1": "foreign"}
DIALECTS = ["1.8", "13", "16", "22"]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "IN_A_RUN", (0.02, 0.02))


@pytest.fixture
def standin(request: pytest.FixtureRequest) -> Iterator[AmiStandIn]:
    with AmiStandIn(getattr(request, "param", "22")) as standin:
        standin.fill(MANY)
        yield standin


def read(standin: AmiStandIn) -> Mapping[str, str]:
    with AmiPbx(config(standin), "cidname").open() as family:
        return family.read()


each_dialect = pytest.mark.parametrize("standin", DIALECTS, indirect=True)
each_tree = pytest.mark.parametrize("standin", ["16", "22"], indirect=True)


@each_dialect
def test_a_list_after_which_the_session_ends_may_have_holes(standin: AmiStandIn) -> None:
    # On 16 nothing else tells it: every packet is well formed, and ListItems says 1 under every list.
    standin.faults = AmiFaults(lost_entries=7)
    with pytest.raises(PbxListCut, match="right after its list of 293 entries") as error:
        read(standin)
    assert "writetimeout = 5000" in error.value.hint
    assert error.value.exit_code == 5


@each_dialect
def test_a_list_without_holes_is_not_believed_either_when_the_session_ends(standin: AmiStandIn) -> None:
    standin.faults = AmiFaults(lost_entries=0)
    with pytest.raises(PbxListCut):
        read(standin)


@each_dialect
def test_a_list_with_holes_is_read_again_once(standin: AmiStandIn) -> None:
    standin.faults = AmiFaults(lost_entries=7, once=True)
    with PatientPbx(AmiPbx(config(standin), "cidname"), 20).open() as family:
        assert family.read() == MANY
    assert standin.actions["Login"] == 2


@each_dialect
def test_a_list_that_has_holes_twice_ends_the_run_with_nothing_written(standin: AmiStandIn, rig: EngineRig) -> None:
    rig.own(MANY)
    rig.pbxs = [PatientPbx(AmiPbx(config(standin), "cidname"), 3_600)]
    standin.faults = AmiFaults(lost_entries=7)
    report = rig.engine().sync()
    (part,) = report.pbx
    assert report.exit_code == 5
    assert isinstance(part.error, PbxListCut)
    assert standin.actions["DBGetTree"] + standin.actions["Command"] == 2
    assert (standin.writes, standin.family()) == (0, MANY)


class ForgetsLater(AmiStandIn):
    """Its lists have holes from the first write on."""

    def note(self, action: str, headers: Headers) -> None:
        super().note(action, headers)
        if action == "DBPut":
            self.faults = AmiFaults(lost_entries=7)


def test_a_verification_that_may_have_holes_writes_nothing_again(rig: EngineRig) -> None:
    others = {f"{number:05}": "foreign" for number in range(300)}
    with ForgetsLater() as standin:
        standin.fill(others)
        rig.pbxs = [PatientPbx(AmiPbx(config(standin), "cidname"), 3_600)]
        (part,) = rig.engine().sync().pbx
        assert isinstance(part.error, PbxListCut)
        assert not part.verified
        assert standin.actions["DBPut"] == len(rig.source.names)
        assert standin.family() == {**others, **rig.source.names}
        standin.faults = AmiFaults()
        assert rig.engine().sync().exit_code == 0
        assert standin.actions["DBPut"] == len(rig.source.names)


def test_the_reading_before_deletes_that_follow_a_loss_must_be_whole_too(standin: AmiStandIn) -> None:
    class Back(AmiPbx):
        """Once its connection was lost, its lists have holes."""

        def open(self, *args: object):  # type: ignore[no-untyped-def]  # noqa: ANN202
            if standin.actions["Login"]:
                standin.faults = AmiFaults(lost_entries=7)
            return super().open(*args)  # type: ignore[arg-type]

    with PatientPbx(Back(config(standin), "cidname"), 3_600).open() as family:
        family.read()
        standin.faults = AmiFaults(cut_after_answers=0)
        with pytest.raises(PbxListCut):
            family.delete(list(MANY))
    assert standin.actions["DBDel"] == 0


@each_dialect
@pytest.mark.parametrize("items", [b"299", b"301", b"0", b"-300", "٣٠٠".encode(), b"9" * 10_000, b""])
def test_a_count_that_does_not_fit_is_a_bad_answer(standin: AmiStandIn, items: bytes) -> None:
    standin.faults = AmiFaults(list_items=items)
    with pytest.raises(PbxBadAnswer, match=r"300 entries and|a count of its entries") as error:
        read(standin)
    assert len(str(error.value)) < 300
    assert "Run the command again" in error.value.hint


@each_tree
def test_one_is_no_count(standin: AmiStandIn) -> None:
    standin.faults = AmiFaults(list_items=b"1")
    assert read(standin) == MANY


@each_tree
@pytest.mark.parametrize("end", [b"cancelled", b"Cancelled", b"CANCELLED", b"canceled", b"start", b"", b"9" * 10_000])
def test_a_list_that_is_not_called_complete_is_none(standin: AmiStandIn, end: bytes) -> None:
    standin.faults = AmiFaults(list_end=end)
    with pytest.raises(PbxBadAnswer, match="and not as complete") as error:
        read(standin)
    assert len(str(error.value)) < 300


ENTRY = b"Event: DBGetTreeResponse\r\nKey: /cidname/%b\r\nVal: x\r\n%b\r\n"
OURS, THEIRS = b"ActionID: ACTIONID\r\n", b"ActionID: another-1\r\n"
WITHIN = {
    "a second list": (b"Response: Success\r\n" + OURS + b"EventList: start\r\n\r\n", "a second answer within"),
    "an error": (b"Response: Error\r\n" + OURS + b"Message: x\r\n\r\n", "a second answer within"),
    "an entry of another list": (ENTRY % (b"5", THEIRS), "under another ActionID"),
    "an entry of an ActionID that was never used": (ENTRY % (b"5", b"ActionID: 999\r\n"), "under another ActionID"),
    "an entry without ActionID": (ENTRY % (b"5", b""), "under another ActionID, or under none"),
    "a key that comes twice": (ENTRY % (b"74952290001", OURS), "'74952290001' twice"),
    "an event that is no entry": (b"Event: Reload\r\n" + OURS + b"\r\n", "an event that is no entry"),
    "the rest of a packet": (b"IKO\r\n" + OURS + b"\r\n", "neither response nor event"),
}


@each_tree
@pytest.mark.parametrize("case", WITHIN)
def test_what_does_not_belong_in_a_list_spoils_it(standin: AmiStandIn, case: str) -> None:
    within, told = WITHIN[case]
    standin.faults = AmiFaults(within_list=within, list_items=b"1")
    with pytest.raises(PbxBadAnswer, match=told) as error:
        read(standin)
    assert error.value.hint


@each_tree
@pytest.mark.parametrize("case", WITHIN)
def test_a_spoiled_list_after_which_the_session_ends_was_not_sent_whole(standin: AmiStandIn, case: str) -> None:
    # A write that Asterisk gave up may leave a part of a packet: no value on the PBX is to blame then.
    standin.faults = AmiFaults(within_list=WITHIN[case][0], lost_entries=3)
    with pytest.raises(PbxListCut) as error:
        read(standin)
    assert "empty line" not in error.value.hint


@each_tree
def test_the_end_within_a_list_names_both_causes(standin: AmiStandIn) -> None:
    standin.faults = AmiFaults(cut_after_bytes=20_000)
    with pytest.raises(PbxConnectionLost, match=r"after .* entries of the list") as error:
        read(standin)
    assert not isinstance(error.value, PbxListCut)
    assert "restarting" in error.value.hint
    assert "writetimeout" in error.value.hint


@pytest.mark.parametrize("standin", ["13", "16"], indirect=True)
def test_other_families_count_and_are_not_kept(standin: AmiStandIn) -> None:
    standin.fill(FOREIGN, "CIDNAME")
    assert read(standin) == MANY


def test_every_list_is_followed_by_one_small_question(standin: AmiStandIn) -> None:
    read(standin)
    assert standin.actions["Ping"] == 1
