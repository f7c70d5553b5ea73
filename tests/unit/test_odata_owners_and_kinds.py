"""OData over the stand-in 1C: owners in names, kinds, the register, filters, rights."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from astsync.errors import SourceBadAnswer, SourceError, SourceNotFound, SourceQueryError, SourceRightsError
from astsync.phonebook.model import Counterparty, Phone
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import NIL, Contact
from astsync.sandbox.onec.invented_phones import TypedText
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from tests.configs import source_config
from tests.unit.stub_1c import QUICK

pytestmark = pytest.mark.server

PARTNERS, PERSONS = "Партнеры", "КонтактныеЛицаПартнеров"
TEMPLATE = "{owner}: {name}"
KINDS_SET = "Catalog_ВидыКонтактнойИнформации"
SECTION_SET = "Catalog_Контрагенты_КонтактнаяИнформация"
REGISTER = "InformationRegister_КонтактнаяИнформация"


@pytest.fixture
def ut() -> Iterator[OneC]:
    with OneC(60, 5) as onec:
        yield onec


@pytest.fixture
def old() -> Iterator[OneC]:
    with OneC(60, 5, flavour="ut103") as onec:
        yield onec


@pytest.fixture
def bp() -> Iterator[OneC]:
    with OneC(60, 5, flavour="bp30") as onec:
        yield onec


def source(onec: OneC, **odata: Any) -> ODataSource:
    login = SecretStr(onec.password)
    config = source_config(url=onec.url, user=onec.user, password=login, odata=ODataConfig(**odata), timeout=5)
    return ODataSource(config, patience=QUICK, today=lambda: date(2026, 3, 1))


def pull(onec: OneC, **odata: Any) -> list[Counterparty]:
    return list(source(onec, **odata).pull())


def names(onec: OneC, **odata: Any) -> dict[str, str]:
    return {one.ref: one.name for one in pull(onec, **odata)}


def kinds_of(found: list[Counterparty]) -> set[str]:
    return {phone.kind for one in found for phone in one.phones}


def owned(onec: OneC, catalog: str, owners: str) -> dict[str, str]:
    """Give the names that the template should make of the persons of a catalog."""
    known = {r.item.ref: r.item.name.strip() for r in onec.records(owners) if not r.item.deleted}
    persons = [record.item for record in onec.records(catalog) if not record.item.deleted]
    return {
        item.ref: f"{known[item.owner]}: {item.name.strip()}" if known.get(item.owner) else item.name
        for item in persons
    }


# --- owners


@pytest.mark.parametrize(
    ("flavour", "catalog", "owners"),
    [
        ("ut11", PERSONS, PARTNERS),
        ("bp30", "КонтактныеЛица", "Контрагенты"),
        ("ut103", "КонтактныеЛицаКонтрагентов", "Контрагенты"),
    ],
)
def test_persons_carry_the_name_of_their_owner(flavour: str, catalog: str, owners: str) -> None:
    with OneC(90, 5, flavour=flavour) as onec:
        found = names(onec, catalogs=[catalog], templates={catalog: TEMPLATE})
        wanted = owned(onec, catalog, owners)
        assert found == wanted
        assert len([name for name in wanted.values() if ": " in name]) > len(wanted) / 2
        assert len([name for name in wanted.values() if ": " not in name]) > 1, "no owner, one marked, one gone"
        reads = {r.query.partition("$skip=")[2] for r in onec.asked(f"Catalog_{owners}?") if "$skip" in r.query}
        assert reads, "the owners are read page by page"


def test_an_owner_marked_for_deletion_or_gone_leaves_no_separator(ut: OneC) -> None:
    table = ut.table(PERSONS)
    persons = [index for index in table.indexes() if not table.item(index).deleted][:4]
    owners = [r.item.ref for r in ut.records(PARTNERS) if not r.item.deleted][:3]
    ut.change(owners[0], deleted=True, catalog=PARTNERS)
    ut.change(owners[1], name="  ", catalog=PARTNERS)
    ut.change(owners[2], name="Ромашка", catalog=PARTNERS)
    for index, owner in zip(persons, [*owners, NIL], strict=True):
        table.change(index, replace(table.item(index), name=f"Лицо {owner[:4]}", owner=owner))
    found = names(ut, catalogs=[PERSONS], templates={PERSONS: TEMPLATE})
    made = [found[table.ref(index)] for index in persons]
    assert made == [f"Лицо {owners[0][:4]}", f"Лицо {owners[1][:4]}", f"Ромашка: Лицо {owners[2][:4]}", "Лицо 0000"]


def test_owners_that_are_read_anyway_are_read_once(ut: OneC) -> None:
    found = pull(ut, catalogs=[PARTNERS, PERSONS], templates={f"Catalog_{PERSONS}": TEMPLATE})
    wanted = owned(ut, PERSONS, PARTNERS)
    assert {one.ref: one.name for one in found if one.catalog == PERSONS} == wanted
    assert len([r for r in ut.asked(f"Catalog_{PARTNERS}?") if "$skip=0" in r.query]) == 1


def test_owners_of_a_filtered_catalog_are_read_whole(ut: OneC) -> None:
    filters = {PARTNERS: "startswith(Description,'А')"}
    found = pull(ut, catalogs=[PARTNERS, PERSONS], templates={PERSONS: TEMPLATE}, filters=filters)
    assert {one.ref: one.name for one in found if one.catalog == PERSONS} == owned(ut, PERSONS, PARTNERS)


def test_without_a_template_no_owner_is_read(ut: OneC) -> None:
    pull(ut, catalogs=[PERSONS])
    assert ut.asked(f"Catalog_{PARTNERS}") == []


def test_a_template_takes_other_fields(ut: OneC) -> None:
    template = "{name} [{ИНН}] {{x}}"
    found = names(ut, templates={"Контрагенты": template})
    items = [record.item for record in ut.records() if not record.item.deleted]
    assert found == {
        item.ref: f"{item.name.strip()} [{item.inn}] {{x}}" if item.name.strip() else item.name for item in items
    }


def test_a_template_may_leave_the_name_out(ut: OneC) -> None:
    found = names(ut, catalogs=[PERSONS], templates={PERSONS: "{owner}"})
    assert set(found.values()) & {record.item.name.strip() for record in ut.records(PARTNERS)}


def test_a_placeholder_that_does_not_exist_is_named_with_those_that_do(ut: OneC) -> None:
    with pytest.raises(SourceQueryError, match="Контрагенты has no field ИННН, which its template names") as caught:
        pull(ut, templates={"Контрагенты": "{name} {ИННН}"})
    assert "{owner}, {name}, {Description}, {НаименованиеПолное}, " in caught.value.hint
    assert "{ИНН}" in caught.value.hint


def test_a_placeholder_must_hold_text(ut: OneC) -> None:
    with pytest.raises(SourceQueryError, match="no text in DeletionMark"):
        pull(ut, templates={"Контрагенты": "{name} {DeletionMark}"})


def test_a_catalog_without_owners_is_told(bp: OneC) -> None:
    with pytest.raises(SourceQueryError, match="Контрагенты has no owner"):
        pull(bp, templates={"Контрагенты": TEMPLATE})


def test_owners_that_are_not_published_are_an_error(ut: OneC) -> None:
    ut.service.composition.discard(f"Catalog_{PARTNERS}")
    with pytest.raises(SourceNotFound, match=f"owners of {PERSONS}") as caught:
        pull(ut, catalogs=[PERSONS], templates={PERSONS: TEMPLATE})
    assert "source.odata.owners" in caught.value.hint
    assert "tried: Контрагенты" in caught.value.hint


def test_owners_can_be_named(ut: OneC) -> None:
    settings: dict[str, Any] = {"catalogs": [PERSONS], "templates": {PERSONS: TEMPLATE}}
    assert names(ut, owners={PERSONS: f"Catalog_{PARTNERS}"}, **settings) == owned(ut, PERSONS, PARTNERS)
    assert not ut.asked("Ref_Key eq guid")
    with pytest.raises(SourceNotFound, match="Партнёры"):
        pull(ut, owners={PERSONS: "Партнёры"}, **settings)


def test_owners_of_an_unpublished_type_are_left_out_aloud(bp: OneC, caplog: pytest.LogCaptureFixture) -> None:
    bp.service.composition.discard("Catalog_Контрагенты")
    found = names(bp, catalogs=["КонтактныеЛица"], templates={"КонтактныеЛица": TEMPLATE})
    assert not [name for name in found.values() if ": " in name]
    assert caplog.text.count("owners of the type StandardODATA.Catalog_Контрагенты are left out") == 1


def test_owners_that_cannot_be_read_end_the_pull(ut: OneC) -> None:
    ut.fail("no_rights", after=2, match=f"Catalog_{PARTNERS}?")
    with pytest.raises(SourceRightsError):
        pull(ut, catalogs=[PERSONS], templates={PERSONS: TEMPLATE}, page_size=10)


# --- kinds of contact


def test_only_chosen_kinds_come_in_their_order(ut: OneC) -> None:
    found = pull(ut, kinds=["мобильный*", "Телефон"])
    assert kinds_of(found) == {"Мобильный телефон", "Телефон"}
    both = [one.phones for one in found if len(one.phones) == 2]
    assert both
    assert all([(p.kind, p.rank) for p in phones] == [("Мобильный телефон", 0), ("Телефон", 1)] for phones in both)


def test_the_first_kind_that_fits_ranks(ut: OneC) -> None:
    ranks = {(phone.kind, phone.rank) for one in pull(ut, kinds=["*телефон", "Телефон*"]) for phone in one.phones}
    assert {("Телефон", 0), ("Мобильный телефон", 0)} <= ranks <= {*ranks, ("Телефон с историей", 1)}


def test_a_kind_that_no_phone_has_is_told_with_those_seen(ut: OneC, caplog: pytest.LogCaptureFixture) -> None:
    assert kinds_of(pull(ut, kinds=["Телефон", "Рабочий", "Факс"])) == {"Телефон"}
    (told,) = [record.message for record in caplog.records if "source.odata.kinds" in record.message]
    assert "no phone has the kind Рабочий, Факс" in told
    assert "Мобильный телефон, Телефон" in told


@pytest.mark.parametrize("published", [True, False])
def test_kinds_cannot_be_chosen_without_their_names(ut: OneC, published: bool) -> None:
    if published:
        ut.fail("no_rights", match=KINDS_SET)
    else:
        ut.service.composition.discard(KINDS_SET)
    with pytest.raises(SourceError, match=r"ВидыКонтактнойИнформации") as caught:
        pull(ut, kinds=["Телефон"])
    assert caught.value.hint.startswith("source.odata.kinds chooses by these names.")
    assert kinds_of(pull(ut)) == {""}


# --- the register


def wanted_numbers(onec: OneC, catalog: str) -> dict[str, set[str]]:
    return {
        record.item.ref: {contact.text.strip() for contact in record.phones} - {""}
        for record in onec.records(catalog)
        if not record.item.deleted
    }


@pytest.mark.parametrize("catalog", ["Контрагенты", "КонтактныеЛицаКонтрагентов"])
@pytest.mark.parametrize("contacts", ["auto", "register"])
def test_the_register_gives_phones_of_one_catalog(old: OneC, catalog: str, contacts: str) -> None:
    found = pull(old, catalogs=[catalog], contacts=contacts, page_size=7)
    texts = {one.ref: {phone.text for phone in one.phones} for one in found}
    assert texts == wanted_numbers(old, catalog)
    assert "Телефон" in kinds_of(found) <= {"Телефон", "Мобильный телефон"}


def test_a_register_of_true_parts_holds_the_same_in_the_text(old: OneC) -> None:
    contact = Contact("Телефон", "Телефон", TypedText("8 495 555 01 01", ("74955550101",), "7", "495", "5550101"), True)
    table = old.table()
    index = next(index for index in table.indexes() if not table.item(index).folder and not table.item(index).deleted)
    table.change(index, table.item(index), (contact,))
    (found,) = [one for one in pull(old) if one.ref == table.ref(index)]
    assert found.phones == (Phone(("+7 (495) 5550101",), "Телефон"),)


def test_kinds_of_the_register_may_be_texts(old: OneC) -> None:
    record = next(record for record in old.records() if not record.item.deleted)
    old.change(record.item.ref, phones=["8 495 555-01-01", "8 495 555-01-02"])
    (found,) = [one for one in pull(old, kinds=["Телефон 2"]) if one.phones]
    assert [(phone.texts, phone.kind) for phone in found.phones] == [(("8 495 555-01-02",), "Телефон 2")]


def test_kinds_of_the_register_that_are_references_need_their_names(old: OneC) -> None:
    old.service.composition.discard(KINDS_SET)
    assert pull(old)
    with pytest.raises(SourceNotFound, match="ВидыКонтактнойИнформации"):
        pull(old, kinds=["Телефон"])


def test_a_register_that_is_not_published_is_told(old: OneC) -> None:
    old.service.composition.discard(REGISTER)
    with pytest.raises(SourceNotFound, match="Контрагенты holds no contact information") as caught:
        pull(old)
    assert "A register must be published." in caught.value.hint
    with pytest.raises(SourceNotFound, match=REGISTER):
        pull(old, contacts="register")


def test_where_1c_does_not_show_its_sets_the_register_is_tried(old: OneC) -> None:
    old.fail("business", match="standard.odata/?$format=json")
    assert [one for one in pull(old) if one.phones]
    old.service.composition.discard(REGISTER)
    with pytest.raises(SourceNotFound, match="Контрагенты holds no contact information"):
        pull(old)


@pytest.mark.parametrize(("contacts", "error"), [("section", SourceNotFound), ("inside", SourceNotFound)])
def test_a_place_that_is_named_is_not_searched(old: OneC, contacts: str, error: type[SourceError]) -> None:
    with pytest.raises(error):
        pull(old, contacts=contacts)
    assert not old.asked(REGISTER)


def test_contacts_can_be_read_inside_though_their_set_is_published(ut: OneC) -> None:
    inside, outside = pull(ut, contacts="inside"), pull(ut, contacts="section")
    assert inside == outside
    assert pull(ut) == outside


def test_contacts_that_their_set_loses_can_be_read_inside_as_the_cure_says(ut: OneC) -> None:
    everything = pull(ut)
    ut.fail("empty", match=f"{SECTION_SET}?", after=2)
    with pytest.raises(SourceBadAnswer, match=f"{SECTION_SET} was not read whole") as caught:
        pull(ut)
    assert 'contacts = "inside"' in caught.value.hint
    assert pull(ut, contacts="inside") == everything


# --- filters


def test_a_filter_chooses_counterparties_and_their_phones_are_no_news(
    ut: OneC, caplog: pytest.LogCaptureFixture
) -> None:
    some = next(r.item for r in ut.records() if not r.item.deleted and "&" not in r.item.name and r.phones)
    with caplog.at_level(logging.INFO):
        found = pull(ut, filter=f"ИНН eq '{some.inn}' or ИНН eq '+&#'")
    assert [one.ref for one in found] == [some.ref]
    assert "unknown owners" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_catalog_may_have_a_filter_of_its_own(ut: OneC) -> None:
    every = "startswith(Description,'zzz')"
    found = pull(ut, catalogs=["Контрагенты", PARTNERS], filter=every, filters={PARTNERS: "DeletionMark eq false"})
    assert {one.catalog for one in found} == {PARTNERS}
    assert len(found) == len([r for r in ut.records(PARTNERS) if not r.item.deleted])


@pytest.mark.parametrize(
    "text",
    ["ИННН eq ''", "ИНН equals ''", "tolower(ИНН) eq ''", "Ref_Key gt guid'00000000-0000-0000-0000-000000000001'"],
)
def test_a_filter_that_1c_refuses_is_shown_with_its_words(ut: OneC, text: str) -> None:
    with pytest.raises(SourceQueryError) as caught:
        pull(ut, filter=text)
    assert f"1C refuses the filter of Контрагенты ({text}): " in caught.value.message
    assert "HTTP " in caught.value.message
    assert "source.odata.filters" in caught.value.hint
    assert "НаименованиеПолное, ИНН, " in caught.value.hint


def test_a_filter_that_nothing_fits_gives_an_empty_list(ut: OneC) -> None:
    assert pull(ut, filter="ИНН eq 'нет такого'") == []


def test_a_filter_does_not_hide_a_wrong_name_field(ut: OneC) -> None:
    with pytest.raises(SourceQueryError, match="Контрагенты has no field Имя"):
        pull(ut, filter="DeletionMark eq false", name_field="Имя")


# --- rights


def test_allowed_only_leaves_out_what_rights_hide_and_warns(ut: OneC, caplog: pytest.LogCaptureFixture) -> None:
    whole = pull(ut)
    ut.hide(whole[0].ref, whole[5].ref)
    with pytest.raises(SourceRightsError):
        pull(ut)
    caplog.clear()
    assert pull(ut, allowed_only=True) == [one for one in whole if one.ref not in {whole[0].ref, whole[5].ref}]
    assert "looks like deletions" in caplog.text


def test_every_list_is_asked_with_allowed_only(ut: OneC) -> None:
    pull(ut, allowed_only=True, catalogs=[PERSONS], templates={PERSONS: TEMPLATE}, filter="DeletionMark eq false")
    lists = [request for request in ut.requests if request.set]
    assert lists
    assert all("allowedOnly=true" in request.query for request in lists)


# --- configuration


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{owner", "braces"),
        ("ООО", "placeholders"),
        ("{}", "no name of a field"),
        ("{name.x}", "no name of a field"),
        ("{name[0]}", "no name of a field"),
        ("{name!r}", "placeholders"),
        ("{name:>10}", "placeholders"),
        (" ", "empty"),
        ("{name}\n", "line breaks"),
    ],
)
def test_a_template_is_checked(template: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ODataConfig(templates={"Контрагенты": template})


@pytest.mark.parametrize("table", ["templates", "owners", "filters"])
def test_tables_name_catalogs(table: str) -> None:
    with pytest.raises(ValidationError, match=f"{table}: Партнеры is not among the catalogs"):
        ODataConfig.model_validate({table: {"Партнеры": "{name}"}})
    assert getattr(ODataConfig.model_validate({table: {"Catalog_Контрагенты": "{name}"}}), table)
