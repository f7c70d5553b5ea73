"""The proof that the fast path is libphonenumber: the structure of the metadata, all prefixes, random strings."""

import random
import sys
from collections.abc import Iterator

import phonenumbers
import pytest
from phonenumbers import Leniency, PhoneMetadata, PhoneNumber, PhoneNumberMatcher

from astsync.phonebook.numbers import metadata_patterns
from astsync.phonebook.numbers.calling_codes import calling_code, calling_code_width
from astsync.phonebook.numbers.country_plan import NumberPlan, number_plan
from astsync.phonebook.numbers.metadata_patterns import UnknownPatternError, pattern_shapes
from astsync.phonebook.numbers.parser import NumberParser
from tests.bench.fields import FieldMaker
from tests.fuzz.fast_fields import AREAS, COUNTRIES, FORMS, compare, fast_and_slow

PROVEN = ("RU", "KZ", "UA", "UZ", "KG", "TJ", "AM", "AZ", "MD", "TM", "LV", "FR")
NOT_PROVEN = ("BY", "US", "DE", "GB", "IT", "CN")


def library_reads(text: str, country: str) -> str:
    """Give what libphonenumber alone makes of a text: E.164 digits of a valid number, or ""."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(number):
        return ""
    return f"{number.country_code}{phonenumbers.national_significant_number(number)}"


def matcher_reads(text: str, country: str) -> list[str]:
    matches = PhoneNumberMatcher(text, country, leniency=Leniency.VALID)
    return [f"{m.number.country_code}{phonenumbers.national_significant_number(m.number)}" for m in matches]


@pytest.mark.parametrize(
    ("pattern", "shapes"),
    [
        (r"\d{3}", {(3, 3)}),
        (r"8\d{2}", {(3, 2)}),
        (r"8(?:1|23)\d{2}", {(4, 2), (5, 2)}),
        (r"[0-9]\d", {(2, 2)}),
        (r"[1-9]\d", {(2, 1)}),
        (r"1\d?", {(1, 0), (2, 1)}),
        (r"\d{1,2}5", {(2, 0), (3, 0)}),
        (r"(?:8|\d)\d", {(2, 1), (2, 2)}),
    ],
)
def test_shapes_of_a_pattern(pattern: str, shapes: set[tuple[int, int]]) -> None:
    assert pattern_shapes(pattern) == shapes


@pytest.mark.parametrize("pattern", [r"1(?!2)\d", "1.2", r"\w", "(?:12", "12)", "1+", "{2}"])
def test_unknown_patterns_are_not_guessed(pattern: str) -> None:
    with pytest.raises(UnknownPatternError):
        pattern_shapes(pattern)


def test_every_pattern_of_seven_ends_in_free_digits() -> None:
    for region in ("RU", "KZ"):
        metadata = PhoneMetadata.metadata_for_region(region)
        assert metadata is not None
        for name in ("general_desc", *metadata_patterns._TYPES):
            description = getattr(metadata, name)
            if description is not None and description.national_number_pattern:
                shapes = pattern_shapes(description.national_number_pattern)
                assert all(free >= 4 for width, free in shapes if width == 10), (region, name)


@pytest.mark.parametrize("country", PROVEN)
def test_proven(country: str) -> None:
    assert number_plan(country).fast


@pytest.mark.parametrize("country", NOT_PROVEN)
def test_switched_off_where_it_cannot_be_proven(country: str) -> None:
    plan = number_plan(country)
    example = phonenumbers.example_number(country)
    assert example is not None
    assert not plan.fast
    assert plan.read(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)) is None
    assert plan.valid(phonenumbers.national_significant_number(example))


@pytest.fixture
def untraced() -> Iterator[None]:
    """Coverage looks away: it would take three times as long as the loop itself."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)


