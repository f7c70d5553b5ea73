"""A PBX that answers without end, too slowly, or not to us: each case ends in time, in little memory, with a cure."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from astsync.errors import PbxBadAnswer, PbxError, PbxLoginError, PbxTimeout, PbxUnreachable
from astsync.pbx import bounds, whole_lists
from astsync.pbx.astdb import AmiPbx
from astsync.pbx.connection import AmiConnection
from astsync.sandbox.ami import AmiFaults, AmiStandIn
from astsync.stopping import Stopping
from tests.hostile_ami import BANNER, Client, hostile_ami
from tests.unit.test_connection import config

pytestmark = pytest.mark.server

EVENT = b"Event: PeerStatus\r\nPrivilege: system,all\r\nPeer: SIP/100\r\n\r\n"
START = b"Response: Success\r\nActionID: 2\r\nEventList: start\r\n\r\n"
FOLLOWS = b"Response: Follows\r\nPrivilege: Command\r\nActionID: 3\r\n"
UNKNOWN = b"Response: Error\r\nActionID: 2\r\nMessage: Invalid/unknown command: DBGetTree.\r\n\r\n"
TIMEOUT = 0.5
IN_TIME = TIMEOUT + 2 + 3  # 3 for a busy machine


@pytest.fixture(autouse=True)
def ends_in_time() -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < IN_TIME
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ami-office")]


def entry(number: int, identity: bytes = b"2") -> bytes:
    return b"Event: DBGetTreeResponse\r\nKey: /cidname/%d\r\nVal: x\r\nActionID: %b\r\n\r\n" % (number, identity)


def endless_list(client: Client) -> None:
    client.asked()
    client.send(START)
    for first in count(0, 1_000):
        client.send(b"".join(map(entry, range(first, first + 1_000))))


def dripping_list(client: Client) -> None:
    client.asked()
    client.send(START)
    for number in count():
        client.drip(entry(number), 0.002)


def endless_values(client: Client) -> None:
    client.asked()
    client.send(START)
    for number in count():
        client.send(entry(number).replace(b"Val: x", b"Val: " + b"x" * 60_000))


def large_values(client: Client, first: int, step: int) -> None:
    client.asked()
    client.send(START)
    for number in count(first, step):
        client.send(entry(number).replace(b"Val: x", b"Val: " + b"x" * 10_000))


def key_twice_in_output(client: Client) -> None:
    client.asked()
    client.send(UNKNOWN)
    client.asked()
    client.send(FOLLOWS + b"%-50b: x\n" % b"/cidname/1" * 2 + b"2 results found.\n--END COMMAND--\r\n\r\n")
    client.send(b"Response: Success\r\nActionID: %b\r\n\r\n" % client.asked())
    client.asked()


def endless_output(client: Client) -> None:
    client.asked()
    client.send(UNKNOWN)
    client.asked()
    client.send(FOLLOWS)
    for first in count(0, 1_000):
        client.send(b"".join(b"%-50b: x\n" % (b"/cidname/%d" % number) for number in range(first, first + 1_000)))


def endless_nonsense(client: Client) -> None:
    client.asked()
    client.send(UNKNOWN)
    client.asked()
    client.send(FOLLOWS)
    client.flood(b"nonsense\n" * 1_000)


def dripping_output(client: Client) -> None:
    client.asked()
    client.send(UNKNOWN)
    client.asked()
    client.send(FOLLOWS)
    client.flood(b"\n", 0.01)


def flooding(data: bytes, pause: float = 0.0) -> Callable[[Client], None]:
    return lambda client: client.flood(data, pause)


def silent(client: Client) -> None:
    client.over.wait()


def beginning_with(head: bytes, data: bytes) -> Callable[[Client], None]:
    def behave(client: Client) -> None:
        client.asked()
        client.send(head)
        client.flood(data)

    return behave


ENDLESS = b"a: b\r\n" * 10_000
OTHER = b"Response: Success\r\nActionID: %b\r\n\r\n"
READINGS = {
    "an endless line": (flooding(b"x" * 65_536), PbxBadAnswer, "a line of more than"),
    "an endless line in a list": (beginning_with(START + b"Event: ", b"x" * 65_536), PbxBadAnswer, "a line of more"),
    "an endless packet": (flooding(ENDLESS), PbxBadAnswer, "a packet of more than"),
    "an endless answer": (beginning_with(OTHER.strip() % b"2" + b"\r\n", ENDLESS), PbxBadAnswer, "a packet of more"),
    "countless headers": (flooding(b"Event: x\r\n" + ENDLESS + b"\r\n"), PbxBadAnswer, "more than 2,000 headers"),
    "an endless list": (endless_list, PbxBadAnswer, "more than 20,000 entries"),
    "a list of large values": (endless_values, PbxBadAnswer, "larger than any that makes sense"),
    "values that fill the memory": (lambda client: large_values(client, 10**9, 1), PbxBadAnswer, "more than 2 MiB"),
    "values in no order": (lambda client: large_values(client, 10**9, -1), PbxBadAnswer, "more than 1 MiB"),
    "a key that an output gives twice": (key_twice_in_output, PbxBadAnswer, "gives the key '1' twice"),
    "an endless output": (endless_output, PbxBadAnswer, "more than 20,000 entries"),
    "an output that is no list": (endless_nonsense, PbxBadAnswer, "more than 20,000 entries"),
    "a list that drips": (dripping_list, PbxTimeout, "too slowly|no answer"),
    "an output that drips": (dripping_output, PbxTimeout, "too slowly"),
    "only events": (flooding(EVENT * 100), PbxTimeout, r"no answer for 0\.5 s"),
    "only slow events": (flooding(EVENT, 0.05), PbxTimeout, r"no answer for 0\.5 s"),
    "answers to others": (flooding(OTHER % b"7" * 100), PbxTimeout, r"no answer for 0\.5 s"),
    "ActionIDs of 10,000 digits": (flooding(OTHER % (b"9" * 10_000)), PbxTimeout, "no answer"),
    "errors without an ActionID": (flooding(b"Response: Error\r\nMessage: x\r\n\r\n" * 100), PbxTimeout, "no answer"),
    "a list and then only events": (beginning_with(START + entry(1), EVENT * 100), PbxTimeout, "no answer"),
    "a list of another": (beginning_with(START, entry(1, b"7") * 100), PbxTimeout, "no answer"),
    "silence": (silent, PbxTimeout, r"no answer for 0\.5 s"),
}


@pytest.mark.parametrize("case", READINGS)
def test_reading_a_family_ends(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    behaviour, error, told = READINGS[case]
    monkeypatch.setattr(whole_lists, "MOST_ENTRIES", 20_000)
    monkeypatch.setattr(whole_lists, "LARGEST_FAMILY", 2 * 1024 * 1024)
    monkeypatch.setattr(whole_lists, "LARGEST_UNSORTED", 1024 * 1024)
    # Two blocks of 256 such values take 5 MiB before they count as kept.
    most = 16 if behaviour is not endless_values else 4
    monkeypatch.setattr("astsync.pbx.answer.LARGEST_LIST", most * 1024 * 1024)
    with (
        hostile_ami(behaviour, timeout=TIMEOUT) as there,
        AmiPbx(there, "cidname").open() as family,
        pytest.raises(error, match=told) as raised,
    ):
        family.read()
    assert raised.value.message.startswith("office: ")
    assert raised.value.hint
    assert raised.value.exit_code == 5


GREETINGS = {
    "a banner that drips": (lambda client: client.drip(BANNER * 10, 0.1), "no AMI banner"),
    "an endless banner": (flooding(b"Asterisk" * 1_000), "not AMI"),
    "a banner of 10,000 digits": (flooding(b"Asterisk Call Manager/" + b"9" * 10_000 + b"\r\n"), "not AMI"),
    "another protocol": (flooding(b"SSH-2.0-OpenSSH_9.2\r\n"), "not AMI"),
}


@pytest.mark.parametrize("case", GREETINGS)
def test_a_connection_that_does_not_greet_as_ami_ends(case: str) -> None:
    behaviour, told = GREETINGS[case]
    with (
        hostile_ami(behaviour, login=False, timeout=TIMEOUT) as there,
        pytest.raises(PbxUnreachable, match=told) as raised,
    ):
        AmiConnection(there).open()
    assert raised.value.hint


def test_a_login_that_is_answered_byte_by_byte_ends() -> None:
    def behave(client: Client) -> None:
        client.send(BANNER)
        client.asked()
        client.drip(b"Response: Success\r\nActionID: 0\r\nChallenge: 1\r\n\r\n", 0.1)

    with hostile_ami(behave, login=False, timeout=TIMEOUT) as there, pytest.raises(PbxTimeout, match="Challenge"):
        AmiConnection(there).open()


MANY = [(str(number), "x" * 1_000) for number in range(1_000)]

WRITINGS = {
    "answers that drip": ({"fragment": 1, "pause": 0.05}, r"no answer for 0\.5 s"),
    "answers that are few": ({"delay": 0.3}, "come too slowly"),
    "answers to another client": ({"other_ids": True}, r"no answer for 0\.5 s"),
    "nothing is read": ({"deaf": True}, r"no answer for 0\.5 s"),
}


@pytest.mark.parametrize("case", WRITINGS)
def test_writing_a_family_ends(case: str) -> None:
    faults, told = WRITINGS[case]
    with AmiStandIn() as standin, AmiPbx(config(standin, timeout=TIMEOUT), "cidname").open() as family:
        standin.faults = AmiFaults(**faults)  # type: ignore[arg-type]
        with pytest.raises(PbxTimeout, match=told) as raised:
            family.put(MANY)
        assert raised.value.hint
        assert raised.value.done < 100


def test_a_challenge_that_is_no_text_is_no_bug() -> None:
    def behave(client: Client) -> None:
        client.send(BANNER)
        client.send(b"Response: Success\r\nActionID: %b\r\nChallenge: \xff\xfe\r\n\r\n" % client.asked())
        client.send(b"Response: Error\r\nActionID: %b\r\nMessage: No.\r\n\r\n" % client.asked())

    with hostile_ami(behave, login=False, timeout=5) as there, pytest.raises(PbxLoginError):
        AmiConnection(there).open()


def test_a_pbx_that_never_reads_does_not_hold_the_sender() -> None:
    with hostile_ami(silent, timeout=TIMEOUT) as there, AmiConnection(there) as connection:
        with pytest.raises(PbxTimeout, match=r"sending: no answer for 0\.5 s"):
            connection.send(b"x" * 50_000_000)
        with pytest.raises(PbxError):
            connection.send(b"x")


def test_the_refusals_of_a_talkative_pbx_are_cut() -> None:
    def behave(client: Client) -> None:
        while True:
            client.send(b"Response: Error\r\nActionID: %b\r\nMessage: %b\r\n\r\n" % (client.asked(), b"no " * 30_000))

    with hostile_ami(behave, timeout=5) as there, AmiPbx(there, "cidname").open() as family:
        result = family.put([("1", "x"), ("2", "x")])
    assert {len(words) for words in result.failed.values()} == {300}


@pytest.mark.parametrize("said", [b"9" * 10_000, b"2026-11-28" * 100])
def test_a_start_of_asterisk_that_is_no_time_is_a_bad_answer(said: bytes) -> None:
    def behave(client: Client) -> None:
        answer = b"Response: Success\r\nActionID: %b\r\nCoreStartupDate: %b\r\n\r\n"
        client.send(answer % (client.asked(), said))
        client.asked()

    with (
        hostile_ami(behave) as there,
        AmiConnection(there) as connection,
        pytest.raises(PbxBadAnswer, match="CoreStat"),
    ):
        connection.started()


def test_no_answer_is_waited_for_longer_than_the_run_may_last() -> None:
    for behaviour in (flooding(EVENT * 100), dripping_list, beginning_with(START, EVENT)):
        with (
            hostile_ami(behaviour, timeout=60) as there,
            AmiPbx(there, "cidname").open(Stopping(0.4)) as family,
            pytest.raises(PbxTimeout),
        ):
            family.read()


def test_a_flood_of_events_reaches_the_listeners_one_by_one_and_is_not_kept() -> None:
    seen = 0

    def note(**_: object) -> None:
        nonlocal seen
        seen += 1

    def behave(client: Client) -> None:
        client.send(EVENT * 20_000)
        client.send(b"Response: Success\r\nActionID: %b\r\n\r\n" % client.asked())
        client.asked()

    with hostile_ami(behave, timeout=5) as there, AmiConnection(there) as connection:
        connection.client.add_event_listener(note)
        connection.action("Ping")
        assert seen <= 20_000
        assert len(connection._waiters) == 0


def test_the_bounds_leave_room_for_what_was_measured() -> None:
    assert bounds.MOST_ENTRIES > 1_000_000
    assert bounds.LARGEST_LIST > 1_000_000 * 150  # bytes of an entry with a Cyrillic name of 40 letters
    assert 1_000_000 * len(f"74952293042\0{'я' * 40}\0".encode()) < bounds.LARGEST_FAMILY
