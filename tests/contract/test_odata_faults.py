"""What only OData owes: every fault of the stand-in 1C, on the second page of the counterparties or of their phones."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr

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
from astsync.sandbox.onec import OneC
from astsync.sandbox.onec.data import Record
from astsync.sandbox.onec.faults import FaultKind
from astsync.sandbox.onec.infobase import SECTION
from astsync.sources.odata.section import ODataConfig
from astsync.sources.odata.source import ODataSource
from tests.configs import source_config
from tests.contract.source_rigs import PATIENCE, SECRET
from tests.contract.test_source import pulled, wanted

SIZE = 120


class ODataRig:
    """OData over a running stand-in 1C."""

    def __init__(self, onec: OneC) -> None:
        self.onec = onec

    def source(self, *, password: str = SECRET, page_size: int = 50, timeout: float = 5) -> ODataSource:
        odata = ODataConfig(page_size=page_size)
        login = SecretStr(password)
        config = source_config(url=self.onec.url, user=self.onec.user, password=login, timeout=timeout, odata=odata)
        return ODataSource(config, patience=PATIENCE)

    def records(self) -> list[Record]:
        return self.onec.records()


@pytest.fixture
def odata() -> Iterator[ODataRig]:
    with OneC(SIZE, 3, password=SECRET) as onec:
        yield ODataRig(onec)


FAULTS: dict[FaultKind, type[SourceError]] = {
    "not_published": SourceNotFound,
    "maintenance": SourceBusy,
    "no_entity": SourceNotFound,
    "no_rights": SourceRightsError,
    "login_encoding": SourceLoginError,
    "no_session": SourceBusy,
    "versions": SourceBusy,
    "no_licence": SourceBusy,
    "no_licence_json": SourceBusy,
    "no_licence_xml": SourceBusy,
    "session_timeout": SourceBusy,
    "platform_page": SourceBusy,
    "bitness": SourceFailure,
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
PASSING: tuple[FaultKind, ...] = (
    "no_session",
    "versions",
    "no_licence",
    "no_licence_json",
    "no_licence_xml",
    "session_timeout",
    "platform_page",
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
    odata: ODataRig, fault: FaultKind, kind: type[SourceError], match: str
) -> None:
    odata.onec.fail(fault, after=2, match=match)
    with pytest.raises(kind) as caught:
        list(odata.source(timeout=0.3).pull())
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize("fault", PASSING)
def test_passing_faults_pass(odata: ODataRig, fault: FaultKind) -> None:
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
