"""Entries and answers by the thousand: taken many at once, and the same as one by one whatever comes between them."""

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from astsync.errors import PbxBadAnswer, PbxRightsError, UnsafeValue
from astsync.pbx import packets
from astsync.pbx.answer import Answer
from astsync.pbx.astdb import AmiPbx, AstDb
from astsync.pbx.batches import Batch
from astsync.pbx.connection import AmiConnection
from astsync.pbx.packets import EntryAction
from astsync.phonebook.packed import PackedNames, as_bytes
from astsync.sandbox.ami import AmiFaults, AmiStandIn
from tests.hostile_ami import Client, hostile_ami
from tests.unit.test_connection import config

MANY = [(str(74950000000 + number), f"OOO Romashka {number}") for number in range(5_000)]
EVENT = b"Event: PeerStatus\r\nPrivilege: system,all\r\nPeer: SIP/100\r\n\r\n"
server = pytest.mark.server


def action(name: str = "DBPut") -> EntryAction:
    family = b"Family: cidname\r\n"

    def put(key: str, value: str) -> bytes:
        return family + packets.header("Key", key) + packets.header("Val", value)

    def delete(key: str, _: str) -> bytes:
        return family + packets.header("Key", key)

    is_put = name == "DBPut"
    return EntryAction(
        name,
        put if is_put else delete,
        before_key="Family: cidname\r\nKey: ",
        before_value="\r\nVal: " if is_put else "",
        longest_key=246,
    )


def one_by_one(built: EntryAction, entries: list[tuple[str, str]]) -> bytes:
    return b"".join(built.one(str(number), *entry) for number, entry in enumerate(entries))


USUAL = [
    "OOO MIKO",
    "Рога & Копыта",
    "a: b : c",
    "Val: x",
    "x" * 250,
    "я" * 250,
    "😀" * 250,
    "\udcff\udcfe",
    "a\u0085b",
]


@pytest.mark.parametrize("name", USUAL)
def test_usual_entries_are_the_same_bytes_many_at_once(name: str) -> None:
    entries = [("74952293042", name), ("1", "x"), ("2" * 246, name)]
    built = action().many(["0", "1", "2"], entries)
    assert built == one_by_one(action(), entries)
    assert max(map(len, built.split(b"\r\n"))) <= packets.LINE_LIMIT


def packed(built: EntryAction, entries: list[tuple[str, str]]) -> bytes | None:
    keys, values = zip(*entries, strict=True)
    return built.packed(range(len(entries)), [*map(as_bytes, keys)], [*map(as_bytes, values)])


@pytest.mark.parametrize("name", [*USUAL, "100%", "%b%d%%"])
def test_packed_entries_are_the_same_bytes(name: str) -> None:
    entries = [("74952293042", name), ("1", "x"), ("2" * 246, name)]
    built = packed(action(), entries)
    assert built == one_by_one(action(), entries)
    assert max(map(len, built.split(b"\r\n"))) <= packets.LINE_LIMIT


def test_a_family_with_a_sign_of_forms_in_its_name_is_packed_as_it_is() -> None:
    family = EntryAction(
        "DBPut",
        lambda key, value: b"Family: 5%d\r\n" + packets.header("Key", key) + packets.header("Val", value),
        before_key="Family: 5%d\r\nKey: ",
        before_value="\r\nVal: ",
        longest_key=246,
    )
    assert packed(family, SIX) == one_by_one(family, SIX)


def test_deletes_are_the_same_bytes_many_at_once() -> None:
    entries = [("74952293042", ""), ("1", "")]
    assert action("DBDel").many(["0", "1"], entries) == one_by_one(action("DBDel"), entries)


UNUSUAL = {
    "an empty key": ("", "x"),
    "a key that is no number": ("+7", "x"),
    "digits that are not ASCII": ("٣", "x"),
    "a key too long": ("1" * 247, "x"),
    "a blank before the key": (" 1", "x"),
    "a line break in the key": ("1\n2", "x"),
    "a line break at the key's end": ("1\n", "x"),
    "an entry in the key": ("1\nx\n2", "x"),
    "an empty value": ("1", ""),
    "a blank before the value": ("1", " x"),
    "a control character before the value": ("1", "\x01x"),
    "CR": ("1", "a\rb"),
    "LF": ("1", "a\nb"),
    "CR LF and an action": ("1", "a\r\n\r\nAction: Command\r\nCommand: core stop now"),
    "an entry in the value": ("1", "x\n2\nx"),
    "LF at the end": ("1", "x\n"),
    "NUL": ("1", "a\0b"),
    "a long value": ("1", "x" * 251),
    "half a surrogate pair": ("1", "\ud83d"),
}


