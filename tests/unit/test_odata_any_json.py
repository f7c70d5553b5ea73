"""Whatever JSON 1C answers: a whole list in texts that every later step can bear, or a SourceError that is one line."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astsync.errors import SourceError
from astsync.phonebook.model import Counterparty
from astsync.sources.formats.values import MAX_TEXT
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from astsync.sources.web.client import QueryOptions, WebClient
from tests.configs import source_config
from tests.unit.stub_1c import CATALOG, CONTACT_SET, GUID, QUICK, contact, owner

SECTION = "КонтактнаяИнформация"
TEXT = st.text(st.characters(codec=None, categories=None), max_size=12)  # halves of surrogate pairs too
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats()
    | TEXT
    | st.sampled_from(["9" * 5000, "1" * 3000, "x" * 3000, 10**4000, "{", "<a", '{"number": [1]}', "\ud800", "a\r\nb"])
)
ODD = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))
REFERENCE = st.sampled_from([GUID.format(number) for number in range(3)])
STRUCTURE = TEXT | st.dictionaries(st.sampled_from(["countryCode", "areaCode", "number"]), ODD).map(json.dumps)


def mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Choose the odd one time in ten: where the first answers are odd the others are not read."""
    return st.sampled_from([usual] * 9 + [odd]).flatmap(lambda chosen: chosen)


def row_of(usual: dict[str, Any], **better: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make rows like the usual one, in which some values may be odd and keys absent; or no rows at all."""
    keys = sorted(usual)
    like = st.builds(
        lambda change, without: {key: value for key, value in {**usual, **change}.items() if key not in without},
        st.fixed_dictionaries({key: mostly(better.get(key, st.just(usual[key])), ODD) for key in keys}),
        mostly(st.just(set()), st.sets(st.sampled_from(keys), max_size=1)),
    )
    return mostly(like, ODD)


CONTACT = row_of(
    contact(1, "+7 495 229-30-42", Значение="", ЗначенияПолей="", ДействуетС="0001-01-01T00:00:00"),
    Ref_Key=REFERENCE,
    Значение=STRUCTURE,
    ЗначенияПолей=STRUCTURE,
)
OWNER = row_of(
    owner(1, "МИКО", IsFolder=False, **{SECTION: []}), Ref_Key=REFERENCE, **{SECTION: st.lists(CONTACT, max_size=3)}
)
ROOT = {"value": [{"name": CATALOG}, {"url": CONTACT_SET}]}


def answer_of(row: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    rows = st.lists(row, max_size=4).map(lambda value: {"value": value})
    return mostly(rows, ODD | st.dictionaries(st.sampled_from(["odata.error", "value"]), ODD))


UNHARMED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]  # the fixture is emptied; machines are busy
ANSWERS = st.fixed_dictionaries(
    {
        CATALOG: answer_of(OWNER),
        CONTACT_SET: answer_of(CONTACT) | st.none(),
        "": mostly(st.just(ROOT), answer_of(ODD)),
    },
)
NAME_FIELDS = st.sampled_from(["Description"] * 5 + ["DeletionMark", SECTION])


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Answer requests without a network: by the set's name; nothing beyond the first page; null is "no such set"."""
    given_: dict[str, Any] = {}

    def ask_once(_client: object, path: str, options: QueryOptions, _where: str, **_: Any) -> bytes:
        value = given_.get(path)
        if value is None:
            value = {"odata.error": {"code": "8", "message": {"value": "no such\r\nset"}}}
        return json.dumps({"value": []} if int(options.get("$skip", 0)) else value).encode()

    monkeypatch.setattr(WebClient, "ask_once", ask_once)
    return given_


def source(**odata: Any) -> ODataSource:
    return ODataSource(source_config(url="http://1c.invalid/trade", odata=ODataConfig(**odata)), patience=QUICK)


def pull(name_field: str) -> list[Counterparty]:
    return list(source(name_field=name_field).pull())


def outcome(**odata: Any) -> list[Counterparty] | SourceError:
    try:
        return list(source(**odata).pull())
    except SourceError as error:
        return error


def texts_of(one: Counterparty) -> list[str]:
    return [one.ref, one.name, *(text for phone in one.phones for text in (*phone.texts, phone.kind))]


@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=UNHARMED)
@given(made=ANSWERS, name_field=NAME_FIELDS)
def test_odd_answers(answers: dict[str, Any], made: dict[str, Any], name_field: str) -> None:
    answers.clear()
    answers.update(made)
    assert_sound(outcome(name_field=name_field))


