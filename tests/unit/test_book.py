"""The phonebook: one number, one name, stable whatever the order, and a reason for everything else."""

import random

import pytest

from astsync.phonebook.book import BookBuilder, ConflictRule
from astsync.phonebook.claims import code_key
from astsync.phonebook.model import Claim, Counterparty, Phone, Phonebook, no_note
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers.parser import NumberParser
from astsync.text import person_key


def build(counterparties: list[Counterparty], rule: ConflictRule = "first", max_length: int = 40) -> Phonebook:
    return BookBuilder(NumberParser(), NameMaker(), rule, max_length).read(counterparties)(no_note)


def build_noting(counterparties: list[Counterparty]) -> tuple[Phonebook, list[Claim]]:
    noted: list[Claim] = []
    builder = BookBuilder(NumberParser(), NameMaker())
    return builder.read(counterparties)(lambda _, claims: noted.extend(claims)), noted


def one(ref: str, name: str, *numbers: str, kind: str = "Телефон", rank: int = 0) -> Counterparty:
    phones = tuple(Phone((number,), kind) for number in numbers)
    return Counterparty(ref, name, phones, "Контрагенты", rank)


FIRST = one("a", "Alfa", "+7 495 229-30-42", "+7 495 229-30-43")
SECOND = one("b", "Beta", "8 (495) 229-30-42")


def test_an_entry_a_number() -> None:
    book = build([FIRST])
    assert {number: entry.name for number, entry in book.entries.items()} == {
        "74952293042": "Alfa",
        "74952293043": "Alfa",
    }
    assert book.entries["74952293042"].source == "Контрагенты/a"
    assert (book.counterparties, book.skipped, book.conflicts) == (1, (), ())


@pytest.mark.parametrize(("rule", "name"), [("first", "Alfa"), ("join", "Alfa / Beta"), ("skip", None)])
def test_a_number_of_two_counterparties(rule: ConflictRule, name: str | None) -> None:
    book = build([SECOND, FIRST], rule)
    entry = book.entries.get("74952293042")
    assert (entry and entry.name) == name
    (conflict,) = book.conflicts
    assert (conflict.number, conflict.decision) == ("74952293042", rule)
    assert [claim.name for claim in conflict.claims] == ["Alfa", "Beta"]


@pytest.mark.parametrize("rule", ["first", "join", "skip"])
def test_a_claim_has_the_extension_of_who_keeps_the_card(rule: ConflictRule) -> None:
    cards = [SECOND._replace(responsible="ПЁТР  Иванов"), FIRST._replace(responsible="Кто-то ещё")]
    phones = {person_key("Петр Иванов"): "101"}
    noted: dict[str, list[str]] = {}
    builder = BookBuilder(NumberParser(), NameMaker(), rule, extensions=phones)
    builder.read(cards)(lambda number, claims: noted.update({number: [one.extension for one in claims]}))
    assert noted == {"74952293042": ["", "101"], "74952293043": [""]}


def test_join_keeps_whole_names_within_the_length() -> None:
    assert build([FIRST, SECOND], "join", max_length=10).entries["74952293042"].name == "Alfa"


def test_join_keeps_whole_names_within_the_bytes() -> None:
    rows = [one("0", "Альфа", "84952293042"), one("1", "Бета", "84952293042"), one("2", "Юг", "84952293042")]
    names = NameMaker(scheme="none", max_bytes=20)
    book = BookBuilder(NumberParser(), names, "join", 40).read(rows)(no_note)
    assert book.entries["74952293042"].name == "Альфа / Юг"
    assert len(b"".join(entry.name.encode() for entry in book.entries.values())) <= 20


def test_kinds_that_nobody_put_in_an_order_decide_nothing() -> None:
    rows = [one("0", "Beta", "84952293042", kind="Б"), one("1", "Gamma", "84952293042", kind="А")]
    assert build(rows).entries["74952293042"].name == "Beta"


def rival(
    ref: str, name: str, *, catalog: str = "Контрагенты", rank: int = 0, kind: int = 0, code: str = ""
) -> Counterparty:
    """One that claims the number of all tests of the order; ``kind`` is the rank of its kind of contact."""
    return Counterparty(ref, name, (Phone(("84952293042",), f"Вид {kind}", kind),), catalog, rank, code)


