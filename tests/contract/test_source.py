"""What every kind of source owes, whatever it reads: a whole list of counterparties, or a SourceError.

A kind joins by a rig: a running stand-in with known records, and the source that reads it. Today: OData over the
stand-in 1C, in each of its flavours.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from pydantic import SecretStr

from astsync.config import ODataConfig, SourceConfig
from astsync.demo.onec import OneC
from astsync.demo.onec.data import Record
from astsync.demo.onec.faults import Kind
from astsync.demo.onec.schema import FLAVOURS, SECTION
from astsync.errors import (
    SourceBadAnswer,
    SourceBusy,
    SourceError,
    SourceFailure,
    SourceLoginError,
    SourceNotFound,
    SourceQueryError,
    SourceRightsError,
    SourceUnreachable,
)
from astsync.phonebook.model import Counterparty
from astsync.phonebook.numbers import NumberParser
from astsync.sources import Source
from astsync.sources.odata import ODataSource
from astsync.sources.retrying import Patience

SECRET = "Пароль-1"
SIZE = 120


class Rig(Protocol):
    """A stand-in of what a kind reads."""

    def source(self, *, password: str = SECRET) -> Source:
        """Make a source that reads the stand-in."""
        ...

    def records(self) -> list[Record]:
        """Give what the source should find, marked for deletion included."""
        ...

    def rename(self, record: Record, name: str) -> None:
        """Rename a counterparty."""
        ...

    def delete(self, record: Record) -> None:
        """Mark a counterparty for deletion."""
        ...

    def stop(self) -> None:
        """Take the stand-in from the network."""
        ...


class ODataRig:
    """OData over a running stand-in 1C."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec

    def source(self, *, password: str = SECRET, page_size: int = 50, timeout: float = 5) -> ODataSource:
        odata = ODataConfig(page_size=page_size)
        login = SecretStr(password)
        config = SourceConfig(url=self.onec.url, user=self.onec.user, password=login, timeout=timeout, odata=odata)
        return ODataSource(config, patience=Patience(first=0, longest=0, deadline=1, sleep=lambda _seconds: None))

    def records(self) -> list[Record]:
        return self.onec.records()

    def rename(self, record: Record, name: str) -> None:
        self.onec.change(record.item.ref, name=name)

    def delete(self, record: Record) -> None:
        self.onec.change(record.item.ref, deleted=True)

    def stop(self) -> None:
        self.onec.stop()


@pytest.fixture
def odata() -> Iterator[ODataRig]:
    with OneC(SIZE, 3, password=SECRET) as onec:
        yield ODataRig(onec)


@pytest.fixture(params=sorted(FLAVOURS))
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    with OneC(SIZE, 3, flavour=request.param, password=SECRET, charset="windows-1251") as onec:
        yield ODataRig(onec)


def wanted(rig: Rig) -> dict[str, Record]:
    return {record.item.ref: record for record in rig.records() if not record.item.deleted}


def pulled(rig: Rig) -> dict[str, Counterparty]:
    found = list(rig.source().pull())
    assert len({one.ref for one in found}) == len(found)
    assert {one.ref for one in found} <= {record.item.ref for record in rig.records()}  # no folders
    return {one.ref: one for one in found}


def test_it_gives_every_counterparty_that_is_not_deleted(rig: Rig) -> None:
    assert {ref: one.name for ref, one in pulled(rig).items()} == {
        ref: record.item.name for ref, record in wanted(rig).items()
    }
    assert len(wanted(rig)) < len(rig.records())


def test_it_gives_the_phones_that_count_today(rig: Rig) -> None:
    parser = NumberParser(country="RU")
    found = pulled(rig)
    for ref, record in wanted(rig).items():
        keys = {key for phone in found[ref].phones for key in first_keys(parser, phone.texts)}
        past = [contact for contact in record.phones if contact.kind != "Телефон с историей"]
        assert {number for contact in past for number in contact.written.numbers} <= keys, record


def first_keys(parser: NumberParser, texts: tuple[str, ...]) -> tuple[str, ...]:
    return next((keys for text in texts if (keys := parser.parse(text).keys)), ())


def test_texts_and_kinds_are_what_the_source_wrote(rig: Rig) -> None:
    phones = [phone for one in pulled(rig).values() for phone in one.phones]
    assert len(phones) > SIZE / 2
    assert all(text.strip() for phone in phones for text in phone.texts)
    assert all(phone.texts for phone in phones)
    assert {"Телефон", "Мобильный телефон"} <= {phone.kind for phone in phones}
    assert "Факс" not in {phone.kind for phone in phones}


def test_it_sees_changes_at_the_next_pull(rig: Rig) -> None:
    source = rig.source()
    before = {one.ref: one for one in source.pull()}
    renamed, deleted = list(wanted(rig).values())[:2]
    rig.rename(renamed, "ООО Переименованное")
    rig.delete(deleted)
    after = {one.ref: one for one in source.pull()}
    assert after.pop(renamed.item.ref).name == "ООО Переименованное"
    assert before.keys() - after.keys() == {renamed.item.ref, deleted.item.ref}
    assert all(before[ref] == one for ref, one in after.items())


