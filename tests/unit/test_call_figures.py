"""What a phonebook says of calls: shares, spellings of carriers, the forms and the area code that would name more."""

from collections.abc import Mapping

import pytest

from astsync.calls.record import CallRecord
from astsync.lookup.callers import CallerReader
from astsync.phonebook.numbers.parser import NumberParser
from astsync.setup.past_calls.figures import CallerLookup, CallFigures, figures_of, forms_to_add
from astsync.setup.past_calls.incoming import IncomingCalls

BOOK = {"74955550101": "OOO Beta", "74955550102": "OOO Gamma", "79161234567": "Ivan", "375172000000": "Minsk"}


def figures(
    *sources: str, book: Mapping[str, str] = BOOK, forms: tuple[str, ...] = ("e164",), area: str = "", name: str = ""
) -> CallFigures:
    parser = NumberParser(area_code=area, forms=forms)
    calls = IncomingCalls(CallerReader(parser).read, 1_000)
    calls.add_all(CallRecord(source, name) for source in sources)
    return figures_of(calls.calls, book, parser)


def test_shares_are_of_the_calls_with_a_number() -> None:
    found = figures("74955550101", "+74955550102", "84955550101", "74955559999", "anonymous", "", "101", "x!y")
    assert (found.calls, found.numbers, found.withheld, found.impossible) == (7, 4, 2, 1)
    assert (found.in_book, found.named) == (3, 2)
    assert (found.found_by(CallerLookup.ANY_SPELLING), found.found_by(CallerLookup.EXACT)) == (3, 2)
    assert found.unknown == {"74955559999": 1}


def test_each_spelling_of_a_carrier_is_a_row() -> None:
    found = figures(
        "+74955550101", "74955550101", "84955550101", "84955550102", "4955550101", "+375172000000", area="499"
    )
    assert {(s.written.value, s.shape, s.calls, s.in_book, s.named) for s in found.spellings} == {
        ("trunk", "8XXXXXXXXXX", 2, 2, 0),
        ("plus", "+7XXXXXXXXXX", 1, 1, 1),
        ("e164", "7XXXXXXXXXX", 1, 1, 1),
        ("national", "XXXXXXXXXX", 1, 1, 0),
        ("abroad", "+…", 1, 1, 1),
    }
    assert found.spellings[0].shape == "8XXXXXXXXXX"


@pytest.mark.parametrize(
    ("source", "form"), [("84955550101", "trunk"), ("4955550101", "national"), ("8 (495) 555-01-01", "trunk")]
)
def test_a_form_is_proposed_that_would_name_more(source: str, form: str) -> None:
    found = figures(source, source, "74955559999", "84955559999")
    assert found.forms == {form: 2}
    assert forms_to_add(found, ("e164",)) == (form,)
    # What is proposed is true: with the keys of that form the calls are named.
    spelled = {key: "x" for number in BOOK for key in NumberParser(forms=("e164", form)).parse(f"+{number}").keys}
    assert figures(source, source, book=spelled, forms=("e164", form)).named == 2


def test_a_book_without_e164_is_told_so() -> None:
    found = figures("+74955550101", "74955550101", book={"84955550101": "B"}, forms=("trunk",))
    assert (found.in_book, found.named, found.forms) == (2, 0, {"e164": 2})


def test_the_area_code_that_is_missing_is_found_in_the_book() -> None:
    found = figures("5550101", "5550102", "555-01-01", "9999999")
    assert (found.local, found.impossible, found.numbers) == (4, 0, 0)
    assert found.areas == {"495": 3}
    again = figures("5550101", "5550102", "555-01-01", "9999999", area="495")
    assert (again.local, again.in_book, again.named, again.areas) == (0, 3, 0, {})
    assert again.impossible == 0


def test_the_name_that_a_phone_was_shown_is_compared() -> None:
    assert (figures("74955550101", name="OOO Beta").shown, figures("74955550101", name="OOO Beta").carried) == (1, 1)
    assert (figures("74955550101", name="MOSCOW").shown, figures("74955550101", name="MOSCOW").carried) == (0, 1)
    assert figures("74955550101", name="74955550101").carried == 0


@pytest.mark.parametrize("country", ["UA", "DE", "US", "IT"])
def test_other_countries_have_their_own_spellings(country: str) -> None:
    from phonenumbers import PhoneNumberFormat, example_number, format_number

    number = format_number(example_number(country), PhoneNumberFormat.E164)  # type: ignore[arg-type]
    parser = NumberParser(country=country)
    calls = IncomingCalls(CallerReader(parser).read, 10)
    (trunk,) = NumberParser(country=country, forms=("trunk",)).parse(number).keys
    calls.add_all([CallRecord(number), CallRecord(number[1:]), CallRecord(trunk)])
    found = figures_of(calls.calls, {number[1:]: "x"}, parser)
    assert (found.numbers, found.in_book, found.named) == (3, 3, 3 if trunk == number[1:] else 2)
