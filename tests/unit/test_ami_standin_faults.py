"""The faults of the stand-in PBX, one by one: tests of others rely on them."""

import time

import pytest

from astsync.sandbox.ami import AmiFaults, AmiStandIn
from tests.raw_ami import RawAmi, login, packet

pytestmark = pytest.mark.server

OK = packet("Response: Success", "Message: Updated database successfully")


def puts(count: int) -> bytes:
    return b"".join(packet("Action: DBPut", "Family: cidname", f"Key: {key}", "Val: x") for key in range(count))


def test_no_faults_by_default() -> None:
    assert not AmiFaults().in_delivery
    assert not AmiFaults().in_actions


def test_bad_banner() -> None:
    with AmiStandIn(faults=AmiFaults(banner=b"SSH-2.0-OpenSSH\r\n")) as pbx, RawAmi(pbx) as ami:
        assert ami.banner() == b"SSH-2.0-OpenSSH\r\n"


def test_cut_after_answers() -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=3)) as pbx, login(pbx) as ami:
        ami.send(puts(10))
        assert ami.rest() == OK * 3
        assert sorted(pbx.family()) == ["0", "1", "2"]


def test_cut_after_bytes() -> None:
    size = len(OK) + 10
    with AmiStandIn(faults=AmiFaults(cut_after_bytes=size)) as pbx, login(pbx) as ami:
        ami.send(puts(10))
        assert ami.rest() == (OK * 2)[:size]
        assert len(pbx.family()) == 2


def test_cut_once() -> None:
    with AmiStandIn(faults=AmiFaults(cut_after_answers=1, once=True)) as pbx:
        with login(pbx) as ami:
            ami.send(puts(2))
            assert ami.rest() == OK
        with login(pbx) as ami:
            ami.send(puts(3))
            assert ami.packets(3) == OK * 3


def test_stall() -> None:
    with AmiStandIn(faults=AmiFaults(stall_after_answers=2)) as pbx, login(pbx) as ami:
        ami.send(puts(5))
        assert ami.packets(2) == OK * 2
        assert ami.is_silent()
        ami.send(puts(5))
        assert ami.is_silent()
        assert pbx.writes == 2


def test_delay() -> None:
    with AmiStandIn(faults=AmiFaults(delay=0.05)) as pbx, login(pbx) as ami:
        began = time.monotonic()
        ami.send(puts(3))
        assert ami.packets(3) == OK * 3
        assert time.monotonic() - began >= 0.14


def test_delay_does_not_hold_up_the_stop() -> None:
    with AmiStandIn(faults=AmiFaults(delay=60)) as pbx, login(pbx) as ami:
        ami.send(puts(1))
        began = time.monotonic()
        pbx.stop()
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("size", [1, 7])
def test_fragments(size: int) -> None:
    with AmiStandIn(faults=AmiFaults(fragment=size)) as pbx, login(pbx) as ami:
        ami.send(puts(20))
        assert ami.packets(20) == OK * 20


def test_reordered_answers() -> None:
    with AmiStandIn(faults=AmiFaults(reorder=True)) as pbx, login(pbx) as ami:
        ami.send(b"".join(packet("Action: Ping", f"ActionID: {name}") for name in "abc"))
        answers = [ami.packets() for _ in range(3)]
        assert [name for answer in answers for name in "abc" if f"ActionID: {name}".encode() in answer] == list("cba")


@pytest.mark.parametrize(("version", "answers"), [("1.8", 2), ("22", 1)])
def test_writing_is_denied_after_some_puts(version: str, answers: int) -> None:
    with AmiStandIn(version, faults=AmiFaults(deny_puts_after=2)) as pbx, login(pbx) as ami:
        ami.send(puts(3))
        assert ami.packets(2) == OK * 2
        assert b"Message: Permission denied" in ami.packets()
        assert ami.is_silent() is (answers == 1)
        assert sorted(pbx.family()) == ["0", "1"]


def test_bad_keys() -> None:
    with AmiStandIn(faults=AmiFaults(error_keys=frozenset({"1"}))) as pbx, login(pbx) as ami:
        ami.send(puts(3))
        answers = [ami.packets() for _ in range(3)]
        pbx.fill({"1": "old"})
        assert [b"Success" in answer for answer in answers] == [True, False, True]
        assert b"could not be deleted" in ami.ask("Action: DBDel", "Family: cidname", "Key: 1")
        assert b"not found" in ami.ask("Action: DBGet", "Family: cidname", "Key: 1")
        assert pbx.family()["1"] == "old"


def test_half_a_tree() -> None:
    with AmiStandIn(faults=AmiFaults(half_list=2)) as pbx, login(pbx) as ami:
        pbx.fill({str(key): "x" for key in range(5)})
        tree = ami.ask("Action: DBGetTree", "Family: cidname", count=3)
        assert tree.count(b"Event: DBGetTreeResponse") == 2
        assert ami.is_silent()
        assert b"Pong" in ami.ask("Action: Ping")


@pytest.mark.parametrize("version", ["1.8", "22"])
def test_half_a_table(version: str) -> None:
    with AmiStandIn(version, faults=AmiFaults(half_list=2)) as pbx, login(pbx) as ami:
        pbx.fill({str(key): "x" for key in range(5)})
        table = ami.ask("Action: Command", "Command: database show cidname")
        assert table.count(b"/cidname/") == 2
        assert b"5 results found." in table


def test_faults_can_end() -> None:
    with AmiStandIn(faults=AmiFaults(stall_after_answers=0)) as pbx:
        with login(pbx) as ami:
            ami.send(puts(1))
            assert ami.is_silent()
        pbx.faults = AmiFaults()
        with login(pbx) as ami:
            ami.send(puts(1))
            assert ami.packets() == OK
