"""The problems as a work list: causes, repairs, links, and what is new since a list."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import openpyxl
import pytest

from astsync.engine.result import Problems
from astsync.phonebook.model import CardFacts, Claim, Conflict, Doubt, Phone, PhoneParts, Skipped
from astsync.phonebook.names import maker
from astsync.phonebook.names.maker import NameMaker
from astsync.phonebook.numbers import phone_row
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader
from astsync.phonebook.repairs import Repairs
from astsync.reports import as_csv, as_xlsx, work_as_html, work_as_json, work_as_markdown, work_as_text
from astsync.reports.card_link import card_link, web_link
from astsync.reports.causes import INVALID, LETTER, LOCAL, cause_of
from astsync.reports.csv_dialect import CsvDialect
from astsync.reports.work_list import WorkList, work_list
from astsync.sources.onec import contact_rows, phone_texts
from astsync.store.records import Given

CARD = "b5b31d37-b5b3-11f1-9889-6cb31113810c"
SOURCE = f"Контрагенты/{CARD}"
LINK = "e1cib/data/Справочник.Контрагенты?ref=98896cb31113810c11f1b5b3b5b31d37"
LOCAL_REASON = NumberParser().parse("555-01-02").reason or ""
SPOILT = NumberParser().parse("8 (495) 555-О1-02").reason or ""


def found() -> Problems:
    skipped = (
        Skipped(SOURCE, "ООО «Ромашка»", "8 (495) 555-О1-02", SPOILT),
        Skipped("Контрагенты/2", "АО «Вектор»", "555-01-03", LOCAL_REASON),
        Skipped("Контрагенты/3", "ИП Иванов", "555-01-04", LOCAL_REASON),
    )
    claims = (
        Claim("OOO Pervaya", SOURCE, "ООО «Первая»", "00-1", "", "+7 495 555-01-05", "taken: older code 00-1"),
        Claim("OOO Vtoraya", "Контрагенты/5", "ООО «Вторая»", "00-2", "", "+7 495 555-01-05", "not taken: newer code"),
    )
    cards = {
        SOURCE: CardFacts("00-000012", "7701234567", "Иванова А. П."),
        "Контрагенты/2": CardFacts("", "7707654321"),
    }
    doubts = (Doubt("Контрагенты/3", "ИП Иванов", "+7 495 555-01-06", "+7 495 555-01-07", ("74955550106",)),)
    return Problems("1C", 5, skipped, (Conflict("74955550105", "first", claims),), doubts, cards)


def test_a_link_has_the_parts_of_the_reference_as_1c_keeps_them() -> None:
    first = card_link("Контрагенты", "12345678-1234-5678-9abc-def012345678")
    assert first.endswith("?ref=9abcdef0123456785678123412345678")
    assert card_link("Контрагенты", CARD) == LINK
    assert card_link("Counterparties", CARD.upper()) == LINK.replace("Справочник.Контрагенты", "Catalog.Counterparties")
    # A reference of a public configuration of 2021: only so its time is one of 1C's own (RFC 9562, version 1).
    reference = "4b9f6867-7668-11eb-b762-b13668d09050"
    assert card_link("Agreements", reference) == "e1cib/data/Catalog.Agreements?ref=b762b13668d0905011eb76684b9f6867"
    seconds = UUID(reference).time / 10**7 - 12_219_292_800  # from 1582 to 1970
    assert datetime.fromtimestamp(seconds, UTC).year == 2021


@pytest.mark.parametrize("ref", ["", "7", "ООО МИКО", "0" * 32, "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_reference_of_1c_has_no_link(ref: str) -> None:
    assert card_link("Контрагенты", ref) == ""


@pytest.mark.parametrize("catalog", ["", "a b", "x?ref=1", "Контрагенты/1", "../"])
def test_what_is_no_catalog_of_1c_has_no_link(catalog: str) -> None:
    assert card_link(catalog, CARD) == ""


def test_the_web_client_opens_the_same_card() -> None:
    address = web_link("http://1c.example.local/trade/ru/", LINK)
    assert address.isascii()
    assert address.startswith("http://1c.example.local/trade/ru/#e1cib/data/%D0%A1")
    assert address.endswith(LINK[-37:])
    assert web_link("", LINK) == web_link("http://1c", "") == ""


def reasons() -> set[str]:
    """Every reason that a phone or a name may be skipped for."""
    numbers = NumberParser()
    texts = ("", "нет", "555-01-02", "8 (495) 555-О1-02", "12-34", "8 (999999) 99-99-99")
    read = RowReader(numbers).read
    rows = [Phone(()), Phone((), parts=PhoneParts("495", "229", "30-42")), Phone((), parts=PhoneParts(number="нет"))]
    names = [NameMaker().make(name).reason for name in ("", "()", "\x00")]
    of_rows = [read(row).reason for row in rows]
    constants = [
        *(phone_row.TWO_READINGS, phone_row.GLUED, phone_row.CUT_OFF, maker.EMPTY, maker.NOTHING_LEFT),
        *(phone_texts.BAD_JSON, phone_texts.BAD_XML, phone_texts.TOO_LONG, phone_texts.NO_PHONE, phone_texts.PIECES),
        *(contact_rows.NO_TYPE, contact_rows.ODD_DATE, "no name", "no number"),
    ]
    return {one for one in (*(numbers.parse(text).reason for text in texts), *of_rows, *names, *constants) if one}


def test_every_reason_has_its_cause_and_what_to_do() -> None:
    found = reasons()
    assert len(found) >= 18
    assert [reason for reason in found if cause_of(reason).key == "other"] == []
    assert cause_of("no valid phone number for KZ") is INVALID
    assert cause_of("of a later version").title == "of a later version"


def test_causes_stand_by_how_often_they_are_there() -> None:
    groups = work_list(found()).groups
    assert [(group.cause.key, len(group.items)) for group in groups] == [
        ("local number", 2), ("in doubt", 1), ("letter", 1)
    ]  # fmt: skip
    assert groups[0].cause is LOCAL
    assert groups[2].cause is LETTER


@pytest.mark.parametrize(
    ("text", "repair"),
    [
        ("8 (495) 555-О1-02", "+7 495 555-01-02"),
        ("+7 9I6 123 45 67", "+7 916 123-45-67"),
        ("495 555-З1-02", "+7 495 555-31-02"),
        ("8495555010284955550103", "+7 495 555-01-02, +7 495 555-01-03"),
        ("84955550102 Оля", ""),
        ("О", ""),
        ("нет", ""),
        ("555-О1-02", ""),
        ("8 (495) 555-О1", ""),
        ("8 (495) 555-О1-02, 8 (495) 555-О1-03", ""),
        ("8495555010284955550", ""),
        ("1234567890123456789012", ""),
        ("8 (495) 555-ОO-0l доб. 12", ""),
    ],
)
def test_a_repair_is_suggested_only_where_it_is_certain(text: str, repair: str) -> None:
    assert Repairs(NumberParser()).suggest(text) == repair
    if repair:
        assert NumberParser().parse(text).keys == ()
        assert len(NumberParser().parse(repair).keys) == repair.count("+")


def test_a_local_number_is_repaired_with_the_area_code_of_the_configuration() -> None:
    assert Repairs(NumberParser(area_code="495")).suggest("555-О1-02") == "+7 495 555-01-02"


def everything(work: WorkList) -> dict[str, str]:
    return {
        "text": work_as_text.render(work),
        "markdown": work_as_markdown.render(work).replace("\\", ""),
        "html": work_as_html.render(work),
        "csv": as_csv.render_problems(work, CsvDialect.EXCEL),
    }


@pytest.mark.parametrize("form", ["text", "markdown", "html", "csv"])
def test_the_list_tells_all_that_a_repair_needs(form: str) -> None:
    repair = Repairs(NumberParser()).suggest
    text = everything(work_list(found(), repair))[form]
    needed = (
        *("ООО «Ромашка»", "00-000012", "7707654321", "Контрагенты", "Иванова А. П.", "8 (495) 555-О1-02"),
        *("+7 495 555-01-02", LINK, str(LOCAL.title), str(LOCAL.cure), "taken: older code 00-1", "not taken: newer"),
    )
    assert [one for one in needed if one not in text] == []
    opened = everything(work_list(found(), repair, "http://1c.example.local/trade"))[form]
    assert web_link("http://1c.example.local/trade", LINK) in opened


def test_json_keeps_its_keys_and_has_new_ones() -> None:
    data = json.loads(work_as_json.render(work_list(found(), Repairs(NumberParser()).suggest)))
    assert list(data) == [
        "version", "source", "counterparties", "skipped", "conflicts", "doubts", "causes", "since", "gone",
    ]  # fmt: skip
    card = {"code": "00-000012", "tax_number": "7701234567", "responsible": "Иванова А. П.", "catalog": "Контрагенты"}
    links = {"link": LINK, "web_link": ""}
    assert data["skipped"][0] == {
        "source": SOURCE, "name": "ООО «Ромашка»", "text": "8 (495) 555-О1-02", "reason": SPOILT,
        "cause": "letter", "repair": "+7 495 555-01-02", **card, **links,
    }  # fmt: skip
    assert list(data["conflicts"][0]["claims"][0]) == [
        "name", "source", "reason", "counterparty", "code", "kind", "text",
        "tax_number", "responsible", "catalog", "link", "web_link",
    ]  # fmt: skip
    assert list(data["doubts"][0])[:5] == ["source", "name", "text", "structure", "keys"]
    assert [(cause["cause"], cause["count"]) for cause in data["causes"]] == [
        ("local number", 2), ("in doubt", 1), ("letter", 1), ("several have it", 1),
    ]  # fmt: skip


def test_only_what_is_new_since_a_list_is_listed() -> None:
    before, now = found(), found()
    given = Given(datetime(2026, 11, 22, 9, tzinfo=UTC), frozenset(work_list(before).marks))
    assert work_list(now, before=given).count == 0
    assert "Nothing new to repair." in work_as_text.render(work_list(now, before=given))
    third = (*now.conflicts[0].claims, Claim("OOO Tretya", "Контрагенты/9", "ООО «Третья»"))
    more = replace(
        now,
        skipped=(*now.skipped[1:], Skipped("Контрагенты/8", "Новая", "нет", "no digits")),
        conflicts=(replace(now.conflicts[0], claims=third),),
    )
    work = work_list(more, before=given)
    assert [item.name for group in work.groups for item in group.items] == ["Новая"]
    assert (len(work.shared), work.gone) == (1, 2)
    assert "2 problems of that list are gone" in work_as_text.render(work)
    assert "Ромашка" not in json.dumps(json.loads(work_as_json.render(work))["skipped"], ensure_ascii=False)


def test_another_reason_makes_no_new_problem() -> None:
    given = Given(datetime(2026, 11, 22, 9, tzinfo=UTC), frozenset(work_list(found()).marks))
    other = replace(
        found(), skipped=tuple(replace(one, reason="too short for a phone number") for one in found().skipped)
    )
    assert work_list(other, before=given).count == 0


def test_the_plain_csv_begins_with_the_columns_of_before() -> None:
    head, *rows = csv.reader(io.StringIO(as_csv.render_problems(work_list(found()))))
    assert head[:6] == ["problem", "number", "name", "source", "text", "reason"]
    assert {row[0] for row in rows} == {"skipped", "doubt", "conflict"}


def test_an_evil_name_stays_text() -> None:
    evil = Skipped(SOURCE, '<script>alert(1)</script> ](http://x) \x1b[2J\u202e "', "=1+1", "no digits")
    work = work_list(Problems("1C", 1, (evil,), ()), web_client="http://1c.example.local/trade")
    page = work_as_html.render(work)
    assert "<script" not in page
    assert "\u202e" not in page
    text = work_as_text.render(work)
    assert text.replace("\n", "").isprintable()
    assert r"\]\(http" in work_as_markdown.render(work) or r"\](http" in work_as_markdown.render(work)


def test_a_workbook_has_the_columns_of_the_work_and_how_often_each_cause_is_there() -> None:
    data = as_xlsx.render_problems(work_list(found(), Repairs(NumberParser()).suggest))
    rows, totals = openpyxl.load_workbook(io.BytesIO(data)).worksheets
    head, first, *_ = rows.iter_rows(values_only=True)
    assert head[:5] == ("What is wrong", "What to do", "Name", "Phone as in 1C", "Write instead")
    assert first[:4] == (LOCAL.title, LOCAL.cure, "АО «Вектор»", "555-01-03")
    repaired = next(row for row in rows.iter_rows(values_only=True) if row[2] == "ООО «Ромашка»")
    assert repaired[4:9] == ("+7 495 555-01-02", "00-000012", "7701234567", "Контрагенты", "Иванова А. П.")
    assert (LOCAL.title, "2") in list(totals.iter_rows(values_only=True))
    assert "numbers.area_code" not in str([*rows.iter_rows(values_only=True)])
