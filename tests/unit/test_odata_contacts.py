"""Where phones stand, over a server that is not kind: odd registers, histories in every place, odd owners and kinds."""

import logging
from typing import Any

import pytest

from astsync.errors import SourceBadAnswer, SourceFailure, SourceNotFound, SourceQueryError
from astsync.phonebook.model import Counterparty, Phone, PhoneParts
from astsync.sources.odata.contact_kinds import ContactKinds
from tests.unit.odata_source import pull
from tests.unit.stub_1c import (
    CATALOG,
    CONTACT_SET,
    GUID,
    Asked,
    Base,
    Reply,
    Server,
    as_json,
    contact,
    odata_error,
    owner,
)

pytestmark = pytest.mark.server

SECTION = "КонтактнаяИнформация"
REGISTER = f"InformationRegister_{SECTION}"
TYPE = "StandardODATA.Catalog_"
PERSONS = "Catalog_Лица"


def texts(found: list[Counterparty]) -> dict[str, list[str]]:
    return {one.name: [phone.texts[0] for phone in one.phones] for one in found}


def entry(number: int, text: str, kind: str = "Рабочий", **more: Any) -> dict[str, Any]:
    """Give a row of the register whose kind is a text."""
    row = {"Объект": GUID.format(number), "Объект_Type": f"{TYPE}Контрагенты", "Тип": "Телефон", "Вид": kind}
    return {**row, "Вид_Type": "Edm.String", "Представление": text, **more}


def with_register(base: Base, *rows: dict[str, Any]) -> None:
    del base.sets[CONTACT_SET]
    base.sets[REGISTER] = rows


# --- the register


def test_rows_of_other_catalogs_are_left_out_though_the_server_sends_them(base: Base, server: Server) -> None:
    others = [entry(2, "2", Объект_Type=f"{TYPE}Организации"), entry(2, "3", Объект_Type="StandardODATA.Undefined")]
    with_register(base, entry(1, "1"), *others, entry(1, "4", "Мобильный"))
    assert texts(pull(server)) == {"ООО МИКО": ["1", "4"], "ИП Иванов": []}
    asked = server.pages_of(REGISTER)[0].options
    assert asked["$filter"] == f"Тип eq 'Телефон' and Объект_Type eq '{TYPE}Контрагенты'"
    assert asked["$orderby"] == "Объект,Вид"
    assert asked["$select"] == "Объект,Объект_Type,Тип,Вид,Вид_Type,Представление"


def test_rows_of_the_register_count_once(base: Base, server: Server) -> None:
    with_register(base, entry(1, "1"), entry(1, "1"), entry(2, "2"))
    assert texts(pull(server, page_size=1)) == {"ООО МИКО": ["1"], "ИП Иванов": ["2"]}


def test_a_register_may_keep_a_history(base: Base, server: Server) -> None:
    history = [
        entry(1, "past", ДействуетС="2020-01-01T00:00:00"),
        entry(1, "now", ДействуетС="2026-03-01T00:00:00"),
        entry(1, "later", ДействуетС="2026-03-02T00:00:00"),
        entry(1, "other", "Мобильный", ДействуетС="2019-01-01T00:00:00"),
    ]
    with_register(base, *history)
    assert texts(pull(server, page_size=2))["ООО МИКО"] == ["now", "other"]
    assert server.pages_of(REGISTER)[0].options["$orderby"] == "Объект,Вид,ДействуетС"


@pytest.mark.parametrize(
    "row",
    [
        entry(1, "1", Объект=None),
        entry(1, "1", Объект="a\nb"),
        entry(1, "1", Вид={"a": 1}),
    ],
)
def test_rows_of_the_register_without_a_key_are_an_error(base: Base, server: Server, row: dict[str, Any]) -> None:
    with_register(base, row)
    with pytest.raises(SourceBadAnswer) as caught:
        pull(server)
    assert caught.value.hint


@pytest.mark.parametrize("odd", [{"Представление": ["1"]}, {"Поле3": True}, {"Поле1": ["x"]}, {"Комментарий": {}}])
def test_odd_columns_of_the_register_stop_nothing(base: Base, server: Server, odd: dict[str, Any]) -> None:
    with_register(base, entry(1, "1", **odd))
    assert texts(pull(server))["ООО МИКО"] == ["1"]