@pytest.mark.slow
@pytest.mark.usefixtures("untraced")
def test_all_six_digit_prefixes() -> None:
    valid = number_plan("RU").valid
    number = PhoneNumber(country_code=7)
    is_valid = phonenumbers.is_valid_number
    differing = []
    found = 0
    for prefix in range(100_000, 1_000_000):
        number.national_number = prefix * 10_000
        wanted = is_valid(number)
        found += wanted
        if valid(f"{prefix}0000") != wanted:
            differing.append(prefix)
    assert differing == []
    assert found > 200_000


def test_russia_and_kazakhstan_share_the_proof() -> None:
    left, right = number_plan("RU")._valid, number_plan("KZ")._valid
    assert left is not None
    assert left == right


@pytest.mark.slow
@pytest.mark.parametrize("country", PROVEN[2:])
def test_prefixes_of_other_countries(country: str) -> None:
    plan, chance = number_plan(country), random.Random(country)
    tail = "0" * (plan.length - 6)
    for _ in range(3000):
        prefix = f"{chance.randrange(1_000_000):06d}"
        wanted = library_reads(f"+{plan.country_code}{prefix}{tail}", country)
        assert plan.valid(prefix + tail) == (wanted == f"{plan.country_code}{prefix}{tail}"), prefix


def _shaped(chance: random.Random, country: str) -> str:
    """Make a string of the shape that the fast path reads, of a right or a nearly right length."""
    plan = number_plan(country)
    prefix = chance.choice(("", f"+{plan.country_code}", str(plan.country_code), plan.trunk))
    length = plan.length + chance.choice((0, 0, 0, 0, -1, 1))
    digits = "".join(chance.choices("0123456789", k=length))
    if country in {"RU", "KZ"} and chance.random() < 0.7:
        digits = chance.choice(("495", "812", "916", "800", "727", "701", "834", "930")) + digits[3:]
    area = chance.choice((2, 3, 3, 4, 5))
    code = chance.choice(("{}", "({})")).format(digits[:area])
    between = [chance.choice(("", " ", "-")) for _ in range(4)]
    middle, end, last = digits[area:-4], digits[-4:-2], digits[-2:]
    return f"{prefix}{between[0]}{code}{between[1]}{middle}{between[2]}{end}{between[3]}{last}"


@pytest.mark.slow
@pytest.mark.parametrize("country", PROVEN)
def test_random_strings_of_the_shape(country: str) -> None:
    plan, chance = number_plan(country), random.Random(f"shape {country}")
    taken = 0
    for at in range(40_000 if country == "RU" else 4_000):
        text = _shaped(chance, country)
        plain = plan.read(text)
        if plain is not None:
            taken += 1
            wanted = f"{plan.country_code}{plain[1]}"
            assert library_reads(text, country) == wanted, text
            # The matcher wants the trunk prefix of countries that always write it; parse() does not.
            if at % 10 == 0 and (plain[0] or country == "RU"):
                assert matcher_reads(text, country) == [wanted], text
    assert taken > 200


def _mutated(chance: random.Random, text: str) -> str:
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        cut = at + chance.choice((0, 1))
        text = text[:at] + chance.choice(("", "", "8", "7", " ", "-", "(", ")", "+", "0", "доб. ")) + text[cut:]
    return text


@pytest.mark.slow
def test_mutated_fields() -> None:
    plan, chance, maker = number_plan("RU"), random.Random(11), FieldMaker(seed=12)
    taken = 0
    for at in range(30_000):
        text = _mutated(chance, maker.field()[0])
        plain = plan.read(text)
        if plain is not None:
            taken += 1
            assert library_reads(text, "RU") == f"7{plain[1]}", text
            assert at % 10 or matcher_reads(text, "RU") == [f"7{plain[1]}"], text
    assert taken > 1000