@pytest.mark.parametrize("case", UNUSUAL)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_unusual_entry_has_its_batch_looked_at_one_by_one(case: str, place: int) -> None:
    entries = [("74952293042", "OOO MIKO")] * 2
    entries.insert(place, UNUSUAL[case])
    assert action().many(["0", "1", "2"], entries) is None


NO_BYTES = {"half a surrogate pair"}  # what is packed holds an escape in its place
SHORT_ENOUGH = {"a long value"}  # which fits into a line


@pytest.mark.parametrize("case", [case for case in UNUSUAL if case not in NO_BYTES | SHORT_ENOUGH])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_unusual_packed_entry_has_its_batch_looked_at_one_by_one(case: str, place: int) -> None:
    entries = [("74952293042", "OOO MIKO")] * 2
    entries.insert(place, UNUSUAL[case])
    assert packed(action(), entries) is None


def test_a_packed_value_that_may_not_fit_into_a_line_is_unusual() -> None:
    assert packed(action(), [("1", "x" * 1_000)]) == one_by_one(action(), [("1", "x" * 1_000)])
    assert packed(action(), [("1", "x" * 1_001)]) is None


def test_packed_deletes_are_looked_at_one_by_one() -> None:
    assert packed(action("DBDel"), [("1", ""), ("2", "")]) is None


def test_two_entries_whose_line_breaks_make_up_for_each_other_are_unusual() -> None:
    assert action().many(["0", "1"], [("1\nx", "y"), ("2", "x")]) is None
    with pytest.raises(UnsafeValue):
        action().one("0", "1\nx", "y")


SUCCESS = b"Response: Success\r\nActionID: %d\r\nMessage: Updated database successfully\r\n\r\n"


@pytest.mark.parametrize(
    "odd",
    [
        b"Response: Error\r\nActionID: 7\r\nMessage: x\r\n\r\n",
        b"\r\n" + SUCCESS % 7,
        b"X" + SUCCESS % 7,
        b"Response: Success\r\nActionID: 7\r\n\r\n",
        b"Response: Success\r\nActionID: 7x\r\nMessage: x\r\n\r\n",
        b"Response: Success\r\nActionID: 07\r\nMessage: x\r\n\r\n",
        b"Response: Success\r\nActionID: 1234567890123\r\nMessage: x\r\n\r\n",
        b"Response: Success\r\nActionID: 7\r\nMessage: x\r\nMore: y\r\n\r\n",
        b"Response: Success\r\nActionID: 7\r\nMessage: x\r\n",
        EVENT,
        b"",
    ],
)
def test_answers_are_counted_up_to_the_first_that_is_unusual(odd: bytes) -> None:
    usual = SUCCESS % 5 + SUCCESS % 6
    words = b"Updated database successfully"
    assert packets.successes(usual + odd + SUCCESS % 8 * bool(odd)) == ([(5, words), (6, words)], len(usual))
    assert packets.successes(odd)[1] == 0


WORDS = b"Updated database successfully"


def batch(first: int = 10, count: int = 5) -> Batch:
    return Batch(range(first, first + count), [f"key {one}" for one in range(count)], b"", {})


def confirmations(*identities: int) -> bytes:
    return b"".join(SUCCESS % identity for identity in identities)


def test_answers_that_are_expected_are_taken_piece_by_piece() -> None:
    sent, every = batch(), confirmations(*range(10, 15))
    assert sent.take(every[:-1], 0, WORDS) == len(confirmations(*range(10, 14)))
    assert [*sent.left()] == ["key 4"]
    assert sent.take(b"before" + confirmations(14, 15), 6, WORDS) == len(confirmations(14))
    assert (sent.waiting, [*sent.left()]) == (0, [])


@pytest.mark.parametrize(
    "odd",
    [
        confirmations(11, 10),
        confirmations(10, 10),
        confirmations(10).replace(b"Success", b"Failure"),
        confirmations(10).replace(b"10", b"1x"),
        confirmations(10).replace(b"Updated", b"updated"),
        confirmations(10)[:-1] + b"x",
        b"\r\n" + confirmations(10),
        confirmations(10)[:-1],
        EVENT,
        b"",
    ],
)
def test_what_is_not_expected_is_left_to_others(odd: bytes) -> None:
    sent = batch()
    assert sent.take(odd, 0, WORDS) == 0
    assert (sent.waiting, next(sent.left())) == (5, "key 0")


