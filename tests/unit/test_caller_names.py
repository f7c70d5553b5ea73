"""Names as people write them, by kind: those that were found in use, and more of the same kinds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from astsync.phonebook.names.maker import NameMaker
from tests.unit.cases import Table, table

FOUND = table("callers.tsv", 3)
MORE = table("callers_more.tsv", 3)
MAKER = NameMaker()
STABLE = settings(derandomize=True, deadline=None, max_examples=400, database=None)


def test_tables_are_whole() -> None:
    assert len(FOUND.rows) >= 165
    assert len({raw for _, raw, _ in MORE.rows.values()} - {raw for _, raw, _ in FOUND.rows.values()}) >= 150


@pytest.mark.parametrize("names", [FOUND, MORE], ids=["found", "more"])
def test_names(names: Table) -> None:
    names.check(lambda _category, name, _wanted: MAKER.make(name).name, wanted=2)


@pytest.mark.parametrize("names", [FOUND, MORE], ids=["found", "more"])
def test_a_caller_name_again_is_the_same(names: Table) -> None:
    names.check(lambda _category, _name, wanted: MAKER.make(wanted).name, wanted=2)


def bracketed(name: str) -> bool:
    """Tell whether every bracket of a name has its partner."""
    depth = 0
    for sign in name:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0


PIECES = st.lists(
    st.sampled_from(
        ["(", ")", "[", "}", "( ", " )", "ООО", " ООО ", "Ромашка", "РЦ", " ", "-", ",", "ь", "&#40;", '"', "ИП-"]
    ),
    max_size=16,
).map("".join)


@pytest.mark.slow
@given(
    PIECES,
    st.sampled_from(["first", "last", "keep", "drop"]),
    st.integers(1, 40),
    st.integers(1, 60),
    st.sampled_from(["none", "wikipedia"]),
)
@STABLE
def test_every_bracket_has_its_partner(text: str, legal_form: str, length: int, size: int, scheme: str) -> None:
    maker = NameMaker(scheme=scheme, legal_form=legal_form, max_length=length, max_bytes=size)
    name = maker.make(text).name
    assert maker.fits(name)
    assert bracketed(name), name
    assert "()" not in name
    assert name == name.strip()


@pytest.mark.parametrize(
    ("most", "name", "wanted"),
    [
        (20, "Ромашка (Москва и Тверская)", "Romashka Moskva i"),
        (30, "Ромашка (Москва) Юг", "Romashka (Moskva) Yug"),
        (17, "Ромашка (Москва) Юг", "Romashka (Moskva)"),
        (16, "Ромашка (Москва) Юг", "Romashka"),
        (16, "(Ромашка и Москва)", "Romashka i"),
        (9, "(Ромашка и Москва)", "Romashka"),
        (20, "Ромашка (Юг (Тверь и Псков))", "Romashka"),
    ],
)
def test_a_cut_leaves_no_bracket_open(most: int, name: str, wanted: str) -> None:
    """One word alone of what stood in brackets tells nothing; more of it stays."""
    assert NameMaker(max_length=most).make(name).name == wanted


@pytest.mark.parametrize(
    ("size", "name", "wanted"),
    [
        (50, "Общество с ограниченной ответственностью «Сельскохозяйственный рынок»", "ООО Сельскохозяйственный"),
        (14, "Ромашка", "Ромашка"),
        (13, "Ромашка", "Ромашк"),
        (1, "Щ", ""),
        (20, "Рога и Копыта", "Рога и"),
        (24, "Ромашка (Москва)", "Ромашка"),
        (40, "Ромашка (Москва)", "Ромашка (Москва)"),
        (7, "Қазына", "Қаз"),
        (8, "王小明", "王小"),
    ],
)
def test_bytes_are_counted_under_the_scheme_none(size: int, name: str, wanted: str) -> None:
    result = NameMaker(scheme="none", max_bytes=size).make(name)
    assert result.name == wanted
    assert len(result.name.encode()) <= size
    assert (result.reason is None) == bool(wanted)


def test_bytes_are_characters_in_latin() -> None:
    assert NameMaker(max_bytes=12).make("ООО Ромашка").name == "OOO Romashka"
    assert NameMaker(max_bytes=9).make("Рога и Копыта").name == "Roga i"


@pytest.mark.parametrize(("size", "wanted"), [(3, "О"), (7, "ООО"), (9, "ООО"), (13, "ООО"), (20, "Ромашк ООО")])
def test_a_form_at_the_end_stands_first_where_there_is_no_room_before_it(size: int, wanted: str) -> None:
    assert NameMaker(scheme="none", legal_form="last", max_bytes=size).make("ООО Ромашка").name == wanted


def test_a_form_at_the_end_is_not_cut_by_bytes() -> None:
    maker = NameMaker(scheme="none", legal_form="last", max_bytes=30)
    assert maker.make("ООО Ромашка Плюс Василёк").name == "Ромашка Плюс ООО"


@given(st.text("щЩ ab(王)ё", max_size=60), st.integers(1, 60), st.integers(1, 60))
@STABLE
def test_both_maxima_hold(text: str, length: int, size: int) -> None:
    maker = NameMaker(scheme="none", max_length=length, max_bytes=size)
    name = maker.make(text).name
    assert len(name) <= length
    assert len(name.encode()) <= size
    assert maker.fits(name)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("&quot;&laquo;&#34;&amp;quot;&#x22;", ""),
        ("Роза&amp;amp;amp;amp;Ко", "Roza&amp, Ko"),  # three times, not without end
        ("Роза&#99999999;", "Roza&#99999999"),
        ("Роза&#1114112;Ко", "Roza Ko"),
        ("Роза&#x110000;Ко", "Roza Ko"),
        ("Роза&#0;Ко", "RozaKo"),
        ("Роза&#xD800;Ко", "RozaKo"),
        ("Роза&unknown;Ко", "Roza&unknown, Ko"),
        ("Роза&#10;Ко", "Roza Ko"),
        ("Роза&#150;Ко", "Roza-Ko"),  # browsers take the dash of Windows-1251 for it
        ("Роза&#36;{EXTEN}", "Roza (EXTEN)"),
        ("&#40;Роза&#41; ООО", "OOO (Roza)"),
        ("Роза&lt;script&gt;", "Roza script"),
    ],
)
def test_entities(text: str, wanted: str) -> None:
    assert MAKER.make(text).name == wanted