def test_parts_beside_a_text_are_kept_where_they_add_something(base: Base, server: Server) -> None:
    parts = {"Поле1": "", "Поле2": "", "Поле3": ""}
    with_register(
        base,
        entry(1, "+7 (495) 555-01-01", "а", **parts),
        entry(1, "x", "б", **{**parts, "Поле1": "7", "Поле2": "(495)", "Поле3": "555-01-02"}),
    )
    (found, _) = pull(server)
    assert [(phone.texts, phone.parts) for phone in found.phones] == [
        (("+7 (495) 555-01-01",), None),
        (("x",), PhoneParts("7", "(495)", "555-01-02")),
    ]


def test_a_register_without_phones_of_the_catalog_is_read_all_the_same(base: Base, server: Server) -> None:
    with_register(base)
    assert texts(pull(server)) == {"ООО МИКО": [], "ИП Иванов": []}


def test_a_register_that_loses_rows_is_noticed(base: Base, server: Server) -> None:
    with_register(base, entry(1, "1"), entry(2, "2"), entry(2, "3", "б"))
    base.before = lambda asked: as_json({"value": []}) if asked.path.endswith(REGISTER) and past(asked) else None
    with pytest.raises(SourceBadAnswer, match=f"{REGISTER} was not read whole: the page at .* is empty"):
        pull(server, page_size=1)


def past(asked: Asked) -> bool:
    """Tell whether a page after the first is asked for."""
    return int(asked.options.get("$skip", 0)) > 0


# --- histories inside the rows of a catalog


def test_a_history_inside_is_followed(base: Base, server: Server) -> None:
    del base.sets[CONTACT_SET]
    lines = [
        contact(1, "past", 1, ДействуетС="2020-01-01T00:00:00"),
        contact(1, "now", 2, ДействуетС="2025-01-01T00:00:00"),
        contact(1, "later", 3, ДействуетС="2027-01-01T00:00:00"),
    ]
    ended = [contact(2, "past", 1, ДействуетС="2020-01-01T00:00:00"), contact(2, "", 2, ДействуетС="2025-01-01")]
    base.sets[CATALOG] = [owner(1, "а", **{SECTION: lines}), owner(2, "б", **{SECTION: ended})]
    assert texts(pull(server)) == {"а": ["now"], "б": []}


# --- owners


def with_persons(base: Base, **link: Any) -> None:
    base.sets[PERSONS] = [owner(7, "Петров", **link)]
    base.sets[f"{PERSONS}_{SECTION}"] = []


def persons(server: Server, **changes: Any) -> list[str]:
    return [one.name for one in pull(server, catalogs=["Лица"], templates={"Лица": "{owner}: {name}"}, **changes)]


@pytest.mark.parametrize(
    "link",
    [
        {"Owner_Key": GUID.format(1)},
        {"Owner": GUID.format(1), "Owner_Type": f"{TYPE}Контрагенты"},
        {"ОбъектВладелец_Key": GUID.format(1)},
        {"ОбъектВладелец": GUID.format(1).upper(), "ОбъектВладелец_Type": f"{TYPE}Контрагенты"},
        {"Партнер_Key": GUID.format(1)},
    ],
)
def test_links_to_owners(base: Base, server: Server, link: dict[str, str]) -> None:
    with_persons(base, **link)
    assert persons(server) == ["ООО МИКО: Петров"]


@pytest.mark.parametrize(
    "link",
    [
        {"Owner_Key": None},
        {"Owner_Key": 5},
        {"Owner_Key": "no guid ' or 1 eq 1"},
        {"Owner": "", "Owner_Type": "StandardODATA.Undefined"},
        {"Owner": None, "Owner_Type": None},
        {"Owner": {"x": 1}, "Owner_Type": ["x"]},
        {"Owner": GUID.format(3), "Owner_Type": f"{TYPE}Контрагенты"},
        {"Owner": GUID.format(1), "Owner_Type": "StandardODATA.Document_Заказ"},
    ],
)
def test_nobody_owns(base: Base, server: Server, link: dict[str, Any]) -> None:
    with_persons(base, **link)
    assert persons(server) == ["Петров"]


def test_owners_that_fail_in_the_middle_end_the_pull(base: Base, server: Server) -> None:
    with_persons(base, Owner=GUID.format(1), Owner_Type=f"{TYPE}Контрагенты")
    base.before = lambda asked: odata_error(500, "-1", "нет") if asked.path.endswith(CATALOG) else None
    with pytest.raises(SourceFailure):
        persons(server)


