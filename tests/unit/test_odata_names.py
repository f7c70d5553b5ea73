"""OData of other configurations: phones in the catalog's own fields, names in English."""

from collections.abc import Iterator
from typing import Any

import pytest

from astsync.config import SourceConfig
from astsync.errors import SourceError, SourceNotFound, SourceQueryError
from astsync.finding import Finding
from astsync.phonebook.model import Counterparty, Phone, PhoneParts
from astsync.phonebook.numbers.parser import NumberParser
from astsync.phonebook.numbers.phone_row import RowReader
from astsync.sandbox.onec import OneC
from astsync.sources.odata.proposals import open_publication, proposal
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from astsync.sources.onec.metadata_names import phone_like
from tests.configs import source_config
from tests.unit.stub_1c import CATALOG, GUID, QUICK, Base, owner, serving

pytestmark = pytest.mark.server

FIELD, SEARCH = "Телефон", "НомерТелефонаДляПоиска"
EN_CATALOG, EN_REGISTER = "Catalog_Counterparties", "InformationRegister_ContactInformation"


@pytest.fixture
def fields() -> Iterator[OneC]:
    """A base whose phones stand in a field of the catalog alone."""
    with OneC(60, 5, flavour="own-fields", user="") as onec:
        yield onec


@pytest.fixture
def unf() -> Iterator[OneC]:
    """A base with contact information, and a field of the catalog beside it."""
    with OneC(60, 5, flavour="unf", user="") as onec:
        yield onec


@pytest.fixture
def english() -> Iterator[OneC]:
    with OneC(60, 5, flavour="english", user="") as onec:
        yield onec


def config(url: str, **odata: Any) -> SourceConfig:
    return source_config(url=url, odata=ODataConfig(**odata), timeout=5)


def pull(url: str, **odata: Any) -> list[Counterparty]:
    return list(ODataSource(config(url, **odata), patience=QUICK).pull())


def check(url: str, **odata: Any) -> list[Finding]:
    return list(ODataSource(config(url, **odata), patience=QUICK).check())


def keys(found: list[Counterparty]) -> dict[str, set[str]]:
    reader = RowReader(NumberParser(country="RU"))
    return {one.ref: {key for phone in one.phones for key in reader.read(phone).keys} for one in found}


def wanted(onec: OneC) -> dict[str, set[str]]:
    records = [record for record in onec.records() if not (record.item.deleted or record.item.folder)]
    return {record.item.ref: set(record.numbers) for record in records}


# --- the catalog's own fields


def test_phones_are_read_from_the_catalogs_own_fields(fields: OneC) -> None:
    found = pull(fields.url, phone_fields=[FIELD])
    read, true = keys(found), wanted(fields)
    assert read.keys() == true.keys()
    assert all(true[ref] <= read[ref] for ref in true)
    assert {phone.kind for one in found for phone in one.phones} == {FIELD}


def test_own_fields_are_read_beside_the_contact_information(unf: OneC) -> None:
    found = pull(unf.url, phone_fields=[SEARCH])
    kinds = {phone.kind for one in found for phone in one.phones}
    assert {SEARCH, "Телефон", "Мобильный телефон"} <= kinds
    assert any([phone.kind for phone in one.phones][-1] == SEARCH for one in found if len(one.phones) > 1)
    assert SEARCH not in {phone.kind for one in pull(unf.url) for phone in one.phones}


def test_own_fields_are_kinds_to_choose_from(unf: OneC) -> None:
    found = pull(unf.url, phone_fields=[SEARCH], kinds=["Номер*поиска"])
    assert {phone.kind for one in found for phone in one.phones} == {SEARCH}


def test_a_catalog_without_contacts_is_told_its_own_fields(fields: OneC) -> None:
    with pytest.raises(SourceNotFound, match="Контрагенты holds no contact information") as caught:
        pull(fields.url)
    assert f'phone_fields = ["{FIELD}"]' in caught.value.hint


def test_a_field_that_no_catalog_has_is_told(unf: OneC) -> None:
    with pytest.raises(
        SourceQueryError, match=r"no catalog has the field Телефонн \(source.odata.phone_fields\)"
    ) as caught:
        pull(unf.url, phone_fields=["Телефонн"], catalogs=["Контрагенты", "КонтактныеЛица"])
    assert SEARCH in caught.value.hint
    (bad,) = [one for one in check(unf.url, phone_fields=["Телефонн"]) if one.good is False]
    assert (bad.part, bad.hint) == ("fields with phones", caught.value.hint)


def test_a_field_that_one_catalog_lacks_is_no_fault(unf: OneC) -> None:
    assert pull(unf.url, phone_fields=[SEARCH], catalogs=["Контрагенты", "КонтактныеЛица"])


def test_the_check_shows_own_fields(fields: OneC, unf: OneC) -> None:
    words = {one.part: one.words for one in check(fields.url, phone_fields=[FIELD])}
    assert words["phones of Контрагенты"] == f"they stand in the catalog itself, and in the fields {FIELD}"
    assert f"({FIELD})" in words["rows of Контрагенты"]
    beside = {one.part: one.words for one in check(unf.url, phone_fields=[SEARCH])}
    assert beside["phones of Контрагенты"].endswith(f"_КонтактнаяИнформация, and in the fields {SEARCH}")


