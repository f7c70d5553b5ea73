"""``check`` of an OData source: each part told, each fault with its cure, what one catalog lacks apart from others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from astsync.finding import Finding
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.faults import FaultKind
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from astsync.text import one_line
from tests.configs import source_config
from tests.unit.stub_1c import QUICK

pytestmark = pytest.mark.server

PARTNERS, PERSONS = "Партнеры", "КонтактныеЛицаПартнеров"


@pytest.fixture
def ut() -> Iterator[OneC]:
    with OneC(60, 5) as onec:
        yield onec


def check(onec: OneC, *, password: str = "", **changes: Any) -> list[Finding]:
    odata = {key: changes.pop(key) for key in ODataConfig.model_fields if key in changes}
    login: dict[str, Any] = {"user": onec.user, "password": SecretStr(password or onec.password), "timeout": 5}
    changes["url"] = changes.get("url") or onec.url
    config = source_config(**{"odata": ODataConfig(**odata), **login, **changes})
    return list(ODataSource(config, patience=QUICK).check())


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.good is False]


def test_every_step_of_a_good_way(ut: OneC) -> None:
    found = check(ut)
    assert not bad(found)
    words = {finding.part: finding.words for finding in found}
    assert list(words) == [
        "address",
        "login",
        "published sets",
        "catalog Контрагенты",
        "phones of Контрагенты",
        "rows of Контрагенты",
        "kinds of contact",
    ]
    assert words["address"] == f"1C OData at {ut.url} answers; catalogs to read: Контрагенты"
    assert words["login"] == "1C accepts the login Администратор"
    assert words["catalog Контрагенты"] == "60 rows; fields asked for: Ref_Key, Description, DeletionMark, ИНН"
    assert words["phones of Контрагенты"] == "they stand in the set Catalog_Контрагенты_КонтактнаяИнформация"
    assert "Мобильный телефон" in words["kinds of contact"]


def test_three_counterparties_are_shown_with_their_phones() -> None:
    with OneC(60, 5, dirt=0, user="") as onec:
        rows = [finding.words for finding in check(onec) if finding.part == "rows of Контрагенты"]
        pulled = list(ODataSource(source_config(url=onec.url)).pull())
    assert len(rows) == 3
    texts = {one.name.strip(): one.phones[0].texts[0] for one in pulled if one.phones}
    assert all(row.partition(": ")[2].startswith(one_line(texts[row.partition(": ")[0]])) for row in rows)
    assert any("(Телефон)" in row for row in rows)


def test_a_check_asks_little(ut: OneC) -> None:
    check(ut)
    assert max(request.rows for request in ut.requests) <= 50
    assert not [request for request in ut.requests if request.set.startswith("$metadata")]


def test_templates_and_owners_are_shown(ut: OneC) -> None:
    found = check(ut, catalogs=[PERSONS], templates={PERSONS: "{owner}: {name}"})
    assert not bad(found)
    assert any(": " in finding.words.rpartition(": ")[0] for finding in found if finding.part == f"rows of {PERSONS}")


@pytest.mark.parametrize(
    ("flavour", "where"),
    [
        ("ut11-embedded", "inside the rows of the catalog (column КонтактнаяИнформация)"),
        ("ut103", "in the register InformationRegister_КонтактнаяИнформация"),
    ],
)
def test_other_places_of_phones(flavour: str, where: str) -> None:
    with OneC(60, 5, flavour=flavour, user="") as onec:
        found = check(onec)
    assert not bad(found)
    words = {finding.part: finding.words for finding in found}
    assert words["phones of Контрагенты"] == f"they stand {where}"
    assert words["login"] == "1C wants no login"
    assert not flavour.startswith("ut11") or "(Телефон)" in words["rows of Контрагенты"]


FAULTS: dict[FaultKind, tuple[str, str, str]] = {
    "not_published": ("catalog Контрагенты", "no OData interface", "Публиковать стандартный интерфейс OData"),
    "no_licence": ("licence and sessions", "no free licence", "free sessions"),
    "no_session": ("licence and sessions", "no free session", "poolSize"),
    "maintenance": ("licence and sessions", "no sessions now", "Maintenance"),
    "no_rights": ("catalog Контрагенты", "may not read", "RLS"),
    "login_page": ("published sets", "a page: Вход", "publication"),
    "reset": ("address", "broke before an answer", ""),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_everything(ut: OneC, fault: FaultKind) -> None:
    part, words, hint = FAULTS[fault]
    ut.fail(fault)
    first = bad(check(ut))[0]
    assert words in first.words
    assert hint in first.hint
    assert first.hint
    assert first.part in {part, "rows of Контрагенты", "phones of Контрагенты"}


def test_a_wrong_password_is_the_last_finding(ut: OneC) -> None:
    (found,) = check(ut, password="другой-пароль")
    assert (found.part, found.good) == ("login", False)
    assert "source.password" in found.hint
    assert "другой-пароль" not in repr(found)


def test_nobody_at_the_address(ut: OneC) -> None:
    url = ut.url
    ut.stop()
    (found,) = check(ut, url=url)
    assert (found.part, found.good) == ("address", False)
    assert found.hint


def test_a_password_file_that_is_missing(ut: OneC, tmp_path: Path) -> None:
    config = source_config(url=ut.url, user="x", password_file=tmp_path / "none")
    (found,) = ODataSource(config, patience=QUICK).check()
    assert (found.part, found.good) == ("configuration", False)
    assert found.hint


def test_a_language_at_the_end_of_the_address(ut: OneC) -> None:
    assert "ends in /ru_RU" in bad(check(ut, url=f"{ut.url}/ru_RU"))[0].hint


def test_nothing_published_has_a_cure(ut: OneC) -> None:
    ut.service.composition.clear()
    (found,) = check(ut)
    assert (found.part, found.good) == ("published sets", False)
    assert "nothing is published" in found.words
    assert "Администрирование" in found.hint
    assert "Настройка стандартного интерфейса OData" in found.hint
    assert "УстановитьСоставСтандартногоИнтерфейсаOData" in found.hint


def test_one_missing_catalog_does_not_hide_the_next_fault(ut: OneC) -> None:
    ut.service.composition.discard(f"Catalog_{PARTNERS}")
    found = check(ut, catalogs=[PARTNERS, "Контрагенты", PERSONS], filters={PERSONS: "ИНН eq ''"})
    assert [finding.part for finding in bad(found)] == [f"catalog {PARTNERS}", f"catalog {PERSONS}"]
    assert "УстановитьСоставСтандартногоИнтерфейсаOData" in bad(found)[0].hint
    assert "1C refuses the filter" in bad(found)[1].words
    assert [finding for finding in found if finding.part == "rows of Контрагенты"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"name_field": "Имя"}, "has no field Имя"),
        ({"templates": {"Контрагенты": "{Имя}"}}, "has no field Имя, which its template names"),
        ({"contacts": "register"}, "does not publish InformationRegister_КонтактнаяИнформация"),
        ({"kinds": ["Рабочий"]}, "no kind is called Рабочий; kinds: Мобильный телефон, Телефон"),
    ],
)
def test_faults_of_the_configuration(ut: OneC, settings: dict[str, Any], words: str) -> None:
    (found,) = bad(check(ut, **settings))
    assert words in found.words
    assert found.hint


def test_rows_hidden_by_rights(ut: OneC) -> None:
    ut.hide(*(record.item.ref for record in ut.records()[:5]))
    catalog = [finding for finding in check(ut) if finding.part == "catalog Контрагенты"]
    assert [finding.good for finding in catalog] == [False]
    assert "may not read" in catalog[0].words
    assert "RLS" in catalog[0].hint
    found = check(ut, allowed_only=True)
    assert not bad(found)
    (told,) = [finding for finding in found if finding.part == "rights"]
    assert (told.good, "looks like deletions" in told.words) == (None, True)


def test_an_empty_catalog_is_told(ut: OneC) -> None:
    found = check(ut, filter="ИНН eq 'нет'")
    (told,) = [finding for finding in found if finding.part == "rows of Контрагенты"]
    assert (told.good, told.words) == (None, "no counterparty among the first rows")
    assert told.hint
    assert max(request.rows for request in ut.requests) <= 50  # and no contacts of the whole base


def test_kinds_of_a_register_may_be_unknown_yet() -> None:
    with OneC(60, 5, flavour="ut103") as onec:
        found = check(onec, kinds=["Рабочий"])
    assert found[-1].good is None
    assert "no kind is called Рабочий" in found[-1].words


def test_without_the_catalog_of_kinds(ut: OneC) -> None:
    ut.service.composition.discard("Catalog_ВидыКонтактнойИнформации")
    assert check(ut)[-1] == Finding("kinds of contact", None, "the names of kinds cannot be read")
    (first, *_) = bad(check(ut, kinds=["Телефон"]))
    assert first.hint.startswith("source.odata.kinds chooses by these names.")


@pytest.mark.parametrize(
    ("flavour", "persons"), [("ut11", PERSONS), ("bp30", "КонтактныеЛица"), ("ut103", "КонтактныеЛицаКонтрагентов")]
)
def test_no_query_is_longer_than_iis_lets_through(flavour: str, persons: str) -> None:
    with OneC(60, 5, flavour=flavour, longest_query=2048) as onec:
        found = check(onec, catalogs=["Контрагенты", persons], templates={persons: "{owner}: {name}"})
        assert not bad(found)
        assert sum(finding.part.startswith("rows of ") for finding in found) == 6


def test_the_same_name_of_two_kinds_is_told_once() -> None:
    with OneC(60, 5, flavour="ut103") as onec:
        words = check(onec)[-1].words
    assert "Телефон, Телефон с историей" in words
    assert words.count("Телефон, ") == 1


def test_a_field_of_one_catalog_alone_is_a_matter_of_its_template(ut: OneC) -> None:
    (fault,) = bad(check(ut, catalogs=[PARTNERS, PERSONS], name_field="НаименованиеПолное"))
    assert fault.words == f"the catalog {PERSONS} has no field НаименованиеПолное"
    assert fault.hint.endswith('it there alone: "…" = "{НаименованиеПолное}" in source.odata.templates.')
    assert not bad(check(ut, catalogs=[PARTNERS, PERSONS], templates={PARTNERS: "{НаименованиеПолное}"}))