@pytest.mark.slow
@pytest.mark.parametrize("forms", FORMS)
@pytest.mark.parametrize("country", COUNTRIES)
def test_fields_give_fast_what_the_slow_way_gives(country: str, forms: tuple[str, ...]) -> None:
    for area in AREAS[country]:
        taken, differing = compare(f"{forms} {area}", 1_500, NumberParser(country=country, area_code=area, forms=forms))
        assert differing == []
        assert taken > 100


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("тел. 8 (495) 229-30-42", True),
        ("тел.: 8 (495) 229-30-42, 8 (495) 229-30-43", True),
        ("оф. 8 (495) 229-30-42", False),
        ("код 8 (495) 229-30-42", False),
        ("8 (495) 229-30-42 / 8-916-123-45-67", True),
        ("495 229 30 42 8-916-123-45-67", False),
        ("8 (4952) 29-30-42 8-916-123-45-67", False),
        ("+7 (495) 2293042, Иван", True),
        ("8 (4952) 293042, Иван", False),
        ("+7 (495) 2293042, звонить с 9 до 18", True),
        ("+7 (495) 2293042 (после 18:00)", True),
        ("8 (495) 229-30-42 этаж до 5", False),
        ("8 (495) 229-30-42 ext. 12", True),
        ("229-30-42", True),
        ("829-30-42", False),
        ("8 (495) 229-30-4", True),
        ("8 (495) 229-30-421", True),
        ("8 (993) 612-34-567", False),
        ("+7 (843) 229-30-421", False),
    ],
)
def test_what_is_read_fast(text: str, taken: bool) -> None:
    fast, slow = fast_and_slow(NumberParser(), text)
    assert (fast is not None) == taken
    assert fast == slow


def test_parts_are_of_russia_and_kazakhstan_alone() -> None:
    """Elsewhere a number may begin as a date does: the slow way cuts the date away."""
    field = "22-03-24 78, 29-12-34-56"
    assert NumberParser(country="LV").parse(field) == NumberParser(country="LV")._parse_slowly(field, "")


@pytest.mark.parametrize("form", ["8 (495) 229-30-42 (Иван)", "8 (495) 229-30-42 этаж", "(4952) 293042, доб. 12"])
def test_long_fields_are_not_searched_for_words(form: str) -> None:
    text = form + " а" * 100
    assert NumberParser()._parse_parts(text) is None


@pytest.fixture
def unproven_plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metadata_patterns, "PROVING_DIGITS", 2)
    number_plan.cache_clear()
    calling_code.cache_clear()
    yield
    number_plan.cache_clear()
    calling_code.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("unproven_plans")
def test_keys_are_the_same_without_the_fast_path() -> None:
    slow = NumberParser(country="RU", area_code="495")
    assert not NumberPlan("RU").fast
    maker = FieldMaker(seed=13)
    for _ in range(1500):
        text, keys = maker.field()
        assert slow.parse(text).keys == keys, text


def test_no_plan_for_no_country() -> None:
    with pytest.raises(ValueError, match="ZZ"):
        number_plan("ZZ")


def _national(chance: random.Random, examples: list[str], length: int) -> str:
    start = chance.choice(examples)[: chance.randint(1, 6)] if examples else ""
    return start + "".join(chance.choices("0123456789", k=max(length - len(start), 0)))


@pytest.mark.slow
def test_numbers_of_every_calling_code() -> None:
    taken: set[int] = set()
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        plain, chance = calling_code(code), random.Random(code)
        found = [phonenumbers.example_number(region) for region in regions] if plain is not None else []
        examples = [phonenumbers.national_significant_number(number) for number in found if number is not None]
        for _ in range(150):
            if plain is None:
                break
            national = _national(chance, examples, plain.length)
            if plain.takes(national):
                taken.add(code)
                assert library_reads(f"+{code}{national}", "RU") == f"{code}{national}"
    assert len(taken) > 60
    assert {375, 380, 998} <= taken


@pytest.mark.parametrize(
    ("digits", "width"), [("16502530000", 1), ("375291234567", 3), ("4930901820", 2), ("0712345678", 0), ("", 0)]
)
def test_calling_codes(digits: str, width: int) -> None:
    assert calling_code_width(digits) == width