ORDER = [
    (
        "its catalog Контрагенты comes first",
        "its catalog Партнеры comes after Контрагенты",
        rival("9", "Закрыт", kind=5, code="9"),
        rival("1", "Alfa", catalog="Партнеры", rank=1, code="1"),
    ),
    (
        "its kind of contact Вид 0 comes first",
        "its kind of contact Вид 1 comes after Вид 0",
        rival("9", "Закрыт", code="9"),
        rival("1", "Alfa", kind=1, code="1"),
    ),
    (
        "the other is marked as closed (не использовать)",
        "marked as closed (не использовать)",
        rival("9", "Zeta", code="9"),
        rival("1", "Alfa (НЕ ИСПОЛЬЗОВАТЬ!)", code="1"),
    ),
    (
        "older code 000000009 before 000000120",
        "newer code 000000120 after 000000009",
        rival("9", "Zeta", code="000000009 "),
        rival("1", "Alfa", code="000000120"),
    ),
    (
        "it has a code (9), the other has none",
        "it has no code, the other has 9",
        rival("9", "Zeta", code="9"),
        rival("1", "Alfa"),
    ),
    (
        "code 00-7 before Ф-1",
        "code Ф-1 after 00-7",
        rival("9", "Zeta", code="00-7"),
        rival("1", "Alfa", code="Ф-1"),
    ),
    (
        "its name comes first by the alphabet",
        "its name comes later by the alphabet",
        rival("9", "Alfa", code="07"),
        rival("1", "Beta", code="7"),
    ),
    (
        "its reference comes first",
        "its reference comes later",
        rival("1", "Alfa"),
        rival("9", "Alfa "),
    ),
]


@pytest.mark.parametrize(("won", "lost", "winner", "loser"), ORDER, ids=[row[0] for row in ORDER])
def test_the_order_of_claims_and_its_reasons(won: str, lost: str, winner: Counterparty, loser: Counterparty) -> None:
    for rows in ([winner, loser], [loser, winner]):
        book, noted = build_noting(rows)
        (first, second) = noted
        assert book.entries["74952293042"].source == winner.source == first.source
        assert (first.verdict, second.verdict) == (f"taken: {won}", f"not taken: {lost}")
        assert bool(book.conflicts) == (first.name != second.name)


def test_a_claim_tells_the_card_as_it_stands_in_1c() -> None:
    card = Counterparty("a", "ООО «Ромашка»", (Phone(("8 (495) 229-30-42",), "Рабочий"),), "Контрагенты", 0, "00-12 ")
    assert build_noting([card])[1] == [
        Claim("OOO Romashka", "Контрагенты/a", "ООО «Ромашка»", "00-12", "Рабочий", "8 (495) 229-30-42", "")
    ]


def test_each_loser_is_told_why_it_lost_to_the_winner() -> None:
    rows = [rival("1", "Alfa", code="5"), rival("2", "Beta", code="6"), rival("3", "Gamma", catalog="Б", rank=1)]
    (conflict,) = build(rows).conflicts
    assert [claim.verdict for claim in conflict.claims] == [
        "taken: older code 5 before 6",
        "not taken: newer code 6 after 5",
        "not taken: its catalog Б comes after Контрагенты",
    ]


@pytest.mark.parametrize(
    "codes",
    [
        ["1", "000000009", "000000010", "11", "000000120"],
        ["00-00000002", "00-00000012", "00-00000112"],
        ["9" * 5000, "1" + "0" * 5000],
        ["7", "А-1", "А-2", "А-10", "нет", ""],
    ],
)
def test_codes_are_ordered_by_the_number_in_them(codes: list[str]) -> None:
    shuffled = random.Random(1).sample(codes, len(codes))
    assert sorted(shuffled, key=code_key) == codes


def test_the_order_of_the_source_does_not_matter() -> None:
    rows = [one(str(i), f"Firma {i % 7}", f"8495229{i % 50:04d}", kind=str(i % 3), rank=i % 2) for i in range(300)]
    wanted = build(rows)
    assert wanted.conflicts
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert build(rows) == wanted


def test_the_same_name_twice_is_no_conflict() -> None:
    book = build([FIRST, one("c", "Alfa", "84952293042")])
    assert book.entries["74952293042"].source == "Контрагенты/a"
    assert book.conflicts == ()


def test_what_gets_no_entry_has_a_reason() -> None:
    book = build(
        [one("a", "Alfa", "нет"), one("b", "", "84952293042"), one("c", "Gamma"), Counterparty("d", "D", (Phone(()),))]
    )
    assert book.entries == {}
    assert [(skip.source, skip.text, bool(skip.reason)) for skip in book.skipped] == [
        ("d", "", True),
        ("Контрагенты/a", "нет", True),
        ("Контрагенты/b", "", True),
    ]
    assert book.counterparties == 4


def test_the_phones_country_tells_the_language_of_a_name() -> None:
    rows = [
        one("a", "Богдан", "+380 44 123 45 67"),
        one("b", "Богдан", "+7 495 229-30-42"),
        one("c", "Глеб", "+375 17 220 22 22"),
    ]
    assert {entry.name for entry in build(rows).entries.values()} == {"Bohdan", "Bogdan", "Hleb"}


def test_the_first_text_that_gives_a_number_is_taken() -> None:
    phone = Phone(("пусто", "8 495 229-30-42", "8 495 229-30-43"))
    assert list(build([Counterparty("a", "Alfa", (phone,))]).entries) == ["74952293042"]


def test_a_claim_tells_the_rules_where_the_visible_text_alone_does_not() -> None:
    phone = Phone(("спросить", "8 495 229-30-42"))
    (claim,) = build_noting([Counterparty("a", "Alfa", (phone,))])[1]
    assert (claim.text, claim.rules) == ("спросить", "74952293042: trunk prefix 8")