def assert_sound(found: list[Counterparty] | SourceError) -> None:
    if isinstance(found, SourceError):
        assert found.hint
        assert (found.message + found.hint).isprintable()
        return
    for text in (text for one in found for text in texts_of(one)):
        assert text.encode().decode() == text
        assert len(text) <= MAX_TEXT
    assert len({one.ref for one in found}) == len(found)


def test_the_answers_that_are_made_odd_are_good_ones(answers: dict[str, Any]) -> None:
    answers[""] = {"value": [{"name": CATALOG}, {"name": CONTACT_SET}]}
    answers[CATALOG] = {"value": [owner(1, "МИКО", IsFolder=False)]}
    answers[CONTACT_SET] = {"value": [contact(1, "+7 495 229-30-42", ЗначенияПолей="")]}
    assert [texts_of(one) for one in pull("Description")] == [[GUID.format(1), "МИКО", "+7 495 229-30-42", ""]]


REGISTER = f"InformationRegister_{SECTION}"
ENTRY = row_of(
    {
        "Объект": GUID.format(1),
        "Объект_Type": "StandardODATA.Catalog_Контрагенты",
        "Тип": "Телефон",
        "Вид": "Рабочий",
        "Вид_Type": "Edm.String",
        "Представление": "8 495 555-01-01",
        "Поле1": "7",
        "Поле2": "495",
        "Поле3": "5550101",
        "ДействуетС": "0001-01-01T00:00:00",
    },
    Объект=REFERENCE,
    Поле3=TEXT,
)
LINKED = row_of(
    owner(1, "МИКО", Owner=GUID.format(2), Owner_Type="StandardODATA.Catalog_Контрагенты", ИНН="00"),
    Ref_Key=REFERENCE,
    Owner=REFERENCE,
)
DEEPER = st.fixed_dictionaries(
    {
        CATALOG: answer_of(LINKED),
        REGISTER: answer_of(ENTRY),
        "Catalog_ВидыКонтактнойИнформации": answer_of(row_of(owner(900, "Рабочий"))) | st.none(),
        "": mostly(st.just({"value": [{"name": CATALOG}, {"name": REGISTER}]}), answer_of(ODD)),
    },
)
SETTINGS: dict[str, Any] = {
    "templates": {"Контрагенты": "{owner}: {name} {ИНН}"},
    "kinds": ("Раб*", "Мобильный"),
    "filter": "ИНН ne ''",
}


@pytest.mark.slow
@settings(max_examples=80, deadline=None, suppress_health_check=UNHARMED)
@given(made=DEEPER)
def test_odd_registers_and_owners(answers: dict[str, Any], made: dict[str, Any]) -> None:
    answers.clear()
    answers.update(made)
    assert_sound(outcome(**SETTINGS))


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=UNHARMED)
@given(made=ANSWERS | DEEPER)
def test_a_check_of_odd_answers_finds_faults_and_raises_none(answers: dict[str, Any], made: dict[str, Any]) -> None:
    answers.clear()
    answers.update(made)
    found = list(source(**SETTINGS).check()) + list(source().check())
    assert found
    assert all(finding.words and (finding.part + finding.words + finding.hint).isprintable() for finding in found)
    assert all(finding.hint for finding in found if finding.good is False)


def test_the_deeper_answers_that_are_made_odd_are_good_ones(answers: dict[str, Any]) -> None:
    owners = {"Owner": GUID.format(1), "Owner_Type": "StandardODATA.Catalog_Контрагенты", "ИНН": "00"}
    answers[""] = {"value": [{"name": CATALOG}, {"name": REGISTER}]}
    answers[CATALOG] = {"value": [owner(1, "МИКО", **owners)]}
    entry = {"Объект": GUID.format(1), "Объект_Type": "StandardODATA.Catalog_Контрагенты", "Тип": "Телефон"}
    answers[REGISTER] = {"value": [{**entry, "Вид": "Рабочий", "Вид_Type": "Edm.String", "Представление": "1"}]}
    (found,) = source(**SETTINGS).pull()
    assert texts_of(found) == [GUID.format(1), "МИКО: МИКО 00", "1", "Рабочий"]
