"""What a PBX sends as its caller, understood."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from astsync.lookup.callers import LONGEST_CALLER, CallerId, CallerKind, CallerReader, caller_text
from astsync.phonebook.numbers.parser import NumberParser

RUSSIA = CallerReader(NumberParser(area_code="495"))
ALL_FORMS = CallerReader(NumberParser(area_code="495", forms=("trunk", "e164", "national")))
UKRAINE = CallerReader(NumberParser(country="UA"))
NUMBER = "74955550101"


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        f"+{NUMBER}",
        f" {NUMBER} ",
        "84955550101",
        "4955550101",
        "5550101",
        "0074955550101",
        "81074955550101",
        "8 (495) 555-01-01",
        "+7 495 555 01 01",
        "(+7) 495.555.01.01",
        "+7\u00a0495\u00a0555\u201101\u201101",
        f'"ООО «Бета», 2024" <{NUMBER}>',
        f'"A <b>" <+{NUMBER}>',
        f"Ivan <sip:+{NUMBER}@192.0.2.1:5060;user=phone>",
        f"sip:+{NUMBER}@pbx.example.com;user=phone",
        f"SIPS:{NUMBER}@192.0.2.1",
        f"sip:{NUMBER};phone-context=x@192.0.2.1",
        f"sip:{NUMBER}:secret@192.0.2.1",
        f"sip:%2B{NUMBER}@192.0.2.1",
        f"{NUMBER}@192.0.2.1",
        "tel:+7-495-555-01-01",
        "tel:84955550101;phone-context=example.com",
        f'"{NUMBER}"',
    ],
)
def test_every_spelling_of_a_number_is_one_number(text: str) -> None:
    assert RUSSIA.read(text) == CallerId(CallerKind.NUMBER, NUMBER, (NUMBER,))
    assert ALL_FORMS.read(text) == CallerId(CallerKind.NUMBER, NUMBER, ("84955550101", NUMBER, "4955550101"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+380441234567", "380441234567"),
        ("380441234567", "380441234567"),
        ("810380441234567", "380441234567"),
        ("00380441234567", "380441234567"),
        ("12125550123", "12125550123"),
        ("442071838750", "442071838750"),
        ("87012345678", "77012345678"),
        ("88005550101", "78005550101"),
    ],
)
def test_numbers_abroad_need_no_plus(text: str, number: str) -> None:
    assert RUSSIA.read(text).number == number
    assert number in ALL_FORMS.read(text).keys


def test_digits_with_the_trunk_prefix_are_no_other_country() -> None:
    assert RUSSIA.read("84955550101").number == NUMBER
    assert RUSSIA.read("84812345678").number in {"", "74812345678"}
    assert RUSSIA.read("84101234567") == CallerId(CallerKind.IMPOSSIBLE)  # valid in Vietnam only
    assert UKRAINE.read("0441234567").number == "380441234567"


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", '""', "<>", '"" <>', '"Anonymous" <>', "anonymous", "Anonymous", "<unknown>", "UNKNOWN"),
        *("Restricted", "private", "withheld", "unavailable", "sip:anonymous@anonymous.invalid", "Private Number"),
        *("private_number", "Аноним", "Скрытый номер", '"x" <anonymous>'),
    ],
)
def test_withheld(text: str) -> None:
    assert RUSSIA.read(text) == CallerId(CallerKind.WITHHELD)


@pytest.mark.parametrize("text", ["1", "02", "112", "101", "12345", "sip:101@192.0.2.1", "Ivan <101>"])
def test_up_to_five_digits_are_an_extension(text: str) -> None:
    assert RUSSIA.read(text) == CallerId(CallerKind.INTERNAL)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, CallerKind.INTERNAL) for text in ("ivan2024", "ivan", "sip:ivan84955550101@192.0.2.1", "иван", "s")),
        *((text, CallerKind.IMPOSSIBLE) for text in ("1-800-FLOWERS", "8495555O1O1", "+7495abc0101", "7495abc0101")),
    ],
)
def test_letters_are_never_made_digits(text: str, kind: CallerKind) -> None:
    assert RUSSIA.read(text) == CallerId(kind)


@pytest.mark.parametrize(
    "text",
    [
        *("+", "-", "+101", "123456", "00000000000", "70000000000", "+7", "9" * 18, "9" * 20, "++74955550101"),
        *("7495+5550101", "*43", f"#31#{NUMBER}", f"{NUMBER},{NUMBER}", f"{NUMBER} {NUMBER}", f"{NUMBER}/84955550102"),
        *("../../etc/passwd", f"../{NUMBER}", f"{NUMBER}\r\n", "7495\n5550101", f"{NUMBER}\0", f'"a\rb" <{NUMBER}>'),
        *("${CALLERID(num)}", "' OR 1=1 --", f"{NUMBER}>", "７４９５５５５０１０１", "٧٤٩٥٥٥٥٠١٠١", "192.168.100.200"),
        *(
            "sip:192.168.100.200",
            "sip:@x",
            f"{NUMBER};ext=5",
            "7" * 65_536,
            f'"{"x" * 300}" <{NUMBER}>',
            f"\ud800{NUMBER}",
        ),
    ],
)
def test_impossible(text: str) -> None:
    assert RUSSIA.read(text).kind in {CallerKind.IMPOSSIBLE, CallerKind.WITHHELD}
    assert not RUSSIA.read(text).number


def test_a_local_number_needs_an_area_code() -> None:
    assert CallerReader(NumberParser()).read("5550101") == CallerId(CallerKind.IMPOSSIBLE)


@given(st.text(max_size=300))
def test_any_text_is_something(text: str) -> None:
    for reader in (RUSSIA, ALL_FORMS, UKRAINE):
        found = reader.read(text)
        assert (found.kind is CallerKind.NUMBER) == bool(found.number) == bool(found.keys)
        for key in (found.number, *found.keys):
            assert len(key) <= 15
            assert not key.strip("0123456789")


@given(st.from_regex(r"[+]?[0-9]{6,15}", fullmatch=True))
@example("4902010000")
def test_a_number_is_what_the_phonebook_would_have(text: str) -> None:
    """Where the phonebook makes a key of the same digits, the caller has it; else only a number of another country."""
    for reader, country in ((RUSSIA, "RU"), (UKRAINE, "UA")):
        parsed = NumberParser(country=country, area_code="495" if country == "RU" else "").parse(text)
        found = reader.read(text)
        assert found.keys == parsed.keys or (not parsed.keys and found.number == text)
        if found.number:
            assert reader.read(f"+{found.number}").number == found.number


def test_all_usual_spellings_of_many_numbers_meet() -> None:
    chance, parser = random.Random(1), NumberParser()
    found = 0
    for _ in range(2000):
        national = f"{chance.choice('3489')}{chance.randrange(10**9):09d}"
        wanted = parser.parse(f"+7{national}").keys
        for text in (f"+7{national}", f"7{national}", f"8{national}", national, f"sip:+7{national}@192.0.2.1"):
            assert RUSSIA.read(text).keys == wanted or not wanted, text
        found += bool(wanted)
    assert found > 500


@pytest.mark.parametrize("unit", ["7", "<", '"', "(", "+7 ", "sip:", ";", "%2B", "-", "ж", "a1", " ", "7<"])
def test_a_long_caller_costs_no_time(unit: str) -> None:
    begun = time.process_time()
    RUSSIA.read(unit * (1_000_000 // len(unit)))
    for _ in range(20):
        RUSSIA.read((unit * LONGEST_CALLER)[:LONGEST_CALLER])
    assert time.process_time() - begun < 1  # some milliseconds on an idle machine


@pytest.mark.parametrize(
    ("presentation", "shown"),
    [*((str(n), True) for n in (0, 1, 2, 3, 67)), *((str(n), False) for n in (32, 33, 34, 35)), ("", True)],
)
def test_a_caller_who_asked_for_it_is_withheld(presentation: str, shown: bool) -> None:
    assert caller_text(NUMBER, presentation) == (NUMBER if shown else "")


@pytest.mark.parametrize("presentation", ["x", "-1", "²", "٣٢", "9" * 5000])
def test_a_presentation_that_is_none_hides_nothing(presentation: str) -> None:
    assert caller_text(NUMBER, presentation) in {NUMBER, ""}
