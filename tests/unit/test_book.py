"""The phonebook: one number, one name, stable whatever the order, and a reason for everything else."""

import random

import pytest

from astsync.phonebook.book import BookBuilder, ConflictRule
from astsync.phonebook.model import Counterparty, Phone, Phonebook
from astsync.phonebook.names import NameMaker
from astsync.phonebook.numbers import NumberParser


def build(counterparties: list[Counterparty], rule: ConflictRule = "first", max_length: int = 40) -> Phonebook:
    return BookBuilder(NumberParser(), NameMaker(), rule, max_length).build(counterparties)


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


def test_join_keeps_whole_names_within_the_length() -> None:
    assert build([FIRST, SECOND], "join", max_length=10).entries["74952293042"].name == "Alfa"


def test_join_keeps_whole_names_within_the_bytes() -> None:
    rows = [one("0", "Альфа", "84952293042"), one("1", "Бета", "84952293042"), one("2", "Юг", "84952293042")]
    names = NameMaker(scheme="none", max_bytes=20)
    book = BookBuilder(NumberParser(), names, "join", 40).build(rows)
    assert book.entries["74952293042"].name == "Альфа / Юг"
    assert len(b"".join(entry.name.encode() for entry in book.entries.values())) <= 20


def test_the_catalogs_rank_comes_before_kind_name_and_reference() -> None:
    rows = [
        one("1", "Zeta", "84952293042", rank=0),
        one("0", "Alfa", "84952293042", rank=1),
    ]
    assert build(rows).entries["74952293042"].name == "Zeta"
    rows = [one("0", "Beta", "84952293042", kind="Б"), one("1", "Gamma", "84952293042", kind="А")]
    assert build(rows).entries["74952293042"].name == "Gamma"


def test_the_chosen_order_of_kinds_comes_before_their_names() -> None:
    chosen = Counterparty("b", "Beta", (Phone(("84952293042",), "Рабочий", 0),))
    other = Counterparty("a", "Alfa", (Phone(("84952293042",), "Мобильный", 1),))
    assert build([other, chosen]).entries["74952293042"].name == "Beta"


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
