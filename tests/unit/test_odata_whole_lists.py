"""Whole catalogs from an infobase: pages, phones, what is published, and lists that are not whole."""

import json
import logging
from typing import Any

import pytest

from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceFailure,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
)
from astsync.phonebook.model import Counterparty, Phone
from astsync.sources import open_source
from tests.unit.odata_source import pull, source
from tests.unit.stub_1c import (
    CATALOG,
    CONTACT_SET,
    GUID,
    ROOT,
    Asked,
    Base,
    Reply,
    Server,
    as_json,
    contact,
    odata_error,
    owner,
    serving,
)

pytestmark = pytest.mark.server

SECTION = "КонтактнаяИнформация"
KINDS = "Catalog_ВидыКонтактнойИнформации"


def texts(server: Server, **changes: Any) -> list[str]:
    return [text for one in pull(server, **changes) for phone in one.phones for text in phone.texts]


def many(count: int) -> Base:
    base = Base()
    base.sets[CATALOG] = [owner(number, f"Фирма {number}") for number in range(count)]
    base.sets[CONTACT_SET] = [contact(number, f"8 495 {number:07}") for number in range(count)]
    return base


def test_counterparties_come_with_their_phones(server: Server) -> None:
    kind = "Мобильный"
    assert pull(server) == [
        Counterparty(GUID.format(1), "ООО МИКО", (Phone(("+7 (495) 229-30-42",), kind),), "Контрагенты", 0),
        Counterparty(GUID.format(2), "ИП Иванов", (Phone(("8 916 123-45-67",), kind),), "Контрагенты", 0),
    ]


def test_the_source_is_opened_by_its_kind(server: Server) -> None:
    opened = open_source(server.config(user="Администратор", password="Тайна-1"))
    assert opened.describe() == f"1C OData at {server.url}/trade (Контрагенты)"
    assert server.asked == []


def test_queries_are_written_as_1c_reads_them(server: Server) -> None:
    pull(server)
    assert server.asked[0].raw == f"{ROOT}/?$format=json"
    assert not [asked.raw for asked in server.asked if "+" in asked.raw or not asked.raw.isascii()]
    page = server.asked_of(CONTACT_SET)[-1]
    assert "$filter=%D0%A2%D0%B8%D0%BF%20eq%20'" in page.raw
    assert page.options["$orderby"] == "Ref_Key,LineNumber"
    assert page.options["$format"] == "application/json;odata=nometadata"
    assert server.pages_of(CATALOG)[0].options == {
        "$format": "application/json;odata=nometadata",
        "$select": "Ref_Key,Description,DeletionMark",
        "$orderby": "Ref_Key",
        "$top": "1000",
        "$skip": "0",
    }


def test_only_columns_that_exist_are_asked_for(base: Base, server: Server) -> None:
    base.sets[CONTACT_SET] = [contact(1, "123-45-67", ЗначенияПолей="", ДействуетС="0001-01-01T00:00:00", Страна="")]
    assert texts(server) == ["123-45-67"]
    chosen = server.asked_of(CONTACT_SET)[-1].options["$select"]
    assert chosen == "Ref_Key,LineNumber,Тип,Вид_Key,Представление,НомерТелефона,ЗначенияПолей,ДействуетС"


def test_of_structured_phones_the_text_comes_first_and_histories_are_followed(base: Base, server: Server) -> None:
    value = json.dumps({"countryCode": "7", "areaCode": "495", "number": "2293042", "extNumber": "12"})
    base.sets[CONTACT_SET] = [
        contact(1, "старый", Значение="", ДействуетС="2020-01-01T00:00:00"),
        contact(1, "8 (495) 229-30-42", 2, Значение=value, ДействуетС="2026-03-01T00:00:00"),
        contact(1, "будущий", 3, Значение="", ДействуетС="2026-03-02T00:00:00"),
    ]
    assert texts(server) == ["8 (495) 229-30-42"]


@pytest.mark.parametrize("size", [1, 2, 7, 50, 100])
def test_every_page_is_read(size: int) -> None:
    with serving(many(50)) as server:
        assert len(texts(server, page_size=size)) == 50