@pytest.mark.parametrize("odd", [None, 5, True, ["8 495 555-01-01"], {"a": 1}, "x" * 100_000, "8 " * 40_000])
def test_odd_values_of_own_fields_stop_nothing(odd: object) -> None:
    base = Base(**{CATALOG: [owner(1, "МИКО", Телефон=odd), owner(2, "Вега", Телефон="8 495 555-01-01")]})
    with serving(base) as server:
        first, second = pull(f"{server.url}/trade", phone_fields=["Телефон"])
    assert second.phones == (Phone(("8 495 555-01-01",), "Телефон"),)
    assert all(len(phone.text) <= 2000 for phone in first.phones)


def test_setup_finds_own_fields_where_there_are_no_phones(fields: OneC, unf: OneC) -> None:
    with open_publication(config(fields.url)) as publication:
        assert publication.phone_fields(["Контрагенты"]) == (FIELD,)
    with open_publication(config(unf.url)) as publication:
        assert publication.phone_fields(["Контрагенты"]) == ()


def test_names_of_fields_that_look_like_phones() -> None:
    phones = [
        "НомерТелефонаДляПоиска",
        "Телефоны",
        "телефон2",
        "Тел",
        "МобТел",
        "MobilePhone",
        "PhoneNumber",
        "CellPhone",
    ]
    others = ["НомерАвтомобиля", "Отель", "ДатаРождения", "Headphones", "Cancelled", "ИНН", ""]
    assert phone_like([*phones, *others]) == phones


def test_kinds_that_cannot_be_read_are_no_catalog_without_contacts(unf: OneC) -> None:
    unf.service.composition.discard("Catalog_ВидыКонтактнойИнформации")
    with pytest.raises(SourceNotFound, match="ВидыКонтактнойИнформации"):
        pull(unf.url, phone_fields=[SEARCH], kinds=["Телефон"])


def test_own_fields_among_the_wanted_kinds_are_known_to_the_check(unf: OneC) -> None:
    found = check(unf.url, phone_fields=[SEARCH], kinds=[SEARCH, "Телефон"])
    assert [one for one in found if one.good is False] == []


# --- English


@pytest.mark.parametrize("contacts", ["auto", "section", "inside"])
def test_an_english_configuration_gives_the_same_phones(english: OneC, contacts: str) -> None:
    found = pull(english.url, catalogs=["Counterparties"], contacts=contacts, name_field="DescriptionFull")
    read, true = keys(found), wanted(english)
    assert all(true[ref] <= read[ref] for ref in true)
    assert {"Телефон", "Мобильный телефон"} <= {phone.kind for one in found for phone in one.phones}
    assert "Факс" not in {phone.kind for one in found for phone in one.phones}


def test_an_english_configuration_is_told_where_it_does_not_show_its_sets(english: OneC) -> None:
    english.fail("business", match="standard.odata/?$format=json")
    assert any(one.phones for one in pull(english.url, catalogs=["Counterparties"]))


def test_an_english_section_inside_is_found(english: OneC) -> None:
    english.service.composition.discard(f"{EN_CATALOG}_ContactInformation")
    found = pull(english.url, catalogs=["Counterparties"])
    assert any(one.phones for one in found)


def test_an_english_configuration_is_checked_and_proposed(english: OneC) -> None:
    words = {one.part: one.words for one in check(english.url, catalogs=["Counterparties"])}
    assert words["phones of Counterparties"] == f"they stand in the set {EN_CATALOG}_ContactInformation"
    with open_publication(config(english.url)) as publication:
        offers = publication.offers()
        assert [offer.name for offer in offers] == ["Counterparties", "Partners", "PartnersContactPersons"]
        assert all(offer.phones for offer in offers)
        assert proposal(offers) == ("Counterparties", "Partners")
        assert list(publication.name_fields("Counterparties")) == ["Description", "DescriptionFull"]
        assert any(one.phones for one in publication.first_counterparties(["Counterparties"]))


def test_owners_of_an_english_configuration(english: OneC) -> None:
    persons = "PartnersContactPersons"
    found = pull(english.url, catalogs=[persons], templates={persons: "{owner}: {name}"})
    assert sum(": " in one.name for one in found) > len(found) / 2


def entry(number: int, text: str, **more: Any) -> dict[str, Any]:
    keys = {
        "Object": GUID.format(number),
        "Object_Type": "StandardODATA.Catalog_Counterparties",
        "Type": "Phone",
        "Kind": "Work",
    }
    parts = {"Field1": "", "Field2": "", "Field3": "", "Comment": ""}
    return {**keys, **parts, "Kind_Type": "Edm.String", "Presentation": text, **more}


def test_an_english_register() -> None:
    rows = [entry(1, "229-30-42", Field1="7", Field2="495", Field3="2293042"), entry(2, "", Comment="8 916 555-01-01")]
    with serving(Base(**{EN_CATALOG: [owner(1, "MIKO"), owner(2, "Vega")], EN_REGISTER: rows})) as server:
        first, second = pull(f"{server.url}/trade", catalogs=["Counterparties"])
    assert first.phones == (Phone(("229-30-42",), "Work", parts=PhoneParts("7", "495", "2293042")),)
    assert second.phones == (Phone((), "Work", parts=PhoneParts(comment="8 916 555-01-01")),)
    assert keys([first, second]) == {first.ref: {"74952293042"}, second.ref: {"79165550101"}}


def test_a_missing_english_register_is_told() -> None:
    with (
        serving(Base(**{EN_CATALOG: [owner(1, "MIKO", MobilePhone="")]})) as server,
        pytest.raises(SourceError) as caught,
    ):
        pull(f"{server.url}/trade", catalogs=["Counterparties"])
    assert 'phone_fields = ["MobilePhone"]' in caught.value.hint
