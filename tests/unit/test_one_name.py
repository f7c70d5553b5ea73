"""The name in an answer about one number."""

import pytest

from astsync.errors import SourceBadAnswer, SourceFailure
from astsync.sources.records.one_name import NAME_FIELDS, extension_in_text, name_in_text, name_in_value

NAMES = [
    ("", ""),
    (" \r\n", ""),
    ("\ufeff", ""),
    ("null", ""),
    ("[]", ""),
    ("[null]", ""),
    ('""', ""),
    ("ООО Ромашка", "ООО Ромашка"),
    ("\ufeffООО Ромашка\r\n", "ООО Ромашка"),
    ("[не использовать] ООО Ромашка", "[не использовать] ООО Ромашка"),
    ("{1} ООО Ромашка", "{1} ООО Ромашка"),
    ('"Ромашка" ООО', '"Ромашка" ООО'),
    ('"ООО Ромашка"', "ООО Ромашка"),
    ('{"Name": "ООО Ромашка", "Phone": "555"}', "ООО Ромашка"),
    ('{"Наименование": " ООО Ромашка "}', "ООО Ромашка"),
    ('{"Name": null}', ""),
    ('{"Name": "", "error": ""}', ""),
    ('[{"Name": "ООО Ромашка"}]', "ООО Ромашка"),
    ('[{"Name": "ООО Ромашка"}, {"Name": "ООО Ромашка"}]', "ООО Ромашка"),
    ('{"Name": "ООО \x02Ромашка"}', "ООО \x02Ромашка"),
    ('{"Name": "\\ud83d"}', "?"),
    ('{"#type":"jv8:Structure","#value":[{"name":{"#value":"Name"},"Value":{"#value":"ООО Ромашка"}}]}', "ООО Ромашка"),
    ("<Name>ООО Ромашка</Name>", "ООО Ромашка"),
    ("<string xmlns='http://tempuri.org/'>ООО Ромашка</string>", "ООО Ромашка"),
    ("<?xml version='1.0' encoding='windows-1251'?><a><Name>ООО &amp; Ко</Name></a>", "ООО & Ко"),
]


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_the_name_in_a_text(text: str, name: str) -> None:
    assert name_in_text(text, NAME_FIELDS, "the test") == name


@pytest.mark.parametrize(
    "text",
    [
        "true", "false", "{}", '{"Phone": "555"}', '{"Name": 5}', '{"Name": ["a", "b"]}', '{"Name": {"a": 1}}',
        '[{"Name": "ООО Ромашка"}, {"Name": "ООО Лютик"}]', '["ООО Ромашка", "ООО Лютик"]', '[{"Name": "ООО Ро',
        '{"Name": "ООО Ромашка"', "[[]]x", "[true]", "[" * 30_000 + '"', "[{}]", "[5]",
        "<html><body>Вход</body></html>", "<b>502", "<", "<error>нет</error>",
        "<!DOCTYPE a [<!ENTITY b 'c'>]><Name>&b;</Name>", "<Объект не найден> (4:8d1f)", "<a><b>1</b></a>",
    ],
)  # fmt: skip
def test_what_is_no_certain_name_is_no_name_and_not_nobody(text: str) -> None:
    with pytest.raises(SourceBadAnswer) as error:
        name_in_text(text, NAME_FIELDS, "the test")
    assert error.value.hint


def test_an_error_in_a_field_is_told() -> None:
    with pytest.raises(SourceFailure, match="нет прав"):
        name_in_text('{"error": "нет прав", "Name": ""}', NAME_FIELDS, "the test")


def test_the_name_at_a_configured_path() -> None:
    answer = '{"result": {"client": {"title": "ООО Ромашка"}}, "Name": "no"}'
    assert name_in_text(answer, ("result.client.title",), "the test") == "ООО Ромашка"


def test_values_that_are_no_texts() -> None:
    assert name_in_value(None, NAME_FIELDS, "the test") == ""
    with pytest.raises(SourceBadAnswer):
        name_in_value(5, NAME_FIELDS, "the test")


@pytest.mark.parametrize(
    ("text", "extension"),
    [
        ('{"Name": "ООО Ромашка", "Extension": "101"}', "101"), ('{"Extension": " 101 "}', "101"),
        ('[{"Extension": "101"}]', "101"), ("<a><Name>x</Name><Extension>101</Extension></a>", "101"),
        ('[{"Extension": "101"}, {"Extension": "102"}]', ""), ('{"Extension": "101&PJSIP/999"}', ""),
        ('{"Extension": "${SHELL(id)}"}', ""), ('{"Extension": "101\\n"}', "101"), ('{"Extension": "1234567890"}', ""),
        ('{"Extension": 101}', "101"), ('{"Extension": true}', ""), ('{"Extension": -1}', ""),
        ('{"Extension": null}', ""), ('{"Extension": {"a": "101"}}', ""),
        ('{"Extension": "٣"}', ""), ('{"Name": "x"}', ""), ("101", ""), ('"101"', ""), ("", ""), ("{", ""), ("<a", ""),
        ("[" * 100_000, ""), ("[1, null]", ""),
    ],
)  # fmt: skip
def test_the_extension_beside_a_name_is_digits_or_none(text: str, extension: str) -> None:
    assert extension_in_text(text, "Extension") == extension