def test_after_an_answer_out_of_turn_the_rest_is_known_one_by_one() -> None:
    sent = batch()
    for identity in (10, 12):
        assert sent.waits_for(identity)
        sent.answer(identity)
    assert [sent.waits_for(one) for one in range(9, 16)] == [False, False, True, False, True, True, False]
    assert [*sent.left()] == ["key 1", "key 3", "key 4"]
    assert sent.take(confirmations(11), 0, WORDS) == 0
    for identity in (14, 11, 13):
        sent.answer(identity)
    assert sent.waiting == 0


def test_answers_in_their_order_one_by_one_stay_in_order() -> None:
    sent = batch()
    sent.answer(10)
    sent.answer(11)
    assert sent.take(confirmations(12, 13, 14), 0, WORDS) == len(confirmations(12, 13, 14))


def test_answers_of_two_lengths_and_of_other_words_are_told_apart() -> None:
    assert batch(first=8).take(confirmations(8, 9, 10), 0, WORDS) == 0
    sent = batch()
    assert sent.take(confirmations(10), 0, b"Done") == 0
    assert sent.take(confirmations(10), 0, WORDS) == len(confirmations(10))
    assert sent.take(confirmations(11).replace(WORDS, b"Done"), 0, b"Done") == len(confirmations(11)) - len(WORDS) + 4


Answers = Callable[[list[bytes]], Iterator[bytes]]


@contextmanager
def answering(answers: Answers) -> Iterator[AstDb]:
    """A family on a PBX that answers so many puts as it is told, all in one piece."""

    def behave(client: Client) -> None:
        identities = [client.asked() for _ in range(6)]
        client.send(b"".join(answers(identities)))
        for _ in count():
            client.send(SUCCESS % int(client.asked()))

    with hostile_ami(behave, timeout=3) as there, AmiPbx(there, "cidname").open() as family:
        yield family


def success(identity: bytes) -> bytes:
    return SUCCESS % int(identity)


SIX = [(str(number), "x") for number in range(6)]


@server
def test_answers_in_any_order_with_events_between_them() -> None:
    with answering(lambda ids: (success(one) + EVENT for one in reversed(ids))) as family:
        assert family.put(SIX).done == 6


@server
def test_an_answer_that_comes_twice_in_one_piece_is_counted_once() -> None:
    with answering(lambda ids: map(success, [*ids[:3], *ids])) as family:
        assert family.put(SIX).done == 6
        assert family.put(SIX[:1]).done == 1  # the connection goes on


@server
def test_answers_to_nobody_among_ours_are_dropped() -> None:
    with answering(lambda ids: map(success, [*ids[:3], b"999", *ids[3:]])) as family:
        assert family.put(SIX).done == 6


Entries = Callable[[list[tuple[str, str]]], Collection[tuple[str, str]]]


def as_packed(entries: list[tuple[str, str]]) -> Collection[tuple[str, str]]:
    return PackedNames.of(dict(entries)).items()


either = pytest.mark.parametrize("entries", [list, as_packed])


@server
@either
def test_a_refusal_among_thousands_is_told_of_its_key(entries: Entries) -> None:
    bad = MANY[3_333][0]
    with AmiStandIn(faults=AmiFaults(error_keys=frozenset({bad}))) as standin:
        with AmiPbx(config(standin), "cidname").open() as family:
            result = family.put(entries(MANY))
        assert (result.done, list(result.failed)) == (len(MANY) - 1, [bad])
        assert len(standin.family()) == len(MANY) - 1


@server
@either
def test_a_right_that_is_lost_among_thousands_is_counted_exactly(entries: Entries) -> None:
    with AmiStandIn(faults=AmiFaults(deny_puts_after=2_345)) as standin:
        with AmiPbx(config(standin), "cidname").open() as family, pytest.raises(PbxRightsError) as error:
            family.put(entries(MANY))
        assert error.value.done == len(standin.family()) == 2_345
        assert set(error.value.left or ()) == {key for key, _ in MANY[2_345:]}


@server
@either
def test_an_unsafe_name_among_thousands_fails_alone(entries: Entries) -> None:
    every = entries([*MANY[:700], ("1", "a\r\nAction: Command"), *MANY[700:]])
    with AmiStandIn() as standin, AmiPbx(config(standin), "cidname").open() as family:
        result = family.put(every)
        assert (result.done, list(result.failed)) == (len(MANY), ["1"])
        assert standin.family() == dict(MANY)