def test_its_description_is_one_line_without_secrets(rig: Rig) -> None:
    text = rig.source().describe()
    assert text.isprintable()
    assert SECRET not in text


def test_progress_never_runs_past_its_total(rig: Rig) -> None:
    steps: list[tuple[str, int, int | None]] = []
    list(rig.source().pull(lambda *step: steps.append(step)))
    assert steps
    assert all(stage and done >= 0 and (total is None or done <= total) for stage, done, total in steps)


def test_a_pull_that_is_abandoned_leaves_no_connection(rig: Rig) -> None:
    counterparties = rig.source().pull()
    next(counterparties)
    del counterparties
    assert len(pulled(rig)) == len(wanted(rig))


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (lambda rig: rig.source(password="другой"), SourceLoginError),
        (lambda rig: (rig.source(), rig.stop())[0], SourceUnreachable),
    ],
    ids=["login", "unreachable"],
)
def test_a_source_that_cannot_be_read_says_why(
    rig: Rig, broken: Callable[[Rig], Source], kind: type[SourceError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(kind) as caught:
        list(broken(rig).pull())
    error = caught.value
    assert error.exit_code == 4
    assert error.message.isprintable()
    assert error.hint
    assert not [
        text for text in (error.message, error.hint, repr(error), caplog.text) if SECRET in text or "другой" in text
    ]


# --- OData's own: every fault of the stand-in 1C, on the second page of the counterparties or of their phones

FAULTS: dict[Kind, type[SourceError]] = {
    "not_published": SourceNotFound,
    "maintenance": SourceBusy,
    "no_entity": SourceNotFound,
    "no_rights": SourceRightsError,
    "login_encoding": SourceLoginError,
    "no_session": SourceBusy,
    "versions": SourceBusy,
    "no_licence": SourceBusy,
    "no_licence_json": SourceBusy,
    "no_key": SourceBusy,
    "disk_full": SourceFailure,
    "business": SourceFailure,
    "login_page": SourceBadAnswer,
    "redirect": SourceBadAnswer,
    "no_value": SourceBadAnswer,
    "empty": SourceBadAnswer,
    "query_too_long": SourceQueryError,
    "bad_gateway": SourceFailure,
    "unavailable": SourceBusy,
    "gateway_timeout": SourceFailure,
    "cut_json": SourceBadAnswer,
    "cut_connection": SourceUnreachable,
    "reset": SourceUnreachable,
    "hang": SourceUnreachable,
}
PASSING: tuple[Kind, ...] = (
    "no_session",
    "versions",
    "no_licence",
    "no_licence_json",
    "bad_gateway",
    "unavailable",
    "gateway_timeout",
    "cut_json",
    "cut_connection",
    "reset",
)
PAGES = "/Catalog_Контрагенты?"


@pytest.mark.parametrize("match", [PAGES, f"{SECTION}?"], ids=["counterparties", "phones"])
@pytest.mark.parametrize(("fault", "kind"), FAULTS.items(), ids=FAULTS)
def test_no_fault_in_the_middle_passes_for_a_whole_list(
    odata: ODataRig, fault: Kind, kind: type[SourceError], match: str
) -> None:
    odata.onec.fail(fault, after=2, match=match)
    with pytest.raises(kind) as caught:
        list(odata.source(timeout=0.3).pull())
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize("fault", PASSING)
def test_passing_faults_pass(odata: ODataRig, fault: Kind) -> None:
    odata.onec.fail(fault, times=2, after=1, match=PAGES)
    assert len(pulled(odata)) == len(wanted(odata))


def test_pages_that_are_too_large_are_asked_for_in_halves(odata: ODataRig) -> None:
    odata.onec.fail("too_large", value=60, match=PAGES)
    assert len(list(odata.source(page_size=200).pull())) == len(wanted(odata))


@pytest.mark.parametrize("match", [PAGES, f"{SECTION}?"])
def test_short_pages_lose_nothing(odata: ODataRig, match: str) -> None:
    whole = list(odata.source().pull())
    odata.onec.fail("short_page", value=3, times=2, match=f"{match}$format=application/json;odata=nometadata&$select")
    assert list(odata.source().pull()) == whole
    odata.onec.fail("short_page", value=3, match=match)
    with pytest.raises(SourceBadAnswer, match="not read whole"):
        list(odata.source().pull())


def test_rows_hidden_by_rights_refuse_the_whole_list(odata: ODataRig) -> None:
    odata.onec.hide(odata.records()[0].item.ref)
    with pytest.raises(SourceRightsError):
        list(odata.source().pull())


def test_a_catalog_out_of_the_composition_is_named(odata: ODataRig) -> None:
    odata.onec.service.composition.discard("Catalog_Контрагенты")
    with pytest.raises(SourceNotFound, match="Контрагенты"):
        list(odata.source().pull())


def test_an_infobase_without_users_needs_no_login() -> None:
    with OneC(20, 3, user="", password="") as onec:
        rig = ODataRig(onec)
        assert len(pulled(rig)) == len(wanted(rig))
