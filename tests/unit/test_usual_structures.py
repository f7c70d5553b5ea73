"""The quick ways for structures as 1C itself writes them read what the parsers read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astsync.sources.formats.markup import elements
from astsync.sources.onec.phone_texts import gather, read_value
from astsync.sources.onec.repeating import adds_nothing, repeated
from astsync.sources.onec.usual_xml import XmlForm, usual_xml

NAMESPACES = (
    ' xmlns="http://www.v8.1c.ru/ssl/contactinfo" xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
TEXT = "+7 (495) 229-30-42 доб. 12"
FORBIDDEN = ["<", "&", '"', "\t", "\n", "\r", "\x00", "\x1f", "\ufffe", "\uffff", "\ud800"]
TYPED = st.text('0123456789 ()+-,доб"<>&=\n\t\u00a0\u2028\x85\x01\ufeff{[', max_size=20)
HELD = st.tuples(TYPED, TYPED, TYPED, TYPED, TYPED)


def in_xml(country: str, area: str, number: str, extension: str, comment: str, seen: str) -> str:
    phone = f'КодСтраны="{country}" КодГорода="{area}" Номер="{number}" Добавочный="{extension}"'
    return (
        f'<КонтактнаяИнформация{NAMESPACES} Представление="{seen}"><Комментарий>{comment}</Комментарий>'
        f'<Состав xsi:type="НомерТелефона" {phone}/></КонтактнаяИнформация>'
    )


def in_json(country: object, area: object, number: object, extension: object, comment: object, seen: object) -> str:
    value = {"version": 4, "value": seen, "comment": comment, "type": "Телефон", "countryCode": country}
    return json.dumps({**value, "areaCode": area, "number": number, "extNumber": extension}, ensure_ascii=False)


USUAL = in_xml("7", "495", "229-30-42", "12", "офис", TEXT)


@pytest.mark.parametrize(
    ("text", "comment", "extension"),
    [
        (USUAL, "офис", "12"),
        (USUAL.replace("<Комментарий>офис</Комментарий>", "<Комментарий/>"), "", "12"),
        (USUAL.replace("<Комментарий>офис</Комментарий>", ""), "", "12"),
        (USUAL.replace(' Добавочный="12"', ""), "офис", ""),
        (USUAL.replace(' xmlns:xs="http://www.w3.org/2001/XMLSchema"', ""), "офис", "12"),
    ],
)
def test_the_usual_xml_is_read_without_a_parser(text: str, comment: str, extension: str) -> None:
    assert usual_xml(text) == ("7", "495", "229-30-42", extension, comment, TEXT)


@pytest.mark.parametrize("odd", FORBIDDEN)
@pytest.mark.parametrize("place", range(6))
def test_what_a_parser_reads_otherwise_or_refuses_is_left_to_it(place: int, odd: str) -> None:
    held = ["7", "495", "229-30-42", "12", "офис", TEXT]
    held[place] += odd
    # A quote is an ordinary character in the text of an element: only there the XML is as usual.
    assert (usual_xml(in_xml(*held)) is None) == (not (place == 4 and odd == '"'))


@given(HELD, TYPED)
def test_usual_xml_is_what_a_parser_reads(held: tuple[str, str, str, str, str], seen: str) -> None:
    text = in_xml(*held, seen)
    usual = usual_xml(text)
    if usual is None:
        return
    root, comment, phone = elements(text)
    names = ("КодСтраны", "КодГорода", "Номер", "Добавочный")
    parsed = (*(phone.attributes[name] for name in names), comment.text, root.attributes["Представление"])
    assert usual == parsed


@given(HELD, TYPED)
def test_usual_xml_gives_what_the_same_xml_in_another_form_gives(
    held: tuple[str, str, str, str, str], seen: str
) -> None:
    text = in_xml(*held, seen)
    other = text.replace("<Состав ", "<Состав\n")  # a parser does not mind, and it is not as 1C writes it
    assert usual_xml(other) is None
    assert read_value(text) == read_value(other)


@given(HELD, TYPED, st.booleans())
def test_xml_in_the_form_of_the_last_one_is_what_reading_gives(
    held: tuple[str, str, str, str, str], seen: str, other: bool
) -> None:
    form, (country, area, number, extension, comment) = XmlForm(), held
    assert not form.fits(USUAL, ("7", "495", "229-30-42", "12", "офис", TEXT))  # nothing is known yet
    assert form.read(USUAL) == usual_xml(USUAL)
    text = in_xml(country, area, number, extension, comment, seen)
    values = (country, f"{area}1" if other else area, number, extension, comment, seen)
    assert form.fits(text, values) <= (usual_xml(text) == values)
    escaped = in_xml(country, area, number, extension, comment, seen.replace("\n", "&#10;"))
    if form.fits(escaped, values):
        root, note, phone = elements(escaped)
        read = (*(phone.attributes[name] for name in ("КодСтраны", "КодГорода", "Номер", "Добавочный")), note.text)
        assert (*read, root.attributes["Представление"]) == values


@pytest.mark.parametrize("odd", [*FORBIDDEN, ">", "'"])
@pytest.mark.parametrize("place", range(6))
def test_a_form_takes_no_value_that_a_parser_may_read_otherwise(place: int, odd: str) -> None:
    form, values = XmlForm(), ["7", "495", "229-30-42", "12", "офис", TEXT]
    form.read(USUAL)
    assert form.fits(USUAL, values)
    values[place] += odd
    text = in_xml(*values)
    assert form.fits(text, values) <= (usual_xml(text) == tuple(values))
    assert not form.fits(USUAL, values)


def test_a_row_that_says_the_same_three_times_is_known_at_once() -> None:
    held = ("7", "495", "229-30-42", "12", "", TEXT)
    assert repeated(TEXT, in_json(*held), in_xml(*held))
    assert repeated(TEXT, "", None)
    assert not repeated("нет", "", "")  # without a digit the other columns count


@pytest.mark.parametrize(
    "held",
    [
        ("7", "495", "229-30-42", "8 916 555-13-18", "", TEXT),  # a number more
        ("7", "496", "229-30-42", "", "", TEXT),  # another number
        ("7", "495", "229-30-42", "12", "", "229-30-42"),  # another text
        ("7", "495", "229-30-42", ["1"], [], TEXT),
        (["7"], "495", "229-30-42", "", "", TEXT),
        (7, "495", "229-30-42", "", "", TEXT),
    ],
)
def test_a_structure_that_may_say_more_is_read(held: tuple[object, object, object, object, object, object]) -> None:
    assert not repeated(TEXT, in_json(*held), "")


SPLIT = st.sampled_from(
    [("7", "495", "229-30-42"), ("495", "229", "30-42"), ("", "", ""), ("", "", TEXT), ("8", "", "")]
)
COLUMNS = st.sampled_from(["json", "xml", "both"])
REST = st.sampled_from(["", "12", "8 916 555-13-18", " "]) | TYPED


@given(
    st.sampled_from([TEXT, "(495) 229-30-42", "", "нет", "8 495 229-30-42\n8 495 229-30-43"]) | TYPED,
    SPLIT,
    REST,
    REST,
    COLUMNS,
    TYPED,
)
def test_what_is_known_at_once_is_what_reading_all_columns_gives(
    text: str, split: tuple[str, str, str], extension: str, comment: str, columns: str, machine: str
) -> None:
    held = (*split, extension, comment, text)
    value, fields = in_json(*held) if columns != "xml" else "", in_xml(*held) if columns != "json" else ""
    if repeated(text, value, fields):
        assert gather((text, value, fields)) == ((text.strip(),), None, "")
    if adds_nothing(text, value, fields):
        assert gather((text, value, fields), digits=machine) == gather((text,), digits=machine)