def entry(key: bytes, value: bytes = b"x", identity: bytes = b"ACTIONID") -> bytes:
    return b"Event: DBGetTreeResponse\r\nKey: %b\r\nVal: %b\r\nActionID: %b\r\n\r\n" % (key, value, identity)


ODD = {
    "a key of a family like ours": (entry(b"/CIDNAME/1"), {}),
    "a value of an entry with line breaks": (entry(b"/cidname/1", b"a\r\nb"), {"1": "a\r\nb"}),
    "a value that looks like the end of an entry": (
        entry(b"/cidname/1", b"a\r\nActionID: 5"),
        {"1": "a\r\nActionID: 5"},
    ),
    "bytes that are no text": (entry(b"/cidname/1", b"\xff\xfe"), {"1": "\udcff\udcfe"}),
    "an event": (EVENT, {}),
    "an error without ActionID": (b"Response: Error\r\nMessage: x\r\n\r\n", {}),
}


@server
@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_among_thousands_of_entries(case: str) -> None:
    within, more = ODD[case]
    with AmiStandIn("16") as standin:  # whose end of a list counts nothing
        standin.fill(dict(MANY))
        standin.faults = AmiFaults(within_list=within)
        with AmiPbx(config(standin), "cidname").open() as family:
            assert family.read() == {**dict(MANY), **more}


@server
@pytest.mark.parametrize("twice", [MANY[0][0], MANY[2_600][0], MANY[-1][0]])
def test_a_key_twice_among_thousands_is_found_wherever_it_stands(twice: str) -> None:
    with AmiStandIn("16") as standin:
        standin.fill(dict(MANY))
        standin.faults = AmiFaults(within_list=entry(f"/cidname/{twice}".encode()))
        with (
            AmiPbx(config(standin), "cidname").open() as family,
            pytest.raises(PbxBadAnswer, match=re.escape(f"{twice!r} twice")),
        ):
            family.read()


def test_what_comes_behind_the_end_of_a_list_is_no_part_of_it() -> None:
    taken: list[bytes] = []

    def take_many(_: bytes, data: bytes) -> int:
        taken.append(data)
        return len(data)

    answer = Answer("DBGetTree", 5, lambda packet: packet.startswith(b"Event: DBGetTreeComplete"), on_many=take_many)
    assert not answer.take(b"1", b"Response: Success\r\nActionID: 1")
    assert answer.take_many(b"1", entry(b"/cidname/1"))
    assert answer.take(b"1", b"Event: DBGetTreeComplete\r\nActionID: 1")
    assert answer.take_many(b"1", entry(b"/cidname/2")) == 0
    assert taken == [entry(b"/cidname/1")]


@server
def test_who_asks_beside_thousands_of_puts_gets_his_own_answer() -> None:
    asked: list[bytes] = []
    with AmiStandIn() as standin, AmiConnection(config(standin)) as connection:

        def ask(*_: object) -> None:
            if len(asked) < 3:
                asked.append(connection.action("DBPut", Family="cidname", Key=f"9{len(asked)}", Val="beside"))

        assert AstDb(connection, "cidname").put(MANY, ask).done == len(MANY)
        assert len(standin.family()) == len(MANY) + 3
        assert all(answer.startswith(b"Response: Success") for answer in asked)
        assert len(asked) == 3


@server
def test_two_that_put_at_once_over_one_connection_both_end() -> None:
    with AmiStandIn() as standin, AmiConnection(config(standin)) as connection:
        family, more = AstDb(connection, "cidname"), [(f"8{key}", name) for key, name in MANY[:1_000]]
        done: list[int] = []

        def beside(*_: object) -> None:
            if not done:
                done.append(0)
                done[0] = family.put(more).done

        assert family.put(MANY, beside).done == len(MANY)
        assert done == [1_000]


@server
@pytest.mark.parametrize("key", ["", " 1", "1\n2", "1\n", "1" * 247])
def test_a_key_that_ami_cannot_name_is_found_among_thousands(key: str) -> None:
    with AmiStandIn() as standin, AmiPbx(config(standin), "cidname").open() as family:
        numbers = [number for number, _ in MANY]
        assert family.unnameable([*numbers[:1_500], key, *numbers[1_500:]]) == {key}
        assert family.unnameable([*numbers, "+7", "1" * 246]) == set()