def test_without_a_sample_row_the_usual_link_is_tried(base: Base, server: Server) -> None:
    with_persons(base, Owner_Key=GUID.format(1))

    def refuse_whole(asked: Asked) -> Reply | None:
        whole = asked.path.endswith(PERSONS) and "$select" not in asked.options
        return odata_error(500, "-1", "нет") if whole else None

    base.before = refuse_whole
    assert persons(server) == ["ООО МИКО: Петров"]


def test_owners_are_looked_for_among_the_published(base: Base, server: Server) -> None:
    with_persons(base, Owner_Key=GUID.format(1))
    persons(server)
    assert not server.asked_of("Catalog_Партнеры")


def test_names_of_owners_have_a_bound(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "ы" * 5000)]
    with_persons(base, Owner_Key=GUID.format(1))
    assert [len(name) for name in persons(server)] == [2000]


def test_owners_of_more_kinds_fail_apart(base: Base, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        owner(7, "Петров", Owner=GUID.format(1), Owner_Type=f"{TYPE}Контрагенты"),
        owner(8, "Сидоров", Owner=GUID.format(1), Owner_Type=f"{TYPE}Организации"),
        owner(9, "Лютов", Owner=GUID.format(1), Owner_Type=f"{TYPE}Организации"),
    ]
    base.sets[PERSONS], base.sets[f"{PERSONS}_{SECTION}"] = rows, []
    with caplog.at_level(logging.WARNING):
        assert persons(server) == ["ООО МИКО: Петров", "Сидоров", "Лютов"]
    assert caplog.text.count("Организации") == 2, "told once, with its reason"


# --- filters


def test_a_filter_that_fails_inside_1c_is_shown(base: Base, server: Server) -> None:
    refusal = odata_error(500, "-1", "Нельзя сравнивать поля")
    base.before = lambda asked: refusal if asked.options.get("$filter") == "x gt 1" else None
    with pytest.raises(SourceQueryError, match=r"\(x gt 1\).*Нельзя сравнивать") as caught:
        pull(server, filter="x gt 1")
    assert "The catalog's fields: Ref_Key, Description, DeletionMark." in caught.value.hint


def test_a_catalog_that_fails_always_is_no_fault_of_the_filter(base: Base, server: Server) -> None:
    base.before = lambda asked: odata_error(500, "-1", "сбой") if asked.path.endswith(CATALOG) else None
    with pytest.raises(SourceFailure, match="1C failed inside on Catalog_Контрагенты"):
        pull(server, filter="x eq 1")


def test_a_missing_catalog_is_no_fault_of_the_filter(base: Base, server: Server) -> None:
    base.before = lambda asked: odata_error(404, "8", "нет") if asked.path.endswith(CATALOG) else None
    with pytest.raises(SourceNotFound, match="does not publish"):
        pull(server, filter="x eq 1")


# --- kinds


@pytest.mark.parametrize(
    ("wanted", "kind", "rank"),
    [
        (("Мобильный*",), "мобильный телефон", 0),
        (("рабочий   телефон",), " Рабочий телефон ", 0),
        (("Факс", "*"), "что угодно", 1),
        (("*",), "", 0),
        (("Телефон",), "", None),
        (("Тел.фон",), "Телефон", None),
        (("Тел(1)*",), "Тел(1) доб. [2]", 0),
        (("а*б*в",), "а1б2в", 0),
        (("Телефон",), "Телефон 2", None),
    ],
)
def test_kinds_by_name(wanted: tuple[str, ...], kind: str, rank: int | None) -> None:
    chosen = ContactKinds({}, wanted).choose((Phone(("1",), kind),))
    assert [phone.rank for phone in chosen] == ([] if rank is None else [rank])


def test_without_wanted_kinds_all_come_as_they_are() -> None:
    phones = (Phone(("1",), "б"), Phone(("2",), "а"))
    assert ContactKinds().choose(phones) is phones


def test_kinds_without_names_are_told_so(caplog: pytest.LogCaptureFixture) -> None:
    kinds = ContactKinds({}, ("Рабочий",))
    kinds.choose((Phone(("1",)),))
    kinds.warn()
    assert "no phone has the kind Рабочий (source.odata.kinds); kinds seen: none has a name" in caplog.text


def test_many_stars_take_no_long_time() -> None:
    assert ContactKinds({}, ("*а" * 12 + "б",)).choose((Phone(("1",), "а" * 60),)) == ()