def test_reading_goes_on_until_a_page_is_empty(base: Base, server: Server) -> None:
    def short(asked: Asked) -> Reply | None:
        """Leave the last row of each page out, as a cap of a proxy would."""
        if asked.options.get("$top") in (None, "1"):
            return None
        return base._answer(Asked(asked.path, "", {**asked.options, "$top": "1"}, {}))

    base.before = short
    assert [one.name for one in pull(server)] == ["ООО МИКО", "ИП Иванов"]


def test_rows_that_come_twice_count_once(base: Base, server: Server) -> None:
    for name in (CATALOG, CONTACT_SET):
        first = base.sets[name][0]
        base.sets[name] = [first, first, first, *base.sets[name]]
    found = pull(server, page_size=2)
    assert [one.name for one in found] == ["ООО МИКО", "ИП Иванов"]
    assert [len(one.phones) for one in found] == [1, 1]


def test_a_server_that_ignores_skip_is_found_out(base: Base, server: Server) -> None:
    base.before = lambda asked: base._answer(Asked(asked.path, "", {**asked.options, "$skip": "0"}, {}))
    with pytest.raises(SourceBadAnswer, match="same rows") as caught:
        pull(server)
    assert "8.3.8" in caught.value.hint


def test_catalogs_come_in_their_order(base: Base, server: Server) -> None:
    base.sets["Catalog_Партнеры"] = [owner(7, "Партнер")]
    base.sets[f"Catalog_Партнеры_{SECTION}"] = [contact(7, "7")]
    found = pull(server, catalogs=["Партнеры", "Catalog_Контрагенты"])
    assert [(one.catalog, one.rank) for one in found] == [("Партнеры", 0), ("Контрагенты", 1), ("Контрагенты", 1)]
    assert found[0].source == f"Партнеры/{GUID.format(7)}"


def test_the_name_field_can_be_chosen(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", НаименованиеПолное="ООО «МИКО»"), owner(2, "x", НаименованиеПолное=None)]
    assert [one.name for one in pull(server, name_field="НаименованиеПолное")] == ["ООО «МИКО»", "x"]
    assert server.pages_of(CATALOG)[0].options["$select"] == "Ref_Key,НаименованиеПолное,Description,DeletionMark"


@pytest.mark.parametrize("name", [None, "", " \t", "\u00a0"])
def test_an_empty_full_name_gives_way_to_the_description(base: Base, server: Server, name: str | None) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", НаименованиеПолное=name)]
    assert [one.name for one in pull(server, name_field="НаименованиеПолное")] == ["МИКО"]


def test_a_catalog_may_have_no_description(base: Base, server: Server) -> None:
    rows = [owner(1, "", НаименованиеПолное="ООО «МИКО»"), owner(2, "", НаименованиеПолное=None)]
    base.sets[CATALOG] = [{key: value for key, value in row.items() if key != "Description"} for row in rows]
    assert [one.name for one in pull(server, name_field="НаименованиеПолное")] == ["ООО «МИКО»", ""]


def test_a_card_is_told_by_its_tax_number_and_who_keeps_it(base: Base, server: Server) -> None:
    keeper = {"Менеджер_Key": GUID.format(9), "Менеджер____Presentation": "Иванова А. П."}
    base.sets[CATALOG] = [owner(1, "МИКО", ИНН="7701234567", **keeper)]
    (one,) = pull(server, responsible="Менеджер")
    assert (one.code, one.tax_number, one.responsible) == ("", "7701234567", "Иванова А. П.")
    assert "Менеджер____Presentation" in server.pages_of(CATALOG)[-1].options["$select"]
    (plain,) = pull(server)
    assert plain.responsible == ""
    base.sets[CATALOG] = [owner(1, "МИКО", Code="00-7 ", ИНН="7701234567", Кто="Петров")]
    (coded,) = pull(server, responsible="Кто")
    assert (coded.code, coded.tax_number, coded.responsible) == ("00-7", "", "Петров")


def test_a_wrong_field_of_who_keeps_a_card_is_named_with_those_that_exist(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", Менеджер_Key=GUID.format(9))]
    with pytest.raises(
        SourceQueryError, match=r"no catalog has the field Мэнеджер \(source.odata.responsible\)"
    ) as caught:
        pull(server, responsible="Мэнеджер")
    assert "Менеджер" in caught.value.hint
    base.sets[CATALOG] = []
    assert pull(server, responsible="Мэнеджер") == []


def test_a_wrong_name_field_is_named_with_those_that_exist(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(1, "МИКО", НаименованиеПолное="", ИНН="", Партнер_Key="")]
    with pytest.raises(SourceQueryError, match="no field Наименование") as caught:
        pull(server, name_field="Наименование")
    assert "Description, НаименованиеПолное, " in caught.value.hint
    assert "Партнер_Key" not in caught.value.hint


def test_where_no_row_can_tell_the_refusal_speaks(base: Base, server: Server) -> None:
    base.sets[CATALOG] = []
    refusal = odata_error(400, "6", "Сегмент пути Наименование не найден!")
    base.before = lambda asked: refusal if "Наименование" in asked.options.get("$select", "") else None
    with pytest.raises(SourceQueryError, match="Сегмент пути Наименование не найден!"):
        pull(server, name_field="Наименование")


def test_phones_of_unknown_owners_are_counted(base: Base, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    base.sets[CONTACT_SET] = [contact(1, "1"), contact(77, "2"), contact(78, "3")]
    with caplog.at_level(logging.WARNING):
        assert texts(server) == ["1"]
    assert "phones of 2 unknown owners" in caplog.text


def test_folders_are_harmless(base: Base, server: Server) -> None:
    base.sets[CATALOG] = [owner(8, "Папка"), owner(1, "ООО МИКО")]
    assert [(one.name, len(one.phones)) for one in pull(server)] == [("Папка", 0), ("ООО МИКО", 1)]


def test_an_empty_catalog_is_an_empty_list(base: Base, server: Server) -> None:
    base.sets[CATALOG] = base.sets[CONTACT_SET] = []
    assert pull(server) == []


def inside(base: Base) -> Base:
    """Put the phones inside the catalog, as a base does whose tabular sets cannot be asked."""
    fax = {**contact(1, "499", 2), "Тип": "Факс"}
    base.sets[CATALOG] = [
        owner(1, "ООО МИКО", **{SECTION: [contact(1, "495"), contact(1, "495"), fax]}),
        owner(2, "ИП Иванов", **{SECTION: None}),
    ]
    del base.sets[CONTACT_SET]
    return base


@pytest.mark.parametrize("status", [400, 404])
def test_phones_inside_the_catalog_are_read_where_their_set_is_not(base: Base, server: Server, status: int) -> None:
    refusal = odata_error(status, "14" if status == 400 else "8", "нет")
    inside(base).before = lambda asked: refusal if asked.path.endswith(SECTION) else None
    assert texts(server) == ["495"]
    assert server.pages_of(CATALOG)[0].options["$select"] == f"Ref_Key,Description,DeletionMark,{SECTION}"


def test_an_empty_first_answer_is_not_yet_an_empty_list(base: Base, server: Server) -> None:
    base.before = lambda asked: as_json({"value": []}) if asked.options.get("$top") == "1" else None
    assert texts(server) == ["+7 (495) 229-30-42", "8 916 123-45-67"]


def test_phones_inside_that_are_no_list_are_an_error(base: Base, server: Server) -> None:
    inside(base).sets[CATALOG][0][SECTION] = "text"
    with pytest.raises(SourceBadAnswer, match="no list"):
        pull(server)


def test_a_catalog_without_contact_information_is_an_error(base: Base, server: Server) -> None:
    del base.sets[CONTACT_SET]
    with pytest.raises(SourceNotFound, match="Контрагенты holds no contact information") as caught:
        pull(server)
    assert "БП 2.0" in caught.value.hint
    assert not server.asked_of(f"InformationRegister_{SECTION}")


def test_phones_that_may_not_be_read_are_an_error(base: Base, server: Server) -> None:
    refusal = odata_error(401, "20", "Нарушение прав доступа")
    base.before = lambda asked: refusal if asked.path.endswith(SECTION) else None
    with pytest.raises(SourceRightsError, match=CONTACT_SET):
        pull(server)


@pytest.mark.parametrize("status", [404, 401, 500, 400])
def test_names_of_kinds_are_optional(base: Base, server: Server, status: int) -> None:
    refusal = odata_error(status, "20" if status == 401 else "-1", "нет")
    base.before = lambda asked: refusal if "ВидыКонтактной" in asked.path else None
    assert {phone.kind for one in pull(server) for phone in one.phones} == {""}


def test_kinds_that_are_not_published_are_not_asked_for(base: Base, server: Server) -> None:
    del base.sets["Catalog_ВидыКонтактнойИнформации"]
    pull(server)
    assert server.asked_of("Catalog_ВидыКонтактнойИнформации") == []


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (as_json({}), SourceBadAnswer),
        (as_json({"value": None}), SourceBadAnswer),
        (as_json({"value": ["text"]}), SourceBadAnswer),
        (as_json([]), SourceBadAnswer),
        (as_json({"value": [{"Description": "без ссылки"}]}), SourceBadAnswer),
        (Reply(), SourceBadAnswer),
        (Reply(b'{"value": [{"Ref_K'), SourceBadAnswer),
        (Reply(b'{"value": [], "x": "\xff"}'), SourceBadAnswer),
        (Reply(b"[" * 200_000), SourceBadAnswer),
        (Reply(b"<html><title>Login</title></html>"), SourceBadAnswer),
        (Reply(b'<feed xmlns="http://www.w3.org/2005/Atom"/>'), SourceBadAnswer),
        (Reply(status=204), SourceBadAnswer),
        (as_json({"value": [contact(3, "123-45-67")]}, 206), SourceBadAnswer),
        (odata_error(200, "-1", "ошибка"), SourceFailure),
        (odata_error(200, "20", "права"), SourceRightsError),
        (Reply(status=406), SourceBusy),
    ],
)
@pytest.mark.parametrize("name", [CATALOG, CONTACT_SET])
def test_a_page_that_is_not_a_list_ends_the_pull(
    base: Base, server: Server, name: str, reply: Reply, kind: type[Exception]
) -> None:
    second = {"$skip": "2"}
    base.before = lambda asked: reply if asked.path.endswith(name) and second.items() <= asked.options.items() else None
    with pytest.raises(kind):
        pull(server, page_size=2)


def leave_out(base: Base, name: str) -> None:
    """Answer as a server does that never gives the last row of a set, though it counts it."""

    def answer(asked: Asked) -> Reply | None:
        rows = base._rows(name, asked.options) if asked.path == f"{ROOT}/{name}" else []
        return base._page(rows[:-1], asked.options) if rows else None

    base.counts, base.before = True, answer


def test_rows_that_only_the_count_knows_are_missed(
    base: Base, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    leave_out(base, CATALOG)
    with (
        caplog.at_level(logging.INFO),
        pytest.raises(SourceBadAnswer, match=f"{CATALOG} was not read whole: 2 rows of 3"),
    ):
        pull(server, page_size=2)
    again = "; reading it again"
    assert [record.getMessage() for record in caplog.records] == [
        f"{CATALOG}: walk {number} of 3: 2 rows of 3{again if number < 3 else ''}" for number in (1, 2, 3)
    ]


@pytest.mark.parametrize(("others", "noticed"), [(1, True), (0, False)])
def test_lost_phones_are_noticed_where_the_count_knows_the_filter(
    base: Base, server: Server, others: int, noticed: bool
) -> None:
    base.sets[CONTACT_SET] = [*base.sets[CONTACT_SET], *({**contact(1, "x", 9), "Тип": "Адрес"} for _ in range(others))]
    leave_out(base, CONTACT_SET)
    if noticed:
        with pytest.raises(SourceBadAnswer, match=f"{CONTACT_SET} was not read whole: 2 rows of 3"):
            pull(server, page_size=2)
    else:
        assert len(texts(server, page_size=2)) == 2


def test_rows_deleted_meanwhile_are_no_loss(base: Base, server: Server) -> None:
    base.counts = True

    def delete_one(asked: Asked) -> None:
        if asked.path.endswith(CATALOG):
            base.sets[CATALOG] = base.sets[CATALOG][:2]

    base.before = delete_one
    assert len(pull(server)) == 2


def test_progress_knows_the_total_where_the_base_counts(base: Base, server: Server) -> None:
    base.counts = True
    told: list[tuple[str, int, int | None]] = []
    list(source(server, page_size=2).pull(lambda *step: told.append(step)))
    stages = [
        ("Контрагенты: phones", 2, 3),
        ("Контрагенты: phones", 3, 3),
        ("Контрагенты", 2, 3),
        ("Контрагенты", 3, 3),
    ]
    assert told == stages


def counts_asked(server: Server) -> list[str]:
    return [asked.path.split("/")[-2] for asked in server.asked if asked.path.endswith("$count")]


def test_a_base_that_does_not_count_is_read_without_a_total(server: Server) -> None:
    told: list[int | None] = []
    list(source(server).pull(lambda _stage, _done, total: told.append(total)))
    assert told == [None, None]
    assert counts_asked(server) == [KINDS, CONTACT_SET, CATALOG]


def test_after_a_failed_count_no_set_is_counted(base: Base, server: Server, caplog: pytest.LogCaptureFixture) -> None:
    base.before = lambda asked: Reply(status=500) if asked.path.endswith("$count") else None
    with caplog.at_level(logging.INFO):
        assert len(pull(server)) == 2
    assert counts_asked(server) == [KINDS]
    assert f"{KINDS}: cannot be counted, and no other set will be: 1C failed inside on {KINDS}" in caplog.text


@pytest.mark.parametrize("status", [404, 401])
def test_a_set_that_may_not_be_counted_keeps_no_other_from_it(base: Base, server: Server, status: int) -> None:
    base.counts = True
    refusal = odata_error(status, "20" if status == 401 else "8", "нет")
    base.before = lambda asked: refusal if KINDS in asked.path else None
    told: list[int | None] = []
    list(source(server).pull(lambda _stage, _done, total: told.append(total)))
    assert told == [3, 3]


@pytest.mark.parametrize("name", [KINDS, "Catalog_Партнеры"])
def test_lost_kinds_and_owners_are_noticed_too(base: Base, server: Server, name: str) -> None:
    base.sets[KINDS] = [*base.sets[KINDS], {"Ref_Key": GUID.format(9), "Description": "Рабочий"}]
    base.sets["Catalog_Партнеры"] = [owner(7, "Партнер"), owner(8, "Другой")]
    base.sets[CATALOG] = [owner(1, "Иванов", Owner_Key=GUID.format(7))]
    leave_out(base, name)
    with pytest.raises(SourceBadAnswer, match=f"{name} was not read whole: 1 row of 2"):
        pull(server, templates={"Контрагенты": "{owner}: {name}"}, owners={"Контрагенты": "Партнеры"})


@pytest.mark.parametrize("counts", [False, True])
def test_an_empty_first_page_is_asked_for_again_where_no_count_says_so(
    base: Base, server: Server, caplog: pytest.LogCaptureFixture, counts: bool
) -> None:
    base.counts = counts
    dropped = iter([as_json({"value": []})])
    page = f"{ROOT}/{CATALOG}"
    base.before = lambda asked: next(dropped, None) if asked.path == page and "$skip" in asked.options else None
    with caplog.at_level(logging.INFO):
        assert len(pull(server)) == 2
    reason = "0 rows of 3" if counts else "no row came, and no count says that it is empty"
    assert f"{CATALOG}: walk 1 of 3: {reason}; reading it again" in caplog.text


def test_nothing_is_asked_before_the_first_counterparty_is_wanted(server: Server) -> None:
    source(server).pull()
    assert server.asked == []
